"""The detector by values worked out by hand: what each look, price and closed bar answers."""

from __future__ import annotations

import pytest

from engine.breakout.detector import Detector, Event
from engine.breakout.facts import Facts
from engine.breakout.rules import Floors, Live
from engine.config import BreakoutParams
from engine.domain import ScorePart

MINUTE = 1_762_356_000.0
NOW = MINUTE + 30.0
# Range 99 to 100, ATR 0.5: beyond from 100.05. SMA20 of 1,000 shares a minute, no sessions to compare with.
FACTS = Facts(34, 34, 60, 100.0, 99.0, None, 0.0, False, False, 0.5, 99.8, 99.5, 1_000.0, 1_000.0, MINUTE - 60.0, None)
LOUD = Live(100.2, 1_000.0, MINUTE, 1e6, Floors(5.0, 5e5, 5e6), volume_60s=2_000.0)
BY_SECONDS = BreakoutParams(confirm_s=10)
BY_BARS = BreakoutParams(confirm_bars=2)
AT_ONCE = BreakoutParams(confirm_s=0)


def kinds(events: tuple[Event, ...]) -> list[str]:
    return [f"{event.side} {event.kind}" for event in events]


def test_a_breakout_confirms_by_seconds_begins_ends_and_cools_down() -> None:
    detector = Detector(BY_SECONDS)
    first = detector.look(7, FACTS, LOUD, NOW)
    assert kinds(first.events) == ["long confirming"] and first.verdict.state == "confirming"
    assert first.verdict.reading.surge == first.verdict.reading.rel_volume == pytest.approx(2.0)
    assert detector.price(7, 100.2, NOW + 9.75) == ()
    assert kinds(detector.price(7, 100.2, NOW + 10.0)) == ["long due"]
    began = detector.look(7, FACTS, LOUD, NOW + 10.0)
    (event,) = began.events
    assert event.kind == "began" and event.breakout is not None and began.verdict.state == "confirmed"
    breakout = event.breakout
    assert (breakout.con_id, breakout.side, breakout.triggered_at, breakout.at) == (7, "long", NOW, NOW + 10.0)
    assert (breakout.frozen.level, breakout.frozen.kind, breakout.frozen.atr) == (100.0, "range", 0.5)
    assert breakout.reading.distance_atr == pytest.approx(0.4)  # 0.2 over the level
    assert breakout.score >= 0.5 and sum(part.value for part in breakout.parts) == pytest.approx(
        breakout.score, abs=1e-3
    )
    assert detector.price(7, 99.9, NOW + 20.0) == (), "back inside, but only since now"
    assert kinds(detector.price(7, 99.9, NOW + 50.0)) == ["long ended"], "30 s inside"
    again = detector.look(7, FACTS, LOUD._replace(volume_60s=5_000.0), NOW + 51.0)
    assert again.events == () and again.verdict.state == "candidate", "the cool-down of 15 minutes"


def test_a_breakout_that_falls_back_is_dropped_and_may_begin_anew() -> None:
    detector = Detector(BY_SECONDS)
    detector.look(7, FACTS, LOUD, NOW)
    assert kinds(detector.price(7, 100.05, NOW + 5.0)) == ["long dropped"], "within the buffer"
    assert kinds(detector.look(7, FACTS, LOUD, NOW + 6.0).events) == ["long confirming"]


@pytest.mark.parametrize(
    ("change", "gate"),
    [
        ({"last": 100.05}, "Price above level"),
        ({"volume_60s": 1_499.0}, "Volume surge"),
        ({"blocked": "halted"}, "Live price"),
        ({"average_volume": 4e5}, "Average volume"),
    ],
)
def test_one_missing_rule_is_enough(change: dict[str, object], gate: str) -> None:
    look = Detector(BY_SECONDS).look(7, FACTS, LOUD._replace(**change), NOW)
    assert look.events == () and look.verdict.score < 0.5
    assert gate in [each.name for each in look.verdict.reading.gates if each.passed is not True]


def test_the_short_side_mirrors_it() -> None:
    facts = FACTS._replace(ema_fast=99.2, ema_slow=99.5)
    events = Detector(AT_ONCE).look(7, facts, LOUD._replace(last=98.8), NOW).events
    assert kinds(events) == ["short confirming", "short began"]
    assert events[1].breakout is not None and events[1].breakout.frozen.level == 99.0
    unwanted = Detector(AT_ONCE.model_copy(update={"shorts": False}))
    assert unwanted.look(7, facts, LOUD._replace(last=98.8), NOW).events == ()


def test_closed_bars_confirm_and_one_inside_starts_over() -> None:
    detector = Detector(BY_BARS)
    detector.look(7, FACTS, LOUD, NOW)
    assert detector.price(7, 100.2, NOW + 20.0) == (), "seconds say nothing here"
    assert detector.bar_closed(7, 100.1, FACTS, LOUD, NOW + 30.0) == ()
    assert kinds(detector.bar_closed(7, 100.04, FACTS, LOUD, NOW + 90.0)) == ["long dropped"]
    detector.look(7, FACTS, LOUD, MINUTE + 150.0)
    detector.bar_closed(7, 100.1, FACTS, LOUD, NOW + 150.0)
    assert detector.bar_closed(7, 100.1, FACTS, None, NOW + 210.0) == (), "no price to begin with"
    for why in ("halted", "no line", "frozen"):
        assert detector.bar_closed(7, 100.1, FACTS, LOUD._replace(blocked=why), NOW + 240.0) == (), why
    assert kinds(detector.bar_closed(7, 100.1, FACTS, LOUD, NOW + 270.0)) == ["long began"]


def test_a_further_breakout_takes_over_from_the_one_that_runs() -> None:
    detector = Detector(AT_ONCE)
    detector.look(7, FACTS, LOUD, NOW)
    higher = FACTS._replace(range_high=102.0)
    louder = LOUD._replace(last=102.5, volume_60s=5_000.0)
    assert detector.look(7, higher, louder, NOW + 600.0).events == (), "its cool-down"
    later = MINUTE + 960.0 + 30.0
    facts, live = higher._replace(last_time=MINUTE + 900.0), louder._replace(running_time=MINUTE + 960.0)
    assert detector.look(7, facts, live, later).events == (), "it confirms now"
    assert kinds(detector.price(7, 102.5, later)) == ["long due"]
    ended, renewed = detector.look(7, facts, live, later).events
    assert (ended.kind, renewed.kind) == ("ended", "renewed")
    assert renewed.breakout is not None and renewed.breakout.frozen.level == 102.0


def test_what_a_visit_confirms_has_to_be_loud_by_then() -> None:
    detector = Detector(BY_SECONDS)
    visit = LOUD._replace(running_volume=500.0, is_visit=True, visit_pace=2_000.0, volume_60s=None)
    detector.look(7, FACTS, visit, NOW)
    quiet = visit._replace(visit_pace=1_100.0)
    assert kinds(detector.look(7, FACTS, quiet, NOW + 10.0).events) == ["long dropped"]
    detector.look(7, FACTS, visit, NOW + 11.0)
    assert kinds(detector.look(7, FACTS, visit, NOW + 21.0).events) == ["long began"]


def test_a_raised_visit_is_judged_by_the_last_60_s_once_they_are_known() -> None:
    detector = Detector(BY_SECONDS)
    raised = LOUD._replace(running_volume=1_500.0, seen_from=MINUTE, is_visit=True, volume_60s=1_200.0)
    quiet = detector.look(7, FACTS, raised, NOW)
    assert quiet.verdict.reading.surge == pytest.approx(1.2) and quiet.events == (), "projected it would be 3"
    detector.look(7, FACTS, raised._replace(volume_60s=2_000.0), NOW + 1.0)
    late = detector.look(7, FACTS, raised._replace(volume_60s=1_400.0), NOW + 11.0)
    assert kinds(late.events) == ["long began"], "the whole minute was loud when it began: so a streaming line judges"


def test_a_lone_burst_on_a_visit_confirms_nothing() -> None:
    """Ten times the usual in the first seconds, and the last 60 s are as ever."""
    detector = Detector(BY_SECONDS)
    visit = LOUD._replace(running_volume=500.0, is_visit=True, volume_60s=None)
    burst = visit._replace(visit_pace=10_000.0, counted_60s=1_100.0)
    assert kinds(detector.look(7, FACTS, burst, NOW).events) == ["long confirming"]
    over = visit._replace(visit_pace=1_700.0, counted_60s=1_200.0)
    assert kinds(detector.look(7, FACTS, over, NOW + 10.0).events)[0] == "long dropped"
    detector.look(7, FACTS, burst, NOW + 11.0)
    goes_on = visit._replace(visit_pace=3_000.0, counted_60s=1_300.0)
    assert kinds(detector.look(7, FACTS, goes_on, NOW + 21.0).events) == ["long began"], "1.3 now, 1.6 soon"


def test_what_was_loud_before_the_visit_counts_though_it_is_over() -> None:
    detector = Detector(BY_SECONDS)
    visit = LOUD._replace(running_volume=500.0, is_visit=True, visit_pace=300.0, volume_60s=None, counted_60s=1_600.0)
    assert kinds(detector.look(7, FACTS, visit, NOW).events) == ["long confirming"]
    over = visit._replace(counted_60s=1_300.0)
    assert kinds(detector.look(7, FACTS, over, NOW + 10.0).events) == ["long began"]


def test_better_bars_move_the_level_or_undo_the_breakout() -> None:
    detector = Detector(BY_SECONDS)
    detector.look(7, FACTS, LOUD, NOW)
    detector.correct(7, FACTS._replace(range_high=100.1), LOUD, "long", NOW + 1.0)
    frozen = detector.tracker.frozen(7, "long")
    assert frozen is not None and frozen.level == 100.1
    detector.correct(7, FACTS._replace(range_high=100.3), LOUD, "long", NOW + 2.0)
    assert detector.tracker.phase(7, "long") == "idle"


def test_a_new_day_ends_what_runs_and_symbols_do_not_know_each_other() -> None:
    detector = Detector(AT_ONCE)
    detector.look(7, FACTS, LOUD, NOW)
    detector.look(8, FACTS, LOUD, NOW)
    assert detector.price(9, 1.0, NOW) == () and detector.tracker.busy == {7, 8}
    assert sorted((event.con_id, event.kind) for event in detector.end_all(NOW + 1.0)) == [(7, "ended"), (8, "ended")]
    assert detector.tracker.busy == set()
    assert detector.look(7, FACTS, LOUD, NOW + 2.0).events == (), "cool-downs hold"


def detail_of(parts: tuple[ScorePart, ...], name: str) -> tuple[float, str]:
    (part,) = [part for part in parts if part.name == name]
    return part.value, part.detail


def test_what_broke_out_before_the_first_look_counts_by_what_it_has_moved_since() -> None:
    detector, first = Detector(BY_SECONDS), LOUD._replace(last=101.0, is_first_look=True)
    seen = detector.look(7, FACTS, first, NOW).verdict
    assert (seen.reading.distance_atr, seen.reading.since_look_atr) == (pytest.approx(2.0), 0.0)
    later = LOUD._replace(last=101.25)
    (event,) = detector.look(7, FACTS, later, NOW + 10.0).events
    breakout = event.breakout
    assert breakout is not None and breakout.before_look
    assert breakout.reading.since_look_atr == pytest.approx(0.5)
    value, detail = detail_of(breakout.parts, "distance")
    assert value == pytest.approx(0.225 * 0.4 / 1.4, abs=1e-4)  # 0.5 less the buffer of 0.1
    assert "first look" in detail
    fresh = Detector(BY_SECONDS)
    fresh.look(7, FACTS, LOUD._replace(last=100.0, is_first_look=True), NOW - 1.0)
    fresh.look(7, FACTS, first._replace(is_first_look=False), NOW)
    (event,) = fresh.look(7, FACTS, later, NOW + 10.0).events
    assert event.breakout is not None and not event.breakout.before_look
    assert event.breakout.score > breakout.score, "the one that broke out under our eyes ranks before it"


def test_back_inside_the_level_what_was_before_the_first_look_is_over() -> None:
    detector = Detector(AT_ONCE)
    quiet = LOUD._replace(volume_60s=100.0)
    detector.look(7, FACTS, quiet._replace(last=101.0, is_first_look=True), NOW)
    assert detector.look(7, FACTS, quiet._replace(last=101.5), NOW + 1.0).verdict.reading.since_look_atr == 1.0
    inside = detector.look(7, FACTS, quiet._replace(last=99.9), NOW + 2.0).verdict
    assert inside.reading.since_look_atr is None
    (_, event) = detector.look(7, FACTS, LOUD, NOW + 3.0).events
    assert event.breakout is not None and not event.breakout.before_look


def test_back_between_the_levels_counts_though_the_other_side_is_the_one_that_is_read() -> None:
    detector = Detector(AT_ONCE)
    falls = FACTS._replace(ema_fast=99.2, ema_slow=99.5)
    quiet = LOUD._replace(volume_60s=100.0)
    first = detector.look(7, falls, quiet._replace(last=101.0, is_first_look=True), NOW).verdict
    assert first.reading.since_look_atr == 0.0
    assert detector.look(7, falls, quiet._replace(last=99.2), NOW + 2.0).verdict.reading.side == "short"
    (_, event) = detector.look(7, FACTS, LOUD, NOW + 3.0).events
    assert event.breakout is not None and not event.breakout.before_look


def test_a_verdict_of_some_time_ago_has_an_older_price() -> None:
    detector = Detector(AT_ONCE)
    verdict = detector.look(7, FACTS, LOUD._replace(price_age_s=0.0), NOW).verdict
    gained = verdict.score - 0.5
    assert verdict.state == "confirmed" and gained > 0.05
    assert detector.aged(7, verdict, NOW + 15.0).score == pytest.approx(verdict.score)
    aged = detector.aged(7, verdict, NOW + 45.0)
    assert aged.score == pytest.approx(0.5 + gained * 0.95), "30 s more than 15: half of the tenth"
    assert detector.aged(7, aged, NOW + 45.0).score == pytest.approx(aged.score), "not taken twice"
    old = detector.look(8, FACTS, LOUD._replace(price_age_s=15.0), NOW).verdict
    assert detector.aged(8, old, NOW + 30.0).score == pytest.approx(0.5 + gained * 0.95), "15 s at the look, 30 since"
    assert detector.aged(7, verdict, NOW + 301.0).score < 0.5, "nobody knows whether its volume lasts"


def test_the_other_sides_score_is_kept_where_it_was_judged() -> None:
    detector = Detector(AT_ONCE)
    verdict = detector.look(7, FACTS, LOUD, NOW).verdict
    assert verdict.score_of("long") == verdict.score > 0.5
    short = verdict.score_of("short")
    assert short is not None and short < 0.5
    calm = Detector(AT_ONCE).look(7, FACTS, LOUD._replace(last=99.5), NOW).verdict
    assert calm.score_of("short" if calm.reading.side == "long" else "long") is None
