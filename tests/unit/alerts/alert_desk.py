"""A desk of alerts on a clock that the test moves: facts as the test says them, a sender that answers as it is told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from engine.alerts.channels import ChannelBook
from engine.alerts.desk import AlertDesk
from engine.alerts.facts import Facts, Now
from engine.alerts.outbox import Message, Outcome
from engine.alerts.post import PostOffice
from engine.clock import FakeClock
from engine.state.alert_sections import Delivery, Occurrence, Rule
from engine.state.sections import AccountFigures, PositionRow

ACCEPTED = Outcome("accepted", "taken")
OUT = Outcome("failed", "can't be reached")


def row(con_id: int = 1, **changes: Any) -> PositionRow:
    values: dict[str, Any] = dict.fromkeys(PositionRow.__struct_fields__)
    values |= {
        "con_id": con_id, "local_symbol": f"SYM{con_id}", "name": "", "sec_type": "STK", "quantity": 100.0,
        "multiplier": 1.0, "currency": "USD", "data_type": "live", "spark": (), "has_line": True,
        "last_trade_date": "", "account": "DU1234567", "last": 10.0, "mark": 10.0, "unrealized_pnl": 0.0,
        "daily_pnl": 0.0, "silent": False, "farms_down": "", "message": "", "check": "", "check_differs": False,
        "fills_today": 0, "unit": "",
    }  # fmt: skip
    return PositionRow(**(values | changes))


def figures(daily: float | None = 0.0, **changes: Any) -> AccountFigures:
    return AccountFigures(**({"currency": "USD", "base_currency": "USD", "daily_pnl": daily} | changes))


def facts(daily: float | None = 0.0, **changes: Any) -> Facts:
    """All well, but for what is said."""
    values: dict[str, Any] = {
        "is_connected": True, "feed_dead": False, "figures": {"": figures(daily)}, "rows": (), "signals": (),
    }  # fmt: skip
    return Facts(**(values | changes))


class FakeSender:
    """`answers` by address; what was sent is in `sent` as (address, message)."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Message]] = []
        self.answers: dict[str, Outcome] = {}
        self.pings = 0

    def describe(self, url: str) -> tuple[str, str]:
        return "Fake", f"{url.partition('://')[0]}://…"

    def send(self, url: str, message: Message) -> Outcome:
        outcome = self.answers.get(url, ACCEPTED)
        if outcome.verdict != "failed":
            self.sent.append((url, message))
        return outcome

    def ping(self, url: str) -> Outcome:
        self.pings += 1
        return ACCEPTED


@dataclass
class FakeJournal:
    """Keeps the newest of each, as the tables do; what came in one call came in one transaction. `fails_after` that
    many calls the program dies: nothing more is kept.
    """

    rules: dict[int, Rule] = field(default_factory=dict)
    occurrences: dict[int, Occurrence] = field(default_factory=dict)
    deliveries: dict[tuple[int, str, str], Delivery] = field(default_factory=dict)
    writes: int = 0
    fails_after: float = float("inf")

    def record_rule(self, rule: Rule, at_market: float) -> None:
        if self._is_written():
            self.rules[rule.id] = rule

    def record_occurrence(
        self, occurrence: Occurrence, deliveries: Iterable[Delivery] = (), rule: Rule | None = None
    ) -> None:
        if self._is_written():
            self.occurrences[occurrence.id] = occurrence
            self.record_deliveries(deliveries)
            if rule is not None:
                self.rules[rule.id] = rule

    def record_deliveries(self, deliveries: Iterable[Delivery]) -> None:
        self.deliveries |= {each.key: each for each in deliveries}

    def _is_written(self) -> bool:
        self.writes += 1
        return self.writes <= self.fails_after


class Rig:
    """`step(facts)` lets a second pass; `restart()` is another engine on the same journal."""

    def __init__(self, folder: Path, quiet: Callable[[float], float | None] = lambda wall: None) -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.journal = FakeJournal()
        self.sender = FakeSender()
        self.quiet = quiet
        self.lists: tuple[tuple[int, str], ...] = ()
        self.facts = facts()
        self.loop = asyncio.new_event_loop()
        self.start()

    def start(self) -> None:
        self.post = PostOffice(ChannelBook(self.folder, {}), self.sender, self.clock, self, self._on_disk, str)
        self.desk = AlertDesk(
            self.journal, self.post, self.clock, self.clock.wall, self._gathered, lambda wall: self.quiet(wall),
            lists=lambda: self.lists, accounts=lambda: ("DU1", "DU1234567"), symbol_of=lambda con_id: f"SYM{con_id}",
        )  # fmt: skip
        self.desk.restore(self.journal.rules.values(), self.journal.occurrences.values(), self.deliveries())
        known, self.facts = self.facts, Facts()
        self.desk.step()  # the engine looks before anything came, and before the file of the channels was read
        self.facts = known
        self.do(self.post.open())

    def restart(self, down_s: float = 5.0) -> None:
        self.post.close()
        self.clock.advance(down_s)
        self.start()

    def close(self) -> None:
        self.post.close()
        self.loop.close()

    def deliveries(self) -> list[Delivery]:
        return list(self.journal.deliveries.values())

    # --- Ties ---

    def record(self, deliveries: Iterable[Delivery]) -> None:
        told = list(deliveries)
        self.journal.record_deliveries(told)
        self.desk.on_deliveries(told)

    def flush(self, timeout: float) -> bool:
        return True

    def changed(self) -> None:
        self.desk.on_channels() if hasattr(self, "desk") else None

    # --- the engine's part ---

    def do(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    async def _on_disk(self, work: Callable[[], Any]) -> Any:
        return work()

    def _gathered(self, now: Now, watched: frozenset[int]) -> Facts:
        return replace(self.facts, dead_channels=self.post.dead())

    def channel(self, name: str = "phone") -> None:
        """A channel that took its test."""
        self.do(self.post.keep_channel(name, f"fake://{name}"))
        self.do(self.post.test(name))
        self.sender.sent.clear()

    def rule_now(self, kind: str, **more: Any) -> None:
        """With its kind's own values, to the one channel."""
        self.desk.keep_rule(0, kind, {}, ("phone",), **more)

    def rule(self, kind: str, *channels: str, **values: Any) -> Rule:
        more = {key: values.pop(key) for key in ("cool_down_min", "tell_cleared", "urgent_after_min", "severity")
                if key in values}  # fmt: skip
        self.desk.keep_rule(0, kind, values, channels or ("phone",), **more)
        return list(self.journal.rules.values())[-1]

    def step(self, now: Facts | None = None, seconds: float = 1.0) -> None:
        """A second passes, the desk looks, and the threads of the channels are waited for."""
        if now is not None:
            self.facts = now
        self.clock.advance(seconds)
        self.desk.step()
        self.settle()

    def settle(self) -> None:
        workers = [each.worker for each in self.post._channels.values()]
        while any(each.is_busy for each in (*workers, self.post._heart_worker)):
            time.sleep(0.0005)
        self.do(asyncio.sleep(0))

    def run(self, seconds: int, now: Facts | None = None) -> None:
        for _ in range(seconds):
            self.step(now)

    @property
    def titles(self) -> list[str]:
        return [message.title for _url, message in self.sender.sent]

    def open(self) -> list[Occurrence]:
        return [each for each in self.desk.section().occurrences if each.is_open]
