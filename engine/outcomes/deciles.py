"""Does the score rank? Signals in tenths of their score at signal, and the rank correlation with what became of them.

Pure. Only signals of the present formula count: scores of a former one are another scale.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.bars.indicators import Floats
from engine.domain import Signal
from engine.state.score_sections import ScoreRank

MOST_BUCKETS = 10
FEWEST = 10  # signals of a bucket, below which nothing is judged
DIGITS = 3  # of the scores that the buckets are told by


def is_comparable(signal: Signal) -> bool:
    """Whether its score is of the formula in use: that one says of each part how much it can be."""
    return any(part.most > 0 for part in signal.parts)


def buckets_of(scores: Floats) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """The bucket of each score, from the lowest on, and the buckets' names: tenths, fewer of few signals.

    Equal scores are never parted, so that buckets need not be of one size.
    """
    if not len(scores):
        return np.empty(0, dtype=np.int64), ()
    told = np.round(scores, DIGITS)
    count = min(MOST_BUCKETS, max(1, len(told) // FEWEST))
    ordered = np.sort(told)
    cuts = np.unique([ordered[len(told) * n // count] for n in range(1, count)])
    places = np.searchsorted(cuts, told, side="right")
    used, bucket = np.unique(places, return_inverse=True)
    names = []
    for number in range(len(used)):
        mine = told[bucket == number]
        names.append(f"{mine.min():.{DIGITS}f} to {mine.max():.{DIGITS}f}")
    return bucket.astype(np.int64), tuple(names)


def rank_of(scores: Floats, moves: Floats) -> ScoreRank:
    """Spearman's rank correlation of scores with 30-min moves; NaN moves are not known and don't count."""
    known = np.isfinite(moves)
    found = spearman(scores[known], moves[known])
    return ScoreRank(int(known.sum()), None if found is None else round(found, 3))


def spearman(one: Floats, other: Floats) -> float | None:
    """-1 to 1, equal values share their ranks; None = too few, or one of both is all the same."""
    if len(one) < 2:
        return None
    a, b = _ranks(one), _ranks(other)
    a, b = a - a.mean(), b - b.mean()
    size = math.sqrt(float(a @ a) * float(b @ b))
    return float(a @ b) / size if size > 0 else None


def _ranks(values: Floats | Sequence[float]) -> Floats:
    """From 1; equal values have the mean of their places."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks: Floats = (ends - (counts - 1) / 2.0)[group]
    return ranks
