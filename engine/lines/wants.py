"""Demands by contract: of all that is wanted for one con_id, the strongest; and the five pinned or borrowed ones."""

from __future__ import annotations

from collections.abc import Sequence

from engine.domain import Demand, LineClass
from engine.lines.model import RANK


def strength(demand: Demand) -> tuple[int, bool, float, float, float]:
    """Sort key, strongest first: class, the user's own pin, exposure, score, the newest of two borrowed."""
    return RANK[demand.line_class], demand.borrowed, -demand.exposure_usd, -demand.score, -demand.since_mono


class Wants:
    """The strongest demand per con_id, what else is wanted for it, and the pins that found no place."""

    def __init__(self, demands: Sequence[Demand], pins_max: int) -> None:
        self.best: dict[int, Demand] = {}
        self._more: dict[int, list[Demand]] = {}
        best = self.best
        for demand in demands:
            con_id = demand.contract.con_id
            first = best.setdefault(con_id, demand)
            if first is not demand:
                self._also(con_id, first, demand)
        self.by_class: dict[LineClass, list[Demand]] = {}
        self.displaced_pins: list[Demand] = []
        pins = self._sort_into_classes()
        self._choose_pins(pins, pins_max)

    def weaker(self, con_id: int, than: LineClass) -> Demand | None:
        """The strongest other demand for this contract below the class `than`."""
        rank = RANK[than]
        below = [d for d in self._more.get(con_id, ()) if RANK[d.line_class] > rank]
        return min(below, key=strength) if below else None

    def also_coverage(self) -> list[Demand]:
        """Wishes for a visit of contracts that are wanted at 50 or 25, too."""
        found = [self.weaker(con_id, "25") for con_id in self._more if self._may_be_visited(con_id)]
        return [demand for demand in found if demand is not None]

    def _may_be_visited(self, con_id: int) -> bool:
        return con_id in self.best and self.best[con_id].line_class in ("50", "25")

    def _also(self, con_id: int, first: Demand, demand: Demand) -> None:
        if con_id in self._more:
            self._more[con_id].append(demand)
        else:
            self._more[con_id] = [first, demand]
        if demand.line_class == first.line_class:
            is_stronger = strength(demand) < strength(first)
        else:
            is_stronger = RANK[demand.line_class] < RANK[first.line_class]
        if is_stronger:
            self.best[con_id] = demand

    def _sort_into_classes(self) -> list[Demand]:
        by_class = self.by_class
        for demand in self.best.values():
            line_class = demand.line_class
            if line_class in by_class:
                by_class[line_class].append(demand)
            else:
                by_class[line_class] = [demand]
        return by_class.pop("pinned", [])

    def _choose_pins(self, pins: list[Demand], pins_max: int) -> None:
        """The user's own pins first (oldest first), then the newest borrowed: the sixth takes the oldest's place."""
        pins.sort(key=_pin_order)
        self.by_class["pinned"] = pins[:pins_max]
        for demand in pins[pins_max:]:
            con_id = demand.contract.con_id
            self.displaced_pins.append(demand)
            other = self.weaker(con_id, "pinned")
            if other is None:
                del self.best[con_id]
            else:
                self.best[con_id] = other
                self.by_class.setdefault(other.line_class, []).append(other)


def _pin_order(demand: Demand) -> tuple[bool, float, int]:
    since = -demand.since_mono if demand.borrowed else demand.since_mono
    return demand.borrowed, since, demand.contract.con_id
