"""Text that can be written as UTF-8, whatever the system or a gateway handed out. Pure but for `path_of`.

A folder name whose bytes are no UTF-8 reaches Python with surrogates in it, which no JSON, log or page can carry. It is
shown with `\\xNN` for each such byte, and found again by `path_of`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_SURROGATES = re.compile("[\ud800-\udfff]")
# The same in JSON, as far as it can be told apart from bytes of other signs; what is found in vain costs time alone.
_STEERING = re.compile(
    rb"\\u00[01][0-9a-f]|\x7f|\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf"
    rb"|\xef\xbf[\xb9-\xbb]|\xf3\xa0[\x80\x81]"
)
_SHOWN_BYTE = re.compile(rb"\\x([89a-f][0-9a-f])")


def encodable(text: str) -> str:
    """The text itself where it can be encoded; else with `\\xNN` for raw bytes and U+FFFD for halves of signs."""
    if text.isascii():
        return text
    return _SURROGATES.sub(_shown, text)


def printable(text: str, keep: str = "") -> str:
    """The text with every sign that steers a terminal, or that nobody sees, written out: `\\x1b`, `\\u202e`.

    C0 and C1 controls, line ends, direction marks, joiners without width. `keep`: signs that stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return encodable(_UNSEEN.sub(lambda found: found.group() if found.group() in keep else _spelt(found.group()), text))


def _spelt(sign: str) -> str:
    code = ord(sign)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x1_0000 else f"\\U{code:08x}"


def _shown(found: re.Match[str]) -> str:
    code = ord(found.group())
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else "\ufffd"


def path_of(shown: str) -> Path:
    """The path that `encodable` showed, or that was typed so."""
    path = Path(shown)
    if "\\x" not in shown or _exists(path):
        return path
    raw = _SHOWN_BYTE.sub(lambda found: bytes([int(found.group(1), 16)]), os.fsencode(shown))
    meant = Path(os.fsdecode(raw))
    return meant if _exists(meant) else path


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # too long for any file system, or not ours to look at
        return False


def plain_value(value: Any) -> Any:
    """Plain values (dicts, lists, texts) with every text made encodable; bytes and numbers stay."""
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, dict):
        return {plain_value(key): plain_value(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_value(entry) for entry in value]
    return value


def encoded(encode: Callable[[Any], bytes], value: Any) -> bytes:
    """`value` by msgspec's `encode`, with its texts made encodable where one is not."""
    try:
        return encode(value)
    except UnicodeEncodeError:
        plain = msgspec.to_builtins(value, builtin_types=(bytes, bytearray, memoryview), str_keys=False)
        return encode(plain_value(plain))


def to_page_json(value: Any) -> bytes:
    """As `to_json`, for what a page shows: no sign in it that nobody sees, or that turns a line around."""
    written = to_json(value)
    return to_json(_printable_value(msgspec.json.decode(written))) if _STEERING.search(written) else written


def _printable_value(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value, keep="\n\t\r")
    if isinstance(value, dict):
        return {_printable_value(key): _printable_value(entry) for key, entry in value.items()}
    return [_printable_value(entry) for entry in value] if isinstance(value, list) else value


def to_json(value: Any) -> bytes:
    """JSON of a struct or of plain values; NaN and infinity become null."""
    return encoded(msgspec.json.encode, value)
