"""Freed memory goes back to the system, and nobody minds a system without glibc."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from engine.kernel.heap import LARGE_BYTES, allocator, keep_heap_small
from tests.patience import wait_for

SCATTERED = """
import psutil
from engine.kernel.heap import allocator, keep_heap_small
from tests.patience import wait_for
if {is_kept}:
    keep_heap_small(allocator(), 0.05)
rss = psutil.Process().memory_info().rss
kept, freed = [], []
for _ in range(2_000):
    freed.append(bytes(40_000)); kept.append(bytes(600))
grown = psutil.Process().memory_info().rss - rss
freed.clear()
if {is_kept}:
    wait_for(lambda: psutil.Process().memory_info().rss - rss < grown / 4, "given back")
print((psutil.Process().memory_info().rss - rss) / grown)
"""


class Asked:
    def __init__(self) -> None:
        self.options: dict[int, int] = {}
        self.trims = 0

    def mallopt(self, option: int, value: int) -> int:
        self.options[option] = value
        return 1

    def malloc_trim(self, pad: int) -> int:
        self.trims += 1
        return 1


def test_it_asks_for_large_blocks_apart_few_arenas_and_free_pages_back():
    asked = Asked()
    end = keep_heap_small(asked, 0.01)
    wait_for(lambda: asked.trims >= 2, "trims")
    end.set()
    assert asked.options == {-3: LARGE_BYTES, -1: 2 * LARGE_BYTES, -8: 2}


def test_without_glibc_nothing_runs():
    before = threading.active_count()
    assert not keep_heap_small(None).is_set() and threading.active_count() == before


@pytest.mark.skipif(allocator() is None, reason="another C library than glibc")
def test_blocks_that_were_freed_between_others_are_given_back():
    def left(is_kept: bool) -> float:
        code = SCATTERED.replace("{is_kept}", str(is_kept))
        return float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)

    assert left(True) < 0.25 < left(False)
