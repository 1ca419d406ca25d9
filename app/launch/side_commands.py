"""`app.py doctor`, `backup FILE`, `restore FILE`: done beside the program, with the options that name its folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from app.checks import Finding
from app.launch import backup, doctor
from app.launch.cli import CommandLine, parse_command_line
from app.launch.data_folder import make_data_folder
from app.launch.desktop import may_open_browser
from app.launch.preparation import Machine, prepare
from engine.errors import ConfigError
from engine.logs.routing import plain
from engine.storage.build_id import BuildId
from engine.storage.lockfile import EngineLock

OK, SOMETHING_WRONG = 0, 1
WITH_SECRETS = "--with-secrets"


def run_side_command(arguments: Sequence[str], machine: Machine, build: BuildId) -> int:
    """The exit code. Raises ConfigError, BackupError, AlreadyRunning: in words for the user."""
    return _COMMANDS[arguments[0]](list(arguments[1:]), machine, build)


def _doctor(arguments: list[str], machine: Machine, build: BuildId) -> int:
    """Whatever is wrong is a finding, what was typed and stored included."""
    print(f"QTrade {build}")
    is_whole = True
    may_open = may_open_browser(True, machine.environ, machine.platform)
    for finding in doctor.looked(doctor.of_this_python(machine.root, may_open)):
        is_whole = _show(finding) and is_whole
    try:
        prepared = prepare(replace(parse_command_line(arguments), check=True), machine)
    except ConfigError as error:
        _show(Finding("wrong", "Configuration", str(error)))
        return SOMETHING_WRONG
    for finding in doctor.looked(doctor.of_this_start(prepared, machine.clock_wall)):
        is_whole = _show(finding) and is_whole
    return OK if is_whole else SOMETHING_WRONG


def _show(finding: Finding) -> bool:
    print(plain(str(finding)), flush=True)
    return finding.verdict != "wrong"


def _backup(arguments: list[str], machine: Machine, build: BuildId) -> int:
    with_secrets = WITH_SECRETS in arguments
    typed, file = _with_file("backup", [each for each in arguments if each != WITH_SECRETS])
    folder = prepare(typed, machine).folder
    print(plain(backup.backup(folder, file, build, machine.clock_wall(), with_secrets=with_secrets)))
    return OK


def _restore(arguments: list[str], machine: Machine, build: BuildId) -> int:
    """The folder must be nobody's: an engine would write over what comes back."""
    typed, file = _with_file("restore", arguments)
    folder = prepare(typed, machine).folder
    make_data_folder(folder)
    lock = EngineLock(folder)
    lock.acquire(machine.clock_wall())
    try:
        print(plain(backup.restore(folder, file, machine.clock_wall())))
    finally:
        lock.release()
    return OK


def _with_file(name: str, arguments: list[str]) -> tuple[CommandLine, Path]:
    """The options, looked at only (`check`), and the one file."""
    if not arguments or arguments[0].startswith("-"):
        raise ConfigError(f"{name}: no file is named. Write: python app.py {name} FILE [--data-dir DIR]")
    return replace(parse_command_line(arguments[1:]), check=True), Path(arguments[0]).expanduser()


_COMMANDS: dict[str, Callable[[list[str], Machine, BuildId], int]] = {
    "doctor": _doctor,
    "backup": _backup,
    "restore": _restore,
}
