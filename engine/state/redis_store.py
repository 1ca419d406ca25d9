"""A Redis or Valkey server as a store of states. The only module that imports redis; imported when a URL says so.

    qtrade:engines               sorted set: engine -> when it wrote last, by the server's clock
    qtrade:{<engine>}:sections   hash: section -> envelope, "seqs" -> the table; gone a day after the last writing
    qtrade:{<engine>}:lock       string with expiry (redis-py's lock): who publishes under the name
    qtrade:{<engine>}:look       channel: somebody looks; a message that is lost costs a second of freshness
    qtrade:commands              stream: what dashboards want, each entry for one engine; a consumer group an engine
    qtrade:{share:<group>}:roll  sorted set: an engine that shares its universe -> when it renewed its place
    qtrade:{share:<group>}:<day> hash: con_id -> contract that a scan of the group has found that day; gone after two

Nothing is repeated by the library: a connection that broke is an error, and what was written before is looked at again.
"""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import msgspec
import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.lock import Lock
from redis.retry import Retry

from engine.domain import ContractRef
from engine.errors import NameTaken, StateError
from engine.state.envelope import SEQS_KEY, Envelope
from engine.state.roll import EXPIRE_S, Member
from engine.state.store import CLAIM_S, SHOWN_S, Heard, Sent
from engine.storage.urls import shown_url

SOCKET_S = 2.0
CONNECT_S = 1.0
HEAR_MS = 100
RENEW_S = CLAIM_S / 4.0
TRY_CLAIM_S = 0.5
REST_S = 1.0
FRESH_S = 0.2  # the engine writes once a second: many polls share one look
MOST_AT_ONCE = 100
COMMANDS_MOST = 1_000  # entries of the stream, about; of all engines
_KEPT_MS = int(SHOWN_S * 1000.0)
_ENGINES, _COMMANDS = "qtrade:engines", "qtrade:commands"
_CONSUMER = "engine"  # there is one of a name
_TO, _BODY = b"to", b"command"
_members = msgspec.json.Decoder(Member)
_contracts = msgspec.json.Decoder(ContractRef)
_CURE = (
    "See that the Redis or Valkey server of state.url runs and can be reached from here; it is tried again by itself, "
    "and the pages of the engine's own process go on from memory."
)


class RedisStore:
    """Implements `StateStore` on one database of a server."""

    folder = None

    def __init__(self, url: str) -> None:
        """Connects when it is first used.

        Raises:
            StateError: the URL has options that the client does not know.
        """
        self.place = shown_url(url)
        self._url = url
        self._client = self.connect("dashboard")

    def connect(self, who: str) -> redis.Redis:
        """A client of its own, by which the server's list of clients can tell who is who."""
        try:
            return redis.Redis.from_url(
                self._url,
                protocol=2,
                socket_timeout=SOCKET_S,
                socket_connect_timeout=CONNECT_S,
                retry=Retry(NoBackoff(), 0),
                client_name=f"qtrade-{who}",
            )
        except (ValueError, TypeError) as error:
            raise StateError(f"state.url {self.place}: {error}", "Correct state.url.") from error

    def engines(self) -> tuple[str, ...]:
        with _said(self.place):
            now_s = self._client.time()[0]
            found: Any = self._client.zrange(_ENGINES, now_s - int(SHOWN_S), "+inf", byscore=True)
        return tuple(sorted(name.decode("utf-8", "replace") for name in found))

    def outlet(self, engine: str) -> RedisOutlet:
        return RedisOutlet(self, engine)

    def view(self, engine: str) -> RedisView:
        return RedisView(self._client, self.place, engine)

    def roll(self, group: str) -> RedisRoll:
        return RedisRoll(self, group)


class RedisOutlet:
    """Implements `Outlet`."""

    folder = None
    pause_s = 0.0  # `hear` waits itself

    def __init__(self, store: RedisStore, engine: str, mono: Callable[[], float] = time.monotonic) -> None:
        self.place = store.place
        self._engine = engine
        self._mono = mono
        self._client = store.connect(engine)
        self._sections, self._look = _key(engine, "sections"), _key(engine, "look")
        self._lock = Lock(self._client, _key(engine, "lock"), CLAIM_S, TRY_CLAIM_S, thread_local=False)
        self._token = _who_we_are()
        self._renewed_mono = 0.0
        self._written: Any = None  # the table as we left it there
        self._looks: Any = None  # our subscription; None = not open
        self._server_ahead_s = 0.0  # of the monotonic clock
        self._since = ">"  # which commands are asked for: at first those that an earlier run of ours did not finish

    def claim(self, wait_s: float) -> None:
        with _said(self.place):
            held = self._client.get(self._lock.name)
            if held == self._token:
                return
            if self._lock.acquire(blocking=wait_s > 0.0, blocking_timeout=wait_s or None, token=self._token):  # type: ignore[arg-type]
                self._renewed_mono = self._mono()
                return
            held = self._client.get(self._lock.name)
        raise NameTaken(
            f"state {self.place}: an engine named {self._engine} publishes there already ({_named(held)}). "
            "Stop that one, or give this one another engine.name."
        )

    def open(self, at_wall: float) -> frozenset[str]:
        self.claim(0.0)
        with _said(self.place):
            seconds, micros = self._client.time()
            self._server_ahead_s = seconds + micros / 1e6 - self._mono()
            self._written = self._client.hget(self._sections, SEQS_KEY)
            left: Any = self._client.hkeys(self._sections)
            self._join()
            self._looks = self._client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
            self._looks.subscribe(self._look)
        return frozenset(name.decode("utf-8", "replace") for name in left) - {SEQS_KEY}

    def write(self, values: Mapping[str, Envelope], gone: Iterable[str], table: Mapping[str, int]) -> None:
        """Only while the name is ours and nobody, nor a restart of the server, has put another state there."""
        encoded: dict[Any, Any] = {name: msgspec.json.encode(value) for name, value in values.items()}
        stored = encoded[SEQS_KEY] = msgspec.json.encode(table)
        removed = list(gone)
        with _said(self.place), self._client.pipeline(transaction=True) as pipe:
            pipe.watch(self._lock.name, self._sections)  # type: ignore[no-untyped-call]
            if pipe.get(self._lock.name) != self._token:
                raise StateError(f"{self.place}: the engine's name is not ours any more", _CURE)
            if pipe.hget(self._sections, SEQS_KEY) != self._written:
                raise StateError(f"{self.place}: what was written is not there any more; it is written anew", _CURE)
            pipe.multi()
            if removed:
                pipe.hdel(self._sections, *removed)
            pipe.hset(self._sections, mapping=encoded)
            pipe.pexpire(self._sections, _KEPT_MS)
            pipe.zadd(_ENGINES, {self._engine: self._mono() + self._server_ahead_s})
            pipe.execute()
        self._written = stored

    def hear(self) -> Heard:
        """Waits `HEAR_MS` at most for a command."""
        if self._looks is None:
            return Heard()
        with _said(self.place):
            if self._mono() - self._renewed_mono > RENEW_S:
                self._lock.reacquire()
                self._renewed_mono = self._mono()
            commands = tuple(self._taken())
            looked = False
            while self._looks.get_message(timeout=0.0) is not None:
                looked = True
        return Heard(commands, looked)

    def _join(self) -> None:
        """The group begins with the oldest entry: what came for us while we were not there is judged by its age."""
        try:
            self._client.xgroup_create(_COMMANDS, self._engine, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
        self._since = "0"

    def _taken(self) -> Iterator[Sent]:
        """Those for us leave the stream: they may hold the address of an alert's channel."""
        answer: Any = self._client.xreadgroup(
            self._engine, _CONSUMER, {_COMMANDS: self._since}, count=MOST_AT_ONCE, block=HEAR_MS
        )
        entries = answer[0][1] if answer else []
        if not entries:
            self._since = ">"
            return
        seconds, micros = self._client.time()
        now_ms = seconds * 1000 + micros // 1000
        ours = [entry for entry in entries if entry[1] and entry[1].get(_TO) == self._engine.encode()]
        for entry_id, fields in ours:
            waited_ms = now_ms - int(entry_id.partition(b"-")[0])
            yield Sent(fields.get(_BODY, b""), max(0.0, waited_ms / 1000.0))
        with self._client.pipeline(transaction=False) as pipe:
            pipe.xack(_COMMANDS, self._engine, *[entry_id for entry_id, _ in entries])
            if ours:
                pipe.xdel(_COMMANDS, *[entry_id for entry_id, _ in ours])
            pipe.execute()

    def close(self) -> None:
        if self._looks is not None:
            with suppress(RedisError, OSError):
                self._looks.close()
            self._looks = None
        with suppress(RedisError, OSError):
            self._client.connection_pool.disconnect()

    def release(self) -> None:
        with suppress(RedisError, OSError):
            self._lock.release()
        self.close()


class RedisView:
    """Implements `StoredView`."""

    fresh_s, rest_s = FRESH_S, REST_S

    def __init__(self, client: redis.Redis, place: str, engine: str) -> None:
        self._client = client
        self._place = place
        self._engine = engine
        self._sections, self._look = _key(engine, "sections"), _key(engine, "look")

    def table(self) -> bytes | None:
        with _said(self._place):
            stored: Any = self._client.hget(self._sections, SEQS_KEY)
        return stored if isinstance(stored, bytes) else None

    def values(self, names: Iterable[str]) -> dict[str, bytes]:
        wanted = list(names)
        if not wanted:
            return {}
        with _said(self._place):
            found: Any = self._client.hmget(self._sections, wanted)
        return {name: value for name, value in zip(wanted, found, strict=True) if value is not None}

    def send(self, command: bytes) -> None:
        with _said(self._place):
            self._client.xadd(_COMMANDS, {_TO: self._engine, _BODY: command}, maxlen=COMMANDS_MOST, approximate=True)

    def look(self) -> None:
        with _said(self._place):
            self._client.publish(self._look, b"")

    def close(self) -> None:
        """The connections are the store's, and those of all threads."""


class RedisRoll:
    """Implements `Roll`. Places are judged by the server's clock."""

    def __init__(self, store: RedisStore, group: str) -> None:
        self.place = store.place
        self._client = store.connect(f"share-{group}")
        self._group = group
        self._members = _key(f"share:{group}", "roll")
        self._told: bytes | None = None  # our place as it stands there

    def members(self, own: Member | None) -> tuple[Member, ...]:
        told = msgspec.json.encode(own) if own is not None else None
        with _said(self.place):
            seconds, micros = self._client.time()
            now = seconds + micros / 1e6
            with self._client.pipeline(transaction=True) as pipe:
                if self._told is not None and self._told != told:
                    pipe.zrem(self._members, self._told)
                if told is not None:
                    pipe.zadd(self._members, {told: now})
                pipe.zremrangebyscore(self._members, "-inf", now - EXPIRE_S)
                pipe.pexpire(self._members, _KEPT_MS)
                pipe.zrange(self._members, 0, -1)
                found = pipe.execute()[-1]
        self._told = told
        # The newest last: an engine that was started again with other lines has two places for some seconds.
        newest = {member.name: member for member in (_member(each) for each in found) if member is not None}
        return tuple(sorted(newest.values()))

    def exchange(self, found: Sequence[ContractRef], known: frozenset[int], day: str) -> list[ContractRef]:
        key = _key(f"share:{self._group}", day)
        with _said(self.place):
            if found:
                told: Any = {str(contract.con_id): msgspec.json.encode(contract) for contract in found}
                with self._client.pipeline(transaction=True) as pipe:
                    pipe.hset(key, mapping=told)
                    pipe.pexpire(key, 2 * _KEPT_MS)
                    pipe.execute()
            if self._client.hlen(key) <= len(known):
                return []
            there: Any = self._client.hkeys(key)
            new = [each for each in there if each.isdigit() and int(each) not in known]
            values: Any = self._client.hmget(key, new) if new else []
        return [contract for contract in (_contract(value) for value in values if value is not None) if contract]

    def close(self) -> None:
        with suppress(RedisError, OSError):
            self._client.connection_pool.disconnect()


def _member(stored: bytes) -> Member | None:
    """None = another version's, which is no place here."""
    try:
        return _members.decode(stored)
    except msgspec.DecodeError:
        return None


def _contract(stored: bytes) -> ContractRef | None:
    try:
        return _contracts.decode(stored)
    except msgspec.DecodeError:
        return None


def _key(engine: str, what: str) -> str:
    """The braces keep all of one engine on one machine of a cluster."""
    return f"qtrade:{{{engine}}}:{what}"


def _who_we_are() -> bytes:
    """The lock's token: nobody else's, and readable to who finds the name taken."""
    since = time.strftime("%Y-%m-%d %H:%M")
    return f"{socket.gethostname()} process {os.getpid()}, since {since} {uuid.uuid4().hex}".encode()


def _named(token: Any) -> str:
    text = token.decode("utf-8", "replace") if isinstance(token, bytes) else ""
    return text.rpartition(" ")[0] or "it has just ended; try again in some seconds"


@contextmanager
def _said(place: str) -> Iterator[None]:
    """The library's errors in one of ours. Their words name host and port, and never a password."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise StateError(f"{place}: {str(error) or type(error).__name__}", _CURE) from error
