"""The launcher's parts: command line, data folder, port, lock, when a browser opens, how the end is asked for."""

from __future__ import annotations

import errno
import http.server
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.launch import launch
from app.launch.check import log_folder, report
from app.launch.cli import OPTIONS, parse_command_line
from app.launch.closing import close_to_others
from app.launch.data_folder import (
    check_data_folder,
    data_folder,
    default_data_folder,
    make_data_folder,
    owner_note,
    synced_by,
)
from app.launch.desktop import may_open_browser
from app.launch.ending import Ending
from app.launch.gateway import Gateway, endpoint
from app.launch.ports import PortTaken, free_port, is_listening, open_listener, taken_message
from app.launch.preparation import Machine, Prepared, prepare
from engine.clock import FakeClock
from engine.errors import ConfigError
from engine.settings.saved import load_saved, write_saved
from engine.settings.sources import FIELDS
from engine.storage.build_id import BuildId
from engine.storage.lockfile import AlreadyRunning, EngineLock
from engine.storage.places import is_network_path

HOME = Path("/home/trader")


def machine(root: Path, environ: dict[str, str] | None = None) -> Machine:
    return Machine(root, environ or {}, root / "home", "linux", lambda: 1_700_000_000.0)


def prepared(tmp_path: Path, *arguments: str, environ: dict[str, str] | None = None) -> Prepared:
    return prepare(parse_command_line(["--data-dir", str(tmp_path / "data"), *arguments]), machine(tmp_path, environ))


# --- command line -----------------------------------------------------------------------------------------------


def test_every_option_of_the_issue_is_there() -> None:
    typed = parse_command_line(
        "--config f --broker paper --broker-host h --broker-port 4002 --client-id 7 --host 127.0.0.1 --port 9000 "
        "--engine-name west --data-dir d --no-browser --log-level debug --check --version".split()
    )
    assert typed.layer.values == {
        "broker.mode": "paper",
        "broker.host": "h",
        "broker.port": 4002,
        "broker.client_id": 7,
        "engine.name": "west",
        "web.host": "127.0.0.1",
        "web.port": 9000,
        "data_dir": "d",
        "web.open_browser": False,
        "log.level": "DEBUG",
    }
    assert (typed.config, typed.check, typed.version) == (Path("f"), True, True)


def test_pages_alone_and_an_engine_alone_are_no_process_together(capsys) -> None:
    assert parse_command_line(["--no-engine"]).no_engine and not parse_command_line([]).no_engine
    with pytest.raises(ConfigError, match="--play and --no-engine exclude each other"):
        parse_command_line(["--no-engine", "--play", "x.tape.gz"])
    assert launch.run(["--no-engine", "--check"], has_pages=False) == launch.REFUSED
    assert "python -m engine is an engine alone" in capsys.readouterr().err


def test_the_log_of_pages_alone_lies_apart(tmp_path: Path) -> None:
    assert log_folder(tmp_path) == tmp_path / "logs"
    assert log_folder(tmp_path, 8053) == tmp_path / "logs" / "dashboard-8053"


def test_options_name_real_settings() -> None:
    assert set(OPTIONS) <= set(FIELDS)


def test_nothing_typed_is_an_empty_layer() -> None:
    typed = parse_command_line([])
    assert typed.layer.values == {}
    assert (typed.config, typed.check, typed.version) == (None, False, False)


@pytest.mark.parametrize("arguments", [["--prot", "1"], ["--port"], ["run"], ["--po", "1"]])
def test_what_is_no_option_is_one_message(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigError, match=r"^command line: .* See: python app.py --help$"):
        parse_command_line(arguments)
    assert capsys.readouterr().err == ""


# --- preparation ------------------------------------------------------------------------------------------------


def test_settings_saved_in_the_chosen_folder_are_used(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "settings.json").write_text('{"format": 1, "values": {"lines.limit": 33}}')
    found = prepared(tmp_path)
    assert (found.settings.config.lines.limit, found.settings.origin("lines.limit")) == (33, "saved")
    assert found.folder == tmp_path / "data"


def test_the_data_folder_can_come_from_the_environment(tmp_path: Path) -> None:
    typed = parse_command_line([])
    found = prepare(typed, machine(tmp_path, {"QTRADE_DATA_DIR": str(tmp_path / "there")}))
    assert found.folder == tmp_path / "there"


def test_a_config_file_that_is_named_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--config: .*missing.yaml is no file"):
        prepared(tmp_path, "--config", str(tmp_path / "missing.yaml"))


def test_an_unusual_port_is_noted(tmp_path: Path) -> None:
    assert any(
        "7496 is usually the live port" in n
        for n in prepared(tmp_path, "--broker", "paper", "--broker-port", "7496").notes
    )
    assert prepared(tmp_path, "--broker", "paper", "--broker-port", "4002").notes == ()


def test_the_gateway_to_connect_to(tmp_path: Path) -> None:
    def where(*typed: str) -> tuple[str, int]:
        return endpoint(prepared(tmp_path, *typed).settings)

    assert where("--broker", "live", "--broker-host", "10.1.1.1") == ("10.1.1.1", 7496)
    assert where("--broker", "paper", "--broker-port", "4002") == ("127.0.0.1", 4002)
    assert where("--broker-port", "5123") == ("127.0.0.1", 5123)
    host, port = where()
    assert host == "127.0.0.1" and 1024 < port < 65536


def test_the_report_shows_values_with_their_origin(tmp_path: Path) -> None:
    found = prepared(tmp_path, "--broker", "paper", environ={"QTRADE_BROKER__ACCOUNT": "DU1234567"})
    text = "\n".join(report(found, BuildId("abc1234", "0.1.0")))
    assert "QTrade 0.1.0 (build abc1234)" in text
    assert "paper account at 127.0.0.1:7497, client id 52, read-only" in text
    assert "broker.mode = paper  (command line --broker, locked)" in text
    assert "broker.account = DU***567  (environment QTRADE_BROKER__ACCOUNT, locked)" in text
    assert "(will be made)" in text


def test_a_recording_is_called_so_in_the_report(tmp_path: Path) -> None:
    file = tmp_path / "bad.tape.gz"
    file.write_bytes(b"")
    text = "\n".join(report(prepared(tmp_path, "--play", str(file), "--play-speed", "2"), BuildId("abc1234", "0.1.0")))
    assert f"Broker:      the recording {file}, played at speed 2" in text and "simulated gateway" not in text


def test_no_setting_begins_a_recording_anew(tmp_path: Path) -> None:
    file = tmp_path / "day.tape.gz"
    file.write_bytes(b"")
    found = prepared(tmp_path, "--play", str(file))
    gateway = Gateway(found.settings, tmp_path, tmp_path / "data", found.recording)
    address = gateway.address
    try:
        for changes in ({"simulator.seed": 9}, {"broker.client_id": 77}):
            assert gateway.move(found.settings.with_saved(changes)) == address
        assert not (tmp_path / "data").exists(), "nothing was started"
    finally:
        gateway.stop()


# --- data folder ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environ", "is_windows", "expected"),
    [
        ({"LOCALAPPDATA": "/c/Local"}, True, "/c/Local/QTrade"),
        ({}, True, "/home/trader/AppData/Local/QTrade"),
        ({"XDG_STATE_HOME": "/state"}, False, "/state/qtrade"),
        ({"XDG_STATE_HOME": "relative"}, False, "/home/trader/.local/state/qtrade"),
        ({}, False, "/home/trader/.local/state/qtrade"),
    ],
)
def test_the_default_data_folder(environ: dict[str, str], is_windows: bool, expected: str) -> None:
    assert default_data_folder(environ, HOME, is_windows).as_posix() == expected


@pytest.mark.parametrize(
    ("text", "is_windows", "expected"),
    [
        (r"\\server\share\q", False, True),
        (r"\\server\share\q", True, True),
        ("//server/share/q", True, True),
        ("//tmp/q", False, False),
        (r"\\?\UNC\server\share", True, True),
        (r"\\?\C:\data", True, False),
        (r"C:\data", True, False),
    ],
)
def test_network_paths(text: str, is_windows: bool, expected: bool) -> None:
    assert is_network_path(text, is_windows) is expected


def test_a_network_path_is_refused_with_its_origin() -> None:
    with pytest.raises(ConfigError, match=r"^command line --data-dir: data_dir is .*must be on a disk of this machine"):
        data_folder(r"\\nas\q", "command line --data-dir", {}, HOME, True)


def test_a_home_relative_path_is_expanded() -> None:
    assert data_folder("~/q", "x", {}, HOME, False) == HOME / "q"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/home/t/OneDrive - Firm/q", "OneDrive - Firm"),
        ("/home/t/Dropbox/q", "Dropbox"),
        ("/home/t/Google Drive/q", "Google Drive"),
        ("/home/t/box/q", "box"),
        ("/home/t/.local/state/qtrade", None),
        ("/home/t/toolbox/q", None),
    ],
)
def test_synced_folders_are_recognised(path: str, expected: str | None) -> None:
    assert synced_by(Path(path)) == expected


def test_the_folder_is_for_this_user_only(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    make_data_folder(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list(folder.iterdir()) == []


def test_a_folder_that_was_there_is_closed_to_others(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    make_data_folder(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_a_folder_that_all_users_share_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    for refuse in (make_data_folder, check_data_folder):
        with pytest.raises(ConfigError, match=r"shared by all users.*--data-dir"):
            refuse(tmp_path)


needs_root = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give a folder away")


@needs_root
def test_a_folder_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.chown(tmp_path, 65_534, -1)
    monkeypatch.setattr(os, "geteuid", lambda: 1_000)
    assert owner_note(tmp_path) == ""
    for refuse in (make_data_folder, check_data_folder):
        with pytest.raises(ConfigError, match=r"belongs to another user.*--data-dir"):
            refuse(tmp_path)


@needs_root
def test_root_may_use_a_folder_of_the_host_and_is_told_what_that_means(tmp_path: Path) -> None:
    """A container with a mounted folder; the owner's own files in it are no stranger's."""
    write_saved(tmp_path / "settings.json", {"lines.limit": 41})
    for path in (tmp_path, tmp_path / "settings.json"):
        os.chown(path, 1_000, -1)
    tmp_path.chmod(0o755)
    make_data_folder(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
    close_to_others(tmp_path)
    assert load_saved(tmp_path / "settings.json").values == {"lines.limit": 41}
    prepared = prepare(parse_command_line(["--data-dir", str(tmp_path)]), Machine(tmp_path, {}, tmp_path, "linux"))
    assert any("belongs to user 1000, and QTrade runs as root" in note for note in prepared.notes)


@needs_root
@pytest.mark.parametrize("mode", [0o775, 0o757])
def test_root_uses_no_folder_that_a_third_one_may_write_to(mode: int, tmp_path: Path) -> None:
    os.chown(tmp_path, 1_000, -1)
    tmp_path.chmod(mode)
    for refuse in (make_data_folder, check_data_folder):
        with pytest.raises(ConfigError, match=r"user 1000.*others may write to it \(chmod go-w\).*--data-dir"):
            refuse(tmp_path)


def test_a_check_refuses_the_same_folders_and_makes_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for wrong in (tmp_path / "file", tmp_path / "file" / "q"):
        with pytest.raises(ConfigError, match=r"data folder .*is a file.*--data-dir"):
            check_data_folder(wrong)
    check_data_folder(tmp_path / "a" / "b")
    assert not (tmp_path / "a").exists()


def test_a_folder_that_cannot_be_made_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"data folder .*Not a directory.*--data-dir"):
        make_data_folder(tmp_path / "file" / "q")


# --- port -------------------------------------------------------------------------------------------------------


@pytest.fixture
def other_server() -> Iterator[Any]:
    """Starts a web server that answers every GET with a given body; gives its port."""
    started: list[http.server.HTTPServer] = []

    def start(body: bytes) -> int:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # the name is http.server's
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        started.append(server)
        return server.server_port

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


IN_USE = OSError(errno.EADDRINUSE, "Address already in use")


def taken(port: int) -> str:
    with pytest.raises(PortTaken) as refusal:
        open_listener("127.0.0.1", port)
    return str(refusal.value)


def test_our_own_dashboard_is_recognised_by_its_health(other_server: Any) -> None:
    body = {"status": "degraded", "build": {"id": "abc1234", "version": "0.1.0"}}
    port = other_server(json.dumps(body).encode())
    message = taken(port)
    assert f"port {port} on 127.0.0.1 is taken: QTrade 0.1.0 (build abc1234) is running already" in message
    assert f"--port {port + 1}" in message


def test_another_program_is_named(other_server: Any) -> None:
    assert "taken by another program, BaseHTTP" in taken(other_server(b"<html>"))


def test_a_silent_program_is_said_to_be_there() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(1)
        assert "another program has it" in taken(silent.getsockname()[1])


def test_the_predecessor_is_mentioned_on_its_port() -> None:
    assert "predecessor uses 8052 too" in taken_message("127.0.0.1", 8052, {"server": "Werkzeug"}, IN_USE)


def test_a_port_that_is_not_ours_to_take_is_not_said_to_be_another_programs() -> None:
    said = taken_message("127.0.0.1", 80, None, PermissionError(errno.EACCES, "Permission denied"))
    assert "another program" not in said
    assert "Permission denied" in said and "--port" in said


def test_the_listener_is_exclusive_and_can_be_opened_again_at_once() -> None:
    port = free_port()
    listener = open_listener("127.0.0.1", port)
    with socket.create_connection(("127.0.0.1", port), 5) as client:
        accepted, _ = listener.accept()
        accepted.close()  # leaves TIME_WAIT on our side
        assert client.recv(1) == b""
    assert is_listening("127.0.0.1", port)
    assert "can't be used" in taken(port)
    listener.close()
    open_listener("127.0.0.1", port).close()
    assert not is_listening("127.0.0.1", port)


# --- lock -------------------------------------------------------------------------------------------------------

HOLD = """
import sys
from pathlib import Path
from engine.storage.lockfile import EngineLock
lock = EngineLock(Path(sys.argv[1]))
lock.acquire(1_700_000_000)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path, root: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that holds the lock of tmp_path."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None and process.stdin is not None
    assert process.stdout.readline().strip() == b"held"
    yield process
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def test_a_second_engine_is_refused_and_told_who_is_first(holder: subprocess.Popen[bytes], tmp_path: Path) -> None:
    with pytest.raises(AlreadyRunning, match=rf"process {holder.pid}, since 2023-11-1"):
        EngineLock(tmp_path).acquire(0)
    assert holder.poll() is None


def test_a_killed_engine_leaves_no_lock(holder: subprocess.Popen[bytes], tmp_path: Path) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    lock = EngineLock(tmp_path)
    lock.acquire(0)
    assert json.loads((tmp_path / "engine.lock").read_bytes())["pid"] == os.getpid()
    lock.release()
    lock.release()
    lock.acquire(0)
    lock.release()


# --- browser and end --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "environ", "platform", "expected"),
    [
        (True, {}, "win32", True),
        (True, {"DISPLAY": ":0"}, "linux", True),
        (True, {"WAYLAND_DISPLAY": "w"}, "linux", True),
        (True, {}, "linux", False),
        (True, {"CI": "true", "DISPLAY": ":0"}, "linux", False),
        (True, {"CI": "true"}, "win32", False),
        (True, {"CI": "false", "DISPLAY": ":0"}, "linux", True),
        (False, {"DISPLAY": ":0"}, "linux", False),
    ],
)
def test_when_the_browser_opens(wanted: bool, environ: dict[str, str], platform: str, expected: bool) -> None:
    assert may_open_browser(wanted, environ, platform) is expected


def test_the_end_is_asked_for_once_and_forced_the_second_time() -> None:
    forced: list[int] = []
    clock = FakeClock()
    ending = Ending(exit_now=forced.append, clock_mono=clock.mono)
    assert not ending.wait(0)
    ending.ask()
    assert ending.wait(0)
    clock.advance(0.9)
    ending.ask()
    ending.finished()
    assert forced == [], "systemd and start.py have told the same"
    clock.advance(0.2)
    ending.ask()
    assert forced == [1]


def test_a_program_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.launch.ending.GRACE_S", 0.05)
    forced = threading.Event()
    Ending(exit_now=lambda code: forced.set()).ask()
    assert forced.wait(5)
