"""What one engine has told, as the rules of merging take it. Values only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from engine.state.engine_sections import EngineSection, EngineWord
from engine.state.sections import BrokerSection, Section
from engine.state.source import Reading

LATE_S, DEAD_S = 6.0, 15.0  # after its last sign of life
MODES = ("live", "paper", "simulated")  # the most serious first

S = TypeVar("S", bound=Section)


@dataclass(frozen=True)
class Part:
    """One engine's sections of one moment."""

    name: str
    word: EngineWord
    sections: Mapping[str, Section]
    mode: str = ""

    @property
    def is_old(self) -> bool:
        """Nothing that it has told is of now."""
        return self.word in ("late", "dead", "stopped")

    @property
    def is_connected(self) -> bool:
        broker = self.get("broker", BrokerSection)
        return not self.is_old and broker is not None and broker.connected

    def get(self, name: str, kind: type[S]) -> S | None:
        section = self.sections.get(name)
        return section if isinstance(section, kind) else None


def part_of(name: str, reading: Reading) -> Part:
    """An engine as it was read."""
    card = reading.sections.get("engine")
    ended = isinstance(card, EngineSection) and card.ended_wall is not None
    broker = reading.sections.get("broker")
    mode = broker.mode if isinstance(broker, BrokerSection) else card.mode if isinstance(card, EngineSection) else ""
    return Part(name, "stopped" if ended else word_of(reading.silent_s), reading.sections, mode)


def word_of(silent_s: float | None) -> EngineWord:
    """How an engine does by the age of its last sign of life; None = it has given none."""
    if silent_s is None:
        return "starting"
    return "alive" if silent_s <= LATE_S else "late" if silent_s <= DEAD_S else "dead"


def in_order(parts: Iterable[Part]) -> list[Part]:
    """The one whose clock and session stand for all first: alive and connected, then by name."""
    return sorted(parts, key=lambda part: (part.is_old, not part.is_connected, part.name))


def of(parts: Iterable[Part], name: str, kind: type[S]) -> list[tuple[Part, S]]:
    """Those that have told this section."""
    return [(part, section) for part in parts if (section := part.get(name, kind)) is not None]
