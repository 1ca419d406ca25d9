"""The file format of a recorded session: gzipped JSON lines.

The first line is the header, an object. Every other line is an array `[t, c, what, content]`: `t` seconds since the
recording began (monotonic), `c` the number of the connection (0 = none), and

- `>` / `<`: a message of the client / of TWS; content = its fields without the last NUL (`>!`, `<!`: it had none)
- `open`, `refused`, `greeting`, `version`, `closed`, `garbage`, `withheld`, `order`, `lost`, `end`: content = an object
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

FORMAT = 1
FROM_CLIENT, FROM_SERVER = ">", "<"
UNENDED = "!"  # after the direction: the message did not end with NUL
GREETING, VERSION, OPEN, CLOSED, REFUSED = "greeting", "version", "open", "closed", "refused"
GARBAGE, WITHHELD, ORDER, LOST, END = "garbage", "withheld", "order", "lost", "end"


class Header(msgspec.Struct, kw_only=True):
    """`began` is ISO, UTC, of the recording machine's wall clock; `zone` that machine's, as it calls it.

    `server_version` is the first one that was negotiated; None = none was within the header's first moment.
    """

    tape: int = FORMAT
    build: str
    began: str
    zone: str
    server_version: int | None
    redacted: bool = True


class Entry(NamedTuple):
    """One line after the header; `fields` of messages, `about` of everything else."""

    t: float
    connection: int
    what: str
    fields: list[str]
    about: dict[str, Any]


class NotATape(ValueError):
    """The file is something else, or of a format that this program does not know."""


_encoder = msgspec.json.Encoder()
_header_decoder = msgspec.json.Decoder(Header)
_line_decoder = msgspec.json.Decoder(tuple[float, int, str, list[str] | dict[str, Any]])


def header_line(header: Header) -> bytes:
    return _encoder.encode(header) + b"\n"


def entry_line(t: float, connection: int, what: str, content: list[str] | dict[str, Any]) -> bytes:
    return _encoder.encode((round(t, 3), connection, what, content)) + b"\n"


def read_header(line: bytes) -> Header:
    """Raises NotATape."""
    try:
        header = _header_decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise NotATape(f"its first line is no header of a recording ({problem})") from None
    if header.tape > FORMAT:
        raise NotATape(f"it is of format {header.tape}, this program knows {FORMAT}: update QTrade")
    return header


def read_entry(line: bytes) -> Entry | None:
    """None for a line that is none: cut off in the middle, or damaged."""
    try:
        t, connection, what, content = _line_decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if isinstance(content, dict):
        return Entry(t, connection, what, [], content)
    return Entry(t, connection, what, content, {})
