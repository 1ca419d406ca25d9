"""Profit and loss of the account and of single positions, once a second."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from simulator.account import Book
from simulator.hub import Hub
from simulator.session import Session
from simulator.wire import encode_account as enc
from simulator.wire import requests as rq

EVERY_S = 1.0
FIRST_S = 0.1


@dataclass(slots=True)
class PnlStream:
    """One subscription; `sent` is the last message, which is not repeated."""

    session: Session
    request: rq.Pnl
    book: Book
    sent: str = ""


class PnlDesk:
    """Values that nobody knows go out as the unset double, as at TWS."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._streams: dict[tuple[int, int], PnlStream] = {}
        self._due = 0.0

    def subscribe(self, session: Session, request: rq.Pnl) -> None:
        stream = PnlStream(session, request, self._hub.book(request.account))
        self._streams[(session.number, request.req_id)] = stream
        session.after(FIRST_S, self._send, stream)

    def cancel(self, session: Session, request: rq.Plain) -> None:
        self._streams.pop((session.number, request.req_id), None)

    def tick(self, wall: float) -> None:
        if wall < self._due:
            return
        self._due = wall + EVERY_S
        for stream in list(self._streams.values()):
            self._send(stream)

    def _send(self, stream: PnlStream) -> None:
        con_id, req_id = stream.request.con_id, stream.request.req_id
        if self._streams.get((stream.session.number, req_id)) is not stream:
            return
        book = stream.book
        message = self._account(book, req_id) if con_id is None else self._single(book, req_id, con_id)
        if message != stream.sent:
            stream.sent = message
            stream.session.send(message)

    def _account(self, book: Book, req_id: int) -> str:
        """In the account's base currency."""
        sums = self._hub.totals(book).total
        return enc.pnl(req_id, float(sums.daily), float(sums.unrealized), float(sums.realized))

    def _single(self, book: Book, req_id: int, con_id: int) -> str:
        """In the contract's currency."""
        row = self._hub.valued(book, con_id)
        if row is None or not row.quantity:
            return enc.pnl_single(req_id, 0.0, (None, None, None, None))
        quantity, realized = float(row.quantity), _float(row.realized if row.traded else None)
        if row.price is None:
            return enc.pnl_single(req_id, quantity, (None, None, realized, None))
        daily, unrealized = _float(row.daily), _float(row.unrealized)
        return enc.pnl_single(req_id, quantity, (daily, unrealized, realized, float(row.value)))

    def send_all_now(self) -> None:
        """The next round is due, whatever the interval."""
        self._due = 0.0

    def forget(self, session: Session) -> None:
        for key in [key for key in self._streams if key[0] == session.number]:
            del self._streams[key]


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
