"""Tenths of the score and Spearman's rank correlation, against values worked out by hand and by pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.outcomes.deciles import buckets_of, rank_of, spearman

SCORES = st.lists(st.integers(5_000, 9_999).map(lambda n: n / 10_000.0), min_size=0, max_size=300)


def test_spearman_by_hand() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    assert spearman(values, values**3) == pytest.approx(1.0)
    assert spearman(values, -values) == pytest.approx(-1.0)
    assert spearman(values, np.array([2.0, 1.0, 4.0, 3.0, 5.0])) == pytest.approx(0.8)  # 1 - 6 x 4 / (5 x 24)
    assert spearman(values, np.ones(5)) is None
    assert spearman(values[:1], values[:1]) is None


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=2, max_size=60))
def test_spearman_is_that_of_pandas(pairs: list[tuple[int, int]]) -> None:
    one, other = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    ranks = pd.DataFrame({"one": one, "other": other}).rank()
    found = spearman(one, other)
    if ranks["one"].std() == 0 or ranks["other"].std() == 0:
        assert found is None
    else:
        assert found == pytest.approx(ranks["one"].corr(ranks["other"]), abs=1e-9)


def test_what_is_not_known_does_not_count() -> None:
    found = rank_of(np.array([0.5, 0.6, 0.7, 0.8]), np.array([1.0, np.nan, 2.0, 3.0]))
    assert (found.signals, found.spearman) == (3, 1.0)
    assert rank_of(np.array([0.5]), np.array([np.nan])).spearman is None


@given(SCORES)
def test_each_score_is_in_one_bucket_lower_scores_in_lower_ones_equal_ones_together(scores: list[float]) -> None:
    bucket, names = buckets_of(np.array(scores))
    assert len(bucket) == len(scores)
    assert len(names) <= max(1, min(10, len(scores) // 10)) and len(set(names)) == len(names)
    told = [round(score, 3) for score in scores]
    assert {bucket[n] for n in range(len(scores))} == set(range(len(names)))
    for (one, mine), (other, theirs) in zip(
        sorted(zip(told, bucket, strict=True))[:-1], sorted(zip(told, bucket, strict=True))[1:], strict=True
    ):
        assert mine == theirs if one == other else mine <= theirs


def test_a_hundred_different_scores_make_tenths() -> None:
    bucket, names = buckets_of(np.arange(500, 600) / 1_000.0)
    assert np.bincount(bucket).tolist() == [10] * 10
    assert (names[0], names[-1]) == ("0.500 to 0.509", "0.590 to 0.599")
