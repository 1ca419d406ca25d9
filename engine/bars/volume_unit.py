"""Learning whether volumes of US stocks come in round lots of 100 or in shares, for ticks and for history apart.

Nothing on the wire says it: it depends on the TWS version and its setting "Bypass US Stocks market data in shares
warning". What can be seen, strongest first:

1. The day's volume by tick 8 over the sum of the same day's history bars: near 100 or 0.01 tells both units at once,
   near 1 tells that they are the same (history leaves out some trades: 3 % here, up to a third for some names).
2. Scan floors are in shares: a stock that a scan with avgVolumeAbove=500,000 returned can't trade 90,000 shares a
   day, so an average that low is in lots; an average of 20 million lots would be 2 billion shares: shares.
3. A history volume with a fraction (948837.22) counts odd lots as parts of a lot: lots.
4. Displayed sizes of stocks below 250 USD (where the round lot is 100) are whole hundreds in shares, and hardly
   ever in lots.
Until one of 2-4 has spoken and, for the other source, 1 has tied them together, the unit is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from typing import Literal

from engine.bars.sessions import is_us_stock
from engine.domain import ContractRef

LOT = 100.0
DECIDED = 2.0
ROUND_LOT_BELOW_USD = 250.0
NEAR = (0.55, 1.8)  # how far a ratio may lie from 1 or 100
MANY_SIZES = 40
MOST_SYMBOLS = 400

Source = Literal["ticks", "history"]
_WORDS = {1.0: "shares", LOT: "lots of 100", None: "unknown"}


def _near(ratio: float, target: float) -> bool:
    return NEAR[0] * target <= ratio <= NEAR[1] * target


class VolumeUnits:
    """Evidence and verdict for one gateway. `on_change` is called when a factor becomes known or changes."""

    def __init__(self, on_change: Callable[[], None] = lambda: None) -> None:
        self._on_change = on_change
        self._stock: dict[int, bool] = {}
        self._factor: dict[Source, float | None] = {"ticks": None, "history": None}
        self._tick_day: dict[int, float] = {}
        self._history_day: dict[int, float] = {}
        self._ratios: dict[int, float] = {}
        self._floor: dict[int, float] = {}
        self._average: dict[Source, dict[int, float]] = {"ticks": {}, "history": {}}
        self._fractions = 0
        self._sizes: dict[int, int] = {}
        self._round = 0
        self._odd = 0

    def know(self, contract: ContractRef) -> None:
        """Tell the kind of a contract; only US stocks have the question."""
        self._stock[contract.con_id] = is_us_stock(contract)

    def tick_factor(self, con_id: int) -> float | None:
        """Shares a unit of tick volume and size; 1.0 for everything but US stocks, None = unknown."""
        return self._factor["ticks"] if self._stock.get(con_id, True) else 1.0

    def history_factor(self, con_id: int) -> float | None:
        """Shares a unit of a history bar's volume; None = unknown."""
        return self._factor["history"] if self._stock.get(con_id, True) else 1.0

    def words(self) -> dict[str, str]:
        """For the health page: {"ticks": "lots of 100", "history": "unknown"}."""
        return {source: _WORDS[factor] for source, factor in self._factor.items()}

    @property
    def tied(self) -> float | None:
        """Tick unit over history unit as measured, near 1, 100 or 0.01; None = not measured."""
        return median(self._ratios.values()) if self._ratios else None

    def forget_evidence(self) -> None:
        """A new connection may be another TWS: gather anew; what is known holds until contradicted."""
        for table in (self._tick_day, self._history_day, self._ratios, *self._average.values()):
            table.clear()
        self._sizes.clear()
        self._fractions = self._round = self._odd = 0

    def on_ticks(
        self,
        con_id: int,
        day_volume_raw: float | None,
        average_raw: float | None,
        price: float | None,
        *sizes_raw: float | None,
    ) -> None:
        """One line's values in the gateway's unit. Cheap once everything is known."""
        if not self._stock.get(con_id, False) or len(self._tick_day) > MOST_SYMBOLS:
            return
        fresh = con_id not in self._tick_day and bool(day_volume_raw)
        if day_volume_raw:
            self._tick_day[con_id] = day_volume_raw
        if average_raw and con_id not in self._average["ticks"]:
            self._average["ticks"][con_id] = average_raw
            fresh = True
        if price is not None and 1.0 < price < ROUND_LOT_BELOW_USD and self._sizes.get(con_id, 0) < 8:
            fresh = self._count_sizes(con_id, sizes_raw) or fresh
        if fresh:
            self._compare(con_id)

    def on_history(
        self, con_id: int, day_sum_raw: float | None, volumes_raw: Sequence[float], daily_mean_raw: float | None
    ) -> None:
        """One answer: the newest day's sum (None when the bars don't tell), its volumes, the mean of whole days."""
        if not self._stock.get(con_id, False):
            return
        if day_sum_raw:
            self._history_day[con_id] = day_sum_raw
        if daily_mean_raw:
            self._average["history"][con_id] = daily_mean_raw
        self._fractions += sum(1 for volume in volumes_raw[-200:] if volume % 1.0 > 1e-6)
        self._compare(con_id)

    def on_scan(self, con_ids: Sequence[int], average_floor_shares: float) -> None:
        """These were returned by a scan that filters on average volume."""
        if average_floor_shares <= 0:
            return
        for con_id in con_ids:
            self._floor.setdefault(con_id, average_floor_shares)
        self._decide()

    def _count_sizes(self, con_id: int, sizes_raw: Sequence[float | None]) -> bool:
        counted = False
        for size in sizes_raw:
            if size is not None and size > 0:
                self._sizes[con_id] = self._sizes.get(con_id, 0) + 1
                counted = True
                if size % LOT == 0:
                    self._round += 1
                else:
                    self._odd += 1
        return counted

    def _compare(self, con_id: int) -> None:
        mine, theirs = self._tick_day.get(con_id), self._history_day.get(con_id)
        if mine and theirs:
            self._ratios.setdefault(con_id, mine / theirs)
        self._decide()

    def _votes(self, source: Source) -> float:
        """Above 0 speaks for lots, below for shares."""
        votes = 0.0
        averages = self._average[source]
        for con_id, average in averages.items():
            floor = self._floor.get(con_id)
            if floor is not None and average < floor * 0.2:
                votes += 3.0
            elif average > 20_000_000:
                votes -= 3.0
        floored = [average / self._floor[con_id] for con_id, average in averages.items() if con_id in self._floor]
        if len(floored) >= 25 and min(floored) > 0.4:
            votes -= 2.0
        return votes + (self._size_vote() if source == "ticks" else min(self._fractions, 3))

    def _size_vote(self) -> float:
        seen = self._round + self._odd
        if seen < MANY_SIZES:
            return 0.0
        share = self._round / seen
        return -2.0 if share >= 0.9 else 2.0 if share <= 0.5 else 0.0

    def _decide(self) -> None:
        before = dict(self._factor)
        ticks, history = self._votes("ticks"), self._votes("history")
        tied = self.tied
        if tied is not None and _near(tied, 1.0):
            ticks = history = ticks + history
        elif tied is not None and _near(tied, LOT):  # the tick number is 100 times the bar's: ticks in shares
            ticks, history = -DECIDED, DECIDED
        elif tied is not None and _near(tied, 1.0 / LOT):
            ticks, history = DECIDED, -DECIDED
        self._settle("ticks", ticks)
        self._settle("history", history)
        if before != self._factor:
            self._on_change()

    def _settle(self, source: Source, votes: float) -> None:
        if abs(votes) >= DECIDED:
            self._factor[source] = LOT if votes > 0 else 1.0
