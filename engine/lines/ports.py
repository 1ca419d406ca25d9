"""What the bus asks of whoever makes use of its spare lines: a protocol, so that it needs to know no room beside it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from engine.domain import Demand
from engine.lines.ledger import Line


class SpareLines(Protocol):
    """Who wants the lines that nobody else needs; `engine/coverage/rotation.py`. Engine thread only."""

    def demands(
        self,
        lines: Sequence[Line],
        seats: int,
        barred: Collection[int],
        now_mono: float,
        now_market: float,
        *,
        paused: bool = False,
    ) -> list[Demand]:
        """Demands of class coverage: the visits that go on and the next ones, most urgent first.

        `lines` are all that count now, `seats` the most that coverage could hold, `barred` who is not to be asked for.
        `paused`: TWS has no connection to IB's servers, so that a visit would see nothing; everybody stays.
        """
        ...

    def on_opened(self, now_mono: float) -> None:
        """A visit begins: its messages are spent."""
        ...

    def on_disconnected(self) -> None:
        """Every line is gone."""
        ...

    def knows(self, con_id: int) -> bool:
        """It is visited in its turn."""
        ...

    def waits(self, con_id: int, now_mono: float) -> str:
        """When it was seen, and that it waits for its next visit, in words; "" = it is not visited."""
        ...
