"""The values of the design that Python needs: colours for charts and the one Plotly template. CSS has the rest.

`assets/qt-tokens.css` holds the same values as `--qt-*` variables; a test compares both.
"""

from __future__ import annotations

from typing import Any, Final

COLOR: Final[dict[str, str]] = {
    "page": "#f8fafc",
    "card": "#ffffff",
    "sunken": "#f1f5f9",
    "border": "#e2e8f0",
    "border-strong": "#cbd5e1",
    "hairline": "#edf1f6",
    "text": "#0f172a",
    "text-2": "#475569",
    "text-3": "#5d6b82",
    "accent": "#2563eb",
    "gain": "#047857",
    "loss": "#b91c1c",
    "warn": "#b45309",
    "line-position": "#172e6e",
    "line-top": "#2563eb",
    "line-normal": "#7aaef8",
    "line-coverage": "#cfe2fd",
    "axis": "#94a3b8",
    "volume": "#cbd5e1",
    "vwap": "#64748b",
}

# The diverging scale of the heatmaps, far against to far for: `--qt-div-*` in the tokens.
DIVERGING: Final[dict[int, str]] = {
    -3: "#e0883a",
    -2: "#eeb27e",
    -1: "#f9e0c8",
    0: "#f7f9fb",
    1: "#d6e5fd",
    2: "#9dc0f7",
    3: "#5b93ee",
}

FONT: Final = (
    '"Segoe UI Variable Text", "Segoe UI", Inter, system-ui, -apple-system, "Helvetica Neue", Arial, sans-serif'
)

# Every graph: no mode bar, no logo, above all no button that uploads the chart to a cloud.
GRAPH_CONFIG: Final[Any] = {
    "showSendToCloud": False,
    "displaylogo": False,
    "displayModeBar": False,
    "doubleClick": "reset",
    "responsive": True,
}


def fade(name: str, alpha: float) -> str:
    """A colour role with transparency, as rgba()."""
    h = COLOR[name].lstrip("#")
    return f"rgba({int(h[0:2], 16)},{int(h[2:4], 16)},{int(h[4:6], 16)},{alpha})"


def chart_layout(**extra: Any) -> dict[str, Any]:
    """The common layout of every Plotly chart; `extra` is laid over it (one level deep)."""
    tick = {"size": 11, "color": COLOR["text-3"]}
    layout: dict[str, Any] = {
        "font": {"family": FONT, "size": 11, "color": COLOR["text-2"]},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 8, "r": 56, "t": 8, "b": 24, "pad": 0},
        "showlegend": False,
        "dragmode": "zoom",
        "hovermode": "x",
        "hoverlabel": {
            "bgcolor": COLOR["card"],
            "bordercolor": COLOR["border"],
            "font": {"family": FONT, "size": 12, "color": COLOR["text"]},
        },
        "xaxis": {"showgrid": False, "zeroline": False, "showline": False, "ticks": "", "tickfont": tick},
        "yaxis": {
            "side": "right",
            "gridcolor": COLOR["hairline"],
            "zeroline": True,
            "zerolinecolor": COLOR["axis"],
            "zerolinewidth": 1,
            "showline": False,
            "ticks": "",
            "tickfont": tick,
            "separatethousands": True,
        },
    }
    for key, value in extra.items():
        base = layout.get(key)
        layout[key] = {**base, **value} if isinstance(base, dict) and isinstance(value, dict) else value
    return layout
