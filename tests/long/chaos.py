"""Many seeded sequences of faults against the whole engine; each failure is repeatable by its seed."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.chaos.engine_chaos import run_sequence
from tests.long.report import finish

SEQUENCES = 25
FAULTS_EACH = 8


def main(arguments: list[str]) -> int:
    """Arguments: how many sequences (25), the first seed (100)."""
    count = int(arguments[0]) if arguments else SEQUENCES
    first = int(arguments[1]) if len(arguments) > 1 else 100
    broken: dict[str, list[str]] = {}
    worst = {"max_lines": 0, "worst_second": 0}
    for seed in range(first, first + count):
        with tempfile.TemporaryDirectory() as folder:
            verdict = run_sequence(seed, Path(folder), FAULTS_EACH, 3.0)
        for name in worst:
            worst[name] = max(worst[name], verdict.ledger.get(name, 0))
        if verdict.broken:
            broken[str(seed)] = [*verdict.faults, *verdict.broken][:40]
        print(f"seed {seed}: {'ok' if not verdict.broken else verdict.broken[:3]} after {', '.join(verdict.faults)}")
    figures = {"sequences": count, "broken": broken, **worst}
    return finish("chaos", not broken, figures, f"{count - len(broken)} of {count} sequences without a break")
