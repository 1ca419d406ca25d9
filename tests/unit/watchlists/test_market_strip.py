"""The market strip: which contract a name means, how many lines it may take, what it says of what is not found."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from engine.clock import FakeClock
from engine.domain import ContractRef
from engine.errors import BrokerUnavailable
from engine.watchlists.market_strip import ENTRIES_MAX, MarketStrip, front_month, lines_allowed, wanted_of
from tests.app.watchlist_desk import Broker

ESZ5 = ContractRef(4, "ES", "ESZ5", "FUT", "CME", "", multiplier=50.0, last_trade_date="20251219")
ESH6 = replace(ESZ5, con_id=5, local_symbol="ESH6", last_trade_date="20260320")
ES_STOCK = ContractRef(6, "ES", "ES", "STK", "SMART", "NYSE")
VIX = ContractRef(7, "VIX", "VIX", "IND", "CBOE")
VIX_FUTURE = ContractRef(8, "VIX", "VXZ5", "FUT", "CFE", "", last_trade_date="20251217")
DAX = ContractRef(9, "DAX", "DAX", "IND", "EUREX", "", "EUR")
SPY = ContractRef(10, "SPY", "SPY", "STK", "SMART", "ARCA")
WORLD = (ESH6, ESZ5, ES_STOCK, VIX, VIX_FUTURE, DAX, SPY)


class Bench:
    def __init__(self, *contracts: ContractRef) -> None:
        self.broker = Broker(*contracts)
        self.clock = FakeClock()
        self.today = "20251105"
        self.learned: list[ContractRef] = []
        is_connected = lambda: self.broker.is_connected  # noqa: E731
        self.strip = MarketStrip(self.broker, is_connected, self.clock, lambda: self.today, self.learned.extend)

    def look(self, text: str | None = None) -> dict[str, str]:
        """Name -> local symbol or problem, after one round."""
        if text is not None:
            self.strip.set_names(text)

        async def once() -> None:
            task = asyncio.get_running_loop().create_task(self.strip.run())
            for _ in range(40):
                await asyncio.sleep(0)
            task.cancel()

        asyncio.run(once())
        return {e.name: e.contract.local_symbol if e.contract else e.problem for e in self.strip.entries()}


def test_a_name_is_an_index_else_the_front_month_else_a_stock() -> None:
    bench = Bench(*WORLD)
    found = bench.look("ES, VIX, SPY")
    assert found == {"ES": "ESZ5", "VIX": "VIX", "SPY": "SPY"}
    assert [each.local_symbol for each in bench.learned] == ["ESZ5", "VIX", "SPY"]


def test_a_contract_may_be_described_to_the_end() -> None:
    found = Bench(*WORLD).look("DAX,IND,EUREX,EUR; ES,STK,SMART,USD; DES,ES,FUT,CME,202603; NOPE")
    assert found == {
        "DAX,IND,EUREX,EUR": "DAX",
        "ES,STK,SMART,USD": "ES",
        "DES,ES,FUT,CME,202603": "ESH6",
        "NOPE": "This gateway knows no such contract",
    }


def test_the_front_month_is_followed_when_it_has_ended() -> None:
    bench = Bench(*WORLD)
    bench.look("ES")
    bench.today = "20251220"
    assert bench.look()["ES"] == "ESZ5", "not asked again so soon"
    bench.clock.advance(3_601.0)
    assert bench.look()["ES"] == "ESH6"
    assert front_month([ESZ5, ESH6], "20260321") is None
    assert front_month([replace(ESZ5, exchange="QBALGO"), ESH6], "20251105") == ESH6


def test_what_was_not_found_is_asked_for_again_later_and_after_a_new_connection() -> None:
    bench = Bench()
    bench.look("VIX")
    bench.broker.contracts = WORLD
    asked = len(bench.broker.asked)
    bench.look()
    assert len(bench.broker.asked) == asked
    bench.strip.on_connected()
    assert bench.look() == {"VIX": "VIX"}


def test_without_a_broker_nothing_is_said_to_be_unknown() -> None:
    bench = Bench(*WORLD)
    bench.broker.is_connected = False
    assert bench.look("ES") == {"ES": ""}

    async def silent(contract: ContractRef, timeout_s: float = 15.0) -> list[ContractRef]:
        raise BrokerUnavailable("gone")

    bench.broker.is_connected, bench.broker.contract_info = True, silent  # type: ignore[assignment]
    assert bench.look() == {"ES": ""}


@pytest.mark.parametrize(("limit", "buffer", "lines"), [(50, 5, 5), (100, 5, 11), (12, 5, 0), (13, 5, 1), (3, 5, 0)])
def test_the_strip_takes_an_eighth_of_the_lines_at_most(limit: int, buffer: int, lines: int) -> None:
    assert lines_allowed(limit, buffer) == lines


def test_only_so_many_ask_for_lines_in_the_users_order() -> None:
    bench = Bench(*WORLD)
    bench.look("SPY, ES, VIX")
    demands = bench.strip.demands(2)
    assert [(d.contract.local_symbol, d.line_class, d.holder) for d in demands] == [
        ("SPY", "pinned", "market strip"),
        ("ESZ5", "pinned", "market strip"),
    ]
    bench.strip.set_names("VIX")
    assert [d.contract.local_symbol for d in bench.strip.demands(2)] == ["VIX"]
    assert len(wanted_of(", ".join("ABCDEFGHIJ"))) == ENTRIES_MAX and wanted_of("") == ()
