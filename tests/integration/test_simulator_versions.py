"""What each server version changes on the wire."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.fake_world import NQZ5, TSLA
from tests.integration.gateway_thread import GatewayThread, running_gateway
from tests.integration.raw_client import RawClient, contract

RANGES = {157: "v100..157", 165: "v157..165", 176: "v157..176 +PACEAPI", 178: "v100..225"}


@pytest.fixture(scope="module")
def gateway() -> Iterator[GatewayThread]:
    with running_gateway() as thread:
        yield thread


@pytest.fixture(params=sorted(RANGES))
def client(request: pytest.FixtureRequest, gateway: GatewayThread) -> Iterator[RawClient]:
    with RawClient(gateway.port, RANGES[request.param], client_id=request.param) as raw:
        raw.message(9)
        assert raw.version == request.param
        yield raw


def issuer(client: RawClient) -> list[str]:
    return [""] if client.version >= 176 else []


def test_handshake_accounts_and_notices(client: RawClient) -> None:
    assert client.server_time.startswith("20251105 10:0") and client.server_time.endswith(" America/New_York")
    assert client.message(15) == ["15", "1", "DU1234567"]
    assert client.message(9) == ["9", "1", "1"]
    assert len(client.error(2158)) == (6 if client.version >= 166 else 5)


@pytest.mark.parametrize(
    ("con_id", "by_version"), [(TSLA.con_id, {157: 41, 165: 42}), (NQZ5.con_id, {157: 39, 165: 40})]
)
def test_contract_details(client: RawClient, con_id: int, by_version: dict[int, int]) -> None:
    exchange = "SMART" if con_id == TSLA.con_id else "CME"
    client.send(9, 8, 50, *contract(con_id, exchange=exchange), False, "", "", *issuer(client))
    fields = client.until(lambda f: f[0] == "10", "contract details")
    assert len(fields) == by_version.get(client.version, by_version[165])
    assert fields[1] == ("8" if client.version < 164 else "50")
    assert client.message(52, 50, 2) == ["52", "1", "50"]


def test_bars_have_whole_volumes_before_163_and_zones_from_174(client: RawClient) -> None:
    client.history(60, contract(TSLA.con_id), duration="120 S", format=1)
    fields = client.message(17, 60)
    assert len(fields) == 5 + 8 * int(fields[4])
    assert ("." in fields[10]) == (client.version >= 163)
    zoned = client.version >= 174
    assert fields[5].endswith("America/New_York" if zoned else ":00") and ("  " in fields[5]) != zoned
    assert fields[6] == "408.0800"


def test_symbol_samples(client: RawClient) -> None:
    client.send(81, 70, "TSL")
    fields = client.message(79, 70)
    described = 2 if client.version >= 176 else 0
    assert fields[3:9] == [str(TSLA.con_id), "TSLA", "STK", "NASDAQ", "USD", "2"]
    assert len(fields) == 3 + 6 + 2 + described


def test_executions(client: RawClient) -> None:
    client.send(7, 3, 80, 0, "", "", "", "", "", "")
    fields = client.message(11, 80)
    assert len(fields) == (32 if client.version >= 178 else 31)
    assert fields[15].startswith("20251105 ") and fields[15].endswith(
        "09:41:00 America/New_York" if client.version >= 174 else "  09:41:00"
    )
    report = client.message(59)
    assert report[2] == fields[14] and len(report) == 8
    client.message(55, 80, 2)


def test_ticks_begin_in_the_recorded_order(client: RawClient) -> None:
    client.market_data(90, contract(TSLA.con_id))
    client.until(lambda f: f[0] == "1" and f[2:4] == ["90", "2"], "the ask")
    kinds = [
        (f[0], f[3] if f[0] in ("1", "2", "45", "46") else "")
        for f in client.messages
        if "90" in f[1:3] and f[0] in ("58", "81", "1", "2", "45", "46")
    ]
    expected = [("58", ""), ("81", ""), ("46", "45"), ("1", "4"), ("45", "49"), ("2", "8"), ("1", "6"), ("1", "7"),
                ("1", "9"), ("1", "14"), ("1", "1"), ("1", "2")]  # fmt: skip
    assert kinds[:12] == expected
    client.send(2, 2, 90)


def test_positions_and_portfolio_rows(client: RawClient) -> None:
    client.send(61, 1)
    client.message(62)
    rows = [f for f in client.messages if f[0] == "61"]
    assert len(rows) == 12 and {len(f) for f in rows} == {16}
    assert rows[0][3:12] == [str(NQZ5.con_id), "NQ", "FUT", "20251219", "0.0", "", "20", "", "USD"]
    client.send(6, 2, True, "DU1234567")
    client.message(54)
    rows = [f for f in client.messages if f[0] == "7"]
    assert len(rows) == 12 and {len(f) for f in rows} == {20}


def test_scan_rows(client: RawClient) -> None:
    client.scan(95, rows=7)
    fields = client.message(20, 95, 2)
    assert fields[3] == "7" and len(fields) == 4 + 16 * 7
    client.send(23, 1, 95)
    assert client.error(162)[4].endswith("API scanner subscription cancelled: 95")
