"""Learning whether volumes of US stocks come in round lots of 100 or in shares, for ticks and for history apart.

Nothing on the wire says it: it depends on the TWS version and its setting "Bypass US Stocks market data in shares
warning". What can be seen, strongest first:

1. The day's volume by tick 8 over the sum of the same day's history bars: near 100 or 0.01 tells both units at once,
   near 1 tells that they are the same (history leaves out some trades: 3 % here, up to a third for some names).
2. Scan floors are in shares: a stock that a scan with avgVolumeAbove=500,000 returned can't trade 90,000 shares a
   day, so an average that low is in lots; an average of 20 million lots would be 2 billion shares: shares.
3. Displayed sizes of stocks below 250 USD (where the round lot is 100) are whole hundreds in shares, and hardly
   ever in lots.
4. A history volume with a fraction (948837.22) counts odd lots as parts of a lot: lots.
The strongest kind that has spoken decides. Until one of 2-4 has, and for the other source 1 ties them together, the
unit is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from typing import Literal

from engine.bars.sessions import is_us_stock
from engine.domain import ContractRef

LOT = 100.0
ROUND_LOT_BELOW_USD = 250.0
NEAR = (0.55, 1.8)  # how far a ratio may lie from 1 or 100
MANY_SIZES = 24
SIZES_PER_SYMBOL = 24
MANY_FLOORED = 25  # so many stocks above the floor, none far below: in lots each would trade 25 million shares a day
SOME_BELOW = 0.3  # a gateway that ignores the floor returns a few thin stocks; in lots most look thin
MANY_ANSWERS = 20
IMPLAUSIBLE_LOTS = 20_000_000  # 2 billion shares a day
MOST_SYMBOLS = 400

Source = Literal["ticks", "history"]
SOURCES: tuple[Source, Source] = ("ticks", "history")
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
        self._answers = 0
        self._sizes: dict[int, int] = {}
        self._round = 0
        self._odd = 0
        self.settled: set[int] = set()  # con_ids whose ticks have told all they can: not to be looked at again

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
        self.settled.clear()
        self._fractions = self._answers = self._round = self._odd = 0

    def forget(self, con_id: int) -> None:
        """It left the universe. What it said of the units holds; `know` comes first when it returns."""
        self._stock.pop(con_id, None)
        self._floor.pop(con_id, None)
        self._sizes.pop(con_id, None)
        self.settled.discard(con_id)
        for table in (self._tick_day, self._history_day, *self._average.values()):
            table.pop(con_id, None)

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
        if price is not None and 1.0 < price < ROUND_LOT_BELOW_USD and self._sizes.get(con_id, 0) < SIZES_PER_SYMBOL:
            before = self._said_by_sizes()
            self._count_sizes(con_id, sizes_raw)
            fresh = fresh or self._said_by_sizes() != before
        if fresh:
            self._compare(con_id)
        counted = price is None or not 1.0 < price < ROUND_LOT_BELOW_USD
        if con_id in self._ratios and con_id in self._average["ticks"]:
            if counted or self._sizes.get(con_id, 0) >= SIZES_PER_SYMBOL:
                self.settled.add(con_id)

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
        self._answers += 1
        self._fractions += sum(1 for volume in volumes_raw[-200:] if volume % 1.0 > 1e-6)
        self._compare(con_id)

    def on_scan(self, con_ids: Sequence[int], average_floor_shares: float) -> None:
        """These were returned by a scan that filters on average volume."""
        if average_floor_shares <= 0:
            return
        for con_id in con_ids:
            self._floor.setdefault(con_id, average_floor_shares)
        self._decide()

    def _said_by_sizes(self) -> tuple[float, bool]:
        """All that sizes tell `_decide`: it looks at every symbol, and sizes come with every tick."""
        return self._size_vote(), self._round + self._odd >= MANY_SIZES

    def _count_sizes(self, con_id: int, sizes_raw: Sequence[float | None]) -> None:
        for size in sizes_raw:
            if size is not None and size > 0:
                self._sizes[con_id] = self._sizes.get(con_id, 0) + 1
                if size % LOT == 0:
                    self._round += 1
                else:
                    self._odd += 1

    def _compare(self, con_id: int) -> None:
        mine, theirs = self._tick_day.get(con_id), self._history_day.get(con_id)
        if mine and theirs:
            self._ratios.setdefault(con_id, mine / theirs)
        self._decide()

    def _floor_vote(self, source: Source) -> float:
        """Above 0 speaks for lots, below for shares."""
        averages = self._average[source]
        floored = [average / self._floor[con_id] for con_id, average in averages.items() if con_id in self._floor]
        below = sum(1 for share in floored if share < 0.2)
        lots = below > 0 and below >= SOME_BELOW * len(floored)
        shares = any(average > IMPLAUSIBLE_LOTS for average in averages.values())
        if lots != shares:
            return 1.0 if lots else -1.0
        many = len(floored) >= MANY_FLOORED and min(floored) > 0.4
        return -1.0 if many and not lots else 0.0

    def _size_vote(self) -> float:
        seen = self._round + self._odd
        share = self._round / seen if seen >= MANY_SIZES else 0.7
        return -1.0 if share >= 0.9 else 1.0 if share <= 0.5 else 0.0

    def _fraction_vote(self) -> float:
        """The weakest: heard once there was time for the others to speak."""
        heard = self._answers >= MANY_ANSWERS or self._round + self._odd >= MANY_SIZES
        return 1.0 if self._fractions >= 3 and heard else 0.0

    def _decide(self) -> None:
        before = dict(self._factor)
        floors = {source: self._floor_vote(source) for source in SOURCES}
        tied = self.tied
        if tied is not None and _near(tied, 1.0):
            votes = [floors["ticks"] + floors["history"], self._size_vote(), self._fraction_vote()]
            self._settle("ticks", votes)
            self._settle("history", votes)
        elif tied is not None and _near(tied, LOT):  # the tick number is 100 times the bars': ticks in shares
            self._settle("ticks", [-1.0])
            self._settle("history", [1.0])
        elif tied is not None and _near(tied, 1.0 / LOT):
            self._settle("ticks", [1.0])
            self._settle("history", [-1.0])
        else:
            self._settle("ticks", [floors["ticks"], self._size_vote()])
            self._settle("history", [floors["history"], self._fraction_vote()])
        if before != self._factor:
            self._on_change()

    def _settle(self, source: Source, votes: Sequence[float]) -> None:
        """The strongest kind of evidence that has spoken decides."""
        spoken = next((vote for vote in votes if vote != 0.0), None)
        if spoken is not None:
            self._factor[source] = LOT if spoken > 0 else 1.0
