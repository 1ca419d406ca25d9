"""What the journal keeps, as values. Times: `_wall` this machine, `_market` the gateway's clock, UTC epoch seconds."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from engine.domain import Fill


class PnlRow(Struct, frozen=True):
    """One point of the P&L curve. All three None = no data then: a gap that stays a gap.

    Only `realized` given = a reset: the P&L of the day began anew, and the curve is cut.
    """

    t: float  # wall
    m: float  # market
    unrealized: float | None
    realized: float | None
    daily: float | None
    mode: str
    account: str


class SettingChange(Struct, frozen=True):
    """One changed setting. `id` comes from `Journal.next_change_id`; old and new are plain JSON values."""

    id: int
    at_wall: float
    at_market: float
    who: str
    key: str
    old: Any
    new: Any
    reverted: bool = False


class ConnectionEvent(Struct, frozen=True):
    """One thing that happened to the connection: connected, lost, refused, 1100, 2103 ..."""

    at_wall: float
    at_market: float
    kind: str
    text: str
    code: int | None = None


class SignalOutcome(Struct, frozen=True):
    """What became of a signal at one horizon, in its ATR, positive = towards its side. `set_name` "" = in force."""

    set_name: str
    signal_id: str
    signal_at: float  # market time
    horizon_min: int
    best: float
    worst: float
    move: float


class FillRow(Struct, frozen=True):
    """One execution as recorded. `superseded_by`: the id of its correction, None = in force."""

    fill: Fill
    superseded_by: str | None = None
    source: str = "api"
