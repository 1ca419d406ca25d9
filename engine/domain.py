"""Values of the market and the account in the field's words; frozen, without behaviour beyond arithmetic.

Every number that may be missing is `float | None`: NaN, -1 and 1.8e308 die at the broker boundary. Three clocks
(ARCHITECTURE rule 12): names ending in `_mono` are monotonic seconds, `_wall` and `recorded_at` UTC epoch
seconds of this machine, `_market` and `time` UTC epoch seconds of the gateway's clock.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, structs

PRIORITY_POSITION = 100
PRIORITY_SCANNER_TOP = 50
PRIORITY_SCANNER_NORMAL = 25
CON_ID_MAX = 2**31 - 1  # TWS reads it as a 32-bit integer

MARKET_STRIP = "market strip"  # the holder of the strip's lines: pins that do not count among the user's five

ALL_ACCOUNTS = "all"  # stands for an account where those of the login are shown together

PriceKind = Literal["mark", "last", "mid", "bid", "ask", "close"]
DataType = Literal["live", "frozen", "delayed", "delayed frozen"]
BarSource = Literal["streamed", "sampled", "history"]
Lane = Literal["streaming", "visited", "history", "none"]
LineClass = Literal["100", "pinned", "50", "25", "coverage"]
Side = Literal["long", "short"]
REL_VOLUME = "Rel. vol. 1 min"  # what traded in the last 60 s against what is usual in that minute of the day
Opening = Literal["open", "close", "flip"]
Stay = Literal["", "confirming", "measuring"]  # why a visit has to go on; "" = it hasn't
BrokerMode = Literal["simulated", "paper", "live"]
SessionPhase = Literal["pre", "open", "post", "closed", "weekend", "unknown"]


class ContractRef(Struct, frozen=True):
    """One contract, keyed by `con_id`. `exchange` is what requests must name ("SMART", "CME"); "" = not qualified.

    `price_magnifier`: quoted prices are so many times the money ones (100 for pence and cents), of the contract
    details; None = they are not known yet, and neither is the money of a price unless the type says so.
    """

    con_id: int
    symbol: str
    local_symbol: str
    sec_type: str
    exchange: str = ""
    primary_exchange: str = ""
    currency: str = "USD"
    multiplier: float = 1.0
    last_trade_date: str = ""  # YYYYMMDD, derivatives only
    trading_class: str = ""
    strike: float = 0.0
    right: str = ""
    price_magnifier: float | None = None

    def named_as(self, newer: ContractRef) -> ContractRef:
        """The same contract under the names of a newer description."""
        return structs.replace(self, symbol=newer.symbol or self.symbol, local_symbol=newer.local_symbol)


def con_id_of(text: str) -> int | None:
    """The contract number that this text spells; None = it can't be one."""
    digits = text.strip()
    is_number = digits.isascii() and digits.isdigit() and len(digits) <= len(str(CON_ID_MAX))
    number = int(digits) if is_number else 0
    return number if 0 < number <= CON_ID_MAX else None


class ContractInfo(Struct, frozen=True):
    """What contract details add. Hours are IB's text in `time_zone`; "" = not sent.

    `size_increment`: what an order's size is a multiple of, None = not told. `industry`, `category` and `subcategory`
    are IB's sectors, from the wide to the narrow.
    """

    contract: ContractRef
    long_name: str = ""
    stock_type: str = ""  # COMMON, ETF, ADR ...
    industry: str = ""
    min_tick: float | None = None
    time_zone: str = ""
    trading_hours: str = ""
    liquid_hours: str = ""
    category: str = ""
    subcategory: str = ""
    size_increment: float | None = None
    contract_month: str = ""  # YYYYMM of a future's delivery


class TickUpdate(Struct, frozen=True):
    """All known values of one line after one packet, sanitised, not yet converted to shares.

    `volume_raw`, `avg_volume_raw` and the sizes are in the gateway's unit (round lots or shares for US stocks).
    """

    req_id: int
    received_mono: float
    bid: float | None = None
    ask: float | None = None
    bid_size_raw: float | None = None
    ask_size_raw: float | None = None
    last: float | None = None
    last_size_raw: float | None = None
    volume_raw: float | None = None
    open: float | None = None
    high: float | None = None
    low: float | None = None
    close: float | None = None
    avg_volume_raw: float | None = None
    halted: bool = False
    data_type: DataType = "live"
    has_trade: bool = False  # a last-price or last-size tick was in this packet
    mark: float | None = None  # IB's mark price (generic ticks 221, 232), in the unit of the quotes
    has_mark: bool = False  # it was in this packet, the same or another
    delta: float | None = None  # of an option by IB's model, for a rise of its underlying by 1
    under_price: float | None = None  # of the underlying that the model counts with


def percent_change(value: float | None, base: float | None) -> float | None:
    """From `base` to `value` in per cent; None when either is missing, and of a base of zero or less.

    From -5 to -4 is no change in per cent: a fall of the distance to zero, and a rise of the price.
    """
    if value is None or base is None or base <= 0.0:
        return None
    return (value / base - 1.0) * 100.0


class Quote(Struct, frozen=True):
    """One symbol's newest prices. `price` by the rule last -> mid -> close, `price_kind` says which.

    A last trade far outside the market is no `price`: the mid is (`engine.prices.live_price`).

    What values a position is another price: `engine.portfolio.valuation.mark_of`.

    Sizes and volumes in shares (contracts for futures); None while the unit is unknown.
    """

    con_id: int
    local_symbol: str
    price: float | None
    price_kind: PriceKind | None
    bid: float | None
    ask: float | None
    bid_size: float | None
    ask_size: float | None
    last: float | None
    last_size: float | None
    volume: float | None
    avg_volume: float | None
    open: float | None
    high: float | None
    low: float | None
    close: float | None  # prior session's
    halted: bool
    data_type: DataType
    lane: Lane
    received_mono: float
    received_wall: float
    epoch: int  # number of the connection that it came over
    mark: float | None = None  # IB's mark price, unit of the quotes
    mark_wall: float | None = None  # when it came last, the same or another
    delta: float | None = None  # of an option by IB's model
    under_price: float | None = None  # of the underlying that the model counts with

    @property
    def change_pct(self) -> float | None:
        """Against the prior close; None when either is missing, or the close is no base (`percent_change`)."""
        return percent_change(self.price, self.close)

    @property
    def spread(self) -> float | None:
        """ask - bid; None when one-sided or crossed, and where the bid is below zero."""
        if self.bid is None or self.ask is None or self.ask < self.bid or self.bid < 0 or self.ask <= 0:
            return None
        return self.ask - self.bid

    @property
    def spread_bp(self) -> float | None:
        """The spread against the mid in basis points; None as for `spread`."""
        if self.spread is None or self.bid is None or self.ask is None:
            return None
        return self.spread / ((self.ask + self.bid) / 2.0) * 10_000.0


class Bar(Struct, frozen=True):
    """One OHLCV bar; `time` is its start, market clock. `volume` in shares, None while the unit is unknown."""

    time: float
    open: float
    high: float
    low: float
    close: float
    volume: float | None
    source: BarSource = "streamed"
    closed: bool = True


class PositionRecord(Struct, frozen=True):
    """A position as the broker reports it, of one account.

    `avg_cost` per unit in money, multiplier and commission included (IB's avgCost); None = IB doesn't know it.
    """

    contract: ContractRef
    quantity: float
    avg_cost: float | None
    account: str


class Fill(Struct, frozen=True):
    """One execution, `price` in the unit of the quotes. `realized_pnl` and `commission` None until the report came.

    `currency` is the contract's and that of `realized_pnl`, `commission_currency` the report's own; a negative
    commission is a rebate.
    `trade_date` (YYYYMMDD) is the exchange's, "" = not known. `exchange_time` and `exchange_zone` are the gateway's own
    words; `time_kind` "received": they could not be read, `time_market` is when the fill came. A record of `sec_type`
    BAG is the heading of its legs, never a trade.
    """

    exec_id: str
    con_id: int
    local_symbol: str
    side: Literal["BOT", "SLD"]
    quantity: float
    price: float
    time_market: float
    exchange: str
    commission: float | None = None
    realized_pnl: float | None = None
    account: str = ""
    sec_type: str = ""
    currency: str = ""
    commission_currency: str = ""
    trade_date: str = ""
    time_kind: Literal["exchange", "received"] = "exchange"
    model: str = ""  # an advisor's model portfolio: a sub-account
    multiplier: float | None = None
    price_magnifier: float | None = None  # None = the contract's details are not known
    perm_id: int | None = None  # of the order, over sessions and clients
    order_id: int | None = None  # None = entered by hand
    client_id: int | None = None
    order_ref: str = ""
    liquidation: bool = False  # IB closed the position
    cum_quantity: float | None = None  # of the order, this execution included
    opening: Opening | None = None  # against the position before it; None = not known
    exchange_time: str = ""
    exchange_zone: str = ""
    price_pending: bool = False  # the exchange may still change the price


class Demand(Struct, frozen=True):
    """Somebody's wish for a line.

    `score` orders within a priority; `exposure_base`, in the base currency, orders positions.
    """

    contract: ContractRef
    line_class: LineClass
    holder: str  # "position", "pin", "drill-down", "breakout", "market"
    reason: str
    score: float = 0.0
    exposure_base: float = 0.0
    borrowed: bool = False  # a drill-down's, not the user's own pin
    since_mono: float = 0.0  # when it was first asked for; set by the bus for pins and borrowed lines
    kept: bool = False  # a visit that has to go on: given up after every other one
    brief: bool = False  # a visit for a price alone: over a second after its first tick


class SymbolEvent(Struct, frozen=True):
    """One line of an event list (enter/leave, admitted/evicted/refused, connection): newest last."""

    at_market: float
    kind: str
    local_symbol: str
    text: str
    con_id: int | None = None


class RuleCheck(Struct, frozen=True):
    """One rule of the why-not panel. `passed` None = unknown (and `detail` says why)."""

    name: str
    value: float | None
    limit: float | None
    passed: bool | None
    text: str  # "408.08", "1.49x", "12/34"
    limit_text: str  # "> 409.35"
    detail: str = ""


class ScorePart(Struct, frozen=True, omit_defaults=True):
    """One summand of a score. `most` = what it comes near to at best, 0 = it only takes away; `detail` "not known"."""

    name: str
    value: float
    most: float = 0.0
    detail: str = ""


class RuleInput(Struct, frozen=True):
    """One rule as it stood when a signal was confirmed."""

    name: str
    value: float | None
    limit: float | None
    passed: bool | None


class Signal(Struct, frozen=True):
    """A confirmed (or ended) breakout. `level` is the price it broke, `atr` ATR(14, Wilder) of 1-min bars then.

    `score` is the score at signal: it stays what it was. `before_look`: the price was beyond the level already when it
    was first judged, so that the distance in the score counts from there.
    `scans` that listed it then; `inputs` only in the journal.
    """

    id: str
    con_id: int
    local_symbol: str
    side: Side
    at: float  # market time of the confirmation
    triggered_at: float
    level: float
    level_kind: Literal["range", "opening range"]
    last: float
    atr: float
    score: float
    parts: tuple[ScorePart, ...]
    lane: Lane
    state: Literal["active", "ended"]
    rel_volume: float | None = None
    surge: float | None = None
    ended_at: float | None = None
    scans: tuple[str, ...] = ()
    inputs: tuple[RuleInput, ...] = ()
    before_look: bool = False


class Candidate(Struct, frozen=True):
    """One symbol of the merged scan results, with every reason that put it there.

    `score` is the score now; `score_at_signal` that of the signal that runs on its side, None = none does.
    `before_look` as in `Signal`, of the running signal, else of the breakout under way.
    """

    con_id: int
    local_symbol: str
    score: float
    parts: tuple[ScorePart, ...]
    since_market: float
    scans: tuple[str, ...]  # "Momentum #7"
    state: Literal["confirmed", "confirming", "candidate", "warming", "scan"]
    side: Side
    price: float | None = None
    change_pct: float | None = None
    since_open_pct: float | None = None
    rel_volume: float | None = None
    distance_atr: float | None = None
    spread_bp: float | None = None
    warm_bars: int | None = None
    warm_needed: int | None = None
    nearest_miss: str = ""
    score_at_signal: float | None = None
    before_look: bool = False


class ScanState(Struct, frozen=True):
    """One MarketScanner preset, or custom scan, as it runs now."""

    name: str
    scan_code: str
    instrument: str
    enabled: bool
    state: Literal["off", "queued", "warming", "live", "resting", "refused", "ended"]
    rows: int
    result_market: float | None = None
    message: str = ""
    meaning: str = ""
    custom: bool = False


class LineRow(Struct, frozen=True):
    """One market-data line. `next_out` is its place in the eviction order, None = never.

    `score` is the candidate's, 0-1: None for a line that has none (a position, a pin, a visit). `dwell_s` is the least
    that the line stays, None = a position, which does not rotate; it counts from `dwell_from_wall`, None = the request
    has not left yet. `since_wall`: since when the symbol has held a line; one that went with the connection and came
    back within a quarter of an hour counts on. `opened_wall`: since when this very line is open. `watched`: a visit for
    the price of a running signal alone. `kept_until_wall`: nobody asks for it any more, and it goes then, or earlier if
    another symbol needs one; None = it is wanted.
    """

    con_id: int
    local_symbol: str
    line_class: LineClass
    priority: int | None  # 100, 50, 25; None for pins and coverage
    lane: Lane
    holders: tuple[str, ...]
    reason: str
    since_wall: float
    last_tick_wall: float | None
    state: Literal["pending", "live", "error", "cancelling"]
    score: float | None = None
    next_out: int | None = None
    dwell_from_wall: float | None = None
    dwell_s: float | None = None
    message: str = ""
    opened_wall: float | None = None
    watched: bool = False
    kept_until_wall: float | None = None


class LineSpan(Struct, frozen=True):
    """One line from its opening to its end. `line_class` is the strongest that it had, `why` what for; `by` took it,
    "" = nobody.

    Visits that stayed visits leave none: there are nine a second.
    """

    con_id: int
    local_symbol: str
    line_class: LineClass
    from_market: float
    to_market: float
    why: str
    end: str  # why it went
    by: str = ""


class Refusal(Struct, frozen=True):
    """A wish without a line. `contest`: it lost to a better one, which is the ranking at work and no event."""

    con_id: int
    local_symbol: str
    reason: str
    at_wall: float
    count: int = 1
    contest: bool = False


class Condition(Struct, frozen=True):
    """One thing that happened, in plain words, with its cure. `code` is IB's, None for our own.

    `lasting` = it is open until something ends it; else it happened and was over. `outage` = while it is open not all
    is well, whatever its severity.
    """

    key: str
    severity: Literal["info", "warning", "error"]
    title: str
    text: str
    cure: str
    code: int | None
    first_wall: float
    last_wall: float
    count: int
    open: bool
    lasting: bool = True
    outage: bool = False


class Incident(Struct, frozen=True):
    """One outage: what began it, when it became red, when it was over. None = not yet.

    `key` is its condition's, `cause` the kind of it; `con_id` and `symbol` where it is one symbol's. `seen` = QTrade
    ran when it ended, so that its length is known.
    """

    key: str
    cause: str
    con_id: int | None
    symbol: str
    began_wall: float
    began_market: float
    red_wall: float | None
    ended_wall: float | None
    words: str
    seen: bool


def root_of(exec_id: str) -> str:
    """An execution id without the digits after its last dot: these number the corrections.

    What stands before tells partial fills and the legs of a combination apart.
    """
    root, dot, last = exec_id.rpartition(".")
    return root if dot and _is_number(last) else exec_id


def revision_of(exec_id: str) -> int:
    """The number after the last dot; 0 = there is none. Of two with one root the higher is in force."""
    _, dot, last = exec_id.rpartition(".")
    return int(last) if dot and _is_number(last) else 0


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
