"""What install-service writes, on every system by its text; the system's own check where there is one."""

from __future__ import annotations

import plistlib
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.launch import service
from app.launch.service import ServiceRefused, Start, System, install, launchd_agent, remove, systemd_unit, windows_task

START = Start("/usr/bin/python3", Path("/home/t/qtrade"), ("--broker", "paper"))
ODD = Start("/opt/py 3/bin/python", Path('/home/t/100% $HOME "q" \\ ünï'), ("--data-dir", "/data of $USER/%i"))
WINDOWS = Start(r"C:\Program Files\Python\python.exe", Path(r"C:\Users\A & B\qtrade"), ("--broker", "live"))


def exec_start(unit: str) -> str:
    return next(line for line in unit.splitlines() if line.startswith("ExecStart=")).partition("=")[2]


def test_a_systemd_unit() -> None:
    unit = systemd_unit(START)
    assert exec_start(unit) == '"/usr/bin/python3" "/home/t/qtrade/start.py" "--no-browser" "--broker" "paper"'
    lines = unit.splitlines()
    for line in ("WorkingDirectory=/home/t/qtrade", "Restart=on-failure", "RestartPreventExitStatus=2 3",
                 "KillMode=mixed", "WantedBy=default.target"):  # fmt: skip
        assert line in lines


def test_nothing_in_a_path_means_something_to_systemd() -> None:
    unit = systemd_unit(ODD)
    assert 'WorkingDirectory=/home/t/100%% $HOME "q" \\ ünï' in unit
    assert '"/home/t/100%% $$HOME \\"q\\" \\\\ ünï/start.py"' in unit and '"/data of $$USER/%%i"' in unit


words = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x24F, exclude_categories=("Cc",)), min_size=1, max_size=20
)


@given(st.lists(words, max_size=4))
def test_words_come_through_systemd_as_they_were(typed: Sequence[str]) -> None:
    """Its quotes are those of a shell, once its own two signs are read."""
    line = exec_start(systemd_unit(START._replace(arguments=tuple(typed)))).replace("%%", "%").replace("$$", "$")
    quiet = [] if "--no-browser" in typed else ["--no-browser"]
    assert shlex.split(line) == [START.python, "/home/t/qtrade/start.py", *quiet, *typed]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
@pytest.mark.parametrize("odd", [False, True])
def test_systemd_takes_the_unit(odd: bool, tmp_path: Path) -> None:
    root = tmp_path / ("100% $HOME q" if odd else "q")
    root.mkdir()
    (root / "start.py").touch()
    unit = tmp_path / "qtrade.service"
    unit.write_text(systemd_unit(Start(sys.executable, root, ("--broker", "paper"))), encoding="utf-8")
    command = ["systemd-analyze", "--user", "verify", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"XDG_RUNTIME_DIR": str(tmp_path)})
    said = done.stdout + done.stderr
    if "Failed to" in said and "qtrade.service" not in said:
        pytest.skip(f"systemd-analyze does not run here: {said.strip()[-200:]}")
    assert (done.returncode, said.strip()) == (0, "")


NAMESPACE = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}


def task(start: Start = WINDOWS, user: str = r"DESK\A & B") -> ElementTree.Element:
    text = windows_task(start, user)
    return ElementTree.fromstring(text.encode("utf-16"))


def value(root: ElementTree.Element, path: str) -> str | None:
    return root.findtext("/".join(f"t:{part}" for part in path.split("/")), namespaces=NAMESPACE)


def test_a_task_of_windows() -> None:
    made = task()
    assert value(made, "Actions/Exec/Command") == r"C:\Program Files\Python\python.exe"
    arguments = value(made, "Actions/Exec/Arguments") or ""
    assert arguments.startswith('"C:\\Users\\A & B\\qtrade') and arguments.endswith("--no-browser --broker live")
    assert value(made, "Actions/Exec/WorkingDirectory") == r"C:\Users\A & B\qtrade"
    assert value(made, "Triggers/LogonTrigger/UserId") == value(made, "Principals/Principal/UserId") == r"DESK\A & B"
    assert value(made, "Principals/Principal/RunLevel") == "LeastPrivilege"
    assert value(made, "Principals/Principal/LogonType") == "InteractiveToken"
    assert value(made, "Settings/ExecutionTimeLimit") == "PT0S", "it runs as long as it likes"
    assert (
        value(made, "Settings/DisallowStartIfOnBatteries") == value(made, "Settings/StopIfGoingOnBatteries") == "false"
    )
    assert value(made, "Settings/MultipleInstancesPolicy") == "IgnoreNew"


def test_an_agent_of_macos() -> None:
    made = plistlib.loads(launchd_agent(ODD))
    assert made["ProgramArguments"] == ODD.words and made["WorkingDirectory"] == str(ODD.root)
    assert made["RunAtLoad"] is True and made["KeepAlive"] == {"SuccessfulExit": False}


class Tools:
    """Stands for schtasks and systemctl: notes what is called, and answers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[list[str]] = []
        self.task = ""
        self.code, self.said = 0, ""
        monkeypatch.setattr(service.subprocess, "run", self.run)
        monkeypatch.setattr(service.shutil, "which", lambda name: f"/usr/bin/{name}")

    def run(self, command: Sequence[str], **_: object) -> subprocess.CompletedProcess[str]:
        self.calls.append(list(command))
        if "/XML" in command:
            self.task = Path(command[command.index("/XML") + 1]).read_text(encoding="utf-16")
        return subprocess.CompletedProcess(command, self.code, "", self.said)


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Tools:
    return Tools(monkeypatch)


def test_it_is_installed_and_removed_on_windows(tools: Tools, tmp_path: Path) -> None:
    system = System("win32", {"USERDOMAIN": "DESK", "USERNAME": "t"}, tmp_path)
    assert "schtasks /Run /TN QTrade" in install(WINDOWS, system)
    assert "<UserId>DESK\\t</UserId>" in tools.task
    assert "goes on" in remove(system)
    assert [call[:4] for call in tools.calls] == [
        ["schtasks", what, "/TN", "QTrade"] for what in ("/Create", "/Delete")
    ]


def test_it_is_installed_and_removed_on_linux(tools: Tools, tmp_path: Path) -> None:
    system = System("linux", {}, tmp_path)
    assert "systemctl --user start qtrade.service" in install(START, system)
    file = tmp_path / ".config" / "systemd" / "user" / "qtrade.service"
    assert file.read_text(encoding="utf-8") == systemd_unit(START)
    remove(system)
    assert not file.exists()
    assert [call[2] for call in tools.calls] == ["daemon-reload", "enable", "disable", "daemon-reload"]
    with pytest.raises(ServiceRefused, match="nothing is installed"):
        remove(system)


def test_the_units_lie_where_this_user_keeps_settings(tmp_path: Path) -> None:
    chosen = System("linux", {"XDG_CONFIG_HOME": "/x"}, tmp_path)
    assert chosen.unit_file() == Path("/x/systemd/user/qtrade.service")


def test_it_is_installed_and_removed_on_macos(tools: Tools, tmp_path: Path) -> None:
    system = System("darwin", {}, tmp_path)
    assert "launchctl load" in install(START, system)
    assert system.agent_file().read_bytes() == launchd_agent(START)
    remove(system)
    assert not system.agent_file().exists() and tools.calls == []


def test_what_the_tool_refuses_is_said_with_a_cure(tools: Tools, tmp_path: Path) -> None:
    tools.code, tools.said = 1, "ERROR: Access is denied.\n"
    with pytest.raises(ServiceRefused, match=r"schtasks /Create /TN failed: ERROR: Access is denied\. .*administrator"):
        install(WINDOWS, System("win32", {"USERNAME": "t"}, tmp_path))
    tools.said = "Failed to connect to bus: No medium found"
    with pytest.raises(ServiceRefused, match="No medium found. Try it in a console of your own desktop session"):
        install(START, System("linux", {}, tmp_path))
    assert not (tmp_path / ".config" / "systemd" / "user" / "qtrade.service").exists(), "nothing is left of it"


def test_without_systemd_it_says_what_to_start(tools: Tools, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(service.shutil, "which", lambda name: None)
    with pytest.raises(ServiceRefused, match=r"no systemd.*/home/t/qtrade/start.py --no-browser --broker paper"):
        install(START, System("linux", {}, tmp_path))
    assert not (tmp_path / ".config").exists()


@pytest.mark.parametrize(("typed", "words"), [(["remove-service", "x"], "write: python start.py remove-service")])
def test_as_a_command(typed: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert service.main([str(tmp_path), *typed]) == 1
    assert words in capsys.readouterr().err
