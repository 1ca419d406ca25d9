"""Account values, portfolio, positions, summaries: what is asked for, and what changes afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from simulator.account import ZERO, Book, Lot, Valued
from simulator.account_values import LEDGER_PREFIX
from simulator.hub import Hub, Rows
from simulator.market_time import local
from simulator.session import Session
from simulator.wire import encode_account as enc
from simulator.wire import requests as rq

SUMMARY_EVERY = 3  # account intervals between two looks at the summaries
LEDGER_TAG = LEDGER_PREFIX.rstrip("-")


class AccountDesk:
    """Keeps what every subscription was told last, and sends only what changed."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._followed: dict[int, Book] = {}  # session -> the one account whose updates it gets
        self._updates: dict[int, Rows] = {}
        self._rows: dict[int, dict[int, Valued]] = {}
        self._multi: dict[tuple[int, int], tuple[Session, Book, Rows]] = {}
        self._summaries: dict[tuple[int, int], tuple[Session, rq.AccountSummary, dict[str, Rows]]] = {}
        self._positions: set[int] = set()
        self._positions_multi: dict[tuple[int, int], tuple[Session, Book]] = {}
        self._due = 0.0
        self._rounds = 0

    # one account's updates

    def updates(self, session: Session, request: rq.AccountUpdates) -> None:
        """One account at a time: another one takes the place of the former."""
        if not request.subscribe:
            self._forget_updates(session)
            return
        book = self._hub.book(request.account)
        self._followed[session.number] = book
        self._updates[session.number] = []
        self._rows[session.number] = {}
        self._send_values(session)
        self._send_rows(session)
        self._send_time(session)
        session.send(enc.account_download_end(self._hub.account(book)))

    def _forget_updates(self, session: Session) -> None:
        for kept in (self._followed, self._updates, self._rows):
            kept.pop(session.number, None)

    def _send_values(self, session: Session) -> None:
        book = self._followed[session.number]
        account, values = self._hub.account(book), self._hub.account_rows(book)
        for key, value, currency in _new(values, self._updates.get(session.number, [])):
            session.send(enc.account_value(key, value, currency, account))
        self._updates[session.number] = values

    def _send_rows(self, session: Session) -> None:
        book, told = self._followed[session.number], self._rows.setdefault(session.number, {})
        for row in self._hub.portfolio(book):
            if told.get(row.instrument.con_id) != row:
                told[row.instrument.con_id] = row
                session.send(enc.portfolio_value(portfolio_row(row), self._hub.account(book)))

    def _send_time(self, session: Session) -> None:
        session.send(enc.account_time(f"{local(self._hub.world.now()):%H:%M}"))

    # the same for several accounts, and summaries

    def multi(self, session: Session, request: rq.AccountUpdatesMulti) -> None:
        book = self._hub.book(request.account)
        self._multi[(session.number, request.req_id)] = (session, book, [])
        self._send_multi((session.number, request.req_id))
        session.send(enc.account_update_multi_end(request.req_id))

    def cancel_multi(self, session: Session, request: rq.Plain) -> None:
        self._multi.pop((session.number, request.req_id), None)

    def _send_multi(self, key: tuple[int, int]) -> None:
        session, book, told = self._multi[key]
        account, values = self._hub.account(book), self._hub.account_rows(book)
        for name, value, currency in _new(values, told):
            session.send(enc.account_update_multi(key[1], account, "", name, value, currency))
        self._multi[key] = (session, book, values)

    def summary(self, session: Session, request: rq.AccountSummary) -> None:
        key = (session.number, request.req_id)
        self._summaries[key] = (session, request, {})
        self._send_summary(key)
        session.send(enc.account_summary_end(request.req_id))

    def cancel_summary(self, session: Session, request: rq.Plain) -> None:
        self._summaries.pop((session.number, request.req_id), None)

    def _send_summary(self, key: tuple[int, int]) -> None:
        session, request, told = self._summaries[key]
        tags = {tag.split(":")[0] for tag in request.tags}
        for book in self._hub.books:
            account = self._hub.account(book)
            ledger = self._hub.ledger_rows(book)
            values = [row for row in self._hub.account_rows(book)[: -len(ledger)] if row[0] in tags]
            values += ledger if LEDGER_TAG in tags else []
            for tag, value, currency in _new(values, told.get(account, [])):
                session.send(enc.account_summary(key[1], account, tag, value, currency))
            told[account] = values

    # positions

    def positions(self, session: Session, request: rq.Plain) -> None:
        self._positions.add(session.number)
        for book in self._hub.books:
            for con_id in book.held():
                self._send_position(session, book, con_id, book.lot(con_id))
        session.send(enc.position_end())

    def _send_position(self, session: Session, book: Book, con_id: int, lot: Lot) -> None:
        instrument = self._hub.directory.get(con_id)
        if instrument is not None:
            cost = None if lot.avg_cost is None else float(lot.avg_cost)
            session.send(enc.position(instrument, float(lot.quantity), cost, self._hub.account(book)))

    def cancel_positions(self, session: Session, request: rq.Plain) -> None:
        self._positions.discard(session.number)

    def positions_multi(self, session: Session, request: rq.PositionsMulti) -> None:
        """One account's positions under a request id; the first account's when none is named."""
        book = self._hub.book(request.account)
        self._positions_multi[session.number, request.req_id] = session, book
        for con_id in book.held():
            self._send_position_multi(session, request.req_id, book, con_id)
        session.send(enc.position_multi_end(request.req_id))

    def _send_position_multi(self, session: Session, req_id: int, book: Book, con_id: int) -> None:
        instrument, lot = self._hub.directory.get(con_id), book.lot(con_id)
        if instrument is not None:
            cost = None if lot.avg_cost is None else float(lot.avg_cost)
            session.send(enc.position_multi(req_id, instrument, float(lot.quantity), cost, self._hub.account(book)))

    def cancel_positions_multi(self, session: Session, request: rq.Plain) -> None:
        self._positions_multi.pop((session.number, request.req_id), None)

    def position_changed(self, book: Book, con_id: int) -> None:
        """Tells everybody who listens about one position; a closed one goes out with quantity 0."""
        row = self._hub.valued(book, con_id)
        if row is None:
            return
        for session in list(self._hub.sessions.values()):
            if session.number in self._positions:
                self._send_position(session, book, con_id, book.lot(con_id))
            if self._followed.get(session.number) is book:
                shown = portfolio_row(row) if row.quantity else flat_row(row)
                session.send(enc.portfolio_value(shown, self._hub.account(book)))
                self._rows.get(session.number, {}).pop(con_id, None)
        for (_, req_id), (session, asked) in list(self._positions_multi.items()):
            if asked is book:
                self._send_position_multi(session, req_id, book, con_id)
        self._due = 0.0

    # upkeep

    def send_all_now(self) -> None:
        """The next round is due, whatever the interval."""
        self._due = 0.0

    def tick(self, wall: float) -> None:
        """Sends what changed, once an account interval."""
        if wall < self._due:
            return
        self._due = wall + self._hub.settings.account_interval_s
        self._rounds += 1
        for session in list(self._hub.sessions.values()):
            if session.number in self._followed:
                self._send_values(session)
                self._send_rows(session)
                self._send_time(session)
        for key in list(self._multi):
            self._send_multi(key)
        if self._rounds % SUMMARY_EVERY == 0:
            for key in list(self._summaries):
                self._send_summary(key)

    def forget(self, session: Session) -> None:
        self._forget_updates(session)
        self._positions.discard(session.number)
        kept: tuple[dict[tuple[int, int], Any], ...] = (self._multi, self._summaries, self._positions_multi)
        for by_key in kept:
            for key in [key for key in by_key if key[0] == session.number]:
                del by_key[key]


def portfolio_row(row: Valued) -> enc.PortfolioRow:
    """`market_price` is money of one unit: quantity x it x multiplier = value, whatever the quote unit."""
    return enc.PortfolioRow(
        instrument=row.instrument,
        quantity=float(row.quantity),
        market_price=float(row.price or ZERO),
        market_value=float(row.value),
        avg_cost=None if row.avg_cost is None else float(row.avg_cost),
        unrealized=None if row.unrealized is None else float(row.unrealized),
        realized=float(row.realized),
    )


def flat_row(row: Valued) -> enc.PortfolioRow:
    return enc.PortfolioRow(row.instrument, 0.0, 0.0, 0.0, 0.0, 0.0, float(row.realized))


def _new(values: Rows, told: Iterable[tuple[str, str, str]]) -> Rows:
    known = set(told)
    return [row for row in values if row not in known]
