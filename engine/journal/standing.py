"""What a journal's tables are: today's, of an older program, of a newer one, or of another kind. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from sqlalchemy import Connection, Table, UniqueConstraint, inspect, select
from sqlalchemy.engine.interfaces import ReflectedColumn, ReflectedUniqueConstraint
from sqlalchemy.exc import SQLAlchemyError

from engine.journal.tables import REVISION, REVISIONS, metadata, revision_note, schema_version

LAST_BEFORE = 3  # of the numbers that came before Alembic's


class Standing(Enum):
    LACKING = "lacking"  # tables are missing, in a new file all of them; those that are there fit
    CURRENT = "current"
    OLDER = "older"
    NEWER = "newer"
    OTHER = "other"


class Found(NamedTuple):
    """`revision` as the file notes it; "" = by no program with Alembic."""

    standing: Standing
    revision: str = ""


def standing(connection: Connection) -> Found:
    """What is there. Damage raises sqlalchemy.exc.SQLAlchemyError."""
    tables = inspect(connection)
    names = set(tables.get_table_names())
    revision = _noted(connection, names)
    if revision and revision not in REVISIONS:
        return Found(Standing.NEWER, revision)
    number = _number(connection, names)
    if not revision and number > LAST_BEFORE:
        return Found(Standing.NEWER, f"version {number}")
    if revision == REVISION:
        return Found(_of_today(connection, names), revision)
    if revision:
        return Found(Standing.OLDER, revision)
    if not names & set(metadata.tables):
        # A server may have tables of others beside ours; a file that has only theirs is theirs.
        is_anothers = connection.dialect.name == "sqlite" and bool(names - {revision_note.name})
        return Found(Standing.OTHER if is_anothers else Standing.LACKING)
    return Found(Standing.OLDER)


def _of_today(connection: Connection, names: set[str]) -> Standing:
    if misfits(connection):
        return Standing.OTHER
    return Standing.CURRENT if set(metadata.tables) <= names else Standing.LACKING


def misfits(connection: Connection) -> list[str]:
    """Why this program can't write to the tables that are there, in words; [] = it can."""
    found = inspect(connection)
    names = [name for name in found.get_table_names() if name in metadata.tables]
    # All tables at once: a server takes some milliseconds for each question about one.
    columns, unique = (
        found.get_multi_columns(filter_names=names),
        found.get_multi_unique_constraints(filter_names=names),
    )
    return [
        words
        for table in metadata.tables.values()
        if table.name in names
        for words in _misfit(table, columns[None, table.name], unique.get((None, table.name), []))
    ]


def _misfit(
    table: Table, columns: Sequence[ReflectedColumn], constraints: Sequence[ReflectedUniqueConstraint]
) -> list[str]:
    there = {column["name"] for column in columns}
    lacking = [column.name for column in table.columns if column.name not in there]
    if lacking:
        return [f"{table.name} has no {', '.join(lacking)}"]
    wanted = {tuple(c.name for c in each.columns) for each in table.constraints if isinstance(each, UniqueConstraint)}
    unique = {tuple(each["column_names"]) for each in constraints}
    return [f"{table.name} is not unique over {', '.join(key)}" for key in sorted(wanted - unique)]


def _noted(connection: Connection, names: set[str]) -> str:
    if revision_note.name not in names:
        return ""
    try:
        found = connection.execute(select(revision_note.c.version_num)).scalars().first()
    except SQLAlchemyError:  # a table of that name with other columns
        return "unknown"
    return str(found or "")


def _number(connection: Connection, names: set[str]) -> int:
    if schema_version.name not in names:
        return 0
    try:
        numbers = connection.execute(select(schema_version.c.version)).scalars().all()
    except SQLAlchemyError:
        return 0
    return max((number for number in numbers if isinstance(number, int)), default=0)
