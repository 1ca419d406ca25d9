"""Scanner subscriptions of one connection: opened, closed, each complete result as one event. Engine loop only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.broker.connection import Connection
from engine.broker.convert import to_ref
from engine.broker.pacing import Pacer
from engine.broker.port import BrokerEvent, ScanRow, ScanRows, ScanSpec


class Scans:
    """162 and 365 that answer a close of ours are benign; 165 is an empty result."""

    def __init__(self, connection: Connection, pacer: Pacer, emit: Callable[[BrokerEvent], None]) -> None:
        self._connection = connection
        self._pacer = pacer
        self._emit = emit
        self._open: dict[int, Any] = {}
        self._closed: set[int] = set()
        connection.ib.scannerDataEvent += self._on_result

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
        filters = [library.TagValue(tag, value) for tag, value in spec.filters]
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

    def _on_result(self, results: Any) -> None:
        if results.reqId not in self._open:
            return
        rows = sorted(
            (ScanRow(row.rank, to_ref(row.contractDetails.contract)) for row in results), key=lambda row: row.rank
        )
        results.clear()  # the library clears only at a rank of 0
        self._emit(ScanRows(results.reqId, tuple(rows)))
