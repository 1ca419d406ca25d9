"""Watch-lists over TCP: pasted symbols are looked up at the gateway, in the universe at once, and leave it again."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

from engine.state.commands import EditWatchlist, ImportSymbols, KeepLevel
from engine.state.watchlist_sections import ImportReport, PriceLevel
from tests.integration.engine_bench import EngineBench, brisk_engine, running_simulator, wait_for

TEXT = """COLUMN,0
DES,ES,FUT,CME,202512,,,50
TSLA
NQZ5
NONESUCH
DES,X,BAG,SMART
"""


def report(bench: EngineBench) -> ImportReport | None:
    """The newest one, once it is over."""
    section = bench.read("watchlists")
    found = section.report if section is not None else None
    return found if found is not None and found.over_wall is not None else None


def ask(bench: EngineBench, command: Any) -> Any:
    bench.send(command)
    answer = wait_for(
        lambda: next((a for a in bench.read("answers").answers if a.request_id == command.request_id), None),
        f"the answer to {command}",
    )
    assert answer.ok, answer.text
    return answer


def covered(bench: EngineBench) -> dict[int, Any]:
    section = bench.read("coverage")
    return {row.con_id: row for row in section.rows} if section is not None else {}


def test_listed_symbols_are_in_the_universe_at_once_and_leave_it_again(tmp_path: Path) -> None:
    with running_simulator("--fresh", "--seed", "5") as simulator:
        with brisk_engine(simulator.port, tmp_path, mode="simulated") as bench:
            wait_for(lambda: bench.is_connected and covered(bench), "positions and scans fill the universe")
            ask(bench, EditWatchlist(uuid4().hex, "create", name="Mine"))
            ask(bench, ImportSymbols(uuid4().hex, 1, TEXT))
            found = wait_for(lambda: report(bench), "the report of the import")
            assert [(row.local_symbol or row.text, row.state) for row in found.rows] == [
                ("ESZ5", "taken"),
                ("TSLA", "taken"),
                ("NQZ5", "taken"),
                ("NONESUCH", "unknown"),
                ("DES,X,BAG,SMART", "refused"),
            ]
            listed = bench.read("watchlists").lists[0].contracts
            future = listed[0]
            assert future.exchange == "CME" and [each.local_symbol for each in listed] == ["ESZ5", "TSLA", "NQZ5"]
            wait_for(lambda: future.con_id in covered(bench), "the future is in the universe")
            wait_for(lambda: covered(bench)[future.con_id].last_visit_wall, "a spare line visits it")
            ask(bench, KeepLevel(uuid4().hex, future.con_id, 6_900.0, "high of the week"))
        with brisk_engine(simulator.port, tmp_path, mode="simulated") as bench:
            wait_for(lambda: bench.is_connected and future.con_id in covered(bench), "as it was, after a restart")
            noted = bench.read("watchlists").noted
            assert noted[0].levels == (PriceLevel(1, 6_900.0, "high of the week"),)
            ask(bench, EditWatchlist(uuid4().hex, "remove", 1, con_id=future.con_id))
            wait_for(lambda: future.con_id not in covered(bench), "it leaves with the list")
            ask(bench, EditWatchlist(uuid4().hex, "delete", 1))
            held = listed[1].con_id
            assert held in covered(bench), "a position stays, whatever the lists say"
        with brisk_engine(1, tmp_path / "elsewhere", mode="paper") as other:
            wait_for(lambda: other.read("watchlists"), "another folder's")
            assert other.read("watchlists").lists == ()
