"""Engine and pages put together, or pages alone on what engines of other processes publish."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

from app.checks import Finding
from app.deps import AppDeps
from app.engines import ChosenState
from app.factory import create_app
from app.launch import doctor
from app.launch.checking import Checking
from app.launch.desktop import may_open_browser
from app.launch.engine_wiring import EngineParts, engine_parts
from app.launch.parts import NoEngine, Parts, Plan, Role, RunningEngine
from app.launch.preparation import Prepared
from app.login.cookie import file_senders
from app.login.gate import gate_of
from app.rates import Rates
from engine.clock import steady
from engine.fleet.fleet import Fleet
from engine.fleet.journal import ChosenJournal, Readers
from engine.journal.source import JournalSource
from engine.logs.reading import LogFiles
from engine.state.sections import BrokerSection
from engine.state.source import StateSource


def assemble(plan: Plan) -> Parts:
    """Starts nothing but the idle threads of state and journal."""
    if plan.role is Role.PAGES:
        return _pages_alone(plan)
    made = engine_parts(plan)
    state, journal = _seen(plan, made)
    checking = Checking(lambda: _findings(plan, made, made.clock.wall), made.clock.wall)
    more = {
        "bars": made.bars,
        "statements": made.statements,
        "checks": checking,
        "config_now": lambda: made.engines.settings.config,
        "clock": made.clock,
    }
    return _with_pages(plan, made.stores(checking), state, journal, more)


def _seen(plan: Plan, made: EngineParts) -> tuple[StateSource, JournalSource]:
    """What the pages of an engine's process show: it alone, or all that publish where `state.url` says."""
    if plan.store is None:
        return made.state, made.reader
    name, url = plan.settings.config.engine.name, plan.settings.config.journal.url
    fleet = Fleet(plan.store, made.clock, {name: made.state})
    chosen = ChosenState(fleet)
    return chosen, ChosenJournal(Readers(fleet, url, {name: made.reader}), chosen.choice)


def _pages_alone(plan: Plan) -> Parts:
    assert plan.store is not None  # without one there is nothing to show
    clock = steady(plan.clock)
    fleet = Fleet(plan.store, clock)
    chosen = ChosenState(fleet)
    journal = ChosenJournal(Readers(fleet, plan.settings.config.journal.url), chosen.choice)
    more = {"config_now": lambda: plan.settings.config, "clock": clock}
    return _with_pages(plan, NoEngine(journal.close), chosen, journal, more)


def _with_pages(
    plan: Plan, engine: RunningEngine, state: StateSource, journal: JournalSource, more: dict[str, Any]
) -> Parts:
    gate = gate_of(plan.folder, plan.settings.config.web)
    clock = more["clock"]
    deps = AppDeps(
        state=state,
        journal=journal,
        log=LogFiles(plan.logs),
        build_id=plan.build.id,
        version=plan.build.version,
        started_mono=clock.mono(),
        rates=Rates(clock.mono),
        login=gate,
        **more,
    )
    return Parts(engine, create_app(deps).server, gate.link, file_senders(gate, plan.settings.config.web.port))


def _findings(plan: Plan, made: EngineParts, wall: Callable[[], float]) -> Iterator[Finding]:
    """What doctor finds now, on the settings that are in force."""
    prepared = Prepared(made.engines.settings, plan.folder, plan.notes)
    broker = made.state.read("broker")
    is_connected = isinstance(broker, BrokerSection) and broker.connected
    may_open = may_open_browser(True, os.environ, sys.platform)
    yield from doctor.looked(doctor.of_this_python(plan.root, may_open))
    yield from doctor.looked(doctor.of_this_run(prepared, wall, is_connected))
