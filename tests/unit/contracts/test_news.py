"""Headlines: plain text whatever is sent, one question at a time, none while news are off or nobody provides any."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.broker.news_messages import LONGEST, headline_of
from engine.broker.port import Headline
from engine.clock import FakeClock
from engine.config import NewsSettings
from engine.contracts.news import FRESH_S, NONE, NewsRoom
from engine.errors import QTradeError

ON = NewsSettings(enabled=True, most=3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{A:800015:L:en:K:0.91:C:0.96}Tesla opens a plant", "Tesla opens a plant"),
        ("Tesla  &\tpeers\n<b>rise</b>", "Tesla & peers <b>rise</b>"),
        ("Stra\\u00dfe", "Straße"),
        ("{A:1}", None),
        ("", None),
        ("x" * 900, "x" * (LONGEST - 1) + "…"),
    ],
)
def test_a_headline_is_plain_words(text, words):
    req_id, row = headline_of(["86", "7", "2025-11-05 14:05:12.0", "BRFG", "BRFG$1", text])
    assert req_id == 7
    assert (row.text if row is not None else None) == words
    assert row is None or (row.time_market, row.provider) == (1_762_351_512.0, "BRFG")


@pytest.mark.parametrize("moment", ["", "yesterday", "9" * 40, "2025-13-45 99:99:99.0"])
def test_a_time_that_is_none_is_none(moment):
    assert headline_of(["86", "7", moment, "X", "Y", "words"])[1].time_market is None
    assert headline_of(["86", "7", "1762351512000", "X", "Y", "words"])[1].time_market == 1_762_351_512.0


@given(st.lists(st.text(max_size=60), max_size=8))
def test_nothing_that_stands_in_a_message_can_fail(rest):
    _, row = headline_of(["86", "7", *rest])
    assert row is None or (row.text.isprintable() or row.text.strip()) and len(row.text) <= LONGEST


class Source:
    def __init__(self, providers=("BRFG", "FLY")):
        self.providers = list(providers)
        self.asked: list[tuple] = []
        self.under_way = self.most_under_way = 0

    async def news_providers(self, timeout_s=10.0):
        self.asked.append(("providers",))
        return self.providers

    async def headlines(self, con_id, providers, most, timeout_s=15.0):
        self.asked.append((con_id, tuple(providers), most))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        return [Headline(1.0, "BRFG", "a", f"news of {con_id}")]


def room(source, settings=ON):
    clock = FakeClock()
    return NewsRoom(source, lambda: settings, clock), clock


def test_off_is_said_and_asks_nothing():
    source = Source()
    made, _ = room(source, NewsSettings())
    with pytest.raises(QTradeError, match="off"):
        asyncio.run(made.ask(1))
    assert source.asked == []


def test_an_account_without_providers_is_told_so_once_a_connection():
    source = Source(providers=())
    made, _ = room(source)
    assert asyncio.run(made.ask(1)) == (NONE, [])
    assert asyncio.run(made.ask(2)) == (NONE, [])
    assert source.asked == [("providers",)]
    made.on_connected()
    asyncio.run(made.ask(1))
    assert source.asked == [("providers",)] * 2


def test_answers_serve_for_two_minutes_and_one_question_goes_at_a_time():
    source = Source()
    made, clock = room(source)

    async def many():
        return await asyncio.gather(*(made.ask(7) for _ in range(5)))

    told = asyncio.run(many())
    assert told == [("1 headline.", [[1.0, "BRFG", "news of 7"]])] * 5
    assert source.asked == [("providers",), (7, ("BRFG", "FLY"), 3)]
    assert source.most_under_way == 1
    clock.advance(FRESH_S + 1.0)
    asyncio.run(made.ask(7))
    assert len(source.asked) == 3
