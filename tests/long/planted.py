"""Are the tests any good? Fifteen bugs, planted one by one in a copy of the tree: each must be caught.

`python start.py test --long planted [NAME ...]`. For each bug the tests that the table names pass in the copy; then the
patch is applied, and they fail with the words that tell why. The patches lie in tests/chaos/planted, beside table.toml.
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


def run_tests(root: Path, tests: Sequence[str], limit_s: float, wait_s: float | None = None) -> tuple[int | None, str]:
    """pytest's exit code and output; None = it did not end within `limit_s`. `wait_s` = how long a test waits for
    anything, None = as usual."""
    environ = os.environ | ({} if wait_s is None else {"QTRADE_TEST_DEADLINE_S": f"{wait_s:.0f}"})
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--tb=short", "-p", "no:cacheprovider", *tests]
    with tempfile.TemporaryFile() as out:  # no pipe: who outlives pytest would hold it open
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


def judge(bug: Bug, code: int | None, output: str) -> str:
    """What is wrong with this end of the planted tree's tests; "" = it is the bug's end."""
    if code == 0:
        return "SURVIVED: its tests pass with the bug"
    if code is None:
        return "did not end in time: a test that waits must have a deadline of its own"
    if code != FAILED:
        return f"not judged: pytest ended with {code}, so no test ran to its end"
    missing = [words for words in bug.words if words not in output]
    return f"failed for another reason: the output does not say {missing[0]!r}" if missing else ""


def check(bug: Bug) -> Result:
    """One bug: the tests in a copy of the tree, without it and with it."""
    began = time.monotonic()
    verdict, output = "", ""
    with tempfile.TemporaryDirectory(prefix="qtrade-planted-", ignore_cleanup_errors=True) as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=_LEFT_OUT)
        try:
            planted_files(bug, tree)
            code, output = run_tests(tree, bug.tests, CLEAN_S)
            if code != 0:
                verdict = f"not judged: its tests end with {code} without the bug"
            else:
                plant(bug, tree)
                wait_s = max(SHORTEST_WAIT_S, 2.0 * (time.monotonic() - began))  # all of it went well in half of that
                code, output = run_tests(tree, bug.tests, CLEAN_S / 5.0 + 3.0 * wait_s, wait_s)
                verdict = judge(bug, code, output)
        except DoesNotApply as error:
            verdict = str(error)
    result = Result(bug, verdict, time.monotonic() - began, output)
    _say(result)
    return result


def _say(result: Result) -> None:
    bug = result.bug
    word = "caught" if not result.verdict else "NOT CAUGHT"
    how = f"by {', '.join(bug.tests)}: {bug.words[0]!r}" if not result.verdict else result.verdict
    print(f"{word:10} {bug.name:32} {result.seconds:6.1f} s  {how}", flush=True)
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
             "tests": list(r.bug.tests), "seconds": round(r.seconds, 1)}
            for r in results
        ],
    }  # fmt: skip
    return finish(
        "planted", len(caught) == len(results), figures, f"{len(caught)} of {len(results)} planted bugs caught"
    )
