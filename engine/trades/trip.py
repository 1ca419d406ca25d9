"""What a round trip is: values, and the figures that follow from them alone. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

from msgspec import Struct

from engine.trades.execution import ZERO, Contract, Execution


class Unexplained(NamedTuple):
    """The position changed by `quantity` and no execution says why: an assignment, a transfer, a statement is needed.

    It happened after `after` and was seen at `time`, market clock.
    """

    key: Contract
    con_id: int
    name: str
    sec_type: str
    quantity: Decimal
    after: float
    time: float


class ClosingPart(Struct, frozen=True, kw_only=True):
    """A stretch of one lot that one execution closed: the smallest thing that realises money.

    `quantity` is signed as the position was: long positive. Prices are quotes in the unit of the execution that they
    are of; `entry` None = the cost of what was there before the journal is not known, `exit` None = nobody told how it
    was closed. `fees` are commissions and taxes of both sides, by quantity; while one is not reported (`pending`) they
    are what is known so far. Money is None where it can't be known, and `lacks` says why.
    """

    account: str
    opened_by: str  # execution id, "" = before the journal
    closed_by: str  # "" = unexplained
    opened_at: float | None
    time: float
    trade_date: str  # of the closing; YYYYMMDD
    quantity: Decimal
    entry: Decimal | None
    exit: Decimal | None
    currency: str
    gross: Decimal | None
    fees: Decimal | None
    base_currency: str
    gross_base: Decimal | None
    fees_base: Decimal | None
    pending: tuple[str, ...] = ()  # executions of either side whose commission has not come
    lacks: tuple[str, ...] = ()
    lacks_base: tuple[str, ...] = ()

    @property
    def is_pending(self) -> bool:
        return bool(self.pending)

    @property
    def net(self) -> Decimal | None:
        return None if self.gross is None or self.fees is None else self.gross - self.fees

    @property
    def net_base(self) -> Decimal | None:
        return None if self.gross_base is None or self.fees_base is None else self.gross_base - self.fees_base


class Share(NamedTuple):
    """An execution, or the part of it that belongs to a trip: one that turns a position belongs to two.

    `quantity` is signed; `after` is the position that it left.
    """

    execution: Execution
    quantity: Decimal
    after: Decimal


class Trip(Struct, frozen=True, kw_only=True):
    """From flat to flat in one contract of one account, or as far as it has come.

    `id` is stable, also in an address; `root` is that of the execution that opened it, which notes hold on to.
    `quantity` is the most that was held, `held` what is now (signed). Sums are of the closing parts, so of an open
    trip what is realised by now. `is_before`: it was opened before the journal began.
    """

    id: str
    key: Contract
    root: str
    con_id: int
    name: str
    symbol: str
    sec_type: str
    side: Literal["long", "short"]
    opened_at: float | None
    closed_at: float | None
    opened_date: str
    closed_date: str
    quantity: Decimal
    held: Decimal
    entry: Decimal | None  # average quote of all that opened
    exit: Decimal | None
    currency: str
    base_currency: str
    shares: tuple[Share, ...]
    closings: tuple[ClosingPart, ...]
    # Sums of the closing parts, made once by `sums_of`: every figure asks for them. What an open position cost to open
    # is not in them yet.
    gross: Decimal | None
    fees: Decimal | None
    net: Decimal | None
    gross_base: Decimal | None
    fees_base: Decimal | None
    net_base: Decimal | None
    is_before: bool = False
    ended_by: str = ""  # kind of the last closing; "unexplained"
    note: str = ""
    tags: tuple[str, ...] = ()
    stop: Decimal | None = None  # the first that was noted
    linked: tuple[str, ...] = ()  # trips that an assignment or exercise joins to this one
    campaign: str = ""  # of trips rolled into each other: the id of the first
    doubts: tuple[str, ...] = ()  # orders whose fills do not add up, fills without the exchange's time

    @property
    def account(self) -> str:
        return self.key.account

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def is_pending(self) -> bool:
        """A commission has not been reported: the net will change."""
        return any(part.is_pending for part in self.closings)

    @property
    def lacks(self) -> tuple[str, ...]:
        """Why money is not known, each reason once."""
        return tuple(dict.fromkeys(reason for part in self.closings for reason in part.lacks))

    @property
    def lacks_base(self) -> tuple[str, ...]:
        """The same of money in the base currency."""
        return tuple(dict.fromkeys(reason for part in self.closings for reason in part.lacks_base))

    @property
    def is_currency(self) -> bool:
        return self.sec_type == "CASH"

    @property
    def why_not_counted(self) -> str:
        """Why no statistic counts it; "" = it counts."""
        if self.is_open:
            return "open"
        if self.ended_by == "transfer":
            return "went to another place as it was"
        if self.net is None:
            return self.lacks[0] if self.lacks else "money not known"
        return ""

    @property
    def risk(self) -> Decimal | None:
        """Money between the average entry and the first noted stop, for the most that was held; None = none noted."""
        if self.stop is None or self.entry is None or self.entry == self.stop:
            return None
        point = next((share.execution.per_point for share in self.shares if share.execution.is_trade), None)
        if point is None:
            return None
        return abs(self.entry - self.stop) * self.quantity * point

    @property
    def r(self) -> Decimal | None:
        """Net result in multiples of the risk; of a closed trip alone."""
        if self.is_open or self.net is None or not self.risk:
            return None
        return self.net / self.risk


class Roll(NamedTuple):
    """A future's month closed and the next opened: two trips that may be one campaign. `joined` None = only offered."""

    closed: str  # trip ids
    opened: str
    closed_root: str
    opened_root: str
    joined: bool | None


class Book(Struct, frozen=True, kw_only=True):
    """Everything that the executions come to. `trips` by opening; conversions of currency are among `conversions`."""

    trips: tuple[Trip, ...] = ()
    conversions: tuple[Trip, ...] = ()
    unexplained: tuple[Unexplained, ...] = ()
    rolls: tuple[Roll, ...] = ()


class Sums(NamedTuple):
    """None as soon as one part is not known."""

    gross: Decimal | None
    fees: Decimal | None
    net: Decimal | None
    gross_base: Decimal | None
    fees_base: Decimal | None
    net_base: Decimal | None


def sums_of(closings: Sequence[ClosingPart]) -> Sums:
    """Of a trip's closing parts."""
    return Sums(
        total(part.gross for part in closings),
        total(part.fees for part in closings),
        total(part.net for part in closings),
        total(part.gross_base for part in closings),
        total(part.fees_base for part in closings),
        total(part.net_base for part in closings),
    )


def total(parts: Iterable[Decimal | None]) -> Decimal | None:
    """The sum; None as soon as one part is not known."""
    found = ZERO
    for part in parts:
        if part is None:
            return None
        found += part
    return found
