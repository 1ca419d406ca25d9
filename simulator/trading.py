"""Trades that happen at the simulated broker: asked for by the control port, or by themselves at an interval.

What is traded follows from the seed and the number of the trade alone. The odd kinds are those that clients were seen
to get wrong: corrections, commissions that come first or late, strange times, combinations, changes without execution.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal, get_args

from simulator.account import ZERO, Book, Clock, Fill, Settled, exact
from simulator.account_desk import AccountDesk
from simulator.hours import is_open
from simulator.hub import Hub
from simulator.model import Instrument
from simulator.orders_desk import OrdersDesk

TradeKind = Literal[
    "plain", "partial", "corrected", "commission_first", "commission_late", "commission_pending",
    "utc_time", "abbreviated_zone", "unknown_zone", "combination", "assignment", "allocation",
]  # fmt: skip
KINDS: tuple[TradeKind, ...] = get_args(TradeKind)
_CLOCKS: dict[str, Clock] = {"utc_time": "utc", "abbreviated_zone": "abbreviated", "unknown_zone": "unknown"}
# Of twelve trades by themselves seven are plain; the rest goes round the odd kinds.
_PLAIN_SHARE = 7 / 12
_UNTRADED = frozenset({"BAG", "SLB"})
LATE_S = 20.0  # wall seconds until a late commission is reported
CORRECTED_S = 4.0
_CENT = Decimal("0.01")
# Money of a unit of quantity at trades by themselves, at most: keeps the account from drifting far.
_MOST_MONEY = Decimal(60_000)
Later = Callable[[float, Callable[[], None]], None]


@dataclass(frozen=True, slots=True)
class Trade:
    """One trade to make. `price` None = at the market."""

    book: Book
    instrument: Instrument
    shares: Decimal
    price: Decimal | None = None
    kind: TradeKind = "plain"


class Trading:
    """Runs in the gateway's loop. `later(seconds, call)` calls once, wall seconds from now."""

    def __init__(self, hub: Hub, account: AccountDesk, orders: OrdersDesk, later: Later) -> None:
        self._hub, self._account, self._orders, self._later = hub, account, orders, later
        self._number = 0
        self._due: float | None = None

    # by themselves

    def tick(self, _wall: float) -> None:
        """The trades that are due; the gateway calls it four times a second. None while the market is held."""
        every_s, now = self._hub.settings.trade_every_s, self._hub.world.now()
        if not every_s or self._hub.held:
            return
        if self._due is None:
            self._due = now + every_s
        while now >= self._due:
            self._due += every_s
            self._number += 1
            trade = self.choose(self._number)
            if trade is not None:
                self.make(trade)

    def choose(self, number: int) -> Trade | None:
        """The trade of that number; None when the contract it falls on is closed or has no price."""
        chance = random.Random(f"{self._hub.settings.seed}-{number}")
        books = [book for book in self._hub.books if book.held()]
        if not books:
            return None
        book = chance.choice(books)
        instrument = self._hub.directory.get(chance.choice(book.con_ids()))
        kind: TradeKind = "plain" if chance.random() < _PLAIN_SHARE else chance.choice(KINDS[1:])
        side, part = chance.choice((-1, 1)), chance.random()
        if instrument is None or not self._is_tradable(instrument):
            return None
        shares = self._quantity(book, instrument, side, part)
        return Trade(book, instrument, shares, None, kind) if shares else None

    def _is_tradable(self, instrument: Instrument) -> bool:
        if instrument.sec_type in _UNTRADED or instrument.behaviour != "normal":
            return False
        hours = self._hub.world.trading_hours(instrument.con_id, liquid=False)
        return is_open(hours, instrument.time_zone_id, self._hub.world.now()) and self._market(instrument) is not None

    def _quantity(self, book: Book, instrument: Instrument, side: int, part: float) -> Decimal:
        """A part of what is usual for the contract; never more than doubles the position."""
        held = book.lot(instrument.con_id).quantity
        unit = Decimal("0.01") if instrument.sec_type == "CRYPTO" else Decimal(1)
        usual = max(abs(held), unit)
        if usual > 10 * unit:
            unit *= 5 if usual < 1000 else 100
        shares = max(unit, (usual * exact(round(part, 3)) / unit).quantize(Decimal(1)) * unit) * side
        grown = abs(held + shares) > max(2 * unit, 4 * usual)
        return -shares if grown else shares

    def _market(self, instrument: Instrument) -> Decimal | None:
        """A price on the grid within the book, else the mark."""
        quote = self._hub.world.quote(instrument.con_id)
        if quote is None:
            return None
        price = quote.mark if quote.mark is not None else quote.last if quote.last is not None else quote.close
        if price is None:
            return None
        tick = exact(instrument.min_tick)
        return (exact(price) / tick).quantize(Decimal(1), ROUND_HALF_EVEN) * tick

    # making

    def make(self, trade: Trade) -> list[Settled]:
        """Fills it and tells the clients. Raises ValueError for a contract without a price."""
        price = self._market(trade.instrument) if trade.price is None else trade.price
        if price is None:
            raise ValueError(f"{trade.instrument.local_symbol} has no price: say one")
        if trade.kind == "assignment":
            made = [self._assign(trade, price)]
        elif trade.kind == "allocation" and len(self._hub.books) > 2:
            return self._allocate(trade, price)
        elif trade.kind == "combination":
            made = self._combine(trade, price)
        elif trade.kind == "partial":
            made = self._part(trade, price)
        else:
            made = [self._single(trade, price)]
        for con_id in dict.fromkeys(one.fill.con_id for one in made):
            self._hub.ledger.position_changed(con_id, self._hub.wall())
            self._account.position_changed(trade.book, con_id)
        return made

    def _fill(self, trade: Trade, shares: Decimal, price: Decimal, number: int, tail: str = "01.01") -> Fill:
        commission, currency = commission_of(trade.instrument, shares, trade.book.base)
        rate = self._hub.rate(currency, trade.book.base) / self._hub.rate(trade.instrument.currency, trade.book.base)
        local = commission if currency == trade.instrument.currency else (commission * rate).quantize(_CENT)
        return Fill(
            exec_id=f"{0xE0D5 + self._hub.books.index(trade.book):08x}.{number:08x}.{tail}",
            order_id=100 + number,
            con_id=trade.instrument.con_id,
            time=float(int(self._hub.world.now())),
            shares=shares,
            price=price,
            commission=commission,
            commission_local=local,
            commission_currency=currency,
            clock=_CLOCKS.get(trade.kind, "zone"),
        )

    def _single(self, trade: Trade, price: Decimal) -> Settled:
        settled = trade.book.add(self._fill(trade, trade.shares, price, self._hub.next_number()))
        exec_id = settled.fill.exec_id
        if trade.kind in ("commission_late", "commission_pending"):
            self._orders.unreported.add(exec_id)
        self._orders.announce(trade.book, settled, commission_first=trade.kind == "commission_first")
        if trade.kind == "commission_late":
            self._later(LATE_S, lambda: self.report_commission(trade.book, exec_id))
        if trade.kind == "corrected":
            tick = exact(trade.instrument.min_tick)
            self._later(CORRECTED_S, lambda: self._correct_later(trade.book, exec_id, price + 2 * tick))
        return settled

    def _part(self, trade: Trade, price: Decimal) -> list[Settled]:
        """One order in two fills, a tick apart; quantities too small to part stay one."""
        unit = Decimal("0.00000001") if trade.instrument.sec_type == "CRYPTO" else Decimal(1)
        first = (trade.shares / 2 / unit).to_integral_value() * unit
        shares = [part for part in (first, trade.shares - first) if part]
        number, done, spent, made = self._hub.next_number(), ZERO, ZERO, []
        for place, part in enumerate(shares):
            at = price + place * exact(trade.instrument.min_tick)
            done, spent = done + abs(part), spent + abs(part) * at
            fill = replace(self._fill(trade, part, at, number + place), order_id=100 + number,
                           cum_quantity=done, average_price=spent / done)  # fmt: skip
            made.append(trade.book.add(fill))
            self._orders.announce(trade.book, made[-1])
        return made

    def _assign(self, trade: Trade, price: Decimal) -> Settled:
        """The position changes, and no execution says so."""
        fill = replace(self._fill(trade, trade.shares, price, 0), exec_id="", commission=ZERO, commission_local=ZERO)
        return trade.book.add(fill)

    def _combine(self, trade: Trade, price: Decimal) -> list[Settled]:
        """A heading of type BAG, which is no trade, and its legs: this contract, and another the other way."""
        number = self._hub.next_number()
        others = [con_id for con_id in trade.book.con_ids() if self._may_be_leg(con_id, trade.instrument)]
        heading = replace(self._fill(trade, trade.shares, price, number), is_heading=True,
                          commission=ZERO, commission_local=ZERO)  # fmt: skip
        legs = [(trade.instrument, trade.shares, price)]
        for con_id in others[:1]:
            other = self._hub.directory.get(con_id)
            at = self._market(other) if other is not None else None
            if other is not None and at is not None:
                legs.append((other, -trade.shares, at))
        made = [trade.book.add(heading)]
        for place, (instrument, shares, at) in enumerate(legs, 2):
            part = replace(trade, instrument=instrument)
            fill = replace(self._fill(part, shares, at, number, f"{place:02d}.01"), order_id=100 + number,
                           leg_of=heading.exec_id)  # fmt: skip
            made.append(trade.book.add(fill))
        for one in made:
            self._orders.announce(trade.book, one)
        return made

    def _allocate(self, trade: Trade, price: Decimal) -> list[Settled]:
        """An advisor's order: its execution at the master, which holds nothing, and a part of it at two clients."""
        master, number = self._hub.books[0], self._hub.next_number()
        others = [book for book in self._hub.books[1:] if book is not trade.book]
        parts = [(trade.book, trade.shares), (others[0], trade.shares)]
        whole = replace(trade, book=master)
        heading = replace(self._fill(whole, 2 * trade.shares, price, number), is_heading=True, is_allocated=True,
                          commission=ZERO, commission_local=ZERO)  # fmt: skip
        made = [(master, master.add(heading))]
        for place, (book, shares) in enumerate(parts, 1):
            fill = replace(self._fill(replace(trade, book=book), shares, price, number + place), order_id=100 + number)
            made.append((book, book.add(fill)))
        self._hub.ledger.position_changed(trade.instrument.con_id, self._hub.wall())
        for book, settled in made:
            self._orders.announce(book, settled)
            self._account.position_changed(book, trade.instrument.con_id)
        return [settled for _, settled in made]

    def _may_be_leg(self, con_id: int, instrument: Instrument) -> bool:
        other = self._hub.directory.get(con_id)
        return (
            other is not None
            and con_id != instrument.con_id
            and (other.sec_type, other.currency) == (instrument.sec_type, instrument.currency)
            and self._is_tradable(other)
        )

    # afterwards

    def report_commission(self, book: Book, exec_id: str) -> None:
        """The report that was held back."""
        for settled in book.fills():
            if settled.fill.exec_id == exec_id:
                self._orders.report(book, settled)

    def _correct_later(self, book: Book, exec_id: str, price: Decimal) -> None:
        if any(one.fill.exec_id == exec_id for one in book.fills()):
            self.correct(book, exec_id, price=price)

    def correct(self, book: Book, exec_id: str, price: Decimal | None = None, shares: Decimal | None = None) -> Settled:
        """The exchange corrects a fill: a new execution, the same id but for the digits after the last dot.

        Raises KeyError when the account has no such fill.
        """
        old = next((one.fill for one in book.fills() if one.fill.exec_id == exec_id), None)
        if old is None:
            raise KeyError(f"no fill {exec_id} in {self._hub.account(book)}")
        fill = replace(
            old,
            exec_id=f"{old.key}.{int(exec_id.rpartition('.')[2]) + 1:02d}",
            price=old.price if price is None else price,
            shares=old.shares if shares is None else shares,
        )
        settled = book.correct(fill)
        self._orders.announce(book, settled)
        self._hub.ledger.position_changed(fill.con_id, self._hub.wall())
        self._account.position_changed(book, fill.con_id)
        return settled


def commission_of(instrument: Instrument, shares: Decimal, base: str) -> tuple[Decimal, str]:
    """What the broker takes, and in which currency: for a currency pair in the account's base."""
    amount = abs(shares)
    if instrument.sec_type == "STK":
        cost = max(Decimal(1), amount * Decimal("0.005"))
    elif instrument.sec_type in ("FUT", "FOP"):
        cost = amount * Decimal("2.37")
    elif instrument.sec_type in ("OPT",):
        cost = max(Decimal(1), amount * Decimal("0.65"))
    elif instrument.sec_type == "CRYPTO":
        cost = Decimal("1.75")
    else:
        cost = Decimal("2.00")
    currency = base if instrument.sec_type == "CASH" else instrument.commission_currency or instrument.currency
    return cost.quantize(_CENT), currency
