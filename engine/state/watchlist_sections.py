"""Watch-lists, notes and levels as they are kept, published and shown; and the report of an import."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from engine.domain import ContractRef
from engine.state.sections import Section

LISTS_MAX = 20  # ids are 1 to this: a page has one place for each
SYMBOLS_MAX = 500  # of one list
ALL_MAX = 1_000  # of all lists together: half of the universe
NAME_MAX = 40
IMPORT_MAX = 100_000  # characters of a text to import
NOTE_MAX = 2_000
LABEL_MAX = 40
LEVELS_MAX = 20  # of one symbol
NOTED_MAX = 2_000  # symbols with a note or a level

ImportState = Literal["taken", "known", "unknown", "ambiguous", "refused"]


class Watchlist(Struct, frozen=True):
    """A named list in the user's order. `id` and `uid` stay while the name changes; once the list is gone its `id` is
    free again, its `uid` never is: what is kept elsewhere names it by that.
    """

    id: int
    name: str
    contracts: tuple[ContractRef, ...] = ()
    uid: int = 0  # 0 = of an older program, which the keeper takes as its id


class PriceLevel(Struct, frozen=True):
    """A horizontal line on a symbol's chart. `price` in the unit of the quotes; `id` is one of the symbol's own."""

    id: int
    price: float
    label: str = ""


class SymbolNotes(Struct, frozen=True):
    """What the user noted of one contract; one with neither a note nor a level is not kept."""

    con_id: int
    local_symbol: str
    note: str = ""
    levels: tuple[PriceLevel, ...] = ()


class ImportRow(Struct, frozen=True):
    """One line of what was pasted. `detail` says why, or how to tell `choices` apart; `line` counts from 1.

    `known` = the list had it before. `choices` are there for the ambiguous, at most 12.
    """

    line: int
    text: str
    state: ImportState
    detail: str = ""
    con_id: int = 0
    local_symbol: str = ""
    choices: tuple[ContractRef, ...] = ()


class ImportReport(Struct, frozen=True):
    """The newest import; rows in the order of the text. `done` of `total` lines are looked up; `over_wall` None = it
    goes on."""

    id: str  # of the request
    list_id: int
    list_name: str
    total: int
    done: int = 0
    rows: tuple[ImportRow, ...] = ()
    over_wall: float | None = None
    problem: str = ""  # why nothing was taken although symbols were found


class StripEntry(Struct, frozen=True):
    """One contract of the market strip as the user named it; None = not found (yet), `problem` says why."""

    name: str
    contract: ContractRef | None = None
    problem: str = ""


class WatchlistsSection(Section, frozen=True, kw_only=True):
    """All lists in the user's order, everything noted, the newest import of this run, and the market strip."""

    lists: tuple[Watchlist, ...] = ()
    noted: tuple[SymbolNotes, ...] = ()
    report: ImportReport | None = None
    strip: tuple[StripEntry, ...] = ()


WATCHLIST_SECTIONS: dict[str, type[Section]] = {"watchlists": WatchlistsSection}


def names_of(lists: tuple[Watchlist, ...], con_id: int) -> tuple[str, ...]:
    """Names of the lists that hold a contract, in the user's order."""
    return tuple(each.name for each in lists if any(contract.con_id == con_id for contract in each.contracts))


def noted_of(noted: tuple[SymbolNotes, ...], con_id: int) -> SymbolNotes | None:
    """Note and levels of a contract; None = there is neither."""
    return next((each for each in noted if each.con_id == con_id), None)
