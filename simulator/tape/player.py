"""Serves a recording again: to clients whose request numbers, order and timing are others than the recorded ones."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
from collections import Counter
from collections.abc import Callable, Iterator

from simulator import market_time
from simulator.gateway import listening_socket
from simulator.tape import layout
from simulator.tape.cutter import to_bytes
from simulator.tape.index import Episode, Lane, TapeIndex, later, nearest, opening
from simulator.wire.encode_session import current_time, error, handshake
from simulator.wire.fields import payload
from simulator.wire.frames import FrameError, FrameReader, text_of
from simulator.wire.versions import negotiate

log = logging.getLogger("simulator.play")

TURN_S = 0.01
HOLD_BYTES = 8 << 20  # unread by a client: the recording waits for it
BOGUS_LENGTH = b"\x7f\xff\xff\xff"
NOT_HERE = "not in this recording"

# What is not on the tape is refused in the way that ends such a request at every client.
_REFUSALS = {
    layout.MARKET_DATA: (354, f"Requested market data is not subscribed. ({NOT_HERE})"),
    layout.DETAILS: (200, f"No security definition has been found for the request ({NOT_HERE})"),
    layout.HISTORY: (162, f"Historical Market Data Service error message:{NOT_HERE}"),
    87: (162, f"Historical Market Data Service error message:{NOT_HERE}"),
    layout.SCAN: (162, f"Historical Market Data Service error message:{NOT_HERE}"),
    3: (201, f"Order rejected - reason:{NOT_HERE}"),
}
_OTHER_REFUSAL = (321, f"Error validating request.-'bT' : cause - {NOT_HERE}")


class TapeTime:
    """Seconds of the recording: stands until the first client comes, then runs at `speed`; `hold` stops it."""

    def __init__(self, start: float, speed: float, wall: Callable[[], float]) -> None:
        self.speed = speed
        self._wall = wall
        self._at = start
        self._since: float | None = None

    @property
    def is_running(self) -> bool:
        return self._since is not None

    def run(self) -> None:
        if self._since is None:
            self._since = self._wall()

    def hold(self) -> None:
        self._at, self._since = self.now(), None

    def now(self) -> float:
        return self._at if self._since is None else self._at + (self._wall() - self._since) * self.speed


class Player:
    """One recording on one port, in one loop. `missing` counts what was asked and is not in it."""

    def __init__(self, index: TapeIndex, host: str, port: int, speed: float, wall: Callable[[], float]) -> None:
        self.index = index
        self.port = port
        self.time = TapeTime(index.start, speed, wall)
        self.missing: Counter[str] = Counter()
        self.sent = 0
        self._host = host
        self._server: asyncio.Server | None = None
        self._sessions: set[PlaySession] = set()
        self._task: asyncio.Task[None] | None = None
        self._began = False
        self._said_over = False
        self._numbers = itertools.count(1)

    async def start(self) -> None:
        """Raises OSError when the port is taken."""
        sock = listening_socket(self._host, self.port)
        self.port = int(sock.getsockname()[1])
        self._server = await asyncio.get_running_loop().create_server(self._accept, sock=sock)
        self._task = asyncio.create_task(self._turns())

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for session in list(self._sessions):
            session.close()
        await asyncio.sleep(0)

    def market_now(self) -> float:
        """Epoch seconds on the clock of the recorded TWS. It isn't shifted: the day is the recorded day."""
        return self.index.clock.now(self.time.now())

    @property
    def is_over(self) -> bool:
        """All of it was played: nothing more comes, but whoever asks is answered as at its end."""
        return self.time.now() > self.index.end

    @property
    def day(self) -> str:
        """The day on which the recorded session began, ISO, in New York."""
        return market_time.local_date(self.index.clock.now(self.index.start)).isoformat()

    def status(self) -> dict[str, object]:
        """Where it stands, for the control port."""
        now = self.time.now()
        return {
            "at_s": round(now - self.index.start, 1),
            "length_s": round(self.index.end - self.index.start, 1),
            "over": self.is_over,
            "speed": self.time.speed,
            "market": market_time.handshake_time(self.market_now()),
            "clients": len(self._sessions),
            "sent": self.sent,
            "missing": dict(self.missing.most_common(50)),
        }

    def _accept(self) -> PlaySession:
        return PlaySession(self, next(self._numbers))

    async def _turns(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            try:
                self.turn()
            except Exception:
                log.exception("a turn failed; the next one goes on")
            due = max(due + TURN_S, loop.time())
            await asyncio.sleep(due - loop.time())

    def turn(self) -> None:
        """Send what is due by now, unless a client is far behind: then the recording waits."""
        if not self._began:
            return
        if any(session.is_behind for session in self._sessions):
            self.time.hold()
            return
        self.time.run()
        now = self.time.now()
        for session in list(self._sessions):
            session.turn(now)
        if self.is_over and not self._said_over:
            self._said_over = True
            log.warning(
                "the recording is over (%s); nothing more will come", market_time.handshake_time(self.market_now())
            )

    # what sessions report

    def opened(self, session: PlaySession) -> None:
        self._sessions.add(session)
        if not self._began:
            self._began = True
            self.time.run()

    def closed(self, session: PlaySession) -> None:
        self._sessions.discard(session)

    def lacks(self, fields: list[str]) -> None:
        """Said once for each thing that is asked."""
        name = " ".join(part for part in layout.key_of(fields)[:16] if part)
        if not self.missing[name]:
            log.warning("asked, but %s: %s", NOT_HERE, name)
        self.missing[name] += 1


class PlaySession(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, player: Player, number: int) -> None:
        self.number = number
        self._player = player
        self._reader = FrameReader()
        self._transport: asyncio.Transport | None = None
        self._version = 0
        self._lane: Lane | None = None
        self._since = 0.0  # of the recording: when this client started its API
        self._due: list[tuple[float, int, str, str, int]] = []  # time, order, request key, text, subscription
        self._order = itertools.count(1)
        self._streams: dict[str, tuple[int, Iterator[tuple[float, str]]]] = {}
        self._out: list[bytes] = []

    # the socket's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self._player.index.is_out(self._player.time.now()):
            transport.abort()
            return
        self._player.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._player.closed(self)

    def data_received(self, data: bytes) -> None:
        try:
            for payload in self._reader.feed(data):
                if self._transport is not None and not self._transport.is_closing():
                    self._receive(text_of(payload))
        except FrameError as problem:
            log.warning("session %d dropped: %s", self.number, problem)
            self.close()
        self._flush()

    @property
    def is_behind(self) -> bool:
        return self._transport is not None and self._transport.get_write_buffer_size() > HOLD_BYTES

    def close(self) -> None:
        self._flush()
        if self._transport is not None:
            self._transport.close()

    def _flush(self) -> None:
        if self._out and self._transport is not None:
            self._transport.write(b"".join(self._out))
        self._out.clear()

    def _send(self, text: str) -> None:
        body = to_bytes(text)
        self._out.append(len(body).to_bytes(4, "big") + body)
        self._player.sent += 1

    # requests

    def _receive(self, text: str) -> None:
        if not self._version:
            self._greet(text)
            return
        fields = text.split("\0")
        fields.pop()
        if not fields or not fields[0].isdecimal():
            return
        if int(fields[0]) == layout.START_API:
            self._lane = self._player.index.lane(fields[2] if len(fields) > 2 else "")
            self._since = self._player.time.now()
            self._follow("unasked", later([self._lane.unasked], self._since))
        if self._lane is not None:
            self._asked(self._lane, fields)

    def _greet(self, text: str) -> None:
        recorded = self._player.index.version
        if negotiate(text, recorded) != recorded:
            log.warning(
                "session %d offers %r, the recording is of server version %d: no common version",
                self.number, text[:80], recorded,
            )  # fmt: skip
            self.close()
            return
        self._version = recorded
        zone = self._player.index.zone
        try:
            moment = f"{market_time.local(self._player.market_now(), zone):%Y%m%d %H:%M:%S} {zone}"
        except market_time.TimeFormatError:
            moment = market_time.handshake_time(self._player.market_now())
        self._send(handshake(recorded, moment))

    def _asked(self, lane: Lane, fields: list[str]) -> None:
        message_id = int(fields[0])
        cancelled = layout.cancelled_by(fields)
        if cancelled is not None:
            self._streams.pop(_name(*cancelled), None)
            return
        if message_id in layout.SILENT:
            return
        if message_id in layout.ORDERS:
            log.warning("an order message (%d) came: nothing is sent anywhere, it is refused", message_id)
            self._refuse(fields)
            return
        at = layout.request_id_at(message_id)
        req_id = fields[at] if at is not None and len(fields) > at else ""
        episodes = self._episodes(lane, fields)
        is_unsaid = not episodes or self._player.is_over
        if is_unsaid and message_id == layout.CURRENT_TIME:  # whoever asks it goes when nothing answers
            self._send(current_time(self._player.market_now()))
        elif not episodes:
            self._refuse(fields)
        elif layout.is_stream(fields):
            self._subscribe(message_id, req_id, episodes)
        else:
            self._answer(lane, message_id, req_id, episodes)

    def _episodes(self, lane: Lane, fields: list[str]) -> list[Episode]:
        """The own lane's; another client's where only that one asked."""
        found = lane.episodes(fields)
        if found:
            return found
        others = (other.episodes(fields) for other in self._player.index.lanes.values() if other is not lane)
        return next((episodes for episodes in others if episodes), [])

    def _subscribe(self, message_id: int, req_id: str, episodes: list[Episode]) -> None:
        now = self._player.time.now()
        for text in opening(episodes, now, is_snapshot=message_id in layout.ENDS):
            self._send(self._addressed(text, req_id))
        self._follow(_name(message_id, req_id), later(episodes, now))

    def _follow(self, name: str, messages: Iterator[tuple[float, str]]) -> None:
        number = next(self._order)
        self._streams[name] = (number, messages)
        self._next_of(name, number)

    def _next_of(self, name: str, number: int) -> None:
        stream = self._streams.get(name)
        if stream is None or stream[0] != number:
            return
        found = next(stream[1], None)
        if found is not None:
            heapq.heappush(self._due, (found[0], next(self._order), name, found[1], number))

    def _answer(self, lane: Lane, message_id: int, req_id: str, episodes: list[Episode]) -> None:
        """As it was answered at the time, after as long as it took then."""
        now = self._player.time.now()
        episode = nearest(episodes, now, only_answered=message_id != layout.CURRENT_TIME)
        if episode is None:
            return  # it was never answered: neither is it now
        begin = lane.silent_until(now)
        for t, text in zip(episode.times, episode.texts, strict=True):
            due = begin + t - episode.began
            heapq.heappush(self._due, (due, next(self._order), "", self._addressed(text, req_id), 0))

    def _refuse(self, fields: list[str]) -> None:
        self._player.lacks(fields)
        message_id = int(fields[0])
        at = 1 if message_id in layout.ORDERS - {21} else layout.request_id_at(message_id)
        req_id = fields[at] if at is not None and len(fields) > at else "-1"
        code, text = _REFUSALS.get(message_id, _OTHER_REFUSAL)
        self._send(error(self._version, int(req_id) if req_id.lstrip("-").isdecimal() else -1, code, text))
        end = layout.ENDS.get(message_id)
        if end is not None and req_id == "-1":  # nothing else would end it at the client
            self._send(payload(end, 1, fields[3] if message_id == layout.ACCOUNT_UPDATES and len(fields) > 3 else ""))

    def _addressed(self, text: str, req_id: str) -> str:
        """The message with the number under which it is asked now."""
        head = text.split("\0", 1)[0]
        at = layout.answer_id_at(int(head), self._version) if head.isdecimal() else None
        if at is None or not req_id:
            return text
        parts = text.split("\0", at + 1)
        if len(parts) > at + 1 and parts[at] != "-1":
            parts[at] = req_id
        return "\0".join(parts)

    # the recording's side

    def turn(self, now: float) -> None:
        """Everything that is due by `now`, in the order of time; then what TWS did to the connection."""
        if self._transport is None or self._transport.is_closing():
            return
        ends = self._ends(now)
        until = ends[0] if ends else now
        while self._due and self._due[0][0] <= until:
            _, _, name, text, number = heapq.heappop(self._due)
            self._deliver(name, text, number)
        if ends:
            self._end(ends[1])
        self._flush()

    def _deliver(self, name: str, text: str, number: int) -> None:
        if not name:
            self._send(current_time(self._player.market_now()) if text.startswith("49\0") else text)
            return
        stream = self._streams.get(name)
        if stream is None or stream[0] != number:
            return  # it was cancelled meanwhile
        self._send(self._addressed(text, name.partition(" ")[2]))
        self._next_of(name, number)

    def _ends(self, now: float) -> tuple[float, str] | None:
        """The first drop or garbage since this client came."""
        if self._lane is None:
            return None
        found = [(t, how) for t, how in self._lane.drops if self._since < t <= now]
        found += [(t, "garbage") for t in self._lane.garbage if self._since < t <= now]
        return min(found, default=None)

    def _end(self, how: str) -> None:
        assert self._transport is not None
        self._since = self._player.time.now()
        if how == "garbage":
            self._out.append(BOGUS_LENGTH)
            self._due.clear()
            self._streams.clear()
            return
        log.info("session %d: TWS ended the connection here (%s)", self.number, how)
        self.close()


def _name(message_id: int, req_id: str) -> str:
    return f"{message_id} {req_id}"
