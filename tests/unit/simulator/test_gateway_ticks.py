from __future__ import annotations

from dataclasses import replace

import pytest

from simulator import generic_ticks
from simulator.contracts import Refusal
from simulator.model import Bar, Instrument, QuoteState
from simulator.ticks import TickFormat, changes, first_group, rt_volume, second_group

QUOTE = QuoteState(
    con_id=1, seq=5, time=1762354800.4, bid=10.0, ask=10.02, bid_size=700.0, ask_size=1250.0, last=10.01,
    last_size=140.0, volume=123_456.0, open=9.9, high=10.5, low=9.8, close=9.95,
)  # fmt: skip
LOTS = TickFormat(req_id=3, decimals=2, divisor=100, volume_divisor=100, delayed=False, fractional=True)
SHARES = replace(LOTS, divisor=1, volume_divisor=1)
DELAYED = replace(LOTS, delayed=True)


def split(messages: list[str]) -> list[list[str]]:
    return [message.split("\0")[:-1] for message in messages]


def kinds(messages: list[str]) -> list[str]:
    return [fields[0] + "/" + fields[3] for fields in split(messages)]


def test_a_line_begins_in_the_recorded_order() -> None:
    assert kinds(first_group(QUOTE, LOTS)) == ["46/45", "1/4", "45/49", "2/8", "1/6", "1/7"]
    assert kinds(second_group(QUOTE, LOTS)) == ["1/9", "1/14", "1/1", "1/2"]


def test_lots_and_shares() -> None:
    lots, shares = split(first_group(QUOTE, LOTS)), split(first_group(QUOTE, SHARES))
    assert (lots[3][4], shares[3][4]) == ("1234", "123456")
    assert (lots[1][5], shares[1][5]) == ("1", "140")
    assert split(second_group(QUOTE, LOTS))[2][4:6] == ["10.00", "7"]


def test_a_few_shares_are_one_lot_and_none_are_none() -> None:
    assert LOTS.size_text(20.0) == "1"
    assert LOTS.size_text(0.0) == "0"


def test_price_ticks_have_exactly_seven_fields() -> None:
    messages = first_group(QUOTE, LOTS) + second_group(QUOTE, LOTS)
    assert {len(fields) for fields in split(messages) if fields[0] == "1"} == {7}


def test_no_quote_is_minus_one_with_size_nought() -> None:
    sides = split(second_group(replace(QUOTE, bid=None, bid_size=None, close=None, open=None), LOTS))
    assert sides[0] == ["1", "6", "3", "1", "-1", "0", "1"]


def test_unknown_values_are_not_sent_at_first() -> None:
    bare = replace(QUOTE, last=None, volume=None, high=None, low=None)
    assert kinds(first_group(bare, LOTS)) == ["45/49"]


def test_only_what_changed_is_sent() -> None:
    assert changes(QUOTE, replace(QUOTE, seq=6), LOTS) == []
    moved = replace(QUOTE, seq=6, bid=10.01, ask_size=1300.0)
    assert kinds(changes(QUOTE, moved, LOTS)) == ["1/1", "2/3"]


def test_a_trade_brings_time_price_and_volume() -> None:
    traded = replace(QUOTE, last=10.6, volume=123_600.0, high=10.6, time=1762354801.0)
    assert kinds(changes(QUOTE, traded, LOTS)) == ["46/45", "1/4", "2/8", "1/6"]
    same_price = replace(QUOTE, last_size=300.0, volume=123_700.0)
    assert kinds(changes(QUOTE, same_price, LOTS)) == ["46/45", "2/5", "2/8"]


def test_a_side_that_goes_is_said() -> None:
    gone = replace(QUOTE, ask=None, ask_size=None)
    assert split(changes(QUOTE, gone, LOTS)) == [["1", "6", "3", "2", "-1", "0", "1"]]


def test_halts_and_new_days_are_said() -> None:
    assert split(changes(QUOTE, replace(QUOTE, halted=True), LOTS)) == [["45", "6", "3", "49", "1.0"]]
    assert kinds(changes(QUOTE, replace(QUOTE, close=10.01, open=10.2), LOTS)) == ["1/9", "1/14"]


def test_delayed_ticks_have_their_own_types() -> None:
    assert kinds(first_group(QUOTE, DELAYED)) == ["46/88", "1/68", "45/90", "2/74", "1/72", "1/73"]
    assert kinds(second_group(QUOTE, DELAYED)) == ["1/75", "1/76", "1/66", "1/67"]


def test_rt_volume_text() -> None:
    fields = split([rt_volume(QUOTE, 10.004, LOTS)])[0]
    assert fields[3:] == ["48", "10.01;1;1762354800400;1234;10.00400000;true"]


INSTRUMENT = Instrument(1, "A", "STK", "A", "NMS", "NASDAQ", "USD", "A INC", 0.01, avg_volume=2_000_000.0)


def days(count: int) -> list[Bar]:
    return [Bar(86400.0 * n, 10 + n, 11 + n, 9 + n, 10.5 + n, 1e6, 10.0, 9) for n in range(count)]


def test_stats_are_in_lots_too() -> None:
    fields = {message[3]: message for message in split(generic_ticks.stats(INSTRUMENT, days(300), LOTS))}
    assert fields["21"][0] == "2" and fields["21"][4] == "20000"
    assert fields["16"][4] == "310.00" and fields["15"][4] == f"{9 + 300 - 65:.2f}"
    assert fields["19"][4] == f"{9 + 300 - 260:.2f}"


def test_volatility_needs_returns() -> None:
    assert generic_ticks.volatility(days(2), LOTS) == []
    assert float(split(generic_ticks.volatility(days(40), LOTS))[0][4]) > 0


def test_strange_generic_ticks_are_refused() -> None:
    generic_ticks.check(["165", "292:BRFG", "233"], snapshot=False)
    with pytest.raises(Refusal, match="Incorrect generic tick list of 999"):
        generic_ticks.check(["233", "999"], snapshot=False)
    with pytest.raises(Refusal, match="Snapshot"):
        generic_ticks.check(["233"], snapshot=True)
