"""IBBroker over TCP with several accounts: an advisor's login, what each account gets, what degrades."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import msgspec
import pytest

from engine.broker.port import (
    AccountPnl,
    AccountValue,
    Connected,
    Disconnected,
    PortfolioMark,
    PositionPnl,
    PositionUpdate,
    RequestError,
)
from tests.integration.broker_rig import QUICK, Rig
from tests.integration.second_gateway import HELD, SecondGateway

MASTER, FIRST, SECOND = "DF7654321", "DU1000001", "DU1000002"
MSFT, ES, *_ = HELD
CLIENTS = {FIRST: [MSFT, ES], SECOND: [replace(MSFT, quantity=-20, cost=411.5)]}
UNSET = "1.7976931348623157E308"


@pytest.fixture
def advisor():
    with SecondGateway(account=MASTER, clients=CLIENTS) as running:
        yield running


def values(rig: Rig, account: str) -> dict[tuple[str, str], float | None]:
    return {(value.tag, value.currency): value.value for value in rig.of(AccountValue) if value.account == account}


def held(rig: Rig) -> dict[tuple[str, str], tuple[float, float | None]]:
    """The newest quantity and cost by account and symbol."""
    records = [event.record for event in rig.of(PositionUpdate)]
    return {(record.account, record.contract.symbol): (record.quantity, record.avg_cost) for record in records}


def test_all_accounts_of_an_advisors_login_are_watched(advisor):
    async def scenario():
        async with Rig(advisor.port) as rig:
            connected = await rig.connected()
            assert (connected.account, connected.accounts) == (MASTER, (MASTER, FIRST, SECOND))
            assert connected.login_accounts == rig.broker.link.accounts == (MASTER, FIRST, SECOND)
            kinds = [type(event) for event in rig.events]
            assert kinds[:4] == [PositionUpdate] * 3 + [Connected], "positions of all accounts come first"
            assert held(rig) == {
                (FIRST, "MSFT"): (50.0, 300.25), (FIRST, "ES"): (2.0, 335000.5), (SECOND, "MSFT"): (-20.0, 411.5),
            }  # fmt: skip
            await rig.until(lambda: len({value.account for value in rig.of(AccountValue)}) == 3)
            await rig.until(lambda: len(rig.of(AccountPnl)) == 3)
            for n, account in enumerate((MASTER, FIRST, SECOND)):
                assert values(rig, account)["NetLiquidation", "USD"] == 250000.5 + 1000 * n
            assert {pnl.account: pnl.daily for pnl in rig.of(AccountPnl)} == {
                MASTER: -120.5, FIRST: -119.5, SECOND: -118.5,
            }  # fmt: skip
            for account in (FIRST, SECOND):
                rig.broker.request_position_pnl(account, MSFT.con_id)
            await rig.until(lambda: len(rig.of(PositionPnl)) == 2)
            assert {pnl.account for pnl in rig.of(PositionPnl)} == {FIRST, SECOND}

    asyncio.run(scenario())
    asked = [fields[3] for fields in advisor.requests(76)]
    assert asked == [MASTER, FIRST, SECOND]
    assert [fields[3] for fields in advisor.requests(9)].count(str(MSFT.con_id)) == 1, "one look-up for all holders"
    assert advisor.worst_second() <= 45


def test_one_chosen_account_is_watched_alone(advisor):
    async def scenario():
        async with Rig(advisor.port, account=SECOND) as rig:
            connected = await rig.connected()
            assert (connected.account, connected.accounts) == (SECOND, (SECOND,))
            assert connected.login_accounts == (MASTER, FIRST, SECOND)
            await rig.until(lambda: rig.of(AccountValue) and rig.of(AccountPnl) and rig.of(PortfolioMark))
            assert held(rig) == {(SECOND, "MSFT"): (-20.0, 411.5)}
            assert {value.account for value in rig.of(AccountValue)} == {SECOND}

    asyncio.run(scenario())
    assert not advisor.requests(76), "the stream of one account has everything"
    assert [fields[3] for fields in advisor.requests(6)] == [SECOND]


def test_closing_one_accounts_position_leaves_the_others(advisor):
    async def scenario():
        async with Rig(advisor.port) as rig:
            await rig.connected()
            advisor.send(f"61|3|{FIRST}|{MSFT.names}|0|0")
            await rig.until(lambda: held(rig)[FIRST, "MSFT"][0] == 0.0)
            assert held(rig)[SECOND, "MSFT"] == (-20.0, 411.5)
            advisor.send(f"61|3|{SECOND}|{MSFT.names}|-30|412.0")
            await rig.until(lambda: held(rig)[SECOND, "MSFT"] == (-30.0, 412.0))
            newest = rig.of(PositionUpdate)[-1].record
            assert (newest.contract.exchange, newest.contract.primary_exchange) == ("SMART", "NASDAQ")
            advisor.send(f"61|3|{FIRST}|{MSFT.names}|5|410.0")
            await rig.until(lambda: held(rig)[FIRST, "MSFT"] == (5.0, 410.0))
            advisor.send(f"61|3|DU9999999|{MSFT.names}|7|1.0")
            advisor.send(f"61|3|{SECOND}|{MSFT.names}|0|0")
            await rig.until(lambda: held(rig)[SECOND, "MSFT"][0] == 0.0)
            assert {account for account, _ in held(rig)} == {FIRST, SECOND}, "not an account of this login"

    asyncio.run(scenario())


@pytest.mark.parametrize("listed", [f"{MASTER},,{FIRST},{SECOND},All,", f"All,{MASTER}, {FIRST},{SECOND},{FIRST},,"])
def test_empty_names_and_all_are_no_accounts(advisor, listed):
    advisor.listed = listed

    async def scenario():
        async with Rig(advisor.port) as rig:
            assert (await rig.connected()).accounts == (MASTER, FIRST, SECOND)

    asyncio.run(scenario())


@pytest.mark.parametrize("listed", ["", ",", "All,"])
def test_an_empty_list_is_said_and_tried_again(advisor, listed):
    advisor.listed = listed

    async def scenario():
        async with Rig(advisor.port) as rig:
            await rig.until(lambda: rig.of(Disconnected))
            link = rig.broker.link
            assert (link.phase, link.connected) == ("refused", False)
            assert link.reason == "TWS is connected but names no account"
            assert "log in again" in link.cure
            advisor.listed = None
            assert (await rig.connected()).accounts == (MASTER, FIRST, SECOND)

    asyncio.run(scenario())


def test_a_list_that_comes_empty_first_is_waited_for(advisor):
    advisor.listed = ""

    async def scenario():
        timings = msgspec.structs.replace(QUICK, end_grace_s=5.0, handshake_s=8.0)
        async with Rig(advisor.port, timings=timings) as rig:
            await rig.until(lambda: advisor.connects)
            advisor.send(f"15|1|{MASTER},{FIRST},{SECOND},")
            await rig.connected()
            assert not rig.of(Disconnected)

    asyncio.run(scenario())


@pytest.mark.parametrize(("master", "client", "mode"), [("DF1", "U2000002", "paper"), ("F1", "DU200002", "live")])
def test_every_watched_account_must_fit_the_mode(master, client, mode):
    with SecondGateway(account=master, clients={client: [MSFT]}) as gateway:

        async def scenario():
            async with Rig(gateway.port, mode=mode) as rig:
                await rig.until(lambda: rig.of(Disconnected))
                assert rig.broker.link.phase == "refused"
                assert f"{client[:2]}***002" in rig.broker.link.reason
                assert "1 of the 2 accounts" in rig.broker.link.reason
            async with Rig(gateway.port, mode=mode, account=master) as rig:
                assert (await rig.connected()).accounts == (master,)

        asyncio.run(scenario())


def test_values_that_a_gateway_does_not_send_are_asked_for_again(advisor):
    advisor.withhold = {6, 73, 74, 94}
    timings = msgspec.structs.replace(QUICK, recheck_values_s=0.2)

    async def scenario():
        async with Rig(advisor.port, timings=timings) as rig:
            await rig.connected()
            await rig.until(lambda: sum(fields[3] == SECOND for fields in advisor.requests(76)) > 2)
            assert not values(rig, FIRST) and not values(rig, MASTER)
            advisor.withhold = {6}
            await rig.until(lambda: all(values(rig, name) for name in (FIRST, SECOND)))

    asyncio.run(scenario())
    cancelled = [fields[2] for fields in advisor.requests(77)]
    assert cancelled and set(cancelled) <= {fields[2] for fields in advisor.requests(76)}


def test_a_gateway_that_knows_the_one_stream_alone_is_asked_for_one_account_after_the_other(advisor):
    advisor.withhold = {73, 74}
    timings = msgspec.structs.replace(QUICK, recheck_values_s=0.2)

    async def scenario():
        async with Rig(advisor.port, timings=timings) as rig:
            await rig.connected()
            await rig.until(lambda: all(values(rig, name) for name in (MASTER, FIRST, SECOND)))
            assert values(rig, SECOND)["NetLiquidation", "USD"] == 252000.5
            await rig.until(lambda: {mark.account for mark in rig.of(PortfolioMark)} == {FIRST, SECOND})
            await rig.until(lambda: [fields[3] for fields in advisor.requests(6)].count(SECOND) > 1)

    asyncio.run(scenario())
    assert [fields[3] for fields in advisor.requests(6)][:4] == [MASTER, FIRST, SECOND, MASTER]


def test_after_1101_everything_is_asked_again_for_each_account(advisor):
    async def scenario():
        async with Rig(advisor.port) as rig:
            await rig.connected()
            rig.broker.request_position_pnl(SECOND, MSFT.con_id)
            await rig.until(lambda: rig.of(PositionPnl) and len(rig.of(AccountPnl)) == 3)
            rig.events.clear()
            advisor.notice(1101, "Connectivity between IB and TWS has been restored- data lost.")
            await rig.until(lambda: len(rig.of(AccountPnl)) == 3 and rig.of(PositionPnl))
            await rig.until(lambda: len({value.account for value in rig.of(AccountValue)}) == 3)

    asyncio.run(scenario())
    assert [fields[3] for fields in advisor.requests(76)] == [MASTER, FIRST, SECOND] * 2
    assert len(advisor.requests(77)) == len(advisor.requests(93)) == 3
    assert [fields[2] for fields in advisor.requests(94)] == [SECOND] * 2
    assert len(advisor.requests(61)) == 2


def test_both_forms_of_the_keys_of_currencies_are_read(advisor):
    advisor.values[FIRST] = [
        "NetLiquidation|1000.00|BASE", "$LEDGER-ExchangeRate|1.0850|USD", "$LEDGER-CashBalance|-12.50|USD",
        "ExchangeRate|1.00|EUR", "AccountType|ADVISOR CLIENT|", f"$LEDGER-RealizedPnL|{UNSET}|USD",
    ]  # fmt: skip

    async def scenario():
        async with Rig(advisor.port) as rig:
            await rig.until(lambda: ("RealizedPnL", "USD") in values(rig, FIRST))
            assert values(rig, FIRST) == {
                ("NetLiquidation", "BASE"): 1000.0, ("ExchangeRate", "USD"): 1.085, ("CashBalance", "USD"): -12.5,
                ("ExchangeRate", "EUR"): 1.0, ("AccountType", ""): None, ("RealizedPnL", "USD"): None,
            }  # fmt: skip
            said = next(v for v in rig.of(AccountValue) if v.tag == "AccountType")
            assert said.text == "ADVISOR CLIENT"
            advisor.send(f"6|2|$LEDGER-ExchangeRate|0.0062|JPY|{MASTER}")
            await rig.until(lambda: values(rig, MASTER).get(("ExchangeRate", "JPY")) == 0.0062)

    asyncio.run(scenario())


def test_a_models_values_do_not_stand_for_the_account(advisor):
    async def scenario():
        async with Rig(advisor.port) as rig:
            await rig.until(lambda: values(rig, SECOND))
            req_id = advisor.requests(76)[-1][2]
            advisor.send(f"73|1|{req_id}|{SECOND}|Growth|NetLiquidation|1.00|USD")
            advisor.send(f"73|1|{req_id}|{SECOND}||NetLiquidation|2.00|USD")
            await rig.until(lambda: values(rig, SECOND)["NetLiquidation", "USD"] == 2.0)
            assert 1.0 not in [value.value for value in rig.of(AccountValue)]

    asyncio.run(scenario())


def test_money_that_was_left_empty_or_unset_is_unknown():
    """The library reads "" as 0.0 where it sums, and loses a valuation that has one."""
    with SecondGateway() as gateway:

        async def scenario():
            async with Rig(gateway.port) as rig:
                await rig.connected()
                rig.broker.request_position_pnl(gateway.account, MSFT.con_id)
                await rig.until(lambda: rig.of(PositionPnl) and rig.of(AccountPnl) and rig.of(PortfolioMark))
                account_id, single_id = gateway.requests(92)[-1][1], gateway.requests(94)[-1][1]
                for unset in ("", UNSET):
                    rig.events.clear()
                    gateway.send(f"94|{account_id}|5.0|{unset}|{unset}")
                    gateway.send(f"95|{single_id}|50|1.5|{unset}|{unset}|{unset}")
                    gateway.send(f"7|8|{MSFT.names}|50|410.0|20500.0|{unset}|{unset}|{unset}|{gateway.account}")
                    gateway.send(f"61|3|{gateway.account}|{ES.names}|2|{unset}")
                    await rig.until(lambda: rig.of(PositionUpdate))
                    assert rig.of(AccountPnl) == [AccountPnl(5.0, None, None, gateway.account)]
                    (single,) = rig.of(PositionPnl)
                    assert (single.daily, single.unrealized, single.realized, single.value) == (1.5, None, None, None)
                    (mark,) = rig.of(PortfolioMark)
                    assert (mark.market_price, mark.avg_cost, mark.unrealized_pnl, mark.realized_pnl) == (
                        410.0, None, None, None,
                    )  # fmt: skip
                    assert held(rig)[gateway.account, "ES"] == (2.0, None)

        asyncio.run(scenario())


def test_more_accounts_than_tws_lets_follow_have_positions_all_the_same(caplog):
    clients = {f"DU{1000000 + n}": [replace(MSFT, quantity=n + 1)] for n in range(55)}
    with SecondGateway(account=MASTER, clients=clients) as gateway:

        async def scenario():
            async with Rig(gateway.port) as rig:
                connected = await rig.connected()
                assert len(connected.accounts) == 56
                assert len(held(rig)) == 55
                await rig.until(lambda: len({value.account for value in rig.of(AccountValue)}) == 50, 15.0)

        asyncio.run(scenario())
        assert len(gateway.requests(76)) == len(gateway.requests(92)) == 50
        assert gateway.worst_second() <= 45
    assert "The login has 56 accounts" in caplog.text


def test_an_account_that_tws_does_not_answer_for_is_said_once_and_left_alone(advisor, caplog):
    pnl = []
    advisor.withhold = {73, 74}
    timings = msgspec.structs.replace(QUICK, recheck_values_s=0.2)

    async def scenario():
        async with Rig(advisor.port, timings=timings) as rig:
            await rig.until(lambda: len(advisor.requests(76)) >= 3)
            wrong = "Error validating request.-'bN' : cause - Invalid account code"
            advisor.notice(321, wrong, next(int(fields[2]) for fields in advisor.requests(76) if fields[3] == FIRST))
            rig.events.clear()
            advisor.notice(321, wrong, next(int(fields[1]) for fields in advisor.requests(92) if fields[2] == FIRST))
            await rig.until(lambda: rig.of(AccountPnl))
            pnl.extend(rig.of(AccountPnl))
            await rig.until(lambda: sum(fields[3] == SECOND for fields in advisor.requests(76)) >= 3)
            assert not rig.of(RequestError)

    asyncio.run(scenario())
    assert sum(fields[3] == FIRST for fields in advisor.requests(76)) <= 2, "not asked again"
    assert AccountPnl(None, None, None, FIRST) in pnl
    assert caplog.text.count("TWS does not give the values of the account DU***001") == 1
