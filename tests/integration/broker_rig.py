"""IBBroker in the test's own event loop, with shortened timings; collects events, log errors and leftovers."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable
from typing import Any, TypeVar

from engine.broker.ib_broker import IBBroker
from engine.broker.port import BrokerEvent, Connected, Ticks
from engine.broker.timings import Timings
from engine.clock import Clock, SystemClock
from engine.domain import ContractRef
from tests import patience

MSFT = ContractRef(272093, "MSFT", "MSFT", "STK", "SMART")
QUICK = Timings(
    handshake_s=0.5, positions_s=0.6, start_up_s=1.2, details_s=1.0, end_grace_s=0.2, probe_every_s=0.3,
    probe_timeout_s=0.4, silence_s=3.0, retry_refused_s=0.1, retry_silent_s=(0.1, 0.2), retry_busy_s=(0.1, 0.2),
    retry_mismatch_s=0.5, after_drop_s=0.05, executions_every_s=30.0, recheck_details_s=0.3,
)  # fmt: skip
Event = TypeVar("Event")


class ErrorLines(logging.Handler):
    """Every record of ERROR and above, of any logger."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.name}: {record.getMessage()}")


class Stopwatch:
    """`async with`: seconds as this loop had them. A busy machine makes it slow, a wait of the subject does not."""

    STEP_S = 0.01

    async def __aenter__(self) -> Stopwatch:
        self.seconds = 0.0
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self.STEP_S)
            self.seconds += self.STEP_S


class Rig:
    """`async with Rig(port) as rig:` starts the broker; leaving stops it and checks that nothing is left."""

    def __init__(
        self, port: int, *, timings: Timings = QUICK, mode: str = "paper", clock: Clock | None = None, **more: Any,
    ) -> None:  # fmt: skip
        self.events: list[BrokerEvent] = []
        self.errors = ErrorLines()
        options = {
            "client_id": 52, "account": None, "market_data_type": 4, "host": "127.0.0.1", "sink": self.events.append,
        } | more  # fmt: skip
        self.broker = IBBroker(
            mode=mode, port=port, clock=clock or SystemClock(), timings=timings, **options,
        )  # fmt: skip

    async def __aenter__(self) -> Rig:
        logging.getLogger().addHandler(self.errors)
        self._before = asyncio.all_tasks()
        self.task = asyncio.create_task(self.broker.run())
        return self

    async def __aexit__(self, kind: object, *_: object) -> None:
        await self.broker.stop()
        await self.task
        left = asyncio.all_tasks() - self._before
        gc.collect()
        await asyncio.sleep(0)
        logging.getLogger().removeHandler(self.errors)
        if kind is None:
            assert not left, left
            assert not self.errors.lines, self.errors.lines

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, true: Callable[[], Any], timeout_s: float = 0.0) -> None:
        try:
            await patience.until(true, timeout_s=timeout_s)
        except AssertionError as late:
            raise AssertionError(f"{late}; {self.broker.link}") from None

    async def connected(self, times: int = 1, timeout_s: float = 0.0) -> Connected:
        await self.until(lambda: len(self.of(Connected)) >= times, timeout_s)
        return self.of(Connected)[times - 1]

    def last_tick(self, req_id: int) -> Any:
        return next((u for event in reversed(self.of(Ticks)) for u in event.updates if u.req_id == req_id), None)
