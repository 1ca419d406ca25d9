"""`doctor` names each of these broken set-ups, with its cure."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.checks import Finding
from app.launch import doctor
from app.launch.doctor import clock_off_s
from app.launch.installed import OfThisPython
from app.launch.preparation import Machine
from app.launch.side_commands import run_side_command
from engine.config import BrokerSettings
from engine.storage.build_id import BuildId
from engine.storage.lockfile import EngineLock

BUILD = BuildId("abc1234", "0.1.0")
WALL = 1_796_000_000.0


def one(findings: Iterator[Finding], verdict: str) -> Finding:
    found = [each for each in findings if each.verdict == verdict]
    assert len(found) == 1, found
    assert found[0].cure or ". " in found[0].found, "there is a cure"
    return found[0]


def test_an_old_python() -> None:
    assert "3.10, 64 bit" in one(doctor.python((3, 10), 64), "wrong").found
    assert "32 bit" in one(doctor.python((3, 12), 32), "wrong").found


class Shelf:
    """Stands for an environment: versions by name, and files that are not as they were."""

    def __init__(self, versions: dict[str, str], damaged: dict[str, list[str]] | None = None) -> None:
        self._versions, self._damaged = versions, damaged or {}

    def version(self, name: str) -> str | None:
        return self._versions.get(name)

    def damaged(self, name: str) -> list[str]:
        return self._damaged.get(name, [])


LOCK = """# a word
dash==4.4.1 \\
    --hash=sha256:00
    # via -r requirements.in
flask==3.1.3 \\
    --hash=sha256:00
waitress==3.0.2 \\
    --hash=sha256:00
nothing==1 ; python_full_version < '3' \\
    --hash=sha256:00
"""
FITS = {"flask": "3.1.3", "dash": "4.4.1", "waitress": "3.0.2"}


def of_packages(shelf: Shelf, *locks: str) -> Finding:
    return next(each for each in doctor.packages(locks or (LOCK,), shelf) if each.what == "Packages")


def test_packages_that_are_missing_or_others() -> None:
    found = of_packages(Shelf({"flask": "3.0.0", "dash": "4.4.1"}))
    assert (found.verdict, found.cure) == ("wrong", "Delete .venv, then: python start.py")
    assert found.found == "flask is 3.0.0, not ==3.1.3; waitress is missing."


def test_packages_whose_files_somebody_took() -> None:
    found = of_packages(Shelf(FITS, {"dash": ["dash/a.py", "dash/b.py"]}))
    assert found.verdict == "wrong" and "2 files are not as they were installed: dash/a.py; dash/b.py." in found.found
    assert "virus scanner" in found.cure and "python start.py" in found.cure


def test_an_environment_for_tests_is_held_to_its_own_list() -> None:
    assert of_packages(Shelf(FITS)).found == "3 as they are listed, each file as it was installed"
    for_tests = LOCK.replace("flask==3.1.3", "flask==2.0")
    assert of_packages(Shelf({**FITS, "flask": "2.0"}), LOCK, for_tests).verdict == "ok"


def test_files_of_this_python_are_compared_with_what_pip_wrote_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "thing-1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: thing\nVersion: 1\n", encoding="utf-8")
    digest = "LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564"  # of "foo"
    record = f"a.py,sha256={digest},3\nb.py,sha256={digest},3\nc.py,sha256={digest},3\nthing-1.dist-info/RECORD,,\n"
    (folder / "RECORD").write_text(record, encoding="utf-8")
    (tmp_path / "a.py").write_text("foo", encoding="utf-8")
    (tmp_path / "b.py").write_text("fox", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert OfThisPython().version("thing") == "1" and OfThisPython().version("nothing-of-this-name") is None
    assert OfThisPython().damaged("thing") == ["b.py", "c.py"]


def test_no_time_zones() -> None:
    assert "tzdata" in one(doctor.zones("No/Where"), "wrong").found


def test_no_browser() -> None:
    assert one(doctor.browser(may_open=False), "look").what == "Browser"


def test_a_folder_that_can_not_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "--data-dir" in one(doctor.folder(tmp_path / "file"), "wrong").found
    assert "OneDrive" in one(doctor.folder(tmp_path / "OneDrive" / "q"), "wrong").found


@pytest.mark.skipif(os.name != "posix", reason="rights as POSIX has them")
def test_a_folder_that_is_open_to_others(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert "open to other users" in one(doctor.folder(tmp_path), "look").found


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_while_root_runs_it(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    os.chown(tmp_path, 1_000, -1)
    found = one(doctor.folder(tmp_path), "look")
    assert "belongs to user 1000" in found.found and "without sudo" in found.cure


def test_a_disk_without_room(tmp_path: Path) -> None:
    assert one(doctor.folder(tmp_path, lambda _: 2**28), "wrong").what == "Disk"
    assert one(doctor.folder(tmp_path, lambda _: 2**30), "look").what == "Disk"


def test_an_engine_that_runs(tmp_path: Path) -> None:
    lock = EngineLock(tmp_path)
    lock.acquire(WALL)
    assert "uses it already" in one(doctor.engine(tmp_path, WALL), "look").found
    lock.release()


def test_who_can_open_the_pages(tmp_path: Path) -> None:
    (fine,) = doctor.login(tmp_path, "127.0.0.1")
    assert fine.verdict == "ok" and "no password is set" in fine.found
    assert "--set-password" in one(doctor.login(tmp_path, "0.0.0.0"), "wrong").cure
    (tmp_path / "login.json").write_text("{")
    assert "nobody can log in" in one(doctor.login(tmp_path, "127.0.0.1"), "wrong").found


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert "--port" in one(doctor.port("127.0.0.1", other.getsockname()[1]), "wrong").found


class Tws:
    """Greets, and gives a client id or not."""

    def __init__(self, said: str, gives_id: bool = True) -> None:
        self._said, self._gives_id = said.encode(), gives_id
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                made, _ = self._socket.accept()
            except OSError:
                return
            with made:
                made.recv(64)
                greeting = b"176\0" + self._said + b"\0"
                made.sendall(len(greeting).to_bytes(4, "big") + greeting)
                if made.recv(64):
                    told = b"9\x001\x001\0" if self._gives_id else b"4\x002\x00-1\x00326\x00in use\0"
                    made.sendall(len(told).to_bytes(4, "big") + told)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def tws() -> Iterator[Callable[..., Tws]]:
    made: list[Tws] = []

    def start(said: str = "20261201 09:00:00 EST", gives_id: bool = True) -> Tws:
        made.append(Tws(said, gives_id))
        return made[-1]

    yield start
    for each in made:
        each.close()


def at_gateway(port: int, off_s: float = 0.0) -> list[Finding]:
    return list(doctor.gateway(BrokerSettings(mode="paper", port=port), lambda: 1_796_126_400.0 + off_s))


def test_tws_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "probe", lambda host, port: _said(False, "No TWS API answers. In TWS, tick ..."))
    (found,) = at_gateway(7497)
    assert (found.verdict, found.what) == ("wrong", "TWS") and "tick" in found.found


async def _said(ok: bool, text: str) -> tuple[bool, str]:
    await asyncio.sleep(0)
    return ok, text


def test_a_client_id_that_somebody_has(tws: Callable[..., Tws]) -> None:
    assert one(iter(at_gateway(tws(gives_id=False).port)), "look").what == "Client id"


@pytest.mark.parametrize(("off_s", "words"), [(40.0, "40 s ahead of TWS"), (-12.0, "12 s behind TWS")])
def test_a_clock_that_is_off(off_s: float, words: str, tws: Callable[..., Tws]) -> None:
    assert words in one(iter(at_gateway(tws().port, off_s)), "wrong").found


def test_all_is_well_with_tws(tws: Callable[..., Tws]) -> None:
    assert [each.verdict for each in at_gateway(tws().port)] == ["ok"] * 3


@pytest.mark.parametrize("said", ["", "x", "20251110", "20251110 5:31 EST", "20251110 aa:bb:cc EST"])
def test_a_time_that_is_none(said: str) -> None:
    assert clock_off_s(said, WALL) is None


def run(tmp_path: Path, *arguments: str) -> int:
    """On a checkout that asks for no packages: what lies beside this Python is not the question."""
    root = tmp_path / "checkout"
    root.mkdir(exist_ok=True)
    for name in doctor.LOCKS:
        (root / name).touch()
    return run_side_command(["doctor", *arguments], Machine(root, {}, tmp_path, sys.platform, time.time), BUILD)


def test_broken_configuration_is_a_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.yaml").write_text("lines:\n  limt: 4\n", encoding="utf-8")
    assert run(tmp_path, "--config", str(tmp_path / "config.yaml")) == 1
    assert "wrong Configuration: config.yaml: lines.limt is not a setting. Did you mean" in capsys.readouterr().out


def test_what_is_stored_and_wrong_is_a_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = '{"format": 1, "values": {"broker.account": "A\\u0000"}}'
    (tmp_path / "settings.json").write_text(content, encoding="utf-8")
    run(tmp_path, "--data-dir", str(tmp_path), "--port", "0")
    said = capsys.readouterr().out
    assert "A saved setting was left out" not in said and "Configuration" in said, "port 0 is none"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert run(tmp_path, "--data-dir", str(tmp_path), "--port", str(port)) == 0
    assert "look  Settings: A saved setting was left out" in capsys.readouterr().out
    assert (tmp_path / "settings.json").read_text(encoding="utf-8") == content, "it only looks"
