"""dash-ag-grid as this product uses it: rows come from the feed by row id, one look, one flashing column at most."""

from __future__ import annotations

from typing import Any

import dash_ag_grid as dag
from dash import html
from dash.development.base_component import Component

from app.components.attributes import attrs
from app.theme import COLOR, FONT

_THEME = {
    "accentColor": COLOR["accent"],
    "backgroundColor": COLOR["card"],
    "borderColor": COLOR["hairline"],
    "browserColorScheme": "light",
    "cellHorizontalPadding": 8,
    "columnBorder": False,
    "fontFamily": FONT,
    "fontSize": 13,
    "foregroundColor": COLOR["text"],
    "headerBackgroundColor": COLOR["card"],
    "headerFontSize": 12,
    "headerFontWeight": 500,
    "headerHeight": 28,
    "headerTextColor": COLOR["text-2"],
    "headerColumnBorder": False,
    "headerColumnResizeHandleColor": "transparent",
    "rowHoverColor": COLOR["page"],
    "selectedRowBackgroundColor": "#eff6ff",
    "valueChangeValueHighlightBackgroundColor": "#dbe9fe",
    "wrapperBorder": False,
    "wrapperBorderRadius": 0,
}


def _theme() -> dict[str, str]:
    params = ", ".join(f"{key}: {_js(value)}" for key, value in _THEME.items())
    return {"function": f"themeQuartz.withParams({{ {params} }})"}


def _js(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "\\'") + "'"


def column(
    kind: str,
    head: str,
    field: str,
    *,
    also: tuple[str, ...] = (),
    num: bool = True,
    phone: bool = True,
    **options: Any,
) -> dict[str, Any]:
    """A column drawn by `QtCell` as `kind`; `also` = other fields it shows, so that it is painted when they change.

    `phone` False = not shown on a narrow screen.
    """
    return {
        "headerName": head,
        "field": field,
        "cellRenderer": "QtCell",
        "cellRendererParams": {"kind": kind, "total": field},
        "context": {"also": list(also), "phone": phone},
        **_align(num, "qt-flex"),
        **options,
    }


def text_column(head: str, field: str, *, num: bool = False, phone: bool = True, **options: Any) -> dict[str, Any]:
    """A column that shows its field as it is; cut text has a tooltip."""
    context = {"phone": phone}
    return {"headerName": head, "field": field, "tooltipField": field, "context": context, **_align(num), **options}


def age_column(
    head: str, function: str = "qtAge", comparator: str = "qtByTime", *, phone: bool = True, **options: Any
) -> dict[str, Any]:
    """A column of ages, counted in the browser each second."""
    return {
        "headerName": head,
        "colId": f"age_{function}",
        "valueGetter": {"function": f"{function}(params)"},
        "comparator": {"function": comparator},
        "context": {"ages": True, "phone": phone},
        **_align(True),
        **options,
    }


def _align(num: bool, cls: str = "qt-plain") -> dict[str, Any]:
    if not num:
        return {"cellClass": cls}
    return {"headerClass": "ag-right-aligned-header", "cellClass": f"ag-right-aligned-cell qt-num {cls}"}


def _with_edges(columns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first and last column keep the card's padding; the order in the DOM says nothing about who that is."""
    out = [dict(item) for item in columns]
    for item, cls in ((out[0], "qt-first"), (out[-1], "qt-last")):
        for name in ("cellClass", "headerClass"):
            item[name] = f"{item.get(name, '')} {cls}".strip()
    return out


_COLUMN = {
    "sortable": True,
    "resizable": False,
    "suppressHeaderMenuButton": True,
    "minWidth": 40,
    "cellDataType": False,
}
ORDER = {"hide": True, "sort": "asc"}


def grid(
    grid_id: str,
    part: str,
    columns: list[dict[str, Any]],
    *,
    label: str,
    row_height: int = 32,
    total: str | None = None,
    auto_height: bool = True,
    sort_by: str = "order",
    options: dict[str, Any] | None = None,
) -> Component:
    """A grid of the part "grid:<part>"; `total` = the part of the pinned row at the bottom.

    `sort_by` = the field of the server's order (None first), until the user sorts by a column.

    A row with `silent` is marked: its line brings nothing though it should.

    Its callbacks are none: rows arrive as transactions (`assets/core/grid.mjs`), a row leads to its symbol.
    """
    grid_options: dict[str, Any] = {
        "theme": _theme(),
        "rowHeight": row_height,
        "getRowHeight": {"function": f"params.node.rowPinned ? 32 : {row_height}"},
        "animateRows": False,
        "suppressMovableColumns": True,
        "suppressCellFocus": False,
        "cellFlashDuration": 600,
        "cellFadeDuration": 300,
        "domLayout": "autoHeight" if auto_height else "normal",
        "tooltipShowDelay": 400,
        "suppressNoRowsOverlay": True,
        "rowBuffer": 20,
        **(options or {}),
    }
    totals = {"data_total": total} if total else {}
    return html.Div(
        dag.AgGrid(
            id=grid_id,
            columnDefs=[{**ORDER, "field": sort_by, "colId": "qt-order"}, *_with_edges(columns)],
            rowData=[],
            getRowId="params.data.id",
            rowClassRules={"qt-row-silent": "params.data.silent"},
            defaultColDef=_COLUMN,
            dashGridOptions=grid_options,
            className="",
            style={"width": "100%", "height": None if auto_height else "100%"},
        ),
        className="qt-grid",
        role="region",
        **attrs(aria_label=label, data_qt_grid=part, data_grid_id=grid_id, data_sort=sort_by, **totals),
    )
