"""Visits: what is judged while a symbol is looked at for a few seconds, and how long its line has to stay for that.

Sampled bars may hide a level or a surge. So a visit beyond what is known is checked: the broker's own 1-minute bars are
asked for (some 50 requests a minute are allowed, a visit in ten or fewer needs one), and until they come the line
stays. What confirms on a visit has to have traded at the pace that the rules want, seen by the visit itself.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from engine.bars.build import bar_start
from engine.bars.store import BarStore, SymbolBars
from engine.breakout.detector import Detector, Verdict
from engine.breakout.facts import Facts, edges, read_bars
from engine.breakout.life import SIDES
from engine.breakout.rules import CONFIRMATION, VOLUME_GATES, Live, Reading
from engine.config import BreakoutParams
from engine.coverage.hints import distance_atr
from engine.domain import Quote, Stay
from engine.prices.live_price import live_price

CHECK_S = 10.0  # so long a line stays for the bars that were asked for
MEASURE_S = 4.5  # a visit beyond a level lasts at least so long: a pace needs seconds
MEASURE_MORE_S = 12.0  # and so long where the volume is not far from what the rules want
NOT_FAR = 0.6
AT_LEVEL_ATR = 0.3
_NEVER: tuple[float | None, float] = None, 0.0
JUDGE_S = 0.4  # a line may change four times a second: half of that is soon enough to judge it in full


class Look(NamedTuple):
    """One judged visit. `needs_bars`: the broker's own bars decide; `is_thin`: too few minutes were seen to judge."""

    con_id: int
    distance_atr: float | None
    needs_bars: bool
    is_thin: bool


class Scanner(Protocol):
    """`engine.scanners.breakout.BreakoutScanner`, as far as visits need it: a detector with the newest values."""

    detector: Detector

    @property
    def params(self) -> BreakoutParams: ...

    def facts(self, con_id: int, now_market: float) -> Facts: ...

    def live(self, con_id: int, now_market: float) -> Live | None: ...

    def evaluate(self, con_id: int, now_market: float) -> Verdict | None: ...

    def levels_until(self, con_id: int, now_market: float) -> float | None: ...


class VisitJudge:
    """Engine thread only; market time throughout."""

    def __init__(self, scanner: Scanner, store: BarStore) -> None:
        self._scanner = scanner
        self._store = store
        self._judged: dict[int, tuple[float, float]] = {}  # con_id -> start of the visit that was judged, and when
        self._asked: dict[int, float] = {}  # con_id -> start of the visit for which bars were asked
        self._staying: dict[int, float] = {}  # con_id -> until when its line stays though nothing is being confirmed

    def look(self, quote: Quote, now_market: float) -> Look | None:
        """A visit is judged at its first quote, and at those beyond a level: nothing else can begin a breakout.
        A running signal is judged again: its first quote may have come before the day's volume."""
        con_id, scanner = quote.con_id, self._scanner
        entry = self._store.get(con_id)
        if entry is None or not entry.streaming:
            return None
        began = entry.line_from
        judged_visit, looked_at = self._judged.get(con_id, _NEVER)
        if judged_visit == began and 0.0 <= now_market - looked_at < JUDGE_S:
            return None
        last = live_price(quote, entry.contract.sec_type)
        if last is None:
            return None
        facts = scanner.facts(con_id, now_market)
        low, high = edges(facts, scanner.params, now_market)
        is_beyond = (high is not None and last > high) or (low is not None and last < low)
        self._judged[con_id] = began, now_market
        if not is_beyond and judged_visit == began and con_id not in scanner.detector.tracker.busy:
            return None
        verdict = scanner.evaluate(con_id, now_market)
        if is_beyond and verdict is not None and self._lacks_volume_alone(verdict.reading):
            self._stay_until(con_id, began + self._measure_s(verdict.reading))
        distance = distance_atr(facts, last, scanner.params)
        needs_bars = scanner.detector.tracker.is_confirming(con_id) or self._is_doubtful(facts, distance, verdict)
        if needs_bars and self._asked.get(con_id) != began:
            self._asked[con_id] = began
            self._stay_until(con_id, now_market + CHECK_S)
        return Look(con_id, distance, needs_bars, facts.is_thin)

    def stays(self, con_id: int, now_market: float) -> Stay:
        """Why its line has to stay; "" = it hasn't."""
        if self._scanner.detector.tracker.is_confirming(con_id):
            return "confirming"
        until = self._staying.get(con_id)
        return "measuring" if until is not None and now_market < until else ""

    def on_history(self, con_id: int, now_market: float) -> None:
        """The broker's own bars have come: a breakout that was found on sampled ones is judged again, or one begins."""
        entry = self._store.get(con_id)
        if entry is None:
            return
        if self._scanner.detector.tracker.is_confirming(con_id):
            self._correct(entry, now_market)
        elif self._staying.pop(con_id, None) is not None and entry.streaming:
            self._scanner.evaluate(con_id, now_market)

    def clear(self) -> None:
        """The market clock was set back."""
        for noted in (self._judged, self._asked, self._staying):
            noted.clear()

    def forget(self, con_id: int) -> None:
        """It left the universe."""
        for noted in (self._judged, self._asked, self._staying):
            noted.pop(con_id, None)

    def _stay_until(self, con_id: int, moment: float) -> None:
        self._staying[con_id] = max(moment, self._staying.get(con_id, moment))

    def _lacks_volume_alone(self, reading: Reading) -> bool:
        """Beyond a level, and nothing but the volume (and then the confirmation) is missing."""
        failed = {gate.name for gate in reading.gates[2:] if gate.passed is not True}
        return reading.beyond and bool(failed & VOLUME_GATES) and failed <= VOLUME_GATES | {CONFIRMATION}

    def _measure_s(self, reading: Reading) -> float:
        params = self._scanner.params
        share = min((reading.surge or 0.0) / params.volume_surge, (reading.rel_volume or 0.0) / params.rel_volume)
        return MEASURE_MORE_S if share >= NOT_FAR else MEASURE_S

    def _is_doubtful(self, facts: Facts, distance: float | None, verdict: Verdict | None) -> bool:
        """Loud and at a level, as far as that is known, and too little is known to judge."""
        if verdict is None or distance is None or not (facts.is_thin or facts.sma_volume is None):
            return False
        rel_volume = verdict.reading.rel_volume or 0.0
        return distance <= AT_LEVEL_ATR and rel_volume >= NOT_FAR * self._scanner.params.rel_volume

    def _correct(self, entry: SymbolBars, now_market: float) -> None:
        """Does the price stand beyond the true level, too?"""
        con_id, scanner = entry.contract.con_id, self._scanner
        live = scanner.live(con_id, now_market)
        for side in SIDES:
            began = scanner.detector.tracker.waiting(con_id, side)
            if live is None or began is None:
                continue
            session = self._store.session(con_id, now_market)
            until = scanner.levels_until(con_id, now_market)
            bars = entry.series.arrays().before(bar_start(began if until is None else min(began, until)))
            facts = read_bars(bars, session, scanner.params, entry.usual)
            scanner.detector.correct(con_id, facts, live, side, now_market)
