"""Bars on disk in the whole engine: kept within seconds, read by other processes, and a restart asks for little."""

from __future__ import annotations

from pathlib import Path

from engine.bars.bar_files import list_symbols, read_daily, read_sessions
from engine.domain import ContractRef
from tests.integration.engine_bench import EngineBench, brisk_engine, running_simulator, wait_for

TSLA = 76792991


def asked(bench: EngineBench) -> set[tuple[int, str]]:
    """The minute-bar requests of this run as (con_id, duration)."""
    assert bench.engine is not None
    sent = list(bench.engine.rooms.history._allowance.sent)
    return {(con_id, request.duration) for _, con_id, request in sent if request.bar_size == "1 min"}


def bars_folder(data_dir: Path) -> Path:
    """Made once the account is known; until then nothing can be read there."""
    return next(data_dir.glob("simulated-*"), data_dir) / "bars"


def kept(data_dir: Path, local_symbol: str) -> ContractRef | None:
    """The contract whose bars of two sessions are on disk; None = not yet."""
    folder = bars_folder(data_dir)
    named = (symbol.contract for symbol in list_symbols(folder) if symbol.contract.local_symbol == local_symbol)
    return next((contract for contract in named if len(read_sessions(folder, contract.con_id)) > 1), None)


def test_a_restart_has_its_bars_and_asks_only_for_the_time_since(tmp_path):
    with running_simulator("--fresh") as gateway:
        with brisk_engine(gateway.port, tmp_path, "simulated") as bench:
            wait_for(lambda: bench.is_connected, "connected")
            wait_for(lambda: read_sessions(bars_folder(tmp_path), TSLA), "the position's bars on disk", 30)
            assert (TSLA, "2 D") in asked(bench)
            wait_for(lambda: read_daily(bars_folder(tmp_path), TSLA), "its daily bars", 30)
            wait_for(lambda: kept(tmp_path, "NQZ5"), "the future's bars", 30)
        first = read_sessions(bars_folder(tmp_path), TSLA)
        assert [day.date for day in first] == [20251104, 20251105]
        assert len(first[0].bars.time) > 390 and first[1].close == first[1].open + 23_400.0
        future = kept(tmp_path, "NQZ5")
        assert future is not None
        with brisk_engine(gateway.port, tmp_path, "simulated") as bench:
            wait_for(lambda: bench.is_connected, "connected again")
            wait_for(lambda: asked(bench) & {(future.con_id, "600 S")}, "a short request for the future", 30)
            wait_for(lambda: len(bench.engine.rooms.bars.bars(TSLA)) > 390, "the position's bars in memory", 30)
            assert not bench.engine.rooms.bar_keeper.problem
        assert gateway.ledger()["pacing_violations"] == 0
