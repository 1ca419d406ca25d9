"""`app.py doctor`: what this computer lacks for QTrade, and the cure of each. Looks only; changes nothing.

Each check is a function that answers with findings; what it asks of the machine is handed in, so that a broken one can
be shown to it. The running program looks with the same checks (`checking.py`), but for what it holds itself.
"""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import stat
import struct
import sys
import webbrowser
import zoneinfo
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from app.checks import Finding, Verdict
from app.launch.check import client_library
from app.launch.data_folder import check_data_folder, owner_note, synced_by
from app.launch.installed import Installed, OfThisPython
from app.launch.pinned import Pin, pins
from app.launch.ports import PortTaken, open_listener
from app.launch.preparation import Prepared, folder_notes
from app.login.credentials import FILE_NAME, load
from engine.broker.probe import greeting, is_free, probe
from engine.config import BrokerSettings, is_loopback
from engine.errors import ConfigError
from engine.storage.lockfile import AlreadyRunning, EngineLock

LOCKS = ("requirements.txt", "requirements-scale.txt", "requirements-dev.txt")
ANEW = "Delete .venv, then: python start.py"
LEAST_FREE_GB, SPARE_FREE_GB = 0.5, 2.0
CLOCK_OFF_S = 5.0
SET_ONE = "Run: python app.py --set-password"
_ZONE_STEP_S = 900.0  # all time zones are whole quarters of an hour from UTC


def _ok(what: str, found: str) -> Finding:
    return Finding("ok", what, found)


# --- this Python --------------------------------------------------------------------------------------------------


def python(version: tuple[int, int], bits: int) -> Iterator[Finding]:
    """Whether QTrade runs on it at all."""
    words = f"{version[0]}.{version[1]}, {bits} bit, {platform.system()}"
    if (3, 11) <= version <= (3, 14) and bits == 64:
        yield _ok("Python", words)
    else:
        yield Finding(
            "wrong", "Python", f"{words}; must be 3.11 to 3.14, 64 bit.", "Install one, then: python start.py"
        )


def packages(locks: Sequence[str], here: Installed) -> Iterator[Finding]:
    """What is installed, by version and file by file, against the list that it was installed from: the nearest one.

    `locks`: the texts of requirements.txt, and of those for several machines and for tests.
    """
    wanted, misfits = min((_held_to(lock, here) for lock in locks), key=lambda each: len(each[1]))
    damaged = [] if misfits else [file for pin in wanted for file in here.damaged(pin.name)]
    if misfits:
        yield Finding("wrong", "Packages", f"{_first(misfits)}.", ANEW)
    elif damaged:
        words = f"{len(damaged)} files are not as they were installed: {_first(damaged)}."
        yield Finding("wrong", "Packages", words, f"A virus scanner may have taken them. {ANEW}")
    else:
        yield _ok("Packages", f"{len(wanted)} as they are listed, each file as it was installed")
    try:
        yield _ok("Client library", client_library())
    except ConfigError as error:
        yield Finding("wrong", "Client library", str(error))


def _held_to(lock: str, here: Installed) -> tuple[list[Pin], list[str]]:
    """What is wanted here, and what of it is not there."""
    wanted, misfits = [pin for pin in pins(lock) if pin.holds_here], []
    for pin in wanted:
        found = here.version(pin.name)
        if found is None:
            misfits.append(f"{pin.name} is missing")
        elif not pin.requirement.specifier.contains(found, prereleases=True):
            misfits.append(f"{pin.name} is {found}, not {pin.requirement.specifier}")
    return wanted, misfits


def _first(found: list[str], most: int = 5) -> str:
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return f"{'; '.join(found[:most])}{more}"


def zones(key: str = "America/New_York") -> Iterator[Finding]:
    try:
        zoneinfo.ZoneInfo(key)
    except zoneinfo.ZoneInfoNotFoundError:
        yield Finding("wrong", "Time zones", "no data; package tzdata is missing.", "Run: python start.py")
    else:
        yield _ok("Time zones", "New York's hours are known")


def browser(may_open: bool) -> Iterator[Finding]:
    try:
        name = webbrowser.get().__class__.__name__ if may_open else ""
    except webbrowser.Error:
        name = ""
    if name:
        yield _ok("Browser", "one can be opened")
    else:
        yield Finding("look", "Browser", "none can be opened from here.", "Open the dashboard's address yourself.")


# --- settings, folder, port ---------------------------------------------------------------------------------------


def settings(prepared: Prepared, is_running: bool = False) -> Iterator[Finding]:
    """What was stored and can't be used, and what deserves a word."""
    cure = "The next start keeps the file as it is under another name, and goes on."
    if is_running:
        cure = "The file is kept as it was under another name. Set it anew on the Settings page."
    of_folder = folder_notes(prepared.folder)
    notes = [note for note in prepared.notes if note not in of_folder]
    for note in notes:
        is_left_out = note in prepared.settings.left_out
        yield Finding("look", "Settings", " ".join(note.split()), cure if is_left_out else "")
    if not notes:
        yield _ok("Settings", "all can be used")


def folder(
    path: Path, free_bytes: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free
) -> Iterator[Finding]:
    """Rights, owner, space, synchronisers."""
    try:
        check_data_folder(path)
    except ConfigError as error:
        yield Finding("wrong", "Data folder", str(error))
        return
    if not path.is_dir():
        yield _ok("Data folder", f"{path} (will be made)")
    elif os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield Finding("look", "Data folder", f"{path} is open to other users.", "The next start closes it.")
    else:
        yield _ok("Data folder", str(path))
    lent = owner_note(path)
    if lent:
        what, _, cure = lent.partition(". ")
        yield Finding("look", "Data folder", f"{what}.", f"{cure}.")
    synced = synced_by(path)
    if synced is not None:
        yield Finding("wrong", "Data folder", f"{path} lies in {synced}, which is synchronised.", "Use --data-dir.")
    nearest = next(each for each in (path, *path.parents) if each.exists())
    free_gb = free_bytes(nearest) / 2**30
    if free_gb < SPARE_FREE_GB:
        verdict: Verdict = "wrong" if free_gb < LEAST_FREE_GB else "look"
        yield Finding(
            verdict, "Disk", f"{free_gb:.1f} GB are free at {nearest}.", "Free some space, or use --data-dir."
        )
    else:
        yield _ok("Disk", f"{free_gb:.0f} GB are free")


def engine(path: Path, at_wall: float) -> Iterator[Finding]:
    """Whether another one has the folder."""
    if not path.is_dir():
        return
    lock = EngineLock(path)
    try:
        lock.acquire(at_wall)
    except AlreadyRunning as error:
        yield Finding("look", "Engine", str(error))
    except OSError as error:
        yield Finding(
            "wrong", "Engine", f"its lock can't be taken ({error}).", "Correct the rights of the data folder."
        )
    else:
        yield _ok("Engine", "none runs on this folder")
    finally:
        lock.release()


def login(path: Path, host: str) -> Iterator[Finding]:
    """Who can open the pages."""
    kept = load(path / FILE_NAME)
    if kept.problem:
        yield Finding(
            "wrong", "Login", f"{FILE_NAME} {kept.problem}; nobody can log in with a password.",
            SET_ONE,
        )  # fmt: skip
    elif kept.credentials.password:
        yield _ok("Login", "the pages ask for the password")
    elif is_loopback(host):
        yield _ok("Login", "whoever uses this computer sees the pages; no password is set")
    else:
        yield Finding("wrong", "Login", f"other computers reach {host}, and no password is set.", SET_ONE)


def port(host: str, number: int) -> Iterator[Finding]:
    try:
        open_listener(host, number).close()
    except PortTaken as error:
        verdict: Verdict = "look" if "is running already" in str(error) else "wrong"
        yield Finding(verdict, "Dashboard", str(error))
    else:
        yield _ok("Dashboard", f"{host}:{number} is free")


# --- TWS ----------------------------------------------------------------------------------------------------------


def gateway(broker: BrokerSettings, wall: Callable[[], float], is_ours: bool = False) -> Iterator[Finding]:
    """Whether TWS answers, gives our client id, and has the same time. Blocks for some seconds.

    `is_ours`: the running program is connected, so the id is its own and is not tried.
    """
    number = broker.effective_port()
    if broker.mode == "simulated" or number is None:
        yield _ok("Broker", "simulated: the gateway is QTrade's own")
        return
    reachable, words = asyncio.run(probe(broker.host, number))
    if not reachable:
        yield Finding("wrong", "TWS", words)
        return
    yield _ok("TWS", words)
    if is_ours:
        yield _ok("Client id", f"{broker.client_id} is this program's")
    elif asyncio.run(is_free(broker.host, number, broker.client_id)):
        yield _ok("Client id", f"{broker.client_id} is free")
    else:
        yield Finding(
            "look", "Client id", f"{broker.client_id} is not given now: a QTrade or another program has it.",
            "Where none of yours runs, choose another with --client-id.",
        )  # fmt: skip
    off_s = clock_off_s(asyncio.run(greeting(broker.host, number)), wall())
    if off_s is None:
        yield Finding("look", "Clock", "TWS did not say its time.")
    elif abs(off_s) > CLOCK_OFF_S:
        ahead = "ahead of" if off_s > 0 else "behind"
        yield Finding(
            "wrong", "Clock", f"this computer is {abs(off_s):.0f} s {ahead} TWS.", "Let it set its time by network."
        )  # fmt: skip
    else:
        yield _ok("Clock", f"{abs(off_s):.0f} s from that of TWS")


def clock_off_s(said: str, wall: float) -> float | None:
    """How far this clock is ahead of TWS', which says "20251110 05:31:04 EST" in a zone of its own: up to 450 s can be
    told. None = it says no time."""
    parts = said.split()
    numbers = parts[1].split(":") if len(parts) > 1 else []
    if len(numbers) != 3 or not all(each.isdecimal() and len(each) == 2 for each in numbers):
        return None
    hours, minutes, seconds = map(int, numbers)
    off = (wall - (hours * 3_600 + minutes * 60 + seconds)) % _ZONE_STEP_S
    return off - _ZONE_STEP_S if off > _ZONE_STEP_S / 2 else off


Check = tuple[str, Callable[[], Iterator[Finding]]]  # what is looked at, and the look


def of_this_python(root: Path, may_open: bool) -> list[Check]:
    """What no setting changes."""
    version, bits = (sys.version_info[0], sys.version_info[1]), struct.calcsize("P") * 8
    return [
        ("Python", lambda: python(version, bits)),
        ("Packages", lambda: packages([(root / name).read_text(encoding="utf-8") for name in LOCKS], OfThisPython())),
        ("Time zones", zones),
        ("Browser", lambda: browser(may_open)),
    ]


def of_this_start(prepared: Prepared, wall: Callable[[], float]) -> list[Check]:
    """What the start with these settings would meet."""
    config = prepared.settings.config
    return [
        ("Settings", lambda: settings(prepared)),
        ("Data folder", lambda: folder(prepared.folder)),
        ("Engine", lambda: engine(prepared.folder, wall())),
        ("Login", lambda: login(prepared.folder, config.web.host)),
        ("Dashboard", lambda: port(config.web.host, config.web.port)),
        ("TWS", lambda: gateway(config.broker, wall)),
    ]


def of_this_run(prepared: Prepared, wall: Callable[[], float], is_connected: bool) -> list[Check]:
    """The same for the program that runs on these settings: it has folder, port and, connected, the client id."""
    config = prepared.settings.config
    return [
        ("Settings", lambda: settings(prepared, is_running=True)),
        ("Data folder", lambda: folder(prepared.folder)),
        ("Login", lambda: login(prepared.folder, config.web.host)),
        ("TWS", lambda: gateway(config.broker, wall, is_ours=is_connected)),
    ]


def looked(checks: Sequence[Check]) -> Iterator[Finding]:
    """All findings; a look that fails is one of them, and the others go on."""
    for what, look in checks:
        try:
            yield from look()
        except Exception as error:  # noqa: BLE001 - whatever a broken machine does
            words = f"can't be looked at ({type(error).__name__}: {error})."
            yield Finding("wrong", what, words, "Send these lines to whoever helps you.")
