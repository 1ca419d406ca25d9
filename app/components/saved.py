"""The control that saves the tables of a card (`assets/core/save.mjs`), and what of a grid's cells goes into a file."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from dash import html
from dash.development.base_component import Component

from app.components.attributes import attrs
from app.components.bind import icon


class Saved(NamedTuple):
    """One column of the file: `field` of the row, `unit` of its numbers.

    `kind`: text, number, time (the field is UTC epoch seconds of the market's clock), wall (of this program),
    age (seconds from such a field to the moment of saving), side (true = short), lane (of a line: the state while that
    is not live).
    """

    head: str
    field: str
    kind: str = "text"
    unit: str = ""


# What cells of several values hold, by kind of column; any other kind is its field alone.
_PARTS: dict[str, tuple[Saved, ...]] = {
    "symbol": (Saved("Symbol", "sym"), Saved("Name", "name")),
    "qty": (Saved("Quantity", "qty", "number"), Saved("Quantity in", "unit")),
    "avg": (
        Saved("Average price", "avg", "number"),
        Saved("Price unit", "pu"),
        Saved("Currency", "ccy"),
        Saved("Cost", "cost"),
    ),
    "spark": (),
    "last": (
        Saved("Last", "last", "number"),
        Saved("Last is", "kind"),
        Saved("Change", "chg", "number", "%"),
    ),
    "mark": (
        Saved("Valued at", "mark", "number"),
        Saved("Valued by", "mkind"),
        Saved("Valued", "mark_at", "wall"),
    ),
    "unr": (Saved("Unrealised", "unr", "number"), Saved("Unrealised", "unrp", "number", "%")),
    "ib": (
        Saved("Unrealised at IB", "ib", "number"),
        Saved("Unrealised at IB as of", "ib_at", "wall"),
        Saved("Compared", "check"),
    ),
    "exp": (Saved("Exposure", "exp", "number"), Saved("Exposure", "expp", "number", "%")),
    "emas": (Saved("EMA fast", "fast", "number"), Saved("EMA slow", "slow", "number")),
    "trend": (Saved("EMA trend", "trend_words"),),
    "lane": (Saved("Lane", "lane", "lane"),),
    "priority": (Saved("Priority", "cls", "class"),),
    "age": (Saved("Age", "at", "age", "s"),),
    "held": (Saved("Held", "since", "age", "s"),),
    "scan-symbol": (Saved("Symbol", "sym"), Saved("Side", "short", "side")),
    "scan-since": (Saved("Listed", "since", "time"),),
    "scan-scans": (Saved("In scans", "scans"), Saved("State", "state")),
    "scan-chg": (Saved("Change", "chg", "number", "%"),),
    "scan-dist": (Saved("Distance", "dist", "number", "ATR"),),
    "scan-line": (Saved("Line", "cls", "class"),),
    "lab-at": (Saved("Time", "at", "time"),),
    "lab-side": (Saved("Side", "side"),),
}


def parts_of(kind: str, head: str, field: str, *, num: bool) -> list[list[str]]:
    """What a column drawn as `kind` saves, as lists for the browser."""
    known = _PARTS.get(kind, (Saved(head, field, "number" if num else "text"),))
    return [list(part) for part in known]


def save_menu(title: str) -> Component:
    """CSV or Excel of the tables of the card `title`, as they are filtered and sorted at that moment."""
    menu_id = "save-" + re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    items = [
        html.Button(label, role="menuitem", **attrs(data_save=kind))
        for kind, label in (("csv", "Save as CSV"), ("xlsx", "Save as Excel"))
    ]
    return html.Span(
        [
            html.Button(
                icon("download"),
                className="qt-save-button",
                title="Save this table",
                **attrs(aria_label=f"Save {title}", aria_haspopup="menu", aria_expanded="false", data_menu=menu_id),
            ),
            html.Span(items, id=menu_id, className="qt-menu qt-save-menu", role="menu", hidden=True),
        ],
        className="qt-save",
    )


def has_table(body: Any) -> bool:
    """Whether a grid or a table is somewhere in it."""
    parts = body if isinstance(body, list | tuple) else [body]
    found = [part for one in parts if isinstance(one, Component) for part in (one, *one._traverse())]  # type: ignore[no-untyped-call]
    return any(isinstance(part, html.Table) or hasattr(part, "data-qt-grid") for part in found)
