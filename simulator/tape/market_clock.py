"""The clock of the recorded TWS: what time it would have said at any moment of the recording."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

WHOLE_SECONDS = 2.5  # what answers in whole seconds, and their way, may differ by from a steady clock
APART_S = 20.0  # answers that are nearer to each other tell no rate


class TapeMarketClock:
    """`answers` are (seconds of the recording, epoch seconds that TWS said), whole seconds, cut off.

    A steady clock stays steady: it gets the offset under which no answer was early. One that was set, or ran at another
    pace (a simulated market), is followed from answer to answer. Without an answer `began` (epoch) is the start.
    """

    def __init__(self, answers: Sequence[tuple[float, int]], began: float) -> None:
        self._rate = 1.0
        self._at: list[tuple[float, float]] = [(0.0, began)]
        if not answers:
            return
        first, last = answers[0], answers[-1]
        elapsed = last[0] - first[0]
        if elapsed > APART_S:
            rate = (last[1] - first[1]) / elapsed
            self._rate = 1.0 if abs(rate - 1.0) * elapsed <= WHOLE_SECONDS else max(rate, 0.0)
        offsets = [said - self._rate * t for t, said in answers]
        if max(offsets) - min(offsets) <= WHOLE_SECONDS * max(1.0, self._rate):
            self._at = [(0.0, max(offsets))]
            return
        self._at = [(first[0], float(first[1]))]
        for t, said in answers[1:]:
            expected = self.now(t)
            if t - self._at[-1][0] >= APART_S or abs(said - expected) > WHOLE_SECONDS * max(1.0, self._rate):
                self._at.append((t, float(said)))

    def now(self, t: float) -> float:
        """Market time, epoch seconds, at `t` of the recording."""
        index = bisect_right(self._at, (t, float("inf"))) - 1
        start, said = self._at[max(index, 0)]
        if 0 <= index < len(self._at) - 1:
            end, later = self._at[index + 1]
            pace = (later - said) / (end - start) if end > start else self._rate
            if 0.0 <= pace <= 2.0 * max(1.0, self._rate):
                return said + (t - start) * pace
        return said + (t - start) * self._rate
