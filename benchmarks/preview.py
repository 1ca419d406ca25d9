"""The preview: 600 symbols x 1 day, from the question to the lab process to its answer. Goal: < 300 ms.

    python -m benchmarks.preview [--symbols 600] [--streamed 45]

`--streamed` of them have 10-second bars of the whole day on disk, and are looked at every 10 s. Each threshold is moved
in turn, to values that were not asked for before. "cold" = the first question after all bars were handed over anew, as
after a start; "minute" = the first one after a minute closed for those that stream (without any: for 50 symbols).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.lab_process import OPEN, TimedLab, walk
from engine.bars.archive import BarArchive, Saved
from engine.bars.bar_files import BarColumns, StoredSession
from engine.config import BreakoutParams
from engine.domain import ContractRef
from engine.lab.messages import AskPreview, LoadToday, PreviewAnswer, SymbolMinutes

BARS, WARM = 390, 390
DATE = 20131007
GOAL_MS = 300.0
MOVES = {
    "bars_n": (12, 25, 40),
    "buffer_atr": (0.0, 0.3, 0.8),
    "atr_length": (8, 20, 28),
    "volume_surge": (1.0, 2.0, 3.0),
    "rel_volume": (0.5, 1.0, 3.0),
    "opening_range_min": (5, 30, 60),
    "ema_fast": (3, 5, 13),
    "ema_slow": (15, 50, 100),
    "price_floor_usd": (0, 20, 50),
    "avg_volume_floor": (0, 1_000_000, 3_000_000),
    "confirm_s": (0, 60, 120),
    "confirm_bars": (1, 2, 3),
    "alert_hold_s": (0, 60, 120),
    "cool_down_min": (1, 5, 60),
}


def symbols(first: int, count: int, streamed: int) -> tuple[SymbolMinutes, ...]:
    usual = np.full(1_440, 9_000.0, dtype="<f4").tobytes()
    hours = ((OPEN - 5.5 * 3_600, OPEN + 10.5 * 3_600), (OPEN, OPEN + 6.5 * 3_600))
    columns = {n: np.stack(_two_days(n, n <= streamed)).astype("<f8").tobytes() for n in range(first, first + count)}
    known = (OPEN - 86_400.0, OPEN + 86_400.0)
    return tuple(
        SymbolMinutes(
            con_id, f"S{con_id}", True, True, 2e6, columns[con_id], usual, 20, 4e6,
            (hours[0],), (hours[1],), known, known, dates=(DATE,),
        )
        for con_id in range(first, first + count)
    )  # fmt: skip


def _tens(seed: int) -> BarColumns:
    """A day of 10-second bars: a walk like that of the minutes, in steps that are smaller by the root of six."""
    bars = walk(seed, 6 * BARS)
    base = 50.0
    prices = [base + (column - base) / 6.0**0.5 for column in bars[1:5]]
    return BarColumns(OPEN + 10.0 * np.arange(6 * BARS), *prices, bars[5] / 6.0, np.full(6 * BARS, 3.0))


def keep_tens(folder: Path, streamed: int) -> None:
    """On disk, as the engine keeps them."""
    archive = BarArchive(folder, 0.0)
    for con_id in range(1, streamed + 1):
        contract = ContractRef(con_id, f"S{con_id}", f"S{con_id}", "STK")
        columns = BarColumns(*_minutes(_tens(con_id)), np.full(BARS, 3.0))
        session = StoredSession(DATE, OPEN, OPEN + 23_400.0, columns)
        archive.save([Saved(contract, (session,), [], (), ((DATE, _tens(con_id)),))], OPEN)
    archive.close()


def _minutes(tens: BarColumns) -> tuple[np.ndarray, ...]:
    time, first, high, low, last, volume, _ = (column.reshape(-1, 6) for column in tens)
    return time[:, 0], first[:, 0], high.max(axis=1), low.min(axis=1), last[:, -1], volume.sum(axis=1)


def _two_days(seed: int, streamed: bool) -> tuple[np.ndarray, ...]:
    before = walk(seed + 10_000, WARM, OPEN - 86_400.0)
    today = _minutes(_tens(seed)) if streamed else tuple(walk(seed, BARS))
    return tuple(np.concatenate(pair) for pair in zip(before, today, strict=True))


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--symbols", type=int, default=600)
    options.add_argument("--streamed", type=int, default=45)
    args = options.parse_args()
    base = BreakoutParams().model_dump()
    with tempfile.TemporaryDirectory() as folder:
        keep_tens(Path(folder), args.streamed)
        lab = TimedLab(Path(folder))
        job = 0
        cpu: list[float] = []

        def ask(**moved: object) -> tuple[PreviewAnswer, float]:
            nonlocal job
            job += 1
            before = lab.cpu_s()
            answer, seconds = lab.ask(AskPreview(job, base, {**base, **moved}, 5e6), PreviewAnswer)
            assert isinstance(answer, PreviewAnswer)
            cpu.append((lab.cpu_s() - before) * 1e3)
            return answer, seconds * 1e3

        for start in range(1, args.symbols + 1, 50):
            part = symbols(start, min(50, args.symbols - start + 1), args.streamed)
            lab.process.send(LoadToday(0, OPEN - 3_600.0, start == 1, part, folder))
        first, cold_ms = ask()
        took: dict[str, list[float]] = {}
        cpu.clear()
        for name, values in MOVES.items():
            for value in values:
                answer, ms = ask(**{name: value})
                took.setdefault(name, []).append(ms)
        minute = symbols(1, args.streamed or 50, args.streamed)
        lab.process.send(LoadToday(0, OPEN - 3_600.0, False, minute, folder))
        _, minute_ms = ask()
        lab.process.stop()
    for name, times in took.items():
        print(f"{name:18} {' '.join(f'{ms:6.0f}' for ms in times)} ms")
    spent = sorted(cpu[:-1])
    every = sorted(ms for times in took.values() for ms in times)
    print(f"cold {cold_ms:.0f} ms (bars handed over and read), minute {minute_ms:.0f} ms ({cpu[-1]:.0f} ms of CPU)")
    print(
        f"{first.symbols} symbols x {BARS} bars, {first.often} of them every 10 s, {first.in_force.signals} signals in "
        f"force: a move takes {statistics.median(every):.0f} ms in the median, {every[-1]:.0f} ms at most (goal < "
        f"{GOAL_MS:.0f})"
    )
    print(f"CPU of the lab process alone: {statistics.median(spent):.0f} ms in the median, {spent[-1]:.0f} ms at most")
    return 0 if every[-1] < GOAL_MS else 1


if __name__ == "__main__":
    raise SystemExit(main())
