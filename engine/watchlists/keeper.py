"""Keeps watch-lists, notes and levels: one file, each change on the disk before it is in force. Engine loop only.

They are the user's, not an account's: paper and live share them; those of the simulator, whose contracts may be others,
lie in a file of their own.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

import msgspec
from msgspec.structs import replace

from engine.clock import Clock
from engine.domain import BrokerMode, ContractRef
from engine.errors import QTradeError
from engine.state.commands import DropLevel, EditWatchlist, ImportSymbols, KeepLevel, KeepNote
from engine.state.watchlist_sections import (
    ImportReport,
    ImportRow,
    PriceLevel,
    SymbolNotes,
    Watchlist,
    WatchlistsSection,
)
from engine.storage import rescues
from engine.storage.atomic import read_kept, reason_of, run_now, write_kept
from engine.storage.encodable import to_json
from engine.storage.places import DAMAGED
from engine.watchlists import editing
from engine.watchlists.importing import Reading, read
from engine.watchlists.lookup import Lookup

log = logging.getLogger("qtrade.watchlists")

FORMAT = 1
_AT_ONCE = 4  # questions to the broker


class _Kept(msgspec.Struct, frozen=True):
    """What the file holds."""

    format: int
    lists: tuple[Watchlist, ...] = ()
    noted: tuple[SymbolNotes, ...] = ()


class Runs(Protocol):
    """`FileThread.run`, or `run_now`."""

    def __call__(self, work: Callable[[], None], /) -> Awaitable[None]: ...


def file_name(mode: BrokerMode) -> str:
    """Whose lists: the simulator's contracts are not IB's."""
    return "watchlists-simulated.json" if mode == "simulated" else "watchlists.json"


class WatchlistKeeper:
    """`on_change` is called when something is in force or an import goes on; `run` writes the file.

    A change that the disk refuses is none.
    """

    def __init__(
        self,
        lookup: Lookup,
        clock: Clock,
        known: Callable[[int], ContractRef | None],
        on_change: Callable[[], None],
        run: Runs = run_now,
    ) -> None:
        self._lookup = lookup
        self._clock = clock
        self._known = known
        self._on_change = on_change
        self._run = run
        self._file: Path | None = None
        self._lists: tuple[Watchlist, ...] = ()
        self._noted: tuple[SymbolNotes, ...] = ()
        self._last_uid = 0
        self._report: ImportReport | None = None
        self._one_at_a_time = asyncio.Lock()
        self._under_way: asyncio.Task[None] | None = None

    def attach(self, file: Path) -> None:
        """Keep them in this file from now on, with what it holds; blocks."""
        kept, note = read_kept(file, _parsed, time.time())
        if note:
            rescues.tell(file, DAMAGED, f"Watch-lists: {note}")
        self._file = file
        if kept is not None:
            self._lists = tuple(each if each.uid else replace(each, uid=each.id) for each in kept.lists)
            self._noted = kept.noted
        self._last_uid = max([self._last_uid, *(each.uid for each in self._lists)])

    @property
    def lists(self) -> tuple[Watchlist, ...]:
        return self._lists

    @property
    def noted(self) -> tuple[SymbolNotes, ...]:
        return self._noted

    def contracts(self) -> list[ContractRef]:
        """Every contract of all lists once: they are in the universe."""
        return editing.contracts_of(self._lists)

    def section(self) -> WatchlistsSection:
        return WatchlistsSection(lists=self._lists, noted=self._noted, report=self._report)

    def rename(self, contract: ContractRef) -> None:
        """A listed contract is called otherwise now; the file says so with its next change."""
        self._lists = editing.renamed_contract(self._lists, contract)
        self._noted = tuple(
            replace(each, local_symbol=contract.local_symbol) if each.con_id == contract.con_id else each
            for each in self._noted
        )

    # --- commands: coroutines that answer in words, or raise QTradeError ------------------------------------------

    async def edit(self, command: EditWatchlist) -> str:
        """Make, name, order, empty or delete lists."""
        contract = await self._to_add(command.con_id) if command.action == "add" else None
        async with self._one_at_a_time:
            lists, said = self._edited(command, contract)
            await self._keep(lists, self._noted)
        return said

    async def import_(self, command: ImportSymbols) -> str:
        """Begin an import; its report in the section says how it goes on and ends."""
        wanted = editing.list_of(self._lists, command.list_id)
        if self._under_way is not None and not self._under_way.done():
            raise QTradeError("Another import is under way; wait until its report is there.")
        found = read(command.text)
        total = len(found.wanted) + len(found.refused)
        if not total:
            raise QTradeError("There is no symbol in it.")
        self._under_way = asyncio.get_running_loop().create_task(
            self._import(ImportReport(command.request_id, wanted.id, wanted.name, total), found), name="import"
        )
        return f"Looking up {total} symbol{'s' if total > 1 else ''} for {wanted.name}."

    async def note(self, command: KeepNote) -> str:
        """The note of a contract, "" = none."""
        name = self._name(command.con_id)
        async with self._one_at_a_time:
            await self._keep(self._lists, editing.with_note(self._noted, command.con_id, name, command.text))
        return f"The note of {name} is kept." if command.text.strip() else f"{name} has no note any more."

    async def level(self, command: KeepLevel) -> str:
        """A new level (id 0), or one at another price or under another label."""
        name = self._name(command.con_id)
        async with self._one_at_a_time:
            level = PriceLevel(command.level_id, command.price, command.label)
            await self._keep(self._lists, editing.with_level(self._noted, command.con_id, name, level))
        return f"The level of {name} is kept."

    async def drop_level(self, command: DropLevel) -> str:
        """Delete a level."""
        async with self._one_at_a_time:
            await self._keep(self._lists, editing.without_level(self._noted, command.con_id, command.level_id))
        return "The level is deleted."

    # --- inside ---------------------------------------------------------------------------------------------------

    def _edited(self, command: EditWatchlist, contract: ContractRef | None) -> tuple[tuple[Watchlist, ...], str]:
        lists, number = self._lists, command.list_id
        if command.action == "create":
            made = editing.created(lists, command.name, self._next_uid())
            return made, f"{made[-1].name} is there, empty."
        name = editing.list_of(lists, number).name
        if command.action == "rename":
            made = editing.renamed(lists, number, command.name)
            return made, f"{name} is called {editing.list_of(made, number).name} now."
        if command.action == "delete":
            return editing.deleted(lists, number), f"{name} is deleted."
        if command.action == "move-list":
            return editing.list_moved(lists, number, command.place), f"{name} has its new place."
        if command.action == "add" and contract is not None:
            return editing.added(lists, number, [contract]), f"{contract.local_symbol} is in {name}."
        symbol = self._name(command.con_id)
        if command.action == "remove":
            return editing.removed(lists, number, command.con_id), f"{symbol} is no longer in {name}."
        return editing.moved(lists, number, command.con_id, command.place), f"{symbol} has its new place in {name}."

    def _next_uid(self) -> int:
        """Rising, also over restarts: milliseconds, counted on."""
        self._last_uid = max(self._last_uid + 1, int(self._clock.wall() * 1000))
        return self._last_uid

    async def _to_add(self, con_id: int) -> ContractRef:
        contract = await self._lookup.contract(con_id)
        if contract is None:
            raise QTradeError(f"The broker knows no contract {con_id}.")
        return contract

    def _name(self, con_id: int) -> str:
        contract = self._known(con_id)
        if contract is None:
            contract = next((each for each in self.contracts() if each.con_id == con_id), None)
        return contract.local_symbol if contract is not None else f"contract {con_id}"

    async def _import(self, report: ImportReport, found: Reading) -> None:
        """The whole of it; what fails is said in the report, which always ends."""
        self._report = report
        try:
            await self._look_up(report, found)
        except QTradeError as error:
            self._tell(replace(self._report, problem=str(error), over_wall=self._clock.wall()))
        except BaseException:
            self._report = replace(self._report, problem="It was broken off.", over_wall=self._clock.wall())
            raise

    async def _look_up(self, report: ImportReport, found: Reading) -> None:
        refused = [ImportRow(each.line, each.text, "refused", each.why) for each in found.refused]
        rows, contracts = [*refused], dict[int, ContractRef]()
        self._tell(replace(report, done=len(refused), rows=_in_order(rows)))
        for begin in range(0, len(found.wanted), _AT_ONCE):
            some = found.wanted[begin : begin + _AT_ONCE]
            for row, contract in await asyncio.gather(*(self._lookup.row(wanted) for wanted in some)):
                if contract is not None and contract.con_id in contracts:
                    row = replace(row, state="known", detail="named twice in this text")
                elif contract is not None:
                    contracts[contract.con_id] = contract
                rows.append(row)
            self._tell(replace(report, done=len(rows), rows=_in_order(rows)))
        async with self._one_at_a_time:
            before = {each.con_id for each in editing.list_of(self._lists, report.list_id).contracts}
            await self._keep(editing.added(self._lists, report.list_id, contracts.values()), self._noted)
        rows = [_known(row, before) for row in rows]
        self._tell(replace(report, done=len(rows), rows=_in_order(rows), over_wall=self._clock.wall()))

    def _tell(self, report: ImportReport) -> None:
        self._report = report
        self._on_change()

    async def _keep(self, lists: tuple[Watchlist, ...], noted: tuple[SymbolNotes, ...]) -> None:
        """On the disk, then in force. Raises QTradeError: nothing has changed."""
        if self._file is None:
            raise QTradeError("Watch-lists are being read; try again in a moment.")
        if lists == self._lists and noted == self._noted:
            return
        content = to_json(_Kept(FORMAT, lists, noted))
        try:
            await self._run(partial(write_kept, self._file, content, durable=True))
        except OSError as error:
            said = f"{self._file.name} can't be written ({reason_of(error)}); nothing was changed."
            raise QTradeError(said) from error
        self._lists, self._noted = lists, noted
        self._on_change()


def _parsed(raw: bytes) -> _Kept:
    """Raises ValueError: not ours, in words."""
    kept = msgspec.json.decode(raw, type=_Kept)
    if kept.format != FORMAT:
        raise ValueError("it is of another version")
    return kept


def _in_order(rows: Sequence[ImportRow]) -> tuple[ImportRow, ...]:
    return tuple(sorted(rows, key=lambda row: row.line))


def _known(row: ImportRow, before: set[int]) -> ImportRow:
    if row.state == "taken" and row.con_id in before:
        return replace(row, state="known", detail="was in the list already")
    return row
