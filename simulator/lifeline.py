"""Ends the process with its parent: standard input closes when the parent goes, however it goes."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable

GRACE_S = 5.0


def watch_stdin(on_closed: Callable[[], object]) -> threading.Thread:
    """Reads standard input in a daemon thread; `on_closed` is called there at its end.

    If the process still lives after a grace time, it is ended without further ado.
    """
    thread = threading.Thread(target=_watch, args=(on_closed,), name="stdin-watch", daemon=True)
    thread.start()
    return thread


def _watch(on_closed: Callable[[], object]) -> None:
    descriptor = sys.stdin.fileno() if sys.stdin is not None else -1
    while descriptor >= 0:
        try:
            if not os.read(descriptor, 4096):
                break
        except OSError:
            break
    on_closed()
    threading.Event().wait(GRACE_S)
    os._exit(0)
