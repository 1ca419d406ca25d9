"""OutcomeKeeper: what became of the signals, the shadow set beside the live one, the audit after the close.

Engine thread only; assembled from pure parts of the scanners' room. Everything it works out is journalled.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Generator, Iterable, Iterator
from datetime import timedelta
from itertools import pairwise

from engine.bars.store import BarStore
from engine.bars.trading_day import TradingDays
from engine.clock import Clock
from engine.domain import Signal
from engine.errors import LabError, QTradeError
from engine.journal.reader import JournalReader
from engine.journal.rows import SignalOutcome
from engine.journal.writer import Journal
from engine.lab.messages import AuditAnswer
from engine.outcomes.audit import Audit
from engine.outcomes.book import NOTHING, OutcomeBook, Scored
from engine.outcomes.look_times import LookTimes
from engine.outcomes.outcome import HORIZONS_MIN, Outcome
from engine.outcomes.report import audit_report, shadow_report
from engine.outcomes.scoreboard import Scoreboard, day_name
from engine.scanners.coordinator import ScannerCoordinator
from engine.state.score_sections import ScoreRank, ScoresSection

log = logging.getLogger("qtrade.scores")

DAY_S = 86_400.0
WEEK_S = 7 * DAY_S
KEPT_S = 30 * DAY_S  # about 20 sessions
AFTER_CLOSE_S = 600.0
STEP_S = 2.0
AUDIT_PAUSE_S = 0.008  # after each slice of 2 ms: a quarter of the loop at most
NO_RANK = ScoreRank(0, None)
EMPTY = ScoresSection(today=(), days=(), sessions=0, rank_today=NO_RANK, rank_days=NO_RANK, shadow=None, audit=None)


class OutcomeKeeper:
    """`run` is a task of the engine; the rest are its parts.

    `ask_bars` = the lab's answer to what today's bars show, raises LabError.
    `changed` = market time of the newest change of what decides about signals; None = none is known.
    """

    def __init__(
        self,
        coordinator: ScannerCoordinator,
        store: BarStore,
        journal: Journal,
        clock: Clock,
        market_now: Callable[[], float],
        ask_bars: Callable[[], Awaitable[AuditAnswer]],
        changed: Callable[[], float | None] = lambda: None,
    ) -> None:
        self._coordinator = coordinator
        self._journal = journal
        self._clock = clock
        self._market_now = market_now
        self._ask_bars = ask_bars
        self._changed = changed
        self._store = store
        self._live = OutcomeBook(store, lambda *outcome: self._write_down("", *outcome))
        self._shadow = OutcomeBook(store, lambda *outcome: self._write_down(coordinator.shadow.name, *outcome))
        self._shadow_key: tuple[str, float | None] = ("", None)
        self._audit: Audit | None = None
        self._audited_day = ""
        self._looked = LookTimes()
        self._board = Scoreboard()
        self._section: ScoresSection | None = None
        self._shown: object = None  # what the section was made of
        self._accounts = 0
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

    def follows(self, con_id: int) -> bool:
        """Whether its bars have yet to tell what became of a signal, live or of the shadow."""
        return self._live.follows(con_id) or self._shadow.follows(con_id)

    def scored(self) -> list[Scored]:
        """The live signals of the last weeks with what became of them, oldest first."""
        return self._live.scored(self._market_now() - KEPT_S)

    async def restore_from(self, reader: JournalReader) -> None:
        """What the journal in use holds of the last weeks."""
        now = self._market_now()
        signals = await asyncio.to_thread(reader.signals, now - KEPT_S, now + DAY_S)
        outcomes = await asyncio.to_thread(reader.outcomes, now - KEPT_S, now + DAY_S)
        self.restore(signals, outcomes)
        for at in await asyncio.to_thread(_first_lines, reader, now):
            self._looked.note(at)

    def restore(self, signals: Iterable[Signal], outcomes: Iterable[SignalOutcome]) -> None:
        """The journal's signals of the last weeks with what is known of them."""
        known: dict[str, dict[int, Outcome]] = {}
        for row in outcomes:
            known.setdefault(row.signal_id, {})[row.horizon_min] = Outcome(row.best, row.worst, row.move)
        scored = [Scored(signal, _after(known.get(signal.id))) for signal in signals]
        for each in scored:
            self._looked.note(each.signal.at)  # it looked then, whichever run that was
        self._live.restore(scored, self._market_now())

    def forget(self) -> None:
        """Another account: its own journal holds its own signals."""
        self._live.clear()
        self._looked.clear()
        self._audit = None
        self._accounts += 1  # a report that is being made is of the former one
        self._section, self._shown = EMPTY, None

    def ask_audit(self) -> str:
        """The user wants the audit now. Raises QTradeError while one runs."""
        if self._audit is not None and not self._audit.is_over:
            raise QTradeError("The audit is running already.")
        self.audit_wanted = True
        return "The audit has begun."

    # --- periodic work --------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Step for ever, report, and audit when it is due. Cancel it to stop."""
        while True:
            self.step()
            await self._report()
            if self.audit_wanted:
                await self._run_audit()
            await asyncio.sleep(STEP_S)

    async def _report(self) -> None:
        for _ in self.report_slices():
            await asyncio.sleep(0)

    async def _run_audit(self) -> None:
        """One audit over the universe as it is now; over in any case when this ends."""
        audit = self._audit = self._begin_audit()
        asked = asyncio.ensure_future(self._ask_bars())
        try:
            while not asked.done():
                await self._report()
                await asyncio.wait({asked}, timeout=STEP_S)
                self.step()
            answer = asked.result()
            audit.day_market = answer.day_start or audit.now_market
            audit.looked_since = self._looked.since(audit.day_market)
            for _ in audit.slices(frozenset(answer.con_ids), signals_of(answer), self._clock.mono):
                await asyncio.sleep(AUDIT_PAUSE_S)
        except LabError as error:
            log.warning("The audit failed: %s", error)
            audit.fail(str(error))
        finally:
            asked.cancel()
            if not audit.is_over:
                audit.fail("The log says why.")

    def _begin_audit(self) -> Audit:
        self.audit_wanted = False
        now, changed = self._market_now(), self._changed()
        live = [each.signal for each in self._live.scored(now - WEEK_S)]  # the newest bars may be Friday's
        audit = Audit(self._store, self._coordinator.universe.con_ids(), live, now)
        if changed is not None and day_name(changed) == day_name(now):
            audit.changed_market = changed
        return audit

    def step(self) -> None:
        """Outcomes that are due; once a day, some minutes after the close, the audit."""
        now = self._market_now()
        if self._coordinator.looks:
            self._looked.note(now)
        self._keep_shadow_apart()
        self._live.step(now)
        self._shadow.step(now)
        if self._close_has_passed(now):
            self._audited_day = day_name(now)
            self.audit_wanted = True

    def section(self) -> ScoresSection | None:
        """The newest report; the same object while nothing changed; None = the first is not made yet."""
        return self._section

    def report_slices(self) -> Iterator[None]:
        """Make the report anew if something changed; yields between slices of a millisecond or two."""
        audit, shadow, now = self._audit, self._coordinator.shadow, self._market_now()
        key = (
            self._live.version,
            self._shadow.version,
            (shadow.name, shadow.since_market),
            None if audit is None else (audit.now_market, audit.is_over),
            day_name(now),
        )
        if key == self._shown:
            return
        accounts = self._accounts
        made = yield from self._make(now)
        if accounts == self._accounts:
            self._section, self._shown = made, key

    # --- inside ---------------------------------------------------------------------------------------------

    def _make(self, now: float) -> Generator[None, None, ScoresSection]:
        shadow, audit = self._coordinator.shadow, self._audit
        name, since = shadow.name, shadow.since_market
        other = None
        if since is not None:
            other = yield from shadow_report(name, since, self._live.scored(since), self._shadow.scored(since))
        boards = yield from self._board.slices(self._live.scored(now - KEPT_S), day_name(now))
        return ScoresSection(
            today=boards.today,
            days=boards.days,
            sessions=boards.sessions,
            rank_today=boards.rank_today,
            rank_days=boards.rank_days,
            shadow=other,
            audit=None if audit is None else (yield from audit_report(audit)),
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
        if last is None or self._audited_day == day_name(now) or not len(self._coordinator.universe):
            return False
        return (
            day_name(last.close) == day_name(now)
            and now >= last.close + AFTER_CLOSE_S
            and hours is not None
            and (hours.liquid.at(now) is None)
        )

    def _write_down(self, set_name: str, signal: Signal, horizon_min: int, outcome: Outcome) -> None:
        self._journal.record_outcome(
            SignalOutcome(set_name, signal.id, signal.at, horizon_min, outcome.best, outcome.worst, outcome.move)
        )


def signals_of(answer: AuditAnswer) -> Iterator[Signal]:
    """The lab's signals as signals of their symbols, ended."""
    for found in answer.signals:
        con_id = answer.con_ids[found.tape]
        yield Signal(
            id=f"{con_id}-{found.side}-{int(found.at)}",
            con_id=con_id,
            local_symbol=answer.symbols[found.tape],
            side=found.side,
            at=found.at,
            triggered_at=found.triggered_at,
            level=found.level,
            level_kind=found.level_kind,
            last=found.last,
            atr=found.atr,
            score=found.score,
            parts=(),
            lane="none",
            state="ended",
            rel_volume=found.rel_volume,
            surge=found.surge,
        )


def _first_lines(reader: JournalReader, now_market: float) -> list[float]:
    """When the first line of each day of the last week was taken: an earlier run looked, too. Blocks."""
    days = TradingDays()
    first = days.of(now_market) - timedelta(days=7)  # the newest bars may be Friday's
    begins = [days.begins(first + timedelta(days=number)) for number in range(9)]
    found = [reader.first_line(since, until) for since, until in pairwise(begins)]
    return [at for at in found if at is not None]


def decides(key: str) -> bool:
    """Whether this setting has a say in what becomes a signal."""
    return key.startswith("breakout.") or key == "market_scan.avg_usd_volume_above"


def _after(known: dict[int, Outcome] | None) -> tuple[Outcome | None, ...]:
    return NOTHING if known is None else tuple(known.get(minutes) for minutes in HORIZONS_MIN)
