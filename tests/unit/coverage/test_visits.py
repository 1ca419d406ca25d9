"""Breakouts found on visits: judged at each quote, held until decided, checked against the broker's own bars."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from engine.bars.build import bar_start
from engine.config import BreakoutParams
from engine.domain import Bar
from engine.scanners.breakout import VISIT_LASTS_S
from tests.unit.scanners.scanner_samples import TEN, Street, flat_history, stock

ACME = stock(7, "ACME")
LEVEL = 100.0
PER_SECOND = 10_000.0 / 60.0


def street() -> Street:
    made = Street(TEN + 3_600.0, BreakoutParams(opening_range_min=0))
    made.warm(ACME, flat_history(LEVEL, made.now, minutes=90))
    made.desk._jobs.clear()  # answered by `warm`
    return made


def step(made: Street, *, seen: bool, price: float, volume: float) -> None:
    """One second of the market; the symbol trades, and is looked at only while `seen`."""
    made.clock.advance(1.0)
    made.step({ACME.con_id} if seen else set())
    if seen:
        made.tick(ACME, price, volume, lane="visited")
    else:
        made.volumes[ACME.con_id] = made.volumes.get(ACME.con_id, 1_000_000.0) + volume
    if made.coordinator.cycle_due():
        for _ in made.coordinator.cycle():
            pass


def rounds(made: Street, seconds: int, price: Callable[[int], float], surge: float = 1.0) -> None:
    """Visits of 6 s, one in each 30; who confirms stays under the eye."""
    for second in range(seconds):
        seen = second % 30 < 6 or made.coordinator.breakout.detector.tracker.is_confirming(ACME.con_id)
        step(made, seen=seen, price=round(price(second), 4), volume=PER_SECOND * surge)


def calm(second: int) -> float:
    return 99.88 + 0.02 * (second % 3)


def broken_out(second: int) -> float:
    return 100.3 + 0.001 * second


def test_a_breakout_is_found_on_a_visit_confirmed_and_says_that_it_was_visited() -> None:
    made = street()
    rounds(made, 300, calm)
    assert made.signals == []
    rounds(made, 60, broken_out, surge=4.0)
    (signal,) = made.signals
    assert signal.lane == "visited" and signal.side == "long"
    assert 9.0 <= signal.at - signal.triggered_at <= 12.0


def test_a_breakout_without_volume_is_none_on_a_visit_either() -> None:
    made = street()
    rounds(made, 300, calm)
    rounds(made, 60, broken_out, surge=0.8)
    assert made.signals == []
    assert made.cover.distances[ACME.con_id] < 0.0, "but it is worth another visit soon"


def test_what_a_visit_found_stays_until_the_next_ones_should_have_come() -> None:
    made = street()
    rounds(made, 90, calm)
    verdict = made.coordinator.breakout.verdicts[ACME.con_id]
    assert verdict.state == "candidate"
    for _ in range(int(VISIT_LASTS_S) + 30):
        step(made, seen=False, price=99.9, volume=PER_SECOND)
    assert ACME.con_id not in made.coordinator.breakout.verdicts


def test_the_distance_is_told_at_each_visit() -> None:
    made = street()
    rounds(made, 30, calm)
    distance = made.cover.distances.pop(ACME.con_id)
    assert distance is not None and 0.0 < distance < 3.0
    rounds(made, 1, calm)
    assert ACME.con_id in made.cover.distances


def test_while_it_confirms_its_history_is_asked_for() -> None:
    made = street()
    rounds(made, 300, calm)
    assert made.desk.waiting == 0
    rounds(made, 8, broken_out, surge=4.0)
    assert made.coordinator.breakout.detector.tracker.is_confirming(ACME.con_id)
    assert (ACME.con_id, "repair") in made.desk._jobs


def confirming() -> Street:
    made = street()
    rounds(made, 300, calm)
    rounds(made, 8, broken_out, surge=4.0)
    assert made.coordinator.breakout.detector.tracker.is_confirming(ACME.con_id)
    return made


def history(made: Street, high: float) -> None:
    """The broker's own bars of the last half hour, with a high that no visit saw ten minutes ago."""
    end = bar_start(made.now)
    bars = flat_history(LEVEL, end, minutes=30)
    bars[-10] = msgspec.structs.replace(bars[-10], high=high)
    made.store.merge_history(ACME.con_id, bars, made.now)
    made.coordinator.on_history(ACME.con_id)


def test_history_drops_a_breakout_of_a_level_that_was_none() -> None:
    made = confirming()
    history(made, high=103.0)
    assert not made.coordinator.breakout.detector.tracker.is_confirming(ACME.con_id)
    rounds(made, 60, broken_out, surge=4.0)
    assert made.signals == []


def test_history_corrects_the_level_of_a_breakout_that_holds() -> None:
    made = confirming()
    history(made, high=100.17)
    assert made.coordinator.breakout.detector.tracker.is_confirming(ACME.con_id)
    for _ in range(12):
        step(made, seen=True, price=100.32, volume=4 * PER_SECOND)
    (signal,) = made.signals
    assert signal.level == pytest.approx(100.17)


def test_gaps_of_visited_symbols_are_not_repaired_one_by_one() -> None:
    made = street()
    rounds(made, 120, calm)
    assert not any(kind == "repair" for _, kind in made.desk._jobs)


def test_bars_of_visits_are_marked_as_sampled() -> None:
    made = street()
    start = made.now
    rounds(made, 200, calm)
    sampled: list[Bar] = [bar for bar in made.store.bars(ACME.con_id) if bar.time > start and bar.closed]
    assert {bar.source for bar in sampled} == {"sampled"}
    assert [bar.volume for bar in sampled] == pytest.approx([10_000.0] * len(sampled), rel=0.05)


def test_a_raised_visit_keeps_its_checks_until_history_tells_the_minutes_that_it_did_not_see() -> None:
    made = street()
    rounds(made, 200, calm)
    scanner = made.coordinator.breakout
    for second in range(4):
        step(made, seen=True, price=calm(second), volume=PER_SECOND)
    made.tick(ACME, 99.9, PER_SECOND, lane="streaming")
    raised = made.quotes[ACME.con_id]
    assert scanner.keeps_checks(raised, made.now)
    live = scanner.live(ACME.con_id, made.now)
    assert live is not None and live.is_visit and live.volume_60s is None
    for second in range(66):
        made.clock.advance(1.0)
        made.coordinator.step(made.feed.step({ACME.con_id}))
        made.tick(ACME, calm(second), PER_SECOND, lane="streaming")
    live = scanner.live(ACME.con_id, made.now)
    assert live is not None and live.is_visit, "its minutes before were seen in part"
    assert live.volume_60s == pytest.approx(60 * PER_SECOND, rel=0.05), "and its volume is known by now"
    raised = made.quotes[ACME.con_id]
    made.store.merge_history(ACME.con_id, flat_history(LEVEL, made.now, minutes=90), made.now)
    assert not scanner.keeps_checks(raised, made.now)
    live = scanner.live(ACME.con_id, made.now)
    assert live is not None and not live.is_visit


def test_a_running_signal_is_judged_again_within_a_visit_so_that_its_volume_counts() -> None:
    """The first tick of a line has a price and no volume yet; a watched signal's visit is over a second later."""
    made = street()
    rounds(made, 300, calm)
    rounds(made, 60, broken_out, surge=4.0)
    assert made.signals
    for second in range(80, 110):
        step(made, seen=False, price=broken_out(second), volume=PER_SECOND * 4)
    made.coordinator.step(made.feed.step({ACME.con_id}))
    made.tick(ACME, 100.2, 0.0, lane="visited", volume=None)
    verdicts = made.coordinator.breakout.verdicts
    before = verdicts[ACME.con_id].reading.rel_volume
    made.clock.advance(0.5)
    made.tick(ACME, 100.2, PER_SECOND * 2, lane="visited")
    after = verdicts[ACME.con_id].reading.rel_volume
    assert after is not None and after > 1.5 and (before is None or after > before)


def test_a_line_that_never_was_a_visit_is_not_checked_like_one() -> None:
    made = street()
    for second in range(100):
        made.clock.advance(1.0)
        made.coordinator.step(made.feed.step({ACME.con_id}))
        made.tick(ACME, calm(second), PER_SECOND, lane="streaming")
    scanner = made.coordinator.breakout
    assert not scanner.keeps_checks(made.quotes[ACME.con_id], made.now), "its first minute was seen in part"


def test_a_raised_visit_keeps_its_checks_until_its_last_60_s_are_known() -> None:
    """Whatever history has told of its bars."""
    made = street()
    rounds(made, 4, calm)
    scanner = made.coordinator.breakout
    made.store.merge_history(ACME.con_id, flat_history(LEVEL, made.now, minutes=90), made.now)
    made.tick(ACME, 99.9, PER_SECOND, lane="streaming")
    entry = made.store.get(ACME.con_id)
    assert entry is not None and not entry.series.has_sampled(20)
    assert scanner.keeps_checks(made.quotes[ACME.con_id], made.now)


def test_what_broke_out_between_two_visits_is_judged_by_the_levels_of_before() -> None:
    """The first minutes of the breakout are closed bars by the next visit: they are no level that it has to pass."""
    made = street()
    rounds(made, 300, calm)
    for _ in range(50):
        step(made, seen=False, price=100.3, volume=PER_SECOND * 4)
    spike = Bar(bar_start(made.now) - 60.0, 100.3, 100.6, 100.2, 100.3, 40_000.0, "history")
    made.store.merge_history(ACME.con_id, [spike], made.now)
    for _ in range(20):
        step(made, seen=True, price=100.3, volume=PER_SECOND * 4)
    (signal,) = made.signals
    assert signal.level < 100.2


@pytest.mark.parametrize(("minutes_ago", "volume", "signals"), [(1, 40_000.0, 1), (1, 9_000.0, 0), (4, 40_000.0, 0)])
def test_only_a_loud_minute_just_before_a_visit_makes_no_level(minutes_ago: int, volume: float, signals: int) -> None:
    """It may be the breakout itself; a quiet one, or one of long ago, stands in the way like any other."""
    made = street()
    rounds(made, 300, calm)
    for _ in range(300):
        step(made, seen=False, price=100.3, volume=PER_SECOND * 4)
    spike = Bar(bar_start(made.now) - 60.0 * minutes_ago, 100.3, 100.6, 100.2, 100.3, volume, "history")
    made.store.merge_history(ACME.con_id, [spike], made.now)
    for _ in range(20):
        step(made, seen=True, price=100.3, volume=PER_SECOND * 4)
    assert len(made.signals) == signals


def test_a_raised_visit_that_is_not_loud_by_then_begins_no_signal() -> None:
    """Its volume so far is a guess: raised to 25 or 50 in the middle of a confirmation, it has to prove it."""
    made = street()
    rounds(made, 300, calm)
    tracker = made.coordinator.breakout.detector.tracker
    for second in range(30):
        step(made, seen=True, price=broken_out(second), volume=PER_SECOND * 4)
        if tracker.is_confirming(ACME.con_id):
            break
    assert tracker.is_confirming(ACME.con_id)
    for second in range(30):
        made.clock.advance(1.0)
        made.coordinator.step(made.feed.step({ACME.con_id}))
        made.tick(ACME, broken_out(30 + second), 0.0, lane="streaming")
    assert made.signals == [] and not tracker.is_confirming(ACME.con_id)
