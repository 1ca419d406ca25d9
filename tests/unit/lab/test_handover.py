"""Today's bars on their way to the lab: all of them, once a minute, and anew after anything went wrong."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest

from engine.bars.series import HISTORY
from engine.bars.store import BarStore
from engine.clock import NEW_YORK, FakeClock
from engine.domain import Bar, ContractRef
from engine.errors import LabError
from engine.lab.handover import Handover
from engine.lab.messages import LoadToday
from engine.lab.snapshot import TodaySnapshot
from tests.unit.lab.lab_samples import walk


class Hand:
    """A handover of three symbols, one a slice; `broken_at` = the message that can't be sent."""

    def __init__(self) -> None:
        store, self.clock = BarStore(), FakeClock()
        for con_id in (1, 2, 3):
            entry = store.add(ContractRef(con_id, f"S{con_id}", f"S{con_id}", "STK", "SMART"))
            entry.series.merge(
                [Bar(*row) for row in zip(*(c.tolist() for c in walk(con_id, 30)), strict=True)], HISTORY
            )
        today = TodaySnapshot(store, lambda con_id: None, lambda con_id: False, lambda con_id: True)
        self.handover = Handover(today, self._send, self.clock.mono)
        self.sent: list[tuple[bool, list[int]]] = []
        self.broken_at: int | None = None

    def _send(self, message: LoadToday) -> None:
        if len(self.sent) == self.broken_at:
            self.broken_at = None
            raise LabError("The lab is busy.")
        self.sent.append((message.is_first, [symbol.con_id for symbol in message.symbols]))

    def bring(self) -> list[tuple[bool, list[int]]]:
        self.sent = []
        asyncio.run(self.handover.bring())
        return self.sent


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Hand:
    monkeypatch.setattr("engine.lab.handover.SLICE_S", -1.0)
    return Hand()


@pytest.mark.parametrize(
    ("sec_type", "dates"), [("STK", (20251006,)), ("FUT", (20251006, 20251007))], ids=["stock", "future"]
)
def test_today_has_the_trading_days_from_midnight_to_the_last_bar(sec_type: str, dates: tuple[int, ...]) -> None:
    store, evening = BarStore(), datetime(2025, 10, 6, 18, 30, tzinfo=NEW_YORK).timestamp()
    entry = store.add(ContractRef(1, "A", "A", sec_type, "SMART"))
    entry.series.merge([Bar(evening, 1.0, 1.0, 1.0, 1.0, 5.0)], HISTORY)
    today = TodaySnapshot(store, lambda con_id: None, lambda con_id: False, lambda con_id: True)
    assert today.begin()
    (found,) = [each for each in today.changed() if each is not None]
    assert (found.dates, found.tens_from) == (dates, 0.0)


ALL = [(True, [1]), (False, [2]), (False, [3])]


def test_all_at_first_and_then_what_changed_once_a_minute(hand: Hand):
    assert hand.bring() == ALL and hand.bring() == []
    hand.clock.advance(61.0)
    assert hand.bring() == []
    hand.handover.forget()
    assert hand.bring() == ALL


def test_after_a_failure_on_the_way_all_are_sent_again(hand: Hand):
    hand.broken_at = 1
    with pytest.raises(LabError, match="busy"):
        hand.bring()
    assert hand.bring() == ALL


def test_to_forget_on_the_way_is_a_failure(hand: Hand):
    async def interrupted() -> None:
        task = asyncio.create_task(hand.handover.bring())
        await asyncio.sleep(0)
        hand.handover.forget()
        await task

    with pytest.raises(LabError, match="could not be handed"):
        asyncio.run(interrupted())
    assert hand.bring() == ALL
