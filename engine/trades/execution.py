"""One execution, whoever told it: the API, a Flex statement or a CSV. Decimal throughout; pure.

The journal keeps floats. What came as a decimal text of up to 15 digits is the shortest text of its float, so `exact`
gives back the very number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from engine.bars.hours import UNKNOWN_HOURS
from engine.bars.trading_day import trading_days
from engine.domain import ContractRef, Fill, Opening, root_of
from engine.journal.rows import NO_TRADES, SOURCE_API, FillFacts, FillRow, Kind, State
from engine.portfolio.fills import is_heading
from engine.portfolio.valuation import PERCENT_QUOTED, terms_of

ZERO = Decimal(0)
_WHOLE = 1e15
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2199
Source = Literal["api", "flex", "csv"]


class Contract(NamedTuple):
    """What trips are kept apart by: `contract` is the con_id, or where a source has none, its names in one text."""

    account: str
    model: str
    contract: str


class Execution(Struct, frozen=True, kw_only=True):
    """One fill, or a row that changed a position without one (see `kind`).

    `quantity` is signed: bought positive. `price` is in the unit of the quotes; `per_point` money in `currency` of one
    unit of quantity at a quote of 1, None = the contract's details are not known, and neither is the money.
    `commission` and `taxes` are costs positive, rebates negative; a commission of None has not been reported yet.
    `fx_rate` turns `currency` into `base_currency` and `commission_rate` the commission's, both at the transaction;
    None = not known. `time` is UTC epoch seconds of the market clock; `is_time_known` False: the exchange's could not
    be read. `trade_date` YYYYMMDD. `ib_realized`: IB's own figure, a check and never the source.
    """

    account: str
    id: str
    time: float
    quantity: Decimal
    price: Decimal
    currency: str
    con_id: int = 0  # 0 = the source does not tell it
    model: str = ""
    symbol: str = ""
    local_symbol: str = ""
    sec_type: str = ""
    multiplier: Decimal | None = None
    magnifier: Decimal | None = None
    per_point: Decimal | None = None
    commission: Decimal | None = None
    commission_currency: str = ""  # "" = the contract's
    taxes: Decimal = ZERO
    trade_date: str = ""
    is_time_known: bool = True
    kind: Kind = "trade"
    state: State | Literal["superseded", "busted"] = "in force"
    superseded_by: str | None = None
    source: Source = "api"
    is_order_level: bool = False  # stands for all executions of its order
    codes: tuple[str, ...] = ()
    opening: Opening | None = None  # what IB or the statement says; None = not told
    fx_rate: Decimal | None = None
    base_currency: str = ""
    commission_rate: Decimal | None = None
    exchange: str = ""
    order_ref: str = ""
    perm_id: int | None = None
    cum_quantity: Decimal | None = None  # what of its order was filled with it, as the API tells it
    liquidation: bool = False
    price_pending: bool = False
    underlying_con_id: int | None = None
    underlying_symbol: str = ""
    expiry: str = ""
    strike: Decimal | None = None
    put_call: str = ""
    transaction_id: str = ""
    trade_id: str = ""
    ib_order_id: str = ""
    orig_transaction_id: str = ""
    orig_trade_id: str = ""
    settle_date: str = ""
    report_date: str = ""
    ib_realized: Decimal | None = None
    statement_id: str = ""
    remark: str = ""

    @property
    def key(self) -> Contract:
        return Contract(self.account, self.model, str(self.con_id) if self.con_id else self._names)

    @property
    def root(self) -> str:
        """The id without the number of its correction: what notes hold on to."""
        return root_of(self.id)

    @property
    def order(self) -> str:
        """What the fills of one order share within their source; "" = not told. API and statement number apart."""
        if self.perm_id is not None:
            return f"perm {self.perm_id}"
        return f"flex {self.ib_order_id}" if self.ib_order_id else ""

    @property
    def name(self) -> str:
        return self.local_symbol or self.symbol or str(self.con_id)

    @property
    def side(self) -> Literal["BOT", "SLD"]:
        return "BOT" if self.quantity > 0 else "SLD"

    @property
    def is_trade(self) -> bool:
        """Something was dealt, or came of an option: no transfer, split or other change of the position."""
        return self.kind not in NO_TRADES

    @property
    def is_currency(self) -> bool:
        """A conversion, which is in no statistic unless it is asked for."""
        return self.sec_type == "CASH"

    @property
    def value(self) -> Decimal | None:
        """quantity x price in `currency`, signed: what was paid positive; None = not known."""
        return None if self.per_point is None else self.quantity * self.price * self.per_point

    @property
    def fee(self) -> Decimal | None:
        """Commission and taxes in `currency`. None = not reported yet, or in a currency whose rate is not known."""
        if self.commission is None:
            return None
        if self.commission_currency in ("", self.currency) or not self.commission:
            return self.commission + self.taxes
        rate = self.rate_of_commission
        if rate is None or not self.fx_rate:
            return None
        return self.commission * rate / self.fx_rate + self.taxes

    @property
    def fee_base(self) -> Decimal | None:
        """The same in `base_currency`, each part by the rate of its own currency."""
        if self.commission is None:
            return None
        rate = self.rate_of_commission
        if (rate is None and self.commission) or (self.rate is None and self.taxes):
            return None
        return self.commission * (rate or ZERO) + self.taxes * (self.rate or ZERO)

    @property
    def rate(self) -> Decimal | None:
        """`currency` into the base; 1 where they are the same."""
        return Decimal(1) if self.base_currency and self.currency == self.base_currency else self.fx_rate

    @property
    def rate_of_commission(self) -> Decimal | None:
        if self.commission_currency in ("", self.currency):
            return self.rate
        return Decimal(1) if self.commission_currency == self.base_currency else self.commission_rate

    @property
    def _names(self) -> str:
        strike = "" if self.strike is None else f"{self.strike.normalize():f}"
        parts = (self.symbol or self.local_symbol, self.sec_type, self.currency, self.expiry, strike, self.put_call)
        return " ".join(part for part in parts if part)


@lru_cache(maxsize=16_384)
def date_of(text: str) -> date | None:
    """Of YYYYMMDD; None = it is none, or one around which weeks and months are no dates any more."""
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        return None
    try:
        found = date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None
    return found if FIRST_YEAR <= found.year <= LAST_YEAR else None


def trade_date_at(sec_type: str, time: float) -> str:
    """YYYYMMDD of a moment by the rule of its kind of contract, where nobody told the date."""
    return f"{trading_days(sec_type, UNKNOWN_HOURS, '').of(time):%Y%m%d}"


def exact(value: float) -> Decimal:
    """The shortest decimal that means this float."""
    whole = int(value) if -_WHOLE < value < _WHOLE else 0
    return Decimal(whole) if whole == value else Decimal(repr(float(value)))


def execution_of(row: FillRow) -> Execution:
    """A row of the journal as an execution, in force or not."""
    fill, facts = row.fill, row.facts
    return Execution(
        account=fill.account,
        id=fill.exec_id,
        time=fill.time_market,
        quantity=exact(fill.quantity) if fill.side == "BOT" else -exact(fill.quantity),
        price=exact(fill.price),
        currency=fill.currency,
        con_id=fill.con_id,
        model=fill.model,
        symbol=facts.symbol,
        local_symbol=fill.local_symbol,
        sec_type=fill.sec_type,
        multiplier=_maybe(fill.multiplier),
        magnifier=_maybe(fill.price_magnifier),
        per_point=_per_point(row),
        commission=_maybe(fill.commission),
        commission_currency=fill.commission_currency,
        taxes=_maybe(facts.taxes) or ZERO,
        trade_date=fill.trade_date or trade_date_at(fill.sec_type, fill.time_market),
        is_time_known=fill.time_kind == "exchange",
        kind=facts.kind,
        state=_state_of(row),
        superseded_by=row.superseded_by,
        source=row.source if row.source in ("flex", "csv") else SOURCE_API,  # type: ignore[arg-type]
        is_order_level=facts.order_level,
        codes=facts.codes,
        opening=fill.opening,
        fx_rate=_maybe(facts.fx_rate_to_base),
        base_currency=facts.base_currency,
        commission_rate=_maybe(facts.commission_rate_to_base),
        exchange=fill.exchange,
        order_ref=fill.order_ref,
        perm_id=fill.perm_id,
        cum_quantity=_maybe(fill.cum_quantity),
        liquidation=fill.liquidation,
        price_pending=fill.price_pending,
        underlying_con_id=facts.underlying_con_id,
        underlying_symbol=facts.underlying_symbol,
        expiry=facts.expiry,
        strike=_maybe(facts.strike),
        put_call=facts.put_call,
        transaction_id=facts.transaction_id,
        trade_id=facts.trade_id,
        ib_order_id=facts.ib_order_id,
        orig_transaction_id=facts.orig_transaction_id,
        orig_trade_id=facts.orig_trade_id,
        settle_date=facts.settle_date,
        report_date=facts.report_date,
        ib_realized=_maybe(facts.statement_realized if facts.statement_realized is not None else fill.realized_pnl),
        statement_id=facts.statement_id,
        remark=facts.remark,
    )


def row_of(execution: Execution) -> FillRow:
    """The journal's row of a statement's execution; what only the API tells is empty in it."""
    e = execution
    return FillRow(
        fill=Fill(
            exec_id=e.id,
            con_id=e.con_id,
            local_symbol=e.local_symbol,
            side=e.side,
            quantity=float(abs(e.quantity)),
            price=float(e.price),
            time_market=e.time,
            exchange=e.exchange,
            commission=_number(e.commission),
            account=e.account,
            sec_type=e.sec_type,
            currency=e.currency,
            commission_currency=e.commission_currency,
            trade_date=e.trade_date,
            time_kind="exchange" if e.is_time_known else "received",
            model=e.model,
            multiplier=_number(e.multiplier),
            price_magnifier=_number(e.magnifier),
            perm_id=e.perm_id,
            cum_quantity=_number(e.cum_quantity),
            order_ref=e.order_ref,
            liquidation=e.liquidation,
            opening=e.opening,
            price_pending=e.price_pending,
        ),
        superseded_by=e.superseded_by,
        source=e.source,
        facts=FillFacts(
            kind=e.kind,
            state="in force" if e.state == "superseded" or e.state == "busted" else e.state,
            order_level=e.is_order_level,
            taxes=_number(e.taxes) if e.taxes else None,
            fx_rate_to_base=_number(e.fx_rate),
            base_currency=e.base_currency,
            commission_rate_to_base=_number(e.commission_rate),
            codes=e.codes,
            symbol=e.symbol,
            underlying_con_id=e.underlying_con_id,
            underlying_symbol=e.underlying_symbol,
            expiry=e.expiry,
            strike=_number(e.strike),
            put_call=e.put_call,
            transaction_id=e.transaction_id,
            trade_id=e.trade_id,
            ib_order_id=e.ib_order_id,
            orig_transaction_id=e.orig_transaction_id,
            orig_trade_id=e.orig_trade_id,
            settle_date=e.settle_date,
            report_date=e.report_date,
            statement_realized=_number(e.ib_realized),
            statement_id=e.statement_id,
            remark=e.remark,
        ),
    )


def executions_of(rows: Iterable[FillRow]) -> tuple[Execution, ...]:
    """All of them in the order in which they count: by time, equal times by id. No headings of combinations.

    The base currency of an account is told by some of its rows; those that do not tell it have the same. What stands in
    for executions that are not here is for `standing.py` to decide.
    """
    found = [execution_of(row) for row in rows if not is_heading(row.fill)]
    bases: dict[str, set[str]] = defaultdict(set)
    for e in found:
        if e.base_currency:
            bases[e.account].add(e.base_currency)
    only = {account: next(iter(names)) for account, names in bases.items() if len(names) == 1}
    found = [
        e if e.base_currency or e.account not in only else replace(e, base_currency=only[e.account]) for e in found
    ]
    return tuple(sorted(found, key=in_order))


def in_order(execution: Execution) -> tuple[float, str, str]:
    return (execution.time, execution.id, execution.account)


def in_force(executions: Iterable[Execution]) -> tuple[Execution, ...]:
    """Those that make up the position: none corrected, busted, cancelled, withdrawn or covered."""
    return tuple(sorted((e for e in executions if e.state == "in force"), key=in_order))


def _state_of(row: FillRow) -> State | Literal["superseded", "busted"]:
    if row.superseded_by is not None:
        return "superseded"
    if row.facts.state == "in force" and row.fill.quantity == 0.0:
        return "busted"
    return row.facts.state


def _per_point(row: FillRow) -> Decimal | None:
    """As `valuation.terms_of` decides, without its floats; a statement has told the multiplier.

    Of what is quoted in per cent of par the API does not tell what a quantity of 1 is.
    """
    fill = row.fill
    if row.source != SOURCE_API or (row.facts.statement_id and fill.sec_type in PERCENT_QUOTED):
        return exact(fill.multiplier) / exact(fill.price_magnifier or 1.0) if fill.multiplier else None
    contract = ContractRef(
        fill.con_id, fill.local_symbol, fill.local_symbol, fill.sec_type, currency=fill.currency,
        price_magnifier=fill.price_magnifier,
    )  # fmt: skip
    if not fill.currency or terms_of(contract) is None:
        return None
    return exact(fill.multiplier or 1.0) / exact(fill.price_magnifier or 1.0)


def _maybe(value: float | None) -> Decimal | None:
    return None if value is None else exact(value)


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
