"""A client of a few lines that knows frames and nothing else: to see what really is on the wire."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable
from types import TracebackType

from tests.patience import DEADLINE_S

CONTRACT_TSLA = ["76792991", "TSLA", "STK", "", "0.0", "", "", "SMART", "", "USD", "", ""]


def contract(
    con_id: int | str = 0, symbol: str = "", sec_type: str = "STK", exchange: str = "SMART", **more: str
) -> list[str]:
    """The twelve fields of a contract block."""
    return [
        str(con_id), symbol, sec_type, more.get("expiry", ""), "0.0", "", more.get("multiplier", ""), exchange,
        more.get("primary", ""), more.get("currency", "USD"), more.get("local_symbol", ""),
        more.get("trading_class", ""),
    ]  # fmt: skip


class RawClient:
    """Blocking; a wait ends at the usual deadline, which `timeout_s` only lengthens. `messages` keeps all that came."""

    def __init__(self, port: int, versions: str = "v157..176", client_id: int = 7, start: bool = True) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S)
        self.messages: list[list[str]] = []
        self.closed = False
        self._buffer = b""
        self.version = 0
        self.server_time = ""
        if start:
            self.handshake(versions)
            self.send(71, 2, client_id, "")

    def __enter__(self) -> RawClient:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.sock.close()

    def handshake(self, versions: str) -> None:
        body = versions.encode()
        self.sock.sendall(b"API\0" + struct.pack(">I", len(body)) + body)
        first = self.until(lambda fields: len(fields) == 2, "the handshake")
        self.version, self.server_time = int(first[0]), first[1]

    def send(self, *fields: object) -> None:
        body = "".join(f"{int(field) if isinstance(field, bool) else field}\0" for field in fields).encode()
        self.sock.sendall(struct.pack(">I", len(body)) + body)

    def poll(self, timeout_s: float = 0.05) -> None:
        """Takes in what is there."""
        self.sock.settimeout(timeout_s)
        try:
            data = self.sock.recv(1 << 16)
        except TimeoutError:
            return
        except ConnectionError:
            self.closed = True
            return
        if not data:
            self.closed = True
        self._buffer += data
        while len(self._buffer) >= 4:
            (length,) = struct.unpack(">I", self._buffer[:4])
            if len(self._buffer) < 4 + length:
                break
            self.messages.append(self._buffer[4 : 4 + length].decode().split("\0")[:-1])
            self._buffer = self._buffer[4 + length :]

    def until(self, wanted: Callable[[list[str]], bool], what: str, timeout_s: float = 0.0) -> list[str]:
        """The first message, old or new, that `wanted` accepts."""
        deadline, seen = time.monotonic() + max(timeout_s, DEADLINE_S), 0
        while True:
            for fields in self.messages[seen:]:
                if wanted(fields):
                    return fields
            seen = len(self.messages)
            assert time.monotonic() < deadline and not self.closed, (
                f"{what} did not come: {str(self.messages[-5:])[:800]}"
            )
            self.poll()

    def message(self, message_id: int, req_id: int | None = None, index: int = 1, timeout_s: float = 0.0) -> list[str]:
        """The first message of that id; `index` says where its reqId stands."""
        return self.until(
            lambda f: f[0] == str(message_id) and (req_id is None or f[index] == str(req_id)),
            f"message {message_id}",
            timeout_s,
        )

    def error(self, code: int, timeout_s: float = 0.0) -> list[str]:
        return self.until(lambda f: f[0] == "4" and f[3] == str(code), f"error {code}", timeout_s)

    def wait_closed(self, timeout_s: float = 0.0) -> None:
        deadline = time.monotonic() + max(timeout_s, DEADLINE_S)
        while not self.closed:
            assert time.monotonic() < deadline, "the connection is still open"
            self.poll()

    def settle(self, seconds: float) -> None:
        """Reads for that long."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self.closed:
            self.poll(0.02)

    def market_data(self, req_id: int, block: list[str], ticks: str = "", snapshot: bool = False) -> None:
        self.send(1, 11, req_id, *block, False, ticks, snapshot, False, "")

    def history(self, req_id: int, block: list[str], **more: object) -> None:
        self.send(
            20, req_id, *block, False, more.get("end", ""), more.get("bar", "1 min"), more.get("duration", "1 D"),
            True, more.get("what", "TRADES"), more.get("format", 2), more.get("keep", False), "",
        )  # fmt: skip

    def scan(
        self,
        req_id: int,
        code: str = "TOP_PERC_GAIN",
        rows: int = 20,
        location: str = "STK.US.MAJOR",
        filters: str = "",
    ) -> None:
        self.send(22, req_id, rows, "STK", location, code, 5, *[""] * 15, "CORP", filters, "")
