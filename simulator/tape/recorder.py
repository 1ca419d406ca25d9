"""Stands between TWS and its clients: every byte goes on as it came, in both directions, and is written down.

It understands frames only to write them; what it does not understand passes all the same.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import socket
import struct
import sys
from collections.abc import Callable
from typing import Any

from simulator.gateway import listening_socket
from simulator.tape.cutter import RAW_IDS_FROM, Cutter
from simulator.tape.entries import (
    CLOSED,
    FROM_CLIENT,
    FROM_SERVER,
    GARBAGE,
    GREETING,
    OPEN,
    ORDER,
    REFUSED,
    VERSION,
)
from simulator.tape.layout import ORDERS
from simulator.tape.writing import TapeWriter

log = logging.getLogger("simulator.record")

CONNECT_S = 10.0
HOLD_BYTES = 1 << 20  # unsent bytes to one side from which on the other is not read
ORDER_NAMES = {3: "place", 4: "cancel", 21: "exercise", 58: "cancel all"}


class Recorder:
    """Listens, and opens one connection to TWS for each client's. In one loop; `clock` is monotonic seconds."""

    def __init__(
        self, host: str, port: int, target: tuple[str, int], tape: TapeWriter, clock: Callable[[], float]
    ) -> None:
        self.port = port
        self.orders = 0
        self.target = target
        self._host = host
        self._tape = tape
        self._clock = clock
        self._began = clock()
        self._numbers = itertools.count(1)
        self._server: asyncio.Server | None = None
        self._pairs: set[Pair] = set()

    async def start(self) -> None:
        """Raises OSError when the port is taken."""
        sock = listening_socket(self._host, self.port)
        self.port = int(sock.getsockname()[1])
        self._server = await asyncio.get_running_loop().create_server(self._accept, sock=sock)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for pair in list(self._pairs):
            pair.close()
        for _ in range(50):
            if not self._pairs:
                break
            await asyncio.sleep(0.01)

    @property
    def connections(self) -> int:
        return len(self._pairs)

    def _accept(self) -> Side:
        pair = Pair(self, next(self._numbers))
        self._pairs.add(pair)
        return pair.client

    # what pairs report

    def seconds(self) -> float:
        return self._clock() - self._began

    def note(self, pair: Pair, what: str, about: dict[str, Any]) -> None:
        self._tape.note(self.seconds(), pair.number, what, about)

    def message(self, pair: Pair, direction: str, body: bytes) -> None:
        self._tape.message(self.seconds(), pair.number, direction, body)

    def text(self, text: str) -> str:
        return self._tape.redactor.text(text)

    def order(self, pair: Pair, message_id: int) -> None:
        """An order passes: the recorder hinders nothing, but nobody may miss it."""
        self.orders += 1
        log.warning("connection %d: an order message passes (%s)", pair.number, ORDER_NAMES.get(message_id, message_id))
        self.note(pair, ORDER, {"message": message_id, "number": self.orders})

    def gone(self, pair: Pair) -> None:
        self._pairs.discard(pair)


class Pair:
    """A client's connection and the one to TWS that stands for it."""

    def __init__(self, recorder: Recorder, number: int) -> None:
        self.recorder = recorder
        self.number = number
        self.client = Side(self, FROM_CLIENT)
        self.server = Side(self, FROM_SERVER)
        self.client.other, self.server.other = self.server, self.client
        self._version = 0
        self._greeted = False
        self._closed_by = ""
        self._connecting: asyncio.Task[None] | None = None

    def accepted(self) -> None:
        self.client.pause()  # until there is somebody to hear it
        self._connecting = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        host, port = self.recorder.target
        loop = asyncio.get_running_loop()
        try:
            await asyncio.wait_for(loop.create_connection(lambda: self.server, host, port), CONNECT_S)
        except (OSError, TimeoutError) as problem:
            why = "time-out" if isinstance(problem, TimeoutError) else type(problem).__name__
            log.info("connection %d: TWS at %s:%d does not answer (%s)", self.number, host, port, problem or why)
            self.recorder.note(self, REFUSED, {"why": why})
            self._closed_by = "server"
            self.client.reset()
            return
        self.recorder.note(self, OPEN, {})
        log.info("connection %d: a client and TWS at %s:%d", self.number, host, port)
        if self.client.transport is None:
            self.server.abort()
        self.client.resume()

    def passed(self, side: Side, data: bytes) -> None:
        """Bytes of one side are on their way to the other. Nothing that happens here may hold them up."""
        was_lost = side.cutter.is_lost
        for body in side.cutter.feed(data):
            if side is self.client:
                self._from_client(body)
            else:
                self._from_server(body)
        if side.cutter.is_lost and not was_lost:
            log.warning("connection %d: what comes is no frame; it is passed on, and not recorded", self.number)
            self.recorder.note(self, GARBAGE, {"side": side.direction})

    def _from_client(self, body: bytes) -> None:
        if not self._greeted:
            self._greeted = True
            text = body.decode("ascii", "backslashreplace")
            self.recorder.note(self, GREETING, {"text": self.recorder.text(text)})
            return
        self.recorder.message(self, FROM_CLIENT, body)
        message_id = _message_id(body, raw_ids=self.client.cutter.raw_ids)
        if message_id in ORDERS:
            self.recorder.order(self, message_id)

    def _from_server(self, body: bytes) -> None:
        if self._version:
            self.recorder.message(self, FROM_SERVER, body)
            return
        version, _, clock = body.decode("ascii", "backslashreplace").partition("\0")
        if version.isdecimal():
            self._version = int(version)
            self.client.cutter.raw_ids = self.server.cutter.raw_ids = self._version >= RAW_IDS_FROM
            self.recorder.note(self, VERSION, {"server_version": self._version, "clock": clock.rstrip("\0")})
        else:
            self.recorder.note(self, VERSION, {"text": self.recorder.text(version[:200])})

    def ended(self, side: Side, problem: Exception | None) -> None:
        """One side is gone for good: the other goes, too, in the same way."""
        if not self._closed_by:
            self._closed_by = "client" if side is self.client else "server"
            how = "reset" if problem is not None else "closed"
            self.recorder.note(self, CLOSED, {"by": self._closed_by, "how": how})
        other = side.other
        if problem is not None:
            other.reset()
        else:
            other.close()
        if self.client.transport is None and self.server.transport is None:
            if self._connecting is not None:
                self._connecting.cancel()
            self.recorder.gone(self)

    def finished(self, side: Side) -> None:
        """The side has sent its last byte; it may still read."""
        if not self._closed_by:
            self._closed_by = "client" if side is self.client else "server"
            self.recorder.note(self, CLOSED, {"by": self._closed_by, "how": "closed"})
        side.other.write_eof()

    def close(self) -> None:
        if not self._closed_by:
            self._closed_by = "recorder"
            self.recorder.note(self, CLOSED, {"by": "recorder", "how": "closed"})
        self.client.close()
        self.server.close()


class Side(asyncio.Protocol):
    """One of the two sockets of a pair."""

    other: Side

    def __init__(self, pair: Pair, direction: str) -> None:
        self.direction = direction
        self.cutter = Cutter(client=direction == FROM_CLIENT)
        self.transport: asyncio.Transport | None = None
        self._pair = pair
        self._ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.set_write_buffer_limits(high=HOLD_BYTES)
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.direction == FROM_CLIENT:
            self._pair.accepted()

    def data_received(self, data: bytes) -> None:
        if self.other.transport is not None:
            self.other.transport.write(data)
        try:
            self._pair.passed(self, data)
        except Exception:
            log.exception("connection %d: a part is not recorded", self._pair.number)

    def eof_received(self) -> bool:
        """True: this socket stays open for what the other side still has to say."""
        self._pair.finished(self)
        if self._ended or self.other.transport is None:
            return False
        self._ended = True
        return not self.other._ended

    def pause_writing(self) -> None:
        self.other.pause()

    def resume_writing(self) -> None:
        self.other.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._pair.ended(self, exc)

    def pause(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.pause_reading()

    def resume(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()

    def write_eof(self) -> None:
        if self.transport is not None and not self.transport.is_closing() and self.transport.can_write_eof():
            self.transport.write_eof()

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def reset(self) -> None:
        """RST, as the other side got it."""
        if self.transport is not None:
            sock = self.transport.get_extra_info("socket")
            if sock is not None:
                linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.transport.abort()


def _message_id(body: bytes, *, raw_ids: bool) -> int:
    if raw_ids:
        number = int.from_bytes(body[:4], "big")
        return number - 200 if number > 200 else number
    head = body.split(b"\0", 1)[0]
    return int(head) if head.isdigit() and len(head) < 6 else -1
