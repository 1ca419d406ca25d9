"""What the stores found broken, and what they did about it, in words: logged at once, and kept for the Health page.

One list for the process, as the log's: a file may be rescued before there is an engine that could be told.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from pathlib import Path
from typing import NamedTuple

log = logging.getLogger("qtrade.storage")

KEPT = 100
KEPT_BESIDE = (
    "Nothing needs to be done: the damaged file is kept beside the new one. Check the disk if it happens again."
)


class Rescue(NamedTuple):
    """One file that was not as it should be."""

    path: Path
    title: str
    text: str
    cure: str


_told: deque[Rescue] = deque(maxlen=KEPT)
_lock = threading.Lock()


def tell(path: Path, title: str, text: str, cure: str = KEPT_BESIDE) -> None:
    """Log it and keep it. Any thread."""
    log.error("%s: %s", title, text)
    note(path, title, text, cure)


def note(path: Path, title: str, text: str, cure: str = KEPT_BESIDE) -> None:
    """Keep it: the log has it already, or does not run yet. Any thread."""
    with _lock:
        _told.append(Rescue(path, title, text, cure))


def take(*folders: Path | None) -> list[Rescue]:
    """What was told of files in these folders since the last call, oldest first; None = there is none. Any thread."""
    with _lock:
        found = [r for r in _told if any(each is not None and r.path.is_relative_to(each) for each in folders)]
        for rescue in found:
            _told.remove(rescue)
    return found
