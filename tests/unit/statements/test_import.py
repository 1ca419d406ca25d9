"""Statements into journals: who is who, what wins, what is kept, and that the counts add up (the desk checks them)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from engine.domain import Fill
from tests.unit.statements.desk import AT, ONE, SAMPLES, TWO, Desk, cash, flex, trade

BOUGHT = Fill(
    "0000e0d5.67290a01.01.01", 76792991, "TSLA", "BOT", 50.0, 409.35, 1762354800.0, "ISLAND", None, None, ONE, "STK",
    "USD", "", "20251105", "exchange", "", 1.0, 1.0, 731425, 12, 52, "my tag", False, 50.0, None,
    "20251105 10:00:00 US/Eastern", "US/Eastern", False,
)  # fmt: skip
TWIN = replace(BOUGHT, exec_id="0000e0d5.67290a01.02.01", cum_quantity=100.0)
NO_IDS = {"ibExecID": "", "transactionID": "", "tradeID": ""}


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def counts(report, *names):
    return tuple(report.counts[name] for name in names or ("new", "known", "enriched", "superseded", "refused"))


# --- executions -------------------------------------------------------------------------------------------------------


def test_an_execution_that_the_api_told_is_completed_and_not_doubled(desk):
    desk.record(BOUGHT)
    report = desk.read(flex(trade(taxes="-0.5", fxRateToBase="0.87", settleDateTarget="20251106", notes="P;O")))
    assert counts(report) == (0, 0, 1, 0, 0)
    (row,) = desk.fills()
    assert (row.fill.commission, row.fill.commission_currency, row.facts.taxes) == (1.02, "USD", 0.5)
    assert (row.fill.order_ref, row.fill.perm_id, row.source) == ("my tag", 731425, "api"), "the API's own stay"
    assert (row.facts.fx_rate_to_base, row.facts.base_currency, row.facts.settle_date) == (0.87, "EUR", "20251106")
    assert row.facts.codes == ("P", "O")
    assert report.corrected == (), "a pending commission that came is no correction"


def test_the_statement_wins_and_says_what_it_corrected(desk):
    desk.record(replace(BOUGHT, commission=1.5, commission_currency="USD", trade_date="20251106"))
    report = desk.read(flex(trade()))
    (row,) = desk.fills()
    assert (row.fill.commission, row.fill.trade_date) == (1.02, "20251105")
    (corrected,) = report.corrected
    assert (corrected.what, corrected.was, corrected.told, corrected.symbol) == ("commission", "1.5", "1.02", "TSLA")
    assert report.corrected_count == 1


def test_less_than_half_a_cent_is_no_correction(desk):
    desk.record(replace(BOUGHT, commission=1.0239, commission_currency="USD"))
    assert desk.read(flex(trade())).corrected == ()


def test_a_later_report_of_the_api_does_not_take_the_statements_word_back(desk):
    desk.record(BOUGHT)
    desk.read(flex(trade()))
    desk.record(replace(BOUGHT, commission=9.9, commission_currency="USD"))
    assert desk.fills()[0].fill.commission == 1.02


def test_another_quantity_under_the_same_id_is_refused(desk):
    desk.record(BOUGHT)
    report = desk.read(flex(trade(quantity="60")))
    assert counts(report) == (0, 0, 0, 0, 1)
    assert "the journal holds BOT 50 under this id, the file BOT 60" in report.refused[0].reason
    assert desk.fills()[0].fill.quantity == 50.0


def test_pence_and_pounds_are_no_correction(desk):
    desk.record(replace(BOUGHT, price=8850.0, price_magnifier=100.0, currency="GBP", commission=1.02))
    report = desk.read(flex(trade(tradePrice="88.5", currency="GBP")))
    assert report.corrected == ()
    assert desk.fills()[0].fill.price == 8850.0


PENCE = {"price": 8850.0, "price_magnifier": 100.0, "currency": "GBP", "commission": 1.02}
CORN = {
    "sec_type": "FUT",
    "local_symbol": "ZC DEC 25",
    "price": 450.25,
    "multiplier": 5_000.0,
    "price_magnifier": 100.0,
}
CORN_TOLD = {"assetCategory": "FUT", "symbol": "ZC DEC 25", "multiplier": "50"}


@pytest.mark.parametrize(
    ("held", "told", "price", "money"),
    [
        (PENCE, {"tradePrice": "88.51", "currency": "GBP"}, 8851.0, 50 * 88.51),
        (PENCE, {"tradePrice": "8851", "currency": "GBP"}, 8851.0, 50 * 88.51),
        (PENCE, {"tradePrice": "8851", "tradeMoney": "4425.5", "currency": "GBP"}, 8851.0, 50 * 88.51),
        (CORN, {"tradePrice": "450.5", **CORN_TOLD}, 450.5, 50 * 450.5 * 50),
        (CORN | {"price_magnifier": None}, {"tradePrice": "450.5", **CORN_TOLD}, 450.5, 50 * 450.5 * 50),
        ({"price": 409.349}, {"tradePrice": "409.35"}, 409.35, 50 * 409.35),
        ({"price": 409.6}, {"tradePrice": "410"}, 410.0, 50 * 410.0),  # zeros at the end are not written
        ({"price": 1.1512}, {"tradePrice": "1.15123"}, 1.15123, 50 * 1.15123),
    ],
)  # fmt: skip
def test_a_corrected_price_is_taken_over_to_the_last_digit_in_the_unit_that_is_held(desk, held, told, price, money):
    desk.record(replace(BOUGHT, **held))
    report = desk.read(
        flex(trade(**told), trade(ibExecID="z.1.01", transactionID="3", tradeID="3", tradePrice="1.12345"))
    )
    row = next(row for row in desk.fills() if row.fill.exec_id == BOUGHT.exec_id)
    assert row.fill.price == price
    per_point = (row.fill.multiplier or 1.0) / (row.fill.price_magnifier or 1.0)
    assert row.fill.quantity * row.fill.price * per_point == pytest.approx(money, abs=1e-9)
    is_money = abs(price - held["price"]) * 50 * per_point > 0.005
    assert [each.what for each in report.corrected] == ["price"] * is_money


def test_a_price_that_the_statement_rounds_is_no_other_price(desk):
    """Its prices have two decimals: 409.3512 is told as 409.35."""
    desk.record(replace(BOUGHT, price=409.3512), replace(TWIN, price=409.3562))
    desk.read(flex(trade(), trade(ibExecID=TWIN.exec_id, transactionID="2", tradeID="2")))
    assert [row.fill.price for row in desk.fills()] == [409.3512, 409.35], "half a cent more is another price"


def test_a_point_told_in_dollars_for_cents_changes_no_money(desk):
    desk.record(replace(BOUGHT, **CORN))
    desk.read(flex(trade(tradePrice="450.25", **CORN_TOLD)))
    (row,) = desk.fills()
    assert row.fill.price * row.fill.multiplier / row.fill.price_magnifier == 450.25 * 50
    assert row.facts.statement_id, "it is the same execution"


@pytest.mark.parametrize("held", ["01", "02"])
def test_of_two_revisions_the_higher_is_in_force_whoever_tells_it(desk, held):
    told = "02" if held == "01" else "01"
    desk.record(replace(BOUGHT, exec_id=f"0000e0d5.67290a01.01.{held}", price=409.0 + int(held)))
    report = desk.read(flex(trade(ibExecID=f"0000e0d5.67290a01.01.{told}")))
    assert counts(report) == (0, 0, 0, 1, 0)
    assert [row.fill.exec_id[-2:] for row in desk.fills()] == ["02"]
    assert len(desk.rows("fills")) == 2, "both stay visible"


def test_twins_are_two(desk):
    """A query without ids: the n-th of equal rows meets the n-th that is held."""
    desk.record(BOUGHT, TWIN)
    report = desk.read(flex(trade(**NO_IDS), trade(**NO_IDS)))
    assert counts(report, "new") == (0,)
    assert counts(report, "enriched") == (2,)
    third = desk.read(flex(*[trade(**NO_IDS)] * 3))
    assert counts(third) == (1, 2, 0, 0, 0)
    assert len(desk.fills()) == 3


def test_two_ids_are_two_executions_however_equal_they_are(desk):
    desk.record(BOUGHT)
    report = desk.read(flex(trade(ibExecID=TWIN.exec_id, transactionID="2")))
    assert counts(report, "new") == (1,)


def test_a_row_without_an_execution_id_gets_it_from_a_fuller_file(desk):
    desk.read(flex(trade(ibExecID="")))
    report = desk.read(flex(trade()))
    assert counts(report) == (0, 0, 1, 0, 0)
    assert [row.fill.exec_id for row in desk.fills()] == [BOUGHT.exec_id]
    assert counts(desk.read(flex(trade(ibExecID=""), made="20251109;041910"))) == (0, 1, 0, 0, 0)


def test_the_same_execution_twice_in_a_file_is_one(desk):
    report = desk.read(flex(trade(), trade()))
    assert counts(report) == (1, 1, 0, 0, 0)
    assert any("twice" in note for note in report.notes)


def test_trade_confirmations_and_the_statement_of_the_day_are_the_same_trades(desk):
    desk.read(SAMPLES / "flex_confirmations.xml")
    before = len(desk.fills())
    desk.read(SAMPLES / "flex_two_accounts.xml")
    desk.read(SAMPLES / "flex_marked.csv")
    desk.read(SAMPLES / "flex_day_first.csv")
    tesla = [row.fill.exec_id for row in desk.fills() if row.fill.local_symbol == "TSLA"]
    assert before == 1 and len(tesla) == len(set(tesla)) == 2
    assert len(desk.rows("cash_transactions")) == 3


# --- what no execution tells ------------------------------------------------------------------------------------------


def test_a_statement_with_everything_in_it(desk):
    report = desk.read(SAMPLES / "flex_two_accounts.xml")
    assert counts(report) == (19, 1, 0, 2, 1)
    assert report.other_level == 5 and report.accounts == (ONE, TWO)
    by_kind = {}
    for row in desk.fills():
        by_kind.setdefault(row.facts.kind, []).append(row)
    assigned = {r.fill.local_symbol: r.fill.price for r in by_kind["assignment"]}
    assert assigned == {"XYZ": 50.0, "XYZ   251107P00050000": 0.0}
    (split,) = by_kind["split"]
    assert (split.fill.quantity, split.fill.side, split.fill.trade_date) == (8.3796, "BOT", "20251104")
    assert len([r for r in by_kind["trade"] if r.fill.local_symbol == "SAP"]) == 2, "twins"
    assert [r.fill.price for r in by_kind["trade"] if r.fill.local_symbol == "AMD"] == [259.5]
    amd = {r["exec_id"]: r["state"] for r in desk.rows("fills") if r["local_symbol"] == "AMD"}
    assert sorted(amd.values(), key=str) == [None, "cancelled", "cancelled"]
    assert [r["total"] for r in desk.rows("nav_days")] == ["9520", "9550"]
    assert [(r["kind"], r["quantity"]) for r in desk.rows("option_events")] == [("Assignment", "1")]
    assert sorted(r["sort"] for r in desk.rows("cash_transactions")) == ["deposit", "dividend", "withholding tax"]
    assert [r["quantity"] for r in desk.rows("positions_at")] == ["20"], "the sum, not the lots"
    assert len(desk.rows("conversion_rates")) == 2
    assert [row.fill.local_symbol for row in desk.fills(TWO)] == ["7203.T", "VOD"]


def test_the_list_of_expiries_names_what_the_codes_do_not(desk):
    row = trade(
        symbol="X", conid="9", assetCategory="OPT", tradePrice="0", transactionType="BookTrade", **{"ibExecID": ""}
    )
    event = '<OptionEAE accountId="U1000001" conid="9" symbol="X" transactionType="Cash Settlement" date="20251105" '
    desk.read(flex(row, more=f'<OptionEAE>{event}quantity="1" tradeID="9001"/></OptionEAE>'))
    assert [r.facts.kind for r in desk.fills()] == ["cash settlement"]


CANCEL = trade(
    transactionID="70009", tradeID="9009", origTransactionID="70001", quantity="-50", buySell="BUY (Ca.)", ibExecID="",
    transactionType="TradeCancel", notes="Ca",
)  # fmt: skip


@pytest.mark.parametrize("order", ["together", "cancel later", "cancel first", "over the API's fill"])
def test_a_cancelled_trade_counts_no_more_and_stays_visible(desk, order):
    if order == "together":
        desk.read(flex(CANCEL, trade()))
    elif order == "cancel later":
        desk.read(flex(trade()))
        desk.read(flex(CANCEL, made="20251109;041910"))
    elif order == "cancel first":
        report = desk.read(flex(CANCEL))
        assert any("cancelled trades are not here" in note for note in report.notes)
        desk.read(flex(trade(), made="20251109;041910"))
    else:
        desk.record(BOUGHT)
        desk.read(flex(trade(), CANCEL))
    assert desk.fills() == []
    assert [row["state"] for row in desk.rows("fills")] == ["cancelled", "cancelled"]
    again = desk.read(flex(CANCEL, trade(), made="20251110;041910"))
    assert counts(again) == (0, 2, 0, 0, 0)
    assert desk.fills() == []


def test_a_cancel_that_names_nothing_is_of_the_last_equal_trade(desk):
    desk.read(flex(trade(), trade(ibExecID=TWIN.exec_id, transactionID="70002", dateTime="20251105;110000")))
    unnamed = CANCEL.replace('origTransactionID="70001"', "").replace(";100000", ";120000")
    desk.read(flex(unnamed, made="20251109;041910", days="20251106-20251107"))
    assert [row.fill.exec_id for row in desk.fills()] == [BOUGHT.exec_id]


def test_a_split_goes_and_comes_with_the_row_that_told_it(desk):
    row = (
        '<CorporateAction accountId="U1000001" currency="USD" symbol="SPLT" conid="4900" type="FS" '
        'reportDate="20251104" dateTime="20251103;202500" quantity="30" transactionID="81001" />'
    )
    told, silent = f"<CorporateActions>{row}</CorporateActions>", "<CorporateActions />"
    desk.read(flex(more=told))
    desk.read(flex(more="", made="20251109;041910"))
    assert len(desk.fills()) == 1, "a query without the section says nothing of it"
    desk.read(flex(more=silent, made="20251110;041910"))
    assert desk.fills() == []
    desk.read(flex(more=told, made="20251111;041910"))
    assert [row.facts.kind for row in desk.fills()] == ["split"]


def test_a_transfer_is_a_position_at_its_cost(desk):
    row = (
        '<Transfer accountId="U1000001" currency="USD" assetCategory="STK" symbol="IBM" conid="8314" type="ACATS" '
        'direction="IN" date="20251104" quantity="20" positionAmount="5000" transactionID="5"/>'
    )
    report = desk.read(flex(more=f"<Transfers>{row}</Transfers>"))
    (moved,) = desk.fills()
    assert (moved.facts.kind, moved.fill.quantity, moved.fill.price) == ("transfer", 20.0, 250.0)
    assert counts(report) == (1, 0, 0, 0, 0), "the row of the file counts, not what is made of it"
    assert counts(desk.read(flex(more=f"<Transfers>{row}</Transfers>", made="20251109;041910"))) == (0, 1, 0, 0, 0)


def test_a_transfer_that_was_cancelled_leaves_the_position_as_it_was(desk):
    """Both rows say OUT; the second turns the signs."""
    row = (
        '<Transfer accountId="U1000001" currency="USD" fxRateToBase="0.9" assetCategory="STK" symbol="IBM" '
        'conid="8314" type="FOP" direction="OUT" date="20251104" quantity="{}" positionAmountInBase="{}" '
        'transactionID="{}"/>'
    )
    desk.read(flex(more=f"<Transfers>{row.format(-20, -4500, 5)}{row.format(20, 4500, 6)}</Transfers>"))
    assert sorted((each.fill.side, each.fill.quantity) for each in desk.fills()) == [("BOT", 20.0), ("SLD", 20.0)]
    moved = [(each.quantity, each.amount, each.base_currency) for each in desk.reader().transfers()]
    assert moved == [(-20, -5000, "EUR"), (20, 5000, "EUR")]


def test_transfers_of_an_activity_statement_are_read(desk):
    desk.read(
        HEAD + "Transfers,Header,Asset Category,Currency,Symbol,Date,Type,Direction,Xfer Company,Xfer Account,Qty,"
        "Xfer Price,Market Value,Realized P/L,Cash Amount,Code\n"
        'Transfers,Data,Stocks,USD,MDX,2025-11-05,ATON,Out,--,555,-250,--,"-7,412.50",0.00,0.00,\n'
        "Transfers,Data,Total,,,,,,,,,,-7412.5,0,0,\n"
    )
    (moved,) = desk.reader().transfers()
    assert (moved.day, moved.symbol, moved.quantity, moved.amount) == ("20251105", "MDX", -250, Decimal("-7412.50"))
    (row,) = desk.fills()
    assert (row.facts.kind, row.fill.side, row.fill.quantity, row.fill.price) == ("transfer", "SLD", 250.0, 29.65)


# --- rows of whole orders ---------------------------------------------------------------------------------------------

HEAD = (
    "Statement,Header,Field Name,Field Value\nStatement,Data,Title,Activity Statement\n"
    'Statement,Data,Period,"November 3, 2025 - November 7, 2025"\n'
    "Account Information,Header,Field Name,Field Value\nAccount Information,Data,Account,U1000001\n"
    "Trades,Header,DataDiscriminator,Asset Category,Currency,Symbol,Date/Time,Quantity,T. Price,Proceeds,Comm/Fee,"
    "Code\n"
)


def order(quantity="100", price="409.35", at="2025-11-05, 10:00:00", symbol="TSLA"):
    return f'Trades,Data,Order,Stocks,USD,{symbol},"{at}","{quantity}",{price},0,-2.04,O\n'


def test_an_order_whose_executions_are_held_is_covered(desk):
    desk.record(BOUGHT, TWIN)
    report = desk.read(HEAD + order())
    assert counts(report) == (0, 1, 0, 0, 0)
    assert any("covered by executions" in note for note in report.notes)
    assert len(desk.fills()) == 2


def test_an_order_of_which_nothing_is_held_stands_for_its_executions_until_they_come(desk):
    report = desk.read(HEAD + order() + order("-100", "411", "2025-11-05, 15:00:00"))
    assert counts(report) == (2, 0, 0, 0, 0)
    assert [row.facts.order_level for row in desk.fills()] == [True, True]
    assert counts(desk.read(HEAD + order() + order("-100", "411", "2025-11-05, 15:00:00") + "\n")) == (0, 2, 0, 0, 0)
    desk.read(flex(trade(), trade(ibExecID=TWIN.exec_id, transactionID="70002", tradeID="9002")))
    rows = desk.fills()
    assert [(row.fill.side, row.facts.order_level) for row in rows] == [("BOT", False), ("BOT", False), ("SLD", True)]


@pytest.mark.parametrize("first", ["executions", "orders"])
def test_an_order_counts_for_what_its_executions_leave_whichever_come_first(desk, first):
    if first == "executions":
        desk.record(replace(BOUGHT, price=409.0, commission=1.0))
    report = desk.read(HEAD + order())
    if first == "orders":
        desk.record(replace(BOUGHT, price=409.0, commission=1.0))
    assert counts(report) == (1, 0, 0, 0, 0)
    rows = {row.facts.order_level: row for row in desk.fills()}
    assert (rows[False].fill.quantity, rows[False].fill.price) == (50.0, 409.0)
    assert (rows[True].fill.quantity, rows[True].fill.price) == (50.0, 409.7), "together they are 100 for 40,935"
    assert rows[True].fill.commission == 1.04
    assert "an order for 100" in rows[True].facts.remark


@pytest.mark.parametrize("first", ["executions", "orders"])
def test_executions_of_the_gateway_take_the_place_of_their_orders_rows(desk, first):
    """Twins are two: of two equal orders one execution covers one."""
    rows = HEAD + order("50") * 2
    if first == "executions":
        desk.record(BOUGHT)
    desk.read(rows)
    if first == "orders":
        desk.record(BOUGHT)
    assert sorted(row.facts.order_level for row in desk.fills()) == [False, True]
    desk.record(TWIN)
    assert [row.facts.order_level for row in desk.fills()] == [False, False]
    assert sum(counts(desk.read(rows + "\n"), "known", "enriched")) == 2


def test_rows_of_orders_that_say_another_price_than_the_executions_are_told(desk):
    desk.record(BOUGHT, TWIN)
    report = desk.read(HEAD + order(price="409.45"))
    assert counts(report) == (0, 1, 0, 0, 0)
    assert any("the executions held come to 40935, the file says 40945" in note for note in report.notes)
    assert [row.fill.price for row in desk.fills()] == [409.35, 409.35]


def test_a_row_without_a_number_is_covered_by_the_gateways_execution(desk):
    """The CSV has no list of instruments: only names tell that they are one contract."""
    desk.read(HEAD + order())
    assert desk.rows("fills")[0]["con_id"] == 0
    desk.record(BOUGHT, TWIN)
    assert [row.facts.order_level for row in desk.fills()] == [False, False]


def test_orders_of_which_some_are_held_are_told_apart(desk):
    desk.record(BOUGHT, TWIN)
    report = desk.read(HEAD + order() + order("7", "400", "2025-11-05, 11:00:00"))
    assert counts(report) == (1, 1, 0, 0, 0)


@pytest.mark.parametrize("name", ["activity_english.csv", "activity_german.csv"])
def test_the_activity_statement_of_a_week_that_flex_has_told_adds_no_execution(desk, name):
    desk.read(SAMPLES / "flex_two_accounts.xml")
    fills, booked = len(desk.fills()), len(desk.rows("cash_transactions"))
    report = desk.read(SAMPLES / name)
    assert report.counts["refused"] == 0
    assert len(desk.rows("cash_transactions")) == booked, "the same bookings without ids, in any language"
    new = [row for row in desk.fills() if row.facts.order_level]
    assert len(desk.fills()) - fills == len(new)
    assert {row.fill.local_symbol for row in new} <= {"XYZ 07NOV25 50 P", "EUR.USD"}, "those that Flex has not told"
    assert len(desk.rows("positions_at")) == 1


# --- statements one after the other -----------------------------------------------------------------------------------


def test_the_same_bytes_are_read_once(desk):
    first = desk.read(SAMPLES / "flex_two_accounts.xml")
    before = desk.all(but=())
    again = desk.read(SAMPLES / "flex_two_accounts.xml")
    assert (again.status, again.first_read_wall, again.counts) == ("already read", first.at_wall, first.counts)
    assert desk.all(but=()) == before
    read = desk.read(SAMPLES / "flex_two_accounts.xml", again="1")
    assert (read.status, read.counts["new"], read.counts["superseded"]) == ("read", 0, 0)


def test_a_newer_statement_of_the_same_days_withdraws_what_it_lacks_and_may_give_it_back(desk):
    both = [trade(), trade(ibExecID=TWIN.exec_id, transactionID="70002", tradeID="9002")]
    booked = f"<CashTransactions>{cash()}</CashTransactions>"
    desk.read(flex(*both, more=booked))
    report = desk.read(flex(both[0], more="<CashTransactions/>", made="20251109;041910"))
    assert report.withdrawn == 2
    assert [row.fill.exec_id for row in desk.fills()] == [BOUGHT.exec_id]
    assert [row["withdrawn_by"] is not None for row in desk.rows("cash_transactions")] == [True]
    desk.read(flex(*both, more=booked, made="20251110;041910"))
    assert len(desk.fills()) == 2
    assert [row["withdrawn_by"] for row in desk.rows("cash_transactions")] == [None]


def test_an_older_statement_read_later_brings_nothing_back_that_the_newer_one_lacks(desk):
    desk.read(flex(trade(), made="20251109;041910"))
    report = desk.read(flex(trade(), trade(ibExecID="z.1.01", transactionID="3", tradeID="3")))
    assert counts(report) == (0, 1, 0, 1, 0) and report.withdrawn == 0
    assert any("not in a newer statement" in note for note in report.notes)
    assert [row.fill.exec_id for row in desk.fills()] == [BOUGHT.exec_id]


def test_what_a_newer_statement_has_withdrawn_an_older_one_does_not_give_back(desk):
    both = [trade(), trade(ibExecID=TWIN.exec_id, transactionID="70002", tradeID="9002")]
    split = (
        '<CorporateActions><CorporateAction accountId="U1000001" currency="USD" symbol="SPLT" conid="4900" type="FS" '
        'reportDate="20251104" quantity="30" transactionID="81001" /></CorporateActions>'
    )
    booked = f"<CashTransactions>{cash()}</CashTransactions>{split}"
    desk.read(flex(*both, more=booked))
    desk.read(flex(both[0], more="<CashTransactions/><CorporateActions/>", made="20251110;041910"))
    for made in ("20251109;041910", "20251108;041910"):
        desk.read(flex(*both, more=booked, made=made), again="yes")
        assert [row.fill.exec_id for row in desk.fills()] == [BOUGHT.exec_id]
        assert [row["withdrawn_by"] is not None for row in desk.rows("cash_transactions")] == [True]


@pytest.mark.parametrize(
    "other",
    [{"query": "Another"}, {"days": "20251105-20251105"}, {"days": "20251110-20251111"}],
    ids=str,
)
def test_silence_of_any_other_statement_withdraws_nothing(desk, other):
    desk.read(flex(trade()))
    report = desk.read(
        flex(trade(ibExecID="z.1.01", transactionID="3", tradeID="3"), **{"made": "20251109;041910", **other})
    )
    assert report.withdrawn == 0
    assert len(desk.fills()) == 2


def test_an_older_statement_completes_and_does_not_overrule_a_newer_one(desk):
    desk.read(flex(trade(ibCommission="-1.5"), made="20251109;041910"))
    report = desk.read(flex(trade(ibCommission="-1.02", taxes="-0.3"), made="20251108;041910"))
    (row,) = desk.fills()
    assert (row.fill.commission, row.facts.taxes) == (1.5, 0.3)
    assert report.corrected == ()


# --- what the file does not say ---------------------------------------------------------------------------------------


def test_an_account_that_nobody_knows_is_asked_for_once(desk):
    text = flex(trade(accountId="My IRA"), account="My IRA")
    asked = desk.read(text)
    assert (asked.status, [q.name for q in asked.questions]) == ("asks", ["account:My IRA"])
    assert [c.value for c in asked.questions[0].choices] == [ONE, TWO, "-"]
    assert not desk.rows("fills") and not desk.rows("import_reports"), "nothing is done before the answer"
    assert counts(desk.read(text, **{"account:My IRA": TWO}), "new") == (1,)
    assert len(desk.fills(TWO)) == 1
    later = flex(trade(accountId="My IRA", ibExecID="z.1.01", transactionID="3", tradeID="3"), account="My IRA")
    assert desk.read(later).status == "read", "it is remembered"


def test_rows_of_an_account_may_be_left_out(desk):
    text = flex(trade(accountId="U9999999"), account="U9999999")
    report = desk.read(text, **{"account:U9999999": "-"})
    assert (report.status, counts(report)) == ("read", (0, 0, 0, 0, 1))
    assert "U9999999" in report.refused[0].reason


def test_where_nobody_can_be_asked_a_stranger_is_refused(desk):
    report = desk.read(flex(trade(accountId="U9999999"), account="U9999999"), may_ask=False)
    assert report.status == "refused" and "'U9999999', which is none of this login's accounts" in report.why
    both = flex(trade(), trade(accountId="U9999999", ibExecID="z.1.01", transactionID="3"))
    assert counts(desk.read(both, may_ask=False)) == (1, 0, 0, 0, 1)


AMBIGUOUS = (
    '"ClientAccountID","CurrencyPrimary","AssetClass","Symbol","Conid","Buy/Sell","DateTime","TradeDate","Quantity",'
    '"TradePrice","IBExecID"\n"U1000001","USD","STK","TSLA","76792991","BUY","08/09/2025;10:00:00","08/09/2025","50",'
    '"409.35","z.1.01"\n'
)


def test_dates_that_can_be_read_in_two_ways_are_asked_for(desk):
    asked = desk.read(AMBIGUOUS.replace("08/09", "07/08"))
    assert [q.name for q in asked.questions] == ["dates"]
    report = desk.read(AMBIGUOUS.replace("08/09", "07/08"), dates="day first")
    assert report.status == "read"
    assert [row.fill.trade_date for row in desk.fills()] == ["20250807"]
    alone = desk.read(AMBIGUOUS.replace("08/09", "07/08"), may_ask=False)
    assert alone.status == "refused" and "day or the month" in alone.why


def test_a_saturday_decides(desk):
    assert desk.read(AMBIGUOUS).status == "read", "9 August 2025 is one"
    assert [row.fill.trade_date for row in desk.fills()] == ["20250908"]


def test_times_of_another_zone_are_found_by_the_executions_that_both_sides_know(desk):
    desk.record(BOUGHT, replace(TWIN, time_market=BOUGHT.time_market + 60))
    rows = [
        trade(dateTime="20251105;160000"),
        trade(ibExecID=TWIN.exec_id, transactionID="2", dateTime="20251105;160100"),
    ]
    new = trade(ibExecID="z.1.01", transactionID="3", tradeID="3", dateTime="20251105;170000")
    asked = desk.read(flex(*rows, new))
    assert asked.status == "asks" and "Europe/Berlin" in [c.value for c in asked.questions[0].choices]
    assert len(desk.fills()) == 2, "nothing was taken"
    assert desk.read(flex(*rows, new), zone="Europe/Berlin").status == "read"
    assert [row.fill.time_market for row in desk.fills()][-1] == BOUGHT.time_market + 3600
    refused = desk.read(flex(trade(dateTime="20251105;101700"), made="20251109;041910"))
    assert refused.status == "refused" and "No zone explains it" in refused.why


def test_one_time_that_differs_is_said_and_the_gateways_stays(desk):
    others = [
        replace(BOUGHT, exec_id=f"0000e0d5.67290a01.0{n}.01", time_market=BOUGHT.time_market + n) for n in (1, 2, 3)
    ]
    desk.record(*others)
    rows = [
        trade(
            ibExecID=f"0000e0d5.67290a01.0{n}.01", transactionID=str(n), tradeID=str(n), dateTime=f"20251105;10000{n}"
        )
        for n in (1, 2)
    ]
    report = desk.read(
        flex(*rows, trade(ibExecID="0000e0d5.67290a01.03.01", transactionID="9", dateTime="20251105;111111"))
    )
    assert report.status == "read" and any("told another time" in note for note in report.notes)
    assert [row.fill.time_market - BOUGHT.time_market for row in desk.fills()] == [1.0, 2.0, 3.0]


# --- kept -------------------------------------------------------------------------------------------------------------


def test_reports_are_kept_also_of_what_was_refused(desk):
    desk.read(SAMPLES / "flex_two_accounts.xml")
    desk.read("no statement")
    kept = desk.rows("import_reports")
    assert [row["status"] for row in kept] == ["read", "refused"]
    assert [row["statement_id"][:15] for row in desk.rows("statements")] == ["20251108T091910"], "UTC, sorts by time"
    assert [row["read_wall"] for row in desk.rows("statements", TWO)] == [AT + 1]


def test_money_is_kept_to_the_last_digit(desk):
    desk.read(flex(more=f"<CashTransactions>{cash(amount='-0.123456789012345678')}</CashTransactions>"))
    assert [row["amount"] for row in desk.rows("cash_transactions")] == ["-0.123456789012345678"]


def test_equal_bookings_without_ids_are_two_and_stay_two(desk):
    rows = cash(transactionID="") * 2
    assert counts(desk.read(flex(more=f"<CashTransactions>{rows}</CashTransactions>")), "new") == (2,)
    more = cash(transactionID="") * 3
    again = desk.read(flex(more=f"<CashTransactions>{more}</CashTransactions>", made="20251109;041910"))
    assert counts(again) == (1, 2, 0, 0, 0)
    assert len(desk.rows("cash_transactions")) == 3
