"""Positions of one connection, each with a contract that requests can use.

TWS reports positions with the listing exchange, or with none: they are looked up again by con_id, at once, and once
for all accounts that hold the contract. Without an answer a stock is asked for at SMART; error 200 leaves the exchange
empty (never for good: it is asked again). Engine loop only.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from engine.broker.convert import magnifier_of, multiplier_of, to_ref
from engine.broker.port import BrokerEvent, PositionUpdate
from engine.broker.sanitise import number
from engine.broker.timings import Timings
from engine.domain import ContractRef, PositionRecord
from engine.errors import BrokerUnavailable, RequestRejected, RequestTimeout

log = logging.getLogger("qtrade.broker")

LookUp = Callable[[ContractRef], Awaitable[list[Any]]]
_Key = tuple[str, int]  # (account, con_id)
_WITHOUT_DETAILS = frozenset({"BAG"})  # a combination's number names no contract that could be looked up
_LONGEST_RECHECK_FACTOR = 20.0


class _Row(Struct):
    """`native` is the library's contract as the position message brought it."""

    native: Any
    quantity: float
    avg_cost: float | None


class PositionFeed:
    """Silent until `announce`: then all positions go out at once, and later changes as they come.

    `accounts` are those watched; what names no account is the first one's.
    """

    def __init__(
        self, accounts: Sequence[str], look_up: LookUp, emit: Callable[[BrokerEvent], None], timings: Timings
    ) -> None:
        self._accounts = tuple(accounts)
        self._look_up = look_up
        self._emit = emit
        self._timings = timings
        self._rows: dict[_Key, _Row] = {}
        self._refs: dict[int, ContractRef] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._first_look: dict[int, asyncio.Event] = {}
        self._listings: dict[int, str] = {}
        self._names: dict[tuple[str, int], tuple[str, str]] = {}  # (message, con_id) -> the names it came with
        self._announced = False
        self._nudge = asyncio.Event()

    def on_position(self, position: Any) -> None:
        """A position message; 0 = closed in that account. Positions of accounts that are not watched are not ours."""
        account = position.account or self._accounts[0]
        if account in self._accounts:
            self._look_at_names("position", position.contract)
            self._take((account, position.contract.conId), position.contract, position.position, position.avgCost)

    def on_portfolio(self, item: Any) -> None:
        """A portfolio row names the listing, and speaks for a position whose own message is missing."""
        key = (item.account or self._accounts[0], item.contract.conId)
        if item.contract.primaryExchange:
            self._listings[item.contract.conId] = item.contract.primaryExchange
        if self._look_at_names("portfolio", item.contract) and self._announced:
            for holder in self._holders(key[1]):
                self._tell(holder)
        if key not in self._rows and item.position and key[0] in self._accounts:
            self._take(key, item.contract, item.position, item.averageCost)

    def _look_at_names(self, message: str, native: Any) -> bool:
        """Whether the contract is called otherwise than when this kind of message named it last."""
        names = (native.symbol, native.localSymbol or native.symbol)
        before, self._names[message, native.conId] = self._names.get((message, native.conId)), names
        ref = self._refs.get(native.conId)
        if before in (None, names) or ref is None:
            return False
        named = to_ref(native)
        self._refs[native.conId] = msgspec.structs.replace(ref, symbol=named.symbol, local_symbol=named.local_symbol)
        return self._refs[native.conId] != ref

    def _take(self, key: _Key, native: Any, quantity: float, avg_cost: float) -> None:
        con_id, held = key[1], number(quantity)
        if held is None:
            return  # no quantity is not nought: what was known stands
        self._rows[key] = _Row(native, held, number(avg_cost))
        if native.secType in _WITHOUT_DETAILS:
            self._refs[con_id] = self._bare(self._rows[key], "")
        elif held and con_id not in self._tasks:
            self._first_look[con_id] = asyncio.Event()
            self._tasks[con_id] = asyncio.ensure_future(self._qualify(con_id))
            if self._announced and con_id in self._refs:  # opened again: its look-up may change nothing to tell
                self._tell(key)
            return
        if self._announced:
            self._tell(key)

    async def first_looks(self, timeout_s: float) -> None:
        """Until every position seen so far was looked up once, or the time is over."""
        waiting = [asyncio.ensure_future(event.wait()) for event in self._first_look.values() if not event.is_set()]
        if waiting:
            await asyncio.wait(waiting, timeout=max(0.0, timeout_s))
        for task in waiting:
            task.cancel()

    def announce(self) -> None:
        self._announced = True
        for key in list(self._rows):
            self._tell(key)

    def ref(self, con_id: int) -> ContractRef | None:
        return self._refs.get(con_id)

    def close(self) -> list[asyncio.Task[None]]:
        """Cancel the look-ups; returns them to be awaited."""
        for task in self._tasks.values():
            task.cancel()
        return list(self._tasks.values())

    def _tell(self, key: _Key) -> None:
        account, con_id = key
        row = self._rows[key]
        ref = self._refs.get(con_id) or self._without_details(row)
        self._emit(PositionUpdate(PositionRecord(ref, row.quantity, row.avg_cost, account)))
        if row.quantity == 0:
            del self._rows[key]
            if not self._holders(con_id) and (task := self._tasks.pop(con_id, None)):
                task.cancel()

    def _holders(self, con_id: int) -> list[_Key]:
        return [key for key in self._rows if key[1] == con_id]

    async def _qualify(self, con_id: int) -> None:
        """Look the contract up until an answer with details came, more and more seldom; tell what changed."""
        pause_s = self._timings.recheck_details_s
        longest_s = pause_s * _LONGEST_RECHECK_FACTOR
        row = self._rows[self._holders(con_id)[0]]
        said = ""
        while True:
            why = "TWS knows no such contract now"
            if holders := self._holders(con_id):
                row = self._rows[holders[0]]
            try:
                found = await self._look_up(self._bare(row, ""))
                ref = self._with_details(row, found[0]) if found else self._bare(row, "")
            except (RequestTimeout, RequestRejected) as error:
                found, ref, why = [], self._without_details(row), str(error)
            except BrokerUnavailable:
                return
            finally:
                self._first_look[con_id].set()
            changed = self._refs.get(con_id) != ref
            self._refs[con_id] = ref
            if changed and self._announced:
                for key in self._holders(con_id):
                    self._tell(key)
            if found:
                return
            if why != said:
                said = why
                name = ref.local_symbol or con_id
                log.info("No contract details of %s yet (%s); they are asked for again", name, why)
            await self._pause(pause_s)
            pause_s = min(2.0 * pause_s, longest_s)

    def look_again(self) -> None:
        """Contract look-ups work again: ask at once for what had no answer."""
        self._nudge.set()
        self._nudge = asyncio.Event()

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._nudge.wait(), seconds)
        except TimeoutError:
            return

    def _with_details(self, row: _Row, details: Any) -> ContractRef:
        contract = details.contract
        exchanges = [name for name in (details.validExchanges or "").split(",") if name]
        exchange = contract.exchange or (exchanges[0] if exchanges else "") or row.native.exchange
        if contract.secType == "STK" and (not exchanges or "SMART" in exchanges):
            exchange = "SMART"
        ref = to_ref(
            contract,
            exchange=exchange,
            multiplier=_multiplier(contract, row.native),
            magnifier=magnifier_of(details),
        )
        primary = contract.primaryExchange or self._listing(row) or ref.primary_exchange
        return msgspec.structs.replace(
            ref,
            primary_exchange=primary,
            local_symbol=contract.localSymbol or row.native.localSymbol or contract.symbol,
            last_trade_date=ref.last_trade_date or (row.native.lastTradeDateOrContractMonth or ""),
        )

    def _without_details(self, row: _Row) -> ContractRef:
        """No answer yet: a stock can be asked for at SMART, anything else where it is listed."""
        exchange = "SMART" if row.native.secType == "STK" else self._listing(row)
        return self._bare(row, exchange)

    def _bare(self, row: _Row, exchange: str) -> ContractRef:
        ref = to_ref(row.native, exchange=exchange, multiplier=_multiplier(row.native))
        return msgspec.structs.replace(ref, primary_exchange=self._listing(row))

    def _listing(self, row: _Row) -> str:
        own = row.native.exchange if row.native.exchange != "SMART" else ""
        return str(own or row.native.primaryExchange or self._listings.get(row.native.conId, ""))


def _multiplier(*contracts: Any) -> float:
    """The first multiplier that is named; a stock's is 1 whatever is sent."""
    if contracts[0].secType == "STK":
        return 1.0
    for contract in contracts:
        value = multiplier_of(contract)
        if value is not None:
            return value
    return 1.0
