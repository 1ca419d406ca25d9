"""Symbols that a page has open, and the user's pins: who borrows a line.

Which pages are open is the state's to say (a page that stops polling for 30 s is closed). Pins stay until the user
takes them off and survive a restart. Engine thread only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from engine.domain import ContractRef, Demand
from engine.storage import rescues
from engine.storage.atomic import copy_of, keep_now, read_kept
from engine.storage.encodable import to_json
from engine.storage.places import DAMAGED

_PINS = msgspec.json.Decoder(list[ContractRef])
_ENTRIES = msgspec.json.Decoder(list[msgspec.Raw])


class SymbolWatch:
    """Open symbols and pins by con_id. `keep` writes a file: (path, content, what a refusal costs)."""

    def __init__(self, keep: Callable[[Path, bytes, str], None] = keep_now) -> None:
        self._keep = keep
        self._open: dict[int, ContractRef] = {}
        self._pins: dict[int, ContractRef] = {}
        self._file: Path | None = None

    def attach(self, folder: Path) -> None:
        """Keep the pins in `folder`/pins.json from now on: those in the file, and those made before there was one.

        The pins of another folder stay with it.
        """
        made_before = {} if self._file is not None else self._pins
        self._file = folder / "pins.json"
        self._pins = self._stored(self._file) | made_before
        if made_before:
            self._save()

    def _stored(self, file: Path) -> dict[int, ContractRef]:
        left = [entry for place in (copy_of(file), file) for entry in _entries(place)]
        stored, note = read_kept(file, _PINS.decode, time.time())
        if note:
            rescues.tell(file, DAMAGED, f"Pins: {note}")
        if stored is None and left:  # neither of them is whole: what each has
            self._keep(file, to_json(left), "the pins last until the program ends")
        return {contract.con_id: contract for contract in (stored if stored is not None else left)}

    def show(self, contracts: Sequence[ContractRef]) -> bool:
        """These symbols are open on pages now, newest last; True when that is news."""
        shown = {contract.con_id: contract for contract in contracts}
        is_news = shown.keys() != self._open.keys()
        kept = {con_id: contract for con_id, contract in self._open.items() if con_id in shown}
        self._open = kept | {con_id: contract for con_id, contract in shown.items() if con_id not in kept}
        return is_news

    def pin(self, contract: ContractRef, pinned: bool) -> None:
        """Pin or unpin, and write the list down."""
        if pinned:
            self._pins[contract.con_id] = contract
        else:
            self._pins.pop(contract.con_id, None)
        self._save()

    def rename(self, contract: ContractRef) -> None:
        """A pinned or open symbol is called otherwise now."""
        for kept in (self._pins, self._open):
            if contract.con_id in kept:
                kept[contract.con_id] = kept[contract.con_id].named_as(contract)
        if contract.con_id in self._pins:
            self._save()

    def pins(self) -> list[ContractRef]:
        return list(self._pins.values())

    def is_pinned(self, con_id: int) -> bool:
        return con_id in self._pins

    def pinned_ids(self) -> list[int]:
        return list(self._pins)

    def open_ids(self) -> list[int]:
        """The open symbols, in the order in which they were opened."""
        return list(self._open)

    def contract(self, con_id: int) -> ContractRef | None:
        return self._pins.get(con_id) or self._open.get(con_id)

    def demands(self) -> list[Demand]:
        """Line wishes: the user's pins, then the borrowed lines, newest page first."""
        wishes = [Demand(contract, "pinned", "pin", "pinned by you") for contract in self._pins.values()]
        borrowed = [contract for con_id, contract in self._open.items() if con_id not in self._pins]
        wishes += [
            Demand(contract, "pinned", "drill-down", "open on a page", borrowed=True) for contract in reversed(borrowed)
        ]
        return wishes

    def _save(self) -> None:
        if self._file is None:
            return
        self._keep(self._file, to_json(list(self._pins.values())), "the pins last until the program ends")


def _entries(file: Path) -> list[ContractRef]:
    """Those pins of a file that can be read, one by one."""
    found = []
    with suppress(OSError, ValueError, RecursionError):
        for entry in _ENTRIES.decode(file.read_bytes()):
            with suppress(ValueError):
                found.append(msgspec.json.decode(entry, type=ContractRef))
    return found
