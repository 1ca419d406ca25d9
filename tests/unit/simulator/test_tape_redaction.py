"""What a recording tells of its owner: nothing. Accounts, names and references are others of the same shape."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.tape.redaction import Redactor

DIGITS = re.compile(r"\d+")
ids = st.builds(
    lambda letters, digits, tail: f"{letters}{digits}{tail}",
    st.sampled_from(["U", "DU", "F", "DF", "I", "DI", "DUM", "DUP"]),
    st.text("0123456789", min_size=6, max_size=8).filter(lambda digits: len(set(digits)) > 3),
    st.sampled_from(["", "", "", "A"]),
)
plain = st.text("abc XYZ-/.:,;", max_size=12)


def contract():
    return ["76792991", "TSLA", "STK", "", "0.0", "", "", "NASDAQ", "USD", "TSLA", "NMS"]


def server_messages(account, text):
    """One of each message that tells an account, and `text` where a text is free."""
    yield ["15", "1", f"{account},{account}"]
    yield ["4", "2", "-1", "321", f"Error validating request: {text}", text]
    yield ["6", "2", "AccountCode", account, "", account]
    yield ["6", "2", "AccountOrGroup", account, "USD", account]
    yield ["6", "2", "NetLiquidation", "100000.00", "USD", account]
    yield ["6", "2", "Owner", text, "", account]
    yield ["54", "1", account]
    yield ["7", "8", *contract(), "100", "409.1", "40910.00", "462.76", "-5366.00", "0.00", account]
    yield ["61", "3", account, *contract(), "100", "462.76"]
    yield ["63", "1", "9001", account, "AccountType", text, "USD"]
    yield ["73", "1", "9002", account, text, "NetLiquidation", "1.00", "USD"]
    yield ["71", "3", "9003", account, *contract(), "100", "462.76", text]
    yield ["11", "7", "3", *contract(), "0000e0d5.67290a01.01.01", "20251110 10:00:00 US/Eastern", account, "ARCA",
           "BOT", "100", "1.5", "42", "0", "0", "100", "1.5", text, "", "", text, "2"]  # fmt: skip
    yield ["5", "3", *contract(), "BUY", "100", "LMT", "1.5", "0.0", "DAY", text, account, "", "0", text, "52", "42",
           "0", "0", "0", "", text, text, "", "", text, "", "", "", text, text, account, "0"]  # fmt: skip
    yield ["101", *contract(), "BUY", "100", "LMT", "1.5", "0.0", "DAY", text, account, "", "0", text, "42", text, text]
    yield ["16", "1", "1", f'<?xml version="1.0"?><List><Group name="{text}">{account}</Group></List>']
    yield ["77", "9004", "1", text, text, text]
    yield ["78", "1", account, text]
    yield ["107", "9005", text]
    yield ["250", "1", text, account]
    yield ["14", "1", "1", "1", text, "NYSE"]
    yield ["3", "3", "Filled", "1", "0", "1.5", "42", "0", "1.5", "52", text, "0"]


def client_messages(account, text):
    yield ["71", "2", "52", text]
    yield ["6", "2", "1", account]
    yield ["7", "3", "1", "0", account, "", "", "", "", ""]
    yield ["62", "1", "1", text, "AccountType,NetLiquidation"]
    yield ["74", "1", "1", account, text]
    yield ["76", "1", "1", account, text, "1"]
    yield ["92", "1", account, text]
    yield ["94", "1", account, text, "76792991"]
    yield ["18", "1", "1"]
    yield ["19", "1", "1", f"<List><Group><name>{text}</name><a>{account}</a></Group></List>", "1"]
    yield [
        "3",
        "3",
        *contract()[:7],
        "SMART",
        *contract()[7:],
        "",
        "",
        "BUY",
        "100",
        "LMT",
        "1.5",
        "",
        "DAY",
        text,
        account,
        "",
        "0",
        text,
        "1",
        "0",
        "0",
        "0",
        "0",
        "0",
        "0",
        "0",
        "",
        "0",
        "",
        "",
        text,
        text,
        "",
        text,
    ]
    yield ["4", "1", "3", text]
    yield ["21", "2", "1", *contract(), "1", "1", account, "0"]
    yield ["81", "1", text]
    yield ["200", text, account]


@settings(max_examples=40, deadline=None)
@given(account=ids, other=ids, around=st.tuples(plain, plain), seed=st.integers(0, 2**32))
def test_no_number_of_an_account_is_left_anywhere(account, other, around, seed):
    redactor = Redactor(random.Random(seed))
    digits = DIGITS.search(account)[0]
    texts = [f"{around[0]}{account}{around[1]}", f"{around[0]}{digits}{around[1]}", f"x{digits}y {other} {account}"]
    written = []
    for text in texts:
        for message in server_messages(account, text):
            written.append(redactor.server(message, 176))
        for message in client_messages(account, text):
            written.append(redactor.client(message, 176))
    # what was met only inside a text before its account was told is known by its shape
    for message in written:
        for field in message[1:]:
            if field not in contract():
                assert digits not in field, message


@settings(max_examples=40, deadline=None)
@given(account=ids, other=ids)
def test_the_same_account_becomes_the_same_one_of_the_same_shape(account, other):
    redactor = Redactor()
    first = redactor.server(["15", "1", f"{account},{other}"], 176)[2].split(",")
    assert [re.sub(r"\d", "9", name) for name in first] == [re.sub(r"\d", "9", name) for name in (account, other)]
    assert DIGITS.search(first[0])[0] != DIGITS.search(account)[0]
    assert (first[0] == first[1]) == (account == other)
    assert redactor.client(["6", "2", "1", account], 176)[3] == first[0]
    assert redactor.server(["61", "3", account, *contract(), "1", "2.5"], 176)[2] == first[0]
    assert redactor.server(["4", "2", "-1", "321", f"of {account}.", ""], 176)[4] == f"of {first[0]}."


def test_before_an_account_is_told_its_shape_gives_it_away():
    redactor = Redactor()
    text = redactor.server(["4", "2", "-1", "321", "account U7654321 is not yours, nor is DUM123456", ""], 176)[4]
    assert re.fullmatch(r"account U\d{7} is not yours, nor is DUM\d{6}", text)
    assert "7654321" not in text and "123456" not in text
    fake = re.search(r"U(\d{7})", text)[1]
    assert redactor.server(["15", "1", "U7654321"], 176)[2] == f"U{fake}"


def test_numbers_of_the_market_are_never_touched():
    redactor = Redactor()
    redactor.server(["15", "1", "U1762354"], 176)
    for message in (
        ["1", "6", "7", "4", "150.25", "1762354", "0"],
        ["46", "6", "7", "45", "1762354800"],
        ["17", "7", "20251105", "20251106", "1", "1762354800", "1.5", "1.5", "1.5", "1.5", "1762354", "1.5", "1762354"],
        ["20", "3", "7", "1", "0", "1762354", "TSLA"],
    ):
        assert redactor.server(message, 176) == message


def test_values_quantities_and_contracts_stay():
    redactor = Redactor()
    for message in (
        ["6", "2", "NetLiquidation", "123456.78", "USD", "U1234567"],
        ["6", "2", "AccountType", "INDIVIDUAL", "", "U1234567"],
        ["6", "2", "AccountReady", "true", "", "U1234567"],
        ["7", "8", *contract(), "100", "409.1", "40910.00", "462.76", "-5366.00", "0.00", "U1234567"],
        ["4", "2", "7", "200", "No security definition has been found for the request", ""],
        ["4", "2", "-1", "2104", "Market data farm connection is OK:usfarm", ""],
        ["10", "7", "TSLA", "STK", "", "0", "", "SMART", "USD", "TSLA", "NMS", "NMS", "76792991", "0.01"],
    ):
        redacted = redactor.server(message, 176)
        assert [a for a, b in zip(redacted, message, strict=True) if a != b] in ([], [redacted[-1]])


def test_order_references_and_names_are_the_same_everywhere():
    redactor = Redactor()
    placed = redactor.client(next(m for m in client_messages("U7654321", "swing-7") if m[0] == "3"), 176)
    filled = redactor.server(next(m for m in server_messages("U7654321", "swing-7") if m[0] == "11"), 176)
    told = redactor.server(["4", "2", "3", "201", "Order rejected: swing-7 is unknown", ""], 176)
    assert placed[26] == filled[26] != "swing-7"
    assert re.fullmatch(r"[a-z]{5}-\d", placed[26]) and told[4] == f"Order rejected: {placed[26]} is unknown"


def test_an_order_tells_nothing_but_the_language_of_orders():
    redactor = Redactor()
    order = next(m for m in client_messages("U7654321", "Miller family") if m[0] == "3")
    order[35] = "12345678"
    redacted = redactor.client(order, 176)
    assert "Miller" not in str(redacted) and "12345678" not in redacted
    assert redacted[2:22] == order[2:22], "contract and terms"


def test_newer_versions_say_the_text_of_an_error_one_field_sooner():
    redactor = Redactor()
    redacted = redactor.server(["4", "-1", "321", "account U7654321 is not yours", "U7654321", "1762354800000"], 194)
    assert redacted[:3] == ["4", "-1", "321"] and "7654321" not in str(redacted) and redacted[5] == "1762354800000"


def test_a_position_under_a_request_id_keeps_its_contract_and_has_the_account_of_the_others():
    redactor = Redactor()
    account = redactor.server(["15", "1", "U7654321"], 176)[2]
    redacted = redactor.server(["71", "1", "9", "U7654321", *contract(), "100", "462.76", "model"], 176)
    assert redacted[3] == account and redacted[4:-1] == [*contract(), "100", "462.76"] and redacted[-1] != "model"


@pytest.mark.parametrize(
    "name",
    [
        "<name>Miller family</name>",
        "<name><![CDATA[Miller family]]></name>",
        "<name><!-- of Miller -->Miller</name>",
        "<Group name = 'Miller'/>",
        '<Group name\n= "Miller"/>',
        "Miller<a/>Miller",
    ],
)
def test_no_corner_of_an_advisors_document_is_left_out(name):
    document = f'<?xml version="1.0" encoding="UTF-8"?>{name}' if name.startswith("<") else name
    (said,) = Redactor().server(["16", "1", "1", document], 176)[3:]
    assert "Miller" not in said and len(said) == len(document)
    assert re.sub(r"[^<>!=?/]", "", said) == re.sub(r"[^<>!=?/]", "", document), "its tags stay"
    assert not name.startswith("<") or said.startswith('<?xml version="1.0" encoding="UTF-8"?>')


@pytest.mark.parametrize("first", ["Miller U7654321", "", "-Miller"])
def test_a_body_that_is_no_message_tells_nothing_in_its_first_field_either(first):
    for redacted in (Redactor().server([first, "Miller"], 176), Redactor().client([first, "Miller"], 176)):
        assert "Miller" not in str(redacted) and "7654321" not in str(redacted)


def test_masked_accounts_lose_what_is_left_of_them():
    assert Redactor().server(["4", "2", "-1", "321", "account U***567", ""], 176)[4] == "account U******"


@pytest.mark.parametrize("fields", [[], [""], ["x"], ["11"], ["6", "2"], ["4"], ["15", "1"], ["-5", "U7654321"]])
def test_messages_that_are_too_short_or_none_do_no_harm(fields):
    redactor = Redactor()
    for redacted in (redactor.server(fields, 176), redactor.client(fields, 0)):
        assert len(redacted) == len(fields) and "7654321" not in str(redacted)
