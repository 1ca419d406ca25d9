"""Opening the journal's database: WAL and full synchronisation for SQLite, damage moved aside, schema checked."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url

from engine.journal import migrations
from engine.storage.salvage import Unreadable, salvage
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


def open_for_writing(url: URL, at_wall: float, say: Callable[[str], None] = log.error) -> Engine:
    """Create what is missing; a damaged file is moved aside first, and what is readable of it copied into a new one.

    `say` hears what was found broken and what of it is kept.

    Raises:
        StateError: written by a newer program.
        sqlalchemy.exc.SQLAlchemyError, sqlite3.Error, OSError: can't be opened now.
    """
    path = file_of(url)
    if path is not None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _mend(path, at_wall, say)
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


def _mend(path: Path, at_wall: float, say: Callable[[str], None]) -> None:
    """Whatever stands in the file's place: afterwards there is a sound file, or none."""
    if path.is_dir():
        say(f"Journal {path} was a folder: moved to {_move_aside(path, at_wall).name}, beginning with an empty one")
    elif path.exists() and not path.stat().st_size and not path.with_name(path.name + _SIDE_FILES[0]).exists():
        say(f"Journal {path} was empty (0 bytes): beginning anew; what it held is lost")
    elif is_damaged(path):
        # First the copy, then the moves: whatever ends this half-way, the next try finds the damaged file again.
        copy = path.with_name(path.name + ".salvage")
        said = _salvage(path, copy)
        aside = _move_aside(path, at_wall)
        if copy.exists():
            copy.rename(path)
        say(f"Journal {path} is damaged: moved to {aside.name}, {said}")


def _salvage(path: Path, copy: Path) -> str:
    """Copy what is readable; in words. There is no copy where nothing is."""
    try:
        saved = salvage(path, copy)
    except Unreadable as error:
        return f"nothing of it can be read ({error}); beginning with an empty one"
    hurt = f"; rows may be missing of: {', '.join(saved.hurt)}" if saved.hurt else "; no row is missing"
    return f"{saved.total:,} rows of it are kept{hurt}"


def _move_aside(path: Path, at_wall: float) -> Path:
    target = name_aside(path, at_wall)
    path.rename(target)
    for suffix in _SIDE_FILES:
        side = path.with_name(path.name + suffix)
        if side.exists():
            side.rename(target.with_name(target.name + suffix))
    return target
