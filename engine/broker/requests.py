"""Requests with an answer: bars, contract details, symbol search, scanner parameters.

Each is bounded and ends in a value or an error of `engine.errors`; the library's silent empty list never leaves here.
Of one connection; engine loop only.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace

from engine.broker.asking import bars_expected, bars_of, has_volume
from engine.broker.connection import Connection
from engine.broker.convert import magnifier_of, to_bar, to_contract, to_info, to_ref
from engine.broker.list_messages import found_symbols, history_bars
from engine.broker.news_messages import MOST_HEADLINES, headline_of
from engine.broker.port import Headline, HistoryRequest
from engine.broker.timings import Timings
from engine.domain import Bar, ContractInfo, ContractRef
from engine.errors import RequestRejected, RequestTimeout

_HISTORY = 17
_SYMBOLS = 79
_HEADLINE, _HEADLINES_END = 86, 87
_INVALID = 321


class Requests:
    """`details` are remembered by con_id for the life of the connection (never a 200); those that `contract_info` asks
    for are not: it is asked for the whole universe, and whoever does keeps the few kB that count."""

    def __init__(self, connection: Connection, timings: Timings) -> None:
        self._connection = connection
        self._timings = timings
        self._details: dict[int, list[Any]] = {}
        self._look_ups: set[int] = set()
        self._magnifiers: dict[int, float] = {}
        self._told_magnifier: Callable[[int, float], None] | None = None
        self._bars: dict[str, str] = {}  # by type, what a gateway said it wants
        self._one_xml = asyncio.Lock()
        self._one_list = asyncio.Lock()
        self._headlines: dict[int, list[Headline]] = {}
        connection.on_message(_HISTORY, self._on_history)
        connection.on_message(_SYMBOLS, self._on_symbols)
        connection.on_message(_HEADLINE, self._on_headline)
        connection.on_message(_HEADLINES_END, self._on_headlines_end)

    def is_look_up(self, req_id: int) -> bool:
        """A details request: its errors go to whoever awaits it, and to nobody else."""
        return req_id in self._look_ups

    def magnifier(self, con_id: int) -> float | None:
        """None = no details of the contract have come on this connection."""
        return self._magnifiers.get(con_id)

    def on_magnifier(self, told: Callable[[int, float], None]) -> None:
        """`told(con_id, magnifier)` whenever details have come, whoever asked for them."""
        self._told_magnifier = told

    async def history(self, contract: ContractRef, request: HistoryRequest, timeout_s: float) -> list[Bar]:
        """Sorted bars of the kind that the contract's type has (`asking.bars_of`); raises as `Connection.ask`."""
        if contract.con_id and not contract.exchange:
            contract = await self._with_exchange(contract)
        kind = self._bars.get(contract.sec_type) or bars_of(contract.sec_type)
        try:
            rows = await self._rows(contract, request, kind, timeout_s)
        except RequestRejected as error:
            expected = bars_expected(error.text)
            if expected is None or expected == kind:
                raise
            rows = await self._rows(contract, request, expected, timeout_s)
            self._bars[contract.sec_type] = kind = expected
        volume = has_volume(contract.sec_type, kind)
        magnifier = contract.price_magnifier
        if magnifier is None:
            magnifier = self.magnifier(contract.con_id)
        bars = (to_bar(row, contract.sec_type, magnifier, has_volume=volume) for row in rows)
        by_time = {bar.time: bar for bar in bars if bar is not None}  # a time that came twice: the later one
        return [by_time[time] for time in sorted(by_time)]

    async def _with_exchange(self, contract: ContractRef) -> ContractRef:
        """TWS would refuse a contract without exchange, and not say why it is missing."""
        found = [to_info(details).contract for details in await self.details(contract, self._timings.details_s)]
        if not found or not found[0].exchange:
            name = contract.local_symbol or contract.con_id
            raise RequestRejected(_INVALID, f"TWS has no contract details of {name} now, so its exchange is unknown")
        return replace(contract, exchange=found[0].exchange, price_magnifier=found[0].price_magnifier)

    async def _rows(self, contract: ContractRef, request: HistoryRequest, kind: str, timeout_s: float) -> Sequence[Any]:
        """The library's bars; asked for once more, with names, where the gateway insists on them."""
        names = self._connection.names
        named = names.wanted
        try:
            return await self._rows_once(contract, request, kind, timeout_s, names=named)
        except RequestRejected as error:
            if names.has_to_wait(contract, error.code, named=named):
                await self._told_of_names(timeout_s)
            if not names.may_help(contract, error.code, error.text, named=named):
                raise
        names.begin()
        helped = False
        try:
            rows = await self._rows_once(contract, request, kind, timeout_s, names=True)
            helped = True
        finally:
            names.end(helped=helped)
        return rows

    async def _told_of_names(self, timeout_s: float) -> None:
        """Until the try with names that is under way has ended."""
        told: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._connection.names.when_told(lambda wanted: None if told.done() else told.set_result(wanted))
        await asyncio.wait({told}, timeout=timeout_s)

    async def _rows_once(
        self, contract: ContractRef, request: HistoryRequest, kind: str, timeout_s: float, *, names: bool
    ) -> Sequence[Any]:
        connection = self._connection
        req_id = connection.next_req_id()
        query = to_contract(connection.library, contract, names=names)

        def send() -> None:
            connection.client.reqHistoricalData(
                req_id, query, _end_text(request.end_market), request.duration, request.bar_size,
                kind, request.rth, 2, False, [],
            )  # fmt: skip

        try:
            rows: Sequence[Any] = await connection.ask(f"History of {contract.local_symbol}", req_id, send, timeout_s)
        except RequestTimeout:
            if connection.is_ready:
                connection.client.cancelHistoricalData(req_id)
            raise
        return rows

    def _on_history(self, fields: list[str]) -> None:
        found = history_bars(fields)
        self._connection.note_lost(found.lost)
        self._connection.end_request(found.req_id, found.rows)

    def _on_symbols(self, fields: list[str]) -> None:
        found = found_symbols(fields, int(self._connection.client.serverVersion()))
        self._connection.note_lost(found.lost)
        self._connection.end_request(found.req_id, found.rows)

    async def details(self, contract: ContractRef, timeout_s: float, *, urgent: bool = False) -> list[Any]:
        """The library's details objects; empty for error 200 and for a combination, which has none.

        Raises as `Connection.ask`.
        """
        rows = await self._found(contract, timeout_s, urgent=urgent)
        if contract.con_id and rows:
            self._details[contract.con_id] = rows
        return rows

    async def _found(self, contract: ContractRef, timeout_s: float, *, urgent: bool = False) -> list[Any]:
        """What is remembered, else the answer."""
        if contract.sec_type == "BAG":
            return []
        known = self._details.get(contract.con_id) if contract.con_id else None
        if known and not _is_renamed(known[0].contract, contract):
            return known
        names = self._connection.names
        named = names.wanted
        try:
            rows = await self._details_once(contract, timeout_s, urgent=urgent, names=named)
        except RequestRejected as error:
            if error.code == 200:
                return []
            if not names.may_help(contract, error.code, error.text, named=named):
                raise
            rows = await self._details_with_names(contract, timeout_s, urgent=urgent)
        self._note_magnifiers(rows)
        return rows

    def _note_magnifiers(self, rows: list[Any]) -> None:
        for row in rows:
            con_id, magnifier = row.contract.conId, magnifier_of(row)
            if self._magnifiers.get(con_id) != magnifier:
                self._magnifiers[con_id] = magnifier
                if self._told_magnifier is not None:
                    self._told_magnifier(con_id, magnifier)

    async def _details_with_names(self, contract: ContractRef, timeout_s: float, *, urgent: bool) -> list[Any]:
        names = self._connection.names
        names.begin()
        helped = False
        try:
            rows = await self._details_once(contract, timeout_s, urgent=urgent, names=True)
            helped = True
        finally:
            names.end(helped=helped)
        return rows

    async def _details_once(self, contract: ContractRef, timeout_s: float, *, urgent: bool, names: bool) -> list[Any]:
        connection = self._connection
        req_id = connection.next_req_id()
        self._look_ups.add(req_id)
        query = self._query(contract, names=names)
        rows = await connection.ask(
            f"Details of {contract.local_symbol or contract.con_id}",
            req_id,
            lambda: connection.client.reqContractDetails(req_id, query),
            timeout_s,
            urgent=urgent,
            end_grace_s=self._timings.end_grace_s,
        )
        return list(rows)

    def _query(self, contract: ContractRef, *, names: bool) -> Any:
        """By con_id alone where it is known: any other field could only contradict it."""
        library = self._connection.library
        if contract.con_id:
            return to_contract(library, replace(contract, exchange=""), names=names and bool(contract.symbol))
        query = to_contract(library, contract)
        if not query.exchange and query.secType == "STK":
            query.exchange = "SMART"
        return query

    async def contract_info(self, contract: ContractRef, timeout_s: float) -> list[ContractInfo]:
        return [to_info(details) for details in await self._found(contract, timeout_s)]

    async def search(self, pattern: str, timeout_s: float) -> list[ContractRef]:
        connection = self._connection
        req_id = connection.next_req_id()
        rows = await connection.ask(
            f"Search for {pattern}", req_id, lambda: connection.client.reqMatchingSymbols(req_id, pattern), timeout_s
        )
        contract = connection.library.Contract
        return [
            to_ref(
                contract(
                    row.sec_type, row.con_id, row.symbol, primaryExchange=row.primary_exchange, currency=row.currency
                )
            )
            for row in rows
        ]

    async def news_providers(self, timeout_s: float) -> list[str]:
        """One request at a time: the answer carries no request number."""
        connection = self._connection
        async with self._one_list:
            found = await connection.ask(
                "News providers", "newsProviders", connection.client.reqNewsProviders, timeout_s
            )
        return [provider.code for provider in found or () if provider.code]

    async def headlines(self, con_id: int, providers: Sequence[str], most: int, timeout_s: float) -> list[Headline]:
        """Row by row under their request's number, then an end; the newest first, whatever order they came in."""
        connection = self._connection
        req_id = connection.next_req_id()
        self._headlines[req_id] = []
        try:
            rows: list[Headline] = await connection.ask(
                f"News of contract {con_id}",
                req_id,
                lambda: connection.client.reqHistoricalNews(req_id, con_id, "+".join(providers), "", "", most, []),
                timeout_s,
            )
        finally:
            del self._headlines[req_id]
        return sorted(rows, key=lambda row: -(row.time_market or 0.0))[:most]

    def _on_headline(self, fields: list[str]) -> None:
        req_id, row = headline_of(fields)
        rows = self._headlines.get(req_id)
        if rows is not None and row is not None and len(rows) < MOST_HEADLINES:
            rows.append(row)

    def _on_headlines_end(self, fields: list[str]) -> None:
        req_id = int(fields[1])
        self._connection.end_request(req_id, self._headlines.get(req_id, ()))

    async def scanner_parameters(self, timeout_s: float) -> str:
        """One request at a time: the answer carries no request number."""
        connection = self._connection
        async with self._one_xml:
            return str(
                await connection.ask(
                    "Scanner parameters", "scannerParams", connection.client.reqScannerParameters, timeout_s
                )
            )


def _end_text(end_market: float | None) -> str:
    """TWS' end of a history request, in UTC; "" = now."""
    if end_market is None:
        return ""
    return dt.datetime.fromtimestamp(end_market, dt.UTC).strftime("%Y%m%d %H:%M:%S UTC")


def _is_renamed(known: Any, asked: ContractRef) -> bool:
    """Whether a stock is asked for by another name than its remembered details bear."""
    return asked.sec_type == "STK" and bool(asked.local_symbol) and known.localSymbol not in ("", asked.local_symbol)
