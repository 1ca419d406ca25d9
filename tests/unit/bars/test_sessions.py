"""The running session from a contract's own hours: overnight futures, half days, holidays, DST, weekends, no hours."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bars.hours import parse_hours
from engine.bars.sessions import ContractHours, is_us_stock, running_session
from engine.clock import NEW_YORK
from engine.domain import ContractRef

CHICAGO = ZoneInfo("America/Chicago")
NONE = np.array([])


def ny(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp()


def chicago(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=CHICAGO).timestamp()


def every_minute(*spans: tuple[float, float]) -> np.ndarray:
    return np.concatenate([np.arange(start, end, 60.0) for start, end in spans])


def stock_hours(trading: str, liquid: str) -> ContractHours:
    return ContractHours(parse_hours(trading, "US/Eastern"), parse_hours(liquid, "US/Eastern"), "US/Eastern")


THANKSGIVING = stock_hours(
    "20251126:0400-20251126:2000;20251127:CLOSED;20251128:0400-20251128:1700;20251129:CLOSED;20251130:CLOSED;"
    "20251201:0400-20251201:2000",
    "20251126:0930-20251126:1600;20251127:CLOSED;20251128:0930-20251128:1300;20251129:CLOSED;20251130:CLOSED;"
    "20251201:0930-20251201:1600",
)
# CME: 17:00 to 16:00 Chicago, the clocks go back in the night to 2 November
NQ = ContractHours(
    parse_hours("20251030:1700-20251031:1600;20251101:CLOSED;20251102:1700-20251103:1600", "US/Central"),
    parse_hours("20251031:0830-20251031:1500;20251101:CLOSED;20251103:0830-20251103:1500", "US/Central"),
    "US/Central",
)


@pytest.mark.parametrize(
    ("now", "start", "end", "kind"),
    [
        ("2025-11-26T05:00", "2025-11-26T04:00", "2025-11-26T09:30", "extended"),
        ("2025-11-26T12:00", "2025-11-26T09:30", "2025-11-26T16:00", "liquid"),
        ("2025-11-26T17:00", "2025-11-26T16:00", "2025-11-26T20:00", "extended"),
        ("2025-11-27T12:00", "2025-11-26T09:30", "2025-11-26T16:00", "liquid"),  # the holiday: Wednesday's
        ("2025-11-28T12:59", "2025-11-28T09:30", "2025-11-28T13:00", "liquid"),
        ("2025-11-28T13:00", "2025-11-28T13:00", "2025-11-28T17:00", "extended"),  # the half day is over
        ("2025-11-29T12:00", "2025-11-28T09:30", "2025-11-28T13:00", "liquid"),  # the weekend: Friday's
        ("2025-12-01T09:30", "2025-12-01T09:30", "2025-12-01T16:00", "liquid"),
    ],
)
def test_a_stock_around_a_holiday_and_a_half_day(now: str, start: str, end: str, kind: str) -> None:
    session = running_session(ny(now), THANKSGIVING, True, NONE)
    assert (session.start, session.end, session.kind) == (ny(start), ny(end), kind)
    assert session.has_opening is (kind == "liquid")


@pytest.mark.parametrize(
    ("now", "start", "end", "kind"),
    [
        ("2025-10-30T22:00", "2025-10-30T17:00", "2025-10-31T08:30", "extended"),  # over midnight, before the opening
        ("2025-10-31T09:00", "2025-10-31T08:30", "2025-10-31T15:00", "liquid"),
        ("2025-10-31T15:30", "2025-10-31T15:00", "2025-10-31T16:00", "extended"),
        ("2025-11-01T12:00", "2025-10-31T08:30", "2025-10-31T15:00", "liquid"),
        ("2025-11-02T18:00", "2025-11-02T17:00", "2025-11-03T08:30", "extended"),  # Sunday, an hour later in UTC
    ],
)
def test_a_future_over_night_and_over_the_change_of_clocks(now: str, start: str, end: str, kind: str) -> None:
    session = running_session(chicago(now), NQ, False, NONE)
    assert (session.start, session.end, session.kind) == (chicago(start), chicago(end), kind)
    assert chicago("2025-11-02T17:00") - chicago("2025-10-30T17:00") == 3 * 86_400 + 3_600


def test_a_future_at_the_weekend_when_its_hours_begin_today() -> None:
    hours = ContractHours(parse_hours("20251101:CLOSED;20251102:1700-20251103:1600", "US/Central"))
    thursday = (chicago("2025-10-29T17:00"), chicago("2025-10-30T16:00"))
    friday = (chicago("2025-10-30T17:00"), chicago("2025-10-31T16:00"))
    session = running_session(chicago("2025-11-01T10:00"), hours, False, every_minute(thursday, friday))
    assert (session.start, session.end, session.kind) == (*friday, "bars"), "the last session, and it is over"


def test_bars_that_still_come_are_a_session_that_runs_whatever_the_hours_say() -> None:
    hours = ContractHours(parse_hours("20251101:CLOSED;20251102:1700-20251103:1600", "US/Central"))
    now = chicago("2025-11-01T10:00")
    session = running_session(now, hours, False, every_minute((now - 7_200.0, now)))
    assert (session.start, session.end) == (now - 7_200.0, None)


def test_a_market_that_never_rests_is_judged_by_a_day() -> None:
    now = ny("2025-11-05T10:00")
    session = running_session(now, ContractHours(), False, every_minute((now - 3 * 86_400.0, now)))
    assert session.start == pytest.approx(now - 86_400.0, abs=61.0) and session.end is None


@pytest.mark.parametrize(("now", "hour"), [("2025-10-31T10:00", 13), ("2025-11-03T10:00", 14)])
def test_without_hours_new_yorks_opening_moves_with_its_clocks(now: str, hour: int) -> None:
    session = running_session(ny(now), ContractHours(), True, NONE)
    opening = datetime.fromtimestamp(session.start, ZoneInfo("UTC"))
    assert (opening.hour, opening.minute, session.kind) == (hour, 30, "assumed")


@given(
    st.floats(ny("2025-10-20T00:00"), ny("2025-12-10T00:00")),
    st.sampled_from([THANKSGIVING, NQ, ContractHours()]),
    st.booleans(),
    st.lists(st.integers(0, 4_000), max_size=30),
)
def test_any_moment_has_a_session_that_has_begun(
    now: float, hours: ContractHours, stock: bool, ago_min: list[int]
) -> None:
    times = np.array(sorted(now - now % 60.0 - 60.0 * ago for ago in set(ago_min)))
    session = running_session(now, hours, stock, times)
    assert session.start <= now and (session.end is None or session.end > session.start)


@pytest.mark.parametrize(
    ("sec_type", "listing", "currency", "expected"),
    [
        ("STK", "NASDAQ", "USD", True),
        ("STK", "ARCA", "USD", True),
        ("STK", "", "USD", True),
        ("STK", "PINK", "USD", True),
        ("STK", "LSEETF", "USD", False),  # a fund in dollars, traded by London's hours, in shares
        ("STK", "SGX", "USD", False),
        ("STK", "LSE", "GBP", False),
        ("FUT", "CME", "USD", False),
    ],
)
def test_a_us_stock_is_listed_there(sec_type: str, listing: str, currency: str, expected: bool) -> None:
    contract = ContractRef(1, "X", "X", sec_type, "SMART", listing, currency)
    assert is_us_stock(contract) is expected
