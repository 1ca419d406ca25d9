"""Run the faults that belong to a planted bug against the whole program: `python -m tests.chaos.planted_sequence NAME`.

Prints what broke; ends with 1 when something did, else with 0.
"""

from __future__ import annotations

import sys

from tests.chaos.planting import read_table
from tests.chaos.run import pace_of_machine, run_some


def main(arguments: list[str]) -> int:
    (bug,) = (bug for bug in read_table() if bug.name == arguments[0])
    (verdict,) = run_some([bug.sequence], pace=pace_of_machine(), shrinks=False)
    for words in [*verdict.faults, *verdict.broken]:
        print(words, flush=True)
    return 1 if verdict.broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
