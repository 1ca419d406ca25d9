"""The dashboard's socket: taken exclusively before anything else starts, and who has it when we can't."""

from __future__ import annotations

import errno
import http.client
import json
import socket
import sys
from typing import Any

BACKLOG = 128
PROBE_S = 1.5


class PortTaken(Exception):
    """The text says who answers there and what to do."""


class PortRefused(PortTaken):
    """Nobody has it: this system does not give it to us, now or later."""


def open_listener(host: str, port: int) -> socket.socket:
    """A listening socket that no second program can share. Raises PortTaken, also for a port that we may not have."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        # On Windows SO_REUSEADDR would let two programs listen at once; elsewhere it only skips TIME_WAIT.
        exclusive = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)
        if sys.platform == "win32" and exclusive is not None:
            listener.setsockopt(socket.SOL_SOCKET, exclusive, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        answer = who_answers(host, port) if _is_in_use(error) else None
        kind = PortTaken if _is_in_use(error) else PortRefused
        raise kind(taken_message(host, port, answer, error)) from None
    except BaseException:
        listener.close()
        raise
    return listener


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on now, for a process that we start next."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def is_listening(host: str, port: int, timeout_s: float = 0.5) -> bool:
    """True when something accepts connections there."""
    try:
        with socket.create_connection((host, port), timeout_s):
            return True
    except OSError:
        return False


def who_answers(host: str, port: int) -> dict[str, Any] | None:
    """Our own `/healthz` if a QTrade is there, {"server": ...} for another web server, None for silence."""
    connection = http.client.HTTPConnection(host, port, timeout=PROBE_S)
    try:
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        body = response.read(65536)
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    try:
        health = json.loads(body)
    except ValueError:
        health = None
    if isinstance(health, dict) and (isinstance(health.get("build"), dict) or health.get("app") == "QTrade"):
        return health  # without a build to who has not logged in there
    return {"server": response.getheader("Server", "") or "a web server"}


def _is_in_use(error: OSError) -> bool:
    """Windows says "forbidden" of a port that another program holds exclusively."""
    return error.errno == errno.EADDRINUSE or (sys.platform == "win32" and error.errno == errno.EACCES)


def taken_message(host: str, port: int, answer: dict[str, Any] | None, error: OSError) -> str:
    """One line: where, who, what to do."""
    where = f"port {port} on {host}"
    reason = error.strerror or error
    if not _is_in_use(error):
        return f"{where} can't be used ({reason}). Start with --port 8052, or another one above 1023, on 127.0.0.1."
    other = f"or start with --port {port + 1 if port < 65535 else port - 1}"
    if answer is None:
        return f"{where} can't be used ({reason}): another program has it. Stop that program, {other}."
    if "server" not in answer:
        build = answer.get("build")
        name = f"QTrade {build.get('version', '')} (build {build.get('id', '?')})" if build else "QTrade"
        return f"{where} is taken: {name} is running already. Open http://{host}:{port}, or stop it, {other}."
    hint = " (the predecessor uses 8052 too)" if port == 8052 else ""
    return f"{where} is taken by another program, {answer['server']}{hint}. Stop that program, {other}."
