"""Opening the journal's database: WAL and full synchronisation for SQLite, and today's tables in it.

What can't be written to as it is, is kept under another name, and what is readable of it goes into a new file: damage,
a file of a newer program, of another kind. An older one is brought to today's revision, after a backup.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, insert, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from engine.errors import QTradeError, StateError
from engine.journal import server
from engine.journal.replacing import back_up, finish_replacing, known_rows, put_in_place, write_copy
from engine.journal.standing import LAST_BEFORE, Standing, misfits, standing
from engine.journal.tables import REVISION, metadata, revision_note, schema_version
from engine.storage import rescues
from engine.storage.salvage import Unreadable, salvage
from engine.storage.sqlite_damage import is_corruption, is_damaged, make_usable, move_aside

log = logging.getLogger(__name__)

LOCK_WAIT_S = 1.0
DAMAGED = "The journal was damaged"
_SQL_ERROR = 1  # SQLite's primary code for a statement that doesn't fit the tables

_backed_up: set[Path] = set()  # and not brought up since: a try that fails is repeated, its backup is not


class OtherTables(Exception):
    """The tables are none that this program can write to, nor bring to that; in words."""


def url_of(target: str | Path) -> URL:
    """A path means an SQLite file; a text with "://" is a database URL."""
    if isinstance(target, str) and "://" in target:
        return make_url(target)
    return URL.create("sqlite", database=str(target))


def place_of(url: URL) -> str:
    """Where that is, as it may be shown."""
    if not server.is_server(url):
        return str(url.database)
    port = f":{url.port}" if url.port else ""
    return f"PostgreSQL at {url.host}{port}/{url.database}"


def file_of(url: URL) -> Path | None:
    """The SQLite file behind a URL; None = a server or memory."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(url.database)


def in_words(error: BaseException) -> str:
    """What a database says of an error, for the log: never a row's values, which are accounts and amounts.

    Servers name the whole row below their first line; a value that no column takes stands in Python's own words.
    """
    said = getattr(error, "orig", None) or error
    if not isinstance(error, DBAPIError) and not isinstance(
        said, SQLAlchemyError | sqlite3.Error | OSError | QTradeError
    ):
        return type(said).__name__
    return next(iter(str(said).splitlines()), "") or type(said).__name__


def open_for_writing(url: URL, at_wall: float) -> Engine:
    """Create what is missing, and bring what is there to today's tables. What is found wrong is told to `rescues`.

    Raises:
        StateError: a database server's tables are a newer program's, or none of ours.
        sqlalchemy.exc.SQLAlchemyError, sqlite3.Error, OSError: can't be opened now.
    """
    path = file_of(url)
    if path is not None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_usable(path)
        finish_replacing(path, at_wall)
        _mend(path, at_wall)
    for is_last in (False, False, True):  # what is salvaged may be of other tables, too
        try:
            engine = _opened(url, path, at_wall)
        except OtherTables as error:
            if path is None or is_last:
                raise StateError(f"journal {place_of(url)} {error}. Nothing is recorded; give another one") from error
            _set_aside(path, at_wall, str(error))
        except (DBAPIError, UnicodeDecodeError) as error:
            if path is None or is_last or not is_corruption(getattr(error, "orig", error)):
                raise
            _replace_damaged(path, at_wall)  # what the check of the file did not see
        else:
            break
    if path is not None and os.name == "posix":
        path.chmod(0o600)
    return engine


def open_for_reading(url: URL) -> Engine:
    """An engine whose connections can't write; SQLite's can't create the file, and don't hold it between two reads."""
    if server.is_server(url):
        return server.connect_to_read(url)
    path = file_of(url)
    if path is None:
        return _engine(url, pool_timeout=LOCK_WAIT_S)
    # A file: URI, because only that can say "do not create"; WAL needs write access to its side files even to read.
    uri = URL.create("sqlite", database=path.resolve().as_uri(), query={"mode": "rw", "uri": "true"})
    # A kept connection would go on reading a file that was moved aside, and on Windows it could not be moved.
    engine = _engine(uri, connect_args={"timeout": LOCK_WAIT_S}, poolclass=NullPool)
    event.listen(engine, "connect", _set_read_pragmas)
    return engine


def _engine(url: URL, **more: Any) -> Engine:
    """Whose errors hide what was to be written."""
    return create_engine(url, hide_parameters=True, **more)


def _opened(url: URL, path: Path | None, at_wall: float) -> Engine:
    if server.is_server(url):
        engine = server.connect_to_write(url)
    else:
        engine = _engine(url, connect_args={"timeout": LOCK_WAIT_S} if path else {})
    if path is not None:
        event.listen(engine, "connect", _set_write_pragmas)
    try:
        _prepare(engine, path, at_wall)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _prepare(engine: Engine, path: Path | None, at_wall: float) -> None:
    with engine.connect() as connection:
        found = standing(connection)
    if found.standing is Standing.CURRENT:
        return
    if found.standing is Standing.NEWER:
        raise OtherTables(f"is of {_named(found.revision)}, a newer QTrade wrote it; this one writes {REVISION}")
    if found.standing is Standing.LACKING and (found.revision or engine.dialect.name == "sqlite"):
        with engine.begin() as connection:
            _begin(connection)
            _make_tables(connection, at_wall)
        return
    if found.standing is Standing.OTHER:
        with engine.connect() as connection:
            raise OtherTables(f"is none of ours: {'; '.join(misfits(connection)) or 'it has other tables'}")
    _bring_up(engine, path)


def _bring_up(engine: Engine, path: Path | None) -> None:
    from engine.journal.migrations import ONE_AT_A_TIME, upgrade  # a tenth of a second that few starts need

    with ONE_AT_A_TIME:
        if path is not None and path not in _backed_up:
            backup = back_up(path, path.with_name(f"{path.name}.before-{REVISION}"))
            _backed_up.add(path)
            log.info("Journal %s is brought to revision %s; as it was it is kept as %s", path, REVISION, backup.name)
        try:
            with engine.begin() as connection:
                _begin(connection)
                now = standing(connection)
                # A server's tables are made by the scripts, which lay them into months; a file's all at once.
                is_empty = now.standing is Standing.LACKING and not now.revision
                if now.standing is Standing.OLDER or is_empty:  # else another program was faster
                    upgrade(connection, REVISION)
                if lacking := misfits(connection):
                    raise OtherTables(f"is none of ours: {'; '.join(lacking)}")
        except DBAPIError as error:
            code = getattr(error.orig, "sqlite_errorcode", None)
            if code is not None and code & 0xFF == _SQL_ERROR:
                raise OtherTables(f"is none of ours: {error.orig}") from error
            raise
        if path is not None:
            _backed_up.discard(path)


def _make_tables(connection: Connection, at_wall: float) -> None:
    """What Alembic's scripts come to, for a new file."""
    metadata.create_all(connection)
    revision_note.create(connection, checkfirst=True)
    if not standing(connection).revision:  # else another program was faster
        connection.execute(insert(schema_version).values(version=LAST_BEFORE, applied_at=at_wall))
        connection.execute(insert(revision_note).values(version_num=REVISION))


def _begin(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        # The driver begins a transaction before rows only: tables would be changed outside of it.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        server.be_alone(connection)


def _named(revision: str) -> str:
    return revision if " " in revision else f"revision {revision}"


def _set_write_pragmas(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")  # one fsync a commit: a power cut loses at most the last second
    connection.execute("PRAGMA journal_size_limit=16777216")


def _set_read_pragmas(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA query_only=ON")
    connection.text_factory = _text  # one row with other bytes must not keep all from being read


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _set_aside(path: Path, at_wall: float, why: str) -> None:
    """Keep the file under another name; what this program knows of it goes on in a new one."""

    def fill(copy: Path) -> int:
        _opened(url_of(copy), copy, at_wall).dispose()
        return known_rows(path, copy)

    taken = write_copy(path, fill)
    aside = put_in_place(path, at_wall, "other")
    rescues.tell(
        path,
        "The journal was another program's",
        f"Journal {path} {why}. It is kept as {aside.name}; {taken:,} rows of it were taken over into a new file.",
        "Nothing needs to be done; recording goes on. A newer QTrade takes up the new file; what only the old one "
        "held stays in the one that is kept.",
    )


def _mend(path: Path, at_wall: float) -> None:
    """Whatever stands in the file's place: afterwards there is a sound file, or none."""
    if path.is_dir():
        aside = move_aside(path, at_wall)
        rescues.tell(path, DAMAGED, f"Journal {path} was a folder: moved to {aside.name}, beginning with an empty one")
    elif path.exists() and not path.stat().st_size and not path.with_name(path.name + "-wal").exists():
        rescues.tell(
            path,
            DAMAGED,
            f"Journal {path} was empty (0 bytes): beginning anew; what it held is lost",
            "Put a backup in its place while QTrade is stopped, if there is one. Check the disk if it happens again.",
        )
    elif is_damaged(path):
        _replace_damaged(path, at_wall)


def _replace_damaged(path: Path, at_wall: float) -> None:
    said = _salvage(path)
    aside = put_in_place(path, at_wall)
    rescues.tell(path, DAMAGED, f"Journal {path} is damaged: moved to {aside.name}, {said}")


def _salvage(path: Path) -> str:
    """Copy what is readable; in words. There is no copy where nothing is."""
    try:
        saved = write_copy(path, lambda copy: salvage(path, copy))
    except (Unreadable, sqlite3.DatabaseError) as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        return f"nothing of it can be read ({error}); beginning with an empty one"
    hurt = f"; rows may be missing of: {', '.join(saved.hurt)}" if saved.hurt else "; no row is missing"
    return f"{saved.total:,} rows of it are kept{hurt}"
