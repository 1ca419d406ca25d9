"""`python start.py test --long NAME`: runs tests/long/NAME.py, whose `main(arguments) -> int` is one longer point.

Each prints its figure last, writes reports/NAME.json by `tests.long.report.write_report`, and returns 0 or 1.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

NOT_POINTS = frozenset({"__init__", "__main__", "report"})


def names() -> list[str]:
    """Every longer point there is."""
    found = (path.stem for path in Path(__file__).parent.glob("*.py"))
    return sorted(name for name in found if name not in NOT_POINTS and not name.startswith("_"))


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in names():
        asked = f"{arguments[0]!r} is no longer point" if arguments else "--long needs a name"
        print(f"{asked}; there are: {', '.join(names())}", file=sys.stderr)
        return 2
    module = importlib.import_module(f"tests.long.{arguments[0]}")
    return int(module.main(arguments[1:]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
