"""What trades come to: counts, rates and factors of closed trips, net, in one currency that is named. Pure.

A trip is even by its price alone (its gross within a tolerance), else a win or a loss by its net: one that its
commissions turned is a loss. Break-evens and their fees are in every sum and in the expectancy, in no win rate but the
one of all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Literal, NamedTuple

from msgspec import Struct

from engine.clock import NEW_YORK
from engine.trades.execution import ZERO, date_of
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


class Closed(NamedTuple):
    """A closed trip as the figures of one money see it; looked at once, whatever it is counted in."""

    trip: Trip
    why: str  # it is left out; "" = it counts, and then its money is known
    outcome: Outcome
    gross: Decimal
    fees: Decimal
    net: Decimal
    r: Decimal | None
    held_s: float | None


def closed_of(trips: Iterable[Trip], money: Money, tolerance: Decimal = ZERO) -> list[Closed]:
    """The closed trips of that currency. `tolerance` in its money: so much gross is even."""
    found = []
    for trip in trips:
        if trip.closed_at is None or not money.fits(trip):
            continue
        why = why_left_out(trip, money)
        held_s = trip.closed_at - trip.opened_at if trip.opened_at is not None else None
        outcome: Outcome = "even" if why else outcome_of(trip, money, tolerance)
        gross, fees, net = (value or ZERO for value in (money.gross(trip), money.fees(trip), money.net(trip)))
        found.append(Closed(trip, why, outcome, gross, fees, net, trip.r, held_s))
    return found


def statistics(closed: Iterable[Closed], money: Money) -> Figures:
    """What they come to."""
    closed = tuple(closed)
    counted = [each for each in closed if not each.why]
    nets = [each.net for each in counted]
    won = [each.net for each in counted if each.outcome == "win"]
    lost = [each.net for each in counted if each.outcome == "loss"]
    rs = [each.r for each in counted if each.r is not None]
    times = [each.held_s for each in counted if each.held_s is not None]
    return Figures(
        money=money,
        n=len(counted),
        wins=len(won),
        losses=len(lost),
        even=len(counted) - len(won) - len(lost),
        gross=sum((each.gross for each in counted), ZERO),
        fees=sum((each.fees for each in counted), ZERO),
        net=sum(nets, ZERO),
        won=sum(won, ZERO),
        lost=sum(lost, ZERO),
        best=max(nets, default=None),
        worst=min(nets, default=None),
        with_r=len(rs),
        sum_r=sum(rs, ZERO),
        held_s=sum(times) / len(times) if times else None,
        pending=sum(each.trip.is_pending for each in counted),
        left_out=tuple(LeftOut(each.trip.id, each.why) for each in closed if each.why),
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
    closed: Iterable[Closed], by: GroupName, money: Money, zone: tzinfo = NEW_YORK
) -> list[tuple[str, Figures]]:
    """Figures of each group by its label, in order; a trip with several tags is in each of theirs.

    Hours are those of the opening, on `zone`'s clock, weekdays those of its trade date.
    """
    groups: dict[str, list[Closed]] = defaultdict(list)
    for each in closed:
        for label in labels_of(each.trip, by, zone):
            groups[label].append(each)
    order = [*_WEEKDAYS, UNKNOWN] if by == "weekday" else sorted(groups, key=lambda name: (name in _LAST, name))
    return [(label, statistics(groups[label], money)) for label in order if label in groups]


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
    found = date_of(day)
    return UNKNOWN if found is None else _WEEKDAYS[found.weekday()]


def _ratio(part: Decimal, whole: Decimal) -> Decimal | None:
    return part / whole if whole else None
