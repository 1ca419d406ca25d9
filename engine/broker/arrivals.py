"""How many of our messages TWS may have met within one second, from what left and what it answered. Pure.

A receiver that stalls reads everything that waited at once, so a message arrives at an unknown moment between its
leaving and the first answer which proves that it was read: TWS reads in order, so an answer to one message stands for
all before it. Each message therefore counts from its leaving until a second after that answer. While no more than
`MOST` count, no second of arrivals, wherever it begins and however long the receiver stalled, has more.
"""

from __future__ import annotations

from collections import deque

from msgspec import Struct

MOST = 45  # TWS allows 50
URGENT_MOST = 44  # the rest is for questions that are answered at once: without an answer nothing gets on
NORMAL_MOST = 42  # the rest is for positions
WINDOW_S = 1.0
ECHO_AFTER = 8  # messages without an answer, then TWS is asked for the time
ECHO_WHEN_FULL = 4  # so many are enough while others wait for room: answered sooner they make room sooner
OVERDUE_S = 6.0  # an answer so late is taken for lost: the next one belongs to the next question
PRESUMED_S = 10.0  # what left so long ago was read, though nothing said so
TALKS_S = 1.0  # both only while TWS talks: without a pause so long, and for so long


class _Out(Struct):
    number: int
    left_mono: float
    key: int | None


class Arrivals:
    """`now` is monotonic seconds and never goes back. `key` is the request number that an answer will bear."""

    def __init__(self) -> None:
        self._number = 0
        self._out: deque[_Out] = deque()
        self._by_key: dict[int, int] = {}
        self._echoes: deque[tuple[int, float]] = deque()  # questions for the time: number, left at
        self._met: deque[tuple[float, int]] = deque()  # answered at, how many
        self._heard_mono = self._talks_since = float("-inf")

    @property
    def unanswered(self) -> int:
        return len(self._out)

    @property
    def echoes_out(self) -> int:
        """Questions for the time that have no answer yet."""
        return len(self._echoes)

    def count(self, now: float) -> int:
        """Messages that TWS may have met, or may meet, in the second around now."""
        while self._met and now - self._met[0][0] >= WINDOW_S:
            self._met.popleft()
        return len(self._out) + sum(many for _, many in self._met)

    def falls_in_s(self, now: float) -> float | None:
        """Seconds until fewer count; None = not before an answer comes."""
        self.count(now)
        return self._met[0][0] + WINDOW_S - now if self._met else None

    def wants_echo(self, now: float) -> bool:
        """Whether to ask TWS for the time, as too much has no answer."""
        if len(self._out) < ECHO_WHEN_FULL or self._echoes:
            return False
        return len(self._out) >= ECHO_AFTER or self.count(now) >= NORMAL_MOST

    def left(self, now: float, key: int | None = None, *, is_echo: bool = False) -> None:
        """A message leaves."""
        self._number += 1
        self._out.append(_Out(self._number, now, key))
        if key is not None:
            self._by_key.setdefault(key, self._number)
        if is_echo:
            self._echoes.append((self._number, now))

    def answered(self, key: int, now: float) -> None:
        """Something came that bears this request's number; a number that waits for nothing says nothing new."""
        number = self._by_key.get(key)
        if number is not None:
            self._meet(number, now)

    def echoed(self, now: float) -> None:
        """The time came: the answer to the oldest question."""
        if self._echoes:
            self._meet(self._echoes.popleft()[0], now)

    def all_answered(self, now: float) -> None:
        """TWS has answered the newest message, or the connection is gone: what left can't arrive any later."""
        self._echoes.clear()
        self._meet(self._number, now)

    def heard(self, now: float) -> None:
        """Anything came. A lost answer holds nothing up for ever, and the end of a stall is not taken for one: what
        TWS has to say then, late answers included, comes within a second."""
        if now - self._heard_mono > TALKS_S:
            self._talks_since = now
        self._heard_mono = now
        if now - self._talks_since < TALKS_S:
            return
        while self._echoes and now - self._echoes[0][1] >= OVERDUE_S:
            self._echoes.popleft()
        old = 0
        for out in self._out:
            if now - out.left_mono < PRESUMED_S:
                break
            old = out.number
        if old:
            self._meet(old, now)

    def _meet(self, number: int, now: float) -> None:
        many = 0
        while self._out and self._out[0].number <= number:
            out = self._out.popleft()
            many += 1
            if out.key is not None and self._by_key.get(out.key) == out.number:
                del self._by_key[out.key]
        if many:
            self._met.append((now, many))
