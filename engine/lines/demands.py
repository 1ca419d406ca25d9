"""Who wants what. By holder: whole sets, replaced at once; borrowed lines remember since when (`DemandBook`).

By contract: of all that is wanted for one con_id the strongest, and the five pinned or borrowed ones (`Wants`).
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from engine.domain import MARKET_STRIP, Demand, LineClass
from engine.lines.model import RANK


class DemandBook:
    """Demands by holder and con_id. A holder has one demand a contract: the strongest it gave."""

    def __init__(self) -> None:
        self._by_holder: dict[str, dict[int, Demand]] = {}
        self._all: tuple[Demand, ...] = ()
        self.unqualified: tuple[Demand, ...] = ()  # their contracts name no exchange yet: TWS would refuse (321)

    def put(self, holder: str, demands: Sequence[Demand], now_mono: float) -> bool:
        """Replace the holder's set; True when it holds a position that was not wanted as one before."""
        before = self._by_holder.get(holder, {})
        fresh: dict[int, Demand] = {}
        for demand in demands:
            con_id = demand.contract.con_id
            if con_id <= 0:
                continue
            if demand.line_class == "pinned":
                demand = _since(demand, before.get(con_id), now_mono)
            known = fresh.get(con_id)
            if known is None or strength(demand) < strength(known):
                fresh[con_id] = demand
        self._by_holder[holder] = fresh
        if not fresh:
            del self._by_holder[holder]
        every = [d for wanted in self._by_holder.values() for d in wanted.values()]
        self._all = tuple(d for d in every if d.contract.exchange)
        self.unqualified = tuple(d for d in every if not d.contract.exchange)
        return any(d.line_class == "100" and not _is_position(before.get(c)) for c, d in fresh.items())

    def all(self) -> tuple[Demand, ...]:
        """Every demand that can be asked for."""
        return self._all

    def of(self, con_id: int) -> list[Demand]:
        """All demands for one contract, strongest first."""
        found = [wanted[con_id] for wanted in self._by_holder.values() if con_id in wanted]
        return sorted(found, key=strength)


def _since(demand: Demand, before: Demand | None, now_mono: float) -> Demand:
    if demand.since_mono:
        return demand
    known = before is not None and before.line_class == "pinned"
    return structs.replace(demand, since_mono=before.since_mono if known and before is not None else now_mono)


def _is_position(demand: Demand | None) -> bool:
    return demand is not None and demand.line_class == "100"


def strength(demand: Demand) -> tuple[int, bool, float, float, float]:
    """Sort key, strongest first: class, the user's own pin, exposure, score, the newest of two borrowed."""
    return RANK[demand.line_class], demand.borrowed, -demand.exposure_base, -demand.score, -demand.since_mono


class Wants:
    """The strongest demand per con_id, what else is wanted for it, and the pins that found no place.

    Most of it is done by dictionaries a class at a time: 10,000 demands are looked at four times a second.
    """

    def __init__(self, demands: Sequence[Demand], pins_max: int) -> None:
        self._of_class = {line_class: _by_contract(several) for line_class, several in _by_class(demands).items()}
        self.best: dict[int, Demand] = {}
        for line_class in reversed(RANK):
            self.best.update(self._of_class[line_class])
        self.by_class = {line_class: self._best_in(line_class) for line_class in RANK}
        self.displaced_pins: list[Demand] = []
        self._choose_pins(self.by_class["pinned"], pins_max)

    def weaker(self, con_id: int, than: LineClass) -> Demand | None:
        """The strongest demand for this contract below the class `than`."""
        below = (self._of_class[each].get(con_id) for each in RANK if RANK[each] > RANK[than])
        return next((demand for demand in below if demand is not None), None)

    def also_coverage(self) -> list[Demand]:
        """Wishes for a visit of contracts that are wanted at 50 or 25, too."""
        visits = self._of_class["coverage"]
        higher = (*self.by_class["50"], *self.by_class["25"]) if visits else ()
        return [visits[con_id] for demand in higher if (con_id := demand.contract.con_id) in visits]

    def _best_in(self, line_class: LineClass) -> list[Demand]:
        """Those whose strongest class this is."""
        best, mine = self.best, self._of_class[line_class]
        stronger = [self._of_class[each] for each in RANK if RANK[each] < RANK[line_class] and self._of_class[each]]
        if not stronger:
            return list(mine.values())
        return [demand for con_id, demand in mine.items() if best[con_id] is demand]

    def _choose_pins(self, pins: list[Demand], pins_max: int) -> None:
        """The user's own pins first (oldest first), then the newest borrowed: the sixth takes the oldest's place.

        The market strip's, which its holder bounds, come last and do not count among them.
        """
        strip = [demand for demand in pins if demand.holder == MARKET_STRIP]
        pins = sorted((demand for demand in pins if demand.holder != MARKET_STRIP), key=_pin_order)
        self.by_class["pinned"] = [*pins[:pins_max], *strip]
        for demand in pins[pins_max:]:
            con_id = demand.contract.con_id
            self.displaced_pins.append(demand)
            other = self.weaker(con_id, "pinned")
            if other is None:
                del self.best[con_id]
            else:
                self.best[con_id] = other
                self.by_class[other.line_class].append(other)


def _by_class(demands: Sequence[Demand]) -> dict[LineClass, list[Demand]]:
    found: dict[LineClass, list[Demand]] = {line_class: [] for line_class in RANK}
    for demand in demands:
        found[demand.line_class].append(demand)
    return found


def _by_contract(demands: Sequence[Demand]) -> dict[int, Demand]:
    """The strongest per con_id of demands that are all of one class."""
    found = {demand.contract.con_id: demand for demand in demands}
    if len(found) == len(demands):
        return found
    found.clear()
    for demand in demands:
        con_id = demand.contract.con_id
        known = found.get(con_id)
        if known is None or _is_stronger(demand, known):
            found[con_id] = demand
    return found


def _is_stronger(demand: Demand, known: Demand) -> bool:
    """`strength` of two demands of one class, field by field: no tuples are made."""
    if demand.borrowed != known.borrowed:
        return known.borrowed
    if demand.exposure_base != known.exposure_base:
        return demand.exposure_base > known.exposure_base
    if demand.score != known.score:
        return demand.score > known.score
    return demand.since_mono > known.since_mono


def _pin_order(demand: Demand) -> tuple[bool, float, int]:
    since = -demand.since_mono if demand.borrowed else demand.since_mono
    return demand.borrowed, since, demand.contract.con_id
