"""`GET /api/v1/journal/...`: executions, round trips, days and statistics, and the checks of what is asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple, get_args

from msgspec import structs

from app.journal_book import Kept
from app.query import trade_date, whole
from app.rows.journal_money import lack_of_day
from engine.journal.rows import CashRow, OptionEvent, TransferRow
from engine.trades.carry import carry_of
from engine.trades.checks import IbDiffers, differences
from engine.trades.days import DayFigures, day_of, day_of_part, days_of, summed
from engine.trades.entitled import carry_of_trips
from engine.trades.excursion import Excursion
from engine.trades.execution import Execution, date_of
from engine.trades.figures import Figures, GroupName, Money, closed_of, grouped, moneys_of, statistics
from engine.trades.trip import Trip

MOST, DEFAULT = 20_000, 1_000
_WORDS: Final = ("account", "symbol", "from", "to")
_KNOWN: Final = {
    "executions": (*_WORDS, "all", "limit"),
    "trips": (*_WORDS, "tag", "side", "limit", "excursion"),
    "days": (*_WORDS, "tag", "side", "currency", "base"),
    "statistics": (*_WORDS, "tag", "side", "currency", "base", "by"),
    "bookings": (*_WORDS, "currency", "limit"),
}
_TEXT_MAX: Final = 80
_DIGITS: Final = 10
_DAYS: Final = frozenset({"day", "ex_date", "expiry"})


class Asked(NamedTuple):
    """ "" and None = whatever. `since` and `until` are trade dates, both inside."""

    account: str = ""
    symbol: str = ""
    since: date | None = None
    until: date | None = None
    tag: str = ""
    side: str = ""
    currency: str = ""
    base: bool | None = None
    by: GroupName | None = None
    everything: bool = False
    excursion: bool = False
    limit: int = DEFAULT


def asked(what: str, query: Mapping[str, str]) -> Asked | str:
    """What a query asks of one of the names above, or the text of its error."""
    unknown = sorted(set(query) - set(_KNOWN[what]))
    if unknown:
        return f"{unknown[0][:40]!r} is not known here; known are {', '.join(_KNOWN[what])}"
    for name in ("account", "symbol", "tag", "currency"):
        if len(query.get(name, "")) > _TEXT_MAX:
            return f"{name} is longer than {_TEXT_MAX} characters"
    since, until = _day(query, "from"), _day(query, "to")
    for name, day in (("from", since), ("to", until)):
        if isinstance(day, str):
            return f"{name} is {day}; must be a trade date, e.g. {name}=2025-11-05"
    assert not isinstance(since, str) and not isinstance(until, str)
    if since is not None and until is not None and until < since:
        return f"to is {until}, from is {since}; to must not be before from"
    for name, allowed in _ALLOWED:
        if name in query and query[name] not in allowed:
            return f"{name} is {query[name][:40]!r}; must be one of {', '.join(allowed)}"
    limit = whole(query.get("limit", str(DEFAULT)), MOST)
    if limit is None:
        return f"limit is {query['limit'][:40]!r}; must be a whole number, 1-{MOST}"
    return Asked(
        account=query.get("account", "").strip(),
        symbol=query.get("symbol", "").strip(),
        since=since,
        until=until,
        tag=query.get("tag", "").strip(),
        side=query.get("side", ""),
        currency=query.get("currency", "").strip().upper(),
        base=query["base"] == "1" if "base" in query else None,
        by=next((name for name in _GROUPS if name == query.get("by")), None),
        everything=query.get("all") == "1",
        excursion=query.get("excursion") == "1",
        limit=limit,
    )


_GROUPS: Final[tuple[GroupName, ...]] = get_args(GroupName)
_NO_YES: Final = ("0", "1")
_ALLOWED: Final = (
    ("side", ("long", "short")),
    ("all", _NO_YES),
    ("base", _NO_YES),
    ("excursion", _NO_YES),
    ("by", _GROUPS),
)


def _day(query: Mapping[str, str], name: str) -> date | str | None:
    """A text is what stood there in place of a date."""
    text = query.get(name)
    if text is None:
        return None
    return trade_date(text) or repr(text[:40])


# --- answers ----------------------------------------------------------------------------------------------------------


def executions(kept: Kept, wanted: Asked) -> dict[str, Any]:
    """The newest `limit` of them, oldest first."""
    found = [
        e
        for e in kept.executions
        if (wanted.everything or e.state == "in force")
        and _is_meant(wanted, e.account, (e.name, e.symbol))
        and _is_within(day_of(e), wanted)
    ]
    return {
        "limit": wanted.limit,
        "more": len(found) > wanted.limit,
        "executions": [_execution(e) for e in found[-wanted.limit :]],
        "unexplained": [
            {
                "account": step.key.account,
                "con_id": step.con_id,
                "local_symbol": step.name or None,
                "quantity": _number(step.quantity),
                "after": step.after,
                "seen": step.time,
            }
            for step in kept.book.unexplained
            if wanted.account in ("", step.key.account)
        ],
    }


def trips(
    kept: Kept, wanted: Asked, excursions_of: Callable[[Sequence[Trip]], Mapping[str, Excursion]]
) -> dict[str, Any]:
    """Of the days asked for: trips that were open on one of them. The newest `limit`, oldest first."""
    found = [trip for trip in _trips(kept, wanted) if _was_open(trip, wanted)]
    conversions = [trip for trip in kept.book.conversions if _is_chosen(trip, wanted) and _was_open(trip, wanted)]
    shown = found[-wanted.limit :]
    went = excursions_of(shown) if wanted.excursion else {}
    carry = carry_of_trips(kept.book.trips, kept.cash)
    differ: dict[str, list[IbDiffers]] = defaultdict(list)
    for each in differences(shown):
        differ[each.trip].append(each)
    return {
        "limit": wanted.limit,
        "more": len(found) > len(shown),
        "trips": [_trip(trip, carry.get(trip.id, ()), differ[trip.id], went.get(trip.id)) for trip in shown],
        "conversions": [_trip(trip, (), ()) for trip in conversions[-wanted.limit :]],
        "rolls": [roll._asdict() for roll in kept.book.rolls],
    }


def days(kept: Kept, wanted: Asked) -> dict[str, Any] | str:
    """A text is the error: which money is meant."""
    chosen = _trips(kept, wanted)
    money = _money(chosen, kept, wanted)
    if isinstance(money, str):
        return money
    ids = {share.execution.id for trip in chosen for share in trip.shares}
    counted = [e for e in kept.executions if e.state == "in force" and not e.is_currency and e.id in ids]
    booked = [] if wanted.tag or wanted.side else [row for row in kept.cash if _is_booked(row, wanted)]
    carry = carry_of(booked, money)
    lacks = [(lack.day, lack_of_day(lack)) for lack in carry.lacks]
    made = days_of(chosen, counted, money, carry=carry.by_day, lacks=lacks)
    found = {day: f for day, f in made.items() if _is_within(day, wanted)}
    return {
        **_told(money),
        "days": [{"day": day.isoformat(), **_day_figures(figures)} for day, figures in found.items()],
        "sum": _day_figures(summed(found.values())),
        "carry_lacks": [
            {"day": lack.day.isoformat(), "currency": lack.currency or None, "missing": lack.what}
            for lack in carry.lacks
            if _is_within(lack.day, wanted)
        ],
    }


def figures(kept: Kept, wanted: Asked) -> dict[str, Any] | str:
    """Of the trips that were closed on the days asked for. A text is the error: which money is meant."""
    chosen = [trip for trip in _trips(kept, wanted) if _was_closed(trip, wanted)]
    money = _money(chosen, kept, wanted)
    if isinstance(money, str):
        return money
    closed = closed_of(chosen, money)
    answer = {**_told(money), "all": _figures(statistics(closed, money))}
    if wanted.by is not None:
        groups = grouped(closed, wanted.by, money)
        answer["by"] = wanted.by
        answer["groups"] = [{"name": name, **_figures(each)} for name, each in groups]
    return answer


def bookings(kept: Kept, wanted: Asked) -> dict[str, Any]:
    """What statements book beside trades, each list the newest `limit`, oldest first."""
    cash = [row for row in kept.cash if _is_asked(row, wanted, row.symbol)]
    moved = [row for row in kept.transfers if _is_asked(row, wanted, row.symbol)]
    events = [row for row in kept.options if _is_asked(row, wanted, row.symbol, row.underlying_symbol)]
    return {
        "limit": wanted.limit,
        "more": any(len(rows) > wanted.limit for rows in (cash, moved, events)),
        "cash": [_booking(row) for row in cash[-wanted.limit :]],
        "transfers": [_booking(row) for row in moved[-wanted.limit :]],
        "option_events": [_booking(row) for row in events[-wanted.limit :]],
    }


# --- which ------------------------------------------------------------------------------------------------------------


def _trips(kept: Kept, wanted: Asked) -> list[Trip]:
    return [trip for trip in kept.book.trips if _is_chosen(trip, wanted)]


def _is_chosen(trip: Trip, wanted: Asked) -> bool:
    return (
        _is_meant(wanted, trip.account, (trip.name, trip.symbol))
        and wanted.side in ("", trip.side)
        and (not wanted.tag or wanted.tag in trip.tags)
    )


def _is_booked(row: CashRow, wanted: Asked) -> bool:
    return _is_meant(wanted, row.account, (row.symbol,))


def _is_asked(row: CashRow | TransferRow | OptionEvent, wanted: Asked, *names: str) -> bool:
    day = date_of(row.day)
    return (
        _is_meant(wanted, row.account, names)
        and wanted.currency in ("", row.currency)
        and (day is None or _is_within(day, wanted))
    )


def _is_meant(wanted: Asked, account: str, names: Sequence[str]) -> bool:
    return wanted.account in ("", account) and (not wanted.symbol or wanted.symbol in names)


def _is_within(day: date, wanted: Asked) -> bool:
    return (wanted.since is None or day >= wanted.since) and (wanted.until is None or day <= wanted.until)


def _was_open(trip: Trip, wanted: Asked) -> bool:
    dates = [day_of(share.execution) for share in trip.shares]
    if not dates:
        return True
    ends_in_time = trip.is_open or wanted.since is None or max(dates) >= wanted.since
    return ends_in_time and (wanted.until is None or trip.is_before or min(dates) <= wanted.until)


def _was_closed(trip: Trip, wanted: Asked) -> bool:
    return bool(not trip.is_open and trip.closings) and _is_within(day_of_part(trip.closings[-1]), wanted)


def _money(chosen: Iterable[Trip], kept: Kept, wanted: Asked) -> Money | str:
    """That which is asked for; without it the base currency where there is one, else the only one there is."""
    known = moneys_of(chosen) or moneys_of(kept.book.trips)
    fits = [
        money
        for money in known
        if (not wanted.currency or money.currency == wanted.currency) and wanted.base in (None, money.is_base)
    ]
    if wanted.currency and fits:
        return fits[-1] if wanted.base is None else fits[0]  # of the contracts, unless `base` says so
    bases = [money for money in fits if money.is_base]
    if len(bases) == 1 or len(fits) == 1:
        return bases[0] if bases else fits[0]
    if not known:
        return Money(wanted.currency, bool(wanted.base))
    words = ", ".join(f"currency={money.currency}{'&base=1' if money.is_base else ''}" for money in known)
    return f"there are several currencies; say one of {words}"


# --- rows -------------------------------------------------------------------------------------------------------------


def _booking(row: CashRow | TransferRow | OptionEvent) -> dict[str, Any]:
    """Its fields under their own names; days as dates, what is not told is null."""
    return {name: _plain(name, value) for name, value in structs.asdict(row).items()}


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, Decimal):
        return _number(value)
    if name in _DAYS:
        day = date_of(value)
        return day.isoformat() if day is not None else None
    return value or None


def _execution(e: Execution) -> dict[str, Any]:
    return {
        "id": e.id,
        "account": e.account,
        "model": e.model or None,
        "con_id": e.con_id or None,
        "local_symbol": e.local_symbol or None,
        "symbol": e.symbol or None,
        "sec_type": e.sec_type or None,
        "kind": e.kind,
        "state": e.state,
        "superseded_by": e.superseded_by,
        "source": e.source,
        "order_level": e.is_order_level,
        "time": e.time,
        "time_known": e.is_time_known,
        "trade_date": day_of(e).isoformat(),
        "quantity": _number(e.quantity),
        "price": _number(e.price),
        "per_point": _number(e.per_point),
        "value": _number(e.value),
        "currency": e.currency or None,
        "commission": _number(e.commission),
        "commission_currency": (e.commission_currency or e.currency or None) if e.commission is not None else None,
        "taxes": _number(e.taxes),
        "fee": _number(e.fee),
        "base_currency": e.base_currency or None,
        "rate": _number(e.rate),
        "fee_base": _number(e.fee_base),
        "ib_realized": _number(e.ib_realized),
        "codes": list(e.codes),
        "exchange": e.exchange or None,
        "order_ref": e.order_ref or None,
        "order": e.order or None,
        "underlying_symbol": e.underlying_symbol or None,
        "expiry": e.expiry or None,
        "strike": _number(e.strike),
        "put_call": e.put_call or None,
        "statement_id": e.statement_id or None,
        "remark": e.remark or None,
    }


def _trip(
    trip: Trip, carry: Sequence[CashRow], differ: Sequence[IbDiffers], went: Excursion | None = None
) -> dict[str, Any]:
    excursion = (
        {}
        if went is None
        else {
            "worst": _number(went.worst),
            "best": _number(went.best),
            "bars_cover": round(went.covered, 4),
            "excursion_note": went.why or None,
        }
    )
    return {
        **excursion,
        "id": trip.id,
        "root": trip.root,
        "account": trip.account,
        "model": trip.key.model or None,
        "con_id": trip.con_id or None,
        "local_symbol": trip.name,
        "symbol": trip.symbol or None,
        "sec_type": trip.sec_type or None,
        "side": trip.side,
        "opened_at": trip.opened_at,
        "closed_at": trip.closed_at,
        "opened_date": _date_of(trip.opened_date),
        "closed_date": _date_of(trip.closed_date),
        "quantity": _number(trip.quantity),
        "held": _number(trip.held),
        "entry": _number(trip.entry),
        "exit": _number(trip.exit),
        "currency": trip.currency or None,
        "gross": _number(trip.gross),
        "fees": _number(trip.fees),
        "net": _number(trip.net),
        "base_currency": trip.base_currency or None,
        "gross_base": _number(trip.gross_base),
        "fees_base": _number(trip.fees_base),
        "net_base": _number(trip.net_base),
        "pending": trip.is_pending,
        "opened_before": trip.is_before,
        "ended_by": trip.ended_by or None,
        "counts": not trip.why_not_counted,
        "why_not": trip.why_not_counted or None,
        "lacks": list(dict.fromkeys((*trip.lacks, *trip.lacks_base))),
        "doubts": list(trip.doubts),
        "note": trip.note or None,
        "tags": list(trip.tags),
        "stop": _number(trip.stop),
        "risk": _number(trip.risk),
        "r": _number(trip.r),
        "linked": list(trip.linked),
        "campaign": trip.campaign or None,
        "carry": [
            {"day": _date_of(row.day), "kind": row.kind, "amount": _number(row.amount), "currency": row.currency}
            for row in carry
        ],
        "ib_differs": [
            {"execution": one.execution, "ours": _number(one.ours), "ib": _number(one.ibs), "why": one.why or None}
            for one in differ
        ],
        "executions": [
            {"id": share.execution.id, "quantity": _number(share.quantity), "after": _number(share.after)}
            for share in trip.shares
        ],
        "closings": [
            {
                "opened_by": part.opened_by or None,
                "closed_by": part.closed_by or None,
                "time": part.time,
                "trade_date": day_of_part(part).isoformat(),
                "quantity": _number(part.quantity),
                "entry": _number(part.entry),
                "exit": _number(part.exit),
                "gross": _number(part.gross),
                "fees": _number(part.fees),
                "net": _number(part.net),
                "net_base": _number(part.net_base),
                "pending": part.is_pending,
            }
            for part in trip.closings
        ],
    }


def _day_figures(f: DayFigures) -> dict[str, Any]:
    return {
        "gross": _number(f.gross),
        "fees": _number(f.fees),
        "net": _number(f.net),
        "paid": _number(f.paid),
        "executions": f.executions,
        "trips": f.trips,
        "wins": f.wins,
        "losses": f.losses,
        "even": f.even,
        "win_rate": _number(f.win_rate),
        "carry": _number(f.carry),
        "pending": f.pending,
        "lacks": list(f.lacks),
    }


def _figures(f: Figures) -> dict[str, Any]:
    return {
        "n": f.n,
        "few": f.is_few,
        "wins": f.wins,
        "losses": f.losses,
        "even": f.even,
        "gross": _number(f.gross),
        "fees": _number(f.fees),
        "net": _number(f.net),
        "win_rate": _number(f.win_rate),
        "win_rate_of_all": _number(f.win_rate_of_all),
        "profit_factor": _number(f.profit_factor),
        "mean_win": _number(f.mean_win),
        "mean_loss": _number(f.mean_loss),
        "payoff": _number(f.payoff),
        "expectancy": _number(f.expectancy),
        "with_r": f.with_r,
        "expectancy_r": _number(f.expectancy_r),
        "best": _number(f.best),
        "worst": _number(f.worst),
        "held_s": f.held_s,
        "pending": f.pending,
        "left_out": [each._asdict() for each in f.left_out],
    }


def _told(money: Money) -> dict[str, Any]:
    return {"currency": money.currency or None, "base": money.is_base}


def _date_of(day: str) -> str | None:
    return f"{day[:4]}-{day[4:6]}-{day[6:]}" if len(day) == 8 else None


def _number(value: Decimal | None) -> float | None:
    """To so many digits that no cent is lost and no division shows."""
    return None if value is None else float(round(value, _DIGITS))
