"""When QTrade was not running, by the journals of the runs before. Pure; times are wall time."""

from __future__ import annotations

from collections.abc import Iterable

STOPPED, STARTED = "stopped", "started"  # kinds of connection events, at the last sign of life and at the next start
SHOWN_S = 12 * 3_600.0  # as far back as the time line goes

Gap = tuple[float, float]


def gaps(events: Iterable[tuple[float, str]], last_sign: float | None, started: float) -> tuple[Gap, ...]:
    """(from, to) of each, oldest first. `events` = (time, kind) of the runs before, oldest first; `last_sign` = the
    newest that any of them left, None = there was none; `started` = this run's beginning.
    """
    found: list[Gap] = []
    stopped: float | None = None
    for at, kind in events:
        if at >= started:  # of this run, by an engine before this one
            break
        if kind == STOPPED:
            stopped = at
        elif kind == STARTED and stopped is not None:
            found.append((stopped, at))
            stopped = None
    if last_sign is not None and last_sign < started:
        found.append((last_sign, started))
    return tuple(gap for gap in found if gap[0] < gap[1])


def untold(events: Iterable[tuple[float, str]], last_sign: float | None, started: float) -> Gap | None:
    """The one before this run, unless an engine of this run has written it down already; arguments as of `gaps`."""
    if last_sign is None or last_sign >= started:
        return None
    return None if any(kind == STARTED and at == started for at, kind in events) else (last_sign, started)
