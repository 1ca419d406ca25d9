"""A session recorded between a gateway and its clients, and played again to clients that ask in their own way."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from simulator import market_time
from tests.integration.engine_bench import ROOT
from tests.integration.gateway_thread import running_gateway
from tests.integration.raw_client import CONTRACT_TSLA, RawClient, contract
from tests.integration.tape_rig import entries_of, playing, recording, text_of
from tests.integration.threaded_server import ThreadedServer
from tests.patience import DEADLINE_S, wait_for

ACCOUNT = "DU1234567"


@pytest.fixture(scope="module")
def gateway():
    with running_gateway() as thread:
        yield thread


class Parrot(ThreadedServer):
    """Sends back every byte, and what it is told to."""

    async def serve(self, reader, writer):
        while data := await reader.read(1000):
            writer.write(data)
            await writer.drain()
        writer.write(b"bye")
        await writer.drain()


def test_every_byte_goes_through_as_it_is_whatever_it_is(tmp_path):
    chance = random.Random(7)
    data = b"API\0\0\0\0\x09v157..176" + chance.randbytes(3_000_000)
    with Parrot() as parrot, recording(parrot.port, tmp_path / "a.tape.gz") as recorder:
        sock = socket.create_connection(("127.0.0.1", recorder.port), timeout=DEADLINE_S)
        got, at = bytearray(), 0
        while at < len(data):
            at += sock.send(data[at : at + chance.randint(1, 60_000)])
            if len(got) < at - 500_000:
                got += sock.recv(1 << 20)
        sock.shutdown(socket.SHUT_WR)
        while piece := sock.recv(1 << 20):
            got += piece
        sock.close()
    assert bytes(got) == data + b"bye"
    whats = [entry.what for entry in entries_of(tmp_path / "a.tape.gz")]
    assert whats.count("garbage") >= 1 and whats[-1] == "end"


def test_a_session_of_several_clients_is_written_without_its_accounts(gateway, tmp_path):
    path = tmp_path / "a.tape.gz"
    with recording(gateway.port, path) as recorder:
        with RawClient(recorder.port, "v100..157", client_id=7) as old, RawClient(recorder.port, client_id=8) as new:
            for client in (old, new):
                assert client.message(15)[2] == ACCOUNT, "the client itself sees the real one"
                client.send(6, 2, True, ACCOUNT)
                client.send(61, 1)
                client.message(62)
                client.message(54)
            assert (old.version, new.version) == (157, 176)
            new.send(3, 5, *CONTRACT_TSLA, "", "", "BUY", 1, "LMT", 1.5, "", "DAY", "", ACCOUNT, "", 0, "my order", 1)
            new.until(lambda fields: fields[0] == "4" and fields[2] == "5", "the answer to the order")
        wait_for(lambda: recorder.made.connections == 0, "both gone")
    entries = entries_of(path)
    text = text_of(path)
    assert "1234567" not in text and "my order" not in text
    versions = {entry.connection: entry.about["server_version"] for entry in entries if entry.what == "version"}
    assert versions == {1: 157, 2: 176}
    fakes = {entry.fields[2] for entry in entries if entry.what == "<" and entry.fields[0] == "15"}
    assert len(fakes) == 1 and fakes == {e.fields[3] for e in entries if e.what == ">" and e.fields[0] == "6"}
    assert [entry.about for entry in entries if entry.what == "order"] == [{"message": 3, "number": 1}]
    assert next(iter(fakes)).startswith("DU") and len(next(iter(fakes))) == len(ACCOUNT)


def test_ends_are_passed_on_in_their_kind_and_written(tmp_path):
    path = tmp_path / "a.tape.gz"
    with Parrot() as parrot, recording(parrot.port, path) as recorder:
        one = socket.create_connection(("127.0.0.1", recorder.port), timeout=DEADLINE_S)
        one.sendall(b"API\0")
        assert one.recv(4) == b"API\0"
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.close()
        wait_for(lambda: recorder.made.connections == 0, "the reset went through")
        two = socket.create_connection(("127.0.0.1", recorder.port), timeout=DEADLINE_S)
        two.sendall(b"API\0")
        assert two.recv(4) == b"API\0"
        parrot.stop()  # resets
        with pytest.raises(ConnectionError):
            two.sendall(b"x" * 10)
            two.recv(1), two.recv(1), two.recv(1)
            raise ConnectionResetError("an orderly end")
        two.close()
        with (
            pytest.raises(ConnectionError),  # at the connecting already where the reset is quicker
            socket.create_connection(("127.0.0.1", recorder.port), timeout=DEADLINE_S) as three,
        ):
            three.sendall(b"API\0")
            if three.recv(1) == b"":
                raise ConnectionResetError
    told = [(entry.connection, entry.what, entry.about) for entry in entries_of(path)]
    assert (1, "closed", {"by": "client", "how": "reset"}) in told
    assert any(connection == 2 and what == "closed" and about["by"] == "server" for connection, what, about in told)
    assert (3, "refused", {"why": "ConnectionRefusedError"}) in told


@pytest.fixture(scope="module")
def tape(gateway, tmp_path_factory):
    """A session: an account, two lines, history, details, a scan, a 101 and the gateway's farewell."""
    path = tmp_path_factory.mktemp("tape") / "session.tape.gz"
    with recording(gateway.port, path) as recorder, RawClient(recorder.port, client_id=52) as client:
        client.message(9)
        client.send(61, 1)
        client.send(6, 2, True, ACCOUNT)
        client.send(9, 8, 100, *CONTRACT_TSLA, False, "", "", "")
        client.message(52, 100, 2)
        client.market_data(101, CONTRACT_TSLA)
        client.history(102, CONTRACT_TSLA)
        client.message(17, 102)
        client.scan(103)
        client.message(20, 103, 2)
        client.send(7, 3, 104, 0, "", "", "", "", "", "")
        client.message(55, 104, 2)
        client.send(49, 1)
        client.message(49)
        client.until(lambda f: f[:3] == ["1", "6", "101"], "a price")
        client.settle(2.0)
        gateway.fault("farm", which="data", up=False, seconds=0.2)
        client.error(2103)
        client.settle(0.5)
        gateway.fault("drop")
        client.wait_closed()
        recorded = client.messages
    return path, recorded


def without_ids(messages, *kinds):
    """Messages of these ids without their request id."""
    at = {"1": 2, "2": 2, "17": 1, "10": 1, "20": 2, "52": 2, "11": 1, "55": 2}
    return [f[: at[f[0]]] + f[at[f[0]] + 1 :] for f in messages if f[0] in kinds]


def test_a_client_that_asks_in_another_order_gets_the_same_answers(tape):
    path, recorded = tape
    with playing(path) as player, RawClient(player.port, client_id=52) as client:
        account = client.message(15)[2]
        assert account != ACCOUNT and client.version == 176
        client.market_data(9, CONTRACT_TSLA)
        client.history(5, CONTRACT_TSLA)
        client.send(7, 3, 3, 0, "", "", "", "", "", "")
        client.scan(4)
        client.send(9, 8, 2, *CONTRACT_TSLA, False, "", "", "")
        client.send(6, 2, True, account)
        client.send(61, 1)
        client.send(49, 1)
        client.message(62)
        client.message(54)
        client.message(17, 5)
        client.message(52, 2, 2)
        client.message(55, 3, 2)
        client.message(20, 4, 2)
        said, now = int(client.message(49)[2]), int(next(f for f in recorded if f[0] == "49")[2])
        assert abs(said - now) <= 4, "the clock is the recorded one"
        client.error(2103)
        client.wait_closed()
        told = client.messages
        replaced = [[field.replace(ACCOUNT, account) for field in fields] for fields in recorded]
        for kinds in (("1", "2"), ("17",), ("10", "52"), ("20",), ("11", "55")):
            assert without_ids(told, *kinds) == without_ids(replaced, *kinds)
        for message_id in ("61", "7", "59"):
            assert [f for f in told if f[0] == message_id] == [f for f in replaced if f[0] == message_id]
        assert {f[2] for f in told if f[0] in "12"} == {"9"}
        assert player.made.missing.total() == 0


def test_a_line_that_is_asked_for_later_begins_with_how_it_stands(tape):
    path, recorded = tape
    with playing(path) as player, RawClient(player.port, client_id=52) as client:
        client.message(9)
        client.settle(1.6)
        client.market_data(9, CONTRACT_TSLA)
        first = client.until(lambda f: f[:2] == ["1", "6"], "a price")
        client.wait_closed()
        prices = without_ids(recorded, "1")
        later = without_ids(client.messages, "1")
        assert first[2] == "9" and all(price in prices for price in later)
        assert later[-1] == prices[-1] and len(later) < len(prices)


def test_what_is_not_in_it_is_refused_under_its_own_number(tape):
    with playing(tape[0]) as player, RawClient(player.port, client_id=52) as client:
        client.message(9)
        other = contract(1, "NOPE")
        client.market_data(11, other)
        client.history(12, other)
        client.send(9, 8, 13, *other, False, "", "", "")
        client.send(92, 14, "DU999", "")
        client.send(99, 1)
        client.send(3, 15, *CONTRACT_TSLA, "", "", "BUY", 1, "LMT", 1.5)
        client.send(250, 1, "what?")
        for req_id, code in ((11, 354), (12, 162), (13, 200), (14, 321), (15, 201)):
            told = client.until(lambda f, r=req_id: f[0] == "4" and f[2] == str(r), f"the error of {req_id}")
            assert told[3] == str(code) and "not in this recording" in told[4]
        client.message(102)
        assert player.made.missing.total() == 7


@pytest.mark.parametrize("version", [176, 190, 194])
def test_a_recording_of_any_playable_version_tells_the_time_though_nobody_asked_it_then(tmp_path, version):
    path = tmp_path / "a.tape"
    lines = [
        {"tape": 1, "build": "", "began": "2025-11-05T15:00:00.000Z", "zone": "", "server_version": version,
         "redacted": True},
        [0.0, 1, "open", {}],
        [0.1, 1, "version", {"server_version": version, "clock": "20251105 10:00:00 US/Eastern"}],
        [0.2, 1, ">", ["71", "2", "52", ""]],
        [0.3, 1, "<", ["9", "1", "1"]],
        [60.0, 1, "<", ["9", "1", "1"]],
    ]  # fmt: skip
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with playing(path) as player, RawClient(player.port, f"v100..{version + 5}", client_id=52) as client:
        assert client.version == version
        client.message(9)
        client.send(49, 1)
        assert abs(int(client.message(49)[2]) - 1762354800) <= 30
        client.send(92, 14, "DU999", "")
        refused = client.until(lambda f: f[0] == "4", "the error")
        assert "14" in refused[1:3] and "321" in refused[2:4]


def test_another_speed_brings_the_same_sooner(tape):
    with playing(tape[0], speed=50.0) as player, RawClient(player.port, client_id=52) as client:
        client.message(9)
        client.market_data(1, CONTRACT_TSLA)
        client.wait_closed()
        assert without_ids(client.messages, "1")[-1] == without_ids(tape[1], "1")[-1]
        assert player.made.status()["speed"] == 50.0


def test_while_tws_was_away_nobody_answers_and_then_it_is_back(gateway, tmp_path):
    path = tmp_path / "a.tape.gz"
    with recording(gateway.port, path) as recorder:
        with RawClient(recorder.port, client_id=52) as client:
            client.message(9)
            client.settle(1.0)
            gateway.fault("drop")
            client.wait_closed()
        target, recorder.made.target = recorder.made.target, ("127.0.0.1", 1)
        for _ in range(3):
            assert is_refused(recorder.port)
            wait_for(lambda: recorder.made.connections == 0, "gone")
            threading.Event().wait(0.5)
        recorder.made.target = target
        with RawClient(recorder.port, client_id=52) as client:
            client.message(9)
            client.settle(1.0)
    with playing(path) as player:
        with RawClient(player.port, client_id=52) as client:
            client.message(9)
            client.wait_closed()
        assert is_refused(player.port)
        wait_for(lambda: not player.made.index.is_out(player.made.time.now()), "back")
        with RawClient(player.port, client_id=52) as client:
            client.message(9)


def is_refused(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S) as sock:
            sock.sendall(b"API\0\0\0\0\x09v157..176")
            return sock.recv(1) == b""
    except ConnectionError:
        return True


def test_a_live_account_can_go_as_paper(tmp_path):
    path = tmp_path / "a.tape.gz"
    with running_gateway(account="U7654321") as live, recording(live.port, path) as recorder:
        with RawClient(recorder.port, client_id=52) as client:
            client.message(9)
            client.send(6, 2, True, "U7654321")
            client.message(54)
    with playing(path, as_paper=True) as player, RawClient(player.port, client_id=52) as client:
        account = client.message(15)[2]
        client.send(6, 2, True, account)
        assert account.startswith("DU") and client.message(54)[2] == account


@pytest.fixture
def library():
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    module = pytest.importorskip("ib_insync")
    yield module
    asyncio.set_event_loop(None)
    loop.close()


def test_ib_insync_sees_no_difference(library, gateway, tmp_path):
    """Directly, through the recorder, and played: the same accounts but for the name, positions, bars, details."""

    def look(port):
        async def session():
            ib = library.IB()
            await ib.connectAsync("127.0.0.1", port, clientId=31, timeout=DEADLINE_S)
            tsla = library.Stock("TSLA", "SMART", "USD")
            details = await ib.reqContractDetailsAsync(tsla)
            bars = await ib.reqHistoricalDataAsync(details[0].contract, "20251105 15:00:00 UTC", "3600 S", "1 min",
                                                   "TRADES", False, 2)  # fmt: skip
            ticker = ib.reqMktData(details[0].contract)
            while not ticker.hasBidAsk():
                await asyncio.sleep(0.01)
            account = ib.managedAccounts()[0]
            found = (
                str([(p.contract, p.position, p.avgCost) for p in ib.positions()]),
                str(details).replace(account, "*"),
                str(bars),
                str([fill.execution for fill in ib.fills()]).replace(account, "*"),
                sorted((v.tag, v.currency) for v in ib.accountValues()),
            )
            ib.disconnect()
            await asyncio.sleep(0.05)
            return account, found

        return (
            asyncio.get_event_loop_policy().get_event_loop().run_until_complete(asyncio.wait_for(session(), DEADLINE_S))
        )

    path = tmp_path / "a.tape.gz"
    direct = look(gateway.port)
    with recording(gateway.port, path) as recorder:
        through = look(recorder.port)
    with playing(path) as player:
        again = look(player.port)
    assert direct == through
    assert again[0] != direct[0] and again[1] == direct[1]


def test_the_program_records_is_killed_and_plays(gateway, tmp_path):
    path = tmp_path / "day.tape.gz"
    command = [sys.executable, "-m", "simulator", "--record", str(path), "--to", f"127.0.0.1:{gateway.port}"]
    with started([*command, "--port", "0"]) as (recorder, ready):
        with RawClient(ready["port"], client_id=52) as client:
            client.message(9)
            client.send(61, 1)
            client.message(62)
            wait_for(lambda: flushed(path, "62"), "written while it runs")
        recorder.kill()
        recorder.wait(DEADLINE_S)
    assert subprocess.run(command, cwd=ROOT, capture_output=True, timeout=DEADLINE_S).returncode == 2, "never over it"
    with started([sys.executable, "-m", "simulator", "--play", str(path), "--no-stdin-watch"]) as (player, ready):
        with RawClient(ready["port"], client_id=52) as client:
            client.send(61, 1)
            client.message(62)
            assert json.loads(player.stdout.readline()) == {"over": True}, "said as soon as nothing more comes"
            client.send(49, 1)
            said = int(client.message(49)[2])
            assert ready["day"] == f"{market_time.local_date(said)}", "the recorded day"
        player.send_signal(signal.SIGTERM if sys.platform == "win32" else signal.SIGINT)
        assert player.wait(DEADLINE_S) in ((0,) if sys.platform != "win32" else (0, 1))


def flushed(path, message_id):
    return (
        path.exists()
        and path.stat().st_size > 0
        and any(entry.fields[:1] == [message_id] for entry in entries_of(path))
    )


class started:  # noqa: N801 - reads as a word of the test
    def __init__(self, command):
        self._command = command

    def __enter__(self):
        self.process = subprocess.Popen(
            self._command, cwd=Path(ROOT), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        return self.process, json.loads(self.process.stdout.readline())

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(DEADLINE_S)
        self.process.stdout.close()
