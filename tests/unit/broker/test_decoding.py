"""Messages with a field that the client library can't read are decoded all the same, for every server version."""

from __future__ import annotations

import asyncio
import logging
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.broker.client import load_library
from engine.broker.convert import to_info
from engine.broker.decoding import mend

VERSIONS = (157, 160, 163, 164, 176)
ANY = st.binary(max_size=12).map(lambda raw: raw.replace(b"\0", b"").decode(errors="backslashreplace"))


@pytest.fixture(scope="module", autouse=True)
def library_in_a_loop():
    """The library binds an event loop when it is imported."""

    async def load():
        load_library()

    asyncio.run(load())


class Wrapper:
    """What the decoder calls, and with what."""

    def __init__(self):
        self.details, self.errors, self.prices = [], [], []
        self.lastTime = None
        self.pendingTickers = set()
        self.reqId2Ticker = {7: Ticker()}

    def contractDetails(self, req_id, details):
        self.details.append((req_id, details))

    bondContractDetails = contractDetails

    def error(self, *args):
        self.errors.append(args)

    def priceSizeTick(self, *args):
        self.prices.append(args)

    def tickGeneric(self, *args):
        self.prices.append(args)


class Ticker:
    def __init__(self):
        self.ticks = []


def decoded(fields, version=176):
    library = load_library()
    wrapper = Wrapper()
    decoder = library.decoder.Decoder(wrapper, version)
    mend(decoder, wrapper, library)
    decoder.logger = logging.getLogger("quiet")
    decoder.logger.disabled = True
    decoder.interpret(list(fields))
    return wrapper


def stock_details(version, **changed):
    """Message 10 as that version of the server lays it out."""
    values = {
        "symbol": "ODD", "secType": "STK", "last": "", "strike": "0", "right": "", "exchange": "SMART",
        "currency": "TWD", "local": "ODD", "market": "NMS", "class": "NMS", "con_id": "912", "tick": "0.01",
        "size_mult": "100", "mult": "", "orders": "LMT", "valid": "SMART,NYSE", "magnifier": "100", "under": "0",
        "long": "Odd Company", "primary": "NYSE", "month": "", "industry": "Odd", "category": "", "sub": "",
        "zone": "US/Eastern", "hours": "", "liquid": "", "ev_rule": "", "ev_mult": "", "ids": "0", "agg": "1",
        "under_symbol": "", "under_type": "", "rules": "26", "expiry": "", "kind": "COMMON",
    } | changed  # fmt: skip
    old = version < 164
    names = [name for name in values if old or name != "size_mult"]
    tail = ["1"] if version == 163 else ["1", "1", "100"] if version >= 164 else []
    return ["10", *(["8"] if old else []), "5", *(values[name] for name in names), *tail]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("raw", "shown"),
    [("許功蓋".encode("big5"), "許功蓋"), (b"ENDS\\", "ENDS\\"), (b"Nestl\\u00e9", "Nestlé"), (b"\\ud83d", "�")],
)
def test_a_long_name_in_any_bytes(version, raw, shown):
    wrapper = decoded(stock_details(version, long=raw.decode(errors="backslashreplace")), version)
    ((req_id, details),) = wrapper.details
    info = to_info(details)
    assert (req_id, info.long_name) == (5, shown)
    assert (info.contract.con_id, info.contract.price_magnifier, info.min_tick) == (912, 100.0, 0.01)
    assert (info.contract.currency, info.contract.primary_exchange, info.industry) == ("TWD", "NYSE", "Odd")


@pytest.mark.parametrize("version", VERSIONS)
@given(field=st.sampled_from(sorted({"symbol", "strike", "local", "market", "tick", "mult", "magnifier", "under",
                                     "long", "industry", "zone", "hours", "ids", "agg", "rules", "kind", "last"})),
       text=ANY)  # fmt: skip
def test_no_field_of_the_details_loses_the_contract(version, field, text):
    wrapper = decoded(stock_details(version, **{field: text}), version)
    ((req_id, details),) = wrapper.details
    info = to_info(details)
    assert (req_id, info.contract.con_id, info.contract.exchange) == (5, 912, "SMART")
    assert info.long_name.encode().decode() == info.long_name
    assert 0.0 < info.contract.price_magnifier < 1e300


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("ids", ["0", "?"])  # "?": the library gives the message up
@pytest.mark.parametrize(
    ("text", "magnifier"),
    [("1", 1.0), ("100", 100.0), ("10", 10.0), ("1000", 1000.0), ("0.01", 0.01), ("1E2", 100.0), ("100.0", 100.0),
     ("2.5", 2.5), ("0", 1.0), ("", 1.0), ("-100", 1.0), ("nan", 1.0), ("inf", 1.0), ("1.7976931348623157E308", 1.0),
     ("?", 1.0)],
)  # fmt: skip
def test_a_magnifier_is_any_positive_number(version, ids, text, magnifier):
    ((_, details),) = decoded(stock_details(version, magnifier=text, ids=ids), version).details
    assert to_info(details).contract.price_magnifier == magnifier


@pytest.mark.parametrize("version", (163, 176))
@pytest.mark.parametrize("length", range(14, 42, 3))
def test_details_that_end_early_keep_what_came(version, length):
    wrapper = decoded(stock_details(version)[:length], version)
    ((_, details),) = wrapper.details
    assert details.contract.symbol == "ODD"


@pytest.mark.parametrize("version", (163, 176))
@pytest.mark.parametrize("callable_", ["0", "1", "false", ""])
def test_a_bond_keeps_its_contract(version, callable_):
    old = version < 164
    fields = [
        "18", *(["6"] if old else []), "5", "IBM", "BOND", "459200", "3.5", "20290515", "20190515", "A3", "CORP",
        "FIXED", "0", callable_, "0", "IBM 3.5", "SMART", "USD", "IBM", "IBM", "913", "0.001", *(["1"] if old else []),
        "LMT", "SMART", "", "", "0", "", "Int. Business Machines\\", "", "0", "0", "2147483647", "1",
        *([] if old else ["1", "1", "1"]),
    ]  # fmt: skip
    ((req_id, details),) = decoded(fields, version).details
    info = to_info(details)
    assert (req_id, info.contract.con_id, info.contract.sec_type) == (5, 913, "BOND")
    assert info.long_name == "Int. Business Machines\\"
    assert info.contract.price_magnifier == 1.0


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (["4", "2", "7", "200", "No\\u0020such", ""], (7, 200, "No such", "")),
        (["4", "2", "7", "200", "No such"], (7, 200, "No such", "")),
        (["4", "2", "", "2104", "ok", ""], (-1, 2104, "ok", "")),
        (["4", "2", "7", "", "Donn\\xe9es\\"], (7, 0, "Données\\", "")),
        (["4", "2", "7", "200"], (7, 200, "", "")),
    ],
)
def test_an_error_is_always_told(fields, told):
    assert decoded(fields).errors == [told]


@pytest.mark.parametrize(
    ("fields", "price"),
    [
        (["1", "6", "7", "1", "-100", "0", "0"], (7, 1, -100.0, 0.0)),
        (["1", "6", "7", "4", "0.00", "5", "0"], (7, 4, 0.0, 5.0)),
        (["1", "6", "7", "4", "1.5", "", "0"], (7, 4, 1.5, 0.0)),
        (["1", "6", "7", "4", "1.5", "2", "0", "more"], (7, 4, 1.5, 2.0)),
    ],
)
def test_price_ticks(fields, price):
    assert decoded(fields).prices == [price]


def test_an_empty_price_says_nothing_and_garbage_is_no_price():
    assert decoded(["1", "6", "7", "4", "", "5", "0"]).prices == []
    assert decoded(["1", "6", "7", "4", "x", "5", "0"]).prices == []
    assert math.isnan(decoded(["1", "6", "7", "4", "nan", "5", "0"]).prices[0][2])


def test_a_mark_of_zero_and_a_delayed_halt_are_ticks_of_the_packet():
    ticks = decoded(["1", "6", "7", "37", "0", "0", "0"]).reqId2Ticker[7].ticks
    assert [(tick.tickType, tick.price) for tick in ticks] == [(37, 0.0)]
    wrapper = decoded(["45", "6", "7", "90", "1"])
    assert [(tick.tickType, tick.price) for tick in wrapper.reqId2Ticker[7].ticks] == [(90, 1.0)]
    assert wrapper.pendingTickers
    assert decoded(["45", "6", "7", "49", "1"]).prices == [(7, 49, 1.0)]
