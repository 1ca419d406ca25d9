"""What goes on after the first answer: account rounds, cancels, empty scans, data types, generic ticks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.integration.fake_world import AAPL, NQZ5, START, TSLA
from tests.integration.gateway_thread import GatewayThread, running_gateway, wait_for
from tests.integration.raw_client import RawClient, contract


@pytest.fixture(scope="module")
def gateway() -> Iterator[GatewayThread]:
    with running_gateway(account_interval_s=0.2) as thread:
        yield thread


@pytest.fixture
def client(gateway: GatewayThread) -> Iterator[RawClient]:
    with RawClient(gateway.port) as raw:
        raw.message(9)
        yield raw


def seen(client: RawClient, message_id: str, seconds: float = 0.6) -> list[list[str]]:
    client.settle(0.1)
    client.messages.clear()
    client.settle(seconds)
    return [f for f in client.messages if f[0] == message_id]


def test_account_updates_go_on_until_unsubscribed(client: RawClient) -> None:
    client.send(6, 2, True, "DU1234567")
    client.message(54)
    keys = {f[2] for f in client.messages if f[0] == "6"}
    assert {"NetLiquidation", "ExcessLiquidity", "BuyingPower", "UnrealizedPnL", "RealizedPnL"} <= keys
    later = seen(client, "6")
    assert {"NetLiquidation"} <= {f[2] for f in later}
    assert "AccountCode" not in {f[2] for f in later}, "what did not change is not sent again"
    client.send(6, 2, False, "DU1234567")
    assert seen(client, "6") == []


def test_summary_and_multi_go_on_until_cancelled(client: RawClient) -> None:
    client.send(62, 1, 5, "All", "NetLiquidation,BuyingPower,$LEDGER")
    client.message(64, 5, 2)
    tags = [f[4] for f in client.messages if f[0] == "63"]
    assert tags[:2] == ["NetLiquidation", "BuyingPower"] and "ExchangeRate" in tags
    client.send(76, 1, 6, "DU1234567", "", True)
    client.message(74, 6, 2)
    assert seen(client, "73", 0.5) and seen(client, "63", 1.2)
    client.send(63, 1, 5)
    client.send(77, 1, 6)
    assert seen(client, "73") == [] and seen(client, "63") == []


def test_positions_are_told_until_cancelled(client: RawClient, gateway: GatewayThread) -> None:
    client.send(61, 1)
    client.message(62)
    client.send(64, 1)
    client.send(49, 1)
    client.message(49)
    client.messages.clear()
    gateway.call("POST", "/position", {"con_id": AAPL.con_id, "quantity": 1, "avg_cost": 270})
    gateway.call("POST", "/position", {"con_id": AAPL.con_id, "quantity": 0})
    client.settle(0.2)
    assert [f for f in client.messages if f[0] == "61"] == []


@pytest.mark.parametrize(
    ("filter_fields", "count"),
    [
        (("", "", "", "", "", ""), 1),
        (("DU1234567", "", "TSLA", "STK", "", "SELL"), 1),
        (("", "20251105 09:00:00", "", "", "", ""), 1),
        (("", "20251105 09:50:00", "", "", "", ""), 0),
        (("", "", "AAPL", "", "", ""), 0),
        (("", "", "", "", "", "BUY"), 0),
    ],
)
def test_executions_pass_a_filter(filter_fields: tuple[str, ...], count: int) -> None:
    with running_gateway() as fresh, RawClient(fresh.port) as client:
        client.message(9)
        client.send(7, 3, 1, 0, *filter_fields)
        client.message(55, 1, 2)
        assert len([f for f in client.messages if f[0] == "11"]) == count


def test_executions_refuse_a_bad_time(client: RawClient) -> None:
    client.send(7, 3, 1, 0, "", "yesterday", "", "", "", "")
    assert client.error(321)[2] == "1"


def test_pnl_stops_when_cancelled(client: RawClient) -> None:
    client.send(92, 5, "DU1234567", "")
    client.message(94, 5)
    assert seen(client, "94", 1.3)
    client.send(93, 5)
    assert seen(client, "94", 1.3) == []
    client.send(94, 6, "DU1234567", "", AAPL.con_id)
    assert client.message(95, 6)[2:] == ["0", *["1.7976931348623157E308"] * 4]


def test_a_scan_that_becomes_empty_says_165(
    client: RawClient, gateway: GatewayThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.scan(1)
    client.message(20, 1, 2)
    monkeypatch.setattr(gateway.world, "scan", lambda query: [])
    assert client.error(165)[4] == "Historical Market Data Service query message:no items retrieved"
    client.scan(2)
    assert client.message(20, 2, 2)[3] == "0"


def test_frozen_when_closed_and_asked_for(
    client: RawClient, gateway: GatewayThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway.world, "trading_hours", lambda con_id, liquid: "20251108:CLOSED")
    client.market_data(1, contract(TSLA.con_id))
    assert client.message(58, 1, 2)[3] == "1"
    client.send(59, 1, 4)
    client.market_data(2, contract(TSLA.con_id))
    assert client.message(58, 2, 2)[3] == "2"
    client.message(2, 2, 2)
    monkeypatch.undo()
    client.until(lambda f: f == ["58", "1", "2", "1"], "live again", 7)


def test_generic_ticks(client: RawClient) -> None:
    client.market_data(1, contract(TSLA.con_id), "100,104,165,221,233,236")
    for kind, message in (("46", "45"), ("21", "2"), ("23", "45"), ("37", "1")):
        client.until(lambda f, kind=kind, message=message: f[0] == message and f[2:4] == ["1", kind], f"tick {kind}")
    rt = client.until(lambda f: f[0] == "46" and f[3] == "48", "RTVolume")[4].split(";")
    assert len(rt) == 6 and float(rt[4]) > 0
    client.market_data(2, contract(TSLA.con_id), "1234")
    assert "Incorrect generic tick list of 1234" in client.error(321)[4]


def test_a_halt_and_a_lost_quote_are_said(client: RawClient, gateway: GatewayThread) -> None:
    client.market_data(1, contract(AAPL.con_id))
    client.until(lambda f: f[0] == "1" and f[2:4] == ["1", "2"], "the first ticks")
    quote = gateway.world.quote(AAPL.con_id)
    assert quote is not None
    gateway.world.quotes[AAPL.con_id] = replace(quote, seq=10**6, halted=True, bid=None, bid_size=None)
    try:
        client.until(lambda f: f == ["45", "6", "1", "49", "1.0"], "the halt")
        client.until(lambda f: f[0] == "1" and f[2:6] == ["1", "1", "-1", "0"], "no bid")
        assert seen(client, "1", 0.6) == []
    finally:
        gateway.world.quotes.clear()


def test_a_line_without_a_quote_begins_when_one_comes(client: RawClient, gateway: GatewayThread) -> None:
    client.market_data(1, contract(900001))
    client.market_data(2, contract(AAPL.con_id))
    gateway.fault("mute_ticks", con_id=NQZ5.con_id)
    client.market_data(3, contract(NQZ5.con_id, exchange="CME"))
    client.settle(0.5)
    assert [f for f in client.messages if f[0] == "1" and f[2] == "3"] == []
    gateway.fault("unmute_ticks", con_id=NQZ5.con_id)
    client.until(lambda f: f[0] == "1" and f[2] == "3", "NQ's ticks")


def test_realtime_bar_refusals(client: RawClient) -> None:
    for req_id, block, size in (
        (1, contract(TSLA.con_id), 10),
        (2, contract(900004), 5),
        (3, contract(TSLA.con_id, exchange=""), 5),
    ):
        client.send(50, 3, req_id, *block, size, "TRADES", False, "")
    for req_id, code in (("1", "321"), ("2", "420"), ("3", "321")):
        client.until(lambda f, req_id=req_id, code=code: f[0] == "4" and f[2:4] == [req_id, code], f"error {code}")
    client.send(51, 1, 9)
    client.error(300)
    client.send(97, 4, *contract(TSLA.con_id), "Last", 0, False)
    client.error(10189)


def test_the_day_turns_over_for_executions() -> None:
    with running_gateway(speed=20_000.0) as fast, RawClient(fast.port) as client:
        client.message(9)
        wait_for(lambda: fast.get("/world")["now"] > START + 15 * 3600, "the next day")
        client.send(7, 3, 1, 0, *[""] * 6)
        client.message(55, 1, 2)
        assert [f for f in client.messages if f[0] == "11"] == []
        assert fast.get("/world")["realized"] == 0.0
