"""Repeats of one line are counted, not printed: pure, the time is an argument."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

WINDOW_S = 60.0
REMEMBERED = 256


@dataclass(slots=True)
class _Seen:
    shown_at: float
    folded: int = 0


class RepeatFolder:
    """Decides whether a line is shown. Remembers the last 256 different ones."""

    def __init__(self, window_s: float = WINDOW_S) -> None:
        self._window_s = window_s
        self._seen: OrderedDict[str, _Seen] = OrderedDict()

    def admit(self, key: str, now_mono: float) -> int | None:
        """None = a repeat within the window, don't show; else show, with the number folded since it was shown."""
        seen = self._seen.get(key)
        if seen is None:
            self._remember(key, now_mono)
            return 0
        self._seen.move_to_end(key)
        if now_mono - seen.shown_at < self._window_s:
            seen.folded += 1
            return None
        folded, seen.shown_at, seen.folded = seen.folded, now_mono, 0
        return folded

    def _remember(self, key: str, now_mono: float) -> None:
        self._seen[key] = _Seen(now_mono)
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
