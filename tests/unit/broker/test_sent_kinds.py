"""What may leave for TWS: what reads, counted by kind; an order or anything unknown stays here and is said."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.broker.client import load_library
from engine.broker.sent_kinds import READING, SentKinds

ORDERS = {"place": 3, "cancel": 4, "exercise": 21, "cancel all": 58}


@pytest.mark.parametrize("kind", ORDERS.values(), ids=list(ORDERS))
def test_no_message_about_orders_may_leave(kind: int, caplog: pytest.LogCaptureFixture) -> None:
    sent = SentKinds()
    assert not sent.admit(f"{kind}\x001\x00") and sent.kept_back == 1 and sent.counts() == ()
    assert caplog.records[0].levelno == logging.ERROR and f"kind {kind} was kept back" in caplog.text


def test_what_reads_is_counted_by_kind() -> None:
    sent = SentKinds()
    assert all(sent.admit(message) for message in ("49\x001\x00", "1\x0011\x007\x00", "49\x001\x00"))
    assert sent.counts() == (("Market data, begin", 1), ("TWS' time", 2)) and sent.kept_back == 0


@given(st.text(max_size=30) | st.from_regex(r"0?[0-9]{1,2}\x00"))
def test_what_begins_with_no_listed_number_stays(message: str) -> None:
    number = message.partition("\0")[0]
    is_listed = number in {str(kind) for kind in READING}
    assert SentKinds().admit(message) is is_listed


@pytest.fixture
def library() -> Iterator[Any]:
    """Its import asks for a loop, and other tests have closed theirs."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield load_library()
    asyncio.set_event_loop(None)
    loop.close()


def test_the_library_numbers_orders_so(library: Any) -> None:
    """Its own calls, as it would write them: were they called, their messages would be kept back."""
    client = library.Client(wrapper=None)
    written: list[str] = []
    client.isConnected = lambda: True
    client.serverVersion = lambda: 176
    client.sendMsg = written.append
    contract, order = library.Stock("A", "SMART", "USD"), library.LimitOrder("BUY", 1, 1.0)
    calls: list[tuple[Any, ...]] = [
        (client.placeOrder, 1, contract, order), (client.cancelOrder, 1), (client.reqGlobalCancel,),
        (client.exerciseOptions, 1, contract, 1, 1, "", 0),
    ]  # fmt: skip
    for call, *arguments in calls:
        call(*arguments)
    sent = SentKinds()
    assert [message.partition("\0")[0] for message in written] == ["3", "4", "58", "21"]
    assert not any(map(sent.admit, written)) and sent.kept_back == 4
