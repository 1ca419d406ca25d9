"""Short connections beside the one that works: is there a TWS at an address, and is a client id free?

The first is the handshake alone and uses up no client id; the second takes the id for a moment. Framing and greeting
after the IB API's connection protocol: "API", NUL, then a length-prefixed version range.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Sequence

from engine.broker.failures import api_settings
from engine.config import USUAL_GATEWAYS, UsualGateway

_TIMEOUT_S = 3.0
_HELLO = b"v157..176"
_ELSEWHERE_S = 1.0
_LONGEST = 1 << 20  # bytes of a message that a gateway greets with


async def probe(
    host: str, port: int, timeout_s: float = _TIMEOUT_S, usual: Sequence[UsualGateway] = USUAL_GATEWAYS
) -> tuple[bool, str]:
    """(reachable, sentence for the user), which says which of the usual ports answers instead.

    Where no TWS API answers, words and time are the same whether the port is closed, silent or another program's:
    nobody learns from this what else runs there. Never raises.
    """
    loop = asyncio.get_running_loop()
    where, due = f"{host}:{port}", loop.time() + timeout_s + _ELSEWHERE_S
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                return True, f"{where} answers: TWS API, server version {await _greet(reader, writer)}."
            finally:
                writer.close()
    except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
        pass
    found = await _listening_instead(host, [each for each in usual if each.port != port])
    await asyncio.sleep(max(0.0, due - loop.time()))
    return False, f"No TWS API answers at {where}. {found}{api_settings(port)} TWS may show a dialog: look there, too."


async def _listening_instead(host: str, others: Sequence[UsualGateway]) -> str:
    """Which of these answers on that machine, and what to do."""
    answers = await asyncio.gather(*(_answers(host, each.port) for each in others))
    found = [each for each, answered in zip(others, answers, strict=True) if answered]
    if not found:
        return "Start TWS or IB Gateway and log in. "
    words = " and ".join(f"{each.port} (usually {each.program} {each.mode})" for each in found)
    return f"But a TWS API answers at {words}. Choose that one, or change the port. "


async def _answers(host: str, port: int) -> bool:
    """The handshake alone, as the test itself."""
    try:
        async with asyncio.timeout(_ELSEWHERE_S):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                return await _greet(reader, writer) > 0
            finally:
                writer.close()
    except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
        return False


async def is_free(host: str, port: int, client_id: int, timeout_s: float = _TIMEOUT_S) -> bool:
    """Whether TWS takes this client id now; it is given back at once. False when there is no telling. Never raises."""
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                await _greet(reader, writer)
                writer.write(_framed(f"71\x002\x00{client_id}\x00\x00".encode()))
                return await _is_taken_in(reader)
            finally:
                writer.close()
    except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
        return False


async def greeting(host: str, port: int, timeout_s: float = _TIMEOUT_S) -> str:
    """The time that TWS greets with ("20251110 05:31:04 EST"), in its own zone; "" = it says none. Never raises."""
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                return (await _greeted(reader, writer))[1]
            finally:
                writer.close()
    except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
        return ""


async def _is_taken_in(reader: asyncio.StreamReader) -> bool:
    """The first id comes to who may stay; to others an error, and the end."""
    while True:
        (length,) = struct.unpack(">I", await reader.readexactly(4))
        if length > _LONGEST:
            raise ValueError(f"a message of {length} bytes")
        fields = (await reader.readexactly(length)).split(b"\0")
        if fields[0] == b"9":
            return True
        if fields[0] == b"4" and b"326" in fields[2:4]:
            return False


def _framed(body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + body


async def _greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
    return (await _greeted(reader, writer))[0]


async def _greeted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[int, str]:
    """Server version, time."""
    writer.write(b"API\0" + _framed(_HELLO))
    await writer.drain()
    (length,) = struct.unpack(">I", await reader.readexactly(4))
    if not 1 <= length <= 256:
        raise ValueError(f"a greeting of {length} bytes")
    version, _, time = (await reader.readexactly(length)).partition(b"\0")
    return int(version), time.partition(b"\0")[0].decode("ascii", "replace")
