"""A pacer in virtual time against a receiver that stalls: what waited is read at once, as TWS does.

`ahead(...)` sends as a plan says and tells when each message arrived.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.broker.pacing import Pacer
from engine.clock import FakeClock

ECHO = "time"
TICK_EVERY_S = 0.25


class _JumpingSelector(selectors.SelectSelector):
    """Nothing ever comes from outside: waiting is over at once, and the loop's time is later."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        self.now += max(0.0, timeout or 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


def in_virtual_time(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(work())


class LoopClock(FakeClock):
    """Follows the loop's clock."""

    def mono(self) -> float:
        return asyncio.get_running_loop().time()


@dataclass
class Receiver:
    """`stalls`: (from, seconds). `answers(n)`: whether the n-th numbered message is answered; `lost_echoes`: the n-th
    question for the time is not."""

    pacer: Pacer
    stalls: Sequence[tuple[float, float]] = ()
    latency_s: float = 0.002
    answers: Callable[[int], bool] = lambda number: True
    lost_echoes: Callable[[int], bool] = lambda n: False
    talks: bool = True
    arrived: list[float] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    echoes: int = 0

    def write(self, message: str) -> None:
        loop = asyncio.get_running_loop()
        at = self._awake(loop.time() + self.latency_s)
        loop.call_at(max(at, self.arrived[-1] if self.arrived else 0.0), self._read, message)

    def _awake(self, at: float) -> float:
        while ends := [begin + seconds for begin, seconds in self.stalls if begin <= at < begin + seconds]:
            at = max(ends)
        return at

    def _read(self, message: str) -> None:
        loop = asyncio.get_running_loop()
        self.arrived.append(loop.time())
        self.messages.append(message)
        if message == ECHO:
            self.echoes += 1
            if not self.lost_echoes(self.echoes):
                loop.call_later(self.latency_s, self._answer, self.pacer.echoed)
        elif message.isdigit() and self.answers(int(message)):
            loop.call_later(self.latency_s, self._answer, lambda: self.pacer.answered(int(message)))

    def _answer(self, tell: Callable[[], None]) -> None:
        self.pacer.heard()
        tell()

    async def talk(self) -> None:
        """Ticks, while it is awake."""
        loop = asyncio.get_running_loop()
        while self.talks:
            await asyncio.sleep(TICK_EVERY_S)
            if self._awake(loop.time()) == loop.time():
                self.pacer.heard()


def worst_second(times: Sequence[float]) -> int:
    """The most in any sliding second; `times` sorted."""
    worst, first = 0, 0
    for last, at in enumerate(times):
        while at - times[first] >= 1.0 - 1e-9:
            first += 1
        worst = max(worst, last - first + 1)
    return worst


def ahead(
    plan: Sequence[tuple[float, str, bool]], seconds: float, **receiver: Any
) -> tuple[Receiver, dict[str, tuple[float, float]]]:
    """Puts each (at, message, urgent) of the plan; a message of digits bears that number. Returns the receiver, and
    when each message was put and left."""
    times: dict[str, tuple[float, float]] = {}
    found: list[Receiver] = []

    async def work() -> None:
        loop = asyncio.get_running_loop()
        pacer = Pacer(LoopClock())
        found.append(Receiver(pacer, **receiver))
        pacer.attach(found[0].write, ECHO)
        talking = asyncio.ensure_future(found[0].talk())
        for at, message, urgent in sorted(plan):
            await asyncio.sleep(max(0.0, at - loop.time()))
            key = ("line", int(message)) if message.isdigit() else None
            put_at = loop.time()

            def sent(mono: float, message: str = message, put_at: float = put_at) -> None:
                times[message] = (put_at, mono)

            pacer.put(message, urgent=urgent, key=key, on_sent=sent)
        await asyncio.sleep(max(0.0, seconds - loop.time()))
        pacer.detach()
        talking.cancel()

    in_virtual_time(work)
    return found[0], times
