"""`app.py backup FILE` and `app.py restore FILE`: what a trader would miss, in one file with a list of what is in it.

Settings, sets, pins, lists, notes and journals go in; what can be had again (bars, the state of the moment, logs), what
is of this run alone (locks) and what opens the door (password, tokens, the link) does not. The addresses of alert
channels go in only where they are asked for: a backup is put where others read. A file that QTrade will keep tomorrow
goes in by itself. A backup is made beside a running engine; a restore needs the folder to itself, looks at everything
before it touches anything, and keeps what it replaces.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError

from engine.alerts.channels import FILE_NAME as CHANNELS
from engine.errors import ConfigError
from engine.journal.replacing import back_up
from engine.journal.standing import Standing, standing
from engine.settings.effective import load_settings, saved_layer
from engine.settings.saved import FILE_NAME, load_saved
from engine.settings.sources import Layer
from engine.storage.build_id import BuildId
from engine.storage.private import is_foreign, open_regular
from engine.storage.sqlite_damage import SIDE_FILES, is_damaged

FORMAT = 1
MANIFEST = "manifest.json"
MOST_FILES, MOST_BYTES, LARGEST_MANIFEST = 5_000, 16 << 30, 8 << 20
JOURNAL = "journal.sqlite3"
_SECRETS = frozenset({CHANNELS})
_LEFT_OUT_FOLDERS = frozenset({"logs", "state", "bars", "lab"})
_LEFT_OUT = re.compile(
    r"engine\.lock|simulator\.json|simulator-state\.json|login\.json|open-qtrade\.html"
    r"|.*\.(copy|new|part|rescued|tmp)|.*-(wal|shm|journal)|.*\.(corrupt|bad|newer|before)-.*|before-restore-.*"
)
_PATH = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9._ -]{0,99}/){0,4}[A-Za-z0-9_][A-Za-z0-9._ -]{0,99}")
_SQLITE = b"SQLite format 3\0"
_CHUNK = 1 << 20


class BackupError(ConfigError):
    """Where, what was found, what to do."""


class Entry(NamedTuple):
    """One file of a backup. `path` with forward slashes, relative to the data folder."""

    path: str
    size: int
    sha256: str


# --- making one ---------------------------------------------------------------------------------------------------


def backup(folder: Path, target: Path, build: BuildId, at_wall: float, *, with_secrets: bool = False) -> str:
    """Write `target`, for this user alone; what was done in words. Blocks. Raises BackupError; then no file is new."""
    if not folder.is_dir():
        raise BackupError(f"backup: there is no data folder {folder}. Name the one to back up with --data-dir.")
    if os.path.lexists(target):
        raise BackupError(f"backup: {target} is there already. Choose another name; nothing is written over.")
    part = target.with_name(target.name + ".part")
    try:
        with tempfile.TemporaryDirectory(dir=target.absolute().parent) as scratch:
            entries, left_out = _write(folder, part, Path(scratch), build, at_wall, with_secrets)
        part.rename(target)
    except (OSError, sqlite3.Error) as error:
        part.unlink(missing_ok=True)
        raise BackupError(f"backup: {target} can't be written ({error}). Choose a folder with space.") from error
    size = target.stat().st_size
    words = "It names your accounts: keep it to yourself."
    if left_out:
        words = "It names your accounts; the addresses of alert channels were left out (--with-secrets takes them)."
    elif any(_is_secret(each.path) for each in entries):
        words = "It names your accounts and holds the addresses of alert channels in clear: keep it to yourself."
    return f"{len(entries)} files of {folder} are in {target} ({size / 2**20:.1f} MB). {words}"


def _is_secret(path: str) -> bool:
    return PurePosixPath(path).name in _SECRETS


def _write(
    folder: Path, part: Path, scratch: Path, build: BuildId, at_wall: float, with_secrets: bool
) -> tuple[list[Entry], list[str]]:
    """What is in it, and which secrets are not."""
    part.unlink(missing_ok=True)
    entries: list[Entry] = []
    left_out: list[str] = []
    with (
        os.fdopen(open_regular(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as raw,
        zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for path in _kept_files(folder):
            name = path.relative_to(folder).as_posix()
            if _is_secret(name) and not with_secrets:
                left_out.append(name)
                continue
            copied = scratch / "copy"
            _copy(path, copied)
            entries.append(Entry(name, copied.stat().st_size, _hash(copied)))
            archive.write(copied, name)
            copied.unlink()
        head = {
            "format": FORMAT,
            "program": "QTrade",
            "version": build.version,
            "build": build.id,
            "made": int(at_wall),
            "secrets_left_out": left_out,
        }
        archive.writestr(MANIFEST, json.dumps({**head, "files": [each._asdict() for each in entries]}, indent=1))
    return entries, left_out


def _kept_files(folder: Path) -> Iterator[Path]:
    """All regular files of this user that are worth keeping; links are not followed."""
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if each not in _LEFT_OUT_FOLDERS and not _LEFT_OUT.fullmatch(each))
        for name in sorted(names):
            path = Path(here) / name
            is_named = _PATH.fullmatch(path.relative_to(folder).as_posix())
            if is_named and not _LEFT_OUT.fullmatch(name) and path.is_file() and not path.is_symlink():
                if not is_foreign(path.lstat(), path):
                    yield path


def _copy(path: Path, target: Path) -> None:
    """A database as it is at one moment, with what only its log has; any other file byte by byte."""
    with os.fdopen(open_regular(path, os.O_RDONLY), "rb") as source:
        if source.read(len(_SQLITE)) != _SQLITE:
            source.seek(0)
            with target.open("wb") as written:
                shutil.copyfileobj(source, written, _CHUNK)
            return
    back_up(path, target)


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- taking one back ----------------------------------------------------------------------------------------------


def restore(folder: Path, source: Path, at_wall: float) -> str:
    """Put what `source` holds in the place of what is there; what was done in words.

    Blocks; the caller holds the folder's lock. Raises BackupError: the file does not fit; then nothing was touched.
    """
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix="before-restore-") as scratch:
            fresh = Path(scratch) / "fresh"
            with os.fdopen(open_regular(source, os.O_RDONLY), "rb") as raw, zipfile.ZipFile(raw) as archive:
                entries = _checked_manifest(archive)
                for each in entries:
                    _take_out(archive, each, fresh)
            _check_content(fresh, entries)
            aside = folder / f"before-restore-{at_wall:.0f}"
            _exchange(folder, fresh, entries, aside)
    except (OSError, zipfile.BadZipFile, EOFError, NotImplementedError, sqlite3.Error) as error:
        raise _refused(source, str(error)) from error
    kept = f" What was there is kept in {aside}." if aside.exists() else ""
    return f"{len(entries)} files are back in {folder}.{kept}"


def _refused(source: Path, why: str) -> BackupError:
    return BackupError(f"restore: {source} does not fit: {why}. Nothing was changed. Choose a file made by backup.")


class _Unfit(OSError):
    """Says why."""


def _checked_manifest(archive: zipfile.ZipFile) -> list[Entry]:
    """The list of what is in it, held to what really is. Raises OSError."""
    names = [each.filename for each in archive.infolist()]
    if MANIFEST not in names or archive.getinfo(MANIFEST).file_size > LARGEST_MANIFEST:
        raise _Unfit("it has no list of its files")
    try:
        head: Any = json.loads(archive.read(MANIFEST))
        entries = [Entry(str(each["path"]), int(each["size"]), str(each["sha256"])) for each in head["files"]]
        made_by, number = str(head["program"]), int(head["format"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _Unfit("its list of files can't be read") from None
    if made_by != "QTrade" or number != FORMAT:
        raise _Unfit(f"it is of another version ({number}; this one reads {FORMAT})")
    if sorted(names) != sorted([MANIFEST, *(each.path for each in entries)]):
        raise _Unfit("it holds other files than its list names")
    if len(entries) > MOST_FILES or sum(max(0, each.size) for each in entries) > MOST_BYTES:
        raise _Unfit("it is too large")
    wrong = next((each.path for each in entries if not _is_ours(each.path)), None)
    if wrong is not None:
        raise _Unfit(f"it holds {wrong[:80]!r}, which is no file of QTrade's")
    return entries


def _is_ours(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return (
        _PATH.fullmatch(path) is not None
        and not any(part in _LEFT_OUT_FOLDERS or _LEFT_OUT.fullmatch(part) for part in parts)
        and path != MANIFEST
    )


def _take_out(archive: zipfile.ZipFile, entry: Entry, fresh: Path) -> None:
    """One file, no further than its announced size. Raises OSError."""
    target = fresh / entry.path
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    left = entry.size
    with archive.open(entry.path) as packed, open(target, "xb", opener=open_regular) as written:
        while chunk := packed.read(min(_CHUNK, left + 1)):
            left -= len(chunk)
            if left < 0:
                raise _Unfit(f"{entry.path} is larger than its list says")
            written.write(chunk)
    if left or _hash(target) != entry.sha256:
        raise _Unfit(f"{entry.path} is damaged (its SHA-256 is another)")


def _check_content(fresh: Path, entries: Sequence[Entry]) -> None:
    """Settings that the models take, journals that this program can go on with. Raises OSError."""
    if (fresh / FILE_NAME).exists():
        saved = load_saved(fresh / FILE_NAME, look_only=True)
        layers = (Layer("command line"), Layer("environment"), saved_layer(saved.values, saved.notes))
        wrong = (*saved.notes, *load_settings(*layers, Layer("config.yaml")).left_out)
        if wrong:
            raise _Unfit(f"{FILE_NAME}: {wrong[0]}")
    for each in entries:
        path = fresh / each.path
        with path.open("rb") as file:
            is_database = file.read(len(_SQLITE)) == _SQLITE
        if is_database and is_damaged(path):
            raise _Unfit(f"{each.path} is a damaged database")
        if path.name == JOURNAL:
            _check_journal(path, each.path)


def _check_journal(path: Path, name: str) -> None:
    engine = create_engine(f"sqlite:///{path}")
    try:
        with engine.connect() as connection:
            found = standing(connection)
    except SQLAlchemyError as error:
        raise _Unfit(f"{name} can't be read ({type(error).__name__})") from None
    finally:
        engine.dispose()
    if found.standing is Standing.NEWER:
        raise _Unfit(f"{name} is of a newer QTrade ({found.revision}); update QTrade first")
    if found.standing is Standing.OTHER:
        raise _Unfit(f"{name} holds other tables")


def _exchange(folder: Path, fresh: Path, entries: Sequence[Entry], aside: Path) -> None:
    """Old out, new in, file by file; what fails is taken back. Raises OSError."""
    done: list[tuple[Path, Path]] = []  # from, to
    try:
        for each in entries:
            place = folder / each.path
            for old in (place, *(place.with_name(place.name + end) for end in (*SIDE_FILES, ".copy"))):
                if os.path.lexists(old):
                    _move(old, aside / old.relative_to(folder), done)
            _move(fresh / each.path, place, done)
    except OSError:
        for source, target in reversed(done):
            target.rename(source)
        raise


def _move(source: Path, target: Path, done: list[tuple[Path, Path]]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    source.rename(target)
    done.append((source, target))
