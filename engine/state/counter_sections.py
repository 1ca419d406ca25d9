"""What the rooms have counted since the engine began, for who watches the program from outside (`/metrics`).

Counts only rise while an engine runs; another engine (a restart, another gateway) begins at nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from engine.state.sections import Section


class Tally(Struct, frozen=True):
    """How often something of a kind happened. `kind` = a priority, a cause, a channel ...; `also` tells it further."""

    kind: str
    count: int
    also: str = ""


class Spread(Struct, frozen=True):
    """How durations lie: `counts` up to each of `bounds_s`, and one more for longer ones. `sum_s` of all."""

    bounds_s: tuple[float, ...]
    counts: tuple[int, ...]
    sum_s: float


class CountersSection(Section, frozen=True, kw_only=True):
    """`round_trip_s` = from the newest question for TWS' time to its decoded answer; None = none was answered yet.

    Bytes: of the state's folder, and of the journals with their logs; None = not looked at yet, or there is none.
    """

    loop_late: Spread
    messages: int = 0  # decoded, of all connections
    undecodable: int = 0
    sent: int = 0
    round_trip_s: float | None = None
    connections: int = 0
    ends: tuple[Tally, ...] = ()  # of connections, by cause
    failed_tries: tuple[Tally, ...] = ()  # to connect, by cause
    ticks: int = 0  # updates of lines that are ours
    late_ticks: int = 0  # of others
    opened: tuple[Tally, ...] = ()  # lines, by class
    evicted: tuple[Tally, ...] = ()
    released: tuple[Tally, ...] = ()
    refused: tuple[Tally, ...] = ()  # by IB's code, "no line" = of the budget, "no data"
    cycles: int = 0  # of the BreakoutScanner
    cycles_s: float = 0.0
    runs: tuple[Tally, ...] = ()  # of the lab, by how they ended
    previews: int = 0
    previews_s: float = 0.0
    raised: tuple[Tally, ...] = ()  # alerts, by severity
    messages_out: tuple[Tally, ...] = ()  # of alerts, by channel; `also` = accepted, failed ...
    state_bytes: int | None = None
    journal_bytes: int | None = None


def tallies(counts: Iterable[tuple[str, int]]) -> tuple[Tally, ...]:
    """Of (kind, count), in the order of the kinds."""
    return tuple(Tally(kind, count) for kind, count in sorted(counts))


COUNTER_SECTIONS: dict[str, type[Section]] = {"counters": CountersSection}
