"""Test of another address: the first handshake of the TWS API, nothing else; no client id is used up.

Framing and greeting after the IB API's connection protocol: "API", NUL, then a length-prefixed version range.
"""

from __future__ import annotations

import asyncio
import struct

_TIMEOUT_S = 4.0
_HELLO = b"v157..176"


async def probe(host: str, port: int, timeout_s: float = _TIMEOUT_S) -> tuple[bool, str]:
    """(reachable, sentence for the user). Never raises."""
    where = f"{host}:{port}"
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                return True, f"{where} answers: TWS API, server version {await _greet(reader, writer)}."
            finally:
                writer.close()
    except ConnectionRefusedError:
        return False, f"Nothing listens at {where}. Start TWS and enable its API, or correct the port."
    except TimeoutError:
        return (
            False,
            f"{where} does not answer the API handshake in {timeout_s:g} s. TWS may show a dialog: look there.",
        )
    except (OSError, asyncio.IncompleteReadError, ValueError) as error:
        return False, f"{where} closed the connection or is not the TWS API ({type(error).__name__})."


async def _greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
    writer.write(b"API\0" + struct.pack(">I", len(_HELLO)) + _HELLO)
    await writer.drain()
    (length,) = struct.unpack(">I", await reader.readexactly(4))
    if not 1 <= length <= 256:
        raise ValueError(f"a greeting of {length} bytes")
    version, _, _ = (await reader.readexactly(length)).partition(b"\0")
    return int(version)
