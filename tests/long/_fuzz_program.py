"""The whole program without limits of how often: the fuzzer is to reach what is behind them. Arguments as app.py's."""

from __future__ import annotations

import sys

from app.launch import wiring
from app.launch.launch import run


def main() -> int:
    wiring.Rates = lambda clock: None  # type: ignore[assignment,misc]
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
