"""Treemap of the universe: a tile a stock, sized by the day's dollar volume, coloured by its change.

The scale is the heatmaps' own: orange for losers, blue for gainers, seven steps that a colour-blind person tells apart;
the change stands in the tile as well.
"""

from __future__ import annotations

from typing import Any

from app.figures.treemap import treemap_figure
from app.format import percent
from app.rows.heat import CHANGE_CUTS, step
from app.theme import COLOR, DIVERGING
from engine.state.sections import QuotesSection, UniverseSection

Tile = tuple[int, str, float, float | None]  # con_id, symbol, dollar volume, change %
MOST = 80


def tiles_of(quotes: QuotesSection | None, universe: UniverseSection | None) -> list[Tile]:
    """The stocks with the largest dollar volume of the day, largest first; what has no volume yet has no tile."""
    stocks = {row[0] for row in universe.symbols if row[3] == "STK"} if universe else set()
    found = [
        (quote.con_id, quote.local_symbol, quote.volume * quote.price, quote.change_pct)
        for quote in (quotes.quotes if quotes else ())
        if quote.con_id in stocks and quote.volume and quote.price
    ]
    return sorted(found, key=lambda tile: (-tile[2], tile[0]))[:MOST]


def universe_map_data(tiles: list[Tile]) -> dict[str, Any]:
    """The arrays of the one trace; everything that changes with the tiles."""
    steps = [step(change, CHANGE_CUTS) for _, _, _, change in tiles]
    return {
        "ids": [str(con_id) for con_id, *_ in tiles],
        "labels": [symbol for _, symbol, *_ in tiles],
        "parents": [""] * len(tiles),
        "values": [round(money) for _, _, money, _ in tiles],
        "text": [percent(change, 1) for *_, change in tiles],
        "customdata": [money_words(money) for _, _, money, _ in tiles],
        "marker": {
            "colors": [DIVERGING[each] if each is not None else COLOR["sunken"] for each in steps],
            "line": {"color": COLOR["card"], "width": 1},
            "pad": {"t": 1, "l": 1, "r": 1, "b": 1},
        },
    }


def universe_map_figure(tiles: list[Tile]) -> dict[str, Any]:
    """The whole figure."""
    figure = treemap_figure([])
    figure["data"][0] |= {
        **universe_map_data(tiles),
        "hovertemplate": "%{label} %{text}<br>%{customdata} traded today<extra></extra>",
        "tiling": {"packing": "squarify", "pad": 1},
    }
    return figure


def money_words(money: float) -> str:
    """ "1.3 B USD"."""
    for size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if money >= size:
            return f"{money / size:,.1f} {unit} USD"
    return f"{money:,.0f} USD"
