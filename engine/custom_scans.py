"""Custom scans in the settings: what keeping, changing or deleting one changes. Pure.

Whether a combination runs is for the gateway to say; here only what no gateway could take is refused.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from engine.config import CustomScan
from engine.errors import ConfigError
from engine.scanners.presets import BY_NAME
from engine.settings import EffectiveSettings
from engine.state.commands import KeepScan

CUSTOM = "market_scan.custom"
ENABLED = "market_scan.enabled"
SCANS_MAX = 10
RUNNING_MAX = 9  # of the gateway's ten slots


def to_keep(command: KeepScan, settings: EffectiveSettings) -> tuple[dict[str, Any], str]:
    """The changes that keep a scan, or change the one of its name, and what is said. Raises ConfigError."""
    name = " ".join(command.name.split())
    if not 1 <= len(name) <= 24 or not name.isprintable() or "#" in name:
        raise ConfigError("The name of a scan must have 1 to 24 characters, none of them #.")
    if name.casefold() in {each.casefold() for each in BY_NAME}:
        raise ConfigError(f"{name} is a preset and stays as it is; choose another name.")
    scans = settings.config.market_scan
    kept = {key: _plain(scan) for key, scan in scans.custom.items()}
    if name not in kept and len(kept) >= SCANS_MAX:
        raise ConfigError(f"{SCANS_MAX} custom scans are kept already; delete one first.")
    try:
        scan = CustomScan(
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
    changes: dict[str, Any] = {CUSTOM: {**kept, name: _plain(scan)}}
    if name in scans.enabled:
        return changes, f"{name} is changed and opened anew."
    if len(scans.enabled) >= RUNNING_MAX:
        return changes, f"{name} is kept. All {RUNNING_MAX} slots are taken: turn another scan off, then this one on."
    return {
        **changes,
        ENABLED: [*scans.enabled, name],
    }, f"{name} is kept and on; the gateway's answer takes up to 45 s."


def to_delete(name: str, settings: EffectiveSettings) -> dict[str, Any]:
    """The changes that delete a custom scan. Raises ConfigError."""
    scans = settings.config.market_scan
    if name not in scans.custom:
        raise ConfigError(f"There is no custom scan called {name!r}; it may have been deleted in another tab.")
    changes: dict[str, Any] = {CUSTOM: {key: _plain(scan) for key, scan in scans.custom.items() if key != name}}
    left = [each for each in scans.enabled if each != name]
    return {**changes, ENABLED: left} if name in scans.enabled else changes


def _plain(scan: CustomScan) -> dict[str, Any]:
    return scan.model_dump(mode="json")
