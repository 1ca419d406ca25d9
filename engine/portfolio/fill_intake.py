"""Fills on their way in: what the journal had of them, their contract's facts, and what they did to the position.

A report goes to the account's book and to the journal in the fullest form known. Engine thread only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from msgspec.structs import replace

from engine.bars.trading_day import TradingDays
from engine.domain import ContractInfo, ContractRef, Fill
from engine.portfolio.fills import FillBook, is_heading, merged, openings, root

_MOST = 20_000  # of all accounts
_Key = tuple[str, int]


class FillIntake:
    """`book(fill)` takes it into the account's figures, `record(fill)` into the journal.

    `info(con_id)`, `want(contract)`: details known, and asked for where they are not; `days(con_id, sec_type)`: the
    contract's trade dates once they are.
    """

    def __init__(
        self,
        book: Callable[[Fill], object],
        record: Callable[[Fill], None],
        info: Callable[[int], ContractInfo | None],
        want: Callable[[ContractRef], None],
        days: Callable[[int, str], TradingDays],
    ) -> None:
        self._book = book
        self._record = record
        self._info = info
        self._want = want
        self._days = days
        self._fills = FillBook(_MOST)
        self._reported: set[tuple[str, str, str, int]] = set()  # in this run: of the others the opening is settled
        self._unjudged: set[_Key] = set()
        self._positions: dict[_Key, float] = {}
        self._positions_known = False
        self._without_cost: set[_Key] = set()

    # --- events -------------------------------------------------------------------------------------------------

    def restore(self, fills: Iterable[Fill]) -> None:
        """Those of the journal, mostly before the broker has answered: what it has reported since goes before."""
        for fill in fills:
            known = self._fills.kept(fill)
            whole = fill if known is None else merged(fill, known)
            if self._fills.on_fill(whole):
                self._book(whole)

    def on_fill(self, fill: Fill) -> None:
        """A report, or a repeated one; the journal hears of it when it says something new."""
        self._reported.add((fill.account, fill.model, fill.exec_id, fill.con_id))
        if self._take(self._with_facts(fill)):
            self._unjudged.add((fill.account, fill.con_id))

    def on_info(self, con_id: int) -> None:
        """The details of a contract came."""
        for fill in self._fills.every():
            if fill.con_id == con_id:
                self._take(self._with_facts(fill))

    def on_position(self, account: str, con_id: int, quantity: float, *, has_cost: bool = True) -> None:
        """`has_cost`: IB knows what it cost; else it gives no realised P&L, and none when it is closed."""
        if quantity:
            (self._without_cost.discard if has_cost else self._without_cost.add)((account, con_id))
        self._positions[account, con_id] = quantity
        self._unjudged.add((account, con_id))

    def on_connected(self, *, complete: bool) -> None:
        """`complete`: a contract that has not been named is not held."""
        self._positions_known = complete
        if complete:
            self._unjudged.update((fill.account, fill.con_id) for fill in self._fills.every())

    def step(self) -> None:
        """Each second: a position and its fill come one after the other, in either order."""
        unjudged, self._unjudged = self._unjudged, set()
        if not unjudged:
            return
        of_contract: dict[_Key, list[Fill]] = defaultdict(list)
        for fill in self._fills.every():
            if (key := (fill.account, fill.con_id)) in unjudged:
                of_contract[key].append(fill)
        for key, fills in of_contract.items():
            self._judge(key, fills)

    def on_disconnected(self) -> None:
        self._positions.clear()
        self._positions_known = False

    def forget(self) -> None:
        """Other accounts than before."""
        self._fills = FillBook(_MOST)
        self._reported.clear()
        self._unjudged.clear()

    # --- inside -------------------------------------------------------------------------------------------------

    def _take(self, fill: Fill) -> bool:
        if not self._fills.on_fill(fill):
            return False
        whole = self._fills.kept(fill) or fill
        self._book(whole)
        self._record(whole)
        return True

    def _with_facts(self, fill: Fill) -> Fill:
        if is_heading(fill) or not fill.sec_type:
            return fill
        info = self._info(fill.con_id)
        if info is None:
            self._want(
                ContractRef(
                    fill.con_id, fill.local_symbol, fill.local_symbol, fill.sec_type, currency=fill.currency or "USD"
                )
            )
            return fill
        return replace(
            fill,
            trade_date=f"{self._days(fill.con_id, fill.sec_type).of(fill.time_market):%Y%m%d}",
            price_magnifier=info.contract.price_magnifier,
            multiplier=fill.multiplier or info.contract.multiplier,
        )

    def _judge(self, key: _Key, fills: list[Fill]) -> None:
        """Reckon back from the position what each fill did to it."""
        position = self._positions.get(key, 0.0 if self._positions_known else None)
        if position is None:
            return
        found = openings(fills, position, has_cost=key not in self._without_cost)
        for fill in fills:
            is_of_this_run = (fill.account, fill.model, fill.exec_id, fill.con_id) in self._reported
            opening = found.get(root(fill)) if is_of_this_run else None
            if opening is not None and opening != fill.opening:
                self._take(replace(fill, opening=opening))
