"""The gateway: accepts clients, answers their requests, turns the world's clock."""

from __future__ import annotations

import asyncio
import itertools
import logging
import socket
import sys
from collections.abc import Callable

from simulator import texts
from simulator.contracts import Refusal
from simulator.desks import NEXT_ORDER_ID, Desks
from simulator.hub import Hub
from simulator.model import World
from simulator.session import Session
from simulator.settings import GatewaySettings
from simulator.wire import encode_session as enc
from simulator.wire import parse
from simulator.wire import requests as rq
from simulator.wire.messages import raw_message, request_id
from simulator.wire.versions import MAX_VERSION

log = logging.getLogger("simulator.gateway")

PUMP_S = 0.25


class Gateway:
    """One simulated TWS. Start and stop it inside a running loop; nothing in it is thread safe."""

    def __init__(self, world: World, settings: GatewaySettings, wall: Callable[[], float]) -> None:
        self.hub = Hub(world, settings, wall)
        self.desks = Desks(self.hub, self._later)
        self._held_until = 0.0
        self.port = settings.port
        self._numbers = itertools.count(1)
        self._server: asyncio.Server | None = None
        self._opening: asyncio.Task[None] | None = None
        self._reopening = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    # life

    async def start(self) -> None:
        """Listens; `port` is the real one afterwards. Raises OSError when the port is taken."""
        await self.listen()
        self._tasks = [asyncio.create_task(self._pump())]

    async def listen(self) -> None:
        sock = listening_socket(self.hub.settings.host, self.port)
        self.port = int(sock.getsockname()[1])
        self._server = await asyncio.get_running_loop().create_server(self._session, sock=sock)

    def listen_again(self) -> None:
        """Connections are taken from now on, whether or not they were refused before."""
        self._opening = asyncio.get_running_loop().create_task(self._reopen())

    async def _reopen(self) -> None:
        async with self._reopening:
            self.stop_listening()
            await self.listen()

    @property
    def is_listening(self) -> bool:
        return self._server is not None

    def stop_listening(self) -> None:
        """New connections are refused; open ones stay."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def stop(self) -> None:
        self.stop_listening()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for session in list(self.hub.sessions.values()):
            session.close()
        for _ in range(100):
            if not self.hub.sessions:
                break
            await asyncio.sleep(0.01)

    def _session(self) -> Session:
        return Session(self.hub, next(self._numbers), self)

    async def _pump(self) -> None:
        """Four rounds a second, on time: a late round does not delay the next."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            try:
                self._turn()
                if not self.hub.faults.silent:
                    self.desks.tick(self.hub.wall())
            except Exception:
                log.exception("a round of the pump failed; the next one goes on")
            due = max(due + PUMP_S, loop.time())
            await asyncio.sleep(due - loop.time())

    def _turn(self) -> None:
        if self.hub.held and self.hub.wall() >= self._held_until:
            self.release()
        if not self.hub.held:
            self.hub.world.advance()

    def hold(self, seconds: float) -> None:
        """Prices, rates and trades stand still for so long; what clients were not told yet goes out at once."""
        self.hub.held, self._held_until = True, self.hub.wall() + seconds
        self.desks.send_all_now()

    def release(self) -> None:
        self.hub.held = False

    def _later(self, seconds: float, call: Callable[[], None]) -> None:
        """Calls once after so many seconds, in a market that is held not before it goes on."""
        loop = asyncio.get_running_loop()

        def when_moving() -> None:
            if self.hub.held:
                loop.call_later(PUMP_S, when_moving)
            else:
                call()

        loop.call_later(seconds, when_moving)

    # what sessions report

    def opened(self, session: Session) -> None:
        self.hub.sessions[session.number] = session
        self.hub.ledger.connected(session.number)

    def closed(self, session: Session) -> None:
        self.desks.forget(session)
        if self.hub.sessions.pop(session.number, None) is not None:
            self.hub.ledger.disconnected(session.number)

    def request(self, session: Session, fields: list[str]) -> None:
        """One message of a client; nothing that it contains may hurt the others."""
        try:
            request = parse.parse(fields)
        except parse.ParseError as problem:
            self.hub.ledger.bump("parse_errors")
            log.warning("session %d sent %r: %s", session.number, fields[:6], problem)
            session.error(request_id(fields), 320, texts.BAD_READ.format(cause=problem))
            return
        try:
            self._answer(session, request)
        except Refusal as refusal:
            session.error(request.req_id, refusal.code, refusal.text)
        except Exception:
            log.exception("request %r of session %d failed", request, session.number)
            session.error(request.req_id, 322, texts.BAD_PROCESS.format(cause="see the gateway's log"))

    def raw_request(self, session: Session, payload: bytes) -> None:
        """A message of the protocol from version 201 on, which is not served: said so under its own id."""
        message_id, req_id = raw_message(payload)
        self.hub.ledger.bump("parse_errors")
        log.warning("session %d sent message %d with a raw number: not served", session.number, message_id)
        values = {"message_id": message_id, "version": session.version, "highest": MAX_VERSION}
        session.error(req_id, 503, texts.NO_PROTOBUF.format(**values))

    def _answer(self, session: Session, request: rq.Request) -> None:
        if isinstance(request, rq.StartApi):
            self._start_api(session, request)
        elif not session.ready:
            session.error(request.req_id, 504, texts.NOT_STARTED)
        else:
            self.desks.handler(request)(session, request)

    def _start_api(self, session: Session, request: rq.StartApi) -> None:
        taken = any(other.ready and other.client_id == request.client_id for other in self.hub.sessions.values())
        if taken or self.hub.faults.client_busy(request.client_id, self.hub.wall()):
            session.error(-1, 326, texts.CLIENT_ID_IN_USE)
            session.close()
            return
        session.client_id = request.client_id
        session.ready = True
        log.info("client %d connected, version %d (session %d)", request.client_id, session.version, session.number)
        session.send(enc.managed_accounts(self.hub.accounts()))
        session.send(enc.next_valid_id(NEXT_ORDER_ID))
        self._tell_farms(session)

    def _tell_farms(self, session: Session) -> None:
        """How each stands, as TWS greets a new connection."""
        down = self.hub.faults.farms_down
        for code, text in texts.FARM_NOTICES:
            if text.partition(":")[2] not in down:
                session.error(-1, code, text)
        for farm, which in down.items():
            code, text = texts.FARM_CODES[which][False]
            session.error(-1, code, text.format(farm=farm))


def listening_socket(host: str, port: int) -> socket.socket:
    """A TCP socket that can be bound again at once after a restart; on Windows it is exclusive."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    if sys.platform == "win32":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(64)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock
