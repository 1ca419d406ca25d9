"""The simulated market: the `World` of simulator.model."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from simulator.account import exact
from simulator.model import Bar, BarKind, Breakout, Holding, Instrument, Opening, QuoteState, ScanQuery
from simulator.scenario import DEFAULT
from simulator.world.board import Board
from simulator.world.book import Book
from simulator.world.calendar import FUTURES_OPEN, STOCK_OPEN, Calendar, is_trading_day, trading_day
from simulator.world.clock import MarketClock
from simulator.world.daily import Daily
from simulator.world.factors import Factors
from simulator.world.history import History
from simulator.world.hours import hours_text, session_minutes
from simulator.world.portfolio import holdings, master_of, next_account, opening_cash_usd, still_instruments
from simulator.world.ranking import Ranking
from simulator.world.scans import rank
from simulator.world.sessions import Sessions
from simulator.world.universe import Universe

_SEARCH_ROWS = 16


class Market:
    """Stocks, some futures and the account's leftovers, at the time of `clock`. Deterministic from the seed.

    `stock_board` and `stock_ranking` are the stocks in arrays, for whoever records the whole market.
    """

    def __init__(self, universe: Universe, calendar: Calendar, clock: MarketClock) -> None:
        self.universe, self.seed, self._clock = universe, universe.seed, clock
        self.scenario = DEFAULT
        self.accounts = 1
        self._daily = Daily(universe, calendar)
        self._sessions = Sessions(self._daily, Factors(self._daily))
        rows_of = universe.rows_where
        self._books = (
            Book(self._sessions, rows_of(~universe.is_future), False),
            Book(self._sessions, rows_of(universe.is_future), True),
        )
        self._boards = tuple(Board(book) for book in self._books)
        self._rankings = tuple(Ranking(self._daily, board) for board in self._boards)
        self.stock_board, self.stock_ranking = self._boards[0], self._rankings[0]
        self._history = History(self._sessions, self._books)
        self._still = still_instruments()
        self._instruments = universe.instruments + [one for one, _ in self._still.values()]
        self._by_id = {one.con_id: one for one in self._instruments}
        con_ids = {one.local_symbol: one.con_id for one in self._instruments}
        self._holdings = holdings(con_ids)
        prices = {
            one.local_symbol: float(price) for one, price in zip(universe.instruments, universe.price, strict=True)
        }
        self._cash_usd = opening_cash_usd(prices)
        self.advance()

    def now(self) -> float:
        return self._clock.now()

    def speed(self) -> float:
        return self._clock.speed

    def advance(self) -> None:
        now = self.now()
        for board, opening in zip(self._boards, (STOCK_OPEN, FUTURES_OPEN), strict=True):
            board.advance(now, opening)

    def instruments(self) -> list[Instrument]:
        return list(self._instruments)

    def instrument(self, con_id: int) -> Instrument | None:
        return self._by_id.get(con_id)

    def find(self, symbol: str, sec_type: str) -> list[Instrument]:
        return [one for one in self._instruments if one.symbol == symbol and one.sec_type == sec_type]

    def search(self, pattern: str) -> list[Instrument]:
        text = pattern.strip().upper()
        if not text:
            return []
        by_symbol = [one for one in self._instruments if one.symbol.startswith(text)]
        by_symbol.sort(key=lambda one: (one.symbol != text, len(one.symbol), one.local_symbol))
        words = [one for one in self._instruments if any(word.startswith(text) for word in one.long_name.split())]
        return list({one.con_id: one for one in by_symbol + words}.values())[:_SEARCH_ROWS]

    def quote(self, con_id: int) -> QuoteState | None:
        row = self.universe.row.get(con_id)
        if row is not None:
            return self._board(row).quote(row)
        if con_id not in self._still:
            return None
        price = self._still[con_id][1]
        return QuoteState(con_id, 1, self.now(), None, None, None, None, price, None, price, None, None, None, price)

    def _board(self, row: int) -> Board:
        return self._boards[int(self.universe.is_future[row])]

    def trading_hours(self, con_id: int, liquid: bool) -> str:
        one = self._by_id.get(con_id)
        return hours_text(one, self.now(), liquid) if one else ""

    def sessions(self, con_id: int, day: date, liquid: bool) -> list[tuple[float, float]]:
        one = self._by_id.get(con_id)
        if one is None or not is_trading_day(day):
            return []
        session = trading_day(day)
        first, last = session_minutes(one, session, liquid)
        return [(session.at(first), session.at(last))]

    def bars(
        self, con_id: int, bar_size_s: int, start: float, end: float, rth: bool, kind: BarKind = "TRADES"
    ) -> list[Bar]:
        row = self.universe.row.get(con_id)
        if row is None:
            return []
        return self._history.bars(row, bar_size_s, start, end, rth, self._board(row).moment.slot, kind)

    def head_time(self, con_id: int) -> float:
        row = self.universe.row.get(con_id)
        is_future = row is not None and bool(self.universe.is_future[row])
        return self._daily.calendar.days[0].at(FUTURES_OPEN if is_future else STOCK_OPEN)

    def scan(self, query: ScanQuery) -> list[int]:
        if query.instrument.startswith("STK"):
            return rank(self._rankings[0].columns(), query)
        return rank(self._rankings[1].columns(), query) if query.instrument.startswith("FUT") else []

    def holdings(self) -> list[Holding]:
        return list(self._holdings)

    def cash_usd(self) -> float:
        return self._cash_usd

    def openings(self, account: str) -> list[Opening]:
        """The demo's account and, for an advisor, a master without positions before it and smaller clients after it."""
        first = Opening(account, "USD", {"USD": exact(self._cash_usd)}, tuple(self._holdings), sold_today=True)
        if self.accounts == 1:
            return [first]
        clients = [first]
        for number in range(1, self.accounts - 1):
            held = tuple(Holding(one.con_id, one.quantity * (number + 1), one.avg_cost) for one in self._holdings[:3])
            cash = exact(100_000.0 * number)
            clients.append(Opening(next_account(account, number), "USD", {"USD": cash}, held))
        return [Opening(master_of(account), "USD", {"USD": Decimal(10_000)}, ()), *clients]

    def rate(self, currency: str, base: str) -> float:
        """There is one currency only."""
        return 1.0

    def truth(self, start: float, end: float) -> list[Breakout]:
        found: list[Breakout] = []
        for book, opening in zip(self._books, (STOCK_OPEN, FUTURES_OPEN), strict=True):
            first, last = (self._daily.calendar.latest(time, opening) for time in (start, end))
            for day in range(first, min(last, book.day) + 1):
                found += self._truth_of(book, day)
        chosen = [one for one in found if start <= one.start < end]
        return sorted(chosen, key=lambda one: (one.start, one.con_id))

    def _truth_of(self, book: Book, day: int) -> list[Breakout]:
        if day == book.day:
            return book.bars.truth
        days: NDArray[np.int64] = np.full(len(book.rows), day, dtype=np.int64)
        return self._sessions.make(book.rows, days, self._sessions.grid(day, book.is_future)).truth
