"""Symbols that a page has open, and the user's pins: who borrows a line, and for how long.

A page repeats `OpenSymbol` with each poll; 30 s without one and the line goes back (LINES: priorities). Pins stay
until the user takes them off and survive a restart. Engine thread only.
"""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec

from engine.domain import ContractRef, Demand

log = logging.getLogger("qtrade.lines")

BORROWED_FOR_S = 30.0
MAX_OPEN = 8  # pages that are published at once; the oldest closes first


class SymbolWatch:
    """Open pages by page_id, pins by con_id."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[ContractRef, float]] = {}
        self._pins: dict[int, ContractRef] = {}
        self._file: Path | None = None

    def attach(self, folder: Path) -> None:
        """Keep the pins in `folder`/pins.json; those that are there already are taken over."""
        self._file = folder / "pins.json"
        try:
            stored = msgspec.json.decode(self._file.read_bytes(), type=list[ContractRef])
        except FileNotFoundError:
            return
        except (OSError, msgspec.DecodeError) as error:
            log.warning("%s can't be read (%s); the pins begin empty", self._file, error)
            return
        self._pins = {contract.con_id: contract for contract in stored} | self._pins

    def open(self, page_id: str, contract: ContractRef, now_mono: float) -> bool:
        """A page shows `contract`; True when it did not before."""
        known = self._open.pop(page_id, None)
        self._open[page_id] = (contract, now_mono)
        while len(self._open) > MAX_OPEN:
            del self._open[next(iter(self._open))]
        return known is None or known[0].con_id != contract.con_id

    def expire(self, now_mono: float) -> bool:
        """Close pages that stopped polling; True when any did."""
        gone = [page for page, (_, at) in self._open.items() if now_mono - at > BORROWED_FOR_S]
        for page in gone:
            del self._open[page]
        return bool(gone)

    def pin(self, contract: ContractRef, pinned: bool) -> None:
        """Pin or unpin, and write the list down."""
        if pinned:
            self._pins[contract.con_id] = contract
        else:
            self._pins.pop(contract.con_id, None)
        self._save()

    def is_pinned(self, con_id: int) -> bool:
        return con_id in self._pins

    def pinned_ids(self) -> list[int]:
        return list(self._pins)

    def open_ids(self) -> list[int]:
        """Each open symbol once, in the order in which the pages were opened."""
        return list(dict.fromkeys(contract.con_id for contract, _ in self._open.values()))

    def contract(self, con_id: int) -> ContractRef | None:
        if con_id in self._pins:
            return self._pins[con_id]
        return next((contract for contract, _ in self._open.values() if contract.con_id == con_id), None)

    def demands(self) -> list[Demand]:
        """Line wishes, the user's pins before borrowed lines, newest page first."""
        wishes = [Demand(contract, "pinned", "pin", "pinned by you") for contract in self._pins.values()]
        seen = set(self._pins)
        for contract, _ in sorted(self._open.values(), key=lambda item: -item[1]):
            if contract.con_id not in seen:
                seen.add(contract.con_id)
                wishes.append(Demand(contract, "pinned", "drill-down", "open on a page", borrowed=True))
        return wishes

    def _save(self) -> None:
        if self._file is None:
            return
        fresh = self._file.with_suffix(".new")
        try:
            fresh.write_bytes(msgspec.json.encode(list(self._pins.values())))
            fresh.replace(self._file)
        except OSError as error:
            log.warning("%s can't be written (%s); the pins last until the program ends", self._file, error)
