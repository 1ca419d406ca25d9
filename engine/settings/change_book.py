"""The journalled setting changes as the engine needs them: in memory, newest first, written through to the journal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from engine.clock import Clock
from engine.journal.rows import SettingChange
from engine.journal.writer import Journal
from engine.state.sections import ChangeRow

_KEEP = 500


class ChangeBook:
    """Implements `engine.settings.changes.ChangeLog`. Engine thread only."""

    def __init__(self, journal: Journal, clock: Clock, market_now: Callable[[], float]) -> None:
        self._journal = journal
        self._clock = clock
        self._market_now = market_now
        self._changes: list[SettingChange] = []  # newest first

    def load(self, changes: Iterable[SettingChange]) -> None:
        """Take over what the journal already holds; changes of this run stay on top."""
        known = {change.id for change in self._changes}
        older = [change for change in changes if change.id not in known]
        self._changes = sorted([*self._changes, *older], key=lambda change: -change.id)[:_KEEP]

    def record_change(self, who: str, key: str, old: Any, new: Any) -> None:
        change = SettingChange(
            id=self._journal.next_change_id(),
            at_wall=self._clock.wall(),
            at_market=self._market_now(),
            who=who,
            key=key,
            old=old,
            new=new,
        )
        self._changes.insert(0, change)
        del self._changes[_KEEP:]
        self._journal.record_change(change)

    def mark_reverted(self, change_id: int) -> None:
        """The change was taken back: it stays in the list, marked."""
        for index, change in enumerate(self._changes):
            if change.id == change_id and not change.reverted:
                self._changes[index] = msgspec.structs.replace(change, reverted=True)
                self._journal.record_change(self._changes[index])

    def newest(self, concerns: Callable[[str], bool]) -> float | None:
        """Market time of the newest change of such a setting; None = none is known.

        A change under a key of its own (a set, a scan) names its settings in its values.
        """
        return next((each.at_market for each in self._changes if any(map(concerns, _settings_of(each)))), None)

    def all(self) -> tuple[SettingChange, ...]:
        """Newest first, for the engine of another gateway: settings are the program's, journals the accounts'."""
        return tuple(self._changes)

    def changes(self, limit: int) -> list[ChangeRow]:
        return [
            ChangeRow(change.id, change.at_wall, change.who, change.key, change.old, change.new, change.reverted)
            for change in self._changes[:limit]
        ]


def _settings_of(change: SettingChange) -> Iterable[str]:
    return (change.key, *change.old) if isinstance(change.old, Mapping) else (change.key,)
