"""The scoreboard: what signals came to, in all and by hour, scan, score and side, with honest counts.

Made in slices, since thousands of signals are kept; what never changes of a signal is worked out once.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np

from engine.bars.indicators import Floats
from engine.clock import NEW_YORK
from engine.outcomes.book import Scored
from engine.outcomes.figures import figures_of, hour_name, score_bucket
from engine.outcomes.outcome import COLUMNS, Outcome
from engine.state.score_sections import ScoreGroup

NO_SCAN = "no scan"
CHUNK = 100  # signals between two yields: a millisecond where all of them are new
Key = tuple[str, str]  # kind and name of a group


class Boards(NamedTuple):
    """All signals together, then the groups of each kind in the order of their names; a signal of two scans counts
    in both of them. `sessions` = days with a signal."""

    today: tuple[ScoreGroup, ...]
    days: tuple[ScoreGroup, ...]
    sessions: int


class _Placed(NamedTuple):
    after: tuple[Outcome | None, ...]
    moves: tuple[float, ...]
    day: str
    keys: tuple[Key, ...]


class Scoreboard:
    """Engine thread only. Remembers the groups of the signals of the last time, and of those alone."""

    def __init__(self) -> None:
        self._known: dict[str, _Placed] = {}

    def slices(self, scored: Sequence[Scored], today: str) -> Generator[None, None, Boards]:
        """The boards of these signals, oldest first; `today` as `day_name` writes it. Yields between slices."""
        known: dict[str, _Placed] = {}
        rows = np.empty((len(scored), COLUMNS))
        of_today: dict[Key, list[int]] = {}
        of_days: dict[Key, list[int]] = {}
        for number, each in enumerate(scored):
            if number % CHUNK == CHUNK - 1:
                yield
            placed = known[each.signal.id] = self._placed(each)
            rows[number] = placed.moves
            for key in placed.keys:
                of_days.setdefault(key, []).append(number)
                if placed.day == today:
                    of_today.setdefault(key, []).append(number)
        yield
        self._known = known
        sessions = len({placed.day for placed in known.values()})
        return Boards((yield from _groups(rows, of_today)), (yield from _groups(rows, of_days)), sessions)

    def _placed(self, each: Scored) -> _Placed:
        old = self._known.get(each.signal.id)
        if old is None:
            return _Placed(each.after, each.moves, day_name(each.signal.at), _keys(each))
        return old if old.after is each.after else old._replace(after=each.after, moves=each.moves)


def moves_of(scored: Sequence[Scored]) -> Generator[None, None, Floats]:
    """A row a signal for `figures_of`; yields between slices."""
    rows = np.empty((len(scored), COLUMNS))
    for number, each in enumerate(scored):
        if number % CHUNK == CHUNK - 1:
            yield
        rows[number] = each.moves
    return rows


def day_name(at_market: float) -> str:
    """ "2025-11-05": the date of New York."""
    return f"{datetime.fromtimestamp(at_market, NEW_YORK):%Y-%m-%d}"


def _groups(rows: Floats, members: Mapping[Key, list[int]]) -> Generator[None, None, tuple[ScoreGroup, ...]]:
    groups = []
    for kind, name in sorted(members):
        groups.append(ScoreGroup(kind, name, figures_of(rows[members[kind, name]])))
        yield
    return tuple(groups)


def _keys(each: Scored) -> tuple[Key, ...]:
    signal = each.signal
    scans = tuple(("scan", scan) for scan in signal.scans or (NO_SCAN,))
    hour, score = hour_name(signal.at), score_bucket(signal.score)
    return ("all", "All"), ("hour", hour), ("score", score), ("side", signal.side), *scans
