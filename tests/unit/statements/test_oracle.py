"""Clean samples as another parser reads them: the same trades and bookings, field by field."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

import pytest

from engine.statements.open_file import read_statement
from engine.statements.understand import understand
from tests.unit.statements.desk import SAMPLES

ibflex = pytest.importorskip("ibflex")
NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
def clean(tmp_path):
    """The sample without what the other parser refuses: a code that it does not know, a zone, a bad row, comments."""
    text = (SAMPLES / "flex_two_accounts.xml").read_text(encoding="utf-8")
    text = re.sub(r"<!--.*?-->", "", text).replace(";XYZ", "").replace(" EST", "").replace(' aNewAttribute="x"', "")
    text = re.sub(r'<Trade [^>]*symbol="BAD"[^>]*/>\n', "", text).replace('dateTime="MULTI"', 'dateTime=""')
    path = tmp_path / "clean.xml"
    path.write_text(text, encoding="utf-8")
    return path


def test_both_parsers_read_the_same_trades_and_bookings(clean):
    ours = understand(read_statement(clean))
    theirs = ibflex.parser.parse(str(clean))
    assert not ours.refused
    fills = {r.values["transaction_id"]: r.values for r in ours.records if r.table == "fills"}
    trades = [t for s in theirs.FlexStatements for t in s.Trades if type(t).__name__ == "Trade"]
    assert sorted(fills) == sorted(t.transactionID for t in trades)
    for other in trades:
        mine = fills[other.transactionID]
        assert mine["signed"] == other.quantity
        assert mine["price"] == other.tradePrice
        assert mine["commission"] == -other.ibCommission
        assert mine["currency"] == other.currency
        assert mine["con_id"] == int(other.conid)
        assert mine["market_time"] == other.dateTime.replace(tzinfo=NEW_YORK).timestamp()
        assert mine["trade_date"] == other.tradeDate.strftime("%Y%m%d")
        assert (mine["exec_id"] or "") == (other.ibExecID or "")
    booked = {r.values["transaction_id"]: r.values for r in ours.records if r.table == "cash_transactions"}
    others = [c for s in theirs.FlexStatements for c in s.CashTransactions if c.transactionID]
    assert {c.transactionID: (c.amount, c.currency) for c in others} == {
        name: (values["amount"], values["currency"]) for name, values in booked.items()
    }
    rates = {(r.values["from_currency"], r.values["rate"]) for r in ours.records if r.table == "conversion_rates"}
    assert rates == {(r.fromCurrency, r.rate) for s in theirs.FlexStatements for r in s.ConversionRates}
    (position,) = [r.values for r in ours.records if r.table == "positions_at"]
    their = next(p for s in theirs.FlexStatements for p in s.OpenPositions if p.levelOfDetail == "SUMMARY")
    assert (position["quantity"], position["cost_price"]) == (their.position, their.costBasisPrice)
