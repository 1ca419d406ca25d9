"""What the browser works a position's size out from (`assets/core/sizing.mjs`): numbers not rounded. Pure."""

from __future__ import annotations

from typing import Any

from app.figures.candles import decimals_of
from app.format import redacted
from app.snapshots import Snapshots
from engine.domain import Bar
from engine.state.sections import SymbolSection

_UNITS = {"STK": "share", "FUT": "contract", "OPT": "contract", "FOP": "contract", "WAR": "warrant", "CFD": "CFD"}


def size_part(s: Snapshots) -> dict[str, Any]:
    """The part "size": facts of the contract and of the account in view, the price of now, levels for a stop."""
    section = s.symbol
    facts = section.sizing if section is not None else None
    if section is None or facts is None:
        return {}
    quote = section.quote
    return {
        "con": section.con_id,
        "sym": section.local_symbol,
        "unit": _UNITS.get(section.sec_type, "unit"),
        "quoted": section.unit,
        "dec": decimals_of(section),
        "price": quote.price if quote is not None else None,
        "volume": facts.average_volume,
        "days": facts.average_days,
        "atr": section.atr,
        "day": facts.atr_day,
        "levels": levels(section),
        "money": {
            "cur": section.currency,
            "base": facts.base_currency,
            "rate": facts.rate,
            "perPoint": facts.per_point,
            "step": facts.step,
            "tick": section.min_tick,
            "net": facts.net_liquidation,
            "excess": facts.excess_liquidity,
            "of": _account_words(s),
            "margin": [facts.margin_long, facts.margin_short],
            "source": facts.margin_source,
        },
    }


def _account_words(s: Snapshots) -> str:
    account = s.positions.account.account if s.positions is not None else ""
    return redacted(account) if account else "all accounts together"


def levels(section: SymbolSection) -> list[list[Any]]:
    """[name, price] of what a stop may be set at; what is not known is left out."""
    quote, opening = section.quote, section.opening_range
    closed = [bar for bar in section.bars[-2:] if bar.closed]
    bar: Bar | None = closed[-1] if closed else None
    found = (
        ("Breakout level, long", section.level_long),
        ("Breakout level, short", section.level_short),
        ("Opening range, high", max(opening) if opening else None),
        ("Opening range, low", min(opening) if opening else None),
        ("Low of the last bar", bar.low if bar else None),
        ("High of the last bar", bar.high if bar else None),
        ("Low of the day", quote.low if quote else None),
        ("High of the day", quote.high if quote else None),
        ("VWAP", section.vwap),
        ("Prior close", quote.close if quote else None),
        ("Average cost", section.position.avg_price if section.position else None),
    )
    return [[name, price] for name, price in found if price is not None]
