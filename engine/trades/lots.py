"""First in, first out: what each execution of one contract opened, and what of which lot it closed. Pure.

Nothing is lost on the way: quantities of lots and closed parts add up to the executions', and so do fees, to the last
digit, since the last part takes what is left.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from engine.trades.execution import ZERO, Execution, trade_date_at
from engine.trades.held import NOTHING, Before
from engine.trades.trip import ClosingPart, Share, Unexplained

_FEE_GRID = Decimal("0.0000000001")
_QUANTITY_GRID = Decimal("0.00000001")
BEFORE = "cost of what was held before the journal"


@dataclass
class _Fee:
    """A fee that is given out by quantity; None = not known."""

    left: Decimal | None
    of: Decimal  # quantity that `left` is for, positive

    def take(self, quantity: Decimal) -> Decimal | None:
        if self.left is None:
            return None
        part = self.left if quantity >= self.of else (self.left * quantity / self.of).quantize(_FEE_GRID)
        self.left -= part
        self.of -= quantity
        return part


@dataclass
class _Lot:
    """What is left of an opening. `worth` = money of one unit, None = not known."""

    quantity: Decimal  # signed
    price: Decimal | None
    worth: Decimal | None
    opened: Execution | None  # None = before the journal, or unexplained
    fee: _Fee
    fee_base: _Fee
    lacks: str = ""


@dataclass
class Walk:
    """One way from flat to flat. `held` is the position now."""

    held: Decimal = ZERO
    most: Decimal = ZERO
    shares: list[Share] = field(default_factory=list)
    closings: list[ClosingPart] = field(default_factory=list)
    is_before: bool = False
    unexplained_at: float | None = None  # when it was opened by nobody knows what; None = by an execution
    ended: float | None = None
    ended_by: str = ""
    side: int = 0


class Lots:
    """Feed it the executions of one contract in their order; `walks` are the round trips, the last one may be open."""

    def __init__(self, account: str, before: Before = NOTHING) -> None:
        self.walks: list[Walk] = []
        self._account = account
        self.held = ZERO
        self._lots: deque[_Lot] = deque()
        if before.quantity:
            walk = self._begin(before.quantity)
            walk.is_before = True
            walk.held, walk.most = before.quantity, abs(before.quantity)
            self.held = before.quantity
            nothing = _Fee(ZERO, abs(before.quantity))
            self._lots.append(
                _Lot(before.quantity, None, before.cost, None, nothing, _Fee(ZERO, abs(before.quantity)),
                     "" if before.cost is not None else BEFORE)
            )  # fmt: skip

    def take(self, step: Execution | Unexplained) -> None:
        """Apply what happened next."""
        if isinstance(step, Execution) and step.kind == "split":
            self._split(step)
            return
        held, quantity = self.held, step.quantity
        if not quantity:
            return
        fee, fee_base = _fees_of(step)
        if held * quantity < 0:
            closed = min(abs(quantity), abs(held)).copy_sign(quantity)
            self._close(step, closed, fee, fee_base)
            quantity -= closed
        if quantity:
            self._open(step, quantity, fee, fee_base)

    def _begin(self, quantity: Decimal) -> Walk:
        self.walks.append(Walk(side=1 if quantity > 0 else -1))
        return self.walks[-1]

    def _open(self, step: Execution | Unexplained, quantity: Decimal, fee: _Fee, fee_base: _Fee) -> None:
        walk = self.walks[-1] if self._lots else self._begin(quantity)
        size = abs(quantity)
        known = isinstance(step, Execution)
        price = worth = None
        lacks = ""
        if isinstance(step, Execution):
            walk.shares.append(Share(step, quantity, walk.held + quantity))
            price = None if step.kind == "corporate action" or _has_no_cost(step) else step.price
            worth = None if price is None else _worth(step)
            if worth is None:
                lacks = _why_no_money(step)
        else:
            if not walk.held:
                walk.unexplained_at = step.time
            lacks = "a change of the position that no execution explains: a statement is needed"
        self._lots.append(
            _Lot(quantity, price, worth, step if known else None,  # type: ignore[arg-type]
                 _Fee(fee.take(size), size), _Fee(fee_base.take(size), size), lacks)
        )  # fmt: skip
        self.held = walk.held = walk.held + quantity
        walk.most = max(walk.most, abs(walk.held))

    def _close(self, step: Execution | Unexplained, quantity: Decimal, fee: _Fee, fee_base: _Fee) -> None:
        """`quantity` (signed against the position) is at most what is held."""
        walk = self.walks[-1]
        left = quantity
        while left:
            lot = self._lots[0]
            part = min(abs(left), abs(lot.quantity)).copy_sign(lot.quantity)
            walk.closings.append(self._part(step, lot, part, fee, fee_base))
            lot.quantity -= part
            left += part
            if not lot.quantity:
                self._lots.popleft()
        self.held = walk.held = walk.held + quantity
        if isinstance(step, Execution):
            walk.shares.append(Share(step, quantity, walk.held))
        if not self._lots:
            walk.ended = step.time
            walk.ended_by = step.kind if isinstance(step, Execution) else "unexplained"

    def _part(self, step: Execution | Unexplained, lot: _Lot, part: Decimal, fee: _Fee, fee_base: _Fee) -> ClosingPart:
        closing = step if isinstance(step, Execution) else None
        sides = [e for e in (lot.opened, closing) if e is not None]
        named = sides[-1] if sides else None
        gross, lacks = _gross(lot, part, closing)
        fees = _known((lot.fee.take(abs(part)), fee.take(abs(part))), sides)
        fees_base = _known((lot.fee_base.take(abs(part)), fee_base.take(abs(part))), sides)
        if fees is None:
            lacks += (f"rate of a commission in another currency than {named.currency if named else 'its own'}",)
        rate = closing.rate if closing is not None else None
        lacks_base: tuple[str, ...] = ()
        if (gross is not None and rate is None) or fees_base is None:
            lacks_base = (f"rate of {named.currency} on {named.trade_date or 'that day'}" if named else "rate",)
        entry = lot.price
        if entry is None and lot.worth is not None and closing is not None and closing.per_point:
            entry = lot.worth / closing.per_point
        return ClosingPart(
            account=self._account,
            opened_by=lot.opened.id if lot.opened is not None else "",
            closed_by=closing.id if closing is not None else "",
            opened_at=lot.opened.time if lot.opened is not None else None,
            time=step.time,
            trade_date=_trade_date(step),
            quantity=part,
            entry=entry,
            exit=closing.price if closing is not None else None,
            currency=named.currency if named is not None else "",
            gross=gross,
            fees=fees,
            base_currency=named.base_currency if named is not None else "",
            gross_base=None if gross is None or rate is None else gross * rate,
            fees_base=fees_base,
            pending=tuple(e.id for e in sides if e.commission is None),
            lacks=lacks,
            lacks_base=lacks + lacks_base,
        )

    def _split(self, step: Execution) -> None:
        """The quantity is the net change; what was paid stays."""
        held = self.held
        if not held or not step.quantity:
            return
        after, given = held + step.quantity, ZERO
        if not after or after * held < 0:
            return  # no split does that: it is left to the comparison with what is held
        for place, lot in enumerate(self._lots, 1):
            grown = (lot.quantity * after / held).quantize(_QUANTITY_GRID)
            grown = after - given if place == len(self._lots) else grown
            ratio = grown / lot.quantity
            given += grown
            lot.fee.of = lot.fee_base.of = abs(grown)
            lot.price = None if lot.price is None else lot.price / ratio
            lot.worth = None if lot.worth is None else lot.worth / ratio
            lot.quantity = grown
        walk = self.walks[-1]
        self.held = walk.held = after
        walk.most = max(walk.most * abs(after / held), abs(after))
        walk.shares.append(Share(step, step.quantity, after))


def follow(account: str, steps: Iterable[Execution | Unexplained], before: Before = NOTHING) -> Lots:
    """All steps of one contract, in their order."""
    lots = Lots(account, before)
    for step in steps:
        lots.take(step)
    return lots


def _trade_date(step: Execution | Unexplained) -> str:
    return (step.trade_date if isinstance(step, Execution) else "") or trade_date_at(step.sec_type, step.time)


def _fees_of(step: Execution | Unexplained) -> tuple[_Fee, _Fee]:
    size = abs(step.quantity)
    if not isinstance(step, Execution):
        return _Fee(ZERO, size), _Fee(ZERO, size)
    return _Fee(step.fee, size), _Fee(step.fee_base, size)


def _gross(lot: _Lot, part: Decimal, closing: Execution | None) -> tuple[Decimal | None, tuple[str, ...]]:
    """What the part made before fees, or why that is not known."""
    if closing is not None and closing.kind == "transfer":
        return ZERO, ()  # it went to another place as it was
    lacks = (lot.lacks,) if lot.lacks else ()
    if closing is None:
        return None, (*lacks, "how it was closed is not known: a statement is needed")
    worth = _worth(closing)
    if closing.kind == "corporate action" or worth is None:
        return None, tuple(dict.fromkeys((*lacks, _why_no_money(closing))))
    return (None if lot.worth is None else part * (worth - lot.worth)), lacks


def _worth(step: Execution) -> Decimal | None:
    """Money of one unit; None = not known. What costs nothing is worth nothing, whatever a point is."""
    if not step.price:
        return ZERO
    return None if step.per_point is None else step.price * step.per_point


def _known(fees: tuple[Decimal | None, Decimal | None], sides: list[Execution]) -> Decimal | None:
    """The sum of what is known while a commission is pending; None where a rate is missing."""
    if fees.count(None) > sum(e.commission is None for e in sides):
        return None
    return sum((each for each in fees if each is not None), ZERO)


def _has_no_cost(step: Execution) -> bool:
    """A position that came without the price it was bought at."""
    return step.kind in ("transfer", "opening") and not step.price


def _why_no_money(step: Execution) -> str:
    if _has_no_cost(step):
        return "cost of what came from another place"
    if step.kind == "corporate action":
        return "a corporate action that needs your decision"
    return f"details of {step.name}: what a point of its price is worth"
