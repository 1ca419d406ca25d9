"""How much room files take. Blocks; what can't be looked at counts nothing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from engine.storage.sqlite_damage import SIDE_FILES


def folder_bytes(folder: Path) -> int:
    """Of all files in it, whatever their depth."""
    try:
        return sum(_bytes(path) for path in folder.rglob("*"))
    except OSError:
        return 0


def database_bytes(files: Iterable[Path]) -> int:
    """Of SQLite's files with their logs."""
    return sum(_bytes(path.with_name(path.name + end)) for path in files for end in ("", *SIDE_FILES))


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() and not path.is_symlink() else 0
    except OSError:
        return 0
