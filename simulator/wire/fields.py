"""How TWS writes numbers into fields."""

from __future__ import annotations

import math
from functools import lru_cache

UNSET_DOUBLE = "1.7976931348623157E308"
UNSET_INT = "2147483647"


def number(value: float | None) -> str:
    """Shortest text; empty for None; whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, int):
        return str(value)
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return repr(round(value, 8)).replace("e", "E")


def double(value: float | None) -> str:
    """As Java prints a double: always with a point; None = the unset value."""
    if value is None:
        return UNSET_DOUBLE
    return repr(float(value)).replace("e+", "E").replace("e", "E")


def money(value: float | None) -> str:
    """Two decimals, as account values and P&L rows have them; None = the unset value."""
    return UNSET_DOUBLE if value is None else f"{value + 0.0:.2f}"


@lru_cache(maxsize=64)
def decimals_of(min_tick: float) -> int:
    """Decimals that a price on this grid needs: 0.01 -> 2, 0.25 -> 2, 0.0001 -> 4, 1 -> 2."""
    text = f"{min_tick:.8f}".rstrip("0")
    return max(2, len(text) - text.index(".") - 1)


def price(value: float, decimals: int) -> str:
    return f"{value:.{decimals}f}"


def size(value: float | None, fractional: bool, decimals: int = 2) -> str:
    """A size or volume. Versions before 163 know whole numbers only; empty for None."""
    if value is None:
        return ""
    if not fractional:
        return str(math.floor(value))
    return number(round(value, decimals))


def flag(value: bool) -> str:
    return "1" if value else "0"


def payload(*values: object) -> str:
    """Fields to a payload: text as it is, None empty, bool 1/0, int plain, float shortest."""
    return "".join([f"{_text(value)}\0" for value in values])


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return flag(value)
    if isinstance(value, int | float):
        return number(value)
    raise TypeError(f"no field text for {value!r}")
