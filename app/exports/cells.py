"""A value of a page as a cell of a file: numbers stay numbers, times get their zone, text stays text. Pure.

What comes is what the screen has: a number, a text made for reading ("−1,402.50 EUR", "▲ 2.1 %"), or a moment.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Final, NamedTuple

import msgspec

from engine.clock import local_time

TEXT, NUMBER = "text", "number"
KINDS: Final = (TEXT, NUMBER)
TEXT_MOST: Final = 32_767  # characters that a cell of Excel holds
FIRST_S: Final = -2_208_000_000.0  # times of a file lie between 1900 and 2200: Excel's calendar has none before
LAST_S: Final = 7_258_000_000.0


class Moment(msgspec.Struct, frozen=True):
    """A point in time, UTC epoch seconds."""

    at: float


Value = None | bool | int | float | Decimal | str | Moment
Cell = None | int | float | Decimal | str | datetime


class Column(NamedTuple):
    """One column: `unit` of its numbers, "" = said by the values or none. `kind` TEXT: nothing of it is a number."""

    head: str
    kind: str = TEXT
    unit: str = ""


class Zone(NamedTuple):
    """In which zone a file tells times, and how its heads call it."""

    where: tzinfo
    title: str


class Table(NamedTuple):
    """What a file shows of one table: heads with their units, rows of cells; times are aware."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


_NUMBER: Final = re.compile(
    r"[▲▼]?\s*(?P<sign>[+\-−]?)\s*(?P<whole>\d{1,3}(?:,\d{3})+|\d+)(?P<part>\.\d+)?\s*(?P<unit>[^\d\s][^\d]{0,15})?"
)
_MISSING: Final = frozenset({"", "–", "-", "−"})
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def made(title: str, columns: Sequence[Column], rows: Sequence[Sequence[Value]], zone: Zone) -> Table:
    """The table of a file; heads of times name the zone, a column of different units has one of units after it."""
    heads: list[str] = []
    cells: list[list[Cell]] = []
    for column, values in zip(columns, _across(rows, len(columns)), strict=True):
        for head, made_cells in _column(column, values, zone):
            heads.append(clean(head))
            cells.append(made_cells)
    return Table(title, tuple(heads), tuple(zip(*cells, strict=True)) if rows else ())


def _across(rows: Sequence[Sequence[Value]], width: int) -> list[list[Value]]:
    return [[row[i] if i < len(row) else None for row in rows] for i in range(width)]


def _column(column: Column, values: list[Value], zone: Zone) -> list[tuple[str, list[Cell]]]:
    if column.kind != NUMBER:
        cells = [_plain(value, zone) for value in values]
        has_time = any(isinstance(value, Moment) for value in values)
        return [(f"{column.head} ({zone.title})".strip() if has_time else column.head, cells)]
    read = [_read(value, zone) for value in values]
    units = {unit for cell, unit in read if isinstance(cell, int | float | Decimal)}
    numbers: list[Cell] = [cell for cell, _unit in read]
    if column.unit or units <= {""}:
        return [(_with_unit(column.head, column.unit), numbers)]
    if len(units) == 1:
        return [(_with_unit(column.head, next(iter(units))), numbers)]
    return [(column.head, numbers), (f"{column.head} unit", [unit or None for _cell, unit in read])]


def _with_unit(head: str, unit: str) -> str:
    return f"{head} ({unit})".strip() if unit and unit not in head else head


def _read(value: Value, zone: Zone) -> tuple[Cell, str]:
    """The number that a text stands for, and its unit; other text stays what it is."""
    if not isinstance(value, str):
        return _plain(value, zone), ""
    found = _NUMBER.fullmatch(value.replace("\u00a0", " ").strip())
    if found is None:
        return _plain(value, zone), ""
    digits = found["whole"].replace(",", "") + (found["part"] or "")
    number = Decimal(f"-{digits}" if found["sign"] in ("-", "−") else digits)
    return (number, (found["unit"] or "").strip()) if _fits(number) else (_plain(value, zone), "")


def _plain(value: Value, zone: Zone) -> Cell:
    if isinstance(value, Moment):
        return local_time(value.at, zone.where) if FIRST_S <= value.at <= LAST_S else f"no time: {value.at:g}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        text = clean(value)
        return None if text.strip() in _MISSING else text
    return value if value is None or _fits(value) else None


def _fits(value: float | Decimal) -> bool:
    """Whether it is a number that a cell holds: a double."""
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def clean(text: str) -> str:
    """Without what no file of these kinds can hold, and no longer than a cell."""
    return _CONTROL.sub("", text)[:TEXT_MOST]
