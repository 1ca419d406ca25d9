"""What may be done with watch-lists, notes and levels: values in, values out. Pure; errors are for the user."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TypeVar

from msgspec.structs import replace

from engine.domain import ContractRef
from engine.errors import QTradeError
from engine.state.watchlist_sections import (
    ALL_MAX,
    LABEL_MAX,
    LEVELS_MAX,
    LISTS_MAX,
    NAME_MAX,
    NOTE_MAX,
    NOTED_MAX,
    SYMBOLS_MAX,
    PriceLevel,
    SymbolNotes,
    Watchlist,
)

Lists = tuple[Watchlist, ...]
Noted = tuple[SymbolNotes, ...]
PRICE_MAX = 1e9
T = TypeVar("T")


def list_of(lists: Lists, list_id: int) -> Watchlist:
    """Raises QTradeError: it was deleted meanwhile."""
    found = next((each for each in lists if each.id == list_id), None)
    if found is None:
        raise QTradeError("There is no such watch-list any more; it may have been deleted in another tab.")
    return found


def checked_name(lists: Lists, name: str, but: int = 0) -> str:
    """The name without blanks around it, which no other list bears. Raises QTradeError."""
    found = " ".join(name.split())
    if not found or len(found) > NAME_MAX or not found.isprintable():
        raise QTradeError(f"The name of a watch-list must have 1 to {NAME_MAX} characters.")
    if any(each.name.casefold() == found.casefold() and each.id != but for each in lists):
        raise QTradeError(f"There is a watch-list called {found} already; choose another name.")
    return found


def created(lists: Lists, name: str, uid: int) -> Lists:
    """With one list more, empty, at the end. `uid` is no other's, nor was it. Raises QTradeError."""
    if len(lists) >= LISTS_MAX:
        raise QTradeError(f"There are {LISTS_MAX} watch-lists already; delete one first.")
    taken = {each.id for each in lists}
    free = next(number for number in range(1, LISTS_MAX + 1) if number not in taken)
    return (*lists, Watchlist(free, checked_name(lists, name), uid=uid))


def renamed(lists: Lists, list_id: int, name: str) -> Lists:
    """Raises QTradeError."""
    return _with(lists, replace(list_of(lists, list_id), name=checked_name(lists, name, list_id)))


def deleted(lists: Lists, list_id: int) -> Lists:
    """Raises QTradeError."""
    gone = list_of(lists, list_id)
    return tuple(each for each in lists if each is not gone)


def list_moved(lists: Lists, list_id: int, place: int) -> Lists:
    """The list at `place` (from 0, held to the ends). Raises QTradeError."""
    moved = list_of(lists, list_id)
    return tuple(_placed([each for each in lists if each is not moved], moved, place))


def added(lists: Lists, list_id: int, contracts: Iterable[ContractRef]) -> Lists:
    """Those that the list does not hold yet at its end, in their order. All or none. Raises QTradeError."""
    known = list_of(lists, list_id)
    by_id = {contract.con_id: contract for contract in known.contracts}
    fresh = {contract.con_id: contract for contract in contracts if contract.con_id not in by_id}
    made = _with(lists, replace(known, contracts=(*known.contracts, *fresh.values())))
    count, total = len(known.contracts) + len(fresh), len(contracts_of(made))
    if count > SYMBOLS_MAX:
        raise QTradeError(f"{known.name} would hold {count} symbols; at most {SYMBOLS_MAX} fit. Make another list.")
    if total > ALL_MAX and len(contracts_of(lists)) < total:
        raise QTradeError(f"All lists together would hold {total} symbols; at most {ALL_MAX} fit. Remove some first.")
    return made


def removed(lists: Lists, list_id: int, con_id: int) -> Lists:
    """Without the contract; one that is gone already is no error. Raises QTradeError."""
    known = list_of(lists, list_id)
    return _with(lists, replace(known, contracts=tuple(each for each in known.contracts if each.con_id != con_id)))


def moved(lists: Lists, list_id: int, con_id: int, place: int) -> Lists:
    """The contract at `place` of its list (from 0, held to the ends). Raises QTradeError."""
    known = list_of(lists, list_id)
    mine = next((each for each in known.contracts if each.con_id == con_id), None)
    if mine is None:
        raise QTradeError(f"{known.name} does not hold this symbol any more; it may have been removed in another tab.")
    others = [each for each in known.contracts if each is not mine]
    return _with(lists, replace(known, contracts=tuple(_placed(others, mine, place))))


def contracts_of(lists: Lists) -> list[ContractRef]:
    """Every contract of all lists once, in the user's order."""
    return list({contract.con_id: contract for each in lists for contract in each.contracts}.values())


def renamed_contract(lists: Lists, newer: ContractRef) -> Lists:
    """With the names of a newer description of one of their contracts."""

    def told(contract: ContractRef) -> ContractRef:
        return contract.named_as(newer) if contract.con_id == newer.con_id else contract

    return tuple(replace(each, contracts=tuple(map(told, each.contracts))) for each in lists)


# --- notes and levels -------------------------------------------------------------------------------------------------


def with_note(noted: Noted, con_id: int, local_symbol: str, text: str) -> Noted:
    """The note of a contract, "" = none. Raises QTradeError."""
    note = text.replace("\r\n", "\n").strip()
    if len(note) > NOTE_MAX:
        raise QTradeError(f"A note has at most {NOTE_MAX:,} characters; this one has {len(note):,}.")
    return _noted(noted, replace(_mine(noted, con_id, local_symbol), note=note, local_symbol=local_symbol))


def with_level(noted: Noted, con_id: int, local_symbol: str, level: PriceLevel) -> Noted:
    """With a new level (its `id` 0) or a changed one; lowest price last. Raises QTradeError."""
    mine = _mine(noted, con_id, local_symbol)
    others = tuple(each for each in mine.levels if each.id != level.id)
    label = " ".join(level.label.split())
    if not math.isfinite(level.price) or abs(level.price) > PRICE_MAX:
        raise QTradeError("The price of a level must be a number.")
    if len(label) > LABEL_MAX or not label.isprintable():
        raise QTradeError(f"The label of a level has at most {LABEL_MAX} characters.")
    if level.id and len(others) == len(mine.levels):
        raise QTradeError("There is no such level any more; it may have been deleted in another tab.")
    if not level.id and len(others) >= LEVELS_MAX:
        raise QTradeError(f"{local_symbol} has {LEVELS_MAX} levels already; delete one first.")
    number = level.id or 1 + max((each.id for each in others), default=0)
    levels = sorted([*others, PriceLevel(number, level.price, label)], key=lambda each: (-each.price, each.id))
    return _noted(noted, replace(mine, levels=tuple(levels), local_symbol=local_symbol))


def without_level(noted: Noted, con_id: int, level_id: int) -> Noted:
    """A level that is gone already is no error."""
    mine = _mine(noted, con_id, "")
    return _noted(noted, replace(mine, levels=tuple(each for each in mine.levels if each.id != level_id)))


def _mine(noted: Noted, con_id: int, local_symbol: str) -> SymbolNotes:
    return next((each for each in noted if each.con_id == con_id), SymbolNotes(con_id, local_symbol))


def _noted(noted: Noted, mine: SymbolNotes) -> Noted:
    others = tuple(each for each in noted if each.con_id != mine.con_id)
    if not mine.note and not mine.levels:
        return others
    if len(others) >= NOTED_MAX:
        raise QTradeError(f"{NOTED_MAX:,} symbols have notes or levels already; remove those of one first.")
    return (*others, mine)


def _with(lists: Lists, changed: Watchlist) -> Lists:
    return tuple(changed if each.id == changed.id else each for each in lists)


def _placed(others: Sequence[T], one: T, place: int) -> list[T]:
    at = min(max(0, place), len(others))
    return [*others[:at], one, *others[at:]]
