"""A market with a book of every kind: the simulated stocks and futures, and beside them contracts of `kinds`.

The account's base currency is the euro. Exchange rates move once a market minute, everything else every few seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import numpy as np

from simulator.model import Bar, BarKind, Breakout, Holding, Instrument, Opening, QuoteState, ScanQuery
from simulator.world.calendar import NEW_YORK
from simulator.world.kind_hours import date_of, hours_text, session_before, sessions, settled_moment
from simulator.world.kind_paths import Path, path_of
from simulator.world.kinds import KINDS, PAIRS, Kind
from simulator.world.market import Market
from simulator.world.noise import fold
from simulator.world.portfolio import master_of, next_account

BASE = "EUR"
DAY_S = 86_400
_PRICES = ("bid", "ask", "last", "open", "high", "low", "close", "mark", "wap")  # of a quote or a bar
_Prices = TypeVar("_Prices", QuoteState, Bar)
# Contract, quantity, average cost (money of one unit); None = unset.
WORLD_HOLDINGS: tuple[tuple[str, float, float | None], ...] = (
    ("ZWZ5", 2.0, 22_512.50),
    ("LEZ5", -1.0, 92_950.0),
    ("VOD", 1_000.0, 0.7250),
    ("AAPL  251219C00300000", 10.0, 480.0),
    ("AAPL  251219C00240000", 3.0, 2_815.65),
    ("AAPL  251121P00150000", 6.0, 100.0),
    ("INTC  251017C00045000", 4.0, 36.70),
    ("E2AX5 C6900", -2.0, 2_310.37),
    ("CLV5", 1.0, 63_102.37),
    ("EUR.USD", 25_000.0, 1.15230),
    ("XAUUSD", 2.0, 3_951.44),
    ("BTC.USD", 0.12345678, 98_432.10),
    ("AAPLn", 50.0, 268.1375),
    ("VODn", 1_000.0, 0.7250),
    ("IBM 3.5 05/15/29", 10.0, 985.30),
    ("6JZ5", -1.0, 82_002.37),
    ("WCCZ5", 3.0, -4_850.0),
    ("SPX_COMB", 3.0, 120.0),
    ("INTC.SLB", 150.0, 37.84),
    ("TSLA", 100.0, 462.76),
    ("NQZ5", 1.0, 501_327.25),
    ("SPY", 2.3456, 661.1802),
    ("F", -400.0, 12.4471),
    ("KO", 80.0, None),
)
CLIENT_HOLDINGS: tuple[tuple[str, float, float | None], ...] = (
    ("ZWZ5", -1.0, 22_740.25),
    ("VOD", 500.0, 0.7011),
    ("EUR.USD", -10_000.0, 1.16040),
    ("TSLA", 40.0, 388.2104),
    ("AAPL  251219C00240000", -1.0, 3_050.35),
    ("6JZ5", 1.0, 81_455.37),
)
WORLD_CASH = {"EUR": "61250.40", "USD": "148302.77", "GBP": "-2115.08", "JPY": "1250000", "CHF": "3400.25"}
CLIENT_CASH = {"EUR": "18000.00", "USD": "24150.10", "GBP": "910.55"}


@dataclass(slots=True)
class _Shown:
    """The quote of a kind as it stands, and the step of time that it belongs to."""

    step: int
    quote: QuoteState


class PortfolioWorld:
    """Implements `World` on top of a `Market`. Deterministic from the seed."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._paths = {kind.instrument.con_id: path_of(market.seed, kind) for kind in KINDS.values()}
        self._kinds = {kind.instrument.con_id: kind for kind in KINDS.values()}
        self._pairs = {
            currency: Path(market.seed, f"EUR.{currency}", price, volatility, 0.00001, False)
            for currency, (price, volatility) in PAIRS.items()
        }
        self._shown: dict[int, _Shown] = {}
        self._closes: dict[int, tuple[date, float]] = {}
        self._days: dict[int, tuple[float, _Day]] = {}
        self._pins: dict[int, float] = {}
        self._minute = 0.0
        self._by_name = {one.local_symbol: one for one in [*market.instruments(), *self._contracts()]}
        self.advance()

    def __getattr__(self, name: str) -> Any:
        """What only the market knows: seed, scenario, the number of accounts."""
        return getattr(self._market, name)

    def _contracts(self) -> list[Instrument]:
        return [kind.instrument for kind in KINDS.values()]

    # the clock

    def now(self) -> float:
        return self._market.now()

    def speed(self) -> float:
        return self._market.speed()

    def advance(self) -> None:
        """Every quote whose step of time has passed."""
        self._market.advance()
        now = self.now()
        self._minute = now // 60.0 * 60.0
        for con_id, kind in self._kinds.items():
            if kind.instrument.sec_type == "CFD":
                continue
            settled = settled_moment(kind.hours, now)
            step = int((settled + con_id % 17 / 17.0 * kind.step_s) // kind.step_s)
            known = self._shown.get(con_id)
            if known is None or known.step != step:
                seq = 1 if known is None else known.quote.seq + 1
                self._shown[con_id] = _Shown(step, self._quote_of(kind, step, settled, seq))

    # contracts

    def instruments(self) -> list[Instrument]:
        return [*self._market.instruments(), *self._contracts()]

    def instrument(self, con_id: int) -> Instrument | None:
        kind = self._kinds.get(con_id)
        return kind.instrument if kind is not None else self._market.instrument(con_id)

    def find(self, symbol: str, sec_type: str) -> list[Instrument]:
        own = [it for it in self._contracts() if (it.symbol, it.sec_type) == (symbol, sec_type)]
        return self._market.find(symbol, sec_type) + own

    def search(self, pattern: str) -> list[Instrument]:
        return self._market.search(pattern)

    def trading_hours(self, con_id: int, liquid: bool) -> str:
        kind = self._kinds.get(con_id)
        if kind is None:
            return self._market.trading_hours(con_id, liquid)
        return hours_text(kind.hours, self.now(), liquid)

    # quotes

    def quote(self, con_id: int) -> QuoteState | None:
        kind = self._kinds.get(con_id)
        if kind is None:
            quote = self._market.quote(con_id)
            return self._pinned_share(quote) if con_id in self._pins else self._marked(quote)
        if kind.instrument.sec_type == "CFD":
            under = self.quote(kind.instrument.under_con_id)
            return None if under is None else self._of_cfd(kind, replace(under, con_id=con_id))
        return self._shown[con_id].quote

    def _of_cfd(self, kind: Kind, shown: _Prices) -> _Prices:
        """A quote or bar of the underlying in the unit of its CFD."""
        under = self.instrument(kind.instrument.under_con_id)
        own, other = kind.instrument.price_magnifier, under.price_magnifier if under is not None else 1
        if own == other:
            return shown
        names = [name for name in _PRICES if getattr(shown, name, None) is not None]
        return replace(shown, **{name: round(getattr(shown, name) * own / other, 8) for name in names})

    @staticmethod
    def _marked(quote: QuoteState | None) -> QuoteState | None:
        """The market's own contracts with IB's mark: the last trade if the book holds it, else the middle."""
        if quote is None or quote.last is None or quote.bid is None or quote.ask is None:
            return quote
        if quote.bid <= quote.last <= quote.ask:
            return quote
        return replace(quote, mark=round((quote.bid + quote.ask) / 2.0, 8))

    def _close(self, kind: Kind, now: float) -> float:
        """The last price of the session before the one that runs or ran last."""
        con_id, day = kind.instrument.con_id, date_of(kind.hours, now)
        known = self._closes.get(con_id)
        if known is None or known[0] != day:
            price = self._price(kind, self._paths[con_id].at(session_before(kind.hours, day)[1] - 1.0))
            known = self._closes[con_id] = (day, price)
        return known[1]

    def _price(self, kind: Kind, ticks: int) -> float:
        return round(ticks * kind.instrument.min_tick, 8)

    def _quote_of(self, kind: Kind, step: int, settled: float, seq: int) -> QuoteState:
        it = kind.instrument
        close = self._close(kind, settled)
        nothing = QuoteState(it.con_id, seq, settled, None, None, None, None, None, None, None, None, None, None, close)
        if kind.style == "close":
            return nothing
        if kind.style == "still":
            return replace(nothing, close=None, mark=kind.price)
        if kind.style == "worthless":
            return replace(nothing, close=0.0, mark=0.0, ask=it.min_tick, ask_size=kind.size)
        return self._moving(kind, step, settled, nothing)

    def _moving(self, kind: Kind, step: int, settled: float, base: QuoteState) -> QuoteState:
        it, path = kind.instrument, self._paths[kind.instrument.con_id]
        chance = fold(self._market.seed, it.con_id, step)
        pinned = self._pins.get(it.con_id)
        if pinned is not None:
            return self._pinned(kind, pinned, base)
        ticks = path.at(settled) + int(chance >> 40) % 3 - 1
        wide = kind.half_spread_ticks
        bid, ask = self._price(kind, ticks - wide), self._price(kind, ticks + wide)
        size = kind.size * (1 + chance % 7)
        decimals = 8 if it.sec_type == "CRYPTO" else 0
        book = replace(base, bid=bid, ask=ask, bid_size=round(size, decimals),
                       ask_size=round(kind.size * (1 + (chance >> 8) % 7), decimals))  # fmt: skip
        middle = round((bid + ask) / 2.0, 8)
        if kind.style == "quotes":
            return replace(book, mark=middle)
        if kind.style == "stale":
            return replace(book, last=kind.stale_last, last_size=1.0, volume=3.0, mark=middle)
        last = self._price(kind, ticks + int(chance >> 16) % (2 * wide + 1) - wide)
        day = self._day(kind, settled)
        volume = round(kind.size * 4.0 * max(0.0, settled - day.start), 2)
        return replace(book, last=last, last_size=round(kind.size * (1 + (chance >> 24) % 3), decimals), volume=volume,
                       open=day.open, high=max(day.high, last), low=min(day.low, last), mark=last)  # fmt: skip

    def _pinned(self, kind: Kind, price: float, base: QuoteState) -> QuoteState:
        wide = kind.half_spread_ticks * kind.instrument.min_tick
        last = {"quotes": None, "stale": kind.stale_last}.get(kind.style, price)
        return replace(base, bid=round(price - wide, 8), ask=round(price + wide, 8), bid_size=kind.size,
                       ask_size=kind.size, last=last, last_size=None if last is None else 1.0, mark=price)  # fmt: skip

    def _pinned_share(self, quote: QuoteState | None) -> QuoteState | None:
        """A share or future of the market that stands still: a tick around the price."""
        if quote is None:
            return None
        price, instrument = self._pins[quote.con_id], self._market.instrument(quote.con_id)
        tick = instrument.min_tick if instrument is not None else 0.01
        return replace(quote, seq=-int(price / tick), last=price, mark=price, bid=round(price - tick, 8),
                       ask=round(price + tick, 8))  # fmt: skip

    def pin(self, con_id: int, price: float | None) -> bool:
        """The quote stands at this price from the next step on; None frees it. False = it has no quote to pin."""
        kind = self._kinds.get(con_id)
        if kind is not None and (kind.style not in ("book", "quotes", "stale") or kind.instrument.sec_type == "CFD"):
            return False
        if price is None:
            self._pins.pop(con_id, None)
        else:
            self._pins[con_id] = price
        return True

    def _day(self, kind: Kind, settled: float) -> _Day:
        """Open, high and low of the session up to this minute."""
        con_id, minute = kind.instrument.con_id, settled // 60.0 * 60.0
        known = self._days.get(con_id)
        if known is None or known[0] != minute:
            start = sessions(kind.hours, date_of(kind.hours, settled), False)[0][0]
            ticks = self._paths[con_id].ticks(np.arange(start, max(minute, start + 1.0), 60.0))
            first, high, low = (self._price(kind, int(value)) for value in (ticks[0], ticks.max(), ticks.min()))
            known = self._days[con_id] = (minute, _Day(start, first, high, low))
        return known[1]

    def rate(self, currency: str, base: str) -> float:
        """Seven significant digits, as TWS shows them; both against the euro."""
        if currency == base:
            return 1.0
        return float(f"{self._euros(currency) / self._euros(base):.7g}")

    def _euros(self, currency: str) -> float:
        if currency == BASE:
            return 1.0
        return 1.0 / (self._pairs[currency].at(settled_moment("fx", self._minute)) * 0.00001)

    # bars

    def sessions(self, con_id: int, day: date, liquid: bool) -> list[tuple[float, float]]:
        kind = self._kinds.get(con_id)
        if kind is None:
            return self._market.sessions(con_id, day, liquid)
        return list(sessions(kind.hours, day, liquid))

    def bars(
        self, con_id: int, bar_size_s: int, start: float, end: float, rth: bool, what: BarKind = "TRADES"
    ) -> list[Bar]:
        kind = self._kinds.get(con_id)
        if kind is None:
            return self._market.bars(con_id, bar_size_s, start, end, rth, what)
        if kind.instrument.sec_type == "CFD":
            bars = self.bars(kind.instrument.under_con_id, bar_size_s, start, end, rth, what)
            return [self._of_cfd(kind, bar) for bar in bars]
        if kind.style in ("close", "still", "worthless"):
            return []
        if bar_size_s >= DAY_S:
            return self._daily(kind, start, end, rth, what)
        return self._intraday(kind, bar_size_s, start, min(end, self.now()), rth, what)

    def _intraday(self, kind: Kind, bar_size_s: int, start: float, end: float, rth: bool, what: BarKind) -> list[Bar]:
        starts: list[float] = []
        day, last = date_of(kind.hours, start), date_of(kind.hours, end)
        while day <= last:
            for opened, closed in sessions(kind.hours, day, rth):
                first = max(opened, np.ceil(start / bar_size_s) * bar_size_s)
                starts += np.arange(first, min(closed, end), bar_size_s).tolist()
            day += timedelta(1)
        return self._cut(kind, starts, float(bar_size_s), end, what)

    def _daily(self, kind: Kind, start: float, end: float, rth: bool, what: BarKind) -> list[Bar]:
        found = []
        day, now = datetime.fromtimestamp(start, UTC).date(), self.now()
        while (midnight := datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) < end:
            spans = sessions(kind.hours, day, rth)
            if midnight >= start and spans and spans[0][0] <= now:
                (bar,) = self._cut(kind, [spans[0][0]], spans[-1][1] - spans[0][0], now, what)
                found.append(replace(bar, time=midnight))
            day += timedelta(1)
        return found

    def _cut(self, kind: Kind, starts: list[float], length: float, now: float, what: BarKind) -> list[Bar]:
        """Bars of the path; the running one up to now. Quotes stand around a middle a tick or less beside the path."""
        if not starts:
            return []
        begin = np.array(starts)
        share = np.linspace(0.0, 1.0, 9)
        stop = np.minimum(begin + length - 0.001, max(now, starts[0]))
        times = begin[:, None] + share[None, :] * np.maximum(stop - begin, 0.0)[:, None]
        ticks = self._paths[kind.instrument.con_id].ticks(times.ravel()).reshape(times.shape)
        bars = []
        for at, row in zip(starts, ticks, strict=True):
            mean = float(row.mean())
            path = (int(row[0]), int(row.max()), int(row.min()), int(row[-1]))
            if what != "TRADES":
                chance = fold(self._market.seed, kind.instrument.con_id, int(at))
                path = (path[0] + chance % 3 - 1, path[1] + 1, path[2] - 1, path[3] + (chance >> 8) % 3 - 1)
            o, h, low, c = (round(x * kind.instrument.min_tick, 8) for x in _of_what(what, path, mean, kind))
            wap = round(mean * kind.instrument.min_tick, 8)
            bars.append(Bar(float(at), o, h, low, c, round(kind.size * 4.0 * length, 2), wap, int(length) + 1))
        return bars

    def head_time(self, con_id: int) -> float:
        if con_id not in self._kinds:
            return self._market.head_time(con_id)
        return datetime(2024, 7, 1, tzinfo=NEW_YORK).timestamp()

    # the rest

    def scan(self, query: ScanQuery) -> list[int]:
        return self._market.scan(query)

    def truth(self, start: float, end: float) -> list[Breakout]:
        return self._market.truth(start, end)

    def openings(self, account: str) -> list[Opening]:
        """One account with everything; an advisor's master without positions, and clients with a part of it."""
        first = self._opening(account, WORLD_CASH, WORLD_HOLDINGS, 1.0)
        if self._market.accounts == 1:
            return [first]
        others = [
            self._opening(next_account(account, number), CLIENT_CASH, CLIENT_HOLDINGS, float(number))
            for number in range(1, self._market.accounts - 1)
        ]
        return [Opening(master_of(account), BASE, {BASE: Decimal("2500")}, ()), first, *others]

    def _opening(
        self, account: str, cash: dict[str, str], held: tuple[tuple[str, float, float | None], ...], times: float
    ) -> Opening:
        rows = tuple(Holding(self._by_name[name].con_id, quantity * times, cost) for name, quantity, cost in held)
        return Opening(account, BASE, {currency: Decimal(amount) for currency, amount in cash.items()}, rows)


def _of_what(
    what: BarKind, path: tuple[int, int, int, int], mean: float, kind: Kind
) -> tuple[float, float, float, float]:
    """Open, high, low and close of one kind of bar, in ticks; `path` is that of the trades or of the middle."""
    wide = kind.half_spread_ticks
    if what == "BID_ASK":
        return mean - wide, path[1] + wide, path[2] - wide, mean + wide
    shift = {"BID": -wide, "ASK": wide}.get(what, 0)
    return path[0] + shift, path[1] + shift, path[2] + shift, path[3] + shift


@dataclass(frozen=True, slots=True)
class _Day:
    start: float
    open: float
    high: float
    low: float
