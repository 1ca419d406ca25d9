"""`start.py update FILE.zip` and `start.py update --back`: another QTrade in the place of this one, and back again.

Run by the Python that start.py finds, not by that of .venv, which is moved aside with the program when the new one
wants other packages: so the way back needs no network. Standard library only, for the same reason.

What is replaced is what the ZIP holds at its top; everything else in the folder stays: data, tapes, your own scripts.
`config.yaml` is yours: a new one is laid beside it. What goes where is written down before anything is moved, and
start.py changes last, in one step: whatever cuts this off, the next `start.py update ...` takes it back first.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from engine.storage.build_id import build_id

OK, REFUSED = 0, 1
STAGING, PREVIOUS, FORMER, MOVES = ".update", ".previous", ".previous.old", ".update.json"
NOTE = "previous.json"
CONFIG, ENVIRONMENT, START = "config.yaml", ".venv", "start.py"
MARKS = (START, "app.py", "requirements.txt", "engine/storage/build_id.py")  # what makes a folder QTrade's
NEVER = frozenset({".git", "node_modules", ENVIRONMENT, STAGING, PREVIOUS, FORMER, MOVES})  # in no ZIP of QTrade's
MOST_FILES, MOST_BYTES = 20_000, 500 << 20
_PART = re.compile(r"[A-Za-z0-9_.+ -]{1,100}")
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # Windows' own, whatever the folder
_VERSION = re.compile(r'^VERSION = "(\d+(?:\.\d+){1,3})"$', re.MULTILINE)
_SUM = re.compile(r"\b[0-9a-fA-F]{64}\b")
_CHUNK = 1 << 20
_RUNNING = """
import os, sys
import psutil
wanted = os.path.realpath(os.path.join(sys.argv[1], "app.py"))
for process in psutil.process_iter(["cmdline", "cwd"]):
    for word in (process.info["cmdline"] or ())[1:3]:
        if os.path.realpath(os.path.join(process.info["cwd"] or "", word)) == wanted:
            print(process.pid)
"""


class UpdateRefused(Exception):
    """Where, what was found, what to do."""


class Release(NamedTuple):
    """A program as it lies in a folder."""

    version: str
    build: str
    folder: Path

    def __str__(self) -> str:
        return f"{self.version} (build {self.build})"


def release_in(folder: Path) -> Release:
    """Raises UpdateRefused: no QTrade lies there. Runs nothing of it."""
    for mark in MARKS:
        if not (folder / mark).is_file():
            raise UpdateRefused(f"it holds no {mark}")
    found = _VERSION.search((folder / MARKS[-1]).read_text(encoding="utf-8", errors="replace"))
    if found is None:
        raise UpdateRefused("it does not say its version")
    return Release(found.group(1), build_id(folder).id, folder)


# --- the file -----------------------------------------------------------------------------------------------------


def unpack(file: Path, staging: Path) -> Release:
    """The program out of a ZIP, into an empty folder. Raises UpdateRefused."""
    try:
        with zipfile.ZipFile(file) as archive:
            wanted = _safe(archive.infolist())
            for info, parts in wanted:
                _take_out(archive, info, staging.joinpath(*parts))
    except (OSError, zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise UpdateRefused(f"it can't be unpacked ({error})") from None
    tops = list(staging.iterdir())
    # A ZIP of a repository has all of it in one folder.
    return release_in(tops[0] if len(tops) == 1 and tops[0].is_dir() else staging)


def _safe(infos: Sequence[zipfile.ZipInfo]) -> list[tuple[zipfile.ZipInfo, tuple[str, ...]]]:
    """The files, each with its path; all of them lie below the folder that they are unpacked into."""
    if len(infos) > MOST_FILES or sum(info.file_size for info in infos) > MOST_BYTES:
        raise UpdateRefused("it is larger than any QTrade")
    found, seen = [], set()
    for info in infos:
        if info.is_dir():
            continue
        name, mode = info.filename, info.external_attr >> 16
        parts = tuple(name.split("/"))
        if not all(_PART.fullmatch(part) and part.strip(". ") and part[-1] not in ". " for part in parts):
            raise UpdateRefused(f"it holds a file named {name[:80]!r}")
        if any(_DEVICES.fullmatch(part) for part in parts) or len(parts) > 12 or name.casefold() in seen:
            raise UpdateRefused(f"it holds a file named {name[:80]!r}, which can't be one of QTrade's")
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG) or info.flag_bits & 1:
            raise UpdateRefused(f"{name[:80]!r} in it is a link, or encrypted")
        if not NEVER.isdisjoint(parts):
            raise UpdateRefused(f"it holds {name[:80]!r}: it was packed from a folder in use")
        seen.add(name.casefold())
        found.append((info, parts))
    return found


def _take_out(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path) -> None:
    """No further than its announced size; a wrong check sum is zipfile's to find."""
    target.parent.mkdir(parents=True, exist_ok=True)
    left = info.file_size
    with archive.open(info) as packed, target.open("xb") as written:
        while chunk := packed.read(min(_CHUNK, left + 1)):
            left -= len(chunk)
            if left < 0:
                raise UpdateRefused(f"{info.filename} is larger than it says")
            written.write(chunk)
    if (info.external_attr >> 16) & 0o100:
        target.chmod(target.stat().st_mode | 0o100)


def check_sum(file: Path) -> str:
    """What was compared, in words. Raises UpdateRefused where a `.sha256` beside it says another sum."""
    with file.open("rb") as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    beside = file.with_name(file.name + ".sha256")
    try:
        said = _SUM.search(beside.read_text(encoding="ascii", errors="replace"))
    except OSError:
        return f"Its SHA-256 is {found}; no {beside.name} lies beside it to compare with."
    if said is None or said.group().lower() != found:
        words = said.group().lower() if said else "no SHA-256"
        raise UpdateRefused(f"its SHA-256 is {found}, but {beside.name} says {words}: load it again")
    return f"Its SHA-256 is that of {beside.name}."


# --- one in the place of the other ----------------------------------------------------------------------------------


class Plan(NamedTuple):
    """`names` come in; they and `leaving` go out, as far as they are there."""

    incoming: Path
    names: tuple[str, ...]
    leaving: tuple[str, ...]


def exchange(root: Path, plan: Plan, out: Release) -> None:
    """Do it, and keep what went out in PREVIOUS. Raises UpdateRefused; then all is as it was."""
    outgoing = root / FORMER
    outgoing.mkdir(mode=0o700)
    going = [name for name in (*plan.names, *plan.leaving) if os.path.lexists(root / name)]
    note = {"version": out.version, "build": out.build, "names": sorted(going)}
    note["absent"] = sorted(name for name in plan.names if name not in going)
    _write(outgoing / NOTE, note)
    _write(root / MOVES, [list(map(str, move)) for move in _moves(root, plan, going)])
    try:
        for source, target in _moves(root, plan, going):
            source.rename(target)
        if START in plan.names:
            shutil.copy2(root / START, outgoing / START)
            _replace(plan.incoming / START, root / START)
    except BaseException as error:
        take_back(root)
        if not isinstance(error, OSError):
            raise
        raise UpdateRefused(
            f"{error.filename or root} can't be moved ({error.strerror or error}); nothing was changed. Close what uses"
            " it (an editor, a console in that folder), then try again."
        ) from None
    (root / MOVES).unlink()
    _finish(root)


def _moves(root: Path, plan: Plan, going: Sequence[str]) -> list[tuple[Path, Path]]:
    """(from, to), what may be in use first; of each name the old one out and the new one in, so that never much lacks.
    start.py is copied."""
    moves = []
    names = sorted({*plan.names, *going} - {START}, key=lambda name: (name != ENVIRONMENT, name))
    for name in names:
        if name in going:
            moves.append((root / name, root / FORMER / name))
        if name in plan.names:
            moves.append((plan.incoming / name, root / name))
    return moves


def take_back(root: Path) -> bool:
    """After an exchange that was cut off: everything where it was. False = there was none."""
    try:
        moves = json.loads((root / MOVES).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # none, or it was cut off before anything was moved
        (root / MOVES).unlink(missing_ok=True)
        if (root / FORMER / NOTE).exists():  # it was done but for its last step
            _finish(root)
        _remove(root / FORMER)
        return False
    for source, target in reversed(moves):
        if os.path.lexists(target) and not os.path.lexists(source):
            Path(source).parent.mkdir(parents=True, exist_ok=True)
            Path(target).rename(source)
    if (root / FORMER / START).exists():
        _replace(root / FORMER / START, root / START)
    _remove(root / FORMER)
    (root / MOVES).unlink()
    return True


def _finish(root: Path) -> None:
    _remove(root / PREVIOUS)
    (root / FORMER).rename(root / PREVIOUS)


def _replace(source: Path, target: Path) -> None:
    """In one step, and `source` stays."""
    fresh = target.with_name(target.name + ".new")
    shutil.copy2(source, fresh)
    fresh.replace(target)


def way_back(root: Path) -> Plan:
    """By the note of the last exchange. Raises UpdateRefused."""
    try:
        note = json.loads((root / PREVIOUS / NOTE).read_text(encoding="utf-8"))
        kept = tuple(str(each) for each in note["names"] if os.path.lexists(root / PREVIOUS / str(each)))
        return Plan(root / PREVIOUS, kept, tuple(str(each) for each in note["absent"]))
    except (OSError, ValueError, KeyError, TypeError):
        raise UpdateRefused(
            f"{root}: there is no QTrade to go back to; it is kept when an update has been made"
        ) from None


def _write(path: Path, value: object) -> None:
    with path.open("w", encoding="utf-8") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())


def _remove(folder: Path) -> None:
    if folder.is_dir():
        shutil.rmtree(folder, ignore_errors=True)


# --- the two commands -----------------------------------------------------------------------------------------------


def running_from(root: Path) -> list[int]:
    """Processes that run this folder's app.py, as the environment's psutil sees them."""
    python = root / ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    try:
        done = subprocess.run([python, "-c", _RUNNING, root], capture_output=True, text=True, check=False, timeout=60)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return []  # without an environment nothing of ours runs
    return [int(each) for each in done.stdout.split() if each.isdecimal()]


def first_run(root: Path) -> str:
    """What `start.py --version` says; it installs what lacks, and what it prints meanwhile is shown. Raises OSError."""
    command = [sys.executable, str(root / START), "--version"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, cwd=root)  # noqa: S603
    assert process.stdout is not None
    last = ""
    with process:
        for line in process.stdout:
            print(line, end="", flush=True)
            last = line.strip() or last
    if process.returncode:
        raise OSError(f"exit code {process.returncode}")
    return last


Say = Callable[[str], None]


def update(
    root: Path,
    file: Path,
    say: Say = print,
    running: Callable[[Path], list[int]] = running_from,
    run: Callable[[Path], str] = first_run,
) -> None:
    """Put the program of `file` in the place of the one in `root`. Raises UpdateRefused: where, found, cure."""
    if (root / ".git").exists():
        raise UpdateRefused(f"{root} is a git checkout: update it by `git pull`.")
    if not file.is_file():
        raise UpdateRefused(f"{file} is no file. Write: python start.py update FILE.zip")
    _tidy(root, say)
    here = release_in(root)
    staging = root / STAGING
    _remove(staging)
    try:
        staging.mkdir(mode=0o700)
        try:
            say(check_sum(file))
            new = unpack(file, staging)
        except UpdateRefused as why:
            raise UpdateRefused(f"{file} is not taken: {why}. Nothing was changed.") from None
        _check_order(file, here, new)
        _check_idle(root, running)
        say(f"QTrade {here} is replaced by {new}.")
        names = tuple(sorted(each.name for each in new.folder.iterdir() if each.name != CONFIG))
        exchange(root, Plan(new.folder, names, _environment(root, new.folder)), here)
        config = _lay_config_beside(root, new.folder)
    finally:
        _remove(staging)
    _prove(root, here, new, say, run)
    say(f"{config}Data and settings are where they were. Start it as usual. Back to {here}: start.py update --back")


def go_back(
    root: Path,
    say: Say = print,
    running: Callable[[Path], list[int]] = running_from,
) -> None:
    """Put the program of before in its place again; the one of now is kept, and the same command brings it back."""
    if _tidy(root, say):
        return  # which was meant
    plan, here = way_back(root), release_in(root)
    _check_idle(root, running)
    exchange(root, plan, here)
    say(f"QTrade {here} went, {release_in(root)} is back. Data and settings are where they were.")


def _tidy(root: Path, say: Say) -> bool:
    """What a command that was cut off has left; True = everything was put back where it had been."""
    is_back = take_back(root)
    _remove(root / STAGING)
    if is_back:
        say(f"An update that was cut off has been taken back: here is QTrade {release_in(root)}.")
    return is_back


def _check_order(file: Path, here: Release, new: Release) -> None:
    if new.build == here.build:
        raise UpdateRefused(f"{file} is {new}, which is what lies here already. Nothing was changed.")
    if _numbers(new.version) < _numbers(here.version):
        raise UpdateRefused(
            f"{file} is {new}, older than {here}: it may not read what the newer one has written. Nothing was changed."
            " To the one before this: python start.py update --back"
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(each) for each in version.split("."))


def _check_idle(root: Path, running: Callable[[Path], list[int]]) -> None:
    found = running(root)
    if found:
        processes = ", ".join(str(each) for each in found)
        raise UpdateRefused(
            f"QTrade runs from {root} (process {processes}). End it first: Ctrl+C in its window, or, where"
            " install-service started it, `systemctl --user stop qtrade` (Windows: `schtasks /End /TN QTrade`). Nothing"
            " was changed."
        )


def _lay_config_beside(root: Path, new: Path) -> str:
    """The user's own stays; what is new in the other one is his to take over."""
    ours, theirs = root / CONFIG, new / CONFIG
    if not theirs.is_file():
        return ""
    if not ours.exists():
        theirs.replace(ours)
        return ""
    if ours.read_bytes().replace(b"\r\n", b"\n") == theirs.read_bytes().replace(b"\r\n", b"\n"):
        return ""
    theirs.replace(root / f"{CONFIG}.new")
    return f"Your {CONFIG} stays; the new one lies beside it as {CONFIG}.new. "


def _environment(root: Path, new: Path) -> tuple[str, ...]:
    """.venv goes with the old program where the new one wants other packages; else it stays."""
    is_same = all(_text(root / name) == _text(new / name) for name in ("requirements.txt", "requirements-dev.txt"))
    return () if is_same else (ENVIRONMENT,)


def _text(path: Path) -> bytes:
    try:
        return path.read_bytes().replace(b"\r\n", b"\n")
    except OSError:
        return b""


def _prove(root: Path, here: Release, new: Release, say: Say, run: Callable[[Path], str]) -> None:
    """The new program says who it is, or the old one is put back."""
    try:
        said = run(root)
        why = "" if new.build in said else f"it says {said!r} of itself"
    except OSError as error:
        why = str(error)
    if not why:
        return
    exchange(root, way_back(root), new)
    raise UpdateRefused(f"the new QTrade does not start ({why}; the lines above say more). {here} is back.")


def main(arguments: list[str]) -> int:
    """`arguments`: QTrade's folder, "update", and what was typed behind it."""
    root, words = Path(arguments[0]), arguments[2:]
    try:
        if words == ["--back"]:
            go_back(root)
        elif len(words) == 1 and not words[0].startswith("-"):
            update(root, Path(words[0]).expanduser().resolve())
        else:
            raise UpdateRefused("write: python start.py update FILE.zip, or: python start.py update --back")
    except UpdateRefused as refused:
        print(f"start.py: update: {refused}", file=sys.stderr)
        return REFUSED
    return OK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
