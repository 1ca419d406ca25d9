"""Today's bars on their way from the engine to the lab process, in slices between which the loop goes on.

Engine thread only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from engine.errors import LabError
from engine.lab.messages import LoadToday, SymbolMinutes
from engine.lab.snapshot import TodaySnapshot

LOADING = 0  # the job number of today's bars
FRESH_S = 60.0  # today's bars are sent again after this time
SLICE_S = 0.002
NOT_LOADED = "Today's bars could not be handed to the lab; try once more."


class Handover:
    """Whatever goes wrong on the way, all bars are sent anew the next time. `send` raises LabError."""

    def __init__(self, today: TodaySnapshot, send: Callable[[LoadToday], None], mono: Callable[[], float]) -> None:
        self._today = today
        self._send = send
        self._mono = mono
        self._bringing = asyncio.Lock()  # who asks meanwhile has to wait until all bars are there
        self.folder = ""  # of the bars on disk
        self._sent_mono: float | None = None  # None = the process has no bars, or not all of them

    @property
    def bars_to(self) -> float | None:
        """End of the newest minute that was sent, market time."""
        return self._today.bars_to

    def forget(self) -> None:
        """The process has nothing (any more)."""
        self._today.forget()
        self._sent_mono = None

    async def bring(self) -> None:
        """Send what changed, once a minute at most. Raises LabError."""
        async with self._bringing:
            await self._bring()

    async def _bring(self) -> None:
        if self._sent_mono is not None and self._mono() - self._sent_mono < FRESH_S:
            return
        if self._sent_mono is None:
            self._today.forget()
        self._sent_mono = self._mono()
        try:
            await self._send_slices()
        except BaseException:
            self.forget()
            raise
        if self._sent_mono is None:  # it was told to forget on the way
            raise LabError(NOT_LOADED)

    async def _send_slices(self) -> None:
        part: list[SymbolMinutes] = []
        first, begun = self._today.begin(), self._mono()
        for symbol in self._today.changed():
            if symbol is not None:
                part.append(symbol)
            if self._mono() - begun > SLICE_S:
                self._send_part(part, first)
                first, part = False, []
                await asyncio.sleep(0)
                begun = self._mono()
        self._send_part(part, first)

    def _send_part(self, part: list[SymbolMinutes], is_first: bool) -> None:
        if part or is_first:  # nothing is sent where nothing is new
            self._send(LoadToday(LOADING, self._today.day_start or 0.0, is_first, tuple(part), self.folder))
