"""Ticks by tables leave in the library's objects what its own decoder leaves, message by message, readable or not."""

from __future__ import annotations

import asyncio
import logging
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.broker.client import load_library
from engine.broker.decoding import mend
from engine.broker.fast_ticks import quicken, take_in
from tests.examples import examples

REQUESTS = (7, 8)
NUMBERS = ("", "0", "0.0", "-1", "-1.0", "100", "100", "250.25", "250.25", "3e2", "nan", "inf", "1.8e308", "x",
           " 5", "1_0", "-0.0")  # fmt: skip
KINDS = [str(kind) for kind in (*range(10), 14, 15, 21, 29, 37, 45, 48, 49, 59, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75,
                                76, 77, 79, 84, 90)] + ["", "x", "01", " 1"]  # fmt: skip
TIMES = ("1762354800123", "", "x", "-5", "99999999999999999999")

number = st.sampled_from(NUMBERS)
req_id = st.sampled_from(("7", "7", "8", "9", "", "x"))
kind = st.sampled_from(KINDS)
trade = st.lists(st.one_of(number, st.sampled_from(TIMES)), min_size=4, max_size=7).map(";".join)
good_trade = st.tuples(number, number, st.sampled_from(TIMES), number, number, st.just("true")).map(";".join)
message = st.one_of(
    st.tuples(st.just("1"), st.just("6"), req_id, kind, number, number, st.just("0")).map(list),
    st.tuples(st.just("2"), st.just("6"), req_id, kind, number).map(list),
    st.tuples(st.just("45"), st.just("6"), req_id, kind, number).map(list),
    st.tuples(st.just("46"), st.just("6"), req_id, st.sampled_from(("48", "77", "45", "84", "32", "88")),
              st.one_of(good_trade, trade)).map(list),
    st.tuples(st.just("58"), st.just("1"), req_id, st.sampled_from("1234")).map(list),
    st.lists(st.one_of(kind, number), max_size=8).map(lambda fields: [*fields[:1], "6", *fields[1:]]),
)  # fmt: skip
cut = st.lists(st.integers(0, 400), max_size=4)


@pytest.fixture(scope="module", autouse=True)
def library_in_a_loop() -> None:
    """The library binds an event loop when it is imported."""

    async def load() -> None:
        load_library()

    asyncio.run(load())


class Side:
    """A client without a socket, and what it was heard to say."""

    def __init__(self, quick: bool) -> None:
        library = load_library()
        self.ib = library.IB()
        self.client = self.ib.client
        self.client._apiReady, self.client._serverVersion = True, 176
        self.client.decoder.serverVersion = 176
        mend(self.client.decoder, self.ib.wrapper, library)
        self.errors: list[str] = []
        for owner in (self.client.decoder, self.client, self.ib.wrapper):
            name = "logger" if hasattr(owner, "logger") else "_logger"
            setattr(owner, name, _Heard(self.errors))
        if quick:
            assert quicken(self.client.decoder, self.ib.wrapper, library)
        self.take = (lambda data: take_in(self.client, data)) if quick else self.client._onSocketHasData
        for req in REQUESTS:
            self.ib.wrapper.reqId2Ticker[req] = library.Ticker(contract=library.Contract(conId=req))
        self.told: list[list[int]] = []
        self.ib.pendingTickersEvent += lambda tickers: self.told.append(sorted(each.contract.conId for each in tickers))

    def state(self) -> list[dict[str, str]]:
        found = []
        for ticker in self.ib.wrapper.reqId2Ticker.values():
            values = {name: repr(value) for name, value in vars(ticker).items() if name not in ("time", "updateEvent")}
            values["ticks"] = repr([tuple(tick)[1:] for tick in ticker.ticks])
            assert all(tick.time is ticker.time or ticker.time is None for tick in ticker.ticks)
            assert all(type(tick.tickType) is int and type(tick) is type(ticker.ticks[0]) for tick in ticker.ticks)
            found.append(values)
        return found


class _Heard(logging.LoggerAdapter):
    """A logger of the library: how often it complained."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__(logging.getLogger("quiet"), {})
        self._errors = errors

    def error(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        self._errors.append(str(msg))

    exception = error


def wire(messages: list[list[str]]) -> bytes:
    framed = ["".join(f"{field}\0" for field in fields).encode() for fields in messages]
    return b"".join(struct.pack(">I", len(body)) + body for body in framed)


@examples(60)
@given(st.lists(st.lists(message, max_size=12), min_size=1, max_size=5), cut)
def test_the_same_stays_in_the_tickers(packets: list[list[list[str]]], cuts: list[int]) -> None:
    plain, quick = Side(quick=False), Side(quick=True)
    for messages in packets:
        data, at = wire(messages), 0
        for place in [*sorted(cuts), len(data)]:
            part, at = data[at : max(at, place)], max(at, place)
            plain.take(part)
            quick.take(part)
            assert quick.state() == plain.state()
            assert quick.told == plain.told
        assert quick.errors == plain.errors
        assert (quick.client._numMsgRecv, quick.client._numBytesRecv, quick.client._data) == (
            plain.client._numMsgRecv,
            plain.client._numBytesRecv,
            plain.client._data,
        )


def test_most_ticks_never_reach_the_librarys_handlers() -> None:
    quick = Side(quick=True)
    wrapper, asked = quick.ib.wrapper, []
    for name in ("priceSizeTick", "tickSize", "tickString"):
        setattr(wrapper, name, lambda *args: asked.append(args))
    quick.take(
        wire(
            [
                ["1", "6", "7", "1", "250.25", "100", "1"],
                ["1", "6", "7", "4", "250.26", "100", "0"],
                ["2", "6", "7", "0", "300"],
                ["2", "6", "7", "8", "123456"],
                ["46", "6", "7", "48", "250.26;100;1762354800123;123456;250.1;true"],
            ]
        )
    )
    ticker = wrapper.reqId2Ticker[7]
    assert asked == [] and len(ticker.ticks) == 5
    assert (ticker.bid, ticker.bidSize, ticker.prevBidSize, ticker.last, ticker.volume) == (
        250.25, 300.0, 100.0, 250.26, 123456.0,
    )  # fmt: skip


def test_a_handler_that_ends_the_connection_ends_the_packet() -> None:
    quick = Side(quick=True)
    quick.client.decoder.handlers[9] = lambda fields: quick.client.reset()
    quick.take(wire([["9", "1", "5"], ["2", "6", "7", "8", "5"]]))
    assert quick.client._data == b"" and quick.ib.wrapper.reqId2Ticker[7].ticks == []


def test_another_library_keeps_its_own_handlers() -> None:
    library = load_library()
    side = Side(quick=False)
    before = dict(side.client.decoder.handlers)

    class Other:
        __name__ = "ib_async"
        objects = library.objects

    assert not quicken(side.client.decoder, side.ib.wrapper, Other)  # type: ignore[arg-type]
    assert side.client.decoder.handlers == before
