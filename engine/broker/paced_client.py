"""The library's socket client with our pacer in front of it and a guard behind it.

A drop-in for `ib.client`: every message (start of the API and the connect sequence included) leaves through the
pacer, and bytes that cannot be decoded are counted instead of killing the connection or the log.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import struct
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from engine.broker.fast_ticks import take_in
from engine.broker.pacing import Key, Pacer
from engine.broker.wire_text import WireFloat
from engine.clock import Clock

log = logging.getLogger("qtrade.broker")

_MAX_FRAME = 64 * 1024 * 1024  # the scanner parameters, TWS' largest message, take 2 MB
_SHOWN = 3
_ASK_TIME = "49\x001\x00"  # reqCurrentTime: TWS answers it itself, at once


class Undecodable:
    """Counts what could not be decoded on one connection; says the first few, as text only."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._recent: deque[float] = deque(maxlen=1000)
        self.total = 0

    def note(self, what: str) -> None:
        """A whole message is lost; many of them and the stream can't be trusted."""
        self._recent.append(self._clock.mono())
        self.note_part(what)

    def note_part(self, what: str) -> None:
        """A row of a message is lost, the rest was read: no sign against the stream."""
        self.total += 1
        if self.total <= _SHOWN:
            log.warning("A message from TWS could not be decoded: %s", what[:200])

    def last_minute(self) -> int:
        now = self._clock.mono()
        while self._recent and now - self._recent[0] > 60.0:
            self._recent.popleft()
        return len(self._recent)


class _QuietLog(logging.LoggerAdapter[logging.Logger]):
    """The library's own lines about errors that the session routes itself: kept at DEBUG, counted where wanted."""

    def __init__(self, logger: logging.Logger, on_error: Callable[[str], None] | None = None) -> None:
        super().__init__(logger, {})
        self._on_error = on_error

    def info(self, msg: object, *args: object, **kwargs: Any) -> None:
        if self.logger.isEnabledFor(logging.INFO):
            self.logger.info(msg, *args)

    def error(self, msg: object, *args: object, **kwargs: Any) -> None:
        self.logger.debug(msg, *args)
        if self._on_error is not None:
            self._on_error(str(msg))

    def exception(self, msg: object, *args: object, **kwargs: Any) -> None:
        self.error(msg, *args)


class PacedMixin:
    """Put before the library's Client: `sendMsg` through the pacer, received bytes guarded. Engine loop only."""

    _logger: Any
    _data: bytes
    _numMsgRecv: int
    _apiReady: bool
    conn: Any
    decoder: Any
    isReady: Callable[[], bool]  # noqa: N815 - the library's name
    isConnected: Callable[[], bool]  # noqa: N815 - the library's name

    def __init__(self, wrapper: Any, pacer: Pacer, clock: Clock, on_fatal: Callable[[str], None]) -> None:
        self._pacer = pacer
        self._on_fatal = on_fatal
        self._urgent = False
        self._key: Key | None = None
        self.is_quick = False  # the tables of `fast_ticks` stand before the library's handlers
        self._on_sent: Callable[[float], None] | None = None
        self.undecodable = Undecodable(clock)
        self.closed_by_us = False
        self.was_open = False  # the TCP connection stood when we closed it
        self._earlier = 0
        super().__init__(wrapper)  # type: ignore[call-arg]
        self.decoder.logger = _QuietLog(self.decoder.logger, self.undecodable.note)
        self._logger = _QuietLog(self._logger)
        wrapper._logger = _QuietLog(wrapper._logger)
        pacer.attach(self._send_now, _ASK_TIME)

    @property
    def decoded(self) -> int:
        """Messages received and framed on this connection, its end included."""
        return self._earlier + self._numMsgRecv

    def reset(self) -> None:
        """The library's: it forgets at the end of a connection what it has counted."""
        self._earlier += getattr(self, "_numMsgRecv", 0)
        super().reset()  # type: ignore[misc]

    @contextlib.contextmanager
    def sending(
        self, *, urgent: bool = False, key: Key | None = None, on_sent: Callable[[float], None] | None = None
    ) -> Iterator[None]:
        """The request made inside goes out in this class, under this key."""
        self._urgent, self._key, self._on_sent = urgent, key, on_sent
        try:
            yield
        finally:
            self._urgent, self._key, self._on_sent = False, None, None

    def send(self, *fields: Any, **options: Any) -> None:
        """The library's, with no power of ten in any number."""
        plain = [WireFloat(field) if type(field) is float and "e" in repr(field) else field for field in fields]
        super().send(*plain, **options)  # type: ignore[misc]

    def sendMsg(self, msg: str | None) -> None:  # noqa: N802 - the library's name
        if msg is None:  # the library's own throttle continues
            super().sendMsg(msg)  # type: ignore[misc]
            return
        urgent = self._urgent or not self.isReady()
        self._pacer.put(msg, urgent=urgent, key=self._key, on_sent=self._on_sent)

    def disconnect(self) -> None:
        """Also called by the library when the handshake took too long."""
        self.was_open = self.was_open or self.conn.transport is not None
        self.closed_by_us = True
        try:
            super().disconnect()  # type: ignore[misc]
        except OSError:  # the other side has reset: no farewell reaches it, and the library would leave the socket open
            self.conn.transport.abort()
            self.reset()

    def _send_now(self, msg: str) -> None:
        if self.isConnected() and self._pacer.kinds.admit(msg):
            super().sendMsg(msg)  # type: ignore[misc]

    def _onSocketHasData(self, data: bytes) -> None:  # noqa: N802 - the library's name
        self._pacer.heard()
        try:
            if self.is_quick and self._apiReady and not self._logger.isEnabledFor(logging.DEBUG):
                take_in(self, data)
            else:
                super()._onSocketHasData(data)  # type: ignore[misc]
        except Exception as error:  # noqa: BLE001 - whatever foreign bytes provoke in the decoder
            self.undecodable.note(f"{type(error).__name__}: {error}")
            if not self.isReady():
                self._on_fatal("what answers there does not speak the TWS protocol")
        if len(self._data) >= 4 and struct.unpack(">I", self._data[:4])[0] > _MAX_FRAME:
            self._on_fatal("a frame of impossible length arrived")


@functools.cache
def paced_client_class(base: Any) -> Any:
    """The subclass of the installed library's Client; made at run time because the library is imported late."""
    return type("PacedClient", (PacedMixin, base), {})
