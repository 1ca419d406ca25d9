"""The control port: token, ledger, truth, quotes, positions."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest

from tests.integration.fake_world import AAPL, NQZ5, START, TSLA
from tests.integration.gateway_thread import TOKEN, GatewayThread, running_gateway, wait_for
from tests.integration.raw_client import RawClient, contract
from tests.patience import DEADLINE_S


@pytest.fixture(scope="module")
def gateway() -> Iterator[GatewayThread]:
    with running_gateway(seed=42) as thread:
        yield thread


@pytest.fixture
def client(gateway: GatewayThread) -> Iterator[RawClient]:
    with RawClient(gateway.port) as raw:
        raw.message(9)
        yield raw


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x"])
@pytest.mark.parametrize(("method", "path"), [("GET", "/ledger"), ("POST", "/fault"), ("GET", "/nothing")])
def test_without_the_token_there_is_nothing(gateway: GatewayThread, token: str, method: str, path: str) -> None:
    assert gateway.call(method, path, token=token)[0] == 403


def test_unknown_paths_methods_and_bodies(gateway: GatewayThread) -> None:
    assert gateway.call("GET", "/nothing")[0] == 404
    assert gateway.call("GET", "/fault")[0] == 405
    assert gateway.call("POST", "/fault", [1, 2])[0] == 400
    assert gateway.call("POST", "/fault", {"kind": "no_such"})[0] == 400
    assert gateway.call("POST", "/fault", {"kind": "line_limit"})[0] == 400
    assert gateway.call("GET", "/quote")[0] == 400
    assert gateway.call("GET", "/quote?con_id=5")[0] == 404


def test_rubbish_on_the_control_port_does_no_harm(gateway: GatewayThread) -> None:
    for data in (
        b"\0\xff\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /ledger HTTP/1.1\r\nContent-Length: x\r\nX-Token: test-token\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", gateway.control_port), timeout=DEADLINE_S) as sock:
            sock.sendall(data)
            assert b" 40" in sock.recv(4096)[:14]
    assert gateway.call("GET", "/ledger")[0] == 200


def test_the_world_and_its_account(gateway: GatewayThread) -> None:
    world = gateway.get("/world")
    assert (world["seed"], world["speed"], world["volume_unit"]) == (42, 1.0, "lots")
    assert world["now"] == pytest.approx(START, abs=120)
    assert len(world["holdings"]) == 12
    assert world["net_liquidation"] == pytest.approx(
        world["cash"] + world["stock_value"] + world["futures_unrealized"], abs=0.01
    )
    by_symbol = {row["local_symbol"]: row for row in world["holdings"]}
    assert by_symbol["TOGI"]["price"] is None


def test_truth_lists_injected_breakouts(gateway: GatewayThread) -> None:
    answer = gateway.get(f"/truth?start={START}&end={START + 100}")
    assert [(item["local_symbol"], item["side"]) for item in answer["breakouts"]] == [("AAPL", 1)]
    assert gateway.get(f"/truth?start={START + 100}&end={START + 200}")["breakouts"] == []


def test_quotes_are_in_shares(gateway: GatewayThread) -> None:
    answer = gateway.get(f"/quote?con_id={TSLA.con_id}")
    assert answer["instrument"]["symbol"] == "TSLA"
    assert answer["quote"]["volume"] >= 1_000_000


def test_the_ledger_names_lines_and_sessions(gateway: GatewayThread, client: RawClient) -> None:
    client.market_data(5, contract(AAPL.con_id))
    client.message(58, 5, 2)
    report = gateway.ledger()
    (line,) = report["lines"]
    assert (line["req_id"], line["con_id"], line["local_symbol"], line["position"]) == (5, AAPL.con_id, "AAPL", False)
    assert line["opened_market"] == pytest.approx(report["market"], abs=5)
    assert {"client_id": 7, "version": 176, "ready": True}.items() <= report["sessions"][0].items()
    assert json.dumps(report)


def test_reset_forgets_the_past(gateway: GatewayThread, client: RawClient) -> None:
    client.market_data(5, contract(AAPL.con_id))
    client.message(58, 5, 2)
    client.send(2, 2, 5)
    wait_for(lambda: gateway.ledger()["lines_cancelled"], "the cancel")
    gateway.call("POST", "/ledger/reset")
    report = gateway.ledger()
    assert (report["lines_cancelled"], report["max_lines"], report["messages_total"]) == (0, 0, 0)


def test_a_position_opens_changes_and_closes(gateway: GatewayThread, client: RawClient) -> None:
    client.send(61, 1)
    client.send(6, 2, True, "DU1234567")
    client.message(54)
    client.messages.clear()
    status, answer = gateway.call("POST", "/position", {"con_id": AAPL.con_id, "quantity": 40, "avg_cost": 250.5})
    assert status == 200 and answer["filled_at"] == pytest.approx(270.75, abs=0.75)  # where the price goes
    row = client.until(lambda f: f[0] == "61", "the position")
    assert row[3] == str(AAPL.con_id) and row[14:16] == ["40", "250.5"]
    assert client.until(lambda f: f[0] == "7", "the portfolio row")[13] == "40"
    execution = client.message(11)
    assert execution[1] == "-1" and execution[18] == "BOT" and client.message(59)[5] == "1.7976931348623157E308"
    client.messages.clear()
    assert gateway.call("POST", "/position", {"con_id": AAPL.con_id, "quantity": 0})[0] == 200
    assert client.until(lambda f: f[0] == "61", "the closed position")[14] == "0"
    assert client.until(lambda f: f[0] == "7", "the closed row")[13] == "0"
    assert float(client.message(59)[5]) == pytest.approx(40 * (270.75 - 250.5), abs=40)
    assert AAPL.con_id not in [row["con_id"] for row in gateway.get("/world")["holdings"]]


def test_a_line_of_a_position_that_closes_counts_as_other(gateway: GatewayThread, client: RawClient) -> None:
    gateway.call("POST", "/position", {"con_id": AAPL.con_id, "quantity": 5, "avg_cost": 250})
    client.market_data(1, contract(AAPL.con_id))
    client.message(58, 1, 2)
    assert gateway.ledger()["non_position_lines_open"] == 0
    gateway.call("POST", "/position", {"con_id": AAPL.con_id, "quantity": 0})
    assert gateway.ledger()["non_position_lines_open"] == 1


def test_changed_positions_change_the_profit_and_loss(gateway: GatewayThread, client: RawClient) -> None:
    client.send(94, 9, "DU1234567", "", NQZ5.con_id)
    assert client.message(95, 9)[2] == "1"
    client.messages.clear()
    gateway.call("POST", "/position", {"con_id": NQZ5.con_id, "quantity": 3})
    client.until(lambda f: f[0] == "95" and f[2] == "3", "the larger position")
    gateway.call("POST", "/position", {"con_id": NQZ5.con_id, "quantity": 1})
