"""Texts and numbers as they stand on TWS' wire, made readable and written so that TWS can read them. Pure.

TWS writes ASCII with `\\uXXXX` escapes, or the bytes of whatever code page its machine uses; the client library turns
bytes that are no UTF-8 into `\\xNN`. Nothing here can fail: what can't be read is shown as the replacement sign.
"""

from __future__ import annotations

import re
from decimal import Decimal

# Code pages of the markets whose names came so; Windows' western page for all others.
_CODE_PAGES = {
    "TWD": "big5hkscs",
    "HKD": "big5hkscs",
    "CNH": "gb18030",
    "CNY": "gb18030",
    "JPY": "cp932",
    "KRW": "cp949",
    "RUB": "cp1251",
    "ILS": "cp1255",
}
_WESTERN = "cp1252"
LONGEST = 2_000  # of a message
NAME_MOST, LONG_NAME_MOST = 64, 160  # IB's own are half as long at most
_UNICODE = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")
_BYTE = re.compile(rb"\\x([89a-f][0-9a-f])")  # a byte that was no UTF-8, as the library writes it
_POWER_OF_TEN = re.compile(r"[+-]?\d+(?:\.\d*)?[eE][+-]?\d{1,2}")
# Controls, and what nobody sees: marks of direction, joiners without width.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+")


def readable(text: str, currency: str = "", most: int = LONGEST) -> str:
    """The text as a person reads it, on one line of at most `most` signs; `currency` of the contract tells the code
    page."""
    shown = _read(text, currency)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def _read(text: str, currency: str) -> str:
    if text.isascii() and "\\" not in text and text.isprintable():
        return text
    if "\\x" in text:
        text = _from_bytes(text, currency)
    if "\\u" in text:
        text = _UNICODE.sub(lambda found: _from_units(found.group()), text)
    text = _CONTROL.sub(" ", text)
    return text.encode("utf-8", "replace").decode() if _has_surrogate(text) else text


def _from_bytes(text: str, currency: str) -> str:
    """From the bytes as they came, those that happened to be UTF-8 included."""
    raw = _BYTE.sub(lambda found: bytes([int(found.group(1), 16)]), text.encode("utf-8", "replace"))
    for page in ("utf-8", _CODE_PAGES.get(currency, _WESTERN)):
        try:
            return raw.decode(page)
        except UnicodeDecodeError:
            continue
    return raw.decode(_WESTERN, "replace")


def _from_units(run: str) -> str:
    """Escapes are UTF-16 units: two make a sign beyond the basic plane; a half of one is no sign."""
    units = b"".join(int(unit, 16).to_bytes(2, "big") for unit in run.split("\\u")[1:])
    return units.decode("utf-16-be", "replace")


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= sign <= "\udfff" for sign in text)


def escaped(text: str) -> str:
    """The text as the library's own decoding of escapes gives it back unchanged."""
    return text.encode("unicode_escape").decode("ascii")


def wire_number(value: float) -> str:
    """A number without powers of ten, in the fewest digits that give it back: 12500000, 0.00001, 0.5."""
    text = format(Decimal(repr(float(value))), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def plain_number_text(text: str) -> str:
    """A text that may be a number with a power of ten ("1e6" of a user's filter), without it; any other unchanged."""
    return wire_number(float(text)) if _POWER_OF_TEN.fullmatch(text) else text


class WireFloat(float):
    """A number that the library writes as `wire_number`: it would write 0.00001 as 1e-05."""

    __slots__ = ()

    def __str__(self) -> str:
        return wire_number(self)
