"""The start and the end of the program: settings, port, lock, pages first, then simulator and engine, and back."""

from __future__ import annotations

import logging
import os
import platform
import socket
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from app.launch.check import broker_words, check_environment, client_library, log_folder, report
from app.launch.cli import SIDE_COMMANDS, CommandLine, parse_command_line
from app.launch.closing import close_to_others
from app.launch.data_folder import check_data_folder, make_data_folder
from app.launch.desktop import may_open_browser, open_browser
from app.launch.ending import Ending
from app.launch.gateway import Gateway
from app.launch.login_commands import run_login_command
from app.launch.parts import Assemble, Parts, Plan, Role, RunningEngine
from app.launch.ports import PortRefused, PortTaken, open_listener
from app.launch.preparation import Machine, Prepared, closed, prepare
from app.launch.web_server import WebServer
from app.login.local_link import LocalLink
from engine.config import is_loopback
from engine.errors import ConfigError, NameTaken, StateError
from engine.journal.server import check_driver
from engine.kernel.heap import allocator, keep_heap_small
from engine.kernel.playback import Playback
from engine.logs.routing import plain, route_logs
from engine.settings.effective import SAVED
from engine.settings.saved import FILE_NAME, set_aside
from engine.state.disk_store import DiskStore
from engine.state.roll import Roll
from engine.state.store import CLAIM_S, Outlet, StateStore
from engine.state.stores import open_store
from engine.storage.build_id import BuildId, build_id
from engine.storage.lockfile import AlreadyRunning, EngineLock

ROOT = Path(__file__).resolve().parents[2]
ENGINE_STOP_S = 1.4
CLAIM_MORE_S = 1.0
STATE_FOLDER = "state"
RESTARTED_AFTER = "QTRADE_RESTARTED_AFTER"

OK, REFUSED, SECOND_ENGINE = 0, 2, 3

log = logging.getLogger("qtrade.app")


def run(arguments: Sequence[str], assemble: Assemble | None = None, *, has_pages: bool = True) -> int:
    """The whole program; returns its exit code. Prints one message instead of a traceback for what users do wrong.

    `assemble` None = the real engine and pages. `has_pages` False = an engine alone.
    """
    machine = Machine(ROOT, os.environ, Path.home(), sys.platform)
    try:
        build = build_id(ROOT)
        if arguments[:1] and arguments[0] in SIDE_COMMANDS:
            os.umask(0o077)
            return _run_beside(arguments, machine, build)
        typed = parse_command_line(arguments)
        if typed.version:
            print(f"QTrade {build}")
            return OK
        if typed.login is not None:
            os.umask(0o077)
            print(plain(run_login_command(typed, machine)))
            return OK
        check_environment()
        role = _role(typed, has_pages)
        prepared = prepare(typed, machine)
        listener = None
        if role is not Role.ENGINE:
            prepared, listener = _listening(closed(prepared))
        if typed.check:
            if listener is not None:
                listener.close()
            check_data_folder(prepared.folder)
            print(plain("\n".join(report(prepared, build))))
            return OK
        return _run_locked(prepared, machine, build, listener, assemble, role)
    except (ConfigError, PortTaken) as error:
        print(plain(f"QTrade: {error}"), file=sys.stderr)
        return REFUSED
    except (AlreadyRunning, NameTaken) as error:
        print(plain(f"QTrade: {error}"), file=sys.stderr)
        return SECOND_ENGINE
    except KeyboardInterrupt:
        return OK


def _role(typed: CommandLine, has_pages: bool) -> Role:
    if typed.no_engine and not has_pages:
        raise ConfigError("command line: python -m engine is an engine alone; --no-engine leaves nothing. Drop one.")
    return Role.PAGES if typed.no_engine else Role.BOTH if has_pages else Role.ENGINE


def _listening(prepared: Prepared) -> tuple[Prepared, socket.socket]:
    """The dashboard's socket; a saved address that this system does not give us is left out. Raises PortTaken."""
    web, settings = prepared.settings.config.web, prepared.settings
    try:
        return prepared, open_listener(web.host, web.port)
    except PortRefused as error:
        saved = [key for key in ("web.host", "web.port") if settings.origin(key) == SAVED]
        if not saved:
            raise
        note = f"A saved setting was left out ({', '.join(saved)}). {error}"
    settings = settings.with_saved({}, forget=saved)
    settings = replace(settings, left_out=(*prepared.settings.left_out, note))
    web = settings.config.web
    return replace(prepared, settings=settings, notes=(*prepared.notes, note)), open_listener(web.host, web.port)


def _run_locked(
    prepared: Prepared,
    machine: Machine,
    build: BuildId,
    listener: socket.socket | None,
    assemble: Assemble | None,
    role: Role,
) -> int:
    ending = Ending()
    ending.listen()
    store = state_store(prepared)
    if (journal_url := prepared.settings.config.journal.url) is not None:
        check_driver(journal_url)
    group = prepared.settings.config.engine.share
    roll = store.roll(group) if group is not None and role is not Role.PAGES else None
    os.umask(0o077)  # whatever is made from here on is this user's alone
    make_data_folder(prepared.folder)
    lock = EngineLock(prepared.folder)
    heap = keep_heap_small(allocator())
    logs = log_folder(prepared.folder, prepared.settings.config.web.port if role is Role.PAGES else None)
    try:
        try:
            if role is not Role.PAGES:
                lock.acquire(machine.clock_wall())
                close_to_others(prepared.folder)
            routing = route_logs(logs, prepared.settings.config.log.level)
        except OSError as error:
            raise ConfigError(
                f"data folder: {error.filename or prepared.folder}: {error.strerror or error}; must be a folder whose "
                "files you may write, on a disk with space. Correct it, or use another --data-dir."
            ) from None
        try:
            _announce(prepared, build, role, store)
            outlet = None
            if role is not Role.PAGES:
                _set_aside(prepared, machine)
                outlet = store.outlet(prepared.settings.config.engine.name)
                _claim(outlet)
            site = Site(store, outlet, logs, role, roll)
            _serve_until_end(prepared, machine, build, listener, ending, site, assemble)
        finally:
            routing.close()
    finally:
        heap.set()
        lock.release()
        if listener is not None:
            listener.close()
    return OK


class Site(NamedTuple):
    """What of the outside this process has to do with. `outlet` None = it has no engine; `roll` None = its symbols are
    its own."""

    store: StateStore
    outlet: Outlet | None
    logs: Path
    role: Role
    roll: Roll | None


def state_store(prepared: Prepared) -> StateStore:
    """Where engines publish: what `state.url` names, else a folder in the data folder. Raises ConfigError."""
    url = prepared.settings.config.state.url
    return DiskStore(prepared.folder / STATE_FOLDER) if url is None else open_store(url)


def _claim(outlet: Outlet) -> None:
    """The engine's name is ours, or is asked for by the writer once the store can be reached. Raises NameTaken."""
    try:
        try:
            outlet.claim(0.0)
        except NameTaken as error:
            log.warning("%s Waiting %.0f s: whoever has died gives it back.", error, CLAIM_S)
            outlet.claim(CLAIM_S + CLAIM_MORE_S)
    except NameTaken:
        raise
    except StateError as error:
        log.warning("State: %s", error)


def _announce(prepared: Prepared, build: BuildId, role: Role, store: StateStore) -> None:
    web = prepared.settings.config.web
    log.info("QTrade %s on Python %s with %s", build, platform.python_version(), client_library())
    log.info("Data folder: %s", prepared.folder)
    if role is Role.PAGES:
        log.info("No engine in this process: the pages show what engines publish in %s", store.place)
    else:
        log.info("Broker: %s", broker_words(prepared.settings.config.broker, prepared.recording))
    for note in prepared.notes:
        log.warning("%s", note)
    if role is Role.ENGINE:
        name = prepared.settings.config.engine.name
        log.info("Engine %s, without pages: its state is published in %s", name, store.place)
        return
    log.info("Dashboard: %s", web.address())
    if not is_loopback(web.host):
        log.warning(
            "It listens on %s, where other computers reach it, and what they send is not encrypted: put a reverse "
            "proxy with TLS before it (docs/reverse-proxy.md)", web.host,
        )  # fmt: skip


def _set_aside(prepared: Prepared, machine: Machine) -> None:
    """What was saved and can't be used is said once, and kept beside."""
    settings = prepared.settings
    if settings.left_out:
        file, at_wall = prepared.folder / FILE_NAME, machine.clock_wall()
        log.warning("%s", set_aside(file, settings.saved_values(), settings.left_out, at_wall))


def _serve_until_end(
    prepared: Prepared,
    machine: Machine,
    build: BuildId,
    listener: socket.socket | None,
    ending: Ending,
    site: Site,
    assemble: Assemble | None,
) -> None:
    """Pages first: they are up, and say so, before a gateway is there."""
    web = prepared.settings.config.web
    restarted_after = machine.environ.get(RESTARTED_AFTER, "")
    if restarted_after:
        log.error("%s and was started again", restarted_after)
    recording = prepared.recording
    playback = None if recording is None else Playback(recording.file, recording.speed, machine.clock_wall)
    hear = playback.hear if playback is not None else None
    gateway = Gateway(prepared.settings, ROOT, prepared.folder, recording, hear)
    plan = Plan(
        prepared.settings, *gateway.address, prepared.folder, build, ROOT,
        restarted_after=restarted_after, notes=prepared.notes, playback=playback, move=gateway.move,
        outlet=site.outlet, store=_store_of(prepared, site), logs=site.logs, role=site.role,
        roll=site.roll,
    )  # fmt: skip
    parts = assemble(plan) if assemble is not None else _real_parts(plan)
    server = None
    if listener is not None:
        server = WebServer(parts.wsgi, listener, web.trusted_proxy, parts.may_send_files)
        server.start()
        address = _local_link(parts.link) if parts.link is not None else web.address()
        if may_open_browser(web.open_browser, machine.environ, machine.platform):
            open_browser(address)
    if site.role is not Role.PAGES:
        starting = threading.Thread(target=_start_rest, args=(parts.engine, gateway, ending), name="start", daemon=True)
        starting.start()
    ending.wait()
    _stop(parts.engine, gateway, server, ending)


def _store_of(prepared: Prepared, site: Site) -> StateStore | None:
    """Where pages look for engines; an engine's own pages without `state.url` show it alone."""
    return site.store if site.role is Role.PAGES or prepared.settings.config.state.url is not None else None


def _local_link(link: LocalLink) -> str:
    """What the browser is to open. The link is for the terminal alone: a log is shown to others."""
    print(plain(f"QTrade: log in by this link, which is good once: {link.renew()}"), flush=True)
    return link.page.as_uri()


def _real_parts(plan: Plan) -> Parts:
    # Dash and the engine take a second to import; `--version`, `--check` and a taken port need neither.
    if plan.role is Role.ENGINE:
        from app.launch.engine_wiring import engine_alone

        return engine_alone(plan)
    from app.launch.wiring import assemble

    return assemble(plan)


def _run_beside(arguments: Sequence[str], machine: Machine, build: BuildId) -> int:
    # These know the journal, whose library takes half a second to import.
    from app.launch.side_commands import run_side_command

    return run_side_command(arguments, machine, build)


def _start_rest(engine: RunningEngine, gateway: Gateway, ending: Ending) -> None:
    """Whatever keeps the gateway from starting, the engine starts: it says that there is none, and takes settings."""
    try:
        gateway.start()
    except Exception:
        log.exception("The simulated gateway can't be started")
    if not ending.wait(0):
        engine.start()


def _stop(engine: RunningEngine, gateway: Gateway, server: WebServer | None, ending: Ending) -> None:
    log.info("Stopping")
    stopped = engine.stop(ENGINE_STOP_S)
    gateway.stop()
    if server is not None:
        server.stop()
    if stopped:
        log.info("Stopped")
        ending.finished()
    else:
        log.warning("The engine did not stop in time; the process ends without it")
