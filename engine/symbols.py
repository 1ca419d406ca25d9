"""Every contract that the engine has met: by con_id, and by the names that a trader types."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from engine.domain import ContractRef
from engine.former_names import FormerNames, is_renamed, name_key, newest

_MAX = 5_000


def _ignore(contract: ContractRef) -> None:
    """Nobody wants to know."""


class SymbolIndex:
    """Contracts by con_id; the one that was met longest ago leaves first. Engine thread only.

    `on_renamed` hears a contract that comes under another name than before.
    """

    def __init__(self, on_renamed: Callable[[ContractRef], None] = _ignore) -> None:
        self._contracts: dict[int, ContractRef] = {}
        self._earlier: dict[int, ContractRef] = {}  # as an earlier run knew them
        self._on_renamed = on_renamed
        self.former = FormerNames()

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
        """Contracts of exactly this name (local symbol or symbol) or con_id, local symbols first; else those that were
        called so."""
        wanted = name_key(text)
        if wanted.isdigit():
            contract = self._contracts.get(int(wanted))
            return [contract] if contract else []
        local = [c for c in self._contracts.values() if name_key(c.local_symbol) == wanted]
        others = [c for c in self._contracts.values() if name_key(c.symbol) == wanted and c not in local]
        return local + others or self.once_called(text)

    def once_called(self, text: str) -> list[ContractRef]:
        """Contracts that had this name before."""
        found = (self._contracts.get(con_id) for con_id in self.former.con_ids(text))
        return [contract for contract in found if contract is not None]

    def all(self) -> list[ContractRef]:
        return list(self._contracts.values())
