"""What the desks of the gateway share: contracts, accounts, sessions, beside the core."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from simulator.account import Book, Fill, Settled, Valued, exact, value_position
from simulator.account_values import Totals, account_values, ledger_values, totals
from simulator.contracts import Directory, validation
from simulator.core import Core
from simulator.market_time import local_date, midnight
from simulator.model import Instrument, Opening, QuoteState, World
from simulator.session import Session
from simulator.settings import GatewaySettings
from simulator.split_world import SplitWorld
from simulator.texts import BAD_ACCOUNT
from simulator.trade_date import trade_date
from simulator.wire.fields import payload
from simulator.world.kinds import KINDS_BY_ID

SOLD_TODAY = "TSLA"
SOLD_AT_S = 9 * 3600 + 41 * 60  # after midnight, New York

Rows = list[tuple[str, str, str]]


class Hub(Core):
    """The core with the contracts, the accounts and the open sessions. Not thread safe."""

    def __init__(self, world: World, settings: GatewaySettings, wall: Callable[[], float]) -> None:
        self.directory = Directory(world.instruments(), lambda: local_date(world.now()))
        self.books = open_books(world, settings.account, self._instrument)
        self.sessions: dict[int, Session] = {}
        self.held = False  # the market stands still so that two books can be compared
        super().__init__(world, settings, wall, self.holds)

    def _instrument(self, con_id: int) -> Instrument:
        instrument = self.directory.get(con_id)
        if instrument is None:
            raise KeyError(f"con_id {con_id} is unknown")
        return instrument

    # accounts

    def account(self, book: Book | None = None) -> str:
        """The id by which a book goes, of the first one when None; the control port may have changed that."""
        book = book or self.books[0]
        return self.faults.account or book.account if book is self.books[0] else book.account

    def accounts(self) -> list[str]:
        """As the login lists them: an advisor's master first."""
        return [self.account(book) for book in self.books]

    def book(self, account: str) -> Book:
        """The account's book; of the first one when it is empty. Raises Refusal for an account of somebody else."""
        for book in self.books:
            if account in ("", self.account(book), book.account):
                return book
        raise validation(BAD_ACCOUNT.format(account=account))

    def holds(self, con_id: int) -> bool:
        return any(book.holds(con_id) for book in self.books)

    # valuing

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

    def is_today(self, instrument: Instrument, moment: float) -> bool:
        """Whether the moment lies in the trade date of the contract that runs now."""
        return self.trade_date(instrument, moment) == self.trade_date(instrument, self.world.now())

    def trade_date(self, instrument: Instrument, moment: float) -> date:
        kind = KINDS_BY_ID.get(instrument.con_id)
        return trade_date(instrument, moment, kind.hours if kind else None, self.settings.account_reset_s)

    def settled_today(self, book: Book, con_id: int) -> list[Settled]:
        """The fills of the running trade date; the newest come last."""
        instrument, found = self._instrument(con_id), []
        for one in reversed(book.track(con_id).settled):
            if not self.is_today(instrument, one.fill.time):
                break
            found.append(one)
        return found[::-1]

    def valued(self, book: Book, con_id: int) -> Valued | None:
        """The position in one contract, a closed one too; None = never held, or unknown to the world."""
        instrument = self.directory.get(con_id)
        if instrument is None or con_id not in book.con_ids():
            return None
        today = self.settled_today(book, con_id)
        return value_position(instrument, book.lot(con_id), self.world.quote(con_id), today)

    def rows(self, book: Book) -> list[Valued]:
        """What is held, and what was closed today."""
        found = [self.valued(book, con_id) for con_id in book.con_ids()]
        return [row for row in found if row is not None and (row.quantity or row.traded)]

    def portfolio(self, book: Book) -> list[Valued]:
        return [row for row in self.rows(book) if row.quantity]

    def totals(self, book: Book) -> Totals:
        rates = {currency: self.rate(currency, book.base) for currency in self._currencies(book)}
        return totals(book.base, self.rows(book), book.cash(), rates)

    def _currencies(self, book: Book) -> set[str]:
        return {*book.cash(), *(self._instrument(con_id).currency for con_id in book.con_ids())}

    def rate(self, currency: str, base: str) -> Decimal:
        """Base for one unit; moves once a market minute."""
        return Decimal(1) if currency == base else exact(self.world.rate(currency, base))

    def account_rows(self, book: Book) -> Rows:
        settings = self.settings
        prefix = "$LEDGER-" if settings.ledger_prefix else ""
        return account_values(self.totals(book), self.account(book), prefix, settings.net_liquidation_base)

    def ledger_rows(self, book: Book) -> Rows:
        return ledger_values(self.totals(book), "$LEDGER-" if self.settings.ledger_prefix else "")

    # what happens to contracts

    def halted_quote(self, con_id: int) -> QuoteState:
        """The quote as it stands, halted. Raises ValueError where there is none."""
        quote = self.world.quote(con_id)
        if quote is None:
            raise ValueError(f"con_id {con_id} has no quote that could halt")
        return replace(quote, halted=True, seq=-quote.seq - 1)

    def split(self, con_id: int, ratio: float) -> list[Book]:
        """`ratio` shares for one, in prices and books; gives the books that hold it. Raises KeyError."""
        self._instrument(con_id)
        if not isinstance(self.world, SplitWorld):
            self.world = SplitWorld(self.world)
        self.world.split(con_id, ratio)
        holders = [book for book in self.books if con_id in book.con_ids()]
        for book in holders:
            book.split(con_id, exact(ratio))
        return holders

    # fills

    def fills_today(self) -> list[tuple[Book, Settled]]:
        """Every account's executions since New York's midnight, which is what reqExecutions gives."""
        since = self.day_start()
        return [(book, one) for book in self.books for one in book.fills() if one.fill.time >= since]

    def day_start(self) -> float:
        return midnight(local_date(self.world.now()))

    def next_number(self) -> int:
        """Of the next execution, over all accounts."""
        return 1 + sum(book.executions() for book in self.books)

    # everybody

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


def open_books(world: World, account: str, instrument: Callable[[int], Instrument]) -> list[Book]:
    """The accounts as the world gives them; the demo's with the sale that it made on the day at which it starts."""
    openings = world.openings(account)
    books = [Book(opening, instrument) for opening in openings]
    for book, opening in zip(books, openings, strict=True):
        _sell(book, opening, world.now(), instrument)
    return books


def _sell(book: Book, opening: Opening, now: float, instrument: Callable[[int], Instrument]) -> None:
    if not opening.sold_today:
        return
    day = local_date(now)
    while day.weekday() >= 5:
        day -= timedelta(days=1)
    at = midnight(day) + SOLD_AT_S
    for holding in opening.holdings:
        if instrument(holding.con_id).symbol == SOLD_TODAY and at <= now:
            book.open_before(opening_fill(holding.con_id, at))


def opening_fill(con_id: int, time: float) -> Fill:
    """The sale of 50 shares at 409.35 that the position's history tells of."""
    commission = Decimal("1.02")
    return Fill("0000e0d5.67290a01.01.01", 7, con_id, time, Decimal(-50), Decimal("409.35"), commission, commission)
