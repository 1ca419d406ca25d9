"""When to look for the own client id, and when a reconnect disturbs nobody."""

from __future__ import annotations

import datetime as dt

import pytest

from engine.broker.own_id import WayBack, is_busy
from engine.broker.timings import Timings
from engine.clock import NEW_YORK

TIMINGS = Timings()


def at(text: str) -> float:
    return dt.datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp()


QUIET, OPEN = at("2025-11-05T12:00"), at("2025-11-05T09:30")


@pytest.mark.parametrize(
    ("moment", "busy"),
    [
        ("2025-11-05T09:24:59", False),
        ("2025-11-05T09:25", True),
        ("2025-11-05T09:44:59", True),
        ("2025-11-05T09:45", False),
        ("2025-11-05T15:50", True),
        ("2025-11-05T16:05", False),
        ("2025-07-07T09:30", True),
        ("2025-11-08T09:30", False),
    ],
)
def test_busy_are_the_minutes_around_open_and_close_of_a_weekday(moment, busy):
    assert is_busy(at(moment)) is busy


def test_right_after_the_outage_one_looks_often_and_goes_at_once():
    way = WayBack(TIMINGS)
    assert way.look_in_s(5.0) == TIMINGS.own_id_every_s
    assert way.may_go(5.0, OPEN, 0.0), "a second more is part of the outage"


def test_later_one_looks_rarely_and_leaves_the_busy_minutes_alone():
    way = WayBack(TIMINGS)
    since_s = TIMINGS.own_id_soon_s
    assert way.look_in_s(since_s) == TIMINGS.own_id_later_s
    assert not way.may_go(since_s, OPEN, 0.0)
    assert way.may_go(since_s, QUIET, 0.0)


def test_three_reconnects_an_hour_at_most():
    way = WayBack(TIMINGS)
    for n in range(3):
        assert way.may_go(5.0, QUIET, 100.0 * n)
        way.goes(100.0 * n)
    assert not way.may_go(5.0, QUIET, 3599.0)
    assert way.may_go(5.0, QUIET, 3600.0)
