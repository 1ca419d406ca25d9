"""Raw executions and reports in any order, repeated, over reconnects: the same fills, told once for each thing new."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.broker.executions import Executions
from engine.broker.port import FillReport
from engine.broker.timings import Timings
from engine.portfolio.fills import FillBook, without_allocations
from tests.examples import examples
from tests.unit.broker.test_execution_messages import NOW, message

ACCOUNTS = ("DF1", "DU1", "DU2")


class Wire:
    """A connection that only hands messages on."""

    def __init__(self) -> None:
        self.handlers: dict[int, Any] = {}

    def on_message(self, message_id: int, handler: Any) -> None:
        self.handlers[message_id] = handler

    def count_row(self, req_id: int) -> None:
        """There is no request to count for."""


def messages() -> list[list[str]]:
    """Two orders of an advisor, corrected, allocated and reported; a combination; a time in a zone nobody knows."""
    made = []
    for order in range(2):
        for revision in (1, 2):
            for account, shares in zip(ACCOUNTS, ("100", "60", "40"), strict=True):
                exec_id = f"00.{account}.{order}.0{revision}"
                made.append(
                    message(
                        exec_id=exec_id, account=account, shares=shares, cum=shares, perm=str(90 + order),
                        price=f"{300 + revision}",
                    )
                )  # fmt: skip
                made.append(["59", "1", exec_id, f"{revision}.5", "EUR", "", ""])
                made.append(["59", "1", exec_id, "-1.0", "EUR", "", ""])
    made.append(message(exec_id="bag.01.01", type="BAG", con_id="28812380", account="DU1", perm="7"))
    made.append(
        message(exec_id="bag.01.02.01", type="OPT", con_id="3", account="DU1", perm="7", time="20251110 1 Moon")
    )
    return made


def run(parts: list[list[list[str]]]) -> tuple[FillBook, int]:
    """Each part comes over a connection of its own; the book stays."""
    book, told = FillBook(), 0

    async def one_connection(part: list[list[str]], at: float) -> None:
        nonlocal told
        wire, events = Wire(), []
        desk = Executions(wire, ACCOUNTS, events.append, Timings(), lambda: at)  # type: ignore[arg-type]
        for fields in part:
            wire.handlers[int(fields[0])](fields)
            if len(fields[2]) % 2:
                desk._tell()  # the packet ends here
        desk._tell()
        seen = [event.fill for event in events if isinstance(event, FillReport)]
        assert all(seen.count(fill) == 1 for fill in seen), "the same thing is told once"
        told += len(seen)
        for fill in seen:
            book.on_fill(fill)

    for number, part in enumerate(parts):
        asyncio.run(one_connection(part, NOW + 60.0 * number))
    return book, told


@examples(40)
@given(st.data())
def test_any_order_repeats_and_reconnects_give_the_same_fills(data):
    every = messages()
    order = data.draw(st.permutations(every))
    again = data.draw(st.lists(st.sampled_from(every), max_size=8))
    cut = data.draw(st.integers(0, len(order)))
    # A broker that is asked again sends the day's executions and reports from the beginning.
    book, _ = run([order[:cut], [*order, *again]])
    fills = book.fills()
    assert sorted((fill.exec_id, fill.price, fill.commission) for fill in fills) == sorted(
        [(f"00.{account}.{order}.02", 302.0, 2.5) for account in ACCOUNTS for order in range(2)]
        + [("bag.01.02.01", 300.25, None)]
    )
    counted = without_allocations(fills)
    assert sum(fill.quantity for fill in counted if fill.perm_id != 7) == 200.0
    assert sum(fill.commission or 0.0 for fill in counted) == 4 * 2.5
    (unknown,) = [fill for fill in fills if fill.time_kind == "received"]
    first = NOW if any(fields[14] == "bag.01.02.01" for fields in order[:cut] if fields[0] == "11") else NOW + 60.0
    assert unknown.time_market == first


def test_nothing_is_told_after_the_end():
    async def scenario() -> list[Any]:
        wire, events = Wire(), []
        desk = Executions(wire, ACCOUNTS, events.append, Timings(), lambda: NOW)  # type: ignore[arg-type]
        wire.handlers[11](message())
        desk.close()
        await asyncio.sleep(0.05)
        return events

    assert asyncio.run(scenario()) == []
