"""Planted bugs: each is a patch beside a table that says which tests must fail with it, and by which words.

A test suite that never fails proves nothing. `python start.py test --long planted` plants each bug in a copy of the
tree and runs its tests there: they pass before and fail after, for the right reason.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chaos.sequences import Family, Fault, FaultSequence

FOLDER = Path(__file__).parent / "planted"
TABLE = FOLDER / "table.toml"
ON_PURPOSE = Family("planted", 0.0, (1, 3), 0.0, 0.0)  # not drawn, written in the table


class DoesNotApply(Exception):
    """The tree is no longer what the patch was made for; the text names the file, the lines and the cure."""


@dataclass(frozen=True)
class Bug:
    """One planted bug. `tests` = what pytest is given; `words` = what its output says when it was caught.

    `faults` = a sequence that breaks with it in the whole program (`planted_sequence.py`), () = none; `breaks` = what
    is said of that.
    """

    name: str
    what: str
    tests: tuple[str, ...]
    words: tuple[str, ...]
    faults: tuple[Fault, ...] = ()
    breaks: tuple[str, ...] = ()

    @property
    def sequence(self) -> FaultSequence:
        return FaultSequence(0, ON_PURPOSE, self.faults)

    @property
    def patch(self) -> Path:
        return FOLDER / f"{self.name}.patch"


@dataclass(frozen=True)
class Hunk:
    """Lines of one file, before and after."""

    file: str
    before: str
    after: str


def read_table() -> tuple[Bug, ...]:
    """All bugs, in the order of the table."""
    entries = tomllib.loads(TABLE.read_text(encoding="utf-8"))["bug"]
    return tuple(
        Bug(
            e["name"], e["what"], tuple(e["tests"]), tuple(e["words"]),
            tuple(_fault(i, fault) for i, fault in enumerate(e.get("faults", ()))), tuple(e.get("breaks", ())),
        )
        for e in entries
    )  # fmt: skip


def _fault(number: int, entry: dict[str, Any]) -> Fault:
    params = {name: value for name, value in entry.items() if name not in ("kind", "at", "lasts")}
    return Fault(number, entry["at"], entry["kind"], entry.get("lasts", 0.0), tuple(sorted(params.items())))


def hunks_of(patch: str) -> list[Hunk]:
    """The hunks of a unified diff. Line numbers are not looked at: the lines themselves say where they belong."""
    found: list[Hunk] = []
    file, before, after = "", "", ""
    for line in [*patch.splitlines(keepends=True), "@@"]:
        if line.startswith(("--- ", "+++ ", "@@", "diff ", "index ")):
            if before:
                found.append(Hunk(file, before, after))
            before = after = ""
            if line.startswith("+++ "):
                file = line[4:].split("\t")[0].strip().removeprefix("b/")
        elif line.startswith("\\"):
            continue  # "No newline at end of file"
        elif file:
            text = line[1:] if line[0] in " +-" else line  # an editor may have cut the blank of an empty one
            before += "" if line.startswith("+") else text
            after += "" if line.startswith("-") else text
    return found


def planted_files(bug: Bug, root: Path) -> dict[str, str]:
    """The changed files' new texts by their paths below `root`.

    Raises:
        DoesNotApply: the lines of a hunk stand nowhere in its file, or more than once.
    """
    changed: dict[str, str] = {}
    for hunk in hunks_of(bug.patch.read_text(encoding="utf-8")):
        path = root / hunk.file
        text = changed.get(hunk.file) or (path.read_text(encoding="utf-8") if path.is_file() else "")
        count = text.count("\n" + hunk.before)
        if count != 1:
            where = f"stand {count} times in {hunk.file}" if text else f"belong to {hunk.file}, which is not there"
            raise DoesNotApply(
                f"{bug.patch.name} does not apply: its lines {where}; they must stand there once. The code has changed:"
                f" plant the bug ({bug.what}) there by hand, and write `git diff -U1` into the patch. The lines are:\n"
                f"{hunk.before}"
            )
        changed[hunk.file] = text.replace("\n" + hunk.before, "\n" + hunk.after)
    if not changed:
        raise DoesNotApply(f"{bug.patch.name} changes nothing: it must be a unified diff with a file and lines")
    return changed


def plant(bug: Bug, root: Path) -> list[str]:
    """Write the bug into the tree at `root`; returns the changed files. Raises as `planted_files`."""
    files = planted_files(bug, root)
    for name, text in files.items():
        (root / name).write_text(text, encoding="utf-8", newline="\n")
    return list(files)
