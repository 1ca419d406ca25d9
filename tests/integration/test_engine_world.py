"""The engine on an advisor's login with a position of every kind, against the gateway's own book."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app import api_views
from app.snapshots import Snapshots
from engine.state.commands import ChangeChannel, Command, KeepChannel, KeepRule, OpenSymbol
from simulator.world.kinds import KINDS
from tests.integration.book_check import Comparison
from tests.integration.engine_bench import EngineBench, SimulatorRun, running_engine, running_simulator, wait_for
from tests.integration.receivers import Hook

FIRST, SECOND = "DU1234567", "DU1234568"
READY_S = 60.0
HOLD_S = 20.0
CON_ID = {name: kind.instrument.con_id for name, kind in KINDS.items()}


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorRun]:
    options = ("--portfolio", "world", "--accounts", "3", "--seed", "4", "--fresh", "--account-interval", "2")
    with running_simulator(*options) as run:
        yield run


@pytest.fixture(scope="module")
def bench(simulator: SimulatorRun, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineBench]:
    folder: Path = tmp_path_factory.mktemp("world")
    with running_engine(simulator.port, folder, mode="simulated") as running:
        wait_for(lambda: is_ready(running), "every position has its mark", READY_S)
        yield running


def section(bench: EngineBench) -> Any:
    return bench.read("positions_all") or bench.read("positions")


def is_ready(bench: EngineBench) -> bool:
    rows = section(bench)
    return rows is not None and len(rows.tradable) == 26 and all(row.mark is not None for row in rows.tradable)


def differences(bench: EngineBench, book: dict[str, Any]) -> list[str]:
    rows = section(bench)
    status = {
        "account": api_views.account(rows.account),
        "accounts": [api_views.account(each) for each in rows.accounts],
    }
    return Comparison(book, api_views.positions(Snapshots("alive", time.time()), rows), status).broken


def held_and_equal(bench: EngineBench, simulator: SimulatorRun) -> dict[str, Any]:
    """Holds the market until both books agree; the book that they agree on."""
    book: dict[str, Any] = simulator.call("POST", "/hold", {"seconds": HOLD_S})
    end = time.monotonic() + HOLD_S - 2.0
    while (broken := differences(bench, book)) and time.monotonic() < end:
        threading.Event().wait(0.2)
    simulator.call("POST", "/release", {})
    assert broken == []
    return book


def trade(simulator: SimulatorRun, name: str, shares: str, account: str = SECOND, **more: object) -> list[str]:
    body = {"account": account, "con_id": CON_ID[name], "shares": shares, **more}
    return list(simulator.call("POST", "/trade", body)["exec_ids"])


def row_of(bench: EngineBench, account: str, name: str) -> Any:
    return next(row for row in section(bench).tradable if (row.account, row.con_id) == (account, CON_ID[name]))


def test_every_kind_is_worth_what_the_broker_says(bench: EngineBench, simulator: SimulatorRun) -> None:
    book = held_and_equal(bench, simulator)
    kinds = {row["sec_type"] for row in book["accounts"][1]["positions"]}
    assert len(kinds) == 11
    filtered = {row.local_symbol: row.kind for row in section(bench).filtered}
    assert filtered == {
        "INTC  251017C00045000": "expired",
        "CLV5": "expired",
        "SPX_COMB": "combination",
        "INTC.SLB": "lent",
    }
    assert {row_of(bench, FIRST, name).unit for name in ("ZWZ5", "LEZ5")} == {"c"}
    assert row_of(bench, FIRST, "VOD").unit == "p" and row_of(bench, SECOND, "VOD").currency == "GBP"


HAND = {  # quote at which it stands, result in the contract's currency
    "ZWZ5": (448.25, -200.00),
    "VOD": (71.84, -6.60),
    "VODn": (0.7184, -6.60),  # where its share stands
    "6JZ5": (0.0065435, 208.62),
    "WCCZ5": (-4.00, 2550.00),
    "BTC.USD": (100_000.0, 193.57),
    "IBM 3.5 05/15/29": (97.85, -68.00),
    "AAPL  251219C00300000": (1.00, -3800.00),
}


def test_results_by_hand(bench: EngineBench, simulator: SimulatorRun) -> None:
    pinned = [name for name in HAND if name != "VODn"]
    for name in pinned:
        simulator.call("POST", "/pin", {"con_id": CON_ID[name], "price": HAND[name][0]})

    def shown() -> dict[str, tuple[float, float]]:
        rows = {name: row_of(bench, FIRST, name) for name in HAND}
        return {name: (row.mark, round(row.unrealized_pnl, 2)) for name, row in rows.items()}

    wait_for(lambda: {name: mark for name, (mark, _) in shown().items()} == {n: q for n, (q, _) in HAND.items()},
             "every mark stands at its pin")  # fmt: skip
    assert shown() == HAND
    for name in pinned:
        simulator.call("POST", "/pin", {"con_id": CON_ID[name], "price": None})


def test_a_level_that_is_reached_is_told_by_hook(bench: EngineBench, simulator: SimulatorRun) -> None:
    """From the page's command to the message, through the engine's own desk, journal and threads."""
    hook, name = Hook(), "ZWZ5"

    def ask(command: Command) -> None:
        bench.send(command)
        answers = lambda: {each.request_id: each for each in bench.read("answers").answers}  # noqa: E731
        wait_for(lambda: command.request_id in answers(), "an answer")
        assert answers()[command.request_id].ok, answers()[command.request_id].text

    try:
        simulator.call("POST", "/pin", {"con_id": CON_ID[name], "price": 448.25})
        wait_for(lambda: row_of(bench, FIRST, name).mark == 448.25, "the pin")
        ask(KeepChannel("1" * 32, "hook", f"json://127.0.0.1:{hook.port}/secret"))
        ask(ChangeChannel("2" * 32, "hook", "test"))
        values = {"symbol": CON_ID[name], "side": "up", "level": 455.0, "often": "once"}
        ask(KeepRule("3" * 32, 0, "price", values, ("hook",), severity="urgent"))
        wait_for(lambda: bench.read("alerts").rules[0].rule.memory, "the first look at the price")
        simulator.call("POST", "/pin", {"con_id": CON_ID[name], "price": 460.0})
        wait_for(lambda: len(hook.posts) == 2, "the message")
        assert hook.posts[1]["title"] == "Urgent: ZWZ5 at 455.00"
        assert not bench.read("alerts").rules[0].rule.enabled, "told once, and done"
    finally:
        simulator.call("POST", "/pin", {"con_id": CON_ID[name], "price": None})
        hook.stop()


def test_odd_fills_end_in_the_same_book(bench: EngineBench, simulator: SimulatorRun) -> None:
    (first,) = trade(simulator, "ZWZ5", "1", price="450")
    simulator.call("POST", "/correct", {"account": SECOND, "exec_id": first, "price": "450.50"})
    trade(simulator, "EUR.USD", "5000", kind="commission_first")
    trade(simulator, "VOD", "-250", kind="commission_pending")
    trade(simulator, "6JZ5", "-1", FIRST, kind="unknown_zone")
    trade(simulator, "WCCZ5", "-2", FIRST, kind="utc_time")
    trade(simulator, "AAPL  251219C00240000", "1", FIRST, kind="combination")
    trade(simulator, "VOD", "100", FIRST, kind="allocation")
    trade(simulator, "BTC.USD", "0.01", FIRST, kind="abbreviated_zone")
    trade(simulator, "AAPL  251219C00300000", "-4", FIRST, kind="assignment")
    book = held_and_equal(bench, simulator)
    expected = {fill["exec_id"] for fill in book["fills"] if not fill["is_heading"]}
    shown = [fill.exec_id for fill in section(bench).fills if fill.sec_type != "BAG"]
    assert set(shown) == expected and len(shown) == len(expected)


def test_what_is_held_has_its_root_sector_delta_and_last_days(bench: EngineBench) -> None:
    """And an open symbol the money that a size is worked out from, in the base currency of what is shown."""

    def facts() -> dict[int, Any]:
        found = bench.read("holdings")
        return {row.con_id: row for row in found.holdings} if found is not None else {}

    options = [CON_ID[name] for name in KINDS if name.startswith("AAPL  251219C") or name.startswith("E2AX5")]
    wait_for(lambda: all((row := facts().get(con_id)) and row.delta for con_id in options), "deltas of options")
    held = facts()
    wheat, call = held[CON_ID["ZWZ5"]], held[CON_ID["AAPL  251219C00240000"]]
    assert (wheat.root, wheat.family, wheat.notice, wheat.notice_day) == ("ZW", "future", "day", "20251128")
    assert (wheat.last_trade, wheat.category) == ("20251212", "Agriculture")
    assert (call.root, call.family, call.last_trade) == ("AAPL", "stock", "20251219")
    assert 0.5 < call.delta < 1.0 and call.under_price > 100.0
    con_id = CON_ID["VOD"]
    bench.send(OpenSymbol("a" * 32, con_id, "symbol"))
    wait_for(lambda: bench.read(f"symbol:{con_id}") is not None, "the open symbol")
    sizing = bench.read(f"symbol:{con_id}").sizing
    assert (sizing.per_point, sizing.step, sizing.base_currency) == (0.01, 1.0, "EUR")
    assert 1.0 < sizing.rate < 1.3 and sizing.net_liquidation > 0.0
    assert sizing.margin_long is None and "GBP" in sizing.margin_source
    wait_for(lambda: bench.read("sectors") is not None, "the sectors")
