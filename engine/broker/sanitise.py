"""The one boundary for numbers: what TWS and the client library use for "missing" becomes None here, nowhere else.

Missing is NaN, +-infinity, anything beyond 1e300 (TWS' unset double is 1.7976931348623157E308), a price of -1 in
money (so -100 for a contract that is quoted in cents) with no size, 0 with no size, any price < 0 of
what has none (stocks, warrants), and 0 of what is never worthless.
"""

from __future__ import annotations

HUGE = 1e300  # TWS' unset double is far beyond
_ANY_PLACEHOLDER = frozenset({-1.0, -10.0, -100.0, -1_000.0, -10_000.0})


def number(value: float | None) -> float | None:
    """A finite number of any sign, else None."""
    if value is None or not -HUGE < value < HUGE:  # false for NaN too
        return None
    return value


def quantity(value: float | None) -> float | None:
    """A size or volume: 0 or more, else None."""
    if value is None or not 0.0 <= value < HUGE:
        return None
    return value


def price(
    value: float | None, size: float | None, *, may_be_negative: bool, may_be_zero: bool = False,
    magnifier: float | None = None,
) -> float | None:  # fmt: skip
    """A price in the unit of the quotes, else None. `size` None = the price has none (open, close).

    0 and less are prices where the market has them (`may_be_negative`, which includes 0; `may_be_zero`: nothing below
    it). 0 only with a size, because TWS also sends it for "none"; -1 in money only with a size. `magnifier` None = the
    contract's details are not known: -1 times any magnifier is taken for "none".
    """
    if value is None:
        return None
    if 0.0 < value < HUGE:
        return value
    has_size = size is not None and size > 0.0
    if value == 0.0:
        return 0.0 if has_size and (may_be_zero or may_be_negative) else None
    if not may_be_negative or not -HUGE < value < 0.0:
        return None
    return None if not has_size and _is_placeholder(value, magnifier) else value


def _is_placeholder(value: float, magnifier: float | None) -> bool:
    if magnifier is None:
        return value in _ANY_PLACEHOLDER
    return value == -1.0 or value == -magnifier


def is_garbage(value: float | None) -> bool:
    """Not a number at all (NaN, infinity, unset): says nothing, so the last known value stays."""
    return value is None or not -HUGE < value < HUGE


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
