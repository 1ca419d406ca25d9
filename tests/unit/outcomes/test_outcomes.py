"""MFE, MAE and moves against values worked out by hand."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.bars.series import BarArrays
from engine.outcomes.outcome import Outcome, outcomes

AT = 1_381_152_600.0


def bars_of(*rows: tuple[float, float, float], start: float = AT) -> BarArrays:
    """Consecutive minutes of (high, low, close)."""
    high, low, close = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
    time = start + 60.0 * np.arange(len(rows))
    return BarArrays(time, close, high, low, close, np.ones(len(rows)))


def test_a_long_signal_by_hand():
    rows = [(101, 99, 100.5), (102, 100, 101), (101.5, 100, 100.2), (100.5, 98.5, 99), (99.5, 98.8, 99.25)]
    five, *later = outcomes(bars_of(*rows), AT, 100.0, 0.5, "long")
    assert five == Outcome(4.0, -3.0, -1.5)
    assert later == [None, None, None], "the bars end before 15 minutes"


def test_the_short_side_is_the_mirror():
    rows = [(101, 99, 100.5), (102, 100, 101), (101.5, 100, 100.2), (100.5, 98.5, 99), (99.5, 98.8, 99.25)]
    assert outcomes(bars_of(*rows), AT, 100.0, 0.5, "short")[0] == Outcome(3.0, -4.0, 1.5)


def test_the_minute_of_the_signal_itself_does_not_count():
    rows = [(150, 50, 100)] + [(101, 99.5, 100.5)] * 5
    assert outcomes(bars_of(*rows, start=AT - 60.0), AT, 100.0, 1.0, "long")[0] == Outcome(1.0, -0.5, 0.5)


def test_missing_minutes_leave_the_last_known_close():
    bars = bars_of(*[(101, 99, 100 + n / 10) for n in range(20)])
    kept = np.array([0, 1, 2, 19])
    gappy = BarArrays(*(column[kept] for column in bars))
    five, fifteen, thirty, _ = outcomes(gappy, AT, 100.0, 1.0, "long")
    assert five is not None and round(five.move, 6) == 0.2
    assert fifteen is not None and round(fifteen.move, 6) == 0.2
    assert thirty is None


def test_without_atr_or_bars_nothing_is_known():
    assert outcomes(bars_of((1, 1, 1)), AT, 1.0, 0.0, "long") == (None,) * 4
    empty = BarArrays(*(np.empty(0) for _ in range(6)))
    assert outcomes(empty, AT, 1.0, 1.0, "long") == (None,) * 4


@given(
    st.lists(st.tuples(st.integers(1, 1_000), st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=80),
    st.sampled_from(["long", "short"]),
)
def test_the_move_lies_between_worst_and_best_and_longer_horizons_only_widen(rows, side):
    bars = bars_of(*[(close + up, close - down, close) for close, up, down in rows])
    known = [each for each in outcomes(bars, AT, 500.0, 2.0, side) if each is not None]
    for each in known:
        assert each.worst <= 0 <= each.best and each.worst <= each.move <= each.best
    for shorter, longer in zip(known, known[1:], strict=False):
        assert longer.best >= shorter.best and longer.worst <= shorter.worst
