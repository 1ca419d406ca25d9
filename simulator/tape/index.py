"""A recording, sorted by what was asked: for each request the answers that came, and when; and what came unasked.

Held in memory, about 120 bytes a message.
"""

from __future__ import annotations

import logging
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from simulator.market_time import TWS_ZONE, TimeFormatError, parse_end
from simulator.tape import layout
from simulator.tape.entries import (
    CLOSED,
    FROM_CLIENT,
    FROM_SERVER,
    GARBAGE,
    OPEN,
    REFUSED,
    VERSION,
    Entry,
    Header,
    NotATape,
)
from simulator.tape.market_clock import TapeMarketClock

log = logging.getLogger("simulator.play")

NOTICES_S = 1.0  # what comes unasked so soon after startApi belongs to it: the states of the farms
CUT_OFF_S = 12.0  # an answer that is missing when the connection ended so soon is no answer withheld
SILENCE_S = 8.0  # a request without an answer, and nothing at all for so long: TWS was silent
KNOWN_ON_S = 3.0  # so long after its line was closed a price still stands
SOON_S = 15.0  # the next snapshot of a session that comes back
_TICKS = frozenset({"1", "2", "21", "45", "46"})
_CLOSES = frozenset({"9", "75"})
BENIGN_ECHOES = frozenset({"300", "365", "366", "310"})  # of cancels

Key = tuple[str, ...]


@dataclass(slots=True)
class Episode:
    """One request as recorded: `began`, and `ended` by its cancel, the next of its kind, or the connection's end."""

    began: float
    ended: float = float("inf")
    is_cut_off: bool = False
    times: array[float] = field(default_factory=lambda: array("d"))
    texts: list[str] = field(default_factory=list)

    def add(self, t: float, text: str) -> None:
        self.times.append(t)
        self.texts.append(text)

    @property
    def is_answered(self) -> bool:
        return bool(self.texts)


@dataclass(slots=True)
class Lane:
    """What one API client was told, over all of its connections."""

    client_id: str
    asked: dict[Key, list[Episode]] = field(default_factory=dict)
    loosely: dict[Key, list[Episode]] = field(default_factory=dict)
    unasked: Episode = field(default_factory=lambda: Episode(0.0))
    drops: list[tuple[float, str]] = field(default_factory=list)  # when TWS ended the connection, and how
    garbage: list[float] = field(default_factory=list)
    silences: list[tuple[float, float]] = field(default_factory=list)
    messages: int = 0

    def episodes(self, fields: list[str]) -> list[Episode]:
        """Of that request, else of one that asks the same of the same contract in other words; sorted by time."""
        found = self.asked.get(layout.key_of(fields))
        if found:
            return found
        loose = layout.loose_key(fields)
        return self.loosely.get(loose, []) if loose is not None else []

    def silent_until(self, t: float) -> float:
        """When TWS spoke again; `t` itself while it speaks."""
        return max((end for begin, end in self.silences if begin <= t < end), default=t)


@dataclass(slots=True)
class TapeIndex:
    """`start` is when the first client came, `end` the last entry; both seconds of the recording."""

    version: int
    lanes: dict[str, Lane]
    clock: TapeMarketClock
    zone: str
    start: float
    end: float
    outages: list[tuple[float, float]]
    accounts: tuple[str, ...]
    skipped: int

    def lane(self, client_id: str) -> Lane:
        """Of that client; of the busiest one where it did not take part."""
        return self.lanes.get(client_id) or max(self.lanes.values(), key=lambda lane: lane.messages)

    def is_out(self, t: float) -> bool:
        """Nobody answered at TWS' port."""
        return any(begin <= t < end for begin, end in self.outages)


def build_index(header: Header, entries: Iterable[Entry]) -> TapeIndex:
    """Raises NotATape for a recording that cannot be played: nothing in it, or of another era of the protocol."""
    builder = _Builder()
    for entry in entries:
        builder.take(entry)
    return builder.finish(header)


class _Connection:
    """One recorded connection while it is read."""

    def __init__(self, opened: float) -> None:
        self.opened = opened
        self.version = 0
        self.lane: Lane | None = None
        self.started: float | None = None
        self.open: dict[str, Episode] = {}  # by request id
        self.running: dict[int, Episode] = {}  # the newest of each request without an id
        self.executions: dict[str, Episode] = {}
        self.last_heard = opened
        self.unanswered_since: float | None = None
        self.all: list[Episode] = []


class _Builder:
    def __init__(self) -> None:
        self._connections: dict[int, _Connection] = {}
        self._lanes: dict[str, Lane] = {}
        self._answers: list[tuple[float, int]] = []
        self._clock_texts: list[tuple[float, str]] = []
        self._refused: list[float] = []
        self._downs: list[float] = []
        self._ups: list[float] = []
        self._versions: set[int] = set()
        self._accounts: dict[str, None] = {}
        self._start: float | None = None
        self._end = 0.0
        self._skipped = 0

    def take(self, entry: Entry) -> None:
        self._end = max(self._end, entry.t)
        if entry.what[0] in "<>":
            connection = self._connections.get(entry.connection)
            if connection is None or not entry.fields or not connection.version:
                self._skipped += 1
            elif entry.what.startswith(FROM_CLIENT):
                self._asked(connection, entry)
            else:
                self._told(connection, entry)
            return
        self._event(entry)

    def _event(self, entry: Entry) -> None:
        if entry.what == OPEN:
            self._connections[entry.connection] = _Connection(entry.t)
        elif entry.what == REFUSED:
            self._refused.append(entry.t)
        connection = self._connections.get(entry.connection)
        if connection is None:
            return
        if entry.what == VERSION and "server_version" in entry.about:
            self._agreed(connection, entry.t, entry.about)
        elif entry.what == GARBAGE and entry.about.get("side") == FROM_SERVER and connection.lane is not None:
            connection.lane.garbage.append(entry.t)
        elif entry.what == CLOSED:
            self._closed(connection, entry.t, entry.about)

    def _agreed(self, connection: _Connection, t: float, about: dict[str, Any]) -> None:
        connection.version = int(about["server_version"])
        self._versions.add(connection.version)
        self._clock_texts.append((t, str(about.get("clock", ""))))
        if self._start is None:
            self._start = connection.opened
        self._ups.append(connection.opened)

    def _closed(self, connection: _Connection, t: float, about: dict[str, Any]) -> None:
        for episode in connection.all:
            if episode.ended > t:
                episode.ended = t
                episode.is_cut_off = not episode.is_answered and t - episode.began < CUT_OFF_S
        self._note_silence(connection, t)
        if about.get("by") == "server":
            self._downs.append(t)
            if connection.lane is not None:
                connection.lane.drops.append((t, str(about.get("how", "closed"))))

    def _note_silence(self, connection: _Connection, until: float) -> None:
        since = connection.unanswered_since
        if since is not None and until - since > SILENCE_S and connection.lane is not None:
            connection.lane.silences.append((connection.last_heard, until))
        connection.unanswered_since = None

    # requests

    def _asked(self, connection: _Connection, entry: Entry) -> None:
        fields = entry.fields
        if not fields[0].isdecimal():
            self._skipped += 1
            return
        message_id = int(fields[0])
        if message_id == layout.START_API:
            self._started(connection, entry.t, fields)
        if connection.lane is None:
            self._skipped += 1
            return
        if layout.is_cancel(fields) or message_id in layout.SILENT or message_id in layout.ORDERS:
            self._cancelled(connection, entry.t, fields)
            return
        if connection.unanswered_since is None:
            connection.unanswered_since = entry.t
        episode = Episode(entry.t)
        connection.all.append(episode)
        self._file(connection.lane, fields, episode)
        at = layout.request_id_at(message_id)
        if at is not None and len(fields) > at:
            connection.open[fields[at]] = episode
            return
        before = connection.running.get(message_id)
        if before is not None:
            before.ended = min(before.ended, entry.t)
        connection.running[message_id] = episode

    def _started(self, connection: _Connection, t: float, fields: list[str]) -> None:
        client_id = fields[2] if len(fields) > 2 else ""
        connection.lane = self._lanes.setdefault(client_id, Lane(client_id))
        connection.started = t

    @staticmethod
    def _file(lane: Lane, fields: list[str], episode: Episode) -> None:
        lane.asked.setdefault(layout.key_of(fields), []).append(episode)
        loose = layout.loose_key(fields)
        if loose is not None:
            lane.loosely.setdefault(loose, []).append(episode)

    @staticmethod
    def _cancelled(connection: _Connection, t: float, fields: list[str]) -> None:
        cancelled = layout.cancelled_by(fields)
        if cancelled is None:
            return
        message_id, req_id = cancelled
        episode = connection.open.pop(req_id, None) if req_id else connection.running.pop(message_id, None)
        if episode is not None:
            episode.ended = t

    # answers

    def _told(self, connection: _Connection, entry: Entry) -> None:
        fields, t = entry.fields, entry.t
        if connection.unanswered_since is not None:
            self._note_silence(connection, t)
        connection.last_heard = t
        if connection.lane is None or not fields[0].isdecimal():
            self._skipped += 1
            return
        connection.lane.messages += 1
        message_id = int(fields[0])
        self._learn(message_id, fields, t)
        text = "\0".join(fields) + ("" if entry.what.endswith("!") else "\0")
        episode = self._answered(connection, message_id, fields, t)
        if episode is not None:
            episode.add(t, text)
        elif self._is_unasked(connection, message_id, fields):
            connection.lane.unasked.add(t, text)
        else:
            self._skipped += 1

    def _learn(self, message_id: int, fields: list[str], t: float) -> None:
        if message_id == layout.ANSWER_TIME and len(fields) > 2 and fields[2].isdecimal():
            self._answers.append((t, int(fields[2])))
        elif message_id == layout.ANSWER_ACCOUNTS and len(fields) > 2:
            self._accounts |= dict.fromkeys(name for name in fields[2].split(",") if name)

    def _answered(self, connection: _Connection, message_id: int, fields: list[str], t: float) -> Episode | None:
        at = layout.answer_id_at(message_id, connection.version)
        if at is not None and len(fields) > at:
            if message_id == layout.ERROR and fields[at] == "-1":
                return self._notice_of_start(connection, t)
            episode = connection.open.get(fields[at])
            if episode is not None and message_id == layout.ANSWER_EXECUTION and len(fields) > 14:
                connection.executions[fields[14]] = episode
            return episode
        if message_id == layout.ANSWER_COMMISSION:
            return connection.executions.pop(fields[2], None) if len(fields) > 2 else None
        running = [
            connection.running[what] for what in layout.UNNUMBERED.get(message_id, ()) if what in connection.running
        ]
        episode = max(running, key=lambda one: one.began, default=None)
        is_over = message_id in (3, 5) and episode is not None and any(x.startswith("53\0") for x in episode.texts)
        return None if is_over else episode

    def _notice_of_start(self, connection: _Connection, t: float) -> Episode | None:
        if connection.started is None or t - connection.started > NOTICES_S:
            return None
        return connection.running.get(layout.START_API)

    @staticmethod
    def _is_unasked(connection: _Connection, message_id: int, fields: list[str]) -> bool:
        """What is addressed to a request that is over reaches nobody."""
        at = layout.answer_id_at(message_id, connection.version)
        return at is None or (len(fields) > at and fields[at] == "-1")

    # the end

    def finish(self, header: Header) -> TapeIndex:
        lanes = {name: lane for name, lane in self._lanes.items() if lane.messages}
        if not lanes or self._start is None:
            raise NotATape("no client talked to TWS in it")
        if len(self._versions) > 1:
            log.warning("the recording holds several server versions (%s): the newest counts", self._versions)
        version = max(self._versions)
        if not layout.OLDEST <= version <= 200:
            raise NotATape(
                f"its server version is {version}; what can be played is {layout.OLDEST} to 200"
                f"{' (from 201 on the messages are protobuf, which is not recorded)' if version > 200 else ''}"
            )
        for connection in self._connections.values():
            for episode in connection.all:
                if episode.ended == float("inf") and not episode.is_answered:
                    episode.is_cut_off = self._end - episode.began < CUT_OFF_S
        began, zone = self._handshake(header)
        clock = TapeMarketClock(self._answers, began)
        return TapeIndex(
            version, lanes, clock, zone, self._start, self._end, self._outages(), tuple(self._accounts), self._skipped
        )

    def _handshake(self, header: Header) -> tuple[float, str]:
        """Market time at second 0, by the first handshake that can be read, else by the recorder's own clock."""
        for t, text in self._clock_texts:
            try:
                moment = parse_end(text, 0.0)
            except TimeFormatError:
                continue
            if moment:
                zone = text.split(" ", 2)[2] if text.count(" ") >= 2 else TWS_ZONE
                return moment - t, zone
        return datetime.fromisoformat(header.began).timestamp(), TWS_ZONE

    def _outages(self) -> list[tuple[float, float]]:
        """From the first refusal, or the drop before it, to the last one before the next connection."""
        found: list[tuple[float, float]] = []
        downs, ups = sorted(self._downs), sorted(self._ups)
        for t in sorted(self._refused):
            begin = max([down for down in downs if down <= t], default=t)
            if any(begin < up < t for up in ups):
                begin = t
            if found and found[-1][1] >= begin:
                found[-1] = (found[-1][0], t)
            else:
                found.append((begin, t))
        return found


def nearest(episodes: list[Episode], t: float, *, only_answered: bool) -> Episode | None:
    """The last one that began by `t`, else the first after it; None = there is none that fits."""
    fitting = [one for one in episodes if not one.is_cut_off and (one.is_answered or not only_answered)]
    if not fitting:
        return None
    index = bisect_right([one.began for one in fitting], t) - 1
    return fitting[max(index, 0)]


def opening(episodes: list[Episode], t: float, *, is_snapshot: bool) -> list[str]:
    """How a subscription stands at `t`: the last message of each kind so far, in their order, what ends them last.

    Errors count only while nothing else has come since the request that they answer. Of a line that nobody held at `t`
    the prices are not known: what is left of it is its kind and its close. `is_snapshot`: each request was answered by
    all there is, so the newest one alone counts (what is gone since the one before is said by no message); between two
    that follow each other soon the next is waited for.
    """
    latest: dict[tuple[str, ...], tuple[int, int, str]] = {}
    begun = [episode for episode in episodes if episode.began <= t]
    is_known = any(t < episode.ended + KNOWN_ON_S for episode in begun)
    if is_snapshot and begun:
        coming = len(begun) < len(episodes) and episodes[len(begun)].began - t < SOON_S
        if coming and t >= begun[-1].ended:
            return []
        begun = begun[-1:]
    for number, episode in enumerate(begun):
        for index in range(bisect_right(episode.times, t)):
            text = episode.texts[index]
            kind = layout.kind_of(text)
            if text.startswith("17\0"):  # bars that are kept up to date: all anew
                latest.clear()
            if kind[0] != "4" and (is_known or kind[0] not in _TICKS or kind[1] in _CLOSES):
                latest[kind] = (number, index, text)
    texts = [text for _, _, text in sorted(latest.values())]
    ends = [text for text in texts if int(text.split("\0", 1)[0]) in layout.END_MESSAGES]
    return [*(text for text in texts if text not in ends), *ends, *_errors(begun, t)]


def _errors(begun: list[Episode], t: float) -> list[str]:
    if not begun:
        return []
    last = begun[-1]
    told = last.texts[: bisect_right(last.times, t)]
    return told if told and all(text.startswith("4\0") for text in told) else []


def later(episodes: list[Episode], t: float) -> Iterator[tuple[float, str]]:
    """What comes after `t`, as it came. Echoes of cancels are left out."""
    for episode in episodes:
        for index in range(bisect_right(episode.times, t), len(episode.texts)):
            text = episode.texts[index]
            if text.startswith("4\0") and _code(text) in BENIGN_ECHOES:
                continue
            yield episode.times[index], text


def _code(text: str) -> str:
    parts = text.split("\0", 4)
    return parts[3] if len(parts) > 3 else ""
