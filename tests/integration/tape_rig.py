"""A recorder and a player of recordings, each in a thread, for clients of the tests."""

from __future__ import annotations

import asyncio
import gzip
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simulator.tape.cli import load
from simulator.tape.entries import END, Entry
from simulator.tape.player import Player
from simulator.tape.reading import TapeReader
from simulator.tape.recorder import Recorder
from simulator.tape.redaction import Redactor
from simulator.tape.writing import TapeWriter, new_header
from tests.patience import DEADLINE_S


class _InThread:
    """`made` is built and started in a loop of its own; `port` is its."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)
        self.made: Any = None

    @property
    def port(self) -> int:
        return self.made.port

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(DEADLINE_S), "it did not start"

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(DEADLINE_S)
        assert not self._thread.is_alive()

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self.made = self._make()
        await self.made.start()
        self._ready.set()
        await self._stop.wait()
        await self.made.stop()


@contextmanager
def recording(target_port: int, path: Path) -> Iterator[_InThread]:
    """A recorder before `target_port`; the file is complete afterwards."""
    tape = TapeWriter(path, new_header("test"), Redactor())
    thread = _InThread(lambda: Recorder("127.0.0.1", 0, ("127.0.0.1", target_port), tape, time.monotonic))
    thread.start()
    try:
        yield thread
    finally:
        thread.stop()
        tape.note(thread.made.seconds(), 0, END, {"orders": thread.made.orders, "lost": tape.lost})
        tape.close()


@contextmanager
def playing(path: Path, speed: float = 1.0, *, as_paper: bool = False) -> Iterator[_InThread]:
    index = load(path, as_paper=as_paper)
    thread = _InThread(lambda: Player(index, "127.0.0.1", 0, speed, time.monotonic))
    thread.start()
    try:
        yield thread
    finally:
        thread.stop()


def entries_of(path: Path) -> list[Entry]:
    return list(TapeReader(path).entries())


def text_of(path: Path) -> str:
    """The whole file as text."""
    return gzip.decompress(path.read_bytes()).decode()
