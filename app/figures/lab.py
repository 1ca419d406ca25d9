"""Charts of the lab: two heatmaps over two thresholds (the part that chose, the part that judges), spread of moves."""

from __future__ import annotations

from typing import Any, NamedTuple

from app.format import MISSING, signed
from app.rows.lab_form import VARYING
from app.rows.thresholds import shown
from app.theme import COLOR, chart_layout
from engine.state.lab_sections import LabResultSection

# Blue = for, orange = against, as on every heatmap here; a colour-blind person tells them apart.
STEPS = ("#e0883a", "#eeb27e", "#f9e0c8", "#f7f9fb", "#d6e5fd", "#9dc0f7", "#5b93ee")  # --qt-div-n3 ... p3
SCALE = [[round(place / 6, 4), color] for place, color in enumerate(STEPS)]
MISSING_FILL = COLOR["sunken"]
BUCKETS = ("< −4", "−4", "−3", "−2", "−1", "0", "1", "2", "3", "≥ 4")
MOST_TEXT = 120  # cells with numbers in them


class Slice(NamedTuple):
    """The cells over the first two ranges, the others held at the best set: rows of (z, words)."""

    x: list[str]
    y: list[str]
    chosen: list[list[float | None]]
    judged: list[list[float | None]]
    words: list[list[str]]
    best: tuple[int, int] | None  # column, row


def lab_slice(result: LabResultSection) -> Slice:
    """What both heatmaps show."""
    sizes = [len(each.values) for each in result.ranges]
    held = _held(result)
    columns, rows = sizes[0] if sizes else 0, sizes[1] if len(sizes) > 1 else 1
    chosen: list[list[float | None]] = []
    judged: list[list[float | None]] = []
    words: list[list[str]] = []
    for row in range(rows):
        cells = [_cell(result, (column, row, *held[2:])[: len(sizes)]) for column in range(columns)]
        chosen.append([cell[0] if cell else None for cell in cells])
        judged.append([cell[1] if cell else None for cell in cells])
        words.append([_words(cell) for cell in cells])
    labels = [[shown(f"breakout.{each.name}", value) for value in each.values] for each in result.ranges[:2]]
    best = (held[0], held[1] if len(held) > 1 else 0) if result.best else None
    return Slice(labels[0] if labels else [], labels[1] if len(labels) > 1 else [""], chosen, judged, words, best)


def _held(result: LabResultSection) -> tuple[int, ...]:
    """Places of the best set's values in their ranges; the first of each where there is none."""
    values = result.best[0].values if result.best else tuple(each.values[0] for each in result.ranges)
    return tuple(each.values.index(value) for each, value in zip(result.ranges, values, strict=True))


def _cell(result: LabResultSection, places: tuple[int, ...]) -> tuple[float | None, float | None, int] | None:
    number = 0
    for each, place in zip(result.ranges, places, strict=True):
        number = number * len(each.values) + place
    return result.cells[number]


def _words(cell: tuple[float | None, float | None, int] | None) -> str:
    if cell is None:
        return "these values make no sense together"
    chosen, judged, count = cell
    return f"chosen by {signed(chosen)} ATR, judged {signed(judged)} ATR, {count:,} signals"


def map_figure(result: LabResultSection | None, part: str) -> dict[str, Any]:
    """One heatmap of median moves after 30 min; `part` = chosen or judged. Both share one scale."""
    if result is None or not result.ranges:
        return {"data": [], "layout": _layout("", "")}
    cut = lab_slice(result)
    z = cut.chosen if part == "chosen" else cut.judged
    every = [abs(value) for rows in (cut.chosen, cut.judged) for row in rows for value in row if value is not None]
    top = max([*every, 0.5])
    small = len(cut.x) * len(cut.y) <= MOST_TEXT
    trace: dict[str, Any] = {
        "type": "heatmap",
        "x": cut.x,
        "y": cut.y,
        "z": z,
        "zmin": -top,
        "zmax": top,
        "colorscale": SCALE,
        "xgap": 2,
        "ygap": 2,
        "showscale": False,
        "hoverongaps": True,
        "customdata": cut.words,
        "hovertemplate": "%{x} · %{y}<br>%{customdata}<extra></extra>",
        "text": [[MISSING if value is None else signed(value, 1) for value in row] for row in z],
        "texttemplate": "%{text}" if small else "",
        "textfont": {"size": 11, "color": COLOR["text"]},
    }
    data = [trace]
    if cut.best is not None:
        data.append(_ring(cut.x[cut.best[0]], cut.y[cut.best[1]]))
    names = [_axis(each.name) for each in result.ranges[:2]]
    layout = _layout(names[0], names[1] if len(names) > 1 else "")
    layout["xaxis"]["range"] = [-0.5, len(cut.x) - 0.5]  # the mark of the best set would widen the axes
    layout["yaxis"]["range"] = [-0.5, len(cut.y) - 0.5]
    return {"data": data, "layout": layout}


def _ring(x: str, y: str) -> dict[str, Any]:
    marker = {"size": 20, "symbol": "square-open", "color": COLOR["text"], "line": {"width": 2}}
    return {"type": "scatter", "mode": "markers", "x": [x], "y": [y], "marker": marker, "hoverinfo": "skip"}


def _axis(name: str) -> str:
    vary = VARYING.get(name)
    return f"{vary.label} ({vary.unit})" if vary and vary.unit else vary.label if vary else name


def _layout(x: str, y: str) -> dict[str, Any]:
    title = {"font": {"size": 12, "color": COLOR["text-2"]}, "standoff": 6}
    return chart_layout(
        margin={"l": 56, "r": 8, "t": 4, "b": 44},
        plot_bgcolor=MISSING_FILL,
        hovermode="closest",
        dragmode=False,
        xaxis={"type": "category", "title": {**title, "text": x}, "fixedrange": True},
        yaxis={
            "type": "category", "title": {**title, "text": y}, "fixedrange": True, "side": "left", "showgrid": False,
            "zeroline": False,
        },
        uirevision="lab",
    )  # fmt: skip


def spread_figure(result: LabResultSection | None) -> dict[str, Any]:
    """How the moves after 30 min are spread, both parts as shares of their own signals."""
    chosen = result.spread_chosen if result else ()
    judged = result.spread_judged if result else ()
    bars = [
        _bars("chosen by", chosen, COLOR["line-normal"]),
        _bars("judged by", judged, COLOR["line-position"]),
    ]
    layout = chart_layout(
        margin={"l": 8, "r": 44, "t": 4, "b": 40},
        barmode="group",
        bargap=0.25,
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom", "font": {"size": 11}},
        dragmode=False,
        xaxis={"type": "category", "title": {"text": "move after 30 min, ATR from", "font": {"size": 12}}},
        yaxis={"ticksuffix": " %", "fixedrange": True},
        uirevision="lab",
    )
    return {"data": [bar for bar in bars if bar["y"]], "layout": layout}


def _bars(name: str, counts: tuple[int, ...], color: str) -> dict[str, Any]:
    total = sum(counts)
    return {
        "type": "bar",
        "name": f"{name} ({total:,})",
        "x": list(BUCKETS),
        "y": [round(100.0 * count / total, 1) for count in counts] if total else [],
        "customdata": list(counts),
        "marker": {"color": color},
        "hovertemplate": "%{customdata} signals, %{y} %<extra></extra>",
    }
