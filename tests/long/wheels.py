"""Wheels exist for Windows and macOS, 64 bit, on the oldest and the newest supported Python, for every line of
requirements.txt, and are the files whose hashes it lists.

Markers are worked out here for the Python and the system asked about: pip would take those of what runs it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from app.launch.pinned import pins
from tests.long.report import ROOT, finish

PYTHONS = ("3.11", "3.14")
SYSTEMS = {
    "Windows": ("win_amd64", {"sys_platform": "win32", "os_name": "nt", "platform_machine": "AMD64"}),
    "macOS": ("macosx_14_0_arm64", {"sys_platform": "darwin", "os_name": "posix", "platform_machine": "arm64"}),
}


def wanted(lock: str, python: str, system: dict[str, str]) -> list[str]:
    """The lines that hold on that system under `python`, without markers."""
    environment = {"python_version": python, "python_full_version": f"{python}.0", **system}
    return [
        f"{pin.name}{pin.requirement.specifier} {' '.join(f'--hash={each}' for each in pin.hashes)}"
        for pin in pins(lock)
        if pin.requirement.marker is None or pin.requirement.marker.evaluate(environment)
    ]


def download(lines: list[str], python: str, platform: str, folder: Path) -> tuple[int, str]:
    """Wheels only, each line for itself; the number of files and pip's errors."""
    listed = folder / "requirements.txt"
    listed.write_text("\n".join(lines), encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--require-hashes", "--platform", platform, "--python-version", python]
    command += ["-d", str(folder / "wheels"), "-r", str(listed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    errors = "\n".join(line for line in done.stderr.splitlines() if line.startswith("ERROR"))
    return len(list((folder / "wheels").glob("*.whl"))), errors


def main(arguments: list[str]) -> int:
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    figures: dict[str, dict[str, object]] = {}
    for name, (platform, environment) in SYSTEMS.items():
        for python in PYTHONS:
            lines = wanted(lock, python, environment)
            with tempfile.TemporaryDirectory() as folder:
                count, errors = download(lines, python, platform, Path(folder))
            print(f"{name}, Python {python}: {count} wheels for {len(lines)} lines\n{errors}".rstrip())
            figures[f"{name} {python}"] = {"lines": len(lines), "wheels": count, "errors": errors}
    passed = all(each["wheels"] == each["lines"] and not each["errors"] for each in figures.values())
    shown = ", ".join(f"{name} {each['wheels']}/{each['lines']}" for name, each in figures.items())
    return finish("wheels", passed, dict(figures), f"wheels: {shown}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
