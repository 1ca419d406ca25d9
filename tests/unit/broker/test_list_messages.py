"""Bars, scan rows and found symbols, row by row: what can't be read is lost alone."""

from __future__ import annotations

import math
import sys
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.broker.list_messages import PlainBars, bar_date, found_symbols, history_bars, scan_rows

T0 = 1_762_354_800


def bar(n: int, **other: str) -> list[str]:
    fields = {"date": str(T0 + 60 * n), "open": "10.0", "high": "11.0", "low": "9.0", "close": "10.5",
              "volume": str(100 + n), "average": "10.2", "count": "7"}  # fmt: skip
    return list((fields | other).values())


def answer(*bars: list[str], count: str | None = None) -> list[str]:
    return ["17", "9", "", "", str(len(bars)) if count is None else count, *(field for each in bars for field in each)]


def times(fields: list[str]) -> list[int]:
    rows = history_bars(fields).rows
    return [round((row.date.timestamp() - T0) / 60) for row in rows if isinstance(row.date, datetime)]


@pytest.mark.parametrize("bad", ["20251399", "", "?", "garbage", "0", "-1", "99999999999999", "nan",
                                 "20251105 25:00:00", "20251105 10:00:00 Moon/Base", "٢٠٢٥١١٠٥"])  # fmt: skip
def test_one_bar_with_a_bad_date_loses_that_bar_not_400(bad: str) -> None:
    bars = [bar(n) for n in range(400)]
    bars[7] = bar(7, date=bad)
    found = history_bars(answer(*bars))
    assert len(found.rows) == 399 and found.req_id == 9
    assert len(found.lost) == 1 and repr(bad)[1:20] in found.lost[0]
    assert times(answer(*bars)) == [n for n in range(400) if n != 7]


@pytest.mark.parametrize("place", [0, 199, 399])
@pytest.mark.parametrize("change", [-1, 1, -3])
def test_a_bar_with_more_or_fewer_fields_does_not_shift_the_others(place: int, change: int) -> None:
    bars = [bar(n) for n in range(400)]
    bars[place] = [*bars[place], "x"] if change > 0 else bars[place][:change]
    kept = [place] if (place, change) == (399, 1) else []  # what follows the last bar is none of its fields
    assert times(answer(*bars)) == [n for n in range(400) if n != place or n in kept]


@pytest.mark.parametrize("count", ["401", "399", "0", "", "?", "-5"])
def test_a_count_that_does_not_fit_loses_nothing(count: str) -> None:
    found = history_bars(answer(*[bar(n) for n in range(400)], count=count))
    assert len(found.rows) == 400 and found.lost == [f"the answer says {count!r} bars and has 400"]


def test_an_answer_that_was_cut_off_keeps_its_whole_bars() -> None:
    whole = answer(*[bar(n) for n in range(400)])
    assert times(whole[:-3]) == list(range(399))


@pytest.mark.parametrize("bad", ["", "?", "NaN", "Infinity", "-Infinity", "1,234.5", "1.7976931348623157E308x"])
def test_a_number_that_is_none_is_missing_in_its_bar_alone(bad: str) -> None:
    found = history_bars(answer(bar(0, volume=bad, average=bad, count=bad), bar(1, close=bad), bar(2)))
    assert len(found.rows) == 3 and not found.lost
    assert math.isnan(found.rows[0].volume) and found.rows[0].close == 10.5
    assert math.isnan(found.rows[1].close) and found.rows[2].volume == 102.0


def test_a_low_above_the_high_is_no_bar() -> None:
    found = history_bars(answer(bar(0), bar(1, low="12.0"), bar(2)))
    assert len(found.rows) == 2 and "low 12.0 above its high 11.0" in found.lost[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1762354800", datetime(2025, 11, 5, 15, tzinfo=UTC)),
        ("1762354800.000", datetime(2025, 11, 5, 15, tzinfo=UTC)),
        ("20251105", date(2025, 11, 5)),
        ("2025-11-05", date(2025, 11, 5)),
        ("20251105  15:00:00", datetime(2025, 11, 5, 15, tzinfo=UTC)),
        ("20251105-15:00:00", datetime(2025, 11, 5, 15, tzinfo=UTC)),
        ("20251105 15:00", datetime(2025, 11, 5, 15, tzinfo=UTC)),
        ("20251105 10:00:00 US/Eastern", datetime(2025, 11, 5, 15, tzinfo=UTC)),
        ("2025-11-05 15:00:00.0", datetime(2025, 11, 5, 15, tzinfo=UTC)),
        ("19700101", None),
        ("20250230", None),
    ],
)
def test_dates_of_bars(text: str, expected: datetime | date | None) -> None:
    assert bar_date(text) == expected
    assert type(bar_date(text)) is type(expected)


@given(st.lists(st.text(max_size=12) | st.integers(-5, 2**40).map(str) | st.floats().map(str), max_size=60))
def test_whatever_comes_nothing_is_raised(rest: list[str]) -> None:
    history_bars(["17", "9", "", "", "3", *rest])
    scan_rows(["20", "3", "9", "3", *rest])
    found_symbols(["79", "9", "3", *rest], 176)


PRICES = st.floats(-5.0, 1e7).map(str) | st.sampled_from(["10.0", "1e300", "nan", "1,5", "-1", "0"])


@given(st.lists(st.fixed_dictionaries({"open": PRICES, "high": PRICES, "low": PRICES, "volume": PRICES}), max_size=8))
def test_bars_that_are_read_at_once_are_what_one_look_at_each_would_tell(changes: list[dict[str, str]]) -> None:
    bars = [bar(n, **change) for n, change in enumerate(changes)]
    one_by_one = [[f" {each[0]}", *each[1:]] for each in bars]  # a blank before the date
    at_once, looked_at = history_bars(answer(*bars)), history_bars(answer(*one_by_one))
    assert repr(list(at_once.rows)) == repr(list(looked_at.rows))  # NaN is NaN
    assert len(at_once.lost) == len(looked_at.lost)


@given(st.sets(st.integers(0, 59), max_size=20))
def test_bad_dates_lose_exactly_their_bars(bad: set[int]) -> None:
    bars = [bar(n, date="x") if n in bad else bar(n) for n in range(60)]
    assert times(answer(*bars)) == [n for n in range(60) if n not in bad]


def scan_row(n: int, con_id: str | None = None, strike: str = "0") -> list[str]:
    symbol = f"S{n}"
    number = str(700 + n) if con_id is None else con_id
    return [str(n), number, symbol, "STK", "", strike, "", "SMART", "USD", symbol, "NMS", "NMS", "", "", "", ""]


def test_a_row_of_a_scan_that_cannot_be_read_is_lost_alone() -> None:
    rows = [scan_row(0), scan_row(1, con_id="?"), scan_row(2, strike="?"), scan_row(3)]
    found = scan_rows(["20", "3", "9", "4", *(field for row in rows for field in row)])
    assert [(row.rank, row.con_id) for row in found.rows] == [(0, 700), (2, 702), (3, 703)]
    assert found.rows[1].strike == 0.0 and len(found.lost) == 1 and "S1" in found.lost[0]


def test_an_empty_scan_is_one() -> None:
    assert scan_rows(["20", "3", "9", "0"]) == (9, [], [])


def test_a_symbol_that_cannot_be_read_is_lost_alone() -> None:
    def row(con_id: str, symbol: str, *kinds: str) -> list[str]:
        return [con_id, symbol, "STK", "NASDAQ", "USD", str(len(kinds)), *kinds, "Some name", ""]

    fields = ["79", "9", "3", *row("265598", "AAPL", "OPT", "WAR"), *row("?", "BAD"), *row("272093", "MSFT", "OPT")]
    found = found_symbols(fields, 176)
    assert [(each.con_id, each.symbol) for each in found.rows] == [(265598, "AAPL"), (272093, "MSFT")]
    assert len(found.lost) == 1
    older = ["79", "9", "1", "265598", "AAPL", "STK", "NASDAQ", "USD", "1", "OPT"]
    assert [each.symbol for each in found_symbols(older, 157).rows] == ["AAPL"]


def test_plain_bars_are_a_sequence_that_takes_a_fraction_of_its_rows() -> None:
    rows = history_bars(answer(*(bar(n) for n in range(200)))).rows
    whole = list(rows)
    assert isinstance(rows, PlainBars) and (rows[3], rows[-1], rows[5:7]) == (whole[3], whole[-1], whole[5:7])
    assert sum(sys.getsizeof(column) for column in rows._columns) < 200 * 6 * 8 * 1.3
