"""The BreakoutScanner on a synthetic market: fires on a breakout, and only then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from msgspec.structs import replace

from engine.breakout.rules import Frozen
from engine.clock import NEW_YORK, in_zone
from engine.config import BreakoutParams
from engine.domain import ContractRef, Signal
from engine.scanners.breakout import Dollars
from tests.unit.scanners.scanner_samples import TEN, Street, flat_history, stock

ACME = stock(7, "ACME")
LEVEL = 100.0
PER_SECOND = 10_000.0 / 60.0


def street(params: BreakoutParams | None = None, at: float = TEN + 3_600.0) -> Street:
    made = Street(at, params)
    made.warm(ACME, flat_history(LEVEL, made.now, minutes=90))
    return made


def play(made: Street, seconds: int, price: Callable[[int], float], volume: Callable[[int], float]) -> None:
    for second in range(seconds):
        made.second()
        made.tick(ACME, round(price(second), 4), volume(second))


def calm(second: int) -> float:
    return 99.88 + 0.02 * (second % 3)


def usual(second: int) -> float:
    return PER_SECOND


def test_a_calm_market_gives_no_signal() -> None:
    made = street()
    play(made, 300, calm, usual)
    assert made.signals == []
    verdict = made.coordinator.breakout.verdicts[ACME.con_id]
    assert verdict.score < 0.5 and verdict.state == "candidate"


def breakout(made: Street, surge: float = 4.0) -> Signal:
    play(made, 65, calm, usual)
    play(made, 70, lambda second: 99.9 + min(0.4, second * 0.04), lambda second: PER_SECOND * surge)
    assert made.signals, made.coordinator.why(ACME.con_id).text
    return made.signals[0]


def test_default_thresholds_fire_on_a_breakout_with_volume() -> None:
    made = street()
    signal = breakout(made)
    assert signal.side == "long" and signal.state == "active"
    assert signal.level_kind == "range"
    before = [bar.high for bar in made.store.bars(7) if bar.time <= signal.triggered_at - 60.0]
    assert signal.level == max(before[-20:])
    assert signal.last > signal.level + 0.1 * signal.atr
    assert signal.at - signal.triggered_at >= 10.0
    assert signal.score >= 0.7, signal.parts
    assert sum(part.value for part in signal.parts) == pytest.approx(signal.score, abs=1e-3)
    assert len(made.signals) == 1


def test_a_print_far_outside_the_market_is_no_breakout_and_ends_none() -> None:
    made = street()
    play(made, 65, calm, usual)
    inside = {"price": 99.9, "price_kind": "mid", "bid": 99.89, "ask": 99.91}
    for _ in range(40):
        made.second()
        made.tick(ACME, 126.0, PER_SECOND * 4, **inside)
    assert made.signals == [] and made.coordinator.breakout.detector.tracker.phase(7, "long") == "idle"
    assert made.coordinator.breakout.verdicts[7].reading.last == 99.9
    signal = breakout(made)
    made.tick(ACME, 12.0, 100.0, price=signal.last, price_kind="mid")
    play(made, 35, lambda second: signal.last, usual)
    assert made.signals[-1].state == "active"


def test_what_is_only_quoted_is_judged_by_its_mid() -> None:
    euro = ContractRef(8, "EUR", "EUR.USD", "CASH", "IDEALPRO")
    made = Street(TEN + 3_600.0)
    made.warm(euro, [replace(bar, volume=None) for bar in flat_history(1.15, made.now, minutes=90)])
    made.second()
    made.tick(euro, None, price=1.15005, price_kind="mid", bid=1.1500, ask=1.1501)
    rules = {rule.name: rule for rule in made.coordinator.why(8).long}
    assert (rules["Live price"].passed, rules["Live price"].text) == (True, "yes")
    assert rules["Price above trigger"].value == 1.15005
    made.tick(euro, None, price=1.15, price_kind="close")
    assert made.coordinator.why(8).long[0].value is None, "a prior close is no live price"


def test_a_silent_line_is_called_so_and_its_frozen_price_gets_no_verdict() -> None:
    made = street()
    play(made, 65, calm, usual)
    assert any(rule.passed for rule in made.coordinator.why(7).long)
    made.silent[7] = datetime(2025, 11, 5, 10, 2, 10, tzinfo=NEW_YORK).timestamp()
    why = made.coordinator.why(7)
    assert in_zone(why.text) == "Not judged: line silent since 10:02:10."
    for rules in (why.long, why.short):
        by_name = {rule.name: rule for rule in rules}
        live = by_name.pop("Live price")
        assert (live.passed, in_zone(live.text)) == (False, "line silent since 10:02:10; not judged")
        assert {rule.passed for rule in by_name.values()} == {None}
    play(made, 40, lambda second: 99.9 + min(0.4, second * 0.04), lambda second: PER_SECOND * 4)
    assert made.signals == []
    made.silent.clear()
    assert any(rule.passed for rule in made.coordinator.why(7).long)


def test_rules_are_written_in_the_ticks_of_the_contract() -> None:
    made = Street(TEN + 3_600.0, ticks={7: 0.001})
    made.warm(ACME, flat_history(LEVEL, made.now, minutes=90))
    made.second()
    made.tick(ACME, 99.9)
    rules = {rule.name: rule for rule in made.coordinator.why(7).long}
    assert rules["Price above trigger"].text == "99.900"


def test_no_signal_without_volume() -> None:
    made = street()
    play(made, 65, calm, usual)
    play(made, 60, lambda second: 99.9 + min(0.4, second * 0.04), usual)
    assert made.signals == []
    why = made.coordinator.why(ACME.con_id)
    assert "olume" in why.text
    rules = {rule.name: rule for rule in why.long}
    assert rules["Volume surge"].passed is False
    assert rules["Warm-up"].passed is True


def test_a_dip_back_inside_starts_the_confirmation_over() -> None:
    made = street(BreakoutParams(confirm_s=30))
    play(made, 65, calm, usual)
    play(made, 40, lambda second: 99.9 + min(0.4, second * 0.04), lambda second: PER_SECOND * 4)
    assert made.signals == [] and made.coordinator.breakout.detector.tracker.phase(7, "long") == "confirming"
    made.tick(ACME, 99.9, 500.0)
    assert made.coordinator.breakout.detector.tracker.phase(7, "long") == "idle"


def test_a_lone_print_outside_the_market_is_no_dip() -> None:
    """Neither bars nor rules take it; the one that proves it is a dip."""
    made = street(BreakoutParams(confirm_s=30))
    play(made, 65, calm, usual)
    play(made, 40, lambda second: 99.9 + min(0.4, second * 0.04), lambda second: PER_SECOND * 4)
    tracker = made.coordinator.breakout.detector.tracker
    market = {"bid": 100.29, "ask": 100.31}
    made.tick(ACME, 99.9, 500.0, **market)
    assert tracker.phase(7, "long") == "confirming"
    assert made.coordinator.breakout.live(7, made.now).last == 100.3, "the newest one that is believed"
    made.tick(ACME, 99.9, 500.0, **market)
    assert tracker.phase(7, "long") == "idle"


def test_back_inside_for_the_hold_ends_the_signal_and_the_cool_down_holds() -> None:
    made = street()
    signal = breakout(made)
    play(made, 29, calm, usual)
    assert made.signals[-1].state == "active"
    play(made, 5, calm, usual)
    assert made.signals[-1].state == "ended" and made.signals[-1].id == signal.id
    count = len(made.signals)
    play(made, 90, lambda second: 99.9 + min(1.2, second * 0.04), lambda second: PER_SECOND * 8)
    assert len(made.signals) == count, "a second signal within the cool-down"
    cool = next(rule for rule in made.coordinator.why(7).long if rule.name == "Cool-down")
    assert cool.passed is False


def test_the_short_side_mirrors_the_long_one() -> None:
    made = street()
    play(made, 65, calm, usual)
    play(made, 70, lambda second: 99.9 - min(0.6, second * 0.05), lambda second: PER_SECOND * 4)
    assert [signal.side for signal in made.signals] == ["short"]
    assert made.signals[0].last < made.signals[0].level
    assert made.signals[0].score >= 0.7


def test_a_side_that_is_off_does_not_signal() -> None:
    made = street(BreakoutParams(longs=False))
    play(made, 65, calm, usual)
    play(made, 70, lambda second: 99.9 + min(0.4, second * 0.04), lambda second: PER_SECOND * 4)
    assert made.signals == []


def test_confirmation_by_closed_bars() -> None:
    made = street(BreakoutParams(confirm_bars=2))
    play(made, 65, calm, usual)
    play(made, 100, lambda second: 99.9 + min(0.4, second * 0.04), lambda second: PER_SECOND * 4)
    assert made.signals == []
    play(made, 60, lambda second: 100.3, lambda second: PER_SECOND * 4)
    assert len(made.signals) == 1
    assert made.signals[0].at - made.signals[0].triggered_at > 60


@pytest.mark.parametrize("change", [{"halted": True}, {"data_type": "delayed"}, {"data_type": "frozen"}])
def test_what_is_not_live_does_not_signal(change: dict[str, object]) -> None:
    made = street()
    play(made, 65, calm, usual)
    for second in range(70):
        made.second()
        made.tick(ACME, 99.9 + min(0.4, second * 0.04), PER_SECOND * 4, **change)
    assert made.signals == []
    rule = next(rule for rule in made.coordinator.why(7).long if rule.name == "Live price")
    assert rule.passed is False


def test_frozen_prices_are_judged_and_say_why_they_cannot_signal() -> None:
    made = street()
    for _ in range(12):
        made.second()
        made.tick(ACME, 99.9, data_type="frozen")
    verdict = made.coordinator.breakout.verdicts[7]
    assert verdict.state == "candidate" and verdict.score < 0.5
    rule = next(rule for rule in made.coordinator.why(7).long if rule.name == "Live price")
    assert (rule.text, rule.passed) == ("frozen", False)


def test_unknown_unit_of_volume_does_not_pass() -> None:
    made = street()
    made.units.on_connected(176)
    made.units.on_connected(177)  # another version: to be learned anew
    play(made, 65, calm, usual)
    for second in range(70):
        made.second()
        made.tick(ACME, 99.9 + min(0.4, second * 0.04), PER_SECOND * 4, volume=None, avg_volume=None)
    assert made.signals == []
    rules = {rule.name: rule for rule in made.coordinator.why(7).long}
    assert rules["Volume surge"].passed is None and rules["Volume surge"].detail == "unit unknown"


def test_floors_hold_for_the_universe_not_for_positions() -> None:
    made = street()
    play(made, 65, calm, usual)
    made.tick(ACME, 99.9, avg_volume=1_000.0)
    assert next(rule for rule in made.coordinator.why(7).long if rule.name == "Average volume").passed is False
    made.keep(ACME)
    assert next(rule for rule in made.coordinator.why(7).long if rule.name == "Average volume").passed is True


def test_a_stock_in_pence_is_held_to_floors_in_dollars() -> None:
    vod = ContractRef(9, "VOD", "VOD", "STK", "LSE", "LSE", "GBP")
    made = Street(TEN + 3_600.0, dollars=lambda contract: Dollars(0.0131))
    unknown = Street(TEN + 3_600.0)
    for each in (made, unknown):
        each.warm(vod, flat_history(LEVEL, each.now, minutes=90))
        each.second()
        each.tick(vod, 99.9, avg_volume=10e6)
    rules = {rule.name: rule for rule in made.coordinator.why(9).long}
    assert (rules["Price floor"].value, rules["Price floor"].passed) == (pytest.approx(1.30869), False)
    assert (rules["Dollar volume"].text, rules["Dollar volume"].passed) == ("13.1 M", True)
    rules = {rule.name: rule for rule in unknown.coordinator.why(9).long}
    assert (rules["Price floor"].value, rules["Price floor"].passed) == (None, None)
    assert "no exchange rate for GBP" in rules["Price floor"].detail


def test_a_threshold_takes_effect_at_the_next_cycle() -> None:
    made = street(BreakoutParams(volume_surge=5.0, rel_volume=5.0))
    play(made, 65, calm, usual)
    play(made, 40, lambda second: 99.9 + min(0.4, second * 0.04), lambda second: PER_SECOND * 4)
    assert made.signals == []
    made.coordinator.set_params(BreakoutParams())
    play(made, 14, lambda second: 100.35, lambda second: PER_SECOND * 4)
    assert len(made.signals) == 1


def test_warming_up_is_said() -> None:
    made = Street(TEN + 3_600.0)
    made.warm(ACME, flat_history(LEVEL, made.now, minutes=12))
    play(made, 12, calm, usual)
    verdict = made.coordinator.breakout.verdicts[7]
    assert verdict.state == "warming"
    rule = next(rule for rule in made.coordinator.why(7).long if rule.name == "Warm-up")
    assert (rule.text, rule.passed) == ("12/34", False)


def test_the_cycle_is_cut_into_slices() -> None:
    made = Street(TEN + 3_600.0)
    for con_id in range(1, 31):
        contract = stock(con_id)
        made.warm(contract, flat_history(LEVEL, made.now, minutes=60))
        made.tick(contract, 99.9)
    steps = 0

    class Slow:
        at = 0.0

        def __call__(self) -> float:
            self.at += 0.001
            return self.at

    made.coordinator.breakout._around = made.coordinator.breakout._around._replace(mono=Slow())
    for _ in made.coordinator.breakout.slices(made.now):
        steps += 1
    assert steps >= 5
    assert len(made.coordinator.breakout.verdicts) == 30


def test_a_running_signal_is_renewed_by_a_further_breakout_after_the_cool_down() -> None:
    made = street(BreakoutParams(cool_down_min=5))
    first = breakout(made)
    play(made, 25 * 60, lambda second: 100.3 + 0.02 * (second % 3), usual)
    assert len(made.signals) == 1, "it runs, nothing new"
    play(made, 70, lambda second: 100.32 + min(0.4, second * 0.04), lambda second: PER_SECOND * 4)
    assert [signal.state for signal in made.signals] == ["active", "ended", "active"]
    assert made.signals[1].id == first.id
    second = made.signals[2]
    assert second.level > first.level and second.at - second.triggered_at >= 10.0
    assert made.coordinator.breakout.verdicts[7].state == "confirmed"


def test_a_visit_sees_the_further_breakout_of_a_running_signal_without_waiting_for_the_cycle() -> None:
    made = street(BreakoutParams(cool_down_min=5))
    breakout(made)
    play(made, 25 * 60, lambda second: 100.3 + 0.02 * (second % 3), usual)
    for second in range(40):
        made.clock.advance(1.0)
        made.step()
        made.tick(ACME, 100.32 + min(0.4, second * 0.04), PER_SECOND * 4, lane="visited")
    assert [signal.state for signal in made.signals] == ["active", "ended", "active"]


def test_a_further_breakout_within_the_cool_down_is_the_same_signal() -> None:
    made = street()
    breakout(made)
    play(made, 8 * 60, lambda second: 100.3 + 0.02 * (second % 3), usual)
    play(made, 70, lambda second: 100.32 + min(0.4, second * 0.04), lambda second: PER_SECOND * 4)
    assert len(made.signals) == 1


def test_a_runaway_whose_volume_has_gone_keeps_its_signal_but_not_its_score() -> None:
    made = street()
    breakout(made)
    play(made, 240, lambda second: 100.5, usual)
    assert made.coordinator.breakout.verdicts[7].score >= 0.5
    play(made, 150, lambda second: 100.5, usual)
    verdict = made.coordinator.breakout.verdicts[7]
    assert verdict.state == "confirmed" and verdict.score < 0.5
    assert made.signals[-1].state == "active"
    play(made, 90, lambda second: 100.5, lambda second: PER_SECOND * 4)
    assert made.coordinator.breakout.verdicts[7].score >= 0.5, "and back when the volume is"


def renewing(level: float) -> Street:
    """A signal runs, its cool-down is over, and a further breakout over `level` waits for its confirmation."""
    made = street(BreakoutParams(cool_down_min=5))
    breakout(made)
    play(made, 25 * 60, lambda second: 100.3 + 0.02 * (second % 3), usual)
    made.coordinator.breakout.detector.tracker.renew(7, "long", Frozen(level, "range", 0.2), made.now)
    return made


def test_a_quiet_further_breakout_on_a_visit_leaves_the_running_signal_alone() -> None:
    made = renewing(100.45)
    tracker = made.coordinator.breakout.detector.tracker
    for _ in range(15):
        made.tick(ACME, 100.6, PER_SECOND * 0.2, lane="visited")
        made.clock.advance(1.0)
        made.step()
    assert [signal.state for signal in made.signals] == ["active"]
    assert tracker.phase(7, "long") == "active" and not tracker.is_confirming(7)


def test_the_brokers_bars_judge_a_further_breakout_too() -> None:
    made = renewing(100.35)
    tracker = made.coordinator.breakout.detector.tracker
    made.tick(ACME, 100.6, PER_SECOND, lane="visited")
    made.coordinator.on_history(7)
    watch = tracker.watch(7, "long")
    assert watch is not None and watch.renewal is not None
    assert watch.renewal.frozen.level == pytest.approx(100.34), "the level that the bars have"
    watch.renewal.frozen = Frozen(100.2, "range", 0.2)
    made.tick(ACME, 100.33, PER_SECOND, lane="visited")
    made.coordinator.on_history(7)
    assert tracker.phase(7, "long") == "active" and not tracker.is_confirming(7), "the signal goes on, and that is all"


def before(made: Street, price: float, seconds: int = 60) -> Signal:
    """The symbol stands at `price`, above its level, when it is looked at for the first time."""
    for second in range(seconds):
        made.second()
        made.tick(ACME, price + 0.002 * second, PER_SECOND * 4)
    assert made.signals, made.coordinator.why(ACME.con_id).text
    return made.signals[0]


def test_a_breakout_of_before_the_admission_is_marked_and_ranks_by_what_is_left() -> None:
    made = street()
    early = before(made, 101.0)
    assert early.before_look and early.last > 101.0
    (row,) = [each for each in made.coordinator.candidates() if each.con_id == ACME.con_id]
    assert row.before_look and row.score_at_signal == early.score
    assert early.parts[1].name == "distance" and "first look" in early.parts[1].detail
    assert early.parts[1].value < 0.1, "ten ATR above the level, and next to none of it under our eyes"
    assert not breakout(street()).before_look


def test_history_that_comes_after_the_first_quotes_makes_the_first_look() -> None:
    made = Street(TEN + 3_600.0)
    made.warm(ACME, [])
    play(made, 20, lambda second: 101.0, lambda second: PER_SECOND * 4)
    assert made.coordinator.breakout.verdicts[7].state == "warming"
    made.store.merge_history(7, flat_history(LEVEL, made.now, minutes=90), made.now)
    assert before(made, 101.0).before_look


def test_score_at_signal_stays_and_score_now_goes_on() -> None:
    made = street()
    signal = breakout(made)
    play(made, 60, lambda second: 100.3 + 0.01 * second, lambda second: PER_SECOND * 4)
    section = made.coordinator.snapshot()
    (row,) = [each for each in section.candidates if each.con_id == 7]
    assert row.score_at_signal == signal.score == made.coordinator.signals().signals[0].score
    assert row.score > signal.score
    assert section.scores_now == ((signal.id, row.score),) == made.coordinator.scores_now_of(7)
    play(made, 40, lambda second: 99.5, usual)
    assert made.signals[-1].state == "ended"
    assert made.coordinator.snapshot().scores_now == () == made.coordinator.scores_now_of(7)


def test_a_running_signal_without_a_line_grows_old() -> None:
    made = street()
    breakout(made)
    fresh = made.coordinator.snapshot().scores_now[0][1]
    made.store.sync_lines([], made.now)
    for _ in range(60):
        made.second()
    assert made.coordinator.snapshot().scores_now[0][1] < fresh
