"""Every contract that the engine has met: by con_id, and by the names that a trader types."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from engine.domain import ContractRef, con_id_of
from engine.storage import rescues
from engine.storage.atomic import keep_now, read_kept
from engine.storage.encodable import to_json
from engine.storage.places import DAMAGED

_MAX = 5_000


def _ignore(contract: ContractRef) -> None:
    """Nobody wants to know."""


class SymbolIndex:
    """Contracts by con_id; the one that was met longest ago leaves first. Engine thread only.

    `on_renamed` hears a contract that comes under another name than before; `keep` writes the file of former names.
    """

    def __init__(
        self,
        on_renamed: Callable[[ContractRef], None] = _ignore,
        keep: Callable[[Path, bytes, str], None] = keep_now,
    ) -> None:
        self._contracts: dict[int, ContractRef] = {}
        self._earlier: dict[int, ContractRef] = {}  # as an earlier run knew them
        self._on_renamed = on_renamed
        self.former = FormerNames(keep)

    def recall(self, contracts: Iterable[ContractRef]) -> None:
        """As an earlier run knew them: their names may have changed since."""
        for con_id, contract in newest(contracts).items():
            now = self._contracts.get(con_id)
            if now is None:
                self._earlier[con_id] = contract
            elif is_renamed(contract, now):
                self.former.note(contract, now)
                self._on_renamed(now)

    def learn(self, contracts: Iterable[ContractRef]) -> None:
        """Take new or fuller descriptions; one without an exchange never replaces one with, but for its name."""
        for contract in contracts:
            known = self._contracts.get(contract.con_id) or self._earlier.pop(contract.con_id, None)
            renamed = known is not None and is_renamed(known, contract)
            if known is not None and contract.con_id in self._contracts and known.exchange and not contract.exchange:
                if not renamed:
                    continue
                contract = known.named_as(contract)
            self._contracts.pop(contract.con_id, None)
            self._contracts[contract.con_id] = contract
            if known is not None and renamed:
                self.former.note(known, contract)
                self._on_renamed(contract)
        while len(self._contracts) > _MAX:
            del self._contracts[next(iter(self._contracts))]

    def contract(self, con_id: int) -> ContractRef | None:
        return self._contracts.get(con_id)

    def find(self, text: str) -> list[ContractRef]:
        """Contracts of exactly this con_id or name (local symbol or symbol), local symbols first; else those that were
        called so. A number may be both: Hong Kong's and Tokyo's shares are called 700 or 4391."""
        numbered = self._contracts.get(con_id_of(text) or 0)
        return list(dict.fromkeys([*([numbered] if numbered else []), *self.called(text)])) or self.once_called(text)

    def called(self, text: str) -> list[ContractRef]:
        """Contracts of exactly this name now, local symbols first."""
        wanted = name_key(text)
        local = [c for c in self._contracts.values() if name_key(c.local_symbol) == wanted]
        others = [c for c in self._contracts.values() if name_key(c.symbol) == wanted and c not in local]
        return local + others

    def once_called(self, text: str) -> list[ContractRef]:
        """Contracts that had this name before."""
        found = (self._contracts.get(con_id) for con_id in self.former.con_ids(text))
        return [contract for contract in found if contract is not None]

    def all(self) -> list[ContractRef]:
        return list(self._contracts.values())


log = logging.getLogger("qtrade.symbols")

FILE_NAME = "names.json"
NAMES_EACH = 5
MOST = 2_000
_NOT_ALNUM = re.compile(r"[^A-Z0-9]+")


def name_key(text: str) -> str:
    """One spelling for brk.b, BRK-B and BRK B."""
    return _NOT_ALNUM.sub(" ", text.upper()).strip()


def is_renamed(old: ContractRef, new: ContractRef) -> bool:
    """Whether these two descriptions of one contract name it differently; a name left out says nothing."""
    if not old.local_symbol or not new.local_symbol or name_key(old.local_symbol) == name_key(new.local_symbol):
        return False
    if name_key(old.symbol) != name_key(new.symbol):
        return True
    # Where TWS leaves the local symbol out, the symbol stands for it: "ES" beside "ESZ5" is one name.
    left_out = old.local_symbol == old.symbol or new.local_symbol == new.symbol
    return old.sec_type == "STK" or not left_out


class FormerNames:
    """Names that lead to a con_id although it is called otherwise now, the newest first."""

    def __init__(self, keep: Callable[[Path, bytes, str], None] = keep_now) -> None:
        self._keep = keep
        self._names: dict[int, tuple[str, ...]] = {}
        self._file: Path | None = None

    def attach(self, folder: Path) -> None:
        """Keep them in this folder from now on, with those that it holds; blocks."""
        self._file = folder / FILE_NAME
        for con_id, names in _stored(self._file).items():
            self._names[con_id] = tuple(dict.fromkeys((*self._names.get(con_id, ()), *names)))[:NAMES_EACH]

    def note(self, old: ContractRef, new: ContractRef) -> None:
        """It is called otherwise now."""
        if old.symbol != new.symbol:
            log.info("%s is called %s now (contract %d)", old.local_symbol, new.local_symbol, new.con_id)
        taken = {name_key(new.local_symbol), name_key(new.symbol)}
        names = dict.fromkeys((old.local_symbol, old.symbol, *self._names.pop(new.con_id, ())))
        self._names[new.con_id] = tuple(name for name in names if name and name_key(name) not in taken)[:NAMES_EACH]
        while len(self._names) > MOST:
            del self._names[next(iter(self._names))]
        self._save()

    def con_ids(self, name: str) -> list[int]:
        """Whose former name that was, the latest renamed first."""
        wanted = name_key(name)
        return [con_id for con_id, names in reversed(self._names.items()) if wanted in map(name_key, names)]

    def rows(self) -> tuple[tuple[int, str], ...]:
        """(con_id, former name), for the search and the API."""
        return tuple((con_id, name) for con_id, names in self._names.items() for name in names)

    def _save(self) -> None:
        if self._file is None:
            return
        content = to_json({str(con_id): names for con_id, names in self._names.items()})
        self._keep(self._file, content, "former names last until the program ends")


def _stored(file: Path) -> dict[int, tuple[str, ...]]:
    raw, note = read_kept(file, msgspec.json.Decoder(dict[str, tuple[str, ...]]).decode, time.time())
    if note:
        rescues.tell(file, DAMAGED, f"Former names: {note}")
    return {int(con_id): names for con_id, names in (raw or {}).items() if con_id.isascii() and con_id.isdigit()}


def newest(contracts: Iterable[ContractRef]) -> dict[int, ContractRef]:
    """By con_id, the last one of each."""
    return {contract.con_id: contract for contract in contracts}
