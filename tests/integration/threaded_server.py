"""A TCP server for tests in a thread with a loop of its own, driven from the test's thread."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable

from tests.patience import DEADLINE_S


class ThreadedServer(contextlib.AbstractContextManager["ThreadedServer"]):
    """`with Server() as server:` listens on 127.0.0.1:`server.port`; port 0 = any, kept over stop and start."""

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self.accepted = 0
        self._ready = threading.Event()
        self._writers: set[asyncio.StreamWriter] = set()

    def __enter__(self):  # the subclass's own type
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> int:
        self._ready.clear()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name=type(self).__name__)
        self._thread.start()
        assert self._ready.wait(DEADLINE_S)
        return self.port

    def stop(self) -> None:
        """Stop listening and reset every connection."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(DEADLINE_S)

    def call(self, work: Callable[[], object]) -> None:
        """Run `work` in the server's loop and wait for it."""
        done = threading.Event()
        self._loop.call_soon_threadsafe(lambda: (work(), done.set()))
        assert done.wait(DEADLINE_S)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until it ends."""
        raise NotImplementedError

    async def run_beside(self) -> None:
        """Runs as long as the server listens."""

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        beside = asyncio.create_task(self.run_beside())
        self._ready.set()
        await self._stop.wait()
        beside.cancel()
        server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await asyncio.sleep(0.02)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self._writers.add(writer)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self.serve(reader, writer)
        finally:
            self._writers.discard(writer)
            writer.close()
