"""Waitress on the launcher's own socket, in a thread, so that the main thread can wait for the end.

What a client may take up is bounded here: bytes of a request, time for it, connections. A connection that waits for
nothing gives way to a new one, so that half-open ones keep nobody out.
"""

from __future__ import annotations

import copy
import json
import logging
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher

from app.security import BODY_MAX_BYTES, HEADERS, LOG_IN, UPLOAD_MAX_BYTES, UPLOAD_PATH

THREADS = 8
HEAD_MAX_BYTES = 32_768
PER_CLIENT, ALL_CLIENTS = 128, 400  # connections
REQUEST_S = 10.0  # from the first byte of a request to its last, and from connecting to the first byte
IDLE_S = 60.0  # between two requests
DRAIN_S, DRAIN_MAX_BYTES = 2.0, 32 << 20  # a refused body is read away for so long, so that its sender reads why
_WORDS = {
    413: f"The request is larger than {BODY_MAX_BYTES // 1000:,} kB.",
    431: f"The head of the request is larger than {HEAD_MAX_BYTES // 1024} kB.",
}
_NOT_HTTP = "This is not a request that a browser sends."

log = logging.getLogger("qtrade.web")


class WebServer:
    """Serves one WSGI application from `start` until `stop`."""

    def __init__(
        self,
        wsgi: Any,
        listener: socket.socket,
        trusted_proxy: str | None = None,
        may_send_files: Callable[[str], bool] = lambda cookie: True,
        clock_mono: Callable[[], float] = time.monotonic,
    ) -> None:
        """`trusted_proxy`: the address whose word on host, scheme and visitor is taken; None = nobody's is.
        `may_send_files`: whether the sender of this Cookie header may, asked before a byte of one is taken."""
        adjustments: Any = Adjustments(
            **_told_by(trusted_proxy),
            threads=THREADS,
            asyncore_use_poll=True,  # select() ends at 1024 descriptors
            ident=None,
            expose_tracebacks=False,
            clear_untrusted_proxy_headers=True,
            max_request_body_size=BODY_MAX_BYTES + 1,  # refused by its announced length, before a byte of it is kept
            inbuf_overflow=BODY_MAX_BYTES + 1,  # no body goes to a file
            max_request_header_size=HEAD_MAX_BYTES,
            channel_timeout=int(IDLE_S),
            cleanup_interval=1,
            connection_limit=2 * ALL_CLIENTS,  # `_Server` sees to it that this is never reached
        )
        adjustments.may_send_files = may_send_files
        dispatcher = ThreadedTaskDispatcher()
        dispatcher.set_thread_count(THREADS)
        self._server = _Server(
            wsgi,
            {},
            _sock=listener,
            dispatcher=dispatcher,
            adj=adjustments,
            bind_socket=False,
            sockinfo=(listener.family, listener.type, listener.proto, listener.getsockname()),
        )
        self._server.clock = clock_mono
        self._stopping = False
        self._thread = threading.Thread(target=self._serve, name="web", daemon=True)

    def start(self) -> None:
        """Requests that came since the socket was opened are answered now."""
        self._thread.start()

    def stop(self, timeout_s: int = 1) -> None:
        """Stop listening and end the worker threads; answers under way get `timeout_s`."""
        self._stopping = True
        self._server.task_dispatcher.shutdown(timeout=timeout_s)
        self._server.close()

    def _serve(self) -> None:
        try:
            self._server.run()
        except OSError:
            if not self._stopping:  # closing the socket under the loop's poll is how it ends
                log.exception("the web server stopped")


def _told_by(proxy: str | None) -> dict[str, Any]:
    headers = {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"}
    return {} if proxy is None else {"trusted_proxy": proxy, "trusted_proxy_count": 1, "trusted_proxy_headers": headers}


class _Parser(HTTPRequestParser):
    """One request as it comes in. The address that takes a file takes a larger one, of whom it may come."""

    adj: Any
    path: str
    command: Any
    headers: dict[str, str]
    is_unknown = False  # it would send a file, and has not logged in

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        if self.path == UPLOAD_PATH and self.command == "POST":
            if not self.adj.may_send_files(self.headers.get("COOKIE", "")):
                self.is_unknown = True
                return
            self.adj = copy.copy(self.adj)
            self.adj.max_request_body_size = UPLOAD_MAX_BYTES + 1


class _Refusal(ErrorTask):
    """What is no request that reaches the application: JSON in plain words, and never a 5xx for what a client sent."""

    def execute(self) -> None:
        request: Any = self.request
        channel: Any = self.channel
        channel.is_refused = True
        error = request.error
        code, reason = (error.code, error.reason) if error.code < 500 else (400, "Bad Request")
        if error.code == 500:  # the application failed past its own last resort
            code, reason = error.code, error.reason
        words = _WORDS.get(code, _NOT_HTTP)
        if code == 413 and getattr(request, "is_unknown", False):
            code, reason, words = 401, "Unauthorized", LOG_IN
        elif code == 413 and getattr(request, "path", "") == UPLOAD_PATH:
            words = f"The file is larger than {UPLOAD_MAX_BYTES // 2**20} MB."
        body = json.dumps({"error": words}).encode()
        self.status = f"{code} {reason}"
        self.response_headers = [*self.response_headers, ("Content-Type", "application/json"), *HEADERS.items()]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Channel(HTTPChannel):
    """One connection. All but `service` runs in the server's thread."""

    error_task_class = _Refusal
    parser_class = _Parser
    server: Any
    socket: Any

    def __init__(self, server: _Server, sock: Any, addr: Any, adj: Any, map: Any = None) -> None:  # noqa: A002
        self.waits_since = server.clock()  # for the rest of a request
        self.has_asked = False
        self.is_refused = False
        self._drains_until: float | None = None
        self._drained = 0
        super().__init__(server, sock, addr, adj, map=map)

    def received(self, data: bytes) -> bool:
        if self.request is None:
            self.waits_since = self.server.clock()
        return bool(super().received(data))

    def service(self) -> None:
        """One of the threads that answer; it may have done so before `received` has returned."""
        self.has_asked = True
        super().service()

    def is_late(self, now: float) -> bool:
        """Half of a request, or nothing yet, and that for too long."""
        if self._drains_until is not None:
            return now > self._drains_until
        is_waiting = not self.requests and (self.request is not None or not self.has_asked)
        return is_waiting and now - self.waits_since > REQUEST_S

    @property
    def is_busy(self) -> bool:
        return bool(self.requests) or bool(self.total_outbufs_len)

    def writable(self) -> bool:
        return self._drains_until is None and bool(super().writable())

    def readable(self) -> bool:
        return self._drains_until is not None or bool(super().readable())

    def handle_write(self) -> None:
        """A connection that is closed over bytes which nobody has read is reset, and the answer lost with it."""
        if self.is_refused and self.close_when_flushed and not self.will_close:
            this: Any = self  # what the type hints of the library leave out
            this._flush_exception(this._flush_some)
            if not self.total_outbufs_len and not self.will_close:
                self.close_when_flushed = False
                self._begin_to_drain()
                return
        super().handle_write()

    def _begin_to_drain(self) -> None:
        self._drains_until = self.server.clock() + DRAIN_S
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.handle_close()

    def handle_read(self) -> None:
        if self._drains_until is None:
            super().handle_read()
            return
        try:
            data = self.recv(65_536)
        except OSError:
            data = b""
        self._drained += len(data)
        if not data or self._drained > DRAIN_MAX_BYTES:
            self.handle_close()


class _Server(TcpWSGIServer):
    channel_class = _Channel
    active_channels: Any
    clock: Callable[[], float] = staticmethod(time.monotonic)

    def handle_accept(self) -> None:
        """Before a new connection is taken, one that waits for nothing is closed where there are too many."""
        super().handle_accept()
        channels = list(self.active_channels.values())
        newest = max(channels, key=lambda each: each.creation_time, default=None)
        if newest is None:
            return
        own = [each for each in channels if each.addr[0] == newest.addr[0]]
        if len(own) > PER_CLIENT:
            _close_idlest(own)
        elif len(channels) > ALL_CLIENTS:
            _close_idlest(channels)

    def maintenance(self, now: Any) -> None:
        super().maintenance(now)
        mono = self.clock()
        for channel in list(self.active_channels.values()):
            if channel.is_late(mono):
                channel.handle_close()


def _close_idlest(channels: list[Any]) -> None:
    """Those that never asked anything first, then the ones that were silent longest; the newest where all are busy."""
    idle = [each for each in channels if not each.is_busy]
    chosen = min(idle, key=lambda each: (each.has_asked, each.last_activity), default=None)
    (chosen or max(channels, key=lambda each: each.creation_time)).handle_close()
