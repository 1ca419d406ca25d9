"""Which contract a line means, what is asked of the broker for it, and what is kept of an import."""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from engine.clock import SystemClock
from engine.contracts.symbols import SymbolIndex, name_key
from engine.domain import ContractRef
from engine.errors import BrokerUnavailable, QTradeError
from engine.state.commands import DropLevel, EditWatchlist, ImportSymbols, KeepLevel, KeepNote
from engine.watchlists.importing import Wanted, read
from engine.watchlists.keeper import WatchlistKeeper, file_name
from engine.watchlists.lookup import Lookup
from engine.watchlists.matching import match
from tests.app.watchlist_desk import Broker

AAPL = ContractRef(1, "AAPL", "AAPL", "STK", "SMART", "NASDAQ")
SAP = ContractRef(2, "SAP", "SAP", "STK", "SMART", "NYSE")
SAP_IBIS = ContractRef(3, "SAP", "SAP", "STK", "SMART", "IBIS", "EUR")
ESZ5 = ContractRef(4, "ES", "ESZ5", "FUT", "CME", "", multiplier=50.0, last_trade_date="20251219")
ESH6 = replace(ESZ5, con_id=5, local_symbol="ESH6", last_trade_date="20260320")
BRK = ContractRef(6, "BRK B", "BRK B", "STK", "SMART", "NYSE")
VOW = ContractRef(7, "VOW", "VOW", "STK", "SMART", "IBIS", "EUR")
VOW_L = ContractRef(8, "VOW", "0P6N", "STK", "SMART", "LSE", "GBP")


def on_a_loop(test: Callable[[Path], Coroutine[Any, Any, None]]) -> Callable[[Path], None]:
    """Each test has a loop of its own."""

    @functools.wraps(test)
    def run(tmp_path: Path) -> None:
        asyncio.run(test(tmp_path))

    return run


class Room:
    def __init__(self, tmp_path: Path, *contracts: ContractRef, known: tuple[ContractRef, ...] = ()) -> None:
        self.broker = Broker(*contracts)
        self.names = SymbolIndex()
        self.names.learn(known)
        self.told = 0
        self.file = tmp_path / file_name("simulated")
        self.keeper = self._keeper()

    def _keeper(self) -> WatchlistKeeper:
        lookup = Lookup(self.names, self.broker, lambda: self.broker.is_connected, name_key)
        keeper = WatchlistKeeper(lookup, SystemClock(), self.names.contract, self._count)
        keeper.attach(self.file)
        return keeper

    def _count(self) -> None:
        self.told += 1

    def again(self) -> WatchlistKeeper:
        """As the next start finds it."""
        return self._keeper()

    async def imported(self, text: str) -> dict[str, str]:
        """Text of each line -> what became of it."""
        if not self.keeper.lists:
            await self.keeper.edit(EditWatchlist("a", "create", name="Mine"))
        await self.keeper.import_(ImportSymbols("b", 1, text))
        assert self.keeper._under_way is not None
        await self.keeper._under_way
        report = self.keeper.section().report
        assert report is not None and report.over_wall is not None and report.done == report.total == len(report.rows)
        return {row.text: row.state for row in report.rows}

    @property
    def names_listed(self) -> list[str]:
        return [contract.local_symbol for contract in self.keeper.lists[0].contracts]


@pytest.mark.parametrize(
    ("text", "known", "meant"),
    [
        ("SAP", (SAP_IBIS, SAP), SAP),  # a plain name is the US stock's
        ("SAP,STK,SMART,EUR", (SAP, SAP_IBIS), SAP_IBIS),
        ("SYM,SAP,IBIS", (SAP, SAP_IBIS), SAP_IBIS),
        ("DES,SAP,STK,SMART/IBIS", (SAP, SAP_IBIS), SAP),  # US first: what TWS writes behind the slash may be untrue
        ("DES,ES,FUT,CME,202512", (ESZ5, ESH6), ESZ5),
        ("ESH6", (ESH6,), ESH6),
        ("DES,ES,FUT,CBOT,202512", (ESZ5, ESH6), None),
        ("VOW,STK,LSE,GBP", (VOW, VOW_L), VOW_L),
    ],
)
def test_a_line_means_the_contract_that_it_describes(
    text: str, known: tuple[ContractRef, ...], meant: ContractRef | None
) -> None:
    assert match(read(text).wanted[0], known).contract == meant


def test_several_that_fit_are_told_apart_in_words() -> None:
    futures = match(Wanted(1, "ES", symbol="ES", sec_type="FUT"), (ESZ5, ESH6))
    assert futures.contract is None and futures.choices == (ESZ5, ESH6)
    assert "differ in expiry" in futures.how and "202512" in futures.how
    shares = match(Wanted(1, "VOW", symbol="VOW"), (VOW, VOW_L, VOW))
    assert len(shares.choices) == 2 and "currency" in shares.how and "exchange" in shares.how


@on_a_loop
async def test_what_is_known_here_is_not_asked_for(tmp_path: Path) -> None:
    room = Room(tmp_path, AAPL, known=(AAPL, ESZ5))
    assert await room.imported("AAPL\nESZ5") == {"AAPL": "taken", "ESZ5": "taken"}
    assert room.broker.asked == []
    assert room.names_listed == ["AAPL", "ESZ5"]


@on_a_loop
async def test_the_report_says_of_each_line_what_became_of_it(tmp_path: Path) -> None:
    room = Room(tmp_path, AAPL, SAP, SAP_IBIS, ESZ5, ESH6, BRK, VOW, VOW_L)
    text = "brk.b\nAAPL\nDES,ES,FUT,CME\nVOW\nNONESUCH\nDES,X,THING\nCON,1"
    assert await room.imported(text) == {
        "brk.b": "taken",
        "AAPL": "taken",
        "DES,ES,FUT,CME": "ambiguous",
        "VOW": "ambiguous",
        "NONESUCH": "unknown",
        "DES,X,THING": "refused",
        "CON,1": "known",
    }
    assert room.names_listed == ["BRK B", "AAPL"]
    assert await room.imported("AAPL\nCON,4") == {"AAPL": "known", "CON,4": "taken"}
    assert room.names_listed == ["BRK B", "AAPL", "ESZ5"], "what was there keeps its place"
    assert room.keeper.contracts()[2].exchange == "CME"


@on_a_loop
async def test_without_a_broker_only_what_is_known_is_taken(tmp_path: Path) -> None:
    room = Room(tmp_path, AAPL, BRK, known=(AAPL,))
    room.broker.is_connected = False
    assert await room.imported("AAPL\nBRK B\nCON,6") == {"AAPL": "taken", "BRK B": "unknown", "CON,6": "unknown"}
    report = room.keeper.section().report
    assert report is not None and "not connected" in report.rows[1].detail


@on_a_loop
async def test_a_broker_that_falls_silent_is_said_and_the_rest_is_taken(tmp_path: Path) -> None:
    room = Room(tmp_path, AAPL, known=(AAPL,))

    async def silent(pattern: str, timeout_s: float = 10.0) -> list[ContractRef]:
        raise BrokerUnavailable("gone")

    room.broker.search = silent  # type: ignore[method-assign]
    assert await room.imported("NOPE\nAAPL") == {"NOPE": "unknown", "AAPL": "taken"}


@on_a_loop
async def test_everything_is_there_after_a_restart_and_a_damaged_file_has_a_copy(tmp_path: Path) -> None:
    room = Room(tmp_path, AAPL, known=(AAPL,))
    await room.imported("AAPL")
    await room.keeper.note(KeepNote("c", 1, "mind the gap"))
    await room.keeper.level(KeepLevel("d", 1, 240.5, "high"))
    kept = room.again()
    assert kept.lists == room.keeper.lists and kept.noted == room.keeper.noted
    room.file.write_text("{broken", encoding="utf-8")
    assert room.again().lists == room.keeper.lists
    await kept.drop_level(DropLevel("e", 1, 1))
    await kept.note(KeepNote("f", 1, ""))
    assert json.loads(room.file.read_bytes())["noted"] == []


@on_a_loop
async def test_what_the_disk_refuses_is_not_in_force(tmp_path: Path) -> None:
    room = Room(tmp_path, AAPL, known=(AAPL,))
    await room.imported("AAPL")

    async def full(work: object) -> None:
        raise OSError(28, "No space left on device")

    room.keeper._run = full
    with pytest.raises(QTradeError, match="No space left"):
        await room.keeper.edit(EditWatchlist("g", "delete", 1))
    assert room.names_listed == ["AAPL"]
    await room.keeper.import_(ImportSymbols("h", 1, "CON,1\nAAPL,STK,SMART,USD"))
    assert room.keeper._under_way is not None
    await room.keeper._under_way  # nothing new: nothing to write


@on_a_loop
async def test_one_import_at_a_time_and_edits_go_on_meanwhile(tmp_path: Path) -> None:
    room = Room(tmp_path, AAPL, BRK)
    await room.keeper.edit(EditWatchlist("a", "create", name="Mine"))
    await room.keeper.import_(ImportSymbols("b", 1, "AAPL"))
    with pytest.raises(QTradeError, match="under way"):
        await room.keeper.import_(ImportSymbols("c", 1, "BRK B"))
    assert "BRK B is in" in await room.keeper.edit(EditWatchlist("d", "add", 1, con_id=6))
    assert room.keeper._under_way is not None
    await asyncio.wait_for(room.keeper._under_way, 5.0)
    assert sorted(room.names_listed) == ["AAPL", "BRK B"]
    with pytest.raises(QTradeError, match="knows no contract"):
        await room.keeper.edit(EditWatchlist("e", "add", 1, con_id=99))
    with pytest.raises(QTradeError, match="no symbol in it"):
        await room.keeper.import_(ImportSymbols("f", 1, " \n,,"))


@on_a_loop
async def test_a_renamed_contract_is_shown_by_its_new_name(tmp_path: Path) -> None:
    room = Room(tmp_path, AAPL, known=(AAPL,))
    await room.imported("AAPL")
    await room.keeper.note(KeepNote("c", 1, "mind the gap"))
    room.keeper.rename(replace(AAPL, symbol="APPL", local_symbol="APPL"))
    assert room.names_listed == ["APPL"] and room.keeper.noted[0].local_symbol == "APPL"
