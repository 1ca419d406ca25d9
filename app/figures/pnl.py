"""The day's P&L curve: points -> plain dict of lists. No ids, no state; the browser appends to it and never redraws it.

Words that would lie on others are left out by the browser (core/chart.mjs): a fill keeps its arrow and its point,
which says it under the pointer.

`layout.meta` = {"last": market second of the newest point, "count": points drawn, "low": [y, m], "high": [y, m] of the
shown day, "shifts": the clock's offsets, "basis": what the figures are, "hours": the stretches that are drawn, null =
all}: the browser appends only what is later and
asks for a new base when the tail has grown long or the extremes have moved. Times on the axis are the page's clock in
ms, by the offset of each point (`app.figures.zones.shown`).

A reset cuts the line: what lies before it is another day's P&L. High and low are those since the newest one.
"""

from __future__ import annotations

from datetime import tzinfo
from itertools import pairwise
from math import isfinite
from typing import Any, Final, NamedTuple

from app.figures.zones import clock_text, minute_text, shifts, shown
from app.format import age, signed
from app.theme import COLOR, chart_layout, fade
from engine.clock import NEW_YORK, local_time, offset_s

GAP_S = 20.0  # without a point for longer than this, nothing is drawn between
LABEL_GAP_S = 120.0  # gaps from here on get their length in words
NIGHT_S = 2 * 3600.0  # longer ones lie between sessions


LEAST_RANGE: Final = 10.0  # money that the axis spans at least
LEAST_OF_VALUE: Final = 0.005  # and this share of what is shown: cents must not look like a crash
LEAST_WIDTH_S: Final = 60.0  # that the axis of time spans at least
EDGE_SHARE: Final = 0.12  # of the chart's width at each side
ONE_OFFSET_S: Final = 86_400.0
EDGE_S = 300.0  # a day that began so long before its first point is marked at that


class Point(NamedTuple):
    """`y` None = no data then; `cut`: a reset, the P&L of the day began anew."""

    m: float
    y: float | None
    cut: bool = False


class Mark(NamedTuple):
    """A vertical line of the session ("open 09:30"), a reset, or a fill on the curve ("TSLA −50")."""

    m: float
    text: str
    kind: str  # session, reset, fill


class Curve(NamedTuple):
    """What is drawn: points in order, marks, since when the shown day counts, the least span of the axis in money, and
    what the figures are, in words; `zone` = whose clock the axis shows; `ahead` = seconds that all of it is ahead of
    UTC, None = each point has its own offset; `hours` = the only stretches that are drawn, [from, to] of market time,
    None = all.
    """

    points: list[Point]
    marks: list[Mark] = []
    day_from: float = float("-inf")
    least: float = LEAST_RANGE
    basis: str = ""
    ahead: float | None = None
    zone: tzinfo = NEW_YORK
    hours: list[list[float]] | None = None

    def axis_ms(self, market: float) -> float:
        """The page's clock as Plotly's milliseconds: it parses numbers much faster than text."""
        return round((shown(market, self.zone) if self.ahead is None else market + self.ahead) * 1000, 1)


def in_one_offset(curve: Curve) -> Curve:
    """For a day after the clocks went back, the whole curve by the new clock: the repeated hour has its width, too."""
    back = _went_back(curve.points, curve.zone)
    if back is None or curve.points[-1].m - back >= ONE_OFFSET_S:
        return curve
    return curve._replace(ahead=offset_s(curve.points[-1].m, curve.zone))


def _went_back(points: list[Point], zone: tzinfo) -> float | None:
    """When the clocks went back within the curve, the newest time."""
    if not points:
        return None
    first, last = points[0].m, points[-1].m
    turns = shifts(first, last, zone)
    return next(
        (at for (_, before), (at, after) in reversed(list(pairwise(turns))) if after < before and first < at <= last),
        None,
    )


def gaps(points: list[Point]) -> list[tuple[float, float]]:
    """(from, to) of the stretches without a value, between two that have one."""
    out: list[tuple[float, float]] = []
    last: Point | None = None
    missing = False
    for point in points:
        if point.y is None:
            missing = missing or not point.cut
            continue
        if last is not None and missing and point.m - last.m > GAP_S:
            out.append((last.m, point.m))
        last, missing = point, False
    return out


def series(curve: Curve) -> list[dict[str, Any]]:
    """What changes in the six traces: area above zero, area below zero, line, marks of high and low, hatched gaps,
    fills.
    """
    points = curve.points
    x: list[float] = []
    line: list[float | None] = []
    gain: list[float | None] = []
    loss: list[float | None] = []
    for before, point in zip([None, *points], points, strict=False):
        if point.y is None and before is not None and before.y is not None:
            # the areas go to zero at both sides of a gap, or the fill would cross it
            _add(x, line, gain, loss, curve.axis_ms(before.m), None, 0.0)
        elif point.y is not None and before is not None and before.y is None:
            _add(x, line, gain, loss, curve.axis_ms(point.m), None, 0.0)
        if point.y is not None:
            _add(x, line, gain, loss, curve.axis_ms(point.m), point.y, point.y)
    high, low = extremes(of_day(curve))
    marks = [p for p in (high, low) if p is not None]
    is_flat = high is not None and low is not None and signed(high.y) == signed(low.y)  # then neither says anything
    words = ["" if is_flat else _words(word, at, curve.zone) for word, at in (("high", high), ("low", low))]
    areas = shows_zero(curve)
    return [
        {"x": x, "y": gain, "visible": areas},
        {"x": x, "y": loss, "visible": areas},
        {"x": x, "y": line},
        {
            "x": [curve.axis_ms(p.m) for p in marks],
            "y": [p.y for p in marks],
            "text": words[: len(marks)],
            "textposition": [f"{edge} {_side(p, points)}" for edge, p in zip(("top", "bottom"), marks, strict=False)],
        },
        _hatches(curve),
        _fills(curve),
    ]


def _fills(curve: Curve) -> dict[str, Any]:
    placed = [(mark, at) for mark in curve.marks if (at := _fill_at(mark, curve.points)) is not None]
    return {
        "x": [curve.axis_ms(mark.m) for mark, _ in placed],
        "y": [at for _, at in placed],
        "text": [f"{mark.text} at {clock_text(mark.m, curve.zone)}" for mark, _ in placed],
    }


def _fill_at(mark: Mark, points: list[Point]) -> float | None:
    """The curve's height at a fill; None = not a fill, or outside of what is shown."""
    if mark.kind != "fill" or not points or not points[0].m <= mark.m <= points[-1].m:
        return None
    return min((p for p in points if p.y is not None), key=lambda p: abs(p.m - mark.m), default=Point(0.0, None)).y


def _side(point: Point, points: list[Point]) -> str:
    """Where the words of an extreme stand, so that the edge of the chart does not cut them."""
    span = points[-1].m - points[0].m
    at = (point.m - points[0].m) / span if span > 0.0 else 0.5
    return "right" if at < EDGE_SHARE else "left" if at > 1.0 - EDGE_SHARE else "center"


def _words(word: str, point: Point | None, zone: tzinfo) -> str:
    return f"{word} {signed(point.y)} at {minute_text(point.m, zone)}" if point is not None else ""


def _hatches(curve: Curve) -> dict[str, Any]:
    """One polygon a gap, on the hidden axis that spans the height; nights between sessions are left white."""
    x: list[float | None] = []
    y: list[float | None] = []
    for start, end in gaps(curve.points):
        if end - start <= NIGHT_S:
            a, b = curve.axis_ms(start), curve.axis_ms(end)
            x += [a, a, b, b, a, None]
            y += [0.0, 1.0, 1.0, 0.0, 0.0, None]
    return {"x": x, "y": y}


def _add(
    x: list[float],
    line: list[float | None],
    gain: list[float | None],
    loss: list[float | None],
    at: float,
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


def of_day(curve: Curve) -> list[Point]:
    """The points of the shown day: those since it began, and since the newest reset."""
    newest = max((point.m for point in curve.points if point.cut), default=curve.day_from)
    since = max(newest, curve.day_from)
    return [point for point in curve.points if point.m >= since]


def least_range(points: list[Point], net_liquidation: float | None = None) -> float:
    """The least span of the axis: of what is shown, and a hundredth of a per cent of the account."""
    highest = max((abs(point.y) for point in points if point.y is not None), default=0.0)
    return max(LEAST_RANGE, LEAST_OF_VALUE * highest, 1e-4 * abs(net_liquidation or 0.0))


def shows_zero(curve: Curve) -> bool:
    """Whether the axis reaches zero: not when that would press the day's movement flat."""
    high, low = extremes(curve.points)
    if high is None or low is None or high.y is None or low.y is None:
        return True
    span = max(high.y - low.y, curve.least)
    return low.y - 2.0 * span <= 0.0 <= high.y + 2.0 * span


def _traces(curve: Curve) -> list[dict[str, Any]]:
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
        {
            "mode": "markers",
            "marker": {"size": 5, "color": COLOR["accent"]},
            "cliponaxis": False,
            "hovertemplate": "%{text}<extra></extra>",
        },
    ]
    return [{"type": "scatter", **style, **xy} for style, xy in zip(styles, series(curve), strict=True)]


def furniture(curve: Curve) -> dict[str, Any]:
    """What changes in the layout with a new base: gaps hatched and labelled, marks of sessions, resets, fills, meta."""
    points = curve.points
    shapes: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    for start, end in gaps(points):
        if LABEL_GAP_S <= end - start <= NIGHT_S:
            notes.append(_note(curve.axis_ms((start + end) / 2), f"no data<br>{age(end - start)}", y=1.0))
    first, last = (points[0].m, points[-1].m) if points else (0.0, -1.0)
    for mark in curve.marks:
        if mark.kind == "reset" and first - EDGE_S <= mark.m <= last:
            shapes.append(_line_shape(curve.axis_ms(max(mark.m, first)), "text-3", "dash"))
            notes.append(_beside(curve.axis_ms(max(mark.m, first)), mark.text, y=0.9))
        elif first <= mark.m <= last and mark.kind == "session":
            shapes.append(_line_shape(curve.axis_ms(mark.m), "axis", "dot"))
            notes.append(_beside(curve.axis_ms(mark.m), mark.text, y=1.0))
        elif (height := _fill_at(mark, points)) is not None:
            notes.append(_fill_note(curve.axis_ms(mark.m), mark.text, height))
    back = _went_back(points, curve.zone) if curve.ahead is not None else None
    if back is not None:
        zone = local_time(last, curve.zone).tzname()
        shapes.append(_line_shape(curve.axis_ms(back), "axis", "dot"))
        notes.append(_beside(curve.axis_ms(back), f"clocks back, axis in {zone}", y=0.8))
    high, low = extremes(of_day(curve))
    return {
        "shapes": shapes,
        "annotations": notes,
        "meta": {
            "last": points[-1].m if points else 0,
            "count": len(points),
            "high": _to_the_cent(high),
            "low": _to_the_cent(low),
            "shifts": _shifts(curve) if points else [],
            "basis": curve.basis,
            "day": round(curve.day_from) if isfinite(curve.day_from) else None,
            "hours": curve.hours,
        },
    }


def _to_the_cent(point: Point | None) -> list[float] | None:
    """As the newest points come: half a cent is no new extreme."""
    return [round(point.y, 2), point.m] if point is not None and point.y is not None else None


def _shifts(curve: Curve) -> list[list[float]]:
    first, last = curve.points[0].m, curve.points[-1].m
    if curve.ahead is None:
        return shifts(first, last, curve.zone)
    return [[first, curve.ahead], *shifts(last, last, curve.zone)[1:]]


def _line_shape(at: float, color: str, dash: str) -> dict[str, Any]:
    line = {"color": COLOR[color], "width": 1, "dash": dash}
    return {"type": "line", "xref": "x", "yref": "paper", "x0": at, "x1": at, "y0": 0, "y1": 1, "line": line}


def _beside(at: float, text: str, *, y: float) -> dict[str, Any]:
    return {**_note(at, text, y=y), "xanchor": "left", "xshift": 4, "bgcolor": "rgba(0,0,0,0)"}


def _note(x: float, text: str, *, y: float) -> dict[str, Any]:
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


def _fill_note(at: float, text: str, height: float) -> dict[str, Any]:
    arrow = {"showarrow": True, "arrowhead": 2, "arrowsize": 0.8, "arrowwidth": 1.5, "arrowcolor": COLOR["accent"]}
    where = {"y": height, "yref": "y", "yanchor": "auto", "ax": 0, "ay": -22}
    return {**_note(at, text, y=0), **where, **arrow}


def room(curve: Curve) -> list[float]:
    """Values that the axis must reach: the words at the extremes stay inside, a flat line stays flat."""
    high, low = extremes(curve.points)
    if high is None or low is None or high.y is None or low.y is None:
        return []
    top, bottom = (max(high.y, 0.0), min(low.y, 0.0)) if shows_zero(curve) else (high.y, low.y)
    pad = max(0.12 * (top - bottom), (curve.least - (top - bottom)) / 2.0)
    return [bottom - pad, top + pad]


def wide(curve: Curve) -> list[float]:
    """Moments that the axis must reach: a curve of seconds gets a minute, or its ticks would all say the same one."""
    if not curve.points:
        return []
    first, last = curve.points[0].m, curve.points[-1].m
    pad = max(0.0, (LEAST_WIDTH_S - (last - first)) / 2.0)
    return [curve.axis_ms(first) - 1000.0 * pad, curve.axis_ms(last) + 1000.0 * pad]


def pnl_figure(curve: Curve, revision: str) -> dict[str, Any]:
    """The whole figure for a mount or a new range; `revision` keeps zoom for as long as it is the same."""
    tick_format = [
        {"dtickrange": [None, 60_000], "value": "%H:%M:%S"},
        {"dtickrange": [60_000, 43_200_000], "value": "%H:%M"},
        {"dtickrange": [43_200_000, None], "value": "%-d %b"},
    ]
    layout = chart_layout(
        yaxis2={"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True},
        xaxis={
            "type": "date",
            "tickformatstops": tick_format,
            "nticks": 5,  # as many as a phone has room for, level
            "tickangle": 0,
            "ticklabeloverflow": "hide past div",
            "uirevision": revision,
            "autorangeoptions": {"include": wide(curve)},
            "visible": bool(curve.points),
        },
        yaxis={
            "tickformat": ",.0f",
            "nticks": 5,
            "uirevision": revision,
            "automargin": False,
            "autorangeoptions": {"include": room(curve)},
            "visible": bool(curve.points),
        },
        margin={"l": 8, "r": 60, "t": 14, "b": 22},
        uirevision=revision,
        **furniture(curve),
    )
    return {"data": _traces(curve), "layout": layout}
