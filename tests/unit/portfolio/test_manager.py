"""TradeManager: tradability split, P&L with multipliers, what happens on reconnects and without prices."""

import msgspec
import pytest

from engine.broker.port import AccountPnl, AccountValue, PortfolioMark, PositionPnl, PositionUpdate
from engine.config import PositionSettings
from engine.domain import ContractInfo, ContractRef, Fill, PositionRecord, Quote
from engine.portfolio.appraisal import Market
from engine.portfolio.fills import FILLS_MAX
from engine.portfolio.manager import TradeManager
from engine.portfolio.sums import together
from engine.portfolio.today import Today
from engine.state.sections import Lack

NQ = ContractRef(
    1, "NQ", "NQZ5", "FUT", exchange="CME", multiplier=20.0, last_trade_date="20251219", price_magnifier=1.0
)
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
        self.silent: set[int] = set()
        self.farms: dict[int, str] = {}
        market = Market(
            self.quotes.get, lambda con_id, n: self.closes.get(con_id, [])[-n:], self.lines.__contains__,
            self.silent.__contains__, farms_down=lambda con_id: self.farms.get(con_id, ""),
        )  # fmt: skip
        self.manager = TradeManager(market, self.verdict, PositionSettings())

    @staticmethod
    def verdict(contract: ContractRef, info: ContractInfo | None) -> tuple[str, str] | None:
        if contract.local_symbol.endswith(".CVR"):
            return ("right", "CVR right")
        return ("OTC", "OTC stock") if info is not None and info.stock_type == "PINK" else None

    def hold(self, contract: ContractRef, quantity: float, avg_cost: float | None, account: str = "DU1") -> bool:
        return self.manager.on_position(PositionUpdate(PositionRecord(contract, quantity, avg_cost, account)))

    def snapshot(self, day_start: float = 0.0, wall: float = 1_010.0):
        today = Today(lambda fill: fill.time_market >= day_start, lambda _account: day_start)
        return self.manager.snapshot(today, wall)

    def totals(self) -> tuple[float | None, float | None, int]:
        """(unrealised, gross exposure, priced) of the view."""
        figures = self.snapshot().account
        return figures.unrealized_pnl, figures.gross_exposure, figures.priced

    def mark(self, contract: ContractRef, quantity: float, value: float | None, pnl: float | None, account="DU1"):
        self.manager.on_mark(PortfolioMark(contract, quantity, None, value, None, pnl, None, account), 77.0)

    def single(self, con_id, unrealized: float | None, value: float | None, daily=None, account="DU1", quantity=None):
        self.manager.on_position_pnl(PositionPnl(con_id, daily, unrealized, None, value, account, quantity), 78.0)


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.hold(NQ, 1, 501_327.25)
    desk.hold(TSLA, 100, 462.76)
    desk.hold(CVR, 10, 0.5)
    return desk


def rows(desk: Desk):
    return {row.local_symbol: row for row in desk.snapshot().tradable}


def test_positions_are_split_and_announced(desk, caplog):
    with caplog.at_level("INFO", logger="qtrade.portfolio"):
        assert sorted(desk.manager.on_connected()) == [1, 2]
    assert caplog.messages == ["Tracking 2 tradable positions", "Filtered 1 non-tradable symbols"]
    (filtered,) = desk.snapshot().filtered
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
    unrealized, gross, priced = desk.totals()
    assert (unrealized, gross, priced) == (-13_030.25, 493_765.0 + 40_808.0, 2)
    assert seen["NQZ5"].exposure_pct == pytest.approx(493_765.0 / 534_573.0 * 100)


def test_a_trade_outside_the_market_is_shown_and_values_nothing(desk):
    option = ContractRef(
        9, "SPY", "SPY C", "OPT", exchange="SMART", multiplier=100.0, last_trade_date="20251219", price_magnifier=1.0
    )
    desk.hold(option, 10, 480.0)
    sound = msgspec.structs.replace(quote(9, 5.0, close=0.95), price=1.0, price_kind="mid", bid=0.95, ask=1.05)
    desk.quotes[9] = sound
    row = rows(desk)["SPY C"]
    assert (row.last, row.last_kind) == (5.0, "last")
    assert (row.mark, row.mark_kind, row.unrealized_pnl) == (1.0, "mid", -3_800.0)
    assert row.change_pct == pytest.approx((1.0 / 0.95 - 1.0) * 100.0)
    desk.quotes[9] = msgspec.structs.replace(sound, last=None)
    assert (rows(desk)["SPY C"].last, rows(desk)["SPY C"].last_kind) == (1.0, "mid")


def test_a_point_of_a_foreign_stock_in_dollars(desk):
    vod = ContractRef(8, "VOD", "VOD", "STK", exchange="LSE", currency="GBP")
    info = ContractInfo(msgspec.structs.replace(vod, price_magnifier=100.0))
    none, why = desk.manager.dollars_of_point(vod, None)
    assert none is None and "details" in why
    none, why = desk.manager.dollars_of_point(vod, info)
    assert none is None and "no exchange rate for GBP" in why
    for currency, rate in (("USD", 1.0), ("GBP", 1.31)):
        desk.manager.book("DU1").on_value(AccountValue("ExchangeRate", rate, currency), 1.0)
    assert desk.manager.dollars_of_point(vod, info) == (pytest.approx(0.0131), "")
    assert desk.manager.dollars_of_point(TSLA, None) == (1.0, "")


def test_without_a_quote_ibs_valuation_serves_and_says_so(desk):
    assert rows(desk)["TSLA"].last is None
    assert rows(desk)["TSLA"].unrealized_pnl is None
    desk.manager.on_mark(PortfolioMark(TSLA, 100, 410.0, 41_000.0, 462.76, -5_276.0, 0.0, "DU1"), 77.0)
    row = rows(desk)["TSLA"]
    assert (row.last, row.last_kind, row.unrealized_pnl) == (410.0, "portfolio", -5_276.0)
    assert row.last_wall == 77.0, "a valuation has an age too"
    assert "portfolio updates" in row.message
    assert desk.totals()[2] == 0, "not a price of ours: not counted as priced"


def test_the_curve_takes_ibs_valuation_where_there_is_no_line_and_names_what_has_neither(desk):
    desk.quotes[1] = quote(1, 24_688.25)
    assert desk.manager.unrealized_of("DU1") == (-7_562.25, (Lack("TSLA", "no price"),))
    desk.mark(TSLA, 100, 41_000.0, -5_276.0)
    assert desk.manager.unrealized_of("DU1") == (-7_562.25 - 5_276.0, ())
    desk.manager.book("DU1").on_value(AccountValue("NetLiquidation", 1_000.0, "USD"), 1.0)
    desk.hold(ContractRef(9, "SAP", "SAP", "STK", exchange="IBIS", currency="EUR"), 10, 100.0)
    desk.quotes[9] = quote(9, 110.0)
    assert desk.manager.unrealized_of("DU1") == (-12_838.25, (Lack("SAP", "no exchange rate for EUR"),))


def test_a_fill_told_again_after_a_reconnect_keeps_its_commission(desk):
    account = desk.manager.book("DU1")
    account.on_fill(Fill("e1", 2, "TSLA", "SLD", 50, 409.35, 100.0, "ISLAND", 1.02, -2_671.52))
    assert not account.on_fill(Fill("e1", 2, "TSLA", "SLD", 50, 409.35, 100.0, "ISLAND"))
    assert account.fills()[0].commission == 1.02


def test_fills_of_months_do_not_pile_up(desk):
    for number in range(FILLS_MAX + 50):
        desk.manager.book("DU1").on_fill(Fill(f"e{number}", 2, "TSLA", "BOT", 1, 409.35, float(number), "ISLAND"))
    kept = desk.manager.book("DU1").fills()
    assert len(kept) == FILLS_MAX
    assert kept[-1].exec_id == f"e{FILLS_MAX + 49}"


def test_another_account_begins_without_the_figures_of_the_former(desk):
    desk.manager.book("DU1").on_value(AccountValue("NetLiquidation", 1_000.0, "EUR"), 5.0)
    desk.manager.book("DU1").on_fill(Fill("e1", 2, "TSLA", "SLD", 50, 409.35, 100.0, "ISLAND", account="DU1"))
    desk.manager.keep_accounts(("DU2",))
    section = desk.snapshot()
    assert (section.account.account, section.account.net_liquidation, section.fills) == ("DU2", None, ())
    assert (section.tradable, section.filtered) == ((), ())


def test_daily_pnl_is_reqpnlsingles_and_null_until_it_comes(desk):
    assert rows(desk)["TSLA"].daily_pnl is None
    desk.manager.on_position_pnl(PositionPnl(2, -579.52, -5_468.0, -2_671.52, 40_808.0, "DU1"), 5.0)
    assert rows(desk)["TSLA"].daily_pnl == -579.52


def test_the_last_figures_stay_until_there_is_a_connection_again(desk):
    desk.manager.on_position_pnl(PositionPnl(2, -579.52, -5_468.0, -2_671.52, 40_808.0, "DU1"), 5.0)
    before = desk.snapshot()
    desk.manager.on_disconnected()
    lost = desk.snapshot()
    assert (lost.tradable, lost.account, lost.complete) == (before.tradable, before.account, False)
    desk.manager.on_connected()
    assert rows(desk)["TSLA"].daily_pnl is None, "those of the dead request are not this connection's"


def test_the_last_figures_of_another_view_are_not_shown_for_this_one(desk):
    desk.manager.on_position_pnl(PositionPnl(2, -579.52, -5_468.0, -2_671.52, 40_808.0, "DU1"), 5.0)
    desk.snapshot()
    desk.manager.on_disconnected()
    desk.manager.set_view("DU1")
    assert rows(desk)["TSLA"].daily_pnl is None


def test_closing_and_disappearing_positions(desk):
    assert desk.hold(TSLA, 0, 0.0)
    assert "TSLA" not in rows(desk)
    assert not desk.hold(NQ, 1, 501_327.25), "the same again changes nothing"
    assert desk.manager.forget_missing({("DU1", 1)}) == [("DU1", 3)]
    assert desk.manager.keys() == [("DU1", 1)], "closed while we were away"


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
    section = desk.snapshot()
    assert (section.ema_fast_len, section.ema_slow_len) == (8, 21)


def test_foreign_currency_counts_only_with_its_rate(desk):
    sap = ContractRef(9, "SAP", "SAP", "STK", exchange="IBIS", currency="EUR")
    desk.hold(sap, 10, 100.0)
    desk.quotes[9] = quote(9, 110.0)
    book = desk.manager.book("DU1")
    assert book.on_value(AccountValue("NetLiquidation", 1_000.0, "USD"), 1.0), "the base currency is known now"
    assert desk.totals() == (None, None, 1)
    assert Lack("SAP", "no exchange rate for EUR") in desk.snapshot().account.lacking
    assert book.on_value(AccountValue("ExchangeRate", 1.1, "EUR"), 1.0)
    assert not book.on_value(AccountValue("ExchangeRate", 1.1001, "EUR"), 1.0)
    assert book.on_value(AccountValue("ExchangeRate", 1.2, "EUR"), 1.0)
    assert desk.totals() == (120.0, 1_320.0, 1)
    row = rows(desk)["SAP"]
    assert (row.unrealized_pnl, row.exposure, row.exposure_base) == (100.0, 1_100.0, 1_320.0)


def test_account_figures(desk):
    account = desk.manager.book("DU1")
    account.on_value(AccountValue("NetLiquidation", 184_311.46, "USD"), 5.0)
    account.on_value(AccountValue("ExcessLiquidity", 131_929.18, "USD"), 5.0)
    account.on_pnl(AccountPnl(-2_624.52, -15_882.62, -2_671.52), 6.0)
    fill = Fill("e1", 2, "TSLA", "SLD", 50, 409.35, 100.0, "ISLAND")
    assert account.on_fill(fill)
    assert not account.on_fill(fill)
    assert account.on_fill(Fill("e1", 2, "TSLA", "SLD", 50, 409.35, 100.0, "ISLAND", 1.02, -2_671.52))
    figures = desk.snapshot(50.0).account
    assert figures.net_liquidation == 184_311.46
    assert figures.daily_pnl_pct == pytest.approx(-1.40, abs=0.01)
    assert (figures.fills_today, figures.commission_today, figures.realized_today) == (1, 1.02, -2_671.52)
    assert desk.snapshot(200.0).account.fills_today == 0


WHEAT = ContractRef(20, "ZW", "ZWZ5", "FUT", exchange="CBOT", multiplier=5_000.0, price_magnifier=100.0)
VODAFONE = ContractRef(21, "VOD", "VOD", "STK", exchange="SMART", currency="GBP", price_magnifier=100.0)
OPTION = ContractRef(22, "XYZ", "XYZ 251121C00050000", "OPT", exchange="SMART", multiplier=100.0, price_magnifier=1.0)
YEN = ContractRef(23, "TKYO", "7203", "STK", exchange="TSEJ", currency="JPY", price_magnifier=1.0)


@pytest.fixture
def book() -> Desk:
    return Desk()


def test_quote_units_become_money(book):
    book.hold(WHEAT, 2, 22_512.50)
    book.hold(VODAFONE, 1_000, 0.7250)
    book.quotes |= {20: quote(20, 448.25), 21: quote(21, 71.84)}
    book.closes[20] = [448.25, 450.25]
    seen = rows(book)
    wheat, vodafone = seen["ZWZ5"], seen["VOD"]
    assert (wheat.unrealized_pnl, wheat.avg_price, wheat.unit, wheat.exposure) == (-200.00, 450.25, "c", 44_825.00)
    assert (vodafone.unrealized_pnl, vodafone.avg_price, vodafone.unit, vodafone.exposure) == (-6.60, 72.5, "p", 718.40)


def test_details_that_come_late_bring_the_unit(book):
    late = msgspec.structs.replace(WHEAT, price_magnifier=None)
    book.hold(late, 2, 22_512.50)
    book.quotes[20] = quote(20, 448.25)
    row = rows(book)["ZWZ5"]
    assert (row.unrealized_pnl, row.exposure, row.last) == (None, None, 448.25), "no money of a price of unknown unit"
    assert book.snapshot().account.lacking == (Lack("ZWZ5", "unit of its quotes not known"),)
    book.mark(WHEAT, 2, 44_800.0, -225.0)
    row = rows(book)["ZWZ5"]
    assert (row.unrealized_pnl, row.exposure, row.mark_kind) == (-225.0, 44_800.0, "portfolio")
    assert "unit of its quotes" in row.message
    book.manager.on_info(20, ContractInfo(WHEAT))
    assert rows(book)["ZWZ5"].unrealized_pnl == -200.0


def test_a_worthless_option_is_worth_nothing_not_nobody_knows_what(book):
    book.hold(OPTION, 2, 300.0)
    book.mark(OPTION, 2, 0.0, None)
    row = rows(book)[OPTION.local_symbol]
    assert (row.unrealized_pnl, row.exposure, row.mark) == (-600.0, 0.0, 0.0)
    assert book.totals()[:2] == (-600.0, 0.0)
    assert book.snapshot().account.lacking == ()


def test_an_option_is_not_valued_by_a_trade_that_the_book_has_left(book):
    book.hold(OPTION, 10, 480.0)
    book.quotes[22] = msgspec.structs.replace(quote(22, 5.0), bid=0.95, ask=1.05)
    row = rows(book)[OPTION.local_symbol]
    assert (row.last, row.mark, row.mark_kind, row.unrealized_pnl) == (5.0, 1.0, "mid", -3_800.0)
    book.quotes[22] = msgspec.structs.replace(book.quotes[22], mark=1.01, mark_wall=1_000.0)
    assert (rows(book)[OPTION.local_symbol].mark_kind, rows(book)[OPTION.local_symbol].unrealized_pnl) == (
        "mark",
        -3_790.0,
    )


def test_an_unknown_cost_is_an_unknown_pnl_and_the_sum_names_it(desk):
    desk.hold(WHEAT, 2, None)
    desk.quotes |= {1: quote(1, 24_688.25), 2: quote(2, 408.08), 20: quote(20, 448.25)}
    row = rows(desk)["ZWZ5"]
    assert (row.unrealized_pnl, row.avg_price, row.exposure) == (None, None, 44_825.0)
    assert "cost" in row.message
    figures = desk.snapshot().account
    assert (figures.unrealized_pnl, figures.lacking) == (-13_030.25, (Lack("ZWZ5", "cost unknown"),))
    assert figures.gross_exposure == 493_765.0 + 40_808.0 + 44_825.0


def test_a_bond_takes_its_par_from_ibs_valuation(book):
    bond = ContractRef(30, "IBM", "IBM 3.5 29", "BOND", exchange="SMART", price_magnifier=100.0)
    book.hold(bond, 10, None)
    book.quotes[30] = quote(30, 97.875)
    assert rows(book)["IBM 3.5 29"].exposure is None
    book.mark(bond, 10, 9_785.0, None)
    assert rows(book)["IBM 3.5 29"].exposure == 9_787.5
    book.manager.on_info(30, ContractInfo(bond))
    assert rows(book)["IBM 3.5 29"].exposure == 9_787.5
    book.hold(bond, 10, 985.3)
    row = rows(book)["IBM 3.5 29"]
    assert (row.unrealized_pnl, row.avg_price, row.unit) == (-65.5, pytest.approx(98.53), "%")


def test_a_contract_that_expires_while_it_is_held_is_told_apart(book):
    book.hold(OPTION, 2, 300.0)
    book.manager._verdict = lambda contract, info: ("expired", "expired: last traded 2025-11-21")
    assert book.manager.reexamine()
    assert not book.manager.reexamine()
    assert book.manager.tradable_ids() == []
    assert book.snapshot().filtered[0].kind == "expired"


def test_a_valuation_of_another_quantity_is_scaled(book):
    book.hold(OPTION, 4, 300.0)
    book.mark(OPTION, 2, 500.0, -100.0)
    row = rows(book)[OPTION.local_symbol]
    assert (row.unrealized_pnl, row.exposure) == (4 * (250.0 - 300.0), 1_000.0)


@pytest.mark.parametrize(
    ("quantity", "exposure", "pnl"), [(100, 40_808.0, -5_468.0), (200, 81_616.0, -10_936.0), (-100, 40_808.0, 5_468.0)]
)
def test_a_single_of_the_quantity_before_is_scaled(book, quantity, exposure, pnl):
    book.hold(TSLA, 100, 462.76)
    book.single(2, -5_468.0, 40_808.0, quantity=100)
    book.hold(TSLA, quantity, 462.76)
    row = rows(book)["TSLA"]
    assert (row.exposure, row.unrealized_pnl) == (exposure, pnl)
    book.single(2, 0.0, 0.0, quantity=0)
    assert rows(book)["TSLA"].unrealized_pnl is None, "of nothing nothing can be said"


def test_a_single_of_another_quantity_is_still_in_its_own_currency(book):
    book.manager.book("DU1").on_value(AccountValue("NetLiquidation", 9.0, "EUR"), 1.0)
    book.manager.book("DU1").on_value(AccountValue("ExchangeRate", 0.9, "USD"), 1.0)
    book.hold(TSLA, 100, 400.0)
    book.mark(TSLA, 100, 41_000.0, 1_000.0)
    book.single(2, 900.0, 36_900.0, 90.0, quantity=90)
    assert rows(book)["TSLA"].daily_pnl == 90.0, "36,900 for 90 shares of 410 are dollars, not euros for 100"


def test_details_of_a_contract_hold_when_its_quantity_changes(book):
    bare = msgspec.structs.replace(WHEAT, price_magnifier=None)
    book.hold(bare, 2, 22_512.50)
    book.quotes[20] = quote(20, 448.25)
    book.manager.on_info(20, ContractInfo(WHEAT))
    book.hold(bare, 1, 22_512.50)
    book.hold(bare, 3, 22_512.50, "DU2")
    assert [row.unrealized_pnl for row in book.snapshot().tradable] == [-100.0, -300.0]


def test_the_same_contract_in_two_accounts(book):
    book.hold(TSLA, 100, 400.0, "DU1")
    book.hold(TSLA, -30, 420.0, "DU2")
    book.quotes[2] = quote(2, 410.0)
    book.manager.keep_accounts(("DU1", "DU2"))
    both = book.snapshot()
    assert [(row.account, row.quantity, row.unrealized_pnl) for row in both.tradable] == [
        ("DU1", 100, 1_000.0),
        ("DU2", -30, 300.0),
    ]
    assert both.account.unrealized_pnl == 1_300.0
    assert len({row.key for row in both.tradable}) == 2
    (demand,) = book.manager.demands()
    assert (demand.reason, demand.exposure_base) == ("100 and −30 shares open in 2 accounts", 53_300.0)
    book.manager.set_view("DU2")
    assert book.snapshot().account.unrealized_pnl == 300.0
    assert [row.quantity for row in book.snapshot().tradable] == [-30]
    assert book.manager.contracts() == [TSLA]
    book.hold(TSLA, 0, 0.0, "DU2")
    assert book.manager.tradable_ids() == [2], "the other account holds it still"


def test_accounts_are_added_in_one_currency(book):
    book.manager.keep_accounts(("DU1", "DU2"))
    one, two = book.manager.book("DU1"), book.manager.book("DU2")
    for ledger in (
        ("NetLiquidation", 1_000.0, "EUR"), ("ExchangeRate", 1.0, "EUR"), ("ExchangeRate", 0.8, "USD"),
    ):  # fmt: skip
        one.on_value(AccountValue(*ledger, "DU1"), 5.0)
    two.on_value(AccountValue("NetLiquidation", 500.0, "USD", "DU2"), 6.0)
    one.on_pnl(AccountPnl(10.0, None, 1.0, "DU1"), 5.0)
    two.on_pnl(AccountPnl(20.0, None, 2.0, "DU2"), 5.0)
    figures = book.snapshot().account
    assert (figures.account, figures.currency, figures.net_liquidation) == ("", "EUR", 1_400.0)
    assert (figures.daily_pnl, figures.realized_today, figures.updated_wall) == (26.0, 2.6, 5.0)
    two.on_pnl(AccountPnl(None, None, None, "DU2"), 7.0)
    assert book.snapshot().account.daily_pnl == 10.0, "an account that holds nothing has no P&L to miss"
    book.hold(TSLA, 5, 400.0, "DU2")
    assert book.snapshot().account.daily_pnl is None, "half a sum is a wrong number"
    assert [figures.daily_pnl for figures in book.snapshot().accounts] == [10.0, None]


@pytest.mark.parametrize(
    ("values", "base"),
    [
        ((("NetLiquidation", 9.0, "CHF"),), "CHF"),
        ((("NetLiquidation", 9.0, "BASE"), ("BuyingPower", 9.0, "EUR")), "EUR"),
        ((("NetLiquidation", 9.0, "BASE"), ("ExchangeRate", 1.0, "GBP"), ("ExchangeRate", 0.8, "USD")), "GBP"),
        ((("NetLiquidation", 9.0, "BASE"), ("ExchangeRate", 1.0, "BASE"), ("ExchangeRate", 0.8, "USD")), ""),
        ((("NetLiquidation", 9.0, "BASE"),), ""),
        ((), ""),
    ],
)
def test_the_base_currency_is_read_never_invented(book, values, base):
    account = book.manager.book("DU1")
    for value in values:
        account.on_value(AccountValue(*value), 1.0)
    assert account.currency() == base
    if values:
        assert account.net_liquidation() == 9.0


def test_a_base_currency_that_is_changed_leaves_nothing_of_the_former(book):
    account = book.manager.book("DU1")
    for tag, value, currency in (
        ("NetLiquidation", 100_000.0, "EUR"), ("ExcessLiquidity", 70_000.0, "EUR"), ("ExchangeRate", 1.0, "EUR"),
        ("ExchangeRate", 0.92, "USD"), ("NetLiquidation", 108_000.0, "USD"), ("ExchangeRate", 1.08, "EUR"),
        ("ExchangeRate", 1.0, "USD"),
    ):  # fmt: skip
        account.on_value(AccountValue(tag, value, currency), 1.0)
    assert (account.currency(), account.net_liquidation(), account.rate("EUR")) == ("USD", 108_000.0, 1.08)
    assert account.value("ExcessLiquidity") is None, "70,000 EUR are not 70,000 USD"


def test_what_comes_in_each_currency_is_taken_as_the_sum_in_the_base_currency(book):
    account = book.manager.book("DU1")
    for tag, value, currency in (
        ("ExchangeRate", 1.0, "EUR"), ("ExchangeRate", 0.92, "USD"),
        ("NetLiquidationByCurrency", 10_000.0, "EUR"), ("NetLiquidationByCurrency", 90_000.0, "USD"),
        ("NetLiquidationByCurrency", 92_800.0, "BASE"),
        ("RealizedPnL", 5.0, "EUR"), ("RealizedPnL", 100.0, "USD"), ("RealizedPnL", 97.0, "BASE"),
    ):  # fmt: skip
        account.on_value(AccountValue(tag, value, currency), 1.0)
    figures = book.snapshot().account
    assert (figures.currency, figures.net_liquidation, figures.realized_today) == ("EUR", 92_800.0, 97.0)


def test_a_rate_between_two_bases_may_come_over_a_third_currency(book):
    book.manager.keep_accounts(("DU1", "DU2"))
    for name, base, net, dollar in (("DU1", "EUR", 1_000.0, 0.9), ("DU2", "JPY", 150_000.0, 150.0)):
        account = book.manager.book(name)
        account.on_value(AccountValue("NetLiquidation", net, base, name), 1.0)
        account.on_value(AccountValue("ExchangeRate", dollar, "USD", name), 1.0)
    assert book.snapshot().account.net_liquidation == 1_900.0
    book.manager.book("DU2").on_value(AccountValue("ExchangeRate", None, "USD", "DU2"), 1.0)
    assert book.snapshot().account.net_liquidation is None


def test_an_account_of_unknown_base_currency_takes_none_of_anothers(book):
    book.manager.keep_accounts(("DU1", "DU2"))
    book.manager.book("DU1").on_value(AccountValue("NetLiquidation", 1e5, "EUR", "DU1"), 1.0)
    book.manager.book("DU2").on_value(AccountValue("NetLiquidation", 1e7, "BASE", "DU2"), 1.0)
    assert [(each.account, each.currency) for each in book.snapshot().accounts] == [("DU1", "EUR"), ("DU2", "")]
    assert book.snapshot().account.net_liquidation is None


def test_the_order_of_lines_is_mended_when_the_rate_comes(book):
    book.hold(YEN, 100, 2_500.0)
    book.hold(TSLA, 10, 400.0)
    book.manager.book("DU1").on_value(AccountValue("NetLiquidation", 9.0, "USD"), 1.0)
    book.quotes |= {23: quote(23, 2_600.0), 2: quote(2, 410.0)}

    def order() -> list[str]:
        return [d.contract.symbol for d in sorted(book.manager.demands(), key=lambda d: -d.exposure_base)]

    assert order() == ["TSLA", "TKYO"], "260,000 yen of unknown worth"
    book.manager.book("DU1").on_value(AccountValue("ExchangeRate", 0.02, "JPY"), 1.0)
    assert order() == ["TKYO", "TSLA"]
    book.manager.book("DU1").on_value(AccountValue("ExchangeRate", 0.0067, "JPY"), 1.0)
    assert order() == ["TSLA", "TKYO"]


def test_singles_in_the_base_currency_are_turned_into_the_contracts(book):
    book.manager.book("DU1").on_value(AccountValue("NetLiquidation", 9.0, "EUR"), 1.0)
    book.manager.book("DU1").on_value(AccountValue("ExchangeRate", 0.5, "USD"), 1.0)
    book.hold(TSLA, 100, 400.0)
    book.quotes[2] = quote(2, 410.0)
    for unrealized, value, daily in ((500.0, 20_500.0, 50.0), (1_000.0, 41_000.0, 100.0)):
        book.single(2, unrealized, value, daily)
        row = rows(book)["TSLA"]
        assert (row.ib_unrealized_pnl, row.daily_pnl, row.check) == (1_000.0, 100.0, "Agrees with IB's P&L")
    assert book.snapshot().account.rows_daily_pnl == 50.0


def test_the_three_way_check_says_who_differs_and_by_how_much(book):
    book.hold(WHEAT, 2, 22_512.50)
    book.manager.on_info(20, ContractInfo(WHEAT, min_tick=0.25))
    book.quotes[20] = quote(20, 448.25)
    assert rows(book)["ZWZ5"].check == ""
    book.single(20, -200.0, 44_825.0)
    book.mark(WHEAT, 2, 44_800.0, -225.0)  # a tick of two contracts is 25.00
    assert rows(book)["ZWZ5"].check == "Agrees with IB's P&L and the portfolio updates"
    for _ in range(2):
        book.single(20, -260.0, 44_765.0)
        assert not rows(book)["ZWZ5"].check_differs, "a price on its way"
    book.single(20, -260.0, 44_765.0)
    row = rows(book)["ZWZ5"]
    assert row.check == "Ours is 60.00 USD above IB's P&L (2.4 ticks)"
    assert row.check_differs
    book.single(20, -210.0, 44_815.0)
    assert not rows(book)["ZWZ5"].check_differs


def test_ibs_figure_may_be_of_any_moment_of_the_last_seconds(book):
    book.hold(WHEAT, 2, 22_512.50)
    book.manager.on_info(20, ContractInfo(WHEAT, min_tick=0.25))
    for second, price in enumerate((448.25, 452.25, 450.25)):
        book.quotes[20] = quote(20, price)
        book.snapshot(wall=76.0 + second)
    for theirs in (-200.0, 200.0, -225.0, 225.0):
        for _ in range(4):
            book.single(20, theirs, 45_000.0)
        assert not book.snapshot(wall=78.5).tradable[0].check_differs, theirs
    for _ in range(3):
        book.single(20, 300.0, 45_000.0)
    assert book.snapshot(wall=78.5).tradable[0].check == "Ours is 100.00 USD below IB's P&L (4.0 ticks)"


def test_what_ib_says_of_another_quantity_is_not_compared(book):
    book.hold(WHEAT, 2, 22_512.50)
    book.manager.on_info(20, ContractInfo(WHEAT, min_tick=0.25))
    book.quotes[20] = quote(20, 448.25)
    for _ in range(4):
        book.single(20, 5_000.0, 22_400.0, quantity=1.0)
        book.mark(WHEAT, 1, 22_400.0, 5_000.0)
    assert rows(book)["ZWZ5"].check == ""
    for _ in range(3):
        book.single(20, -260.0, 44_765.0, quantity=2.0)
    assert rows(book)["ZWZ5"].check_differs
    book.hold(WHEAT, 3, 22_512.50)
    assert (rows(book)["ZWZ5"].check, rows(book)["ZWZ5"].check_differs) == ("", False), "compared anew"


def test_a_row_says_which_farm_is_down_and_whether_its_price_stands(desk):
    desk.quotes[2] = quote(2, 408.08)
    desk.mark(TSLA, 100, 40_000.0, -6_276.0)
    desk.farms[2] = "usfarm"
    row = rows(desk)["TSLA"]
    assert (row.message, row.silent) == ("the market data farm usfarm is down: the price may stand still", False)
    assert row.farms_down == "usfarm"
    desk.silent.add(2)
    row = rows(desk)["TSLA"]
    stands = "the last one stands, IB has not valued it since"
    assert (row.message, row.silent) == (f"no price, and the market data farm usfarm is down: {stands}", True)
    desk.farms.clear()
    assert "usfarm" not in rows(desk)["TSLA"].message


def test_a_silent_line_leaves_the_value_to_ib_once_ib_has_valued_it_later(desk):
    desk.quotes[2] = quote(2, 408.08)
    desk.silent.add(2)
    desk.mark(TSLA, 100, 40_000.0, -6_276.0)  # before the quote
    assert (rows(desk)["TSLA"].mark_kind, rows(desk)["TSLA"].unrealized_pnl) == ("last", -5_468.0)
    desk.manager.on_mark(PortfolioMark(TSLA, 100, None, 40_000.0, None, -6_276.0, None, "DU1"), 1_005.0)
    mute = rows(desk)["TSLA"]
    assert (mute.mark_kind, mute.unrealized_pnl) == ("portfolio", -6_276.0)
    assert (mute.silent, mute.last, mute.mark_wall, mute.price_wall) == (True, 408.08, 1_005.0, 1_000.0)
    desk.silent.clear()
    assert not rows(desk)["TSLA"].silent
    assert rows(desk)["TSLA"].unrealized_pnl == -5_468.0


def test_a_filtered_position_is_worth_what_ib_says_whatever_is_quoted(desk):
    desk.quotes[3] = quote(3, 0.6)
    desk.single(3, -0.9, 4.1)
    assert desk.snapshot().account.filtered_pnl == -0.9


def test_the_days_sum_is_whole_or_none(desk):
    desk.single(1, -7_562.25, 493_765.0, daily=-100.0)
    assert desk.snapshot().account.rows_daily_pnl is None, "half a sum is a wrong number"
    desk.single(2, -5_468.0, 40_808.0, daily=-50.0)
    assert desk.snapshot().account.rows_daily_pnl == -150.0


def test_what_was_realised_yesterday_is_not_todays(desk):
    account = desk.manager.book("DU1")
    account.on_value(AccountValue("NetLiquidation", 9.0, "USD"), 5.0)
    account.on_pnl(AccountPnl(-1.0, -2.0, 500.0), 6.0)
    assert desk.snapshot(0.0).account.realized_today == 500.0
    assert desk.snapshot(50.0).account.realized_today == 0.0, "no fill of the new day yet"
    account.on_fill(Fill("e1", 2, "TSLA", "SLD", 50, 409.35, 100.0, "ISLAND", 1.02, -70.0))
    assert desk.snapshot(50.0).account.realized_today == -70.0
    account.on_fill(Fill("e2", 2, "TSLA", "SLD", 50, 409.35, 101.0, "ISLAND"))
    assert desk.snapshot(50.0).account.realized_today is None, "its report is still to come"
    account.on_pnl(AccountPnl(-1.0, -2.0, -140.5), 102.0)
    assert desk.snapshot(50.0).account.realized_today == -140.5


def test_the_pnl_of_a_dead_connection_is_not_shown_as_todays(desk):
    desk.manager.book("DU1").on_pnl(AccountPnl(-151.9, -13_031.15, 5.0), 5.0)
    assert desk.snapshot().account.daily_pnl == -151.9
    desk.manager.on_disconnected()
    assert desk.snapshot().account.daily_pnl == -151.9, "stale, as the pages say, until another day begins"
    figures = desk.snapshot(day_start=900.0).account
    assert (figures.daily_pnl, figures.ib_unrealized_pnl) == (None, None)


def test_the_headline_says_why_it_is_not_the_sum(desk):
    desk.quotes |= {1: quote(1, 24_688.25), 2: quote(2, 408.08)}
    desk.manager.book("DU1").on_value(AccountValue("NetLiquidation", 9.0, "USD"), 1.0)
    desk.single(1, -7_562.25, 493_765.0, daily=-100.0)
    desk.single(2, -5_468.0, 40_808.0, daily=-50.0)
    desk.single(3, -0.9, 4.1, daily=-1.9)
    desk.manager.book("DU1").on_pnl(AccountPnl(-151.9, -13_031.15, 0.0, "DU1"), 5.0)
    figures = desk.snapshot().account
    assert (figures.rows_daily_pnl, figures.filtered_daily_pnl, figures.filtered_pnl) == (-150.0, -1.9, -0.9)
    assert figures.daily_text == "IB's figure is −1.90 USD off the sum of the rows: −1.90 of 1 filtered position"
    assert figures.unrealized_text.endswith("−0.90 of 1 filtered position")
    desk.manager.book("DU1").on_pnl(AccountPnl(-155.0, -13_030.25, 0.0, "DU1"), 5.0)
    assert desk.snapshot().account.daily_text.endswith("prices of another moment")
    (row,) = desk.snapshot().filtered
    assert (row.market_value, row.unrealized_pnl, row.daily_pnl, row.currency) == (4.1, -0.9, -1.9, "USD")


def test_the_trust_figure_is_the_share_of_exposure_that_is_old_or_delayed(book):
    for con_id, quantity in ((2, 100), (23, 300)):
        ref = msgspec.structs.replace(TSLA, con_id=con_id, local_symbol=f"S{con_id}")
        book.hold(ref, quantity, 10.0)
        book.quotes[con_id] = quote(con_id, 10.0)
    assert book.snapshot(wall=1_059.0).account.untrusted_pct == 0.0
    assert book.snapshot(wall=1_061.0).account.untrusted_pct == 100.0
    book.quotes[2] = msgspec.structs.replace(quote(2, 10.0), received_wall=1_050.0)
    assert book.snapshot(wall=1_061.0).account.untrusted_pct == 75.0
    book.quotes[2] = msgspec.structs.replace(book.quotes[2], data_type="delayed")
    assert book.snapshot(wall=1_061.0).account.untrusted_pct == 100.0
    del book.quotes[23]
    book.quotes[2] = quote(2, 10.0)
    assert book.snapshot(wall=1_010.0).account.untrusted_pct == 75.0, "what has no price weighs by its cost"


@pytest.mark.parametrize(
    ("quantity", "words"),
    [(1_250_000.0, "1,250,000 shares open"), (0.12345678, "0.12345678 shares open"), (1.0, "1 share open"),
     (-1.0, "−1 share open"), (1e8, "100,000,000 shares open")],
)  # fmt: skip
def test_quantities_in_words(book, quantity, words):
    book.hold(TSLA, quantity, 1.0)
    assert book.manager.demands()[0].reason == words


def test_commissions_in_their_own_currency(book):
    account = book.manager.book("DU1")
    account.on_value(AccountValue("NetLiquidation", 9.0, "EUR"), 1.0)
    account.on_fill(Fill("e1", 2, "TSLA", "SLD", 5, 9.0, 100.0, "X", 1.0, None, "DU1", "STK", "USD", "USD"))
    account.on_fill(Fill("e2", 2, "TSLA", "SLD", 5, 9.0, 100.0, "X", 2.0, None, "DU1", "STK", "USD", "EUR"))
    account.on_fill(Fill("e3", 2, "TSLA", "SLD", 5, 9.0, 100.0, "X", None, None, "DU1", "STK", "USD"))
    assert book.snapshot().account.commission_today is None, "no rate of the dollar"
    account.on_value(AccountValue("ExchangeRate", 0.9, "USD"), 1.0)
    figures = book.snapshot().account
    assert (figures.commission_today, figures.commission_pending, figures.fills_today) == (2.9, 1, 3)


def test_one_contract_of_two_accounts_is_one_position_on_its_page(book):
    book.hold(WHEAT, 2, 22_512.50, "DU1")
    book.hold(WHEAT, 1, 22_400.0, "DU2")
    book.quotes[20] = quote(20, 448.25)
    for name in ("DU1", "DU2"):
        book.manager.book(name).on_fill(Fill(f"e{name}", 20, "ZWZ5", "BOT", 1, 448.0, 5.0, "CBOT", account=name))
    one = together(list(book.snapshot().tradable))
    assert one is not None and one.fills_today == 2
    assert (one.quantity, one.unrealized_pnl, one.exposure) == (3, -187.5, 67_237.5)
    assert one.avg_price == pytest.approx((2 * 450.25 + 448.0) / 3)
    book.hold(WHEAT, -2, 22_400.0, "DU2")
    flat = together(list(book.snapshot().tradable))
    assert flat is not None and (flat.quantity, flat.avg_price, flat.unrealized_pnl) == (0, None, -225.0)
    assert together([]) is None


def test_an_advisors_order_counts_once_over_all_accounts_and_for_each_of_its_clients():
    book = Desk()
    book.manager.keep_accounts(("DF1", "DU1", "DU2"))
    for account, quantity, commission in (("DF1", 100.0, 2.0), ("DU1", 60.0, 1.2), ("DU2", 40.0, 0.8)):
        book.manager.book(account).on_value(AccountValue("NetLiquidation", 1_000.0, "USD", account), 5.0)
        fill = Fill(
            f"{account}.01", 2, "TSLA", "BOT", quantity, 409.35, 100.0, "ISLAND", commission, None, account, "STK",
            "USD", "USD", perm_id=7,
        )  # fmt: skip
        book.manager.book(account).on_fill(fill)
    section = book.snapshot()
    assert (section.account.fills_today, section.account.commission_today) == (2, 2.0)
    assert [(figures.account, figures.fills_today) for figures in section.accounts] == [
        ("DF1", 0),
        ("DU1", 1),
        ("DU2", 1),
    ]
    assert {fill.account for fill in section.fills} == {"DU1", "DU2"}
    book.manager.set_view("DF1")
    assert book.snapshot().account.fills_today == 1, "alone it is the master's order"


def test_a_sum_of_accounts_is_in_one_currency_and_whole_or_none(book):
    book.manager.keep_accounts(("DF1", "DU1", "DU2"))
    for account, base in (("DU1", "EUR"), ("DU2", "USD")):
        book.manager.book(account).on_value(AccountValue("NetLiquidation", 1.0, base, account), 5.0)
    assert book.manager.sum_of_accounts({"DU1": 10.0, "DU2": 20.0}) is None, "no exchange rate"
    book.manager.book("DU1").on_value(AccountValue("ExchangeRate", 0.8, "USD", "DU1"), 5.0)
    assert book.manager.sum_of_accounts({"DU1": 10.0, "DU2": 20.0}) == 26.0
    assert book.manager.sum_of_accounts({"DU1": 10.0, "DU2": None}) is None
    assert book.manager.sum_of_accounts({"DF1": 0.0, "DU1": 10.0, "DU2": 20.0}) == 26.0, "nothing needs no rate"
    assert book.manager.sum_of_accounts({"DF1": None, "DU1": 10.0, "DU2": 20.0}) is None, "not answered yet"
    book.manager.book("DF1").on_pnl(AccountPnl(None, None, None, "DF1"), 6.0)
    assert book.manager.sum_of_accounts({"DF1": None, "DU1": 10.0, "DU2": 20.0}) == 26.0, "it has none to miss"
    book.hold(TSLA, 5, 400.0, "DF1")
    assert book.manager.sum_of_accounts({"DF1": None, "DU1": 10.0, "DU2": 20.0}) is None
    assert book.manager.sum_of_accounts({"DU1": None}) is None


def test_what_the_filtered_positions_earn_is_told_apart(desk):
    assert desk.manager.filtered_of("DU1") == 0.0
    desk.single(3, -1.9, 3.1)
    assert desk.manager.filtered_of("DU1") == -1.9
    assert desk.manager.filtered_of("DU2") == 0.0
    assert desk.manager.unrealized_of("DU1")[0] is None


def test_a_base_currency_that_is_not_known_is_not_the_positions(book):
    book.hold(TSLA, 100, 400.0)
    book.manager.book("DU1").on_value(AccountValue("NetLiquidation", 10_000_000.0, "BASE", "DU1"), 1.0)
    figures = book.snapshot().account
    assert (figures.net_liquidation, figures.base_currency, figures.currency) == (10_000_000.0, "", "USD")


def test_all_together_name_the_account_that_has_no_exchange_rate(book):
    book.manager.keep_accounts(("DU1", "DU2"))
    book.manager.book("DU1").on_value(AccountValue("NetLiquidation", 9.0, "EUR", "DU1"), 1.0)
    book.manager.book("DU2").on_value(AccountValue("NetLiquidation", 9.0, "JPY", "DU2"), 1.0)
    figures = book.snapshot().account
    assert (figures.net_liquidation, figures.unconverted) == (None, (Lack("DU2", "no exchange rate for JPY"),))


def test_singles_of_what_nobody_else_values_are_read_as_the_others_are(book):
    account = book.manager.book("DU1")
    for value in (("NetLiquidation", 9.0, "EUR"), ("ExchangeRate", 0.9, "USD"), ("ExchangeRate", 0.00625, "JPY")):
        account.on_value(AccountValue(*value), 1.0)
    book.hold(WHEAT, 2, 22_512.50)
    book.hold(YEN, 100, 2_500.0)  # no line, no portfolio update
    book.quotes[20] = quote(20, 448.25)
    book.single(23, 62.5, 1_625.0)
    assert rows(book)["7203"].unrealized_pnl == 62.5
    book.single(20, -180.0, 40_342.5)  # in euros
    assert rows(book)["7203"].unrealized_pnl == 10_000.0
    assert rows(book)["ZWZ5"].ib_unrealized_pnl == -200.0
    book.manager.on_disconnected()
    book.manager.on_connected()
    book.single(23, 62.5, 1_625.0)
    assert rows(book)["7203"].unrealized_pnl == 62.5, "another session may speak otherwise"
