"""What a pasted text asks for: TWS' exports, files with a head, plain symbols; and what is refused, line by line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.state.watchlist_sections import IMPORT_MAX
from engine.watchlists.importing import LINES_MAX, NOT_ONE, Wanted, read

TWS = """COLUMN,0
DES,AAPL,STK,SMART/AMEX,,,,
DES,ES,FUT,CME,20251219,,,50
DES,SPY,OPT,SMART,202512,600,CALL,100
HED,My heading
SYM,IBM,SMART/NYSE
CON,265598,SMART
DES,EUR,CASH,IDEALPRO,,,,
"""


def symbols(text: str) -> list[str]:
    return [wanted.symbol for wanted in read(text).wanted]


def test_an_export_of_tws_is_read_line_by_line() -> None:
    found = read(TWS)
    assert found.refused == ()
    assert [(w.line, w.symbol, w.sec_type, w.exchange, w.primary) for w in found.wanted] == [
        (2, "AAPL", "STK", "SMART", "AMEX"),
        (3, "ES", "FUT", "CME", ""),
        (4, "SPY", "OPT", "SMART", ""),
        (6, "IBM", "", "SMART", "NYSE"),
        (7, "", "", "SMART", ""),
        (8, "EUR", "CASH", "IDEALPRO", ""),
    ]
    future, option, contract = found.wanted[1], found.wanted[2], found.wanted[4]
    assert future.expiry == "20251219" and contract.con_id == 265598
    assert (option.expiry, option.strike, option.right) == ("202512", 600.0, "C")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("AAPL\nMSFT\n", ["AAPL", "MSFT"]),
        ("aapl, msft", ["AAPL", "MSFT"]),
        ("aapl;msft;nvda", ["AAPL", "MSFT", "NVDA"]),
        ("AAPL MSFT  NVDA", ["AAPL", "MSFT", "NVDA"]),
        ("BRK B\nBF.B", ["BRK B", "BF.B"]),
        ("AAPL\tMSFT", ["AAPL", "MSFT"]),
        ("# mine\nAAPL\n\n,,,\n// no\nAAPL", ["AAPL"]),
        ("\ufeffAAPL\r\nMSFT\r", ["AAPL", "MSFT"]),
        ("NASDAQ:AAPL,NYSE:IBM", ["AAPL", "IBM"]),
        ("", []),
    ],
)
def test_plain_symbols_in_the_ways_they_are_pasted(text: str, wanted: list[str]) -> None:
    assert symbols(text) == wanted


def test_a_file_with_a_head_is_read_by_it() -> None:
    found = read('Ticker;Security Type;Exch;CCY;Note\nSAP;Stock;IBIS;EUR;"big; one"\nVIX;Index;CBOE;;\n')
    assert [(w.symbol, w.sec_type, w.exchange, w.currency) for w in found.wanted] == [
        ("SAP", "STK", "IBIS", "EUR"),
        ("VIX", "IND", "CBOE", ""),
    ]


def test_a_positional_file_needs_a_type_in_its_second_place() -> None:
    found = read("ES,FUT,CME\nSAP,STK,IBIS,EUR").wanted[1]
    assert found == Wanted(2, "SAP,STK,IBIS,EUR", 0, "SAP", "STK", "IBIS", "", "EUR")


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("DES,ES,BAG,CME", NOT_ONE),
        ("DES,ES,THING,CME", "no type of contract"),
        ("DES,ES,FUT,CME,2025", "no expiry"),
        ("DES,ES,FUT,CME,20251399", "no expiry"),
        ("DES,SPY,OPT,SMART,202512,abc,CALL", "no strike"),
        ("DES,SPY,OPT,SMART,202512,600,MAYBE", "neither CALL nor PUT"),
        ("DES,,STK,SMART", "names no symbol"),
        ("A<b>", "can't be the name"),
        ("=1+1", "can't be the name"),
    ],
)
def test_what_cannot_be_read_is_refused_and_said_why(line: str, word: str) -> None:
    found = read(f"AAPL\n{line}\n")
    assert [wanted.symbol for wanted in found.wanted] == ["AAPL"]
    assert len(found.refused) == 1 and found.refused[0].line == 2 and word in found.refused[0].why


def test_too_much_is_refused_in_words() -> None:
    many = read("\n".join(f"S{i}" for i in range(LINES_MAX + 5)))
    assert len(many.wanted) == LINES_MAX and len(many.refused) == 1
    long = read("A" * (IMPORT_MAX + 1))
    assert long.wanted == () and "in parts" in long.refused[0].why


@given(st.text(max_size=400))
def test_no_text_breaks_it_and_every_line_has_its_number(text: str) -> None:
    found = read(text)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
    numbers = [wanted.line for wanted in found.wanted] + [refused.line for refused in found.refused]
    assert all(1 <= number <= lines for number in numbers)
    assert all(wanted.symbol or wanted.con_id for wanted in found.wanted)


names = st.lists(st.from_regex(r"[A-Z]{1,5}", fullmatch=True), min_size=1, max_size=30, unique=True)


@given(names, st.sampled_from(["\n", ",", ";", "\t", " "]))
def test_plain_symbols_come_in_their_order_whatever_separates_them(symbols_: list[str], sign: str) -> None:
    longer = [name * 2 for name in symbols_]  # a single letter behind a blank is a share class
    assert symbols(sign.join(longer)) == list(dict.fromkeys(longer))
