"""Exposure treemap: one tile a position, sized by notional (multiplier included), toned by the day's change."""

from __future__ import annotations

from typing import Any

from app.format import number, percent, share, tone
from app.theme import COLOR, FONT

LEAST_PX = 11
Tile = tuple[int, str, float, float | None, float | None]  # con_id, symbol, exposure, change %, share of the sum %

_FILL = {"gain": "#ecfdf5", "loss": "#fef2f2", "flat": "#f1f5f9"}
_INK = {"gain": COLOR["gain"], "loss": COLOR["loss"], "flat": COLOR["text-2"]}


def treemap_data(tiles: list[Tile]) -> dict[str, Any]:
    """The arrays of the one trace; everything that changes with the tiles."""
    tones = [tone(change, 1) for _, _, _, change, _ in tiles]
    return {
        "ids": [str(con_id) for con_id, *_ in tiles],
        "labels": [symbol for _, symbol, *_ in tiles],
        "parents": [""] * len(tiles),
        "values": [exposure for _, _, exposure, _, _ in tiles],
        "text": [
            f"{short_money(exposure)}<br>{share(part)}"
            + (f'<br><span style="color:{_INK[t]}">{percent(change, 1)}</span>' if change is not None else "")
            for (_, _, exposure, change, part), t in zip(tiles, tones, strict=True)
        ],
        "marker": {
            "colors": [_FILL[t] for t in tones],
            "line": {"color": COLOR["border-strong"], "width": 1},
            "pad": {"t": 2, "l": 2, "r": 2, "b": 2},
            "cornerradius": 3,
        },
    }


def short_money(money: float) -> str:
    """Three digits, and said to be no more: 493,212 -> "493 k"; the grid has all of them."""
    for size, unit in ((1e9, " B"), (1e6, " M"), (1e3, " k")):
        if money >= size:
            places = 0 if money >= 100 * size else 1 if money >= 10 * size else 2
            return f"{number(money / size, places)}{unit}"
    return number(money, 0)


def treemap_figure(tiles: list[Tile]) -> dict[str, Any]:
    """The whole figure; drawn again only when a tile changes in its third digit."""
    trace = {
        "type": "treemap",
        "textinfo": "label+text",
        "textposition": "middle center",
        "textfont": {"family": FONT, "size": 12, "color": COLOR["text"]},
        "hovertemplate": "%{label}  %{text}<extra></extra>",
        "pathbar": {"visible": False},
        "tiling": {"packing": "squarify", "pad": 2},
        "sort": False,
        **treemap_data(tiles),
    }
    layout = {
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 12, "color": COLOR["text"]},
        "hoverlabel": {"bgcolor": COLOR["card"], "bordercolor": COLOR["border"], "font": {"color": COLOR["text"]}},
        "uirevision": "treemap",
        "uniformtext": {"minsize": LEAST_PX, "mode": "hide"},  # what has no room for a readable label has none
    }
    return {"data": [trace], "layout": layout}
