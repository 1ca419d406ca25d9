"""Position arithmetic: pure, in the contract's currency."""

from __future__ import annotations

from collections.abc import Iterable


def unrealized_pnl(quantity: float, price: float | None, multiplier: float, avg_cost: float | None) -> float | None:
    """quantity x (price x multiplier - avg_cost), to the cent; IB's avgCost already includes the multiplier."""
    if price is None or avg_cost is None:
        return None
    return round(quantity * (price * multiplier - avg_cost), 2)


def exposure(quantity: float, price: float | None, multiplier: float) -> float | None:
    """|quantity x price x multiplier|; None without a price."""
    if price is None:
        return None
    return abs(quantity * price * multiplier)


def average_price(avg_cost: float | None, multiplier: float) -> float | None:
    """Cost per point: commissions are in it, so it need not lie on the tick grid."""
    return avg_cost / multiplier if avg_cost is not None and multiplier else avg_cost


def total(parts: Iterable[float | None]) -> float | None:
    """Sum of what is known; None when nothing is."""
    known = [part for part in parts if part is not None]
    return round(sum(known), 2) if known else None


def share_pct(part: float | None, whole: float | None) -> float | None:
    if part is None or not whole:
        return None
    return part / whole * 100.0
