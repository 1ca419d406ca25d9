"""The parts put together: state, journal, engine, pages. The only place that knows both the engine and the app."""

from __future__ import annotations

from app.deps import AppDeps
from app.factory import create_app
from app.launch.parts import Parts, Plan
from engine.bars.bar_files import BarFiles
from engine.clock import SystemClock
from engine.journal.reader import JournalReader
from engine.journal.writer import Journal
from engine.kernel.engine import Engine
from engine.kernel.rooms import EngineSetup
from engine.kernel.runtime import EngineThread
from engine.state.bus import StateBus

STORES_STOP_S = 0.5


class EngineWithStores:
    """The engine thread, and the writers that must outlive it by a moment."""

    def __init__(self, thread: EngineThread, state: StateBus, journal: Journal) -> None:
        self._thread = thread
        self._state = state
        self._journal = journal

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """End the engine, then write what is left. False when the engine did not end in time."""
        ended = self._thread.stop(timeout_s)
        self._state.stop(STORES_STOP_S)
        self._journal.stop(STORES_STOP_S)
        return ended


def assemble(plan: Plan) -> Parts:
    """Engine and pages on one state; starts nothing but the idle journal thread."""
    clock = SystemClock()
    state = StateBus(None, clock)
    journal, reader, bars = Journal(clock), JournalReader(), BarFiles()
    setup = EngineSetup(
        plan.settings, plan.host, plan.port, plan.folder, state, journal, reader, plan.build, plan.root, clock, bars
    )
    thread = EngineThread(lambda: Engine(setup))
    deps = AppDeps(
        state=state,
        journal=reader,
        bars=bars,
        config=plan.settings.config,
        build_id=plan.build.id,
        version=plan.build.version,
        clock=clock,
        started_mono=clock.mono(),
    )
    return Parts(EngineWithStores(thread, state, journal), create_app(deps).server)
