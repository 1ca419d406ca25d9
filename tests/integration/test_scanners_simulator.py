"""Bars and both scanners inside the whole engine, over TCP, on the simulator."""

from __future__ import annotations

import json

import pytest

from engine.clock import NEW_YORK, local_time
from engine.state.commands import OpenSymbol
from tests.integration.engine_bench import brisk_engine, running_simulator, wait_for

TSLA = 76792991
CUSTOM = {
    name: {"scan_code": code, "instrument": "STK", "location": "STK.US.MAJOR", "filters": [("priceAbove", "20")]}
    for name, code in (("Active", "MOST_ACTIVE"), ("Open gap", "HIGH_OPEN_GAP"))
}
SCANS = ("Momentum", "Since open", "Relative volume", "Trend break", "Volume pace", "Short side", "Halted", *CUSTOM)
MESSAGES_MAX = 45  # a second as the gateway counts them; 51 end the connection


@pytest.mark.thorough
def test_units_bars_and_results_on_the_simulator(tmp_path):
    units_bars_and_results("lots", tmp_path)


def units_bars_and_results(unit, folder):
    """Also by `--long scanners`, on a gateway that counts in shares."""
    with running_simulator("--fresh", "--volume-unit", unit) as gateway:
        with brisk_engine(
            gateway.port, folder, "simulated", market_scan__custom=CUSTOM, market_scan__enabled=SCANS
        ) as bench:
            wait_for(lambda: bench.is_connected, "connected")
            wait_for(lambda: bench.read("scan_parameters").day, "the gateway's list of scans and filters")
            scanners = wait_for(
                lambda: (s := bench.read("scanners")) and s.results_market >= 100 and s, "rows of the scans"
            )
            assert scanners.slots_used == 9
            words = "lots of 100 and 40" if unit == "lots" else "shares"
            wait_for(
                lambda: (h := bench.read("health")) and all(w.startswith(words) for w in h.volume_units.values()),
                f"all units known as {words}",
                40,
            )
            wait_for(lambda: bench.read("scanners").results_breakout >= 10, "symbols that are warm and judged", 60)
            lines = bench.read("lines")
            assert lines.used <= 50 and lines.by_class["25"] <= 10
            tsla = next(quote for quote in bench.read("quotes").quotes if quote.con_id == TSLA)
            assert 20_000_000 < tsla.avg_volume < 400_000_000, "in shares, whatever the gateway counts in"
            if unit == "lots":
                the_symbol_page_has_everything(bench)
        the_pace_held(gateway.ledger())


def the_pace_held(ledger):
    """Everything that a start asks for: positions, scans, custom scans, their document, history, lines, visits."""
    assert ledger["messages"]["24"] == 1, "the scanner parameters, once a day"
    assert ledger["messages"]["22"] >= len(SCANS)
    assert 20 <= ledger["worst_second"] <= MESSAGES_MAX
    assert ledger["pacing_violations"] == 0
    assert not {"100", "0"} & ledger["errors"].keys()


def the_symbol_page_has_everything(bench):
    bench.send(OpenSymbol("r1", TSLA, "page-1"))
    section = wait_for(
        lambda: (s := bench.read(f"symbol:{TSLA}")) and s.rel_volume_base != "SMA20" and s.daily and s.half_hours and s,
        "the symbol's bars, days and rules",
        40,
    )
    assert len(section.bars) > 300
    assert [bar.time for bar in section.bars] == sorted({bar.time for bar in section.bars})
    assert section.rel_volume_base == "19 sessions", "20 days, today being one of them"
    assert len({local_time(bar.time, NEW_YORK).date() for bar in section.half_hours}) >= 18, "for the longer charts"
    assert section.atr and section.vwap and section.level_long and section.level_short
    assert section.level_short < section.vwap * 1.05
    rules = {rule.name: rule for rule in section.rules}
    assert rules["Warm-up"].text == "34/34" and rules["Average volume"].passed is True
    assert section.why_text
    assert len(section.daily) > 200


def test_each_symbol_is_counted_in_its_own_lot_and_a_restart_knows_it(tmp_path):
    own_lot_of_each_symbol("lots", tmp_path)


def own_lot_of_each_symbol(unit, tmp_path):
    """Also by `--long scanners`, on a gateway whose history counts in shares."""
    with running_simulator("--fresh", "--volume-unit", unit) as gateway:
        with brisk_engine(gateway.port, tmp_path, "simulated") as bench:
            wait_for(lambda: volume_is_right(bench, gateway, TSLA), "TSLA's volume in shares by its lot of 40", 40)
            wait_for(lambda: kept_lot(tmp_path, TSLA) == 40.0, "the lot on disk")
            units = bench.engine.rooms.units
            assert units.history_factor(TSLA) == units.size_factor(TSLA) == (40.0 if unit == "lots" else 1.0)
        gateway.fault("error", next="history", code=162, text="HMDS query returned no data", count=1_000)
        with brisk_engine(gateway.port, tmp_path, "simulated") as bench:
            wait_for(lambda: volume_is_right(bench, gateway, TSLA), "the same again without any history", 10)


def volume_is_right(bench, gateway, con_id):
    quotes = bench.read("quotes")
    quote = next((each for each in quotes.quotes if each.con_id == con_id), None) if quotes is not None else None
    if quote is None or quote.volume is None:
        return False
    truth = gateway.call("GET", f"/quote?con_id={con_id}")["quote"]["volume"]
    assert quote.volume == pytest.approx(truth, rel=0.02)
    return True


def kept_lot(data_dir, con_id):
    files = list(data_dir.glob("*/bars/volume-units.json"))
    symbols = json.loads(files[0].read_bytes())["symbols"] if files else []
    return next((symbol[1] for symbol in symbols if symbol[0] == con_id), None)
