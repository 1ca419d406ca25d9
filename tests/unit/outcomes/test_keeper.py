"""OutcomeKeeper: the report is made in slices and published whole; another account's never is."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import Any

import pytest

from engine.bars.store import BarStore
from engine.domain import Signal
from engine.errors import LabError, QTradeError
from engine.journal.rows import SettingChange, SignalOutcome
from engine.lab.messages import AuditAnswer
from engine.outcomes.keeper import OutcomeKeeper, decides
from engine.settings.change_book import ChangeBook
from tests.unit.outcomes.test_audit import ACME, BREAK, CLOSE, bars_answer, day
from tests.unit.outcomes.test_scoreboard import AT, signal
from tests.unit.scanners.scanner_samples import OPEN, Street


class Notes:
    """A journal that keeps what it is told."""

    def __init__(self) -> None:
        self.outcomes: list[SignalOutcome] = []
        self.told: list[Any] = []

    def record_signal(self, found: Any) -> None:
        self.told.append(found)

    def record_shadow(self, name: str, found: Any) -> None:
        self.told.append((name, found))

    def record_outcome(self, outcome: SignalOutcome) -> None:
        self.outcomes.append(outcome)


class Rows:
    """A journal for changes."""

    def __init__(self) -> None:
        self.rows: list[SettingChange] = []

    def next_change_id(self) -> int:
        return len(self.rows) + 1

    def record_change(self, change: SettingChange) -> None:
        self.rows.append(change)


def desk(at: float = AT) -> tuple[OutcomeKeeper, Street]:
    street = Street(at)
    store: BarStore = street.store

    async def ask_bars() -> AuditAnswer:
        return bars_answer(store)

    journal: Any = Notes()
    return OutcomeKeeper(street.coordinator, store, journal, street.clock, street.clock.wall, ask_bars), street


def reported(made: OutcomeKeeper) -> Any:
    for _ in made.report_slices():
        pass
    return made.section()


def audited(made: OutcomeKeeper) -> Any:
    asyncio.run(made._run_audit())
    return reported(made).audit


def test_the_report_is_made_once_for_each_change() -> None:
    made, _ = desk()
    assert made.section() is None
    made.on_signal(signal())
    first = reported(made)
    assert first.today[0].figures.signals == 1 and first.sessions == 1
    assert reported(made) is first
    made.on_signal(signal(AT + 60.0))
    slices = made.report_slices()
    next(slices)
    assert made.section() is first, "half a report is not shown"
    assert reported(made).today[0].figures.signals == 2


def test_a_report_under_way_when_the_account_changes_is_not_shown() -> None:
    made, _ = desk()
    made.on_signal(signal())
    slices = made.report_slices()
    next(slices)
    made.forget()
    for _ in slices:
        pass
    assert made.section().today == ()  # type: ignore[union-attr]
    assert reported(made).days == ()


def test_the_audit_knows_all_live_signals_of_the_day() -> None:
    made, street = desk(CLOSE)
    street.warm(ACME, day())
    street.keep(ACME)
    made._looked.note(OPEN)
    alone = audited(made)
    assert (alone.found, alone.missed) == (1, 1)
    (row,) = alone.rows
    made.on_signal(signal(row.at_market, con_id=1, side=row.side))
    for number in range(600):  # what the list of today's signals keeps is long full
        made.on_signal(signal(row.at_market + 600.0 + number, con_id=2))
    seen = audited(made)
    assert (seen.found, seen.seen, seen.missed) == (1, 1, 0)


class Lines:
    """A journal's reader: one signal, and lines taken at these moments."""

    def __init__(self, signals: list[Signal], lines: list[float]) -> None:
        self._signals, self._lines = signals, lines

    def signals(self, since: float, until: float) -> list[Signal]:
        return [each for each in self._signals if since <= each.at < until]

    def outcomes(self, since: float, until: float) -> list[SignalOutcome]:
        return []

    def first_line(self, since: float, until: float) -> float | None:
        return min((at for at in self._lines if since <= at < until), default=None)


def test_what_came_before_it_looked_is_not_missed_unless_an_earlier_run_looked() -> None:
    made, street = desk(BREAK + 3_600.0)
    street.warm(ACME, day())
    street.keep(ACME)
    never = audited(made)
    assert (never.found, never.before, never.missed, never.looked_market) == (1, 1, 0, None)
    street.second()
    made.step()
    assert audited(made).looked_market is None, "bars alone: nothing was heard yet"
    for _ in range(10):  # until the next cycle
        street.tick(ACME, 100.0)
        street.second()
    made.step()
    late = audited(made)
    assert (late.before, late.missed, late.looked_market) == (1, 0, street.now) and late.rows == ()
    reader: Any = Lines([signal(BREAK, con_id=2)], [OPEN - 86_400.0, BREAK - 600.0, BREAK])
    asyncio.run(made.restore_from(reader))
    again = audited(made)
    assert (again.before, again.missed, again.looked_market) == (0, 1, BREAK - 600.0)
    made.forget()
    assert audited(made).before == 1, "another account's journal tells of another run"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (LabError("The lab process had ended."), "The lab process had ended."),
        (ZeroDivisionError(), "The log says why."),
    ],
)
def test_an_audit_that_fails_is_over_says_so_and_can_be_asked_for_anew(error: Exception, said: str) -> None:
    made, street = desk(CLOSE)
    street.warm(ACME, day())
    street.keep(ACME)
    works = made._ask_bars

    async def fails() -> AuditAnswer:
        raise error

    made._ask_bars = fails
    with contextlib.suppress(ZeroDivisionError):
        audited(made)
    report = reported(made).audit
    assert (report.running, report.problem, report.found) == (False, said, 0)
    assert made.ask_audit() == "The audit has begun."
    made._ask_bars = works
    assert audited(made).found == 1 and not audited(made).problem


def test_while_the_lab_judges_the_rest_goes_on_and_no_second_audit_begins() -> None:
    made, street = desk(CLOSE)
    street.keep(ACME)

    async def work() -> None:
        answer: asyncio.Future[AuditAnswer] = asyncio.get_running_loop().create_future()
        made._ask_bars = lambda: answer
        task = asyncio.create_task(made._run_audit())
        while made.section() is None:
            await asyncio.sleep(0)
        assert made.section().audit.running  # type: ignore[union-attr]
        with pytest.raises(QTradeError, match="running already"):
            made.ask_audit()
        answer.set_result(bars_answer(street.store))
        await task

    asyncio.run(work())
    assert not reported(made).audit.running


def test_the_audit_knows_when_the_thresholds_were_changed() -> None:
    made, street = desk(CLOSE)
    book = ChangeBook(Rows(), street.clock, street.clock.wall)  # type: ignore[arg-type]
    made._changed = partial(book.newest, decides)
    assert audited(made).changed_market is None
    book.record_change("page", "set:Loose", {"breakout.bars_n": 20}, {"breakout.bars_n": 15})
    changed = street.now
    street.clock.advance(60.0)
    book.record_change("page", "lines.normal_max", 10, 12)
    book.record_change("page", "scan:Mine", {"market_scan.enabled": {"Mine": None}}, {})
    assert audited(made).changed_market == changed
    street.clock.advance(86_400.0)
    assert audited(made).changed_market is None, "that was yesterday"
