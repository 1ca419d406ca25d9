"""How the program is told to end: Ctrl+C, SIGTERM, closing the terminal or console window, log-off."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

GRACE_S = 2.8  # everything is down 3 s after the signal, or the process ends by itself
SAME_S = 1.0  # systemd tells start.py and us, and start.py hands it on: that is one request
_CONSOLE_CLOSE_EVENTS = (2, 5, 6)  # CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT, CTRL_SHUTDOWN_EVENT


class Ending:
    """`wait` returns when somebody asked to end; `finished` says that all is closed."""

    def __init__(
        self, exit_now: Callable[[int], Any] = os._exit, clock_mono: Callable[[], float] = time.monotonic
    ) -> None:
        self._asked = threading.Event()
        self._asked_mono = 0.0
        self._clock = clock_mono
        self._finished = threading.Event()
        self._exit_now = exit_now
        self._console_handler: Any = None  # kept: the system holds a bare pointer to it

    def listen(self) -> None:
        """Install the handlers; main thread only."""
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
            number = getattr(signal, name, None)
            if number is not None:
                signal.signal(number, self._on_signal)
        if sys.platform == "win32":
            self._listen_to_console()

    def ask(self) -> None:
        """End the program; a second request, not the same one told twice, ends it at once. Any thread."""
        if self._asked.is_set():
            if self._clock() - self._asked_mono >= SAME_S:
                self._exit_now(1)
            return
        self._asked_mono = self._clock()
        self._asked.set()
        threading.Thread(target=self._watch, name="ending", daemon=True).start()

    def wait(self, timeout_s: float | None = None) -> bool:
        """True as soon as the end was asked for. Short waits: on Windows a long one would hold back Ctrl+C."""
        if timeout_s is not None:
            return self._asked.wait(timeout_s)
        while not self._asked.wait(0.2):
            pass
        return True

    def finished(self) -> None:
        self._finished.set()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.ask()

    def _watch(self) -> None:
        if not self._finished.wait(GRACE_S):
            self._exit_now(0)

    def _listen_to_console(self) -> None:
        import ctypes  # only where a console window can be closed

        def on_event(event: int) -> bool:
            if event not in _CONSOLE_CLOSE_EVENTS:
                return False
            self.ask()
            self._finished.wait(GRACE_S)  # the system ends the process when this returns
            return True

        kernel: Any = ctypes.__dict__["windll"].kernel32
        self._console_handler = ctypes.__dict__["WINFUNCTYPE"](ctypes.c_int, ctypes.c_uint)(on_event)
        kernel.SetConsoleCtrlHandler(self._console_handler, True)
