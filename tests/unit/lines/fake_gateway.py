"""A model of pacer and gateway behind the broker protocol: it counts lines itself and is the oracle of these tests.

Messages leave one per 25 ms (burst 5, positions first) and are met in that order, up to 75 ms later. A line is counted
when its request is met and freed when its cancel is; more lines than `line_limit` get error 101. Whatever the bus must
never do is written to `violations` at the moment at which it happens.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from engine.broker.port import (
    BrokerEvent,
    Connected,
    Disconnected,
    HistoryRequest,
    LinkState,
    RequestError,
    ScanSpec,
    SystemNotice,
    Ticks,
)
from engine.clock import FakeClock
from engine.config import CoverageSettings, LineSettings
from engine.coverage.rotation import Rotation, coverage_policy
from engine.domain import Bar, ContractInfo, ContractRef, LineSpan, Quote, TickUpdate
from engine.lines.bus import Hooks, MarketDataBus
from engine.lines.model import BRIEF_S
from engine.lines.report import LinesReport

QUANTUM_S = 0.025
STEP_QUANTA = 10
GRACE_S = 3.0


@dataclass
class OpenLine:
    contract: ContractRef
    opened: float
    ticks: bool = True
    last_tick: float | None = None


@dataclass
class Message:
    kind: str  # "subscribe" or "cancel"
    req_id: int
    contract: ContractRef | None = None
    of_position: bool = False
    dwell_s: float = 0.0  # that held when the cancel was decided
    for_position: bool = False  # some position has no line yet: it may cut a dwell short


class FakeGateway:
    """BrokerPort as far as lines go, plus knobs (`line_limit`, `refuse`, `mute`) and the ledger (`open`)."""

    def __init__(
        self,
        settings: LineSettings | None = None,
        line_limit: int = 1_000,
        coverage: CoverageSettings = CoverageSettings(),  # noqa: B008 - frozen
    ) -> None:
        self.clock = FakeClock()
        self.line_limit = line_limit
        self.refuse: dict[int, int] = {}  # con_id -> code
        self.mute: set[int] = set()  # con_ids that never tick
        self.all_mute = False
        self.close_alone = False  # ticks bring the close of the day before, and no price of today
        self.positions: set[int] = set()
        self.open: dict[int, OpenLine] = {}
        self.violations: list[str] = []
        self.log: list[tuple[str, int, int]] = []  # (kind, con_id, req_id) as met by the gateway
        self.errors_101 = 0
        self.worst = 0
        self._urgent: deque[Message] = deque()
        self._normal: deque[Message] = deque()
        self._in_flight: deque[tuple[float, Message]] = deque()
        self._tokens = 5.0
        self._sent: dict[int, float] = {}
        self._cancel_sent: dict[int, float] = {}
        self._next_req = 0
        self._seen: set[int] = set()  # contracts that had a line on this connection
        self._epoch = 0
        self._connected = False
        self._quanta = 0
        self._relaxed: list[tuple[float, int, int]] = []  # (until, limit, capacity) that held until lately
        self.quotes: deque[tuple[Quote, bool]] = deque(maxlen=1_000)
        self.settings = settings or LineSettings(top_max=100, normal_max=10)
        self.coverage = coverage
        self.confirming: set[int] = set()
        self.unknown: list[int] = []  # what the bus reported as unknown contracts
        self.spans: list[LineSpan] = []
        hooks = Hooks(
            lambda q, t: self.quotes.append((q, t)),
            on_unknown=self.unknown.append,
            on_span=self.spans.append,
        )
        self.rotation = Rotation(
            coverage_policy(coverage), lambda con_id, now: "confirming" if con_id in self.confirming else ""
        )
        self.bus = MarketDataBus(self, self.settings, self.clock, hooks, self.rotation, coverage)
        self.report = LinesReport(self.bus)

    # --- the protocol -------------------------------------------------------------------------------------------

    @property
    def link(self) -> LinkState:
        phase = "connected" if self._connected else "waiting"
        return LinkState(phase, self._connected, "simulated", "127.0.0.1", 1, 52, None, None, self._epoch, 0.0)

    def subscribe(self, contract: ContractRef, *, urgent: bool) -> int:
        self._next_req += 1
        message = Message("subscribe", self._next_req, contract)
        (self._urgent if urgent else self._normal).append(message)
        return self._next_req

    def cancel(self, req_id: int, *, urgent: bool = False) -> None:
        for queue in (self._urgent, self._normal):
            for message in list(queue):
                if message.req_id == req_id and message.kind == "subscribe":
                    queue.remove(message)
                    self._cancel_sent[req_id] = self.clock.mono()
                    return
        line = self.open.get(req_id)
        of_position = line is not None and line.contract.con_id in self.positions
        waits = bool(self.positions - set(self.open_ids()))
        (self._urgent if urgent else self._normal).append(
            Message("cancel", req_id, of_position=of_position, for_position=waits, dwell_s=self._dwell_s(req_id))
        )

    def sent_at_mono(self, req_id: int) -> float | None:
        return self._sent.get(req_id)

    def cancel_sent_at_mono(self, req_id: int) -> float | None:
        return self._cancel_sent.get(req_id)

    async def history(self, contract: ContractRef, request: HistoryRequest, timeout_s: float = 60.0) -> list[Bar]:
        return []

    async def contract_info(self, contract: ContractRef, timeout_s: float = 15.0) -> list[ContractInfo]:
        return []

    async def search(self, pattern: str, timeout_s: float = 10.0) -> list[ContractRef]:
        return []

    def open_scan(self, spec: ScanSpec) -> int:
        return 0

    def close_scan(self, req_id: int) -> None: ...

    async def scanner_parameters(self, timeout_s: float = 30.0) -> str:
        return ""

    def request_position_pnl(self, account: str, con_id: int) -> None: ...

    def cancel_position_pnl(self, account: str, con_id: int) -> None: ...

    def reconnect(self, reason: str) -> None: ...

    # --- what the world does ------------------------------------------------------------------------------------

    def connect(self) -> None:
        self._epoch += 1
        self._connected = True
        self.emit(Connected(self._epoch, "DU1", 176, self.clock.wall(), 52))

    def disconnect(self) -> None:
        self._connected = False
        self._seen.clear()
        self.open.clear()
        self._urgent.clear()
        self._normal.clear()
        self._in_flight.clear()
        self.emit(Disconnected("test", self.clock.wall(), None))

    def data_lost(self) -> None:
        """1100, all lines dropped, 1101."""
        self.emit(SystemNotice(1100, "lost"))
        self.open.clear()
        self.emit(SystemNotice(1101, "restored - data lost"))

    def data_kept(self, *, really: bool = True) -> None:
        """1100, 1102; not `really` = the lines are open but dead."""
        self.emit(SystemNotice(1100, "lost"))
        if not really:
            for line in self.open.values():
                line.ticks = False
        self.emit(SystemNotice(1102, "restored - data maintained"))

    def farm(self, *, up: bool) -> None:
        self.emit(SystemNotice(2104 if up else 2103, "farm", "usfarm"))

    def error(self, con_id: int, code: int, *, dead: bool) -> None:
        """An error on the open line of this contract; `dead` = the gateway frees it."""
        for req_id, line in list(self.open.items()):
            if line.contract.con_id == con_id:
                if dead:
                    del self.open[req_id]
                self.emit(RequestError(req_id, code, "Requested market data is not subscribed."))

    def set_settings(self, settings: LineSettings, coverage: CoverageSettings | None = None) -> None:
        self._relax()
        self.settings = settings
        self.coverage = coverage or self.coverage
        self.bus.set_settings(settings, self.coverage)

    def set_positions(self, con_ids: set[int]) -> None:
        """Before the bus is told: a line that stops being a position's may stand above the capacity for a moment."""
        if self.positions - con_ids:
            self._relax(capacity_only=len(self.positions - con_ids))
        self.positions = set(con_ids)

    def _relax(self, capacity_only: int = 0) -> None:
        until = self.clock.mono() + GRACE_S
        capacity = self.settings.limit - self.settings.buffer
        self._relaxed.append((until, self.settings.limit, capacity + capacity_only))

    def emit(self, event: BrokerEvent) -> None:
        if isinstance(event, Connected):
            self.bus.on_connected(event.epoch)
        elif isinstance(event, Disconnected):
            self.bus.on_disconnected()
        elif isinstance(event, Ticks):
            self.bus.on_ticks(event)
        elif isinstance(event, RequestError):
            self.bus.on_error(event)
        elif isinstance(event, SystemNotice):
            self.bus.on_notice(event)

    # --- time ---------------------------------------------------------------------------------------------------

    def run(self, seconds: float) -> None:
        """Time goes on in 25-ms quanta: messages are met, lines tick and the bus steps 4 times a second."""
        for _ in range(round(seconds / QUANTUM_S)):
            self.clock.advance(QUANTUM_S)
            self._quanta += 1
            self._tokens = min(5.0, self._tokens + 1.0)
            while self._tokens >= 1.0 and self._send_next():
                self._tokens -= 1.0
            while self._in_flight and self._in_flight[0][0] <= self.clock.mono():
                self._meet(self._in_flight.popleft()[1])
            if self._quanta % STEP_QUANTA == 0:
                self._tick()
                self.bus.step(self.clock.mono())

    def _send_next(self) -> bool:
        """One message leaves the pacer; the delay on the way varies, the order does not."""
        queue = self._urgent or self._normal
        if not queue or not self._connected:
            return False
        message, now = queue.popleft(), self.clock.mono()
        (self._sent if message.kind == "subscribe" else self._cancel_sent)[message.req_id] = now
        due = now + (message.req_id * 7 % 4) * QUANTUM_S
        self._in_flight.append((max(due, self._in_flight[-1][0] if self._in_flight else due), message))
        return True

    def _meet(self, message: Message) -> None:
        if message.kind == "subscribe":
            self._meet_subscribe(message)
        else:
            self._meet_cancel(message)

    def _meet_subscribe(self, message: Message) -> None:
        assert message.contract is not None
        now, con_id = self.clock.mono(), message.contract.con_id
        self.log.append(("subscribe", con_id, message.req_id))
        if any(line.contract.con_id == con_id for line in self.open.values()):
            self.violations.append(f"{con_id} opened twice")
        if len(self.open) >= self.line_limit:
            self.errors_101 += 1
            self.emit(RequestError(message.req_id, 101, "Max number of tickers has been reached"))
            return
        if con_id in self.refuse:
            self.emit(RequestError(message.req_id, self.refuse[con_id], "refused"))
            return
        self.open[message.req_id] = OpenLine(message.contract, now)
        self.worst = max(self.worst, len(self.open))
        self._check_counts(con_id, now)

    def _dwell_s(self, req_id: int) -> float:
        """The shortest that this line may live: a price alone is fetched in a second."""
        held = self.bus.ledger.by_req.get(req_id)
        least = min(5.0, self.coverage.dwell_s)
        return min(BRIEF_S, least) if held is not None and held.is_brief else least

    def _check_counts(self, con_id: int, now: float) -> None:
        limit, capacity = self.settings.limit, self.settings.limit - self.settings.buffer
        for until, old_limit, old_capacity in self._relaxed:
            if now <= until:
                limit, capacity = max(limit, old_limit), max(capacity, old_capacity)
        others = sum(1 for line in self.open.values() if line.contract.con_id not in self.positions)
        renewed = con_id in self.positions and con_id in self._seen  # a position keeps its line above the limit too
        self._seen.add(con_id)
        if len(self.open) > limit and not renewed:
            self.violations.append(f"{len(self.open)} lines, limit {limit}")
        if con_id not in self.positions and others > capacity:
            self.violations.append(f"{others} lines that are not positions', capacity {capacity}")

    def _meet_cancel(self, message: Message) -> None:
        now = self.clock.mono()
        line = self.open.pop(message.req_id, None)
        if line is None:
            return
        con_id = line.contract.con_id
        self.log.append(("cancel", con_id, message.req_id))
        if now - line.opened < message.dwell_s and not message.for_position:
            self.violations.append(f"{con_id} cancelled {now - line.opened:.2f} s after its request")
        if message.of_position and line.ticks and line.last_tick is not None and now - line.last_tick < 1.0:
            self.violations.append(f"the ticking line of position {con_id} was cancelled")

    def _tick(self) -> None:
        if self.all_mute or not self._connected:
            return
        now = self.clock.mono()
        updates = []
        for req_id, line in self.open.items():
            if line.ticks and line.contract.con_id not in self.mute:
                last = None if self.close_alone else 100.0 + now % 7.0
                line.last_tick = line.last_tick if last is None else now
                updates.append(TickUpdate(req_id, now, last=last, volume_raw=now, close=99.0))
        if updates:
            self.emit(Ticks(tuple(updates)))

    # --- looking ------------------------------------------------------------------------------------------------

    def open_ids(self) -> list[int]:
        return sorted(line.contract.con_id for line in self.open.values())

    def subscribed_since(self, mark: int) -> list[int]:
        """con_ids whose requests were met after the log had `mark` entries."""
        return [con_id for kind, con_id, _ in self.log[mark:] if kind == "subscribe"]

    def cancelled_since(self, mark: int) -> list[int]:
        return [con_id for kind, con_id, _ in self.log[mark:] if kind == "cancel"]

    def assert_ledgers_agree(self) -> None:
        """At rest: what the bus counts is what the gateway has."""
        section = self.report.snapshot()
        assert sorted(row.con_id for row in section.rows) == self.open_ids()
        assert section.used == len(self.open)
        assert sum(section.by_class.values()) == section.used
