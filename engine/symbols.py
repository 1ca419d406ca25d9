"""Every contract that the engine has met: by con_id, and by the names that a trader types."""

from __future__ import annotations

import re
from collections.abc import Iterable

from engine.domain import ContractRef

_MAX = 5_000
_NOT_ALNUM = re.compile(r"[^A-Z0-9]+")


def name_key(text: str) -> str:
    """One spelling for brk.b, BRK-B and BRK B."""
    return _NOT_ALNUM.sub(" ", text.upper()).strip()


class SymbolIndex:
    """Contracts by con_id; the one that was met longest ago leaves first. Engine thread only."""

    def __init__(self) -> None:
        self._contracts: dict[int, ContractRef] = {}

    def learn(self, contracts: Iterable[ContractRef]) -> None:
        """Take new or fuller descriptions; one without an exchange never replaces one with."""
        for contract in contracts:
            known = self._contracts.get(contract.con_id)
            if known is not None and known.exchange and not contract.exchange:
                continue
            self._contracts.pop(contract.con_id, None)
            self._contracts[contract.con_id] = contract
        while len(self._contracts) > _MAX:
            del self._contracts[next(iter(self._contracts))]

    def contract(self, con_id: int) -> ContractRef | None:
        return self._contracts.get(con_id)

    def find(self, text: str) -> list[ContractRef]:
        """Contracts of exactly this name (local symbol or symbol) or con_id, local symbols first."""
        wanted = name_key(text)
        if wanted.isdigit():
            contract = self._contracts.get(int(wanted))
            return [contract] if contract else []
        local = [c for c in self._contracts.values() if name_key(c.local_symbol) == wanted]
        others = [c for c in self._contracts.values() if name_key(c.symbol) == wanted and c not in local]
        return local + others

    def all(self) -> list[ContractRef]:
        return list(self._contracts.values())
