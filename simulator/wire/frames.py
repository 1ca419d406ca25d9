"""Frames of the TWS socket: a four-byte length, then NUL-terminated fields."""

from __future__ import annotations

import struct

MAX_FRAME_BYTES = 1 << 20  # requests are small; a longer one is garbage
PREFIX = b"API\0"

_LENGTH = struct.Struct(">I")


class FrameError(ValueError):
    """The peer does not speak the protocol; the connection cannot be used any more."""


def frame(payload: str) -> bytes:
    """One outgoing message. `payload` already ends each field with NUL."""
    body = payload.encode("ascii") if payload.isascii() else escape(payload).encode("ascii")
    return _LENGTH.pack(len(body)) + body


def escape(text: str) -> str:
    """Non-ASCII characters as `\\uXXXX`, the way TWS sends them."""
    units = text.encode("utf-16-be")
    codes = (int.from_bytes(units[i : i + 2], "big") for i in range(0, len(units), 2))
    return "".join(chr(code) if code < 128 else f"\\u{code:04x}" for code in codes)


def text_of(payload: bytes) -> str:
    """The fields of an incoming message; bytes that are no text as escapes."""
    return payload.decode("utf-8", "backslashreplace")


class FrameReader:
    """Cuts the bytes of one connection into payloads; bytes may arrive split anywhere."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._greeted = False

    def feed(self, data: bytes) -> list[bytes]:
        """The complete payloads so far, NULs still inside. Raises FrameError on what no client sends."""
        self._buffer += data
        if not self._greeted and not self._take_greeting():
            return []
        payloads: list[bytes] = []
        offset = 0
        while len(self._buffer) - offset >= 4:
            (length,) = _LENGTH.unpack_from(self._buffer, offset)
            if length > MAX_FRAME_BYTES:
                raise FrameError(f"frame of {length} bytes, at most {MAX_FRAME_BYTES} are allowed")
            end = offset + 4 + length
            if len(self._buffer) < end:
                break
            payloads.append(bytes(self._buffer[offset + 4 : end]))
            offset = end
        del self._buffer[:offset]
        return payloads

    def _take_greeting(self) -> bool:
        head = bytes(self._buffer[: len(PREFIX)])
        if not PREFIX.startswith(head):
            raise FrameError(f"greeting {head!r}, expected {PREFIX!r}")
        if len(head) < len(PREFIX):
            return False
        del self._buffer[: len(PREFIX)]
        self._greeted = True
        return True
