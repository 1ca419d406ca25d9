"""News over TCP: providers and headlines of the simulated gateway, an account without any, and what fails is said."""

from __future__ import annotations

import asyncio

import pytest

from engine.clock import SystemClock
from engine.config import NewsSettings
from engine.contracts.news import NONE, NewsRoom
from engine.domain import ContractRef
from engine.errors import RequestRejected
from tests.integration.broker_rig import Rig
from tests.integration.fake_world import START, TSLA
from tests.integration.gateway_thread import running_gateway

ON = NewsSettings(enabled=True, most=12)


def asked(work, **settings):
    """What `await work(rig)` gives on a connection to the simulated gateway."""

    async def scenario(port: int):
        async with Rig(port, mode="simulated") as rig:
            await rig.connected()
            return await work(rig)

    with running_gateway(**settings) as gateway:
        return asyncio.run(scenario(gateway.port))


def test_providers_headlines_and_sectors_come_as_plain_values():
    async def work(rig):
        room = NewsRoom(rig.broker, lambda: ON, SystemClock())
        providers = await rig.broker.news_providers()
        few = await rig.broker.headlines(TSLA.con_id, providers, 3)
        text, rows = await room.ask(TSLA.con_id)
        with pytest.raises(RequestRejected) as unknown:
            await rig.broker.headlines(4, providers, 3)
        info = (await rig.broker.contract_info(ContractRef(TSLA.con_id, "", "", "")))[0]
        return providers, few, text, rows, unknown.value, info

    providers, few, text, rows, unknown, info = asked(work)
    assert providers == ["BRFG", "DJNL", "FLY"]
    assert len(few) == 3 and [row.time_market for row in few] == sorted((r.time_market for r in few), reverse=True)
    assert all(START - 8 * 86_400.0 < row.time_market <= START + 3_600.0 for row in few)
    assert text == f"{len(rows)} headlines." and 3 < len(rows) <= 12
    words = [row[2] for row in rows]
    assert not any(word.startswith("{") for word in words), "a service's notes are no words"
    assert unknown.code == 200
    assert info.contract_month == "" and info.size_increment is not None


def test_an_account_without_providers_is_told_so():
    async def work(rig):
        room = NewsRoom(rig.broker, lambda: ON, SystemClock())
        with pytest.raises(RequestRejected) as refused:
            await rig.broker.headlines(TSLA.con_id, ["BRFG"], 3)
        return await room.ask(TSLA.con_id), refused.value

    told, refused = asked(work, news=False)
    assert told == (NONE, [])
    assert refused.code == 321
