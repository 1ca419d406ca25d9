"""What "today" means: for a fill by its instrument's trade date, for an account by what it holds. Engine thread only.

The one place that brings positions, contract hours and the market clock together; the rules themselves are
`engine.bars.trading_day`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from engine.bars.store import BarStore
from engine.bars.trading_day import Begin, TradingDays, account_day
from engine.domain import Fill
from engine.portfolio.manager import TradeManager
from engine.portfolio.today import Today


class TradeDates:
    """Trade dates of fills and accounts as they stand now."""

    def __init__(
        self,
        bars: BarStore,
        manager: TradeManager,
        market_now: Callable[[], float],
        wall_at: Callable[[float], float],
    ) -> None:
        self._bars = bars
        self._manager = manager
        self._now = market_now
        self._wall_at = wall_at
        self._newest: date | None = None

    def has_turned(self) -> bool:
        """Whether a trade date of what is held has begun since this was asked last; False the first time."""
        before, self._newest = self._newest, self.day("").day
        return before is not None and self._newest > before

    def day(self, account: str) -> Begin:
        """The account's running day."""
        return account_day(self._now(), self._held(account))

    def newest_reset(self, account: str) -> float:
        """When the newest trade date of what the account holds began, market time."""
        now, held = self._now(), self._held(account)
        return max((days.started(now) for days in held), default=account_day(now, ()).at)

    def today(self) -> Today:
        """For one pass: each instrument's running date is looked up once."""
        now = self._now()
        spans: dict[int, _Span] = {}

        def is_today(fill: Fill) -> bool:
            span = spans.get(fill.con_id)
            if span is None:
                days = self._days(fill.con_id, fill.sec_type)
                running = days.of(now)
                span = spans[fill.con_id] = _Span(days.begins(running), days.ends(running))
            return span.begins <= fill.time_market < span.ends

        return Today(is_today, lambda account: self._wall_at(self.newest_reset(account)))

    def _days(self, con_id: int, sec_type: str) -> TradingDays:
        contract = self._manager.contract(con_id)
        return self._bars.trading_days(con_id, contract.sec_type if contract is not None else sec_type)

    def _held(self, account: str) -> set[TradingDays]:
        """Rules of what the account can trade; of what is filtered (an expired future) only where it holds no more."""
        mine = [(owner, con_id) for owner, con_id in self._manager.keys() if not account or owner == account]
        traded = [key for key in mine if not self._manager.is_filtered(key)]
        return {self._days(con_id, "") for _, con_id in traded or mine}


class _Span(NamedTuple):
    begins: float
    ends: float
