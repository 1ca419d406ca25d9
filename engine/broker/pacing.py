"""Pace of the messages to TWS: a pure bucket, a pure queue of three classes, and the thin shell that drains it.

TWS allows 50 messages in any second, counted on its side (error 100, then it disconnects). The bucket spreads them: one
per 25 ms, bursts of 5. How many there may be is told by what TWS has answered (`arrivals.py`).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Literal

from engine.broker.arrivals import MOST, NORMAL_MOST, URGENT_MOST, Arrivals
from engine.broker.sent_kinds import SentKinds
from engine.clock import Clock

INTERVAL_S = 0.025
BURST = 5
_EPSILON = 1e-6
_SHORTEST_WAIT_S = 1e-4  # a wait below the clock's resolution would never pass
_LOOK_AGAIN_S = 0.25  # while only an answer can make room

MessageClass = Literal["urgent", "probe", "normal"]
Key = tuple[str, object]  # what it is, and the request number that an answer will bear (or any other name)
# In order. So many messages may count as met by TWS within a second (`Arrivals.count`), one of that class included.
CLASSES: dict[MessageClass, int] = {"urgent": URGENT_MOST, "probe": MOST, "normal": NORMAL_MOST}


class Bucket:
    """How long the next message has to wait. Pure: `now` is monotonic seconds."""

    def __init__(self, interval_s: float = INTERVAL_S, burst: int = BURST, per_second: int = NORMAL_MOST) -> None:
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

    def __init__(self, message: str, key: Key | None, on_sent: Callable[[float], None] | None) -> None:
        self.message = message
        self.key = key
        self.on_sent = on_sent
        self.withdrawn = False

    @property
    def number(self) -> int | None:
        """Of the request, None where no answer bears one."""
        return self.key[1] if self.key is not None and isinstance(self.key[1], int) else None


class OutQueue:
    """Urgent messages first (positions), then questions for the time, then the rest; each class in order."""

    def __init__(self) -> None:
        self._queues: dict[MessageClass, deque[Outgoing]] = {name: deque() for name in CLASSES}
        self._by_key: dict[Key, Outgoing] = {}

    def put(self, item: Outgoing, message_class: MessageClass) -> None:
        self._queues[message_class].append(item)
        if item.key is not None:
            self._by_key[item.key] = item

    def withdraw(self, key: Key) -> bool:
        """Take a message back; False when it has left (or was never here)."""
        item = self._by_key.pop(key, None)
        if item is None:
            return False
        item.withdrawn = True
        return True

    def pop(self, count: int = 0) -> tuple[Outgoing, MessageClass] | None:
        """The next message that may leave while `count` others count; None when there is none."""
        for name, queue in self._queues.items():
            while queue and queue[0].withdrawn:
                queue.popleft()
            if queue and count < CLASSES[name]:
                item = queue.popleft()
                if item.key is not None and self._by_key.get(item.key) is item:
                    del self._by_key[item.key]
                return item, name
        return None

    def clear(self) -> None:
        for queue in self._queues.values():
            queue.clear()
        self._by_key.clear()

    def __len__(self) -> int:
        return sum(not item.withdrawn for queue in self._queues.values() for item in queue)

    def __bool__(self) -> bool:
        return any(not item.withdrawn for queue in self._queues.values() for item in queue)


class Pacer:
    """Drains the queue into the socket as bucket and answers allow. Engine loop only; outlives the connections."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._bucket = Bucket(per_second=MOST)
        self._arrivals = Arrivals()
        self._queue = OutQueue()
        self.kinds = SentKinds()
        self._write: Callable[[str], None] | None = None
        self._echo = ""
        self._timer: asyncio.TimerHandle | None = None

    @property
    def worst_second(self) -> int:
        """The most messages that left within one sliding second."""
        return self._bucket.worst_second

    @property
    def sent(self) -> int:
        """All messages that left."""
        return self._bucket.total

    @property
    def queued(self) -> int:
        return len(self._queue)

    @property
    def unanswered(self) -> int:
        """Messages that left, and nothing has proved yet that TWS read them."""
        return self._arrivals.unanswered

    @property
    def echoes_out(self) -> int:
        """Questions for the time that TWS has not answered yet."""
        return self._arrivals.echoes_out

    def attach(self, write: Callable[[str], None], echo: str) -> None:
        """A new connection's socket. What was queued for the old one is forgotten; `echo` asks TWS for the time."""
        self.detach()
        self._write, self._echo = write, echo

    def detach(self) -> None:
        self._write = None
        self._queue.clear()
        self._arrivals.all_answered(self._clock.mono())
        self._stop_waiting()

    # --- what goes out ----------------------------------------------------------------------------------------

    def note_direct(self) -> None:
        """A message went out beside the queue (the handshake)."""
        now = self._clock.mono()
        self._bucket.take(now)
        self._arrivals.left(now)

    def put(
        self,
        message: str,
        *,
        urgent: bool = False,
        key: Key | None = None,
        on_sent: Callable[[float], None] | None = None,
    ) -> None:
        """Queue one message; `on_sent(mono)` is called when it really leaves."""
        name: MessageClass = "probe" if message == self._echo else "urgent" if urgent else "normal"
        self._queue.put(Outgoing(message, key, on_sent), name)
        if self._timer is None or name != "normal":  # what waits may be waiting for room that this one does not need
            self._drain()

    def withdraw(self, key: Key) -> bool:
        return self._queue.withdraw(key)

    # --- what came back ---------------------------------------------------------------------------------------

    def heard(self) -> None:
        """Anything came from TWS."""
        self._arrivals.heard(self._clock.mono())

    def answered(self, number: int) -> None:
        """Something came that bears a request's number."""
        if self._arrivals.unanswered:
            self._arrivals.answered(number, self._clock.mono())
            self._ask_on()

    def echoed(self) -> None:
        """TWS told the time."""
        self._arrivals.echoed(self._clock.mono())
        self._ask_on()

    def all_answered(self) -> None:
        """TWS answered the newest message."""
        self._arrivals.all_answered(self._clock.mono())

    def _ask_on(self) -> None:
        """What left meanwhile may need a question of its own, also when nothing is queued."""
        if self._timer is None and self._arrivals.wants_echo(self._clock.mono()):
            self._drain()

    # --- draining ---------------------------------------------------------------------------------------------

    def _drain(self) -> None:
        self._stop_waiting()
        while self._write is not None:
            now = self._clock.mono()
            wants_echo = self._arrivals.wants_echo(now)
            if not wants_echo and not self._queue:
                return
            wait = self._bucket.wait_s(now)
            if wait <= 0.0 and not self._send_next(now, wants_echo=wants_echo):
                falls = self._arrivals.falls_in_s(now)
                wait = _LOOK_AGAIN_S if falls is None else max(min(falls, _LOOK_AGAIN_S), _SHORTEST_WAIT_S)
            if wait > 0.0:
                self._timer = asyncio.get_running_loop().call_later(wait, self._drain)
                return

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _send_next(self, now: float, *, wants_echo: bool) -> bool:
        """Let one message go, if one may."""
        count = self._arrivals.count(now)
        if wants_echo and count < MOST:
            self._let_go(Outgoing(self._echo, None, None), "probe", now)
            return True
        found = self._queue.pop(count)
        if found is not None:
            self._let_go(*found, now)
        return found is not None

    def _let_go(self, item: Outgoing, name: MessageClass, now: float) -> None:
        assert self._write is not None
        self._bucket.take(now)
        self._arrivals.left(now, item.number, is_echo=item.message == self._echo)
        self._write(item.message)
        if item.on_sent is not None:
            item.on_sent(now)
