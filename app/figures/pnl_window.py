"""Which points a P&L curve shows: the range picked, from the journal and the newest ones of the state. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Literal

from app.figures.pnl import EDGE_S, GAP_S, Mark, Point
from app.figures.zones import minute_text, zone_word
from app.format import MINUS, quantity, short_name
from engine.bars.hours import UNKNOWN_HOURS
from engine.bars.trading_day import US_STOCK_DAYS, regular_sessions
from engine.clock import NEW_YORK, local_time
from engine.domain import Fill
from engine.journal.rows import PnlRow
from engine.state.sections import PnlPoint, PnlSection

Range = Literal["1h", "day", "5d"]
RANGES: tuple[tuple[str, str], ...] = (("1h", "1 h"), ("day", "Day"), ("5d", "5 d"))
MAX_POINTS = 1000  # the chart is about 800 pixels wide; extremes are kept
RESET_AFTER_S = 0.5  # a day begins so long after the point that marks it


def day_start(now_market: float, section: PnlSection | None = None) -> float:
    """Market time at which the account's running day began; without the engine's word a US stock's trade date."""
    if section is not None and section.day_start is not None and section.day_start <= now_market:
        return section.day_start
    return US_STOCK_DAYS.started(now_market)


def since_market(range_: str, now_market: float, section: PnlSection | None = None) -> float:
    """Market time at which a range begins."""
    if range_ == "1h":
        return now_market - 3600.0
    if range_ == "5d":
        return now_market - 7 * 86400.0
    return day_start(now_market, section)


def point_of(row: PnlRow | PnlPoint) -> Point:
    """A point of the curve; only a reset has nothing but its realised P&L."""
    return Point(row.m, row.daily, row.daily is None and row.unrealized is None and row.realized is not None)


def joined(journal: list[Point], newest: list[Point], since: float, gap_s: float = GAP_S) -> list[Point]:
    """The journal's points, then the newest ones that it has not got yet; nothing twice, gaps cut open.

    `gap_s` in market seconds: longer on a clock that runs faster. Where the gateway's clock was set back (a fresh
    start of the simulator) the later-written points win.
    """
    out: list[Point] = []
    for point in journal:
        while out and out[-1].m >= point.m:
            out.pop()
        if point.m >= since:
            out.append(point)
    for point in newest:
        if point.m < since or (out and point.m <= out[-1].m):
            continue
        if out and point.m - out[-1].m > gap_s and out[-1].y is not None and point.y is not None:
            out.append(Point(out[-1].m + 1.0, None))
        out.append(point)
    while out and out[0].y is None:  # nothing has ended here: it begins
        del out[0]
    return out


def regular_hours_of(since: float, now_market: float, section: PnlSection | None = None) -> list[list[float]]:
    """The regular hours of the US stocks in a range, [from, to] of market time; today's, begun or not."""
    known = section.sessions if section is not None else None
    begins = US_STOCK_DAYS.started(since)
    if known and begins >= US_STOCK_DAYS.started(now_market):
        return [[opens, closes] for opens, closes in known]
    found = regular_sessions(begins, now_market, UNKNOWN_HOURS, US_STOCK_DAYS, us_stock=True)
    return [[session.open, session.close] for session in found]


def within(points: Sequence[Point], hours: Sequence[Sequence[float]]) -> list[Point]:
    """The points of these stretches alone, cut open between them."""
    out: list[Point] = []
    for opens, closes in hours:
        mine = [point for point in points if opens <= point.m <= closes]
        if out and mine and out[-1].y is not None:
            out.append(Point(out[-1].m + RESET_AFTER_S, None))
        out += mine
    return out


def session_marks(now_market: float, range_: str, zone: tzinfo, section: PnlSection | None = None) -> list[Mark]:
    """Opening and close of the US stocks on the days shown: none on a holiday, 13:00 on a half day."""
    if range_ == "5d":
        return []
    known = section.sessions if section is not None else None
    if known is None:
        begins = since_market(range_, now_market, section)
        known = tuple(regular_sessions(begins, now_market, UNKNOWN_HOURS, US_STOCK_DAYS, us_stock=True))
    out = []
    for opens, closes in known:
        out += [
            Mark(at, f"{word} {minute_text(at, zone)}", "session") for at, word in ((opens, "open"), (closes, "close"))
        ]
    return out


def begun(points: list[Point], begins: float) -> list[Point]:
    """The points of the day that began then: IB resets its figure a little later, until then it is yesterday's."""
    late = [i for i, point in enumerate(points) if point.cut and begins - 1.0 <= point.m <= begins + EDGE_S]
    return points[late[-1] + 1 :] if late else points


def reset_marks(points: Sequence[Point], begins: float, zone: tzinfo) -> list[Mark]:
    """Where the P&L of the day began anew, and the beginning of the account's day."""
    at = [point.m + RESET_AFTER_S for point in points if point.cut]
    new = next((each for each in at if begins - 1.0 <= each <= begins + EDGE_S), begins)
    return [
        Mark(each, f"{'new day' if each == new else 'reset'} {minute_text(each, zone)}", "reset")
        for each in sorted({*at, new})
    ]


def basis_words(begins: float, zone: tzinfo) -> str:
    """What the curve and its figures are."""
    local = local_time(begins, zone)
    since = f"{local.strftime('%a')} {local.day} {local.strftime('%b %H:%M')} {zone_word(begins, zone)}"
    return (
        f"Day P&L of the account as IB sends it, since {since}; a dashed line: IB began it anew. "
        "High and low are those since the newest of these."
    )


def fill_marks(fills: tuple[Fill, ...]) -> list[Mark]:
    """ "TSLA −50" where a fill was; the newest eight."""
    return [Mark(f.time_market, _fill_words(f), "fill") for f in fills[-8:]]


def _fill_words(fill: Fill) -> str:
    year = local_time(fill.time_market, NEW_YORK).year
    return f"{short_name(fill.local_symbol, year)} {MINUS if fill.side == 'SLD' else '+'}{quantity(fill.quantity)}"
