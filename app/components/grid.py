"""dash-ag-grid as this product uses it: rows come from the feed by row id, one look, columns that a person chooses."""

from __future__ import annotations

from typing import Any

import dash_ag_grid as dag
from dash import html
from dash.development.base_component import Component

from app.components.attributes import attrs
from app.components.bind import icon
from app.components.saved import parts_of
from app.theme import COLOR, FONT

_THEME = {
    "accentColor": COLOR["accent"],
    "backgroundColor": COLOR["card"],
    "borderColor": COLOR["hairline"],
    "browserColorScheme": "light",
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
    "wrapperBorder": False,
    "wrapperBorderRadius": 0,
}


def _theme(padding: int) -> dict[str, str]:
    values = {**_THEME, "cellHorizontalPadding": padding}
    params = ", ".join(f"{key}: {_js(value)}" for key, value in values.items())
    return {"function": f"themeQuartz.withParams({{ {params} }})"}


def _js(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "\\'") + "'"


Column = dict[str, Any]


def column(
    kind: str,
    head: str,
    field: str,
    *,
    also: tuple[str, ...] = (),
    num: bool = True,
    phone: bool = True,
    spare: bool = False,
    grow: int = 0,
    least: int = 0,
    flash: bool = False,
    ages: bool = False,
    **options: Any,
) -> Column:
    """A column drawn as `kind` (assets/core/cells.mjs), as wide as its longest value.

    Args:
        kind: its painter.
        head: words of its head.
        field: what it is sorted by.
        also: other fields it shows.
        num: numbers, right-aligned, never cut; the others may be, to `least` pixels.
        phone: must be there on a narrow screen; the others leave when there is no room, the last one first.
        spare: leaves before the others.
        grow: its share of the room that is left over.
        flash: a change is seen for a moment.
        ages: it shows an age, which is counted in the browser each second.
        options: further ones of ag-grid's column.
    """
    leaves = 2 if spare else 0 if phone else 1
    return {
        "headerName": head,
        "field": field,
        "cellRenderer": "QtCell",
        "cellRendererParams": {"kind": kind},
        "context": {
            **_context(also=also, num=num, leaves=leaves, grow=grow, least=least, flash=flash, ages=ages),
            "saved": parts_of(kind, head, field, num=num),
        },
        **_align(num, "qt-flex"),
        **options,
    }


def text_column(head: str, field: str, *, num: bool = False, **options: Any) -> Column:
    """A column that shows its field as it is; cut text has a tooltip."""
    made = column("text", head, field, num=num, **options)
    return {**made, "tooltipField": field, **_align(num)}


def age_column(head: str, kind: str = "age", **options: Any) -> Column:
    """A column of ages ("age" of `at`, "held" of `since`), counted in the browser each second."""
    field, comparator = {"age": ("at", "qtByTime"), "held": ("since", "qtBySince")}[kind]
    made = column(kind, head, field, ages=True, **options)
    return {**made, "comparator": {"function": comparator}, **_align(True)}


def _context(
    *, also: tuple[str, ...], num: bool, leaves: int, grow: int, least: int, flash: bool, ages: bool
) -> dict[str, Any]:
    return {
        "also": list(also),
        "cut": not num,
        "leaves": leaves,
        "grow": grow,
        "least": least,
        "flash": flash,
        "ages": ages,
    }


def _align(num: bool, cls: str = "qt-plain") -> dict[str, Any]:
    if not num:
        return {"cellClass": cls}
    return {"headerClass": "ag-right-aligned-header", "cellClass": f"ag-right-aligned-cell qt-num {cls}"}


_COLUMN = {
    "sortable": True,
    "resizable": True,
    "suppressHeaderMenuButton": True,
    "minWidth": 30,
    "width": 60,
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
    padding: int = 8,
    options: dict[str, Any] | None = None,
) -> Component:
    """A grid of the part "grid:<part>"; `total` = the part of the pinned row at the bottom.

    `sort_by` = the field of the server's order (None first), until the user sorts by a column.

    `padding` = pixels left and right of a value.

    A row with `silent` is marked: its line brings nothing though it should.

    Its callbacks are none: `assets/core/grid.mjs` has the rows, draws the cells and says the widths; a row leads to its
    symbol. Which columns are shown, their widths and the sort are kept in the browser under the grid's id.
    """
    grid_options: dict[str, Any] = {
        "theme": _theme(padding),
        "rowHeight": row_height,
        "getRowHeight": {"function": f"params.node.rowPinned ? 32 : {row_height}"},
        "animateRows": False,
        "suppressMovableColumns": True,
        "suppressCellFocus": False,
        "domLayout": "autoHeight" if auto_height else "normal",
        "tooltipShowDelay": 400,
        "suppressNoRowsOverlay": True,
        "rowBuffer": 6,
        "suppressColumnVirtualisation": True,
        **(options or {}),
    }
    totals = {"data_total": total} if total else {}
    table = dag.AgGrid(
        id=grid_id,
        columnDefs=[{**ORDER, "field": sort_by, "colId": "qt-order"}, *columns],
        rowData=[],
        getRowId="params.data.id",
        rowClassRules={"qt-row-silent": "params.data.silent"},
        defaultColDef=_COLUMN,
        dashGridOptions=grid_options,
        className="",
        style={"width": "100%", "height": None if auto_height else "100%"},
    )
    return html.Div(
        [table, _menu(grid_id, columns)],
        className="qt-grid",
        role="group",
        **attrs(
            aria_label=label,
            data_qt_grid=part,
            data_grid_id=grid_id,
            data_sort=sort_by,
            data_padding=str(padding),
            **totals,
        ),
    )


def _menu(grid_id: str, columns: list[Column]) -> Component:
    """Which columns are shown; the browser ticks them."""
    menu_id = f"{grid_id}-columns"
    items = [
        html.Button(
            item["headerName"],
            role="menuitemcheckbox",
            **attrs(aria_checked="true", data_col=item["field"]),
        )
        for item in columns
    ]
    again = html.Button("As at first", role="menuitem", className="qt-columns-again", **attrs(data_columns_reset="1"))
    return html.Span(
        [
            html.Button(
                icon("layout-three-columns"),
                className="qt-columns-button",
                title="Columns",
                **attrs(aria_label="Columns", aria_haspopup="menu", aria_expanded="false", data_menu=menu_id),
            ),
            html.Span([*items, again], id=menu_id, className="qt-menu qt-columns-menu", role="menu", hidden=True),
        ],
        className="qt-columns",
    )
