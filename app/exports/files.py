"""Tables as bytes of a CSV or an Excel file. No cell is a formula, whatever its text begins with. Pure.

CSV: UTF-8 with a mark (Excel takes it for something else without), times as ISO 8601 with the offset of their zone.
Excel: times as its own dates on the zone's clock, each followed by its name there (EST, EDT).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import xlsxwriter

from app.exports.cells import Cell, Table

CSV, EXCEL = "csv", "xlsx"
TYPES: Final = {
    CSV: "text/csv; charset=utf-8",
    EXCEL: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
# What a spreadsheet takes for the beginning of a formula, its wide forms too.
_BEGINS: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_EDGE: Final = ("\t", "\r", "\n")
_NO_SHEET: Final = re.compile(r"[\[\]:*?/\\']")
_SHEET_MOST: Final = 31
_WIDTH_MOST: Final = 60


def file_of(kind: str, tables: Sequence[Table], note: str) -> bytes:
    """The bytes of a file of `kind`; `note` = what has to be known of all of it, e.g. that the data are simulated."""
    return _csv(tables, note) if kind == CSV else _excel(tables, note)


def harmless(text: str) -> str:
    """The text as a CSV cell that no spreadsheet calculates: an apostrophe says that it is text."""
    return f"'{text}" if text.startswith(_EDGE) or text.lstrip().startswith(_BEGINS) else text


def _csv(tables: Sequence[Table], note: str) -> bytes:
    """Several tables stand one below the other, each under its title."""
    out = io.StringIO(newline="")
    write = csv.writer(out, lineterminator="\r\n")
    for i, table in enumerate(tables):
        if i:
            write.writerow([])
        if len(tables) > 1:
            write.writerow([harmless(table.title)])
        write.writerow([harmless(head) for head in table.heads])
        write.writerows([_csv_cell(cell) for cell in row] for row in table.rows)
    if note:
        write.writerows([[], [harmless(note)]])
    return out.getvalue().encode("utf-8-sig")


def _csv_cell(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.isoformat(timespec="seconds")
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return harmless(cell) if isinstance(cell, str) else repr(cell)


def _excel(tables: Sequence[Table], note: str) -> bytes:
    out = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
    }
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"title": tables[0].title if tables else "QTrade", "comments": note})
        names: list[str] = []
        for table in tables:
            names.append(_sheet_name(table.title, names))
            _sheet(book, names[-1], table, note)
    return out.getvalue()


def _sheet_name(title: str, taken: list[str]) -> str:
    name = _NO_SHEET.sub(" ", title).strip()[:_SHEET_MOST] or "Table"
    known = {each.lower() for each in taken}
    for i in range(2, len(taken) + 3):
        if name.lower() not in known:
            break
        name = f"{name[: _SHEET_MOST - 3]} {i}"
    return name


def _sheet(book: Any, name: str, table: Table, note: str) -> None:
    sheet = book.add_worksheet(name)
    bold = book.add_format({"bold": True})
    times: dict[str, Any] = {}
    for at, head in enumerate(table.heads):
        sheet.write_string(0, at, head, bold)
        shown = [head, *(_shown(row[at]) for row in table.rows[:200])]
        sheet.set_column(at, at, min(_WIDTH_MOST, max(8, max(map(len, shown)) + 2)))
    for line, row in enumerate(table.rows, start=1):
        for at, cell in enumerate(row):
            _write(book, sheet, times, line, at, cell)
    if table.heads:
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(1, len(table.rows)), len(table.heads) - 1)
    if note:
        sheet.write_string(len(table.rows) + 2, 0, note)


def _write(book: Any, sheet: Any, times: dict[str, Any], line: int, at: int, cell: Cell) -> None:
    if cell is None:
        return
    if isinstance(cell, datetime):
        zone = cell.tzname() or ""
        if zone not in times:
            times[zone] = book.add_format({"num_format": f'yyyy-mm-dd hh:mm:ss "{zone}"', "align": "left"})
        sheet.write_datetime(line, at, cell.replace(tzinfo=None, microsecond=0), times[zone])
    elif isinstance(cell, str):
        sheet.write_string(line, at, cell)
    else:
        sheet.write_number(line, at, cell)


def _shown(cell: Cell) -> str:
    return "2025-11-10 10:00:00 EST" if isinstance(cell, datetime) else "" if cell is None else str(cell)
