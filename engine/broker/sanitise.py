"""The one boundary for numbers: what TWS and the client library use for "missing" becomes None here, nowhere else.

Missing is NaN, +-infinity, anything beyond 1e300 (TWS' unset double is 1.7976931348623157E308), a price of -1 or 0
with no size, and any price <= 0 of a stock.
"""

from __future__ import annotations

_HUGE = 1e300


def number(value: float | None) -> float | None:
    """A finite number of any sign, else None."""
    if value is None or not -_HUGE < value < _HUGE:  # false for NaN too
        return None
    return value


def quantity(value: float | None) -> float | None:
    """A size or volume: 0 or more, else None."""
    if value is None or not 0.0 <= value < _HUGE:
        return None
    return value


def price(value: float | None, size: float | None, *, may_be_negative: bool) -> float | None:
    """A price, else None. `size` None = the price has none (open, close); negative only where the market has it.

    Zero never passes: TWS sends it for "none".
    """
    if value is None or not -_HUGE < value < _HUGE or value == 0.0:
        return None
    if value > 0.0:
        return value
    if not may_be_negative or (value == -1.0 and not size):
        return None
    return value


def is_garbage(value: float | None) -> bool:
    """Not a number at all (NaN, infinity, unset): says nothing, so the last known value stays."""
    return value is None or not -_HUGE < value < _HUGE


def parsed_number(text: str) -> float | None:
    """An account value's text as a number; None for "true", "", "1.7976931348623157E308"."""
    try:
        return number(float(text))
    except ValueError:
        return None


def words(text: str) -> str:
    """An account value that is no number, as text; "" for a number, also an unset one."""
    try:
        float(text)
    except ValueError:
        return text.strip()
    return ""
