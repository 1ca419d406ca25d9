"""What the desks of the gateway share: contracts, account, sessions, beside the core."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from simulator.account import Book, Fill, Totals, Valued, opening_fill, totals, value_holding
from simulator.contracts import Directory
from simulator.core import Core
from simulator.market_time import local_date, midnight
from simulator.model import Instrument, World
from simulator.session import Session
from simulator.settings import GatewaySettings
from simulator.wire.fields import payload

SOLD_TODAY = "TSLA"
SOLD_AT_S = 9 * 3600 + 41 * 60  # after midnight, New York


class Hub(Core):
    """The core with the contracts, the account and the open sessions. Not thread safe."""

    def __init__(self, world: World, settings: GatewaySettings, wall: Callable[[], float]) -> None:
        self.directory = Directory(world.instruments(), lambda: local_date(world.now()))
        self.book = open_book(world, self.directory)
        self.sessions: dict[int, Session] = {}
        super().__init__(world, settings, wall, self.book.holds)

    def account(self) -> str:
        return self.faults.account or self.settings.account

    def lot(self, instrument: Instrument, *, live_volume: bool = False) -> int:
        """Shares a unit in which the contract's sizes and bars go out, or the volumes of its live stream."""
        counted = ("lots", "mixed") if live_volume else ("lots",)
        if self.settings.volume_unit not in counted or (instrument.sec_type, instrument.currency) != ("STK", "USD"):
            return 1
        lots = self.settings.round_lots
        if instrument.con_id not in lots:
            quote = self.world.quote(instrument.con_id)
            lots[instrument.con_id] = round_lot((quote.close or quote.last) if quote is not None else None)
        return lots[instrument.con_id]

    def day_start(self) -> float:
        return midnight(local_date(self.world.now()))

    def fills_today(self, con_id: int | None = None) -> list[Fill]:
        return self.book.fills_of(con_id, self.day_start())

    def valued(self, con_id: int) -> Valued | None:
        """The position in one contract; None = not held or unknown to the world."""
        holding, instrument = self.book.get(con_id), self.directory.get(con_id)
        if holding is None or instrument is None:
            return None
        return value_holding(instrument, holding, self.world.quote(con_id), self.fills_today(con_id))

    def portfolio(self) -> list[Valued]:
        rows = (self.valued(holding.con_id) for holding in self.book.holdings())
        return [row for row in rows if row is not None]

    def totals(self) -> Totals:
        gone = [fill for fill in self.fills_today() if not self.book.holds(fill.con_id)]
        return totals(self.portfolio(), self.book.cash, sum(fill.realized or 0.0 for fill in gone))

    def broadcast(self, message: str) -> None:
        """To every client that has started its API."""
        for session in list(self.sessions.values()):
            if session.ready:
                session.send(message)

    def broadcast_error(self, req_id: int, code: int, text: str) -> None:
        for session in list(self.sessions.values()):
            if session.ready:
                session.error(req_id, code, text)

    def broadcast_fields(self, fields: list[str]) -> None:
        self.broadcast(payload(*fields))


def round_lot(price: float | None) -> int:
    """Shares a round lot since 2025-11-03 (Regulation NMS), here by the price when it is first asked for."""
    for above, lot in ((10_000.0, 1), (1_000.0, 10), (250.0, 40)):
        if price is not None and price > above:
            return lot
    return 100


def open_book(world: World, directory: Directory) -> Book:
    """The world's holdings, with the sale that the account made on the day at which it starts."""
    book = Book(world.holdings(), world.cash_usd())
    now = world.now()
    day = local_date(now)
    while day.weekday() >= 5:
        day -= timedelta(days=1)
    for holding in book.holdings():
        instrument = directory.get(holding.con_id)
        if instrument is not None and instrument.symbol == SOLD_TODAY:
            fill = opening_fill(holding, now, midnight(day) + SOLD_AT_S)
            book.fills += [fill] if fill else []
    return book
