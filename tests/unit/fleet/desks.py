"""Engines that publish into one store, each with an account of its own, and a dashboard's fleet on it."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from engine.clock import FakeClock
from engine.fleet.fleet import Fleet
from engine.state.bus import StateBus
from engine.state.disk_store import DiskStore
from engine.state.engine_sections import EngineSection
from engine.state.sections import Heartbeat, PositionsSection
from engine.state.writer import StateWriter
from tests.app.sample_state import fill_sample


class Desk:
    """One engine: `money` is its day P&L. Its writer is driven by hand."""

    def __init__(self, place: Floor, name: str, account: str, mode: str, money: float) -> None:
        self.name, self.account, self.mode, self.money = name, account, mode, money
        self.clock = place.clock
        self.bus = StateBus(None, place.clock)
        self.writer = StateWriter(place.store.outlet(name), place.clock, self.bus.current, self.bus._on_heard)
        self.fill()

    def fill(self) -> None:
        wall = self.clock.wall()
        fill_sample(self.bus, wall, self.clock.mono())
        broker, held = self.bus.read("broker"), self.bus.read("positions")
        assert isinstance(held, PositionsSection)
        figures = replace(held.account, account=self.account, daily_pnl=self.money, net_liquidation=10_000.0)
        self.bus.publish_all(
            {
                "engine": EngineSection(
                    name=self.name, machine="here", pid=1, started_wall=wall, mode=self.mode, accounts=(self.account,)
                ),
                "broker": replace(broker, mode=self.mode, account=self.account, accounts=(self.account,)),
                "positions": replace(
                    held,
                    tradable=tuple(replace(row, account=self.account) for row in held.tradable),
                    filtered=tuple(replace(row, account=self.account) for row in held.filtered),
                    account=figures,
                    accounts=(figures,),
                ),
                "pnl": replace(self.bus.read("pnl"), account=self.account),
            }
        )
        self.beat()

    def beat(self) -> None:
        wall = self.clock.wall()
        self.bus.publish(
            "heartbeat", Heartbeat(at_wall=wall, at_market=wall, started_wall=0.0, loop_lateness_p99_ms=1.0)
        )
        assert self.writer.flush(), self.writer.problem

    def close(self) -> None:
        self.writer.close()


class Floor:
    """A store, its engines by name, and the fleet of a dashboard."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.store = DiskStore(folder, self.clock.wall)
        self.store.engines = lambda: tuple(sorted(self.desks))  # type: ignore[method-assign]  # files have real times
        self.desks: dict[str, Desk] = {}
        self.fleet = Fleet(self.store, self.clock)

    def open(self, name: str, account: str, mode: str = "paper", money: float = 1.0) -> Desk:
        self.desks[name] = Desk(self, name, account, mode, money)
        return self.desks[name]

    def wait(self, seconds: float, *silent: str) -> None:
        """Time passes; the engines but those give a sign of life."""
        self.clock.advance(seconds)
        for name, desk in self.desks.items():
            if name not in silent:
                desk.beat()

    def close(self) -> None:
        for desk in self.desks.values():
            desk.close()
