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
