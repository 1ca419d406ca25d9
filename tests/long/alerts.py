"""Alerts of a running engine by mail and web hook: each kind told once, over a restart, with a hook that is away for
ten minutes; and what a thousand conditions that flap cost.

The engine keeps its own times, the simulated market is moved by its control port. The hook's alert comes while the hook
is away, so that its fourth try, 400 s later, is the first that finds it back. Argument: minutes away (10).
"""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from engine.alerts.kinds import KINDS
from engine.alerts.outbox import GROUP_WAIT_S, RETRY_S
from engine.kernel.login import JOURNAL_FILE
from engine.state.alert_sections import AlertsSection, Occurrence
from engine.state.commands import ApplySettings, ChangeChannel, Command, KeepChannel, KeepRule
from tests.integration.engine_bench import EngineBench, SimulatorRun, running_engine, running_simulator, wait_for
from tests.integration.receivers import Hook, MailServer
from tests.long.report import ROOT, finish

MINUTES = 10.0
MOVED, TRADED, SILENT, REFUSED = "ZWZ5", "ESZ5", "NQZ5", "AAPL"
BEGIN, LEVEL, BEYOND, HOOKED, ABOVE = 448.25, 455.0, 560.0, 600.0, 610.0
FEW_LINES = 12  # for 24 positions
SPARE_GB = 0.5
SILENT_MOST_S = 720.0  # on a machine that stands still for seconds a symbol may be silent for longer
LAST_TRY_S = GROUP_WAIT_S + sum(RETRY_S[:3])
STEPS_S = 8.0  # how much later than that the fourth try may be, or earlier
AFTER_S = 30.0  # what is told twice is told by then
FLAPPING = [sys.executable, "-m", "benchmarks.alerts", "20"]


class Watcher:
    """One engine with its simulator."""

    def __init__(self, bench: EngineBench, simulator: SimulatorRun) -> None:
        self.bench, self.simulator = bench, simulator

    def ask(self, command: Command) -> None:
        self.bench.send(command)

        def answer() -> Any:
            found = self.bench.read("answers")
            return next((each for each in found.answers if each.request_id == command.request_id), None)

        said = wait_for(answer, f"an answer to {type(command).__name__}")
        assert said.ok, said.text

    def rule(self, kind: str, *channels: str, **values: Any) -> None:
        self.ask(KeepRule(uuid.uuid4().hex, 0, kind, values, channels or ("mail",)))

    def channel(self, name: str, url: str) -> None:
        self.ask(KeepChannel(uuid.uuid4().hex, name, url))
        self.ask(ChangeChannel(uuid.uuid4().hex, name, "test"))

    def alerts(self) -> AlertsSection:
        section = self.bench.read("alerts")
        assert isinstance(section, AlertsSection)
        return section

    def told(self, kind: str) -> list[Occurrence]:
        return [each for each in self.alerts().occurrences if each.kind == kind and not each.found]

    def is_priced(self) -> bool:
        row = self.bench.position(MOVED)
        return row is not None and row.mark is not None and self.alerts().is_ready

    @property
    def figures(self) -> Any:
        return self.bench.read("positions").account

    @property
    def cushion(self) -> float:
        return float(100.0 * self.figures.excess_liquidity / self.figures.net_liquidation)

    def pin(self, price: float) -> None:
        self.simulator.call("POST", "/pin", {"con_id": self.bench.position(MOVED).con_id, "price": price})
        wait_for(lambda: self.bench.position(MOVED).mark == price, f"the mark at {price}")

    def con_id(self, symbol: str) -> int:
        return int(next(each[0] for each in self.bench.read("universe").symbols if each[1] == symbol))


def make_rules(watch: Watcher, folder: Path) -> None:
    """One of each kind; none of them is so yet, or it counts as listed."""
    watch.pin(BEGIN)
    row = watch.bench.position(MOVED)
    watch.pin(BEGIN + 1.0)
    moved = watch.bench.position(MOVED)
    jump = (BEYOND - BEGIN) * (moved.unrealized_pnl - row.unrealized_pnl)
    watch.pin(BEGIN)
    now = wait_for(lambda: watch.figures if watch.figures.daily_pnl is not None else None, "the account's P&L")
    watch.rule("price", symbol=row.con_id, side="up", level=LEVEL, often="each")
    watch.rule("price", "hook", "mail", symbol=row.con_id, side="up", level=HOOKED, often="once")
    watch.rule("position_pnl", symbol=row.con_id, side="above", amount=row.unrealized_pnl + jump / 2.0)
    watch.rule("day_pnl", side="above", amount=now.daily_pnl + jump / 2.0)
    watch.rule("account_pnl", side="above", amount=now.unrealized_pnl + jump / 2.0)
    watch.rule("cushion", pct=watch.cushion - 3.0)
    watch.rule("expiry", days=60)
    watch.rule("disk", gb=free_gb(folder) - SPARE_GB)
    watch.rule("no_price", seconds=0)
    watch.rule("refused")
    watch.rule("signal", score=0.0)
    watch.rule("feed_dead")
    watch.rule("link", minutes=1)
    time.sleep(3.0)  # each has looked


def free_gb(folder: Path) -> float:
    usage = os.statvfs(folder)
    return round(usage.f_bavail * usage.f_frsize / 1e9, 1)


def bring_about(watch: Watcher, folder: Path, silent: int, step: Callable[[str], None]) -> None:
    """All kinds but those of the end, one after the other so that no digest hides them."""

    def told(kind: str, within: float = 60.0) -> None:
        wait_for(lambda: watch.told(kind), f"an alert of the kind {kind}", within)
        step(kind)

    watch.simulator.fault("mute_ticks", con_id=silent)
    watch.pin(BEYOND)
    for kind in ("price", "position_pnl", "day_pnl", "account_pnl"):
        told(kind)
    with (folder / "much").open("wb") as much:
        os.posix_fallocate(much.fileno(), 0, int(2.0 * SPARE_GB * 1e9))
    told("disk")
    watch.simulator.call("POST", "/trade", {"con_id": watch.con_id(TRADED), "shares": "1"})
    told("expiry")
    told("cushion")


def titles(mail: MailServer) -> tuple[list[str], int]:
    """Each alert that a message names, and how many they tell of: a digest names the first five."""
    found, count = [], 0
    for subject, text in mail.mails:
        many = re.match(r"(?:Urgent: )?(\d+) alerts: ", subject)
        if "Test of" in subject:
            continue
        lines = [line[2:].partition(". ")[0] for line in text.splitlines() if line.startswith("- ")]
        found += lines or [subject.removeprefix("Urgent: ")]
        count += int(many[1]) if many else 1
    return found, count


def until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))


def main(arguments: list[str]) -> int:
    away_s = 60.0 * (float(arguments[0]) if arguments else MINUTES)
    mail, hook = MailServer(), Hook()
    steps: list[tuple[float, str]] = []
    began = time.monotonic()

    def step(what: str) -> None:
        steps.append((round(time.monotonic() - began, 1), what))
        print(f"{steps[-1][0]:7.1f} s  {what}", flush=True)

    options = ("--portfolio", "world", "--seed", "4", "--fresh")
    with tempfile.TemporaryDirectory() as name, running_simulator(*options) as simulator:
        folder = Path(name)
        with running_engine(simulator.port, folder, "simulated") as bench:
            watch = Watcher(bench, simulator)
            wait_for(watch.is_priced, "prices")
            watch.channel("mail", f"mailto://127.0.0.1:{mail.port}?from=qtrade@example.org&to=me@example.org")
            watch.channel("hook", f"json://127.0.0.1:{hook.port}/secret")
            make_rules(watch, folder)
            step("rules of all kinds")
            flow = bench.engine.rooms.bus.feed  # type: ignore[union-attr]
            silent = bench.position(SILENT).con_id
            wait_for(lambda: flow.expects(silent), f"enough ticks of {SILENT} to miss them", 180.0)
            hook.stop()
            gone = time.monotonic()
            step("the hook is away")
            bring_about(watch, folder, silent, step)
            wait_for(lambda: watch.told("signal"), "a signal", 300.0)
            step("a signal")
            until(gone + away_s - LAST_TRY_S + STEPS_S)
            watch.pin(ABOVE)
            pinned = time.monotonic()
            wait_for(lambda: len(watch.told("price")) == 2, "the price for the hook")
            wait_for(lambda: watch.told("channel"), "the dead channel", 150.0)
            step("the hook counts as dead")
            wait_for(lambda: watch.told("no_price"), "an alert of the kind no_price", SILENT_MOST_S)
            step("no_price")
            watch.ask(ApplySettings(uuid.uuid4().hex, {"lines.limit": FEW_LINES}))
            time.sleep(3.0)  # lines that are held stay: one more position is refused one
            watch.simulator.call("POST", "/trade", {"con_id": watch.con_id(REFUSED), "shares": "1"})
            wait_for(lambda: watch.told("refused"), "an alert of the kind refused")
            step("refused")
        step("stopped")
        with running_engine(simulator.port, folder, "simulated", lines__limit=FEW_LINES) as bench:
            watch = Watcher(bench, simulator)
            wait_for(watch.is_priced, "prices after the restart")
            step("started again")
            flapping = subprocess.run(FLAPPING, cwd=ROOT, capture_output=True, text=True, check=False)
            step(flapping.stdout.splitlines()[0] if flapping.stdout else flapping.stderr)
            until(pinned + LAST_TRY_S - STEPS_S)
            again = Hook(hook.port)
            back = time.monotonic()
            step("the hook is back")
            is_told = wait_or_not(lambda: again.posts, RETRY_S[-1] + STEPS_S)
            after_s = time.monotonic() - back
            step("the hook got it" if is_told else "the hook got nothing")
            simulator.fault("mute_ticks")
            wait_for(lambda: watch.told("feed_dead"), "the dead feed", 240.0)
            simulator.kill()
            wait_for(lambda: watch.told("link"), "the lost link", 240.0)
            time.sleep(AFTER_S)
            known = watch.alerts().occurrences
            step("all kinds")
        receipts = receipts_of(next(folder.rglob(JOURNAL_FILE)))
    mail.stop()
    again.stop()
    by_mail, mailed = titles(mail)
    by_hook = [post["title"] for post in again.posts]
    subjects = Counter((each.rule_id, each.subject) for each in known if each.kind != "signal")
    faults = {
        "kinds never told": sorted({*KINDS, "channel"} - {each.kind for each in known if not each.found}),
        "found twice": [each.title for each in known if subjects[each.rule_id, each.subject] > 1],
        "by mail twice": sorted({title for title in by_mail if by_mail.count(title) > 1}),
        "told although it was so before": [
            each.title for each in known if each.found and (each.id, "mail") in receipts
        ],
        "mails beside receipts": [] if mailed == sum(who == "mail" for _id, who in receipts) else [mailed],
        "receipts twice": [key for key, count in receipts.items() if count > 1],
        "hook": [] if by_hook == [f"{MOVED} at {HOOKED:,.2f}"] and after_s <= RETRY_S[-1] else by_hook or ["-"],
        "flapping": [] if flapping.returncode == 0 else [flapping.stdout],
    }
    figures = {"by mail": by_mail, "by hook": by_hook, "after the hook was back s": round(after_s, 1), "steps": steps}
    figures |= {
        "flapping": flapping.stdout.splitlines(),
        "faults": {what: found for what, found in faults.items() if found},
    }
    said = (
        f"{len(KINDS) + 1} kinds, {mailed} alerts by mail, {len(faults['by mail twice'])} of them twice; the hook was"
        f" away for {(back - gone) / 60.0:.1f} min and got its {len(by_hook)} after {after_s:.0f} s; a restart between;"
        f" {figures['faults'] or flapping.stdout.splitlines()[0]}"
    )
    return finish("alerts", not figures["faults"], figures, said)


def wait_or_not(is_so: Callable[[], Any], within: float) -> bool:
    try:
        wait_for(is_so, "what may not come", within)
    except AssertionError:
        return False
    return True


def receipts_of(journal: Path) -> Counter[tuple[int, str]]:
    """How often each alert was taken by each channel."""
    with closing(sqlite3.connect(journal)) as connection:
        rows = connection.execute("SELECT occurrence_id, channel, event, tries FROM alert_receipts").fetchall()
    return Counter((occurrence, channel) for occurrence, channel, event, _tries in rows if event == "raised")
