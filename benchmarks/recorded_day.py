"""A recorded day through the simulator's gateway over TCP, broker, quote book and bar store: the bars that come out.

Each trade leaves the gateway as one group of last price, last size and volume; the next one leaves when the bars have
it, so that a day of 126,000 trades takes half a minute and no two trades share a packet. Market time is the gateway's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import NamedTuple

from engine.bars.store import BarStore
from engine.broker.ib_broker import IBBroker
from engine.broker.port import BrokerEvent, Connected, Ticks
from engine.clock import SystemClock
from engine.domain import Bar, ContractRef
from engine.lines.quotes import QuoteBook
from simulator.gateway import Gateway
from simulator.replay import ReplayWorld, TickEvent
from simulator.settings import GatewaySettings

LONGEST_WAIT_S = 10.0
CLIENT_ID = 61


class Outcome(NamedTuple):
    """`ignored` = prints that the out-of-market rule left out of the prices."""

    bars: list[Bar]
    trades: int
    ignored: int
    seconds: float


class _Listener:
    """The engine's end: ticks to quotes to bars, as engine.engine wires it."""

    def __init__(self, world: ReplayWorld, contract: ContractRef) -> None:
        self._world = world
        self._contract = contract
        self._book = QuoteBook(lambda con_id: 1.0)
        self.store = BarStore()
        self.entry = self.store.add(contract)
        self.is_connected = asyncio.Event()
        self.heard = asyncio.Event()
        self.volume: float | None = None

    def __call__(self, event: BrokerEvent) -> None:
        if isinstance(event, Connected):
            self.is_connected.set()
        if not isinstance(event, Ticks):
            return
        for update in event.updates:
            con_id, name = self._contract.con_id, self._contract.local_symbol
            quote, _ = self._book.take(con_id, name, "streaming", 1, update, 0.0)
            self.store.on_quote(quote, self._world.now(), update.has_trade)
            self.volume = update.volume_raw
        self.heard.set()


async def play(world: ReplayWorld, contract: ContractRef) -> Outcome:
    """Serve `world` (whose speed is 0) and play it to the end."""
    gateway = Gateway(world, GatewaySettings(volume_unit="shares"), time.monotonic)
    await gateway.start()
    listener = _Listener(world, contract)
    broker = IBBroker("simulated", "127.0.0.1", gateway.port, CLIENT_ID, None, 1, listener, SystemClock())
    running = asyncio.create_task(broker.run())
    begun = time.perf_counter()
    try:
        async with asyncio.timeout(LONGEST_WAIT_S):
            await listener.is_connected.wait()
        _until_traded(world)
        broker.subscribe(contract, urgent=True)
        async with asyncio.timeout(LONGEST_WAIT_S):
            while not any(line.sent for line in gateway.desks.lines.open_lines(contract.con_id)):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        trades = await _play_all(world, gateway, listener)
    finally:
        await broker.stop()
        await running
        await gateway.stop()
    listener.store.close_due(world.now() + 120.0)
    bars = listener.store.bars(contract.con_id)
    return Outcome(bars, trades, listener.entry.prints.ignored, time.perf_counter() - begun)


def _until_traded(world: ReplayWorld) -> None:
    """A line begins with a quote: play up to the first trade."""
    while (event := world.step()) is not None and event.price is None:
        continue


async def _play_all(world: ReplayWorld, gateway: Gateway, listener: _Listener) -> int:
    trades = 0
    for _ in _trades(world):
        trades += 1
        listener.heard.clear()
        gateway.desks.lines.tick(time.monotonic())
        volume = world.quote(world.instruments()[0].con_id)
        async with asyncio.timeout(LONGEST_WAIT_S):
            while volume is not None and listener.volume != volume.volume:
                await listener.heard.wait()
                listener.heard.clear()
    return trades


def _trades(world: ReplayWorld) -> Iterator[TickEvent]:
    """Plays the world, stopping at each trade; quotes between two trades go out with the second."""
    while (event := world.step()) is not None:
        if event.price is not None:
            yield event
