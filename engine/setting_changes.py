"""Settings changed from a page: validated as a whole, saved, journalled, revertible (SIGNALS, "Thresholds").

The rooms get the new settings by one callback; what only a start can change says so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from engine.errors import ConfigError
from engine.saved_settings import write_saved
from engine.setting_sources import FIELDS
from engine.settings import EffectiveSettings
from engine.state.sections import ChangeRow, SettingRow, SettingsSection

log = logging.getLogger("qtrade.settings")

# Who talks to whom, the pages' address and the simulated market are decided when the program starts.
AT_START = ("broker.", "web.", "simulator.", "log.")


class ChangeLog(Protocol):
    """The journal's side: where changes are written down."""

    def record_change(self, who: str, key: str, old: Any, new: Any) -> None: ...

    def mark_reverted(self, change_id: int) -> None: ...

    def changes(self, limit: int) -> list[ChangeRow]:
        """Newest first."""


class SettingsKeeper:
    """The settings in force. Engine thread only."""

    def __init__(
        self,
        settings: EffectiveSettings,
        path: Path,
        journal: ChangeLog,
        apply: Callable[[EffectiveSettings], None],
    ) -> None:
        self._settings = settings
        self._path = path
        self._journal = journal
        self._apply = apply

    @property
    def settings(self) -> EffectiveSettings:
        return self._settings

    def change(self, changes: Mapping[str, Any], who: str) -> str:
        """Put `changes` in force, all or nothing; the answer is for the user. Raises ConfigError."""
        fresh = self._settings.with_saved(changes)
        return self._adopt(fresh, who)

    def revert(self, change_id: int, who: str) -> str:
        """Set one journalled change back to its old value. Raises ConfigError."""
        change = next((row for row in self._journal.changes(500) if row.id == change_id), None)
        if change is None:
            raise ConfigError(f"Change {change_id} is not in the journal; reload the page.")
        answer = self.change({change.key: change.old}, who)
        self._journal.mark_reverted(change_id)
        return answer

    def section(self) -> SettingsSection:
        """Every setting with its source, and the newest changes."""
        rows = tuple(
            SettingRow(
                key=key,
                value=_plain(self._settings.value(key)),
                default=_plain(field.get_default(call_default_factory=True)),
                source=self._settings.origin(key),
                locked=key in self._settings.locked,
            )
            for key, field in FIELDS.items()
        )
        return SettingsSection(rows=rows, changes=tuple(self._journal.changes(50)), folder=str(self._path.parent))

    def _adopt(self, fresh: EffectiveSettings, who: str) -> str:
        before = self._settings
        changed = [key for key in FIELDS if before.value(key) != fresh.value(key)]
        if not changed:
            return "Nothing changed: these values are in force already."
        try:
            write_saved(self._path, fresh.saved_values())
        except OSError as error:
            raise ConfigError(f"{self._path.name} can't be written ({error.strerror}); nothing was changed.") from error
        self._settings = fresh
        for key in changed:
            self._journal.record_change(who, key, _plain(before.value(key)), _plain(fresh.value(key)))
            log.info("Setting %s: %s -> %s (%s)", key, before.value(key), fresh.value(key), who)
        self._apply(fresh)
        later = [key for key in changed if key.startswith(AT_START)]
        said = f"{len(changed)} setting{'s' if len(changed) > 1 else ''} applied."
        return f"{said} At the next start: {', '.join(later)}." if later else said


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
