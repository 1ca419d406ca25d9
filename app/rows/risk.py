"""What is held as risk: net and gross by underlying, what an index's fall would cost, margin, concentration. Pure.

Money in the currency of the sums. A share, a future or a CFD counts with its notional, an option with its delta's share
of the underlying's, where the feed gives a delta; what can't be counted is named, never taken for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from app.format import number, percent, plural, share, signed, tone
from app.rows.states import State, broker_state, empty
from app.snapshots import Snapshots
from engine.state.desk_sections import HoldingFacts, HoldingsSection, IndexBeta
from engine.state.sections import AccountFigures, PositionRow

View = dict[str, dict[str, Any]]
MOVE_PCT = -1.0
OPTIONS = frozenset({"OPT", "FOP", "WAR"})
NOTICE_SOON, CUSHION_LOW = 5, 0.10
MOST_NAMED = 4
NO_DELTA = "without delta"
NO_PRICE = "not priced"
BELOW_ZERO = "price below zero"


class Exposed(NamedTuple):
    """One position as risk. `net` = signed money that moves with its underlying, None = `why` says why not."""

    row: PositionRow
    facts: HoldingFacts | None
    net: float | None
    why: str = ""


class Root(NamedTuple):
    """One underlying with all that stands on it."""

    name: str
    con_id: int
    net: float
    gross: float
    members: tuple[Exposed, ...]


def risk_parts(s: Snapshots) -> View:
    """The parts of the risk card, and the state of it."""
    section = s.positions
    rows = section.tradable if section is not None else ()
    exposed = [expose(row, facts) for row, facts in with_facts(rows, s.holdings)]
    roots = by_root(exposed)
    account = section.account if section is not None else AccountFigures()
    return {
        "rows:risk": root_rows(roots, s.holdings, account),
        "rows:whatif": what_if_rows(exposed, s.holdings, account),
        "rows:expiries": expiry_rows(exposed),
        "rows:held_sectors": sector_rows(exposed),
        "risk": summary(exposed, roots, account, s.holdings),
        "state": risk_states(s, exposed),
    }


def risk_states(s: Snapshots, exposed: Sequence[Exposed]) -> dict[str, State]:
    """A card without a position says so; nothing that expires is no fault."""
    none = empty("No position", "What is held is summed here by its underlying.")
    calm = empty("Nothing expires", "Last trade and first notice of futures and options stand here.")
    expires = any(each.facts is not None and each.facts.last_trade for each in exposed)
    return {
        "risk": broker_state(s, s.positions, bool(exposed), none),
        "expiries": broker_state(s, s.positions, expires, calm),
    }


def with_facts(
    rows: Iterable[PositionRow], section: HoldingsSection | None
) -> list[tuple[PositionRow, HoldingFacts | None]]:
    known = {facts.con_id: facts for facts in section.holdings} if section is not None else {}
    return [(row, known.get(row.con_id)) for row in rows]


def expose(row: PositionRow, facts: HoldingFacts | None) -> Exposed:
    """The position's signed exposure; an option's by its delta."""
    sign = 1.0 if row.quantity > 0 else -1.0
    if row.sec_type in OPTIONS:
        return _option(row, facts)
    if row.exposure_base is None:
        return Exposed(row, facts, None, NO_PRICE)
    if row.mark is not None and row.mark < 0.0:
        return Exposed(row, facts, None, BELOW_ZERO)
    return Exposed(row, facts, sign * row.exposure_base)


def _option(row: PositionRow, facts: HoldingFacts | None) -> Exposed:
    if facts is None or facts.delta is None or facts.under_price is None:
        return Exposed(row, facts, None, NO_DELTA)
    if row.per_point is None or row.exposure is None or row.exposure_base is None:
        return Exposed(row, facts, None, NO_PRICE)
    rate = row.exposure_base / row.exposure if row.exposure else None
    if rate is None:
        return Exposed(row, facts, 0.0 if not facts.delta else None, "" if not facts.delta else NO_PRICE)
    return Exposed(row, facts, row.quantity * facts.delta * facts.under_price * row.per_point * rate)


def by_root(exposed: Iterable[Exposed]) -> list[Root]:
    """Positions of one underlying together, the largest gross first; without those that can't be counted."""
    groups: dict[tuple[str, str], list[Exposed]] = {}
    for each in exposed:
        if each.net is not None:
            groups.setdefault(_key(each), []).append(each)
    made = [
        Root(
            name,
            max(members, key=lambda each: abs(each.net or 0.0)).row.con_id,
            sum(each.net or 0.0 for each in members),
            sum(abs(each.net or 0.0) for each in members),
            tuple(members),
        )
        for (name, _family), members in groups.items()
    ]
    return sorted(made, key=lambda root: (-root.gross, root.name))


def _key(each: Exposed) -> tuple[str, str]:
    if each.facts is None:
        return each.row.local_symbol, each.row.sec_type
    return each.facts.root, each.facts.family


def beta_of(each: Exposed, index: str) -> IndexBeta | None:
    betas = each.facts.betas if each.facts is not None else ()
    return next((beta for beta in betas if beta.index == index), None)


def moved(each: Exposed, index: str) -> float | None:
    """What the position would make of the index's move; None = its beta, or its exposure, is not known."""
    beta = beta_of(each, index)
    if each.net is None or beta is None or beta.value is None:
        return None
    return each.net * beta.value * MOVE_PCT / 100.0


def root_rows(roots: Sequence[Root], section: HoldingsSection | None, account: AccountFigures) -> dict[str, Any]:
    """Net, gross and share of each underlying, beta to each index, by the largest gross."""
    whole = sum(root.gross for root in roots)
    first = section.indexes[0].name if section is not None and section.indexes else ""
    out: dict[str, Any] = {}
    for root in roots:
        losses = [moved(each, first) for each in root.members]
        known = [loss for loss in losses if loss is not None]
        total = sum(known) if len(known) == len(losses) and known else None
        out[f"{root.name}:{root.con_id}"] = {
            "order": len(out),
            "sym": {"sym": root.name, "con": root.con_id},
            "net": signed(root.net, 0),
            "gross": number(root.gross, 0),
            "share": share(root.gross / whole * 100.0 if whole else None),
            "beta": _beta_words(root, first),
            "loss": [signed(total, 0), tone(total, 0), "" if total is not None else "Its beta is not known"],
        }
    return out


def _beta_words(root: Root, index: str) -> Any:
    betas = [beta for each in root.members if (beta := beta_of(each, index)) is not None]
    found = next((beta for beta in betas if beta.value is not None), None)
    if found is None:
        days = max((beta.days for beta in betas), default=0)
        return [None, "missing", f"{plural(days, 'common day')} of bars: too few"]
    if not found.days:
        return ["1", "", "It is the index itself"]
    return [number(found.value, 2), "", f"{found.days} daily returns"]


def what_if_rows(
    exposed: Sequence[Exposed], section: HoldingsSection | None, account: AccountFigures
) -> dict[str, Any]:
    """What the account would lose or win if an index fell by one per cent, and who is not counted."""
    out: dict[str, Any] = {}
    for index in section.indexes if section is not None else ():
        results = [(each, moved(each, index.name)) for each in exposed]
        counted = [loss for _, loss in results if loss is not None]
        apart = [each for each, loss in results if loss is None]
        total = sum(counted) if counted else None
        net = account.net_liquidation
        out[index.name] = {
            "order": len(out),
            "index": f"{index.name} −1 %",
            "loss": [signed(total, 0), tone(total, 0)],
            "pct": [percent(total / net * 100.0 if total is not None and net and net > 0 else None), tone(total, 0)],
            "counted": f"{len(counted)} of {len(exposed)}",
            "apart": apart_words(apart, index.name) or ("all counted" if exposed else None),
        }
    return out


def apart_words(apart: Sequence[Exposed], index: str) -> str:
    """ "VOD (8 days), AAPL 300 C (without delta) and 2 more"."""
    named = []
    for each in apart[:MOST_NAMED]:
        beta = beta_of(each, index)
        why = each.why if each.net is None else plural(beta.days if beta is not None else 0, "day")
        named.append(f"{each.row.local_symbol} ({why})")
    more = f" and {len(apart) - MOST_NAMED} more" if len(apart) > MOST_NAMED else ""
    return ", ".join(named) + more


def summary(
    exposed: Sequence[Exposed], roots: Sequence[Root], account: AccountFigures, section: HoldingsSection | None
) -> dict[str, Any]:
    """Sums, margin, cushion, concentration; each says what it is of."""
    net, gross = sum(root.net for root in roots), sum(root.gross for root in roots)
    worth, cur = account.net_liquidation, account.currency
    cushion = account.excess_liquidity / worth if account.excess_liquidity is not None and worth and worth > 0 else None
    without = [each for each in exposed if each.net is None]
    some = bool(roots)
    return {
        "cur": cur or None,
        "net": signed(net, 0) if some else None,
        "gross": number(gross, 0) if some else None,
        "times": f"{number(gross / worth, 2)}×" if some and worth and worth > 0 else None,
        "init": number(account.init_margin, 0) if account.init_margin is not None else None,
        "maint": number(account.maint_margin, 0) if account.maint_margin is not None else None,
        "available": number(account.available_funds, 0) if account.available_funds is not None else None,
        "cushion": [
            share(cushion * 100.0 if cushion is not None else None),
            "warn" if cushion is not None and cushion < CUSHION_LOW else "",
            "Excess liquidity by net liquidation: at 0 IB closes positions",
        ],
        "largest": f"{roots[0].name} {share(roots[0].gross / gross * 100.0)}" if some and gross else None,
        "three": share(sum(root.gross for root in roots[:3]) / gross * 100.0) if some and gross else None,
        "effective": number(_effective(roots, gross), 1) if some and gross else None,
        "without": f"Not counted: {apart_words(without, '')}." if without else None,
        "window": window_words(section),
    }


def _effective(roots: Sequence[Root], gross: float) -> float:
    """So many equal underlyings would be as concentrated: 1 / the sum of squared shares."""
    return 1.0 / sum((root.gross / gross) ** 2 for root in roots)


def window_words(section: HoldingsSection | None) -> str | None:
    if section is None:
        return None
    stand = ", ".join(
        f"{index.name} by {index.proxy}" + ("" if index.days else " (no bars yet)") for index in section.indexes
    )
    return (
        f"Betas of the last {section.window_days} daily returns, {section.least_days} at least: {stand}. "
        "A straight line: large moves go another way."
    )


def expiry_rows(exposed: Sequence[Exposed]) -> dict[str, Any]:
    """What expires, the soonest first, a contract once: trading days to the last trade and to the first notice."""
    held = {each.row.con_id: each for each in exposed}
    dated = [(each.row, each.facts) for each in held.values() if each.facts is not None and each.facts.last_trade]
    dated.sort(key=lambda pair: (_soonest(pair[1]), pair[0].local_symbol))
    return {
        str(row.con_id): {
            "order": order,
            "sym": {"sym": row.local_symbol, "con": row.con_id},
            "trade": days_words(facts.trade_left, facts.last_trade, by_weekdays=facts.by_weekdays),
            "notice": _notice(facts),
        }
        for order, (row, facts) in enumerate(dated)
    }


def _soonest(facts: HoldingFacts) -> int:
    return min(left for left in (facts.trade_left, facts.notice_left, 10**6) if left is not None)


def days_words(left: int | None, day: str, *, by_weekdays: bool) -> Any:
    """Trading days after today to a day (YYYYMMDD), with the day in the tooltip; soon ones in the tone of a warning."""
    if left is None:
        return [None, "missing", "The day is not known"]
    words = "passed" if left < 0 else "today" if left == 0 else plural(left, "trading day")
    how = ", counted by weekdays: the exchange's holidays are not known here" if by_weekdays else ""
    return [words, "warn" if left <= NOTICE_SOON else "", f"{day[:4]}-{day[4:6]}-{day[6:]}{how}"]


def _notice(facts: HoldingFacts) -> Any:
    if facts.notice == "day":
        return days_words(facts.notice_left, facts.notice_day, by_weekdays=facts.by_weekdays)
    words = {"cash": "settled in cash", "after": "after the last trade"}.get(facts.notice)
    if words is None:
        return [None, "missing", "IB does not tell it, and the exchange's rule for this product is not known here"]
    return [words, "soft", "By the exchange's rule for this product"]


def sector_rows(exposed: Sequence[Exposed]) -> dict[str, Any]:
    """Net and gross by IB's industry, the largest first."""
    groups: dict[str, list[Exposed]] = {}
    for each in exposed:
        if each.net is not None:
            name = (each.facts.industry if each.facts is not None else "") or "no sector told"
            groups.setdefault(name, []).append(each)
    whole = sum(abs(each.net or 0.0) for members in groups.values() for each in members)
    sums = [(name, sum(m.net or 0.0 for m in g), sum(abs(m.net or 0.0) for m in g), g) for name, g in groups.items()]
    return {
        name: {
            "order": order,
            "name": name,
            "net": signed(net, 0),
            "gross": number(gross, 0),
            "share": share(gross / whole * 100.0 if whole else None),
            "count": [str(len(members)), "", ", ".join(m.row.local_symbol for m in members[:12])],
        }
        for order, (name, net, gross, members) in enumerate(sorted(sums, key=lambda one: (-one[2], one[0])))
    }
