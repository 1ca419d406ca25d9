"""What the launcher needs of engine and pages, so that it can be tested without either."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from engine.kernel.build_id import BuildId
from engine.settings.effective import EffectiveSettings


class RunningEngine(Protocol):
    """`EngineThread`, or what stands for it in a test."""

    def start(self) -> None:
        """Start and return; the connection is made in the background."""

    def stop(self, timeout_s: float) -> bool:
        """End within the time; False when that did not succeed. Harmless before `start`."""


@dataclass(frozen=True, slots=True)
class Parts:
    """An engine that is not started yet, and the WSGI application on its state."""

    engine: RunningEngine
    wsgi: Any


@dataclass(frozen=True, slots=True)
class Plan:
    """All that engine and pages are made from. `host` and `port` are the gateway's, whichever it is."""

    settings: EffectiveSettings
    host: str
    port: int
    folder: Path
    build: BuildId
    root: Path


Assemble = Callable[[Plan], Parts]
