"""Which points a P&L curve shows: the range picked, from the journal and the newest ones of the state. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from app.figures.pnl import GAP_S, Mark, Point
from app.format import MINUS, quantity, short_name
from engine.domain import Fill

Range = Literal["1h", "day", "5d"]
RANGES: tuple[tuple[str, str], ...] = (("1h", "1 h"), ("day", "Day"), ("5d", "5 d"))
MAX_POINTS = 1000  # the chart is about 800 pixels wide; extremes are kept
EXCHANGE = ZoneInfo("America/New_York")


def zone_offset_s(market: float) -> float:
    """Seconds that New York is ahead of UTC at a market time (negative)."""
    offset = datetime.fromtimestamp(market, UTC).astimezone(EXCHANGE).utcoffset()
    return offset.total_seconds() if offset else 0.0


def since_market(range_: str, now_market: float) -> float:
    """Market time at which a range begins; the day begins at midnight in New York."""
    if range_ == "1h":
        return now_market - 3600.0
    if range_ == "5d":
        return now_market - 7 * 86400.0
    local = datetime.fromtimestamp(now_market, UTC).astimezone(EXCHANGE)
    return local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


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
    return out


def session_marks(now_market: float, range_: str) -> list[Mark]:
    """Open and close of New York on the day shown."""
    if range_ == "5d":
        return []
    local = datetime.fromtimestamp(now_market, UTC).astimezone(EXCHANGE)
    out = []
    for hour, minute, word in ((9, 30, "open 09:30"), (16, 0, "close 16:00")):
        at = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
        out.append(Mark(at.timestamp(), word, "session"))
    return out


def fill_marks(fills: tuple[Fill, ...]) -> list[Mark]:
    """ "TSLA −50" where a fill was; the newest eight."""
    return [
        Mark(
            f.time_market,
            f"{short_name(f.local_symbol)} {MINUS if f.side == 'SLD' else '+'}{quantity(f.quantity)}",
            "fill",
        )
        for f in fills[-8:]
    ]


def _sign(fill: Fill) -> str:
    return MINUS if fill.side == "SLD" else "+"
