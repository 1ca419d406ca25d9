"""ScoreDesk: what became of the signals, the shadow set beside the live one, the audit after the close.

Engine thread only; assembled from pure parts of the scanners' room. Everything it works out is journalled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from engine.bars.hours import NEW_YORK
from engine.bars.store import BarStore
from engine.clock import Clock
from engine.domain import Signal
from engine.errors import QTradeError
from engine.journal.reader import JournalReader
from engine.journal.rows import SignalOutcome
from engine.journal.writer import Journal
from engine.scanners.audit import Audit, Missed
from engine.scanners.coordinator import ScannerCoordinator
from engine.scanners.outcome_book import NOTHING, OutcomeBook, Scored
from engine.scanners.outcome_figures import THIRTY, figures
from engine.scanners.outcomes import HORIZONS_MIN, Outcome
from engine.scanners.scoreboard import board
from engine.scanners.shadow import compare
from engine.state.score_sections import AuditReport, FoundSignal, ScoresSection, ShadowReport
from engine.state.sections import Section

KEPT_S = 30 * 86_400.0  # about 20 sessions
AFTER_CLOSE_S = 600.0
STEP_S = 2.0
AUDIT_PAUSE_S = 0.008  # after each slice of 2-5 ms: a third of the loop at most
SHADOW_ROWS = 50
AUDIT_ROWS = 100


class ScoreDesk:
    """`run` is a task of the engine; the rest are its parts."""

    def __init__(
        self,
        coordinator: ScannerCoordinator,
        store: BarStore,
        journal: Journal,
        clock: Clock,
        market_now: Callable[[], float],
    ) -> None:
        self._coordinator = coordinator
        self._journal = journal
        self._clock = clock
        self._market_now = market_now
        self._store = store
        self._live = OutcomeBook(store, lambda *outcome: self._write_down("", *outcome))
        self._shadow = OutcomeBook(store, lambda *outcome: self._write_down(coordinator.shadow.name, *outcome))
        self._shadow_key: tuple[str, float | None] = ("", None)
        self._audit: Audit | None = None
        self._audited_day = ""
        self._section: tuple[object, Section] | None = None
        self.audit_wanted = False

    # --- what comes in --------------------------------------------------------------------------------------

    def on_signal(self, signal: Signal) -> None:
        """A signal of the thresholds in force, begun or ended."""
        self._journal.record_signal(signal)
        self._live.note(signal)

    def on_shadow(self, name: str, signal: Signal) -> None:
        """A signal of the shadow set, begun or ended."""
        self._journal.record_shadow(name, signal)
        self._keep_shadow_apart()
        self._shadow.note(signal)

    async def restore_from(self, reader: JournalReader) -> None:
        """What the journal in use holds of the last weeks."""
        now = self._market_now()
        signals = await asyncio.to_thread(reader.signals, now - KEPT_S, now + 86_400.0)
        outcomes = await asyncio.to_thread(reader.outcomes, now - KEPT_S, now + 86_400.0)
        self.restore(signals, outcomes)

    def restore(self, signals: Iterable[Signal], outcomes: Iterable[SignalOutcome]) -> None:
        """The journal's signals of the last weeks with what is known of them."""
        known: dict[str, dict[int, Outcome]] = {}
        for row in outcomes:
            known.setdefault(row.signal_id, {})[row.horizon_min] = Outcome(row.best, row.worst, row.move)
        scored = [Scored(signal, _after(known.get(signal.id))) for signal in signals]
        self._live.restore(scored, self._market_now())

    def forget(self) -> None:
        """Another account: its own journal holds its own signals."""
        self._live.clear()
        self._audit = None

    def ask_audit(self) -> str:
        """The user wants the audit now. Raises QTradeError while one runs."""
        if self._audit is not None and not self._audit.is_over:
            raise QTradeError(f"The audit is running: {self._audit.done} of {self._audit.symbols} symbols are judged.")
        self.audit_wanted = True
        return "The audit has begun."

    # --- periodic work --------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Step for ever, and audit when it is due. Cancel it to stop."""
        while True:
            self.step()
            if self.audit_wanted:
                for _ in self.audit_slices():
                    await asyncio.sleep(AUDIT_PAUSE_S)
            await asyncio.sleep(STEP_S)

    def step(self) -> None:
        """Outcomes that are due; once a day, some minutes after the close, the audit."""
        now = self._market_now()
        self._keep_shadow_apart()
        self._live.step(now)
        self._shadow.step(now)
        if self._close_has_passed(now):
            self._audited_day = _day(now)
            self.audit_wanted = True

    def audit_slices(self) -> Iterator[None]:
        """One audit over the universe as it is now; yields between slices of some ms."""
        self.audit_wanted = False
        coordinator = self._coordinator
        self._audit = Audit(
            self._store,
            coordinator.universe.con_ids(),
            coordinator.breakout.params,
            coordinator.breakout.floors_for,
            coordinator.signals().signals,
            self._market_now(),
        )
        yield from self._audit.slices(self._clock.mono)

    def section(self) -> Section:
        """The newest report; the same object while nothing changed."""
        audit, shadow = self._audit, self._coordinator.shadow
        key = (
            self._live.version,
            self._shadow.version,
            (shadow.name, shadow.since_market),
            None if audit is None else (audit.now_market, audit.done, audit.is_over),
            _day(self._market_now()),
        )
        if self._section is None or self._section[0] != key:
            self._section = (key, self._make())
        return self._section[1]

    # --- inside ---------------------------------------------------------------------------------------------

    def _make(self) -> ScoresSection:
        now = self._market_now()
        kept = self._live.scored(now - KEPT_S)
        return ScoresSection(
            today=board([each for each in kept if _day(each.signal.at) == _day(now)]),
            days=board(kept),
            sessions=len({_day(each.signal.at) for each in kept}),
            shadow=self._shadow_report(),
            audit=None if self._audit is None else _audit_report(self._audit),
        )

    def _shadow_report(self) -> ShadowReport | None:
        shadow = self._coordinator.shadow
        since = shadow.since_market
        if since is None:
            return None
        live, other = self._live.scored(since), self._shadow.scored(since)
        compared = compare([each.signal for each in live], [each.signal for each in other], since)
        after = {each.signal.id: each for each in live}
        after_other = {each.signal.id: each for each in other}
        return ShadowReport(
            name=shadow.name,
            since_market=since,
            live=figures(live),
            shadow=figures(other),
            both=compared.both,
            only_live=_found([after[signal.id] for signal in compared.only_live], SHADOW_ROWS),
            only_shadow=_found([after_other[signal.id] for signal in compared.only_shadow], SHADOW_ROWS),
        )

    def _keep_shadow_apart(self) -> None:
        """Another shadow starts from nothing."""
        shadow = self._coordinator.shadow
        key = (shadow.name, shadow.since_market)
        if key != self._shadow_key:
            self._shadow_key = key
            self._shadow.clear()

    def _close_has_passed(self, now: float) -> bool:
        """Some minutes after the close of today's regular session of US stocks, once."""
        hours = self._store.us_hours
        last = hours.liquid.last(now) if hours is not None else None
        if last is None or self._audited_day == _day(now) or not len(self._coordinator.universe):
            return False
        return (
            _day(last.close) == _day(now)
            and now >= last.close + AFTER_CLOSE_S
            and hours is not None
            and (hours.liquid.at(now) is None)
        )

    def _write_down(self, set_name: str, signal: Signal, horizon_min: int, outcome: Outcome) -> None:
        self._journal.record_outcome(
            SignalOutcome(set_name, signal.id, signal.at, horizon_min, outcome.best, outcome.worst, outcome.move)
        )


def _after(known: dict[int, Outcome] | None) -> tuple[Outcome | None, ...]:
    return NOTHING if known is None else tuple(known.get(minutes) for minutes in HORIZONS_MIN)


def _found(scored: Sequence[Scored], most: int) -> tuple[FoundSignal, ...]:
    """The newest first."""
    return tuple(_row(each) for each in sorted(scored, key=lambda each: -each.signal.at)[:most])


def _row(each: Scored, note: str = "") -> FoundSignal:
    signal, after = each
    thirty = after[THIRTY]
    return FoundSignal(
        signal.con_id,
        signal.local_symbol,
        signal.side,
        signal.at,
        signal.level,
        signal.score,
        None if thirty is None else round(thirty.move, 3),
        note,
    )


def _audit_report(audit: Audit) -> AuditReport:
    newest: list[Missed] = sorted(audit.missed, key=lambda missed: -missed.scored.signal.at)[:AUDIT_ROWS]
    return AuditReport(
        day=_day(audit.now_market),
        at_market=audit.now_market,
        symbols=audit.symbols,
        done=audit.done,
        without_bars=audit.without_bars,
        found=audit.found,
        seen=audit.seen,
        rejected=len(audit.rejected),
        missed=len(audit.missed),
        figures=figures([missed.scored for missed in audit.missed]),
        rows=tuple(_row(missed.scored, missed.source) for missed in newest),
        running=not audit.is_over,
    )


def _day(at_market: float) -> str:
    return datetime.fromtimestamp(at_market, NEW_YORK).strftime("%Y-%m-%d")
