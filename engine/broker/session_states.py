"""The session as a state machine: its states with their words and time-outs, the events, and what leads where.

Pure: events and moments come in, the state and what has to be done come out. `IBBroker` is driven by it;
`docs/session.md` is made of these tables (`python -m engine.broker.session_diagram`).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from typing import Literal, NamedTuple

from engine.broker.failures import FailureKind
from engine.broker.port import LinkPhase
from engine.broker.timings import Timings

log = logging.getLogger("qtrade.broker")

Tone = Literal["ok", "busy", "warning", "error"]


class State(StrEnum):
    STOPPED = "stopped"
    CONNECTING = "connecting"
    HANDSHAKE = "handshake"
    STARTING = "starting up"
    LIVE = "live"
    DEGRADED = "degraded"
    FEED_DEAD = "feed dead"
    SERVERS_LOST = "servers lost"
    RESET = "reset window"
    HALF_OPEN = "half-open suspected"
    WAITING = "waiting"
    RESTART = "restart window"
    ID_BUSY = "client id busy"
    WRONG_PORT = "wrong port"
    WRONG_LOGIN = "wrong login"


class Event(StrEnum):
    CONNECT = "connect"
    OPENED = "opened"
    SHAKEN = "hands shaken"
    ANNOUNCED = "announced"
    FAILED = "failed"
    BUSY = "326"
    FOREIGN = "not TWS"
    WRONG_ACCOUNT = "account refused"
    PROBE_LATE = "probe unanswered"
    PROBE_ANSWERED = "probe answered"
    SERVERS_LOST = "1100 or 2110"
    SERVERS_BACK = "1101, 1102 or quotes"
    FEED_DEAD = "no quotes"
    FEED_FLOWS = "quotes flow"
    PART_LACKS = "a part lacks"
    PART_BACK = "all parts back"
    EXCUSE_OVER = "window or 15 min over"
    TIMED_OUT = "time-out"
    STOP = "stop"


class Action(StrEnum):
    """What the state's time-out asks of the shell."""

    NOTHING = ""
    GIVE_UP = "give the connection up"
    WAKE = "try again now"


class About(NamedTuple):
    """What a state means. `limit_s` = how long it may last before `Event.TIMED_OUT`, None = as long as it likes.

    `again_s` = a time-out of this state is not acted upon more often. `is_guarded` = closer to the wire something ends
    it after `limit_s`: here only `GRACE_S` later, should that fail.
    """

    phase: LinkPhase
    tone: Tone
    title: str
    cause: str
    cure: str
    limit_s: Callable[[Timings], float | None] = lambda timings: None
    again_s: Callable[[Timings], float] = lambda timings: 0.0
    is_guarded: bool = False


class Step(NamedTuple):
    """`to` None = the worst of the troubles that go on, live without any."""

    to: State | None
    action: Action = Action.NOTHING


class Trouble(NamedTuple):
    """Something that a connection may have beside others: the worst one is its state, the others are remembered."""

    begins: Event
    ends: Event
    state: State


GRACE_S = 15.0
EXCUSE_S = 900.0  # no reset of IB excuses a longer outage

ABOUT: dict[State, About] = {
    State.STOPPED: About("waiting", "busy", "Stopped", "No connection is wanted.", ""),
    State.CONNECTING: About(
        "connecting", "busy", "Connecting", "The TCP connection is being made.", "",
        lambda timings: timings.handshake_s, is_guarded=True,
    ),
    State.HANDSHAKE: About(
        "connecting", "busy", "Shaking hands", "TWS has accepted; version, accounts and first number are to come.",
        "If it lasts: look for a dialog in TWS that asks to accept the connection.",
        lambda timings: timings.handshake_s, is_guarded=True,
    ),
    State.STARTING: About(
        "connecting", "busy", "Starting up", "Positions are asked for before anything else.", "",
        lambda timings: timings.start_up_s, is_guarded=True,
    ),
    State.LIVE: About("connected", "ok", "Live", "TWS answers, and quotes come.", ""),
    State.DEGRADED: About(
        "connected", "warning", "Live in part",
        "A data farm is down, a line is silent, or another session has the market data.",
        "Health names it. What can be asked for again is asked for again by itself.",
    ),
    State.FEED_DEAD: About(
        "connected", "error", "No quotes",
        "TWS answers, but no price has come on any line for a minute.",
        "The lines are asked for again, then the connection is made anew. If it stays: see whether TWS shows prices.",
        lambda timings: timings.feed_reconnect_s, lambda timings: timings.feed_again_s,
    ),
    State.SERVERS_LOST: About(
        "connected", "error", "TWS has no connection to IB",
        "Prices and positions stand still until TWS has IB's servers again.",
        "Check the internet connection of the TWS machine; look whether TWS asks for a login.",
        lambda timings: EXCUSE_S, lambda timings: EXCUSE_S,
    ),
    State.RESET: About(
        "connected", "warning", "IB resets its servers",
        "TWS has lost IB's servers at the time of their daily or weekly reset.",
        "Nothing to do: it is over within minutes, and counts as a fault after 15.",
    ),
    State.HALF_OPEN: About(
        "connected", "error", "TWS does not answer",
        "A question for the time has found no answer; the connection may be half-open.",
        "QTrade asks once more and then connects afresh. If it lasts, look at TWS: it may be frozen.",
        lambda timings: timings.probe_timeout_s, is_guarded=True,
    ),
    State.WAITING: About(
        "waiting", "error", "Not connected", "The last try failed; the next one is due in seconds.",
        "Start TWS or IB Gateway and log in; its API must be on.", lambda timings: 60.0,
    ),
    State.RESTART: About(
        "waiting", "warning", "TWS restarts",
        "The connection ended at the time of IB's reset, when TWS restarts by itself.",
        "Nothing to do: it is tried again each few seconds, and counts as a fault after 15 minutes.",
        lambda timings: 60.0,
    ),
    State.ID_BUSY: About(
        "waiting", "error", "Client id in use", "Another program, or our own former session, holds the client id.",
        "Close the other program, or wait a minute: TWS may need it to give the id back.", lambda timings: 60.0,
    ),
    State.WRONG_PORT: About(
        "waiting", "error", "Not TWS, or too old", "What answers on this port is not a TWS that QTrade can talk to.",
        "Check the port in Settings > Broker; update TWS or IB Gateway.", lambda timings: 60.0,
    ),
    State.WRONG_LOGIN: About(
        "refused", "error", "Wrong login", "The account of this login contradicts the mode or the chosen account.",
        "Choose the mode and the account in Settings > Broker that this TWS is logged in with.",
        lambda timings: 120.0,
    ),
}  # fmt: skip

OPENING = (State.CONNECTING, State.HANDSHAKE, State.STARTING)
RESTING = (State.STOPPED, State.WAITING, State.RESTART, State.ID_BUSY, State.WRONG_PORT, State.WRONG_LOGIN)
TROUBLES = (  # the worst first
    Trouble(Event.PROBE_LATE, Event.PROBE_ANSWERED, State.HALF_OPEN),
    Trouble(Event.SERVERS_LOST, Event.SERVERS_BACK, State.SERVERS_LOST),
    Trouble(Event.FEED_DEAD, Event.FEED_FLOWS, State.FEED_DEAD),
    Trouble(Event.PART_LACKS, Event.PART_BACK, State.DEGRADED),
)
ENDS = {
    Event.FAILED: State.WAITING,
    Event.BUSY: State.ID_BUSY,
    Event.FOREIGN: State.WRONG_PORT,
    Event.WRONG_ACCOUNT: State.WRONG_LOGIN,
}
EXCUSED = {State.SERVERS_LOST: State.RESET, State.WAITING: State.RESTART}  # what a reset window makes of a state
USABLE = (State.LIVE, State.DEGRADED, State.FEED_DEAD, State.SERVERS_LOST, State.RESET)
CONNECTED = (*USABLE, State.HALF_OPEN)

_EVENT_OF: dict[FailureKind, Event] = {
    "client_id_busy": Event.BUSY,
    "foreign": Event.FOREIGN,
    "outdated": Event.FOREIGN,
    "account": Event.WRONG_ACCOUNT,
}


def event_of(kind: FailureKind) -> Event:
    """How the end of a connection, or of a try, counts."""
    return _EVENT_OF.get(kind, Event.FAILED)


def _table() -> dict[tuple[State, Event], Step]:
    table: dict[tuple[State, Event], Step] = {}
    for state in State:
        table[state, Event.STOP] = Step(State.STOPPED)
        table[state, Event.CONNECT] = Step(State.CONNECTING)  # from whatever an error of ours left behind
    table[State.CONNECTING, Event.OPENED] = Step(State.HANDSHAKE)
    table[State.HANDSHAKE, Event.SHAKEN] = Step(State.STARTING)
    table[State.STARTING, Event.ANNOUNCED] = Step(State.LIVE)
    for state in (*OPENING, *CONNECTED):
        for event, resting in ENDS.items():
            table[state, event] = Step(resting)
    for state in OPENING:
        table[state, Event.TIMED_OUT] = Step(state, Action.GIVE_UP)
    for state in CONNECTED:
        for trouble in TROUBLES:
            table[state, trouble.begins] = Step(None)
            table[state, trouble.ends] = Step(None)
    for state in (State.HALF_OPEN, State.SERVERS_LOST, State.FEED_DEAD):
        table[state, Event.TIMED_OUT] = Step(state, Action.GIVE_UP)
    for state in RESTING[1:]:
        table[state, Event.TIMED_OUT] = Step(state, Action.WAKE)
    for red, excused in EXCUSED.items():
        table[excused, Event.EXCUSE_OVER] = Step(red)
    return table


TABLE = _table()


class SessionMachine:
    """Where the session stands. Times are monotonic seconds; `in_window` = IB resets its servers about now."""

    def __init__(self, timings: Timings, now_mono: float) -> None:
        self._timings = timings
        self._troubles: set[Event] = set()  # by what began them
        self._given_up: dict[State, float] = {}
        self._outage_mono: float | None = None  # since when prices can't be trusted
        self._was_connected = False  # what never answered does not restart
        self.is_excused = False  # a reset window excuses the outage, tries to connect in between included
        self.state = State.STOPPED
        self.since_mono = now_mono
        self.unforeseen: Counter[tuple[State, Event]] = Counter()

    @property
    def about(self) -> About:
        return ABOUT[self.state]

    def take(self, event: Event, now_mono: float, *, in_window: bool = False) -> Action | None:
        """Go where the table says; what has to be done. None = not foreseen here: nothing changes, and it is said."""
        step = TABLE.get((self.state, event))
        if step is None:
            self._contain(event)
            return None
        self._note_trouble(event)
        target = self._worst() if step.to is None else step.to
        if event is not Event.EXCUSE_OVER and target in EXCUSED and self._may_excuse(now_mono, in_window=in_window):
            target = EXCUSED[target]
        self._enter(target, now_mono)
        return step.action

    def tick(self, now_mono: float, *, in_window: bool) -> Action:
        """Look at the clock: time-outs, and excuses that are over."""
        if self.is_excused and not self._may_excuse(now_mono, in_window=in_window):
            self.is_excused = False
            if self.state in EXCUSED.values():
                self.take(Event.EXCUSE_OVER, now_mono)
        limit_s, again_s = self.about.limit_s(self._timings), self.about.again_s(self._timings)
        if limit_s is None or now_mono - self.since_mono < limit_s + (GRACE_S if self.about.is_guarded else 0.0):
            return Action.NOTHING
        if now_mono - self._given_up.get(self.state, float("-inf")) < max(again_s, limit_s):
            return Action.NOTHING
        self._given_up[self.state] = now_mono
        return self.take(Event.TIMED_OUT, now_mono) or Action.NOTHING

    def observe(self, trouble: Event, *, goes_on: bool, now_mono: float, in_window: bool) -> None:
        """What is seen from outside, told again and again: `trouble` is the event that begins it."""
        if self.state in CONNECTED and goes_on != (trouble in self._troubles):
            ends = next(each.ends for each in TROUBLES if each.begins is trouble)
            self.take(trouble if goes_on else ends, now_mono, in_window=in_window)

    def _note_trouble(self, event: Event) -> None:
        for trouble in TROUBLES:
            if event is trouble.begins:
                self._troubles.add(event)
            elif event is trouble.ends:
                self._troubles.discard(trouble.begins)

    def _worst(self) -> State:
        return next((each.state for each in TROUBLES if each.begins in self._troubles), State.LIVE)

    def _may_excuse(self, now_mono: float, *, in_window: bool) -> bool:
        since = now_mono if self._outage_mono is None else self._outage_mono
        return in_window and self._was_connected and now_mono - since < EXCUSE_S

    def _enter(self, state: State, now_mono: float) -> None:
        if state in CONNECTED:
            self._was_connected = True
        else:
            self._troubles.clear()
        if state in (State.LIVE, State.DEGRADED, State.STOPPED):
            self._outage_mono = None
        elif self._outage_mono is None:
            self._outage_mono = now_mono
        if state not in OPENING:
            self.is_excused = state in EXCUSED.values()
        if state is not self.state:
            log.debug("Session: %s -> %s", self.state, state)
            self.state, self.since_mono = state, now_mono

    def _contain(self, event: Event) -> None:
        self.unforeseen[self.state, event] += 1
        if self.unforeseen[self.state, event] == 1:
            log.error("Session: '%s' is not foreseen in the state '%s'; nothing was changed", event, self.state)
