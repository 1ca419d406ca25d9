from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import pytest

from simulator import history
from simulator.contracts import Refusal
from simulator.hours import is_open
from simulator.market_time import TimeFormatError, bar_date, handshake_time, head_text, local, parse_end, stamp
from simulator.model import Bar, BarKind
from simulator.wire.requests import HistoricalData
from tests.integration.fake_world import NQZ5, START, TSLA
from tests.unit.simulator.world_samples import still_market

DAY = 86400


def request(**changes: object) -> HistoricalData:
    values: dict[str, object] = {"bar_size": "1 min", "duration": "1 D", "what": "TRADES", "format_date": 2}
    return HistoricalData(**{**values, **changes})  # type: ignore[arg-type]


def refused(**changes: object) -> Refusal:
    with pytest.raises(Refusal) as caught:
        history.check(request(**changes), START)
    return caught.value


def bar(time: float, volume: float = 100.0) -> Bar:
    return Bar(time, 10.0, 11.0, 9.0, 10.5, volume, 10.2, 5)


def weekday_bars(
    con_id: int, bar_size_s: int, start: float, end: float, rth: bool, kind: BarKind = "TRADES"
) -> list[Bar]:
    """A world of weekdays: daily bars at midnight UTC, others between 14:30 and 21:00 UTC."""
    bar_s = bar_size_s
    step, times = bar_s, []
    now = -(-start // step) * step
    while now < end:
        moment = datetime.fromtimestamp(now, UTC)
        open_now = bar_s >= DAY or 14 * 60 + 30 <= moment.hour * 60 + moment.minute < 21 * 60
        if moment.weekday() < 5 and open_now:
            times.append(now)
        now += step
    return [bar(time) for time in times]


def fetch(end: float, instrument: object = TSLA, **changes: object) -> list[Bar]:
    span = history.check(request(**changes), end)
    return history.fetch(instrument, span, True, weekday_bars)  # type: ignore[arg-type]


def dates(bars: list[Bar]) -> list[str]:
    return sorted({f"{datetime.fromtimestamp(b.time, UTC):%m-%d}" for b in bars})


SATURDAY = datetime(2025, 11, 8, 16, tzinfo=UTC).timestamp()
MONDAY = datetime(2025, 11, 10, 15, tzinfo=UTC).timestamp()


def test_days_are_sessions() -> None:
    assert dates(fetch(MONDAY, duration="2 D")) == ["11-07", "11-10"]
    assert dates(fetch(SATURDAY, duration="2 D")) == ["11-06", "11-07"]
    assert dates(fetch(MONDAY, duration="20 D", bar_size="15 mins"))[0] == "10-14"
    assert len(dates(fetch(MONDAY, duration="20 D", bar_size="15 mins"))) == 20


def test_a_futures_session_begins_the_evening_before() -> None:
    span = history.check(request(duration="1 D"), MONDAY)
    asked: list[float] = []

    def bars(con_id: int, bar_size_s: int, start: float, end: float, rth: bool, kind: BarKind = "TRADES") -> list[Bar]:
        asked.append(start)
        return weekday_bars(con_id, bar_size_s, start, end, rth)

    history.fetch(NQZ5, span, False, bars)
    assert datetime.fromtimestamp(asked[-1], UTC) == datetime(2025, 11, 9, 23, tzinfo=UTC)


def test_seconds_on_a_weekend_are_the_last_of_the_last_session() -> None:
    found = fetch(SATURDAY, duration="1800 S")
    assert len(found) == 30
    assert datetime.fromtimestamp(found[-1].time, UTC) == datetime(2025, 11, 7, 20, 59, tzinfo=UTC)


def test_daily_and_weekly_bars() -> None:
    assert len(fetch(MONDAY, duration="20 D", bar_size="1 day")) == 20
    weeks = fetch(MONDAY, duration="4 W", bar_size="1 week")
    assert sum(b.volume for b in weeks) == 100 * len(fetch(MONDAY, duration="4 W", bar_size="1 day"))
    assert 4 <= len(weeks) <= 5
    assert len(fetch(MONDAY, duration="1 Y", bar_size="1 month")) in (12, 13)


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"bar_size": "7 mins"}, 321, "bar size"),
        ({"duration": "1 X"}, 321, "duration"),
        ({"duration": "2D"}, 321, "duration"),
        ({"duration": "90000 S"}, 321, "86400 seconds"),
        ({"duration": "400 D"}, 321, "365 days"),
        ({"bar_size": "1 secs", "duration": "1 D"}, 162, "Time length exceed max"),
        ({"what": "NONSENSE"}, 321, "what to show"),
        ({"end": "20251105 10:00:00", "keep_up_to_date": True}, 321, "keepUpToDate"),
        ({"end": "yesterday"}, 321, "End Date/Time"),
        ({"format_date": 3}, 321, "Format date"),
    ],
)
def test_bad_requests_are_refused(changes: dict[str, object], code: int, words: str) -> None:
    refusal = refused(**changes)
    assert refusal.code == code and words in refusal.text


def test_an_end_in_the_future_is_now() -> None:
    assert history.check(request(end="20991231 00:00:00"), START).end == START


def test_history_counts_three_percent_less_than_ticks() -> None:
    assert history.to_row(bar(0, 1000.0), "d", "TRADES", stock=True, divisor=100).volume == pytest.approx(9.7)
    assert history.to_row(bar(0, 1000.0), "d", "TRADES", stock=False, divisor=1).volume == 1000.0
    assert history.to_row(bar(0, 1000.0), "d", "MIDPOINT", stock=True, divisor=1).volume == -1


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("20251105 10:00:00 US/Eastern", 15),
        ("20251105 10:00:00", 15),
        ("20251105 10:00:00 EST", 15),
        ("20251105-10:00:00", 10),
        ("20251105 10:00:00 UTC", 10),
        ("20251105 09:00 US/Central", 15),
    ],
)
def test_ends_with_and_without_a_zone(text: str, utc: int) -> None:
    assert parse_end(text, 0.0) == datetime(2025, 11, 5, utc, tzinfo=UTC).timestamp()


def test_a_bare_date_is_the_end_of_that_day() -> None:
    assert parse_end("20251105", 0.0) == datetime(2025, 11, 6, 5, tzinfo=UTC).timestamp()
    assert parse_end("", 77.0) == 77.0


@pytest.mark.parametrize("text", ["20251305 10:00:00", "20251105 10:00:00 Nowhere/Town", "1762354800"])
def test_unusable_ends(text: str) -> None:
    with pytest.raises(TimeFormatError):
        parse_end(text, 0.0)


def test_times_by_version() -> None:
    assert handshake_time(START) == "20251105 10:00:00 America/New_York"
    assert stamp(176, START) == "20251105 10:00:00 America/New_York"
    assert stamp(173, START) == "20251105  10:00:00"
    assert bar_date(176, START, 2, daily=False) == "1762354800"
    assert bar_date(165, START, 1, daily=False) == "20251105  10:00:00"
    assert bar_date(176, 1762300800.0, 2, daily=True) == "20251105"
    assert head_text(START, 1) == "20251105-15:00:00"
    assert head_text(START, 2) == "1762354800"


def test_trading_hours() -> None:
    hours = "20251105:0400-20251105:2000;20251108:CLOSED;20251109:1700-20251110:1600"
    assert is_open(hours, "US/Eastern", START)
    assert not is_open(hours, "US/Eastern", START + 10 * 3600)
    assert is_open(hours, "US/Central", datetime(2025, 11, 10, 3, tzinfo=UTC).timestamp())
    assert not is_open("", "US/Eastern", START)


def test_a_schedule_is_of_the_last_sessions() -> None:
    market = still_market("2025-11-28 15:00")  # a half day after Thanksgiving
    number = next(one.con_id for one in market.instruments() if one.local_symbol == "AAPL")
    span = history.check(request(what="SCHEDULE", bar_size="1 day", duration="3 D"), market.now())
    found = history.schedule(span, True, partial(market.sessions, number))
    assert [(f"{local(b):%m-%d %H:%M}", f"{local(e):%H:%M}", f"{day:%m-%d}") for b, e, day in found] == [
        ("11-25 09:30", "16:00", "11-25"), ("11-26 09:30", "16:00", "11-26"), ("11-28 09:30", "13:00", "11-28")
    ]  # fmt: skip
    month = history.check(request(what="SCHEDULE", bar_size="1 day", duration="1 M"), market.now())
    assert len(history.schedule(month, True, partial(market.sessions, number))) in range(20, 24)
    assert refused(what="SCHEDULE").code == 10295


def test_adjusted_prices_have_no_end() -> None:
    assert "adjusted last" in refused(what="ADJUSTED_LAST", end="20251104 10:00:00").text
