"""Bars from trades: volume by the day's change, closing by the clock, baselines after a break."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bars.build import RESUME_S, BarBuilder, LateTrade, OpenBar

T0 = 1_762_354_800.0  # a full minute


def test_volume_is_the_change_of_the_days_volume_whatever_ticks_were_missed() -> None:
    builder = BarBuilder()
    builder.update(10.0, 1_000.0, T0 + 1)  # baseline
    builder.update(10.1, 1_200.0, T0 + 5)
    builder.update(10.0, 1_900.0, T0 + 50)
    bar = builder.close_due(T0 + 60)
    assert bar == OpenBar(T0, 10.1, 10.1, 10.0, 10.0, 900.0, False)


def test_a_bar_closes_on_the_clock_without_another_tick() -> None:
    builder = BarBuilder()
    builder.update(10.0, 1_000.0, T0)
    builder.update(10.1, 1_100.0, T0 + 1)
    assert builder.close_due(T0 + 59.9) is None
    assert builder.close_due(T0 + 60.0) is not None
    assert builder.bar is None
    assert builder.close_due(T0 + 61.0) is None


def test_the_next_trade_closes_the_bar_when_nobody_asked() -> None:
    builder = BarBuilder()
    builder.update(10.0, 0.0, T0)
    builder.update(10.1, 100.0, T0 + 1)
    closed = builder.update(10.2, 150.0, T0 + 61)
    assert closed is not None and closed.close == 10.1 and closed.volume == 100.0
    assert builder.bar == OpenBar(T0 + 60, 10.2, 10.2, 10.2, 10.2, 50.0, True)


def test_quotes_without_a_trade_make_no_bar() -> None:
    builder = BarBuilder()
    builder.update(10.0, 1_000.0, T0)
    builder.update(10.0, 1_000.0, T0 + 70, has_trade=False)
    assert builder.bar is None


def test_a_trade_at_the_same_price_makes_a_bar() -> None:
    builder = BarBuilder()
    builder.update(10.0, 1_000.0, T0)
    builder.update(10.0, 1_100.0, T0 + 70, has_trade=False)
    assert builder.bar == OpenBar(T0 + 60, 10.0, 10.0, 10.0, 10.0, 100.0, True)


def test_a_lower_day_volume_is_a_new_day_a_slightly_lower_one_a_correction() -> None:
    builder = BarBuilder()
    builder.update(10.0, 1_000_000.0, T0)
    builder.update(10.1, 300.0, T0 + 5)
    assert builder.bar is not None and builder.bar.volume == 300.0
    builder.update(10.1, 290.0, T0 + 6)
    assert builder.bar.volume == 300.0


def seen(until: float = 1.0) -> BarBuilder:
    """A minute that was seen from its start until `until` s, with 500 shares in it; then its line went."""
    builder = BarBuilder()
    builder.update(10.0, 1_000.0, T0)
    builder.update(10.1, 1_500.0, T0 + until)
    builder.extremes(10.5, 9.5)
    assert builder.interrupt() == 1_500.0
    return builder


def test_volume_between_two_visits_is_spread_evenly_and_minutes_between_are_gaps() -> None:
    builder = seen(30.0)
    closed = builder.close_due(T0 + 60)
    assert closed is not None and not closed.complete and closed.volume == 500.0
    builder.update(11.0, 4_500.0, T0 + 330)  # 3,000 in 300 s
    assert builder.late == LateTrade(T0, 300.0, price=10.1), "30 s of the first visit's minute"
    bar = builder.bar
    assert bar is not None and (bar.time, bar.volume, bar.unseen, bar.complete) == (T0 + 300, 300.0, 4, False)
    builder.update(11.1, 4_600.0, T0 + 340)
    assert bar.volume == 400.0
    builder.update(11.1, 4_700.0, T0 + 360)
    assert builder.bar is not None and builder.bar.complete


def test_a_visit_within_the_same_minute_goes_on() -> None:
    builder = seen(10.0)
    builder.update(10.2, 1_700.0, T0 + 40)
    assert builder.bar is not None and (builder.bar.time, builder.bar.volume) == (T0, 700.0)
    assert builder.late is None and not builder.bar.complete


def test_a_visit_waits_for_the_days_volume_before_it_counts() -> None:
    builder = seen(30.0)
    builder.close_due(T0 + 60)
    builder.update(11.0, None, T0 + 90)
    assert builder.bar is None
    builder.update(None, 2_100.0, T0 + 90)
    assert builder.bar is not None and (builder.bar.close, builder.bar.volume) == (11.0, 300.0)


@pytest.mark.parametrize("at, volume", [(RESUME_S + 60, 9_000.0), (300, 1_500.0), (300, 20.0)])
def test_after_a_long_break_a_new_day_or_no_trade_the_first_update_is_a_baseline(at: float, volume: float) -> None:
    builder = seen()
    builder.close_due(T0 + 60)
    builder.update(11.0, volume, T0 + at)
    assert builder.bar is None and builder.late is None
    builder.update(11.1, volume + 100.0, T0 + at + 10)
    assert builder.bar is not None and builder.bar.volume == 100.0 and not builder.bar.complete


def test_a_new_high_of_the_day_between_two_visits_belongs_to_the_time_between() -> None:
    builder = seen(30.0)
    builder.close_due(T0 + 60)
    builder.update(10.3, 1_800.0, T0 + 150)
    builder.extremes(11.5, 9.5)
    assert builder.late is not None and (builder.late.high, builder.late.low) == (11.5, None)
    assert builder.bar is not None and builder.bar.high == 10.3


def test_a_new_high_at_which_the_price_still_stands_belongs_to_the_running_minute() -> None:
    builder = seen(30.0)
    builder.close_due(T0 + 60)
    builder.update(11.4, 1_800.0, T0 + 150)
    builder.extremes(11.5, 9.5)
    assert builder.late is not None and builder.late.high is None
    assert builder.bar is not None and builder.bar.high == 11.5


def test_volume_unknown_at_first_stays_unknown_until_it_counts() -> None:
    builder = BarBuilder()
    builder.update(10.0, None, T0)
    builder.update(10.1, None, T0 + 1)
    assert builder.bar is not None and builder.bar.volume is None
    builder.update(10.1, 5_000.0, T0 + 2)
    builder.update(10.1, 5_100.0, T0 + 3)
    assert builder.bar.volume == 100.0 and not builder.bar.complete


def test_a_new_high_of_the_day_between_two_updates_belongs_to_the_bar() -> None:
    builder = BarBuilder()
    builder.update(10.0, 0.0, T0)
    builder.extremes(10.5, 9.5)
    builder.update(10.4, 100.0, T0 + 60)
    builder.extremes(10.6, 9.5)
    assert builder.bar is not None and (builder.bar.high, builder.bar.low) == (10.6, 10.4)


@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.floats(0.01, 1e5)),
            st.one_of(st.none(), st.floats(0, 1e9)),
            st.floats(0, 600),
            st.booleans(),
        ),
        max_size=60,
    )
)
def test_any_stream_gives_whole_bars(updates: list[tuple[float | None, float | None, float, bool]]) -> None:
    builder = BarBuilder()
    now = T0
    for price, volume, step, trade in updates:
        now += step
        closed = [builder.close_due(now), builder.update(price, volume, now, trade)]
        for bar in (*closed, builder.bar):
            if bar is not None:
                assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
                assert bar.time % 60 == 0 and bar.time <= now
                assert bar.volume is None or bar.volume >= 0


def test_a_young_line_counts_its_volume_from_the_moment_it_began():
    builder = BarBuilder()
    builder.update(10.0, 1_000.0, 640.0)  # the baseline, 40 s into the minute
    builder.update(10.1, 1_300.0, 645.0)
    assert builder.bar is not None
    assert (builder.bar.time, builder.bar.volume, builder.bar.seen_from) == (600.0, 300.0, 640.0)
    builder.adopt(OpenBar(600.0, 9.9, 10.2, 9.8, 10.1, 2_500.0, True))
    assert (builder.bar.volume, builder.bar.seen_from) == (2_500.0, 600.0), "history tells the minute from its start"
    builder.update(10.2, 1_400.0, 661.0)
    assert builder.bar.seen_from == 660.0, "the next minute is seen whole"


def test_a_visits_pace_is_its_own_and_only_for_a_minute() -> None:
    builder = seen(30.0)
    builder.close_due(T0 + 60)
    assert builder.visit_pace(T0 + 90) is None, "no visit yet"
    builder.update(10.2, 1_800.0, T0 + 120)
    builder.update(10.3, 1_840.0, T0 + 122)
    assert builder.visit_pace(T0 + 122) is None, "two seconds tell nothing"
    builder.update(10.3, 1_900.0, T0 + 130)
    assert builder.visit_pace(T0 + 130) == 600.0
    assert builder.visit_pace(T0 + 181) is None, "by now the running minute knows better"


def test_a_long_break_counts_as_minutes_that_nobody_saw() -> None:
    builder = seen(30.0)
    builder.close_due(T0 + 60)
    builder.update(11.0, 90_000.0, T0 + RESUME_S + 600)
    assert builder.bar is None and builder.unseen == (RESUME_S + 600) // 60 - 1
    builder.update(11.1, 90_100.0, T0 + RESUME_S + 610)
    assert builder.bar is not None and builder.bar.unseen == (RESUME_S + 600) // 60 - 1


def test_another_unit_of_the_days_volume_is_a_new_baseline_not_a_new_day() -> None:
    builder = BarBuilder()
    builder.update(10.0, 100_000.0, 60.0)
    builder.update(10.1, 100_500.0, 61.0)
    assert builder.bar is not None and builder.bar.volume == 500.0
    builder.forget_volume()
    builder.update(10.2, 40_300.0, 62.0)
    builder.update(10.2, 40_340.0, 63.0)
    assert builder.bar.volume == 40.0 and not builder.bar.complete


def test_the_last_60_s_are_known_from_what_visits_counted() -> None:
    """Two visits: 6,000 shares came in the 40 s between them, spread evenly, and 500 since."""
    builder = BarBuilder()
    builder.update(50.0, 10_000.0, T0)
    builder.update(50.0, 11_000.0, T0 + 10)
    assert builder.counted_60s(T0 + 10) is None, "seen for 10 s"
    builder.interrupt()
    assert builder.counted_60s(T0 + 30) is None, "no line: nothing is known of now"
    builder.update(50.0, 17_000.0, T0 + 50)
    builder.update(50.0, 17_500.0, T0 + 60)
    assert builder.counted_60s(T0 + 60) == 7_500.0
    assert builder.counted_60s(T0 + 90) == pytest.approx(500.0 + 6_000.0 * 20 / 40), "since T0 + 30"
    builder.interrupt()
    builder.update(50.0, 20_000.0, T0 + 1_000)
    assert builder.counted_60s(T0 + 1_000) is None, "what was counted before is too old"


def test_a_new_days_volume_starts_the_count_anew() -> None:
    builder = BarBuilder()
    builder.update(50.0, 900_000.0, T0)
    builder.update(50.0, 910_000.0, T0 + 70)
    assert builder.counted_60s(T0 + 70) is not None
    builder.update(50.0, 300.0, T0 + 80)
    assert builder.counted_60s(T0 + 90) is None
    builder.update(50.0, 400.0, T0 + 145)
    builder.forget_volume()
    assert builder.counted_60s(T0 + 146) is None
