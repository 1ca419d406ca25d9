"""Named sets, a custom scan, the audit and the inspector inside the whole engine, over TCP: run by `scanners.py`."""

from __future__ import annotations

from engine.state.commands import KeepScan, RunAudit, UseThresholdSet, WhyNot
from tests.integration.engine_bench import running_engine, running_simulator, wait_for
from tests.integration.test_scanners_simulator import own_lot_of_each_symbol, units_bars_and_results

TSLA = 76792991


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
            assert audit.symbols > 100 and not audit.problem
            assert bench.read("scanners").longest_slice_ms < 50.0
            assert bench.read("settings").changes[-1].key == "sets.shadow"
        ledger = gateway.ledger()
        assert ledger["pacing_violations"] == 0 and ledger["worst_second"] <= 45 and "100" not in ledger["errors"]


def test_units_bars_and_results_of_a_gateway_that_counts_in_shares(tmp_path):
    units_bars_and_results("shares", tmp_path)


def test_each_symbol_in_its_own_lot_where_history_counts_in_shares(tmp_path):
    own_lot_of_each_symbol("mixed", tmp_path)


def state_of(bench, name):
    return next((scan.state for scan in bench.read("scanners").scans if scan.name == name), "not there")
