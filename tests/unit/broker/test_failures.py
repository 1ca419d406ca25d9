"""Retry schedule and account check."""

from __future__ import annotations

import pytest

from engine.broker.account_check import is_paper, named_accounts, redacted, watched_accounts
from engine.broker.failures import Address, ConnectFailure, api_settings, refused, retry_delay_s
from engine.broker.timings import Timings


@pytest.mark.parametrize("kind", ["refused", "closed", "unreachable"])
def test_refused_or_closed_is_retried_every_three_seconds_for_ever(kind):
    assert {retry_delay_s(kind, attempt, Timings(), 0.5) for attempt in range(1, 500)} == {3.0}


def test_silence_is_answered_by_longer_and_longer_pauses():
    delays = [retry_delay_s("silent", attempt, Timings(), 0.0) for attempt in range(1, 7)]
    assert delays == [5.0, 10.0, 20.0, 30.0, 30.0, 30.0]
    assert all(0.84 * d <= retry_delay_s("silent", n + 1, Timings(), 1.0) < d for n, d in enumerate(delays))


@pytest.mark.parametrize("jitter", [0.0, 0.3, 0.5, 1.0])
def test_an_id_that_is_busy_for_90_seconds_is_back_within_100(jitter):
    at, attempt = 0.0, 0
    while at < 90.0:
        attempt += 1
        at += retry_delay_s("client_id_busy", attempt, Timings(), jitter)
    assert at <= 100.0
    assert attempt <= 12


def test_after_a_drop_one_second_and_after_a_wish_at_once():
    assert retry_delay_s("dropped", 1, Timings(), 0.0) == 1.0
    assert retry_delay_s("asked", 1, Timings(), 0.0) == 0.0
    assert retry_delay_s("account", 9, Timings(), 0.0) == 30.0


@pytest.mark.parametrize(
    ("accounts", "wanted", "mode", "watched"),
    [
        (["DU123"], None, "paper", ("DU123",)),
        (["DF7654321"], None, "simulated", ("DF7654321",)),
        (["U100", "U200"], "U200", "live", ("U200",)),
        (["U100", "U200"], " u200 ", "live", ("U200",)),
        (["U100", "U200"], None, "live", ("U100", "U200")),
        (["F100", "U200", "U300"], "", "live", ("F100", "U200", "U300")),
        (["F100", "U200"], "All", "live", ("F100", "U200")),
        (["DU1", "U200"], "DU1", "paper", ("DU1",)),
    ],
)
def test_accounts_that_fit(accounts, wanted, mode, watched):
    assert watched_accounts(accounts, wanted, mode) == watched


@pytest.mark.parametrize(
    ("listed", "named"),
    [
        ("DU1,", ("DU1",)),
        ("DF1,DU2,DU3,", ("DF1", "DU2", "DU3")),
        ("DF1,,All,DU2, DU2", ("DF1", "DU2")),
        ("", ()),
        (" ,ALL,", ()),
    ],
)
def test_the_list_of_accounts(listed, named):
    assert named_accounts(listed.split(",")) == named


@pytest.mark.parametrize(
    ("accounts", "wanted", "mode"),
    [(["U1234567"], None, "paper"), (["U1234567"], None, "simulated"), (["DU1234567"], None, "live"),
     (["DU1234567"], "DU7", "paper"), (["DU7654321", "U1234567"], None, "paper"), ([], None, "live")],
)  # fmt: skip
def test_contradictions_are_refused_with_reason_and_cure(accounts, wanted, mode):
    with pytest.raises(ConnectFailure) as caught:
        watched_accounts(accounts, wanted, mode)
    assert caught.value.kind == "account"
    assert caught.value.reason and caught.value.cure
    assert "1234567" not in caught.value.reason, "account ids are redacted"


def test_of_several_accounts_the_one_that_does_not_fit_is_named():
    with pytest.raises(ConnectFailure) as caught:
        watched_accounts(["F100200", "U200300", "DU300400"], None, "live")
    assert caught.value.reason == (
        "1 of the 3 accounts of this TWS login is a paper account (DU***400), but QTrade is set to live"
    )
    assert "Account in Settings > Broker" in caught.value.cure
    with pytest.raises(ConnectFailure, match=r"2 of the 3 .* are live accounts \(U1\*\*\*001, U1\*\*\*002\)"):
        watched_accounts(["DF300400", "U1000001", "U1000002"], None, "paper")


def test_paper_prefixes_and_redaction():
    assert is_paper("DU1") and is_paper("df7") and not is_paper("U1")
    assert redacted("DU1234567") == "DU***567"
    assert redacted("U12") == "***"


@pytest.mark.parametrize(
    ("port", "menu"),
    [
        (7497, "In TWS, File > Global Configuration > API > Settings: tick Enable ActiveX"),
        (7496, "In TWS, File > Global Configuration > API > Settings: tick Enable ActiveX"),
        (4002, "In IB Gateway, Configure > Settings > API > Settings: tick Read-Only API"),
        (4001, "In IB Gateway, Configure > Settings > API > Settings: tick Read-Only API"),
        (7500, "API > Settings or in IB Gateway, Configure > Settings > API > Settings: tick Enable ActiveX"),
    ],
)
def test_the_menu_is_that_of_the_program_of_the_port(port, menu):
    assert menu in api_settings(port) and api_settings(port).endswith(f"set the socket port to {port}.")
    assert refused(Address("127.0.0.1", port, 52)).cure.endswith(api_settings(port))
