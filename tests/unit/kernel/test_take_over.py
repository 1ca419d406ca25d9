"""What an engine takes over from the one before it in the same program, which ended a moment ago."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

from engine.clock import SystemClock
from engine.journal.reader import JournalReader
from engine.journal.writer import Journal
from engine.kernel.engine import Engine
from engine.kernel.login import JOURNAL_FILE
from engine.kernel.rooms import EngineSetup
from engine.settings.effective import resolve
from engine.settings.sources import Layer
from engine.state.bus import StateBus
from engine.storage.build_id import build_id
from tests.app.sample_alerts import occurrence, rule

ROOT = Path(__file__).resolve().parents[3]
ACCOUNT = "DU1234567"
BUSY_S = 0.5


def journal_in(folder: Path) -> Path:
    return next(folder.rglob(JOURNAL_FILE))


def test_what_was_found_last_is_taken_over_although_it_is_not_on_the_disk_yet(tmp_path: Path) -> None:
    clock = SystemClock()
    layers = [Layer("command line", {"broker.mode": "paper"}), *map(Layer, ("environment", "saved", "config.yaml"))]
    setup = EngineSetup(
        resolve(layers), "127.0.0.1", 1, tmp_path, StateBus(None, clock), Journal(clock), JournalReader(),
        build_id(ROOT), ROOT, clock,
    )  # fmt: skip
    of_before = rule(1, "disk", {"gb": 2.0})

    async def take_over() -> Engine:
        engine = Engine(setup)
        engine._use_accounts([ACCOUNT])
        setup.journal.record_rule(of_before, 0.0)
        assert setup.journal.flush()
        with closing(sqlite3.connect(journal_in(tmp_path), isolation_level=None, check_same_thread=False)) as busy:
            busy.execute("BEGIN IMMEDIATE")
            setup.journal.record_occurrence(occurrence(2, clock.wall(), kind="disk"))
            timer = threading.Timer(BUSY_S, busy.execute, ("COMMIT",))
            timer.start()
            await engine._take_over([ACCOUNT])
            timer.join()
        await engine.rooms.supervisor.stop()
        await engine.rooms.files.close()
        return engine

    try:
        shown = asyncio.run(take_over()).rooms.alerts.section()
        assert [row.rule for row in shown.rules] == [of_before]
        assert [each.id for each in shown.occurrences if each.is_open] == [2], "else it would be raised and told again"
    finally:
        setup.state.stop()
        setup.journal.stop()
        setup.reader.close()
