"""What a text of an address says: a number, a time, a trade date. Pure; None = it says none that can be worked with."""

from __future__ import annotations

import math
import re
from datetime import date
from typing import Final

from engine.trades.execution import date_of

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_DIGITS: Final = 9


def finite(text: str) -> float | None:
    """A number, e.g. a time in epoch seconds."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def whole(text: str, most: int) -> int | None:
    """A whole number from 1 to `most`, in plain digits."""
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        return None
    value = int(text)
    return value if 1 <= value <= most else None


def trade_date(text: str) -> date | None:
    """ "2025-11-10" """
    return date_of(text.replace("-", "")) if _DAY.fullmatch(text) else None
