"""What happened to the lines: events, refusals, farewells and how many were used when. Bounded; no decisions."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from engine.domain import ContractRef, LineClass, Refusal, SymbolEvent

EVENTS_MAX = 3_000  # of half an hour: a busy rotation on 50 lines makes some 25 a minute
REFUSED_SHOWN = 50
FAREWELLS_MAX = 2_500
HISTORY_S = 1_800.0
ANOTHER_CLOCK_S = 2.0  # whole-second answers of the gateway let its clock wobble by less
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


@dataclass(slots=True, frozen=True)
class _Noted:
    """An event by this machine's clock: the gateway's may not be known yet."""

    wall: float
    kind: str
    contract: ContractRef
    text: str


class Diary:
    """Engine thread only. Coverage visits leave no events: there are nine a second."""

    def __init__(self) -> None:
        self._noted: deque[_Noted] = deque()
        self._told: deque[SymbolEvent] = deque()  # the first of these, as they were told
        self._refused: dict[int, _Standing] = {}
        self._farewells: dict[int, str] = {}
        self._used: deque[tuple[float, int]] = deque()
        # Since the begin, visits included: lines by class, refusals by IB's code or in a word.
        self.opened: Counter[LineClass] = Counter()
        self.evicted: Counter[LineClass] = Counter()
        self.released: Counter[LineClass] = Counter()
        self.refused: Counter[str] = Counter()

    def note(self, kind: str, contract: ContractRef, text: str, wall: float) -> None:
        """One event: admitted, evicted, released, refused, upgraded, downgraded."""
        if len(self._noted) >= EVENTS_MAX:
            self._forget_oldest()
        self._noted.append(_Noted(wall, kind, contract, text))

    def note_refused(self, contract: ContractRef, reason: str, wall: float) -> None:
        """A refusal that is news. One that repeats is one event with its count: the older one goes."""
        standing = self._refused.get(contract.con_id)
        count = standing.count if standing is not None else 1
        if count > 1:
            self._forget_refused(contract.con_id)
        self.note("refused", contract, reason if count == 1 else f"{reason} ({count} times)", wall)

    def _forget_refused(self, con_id: int) -> None:
        for place in range(len(self._noted) - 1, -1, -1):
            if self._noted[place].kind == "refused" and self._noted[place].contract.con_id == con_id:
                del self._noted[place]
                if place < len(self._told):
                    del self._told[place]
                return

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
        """One point a change, at most one each 5 s (then the highest), half an hour long and what held before it."""
        if self._used and wall - self._used[-1][0] < _HISTORY_STEP_S:
            at, before = self._used[-1]
            self._used[-1] = (at, max(used, before))
        elif not self._used or self._used[-1][1] != used:
            self._used.append((wall, used))
        while len(self._used) > 1 and wall - self._used[1][0] > HISTORY_S:  # the step in force half an hour ago stays
            self._used.popleft()

    def events(self, wall: float, market_time: Callable[[float], float]) -> tuple[SymbolEvent, ...]:
        """All of the last half hour, newest last; `market_time` turns wall into market seconds as they are known now.

        An event keeps the time that it was told at, unless the gateway's clock proves to be another one.
        """
        while self._noted and wall - self._noted[0].wall > HISTORY_S:
            self._forget_oldest()
        if self._told and abs(market_time(self._noted[0].wall) - self._told[0].at_market) > ANOTHER_CLOCK_S:
            self._told.clear()
        for each in islice(self._noted, len(self._told), None):
            at, who = market_time(each.wall), each.contract
            self._told.append(SymbolEvent(at, each.kind, who.local_symbol, each.text, who.con_id))
        return tuple(self._told)

    def _forget_oldest(self) -> None:
        self._noted.popleft()
        if self._told:
            self._told.popleft()

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
