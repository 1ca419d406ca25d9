"""The day's P&L curve: points -> plain dict of lists. No ids, no state; the browser appends to it and never redraws it.

`layout.meta` = {"last": market second of the newest point, "count": points drawn, "low": y, "high": y}: the browser
appends only what is later and asks for a new base when the tail has grown long or the extremes have moved.
Times on the axis are the exchange's wall clock in ms: market second + `offset_s` of the exchange's zone.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from app.format import age, signed
from app.theme import COLOR, chart_layout, fade

GAP_S = 20.0  # without a point for longer than this, nothing is drawn between
LABEL_GAP_S = 120.0  # gaps from here on get their length in words
NIGHT_S = 2 * 3600.0  # longer ones lie between sessions


class Point(NamedTuple):
    m: float
    y: float | None


class Mark(NamedTuple):
    """A vertical line of the session ("open 09:30") or a fill on the curve ("TSLA −50")."""

    m: float
    text: str
    kind: str  # session, fill


def axis_ms(market: float, offset_s: float) -> int:
    """Exchange wall time as Plotly's milliseconds: it parses numbers much faster than text."""
    return round((market + offset_s) * 1000)


def gaps(points: list[Point]) -> list[tuple[float, float]]:
    """(from, to) of the stretches without a value, between two that have one."""
    out: list[tuple[float, float]] = []
    last: Point | None = None
    missing = False
    for point in points:
        if point.y is None:
            missing = True
            continue
        if last is not None and missing and point.m - last.m > GAP_S:
            out.append((last.m, point.m))
        last, missing = point, False
    return out


def series(points: list[Point], offset_s: float) -> list[dict[str, Any]]:
    """What changes in the five traces: area above zero, area below zero, line, marks of high and low, hatched gaps."""
    x: list[int] = []
    line: list[float | None] = []
    gain: list[float | None] = []
    loss: list[float | None] = []
    for before, point in zip([None, *points], points, strict=False):
        if point.y is None and before is not None and before.y is not None:
            # the areas go to zero at both sides of a gap, or the fill would cross it
            _add(x, line, gain, loss, axis_ms(before.m, offset_s), None, 0.0)
        elif point.y is not None and before is not None and before.y is None:
            _add(x, line, gain, loss, axis_ms(point.m, offset_s), None, 0.0)
        if point.y is not None:
            _add(x, line, gain, loss, axis_ms(point.m, offset_s), point.y, point.y)
    high, low = extremes(points)
    marks = [p for p in (high, low) if p is not None]
    words = [f"high {signed(high.y)}" if high else "", f"low {signed(low.y)}" if low else ""]
    areas = shows_zero(points)
    return [
        {"x": x, "y": gain, "visible": areas},
        {"x": x, "y": loss, "visible": areas},
        {"x": x, "y": line},
        {"x": [axis_ms(p.m, offset_s) for p in marks], "y": [p.y for p in marks], "text": words[: len(marks)]},
        _hatches(gaps(points), offset_s),
    ]


def _hatches(found: list[tuple[float, float]], offset_s: float) -> dict[str, Any]:
    """One polygon a gap, on the hidden axis that spans the height; nights between sessions are left white."""
    x: list[int | None] = []
    y: list[float | None] = []
    for start, end in found:
        if end - start <= NIGHT_S:
            a, b = axis_ms(start, offset_s), axis_ms(end, offset_s)
            x += [a, a, b, b, a, None]
            y += [0.0, 1.0, 1.0, 0.0, 0.0, None]
    return {"x": x, "y": y}


def _add(
    x: list[int],
    line: list[float | None],
    gain: list[float | None],
    loss: list[float | None],
    at: int,
    y: float | None,
    area: float,
) -> None:
    x.append(at)
    line.append(y)
    gain.append(max(area, 0.0))
    loss.append(min(area, 0.0))


def extremes(points: list[Point]) -> tuple[Point | None, Point | None]:
    """The highest and the lowest point, None while there is none."""
    known = [(p.y, p) for p in points if p.y is not None]
    if not known:
        return None, None
    return max(known, key=lambda item: item[0])[1], min(known, key=lambda item: item[0])[1]


def shows_zero(points: list[Point]) -> bool:
    """Whether the axis reaches zero: not when that would press the day's movement flat."""
    high, low = extremes(points)
    if high is None or low is None or high.y is None or low.y is None:
        return True
    span = high.y - low.y
    return low.y - 2.0 * span <= 0.0 <= high.y + 2.0 * span


def _traces(points: list[Point], offset_s: float) -> list[dict[str, Any]]:
    line = {"width": 0}
    styles: list[dict[str, Any]] = [
        {"fill": "tozeroy", "fillcolor": fade("gain", 0.09), "line": line, "mode": "lines", "hoverinfo": "skip"},
        {"fill": "tozeroy", "fillcolor": fade("loss", 0.08), "line": line, "mode": "lines", "hoverinfo": "skip"},
        {
            "mode": "lines",
            "line": {"color": COLOR["text"], "width": 1.5},
            "connectgaps": False,
            "hovertemplate": "%{x|%H:%M:%S}  %{y:+,.2f}<extra></extra>",
        },
        {
            "mode": "markers+text",
            "marker": {"size": 7, "color": COLOR["card"], "line": {"color": COLOR["text"], "width": 1.5}},
            "textposition": ["top center", "bottom center"],
            "textfont": {"size": 11, "color": COLOR["text-2"]},
            "cliponaxis": False,
            "hoverinfo": "skip",
        },
        {
            "mode": "lines",
            "line": line,
            "yaxis": "y2",
            "fill": "toself",
            "fillcolor": fade("border-strong", 0.0),
            "fillpattern": {"shape": "/", "size": 6, "solidity": 0.16, "fgcolor": COLOR["axis"]},
            "hoverinfo": "skip",
        },
    ]
    return [{"type": "scatter", **style, **xy} for style, xy in zip(styles, series(points, offset_s), strict=True)]


def furniture(points: list[Point], marks: list[Mark], offset_s: float) -> dict[str, Any]:
    """What changes in the layout with a new base: gaps hatched and labelled, session and fill marks, meta."""
    shapes: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    for start, end in gaps(points):
        if LABEL_GAP_S <= end - start <= NIGHT_S:
            notes.append(_note(axis_ms((start + end) / 2, offset_s), f"no data<br>{age(end - start)}", y=1.0))
    first, last = (points[0].m, points[-1].m) if points else (0.0, 0.0)
    for mark in marks:
        if first <= mark.m <= last and mark.kind == "session":
            at = axis_ms(mark.m, offset_s)
            shapes.append(_session_shape(at))
            notes.append({**_note(at, mark.text, y=1.0), "xanchor": "left", "xshift": 4, "bgcolor": "rgba(0,0,0,0)"})
        elif first <= mark.m <= last:
            notes.append(_fill_note(mark, points, offset_s))
    high, low = extremes(points)
    return {
        "shapes": shapes,
        "annotations": notes,
        "meta": {
            "last": points[-1].m if points else 0,
            "count": len(points),
            "high": high.y if high else None,
            "low": low.y if low else None,
            "offset": offset_s,
        },
    }


def _session_shape(at: int) -> dict[str, Any]:
    line = {"color": COLOR["axis"], "width": 1, "dash": "dot"}
    return {"type": "line", "xref": "x", "yref": "paper", "x0": at, "x1": at, "y0": 0, "y1": 1, "line": line}


def _note(x: int, text: str, *, y: float) -> dict[str, Any]:
    return {
        "x": x,
        "y": y,
        "xref": "x",
        "yref": "paper",
        "yanchor": "top",
        "text": text,
        "showarrow": False,
        "font": {"size": 11, "color": COLOR["text-2"]},
        "bgcolor": "rgba(255,255,255,0.85)",
    }


def _fill_note(mark: Mark, points: list[Point], offset_s: float) -> dict[str, Any]:
    near = min((p for p in points if p.y is not None), key=lambda p: abs(p.m - mark.m))
    return {
        **_note(axis_ms(mark.m, offset_s), mark.text, y=0),
        "y": near.y,
        "yref": "y",
        "yanchor": "auto",
        "showarrow": True,
        "arrowhead": 2,
        "arrowsize": 0.8,
        "arrowwidth": 1.5,
        "arrowcolor": COLOR["accent"],
        "ax": 0,
        "ay": -22,
    }


def room(points: list[Point]) -> list[float]:
    """Values that the axis must reach so that the words at the extremes stay inside."""
    high, low = extremes(points)
    if high is None or low is None or high.y is None or low.y is None:
        return []
    top, bottom = (max(high.y, 0.0), min(low.y, 0.0)) if shows_zero(points) else (high.y, low.y)
    pad = 0.12 * (top - bottom)
    return [bottom - pad, top + pad]


def pnl_figure(points: list[Point], marks: list[Mark], offset_s: float, revision: str) -> dict[str, Any]:
    """The whole figure for a mount or a new range; `revision` keeps zoom for as long as it is the same."""
    tick_format = [
        {"dtickrange": [None, 60_000], "value": "%H:%M:%S"},
        {"dtickrange": [60_000, 43_200_000], "value": "%H:%M"},
        {"dtickrange": [43_200_000, None], "value": "%-d %b"},
    ]
    layout = chart_layout(
        yaxis2={"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True},
        xaxis={"type": "date", "tickformatstops": tick_format, "nticks": 7, "uirevision": revision},
        yaxis={
            "tickformat": ",.0f",
            "nticks": 5,
            "uirevision": revision,
            "automargin": False,
            "autorangeoptions": {"include": room(points)},
        },
        margin={"l": 8, "r": 60, "t": 14, "b": 22},
        uirevision=revision,
        **furniture(points, marks, offset_s),
    )
    return {"data": _traces(points, offset_s), "layout": layout}
