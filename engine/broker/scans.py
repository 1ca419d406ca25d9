"""Scanner subscriptions of one connection: opened, closed, each complete result as one event. Engine loop only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.broker.connection import Connection
from engine.broker.convert import to_ref
from engine.broker.list_messages import ScanFields, scan_rows
from engine.broker.pacing import Pacer
from engine.broker.port import BrokerEvent, ScanRow, ScanRows, ScanSpec
from engine.broker.wire_text import plain_number_text
from engine.domain import ContractRef

_SCANNER_DATA = 20


class Scans:
    """162 and 365 that answer a close of ours are benign; 165 is an empty result."""

    def __init__(self, connection: Connection, pacer: Pacer, emit: Callable[[BrokerEvent], None]) -> None:
        self._connection = connection
        self._pacer = pacer
        self._emit = emit
        self._open: dict[int, Any] = {}
        self._closed: set[int] = set()
        connection.on_message(_SCANNER_DATA, self._on_result)

    def open(self, spec: ScanSpec) -> int:
        connection = self._connection
        library = connection.library
        req_id = connection.next_req_id()
        subscription = library.ScannerSubscription(
            numberOfRows=spec.rows,
            instrument=spec.instrument,
            locationCode=spec.location,
            scanCode=spec.scan_code,
            stockTypeFilter=spec.stock_type,
        )
        filters = [library.TagValue(tag, plain_number_text(value)) for tag, value in spec.filters]
        results = library.ScanDataList()
        results.reqId = req_id
        connection.wrapper.startSubscription(req_id, results)
        self._open[req_id] = results
        with connection.client.sending(key=("scan", req_id)):
            connection.client.reqScannerSubscription(req_id, subscription, [], filters)
        return req_id

    def close(self, req_id: int) -> None:
        results = self._open.pop(req_id, None)
        if results is None:
            return
        self._closed.add(req_id)
        self._connection.wrapper.endSubscription(results)
        if not self._pacer.withdraw(("scan", req_id)):
            self._connection.client.cancelScannerSubscription(req_id)

    def swallows(self, req_id: int, code: int) -> bool:
        """True when this error needs no further notice: the echo of a close, or an empty result."""
        if req_id in self._closed:
            return True
        if req_id in self._open and code == 165:
            self._emit(ScanRows(req_id, ()))
            return True
        return False

    def owns(self, req_id: int) -> bool:
        return req_id in self._open

    def _on_result(self, fields: list[str]) -> None:
        found = scan_rows(fields)
        self._connection.note_lost(found.lost)
        self._connection.note_answer(found.req_id)
        if found.req_id in self._open:
            rows = sorted((ScanRow(row.rank, self._contract(row)) for row in found.rows), key=lambda row: row.rank)
            self._emit(ScanRows(found.req_id, tuple(rows)))

    def _contract(self, row: ScanFields) -> ContractRef:
        contract = self._connection.library.Contract(
            conId=row.con_id,
            symbol=row.symbol,
            secType=row.sec_type,
            lastTradeDateOrContractMonth=row.expiry,
            strike=row.strike,
            right=row.right,
            exchange=row.exchange,
            currency=row.currency,
            localSymbol=row.local_symbol,
            tradingClass=row.trading_class,
        )
        return to_ref(contract)
