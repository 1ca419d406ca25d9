"""A curve for each position: what it made in the last hour, today or in five days, from bar files and executions.

Any thread. The minutes of the files are those of the account in use; the newest point is the mark of now.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, NamedTuple

from app.rows.positions import named, row_ids
from engine.bars.aggregate import aggregated
from engine.bars.bar_files import StoredSession, as_bars
from engine.domain import Bar
from engine.errors import StateError
from engine.state.sections import PositionRow, PositionsSection
from engine.trades.execution import Execution
from engine.trades.position_curve import Close, ResultCurve, result_curve

Range = Literal["1h", "day", "5d"]
Sessions = Callable[[int, int], Sequence[StoredSession]]


class Span(NamedTuple):
    """`sessions` = trading days that are shown, 0 = the last hour; one point in `bar_s`."""

    sessions: int
    bar_s: int


SPANS: Final[dict[Range, Span]] = {"1h": Span(0, 60), "day": Span(1, 300), "5d": Span(5, 1_800)}
HOUR_S: Final = 3_600.0
RUNS_S: Final = 6 * 3_600.0  # a session whose newest bar is older is over: IB may tell its own close as the last one
GAP_BARS: Final = 3.5  # so many bars without a price are a gap


def curve_rows(
    section: PositionsSection | None,
    executions: Sequence[Execution],
    sessions: Sessions,
    range_: Range,
    now_market: float,
    market_time: Callable[[float], float],
) -> dict[str, Any]:
    """Row id -> {order, sym, ccy, from, y: [[market time, money]], fills: [[market time, quantity, price]], why}.

    Largest exposure first, as the grid; `executions` are those in force of all accounts. Without points `why` says
    what lacks.
    """
    if section is None:
        return {}
    out: dict[str, Any] = {}
    ids = row_ids(section)
    for row in sorted(section.tradable, key=lambda row: -(row.exposure_base or 0.0)):
        mine = [e for e in executions if e.con_id == row.con_id and e.account == row.account]
        made = _curve(row, mine, sessions, range_, now_market, market_time)
        curve = made if isinstance(made, ResultCurve) else None
        out[ids[row.key]] = {
            "order": len(out),
            "sym": named(section, row),
            "ccy": "" if row.currency == section.account.currency else row.currency,
            "from": None if curve is None else round(curve.begins),
            "y": [] if curve is None else [[round(at), _cents(money)] for at, money in curve.points],
            "fills": [] if curve is None else [[round(at), quantity, price] for at, quantity, price in curve.fills],
            "why": "" if curve is not None else made,
        }
    return out


def _curve(
    row: PositionRow,
    executions: Sequence[Execution],
    sessions: Sessions,
    range_: Range,
    now_market: float,
    market_time: Callable[[float], float],
) -> ResultCurve | str:
    span = SPANS[range_]
    if row.per_point is None:
        return "What a point of its price is worth is not known yet."
    try:
        kept = sessions(row.con_id, max(2, span.sessions + 1))
    except StateError as error:
        return str(error)
    minutes = [bar for session in kept for bar in as_bars(session.bars)]
    if not minutes:
        return "No minutes of it are kept yet; they come with the history."
    begins = _begins(minutes, kept, span, row, now_market)
    bars = [bar for bar in aggregated(minutes, span.bar_s) if bar.time >= begins.at - span.bar_s]
    closes = [Close(min(bar.time + span.bar_s, minutes[-1].time + 60.0), bar.close) for bar in bars]
    marked = None if row.mark_wall is None else market_time(row.mark_wall)
    if row.mark is not None and marked is not None and closes and marked >= closes[-1].at:
        closes = [*(close for close in closes if close.at < marked), Close(marked, row.mark)]
    return result_curve(row.quantity, executions, closes, begins, row.per_point, GAP_BARS * span.bar_s)


def _begins(
    minutes: Sequence[Bar], kept: Sequence[StoredSession], span: Span, row: PositionRow, now_market: float
) -> Close:
    """Where the counting starts, and at which price: a day at the close before it, as the day's P&L does."""
    if not span.sessions:
        since = now_market - HOUR_S
        before = [bar for bar in minutes if bar.time + 60.0 <= since]
        if before:
            return Close(since, before[-1].close)
        return Close(minutes[0].time, minutes[0].open)
    shown = kept[-span.sessions :]
    first = next(bar for session in shown for bar in as_bars(session.bars))
    earlier = [bar for session in kept[: -span.sessions] for bar in as_bars(session.bars)]
    runs = now_market - minutes[-1].time < RUNS_S
    if span.sessions == 1 and row.close is not None and (runs or not earlier):
        return Close(first.time, row.close)
    return Close(first.time, earlier[-1].close if earlier else first.open)


def _cents(money: float | None) -> float | None:
    return None if money is None else round(money, 2)
