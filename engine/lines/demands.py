"""Who wants what: each holder's whole set of demands, replaced at once; borrowed lines remember since when."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from engine.domain import Demand
from engine.lines.wants import strength


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
