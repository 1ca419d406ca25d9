"""Executions and commission reports off the wire: every form of time, and what is missing stays missing."""

from __future__ import annotations

import datetime as dt
import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.broker.execution_messages import execution_time, to_commission, to_fill
from engine.clock import zone_of

NOW = 1_764_500_000.0
UNSET = "1.7976931348623157E308"


def utc(*parts: int) -> float:
    return dt.datetime(*parts, tzinfo=dt.UTC).timestamp()


def message(**changed: str) -> list[str]:
    fields = {
        "id": "11", "req": "7", "order": "12", "con_id": "272093", "symbol": "MSFT", "type": "STK", "expiry": "",
        "strike": "0.0", "right": "", "multiplier": "", "contract_exchange": "NASDAQ", "currency": "USD",
        "local": "MSFT", "class": "NMS", "exec_id": "0000e0d5.67290a01.01.01", "time": "20251110 10:00:00 US/Eastern",
        "account": "DU1", "exchange": "ISLAND", "side": "BOT", "shares": "50", "price": "300.25", "perm": "731425",
        "client": "52", "liquidation": "0", "cum": "50", "average": "300.25", "ref": "", "rule": "", "rule_mult": "",
        "model": "", "liquidity": "2",
    }  # fmt: skip
    return list((fields | changed).values())


@pytest.fixture(params=["UTC", "America/New_York", "Australia/Sydney"])
def machine_zone(request):
    """This machine in another zone: nothing may read a time in it."""
    if not hasattr(time, "tzset"):
        pytest.skip("the zone of a process can't be changed here")
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield request.param
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.parametrize(
    ("text", "at", "word"),
    [
        ("20251110 10:00:00 US/Eastern", utc(2025, 11, 10, 15), "US/Eastern"),
        ("20250710 10:00:00 US/Eastern", utc(2025, 7, 10, 14), "US/Eastern"),
        ("20251110 10:00:00 America/Chicago", utc(2025, 11, 10, 16), "America/Chicago"),
        ("20251110 10:00:00 MET", utc(2025, 11, 10, 9), "MET"),
        ("20251110 10:00:00 Universal", utc(2025, 11, 10, 10), "Universal"),
        ("20251110 10:00:00 UTC", utc(2025, 11, 10, 10), "UTC"),
        ("20251110 10:00:00 JST", utc(2025, 11, 10, 1), "JST"),
        ("20251110 10:00:00 EST5EDT", utc(2025, 11, 10, 15), "EST5EDT"),
        ("20250710 10:00:00 EST (Eastern Standard Time)", utc(2025, 7, 10, 14), "EST (Eastern Standard Time)"),
        ("20251110 10:00:00 us/eastern", utc(2025, 11, 10, 15), "us/eastern"),
        ("20251110 10:00:00 GMT+2", utc(2025, 11, 10, 8), "GMT+2"),
        ("20251110 10:00:00 -05:30", utc(2025, 11, 10, 15, 30), "-05:30"),
        ("20251110-10:00:00 US/Eastern", utc(2025, 11, 10, 15), "US/Eastern"),
        ("20250225-15:15:00", utc(2025, 2, 25, 15, 15), ""),
        ("20230415  16:31:22", utc(2023, 4, 15, 16, 31, 22), ""),
        ("20230415 16:31:22", utc(2023, 4, 15, 16, 31, 22), ""),
        ("20251110 10:00:00.250 US/Eastern", utc(2025, 11, 10, 15), "US/Eastern"),
        ("2025-11-10T10:00:00Z", utc(2025, 11, 10, 10), "Z"),
        ("2025-11-10T10:00:00+01:00", utc(2025, 11, 10, 9), "+01:00"),
        (" 20251110-10:00:00 ", utc(2025, 11, 10, 10), ""),
        ("1762786800", 1_762_786_800.0, ""),
    ],
)
def test_every_form_of_time_on_machines_of_any_zone(machine_zone, text, at, word):
    assert execution_time(text, NOW) == (at, "exchange", word)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("20251110 10:00:00 Moon/Base", "Moon/Base"),
        ("20251110 10:00:00 localtime", "localtime"),
        ("20251110 10:00:00 ../../etc/passwd", "../../etc/passwd"),
        ("20251340 10:00:00 US/Eastern", "US/Eastern"),
        ("yesterday", ""),
        ("", ""),
    ],
)
def test_a_time_that_cannot_be_read_is_when_it_was_received(machine_zone, text, word):
    assert execution_time(text, NOW) == (NOW, "received", word)
    _, fill = to_fill(message(time=text), NOW)
    assert (fill.time_market, fill.time_kind, fill.exchange_time, fill.quantity) == (
        NOW,
        "received",
        text.strip(),
        50.0,
    )


def test_the_hour_that_comes_twice_is_told_apart_while_it_passes():
    text = "20251102 01:30:00 US/Eastern"
    first, second = utc(2025, 11, 2, 5, 30), utc(2025, 11, 2, 6, 30)
    assert execution_time(text, first + 1.0).at == first
    assert execution_time(text, second + 1.0).at == second
    assert execution_time(text, second + 36_000.0).at == first


@given(st.text(max_size=40))
def test_no_text_of_a_time_loses_an_execution(text):
    fill = to_fill(message(time=text), NOW)[1]
    assert fill.exec_id == "0000e0d5.67290a01.01.01" and fill.time_market > 0.0


def test_every_field_has_its_place():
    req_id, fill = to_fill(
        message(
            type="FUT", multiplier="5000", currency="USD", local="ZWH6", side="SLD", shares="2", price="448.25",
            cum="5", ref="my tag", liquidation="1", model="Growth",
        ),
        NOW,
    )  # fmt: skip
    assert (req_id, fill.side, fill.quantity, fill.price, fill.multiplier) == (7, "SLD", 2.0, 448.25, 5000.0)
    assert (fill.account, fill.model, fill.sec_type, fill.currency, fill.order_ref) == (
        "DU1", "Growth", "FUT", "USD", "my tag",
    )  # fmt: skip
    assert (fill.perm_id, fill.order_id, fill.client_id, fill.cum_quantity, fill.liquidation) == (
        731425, 12, 52, 5.0, True,
    )  # fmt: skip
    assert (fill.exchange, fill.commission, fill.realized_pnl, fill.price_pending) == ("ISLAND", None, None, False)


def test_what_is_unset_is_unknown():
    _, fill = to_fill(message(order="2147483647", perm="0", client="", cum=UNSET, multiplier=""), NOW)
    assert (fill.order_id, fill.perm_id, fill.client_id, fill.cum_quantity, fill.multiplier) == (
        None, None, None, None, 1.0,
    )  # fmt: skip
    assert to_fill(message(type="OPT", multiplier=""), NOW)[1].multiplier is None


@pytest.mark.parametrize(("version", "more", "pending"), [(157, [], False), (178, ["1"], True), (178, ["0"], False)])
def test_server_versions_157_to_178(version, more, pending):
    assert to_fill([*message(), *more], NOW)[1].price_pending is pending


def test_shorter_and_longer_messages_are_read_and_unreadable_ones_refused():
    assert to_fill(message()[:21], NOW)[1].price == 300.25
    assert to_fill([*message(), "0", "later", "more"], NOW)[1].quantity == 50.0
    for broken in (message()[:20], message(shares=UNSET), message(price=""), message(side="?"), message(exec_id="")):
        with pytest.raises(ValueError, match="execution"):
            to_fill(broken, NOW)


def test_a_worthless_option_traded_at_zero_is_a_fill():
    assert to_fill(message(type="OPT", price="0.0"), NOW)[1].price == 0.0


@pytest.mark.parametrize(
    ("fields", "commission", "currency", "realized"),
    [
        ("59|1|a.01|1.02|USD|-2671.52||", 1.02, "USD", -2671.52),
        (f"59|1|a.01|1.02|EUR|{UNSET}|{UNSET}|", 1.02, "EUR", None),
        ("59|1|a.01|-0.35|USD|0.0||", -0.35, "USD", 0.0),
        ("59|1|a.01|0.0|USD|0.0||", 0.0, "USD", 0.0),
        (f"59|1|a.01|-1.0|USD|{UNSET}||", None, "USD", None),
        (f"59|1|a.01|{UNSET}|USD|5.0||", None, "USD", 5.0),
        ("59|1|a.01||USD|||", None, "USD", None),
        ("59|1|a.01|2.5|USD", 2.5, "USD", None),
    ],
)
def test_commission_reports(fields, commission, currency, realized):
    assert to_commission(fields.split("|")) == ("a.01", commission, currency, realized)


def test_zone_words():
    assert zone_of("Eastern Standard Time") == zone_of("EST") == zone_of("America/New_York")
    assert zone_of("W. Europe Standard Time") == zone_of("MET (Middle Europe Time)") == zone_of("Europe/Berlin")
    for nobody in ("", " ", "localtime", "Factory", "America", "GMT+99", "XYZ"):
        assert zone_of(nobody) is None, nobody
