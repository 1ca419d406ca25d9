"""`start.py install-service [ARGS]` and `remove-service`: QTrade begins when you log in, by this system's own means.

Windows: a task of the Task Scheduler, at log on, for this user, without administrator's rights. Linux: a systemd user
unit. macOS: a launchd agent. All run `start.py --no-browser ARGS` as the user who installs it. Standard library only:
run by the Python that start.py finds. What is written is made by pure functions; `install` and `remove` are thin.
"""

from __future__ import annotations

import os
import plistlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

OK, REFUSED = 0, 1
NAME = "QTrade"
UNIT = "qtrade.service"
LABEL = "qtrade.dashboard"
STOP_S = 15  # QTrade ends within three


class ServiceRefused(Exception):
    """What was found, what to do."""


class Start(NamedTuple):
    """What is started: `python` start.py with `arguments`, in the folder of start.py."""

    python: str
    root: Path
    arguments: tuple[str, ...]

    @property
    def words(self) -> list[str]:
        quiet = () if "--no-browser" in self.arguments else ("--no-browser",)
        return [self.python, str(self.root / "start.py"), *quiet, *self.arguments]


# --- what is written ------------------------------------------------------------------------------------------------


def systemd_unit(start: Start) -> str:
    """Exit codes 2 and 3 are the user's to mend: it is not started again after them."""
    return f"""\
# Written by `start.py install-service`; `start.py remove-service` takes it away.
[Unit]
Description=QTrade dashboard

[Service]
WorkingDirectory={str(start.root).replace("%", "%%")}
ExecStart={" ".join(map(_systemd_word, start.words))}
Restart=on-failure
RestartPreventExitStatus=2 3
TimeoutStopSec={STOP_S}
KillMode=mixed

[Install]
WantedBy=default.target
"""


def _systemd_word(word: str) -> str:
    """As systemd.service(5) reads it: quoted, with nothing that it would put something else for."""
    for sign, spelt in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%"), ("$", "$$"), ("\n", "\\n")):
        word = word.replace(sign, spelt)
    return f'"{word}"'


def windows_task(start: Start, user: str) -> str:
    """The XML that schtasks reads (as UTF-16): at log on of `user`, as long as it lasts, on batteries, too."""
    command, *words = start.words
    return f"""\
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>QTrade dashboard (start.py install-service)</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger>
      <Enabled>true</Enabled>
      <UserId>{escape(user)}</UserId>
    </LogonTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>{escape(user)}</UserId>
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <AllowStartOnDemand>true</AllowStartOnDemand>
    <Enabled>true</Enabled>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>5</Priority>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{escape(command)}</Command>
      <Arguments>{escape(subprocess.list2cmdline(words))}</Arguments>
      <WorkingDirectory>{escape(str(start.root))}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
"""


def launchd_agent(start: Start) -> bytes:
    """A property list; what ends with 0 was ended on purpose and stays so."""
    return plistlib.dumps(
        {
            "Label": LABEL,
            "ProgramArguments": start.words,
            "WorkingDirectory": str(start.root),
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "ExitTimeOut": STOP_S,
        }
    )


# --- doing it -------------------------------------------------------------------------------------------------------


class System(NamedTuple):
    """What is asked of this machine."""

    platform: str  # sys.platform
    environ: Mapping[str, str]
    home: Path

    def unit_file(self) -> Path:
        config = self.environ.get("XDG_CONFIG_HOME", "")
        return (Path(config) if config.startswith("/") else self.home / ".config") / "systemd" / "user" / UNIT

    def agent_file(self) -> Path:
        return self.home / "Library" / "LaunchAgents" / f"{LABEL}.plist"

    def user(self) -> str:
        """As Windows names who is logged in."""
        domain, name = self.environ.get("USERDOMAIN", ""), self.environ.get("USERNAME", "")
        return f"{domain}\\{name}" if domain else name


def install(start: Start, system: System) -> str:
    """What was done, and how it is started now. Raises ServiceRefused."""
    if system.platform == "win32":
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "task.xml"
            file.write_text(windows_task(start, system.user()), encoding="utf-16")
            _call("schtasks", "/Create", "/TN", NAME, "/XML", str(file), "/F")
        return f'The task "{NAME}" starts QTrade when you log in. Now: schtasks /Run /TN {NAME}'
    if system.platform == "darwin":
        file = system.agent_file()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(launchd_agent(start))
        return f"{file} starts QTrade when you log in. Now: launchctl load -w {file}"
    _need_systemd(start)
    file = system.unit_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(systemd_unit(start), encoding="utf-8")
    try:
        _call("systemctl", "--user", "daemon-reload")
        _call("systemctl", "--user", "enable", UNIT)
    except ServiceRefused:
        file.unlink()
        raise
    return (
        f"{file} starts QTrade when you log in. Now: systemctl --user start {UNIT}. Its lines: journalctl --user -u"
        f" {UNIT}. To run without a login: loginctl enable-linger"
    )


def remove(system: System) -> str:
    """What was done. A QTrade that runs is left alone. Raises ServiceRefused."""
    if system.platform == "win32":
        _call("schtasks", "/Delete", "/TN", NAME, "/F")
        return f'The task "{NAME}" is gone; a QTrade that runs goes on.'
    file = system.agent_file() if system.platform == "darwin" else system.unit_file()
    if not file.is_file():
        raise ServiceRefused(f"there is no {file}: nothing is installed.")
    if system.platform != "darwin":
        _call("systemctl", "--user", "disable", UNIT)
    file.unlink()
    if system.platform != "darwin":
        _call("systemctl", "--user", "daemon-reload")
    return f"{file} is gone; a QTrade that runs goes on."


def _need_systemd(start: Start) -> None:
    if shutil.which("systemctl") is None:
        words = subprocess.list2cmdline(start.words)
        raise ServiceRefused(f"this system has no systemd. Have its own means start, in {start.root}: {words}")


def _call(*command: str) -> None:
    """Raises ServiceRefused with what the tool said."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - no shell
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ServiceRefused(f"{command[0]} does not answer ({error}).") from None
    if done.returncode == 0:
        return
    said = " ".join((done.stderr or done.stdout).split()) or f"exit code {done.returncode}"
    cure = "Try it in a console of your own desktop session."
    if "denied" in said.lower() or "0x80070005" in said:
        cure = "This Windows lets administrators alone make tasks: run it once in a console opened as administrator."
    raise ServiceRefused(f"{' '.join(command[:3])} failed: {said.removesuffix('.')}. {cure}")


def main(arguments: Sequence[str]) -> int:
    """`arguments`: QTrade's folder, the command, and what was typed behind it."""
    root, command, words = Path(arguments[0]), arguments[1], tuple(arguments[2:])
    system = System(sys.platform, os.environ, Path.home())
    try:
        if command == "install-service":
            print(install(Start(sys.executable, root, words), system))
        elif words:
            raise ServiceRefused("write: python start.py remove-service")
        else:
            print(remove(system))
    except (ServiceRefused, OSError) as refused:
        print(f"start.py: {command}: {refused}", file=sys.stderr)
        return REFUSED
    return OK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
