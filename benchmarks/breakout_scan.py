"""CPU time of one full scan: 600 symbols x 390 one-minute bars, all streaming, every bar new. Goal: < 50 ms, no
slice longer than 5 ms.

    python -m benchmarks.breakout_scan [--symbols 600]

"cold" = a minute has just closed for every symbol, "warm" = between two minutes, "afresh" = history has just come for
every symbol at once, which IB's pacing forbids (nothing can be carried on).
CPU time of the thread, so that other programs on the machine do not count; the best of five.
"""

from __future__ import annotations

import argparse
import time

import msgspec
import numpy as np

from engine.bars.series import HISTORY
from engine.bars.store import BarStore
from engine.bars.usual import UsualVolume
from engine.breakout.rules import Floors
from engine.config import BreakoutParams
from engine.domain import Bar, ContractRef, Quote, Signal
from engine.scanners.breakout import BreakoutScanner, Surroundings

OPEN = 1_762_353_000.0 - 600.0  # 2025-11-05 09:20 New York: some minutes of the day are left
BARS = 390
ROUNDS = 8
GOAL_MS, SLICE_GOAL_MS = 50.0, 5.0


def build(symbols: int) -> tuple[BreakoutScanner, BarStore, dict[int, Quote], list[Signal]]:
    store, quotes, signals = BarStore(), {}, []
    rng = np.random.default_rng(5)
    usual = UsualVolume(np.full(96, 10_000.0, dtype=np.float32), 20, 4_000_000.0)
    now = OPEN + BARS * 60.0
    for con_id in range(1, symbols + 1):
        contract = ContractRef(con_id, f"S{con_id}", f"S{con_id}", "STK", "SMART")
        entry = store.add(contract)
        close = 100.0 + np.cumsum(rng.normal(0, 0.05, BARS))
        bars = [
            Bar(OPEN + 60.0 * n, price, price + 0.05, price - 0.05, price, 10_000.0)
            for n, price in enumerate(close.tolist())
        ]
        entry.series.merge(bars, HISTORY)
        entry.usual = usual
        price = float(close[-1])
        tail = (100.0, None, None, 100.0, False, "live", "streaming", 0.0, 0.0, 1)
        quote = Quote(con_id, f"S{con_id}", price, "last", price, price, 1, 1, price, 1, 1e6, 4e6, *tail)
        quotes[con_id] = quote
        store.on_quote(quote, now)
    around = Surroundings(quotes.get, lambda con_id: False, lambda con_id: True, time.thread_time)
    scanner = BreakoutScanner(store, around, BreakoutParams(), Floors(5.0, 5e5, 5e6), signals.append)
    return scanner, store, quotes, signals


def scan(scanner: BreakoutScanner, now: float) -> tuple[float, float]:
    """CPU milliseconds of a full scan, and of its longest slice."""
    begun = last = time.thread_time()
    longest = 0.0
    for _ in scanner.slices(now):
        longest = max(longest, time.thread_time() - last)
        last = time.thread_time()
    ended = time.thread_time()
    return (ended - begun) * 1_000.0, max(longest, ended - last) * 1_000.0


def close_a_minute(store: BarStore, quotes: dict[int, Quote], now: float) -> None:
    """Every symbol trades twice, and the minute ends."""
    for quote in quotes.values():
        for second, volume in ((10.0, 2e6 + now % 1e6), (40.0, 3e6 + now % 1e6)):
            store.on_quote(msgspec.structs.replace(quote, volume=volume), now - now % 60.0 + second)
    store.close_due(now - now % 60.0 + 60.0)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--symbols", type=int, default=600)
    args = options.parse_args()
    scanner, store, quotes, _ = build(args.symbols)
    now = OPEN + BARS * 60.0 + 20.0
    scan(scanner, now)
    runs: dict[str, list[tuple[float, float]]] = {"cold": [], "warm": [], "afresh": []}
    for _ in range(ROUNDS):
        close_a_minute(store, quotes, now)
        now += 60.0
        runs["cold"].append(scan(scanner, now))
        runs["warm"].append(scan(scanner, now))
        for con_id in store.con_ids():
            store.get(con_id).series.version += 1  # type: ignore[union-attr]
        runs["afresh"].append(scan(scanner, now))
    for name, found in runs.items():
        total, slice_ms = min(found)
        print(f"{name}: {args.symbols} symbols x {BARS} bars in {total:.1f} ms, longest slice {slice_ms:.1f} ms")
    slices = [min(each[1] for each in found) for found in runs.values()]
    fast = max(min(runs["cold"]), min(runs["warm"]))[0] < GOAL_MS
    return 0 if fast and max(slices) <= SLICE_GOAL_MS else 1


if __name__ == "__main__":
    raise SystemExit(main())
