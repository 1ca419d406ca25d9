"""Scanner subscriptions: the rows at once, then every half minute; ten at a time."""

from __future__ import annotations

from dataclasses import dataclass

from simulator import scanner_xml, texts
from simulator.contracts import Refusal
from simulator.hub import Hub
from simulator.model import ScanQuery
from simulator.session import Session
from simulator.wire import encode_scanner as enc
from simulator.wire import requests as rq

MAX_ROWS = 50


@dataclass(slots=True)
class Scan:
    """One subscription; `due` is the wall moment of the next push, `pushed` whether there was one."""

    session: Session
    req_id: int
    query: ScanQuery
    due: float
    pushed: bool = False

    @property
    def key(self) -> tuple[int, int]:
        return (self.session.number, self.req_id)


class ScannerDesk:
    """The slots are the account's: all clients share them."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._scans: dict[tuple[int, int], Scan] = {}

    def subscribe(self, session: Session, request: rq.ScannerSubscription) -> None:
        hub = self._hub
        if (session.number, request.req_id) in self._scans:
            raise Refusal(322, texts.PROCESSING.format(cause=texts.DUPLICATE_ID))
        hub.faults.check("scanner", None)
        if hub.ledger.scanners_used() >= hub.settings.scanner_slots:
            cause = texts.SCANNER_SLOTS.format(limit=hub.settings.scanner_slots)
            raise Refusal(322, texts.PROCESSING.format(cause=cause))
        if not scanner_xml.known(request.instrument, request.location, request.scan_code):
            wanted = f"{request.instrument} {request.location} {request.scan_code}"
            raise Refusal(162, texts.UNKNOWN_SCAN.format(scan=wanted))
        stagger = 0.15 * (len(self._scans) % 10)
        scan_due = hub.wall() + hub.settings.scan_first_s + stagger
        scan = Scan(session, request.req_id, query_of(request), scan_due)
        self._scans[scan.key] = scan
        hub.ledger.scanner_opened(*scan.key)

    def cancel(self, session: Session, request: rq.Plain) -> None:
        scan = self._scans.pop((session.number, request.req_id), None)
        if scan is None:
            raise Refusal(365, texts.UNKNOWN_SCANNER.format(req_id=request.req_id))
        self._hub.ledger.scanner_closed(*scan.key)
        raise Refusal(162, texts.SCANNER_CANCELLED.format(req_id=request.req_id))

    def parameters(self, session: Session, request: rq.Plain) -> None:
        session.send(enc.scanner_parameters(scanner_xml.document()))

    def tick(self, wall: float) -> None:
        """Pushes what is due; at most two a call, so that ten scans do not stall the loop."""
        due = sorted((scan for scan in self._scans.values() if scan.due <= wall), key=lambda scan: scan.due)
        if self._hub.faults.ticks_muted:
            return
        for scan in due[:2]:
            scan.due = wall + self._hub.settings.scan_interval_s
            self._push(scan)

    def _push(self, scan: Scan) -> None:
        con_ids = self._hub.world.scan(scan.query)[: scan.query.rows]
        found = [self._hub.directory.get(con_id) for con_id in con_ids]
        rows = [instrument for instrument in found if instrument is not None]
        if rows or not scan.pushed:
            scan.session.send(enc.scanner_data(scan.req_id, rows))
        else:
            scan.session.error(scan.req_id, 165, texts.NO_SCAN_ROWS)
        scan.pushed = True

    def forget(self, session: Session) -> None:
        for key in [key for key in self._scans if key[0] == session.number]:
            del self._scans[key]


def query_of(request: rq.ScannerSubscription) -> ScanQuery:
    rows = request.rows if request.rows is not None and 0 < request.rows <= MAX_ROWS else MAX_ROWS
    return ScanQuery(
        scan_code=request.scan_code,
        instrument=request.instrument,
        location=request.location,
        rows=rows,
        above_price=request.above_price,
        below_price=request.below_price,
        above_volume=request.above_volume,
        market_cap_above=request.market_cap_above,
        market_cap_below=request.market_cap_below,
        stock_type=request.stock_type,
        filters=request.filters,
    )
