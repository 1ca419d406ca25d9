"""What machines that go down do to files."""

from __future__ import annotations

import shutil
from pathlib import Path

DAMAGES = ("empty", "header", "middle", "half", "gone", "folder")


def damage_file(path: Path, damage: str) -> None:
    """`damage` is one of DAMAGES; `path` is a file that nobody has open."""
    size = path.stat().st_size
    if damage == "gone":
        path.unlink()
    elif damage == "folder":
        path.unlink()
        path.mkdir()
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "half":
        with path.open("r+b") as file:
            file.truncate(size // 2)
    elif damage in ("header", "middle"):
        with path.open("r+b") as file:
            file.seek(0 if damage == "header" else size // 2)
            file.write(b"\xa5" * min(512, max(1, size)))
    else:
        raise ValueError(f"damage is {damage!r}; must be one of {', '.join(DAMAGES)}")


def copy_folder(source: Path, target: Path) -> None:
    """The folder as it stands, to look at it without touching it."""
    shutil.copytree(source, target, dirs_exist_ok=True)
