"""Settings changed from a page: validated as a whole, saved, journalled, revertible (SIGNALS, "Thresholds").

The rooms get the new settings by one callback; what only a start can change says so.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel

from engine.errors import ConfigError
from engine.scanners import custom_scans
from engine.settings import sets as threshold_sets
from engine.settings.effective import EffectiveSettings
from engine.settings.saved import write_saved
from engine.settings.sources import FIELDS
from engine.state.commands import KeepScan
from engine.state.sections import ChangeRow, SettingRow, SettingsSection
from engine.storage.atomic import reason_of, run_now
from engine.storage.encodable import encodable, plain_value

log = logging.getLogger("qtrade.settings")

# Where the pages are, and what is logged, is decided when the program starts.
AT_START = ("web.", "log.")

_LOADED = threshold_sets.LOADED
CUSTOM_SCAN = "scan:"  # key of a journalled change of a custom scan: "scan:Mine"


class ChangeLog(Protocol):
    """The journal's side: where changes are written down."""

    def record_change(self, who: str, key: str, old: Any, new: Any) -> None: ...

    def mark_reverted(self, change_id: int) -> None: ...

    def changes(self, limit: int) -> list[ChangeRow]:
        """Newest first."""


class Runs(Protocol):
    """`FileThread.run`, or `run_now`."""

    def __call__(self, work: Callable[[], None], /) -> Awaitable[None]: ...


class SettingsKeeper:
    """The settings in force. Engine loop only; `run` writes the file, in a thread of its own where a loop waits.

    A change is in force once it is on the disk; until then the next one waits.
    """

    def __init__(
        self,
        settings: EffectiveSettings,
        path: Path,
        journal: ChangeLog,
        apply: Callable[[EffectiveSettings], None],
        market_now: Callable[[], float],
        run: Runs = run_now,
    ) -> None:
        self._settings = settings
        self._path = path
        self._journal = journal
        self._apply = apply
        self._market_now = market_now
        self._run = run
        self._one_at_a_time = asyncio.Lock()  # fair: in the order in which they were asked for

    @property
    def settings(self) -> EffectiveSettings:
        return self._settings

    async def change(self, changes: Mapping[str, Any], who: str, as_one: str = "") -> str:
        """Put `changes` in force, all or nothing; the answer is for the user. Raises ConfigError.

        `as_one` = journal them as one change under this key, which one click takes back.
        """
        async with self._one_at_a_time:
            return await self._change(changes, who, as_one)

    async def use_set(self, action: str, name: str, who: str) -> str:
        """Load, keep, delete a named set of thresholds, or let it run in the shadow. Raises ConfigError."""
        async with self._one_at_a_time:
            if action == "load":
                loaded = threshold_sets.to_load(name, self._settings)
                return await self._change(loaded, who, threshold_sets.LOADED + name)
            if action == "keep":
                await self._change(threshold_sets.to_keep(name, self._settings), who)
                return f"The thresholds in force are kept as {' '.join(name.split())}."
            if action == "delete":
                await self._change(threshold_sets.to_delete(name, self._settings), who)
                return f"The set {name} is deleted."
            await self._change(threshold_sets.to_shadow(name, self._settings), who)
            return f"{name} runs in the shadow." if name else "No set runs in the shadow."

    async def keep_scan(self, command: KeepScan) -> str:
        """Keep a custom scan, or change it. Raises ConfigError."""
        async with self._one_at_a_time:
            kept = custom_scans.to_keep(command, self._settings.config.market_scan, self._market_now())
            await self._change(kept.changes, command.who, f"{CUSTOM_SCAN}{kept.name}")
            return kept.said

    async def delete_scan(self, name: str, who: str) -> str:
        """Delete a custom scan. Raises ConfigError."""
        async with self._one_at_a_time:
            changes = custom_scans.to_delete(name, self._settings.config.market_scan)
            await self._change(changes, who, f"{CUSTOM_SCAN}{name}")
            return f"The scan {name} is deleted."

    async def revert(self, change_id: int, who: str) -> str:
        """Set one journalled change back to its old value. Raises ConfigError."""
        async with self._one_at_a_time:
            change = next((row for row in self._journal.changes(500) if row.id == change_id), None)
            if change is None:
                raise ConfigError(f"Change {change_id} is not in the journal; reload the page.")
            as_one = "" if change.key in FIELDS else change.key
            answer = await self._change(self._back(change), who, as_one)
            self._journal.mark_reverted(change_id)
            return answer

    def _back(self, change: ChangeRow) -> dict[str, Any]:
        """What takes a change back: of a collection or a list of names what it touched, of a set all its settings."""
        news = change.new if isinstance(change.new, Mapping) else {}
        if change.key in FIELDS:
            return {change.key: self._restored(change.key, change.old, change.new)}
        return {key: self._restored(key, old, news.get(key)) for key, old in change.old.items()}

    def _restored(self, key: str, old: Any, new: Any) -> Any:
        now = _plain(self._settings.value(key))
        if isinstance(old, Mapping):
            return {name: entry for name, entry in {**now, **old}.items() if entry is not None}
        if isinstance(old, list | tuple) and isinstance(new, list | tuple) and now != list(new):
            left = [name for name in now if name in old or name not in new]
            return left + [name for name in old if name not in new and name not in left]
        return old

    def section(self) -> SettingsSection:
        """Every setting with its source, and the newest changes."""
        rows = tuple(
            SettingRow(
                key=key,
                value=plain_value(_plain(self._settings.shown(key))),
                default=_plain(field.get_default(call_default_factory=True)),
                source=encodable(self._settings.origin(key)),
                locked=key in self._settings.locked,
            )
            for key, field in FIELDS.items()
        )
        return SettingsSection(
            rows=rows,
            changes=tuple(self._journal.changes(50)),
            sets=threshold_sets.rows(self._settings),
            shadow=self._settings.config.sets.shadow,
            folder=encodable(str(self._path.parent)),
        )

    async def _change(self, changes: Mapping[str, Any], who: str, as_one: str = "") -> str:
        before, fresh = self._settings, self._settings.with_saved(changes)
        changed = [key for key in FIELDS if before.value(key) != fresh.value(key)]
        if not changed:
            return "Nothing changed: these values are in force already."
        try:
            await self._run(partial(write_saved, self._path, fresh.saved_values()))
        except OSError as error:
            said = f"{self._path.name} can't be written ({reason_of(error)}); nothing was changed."
            raise ConfigError(said) from error
        self._settings = fresh
        self._write_down(before, changed, who, as_one)
        self._apply(fresh)
        later = [key for key in changed if key.startswith(AT_START)]
        said = f"{len(changed)} setting{'s' if len(changed) > 1 else ''} applied."
        if before.config.connection() != fresh.config.connection():
            said += f" Connecting to {fresh.config.gateway_words()} now."
        return f"{said} At the next start: {', '.join(later)}." if later else said

    def _write_down(self, before: EffectiveSettings, changed: Sequence[str], who: str, as_one: str) -> None:
        moved = {key: _moved(_plain(before.value(key)), _plain(self._settings.value(key))) for key in changed}
        for key, (old, new) in moved.items():
            log.info("Setting %s: %s -> %s (%s)", key, old, new, who)
            if not as_one:
                self._journal.record_change(who, key, old, new)
        if as_one:
            olds, news = ({key: pair[side] for key, pair in moved.items()} for side in (0, 1))
            self._journal.record_change(who, as_one, olds, news)


def _moved(old: Any, new: Any) -> tuple[Any, Any]:
    """Old and new value; of a collection by name only the entries that differ, None where there is none."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return old, new
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return {name: old.get(name) for name in names}, {name: new.get(name) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {name: _plain(entry) for name, entry in value.items()}
    return list(value) if isinstance(value, tuple) else value
