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

_SURROGATES = re.compile("[\ud800-\udfff]")
_SHOWN_BYTE = re.compile(rb"\\x([89a-f][0-9a-f])")


def encodable(text: str) -> str:
    """The text itself where it can be encoded; else with `\\xNN` for raw bytes and U+FFFD for halves of signs."""
    if text.isascii():
        return text
    return _SURROGATES.sub(_shown, text)


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


def to_json(value: Any) -> bytes:
    """JSON of a struct or of plain values; NaN and infinity become null."""
    return encoded(msgspec.json.encode, value)
