"""How today's values of each rule lie over the universe: the histograms behind the sliders. Pure.

Rules of bars, volume and distance are read at each closed minute of today of every symbol, floors once a symbol, the
score once a signal. A threshold that limits no value (an average's length, a time) has no histogram.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.bars.indicators import Floats
from engine.config import BreakoutParams
from engine.lab.features import Features
from engine.lab.judge import levels_at
from engine.lab.summary import Judged
from engine.state.lab_sections import Histogram

MOST_STEPS = 48  # of a histogram: some 8 pixels each


class Histograms:
    """Those of one stack: what no threshold moves is counted once, the distance once for each level asked for."""

    def __init__(self, features: Features) -> None:
        self._features = features
        self._still: dict[tuple[bool, bool], tuple[Histogram, ...]] = {}
        self._distance: tuple[object, Histogram] | None = None

    def of(self, params: BreakoutParams, judged: Sequence[Judged]) -> tuple[Histogram, ...]:
        """The histograms under these thresholds, whose signals of today are `judged`."""
        sides = params.longs, params.shorts
        if sides not in self._still:
            self._still = {sides: self._fixed(params)}
        key = (*sides, params.bars_n, params.atr_length, params.opening_range_min)
        if self._distance is None or self._distance[0] != key:
            self._distance = key, count("buffer_atr", self._distances(params))
        scores = np.array([each.signal.score for each in judged])
        return (*self._still[sides], self._distance[1], count("top_score", scores))

    def _fixed(self, params: BreakoutParams) -> tuple[Histogram, ...]:
        stack = self._features.stack
        looks = (slice(None), slice(stack.start, None))
        seen = stack.judged[looks]
        last = [tape.bars.close[-1] for tape in stack.tapes]
        return (
            count("bars_n", self._reaches(params)),
            count("volume_surge", stack.surge[looks][seen]),
            count("rel_volume", stack.rel[looks][seen]),
            count("price_floor_usd", np.array(last)),
            count("avg_volume_floor", stack.average_volume[:, 0]),
        )

    def _reaches(self, params: BreakoutParams) -> Floats:
        """Per minute the greatest N whose last N bars of the session the close is beyond, on the better side; one more
        than a threshold can ask for stands for all above."""
        most = int(_bounds("bars_n")[1])
        stack = self._features.stack
        best = np.zeros(stack.time.shape, dtype=np.int64)
        for wanted, edge, sign in ((params.longs, stack.high, 1.0), (params.shorts, stack.low, -1.0)):
            if not wanted:
                continue
            begun = stack.judged & (stack.mine >= 1)
            begun[:, 1:] &= sign * stack.close[:, 1:] > sign * edge[:, :-1]
            rows, columns = np.nonzero(begun)
            best[rows, columns] = np.maximum(best[rows, columns], 1)
            for back in range(2, most + 2):  # who is not beyond the last few bars is not beyond more of them
                room = columns >= back
                rows, columns = rows[room], columns[room]
                beyond = sign * stack.close[rows, columns] > sign * edge[rows, columns - back]
                beyond &= stack.mine[rows, columns] >= back
                rows, columns = rows[beyond], columns[beyond]
                best[rows, columns] = np.maximum(best[rows, columns], back)
        return best[stack.judged].astype(np.float64)

    def _distances(self, params: BreakoutParams) -> Floats:
        """Per minute how far the close is beyond its level in ATR, on the better side; NaN = no level yet."""
        stack = self._features.stack
        looks = (slice(None), slice(stack.start, None))
        atr = self._features.atr(params.atr_length)[looks]
        best = np.full(atr.shape, np.nan)
        with np.errstate(invalid="ignore", divide="ignore"):
            for wanted, sign in ((params.longs, 1.0), (params.shorts, -1.0)):
                if wanted:
                    price, ranged, opened = levels_at(self._features, sign, params)
                    best = np.fmax(best, (price - np.fmin(ranged, opened)) / atr)
        return best[stack.judged[looks]]


def _bounds(name: str) -> tuple[float, float, float]:
    """(least, greatest, step) of a threshold, as its control has them."""
    info = BreakoutParams.model_fields[name]
    low = next(each.ge for each in info.metadata if hasattr(each, "ge"))
    high = next(each.le for each in info.metadata if hasattr(each, "le"))
    extra = info.json_schema_extra
    assert isinstance(extra, dict)
    return float(low), float(high), float(str(extra["step"]))


def steps_of(name: str) -> int:
    """How many steps a histogram has: as many as a slider's places, or the greatest even part that is not above 48."""
    low, high, step = _bounds(name)
    places = round((high - low) / step)
    return next(count for count in range(min(places, MOST_STEPS), 0, -1) if places % count == 0)


def count(name: str, values: Floats) -> Histogram:
    """How the known values lie on the scale of a threshold."""
    low, high, _ = _bounds(name)
    known = values[np.isfinite(values)]
    inside = known[(known >= low) & (known <= high)]
    number = steps_of(name)
    place = np.minimum(((inside - low) * (number / (high - low)) + 1e-9).astype(np.int64), number - 1)
    counts = np.bincount(place, minlength=number)
    return Histogram(name, tuple(counts.tolist()), int((known < low).sum()), int((known > high).sum()))
