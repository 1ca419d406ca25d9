"""What one position is worth now: our own mark, else what IB says, in the contract's currency. Engine thread only."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct, field, structs

from engine.broker.port import PortfolioMark, PositionPnl
from engine.domain import ContractInfo, ContractRef, PositionRecord, Quote
from engine.portfolio import valuation
from engine.portfolio.comparison import Comparison, Recent
from engine.portfolio.sums import Part
from engine.portfolio.valuation import Mark, Terms, terms_of
from engine.state.sections import Lack

Key = tuple[str, int]  # account, con_id
_TELLS = 0.05  # two currencies so far apart can be told by a value
_NO_UNIT = "unit of its quotes not known"


class Market(Struct, frozen=True):
    """What the manager looks up for a position: newest quote, closes of the last minutes, whether it has a line."""

    quote: Callable[[int], Quote | None]
    closes: Callable[[int, int], Sequence[float | None]]  # (con_id, n minutes): None = gap, oldest first
    has_line: Callable[[int], bool]
    is_silent: Callable[[int], bool] = lambda con_id: False  # its line brings nothing though it should
    refusal: Callable[[int], str] = lambda con_id: ""  # why TWS gives it no line now
    farms_down: Callable[[int], str] = lambda con_id: ""  # that fell since its last price, by name


class Held(Struct):
    """One position as far as the broker told it."""

    record: PositionRecord
    terms: Terms | None
    info: ContractInfo | None = None
    par_known: bool = False  # terms of a bond by IB's value, not only by its cost
    mark: PortfolioMark | None = None
    mark_wall: float | None = None
    pnl: PositionPnl | None = None
    pnl_wall: float | None = None
    filtered: tuple[str, str] | None = None  # (kind, reason)
    comparison: Comparison = Comparison()
    recent: Recent = field(default_factory=Recent)

    @property
    def key(self) -> Key:
        return self.record.account, self.record.contract.con_id


class Worth(Struct, frozen=True):
    """What a position is worth: `price` in quotes, the rest in the contract's currency. `kind` None = nobody knows."""

    price: float | None
    kind: str | None
    at_wall: float | None
    unrealized: float | None
    exposure: float | None


class Appraiser:
    """Values positions; learns from them in which currency reqPnLSingle speaks on this connection.

    `rate(account, currency, target)` gives units of `target` for one of `currency`; `base(account)` the account's own
    currency, "" while unknown.
    """

    def __init__(
        self, market: Market, rate: Callable[[str, str, str], float | None], base: Callable[[str], str]
    ) -> None:
        self._market = market
        self._rate = rate
        self._base = base
        self._singles_in_base: bool | None = None  # None = no position has told

    def reset_connection(self) -> None:
        """Another session of the broker may speak otherwise."""
        self._singles_in_base = None

    def part(self, held: Held, target: str) -> Part:
        """One position's share of the sums in `target`."""
        contract = held.record.contract
        worth = self.worth(held)
        rate = self._rate(held.record.account, contract.currency, target)
        quote = self._market.quote(contract.con_id)
        is_own = worth.kind not in (None, "portfolio")
        daily = self.single(held).daily
        basis = (
            worth.exposure if worth.exposure is not None else abs(held.record.quantity * (held.record.avg_cost or 0))
        )
        return Part(
            local_symbol=contract.local_symbol,
            unrealized=None if worth.unrealized is None or rate is None else worth.unrealized * rate,
            exposure=None if worth.exposure is None or rate is None else worth.exposure * rate,
            daily=None if daily is None or rate is None else daily * rate,
            basis=basis * (rate or 0.0),
            at_wall=worth.at_wall,
            is_own=is_own,
            is_live=is_own and quote is not None and quote.data_type == "live",
            lacks=_lacks(held, worth, rate),
        )

    def mark(self, held: Held) -> Mark:
        """Our own mark; none for a filtered position, and none while the unit of its quotes is not known."""
        if held.filtered is not None:
            return valuation.NO_MARK
        con_id = held.record.contract.con_id
        quote = self._market.quote(con_id)
        if quote is not None and self._market.is_silent(con_id) and self._is_valued_since(held, quote.received_wall):
            return valuation.NO_MARK
        mark = valuation.mark_of(quote)
        if held.record.contract.sec_type in valuation.PERCENT_QUOTED and not held.par_known:
            value = self._value_of_one(held)
            held.terms = valuation.percent_terms(held.record.contract, mark.price, value, held.record.avg_cost)
            held.par_known = value is not None and held.terms is not None
        return mark if held.terms is not None else valuation.NO_MARK

    def _is_valued_since(self, held: Held, wall: float) -> bool:
        """IB has valued it after that moment."""
        return any(at is not None and at > wall for at in (held.mark_wall, held.pnl_wall))

    def _value_of_one(self, held: Held) -> float | None:
        """What IB says one unit of quantity is worth."""
        if held.mark is not None and held.mark.market_value and held.mark.quantity:
            return held.mark.market_value / held.mark.quantity
        if held.pnl is not None and held.pnl.value:
            return held.pnl.value / (held.pnl.quantity or held.record.quantity)
        return None

    def own_pnl(self, held: Held) -> float | None:
        mark = self.mark(held)
        if mark.kind == "close":
            return None
        return valuation.unrealized_pnl(held.record.quantity, mark.price, held.terms, held.record.avg_cost)

    def tick(self, held: Held) -> float:
        """Money of one tick of the whole position, at least a cent."""
        tick = valuation.tick_value(held.info.min_tick if held.info else None, held.terms)
        return max(0.01, abs(held.record.quantity) * (tick or 0.01))

    def single(self, held: Held) -> PositionPnl:
        """reqPnLSingle's figures in the contract's currency.

        IB says nowhere whether they are in that or in the account's base currency: the position's value tells. Where
        neither our mark nor the portfolio updates are there to tell, other positions' have told, else the contract's is
        taken.
        """
        pnl, contract = held.pnl, held.record.contract
        if pnl is None:
            return PositionPnl(contract.con_id, None, None, None, None, held.record.account)
        rate = self._rate(held.record.account, contract.currency, self._base(held.record.account))
        known = self._known_value(held)
        if rate is None or rate == 1.0:
            return pnl
        if known and pnl.value:
            in_base = abs(pnl.value - known) > abs(pnl.value - known * rate)
            if abs(rate - 1.0) > _TELLS:
                self._singles_in_base = in_base
        else:
            in_base = bool(self._singles_in_base)
        if not in_base:
            return pnl
        daily, unrealized, realized, value = (
            None if money is None else money / rate for money in (pnl.daily, pnl.unrealized, pnl.realized, pnl.value)
        )
        return structs.replace(pnl, daily=daily, unrealized=unrealized, realized=realized, value=value)

    def _known_value(self, held: Held) -> float | None:
        """Value of what reqPnLSingle's figures are of, by our own mark, else by the portfolio updates."""
        mark, terms = self.mark(held), held.terms
        quantity = held.record.quantity
        if held.pnl is not None and held.pnl.quantity is not None:
            quantity = held.pnl.quantity
        if mark.price is not None and terms is not None:
            return quantity * mark.price * terms.per_point
        return _scaled(held.mark.market_value, held.mark.quantity, quantity) if held.mark else None

    def worth(self, held: Held) -> Worth:
        """Our own mark, else what IB says the position is worth, labelled so."""
        record, terms = held.record, held.terms
        mark = self.mark(held)
        if mark.price is not None:
            return Worth(
                mark.price,
                mark.kind,
                mark.at_wall,
                valuation.unrealized_pnl(record.quantity, mark.price, terms, record.avg_cost),
                valuation.exposure(record.quantity, mark.price, terms),
            )
        value, unrealized, at_wall = self.ib_valuation(held)
        if value is None and unrealized is None:
            return Worth(None, None, None, None, None)
        if unrealized is None and value is not None and record.avg_cost is not None:
            unrealized = value - record.quantity * record.avg_cost
        if value is None and unrealized is not None and record.avg_cost is not None:
            value = unrealized + record.quantity * record.avg_cost
        price = valuation.implied_price(record.quantity, value, terms)
        if record.avg_cost is None:
            unrealized = None
        return Worth(price, "portfolio", at_wall, unrealized, None if value is None else abs(value))

    def ib_valuation(self, held: Held) -> tuple[float | None, float | None, float | None]:
        """(market value, unrealized, wall) of IB, the newer of its two; scaled to the quantity held now.

        A value of a position whose cost IB does not know still says what it is worth.
        """
        single, mark = self.single(held), held.mark
        newest = held.mark_wall is None or (held.pnl_wall or 0.0) >= held.mark_wall
        if single.value is not None and newest:
            if single.quantity in (None, held.record.quantity):
                return single.value, single.unrealized, held.pnl_wall
            if (value := _scaled(single.value, single.quantity, held.record.quantity)) is not None:
                return value, None, held.pnl_wall
        if mark is None:
            return None, None, None
        if mark.quantity == held.record.quantity or not mark.quantity:
            return mark.market_value, mark.unrealized_pnl, held.mark_wall
        value = _scaled(mark.market_value, mark.quantity, held.record.quantity)
        return value, None, None if value is None else held.mark_wall


def _lacks(held: Held, worth: Worth, rate: float | None) -> tuple[Lack, ...]:
    """Why this position is missing from a sum, or () when it is in all of them."""
    contract = held.record.contract
    if worth.kind is None:
        return (Lack(contract.local_symbol, _NO_UNIT if held.terms is None else "no price"),)
    if rate is None:
        return (Lack(contract.local_symbol, f"no exchange rate for {contract.currency}"),)
    if held.record.avg_cost is None:
        return (Lack(contract.local_symbol, "cost unknown"),)
    return () if worth.unrealized is not None else (Lack(contract.local_symbol, "no valuation from IB"),)


def contract_terms(contract: ContractRef, info: ContractInfo | None) -> Terms | None:
    """By the contract as the position names it; where that has no details, by these."""
    return terms_of(contract if contract.price_magnifier is not None or info is None else info.contract)


def _scaled(money: float | None, quantity: float | None, to_quantity: float) -> float | None:
    """What `quantity` is worth, of another quantity; None = of nothing nothing can be said."""
    return None if money is None or not quantity else money / quantity * to_quantity
