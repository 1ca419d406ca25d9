"""An engine's hand for the lab in the browser: the real LabService and lab process on a store of made-up bars."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from engine.bars.series import HISTORY
from engine.bars.store import BarStore
from engine.clock import SystemClock
from engine.domain import Bar, ContractRef
from engine.lab.service import LabService, LabTies
from engine.lab.snapshot import TodaySnapshot
from engine.state.commands import LabCommand
from engine.state.sections import Answer, AnswersSection
from tests.app.settings_desk import Desk
from tests.browser.conftest import Site
from tests.unit.lab.lab_samples import ROOT, walk


class LabEngine:
    """Runs in a thread with a loop of its own, as the engine does."""

    def __init__(self, site: Site, folder: Path, symbols: int = 40) -> None:
        self.desk = Desk(site.bus, folder, site.clock.wall())
        self._bus = site.bus
        self._answers: list[Answer] = []
        self._end = threading.Event()
        store = BarStore()
        for con_id in range(1, symbols + 1):
            entry = store.add(ContractRef(con_id, f"S{con_id}", f"S{con_id}", "STK", "SMART"))
            rows = zip(*(column.tolist() for column in walk(con_id)), strict=True)
            entry.series.merge([Bar(*row) for row in rows], HISTORY)
        ties = LabTies(self._bus.publish, self._answer, lambda: (self._settings(), 5e6), SystemClock())
        today = TodaySnapshot(store, lambda con_id: None, lambda con_id: False, lambda con_id: True)
        self.lab = LabService(ties, today, ROOT, folder / "lab.log")
        self.lab.use_folder(folder / "bars")
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()

    def _settings(self):
        return self.desk.keeper.settings.config.breakout

    def _answer(self, request_id: str, ok: bool, text: str) -> None:
        self._answers.append(Answer(request_id, ok, text, 0.0))
        self._bus.publish("answers", AnswersSection(answers=tuple(self._answers[-50:])))

    async def _run(self) -> None:
        while not self._end.is_set():
            for command in self._bus.drain():
                if isinstance(command, LabCommand):
                    self.lab.take(command)
            await asyncio.sleep(0.05)
        self.lab.stop()

    def stop(self) -> None:
        self._end.set()
        self._thread.join(5.0)
