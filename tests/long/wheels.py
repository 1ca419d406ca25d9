"""Wheels exist for Windows, 64 bit, on the oldest and the newest supported Python, for every line of requirements.txt.

Markers are worked out here for the Python asked about: pip would take those of the Python that runs it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from packaging.requirements import Requirement

from tests.long.report import ROOT, finish

PYTHONS = ("3.11", "3.14")
PLATFORM = "win_amd64"


def wanted(lines: list[str], python: str) -> list[str]:
    """The requirements that hold on Windows under `python`, without markers and comments."""
    environment = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "win32"}
    environment |= {"os_name": "nt", "platform_system": "Windows", "platform_machine": "AMD64"}
    found = []
    for line in lines:
        text = line.split(" #")[0].strip()
        if text and not text.startswith("#"):
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate(environment):
                found.append(f"{requirement.name}{requirement.specifier}")
    return found


def download(requirements: list[str], python: str, folder: Path) -> tuple[int, str]:
    """Wheels only, each line for itself; the number of files and pip's errors."""
    listed = folder / "requirements.txt"
    listed.write_text("\n".join(requirements), encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--platform", PLATFORM, "--python-version", python, "-d", str(folder / "wheels"), "-r", str(listed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    errors = "\n".join(line for line in done.stderr.splitlines() if line.startswith("ERROR"))
    return len(list((folder / "wheels").glob("*.whl"))), errors


def main(arguments: list[str]) -> int:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    figures: dict[str, object] = {}
    passed = True
    for python in PYTHONS:
        requirements = wanted(lines, python)
        with tempfile.TemporaryDirectory() as folder:
            count, errors = download(requirements, python, Path(folder))
        print(f"Windows, Python {python}: {count} wheels for {len(requirements)} requirements\n{errors}".rstrip())
        figures[python] = {"requirements": len(requirements), "wheels": count, "errors": errors}
        passed = passed and count == len(requirements) and not errors
    shown = ", ".join(f"{python} {figures[python]['wheels']}/{figures[python]['requirements']}" for python in PYTHONS)  # type: ignore[index]
    return finish("wheels", passed, figures, f"wheels for Windows: Python {shown}")
