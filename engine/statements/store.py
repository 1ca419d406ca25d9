"""The journal's side of an import: what is held, and what is written, in short transactions. SQL only."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache

import msgspec
from sqlalchemy import Connection, Engine, Insert, String, Table, Update, bindparam, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from engine.journal import faults, server, tables
from engine.journal.rows import BookPart
from engine.journal.statements import next_change, unique_columns
from engine.journal.tables import fills
from engine.statements.fields import Values
from engine.statements.heads import Statement
from engine.statements.merge_trades import STORED, TradePlan
from engine.statements.verdicts import Report

BATCH = 4_000  # a transaction must be short: the journal's own thread waits a second for its turn
_NAMES_AT_ONCE = 500
_CACHE_KB = 65_536  # rows of a year touch all of five indexes
_TRIES = 20
_PAUSE_S = 0.25
_DECIMALS = (
    "quantity", "price", "multiplier", "magnifier", "commission", "taxes", "fx_rate_to_base", "strike",
    "statement_realized",
)  # fmt: skip
_MORE = ("time_kind", "price_pending", "realized_pnl", "state", "remark", "superseded_by", "statement_id")
_ON_CONFLICT = (
    "commission", "commission_currency", "taxes", "currency", "fx_rate_to_base", "base_currency", "trade_date",
    "settle_date", "report_date", "kind", "codes", "statement_realized", "transaction_id", "trade_id", "ib_order_id",
    "statement_id", "change_number",
)  # fmt: skip
_TEXTS = frozenset(column.name for column in fills.columns if isinstance(column.type, String) and not column.nullable)
_LONGEST = {
    column.name: column.type.length or sys.maxsize for column in fills.columns if isinstance(column.type, String)
}


class Store:
    """One account's rows in its journal. Any thread, one at a time."""

    def __init__(self, engine: Engine, mode: str, account: str, at_wall: float) -> None:
        self._engine, self._mode, self._account, self._at = engine, mode, account, at_wall

    # --- held -----------------------------------------------------------------------------------------------------

    def fills(self, from_market: float, to_market: float, named: Iterable[str]) -> list[Values]:
        """Executions of that stretch of time, those of these transaction or trade ids, and every cancel."""
        c = fills.c
        names = sorted(set(named))
        found: dict[int, Values] = {}
        with self._engine.connect() as connection:
            base = select(*fills.columns).where(c.mode == self._mode, c.account == self._account)
            wanted = [base.where(or_(c.market_time.between(from_market, to_market), c.exec_id.like("flex:Ca%")))]
            wanted += [
                base.where(or_(c.transaction_id.in_(part), c.trade_id.in_(part), c.exec_id.in_(part)))
                for start in range(0, len(names), _NAMES_AT_ONCE)
                if (part := names[start : start + _NAMES_AT_ONCE])
            ]
            for query in wanted:
                result = connection.execute(query)
                columns = tuple(result.keys())
                for row in result:
                    values = dict(zip(columns, row, strict=True))
                    found[values["row_id"]] = _held(values)
        return list(found.values())

    def rows(self, table: Table, from_day: str, to_day: str) -> list[Values]:
        """Rows of a table of statements whose day lies in that stretch."""
        c = table.c
        query = select(*table.columns).where(c.mode == self._mode, c.account == self._account)
        with self._engine.connect() as connection:
            found = connection.execute(query.where(c.day.between(from_day, to_day))).mappings().all()
        return [dict(row) for row in found]

    def statements(self) -> dict[str, Values]:
        """Every statement read so far, by its id."""
        c = tables.statements.c
        query = select(*tables.statements.columns).where(c.mode == self._mode, c.account == self._account)
        with self._engine.connect() as connection:
            return {row["statement_id"]: dict(row) for row in connection.execute(query).mappings()}

    def newest_report(self, sha256: str) -> Report | None:
        """Of the same bytes, read to the end."""
        c = tables.import_reports.c
        query = select(c.body).where(c.mode == self._mode, c.sha256 == sha256, c.status == "read")
        with self._engine.connect() as connection:
            body = connection.execute(query.order_by(c.report_id.desc()).limit(1)).scalars().first()
        try:
            return None if body is None else msgspec.convert(body, Report)
        except msgspec.ValidationError:
            return None

    def aliases(self) -> dict[str, str]:
        c = tables.account_aliases.c
        with self._engine.connect() as connection:
            return {
                row.alias: row.means for row in connection.execute(select(c.alias, c.means).where(c.mode == self._mode))
            }

    # --- written --------------------------------------------------------------------------------------------------

    def write_trades(self, plan: TradePlan) -> None:
        own = {"mode": self._mode, "account": self._account, "recorded_at": self._at}
        empty = {**dict.fromkeys(_FILL_NAMES), **own}
        rows = [_filled(empty.copy(), values) for values in plan.inserts]
        self._update(fills, {row_id: _fill_columns(changes) for row_id, changes in plan.updates.items()})
        self._insert(fills, rows, _ON_CONFLICT)

    def write_rows(self, table: Table, inserts: Sequence[Values], updates: Mapping[int, Values]) -> None:
        columns = {column.name for column in table.columns}
        own = {"mode": self._mode, "account": self._account, "recorded_at": self._at, "market_time": self._at}
        empty = dict.fromkeys(columns - {"row_id"})
        rows = [{**empty, **_known(columns, values), **own} for values in inserts]
        self._update(table, {row_id: _known(columns, values) for row_id, values in updates.items()})
        self._insert(table, rows, ())

    def write_statement(self, statement: Statement, kind: str, query: str, file: str, sha256: str) -> None:
        own = {"mode": self._mode, "account": self._account, "recorded_at": self._at}
        row = {
            "market_time": statement.generated or self._at, "statement_id": statement.id, "kind": kind,
            "query_name": query[:200], "from_day": statement.from_day, "to_day": statement.to_day,
            "generated": statement.generated, "base_currency": statement.base_currency,
            "sections": list(statement.sections), "file": file[:255], "sha256": sha256, "read_wall": self._at,
        }  # fmt: skip
        self._insert(tables.statements, [{**row, **own}], ("read_wall",))

    def write_report(self, report: Report) -> None:
        row = {
            "mode": self._mode, "account": self._account, "recorded_at": self._at, "market_time": self._at,
            "report_id": report.id, "at_wall": report.at_wall, "file": report.file[:255], "sha256": report.sha256,
            "status": report.status, "body": msgspec.to_builtins(report),
        }  # fmt: skip
        self._insert(tables.import_reports, [row], ("status", "body"))

    def write_alias(self, alias: str, means: str) -> None:
        row = {
            "mode": self._mode, "account": self._account, "recorded_at": self._at, "market_time": self._at,
            "alias": alias[:64], "means": means, "changed_wall": self._at,
        }  # fmt: skip
        self._insert(tables.account_aliases, [row], ("means", "changed_wall"))

    def _insert(self, table: Table, rows: Sequence[Values], replaced: tuple[str, ...]) -> None:
        key = unique_columns(table)
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]

            def put(connection: Connection, number: int, batch: Sequence[Values] = batch) -> None:
                insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table)
                new = insert.excluded
                statement = (
                    insert.on_conflict_do_update(index_elements=key, set_={name: new[name] for name in replaced})
                    if replaced
                    else insert.on_conflict_do_nothing(index_elements=key)
                )
                _execute(connection, table, statement, _numbered(table, batch, number))

            self._patiently(table, put)

    def _update(self, table: Table, changes: Mapping[int, Values]) -> None:
        by_columns: dict[tuple[str, ...], list[Values]] = {}
        for row_id, values in changes.items():
            if values:
                by_columns.setdefault(tuple(sorted(values)), []).append({**values, "which_row": row_id})
        for names, group in by_columns.items():
            statement = update(table).where(table.c.row_id == bindparam("which_row"))
            set_ = (*names, "change_number") if table is fills else names
            statement = statement.values({name: bindparam(name) for name in set_})
            for start in range(0, len(group), BATCH):
                batch = group[start : start + BATCH]

                def change(
                    connection: Connection,
                    number: int,
                    batch: Sequence[Values] = batch,
                    statement: Update = statement,
                ) -> None:
                    _execute(connection, table, statement, _numbered(table, batch, number))

                self._patiently(table, change)

    def _patiently(self, table: Table, write: Callable[[Connection, int], object]) -> None:
        """In a transaction of its own, as one change of the book; the journal's thread may be writing."""
        for attempt in range(_TRIES):
            try:
                with self._engine.begin() as connection:
                    if connection.dialect.name == "sqlite":
                        connection.exec_driver_sql(f"PRAGMA cache_size=-{_CACHE_KB}")
                    part: BookPart = "fills" if table is fills else "statements"
                    write(connection, next_change(connection, self._mode, self._account, part))
                return
            except DBAPIError as error:
                if not faults.is_passing(error) or attempt == _TRIES - 1:
                    raise
                time.sleep(_PAUSE_S)


def _execute(connection: Connection, table: Table, statement: Insert | Update, rows: Sequence[Values]) -> None:
    """As `Connection.execute`. Of a year of executions SQLite gets plain tuples: they have nothing to be converted."""
    if connection.dialect.name == "postgresql":
        connection.execute(statement, [server.fitted(table, row) for row in rows] if statement.is_insert else rows)
        return
    if table is not fills:
        connection.execute(statement, rows)
        return
    told = list(rows[0])
    if statement.is_insert:  # a third of the columns is empty in all rows of a statement
        told = [name for name in told if any(row[name] is not None for row in rows)]
    compiled = statement.compile(dialect=connection.dialect, column_keys=told)
    names = tuple(getattr(compiled, "positiontup", None) or ())
    connection.exec_driver_sql(str(compiled), [tuple([row[name] for name in names]) for row in rows])


def _numbered(table: Table, batch: Sequence[Values], number: int) -> Sequence[Values]:
    if table is fills:
        for values in batch:
            values["change_number"] = number
    return batch


def _known(columns: set[str], values: Values) -> Values:
    return {name: (value or None) if name == "con_id" else value for name, value in values.items() if name in columns}


def _held(row: Values) -> Values:
    """A row of `fills` as the merge compares it: decimals, no empty texts that mean nothing."""
    for name in _DECIMALS:
        if row[name] is not None:
            row[name] = _exact(row[name])
    row["kind"] = row["kind"] or "trade"
    row["codes"] = tuple(row["codes"].split(";")) if row["codes"] else ()
    row["order_level"] = bool(row["order_level"])
    return row


@lru_cache(maxsize=65_536)
def _exact(number: float) -> Decimal:
    return Decimal(repr(float(number)))


def _fill_columns(values: Values) -> Values:
    """Values of the merge as `fills` stores them: "" is NULL where the column may be."""
    return _filled({name: None for name in values if name in _FILL_NAMES}, values)


def _filled(out: Values, values: Values) -> Values:
    """The same, put into a row that has all of these columns, empty."""
    for name, value in values.items():
        if value is None or name not in _FILL_NAMES:
            continue
        kind = type(value)
        if kind is str:
            if not value:
                value = "" if name in _TEXTS else None
            elif len(value) > _LONGEST[name]:
                value = value[: _LONGEST[name]]
        elif kind is Decimal:
            value = float(value)
        elif kind is tuple:
            value = ";".join(value)[: _LONGEST[name]] or None
        out[name] = value
    if out.get("kind") == "trade":
        out["kind"] = None
    if "con_id" in out:
        out["con_id"] = out["con_id"] or 0
    return out


_FILL_NAMES = frozenset({*STORED, *_MORE})
