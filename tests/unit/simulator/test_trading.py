"""Trades at the simulated broker: what they do to the book, and what the clients are told."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from simulator.account_desk import AccountDesk
from simulator.book_report import report
from simulator.hub import Hub
from simulator.orders_desk import OrdersDesk, time_text
from simulator.trading import CORRECTED_S, KINDS, LATE_S, Trade, Trading
from simulator.world.kinds import KINDS as CONTRACTS
from tests.unit.simulator.test_world_portfolio import world_at
from tests.unit.simulator.world_samples import new_york


class Desk:
    """A hub of every kind with its trading desk; `late` collects what would be called later."""

    def __init__(self, accounts: int = 3) -> None:
        self.hub: Hub
        self.hub, self.wall = world_at(accounts=accounts)
        self.late: list[tuple[float, Callable[[], None]]] = []
        self.orders = OrdersDesk(self.hub)
        self.trading = Trading(
            self.hub, AccountDesk(self.hub), self.orders, lambda seconds, call: self.late.append((seconds, call))
        )

    def trade(self, name: str, shares: str, kind: str = "plain", price: str | None = None):
        at = None if price is None else Decimal(price)
        trade = Trade(self.hub.books[1], CONTRACTS[name].instrument, Decimal(shares), at, kind)  # type: ignore[arg-type]
        return self.trading.make(trade)

    def net(self) -> Decimal:
        return self.hub.totals(self.hub.books[1]).net_liquidation


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_trade_at_the_mark_costs_its_commission(desk: Desk) -> None:
    before = desk.net()
    (settled,) = desk.trade("VOD", "-300")
    assert settled.realized is not None
    # 71.84 p is on the grid and is the mark: nothing but the commission is lost
    rate = desk.hub.rate("GBP", "EUR")
    mark = desk.hub.rows(desk.hub.books[1])[2].mark
    assert desk.net() - before == (-settled.fill.commission - 300 * (mark - settled.fill.price) / 100) * rate


def test_a_corrected_execution_keeps_its_id_up_to_the_last_dot(desk: Desk) -> None:
    (first,) = desk.trade("ZWZ5", "1", "corrected", "450.00")
    ((seconds, correct),) = desk.late
    assert seconds == CORRECTED_S
    correct()
    (found,) = [one.fill for one in desk.hub.books[1].fills()]
    assert found.key == first.fill.key and found.exec_id.endswith(".01.02") and found.price == Decimal("450.50")
    cost = desk.hub.books[1].lot(found.con_id).avg_cost
    assert cost == ((2 * Decimal("22512.50") + 22525 + Decimal("2.37")) / 3).quantize(Decimal("0.00000001"))


def test_a_late_commission_is_reported_once(desk: Desk) -> None:
    (settled,) = desk.trade("6JZ5", "1", "commission_late")
    assert settled.fill.exec_id in desk.orders.unreported
    fills = report(desk.hub, desk.orders)["fills"]
    assert [row["reported"] for row in fills] == [False]  # type: ignore[index,union-attr]
    ((seconds, tell),) = desk.late
    assert seconds == LATE_S
    tell()
    assert desk.orders.unreported == set()


def test_an_order_in_parts_counts_up(desk: Desk) -> None:
    parts = [one.fill for one in desk.trade("VOD", "301", "partial", "72.00")]
    assert [part.shares for part in parts] == [150, 151]
    assert [part.cum_quantity for part in parts] == [150, 301]
    assert parts[0].order_id == parts[1].order_id and parts[0].key != parts[1].key
    assert parts[1].average_price == (150 * Decimal("72.00") + 151 * Decimal("72.02")) / 301


def test_a_combination_is_a_heading_and_its_legs(desk: Desk) -> None:
    heading, *legs = (one.fill for one in desk.trade("AAPL  251219C00240000", "1", "combination"))
    assert heading.is_heading and heading.commission == 0
    assert {leg.leg_of for leg in legs} == {heading.exec_id}
    assert [leg.exec_id[-5:] for leg in legs] == ["02.01", "03.01"] and sum(leg.shares for leg in legs) == 0
    assert desk.hub.books[1].lot(legs[0].con_id).quantity == 4


def test_an_advisors_order_is_told_at_the_master_and_counts_at_the_clients(desk: Desk) -> None:
    heading, *parts = (one.fill for one in desk.trade("VOD", "200", "allocation", "72.00"))
    assert heading.shares == 400 and [part.shares for part in parts] == [200, 200]
    assert {part.order_id for part in parts} == {heading.order_id}
    master, first, second = desk.hub.books
    assert [book.lot(heading.con_id).quantity for book in (master, first, second)] == [0, 1200, 700]
    assert [len(book.fills()) for book in (master, first, second)] == [1, 1, 1] and master.cash() == {"EUR": 2500}


def test_an_assignment_moves_the_position_and_is_no_execution(desk: Desk) -> None:
    desk.trade("AAPL  251219C00240000", "-3", "assignment")
    book = desk.hub.books[1]
    assert book.fills() == [] and not book.holds(CONTRACTS["AAPL  251219C00240000"].instrument.con_id)


def test_times_in_every_dress() -> None:
    moment = new_york("2025-11-05 10:00")
    assert time_text(176, moment, "zone") == "20251105 10:00:00 America/New_York"
    assert time_text(176, moment, "utc") == "20251105-15:00:00"
    assert time_text(176, moment, "abbreviated") == "20251106 00:00:00 JST"
    assert time_text(176, moment, "unknown") == "20251105 10:00:00 QQT"
    assert time_text(170, moment, "unknown") == time_text(170, moment, "zone") == "20251105  10:00:00"


def test_currency_trades_cost_euros(desk: Desk) -> None:
    (settled,) = desk.trade("EUR.USD", "1000", price="1.15000")
    assert settled.fill.commission_currency == "EUR"
    cash = desk.hub.books[1].cash()
    assert cash["EUR"] == Decimal("61250.40") + 1000 - 2 and cash["USD"] == Decimal("148302.77") - 1150


def test_random_trades_are_the_same_for_a_seed_and_leave_the_sums_whole() -> None:
    one, two = Desk(), Desk()
    kinds = set()
    for number in range(1, 180):
        trades = [desk.trading.choose(number) for desk in (one, two)]
        assert (trades[0] is None) == (trades[1] is None)
        for desk, trade in zip((one, two), trades, strict=True):
            if trade is not None:
                desk.trading.make(trade)
                kinds.add(trade.kind)
    assert len(kinds) > len(KINDS) / 2
    assert [book.cash() for book in one.hub.books] == [book.cash() for book in two.hub.books]
    for book in one.hub.books:
        for con_id in book.held():
            opening = two.hub.books[one.hub.books.index(book)].lot(con_id)
            assert book.lot(con_id) == opening
    ids = [settled.fill.exec_id for book in one.hub.books for settled in book.fills()]
    assert len(ids) == len(set(ids)) > 40
    account = report(one.hub, one.orders)["accounts"][1]  # type: ignore[index]
    realized = sum(Decimal(row["base"]["realized"]) for row in account["positions"])
    assert realized == Decimal(account["base_sums"]["realized"])
