"""IBBroker over TCP against the second gateway: lines, ticks, pace, errors by request, history, scans, look-ups."""

from __future__ import annotations

import asyncio
import math
import threading

import msgspec
import pytest

from engine.broker.port import (
    AccountValue,
    Disconnected,
    FillReport,
    HistoryRequest,
    PortfolioMark,
    PositionPnl,
    RequestError,
    ScanRows,
    ScanSpec,
    Ticks,
)
from engine.domain import ContractRef
from engine.errors import (
    BrokerUnavailable,
    LineLimit,
    NoEntitlement,
    RequestRejected,
    RequestTimeout,
    WrongThread,
)
from tests.integration.broker_rig import MSFT, QUICK, Rig
from tests.integration.second_gateway import THINGS, SecondGateway

BARS = HistoryRequest("2 D", "1 min")
GAINERS = ScanSpec("Momentum", "TOP_PERC_GAIN", "STK", "STK.US.MAJOR", 50, (("priceAbove", "5"),), "CORP")


@pytest.fixture
def gateway():
    with SecondGateway() as running:
        yield running


def connected(gateway, work, **options):
    """Runs `await work(rig)` on a connected broker."""

    async def scenario():
        async with Rig(gateway.port, **options) as rig:
            await rig.connected()
            return await work(rig)

    return asyncio.run(scenario())


def stock(n: int) -> ContractRef:
    thing = THINGS[4 + n % 60]
    return ContractRef(thing.con_id, thing.symbol, thing.local, "STK", "SMART")


# --- lines ------------------------------------------------------------------------------------------------------


def test_ticks_flow_and_a_cancelled_line_is_quiet(gateway):
    async def work(rig):
        line = rig.broker.subscribe(MSFT, urgent=True)
        assert isinstance(line, int)

        def whole():  # prices come one by one
            updates = (update for event in rig.of(Ticks) for update in event.updates)
            return next(
                (tick for tick in updates if tick.has_trade and tick.bid and tick.ask and tick.volume_raw), None
            )

        await rig.until(whole)
        tick = whole()
        assert tick.bid < tick.last < tick.ask and tick.volume_raw > 0
        assert (tick.bid_size_raw, tick.ask_size_raw, tick.last_size_raw) == (3.0, 4.0, 1.0)
        assert (tick.has_trade, tick.data_type, tick.halted) == (True, "live", False)
        assert rig.broker.sent_at_mono(line) is not None
        assert rig.broker.cancel_sent_at_mono(line) is None
        rig.broker.cancel(line)
        await rig.until(lambda: rig.broker.cancel_sent_at_mono(line) is not None)
        await rig.until(lambda: not gateway.open_lines)
        seen = len(rig.of(Ticks))
        for _ in range(1000):
            gateway.send(f"1|6|{line}|4|410.5|1|0")
        await asyncio.sleep(0.2)
        assert len(rig.of(Ticks)) == seen, "late ticks are ignored, without an ERROR line"

    connected(gateway, work)


def test_a_line_cancelled_before_it_left_costs_no_message(gateway):
    async def work(rig):
        lines = [rig.broker.subscribe(stock(n), urgent=False) for n in range(30)]
        rig.broker.cancel(lines[-1])
        assert rig.broker.cancel_sent_at_mono(lines[-1]) is not None
        assert rig.broker.sent_at_mono(lines[-1]) is None
        await rig.until(lambda: len(gateway.open_lines) == 29)
        await asyncio.sleep(0.1)
        assert not gateway.requests(2)

    connected(gateway, work)


def test_urgent_lines_overtake_the_queue(gateway):
    async def work(rig):
        for n in range(40):
            rig.broker.subscribe(stock(n), urgent=False)
        rig.broker.subscribe(MSFT, urgent=True)
        await rig.until(lambda: len(gateway.requests(1)) == 41)
        order = [int(fields[3]) for fields in gateway.requests(1)]
        assert order.index(MSFT.con_id) <= 6

    connected(gateway, work)


def test_many_subscriptions_keep_the_pace(gateway):
    gateway.line_limit = 500

    async def work(rig):
        for n in range(110):
            rig.broker.subscribe(stock(n), urgent=False)
        await rig.until(lambda: len(gateway.requests(1)) == 110)
        assert rig.broker.link.sent_worst_second <= 45

    connected(gateway, work)
    assert gateway.worst_second() <= 45


def test_subscribing_twice_is_two_requests_and_both_can_be_cancelled(gateway):
    """The library would lose the first one."""

    async def work(rig):
        first, second = (rig.broker.subscribe(MSFT, urgent=True) for _ in range(2))
        await rig.until(lambda: rig.last_tick(first) and rig.last_tick(second))
        rig.broker.cancel(first)
        rig.broker.cancel(second)
        await rig.until(lambda: not gateway.open_lines and len(gateway.requests(2)) == 2)

    connected(gateway, work)


@pytest.mark.parametrize(
    ("code", "text"),
    [(200, "No security definition"), (354, "Requested market data is not subscribed."), (10197, "competing session")],
)
def test_a_refused_line_is_told_by_its_number(gateway, code, text):
    gateway.errors = {MSFT.con_id: (code, text)}

    async def work(rig):
        line = rig.broker.subscribe(MSFT, urgent=True)
        await rig.until(lambda: rig.of(RequestError))
        assert rig.of(RequestError) == [RequestError(line, code, text)]
        assert rig.last_tick(line) is None

    connected(gateway, work)


def test_the_line_limit_is_told_and_cancelling_frees(gateway):
    gateway.line_limit = 1

    async def work(rig):
        first = rig.broker.subscribe(MSFT, urgent=True)
        second = rig.broker.subscribe(stock(1), urgent=False)
        await rig.until(lambda: rig.of(RequestError))
        assert rig.of(RequestError)[0].req_id == second and rig.of(RequestError)[0].code == 101
        rig.broker.cancel(second)  # 300 comes back, which is nobody's business
        rig.broker.cancel(first)
        third = rig.broker.subscribe(stock(1), urgent=False)
        await rig.until(lambda: rig.last_tick(third))
        assert len(rig.of(RequestError)) == 1
        assert gateway.max_lines == 1

    connected(gateway, work)


def test_a_line_without_exchange_is_refused_by_the_gateway_and_told(gateway):
    async def work(rig):
        line = rig.broker.subscribe(msgspec.structs.replace(MSFT, exchange=""), urgent=True)
        await rig.until(lambda: rig.of(RequestError))
        assert (rig.of(RequestError)[0].req_id, rig.of(RequestError)[0].code) == (line, 321)

    connected(gateway, work)


def test_generic_ticks_that_a_market_does_not_take_are_left_out(gateway):
    async def work(rig):
        line = rig.broker.subscribe(MSFT, urgent=True)
        await rig.until(lambda: rig.last_tick(line))
        for count, refused in ((2, "165,233"), (3, "221,232")):
            gateway.notice(
                321, f"Error validating request.-'bT' : cause - Incorrect generic tick list of {refused}.", line
            )
            await rig.until(lambda count=count: len(gateway.requests(1)) == count)
        second = rig.broker.subscribe(stock(1), urgent=False)
        await rig.until(lambda: rig.last_tick(second))
        assert [fields[16] for fields in gateway.requests(1)] == ["165,233,221,232", "221,232", "", ""]
        assert not rig.of(RequestError)

    connected(gateway, work)


@pytest.mark.parametrize("bad", ["nan", "inf", "-inf", "-1", "0", "1.7976931348623157E308", ""])
@pytest.mark.parametrize("field", [1, 2, 4, 6, 7, 9, 14])
def test_bad_prices_never_pass_and_never_blank_a_known_last(gateway, bad, field):
    gateway.tick_every_s = 60.0

    async def work(rig):
        line = rig.broker.subscribe(MSFT, urgent=True)
        await rig.until(lambda: rig.last_tick(line))
        for good, price in ((6, 420.0), (7, 390.0), (9, 400.0), (14, 401.0), (4, 410.0)):
            gateway.send(f"1|6|{line}|{good}|{price}|1|0")
        await rig.until(lambda: rig.last_tick(line).last == 410.0)
        gateway.send(f"1|6|{line}|{field}|{bad}|0|0")
        gateway.send(f"2|6|{line}|8|123456")
        await rig.until(lambda: rig.last_tick(line).volume_raw == 123456.0)
        tick = rig.last_tick(line)
        assert (tick.last, tick.high, tick.low, tick.close, tick.open) == (410.0, 420.0, 390.0, 400.0, 401.0)
        assert all(x is None or (math.isfinite(x) and x > 0) for x in (tick.bid, tick.ask))

    connected(gateway, work)


@pytest.mark.parametrize("bad", ["nan", "inf", "-1", "1.7976931348623157E308"])
@pytest.mark.parametrize("field", [0, 3, 5, 8, 21])
def test_bad_sizes_never_pass(gateway, bad, field):
    async def work(rig):
        line = rig.broker.subscribe(MSFT, urgent=True)
        await rig.until(lambda: rig.last_tick(line))
        seen = len(rig.events)
        gateway.send(f"2|6|{line}|{field}|{bad}")
        await rig.until(lambda: len(rig.events) > seen + 1)
        for event in rig.of(Ticks):
            for tick in event.updates:
                numbers = [x for x in msgspec.structs.astuple(tick) if isinstance(x, float)]
                assert all(math.isfinite(x) and x >= 0 for x in numbers)

    connected(gateway, work)


def test_halts_and_kinds_of_data(gateway):
    gateway.tick_every_s = 60.0

    async def work(rig):
        line = rig.broker.subscribe(MSFT, urgent=True)
        await rig.until(lambda: rig.last_tick(line))
        for kind, words in ((2, "frozen"), (3, "delayed"), (4, "delayed frozen"), (1, "live")):
            gateway.send(f"58|1|{line}|{kind}")
            gateway.send(f"1|6|{line}|1|410.{kind}|1|0")
            await rig.until(lambda words=words: rig.last_tick(line).data_type == words)
        gateway.send(f"45|6|{line}|49|1.0")
        await rig.until(lambda: rig.last_tick(line).halted)
        gateway.send(f"45|6|{line}|49|0.0")
        await rig.until(lambda: not rig.last_tick(line).halted)
        gateway.send(f"1|6|{line}|68|409.5|2|0")  # delayed last, and nobody sent 58
        await rig.until(lambda: rig.last_tick(line).data_type == "delayed")
        assert rig.last_tick(line).last == 409.5 and rig.last_tick(line).has_trade

    connected(gateway, work)


def test_quote_only_packets_are_no_trades(gateway):
    gateway.tick_every_s = 60.0

    async def work(rig):
        line = rig.broker.subscribe(MSFT, urgent=True)
        await rig.until(lambda: rig.last_tick(line))
        gateway.send(f"1|6|{line}|1|409.00|7|0")
        await rig.until(lambda: rig.last_tick(line).bid == 409.0)
        assert not rig.last_tick(line).has_trade
        gateway.send(f"46|6|{line}|48|409.11;1;{1762354800000};1000;409.0;true")
        await rig.until(lambda: rig.last_tick(line).has_trade)

    connected(gateway, work)


# --- questions ------------------------------------------------------------------------------------------------


def test_history_is_sorted_clean_and_in_utc(gateway):
    async def work(rig):
        bars = await rig.broker.history(MSFT, BARS)
        daily = await rig.broker.history(MSFT, HistoryRequest("1 Y", "1 day", rth=True))
        return bars, daily

    bars, daily = connected(gateway, work)
    assert len(bars) == 120 and all(b.time - a.time == 60 for a, b in zip(bars, bars[1:], strict=False))
    assert all(bar.low <= min(bar.open, bar.close) and bar.high >= max(bar.open, bar.close) for bar in bars)
    assert {(bar.source, bar.closed, bar.volume) for bar in bars} == {("history", True, 500.0)}
    assert all(bar.time % 86400 == 0 for bar in daily)
    sent = gateway.requests(20)
    assert sent[0][20] == "2", "formatDate 2: epoch seconds"
    assert [fields[18] for fields in sent] == ["0", "1"]


@pytest.mark.parametrize(
    ("code", "text", "error"),
    [
        (162, "Historical Market Data Service error message:HMDS query returned no data: X@SMART", RequestRejected),
        (162, "Historical Market Data Service error message:Historical data request pacing violation", RequestRejected),
        (200, "No security definition", RequestRejected),
        (321, "Error validating request.-'bT' : cause - Please enter exchange", RequestRejected),
        (354, "not subscribed", NoEntitlement),
        (101, "Max number of tickers has been reached", LineLimit),
    ],
)  # fmt: skip
def test_history_errors_are_exceptions_never_an_empty_list(gateway, code, text, error):
    gateway.history_error = (code, text)

    async def work(rig):
        with pytest.raises(error) as caught:
            await rig.broker.history(MSFT, BARS)
        assert (caught.value.code, caught.value.text) == (code, text)
        assert rig.of(RequestError)[0].code == code

    connected(gateway, work)


def test_history_without_an_answer_times_out_and_is_cancelled(gateway):
    gateway.withhold = {17}

    async def work(rig):
        asking = asyncio.create_task(rig.broker.history(MSFT, BARS, timeout_s=0.2))
        await rig.until(asking.done)
        with pytest.raises(RequestTimeout):
            await asking
        await rig.until(lambda: gateway.requests(25))

    connected(gateway, work)


def test_a_drop_ends_what_is_waiting(gateway):
    gateway.withhold = {17, 79}

    async def work(rig):
        waiting = [
            asyncio.create_task(rig.broker.history(MSFT, BARS)),
            asyncio.create_task(rig.broker.search("R")),
        ]
        await rig.until(lambda: gateway.requests(81))
        gateway.drop()
        for task in waiting:
            with pytest.raises(BrokerUnavailable):
                await asyncio.wait_for(task, 2.0)
        await rig.connected(2)
        waiting = asyncio.create_task(rig.broker.history(MSFT, BARS))
        await asyncio.sleep(0.1)
        rig.broker.reconnect("asked")
        with pytest.raises(BrokerUnavailable):
            await asyncio.wait_for(waiting, 2.0)
        await rig.connected(3)
        assert [event.is_asked for event in rig.of(Disconnected)] == [False, True], "the first one was a fault"

    connected(gateway, work)


def test_look_ups(gateway):
    async def work(rig):
        (info,) = await rig.broker.contract_info(ContractRef(0, "RABX", "", "STK"))
        assert (info.contract.con_id, info.contract.exchange, info.long_name) == (700001, "SMART", "RABX Company")
        assert (info.contract.primary_exchange, info.stock_type, info.min_tick) == ("NYSE", "COMMON", 0.01)
        assert info.trading_hours.startswith("20200102:0930") and info.time_zone == "US/Eastern"
        assert await rig.broker.contract_info(ContractRef(123, "NO", "NO", "STK")) == []
        (info,) = await rig.broker.contract_info(ContractRef(700001, "", "", ""))
        assert info.contract.symbol == "RABX", "a number alone is enough"
        before = len(gateway.requests(9))
        assert (await rig.broker.contract_info(MSFT))[0].contract.symbol == "MSFT"
        assert len(gateway.requests(9)) == before, "a position's details are known already"
        found = await rig.broker.search("MS")
        assert [(ref.con_id, ref.exchange, ref.primary_exchange) for ref in found] == [(272093, "SMART", "NASDAQ")]
        xml = await asyncio.gather(rig.broker.scanner_parameters(), rig.broker.scanner_parameters())
        assert xml[0] == xml[1] and xml[0].count("<scanCode>") == 2

    connected(gateway, work)


def test_a_big_answer_arrives_whole(gateway):
    async def work(rig):
        gateway.withhold = {19}
        waiting = asyncio.create_task(rig.broker.scanner_parameters())
        await rig.until(lambda: gateway.requests(24))
        gateway.withhold = set()
        gateway.send("19|1|<x>" + "abcdefgh" * 250_000 + "</x>")
        assert len(await waiting) == 2_000_007

    connected(gateway, work)


# --- scans and P&L ----------------------------------------------------------------------------------------------


def test_scans_push_complete_results_and_close_without_noise(gateway):
    gateway.scan_every_s = 0.1

    async def work(rig):
        scan = rig.broker.open_scan(GAINERS)
        await rig.until(lambda: len(rig.of(ScanRows)) >= 3)
        results = rig.of(ScanRows)
        assert {result.req_id for result in results} == {scan}
        assert all([row.rank for row in result.rows] == list(range(20)) for result in results)
        assert results[0].rows != results[1].rows
        contract = results[0].rows[0].contract
        assert contract.exchange == "SMART" and contract.con_id >= 700000
        rig.broker.close_scan(scan)
        await rig.until(lambda: gateway.requests(23))
        await asyncio.sleep(0.1)
        assert not rig.of(RequestError), "162 is the echo of our own close"
        (sent,) = gateway.requests(22)
        assert sent[1:6] == [str(scan), "50", "STK", "STK.US.MAJOR", "TOP_PERC_GAIN"]
        assert "CORP" in sent and "priceAbove=5;" in sent

    connected(gateway, work)


def test_the_eleventh_scan_is_refused_and_a_slot_can_be_given_back(gateway):
    async def work(rig):
        scans = [rig.broker.open_scan(GAINERS) for _ in range(11)]
        await rig.until(lambda: rig.of(RequestError))
        assert (rig.of(RequestError)[0].req_id, rig.of(RequestError)[0].code) == (scans[-1], 322)
        rig.broker.close_scan(scans[0])
        fresh = rig.broker.open_scan(GAINERS)
        await rig.until(lambda: any(result.req_id == fresh for result in rig.of(ScanRows)))

    connected(gateway, work)


def test_an_empty_scan_is_an_empty_result(gateway):
    gateway.withhold = {20}

    async def work(rig):
        scan = rig.broker.open_scan(GAINERS)
        await rig.until(lambda: gateway.requests(22))
        gateway.notice(165, "Historical Market Data Service query message:no items retrieved", scan)
        await rig.until(lambda: rig.of(ScanRows))
        assert rig.of(ScanRows) == [ScanRows(scan, ())]
        gateway.withhold = set()
        gateway.send(f"20|3|{scan}|0")
        await rig.until(lambda: len(rig.of(ScanRows)) == 2)

    connected(gateway, work)


def test_position_pnl_once_and_cancelled(gateway):
    async def work(rig):
        for _ in range(3):
            rig.broker.request_position_pnl(rig.broker.link.account, MSFT.con_id)
        await rig.until(lambda: rig.of(PositionPnl))
        account = rig.broker.link.account
        assert rig.of(PositionPnl) == [PositionPnl(MSFT.con_id, 12.5, 20.0, None, 1000.0, account, 50.0)]
        rig.broker.cancel_position_pnl(rig.broker.link.account, MSFT.con_id)
        await rig.until(lambda: gateway.requests(95))
        rig.broker.request_position_pnl(rig.broker.link.account, MSFT.con_id)
        await rig.until(lambda: len(gateway.requests(94)) == 2)

    connected(gateway, work)


def test_after_1101_the_pnl_subscriptions_are_made_anew(gateway):
    async def work(rig):
        rig.broker.request_position_pnl(rig.broker.link.account, MSFT.con_id)
        await rig.until(lambda: gateway.requests(94) and gateway.requests(92))
        gateway.notice(1101, "Connectivity between IBKR and Trader Workstation has been restored - data lost.")
        await rig.until(lambda: len(gateway.requests(94)) == 2 and len(gateway.requests(92)) == 2)
        assert len(gateway.requests(93)) == 1 and len(gateway.requests(95)) == 1
        line = rig.broker.subscribe(MSFT, urgent=True)
        await rig.until(lambda: rig.last_tick(line))
        assert rig.broker.link.epoch == 1 and gateway.open_lines == [MSFT.con_id]

    connected(gateway, work)


def test_a_fill_is_told_again_when_its_commission_came(gateway):
    gateway.withhold = {59}

    async def work(rig):
        await rig.until(lambda: rig.of(FillReport))
        assert rig.of(FillReport)[0].fill.commission is None
        gateway.withhold = set()
        gateway.send("59|1|0001.01|1.0|USD|25.5||")
        await rig.until(lambda: len(rig.of(FillReport)) == 2)
        assert (rig.of(FillReport)[1].fill.commission, rig.of(FillReport)[1].fill.realized_pnl) == (1.0, 25.5)

    connected(gateway, work)


def test_figures_of_other_accounts_are_not_ours(gateway):
    async def work(rig):
        before = len(rig.of(AccountValue)), len(rig.of(PortfolioMark))
        gateway.send("6|2|NetLiquidation|1.0|USD|DF0000000")
        gateway.send("7|8|272093|MSFT|STK||0.0||||USD|MSFT|MSFT|5|1|5|1|0|0|DF0000000")
        gateway.send("6|2|NetLiquidation|2.0|USD|DF7654321")
        await rig.until(lambda: rig.of(AccountValue)[-1].value == 2.0)
        assert (len(rig.of(AccountValue)), len(rig.of(PortfolioMark))) == (before[0] + 1, before[1])

    connected(gateway, work)


def test_cancelled_lines_are_forgotten_after_a_while(gateway):
    timings = msgspec.structs.replace(QUICK, cancel_memory_s=0.2)

    async def work(rig):
        lines = [rig.broker.subscribe(stock(n), urgent=True) for n in range(4)]
        await rig.until(lambda: len(gateway.open_lines) == 4)
        for line in lines:
            rig.broker.cancel(line)
            rig.broker.cancel(line)
        await rig.until(lambda: len(gateway.requests(2)) == 4)
        await rig.until(lambda: rig.broker.cancel_sent_at_mono(lines[0]) == 0.0)
        wrapper = rig.broker._session.connection.wrapper
        assert not wrapper.reqId2Ticker and not wrapper.tickers

    connected(gateway, work, timings=timings)


# --- rules ------------------------------------------------------------------------------------------------------


def test_other_threads_are_turned_away(gateway):
    async def work(rig):
        caught: list[Exception] = []

        def call() -> None:
            try:
                rig.broker.subscribe(MSFT, urgent=True)
            except WrongThread as error:
                caught.append(error)

        thread = threading.Thread(target=call)
        thread.start()
        thread.join()
        assert len(caught) == 1

    connected(gateway, work)


def test_without_a_connection_requests_say_so():
    async def scenario():
        async with Rig(1, timings=QUICK) as rig:
            await asyncio.sleep(0.05)
            with pytest.raises(BrokerUnavailable):
                await rig.broker.history(MSFT, BARS)
            with pytest.raises(BrokerUnavailable):
                rig.broker.subscribe(MSFT, urgent=True)
            rig.broker.cancel(5)
            assert rig.broker.sent_at_mono(5) == 0.0

    asyncio.run(scenario())


def test_no_message_of_an_order_ever_leaves(gateway):
    async def work(rig):
        rig.broker.subscribe(MSFT, urgent=True)
        await rig.broker.history(MSFT, BARS)

    connected(gateway, work)
    assert not {"3", "4", "5", "15", "16", "21", "58", "99"} & {fields[0] for _, fields in gateway.received}
