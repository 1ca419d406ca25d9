"""Thirty minutes of churn on the line budget, judged by the gateway's own ledger.

Scans, pins, drill-downs, positions that are opened and closed, TWS windows that take 0 to 20 lines, settings: a seeded
random walk, while the spare lines rotate. Arguments: minutes, seed.
"""

from __future__ import annotations

import math
import random
import tempfile
import threading
import time
from collections.abc import Set
from pathlib import Path
from typing import Any

from engine.state.commands import ApplySettings, OpenSymbol, PinSymbol
from engine.state.sections import SignalsSection
from tests.integration.engine_bench import EngineBench, SimulatorRun, running_engine, running_simulator, wait_for
from tests.long.report import finish

MINUTES, SEED = 30.0, 17
LIMIT, BUFFER, DWELL_S = 50, 5, 5.0
BRIEF_S = 0.5  # after the first tick a visit for the price of a running signal lasts so long at least
POSITIONS_MOST = 9
CUT_FOR_POSITION_S = 3.0  # a visit that was cut short for a position left at most so long before its request
ANSWER_S = 2.0
MINUTES_PER_TIMED = 3.0  # at least one position has to be timed in so many minutes of churn
PRESETS = ("Momentum", "Since open", "Relative volume", "52-week high", "Trend break", "Volume pace", "Short side")


class Churn:
    """Does something to the engine or the gateway every few seconds, and notes what the judgement needs."""

    def __init__(self, bench: EngineBench, simulator: SimulatorRun, seed: int) -> None:
        self._bench, self._simulator, self._random = bench, simulator, random.Random(seed)
        self._mine: list[int] = []
        self._pinned: list[int] = []
        self._number = 0
        self._windows = 0
        self.position_line_s: list[float] = []
        self.slow: list[str] = []  # positions that waited too long, and where the time went
        self.done: dict[str, int] = {}
        self._deeds = (
            (self.open_position, 5),
            (self.close_position, 5),
            (self.pin, 4),
            (self.unpin, 4),
            (self.drill_down, 4),
            (self.windows_take_lines, 2),
            (self.scans_change, 2),
            (self.thresholds_change, 2),
        )

    def step(self) -> None:
        deeds, weights = zip(*self._deeds, strict=True)
        deed = self._random.choices(deeds, weights)[0]
        self.done[deed.__name__] = self.done.get(deed.__name__, 0) + 1
        deed()

    def rest(self) -> None:
        """No more TWS windows, pins and extra positions."""
        self._take_lines(0)
        while self._pinned:
            self.unpin()
        while self._mine:
            self.close_position()

    def open_position(self) -> None:
        con_id = self._somebody()
        if con_id is None or len(self._mine) >= POSITIONS_MOST or con_id in self._mine:
            return
        self._mine.append(con_id)
        self._simulator.call("POST", "/position", {"con_id": con_id, "quantity": self._random.choice((100, -50, 300))})
        if self._windows == 0:  # a learned cap that is still lower changes nothing: one line goes for it
            opened = [event for event in self._simulator.ledger()["positions_opened"] if event["con_id"] == con_id]
            if opened:
                self._await_line(con_id, opened[-1]["wall"])

    def _await_line(self, con_id: int, since: float) -> None:
        deadline = time.monotonic() + 10.0
        while time.monotonic() < deadline:
            ledger = self._simulator.ledger()
            if any(line["con_id"] == con_id for line in ledger["lines"]):
                self._timed(con_id, ledger["wall"] - since, since, ledger)
                return
            threading.Event().wait(0.05)
        self._timed(con_id, 10.0, since, self._simulator.ledger())

    def _timed(self, con_id: int, took_s: float, since: float, ledger: dict[str, Any]) -> None:
        self.position_line_s.append(took_s)
        if took_s > ANSWER_S:
            asked = [ask["wall"] - since for ask in ledger["position_asks"] if ask["con_id"] == con_id]
            opened = [line["opened_wall"] - since for line in ledger["lines"] if line["con_id"] == con_id]
            late_ms = self._bench.read("health").loop_lateness_p99_ms
            self.slow.append(
                f"{con_id}: asked for after {asked}, opened after {opened} s of {took_s:.1f}, "
                f"errors {ledger['errors']}, the engine's loop is up to {late_ms:.0f} ms late; {self._sentence(con_id)}"
            )

    def _sentence(self, con_id: int) -> str:
        rows = self._bench.read("coverage").rows
        return next((row.why for row in rows if row.con_id == con_id), "not in the universe")

    def close_position(self) -> None:
        if self._mine:
            con_id = self._mine.pop(self._random.randrange(len(self._mine)))
            self._simulator.call("POST", "/position", {"con_id": con_id, "quantity": 0})

    def pin(self) -> None:
        con_id = self._somebody()
        if con_id is not None and len(self._pinned) < 6:
            self._pinned.append(con_id)
            self._send(lambda request: PinSymbol(request, con_id, True))

    def unpin(self) -> None:
        if self._pinned:
            con_id = self._pinned.pop(0)
            self._send(lambda request: PinSymbol(request, con_id, False))

    def drill_down(self) -> None:
        con_id = self._somebody()
        if con_id is not None:
            self._send(lambda request: OpenSymbol(request, con_id, "churn"))

    def windows_take_lines(self) -> None:
        self._take_lines(self._random.choice((0, 0, self._random.randrange(1, 21))))

    def scans_change(self) -> None:
        chosen = self._random.sample(PRESETS, self._random.randrange(3, len(PRESETS)))
        self._send(lambda request: ApplySettings(request, {"market_scan.enabled": chosen}))

    def thresholds_change(self) -> None:
        surge = self._random.choice((1.2, 1.5, 2.0))
        self._send(lambda request: ApplySettings(request, {"breakout.volume_surge": surge}))

    def _take_lines(self, count: int) -> None:
        self._windows = count
        self._simulator.fault("line_limit", limit=LIMIT - count)

    def _somebody(self) -> int | None:
        section = self._bench.read("coverage")
        return self._random.choice(section.rows).con_id if section is not None and section.rows else None

    def _send(self, make: Any) -> None:
        self._number += 1
        self._bench.send(make(f"churn-{self._number}"))


def cut_short(
    cancels: list[dict[str, Any]],
    asks: list[dict[str, Any]],
    opened: list[dict[str, Any]],
    signals: Set[int] = frozenset(),
) -> list[dict[str, Any]]:
    """Cancels inside the dwell that nothing explains. A position explains one: that before its request for a line,
    or, when it was closed again before it could ask, one after it was opened. A contract among `signals` (it has had a
    running signal) may have been visited for its price alone, which takes a second, half of it after its first tick."""
    unasked = [o for o in opened if not any(_asks_for(o, ask) for ask in asks)]
    reasons = [(ask["wall"] - CUT_FOR_POSITION_S, ask["wall"]) for ask in asks]
    reasons += [(event["wall"], event["wall"] + CUT_FOR_POSITION_S) for event in unasked]
    reasons.sort(key=lambda span: span[1])
    unexplained = []
    brief = [e for e in cancels if e["age_s"] < DWELL_S and not (e["con_id"] in signals and e["age_s"] >= BRIEF_S)]
    for event in sorted(brief, key=lambda e: e["wall"]):
        reason = next((span for span in reasons if span[0] <= event["wall"] <= span[1]), None)
        if reason is None:
            unexplained.append(event)
        else:
            reasons.remove(reason)
    return unexplained


def _asks_for(opened: dict[str, Any], ask: dict[str, Any]) -> bool:
    return ask["con_id"] == opened["con_id"] and 0.0 <= ask["wall"] - opened["wall"] <= CUT_FOR_POSITION_S


def orphans(bench: EngineBench, simulator: SimulatorRun) -> int:
    """Lines that the gateway has and the engine doesn't know, or the reverse, when nothing is on its way."""
    ours = {row.con_id for row in bench.read("lines").rows}
    theirs = {line["con_id"] for line in simulator.ledger()["lines"]}
    return len(ours ^ theirs)


def judge(ledger: dict[str, Any], churn: Churn, short: list[dict[str, Any]], orphaned: int) -> dict[str, Any]:
    return {
        "max_lines": ledger["max_lines"],
        "max_non_position_lines": ledger["max_non_position_lines"],
        "orphans": orphaned,
        "position_lines_cancelled": ledger["position_lines_cancelled"],
        "duplicates": ledger["duplicate_lines"],
        "worst_second": ledger["worst_second"],
        "cut_short": len(short),
        "position_line_max_s": round(max(churn.position_line_s, default=0.0), 2),
        "order_messages": ledger["order_messages"],
        "errors_101": int(ledger["errors"].get("101", 0)),
        "lines_opened": ledger["lines_opened"],
        "positions_timed": len(churn.position_line_s),
        "deeds": sum(churn.done.values()),
    }


def is_passed(figures: dict[str, Any]) -> bool:
    zeros = ("orphans", "position_lines_cancelled", "duplicates", "cut_short", "order_messages")
    return (
        figures["max_lines"] <= LIMIT
        and figures["max_non_position_lines"] <= LIMIT - BUFFER
        and figures["worst_second"] <= 45
        and figures["position_line_max_s"] <= ANSWER_S
        and figures["positions_timed"] >= max(1, math.floor(figures["minutes"] / MINUTES_PER_TIMED))
        and not any(figures[key] for key in zeros)
    )


class Notes:
    """What the ledger told one by one. It remembers 500 of a kind, so it is read every 10 s."""

    KINDS = ("cancels", "position_asks", "positions_opened")

    def __init__(self) -> None:
        self._seen: dict[str, dict[tuple[float, int], dict[str, Any]]] = {kind: {} for kind in self.KINDS}
        self._signals: set[int] = set()

    def read(self, ledger: dict[str, Any], signals: SignalsSection | None) -> None:
        self._signals.update(signal.con_id for signal in (signals.signals if signals is not None else ()))
        for kind, seen in self._seen.items():
            seen.update({(event["wall"], event["con_id"]): event for event in ledger[kind]})

    def cut_short(self) -> list[dict[str, Any]]:
        return cut_short(*(list(self._seen[kind].values()) for kind in self.KINDS), signals=self._signals)


def churned(bench: EngineBench, simulator: SimulatorRun, churn: Churn, minutes: float) -> list[dict[str, Any]]:
    """The churn itself; returns the visits that were cut short without a reason."""
    notes = Notes()
    end = time.monotonic() + minutes * 60.0
    read_at = 0.0
    pauses = random.Random(1)
    while time.monotonic() < end:
        churn.step()
        if time.monotonic() - read_at >= 10.0:
            read_at = time.monotonic()
            notes.read(simulator.ledger(), bench.read("signals"))
        threading.Event().wait(pauses.uniform(0.5, 4.0))
    threading.Event().wait(CUT_FOR_POSITION_S)  # the request that explains the last cancel
    notes.read(simulator.ledger(), bench.read("signals"))
    return notes.cut_short()


def main(arguments: list[str]) -> int:
    minutes = float(arguments[0]) if arguments else MINUTES
    seed = int(arguments[1]) if len(arguments) > 1 else SEED
    started = ("--seed", "11", "--fresh", "--line-limit", str(LIMIT))
    with tempfile.TemporaryDirectory() as folder, running_simulator(*started) as simulator:
        with running_engine(simulator.port, Path(folder), mode="simulated") as bench:
            wait_for(lambda: (s := bench.read("coverage")) is not None and len(s.rows) > 100, "a universe", 60)
            churn = Churn(bench, simulator, seed)
            short = churned(bench, simulator, churn, minutes)
            churn.rest()
            # Visits go on all the time: two ledgers read one after the other agree only between two of them.
            agreed = time.monotonic() + 30.0
            left = orphans(bench, simulator)
            while left and time.monotonic() < agreed:
                bench.send(ApplySettings("calm", {"coverage.dwell_s": 60.0}))
                threading.Event().wait(0.2)
                left = orphans(bench, simulator)
            figures = judge(simulator.ledger(), churn, short, left)
    figures |= {"minutes": minutes, "seed": seed}
    for words in churn.slow:
        print(f"slow: {words}")
    for event in short:
        print(f"cut short without a position: {event}")
    print(", ".join(f"{name} {count}" for name, count in sorted(churn.done.items())))
    return finish("lines", is_passed(figures), figures, ", ".join(f"{k} {v}" for k, v in figures.items()))
