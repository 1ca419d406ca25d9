"""The table of TWS' codes."""

from __future__ import annotations

import pytest

from engine.codes import ADVISORY, CODES, code_info, farm_of, port_in, rejection
from engine.errors import LineLimit, NoEntitlement, RequestRejected


def test_every_entry_speaks():
    for code, info in CODES.items():
        assert info.code == code
        assert info.title and info.text
        if info.severity == "error" and info.action not in ("show",):
            assert info.cure


def test_unknown_code_is_shown_with_its_own_words():
    info = code_info(98765, "Something new")
    assert (info.action, info.text) == ("show", "Something new")


@pytest.mark.parametrize(
    ("code", "text", "action"),
    [
        (101, "Max number of tickers has been reached", "step_down"),
        (162, "Historical Market Data Service error message:HMDS query returned no data: X@SMART", "history_failed"),
        (162, "Service error message:Historical data request pacing violation", "back_off_history"),
        (162, "Historical Market Data Service error message:API scanner subscription cancelled: 5", "ignore"),
        (1101, "", "resubscribe_all"),
        (1102, "", "verify_lines"),
        (1300, "", "reconnect_port"),
        (326, "", "client_id_busy"),
        (10197, "", "retry_line_slow"),
        (2103, "", "farm_down"),
        (2104, "", "farm_up"),
    ],
)  # fmt: skip
def test_actions(code, text, action):
    assert code_info(code, text).action == action


@pytest.mark.parametrize(
    ("code", "text", "farm"),
    [
        (2103, "Market data farm connection is broken:usfarm", "usfarm"),
        (2107, "HMDS data farm connection is inactive but should be available upon demand.ushmds", "ushmds"),
        (2119, "Market data farm is connecting:usfarm.nj", "usfarm.nj"),
        (2110, "Connectivity between TWS and server is broken. It will be restored automatically.", ""),
        (1100, "Connectivity between IBKR and Trader Workstation has been lost.", ""),
    ],
)
def test_farm_of(code, text, farm):
    assert farm_of(code, text) == farm


def test_port_in():
    text = "TWS socket port has been reset and this connection is being dropped. Please reconnect on the new port - {}"
    assert port_in(text.format("7498")) == 7498
    assert port_in(text.format("99999")) is None
    assert port_in("gone") is None


def test_rejections_by_what_the_caller_does():
    assert isinstance(rejection(101, "x"), LineLimit)
    assert isinstance(rejection(354, "x"), NoEntitlement)
    error = rejection(162, "no data", 7)
    assert type(error) is RequestRejected
    assert (error.code, error.text, error.req_id) == (162, "no data", 7)
    assert 2104 in ADVISORY and 200 not in ADVISORY


@pytest.mark.parametrize(
    "code",
    [123, 203, 316, 354, 366, 385, 386, 399, 404, 406, 412, 420, 430, 431, 435, 478, 501, 502, 503, 504, 505, 506, 507,
     1100, 1101, 1102, 1300, *range(2100, 2112), 2119, 2130, 2137, 2151, 2152, 2157, 2158, 2168, 2169, 2174,
     10089, 10090, 10091, 10092, 10147, 10148, 10167, 10168, 10186, 10187, 10189, 10190, 10197, 10225, 10230, 10275,
     10276, 10277, 10285, 10295, 10299, 10314, 10339, 10346, 10347, 10349],
)  # fmt: skip
def test_what_a_trader_may_meet_has_words_of_its_own(code):
    info = code_info(code, "said by TWS")
    assert info.code == code
    assert not info.title.startswith("TWS message")


@pytest.mark.parametrize("code", [103, 110, 201, 202, 312, 399, 404, 434, 449, 481, 10006, 10148, 10243, 10289, 10343])
def test_codes_about_orders_say_that_they_are_no_affair_of_ours(code):
    info = code_info(code, "The price does not conform")
    assert (info.severity, info.action) == ("info", "show")
    assert "order" in (info.title + info.cure).lower()


def test_requests_that_could_not_be_sent_are_a_family():
    assert code_info(571, "Request PnL Sending Error -").title == "Request could not be sent"
    assert code_info(590, "?").title == "TWS message 590, not known to QTrade"


@pytest.mark.parametrize(
    ("text", "title", "action"),
    [
        ("Error validating request.-'bT' : cause - Please enter exchange", "Request refused: Please enter exchange",
         "free_line"),
        ("Error validating request.-'bQ' : cause - The API interface is currently in Read-Only mode.",
         "TWS is in Read-Only mode", "show"),
        ("Server error when validating an API client request.", "Request refused as invalid", "free_line"),
    ],
)  # fmt: skip
def test_an_invalid_request_is_said_by_its_cause(text, title, action):
    assert (code_info(321, text).title, code_info(321, text).action) == (title, action)
    assert "Read-Only" not in code_info(321).text


@pytest.mark.parametrize("code", [162, 420, 10189])
def test_a_session_on_another_computer_is_named(code):
    text = "Invalid Real-time Query:Trading TWS session is connected from a different IP address"
    assert code_info(code, text).title == "Another session has the market data"
