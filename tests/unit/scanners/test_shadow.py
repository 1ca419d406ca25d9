"""The shadow set: the same bars, its own signals, no wish for a line; what only one of both sets found."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from engine.config import BreakoutParams
from engine.domain import REL_VOLUME, Signal
from engine.scanners.coordinator import ScannerCoordinator
from tests.unit.scanners.scanner_samples import TEN, Street, flat_history, stock

ACME = stock(1, "ACME")
STRICT = BreakoutParams(buffer_atr=1.5, volume_surge=5.0, rel_volume=9.0)


def street(live: BreakoutParams, shadow: BreakoutParams | None) -> tuple[Street, list[tuple[str, Signal]]]:
    made = Street(TEN + 3_600.0, live)
    told: list[tuple[str, Signal]] = []
    made.coordinator.shadow._on_signal = lambda name, signal: told.append((name, signal))
    made.connect()
    made.second()
    made.coordinator.set_shadow("Other", shadow)
    made.warm(ACME, flat_history(100.0, made.now, minutes=90))
    made.rows("Momentum", ACME)
    return made, told


def break_out(made: Street, **quote: object) -> None:
    for second in range(140):
        made.second()
        made.tick(ACME, 99.9 + max(0, min(0.5, (second - 65) * 0.04)), 170.0 if second < 65 else 700.0, **quote)


def test_what_only_the_shadow_finds_is_told_apart_and_asks_for_nothing() -> None:
    made, told = street(STRICT, BreakoutParams())
    break_out(made)
    assert made.signals == [] and made.coordinator.signals().signals == ()
    assert [(name, signal.local_symbol, signal.state) for name, signal in told] == [("Other", "ACME", "active")]
    assert made.coordinator.shadow.signals()[0].id == told[0][1].id
    assert [d.line_class for d in made.coordinator.demands()] == ["25"], "as the scan's row, not as a breakout"
    assert made.coordinator.stays(1, made.now) == ""
    assert all(event.kind != "signal" for event in made.coordinator.board.events)


def test_the_same_set_in_the_shadow_finds_the_same() -> None:
    made, told = street(BreakoutParams(), BreakoutParams())
    break_out(made)
    assert [signal for _, signal in told] == made.signals and len(told) == 1
    assert made.signals[0].scans == ("Momentum",)
    names = [each.name for each in made.signals[0].inputs]
    assert {"Volume surge", REL_VOLUME, "Confirmed", "Price floor"} <= set(names)
    assert made.coordinator.signals().signals[0].inputs == (), "inputs are for the journal"


@pytest.mark.parametrize("chosen_first", [True, False])
def test_delayed_prices_count_in_the_shadow_where_they_count_live(chosen_first: bool) -> None:
    made, told = street(BreakoutParams(), BreakoutParams() if chosen_first else None)
    made.store.allow_delayed = True
    made.coordinator.set_allow_delayed(True)
    made.coordinator.set_shadow("Other", BreakoutParams())
    break_out(made, data_type="delayed")
    assert len(made.signals) == len(told) == 1


def test_without_a_shadow_there_is_no_second_pass() -> None:
    made, told = street(BreakoutParams(), None)
    break_out(made)
    assert told == [] and made.coordinator.shadow.since_market is None
    assert list(made.coordinator.shadow.slices(made.now)) == []


def test_another_set_starts_from_nothing_and_none_ends_it() -> None:
    made, _ = street(STRICT, BreakoutParams())
    break_out(made)
    coordinator: ScannerCoordinator = made.coordinator
    coordinator.set_shadow("Other", BreakoutParams())
    assert len(coordinator.shadow.signals()) == 1, "the same set goes on"
    coordinator.set_shadow("Third", BreakoutParams(bars_n=15))
    assert coordinator.shadow.signals() == () and coordinator.shadow.since_market is None
    made.second()
    assert coordinator.shadow.since_market == made.now
    coordinator.set_shadow("", None)
    assert (coordinator.shadow.name, coordinator.shadow.since_market) == ("", None)


def test_a_clock_that_is_set_back_leaves_nothing_of_its_future() -> None:
    """The gateway's clock is known some seconds after the start; until then the machine's own holds."""
    made, told = street(STRICT, BreakoutParams())
    break_out(made)
    made.tick(ACME, 100.0, 170.0, lane="visited")
    shadow = made.coordinator.shadow
    assert len(shadow.signals()) == len(told) == 1 and shadow._visits is not None
    shadow._visits._judged[ACME.con_id] = made.now
    made.clock.jump_wall(-7_200.0)
    made.second()
    assert shadow.signals() == () and shadow._visits._judged == {}
    assert shadow.since_market == made.now


@pytest.mark.parametrize("begun_s", [0, 4])
def test_a_breakout_of_before_the_shadow_is_news_to_neither(begun_s: int) -> None:
    """Chosen while a signal of the set in force runs: the same thresholds must find the same from then on."""
    made, told = street(BreakoutParams(), None)
    break_out(made)
    assert len(made.signals) == 1 and made.signals[0].state == "active"
    for _ in range(begun_s):
        made.second()
    made.coordinator.set_shadow("Other", BreakoutParams())
    for _ in range(120):
        made.second()
        made.tick(ACME, 100.4, 700.0)
    assert told == [], "the breakout runs already"
    since = made.coordinator.shadow.since_market
    assert since is not None and since > made.signals[0].at


def test_what_confirms_while_the_shadow_begins_is_found_by_both() -> None:
    made, told = street(BreakoutParams(confirm_s=30), None)
    for second in range(90):
        made.second()
        made.tick(ACME, 99.9 + max(0, min(0.5, (second - 65) * 0.04)), 170.0 if second < 65 else 700.0)
    assert made.signals == [] and made.coordinator.breakout.detector.tracker.busy, "it confirms"
    made.coordinator.set_shadow("Other", BreakoutParams(confirm_s=30))
    for _ in range(60):
        made.second()
        made.tick(ACME, 100.4, 700.0)
    assert len(made.signals) == 1 and [signal for _, signal in told] == made.signals
    assert made.signals[0].at >= (made.coordinator.shadow.since_market or 0.0)


def test_the_end_of_a_signal_of_before_is_none_of_the_shadows() -> None:
    made, told = street(BreakoutParams(alert_hold_s=5), None)
    break_out(made)
    made.coordinator.set_shadow("Other", BreakoutParams(alert_hold_s=5))
    for _ in range(40):
        made.second()
        made.tick(ACME, 99.6, 170.0)
    assert made.coordinator.signals().signals[0].state == "ended" and told == []
    assert made.coordinator.shadow.signals() == ()


def test_the_cool_down_of_the_set_in_force_holds_in_the_shadow_over_a_restart() -> None:
    first, _ = street(BreakoutParams(), None)
    break_out(first)
    made, told = street(BreakoutParams(), BreakoutParams())
    made.second()
    made.coordinator.restore([replace(first.signals[0], at=made.now - 60.0, triggered_at=made.now - 70.0)])
    break_out(made)
    assert made.signals == [] and told == []
