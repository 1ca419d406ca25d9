"""Files as they come: rows with their lines, whatever the layout; what is no statement is refused by its name."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal

import pytest

from engine.errors import StatementError
from engine.journal.contract_names import contract_key
from engine.statements import raw
from engine.statements.open_file import read_statement
from engine.statements.understand import order_of_dates, understand
from tests.unit.statements.desk import SAMPLES, flex, trade


def read(tmp_path, text, name="file"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_statement(path)


def values(name):
    file = read_statement(SAMPLES / name)
    order, must_ask = order_of_dates(file)
    assert not must_ask
    return understand(file, order)


def test_flex_xml_says_whose_of_which_days_and_which_sections():
    file = read_statement(SAMPLES / "flex_two_accounts.xml")
    assert [(head.account, head.base_currency) for head in file.heads] == [("U1000001", "EUR"), ("U1000002", "USD")]
    assert {"Trades", "CashTransactions", "ChangeInNAV"} <= file.heads[0].sections
    assert "CashTransactions" in file.heads[1].sections, "also an empty one"
    assert (file.kind, file.query) == ("Flex XML", "Journal")
    assert file.rows[1].line == 7 and file.rows[1].fields["symbol"] == "TSLA"


def test_a_row_is_understood_with_signs_codes_and_units():
    by_symbol = {
        r.values["local_symbol"]: r.values for r in values("flex_two_accounts.xml").records if r.table == "fills"
    }
    vod, toyota = by_symbol["VOD"], by_symbol["7203.T"]
    assert (vod["commission"], vod["taxes"], vod["magnifier"]) == (Decimal("1"), Decimal("4.42"), Decimal(100))
    assert toyota["commission"] == Decimal("-0.25"), "a rebate"
    assert toyota["commission_currency"] == "USD"
    assert toyota["trade_date"] == "20251104", "the exchange's date, not New York's"
    assert by_symbol["TSLA"]["codes"] == ("P", "XYZ"), "a code that nobody knows is kept"


def test_a_marked_file_that_was_cut_off_is_not_half_read(tmp_path):
    whole = (SAMPLES / "flex_marked.csv").read_bytes()
    path = tmp_path / "cut.csv"
    path.write_bytes(whole[: whole.rindex(b'"EOS"')])
    with pytest.raises(StatementError, match="ends early"):
        read_statement(path)


@pytest.mark.parametrize(
    ("name", "trades", "cash"),
    [
        ("flex_confirmations.xml", 1, 0),
        ("flex_marked.csv", 2, 1),
        ("flex_day_first.csv", 2, 0),
        ("activity_english.csv", 4, 3),
        ("activity_german.csv", 3, 3),
    ],
)
def test_every_layout_comes_to_the_same_names(name, trades, cash):
    found = values(name)
    assert not found.refused
    fills = [r.values for r in found.records if r.table == "fills"]
    assert len(fills) == trades
    assert sum(r.table == "cash_transactions" for r in found.records) == cash
    tesla = next(v for v in fills if v["local_symbol"] == "TSLA")
    assert (tesla["side"], tesla["quantity"], tesla["price"]) == ("BOT", Decimal(50), Decimal("409.35"))
    assert (tesla["commission"], tesla["commission_currency"]) == (Decimal("1.02"), "USD")
    assert (tesla["market_time"], tesla["trade_date"], tesla["con_id"]) == (1762354800.0, "20251105", 76792991)


def test_an_option_of_an_activity_statement_is_the_one_of_the_list_of_instruments():
    put = next(r.values for r in values("activity_english.csv").records if r.values.get("sec_type") == "OPT")
    assert contract_key(put) == ("XYZ", "20251107", "P", "50")
    forex = next(r.values for r in values("activity_english.csv").records if r.values.get("sec_type") == "CASH")
    assert (forex["quantity"], forex["commission_currency"]) == (Decimal(12500), "EUR")


REFUSED = {
    "an answer of the service": (
        "<FlexStatementResponse><Status>Fail</Status><ErrorCode>1019</ErrorCode><ErrorMessage>Try later</ErrorMessage>"
        "</FlexStatementResponse>",
        r"could not make one: Try later \(code 1019\)",
    ),
    "another XML": ("<feed/>", "begins with <feed>, must be <FlexQueryResponse>"),
    "no statement in it": (
        '<FlexQueryResponse type="AF"><FlexStatements/></FlexQueryResponse>',
        "no FlexStatement in it",
    ),
    "cut off": (flex(trade())[:-30], "ends early or is damaged in line"),
    "a document type": (
        '<!DOCTYPE x [<!ENTITY a "b">]><FlexQueryResponse/>',
        "declares a document type or entities",
    ),
    "a web page": ("<html><body>Login</body></html>", "is a web page"),
    "a zip": (b"PK\x03\x04whatever", "is packed"),
    "a PDF": (b"%PDF-1.7", "is a PDF"),
    "nothing": ("", "is empty"),
    "a transaction history": (
        "Statement,Header,Field Name,Field Value\nStatement,Data,Title,Transaction History\n"
        "Transaction History,Header,Date,Account\n",
        'is a "Transaction History"',
    ),
    "another language": ("Statement,Header,Nom du champ,Valeur\nTrades,Header,DataDiscriminator\n", "'Nom du champ'"),
    "TWS' export": ("Fin Instrument,Action,Quantity,Price,Time\nTSLA,BUY,1,2,3\n", "TWS' Trade Log"),
    "a trade log": ("ACCOUNT_INFORMATION\nACT_INF|U1|x\n", "TradeLog format"),
    "anything else": ("a;b;c\n1;2;3\n", "begins with 'a;b;c'"),
}


@pytest.mark.parametrize("what", REFUSED, ids=lambda name: name.replace(" ", "-"))
def test_what_is_no_statement_is_refused_by_its_name(what, tmp_path):
    text, words = REFUSED[what]
    with pytest.raises(StatementError, match=words):
        read(tmp_path, text)


def test_more_rows_than_a_statement_has_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(raw, "MOST_ROWS", 3)
    with pytest.raises(StatementError, match="more than 3 rows"):
        read(tmp_path, flex(*[trade()] * 4))


def test_a_file_too_large_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr("engine.statements.open_file.MOST_BYTES", 100)
    with pytest.raises(StatementError, match="at most"):
        read(tmp_path, flex(trade()))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"quantity": "5O"}, "quantity is '5O'; must be a number"),
        ({"quantity": "1.234,5"}, "must be a number"),
        ({"tradePrice": "NaN"}, "tradePrice is 'NaN'; must be a number"),
        ({"tradePrice": ""}, "tradePrice is missing"),
        ({"ibCommission": "1e99"}, "is no amount"),
        ({"quantity": "0"}, "quantity is 0"),
        ({"quantity": "-50"}, "one of the two is wrong"),
        ({"buySell": "LEND"}, "must be BUY or SELL"),
        ({"currency": "dollars"}, "must be a currency"),
        ({"dateTime": "20251305;100000"}, "is of no calendar"),
        ({"dateTime": "20251105;250000"}, "no such time of day"),
        ({"dateTime": "20251105;100000 XXT"}, "zone that is not known"),
        ({"dateTime": "yesterday"}, "must be a date"),
        ({"dateTime": "", "tradeDate": ""}, "dateTime is missing"),
        ({"conid": "TSLA"}, "must be a contract number"),
    ],
)
def test_one_bad_row_is_refused_in_words_and_the_others_are_not(change, reason, tmp_path):
    file = read(tmp_path, flex(trade(), trade(ibExecID="x.02.01", **change)))
    found = understand(file)
    assert len(found.records) == 1
    (refused,) = found.refused
    assert reason in refused.reason
    assert refused.line == 2


@pytest.mark.parametrize(
    "change",
    [
        {"notes": "ZZ;QQ"},
        {"transactionType": "Whatever"},
        {"currency": "USDT"},
        {"openCloseIndicator": "O;C"},
        {"new": "1"},
    ],
    ids=str,
)
def test_what_nobody_knows_yet_is_no_error(change, tmp_path):
    found = understand(read(tmp_path, flex(trade(**change))))
    assert len(found.records) == 1 and not found.refused


def test_orders_are_read_where_a_statement_has_no_executions(tmp_path):
    order = trade(levelOfDetail="ORDER", ibExecID="").replace("<Trade ", "<Order ")
    assert [r.values["order_level"] for r in understand(read(tmp_path, flex(order))).records] == [True]
    both = understand(read(tmp_path, flex(order, trade())))
    assert [r.values["order_level"] for r in both.records] == [False]
    assert both.other_level["Trades"] == 1


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("20251105;100000", 1762354800.0),
        ("20251105;100000 EST", 1762354800.0),
        ("2025-11-05, 10:00:00", 1762354800.0),
        ("2025-11-05T10:00:00-05:00", 1762354800.0),
        ("20251105 150000 UTC", 1762354800.0),
        ("05-Nov-25;10:00:00", 1762354800.0),
        ("20250613;202000 EDT", 1749860400.0),
        ("05.11.2025 10:00:00", 1762354800.0),
        ("2025-11-05 10:00:00 AM", 1762354800.0),
        ("20251105 100000 America/New_York", 1762354800.0),
        ("05-Nov-25 12:30 PM", 1762363800.0),
        ("05-Mär-25;16:00:00 MEZ", 1741186800.0),
    ],
)
def test_times_in_every_format(text, at, tmp_path):
    (record,) = understand(read(tmp_path, flex(trade(dateTime=text)))).records
    assert record.values["market_time"] == at


GERMAN = (SAMPLES / "activity_german.csv").read_text(encoding="utf-8")


def saved_by_a_spreadsheet(text: str, delimiter: str = ";") -> str:
    """As one of a country with decimal commas saves what it has opened."""
    out = io.StringIO()
    turned = str.maketrans(",.", ".,")
    writer = csv.writer(out, delimiter=delimiter)
    for row in csv.reader(io.StringIO(text)):
        writer.writerow([cell.translate(turned) if re.fullmatch(r"-?[\d,]*\.?\d+", cell) else cell for cell in row])
    return out.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_what_a_spreadsheet_of_another_country_has_saved_is_the_same(encoding, tmp_path):
    plain = understand(read(tmp_path, GERMAN)).records
    again = understand(read(tmp_path, saved_by_a_spreadsheet(GERMAN).encode(encoding)))
    assert not again.refused
    assert [record.values for record in again.records] == [record.values for record in plain]


@pytest.mark.parametrize(("odd", "price"), [("409,350", "409.350"), ("1.409,35", "1409.35")])
def test_a_number_that_may_be_either_is_what_the_others_of_the_file_are(odd, price, tmp_path):
    text = saved_by_a_spreadsheet(GERMAN).replace("409,35;", f"{odd};")
    fills = [record.values for record in understand(read(tmp_path, text)).records if record.table == "fills"]
    assert next(values["price"] for values in fills if values["local_symbol"] == "TSLA") == Decimal(price)


def test_one_damaged_number_does_not_turn_all_others(tmp_path):
    found = understand(read(tmp_path, GERMAN.replace(",231.2,", ',"231,2",')))
    assert [row.reason[:10] for row in found.refused] == ["tradePrice"]


@pytest.mark.parametrize(
    ("terms", "worth"),
    [
        ({"assetCategory": "OPT", "quantity": "3", "tradePrice": "0.8", "proceeds": "-240"}, (100, 1)),
        ({"assetCategory": "FUT", "quantity": "2", "tradePrice": "6800.25", "proceeds": "-680025"}, (50, 1)),
        ({"currency": "GBP", "quantity": "1000", "tradePrice": "75.5", "proceeds": "-755"}, (1, 100)),
        ({"quantity": "0.0421", "tradePrice": "400.5", "proceeds": "-16.86"}, (1, 1)),
        ({"quantity": "50", "tradePrice": "0", "proceeds": "0"}, (None, 1)),
    ],
)
def test_what_a_point_is_worth_follows_from_the_rows_own_money(terms, worth, tmp_path):
    (record,) = understand(read(tmp_path, flex(trade(multiplier="", **terms)))).records
    assert (record.values["multiplier"], record.values["magnifier"]) == worth
