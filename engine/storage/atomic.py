"""Small files that are written whole or not at all, and the one thread that writes them for the engine's loop."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from engine.storage import rescues
from engine.storage.places import DAMAGED, free_for_file, name_aside, regain
from engine.storage.private import open_regular, read_regular

log = logging.getLogger("qtrade.storage")

T = TypeVar("T")
CLOSE_S = 1.0


def write_whole(path: Path, content: bytes, *, durable: bool = False) -> None:
    """Replace the file in one step, for the user's eyes alone; the folder is made where it lacks. Blocks.

    `durable` = on the disk when this returns, so that a power cut leaves the old or the new one whole.

    Raises:
        OSError: the file is as it was.
    """
    fresh = path.with_name(path.name + ".new")
    try:
        _write(path, fresh, content, durable)
    except (IsADirectoryError, PermissionError, FileExistsError):  # a folder in the way, whatever the system calls it
        for place in (path, fresh):
            free_for_file(place)
        _write(path, fresh, content, durable)


def _write(path: Path, fresh: Path, content: bytes, durable: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        fresh.unlink(missing_ok=True)  # a link that stands there leads elsewhere
        with open(fresh, "xb", opener=open_regular) as handle:
            handle.write(content)
            if durable:
                handle.flush()
                os.fsync(handle.fileno())
        fresh.replace(path)
    except OSError:
        with suppress(OSError):
            fresh.unlink()
        raise


def copy_of(path: Path) -> Path:
    """Where the copy of a kept file lies."""
    return path.with_name(path.name + ".copy")


def write_kept(path: Path, content: bytes, *, durable: bool = False) -> None:
    """The file, then its copy: whichever is damaged later, the other one holds the last change. Blocks.

    Raises:
        OSError: the file is as it was.
    """
    write_whole(path, content, durable=durable)
    with suppress(OSError):  # the file itself is written
        write_whole(copy_of(path), content, durable=durable)


def read_kept(
    path: Path, parse: Callable[[bytes], T], at_wall: float, *, look_only: bool = False
) -> tuple[T | None, str]:
    """What the file holds, and what had to be done for it in words, "" = nothing. Blocks; raises nothing.

    A missing file is empty: None. One that `parse` refuses with a ValueError is moved aside, and its copy takes its
    place on the disk, so that the next start finds it there. A copy that is missing or damaged is made again of the
    file. `look_only` leaves the disk alone.
    """
    if not look_only:
        regain(path)
        regain(copy_of(path))
    value, problem = _parsed(path, parse)
    copied, copy_problem = _parsed(copy_of(path), parse)
    if not problem:
        said = "" if look_only else _mended_copy(path, value is not None, copy_problem, at_wall)
        return value, said
    moved = "a start would move it aside" if look_only else _moved_aside(path, at_wall)
    if copied is None or copy_problem:
        return None, f"{path.name}: {problem}; {moved}, and there is no copy that can be read."
    if not look_only:
        with suppress(OSError):
            write_whole(path, read_regular(copy_of(path)), durable=True)
    return copied, f"{path.name}: {problem}; {moved}, its copy was taken."


def _mended_copy(path: Path, is_there: bool, problem: str, at_wall: float) -> str:
    """The copy holds the last change, too: a `kill -9` between the two writes leaves the one of before."""
    copy = copy_of(path)
    said = f"{copy.name}: {problem}; {_moved_aside(copy, at_wall)}, it is made anew." if problem else ""
    with suppress(OSError):
        content = read_regular(path) if is_there else b""
        if is_there and (not copy.exists() or read_regular(copy) != content):
            write_whole(copy, content, durable=True)
    return said


def read_cached(path: Path, parse: Callable[[bytes], T], at_wall: float) -> T | None:
    """What a file holds that can be had again, without a copy; None = nothing. A damaged one is moved aside and told.

    Blocks; raises nothing.
    """
    regain(path)
    value, problem = _parsed(path, parse)
    if problem:
        rescues.tell(path, DAMAGED, f"{path.name}: {problem}; {_moved_aside(path, at_wall)}, it is made anew.")
    return value


def _parsed(path: Path, parse: Callable[[bytes], T]) -> tuple[T | None, str]:
    try:
        return parse(read_regular(path)), ""
    except FileNotFoundError:
        return None, ""
    except OSError as error:
        return None, f"can't be read ({reason_of(error)})"
    except (ValueError, RecursionError) as error:
        return None, f"can't be read ({str(error) or type(error).__name__})"


def _moved_aside(path: Path, at_wall: float) -> str:
    aside = name_aside(path, at_wall, "bad")
    try:
        path.replace(aside)
    except OSError as error:
        return f"it could not be moved aside ({reason_of(error)})"
    return f"moved to {aside.name}"


def reason_of(error: OSError) -> str:
    """Why the disk refused, in its own words: "No space left on device"."""
    return error.strerror or str(error) or type(error).__name__


def keep_now(path: Path, content: bytes, loss: str) -> None:
    """Write file and copy at once; a refusal is logged with `loss`, what it costs. Blocks."""
    try:
        write_kept(path, content)
    except OSError as error:
        log.warning("%s can't be written (%s); %s", path, reason_of(error), loss)


async def run_now(work: Callable[[], T]) -> T:
    """Do it here, for whoever has no `FileThread`. Blocks."""
    return work()


class FileThread:
    """Writes files in the order in which they were handed over, so that the newest is the last. Engine loop only."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="files")
        self._is_closed = False

    def keep(self, path: Path, content: bytes, loss: str) -> None:
        """`keep_now`, without waiting for it. May be called from the thread itself."""
        if self._is_closed:  # the loop has ended: nobody is kept waiting
            keep_now(path, content, loss)
        else:
            self._pool.submit(keep_now, path, content, loss)

    async def run(self, work: Callable[[], T]) -> T:
        """`work` in its turn, with its answer or error."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def settled(self) -> None:
        """What was handed over so far is written when this returns, or was refused and logged."""
        if not self._is_closed:
            await self.run(lambda: None)

    async def close(self) -> None:
        """All that was handed over is written when this returns, or still being written after `CLOSE_S`."""
        self._is_closed = True
        try:
            async with asyncio.timeout(CLOSE_S):
                await asyncio.to_thread(partial(self._pool.shutdown, wait=True))
        except TimeoutError:
            log.warning("The disk is slow: settings and pins are still being written")
