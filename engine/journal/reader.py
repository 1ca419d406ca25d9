"""JournalReader: the history as pages and the API read it. Any thread; what can't be read is empty and said so."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    Table,
    Text,
    and_,
    func,
    inspect,
    null,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.exc import NoSuchTableError, SQLAlchemyError

from engine.domain import ALL_ACCOUNTS, Fill, Incident, LineSpan, Signal, revision_of, root_of
from engine.journal import faults
from engine.journal.database import file_of, in_words, open_for_reading, url_of
from engine.journal.rows import (
    NO_FACTS,
    BookPart,
    CashRow,
    ConnectionEvent,
    DayNote,
    FillFacts,
    FillRow,
    NavDay,
    OptionEvent,
    PnlRow,
    PositionSeen,
    PositionTold,
    SettingChange,
    SignalOutcome,
    TraderWords,
    TransferRow,
    TripLink,
    TripNote,
    TripStop,
)
from engine.journal.tables import (
    alert_deliveries,
    alert_occurrences,
    alert_rules,
    book_changes,
    cash_transactions,
    connection_events,
    day_notes,
    fills,
    incidents,
    line_spans,
    nav_days,
    option_events,
    pnl_points,
    positions_at,
    positions_seen,
    setting_changes,
    signal_outcomes,
    signals,
    statements,
    transfers,
    trip_links,
    trip_notes,
    trip_stops,
)
from engine.journal.thinning import thinned, with_gaps_marked
from engine.state.alert_sections import Delivery, Occurrence, Rule
from engine.storage import rescues

log = logging.getLogger(__name__)

AT_ONCE = 5_000  # executions: who reads all years of them does so in slices
T = TypeVar("T")
Booked = TypeVar("Booked", CashRow, TransferRow, PositionTold)

REST_S = 2.0  # a server that did not answer is not asked for so long


@dataclass(frozen=True)
class _Place:
    """Whose rows are read, and where. `account` None = all accounts of the mode. `path` None = on a server."""

    engine: Engine
    path: Path | None
    mode: str
    account: str | None
    target: str  # what it was opened by


def _place(target: str | Path, mode: str, account: str | None) -> _Place:
    url = url_of(target)
    return _Place(open_for_reading(url), file_of(url), mode, account, str(target))


class JournalReader:
    """Implements `JournalSource` on the files of one login, or on one database; nothing until `open`."""

    def __init__(self, mono: Callable[[], float] = time.monotonic) -> None:
        self._mono = mono
        self._rest_until = float("-inf")
        self._lock = threading.Lock()
        self._home: _Place | None = None
        self._others: dict[str, _Place] = {}
        self._problem = ""
        self._unread = 0
        self._said: set[str] = set()

    def open(self, target: str | Path, mode: str, account: str | None = None) -> None:
        """Read this file (or database URL) from now on. `account` None = all accounts of the mode in it."""
        fresh = _place(target, mode, account)
        with self._lock:
            before, self._home, self._others = self._places(), fresh, {}
        for place in before:
            place.engine.dispose()

    def also(self, target: str | Path, mode: str, account: str) -> None:
        """The money of this other account of the login is read here."""
        fresh = _place(target, mode, account)
        with self._lock:
            before = self._others.get(account)
            self._others[account] = fresh
        if before is not None:
            before.engine.dispose()

    def close(self) -> None:
        with self._lock:
            before, self._home, self._others = self._places(), None, {}
        for place in before:
            place.engine.dispose()

    def _places(self) -> list[_Place]:
        return [place for place in (self._home, *self._others.values()) if place is not None]

    def places(self) -> tuple[str, dict[str, str]]:
        """(mode, account -> its journal, a file or a database URL), home first; ("", {}) until an account is known."""
        with self._lock:
            home, others = self._home, dict(self._others)
        if home is None or home.account is None:
            return "", {}
        found = {home.account: home, **{name: place for name, place in others.items() if name != ALL_ACCOUNTS}}
        return home.mode, {name: place.target for name, place in found.items()}

    @property
    def problem(self) -> str:
        return self._problem

    @property
    def unread(self) -> int:
        return self._unread

    def now(self) -> JournalReader:
        return self

    def pnl(
        self,
        since: float,
        until: float | None = None,
        max_points: int | None = None,
        mark_gaps_s: float | None = None,
        account: str = "",
    ) -> list[PnlRow]:
        c = pnl_points.c
        query = select(c.t, c.market_time, c.unrealized, c.realized, c.daily, c.mode, c.account).where(c.t >= since)
        if until is not None:
            query = query.where(c.t < until)
        points = self._made(pnl_points, self._rows(pnl_points, query.order_by(c.t), account), _point_of)
        if mark_gaps_s is not None:
            points = with_gaps_marked(points, mark_gaps_s)
        return points if max_points is None else thinned(points, max_points)

    def signals(self, from_market: float, to_market: float) -> list[Signal]:
        c = signals.c
        query = select(type_coerce(c.body, Text)).where(c.market_time >= from_market, c.market_time < to_market)
        rows = self._rows(signals, query.order_by(c.market_time))
        return self._made(signals, rows, lambda row: msgspec.convert(_plain(row[0]), Signal))

    def outcomes(self, from_market: float, to_market: float, set_name: str = "") -> list[SignalOutcome]:
        """What became of the signals confirmed in that stretch of market time; of those in force by default."""
        c = signal_outcomes.c
        query = select(c.set_name, c.signal_id, c.market_time, c.horizon_min, c.best, c.worst, c.move)
        query = query.where(c.market_time >= from_market, c.market_time < to_market, c.set_name == set_name)
        rows = self._rows(signal_outcomes, query.order_by(c.market_time))
        return self._made(signal_outcomes, rows, lambda row: _checked(SignalOutcome(*tuple(row))))

    def changes(self, limit: int = 50) -> list[SettingChange]:
        c = setting_changes.c
        old, new = type_coerce(c.old, Text), type_coerce(c.new, Text)
        query = select(c.change_id, c.at_wall, c.market_time, c.who, c.key, old, new, c.reverted)
        rows = self._rows(setting_changes, query.order_by(c.change_id.desc()).limit(limit))
        return self._made(setting_changes, rows, _change_of)

    def incidents(self, limit: int) -> list[Incident]:
        """The newest outages, oldest first."""
        c = incidents.c
        query = select(
            c.key, c.cause, c.con_id, c.symbol, c.began_wall, c.market_time, c.red_wall,
            c.ended_wall, c.words, c.seen,
        )  # fmt: skip
        rows = self._rows(incidents, query.order_by(c.began_wall.desc(), c.row_id.desc()).limit(limit))
        return self._made(incidents, rows[::-1], _incident_of)

    def alert_rules(self) -> list[Rule]:
        """The newest version of each rule of alerts, those that were deleted included."""
        c = alert_rules.c
        query = select(type_coerce(c.body, Text)).order_by(c.rule_id, c.version)
        made = self._made(alert_rules, self._rows(alert_rules, query), lambda row: _body(row, Rule))
        return list({rule.id: rule for rule in made}.values())

    def alert_occurrences(self, limit: int) -> list[Occurrence]:
        """Those that are open, and the newest `limit`, in any order."""
        c, body = alert_occurrences.c, type_coerce(alert_occurrences.c.body, Text)
        still = self._rows(alert_occurrences, select(body).where(c.state.in_(("raised", "recovering"))))
        newest = self._rows(alert_occurrences, select(body).order_by(c.raised_wall.desc()).limit(limit))
        made = self._made(alert_occurrences, [*still, *newest], lambda row: _body(row, Occurrence))
        return list({each.id: each for each in made}.values())

    def alert_deliveries(self, limit: int) -> list[Delivery]:
        """Those that are still on their way, and the newest `limit`, oldest first."""
        c, body = alert_deliveries.c, type_coerce(alert_deliveries.c.body, Text)
        under_way = ("queued", "sending", "retry", "uncertain")
        waiting = self._rows(alert_deliveries, select(body).where(c.state.in_(under_way)))
        newest = self._rows(alert_deliveries, select(body).order_by(c.row_id.desc()).limit(limit))
        made = self._made(alert_deliveries, [*waiting, *newest], lambda row: _body(row, Delivery))
        return sorted({each.key: each for each in made}.values(), key=lambda each: each.made_wall)

    def last_sign(self, before: float) -> float | None:
        """Wall time of the newest row before that moment which tells that QTrade ran; None = there is none."""
        columns = ((pnl_points, pnl_points.c.t), (connection_events, connection_events.c.at_wall))
        newest = [
            rows[0][0]
            for table, column in columns
            if (rows := self._rows(table, select(column).where(column < before).order_by(column.desc()).limit(1)))
        ]
        return max((float(at) for at in newest if _is_number(at)), default=None)

    def connection_events(self, since: float, limit: int = 500) -> list[ConnectionEvent]:
        c = connection_events.c
        query = select(c.at_wall, c.market_time, c.kind, c.text, c.code).where(c.at_wall >= since)
        rows = self._rows(connection_events, query.order_by(c.at_wall.desc(), c.row_id.desc()).limit(limit))
        return self._made(connection_events, rows[::-1], lambda row: _checked(ConnectionEvent(*tuple(row))))

    def fills(
        self,
        since_market: float,
        until_market: float | None = None,
        *,
        account: str | None = None,
        corrected: bool = False,
        perm_ids: Collection[int] | None = None,
        source: str | None = None,
        limit: int = 1_000,
    ) -> list[FillRow]:
        """See `JournalSource`. A file that no program of today has opened for writing yet is read as it is."""

        def query(there: frozenset[str]) -> Select[Any]:
            c = fills.c
            found = select(*_fill_columns(there))
            found = found.where(c.market_time >= since_market)
            if until_market is not None:
                found = found.where(c.market_time < until_market)
            if account is not None:
                found = found.where(c.account == account)
            if perm_ids is not None and "perm_id" in there:
                found = found.where(c.perm_id.in_(sorted(perm_ids)))
            if source is not None and "source" in there:
                found = found.where(c.source == source)
            if not corrected and "superseded_by" in there:
                found = found.where(c.superseded_by.is_(None), c.sec_type != _HEADING, c.quantity != 0.0)
            if not corrected and "state" in there:
                found = found.where(c.state.is_(None))
            return found.order_by(c.market_time.desc(), c.exec_id.desc(), c.row_id.desc()).limit(limit)

        if account == ALL_ACCOUNTS:
            account = None
        found = [row for name in self._accounts(account) for row in self._rows(fills, query, name)]
        rows = sorted(self._made(fills, found, _fill_of), key=lambda row: (row.fill.time_market, row.fill.exec_id))[
            -limit:
        ]
        newest = {_root(row): row.fill.exec_id for row in sorted(rows, key=_rank)}
        rows = [
            row if (by := newest[_root(row)]) == row.fill.exec_id else replace(row, superseded_by=by) for row in rows
        ]
        return rows if corrected else [row for row in rows if row.superseded_by is None]

    def trader_words(self, account: str | None = None) -> TraderWords:
        def rows(table: Table, make: Callable[[Row[Any]], T], order: str) -> tuple[T, ...]:
            query = select(*(c for c in table.columns if c.name not in _OWN)).order_by(table.c[order], table.c.row_id)
            found = [row for name in self._accounts(account) for row in self._rows(table, query, name)]
            return tuple(self._made(table, found, make))

        return TraderWords(
            trips=rows(trip_notes, _trip_note_of, "changed_wall"),
            days=rows(day_notes, _day_note_of, "changed_wall"),
            stops=rows(trip_stops, lambda row: _checked(TripStop(**row._mapping)), "noted_wall"),
            links=rows(trip_links, _link_of, "changed_wall"),
        )

    def positions_seen(self, account: str | None = None) -> list[PositionSeen]:
        c = positions_seen.c
        query = select(c.account, c.con_id, c.local_symbol, c.sec_type, c.quantity, c.avg_cost, c.market_time)
        query = query.order_by(c.market_time, c.row_id)
        found = [row for name in self._accounts(account) for row in self._rows(positions_seen, query, name)]
        seen = self._made(positions_seen, found, lambda row: _checked(PositionSeen(*tuple(row))))
        return sorted(seen, key=lambda each: each.at_market)

    def cash(self, account: str | None = None) -> list[CashRow]:
        c = cash_transactions.c
        query = select(
            c.account, c.day, c.sort, c.kind, c.amount, c.currency, c.model, c.con_id, c.symbol, c.description,
            c.ex_date, c.action_id,
        )  # fmt: skip
        return self._booked(cash_transactions, query, CashRow, account)

    def transfers(self, account: str | None = None) -> list[TransferRow]:
        c = transfers.c
        query = select(
            c.account, c.day, c.kind, c.quantity, c.amount, c.cash, c.currency, c.model, c.con_id, c.symbol,
            c.description,
        )  # fmt: skip
        return self._booked(transfers, query, TransferRow, account)

    def option_events(self, account: str | None = None) -> list[OptionEvent]:
        c = option_events.c
        query = select(
            c.account, c.day, c.kind, c.quantity, c.model, c.con_id, c.symbol, c.underlying_symbol, c.expiry, c.strike,
            c.put_call, c.currency, c.price, c.proceeds, c.statement_realized.label("realized"), c.trade_id,
        ).where(c.withdrawn_by.is_(None))  # fmt: skip
        query = query.order_by(c.day, c.row_id)
        found = [row for name in self._accounts(account) for row in self._rows(option_events, query, name)]
        events = self._made(option_events, found, lambda row: _checked(OptionEvent(**_told(row))))
        return sorted(events, key=lambda each: each.day)

    def positions_told(self, account: str | None = None) -> list[PositionTold]:
        c = positions_at.c
        of = (c.mode, c.account, c.model, c.con_id)
        ends = (
            select(*of, func.min(c.day).label("first"), func.max(c.day).label("last"))
            .where(c.withdrawn_by.is_(None), c.con_id > 0)
            .group_by(*of)
            .subquery()
        )
        query = select(
            c.account, c.day, c.con_id, c.quantity, c.model, c.symbol, c.sec_type, c.currency, c.cost_price,
            c.mark_price, c.multiplier,
        )  # fmt: skip
        is_end = and_(*(column == ends.c[column.name] for column in of), c.day.in_((ends.c.first, ends.c.last)))
        query = query.join(ends, is_end)
        return self._booked(positions_at, query, PositionTold, account)

    def _booked(self, table: Table, query: Select[Any], kind: type[Booked], account: str | None) -> list[Booked]:
        """Rows of statements in force, oldest first, each with its rate into the base currency of its statement."""
        c, of = table.c, statements.c
        query = query.add_columns(c.fx_rate_to_base.label("fx_rate"), c.statement_id).where(c.withdrawn_by.is_(None))
        query = query.order_by(c.day, c.row_id)
        found: list[Booked] = []
        for name in self._accounts(account):
            rows = self._rows(table, query, name)
            told = self._rows(statements, select(of.statement_id, of.base_currency), name) if rows else ()
            bases = {row.statement_id: row.base_currency for row in told}
            found += self._made(table, rows, lambda row: _booked_of(row, kind, bases))  # noqa: B023 - at once
        return sorted(found, key=lambda row: row.day)

    def nav_days(self, account: str | None = None) -> list[NavDay]:
        c = nav_days.c
        query = select(c.account, c.day, c.total, c.currency, c.model).where(c.withdrawn_by.is_(None))
        found = [row for name in self._accounts(account) for row in self._rows(nav_days, query.order_by(c.day), name)]
        days = self._made(nav_days, found, _nav_of)
        return sorted(days, key=lambda each: each.day)

    def book_numbers(self) -> dict[tuple[str, BookPart], int]:
        c = book_changes.c
        query = select(c.account, c.part, c.number)
        found = [row for name in self._accounts(None) for row in self._rows(book_changes, query, name)]
        return {(row.account, row.part): row.number for row in found}

    def changed_fills(self, after: Mapping[str, int]) -> Iterator[list[FillRow]]:
        """See `JournalSource`. A file that no program of today has opened for writing yet is read once, as it is."""
        c = fills.c
        for name in self._accounts(None):
            last: int | None = 0
            while last is not None:

                def query(there: frozenset[str], last: int = last) -> Select[Any]:
                    is_new: list[ColumnElement[bool]] = [c.account.not_in(sorted(after))]
                    if "change_number" in there:
                        is_new += [and_(c.account == each, c.change_number > n) for each, n in after.items()]
                    found = select(c.row_id, *_fill_columns(there)).where(c.row_id > last, or_(*is_new))
                    return found.order_by(c.row_id).limit(AT_ONCE)

                rows = self._rows(fills, query, name)
                last = rows[-1].row_id if len(rows) == AT_ONCE else None
                if rows:
                    yield self._made(fills, rows, _fill_of)

    def positions_noted(self, after: Mapping[str, int]) -> tuple[list[PositionSeen], dict[str, int]]:
        c, found, newest = positions_seen.c, list[PositionSeen](), dict(after)
        for name in self._accounts(None):
            query = select(
                c.row_id, c.account, c.con_id, c.local_symbol, c.sec_type, c.quantity, c.avg_cost, c.market_time
            )
            query = query.where(c.row_id > after.get(name, 0)).order_by(c.row_id)
            rows = self._rows(positions_seen, query, name)
            if rows:
                newest[name] = rows[-1].row_id
            found += self._made(positions_seen, rows, lambda row: _checked(PositionSeen(*tuple(row)[1:])))
        return found, newest

    def _accounts(self, account: str | None) -> list[str]:
        """The names by which `_rows` finds one account's rows, or those of all that are read here."""
        if account is not None and account != ALL_ACCOUNTS:
            return [account]
        with self._lock:
            return ["", *(name for name in self._others if name != ALL_ACCOUNTS)]

    def line_spans(self, since_market: float, until_market: float | None = None, limit: int = 500) -> list[LineSpan]:
        c = line_spans.c
        query = select(c.con_id, c.local_symbol, c.line_class, c.from_market, c.to_market, c.why, c.end, c.by)
        query = query.where(c.to_market > since_market)
        if until_market is not None:
            query = query.where(c.from_market < until_market)
        rows = self._rows(line_spans, query.order_by(c.to_market.desc(), c.row_id.desc()).limit(limit))
        return self._made(line_spans, rows[::-1], lambda row: _checked(LineSpan(*tuple(row))))

    def first_line(self, from_market: float, to_market: float) -> float | None:
        """Market time at which the first line of that stretch was taken; None = none was."""
        c = line_spans.c
        query = select(c.from_market).where(c.from_market >= from_market, c.from_market < to_market)
        rows = self._rows(line_spans, query.order_by(c.from_market).limit(1))
        return rows[0][0] if rows and _is_number(rows[0][0]) else None

    def _rows(
        self,
        table: Table,
        query: Select[Any] | Callable[[frozenset[str]], Select[Any]],
        account: str = "",
    ) -> Sequence[Row[Any]]:
        """Of the account that was opened, or of another of the login; nothing of one that is not.

        `query` may be made of the columns that the table has in this file.
        """
        with self._lock:
            place, home = self._others.get(account), self._home
        if place is None and home is not None and (account == "" or home.account in (None, account)):
            place = home
        if place is None or (place.path is not None and not place.path.exists()):
            return []
        if place.path is None and self._mono() < self._rest_until:
            self._unread += 1
            return []  # the server did not answer a moment ago: a page asks a dozen times
        try:
            with place.engine.connect() as connection:
                if not isinstance(query, Select):
                    query = query(frozenset(column["name"] for column in inspect(connection).get_columns(table.name)))
                query = query.where(table.c.mode == place.mode)
                wanted = place.account or account
                if wanted:
                    query = query.where(table.c.account == wanted)
                else:
                    query = query.where(table.c.account != ALL_ACCOUNTS)
                rows, lost = _fetched(connection, query)
        except NoSuchTableError:
            return []
        except (SQLAlchemyError, sqlite3.Error) as error:
            if not faults.is_no_table(error):
                self._say(in_words(error))
                if place.path is None:
                    self._unread += 1
                    self._rest_until = self._mono() + REST_S
            return []
        self._problem = ""
        self._tell_lost(table, lost)
        return rows

    def _made(self, table: Table, rows: Iterable[Row[Any]], make: Callable[[Row[Any]], T]) -> list[T]:
        """A row whose bytes are damaged is left out and said."""
        made, lost = [], 0
        for row in rows:
            try:
                made.append(make(row))
            except (ValueError, TypeError, AttributeError, RecursionError):
                lost += 1
        self._tell_lost(table, lost)
        return made

    def _tell_lost(self, table: Table, rows: int) -> None:
        """Once: pages read again and again."""
        if not rows or table.name in self._said:
            return
        self._said.add(table.name)
        with self._lock:
            path = (self._home.path if self._home is not None else None) or Path()
        rescues.tell(path, "Rows of the journal are damaged", f"{rows} of {table.name} in {path} are left out.")

    def _say(self, problem: str) -> None:
        """Logged once."""
        if problem not in self._said:
            self._said.add(problem)
            log.error("Journal: can't be read: %s", problem)
        self._problem = problem


def _fetched(connection: Connection, query: Select[Any]) -> tuple[Sequence[Row[Any]], int]:
    """All rows, and how many were left out because a value can't even be read."""
    try:
        return connection.execute(query).all(), 0
    except (ValueError, TypeError):
        result = connection.execute(query)
    rows: list[Row[Any]] = []
    lost = 0
    while True:
        try:
            row = result.fetchone()
        except (ValueError, TypeError):
            lost += 1
            continue
        if row is None:
            return rows, lost
        rows.append(row)


def _is_number(value: object) -> bool:
    return type(value) is float or type(value) is int


def _point_of(row: Row[Any]) -> PnlRow:
    """There are tens of thousands of them: checked by hand."""
    point = PnlRow(*tuple(row))
    values = (point.unrealized, point.realized, point.daily)
    if not (_is_number(point.t) and _is_number(point.m) and all(v is None or _is_number(v) for v in values)):
        raise ValueError("no numbers")
    return point


def _incident_of(row: Row[Any]) -> Incident:
    incident = Incident(*tuple(row))
    return _checked(replace(incident, seen=bool(incident.seen)))


def _change_of(row: Row[Any]) -> SettingChange:
    change = SettingChange(*tuple(row))
    return _checked(replace(change, old=_plain(change.old), new=_plain(change.new), reverted=bool(change.reverted)))


def _body(row: Row[Any], kind: type[T]) -> T:
    return msgspec.convert(_plain(row[0]), kind)


def _plain(stored: Any) -> Any:
    """JSON as SQLite has it, or already taken apart by another driver."""
    return msgspec.json.decode(stored) if isinstance(stored, (str, bytes)) else stored


def _checked(value: T) -> T:
    """The same, if every field has its type. Raises ValueError."""
    msgspec.convert(msgspec.to_builtins(value, builtin_types=(bytes,)), type(value))
    return value


_OWN = frozenset({"row_id", "mode", "market_time", "recorded_at"})


def _trip_note_of(row: Row[Any]) -> TripNote:
    return _checked(TripNote(**{**row._mapping, "tags": tuple(_plain(row.tags))}))


def _day_note_of(row: Row[Any]) -> DayNote:
    return _checked(DayNote(**{**row._mapping, "tags": tuple(_plain(row.tags))}))


def _link_of(row: Row[Any]) -> TripLink:
    return _checked(TripLink(**{**row._mapping, "joined": bool(row.joined)}))


def _nav_of(row: Row[Any]) -> NavDay:
    return _checked(NavDay(row.account, row.day, row.total, row.currency or "", row.model or ""))


def _told(row: Row[Any]) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if value is not None}


def _booked_of(row: Row[Any], kind: type[Booked], bases: dict[str, str]) -> Booked:
    """A rate of 0 is none: IB writes it where it has not valued a transfer yet."""
    fields = kind.__struct_fields__
    told = {name: value for name, value in _told(row).items() if name in fields}
    texts = {name: "" for name in ("kind", "currency") if name in fields}
    if not told.get("fx_rate"):
        told.pop("fx_rate", None)
    return _checked(kind(**(texts | told), base_currency=bases.get(row.statement_id, "")))


_HEADING = "BAG"
_FILL_COLUMNS = tuple(
    column.name for column in fills.columns if column.name not in ("row_id", "recorded_at", "mode", "change_number")
)


def _fill_columns(there: frozenset[str]) -> list[Any]:
    return [fills.c[name] if name in there else null().label(name) for name in _FILL_COLUMNS]


_FACTS = tuple(name for name in FillFacts.__struct_fields__ if name not in ("kind", "state", "order_level", "codes"))


def _fill_of(row: Row[Any]) -> FillRow:
    """What an older file does not have is unknown."""
    fill = Fill(
        exec_id=row.exec_id,
        con_id=row.con_id,
        local_symbol=row.local_symbol,
        side=row.side,
        quantity=row.quantity,
        price=row.price,
        time_market=row.market_time,
        exchange=row.exchange,
        commission=row.commission,
        realized_pnl=row.realized_pnl,
        account=row.account,
        sec_type=row.sec_type or "",
        currency=row.currency or "",
        commission_currency=row.commission_currency or "",
        trade_date=row.trade_date or "",
        time_kind=row.time_kind or "exchange",
        model=row.model or "",
        multiplier=row.multiplier,
        price_magnifier=row.magnifier,
        perm_id=row.perm_id,
        order_id=row.order_id,
        client_id=row.client_id,
        order_ref=row.order_ref or "",
        liquidation=bool(row.liquidation),
        cum_quantity=row.cum_quantity,
        opening=row.opening,
        exchange_time=row.exchange_time or "",
        exchange_zone=row.exchange_zone or "",
        price_pending=bool(row.price_pending),
    )
    return FillRow(_checked(fill), row.superseded_by, row.source or "api", _facts_of(row))


def _facts_of(row: Row[Any]) -> FillFacts:
    there = row._mapping
    told = {name: value for name in _FACTS if (value := there[name]) is not None}
    codes = tuple(row.codes.split(";")) if row.codes else ()
    if not (told or codes or row.kind or row.state or row.order_level):
        return NO_FACTS
    return _checked(
        FillFacts(
            kind=row.kind or "trade",
            state=row.state or "in force",
            order_level=bool(row.order_level),
            codes=codes,
            **told,
        )
    )


def _root(row: FillRow) -> tuple[str, str, int, str]:
    fill = row.fill
    return (fill.account, fill.model, fill.con_id, root_of(fill.exec_id))


def _rank(row: FillRow) -> tuple[int, str]:
    return (revision_of(row.fill.exec_id), row.fill.exec_id)
