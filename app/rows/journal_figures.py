"""The journal's statistics as tiles and groups; every headline says what it is of. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from app.format import number, plural, share, signed, times, tone
from app.rows.journal_equity import curve_of, longest_tile, results_of, tile
from app.rows.journal_money import words_of
from app.rows.journal_query import Chosen
from engine.trades.drawdown import drawdowns
from engine.trades.figures import UNTAGGED, Closed, Figures, GroupName, Money, closed_of, grouped, statistics
from engine.trades.trip import Trip

GROUPS: Final[tuple[GroupName, ...]] = ("symbol", "tag", "hour", "weekday")


def statistics_view(trips: Sequence[Trip], money: Money, chosen: Chosen, days: Mapping[str, float]) -> dict[str, Any]:
    """Tiles and groups of closed trades. `days` = the account's recorded results by trade date, {} = not of all."""
    closed = closed_of(trips, money)
    figures = statistics(closed, money)
    return {
        "figures": [*_money_tiles(figures), *_ratio_tiles(figures), _drawdown_tile(trips, money, chosen, days)],
        "groups": {by: _groups(closed, by, money) for by in GROUPS},
        "words": f"{plural(figures.n, 'closed trade')}, {words_of(money)}",
    }


def _money_tiles(f: Figures) -> list[dict[str, Any]]:
    cur = f.money.currency
    pending = f", {plural(f.pending, 'commission')} pending" if f.pending else ""
    return [
        tile("Net result", signed(_cents(f.net)), f"{cur}, n = {f.n}{pending}", tone(_cents(f.net))),
        tile("Gross result", signed(_cents(f.gross)), f"{cur}, before commissions and taxes", tone(_cents(f.gross))),
        tile("Fees", number(_cents(f.fees), 2), f"{cur}, commissions and taxes"),
        tile("Best trade", signed(_cents(f.best)), f"net, {cur}", tone(_cents(f.best))),
        tile("Worst trade", signed(_cents(f.worst)), f"net, {cur}", tone(_cents(f.worst))),
    ]


def _ratio_tiles(f: Figures) -> list[dict[str, Any]]:
    cur = f.money.currency
    few = f", n = {f.n}" if f.is_few else ""
    of_all = f"Of all trades, even ones too: {share(_percent(f.win_rate_of_all), 0)}"
    factor = "no loss yet" if f.profit_factor is None and f.n else number(_float(f.profit_factor), 2)
    means = f"win {signed(_cents(f.mean_win))}, loss {signed(_cents(f.mean_loss))}, net, {cur}"
    with_r = f"of the {f.with_r} of {f.n} with a stop noted" if f.with_r else "no trade has a stop noted"
    return [
        tile(
            "Win rate",
            share(_percent(f.win_rate), 0),
            f"{f.wins} won, {f.losses} lost, {f.even} even{few}",
            title=of_all,
        ),
        tile("Expectancy", signed(_cents(f.expectancy)), f"net a trade, {cur}{few}", tone(_cents(f.expectancy))),
        tile("Profit factor", factor, f"net won over net lost{few}"),
        tile("Payoff", times(_float(f.payoff), 2), means),
        tile("Mean R", signed(_float(f.expectancy_r)), with_r, tone(_float(f.expectancy_r))),
    ]


def _drawdown_tile(trips: Sequence[Trip], money: Money, chosen: Chosen, days: Mapping[str, float]) -> dict[str, Any]:
    """Of the account's curve where all of it is looked at, else of the closed trades, and it says which."""
    what = "account by day, open positions in it" if days else "closed trades, net: open positions are not in it"
    return longest_tile(drawdowns(curve_of(results_of(trips, money, chosen, days))), what)


def _groups(closed: Sequence[Closed], by: GroupName, money: Money) -> list[dict[str, Any]]:
    found = grouped(closed, by, money)
    if by == "tag" and [name for name, _figures in found] == [UNTAGGED]:
        return []
    return [_group(order, name, figures) for order, (name, figures) in enumerate(found) if figures.n]


def _group(order: int, name: str, f: Figures) -> dict[str, Any]:
    return {
        "id": name,
        "name": name,
        "order": order,
        "n": f.n,
        "wins": f.wins,
        "losses": f.losses,
        "rate": _percent(f.win_rate),
        "net": _cents(f.net),
        "mean": _cents(f.expectancy),
        "pf": None if f.profit_factor is None else round(float(f.profit_factor), 2),
        "pf_why": "No loss yet",
        "r": None if f.expectancy_r is None else round(float(f.expectancy_r), 2),
    }


def _percent(value: Decimal | None) -> float | None:
    return None if value is None else round(100.0 * float(value), 1)


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _cents(value: Decimal | None) -> float | None:
    return None if value is None else float(round(value, 2))
