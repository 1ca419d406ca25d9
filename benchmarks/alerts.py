"""A thousand conditions that flap once a minute each: what a second of looking costs, and how often anybody is paged.

    python -m benchmarks.alerts [minutes]

The desk is the engine's, with the journal on a disk; time is moved by hand, so that an hour takes a minute.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from engine.alerts.facts import Facts
from engine.journal.writer import Journal
from tests.unit.alerts.alert_desk import Rig, facts, row

CONDITIONS, MINUTES = 1_000, 30
BEYOND_S = 12  # of each minute; a condition has to hold for 5 s
COOL_DOWN_MIN = 15.0
GOAL_MS = 1.0


def seconds_of_a_minute() -> list[Facts]:
    """One after the other they go beyond their limit and come back."""
    made = []
    for second in range(60):
        rows = tuple(
            row(i, unrealized_pnl=-900.0 if (second + i) % 60 < BEYOND_S else 0.0, account="DU1")
            for i in range(1, CONDITIONS + 1)
        )
        made.append(facts(rows=rows))
    return made


def main(arguments: list[str]) -> int:
    minutes = int(arguments[0]) if arguments else MINUTES
    spent, minute = [], seconds_of_a_minute()
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder))
        journal = Journal(rig.clock)
        journal.open(Path(folder) / "journal.sqlite3", "paper", "DU1")
        rig.channel()
        rig.desk._keeper = journal
        rig.rule_now("position_pnl", cool_down_min=COOL_DOWN_MIN)
        rig.run(2, facts(rows=tuple(row(i, account="DU1") for i in range(1, CONDITIONS + 1))))
        for second in range(minutes * 60):
            rig.facts = minute[second % 60]
            rig.clock.advance(1.0)
            began = time.thread_time()
            rig.desk.step()
            spent.append(1_000.0 * (time.thread_time() - began))
            rig.settle()
        raised = len([key for key in rig.desk._receipts])
        messages = len(rig.sender.sent)
        rig.close()
        journal.stop(10.0)
    mean, p99 = statistics.fmean(spent), statistics.quantiles(spent, n=100)[-1]
    most = CONDITIONS * (1 + int(minutes / COOL_DOWN_MIN))
    print(
        f"{CONDITIONS} conditions, {minutes} min: {mean:.2f} ms a second in the mean, {p99:.2f} ms at the 99th per cent"
    )
    print(f"{messages} messages for {raised} alerts still known (at most {most} may be raised), one channel")
    return 0 if mean < GOAL_MS and messages <= 6 * minutes else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
