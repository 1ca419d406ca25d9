"""The frames in one direction of a watched connection, as fields. It only looks: the bytes go on as they came."""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

from simulator.wire.frames import PREFIX

MAX_FRAME_BYTES = 64 << 20  # more than any answer; a longer one is garbage, and nothing after it can be cut
RAW_IDS_FROM = 201  # server version: message ids are four bytes, and bodies above PROTOBUF_FROM are protobuf
PROTOBUF_FROM = 200

_LENGTH = struct.Struct(">I")
_TO_PRIVATE = {0xDC00 + byte: 0xF700 + byte for byte in range(0x80, 0x100)}
_PRIVATE = re.compile("[\uf780-\uf7ff]")
_FROM_PRIVATE = {private: escaped for escaped, private in _TO_PRIVATE.items()}


class Payload(NamedTuple):
    """`fields` None = a body that is not text: only its id and size are known."""

    fields: list[str] | None
    ended: bool  # the last field was closed by its NUL
    message_id: int
    size: int


class Cutter:
    """Feed it the bytes of one direction. `raw_ids` is set once a server version of the protobuf era is agreed."""

    def __init__(self, *, client: bool) -> None:
        self.raw_ids = False
        self.is_lost = False  # garbage came: no frame can be told any more
        self._client = client
        self._buffer = bytearray()
        self._greeted = not client

    def feed(self, data: bytes) -> list[bytes]:
        """The bodies that are complete by now, split anywhere as they may arrive."""
        if self.is_lost:
            return []
        self._buffer += data
        if not self._greeted and not self._take_greeting():
            return []
        bodies: list[bytes] = []
        offset = 0
        while len(self._buffer) - offset >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer, offset)
            if length > MAX_FRAME_BYTES:
                self._give_up()
                return bodies
            end = offset + _LENGTH.size + length
            if len(self._buffer) < end:
                break
            bodies.append(bytes(self._buffer[offset + _LENGTH.size : end]))
            offset = end
        del self._buffer[:offset]
        return bodies

    def _take_greeting(self) -> bool:
        head = bytes(self._buffer[: len(PREFIX)])
        if not PREFIX.startswith(head):
            self._give_up()
        elif len(head) == len(PREFIX):
            del self._buffer[: len(PREFIX)]
            self._greeted = True
        return self._greeted

    def _give_up(self) -> None:
        self.is_lost = True
        self._buffer.clear()


def payload_of(body: bytes, *, raw_ids: bool) -> Payload:
    """Bytes that are no UTF-8 become characters for private use, which go into the file; `to_bytes` turns them back."""
    if not raw_ids:
        fields, ended = _split(body)
        return Payload(fields, ended, int(fields[0]) if fields and fields[0].isdecimal() else -1, len(body))
    message_id = int.from_bytes(body[:4], "big")
    if message_id > PROTOBUF_FROM:
        return Payload(None, True, message_id - PROTOBUF_FROM, len(body))
    fields, ended = _split(body[4:])
    return Payload([str(message_id), *fields], ended, message_id, len(body))


def to_bytes(text: str) -> bytes:
    """The body as it came."""
    return text.encode() if text.isascii() else text.translate(_FROM_PRIVATE).encode("utf-8", "surrogateescape")


def _split(body: bytes) -> tuple[list[str], bool]:
    fields = _decoded(body).split("\0")
    if fields[-1] or len(fields) == 1:
        return fields, False
    fields.pop()
    return fields, True


def _decoded(body: bytes) -> str:
    if body.isascii():
        return body.decode("ascii")
    text = body.decode("utf-8", "surrogateescape")
    return _PRIVATE.sub(lambda match: _hidden(match[0].encode()), text).translate(_TO_PRIVATE)


def _hidden(data: bytes) -> str:
    """Bytes above 127 as characters for private use."""
    return "".join(chr(0xF700 + byte) for byte in data)
