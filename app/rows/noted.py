"""What the user noted of the symbol that is shown: note, horizontal lines, the lists that hold it. Pure."""

from __future__ import annotations

from typing import Any

from app.figures.candles import decimals_of
from app.format import signed
from app.snapshots import Snapshots
from engine.state.watchlist_sections import PriceLevel, SymbolNotes, noted_of


def of_symbol(s: Snapshots, con_id: int) -> SymbolNotes | None:
    """Note and levels of a contract; None = there is neither."""
    return noted_of(s.watchlists.noted, con_id) if s.watchlists else None


def noted_part(s: Snapshots, con_id: int) -> dict[str, Any]:
    """The part "noted": the note; [id, price, label, distance from the price] of each level; [id, name, holds it]."""
    mine, section = of_symbol(s, con_id), s.symbol
    quote = section.quote if section else None
    price = quote.price if quote else None
    decimals = decimals_of(section) if section else 2
    return {
        "con": con_id,
        "note": mine.note if mine else "",
        "levels": [
            [each.id, _typed(each.price, decimals), each.label, _away(each, price)]
            for each in (mine.levels if mine else ())
        ],
        "lists": [
            [each.id, each.name, any(contract.con_id == con_id for contract in each.contracts)]
            for each in (s.watchlists.lists if s.watchlists else ())
        ],
    }


def chart_levels(s: Snapshots, con_id: int) -> list[list[Any]]:
    """[id, price, label] of each level, for the chart."""
    mine = of_symbol(s, con_id)
    return [[each.id, each.price, each.label] for each in (mine.levels if mine else ())]


def _typed(price: float, decimals: int) -> str:
    """As one would type it: all its digits, at least those of the contract's prices."""
    text = f"{price:.8f}".rstrip("0")
    return text if len(text.partition(".")[2]) > decimals else f"{price:.{decimals}f}"


def _away(level: PriceLevel, price: float | None) -> str | None:
    """How far the price has to go to it."""
    if price is None or price <= 0.0:
        return None
    return f"{signed((level.price / price - 1.0) * 100.0, 2)} %"
