"""The whole program, as `app.py` runs it, with a writer inside that says what was acknowledged; killed by `kills`.

One line of JSON each: `{"ack": KIND, "value": V}` once the program has acknowledged it, `{"begun": KIND, "value": V}`
before. Kinds: setting (a price floor), pin and unpin (con_id), point (wall time of a P&L point).
"""

from __future__ import annotations

import itertools
import json
import sys
import threading
import time
from typing import Any

from app.launch import wiring
from app.launch.launch import run
from app.launch.parts import Parts, Plan
from engine.journal.writer import Journal
from engine.state.bus import StateBus
from engine.state.commands import ApplySettings, Command, PinSymbol

SETTING = "breakout.price_floor_usd"
ANSWER_S = 120.0
EVERY_S = 0.01


def say(**line: Any) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


class Writer:
    """Submits one change after the other, as pages do, and waits for each answer."""

    def __init__(self, state: StateBus, journal: Journal, first: int) -> None:
        self._state = state
        self._journal = journal
        self._numbers = itertools.count(first)

    def run(self) -> None:
        con_ids = self._known()
        say(ready=time.monotonic())
        for number in self._numbers:
            self._point(1e9 + number)
            self._change("setting", number / 1000, ApplySettings(f"s{number}", {SETTING: number / 1000}))
            con_id = con_ids[number % len(con_ids)]
            is_pin = (number // len(con_ids)) % 2 == 0
            self._change("pin" if is_pin else "unpin", con_id, PinSymbol(f"p{number}", con_id, is_pin))

    def _known(self) -> list[int]:
        """The positions' contracts, once they are there."""
        while True:
            section: Any = self._state.read("positions")
            found = sorted({row.con_id for row in section.tradable}) if section is not None else []
            broker: Any = self._state.read("broker")
            if found and broker is not None and broker.connected:
                return found
            threading.Event().wait(EVERY_S)

    def _point(self, t: float) -> None:
        say(begun="point", value=t)
        self._journal.record_pnl(t, t, 1.0, 2.0, 3.0)
        if self._journal.flush(ANSWER_S):
            say(ack="point", value=t)

    def _change(self, kind: str, value: float, command: Command) -> None:
        say(begun=kind, value=value)
        self._state.submit(command)
        until = time.monotonic() + ANSWER_S
        while time.monotonic() < until:
            section: Any = self._state.read("answers")
            answer = next((a for a in section.answers if a.request_id == command.request_id), None) if section else None
            if answer is not None:
                say(**({"ack": kind, "value": value} if answer.ok else {"refused": answer.text}))
                return
            threading.Event().wait(EVERY_S)
        say(refused=f"no answer to {kind} {value} in {ANSWER_S:.0f} s")


def main(arguments: list[str]) -> int:
    first = int(arguments[0])

    def assemble(plan: Plan) -> Parts:
        parts = wiring.assemble(plan)
        engine: Any = parts.engine
        writer = Writer(engine._state, engine._journal, first)
        threading.Thread(target=writer.run, name="acknowledged", daemon=True).start()
        return parts

    return run(arguments[1:], assemble)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
