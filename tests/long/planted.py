"""Are the tests any good? Fifteen bugs, planted one by one in a copy of the tree: each must be caught.

`python start.py test --long planted [NAME ...]`. For each bug the tests that the table names pass in the copy, and so
does the sequence of faults that it may name; then the patch is applied, and they fail with the words that tell why. The
patches lie in tests/chaos/planted, beside table.toml.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.planting import Bug, DoesNotApply, plant, planted_files, read_table
from tests.long.report import ROOT, finish

AT_ONCE = max(2, min(4, os.cpu_count() or 2))
CLEAN_S = 600.0  # for the tests without the bug, at the most
SHORTEST_WAIT_S = 20.0  # of a test that waits for what the bug prevents
FAILED = 1  # pytest's exit code for tests that failed; others say that they could not run
_LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "reports", "data", "*.egg-info", "node_modules")


@dataclass(frozen=True)
class Result:
    """`verdict` "" = caught; else what is wrong, in words."""

    bug: Bug
    verdict: str
    seconds: float
    output: str = ""


@dataclass(frozen=True)
class Trial:
    """What must fail with a bug: a module with its arguments, and the words with which it does."""

    module: tuple[str, ...]
    words: tuple[str, ...]


def trials_of(bug: Bug) -> list[Trial]:
    """The bug's tests, and its sequence of faults where it has one."""
    pytest = ("pytest", "-q", "-x", "--tb=short", "-m", "", "-p", "no:cacheprovider")
    found = [Trial((*pytest, *bug.tests), bug.words)]
    return found + ([Trial(("tests.chaos.planted_sequence", bug.name), bug.breaks)] if bug.faults else [])


def run(root: Path, trial: Trial, limit_s: float, wait_s: float | None = None) -> tuple[int | None, str]:
    """Exit code and output; None = it did not end within `limit_s`. `wait_s` = how long a test waits for anything,
    None = as usual."""
    environ = os.environ | ({} if wait_s is None else {"QTRADE_TEST_DEADLINE_S": f"{wait_s:.0f}"})
    command = [sys.executable, "-m", *trial.module]
    with tempfile.TemporaryFile() as out:  # no pipe: who outlives it would hold it open
        process = subprocess.Popen(
            command, cwd=root, env=environ, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
        )
        code: int | None = None
        try:
            code = process.wait(limit_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        out.seek(0)
        return code, out.read().decode("utf-8", "replace")


def judge(trial: Trial, code: int | None, output: str) -> str:
    """What is wrong with this end in the planted tree; "" = it is the bug's end."""
    name = trial.module[0]
    if code == 0:
        return f"SURVIVED: {name} passes with the bug"
    if code is None:
        return f"{name} did not end in time: what waits must have a deadline of its own"
    if code != FAILED:
        return f"not judged: {name} ended with {code}, so nothing ran to its end"
    missing = [words for words in trial.words if words not in output]
    return f"{name} failed for another reason: the output does not say {missing[0]!r}" if missing else ""


def check(bug: Bug) -> Result:
    """One bug: its trials in a copy of the tree, without it and with it."""
    began = time.monotonic()
    verdict, output = "", ""
    with tempfile.TemporaryDirectory(prefix="qtrade-planted-", ignore_cleanup_errors=True) as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=_LEFT_OUT)
        try:
            planted_files(bug, tree)
            waits_s = []
            for trial in trials_of(bug):
                started = time.monotonic()
                code, output = run(tree, trial, CLEAN_S)
                if code != 0:
                    verdict = f"not judged: {trial.module[0]} ends with {code} without the bug"
                    break
                waits_s.append(
                    max(SHORTEST_WAIT_S, 2.0 * (time.monotonic() - started))
                )  # all went well in half of that
            else:
                plant(bug, tree)
                verdict, output = _with_bug(bug, tree, waits_s)
        except DoesNotApply as error:
            verdict = str(error)
    result = Result(bug, verdict, time.monotonic() - began, output)
    _say(result)
    return result


def _with_bug(bug: Bug, tree: Path, waits_s: Sequence[float]) -> tuple[str, str]:
    """The first trial that does not end as it should, else "", and its output."""
    verdict, output = "", ""
    for trial, wait_s in zip(trials_of(bug), waits_s, strict=True):
        code, output = run(tree, trial, CLEAN_S / 5.0 + 3.0 * wait_s, wait_s)
        verdict = judge(trial, code, output)
        if verdict:
            break
    return verdict, output


def _say(result: Result) -> None:
    bug = result.bug
    word = "caught" if not result.verdict else "NOT CAUGHT"
    by = [f"{test.rpartition('::')[2]}" for test in bug.tests]
    by += [f"chaos ({', '.join(fault.kind for fault in bug.faults)}): {bug.breaks[0]!r}"] if bug.faults else []
    print(f"{word:10} {bug.name:30} {result.seconds:6.1f} s  {result.verdict or 'by ' + ' and '.join(by)}", flush=True)
    if result.verdict and result.output:
        print("".join(f"           | {line}\n" for line in result.output.splitlines()[-25:]), flush=True)


def main(arguments: list[str]) -> int:
    """Arguments: names of bugs; none = all."""
    bugs = [bug for bug in read_table() if not arguments or bug.name in arguments]
    unknown = set(arguments) - {bug.name for bug in bugs}
    if unknown:
        print(f"no planted bug is called {', '.join(sorted(unknown))}; see tests/chaos/planted", file=sys.stderr)
        return 2
    began = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(check, bugs))
    caught = [result for result in results if not result.verdict]
    figures = {
        "planted": len(results),
        "caught": len(caught),
        "seconds": round(time.monotonic() - began, 1),
        "bugs": [
            {"name": r.bug.name, "what": r.bug.what, "caught": not r.verdict, "verdict": r.verdict,
             "tests": list(r.bug.tests), "faults": [str(fault) for fault in r.bug.faults],
             "seconds": round(r.seconds, 1)}
            for r in results
        ],
    }  # fmt: skip
    return finish(
        "planted", len(caught) == len(results), figures, f"{len(caught)} of {len(results)} planted bugs caught"
    )
