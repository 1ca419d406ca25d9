"""Saved tables: the numbers of the screen, no formula, times with their zone, a door for pages of ours alone."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from decimal import Decimal

import dash
import openpyxl
import pytest
from dash import html
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from app.deps import AppDeps
from app.export_route import EXPORT_PATH, SIMULATED_NOTE, file_name
from app.exports.cells import Column, Moment, Table, Zone, made
from app.exports.files import file_of, harmless
from app.factory import create_app
from app.rows.overview import overview_parts
from app.snapshots import Snapshots, engine_state
from engine.clock import NEW_YORK, FakeClock, local_time
from engine.state.bus import StateBus
from tests.app.dash_client import HEADERS
from tests.app.sample_state import WALL, fill_sample

NASTY = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1+1", '=HYPERLINK("http://x")', "＝1", "a\x00b", "plain")
IN_NEW_YORK = Zone(NEW_YORK, "New York time")
AT = 1_762_774_200.0  # 2025-11-10 06:30 New York
COLUMNS = (Column("Symbol"), Column("Last", "number"), Column("When"), Column("Move", "number", "ATR"))
ROWS = (("AAPL", 270.5, Moment(AT), "+1.25"), ("=1+1", "−1,402.50", None, "–"), ("TSLA", None, Moment(AT + 1), 3))


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    clock = FakeClock(wall=WALL)
    bus = StateBus(None, clock)
    fill_sample(bus, WALL, clock.mono())
    return create_app(AppDeps(state=bus, clock=clock, build_id="test")).server.test_client()


def sheet_of(data: bytes, name: str | None = None) -> list[list[object]]:
    """Cells of a sheet; a formula would come as its text, so its type is asked for, too."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    sheet = book[name] if name else book.worksheets[0]
    assert all(cell.data_type != "f" and cell.hyperlink is None for row in sheet.iter_rows() for cell in row)
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def csv_of(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_excel_has_the_same_numbers_times_with_their_zone_and_no_formula() -> None:
    data = file_of("xlsx", [made("Positions", COLUMNS, ROWS, IN_NEW_YORK)], "")
    heads, first, second, third = sheet_of(data)
    assert heads == ["Symbol", "Last", "When (New York time)", "Move (ATR)"]
    assert first == ["AAPL", 270.5, datetime(2025, 11, 10, 6, 30), 1.25]  # noqa: DTZ001
    assert second == ["=1+1", -1402.5, None, None]
    assert third[0] == "TSLA" and third[1] is None and third[3] == 3
    cell = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]["C2"]
    assert "EST" in cell.number_format


def test_csv_has_the_same_numbers_and_offsets() -> None:
    heads, first, second, _third = csv_of(file_of("csv", [made("Positions", COLUMNS, ROWS, IN_NEW_YORK)], ""))
    assert heads[2] == "When (New York time)"
    assert first == ["AAPL", "270.5", "2025-11-10T06:30:00-05:00", "1.25"]
    assert second == ["'=1+1", "-1402.50", "", ""]


def test_an_hour_that_the_clocks_repeat_is_told_apart() -> None:
    first = datetime(2025, 11, 2, 1, 30, tzinfo=NEW_YORK).timestamp()
    rows = [(Moment(first),), (Moment(first + 3600),)]
    lines = csv_of(file_of("csv", [made("T", (Column("At"),), rows, IN_NEW_YORK)], ""))
    assert [line[0] for line in lines[1:]] == ["2025-11-02T01:30:00-04:00", "2025-11-02T01:30:00-05:00"]


@pytest.mark.parametrize("at", [1e300, -1e300, 1e15, -3e9, float("inf"), float("nan")])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_moment_that_no_calendar_has_is_a_clear_cell(at: float, kind: str) -> None:
    columns = (Column("At"), Column("N", "number"))
    data = file_of(kind, [made("T", columns, [(Moment(at), "9" * 400), (Moment(AT), 1)], IN_NEW_YORK)], "")
    line = csv_of(data)[1] if kind == "csv" else sheet_of(data)[1]
    assert str(line[0]).lstrip("'") == f"no time: {at:g}"
    assert line[1] == "9" * 400, "no double holds it: it stays the text that it was"


def test_units_stand_in_the_head_or_in_a_column_of_their_own() -> None:
    one = made("T", (Column("Change", "number"),), [("▲ +2.1 %",), ("▼ −0.5 %",), ("–",)], IN_NEW_YORK)
    assert one == Table("T", ("Change (%)",), ((Decimal("2.1"),), (Decimal("-0.5"),), (None,)))
    two = made("T", (Column("Value", "number"),), [("1,250.00 EUR",), ("3 USD",), ("not known",)], IN_NEW_YORK)
    assert two.heads == ("Value", "Value unit")
    assert two.rows == ((Decimal("1250.00"), "EUR"), (Decimal(3), "USD"), ("not known", None))
    # What only begins with a number is none.
    assert made("T", (Column("Left", "number"),), [("12 of 20",), ("2 h 5 min",)], IN_NEW_YORK).rows == (
        ("12 of 20",),
        ("2 h 5 min",),
    )


@pytest.mark.parametrize("text", NASTY)
def test_no_text_is_a_formula(text: str) -> None:
    table = made("=T", (Column(text),), [(text,)], IN_NEW_YORK)
    sheet_of(file_of("xlsx", [table], text))
    for line in csv_of(file_of("csv", [table, table], text)):
        assert all(cell[:1] == "'" or cell.lstrip()[:1] not in ("=", "+", "-", "@", "＝") for cell in line)


@given(st.text(max_size=30))
def test_a_harmless_text_is_the_text_or_the_text_behind_an_apostrophe(text: str) -> None:
    made_harmless = harmless(text)
    assert made_harmless in (text, f"'{text}")
    assert made_harmless.lstrip()[:1] not in ("=", "+", "-", "@")


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12))
def test_a_number_written_for_the_eye_is_read_back(value: Decimal) -> None:
    shown = f"{abs(value):,.4f}"
    text = f"−{shown}" if value < 0 else shown
    assert made("T", (Column("N", "number"),), [(text,)], IN_NEW_YORK).rows[0][0] == value


def test_sheets_of_the_same_title_and_of_strange_ones_are_kept_apart() -> None:
    tables = [
        made("By hour: [a/b] and a very long title indeed", (Column("A"),), [("x",)], IN_NEW_YORK) for _ in range(3)
    ]
    book = openpyxl.load_workbook(io.BytesIO(file_of("xlsx", tables, "")))
    assert len(set(book.sheetnames)) == 3 and all(len(name) <= 31 for name in book.sheetnames)


def ask(client: FlaskClient, kind: str = "csv", **headers: str) -> object:
    body = {
        "name": "Open positions",
        "format": kind,
        "tables": [
            {
                "title": "Positions",
                "columns": [{"head": "Symbol"}, {"head": "Day", "kind": "number", "unit": "USD"}, {"head": "At"}],
                "rows": [["=A", -3.25, {"at": AT}], ["B", "+1,000", None]],
            }
        ],
    }
    return client.post(EXPORT_PATH, json=body, headers={**HEADERS, **headers})


def test_the_route_answers_with_a_file_named_by_table_and_date(client: FlaskClient) -> None:
    answer = ask(client)
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    name = answer.headers["Content-Disposition"]
    assert name.startswith('attachment; filename="qtrade-') and "open-positions-20" in name and name.endswith('.csv"')
    lines = csv_of(answer.data)
    assert lines[0] == ["Symbol", "Day (USD)", "At (New York time)"]
    assert lines[1] == ["'=A", "-3.25", "2025-11-10T06:30:00-05:00"]
    assert sheet_of(ask(client, "xlsx").data)[2][1] == 1000


def test_the_door_is_shut_to_others(client: FlaskClient) -> None:
    assert ask(client, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert ask(client, Origin="http://evil.example").status_code == 403
    assert client.post(EXPORT_PATH, data="{}", headers=HEADERS).status_code == 415
    for body in ([], {"name": "x"}, {"name": "x", "format": "exe", "tables": []}, {"name": "x" * 300}):
        assert client.post(EXPORT_PATH, json=body, headers=HEADERS).status_code == 400
    assert client.get(EXPORT_PATH, headers=HEADERS).status_code in (404, 405)


def test_odd_values_of_a_browser_are_cells_and_no_fault(client: FlaskClient) -> None:
    table = {
        "title": "T",
        "columns": [{"head": "At", "kind": "text", "unit": ""}],
        "rows": [[{"at": 1e300}], [10**400]],
    }
    for kind in ("csv", "xlsx"):
        answer = client.post(EXPORT_PATH, json={"name": "x", "format": kind, "tables": [table]}, headers=HEADERS)
        assert answer.status_code in (200, 400), answer.text


def test_simulated_data_say_so_in_name_and_file() -> None:
    assert (
        file_name("P&L by day", "csv", local_time(AT, NEW_YORK), simulated=True)
        == "qtrade-simulated-p-l-by-day-2025-11-10-0630.csv"
    )
    lines = csv_of(file_of("csv", [made("T", (Column("A"),), [("x",)], IN_NEW_YORK)], SIMULATED_NOTE))
    assert lines[-1] == [SIMULATED_NOTE]


def every_card() -> list[tuple[str, html.Section]]:
    found = []
    for page in dash.page_registry.values():
        root = page["layout"]()
        for part in root._traverse():
            classes = (getattr(part, "className", None) or "").split()
            if isinstance(part, html.Section) and "qt-card" in classes and "qt-find-card" not in classes:  # a choice
                found.append((page["path"], part))
    return found


def test_every_table_of_a_page_has_the_control(client: FlaskClient) -> None:
    count = 0
    for path, card in every_card():
        parts = list(card._traverse())
        if any(isinstance(part, html.Table) or hasattr(part, "data-qt-grid") for part in parts):
            count += 1
            buttons = [getattr(part, "data-save", None) for part in parts]
            assert [b for b in buttons if b] == ["csv", "xlsx"], (path, getattr(card, "aria-label", ""))
    assert count >= 15


def test_what_a_grid_saves_is_in_its_rows(client: FlaskClient) -> None:
    """The declaration of the columns and the rows of the feed name the same fields."""
    clock = FakeClock(wall=WALL)
    bus = StateBus(None, clock)
    fill_sample(bus, WALL, clock.mono())
    names = ("broker", "positions", "quotes", "lines", "scanners", "signals", "pnl", "health", "incidents")
    view = overview_parts(Snapshots.read(bus, names, engine_state(0.1), WALL))
    row = next(iter(view["grid:positions"].values()))
    layout = next(page["layout"]() for page in dash.page_registry.values() if page["path"] == "/")
    grid = next(part for part in layout._traverse() if type(part).__name__ == "AgGrid")
    saved = [part for column in grid.columnDefs for part in column.get("context", {}).get("saved", [])]
    assert len(saved) > 12
    assert [field for _head, field, _kind, _unit in saved if field not in row] == []
