"""Fills as they stand: corrections in place of what they correct, reports joined, nothing counted twice."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol, TypeVar

from msgspec.structs import replace

from engine.domain import Fill, Opening, revision_of, root_of
from engine.portfolio.valuation import unit_of

FILLS_MAX = 10_000  # more than a busy day of one account; the least recently reported leave first
_HEADING = "BAG"
_SAME_QUANTITY = 1e-9
# Advisors and brokers: F, I; their paper logins: DF, DI. Clients: U, DU.
_MASTER = re.compile(r"D?[FI]\d")

Root = tuple[str, str, int, str]


class Ordered(Protocol):
    """A fill as far as its order is concerned; `quantity` is positive."""

    @property
    def account(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def con_id(self) -> int: ...
    @property
    def exec_id(self) -> str: ...
    @property
    def perm_id(self) -> int | None: ...
    @property
    def side(self) -> str: ...
    @property
    def quantity(self) -> float: ...
    @property
    def cum_quantity(self) -> float | None: ...


OrderedFill = TypeVar("OrderedFill", bound=Ordered)
_Key = tuple[str, str, str, int]
_Order = tuple[int | str, int, str, str]


class FillBook:
    """Every execution reported, of one account or several; the ones in force are `fills()`. Engine thread only."""

    def __init__(self, most: int = FILLS_MAX) -> None:
        self._most = most
        self._kept: dict[_Key, Fill] = {}
        self._in_force: tuple[Fill, ...] | None = None  # None = to be worked out anew

    def on_fill(self, fill: Fill) -> bool:
        """Keep the fuller of two reports of one execution. True when it is new or changed.

        After a reconnect the execution comes again before its commission does.
        """
        key = (fill.account, fill.model, fill.exec_id, fill.con_id)
        known = self._kept.pop(key, None)
        self._kept[key] = fill = fill if known is None else merged(known, fill)
        while len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]
        if known == fill:
            return False
        self._in_force = None
        return True

    def kept(self, fill: Fill) -> Fill | None:
        """This execution with everything that was reported of it; None = it is new."""
        return self._kept.get((fill.account, fill.model, fill.exec_id, fill.con_id))

    def every(self) -> tuple[Fill, ...]:
        """Corrected ones and headings, too."""
        return tuple(self._kept.values())

    def fills(self) -> tuple[Fill, ...]:
        """Those in force, oldest first: no corrected ones, no headings."""
        if self._in_force is None:
            self._in_force = in_force(self._kept.values())
        return self._in_force


def root(fill: Ordered) -> Root:
    """What a correction has in common with the execution that it replaces."""
    return (fill.account, fill.model, fill.con_id, root_of(fill.exec_id))


def is_heading(fill: Fill) -> bool:
    """The record of a combination, whose legs are the trades."""
    return fill.sec_type == _HEADING


def is_busted(fill: Fill) -> bool:
    """The exchange has taken the trade back: a correction to nothing."""
    return fill.quantity == 0.0


def price_unit(fill: Fill) -> str | None:
    """What the price is in: the currency, `p` or `c` for its hundredth, `%` of par; None = not known."""
    if not fill.currency or fill.price_magnifier is None:
        return None
    return unit_of(fill.sec_type, fill.currency, fill.price_magnifier) or fill.currency


def signed_quantity(fill: Fill) -> float:
    return fill.quantity if fill.side == "BOT" else -fill.quantity


def merged(known: Fill, new: Fill) -> Fill:
    """A later report of the same execution: it replaces what it says, and blanks nothing."""
    words = ("account", "sec_type", "currency", "trade_date", "order_ref", "local_symbol", "exchange")
    numbers = (
        "multiplier", "price_magnifier", "perm_id", "order_id", "client_id", "cum_quantity", "opening",
    )  # fmt: skip
    kept = {name: getattr(known, name) for name in words if not getattr(new, name)}
    kept |= {name: getattr(known, name) for name in numbers if getattr(new, name) is None}
    if new.commission is None:
        kept |= {name: getattr(known, name) for name in ("commission", "commission_currency", "realized_pnl")}
    # A time that could not be read stays that of the first arrival, one that could stays as it was read.
    if known.time_kind == "exchange" and (new.time_kind == "received" or new.exchange_time == known.exchange_time):
        kept |= {name: getattr(known, name) for name in ("time_market", "time_kind", "exchange_time", "exchange_zone")}
        if new.time_kind == "received":
            kept["trade_date"] = known.trade_date or new.trade_date
    elif known.time_kind == new.time_kind == "received":
        kept |= {"time_market": known.time_market, "trade_date": known.trade_date or new.trade_date}
    return replace(new, **kept)


def in_force(fills: Iterable[Fill]) -> tuple[Fill, ...]:
    """The newest revision of each execution, oldest first; no headings of combinations, and none that was busted."""
    newest: dict[Root, Fill] = {}
    for fill in fills:
        known = newest.get(root(fill))
        if not is_heading(fill) and (known is None or _rank(fill) > _rank(known)):
            newest[root(fill)] = fill
    done = (fill for fill in newest.values() if not is_busted(fill))
    return tuple(sorted(done, key=lambda fill: (fill.time_market, fill.exec_id, fill.account)))


def _rank(fill: Fill) -> tuple[int, str]:
    return (revision_of(fill.exec_id), fill.exec_id)


def without_allocations(fills: Iterable[OrderedFill]) -> tuple[OrderedFill, ...]:
    """For sums over accounts: an advisor's order that came at the master and again at its clients is taken once.

    The clients' share once all of it has come, the master's record until then.
    """
    fills = tuple(fills)
    accounts = {fill.account for fill in fills}
    if len(accounts) < 2 or not any(map(is_master, accounts)):
        return fills
    orders: dict[_Order, list[OrderedFill]] = defaultdict(list)
    for fill in fills:
        orders[_order(fill)].append(fill)
    dropped: set[int] = set()
    for group in orders.values():
        masters = [fill for fill in group if is_master(fill.account)]
        clients = [fill for fill in group if not is_master(fill.account)]
        if masters and clients:
            ordered, allocated = (sum(fill.quantity for fill in part) for part in (masters, clients))
            dropped |= {id(fill) for fill in (masters if allocated >= ordered - _SAME_QUANTITY else clients)}
    return tuple(fill for fill in fills if id(fill) not in dropped)


def is_master(account: str) -> bool:
    """An advisor's own account, which stands for its clients'."""
    return _MASTER.match(account) is not None


def order_doubts(fills: Iterable[Ordered], *, of_a_part: bool = False) -> dict[Root, str]:
    """Root of a fill -> why its order does not add up: the kept fills of an order make up its cumulative quantity.

    Orders without a number or a quantity say nothing. More than the order's is a fill counted twice, less is one that
    is missing, or a correction that was none. `of_a_part`: of a list that may begin after the order did, so that less
    says something only where there are corrections.
    """
    orders: dict[tuple[str, str, int, int, str], list[Ordered]] = defaultdict(list)
    for fill in fills:
        if fill.perm_id is not None:
            orders[fill.account, fill.model, fill.perm_id, fill.con_id, fill.side].append(fill)
    found: dict[Root, str] = {}
    for group in orders.values():
        stated = max((fill.cum_quantity for fill in group if fill.cum_quantity is not None), default=None)
        total = sum(fill.quantity for fill in group)
        if stated is None or abs(total - stated) <= _SAME_QUANTITY * max(1.0, total):
            continue
        if of_a_part and total < stated and not any(revision_of(fill.exec_id) > 1 for fill in group):
            continue
        text = f"the order's fills add up to {total:.12g}, its cumulative quantity is {stated:.12g}"
        found |= {root(fill): text for fill in group}
    return found


def openings(fills: Iterable[Fill], position_now: float, *, has_cost: bool = True) -> dict[Root, Opening | None]:
    """Root -> whether the fill opened, closed or turned the position, reckoned back from what is held now.

    `fills`: of one account and contract, all up to now. None where IB's own report says the other thing;
    of a position without a known cost (`has_cost`) it says nothing.
    """
    found: dict[Root, Opening | None] = {}
    after = position_now
    for fill in reversed(in_force(fills)):
        before = _rounded(after - signed_quantity(fill))
        opening = opening_of(before, signed_quantity(fill))
        found[root(fill)] = _checked(opening, fill) if has_cost else opening
        after = before
    return found


def opening_of(before: float, signed: float) -> Opening:
    if before == 0.0 or before * signed > 0.0:
        return "open"
    return "flip" if abs(signed) > abs(before) + _SAME_QUANTITY else "close"


def _checked(opening: Opening, fill: Fill) -> Opening | None:
    """IB leaves the realised P&L of a fill that opens unset, and gives one for all others."""
    if fill.commission is not None and (opening == "open") == (fill.realized_pnl is not None):
        return None if fill.realized_pnl != 0.0 else opening
    return opening


def _rounded(quantity: float) -> float:
    rounded = round(quantity, 8)
    return rounded if rounded else 0.0


def _order(fill: Ordered) -> _Order:
    return (fill.perm_id if fill.perm_id is not None else root_of(fill.exec_id), fill.con_id, fill.side, fill.model)
