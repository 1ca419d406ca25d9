"""Memory that was freed goes back to the system: glibc keeps it, scattered over an arena a thread, and a process that
reads, merges and answers all day seems to grow without end.

Large blocks come from the system one by one (glibc raises that limit by itself as blocks are freed, up to 32 MiB), two
arenas serve all threads, and once a minute free pages are given back. Elsewhere than on glibc nothing is done.
Source: mallopt(3), malloc_trim(3).
"""

from __future__ import annotations

import ctypes
import threading
from typing import Protocol

LARGE_BYTES = 64 * 1024
ARENAS = 2
PERIOD_S = 60.0
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8


class Allocator(Protocol):
    """The two calls of glibc. Both release the interpreter's lock."""

    def mallopt(self, option: int, value: int) -> int: ...

    def malloc_trim(self, pad: int) -> int: ...


def allocator() -> Allocator | None:
    """This process's; None where the C library is another one."""
    try:
        library = ctypes.CDLL(None)
        found: Allocator = library
        _ = (library.mallopt, library.malloc_trim)
    except (AttributeError, OSError, TypeError):  # TypeError: Windows has no library without a name
        return None
    return found


def keep_heap_small(of: Allocator | None, period_s: float = PERIOD_S) -> threading.Event:
    """Call it once, before threads begin. What it answers ends the giving back when it is set."""
    end = threading.Event()
    if of is None:
        return end
    of.mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)
    of.mallopt(_M_TRIM_THRESHOLD, 2 * LARGE_BYTES)
    of.mallopt(_M_ARENA_MAX, ARENAS)

    def give_back(by: Allocator) -> None:
        while not end.wait(period_s):
            by.malloc_trim(0)

    threading.Thread(target=give_back, args=(of,), name="heap", daemon=True).start()
    return end
