"""Messages with unreadable parts over TCP: the part is lost, the rest arrives, the connection stands."""

from __future__ import annotations

import asyncio

import pytest

from engine.broker.port import HistoryRequest, PositionUpdate, ScanRows, ScanSpec
from tests.integration.broker_rig import MSFT, Rig
from tests.integration.second_gateway import SecondGateway

BARS = HistoryRequest("2 D", "1 min")
GAINERS = ScanSpec("Momentum", "TOP_PERC_GAIN", "STK", "STK.US.MAJOR", 50, (("priceAbove", "5"),), "CORP")


def spoil(place: int, value: str):
    """A rewrite of a message: another value in one of its fields."""

    def rewrite(text: str) -> str:
        fields = text.split("|")
        fields[place] = value
        return "|".join(fields)

    return rewrite


@pytest.fixture
def gateway():
    with SecondGateway() as running:
        yield running


def connected(gateway, work):
    async def scenario():
        async with Rig(gateway.port) as rig:
            await rig.connected()
            return await work(rig)

    return asyncio.run(scenario())


def test_one_bar_with_a_bad_date_loses_that_bar(gateway):
    gateway.rewrite[17] = spoil(5 + 8 * 7, "20251399")

    async def work(rig):
        bars = await rig.broker.history(MSFT, BARS, 5.0)
        assert len(bars) == 119
        assert sorted(later.time - bar.time for bar, later in zip(bars, bars[1:], strict=False))[-2:] == [60.0, 120.0]
        gateway.rewrite[17] = lambda text: text.rsplit("|", 3)[0]
        assert len(await rig.broker.history(MSFT, HistoryRequest("20 D", "15 mins"), 5.0)) == 119, "cut off"
        gateway.rewrite[17] = spoil(5 + 8 * 7 + 5, "?")
        bars = await rig.broker.history(MSFT, HistoryRequest("1 Y", "1 day"), 5.0)
        assert len(bars) == 120 and [bar.volume for bar in bars].count(None) == 1
        assert rig.broker.link.connected

    connected(gateway, work)


def test_hundreds_of_answers_with_one_bad_bar_each_do_not_end_the_connection(gateway):
    gateway.rewrite[17] = spoil(5, "?")

    async def work(rig):
        for _ in range(25):
            assert len(await rig.broker.history(MSFT, BARS, 5.0)) == 119
        assert rig.broker.link.connected

    connected(gateway, work)


def test_one_bad_row_loses_that_row_of_a_scan(gateway):
    gateway.rewrite[20] = spoil(4 + 16 * 3 + 1, "?")

    async def work(rig):
        req_id = rig.broker.open_scan(GAINERS)
        await rig.until(lambda: rig.of(ScanRows))
        rows = rig.of(ScanRows)[0]
        assert rows.req_id == req_id and [row.rank for row in rows.rows] == [n for n in range(20) if n != 3]

    connected(gateway, work)


def test_a_position_whose_cost_is_no_number_is_there(gateway):
    gateway.rewrite[61] = spoil(15, "n/a")

    async def work(rig):
        rows = {event.record.contract.local_symbol: event.record for event in rig.of(PositionUpdate)}
        assert rows["MSFT"].quantity == 50.0 and all(record.avg_cost is None for record in rows.values())

    connected(gateway, work)


def test_messages_that_nobody_asked_for_or_can_read_do_no_harm(gateway):
    async def work(rig):
        for text in (
            "50|3|99|?|1|1|1|1|1|1|1", "90|99|1|20251399|1|1|1|1|1|1", "88|99|never", "17|99|||x|y", "17|?|||1|2",
            "20|3|?|1", "79|?|1", "96|99|x", "106|99|x", "9999|1", "17", "",
        ):  # fmt: skip
            gateway.raw(_frame(text))
        assert len(await rig.broker.history(MSFT, BARS, 5.0)) == 120
        assert rig.broker.link.connected

    connected(gateway, work)


def _frame(text: str) -> bytes:
    body = (text.replace("|", "\0") + "\0").encode()
    return len(body).to_bytes(4, "big") + body
