"""The file format of a recorded session: gzipped JSON lines.

The first line is the header, an object. Every other line is an array `[t, c, what, content]`: `t` seconds since the
recording began (monotonic), `c` the number of the connection (0 = none), and

- `>` / `<`: a message of the client / of TWS; content = its fields without the last NUL (`>!`, `<!`: it had none)
- `open`, `refused`, `greeting`, `version`, `closed`, `garbage`, `withheld`, `order`, `lost`, `end`: content = an object
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, NamedTuple

FORMAT = 1
FROM_CLIENT, FROM_SERVER = ">", "<"
UNENDED = "!"  # after the direction: the message did not end with NUL
GREETING, VERSION, OPEN, CLOSED, REFUSED = "greeting", "version", "open", "closed", "refused"
GARBAGE, WITHHELD, ORDER, LOST, END = "garbage", "withheld", "order", "lost", "end"


@dataclass(slots=True)
class Header:
    """`began` is ISO, UTC, of the recording machine's wall clock; `zone` that machine's, as it calls it.

    `server_version` is the first one that was negotiated; None = none was within the header's first moment.
    """

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


def header_line(header: Header) -> bytes:
    return _line({"tape": FORMAT, **asdict(header)})


def entry_line(t: float, connection: int, what: str, content: list[str] | dict[str, Any]) -> bytes:
    return _line([round(t, 3), connection, what, content])


def _line(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def read_header(line: bytes) -> Header:
    """Raises NotATape."""
    try:
        said = json.loads(line)
    except ValueError:
        said = None
    if not isinstance(said, dict) or not isinstance(said.get("tape"), int):
        raise NotATape("its first line is no header of a recording")
    if said["tape"] > FORMAT:
        raise NotATape(f"it is of format {said['tape']}, this program knows {FORMAT}: update QTrade")
    try:
        datetime.fromisoformat(said["began"])
        version = said["server_version"]
        return Header(str(said["build"]), said["began"], str(said["zone"]), version, bool(said["redacted"]))
    except (KeyError, TypeError, ValueError) as problem:
        raise NotATape(f"its header is not whole ({type(problem).__name__}: {problem})") from None


def read_entry(line: bytes) -> Entry | None:
    """None for a line that is none: cut off in the middle, or damaged."""
    try:
        t, connection, what, content = json.loads(line)
    except (ValueError, TypeError):
        return None
    if not (isinstance(t, int | float) and isinstance(connection, int) and isinstance(what, str) and what):
        return None
    if isinstance(content, dict):
        return Entry(t, connection, what, [], content)
    if isinstance(content, list) and all(isinstance(field, str) for field in content):
        return Entry(t, connection, what, content, {})
    return None
