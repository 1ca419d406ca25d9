"""The journal's equity curve without deposits and withdrawals, and how far it fell. Pure.

Of the whole account it is what each day came to by the broker's figures, open positions in it, carried back from the
net liquidation of now; of a part of the trades it is the sum of what was closed. It says which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.format import number, percent, plural, share, signed, tone
from app.rows.journal_days import day_at, days_chosen, key_of
from app.rows.journal_money import words_of
from app.rows.journal_query import Chosen, shown_day
from engine.bars.trading_day import midnight_utc
from engine.trades.drawdown import Drawdown, deepest, drawdowns, longest
from engine.trades.figures import Money
from engine.trades.trip import Trip

_DAY_S: Final = 86_400.0
_NOON_S: Final = 17 * 3_600.0  # in New York, by UTC
Point = tuple[float, float]


def results_of(trips: Sequence[Trip], money: Money, chosen: Chosen, days: Mapping[str, float]) -> dict[str, float]:
    """By trade date, YYYYMMDD: the account's own (`days`) where there are any, else those of closed trades, net."""
    if days:
        return dict(sorted(days.items()))
    found = days_chosen(trips, (), money, {}, chosen)
    return {key_of(day): float(figures.net) for day, figures in sorted(found.items()) if figures.gross or figures.fees}


def curve_of(results: Mapping[str, float], begins: float = 0.0) -> list[Point]:
    """One point a day, and one before the first."""
    curve: list[Point] = []
    running = begins
    for day, result in results.items():
        running += result
        curve.append((midnight_utc(day_at(day)) + _NOON_S, round(running, 2)))
    return [(curve[0][0] - _DAY_S, round(begins, 2)), *curve] if curve else []


def equity_view(
    trips: Sequence[Trip], money: Money, chosen: Chosen, days: Mapping[str, float], level: float | None, base: str
) -> dict[str, Any]:
    """The curve, its figures and its days.

    Args:
        days: the account's results by trade date as recorded; {} = closed trades count.
        level: the net liquidation of now, None = not known: the curve begins at 0 then.
        base: currency of `days`.
    """
    results = results_of(trips, money, chosen, days)
    begins = level - sum(results.values()) if days and level is not None else 0.0
    curve = curve_of(results, begins)
    falls = drawdowns(curve)
    long, currency = longest(falls), base if days else money.currency
    return {
        "points": curve,
        "from_zero": not begins,
        "of_account": bool(days),
        "shade": None if long is None else [long.peak_at, long.until],
        "figures": _figures(curve, falls, currency, begins),
        "words": _words(bool(days), bool(begins), money),
        "flows": [],
        "flows_words": (
            "Deposits and withdrawals are in neither the results of the days nor the curve."
            if days
            else "Only results of trades are in the curve: no deposit, dividend or interest."
        ),
        "days": [
            {"id": day, "day": shown_day(day), "net": round(result, 2), "sum": round(value - begins, 2)}
            for (day, result), (_at, value) in reversed(list(zip(results.items(), curve[1:], strict=True)))
        ],
        "money": {"currency": currency, "words": words_of(money)},
    }


def tile(label: str, value: str, note: str, tone_: str = "", title: str = "") -> dict[str, Any]:
    """A figure with what it is of."""
    return {"label": label, "value": value, "note": note, "tone": tone_, "title": title}


def longest_tile(falls: Sequence[Drawdown], note: str) -> dict[str, Any]:
    """How long the curve stayed below a peak; a running fall says that it goes on."""
    fall = longest(falls)
    if fall is None:
        return tile("Longest drawdown", "none yet", note)
    days = plural(max(1, round(fall.length_s / _DAY_S)), "day")
    words = "" if fall.recovered_at is not None else ", goes on"
    return tile("Longest drawdown", days, f"{number(fall.depth, 2)} deep{words}; {note}")


def _figures(curve: Sequence[Point], falls: Sequence[Drawdown], currency: str, begins: float) -> list[dict[str, Any]]:
    if len(curve) < 2:
        return []
    gained = curve[-1][1] - begins
    tiles = [tile("Result", signed(gained), f"{currency}, {plural(len(curve) - 1, 'day')}", tone(gained))]
    if begins > 0:
        tiles.append(tile("Return", percent(100.0 * gained / begins), "of what it began with", tone(gained)))
    deep = deepest(falls)
    if deep is not None:
        of_peak = f", {share(100.0 * deep.share)} of the peak" if deep.share is not None and begins > 0 else ""
        tiles.append(tile("Deepest drawdown", number(deep.depth, 2), f"{currency}{of_peak}"))
    return [*tiles, longest_tile(falls, currency)]


def _words(is_account: bool, has_level: bool, money: Money) -> str:
    if not is_account:
        return f"sum of closed trades, {words_of(money)}"
    if has_level:
        return "net liquidation of now, carried back by each day's result; open positions in it, deposits not"
    return "sum of each day's result as recorded; open positions in it, deposits not"
