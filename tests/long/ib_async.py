"""The broker on ib_async, ib_insync's fork for Python 3.14: its TCP tests in a second environment.

The two libraries overwrite each other's event package, so they never share an environment. Takes the newest Python
from 3.13 on that is found (ib_async is what requirements.in names from 3.14 on), else the one that runs. Skipped
with a message where the environment cannot be built.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import start
from app.launch.pinned import pins
from tests.long.report import ROOT, finish

TESTS = ("tests/integration/test_broker_session.py", "tests/integration/test_broker_requests.py", "tests/unit/broker")
NEEDED = ("ib-async", "aeventkit", "msgspec", "pydantic", "pytest", "pytest-timeout", "hypothesis")


def newest_python() -> list[str]:
    """The command of the newest Python from 3.13 on that can make an environment; else of this one."""
    commands = [*start.candidates(), *of_pyenv()]
    found = [python for python in map(start.probe, commands) if python and start.supported(python)]
    newest = max((python for python in found if python["can_venv"]), key=lambda p: p["version"], default=None)
    if newest is None or newest["version"][:2] < (3, 13):
        return [sys.executable]
    return [str(newest["executable"])]


def of_pyenv() -> list[list[str]]:
    """Pythons of pyenv that are not on the path."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    return [[str(path)] for path in sorted(root.glob("versions/3.1[1-4].*/bin/python"))]


def pinned() -> list[str]:
    """The needed packages at their listed versions; ib_async's lines hold from 3.14 on, taken as is."""
    lock = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    versions = {pin.name: str(pin.requirement.specifier) for pin in pins(lock)}
    return [f"{name}{versions[name]}" for name in NEEDED]


def build(python: list[str], folder: Path) -> tuple[Path | None, str]:
    """A fresh environment with ib_async; None and the last lines of what went wrong."""
    steps = [[*python, "-m", "venv", str(folder)]]
    inside = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    steps.append([str(inside), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *pinned()])
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False, timeout=600)
        if done.returncode:
            return None, "\n".join((done.stdout + done.stderr).splitlines()[-5:])
    return inside, ""


def run_tests(python: Path) -> tuple[bool, str, str]:
    """(passed, pytest's last line, version of that Python)."""
    version = subprocess.run([str(python), "-V"], capture_output=True, text=True, check=True).stdout.split()[-1]
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment, timeout=900)
    if done.returncode:
        print(done.stdout[-8000:])
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    return done.returncode == 0, lines[-1] if lines else done.stderr[-300:], version


def main(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        python, problem = build(newest_python(), Path(folder) / "environment")
        if python is None:
            print(f"SKIPPED ib_async: its environment could not be built here:\n{problem}")
            return 0
        passed, line, version = run_tests(python)
    return finish("ib_async", passed, {"python": version, "result": line}, f"Python {version}: {line}")
