"""BarFeed: all that reaches the bars: quotes, which lines live, history and its repairs, and who may be forgotten.

The bus feeds it, scanners and pages read what comes of it; who wants a symbol says so here. Engine thread only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from engine.bars.history import RANK_POSITION, RANK_SHOWN, RANK_STREAMED, RANK_UNIVERSE, HistoryQueue
from engine.bars.store import BarStore
from engine.bars.volume_unit import UnitChange, VolumeUnits
from engine.clock import Clock
from engine.domain import ContractInfo, ContractRef, Quote

CHECK_S = 30.0
SPARE_JOBS = 4  # waiting history requests below which others may be added
NEAR_FOR_S = 180.0  # the price has walked on: an older distance says nothing, the next visit measures anew


class _Thin(NamedTuple):
    """Too few minutes were seen, at this distance from the nearer level."""

    distance_atr: float
    seen_mono: float


class BarFeed:
    """`market` is the market clock; `quote` the newest quote of a con_id."""

    def __init__(
        self,
        store: BarStore,
        history: HistoryQueue,
        units: VolumeUnits,
        clock: Clock,
        market: Callable[[], float],
        quote: Callable[[int], Quote | None],
    ) -> None:
        self.store = store
        self.history = history
        self.units = units
        self._clock = clock
        self._market = market
        self._quote = quote
        self._kept: frozenset[int] = frozenset()  # positions and pins
        self._checked_mono = float("-inf")
        self._thin: dict[int, _Thin] = {}  # whose bars are worth a request to spare
        self._shown: frozenset[int] = frozenset()
        self._left: set[int] = set()
        self._needs: list[Callable[[int], bool]] = [self.streams]
        self._forget: list[Callable[[int], object]] = [
            history.forget, units.forget, store.remove, lambda con_id: self._thin.pop(con_id, None)
        ]  # fmt: skip

    # --- who is wanted ------------------------------------------------------------------------------------------

    def admit(self, contract: ContractRef, rank: int, score: float = 0.0) -> None:
        """A place in the store, and its history; of two wishes the better rank counts. Cheap to repeat."""
        self.units.know(contract)
        self.store.add(contract)
        self.history.want(contract, rank, score)

    def keep(self, positions: Sequence[ContractRef], pins: Sequence[ContractRef] = ()) -> None:
        """Positions and pins: their history comes first."""
        self._kept = frozenset(contract.con_id for contract in (*positions, *pins))
        for contract in positions:
            self.admit(contract, RANK_POSITION)
        for contract in pins:
            self.admit(contract, RANK_SHOWN)

    def show(self, contracts: Sequence[ContractRef]) -> None:
        """All symbols that pages have open now: their history comes before that of the universe; whose page was closed
        may go."""
        for contract in contracts:
            self.admit(contract, RANK_SHOWN)
        before, self._shown = self._shown, frozenset(contract.con_id for contract in contracts)
        self._left |= before - self._shown

    def rank(self, scores: Mapping[int, float]) -> None:
        """The order in which the history of the universe is asked for; those that stream go before the others."""
        self.history.rank(
            {
                con_id: (RANK_STREAMED if self.streams(con_id) else RANK_UNIVERSE, score)
                for con_id, score in scores.items()
                if con_id not in self._kept
            }
        )

    def needed_by(self, needs: Callable[[int], bool]) -> None:
        """A room in which something may still run on a symbol: it is asked before that is forgotten."""
        self._needs.append(needs)

    def tell_of_leavers(self, forget: Callable[[int], object]) -> None:
        """A room that lets go of who leaves."""
        self._forget.append(forget)

    def let_go(self, gone: Iterable[int]) -> None:
        """Forget who has left the universe, in every room, so that memory stays bounded for weeks.

        Call each second: who is still shown or needed goes later.
        """
        self._left.update(gone)
        for con_id in [each for each in self._left if each not in self._shown and not self._is_needed(each)]:
            self._left.discard(con_id)
            for forget in self._forget:
                forget(con_id)

    def _is_needed(self, con_id: int) -> bool:
        return any(needs(con_id) for needs in self._needs)

    # --- what comes in ------------------------------------------------------------------------------------------

    def on_quote(self, quote: Quote, now_market: float, has_trade: bool = True) -> None:
        """Each quote of the bus."""
        self.store.on_quote(quote, now_market, has_trade)

    def step(self, live: Iterable[int] | None = None) -> list[int]:
        """What is due each second: which lines live (None = nothing is known of that), minutes that are over, gaps.

        Returns whose minute closed.
        """
        now = self._market()
        if live is not None:
            self.store.sync_lines(frozenset(live), now)
        closed = self.store.close_due(now)
        self._repair(now)
        return closed

    def on_info(self, info: ContractInfo) -> None:
        self.store.set_hours(info)

    def on_history(self, con_id: int) -> None:
        """The broker's own bars have come."""
        self._thin.pop(con_id, None)

    def on_units_changed(self, change: UnitChange) -> None:
        self.store.on_unit_changed(change.ticks, change.redo)
        self.history.on_units_known(change.history)
        self.history.ask_again(change.redo)

    def on_unknown_contract(self, con_id: int) -> None:
        """The gateway answered 200: nothing more is asked of it, unless it is held."""
        if con_id not in self._kept:
            self.history.forget(con_id)

    def on_connected(self) -> None:
        self.history.on_connected()

    def on_disconnected(self) -> None:
        self.history.on_disconnected()
        self.store.on_disconnected(self._market())

    def rename(self, contract: ContractRef) -> None:
        self.store.rename(contract)

    # --- which bars are worth a request -------------------------------------------------------------------------

    def streams(self, con_id: int) -> bool:
        """Whether a line ticks for it now, for however long."""
        entry = self.store.get(con_id)
        return entry is not None and entry.streaming

    def repair(self, con_id: int) -> None:
        """Its bars decide something now: ask for the minutes that nobody saw."""
        self.history.repair(con_id, self._market(), RANK_STREAMED)

    def repair_to_spare(self, con_id: int, distance_atr: float) -> None:
        """Too few of its minutes were seen: worth a request to spare, the nearest to a level first."""
        self._thin[con_id] = _Thin(distance_atr, self._clock.mono())

    def start_over(self) -> None:
        """The market clock was set back."""
        self._thin.clear()

    def _repair(self, now_market: float) -> None:
        """Look for gaps twice a minute: lines that were lost and came back. Requests to spare go to the nearest."""
        mono = self._clock.mono()
        self._thin = {con_id: thin for con_id, thin in self._thin.items() if mono - thin.seen_mono < NEAR_FOR_S}
        for _ in range(min(len(self._thin), max(0, SPARE_JOBS - self.history.waiting))):
            nearest = min(self._thin, key=lambda con_id: self._thin[con_id].distance_atr)
            del self._thin[nearest]
            self.history.repair(nearest, now_market, RANK_UNIVERSE)
        if mono - self._checked_mono < CHECK_S:
            return
        self._checked_mono = mono
        for con_id in self.store.con_ids():
            if self.streams(con_id) and self._holds_line(con_id):
                self.history.repair(con_id, now_market, RANK_POSITION if con_id in self._kept else RANK_STREAMED)

    def _holds_line(self, con_id: int) -> bool:
        """It streams for longer than a visit: its gaps are worth a request."""
        quote = self._quote(con_id)
        return quote is not None and quote.lane == "streaming"
