"""The ScannerCoordinator: merging, order, wishes for lines, the log, what pages read."""

from __future__ import annotations

from engine.breakout.why import level_text
from engine.config import BreakoutParams, MarketScanSettings
from engine.coverage.urgency import Running
from engine.domain import Signal
from tests.unit.scanners.scanner_samples import TEN, Street, flat_history, stock

ACME, BOLT, CORE = stock(1, "ACME"), stock(2, "BOLT"), stock(3, "CORE")


def connected(at: float = TEN + 3_600.0, params: BreakoutParams | None = None) -> Street:
    made = Street(at, params)
    made.connect()
    made.second()
    return made


def classes(made: Street) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for demand in made.coordinator.demands():
        out.setdefault(demand.line_class, []).append(demand.contract.local_symbol)
    return out


def test_cycles_fall_on_the_full_ten_seconds_of_the_market() -> None:
    made = Street(TEN + 3.0)
    times = []
    for _ in range(60):
        made.clock.advance(0.5)
        if made.coordinator.cycle_due():
            times.append(made.now - TEN)
            for _slice in made.coordinator.cycle():
                pass
    assert times == [3.5, 10.0, 20.0, 30.0]
    assert made.coordinator.until_cycle_s() == 7.0


def test_one_candidate_per_contract_with_all_its_reasons() -> None:
    made = connected()
    made.rows("Momentum", BOLT, ACME)
    made.rows("Volume pace", ACME, CORE)
    found = {each.local_symbol: each for each in made.coordinator.candidates()}
    assert set(found) == {"ACME", "BOLT", "CORE"}
    assert found["ACME"].scans == ("Volume pace #1", "Momentum #2")
    assert found["ACME"].score > found["BOLT"].score > found["CORE"].score
    assert all(each.state == "scan" and each.score <= 0.4 for each in found.values())
    assert len(made.coordinator.universe) == 3


def test_every_row_enters_the_universe_but_only_the_best_ask_for_25() -> None:
    made = connected()
    many = [stock(con_id) for con_id in range(1, 51)]
    made.rows("Momentum", *many)
    wishes = classes(made)
    assert len(made.coordinator.universe) == 50
    assert wishes["25"] == [contract.local_symbol for contract in many[:15]]  # 10 and some challengers
    assert set(wishes) == {"25"}, "the others are visited by the rotation"
    assert len(made.cover.members) == 50


def test_a_newcomer_of_a_push_may_be_visited_before_the_next_evaluation() -> None:
    made = connected()
    made.rows("Volume pace", ACME)
    made.rows("Volume pace", BOLT, ACME)
    assert {contract.local_symbol for contract in made.cover.members} == {"ACME", "BOLT"}
    assert made.cover.hints[BOLT.con_id] == 1.0


def test_a_halt_list_costs_no_line() -> None:
    made = connected()
    made.rows("Halted", ACME)
    made.rows("Momentum", BOLT)
    wishes = classes(made)
    assert wishes["25"] == ["BOLT"]
    assert 1 in made.coordinator.universe


def test_a_strong_breakout_asks_for_50_at_once() -> None:
    made = connected()
    made.warm(ACME, flat_history(100.0, made.now, minutes=90))
    made.rows("Momentum", BOLT, ACME)
    for second in range(140):
        made.second()
        made.tick(ACME, 99.9 + max(0, min(0.5, (second - 65) * 0.04)), 170.0 if second < 65 else 700.0)
    signal = made.signals[0]
    assert signal.score >= 0.7
    wishes = {d.contract.local_symbol: d for d in made.coordinator.demands() if d.line_class != "coverage"}
    assert wishes["ACME"].line_class == "50"
    assert wishes["ACME"].reason == f"breakout long {level_text(signal.level)}"
    first = made.coordinator.candidates()[0]
    assert (first.local_symbol, first.state) == ("ACME", "confirmed")
    kinds = [event.kind for event in made.coordinator.board.events if event.local_symbol == "ACME"]
    assert kinds == ["enter", "signal"]


def test_below_the_top_score_a_breakout_is_watched_by_visits() -> None:
    made = connected(params=BreakoutParams(top_score=1.0))
    made.warm(ACME, flat_history(100.0, made.now, minutes=90))
    made.rows("Momentum", BOLT, CORE, ACME)
    for second in range(140):
        made.second()
        made.tick(ACME, 99.9 + max(0, min(0.2, (second - 65) * 0.04)), 170.0 if second < 65 else 700.0)
    assert made.signals and made.signals[0].score < 1.0
    assert "ACME" not in classes(made).get("25", []) + classes(made).get("50", [])
    assert made.cover.watched == {ACME.con_id: Running(strong=False, rests=True)}


def test_positions_are_watched_without_asking_for_a_line_here() -> None:
    made = connected()
    made.keep(ACME)
    made.warm(ACME, flat_history(100.0, made.now, minutes=90))
    for _ in range(12):
        made.second()
        made.tick(ACME, 99.9, 170.0)
    assert [each.local_symbol for each in made.coordinator.candidates()] == ["ACME"]
    assert made.coordinator.demands() == []


def test_a_flickering_list_does_not_churn() -> None:
    made = connected()
    made.rows("Momentum", ACME, BOLT)
    for _ in range(130):
        made.second()
    made.rows("Momentum", ACME)
    for _ in range(65):
        made.second()
    assert [each.local_symbol for each in made.coordinator.candidates()] == ["ACME", "BOLT"]
    made.rows("Momentum", ACME, BOLT)
    for _ in range(65):
        made.second()
    assert [event.kind for event in made.coordinator.board.events] == ["enter", "enter"]
    made.rows("Momentum", ACME)
    for _ in range(300):
        made.second()
    assert [each.local_symbol for each in made.coordinator.candidates()] == ["ACME"]
    assert made.coordinator.board.events[-1].kind == "leave"
    assert made.coordinator.board.events[-1].local_symbol == "BOLT"
    assert 2 in made.coordinator.universe, "it stays in the universe of the day"


def test_200_takes_a_symbol_out_for_the_day_but_never_a_position() -> None:
    made = connected()
    made.keep(CORE)
    made.rows("Momentum", ACME, BOLT, CORE)
    made.coordinator.on_unknown_contract(1)
    made.coordinator.on_unknown_contract(3)
    made.rows("Volume pace", ACME, BOLT)
    assert 1 not in made.coordinator.universe and 3 in made.coordinator.universe
    assert "ACME" not in [each.local_symbol for each in made.coordinator.candidates()]
    made.clock.advance(86_400.0)
    made.rows("Momentum", ACME)
    made.second()
    assert 1 in made.coordinator.universe, "out for the day, never for longer"


def test_the_snapshot_is_whole() -> None:
    made = connected()
    made.rows("Momentum", ACME, BOLT)
    for _ in range(12):
        made.second()
    section = made.coordinator.snapshot()
    assert section.universe == 2 and section.results_market == 2
    assert section.warming_text.startswith("warming: history queued, 2 of 2")
    assert section.breakout_run_market is not None and section.market_run_market is not None
    assert [row[0] for row in section.heat_score] == ["ACME", "BOLT"]
    assert len(section.heat_times) == 1
    assert section.slots_used == 9
    assert len(section.scans) == 11


def test_why_answers_for_any_symbol() -> None:
    made = connected()
    assert "Not in the universe" in made.coordinator.why(99).text
    made.rows("Momentum", ACME)
    why = made.coordinator.why(1)
    assert why.long and why.short
    assert all(rule.passed is not True for rule in why.long if rule.name in ("Price above trigger", "Live price"))


def signal_at(at: float, state: str = "active") -> Signal:
    return Signal(
        f"1-long-{int(at)}", 1, "ACME", "long", at, at - 10, 100.0, "range", 100.4, 0.1, 0.8, (), "streaming", state
    )


def test_signals_of_today_come_back_after_a_restart_with_their_cool_down() -> None:
    made = connected()
    made.coordinator.restore([signal_at(made.now - 86_400.0), signal_at(made.now - 120.0)])
    section = made.coordinator.signals()
    assert [signal.state for signal in section.signals] == ["ended"]
    progress = made.coordinator.breakout.detector.tracker.progress(1, "long", made.now)
    assert progress.since_signal_s == 120.0


def test_scan_settings_change_the_dollar_floor() -> None:
    made = connected()
    made.coordinator.set_market(MarketScanSettings(avg_usd_volume_above=123))
    assert made.coordinator.breakout.floors.average_usd_volume == 123.0


def test_a_market_clock_that_is_set_back_starts_the_signals_over() -> None:
    made = connected()
    made.warm(ACME, flat_history(100.0, made.now, minutes=90))
    made.rows("Momentum", BOLT, ACME)
    for second in range(140):
        made.second()
        made.tick(ACME, 99.9 + max(0, min(0.5, (second - 65) * 0.04)), 170.0 if second < 65 else 700.0)
    assert made.coordinator.breakout.running(1) is not None
    assert "signal runs since" in made.coordinator.why(1).text
    made.clock.jump_wall(-3_600.0)
    made.second()
    assert made.coordinator.breakout.running(1) is None
    progress = made.coordinator.breakout.detector.tracker.progress(1, "long", made.now)
    assert progress.since_signal_s is None, "no cool-down from the future"


def test_no_signal_runs_over_night() -> None:
    made = connected()
    made.warm(ACME, flat_history(100.0, made.now, minutes=90))
    made.rows("Momentum", ACME)
    for second in range(140):
        made.second()
        made.tick(ACME, 99.9 + max(0, min(0.5, (second - 65) * 0.04)), 170.0 if second < 65 else 700.0)
    assert [signal.state for signal in made.signals] == ["active"]
    assert len(made.coordinator.signals().signals) == 1
    made.clock.advance(86_400.0)
    made.second()
    assert [signal.state for signal in made.signals] == ["active", "ended"]
    assert made.coordinator.signals().signals == ()
    assert made.coordinator.breakout.running(1) is None
