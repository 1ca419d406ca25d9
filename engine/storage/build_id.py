"""Which code runs: a version for people and a hash over the sources, without git (it also runs from a ZIP)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

VERSION = "0.1.0"
SOURCES = ("app", "engine", "simulator", "assets", "app.py")
ID_LENGTH = 7
_SKIPPED_SUFFIXES = frozenset({".pyc", ".pyo", ".swp", ".tmp"})

Stamp = tuple[int, int]  # mtime in ns, size in bytes


@dataclass(frozen=True, slots=True)
class BuildId:
    """What `--version`, the log header, every page and `/healthz` show. `id` is 7 hex digits."""

    id: str
    version: str
    files: dict[str, str] = field(repr=False, compare=False, default_factory=dict)  # path -> SHA-256

    def __str__(self) -> str:
        return f"{self.version} (build {self.id})"


def source_files(root: Path) -> Iterator[Path]:
    """Every file that counts, in an order that does not depend on the file system."""
    found: list[Path] = []
    for name in SOURCES:
        path = root / name
        found += [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    yield from sorted((p for p in found if _counts(p.relative_to(root))), key=lambda p: p.as_posix())


def _counts(relative: Path) -> bool:
    hidden = any(part.startswith(".") or part == "__pycache__" for part in relative.parts)
    return not hidden and relative.suffix not in _SKIPPED_SUFFIXES and not relative.name.endswith("~")


def build_id(root: Path) -> BuildId:
    """Hash the sources under `root`. Line endings don't count: a checkout on Windows has the same id."""
    total = hashlib.sha256()
    files: dict[str, str] = {}
    for path in source_files(root):
        name = path.relative_to(root).as_posix()
        files[name] = hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()
        total.update(f"{name}\0{files[name]}\n".encode("utf-8", "surrogatepass"))
    return BuildId(total.hexdigest()[:ID_LENGTH], VERSION, files)


class BuildWatch:
    """Says whether the code on disk is still the code that runs. Not thread-safe: one caller."""

    def __init__(self, root: Path, running: BuildId) -> None:
        self._root = root
        self._running = running
        self._seen: dict[str, Stamp] = {}
        self._changed: tuple[str, ...] = ()

    def changed(self) -> tuple[str, ...]:
        """Names of files that differ from the running code; () = none. Hashes only after a file was touched."""
        stamps = self._stamps()
        if stamps != self._seen:
            self._seen = stamps
            self._changed = changed_since(self._root, self._running)
        return self._changed

    def _stamps(self) -> dict[str, Stamp]:
        stamps: dict[str, Stamp] = {}
        for path in source_files(self._root):
            try:
                stat = path.stat()
            except OSError:  # removed while we looked: the next call sees it
                continue
            stamps[path.relative_to(self._root).as_posix()] = (stat.st_mtime_ns, stat.st_size)
        return stamps


def changed_since(root: Path, running: BuildId) -> tuple[str, ...]:
    """Files added, removed or altered since `running` was made, sorted; () = restart not needed."""
    now = build_id(root).files
    names = now.keys() | running.files.keys()
    return tuple(sorted(name for name in names if now.get(name) != running.files.get(name)))
