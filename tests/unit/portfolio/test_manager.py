"""TradeManager: tradability split, P&L with multipliers, what happens on reconnects and without prices."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.broker.port import AccountPnl, AccountValue, PortfolioMark, PositionPnl, PositionUpdate
from engine.config import PositionSettings
from engine.domain import ContractInfo, ContractRef, Fill, PositionRecord, Quote
from engine.portfolio.manager import Market, TradeManager
from engine.portfolio.valuation import average_price, exposure, unrealized_pnl

NQ = ContractRef(1, "NQ", "NQZ5", "FUT", exchange="CME", multiplier=20.0, last_trade_date="20251219")
TSLA = ContractRef(2, "TSLA", "TSLA", "STK", exchange="SMART", primary_exchange="NASDAQ")
CVR = ContractRef(3, "CNCE", "CNCE.CVR", "STK", primary_exchange="CORPACT")


def quote(con_id: int, price: float | None, kind: str = "last", close: float | None = None) -> Quote:
    return Quote(
        con_id=con_id, local_symbol="", price=price, price_kind=kind if price is not None else None, bid=None,
        ask=None, bid_size=None, ask_size=None, last=price, last_size=None, volume=None, avg_volume=None, open=None,
        high=None, low=None, close=close, halted=False, data_type="live", lane="streaming", received_mono=1.0,
        received_wall=1_000.0, epoch=1,
    )  # fmt: skip


class Desk:
    """A manager with the market it looks up, filled by hand."""

    def __init__(self) -> None:
        self.quotes: dict[int, Quote] = {}
        self.closes: dict[int, list[float | None]] = {}
        self.lines: set[int] = set()
        market = Market(self.quotes.get, lambda con_id, n: self.closes.get(con_id, [])[-n:], self.lines.__contains__)
        self.manager = TradeManager(market, self.verdict, PositionSettings())

    @staticmethod
    def verdict(contract: ContractRef, info: ContractInfo | None) -> tuple[str, str] | None:
        if contract.local_symbol.endswith(".CVR"):
            return ("right", "CVR right")
        return ("OTC", "OTC stock") if info is not None and info.stock_type == "PINK" else None

    def hold(self, contract: ContractRef, quantity: float, avg_cost: float) -> bool:
        return self.manager.on_position(PositionUpdate(PositionRecord(contract, quantity, avg_cost, "DU1")))


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.hold(NQ, 1, 501_327.25)
    desk.hold(TSLA, 100, 462.76)
    desk.hold(CVR, 10, 0.5)
    return desk


def rows(desk: Desk):
    return {row.local_symbol: row for row in desk.manager.snapshot(0.0).tradable}


def test_positions_are_split_and_announced(desk, caplog):
    with caplog.at_level("INFO", logger="qtrade.portfolio"):
        assert sorted(desk.manager.on_connected()) == [1, 2]
    assert caplog.messages == ["Tracking 2 tradable positions", "Filtered 1 non-tradable symbols"]
    (filtered,) = desk.manager.snapshot(0.0).filtered
    assert (filtered.local_symbol, filtered.kind, filtered.reason) == ("CNCE.CVR", "right", "CVR right")
    assert {d.contract.local_symbol for d in desk.manager.demands()} == {"NQZ5", "TSLA"}
    assert all(d.line_class == "100" for d in desk.manager.demands())


def test_futures_pnl_has_the_multiplier(desk):
    desk.quotes[1] = quote(1, 24_688.25)
    desk.quotes[2] = quote(2, 408.08)
    seen = rows(desk)
    assert seen["NQZ5"].unrealized_pnl == -7_562.25
    assert seen["NQZ5"].avg_price == pytest.approx(25_066.3625)
    assert seen["TSLA"].unrealized_pnl == -5_468.00
    unrealized, gross, priced = desk.manager.pnl_totals()
    assert (unrealized, gross, priced) == (-13_030.25, 493_765.0 + 40_808.0, 2)
    assert seen["NQZ5"].exposure_pct == pytest.approx(493_765.0 / 534_573.0 * 100)


def test_without_a_quote_ibs_valuation_serves_and_says_so(desk):
    assert rows(desk)["TSLA"].last is None
    assert rows(desk)["TSLA"].unrealized_pnl is None
    desk.manager.on_mark(PortfolioMark(TSLA, 100, 410.0, 41_000.0, 462.76, -5_276.0, 0.0), 77.0)
    row = rows(desk)["TSLA"]
    assert (row.last, row.last_kind, row.unrealized_pnl) == (410.0, "portfolio", -5_276.0)
    assert row.last_wall == 77.0, "a valuation has an age too"
    assert "portfolio updates" in row.message
    assert desk.manager.pnl_totals()[2] == 0, "not a price of ours: not counted as priced"


def test_the_curve_takes_ibs_valuation_where_there_is_no_line_and_waits_for_what_has_neither(desk):
    desk.quotes[1] = quote(1, 24_688.25)
    assert desk.manager.unrealized_of_all() is None, "TSLA is worth nobody knows what"
    desk.manager.on_mark(PortfolioMark(TSLA, 100, 410.0, 41_000.0, 462.76, -5_276.0, 0.0), 77.0)
    assert desk.manager.unrealized_of_all() == -7_562.25 - 5_276.0
    desk.hold(ContractRef(9, "SAP", "SAP", "STK", exchange="IBIS", currency="EUR"), 10, 100.0)
    desk.quotes[9] = quote(9, 110.0)
    assert desk.manager.unrealized_of_all() is None, "no rate for the euro"


def test_a_fill_told_again_after_a_reconnect_keeps_its_commission(desk):
    account = desk.manager.account
    account.on_fill(Fill("e1", 2, "TSLA", "SLD", 50, 409.35, 100.0, "ISLAND", 1.02, -2_671.52))
    assert not account.on_fill(Fill("e1", 2, "TSLA", "SLD", 50, 409.35, 100.0, "ISLAND"))
    assert account.fills()[0].commission == 1.02


def test_fills_of_months_do_not_pile_up(desk):
    for number in range(2_500):
        desk.manager.account.on_fill(Fill(f"e{number}", 2, "TSLA", "BOT", 1, 409.35, float(number), "ISLAND"))
    kept = desk.manager.account.fills()
    assert len(kept) == 2_000
    assert kept[-1].exec_id == "e2499"


def test_another_account_begins_without_the_figures_of_the_former(desk):
    desk.manager.account.on_value(AccountValue("NetLiquidation", 1_000.0, "EUR"), 5.0)
    desk.manager.account.on_fill(Fill("e1", 2, "TSLA", "SLD", 50, 409.35, 100.0, "ISLAND"))
    desk.manager.on_mark(PortfolioMark(TSLA, 100, 410.0, 41_000.0, 462.76, -5_276.0, 0.0), 77.0)
    desk.manager.forget_account()
    section = desk.manager.snapshot(0.0)
    assert (section.account.net_liquidation, section.account.currency, section.fills) == (None, "USD", ())
    assert rows(desk)["TSLA"].last is None


def test_daily_pnl_is_reqpnlsingles_and_null_until_it_comes(desk):
    assert rows(desk)["TSLA"].daily_pnl is None
    desk.manager.on_position_pnl(PositionPnl(2, -579.52, -5_468.0, -2_671.52, 40_808.0))
    assert rows(desk)["TSLA"].daily_pnl == -579.52
    desk.manager.on_disconnected()
    assert rows(desk)["TSLA"].daily_pnl is None


def test_closing_and_disappearing_positions(desk):
    assert desk.hold(TSLA, 0, 0.0)
    assert "TSLA" not in rows(desk)
    assert not desk.hold(NQ, 1, 501_327.25), "the same again changes nothing"
    assert desk.manager.forget_missing({1}) == [3]


def test_details_re_examine_tradability(desk):
    assert desk.manager.on_info(2, ContractInfo(TSLA, stock_type="PINK"))
    assert "TSLA" not in rows(desk)
    assert desk.manager.filter_reason(2) == "OTC stock"
    assert desk.manager.on_info(2, ContractInfo(TSLA, stock_type="COMMON"))
    assert "TSLA" in rows(desk)
    assert not desk.manager.on_info(2, None), "details that could not be had change nothing"


def test_ema_and_trend_need_enough_closes(desk):
    desk.closes[2] = [400.0] * 5
    assert rows(desk)["TSLA"].trend is None
    desk.closes[2] = [400.0 + i for i in range(60)]
    row = rows(desk)["TSLA"]
    assert row.trend == "above"
    assert row.ema_fast is not None and row.ema_slow is not None and row.ema_fast > row.ema_slow
    assert len(row.spark) == 60


def test_foreign_currency_counts_only_with_its_rate(desk):
    sap = ContractRef(9, "SAP", "SAP", "STK", exchange="IBIS", currency="EUR")
    desk.hold(sap, 10, 100.0)
    desk.quotes[9] = quote(9, 110.0)
    desk.manager.account.on_value(AccountValue("NetLiquidation", 1_000.0, "USD"), 1.0)
    assert desk.manager.pnl_totals() == (None, None, 0)
    desk.manager.account.on_value(AccountValue("ExchangeRate", 1.1, "EUR"), 1.0)
    assert desk.manager.pnl_totals() == (110.0, 1_210.0, 1)
    assert rows(desk)["SAP"].unrealized_pnl == 100.0


def test_account_figures(desk):
    account = desk.manager.account
    account.on_value(AccountValue("NetLiquidation", 184_311.46, "USD"), 5.0)
    account.on_value(AccountValue("ExcessLiquidity", 131_929.18, "USD"), 5.0)
    account.on_pnl(AccountPnl(-2_624.52, -15_882.62, -2_671.52), 6.0)
    fill = Fill("e1", 2, "TSLA", "SLD", 50, 409.35, 100.0, "ISLAND")
    assert account.on_fill(fill)
    assert not account.on_fill(fill)
    assert account.on_fill(Fill("e1", 2, "TSLA", "SLD", 50, 409.35, 100.0, "ISLAND", 1.02, -2_671.52))
    figures = desk.manager.snapshot(50.0).account
    assert figures.net_liquidation == 184_311.46
    assert figures.daily_pnl_pct == pytest.approx(-1.40, abs=0.01)
    assert (figures.fills_today, figures.commission_today, figures.realized_today) == (1, 1.02, -2_671.52)
    assert desk.manager.snapshot(200.0).account.fills_today == 0


@given(st.floats(-1e4, 1e4), st.floats(0.01, 1e5), st.sampled_from([1.0, 20.0, 1000.0]), st.floats(0.01, 1e6))
def test_pnl_identity(quantity, price, multiplier, avg_cost):
    own = unrealized_pnl(quantity, price, multiplier, avg_cost)
    assert own == pytest.approx(quantity * (price * multiplier - avg_cost), abs=0.006)
    assert exposure(quantity, price, multiplier) >= 0
    assert average_price(avg_cost, multiplier) * multiplier == pytest.approx(avg_cost)
    assert unrealized_pnl(quantity, None, multiplier, avg_cost) is None
