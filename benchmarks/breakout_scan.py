"""CPU time of one full scan: 600 symbols x 390 one-minute bars, all streaming, every bar new. Goal: < 50 ms.

    python -m benchmarks.breakout_scan [--symbols 600]

"cold" = a minute has just closed for every symbol (all facts are computed anew), "warm" = between two minutes.
CPU time of the thread, so that other programs on the machine do not count; the best of five.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from engine.bars.series import HISTORY
from engine.bars.store import BarStore
from engine.bars.usual import UsualVolume
from engine.config import BreakoutParams
from engine.domain import Bar, ContractRef, Quote, Signal
from engine.scanners.breakout import BreakoutScanner, Surroundings
from engine.scanners.rules import Floors

OPEN = 1_762_353_000.0 - 60.0  # 2025-11-05 09:29 New York: the last minute of the day runs
BARS = 390


def build(symbols: int) -> tuple[BreakoutScanner, BarStore, dict[int, Quote], list[Signal]]:
    store, quotes, signals = BarStore(), {}, []
    rng = np.random.default_rng(5)
    usual = UsualVolume(np.full(1_440, 10_000.0, dtype=np.float32), 20, 4_000_000.0)
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


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--symbols", type=int, default=600)
    args = options.parse_args()
    scanner, store, _, _ = build(args.symbols)
    now = OPEN + BARS * 60.0 + 20.0
    scan(scanner, now)
    cold, warm = [], []
    for _ in range(5):
        for con_id in store.con_ids():
            store.get(con_id).series.version += 1  # type: ignore[union-attr]
        cold.append(scan(scanner, now))
        warm.append(scan(scanner, now))
    for name, runs in (("cold", cold), ("warm", warm)):
        total, slice_ms = min(runs)
        print(f"{name}: {args.symbols} symbols x {BARS} bars in {total:.1f} ms, longest slice {slice_ms:.1f} ms")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
