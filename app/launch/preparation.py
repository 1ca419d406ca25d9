"""From command line and environment to the settings in force and the data folder; reads, but makes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from app.launch.cli import CommandLine, Recording
from app.launch.data_folder import data_folder, owner_note, synced_by
from app.login import credentials
from engine.config import USUAL_GATEWAYS, is_loopback
from engine.errors import ConfigError
from engine.settings.effective import SAVED, EffectiveSettings, load_settings, resolve, saved_layer
from engine.settings.saved import FILE_NAME, load_saved
from engine.settings.sources import Layer, from_environment, from_yaml


@dataclass(frozen=True, slots=True)
class Machine:
    """What is asked of this machine; injected, so that tests need not change it."""

    root: Path
    environ: Mapping[str, str]
    home: Path
    platform: str  # sys.platform
    clock_wall: Callable[[], float] = time.time

    @property
    def is_windows(self) -> bool:
        return self.platform == "win32"


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that is known before anything starts."""

    settings: EffectiveSettings
    folder: Path
    notes: tuple[str, ...]
    recording: Recording | None = None


def prepare(typed: CommandLine, machine: Machine) -> Prepared:
    """Settings by precedence and the data folder. Raises ConfigError: where, found, rule, cure."""
    if typed.recording is not None and not typed.recording.file.is_file():
        raise ConfigError(f"command line --play: {typed.recording.file} is no file; must be a recording. Correct it.")
    environment = from_environment(machine.environ)
    config_file = _config_layer(typed.config, machine.root)
    first = resolve([typed.layer, environment, config_file])
    folder = data_folder(
        first.config.data_dir, first.origin("data_dir"), machine.environ, machine.home, machine.is_windows
    )
    saved = load_saved(folder / FILE_NAME, machine.clock_wall, look_only=typed.check)
    settings = load_settings(typed.layer, environment, saved_layer(saved.values, saved.notes), config_file)
    notes = list(settings.notes)
    notes += folder_notes(folder) + _port_notes(settings)
    return Prepared(settings, folder, tuple(notes), typed.recording)


def folder_notes(folder: Path) -> list[str]:
    """What is worth a word of where the data are kept."""
    synced, lent = synced_by(folder), owner_note(folder)
    notes = [lent] if lent else []
    if synced is not None:
        notes.append(f"Data folder {folder} lies in {synced}, which is synchronised: use --data-dir with another one")
    return notes


def closed(prepared: Prepared) -> Prepared:
    """The same where others can't reach the dashboard, or need a password; a saved address is else left out.

    Raises ConfigError: an address that somebody has typed. Blocks for a look at the disk.
    """
    settings = prepared.settings
    host, kept = settings.config.web.host, credentials.load(prepared.folder / credentials.FILE_NAME)
    lack = f"{credentials.FILE_NAME} {kept.problem}" if kept.problem else "there is no password"
    if is_loopback(host) and kept.problem:
        note = f"{lack}: nobody can log in with a password. Set it anew: python app.py --set-password"
        return replace(prepared, notes=(*prepared.notes, note))
    if is_loopback(host) or kept.credentials.password:
        return prepared
    words = (
        f"{settings.origin('web.host')}: web.host is {host}, where other computers reach your account, and {lack}. Set "
        "one first: python app.py --set-password; and put a reverse proxy with TLS before it "
        "(docs/reverse-proxy.md), or the password travels readable."
    )
    if settings.origin("web.host") != SAVED:
        raise ConfigError(words)
    note = f"A saved setting was left out (web.host). {words}"
    open_to_us = settings.with_saved({}, forget=["web.host"])
    fitting = replace(open_to_us, left_out=(*settings.left_out, note))
    return closed(replace(prepared, settings=fitting, notes=(*prepared.notes, note)))


def _config_layer(chosen: Path | None, root: Path) -> Layer:
    if chosen is None:
        return from_yaml(root / "config.yaml")
    if not chosen.is_file():
        raise ConfigError(f"command line --config: {chosen} is no file; must be a settings file. Correct the path.")
    return from_yaml(chosen)


def _port_notes(settings: EffectiveSettings) -> list[str]:
    """A usual port of the other kind of account is worth a word, not an error: TWS lets the user choose."""
    broker = settings.config.broker
    usual = next((each.mode for each in USUAL_GATEWAYS if each.port == broker.port), None)
    if broker.mode == "simulated" or usual in (None, broker.mode):
        return []
    return [f"Port {broker.port} is usually the {usual} port of TWS or IB Gateway, but the broker is {broker.mode}"]
