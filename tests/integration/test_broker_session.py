"""IBBroker over TCP against the second gateway: connecting, order of events, bounds, refusals, reconnects."""

from __future__ import annotations

import asyncio
import errno
import math
import os
import socket
import struct
import time
from pathlib import Path

import msgspec
import pytest
from msgspec import structs

from engine.broker.connection import Connection
from engine.broker.failures import Address, ConnectFailure
from engine.broker.pacing import Pacer
from engine.broker.port import (
    AccountPnl,
    AccountValue,
    ClockSample,
    Connected,
    Disconnected,
    FillReport,
    PortfolioMark,
    PositionUpdate,
    RequestError,
    SystemNotice,
    Ticks,
)
from engine.broker.probe import is_free
from engine.broker.session import Session
from engine.clock import SystemClock
from tests.integration.broker_rig import MSFT, QUICK, Rig, Stopwatch
from tests.integration.second_gateway import SecondGateway
from tests.integration.threaded_server import ThreadedServer
from tests.patience import DEADLINE_S


@pytest.fixture
def gateway():
    with SecondGateway() as running:
        yield running


class JumpingClock(SystemClock):
    """Its wall hand can be set ahead, as after a suspended night."""

    ahead_s = 0.0

    def wall(self) -> float:
        return super().wall() + self.ahead_s


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_connects_with_positions_first_and_everything_after(gateway):
    async def scenario():
        async with Rig(gateway.port) as rig:
            connected = await rig.connected()
            await rig.until(lambda: rig.of(AccountPnl) and rig.of(FillReport) and rig.of(PortfolioMark))
            kinds = [type(event) for event in rig.events]
            assert kinds[:5] == [PositionUpdate] * 4 + [Connected]
            assert (connected.epoch, connected.account, connected.client_id) == (1, "DF7654321", 52)
            assert connected.server_version == 176
            link = rig.broker.link
            assert (link.phase, link.connected, link.account, link.reason) == ("connected", True, "DF7654321", "")
            return rig

    rig = asyncio.run(scenario())
    asked = [fields[0] for _, fields in gateway.received]
    assert asked[:2] == ["71", "61"], "positions are the first request"
    assert asked.count("59") == 1
    held = {event.record.contract.local_symbol[:2]: event.record for event in rig.of(PositionUpdate)}
    assert (held["MS"].contract.exchange, held["MS"].contract.primary_exchange) == ("SMART", "NASDAQ")
    assert (held["ES"].contract.exchange, held["ES"].contract.multiplier) == ("CME", 50.0)
    assert (held["GC"].contract.multiplier, held["GC"].quantity) == (100.0, -1.0)
    assert held["NS"].contract.primary_exchange == "PINK"
    mark = next(event for event in rig.of(PortfolioMark) if event.contract.symbol == "ES")
    assert mark.contract == held["ES"].contract
    assert [(value.tag, value.value, value.text) for value in rig.of(AccountValue)] == [
        ("AccountReady", None, "true"),
        ("NetLiquidation", 250000.5, ""),
        ("ExcessLiquidity", None, ""),
    ]
    assert rig.of(AccountPnl)[0] == AccountPnl(-120.5, None, 0.0, "DF7654321")
    fill = rig.of(FillReport)[-1].fill
    assert (fill.exec_id, fill.commission, fill.price, fill.side) == ("0001.01", 1.0, 300.25, "BOT")
    assert all(math.isfinite(x) for e in rig.events for x in msgspec.structs.astuple(e) if isinstance(x, float))


def test_clock_sample_right_after_connecting_tells_the_gateways_clock(gateway):
    gateway.clock_offset_s = 3600.0

    async def scenario():
        async with Rig(gateway.port) as rig:
            await rig.until(lambda: len(rig.of(ClockSample)) >= 2)
            return rig.of(ClockSample)

    for sample in asyncio.run(scenario()):
        assert abs(sample.offset_s - 3600.0) <= 0.6 + sample.round_trip_s
        assert 0.0 <= sample.round_trip_s < 1800.0, "the other clock has no part in it"


@pytest.mark.parametrize("withheld", [{62}, {52}, {54}, {55}, {49}, {62, 52, 54, 55}, {10, 52}, {61, 62}])
def test_any_end_message_may_be_withheld(gateway, withheld):
    gateway.withhold = withheld
    timings = msgspec.structs.replace(QUICK, probe_timeout_s=30.0)

    async def scenario():
        async with Stopwatch() as watch, Rig(gateway.port, timings=timings) as rig:
            await rig.connected()
            assert watch.seconds < QUICK.start_up_s + 0.6
            positions = {event.record.contract.symbol: event.record.contract for event in rig.of(PositionUpdate)}
            assert set(positions) == {"MSFT", "ES", "GC", "NSRGF"}, "from portfolio rows where 61 is missing"
            assert positions["MSFT"].exchange == "SMART"
            if 10 not in withheld:
                assert positions["ES"].exchange == "CME"
            req_id = rig.broker.subscribe(MSFT, urgent=True)
            await rig.until(lambda: rig.last_tick(req_id))

    asyncio.run(scenario())


def test_details_that_come_late_are_told(gateway):
    gateway.withhold = {10, 52}

    async def scenario():
        async with Rig(gateway.port) as rig:
            await rig.connected()
            assert {e.record.contract.exchange for e in rig.of(PositionUpdate) if e.record.contract.symbol == "ES"} == {
                ""
            }
            gateway.withhold = set()
            await rig.until(lambda: any(e.record.contract.exchange == "CME" for e in rig.of(PositionUpdate)), 8.0)

    asyncio.run(scenario())


def test_a_200_on_details_leaves_the_exchange_empty_and_is_not_lasting(gateway):
    gateway.unknown = {8910}

    async def scenario():
        async with Rig(gateway.port) as rig:
            await rig.connected()
            first = next(e.record for e in rig.of(PositionUpdate) if e.record.contract.con_id == 8910)
            assert (first.contract.exchange, first.quantity) == ("", 10.0)
            assert await rig.broker.contract_info(first.contract) == []
            gateway.unknown = set()
            assert (await rig.broker.contract_info(first.contract))[0].contract.primary_exchange == "PINK"
            rig.broker.reconnect("test")
            await rig.connected(2)
            again = [e.record for e in rig.of(PositionUpdate) if e.record.contract.con_id == 8910][-1]
            assert again.contract.exchange == "SMART"

    asyncio.run(scenario())


def test_a_position_unknown_at_night_is_asked_for_again_when_the_farm_is_back(gateway):
    """200 for everything during the reset; the look-ups come back with notice 2158."""
    gateway.unknown = {272093, 495512563}
    timings = msgspec.structs.replace(QUICK, recheck_details_s=60.0)

    async def scenario():
        async with Rig(gateway.port, timings=timings) as rig:
            await rig.connected()
            assert not rig.of(RequestError), "look-ups are nobody else's affair"
            gateway.unknown = set()
            gateway.notice(2158, "Sec-def data farm connection is OK:secdefnj")
            await rig.until(
                lambda: {"SMART", "CME"} <= {e.record.contract.exchange for e in rig.of(PositionUpdate)[4:]}
            )

    asyncio.run(scenario())


def test_a_machine_that_slept_connects_afresh(gateway):
    async def scenario():
        async with Rig(gateway.port, clock=(clock := JumpingClock())) as rig:
            await rig.connected()
            clock.ahead_s = 600.0
            await rig.connected(2)
            assert "slept" in rig.of(Disconnected)[0].reason

    asyncio.run(scenario())


def test_frames_may_be_split_at_any_byte(gateway):
    gateway.tick_every_s = 60.0
    timings = msgspec.structs.replace(QUICK, probe_every_s=60.0)  # nothing may come in between

    async def scenario():
        async with Rig(gateway.port, timings=timings) as rig:
            await rig.until(lambda: rig.of(FillReport))
            line = rig.broker.subscribe(MSFT, urgent=True)
            await rig.until(lambda: rig.last_tick(line))
            body = "".join(f"{part}\0" for part in (1, 6, line, 4, 411.25, 5, 0)).encode()
            for byte in struct.pack(">I", len(body)) + body:
                gateway.raw(bytes([byte]))
                await asyncio.sleep(0.001)
            await rig.until(lambda: rig.last_tick(line).last == 411.25)

    asyncio.run(scenario())


def test_position_changes_and_closings(gateway):
    async def scenario():
        async with Rig(gateway.port) as rig:
            await rig.connected()
            names = "272093|MSFT|STK||0.0||||USD|MSFT|MSFT"
            gateway.send(f"61|3|DF7654321|{names}|75|301.5")
            gateway.send(f"61|3|DF0000000|{names}|999|1")
            gateway.send(f"61|3|DF7654321|{names}|0|0")
            await rig.until(lambda: len(rig.of(PositionUpdate)) >= 6)
            changes = [event.record for event in rig.of(PositionUpdate)[4:]]
            assert [(record.quantity, record.contract.exchange) for record in changes] == [
                (75.0, "SMART"),
                (0.0, "SMART"),
            ]
            gateway.send("61|3|DF7654321|700001|RABX|STK||0.0||||USD|RABX|RABX|5|12.0")
            await rig.until(lambda: rig.of(PositionUpdate)[-1].record.contract.con_id == 700001)
            assert rig.of(PositionUpdate)[-1].record.contract.exchange == "SMART"

    asyncio.run(scenario())


def test_a_position_that_is_opened_again_is_told_again(gateway):
    async def scenario():
        async with Rig(gateway.port) as rig:
            await rig.connected()
            names = "272093|MSFT|STK||0.0||||USD|MSFT|MSFT"
            gateway.send(f"61|3|DF7654321|{names}|0|0")
            await rig.until(lambda: rig.of(PositionUpdate)[-1].record.quantity == 0)
            gateway.send(f"61|3|DF7654321|{names}|40|310.0")
            await rig.until(lambda: rig.of(PositionUpdate)[-1].record.quantity == 40)
            assert rig.of(PositionUpdate)[-1].record.contract.exchange == "SMART"

    asyncio.run(scenario())


def test_live_account_in_paper_mode_is_refused_and_retried_calmly():
    with SecondGateway(account="U7654321") as gateway:

        async def scenario():
            async with Rig(gateway.port) as rig:
                await rig.until(lambda: len(gateway.connects) >= 2)
                assert not rig.of(Connected) and not rig.of(PositionUpdate)
                assert len(rig.of(Disconnected)) == 1, "one notice, no storm"
                link = rig.broker.link
                assert link.phase in ("refused", "connecting") and not link.connected
                assert "live account" in link.reason and "7654321" not in link.reason
                assert link.cure

        asyncio.run(scenario())
        assert not gateway.requests(61), "nothing was asked of the wrong account"


def test_busy_client_id_uses_the_fallback_once_and_comes_back(gateway):
    gateway.busy_ids = {52}

    async def scenario():
        async with Rig(gateway.port) as rig:
            connected = await rig.connected()
            assert connected.client_id == rig.broker.link.client_id == 53
            gateway.busy_ids = set()
            gateway.drop()
            connected = await rig.connected(2)
            assert (connected.client_id, connected.epoch) == (52, 2)

    asyncio.run(scenario())
    assert [client_id for _, client_id in gateway.connects] == [52, 53, 52]


EAGER = structs.replace(QUICK, own_id_every_s=0.15, own_id_release_s=0.1)


def test_back_on_the_own_client_id_as_soon_as_it_is_free(gateway):
    gateway.busy_ids = {52}

    async def scenario():
        async with Rig(gateway.port, timings=EAGER) as rig:
            assert (await rig.connected()).client_id == 53
            assert rig.broker.link.busy_client_id == 52
            await rig.until(lambda: [c for _, c in gateway.connects].count(52) >= 4)
            assert len(rig.of(Connected)) == 1, "looking does not touch the connection that works"
            gateway.busy_ids = set()
            assert (await rig.connected(2)).client_id == 52
            assert rig.broker.link.busy_client_id is None
            assert "Client id 52 is free again" in rig.of(Disconnected)[-1].reason
            looks = len(gateway.connects)
            await asyncio.sleep(0.6)
            assert len(gateway.connects) == looks, "no more looks"

    asyncio.run(scenario())
    assert [client_id for _, client_id in gateway.connects].count(53) == 1


def test_a_look_at_a_gateway_that_has_gone_or_says_nothing_is_no_error(gateway):
    async def scenario():
        assert await is_free("127.0.0.1", gateway.port, 52)
        assert not await is_free("127.0.0.1", free_port(), 52)
        gateway.accept_silent = True
        assert not await is_free("127.0.0.1", gateway.port, 52, timeout_s=0.2)
        gateway.accept_silent = False

    asyncio.run(scenario())


def test_both_ids_busy_waits_with_one_fallback_and_a_quick_reason(gateway):
    gateway.busy_ids = {52, 53}

    async def scenario():
        async with Rig(gateway.port) as rig:
            await rig.until(lambda: len(gateway.connects) >= 5)
            assert "Client id 5" in rig.broker.link.reason and rig.broker.link.cure
            gateway.busy_ids = set()
            assert (await rig.connected()).client_id == 52

    asyncio.run(scenario())
    assert [client_id for _, client_id in gateway.connects].count(53) == 1


def test_nothing_listens_then_it_appears():
    port = free_port()

    async def scenario():
        async with Rig(port) as rig:
            await rig.until(lambda: rig.of(Disconnected))
            link = rig.broker.link
            assert f"Nothing listens on 127.0.0.1:{port}" in link.reason
            assert "Enable ActiveX and Socket Clients" in link.cure and str(port) in link.cure
            with SecondGateway(port):
                await rig.connected()
                assert rig.broker.link.reason == ""
            await rig.until(lambda: len(rig.of(Disconnected)) >= 2)
            assert not rig.broker.link.connected
            lost_wall = rig.broker.link.since_wall
            phases = set()
            while phases < {"connecting", "waiting"}:
                await rig.until(lambda: rig.broker.link.phase not in phases)
                phases.add(rig.broker.link.phase)
                assert rig.broker.link.since_wall == lost_wall, "a try that fails is no new outage"

    asyncio.run(scenario())


def test_accepts_and_says_nothing_then_speaks(gateway):
    gateway.accept_silent = True

    async def scenario():
        async with Rig(gateway.port) as rig:
            await rig.until(lambda: "said nothing" in rig.broker.link.reason)
            gateway.accept_silent = False
            await rig.connected()

    asyncio.run(scenario())


class Closes(ThreadedServer):
    async def serve(self, reader, writer):
        return


class Echoes(ThreadedServer):
    async def serve(self, reader, writer):
        while data := await reader.read(1000):
            writer.write(data)


class Babbles(ThreadedServer):
    async def serve(self, reader, writer):
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"\0\0\0\x05hello\0\0\0\x04a\0b\0" * 3)
        await reader.read()


class NotANumber(ThreadedServer):
    async def serve(self, reader, writer):
        writer.write(b"\0\0\0\x04x\0y\0" + b"\0\0\0\0")
        await reader.read()


@pytest.mark.parametrize(
    ("server", "words"),
    [(Closes, "closed it at once"), (Echoes, "impossible length"), (Babbles, "impossible length"),
     (NotANumber, "does not speak")],
)  # fmt: skip
def test_other_programs_on_the_port_are_told_apart(server, words):
    with server() as running:

        async def scenario():
            async with Rig(running.port) as rig:
                await rig.until(lambda: words in rig.broker.link.reason)
                assert rig.broker.link.cure
                await rig.until(lambda: running.accepted >= 3)
                assert len(rig.of(Disconnected)) == 1

        asyncio.run(scenario())


@pytest.mark.parametrize("host", ["gate..way", "x" * 70])
def test_a_host_name_that_can_be_none_is_said(host):
    async def scenario():
        async with Rig(7497, host=host) as rig:
            await rig.until(lambda: rig.of(Disconnected))
            assert "cannot be reached" in rig.broker.link.reason

    asyncio.run(scenario())


def test_a_task_that_dies_does_not_leave_a_connection_that_looks_well(gateway):
    """The room that hears of the clock fails: without the probe nobody would notice a dead gateway."""

    async def scenario():
        def sink(event):
            rig.events.append(event)
            if isinstance(event, ClockSample) and len(rig.of(ClockSample)) == 2:
                raise ValueError("planted")

        rig = Rig(gateway.port, sink=sink)
        async with rig:
            await rig.connected(2)
            assert "ValueError" in rig.of(Disconnected)[0].reason
            await rig.until(lambda: rig.broker.link.connected)
            assert any("task of the connection" in line for line in rig.errors.lines)
            rig.errors.lines.clear()

    asyncio.run(scenario())


def test_rooms_are_told_of_the_end_when_one_of_them_broke_the_connection(gateway):
    async def scenario():
        def sink(event):
            rig.events.append(event)
            if isinstance(event, Connected):
                raise ValueError("planted")

        rig = Rig(gateway.port, sink=sink)
        task = asyncio.create_task(rig.broker.run())
        with pytest.raises(ValueError, match="planted"):
            await task
        assert [type(event) for event in rig.events][-2:] == [Connected, Disconnected]
        assert not rig.broker.link.connected

    asyncio.run(scenario())


def test_closing_is_bounded_though_the_transport_was_lost_before_the_library_had_it(gateway):
    async def scenario():
        clock = SystemClock()
        connection = Connection(Address("127.0.0.1", gateway.port, 52), Pacer(clock), clock, QUICK)
        await connection.open(1, lambda: None)
        conn = connection.client.conn
        lost, _ = conn.transport, conn.transport.abort()
        await connection.lost
        conn.transport = lost
        async with asyncio.timeout(DEADLINE_S):
            await connection.close()

    asyncio.run(scenario())


def test_closing_what_the_other_side_has_reset_leaves_no_socket_open(gateway):
    async def scenario():
        clock = SystemClock()
        connection = Connection(Address("127.0.0.1", gateway.port, 52), Pacer(clock), clock, QUICK)
        await connection.open(1, lambda: None)
        transport = connection.client.conn.transport

        def farewell():
            raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")

        transport.write_eof = farewell
        await connection.close()
        assert transport.is_closing() and connection.client.conn.transport is None

    asyncio.run(scenario())


def test_a_connection_lost_right_after_the_handshake_is_a_failure_to_retry(gateway):
    async def scenario():
        clock = SystemClock()
        pacer = Pacer(clock)
        connection = Connection(Address("127.0.0.1", gateway.port, 52), pacer, clock, QUICK)
        await connection.open(1, lambda: None)
        session = Session(connection, "paper", None, pacer, lambda event: None, clock, QUICK, lambda answers: None)
        connection.lose("dropped", "gone")
        with pytest.raises(ConnectFailure, match="gone"):
            await session.start(4, 1)
        await session.close()

    asyncio.run(scenario())


def test_half_open_is_seen_by_the_probe_and_survived(gateway):
    async def scenario():
        async with Rig(gateway.port) as rig:
            await rig.connected()
            gateway.silence = True
            async with Stopwatch() as watch:
                await rig.until(lambda: not rig.broker.link.connected)
                assert rig.broker.link.phase == "connected", "the first strike only"
                assert "not answered" in rig.broker.link.reason
                silent_since = rig.broker.link.since_wall
                assert silent_since <= time.time() - QUICK.probe_timeout_s
                await rig.until(lambda: rig.of(Disconnected))
                assert rig.broker.link.since_wall == silent_since, "one outage, counted on"
                assert watch.seconds < QUICK.probe_every_s + 2 * QUICK.probe_timeout_s + 0.5
            gateway.silence = False
            await rig.connected(2)
            assert rig.broker.link.connected

    asyncio.run(scenario())


def test_one_late_answer_is_no_reason_to_reconnect(gateway):
    timings = msgspec.structs.replace(QUICK, probe_timeout_s=1.2)  # a long time until the second strike

    async def scenario():
        async with Rig(gateway.port, timings=timings) as rig:
            await rig.until(lambda: rig.of(FillReport))
            gateway.delay_s = timings.probe_timeout_s + 0.15
            await rig.until(lambda: not rig.broker.link.connected)
            gateway.delay_s = 0.0
            await rig.until(lambda: rig.broker.link.connected)
            assert rig.broker.link.epoch == 1 and not rig.of(Disconnected)
            assert all(sample.round_trip_s < timings.probe_timeout_s + 0.15 for sample in rig.of(ClockSample))

    asyncio.run(scenario())


def test_silence_with_open_lines_is_dead_before_the_second_strike(gateway):
    timings = msgspec.structs.replace(QUICK, probe_timeout_s=20.0, silence_s=0.5)

    async def scenario():
        async with Rig(gateway.port, timings=timings) as rig:
            await rig.connected()
            rig.broker.subscribe(MSFT, urgent=True)
            await rig.until(lambda: rig.of(Ticks))
            gateway.silence = True
            await rig.until(lambda: rig.of(Disconnected), 2.0)
            assert "Nothing came from TWS" in rig.of(Disconnected)[0].reason
            gateway.silence = False
            await rig.connected(2)

    asyncio.run(scenario())


@pytest.mark.parametrize("abort", [False, True], ids=["FIN", "RST"])
def test_drop_gives_a_new_epoch_and_dead_requests(gateway, abort):
    async def scenario():
        async with Rig(gateway.port) as rig:
            await rig.connected()
            old = rig.broker.subscribe(MSFT, urgent=True)
            await rig.until(lambda: rig.last_tick(old))
            before = rig.broker.counts
            assert before.messages > 5 and before.sent > 2 and (before.connections, before.ends) == (1, {})
            gateway.drop(abort=abort)
            await rig.until(lambda: rig.of(Disconnected))
            assert rig.of(Disconnected)[0].retry_at_mono is not None
            assert (await rig.connected(2)).epoch == 2
            new = rig.broker.subscribe(MSFT, urgent=True)
            assert new > old, "request numbers are never used again"
            await rig.until(lambda: rig.last_tick(new))
            rig.broker.cancel(old)
            assert gateway.open_lines == [272093]
            assert rig.broker.link.reconnects == 1
            after = rig.broker.counts
            assert after.messages > before.messages and after.sent > before.sent, "of all connections"
            assert (after.connections, after.ends) == (2, {"dropped": 1})

    asyncio.run(scenario())


def test_rooms_may_still_call_between_the_drop_and_its_event(gateway):
    async def scenario():
        async with Rig(gateway.port) as rig:
            await rig.connected()
            req_id = rig.broker.subscribe(MSFT, urgent=True)
            session = rig.broker._session
            session.connection.lose("dropped", "test")
            dead = rig.broker.subscribe(MSFT, urgent=False)
            rig.broker.cancel(req_id)
            rig.broker.cancel(dead)
            rig.broker.request_position_pnl(rig.broker.link.account, 272093)
            assert dead > req_id
            await rig.connected(2)

    asyncio.run(scenario())


def test_1300_moves_to_the_new_port(gateway):
    with SecondGateway() as other:

        async def scenario():
            async with Rig(gateway.port) as rig:
                await rig.connected()
                gateway.notice(1300, f"being dropped. Please reconnect on the new port - {other.port}")
                await rig.connected(2)
                assert rig.broker.link.port == other.port
                assert rig.of(SystemNotice)[0].code == 1300

        asyncio.run(scenario())


def test_notices_carry_their_farm_and_1101_asks_for_the_account_again(gateway):
    async def scenario():
        async with Rig(gateway.port) as rig:
            await rig.connected()
            gateway.notice(2103, "Market data farm connection is broken:usfarm")
            gateway.notice(1102, "restored - data maintained.")
            gateway.notice(1101, "restored - data lost.")
            await rig.until(lambda: len(gateway.requests(61)) == 2 and len(gateway.requests(6)) == 2)
            assert [(n.code, n.farm) for n in rig.of(SystemNotice)] == [(2103, "usfarm"), (1102, ""), (1101, "")]
            assert not gateway.requests(62), "1102 starts no account summary"
            assert rig.broker.link.connected

    asyncio.run(scenario())


def test_garbage_is_counted_and_the_connection_lives_until_it_is_too_much(gateway):
    async def scenario():
        async with Rig(gateway.port) as rig:
            await rig.connected()
            for n in range(15):
                gateway.send(f"{'99999' if n % 2 else 'abc'}|1|x" if n % 2 else "1|6|zz")
            req_id = rig.broker.subscribe(MSFT, urgent=True)
            await rig.until(lambda: rig.last_tick(req_id))
            assert rig.broker.link.epoch == 1
            for _ in range(30):
                gateway.send("1|6|zz")
            await rig.connected(2, timeout_s=8.0)
            assert "could not be decoded" in rig.of(Disconnected)[0].reason

    asyncio.run(scenario())


def test_bogus_frame_length_is_seen_at_once(gateway):
    async def scenario():
        async with Rig(gateway.port) as rig:
            await rig.connected()
            gateway.raw(b"\x7f\xff\xff\xff")
            await rig.connected(2)
            assert "impossible length" in rig.of(Disconnected)[0].reason

    asyncio.run(scenario())


def open_files() -> int:
    """0 where the system does not tell."""
    fds = Path("/proc/self/fd")
    return len(list(fds.iterdir())) if fds.exists() else 0


def test_ten_clean_starts_and_stops_leave_nothing(gateway):
    async def scenario():
        counts = []
        for _ in range(10):
            async with Rig(gateway.port) as rig:
                await rig.connected()
                rig.broker.subscribe(MSFT, urgent=True)
            counts.append(open_files())
            assert rig.of(Disconnected)[-1].retry_at_mono is None
        return counts

    counts = asyncio.run(scenario())
    assert counts[-1] <= counts[0], counts
    assert gateway.clients == [] or os.name == "nt"


def test_stop_while_waiting_or_connecting_returns_at_once():
    async def scenario():
        async with Stopwatch() as watch:
            async with Rig(free_port(), timings=msgspec.structs.replace(QUICK, retry_refused_s=60.0)) as rig:
                await rig.until(lambda: rig.of(Disconnected))
                watch.seconds = 0.0
            assert watch.seconds < 0.5

    asyncio.run(scenario())


def test_a_cancelled_run_closes_its_connection(gateway):
    async def scenario():
        rig = Rig(gateway.port)
        task = asyncio.create_task(rig.broker.run())
        await rig.connected()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert not rig.broker.link.connected

    asyncio.run(scenario())
