"""Password and tokens on the command line, and what an address that others reach needs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.launch.cli import parse_command_line
from app.launch.login_commands import on_terminal, run_login_command
from app.launch.preparation import Machine, Prepared, closed, prepare
from app.login.credentials import FILE_NAME, Credentials, load, save
from app.login.passwords import digest, is_one_of, is_password, new_password
from engine.errors import ConfigError
from tests.patience import DEADLINE_S

PASSWORD = "correct horse battery"
WALL = 1_790_000_000.0


class Desk:
    """A data folder and a terminal on which somebody types."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []
        self.typed = [PASSWORD, PASSWORD]

    def prepared(self, *arguments: str) -> Prepared:
        return prepare(parse_command_line(["--data-dir", str(self.folder), *arguments]), self.machine)

    @property
    def machine(self) -> Machine:
        return Machine(self.folder.parent, {}, self.folder.parent, "linux", lambda: WALL)

    def run(self, *arguments: str) -> str:
        typed = parse_command_line(["--data-dir", str(self.folder), *arguments])
        left = iter(self.typed)

        def ask(question: str) -> str:
            self.asked.append(question)
            return next(left)

        return run_login_command(typed, self.machine, ask)

    @property
    def kept(self) -> Credentials:
        return load(self.folder / FILE_NAME).credentials


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "data")


def test_a_password_is_asked_for_twice_and_kept_as_a_hash(desk: Desk) -> None:
    said = desk.run("--set-password")
    assert len(desk.asked) == 2 and "Every page asks for it" in said
    assert is_password(PASSWORD, desk.kept.password)
    assert PASSWORD not in (desk.folder / FILE_NAME).read_text()
    desk.typed = ["another one of words"] * 2
    assert "had logged in does so again" in desk.run("--set-password")
    assert desk.run("--remove-password").startswith("It is removed")
    assert not (desk.folder / FILE_NAME).exists()
    assert desk.run("--remove-password") == "There is no password."


def test_what_was_typed_wrong_changes_nothing(desk: Desk) -> None:
    desk.run("--set-password")
    before = desk.kept
    for typed, said in ((["short", "short"], "12 to 1024"), ([PASSWORD, PASSWORD[:-1]], "not the same")):
        desk.typed = typed
        with pytest.raises(ConfigError, match=said):
            desk.run("--set-password")
    assert desk.kept == before


def test_a_token_is_shown_once_listed_and_revoked(desk: Desk) -> None:
    assert "There is no token" in desk.run("--tokens")
    said = desk.run("--new-token", "grafana")
    (token,) = set(re.findall(r"qtrade_[A-Za-z0-9_-]{43}", said))
    (kept,) = desk.kept.tokens
    assert (kept.name, kept.sha256, kept.made_wall) == ("grafana", digest(token), WALL)
    assert token not in (desk.folder / FILE_NAME).read_text()
    desk.run("--new-token", "backup")
    listed = desk.run("--tokens")
    assert re.fullmatch(r"grafana +made 2026-09-21 14:13 UTC\nbackup +made .*", listed) and "qtrade_" not in listed
    with pytest.raises(ConfigError, match="one of this name"):
        desk.run("--new-token", "grafana")
    with pytest.raises(ConfigError, match="there is no token 'other'. There are: grafana, backup"):
        desk.run("--revoke-token", "other")
    assert desk.run("--revoke-token", "grafana") == "Token grafana is good no more."
    assert not is_one_of(token, tuple(each.sha256 for each in desk.kept.tokens))


def test_tokens_outlive_another_password(desk: Desk) -> None:
    desk.run("--new-token", "a")
    desk.run("--set-password")
    desk.run("--remove-password")
    assert [each.name for each in desk.kept.tokens] == ["a"]


def test_a_file_that_cannot_be_read_is_made_anew_by_a_password(desk: Desk) -> None:
    desk.folder.mkdir()
    (desk.folder / FILE_NAME).write_text("{")
    for command in (["--tokens"], ["--new-token", "a"], ["--revoke-token", "a"]):
        with pytest.raises(ConfigError, match="is damaged .*Make it anew with --set-password"):
            desk.run(*command)
    desk.run("--set-password")
    assert is_password(PASSWORD, desk.kept.password)


@pytest.mark.parametrize("arguments", [["--set-password", "secret"], ["--set-password=secret"], ["--new-token"],
                                       ["--tokens", "--set-password"]])  # fmt: skip
def test_a_password_is_never_an_argument_and_one_thing_is_done_at_once(arguments: list[str]) -> None:
    with pytest.raises(ConfigError, match="command line"):
        parse_command_line(arguments)


def test_without_a_terminal_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path(os.devnull).open() as nothing, pytest.raises(ConfigError, match="Run it in one"):
        monkeypatch.setattr(sys, "stdin", nothing)
        on_terminal("Password: ")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pty")
def test_on_a_real_terminal_nothing_that_is_typed_is_seen(root: Path, tmp_path: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "app.py", "--set-password", "--data-dir", str(tmp_path / "data")]
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    with subprocess.Popen(command, cwd=root, stdin=theirs, stdout=theirs, stderr=theirs, env=environ,
                          start_new_session=True) as process:  # fmt: skip
        os.close(theirs)
        seen = ""
        for question in ("at least): ", "Again: "):
            while question not in seen:
                seen += os.read(ours, 4_096).decode()
            os.write(ours, f"{PASSWORD}\n".encode())
        assert process.wait(DEADLINE_S) == 0
        seen += os.read(ours, 4_096).decode()
    os.close(ours)
    assert PASSWORD not in seen and "It is set." in seen
    assert is_password(PASSWORD, load(tmp_path / "data" / FILE_NAME).credentials.password)


# --- an address that others reach ---------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "qtrade.example.org"])
def test_another_address_needs_a_password(host: str, desk: Desk) -> None:
    with pytest.raises(ConfigError, match=r"command line --host: .*there is no password.*reverse proxy with TLS"):
        closed(desk.prepared("--host", host))
    desk.run("--set-password", "--host", host)
    assert closed(desk.prepared("--host", host)).settings.config.web.host == host
    assert "next start is refused" in desk.run("--remove-password", "--host", host)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.5"])
def test_this_computers_own_address_needs_none(host: str, desk: Desk) -> None:
    assert closed(desk.prepared("--host", host)).settings.config.web.host == host


def test_a_password_that_cannot_be_read_is_none(desk: Desk) -> None:
    desk.folder.mkdir()
    (desk.folder / FILE_NAME).write_text("{")
    with pytest.raises(ConfigError, match="is damaged"):
        closed(desk.prepared("--host", "0.0.0.0"))
    (note,) = closed(desk.prepared()).notes
    assert "nobody can log in" in note and "--set-password" in note


def test_a_saved_address_without_a_password_is_left_out_and_said(desk: Desk) -> None:
    desk.folder.mkdir()
    (desk.folder / "settings.json").write_text('{"format": 1, "values": {"web.host": "0.0.0.0", "lines.limit": 33}}')
    found = closed(desk.prepared())
    assert (found.settings.config.web.host, found.settings.config.lines.limit) == ("127.0.0.1", 33)
    assert found.settings.left_out[-1] == found.notes[-1] and "--set-password" in found.notes[-1]
    save(desk.folder / FILE_NAME, Credentials(new_password(PASSWORD, PASSWORD)))
    assert closed(desk.prepared()).settings.config.web.host == "0.0.0.0"


def test_the_address_for_a_browser_of_this_computer(desk: Desk) -> None:
    def address(host: str) -> str:
        return desk.prepared("--host", host).settings.config.web.address()

    assert address("0.0.0.0") == "http://127.0.0.1:8052"
    assert address("::") == "http://[::1]:8052"
    assert address("192.168.1.5") == "http://192.168.1.5:8052"
