"""A symbol's volume of the day by ticks against the sum of its history bars, taken at about the same moment. Pure."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from engine.bars.history_plan import JobKind
from engine.bars.round_lots import LOT_OF_ONE_USD, Ratio, ratio_of
from engine.clock import NEW_YORK
from engine.domain import Bar

LEAST_RAW = 20.0  # of a day's volume: less is too coarse to tell
RECENT_S = 600.0
FASTEST = 3.0  # times the pace of the last ten minutes that volume may have grown by since an answer
NO_TRADE_BY_HOUR = 10  # New York: a day without a trade by then is a holiday, or the stock is too thin to tell
AT_ONCE_S = 120.0
DAY_BEGINS_S = 4 * 3_600.0  # New York: the first trades of a US stock's day, and of its volume


def new_york_day(at_market: float) -> str:
    """New York's date, YYYYMMDD. Answers have thousands of bars, midnight is on the hour: worked out once an hour."""
    return _day_of_hour(int(at_market // 3_600.0))


@functools.lru_cache(maxsize=2_048)
def _day_of_hour(hour: int) -> str:
    return datetime.fromtimestamp(hour * 3_600.0, NEW_YORK).strftime("%Y%m%d")


class Answer(NamedTuple):
    """What a history answer says of volume, in its unit.

    `day_raw` is the sum of the newest `day` (YYYYMMDD), None where the bars don't tell; `recent_raw` the part of its
    last ten minutes; `mean_raw` that of whole days. `asked` is market time, `price` the last close. `volumes` are
    those of all bars, a thousand and more: for whoever is told of the answer, not to be kept.
    """

    asked: float = 0.0
    day_raw: float | None = None
    day: str | None = None
    recent_raw: float = 0.0
    mean_raw: float | None = None
    volumes: tuple[float, ...] = ()
    price: float | None = None


def answer_of(kind: JobKind, bars: Sequence[Bar], asked: float) -> Answer:
    """What these bars say: minutes of two days, quarters of an hour of twenty, or days."""
    volumes = tuple(bar.volume for bar in bars if bar.volume is not None)
    days: dict[str, float] = {}
    for bar in bars if kind != "daily" else ():
        day = new_york_day(bar.time)
        days[day] = days.get(day, 0.0) + (bar.volume or 0.0)
    newest = max(days) if days and kind == "bars" else None
    whole: Sequence[float] = ()
    if kind == "usual":
        whole = [days[day] for day in sorted(days)[:-1]]
    elif kind == "daily":
        whole = volumes[-21:-1]
    return Answer(
        asked,
        days[newest] if newest is not None else None,
        newest,
        sum(bar.volume or 0.0 for bar in bars[-11:] if bar.time >= asked - RECENT_S - 60.0),
        sum(whole) / len(whole) if whole else None,
        volumes,
        bars[-1].close if bars else None,
    )


class DayRatios:
    """Per con_id, what its ticks and its history say of each other."""

    def __init__(self) -> None:
        self.ratios: dict[int, Ratio] = {}
        self._ticks: dict[int, tuple[float, float]] = {}  # the day's volume so far and when it was so
        self._before: dict[int, tuple[float, float]] = {}  # the same before the newest history answer
        self._answers: dict[int, Answer] = {}

    def __contains__(self, con_id: int) -> bool:
        """Whether its ticks have been heard."""
        return con_id in self._ticks

    def __len__(self) -> int:
        return len(self._ticks)

    def clear(self) -> None:
        for table in (self.ratios, self._ticks, self._before, self._answers):
            table.clear()

    def forget(self, con_id: int) -> None:
        """It left the universe; what it measured holds."""
        for table in (self._ticks, self._before, self._answers):
            table.pop(con_id, None)

    def on_ticks(self, con_id: int, day_volume_raw: float, at_market: float) -> bool:
        """Whether that measured something new."""
        self._ticks[con_id] = (day_volume_raw, at_market)
        return self._measure(con_id)

    def on_answer(self, con_id: int, answer: Answer) -> bool:
        """Whether that measured something new."""
        if not answer.day_raw:
            return False
        self._answers[con_id] = answer._replace(volumes=())
        if con_id in self._ticks:
            self._before[con_id] = self._ticks[con_id]
        return self._measure(con_id)

    def tied(self, prices: dict[int, float]) -> Ratio | None:
        """What most symbols' ratios say of the sources; None = not measured."""
        votes = Counter(
            ratio.coarse
            for con_id, ratio in self.ratios.items()
            if ratio.coarse != "same" or prices.get(con_id, 0.0) < LOT_OF_ONE_USD
        )
        if not votes:
            return None
        coarse = votes.most_common(1)[0][0]
        return next(ratio for ratio in self.ratios.values() if ratio.coarse == coarse)

    def _measure(self, con_id: int) -> bool:
        """Compare one symbol's ticks with its history answer.

        The volume goes on between the two: by three times the pace of the last ten minutes at most, and to no less
        than the last tick before the answer told.
        """
        answer, tick = self._answers.get(con_id), self._ticks.get(con_id)
        if answer is None or tick is None or con_id in self.ratios:
            return False
        raw = answer.day_raw or 0.0
        if min(raw, tick[0]) < LEAST_RAW or not _of_one_day(answer, tick[1]):
            return False
        told = tick[0] / raw
        growth = FASTEST * abs(tick[1] - answer.asked) / RECENT_S * answer.recent_raw / raw
        low, high = told / (1.0 + growth), told
        if tick[1] < answer.asked:
            low, high = told, told / (1.0 - growth) if growth < 1.0 else float("inf")
        before = self._before.get(con_id)
        if before is not None and _of_one_day(answer, before[1]) and before[1] <= answer.asked <= tick[1]:
            low = max(low, before[0] / raw)
        ratio = ratio_of(low, high)
        if ratio is not None:
            self.ratios[con_id] = ratio
        return ratio is not None


def _trade_day(at_market: float) -> date:
    return datetime.fromtimestamp(at_market - DAY_BEGINS_S, NEW_YORK).date()


def _of_one_day(answer: Answer, at_market: float) -> bool:
    """Whether tick and answer speak of the same trading day. Before the first trade of a day both still tell of the
    last one, until at any moment the ticks don't: taken only where none is to come (a weekend, most likely a holiday).
    """
    if answer.day is None:
        return True
    now = _trade_day(at_market)
    if now != _trade_day(answer.asked):
        return False
    if now.weekday() >= 5 or answer.day == now.strftime("%Y%m%d"):
        return True
    if answer.day == new_york_day(at_market) == new_york_day(answer.asked):
        return True  # traded by night, since midnight
    late = datetime.fromtimestamp(answer.asked, NEW_YORK).hour >= NO_TRADE_BY_HOUR
    return late and abs(at_market - answer.asked) <= AT_ONCE_S
