"""The scoreboard: what signals came to, in all and by hour, scan, score and side, with honest counts.

Made in slices, since thousands of signals are kept; what never changes of a signal is worked out once.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.bars.indicators import Floats
from engine.clock import NEW_YORK
from engine.outcomes.book import Scored
from engine.outcomes.deciles import buckets_of, is_comparable, rank_of
from engine.outcomes.figures import THIRTY, figures_of, hour_name
from engine.outcomes.outcome import COLUMNS, Outcome
from engine.state.score_sections import ScoreGroup, ScoreRank

NO_SCAN = "no scan"
CHUNK = 100  # signals between two yields: a millisecond where all of them are new
Key = tuple[str, str]  # kind and name of a group
Bools = NDArray[np.bool_]
_MOVE = 3 * THIRTY + 2  # column of the move after 30 min


class Boards(NamedTuple):
    """All signals together, then the groups of each kind in the order of their names; a signal of two scans counts
    in both of them. Groups of the score hold signals of the present formula whose 30-min move is known.
    `sessions` = days with a signal."""

    today: tuple[ScoreGroup, ...]
    days: tuple[ScoreGroup, ...]
    sessions: int
    rank_today: ScoreRank
    rank_days: ScoreRank


class _Placed(NamedTuple):
    after: tuple[Outcome | None, ...]
    moves: tuple[float, ...]
    day: str
    keys: tuple[Key, ...]
    score: float  # NaN = of a former formula


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
        days_of, scores = [], np.empty(len(scored))
        for number, each in enumerate(scored):
            if number % CHUNK == CHUNK - 1:
                yield
            placed = known[each.signal.id] = self._placed(each)
            rows[number], scores[number] = placed.moves, placed.score
            days_of.append(placed.day == today)
            for key in placed.keys:
                of_days.setdefault(key, []).append(number)
                if placed.day == today:
                    of_today.setdefault(key, []).append(number)
        yield
        self._known = known
        sessions = len({placed.day for placed in known.values()})
        is_today = np.array(days_of, dtype=np.bool_)
        rank_today = _rank(scores, rows[:, _MOVE], is_today, of_today)
        yield
        rank_days = _rank(scores, rows[:, _MOVE], np.ones_like(is_today), of_days)
        yield
        today_groups, days_groups = (yield from _groups(rows, of_today)), (yield from _groups(rows, of_days))
        return Boards(today_groups, days_groups, sessions, rank_today, rank_days)

    def _placed(self, each: Scored) -> _Placed:
        old = self._known.get(each.signal.id)
        if old is None:
            score = each.signal.score if is_comparable(each.signal) else math.nan
            return _Placed(each.after, each.moves, day_name(each.signal.at), _keys(each), score)
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


def _rank(scores: Floats, moves: Floats, chosen: Bools, members: dict[Key, list[int]]) -> ScoreRank:
    """The rank correlation of the chosen signals; their groups by score are added to `members`."""
    numbers = np.flatnonzero(chosen & np.isfinite(scores) & np.isfinite(moves))
    buckets, names = buckets_of(scores[numbers])
    for bucket, name in enumerate(names):
        members["score", name] = numbers[buckets == bucket].tolist()
    return rank_of(scores[numbers], moves[numbers])


def _groups(rows: Floats, members: Mapping[Key, list[int]]) -> Generator[None, None, tuple[ScoreGroup, ...]]:
    groups = []
    for kind, name in sorted(members):
        groups.append(ScoreGroup(kind, name, figures_of(rows[members[kind, name]])))
        yield
    return tuple(groups)


def _keys(each: Scored) -> tuple[Key, ...]:
    signal = each.signal
    scans = tuple(("scan", scan) for scan in signal.scans or (NO_SCAN,))
    return ("all", "All"), ("hour", hour_name(signal.at)), ("side", signal.side), *scans
