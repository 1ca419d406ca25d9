"""Every message that a client may send, and where its own request id stands."""

from __future__ import annotations

# Index of the request id (of the order id in order messages) among the fields, the message id being field 0.
REQUEST_ID_AT: dict[int, int] = {
    **dict.fromkeys((1, 2, 4, 7, 9, 10, 11, 21, 23, 25, 50, 51, 52, 53, 54, 55, 56, 57), 2),
    **dict.fromkeys((62, 63, 67, 68, 69, 70, 74, 75, 76, 77), 2),
    **dict.fromkeys((3, 20, 22, 78, 79, 81, 83, 84, 86, 87, 88, 89, 90), 1),
    **dict.fromkeys((92, 93, 94, 95, 96, 97, 98, 100, 101, 102, 103, 104), 1),
    19: 4,  # replaceFA: behind its document
}
WITHOUT_ID = frozenset(
    {5, 6, 8, 12, 13, 14, 15, 16, 17, 18, 24, 49, 58, 59, 61, 64, 65, 66, 71, 72, 73, 80, 82, 85, 91, 99}
)
PROTOCOL = frozenset(REQUEST_ID_AT) | WITHOUT_ID  # of the served versions

PROTOBUF_OFFSET = 200  # from version 201 on a message may come as protobuf, its number raised by this
PROTOBUF_WITH_ID = frozenset(REQUEST_ID_AT) - {19}  # their first field is the request id
_VARINT_BYTES = 5


def request_id(fields: list[str]) -> int:
    """The message's own request id; -1 when it has none, or none that is a number."""
    try:
        return int(fields[REQUEST_ID_AT[int(fields[0])]])
    except (KeyError, IndexError, ValueError):
        return -1


def is_raw(payload: bytes) -> bool:
    """Whether the message begins with a raw four-byte number, as from version 201 on; text never holds such bytes."""
    return len(payload) >= 4 and payload[:2] == b"\0\0"


def raw_message(payload: bytes) -> tuple[int, int]:
    """(message id, request id) of a message with a raw number; an id without protobuf's 200, -1 = no request id."""
    number = int.from_bytes(payload[:4], "big")
    if number <= PROTOBUF_OFFSET:
        fields = [str(number), *payload[4:].decode("utf-8", "replace").split("\0")]
        return number, request_id(fields)
    message_id = number - PROTOBUF_OFFSET
    return message_id, _first_integer(payload[4:]) if message_id in PROTOBUF_WITH_ID else -1


def _first_integer(body: bytes) -> int:
    """Field 1 of a protobuf message, a varint; -1 when it begins with another field."""
    if body[:1] != b"\x08":
        return -1
    value = 0
    for place, byte in enumerate(body[1 : 1 + _VARINT_BYTES]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value
    return -1
