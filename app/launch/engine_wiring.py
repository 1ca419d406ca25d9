"""The engine put together with its stores: state, journal, bars, the folder of statements. Knows no page.

A process that is an engine alone (`python -m engine`) imports this, and not Dash.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from app.launch.parts import Move, Parts, Plan
from engine.bars.bar_files import BarFiles
from engine.clock import Clock, steady
from engine.config import AppConfig
from engine.journal.reader import JournalReader
from engine.journal.writer import Journal
from engine.kernel.engine import Engine
from engine.kernel.rooms import EngineSetup
from engine.kernel.runtime import EngineThread
from engine.settings.changes import AT_START
from engine.settings.effective import EffectiveSettings
from engine.sharding.attendance import Attendance
from engine.sharding.share import Share
from engine.state.bus import StateBus
from engine.state.roll import Member
from engine.state.sections import Answer, BrokerSection
from engine.statements.desk import ImportDesk

STORES_STOP_S = 0.5
LASTED_S = 60.0
LONGEST_PAUSE_S = 30.0
# Of no account, or it says of which days it is. Whoever chose another gateway waits for the answer.
KEPT_SECTIONS = ("settings", "answers", "lab_result")

log = logging.getLogger("qtrade.app")


class Worker(Protocol):
    """Something with a thread of its own that runs as long as the program."""

    def start(self) -> None:
        """Begin, and return."""

    def stop(self, timeout_s: float) -> Any:
        """End within the time, or leave it to the end of the process."""


class EngineWithStores:
    """The engine thread, started again when it ends unasked, and the writers that must outlive it by a moment.

    `move` is asked when an engine has ended: True = it left for another gateway, which is ready, or has failed to be.
    """

    def __init__(
        self,
        thread: EngineThread,
        state: StateBus,
        journal: Journal,
        look_every_s: float = 0.5,
        move: Callable[[], bool] = lambda: False,
        beside: Sequence[Worker] = (),
    ) -> None:
        self._thread = thread
        self._state = state
        self._journal = journal
        self._look_every_s = look_every_s
        self._move = move
        self._beside = tuple(beside)
        self._stopping = threading.Event()
        self._watch = threading.Thread(target=self._watch_thread, name="engine-watch", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._watch.start()
        for worker in self._beside:
            worker.start()

    def stop(self, timeout_s: float) -> bool:
        """End the engine, then write what is left. False when the engine did not end in time."""
        self._stopping.set()
        for worker in self._beside:
            worker.stop(STORES_STOP_S)
        ended = self._thread.stop(timeout_s)
        self._state.stop(STORES_STOP_S)
        self._journal.stop(STORES_STOP_S)
        return ended

    def _watch_thread(self) -> None:
        """An engine that lasted a minute is started again at once, one that doesn't last ever later."""
        pause_s, started = self._look_every_s, time.monotonic()
        while not self._stopping.wait(self._look_every_s):
            if self._thread.is_alive:
                continue
            try:
                moved = self._move()
            except Exception:
                log.exception("The way to the other gateway failed; it is tried again")
                if self._stopping.wait(pause_s):
                    return
                pause_s = min(2.0 * pause_s, LONGEST_PAUSE_S)
                continue
            if moved:
                if self._stopping.is_set():
                    return
                pause_s, started = self._look_every_s, time.monotonic()
                self._thread.start()
                continue
            if time.monotonic() - started > LASTED_S:
                pause_s = self._look_every_s
            log.error("The engine ended by itself (%s); it is started again", self._thread.failure or "no error")
            if self._stopping.wait(pause_s):
                return
            pause_s, started = min(2.0 * pause_s, LONGEST_PAUSE_S), time.monotonic()
            self._thread.start()


def as_started(now: EffectiveSettings, at_start: EffectiveSettings) -> EffectiveSettings:
    """The settings of now, but for those that take effect at the next start of the program."""
    fixed = {prefix.rstrip("."): getattr(at_start.config, prefix.rstrip(".")) for prefix in AT_START}
    return replace(now, config=now.config.model_copy(update=fixed))


def of_no_gateway(answers: Iterable[Answer]) -> tuple[Answer, ...]:
    """Those that hold nothing found at the former gateway: its contracts and prices are not the next one's."""
    return tuple(each for each in answers if each.value is None)


@dataclass(frozen=True)
class EngineParts:
    """An engine that is not started, with what it writes to and what pages of its process read."""

    clock: Clock
    state: StateBus
    journal: Journal
    reader: JournalReader
    bars: BarFiles
    statements: ImportDesk
    engines: Engines
    thread: EngineThread
    attendance: Attendance | None

    def stores(self, *beside: Worker) -> EngineWithStores:
        """The engine and all that runs beside it."""
        more = (*beside, self.attendance) if self.attendance is not None else beside
        return EngineWithStores(
            self.thread, self.state, self.journal, move=self.engines.move, beside=(self.statements, *more)
        )


def engine_parts(plan: Plan) -> EngineParts:
    """Starts nothing but the idle threads of state and journal."""
    clock = steady(plan.clock)
    state = StateBus(plan.outlet, clock)
    journal, reader, bars = Journal(clock), JournalReader(), BarFiles()
    setup = EngineSetup(
        plan.settings, plan.host, plan.port, plan.folder, state, journal, reader, plan.build, plan.root, clock, bars,
        timings=plan.timings, period_stretch=plan.period_stretch, began_wall=clock.wall(),
        restarted_after=f"{plan.restarted_after}." if plan.restarted_after else "", playback=plan.playback,
    )  # fmt: skip
    attendance = _attendance(plan, state, clock)
    if attendance is not None:
        setup = replace(setup, shared=attendance)
    engines = Engines(setup, plan.move)
    thread = EngineThread(engines.make)
    engines.thread = thread
    statements = ImportDesk(reader, clock, plan.root, plan.folder, lambda: engines.settings.config.journal.import_dir)
    return EngineParts(clock, state, journal, reader, bars, statements, engines, thread, attendance)


def _attendance(plan: Plan, state: StateBus, clock: Clock) -> Attendance | None:
    """Of an engine that shares its symbols. A changed limit of lines weighs from the next start: shares stay put."""
    if plan.roll is None:
        return None

    def is_connected() -> bool:
        broker = state.current().sections.get("broker")
        return isinstance(broker, BrokerSection) and broker.connected

    config = plan.settings.config
    member = Member(config.engine.name, config.lines.limit)
    return Attendance(
        Share(member.name, clock.mono()), plan.roll, member, clock.mono, is_connected, lambda: _day(clock.wall())
    )


def _day(wall: float) -> str:
    return datetime.fromtimestamp(wall, UTC).strftime("%Y%m%d")


def engine_alone(plan: Plan) -> Parts:
    """An engine without pages."""
    return Parts(engine_parts(plan).stores(), None)


class Engines:
    """Makes one engine after the other, each with the settings as they are then: the pages may have changed them."""

    thread: EngineThread

    def __init__(self, setup: EngineSetup, move: Move | None) -> None:
        self._setup = setup
        self._move = move
        self._now = setup  # of the next engine
        self._engine: Engine | None = None  # the one that runs, or ran

    @property
    def settings(self) -> EffectiveSettings:
        return self._engine.rooms.keeper.settings if self._engine is not None else self._setup.settings

    def make(self) -> Engine:
        """In the engine's thread."""
        now, before = self._now, self._engine
        if before is not None and not before.is_leaving:
            failure = self.thread.failure
            words = "The engine ended by itself" + (f": {type(failure).__name__}: {failure}" if failure else "")
            now = self._now = replace(
                now,
                settings=as_started(self.settings, self._setup.settings),
                restarted_after=f"{words}.",
                answers=before.rooms.desk.section().answers,
                is_elsewhere=not self._knows_accounts(before),
            )
        self._engine = Engine(now)
        return self._engine

    def move(self) -> bool:
        """The engine has ended: if it left for another gateway, go there. What it published stays with its account."""
        engine, setup = self._engine, self._setup
        if engine is None or not engine.is_leaving:
            return False
        log.info("Connecting to %s from now on", engine.rooms.keeper.settings.config.gateway_words())
        setup.state.begin_anew(KEPT_SECTIONS)
        setup.journal.leave()
        setup.reader.close()
        setup.bar_files.open(None)
        settings = as_started(engine.rooms.keeper.settings, setup.settings)
        host, port = self._move(settings) if self._move is not None else (setup.host, setup.port)
        before, after = self._now.settings.config, settings.config
        self._now = replace(
            setup,
            settings=settings,
            host=host,
            port=port,
            restarted_after="",
            changes=engine.rooms.changes.all(),
            answers=of_no_gateway(engine.rooms.desk.section().answers),
            is_elsewhere=gateway_of(before) != gateway_of(after) or not self._knows_accounts(engine),
        )
        return True

    def _knows_accounts(self, engine: Engine) -> bool:
        """Those remembered are its gateway's: it is the one of the start, or has said itself whose they are."""
        is_told = (
            self._now.settings.config.broker.account is not None
        )  # by the settings: the gateway may have said nothing
        return not self._now.is_elsewhere or (bool(engine.rooms.login.watched) and not is_told)


def gateway_of(config: AppConfig) -> tuple[Any, ...]:
    """Who is asked for the accounts: another simulated world has others as well."""
    mode, *_, gateway = config.connection()
    return mode, gateway
