"""A market of a few instruments for tests of the gateway: prices step with the clock, nothing is random."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

from simulator.market_time import midnight
from simulator.model import Bar, BarKind, Breakout, Holding, Instrument, Opening, QuoteState, ScanQuery

START = 1762354800.0  # 2025-11-05 10:00 New York
HOURS = "20251105:0400-20251105:2000;20251106:0400-20251106:2000;20251108:CLOSED"
LIQUID = "20251105:0930-20251105:1600;20251106:0930-20251106:1600;20251108:CLOSED"


def stock(con_id: int, symbol: str, **changes: object) -> Instrument:
    base = Instrument(
        con_id=con_id,
        symbol=symbol,
        sec_type="STK",
        local_symbol=symbol,
        trading_class="NMS",
        primary_exchange="NASDAQ",
        currency="USD",
        long_name=f"{symbol} INC",
        min_tick=0.01,
        valid_exchanges="SMART,NYSE,NASDAQ,ARCA",
        stock_type="COMMON",
        avg_volume=2_000_000.0,
    )
    return replace(base, **changes)


def future(con_id: int, symbol: str, local: str, expiry: str, exchange: str, multiplier: str) -> Instrument:
    return Instrument(
        con_id=con_id,
        symbol=symbol,
        sec_type="FUT",
        local_symbol=local,
        trading_class=symbol,
        primary_exchange="",
        currency="USD",
        long_name=f"{symbol} future",
        min_tick=0.25,
        multiplier=multiplier,
        last_trade_date=expiry,
        contract_month=expiry[:6],
        exchange=exchange,
        valid_exchanges=exchange,
        time_zone_id="US/Central",
    )


TSLA = stock(76792991, "TSLA")
AAPL = stock(265598, "AAPL")
NQZ5 = future(691171690, "NQ", "NQZ5", "20251219", "CME", "20")
NQH6 = future(711280073, "NQ", "NQH6", "20260320", "CME", "20")
CLZ5 = future(304037456, "CL", "CLZ5", "20251120", "NYMEX", "1000")
CLV5 = future(304037400, "CL", "CLV5", "20250922", "NYMEX", "1000")
ODD = [
    stock(900001, "TOGI", behaviour="no_data", primary_exchange="PINK"),
    stock(900002, "MRAI", behaviour="delayed", primary_exchange="PINK"),
    stock(900003, "KALRQ", behaviour="zero_price", primary_exchange="GREY"),
    stock(900004, "AZREF", behaviour="refused", primary_exchange="PINK"),
    stock(900005, "CNCE.CVR", behaviour="no_details", primary_exchange="CORPACT"),
    stock(900006, "RFP.CVR", behaviour="no_details", primary_exchange="CORPACT"),
    stock(900007, "FUSN.CVR", behaviour="no_data", primary_exchange="CORPACT"),
    stock(900008, "TOGIW", behaviour="no_data", primary_exchange="PINK", sec_type="WAR"),
    stock(900009, "ALPSQ.OLD", behaviour="no_data", primary_exchange="VALUE"),
]
NAMES = [stock(1000 + n, f"S{n:03d}", long_name=f"Sample number {n}") for n in range(80)]
PRICES = {NQZ5.con_id: 24688.25, NQH6.con_id: 24900.0, TSLA.con_id: 408.08, CLZ5.con_id: 58.88, AAPL.con_id: 270.0}
CLOSES = {NQZ5.con_id: 24802.5, TSLA.con_id: 412.36, CLZ5.con_id: 58.64}
COSTS = {NQZ5.con_id: (1.0, 501327.25), TSLA.con_id: (100.0, 462.76), CLZ5.con_id: (1.0, 61732.37)}


class FakeWorld:
    """Implements the protocol `World`. `clock` gives wall seconds; `moving` False freezes every price."""

    def __init__(
        self, clock: Callable[[], float], start: float = START, speed: float = 1.0, moving: bool = True
    ) -> None:
        self._clock = clock
        self._began = clock()
        self._start = start
        self._speed = speed
        self.moving = moving
        self._all = [TSLA, AAPL, NQZ5, NQH6, CLZ5, CLV5, *ODD, *NAMES]
        self._by_id = {it.con_id: it for it in self._all}
        self.step = 0
        self.quotes: dict[int, QuoteState] = {}
        self.scans: list[ScanQuery] = []

    def now(self) -> float:
        return self._start + (self._clock() - self._began) * self._speed

    def speed(self) -> float:
        return self._speed

    def advance(self) -> None:
        if self.moving:
            self.step += 1

    def instruments(self) -> list[Instrument]:
        return list(self._all)

    def instrument(self, con_id: int) -> Instrument | None:
        return self._by_id.get(con_id)

    def find(self, symbol: str, sec_type: str) -> list[Instrument]:
        return [it for it in self._all if (it.symbol, it.sec_type) == (symbol, sec_type)]

    def search(self, pattern: str) -> list[Instrument]:
        return [it for it in self._all if it.symbol.startswith(pattern.upper())][:16]

    def quote(self, con_id: int) -> QuoteState | None:
        if con_id in self.quotes:
            return self.quotes[con_id]
        instrument = self._by_id.get(con_id)
        if instrument is None or instrument.behaviour in ("no_data", "refused", "no_details"):
            return None
        base = PRICES.get(con_id, 50.0)
        price = 0.0 if instrument.behaviour == "zero_price" else self._price(base, self.step)
        tick = instrument.min_tick
        return QuoteState(
            con_id=con_id, seq=self.step, time=self.now(), bid=price - tick, ask=price + tick,
            bid_size=700.0, ask_size=1200.0, last=price, last_size=100.0 + self.step % 5 * 100,
            volume=1_000_000.0 + 900 * self.step, open=base, high=base + 5, low=base - 5,
            close=CLOSES.get(con_id, base),
        )  # fmt: skip

    @staticmethod
    def _price(base: float, step: int) -> float:
        return base + 0.25 * (step % 7)  # no divisor of the rounds between two messages of an interval

    def trading_hours(self, con_id: int, liquid: bool) -> str:
        return LIQUID if liquid else HOURS

    def sessions(self, con_id: int, day: date, liquid: bool) -> list[tuple[float, float]]:
        start = midnight(day)
        return [(start + 34_200.0, start + 57_600.0)] if day.weekday() < 5 else []

    def bars(
        self, con_id: int, bar_size_s: int, start: float, end: float, rth: bool, kind: BarKind = "TRADES"
    ) -> list[Bar]:
        first = math.ceil(start / bar_size_s) * bar_size_s
        count = min(5000, max(0, math.ceil((end - first) / bar_size_s)))
        base = PRICES.get(con_id, 50.0) + {"BID": -0.25, "ASK": 0.25}.get(kind, 0.0)
        return [
            Bar(float(first + i * bar_size_s), base, base + 1, base - 1, base + 0.25 * (i % 3), 12345.0, base, 77)
            for i in range(count)
        ]

    def head_time(self, con_id: int) -> float:
        return START - 400 * 86400

    def scan(self, query: ScanQuery) -> list[int]:
        self.scans.append(query)
        return [it.con_id for it in NAMES][: query.rows]

    def openings(self, account: str) -> list[Opening]:
        odd = [Holding(it.con_id, 100.0, 1.5) for it in ODD]
        held = [Holding(con_id, quantity, cost) for con_id, (quantity, cost) in COSTS.items()] + odd
        return [Opening(account, "USD", {"USD": Decimal(150_000)}, tuple(held), sold_today=True)]

    def rate(self, currency: str, base: str) -> float:
        return 1.0

    def truth(self, start: float, end: float) -> list[Breakout]:
        item = Breakout(AAPL.con_id, "AAPL", 1, START + 60, START + 600, 271.0, 4.0)
        return [item] if start <= item.start < end else []
