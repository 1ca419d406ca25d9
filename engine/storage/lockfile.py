"""One engine a folder: an operating-system lock, so that a killed process leaves nothing to clean up."""

from __future__ import annotations

import json
import os
import sys
import time
from io import BufferedRandom
from pathlib import Path
from typing import Any

from engine.storage.places import free_for_file
from engine.storage.private import open_regular

FILE_NAME = "engine.lock"
# Windows locks bytes, and locked bytes can't be read: lock one far behind the text.
_LOCKED_BYTE = 1 << 30


class AlreadyRunning(Exception):
    """The text names the process that has the folder, or the name."""


class FileLock:
    """Held until `release` or the end of the process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: BufferedRandom | None = None

    @property
    def is_held(self) -> bool:
        return self._handle is not None

    def take(self, started_wall: float) -> str:
        """Take the lock and write who we are; "" = it is ours, else who has it in words. Raises OSError."""
        free_for_file(self._path)  # a lock that is held is a file: it stays, only its rights are taken back
        handle = os.fdopen(open_regular(self._path, os.O_RDWR | os.O_CREAT), "r+b")
        if not _lock(handle):
            holder = _holder(handle)
            handle.close()
            return _who(holder)
        handle.seek(0)
        handle.truncate()
        handle.write(json.dumps({"pid": os.getpid(), "started": int(started_wall)}).encode())
        handle.flush()
        self._handle = handle
        return ""

    def release(self) -> None:
        """Give it up; harmless when it is not held. The file stays: removing it would race with the next start."""
        if self._handle is not None:
            self._handle.close()
            self._handle = None


class EngineLock:
    """That of a data folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = FileLock(folder / FILE_NAME)

    def acquire(self, started_wall: float) -> None:
        """Take the lock and write who we are. Raises AlreadyRunning, OSError."""
        if holder := self._lock.take(started_wall):
            raise AlreadyRunning(
                f"data folder {self._folder}: a QTrade engine uses it already ({holder}); one folder serves one engine."
                " Stop that one, or start with another --data-dir."
            )

    def release(self) -> None:
        """Give it up; harmless when it is not held."""
        self._lock.release()


def _who(holder: dict[str, Any]) -> str:
    if "pid" not in holder:
        return "another process"
    since = time.strftime("%Y-%m-%d %H:%M", time.localtime(holder.get("started", 0)))
    return f"process {holder['pid']}, since {since}"


def _holder(handle: BufferedRandom) -> dict[str, Any]:
    try:
        handle.seek(0)
        content = json.loads(handle.read(4096))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: BufferedRandom) -> bool:
        handle.seek(_LOCKED_BYTE)
        try:
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(handle: BufferedRandom) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
