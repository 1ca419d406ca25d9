"""What "today" is for fills and accounts: each instrument's own trade date, and the day of what is held."""

from __future__ import annotations

from datetime import datetime

import pytest

from engine.bars.store import BarStore
from engine.broker.port import AccountPnl, PositionUpdate
from engine.clock import NEW_YORK
from engine.config import PositionSettings
from engine.domain import ContractInfo, ContractRef, Fill, PositionRecord
from engine.portfolio.appraisal import Market
from engine.portfolio.manager import TradeManager
from engine.portfolio.trade_dates import TradeDates

NQ = ContractRef(1, "NQ", "NQZ5", "FUT", "CME", multiplier=20.0, price_magnifier=1.0)
TSLA = ContractRef(2, "TSLA", "TSLA", "STK", "SMART", "NASDAQ", price_magnifier=1.0)
HOURS = (
    "20251124:1700-20251125:1600;20251125:1700-20251126:1600;20251126:1700-20251127:1200;20251127:1700-20251128:1215"
)


def ny(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp()


class Desk:
    """A manager, bars and trade dates with a clock of its own; wall and market time are the same."""

    def __init__(self) -> None:
        self.now = ny("2025-11-25T12:00")
        self.bars = BarStore()
        market = Market(lambda con_id: None, lambda con_id, count: [], lambda con_id: False)
        self.manager = TradeManager(market, lambda contract, info: None, PositionSettings())
        self.dates = TradeDates(self.bars, self.manager, lambda: self.now, lambda at: at)

    def hold(self, contract: ContractRef, hours: str = "", zone: str = "") -> None:
        self.manager.on_position(PositionUpdate(PositionRecord(contract, 1.0, 100.0, "DU1")))
        self.bars.add(contract)
        if hours:
            self.bars.set_hours(ContractInfo(contract, time_zone=zone, trading_hours=hours))

    def fill(self, contract: ContractRef, at: str, number: int = 1, realized: float | None = None) -> Fill:
        fill = Fill(f"e{contract.con_id}{number}.01", contract.con_id, contract.local_symbol, "SLD", 1.0, 100.0, ny(at),
                    "CME", 1.0, realized, "DU1", contract.sec_type, "USD", "USD")  # fmt: skip
        self.manager.book("DU1").on_fill(fill)
        return fill

    def at(self, text: str) -> tuple[int, float | None, dict[str, int]]:
        """Fills of today and realised P&L of the key figures, and the fills of today of each row."""
        self.now = ny(text)
        section = self.manager.snapshot(self.dates.today(), self.now)
        figures = section.account
        return (
            figures.fills_today,
            figures.realized_today,
            {row.local_symbol: row.fills_today for row in section.tradable},
        )


@pytest.fixture
def desk() -> Desk:
    made = Desk()
    made.hold(NQ, HOURS, "US/Central")
    made.hold(TSLA)
    return made


def test_a_fill_is_todays_until_its_own_instrument_begins_a_date(desk: Desk) -> None:
    """NQ's day ends with the evening's opening at 18:00, TSLA's at 20:00; the rows and the figure say the same."""
    desk.fill(NQ, "2025-11-25T10:00")
    desk.fill(TSLA, "2025-11-25T10:00")
    assert desk.at("2025-11-25T17:59")[::2] == (2, {"NQZ5": 1, "TSLA": 1})
    assert desk.at("2025-11-25T18:00")[::2] == (1, {"NQZ5": 0, "TSLA": 1})
    assert desk.at("2025-11-25T20:00")[::2] == (0, {"NQZ5": 0, "TSLA": 0})
    desk.fill(NQ, "2025-11-25T18:30", 2)
    desk.fill(TSLA, "2025-11-25T21:00", 2)
    assert desk.at("2025-11-26T09:40")[::2] == (2, {"NQZ5": 1, "TSLA": 1}), "last night's are of this date"
    assert desk.at("2025-11-29T12:00")[0] == 0


def test_realised_of_yesterday_does_not_stand_beside_todays_day_pnl(desk: Desk) -> None:
    """The broker sets its figure back hours after the date has begun: until then today's own fills count."""
    book = desk.manager.book("DU1")
    desk.fill(NQ, "2025-11-25T10:00", realized=812.5)
    book.on_pnl(AccountPnl(900.0, 0.0, 812.5, "DU1"), ny("2025-11-25T10:01"))
    assert desk.at("2025-11-25T17:59")[1] == 812.5
    book.on_pnl(AccountPnl(0.0, 0.0, 812.5, "DU1"), ny("2025-11-25T18:00:02"))
    assert desk.at("2025-11-25T18:01")[1] == 0.0
    desk.fill(NQ, "2025-11-25T18:30", 2, realized=-40.0)
    assert desk.at("2025-11-25T18:31")[1] == -40.0
    book.on_pnl(AccountPnl(-30.0, 0.0, -38.0, "DU1"), ny("2025-11-26T00:00"))
    assert desk.at("2025-11-26T00:01")[1] == -38.0, "the broker's own again, as soon as it is of this day"


def test_realised_waits_for_a_report_and_never_takes_the_account_windows(desk: Desk) -> None:
    book = desk.manager.book("DU1")
    book.on_pnl(AccountPnl(900.0, 0.0, 812.5, "DU1"), ny("2025-11-25T10:01"))
    fill = desk.fill(NQ, "2025-11-25T18:30", 2)
    assert desk.at("2025-11-25T18:31")[1] == 0.0, "an opening trade realises nothing"
    book.on_fill(Fill("e77.01", fill.con_id, "NQZ5", "SLD", 1.0, 100.0, ny("2025-11-25T18:32"), "CME", account="DU1"))
    assert desk.at("2025-11-25T18:33")[1] is None, "its commission report is still to come"


def test_the_accounts_day_and_its_newest_reset(desk: Desk) -> None:
    desk.now = ny("2025-11-25T17:30")
    assert desk.dates.day("DU1").at == ny("2025-11-24T18:00")
    assert desk.dates.newest_reset("DU1") == ny("2025-11-24T20:00"), "the stock's overnight session"
    desk.now = ny("2025-11-25T19:00")
    assert desk.dates.day("DU1").at == desk.dates.newest_reset("DU1") == ny("2025-11-25T18:00")
    assert desk.dates.day("DU2").at == ny("2025-11-24T20:00"), "an account that holds nothing: a US stock's day"


def test_a_new_trade_date_is_told_once(desk: Desk) -> None:
    """Contract details are asked for again then: their hours tell some days only."""
    told = []
    for at in ("2025-11-25T17:00", "2025-11-25T17:59", "2025-11-25T18:00", "2025-11-25T20:00", "2025-11-26T18:00"):
        desk.now = ny(at)
        told.append(desk.dates.has_turned())
    assert told == [False, False, True, False, True]
