"""UnitKeeper: what was learned of the units of volume to disk and back, so that a restart knows it at once.

Thin shell around `engine.bars.kept_units`. A disk that refuses costs the next start the learning.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

from engine.bars.kept_units import load, save
from engine.bars.volume_unit import VolumeUnits
from engine.clock import NEW_YORK
from engine.storage.atomic import reason_of

log = logging.getLogger("qtrade.history")

SAVE_EVERY_S = 5.0


class UnitKeeper:
    """Brings them to disk and back. Engine loop only; the disk's work runs in a worker thread."""

    def __init__(self, units: VolumeUnits, market: Callable[[], float]) -> None:
        self._units = units
        self._market = market
        self._folder: Path | None = None
        self._saved = -1
        self._is_refused = False

    async def open(self, folder: Path) -> None:
        """Take over what this folder holds and keep it there from now on. The market clock has to be known."""
        self._units.on_day(self._today())
        kept = await asyncio.to_thread(load, folder)
        if kept is not None:
            self._units.restore(kept)
        self._folder, self._saved = folder, -1

    async def run(self) -> None:
        """Keep what is new, and notice the day on which round lots are assigned anew, for ever. Cancel it to stop."""
        while True:
            await asyncio.sleep(SAVE_EVERY_S)
            if self._folder is not None:
                self._units.on_day(self._today())
                await self.save()

    async def save(self) -> None:
        """Write what is not on disk yet."""
        if self._folder is None or self._saved == self._units.revision:
            return
        revision, kept = self._units.revision, self._units.kept(self._today())
        try:
            await asyncio.to_thread(save, self._folder, kept)
        except OSError as error:
            if not self._is_refused:
                log.warning("Units of volume are not kept on disk: %s", reason_of(error))
            self._is_refused = True  # and tried again
        else:
            self._saved, self._is_refused = revision, False

    def _today(self) -> date:
        return datetime.fromtimestamp(self._market(), NEW_YORK).date()
