"""Two sets of thresholds over the same time: what both found, and what only one of them did. Pure."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Generator, Iterable
from typing import NamedTuple

from engine.domain import Side
from engine.outcomes.book import Scored

SAME_S = 300.0  # two signals of one symbol and side within five minutes are the same breakout
CHUNK = 500  # signals between two yields: below a millisecond


class Compared(NamedTuple):
    """What both sets found, and what only one of them did, oldest first."""

    both: int
    only_live: tuple[Scored, ...]
    only_shadow: tuple[Scored, ...]


def compare(live: Iterable[Scored], shadow: Iterable[Scored]) -> Generator[None, None, Compared]:
    """Signals of both sets from the same moment on, oldest first, matched by symbol, side and time; each once.

    The work grows with the number of signals alone; yields between slices.
    """
    waiting: dict[tuple[int, Side], deque[Scored]] = defaultdict(deque)
    for count, each in enumerate(shadow):
        if count % CHUNK == CHUNK - 1:
            yield
        waiting[each.signal.con_id, each.signal.side].append(each)
    both, only_live, only_shadow = 0, [], []
    for count, each in enumerate(live):
        if count % CHUNK == CHUNK - 1:
            yield
        twins, at = waiting[each.signal.con_id, each.signal.side], each.signal.at
        while twins and twins[0].signal.at < at - SAME_S:
            only_shadow.append(twins.popleft())
        if twins and twins[0].signal.at <= at + SAME_S:
            twins.popleft()
            both += 1
        else:
            only_live.append(each)
    yield
    only_shadow.extend(each for twins in waiting.values() for each in twins)
    only_shadow.sort(key=lambda each: each.signal.at)
    return Compared(both, tuple(only_live), tuple(only_shadow))
