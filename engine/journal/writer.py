"""Journal: append-only history, written by a thread of its own in batches; no failure reaches the engine.

P&L points are on disk within a second. When the database can't be written, the rows wait in memory (bounded),
the failure is counted, and they are written as soon as it can. What belongs to no single account goes to the file that
was opened; the money of another account of the same login to that account's own.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from msgspec import Struct
from sqlalchemy import URL, Connection, Engine, Table
from sqlalchemy.exc import SQLAlchemyError

from engine.clock import Clock, steady
from engine.domain import Condition, Fill, Incident, LineSpan, Signal
from engine.journal import faults, server, statements, tables
from engine.journal.database import in_words, open_for_writing, place_of, url_of
from engine.journal.retention import DAYS, Retention
from engine.journal.rows import (
    NO_FACTS,
    ConnectionEvent,
    DayNote,
    FillFacts,
    PositionSeen,
    SettingChange,
    SignalOutcome,
    TripLink,
    TripNote,
    TripStop,
)
from engine.journal.statements import Row
from engine.state.alert_sections import Delivery, Occurrence, Rule
from engine.storage.problems import cure_of
from engine.storage.sqlite_damage import is_corruption
from engine.storage.steady_thread import SteadyThread

log = logging.getLogger(__name__)

COMMIT_PERIOD_S = 0.5
REOPEN_PERIOD_S = 5.0
ROWS_WAITING_MAX = 20_000
BATCH_MAX = 2_000
THIN_AGAIN_S = 60.0
_DAY_S = 86_400.0


_Database = tuple[str, str | None, str | None, int | None, str | None]
_Place = tuple[_Database, str, str]  # database, mode, account


def _database(url: URL) -> _Database:
    """What tells two databases apart. A URL's own hash is that of its text, which a path of other bytes has none of."""
    return url.drivername, url.username, url.host, url.port, url.database


def _about(rows: int) -> str:
    """In words that do not change with each row: what changes each second is news each second."""
    step = 10 ** (len(str(rows)) - 1)
    return "Some rows" if rows < 100 else f"More than {rows // step * step:,} rows"


class _Scope(Struct, frozen=True):
    """Where rows go and whose they are."""

    url: URL
    mode: str
    account: str


class _Entry(Struct, frozen=True):
    """A row, and those that must not be written without it, nor it without them."""

    table: Table
    row: Row
    more: tuple[tuple[Table, Row], ...] = ()

    def rows(self) -> tuple[tuple[Table, Row], ...]:
        return ((self.table, self.row), *self.more)


class _Queue:
    """What waits for one scope, oldest first: order counts within it, and another's failure must not hold it up."""

    def __init__(self, scope: _Scope | None) -> None:
        self.scope = scope  # None = recorded before the journal was opened
        self.entries: deque[_Entry] = deque()


class Journal:
    """The write side. All `record_*` methods return at once, from any thread; `open` may come later or again.

    A database that failed is tried again after `reopen_s`.
    """

    def __init__(self, clock: Clock, reopen_s: float = REOPEN_PERIOD_S) -> None:
        self.write_errors = 0
        self.dropped = 0
        self.last_write_wall: float | None = None
        self._clock = clock = steady(clock)
        self._queues: dict[_Place | None, _Queue] = {}  # none is taken out while an engine runs: it may hold it
        self._problems: dict[_Database, str] = {}
        self._scope: _Scope | None = None
        self._others: dict[str, _Scope] = {}
        self._store = _Store(clock, reopen_s)
        self._last_change_id = 0
        self._cures: dict[_Database, str] = {}
        self._idle = threading.Condition()
        self._thread = SteadyThread("journal", self._step, COMMIT_PERIOD_S, lambda: self._store.keep(()))
        self._thread.start()

    def open(self, target: str | Path, mode: str, account: str) -> None:
        """Record into this file (or database URL) from now on, as this mode and account; other accounts are left."""
        self._scope, self._others = _Scope(url_of(target), mode, account), {}
        self._thread.wake()

    def leave(self) -> None:
        """Nothing more goes to these files; what is recorded from now on waits for the next `open`.

        What waits for one by now is of a gateway that never said whose it is: none of it may come under another's name.
        Changes of settings are the program's own.
        """
        self._scope, self._others = None, {}
        kept = _Queue(None)  # another one: the thread may be writing what the former holds
        if (former := self._queues.get(None)) is not None:
            kept.entries.extend(each for each in list(former.entries) if each.table is tables.setting_changes)
            self._queues[None] = kept

    def also(self, target: str | Path, mode: str, account: str) -> None:
        """What is recorded of this other account of the login goes here."""
        self._others = {**self._others, account: _Scope(url_of(target), mode, account)}

    def next_change_id(self) -> int:
        """An id for a `SettingChange` that no earlier run has given: milliseconds, counted on. Engine thread."""
        self._last_change_id = max(self._last_change_id + 1, int(self._clock.wall() * 1000))
        return self._last_change_id

    def record_pnl(
        self,
        t: float,
        m: float,
        unrealized: float | None,
        realized: float | None,
        daily: float | None,
        account: str = "",
    ) -> None:
        """One point of an account's curve; `t` wall, `m` market. Three times None says "no data now"."""
        self._append(tables.pnl_points, statements.pnl_row(t, m, unrealized, realized, daily), account)

    def record_signal(self, signal: Signal) -> None:
        """A new signal, or the new state of one."""
        self._append(tables.signals, statements.signal_row(signal))

    def record_shadow(self, set_name: str, signal: Signal) -> None:
        """A signal of the shadow set: kept apart from those in force."""
        self._append(tables.shadow_signals, statements.shadow_row(set_name, signal))

    def record_outcome(self, outcome: SignalOutcome) -> None:
        """What became of a signal at one horizon; the first answer stays."""
        self._append(tables.signal_outcomes, statements.outcome_row(outcome))

    def record_change(self, change: SettingChange) -> None:
        """A changed setting; again with `reverted=True` once it is taken back."""
        self._append(tables.setting_changes, statements.change_row(change))

    def record_connection(self, event: ConnectionEvent) -> None:
        self._append(tables.connection_events, statements.connection_row(event))

    def record_fill(self, fill: Fill, facts: FillFacts = NO_FACTS) -> None:
        """An execution; again when its commission came. A corrected one stays, with the id of its correction.

        `facts`: the rates of its moment; those that were recorded first stay.
        """
        self._append(tables.fills, statements.fill_row(fill, facts), fill.account)

    def record_trip_note(self, note: TripNote, at_market: float) -> None:
        """Note and tags of a round trip, in place of those before."""
        self._append(tables.trip_notes, statements.trip_note_row(note, at_market), note.account)

    def record_day_note(self, note: DayNote, at_market: float) -> None:
        """Note and tags of a trade date, in place of those before."""
        self._append(tables.day_notes, statements.day_note_row(note, at_market), note.account)

    def record_stop(self, stop: TripStop, at_market: float) -> None:
        """A stop of a round trip; those of before stay."""
        self._append(tables.trip_stops, statements.trip_stop_row(stop, at_market), stop.account)

    def record_link(self, link: TripLink, at_market: float) -> None:
        """Two round trips taken for one campaign, or for two again."""
        self._append(tables.trip_links, statements.trip_link_row(link, at_market), link.account)

    def record_position(self, seen: PositionSeen) -> None:
        """A position that is another than the one noted last."""
        self._append(tables.positions_seen, statements.position_row(seen), seen.account)

    def record_notice(self, condition: Condition, at_market: float) -> None:
        """A condition; again whenever it changed."""
        self._append(tables.notices, statements.notice_row(condition, at_market))

    def record_incident(self, incident: Incident) -> None:
        """An outage that began; again when it is red and when it is over."""
        self._append(tables.incidents, statements.incident_row(incident))

    def record_line_span(self, span: LineSpan) -> None:
        """A market-data line that ended."""
        self._append(tables.line_spans, statements.span_row(span))

    def record_rule(self, rule: Rule, at_market: float) -> None:
        """A version of a rule of alerts; again when it remembers something else, or is deleted."""
        self._append(tables.alert_rules, statements.rule_row(rule, at_market))

    def record_occurrence(
        self, occurrence: Occurrence, deliveries: Iterable[Delivery] = (), rule: Rule | None = None
    ) -> None:
        """What a rule found, or how it stands now, with what is sent because of it, and the rule where it is another
        after that: in one transaction.
        """
        more = [(tables.alert_deliveries, statements.delivery_row(each)) for each in deliveries]
        if rule is not None:
            more.append((tables.alert_rules, statements.rule_row(rule, occurrence.raised_market)))
        self._append(tables.alert_occurrences, statements.occurrence_row(occurrence), more=more)

    def record_deliveries(self, deliveries: Iterable[Delivery]) -> None:
        """How they stand now; what was accepted has its receipt in the same transaction."""
        rows: list[tuple[Table, Row]] = []
        for each in deliveries:
            rows.append((tables.alert_deliveries, statements.delivery_row(each)))
            if each.state == "accepted":
                rows.append((tables.alert_receipts, statements.receipt_row(each)))
        if rows:
            self._append(*rows[0], more=rows[1:])

    @property
    def problem(self) -> str:
        """Why a file can't be written; "" = all can."""
        return next(iter(list(self._problems.values())), "") or self._thread.problem

    @property
    def cure(self) -> str:
        """What helps against `problem`; "" while there is none."""
        return next(iter(list(self._cures.values())), "") or (cure_of(RuntimeError()) if self._thread.problem else "")

    @property
    def waiting_words(self) -> str:
        """What a failure costs, for Health: "More than 2,000 rows wait in memory; there is room for 20,000 ..."."""
        said = f"{_about(self.waiting)} wait in memory; there is room for {ROWS_WAITING_MAX:,} of an account"
        return f"{said}. {_about(self.dropped)} found none and are lost" if self.dropped else said

    @property
    def waiting(self) -> int:
        """Rows not yet on disk."""
        return sum(len(queue.entries) for queue in list(self._queues.values()))

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait until every row recorded so far is on disk; False = not within `timeout` seconds."""
        self._thread.wake()
        with self._idle:
            return self._idle.wait_for(lambda: not self.waiting, timeout)

    def stop(self, timeout: float = 2.0) -> None:
        """Write what waits, close, end the thread; waits at most `timeout` seconds."""
        self._thread.stop(timeout)

    def _append(self, table: Table, row: Row, account: str = "", more: Iterable[tuple[Table, Row]] = ()) -> None:
        scope = self._others.get(account, self._scope)
        place = None if scope is None else (_database(scope.url), scope.mode, scope.account)
        queue = self._queues.get(place) or self._queues.setdefault(place, _Queue(scope))
        if len(queue.entries) >= ROWS_WAITING_MAX:
            self.dropped += 1
            return
        entry = _Entry(table, row, tuple(more))
        for _, each in entry.rows():
            each["recorded_at"] = self._clock.wall()
        queue.entries.append(entry)

    def _step(self) -> None:
        self._write_all()
        scopes = [scope for scope in (self._scope, *self._others.values()) if scope is not None]
        self._store.keep([scope.url for scope in scopes])
        if not self.waiting:
            for scope in scopes:
                self._store.thin(scope)

    def _write_all(self) -> None:
        """Everything that can be written now."""
        for queue in list(self._queues.values()):
            while self._write_batch(queue):
                pass

    def _write_batch(self, queue: _Queue) -> bool:
        """Write the oldest rows; they leave the queue only after the commit. False = nothing could be written."""
        scope = queue.scope or self._scope
        batch = [queue.entries[i] for i in range(min(len(queue.entries), BATCH_MAX))]
        if scope is None or not batch or not self._store.may_try(scope.url):
            return False
        try:
            self.dropped += self._store.write(scope, batch)
        except Exception as error:  # a bug, too: the rows wait, another database must not wait for this one
            self._failed(scope, error)
            return False
        for _ in batch:
            queue.entries.popleft()
        self.last_write_wall = self._clock.wall()
        self._cures.pop(_database(scope.url), None)
        if self._problems.pop(_database(scope.url), None) is not None:
            log.warning("Journal: writing to %s works again", place_of(scope.url))
        with self._idle:
            self._idle.notify_all()
        return True

    def _failed(self, scope: _Scope, error: Exception) -> None:
        self.write_errors += 1
        key, text = _database(scope.url), in_words(error)
        self._cures[key] = faults.cure_of(error)
        if text != self._problems.get(key):
            log.error("Journal: %s can't be written: %s. The rows wait in memory.", place_of(scope.url), text)
            self._problems[key] = text
        self._store.abandon(scope.url, check_file=is_corruption(getattr(error, "orig", error)))


class _Store:
    """The open databases. Journal thread only."""

    def __init__(self, clock: Clock, reopen_s: float) -> None:
        self._clock = clock
        self._reopen_s = reopen_s
        self._engines: dict[_Database, Engine] = {}
        self._next_open_mono: dict[_Database, float] = {}
        self._retentions: dict[_Place, Retention] = {}
        self._next_thin_mono: dict[_Database, float] = {}
        self._months: dict[_Database, server.Months] = {}

    def write(self, scope: _Scope, batch: list[_Entry]) -> int:
        """Commit the batch; returns the number of rows that the database will never take and that were left out."""
        engine = self._opened(scope.url)
        if months := self._months.get(_database(scope.url)):
            months.prepare(engine, (pair for entry in batch for pair in entry.rows()))
        try:
            with engine.begin() as connection:
                _insert_all(connection, scope, batch)
            return 0
        except Exception as error:
            if not faults.is_rows_own(error):
                raise
            return _write_singly(engine, scope, batch)

    def may_try(self, url: URL) -> bool:
        """False = it could not be opened a moment ago."""
        key = _database(url)
        return key in self._engines or self._clock.mono() >= self._next_open_mono.get(key, float("-inf"))

    def _opened(self, url: URL) -> Engine:
        key = _database(url)
        engine = self._engines.get(key)
        if engine is None:
            self._next_open_mono[key] = self._clock.mono() + self._reopen_s
            engine = self._engines[key] = open_for_writing(url, self._clock.wall())
            if server.is_server(url):
                self._months[key] = server.Months()
        return engine

    def thin(self, scope: _Scope) -> None:
        """A little of what is old in an open database; what fails is tried again in a minute."""
        key = _database(scope.url)
        engine, place = self._engines.get(key), (key, scope.mode, scope.account)
        if engine is None or self._clock.mono() < self._next_thin_mono.get(key, float("-inf")):
            return
        keeper = self._retentions.setdefault(place, Retention(scope.mode, scope.account))
        try:
            has_rested = keeper.step(engine, self._clock.mono())
            if has_rested and (months := self._months.get(key)):
                months.drop_empty(engine, self._clock.wall() - DAYS * _DAY_S)
        except (SQLAlchemyError, sqlite3.Error, ValueError, TypeError) as error:
            self._next_thin_mono[key] = self._clock.mono() + THIN_AGAIN_S
            log.warning("Journal: old points of %s were not thinned: %s", place_of(scope.url), in_words(error))

    def abandon(self, url: URL, check_file: bool) -> None:
        """Drop the connections; `check_file` = open again at once, which moves a damaged file aside."""
        self._abandon(_database(url), check_file)

    def _abandon(self, key: _Database, check_file: bool) -> None:
        if (engine := self._engines.pop(key, None)) is not None:
            engine.dispose()
        if check_file:
            self._next_open_mono.pop(key, None)

    def keep(self, urls: Iterable[URL]) -> None:
        """Close all others."""
        kept = {_database(url) for url in urls}
        for key in [key for key in self._engines if key not in kept]:
            self._abandon(key, check_file=True)


def _insert_all(connection: Connection, scope: _Scope, batch: Iterable[_Entry]) -> None:
    """In their order; those of one table that follow each other at once."""
    flat = (pair for entry in batch for pair in entry.rows())
    for table, pairs in groupby(flat, key=lambda pair: pair[0]):
        _insert(connection, scope, table, [row for _, row in pairs])


def _insert(connection: Connection, scope: _Scope, table: Table, given: list[Row]) -> None:
    """A row that names its account keeps it; the others are the scope's."""
    rows = [{**row, "mode": scope.mode, "account": row.get("account") or scope.account} for row in given]
    numbers = {}
    if part := statements.BOOK.get(table):
        accounts = sorted({row["account"] for row in rows})
        numbers = {account: statements.next_change(connection, scope.mode, account, part) for account in accounts}
    if table is tables.fills:
        for row in rows:
            row["change_number"] = numbers[row["account"]]
    if connection.dialect.name == "postgresql":
        rows = [server.fitted(table, row) for row in rows]
    connection.execute(statements.upsert(table, connection.dialect.name), rows)
    if table is tables.fills:
        for account, number in numbers.items():
            roots = {row["root"] for row in rows if row["account"] == account}
            connection.execute(statements.mark_superseded(scope.mode, account, roots, number))


def _write_singly(engine: Engine, scope: _Scope, batch: list[_Entry]) -> int:
    """One row of the batch is impossible (a bug): write the others, name it in the log."""
    lost = 0
    for entry in batch:
        try:
            with engine.begin() as connection:
                _insert_all(connection, scope, [entry])
        except Exception as error:
            if not faults.is_rows_own(error):
                raise
            lost += 1
            log.error("Journal: a row of %s was not taken: %s", entry.table.name, in_words(error))
    return lost
