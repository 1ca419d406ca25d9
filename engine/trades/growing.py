"""All executions and the trips that they make, kept up to date: what changes is worked out for its contract alone.

One thread at a time. Rows may come again and in any order; what is made of them depends on none of that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter

from msgspec.structs import replace

from engine.journal.contract_names import contract_key, numbers_of
from engine.journal.rows import FillRow, PositionSeen, PositionTold, TraderWords
from engine.portfolio.fills import is_heading, is_master
from engine.trades.execution import Execution, execution_of, in_order
from engine.trades.held import EVERYTHING
from engine.trades.orders import doubts_of, without_allocations
from engine.trades.standing import names_of, openings_of, without_covered
from engine.trades.trip import Book
from engine.trades.trips import NO_WORDS, Family, Walked, assembled, walked

_PAUSE_EACH = 20  # contracts
_IN_ORDER = attrgetter("time", "id", "account")  # as `execution.in_order`, of all at once
_Row = tuple[str, str, str]  # account, model, execution id
_Name = tuple[str, str]  # account, contract


@dataclass
class _Kept:
    """One contract of an account: what is told of it (`told`: positions of statements), and what was made of that."""

    rows: dict[_Row, Execution] = field(default_factory=dict)
    notes: list[PositionSeen] = field(default_factory=list)
    told: tuple[PositionTold, ...] = ()
    executions: tuple[Execution, ...] = ()
    walked: Walked = Walked((), ())


class GrowingBook:
    """Give it what the journal has, then what was written since, and ask for what it comes to."""

    def __init__(self, pause: Callable[[], None] = lambda: None) -> None:
        """`pause` is called every now and then while much is worked out."""
        self._pause = pause
        self._rows: dict[_Row, Execution] = {}  # as told, before names and bases are filled in
        self._place: dict[_Row, _Name] = {}
        self._kept: dict[_Name, _Kept] = defaultdict(_Kept)
        self._dirty: set[_Name] = set()
        self._fresh: set[_Row] = set()
        self._bases: dict[str, set[str]] = defaultdict(set)
        self._named: set[tuple[object, ...]] = set()
        self._unnumbered: set[_Row] = set()
        self._masters: set[_Row] = set()
        self._known_from: dict[str, float] = {}
        self._executions: tuple[Execution, ...] = ()

    def __len__(self) -> int:
        return len(self._rows)

    # --- told -----------------------------------------------------------------------------------------------------

    def take(self, rows: Iterable[FillRow]) -> None:
        """New executions, or new states of known ones. Headings of combinations are none."""
        for row in rows:
            if is_heading(row.fill):
                continue
            e = execution_of(row)
            key = (e.account, e.model, e.id)
            self._rows[key] = e
            self._fresh.add(key)
            if e.base_currency and e.base_currency not in self._bases[e.account]:
                self._bases[e.account].add(e.base_currency)
                mine = (each for each in self._rows if each[0] == e.account)
                self._fresh |= {each for each in mine if not self._rows[each].base_currency}
            if e.con_id:
                self._named.add((*names_of(e).values(), e.con_id))
                self._unnumbered.discard(key)
            else:
                self._unnumbered.add(key)
            if is_master(e.account):
                self._masters.add(key)

    def see(self, notes: Iterable[PositionSeen]) -> None:
        """Positions of the broker that were noted after those told before."""
        names: set[_Name] = set()
        for note in notes:
            if note.con_id != EVERYTHING:
                name = (note.account, str(note.con_id))
                self._kept[name].notes.append(note)
                names.add(name)
            elif note.at_market < self._known_from.get(note.account, float("inf")):
                self._known_from[note.account] = note.at_market
                names |= {name for name in self._kept if name[0] == note.account}
        for name in names:
            self._kept[name].notes.sort(key=lambda each: each.at_market)
        self._dirty |= names

    def tell(self, positions: Iterable[PositionTold]) -> None:
        """All positions that statements tell, in place of those told before."""
        of_name: dict[_Name, list[PositionTold]] = defaultdict(list)
        for position in positions:
            of_name[position.account, str(position.con_id)].append(position)
        for name in of_name.keys() | {name for name, kept in self._kept.items() if kept.told}:
            now = tuple(of_name.get(name, ()))
            if now != self._kept[name].told:
                self._kept[name].told = now
                self._dirty.add(name)

    # --- asked ----------------------------------------------------------------------------------------------------

    def executions(self) -> tuple[Execution, ...]:
        """All as they count, in order; of an advisor's orders the clients' part. The same until something changes."""
        self._settle()
        return self._executions

    def book(self, words: TraderWords = NO_WORDS) -> Book:
        """The trips that they make."""
        self._settle()
        return assembled((kept.walked for kept in self._kept.values()), words)

    def _settle(self) -> None:
        self._find_places()
        if not self._dirty:
            return
        dropped = self._allocated()
        changed = [(name, self._kept[name]) for name in sorted(self._dirty)]
        gone = {id(e) for _, kept in changed for e in kept.executions}
        found = [e for e in self._executions if id(e) not in gone]
        for n, (name, kept) in enumerate(changed):
            self._walk(name, kept, dropped)
            found += kept.executions
            if n % _PAUSE_EACH == 0:
                self._pause()
        self._dirty.clear()
        self._executions = tuple(sorted(found, key=_IN_ORDER))

    def _find_places(self) -> None:
        """Bring each new row to its contract, under the number and the base currency that others tell."""
        numbers = self._numbers()
        for key in self._fresh | self._unnumbered if numbers is not None else self._fresh:
            e = self._finished(self._rows[key], numbers)
            name, before = (e.account, e.key.contract), self._place.get(key)
            if before is not None and before != name:
                self._kept[before].rows.pop(key, None)
                self._dirty.add(before)
            kept = self._kept[name]
            if kept.rows.get(key) != e:
                kept.rows[key] = e
                self._dirty.add(name)
            self._place[key] = name
        self._fresh.clear()

    def _finished(self, e: Execution, numbers: Mapping[tuple[str, ...], int] | None) -> Execution:
        changes: dict[str, object] = {}
        bases = self._bases[e.account]
        if not e.base_currency and len(bases) == 1:
            changes["base_currency"] = next(iter(bases))
        if not e.con_id and numbers and (number := numbers.get(contract_key(names_of(e)), 0)):
            changes["con_id"] = number
        return replace(e, **changes) if changes else e

    def _numbers(self) -> Mapping[tuple[str, ...], int] | None:
        """Names -> IB's number; None where every row tells its own."""
        if not self._unnumbered:
            return None
        heads = tuple(names_of(self._rows[next(iter(self._unnumbered))]))
        return numbers_of(
            (contract_key(dict(zip(heads, named[:-1], strict=True))), int(str(named[-1]))) for named in self._named
        )

    def _allocated(self) -> frozenset[_Row]:
        """Executions of advisors' orders that their clients' make up; all contracts of theirs are looked at again."""
        if not self._masters:
            return frozenset()
        everything = [e for kept in self._kept.values() for e in kept.rows.values()]
        left = {id(e) for e in without_allocations(everything)}
        ordered = {self._place[key][1] for key in self._masters}
        self._dirty |= {name for name in self._kept if name[1] in ordered}
        return frozenset((e.account, e.model, e.id) for e in everything if id(e) not in left)

    def _walk(self, name: _Name, kept: _Kept, dropped: frozenset[_Row]) -> None:
        rows = [e for key, e in kept.rows.items() if key not in dropped] if dropped else list(kept.rows.values())
        counted = without_covered(rows)
        kept.executions = tuple(sorted([*counted, *openings_of(kept.told, counted)], key=in_order))
        in_force = [e for e in kept.executions if e.state == "in force"]
        doubts = {root: text for (_, root), text in doubts_of(in_force).items()}
        kept.walked = walked(*name, Family(in_force, kept.notes, self._known_from.get(name[0]), doubts))
