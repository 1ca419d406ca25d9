"""The life of a breakout: idle -> confirming -> active -> ended, then a cool-down. Time is an argument.

Decisions use only what was known at that moment; the level is frozen when the confirmation begins.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from engine.breakout.rules import Frozen, Progress, is_beyond, is_inside
from engine.config import BreakoutParams
from engine.domain import Side

LOST_S = 300.0  # a running signal without any price for so long has ended unseen
FADE_S = 300.0  # a runaway whose volume has gone keeps its signal, but not its place before the others
REMEMBERED_S = 86_400.0  # longer than any cool-down
STALE_S = 20.0  # a confirmation does not outlive its price

SIDES: tuple[Side, Side] = ("long", "short")

Phase = Literal["idle", "confirming", "active"]
Step = Literal["none", "confirmed", "renewed", "dropped", "ended"]


@dataclass(slots=True)
class Renewal:
    """A further breakout while a signal still runs: confirmed like the first, and then it takes over."""

    frozen: Frozen
    triggered_at: float
    bars_beyond: int = 0
    proven: bool = False


@dataclass(slots=True)
class Watch:
    """One symbol and side. Times are market time; `last_at` is the moment of the newest signal, `strong_at` the last
    one at which every rule passed. `proven`: what waits for its confirmation has had the volume of a whole minute."""

    phase: Phase = "idle"
    frozen: Frozen | None = None
    triggered_at: float = 0.0
    bars_beyond: int = 0
    proven: bool = False
    priced_at: float = 0.0
    inside_since: float | None = None
    last_at: float | None = None
    strong_at: float = 0.0
    renewal: Renewal | None = None


class Tracker:
    """All watches. Holds entries only for symbols that have triggered."""

    def __init__(self) -> None:
        self._watches: dict[tuple[int, Side], Watch] = {}
        self.busy: set[int] = set()  # con_ids that confirm or run

    def phase(self, con_id: int, side: Side) -> Phase:
        watch = self._watches.get((con_id, side))
        return watch.phase if watch is not None else "idle"

    def knows(self, con_id: int) -> bool:
        """Whether one of its sides has ever triggered."""
        return (con_id, "long") in self._watches or (con_id, "short") in self._watches

    def watch(self, con_id: int, side: Side) -> Watch | None:
        return self._watches.get((con_id, side))

    def frozen(self, con_id: int, side: Side) -> Frozen | None:
        """The level of a breakout under way."""
        watch = self._watches.get((con_id, side))
        return watch.frozen if watch is not None and watch.phase != "idle" else None

    def progress(self, con_id: int, side: Side, now_market: float) -> Progress:
        """What the rules have to know of the past."""
        watch = self._watches.get((con_id, side))
        if watch is None:
            return Progress()
        since = None if watch.last_at is None else now_market - watch.last_at
        if watch.phase == "confirming":
            return Progress(now_market - watch.triggered_at, watch.bars_beyond, since)
        return Progress(since_signal_s=since, confirmed=watch.phase == "active")

    def is_confirming(self, con_id: int) -> bool:
        """A breakout of this symbol waits for its confirmation: on either side, the first or a further one."""
        return con_id in self.busy and any(self._waits(self._watches.get((con_id, side))) for side in SIDES)

    def waiting(self, con_id: int, side: Side) -> float | None:
        """When the breakout began that waits for its confirmation, the first or a further one; None = none does."""
        watch = self._watches.get((con_id, side))
        if watch is None or not self._waits(watch):
            return None
        return watch.triggered_at if watch.renewal is None else watch.renewal.triggered_at

    def prove(self, con_id: int, side: Side) -> None:
        """The breakout that waits for its confirmation has been loud for a whole minute."""
        watch = self._watches[(con_id, side)]
        if watch.renewal is not None:
            watch.renewal.proven = True
        else:
            watch.proven = True

    def is_proven(self, con_id: int, side: Side) -> bool:
        watch = self._watches.get((con_id, side))
        return watch is not None and (watch.proven if watch.renewal is None else watch.renewal.proven)

    def correct(self, con_id: int, side: Side, frozen: Frozen) -> None:
        """The level of the breakout that waits for its confirmation is another one."""
        watch = self._watches[(con_id, side)]
        if watch.renewal is not None:
            watch.renewal.frozen = frozen
        else:
            watch.frozen = frozen

    def drop(self, con_id: int, side: Side) -> None:
        """The breakout that waits for its confirmation was none; a signal that runs goes on."""
        watch = self._watches.get((con_id, side))
        if watch is not None and watch.renewal is not None:
            watch.renewal = None
        elif watch is not None and watch.phase == "confirming":
            self._rest(con_id, watch)

    def trigger(self, con_id: int, side: Side, frozen: Frozen, now_market: float) -> None:
        """All rules but the confirmation pass: it begins."""
        watch = self._watches.setdefault((con_id, side), Watch())
        watch.phase = "confirming"
        watch.frozen = frozen
        watch.triggered_at = watch.priced_at = now_market
        watch.bars_beyond = 0
        watch.proven = False
        watch.inside_since = None
        self.busy.add(con_id)

    def renew(self, con_id: int, side: Side, frozen: Frozen, now_market: float) -> None:
        """The running signal's symbol breaks out again, cool-down over: confirm that, too."""
        watch = self._watches[(con_id, side)]
        if watch.phase == "active" and watch.renewal is None:
            watch.renewal = Renewal(frozen, now_market)

    def price(self, con_id: int, side: Side, last: float | None, now_market: float, params: BreakoutParams) -> Step:
        """A look at the price (each quote or second) while a breakout confirms or runs."""
        watch = self._watches.get((con_id, side))
        if watch is None or watch.frozen is None or watch.phase == "idle":
            return "none"
        if watch.phase == "confirming":
            return self._confirming(con_id, side, watch, last, now_market, params)
        return self._running(con_id, side, watch, last, now_market, params)

    def fresh(self, con_id: int, side: Side, all_pass: bool, now_market: float) -> bool:
        """Whether a running signal still scores as a breakout: every rule passes, or did within five minutes."""
        watch = self._watches.get((con_id, side))
        if watch is None or watch.phase != "active":
            return False
        if all_pass:
            watch.strong_at = now_market
        return now_market - watch.strong_at <= FADE_S

    def bar_closed(self, con_id: int, side: Side, close: float, params: BreakoutParams) -> Step:
        """A minute closed while confirming by bars: beyond counts, inside starts over."""
        watch = self._watches.get((con_id, side))
        if watch is None or watch.frozen is None or params.confirm_bars == 0:
            return "none"
        if watch.phase == "active":
            return self._renewal_bar(side, watch, close, params)
        if watch.phase != "confirming":
            return "none"
        if not is_beyond(side, close, watch.frozen, params):
            self._rest(con_id, watch)
            return "dropped"
        watch.bars_beyond += 1
        return "confirmed" if watch.bars_beyond >= params.confirm_bars else "none"

    def begin(self, con_id: int, side: Side, at: float) -> None:
        """The confirmation is complete: a signal runs from now on."""
        watch = self._watches[(con_id, side)]
        watch.phase = "active"
        watch.last_at = watch.strong_at = at
        watch.inside_since = None
        if watch.renewal is not None:
            watch.frozen, watch.triggered_at = watch.renewal.frozen, watch.renewal.triggered_at
            watch.renewal = None

    def restore(self, con_id: int, side: Side, at: float) -> None:
        """A signal of earlier today, from the journal: its cool-down holds over a restart."""
        watch = self._watches.setdefault((con_id, side), Watch())
        if watch.last_at is None or at > watch.last_at:
            watch.last_at = at

    def adopt(self, other: Tracker) -> None:
        """Begin where another tracker stands: what confirms, runs or cools down there does so here."""
        self.busy = set(other.busy)
        self._watches = {
            key: replace(watch, renewal=None if watch.renewal is None else replace(watch.renewal))
            for key, watch in other._watches.items()
        }

    def rest_all(self) -> None:
        """Nothing confirms or runs any more; cool-downs hold."""
        for con_id, _ in [key for key, watch in self._watches.items() if watch.phase != "idle"]:
            for side in SIDES:
                watch = self._watches.get((con_id, side))
                if watch is not None:
                    self._rest(con_id, watch)

    def turn_day(self, now_market: float) -> None:
        """A new day: nothing confirms or runs any more; cool-downs hold, and those long over are forgotten."""
        self.rest_all()
        self._watches = {
            key: watch
            for key, watch in self._watches.items()
            if watch.last_at is not None and now_market - watch.last_at < REMEMBERED_S
        }

    def set_back(self, now_market: float) -> None:
        """The market clock was set back: what is under way, or lies in the future now, has not happened."""
        self.busy.clear()
        self._watches = {
            key: watch
            for key, watch in self._watches.items()
            if watch.phase == "idle" and watch.last_at is not None and watch.last_at <= now_market
        }

    def _confirming(
        self, con_id: int, side: Side, watch: Watch, last: float | None, now: float, params: BreakoutParams
    ) -> Step:
        assert watch.frozen is not None
        if last is None:
            if now - watch.priced_at <= STALE_S:
                return "none"
            self._rest(con_id, watch)
            return "dropped"
        watch.priced_at = now
        if params.confirm_bars > 0:
            return "none"  # decided when minutes close
        if not is_beyond(side, last, watch.frozen, params):
            self._rest(con_id, watch)
            return "dropped"
        return "confirmed" if now - watch.triggered_at >= params.confirm_s else "none"

    def _running(
        self, con_id: int, side: Side, watch: Watch, last: float | None, now: float, params: BreakoutParams
    ) -> Step:
        assert watch.frozen is not None
        if last is None:
            if now - watch.priced_at <= LOST_S:
                return "none"
        else:
            watch.priced_at = now
            if not is_inside(side, last, watch.frozen.level):
                watch.inside_since = None
                return self._renewing(side, watch, last, now, params)
            watch.inside_since = now if watch.inside_since is None else watch.inside_since
            if now - watch.inside_since < params.alert_hold_s:
                return "none"
        self._rest(con_id, watch)
        return "ended"

    def _renewing(self, side: Side, watch: Watch, last: float, now: float, params: BreakoutParams) -> Step:
        renewal = watch.renewal
        if renewal is None or params.confirm_bars > 0:
            return "none"
        if not is_beyond(side, last, renewal.frozen, params):
            watch.renewal = None
            return "none"
        return "renewed" if now - renewal.triggered_at >= params.confirm_s else "none"

    def _renewal_bar(self, side: Side, watch: Watch, close: float, params: BreakoutParams) -> Step:
        renewal = watch.renewal
        if renewal is None:
            return "none"
        if not is_beyond(side, close, renewal.frozen, params):
            watch.renewal = None
            return "none"
        renewal.bars_beyond += 1
        return "renewed" if renewal.bars_beyond >= params.confirm_bars else "none"

    @staticmethod
    def _waits(watch: Watch | None) -> bool:
        return watch is not None and (watch.phase == "confirming" or watch.renewal is not None)

    def _rest(self, con_id: int, watch: Watch) -> None:
        watch.phase = "idle"
        watch.frozen = watch.renewal = None
        watch.inside_since = None
        if all(self.phase(con_id, side) == "idle" for side in SIDES):
            self.busy.discard(con_id)
