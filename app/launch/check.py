"""`--check`: what would be started, and whether this environment can do it."""

from __future__ import annotations

import platform
import struct
import sys
import zoneinfo
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from app.launch.cli import Recording
from app.launch.preparation import Prepared
from engine.config import BrokerSettings
from engine.errors import ConfigError
from engine.logs.redaction import redact
from engine.settings.effective import DEFAULT
from engine.settings.sources import FIELDS
from engine.storage.build_id import BuildId

CLIENT_LIBRARIES = ("ib_insync", "ib_async")


def client_library() -> str:
    """Name and version of the one client library here. Raises ConfigError when there is none, or both."""
    found = []
    for name in CLIENT_LIBRARIES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    if len(found) == 1:
        return found[0]
    what = "both ib_insync and ib_async are" if found else "neither ib_insync nor ib_async is"
    raise ConfigError(f"{sys.prefix}: {what} installed; must be exactly one. Delete .venv and run: python start.py")


def check_environment() -> None:
    """Raises ConfigError for a Python that can't run QTrade."""
    version = platform.python_version()
    if not (3, 11) <= sys.version_info[:2] <= (3, 14) or struct.calcsize("P") != 8:
        bits = struct.calcsize("P") * 8
        raise ConfigError(f"Python {version}, {bits} bit; must be 3.11 to 3.14, 64 bit. Run: python start.py")
    try:
        zoneinfo.ZoneInfo("America/New_York")
    except zoneinfo.ZoneInfoNotFoundError:
        raise ConfigError("no time-zone data; package tzdata is missing. Run: python start.py") from None
    client_library()


def report(prepared: Prepared, build: BuildId) -> Iterator[str]:
    """The lines that `--check` prints."""
    config = prepared.settings.config
    yield f"QTrade {build}, Python {platform.python_version()}, {client_library()}"
    yield f"Broker:      {broker_words(config.broker, prepared.recording)}"
    yield f"Dashboard:   {config.web.address()}"
    yield f"Data folder: {prepared.folder}{'' if prepared.folder.is_dir() else ' (will be made)'}"
    yield f"Log file:    {prepared.folder / 'logs' / 'qtrade.log'}"
    changed = [key for key in FIELDS if prepared.settings.origin(key) != DEFAULT]
    if changed:
        yield "Settings and where they come from (all others have their defaults):"
    for key in changed:
        lock = ", locked" if key in prepared.settings.locked else ""
        value = redact(str(prepared.settings.shown(key)))
        yield f"  {key} = {value}  ({prepared.settings.origin(key)}{lock})"
    for note in prepared.notes:
        yield f"Note: {note}"


def broker_words(broker: BrokerSettings, recording: Recording | None = None) -> str:
    """What will be connected to, in the user's words."""
    if recording is not None:
        return f"the recording {recording.file}, played at speed {recording.speed:g}"
    if broker.mode == "simulated":
        return "the simulated gateway, started on this machine"
    return f"{broker.mode} account at {broker.host}:{broker.effective_port()}, client id {broker.client_id}, read-only"


def log_folder(folder: Path, dashboard_port: int | None = None) -> Path:
    """Where the log files lie in the data folder; those of a dashboard without an engine lie apart."""
    logs = folder / "logs"
    return logs if dashboard_port is None else logs / f"dashboard-{dashboard_port}"
