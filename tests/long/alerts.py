"""Alerts of a running engine by mail and web hook: told once, over a restart, with a hook that is away for ten minutes.

The engine keeps its own times, the simulated market is moved by its control port. Argument: minutes away (10).
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
import uuid
from contextlib import closing
from pathlib import Path
from typing import Any

from engine.kernel.login import JOURNAL_FILE
from engine.state.alert_sections import AlertsSection
from engine.state.commands import ChangeChannel, Command, KeepChannel, KeepRule
from tests.integration.engine_bench import EngineBench, SimulatorRun, running_engine, running_simulator, wait_for
from tests.integration.receivers import Hook, MailServer
from tests.long.report import finish

MINUTES = 10.0
MOVED = "ZWZ5"
BEGIN, LEVEL, BEYOND = 448.25, 455.0, 460.0
ONCE_S = 120.0  # what is told twice is told by then


class Watcher:
    """One engine with its receivers."""

    def __init__(self, bench: EngineBench, simulator: SimulatorRun) -> None:
        self.bench, self.simulator = bench, simulator

    def ask(self, command: Command) -> Any:
        self.bench.send(command)

        def answer() -> Any:
            found = self.bench.read("answers")
            return next((each for each in found.answers if each.request_id == command.request_id), None)

        said = wait_for(answer, f"an answer to {type(command).__name__}")
        assert said.ok, said.text
        return said.text

    def rule(self, kind: str, *channels: str, **values: Any) -> None:
        self.ask(KeepRule(uuid.uuid4().hex, 0, kind, values, channels, cool_down_min=15.0))

    def channel(self, name: str, url: str) -> None:
        self.ask(KeepChannel(uuid.uuid4().hex, name, url))
        self.ask(ChangeChannel(uuid.uuid4().hex, name, "test"))

    def alerts(self) -> AlertsSection:
        section = self.bench.read("alerts")
        assert isinstance(section, AlertsSection)
        return section

    def is_priced(self) -> bool:
        row = self.bench.position(MOVED)
        return row is not None and row.mark is not None and self.alerts().is_ready

    def pin(self, price: float | None) -> None:
        self.simulator.call("POST", "/pin", {"con_id": self.bench.position(MOVED).con_id, "price": price})
        wait_for(lambda: price is None or self.bench.position(MOVED).mark == price, f"the mark at {price}")


def make_rules(watch: Watcher) -> None:
    """One rule of each kind that the simulator can bring about, and one of what is so already."""
    watch.pin(BEGIN)
    time.sleep(3.0)
    row = watch.bench.position(MOVED)
    watch.rule("price", "hook", "mail", symbol=row.con_id, side="up", level=LEVEL, often="each")
    watch.rule("position_pnl", "mail", symbol=row.con_id, side="above", amount=row.unrealized_pnl + 100.0)
    watch.rule("link", "mail", minutes=1)
    watch.rule("disk", "mail", gb=10_000.0)
    wait_for(lambda: len(watch.alerts().rules) == 4, "the rules")


def titles(mail: MailServer) -> list[str]:
    """Each alert by itself: a digest names them in its lines."""
    found = []
    for subject, text in mail.mails:
        if "Test of" in subject:
            continue
        lines = [line[2:].partition(". ")[0] for line in text.splitlines() if line.startswith("- ")]
        found += lines or [subject.removeprefix("Urgent: ")]
    return found


def main(arguments: list[str]) -> int:
    away_s = 60.0 * (float(arguments[0]) if arguments else MINUTES)
    mail, hook = MailServer(), Hook()
    options = ("--portfolio", "world", "--seed", "4", "--fresh")
    with tempfile.TemporaryDirectory() as name, running_simulator(*options) as simulator:
        folder = Path(name)
        with running_engine(simulator.port, folder, "simulated") as bench:
            watch = Watcher(bench, simulator)
            wait_for(watch.is_priced, "prices")
            watch.channel("mail", f"mailto://127.0.0.1:{mail.port}?from=qtrade@example.org&to=me@example.org")
            watch.channel("hook", f"json://127.0.0.1:{hook.port}/secret")
            make_rules(watch)
            time.sleep(10.0)
            hook.stop()
            gone = time.monotonic()
            watch.pin(BEYOND)
            for words in ("455", "unrealised"):
                wait_for(lambda words=words: any(words in title for title in titles(mail)), f"{words} by mail")
            time.sleep(ONCE_S)
        with running_engine(simulator.port, folder, "simulated") as bench:
            watch = Watcher(bench, simulator)
            wait_for(watch.is_priced, "prices after the restart")
            time.sleep(max(0.0, away_s - (time.monotonic() - gone)))
            again = Hook(hook.port)
            back = time.monotonic()
            wait_for(
                lambda: again.posts, "the hook gets it", 1_300.0
            )  # its next try is a quarter of an hour after the last
            after_s = time.monotonic() - back
            time.sleep(30.0)
            told = [post["title"] for post in again.posts]
            simulator.kill()
            wait_for(lambda: any("can't be reached" in title for title in titles(mail)), "the lost link", 300.0)
            time.sleep(20.0)
        journal = next(folder.rglob(JOURNAL_FILE))
        with closing(sqlite3.connect(journal)) as connection:
            query = "SELECT channel, event, count(*) FROM alert_receipts GROUP BY 1, 2"
            receipts = connection.execute(query).fetchall()
    mail.stop()
    again.stop()
    by_mail = titles(mail)
    twice = sorted({title for title in by_mail if by_mail.count(title) > 1})
    figures = {
        "by mail": by_mail,
        "by hook": told,
        "after the hook was back s": round(after_s, 1),
        "receipts": receipts,
    }
    passed = not twice and sum("455" in title for title in told) == 1 and len(told) == len(set(told))
    passed = passed and len(by_mail) >= 3 and not any("GB" in title for title in by_mail)
    said = (
        f"{len(by_mail)} alerts by mail, {len(twice)} of them twice; the hook was away for {away_s / 60.0:g} min and"
        f" got {len(told)} after {after_s:.0f} s; a restart between"
    )
    return finish("alerts", passed, figures, said)
