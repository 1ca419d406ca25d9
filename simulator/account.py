"""One account's book: what it began with, its fills, and what both come to. Pure; Decimal from text to text.

Positions, costs, realised results and cash are always made anew from the opening and the fills that are valid, so a
fill that the exchange corrects needs no undoing. Amounts are in the contract's currency unless a name says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from simulator.model import Instrument, Opening, QuoteState, mark_of

ZERO = Decimal(0)
_COST_GRID = Decimal("0.00000001")
_CASH_SETTLED = frozenset({"FUT", "CFD"})  # cost no money, their result becomes cash
_ZERO_IS_NOTHING = frozenset({"STK", "WAR"})

Clock = Literal["zone", "utc", "abbreviated", "unknown"]  # how an execution's time is written


def exact(value: float) -> Decimal:
    """The shortest decimal that means this float."""
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def money_factor(instrument: Instrument) -> Decimal:
    """Money that one unit of quantity is worth at a quote of 1."""
    if instrument.money_factor:
        return Decimal(instrument.money_factor)
    return Decimal(instrument.multiplier or "1") / instrument.price_magnifier


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution, or with `exec_id` "" a change of position that has none (assignment, transfer).

    `shares` is signed, `price` a quote. `commission` is in `commission_currency` ("" = the contract's) and
    `commission_local` the same in the contract's; what an opening fill costs is part of its average cost.
    `cost_after` = the average cost is set to this. `leg_of` names the combination's fill.
    """

    exec_id: str
    order_id: int
    con_id: int
    time: float
    shares: Decimal
    price: Decimal
    commission: Decimal
    commission_local: Decimal
    commission_currency: str = ""
    cost_after: Decimal | None = None
    clock: Clock = "zone"
    cum_quantity: Decimal | None = None
    average_price: Decimal | None = None
    leg_of: str = ""
    is_heading: bool = False  # changes nothing: of a combination, or an advisor's order that its clients share
    is_allocated: bool = False  # the heading is an advisor's order

    @property
    def key(self) -> str:
        """What all versions of one execution share: the id up to its last dot."""
        return self.exec_id.rpartition(".")[0] or self.exec_id


@dataclass(frozen=True, slots=True)
class Lot:
    """What is held of one contract. `avg_cost` None = unset."""

    quantity: Decimal
    avg_cost: Decimal | None


@dataclass(frozen=True, slots=True)
class Settled:
    """A fill with what it realised, commission included; None = it opened the position or the cost is unset."""

    fill: Fill
    realized: Decimal | None


@dataclass(frozen=True, slots=True)
class Track:
    """One contract's way from the opening to now. `cash` is what the fills moved, by currency."""

    lot: Lot
    settled: tuple[Settled, ...]
    cash: dict[str, Decimal]


def follow(instrument: Instrument, opening: Lot, fills: Iterable[Fill]) -> Track:
    """Apply the fills in their order."""
    lot = opening
    settled: list[Settled] = []
    cash: dict[str, Decimal] = {}
    for fill in fills:
        if fill.is_heading:
            settled.append(Settled(fill, None))
            continue
        lot, realized = _apply(instrument, lot, fill)
        settled.append(Settled(fill, realized))
        for currency, amount in _cash_moves(instrument, fill, realized):
            cash[currency] = cash.get(currency, ZERO) + amount
    return Track(lot, tuple(settled), cash)


def _apply(instrument: Instrument, lot: Lot, fill: Fill) -> tuple[Lot, Decimal | None]:
    money = fill.price * money_factor(instrument)
    quantity = lot.quantity + fill.shares
    realized, cost = None, lot.avg_cost
    if lot.quantity * fill.shares < 0:
        closed = min(abs(fill.shares), abs(lot.quantity)) * (1 if lot.quantity > 0 else -1)
        if cost is not None:
            realized = closed * (money - cost) - fill.commission_local
        if quantity * lot.quantity < 0:
            cost = money
    elif cost is not None and quantity:
        spent = lot.quantity * cost + fill.shares * money + fill.commission_local
        cost = (spent / quantity).quantize(_COST_GRID)
    if fill.cost_after is not None:
        cost = fill.cost_after
    return Lot(quantity, cost if quantity else ZERO), realized


def _cash_moves(instrument: Instrument, fill: Fill, realized: Decimal | None) -> list[tuple[str, Decimal]]:
    currency = instrument.currency
    if instrument.sec_type in _CASH_SETTLED:
        opened = -fill.commission_local if fill.cost_after is not None else ZERO
        return [(currency, opened if realized is None else realized)]
    moves = [(currency, -fill.shares * fill.price * money_factor(instrument))]
    moves.append((fill.commission_currency or currency, -fill.commission))
    if instrument.sec_type == "CASH":
        moves.append((instrument.symbol, fill.shares))
    return moves


@dataclass(frozen=True, slots=True)
class Valued:
    """A position at the market, in money of the contract's currency.

    `mark` is the quote that values it, `price` the same in money of one unit. None = nothing is known: it counts for
    nothing. `closed` = the quantity is 0 and only the day's results are left.
    """

    instrument: Instrument
    quantity: Decimal
    avg_cost: Decimal | None
    mark: Decimal | None
    price: Decimal | None
    value: Decimal
    unrealized: Decimal | None
    realized: Decimal
    daily: Decimal | None
    traded: bool

    @property
    def closed(self) -> bool:
        return not self.quantity

    @property
    def liquid_value(self) -> Decimal:
        """Its part in the net liquidation value: futures and CFDs count by their result, currencies are cash."""
        kind = self.instrument.sec_type
        if kind in _CASH_SETTLED:
            return self.unrealized or ZERO
        return ZERO if kind in ("CASH", "SLB") else self.value


def value_position(instrument: Instrument, lot: Lot, quote: QuoteState | None, today: Iterable[Settled]) -> Valued:
    """One position at the market; `today` are the fills of its trade date."""
    today = [one for one in today if not one.fill.is_heading]
    mark_float = mark_of(quote)
    if mark_float == 0.0 and instrument.sec_type in _ZERO_IS_NOTHING:
        mark_float = None
    realized = sum((one.realized or ZERO for one in today), ZERO)
    traded = bool(today)
    if mark_float is None:
        return Valued(instrument, lot.quantity, lot.avg_cost, None, None, ZERO,
                      None if lot.quantity and lot.avg_cost is None else ZERO, realized, None, traded)  # fmt: skip
    mark, factor = exact(mark_float), money_factor(instrument)
    value = lot.quantity * mark * factor
    unrealized = None if lot.avg_cost is None else value - lot.quantity * lot.avg_cost
    close = None if quote is None or quote.close is None else exact(quote.close)
    daily = None if close is None else _daily(lot.quantity, mark, close, factor, today)
    price = mark * factor / Decimal(instrument.multiplier or "1")
    return Valued(instrument, lot.quantity, lot.avg_cost, mark, price, value, unrealized, realized, daily, traded)


def _daily(quantity: Decimal, mark: Decimal, close: Decimal, factor: Decimal, today: list[Settled]) -> Decimal:
    """Against the prior close for what was held then, against the fill for what was traded since."""
    held_at_close = quantity - sum((one.fill.shares for one in today), ZERO)
    traded = sum(
        (one.fill.shares * (mark - one.fill.price) * factor - one.fill.commission_local for one in today), ZERO
    )
    return held_at_close * (mark - close) * factor + traded


class Book:
    """One account's positions, fills and cash. `instrument` gives the contract of a con_id that the book knows."""

    def __init__(self, opening: Opening, instrument: Callable[[int], Instrument]) -> None:
        self.account, self.base = opening.account, opening.base
        self._opening = {one.con_id: Lot(exact(one.quantity), _cost(one.avg_cost)) for one in opening.holdings}
        self._cash = dict(opening.cash)
        self._instrument = instrument
        self._fills: dict[int, list[Fill]] = {}
        self._tracks: dict[int, Track] = {}

    # reading

    def track(self, con_id: int) -> Track:
        """The contract's way so far; an empty one for what was never held."""
        found = self._tracks.get(con_id)
        if found is None:
            opening = self._opening.get(con_id, Lot(ZERO, ZERO))
            found = follow(self._instrument(con_id), opening, self._fills.get(con_id, ()))
            self._tracks[con_id] = found
        return found

    def con_ids(self) -> list[int]:
        """Everything that was ever held or traded, in the order in which it came."""
        return list(dict.fromkeys([*self._opening, *self._fills]))

    def held(self) -> list[int]:
        return [con_id for con_id in self.con_ids() if self.holds(con_id)]

    def holds(self, con_id: int) -> bool:
        return bool(self.lot(con_id).quantity)

    def lot(self, con_id: int) -> Lot:
        if con_id not in self._opening and con_id not in self._fills:
            return Lot(ZERO, ZERO)
        return self.track(con_id).lot

    def fills(self) -> list[Settled]:
        """Every valid execution in the order of its time; changes of position without one are not in it."""
        found = [one for con_id in self.con_ids() for one in self.track(con_id).settled if one.fill.exec_id]
        return sorted(found, key=lambda one: (one.fill.time, one.fill.exec_id))

    def executions(self) -> int:
        """How many there are, corrected ones counted once."""
        return sum(bool(fill.exec_id) for fills in self._fills.values() for fill in fills)

    def cash(self) -> dict[str, Decimal]:
        """By currency, the base first."""
        total = {self.base: ZERO, **self._cash}
        for con_id in self.con_ids():
            for currency, amount in self.track(con_id).cash.items():
                total[currency] = total.get(currency, ZERO) + amount
        return total

    # changing

    def add(self, fill: Fill) -> Settled:
        """A new fill, the last of its contract."""
        self._fills.setdefault(fill.con_id, []).append(fill)
        self._tracks.pop(fill.con_id, None)
        return self.track(fill.con_id).settled[-1]

    def correct(self, fill: Fill) -> Settled:
        """The fill takes the place of the one with the same key. Raises KeyError when there is none."""
        fills = self._fills.get(fill.con_id, [])
        for place, old in enumerate(fills):
            if old.exec_id and old.key == fill.key:
                fills[place] = fill
                self._tracks.pop(fill.con_id, None)
                return self.track(fill.con_id).settled[place]
        raise KeyError(fill.exec_id)

    def open_before(self, fill: Fill) -> None:
        """A fill that the opening already contains: the opening becomes what it was before it."""
        after = self._opening[fill.con_id]
        self._opening[fill.con_id] = Lot(after.quantity - fill.shares, after.avg_cost)
        self.add(replace(fill, cost_after=after.avg_cost))
        for currency, amount in self.track(fill.con_id).cash.items():
            self._cash[currency] = self._cash.get(currency, ZERO) - amount

    def split(self, con_id: int, ratio: Decimal) -> None:
        """`ratio` shares for one: what was held and traded is told in new shares, its money stays."""
        if con_id in self._opening:
            lot = self._opening[con_id]
            self._opening[con_id] = Lot(lot.quantity * ratio, _divided(lot.avg_cost, ratio))
        self._fills[con_id] = [
            replace(
                fill,
                shares=fill.shares * ratio,
                price=fill.price / ratio,
                cost_after=_divided(fill.cost_after, ratio),
                cum_quantity=None if fill.cum_quantity is None else fill.cum_quantity * ratio,
                average_price=_divided(fill.average_price, ratio),
            )
            for fill in self._fills.get(con_id, [])
        ]
        self._tracks.pop(con_id, None)

    def set_position(
        self, con_id: int, quantity: Decimal, avg_cost: Decimal | None, price: Decimal, now: float, number: int
    ) -> Settled | None:
        """Makes the position what is asked; a change of quantity is a fill at `price`. None = nothing changed hands."""
        shares = quantity - self.lot(con_id).quantity
        exec_id = f"0000e0d5.{number:08x}.01.01" if shares else ""
        commission = Decimal(1) if shares else ZERO
        fill = Fill(exec_id, 100 + number, con_id, now, shares, price, commission, commission, cost_after=avg_cost)
        settled = self.add(fill)
        return settled if shares else None


def _divided(value: Decimal | None, ratio: Decimal) -> Decimal | None:
    return None if value is None else (value / ratio).quantize(_COST_GRID)


def _cost(avg_cost: float | None) -> Decimal | None:
    return None if avg_cost is None else exact(avg_cost)
