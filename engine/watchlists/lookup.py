"""Finding the contracts of an import: those known here first, then the broker is asked. Engine loop only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from engine.domain import ContractInfo, ContractRef
from engine.errors import BrokerUnavailable, RequestRejected
from engine.state.watchlist_sections import ImportRow
from engine.watchlists.importing import Wanted
from engine.watchlists.matching import Match, match

SILENT = "The broker did not answer; import this line again later"
AWAY = "Not known here, and the broker is not connected to be asked: import this line again later"


class Names(Protocol):
    """`engine.contracts.symbols.SymbolIndex`, as far as it is asked here."""

    def contract(self, con_id: int) -> ContractRef | None: ...

    def find(self, text: str) -> list[ContractRef]: ...

    def learn(self, contracts: Sequence[ContractRef]) -> None: ...


class Asked(Protocol):
    """The broker, as far as it is asked here."""

    async def contract_info(self, contract: ContractRef, timeout_s: float = 15.0) -> list[ContractInfo]: ...

    async def search(self, pattern: str, timeout_s: float = 10.0) -> list[ContractRef]: ...


class Lookup:
    """`is_connected` = the broker can be asked; `spelled` = a name as IB writes it (BRK B)."""

    def __init__(
        self, names: Names, broker: Asked, is_connected: Callable[[], bool], spelled: Callable[[str], str]
    ) -> None:
        self._names = names
        self._broker = broker
        self._is_connected = is_connected
        self._spelled = spelled

    async def row(self, wanted: Wanted) -> tuple[ImportRow, ContractRef | None]:
        """What becomes of one line, and the contract that it means, as requests need it."""
        try:
            found = await self._match(wanted)
            contract = await self._whole(found.contract) if found.contract is not None else None
        except BrokerUnavailable:
            return ImportRow(wanted.line, wanted.text, "unknown", SILENT if self._is_connected() else AWAY), None
        except RequestRejected as refused:
            said = f"The broker refused the question: {refused.text}"
            return ImportRow(wanted.line, wanted.text, "unknown", said), None
        if contract is not None:
            said = contract.local_symbol
            return ImportRow(wanted.line, wanted.text, "taken", "", contract.con_id, said), contract
        if found.choices:
            return ImportRow(wanted.line, wanted.text, "ambiguous", found.how, choices=found.choices), None
        what = f"contract {wanted.con_id}" if wanted.con_id else wanted.symbol
        said = f"Neither here nor at the broker is there {_described(wanted, what)}"
        return ImportRow(wanted.line, wanted.text, "unknown", said), None

    async def contract(self, con_id: int) -> ContractRef | None:
        """A contract by its number, as requests need it; None = the broker knows none. Raises as the broker does."""
        known = self._names.contract(con_id)
        return await self._whole(known if known is not None else ContractRef(con_id, "", "", ""))

    async def _match(self, wanted: Wanted) -> Match:
        if wanted.con_id:
            contract = await self.contract(wanted.con_id)
            return Match(contract) if contract is not None else Match()
        local = match(wanted, self._names.find(wanted.symbol))
        if local.contract is not None and _is_certain(wanted, local.contract):
            return local
        if not self._is_connected():
            if local.contract is not None or local.choices:
                return local
            raise BrokerUnavailable(AWAY)
        return await self._match_at_broker(wanted)

    async def _match_at_broker(self, wanted: Wanted) -> Match:
        """The narrow question first: a stock, or the very contract that was described; then by name."""
        spelled = self._spelled(wanted.symbol)
        if wanted.sec_type in ("", "STK"):
            asked = ContractRef(0, spelled, "", "STK", _routed(wanted), currency=wanted.currency or "USD")
            found = match(wanted, await self._infos(asked))
            if found.contract is not None or found.choices:
                return found
        if wanted.sec_type and wanted.sec_type != "STK":
            asked = ContractRef(
                0, spelled, "", wanted.sec_type, wanted.exchange, currency=wanted.currency or "USD",
                last_trade_date=wanted.expiry, strike=wanted.strike, right=wanted.right,
            )  # fmt: skip
            found = match(wanted, await self._infos(asked))
            if found.contract is not None or found.choices:
                return found
        offered = await self._broker.search(spelled)
        self._names.learn(offered)
        exact = [each for each in offered if self._spelled(each.symbol) == spelled]
        return match(wanted, [*exact, *self._names.find(wanted.symbol)])

    async def _infos(self, asked: ContractRef) -> list[ContractRef]:
        try:
            found = [info.contract for info in await self._broker.contract_info(asked)]
        except RequestRejected:  # a question that it can't answer: by name, then
            return []
        self._names.learn(found)
        return found

    async def _whole(self, contract: ContractRef) -> ContractRef | None:
        """With the exchange that requests must name."""
        if contract.exchange and contract.symbol:
            return contract
        if not self._is_connected():
            raise BrokerUnavailable(AWAY)
        infos = await self._broker.contract_info(contract)
        if not infos:
            return None
        self._names.learn([infos[0].contract])
        return infos[0].contract


def _is_certain(wanted: Wanted, contract: ContractRef) -> bool:
    """No other one can be meant: a plain name that is a US stock's here, or one described to the end."""
    if not contract.exchange:
        return False
    if contract.sec_type == "STK":
        return contract.currency == "USD" and wanted.exchange in ("", "SMART")
    return contract.local_symbol.upper() == wanted.symbol


def _routed(wanted: Wanted) -> str:
    return wanted.exchange or "SMART"


def _described(wanted: Wanted, what: str) -> str:
    more = (wanted.sec_type, wanted.expiry, wanted.right, wanted.currency, wanted.exchange)
    said = ", ".join(word for word in more if word and word != "SMART")
    return f"{what} ({said})" if said else what
