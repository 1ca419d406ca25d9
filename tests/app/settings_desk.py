"""The engine's side of settings for the pages' tests: the real keeper on a real file, commands drained on demand.

`Desk(bus, folder)` publishes the section "settings"; `work()` carries out what the pages submitted and publishes
the answers, as the engine does within a second.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec.structs import replace

from engine.errors import QTradeError
from engine.settings.changes import SettingsKeeper
from engine.settings.effective import resolve, saved_layer
from engine.settings.saved import load_saved
from engine.settings.sources import Layer
from engine.state.bus import StateBus
from engine.state.commands import (
    AnyCommand,
    ApplySettings,
    DeleteScan,
    KeepScan,
    LabCommand,
    ProbeBroker,
    RevertChange,
    UseThresholdSet,
)
from engine.state.sections import Answer, AnswersSection, ChangeRow
from tests.instantly import instantly

LOCKED = Layer("command line", {"web.port": 8099}, {"web.port": "command line --port"})
FROM_FILE = Layer("config.yaml", {"lines.limit": 50})


class Book:
    """Changes in memory, newest first."""

    def __init__(self, wall: float) -> None:
        self._wall = wall
        self._rows: list[ChangeRow] = []

    def record_change(self, who: str, key: str, old: Any, new: Any) -> None:
        self._rows.insert(0, ChangeRow(len(self._rows) + 1, self._wall, who, key, old, new))

    def mark_reverted(self, change_id: int) -> None:
        self._rows = [replace(row, reverted=row.reverted or row.id == change_id) for row in self._rows]

    def changes(self, limit: int) -> list[ChangeRow]:
        return self._rows[:limit]


class Desk:
    """`commands` keeps what was carried out, without the questions to the lab.

    `is_silent` True = commands are taken and never answered.
    """

    def __init__(self, bus: StateBus, folder: Path, wall: float) -> None:
        self.bus = bus
        self.path = folder / "settings.json"
        self.commands: list[AnyCommand] = []
        self.is_silent = False
        self._answers: list[Answer] = []
        self._wall = wall
        saved = load_saved(self.path)
        settings = resolve([LOCKED, Layer("environment"), saved_layer(saved.values), FROM_FILE])
        self.keeper = SettingsKeeper(settings, self.path, Book(wall), lambda _fresh: None, lambda: wall)
        self.bus.publish("settings", self.keeper.section())

    def work(self) -> None:
        """Carry out and answer everything that waits."""
        for command in self.bus.drain():
            if not isinstance(command, LabCommand):
                self.commands.append(command)
            if not self.is_silent:
                self._answers.append(self._answer(command))
        self.bus.publish("answers", AnswersSection(answers=tuple(self._answers[-50:])))
        self.bus.publish("settings", self.keeper.section())

    def _answer(self, command: AnyCommand) -> Answer:
        try:
            return Answer(command.request_id, True, self._carry_out(command), self._wall)
        except QTradeError as error:
            return Answer(command.request_id, False, str(error), self._wall)

    def _carry_out(self, command: AnyCommand) -> str:
        if isinstance(command, ApplySettings):
            return instantly(self.keeper.change(command.changes, command.who))
        if isinstance(command, RevertChange):
            return instantly(self.keeper.revert(command.change_id, command.who))
        if isinstance(command, UseThresholdSet):
            return instantly(self.keeper.use_set(command.action, command.name, command.who))
        if isinstance(command, KeepScan):
            return instantly(self.keeper.keep_scan(command))
        if isinstance(command, DeleteScan):
            return instantly(self.keeper.delete_scan(command.name, command.who))
        if isinstance(command, ProbeBroker):
            raise QTradeError(f"No TWS API answers at {command.host}:{command.port}.")
        return "done"
