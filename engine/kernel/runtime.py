"""EngineThread: the one thread that owns the event loop, the broker connection and every room of the engine."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
from collections.abc import Callable
from typing import Any, Protocol

log = logging.getLogger("qtrade.engine")


class LoopOwner(Protocol):
    """What runs in the thread; made inside it, so that the client library finds the thread's own loop."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until `stopping` is set, then close everything."""


class EngineThread:
    """Starts and stops the engine; safe to call from any thread.

    The event loop is made and set inside the thread before the client library is imported there: its event package
    binds the loop at import.
    """

    def __init__(self, build: Callable[[], LoopOwner]) -> None:
        self._build = build
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._ready = threading.Event()
        self.failure: BaseException | None = None

    @property
    def is_alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start the thread; returns when its loop runs."""
        if self.is_alive:
            raise RuntimeError("the engine thread runs already; stop it first")
        self._ready.clear()
        self._thread = threading.Thread(target=self._main, name="engine", daemon=True)
        self._thread.start()
        self._ready.wait(5.0)

    def stop(self, timeout_s: float = 3.0) -> bool:
        """Ask the loop to end and wait; False when it did not within `timeout_s`."""
        loop, stopping, thread = self._loop, self._stopping, self._thread
        if thread is None:
            return True
        if loop is not None and stopping is not None and not loop.is_closed():
            try:
                loop.call_soon_threadsafe(stopping.set)
            except RuntimeError:  # closed between the question and the call
                pass
        thread.join(timeout_s)
        return not thread.is_alive()

    def _main(self) -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        loop.set_exception_handler(_log_loop_error)
        self._loop = loop
        try:
            loop.run_until_complete(self._run())
        except BaseException as error:  # noqa: BLE001 - the thread's last frame: keep it for the health page
            self.failure = error
            log.exception("The engine thread ended with an error")
        finally:
            self._ready.set()
            _close(loop)

    async def _run(self) -> None:
        self._stopping = asyncio.Event()
        owner = self._build()
        _settle()
        self._ready.set()
        await owner.run(self._stopping)


def _log_loop_error(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    logging.getLogger("asyncio").error(
        "%s", context.get("message", "unhandled error in the loop"), exc_info=context.get("exception")
    )


def _settle() -> None:
    """What imports and the start made stays: 100,000 objects that a full collection would look at again and again."""
    gc.unfreeze()  # what an engine before this one left is garbage by now
    gc.collect()
    gc.freeze()


def _close(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what is left, then close: no task, generator or executor thread outlives the loop."""
    try:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        asyncio.set_event_loop(None)
        loop.close()
