"""IBBroker over TCP: every kind of instrument is asked for what it has, in numbers and names that survive the wire."""

from __future__ import annotations

import asyncio
import re

import msgspec
import pytest

from engine.broker.port import HistoryRequest, PositionUpdate, RequestError, Rerouted, ScanSpec, Ticks
from engine.domain import ContractRef
from engine.errors import RequestRejected
from tests.integration import second_gateway
from tests.integration.broker_rig import MSFT, Rig
from tests.integration.second_gateway import HELD, SecondGateway, Thing

BARS = HistoryRequest("2 D", "1 min")
LEGAL = "100(Option Volume),165(Misc. Stats),221/220(Creditman Mark Price),232/221(Pl Price),233(RTVolume)"
YEN = ContractRef(900, "6J", "6JZ5", "FUT", "CME", "CME", "USD", 12_500_000.0, "20271213", "6J", price_magnifier=1.0)
GRAIN = ContractRef(901, "ZC", "ZCZ7", "FUT", "CBOT", "CBOT", "USD", 5_000.0, "20271214", "ZC", price_magnifier=100.0)
PUT = ContractRef(902, "MSFT", "MSFT  271218P00100000", "OPT", "SMART", strike=1e-05, right="P", multiplier=100.0)
COIN = ContractRef(903, "BTC", "BTC.USD", "CRYPTO", "PAXOS")
PAIR = ContractRef(904, "EUR", "EUR.USD", "CASH", "IDEALPRO")
CFD = ContractRef(905, "IBM", "IBMn", "CFD", "SMART")
GOLD = ContractRef(906, "XAUUSD", "XAUUSD", "CMDTY", "SMART")
INDEX = ContractRef(907, "SPX", "SPX", "IND", "CBOE")
SHARE = Thing(8314, "IBM", base=290.0)
REFS = (YEN, GRAIN, PUT, COIN, PAIR, CFD, GOLD, INDEX)


@pytest.fixture
def gateway():
    with SecondGateway() as running:
        for ref in REFS:
            running.things[ref.con_id] = Thing(ref.con_id, ref.symbol, ref.sec_type, ref.exchange, 100.0)
        running.things[SHARE.con_id] = SHARE
        yield running


def connected(gateway, work):
    async def scenario():
        async with Rig(gateway.port) as rig:
            await rig.connected()
            return await work(rig)

    return asyncio.run(scenario())


# --- what goes out ----------------------------------------------------------------------------------------------


def test_contracts_go_out_by_con_id_and_exchange_and_no_number_has_a_power_of_ten(gateway):
    async def work(rig):
        lines = [rig.broker.subscribe(ref, urgent=True) for ref in REFS]
        await rig.until(lambda: all(rig.last_tick(line) for line in lines))
        for ref in REFS:
            await rig.broker.history(ref, BARS)
        rig.broker._connection.client.send(85, 1e-05, 12_500_000.0, 1e22, 0.5, -1e-07)
        await rig.until(lambda: gateway.requests(85))

    connected(gateway, work)
    assert gateway.requests(85)[0][1:] == ["0.00001", "12500000.0", "1" + 22 * "0", "0.5", "-0.0000001"]
    con_id, exchange = 3, 10  # of a line; a field earlier in a history request
    for kind, shift in ((1, 0), (20, -1)):
        for ref, fields in zip(REFS, gateway.requests(kind), strict=True):
            contract = fields[con_id + shift : con_id + shift + 12]
            assert (contract[0], contract[exchange - con_id]) == (str(ref.con_id), ref.exchange)
            assert set(contract) <= {"", "0.0", contract[0], ref.exchange}, "nothing else that could contradict"
    for _, fields in gateway.received:
        assert not [text for text in fields if re.fullmatch(r"-?\d+(\.\d+)?[eE][-+]?\d+", text)]


def test_a_described_strike_has_no_power_of_ten(gateway):
    async def work(rig):
        await rig.broker.contract_info(msgspec.structs.replace(PUT, con_id=0, multiplier=12_500_000.0))

    connected(gateway, work)
    fields = next(fields for fields in gateway.requests(9) if fields[3] == "0")
    assert (fields[7], fields[9]) == ("0.00001", "12500000")


@pytest.mark.parametrize(
    ("contract", "kind", "volume"),
    [
        (MSFT, "TRADES", 500.0),
        (YEN, "TRADES", 500.0),
        (PUT, "TRADES", 500.0),
        (INDEX, "TRADES", None),
        (COIN, "AGGTRADES", 500.0),
        (PAIR, "MIDPOINT", None),
        (CFD, "MIDPOINT", None),
        (GOLD, "MIDPOINT", None),
    ],
)
def test_history_is_asked_for_as_the_type_has_it(gateway, contract, kind, volume):
    async def work(rig):
        return await rig.broker.history(contract, BARS)

    bars = connected(gateway, work)
    assert [fields[19] for fields in gateway.requests(20)] == [kind]
    assert {bar.volume for bar in bars} == {volume}


def test_a_gateway_that_names_another_kind_of_bars_gets_it(gateway):
    gateway.bars_wanted = {"FUT": "AGGTRADES"}

    async def work(rig):
        first = await rig.broker.history(YEN, BARS)
        second = await rig.broker.history(GRAIN, BARS)
        return len(first), len(second)

    assert connected(gateway, work) == (120, 120)
    assert [fields[19] for fields in gateway.requests(20)] == ["TRADES", "AGGTRADES", "AGGTRADES"]


def test_a_gateway_that_insists_on_names_gets_them_from_its_first_refusal_on(gateway):
    gateway.insists_on_names = True

    async def work(rig):
        first = rig.broker.subscribe(YEN, urgent=True)
        await rig.until(lambda: rig.last_tick(first))
        second = rig.broker.subscribe(MSFT, urgent=True)
        await rig.until(lambda: rig.last_tick(second))
        assert len(await rig.broker.history(MSFT, BARS)) == 120
        assert not rig.of(RequestError)

    connected(gateway, work)
    assert ["", ""] in [fields[4:6] for fields in gateway.requests(9)[:4]]
    assert {"MSFT", "ES", "GC", "NSRGF"} <= {fields[4] for fields in gateway.requests(9)}, "positions have details"
    assert [fields[4:6] for fields in gateway.requests(1)] == [["6J", "FUT"], ["MSFT", "STK"]]


def test_a_gateway_that_calls_contracts_without_names_unknown_gets_them_for_all_lines_at_once(gateway):
    gateway.insists_on_names = gateway.names_silently = True

    async def work(rig):
        bars = asyncio.ensure_future(rig.broker.history(GRAIN, BARS))
        lines = [rig.broker.subscribe(ref, urgent=True) for ref in REFS]
        await rig.until(lambda: all(rig.last_tick(line) for line in lines))
        assert len(await bars) == 120
        assert not [error for error in rig.of(RequestError) if error.req_id in lines]

    connected(gateway, work)


def test_unknown_contracts_are_told_after_one_try_with_names(gateway):
    gateway.errors = {ref.con_id: (200, "No security definition has been found for the request") for ref in REFS}

    async def work(rig):
        lines = [rig.broker.subscribe(ref, urgent=True) for ref in REFS]
        await rig.until(lambda: {error.req_id for error in rig.of(RequestError)} == set(lines))
        assert {error.code for error in rig.of(RequestError)} == {200}

    connected(gateway, work)
    assert len(gateway.requests(1)) == len(REFS) + 1


def test_history_alone_learns_of_names_too(gateway):
    gateway.insists_on_names = True

    async def work(rig):
        return len(await rig.broker.history(YEN, BARS))

    assert connected(gateway, work) == 120


def test_history_without_an_exchange_looks_it_up_or_says_what_is_missing(gateway):
    gateway.unknown.add(GRAIN.con_id)
    bare = msgspec.structs.replace(YEN, exchange="")

    async def work(rig):
        assert len(await rig.broker.history(bare, BARS)) == 120
        with pytest.raises(RequestRejected, match="no contract details of ZCZ7 now, so its exchange is unknown"):
            await rig.broker.history(msgspec.structs.replace(GRAIN, exchange=""), BARS)

    connected(gateway, work)
    assert [fields[9] for fields in gateway.requests(20)] == ["CME"]


# --- generic ticks and the mark ---------------------------------------------------------------------------------


def test_only_the_generic_ticks_that_were_refused_are_left_out(gateway):
    gateway.legal_ticks = LEGAL.replace("233(RTVolume)", "236(inventory)")

    async def work(rig):
        line = rig.broker.subscribe(MSFT, urgent=True)
        await rig.until(lambda: rig.last_tick(line))
        second = rig.broker.subscribe(MSFT, urgent=False)
        await rig.until(lambda: rig.last_tick(second))
        assert not rig.of(RequestError)

    connected(gateway, work)
    asked = [fields[16] for fields in gateway.requests(1)]
    assert asked == ["165,233,221,232", "165,221,232", "165,221,232"]


def test_the_mark_comes_beside_the_trade(gateway):
    gateway.tick_every_s = 60.0

    async def work(rig):
        line = rig.broker.subscribe(PUT, urgent=True)
        await rig.until(lambda: rig.last_tick(line))
        for text, mark in (("1.00", 1.0), ("0.95", 0.95), ("0", 0.0), ("0", 0.0)):
            seen = len(rig.of(Ticks))
            gateway.send(f"1|6|{line}|37|{text}|0|0")
            await rig.until(lambda seen=seen: len(rig.of(Ticks)) > seen)
            tick = rig.last_tick(line)
            assert (tick.mark, tick.has_mark, tick.has_trade) == (mark, True, False)
        gateway.send(f"1|6|{line}|1|0.90|5|0")
        await rig.until(lambda: rig.last_tick(line).bid == 0.9)
        assert (rig.last_tick(line).mark, rig.last_tick(line).has_mark) == (0.0, False)

    connected(gateway, work)


# --- prices -----------------------------------------------------------------------------------------------------


def test_placeholders_of_a_quote_in_cents_are_none_and_negative_quotes_are_not(gateway):
    gateway.tick_every_s = 60.0

    async def work(rig):
        line = rig.broker.subscribe(GRAIN, urgent=True)
        await rig.until(lambda: (tick := rig.last_tick(line)) and tick.last)
        for kind in (1, 2, 4):
            gateway.send(f"1|6|{line}|{kind}|-100|0|0")
        gateway.send(f"1|6|{line}|9|231.5||0")
        await rig.until(lambda: rig.last_tick(line).close == 231.5)
        tick = rig.last_tick(line)
        assert (tick.bid, tick.ask) == (None, None)
        assert tick.last > 0
        gateway.send(f"1|6|{line}|1|-100|7|0")
        await rig.until(lambda: rig.last_tick(line).bid == -100.0)
        gateway.send(f"1|6|{line}|4|0.00|2|0")
        await rig.until(lambda: rig.last_tick(line).last == 0.0)
        assert rig.last_tick(line).last_size_raw == 2.0

    connected(gateway, work)


def test_a_delayed_halt_is_a_halt(gateway):
    gateway.tick_every_s = 60.0

    async def work(rig):
        line = rig.broker.subscribe(MSFT, urgent=True)
        await rig.until(lambda: rig.last_tick(line))
        gateway.send(f"45|6|{line}|90|1")
        await rig.until(lambda: rig.last_tick(line).halted)
        gateway.send(f"45|6|{line}|90|0")
        await rig.until(lambda: not rig.last_tick(line).halted)

    connected(gateway, work)


@pytest.mark.parametrize("sec_type", ["WAR", "IOPT"])
def test_a_certificate_that_is_knocked_out_is_worth_nothing(gateway, sec_type):
    ref = ContractRef(922, "DAX", "DAX KO", sec_type, "FWB", price_magnifier=1.0)
    gateway.things[ref.con_id] = Thing(922, "DAX", sec_type, "FWB", 1.35)
    gateway.tick_every_s = 60.0

    async def work(rig):
        line = rig.broker.subscribe(ref, urgent=True)
        await rig.until(lambda: rig.last_tick(line))
        gateway.send(f"1|6|{line}|4|0.0|500|0")
        gateway.send(f"1|6|{line}|37|0.0|0|0")
        await rig.until(lambda: rig.last_tick(line).mark is not None)
        assert (rig.last_tick(line).last, rig.last_tick(line).mark) == (0.0, 0.0)
        gateway.send(f"1|6|{line}|4|-0.5|500|0")
        gateway.send(f"1|6|{line}|1|1.25|500|0")
        await rig.until(lambda: rig.last_tick(line).bid == 1.25)
        assert rig.last_tick(line).last == 0.0

    connected(gateway, work)


# --- CFDs -------------------------------------------------------------------------------------------------------


def test_a_line_that_is_sent_elsewhere_is_one_line(gateway):
    gateway.reroutes[CFD.con_id] = (SHARE.con_id, "SMART")

    async def work(rig):
        line = rig.broker.subscribe(CFD, urgent=True)
        await rig.until(lambda: rig.last_tick(line))
        assert rig.of(Rerouted) == [Rerouted(line, SHARE.con_id, "SMART")]
        await rig.until(lambda: rig.last_tick(line).last)
        tick = rig.last_tick(line)
        assert tick.last == pytest.approx(290.0, rel=0.02)
        assert (tick.bid_size_raw, tick.last_size_raw, tick.volume_raw) == (None, None, None), (
            "the share's, not the CFD's"
        )
        asked = gateway.requests(1)
        assert [(fields[3], fields[10]) for fields in asked] == [(str(CFD.con_id), "SMART"), ("8314", "SMART")]
        assert gateway.open_lines == [SHARE.con_id]
        gateway.notice(300, "Can't find EId with tickerId", line)  # of the first request, which is no more
        rig.broker.cancel(line)
        await rig.until(lambda: not gateway.open_lines)
        assert [fields[2] for fields in gateway.requests(2)] == [asked[1][2]]
        assert not rig.of(RequestError)

    connected(gateway, work)


LONDON_CFD = ContractRef(920, "VOD", "VODn", "CFD", "SMART", currency="GBP")
LONDON = Thing(921, "VOD", exchange="LSE", base=71.84, currency="GBP", magnifier="100")


def london(gateway, own="1"):
    """A share in pence and its CFD; the ticks are the test's own."""
    gateway.things[LONDON.con_id] = LONDON
    gateway.things[LONDON_CFD.con_id] = Thing(920, "VOD", "CFD", "SMART", currency="GBP", magnifier=own)
    gateway.reroutes[LONDON_CFD.con_id] = (LONDON.con_id, "SMART")
    gateway.rewrite[1] = lambda text: re.sub(r"^(1\|6\|\d+\|\d+)\|[\d.]+", r"\1|71.84", text)


@pytest.mark.parametrize("known", [1.0, None])
def test_a_cfd_of_a_share_in_pence_is_quoted_in_pounds(gateway, known):
    london(gateway)

    async def work(rig):
        line = rig.broker.subscribe(msgspec.structs.replace(LONDON_CFD, price_magnifier=known), urgent=True)
        await rig.until(lambda: (tick := rig.last_tick(line)) and tick.last)
        ticks = [tick for event in rig.of(Ticks) for tick in event.updates if tick.req_id == line]
        for name in ("bid", "ask", "last"):
            assert {getattr(tick, name) for tick in ticks} <= {None, 0.7184}, name
        assert 1_000 * (ticks[-1].last - 0.7250) == pytest.approx(-6.60)
        wire_id = gateway.requests(1)[-1][2]
        gateway.send(f"1|6|{wire_id}|37|71.84|0|0")
        gateway.send(f"1|6|{wire_id}|9|72.50|0|0")
        await rig.until(lambda: rig.last_tick(line).mark)
        del gateway.rewrite[1]
        gateway.send(f"1|6|{wire_id}|37|72.60|0|0")
        await rig.until(lambda: rig.last_tick(line).mark == pytest.approx(0.7260))
        assert len(gateway.requests(1)) == 2

    connected(gateway, work)
    assert {fields[3] for fields in gateway.requests(9)} >= {str(LONDON.con_id)}


def test_a_cfd_in_the_unit_of_its_share_keeps_its_prices(gateway):
    london(gateway, own="100")

    async def work(rig):
        line = rig.broker.subscribe(msgspec.structs.replace(LONDON_CFD, price_magnifier=100.0), urgent=True)
        await rig.until(lambda: (tick := rig.last_tick(line)) and tick.last)
        assert rig.last_tick(line).last == 71.84

    connected(gateway, work)


@pytest.mark.parametrize("missing", [LONDON.con_id, LONDON_CFD.con_id])
def test_no_price_of_a_cfd_is_told_until_both_units_are_known(gateway, missing):
    london(gateway)
    gateway.unknown.add(missing)

    async def work(rig):
        line = rig.broker.subscribe(LONDON_CFD, urgent=True)
        await rig.until(lambda: [f[3] for f in gateway.requests(9)].count(str(missing)) >= 2)
        await rig.until(lambda: rig.last_tick(line))
        tick = rig.last_tick(line)
        assert (tick.bid, tick.ask, tick.last, tick.close, tick.mark, tick.has_trade) == (None,) * 5 + (False,)
        wire_id = gateway.requests(1)[-1][2]
        gateway.send(f"1|6|{wire_id}|37|71.84|0|0")
        gateway.unknown.clear()
        await rig.until(lambda: rig.last_tick(line).mark)
        tick = rig.last_tick(line)
        assert (tick.bid, tick.ask, tick.last, tick.mark) == (0.7184,) * 4
        assert not rig.of(RequestError)

    connected(gateway, work)


@pytest.mark.parametrize(("magnifier", "close"), [("1", -100.0), ("10", -100.0), ("100", None)])
def test_details_that_come_after_the_line_tell_whether_a_close_is_one(gateway, magnifier, close):
    gateway.things[GRAIN.con_id] = Thing(GRAIN.con_id, "ZC", "FUT", "CBOT", magnifier=magnifier)
    gateway.tick_every_s = 60.0

    async def work(rig):
        unknown = msgspec.structs.replace(GRAIN, price_magnifier=None)
        line = rig.broker.subscribe(unknown, urgent=True)
        await rig.until(lambda: rig.last_tick(line))
        gateway.send(f"1|6|{line}|9|-100.0|0|0")
        gateway.send(f"1|6|{line}|1|77.5|3|0")  # far from what the gateway quotes by itself
        await rig.until(lambda: rig.last_tick(line).bid == 77.5)
        assert rig.last_tick(line).close is None, "any magnifier may be meant"
        told = len(rig.of(Ticks))
        await rig.broker.contract_info(unknown)
        assert len(rig.of(Ticks)) == told + 1
        tick = rig.last_tick(line)
        assert (tick.close, tick.bid, tick.has_trade) == (close, 77.5, False)
        second = rig.broker.subscribe(unknown, urgent=True)  # the details are known by now
        await rig.until(lambda: rig.last_tick(second))
        gateway.send(f"1|6|{second}|9|-100.0|0|0")
        gateway.send(f"1|6|{second}|1|77.25|3|0")
        await rig.until(lambda: rig.last_tick(second).bid == 77.25)
        assert rig.last_tick(second).close == close

    connected(gateway, work)


def test_details_tell_no_tick_of_a_line_that_has_none(gateway):
    gateway.mute = True
    gateway.withhold = {1, 2}

    async def work(rig):
        line = rig.broker.subscribe(msgspec.structs.replace(GRAIN, price_magnifier=None), urgent=True)
        await rig.until(lambda: gateway.requests(1))
        await rig.broker.contract_info(GRAIN)
        assert rig.last_tick(line) is None

    connected(gateway, work)


def test_an_error_of_the_underlying_is_the_lines(gateway):
    gateway.reroutes[CFD.con_id] = (SHARE.con_id, "SMART")
    gateway.errors[SHARE.con_id] = (354, "Requested market data is not subscribed.")

    async def work(rig):
        line = rig.broker.subscribe(CFD, urgent=True)
        await rig.until(lambda: rig.of(RequestError))
        assert [(error.req_id, error.code) for error in rig.of(RequestError)] == [(line, 354)]

    connected(gateway, work)


def test_a_circle_of_routes_ends(gateway):
    gateway.reroutes[CFD.con_id] = (CFD.con_id, "SMART")

    async def work(rig):
        rig.broker.subscribe(CFD, urgent=True)
        await rig.until(lambda: len(gateway.requests(1)) == 4)
        await rig.broker.history(MSFT, BARS)
        assert len(gateway.requests(1)) == 4

    connected(gateway, work)


# --- texts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "currency", "shown"),
    [
        ("許功蓋".encode("big5"), "TWD", "許功蓋"),
        (b"ENDS IN A BACKSLASH\\", "USD", "ENDS IN A BACKSLASH\\"),
        (b"Nestl\\u00e9 \\ud83d", "CHF", "Nestlé �"),
        ("Crédit Agricole".encode("latin-1"), "EUR", "Crédit Agricole"),
        (b"\\N{nothing} \\x4", "USD", "\\N{nothing} \\x4"),
    ],
)
def test_details_come_whatever_bytes_the_name_has(gateway, raw, currency, shown):
    thing = gateway.things[912] = Thing(912, "ODD", currency=currency, magnifier="100")
    gateway.long_names[thing.con_id] = raw

    async def work(rig):
        return await rig.broker.contract_info(ContractRef(thing.con_id, "ODD", "ODD", "STK"))

    (info,) = connected(gateway, work)
    assert info.long_name == shown
    assert (info.contract.currency, info.contract.price_magnifier, info.industry) == (currency, 100.0, "Technology")


def test_details_with_fields_that_are_no_numbers_keep_the_contract(gateway):
    gateway.things[913] = Thing(913, "ODD", magnifier="?", multiplier="?")

    async def work(rig):
        return await rig.broker.contract_info(ContractRef(913, "ODD", "ODD", "STK"))

    (info,) = connected(gateway, work)
    assert (info.contract.con_id, info.contract.exchange, info.contract.price_magnifier) == (913, "SMART", 1.0)


def test_errors_in_any_bytes_and_with_fields_missing_are_told(gateway):
    async def work(rig):
        line = rig.broker.subscribe(MSFT, urgent=True)
        await rig.until(lambda: rig.last_tick(line))
        gateway.send(f"4|2|{line}|10089|Donn\udce9es\\")
        await rig.until(lambda: rig.of(RequestError))
        assert rig.of(RequestError) == [RequestError(line, 10089, "Données\\")]

    connected(gateway, work)


def test_symbols_in_any_bytes_are_found(gateway):
    gateway.withhold.add(79)

    async def work(rig):
        search = asyncio.ensure_future(rig.broker.search("ODD"))
        await rig.until(lambda: gateway.requests(81))
        req_id = gateway.requests(81)[0][1]
        gateway.withhold.clear()
        gateway.send(f"79|{req_id}|3|914|ODD|STK|SEHK|HKD|1|OPT|\udcb3\\|X||BAD|STK|X|USD|0|d|i|915|ODE|STK|X")
        return await search

    assert [(ref.con_id, ref.symbol) for ref in connected(gateway, work)] == [(914, "ODD")]


# --- positions --------------------------------------------------------------------------------------------------


def test_combinations_are_kept_and_their_details_never_asked_for(gateway, monkeypatch):
    bag = Thing(28812380, "MSFT", "BAG", "", quantity=3, cost=120.0)
    monkeypatch.setattr(second_gateway, "HELD", [*HELD, bag])

    async def work(rig):
        return [event.record for event in rig.of(PositionUpdate) if event.record.contract.sec_type == "BAG"]

    (record,) = connected(gateway, work)
    assert (record.quantity, record.avg_cost, record.contract.exchange) == (3.0, 120.0, "")
    assert all(fields[3] != "28812380" for fields in gateway.requests(9))


def test_a_position_without_a_quantity_is_not_closed(gateway, monkeypatch):
    monkeypatch.setattr(second_gateway, "HELD", HELD[:1])

    async def work(rig):
        for text in ("", "1.7976931348623157E308", "nan"):
            gateway.send(f"61|3|{gateway.account}|{HELD[0].names}|{text}|300.25")
        gateway.send(f"61|3|{gateway.account}|{HELD[0].names}|51|300.25")
        await rig.until(lambda: rig.of(PositionUpdate)[-1].record.quantity == 51.0)
        return [event.record.quantity for event in rig.of(PositionUpdate)]

    assert 0.0 not in connected(gateway, work)


def test_scans_go_out_without_powers_of_ten(gateway):
    spec = ScanSpec(
        "x", "TOP_PERC_GAIN", "STK", "STK.US.MAJOR", 50, (("avgVolumeAbove", "1e6"), ("stkTypes", "exc:ETF"))
    )

    async def work(rig):
        rig.broker.open_scan(spec)
        await rig.until(lambda: gateway.requests(22))

    connected(gateway, work)
    assert any("avgVolumeAbove=1000000;stkTypes=exc:ETF;" in field for field in gateway.requests(22)[0])


def test_positions_carry_the_magnifier_of_their_details(gateway, monkeypatch):
    cotton = gateway.things[916] = Thing(916, "CT", "FUT", "NYBOT", 65.0, "50000", "20271207", 1, 32500.0, "100")
    monkeypatch.setattr(second_gateway, "HELD", [cotton])

    async def work(rig):
        return [event.record.contract for event in rig.of(PositionUpdate)]

    (contract,) = connected(gateway, work)
    assert (contract.price_magnifier, contract.multiplier, contract.exchange) == (100.0, 50_000.0, "NYBOT")
