"""The gateway of a coverage replay: a BrokerPort over a recorded market, moved on in quanta of 25 ms.

Messages leave by the engine's own bucket, positions first; a line counts from when its request is met; its first tick
comes 0.2-0.4 s later, then an update whenever the recorded quote changes, twice a second at most. Scans are pushed
every 30 s after a cold start of 25 s; history answers come a second after the request left.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.coverage_world import STEPS_PER_S, Array, Recording
from engine.broker.pacing import Bucket
from engine.broker.port import BrokerEvent, HistoryRequest, LinkState, RequestError, ScanRow, ScanRows, ScanSpec, Ticks
from engine.clock import FakeClock
from engine.domain import Bar, ContractInfo, ContractRef, TickUpdate
from simulator.world.noise import fold

QUANTUM_S = 0.025
QUANTA_PER_STEP = round(1.0 / STEPS_PER_S / QUANTUM_S)
UPDATE_STEPS = 2  # quarter seconds between two updates of a line
WIRE_S = 0.02  # from the pacer to the gateway
FIRST_TICK_S = (0.2, 0.4)
SCAN_COLD_S, SCAN_EVERY_S, SCAN_APART_S = 25.0, 30.0, 0.15
HISTORY_S = 1.0
MAX_LINES = 101


@dataclass(slots=True)
class OpenLine:
    column: int
    ticking: bool = False
    sent: tuple[int, int, int, int, bool] | None = None  # last, volume, high, low, halted as told


@dataclass(slots=True)
class Message:
    kind: str  # subscribe, cancel, other
    req_id: int
    contract: ContractRef | None = None


class ReplayGateway:
    """BrokerPort as far as lines, scans and history go. `emit` receives its events, `open` is what it counts."""

    def __init__(
        self,
        recording: Recording,
        clock: FakeClock,
        scanned: Array,
        line_limit: int,
        emit: Callable[[BrokerEvent], None],
    ) -> None:
        self.recording, self._clock, self._emit = recording, clock, emit
        self._scanned = scanned  # columns that scans see
        self._line_limit = line_limit
        self._column = {contract.con_id: n for n, contract in enumerate(recording.contracts)}
        self._bucket = Bucket()
        self._urgent: deque[Message] = deque()
        self._normal: deque[Message] = deque()
        self._met: list[tuple[float, int, Message]] = []
        self._first: list[tuple[float, int]] = []
        self._sent: dict[int, float] = {}
        self._cancel_sent: dict[int, float] = {}
        self._scans: dict[int, ScanSpec] = {}
        self._scan_due: dict[int, float] = {}
        self._answers: list[tuple[float, int, asyncio.Future[list[Bar]], int, HistoryRequest]] = []
        self._next_req = 0
        self._quanta = 0
        self.open: dict[int, OpenLine] = {}
        self.errors_101 = 0
        self.most_lines = 0

    # --- the protocol -------------------------------------------------------------------------------------------

    @property
    def link(self) -> LinkState:
        worst = self._bucket.worst_second
        return LinkState("connected", True, "simulated", "replay", 1, 52, "DU1", 176, 1, 0.0, sent_worst_second=worst)

    @property
    def messages(self) -> tuple[int, int]:
        """All that left, and the most within one second."""
        return self._bucket.total, self._bucket.worst_second

    @property
    def step(self) -> int:
        """The recorded quarter second that is now."""
        return min(self._quanta // QUANTA_PER_STEP, self.recording.step_count - 1)

    def subscribe(self, contract: ContractRef, *, urgent: bool) -> int:
        return self._put("subscribe", contract, urgent=urgent)

    def cancel(self, req_id: int, *, urgent: bool = False) -> None:
        for queue in (self._urgent, self._normal):
            for message in queue:
                if message.req_id == req_id and message.kind == "subscribe":
                    queue.remove(message)
                    self._cancel_sent[req_id] = self._clock.mono()
                    return
        self._normal.append(Message("cancel", req_id))

    def sent_at_mono(self, req_id: int) -> float | None:
        return self._sent.get(req_id)

    def cancel_sent_at_mono(self, req_id: int) -> float | None:
        return self._cancel_sent.get(req_id)

    async def history(self, contract: ContractRef, request: HistoryRequest, timeout_s: float = 60.0) -> list[Bar]:
        """1-minute bars of the stretch; every other kind is empty: replays begin with it known."""
        self._put("other")
        column = self._column.get(contract.con_id)
        if column is None or request.bar_size != "1 min":
            return []
        answer: asyncio.Future[list[Bar]] = asyncio.get_running_loop().create_future()
        due = self._clock.mono() + self._bucket.wait_s(self._clock.mono()) + HISTORY_S
        heapq.heappush(self._answers, (due, self._next_req, answer, column, request))
        return await answer

    async def contract_info(self, contract: ContractRef, timeout_s: float = 15.0) -> list[ContractInfo]:
        return []

    async def search(self, pattern: str, timeout_s: float = 10.0) -> list[ContractRef]:
        return []

    def open_scan(self, spec: ScanSpec) -> int:
        req_id = self._put("other")
        apart = SCAN_APART_S * (len(self._scans) % 10)
        self._scans[req_id], self._scan_due[req_id] = spec, self._clock.mono() + SCAN_COLD_S + apart
        return req_id

    def close_scan(self, req_id: int) -> None:
        self._put("other")
        self._scans.pop(req_id, None)
        self._scan_due.pop(req_id, None)

    async def scanner_parameters(self, timeout_s: float = 30.0) -> str:
        return ""

    def request_position_pnl(self, account: str, con_id: int) -> None: ...

    def cancel_position_pnl(self, account: str, con_id: int) -> None: ...

    def reconnect(self, reason: str) -> None: ...

    # --- time ---------------------------------------------------------------------------------------------------

    def quarter(self) -> None:
        """A quarter of a second goes by; the clock is moved here."""
        for _ in range(QUANTA_PER_STEP):
            self._clock.advance(QUANTUM_S)
            self._quanta += 1
            now = self._clock.mono()
            if self._urgent or self._normal:
                self._send(now)
            while self._met and self._met[0][0] <= now:
                self._meet(heapq.heappop(self._met)[2], now)
            while self._first and self._first[0][0] <= now:
                self._begin(heapq.heappop(self._first)[1])
        self._tick()
        self._push_scans(self._clock.mono())
        self._answer_history(self._clock.mono())

    @property
    def answering(self) -> bool:
        """A history request waits for its answer."""
        return bool(self._answers)

    def scan(self, spec: ScanSpec) -> list[int]:
        """con_ids of a scan now, without a subscription."""
        return self.recording.scan(spec, self.step, self._scanned)

    # --- inside -------------------------------------------------------------------------------------------------

    def _put(self, kind: str, contract: ContractRef | None = None, *, urgent: bool = False) -> int:
        self._next_req += 1
        (self._urgent if urgent else self._normal).append(Message(kind, self._next_req, contract))
        return self._next_req

    def _send(self, now: float) -> None:
        while (self._urgent or self._normal) and self._bucket.wait_s(now) <= 0.0:
            message = (self._urgent or self._normal).popleft()
            self._bucket.take(now)
            if message.kind == "other":
                continue
            (self._sent if message.kind == "subscribe" else self._cancel_sent)[message.req_id] = now
            heapq.heappush(self._met, (now + WIRE_S, self._bucket.total, message))

    def _meet(self, message: Message, now: float) -> None:
        if message.contract is None:
            self.open.pop(message.req_id, None)
            return
        if len(self.open) >= self._line_limit:
            self.errors_101 += 1
            self._emit(RequestError(message.req_id, MAX_LINES, "Max number of tickers has been reached"))
            return
        self.open[message.req_id] = OpenLine(self._column[message.contract.con_id])
        self.most_lines = max(self.most_lines, len(self.open))
        low, high = FIRST_TICK_S
        wait = low + (high - low) * (fold(message.req_id) % 1_000) / 1_000.0
        heapq.heappush(self._first, (now + wait, message.req_id))

    def _begin(self, req_id: int) -> None:
        line = self.open.get(req_id)
        if line is not None:
            line.ticking = True
            self._emit(Ticks((self._update(req_id, line, self._values([line.column])[0]),)))

    def _tick(self) -> None:
        """Every ticking line whose turn it is and whose quote has changed."""
        turn = self.step % UPDATE_STEPS
        lines = [(n, line) for n, line in self.open.items() if line.ticking and n % UPDATE_STEPS == turn]
        values = self._values([line.column for _, line in lines])
        changed = [
            self._update(req_id, line, new)
            for (req_id, line), new in zip(lines, values, strict=True)
            if new != line.sent
        ]
        if changed:
            self._emit(Ticks(tuple(changed)))

    def _values(self, columns: list[int]) -> list[tuple[int, int, int, int, bool]]:
        steps, step = self.recording.steps, self.step
        parts = [steps[name][step].take(columns).tolist() for name in ("last", "volume", "high", "low", "halted")]
        return list(zip(*parts, strict=True))

    def _update(self, req_id: int, line: OpenLine, new: tuple[int, int, int, int, bool]) -> TickUpdate:
        has_trade = line.sent is None or line.sent[1] != new[1]
        line.sent = new
        return tick_update(self.recording, line.column, new, req_id, self._clock.mono(), has_trade)

    def _push_scans(self, now: float) -> None:
        for req_id, due in self._scan_due.items():
            if due <= now:
                self._scan_due[req_id] = due + SCAN_EVERY_S
                rows = self.scan(self._scans[req_id])
                found = tuple(ScanRow(n, self._contract(con_id)) for n, con_id in enumerate(rows))
                self._emit(ScanRows(req_id, found))

    def _contract(self, con_id: int) -> ContractRef:
        return self.recording.contracts[self._column[con_id]]

    def _answer_history(self, now: float) -> None:
        while self._answers and self._answers[0][0] <= now:
            _, _, answer, column, request = heapq.heappop(self._answers)
            if not answer.done():
                answer.set_result(self.recording.bars(column, self.step, duration_s(request.duration)))


def duration_s(text: str) -> float:
    """ "900 S" or "2 D" in seconds."""
    count, unit = text.split()
    units: Mapping[str, float] = {"S": 1.0, "D": 86_400.0, "W": 7 * 86_400.0, "Y": 366 * 86_400.0}
    return float(count) * units[unit]


def tick_update(
    recording: Recording,
    column: int,
    values: tuple[int, int, int, int, bool],
    req_id: int,
    mono: float,
    has_trade: bool,
) -> TickUpdate:
    """One line's values; 0 ticks = none yet."""
    tick = float(recording.tick[column])
    last, volume, high, low, halted = values

    def price(ticks: int) -> float | None:
        return round(ticks * tick, 4) if ticks > 0 else None

    return TickUpdate(
        req_id,
        mono,
        last=price(last),
        volume_raw=float(volume),
        open=price(int(recording.opened[column])),
        high=price(high),
        low=price(low),
        close=price(int(recording.prior_close[column])),
        avg_volume_raw=float(recording.avg_volume[column]),
        halted=halted,
        has_trade=has_trade,
    )
