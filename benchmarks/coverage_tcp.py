"""The confirmation of the coverage table over TCP: real engine, real simulator, real time, all policies at once.

    python -m benchmarks.coverage_tcp [--minutes 20] [--symbols 500] [--dwell 5] [--seed 7]

Each policy has a simulator and an engine of its own, from the same market start; the first minutes, in which the
history comes, are not scored. As in the table's first part signals take no lines. The truth is the table's detector
over the same market, recorded: the simulator's world depends on seed and market time alone. Only here the engine may
ask for history faster than IB allows (the simulator does not pace bars of a minute). Answers 1 where a recall is over
0.07 off the table's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import math
import multiprocessing
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.coverage_policies import Gainers, RoundRobin
from benchmarks.coverage_replay import TOP_GAINERS
from benchmarks.coverage_runs import Stretch, prepare, truth_of
from benchmarks.coverage_score import Activity, Raised, Score, score
from benchmarks.coverage_world import START, chosen_contracts
from engine.bars import history_plan
from engine.broker.port import ScanRow, ScanRows
from engine.domain import ContractRef
from engine.kernel.engine import Engine
from engine.kernel.rooms import Rooms
from engine.scanners.market import ScanResult
from engine.scanners.presets import PRESETS
from simulator.world.catalogue import STOCKS
from tests.integration.engine_bench import EngineBench, running_simulator, wait_for

POLICIES = ("gainers", "round_robin", "rotation")
SETTLE_MIN = 5
TOLERANCE = 0.07
FIGURES = Path(__file__).parent / "coverage.json"


class Bench(EngineBench):
    """An engine whose universe is given, and whose spare lines follow `policy`."""

    def __init__(self, port: int, folder: Path, policy: str, symbols: Sequence[ContractRef], **settings: Any) -> None:
        self._policy, self._symbols = policy, symbols
        super().__init__(port, folder, "simulated", **settings)

    def _build(self, setup: Any) -> Engine:
        engine = super()._build(setup)
        rooms = engine.rooms
        self._put_rotation(rooms)
        rooms.coordinator.demands = list  # type: ignore[method-assign]  # signals take no lines: the policies alone
        rooms.supervisor.start("universe of the benchmark", lambda: self._fill(rooms))
        return engine

    def _put_rotation(self, rooms: Rooms) -> None:
        before = rooms.rotation
        if self._policy == "round_robin":
            rooms.rotation = RoundRobin(before.policy, before._stays)
        elif self._policy == "gainers":
            rooms.rotation = Gainers(before.policy, before._stays, _GainerScan(rooms).top)
        rooms.bus.spare, coordinator = rooms.rotation, rooms.coordinator
        coordinator._parts = coordinator._parts._replace(cover=rooms.rotation)

    async def _fill(self, rooms: Rooms) -> None:
        """The whole universe as if a scan had returned it."""
        while not rooms.broker.link.connected:  # noqa: ASYNC110 - the engine has no such event
            await asyncio.sleep(0.1)
        rows = tuple(ScanRow(n, contract) for n, contract in enumerate(self._symbols))
        rooms.coordinator._on_result(ScanResult(PRESETS[0], rows, rooms.market_now()))

    def lines_figures(self) -> tuple[float, int]:
        """Visits a minute and the worst second's messages, as the engine itself counts them."""
        assert self.engine is not None
        rooms = self.engine.rooms
        return rooms.rotation.visits_per_minute(rooms.clock.mono()), rooms.broker.link.sent_worst_second


class _GainerScan:
    """A scan of the top gainers of its own."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms, self._rows = rooms, list[int]()
        self._req_id: int | None = None
        self._others = rooms.coordinator.on_rows
        rooms.coordinator.on_rows = self._on_rows  # type: ignore[method-assign]

    def top(self) -> list[int]:
        if self._req_id is None:
            self._req_id = self._rooms.broker.open_scan(TOP_GAINERS)
        return self._rows

    def _on_rows(self, event: ScanRows) -> bool:
        if event.req_id != self._req_id:
            return self._others(event)
        self._rows = [row.contract.con_id for row in event.rows]
        return True


def run_one(policy: str, seed: int, minutes: float, dwell_s: float, symbols: Sequence[ContractRef], out: Path) -> None:
    """One simulator and one engine, for `minutes`; the signals and figures go to `out`."""
    logging.disable(logging.INFO)
    history_plan.MAX_OPEN, history_plan.PER_MINUTE = 40, 3_000
    start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START))
    arguments = ("--seed", str(seed), "--start", start, "--fresh", "--line-limit", "100")
    with tempfile.TemporaryDirectory() as name, running_simulator(*arguments) as simulator:
        settings = {"lines__limit": 50, "lines__normal_max": 0, "coverage__dwell_s": dwell_s}
        bench = Bench(simulator.port, Path(name), policy, symbols, **settings)
        bench.start()
        try:
            wait_for(lambda: bench.is_connected, "a connection", 60.0)
            _pause(minutes * 60.0)
            visits, worst = bench.lines_figures()
            found = bench.reader.signals(START - 60.0, START + 86_400.0)
        finally:
            bench.stop()
        ledger = simulator.ledger()
    raised = [(signal.con_id, signal.side, signal.at) for signal in found]
    content = {"raised": raised, "visits": visits, "worst": worst, "max_lines": ledger["max_lines"]}
    out.write_text(json.dumps(content), encoding="utf-8")


def _pause(seconds: float) -> None:
    threading.Event().wait(seconds)


def run_all(args: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Score]:
    """All policies at once, judged by the truth of the same market."""
    symbols = chosen_contracts(args.seed, args.symbols, STOCKS)
    members = {contract.con_id for contract in symbols}
    whole = args.minutes + SETTLE_MIN
    stretch = Stretch(minutes=math.ceil(whole) + 1, symbols=args.symbols, stocks=STOCKS)
    prepare([args.seed], [stretch])
    truth = truth_of(args.seed, stretch)
    say(f"truth: {len(truth)} signals")
    context = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as name:
        outs = {policy: Path(name) / f"{policy}.json" for policy in POLICIES}
        jobs = [
            context.Process(target=run_one, args=(policy, args.seed, whole, args.dwell, symbols, out))
            for policy, out in outs.items()
        ]
        for job in jobs:
            job.start()
        for job in jobs:
            job.join()
        broken = [policy for policy, out in outs.items() if not out.exists()]
        if broken:
            raise RuntimeError(f"no result of {', '.join(broken)}; the errors stand above")
        found = {policy: json.loads(out.read_text("utf-8")) for policy, out in outs.items()}
    signals = {
        policy: [Raised(*row) for row in content["raised"] if row[0] in members] for policy, content in found.items()
    }
    for policy, content in found.items():
        say(f"{policy}: {len(signals[policy])} signals, {content['max_lines']} lines at most at the gateway")
    start, end = START + SETTLE_MIN * 60.0, START + whole * 60.0
    return {
        policy: score(truth, signals[policy], start, end, Activity(found[policy]["visits"], 0.0, 0, 0.0))
        for policy in POLICIES
    }


def expected(symbols: int, dwell_s: float) -> dict[str, float]:
    """Recall within 60 s of the committed table; empty when it has no such line."""
    if not FIGURES.exists():
        return {}
    rows = json.loads(FIGURES.read_text("utf-8"))
    wanted = [row for row in rows if (row["symbols"], row["dwell_s"], row["normal_max"]) == (symbols, dwell_s, 0)]
    return {row["policy"]: row["recall_60"] for row in wanted}


def main(arguments: Sequence[str] | None = None) -> int:
    p = argparse.ArgumentParser(description="The coverage table confirmed over TCP.")
    p.add_argument("--minutes", type=float, default=20.0, help="scored; 5 more go before")
    p.add_argument("--symbols", type=int, default=500)
    p.add_argument("--dwell", type=float, default=5.0)
    p.add_argument("--seed", type=int, default=7)
    args = p.parse_args(arguments)
    scores = run_all(args, lambda text: print(text, flush=True))
    table = expected(args.symbols, args.dwell)
    good = True
    for policy, each in scores.items():
        recall, told = each.recall(60.0), table.get(policy)
        within = told is not None and abs(recall - told) <= TOLERANCE
        good &= within
        words = (
            "the table has none" if told is None else f"table {told:.3f}, {'within' if within else 'NOT within'} 0.07"
        )
        print(
            f"{policy:<12} recall 60 s {recall:.3f} of {each.truths}, 30 s {each.recall(30.0):.3f}, precision "
            f"{each.precision:.3f}, {each.visits_per_min:.0f} visits/min; {words}"
        )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
