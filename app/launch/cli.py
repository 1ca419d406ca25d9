"""The command line as a layer of settings and a few switches. Pure: no reading, no printing."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from engine.errors import ConfigError
from engine.settings.sources import Layer, from_command_line, parse_text

SIDE_COMMANDS = ("doctor", "backup", "restore")
# What is done to password and tokens instead of a start; those that take a name.
LOGIN_COMMANDS = ("set-password", "remove-password", "new-token", "tokens", "revoke-token")
NAMED = ("new-token", "revoke-token")
OPTIONS = {
    "engine.name": "--engine-name",
    "broker.mode": "--broker",
    "broker.host": "--broker-host",
    "broker.port": "--broker-port",
    "broker.client_id": "--client-id",
    "web.host": "--host",
    "web.port": "--port",
    "data_dir": "--data-dir",
    "log.level": "--log-level",
    "web.open_browser": "--no-browser",
}


@dataclass(frozen=True, slots=True)
class Recording:
    """A recorded session to be played in TWS' place; `speed` recorded seconds a second."""

    file: Path
    speed: float


@dataclass(frozen=True, slots=True)
class CommandLine:
    """What was typed. `config` None = the config.yaml beside app.py, which may be missing."""

    layer: Layer
    config: Path | None
    check: bool
    version: bool
    recording: Recording | None = None
    no_engine: bool = False  # pages alone
    login: tuple[str, str] | None = None  # one of LOGIN_COMMANDS, and the name that it takes, else ""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"command line: {message}. See: python app.py --help")


def parser() -> argparse.ArgumentParser:
    """Values stay text: bounds and choices have one home, the models of engine.config."""
    made = _Parser(
        prog="app.py",
        description="QTrade: a live dashboard on Interactive Brokers.",
        epilog="also: app.py doctor | app.py backup FILE [--with-secrets] | app.py restore FILE (with --data-dir and"
        " --config as above)",
        allow_abbrev=False,
    )
    made.add_argument("--config", type=Path, metavar="FILE", help="settings file (default: config.yaml beside app.py)")
    made.add_argument("--broker", metavar="simulated|paper|live", help="which gateway (default: simulated)")
    made.add_argument("--broker-host", metavar="H", help="where TWS or IB Gateway listens (default: 127.0.0.1)")
    made.add_argument("--broker-port", metavar="P", help="its port (default: 7497 paper, 7496 live)")
    made.add_argument("--client-id", metavar="N", help="API client id (default: 52)")
    made.add_argument("--engine-name", metavar="NAME", help="under which it publishes its state (default: main)")
    made.add_argument("--host", metavar="ADDRESS", help="address of the dashboard (default: 127.0.0.1)")
    made.add_argument("--port", metavar="PORT", help="port of the dashboard (default: 8052)")
    made.add_argument("--data-dir", metavar="DIR", help="where state, history and logs are kept")
    made.add_argument("--no-engine", action="store_true", help="pages alone, of engines that publish in state.url")
    made.add_argument("--no-browser", action="store_true", help="don't open the browser")
    made.add_argument("--log-level", metavar="L", help="DEBUG, INFO, WARNING or ERROR (default: INFO)")
    made.add_argument("--play", type=Path, metavar="FILE", help="a recorded session in TWS' place")
    made.add_argument("--play-speed", default="1", metavar="X", help="recorded seconds a second (default: 1)")
    made.add_argument("--check", action="store_true", help="validate configuration and environment, then exit")
    login = made.add_mutually_exclusive_group()
    login.add_argument("--set-password", action="store_true", help="ask for a password that pages will want, and exit")
    login.add_argument("--remove-password", action="store_true", help="want none any more, and exit")
    login.add_argument("--new-token", metavar="NAME", help="make a token for a script that reads, and exit")
    login.add_argument("--tokens", action="store_true", help="list the tokens, and exit")
    login.add_argument("--revoke-token", metavar="NAME", help="take a token back, and exit")
    made.add_argument("--version", action="store_true", help="print version and build id, then exit")
    return made


def parse_command_line(arguments: Sequence[str]) -> CommandLine:
    """Raises ConfigError for what is not an option; `--help` prints and exits."""
    typed = parser().parse_args(arguments)
    values: dict[str, Any] = {}
    for key, option in OPTIONS.items():
        text = getattr(typed, option.removeprefix("--").replace("-", "_"))
        if isinstance(text, str):
            values[key] = parse_text(key, text.upper() if key == "log.level" else text)
    if typed.no_browser:
        values["web.open_browser"] = False
    recording = _recording(typed.play, typed.play_speed)
    if recording is not None and values.setdefault("broker.mode", "simulated") != "simulated":
        raise ConfigError("command line: --play and --broker paper or live exclude each other. Leave one of them out.")
    if recording is not None and typed.no_engine:
        raise ConfigError("command line: --play and --no-engine exclude each other. Leave one of them out.")
    layer = from_command_line(values, OPTIONS)
    return CommandLine(
        layer, typed.config, typed.check, typed.version, recording, typed.no_engine, _login_command(typed)
    )


def _login_command(typed: argparse.Namespace) -> tuple[str, str] | None:
    given = {name: getattr(typed, name.replace("-", "_")) for name in LOGIN_COMMANDS}
    what = next((name for name, value in given.items() if value not in (None, False)), None)
    return None if what is None else (what, given[what] if what in NAMED else "")


def _recording(file: Path | None, speed_text: str) -> Recording | None:
    if file is None:
        return None
    try:
        speed = float(speed_text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= 1000:
        raise ConfigError(f"command line --play-speed: {speed_text!r}; must be a number above 0, at most 1000.")
    return Recording(file, speed)
