"""Is TWS still there? A round trip of reqCurrentTime every few seconds, whatever the socket says, in any state.

The first time-out makes the connection "not connected", a second strike ends it; so does silence on the socket while
lines are open, and a stream that no longer decodes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from engine.broker.connection import Connection
from engine.broker.port import BrokerEvent, ClockSample
from engine.broker.timings import Timings
from engine.clock import Clock
from engine.errors import BrokerUnavailable, RequestTimeout

_LOOK_EVERY_S = 1.0
_SLEPT_S = 30.0


class Liveness:
    """`on_change` is told false with the first time-out and true again with an answer.

    `silent_since_wall`: when the probe was sent that has found no answer yet, None while all are answered.
    """

    def __init__(
        self,
        connection: Connection,
        clock: Clock,
        timings: Timings,
        emit: Callable[[BrokerEvent], None],
        open_lines: Callable[[], int],
        on_change: Callable[[bool], None],
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._timings = timings
        self._emit = emit
        self._open_lines = open_lines
        self._on_change = on_change
        self._sent_mono = 0.0
        self._sent_wall = 0.0
        self._sent_alone = True
        self.silent_since_wall: float | None = None
        self.decoded_per_s: float | None = None
        self.round_trip_s: float | None = None

    async def probe_for_ever(self) -> None:
        """Ends only by giving the connection up."""
        while True:
            asked_wall = self._clock.wall()
            if not await self._answers(sample=True):
                self.silent_since_wall = asked_wall
                self._on_change(False)
                if not await self._answers(sample=False):  # the answer may be the first probe's: no clock sample
                    seconds = 2 * self._timings.probe_timeout_s
                    self._connection.lose("dropped", f"TWS has not answered for {seconds:g} s")
                    return
                self.silent_since_wall = None
                self._on_change(True)
            await asyncio.sleep(self._timings.probe_every_s)

    async def _answers(self, *, sample: bool) -> bool:
        connection = self._connection
        self._sent_mono, self._sent_wall = self._clock.mono(), self._clock.wall()
        try:
            moment = await connection.ask(
                "Current time",
                "currentTime",
                connection.client.reqCurrentTime,
                self._timings.probe_timeout_s,
                urgent=True,
                on_sent=self._note_sent,
            )
        except (RequestTimeout, BrokerUnavailable):
            return False
        self.round_trip_s = round_trip_s = max(0.0, self._clock.mono() - self._sent_mono)
        if sample and self._sent_alone:
            # TWS cuts its time to whole seconds: half a second is the mean of what it cut off.
            offset_s = moment.timestamp() + 0.5 - (self._sent_wall + round_trip_s / 2.0)
            self._emit(ClockSample(offset_s, round_trip_s))
        return True

    def _note_sent(self, mono: float) -> None:
        self._sent_mono, self._sent_wall = mono, self._clock.wall()
        self._sent_alone = self._connection.times_asked == 1  # else the next answer is that to an earlier question

    async def watch_stream(self) -> None:
        """Counts decoded messages; ends only by giving the connection up."""
        client = self._connection.client
        seen, changed_mono = client.decoded, self._clock.mono()
        looked_mono, looked_wall = changed_mono, self._clock.wall()
        while True:
            await asyncio.sleep(min(_LOOK_EVERY_S, self._timings.silence_s / 4.0))
            now, wall = self._clock.mono(), self._clock.wall()
            gap_s = abs((wall - looked_wall) - (now - looked_mono))
            looked_wall = wall
            if gap_s > _SLEPT_S:
                self._connection.lose("dropped", f"This machine slept for {gap_s:.0f} s")
                return
            count = client.decoded
            self._note_rate(count - seen, now - looked_mono)
            if count != seen:
                changed_mono = now
            seen, looked_mono = count, now
            if self._open_lines() and now - changed_mono >= self._timings.silence_s:
                self._connection.lose("dropped", f"Nothing came from TWS for {now - changed_mono:.0f} s")
                return
            if client.undecodable.last_minute() > self._timings.undecodable_per_minute:
                self._connection.lose("dropped", "Too many messages of TWS could not be decoded")
                return

    def _note_rate(self, messages: int, seconds: float) -> None:
        if seconds <= 0:
            return
        rate = messages / seconds
        self.decoded_per_s = rate if self.decoded_per_s is None else 0.8 * self.decoded_per_s + 0.2 * rate
