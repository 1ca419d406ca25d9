"""Many seeded sequences of faults against the whole program; writes tests/chaos/REPORT.md.

Arguments: how many sequences (500), the first seed (0); `--workers N` sequences at a time, `--pace F` = all times are
longer by F, `--whole` = what fails is not cut down. `--seed N [--only 3,5]` runs one sequence, or those of its faults
alone, and writes no report.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from pathlib import Path

from engine.storage.build_id import build_id
from tests.chaos.chaos_report import Circumstances, report
from tests.chaos.run import Verdict, pace_of_machine, run_many, run_some
from tests.chaos.sequences import make_sequence
from tests.long.report import ROOT, finish

SEQUENCES = 500
REPORT = Path(__file__).resolve().parents[1] / "chaos" / "REPORT.md"


def main(arguments: list[str]) -> int:
    asked = _parser().parse_args(arguments)
    pace = asked.pace or pace_of_machine()
    if asked.seed is not None:
        return _one(asked.seed, tuple(int(each) for each in asked.only.split(",") if each), pace)
    seeds = range(asked.first, asked.first + asked.count)
    begun, loads, verdicts = time.monotonic(), [_load()], []
    for verdict in run_many(seeds, asked.workers, pace=pace, shrinks=not asked.whole):
        verdicts.append(verdict)
        _say(verdict, len(verdicts))
        if len(verdicts) % max(1, asked.count // 4) == 0:
            loads.append(_load())
        about = Circumstances(
            " ".join(["python start.py test --long chaos", *arguments]),
            time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), build_id(ROOT).id,
            f"{platform.system()}, Python {platform.python_version()}", os.cpu_count() or 1, asked.workers, pace,
            time.monotonic() - begun, tuple(loads),
        )  # fmt: skip
        verdicts.sort(key=lambda one: one.seed)
        REPORT.write_text(report(verdicts, about), encoding="utf-8")
    broken = {str(verdict.seed): verdict.broken[:20] for verdict in verdicts if verdict.broken}
    figures = {
        "sequences": len(verdicts),
        "broken": broken,
        "max_lines": max(verdict.max_lines for verdict in verdicts),
        "worst_second": max(verdict.worst_second for verdict in verdicts),
        "pace": pace,
    }
    done = f"{len(verdicts) - len(broken)} of {len(verdicts)} sequences without a break; {REPORT.relative_to(ROOT)}"
    return finish("chaos", not broken, figures, done)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="--long chaos")
    parser.add_argument("count", nargs="?", type=int, default=SEQUENCES)
    parser.add_argument("first", nargs="?", type=int, default=0)
    parser.add_argument("--workers", type=int, default=4 * (os.cpu_count() or 1))
    parser.add_argument("--pace", type=float, default=0.0)
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--only", default="")
    return parser


def _one(seed: int, only: tuple[int, ...], pace: float) -> int:
    sequence = make_sequence(seed)
    sequence = sequence.only(only) if only else sequence
    for fault in sequence.faults:
        print(fault)
    (verdict,) = run_some([sequence], pace=pace, shrinks=False)
    _say(verdict, 1)
    return 1 if verdict.broken else 0


def _say(verdict: Verdict, number: int) -> None:
    word = "BROKEN" if verdict.broken else "ok"
    print(f"{number}: seed {verdict.seed} {verdict.family} {verdict.took_s:.0f} s {word}", flush=True)
    if verdict.broken:
        print(f"   {verdict.smallest}")
        for words in [*verdict.faults, *verdict.broken[:10]]:
            print(f"   {words[:500]}", flush=True)


def _load() -> float:
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
