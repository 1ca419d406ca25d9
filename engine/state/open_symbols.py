"""Which symbols pages have open now: renewed by each poll of a page, forgotten when the polls stop."""

from __future__ import annotations

import threading

from engine.errors import CommandRefused

OPEN_FOR_S = 30.0  # LINES: a borrowed line is given back when its page stops polling for 30 s
OPEN_MAX = 50


class OpenSymbols:
    """Thread-safe; all times monotonic seconds."""

    def __init__(self) -> None:
        self._seen_mono: dict[int, float] = {}
        self._lock = threading.Lock()

    def renew(self, con_id: int, now_mono: float) -> bool:
        """Note that a page shows this symbol; True = it was not open before, so the engine has something to do.

        Raises:
            CommandRefused: too many symbols are open.
        """
        with self._lock:
            stale = [key for key, seen in self._seen_mono.items() if now_mono - seen > OPEN_FOR_S]
            for key in stale:
                del self._seen_mono[key]
            if con_id not in self._seen_mono and len(self._seen_mono) >= OPEN_MAX:
                raise CommandRefused(f"{OPEN_MAX} symbols are open already. Close a page, then try again.")
            is_new = con_id not in self._seen_mono
            self._seen_mono[con_id] = now_mono
            return is_new

    def since(self, from_mono: float) -> frozenset[int]:
        with self._lock:
            return frozenset(key for key, seen in self._seen_mono.items() if seen >= from_mono)
