"""What happened to the lines: events, refusals, farewells and how many were used when. Bounded; no decisions."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from engine.domain import ContractRef, Refusal, SymbolEvent

EVENTS_MAX = 200
REFUSED_SHOWN = 50
FAREWELLS_MAX = 2_500
HISTORY_S = 1_800.0
_HISTORY_STEP_S = 5.0  # changes closer together than this are one point: the highest


@dataclass(slots=True)
class _Standing:
    """A refusal that goes on, or went on."""

    contract: ContractRef
    reason: str
    at_wall: float
    last_wall: float
    count: int = 1
    contest: bool = False


class Diary:
    """Engine thread only. Coverage visits leave no events: there are nine a second."""

    def __init__(self) -> None:
        self._events: deque[SymbolEvent] = deque(maxlen=EVENTS_MAX)
        self._refused: dict[int, _Standing] = {}
        self._farewells: dict[int, str] = {}
        self._used: deque[tuple[float, int]] = deque()

    def note(self, kind: str, contract: ContractRef, text: str, market: float) -> None:
        """One event: admitted, evicted, released, refused, upgraded, downgraded."""
        self._events.append(SymbolEvent(market, kind, contract.local_symbol, text, contract.con_id))

    def farewell(self, con_id: int, text: str) -> None:
        """Why this contract's last line went."""
        self._farewells.pop(con_id, None)
        self._farewells[con_id] = text
        if len(self._farewells) > FAREWELLS_MAX:
            del self._farewells[next(iter(self._farewells))]

    def last_farewell(self, con_id: int) -> str:
        return self._farewells.get(con_id, "")

    def refuse(self, contract: ContractRef, reason: str, pause_s: float, wall: float, *, contest: bool = False) -> bool:
        """True when this refusal is news: the first, or after a pause of `pause_s`."""
        standing = self._refused.get(contract.con_id)
        if standing is None:
            self._refused[contract.con_id] = _Standing(contract, reason, wall, wall, contest=contest)
            return True
        standing.contest = contest
        is_news = wall - standing.last_wall > pause_s
        if is_news:
            standing.at_wall = wall
            standing.count += 1
        standing.reason = reason
        standing.last_wall = wall
        return is_news

    def admitted(self, con_id: int, *, visit: bool = False) -> None:
        """It has a line now: its refusal is history; but a visit is not what a lost contest was about."""
        standing = self._refused.get(con_id)
        if standing is not None and not (visit and standing.contest):
            del self._refused[con_id]

    def count_used(self, wall: float, used: int) -> None:
        """One point a change, at most one each 5 s (then the highest), half an hour long."""
        if self._used and wall - self._used[-1][0] < _HISTORY_STEP_S:
            at, before = self._used[-1]
            self._used[-1] = (at, max(used, before))
        elif not self._used or self._used[-1][1] != used:
            self._used.append((wall, used))
        while len(self._used) > 1 and wall - self._used[0][0] > HISTORY_S:
            self._used.popleft()

    def events(self) -> tuple[SymbolEvent, ...]:
        return tuple(self._events)

    def used_history(self) -> tuple[tuple[float, int], ...]:
        return tuple(self._used)

    def refusals(self, wall: float) -> tuple[Refusal, ...]:
        """Those of the last half hour, newest first."""
        for con_id in [c for c, s in self._refused.items() if wall - s.last_wall > HISTORY_S]:
            del self._refused[con_id]
        newest = sorted(self._refused.values(), key=lambda s: (-s.at_wall, s.contract.con_id))[:REFUSED_SHOWN]
        return tuple(
            Refusal(s.contract.con_id, s.contract.local_symbol, s.reason, s.at_wall, s.count, s.contest) for s in newest
        )
