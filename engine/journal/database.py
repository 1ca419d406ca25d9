"""Opening the journal's database: WAL and full synchronisation for SQLite, damage moved aside, schema checked."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url

from engine.journal import migrations
from engine.storage.sqlite_damage import is_damaged, name_aside

log = logging.getLogger(__name__)

LOCK_WAIT_S = 1.0
_SIDE_FILES = ("-wal", "-shm")


def url_of(target: str | Path) -> URL:
    """A path means an SQLite file; a text with "://" is a database URL."""
    if isinstance(target, str) and "://" in target:
        return make_url(target)
    return URL.create("sqlite", database=str(target))


def file_of(url: URL) -> Path | None:
    """The SQLite file behind a URL; None = a server or memory."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(url.database)


def open_for_writing(url: URL, at_wall: float) -> Engine:
    """Create what is missing; a damaged file is moved aside first and a new one begun.

    Raises:
        StateError: written by a newer program.
        sqlalchemy.exc.SQLAlchemyError, sqlite3.Error, OSError: can't be opened now.
    """
    path = file_of(url)
    if path is not None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if is_damaged(path):
            _move_aside(path, at_wall)
    engine = create_engine(url, connect_args={"timeout": LOCK_WAIT_S} if path else {})
    if path is not None:
        event.listen(engine, "connect", _set_write_pragmas)
    try:
        _prepare(engine, at_wall)
    except BaseException:
        engine.dispose()
        raise
    if path is not None and os.name == "posix":
        path.chmod(0o600)
    return engine


def open_for_reading(url: URL) -> Engine:
    """An engine whose SQLite connections can't write or create the file."""
    path = file_of(url)
    if path is None:
        return create_engine(url, pool_timeout=LOCK_WAIT_S)
    # A file: URI, because only that can say "do not create"; WAL needs write access to its side files even to read.
    uri = URL.create("sqlite", database=path.resolve().as_uri(), query={"mode": "rw", "uri": "true"})
    engine = create_engine(uri, connect_args={"timeout": LOCK_WAIT_S}, pool_timeout=LOCK_WAIT_S)
    event.listen(engine, "connect", _set_read_pragmas)
    return engine


def _prepare(engine: Engine, at_wall: float) -> None:
    with engine.connect() as connection:
        if migrations.is_current(connection):
            return
    with engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            # The driver begins a transaction before rows only: tables would be changed outside of it.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        migrations.prepare(connection, at_wall)


def _set_write_pragmas(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")  # one fsync a commit: a power cut loses at most the last second
    connection.execute("PRAGMA journal_size_limit=16777216")


def _set_read_pragmas(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA query_only=ON")
    connection.text_factory = _text  # one row with other bytes must not keep all from being read


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _move_aside(path: Path, at_wall: float) -> None:
    target = name_aside(path, at_wall)
    path.rename(target)
    for suffix in _SIDE_FILES:
        side = path.with_name(path.name + suffix)
        if side.exists():
            side.rename(target.with_name(target.name + suffix))
    log.error("Journal %s is damaged: moved to %s, beginning with an empty one", path, target.name)
