"""The whole program, as `app.py` runs it, that says twice a second what it has and what it told; used by `damage`.

With `prepare` as the first argument it first changes what is kept, as pages do. One line of JSON each: `{"point": T}`
once a P&L point of that time is on the disk, `{"has": {...}, "told": [...]}` from then on.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

import msgspec

from app.launch import engine_wiring, wiring
from app.launch.launch import run
from app.launch.parts import Parts, Plan
from engine.domain import ContractRef
from engine.state.commands import ApplySettings, Command, KeepScan, PinSymbol, UseThresholdSet
from tests.long._kills_program import SETTING, say

EVERY_S = 0.02


class Reporter:
    """Reads the state as pages do; the journal's reader for what is on the disk."""

    def __init__(self, stores: Any, engines: list[Any], prepares: bool) -> None:
        self._state = stores._state
        self._journal = stores._journal
        self._engines = engines
        self._prepares = prepares

    def run(self) -> None:
        con_ids = self._known()
        if self._prepares:
            self._prepare(con_ids)
        t = time.time()
        self._journal.record_pnl(t, t, 1.0, 2.0, 3.0)
        assert self._journal.flush(60.0)
        say(point=t)
        while True:
            say(has=self._has(), told=self._told())
            threading.Event().wait(0.5)

    def _known(self) -> list[int]:
        while True:
            section, broker = self._state.read("positions"), self._state.read("broker")
            found = sorted({row.con_id for row in section.tradable}) if section is not None else []
            if found and broker is not None and broker.connected:
                return found
            threading.Event().wait(EVERY_S)

    def _prepare(self, con_ids: list[int]) -> None:
        while not (section := self._state.read("scan_parameters")) or not section.day:
            threading.Event().wait(EVERY_S)
        for command in (
            ApplySettings("a1", {SETTING: 7.25}),
            PinSymbol("a2", con_ids[0], True),
            UseThresholdSet("a3", "keep", "Mine"),
            KeepScan("a4", "Active ones", "MOST_ACTIVE", "STK", "STK.US.MAJOR"),
            PinSymbol("a5", con_ids[1], True),
            ApplySettings("a6", {SETTING: 7.5}),
        ):
            self._do(command)
        rooms = self._engines[-1].rooms
        old = ContractRef(con_ids[0], "FB", "FB", "STK", "SMART")
        rooms.symbols.former.note(old, msgspec.structs.replace(old, symbol="META", local_symbol="META"))

    def _do(self, command: Command) -> None:
        self._state.submit(command)
        while True:
            section = self._state.read("answers")
            answer = next((a for a in section.answers if a.request_id == command.request_id), None) if section else None
            if answer is not None:
                assert answer.ok, answer.text
                return
            threading.Event().wait(EVERY_S)

    def _has(self) -> dict[str, Any]:
        rooms, reader = self._engines[-1].rooms, self._engines[-1]._setup.reader
        config = rooms.keeper.settings.config
        day = time.time() - 86_400.0
        return {
            "setting": rooms.keeper.settings.value(SETTING),
            "pins": sorted(rooms.watch.pinned_ids()),
            "sets": sorted(config.sets.saved),
            "scans": sorted(config.market_scan.custom),
            "names": sorted(rooms.symbols.former.rows()),
            "accounts": list(rooms.login.watched),
            "points": [point.t for point in reader.pnl(day)][-500:],
            "journal": reader.problem or self._journal.problem,
            "bars": rooms.bar_keeper.problem,
            "state": self._state.problem,
            "bars_open": rooms.bar_keeper._archive is not None,
            "day": getattr(self._state.read("scan_parameters"), "day", ""),
        }

    def _told(self) -> list[tuple[str, str, str, str]]:
        section = self._state.read("health")
        found = section.conditions if section is not None else ()
        return [(each.key, each.title, each.text, each.cure) for each in found]


def main(arguments: list[str]) -> int:
    prepares, engines, made = arguments[0] == "prepare", [], engine_wiring.Engine

    def engine_made(setup: Any) -> Any:
        engines.append(made(setup))
        return engines[-1]

    engine_wiring.Engine = engine_made  # type: ignore[misc,assignment]  # so that what is in force can be said

    def assemble(plan: Plan) -> Parts:
        parts = wiring.assemble(plan)
        reporter = Reporter(parts.engine, engines, prepares)
        threading.Thread(target=reporter.run, name="reporter", daemon=True).start()
        return parts

    return run(arguments[1:], assemble)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
