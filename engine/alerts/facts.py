"""What is known at one moment, as rules look at it: the published sections, and the few figures beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct

from engine.domain import Signal
from engine.state.desk_sections import HoldingFacts
from engine.state.sections import AccountFigures, PositionRow


class Price(NamedTuple):
    """A symbol's price at this look. `low` and `high` since the look before, so that no tick between two is missed.

    `minute` = the price at the end of a minute that is over since then, None = none is. `margin`: so far back it is
    clear of a level again.
    """

    last: float
    low: float
    high: float
    minute: float | None = None
    margin: float = 0.02


class Now(NamedTuple):
    """One moment on the three clocks; `mono` counts dwell and cool-down."""

    mono: float
    wall: float
    market: float


class Facts(Struct, frozen=True):
    """None = not known now, which neither raises nor clears anything.

    `figures`: by account, "" = all together. `rows` = tradable positions of all accounts; None while the broker has
    not sent all of them. `signals` = those that run. `refused` = con_ids whose wish for a line was refused. `lists`
    = con_ids of each list by its uid, of QTrade's own by their names. `ends` = when what is held expires, by
    con_id. `symbols` names contracts. `dead_channels`: name -> why. `link_excused` = IB's own reset is why there is
    no connection.
    """

    is_connected: bool = False
    link_excused: bool = False
    feed_dead: bool | None = None
    figures: Mapping[str, AccountFigures] | None = None
    rows: tuple[PositionRow, ...] | None = None
    refused: frozenset[int] = frozenset()
    prices: Mapping[int, Price] = {}
    signals: tuple[Signal, ...] | None = None
    lists: Mapping[int | str, frozenset[int]] = {}
    symbols: Mapping[int, str] = {}
    ends: Mapping[int, HoldingFacts] | None = None
    disk_free_gb: float | None = None
    dead_channels: Mapping[str, str] = {}
