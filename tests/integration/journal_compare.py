"""Two journals of the same session, one recorded live and one made of its recording: are they the same?

The same means, for tables that a different machine or minute must not change:

- **Fills**: the same rows in all that the broker said (id, contract, side, quantity, price, commission, realised,
  time); not when they were recorded, and the account under its other name.
- **P&L points**: a point is taken every few seconds of the machine that runs, at a moment of its own. So each point
  must have the value that the other journal had at that second of the recording, to the cent, give or take `window_s`.
  A value that stood for less than lies between two points is in one of the two only; it must lie between its
  neighbours in the other, and these are `between`, 5 % at most. Where one of the two had no data (a connection that
  went, a machine that was busy) nothing is compared; these are `unknown`, 25 % at most.
- **Signals**: the same symbol, side and level, confirmed within `signal_window_s` of market time; of symbols whose line
  had streamed for a minute before, in both. Symbols that are only visited are looked at when their turn comes, and no
  two runs take the same turns: of those the runs are only counted.
- **Positions** as the section shows them at the end: quantity, average cost, multiplier.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import Any

from engine.journal.rows import PnlRow

CENT = 0.011
STREAMED_S = 60.0


@dataclass
class Session:
    """What one run left behind. `pnl`: each point with its second of the recording, in that order."""

    pnl: list[tuple[float, PnlRow]]
    fills: list[Any]
    signals: list[Any]
    positions: dict[str, tuple[Any, ...]]
    streaming: dict[int, float] = field(default_factory=dict)  # con_id -> market time since when its line streams


@dataclass
class Difference:
    """`broken` in words; counts of what was compared."""

    points: int = 0
    between: int = 0
    unknown: int = 0
    fills: int = 0
    signals: int = 0
    positions: int = 0
    broken: list[str] = field(default_factory=list)


def session_of(bench: Any, origin_wall: float, speed: float = 1.0) -> Session:
    """Everything that the journal holds by now; the bench still runs. `origin_wall`: second 0 of the recording."""
    bench.journal.flush(30.0)
    positions, lines = bench.read("positions"), bench.read("lines")
    return Session(
        pnl=[((row.t - origin_wall) * speed, row) for row in bench.reader.pnl(0.0)],
        fills=bench.reader.fills(0.0, corrected=True),
        signals=bench.reader.signals(0.0, 1e12),
        positions={
            row.local_symbol: (row.quantity, row.avg_cost, row.multiplier, row.currency) for row in positions.tradable
        },
        streaming={
            row.con_id: bench.engine.rooms.market.now(row.opened_wall)
            for row in (lines.rows if lines is not None else ())
            if row.line_class != "coverage" and row.opened_wall is not None
        },
    )


def compare(
    live: Session, played: Session, *, window_s: float, settled_s: float, signal_window_s: float = 30.0
) -> Difference:
    """`settled_s`: seconds of the recording at its beginning that are each run's own, for connecting."""
    found = Difference()
    begin = max(live.pnl[0][0], played.pnl[0][0]) + settled_s
    end = min(live.pnl[-1][0], played.pnl[-1][0]) - window_s
    for here, there, name in ((live.pnl, played.pnl, "played"), (played.pnl, live.pnl, "live")):
        for at, row in here:
            if begin <= at <= end:
                found.points += 1
                near = _near(there, at, window_s)
                if any(_is_gap(one) for one in (row, *near)):
                    found.unknown += 1
                elif not _has(near, row):
                    found.between += 1
                    if not _within(near, row):
                        others = [_values(one) for one in near]
                        found.broken.append(f"P&L {_values(row)} at {at:.1f} s, in the {name} one {others}")
    if found.between > 0.05 * found.points:
        found.broken.append(f"{found.between} of {found.points} points lie only between two of the other's")
    if found.unknown > 0.25 * found.points:
        found.broken.append(f"of {found.unknown} of {found.points} points one of the two has no data")
    _compare_fills(live, played, found)
    _compare_positions(live, played, found)
    _compare_signals(live, played, found, signal_window_s)
    return found


def _values(row: PnlRow) -> tuple[float | None, ...]:
    return row.unrealized, row.realized, row.daily


def _is_gap(row: PnlRow) -> bool:
    return all(value is None for value in _values(row))


def _near(rows: list[tuple[float, PnlRow]], at: float, window_s: float) -> list[PnlRow]:
    """The points within the window, and the one before it, whose value stood until the next."""
    times = [time for time, _ in rows]
    first, last = bisect_left(times, at - window_s), bisect_right(times, at + window_s)
    return [row for _, row in rows[max(0, first - 1) : last + 1]]


def _has(near: list[PnlRow], row: PnlRow) -> bool:
    """Whether the values were taken, each of them, about then."""
    return all(any(_equal(value, _values(other)[at]) for other in near) for at, value in enumerate(_values(row)))


def _within(near: list[PnlRow], row: PnlRow) -> bool:
    for at, value in enumerate(_values(row)):
        others = [other for other in (_values(one)[at] for one in near) if other is not None]
        if value is None or not others or not min(others) - CENT <= value <= max(others) + CENT:
            return False
    return True


def _equal(one: float | None, other: float | None) -> bool:
    return one is None and other is None or (one is not None and other is not None and abs(one - other) < CENT)


def _compare_fills(live: Session, played: Session, found: Difference) -> None:
    both = [{row.fill.exec_id: (_fill(row.fill), row.superseded_by) for row in run.fills} for run in (live, played)]
    found.fills = len(both[0])
    for exec_id in sorted(both[0].keys() | both[1].keys()):
        if both[0].get(exec_id) != both[1].get(exec_id):
            found.broken.append(f"fill {exec_id}: {both[0].get(exec_id)} became {both[1].get(exec_id)}")


def _fill(fill: Any) -> dict[str, Any]:
    names = (
        "con_id local_symbol sec_type currency multiplier side quantity price cum_quantity exchange trade_date "
        "exchange_time exchange_zone time_kind time_market commission commission_currency realized_pnl perm_id order_id"
    ).split()
    return {name: getattr(fill, name) for name in names}


def _compare_positions(live: Session, played: Session, found: Difference) -> None:
    found.positions = len(live.positions)
    for symbol in sorted(live.positions.keys() | played.positions.keys()):
        if live.positions.get(symbol) != played.positions.get(symbol):
            found.broken.append(
                f"position {symbol}: {live.positions.get(symbol)} became {played.positions.get(symbol)}"
            )


def _compare_signals(live: Session, played: Session, found: Difference, window_s: float) -> None:
    for here, there, name in ((live.signals, played.signals, "played"), (played.signals, live.signals, "live")):
        for signal in here:
            since = max(run.streaming.get(signal.con_id, signal.at) for run in (live, played))
            if since + STREAMED_S > signal.triggered_at:
                continue
            found.signals += 1
            if not any(
                (other.con_id, other.side) == (signal.con_id, signal.side)
                and abs(other.level - signal.level) < 1e-6
                and abs(other.at - signal.at) <= window_s
                for other in there
            ):
                found.broken.append(
                    f"signal {signal.local_symbol} {signal.side} at {signal.at:.0f}: not in the {name} one"
                )
