"""`app.py --set-password`, `--remove-password`, `--new-token NAME`, `--tokens`, `--revoke-token NAME`.

A running program hears of each at once. A password is asked for on the terminal and nowhere else: what stands on a
command line is in the list of processes and in the shell's history.
"""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from app.launch.cli import CommandLine
from app.launch.data_folder import make_data_folder
from app.launch.preparation import Machine, prepare
from app.login.credentials import FILE_NAME, Credentials, Token, checked_name, load, save
from app.login.passwords import LEAST, digest, new_password, new_token
from engine.config import WebSettings, is_loopback
from engine.errors import ConfigError
from engine.storage.atomic import reason_of

Ask = Callable[[str], str]
MAKE_ANEW = ("set-password", "remove-password")  # a file that can't be read is no reason against these


def on_terminal(question: str) -> str:
    """What is typed, unseen. Raises ConfigError where nobody can type."""
    if not sys.stdin.isatty():
        raise ConfigError("--set-password: it asks on a terminal, and there is none. Run it in one.")
    return getpass.getpass(question)


@dataclass(frozen=True, slots=True)
class _Place:
    """The file, what it holds now, and what it is for."""

    path: Path
    kept: Credentials
    web: WebSettings
    at_wall: float

    def save(self, password: str, tokens: tuple[Token, ...]) -> None:
        make_data_folder(self.path.parent)
        save(self.path, Credentials(password, tokens))


def run_login_command(typed: CommandLine, machine: Machine, ask: Ask = on_terminal) -> str:
    """What was done, in words. Raises ConfigError: why not; then the file is as it was. Blocks."""
    assert typed.login is not None
    what, name = typed.login
    prepared = prepare(replace(typed, check=True), machine)
    path = prepared.folder / FILE_NAME
    kept = load(path)
    if kept.problem and what not in MAKE_ANEW:
        raise ConfigError(
            f"{path} {kept.problem}. Make it anew with --set-password (or --remove-password), and the tokens after it."
        )
    place = _Place(path, kept.credentials, prepared.settings.config.web, machine.clock_wall())
    try:
        return _set_password(place, ask) if what == "set-password" else _COMMANDS[what](place, name)
    except OSError as error:
        raise ConfigError(f"{path} can't be written ({reason_of(error)}). Nothing was changed.") from None


def _set_password(place: _Place, ask: Ask) -> str:
    place.save(new_password(ask(f"Password ({LEAST} characters at least): "), ask("Again: ")), place.kept.tokens)
    said = "The password is another one now: who had logged in does so again." if place.kept.password else "It is set."
    if is_loopback(place.web.host):
        return f"{said} Every page asks for it, also of a QTrade that runs now."
    return (
        f"{said} The dashboard may listen on {place.web.host} now. What browsers send there is not encrypted: put a "
        "reverse proxy with TLS before it (docs/reverse-proxy.md)."
    )


def _remove_password(place: _Place, _name: str) -> str:
    if not place.kept.password and not place.path.exists():
        return "There is no password."
    place.save("", place.kept.tokens)
    if not is_loopback(place.web.host):
        return f"It is removed. With web.host {place.web.host} nobody can log in now, and the next start is refused."
    return "It is removed: whoever can use this computer sees the pages."


def _new_token(place: _Place, name: str) -> str:
    name, token = checked_name(name, place.kept.tokens), new_token()
    place.save(place.kept.password, (*place.kept.tokens, Token(name, digest(token), place.at_wall)))
    return (
        f"Token {name}, which reads /api, /metrics and /healthz. It is shown this once:\n\n    {token}\n\n"
        "Send it as a header: Authorization: Bearer <token>"
    )


def _tokens(place: _Place, _name: str) -> str:
    if not place.kept.tokens:
        return "There is no token. Make one: python app.py --new-token NAME"
    made = ((each.name, datetime.fromtimestamp(each.made_wall, UTC)) for each in place.kept.tokens)
    return "\n".join(f"{name:<40} made {when:%Y-%m-%d %H:%M} UTC" for name, when in made)


def _revoke_token(place: _Place, name: str) -> str:
    left = tuple(each for each in place.kept.tokens if each.name != name)
    if len(left) == len(place.kept.tokens):
        known = ", ".join(each.name for each in left) or "none"
        raise ConfigError(f"--revoke-token: there is no token {name[:60]!r}. There are: {known}.")
    place.save(place.kept.password, left)
    return f"Token {name} is good no more."


_COMMANDS: dict[str, Callable[[_Place, str], str]] = {
    "remove-password": _remove_password,
    "new-token": _new_token,
    "tokens": _tokens,
    "revoke-token": _revoke_token,
}
