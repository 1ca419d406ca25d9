"""What the size of a position is worked out from, beside its quote: money of a point, step, rate, volume, margin. Pure.

The size itself is worked out in the browser (`assets/core/sizing.mjs`), as fast as one types, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from engine.bars.indicators import finite, true_range, wilder_last
from engine.domain import Bar, ContractInfo, ContractRef
from engine.portfolio.valuation import Terms
from engine.state.sections import AccountFigures, SizingFacts

VOLUME_DAYS, LEAST_VOLUME_DAYS = 20, 5
ATR_LENGTH = 14
REG_T_FLOOR_USD = 5.0  # below, brokers ask for more than Regulation T does
_REG_T = 0.5
_PREVIEW = "IB tells it in the preview of an order alone, and QTrade sends none"
_BY_INCREMENT = frozenset({"CRYPTO"})  # sizes may be fractions of one; of shares QTrade counts whole ones


class Margin(NamedTuple):
    """Shares of a notional that a new position ties up: an estimate. None = not known; `source` says whose, or why."""

    long: float | None
    short: float | None
    source: str


def margin_of(sec_type: str, currency: str, price: float | None) -> Margin:
    """The common rule for a contract's type, where there is one."""
    if sec_type == "STK":
        if currency != "USD":
            return Margin(None, None, f"No common rule for shares in {currency}: {_PREVIEW}")
        if price is None or price < REG_T_FLOOR_USD:
            return Margin(None, None, f"Under 5 dollars a share more than Regulation T's half is due: {_PREVIEW}")
        words = "Estimate: Regulation T, half of the value; IB may ask for more, a portfolio margin for less"
        return Margin(_REG_T, _REG_T, words)
    if sec_type in ("OPT", "FOP", "WAR"):
        return Margin(1.0, None, f"Estimate: what is bought is paid in full; of what is sold, {_PREVIEW}")
    if sec_type == "CRYPTO":
        return Margin(1.0, None, "Estimate: coins are paid in full")
    if sec_type in ("FUT", "CONTFUT"):
        return Margin(None, None, f"A future's margin is its exchange's and IB's: {_PREVIEW}")
    return Margin(None, None, f"No common rule for this type: {_PREVIEW}")


def step_of(sec_type: str, info: ContractInfo | None) -> float:
    """Sizes are whole multiples of it: one share or contract, a board lot where details name one."""
    told = info.size_increment if info is not None else None
    if told is None:
        return 1.0
    return told if sec_type in _BY_INCREMENT else max(1.0, told)


def average_volume(daily: Sequence[Bar]) -> tuple[float | None, int]:
    """Mean volume of the newest 20 days whose volume is known, and how many they are; None of fewer than five."""
    known = [bar.volume for bar in daily[-VOLUME_DAYS:] if bar.volume is not None]
    return (sum(known) / len(known), len(known)) if len(known) >= LEAST_VOLUME_DAYS else (None, len(known))


def day_atr(daily: Sequence[Bar]) -> float | None:
    """ATR(14, Wilder) of whole days; None of fewer."""
    if len(daily) < ATR_LENGTH + 1:
        return None
    high, low, close = (np.array([getattr(bar, name) for bar in daily]) for name in ("high", "low", "close"))
    ranges = true_range(high, low, close)
    value = wilder_last(ranges, ATR_LENGTH)
    return finite(value) if value is not None else None


def sizing_facts(
    contract: ContractRef,
    info: ContractInfo | None,
    terms: Terms | None,
    price: float | None,
    figures: AccountFigures,
    rate: float | None,
    whole_days: Sequence[Bar],
) -> SizingFacts:
    """`figures` = of the account in view, `rate` = its currency for one unit of the contract's.

    `whole_days` = daily bars without the running day's, oldest first.
    """
    margin = margin_of(contract.sec_type, contract.currency, price)
    volume, days = average_volume(whole_days)
    return SizingFacts(
        per_point=terms.per_point if terms is not None else None,
        step=step_of(contract.sec_type, info),
        base_currency=figures.currency,
        rate=rate,
        net_liquidation=figures.net_liquidation,
        excess_liquidity=figures.excess_liquidity,
        average_volume=volume,
        average_days=days,
        atr_day=day_atr(whole_days),
        margin_long=margin.long,
        margin_short=margin.short,
        margin_source=margin.source,
    )
