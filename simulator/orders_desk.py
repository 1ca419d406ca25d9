"""Orders, which are refused, and executions, which are history."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from simulator import texts
from simulator.account import Book, Clock, Settled
from simulator.contracts import Refusal, validation
from simulator.hub import Hub
from simulator.market_time import TimeFormatError, local, parse_end, stamp
from simulator.session import Session
from simulator.wire import encode_account as enc
from simulator.wire import requests as rq
from simulator.wire.versions import ZONED_TIMES

COMBINATION = 28812380  # the con_id under which every combination trades
ABBREVIATED_ZONE, UNKNOWN_ZONE = "JST", "QQT"  # neither is a name of the zone database; the first is Tokyo's


class OrdersDesk:
    """There are no orders, and none can be made: the API is read-only."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.unreported: set[str] = set()  # execution ids whose commission is not known yet

    def refuse(self, session: Session, request: rq.OrderMessage) -> None:
        raise Refusal(321, texts.VALIDATION.format(cause=texts.READ_ONLY))

    def open_orders(self, session: Session, request: rq.Plain) -> None:
        session.send(enc.open_order_end())

    def bind(self, session: Session, request: rq.Plain) -> None:
        """reqAutoOpenOrders: nothing to bind, nothing to answer."""

    def completed_orders(self, session: Session, request: rq.Plain) -> None:
        session.send(enc.completed_orders_end())

    def executions(self, session: Session, request: rq.Executions) -> None:
        """Today's fills that pass the filter, each with its commission. The account is the bare id, else 321."""
        since = self._hub.day_start()
        if request.account and request.account not in self._hub.accounts():
            raise validation(texts.BAD_ACCOUNT.format(account=request.account))
        if request.time:
            try:
                since = max(since, parse_end(request.time, since))
            except TimeFormatError as problem:
                raise Refusal(321, texts.VALIDATION.format(cause=str(problem))) from None
        for book, settled in self._hub.fills_today():
            row = self.row(session, book, settled)
            if row is not None and settled.fill.time >= since and _passes(row, request):
                session.send(enc.execution(session.version, request.req_id, row))
                if self._is_reported(settled):
                    session.send(enc.commission_report(row))
        session.send(enc.execution_end(request.req_id))

    def _is_reported(self, settled: Settled) -> bool:
        """A combination's heading has no commission of its own."""
        return not settled.fill.is_heading and settled.fill.exec_id not in self.unreported

    def announce(self, book: Book, settled: Settled, *, commission_first: bool = False) -> None:
        """A fill that happens now goes to every client without being asked for."""
        for session in list(self._hub.sessions.values()):
            row = self.row(session, book, settled)
            if not session.ready or row is None:
                continue
            messages = [enc.execution(session.version, -1, row)]
            if self._is_reported(settled):
                messages.insert(0 if commission_first else 1, enc.commission_report(row))
            session.send_many(messages)

    def report(self, book: Book, settled: Settled) -> None:
        """The commission alone, long after its execution."""
        self.unreported.discard(settled.fill.exec_id)
        for session in list(self._hub.sessions.values()):
            row = self.row(session, book, settled)
            if session.ready and row is not None:
                session.send(enc.commission_report(row))

    def row(self, session: Session, book: Book, settled: Settled) -> enc.ExecutionRow | None:
        fill, instrument = settled.fill, self._hub.directory.get(settled.fill.con_id)
        if instrument is None:
            return None
        if fill.is_heading and not fill.is_allocated:
            instrument = replace(instrument, con_id=COMBINATION, sec_type="BAG", multiplier="", last_trade_date="")
        return enc.ExecutionRow(
            instrument=instrument,
            exec_id=fill.exec_id,
            order_id=0,
            time_text=time_text(session.version, fill.time, fill.clock),
            account=self._hub.account(book),
            exchange="ISLAND" if instrument.sec_type in ("STK", "WAR") else instrument.exchange,
            side="BOT" if fill.shares > 0 else "SLD",
            shares=float(abs(fill.shares)),
            price=float(fill.price),
            perm_id=1_804_000_000 + fill.order_id,
            commission=float(fill.commission),
            realized=None if settled.realized is None else float(settled.realized),
            commission_currency=fill.commission_currency or instrument.currency,
            cum_quantity=None if fill.cum_quantity is None else float(fill.cum_quantity),
            average_price=None if fill.average_price is None else float(fill.average_price),
        )


def time_text(version: int, epoch_s: float, clock: Clock) -> str:
    """An execution's time: with the gateway's zone, in UTC without saying so, or with a word for a zone."""
    if clock == "utc":
        return f"{datetime.fromtimestamp(epoch_s, UTC):%Y%m%d-%H:%M:%S}"
    if clock == "abbreviated" and version >= ZONED_TIMES:
        return f"{local(epoch_s, 'Asia/Tokyo'):%Y%m%d %H:%M:%S} {ABBREVIATED_ZONE}"
    if clock == "unknown" and version >= ZONED_TIMES:
        return f"{local(epoch_s):%Y%m%d %H:%M:%S} {UNKNOWN_ZONE}"
    return stamp(version, epoch_s)


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
