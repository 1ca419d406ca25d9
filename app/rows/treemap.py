"""What treemaps show: con_id -> [symbol, money, change in %, share of the sum in %, step of its colour]. Pure.

The browser draws them with each poll (`assets/core/treemap.mjs`), so that a tile says what the tables beside it say.
Money has three digits: a tile is drawn anew only when one of them changes.
"""

from __future__ import annotations

from typing import Any

from app.rows.heat import CHANGE_CUTS, step
from app.rows.kept import kept
from engine.state.sections import PositionsSection, QuotesSection, UniverseSection

MOST = 80


def exposure_tiles(section: PositionsSection | None) -> dict[str, list[Any]]:
    """Each contract held, by its notional in the currency of the sums, all accounts of the view together."""
    if section is None:
        return {}
    worth: dict[int, float] = {}
    parts: dict[int, float] = {}
    rows = {row.con_id: row for row in section.tradable}
    for row in section.tradable:
        if row.exposure_base:
            worth[row.con_id] = worth.get(row.con_id, 0.0) + row.exposure_base
            parts[row.con_id] = parts.get(row.con_id, 0.0) + (row.exposure_pct or 0.0)
    return {
        str(con_id): _tile(rows[con_id].local_symbol, money, rows[con_id].change_pct, round(parts[con_id], 1))
        for con_id, money in worth.items()
    }


@kept
def universe_tiles(quotes: QuotesSection | None, universe: UniverseSection | None) -> dict[str, list[Any]]:
    """The stocks with the largest dollar volume of the day; what has no volume yet has no tile."""
    stocks = {row[0] for row in universe.symbols if row[3] == "STK"} if universe else set()
    found = [
        (quote.volume * quote.price, quote)
        for quote in (quotes.quotes if quotes else ())
        if quote.con_id in stocks and quote.volume and quote.price
    ]
    found.sort(key=lambda pair: (-pair[0], pair[1].con_id))
    best = found[:MOST]
    return {str(quote.con_id): _tile(quote.local_symbol, money, quote.change_pct, None) for money, quote in best}


def _tile(symbol: str, money: float, change: float | None, share: float | None) -> list[Any]:
    rounded = None if change is None else round(change, 1)
    return [symbol, float(f"{money:.3g}"), rounded, share, step(change, CHANGE_CUTS)]
