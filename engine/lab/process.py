"""The lab process from the engine's side: started on first use, at low priority, ended with the engine.

Messages go out through a bounded queue and a thread that writes; what comes back is handed on in the thread that
reads. A process that died is started again with the next message; who waits is told by `on_exit`.
"""

from __future__ import annotations

import logging
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, NamedTuple

from engine.errors import LabError
from engine.lab.messages import FromLab, ToLab, framed, from_lab, length_of
from engine.storage.places import free_for_file, make_folder
from engine.storage.private import open_regular

log = logging.getLogger("qtrade.lab")

MOST_WAITING = 256
FULL = "The lab is busy with what was asked before; try again in a few seconds."
COMMAND = (sys.executable, "-m", "engine.lab.worker")
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


class Ended(NamedTuple):
    """A lab process ended by itself."""

    pid: int
    exit_code: int


class LabProcess:
    """One lab process at a time. `send` and `stop` from the engine thread; the callbacks come from the reading thread.

    Args:
        root: the program's folder, in which the process is started.
        log_file: what it says of errors.
        on_message: every message of the process.
        on_exit: the process ended by itself. May come after the next one was started.
    """

    def __init__(
        self,
        root: Path,
        log_file: Path,
        on_message: Callable[[FromLab], None],
        on_exit: Callable[[Ended], None],
    ) -> None:
        self._root = root
        self._log_file = log_file
        self._on_message = on_message
        self._on_exit = on_exit
        self._child: _Child | None = None

    @property
    def pid(self) -> int | None:
        """None while no process runs."""
        return self._child.process.pid if self._child is not None and self._child.is_alive else None

    def send(self, message: ToLab) -> bool:
        """Queue a message; True = the process was started for it, and knows nothing yet.

        Raises:
            LabError: it can't be started, or too much is waiting.
        """
        fresh = self._child is None or not self._child.is_alive
        if fresh:  # a process that died is not stopped here: who waits for it is still to be told
            self._child = _Child(self._start(), self._on_message, self._on_exit)
        assert self._child is not None
        self._child.put(framed(message))
        return fresh

    def stop(self) -> None:
        """End the process at once: it has nothing to save."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()

    def _start(self) -> subprocess.Popen[bytes]:
        kwargs: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            flags = ("BELOW_NORMAL_PRIORITY_CLASS", "CREATE_NO_WINDOW", "CREATE_NEW_PROCESS_GROUP")
            kwargs = {"creationflags": sum(getattr(subprocess, flag) for flag in flags)}
        try:
            make_folder(self._log_file.parent)
            free_for_file(self._log_file)
            with open(self._log_file, "ab", opener=open_regular) as errors:
                return subprocess.Popen(  # noqa: S603 - our own program, no shell
                    COMMAND,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    cwd=self._root,
                    env={**os.environ, **dict.fromkeys(THREADS, "1")},
                    **kwargs,
                )
        except OSError as error:
            raise LabError(f"The lab process can't be started: {error}.") from error


class _Child:
    """One process with its two threads."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        on_message: Callable[[FromLab], None],
        on_exit: Callable[[Ended], None],
    ) -> None:
        self.process = process
        self._on_message = on_message
        self._on_exit = on_exit
        self._outgoing: queue.Queue[bytes | None] = queue.Queue(MOST_WAITING)
        self._stopped = threading.Event()
        assert process.stdin is not None and process.stdout is not None
        for name, run in (("lab-write", self._write), ("lab-read", self._read)):
            stream = process.stdin if name == "lab-write" else process.stdout
            threading.Thread(target=run, args=(stream,), name=name, daemon=True).start()

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None and not self._stopped.is_set()

    def put(self, data: bytes) -> None:
        try:
            self._outgoing.put_nowait(data)
        except queue.Full:
            raise LabError(FULL) from None

    def kill(self) -> None:
        self._stopped.set()
        if self.process.poll() is None:
            self.process.kill()
        try:
            self._outgoing.put_nowait(None)
        except queue.Full:  # the writer meets the closed pipe by itself
            pass

    def _write(self, stream: IO[bytes]) -> None:
        try:
            while (data := self._outgoing.get()) is not None:
                stream.write(data)
                stream.flush()
        except (OSError, ValueError):  # the process is gone; the reader tells
            pass
        finally:
            try:
                stream.close()
            except OSError:  # what was left in the buffer has no reader any more
                pass

    def _read(self, stream: IO[bytes]) -> None:
        try:
            with stream:
                while head := stream.read(4):
                    self._on_message(from_lab.decode(stream.read(length_of(head))))
        except Exception:  # whatever it says: it is not to be understood, so it ends
            log.exception("The lab process said what can't be read")
            self.process.kill()
        code = self.process.wait()
        wanted = self._stopped.is_set()
        self._stopped.set()
        try:
            self._outgoing.put_nowait(None)
        except queue.Full:
            pass
        if not wanted:
            self._on_exit(Ended(self.process.pid, code))
