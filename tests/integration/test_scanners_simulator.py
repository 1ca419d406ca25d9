"""Bars and both scanners inside the whole engine, over TCP, on the simulator."""

from __future__ import annotations

import pytest

from engine.state.commands import KeepScan, OpenSymbol, RunAudit, UseThresholdSet, WhyNot
from tests.integration.engine_bench import running_engine, running_simulator, wait_for

TSLA = 76792991


@pytest.mark.parametrize("unit", ["lots", "shares"])
def test_units_bars_and_results_on_the_simulator(unit, tmp_path):
    with running_simulator("--fresh", "--volume-unit", unit) as gateway:
        with running_engine(gateway.port, tmp_path, "simulated") as bench:
            wait_for(lambda: bench.is_connected, "connected")
            scanners = wait_for(
                lambda: (s := bench.read("scanners")) and s.results_market >= 100 and s, "rows of the scans"
            )
            assert scanners.slots_used == 9
            words = "lots of 100" if unit == "lots" else "shares"
            wait_for(
                lambda: (h := bench.read("health")) and h.volume_units == {"ticks": words, "history": words},
                f"both units known as {words}",
                40,
            )
            wait_for(lambda: bench.read("scanners").results_breakout >= 10, "symbols that are warm and judged", 60)
            lines = bench.read("lines")
            assert lines.used <= 50 and lines.by_class["25"] <= 10
            tsla = next(quote for quote in bench.read("quotes").quotes if quote.con_id == TSLA)
            assert 20_000_000 < tsla.avg_volume < 400_000_000, "in shares, whatever the gateway counts in"
            if unit == "lots":
                the_symbol_page_has_everything(bench)
        assert gateway.ledger()["pacing_violations"] == 0


def the_symbol_page_has_everything(bench):
    bench.send(OpenSymbol("r1", TSLA, "page-1"))
    section = wait_for(
        lambda: (s := bench.read(f"symbol:{TSLA}")) and s.rel_volume is not None and s.daily and s,
        "the symbol's bars, days and rules",
        40,
    )
    assert len(section.bars) > 300
    assert [bar.time for bar in section.bars] == sorted({bar.time for bar in section.bars})
    assert section.rel_volume_base == "19 sessions", "20 days, today being one of them"
    assert section.atr and section.vwap and section.level_long and section.level_short
    assert section.level_short < section.vwap * 1.05
    rules = {rule.name: rule for rule in section.rules}
    assert rules["Warm-up"].text == "34/34" and rules["Average volume"].passed is True
    assert section.why_text
    assert len(section.daily) > 200


def answer_of(bench, request_id):
    return wait_for(
        lambda: next((a for a in bench.read("answers").answers if a.request_id == request_id), None), request_id
    )


def test_sets_custom_scans_audit_and_inspector_in_the_whole_engine(tmp_path):
    with running_simulator("--fresh") as gateway:
        with running_engine(gateway.port, tmp_path, "simulated") as bench:
            wait_for(lambda: bench.is_connected, "connected")
            parameters = wait_for(lambda: (p := bench.read("scan_parameters")) and p.day and p, "the gateway's list")
            assert any(each.tag == "openGapPercAbove" for each in parameters.parameters.filters)
            bench.send(UseThresholdSet("r1", "shadow", "Loose"))
            bench.send(KeepScan("r2", "Active", "MOST_ACTIVE", "STK", "STK.US.MAJOR", (("priceAbove", "20"),)))
            assert answer_of(bench, "r1").text == "Loose runs in the shadow."
            assert answer_of(bench, "r2").ok
            wait_for(lambda: state_of(bench, "Active") == "live", "the custom scan's rows")
            bad = KeepScan("r3", "Nowhere", "MOST_ACTIVE", "STK", "FUT.US")
            bench.send(UseThresholdSet("r4", "load", "Strict"))
            bench.send(bad)
            assert "off" in answer_of(bench, "r3").text, "nine run already: kept, not on"
            bench.send(WhyNot("r5", "tsla"))
            why = answer_of(bench, "r5").value
            assert why["con"] == TSLA and len(why["long"]) == 12 and why["line"]
            scores = wait_for(lambda: (s := bench.read("scores")) and s.shadow and s, "the shadow's report")
            assert scores.shadow.name == "Loose"
            bench.send(RunAudit("r6"))
            audit = wait_for(
                lambda: (s := bench.read("scores")) and s.audit and not s.audit.running and s.audit, "the audit", 30
            )
            assert audit.done == audit.symbols > 100
            assert bench.read("scanners").longest_slice_ms < 50.0
            assert bench.read("settings").changes[-1].key == "sets.shadow"
        assert gateway.ledger()["pacing_violations"] == 0


def state_of(bench, name):
    return next((scan.state for scan in bench.read("scanners").scans if scan.name == name), "not there")
