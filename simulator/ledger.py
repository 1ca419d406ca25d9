"""What the clients did, counted by the gateway: the oracle for line budgets, message rates and pacing.

Pure: every method gets its times. `wall` is monotonic-like seconds of the gateway, `market` is market time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TypeVar

from simulator.pacing import HistoryHabits, Key, SlidingWindow

RELEASE_S = 3.0  # the line of a position closed so lately counts as a position's: its cancel can't have come yet
RENEWED_S = 0.25  # a position's line asked for again so soon, or with the next messages, was renewed, not cancelled
RENEWED_MESSAGES = 2  # a probe may come between
KNOWN_S = 0.5  # a cancel so soon after a position was opened left before the client could know of it
HISTORY_KEPT = 500  # cancels, duplicates and positions' requests remembered one by one; the counts go on

_T = TypeVar("_T")


@dataclass(slots=True)
class OpenLine:
    """One market data line that is open. `kind` is stream or bars."""

    session: int
    req_id: int
    con_id: int
    local_symbol: str
    kind: str
    opened_wall: float
    opened_market: float


@dataclass(frozen=True, slots=True)
class LineEvent:
    """A cancel or a duplicate, with the seconds since the subscription."""

    con_id: int
    local_symbol: str
    req_id: int
    age_s: float
    wall: float
    market: float


@dataclass(frozen=True, slots=True)
class PositionEvent:
    """A position was opened, or a line was asked for one: granted or not."""

    con_id: int
    wall: float


@dataclass(slots=True)
class Totals:
    """Everything that is a plain count."""

    max_lines: int = 0
    max_non_position_lines: int = 0
    lines_opened: int = 0
    lines_cancelled: int = 0
    duplicate_lines: int = 0
    position_lines_cancelled: int = 0
    position_lines_renewed: int = 0
    history_requests: int = 0
    small_bar_requests: int = 0
    pacing_violations: int = 0
    max_open_history: int = 0
    scanner_subscriptions: int = 0
    max_scanner_slots: int = 0
    snapshots: int = 0
    order_messages: int = 0
    parse_errors: int = 0
    connections: int = 0
    disconnections: int = 0
    slow_clients_dropped: int = 0
    min_cancel_age_s: float | None = None


@dataclass(slots=True)
class _State:
    totals: Totals = field(default_factory=Totals)
    messages: Counter[int] = field(default_factory=Counter)
    errors: Counter[int] = field(default_factory=Counter)
    cancels: list[LineEvent] = field(default_factory=list)
    duplicates: list[LineEvent] = field(default_factory=list)
    position_cancels: list[LineEvent] = field(default_factory=list)
    position_asks: list[PositionEvent] = field(default_factory=list)
    positions_opened: list[PositionEvent] = field(default_factory=list)
    violations: list[dict[str, object]] = field(default_factory=list)
    habits: HistoryHabits = field(default_factory=HistoryHabits)
    worst_second: int = 0


class Ledger:
    """Counts over the life of the process; open lines belong to a session and go with it."""

    def __init__(self, holds: Callable[[int], bool]) -> None:
        self._holds = holds
        self._lines: dict[tuple[int, int], OpenLine] = {}
        self._windows: dict[int, SlidingWindow] = {}
        self._scanners: set[tuple[int, int]] = set()
        self._histories: set[tuple[int, int]] = set()
        self._state = _State()
        self._released: dict[int, float] = {}  # con_id -> when its position was closed
        self._opened: dict[int, float] = {}  # con_id -> when its position was opened
        self._count_of: Counter[int] = Counter()  # messages by session
        self._cancelled_at = 0  # the session's count of messages when it cancelled the newest position's line

    # sessions and messages

    def connected(self, session: int) -> None:
        self._state.totals.connections += 1
        self._windows[session] = SlidingWindow(1.0)

    def disconnected(self, session: int) -> None:
        self._state.totals.disconnections += 1
        self._windows.pop(session, None)
        self._count_of.pop(session, None)
        for key in [key for key in self._lines if key[0] == session]:
            del self._lines[key]
        self._scanners = {key for key in self._scanners if key[0] != session}
        self._histories = {key for key in self._histories if key[0] != session}

    def message(self, session: int, message_id: int, wall: float, is_order: bool) -> int:
        """Counts one request; returns how many came from that session in the last second."""
        self._state.messages[message_id] += 1
        self._count_of[session] += 1
        self._state.totals.order_messages += is_order
        count = self._windows.setdefault(session, SlidingWindow(1.0)).add(wall)
        self._state.worst_second = max(self._state.worst_second, count)
        return count

    def error_sent(self, code: int) -> None:
        self._state.errors[code] += 1

    def bump(self, name: str) -> None:
        """One more of a plain count of `Totals`."""
        setattr(self._state.totals, name, getattr(self._state.totals, name) + 1)

    # lines

    def line_opened(self, line: OpenLine) -> None:
        twin = any(other.con_id == line.con_id and other.kind == line.kind for other in self._lines.values())
        self._lines[(line.session, line.req_id)] = line
        totals = self._state.totals
        totals.lines_opened += 1
        self._forgive_renewal(line)
        if twin:
            totals.duplicate_lines += 1
            _keep(self._state.duplicates, _event(line, line.opened_wall, line.opened_market))
        self._count(line.opened_wall)

    def _forgive_renewal(self, line: OpenLine) -> None:
        """The same contract's line was cancelled a moment ago: that was one deed."""
        cancels, totals = self._state.position_cancels, self._state.totals
        if not cancels or cancels[-1].con_id != line.con_id:
            return
        soon = line.opened_wall - cancels[-1].wall <= RENEWED_S
        if soon or 0 < self._count_of[line.session] - self._cancelled_at <= RENEWED_MESSAGES:
            del cancels[-1]
            totals.position_lines_cancelled -= 1
            totals.position_lines_renewed += 1

    def line_asked(self, con_id: int, wall: float) -> None:
        """A request for a line has come, before it is granted or refused: one for a position is remembered."""
        if self._holds(con_id):
            _keep(self._state.position_asks, PositionEvent(con_id, wall))

    def position_changed(self, con_id: int, wall: float) -> None:
        """A position was opened, altered or closed: its line changes sides."""
        if self._holds(con_id):
            self._released.pop(con_id, None)
            if con_id not in self._opened:
                self._opened[con_id] = wall
                _keep(self._state.positions_opened, PositionEvent(con_id, wall))
        else:
            self._opened.pop(con_id, None)
            self._released[con_id] = wall
        self._forget_old(wall)
        self._count(wall)

    def _forget_old(self, wall: float) -> None:
        """Moments that no judgement looks at any more; of positions that are held the moment stays."""
        self._released = {con_id: at for con_id, at in self._released.items() if wall - at < RELEASE_S}

    def _count(self, wall: float) -> None:
        totals = self._state.totals
        totals.max_lines = max(totals.max_lines, len(self._lines))
        totals.max_non_position_lines = max(totals.max_non_position_lines, self._lines_to_count(wall))

    def line_closed(self, session: int, req_id: int, wall: float, market: float, by_client: bool) -> OpenLine | None:
        """Takes a line out. `by_client` False = refused, ended or lost, which is no cancel of the client."""
        line = self._lines.pop((session, req_id), None)
        if line is None or not by_client:
            return line
        event = _event(line, wall, market)
        totals = self._state.totals
        totals.lines_cancelled += 1
        best = totals.min_cancel_age_s
        totals.min_cancel_age_s = event.age_s if best is None else min(best, event.age_s)
        _keep(self._state.cancels, event)
        known_s = wall - self._opened.get(line.con_id, float("-inf"))
        if line.kind == "stream" and self._holds(line.con_id) and known_s > KNOWN_S and not self.has_line(line.con_id):
            totals.position_lines_cancelled += 1
            self._cancelled_at = self._count_of[session]
            _keep(self._state.position_cancels, event)
        return line

    def has_line(self, con_id: int) -> bool:
        return any(line.con_id == con_id for line in self._lines.values())

    def lines_used(self) -> int:
        return len(self._lines)

    def non_position_lines(self) -> int:
        return sum(not self._holds(line.con_id) for line in self._lines.values())

    def _lines_to_count(self, wall: float) -> int:
        """Those that are no position's and were none `RELEASE_S` ago."""
        since = wall - RELEASE_S
        return sum(
            not self._holds(line.con_id) and self._released.get(line.con_id, -float("inf")) <= since
            for line in self._lines.values()
        )

    # scanners and history

    def scanner_opened(self, session: int, req_id: int) -> None:
        self._scanners.add((session, req_id))
        totals = self._state.totals
        totals.scanner_subscriptions += 1
        totals.max_scanner_slots = max(totals.max_scanner_slots, len(self._scanners))

    def scanner_closed(self, session: int, req_id: int) -> None:
        self._scanners.discard((session, req_id))

    def scanners_used(self) -> int:
        return len(self._scanners)

    def history_opened(self, session: int, req_id: int, small_bars: bool) -> None:
        self._histories.add((session, req_id))
        totals = self._state.totals
        totals.history_requests += 1
        totals.small_bar_requests += small_bars
        totals.max_open_history = max(totals.max_open_history, len(self._histories))

    def history_asked(self, contract: Key, request: Key, small_bars: bool, wall: float) -> None:
        """Notes how the requests are spread over time."""
        self._state.habits.note(wall, contract, request, small_bars)

    def history_closed(self, session: int, req_id: int) -> None:
        self._histories.discard((session, req_id))

    def histories_open(self) -> int:
        return len(self._histories)

    def pacing_violation(self, con_id: int, rule: str, wall: float) -> None:
        self._state.totals.pacing_violations += 1
        _keep(self._state.violations, {"con_id": con_id, "rule": rule, "wall": wall})

    # reading

    def reset(self, wall: float) -> None:
        """Counts start over; what is open stays open and counts as the new maximum."""
        self._state = _State()
        totals = self._state.totals
        totals.max_scanner_slots = len(self._scanners)
        totals.max_open_history = len(self._histories)
        self._count(wall)

    def report(self, wall: float) -> dict[str, object]:
        """Everything as JSON values; ages in wall seconds."""
        state = self._state
        lines = [{**asdict(line), "age_s": wall - line.opened_wall, "position": self._holds(line.con_id)}
                 for line in self._lines.values()]  # fmt: skip
        return {
            "lines_open": len(lines),
            "non_position_lines_open": self.non_position_lines(),
            "lines": lines,
            "scanners_open": len(self._scanners),
            "histories_open": len(self._histories),
            **asdict(state.totals),
            "worst_second": state.worst_second,
            "messages": {str(key): count for key, count in sorted(state.messages.items())},
            "messages_total": sum(state.messages.values()),
            "errors": {str(key): count for key, count in sorted(state.errors.items())},
            "cancels": [asdict(event) for event in state.cancels],
            "duplicates": [asdict(event) for event in state.duplicates],
            "position_cancels": [asdict(event) for event in state.position_cancels],
            "position_asks": [asdict(event) for event in state.position_asks],
            "positions_opened": [asdict(event) for event in state.positions_opened],
            "violations": list(state.violations),
            "history_habits": state.habits.report(),
        }


def _event(line: OpenLine, wall: float, market: float) -> LineEvent:
    return LineEvent(line.con_id, line.local_symbol, line.req_id, wall - line.opened_wall, wall, market)


def _keep(items: list[_T], item: _T) -> None:
    items.append(item)
    if len(items) > HISTORY_KEPT:
        del items[0]
