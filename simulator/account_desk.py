"""Account values, portfolio, positions, summaries: what is asked for, and what changes afterwards."""

from __future__ import annotations

from collections.abc import Iterable

from simulator.account import Valued, account_values, ledger_values
from simulator.hub import Hub
from simulator.market_time import local
from simulator.session import Session
from simulator.wire import encode_account as enc
from simulator.wire import requests as rq

SUMMARY_EVERY = 3  # account intervals between two looks at the summaries

Values = list[tuple[str, str, str]]


class AccountDesk:
    """Keeps what every subscription was told last, and sends only what changed."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._updates: dict[int, Values] = {}
        self._rows: dict[int, dict[int, Valued]] = {}
        self._multi: dict[tuple[int, int], tuple[Session, Values]] = {}
        self._summaries: dict[tuple[int, int], tuple[Session, rq.AccountSummary, Values]] = {}
        self._positions: set[int] = set()
        self._due = 0.0
        self._rounds = 0

    # one account's updates

    def updates(self, session: Session, request: rq.AccountUpdates) -> None:
        if not request.subscribe:
            self._updates.pop(session.number, None)
            return
        self._updates[session.number] = []
        self._rows[session.number] = {}
        self._send_values(session)
        self._send_rows(session)
        self._send_time(session)
        session.send(enc.account_download_end(self._hub.account()))

    def _send_values(self, session: Session) -> None:
        account = self._hub.account()
        values = account_values(self._hub.totals(), account)
        for key, value, currency in _new(values, self._updates.get(session.number, [])):
            session.send(enc.account_value(key, value, currency, account))
        self._updates[session.number] = values

    def _send_rows(self, session: Session) -> None:
        told = self._rows.setdefault(session.number, {})
        for row in self._hub.portfolio():
            if told.get(row.instrument.con_id) != row:
                told[row.instrument.con_id] = row
                session.send(enc.portfolio_value(portfolio_row(row), self._hub.account()))

    def _send_time(self, session: Session) -> None:
        session.send(enc.account_time(f"{local(self._hub.world.now()):%H:%M}"))

    # the same for several accounts, and summaries

    def multi(self, session: Session, request: rq.AccountUpdatesMulti) -> None:
        self._multi[(session.number, request.req_id)] = (session, [])
        self._send_multi((session.number, request.req_id))
        session.send(enc.account_update_multi_end(request.req_id))

    def cancel_multi(self, session: Session, request: rq.Plain) -> None:
        self._multi.pop((session.number, request.req_id), None)

    def _send_multi(self, key: tuple[int, int]) -> None:
        session, told = self._multi[key]
        account = self._hub.account()
        values = account_values(self._hub.totals(), account)
        for name, value, currency in _new(values, told):
            session.send(enc.account_update_multi(key[1], account, "", name, value, currency))
        self._multi[key] = (session, values)

    def summary(self, session: Session, request: rq.AccountSummary) -> None:
        key = (session.number, request.req_id)
        self._summaries[key] = (session, request, [])
        self._send_summary(key)
        session.send(enc.account_summary_end(request.req_id))

    def cancel_summary(self, session: Session, request: rq.Plain) -> None:
        self._summaries.pop((session.number, request.req_id), None)

    def _send_summary(self, key: tuple[int, int]) -> None:
        session, request, told = self._summaries[key]
        sums, account = self._hub.totals(), self._hub.account()
        tags = {tag.split(":")[0] for tag in request.tags}
        values = [row for row in account_values(sums, account)[: -len(ledger_values(sums))] if row[0] in tags]
        if "$LEDGER" in tags:
            values += ledger_values(sums)
        for tag, value, currency in _new(values, told):
            session.send(enc.account_summary(key[1], account, tag, value, currency))
        self._summaries[key] = (session, request, values)

    # positions

    def positions(self, session: Session, request: rq.Plain) -> None:
        self._positions.add(session.number)
        for holding in self._hub.book.holdings():
            instrument = self._hub.directory.get(holding.con_id)
            if instrument is not None:
                session.send(enc.position(instrument, holding.quantity, holding.avg_cost, self._hub.account()))
        session.send(enc.position_end())

    def cancel_positions(self, session: Session, request: rq.Plain) -> None:
        self._positions.discard(session.number)

    def position_changed(self, con_id: int) -> None:
        """Tells everybody who listens about one position; a closed one goes out with quantity 0."""
        instrument = self._hub.directory.get(con_id)
        if instrument is None:
            return
        account, holding = self._hub.account(), self._hub.book.get(con_id)
        quantity, cost = (holding.quantity, holding.avg_cost) if holding else (0.0, 0.0)
        row = self._hub.valued(con_id)
        flat = enc.PortfolioRow(instrument, 0.0, 0.0, 0.0, 0.0, 0.0, self._realized(con_id))
        for session in list(self._hub.sessions.values()):
            if session.number in self._positions:
                session.send(enc.position(instrument, quantity, cost, account))
            if session.number in self._updates:
                session.send(enc.portfolio_value(portfolio_row(row) if row else flat, account))
                self._rows.get(session.number, {}).pop(con_id, None)
        self._due = 0.0

    def _realized(self, con_id: int) -> float:
        return sum(fill.realized or 0.0 for fill in self._hub.fills_today(con_id))

    # upkeep

    def tick(self, wall: float) -> None:
        """Sends what changed, once an account interval."""
        if wall < self._due:
            return
        self._due = wall + self._hub.settings.account_interval_s
        self._rounds += 1
        for session in list(self._hub.sessions.values()):
            if session.number in self._updates:
                self._send_values(session)
                self._send_rows(session)
                self._send_time(session)
        for key in list(self._multi):
            self._send_multi(key)
        if self._rounds % SUMMARY_EVERY == 0:
            for key in list(self._summaries):
                self._send_summary(key)

    def forget(self, session: Session) -> None:
        self._updates.pop(session.number, None)
        self._rows.pop(session.number, None)
        self._positions.discard(session.number)
        for key in [key for key in self._multi if key[0] == session.number]:
            del self._multi[key]
        for key in [key for key in self._summaries if key[0] == session.number]:
            del self._summaries[key]


def portfolio_row(row: Valued) -> enc.PortfolioRow:
    return enc.PortfolioRow(
        instrument=row.instrument,
        quantity=row.quantity,
        market_price=row.price or 0.0,
        market_value=row.value,
        avg_cost=row.avg_cost,
        unrealized=row.unrealized,
        realized=row.realized,
    )


def _new(values: Values, told: Iterable[tuple[str, str, str]]) -> Values:
    known = set(told)
    return [row for row in values if row not in known]
