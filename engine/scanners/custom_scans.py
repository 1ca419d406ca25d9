"""Custom scans in the settings: what keeping, changing or deleting one changes. Pure.

Whether a combination runs is for the gateway to say; here only what no gateway could take is refused.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from pydantic import ValidationError

from engine.config import CustomScan, MarketScanSettings
from engine.errors import ConfigError
from engine.scanners.market import SLOTS
from engine.scanners.presets import BY_NAME, catalogue, holding
from engine.state.commands import KeepScan

CUSTOM = "market_scan.custom"
ENABLED = "market_scan.enabled"
SCANS_MAX = 10


class Kept(NamedTuple):
    """What keeping a scan comes to: its name without odd blanks, the changes, what is said."""

    name: str
    changes: dict[str, Any]
    said: str


def to_keep(command: KeepScan, scans: MarketScanSettings, now_market: float) -> Kept:
    """The changes that keep a scan, or change the one of its name. Raises ConfigError."""
    name = _checked_name(command.name)
    kept = {key: _plain(scan) for key, scan in scans.custom.items()}
    if name not in kept and len(kept) >= SCANS_MAX:
        raise ConfigError(f"{SCANS_MAX} custom scans are kept already; delete one first.")
    fresh, old = _plain(_scan_of(command)), kept.get(name)
    changes: dict[str, Any] = {CUSTOM: {**kept, name: fresh}}
    differs = [] if old is None else [key.replace("_", " ") for key, value in fresh.items() if old[key] != value]
    head = f"{name} is kept"
    if old is not None:
        head = f"{name} is changed ({', '.join(differs)})" if differs else f"{name} is unchanged"
    if name in scans.enabled:
        return Kept(name, changes, f"{head} and opened anew." if differs else f"{head} and runs on.")
    by_name = {preset.name: preset for preset in catalogue(scans)}
    chosen = [by_name[each] for each in scans.enabled if each in by_name]
    if len(holding(chosen, now_market)) >= SLOTS:
        off = f"{head}. All {SLOTS} slots are taken: turn another scan off, then this one on."
        return Kept(name, changes, off)
    changes[ENABLED] = [*scans.enabled, name]
    return Kept(name, changes, f"{head} and on; the gateway's answer takes up to 45 s.")


def _checked_name(found: str) -> str:
    name = " ".join(found.split())
    if not 1 <= len(name) <= 24 or not name.isprintable() or "#" in name:
        raise ConfigError("The name of a scan must have 1 to 24 characters, none of them #.")
    if name.casefold() in {each.casefold() for each in BY_NAME}:
        raise ConfigError(f"{name} is a preset and stays as it is; choose another name.")
    return name


def _scan_of(command: KeepScan) -> CustomScan:
    try:
        return CustomScan(
            scan_code=command.scan_code,
            instrument=command.instrument,
            location=command.location,
            filters=command.filters,
            side=command.side,
        )
    except ValidationError as problem:
        detail = problem.errors()[0]
        place = ".".join(str(part) for part in detail["loc"])
        raise ConfigError(f"The scan can't be kept: {place}: {detail['msg'].removeprefix('Value error, ')}.") from None


def to_delete(name: str, scans: MarketScanSettings) -> dict[str, Any]:
    """The changes that delete a custom scan. Raises ConfigError."""
    if name not in scans.custom:
        raise ConfigError(f"There is no custom scan called {name!r}; it may have been deleted in another tab.")
    changes: dict[str, Any] = {CUSTOM: {key: _plain(scan) for key, scan in scans.custom.items() if key != name}}
    left = [each for each in scans.enabled if each != name]
    return {**changes, ENABLED: left} if name in scans.enabled else changes


def _plain(scan: CustomScan) -> dict[str, Any]:
    return scan.model_dump(mode="json")
