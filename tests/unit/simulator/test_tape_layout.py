"""Which requests ask the same, and where numbers stand."""

from __future__ import annotations

import pytest

from simulator.tape.layout import answer_id_at, loose_key
from simulator.wire.encode_session import error


def block(con_id="0", symbol="", sec_type="STK", local="", trading_class="", expiry=""):
    return [con_id, symbol, sec_type, expiry, "0.0", "", "", "SMART", "", "USD", local, trading_class]


def line(contract, generic="233", snapshot="0"):
    return ["1", "11", "7", *contract, "0", generic, snapshot, "0", ""]


def details(contract, sec_id=("", "")):
    return ["9", "8", "7", *contract, "0", *sec_id, ""]


def history(contract, end="", what="TRADES", kept_up="0"):
    return ["20", "7", *contract, "0", end, "1 min", "1 D", "1", what, "1", kept_up, ""]


def bars(contract, what="TRADES"):
    return ["50", "3", "7", *contract, "5", what, "0", ""]


def head(contract, rth="1", what="TRADES"):
    return ["87", "7", *contract, "0", rth, what, "1"]


def executions(account, since):
    return ["7", "3", "7", "0", account, since, "", "", "", ""]


AAPL, MSFT = block("265598", "AAPL"), block("272093", "MSFT")
SAME = [
    (line(AAPL), line([*AAPL[:7], "NASDAQ", *AAPL[8:]], generic="")),
    (history(AAPL), history(AAPL, end="20251105 10:00:00")),
    (head(AAPL), head(AAPL, rth="0")),
    (bars(AAPL), ["50", "3", "8", *AAPL, "5", "TRADES", "0", "x"]),
    (executions("DU1", ""), executions("DU1", "20251105 10:00:00")),
]
OTHERS = [
    (line(AAPL), line(MSFT)),
    (line(AAPL), line(AAPL, snapshot="1")),
    (history(AAPL), history(AAPL, kept_up="1")),
    (line(block(local="ESZ5", sec_type="FUT")), line(block(local="CLZ5", sec_type="FUT"))),
    (line(block(symbol="SPX", sec_type="OPT", trading_class="SPX")),
     line(block(symbol="SPX", sec_type="OPT", trading_class="SPXW"))),
    (details(block(), ("ISIN", "US0378331005")), details(block(), ("ISIN", "US5949181045"))),
    (history(AAPL), history(AAPL, what="MIDPOINT")),
    (head(AAPL), head(AAPL, what="BID")),
    (bars(AAPL), bars(AAPL, what="MIDPOINT")),
    (executions("DU1", ""), executions("DU2", "")),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_in_other_words(one, other):
    assert loose_key(one) == loose_key(other) is not None


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_what_is_another_thing_is_never_taken_for_it(one, other):
    assert loose_key(one) != loose_key(other)


def test_a_combination_is_what_its_legs_are():
    assert loose_key(line(block(symbol="CL", sec_type="BAG"))) is None


@pytest.mark.parametrize("version", [157, 176, 194, 200])
def test_the_number_in_an_error_stands_where_it_is_looked_for(version):
    fields = error(version, 42, 321, "words").split("\0")
    assert fields[answer_id_at(4, version)] == "42"
