"""What the dashboard is given by whoever starts it; nothing in app/ finds anything by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from app.checks import Checks, NoChecks
from app.login.gate import Gate, open_gate
from app.rates import Rates
from engine.bars.bar_files import BarFiles
from engine.clock import Clock, SystemClock
from engine.config import AppConfig
from engine.journal.source import EmptyJournal, JournalSource
from engine.logs.reading import LogFiles
from engine.state.source import StateSource
from engine.statements.port import NoStatements, StatementDesk


@dataclass(frozen=True)
class AppDeps:
    """`started_mono` = monotonic seconds of `clock` when the program began (for the uptime).

    `poll_ms` = between two polls of a page. `rates` = how often a client may change something; None = no limit.
    `login` = who is let in.
    """

    state: StateSource
    journal: JournalSource = field(default_factory=EmptyJournal)
    bars: BarFiles = field(default_factory=BarFiles)
    statements: StatementDesk = field(default_factory=NoStatements)
    checks: Checks = field(default_factory=NoChecks)
    log: LogFiles = field(default_factory=LogFiles)
    config_now: Callable[[], AppConfig] = AppConfig
    build_id: str = "unknown"
    version: str = "0"
    clock: Clock = field(default_factory=SystemClock)
    started_mono: float = 0.0
    poll_ms: int = 2000
    rates: Rates | None = None
    login: Gate = field(default_factory=open_gate)

    @property
    def config(self) -> AppConfig:
        """The settings in force at this moment."""
        return self.config_now()

    def uptime_s(self) -> float:
        """Seconds since the program began."""
        return max(0.0, self.clock.mono() - self.started_mono)
