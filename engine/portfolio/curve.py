"""The P&L curve as it grows: one point each 2 s, one empty point where data end, a mark where the day begins anew.

Engine thread only. A reset is no loss and no profit, so the curve is cut there, where the broker's figure makes it. Its
schedule is a setting of TWS that nobody tells us, and it comes seconds after a trade date has begun. So the step itself
is looked for: day P&L moves and neither the unrealised nor the realised P&L has, or the realised P&L is set to zero.
Where that can't be seen (after a gap, without our own figures) the curve is cut at the beginning of the trade date.
The running day's curve begins there, too: a trade date that begins under a figure that goes on begins no curve.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from statistics import median
from typing import Final

from msgspec.structs import replace

from engine.bars.trading_day import Begin
from engine.state.sections import PnlPoint, PnlSection

TAIL = 300
SIGN_S = 60.0  # so often a gap leaves a row
FLAT_S = 8.0  # a value that stays gets one point in so long, and one where it ends
REMEMBERED = 15  # points (30 s) that tell how far day P&L and our own unrealised P&L usually are apart
LEAST_STEP = 10.0  # money; less is no reset that anybody would see
LEAST_OF_UNREALIZED = 0.005  # nor is less than this share of the unrealised P&L
FEW, ENOUGH = 3, 10  # points that have to be remembered for a reset that is expected, and for one that isn't
NOISE_TIMES = 3.0  # our marks and the broker's differ by seconds: a step has to stand out of that
Record = Callable[[float, float, float | None, float | None, float | None], None]
JUDGED_S = 30.0  # between two points further apart the market moves more than a reset
SOON_S = 600.0  # so long after a trade date has begun a reset is expected
ANEW_SHARE = 0.25  # of the former day's P&L: what the new one may have made in its first seconds
_BEFORE_S: Final = 0.5  # a mark lies so long before the first point of the new day


class PnlCurve:
    """Keeps the newest 300 points and hands each to the journal: (t wall, m market, unrealized, realized, daily).

    A reset travels as a point of which only `realized` is given.
    """

    def __init__(self, record: Record) -> None:
        self._record = record
        self._tail: deque[PnlPoint] = deque(maxlen=TAIL)
        self._flat: PnlPoint | None = None  # the newest point of a flat stretch, not added yet
        self._apart: deque[float] = deque(maxlen=REMEMBERED)
        self._known: PnlPoint | None = None  # the newest with values, gaps aside, of all positions
        self._signed: float | None = None  # wall time of the newest row in the journal
        self._lacks: frozenset[str] = frozenset()
        self._seen_of: float | None = None  # the beginning of the trade date whose reset has been seen
        self._judged_from: float | None = None  # since when every step of the figure could be judged
        self._reset_at: float | None = None  # the newest reset
        self._day: Begin | None = None  # what the curve of the running day begins with
        self._held_for: Begin | None = None  # a day that began while the figure went on

    def add(
        self,
        wall: float,
        market: float,
        unrealized: float | None,
        realized: float | None,
        daily: float | None,
        began_market: float | None = None,
        lacks: frozenset[str] = frozenset(),
        others: float = 0.0,
    ) -> None:
        """Add a point; a gap is one empty point, however long it lasts, and a flat stretch has few.

        `began_market`: when the newest trade date of what the account holds began. `lacks`: positions that
        `unrealized` leaves out; the curve is interrupted where they change, since what comes in or goes is no P&L.
        `others`: unrealised P&L of the filtered positions, which `daily` counts and `unrealized` does not.
        """
        empty = unrealized is None and daily is None
        if empty and (not self._tail or is_gap(self._tail[-1])):
            self._sign_of_life(wall, market)
            return
        point = (
            PnlPoint(wall, market, None, None, None) if empty else PnlPoint(wall, market, unrealized, realized, daily)
        )
        if not empty:
            self._cut_before(point, began_market, others)
            self._interrupt(point, lacks)
        last = self._tail[-1] if self._tail else None
        is_same = last is not None and _money(last) == _money(point)
        if last is not None and is_same and 0.0 <= point.t - last.t < FLAT_S:
            self._flat = point
            return
        if self._flat is not None and not is_same:
            self._keep(self._flat)
        self._keep(point)

    def _sign_of_life(self, wall: float, market: float) -> None:
        """Once a minute of a gap the journal hears that QTrade runs: else a crash in it would seem to begin with it."""
        if self._signed is None:
            self._signed = wall
        elif not 0.0 <= wall - self._signed < SIGN_S:
            self._signed = wall
            self._record(wall, market, None, None, None)

    def _cut_before(self, point: PnlPoint, began_market: float | None, others: float) -> None:
        """A mark before `point` if the day's P&L began anew between it and the point before."""
        shown, point = point, _whole(point, others)
        before, self._known = self._known, point
        apart = _apart(point)
        if before is not None and before.m < point.m:
            soon = began_market is not None and began_market <= point.m < began_market + SOON_S
            expected = soon and self._seen_of != began_market
            known = len(self._apart) >= (FEW if expected else ENOUGH)
            judged = apart is not None and known and point.m - before.m <= JUDGED_S
            self._judged_from = (before.m if self._judged_from is None else self._judged_from) if judged else None
            if _is_set_to_zero(before, point) or (judged and self._is_reset(before, point, expected)):
                self._seen_of = began_market
                self._mark(shown, shown.m)
            elif not judged and began_market is not None and before.m < began_market <= point.m:
                self._mark(shown, began_market)
        if apart is not None:
            self._apart.append(apart)

    def _mark(self, point: PnlPoint, at: float) -> None:
        """Say that the day began anew at market time `at`, before `point`."""
        self._reset_at = at
        if self._flat is not None:
            self._keep(self._flat)
        newest = self._tail[-1]
        m = at - _BEFORE_S if newest.m < at - _BEFORE_S < point.m else (newest.m + point.m) / 2.0
        self._keep(PnlPoint(max(newest.t, point.t - _BEFORE_S), m, None, 0.0, None))
        self._apart.clear()

    def _interrupt(self, point: PnlPoint, lacks: frozenset[str]) -> None:
        """One empty point where the sum counts other positions than before, unless the curve is cut there anyway."""
        before, self._lacks = self._lacks, lacks
        if before != lacks:
            self._apart.clear()
        if before == lacks or not self._tail or is_gap(self._tail[-1]):
            return
        if self._flat is not None:
            self._keep(self._flat)
        newest = self._tail[-1]
        self._keep(PnlPoint((newest.t + point.t) / 2.0, (newest.m + point.m) / 2.0, None, None, None))

    def _is_reset(self, before: PnlPoint, point: PnlPoint, expected: bool) -> bool:
        """Whether the broker's own figures have begun anew between two points; `expected` by the calendar."""
        apart = _apart(point)
        if apart is None or before.daily is None or point.daily is None:
            return False
        usual = median(self._apart)
        noise = max(abs(each - usual) for each in self._apart)
        least = max(LEAST_STEP, LEAST_OF_UNREALIZED * abs(point.unrealized or 0.0))
        stands_out = abs(apart - usual) > max(least, NOISE_TIMES * noise)
        step = point.daily - before.daily
        moved = abs((point.unrealized or 0.0) - (before.unrealized or 0.0))
        if not stands_out or abs(step) <= least:
            return False
        # Outside of the calendar only a day that begins from nothing is one: a report that comes a poll early is not.
        return expected or (moved < abs(step) / 2.0 and abs(point.daily) <= ANEW_SHARE * abs(before.daily))

    def _keep(self, point: PnlPoint) -> None:
        self._flat, self._signed = None, point.t
        self._tail.append(point)
        self._record(point.t, point.m, point.unrealized, point.realized, point.daily)

    def restart(self) -> None:
        """Another account or mode: its curve is another one."""
        self._tail.clear()
        self._apart.clear()
        self._flat = self._known = self._judged_from = self._reset_at = self._day = self._held_for = None
        self._lacks = frozenset()

    def section(self, day: Begin | None = None) -> PnlSection:
        """The newest points; `day` = the account's running one by the calendar."""
        shown = None if day is None else self._begun(day)
        begins, date = (shown.at, f"{shown.day:%Y%m%d}") if shown is not None else (None, "")
        return PnlSection(points=tuple(self._tail), day_start=begins, trade_date=date)

    def _begun(self, day: Begin) -> Begin:
        """`day`, or the one before for as long as the broker's figure has been seen to go on."""
        before, from_, reset = self._day, self._judged_from, self._reset_at
        if before is not None and before.at < day.at and day != self._held_for and from_ is not None:
            if from_ < day.at and (reset is None or reset < day.at - SOON_S):
                self._held_for = day
        if before is None or day != self._held_for:
            self._day = day
        elif reset is not None and reset >= day.at - _BEFORE_S:
            self._day = Begin(day.at if reset < day.at + SOON_S else reset, day.day)
        return self._day or day


def is_gap(point: PnlPoint) -> bool:
    """No data then; the curve is interrupted."""
    return point.unrealized is None and point.daily is None


def is_reset(point: PnlPoint) -> bool:
    """The P&L of the day began anew here; the curve is cut."""
    return is_gap(point) and point.realized is not None


def _is_set_to_zero(before: PnlPoint, point: PnlPoint) -> bool:
    """Realised P&L goes back to nothing at once, which no trade does."""
    return before.realized is not None and abs(before.realized) >= 1.0 and point.realized == 0.0


def _whole(point: PnlPoint, others: float) -> PnlPoint:
    """The point with the unrealised P&L of the filtered positions, too."""
    if point.unrealized is None or not others:
        return point
    return replace(point, unrealized=point.unrealized + others)


def _money(point: PnlPoint) -> tuple[float | None, float | None, float | None]:
    return point.unrealized, point.realized, point.daily


def _apart(point: PnlPoint) -> float | None:
    """Day P&L less what our own figures explain of it: stays within a day, steps with a reset."""
    if point.daily is None or point.unrealized is None:
        return None
    return point.daily - point.unrealized - (point.realized or 0.0)
