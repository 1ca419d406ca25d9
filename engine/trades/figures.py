"""What trades come to: counts, rates and factors of closed trips, net, in one currency that is named. Pure.

A trip is even by its price alone (its gross within a tolerance), else a win or a loss by its net: one that its
commissions turned is a loss. Break-evens and their fees are in every sum and in the expectancy, in no win rate but the
one of all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Literal, NamedTuple

from msgspec import Struct

from engine.clock import NEW_YORK
from engine.trades.execution import ZERO
from engine.trades.trip import ClosingPart, Trip

FEW = 20  # below so many trips a ratio is told with their number
Outcome = Literal["win", "loss", "even"]
GroupName = Literal["symbol", "tag", "hour", "weekday", "side", "type", "account"]
UNTAGGED, UNKNOWN = "no tag", "before the journal"


class Money(NamedTuple):
    """Which money: of contracts in this currency, or with `is_base` of all of them, by the rate of each transaction."""

    currency: str
    is_base: bool = False

    def fits(self, one: Trip | ClosingPart) -> bool:
        return self.currency == (one.base_currency if self.is_base else one.currency)

    def gross(self, one: Trip | ClosingPart) -> Decimal | None:
        return one.gross_base if self.is_base else one.gross

    def fees(self, one: Trip | ClosingPart) -> Decimal | None:
        return one.fees_base if self.is_base else one.fees

    def net(self, one: Trip | ClosingPart) -> Decimal | None:
        return one.net_base if self.is_base else one.net

    def lacks(self, one: Trip | ClosingPart) -> tuple[str, ...]:
        return one.lacks_base if self.is_base else one.lacks


class LeftOut(NamedTuple):
    trip: str
    why: str


class Figures(Struct, frozen=True, kw_only=True):
    """Of `n` closed trips. Ratios are None where there is nothing to divide by: no loss yet, no trip yet.

    `expectancy_r` is of the `with_r` trips where a stop was noted. `pending` trips wait for a commission. `left_out`
    are closed trips whose money is not known in this currency; open ones and those of other currencies are not in it.
    """

    money: Money
    n: int
    wins: int
    losses: int
    even: int
    gross: Decimal
    fees: Decimal
    net: Decimal
    won: Decimal  # net of the wins
    lost: Decimal  # net of the losses, negative
    best: Decimal | None
    worst: Decimal | None
    with_r: int
    sum_r: Decimal
    held_s: float | None  # mean time from the first opening to flat, of those whose opening is known
    pending: int
    left_out: tuple[LeftOut, ...]

    @property
    def is_few(self) -> bool:
        return self.n < FEW

    @property
    def win_rate(self) -> Decimal | None:
        """W / (W + L)"""
        return _ratio(Decimal(self.wins), Decimal(self.wins + self.losses))

    @property
    def win_rate_of_all(self) -> Decimal | None:
        """W / n: break-evens count."""
        return _ratio(Decimal(self.wins), Decimal(self.n))

    @property
    def profit_factor(self) -> Decimal | None:
        """None = no loss yet."""
        return _ratio(self.won, -self.lost)

    @property
    def mean_win(self) -> Decimal | None:
        return _ratio(self.won, Decimal(self.wins))

    @property
    def mean_loss(self) -> Decimal | None:
        return _ratio(self.lost, Decimal(self.losses))

    @property
    def payoff(self) -> Decimal | None:
        """Mean win / |mean loss|"""
        win, loss = self.mean_win, self.mean_loss
        return None if win is None or loss is None else _ratio(win, -loss)

    @property
    def expectancy(self) -> Decimal | None:
        """Mean net over all n."""
        return _ratio(self.net, Decimal(self.n))

    @property
    def expectancy_r(self) -> Decimal | None:
        return _ratio(self.sum_r, Decimal(self.with_r))


def statistics(trips: Iterable[Trip], money: Money, tolerance: Decimal = ZERO) -> Figures:
    """`tolerance` in money of that currency: so much gross is even."""
    counted: list[Trip] = []
    left_out: list[LeftOut] = []
    for trip in trips:
        if trip.is_open or not money.fits(trip):
            continue
        if why := why_left_out(trip, money):
            left_out.append(LeftOut(trip.id, why))
        else:
            counted.append(trip)
    nets = {trip.id: net for trip in counted if (net := money.net(trip)) is not None}
    by_outcome: dict[Outcome, list[Decimal]] = {"win": [], "loss": [], "even": []}
    for trip in counted:
        by_outcome[outcome_of(trip, money, tolerance)].append(nets[trip.id])
    rs = [r for trip in counted if (r := trip.r) is not None]
    times = [
        trip.closed_at - trip.opened_at for trip in counted if trip.closed_at is not None and trip.opened_at is not None
    ]
    return Figures(
        money=money,
        n=len(counted),
        wins=len(by_outcome["win"]),
        losses=len(by_outcome["loss"]),
        even=len(by_outcome["even"]),
        gross=sum((money.gross(trip) or ZERO for trip in counted), ZERO),
        fees=sum((money.fees(trip) or ZERO for trip in counted), ZERO),
        net=sum(nets.values(), ZERO),
        won=sum(by_outcome["win"], ZERO),
        lost=sum(by_outcome["loss"], ZERO),
        best=max(nets.values(), default=None),
        worst=min(nets.values(), default=None),
        with_r=len(rs),
        sum_r=sum(rs, ZERO),
        held_s=sum(times) / len(times) if times else None,
        pending=sum(trip.is_pending for trip in counted),
        left_out=tuple(left_out),
    )


def why_left_out(trip: Trip, money: Money) -> str:
    """Why a closed trip of this currency is in no figure; "" = it is."""
    if trip.why_not_counted:
        return trip.why_not_counted
    if money.net(trip) is None:
        return next(iter(money.lacks(trip)), "money not known")
    return ""


def outcome_of(trip: Trip, money: Money, tolerance: Decimal = ZERO) -> Outcome:
    """Of a closed trip whose money is known."""
    gross, net = money.gross(trip), money.net(trip)
    if gross is None or net is None or abs(gross) <= tolerance:
        return "even"
    return "win" if net > 0 else "loss" if net < 0 else "even"


def moneys_of(trips: Iterable[Trip]) -> tuple[Money, ...]:
    """What figures can be asked for: each base currency first, then those of the contracts."""
    trips = tuple(trips)
    bases = dict.fromkeys(Money(trip.base_currency, True) for trip in trips if trip.base_currency)
    own = dict.fromkeys(Money(trip.currency) for trip in trips if trip.currency)
    return (*bases, *own)


def grouped(
    trips: Iterable[Trip], by: GroupName, money: Money, zone: tzinfo = NEW_YORK, tolerance: Decimal = ZERO
) -> list[tuple[str, Figures]]:
    """Figures of each group by its label, in order; a trip with several tags is in each of theirs.

    Hours are those of the opening, on `zone`'s clock, weekdays those of its trade date.
    """
    groups: dict[str, list[Trip]] = defaultdict(list)
    for trip in trips:
        for label in labels_of(trip, by, zone):
            groups[label].append(trip)
    order = [*_WEEKDAYS, UNKNOWN] if by == "weekday" else sorted(groups, key=lambda name: (name in _LAST, name))
    return [(label, statistics(groups[label], money, tolerance)) for label in order if label in groups]


_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_LAST = frozenset({UNTAGGED, UNKNOWN})


def labels_of(trip: Trip, by: GroupName, zone: tzinfo = NEW_YORK) -> tuple[str, ...]:
    if by == "tag":
        return trip.tags or (UNTAGGED,)
    if by == "hour":
        if trip.opened_at is None:
            return (UNKNOWN,)
        return (f"{datetime.fromtimestamp(trip.opened_at, UTC).astimezone(zone):%H}:00",)
    if by == "weekday":
        return (_weekday(trip.opened_date),)
    plain: dict[str, Callable[[Trip], str]] = {
        "symbol": lambda t: t.symbol or t.name,
        "side": lambda t: t.side,
        "type": lambda t: t.sec_type,
        "account": lambda t: t.account,
    }
    return (plain[by](trip),)


def _weekday(day: str) -> str:
    if len(day) != 8 or not day.isdigit():
        return UNKNOWN
    return _WEEKDAYS[date(int(day[:4]), int(day[4:6]), int(day[6:])).weekday()]


def _ratio(part: Decimal, whole: Decimal) -> Decimal | None:
    return part / whole if whole else None
