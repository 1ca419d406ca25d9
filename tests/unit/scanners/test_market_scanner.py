"""The MarketScanner's subscriptions: slots, states, refusals, evaluation every 60 s."""

from __future__ import annotations

import pytest

from engine.broker.port import RequestError, ScanRow, ScanRows
from engine.clock import FakeClock
from engine.config import MarketScanSettings
from engine.scanners.market import MarketScanner, ScanResult
from tests.unit.scanners.scanner_samples import OPEN, TEN, FakeBroker, stock

DEFAULT = [
    "Momentum",
    "Since open",
    "Relative volume",
    "52-week high",
    "Trend break",
    "Volume pace",
    "Short side",
    "Halted",
]
SMALLER = "Pace, smaller names"


class Bench:
    def __init__(self, settings: MarketScanSettings | None = None, at: float = TEN) -> None:
        self.clock = FakeClock(wall=at)
        self.broker = FakeBroker()
        self.results: list[ScanResult] = []
        self.scanner = MarketScanner(
            self.broker, settings or MarketScanSettings(), self.clock.mono, self.results.append
        )

    def connect(self) -> None:
        self.scanner.on_connected()
        self.step()

    def step(self, seconds: float = 0.0) -> None:
        self.clock.advance(seconds)
        self.scanner.step(self.clock.wall())

    def push(self, name: str, *con_ids: int) -> None:
        rows = tuple(ScanRow(rank, stock(con_id)) for rank, con_id in enumerate(con_ids))
        self.scanner.on_rows(ScanRows(self.broker.req_of(name), rows), self.clock.wall())

    def state(self, name: str) -> str:
        return self.entry(name).state

    def entry(self, name: str):
        return next(entry for entry in self.scanner.states(self.clock.wall()) if entry.name == name)

    def running(self) -> list[str]:
        return [spec.name for spec in self.broker.scans.values()]


def test_opens_the_default_presets_and_fills_the_ninth_slot_with_gap_up_in_the_morning() -> None:
    bench = Bench()
    assert bench.state("Momentum") == "queued"
    bench.connect()
    assert bench.running() == [*DEFAULT, "Gap up"]
    assert bench.scanner.slots_used == 9
    assert bench.state("Momentum") == "warming"
    assert bench.state("Active futures") == "off"


def test_gap_up_ends_at_half_past_ten_and_gives_its_slot_to_futures() -> None:
    bench = Bench()
    bench.connect()
    bench.step(OPEN + 3_600.0 - TEN)
    assert bench.state("Gap up") == "ended"
    assert "Active futures" in bench.running() and "Gap up" not in bench.running()
    assert bench.scanner.slots_used == 9


def half_past_ten(settings: MarketScanSettings | None = None) -> Bench:
    """The morning's scan is over: futures have the slot for their turn."""
    bench = Bench(settings, at=OPEN + 3_600.0)
    bench.connect()
    return bench


def filters(bench: Bench, name: str) -> dict[str, str]:
    return next(dict(each.filters) for each in bench.broker.scans.values() if each.name == name)


def test_futures_are_read_once_and_their_slot_then_looks_at_smaller_names() -> None:
    bench = half_past_ten()
    assert "Active futures" in bench.running() and SMALLER not in bench.running()
    bench.push("Active futures", 901, 902)
    bench.step(1)
    assert SMALLER in bench.running() and "Active futures" not in bench.running()
    assert bench.scanner.slots_used == 9
    entry = bench.entry("Active futures")
    assert (entry.state, entry.rows) == ("resting", 2) and "every 30 min" in entry.message
    assert "Active futures" in [result.preset.name for result in bench.scanner.results()]
    bench.step(1_800)
    assert "Active futures" in bench.running() and SMALLER not in bench.running()
    assert bench.entry("Active futures").rows == 2, "the old list stands until the new one is there"


def test_a_turn_without_an_answer_ends_after_a_minute() -> None:
    bench = half_past_ten()
    bench.step(59)
    assert "Active futures" in bench.running()
    bench.step(2)
    assert SMALLER in bench.running() and bench.state("Active futures") == "off"


def test_a_refused_turn_gives_the_slot_up_at_once() -> None:
    bench = half_past_ten()
    bench.scanner.on_error(RequestError(bench.broker.req_of("Active futures"), 162, "no permission"), TEN)
    bench.step(1)
    assert SMALLER in bench.running()


def test_a_lost_connection_gives_the_turn_again() -> None:
    bench = half_past_ten()
    bench.scanner.on_disconnected()
    bench.step(100)
    bench.connect()
    assert bench.running()[-1] == "Active futures"


def test_the_two_halves_of_the_volume_pace_share_no_name() -> None:
    bench = half_past_ten()
    assert filters(bench, "Volume pace")["avgVolumeAbove"] == "2500000", "not opened twice for one turn of the futures"
    bench.push("Active futures", 901)
    bench.step(1)
    assert filters(bench, SMALLER)["avgVolumeBelow"] == "2500000"
    assert filters(bench, SMALLER)["avgVolumeAbove"] == "500000"
    assert "above 2.5 M" in bench.entry("Volume pace").meaning


def test_the_volume_pace_sees_all_names_when_the_other_half_has_no_slot() -> None:
    bench = half_past_ten(MarketScanSettings(enabled=(*DEFAULT, "Active futures")))
    assert SMALLER not in bench.running()
    assert filters(bench, "Volume pace")["avgVolumeAbove"] == "500000"
    bench = half_past_ten(MarketScanSettings(avg_volume_above=3_000_000))
    bench.step(61)
    assert SMALLER not in bench.running(), "no name is smaller than the floor"
    assert filters(bench, "Volume pace")["avgVolumeAbove"] == "3000000"


def test_the_volume_pace_sees_all_names_again_when_the_other_half_is_refused() -> None:
    bench = half_past_ten()
    bench.push("Active futures", 901)
    bench.step(1)
    error = RequestError(bench.broker.req_of(SMALLER), 162, "filter not supported")
    bench.scanner.on_error(error, bench.clock.wall())
    bench.step(1)
    assert filters(bench, "Volume pace")["avgVolumeAbove"] == "500000"
    assert "M shares" not in bench.entry("Volume pace").meaning


def test_floors_and_etf_exclusion_are_in_every_stock_preset() -> None:
    bench = Bench(MarketScanSettings(price_above_usd=7.0))
    bench.connect()
    for spec in bench.broker.scans.values():
        tags = dict(spec.filters)
        assert spec.instrument == "STK" and spec.location.startswith("STK.")
        assert tags["priceAbove"] == "7"
        assert tags["avgVolumeAbove"] == "500000" and tags["avgUsdVolumeAbove"] == "5000000"
        assert tags["stkTypes"] == "exc:ETF"
        assert spec.rows == 50


def test_the_first_result_counts_at_once_later_ones_each_60_s() -> None:
    bench = Bench()
    bench.connect()
    bench.push("Momentum", 1, 2)
    assert [len(result.rows) for result in bench.results] == [2]
    bench.push("Momentum", 1, 2, 3)
    bench.step(30)
    assert len(bench.results) == 1
    bench.step(31)
    assert [len(result.rows) for result in bench.results] == [2, 3]
    bench.step(61)
    assert len(bench.results) == 2, "nothing new was pushed"
    entry = bench.entry("Momentum")
    assert (entry.state, entry.rows) == ("live", 3)


def test_an_empty_result_is_a_result() -> None:
    bench = Bench()
    bench.connect()
    error = RequestError(
        bench.broker.req_of("Halted"), 162, "Historical Market Data Service error message:no items retrieved"
    )
    assert bench.scanner.on_error(error, bench.clock.wall())
    assert bench.state("Halted") == "live" and bench.entry("Halted").rows == 0


def test_322_means_no_slot_and_is_tried_again_later() -> None:
    bench = Bench()
    bench.connect()
    text = "Error processing request.-'co' : cause - Only 10 simultaneous API scanner subscriptions are allowed."
    for name in ("Halted", "Gap up"):
        bench.scanner.on_error(RequestError(bench.broker.req_of(name), 322, text), bench.clock.wall())
    opened = len(bench.broker.scans)
    assert bench.state("Halted") == "refused" and "slot" in bench.entry("Halted").message
    bench.step(60)
    assert len(bench.broker.scans) == opened and bench.scanner.slots_used == 7
    bench.step(241)
    assert bench.scanner.slots_used == 8, "one more is tried every 5 minutes"
    bench.step(300)
    assert bench.scanner.slots_used == 9
    bench.step(300)
    assert bench.scanner.slots_used == 9


def test_a_reconnect_tries_all_slots_again_after_322() -> None:
    bench = Bench()
    bench.connect()
    for name in ("Halted", "Gap up"):
        bench.scanner.on_error(RequestError(bench.broker.req_of(name), 322, "no slot"), bench.clock.wall())
    bench.scanner.on_connected()
    bench.step(1)
    assert bench.scanner.slots_used == 9


def test_advisory_codes_change_nothing() -> None:
    bench = Bench()
    bench.connect()
    bench.scanner.on_error(RequestError(bench.broker.req_of("Momentum"), 492, "no subscription"), bench.clock.wall())
    assert bench.state("Momentum") == "warming" and bench.entry("Momentum").message == "no subscription"
    bench.push("Momentum", 1)
    assert bench.state("Momentum") == "live"


def test_a_refused_preset_says_why_and_does_not_storm() -> None:
    bench = Bench()
    bench.connect()
    req_id = bench.broker.req_of("Trend break")
    bench.scanner.on_error(
        RequestError(req_id, 162, "Scanner filter HIGH_LAST_VS_EMA50 is disabled"), bench.clock.wall()
    )
    assert bench.entry("Trend break").message == "Scanner filter HIGH_LAST_VS_EMA50 is disabled (code 162)"
    for _ in range(20):
        bench.step(1)
    assert sum(1 for spec in bench.broker.scans.values() if spec.name == "Trend break") == 1  # the dead one
    bench.step(300)
    assert bench.state("Trend break") == "warming"


def test_switching_a_preset_off_closes_its_subscription() -> None:
    bench = Bench()
    bench.connect()
    req_id = bench.broker.req_of("Momentum")
    bench.scanner.set_settings(MarketScanSettings(enabled=tuple(DEFAULT[1:])))
    bench.step(1)
    assert req_id in bench.broker.closed and "Momentum" not in bench.running()
    assert bench.state("Momentum") == "off"
    assert not bench.scanner.on_rows(ScanRows(req_id, ()), bench.clock.wall()), "late rows are nobody's"


def test_other_floors_open_every_stock_scan_anew() -> None:
    bench = Bench()
    bench.connect()
    bench.push("Momentum", 1)
    bench.scanner.set_settings(MarketScanSettings(price_above_usd=10.0))
    bench.step(1)
    assert len(bench.broker.closed) == 9
    assert {dict(spec.filters)["priceAbove"] for spec in bench.broker.scans.values()} == {"10"}


def test_a_reconnect_opens_everything_again() -> None:
    bench = Bench()
    bench.connect()
    bench.push("Momentum", 1)
    bench.scanner.on_disconnected()
    bench.step(5)
    assert bench.state("Momentum") == "queued" and bench.broker.closed == []
    bench.broker.scans.clear()
    bench.connect()
    assert len(bench.broker.scans) == 9


def test_a_silent_scan_is_opened_anew_after_three_minutes() -> None:
    bench = Bench()
    bench.connect()
    req_id = bench.broker.req_of("Momentum")
    bench.push("Halted")
    bench.step(181)
    assert req_id in bench.broker.closed
    assert bench.state("Momentum") == "warming"
    assert bench.state("Halted") == "live"


@pytest.mark.parametrize("rounds", [3])
def test_never_more_than_nine(rounds: int) -> None:
    every = tuple(DEFAULT) + ("Gap up", "Active futures")
    bench = Bench(MarketScanSettings(enabled=every))
    for _ in range(rounds):
        bench.connect()
        bench.step(10)
        assert bench.scanner.slots_used == 9
        bench.scanner.on_disconnected()
        bench.broker.scans.clear()


def test_data_lost_at_tws_opens_every_scan_anew_and_leaks_no_slot() -> None:
    bench = Bench()
    bench.connect()
    before = set(bench.broker.scans)
    bench.scanner.reopen()
    assert set(bench.broker.closed) == before
    bench.step(1)
    assert bench.scanner.slots_used == 9
    assert not before & (set(bench.broker.scans) - set(bench.broker.closed))
