"""An engine's hand for the page of alerts in the browser: the real desk and post office, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from engine.alerts.facts import Facts, Price
from engine.errors import QTradeError
from engine.kernel.alert_commands import AlertCommands
from engine.state.sections import Answer, AnswersSection
from tests.app.sample_state import NQ
from tests.app.settings_desk import Desk
from tests.browser.conftest import Site
from tests.unit.alerts.alert_desk import Rig, facts

HASTE = 20.0  # seconds of the desk a second: nobody waits for dwell and grouping


class AlertsEngine:
    """Looks and carries out commands ten times a second; `say` = the facts from now on."""

    def __init__(self, site: Site, folder: Path) -> None:
        self._site = site
        self._folder = folder
        self.facts = facts(-100.0, symbols={NQ: "NQZ5"})
        self._answers: list[Answer] = []
        self._end = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait(30.0)

    def say(self, now: Facts) -> None:
        self.facts = now

    def price(self, price: float) -> None:
        self.say(facts(-100.0, symbols={NQ: "NQZ5"}, prices={NQ: Price(price, price, price)}))

    def _run(self) -> None:
        self.rig = Rig(self._folder)
        self.rig.desk._symbol_of = {NQ: "NQZ5"}.get  # type: ignore[assignment]
        self.desk = Desk(self._site.bus, self._folder, self._site.clock.wall())
        commands = AlertCommands(self.rig.desk, self.rig.post, self.rig.clock)
        wall = self._site.clock.wall()
        self.rig.clock.jump_wall(wall - self.rig.clock.wall())
        self._ready.set()
        while not self._end.wait(0.1):
            for command in self._site.bus.drain():
                self._answers.append(self._answer(commands, command))
            self.rig.step(self.facts, HASTE * (self._site.clock.wall() - wall))
            wall = self._site.clock.wall()
            self._site.bus.publish("alerts", self.rig.desk.section())
            self._site.bus.publish("answers", AnswersSection(answers=tuple(self._answers[-50:])))
        self.rig.close()
        asyncio.set_event_loop(None)

    def _answer(self, commands: AlertCommands, command: object) -> Answer:
        request_id = str(getattr(command, "request_id", ""))
        try:
            if type(command) in commands.later:
                return self.rig.do(commands.later[type(command)](command))  # type: ignore[no-any-return]
            if type(command) in commands.at_once:
                return Answer(request_id, True, commands.at_once[type(command)](command), 0.0)
        except QTradeError as error:
            return Answer(request_id, False, str(error), 0.0)
        return Answer(request_id, True, "done", 0.0)

    def stop(self) -> None:
        self._end.set()
        self._thread.join(10.0)
