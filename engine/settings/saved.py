"""The file that keeps what the pages changed: versioned JSON, written atomically, with a copy of the last good one.

A file that can't be read is moved aside and said so; the copy takes its place. Never raises for a bad file.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.storage.atomic import reason_of, write_whole
from engine.storage.encodable import plain_value

FILE_NAME = "settings.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class SavedSettings:
    """What was read: values by dotted key, and messages for the user (moved aside, copy used)."""

    values: Mapping[str, Any]
    notes: tuple[str, ...] = ()


def load_saved(path: Path, clock_wall: Callable[[], float] = time.time, *, look_only: bool = False) -> SavedSettings:
    """Read `path`, or its copy when `path` is damaged. A missing file is empty. `look_only` leaves the disk alone."""
    values, problem = _read(path)
    if problem is None:
        return SavedSettings(values)
    moved = "a start would move it aside" if look_only else _move_aside(path, int(clock_wall()))
    copy, copy_problem = _read(_copy_of(path))
    used = "the copy of the settings before was taken" if copy and copy_problem is None else "defaults are used"
    return SavedSettings(copy, (f"{path.name}: {problem}; {moved}, {used}.",))


def _move_aside(path: Path, at: int) -> str:
    """What was done, in words."""
    aside = path.with_name(f"{path.name}.bad-{at}")
    try:
        path.replace(aside)
    except OSError as error:
        return f"it could not be moved aside ({reason_of(error)})"
    return f"moved to {aside.name}"


def write_saved(path: Path, values: Mapping[str, Any]) -> None:
    """Replace the file in one step and keep the former one as a copy. Raises OSError; then nothing has changed."""
    text = json.dumps({"format": FORMAT, "values": dict(sorted(values.items()))}, indent=1, allow_nan=False)
    if _read(path)[1] is None and path.exists():
        write_whole(_copy_of(path), path.read_bytes(), durable=True)
    write_whole(path, text.encode(), durable=True)


def _copy_of(path: Path) -> Path:
    return path.with_name(path.name + ".copy")


def _read(path: Path) -> tuple[dict[str, Any], str | None]:
    """Values and None, or nothing and what is wrong with the file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}, None
    except (OSError, ValueError, RecursionError) as error:
        return {}, f"can't be read ({type(error).__name__})"
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        return {}, "is of another version"
    values = content.get("values")
    return (plain_value(values), None) if isinstance(values, dict) else ({}, "holds no values")
