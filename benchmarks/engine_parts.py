"""Where the engine thread's CPU goes, part by part, for `engine_cpu --parts`. Each part without those inside it.

The clock is the thread's own CPU time, so that a busy machine changes little; a look costs some 0.3 us.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from typing import Any

from engine.bars.history import HistoryQueue
from engine.bars.keeper import BarKeeper
from engine.broker.lines import MarketLines
from engine.broker.paced_client import PacedMixin
from engine.broker.requests import Requests
from engine.kernel import engine as engine_module
from engine.kernel.engine import Engine
from engine.kernel.publisher import Publisher
from engine.lines.bus import MarketDataBus
from engine.lines.report import LinesReport
from engine.portfolio.manager import TradeManager
from engine.scanners.coordinator import ScannerCoordinator
from engine.settings.changes import SettingsKeeper
from engine.state.bus import StateBus

# part -> the functions that are its doors; a generator counts while it is asked for its next
DOORS: dict[str, tuple[tuple[Any, str], ...]] = {
    "messages decoded": ((PacedMixin, "_onSocketHasData"),),
    "ticks copied": ((MarketLines, "on_tickers"),),
    "quotes made": ((MarketDataBus, "on_ticks"),),
    "bars and breakouts at a quote": ((ScannerCoordinator, "on_quote"),),
    "lines and rotation": ((Engine, "_step_lines"),),
    "scanners' steps": ((ScannerCoordinator, "step"),),
    "breakout scan": ((ScannerCoordinator, "cycle"),),
    "history decoded": ((Requests, "_on_history"),),
    "history taken": ((HistoryQueue, "_answered"), (HistoryQueue, "_take")),
    "publishing": ((Publisher, "step"),),
    "publishing: lines": ((LinesReport, "snapshot"), (LinesReport, "events")),
    "publishing: positions": ((TradeManager, "snapshot"),),
    "publishing: settings": ((SettingsKeeper, "section"),),
    "publishing: scanners": ((ScannerCoordinator, "snapshot"), (ScannerCoordinator, "signals")),
    "publishing: health": ((Publisher, "_health"), (Publisher, "_notice_own_faults")),
    "publishing: symbols": ((Publisher, "_symbols"), (Publisher, "_universe")),
    "publishing: state": ((StateBus, "publish_all"),),
    "coverage section": ((engine_module, "coverage_slices"),),
    "commands": ((Engine, "_take_commands"),),
    "bars to disk": ((BarKeeper, "step"),),
}


class Parts:
    """Seconds of CPU and calls by part, while counting."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(DOORS, 0.0)
        self.calls = dict.fromkeys(DOORS, 0)
        self._inside: list[float] = []  # CPU spent in the doors within each open one

    def install(self) -> None:
        """Put a clock before every door, for good. Before the engine is made."""
        for part, doors in DOORS.items():
            for owner, name in doors:
                setattr(owner, name, self._timed(part, getattr(owner, name)))

    def reset(self) -> None:
        self.seconds = dict.fromkeys(DOORS, 0.0)
        self.calls = dict.fromkeys(DOORS, 0)

    def _timed(self, part: str, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def door(*args: Any, **kwargs: Any) -> Any:
            result = self._within(part, lambda: method(*args, **kwargs))
            return self._each(part, result) if isinstance(result, Iterator) else result

        return door

    def _each(self, part: str, steps: Iterator[Any]) -> Iterator[Any]:
        end = object()
        while (step := self._within(part, lambda: next(steps, end))) is not end:
            yield step

    def _within(self, part: str, work: Callable[[], Any]) -> Any:
        self._inside.append(0.0)
        began = time.thread_time()
        try:
            return work()
        finally:
            took = time.thread_time() - began
            self.seconds[part] += took - self._inside.pop()
            self.calls[part] += 1
            if self._inside:
                self._inside[-1] += took

    def table(self, seconds: float, whole_ms: float) -> list[str]:
        """Lines of text: CPU ms and calls a second by part, the rest last."""
        ms = {part: spent / seconds * 1e3 for part, spent in self.seconds.items()}
        rows = [f"{part:32} {ms[part]:>7.2f} ms {self.calls[part] / seconds:>8.1f} calls" for part in DOORS]
        return [*rows, f"{'the rest (loop, timers)':32} {whole_ms - sum(ms.values()):>7.2f} ms"]
