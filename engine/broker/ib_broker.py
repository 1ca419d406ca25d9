"""IBBroker: the engine's way to TWS. Connects, keeps trying for ever, and hands every request to the live session.

Runs in the engine thread only; the client library is imported there, on the first connection.
"""

from __future__ import annotations

import asyncio
import logging
import random
import threading
from collections import Counter
from collections.abc import Sequence

from engine.broker.account_check import redacted
from engine.broker.connection import Connection
from engine.broker.failures import Address, ConnectFailure, even_pace_s, retry_delay_s
from engine.broker.own_id import WayBack
from engine.broker.pacing import Pacer
from engine.broker.port import (
    BrokerEvent,
    BrokerPort,
    Connected,
    Disconnected,
    EventSink,
    Headline,
    HistoryRequest,
    LinkCounts,
    LinkState,
    ScanSpec,
    Seen,
)
from engine.broker.probe import is_free
from engine.broker.session import Session
from engine.broker.session_states import CONNECTED, Action, Event, SessionMachine, State, event_of
from engine.broker.timings import Timings
from engine.clock import Clock
from engine.domain import Bar, BrokerMode, ContractInfo, ContractRef
from engine.errors import BrokerUnavailable, WrongThread

log = logging.getLogger("qtrade.broker")

_SIMULATOR_CURE = (
    "The simulated gateway is started again by itself within half a minute. If it stays away, logs/simulator.log in the"
    " data folder says why."
)


class IBBroker(BrokerPort):
    """`await run()` until `stop()`. Events go to `sink` in the order of port.py: positions, Connected, the rest."""

    def __init__(
        self, mode: BrokerMode, host: str, port: int, client_id: int, account: str | None, market_data_type: int,
        sink: EventSink, clock: Clock, timings: Timings | None = None,
    ) -> None:  # fmt: skip
        self._mode: BrokerMode = mode
        self._address = Address(host, port, client_id)
        self._account = account
        self._market_data_type = market_data_type
        self._sink = sink
        self._clock = clock
        self._timings = timings or Timings()
        self._pacer = Pacer(clock)
        self._session: Session | None = None
        self._connection: Connection | None = None
        self._thread: int | None = None
        self._wake: asyncio.Event | None = None
        self._ended: asyncio.Event | None = None
        self._stopping = False
        self._epoch = 0
        self._ends: Counter[str] = Counter()  # of connections, by cause
        self._failed: Counter[str] = Counter()  # tries to connect
        self._past = (0, 0)  # messages and undecodable ones of earlier connections
        self._next_req_id = 1
        self._attempts = 0
        self._fallback_tried = False
        self._use_fallback = False
        self._way_back = WayBack(self._timings)
        self._said_reason = ""
        self._machine = SessionMachine(self._timings, clock.mono())
        self._in_reset_window = False
        self._since_wall = clock.wall()
        self._failure: ConnectFailure | None = None
        self._retry_at_mono: float | None = None

    # --- life -------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Connect, and reconnect for ever (BROKER.md 26); returns after `stop()`."""
        self._thread = threading.get_ident()
        self._wake = asyncio.Event()
        self._ended = asyncio.Event()
        try:
            while not self._stopping:
                await self._pause(await self._one_connection())
        finally:
            await self._close()
            self._take(Event.STOP)
            self._ended.set()

    async def stop(self, reason: str = "QTrade is stopping") -> None:
        """Close the connection cleanly and end `run`; returns when the transport is closed."""
        self._check_thread()
        self._stopping = True
        if self._connection is not None:
            self._connection.lose("asked", reason)
        if self._wake is not None:
            self._wake.set()
        if self._ended is not None:
            await self._ended.wait()

    async def _one_connection(self) -> float:
        """One attempt, and if it succeeds the whole life of the connection; returns the pause after it, in seconds.

        The end is told before the old transport has closed: the rooms must not go on asking.
        """
        self._take(Event.CONNECT)
        try:
            self._connection = Connection(self._current_address(), self._pacer, self._clock, self._timings)
            await self._connection.open(self._next_req_id, lambda: self._take(Event.OPENED))
            self._take(Event.SHAKEN)
            self._session = Session(
                self._connection, self._mode, self._account, self._pacer, self._on_event, self._clock, self._timings,
                self._on_answering,
            )  # fmt: skip
            await self._session.start(self._market_data_type, self._epoch + 1)
            return self._tell_end(await self._ended_or_back(self._session))
        except ConnectFailure as failure:
            return self._tell_end(failure)
        finally:
            try:
                if self._is_connected:  # cancelled, or an error of ours: the rooms must not go on asking
                    self._tell_end(ConnectFailure("dropped", "The connection was ended by QTrade itself"))
            finally:
                await self._close()

    async def _ended_or_back(self, session: Session) -> ConnectFailure:
        """Waits for the connection's end. Under another client id it is ended for the own one, once that is free."""
        if session.connection.address == self._address:
            return await session.ended()
        going_back = asyncio.ensure_future(self._go_back(session))
        try:
            return await session.ended()
        finally:
            going_back.cancel()
            await asyncio.gather(going_back, return_exceptions=True)

    async def _go_back(self, session: Session) -> None:
        own, begun = self._address, self._clock.mono()
        while True:
            await asyncio.sleep(self._way_back.look_in_s(self._clock.mono() - begun))
            now = self._clock.mono()
            if not self._way_back.may_go(now - begun, session.market_now(), now):
                continue
            if await is_free(own.ip, own.port, own.client_id):
                await asyncio.sleep(self._timings.own_id_release_s)
                self._way_back.goes(now)
                session.connection.lose("asked", f"Client id {own.client_id} is free again: connecting with it")
                return

    def _current_address(self) -> Address:
        own = self._address
        return Address(own.host, own.port, own.client_id + 1) if self._use_fallback else own

    async def _close(self) -> None:
        session, connection = self._session, self._connection
        if connection is None:
            return
        self._past = self._received()
        self._session = self._connection = None
        self._next_req_id = max(self._next_req_id, connection.last_req_id + 1)
        if session is not None:
            await session.close()
        else:
            await connection.close()

    def _on_event(self, event: BrokerEvent) -> None:
        if isinstance(event, Connected):
            self._epoch = event.epoch
            self._attempts = 0
            self._fallback_tried = self._use_fallback = False
            self._said_reason = ""
            self._failure = None
            self._take(Event.ANNOUNCED)
            if self._session is not None and self._session.liveness.silent_since_wall is not None:
                self._take(Event.PROBE_LATE)  # it was late while positions came
            log.info(
                "Connected to TWS at %s as %s (client id %d)",
                self._connection.address if self._connection else self._address,
                redacted(event.account) if len(event.accounts) < 2 else f"{len(event.accounts)} accounts",
                event.client_id,
            )
        self._sink(event)

    # --- retrying ---------------------------------------------------------------------------------------------

    def _tell_end(self, failure: ConnectFailure) -> float:
        """State and event of a connection that ended or never was; returns the pause before the next attempt."""
        was_connected = self._is_connected
        (self._ends if was_connected else self._failed)[failure.kind] += 1
        if failure.new_port is not None:
            self._address = Address(self._address.host, failure.new_port, self._address.client_id)
        delay_s = self._delay_after(failure, was_connected)
        self._retry_at_mono = None if self._stopping else self._clock.mono() + delay_s
        self._failure = failure
        self._take(event_of(failure.kind))
        if was_connected or failure.reason != self._said_reason:
            self._said_reason = failure.reason
            log.log(
                logging.INFO if self._stopping else logging.WARNING, "%s", f"{failure.reason}. {failure.cure}".rstrip()
            )
            is_asked = failure.kind == "asked"
            self._sink(
                Disconnected(failure.reason, self._clock.wall(), self._retry_at_mono, self._since_wall, is_asked)
            )
        return delay_s

    def _delay_after(self, failure: ConnectFailure, was_connected: bool) -> float:
        """A busy client id is answered once by the fallback id, at once; afterwards with our own id again."""
        self._use_fallback = failure.kind == "client_id_busy" and not self._fallback_tried
        if self._use_fallback:
            self._fallback_tried = True
            return 0.0
        if failure.kind == "dropped" and not was_connected:
            return self._timings.retry_refused_s  # it never became usable: no tight loop
        self._attempts += 1
        return retry_delay_s(failure.kind, self._attempts, self._timings, random.random())

    async def _pause(self, seconds: float) -> None:
        assert self._wake is not None
        if self._stopping:
            return
        self._wake.clear()
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            pass
        self._retry_at_mono = None

    # --- the state machine --------------------------------------------------------------------------------------

    @property
    def _is_connected(self) -> bool:
        """The rooms were told of a connection, and not yet of its end."""
        return self._machine.state in CONNECTED

    def _take(self, event: Event) -> None:
        was_connected = self._is_connected
        self._machine.take(event, self._clock.mono(), in_window=self._in_reset_window)
        if self._is_connected != was_connected:  # tries that fail are one outage
            silent = self._session.liveness.silent_since_wall if was_connected and self._session is not None else None
            self._since_wall = self._clock.wall() if silent is None else silent

    def _on_answering(self, is_answering: bool) -> None:
        if self._is_connected:
            self._take(Event.PROBE_ANSWERED if is_answering else Event.PROBE_LATE)

    def observe(self, seen: Seen) -> None:
        """What the engine sees of servers and quotes, again and again: it moves the session, time-outs included."""
        self._check_thread()
        machine, now = self._machine, self._clock.mono()
        self._in_reset_window = seen.in_reset_window
        for trouble, goes_on in (
            (Event.SERVERS_LOST, seen.servers_lost),
            (Event.FEED_DEAD, seen.feed_dead),
            (Event.PART_LACKS, seen.part_lacks),
        ):
            machine.observe(trouble, goes_on=goes_on, now_mono=now, in_window=seen.in_reset_window)
        lasted_s = now - machine.since_mono
        action = machine.tick(now, in_window=seen.in_reset_window)
        if action is Action.GIVE_UP:
            reason = f"{machine.about.title} for {lasted_s:.0f} s: connecting afresh"
            log.warning("%s", reason)
            if self._connection is not None:
                self._connection.lose("given_up" if self._is_connected else "dropped", reason)
        elif action is Action.WAKE and self._wake is not None:
            self._wake.set()

    def reconnect(self, reason: str) -> None:
        self._check_thread()
        self._attempts = 0
        if self._connection is not None:
            self._connection.lose("asked", reason)
        if self._wake is not None:
            self._wake.set()

    # --- state ------------------------------------------------------------------------------------------------

    @property
    def link(self) -> LinkState:
        session, connection, failure = self._session, self._connection, self._failure
        machine, about = self._machine, self._machine.about
        answers = self._is_connected and machine.state is not State.HALF_OPEN
        connected = answers and connection is not None and connection.is_ready
        reason, cure = (failure.reason, failure.cure) if failure is not None else ("", "")
        if machine.state is State.HALF_OPEN:
            reason, cure = f"TWS has not answered for {self._timings.probe_timeout_s:g} s", about.cure
        elif connected and about.tone in ("warning", "error"):
            reason, cure = about.cause, about.cure
        elif failure is not None and self._mode == "simulated" and failure.kind in ("refused", "closed"):
            cure = _SIMULATOR_CURE
        silent = session.liveness.silent_since_wall if session is not None and self._is_connected else None
        address = connection.address if connection is not None else self._address
        told = session if self._is_connected else None  # before, the rooms still show the former accounts
        return LinkState(
            phase=about.phase if machine.state is not State.STOPPED or self._stopping else "connecting",
            connected=connected,
            mode=self._mode,
            host=address.host,
            port=address.port,
            client_id=address.client_id,
            account=told.account if told is not None else None,
            server_version=(connection.client.serverVersion() or None) if connection is not None else None,
            epoch=self._epoch,
            since_wall=self._since_wall if silent is None else silent,
            reason=reason,
            cure=cure,
            retry_at_mono=self._retry_at_mono,
            retry_every_s=even_pace_s(failure.kind, self._timings) if failure is not None else None,
            reconnects=max(0, self._epoch - 1),
            sent_worst_second=self._pacer.worst_second,
            sent_kinds=self._pacer.kinds.counts(),
            kept_back=self._pacer.kinds.kept_back,
            decoded_per_s=session.liveness.decoded_per_s if session is not None else None,
            accounts=told.watched if told is not None else (),
            login_accounts=told.login_accounts if told is not None else (),
            busy_client_id=self._address.client_id if address.client_id != self._address.client_id else None,
            state=machine.state.value,
            state_title=about.title,
            state_tone=about.tone,
            state_since_mono=machine.since_mono,
            is_excused=machine.is_excused,
        )

    @property
    def counts(self) -> LinkCounts:
        """What has been counted since this broker was made."""
        messages, undecodable = self._received()
        return LinkCounts(
            messages=messages,
            undecodable=undecodable,
            sent=self._pacer.sent,
            round_trip_s=self._session.liveness.round_trip_s if self._session is not None else None,
            connections=self._epoch,
            ends=dict(self._ends),
            failed=dict(self._failed),
        )

    def _received(self) -> tuple[int, int]:
        if self._connection is None:
            return self._past
        client = self._connection.client
        return self._past[0] + client.decoded, self._past[1] + client.undecodable.total

    def _check_thread(self) -> None:
        if self._thread is not None and threading.get_ident() != self._thread:
            raise WrongThread("Broker methods belong to the engine thread; send a command instead")

    def _live(self) -> Session:
        session = self._usable()
        if session is None:
            raise BrokerUnavailable("Not connected to TWS")
        return session

    def _usable(self) -> Session | None:
        self._check_thread()
        session = self._session
        return session if session is not None and session.connection.is_ready else None

    def _dead_req_id(self) -> int:
        """For a request made between the end of a connection and its Disconnected event: it never leaves."""
        if self._session is None or not self._session.is_announced:
            raise BrokerUnavailable("Not connected to TWS")
        self._session.connection.last_req_id += 1
        return self._session.connection.last_req_id

    # --- lines, scans, P&L ------------------------------------------------------------------------------------

    def subscribe(self, contract: ContractRef, *, urgent: bool) -> int:
        session = self._usable()
        return session.lines.open(contract, urgent=urgent) if session else self._dead_req_id()

    def cancel(self, req_id: int, *, urgent: bool = False) -> None:
        if session := self._usable():
            session.lines.close(req_id, urgent=urgent)

    def sent_at_mono(self, req_id: int) -> float | None:
        self._check_thread()
        return self._session.lines.sent_at_mono(req_id) if self._session is not None else 0.0

    def cancel_sent_at_mono(self, req_id: int) -> float | None:
        self._check_thread()
        return self._session.lines.cancel_sent_at_mono(req_id) if self._session is not None else 0.0

    def open_scan(self, spec: ScanSpec) -> int:
        session = self._usable()
        return session.scans.open(spec) if session else self._dead_req_id()

    def close_scan(self, req_id: int) -> None:
        if session := self._usable():
            session.scans.close(req_id)

    def request_position_pnl(self, account: str, con_id: int) -> None:
        if session := self._usable():
            session.accounts.request_position_pnl(account, con_id)

    def cancel_position_pnl(self, account: str, con_id: int) -> None:
        if session := self._usable():
            session.accounts.cancel_position_pnl(account, con_id)

    # --- questions --------------------------------------------------------------------------------------------

    async def history(self, contract: ContractRef, request: HistoryRequest, timeout_s: float = 60.0) -> list[Bar]:
        return await self._live().requests.history(contract, request, timeout_s)

    async def contract_info(self, contract: ContractRef, timeout_s: float = 15.0) -> list[ContractInfo]:
        return await self._live().requests.contract_info(contract, timeout_s)

    async def search(self, pattern: str, timeout_s: float = 10.0) -> list[ContractRef]:
        return await self._live().requests.search(pattern, timeout_s)

    async def news_providers(self, timeout_s: float = 10.0) -> list[str]:
        return await self._live().requests.news_providers(timeout_s)

    async def headlines(
        self, con_id: int, providers: Sequence[str], most: int, timeout_s: float = 15.0
    ) -> list[Headline]:
        return await self._live().requests.headlines(con_id, providers, most, timeout_s)

    async def scanner_parameters(self, timeout_s: float = 30.0) -> str:
        return await self._live().requests.scanner_parameters(timeout_s)
