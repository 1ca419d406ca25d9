"""The shadow set: a second set of thresholds on the same bars, without lines or alerts. Engine thread only.

It costs one more pass in each cycle while a set is chosen, and nothing else. It begins where the set in force stands at
that moment: a breakout that confirms, runs or cools down there does so here, so that from then on both sets differ by
their thresholds alone, and no breakout of before is new to one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from engine.bars.store import BarStore
from engine.breakout.rules import Floors
from engine.config import BreakoutParams
from engine.coverage.visits import VisitJudge
from engine.domain import Quote, Signal
from engine.scanners.breakout import BreakoutScanner, Surroundings
from engine.scanners.signal_log import SignalLog


class ShadowSet:
    """`on_signal(name of the set, signal)` is told of its signals, begun and ended; `live` = the scanner in force."""

    def __init__(
        self,
        store: BarStore,
        around: Surroundings,
        on_signal: Callable[[str, Signal], None],
        live: Callable[[], BreakoutScanner] | None = None,
    ) -> None:
        self._live = live
        self._store = store
        self._around = around
        self._on_signal = on_signal
        self._scanner: BreakoutScanner | None = None
        self._visits: VisitJudge | None = None
        self._allow_delayed = False
        self._log = SignalLog()
        self.name = ""
        self.since_market: float | None = None  # when it first looked: both sets count from then; None = it hasn't

    @property
    def params(self) -> BreakoutParams | None:
        """None = no set is chosen."""
        return self._scanner.params if self._scanner is not None else None

    @property
    def longest_slice_s(self) -> float:
        return self._scanner.longest_slice_s if self._scanner is not None else 0.0

    def choose(self, name: str, params: BreakoutParams | None, floors: Floors) -> None:
        """Look with this set from now on; another set, or the same with other values, starts from nothing."""
        if params is None:
            self._scanner, self._visits, self.name, self.since_market = None, None, "", None
        elif self._scanner is None or (name, params) != (self.name, self._scanner.params):
            self._scanner = BreakoutScanner(self._store, self._around, params, floors, self._note)
            self._scanner.allow_delayed = self._allow_delayed
            self._visits = VisitJudge(self._scanner, self._store)
            self._log = SignalLog()
            self.name, self.since_market = name, None

    def set_floors(self, floors: Floors) -> None:
        """The floor of the scans changed."""
        if self._scanner is not None and self._scanner.floors != floors:
            self._scanner.set_params(self._scanner.params, floors)

    def set_allow_delayed(self, allowed: bool) -> None:
        """Whether delayed prices may make signals; as for the set in force, whichever set is chosen."""
        self._allow_delayed = allowed
        if self._scanner is not None:
            self._scanner.allow_delayed = allowed

    def signals(self) -> tuple[Signal, ...]:
        """Today's signals of the set, oldest first."""
        return self._log.all()

    def is_busy(self, con_id: int) -> bool:
        """Whether a breakout of it confirms or runs."""
        return self._scanner is not None and con_id in self._scanner.detector.tracker.busy

    def on_quote(self, quote: Quote, now_market: float) -> None:
        self._begin(now_market)
        if self._scanner is not None:
            self._scanner.on_quote(quote, now_market)
        if self._visits is not None and self._scanner is not None and self._scanner.keeps_checks(quote, now_market):
            self._visits.look(quote, now_market)  # nobody's line stays, and no bars are asked for, for the shadow

    def forget(self, con_id: int) -> None:
        """It left the universe."""
        if self._scanner is not None and self._visits is not None:
            self._scanner.forget(con_id)
            self._visits.forget(con_id)

    def on_history(self, con_id: int, now_market: float) -> None:
        if self._visits is not None:
            self._visits.on_history(con_id, now_market)

    def on_bar_closed(self, con_id: int, now_market: float) -> None:
        if self._scanner is not None:
            self._scanner.on_bar_closed(con_id, now_market)

    def recheck(self, now_market: float) -> None:
        """Each second: confirmations and running signals."""
        self._begin(now_market)
        if self._scanner is not None:
            self._scanner.recheck(now_market)

    def slices(self, now_market: float) -> Iterator[None]:
        """One cycle over all symbols; yields between slices, also before the first."""
        if self._scanner is not None:
            yield
            yield from self._scanner.slices(now_market)

    def turn_day(self, now_market: float) -> None:
        """A new day: no signal runs over night."""
        if self._scanner is not None:
            self._scanner.turn_day(now_market)
        self._log.turn_day(now_market)

    def set_back(self, now_market: float) -> None:
        """The market clock was set back, or is known only now: what was found lies in its future."""
        if self._scanner is not None and self._visits is not None:
            self._scanner.set_back(now_market)
            self._visits.clear()
        self._log = SignalLog()
        self.since_market = None

    def restore(self, signal: Signal) -> None:
        """A signal in force of earlier today, from the journal: its cool-down holds here, too."""
        if self._scanner is not None:
            self._scanner.restore(signal)

    def _begin(self, now_market: float) -> None:
        if self._scanner is not None and self.since_market is None:
            self.since_market = now_market
            if self._live is not None:
                self._scanner.adopt(self._live())

    def _note(self, signal: Signal) -> None:
        self._log.note(signal, signal.at)
        self._on_signal(self.name, signal)
