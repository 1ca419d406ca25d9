"""Orders, which are refused, and executions, which are history."""

from __future__ import annotations

from simulator import texts
from simulator.account import Fill
from simulator.contracts import Refusal
from simulator.hub import Hub
from simulator.market_time import TimeFormatError, parse_end, stamp
from simulator.session import Session
from simulator.wire import encode_account as enc
from simulator.wire import requests as rq


class OrdersDesk:
    """There are no orders, and none can be made: the API is read-only."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def refuse(self, session: Session, request: rq.OrderMessage) -> None:
        raise Refusal(321, texts.VALIDATION.format(cause=texts.READ_ONLY))

    def open_orders(self, session: Session, request: rq.Plain) -> None:
        session.send(enc.open_order_end())

    def bind(self, session: Session, request: rq.Plain) -> None:
        """reqAutoOpenOrders: nothing to bind, nothing to answer."""

    def completed_orders(self, session: Session, request: rq.Plain) -> None:
        session.send(enc.completed_orders_end())

    def executions(self, session: Session, request: rq.Executions) -> None:
        """Today's fills that pass the filter, each with its commission."""
        since = self._hub.day_start()
        if request.time:
            try:
                since = max(since, parse_end(request.time, since))
            except TimeFormatError as problem:
                raise Refusal(321, texts.VALIDATION.format(cause=str(problem))) from None
        for fill in self._hub.book.fills_of(None, since):
            row = self.row(session, fill)
            if row is not None and _passes(row, request):
                session.send(enc.execution(session.version, request.req_id, row))
                session.send(enc.commission_report(row, row.instrument.currency))
        session.send(enc.execution_end(request.req_id))

    def announce(self, fill: Fill) -> None:
        """A fill that happens now goes to every client without being asked for."""
        for session in list(self._hub.sessions.values()):
            row = self.row(session, fill)
            if session.ready and row is not None:
                session.send(enc.execution(session.version, -1, row))
                session.send(enc.commission_report(row, row.instrument.currency))

    def row(self, session: Session, fill: Fill) -> enc.ExecutionRow | None:
        instrument = self._hub.directory.get(fill.con_id)
        if instrument is None:
            return None
        return enc.ExecutionRow(
            instrument=instrument,
            exec_id=fill.exec_id,
            order_id=0,
            time_text=stamp(session.version, fill.time),
            account=self._hub.account(),
            exchange=instrument.exchange if instrument.sec_type == "FUT" else "ISLAND",
            side="BOT" if fill.shares > 0 else "SLD",
            shares=abs(fill.shares),
            price=fill.price,
            perm_id=1_804_000_000 + fill.order_id,
            commission=fill.commission,
            realized=fill.realized,
        )


def _passes(row: enc.ExecutionRow, request: rq.Executions) -> bool:
    side = {"BUY": "BOT", "SELL": "SLD"}.get(request.side, request.side)
    pairs = (
        (request.account, row.account),
        (request.symbol, row.instrument.symbol),
        (request.sec_type, row.instrument.sec_type),
        (request.exchange, row.exchange),
        (side, row.side),
    )
    return all(not asked or asked == has for asked, has in pairs)
