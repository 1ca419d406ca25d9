"""Rates are those of the fill's moment; positions are noted when they change, over reconnects and restarts once."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from engine.broker.port import AccountValue
from engine.domain import ContractRef, Fill, PositionRecord
from engine.kernel.bookkeeper import LATE_S, BookKeeper
from engine.portfolio.account import AccountBook
from engine.trades.held import EVERYTHING

NOW = 1_762_370_000.0
SOLD = Fill("a.01.01", 7, "SAP", "SLD", 5.0, 100.0, NOW - 1.0, "IBIS", account="DU1", sec_type="STK", currency="EUR")


class Kept:
    def __init__(self):
        self.fills, self.positions = [], []

    def record_fill(self, fill, facts):
        self.fills.append((fill, facts))

    def record_position(self, seen):
        self.positions.append((seen.account, seen.con_id, seen.quantity, seen.at_market))


class Rig:
    def __init__(self):
        self.kept, self.now, self.books = Kept(), NOW, {}
        self.keeper = BookKeeper(self.kept, self.book, lambda: self.now)

    def book(self, account):
        return self.books.setdefault(account, AccountBook(account))

    def rate(self, currency, rate):
        self.book("DU1").on_value(AccountValue("NetLiquidation", 1e6, "USD", account="DU1"), NOW)
        self.book("DU1").on_value(AccountValue("ExchangeRate", rate, currency, account="DU1"), NOW)

    def held(self, con_id, quantity, account="DU1"):
        contract = ContractRef(con_id, "SAP", "SAP", "STK")
        self.keeper.on_position(PositionRecord(contract, float(quantity), 9.5, account))

    def connect(self, *watched, complete=True):
        self.keeper.on_connected(watched or ("DU1",), complete=complete)
        self.keeper.step()


@pytest.fixture
def rig():
    return Rig()


def rates(rig):
    facts = rig.kept.fills[-1][1]
    return facts.base_currency, facts.fx_rate_to_base, facts.commission_rate_to_base


def test_the_rate_is_stored_with_the_fill_and_when_it_comes_later_then(rig):
    rig.keeper.record_fill(SOLD)
    assert rates(rig) == ("", None, None)
    rig.keeper.step()
    assert len(rig.kept.fills) == 1
    rig.rate("EUR", 1.16)
    rig.keeper.step()
    assert rates(rig) == ("USD", 1.16, None)
    rig.rate("EUR", 1.17)
    rig.keeper.step()
    assert len(rig.kept.fills) == 2, "it has its rate"


def test_a_commission_in_a_third_currency_has_its_own(rig):
    rig.rate("EUR", 1.16)
    rig.rate("GBP", 1.3)
    rig.keeper.record_fill(replace(SOLD, commission=2.0, commission_currency="GBP"))
    assert rates(rig) == ("USD", 1.16, 1.3)
    rig.keeper.record_fill(replace(SOLD, commission=2.0, commission_currency="EUR"))
    assert rates(rig) == ("USD", 1.16, None)


@pytest.mark.parametrize("late", [LATE_S + 1.0, None])
def test_an_old_fill_gets_no_rate_of_today(rig, late):
    rig.rate("EUR", 1.16)
    if late is None:
        rig.now = None  # nor one while nobody knows how old it is
    else:
        rig.now += late
    rig.keeper.record_fill(SOLD)
    assert rates(rig) == ("USD", None, None)


def test_one_that_was_late_by_the_time_the_rate_came_waits_no_longer(rig):
    rig.keeper.record_fill(SOLD)
    rig.now += LATE_S + 5.0
    rig.rate("EUR", 1.16)
    for _ in range(2):
        rig.keeper.step()
    assert all(facts.fx_rate_to_base is None for _, facts in rig.kept.fills) and len(rig.kept.fills) == 2


def test_positions_are_noted_once_all_are_known_and_then_when_they_change(rig):
    rig.held(7, 100)
    rig.keeper.step()
    rig.connect()
    assert rig.kept.positions == [], "the journal's own notes have not been read"
    rig.keeper.restore([])
    rig.now += 1.0
    rig.keeper.step()
    assert rig.kept.positions == [("DU1", 7, 100.0, NOW + 1), ("DU1", EVERYTHING, 0.0, NOW + 1)]
    rig.now += 60.0
    rig.held(7, 100)
    rig.held(8, -5)
    rig.now += 60.0
    rig.keeper.step()
    rig.keeper.step()
    assert rig.kept.positions[2:] == [("DU1", 8, -5.0, NOW + 61)]
    rig.held(7, 0)
    rig.keeper.step()
    assert rig.kept.positions[3:] == [("DU1", 7, 0.0, NOW + 121)]


def test_what_went_while_nobody_looked_is_noted_at_the_next_connection(rig):
    rig.keeper.restore([])
    rig.held(7, 100)
    rig.held(8, 5)
    rig.connect()
    told = len(rig.kept.positions)
    rig.keeper.on_disconnected()
    rig.keeper.step()
    rig.held(8, 5)
    rig.connect(complete=False)
    assert len(rig.kept.positions) == told, "not all are known"
    rig.connect()
    assert rig.kept.positions[told:] == [("DU1", 7, 0.0, NOW)]


def test_a_restart_notes_nothing_again(rig):
    notes = []
    first, other = rig, Rig()
    first.kept.record_position = other.kept.record_position = notes.append
    first.keeper.restore([])
    first.held(7, 100)
    first.connect()
    kept = list(notes)
    other.keeper.restore(kept)
    other.held(7, 100)
    other.connect()
    assert len(kept) == 2 and notes == kept


def test_other_accounts_begin_with_their_own_notes(rig):
    rig.keeper.restore([])
    rig.held(7, 100)
    rig.connect()
    told = len(rig.kept.positions)
    rig.keeper.on_disconnected()
    rig.keeper.forget()
    rig.held(7, 3, account="DU2")
    rig.connect("DU2")
    assert len(rig.kept.positions) == told
    rig.keeper.restore([])
    rig.keeper.step()
    assert [row[0] for row in rig.kept.positions[told:]] == ["DU2", "DU2"]
