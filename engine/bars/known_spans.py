"""Stretches of market time whose bars are known: of a symbol that is visited each two minutes there are many. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence

MAX_SPANS = 64  # two hours of visits two minutes apart
GAP_S = 5.0  # a shorter one is none


class KnownSpans:
    """Pairs (from, to) in order, the newest 64 of them; 16 bytes each."""

    __slots__ = ("_ends",)

    def __init__(self, spans: Iterable[Sequence[float]] = ()) -> None:
        self._ends = array("d", (end for span in spans for end in span))  # from, to, from, to ...

    def __len__(self) -> int:
        return len(self._ends) // 2

    def __iter__(self) -> Iterator[tuple[float, float]]:
        return zip(self._ends[::2], self._ends[1::2], strict=True)

    @property
    def newest(self) -> float:
        """Up to when the newest span reaches; there has to be one."""
        return self._ends[-1]

    def begin(self, at: float) -> None:
        """A line ticks from here on."""
        if not self._ends or at > self._ends[-1]:
            self._ends.extend((at, at))
            del self._ends[: -2 * MAX_SPANS]

    def reach(self, at: float) -> None:
        """The newest span goes on to here."""
        if at > self._ends[-1]:
            self._ends[-1] = at

    def cover(self, start: float, end: float) -> None:
        """This is known, too: joined with what it touches."""
        joined: list[list[float]] = []
        for begins, ends in sorted([*self, (start, end)]):
            if joined and begins <= joined[-1][1] + GAP_S:
                joined[-1][1] = max(joined[-1][1], ends)
            else:
                joined.append([begins, ends])
        self._ends = KnownSpans(joined[-MAX_SPANS:])._ends

    def first_gap(self, since: float) -> float | None:
        """Where the first gap that begins at `since` or later begins; None = there is none."""
        ends = self._ends
        for place in range(1, len(ends) - 1, 2):
            if ends[place] >= since and ends[place + 1] - ends[place] > GAP_S:
                return ends[place]
        return None
