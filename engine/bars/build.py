"""Building one symbol's bars (of a minute, of 10 s) from trades: pure state, time as an argument.

The volume of a bar is the change of the day's cumulative volume, so that a tick that never came loses nothing. The
first update after a start or a long break is a baseline: what it reports happened before. After a short break (between
two visits) the volume that came meanwhile is spread evenly over the time between; minutes that nobody saw are no bars.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import NamedTuple

BAR_S = 60.0
RESUME_S = 1_800.0  # a longer break is no pause between two visits
HIGH_IS_FRESH = 0.25  # the price is still within this share of what a new extreme of the day went beyond the last one
PACE_NEEDS_S = 4.0  # of a visit, before its own volume says anything
COUNT_EVERY_S = 5.0
COUNTS = 48  # some minutes of a line, or the visits of half an hour
LAST_S = 60.0
COUNTED_WITHIN_S = 900.0  # a count before the last 60 s that is older tells nothing of them
RESET_SHARE = 0.5  # a day's volume below half of the last one is a new day's; above, a correction by the exchange


def bar_start(at_market: float) -> float:
    """Start of the minute that holds `at_market`."""
    return at_market - at_market % BAR_S


@dataclass(slots=True)
class OpenBar:
    """The running minute. `volume` None = unit unknown; `complete` False = part of the minute was not seen.

    `seen_from` is the moment from which `volume` counts: the start of the minute, or later when the line is younger.
    """

    time: float
    open: float
    high: float
    low: float
    close: float
    volume: float | None
    complete: bool
    seen_from: float = field(default=0.0, compare=False)
    unseen: int = field(default=0, compare=False)  # minutes directly before it that no line saw


class LateTrade(NamedTuple):
    """What belongs to the minute `time`, in which a visit ended, and was learned at the next one.

    `price` is the last one that the visit saw; None = it saw none.
    """

    time: float
    volume: float
    high: float | None = None
    low: float | None = None
    price: float | None = None


class _Left(NamedTuple):
    """The day's figures at the end of a visit."""

    at: float
    volume: float
    high: float | None
    low: float | None
    price: float | None


class BarBuilder:
    """Turns (price, day volume, time) into minutes; `update` and `close_due` hand back the minute that closed.

    With `bar_s` 10 the bars are of 10 s; breaks (`interrupt`) are told in minutes only.
    """

    def __init__(self, bar_s: float = BAR_S) -> None:
        self._bar_s = bar_s
        self.bar: OpenBar | None = None
        self._last: float | None = None
        self._day_volume: float | None = None
        self._day_high: float | None = None
        self._day_low: float | None = None
        self._complete_from = float("inf")
        self.seen_from = 0.0  # when the watch that lasts until now began; 0.0 = before any bar
        self.late: LateTrade | None = None  # for whoever keeps the closed bars; to be taken away there
        self._updated_at = 0.0
        self._visit_volume: float | None = None  # the day's, when the present visit began
        self._left: _Left | None = None
        self._unseen = 0  # minutes that a long break left out before the next bar
        self._counts = array("d")  # when, and the day's volume by then, in turn
        self._resumed: tuple[_Left, float] | None = None  # until high and low are compared: what was, and this minute

    def visit_pace(self, now_market: float) -> float | None:
        """Volume a minute since the present visit began; None = no visit after a break, one too young to tell, or one
        so long that the running minute knows better."""
        seen_s = now_market - self.seen_from
        if self._visit_volume is None or self._day_volume is None or not PACE_NEEDS_S <= seen_s <= BAR_S:
            return None
        return max(0.0, self._day_volume - self._visit_volume) * BAR_S / seen_s

    def counted_60s(self, now_market: float) -> float | None:
        """Volume of the last 60 s, what came between two visits spread evenly; None = not known so far back."""
        if self._day_volume is None:
            return None
        begin, counts = now_market - LAST_S, self._counts
        after_at, after = now_market, self._day_volume
        for place in range(len(counts) - 2, -1, -2):
            at, volume = counts[place], counts[place + 1]
            if at > begin:
                after_at, after = at, volume
                continue
            if at < now_market - COUNTED_WITHIN_S:
                return None
            share = (begin - at) / (after_at - at)
            return self._day_volume - volume - share * (after - volume)
        return None

    def _count(self, at: float, day_volume: float) -> None:
        """Note the day's volume, each 5 s and at both ends of a visit."""
        counts = self._counts
        if counts and (day_volume < counts[-1] or at < counts[-2]):
            del counts[:]
        if len(counts) >= 4 and at - counts[-4] < COUNT_EVERY_S:
            del counts[-2:]
        counts.append(at)
        counts.append(day_volume)
        if len(counts) > 2 * COUNTS:
            del counts[:2]

    @property
    def last(self) -> float | None:
        """The newest price since the watch began."""
        return self._last

    @property
    def unseen(self) -> int:
        """Minutes directly before the running one that no line saw."""
        return self._unseen if self.bar is None else self.bar.unseen

    @property
    def day_volume(self) -> float | None:
        """The newest cumulative volume of the day."""
        return self._day_volume

    def update(
        self, price: float | None, day_volume: float | None, at_market: float, has_trade: bool = True
    ) -> OpenBar | None:
        """Take one update. A bar opens only for a trade: a new price, more volume, or `has_trade` with a price."""
        if day_volume is not None:
            self._count(at_market, day_volume)
        if self._left is not None:
            return self._resume(self._left, price, day_volume, at_market)
        self._updated_at = at_market
        gained = self._gain(day_volume)
        first = self._last is None
        moved = price is not None and price != self._last
        if price is not None:
            self._last = price
        if first:
            self.seen_from = at_market
            self._complete_from = min(self._complete_from, self._start(at_market) + self._bar_s)
            return None
        if self._last is None or not (moved or gained or (has_trade and price is not None)):
            return None
        closed = self._roll(self._last, at_market)
        if gained and self.bar is not None:
            if self.bar.volume is None:  # the unit became known within this minute
                self.bar.volume, self.bar.complete, self.bar.seen_from = 0.0, False, at_market
            self.bar.volume += gained
        return closed

    def extremes(self, day_high: float | None, day_low: float | None) -> None:
        """A new high or low of the day between two updates belongs to the running bar (updates come 4 a second)."""
        if self._resumed is not None:
            self._compare(*self._resumed, day_high, day_low)
        if day_high is not None and day_high != self._day_high:
            if self.bar is not None and self._day_high is not None and day_high > self._day_high:
                self.bar.high = max(self.bar.high, day_high)
            self._day_high = day_high
        if day_low is not None and day_low != self._day_low:
            if self.bar is not None and self._day_low is not None and day_low < self._day_low:
                self.bar.low = min(self.bar.low, day_low)
            self._day_low = day_low

    def close_due(self, now_market: float) -> OpenBar | None:
        """The running bar when its minute is over, whether or not another trade came."""
        bar = self.bar
        if bar is None or now_market < bar.time + self._bar_s:
            return None
        self.bar = None
        return bar

    def interrupt(self) -> float | None:
        """The line was lost: what comes next resumes, or is a new baseline. Returns the day's volume as last seen."""
        if self.bar is not None:
            self.bar.complete = False
        if self._day_volume is not None and self._left is None:
            self._left = _Left(self._updated_at, self._day_volume, self._day_high, self._day_low, self._last)
        self._last = self._day_high = self._day_low = self._resumed = self._visit_volume = None
        volume, self._day_volume = self._day_volume, None
        self._complete_from = float("inf")
        return volume

    def forget_volume(self) -> None:
        """The unit of the day's volume changed: the next one is a new baseline, and this minute's is unknown."""
        if self.bar is not None:
            self.bar.volume, self.bar.complete = None, False
        self._day_volume = self._left = self._resumed = self._visit_volume = self.late = None
        del self._counts[:]

    def adopt(self, bar: OpenBar) -> None:
        """Join what history says of the running minute with what was seen of it."""
        mine = self.bar
        if mine is None or mine.time != bar.time:
            if mine is None or mine.time < bar.time:
                self.bar = bar
            return
        mine.open = bar.open
        mine.high = max(mine.high, bar.high)
        mine.low = min(mine.low, bar.low)
        if bar.volume is not None:
            mine.volume = max(mine.volume or 0.0, bar.volume)
            mine.seen_from = mine.time

    def _resume(self, left: _Left, price: float | None, day_volume: float | None, at: float) -> OpenBar | None:
        """The first updates after a break, until the day's volume is known: spread what came meanwhile."""
        if price is not None:
            self._last = price
        if day_volume is None or self._last is None:
            return None
        self._left, self._resumed = None, (left, bar_start(at))
        self._day_volume, self._updated_at = day_volume, at
        self._visit_volume = day_volume
        self._complete_from = bar_start(at) + BAR_S
        self.seen_from = at
        gained = day_volume - left.volume
        minute, ended = bar_start(at), bar_start(left.at)
        if not 0.0 < at - left.at <= RESUME_S or gained <= 0.0:
            self._resumed = None
            self._unseen = max(0, int((minute - ended) // BAR_S) - 1) if gained > 0.0 else 0
            return None
        pace = gained / (at - left.at)
        if minute == ended:
            return self._join(self._last, gained, at)
        self.late = LateTrade(ended, pace * (ended + BAR_S - left.at), price=left.price)
        closed, self.bar = self.bar, None
        self.bar = OpenBar(minute, self._last, self._last, self._last, self._last, pace * (at - minute), False, minute)
        self.bar.unseen = int((minute - ended) // BAR_S) - 1
        return closed

    def _compare(self, left: _Left, minute: float, day_high: float | None, day_low: float | None) -> None:
        """A new extreme of the day between two visits belongs to the time between, unless the price still is there."""
        if day_high is None or day_low is None or self._last is None:
            return
        self._resumed = None
        ended = bar_start(left.at)
        for extreme, before, up in ((day_high, left.high, 1.0), (day_low, left.low, -1.0)):
            if before is None or up * (extreme - before) <= 0.0:
                continue
            fresh = abs(extreme - self._last) <= HIGH_IS_FRESH * abs(extreme - before)
            if ended == minute or fresh:
                self._stretch(extreme)
            else:
                late = self.late if self.late is not None else LateTrade(ended, 0.0, price=left.price)
                self.late = late._replace(high=extreme) if up > 0 else late._replace(low=extreme)

    def _stretch(self, extreme: float) -> None:
        if self.bar is not None:
            self.bar.high, self.bar.low = max(self.bar.high, extreme), min(self.bar.low, extreme)

    def _join(self, price: float, gained: float, at: float) -> OpenBar | None:
        """Back within the same minute: it goes on with what it has gained."""
        closed = self._roll(price, at)
        if self.bar is not None:
            self.bar.volume = (self.bar.volume or 0.0) + gained
        return closed

    def _gain(self, day_volume: float | None) -> float:
        """Volume since the last update; a new day's counts in full, a correction downward for nothing."""
        if day_volume is None:
            return 0.0
        before, self._day_volume = self._day_volume, day_volume
        if before is None:
            return 0.0
        if day_volume >= before:
            return day_volume - before
        return day_volume if day_volume < before * RESET_SHARE else 0.0

    def _start(self, at_market: float) -> float:
        return at_market - at_market % self._bar_s

    def _roll(self, price: float, at_market: float) -> OpenBar | None:
        start = self._start(at_market)
        bar = self.bar
        if bar is not None and start <= bar.time:  # the same minute, or a clock that stepped back a little
            bar.close = price
            if price > bar.high:
                bar.high = price
            elif price < bar.low:
                bar.low = price
            return None
        known = 0.0 if self._day_volume is not None else None
        whole = start >= self._complete_from
        self.bar = OpenBar(start, price, price, price, price, known, whole, max(start, self.seen_from))
        self.bar.unseen, self._unseen = self._unseen, 0
        return bar
