"""What each kind of rule finds in the facts: which of its subjects it is so for, and of which nothing is known. Pure.

A look costs a few microseconds a subject, for it is taken once a second; words are made only when something is raised
(`engine.alerts.words`).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from engine.alerts.facts import Facts
from engine.domain import Side
from engine.state.sections import PositionRow

ALL = "all"  # the subject of a figure that belongs to no single account
AWAY = "away"  # detail of a level that was crossed while QTrade was not running


class Look(NamedTuple):
    """It is so for this subject. `value` = the figure it was judged by; `unit`: its currency where it is money; `level`
    = a price that the words name.
    """

    subject: str
    value: float | None = None
    unit: str = ""
    account: str = ""
    con_id: int | None = None
    symbol: str = ""
    detail: str = ""
    level: float | None = None


class Found(NamedTuple):
    """`true`: what it is so for, by subject. Of `unknown` nothing is known; of any other subject it is not so.

    `is_known` False = nothing is known of any subject. `look` makes a `Look` of what `true` holds: where there may be
    hundreds only those that are raised are made.
    """

    true: Mapping[str, Any] = {}
    unknown: frozenset[str] = frozenset()
    is_known: bool = True
    look: Callable[[Any], Look] = lambda it: it

    def looks(self) -> dict[str, Look]:
        return {subject: self.look(it) for subject, it in self.true.items()}


UNKNOWN = Found(is_known=False)
_KINDS: dict[Side, str] = {"long": "breakout", "short": "breakdown"}
Values = Mapping[str, Any]


def found(kind: str, values: Values, facts: Facts) -> Found:
    """What a rule of that kind with those values finds now; levels of prices are `engine.alerts.levels`'."""
    return _LOOKS[kind](values, facts)


def _beyond(value: float, values: Values) -> bool:
    return bool(value < values["amount"] if values["side"] == "below" else value > values["amount"])


def _figure(values: Values, facts: Facts, name: str) -> Found:
    """One figure of an account, or of all together."""
    figures = None if facts.figures is None or not facts.is_connected else facts.figures.get(values["account"])
    value = None if figures is None else getattr(figures, name)
    if figures is None or value is None:
        return UNKNOWN
    account = values["account"]
    look = Look(account or ALL, value, figures.currency or figures.base_currency, account)
    return Found({look.subject: look} if _beyond(value, values) else {})


def _day_pnl(values: Values, facts: Facts) -> Found:
    return _figure(values, facts, "daily_pnl")


def _account_pnl(values: Values, facts: Facts) -> Found:
    return _figure(values, facts, "unrealized_pnl")


def _cushion(values: Values, facts: Facts) -> Found:
    figures = None if facts.figures is None or not facts.is_connected else facts.figures.get(values["account"])
    if figures is None or figures.excess_liquidity is None or not figures.net_liquidation:
        return UNKNOWN
    if figures.net_liquidation < 0.0:
        return UNKNOWN
    pct = 100.0 * figures.excess_liquidity / figures.net_liquidation
    account = values["account"]
    look = Look(account or ALL, pct, "%", account)
    return Found({look.subject: look} if pct < values["pct"] else {})


def _position_pnl(values: Values, facts: Facts) -> Found:
    if facts.rows is None or not facts.is_connected:
        return UNKNOWN
    rows, wanted, amount = facts.rows, values["symbol"], values["amount"]
    if wanted:
        rows = tuple(row for row in rows if row.con_id == wanted)
    figure = operator.attrgetter("daily_pnl" if values["measure"] == "day" else "unrealized_pnl")
    known = [(row, value) for row in rows if (value := figure(row)) is not None]
    if values["side"] == "below":
        true = {row.key: (row, value) for row, value in known if value < amount}
    else:
        true = {row.key: (row, value) for row, value in known if value > amount}
    unknown = frozenset(row.key for row in rows if figure(row) is None) if len(known) < len(rows) else frozenset()
    return Found(true, unknown, look=_worth)


def _worth(it: tuple[PositionRow, float]) -> Look:
    row, value = it
    return _of_row(row, value, row.currency)


def _of_row(row: PositionRow, value: float | None = None, unit: str = "", detail: str = "") -> Look:
    return Look(row.key, value, unit, row.account, row.con_id, row.local_symbol, detail)


def _signal(values: Values, facts: Facts) -> Found:
    if facts.signals is None:
        return UNKNOWN
    side, least, wanted = values["side"], values["score"], values["list"]
    members = facts.lists.get(wanted, frozenset()) if wanted else None
    return Found(
        {
            f"{g.con_id}:{g.side}": Look(
                f"{g.con_id}:{g.side}", g.score, "", "", g.con_id, g.local_symbol, _KINDS[g.side], g.level
            )
            for g in facts.signals
            if g.score >= least and side in ("any", g.side) and (members is None or g.con_id in members)
        }
    )


def _no_price(values: Values, facts: Facts) -> Found:
    """While nothing comes at all that is another alert's: of single positions nothing is known then."""
    if facts.rows is None or not facts.is_connected or facts.feed_dead is not False:
        return UNKNOWN
    true = {}
    for row in facts.rows:
        if row.silent:
            true[row.key] = _of_row(row, detail=_silence(row))
        elif row.last is None and row.mark is None:
            true[row.key] = _of_row(row, detail="it has no price at all")
    return Found(true)


def _silence(row: PositionRow) -> str:
    farms = f"; the farm {row.farms_down} is down" if row.farms_down else ""
    return f"its line brings nothing though it should{farms}"


def _refused(values: Values, facts: Facts) -> Found:
    if facts.rows is None or not facts.is_connected or facts.feed_dead is not False:
        return UNKNOWN
    return Found({row.key: _of_row(row) for row in facts.rows if not row.has_line and row.con_id in facts.refused})


def _feed_dead(values: Values, facts: Facts) -> Found:
    if facts.feed_dead is None:
        return UNKNOWN
    return Found({ALL: Look(ALL)} if facts.feed_dead else {})


def _link(values: Values, facts: Facts) -> Found:
    """IB's own reset leaves it as it is: what has been out before it goes on, and nothing begins."""
    if not facts.is_connected and facts.link_excused:
        return UNKNOWN
    return Found({} if facts.is_connected else {ALL: Look(ALL)})


def _expiry(values: Values, facts: Facts) -> Found:
    if facts.rows is None or facts.ends is None:
        return UNKNOWN
    true, unknown = {}, set()
    for row in facts.rows:
        known = facts.ends.get(row.con_id)
        if known is None:
            unknown.add(row.key)  # opened a moment ago
            continue
        ends = [("last trade", known.trade_left, known.last_trade)] if values["what"] != "notice" else []
        if values["what"] != "last":
            ends.append(("first notice", known.notice_left, known.notice_day))
        name, left, day = min(
            (each for each in ends if each[1] is not None), key=lambda each: each[1] or 0, default=("", None, "")
        )
        if left is not None and left <= values["days"]:
            true[row.key] = _of_row(row, left, "days", f"{name} on {day_words(day)}")
    return Found(true, frozenset(unknown))


def day_words(day: str) -> str:
    """20251219 -> "19 Dec 2025"."""
    when = date(int(day[:4]), int(day[4:6]), int(day[6:8]))
    return f"{when.day} {when:%b %Y}"


def _disk(values: Values, facts: Facts) -> Found:
    if facts.disk_free_gb is None:
        return UNKNOWN
    return Found({ALL: Look(ALL, facts.disk_free_gb, "GB")} if facts.disk_free_gb < values["gb"] else {})


def _channel(values: Values, facts: Facts) -> Found:
    return Found({name: Look(name, detail=why, symbol=name) for name, why in facts.dead_channels.items()})


_LOOKS: dict[str, Callable[[Values, Facts], Found]] = {
    "day_pnl": _day_pnl,
    "account_pnl": _account_pnl,
    "position_pnl": _position_pnl,
    "signal": _signal,
    "no_price": _no_price,
    "refused": _refused,
    "feed_dead": _feed_dead,
    "link": _link,
    "cushion": _cushion,
    "expiry": _expiry,
    "disk": _disk,
    "channel": _channel,
}


def kinds_with_looks() -> Iterable[str]:
    """All but prices, which need to know on which side they were."""
    return _LOOKS.keys()
