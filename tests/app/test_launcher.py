"""The launcher as a process: exit codes, who has the port, pages before the gateway, the end by a signal."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.launch.ending import GRACE_S
from app.launch.launch import run
from app.launch.ports import free_port
from engine.storage.build_id import build_id
from tests.patience import DEADLINE_S, wait_for

# The real launcher with a stand-in for engine and pages, so that only the launcher is under test.
DRIVER = """
import json, sys, threading, time
from app.launch.launch import run
from app.launch.parts import Parts

class Engine:
    def start(self):
        print("engine started", flush=True)
    def stop(self, timeout_s):
        if STUBBORN:
            print("engine had", timeout_s, flush=True)
            return False
        print("engine stopped", flush=True)
        return True

def assemble(plan):
    def wsgi(environ, start_response):
        start_response("200 OK", [("Content-Type", "application/json")])
        health = {"status": "ok", "build": {"id": plan.build.id, "version": plan.build.version}, "port": plan.port}
        return [json.dumps(health).encode()]
    return Parts(Engine(), wsgi)

STUBBORN = sys.argv[1] == "stubborn"
if __name__ == "__main__":
    sys.exit(run(sys.argv[2:], assemble))
"""


class Launched:
    """One launcher process with its output on files."""

    def __init__(self, root: Path, folder: Path, port: int, *arguments: str, kind: str = "obedient") -> None:
        self.port = port
        self.out = folder / f"out-{port}-{time.monotonic_ns()}.txt"
        environ = {k: v for k, v in os.environ.items() if not k.startswith("QTRADE_") and k not in ("ENV", "DRY_RUN")}
        with self.out.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-c", DRIVER, kind, "--port", str(port), "--data-dir", str(folder / "data")]
                + ["--broker", "paper", "--no-browser", *arguments],
                cwd=root,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=environ,
            )

    def health(self) -> dict[str, object] | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_S)
        try:
            connection.request("GET", "/healthz")
            return dict(json.loads(connection.getresponse().read()))
        except OSError:
            return None
        finally:
            connection.close()

    def text(self) -> str:
        return self.out.read_text(encoding="utf-8")

    def wait_until_up(self) -> None:
        wait_for(lambda: self.health() is not None and "engine started" in self.text(), "it is up")

    def end(self, number: int) -> None:
        """Send a signal and wait until the process is gone; how long that takes is `--long goodbye`."""
        self.process.send_signal(number)
        self.process.wait(DEADLINE_S)


@pytest.fixture
def launch(root: Path, tmp_path: Path) -> Iterator[Callable[..., Launched]]:
    started: list[Launched] = []

    def start(*arguments: str, port: int | None = None, kind: str = "obedient") -> Launched:
        started.append(Launched(root, tmp_path, port or free_port(), *arguments, kind=kind))
        return started[-1]

    yield start
    for launched in started:
        if launched.process.poll() is None:
            launched.process.kill()
        launched.process.wait()


OTHERS = (pytest.param(each, marks=pytest.mark.thorough, id=each.name) for each in (signal.SIGTERM, signal.SIGHUP))


@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, id="SIGINT"), *OTHERS])
def test_it_serves_and_ends_by_a_signal(launch: Callable[..., Launched], number: int) -> None:
    launched = launch()
    launched.wait_until_up()
    health = launched.health()
    assert health is not None and health["port"] == 7497
    launched.end(number)
    assert launched.process.returncode == 0
    assert "engine stopped" in launched.text()
    assert "Traceback" not in launched.text()
    assert launched.text().isascii()


@pytest.mark.thorough
def test_an_engine_that_does_not_stop_is_left_behind_in_time(launch: Callable[..., Launched]) -> None:
    launched = launch(kind="stubborn")
    launched.wait_until_up()
    launched.end(signal.SIGINT)
    had = re.search(r"engine had ([0-9.]+)", launched.text())
    assert had and float(had[1]) < GRACE_S, "what the engine is given fits into the end of all"
    assert "Traceback" not in launched.text()


def test_the_port_of_a_running_one_is_refused_with_its_build(launch: Callable[..., Launched], root: Path) -> None:
    first = launch()
    first.wait_until_up()
    health = first.health()
    assert health is not None
    second = launch("--data-dir", "elsewhere", port=first.port)
    assert second.process.wait(DEADLINE_S) == 2
    assert f"is taken: QTrade {health['build']['version']} (build {health['build']['id']}) is running" in second.text()  # type: ignore[index]
    assert len(second.text().splitlines()) == 1
    assert "engine started" not in second.text()
    assert not (root / "elsewhere").exists(), "nothing is made before the port is ours"


def test_a_second_engine_on_the_folder_ends_with_3(launch: Callable[..., Launched]) -> None:
    first = launch()
    first.wait_until_up()
    second = launch()
    assert second.process.wait(DEADLINE_S) == 3
    assert f"process {first.process.pid}" in second.text()
    assert first.health() is not None


def test_after_kill_9_the_next_start_needs_no_cleaning(launch: Callable[..., Launched]) -> None:
    first = launch()
    first.wait_until_up()
    first.end(signal.SIGKILL)
    second = launch(port=first.port)
    second.wait_until_up()


def test_it_listens_on_loopback_only_whatever_the_environment_says(
    launch: Callable[..., Launched], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOST", "0.0.0.0")  # noqa: S104 - this is what must have no effect
    monkeypatch.setenv("PORT", "1")
    monkeypatch.setenv("DASH_DEBUG", "true")
    launched = launch()
    launched.wait_until_up()
    listening = [
        line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:] if line.split()[3] == "0A"
    ]
    ours = [address for address in listening if int(address.split(":")[1], 16) == launched.port]
    assert ours == [f"0100007F:{launched.port:04X}"]


def run_app(root: Path, *arguments: str, environ: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    clean = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")} | (environ or {})
    return subprocess.run(
        [sys.executable, "app.py", *arguments],
        cwd=root,
        env=clean,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )


def test_the_version_is_that_of_the_sources(root: Path) -> None:
    done = run_app(root, "--version")
    assert (done.returncode, done.stdout.strip()) == (0, f"QTrade {build_id(root)}")


def test_check_says_what_it_would_do_and_makes_nothing(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    done = run_app(root, "--check", "--port", str(free_port()), "--data-dir", str(folder), "--broker", "live")
    assert (done.returncode, done.stderr) == (0, "")
    assert "live account at 127.0.0.1:7496" in done.stdout
    assert f"{folder} (will be made)" in done.stdout
    assert not folder.exists()


@pytest.mark.parametrize(
    ("arguments", "environ", "message"),
    [
        (["--port", "99999"], {}, "command line --port: web.port is 99999; must be 1-65535"),
        (["--port", "x"], {}, "command line --port: web.port is 'x'"),
        (["--host", "0.0.0.0"], {}, "there is no password. Set one first: python app.py --set-password"),  # noqa: S104
        (["--broker", "demo"], {}, "must be one of simulated, paper, live"),
        (["--config", "/nowhere.yaml"], {}, "/nowhere.yaml is no file"),
        (["--data-dir", "\\\\nas\\q"], {}, "must be on a disk of this machine"),
        (["--no-such-thing"], {}, "unrecognized arguments: --no-such-thing"),
        (
            ["--broker", "simulated", "--broker-host", "10.0.0.1"],
            {},
            "the simulated gateway always runs on this machine",
        ),
        ([], {"DRY_RUN": "2"}, "environment DRY_RUN is '2'; must be 0 or 1"),
        ([], {"QTRADE_LINES__LIMIT": "0"}, "environment QTRADE_LINES__LIMIT: lines.limit is 0; must be 1-1000"),
        ([], {"QTRADE_LINES__BUFFER": "60"}, "must be below limit"),
    ],
)
def test_wrong_configuration_is_one_message_and_exit_2(
    arguments: list[str],
    environ: dict[str, str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(os, "environ", {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")} | environ)
    assert run(["--check", *arguments]) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert len(said.err.splitlines()) == 1
    assert said.out == ""


@pytest.mark.skipif(not Path("/proc/version").is_file(), reason="a folder that nobody may write to is needed")
def test_a_data_folder_with_files_that_cannot_be_written_is_one_message(root: Path) -> None:
    done = run_app(root, "--no-browser", "--port", str(free_port()), "--data-dir", "/proc", environ={})
    assert (done.returncode, done.stdout) == (2, "")
    assert "/proc" in done.stderr and "--data-dir" in done.stderr
    assert len(done.stderr.splitlines()) == 1
