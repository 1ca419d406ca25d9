"""The gateway's refusals, with TWS' codes and words, and its ledger."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from tests.integration.fake_world import AAPL, NAMES, NQZ5, TSLA
from tests.integration.gateway_thread import GatewayThread, running_gateway, wait_for
from tests.integration.raw_client import RawClient, contract


@pytest.fixture
def gateway() -> Iterator[GatewayThread]:
    with running_gateway(line_limit=5) as thread:
        yield thread


@pytest.fixture
def client(gateway: GatewayThread) -> Iterator[RawClient]:
    with RawClient(gateway.port) as raw:
        raw.message(9)
        yield raw


def test_one_line_too_many(client: RawClient, gateway: GatewayThread) -> None:
    for n in range(6):
        client.market_data(100 + n, contract(NAMES[n].con_id))
    assert client.error(101)[2:5] == ["105", "101", "Max number of tickers has been reached"]
    report = gateway.ledger()
    assert (report["lines_open"], report["max_lines"], report["max_non_position_lines"]) == (5, 5, 5)
    client.send(2, 2, 100)
    client.market_data(106, contract(TSLA.con_id))
    client.message(58, 106, 2)
    report = gateway.ledger()
    assert report["non_position_lines_open"] == 4
    assert report["min_cancel_age_s"] < 5
    assert report["errors"]["101"] == 1


def test_a_second_client_shares_the_lines(client: RawClient, gateway: GatewayThread) -> None:
    for n in range(5):
        client.market_data(100 + n, contract(NAMES[n].con_id))
    client.message(58, 104, 2)
    with RawClient(gateway.port, client_id=8) as other:
        other.message(9)
        other.market_data(1, contract(AAPL.con_id))
        other.error(101)
    client.send(2, 2, 104)
    with RawClient(gateway.port, client_id=8) as other:
        other.message(9)
        other.market_data(1, contract(AAPL.con_id))
        other.message(58, 1, 2)
    wait_for(lambda: gateway.ledger()["lines_open"] == 4, "the other client's line goes with it")


def test_repeated_requests_take_a_line_each(client: RawClient, gateway: GatewayThread) -> None:
    client.market_data(1, contract(TSLA.con_id))
    client.market_data(2, contract(TSLA.con_id))
    client.market_data(2, contract(TSLA.con_id))
    assert "Duplicate ticker id" in client.error(322)[4]
    report = gateway.ledger()
    assert (report["lines_open"], report["duplicate_lines"]) == (2, 1)


@pytest.mark.parametrize(
    ("block", "code", "text"),
    [
        (contract(TSLA.con_id, exchange=""), 321, "Error validating request.-'bT' : cause - Please enter exchange"),
        (contract(symbol="NOPE"), 200, "No security definition has been found for the request"),
        (
            contract(symbol="NQ", sec_type="FUT", exchange="CME"),
            200,
            "The contract description specified for NQ is ambiguous.",
        ),
        (contract(900004), 354, "Requested market data is not subscribed.AZREF STK/Top"),
        (
            contract(900002),
            354,
            "Requested market data is not subscribed.Delayed market data is available.MRAI STK/Top",
        ),
    ],
)
def test_refused_lines(client: RawClient, gateway: GatewayThread, block: list[str], code: int, text: str) -> None:
    client.market_data(5, block)
    assert client.error(code)[2:5] == ["5", str(code), text]
    assert gateway.ledger()["lines_open"] == 0


def test_delayed_data_on_request(client: RawClient) -> None:
    client.send(59, 1, 4)
    client.market_data(5, contract(900002))
    assert client.error(10167)[2] == "5"
    assert client.message(58, 5, 2)[3] == "3"
    client.until(lambda f: f[0] == "1" and f[2:4] == ["5", "68"], "a delayed last price")


def test_a_name_without_data_stays_silent(client: RawClient) -> None:
    client.market_data(5, contract(900001))
    client.message(58, 5, 2)
    client.settle(0.8)
    assert not [f for f in client.messages if f[0] in ("1", "2") and f[2] == "5"]


def test_a_snapshot_without_data_ends_after_its_time(client: RawClient) -> None:
    client.market_data(5, contract(900001), snapshot=True)
    client.message(57, 5, 2)
    client.send(2, 2, 5)
    assert client.error(300)[4] == "Can't find EId with tickerId:5"


def test_cancels_of_nothing(client: RawClient) -> None:
    client.send(2, 2, 41)
    client.send(25, 1, 42)
    client.send(23, 1, 43)
    assert client.error(300)[2:5] == ["41", "300", "Can't find EId with tickerId:41"]
    assert client.error(366)[2:5] == ["42", "366", "No historical data query found for ticker id:42"]
    assert client.error(365)[2:5] == ["43", "365", "No scanner subscription found for ticker id:43"]


def test_ten_scans_and_no_more(client: RawClient, gateway: GatewayThread) -> None:
    for n in range(11):
        client.scan(200 + n)
    cause = "Only 10 simultaneous API scanner subscriptions are allowed."
    assert client.error(322)[2:5] == ["210", "322", f"Error processing request.-'co' : cause - {cause}"]
    assert gateway.ledger()["max_scanner_slots"] == 10
    client.message(20, 209, 2)


def test_a_scan_is_pushed_again_and_again(client: RawClient, gateway: GatewayThread) -> None:
    client.scan(1, rows=80, filters="avgVolumeAbove=500000;avgUsdVolumeAbove=5000000;")
    wait_for(lambda: client.poll() or len([f for f in client.messages if f[0] == "20"]) >= 2, "two pushes")
    assert client.message(20, 1, 2)[3] == "50"
    query = gateway.world.scans[0]
    assert query.above_price == 5.0 and query.stock_type == "CORP"
    assert dict(query.filters) == {"avgVolumeAbove": "500000", "avgUsdVolumeAbove": "5000000"}


def test_an_unknown_scan_is_refused(client: RawClient, gateway: GatewayThread) -> None:
    client.scan(1, code="NOT_A_SCAN")
    client.error(162)
    assert gateway.ledger()["scanners_open"] == 0


def test_small_bars_are_paced(client: RawClient, gateway: GatewayThread) -> None:
    for n in range(2):
        client.history(300 + n, contract(TSLA.con_id), bar="5 secs", duration="60 S")
    text = "Historical Market Data Service error message:Historical data request pacing violation"
    assert client.error(162)[2:5] == ["301", "162", text]
    client.history(302, contract(TSLA.con_id), bar="1 min", duration="60 S")
    client.history(303, contract(TSLA.con_id), bar="1 min", duration="60 S")
    client.message(17, 303)
    report = gateway.ledger()
    assert (report["pacing_violations"], report["small_bar_requests"], report["history_requests"]) == (1, 2, 4)
    assert report["histories_open"] == 0


def test_no_history_for_what_has_none(client: RawClient) -> None:
    client.history(1, contract(900001))
    assert "HMDS query returned no data: TOGI@SMART Trades" in client.error(162)[4]
    client.history(2, contract(900004))
    client.until(lambda f: f[0] == "4" and f[2] == "2" and "permissions" in f[4], "no permission")


@pytest.mark.parametrize("message", [(3, 77), (4, 1, 77, ""), (21, 2, 77), (58, 1)])
def test_orders_are_refused_and_counted(client: RawClient, gateway: GatewayThread, message: tuple[int, ...]) -> None:
    client.send(*message, *[""] * 20)
    fields = client.error(321)
    assert "Read-Only" in fields[4] and fields[2] == ("-1" if message[0] == 58 else "77")
    assert gateway.ledger()["order_messages"] == 1


def test_binding_open_orders_is_no_order(client: RawClient, gateway: GatewayThread) -> None:
    client.send(5, 1)
    client.send(15, 1, 1)
    client.send(16, 1)
    client.message(53)
    assert gateway.ledger()["order_messages"] == 0


def test_fifty_one_messages_in_a_second_end_the_connection(client: RawClient, gateway: GatewayThread) -> None:
    for _ in range(60):
        client.send(49, 1)
    assert client.error(100)[4].startswith("Max rate of messages per second has been exceeded:max=50 rec=51")
    client.wait_closed()
    report = gateway.ledger()
    assert report["worst_second"] == 51
    assert report["errors"]["0"] == 1


def test_a_client_id_is_used_once(client: RawClient, gateway: GatewayThread) -> None:
    with RawClient(gateway.port, client_id=7) as twin:
        text = "Unable to connect as the client id is already in use. Retry with a unique client id."
        assert twin.error(326)[4] == text
        twin.wait_closed()
    client.send(49, 1)
    client.message(49)


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"API\0\x7f\xff\xff\xff",
        b"API\0\0\0\0\x05vXXXX",
        b"API\0\0\0\0\x09v201..225",
        b"API\0\0\0\0\x09v157",
    ],
)
def test_strangers_do_not_disturb_others(client: RawClient, gateway: GatewayThread, data: bytes) -> None:
    with RawClient(gateway.port, start=False) as stranger:
        stranger.sock.sendall(data)
        stranger.settle(0.1)
    client.send(49, 1)
    client.message(49)


def test_malformed_messages_are_answered_and_counted(client: RawClient, gateway: GatewayThread) -> None:
    client.send(1, 11, "x")
    client.send("", "")
    client.send(20, 5)
    client.send(9999, 1)
    client.sock.sendall(struct.pack(">I", 0))
    client.send(49, 1)
    client.message(49)
    assert gateway.ledger()["parse_errors"] == 4
    said = {(f[2], f[4]) for f in client.messages if f[0] == "4" and f[3] == "320"}
    assert {req_id for req_id, _ in said} == {"-1", "5"}
    assert ("-1", "Error reading request. Unknown message id '9999'") in said


def test_a_client_that_does_not_read_is_dropped() -> None:
    with running_gateway(write_bound_bytes=200_000) as gateway, RawClient(gateway.port) as lazy:
        lazy.message(9)
        for n in range(6):
            lazy.market_data(n, contract(NAMES[n].con_id))
        lazy.message(58, 5, 2)
        wait_for(lambda: gateway.fault("burst", count=20_000) and gateway.ledger()["slow_clients_dropped"], "dropped")
        with RawClient(gateway.port, client_id=9) as other:
            other.message(9)


def test_lines_update_at_most_four_times_a_second(client: RawClient) -> None:
    client.market_data(1, contract(NQZ5.con_id, exchange="CME"))
    client.until(lambda f: f[0] == "1" and f[2:4] == ["1", "2"], "the first ticks")
    client.settle(0.3)
    client.messages.clear()
    client.settle(2.0)
    volumes = [f for f in client.messages if f[0] == "2" and f[2:4] == ["1", "8"]]
    assert 5 <= len(volumes) <= 9
    assert not [f for f in client.messages if f[0] == "1" and f[3] in ("6", "7", "9", "14")]
