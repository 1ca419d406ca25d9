"""The program under test as a process of its own: engine, state, journal and pages as the launcher wires them.

`python -m tests.chaos.host` reads one JSON command a line and answers each with one line. The engine keeps the times of
the fault table; its wall clock can be set, and errors can be planted in its own code. One sequence after another may
run in it: `start` makes everything anew.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.launch import engine_wiring, wiring
from app.launch.launch import STATE_FOLDER
from app.launch.parts import Parts, Plan
from app.launch.ports import open_listener
from app.launch.web_server import WebServer
from engine.kernel.engine import Engine
from engine.settings.effective import resolve
from engine.settings.sources import Layer
from engine.state.disk_store import DiskStore
from engine.storage.build_id import build_id
from tests.chaos.fault_table import STRETCH, paced
from tests.chaos.invariants import of_section

ROOT = Path(__file__).resolve().parents[2]
STOP_S = 20.0
LOOK_S = 0.25  # between two looks at what is published
ERRORS: dict[str, type[BaseException]] = {
    "RuntimeError": RuntimeError, "SystemExit": SystemExit, "KeyError": KeyError, "CancelledError":
    asyncio.CancelledError, "KeyboardInterrupt": KeyboardInterrupt,
}  # fmt: skip


class SetClock:
    """The machine's clocks; its wall clock has been set by `shift_s`."""

    def __init__(self) -> None:
        self.shift_s = 0.0

    def mono(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time() + self.shift_s


class ErrorLines(logging.Handler):
    """ERROR records of every logger."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        self.lines.append(f"{record.name}: {record.getMessage()}" + (f" [{error!r}]" if error is not None else ""))


class Host:
    """One program at a time. Commands come in the main thread."""

    def __init__(self) -> None:
        self._build = build_id(ROOT)
        self._errors = ErrorLines()
        self._clock = SetClock()
        self._engines: list[Engine] = []
        self._parts: Parts | None = None
        self._server: WebServer | None = None
        self._planted: list[Callable[[], None]] = []
        self._seen: dict[str, Any] = {}
        self._not_finite = ""
        threading.Thread(target=self._watch, name="sections", daemon=True).start()
        logging.getLogger().addHandler(self._errors)
        threading.excepthook = lambda args: self._errors.lines.append(f"thread {args.thread}: {args.exc_value!r}")
        sys.unraisablehook = lambda args: self._errors.lines.append(f"unraisable: {args.exc_value!r}")
        engine_wiring.Engine = self._made  # type: ignore[misc,assignment]  # so that errors can be planted in it

    def _made(self, setup: Any) -> Engine:
        self._engines.append(Engine(setup))
        return self._engines[-1]

    def start(self, port: int, folder: str, settings: dict[str, Any], pace: float) -> dict[str, Any]:
        """Everything anew on a gateway and a folder; the answer says where the pages are."""
        self._errors.lines.clear()
        self._engines.clear()
        self._not_finite = ""
        self._clock.shift_s = 0.0
        layers = [Layer("command line", {"broker.mode": "paper", **settings})]
        effective = resolve([*layers, Layer("environment"), Layer("saved"), Layer("config.yaml")])
        outlet = DiskStore(Path(folder) / STATE_FOLDER).outlet(effective.config.engine.name)
        outlet.claim(0.0)
        plan = Plan(
            effective, "127.0.0.1", port, Path(folder), self._build, ROOT,
            self._clock, paced(pace), period_stretch=STRETCH, outlet=outlet,
        )  # fmt: skip
        self._parts = wiring.assemble(plan)
        listener = open_listener("127.0.0.1", 0)
        self._server = WebServer(self._parts.wsgi, listener)
        self._server.start()
        self._parts.engine.start()
        return {"web": listener.getsockname()[1]}

    def stop(self) -> dict[str, Any]:
        """End it in good order; the answer says what it has to say of itself."""
        assert self._parts is not None and self._server is not None
        said = self.look()
        self.heal()
        said["stopped"] = self._parts.engine.stop(STOP_S)
        self._server.stop()
        self._parts = self._server = None
        return said

    def look(self) -> dict[str, Any]:
        """Errors logged so far, restarts by part, and the first number of a section that was NaN or infinite."""
        engine = self._engines[-1] if self._engines else None
        restarts = dict(engine.rooms.supervisor.restarts) if engine is not None else {}
        return {
            "errors": list(self._errors.lines),
            "restarts": restarts,
            "engines": len(self._engines),
            "not_finite": self._not_finite,
        }

    def _watch(self) -> None:
        """All the time, as what a bad tick leaves may be gone at the end. Looks once at each section."""
        while True:
            time.sleep(LOOK_S)
            engines = list(self._engines)
            sections: dict[str, Any] = dict(engines[-1]._setup.state.current().sections) if engines else {}
            for name, section in sections.items():
                if not self._not_finite and self._seen.get(name) is not section:
                    self._not_finite = of_section(name, section)
            self._seen = sections

    def clock(self, seconds: float) -> dict[str, Any]:
        """Somebody sets this machine's wall clock."""
        self._clock.shift_s += seconds
        return {}

    # --- errors of our own code -----------------------------------------------------------------------------------

    def plant(self, where: str, error: str, times: int | None = None) -> dict[str, Any]:
        """`where` raises `error` at its next `times` calls, None = until `heal`."""
        owner, name = self._place(where)
        kept, left = getattr(owner, name), [times]

        def failing(*arguments: Any, **more: Any) -> Any:
            if left[0] is not None:
                left[0] -= 1
                if left[0] <= 0:
                    setattr(owner, name, kept)
            raise ERRORS[error]("planted")

        setattr(owner, name, failing)
        if times is None:
            self._planted.append(lambda: setattr(owner, name, kept))
        return {}

    def heal(self) -> dict[str, Any]:
        """What was planted until now fails no more."""
        while self._planted:
            self._planted.pop()()
        return {}

    def _place(self, where: str) -> tuple[Any, str]:
        self._tasks()
        rooms, engines = self._engines[-1].rooms, self._parts.engine  # type: ignore[union-attr]
        places: dict[str, Callable[[], tuple[Any, str]]] = {
            "ticks": lambda: (rooms.bus, "on_ticks"),
            "quotes": lambda: (rooms.feed, "on_quote"),
            "lines": lambda: (rooms.bus, "step"),
            "scan": lambda: (rooms.coordinator, "step"),
            "lines report": lambda: (rooms.lines, "snapshot"),
            "curve": lambda: (rooms.login, "add_point"),
            "journal": lambda: (engines._journal._thread, "_step"),  # type: ignore[attr-defined]
            "state": lambda: (engines._state._writer, "_current"),  # type: ignore[attr-defined]
        }
        return places[where]()

    def cancel(self, task: int) -> dict[str, Any]:
        """A supervised task is cancelled as if by itself."""
        tasks = self._tasks()
        chosen = tasks[task % len(tasks)]
        chosen.get_loop().call_soon_threadsafe(chosen.cancel)
        return {"task": chosen.get_name()}

    def end_thread(self, error: str) -> dict[str, Any]:
        """An error that no part contains ends the engine's loop."""

        def fail() -> None:
            raise ERRORS[error]("planted")

        self._tasks()[0].get_loop().call_soon_threadsafe(fail)
        return {}

    def _tasks(self) -> list[asyncio.Task[None]]:
        """The running parts of the engine, which may have begun a moment ago. Raises TimeoutError without any."""
        until = time.monotonic() + STOP_S
        while time.monotonic() < until:
            engine = self._engines[-1] if self._engines else None
            tasks = [each for each in engine.rooms.supervisor._tasks if not each.done()] if engine is not None else []
            if tasks:
                return tasks
            time.sleep(0.05)
        raise TimeoutError("the engine has no part that runs")


def main() -> int:
    host = Host()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = getattr(host, command.pop("do"))(**command)
        except Exception as error:  # noqa: BLE001 - the one who asked is told
            answer = {"failed": repr(error)}
        print(json.dumps(answer), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
