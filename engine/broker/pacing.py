"""Pace of the messages to TWS: a pure bucket, a pure two-class queue, and the thin shell that drains it.

TWS allows 50 messages in any second, counted on its side (error 100, then it disconnects). One message per 25 ms and
a burst of 5 keep within 45 where they leave. Where they arrive a stall of the receiver adds what was sent meanwhile:
with at most 36 in any second it may last 250 ms before 45 are counted (measured on a busy machine: 48 with 40).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from engine.clock import Clock

INTERVAL_S = 0.025
BURST = 5
PER_SECOND_MAX = 36
_EPSILON = 1e-6
_SHORTEST_WAIT_S = 1e-4  # a wait below the clock's resolution would never pass


class Bucket:
    """How long the next message has to wait. Pure: `now` is monotonic seconds."""

    def __init__(self, interval_s: float = INTERVAL_S, burst: int = BURST, per_second: int = PER_SECOND_MAX) -> None:
        self._interval_s = interval_s
        self._burst = burst
        self._per_second = per_second
        self._tokens = float(burst)
        self._filled_at: float | None = None
        self._sent: deque[float] = deque()
        self.worst_second = 0
        self.total = 0

    def wait_s(self, now: float) -> float:
        """Seconds until a message may leave; 0 = now."""
        self._fill(now)
        wait = 0.0 if self._tokens >= 1.0 - _EPSILON else (1.0 - self._tokens) * self._interval_s
        if len(self._sent) >= self._per_second:
            wait = max(wait, self._sent[-self._per_second] + 1.0 - now)
        return max(wait, _SHORTEST_WAIT_S) if wait > 0.0 else 0.0

    def ready(self, now: float) -> int:
        """Messages that may leave at once."""
        self._fill(now)
        return max(0, min(int(self._tokens + _EPSILON), self._per_second - len(self._sent)))

    def take(self, now: float) -> None:
        """A message leaves at `now`, asked for or not (the handshake's is not)."""
        self._fill(now)
        self._tokens -= 1.0
        self._sent.append(now)
        self.total += 1
        self.worst_second = max(self.worst_second, len(self._sent))

    def _fill(self, now: float) -> None:
        if self._filled_at is not None:
            self._tokens = min(float(self._burst), self._tokens + (now - self._filled_at) / self._interval_s)
        self._filled_at = now
        while self._sent and self._sent[0] + 1.0 <= now:
            self._sent.popleft()


class Outgoing:
    """One message in the queue; `key` lets it be withdrawn before it leaves."""

    __slots__ = ("key", "message", "on_sent", "withdrawn")

    def __init__(self, message: str, key: object, on_sent: Callable[[float], None] | None) -> None:
        self.message = message
        self.key = key
        self.on_sent = on_sent
        self.withdrawn = False


class OutQueue:
    """Urgent messages first (positions and liveness), each class in order."""

    def __init__(self) -> None:
        self._urgent: deque[Outgoing] = deque()
        self._normal: deque[Outgoing] = deque()
        self._by_key: dict[object, Outgoing] = {}

    def put(self, item: Outgoing, *, urgent: bool) -> None:
        (self._urgent if urgent else self._normal).append(item)
        if item.key is not None:
            self._by_key[item.key] = item

    def withdraw(self, key: object) -> bool:
        """Take a message back; False when it has left (or was never here)."""
        item = self._by_key.pop(key, None)
        if item is None:
            return False
        item.withdrawn = True
        return True

    def pop(self) -> Outgoing | None:
        """The next message, None when there is none."""
        for queue in (self._urgent, self._normal):
            while queue:
                item = queue.popleft()
                if not item.withdrawn:
                    self._by_key.pop(item.key, None)
                    return item
        return None

    def clear(self) -> None:
        self._urgent.clear()
        self._normal.clear()
        self._by_key.clear()

    def __len__(self) -> int:
        return sum(not item.withdrawn for queue in (self._urgent, self._normal) for item in queue)

    def __bool__(self) -> bool:
        return any(not item.withdrawn for queue in (self._urgent, self._normal) for item in queue)


class Pacer:
    """Drains the queue into the socket at the bucket's pace. Engine loop only; outlives the connections."""

    def __init__(self, clock: Clock, bucket: Bucket | None = None) -> None:
        self._clock = clock
        self._bucket = bucket or Bucket()
        self._queue = OutQueue()
        self._write: Callable[[str], None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def worst_second(self) -> int:
        """The most messages that left within one sliding second."""
        return self._bucket.worst_second

    @property
    def queued(self) -> int:
        return len(self._queue)

    def attach(self, write: Callable[[str], None]) -> None:
        """A new connection's socket. What was queued for the old one is forgotten."""
        self.detach()
        self._write = write

    def detach(self) -> None:
        self._write = None
        self._queue.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def note_direct(self) -> None:
        """A message went out beside the queue (the handshake)."""
        self._bucket.take(self._clock.mono())

    def put(
        self,
        message: str,
        *,
        urgent: bool = False,
        key: object = None,
        on_sent: Callable[[float], None] | None = None,
    ) -> None:
        """Queue one message; `on_sent(mono)` is called when it really leaves."""
        self._queue.put(Outgoing(message, key, on_sent), urgent=urgent)
        if self._timer is None:
            self._drain()

    def withdraw(self, key: object) -> bool:
        return self._queue.withdraw(key)

    def _drain(self) -> None:
        self._timer = None
        while self._queue and self._write is not None:
            now = self._clock.mono()
            wait = self._bucket.wait_s(now)
            if wait > 0.0:
                self._timer = asyncio.get_running_loop().call_later(wait, self._drain)
                return
            item = self._queue.pop()
            if item is None:
                return
            self._bucket.take(now)
            self._write(item.message)
            if item.on_sent is not None:
                item.on_sent(now)
