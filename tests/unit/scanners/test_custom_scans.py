"""Custom scans: kept and run like presets, refused in words, taken back; and the gateway's list, fetched once a day."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from engine.clock import FakeClock
from engine.config import CustomScan, MarketScanSettings
from engine.errors import BrokerUnavailable, ConfigError
from engine.scanners.presets import catalogue, spec
from engine.scanners.scan_parameters import ScanParameterCache
from engine.state.commands import KeepScan
from simulator.scanner_xml import document
from tests.instantly import instantly
from tests.unit.scanners.test_market_scanner import Bench
from tests.unit.settings.test_sets import NOON, keeper_on

GAPS = KeepScan(
    "1", "Small gaps", "HIGH_OPEN_GAP", "STK", "STK.NASDAQ", (("priceAbove", "2"), ("openGapPercAbove", "4"))
)


def test_a_scan_is_kept_runs_and_comes_back_after_a_restart(tmp_path):
    keeper, journal, applied = keeper_on(tmp_path)
    assert "kept and on" in instantly(keeper.keep_scan(GAPS))
    assert applied[-1].config.market_scan.enabled[-1] == "Small gaps"
    assert [row.key for row in journal.rows] == ["scan:Small gaps"]
    again, journal, _ = keeper_on(tmp_path)
    assert again.settings.config.market_scan.custom["Small gaps"].filters == GAPS.filters
    instantly(again.delete_scan("Small gaps", "page"))
    assert again.settings.config.market_scan.custom == {}
    instantly(again.revert(journal.rows[0].id, "page"))
    assert again.settings.config.market_scan.custom["Small gaps"].location == "STK.NASDAQ"
    assert "Small gaps" in again.settings.config.market_scan.enabled


def test_taking_a_scan_back_leaves_what_was_switched_since(tmp_path):
    keeper, journal, _ = keeper_on(tmp_path)
    instantly(keeper.keep_scan(GAPS))
    kept = journal.rows[0].id
    running = keeper.settings.config.market_scan.enabled
    switched = [name for name in running if name != "Momentum"] + ["Most active"]
    instantly(keeper.change({"market_scan.enabled": switched}, "page"))
    toggled = journal.rows[0].id
    instantly(keeper.revert(kept, "page"))
    scans = keeper.settings.config.market_scan
    assert scans.custom == {} and list(scans.enabled) == [name for name in switched if name != "Small gaps"]
    instantly(keeper.revert(toggled, "page"))
    assert set(keeper.settings.config.market_scan.enabled) == set(running) - {"Small gaps"}


def test_without_a_free_slot_it_is_kept_but_off(tmp_path):
    keeper, _, _ = keeper_on(tmp_path)
    instantly(keeper.keep_scan(GAPS))
    other = KeepScan("2", "Other", "MOST_ACTIVE", "STK", "STK.US")
    assert "turn another scan off" in instantly(keeper.keep_scan(other))
    assert "Other" in keeper.settings.config.market_scan.custom
    assert "Other" not in keeper.settings.config.market_scan.enabled


def test_what_changed_is_said_and_journalled_under_the_clean_name(tmp_path):
    keeper, journal, _ = keeper_on(tmp_path)
    instantly(keeper.keep_scan(replace(GAPS, name="  Small   gaps ")))
    assert [row.key for row in journal.rows] == ["scan:Small gaps"]
    assert instantly(keeper.keep_scan(GAPS)) == "Small gaps is unchanged and runs on."
    assert len(journal.rows) == 1
    said = instantly(keeper.keep_scan(replace(GAPS, scan_code="TOP_PERC_GAIN", filters=())))
    assert said == "Small gaps is changed (scan code, filters) and opened anew."
    off = [name for name in keeper.settings.config.market_scan.enabled if name != "Small gaps"]
    instantly(keeper.change({"market_scan.enabled": off}, "page"))
    assert instantly(keeper.keep_scan(replace(GAPS, side="short"))).startswith(
        "Small gaps is changed (scan code, filters, side) and on"
    )


@pytest.mark.parametrize(("at", "is_on"), [(NOON, True), (NOON - 2.5 * 3_600.0, False)])
def test_what_is_over_for_today_takes_no_slot(tmp_path, at, is_on):
    keeper, _, _ = keeper_on(tmp_path, at=at)
    enabled = keeper.settings.config.market_scan.enabled
    instantly(keeper.change({"market_scan.enabled": [*enabled, "Gap up"]}, "page"))
    said = instantly(keeper.keep_scan(GAPS))
    assert ("Small gaps" in keeper.settings.config.market_scan.enabled) is is_on
    assert ("All 9 slots are taken" in said) is not is_on


@pytest.mark.parametrize(
    ("scan", "said"),
    [
        (KeepScan("1", "momentum", "X", "STK", "STK.US"), "is a preset"),
        (KeepScan("1", " ", "X", "STK", "STK.US"), "1 to 24"),
        (KeepScan("1", "a #1", "X", "STK", "STK.US"), "none of them #"),
        (KeepScan("1", "a", "bad code!", "STK", "STK.US"), "scan_code"),
        (KeepScan("1", "a", "X", "STK", "STK.US", (("priceAbove", "<1>"),)), "filters"),
        (KeepScan("1", "a", "X", "STK", "STK.US", (("priceAbove", "1"), ("priceAbove", "2"))), "set twice"),
    ],
)
def test_what_no_gateway_could_take_is_refused(tmp_path, scan, said):
    keeper, journal, applied = keeper_on(tmp_path)
    with pytest.raises(ConfigError, match=said):
        instantly(keeper.keep_scan(scan))
    assert (journal.rows, applied) == ([], [])
    with pytest.raises(ConfigError, match="no custom scan"):
        instantly(keeper.delete_scan("Nothing", "page"))


def settings_with(**scans: CustomScan) -> MarketScanSettings:
    return MarketScanSettings(custom=dict(scans), enabled=("Momentum", *scans))


def test_the_floors_hold_unless_a_filter_has_the_same_tag():
    settings = settings_with(Cheap=CustomScan(scan_code="MOST_ACTIVE", filters=(("priceAbove", "1"),)))
    filters = spec(catalogue(settings)[-1], settings).filters
    assert dict(filters) == {
        "priceAbove": "1",
        "avgVolumeAbove": "500000",
        "avgUsdVolumeAbove": "5000000",
        "stkTypes": "exc:ETF",
    }
    futures = CustomScan(scan_code="HOT_BY_VOLUME", instrument="FUT.US", location="FUT.US")
    settings = settings_with(Futures=futures)
    assert spec(catalogue(settings)[-1], settings).filters == ()


def test_the_scanner_opens_changes_and_closes_it():
    bench = Bench()
    bench.connect()
    assert bench.scanner.slots_used == 9
    one = settings_with(Mine=CustomScan(scan_code="MOST_ACTIVE"))
    bench.scanner.set_settings(one)
    bench.step(1.0)
    assert "Mine" in bench.running() and bench.scanner.slots_used <= 9
    bench.push("Mine", 5, 6)
    assert bench.entry("Mine").custom and bench.state("Mine") == "live"
    assert bench.results[-1].preset.name == "Mine"
    bench.scanner.set_settings(settings_with(Mine=CustomScan(scan_code="TOP_TRADE_COUNT")))
    bench.step(1.0)
    assert [each.scan_code for each in bench.broker.scans.values() if each.name == "Mine"] == ["TOP_TRADE_COUNT"]
    assert bench.state("Mine") == "warming"
    bench.scanner.set_settings(MarketScanSettings())
    bench.step(1.0)
    assert "Mine" not in bench.running()
    assert all(each.name != "Mine" for each in bench.scanner.states(0.0))


class Gateway:
    def __init__(self) -> None:
        self.asked = 0
        self.fails = False

    async def scanner_parameters(self, timeout_s: float = 30.0) -> str:
        self.asked += 1
        if self.fails:
            raise BrokerUnavailable("no answer within 30 s")
        return document()


def test_the_gateways_list_is_fetched_once_a_day_and_kept_on_disk(tmp_path):
    clock, gateway, path = FakeClock(wall=1_762_369_980.0), Gateway(), tmp_path / "scan-parameters.json"
    connected = [False]

    def desk():
        return ScanParameterCache(gateway, lambda: connected[0], path, clock, clock.wall)

    first = desk()
    asyncio.run(first.step())
    assert gateway.asked == 0 and "comes with the connection" in first.section.message
    connected[0] = True
    asyncio.run(first.step())
    asyncio.run(first.step())
    assert gateway.asked == 1 and first.section.day == "20251105" and not first.section.message
    restarted = desk()
    asyncio.run(restarted.step())
    assert gateway.asked == 1 and restarted.section == first.section
    path.write_text("{", encoding="utf-8")
    damaged = desk()
    asyncio.run(damaged.step())
    assert gateway.asked == 2 and damaged.section == first.section
    clock.advance(86_400.0)
    gateway.fails = True
    asyncio.run(damaged.step())
    assert gateway.asked == 3 and damaged.section == first.section, "yesterday's list is better than none"
    asyncio.run(damaged.step())
    assert gateway.asked == 3
    clock.advance(601.0)
    gateway.fails = False
    asyncio.run(damaged.step())
    assert damaged.section.day == "20251106"
