"""The post office of the alerts: what waits for which channel, the threads that send it, how each channel stands.

Engine thread; a channel's thread comes back through `call`. Nothing here waits for a service.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol
from urllib.parse import urlsplit

from msgspec.structs import replace

from engine.alerts.channels import URL_MOST, ChannelBook, Kept, Sender
from engine.alerts.kinds import RuleRefused
from engine.alerts.outbox import (
    FULL,
    Bucket,
    Message,
    Outcome,
    Verdict,
    after,
    composed,
    due,
    expired,
    filled,
    in_quiet,
    outlived,
    restored,
    sending,
)
from engine.alerts.worker import ChannelWorker, Job
from engine.clock import Clock
from engine.state.alert_sections import ChannelRow, Delivery, HeartbeatRow

log = logging.getLogger("qtrade.alerts")

DEAD_AFTER = 3  # failures in a row
DEAD_AFTER_S = 600.0
HEARTBEAT_S = 60.0
HEARTBEAT = "*heartbeat"  # a job's name that no channel can have
ON_DISK_S = 1.0  # a message is not held back for longer by a disk that can't be written
SENT_KEPT = 50
ANSWER_S = 8.0
TEST = Message("Test of QTrade's alerts", "This is what an alert of QTrade looks like here.", "info")


class Ties(Protocol):
    """What the post office needs of the rest: `record` deliveries in the journal, `flush` it (blocks, any thread)."""

    def record(self, deliveries: Iterable[Delivery]) -> None: ...

    def flush(self, timeout: float) -> bool: ...

    def changed(self) -> None: ...


@dataclass
class _Channel:
    """How one channel stands. Wall times of the engine's steady clock."""

    worker: ChannelWorker
    service: str = ""
    shown: str = ""
    problem: str = ""
    failures: int = 0
    failing_since: float | None = None
    accepted_wall: float | None = None
    failed_wall: float | None = None
    words: str = ""
    bucket: Bucket = FULL
    sent: deque[float] = field(default_factory=lambda: deque(maxlen=SENT_KEPT))

    def dead(self, now_wall: float) -> str:
        """Why it counts as dead; "" = it does not."""
        if self.failing_since is None:
            return ""
        if self.failures >= DEAD_AFTER:
            return f"{self.failures} tries in a row failed: {self.words}"
        if now_wall - self.failing_since >= DEAD_AFTER_S:
            return f"nothing was taken for 10 minutes: {self.words}"
        return ""


class PostOffice:
    """`queue` what is to go out, `step` once a second. Commands of the page are coroutines that answer in words."""

    def __init__(
        self,
        book: ChannelBook,
        sender: Sender,
        clock: Clock,
        ties: Ties,
        on_disk: Callable[[Callable[[], Any]], Awaitable[Any]],
        link: Callable[[], str] = lambda: "",
    ) -> None:
        """`on_disk` does blocking work in the files' thread; `link` = the address of the page of alerts."""
        self._book = book
        self._sender = sender
        self._clock = clock
        self._ties = ties
        self._on_disk = on_disk
        self._link = link
        self._channels: dict[str, _Channel] = {}
        self._deliveries: dict[tuple[int, str, str], Delivery] = {}
        self._tests: dict[str, asyncio.Future[Outcome]] = {}
        self._changing = asyncio.Lock()  # the file of the channels
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_open = False  # before the channels are read none of them is gone
        self._is_closed = False
        self._pinged_wall = float("-inf")
        self.outcomes: Counter[tuple[str, Verdict]] = Counter()  # of messages in this run, by channel
        self._heart: HeartbeatRow | None = None
        self._heart_worker = ChannelWorker("heartbeat", self._from_thread)

    # --- life -------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Read the channels; their services are asked for their names in the background."""
        self._loop = asyncio.get_running_loop()
        await self._on_disk(partial(self._book.load, self._clock.wall()))
        for name in self._book.names():
            self._channel(name)
        self._is_open = True
        if self._book.names() or self._book.heartbeat:
            await self._describe_all()
        self._ties.changed()

    def close(self) -> None:
        """Nothing more goes out; what is under way is not waited for."""
        self._is_closed = True
        for channel in self._channels.values():
            channel.worker.leave()
        self._heart_worker.leave()

    def restore(self, deliveries: Iterable[Delivery]) -> None:
        """What an earlier run left waiting."""
        now = self._clock.wall()
        changed = []
        for delivery in deliveries:
            fresh = restored(delivery, now)
            if fresh is not delivery:
                changed.append(fresh)
            if fresh.key not in self._deliveries:
                self._deliveries[fresh.key] = fresh
        self._ties.record(changed)

    def forget(self) -> None:
        """Another login: what waited is in the former one's journal."""
        self._deliveries.clear()

    # --- out --------------------------------------------------------------------------------------------------

    def usable(self, name: str) -> bool:
        """It is there and a test was accepted."""
        address = self._book.address(name)
        return address is not None and address.confirmed

    def names(self) -> tuple[str, ...]:
        return self._book.names()

    def queue(self, deliveries: Iterable[Delivery]) -> None:
        """The caller has recorded them, together with what they tell of."""
        for delivery in deliveries:
            self._deliveries.setdefault(delivery.key, delivery)

    def step(self, standing: Callable[[], frozenset[int]], quiet_until: float | None) -> None:
        """Hand each idle channel what is due. `standing()` = ids of the occurrences that are still worth a message;
        `quiet_until` None = it is not quiet now.
        """
        if not self._is_open or self._is_closed:
            return
        now = self._clock.wall()
        if self._deliveries:
            self._tidy(now, standing, quiet_until)
            for name, channel in self._channels.items():
                if not channel.worker.is_busy and self.usable(name):
                    self._send(name, channel, now)
        if self._book.heartbeat and now - self._pinged_wall >= HEARTBEAT_S:
            url = self._book.heartbeat
            if self._heart_worker.offer(Job(HEARTBEAT, lambda: self._sender.ping(url))):
                self._pinged_wall = now

    def _tidy(self, now: float, standing: Callable[[], frozenset[int]], quiet_until: float | None) -> None:
        changed = []
        still: frozenset[int] | None = None
        for delivery in list(self._deliveries.values()):
            fresh = in_quiet(expired(delivery, now), quiet_until, now)
            if fresh.held and fresh.is_waiting and fresh.next_wall <= now:
                still = standing() if still is None else still
                fresh = replace(fresh, held=False) if fresh.occurrence_id in still else outlived(fresh, now)
            if delivery.channel not in self._channels and delivery.is_waiting:
                fresh = outlived(delivery, now)
            if fresh is not delivery:
                changed.append(fresh)
                self._keep(fresh)
        self._ties.record(changed)

    def _keep(self, delivery: Delivery) -> None:
        if delivery.is_waiting or delivery.state == "sending":
            self._deliveries[delivery.key] = delivery
        else:
            self._deliveries.pop(delivery.key, None)

    def _send(self, name: str, channel: _Channel, now: float) -> None:
        channel.bucket = filled(channel.bucket, now)
        mine = [each for each in self._deliveries.values() if each.channel == name]
        ready = due(mine, channel.sent, channel.bucket, now)
        address = self._book.address(name)
        if not ready or address is None:
            return
        message = composed(ready, self._link())
        under_way = tuple(sending(each, now) for each in ready)

        def work() -> Outcome:
            self._ties.flush(ON_DISK_S)  # a crash from here on leaves it known as under way
            return self._sender.send(address.url, message)

        for each in under_way:
            self._keep(each)
        self._ties.record(under_way)  # before the channel's thread may ask for it to be on the disk
        channel.bucket = channel.bucket._replace(tokens=channel.bucket.tokens - 1.0)
        channel.worker.offer(Job(name, work, under_way))  # idle: taken

    def _from_thread(self, job: Job, outcome: Outcome) -> None:
        loop = self._loop
        if loop is not None and not self._is_closed:
            with suppress(RuntimeError):  # the loop was closed between the question and the call
                loop.call_soon_threadsafe(self._sent, job, outcome)

    def _sent(self, job: Job, outcome: Outcome) -> None:
        now = self._clock.wall()
        if job.what == HEARTBEAT:
            self._beat(outcome, now)
            return
        self.outcomes[job.what, outcome.verdict] += 1
        channel = self._channels.get(job.what)
        if channel is not None:
            _note(channel, outcome, now)
            if outcome.verdict == "accepted":
                channel.sent.extend([now] * len(job.deliveries))
                self._hurry(job.what, now)
        known = [each for each in job.deliveries if each.key in self._deliveries]  # others are a former login's
        fresh = [after(each, outcome, now) for each in known]
        for each in fresh:
            self._keep(each)
        self._ties.record(fresh)
        waiting = self._tests.pop(job.what, None) if not job.deliveries else None
        if waiting is not None and not waiting.done():
            waiting.set_result(outcome)
        self._ties.changed()

    def _hurry(self, name: str, now: float) -> None:
        """It takes messages again: what waits for another try need not wait longer."""
        for each in list(self._deliveries.values()):
            if each.channel == name and each.state in ("retry", "uncertain") and each.next_wall > now:
                self._keep(replace(each, next_wall=now))

    def _beat(self, outcome: Outcome, now: float) -> None:
        before = self._heart
        ok = now if outcome.verdict == "accepted" else before.ok_wall if before else None
        shown, source = _host(self._book.heartbeat), self._book.heartbeat_source
        self._heart = HeartbeatRow(shown, source, ok, outcome.words)
        if before is None or (before.words, before.shown) != (outcome.words, shown):
            self._ties.changed()

    # --- channels ---------------------------------------------------------------------------------------------

    def _channel(self, name: str) -> _Channel:
        channel = self._channels.get(name)
        if channel is None:
            channel = self._channels[name] = _Channel(ChannelWorker(name, self._from_thread))
        return channel

    async def _describe_all(self) -> None:
        for name in self._book.names():
            address, channel = self._book.address(name), self._channels.get(name)
            if address is None or channel is None or channel.service:
                continue  # deleted or kept anew meanwhile
            try:
                channel.service, channel.shown = await asyncio.to_thread(self._sender.describe, address.url)
            except RuleRefused:
                channel.problem = "Its address is none that Apprise knows."
            except Exception as error:  # a plug-in's bug must not keep the others
                channel.problem = f"Its address can't be read ({type(error).__name__})."
        if self._book.heartbeat:
            self._heart = HeartbeatRow(_host(self._book.heartbeat), self._book.heartbeat_source)

    async def keep_channel(self, name: str, url: str) -> str:
        """A new address under this name, to be tested before it is used. Raises RuleRefused, OSError."""
        if not url or len(url) > URL_MOST or any(c.isspace() for c in url):
            raise RuleRefused(f"An address has 1 to {URL_MOST} characters and no blanks.", {"url": "url"})
        self._book.with_channel(name, url)
        service, shown = await asyncio.to_thread(self._sender.describe, url)
        await self._save(lambda: self._book.with_channel(name, url))
        known = self._channels.pop(name, None)
        if known is not None:
            known.worker.leave()
        channel = self._channel(name)
        channel.service, channel.shown = service, shown
        self._ties.changed()
        return f"{name} is kept. Press Test: nothing else is sent to it before a test was taken."

    async def delete_channel(self, name: str) -> str:
        await self._save(lambda: self._book.without(name))
        gone = self._channels.pop(name, None)
        if gone is not None:
            gone.worker.leave()
        self._ties.changed()
        return f"{name} is deleted."

    async def keep_heartbeat(self, url: str) -> str:
        """Where a sign of life goes each minute; "" = nowhere."""
        if url and not url.startswith(("http://", "https://")):
            raise RuleRefused("The heartbeat's address begins with https:// or http://.", {"url": "url"})
        if len(url) > URL_MOST or any(c.isspace() for c in url):
            raise RuleRefused(f"An address has at most {URL_MOST} characters and no blanks.", {"url": "url"})
        await self._save(lambda: self._book.with_heartbeat(url))
        self._heart = HeartbeatRow(_host(url), "file") if url else None
        self._pinged_wall = float("-inf")
        self._ties.changed()
        return "A sign of life goes out each minute." if url else "No sign of life goes out any more."

    async def _save(self, change: Callable[[], Kept | None]) -> None:
        """One change after the other, each of what the one before has left; None = nothing changes."""
        async with self._changing:
            kept = change()
            if kept is not None:
                await self._on_disk(partial(self._book.save, kept))
                self._book.use(kept)

    async def test(self, name: str) -> str:
        """Send a test now and say what became of it. Raises RuleRefused."""
        address, channel = self._book.address(name), self._channels.get(name)
        if address is None or channel is None:
            raise RuleRefused(f"There is no channel {name!r} any more.")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Outcome] = loop.create_future()
        if name in self._tests or not channel.worker.offer(Job(name, lambda: self._sender.send(address.url, TEST))):
            raise RuleRefused(f"{name} is sending already; try again in a few seconds.")
        self._tests[name] = answer
        answer.add_done_callback(lambda done: self._confirm(name, address.url, done))
        try:
            outcome = await asyncio.wait_for(asyncio.shield(answer), ANSWER_S)
        except TimeoutError:
            return f"{name}: sent, no answer yet. Its line will say how it went."
        if outcome.verdict != "accepted":
            raise RuleRefused(f"{name}: {outcome.words}.")
        return f"{name}: the service took the test. See whether it has arrived."

    def _confirm(self, name: str, url: str, done: asyncio.Future[Outcome]) -> None:
        address = self._book.address(name)
        if done.cancelled() or done.result().verdict != "accepted" or address is None or address.url != url:
            return
        kept = None if address.confirmed else self._book.confirmed(name, url)
        if kept is not None:
            self._book.use(kept)
            task = asyncio.get_running_loop().create_task(self._save(lambda: self._book.confirmed(name, url)))
            task.add_done_callback(_log_failure)

    # --- answers ----------------------------------------------------------------------------------------------

    def dead(self) -> dict[str, str]:
        """Channels that take nothing any more, and why."""
        now = self._clock.wall()
        return {
            name: why
            for name, channel in self._channels.items()
            if self.usable(name) and (why := channel.dead(now))  # nothing waits for one that never took a test
        }

    def rows(self) -> tuple[ChannelRow, ...]:
        now = self._clock.wall()
        waiting: dict[str, int] = {}
        for delivery in self._deliveries.values():
            waiting[delivery.channel] = waiting.get(delivery.channel, 0) + 1
        return tuple(
            ChannelRow(
                name=name,
                service=channel.service,
                shown=channel.shown,
                source=self._book.source(name),
                confirmed=self.usable(name),
                dead=channel.dead(now),
                waiting=waiting.get(name, 0),
                accepted_wall=channel.accepted_wall,
                failed_wall=channel.failed_wall,
                words=channel.words,
                problem=channel.problem,
            )
            for name, channel in self._channels.items()
        )

    @property
    def heartbeat(self) -> HeartbeatRow | None:
        return self._heart

    @property
    def waiting(self) -> tuple[Delivery, ...]:
        return tuple(self._deliveries.values())


def _note(channel: _Channel, outcome: Outcome, now: float) -> None:
    channel.words = outcome.words
    if outcome.verdict == "accepted":
        channel.failures, channel.failing_since, channel.accepted_wall = 0, None, now
        return
    channel.failures += 1
    channel.failed_wall = now
    if channel.failing_since is None:
        channel.failing_since = now


def _host(url: str) -> str:
    """An address without its user, path and query, which are its secrets."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:  # of a port that is none
        return "…"
    return f"{parts.scheme}://{parts.hostname}{port}/…" if parts.hostname else ""


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("That a channel was tested could not be kept: %s", type(error).__name__)
