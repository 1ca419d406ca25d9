"""QTrade's launcher: `python app.py --help`. Nobody imports this file; the work is in app/launch/."""

from __future__ import annotations

import sys


def main() -> int:
    """Exit codes: 0 ended well, 2 configuration or port, 3 another engine uses the data folder."""
    if sys.version_info < (3, 11):  # noqa: UP036 - whatever interpreter starts it gets a sentence
        print("app.py: this Python is older than 3.11. Run: python start.py", file=sys.stderr)
        return 2
    try:
        # Here, so that a Python without the packages gets a sentence instead of a traceback.
        from app.launch.launch import run
    except ModuleNotFoundError as error:
        print(f"app.py: package {error.name} is missing in {sys.executable}. Run: python start.py", file=sys.stderr)
        return 2
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
