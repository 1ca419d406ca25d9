"""Fills on their way in: the journal's first, the contract's facts later, each recorded when it says something new."""

from __future__ import annotations

import datetime as dt

import pytest
from msgspec.structs import replace

from engine.bars.hours import UNKNOWN_HOURS
from engine.bars.trading_day import TradingDays, trading_days
from engine.domain import ContractInfo, ContractRef, Fill
from engine.portfolio.fill_intake import FillIntake

AT = dt.datetime(2025, 11, 5, 23, 30, tzinfo=dt.UTC).timestamp()  # 18:30 in New York
WHEAT = Fill(
    "0000e0d5.67290a01.01.01", 9, "ZWH6", "BOT", 2.0, 448.25, AT, "CBOT", account="DU1", sec_type="FUT", currency="USD",
)  # fmt: skip
INFO = ContractInfo(
    ContractRef(9, "ZW", "ZWH6", "FUT", "CBOT", multiplier=5_000.0, price_magnifier=100.0), time_zone="US/Central"
)


def days(con_id: int, sec_type: str) -> TradingDays:
    return trading_days(sec_type, UNKNOWN_HOURS, INFO.time_zone if con_id == 9 else "")


class Desk:
    def __init__(self) -> None:
        self.booked: list[Fill] = []
        self.recorded: list[Fill] = []
        self.wanted: list[ContractRef] = []
        self.infos: dict[int, ContractInfo] = {}
        self.desk = FillIntake(self.booked.append, self.recorded.append, self.infos.get, self.wanted.append, days)


@pytest.fixture
def rig():
    return Desk()


def test_the_contracts_facts_come_with_its_details(rig):
    rig.desk.on_fill(WHEAT)
    assert rig.recorded == [WHEAT] and [ref.con_id for ref in rig.wanted] == [9]
    rig.infos[9] = INFO
    rig.desk.on_info(9)
    assert rig.recorded[1:] == [replace(WHEAT, trade_date="20251106", price_magnifier=100.0, multiplier=5_000.0)]
    assert rig.booked == rig.recorded
    rig.desk.on_fill(WHEAT)
    assert len(rig.recorded) == 2, "the same report says nothing new"


def test_a_heading_asks_for_nothing(rig):
    rig.desk.on_fill(replace(WHEAT, sec_type="BAG"))
    assert rig.wanted == []


def test_the_journals_fills_are_there_before_the_broker_and_recorded_no_second_time(rig):
    kept = replace(WHEAT, commission=4.0, commission_currency="USD", trade_date="20251106", opening="open")
    rig.desk.restore([kept])
    assert rig.booked == [kept] and rig.recorded == []
    rig.desk.on_fill(WHEAT)  # told again, its report is still to come
    assert rig.recorded == [] and rig.booked == [kept]
    rig.desk.on_fill(replace(WHEAT, commission=4.1, commission_currency="USD"))
    assert rig.recorded == [replace(kept, commission=4.1)]


def test_what_the_broker_has_said_goes_before_the_journal(rig):
    rig.desk.on_fill(replace(WHEAT, commission=4.1))
    rig.desk.restore([replace(WHEAT, commission=4.0, opening="open")])
    assert rig.booked[-1] == replace(WHEAT, commission=4.1, opening="open")


def test_what_it_did_to_the_position_is_told_when_the_position_is_known(rig):
    rig.desk.on_fill(WHEAT)
    assert rig.recorded[-1].opening is None
    rig.desk.on_position("DU1", 9, 2.0)
    rig.desk.step()
    assert rig.recorded[-1].opening == "open"
    sold = replace(WHEAT, exec_id="0000e0d5.67290a01.02.01", side="SLD", time_market=AT + 5.0)
    rig.desk.on_position("DU1", 9, 0.0)
    rig.desk.on_fill(sold)
    rig.desk.step()
    assert {fill.exec_id[-5:]: fill.opening for fill in rig.recorded} == {"01.01": "open", "02.01": "close"}


def test_a_contract_that_is_not_held_counts_as_none_only_when_all_positions_are_known(rig):
    sold = replace(WHEAT, side="SLD")
    rig.desk.on_fill(sold)
    rig.desk.on_connected(complete=False)
    rig.desk.step()
    assert rig.recorded[-1].opening is None
    rig.desk.on_connected(complete=True)
    rig.desk.step()
    assert rig.recorded[-1].opening == "close"


def test_ibs_report_says_nothing_of_a_position_without_a_cost(rig):
    sold = replace(WHEAT, side="SLD", commission=1.0)
    rig.desk.on_fill(sold)
    rig.desk.on_position("DU1", 9, 3.0)
    rig.desk.step()
    assert rig.recorded[-1].opening is None
    rig.desk.on_position("DU1", 9, 3.0, has_cost=False)
    rig.desk.step()
    assert rig.recorded[-1].opening == "close"
    rig.desk.on_position("DU1", 9, 3.0)
    rig.desk.on_fill(replace(sold, exec_id="later.01", time_market=AT + 60.0))
    rig.desk.step()
    assert rig.recorded[-1].exec_id == "later.01" and rig.recorded[-1].opening is None, "its cost is known by now"


def test_openings_of_earlier_days_are_settled(rig):
    """Overnight an assignment may have changed the position without a fill."""
    rig.desk.restore([replace(WHEAT, opening="open"), replace(WHEAT, exec_id="old.01", time_market=AT - 1e5)])
    rig.desk.on_position("DU1", 9, -1.0)
    rig.desk.step()
    assert rig.recorded == []


def test_other_accounts_begin_empty(rig):
    rig.desk.on_fill(WHEAT)
    rig.desk.forget()
    rig.desk.on_fill(WHEAT)
    assert len(rig.recorded) == 2
