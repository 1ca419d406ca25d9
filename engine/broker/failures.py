"""Why a connection did not come about or ended, in plain words with the cure, and when to try again. Pure."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from engine.broker.timings import Timings
from engine.config import USUAL_GATEWAYS

FailureKind = Literal[
    "refused",  # nothing listens there
    "unreachable",  # no such host, no route, no answer to the TCP connect
    "closed",  # accepted, then closed before the handshake
    "silent",  # accepted, nothing said
    "foreign",  # something else than TWS answers
    "client_id_busy",  # 326
    "account",  # account contradicts the mode, or is not in the login
    "outdated",  # TWS too old for the library
    "dropped",  # a working connection ended
    "asked",  # for a new connection by the user, or by QTrade without any fault
    "given_up",  # by QTrade: it stood, and was of no use
]

_MENUS = {
    "TWS": "File > Global Configuration > API > Settings",
    "IB Gateway": "Configure > Settings > API > Settings",
}


class ConnectFailure(Exception):
    """`new_port` is set when TWS said on which port it listens from now on (1300)."""

    def __init__(self, kind: FailureKind, reason: str, cure: str = "", new_port: int | None = None) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.cure = cure
        self.new_port = new_port


class Address(Struct, frozen=True):
    host: str
    port: int
    client_id: int

    @property
    def ip(self) -> str:
        """What to connect to: TWS does not listen on ::1."""
        return "127.0.0.1" if self.host == "localhost" else self.host

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def api_settings(port: int) -> str:
    """Where what has to be ticked is, in the program that usually listens on this port; of another port in both."""
    program = next((usual.program for usual in USUAL_GATEWAYS if usual.port == port), None)
    where = [f"{name}, {menu}" for name, menu in _MENUS.items() if program in (None, name)]
    sockets = "" if program == "IB Gateway" else "Enable ActiveX and Socket Clients, "  # the Gateway has no such box
    return (
        f"In {' or in '.join(where)}: tick {sockets}Read-Only API and Allow connections from localhost only, "
        f"and set the socket port to {port}."
    )


def refused(address: Address) -> ConnectFailure:
    return ConnectFailure(
        "refused",
        f"Nothing listens on {address}",
        "Start TWS or IB Gateway and log in. " + api_settings(address.port),
    )


def unreachable(address: Address, detail: str) -> ConnectFailure:
    return ConnectFailure(
        "unreachable", f"{address} cannot be reached ({detail})", "Check host and port in Settings > Broker."
    )


def closed_early(address: Address) -> ConnectFailure:
    return ConnectFailure(
        "closed",
        f"{address} accepted the connection and closed it at once",
        api_settings(address.port) + " If this machine is not the one TWS runs on, add its address to Trusted IPs.",
    )


def silent(address: Address, seconds: float) -> ConnectFailure:
    return ConnectFailure(
        "silent",
        f"{address} accepted the connection but said nothing for {seconds:g} s",
        "Look for a dialog in TWS that asks to accept the connection. If there is none, restart TWS or IB Gateway.",
    )


def foreign(address: Address, detail: str) -> ConnectFailure:
    return ConnectFailure(
        "foreign",
        f"{address}: {detail}",
        f"Check the port in Settings > Broker ({', '.join(each.words for each in USUAL_GATEWAYS)}).",
    )


def client_id_busy(address: Address) -> ConnectFailure:
    return ConnectFailure(
        "client_id_busy",
        f"Client id {address.client_id} is in use at {address}",
        "Close the other program that uses it, or choose another client id in Settings > Broker. "
        "After a broken connection TWS may need a minute to give it back.",
    )


def outdated(address: Address, detail: str) -> ConnectFailure:
    return ConnectFailure("outdated", f"{address}: {detail}", "Update TWS or IB Gateway to version 10.19 or later.")


def even_pace_s(kind: FailureKind, timings: Timings) -> float | None:
    """Seconds between tries where each failure comes at once and is answered by the same pause; None = it is not so."""
    return timings.retry_refused_s if kind in ("refused", "closed", "unreachable") else None


def retry_delay_s(kind: FailureKind, attempt: int, timings: Timings, jitter: float) -> float:
    """Seconds before try number `attempt` + 1. `jitter` 0-1 shortens the long waits by up to a seventh.

    Refused or closed before the handshake: a short, even pace for ever. Silent or client id in use: growing.
    """
    if kind in ("silent", "client_id_busy", "foreign", "outdated"):
        steps = timings.retry_busy_s if kind == "client_id_busy" else timings.retry_silent_s
        return steps[min(attempt, len(steps)) - 1] * (1.0 - 0.15 * jitter)
    if kind == "account":
        return timings.retry_mismatch_s
    if kind == "dropped":
        return timings.after_drop_s
    return 0.0 if kind in ("asked", "given_up") else timings.retry_refused_s
