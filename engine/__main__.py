"""`python -m engine`: an engine without pages (docs/scale.md). Nobody imports this file; the work is in app/launch/."""

from __future__ import annotations

import sys


def main() -> int:
    """Exit codes as of app.py: 0 ended well, 2 configuration, 3 another engine has the folder or the name."""
    from app.launch.launch import run

    return run(sys.argv[1:], has_pages=False)


if __name__ == "__main__":
    sys.exit(main())
