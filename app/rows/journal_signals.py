"""Signals and what became of them: whether they were taken, how far the price went, by score and by scan. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any, Final, NamedTuple

from engine.domain import Signal
from engine.journal.rows import SignalOutcome

TAKEN_WITHIN_S: Final = 1_800.0
HORIZONS: Final = (5, 15, 30, 60)
ROWS_MOST: Final = 2_000
TAKEN, AGAINST, LEFT = "taken", "against it", "not taken"
SCORE_STEPS: Final = (0.5, 0.6, 0.7, 0.8, 0.9)


class Dealt(NamedTuple):
    """A fill as far as signals are concerned: `net` = of the trade that it belongs to, None = open or not known."""

    at: float
    con_id: int
    bought: bool
    net: float | None
    currency: str


def signal_rows(
    signals: Sequence[Signal],
    outcomes: Iterable[SignalOutcome],
    fills: Iterable[Dealt],
    now_market: float,
    known_since: float | None,
) -> list[dict[str, Any]]:
    """One row a signal, newest first.

    `known_since`: before that market time nothing is known of fills (None = of no time at all), so that a signal is
    neither taken nor not.
    """
    moves: dict[str, dict[int, float]] = {}
    for outcome in outcomes:
        moves.setdefault(outcome.signal_id, {})[outcome.horizon_min] = outcome.move
    by_symbol: dict[int, list[Dealt]] = {}
    for fill in fills:
        by_symbol.setdefault(fill.con_id, []).append(fill)
    rows = [
        _row(
            signal, moves.get(signal.id, {}), _first(by_symbol.get(signal.con_id, ()), signal), now_market, known_since
        )
        for signal in signals
    ]
    return sorted(rows, key=lambda row: -float(row["at"]))


def _first(fills: Iterable[Dealt], signal: Signal) -> Dealt | None:
    """The first fill in the symbol within 30 minutes of the signal."""
    within = [fill for fill in fills if 0.0 <= fill.at - signal.at <= TAKEN_WITHIN_S]
    return min(within, key=lambda fill: fill.at, default=None)


def _row(
    signal: Signal, moves: Mapping[int, float], fill: Dealt | None, now: float, known_since: float | None
) -> dict[str, Any]:
    taken, why = _taken(signal, fill, now, known_since)
    return {
        "id": signal.id,
        "at": round(signal.at),
        "sym": signal.local_symbol,
        "con": signal.con_id,
        "side": signal.side,
        "score": round(signal.score, 3),
        "scans": ", ".join(sorted({_scan(name) for name in signal.scans})),
        "taken": taken,
        "why": why,
        "after": round(fill.at - signal.at) if fill is not None else None,
        "net": fill.net if fill is not None else None,
        "cur": fill.currency if fill is not None else "",
        **{f"m{minutes}": _rounded(moves.get(minutes)) for minutes in HORIZONS},
    }


def _taken(signal: Signal, fill: Dealt | None, now: float, known_since: float | None) -> tuple[str, str]:
    """What stands in the column, and why."""
    if fill is not None:
        with_it = fill.bought == (signal.side == "long")
        words = "A fill in the symbol within 30 min"
        return (TAKEN, words) if with_it else (AGAINST, f"{words}, on the other side")
    if known_since is None or signal.at < known_since:
        return "not known", "No executions of that time are in the journal: import a statement"
    if now - signal.at < TAKEN_WITHIN_S:
        return "too early", "Its 30 minutes are not over"
    return LEFT, ""


def worth(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The same in groups: by score at signal, and by each scan that listed the symbol."""
    by_score: dict[int, list[Mapping[str, Any]]] = {}
    by_scan: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        step = sum(row["score"] >= least for least in SCORE_STEPS)
        by_score.setdefault(step, []).append(row)
        for name in row["scans"].split(", ") if row["scans"] else ("Breakout alone",):
            by_scan.setdefault(name, []).append(row)
    scores = [_group(_score_words(step), step, by_score[step]) for step in sorted(by_score)]
    return {"score": scores, "scan": [_group(name, 0, found) for name, found in sorted(by_scan.items())]}


def _score_words(step: int) -> str:
    if step == 0:
        return f"below {SCORE_STEPS[0]}"
    return (
        f"{SCORE_STEPS[step - 1]} and more"
        if step == len(SCORE_STEPS)
        else f"{SCORE_STEPS[step - 1]} to {SCORE_STEPS[step]}"
    )


def _group(name: str, order: int, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    taken = [row for row in rows if row["taken"] in (TAKEN, AGAINST)]
    left = [row for row in rows if row["taken"] == LEFT]
    known = [row["m30"] for row in rows if row["m30"] is not None]
    nets = [row["net"] for row in taken if row["net"] is not None]
    currencies = {row["cur"] for row in taken if row["net"] is not None}
    return {
        "id": name,
        "name": name,
        "order": order,
        "n": len(rows),
        "taken": len(taken),
        "m30": _median(rows),
        "m30_taken": _median(taken),
        "m30_left": _median(left),
        "won": round(100.0 * sum(move > 0 for move in known) / len(known), 1) if known else None,
        "net": round(sum(nets), 2) if nets and len(currencies) == 1 else None,
    }


def _median(rows: Sequence[Mapping[str, Any]]) -> float | None:
    known = [row["m30"] for row in rows if row["m30"] is not None]
    return _rounded(median(known)) if known else None


def _scan(name: str) -> str:
    """ "Momentum" of "Momentum #3"."""
    return name.rpartition(" #")[0] or name


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
