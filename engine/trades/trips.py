"""Round trips: flat to flat, per account, model and contract. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple
from urllib.parse import quote

from msgspec.structs import replace

from engine.journal.rows import PositionSeen, TraderWords, TripNote, TripStop
from engine.trades.execution import ZERO, Contract, Execution, exact, in_order, trade_date_at
from engine.trades.held import EVERYTHING, NOTHING, held_before, reconciled
from engine.trades.lots import Walk, follow
from engine.trades.rolls import campaigns, rolls_of
from engine.trades.trip import Book, Share, Trip, Unexplained, sums_of, total

NO_WORDS = TraderWords()
_MOVE_BY_THEMSELVES = frozenset({"CASH", "BAG"})
_OPTION_TURNS = frozenset({"assignment", "exercise"})


class Family(NamedTuple):
    """What is known of one contract of an account, executions and notes of its position in order.

    `known_from`: when all positions of the account were known first, None = never. `doubts`: root of an execution ->
    why its order does not add up.
    """

    executions: Sequence[Execution]
    notes: Sequence[PositionSeen] = ()
    known_from: float | None = None
    doubts: Mapping[str, str] = {}


class Walked(NamedTuple):
    """The trips of one family without the trader's words, and the steps that no execution explains."""

    trips: tuple[Trip, ...]
    steps: tuple[Unexplained, ...]


def round_trips(
    executions: Iterable[Execution],
    seen: Iterable[PositionSeen] = (),
    words: TraderWords = NO_WORDS,
    doubts: Mapping[tuple[str, str], str] | None = None,
) -> Book:
    """All trips of these executions (those in force, see `execution.in_force`), with what the trader said of them.

    `seen` are the broker's positions as they were noted: what was held before, and what no execution explains, comes
    from them. `doubts`: (account, root of the execution) -> why its order does not add up.
    """
    mine: dict[tuple[str, str], list[Execution]] = defaultdict(list)
    for execution in sorted(executions, key=in_order):
        mine[execution.account, execution.key.contract].append(execution)
    noted, known_from = noted_by_contract(seen)
    of_account: dict[str, dict[str, str]] = defaultdict(dict)
    for (account, root), text in (doubts or {}).items():
        of_account[account][root] = text
    return assembled(
        (
            walked(account, contract, Family(
                mine.get((account, contract), ()), noted.get((account, contract), ()), known_from.get(account),
                of_account[account],
            ))
            for account, contract in dict.fromkeys([*mine, *noted])
        ),
        words,
    )  # fmt: skip


def noted_by_contract(
    seen: Iterable[PositionSeen],
) -> tuple[dict[tuple[str, str], list[PositionSeen]], dict[str, float]]:
    """Notes by account and contract, in order, and since when all positions of an account are known."""
    notes: dict[tuple[str, str], list[PositionSeen]] = defaultdict(list)
    known_from: dict[str, float] = {}
    for note in sorted(seen, key=lambda each: each.at_market):
        if note.con_id == EVERYTHING:
            known_from.setdefault(note.account, note.at_market)
        else:
            notes[note.account, str(note.con_id)].append(note)
    return notes, known_from


def walked(account: str, contract: str, family: Family) -> Walked:
    """The trips of one contract of an account, each model for itself.

    A note is of the whole account: where models trade the contract it says nothing of any of them. Currencies change
    with every booking, and a combination by its legs.
    """
    of_key: dict[Contract, list[Execution]] = defaultdict(list)
    for execution in family.executions:
        of_key[execution.key].append(execution)
    notes = family.notes
    if any(key.model for key in of_key) or any(note.sec_type in _MOVE_BY_THEMSELVES for note in notes):
        notes = ()
    trips: list[Trip] = []
    steps: list[Unexplained] = []
    for key in of_key or ((Contract(account, "", contract),) if notes else ()):
        found, open_steps = _of_contract(key, of_key.get(key, []), notes, family.known_from, family.doubts)
        trips += found
        steps += open_steps
    return Walked(tuple(trips), tuple(steps))


def assembled(parts: Iterable[Walked], words: TraderWords = NO_WORDS) -> Book:
    """All of them together, with the trader's words and what joins trips of several contracts."""
    parts = tuple(parts)
    trips = [trip for part in parts for trip in part.trips]
    trips.sort(key=lambda trip: (trip.opened_at if trip.opened_at is not None else 0.0, trip.id))
    trips = _linked(_with_words(trips, words))
    rolls = rolls_of(trips, words.links)
    joined = campaigns(rolls)
    trips = [replace(trip, campaign=joined[trip.id]) if trip.id in joined else trip for trip in trips]
    return Book(
        trips=tuple(trip for trip in trips if not trip.is_currency),
        conversions=tuple(trip for trip in trips if trip.is_currency),
        unexplained=tuple(sorted((step for part in parts for step in part.steps), key=lambda step: step.time)),
        rolls=rolls,
    )


def _of_contract(
    key: Contract,
    executions: Sequence[Execution],
    notes: Sequence[PositionSeen],
    known_from: float | None,
    doubts: Mapping[str, str],
) -> tuple[list[Trip], list[Unexplained]]:
    before, steps = NOTHING, list[Unexplained]()
    if not any(e.sec_type in _MOVE_BY_THEMSELVES for e in executions):
        before = held_before(executions, notes, None if key.model else known_from)
        executions, steps = reconciled(key, executions, notes, before.quantity)
    if not executions:
        return [], steps
    way: list[Execution | Unexplained] = [*executions, *steps]
    way.sort(key=lambda step: (step.time, step.id if isinstance(step, Execution) else ""))
    lots = follow(key.account, way, before)
    return [_trip(key, executions[0], walk, doubts) for walk in lots.walks], steps


def _trip(key: Contract, first: Execution, walk: Walk, doubts: Mapping[str, str]) -> Trip:
    opening = next((share.execution for share in walk.shares), first)
    root = opening.root
    if walk.is_before:
        root = f"before {root}"
    elif walk.unexplained_at is not None:  # the execution that closes it may open the next one
        root = f"unexplained {key.contract} {walk.unexplained_at:.0f}"
    side = walk.side
    opened = [share for share in walk.shares if share.quantity * side > 0 and share.execution.kind != "split"]
    last = walk.closings[-1] if walk.closings else None
    executions = [share.execution for share in walk.shares]
    return Trip(
        id=_id_of(key, root),
        key=key,
        root=root,
        con_id=first.con_id,
        name=next((e.local_symbol for e in reversed(executions) if e.local_symbol), first.name),
        symbol=next((e.symbol for e in executions if e.symbol), ""),
        sec_type=next((e.sec_type for e in executions if e.sec_type), first.sec_type),
        side="long" if side > 0 else "short",
        opened_at=None if walk.is_before or not opened else opened[0].execution.time,
        closed_at=walk.ended,
        opened_date="" if walk.is_before or not opened else _trade_date(opened[0].execution),
        closed_date=last.trade_date if last is not None and walk.ended is not None else "",
        quantity=walk.most,
        held=walk.held,
        entry=_average((abs(s.quantity), s.execution.price) for s in opened) if not walk.is_before else _entry(walk),
        exit=_average((abs(part.quantity), part.exit) for part in walk.closings),
        currency=opening.currency,
        base_currency=next((e.base_currency for e in executions if e.base_currency), ""),
        shares=tuple(walk.shares),
        closings=tuple(walk.closings),
        **sums_of(walk.closings)._asdict(),
        is_before=walk.is_before,
        ended_by=walk.ended_by,
        tags=_own_tags(executions),
        doubts=_doubts(executions, doubts),
    )


def _trade_date(e: Execution) -> str:
    return e.trade_date or trade_date_at(e.sec_type, e.time)


def _id_of(key: Contract, root: str) -> str:
    return quote("~".join((key.account, key.model, key.contract, root)), safe="~.:-_")


def _entry(walk: Walk) -> Decimal | None:
    return _average((abs(part.quantity), part.entry) for part in walk.closings)


def _average(parts: Iterable[tuple[Decimal, Decimal | None]]) -> Decimal | None:
    """By quantity; None when there is nothing, or a price is not known."""
    sized = list(parts)
    money = total(None if price is None else size * price for size, price in sized)
    quantity = sum((size for size, _ in sized), ZERO)
    return money / quantity if money is not None and quantity else None


def _own_tags(executions: Sequence[Execution]) -> tuple[str, ...]:
    """What the orders say themselves: the trader's reference, and what IB closed."""
    found = [e.order_ref.strip() for e in executions if e.order_ref.strip()]
    found += ["liquidation" for e in executions if e.liquidation]
    return tuple(dict.fromkeys(found))


def _doubts(executions: Sequence[Execution], doubts: Mapping[str, str]) -> tuple[str, ...]:
    found = [doubts[e.root] for e in executions if e.root in doubts] if doubts else []
    if any(e.price_pending for e in executions):
        found.append("the exchange may still change a price")
    if any(not e.is_time_known for e in executions):
        found.append("the exchange's time of a fill could not be read: it is when the fill came")
    if any(e.is_order_level for e in executions):
        found.append("an order's row of a CSV stands for its executions")
    return tuple(dict.fromkeys(found))


def _with_words(trips: list[Trip], words: TraderWords) -> list[Trip]:
    """Notes by the execution that opened the trip; where that opens none any more, by the trip that it belongs to."""
    said = {(note.account, note.model, note.root) for note in words.trips}
    said |= {(stop.account, stop.model, stop.root) for stop in words.stops}
    if not said:
        return trips
    by_root = {key: trip.id for trip in trips if (key := (trip.account, trip.key.model, trip.root)) in said}
    if said - by_root.keys():
        for trip in trips:
            for share in trip.shares:
                key = (trip.account, trip.key.model, share.execution.root)
                if key in said:
                    by_root.setdefault(key, trip.id)
    notes: dict[str, list[TripNote]] = defaultdict(list)
    stops: dict[str, list[TripStop]] = defaultdict(list)
    for note in words.trips:
        if name := by_root.get((note.account, note.model, note.root)):
            notes[name].append(note)
    for stop in words.stops:
        if name := by_root.get((stop.account, stop.model, stop.root)):
            stops[name].append(stop)
    return [
        replace(
            trip,
            note="\n".join(note.note for note in notes[trip.id] if note.note),
            tags=tuple(dict.fromkeys([*(tag for note in notes[trip.id] for tag in note.tags), *trip.tags])),
            stop=first_stop(stops[trip.id]),
        )
        if trip.id in notes or trip.id in stops
        else trip
        for trip in trips
    ]


def first_stop(stops: Iterable[TripStop]) -> Decimal | None:
    """The first that was noted; one that is taken back takes those before it with it."""
    first: Decimal | None = None
    for stop in sorted(stops, key=lambda each: each.noted_wall):
        if stop.price is None:
            first = None
        elif first is None:
            first = exact(stop.price)
    return first


def _linked(trips: list[Trip]) -> list[Trip]:
    """An option that was assigned or exercised, and the trips of its underlying that this opened or closed."""
    turned: dict[tuple[str, str, str], list[tuple[Trip, Share]]] = defaultdict(list)
    for trip in trips:
        for share in trip.shares:
            if share.execution.kind in _OPTION_TURNS:
                turned[trip.account, trip.key.model, share.execution.trade_date].append((trip, share))
    if not turned:
        return trips
    links: dict[str, list[str]] = defaultdict(list)
    for group in turned.values():
        for option, share in group:
            for other, _ in group:
                if other.id != option.id and _is_underlying(share.execution, other):
                    links[option.id].append(other.id)
                    links[other.id].append(option.id)
    return [replace(trip, linked=tuple(dict.fromkeys(links[trip.id]))) if trip.id in links else trip for trip in trips]


def _is_underlying(option: Execution, trip: Trip) -> bool:
    if not option.put_call and option.sec_type not in ("OPT", "FOP"):
        return False
    if option.underlying_con_id and trip.con_id:
        return option.underlying_con_id == trip.con_id
    return bool(option.underlying_symbol) and option.underlying_symbol in (trip.symbol, trip.name)
