"""The bus over TCP on the simulated gateway, judged by the gateway's own ledger."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.broker.port import BrokerEvent, Connected, Disconnected, RequestError, SystemNotice, Ticks
from engine.clock import SystemClock
from engine.config import LineSettings
from engine.coverage.rotation import Rotation
from engine.coverage.urgency import CoveragePolicy
from engine.domain import ContractRef, Demand, LineClass, Quote
from engine.lines.bus import Hooks, MarketDataBus
from engine.lines.report import LinesReport
from tests.integration.broker_rig import Rig
from tests.integration.fake_world import AAPL, CLZ5, COSTS, NAMES, NQZ5, TSLA
from tests.integration.gateway_thread import GatewayThread, running_gateway

HELD = (NQZ5, TSLA, CLZ5)


def ref(instrument: Any) -> ContractRef:
    exchange = "SMART" if instrument.sec_type == "STK" else instrument.exchange
    return ContractRef(
        instrument.con_id, instrument.symbol, instrument.local_symbol, instrument.sec_type, exchange, currency="USD"
    )


def want(instrument: Any, line_class: LineClass, score: float = 0.5) -> Demand:
    return Demand(ref(instrument), line_class, "test", "test", score, exposure_base=1.0)


POSITIONS = [want(instrument, "100") for instrument in HELD]
SCANNED = [want(name, "50", 0.9 - i / 1_000) for i, name in enumerate(NAMES)]


class LinesRig(Rig):
    """The broker's rig with a bus on top, stepped as the runtime does."""

    def __init__(self, gateway: GatewayThread, **settings: Any) -> None:
        super().__init__(gateway.port)
        self.gateway = gateway
        self.quotes: dict[int, Quote] = {}
        self.bus = MarketDataBus(
            self.broker,
            LineSettings(top_max=100, **settings),
            SystemClock(),
            Hooks(lambda q, _: self.quotes.update({q.con_id: q})),
            Rotation(CoveragePolicy()),
        )
        self.report = LinesReport(self.bus)
        self.broker._sink = self._take  # events go to the bus first
        self.bus.demand("positions", POSITIONS)

    def _take(self, event: BrokerEvent) -> None:
        self.events.append(event)
        if isinstance(event, Ticks):
            self.bus.on_ticks(event)
        elif isinstance(event, Connected):
            self.bus.on_connected(event.epoch)
        elif isinstance(event, Disconnected):
            self.bus.on_disconnected()
        elif isinstance(event, RequestError):
            self.bus.on_error(event)
        elif isinstance(event, SystemNotice):
            self.bus.on_notice(event)

    async def step_until(self, true: Any, timeout_s: float = 0.0) -> None:
        """Step 4 times a second until `true()`."""

        async def steps() -> None:
            while True:
                self.bus.step(SystemClock().mono())
                await asyncio.sleep(0.25)

        stepping = asyncio.create_task(steps())
        try:
            await self.until(true, timeout_s)
        finally:
            stepping.cancel()

    async def ledger(self) -> dict[str, Any]:
        return await asyncio.to_thread(self.gateway.ledger)

    async def fault(self, kind: str, **params: object) -> None:
        await asyncio.to_thread(self.gateway.fault, kind, **params)

    def live(self) -> set[int]:
        return set(self.bus.live_con_ids())

    async def assert_ledgers_agree(self) -> None:
        lines = (await self.ledger())["lines"]
        assert sorted(line["con_id"] for line in lines) == sorted(row.con_id for row in self.report.snapshot().rows)


@pytest.fixture
def gateway():
    with running_gateway() as running:
        yield running


def test_positions_first_then_the_scanners_up_to_their_capacity(gateway: GatewayThread) -> None:
    async def scenario() -> None:
        async with LinesRig(gateway) as rig:
            rig.bus.demand("scanners", SCANNED)
            await rig.step_until(lambda: len(rig.live()) == 48)
            ledger = await rig.ledger()
            assert (ledger["max_lines"], ledger["max_non_position_lines"]) == (48, 45)
            opened = sorted(ledger["lines"], key=lambda line: line["opened_wall"])
            assert {line["con_id"] for line in opened[:3]} == set(COSTS)
            assert ledger["duplicate_lines"] == ledger["errors"].get("101", 0) == 0
            assert ledger["worst_second"] <= 45
            await rig.assert_ledgers_agree()
            assert rig.report.snapshot().refused[0].reason == "at limit (48/50, 2 kept for positions)"
            assert rig.quotes[TSLA.con_id].price_kind == "last"

    asyncio.run(scenario())


def test_a_new_position_at_the_limit_has_its_line_in_two_seconds_after_one_eviction(gateway: GatewayThread) -> None:
    async def scenario() -> None:
        async with LinesRig(gateway, limit=20, buffer=2) as rig:
            rig.bus.demand("scanners", SCANNED)
            await rig.step_until(lambda: len(rig.live()) == 20)
            rig.bus.demand("positions", [*POSITIONS, want(AAPL, "100")])
            await rig.step_until(lambda: AAPL.con_id in rig.live(), 2.0)
            ledger = await rig.ledger()
            assert ledger["max_lines"] == 20
            assert (ledger["lines_cancelled"], ledger["position_lines_cancelled"]) == (1, 0)

    asyncio.run(scenario())


def test_101_teaches_the_limit_over_the_wire(gateway: GatewayThread) -> None:
    async def scenario() -> None:
        async with LinesRig(gateway) as rig:
            await rig.fault("line_limit", limit=15)
            rig.bus.demand("scanners", SCANNED)
            await rig.step_until(lambda: rig.report.snapshot().effective_limit == 15 and len(rig.live()) >= 10)
            assert set(COSTS) <= rig.live()
            assert (await rig.ledger())["errors"]["101"] <= 8
            assert "TWS windows use about 35" in rig.report.snapshot().learned_cap_text
            await rig.step_until(lambda: all(row.state == "live" for row in rig.report.snapshot().rows))
            await rig.assert_ledgers_agree()

    asyncio.run(scenario())


def test_lines_that_tws_gives_back_are_found_again_over_the_wire(gateway: GatewayThread) -> None:
    async def scenario() -> None:
        async with LinesRig(gateway) as rig:

            def refusals() -> int:
                return sum(error.code == 101 for error in rig.of(RequestError))

            await rig.fault("line_limit", limit=15)
            rig.bus.demand("scanners", SCANNED)
            await rig.step_until(lambda: rig.report.snapshot().effective_limit == 15 and len(rig.live()) >= 10)
            learned = refusals()
            rig.bus.cap.try_after_s = (0.5, 600.0)
            await rig.step_until(lambda: refusals() > learned and not rig.bus.cap.is_trying)
            assert rig.report.snapshot().effective_limit == 15
            await rig.fault("line_limit", limit=100)
            rig.bus.cap.try_after_s = (0.5,)
            await rig.step_until(lambda: len(rig.live()) == 48 and not rig.report.snapshot().learned_cap_text)
            assert refusals() == learned + 1, "the try in vain"
            assert (await rig.ledger())["position_lines_cancelled"] == 0
            assert set(COSTS) <= rig.live()

    asyncio.run(scenario())


def test_after_data_lost_every_line_is_back_within_five_seconds_and_none_doubled(gateway: GatewayThread) -> None:
    async def scenario() -> None:
        async with LinesRig(gateway) as rig:
            rig.bus.demand("scanners", SCANNED)
            await rig.step_until(lambda: len(rig.live()) == 48)
            before = (await rig.ledger())["lines_opened"]
            await rig.fault("restored_lost")
            await rig.step_until(lambda: len(rig.live()) < 48)
            await rig.step_until(lambda: len(rig.live()) == 48, 5.0)
            ledger = await rig.ledger()
            assert (ledger["duplicate_lines"], ledger["lines_cancelled"]) == (0, 0)
            assert ledger["lines_opened"] == before + 48
            await rig.assert_ledgers_agree()

    asyncio.run(scenario())


def test_after_data_kept_nothing_is_requested(gateway: GatewayThread) -> None:
    async def scenario() -> None:
        async with LinesRig(gateway) as rig:
            rig.bus.demand("scanners", SCANNED[:10])
            await rig.step_until(lambda: len(rig.live()) == 13)
            before = await rig.ledger()
            await rig.fault("restored_kept")
            await rig.until(lambda: any(notice.code == 1102 for notice in rig.of(SystemNotice)))
            await asyncio.sleep(0.5)
            after = await rig.ledger()
            assert after["lines_opened"] == before["lines_opened"]
            assert after["lines_cancelled"] == before["lines_cancelled"]

    asyncio.run(scenario())


def test_a_dropped_connection_brings_everything_back_under_a_new_epoch(gateway: GatewayThread) -> None:
    async def scenario() -> None:
        async with LinesRig(gateway) as rig:
            rig.bus.demand("scanners", SCANNED)
            await rig.step_until(lambda: len(rig.live()) == 48)
            await rig.fault("drop")
            await rig.until(lambda: rig.of(Disconnected))
            assert rig.report.snapshot().used == 0
            await rig.connected(2)
            await rig.step_until(lambda: len(rig.live()) == 48)
            assert {rig.quotes[con_id].epoch for con_id in COSTS} == {2}
            await rig.assert_ledgers_agree()

    asyncio.run(scenario())
