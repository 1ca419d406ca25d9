"""The file that keeps what the pages changed: versioned JSON, written whole with a copy of itself.

A file that can't be read is moved aside and said so; the copy takes its place. Never raises for a bad file.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.storage import rescues
from engine.storage.atomic import read_kept, reason_of, write_kept, write_whole
from engine.storage.encodable import plain_value
from engine.storage.places import DAMAGED, name_aside
from engine.storage.private import read_regular

FILE_NAME = "settings.json"
FORMAT = 1
CURE = "Nothing needs to be done: the rest is in force. Set it anew on the Settings page."


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


def set_aside(path: Path, kept: Mapping[str, Any], notes: Sequence[str], at_wall: float) -> str:
    """Write only `kept` back, after a copy of the file as it was; the answer says where that is. Blocks; never raises.

    What was left out would else be said at each start, and be lost with the next change.
    """
    aside = name_aside(path, at_wall, "bad")
    try:
        write_whole(aside, read_regular(path))
        write_saved(path, kept)
    except OSError as error:
        said = f"{path.name} could not be put right ({reason_of(error)})"
    else:
        said = f"The file as it was is kept as {aside.name}"
    rescues.note(path, "A saved setting could not be used", f"{' '.join(notes)} {said}.", CURE)
    return said


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
