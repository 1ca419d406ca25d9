"""How many decimals a price has, for the texts of the engine and of the app. Pure."""

from __future__ import annotations

MOST_DECIMALS = 8
_DIGITS = 9  # of a price without the dust of binary fractions
_FINER = 2  # decimals that averages may have beyond the prices


def tick_decimals(min_tick: float | None) -> int:
    """Decimals that a tick needs: 0.25 -> 2, 0.0000005 -> 7; 0 when it is not known."""
    return len(f"{min_tick:.8f}".rstrip("0").partition(".")[2]) if min_tick else 0


def price_decimals(price: float | None, sec_type: str = "STK") -> int:
    """Two decimals, four under one and for currencies, seven for what is quoted in hundredths (a yen future)."""
    if price is None:
        return 2
    if 0.0 < abs(price) < 0.05:
        return 7
    if sec_type == "CASH" or 0.0 < abs(price) < 1.0 and sec_type not in ("OPT", "FOP"):
        return 4
    return 2


def contract_decimals(min_tick: float | None, price: float | None, sec_type: str) -> int:
    """Decimals of a contract's prices: those of its tick, at least those of its price."""
    return max(tick_decimals(min_tick), price_decimals(price, sec_type))


def exact_decimals(price: float) -> int:
    """Decimals of a price that lies on its tick grid, at least two: 100.5 -> 2, 1.15023 -> 5, 0.0065435 -> 7."""
    digits = f"{float(f'{price:.{_DIGITS}g}'):.{MOST_DECIMALS}f}".rstrip("0").partition(".")[2]
    return max(2, len(digits))


def level_decimals(level: float, decimals: int | None) -> int:
    """Of a price that somebody chose: the contract's (None = not known), and never fewer than it was given with."""
    return max(exact_decimals(level), decimals or 0)


def average_decimals(value: float, decimals: int) -> int:
    """Decimals of an average, a difference or a range of prices: theirs, more where two digits would not be seen."""
    for finer in range(_FINER):
        if abs(value) * 10.0 ** (decimals + finer) >= 10.0:
            return decimals + finer
    return decimals + _FINER
