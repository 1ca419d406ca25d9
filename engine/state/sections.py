"""The sections of the state: one frozen, versioned snapshot each, under one key.

`seq` and `as_of_wall` are set by `StateBus.publish`. Everything is bounded: top-N rows, last-N bars. Ages are not
stored but the moments they are counted from; whoever shows them subtracts.
"""

from __future__ import annotations

from typing import Any, ClassVar

from msgspec import Struct

from engine.domain import (
    Bar,
    Candidate,
    Condition,
    Fill,
    Lane,
    LineClass,
    LineRow,
    Quote,
    Refusal,
    RuleCheck,
    ScanState,
    SessionPhase,
    Signal,
    SymbolEvent,
)


class Section(Struct, frozen=True, kw_only=True):
    """Base of all snapshots. `VERSION` is raised when a field changes its meaning: older stored values are dropped."""

    VERSION: ClassVar[int] = 1
    seq: int = 0
    as_of_wall: float = 0.0


class Heartbeat(Section, frozen=True, kw_only=True):
    """Written each second by the engine loop, alone, so that an idle market stays an idle poll."""

    at_wall: float
    at_market: float
    started_wall: float
    loop_lateness_p99_ms: float


class PlayedRecording(Struct, frozen=True):
    """A recorded session that is served in TWS' place. `day` = the recorded one, ISO, of New York, "" = not told yet.

    `speed` = recorded seconds a second; `over_wall` = when its end was reached, None = it goes on.
    """

    name: str
    speed: float
    day: str = ""
    over_wall: float | None = None


class BrokerSection(Section, frozen=True, kw_only=True):
    """The strip's left half and the answer to "why is there nothing"."""

    mode: str
    host: str
    port: int
    client_id: int
    phase: str  # connecting, connected, waiting, refused
    connected: bool
    account: str | None
    server_version: int | None
    reason: str
    cure: str
    retry_at_wall: float | None
    since_wall: float
    reconnects: int
    clock_offset_s: float  # market clock minus wall clock, at `as_of_wall`
    clock_rate: float  # market seconds a wall second
    session: SessionPhase
    session_text: str  # "closes in 5 h 17 min"
    session_ends_market: float | None
    accounts: tuple[str, ...] = ()  # watched; `account` is the first, whose folder is used
    state: str = "live"  # of the session's machine: docs/session.md
    state_title: str = ""
    state_tone: str = "ok"  # ok, busy, warning, error
    state_since_wall: float = 0.0
    recording: PlayedRecording | None = None  # None = the gateway is no recording
    retry_every_s: float | None = None  # the pace of the tries after `retry_at_wall` while it stays even


class PositionRow(Struct, frozen=True):
    """One tradable position of one account; money in `currency`, prices in the unit of the quotes (`unit`, "" = it).

    `last` is the newest trade, else what stands for it (`last_kind`: last, mid, close, portfolio); `mark` is what the
    position is valued by (`mark_kind`: mark, last, mid, bid, ask, close, portfolio), as of `mark_wall`.
    `exposure` = |quantity x mark / magnifier x multiplier|.
    """

    con_id: int
    local_symbol: str
    name: str
    sec_type: str
    quantity: float
    avg_cost: float | None  # None = IB does not know it
    avg_price: float | None
    multiplier: float
    currency: str
    last: float | None
    last_kind: str | None
    last_wall: float | None
    data_type: str
    close: float | None
    change_pct: float | None
    unrealized_pnl: float | None  # own mark: quantity x (mark / magnifier x multiplier - avg_cost)
    ib_unrealized_pnl: float | None  # reqPnLSingle's, as of `ib_wall`
    daily_pnl: float | None  # reqPnLSingle's, None until it comes
    realized_pnl: float | None
    exposure: float | None
    exposure_pct: float | None
    ema_fast: float | None
    ema_slow: float | None
    trend: str | None  # the fast EMA is above or below the slow one
    spark: tuple[float | None, ...]  # closes of the last 60 minutes, None = gap
    has_line: bool
    last_trade_date: str
    tick_value: float | None
    message: str = ""
    account: str = ""
    unit: str = ""  # p, c, %
    per_point: float | None = None  # money that one unit of quantity gains when the quote rises by 1
    mark: float | None = None
    mark_kind: str | None = None
    mark_wall: float | None = None
    portfolio_pnl: float | None = None  # unrealized P&L of IB's portfolio updates
    ib_wall: float | None = None
    exposure_base: float | None = None  # in the currency of the sums; None = no rate
    check: str = ""  # the three-way comparison in words, "" = nothing to compare yet
    check_differs: bool = False
    fills_today: int = 0  # of the contract's running trade date
    farms_down: str = ""  # market data farms that fell since its last price, by name
    silent: bool = False  # its line brings nothing though it should: `last` has stood since `last_wall`

    @property
    def key(self) -> str:
        """One position among all accounts'."""
        return f"{self.account}:{self.con_id}"

    @property
    def price_wall(self) -> float | None:
        """When the older of the two prices came: a row is as old as that, whatever values it. None = no price yet."""
        return min((wall for wall in (self.last_wall, self.mark_wall) if wall is not None), default=None)


class FilteredRow(Struct, frozen=True):
    """A position without a line: valued by IB alone; money in `currency`."""

    con_id: int
    local_symbol: str
    sec_type: str
    quantity: float
    reason: str
    kind: str  # OTC, right, warrant, delisted, combination, lent, expired
    account: str = ""
    currency: str = ""
    market_value: float | None = None
    unrealized_pnl: float | None = None
    daily_pnl: float | None = None
    valued_wall: float | None = None

    @property
    def key(self) -> str:
        return f"{self.account}:{self.con_id}"


class Lack(Struct, frozen=True):
    """What a sum leaves out, and why: "no price", "no exchange rate for JPY", "cost unknown"."""

    local_symbol: str
    what: str


class AccountFigures(Struct, frozen=True):
    """Figures of one account, or of all together (`account` ""), in `currency` ("" = not known yet).

    None = not sent by the broker yet. Sums of positions count what is known and name the rest in `lacking`.
    """

    currency: str = ""  # of the sums of positions
    base_currency: str = ""  # of IB's own figures; "" = not known, though they may be there
    net_liquidation: float | None = None
    excess_liquidity: float | None = None
    init_margin: float | None = None
    maint_margin: float | None = None
    available_funds: float | None = None
    gross_exposure: float | None = None
    realized_today: float | None = None
    commission_today: float | None = None
    fills_today: int = 0
    daily_pnl: float | None = None
    daily_pnl_pct: float | None = None
    unrealized_pnl: float | None = None  # tradable positions, own marks
    priced: int = 0
    updated_wall: float | None = None
    account: str = ""
    commission_pending: int = 0  # fills whose commission is still to come
    lacking: tuple[Lack, ...] = ()
    ib_unrealized_pnl: float | None = None  # reqPnL's, filtered positions included
    filtered_pnl: float | None = None  # unrealized of the filtered ones, valued by IB
    rows_daily_pnl: float | None = None  # day P&L of the tradable rows; None = one is missing
    filtered_daily_pnl: float | None = None
    untrusted_pct: float | None = None  # share of the exposure that is marked more than 60 s ago, or delayed
    unconverted: tuple[Lack, ...] = ()  # accounts without an exchange rate: why figures of all together are None
    daily_text: str = ""  # why the account's day P&L is not the sum of the rows
    unrealized_text: str = ""  # why IB's unrealized P&L is not the sum of the rows


class PositionsSection(Section, frozen=True, kw_only=True):
    """Positions of the accounts in view. `account` is the figures of the view, `accounts` those of each account."""

    VERSION: ClassVar[int] = 3
    tradable: tuple[PositionRow, ...]
    filtered: tuple[FilteredRow, ...]
    account: AccountFigures
    fills: tuple[Fill, ...]
    complete: bool  # the broker has sent all positions of this connection
    ema_fast_len: int  # 1-minute closes that the rows' EMAs are of
    ema_slow_len: int
    accounts: tuple[AccountFigures, ...] = ()


class QuotesSection(Section, frozen=True, kw_only=True):
    """Every symbol that has a price now."""

    quotes: tuple[Quote, ...]


class LinesSection(Section, frozen=True, kw_only=True):
    """`used` counts lines from the decision to subscribe until the gateway can have freed them."""

    limit: int
    effective_limit: int
    buffer: int
    used: int
    near: bool
    scanner_capacity: int
    scanner_free: int
    by_class: dict[str, int]  # "100", "pinned", "50", "25", "coverage"; sums to used
    changing: int
    rows: tuple[LineRow, ...]
    refused: tuple[Refusal, ...]
    used_history: tuple[tuple[float, int], ...]  # (wall, used) at each change, last 30 min
    learned_cap_text: str = ""
    worst_second: int = 0


class LineEventsSection(Section, frozen=True, kw_only=True):
    """What happened to the lines in the last half hour, newest last, visits left out.

    Kinds: admitted, evicted, released, refused, upgraded, downgraded.
    """

    events: tuple[SymbolEvent, ...]


class CoverageRow(Struct, frozen=True):
    """One symbol of the universe as the line budget sees it.

    `lane` is that of its newest price; `line_class` that of the line it has now, None = no line. `last_visit_wall` is
    when its newest price came, by a visit or a stream; None = no line has seen it yet. `visits` counts today's.
    """

    con_id: int
    local_symbol: str
    lane: Lane
    line_class: LineClass | None
    last_visit_wall: float | None
    visits: int
    why: str  # one sentence: why has it (not) a line
    watched: bool = False  # a running signal without a line of its own: a visit fetches its price every few seconds


class CoverageSection(Section, frozen=True, kw_only=True):
    """How the spare lines rotate through the universe."""

    rows: tuple[CoverageRow, ...]  # by local_symbol, at most 2,000
    lines: int  # lines that rotate now
    confirming: int  # of these: kept until a breakout is confirmed or not
    visits_per_minute: float
    dwell_s: float
    messages_per_s: float  # the most that coverage may send
    resting: int = 0  # symbols whose market is closed: no visit until it opens


class ScannersSection(Section, frozen=True, kw_only=True):
    scans: tuple[ScanState, ...]
    slots_used: int
    candidates: tuple[Candidate, ...]  # best first, 200
    heat_score: tuple[tuple[str, tuple[float | None, ...]], ...]  # symbol x score per 5 minutes
    heat_times: tuple[float, ...]  # market time of each 5-minute column
    events: tuple[SymbolEvent, ...]  # enter/leave log, newest last, 200
    universe: int
    with_bars: int
    warming_text: str  # "warming: history queued, 140 of 500"
    breakout_run_market: float | None
    market_run_market: float | None
    breakout_cycle_ms: float | None
    results_breakout: int
    results_market: int
    signals_today: int
    longest_slice_ms: float | None = None
    scores_now: tuple[tuple[str, float], ...] = ()  # id of each running signal that was judged, its score now


class SignalsSection(Section, frozen=True, kw_only=True):
    """Today's signals, newest last, the newest 500; `total` of the day. Their scores now: `ScannersSection`."""

    signals: tuple[Signal, ...]
    total: int


QUEUED = "no bars yet: history is queued"  # `SymbolSection.message` while nobody has answered


class SizingFacts(Struct, frozen=True):
    """What a position's size is worked out from, beside the quote. None = not known.

    `per_point` = money of the contract's currency that one unit gains when its quote rises by 1; sizes are multiples of
    `step`. `rate` = `base_currency` for one unit of the contract's currency; the account's money is in the former.
    `average_volume` a day, over `average_days`. `margin_long` and `margin_short` = shares of the notional, an estimate;
    `margin_source` says whose it is, or why there is none.
    """

    per_point: float | None
    step: float
    base_currency: str
    rate: float | None
    net_liquidation: float | None
    excess_liquidity: float | None
    average_volume: float | None
    average_days: int
    atr_day: float | None
    margin_long: float | None
    margin_short: float | None
    margin_source: str


class SymbolSection(Section, frozen=True, kw_only=True):
    """Everything the Symbol page shows of one contract; published while a page has it open."""

    con_id: int
    local_symbol: str
    name: str
    sec_type: str
    exchange: str
    currency: str
    multiplier: float
    min_tick: float | None
    time_zone: str
    quote: Quote | None
    bars: tuple[Bar, ...]  # 1-minute, oldest first, at most 2 sessions
    daily: tuple[Bar, ...]
    atr: float | None
    vwap: float | None
    rel_volume: float | None
    rel_volume_base: str  # "20 sessions", "SMA20"
    level_long: float | None
    level_short: float | None
    opening_range: tuple[float, float] | None
    ema_fast_len: int
    ema_slow_len: int
    rules: tuple[RuleCheck, ...]
    rules_short: tuple[RuleCheck, ...]
    why_text: str  # "Nearest miss: volume surge at 1.49x of 1.50x."
    line_text: str  # one sentence: why has it (not) a line
    position: PositionRow | None
    signals: tuple[Signal, ...]
    fills: tuple[Fill, ...]
    pinned: bool
    filtered: str = ""
    message: str = ""  # why bars are missing
    session_start: float | None = None  # market time from which VWAP and level count
    trading_hours: str = ""  # IB's text in `time_zone`, "" = not sent
    liquid_hours: str = ""
    unit: str = ""  # what the quotes are in where that is not `currency`: p, c, %
    held: tuple[PositionRow, ...] = ()  # `position` by account
    scores_now: tuple[tuple[str, float], ...] = ()  # id of each of `signals` that runs and was judged, its score now
    closed_at: float | None = None  # market time at which its trading ended; None = it is open, or not known
    trigger_long: float | None = None  # the long level and its buffer
    why_long: str = ""  # as `why_text`, of one side
    why_short: str = ""
    filling: bool = False  # minute bars are on their way from the history
    half_hours: tuple[Bar, ...] = ()  # of 20 days, oldest first, for the longer charts
    sizing: SizingFacts | None = None


class AgeRow(Struct, frozen=True):
    """One row of "how old is what I see": counted from `wall`, stale after `stale_s`."""

    part: str
    wall: float | None
    stale_s: float


class LinkSpan(Struct, frozen=True):
    """One stretch of the connection time line. `to_wall` None = still."""

    track: str  # Connection, IB servers, a farm
    state: str  # up, idle, down, off = QTrade was not running
    from_wall: float
    to_wall: float | None
    text: str = ""


class HealthSection(Section, frozen=True, kw_only=True):
    conditions: tuple[Condition, ...]  # newest first, 100
    ages: tuple[AgeRow, ...]
    link_spans: tuple[LinkSpan, ...]
    status_block: tuple[tuple[str, str], ...]  # Uptime, Subscriptions ... in the user's words
    log_tail: tuple[tuple[float, str, str], ...]  # (wall, level, text), newest last, 100
    loop_lateness_p99_ms: float
    decoded_per_s: float | None
    sent_worst_second: int
    sent_kinds: tuple[tuple[str, int], ...] = ()  # kind in words, messages since the engine began
    kept_back: int = 0  # messages that do not read, and did not leave
    restarts: dict[str, int]  # supervised task -> restarts
    error_counts: dict[str, int]  # logger -> ERROR records
    volume_units: dict[str, str]  # source -> "lots of 100", "shares", "unknown"
    state_write_ms: float | None
    journal_last_wall: float | None
    disk_free_gb: float | None
    build_id: str
    version: str
    restart_needed: str = ""  # the file that changed
    archive: str = ""  # of years: size, since when, kept how long, in words; "" = none is configured


class SettingRow(Struct, frozen=True):
    """`why_locked`: of what is locked for another reason than its source."""

    key: str  # dotted: "breakout.bars_n"
    value: Any
    default: Any
    source: str
    locked: bool
    why_locked: str = ""


class ChangeRow(Struct, frozen=True):
    id: int
    at_wall: float
    who: str
    key: str
    old: Any
    new: Any
    reverted: bool = False


class ThresholdSetRow(Struct, frozen=True):
    """Breakout thresholds under a name. `values` without the prefix "breakout."; `problem` = why it can't be loaded."""

    name: str
    built_in: bool
    values: dict[str, Any]
    in_force: bool
    problem: str = ""


class SettingsSection(Section, frozen=True, kw_only=True):
    rows: tuple[SettingRow, ...]
    changes: tuple[ChangeRow, ...]  # newest first, 50
    sets: tuple[ThresholdSetRow, ...] = ()
    shadow: str = ""  # name of the set that runs in the shadow; "" = none
    folder: str = ""  # the data folder in use, as a path of this machine


class PnlPoint(Struct, frozen=True):
    """`t` wall epoch s; `m` market epoch s. Money in the account's currency, None = not known then.

    Only `realized` given = a reset: the P&L of the day began anew, and the curve is cut.
    """

    t: float
    m: float
    unrealized: float | None
    realized: float | None
    daily: float | None


class PnlSection(Section, frozen=True, kw_only=True):
    """The newest 300 points (one each 2 s); the day before them is in the journal.

    `day_start` = market time at which the account's running day began, `trade_date` its date (YYYYMMDD); `sessions` =
    regular hours of US stocks around it (open, close), none on a holiday, None = not told.
    """

    points: tuple[PnlPoint, ...]
    day_start: float | None = None
    trade_date: str = ""
    account: str = ""  # whose curve it is, ALL_ACCOUNTS = of all together
    sessions: tuple[tuple[float, float], ...] | None = None


class UniverseSection(Section, frozen=True, kw_only=True):
    """Names for the symbol search and the API: (con_id, local_symbol, symbol, sec_type, exchange, lane)."""

    symbols: tuple[tuple[int, str, str, str, str, str], ...]
    renamed: tuple[tuple[int, str], ...] = ()  # (con_id, a former name)


class Answer(Struct, frozen=True):
    request_id: str
    ok: bool
    text: str
    at_wall: float
    value: Any = None


class AnswersSection(Section, frozen=True, kw_only=True):
    """Answers to the last 50 commands, newest last."""

    answers: tuple[Answer, ...]


SECTIONS: dict[str, type[Section]] = {
    "heartbeat": Heartbeat,
    "broker": BrokerSection,
    "positions": PositionsSection,
    "quotes": QuotesSection,
    "lines": LinesSection,
    "line_events": LineEventsSection,
    "coverage": CoverageSection,
    "scanners": ScannersSection,
    "signals": SignalsSection,
    "health": HealthSection,
    "settings": SettingsSection,
    "pnl": PnlSection,
    "universe": UniverseSection,
    "answers": AnswersSection,
    # and "symbol:<con_id>" -> SymbolSection
}

# There only at times: the positions of all accounts while one of several is shown.
AT_TIMES: dict[str, type[Section]] = {"positions_all": PositionsSection}
