"""The file that keeps what the pages changed: versioned JSON, written whole with a copy of itself.

A file that can't be read is moved aside and said so; the copy takes its place. Never raises for a bad file.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.storage import rescues
from engine.storage.atomic import read_kept, write_kept
from engine.storage.encodable import plain_value
from engine.storage.places import DAMAGED

FILE_NAME = "settings.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class SavedSettings:
    """What was read: values by dotted key, and messages for the user (moved aside, copy used)."""

    values: Mapping[str, Any]
    notes: tuple[str, ...] = ()


def load_saved(path: Path, clock_wall: Callable[[], float] = time.time, *, look_only: bool = False) -> SavedSettings:
    """Read `path`, or its copy when `path` is damaged. A missing file is empty. `look_only` leaves the disk alone."""
    values, note = read_kept(path, _values, clock_wall(), look_only=look_only)
    if note and not look_only:
        rescues.note(path, DAMAGED, f"Settings: {note}")  # the start says it on the console
    if values is None:
        return SavedSettings({}, (f"{note} Defaults are used.",) if note else ())
    return SavedSettings(values, (note,) if note else ())


def write_saved(path: Path, values: Mapping[str, Any]) -> None:
    """Replace the file in one step, then its copy. Raises OSError; then nothing has changed."""
    text = json.dumps({"format": FORMAT, "values": dict(sorted(values.items()))}, indent=1, allow_nan=False)
    write_kept(path, text.encode(), durable=True)


def _values(raw: bytes) -> dict[str, Any]:
    """Raises ValueError: not ours, in words."""
    try:
        content = json.loads(raw.decode("utf-8"))
    except ValueError as error:
        raise ValueError(type(error).__name__) from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError("it is of another version")
    values = content.get("values")
    if not isinstance(values, dict):
        raise ValueError("it holds no values")
    return dict(plain_value(values))
