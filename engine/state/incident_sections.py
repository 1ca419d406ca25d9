"""What is published of the black box: figures of each cause and symbol, and the newest incidents."""

from __future__ import annotations

from msgspec import Struct

from engine.domain import Incident
from engine.state.sections import Section


class CauseFigures(Struct, frozen=True):
    """One cause, or one symbol of it. Seconds to recover of those whose end was seen; None = of none yet.

    `days`: (New York date of the gateway's clock, how many began then), the newest first.
    """

    cause: str
    title: str
    con_id: int | None
    symbol: str
    count: int
    is_open: bool
    median_s: float | None
    last_s: float | None
    longest_s: float | None
    days: tuple[tuple[str, int], ...]


class IncidentsSection(Section, frozen=True, kw_only=True):
    """`figures`: each cause followed by its symbols. `newest`: the newest first, 200."""

    figures: tuple[CauseFigures, ...]
    newest: tuple[Incident, ...]


INCIDENT_SECTIONS: dict[str, type[Section]] = {"incidents": IncidentsSection}
