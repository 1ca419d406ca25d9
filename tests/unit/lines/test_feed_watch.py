"""A feed is judged by its quotes: dead when all fall silent that should tick, blind where one does; thin stocks may."""

from __future__ import annotations

import random

import pytest

from engine.domain import ContractRef
from engine.lines.feed_watch import DEAD_S, FeedWatch
from engine.lines.ledger import Line


def line(con_id: int, since: float = 0.0, line_class="100") -> Line:
    contract = ContractRef(con_id, f"S{con_id}", "STK", "SMART", "USD")
    made = Line(contract, con_id, line_class, None, 0.0, "", since, since, since, 1, line_class, line_class, since)
    made.sent_mono = since
    return made


class Feed:
    """Lines that tick each `gaps[con_id]` seconds, looked at twice a second."""

    def __init__(self, gaps: dict[int, float], *, regular: bool = False, closed: bool = False) -> None:
        self.now = 0.0
        self.gaps = dict(gaps)
        self.lines = [line(con_id) for con_id in gaps]
        self.closed, self.regular = closed, regular
        self.watch = FeedWatch(lambda con_id: self.closed, lambda con_id: self.regular)
        self.mute: set[int] = set()
        self._due = dict.fromkeys(gaps, 0.0)
        self.alarms: list[float] = []

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            self.now += 0.5
            for con_id, gap in self.gaps.items():
                if con_id in self.mute:
                    continue
                while self._due[con_id] <= self.now:
                    self.watch.heard(con_id, self.now)
                    self._due[con_id] += gap
            state = self.watch.look(self.lines, self.now)
            if state.dead_since is not None or state.blind:
                self.alarms.append(self.now)

    @property
    def is_dead(self) -> bool:
        return self.watch.state.dead_since is not None

    def silence(self, *con_ids: int) -> None:
        self.mute |= set(con_ids or self.gaps)

    def speak(self) -> None:
        self._due = dict.fromkeys(self._due, self.now)
        self.mute.clear()


BUSY = dict.fromkeys(range(1, 6), 0.25)


@pytest.mark.parametrize("before_s", [30.0, 120.0, 3_600.0])
def test_a_feed_that_falls_silent_is_dead_within_a_minute_and_alive_with_its_first_quote(before_s):
    feed = Feed(BUSY)
    feed.run(before_s)
    assert feed.alarms == []
    feed.silence()
    feed.run(DEAD_S - 1.0)
    assert not feed.is_dead
    feed.run(1.5)
    assert feed.is_dead
    feed.run(200.0)
    assert feed.is_dead, "until a quote comes"
    feed.speak()
    feed.run(0.5)
    assert not feed.is_dead and not feed.watch.state.blind


def test_it_stays_dead_over_a_new_connection_that_brings_nothing_either():
    feed = Feed(BUSY)
    feed.run(60.0)
    feed.silence()
    feed.run(90.0)
    feed.watch.look([], feed.now)  # as the bus looks between two connections
    feed.watch.resume(feed.now)
    feed.lines = [line(each.con_id, feed.now) for each in feed.lines]
    for _ in range(200):
        feed.run(1.0)
        assert feed.is_dead, "a new connection alone is no sign of life, not for a minute either"
    feed.speak()
    feed.run(0.5)
    assert not feed.is_dead


def test_an_outage_of_ibs_servers_is_no_silence_of_the_feed():
    feed = Feed(BUSY, regular=True)
    feed.run(60.0)
    feed.now += 120.0  # nobody looks while TWS has no servers
    feed.speak()
    feed.watch.resume(feed.now)
    feed.run(120.0)
    assert feed.alarms == []


def test_answers_out_of_a_cache_keep_no_dead_feed_alive_in_regular_hours():
    feed = Feed(BUSY, regular=True)
    feed.run(60.0)
    feed.silence()
    for _ in range(70):
        feed.run(1.0)
        feed.watch.heard(3, feed.now, is_flow=False)
    assert feed.is_dead


def test_the_pace_changes_at_the_edges_of_regular_hours():
    feed = Feed(BUSY, regular=True)
    feed.run(600.0)
    feed.regular = False
    feed.gaps = dict.fromkeys(feed.gaps, 120.0)
    feed.run(600.0)
    assert feed.alarms == []


def test_a_feed_that_never_spoke_is_dead_in_regular_hours_alone():
    for regular in (True, False):
        feed = Feed(BUSY, regular=regular)
        feed.silence()
        feed.run(DEAD_S + 1.0)
        assert feed.is_dead == regular


def test_one_position_silent_beside_others_that_tick_is_blind():
    feed = Feed(BUSY)
    feed.run(40.0)
    feed.silence(3)
    feed.run(DEAD_S + 1.0)
    assert [found.con_id for found in feed.watch.state.blind] == [3] and not feed.is_dead
    feed.speak()
    feed.run(0.5)
    assert feed.watch.state.blind == ()


def test_a_closed_market_is_no_fault():
    feed = Feed(BUSY)
    feed.run(600.0)
    feed.silence()
    feed.closed = True
    feed.run(3_600.0)
    assert feed.alarms == []


def test_answers_to_a_request_at_a_closed_market_of_unknown_hours_raise_one_alarm_and_then_peace():
    feed = Feed(BUSY)
    feed.run(600.0)
    feed.silence()
    feed.run(70.0)
    first = len(feed.alarms)
    assert first
    for con_id in feed.gaps:
        for _ in range(6):
            feed.watch.heard(con_id, feed.now)
    feed.run(3_600.0)
    assert len(feed.alarms) == first


@pytest.mark.parametrize("mean_s", [3.0, 8.0, 20.0, 60.0, 300.0])
def test_thin_stocks_raise_nothing_in_an_hour(mean_s):
    rng = random.Random(int(mean_s))
    feed = Feed({})
    feed.lines = [line(con_id) for con_id in range(1, 9)]
    due = {con_id: 0.0 for con_id in range(1, 9)}
    while feed.now < 3_600.0:
        feed.now += 0.5
        for con_id in due:
            while due[con_id] <= feed.now:
                for _ in range(rng.choice((1, 1, 2, 5))):  # bid, ask and their sizes come in bunches
                    feed.watch.heard(con_id, feed.now)
                due[con_id] += rng.expovariate(1.0 / mean_s)
        state = feed.watch.look(feed.lines, feed.now)
        assert state.blind == () and state.dead_since is None, feed.now


@pytest.mark.parametrize("gap_s", [11.0, 20.0, 45.0])
def test_ten_minutes_without_a_tick_of_a_stock_that_rests_now_and_then_are_no_fault(gap_s):
    feed = Feed({1: gap_s, 2: 1.0})
    feed.run(1_200.0)
    feed.silence(1)
    feed.run(600.0)
    assert feed.alarms == []


def test_visits_are_not_missed():
    feed = Feed(BUSY)
    for each in feed.lines[1:]:
        each.line_class = "coverage"
    feed.run(60.0)
    feed.silence(2, 3, 4, 5)
    feed.run(120.0)
    assert feed.alarms == []


def test_after_the_end_of_a_recording_nothing_is_missed_and_its_new_beginning_counts_anew():
    feed = Feed(BUSY, regular=True)
    feed.run(120)
    feed.silence()
    feed.watch.rest(feed.now, is_over=True)
    feed.run(600)
    assert feed.alarms == []
    feed.watch.rest(feed.now, is_over=False)
    feed.run(DEAD_S - 5)
    assert feed.alarms == [], "its minute begins with the recording"
    feed.run(10)
    assert feed.is_dead
    feed.watch.rest(feed.now, is_over=True)
    assert not feed.is_dead, "what was dead at the end is over, too"
