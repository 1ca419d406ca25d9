"""Round trips as rows, and which of them a choice means. Pure."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from app.format import redacted
from app.rows.journal_lists import KIND_WORDS, SOURCE_WORDS, decimals_of, what
from app.rows.journal_query import Chosen, is_within, shown_day
from engine.journal.rows import PositionTold
from engine.trades.checks import IbDiffers, differences
from engine.trades.excursion import Excursion
from engine.trades.figures import Money
from engine.trades.trip import Book, Share, Trip, total

ROWS_MOST = 5_000


class Beside(NamedTuple):
    """What is known of listed trips beside themselves: by trip id, IB's costs by account, model and contract."""

    differ: Mapping[str, Sequence[IbDiffers]] = {}
    went: Mapping[str, Excursion] = {}
    rolls: Mapping[str, Sequence[dict[str, Any]]] = {}
    campaigns: Mapping[str, Sequence[Trip]] = {}
    costs: Mapping[tuple[str, str, int], PositionTold] = {}


ALONE = Beside()


def beside(
    trips: Sequence[Trip], book: Book, positions: Iterable[PositionTold], went: Mapping[str, Excursion]
) -> Beside:
    """Of these trips; `positions` = those that statements tell, oldest first."""
    differ: dict[str, list[IbDiffers]] = defaultdict(list)
    for each in differences(trips):
        differ[each.trip].append(each)
    by_id = {trip.id: trip for trip in book.trips} if book.rolls else {}
    rolls: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for roll in book.rolls:
        closed, opened = by_id.get(roll.closed), by_id.get(roll.opened)
        if closed is not None and opened is not None:
            both = {"closed": page_id(closed), "opened": page_id(opened), "joined": roll.joined}
            rolls[closed.id].append({**both, "name": opened.name, "into": True})
            rolls[opened.id].append({**both, "name": closed.name, "into": False})
    campaigns: dict[str, list[Trip]] = defaultdict(list)
    for trip in by_id.values():
        if trip.campaign:
            campaigns[trip.campaign].append(trip)
    costs = {(each.account, each.model, each.con_id): each for each in positions if each.cost_price is not None}
    return Beside(differ, went, rolls, campaigns, costs)


def is_chosen(trip: Trip, chosen: Chosen, account: str) -> bool:
    """Whether a trip is asked for, whatever its days; `account` = the one chosen, "" = all."""
    sources = {share.execution.source for share in trip.shares}
    return (
        (not account or trip.account == account)
        and (not chosen.symbol or chosen.symbol in (trip.name, trip.symbol))
        and (not chosen.side or trip.side == chosen.side)
        and (not chosen.tag or chosen.tag in trip.tags)
        and (not chosen.source or chosen.source in sources)
        and (not chosen.currency or trip.currency == chosen.currency)
    )


def is_of_days(trip: Trip, chosen: Chosen) -> bool:
    """Whether it was open on one of the days that are asked for; one that goes on is, up to today."""
    if not (chosen.since or chosen.until):
        return True
    begun, ended = trip.opened_date or trip.closed_date, trip.closed_date
    after = not chosen.until or not begun or begun <= chosen.until
    return after and (trip.is_open or not chosen.since or not ended or ended >= chosen.since)


def closes_within(trip: Trip, chosen: Chosen) -> bool:
    """Whether its last part was closed on one of those days: then it counts in their figures."""
    return not trip.is_open and is_within(trip.closed_date, chosen)


def trip_row(
    trip: Trip, money: Money, labels: Mapping[str, str], now_market: float, more: Beside = ALONE
) -> dict[str, Any]:
    """A row of the trades; gross, fees and net in `money`, of a trade that is not of it in its own, and named so."""
    if not money.fits(trip):
        money = Money(trip.currency)
    entry = trip.shares[0].execution if trip.shares else None
    ends = trip.closed_at if trip.closed_at is not None else now_market
    return {
        "id": page_id(trip),
        "account": labels.get(trip.account, redacted(trip.account)),
        "sym": trip.name,
        "con": trip.con_id or None,
        "side": trip.side,
        "state": "open" if trip.is_open else "closed",
        "before": trip.is_before,
        "opened": None if trip.opened_at is None else round(trip.opened_at),
        "closed": None if trip.closed_at is None else round(trip.closed_at),
        "day": shown_day(trip.closed_date),
        "held": None if trip.opened_at is None else max(0, round(ends - trip.opened_at)),
        "qty": float(trip.quantity),
        "dec": decimals_of(entry) if entry is not None else 2,
        "entry": _number(trip.entry),
        "exit": _number(trip.exit),
        "gross": cents(money.gross(trip)) if trip.closings else None,
        "fees": cents(money.fees(trip)) if trip.closings else None,
        "net": cents(money.net(trip)) if trip.closings else None,
        "cur": trip.currency,
        "money": money.currency,
        "pending": trip.is_pending,
        "r": None if trip.r is None else round(float(trip.r), 2),
        "stop": _number(trip.stop),
        "tags": list(trip.tags),
        "note": trip.note,
        "source": ", ".join(sorted({SOURCE_WORDS.get(s.execution.source, s.execution.source) for s in trip.shares})),
        "lacks": "; ".join(trip.lacks),
        "story": _story(trip),
        **_check(trip, more.differ.get(trip.id, ())),
        **_went(more.went.get(trip.id)),
        "rolls": list(more.rolls.get(trip.id, ())),
        "campaign": _campaign(more.campaigns.get(trip.campaign, ()), money) if trip.campaign else None,
        "ib_cost": _cost(trip, more.costs.get((trip.account, trip.key.model, trip.con_id))),
        "legs": [_leg(share, trip) for share in trip.shares],
    }


def _check(trip: Trip, differ: Sequence[IbDiffers]) -> dict[str, Any]:
    """Ours less IB's result of what closed it, in the contract's currency; None = no statement tells that."""
    closers = {part.closed_by for part in trip.closings}
    is_told = any(
        share.execution.id in closers and share.execution.statement_id and share.execution.ib_realized is not None
        for share in trip.shares
    )
    if not is_told:
        return {"ib": None, "ib_tone": "missing", "ib_why": "no statement has told IB's result of it"}
    if not differ:
        return {"ib": 0.0, "ib_tone": "", "ib_why": "agrees with IB to the cent"}
    whys = "; ".join(dict.fromkeys(each.why or "nothing explains it" for each in differ))
    ours, ibs = (sum(values, Decimal(0)) for values in zip(*((d.ours, d.ibs) for d in differ), strict=True))
    words = f"ours {cents(ours):,.2f}, IB's {cents(ibs):,.2f} {trip.currency}: {whys}"
    tone = "" if all(each.why for each in differ) else "warn"
    return {"ib": cents(ours - ibs), "ib_tone": tone, "ib_why": words}


def _went(went: Excursion | None) -> dict[str, Any]:
    """How far it went against the trader and for him, before fees, in the contract's currency."""
    if went is None:
        return {"mae": None, "mfe": None, "went_why": "no bars of that time are kept"}
    return {"mae": cents(went.worst), "mfe": cents(went.best), "went_why": went.why}


def _campaign(trips: Sequence[Trip], money: Money) -> dict[str, Any]:
    """The sum of trips that were rolled into each other; net None = of one of them it is not known."""
    net = total(money.net(trip) if money.fits(trip) else None for trip in trips)
    return {"n": len(trips), "net": cents(net), "cur": money.currency, "names": [trip.name for trip in trips]}


def _cost(trip: Trip, told: PositionTold | None) -> dict[str, Any] | None:
    """IB's average cost of what is held, as the newest statement has it; None = nothing is held, or none tells it."""
    if not trip.is_open or told is None or told.cost_price is None:
        return None
    is_ours = trip.held == told.quantity
    return {"price": float(told.cost_price), "day": shown_day(told.day), "qty": float(told.quantity), "same": is_ours}


def page_id(trip: Trip) -> str:
    """Its id without the account's number in it, which no page shows."""
    return hashlib.blake2b(trip.id.encode(), digest_size=8).hexdigest()


def _story(trip: Trip) -> str:
    """What is not ordinary about it, in a sentence."""
    words = []
    if trip.is_before:
        words.append("Opened before the journal: it counts in no statistic without a statement of that time.")
    if trip.ended_by == "unexplained":
        words.append("The position went without an execution: a statement will say why.")
    elif trip.ended_by in KIND_WORDS and trip.ended_by != "trade":
        words.append(f"The last of it was {KIND_WORDS[trip.ended_by]}.")
    if trip.linked:
        words.append("The option and the shares belong together: look at both results as one.")
    if trip.campaign:
        words.append("Rolled: part of a campaign over several months.")
    return " ".join([*words, *(f"{doubt}." for doubt in trip.doubts)])


def _leg(share: Share, trip: Trip) -> dict[str, Any]:
    e = share.execution
    closed = [part for part in trip.closings if part.closed_by == e.id]
    gross = [part.gross for part in closed]
    fee = e.fee if e.fee is not None else None
    split = abs(share.quantity) != abs(e.quantity)
    if fee is not None and split and e.quantity:
        fee = fee * abs(share.quantity) / abs(e.quantity)
    return {
        "id": e.id,
        "at": round(e.time),
        "what": what(e),
        "qty": float(abs(share.quantity)),
        "split": float(abs(e.quantity)) if split else None,
        "price": float(e.price),
        "gross": cents(sum((g for g in gross if g is not None), Decimal(0))) if closed and None not in gross else None,
        "fee": cents(fee),
        "fee_cur": e.currency,
        "source": SOURCE_WORDS.get(e.source, e.source),
    }


def choices(trips: Iterable[Trip], labels: Mapping[str, str], base: str) -> dict[str, list[list[str]]]:
    """What there is to choose from: [value, words] by filter."""
    trips = list(trips)
    sources = {share.execution.source for trip in trips for share in trip.shares}

    def pairs(values: Iterable[str]) -> list[list[str]]:
        return [[value, value] for value in sorted({value for value in values if value})]

    return {
        "account": pairs(labels.get(trip.account, redacted(trip.account)) for trip in trips),
        "symbol": pairs(trip.name for trip in trips),
        "side": [["long", "long"], ["short", "short"]],
        "tag": pairs(tag for trip in trips for tag in trip.tags),
        "source": [[key, words] for key, words in SOURCE_WORDS.items() if key in sources],
        "currency": pairs(trip.currency for trip in trips),
        "base": [["", f"the account's ({base})" if base else "the account's"]],
    }


def cents(value: Decimal | None) -> float | None:
    return None if value is None else float(round(value, 2))


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
