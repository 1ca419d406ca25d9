"""Small files of ours outlive damage of any kind: nothing begins empty over them, also not at the second start."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.contracts.symbols import FormerNames
from engine.domain import ContractRef
from engine.kernel.login import remember_accounts, remembered_accounts
from engine.lines.watch import SymbolWatch
from engine.settings.saved import load_saved, write_saved

ACME = ContractRef(7, "ACME", "ACME", "STK", "SMART")
RENAMED = ContractRef(7, "ACMX", "ACMX", "STK", "SMART")


def _half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _flipped(content: bytes) -> bytes:
    rng = random.Random(3)
    return bytes(byte ^ rng.randrange(1, 256) for byte in content)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "0 bytes": lambda path: path.write_bytes(b""),
    "zeros": lambda path: path.write_bytes(b"\0" * path.stat().st_size),
    "cut": lambda path: path.write_bytes(_half(path.read_bytes())),
    "other bytes": lambda path: path.write_bytes(_flipped(path.read_bytes())),
    "no UTF-8": lambda path: path.write_bytes(b"\xff\xfe" + path.read_bytes()),
    "another shape": lambda path: path.write_bytes(b"[[3]]" if path.name != "pins.json" else b'{"a": 1}'),
    "deep": lambda path: path.write_bytes(b"[" * 100_000),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


def settings(folder: Path, write: bool) -> object:
    path = folder / "settings.json"
    if write:
        write_saved(path, {"lines.limit": 40})
        write_saved(path, {"lines.limit": 41})
    return dict(load_saved(path).values)


def pins(folder: Path, write: bool) -> object:
    watch = SymbolWatch()
    watch.attach(folder)
    if write:
        watch.pin(ACME, True)
    return watch.pinned_ids()


def names(folder: Path, write: bool) -> object:
    former = FormerNames()
    former.attach(folder)
    if write:
        former.note(ACME, RENAMED)
    return former.con_ids("ACME")


def accounts(folder: Path, write: bool) -> object:
    if write:
        remember_accounts(folder, "paper", ["DU1", "DU2"])
    return remembered_accounts(folder, "paper")


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("kept", [settings, pins, names, accounts], ids=lambda kept: kept.__name__)
def test_the_last_change_outlives_damage(kept: Callable[[Path, bool], object], damage: str, tmp_path: Path) -> None:
    whole = kept(tmp_path, True)
    (path,) = (each for each in tmp_path.iterdir() if each.suffix == ".json")
    DAMAGE[damage](path)
    assert kept(tmp_path, False) == whole
    assert kept(tmp_path, False) == whole, "and the second start"
    assert len(list(tmp_path.glob("*.bad-*"))) == 1, "what was found is kept"
