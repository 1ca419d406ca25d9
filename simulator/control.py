"""The control port: a small HTTP server on the loopback interface, JSON in and out, behind a token."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

log = logging.getLogger("simulator.control")

MAX_HEADERS = 100
MAX_BODY_BYTES = 1 << 20
READ_TIMEOUT_S = 10.0
REASONS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
           413: "Payload Too Large", 500: "Internal Server Error"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ControlRequest:
    """One request: `query` the last value of each name, `body` the decoded JSON object."""

    method: str
    path: str
    query: dict[str, str]
    body: dict[str, Any]


class ControlError(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


Route = Callable[[ControlRequest], object]


class ControlServer:
    """Serves `routes`, keyed by (method, path). A request without the token gets 403 and nothing else."""

    def __init__(self, routes: dict[tuple[str, str], Route], token: str) -> None:
        self._routes = routes
        self._token = token
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self, port: int) -> None:
        """Listens on 127.0.0.1 only."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            status, answer = await asyncio.wait_for(self._answer(reader), READ_TIMEOUT_S)
            body = json.dumps(answer).encode()
            head = (
                f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            )
            writer.write(head.encode() + body)
            await writer.drain()
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError):
            log.debug("a control client went away")
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader) -> tuple[int, object]:
        try:
            request = await self._read(reader)
            return 200, self._route(request)
        except ControlError as error:
            return error.status, {"error": error.message}
        except (ValueError, KeyError, TypeError) as problem:
            return 400, {"error": f"{type(problem).__name__}: {problem}"}
        except (ConnectionError, asyncio.IncompleteReadError):
            raise
        except Exception as problem:
            log.exception("a control request failed")
            return 500, {"error": str(problem)}

    async def _read(self, reader: asyncio.StreamReader) -> ControlRequest:
        line = (await reader.readline()).decode("latin-1").split()
        if len(line) != 3:
            raise ControlError(400, "no request line")
        headers = await _headers(reader)
        if not hmac.compare_digest(headers.get("x-token", "").encode(), self._token.encode()):
            raise ControlError(403, "header X-Token is missing or wrong")
        length = int(headers.get("content-length") or 0)
        if not 0 <= length <= MAX_BODY_BYTES:
            raise ControlError(413, f"body of {length} bytes, at most {MAX_BODY_BYTES}")
        raw = await reader.readexactly(length) if length else b""
        body = json.loads(raw) if raw else {}
        if not isinstance(body, dict):
            raise ControlError(400, "the body must be a JSON object")
        target = urlsplit(line[1])
        return ControlRequest(line[0], target.path, dict(parse_qsl(target.query)), body)

    def _route(self, request: ControlRequest) -> object:
        route = self._routes.get((request.method, request.path))
        if route is not None:
            return route(request)
        paths = sorted(f"{method} {path}" for method, path in self._routes)
        known = any(path == request.path for _, path in self._routes)
        raise ControlError(405 if known else 404, f"known are: {', '.join(paths)}")


async def _headers(reader: asyncio.StreamReader) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _ in range(MAX_HEADERS):
        line = (await reader.readline()).decode("latin-1").strip()
        if not line:
            return headers
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    raise ControlError(400, f"more than {MAX_HEADERS} headers")
