"""The Lab's signals against the live ones of the same days: recorded ticks of a real stock, and simulated sessions.

Passes when on every day and over all of them 95 % of the live signals are in the Lab within 60 s and the other way
round, and at most 10 % of the live signals that are not began in a minute that ended below a volume limit. Arguments:
tick files (SYMBOL-YYYYMMDD.csv.gz) or folders of them; none = the one of BAC beside the project. The minutes of the day
before are looked for beside a file and in a folder `minute` next to its own. `days=N`, `symbols=N` and `minutes=N`
change the simulated sessions.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.lab_vs_live import TICKS, Outcome, is_passed, measure, together
from tests.long.report import finish

SESSIONS = {"days": 3, "symbols": 40, "minutes": 360}


def main(arguments: list[str]) -> int:
    sizes = SESSIONS | {name: int(value) for name, _, value in (each.partition("=") for each in arguments) if value}
    files = list(_files([each for each in arguments if "=" not in each]))
    outcomes: list[Outcome] = []
    for outcome in measure(files, sizes["days"], sizes["symbols"], sizes["minutes"]):
        outcomes.append(outcome)
        said = [outcome.text(), *(f"  live only: {text}" for text in outcome.live_only)]
        print("\n".join([*said, *(f"  Lab only: {text}" for text in outcome.lab_only)]), flush=True)
    whole = together("all", outcomes)
    figures = {each.name: each._asdict() | {"recall": each.recall, "precision": each.precision} for each in outcomes}
    return finish("same", is_passed(outcomes), {"days": figures, "all": whole._asdict()}, whole.text())


def _files(arguments: list[str]) -> Iterator[Path]:
    """Tick files, those of folders in the order of their names."""
    if not arguments and TICKS.exists():
        yield TICKS
    elif not arguments:
        print(f"left out: {TICKS.name} is not beside the project")
    for path in map(Path, arguments):
        yield from sorted(path.glob("*.csv*")) if path.is_dir() else [path]
