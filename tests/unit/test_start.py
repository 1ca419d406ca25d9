"""start.py: which Python, when to install, what a failure leaves behind, what is handed over."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

import start
from tests.patience import DEADLINE_S, wait_for

PYTHON_3_11 = {
    "version": (3, 11, 9),
    "bits": 64,
    "cpython": True,
    "can_venv": True,
    "executable": sys.executable,
    "real": sys.executable,
}


def python(**changes: Any) -> dict[str, Any]:
    return PYTHON_3_11 | changes


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty checkout with its own .venv path."""
    (tmp_path / "requirements.txt").write_text("one==1\n")
    (tmp_path / "requirements-dev.txt").write_text("one==1\ntwo==2\n")
    monkeypatch.setattr(start, "ROOT", str(tmp_path))
    monkeypatch.setattr(start, "VENV", str(tmp_path / ".venv"))
    monkeypatch.setattr(start, "MARKER", str(tmp_path / ".venv" / "qtrade-environment.json"))
    monkeypatch.setattr(start, "LOCK", str(tmp_path / ".venv.lock"))
    monkeypatch.setattr(start, "find_python", lambda: python())
    return tmp_path


class FakePip:
    """Stands for `python -m venv` and pip: writes what they would write, counts, fails when told to."""

    def __init__(self, house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.house = house
        self.installs: list[bool] = []
        self.fails = False
        self.freeze = b"one==1"
        self.freeze_after_failure = b"one==1"
        monkeypatch.setattr(start.subprocess, "call", self.make_venv)
        monkeypatch.setattr(start, "pip_install", self.install)
        monkeypatch.setattr(start, "installed", lambda: self.freeze)

    def make_venv(self, command: list[str], **_: Any) -> int:
        assert command[1:3] == ["-m", "venv"]
        Path(start.venv_python()).parent.mkdir(parents=True)
        Path(start.venv_python()).write_text("")
        return 0

    def install(self, dev: bool) -> None:
        assert json.loads(Path(start.MARKER).read_text())["complete"] is False
        if self.fails:
            self.freeze = self.freeze_after_failure
            raise start.Failed("no network")
        self.installs.append(dev)


@pytest.fixture
def pip(house: Path, monkeypatch: pytest.MonkeyPatch) -> FakePip:
    return FakePip(house, monkeypatch)


def test_python_3_7_can_parse_it(root: Path) -> None:
    ast.parse((root / "start.py").read_text(encoding="utf-8"), feature_version=(3, 7))


def test_it_needs_the_standard_library_only(root: Path) -> None:
    tree = ast.parse((root / "start.py").read_text(encoding="utf-8"))
    names = {alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names}
    names |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"version": (3, 14, 0)}, True),
        ({"version": (3, 10, 13)}, False),
        ({"version": (3, 15, 0)}, False),
        ({"bits": 32}, False),
        ({"cpython": False}, False),
    ],
)
def test_supported_pythons(changes: dict[str, Any], expected: bool) -> None:
    assert start.supported(python(**changes)) is expected


def choose(monkeypatch: pytest.MonkeyPatch, found: list[dict[str, Any] | None]) -> dict[str, Any]:
    monkeypatch.setattr(start, "candidates", lambda: range(len(found)))
    monkeypatch.setattr(start, "probe", lambda index: found[index])
    return start.find_python()


def test_the_newest_supported_python_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [None, python(version=(3, 9, 1)), python(version=(3, 12, 4)), python(version=(3, 13, 1), bits=32), python()]
    assert choose(monkeypatch, found)["version"] == (3, 12, 4)


def test_an_older_one_that_can_make_environments_is_better_than_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose(monkeypatch, [python(version=(3, 13, 1), can_venv=False), python()])["version"] == (3, 11, 9)


def test_without_a_supported_python_it_says_what_it_saw(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(start.Failed, match=r"found Python 3\.9\.1 \(64 bit\).*3\.11 to 3\.14.*python\.org"):
        choose(monkeypatch, [python(version=(3, 9, 1))])


def test_on_debian_without_ensurepip_it_prints_exactly_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "is_debian", lambda: True)
    monkeypatch.setattr(start, "is_root", lambda: False)
    with pytest.raises(start.Failed, match=r"\n    sudo apt-get install python3-venv\n"):
        choose(monkeypatch, [python(can_venv=False)])


def test_on_debian_as_root_it_installs_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(start, "is_debian", lambda: True)
    monkeypatch.setattr(start, "is_root", lambda: True)
    monkeypatch.setattr(start, "apt_install", lambda *packages: asked.append(packages))
    monkeypatch.setattr(start, "candidates", lambda: [["python3"]])
    monkeypatch.setattr(start, "probe", lambda command: python(can_venv=bool(asked)))
    assert start.find_python()["can_venv"]
    assert asked == [("python3-venv",)]


def test_this_interpreter_answers_the_probe() -> None:
    found = start.probe([sys.executable])
    assert found is not None
    assert found["version"] == sys.version_info[:3]
    assert found["bits"] == 64


def test_a_shim_that_does_not_run_is_no_python(tmp_path: Path) -> None:
    shim = tmp_path / "python3.13"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    assert start.probe([str(shim)]) is None
    assert start.probe([str(tmp_path / "missing")]) is None


def test_the_second_start_installs_nothing(pip: FakePip) -> None:
    start.ensure_environment(dev=False)
    start.ensure_environment(dev=False)
    assert pip.installs == [False]


def test_an_environment_for_tests_serves_the_app(pip: FakePip) -> None:
    start.ensure_environment(dev=True)
    start.ensure_environment(dev=False)
    start.ensure_environment(dev=True)
    assert pip.installs == [True]


def test_changed_requirements_are_installed_into_the_same_environment(pip: FakePip) -> None:
    start.ensure_environment(dev=True)
    (pip.house / "requirements.txt").write_text("one==2\n")
    (pip.house / "requirements-dev.txt").write_text("one==2\ntwo==2\n")
    kept = Path(start.VENV) / "kept"
    kept.write_text("")
    start.ensure_environment(dev=False)
    assert pip.installs == [True, True], "the test needs stay in step with the run-time ones"
    assert kept.exists()


def test_line_endings_are_no_change(pip: FakePip) -> None:
    start.ensure_environment(dev=False)
    (pip.house / "requirements.txt").write_bytes(b"one==1\r\n")
    start.ensure_environment(dev=False)
    assert pip.installs == [False]


def test_a_failed_first_installation_leaves_nothing(pip: FakePip) -> None:
    pip.fails = True
    with pytest.raises(start.Failed):
        start.ensure_environment(dev=False)
    assert not Path(start.VENV).exists()


def test_a_failed_update_that_changed_nothing_keeps_the_old_environment(pip: FakePip) -> None:
    start.ensure_environment(dev=False)
    pip.fails = True
    with pytest.raises(start.Failed):
        start.ensure_environment(dev=True)
    assert start.up_to_date(dev=False), "the app still starts without network"


def test_a_failed_update_that_stopped_half_way_leaves_nothing(pip: FakePip) -> None:
    start.ensure_environment(dev=False)
    pip.fails, pip.freeze_after_failure = True, b"one==1\ntwo==2"
    with pytest.raises(start.Failed):
        start.ensure_environment(dev=True)
    assert not Path(start.VENV).exists()


def test_a_killed_installation_is_made_anew(pip: FakePip) -> None:
    start.ensure_environment(dev=False)
    marker = json.loads(Path(start.MARKER).read_text())
    Path(start.MARKER).write_text(json.dumps(marker | {"complete": False}))
    (Path(start.VENV) / "half").write_text("")
    start.ensure_environment(dev=False)
    assert pip.installs == [False, False]
    assert not (Path(start.VENV) / "half").exists()


def test_an_environment_whose_python_is_gone_is_made_anew(pip: FakePip) -> None:
    start.ensure_environment(dev=False)
    marker = json.loads(Path(start.MARKER).read_text())
    Path(start.MARKER).write_text(json.dumps(marker | {"real": "/gone/python3.11"}))
    start.ensure_environment(dev=False)
    assert pip.installs == [False, False]


def test_an_environment_of_somebody_else_is_moved_not_removed(pip: FakePip) -> None:
    theirs = Path(start.VENV)
    theirs.mkdir()
    (theirs / "precious").write_text("x")
    start.ensure_environment(dev=False)
    moved = [path for path in pip.house.iterdir() if path.name.startswith(".venv.old-")]
    assert [(path / "precious").read_text() for path in moved] == ["x"]


def test_pip_failure_shows_its_last_lines_and_cures(
    house: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    talker = house / "pip-stand-in"
    talker.write_text("#!/bin/sh\necho progress\necho 'ERROR: No matching distribution' >&2\nexit 1\n")
    talker.chmod(0o755)
    monkeypatch.setattr(start, "venv_python", lambda: str(talker))
    with pytest.raises(start.Failed) as failure:
        start.pip_install(dev=False)
    shown = capfd.readouterr()
    assert "progress" in shown.out, "progress goes to the screen as pip prints it"
    assert "ERROR: No matching distribution" in shown.err
    assert "    ERROR: No matching distribution" in str(failure.value)
    assert "HTTPS_PROXY" in str(failure.value)


def test_pip_takes_the_listed_files_alone(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    talker = house / "pip-stand-in"
    talker.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" > {house}/asked\n")
    talker.chmod(0o755)
    monkeypatch.setattr(start, "venv_python", lambda: str(talker))
    for dev, name in ((False, "requirements.txt"), (True, "requirements-dev.txt")):
        start.pip_install(dev)
        asked = (house / "asked").read_text().splitlines()
        assert asked[:6] == ["-m", "pip", "install", "--require-hashes", "--only-binary", ":all:"]
        assert asked[6:] == ["-r", str(house / name)]


def test_a_file_with_another_hash_is_refused_in_words(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wheel made here, listed with the hash of another one, and pip as it is."""
    wheel = house / "one-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as made:
        made.writestr("one.py", "x = 1\n")
        made.writestr("one-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: one\nVersion: 1\n")
        made.writestr("one-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        made.writestr("one-1.dist-info/RECORD", "one.py,,\none-1.dist-info/METADATA,,\none-1.dist-info/WHEEL,,\n")
    monkeypatch.setattr(start, "venv_python", lambda: sys.executable)
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(house), "PIP_TARGET": str(house / "taken")}.items():
        monkeypatch.setenv(name, value)
    listed = house / "requirements.txt"
    listed.write_text(f"one==1 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(start.Failed, match="is another file than the one that QTrade is tested with") as refused:
        start.pip_install(dev=False)
    assert "one==1" in str(refused.value) and "a company proxy or mirror" in str(refused.value)
    assert not (house / "taken").exists()
    listed.write_text(f"one==1 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
    start.pip_install(dev=False)
    assert (house / "taken" / "one.py").exists()


def test_no_browser_is_a_failure_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "find_browser", lambda: None)
    monkeypatch.setattr(start, "is_root", lambda: False)
    monkeypatch.setattr(start, "is_debian", lambda: True)
    with pytest.raises(start.Failed, match="apt-get install chromium chromium-driver"):
        start.ensure_browser()


def test_debian_as_root_installs_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(start, "find_browser", lambda: "/usr/bin/chromium" if asked else None)
    monkeypatch.setattr(start, "is_root", lambda: True)
    monkeypatch.setattr(start, "is_debian", lambda: True)
    monkeypatch.setattr(start, "apt_install", lambda *packages: asked.append(packages))
    assert start.ensure_browser() == "/usr/bin/chromium"
    assert asked == [("chromium", "chromium-driver")]


class FakeNpm:
    """Stands for node and npm: says a version, installs, or fails with a code."""

    def __init__(self, house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (house / "package-lock.json").write_text("{}\n")
        self.house = house
        self.version = b"v22.1.0\n"
        self.commands: list[list[str]] = []
        self.code = 0
        monkeypatch.setattr(start.shutil, "which", lambda name: name)
        monkeypatch.setattr(start.subprocess, "run", self.run)
        monkeypatch.setattr(start.subprocess, "call", self.call)

    def run(self, command: list[str], **_: Any) -> subprocess.CompletedProcess[bytes]:
        assert command == ["node", "--version"]
        return subprocess.CompletedProcess(command, 0, self.version)

    def call(self, command: list[str], **_: Any) -> int:
        self.commands.append(command[:2])
        (self.house / "node_modules").mkdir(exist_ok=True)
        return self.code


@pytest.fixture
def npm(house: Path, monkeypatch: pytest.MonkeyPatch) -> FakeNpm:
    return FakeNpm(house, monkeypatch)


def test_the_tools_for_the_browsers_code_are_installed_once_for_each_lock(npm: FakeNpm) -> None:
    start.ensure_node_modules()
    start.ensure_node_modules()
    assert npm.commands == [["npm", "ci"]]
    assert start.node_tools() == "node"
    (npm.house / "package-lock.json").write_text("{}\r\n")
    assert start.node_tools() == "node", "another line ending is the same list"
    (npm.house / "package-lock.json").write_text('{"name": "other"}\n')
    with pytest.raises(start.NoNode, match=r"`python start.py test` installs it"):
        start.node_tools()
    start.ensure_node_modules()
    assert len(npm.commands) == 2


def test_without_node_or_registry_the_tests_go_on_and_say_what_is_skipped(
    npm: FakeNpm, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    npm.code = 1
    start.ensure_node_modules()
    assert "npm ci failed (exit 1)" in capsys.readouterr().out
    with pytest.raises(start.NoNode):
        start.node_tools()
    npm.version = b"v20.18.9"
    start.ensure_node_modules()
    assert "node 20.18 is here, 20.19 is needed: linter, types" in capsys.readouterr().out
    monkeypatch.setattr(start.shutil, "which", lambda name: None)
    start.ensure_node_modules()
    assert "node is not installed" in capsys.readouterr().out
    assert len(npm.commands) == 1


@pytest.mark.parametrize(
    ("typed", "module", "dev"),
    [
        (["--no-browser", "--port", "1"], ["app.py", "--no-browser", "--port", "1"], False),
        (["test"], ["-m", "pytest", *start.WORKERS], True),
        (["test", "-k", "x", "tests/unit"], ["-m", "pytest", "-k", "x", "tests/unit"], True),
        (["test", "--long", "ledger", "--fast"], ["-m", "tests.long", "ledger", "--fast"], True),
    ],
)
def test_arguments_are_handed_over(
    typed: list[str], module: list[str], dev: bool, monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    asked: list[bool] = []
    handed: list[list[str]] = []
    monkeypatch.setattr(start, "ensure_environment", lambda dev: asked.append(dev))
    monkeypatch.setattr(start, "ensure_browser", lambda: sys.executable)
    monkeypatch.setattr(start, "ensure_node_modules", lambda: None)
    monkeypatch.setattr(start, "hand_over", lambda arguments: handed.append(arguments) or 0)
    monkeypatch.setattr(start, "keep_running", lambda command: handed.append(command[1:]) or 0)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.chdir(root)
    assert start.main(typed) == 0
    assert asked == [dev]
    assert [argument.replace(str(root) + os.sep, "") for argument in handed[0]] == module


def test_failures_are_one_message_and_exit_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(dev: bool) -> None:
        raise start.Failed("no disk")

    monkeypatch.setattr(start, "ensure_environment", fail)
    assert start.main([]) == 1
    assert capsys.readouterr().err == "\nstart.py: no disk\n"


class Kept:
    """`keep_running` in a process of its own, with a program that writes a line into `runs` each time."""

    def __init__(self, folder: Path, root: Path, body: str, environ: dict[str, str] | None = None) -> None:
        self.runs = folder / "runs"
        program = folder / "program.py"
        program.write_text(
            "import os, signal, sys, time\n"
            f"with open({str(self.runs)!r}, 'a') as file:\n"
            "    print(os.getpid(), os.environ.get('QTRADE_RESTARTED_AFTER', ''), file=file)\n"
            f"run = len(open({str(self.runs)!r}).readlines())\n{body}\n"
        )
        keeper = folder / "keeper.py"
        keeper.write_text(
            f"import sys\nsys.path.insert(0, {str(root)!r})\nimport start\n"
            "start.FIRST_PAUSE_S = start.LONGEST_PAUSE_S = 0.1\nstart.RUNS_S = 0.5\n"
            f"sys.exit(start.keep_running([sys.executable, {str(program)!r}]))\n"
        )
        self.process = subprocess.Popen([sys.executable, str(keeper)], stdout=subprocess.PIPE, text=True)

    def ended(self) -> tuple[int, str, list[str]]:
        out, _ = self.process.communicate(timeout=DEADLINE_S)
        return self.process.returncode, out, self.runs.read_text().splitlines()

    def first_pid(self) -> int:
        wait_for(lambda: self.runs.exists() and self.runs.read_text().endswith("\n"), "the program runs")
        return int(self.runs.read_text().split()[0])


@pytest.mark.skipif(start.WINDOWS, reason="signals of POSIX")
def test_a_program_that_is_killed_is_started_again_and_told_why(tmp_path: Path, root: Path) -> None:
    code, out, runs = Kept(tmp_path, root, "if run < 3: os.kill(os.getpid(), signal.SIGKILL)").ended()
    assert (code, len(runs)) == (0, 3)
    assert out.count("The program ended by itself (killed by signal 9); it is started again in 0.1 s") == 2
    assert [line.partition(" ")[2] for line in runs] == ["", *["The program ended by itself (killed by signal 9)"] * 2]


@pytest.mark.parametrize(("body", "code"), [("sys.exit(2)", 2), ("sys.exit(3)", 3), ("sys.exit(1)", 1), ("", 0)])
def test_what_ends_as_it_was_meant_or_never_ran_is_not_started_again(
    tmp_path: Path, root: Path, body: str, code: int
) -> None:
    got, out, runs = Kept(tmp_path, root, body).ended()
    assert (got, out, len(runs)) == (code, "", 1)


def test_a_program_that_ran_and_fails_is_started_again(tmp_path: Path, root: Path) -> None:
    body = "if run == 1:\n    time.sleep(1.0)\n    sys.exit(1)"
    code, out, runs = Kept(tmp_path, root, body).ended()
    assert (code, len(runs)) == (0, 2) and "exit code 1" in out


@pytest.mark.skipif(start.WINDOWS, reason="signals of POSIX")
@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_the_wish_to_end_is_handed_on_and_nothing_is_started_again(tmp_path: Path, root: Path, number: str) -> None:
    kept = Kept(
        tmp_path,
        root,
        f"signal.signal(signal.{number}, lambda *_: sys.exit(7))\nopen({str(tmp_path / 'ready')!r}, 'w').close()\n"
        "while True: time.sleep(0.05)",
    )
    wait_for((tmp_path / "ready").exists, "the program listens")
    kept.process.send_signal(getattr(signal, number))
    code, out, runs = kept.ended()
    assert (code, out, len(runs)) == (7, "", 1)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a facility of Linux")
def test_who_kills_start_py_kills_the_program(tmp_path: Path, root: Path) -> None:
    kept = Kept(tmp_path, root, "time.sleep(600)")
    pid = kept.first_pid()
    kept.process.kill()
    kept.process.communicate()

    def gone() -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            return True

    wait_for(gone, "the program is gone")
