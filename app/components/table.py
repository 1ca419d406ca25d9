"""Light tables and the heatmap: heads from Python, rows from the feed (`assets/core/rows.mjs`)."""

from __future__ import annotations

from typing import NamedTuple

from dash import html
from dash.development.base_component import Component

from app.components.attributes import attrs


class Col(NamedTuple):
    """One column: `key` of the row's values; `draw` text, prose, icon or bars; `cls` e.g. "num", "wide".

    In a file that is saved, a "num" is a number, of `unit` where its values don't say one.
    """

    key: str
    label: str = ""
    cls: str = ""
    draw: str = "text"
    unit: str = ""


def table(rows: str, columns: tuple[Col, ...], caption: str, *, most: int | None = None, cls: str = "") -> Component:
    """A table of the part "rows:<rows>"; `caption` is for those who do not see it; `most` rows are shown."""
    heads = [
        html.Th(
            c.label or html.Span(c.key, className="visually-hidden"),
            scope="col",
            className=c.cls or None,
            **attrs(data_col=c.key, data_as=c.draw, **({"data_unit": c.unit} if c.unit else {})),
        )
        for c in columns
    ]
    body = attrs(data_qt_rows=rows, **({"data_qt_most": str(most)} if most is not None else {}))
    return html.Table(
        [html.Caption(caption, className="visually-hidden"), html.Thead(html.Tr(heads)), html.Tbody(**body)],
        className=f"qt-table {cls}".strip(),
    )


def heatmap(name: str, factors: tuple[tuple[str, str], ...], caption: str, most: int) -> Component:
    """A table of the part "heat:<name>": symbols across, at most `most`, `factors` (key, label) down.

    A click goes to the symbol. The columns stay where they are until `order_button` takes the order of now.
    """
    body = attrs(
        data_qt_heat=name, data_most=str(most), data_factors="|".join(f"{key}:{label}" for key, label in factors)
    )
    return html.Div(
        html.Table(
            [
                html.Caption(caption, className="visually-hidden"),
                html.Thead(html.Tr(html.Th(html.Span("factor", className="visually-hidden"), scope="col"))),
                html.Tbody(**body),
            ],
            className="qt-heat",
        ),
        className="qt-scroll-x",
        tabIndex=0,
        role="group",
        **attrs(aria_label=caption),
    )


def treemap(part: str, label: str, *, fill: str, lines: tuple[str, ...]) -> Component:
    """A treemap of the part `part` (`app/rows/treemap.py`); a tile leads to its symbol.

    `fill` = "tone" (gain or loss) or "step" (the heatmaps' scale); `lines` of money, share, change = what a tile says
    below its symbol where there is room.
    """
    return html.Div(
        className="qt-treemap",
        role="group",
        **attrs(data_qt_treemap=part, data_fill=fill, data_lines=",".join(lines), aria_label=label),
    )


def scale_key(low: str, high: str, cls: str = "qt-scale", **attributes: str) -> Component:
    """What the colours of a heatmap or treemap mean, from `low` to `high`."""
    key: list[str | Component] = [f"{low} ", html.I(className=cls), f" {high}"]
    return html.Span(key, className="qt-soft qt-scale-key", **attrs(**attributes))


def order_button(name: str, view: str = "") -> Component:
    """Puts the symbols of the heatmap `name` in the order of now; `view` = it is shown with that view alone."""
    return html.Button(
        "New order",
        className="qt-button qt-button-small qt-button-quiet qt-order",
        title="Nothing changes places by itself: put the best of now first",
        **attrs(data_qt_heat_order=name, data_idle="", **({"data_heat": view} if view else {})),
    )
