"""One client connection: its frames, its state, its answers."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Callable
from typing import Any, Protocol

from simulator import market_time, texts
from simulator.core import Core
from simulator.wire.encode_session import error, handshake
from simulator.wire.frames import FrameError, FrameReader, frame, text_of
from simulator.wire.messages import is_raw, raw_message
from simulator.wire.parse import ORDER_MESSAGES
from simulator.wire.versions import MAX_VERSION, MIN_VERSION, negotiate

log = logging.getLogger("simulator.session")

DRAIN_S = 0.1
SLOW_STEP_S = 0.02


class SessionOwner(Protocol):
    """Who keeps the sessions and answers their requests."""

    def opened(self, session: Session) -> None: ...

    def closed(self, session: Session) -> None: ...

    def request(self, session: Session, fields: list[str]) -> None: ...

    def raw_request(self, session: Session, payload: bytes) -> None: ...


class Session(asyncio.Protocol):
    """`version` is 0 until the handshake; `ready` after startApi. Every method runs in the gateway's loop."""

    def __init__(self, core: Core, number: int, owner: SessionOwner) -> None:
        self.core = core
        self.number = number
        self.version = 0
        self.client_id: int | None = None
        self.ready = False
        self.data_type = 1
        self._owner = owner
        self._reader = FrameReader()
        self._transport: asyncio.Transport | None = None
        self._out: list[bytes] = []
        self._flush_due = False
        self._warned_at = float("-inf")
        self._deaf = False
        self._slow = bytearray()

    # the socket's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._owner.opened(self)
        if self.core.faults.silent or self.core.faults.stalled:
            transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.ready = False
        self._owner.closed(self)
        log.info("client %s (session %d) gone: %s", self.client_id, self.number, exc or "closed")

    def data_received(self, data: bytes) -> None:
        try:
            payloads = self._reader.feed(data)
        except FrameError as problem:
            log.warning("session %d dropped: %s", self.number, problem)
            self.abort()
            return
        now = self.core.wall()  # as TWS, which counts what waited when it reads it
        for payload in payloads:
            if self._deaf or self._transport is None or self._transport.is_closing():
                return
            self._receive(payload, now)

    def _receive(self, payload: bytes, wall: float) -> None:
        if not self.version:
            self._greet(text_of(payload))
            return
        if is_raw(payload):
            if self.count(str(raw_message(payload)[0]), wall):
                self._owner.raw_request(self, payload)
            return
        fields = text_of(payload).split("\0")
        fields.pop()
        if fields and self.count(fields[0], wall):
            self._owner.request(self, fields)

    def _greet(self, text: str) -> None:
        if self.core.wall() < self.core.faults.accept_silent_until:
            return
        cap = self.core.faults.version_cap
        version = negotiate(text, cap) if cap else negotiate(text)
        if version is None:
            self._refuse_version(text, cap)
            return
        self.version = version
        self.send(handshake(version, market_time.handshake_time(self.core.world.now())))

    def _refuse_version(self, greeting: str, cap: int | None) -> None:
        """Says which versions there are, by the number that a client compares with its own and in words, and goes."""
        asked = greeting.split("\0")[0][:40]
        log.warning("session %d offers %r: no common version", self.number, asked)
        highest = min(cap or MAX_VERSION, MAX_VERSION)
        self.send(handshake(highest, market_time.handshake_time(self.core.world.now())))
        words = texts.NO_COMMON_VERSION.format(lowest=min(MIN_VERSION, highest), highest=highest, asked=asked)
        self.version = highest
        self.error(-1, 503, words)
        self.close_soon()

    def count(self, message_id: str, wall: float) -> bool:
        """Whether the message may be answered: 51 in a second end the connection, as at TWS."""
        known = int(message_id) if message_id.isdigit() else -1
        count = self.core.ledger.message(self.number, known, wall, known in ORDER_MESSAGES)
        limit = self.core.settings.message_limit
        if count > limit:
            self.error(-1, 100, texts.MAX_RATE.format(limit=limit, count=count))
            self.close_soon()
            return False
        if count >= limit - 2 and wall - self._warned_at > 1.0:
            self._warned_at = wall
            self.error(-1, 0, texts.NEAR_RATE.format(limit=limit, count=count))
        return True

    # the desks' side

    def send(self, message: str) -> None:
        """Queues one payload; everything queued in one turn of the loop goes out in one write."""
        if self._transport is None or self.core.faults.silent:
            return
        withheld = self.core.faults.withheld
        if withheld and message.split("\0", 1)[0] in withheld:
            return
        self.send_raw(frame(message))

    def send_many(self, messages: list[str]) -> None:
        for message in messages:
            self.send(message)

    def send_raw(self, data: bytes) -> None:
        """Bytes as they are, past every fault: for garbage on purpose."""
        self._out.append(data)
        if not self._flush_due:
            self._flush_due = True
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        self._flush_due = False
        if self.core.faults.stalled:
            return  # the end of the stall comes back here
        data, self._out = b"".join(self._out), []
        if self._transport is None or not data:
            return
        if self.core.faults.bytes_per_s or self._slow:
            self._trickle(data)
            return
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > self.core.settings.write_bound_bytes:
            log.warning("session %d does not read: dropped", self.number)
            self.core.ledger.bump("slow_clients_dropped")
            self.abort()

    def _trickle(self, data: bytes) -> None:
        """Queues bytes behind the slow line; the first starts the clock."""
        idle = not self._slow
        self._slow += data
        if len(self._slow) > self.core.settings.write_bound_bytes:
            log.warning("session %d has %d bytes waiting for its slow line: dropped", self.number, len(self._slow))
            self.core.ledger.bump("slow_clients_dropped")
            self.abort()
        elif idle:
            self._send_slowly()

    def _send_slowly(self) -> None:
        rate = self.core.faults.bytes_per_s
        count = len(self._slow) if rate is None else max(1, int(rate * SLOW_STEP_S))
        if self._transport is None or not self._slow:
            return
        self._transport.write(bytes(self._slow[:count]))
        del self._slow[:count]
        if self._slow:
            self.after(SLOW_STEP_S, self._send_slowly)

    def error(self, req_id: int, code: int, text: str) -> None:
        self.core.ledger.error_sent(code)
        self.send(error(self.version, req_id, code, text))

    def after(self, delay_s: float, call: Callable[..., None], *args: Any) -> asyncio.TimerHandle:
        """Calls later unless the client is gone by then."""
        return asyncio.get_running_loop().call_later(delay_s, self._if_connected, call, *args)

    def _if_connected(self, call: Callable[..., None], *args: Any) -> None:
        if self._transport is not None:
            call(*args)

    def pause(self, silent: bool) -> None:
        """Stops or resumes reading: a client's messages stay in the kernel's buffer meanwhile."""
        if self._transport is None:
            return
        if silent:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def stall(self, stalled: bool) -> None:
        """Stops reading and writing, or goes on with both: what waited is read, and counted, at one moment."""
        if self._transport is None:
            return
        if stalled:
            self._transport.pause_reading()
            return
        if not self.core.faults.silent:
            self._transport.resume_reading()
        self.flush()

    def close(self) -> None:
        """FIN after what is queued."""
        self.flush()
        if self._transport is not None:
            self._transport.close()

    def close_soon(self) -> None:
        """FIN after a moment in which nothing is answered: what is unread then would turn it into a reset."""
        self._deaf = True
        self.after(DRAIN_S, self.close)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def reset(self) -> None:
        """RST: the peer sees a connection reset."""
        if self._transport is not None:
            sock = self._transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()
