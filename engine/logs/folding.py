"""What is said again and again: repeats on the console, and storms of failures in the file and on the page."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

WINDOW_S = 60.0
REMEMBERED = 256
SHOWN_OF_ONE_PLACE = 100  # within the window
SHOWN_OF_ONE_ERROR = 3


class Storm:
    """What fails with every tick must fill neither the disk nor the page: of the lines that one place in the code
    writes some a minute are let through, of those with the same kind of exception one. The next one says how many
    were left out."""

    def __init__(self, clock_mono: Callable[[], float]) -> None:
        self._clock = clock_mono
        self._places: OrderedDict[tuple[object, ...], _Place] = OrderedDict()

    def admit(self, record: logging.LogRecord) -> int | None:
        """None = left out; else how many of its place were left out before it."""
        if record.levelno < logging.WARNING:
            return 0
        error = record.exc_info[1] if record.exc_info else None
        key = (record.name, record.pathname, record.lineno, type(error), _raised_at(error))
        now = self._clock()
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = _Place(now)
            if len(self._places) > REMEMBERED:
                self._places.popitem(last=False)
        if now - place.since >= WINDOW_S:
            place.since, place.shown = now, 0
        if place.shown >= (SHOWN_OF_ONE_ERROR if error is not None else SHOWN_OF_ONE_PLACE):
            place.left_out += 1
            return None
        left_out, place.left_out = place.left_out, 0
        place.shown += 1
        return left_out


@dataclass(slots=True)
class _Place:
    since: float
    shown: int = 0
    left_out: int = 0


def _raised_at(error: BaseException | None) -> tuple[str, int] | None:
    """Where the exception comes from: the innermost frame."""
    trace = error.__traceback__ if error is not None else None
    if trace is None:
        return None
    while trace.tb_next is not None:
        trace = trace.tb_next
    return trace.tb_frame.f_code.co_filename, trace.tb_lineno


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
