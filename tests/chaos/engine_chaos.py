"""Seeded sequences of faults against the whole engine, judged by the gateway's ledger and the engine's own state."""

from __future__ import annotations

import json
import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from tests.integration.engine_bench import EngineBench, SimulatorRun, running_engine, running_simulator, wait_for

TSLA = 76792991
RECOVER_S = 45.0
# Libraries and the engine may say at ERROR level what was planted on purpose, nothing else.
PLANTED = ("Too many messages", "IB servers", "Connectivity", "connection", "Connection", "Not connected", "lost")


@dataclass
class Verdict:
    """What broke, in words; empty = nothing."""

    seed: int
    faults: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    ledger: dict[str, Any] = field(default_factory=dict)


class ErrorLines(logging.Handler):
    """ERROR records of every logger while it is attached."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.name}: {record.getMessage()}")


def faults(simulator: SimulatorRun, rng: random.Random) -> dict[str, Callable[[], object]]:
    """Each fault as one call; those that last end by themselves or are ended by `clear`."""
    value = rng.choice(["nan", "-1", "0", "inf", "1.7976931348623157E308", ""])
    tick = rng.choice(["bid", "ask", "last", "close", "volume"])
    return {
        "drop": lambda: simulator.fault("drop"),
        "abort": lambda: simulator.fault("abort"),
        "garbage": lambda: simulator.fault("garbage"),
        "truncate": lambda: simulator.fault("truncate"),
        "1100, 1101": lambda: (simulator.fault("connection_lost"), simulator.fault("restored_lost")),
        "1100, 1102": lambda: (simulator.fault("connection_lost"), simulator.fault("restored_kept")),
        "2103, 2104": lambda: (
            simulator.fault("farm", farm="usfarm", up=False),
            simulator.fault("farm", farm="usfarm", up=True),
        ),
        f"{tick} = {value!r}": lambda: simulator.fault("tick_value", con_id=TSLA, tick=tick, value=value),
        "10197": lambda: simulator.fault("competing"),
        "burst": lambda: simulator.fault("burst", count=2_000),
    }


def is_well(bench: EngineBench, since_wall: float) -> bool:
    """Connected, and every tradable position has ticked since."""
    section = bench.read("positions")
    return bool(
        bench.is_connected
        and section is not None
        and len(section.tradable) == 3
        and all((row.last_wall or 0.0) > since_wall and row.last_kind != "portfolio" for row in section.tradable)
    )


def finite(bench: EngineBench) -> str:
    """What is not plain JSON without NaN; an empty text when everything is."""
    for name in bench.state.seqs():
        try:
            json.dumps(json.loads(msgspec.json.encode(bench.read(name))), allow_nan=False)
        except (ValueError, TypeError) as error:
            return f"{name}: {error}"
    return ""


def run_sequence(seed: int, folder: Path, count: int, pause_s: float) -> Verdict:
    """`count` faults, each followed by a pause; then everything must be as before."""
    rng, verdict, errors = random.Random(seed), Verdict(seed), ErrorLines()
    logging.getLogger().addHandler(errors)
    try:
        with running_simulator("--seed", str(seed), "--fresh") as simulator:
            with running_engine(simulator.port, folder, "simulated") as bench:
                wait_for(lambda: is_well(bench, 0.0), "the first connection", 30)
                for _ in range(count):
                    name, plant = rng.choice(sorted(faults(simulator, rng).items(), key=lambda item: item[0]))
                    verdict.faults.append(name)
                    plant()
                    until = time.monotonic() + rng.uniform(0.2, pause_s)
                    while time.monotonic() < until:
                        _judge_moment(bench, verdict)
                        threading.Event().wait(0.1)
                simulator.fault("clear")
                since = time.time()
                try:
                    wait_for(lambda: is_well(bench, since), "everything is back", RECOVER_S)
                except AssertionError as error:
                    verdict.broken.append(str(error))
                _judge_end(bench, simulator, verdict)
    finally:
        logging.getLogger().removeHandler(errors)
    verdict.broken += [line for line in errors.lines if not any(word in line for word in PLANTED)]
    return verdict


def _judge_moment(bench: EngineBench, verdict: Verdict) -> None:
    lines = bench.read("lines")
    if lines is not None and (
        lines.used > lines.limit or lines.used - lines.by_class["100"] > lines.limit - lines.buffer
    ):
        verdict.broken.append(f"{lines.used} lines in use, {lines.by_class}")
    section = bench.read("positions")
    for row in section.tradable if section is not None else ():
        if row.last is not None and not 0 < row.last < 1e6:
            verdict.broken.append(f"{row.local_symbol} shows {row.last}")


def _judge_end(bench: EngineBench, simulator: SimulatorRun, verdict: Verdict) -> None:
    verdict.ledger = ledger = simulator.ledger()
    rules = {
        "max_lines": ledger["max_lines"] <= 50,
        "max_non_position_lines": ledger["max_non_position_lines"] <= 45,
        "duplicate_lines": ledger["duplicate_lines"] == 0,
        "position_lines_cancelled": ledger["position_lines_cancelled"] == 0,
        "order_messages": ledger["order_messages"] == 0,
        "worst_second": ledger["worst_second"] <= 45,
        "pacing_violations": ledger["pacing_violations"] == 0,
    }
    verdict.broken += [f"{name} is {ledger[name]}" for name, holds in rules.items() if not holds]
    if bench.engine is not None and bench.engine.rooms.supervisor.restarts:
        verdict.broken.append(f"restarts: {bench.engine.rooms.supervisor.restarts}")
    problem = finite(bench)
    if problem:
        verdict.broken.append(problem)
