"""Zones as gateways name them, and the clock of each."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.clock import NEW_YORK, in_zone, local_time, minute_told, offset_s, second_told, zone_of

SUMMER = datetime(2026, 7, 1, 12, tzinfo=UTC).timestamp()
WINTER = datetime(2026, 1, 7, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("name", "winter_h", "summer_h"),
    [
        ("US/Eastern", -5, -4),
        ("EST", -5, -4),
        ("EST (Eastern Standard Time)", -5, -4),
        ("EST5EDT", -5, -4),
        ("Eastern Standard Time", -5, -4),
        ("US/Central", -6, -5),
        ("CST (Central Standard Time)", -6, -5),
        ("CST (China Standard Time)", 8, 8),
        ("America/Chicago", -6, -5),
        ("PST8PDT", -8, -7),
        ("MET", 1, 2),
        ("MET (Middle Europe Time)", 1, 2),
        ("CET", 1, 2),
        ("Europe/Zurich", 1, 2),
        ("GB", 0, 1),
        ("GB-Eire", 0, 1),
        ("GMT (Greenwich Mean Time)", 0, 1),
        ("GMT", 0, 0),
        ("UTC", 0, 0),
        ("Universal", 0, 0),
        ("JST", 9, 9),
        ("JST (Japan Standard Time)", 9, 9),
        ("Japan", 9, 9),
        ("Hongkong", 8, 8),
        ("Australia/NSW", 11, 10),
        ("EST (Australian Eastern Standard Time)", 11, 10),
        ("Asia/Calcutta", 5.5, 5.5),
        ("India Standard Time", 5.5, 5.5),
        (" US/Eastern ", -5, -4),
    ],
)
def test_names_of_gateways(name: str, winter_h: float, summer_h: float) -> None:
    where = zone_of(name)
    assert where is not None
    assert offset_s(WINTER, where) == winter_h * 3_600
    assert offset_s(SUMMER, where) == summer_h * 3_600


@pytest.mark.parametrize("name", ["", "Nowhere/Land", "XYZ", "../etc", "\x00", "A" * 300])
def test_nobody_knows(name: str) -> None:
    assert zone_of(name) is None


def test_the_second_pass_of_a_repeated_hour() -> None:
    where = zone_of("US/Eastern")
    assert where is not None
    first, second = (datetime(2025, 11, 2, hour, 30, tzinfo=UTC).timestamp() for hour in (5, 6))
    assert [local_time(at, where).hour for at in (first, second)] == [1, 1]
    assert [local_time(at, where).fold for at in (first, second)] == [0, 1]


def test_a_moment_inside_a_text_is_read_on_each_clock() -> None:
    noon = datetime(2025, 11, 5, 17, 0, 5, tzinfo=UTC).timestamp()
    text = f"TSLA: no price since {second_told(noon)}, valued by IB (asked at {minute_told(noon + 60)})"
    assert in_zone(text) == "TSLA: no price since 12:00:05, valued by IB (asked at 12:01)"
    berlin, tokyo = zone_of("Europe/Berlin"), zone_of("Asia/Tokyo")
    assert berlin is not None and tokyo is not None
    assert in_zone(text, berlin).startswith("TSLA: no price since 18:00:05")
    assert in_zone(second_told(noon), tokyo) == "02:00:05"


def test_a_time_that_the_clocks_show_twice_names_its_pass() -> None:
    first = datetime(2025, 11, 2, 1, 30, tzinfo=NEW_YORK).timestamp()
    assert [in_zone(minute_told(at)) for at in (first, first + 3_600)] == ["01:30 EDT", "01:30 EST"]
    assert in_zone(minute_told(first), UTC) == "05:30"


@pytest.mark.parametrize(
    "text", ["", "100 @ 462.76", "{hm@}", "{hm@x}", "{ago@5}", "a@b.example", "{hms@1234567890123}"]
)
def test_any_other_text_is_left_as_it_is(text: str) -> None:
    assert in_zone(text, UTC) == text
