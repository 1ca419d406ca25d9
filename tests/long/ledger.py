"""Ten minutes under the full 600-symbol scan load, judged by the gateway's own ledger."""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from tests.integration.engine_bench import EngineBench, running_engine, running_simulator
from tests.long.report import finish

MINUTES = 10.0
LIMIT, BUFFER = 50, 5


def judge(ledger: dict[str, Any]) -> dict[str, Any]:
    """The figures of the point, out of the gateway's ledger."""
    errors = ledger["errors"]
    return {
        "max_lines": ledger["max_lines"],
        "max_non_position_lines": ledger["max_non_position_lines"],
        "errors_101": int(errors.get("101", 0)),
        "position_lines_cancelled": ledger["position_lines_cancelled"],
        "order_messages": ledger["order_messages"],
        "worst_second": ledger["worst_second"],
        "duplicates": ledger["duplicate_lines"],
        "pacing_violations": ledger["pacing_violations"],
        "min_cancel_age_s": ledger["min_cancel_age_s"],
        "max_scanners": ledger["max_scanner_slots"],
        "lines_opened": ledger["lines_opened"],
    }


def is_passed(figures: dict[str, Any]) -> bool:
    return (
        figures["max_lines"] <= LIMIT
        and figures["max_non_position_lines"] <= LIMIT - BUFFER
        and figures["worst_second"] <= 45
        and not any(
            figures[key]
            for key in ("errors_101", "position_lines_cancelled", "order_messages", "duplicates", "pacing_violations")
        )
    )


def watch(bench: EngineBench, minutes: float) -> dict[str, int]:
    """What the engine itself said meanwhile: the most lines, signals, breakout cycles."""
    seen = {"max_used": 0, "max_non_positions": 0, "signals": 0}
    end = time.monotonic() + minutes * 60.0
    while time.monotonic() < end:
        lines, scanners = bench.read("lines"), bench.read("scanners")
        if lines is not None and scanners is not None:
            seen["max_used"] = max(seen["max_used"], lines.used)
            seen["max_non_positions"] = max(seen["max_non_positions"], lines.used - lines.by_class["100"])
            seen["signals"] = scanners.signals_today
        threading.Event().wait(0.25)
    return seen


def main(arguments: list[str]) -> int:
    minutes = float(arguments[0]) if arguments else MINUTES
    with tempfile.TemporaryDirectory() as folder, running_simulator("--seed", "11", "--fresh") as simulator:
        with running_engine(simulator.port, Path(folder), mode="simulated") as bench:
            seen = watch(bench, minutes)
        figures = judge(simulator.ledger())
    figures |= {f"engine_{key}": value for key, value in seen.items()} | {"minutes": minutes}
    shown = ", ".join(f"{key} {value}" for key, value in figures.items())
    return finish("ledger", is_passed(figures), figures, shown)
