"""A folder as a store of states: one diskcache in it for each engine, a lock file beside each.

A dashboard's process on the same machine reads these folders, and leaves commands in them: `hear` finds by one small
value (the bell) whether there is any.
"""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
from diskcache import Cache, Timeout

from engine.errors import ConfigError, NameTaken, StateError
from engine.state.disk import DATABASE, open_cache, open_existing
from engine.state.envelope import SEQS_KEY, Envelope, unwrap_seqs
from engine.state.roll import Roll
from engine.state.store import SHOWN_S, Heard, Sent
from engine.storage.lockfile import FileLock

HEAR_S = 0.25
MOST_AT_ONCE = 100
_QUEUE = "command"
_BELL, _LOOK = "bell", "look"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")  # engines' own; what was moved aside has a dot


class _Left(msgspec.Struct, frozen=True):
    """A command as it lies there; `at_wall` of this machine, which all who open the folder share."""

    at_wall: float
    command: msgspec.Raw


_left = msgspec.json.Decoder(_Left)


class DiskStore:
    """Implements `StateStore` on a folder of this machine."""

    def __init__(self, folder: Path, wall: Callable[[], float] = time.time) -> None:
        self.folder: Path | None = folder
        self._root = folder
        self._wall = wall

    @property
    def place(self) -> str:
        return str(self._root)

    def engines(self) -> tuple[str, ...]:
        try:
            names = [each.name for each in self._root.iterdir() if _NAME.fullmatch(each.name)]
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise StateError(f"{self._root}: the state can't be read ({error.strerror or error})") from error
        since = self._wall() - SHOWN_S
        return tuple(sorted(name for name in names if _written_wall(self._root / name) >= since))

    def outlet(self, engine: str) -> DiskOutlet:
        return DiskOutlet(self._root / engine, self._wall)

    def view(self, engine: str) -> DiskView:
        return DiskView(self._root / engine, self._wall)

    def roll(self, group: str) -> Roll:
        raise ConfigError(
            f"engine.share is {group!r}, and the state lies in a folder; engines share their symbols by way of a Redis "
            "or Valkey server. Set state.url to one (docs/scale.md), or leave engine.share out."
        )


def _written_wall(folder: Path) -> float:
    """When something was written there last; 0 = it is no state."""
    newest = 0.0
    for name in (DATABASE, f"{DATABASE}-wal"):
        with suppress(OSError):
            newest = max(newest, (folder / name).stat().st_mtime)
    return newest


class DiskOutlet:
    """Implements `Outlet` on one diskcache folder."""

    pause_s = HEAR_S

    def __init__(self, folder: Path, wall: Callable[[], float] = time.time) -> None:
        self.folder: Path | None = folder
        self._folder = folder
        self._wall = wall
        # Beside the folder: one that is damaged is moved aside, which Windows refuses while a file in it is open.
        self._lock = FileLock(folder.with_name(f"{folder.name}.lock"))
        self._cache: Cache | None = None
        self._bell: bytes | None = None
        self._look: bytes | None = None

    @property
    def place(self) -> str:
        return str(self._folder)

    def claim(self, wait_s: float) -> None:
        """An operating-system lock: who has died holds none, so there is nothing to wait for."""
        if self._lock.is_held:
            return
        try:
            self._folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            holder = self._lock.take(self._wall())
        except OSError as error:
            raise StateError(f"{self._folder}: the state can't be stored ({error})") from error
        if holder:
            raise NameTaken(
                f"state {self._folder.parent}: an engine named {self._folder.name} publishes there already ({holder}). "
                "Stop that one, or give this one another engine.name."
            )

    def open(self, at_wall: float) -> frozenset[str]:
        self.claim(0.0)
        self._cache = cache = open_cache(self._folder, at_wall)
        with _said():
            stored = cache.get(SEQS_KEY)  # looked at by `open_cache`
            self._bell, self._look = None, cache.get(_LOOK)
        return frozenset(unwrap_seqs(stored)[1]) if stored is not None else frozenset()

    def write(self, values: Mapping[str, Envelope], gone: Iterable[str], table: Mapping[str, int]) -> None:
        cache = self._opened()
        with _said(), cache.transact():
            for name, value in values.items():
                cache.set(name, value)
            for name in gone:
                cache.delete(name)
            cache.set(SEQS_KEY, table)

    def hear(self) -> Heard:
        cache = self._cache
        if cache is None:
            return Heard()
        with _said():
            bell, look = cache.get(_BELL), cache.get(_LOOK)
            commands = tuple(self._taken(cache)) if bell != self._bell else ()
            looked = look != self._look
            self._look = look
            if len(commands) < MOST_AT_ONCE:
                self._bell = bell
        return Heard(commands, looked)

    def _taken(self, cache: Cache) -> Iterator[Sent]:
        for _ in range(MOST_AT_ONCE):
            _, stored = cache.pull(_QUEUE)
            if stored is None:
                return
            try:
                left = _left.decode(stored)
            except msgspec.DecodeError:
                continue  # none of ours
            yield Sent(bytes(left.command), max(0.0, self._wall() - left.at_wall))

    def close(self) -> None:
        if (cache := self._cache) is not None:
            self._cache = None
            with suppress(sqlite3.Error):
                cache.close()

    def release(self) -> None:
        self._lock.release()

    def _opened(self) -> Cache:
        if self._cache is None:
            raise StateError(f"{self._folder}: the state is not open")
        return self._cache


class DiskView:
    """Implements `StoredView` on a folder that an engine writes."""

    fresh_s = rest_s = 0.0

    def __init__(self, folder: Path, wall: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._wall = wall
        self._file = folder / DATABASE
        self._mine = threading.local()
        self._lock = threading.Lock()
        self._cache: Cache | None = None

    def table(self) -> bytes | None:
        with self._reading() as cache:
            stored: bytes | None = cache.get(SEQS_KEY)
            return stored

    def values(self, names: Iterable[str]) -> dict[str, bytes]:
        with self._reading() as cache:
            return {name: stored for name in names if (stored := cache.get(name)) is not None}

    def send(self, command: bytes) -> None:
        with self._reading() as cache, cache.transact():
            cache.push(_Left(self._wall(), msgspec.Raw(command)), _QUEUE)
            cache.set(_BELL, time.time_ns())

    def look(self) -> None:
        with self._reading() as cache:
            cache.set(_LOOK, time.time_ns())

    def close(self) -> None:
        if self._cache is not None:
            with suppress(sqlite3.Error):
                self._cache.close()

    @contextmanager
    def _reading(self) -> Iterator[Cache]:
        """The cache, opened as soon as there is one. A file that is held open can't be moved aside on Windows."""
        with self._lock:
            cache = self._cache = self._cache or open_existing(self._folder)
        self._follow(cache)
        try:
            with _said():
                yield cache
        except StateError:
            self.close()
            raise

    def _follow(self, cache: Cache) -> None:
        """The engine has begun a new file in the place of a damaged one: this thread's connection reads the old one."""
        try:
            now = self._file.stat().st_ino
        except OSError:
            return
        if getattr(self._mine, "file", now) != now:
            cache.close()
        self._mine.file = now


@contextmanager
def _said() -> Iterator[None]:
    """The library's errors in one of ours."""
    try:
        yield
    except (sqlite3.Error, Timeout, OSError) as error:
        cause = error.__context__ if isinstance(error, Timeout) and error.__context__ else error
        raise StateError(str(cause) or type(cause).__name__) from cause
