"""The session's machine: every event in every state, troubles beside each other, time-outs, reset windows, the page."""

from __future__ import annotations

import logging
from datetime import datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.broker.reset_windows import in_reset_window
from engine.broker.session_diagram import DOCUMENT, document
from engine.broker.session_states import (
    ABOUT,
    CONNECTED,
    EXCUSE_S,
    GRACE_S,
    OPENING,
    TABLE,
    Action,
    Event,
    SessionMachine,
    State,
)
from engine.broker.timings import Timings
from engine.clock import NEW_YORK

TIMINGS = Timings()
TO_LIVE = (Event.CONNECT, Event.OPENED, Event.SHAKEN, Event.ANNOUNCED)


def machine(*events: Event, in_window: bool = False) -> SessionMachine:
    made = SessionMachine(TIMINGS, 0.0)
    for event in events:
        assert made.take(event, 0.0, in_window=in_window) is not None, event
    return made


def test_the_way_to_live():
    made, states = SessionMachine(TIMINGS, 0.0), []
    for event in TO_LIVE:
        made.take(event, 0.0)
        states.append(made.state)
    assert states == [State.CONNECTING, State.HANDSHAKE, State.STARTING, State.LIVE]


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)))
def test_every_event_in_every_state_is_foreseen_or_contained(state, event, caplog):
    made = SessionMachine(TIMINGS, 0.0)
    made.state = state
    with caplog.at_level(logging.ERROR, "qtrade.broker"):
        taken = made.take(event, 1.0)
        made.state = state
        made.take(event, 2.0)
    if (state, event) in TABLE:
        assert taken is not None and not caplog.records
    else:
        assert taken is None and made.state is state and made.unforeseen[state, event] == 2
        assert len(caplog.records) == 1, "said once"


def test_whatever_ends_a_connection_is_foreseen_in_each_of_its_states():
    for state, event in product((*OPENING, *CONNECTED), (Event.FAILED, Event.BUSY, Event.FOREIGN, Event.WRONG_ACCOUNT)):
        assert TABLE[state, event].to not in CONNECTED


def test_every_state_has_words_and_all_but_the_good_ones_a_limit():
    assert set(ABOUT) == set(State)
    for state, about in ABOUT.items():
        assert about.title and about.cause.endswith(".") and (not about.cure or about.cure.endswith("."))
        if about.tone == "error":
            assert about.cure, state
        has_limit = about.limit_s(TIMINGS) is not None
        assert has_limit == (state not in (State.STOPPED, State.LIVE, State.DEGRADED, State.RESET)), state


def test_the_worst_trouble_is_the_state_and_the_others_are_remembered():
    made = machine(*TO_LIVE, Event.PART_LACKS)
    assert made.state is State.DEGRADED
    made.take(Event.FEED_DEAD, 1.0)
    made.take(Event.SERVERS_LOST, 2.0)
    made.take(Event.PROBE_LATE, 3.0)
    assert made.state is State.HALF_OPEN
    made.take(Event.SERVERS_BACK, 4.0)
    made.take(Event.PROBE_ANSWERED, 5.0)
    assert made.state is State.FEED_DEAD
    made.take(Event.FEED_FLOWS, 6.0)
    assert made.state is State.DEGRADED
    made.take(Event.PART_BACK, 7.0)
    assert made.state is State.LIVE


def test_a_new_connection_begins_without_the_troubles_of_the_old_one():
    made = machine(*TO_LIVE, Event.SERVERS_LOST, Event.FAILED, *TO_LIVE)
    assert made.state is State.LIVE


def test_a_dead_feed_is_given_up_after_its_time_and_not_again_at_once():
    made = machine(*TO_LIVE, Event.FEED_DEAD)
    assert made.tick(29.0, in_window=False) is Action.NOTHING
    assert made.tick(30.0, in_window=False) is Action.GIVE_UP
    for event in (Event.FAILED, *TO_LIVE, Event.FEED_DEAD):
        made.take(event, 31.0)
    assert made.tick(90.0, in_window=False) is Action.NOTHING
    assert made.tick(331.0, in_window=False) is Action.GIVE_UP


@pytest.mark.parametrize("state", OPENING)
def test_what_hangs_on_the_way_to_a_connection_is_given_up(state):
    made = machine(*TO_LIVE[: OPENING.index(state) + 1])
    assert made.state is state
    limit_s = ABOUT[state].limit_s(TIMINGS) + GRACE_S
    assert made.tick(limit_s - 0.1, in_window=False) is Action.NOTHING
    assert made.tick(limit_s, in_window=False) is Action.GIVE_UP


def test_who_waits_too_long_is_woken():
    made = machine(Event.CONNECT, Event.BUSY)
    assert (made.state, made.tick(60.0, in_window=False)) == (State.ID_BUSY, Action.WAKE)


@pytest.mark.parametrize(
    ("events", "excused", "red"),
    [
        ((*TO_LIVE, Event.SERVERS_LOST), State.RESET, State.SERVERS_LOST),
        ((*TO_LIVE, Event.FAILED), State.RESTART, State.WAITING),
    ],
)
def test_a_reset_window_excuses_an_outage_for_a_quarter_of_an_hour(events, excused, red):
    made = machine(*events, in_window=True)
    assert (made.state, made.about.tone) == (excused, "warning")
    made.tick(EXCUSE_S - 1.0, in_window=True)
    assert made.state is excused
    made.tick(EXCUSE_S, in_window=True)
    assert (made.state, made.about.tone) == (red, "error")


def test_what_never_answered_does_not_restart():
    made = machine(Event.CONNECT, Event.FAILED, in_window=True)
    assert (made.state, made.about.title) == (State.WAITING, "Not connected")


def test_tries_that_fail_in_between_do_not_begin_the_excuse_anew():
    made, now = machine(*TO_LIVE, Event.FAILED, in_window=True), 0.0
    while now < 1_200.0:
        now += 3.0
        for event in (Event.CONNECT, Event.FAILED):
            made.take(event, now, in_window=True)
        made.tick(now, in_window=True)
        assert made.state is (State.RESTART if now < EXCUSE_S else State.WAITING)
    for event in TO_LIVE:
        made.take(event, now, in_window=True)
    made.take(Event.FAILED, now + 60.0, in_window=True)
    assert made.state is State.RESTART, "another outage"


def test_the_excuse_ends_with_the_window():
    made = machine(*TO_LIVE, Event.SERVERS_LOST, in_window=True)
    made.tick(30.0, in_window=False)
    assert made.state is State.SERVERS_LOST


def test_tries_to_connect_do_not_end_the_excuse_of_an_outage():
    made = machine(*TO_LIVE, Event.FAILED, in_window=True)
    assert made.is_excused
    for event in (Event.CONNECT, Event.OPENED, Event.SHAKEN):
        made.take(event, 10.0, in_window=True)
        made.tick(10.0, in_window=True)
        assert made.is_excused, event
    made.tick(EXCUSE_S - 1.0, in_window=True)
    assert made.is_excused
    made.tick(EXCUSE_S, in_window=True)
    assert not made.is_excused, "15 minutes are over while hands are shaken"
    made.take(Event.FAILED, EXCUSE_S + 1.0, in_window=True)
    assert (made.state, made.is_excused) == (State.WAITING, False)


@pytest.mark.parametrize("event", [Event.BUSY, Event.FOREIGN, Event.WRONG_ACCOUNT])
def test_what_no_reset_explains_ends_the_excuse(event):
    made = machine(*TO_LIVE, Event.FAILED, Event.CONNECT, Event.OPENED, in_window=True)
    made.take(event, 1.0, in_window=True)
    assert not made.is_excused


def test_what_is_told_again_and_again_is_one_event():
    made = machine(*TO_LIVE)
    for now in range(5):
        made.observe(Event.FEED_DEAD, goes_on=True, now_mono=float(now), in_window=False)
    assert (made.state, made.since_mono) == (State.FEED_DEAD, 0.0)
    made.observe(Event.FEED_DEAD, goes_on=False, now_mono=9.0, in_window=False)
    assert made.state is State.LIVE
    waiting = machine(Event.CONNECT, Event.FAILED)
    waiting.observe(Event.FEED_DEAD, goes_on=True, now_mono=1.0, in_window=False)
    assert waiting.state is State.WAITING and not waiting.unforeseen, "without a connection it says nothing"


@given(st.lists(st.tuples(st.sampled_from(list(Event)), st.floats(0.0, 100.0), st.booleans()), max_size=60))
def test_no_sequence_of_events_is_excused_for_longer_or_stuck(steps):
    made, now, amber_since = SessionMachine(TIMINGS, 0.0), 0.0, None
    for event, wait_s, in_window in steps:
        now += wait_s
        made.take(event, now, in_window=in_window)
        made.tick(now, in_window=in_window)
        if made.state in (State.RESET, State.RESTART):
            amber_since = now if amber_since is None else amber_since
            assert in_window and now - amber_since < EXCUSE_S
        elif made.state in (State.LIVE, State.DEGRADED, State.STOPPED):
            amber_since = None
    made.take(Event.CONNECT, now)
    assert made.state is State.CONNECTING, "from wherever it got to"


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2025-11-05 00:30", True),
        ("2025-11-05 23:50", True),
        ("2025-11-05 01:45", False),
        ("2025-11-05 09:30", False),
        ("2025-11-05 15:59", False),
        ("2025-11-07 22:59", False),
        ("2025-11-07 23:00", True),
        ("2025-11-08 02:59", True),
        ("2025-11-08 03:00", False),
        ("2026-03-20 02:30", True),  # Zurich 07:30, five hours ahead between the two changes of clocks
        ("2026-07-01 02:30", False),
    ],
)
def test_the_reset_windows_of_ib(moment, expected):
    at = datetime.fromisoformat(moment).replace(tzinfo=NEW_YORK).timestamp()
    assert in_reset_window(at) is expected


def test_the_page_of_the_session_is_up_to_date():
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "run: python -m engine.broker.session_diagram"
