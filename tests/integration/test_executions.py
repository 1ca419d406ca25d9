"""Executions and commission reports over TCP, as raw messages of a second gateway: none lost, none counted twice."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import time

import pytest

from engine.broker.port import FillReport
from engine.domain import Fill
from engine.portfolio.fills import FillBook, without_allocations
from tests.integration.broker_rig import QUICK, Rig
from tests.integration.second_gateway import SecondGateway

UNSET = "1.7976931348623157E308"
OWN = "0001.01"  # what the gateway answers by itself


@pytest.fixture
def gateway():
    with SecondGateway() as server:
        yield server


def execution(
    exec_id: str, when: str = "20251110 10:00:00 US/Eastern", *, account: str = "DF7654321", side: str = "BOT",
    shares: str = "50", price: str = "300.25", sec_type: str = "STK", con_id: int = 272093, perm_id: int = 5,
    cum: str = "50", req_id: int = -1,
) -> str:  # fmt: skip
    contract = f"{con_id}|MSFT|{sec_type}||0.0|||NASDAQ|USD|MSFT|MSFT"
    deal = f"{account}|NASDAQ|{side}|{shares}|{price}|{perm_id}|0|0|{cum}|{price}"
    return f"11|{req_id}|0|{contract}|{exec_id}|{when}|{deal}|||||2"


def run(gateway, work, **options):
    async def scenario():
        async with Rig(gateway.port, **options) as rig:
            await rig.connected()
            await rig.until(lambda: told(rig, OWN) and told(rig, OWN)[-1].commission is not None)
            await work(rig)
            return rig

    return asyncio.run(scenario())


def told(rig: Rig, exec_id: str | None = None) -> list[Fill]:
    fills = [event.fill for event in rig.of(FillReport)]
    return [fill for fill in fills if exec_id in (None, fill.exec_id)]


def book(rig: Rig) -> tuple[Fill, ...]:
    """What the engine's book makes of all that was told, the gateway's own fill aside."""
    kept = FillBook()
    for fill in told(rig):
        kept.on_fill(fill)
    return tuple(fill for fill in kept.fills() if fill.exec_id != OWN)


@pytest.fixture(params=["America/New_York", "Australia/Sydney"])
def machine_zone(request):
    if not hasattr(time, "tzset"):
        pytest.skip("the zone of a process can't be changed here")
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield
    os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
    time.tzset()


def test_unknown_and_missing_zones_lose_nothing(gateway, machine_zone):
    async def work(rig):
        gateway.send(execution("a.01", "20251110 10:00:00 US/Eastern"))
        gateway.send(execution("b.01", "20250225-15:15:00"))
        gateway.send(execution("c.01", "20251110  16:31:22"))
        gateway.send(execution("d.01", "20251110 10:00:00 Moon/Base"))
        gateway.send(execution("e.01", "20251110 10:00:00 EST (Eastern Standard Time)"))
        await rig.until(lambda: len(book(rig)) == 5)
        at = {fill.exec_id: fill for fill in book(rig)}

        def utc(*parts):
            return dt.datetime(*parts, tzinfo=dt.UTC).timestamp()

        assert at["a.01"].time_market == at["e.01"].time_market == utc(2025, 11, 10, 15)
        assert at["b.01"].time_market == utc(2025, 2, 25, 15, 15)
        assert at["c.01"].time_market == utc(2025, 11, 10, 16, 31, 22)
        unknown = at["d.01"]
        assert (unknown.time_kind, unknown.exchange_zone) == ("received", "Moon/Base")
        assert abs(unknown.time_market - time.time()) < 30.0
        gateway.send(execution("d.01", "20251110 10:00:00 Moon/Base"))
        gateway.send(execution("f.01"))
        await rig.until(lambda: told(rig, "f.01"))
        assert len(told(rig, "d.01")) == 1, "told again, it says nothing new"

    run(gateway, work)


def test_a_report_before_its_execution_with_its_own_currency(gateway):
    async def work(rig):
        gateway.send(f"59|1|a.01|1.02|EUR|{UNSET}||")
        gateway.send(execution("a.01"))
        await rig.until(lambda: told(rig, "a.01"))
        (fill,) = told(rig, "a.01")
        assert (fill.commission, fill.commission_currency, fill.currency, fill.realized_pnl) == (
            1.02,
            "EUR",
            "USD",
            None,
        )

    run(gateway, work)


def test_a_pending_report_a_rebate_and_a_second_report(gateway):
    async def work(rig):
        gateway.send(execution("a.01"))
        gateway.send(f"59|1|a.01|-1.0|USD|{UNSET}||")
        gateway.send(execution("b.01"))
        gateway.send("59|1|b.01|-0.35|USD|12.5||")
        await rig.until(lambda: told(rig, "b.01"))
        assert told(rig, "a.01")[-1].commission is None
        assert (told(rig, "b.01")[-1].commission, told(rig, "b.01")[-1].realized_pnl) == (-0.35, 12.5)
        gateway.send("59|1|a.01|0.0|USD|0.0||")
        await rig.until(lambda: told(rig, "a.01")[-1].commission == 0.0)
        gateway.send(f"59|1|a.01|-1.0|USD|{UNSET}||")
        gateway.send(execution("c.01"))
        await rig.until(lambda: told(rig, "c.01"))
        assert told(rig, "a.01")[-1].commission == 0.0

    run(gateway, work)


def test_a_correction_legs_and_a_heading(gateway):
    async def work(rig):
        gateway.send(execution("a.01.02", price="300.15"))
        gateway.send(execution("a.01.01"))
        gateway.send(execution("b.01.01", sec_type="BAG", con_id=1, shares="1", price="-2.5"))
        gateway.send(execution("b.01.02.01", sec_type="OPT", con_id=2))
        gateway.send(execution("b.01.03.01", sec_type="OPT", con_id=3, side="SLD", price="0.0"))
        await rig.until(lambda: told(rig, "b.01.03.01"))
        assert sorted((fill.con_id, fill.price) for fill in book(rig)) == [(2, 300.25), (3, 0.0), (272093, 300.15)]

    run(gateway, work)


def test_a_message_that_is_no_execution_harms_no_other(gateway):
    async def work(rig):
        gateway.send(execution("a.01", shares="many"))
        gateway.send("11|-1|0")
        gateway.send("59|1")
        gateway.send(execution("b.01") + "|1|more")
        await rig.until(lambda: told(rig, "b.01"))
        assert not told(rig, "a.01") and told(rig, "b.01")[0].price_pending
        assert rig.broker.link.connected

    run(gateway, work)


def test_fills_of_other_accounts_are_not_ours(gateway):
    async def work(rig):
        gateway.send(execution("a.01", account="DU9999999"))
        gateway.send(execution("b.01", account=""))
        await rig.until(lambda: told(rig, "b.01"))
        assert not told(rig, "a.01") and told(rig, "b.01")[0].account == "DF7654321"

    run(gateway, work)


def test_the_request_names_the_only_account_bare(gateway):
    async def work(rig):
        assert {fields[4] for fields in gateway.requests(7)} == {"DF7654321"}

    run(gateway, work)


def test_an_account_code_that_the_gateway_refuses_is_asked_for_without(gateway):
    """321 for the filter, once: from then on all are asked for."""
    answer, errors = gateway._small_answer, []

    def refuse(client, fields):
        if fields[0] == "7" and fields[4]:
            errors.append(fields[4])
            text = "Error validating request.-'bT' : cause - Invalid account code."
            return gateway._error(client, fields[2], 321, text)
        return answer(client, fields)

    gateway._small_answer = refuse

    async def work(rig):
        rig.broker._session.executions.look_again()
        await rig.until(lambda: len([fields for fields in gateway.requests(7) if not fields[4]]) >= 2, 8.0)
        assert errors == ["DF7654321"]

    run(gateway, work)


def test_an_advisors_order_is_asked_for_by_all_accounts_and_counts_once():
    with SecondGateway(clients={"DU1": [], "DU2": []}) as gateway:

        async def work():
            async with Rig(gateway.port, timings=QUICK) as rig:
                await rig.connected()
                await rig.until(
                    lambda: {fields[4] for fields in gateway.requests(7)} == {"", "DF7654321", "DU1", "DU2"}
                )
                gateway.send(execution("a.01", account="DF7654321", shares="100"))
                gateway.send(execution("b.01", account="DU1", shares="60"))
                gateway.send(execution("c.01", account="DU2", shares="40"))
                gateway.send("59|1|b.01|1.5|USD|0.0||")
                await rig.until(lambda: len(book(rig)) == 3)
                counted = without_allocations(book(rig))
                assert sum(fill.quantity for fill in counted) == 100.0
                assert {fill.account for fill in counted} == {"DU1", "DU2"}

        asyncio.run(work())


def test_after_a_drop_nothing_is_told_twice_as_new(gateway):
    async def work(rig):
        gateway.send(execution("a.01"))
        gateway.send("59|1|a.01|1.0|USD|5.0||")
        await rig.until(lambda: told(rig, "a.01") and told(rig, "a.01")[-1].commission == 1.0)
        gateway.drop()
        await rig.connected(times=2)
        gateway.send(execution("a.01"))
        gateway.send(execution("b.01"))
        await rig.until(lambda: told(rig, "b.01"))
        assert [(fill.exec_id, fill.commission) for fill in book(rig)] == [("a.01", 1.0), ("b.01", None)]

    run(gateway, work)
