"""A market that plays one day's recorded trades and quotes to whoever subscribes: `python -m simulator --replay FILE`.

The file is CSV (gzipped when it ends in .gz) with `time` (ISO, UTC), `kind` T or Q, `price`, `size`, `bid`,
`bid_size`, `ask`, `ask_size`; an empty field says nothing. Its name is `SYMBOL-YYYYMMDD.csv.gz`. The world's clock is
the recording's: it runs at a speed, or stands still while `step` plays one event after the other.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from simulator.market_time import NEW_YORK, midnight
from simulator.model import Bar, BarKind, Breakout, Instrument, Opening, QuoteState, ScanQuery

CON_ID = 10_098
CASH_USD = Decimal(100_000)
BEFORE_S = 60.0  # the clock begins so long before the first event


class TickEvent(NamedTuple):
    """One row: a trade (`price` and `size`) or new quote sides. None = not said."""

    time: float
    price: float | None
    size: float | None
    bid: float | None
    bid_size: float | None
    ask: float | None
    ask_size: float | None


def read_events(path: Path) -> Iterator[TickEvent]:
    """The rows in the order of the file. Raises OSError, and ValueError naming the row that is not one."""
    opened = gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")
    with io.TextIOWrapper(opened, encoding="utf-8", newline="") as text:
        rows = csv.reader(text)
        names = next(rows, [])
        try:
            at = [names.index(name) for name in ("time", "price", "size", "bid", "bid_size", "ask", "ask_size")]
        except ValueError as error:
            raise ValueError(f"{path.name}: {error}; the first row must name the columns") from None
        for number, row in enumerate(rows, start=2):
            try:
                moment = datetime.fromisoformat(row[at[0]]).timestamp()
                yield TickEvent(moment, *(float(row[i]) if row[i] else None for i in at[1:]))
            except (ValueError, IndexError) as error:
                raise ValueError(f"{path.name}, row {number}: {error}") from None


def instrument_of(path: Path) -> tuple[Instrument, date]:
    """The stock and the day that a file's name tells. Raises ValueError."""
    symbol, _, day = path.name.split(".")[0].partition("-")
    try:
        when = datetime.strptime(day, "%Y%m%d").replace(tzinfo=NEW_YORK).date()
    except ValueError:
        raise ValueError(f"{path.name}: must be called SYMBOL-YYYYMMDD.csv or .csv.gz") from None
    stock = Instrument(
        con_id=CON_ID,
        symbol=symbol,
        sec_type="STK",
        local_symbol=symbol,
        trading_class=symbol,
        primary_exchange="NYSE",
        currency="USD",
        long_name=f"{symbol} as recorded",
        min_tick=0.01,
        stock_type="COMMON",
    )
    return stock, when


class ReplayWorld:
    """Implements `World` for one instrument. `speed` market seconds a wall second; 0 = only `step` moves it."""

    def __init__(
        self, instrument: Instrument, day: date, events: Iterator[TickEvent], speed: float, wall: Callable[[], float]
    ) -> None:
        self._instrument = instrument
        self._day = day
        self._events = events
        self._next = next(events, None)
        self._speed = speed
        self._wall = wall
        self._began_wall = wall()
        self._time = (self._next.time if self._next else 0.0) - BEFORE_S
        self._began = self._time
        self._minutes: dict[float, Bar] = {}
        self._quote = QuoteState(
            instrument.con_id, 0, self._time, None, None, None, None, None, None, None, None, None, None, None
        )

    @property
    def is_over(self) -> bool:
        return self._next is None

    def step(self) -> TickEvent | None:
        """Play the next event and set the clock to it; None = there is none any more."""
        event = self._next
        if event is None:
            return None
        self._next = next(self._events, None)
        self._time = max(self._time, event.time)
        self._take(event)
        return event

    def _take(self, event: TickEvent) -> None:
        old = self._quote
        changed = replace(
            old,
            seq=old.seq + 1,
            bid=old.bid if event.bid is None else event.bid,
            ask=old.ask if event.ask is None else event.ask,
            bid_size=old.bid_size if event.bid is None else event.bid_size,
            ask_size=old.ask_size if event.ask is None else event.ask_size,
        )
        if event.price is not None and event.size is not None:
            volume = (old.volume or 0.0) + event.size
            changed = replace(changed, time=event.time, last=event.price, last_size=event.size, volume=volume)
            self._add_to_bar(event.time, event.price, event.size)
        self._quote = changed

    def _add_to_bar(self, at: float, price: float, size: float) -> None:
        start = at - at % 60.0
        bar = self._minutes.get(start)
        if bar is None:
            self._minutes[start] = Bar(start, price, price, price, price, size, price, 1)
            return
        volume = bar.volume + size
        wap = bar.wap + (price - bar.wap) * size / volume if volume else price
        high, low = max(bar.high, price), min(bar.low, price)
        self._minutes[start] = Bar(start, bar.open, high, low, price, volume, wap, bar.count + 1)

    # --- World ----------------------------------------------------------------------------------------------

    def now(self) -> float:
        if not self._speed:
            return self._time
        return self._began + (self._wall() - self._began_wall) * self._speed

    def speed(self) -> float:
        return self._speed

    def advance(self) -> None:
        """At a speed: every event up to now."""
        while self._speed and self._next is not None and self._next.time <= self.now():
            self.step()

    def instruments(self) -> list[Instrument]:
        return [self._instrument]

    def instrument(self, con_id: int) -> Instrument | None:
        return self._instrument if con_id == self._instrument.con_id else None

    def find(self, symbol: str, sec_type: str) -> list[Instrument]:
        it = self._instrument
        return [it] if (symbol, sec_type) == (it.symbol, it.sec_type) else []

    def search(self, pattern: str) -> list[Instrument]:
        return [self._instrument] if self._instrument.symbol.startswith(pattern.upper()) else []

    def quote(self, con_id: int) -> QuoteState | None:
        known = con_id == self._instrument.con_id and self._quote.last is not None
        return self._quote if known else None

    def trading_hours(self, con_id: int, liquid: bool) -> str:
        first, last = ("0930", "1600") if liquid else ("0400", "2000")
        return f"{self._day:%Y%m%d}:{first}-{self._day:%Y%m%d}:{last}"

    def sessions(self, con_id: int, day: date, liquid: bool) -> list[tuple[float, float]]:
        hours = (9.5, 16.0) if liquid else (4.0, 20.0)
        start = midnight(day)
        return [(start + 3600.0 * hours[0], start + 3600.0 * hours[1])] if day == self._day else []

    def bars(
        self, con_id: int, bar_size_s: int, start: float, end: float, rth: bool, kind: BarKind = "TRADES"
    ) -> list[Bar]:
        """Of trades and minutes only; longer ones are not recorded, nor are other days."""
        if bar_size_s != 60 or con_id != self._instrument.con_id or kind != "TRADES":
            return []
        rows = [bar for at, bar in sorted(self._minutes.items()) if start <= at < end]
        return [bar for bar in rows if not rth or self._is_regular(bar.time)]

    def _is_regular(self, at: float) -> bool:
        return "09:30" <= f"{datetime.fromtimestamp(at, NEW_YORK):%H:%M}" < "16:00"

    def head_time(self, con_id: int) -> float:
        return self._began

    def scan(self, query: ScanQuery) -> list[int]:
        return [self._instrument.con_id] if query.instrument == "STK" else []

    def openings(self, account: str) -> list[Opening]:
        return [Opening(account, "USD", {"USD": CASH_USD}, ())]

    def rate(self, currency: str, base: str) -> float:
        return 1.0

    def truth(self, start: float, end: float) -> list[Breakout]:
        return []


def replay_world(path: Path, speed: float, wall: Callable[[], float]) -> ReplayWorld:
    """The world of one recorded day. Raises OSError and ValueError."""
    instrument, day = instrument_of(path)
    return ReplayWorld(instrument, day, read_events(path), speed, wall)
