"""Bars on disk in the whole engine: kept within seconds, read by other processes, and a restart asks for little."""

from __future__ import annotations

from pathlib import Path

from engine.bars.bar_files import list_symbols, read_daily, read_sessions
from tests.integration.engine_bench import EngineBench, running_engine, running_simulator, wait_for

TSLA = 76792991


def asked(bench: EngineBench) -> set[tuple[int, str]]:
    """The minute-bar requests of this run as (con_id, duration)."""
    assert bench.engine is not None
    sent = list(bench.engine.rooms.history._allowance.sent)
    return {(con_id, request.duration) for _, con_id, request in sent if request.bar_size == "1 min"}


def bars_folder(data_dir: Path) -> Path:
    return next(data_dir.glob("simulated-*")) / "bars"


def test_a_restart_has_its_bars_and_asks_only_for_the_time_since(tmp_path):
    with running_simulator("--fresh") as gateway:
        with running_engine(gateway.port, tmp_path, "simulated") as bench:
            wait_for(lambda: bench.is_connected, "connected")
            wait_for(lambda: read_sessions(bars_folder(tmp_path), TSLA), "the position's bars on disk", 30)
            assert (TSLA, "2 D") in asked(bench)
            wait_for(lambda: read_daily(bars_folder(tmp_path), TSLA), "its daily bars", 30)
        first = read_sessions(bars_folder(tmp_path), TSLA)
        assert [day.date for day in first] == [20251104, 20251105]
        assert len(first[0].bars.time) > 390 and first[1].close == first[1].open + 23_400.0
        future = next(s for s in list_symbols(bars_folder(tmp_path)) if s.contract.local_symbol == "NQZ5")
        with running_engine(gateway.port, tmp_path, "simulated") as bench:
            wait_for(lambda: bench.is_connected, "connected again")
            wait_for(lambda: asked(bench) & {(future.con_id, "600 S")}, "a short request for the future", 30)
            wait_for(lambda: len(bench.engine.rooms.bars.bars(TSLA)) > 390, "the position's bars in memory", 30)
            assert not bench.engine.rooms.bar_keeper.problem
        assert gateway.ledger()["pacing_violations"] == 0
