"""What the simulated gateway and the simulated world know of each other: values and one protocol.

The gateway (`simulator.session`) speaks TWS; the world (`simulator.world`) makes prices. Neither imports the
engine or the dashboard. All times are market time, UTC epoch seconds, unless a name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, Protocol

BarKind = Literal["TRADES", "MIDPOINT", "BID", "ASK", "BID_ASK"]
Behaviour = Literal["normal", "no_data", "delayed", "zero_price", "refused", "no_details", "no_answer"]


@dataclass(frozen=True, slots=True)
class Instrument:
    """One contract as TWS would describe it. `multiplier` is "" for stocks, "20" for NQ."""

    con_id: int
    symbol: str
    sec_type: str
    local_symbol: str
    trading_class: str
    primary_exchange: str
    currency: str
    long_name: str
    min_tick: float
    multiplier: str = ""
    last_trade_date: str = ""  # YYYYMMDD; maturity of a bond; "" = never
    contract_month: str = ""  # YYYYMM, futures and options
    exchange: str = "SMART"  # the exchange that requests must name; the futures' own for FUT
    valid_exchanges: str = "SMART,NYSE,NASDAQ,ARCA"
    industry: str = ""
    category: str = ""
    subcategory: str = ""
    stock_type: str = ""  # COMMON, ETF, ADR, WAR, ...; "" for futures
    time_zone_id: str = "US/Eastern"
    avg_volume: float = 0.0  # shares or contracts a day, mean of 30 days
    market_cap_musd: float = 0.0
    behaviour: Behaviour = "normal"
    price_magnifier: int = 1  # quotes are so many times the money prices: 100 for pence and cents
    strike: float = 0.0
    right: str = ""  # C or P
    last_trade_clock: str = "09:30:00"
    under_con_id: int = 0
    under_symbol: str = ""
    under_sec_type: str = ""
    market_rule: str = ""  # one number for every exchange; "" = 26 for stocks, 67 for futures
    money_factor: str = ""  # money of one unit at a quote of 1; "" = multiplier / magnifier (bonds have neither)
    commission_currency: str = ""  # "" = the contract's


@dataclass(frozen=True, slots=True)
class QuoteState:
    """One instrument now. Sizes and volume in shares (contracts for futures). None = nothing to send."""

    con_id: int
    seq: int  # grows by one whenever anything below changed
    time: float
    bid: float | None
    ask: float | None
    bid_size: float | None
    ask_size: float | None
    last: float | None
    last_size: float | None
    volume: float | None
    open: float | None
    high: float | None
    low: float | None
    close: float | None  # prior session's
    halted: bool = False
    mark: float | None = None  # IB's mark price; None = the last price, else the close


def mark_of(quote: QuoteState | None) -> float | None:
    """The price that values a position, in the quote unit; None = nothing is known."""
    if quote is None:
        return None
    if quote.mark is not None:
        return quote.mark
    return quote.last if quote.last is not None else quote.close


@dataclass(frozen=True, slots=True)
class Bar:
    """`time` is the start of the bar; volume in shares (contracts), of no meaning in bars of quotes.

    BID_ASK: open and close are the time averages of bid and ask, high is the highest ask, low the lowest bid.
    """

    time: float
    open: float
    high: float
    low: float
    close: float
    volume: float
    wap: float
    count: int


@dataclass(frozen=True, slots=True)
class ScanQuery:
    """A scanner subscription's filter as the client sent it; None = not given. Prices in USD, volume in shares."""

    scan_code: str
    instrument: str  # STK, FUT.US, IND.US ...
    location: str
    rows: int
    above_price: float | None = None
    below_price: float | None = None
    above_volume: float | None = None
    market_cap_above: float | None = None
    market_cap_below: float | None = None
    stock_type: str = ""  # ALL, STOCK/CORP, ETF ...
    filters: tuple[tuple[str, str], ...] = ()  # the tag/value filter options, e.g. ("avgVolumeAbove", "500000")


@dataclass(frozen=True, slots=True)
class Holding:
    """One position of the account. `avg_cost` per contract, multiplier and commission included; None = unset."""

    con_id: int
    quantity: float
    avg_cost: float | None


@dataclass(frozen=True, slots=True)
class Opening:
    """What one account begins with; `cash` by currency. `sold_today`: it sold a part of a position this morning."""

    account: str
    base: str
    cash: dict[str, Decimal]
    holdings: tuple[Holding, ...]
    sold_today: bool = False


@dataclass(frozen=True, slots=True)
class Breakout:
    """One injected breakout, the ground truth. `level` is the price that it breaks, `side` +1 long, -1 short."""

    con_id: int
    local_symbol: str
    side: int
    start: float
    end: float
    level: float
    surge: float  # volume multiple while it lasts


class World(Protocol):
    """The market. Not thread safe: the gateway calls it from its one event loop."""

    def now(self) -> float:
        """Market time, UTC epoch seconds."""

    def speed(self) -> float:
        """Market seconds a wall second."""

    def advance(self) -> None:
        """Bring every quote up to `now()`; the gateway calls it four times a wall second."""

    def instruments(self) -> list[Instrument]: ...

    def instrument(self, con_id: int) -> Instrument | None: ...

    def find(self, symbol: str, sec_type: str) -> list[Instrument]:
        """Instruments whose symbol and type match; every month of a future."""

    def search(self, pattern: str) -> list[Instrument]:
        """Symbol prefix or word of the name, as reqMatchingSymbols; at most 16."""

    def quote(self, con_id: int) -> QuoteState | None: ...

    def trading_hours(self, con_id: int, liquid: bool) -> str:
        """IB's text for some days, in the zone of the instrument: `20251105:0400-20251105:2000;20251108:CLOSED`."""

    def sessions(self, con_id: int, day: date, liquid: bool) -> list[tuple[float, float]]:
        """Begin and end of each session of that date; none where the market is closed."""

    def bars(
        self, con_id: int, bar_size_s: int, start: float, end: float, rth: bool, kind: BarKind = "TRADES"
    ) -> list[Bar]:
        """Bars with start <= time < end, the running one last. 86400 s = daily, time = midnight UTC."""

    def head_time(self, con_id: int) -> float:
        """The first moment with data."""

    def scan(self, query: ScanQuery) -> list[int]:
        """con_ids best first, at most `rows` (50)."""

    def openings(self, account: str) -> list[Opening]:
        """The accounts of the login, an advisor's master first; `account` is the id of the first that trades."""

    def rate(self, currency: str, base: str) -> float:
        """`base` for one unit of `currency`."""

    def truth(self, start: float, end: float) -> list[Breakout]:
        """Injected breakouts that start within [start, end)."""
