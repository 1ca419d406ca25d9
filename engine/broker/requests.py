"""Requests with an answer: bars, contract details, symbol search, scanner parameters.

Each is bounded and ends in a value or an error of `engine.errors`; the library's silent empty list never leaves here.
Of one connection; engine loop only.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

from engine.broker.connection import Connection
from engine.broker.convert import to_bar, to_contract, to_info, to_ref
from engine.broker.port import HistoryRequest
from engine.broker.timings import Timings
from engine.domain import Bar, ContractInfo, ContractRef
from engine.errors import RequestRejected, RequestTimeout


class Requests:
    """`details` are remembered by con_id for the life of the connection (never a 200)."""

    def __init__(self, connection: Connection, timings: Timings) -> None:
        self._connection = connection
        self._timings = timings
        self._details: dict[int, list[Any]] = {}
        self._look_ups: set[int] = set()
        self._one_xml = asyncio.Lock()

    def is_look_up(self, req_id: int) -> bool:
        """A details request: its errors go to whoever awaits it, and to nobody else."""
        return req_id in self._look_ups

    async def history(self, contract: ContractRef, request: HistoryRequest, timeout_s: float) -> list[Bar]:
        connection = self._connection
        req_id = connection.next_req_id()
        query = to_contract(connection.library, contract)
        what = "MIDPOINT" if contract.sec_type == "CASH" else "TRADES"

        def send() -> None:
            connection.client.reqHistoricalData(
                req_id, query, _end_text(request.end_market), request.duration, request.bar_size,
                what, request.rth, 2, False, [],
            )  # fmt: skip

        try:
            rows = await connection.ask(f"History of {contract.local_symbol}", req_id, send, timeout_s)
        except RequestTimeout:
            if connection.is_ready:
                connection.client.cancelHistoricalData(req_id)
            raise
        bars = (to_bar(row, contract.sec_type) for row in rows)
        return sorted((bar for bar in bars if bar is not None), key=lambda bar: bar.time)

    async def details(self, contract: ContractRef, timeout_s: float, *, urgent: bool = False) -> list[Any]:
        """The library's details objects; empty for error 200. Raises as `Connection.ask`."""
        known = self._details.get(contract.con_id) if contract.con_id else None
        if known:
            return known
        connection = self._connection
        req_id = connection.next_req_id()
        self._look_ups.add(req_id)
        query = self._query(contract)
        try:
            rows = await connection.ask(
                f"Details of {contract.local_symbol or contract.con_id}",
                req_id,
                lambda: connection.client.reqContractDetails(req_id, query),
                timeout_s,
                urgent=urgent,
                end_grace_s=self._timings.end_grace_s,
            )
        except RequestRejected as error:
            if error.code == 200:
                return []
            raise
        if contract.con_id and rows:
            self._details[contract.con_id] = list(rows)
        return list(rows)

    def _query(self, contract: ContractRef) -> Any:
        """By con_id alone where it is known: any other field could only contradict it."""
        library = self._connection.library
        if contract.con_id:
            return library.Contract(conId=contract.con_id)
        query = to_contract(library, contract)
        if not query.exchange and query.secType == "STK":
            query.exchange = "SMART"
        return query

    async def contract_info(self, contract: ContractRef, timeout_s: float) -> list[ContractInfo]:
        return [to_info(details) for details in await self.details(contract, timeout_s)]

    async def search(self, pattern: str, timeout_s: float) -> list[ContractRef]:
        connection = self._connection
        req_id = connection.next_req_id()
        rows = await connection.ask(
            f"Search for {pattern}", req_id, lambda: connection.client.reqMatchingSymbols(req_id, pattern), timeout_s
        )
        return [to_ref(row.contract) for row in rows if row.contract.conId]

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
