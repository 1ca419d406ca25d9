"""What the launcher needs of engine and pages, so that it can be tested without either."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from app.login.local_link import LocalLink
from engine.broker.timings import Timings
from engine.clock import Clock, SystemClock
from engine.kernel.playback import Playback
from engine.settings.effective import EffectiveSettings
from engine.state.roll import Roll
from engine.state.store import Outlet, StateStore
from engine.storage.build_id import BuildId


class RunningEngine(Protocol):
    """`EngineThread`, or what stands for it in a test."""

    def start(self) -> None:
        """Start and return; the connection is made in the background."""

    def stop(self, timeout_s: float) -> bool:
        """End within the time; False when that did not succeed. Harmless before `start`."""


class NoEngine:
    """Stands in where a process has pages alone. `close` = what it lets go of at the end."""

    def __init__(self, close: Callable[[], None] = lambda: None) -> None:
        self._close = close

    def start(self) -> None:
        """There is none."""

    def stop(self, timeout_s: float) -> bool:
        self._close()
        return True


class Role(enum.Enum):
    """What a process of QTrade is."""

    BOTH = "engine and dashboard"
    ENGINE = "engine"
    PAGES = "dashboard"


Move = Callable[[EffectiveSettings], tuple[str, int]]  # host and port of the gateway that the settings name now


@dataclass(frozen=True, slots=True)
class Parts:
    """An engine that is not started yet, and the WSGI application on its state, None = it has no pages. `link` = to log
    in with on this computer; None = none is needed. `may_send_files` = whether the sender of this Cookie header may."""

    engine: RunningEngine
    wsgi: Any
    link: LocalLink | None = None
    may_send_files: Callable[[str], bool] = lambda cookie: True


@dataclass(frozen=True, slots=True)
class Plan:
    """All that engine and pages are made from. `host` and `port` are the gateway's, whichever it is.

    `clock`, `timings` and `period_stretch` (of the engine's periodic steps) are the product's own unless a test asks
    for others. `restarted_after`: how the run before this one ended, when start.py had to start the program again.
    `notes`: what the preparation had to say of settings and folder.
    `playback`: the recording that is played in the gateway's place, None = none is. `move` brings another gateway when
    the settings name one; None = whoever made this plan has but one. `outlet`: where the state is published for other
    processes, None = nowhere; `store`: where pages find engines of others, None = they show this process' alone.
    `roll`: the list of the engines that share one universe with this one, None = all is its own.
    `logs`: where the process' own log files are, None = it has none.
    """

    settings: EffectiveSettings
    host: str
    port: int
    folder: Path
    build: BuildId
    root: Path
    clock: Clock = field(default_factory=SystemClock)
    timings: Timings = field(default_factory=Timings)
    period_stretch: float = 1.0
    restarted_after: str = ""
    notes: tuple[str, ...] = ()
    playback: Playback | None = None
    move: Move | None = None
    outlet: Outlet | None = None
    store: StateStore | None = None
    logs: Path | None = None
    role: Role = Role.BOTH
    roll: Roll | None = None


Assemble = Callable[[Plan], Parts]
