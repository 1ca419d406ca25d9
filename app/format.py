"""Numbers, ages and names as the screen shows them. Pure; `assets/core/format.mjs` mirrors every function here.

True minus U+2212, thousands by comma, a missing value is an en dash. No function invents a value: None stays missing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

MINUS: Final = "−"
MISSING: Final = "–"
UP: Final = "▲"
DOWN: Final = "▼"
# Classes of market-data lines in words, in the order of priority, and their letters in the gauge.
LINE_CLASSES: Final = {"100": "Position", "pinned": "Pinned", "50": "Top", "25": "Normal", "coverage": "Coverage"}
CLASS_LETTERS: Final = {"100": "p", "pinned": "i", "50": "t", "25": "n", "coverage": "c"}
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_OCC: Final = re.compile(
    r"(\S{1,6}) *(\d\d)(0[1-9]|1[0-2])(\d\d)([CP])(\d{5})(\d{3})"
)  # root, day, right, strike in mills


def number(value: float | None, decimals: int = 0) -> str:
    """184311.456 -> "184,311.46"; halves go away from zero as a trader rounds; minus zero is zero."""
    if value is None:
        return MISSING
    text = f"{_rounded(abs(value), decimals):,.{decimals}f}"
    is_zero = not any(c in "123456789" for c in text)
    return text if value >= 0 or is_zero else MINUS + text


def signed(value: float | None, decimals: int = 2) -> str:
    """-2624.52 -> "−2,624.52", 240 -> "+240.00"; zero carries no sign."""
    if value is None:
        return MISSING
    text = number(value, decimals)
    return text if tone(value, decimals) in ("loss", "flat") else "+" + text


def percent(value: float | None, decimals: int = 2) -> str:
    """A signed percentage on the 0-100 scale: "−1.40 %"."""
    return MISSING if value is None else f"{signed(value, decimals)} %"


def share(value: float | None, decimals: int = 1) -> str:
    """An unsigned percentage on the 0-100 scale: "83.2 %"."""
    return MISSING if value is None else f"{number(value, decimals)} %"


def times(value: float | None, decimals: int = 1) -> str:
    """A multiple: 3.84 -> "3.8×"."""
    return MISSING if value is None else f"{number(value, decimals)}×"


def tone(value: float | None, decimals: int = 2) -> str:
    """ "gain", "loss" or "flat", judged on what is shown: -0.001 at two decimals is flat."""
    if value is None:
        return "flat"
    shown = _rounded(abs(value), decimals)
    if shown == 0:
        return "flat"
    return "gain" if value > 0 else "loss"


def arrow(value: float | None, decimals: int = 2) -> str:
    """The sign as a shape, "" when flat or missing."""
    return {"gain": UP, "loss": DOWN, "flat": ""}[tone(value, decimals)]


def quantity(value: float | None) -> str:
    """Plain digits: whole numbers without decimals, fractions with up to eight (a bitcoin has as many)."""
    if value is None:
        return MISSING
    whole_digits = len(str(int(abs(value))))
    text = number(value, max(1, min(8, 15 - whole_digits)))  # more digits a float doesn't hold
    return text.rstrip("0").rstrip(".")


def age(seconds: float | None) -> str:
    """How old: "0.4 s", "42 s", "5 min 48 s", "2 h 05 min", "3 d 4 h". Never negative."""
    if seconds is None:
        return MISSING
    seconds = max(0.0, seconds)
    if seconds < 9.95:
        return f"{_rounded(seconds, 1):.1f} s"
    whole = int(_rounded(seconds, 0))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes:02d} min"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h"


def held(seconds: float | None) -> str:
    """A duration as a stopwatch: "2:11", "17:44", "2:30:26"; from two days on "20 d 23 h"."""
    if seconds is None:
        return MISSING
    whole = int(max(0.0, seconds))
    hours, rest = divmod(whole, 3600)
    minutes, secs = divmod(rest, 60)
    if hours >= 48:
        return f"{hours // 24} d {hours % 24} h"
    return f"{hours}:{minutes:02d}:{secs:02d}" if hours else f"{minutes}:{secs:02d}"


def redacted(account: str | None) -> str:
    """ "DU1234567" -> "DU***567": enough to tell accounts apart, not enough to use."""
    if not account:
        return MISSING
    if len(account) < 6:
        return account[:1] + "***"
    return f"{account[:2]}***{account[-3:]}"


def account_labels(accounts: Sequence[str]) -> dict[str, str]:
    """Each account redacted, with as many of its last digits as tell it from the others."""
    for shown in range(3, max((len(name) for name in accounts), default=3) + 1):
        labels = {
            name: f"{name[:2]}***{name[-shown:]}" if len(name) >= shown + 3 else redacted(name) for name in accounts
        }
        if len(set(labels.values())) == len(labels):
            return labels
    return {name: f"{redacted(name)} ({place})" for place, name in enumerate(accounts, 1)}


def named(local_symbol: str, year: int) -> str:
    """An option's OCC symbol as it is read, "AAPL  251219C00300000" -> "AAPL 300 C 19 Dec"; any other name is itself.

    `year` is the present one: a day of another says its own.
    """
    found = _OCC.fullmatch(local_symbol)
    if found is None:
        return local_symbol
    root, its_year, month, day, right, whole, mills = found.groups()
    strike = f"{int(whole)}.{mills}".rstrip("0").rstrip(".")
    other = "" if int(its_year) == year % 100 else f" {its_year}"
    return f"{root} {strike} {right} {int(day)} {MONTHS[int(month) - 1]}{other}"


def short_name(local_symbol: str, year: int) -> str:
    """A name that fits a mark on a chart."""
    name = named(local_symbol, year)
    return name if len(name) <= 10 or name != local_symbol else f"{name.split()[0][:8]} …"


def plural(count: int, word: str, many: str | None = None) -> str:
    """ "1 fill", "4 fills", "0 entries"."""
    return f"{count:,} {word if count == 1 else many or word + 's'}"


def _rounded(value: float, decimals: int) -> float:
    """Half away from zero on a non-negative value, with a hair of tolerance for binary fractions."""
    scale = 10.0**decimals
    return float(int(value * scale + 0.5 + 1e-9) / scale)
