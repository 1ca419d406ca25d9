"""What one client may take up: bytes of a request, time for it, connections. Over real sockets, clock injected."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, request

from app.launch.web_server import ALL_CLIENTS, HEAD_MAX_BYTES, IDLE_S, PER_CLIENT, REQUEST_S, WebServer
from app.security import BODY_MAX_BYTES, UPLOAD_MAX_BYTES, UPLOAD_PATH
from tests.patience import wait_for

BUSY = threading.Event()


def application() -> Flask:
    app = Flask("test")

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/echo")
    def echo() -> dict[str, int]:
        return {"bytes": len(request.get_data())}

    @app.get("/who")
    def who() -> dict[str, str | None]:
        return {"host": request.host, "scheme": request.scheme, "address": request.remote_addr}

    @app.post(UPLOAD_PATH)
    def upload() -> dict[str, int]:
        return {"bytes": len(request.get_data())}

    @app.get("/slow")
    def slow() -> dict[str, str]:
        BUSY.wait(10)
        return {}

    return app


class Served:
    def __init__(self, **options: Any) -> None:
        self.now = 0.0
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = listener.getsockname()[1]
        self.server = WebServer(application(), listener, clock_mono=lambda: self.now, **options)
        self.server.start()

    def connect(self, sent: bytes = b"") -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self.port), 10)
        made.sendall(sent)
        return made

    def ask(self, head: bytes, body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
        with self.connect() as made:
            try:
                made.sendall(head + body)
            except ConnectionError:
                pass
            return answer(made)

    def channels(self) -> list[Any]:
        return list(self.server._server.active_channels.values())

    def count(self) -> int:
        return len(self.channels())


def answer(made: socket.socket) -> tuple[int, dict[str, str], bytes]:
    with made.makefile("rb") as stream:
        code = int(stream.readline().split()[1])
        heads = dict(line.decode().rstrip().lower().split(": ", 1) for line in iter(stream.readline, b"\r\n"))
        return code, heads, stream.read(int(heads["content-length"]))


def is_closed(made: socket.socket) -> bool:
    made.settimeout(0.05)
    try:
        return made.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


@pytest.fixture
def served() -> Iterator[Served]:
    BUSY.clear()
    made = Served()
    yield made
    BUSY.set()
    made.server.stop()


HEALTH = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def post(length: int) -> bytes:
    return f"POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\n\r\n".encode()


def test_a_body_at_the_limit_is_taken(served: Served) -> None:
    code, _heads, body = served.ask(post(BODY_MAX_BYTES), b"x" * BODY_MAX_BYTES)
    assert code == 200 and json.loads(body) == {"bytes": BODY_MAX_BYTES}


@pytest.mark.parametrize("length", [BODY_MAX_BYTES + 1, 5_000_000, 10**12])
def test_a_larger_one_is_refused_by_its_announced_length(length: int, served: Served) -> None:
    """Its sender reads why, also while it is still sending."""
    code, heads, body = served.ask(post(length), b"x" * min(length, 5_000_000))
    assert code == 413 and "larger than" in json.loads(body)["error"]
    assert heads["content-type"] == "application/json" and heads["x-content-type-options"] == "nosniff"


def test_a_file_may_be_larger_at_the_address_that_takes_one(served: Served) -> None:
    size = 3 * BODY_MAX_BYTES
    code, _heads, body = served.ask(post(size).replace(b"/echo", UPLOAD_PATH.encode()), b"x" * size)
    assert code == 200 and json.loads(body) == {"bytes": size}
    code, _heads, body = served.ask(post(UPLOAD_MAX_BYTES + 1).replace(b"/echo", UPLOAD_PATH.encode()), b"x")
    assert code == 413 and "file is larger" in json.loads(body)["error"]


def test_of_a_stranger_no_file_is_taken_beyond_a_usual_body() -> None:
    """A login is asked for before a byte of the file is kept."""
    served = Served(may_send_files=lambda cookie: cookie == "known=1")
    try:
        head = post(3 * BODY_MAX_BYTES).replace(b"/echo", UPLOAD_PATH.encode())
        code, _heads, body = served.ask(head, b"x" * 1_000_000)
        assert (code, json.loads(body)) == (401, {"error": "Log in first."})
        known = head.replace(b"Host:", b"Cookie: known=1\r\nHost:")
        assert served.ask(known, b"x" * 3 * BODY_MAX_BYTES)[0] == 200
    finally:
        served.server.stop()


@pytest.mark.parametrize(
    ("proxy", "found"),
    [
        ("127.0.0.1", {"host": "qtrade.example.org", "scheme": "https", "address": "203.0.113.9"}),
        ("127.0.0.2", {"host": "127.0.0.1", "scheme": "http", "address": "127.0.0.1"}),
        (None, {"host": "127.0.0.1", "scheme": "http", "address": "127.0.0.1"}),
    ],
)
def test_a_visitor_is_who_the_trusted_proxy_says_and_nobody_else(proxy: str | None, found: dict[str, str]) -> None:
    said = b"X-Forwarded-Host: qtrade.example.org\r\nX-Forwarded-Proto: https\r\n"
    said += b"X-Forwarded-For: 127.0.0.1, 203.0.113.9\r\n"
    served = Served(trusted_proxy=proxy)
    try:
        _code, _heads, body = served.ask(b"GET /who HTTP/1.1\r\nHost: 127.0.0.1\r\n" + said + b"\r\n")
        assert json.loads(body) == found
    finally:
        served.server.stop()


def test_one_without_a_length_ends_at_the_limit(served: Served) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    assert served.ask(head, chunk * 40)[0] == 413


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"GET / HTTP/1.1\r\nX: " + b"x" * HEAD_MAX_BYTES + b"\r\n\r\n", 431),
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        (b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", 400),
        (b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 400),
    ],
)
def test_what_is_no_request_is_refused_and_never_by_a_5xx(sent: bytes, code: int, served: Served) -> None:
    found, _heads, body = served.ask(sent)
    assert found == code and json.loads(body)["error"]


def test_half_open_connections_keep_nobody_out(served: Served) -> None:
    half: list[Any] = [served.connect(b"POST /echo HTTP/1.1\r\nHost:") for _ in range(PER_CLIENT + 60)]
    for _ in range(5):
        assert served.ask(HEALTH)[0] == 200
    assert served.count() <= PER_CLIENT + 1
    served.now += REQUEST_S + 1.0
    wait_for(lambda: served.count() == 0, "half-open connections are closed")
    for each in half:
        each.close()


def test_who_is_served_is_not_closed_for_others(served: Served) -> None:
    kept = served.connect(HEALTH)  # a browser's: it has asked, and will again
    assert answer(kept)[0] == 200
    slow = served.connect(b"GET /slow HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    half = [served.connect(b"GET") for _ in range(2 * PER_CLIENT)]
    kept.sendall(HEALTH)
    assert answer(kept)[0] == 200
    BUSY.set()
    assert answer(slow)[0] == 200
    for each in [*half, kept, slow]:
        each.close()


def test_a_request_that_comes_in_drops_has_an_end(served: Served) -> None:
    made = served.connect(post(100))
    wait_for(lambda: any(each.request for each in served.channels()), "the request has begun")
    for _ in range(4):
        made.sendall(b"x")
        served.now += REQUEST_S / 3
    wait_for(lambda: is_closed(made), "closed though it went on sending")
    made.close()


def test_an_idle_connection_of_a_browser_stays(served: Served) -> None:
    made = served.connect(HEALTH)
    assert answer(made)[0] == 200
    served.now += IDLE_S - 1.0
    assert not is_closed(made)
    made.settimeout(5)
    made.sendall(HEALTH)
    assert answer(made)[0] == 200
    made.close()


def test_the_limits_fit_the_descriptors_that_a_process_may_have() -> None:
    assert PER_CLIENT < ALL_CLIENTS < 1_000
