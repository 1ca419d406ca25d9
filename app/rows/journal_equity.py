"""The journal's equity curve without deposits, withdrawals and transfers, and how far it fell. Pure.

Of the whole account it is what statements tell, with those taken out; without them what each day came to by the
broker's figures, open positions in it, carried back from the net liquidation of now. Of a part of the trades it is the
sum of what was closed. It says which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from app.format import number, percent, plural, share, signed, tone
from app.rows.journal_days import day_at, days_chosen, key_of
from app.rows.journal_money import flow_lacks, words_of
from app.rows.journal_query import Chosen, is_within, shown_day
from engine.bars.trading_day import midnight_utc
from engine.journal.rows import CashRow, NavDay, TransferRow
from engine.trades.carry import summed_by_day
from engine.trades.drawdown import Drawdown, chained_return, deepest, drawdowns, longest, without_flows
from engine.trades.figures import Money
from engine.trades.flows import Flow, flows_of
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
        curve.append((_at(day), round(running, 2)))
    return [(curve[0][0] - _DAY_S, round(begins, 2)), *curve] if curve else []


class Told(NamedTuple):
    """What statements tell: the value at the end of each date, in `currency`, and what came or went without a trade."""

    values: dict[str, float]
    flows: tuple[Flow, ...]
    currency: str


def told_by_statements(
    nav: Sequence[NavDay], cash: Sequence[CashRow], transfers: Sequence[TransferRow], chosen: Chosen
) -> Told | None:
    """Of the accounts given, on the days for which each of them was told; None = on fewer than two."""
    of_account: dict[str, dict[str, float]] = {}
    for each in nav:
        if not each.model and is_within(each.day, chosen):
            of_account.setdefault(each.account, {})[each.day] = float(each.total)
    currencies = {each.currency for each in nav if each.currency}
    days = sorted(set.intersection(*(set(values) for values in of_account.values()))) if of_account else []
    if len(days) < 2 or len(currencies) != 1:
        return None
    values = {day: sum(values[day] for values in of_account.values()) for day in days}
    flows = [
        flow for flow in flows_of(cash, transfers) if flow.account in of_account and days[0] < flow.day <= days[-1]
    ]
    return Told(values, tuple(flows), currencies.pop())


def told_view(told: Told) -> dict[str, Any]:
    """The curve of what statements tell: what came in is taken out of it, from its day on."""
    money = Money(told.currency, is_base=True)
    flows = summed_by_day(told.flows, money)
    moved = [(_at(key_of(day)), float(amount)) for day, amount in flows.by_day.items()]
    equity = [(_at(day), value) for day, value in told.values.items()]
    curve = [(at, round(value, 2)) for at, value in without_flows(equity, moved)]
    falls, gained = drawdowns(curve), chained_return(equity, moved)
    figures = _figures(curve, falls, told.currency, curve[0][1], gained)
    results = {day: value - before for day, (_, value), (_, before) in zip(
        list(told.values)[1:], curve[1:], curve[:-1], strict=True
    )}  # fmt: skip
    words = (
        f"as statements tell it at the end of each day, {told.currency}; deposits, withdrawals and transfers taken out"
    )
    return {
        **_drawn(curve, falls, from_zero=False),
        "figures": figures,
        "words": words,
        "lacks": flow_lacks(flows.lacks),
        "flows": [_flow(row) for row in reversed(told.flows)],
        "flows_words": "Nothing was paid or transferred, in or out, on these days.",
        "of_account": True,
        "days": _day_rows(results, curve, curve[0][1]),
        "money": {"currency": told.currency, "words": words_of(money)},
    }


def equity_view(
    trips: Sequence[Trip], money: Money, chosen: Chosen, days: Mapping[str, float], level: float | None, base: str
) -> dict[str, Any]:
    """The curve, its figures and its days, where no statement tells them.

    Args:
        days: the account's results by trade date as recorded; {} = closed trades count.
        level: the net liquidation of now, None = not known: the curve begins at 0 then.
        base: currency of `days`.
    """
    results = results_of(trips, money, chosen, days)
    begins = level - sum(results.values()) if days and level is not None else 0.0
    curve = curve_of(results, begins)
    falls = drawdowns(curve)
    currency = base if days else money.currency
    return {
        **_drawn(curve, falls, from_zero=not begins),
        "figures": _figures(curve, falls, currency, begins, (curve[-1][1] - begins) / begins if begins > 0 else None),
        "words": _words(bool(days), bool(begins), money),
        "flows": [],
        "flows_words": (
            "Deposits and withdrawals are in neither the results of the days nor the curve."
            if days
            else "Only results of trades are in the curve: no deposit, dividend or interest."
        ),
        "of_account": bool(days),
        "days": _day_rows(results, curve, begins),
        "money": {"currency": currency, "words": words_of(money)},
    }


def _drawn(curve: Sequence[Point], falls: Sequence[Drawdown], *, from_zero: bool) -> dict[str, Any]:
    long = longest(falls)
    shade = None if long is None else [long.peak_at, long.until]
    return {"points": curve, "from_zero": from_zero, "shade": shade}


def _day_rows(results: Mapping[str, float], curve: Sequence[Point], begins: float) -> list[dict[str, Any]]:
    return [
        {"id": day, "day": shown_day(day), "net": round(result, 2), "sum": round(value - begins, 2)}
        for (day, result), (_at, value) in reversed(list(zip(results.items(), curve[1:], strict=True)))
    ]


def _flow(flow: Flow) -> dict[str, Any]:
    amount = None if flow.amount is None else float(flow.amount)
    return {"day": shown_day(flow.day), "what": flow.what, "amount": amount, "cur": flow.currency}


def _at(day: str) -> float:
    """A place on the axis within that date, UTC epoch seconds."""
    return midnight_utc(day_at(day)) + _NOON_S


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


def _figures(
    curve: Sequence[Point], falls: Sequence[Drawdown], currency: str, begins: float, gained: float | None
) -> list[dict[str, Any]]:
    """`gained` = the return as a share, None = there is no capital to count it on."""
    if len(curve) < 2:
        return []
    result = curve[-1][1] - begins
    tiles = [tile("Result", signed(result), f"{currency}, {plural(len(curve) - 1, 'day')}", tone(result))]
    if gained is not None:
        tiles.append(tile("Return", percent(100.0 * gained), "without deposits and transfers", tone(gained, 4)))
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
