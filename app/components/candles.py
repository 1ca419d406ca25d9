"""The candle chart's looks on TradingView's Lightweight Charts, empty; the browser makes and fills it.

Its attribution logo stays, as the licence asks. Data: `app/figures/candles.py`, drawing: `assets/pages/candles.mjs`.
"""

from __future__ import annotations

import json
from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from app.components.attributes import attrs
from app.theme import COLOR, FONT

PANES: Final = (5, 1)  # shares of the height: prices, volumes
_OVERLAY: Final = {"lastValueVisible": False, "priceLineVisible": False, "crosshairMarkerVisible": False}


def candle_chart(chart_id: str) -> Component:
    """Where the chart is drawn, with its looks as the library takes them."""
    looks = {"data_options": _options(), "data_series": _series(), "data_panes": PANES}
    return html.Div(id=chart_id, **attrs(**{name: json.dumps(value) for name, value in looks.items()}))


def _options() -> dict[str, Any]:
    line = {"color": COLOR["axis"], "width": 1, "style": 2, "labelBackgroundColor": COLOR["text-2"]}
    return {
        "layout": {
            "background": {"type": "solid", "color": COLOR["card"]},
            "textColor": COLOR["text-3"],
            "fontFamily": FONT,
            "fontSize": 11,
            "attributionLogo": True,
            "panes": {"separatorColor": COLOR["hairline"], "enableResize": False},
        },
        "grid": {"vertLines": {"color": COLOR["hairline"]}, "horzLines": {"color": COLOR["hairline"]}},
        "crosshair": {"mode": 0, "vertLine": line, "horzLine": line},
        "rightPriceScale": {"borderVisible": False, "scaleMargins": {"top": 0.08, "bottom": 0.08}},
        "timeScale": {
            "borderVisible": False,
            "timeVisible": True,
            "secondsVisible": False,
            "rightOffset": 4,
            "barSpacing": 8,
            "minBarSpacing": 0.5,
        },
    }


def _series() -> list[dict[str, Any]]:
    overlay = {"top": 0.0, "bottom": 0.0}
    strip = {"top": 0.988, "bottom": 0.0}
    return [
        _full_height(overlay),
        _shade("shade", COLOR["sunken"], overlay),
        _histogram("strip", COLOR["axis"], "strip", strip),
        _candles(),
        _line("s", COLOR["line-normal"], 2),
        _line("f", COLOR["accent"], 2),
        _line("w", COLOR["vwap"], 1, lineStyle=2),
        _line("l", COLOR["warn"], 1, lineStyle=1, lineType=1),
        {
            "id": "v",
            "type": "histogram",
            "pane": 1,
            "options": {
                "priceFormat": {"type": "volume"},
                "lastValueVisible": False,
                "priceLineVisible": False,
                "color": COLOR["volume"],
            },
            "priceScaleOptions": {"scaleMargins": {"top": 0.1, "bottom": 0}, "borderVisible": False},
        },
        {**_line("n", COLOR["warn"], 1, lineStyle=2), "pane": 1},
    ]


def _candles() -> dict[str, Any]:
    return {
        "id": "px",
        "type": "candlestick",
        "options": {
            "upColor": COLOR["card"],
            "borderUpColor": COLOR["gain"],
            "wickUpColor": COLOR["gain"],
            "downColor": COLOR["loss"],
            "borderDownColor": COLOR["loss"],
            "wickDownColor": COLOR["loss"],
            "lastValueVisible": False,  # that is the last bar in view: the tag of the last price is a line of its own
            "priceLineVisible": False,
        },
    }


def _line(key: str, color: str, width: int, **options: Any) -> dict[str, Any]:
    return {
        "id": key,
        "type": "line",
        "options": {"color": color, "lineWidth": width, **_OVERLAY, **options},
    }


def _full_height(margins: dict[str, float]) -> dict[str, Any]:
    """Bars from 0 to 1 that nobody sees: they keep the scale of the shade at that, whatever is in view."""
    return {
        "id": "unit",
        "type": "bar",
        "options": {"upColor": "rgba(0,0,0,0)", "downColor": "rgba(0,0,0,0)", "priceScaleId": "shade", **_OVERLAY},
        "priceScaleOptions": {"scaleMargins": margins, "visible": False},
    }


def _shade(key: str, color: str, margins: dict[str, float]) -> dict[str, Any]:
    """Steps from the bottom to the top of the pane: hours outside the regular session."""
    return {
        "id": key,
        "type": "area",
        "options": {
            "topColor": color,
            "bottomColor": color,
            "lineVisible": False,
            "lineType": 1,
            "priceScaleId": "shade",
            **_OVERLAY,
        },
        "priceScaleOptions": {"scaleMargins": margins, "visible": False},
    }


def _histogram(key: str, color: str, scale: str, margins: dict[str, float]) -> dict[str, Any]:
    return {
        "id": key,
        "type": "histogram",
        "options": {"color": color, "priceScaleId": scale, **_OVERLAY},
        "priceScaleOptions": {"scaleMargins": margins, "visible": False},
    }
