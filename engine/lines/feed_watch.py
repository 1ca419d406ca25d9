"""Is the feed alive? Judged by quotes alone, whatever else TWS answers: of all lines, and of each that streams.

What is expected of a line is what it did itself: silence is odd once it lasts many times longer than the longest pause
of the last minutes. A busy symbol is missed after a minute; one that rested for a minute has to flow anew before it is
missed again, so that thin stocks, and what TWS answers to a request at a closed market, raise nothing.
Pure but for the counts it keeps; times are arguments, monotonic.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.lines.ledger import Line

DEAD_S = 55.0  # and seen within the minute
AGAIN_S = 300.0  # between two renewals of one silent line, or of all
OPENING_S = 5.0  # what comes so soon is the answer to the request, not the flow
PAUSES = 12.0  # so many times its longest pause a symbol may be silent
RESTS_S = 10.0  # what pauses longer than this ...
RESTING_S = 660.0  # ... may do so for ten minutes, as thin stocks do
MINUTE_S = 60.0
MINUTES = 10  # of pauses that are remembered
ENOUGH = ((20.0, 40), (120.0, 20))  # (seconds of the flow, ticks in them) from which on something is expected
MANY_OPEN = 5  # lines in regular hours: they are never all silent for a minute

IsClosed = Callable[[int], bool]


ODD = 3.0  # times its longest pause: while a farm is down, that is enough
ODD_LEAST_S = 5.0
ODD_UNKNOWN_S = 15.0  # of a line of whose pace too little is known


class Blind(NamedTuple):
    """A streaming line that brings nothing, though its own recent rate says it should."""

    con_id: int
    symbol: str
    since_mono: float


class FeedState(NamedTuple):
    """`dead_since` = when the last quote of any line came, None = the feed is alive, or nothing is expected of it."""

    dead_since: float | None = None
    blind: tuple[Blind, ...] = ()


@dataclass(slots=True)
class _Heard:
    """The flow of one symbol: its ticks, and the longest pause of each of the last minutes that brought one."""

    first_mono: float
    last_mono: float
    minute: int
    ticks: int = 0
    is_regular: bool = False
    pauses: deque[float] = field(default_factory=lambda: deque([0.0], maxlen=MINUTES))

    def begin(self, now_mono: float) -> None:
        """Nothing is expected of it until it has flowed again."""
        self.first_mono, self.ticks = now_mono, 0
        self.pauses = deque([0.0], maxlen=MINUTES)

    def tick(self, now_mono: float, dead_s: float) -> None:
        pause, self.last_mono = now_mono - self.last_mono, now_mono
        if pause >= dead_s:
            self.begin(now_mono)
        if now_mono - self.first_mono < OPENING_S:
            return
        minute = int(now_mono // MINUTE_S)
        if minute != self.minute:
            self.minute = minute
            self.pauses.append(0.0)
        self.ticks += 1
        self.pauses[-1] = max(self.pauses[-1], pause)

    def may_be_silent_s(self, dead_s: float) -> float | None:
        """How long nothing is odd; None = too little is known of it."""
        flow_s = self.last_mono - self.first_mono - OPENING_S
        if not any(flow_s >= least_s and self.ticks >= ticks for least_s, ticks in ENOUGH):
            return None
        longest = max(self.pauses)
        return max(dead_s if longest <= RESTS_S else RESTING_S, PAUSES * longest)


class FeedWatch:
    """Counts quotes by symbol and judges their absence. `is_regular` and `is_closed` of a con_id, by its hours."""

    def __init__(self, is_closed: IsClosed, is_regular: IsClosed, dead_s: float = DEAD_S) -> None:
        self._dead_s = dead_s
        self.is_closed = is_closed
        self._is_regular = is_regular
        self._heard: dict[int, _Heard] = {}
        self._newest: float | None = None  # quote, whatever it was
        self._flowed: float | None = None  # quote that was no mere answer to its line's request
        self._declared = 0.0  # when it was seen to be dead
        self._rests = False
        self.state = FeedState()

    def heard(self, con_id: int, now_mono: float, *, is_flow: bool = True) -> None:
        """A decoded quote of a line of ours. `is_flow` false = it answers the line's request: TWS may do that out of a
        cache while its feed is dead."""
        self._newest = now_mono
        if is_flow:
            self._flowed = now_mono
        known = self._heard.get(con_id)
        if known is None:
            known = self._heard[con_id] = _Heard(now_mono, now_mono, int(now_mono // MINUTE_S))
        known.tick(now_mono, self._dead_s)

    def resume(self, now_mono: float) -> None:
        """TWS has its servers again, or a new connection stands: what was silent meanwhile was no fault of the feed.

        A feed that was dead before stays so until a quote comes.
        """
        for known in self._heard.values():
            known.last_mono = max(known.last_mono, now_mono)
        if self.state.dead_since is None:
            self._flowed = max(self._flowed or now_mono, now_mono)
        self.state = FeedState(self.state.dead_since)

    def rest(self, now_mono: float, *, is_over: bool) -> None:
        """Nothing is expected while what is played is over; when it begins anew, all has to flow anew."""
        if self._rests and not is_over:
            self._heard.clear()
            self._flowed = now_mono
        self._rests = is_over
        if is_over:
            self.state = FeedState()

    def look(self, lines: Iterable[Line], now_mono: float) -> FeedState:
        """How it stands now. Call it while TWS says that it has its servers.

        Once dead it stays so until a quote comes, whatever is asked again meanwhile, or until all markets are closed.
        """
        held = list(lines)
        if self._rests or not held:  # between two connections, or after 1101: nothing is known of it
            return self.state
        streaming = [line for line in held if line.line_class != "coverage"]
        self._forget({line.con_id for line in streaming})
        self._note_regular_hours(now_mono)
        blind = tuple(found for line in streaming if (found := self._blind(line, now_mono)) is not None)
        silent_since = self._silent_since(held)
        is_dead = now_mono - silent_since >= self._dead_s and (
            bool(blind) or self._many_open(held) or self._is_stuck(held)
        )
        if is_dead and self.state.dead_since is None:
            self._declared = now_mono
        self.state = FeedState(silent_since if is_dead else None, blind)
        return self.state

    def heard_within(self, seconds: float, now_mono: float) -> bool:
        """Whether some line brought a quote that lately."""
        return self._newest is not None and now_mono - self._newest < seconds

    def flowed_within(self, seconds: float, now_mono: float) -> bool:
        """The same of quotes that were no mere answer to a request, which TWS may give out of a cache."""
        return self._flowed is not None and now_mono - self._flowed < seconds

    def expects(self, con_id: int) -> bool:
        """Whether enough is known of its flow to miss it."""
        known = self._heard.get(con_id)
        return known is not None and known.may_be_silent_s(self._dead_s) is not None

    def odd_silence_s(self, con_id: int) -> float:
        """How long it may bring nothing while something speaks for a fault."""
        known = self._heard.get(con_id)
        if known is None or known.may_be_silent_s(self._dead_s) is None:
            return ODD_UNKNOWN_S
        return max(ODD_LEAST_S, ODD * max(known.pauses))

    def _silent_since(self, held: Collection[Line]) -> float:
        """The last quote of any line; before the first one since when the oldest line waits."""
        dead_since = self.state.dead_since
        if dead_since is not None and self._is_stuck(held):
            return dead_since
        oldest = min(line.since_mono for line in held)
        return oldest if self._flowed is None else max(self._flowed, oldest)

    def _is_stuck(self, held: Iterable[Line]) -> bool:
        """It was dead, and nothing at all has come since that was seen; where all is closed, nothing will."""
        silent = self.state.dead_since is not None and (self._newest or 0.0) <= self._declared
        return silent and not all(self.is_closed(line.con_id) for line in held)

    def _many_open(self, held: Iterable[Line]) -> bool:
        return sum(1 for line in held if self._is_regular(line.con_id)) >= MANY_OPEN

    def _blind(self, line: Line, now_mono: float) -> Blind | None:
        known = self._heard.get(line.con_id)
        if known is None or now_mono - known.last_mono < min(self._dead_s, RESTING_S):
            return None  # no patience is shorter
        patience_s = known.may_be_silent_s(self._dead_s)
        if patience_s is None or now_mono - known.last_mono < patience_s or self.is_closed(line.con_id):
            return None
        return Blind(line.con_id, line.symbol, known.last_mono)

    def _note_regular_hours(self, now_mono: float) -> None:
        """At their edges a symbol's pace changes: it has to flow anew before it is missed."""
        for con_id, known in self._heard.items():
            is_regular = self._is_regular(con_id)
            if is_regular != known.is_regular:
                known.is_regular = is_regular
                known.begin(now_mono)

    def _forget(self, streaming: Collection[int]) -> None:
        """Visits come and go: what streamed is kept, what only passes by is not."""
        for con_id in [con_id for con_id in self._heard if con_id not in streaming]:
            del self._heard[con_id]
