"""What the journal keeps, as values. Times: `_wall` this machine, `_market` the gateway's clock, UTC epoch seconds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct

from engine.domain import Fill


class PnlRow(Struct, frozen=True):
    """One point of the P&L curve. All three None = no data then: a gap that stays a gap.

    Only `realized` given = a reset: the P&L of the day began anew, and the curve is cut.
    """

    t: float  # wall
    m: float  # market
    unrealized: float | None
    realized: float | None
    daily: float | None
    mode: str
    account: str


class SettingChange(Struct, frozen=True):
    """One changed setting. `id` comes from `Journal.next_change_id`; old and new are plain JSON values."""

    id: int
    at_wall: float
    at_market: float
    who: str
    key: str
    old: Any
    new: Any
    reverted: bool = False


class ConnectionEvent(Struct, frozen=True):
    """One thing that happened to the connection: connected, lost, refused, 1100, 2103 ..."""

    at_wall: float
    at_market: float
    kind: str
    text: str
    code: int | None = None


class SignalOutcome(Struct, frozen=True):
    """What became of a signal at one horizon, in its ATR, positive = towards its side. `set_name` "" = in force."""

    set_name: str
    signal_id: str
    signal_at: float  # market time
    horizon_min: int
    best: float
    worst: float
    move: float


# What round trips are made of, by what changes together.
BookPart = Literal["fills", "words", "positions", "statements"]
Kind = Literal[
    "trade",
    "assignment",
    "exercise",
    "expiry",
    "cash settlement",
    "transfer",  # a position that came from, or went to, another place, at its cost
    "opening",  # a position that was there before the journal, at its cost
    "split",  # the quantity is the net change
    "corporate action",
]
State = Literal["in force", "cancelled", "withdrawn", "covered"]
SOURCE_API = "api"
NO_TRADES: frozenset[Kind] = frozenset({"transfer", "opening", "split", "corporate action"})  # nothing was dealt


class FillFacts(Struct, frozen=True, kw_only=True):
    """What is kept with an execution beside the API's report: mostly a statement's word. None, "", () = not told.

    `state`: "cancelled" by its exchange or IB, "withdrawn" by a newer statement, "covered": an order's row that
    executions have taken the place of. `taxes` as commissions: cost positive. Rates are of the transaction, into
    `base_currency`: `fx_rate_to_base` of the contract's currency, `commission_rate_to_base` of the commission's where
    it is another one. `statement_id`: the newest statement that told it.
    """

    kind: Kind = "trade"
    state: State = "in force"
    order_level: bool = False
    taxes: float | None = None
    fx_rate_to_base: float | None = None
    base_currency: str = ""
    commission_rate_to_base: float | None = None
    codes: tuple[str, ...] = ()
    symbol: str = ""
    underlying_con_id: int | None = None
    underlying_symbol: str = ""
    expiry: str = ""  # YYYYMMDD, as all dates here
    strike: float | None = None
    put_call: str = ""  # P, C
    transaction_id: str = ""
    trade_id: str = ""
    ib_order_id: str = ""
    orig_transaction_id: str = ""
    orig_trade_id: str = ""
    settle_date: str = ""
    report_date: str = ""
    statement_realized: float | None = None
    statement_id: str = ""
    remark: str = ""


NO_FACTS = FillFacts()


class FillRow(Struct, frozen=True):
    """One execution as recorded. `superseded_by`: the id of its correction, None = in force.

    `source`: api, flex or csv, who reported it first.
    """

    fill: Fill
    superseded_by: str | None = None
    source: str = "api"
    facts: FillFacts = NO_FACTS


class TripNote(Struct, frozen=True):
    """What the trader wrote to a round trip; `root` is that of the execution that opened it."""

    account: str
    model: str
    con_id: int
    root: str
    note: str
    tags: tuple[str, ...]
    changed_wall: float


class DayNote(Struct, frozen=True):
    """What the trader wrote to a trade date (YYYYMMDD) of an account."""

    account: str
    day: str
    note: str
    tags: tuple[str, ...]
    changed_wall: float


class TripStop(Struct, frozen=True):
    """A stop as noted, in the unit of the quotes; None = those noted before it were a slip."""

    account: str
    model: str
    con_id: int
    root: str
    price: float | None
    noted_wall: float


class TripLink(Struct, frozen=True):
    """Whether the trader takes two trips for one campaign: `closed_root` ended one, `opened_root` began the other."""

    account: str
    model: str
    closed_root: str
    opened_root: str
    joined: bool
    changed_wall: float


class TraderWords(Struct, frozen=True):
    """Everything that the trader has said of trips and days; stops in the order in which they were noted."""

    trips: tuple[TripNote, ...] = ()
    days: tuple[DayNote, ...] = ()
    stops: tuple[TripStop, ...] = ()
    links: tuple[TripLink, ...] = ()


class CashRow(Struct, frozen=True, kw_only=True):
    """One booking of a statement, in `currency`, received positive; `sort` is engine.statements' word for its kind.

    `day` YYYYMMDD. `ex_date` of a dividend: who held the contract before that day was entitled; "" = not told. What
    belongs to one dividend has one `action_id`. `fx_rate` into `base_currency`, None = the statement does not tell it.
    """

    account: str
    day: str
    sort: str
    kind: str
    amount: Decimal
    currency: str
    model: str = ""
    con_id: int | None = None
    symbol: str = ""
    description: str = ""
    ex_date: str = ""
    action_id: str = ""
    fx_rate: Decimal | None = None
    base_currency: str = ""


class TransferRow(Struct, frozen=True, kw_only=True):
    """A position or cash that came from another place or went there, as a statement books it; in `currency`.

    `quantity`, `amount` (what the position was worth on the market) and `cash` have the sign of the change; None = not
    told. `day` YYYYMMDD. `fx_rate` into `base_currency`, None = the statement does not tell it.
    """

    account: str
    day: str
    kind: str
    currency: str
    quantity: Decimal | None = None
    amount: Decimal | None = None
    cash: Decimal | None = None
    model: str = ""
    con_id: int | None = None
    symbol: str = ""
    description: str = ""
    fx_rate: Decimal | None = None
    base_currency: str = ""


class OptionEvent(Struct, frozen=True, kw_only=True):
    """An assignment, exercise, expiry or cash settlement as a statement lists it; its bookings stand among the fills.

    `quantity` signed as the statement has it. `realized` is IB's figure. Money in `currency`; None = not told.
    """

    account: str
    day: str
    kind: str
    quantity: Decimal
    model: str = ""
    con_id: int | None = None
    symbol: str = ""
    underlying_symbol: str = ""
    expiry: str = ""
    strike: Decimal | None = None
    put_call: str = ""
    currency: str = ""
    price: Decimal | None = None
    proceeds: Decimal | None = None
    realized: Decimal | None = None
    trade_id: str = ""


class PositionTold(Struct, frozen=True, kw_only=True):
    """A position at the end of a day as a statement tells it. `cost_price` is IB's average cost, in the unit of the
    quotes; None = not told.
    """

    account: str
    day: str
    con_id: int
    quantity: Decimal
    model: str = ""
    symbol: str = ""
    sec_type: str = ""
    currency: str = ""
    cost_price: Decimal | None = None
    mark_price: Decimal | None = None
    multiplier: Decimal | None = None
    fx_rate: Decimal | None = None
    base_currency: str = ""
    statement_id: str = ""


class NavDay(Struct, frozen=True):
    """The net asset value that a statement tells for the end of a trade date (YYYYMMDD), in `currency`."""

    account: str
    day: str
    total: Decimal
    currency: str = ""
    model: str = ""


class PositionSeen(Struct, frozen=True):
    """What the broker said is held, noted when it changed; `avg_cost` is money of one unit, None = not known."""

    account: str
    con_id: int
    local_symbol: str
    sec_type: str
    quantity: float
    avg_cost: float | None
    at_market: float
