"""The look at this computer while the program runs: by itself once, then when it is asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.checks import Finding
from app.launch import doctor
from app.launch.checking import Checking
from app.launch.preparation import Prepared
from engine.errors import ConfigError
from engine.settings.effective import load_settings
from engine.settings.sources import Layer
from tests.patience import wait_for

FINE, BAD = Finding("ok", "Disk", "9 GB are free"), Finding("wrong", "Clock", "it is off.", "Set it.")


def test_it_looks_by_itself_and_again_when_it_is_asked(caplog: pytest.LogCaptureFixture) -> None:
    looks, may_end = [], threading.Event()

    def look() -> Iterator[Finding]:
        looks.append(1)
        yield from (FINE, BAD)
        may_end.wait(5.0)

    checking = Checking(look, lambda: 7.0, first_s=0.0)
    assert checking.last() == ((), None, False)
    checking.start()
    wait_for(lambda: checking.last().is_looking, "it looks")
    may_end.set()
    wait_for(lambda: checking.last().at_wall == 7.0, "it has looked")
    assert checking.last().findings == (FINE, BAD)
    assert "Clock: it is off. Set it." in caplog.text
    checking.look()
    wait_for(lambda: len(looks) == 2 and not checking.last().is_looking, "it has looked again")
    checking.stop(5.0)


def test_one_that_nobody_started_ends_too() -> None:
    Checking(lambda: (), lambda: 0.0).stop(0.1)


def test_a_look_that_fails_is_a_finding_and_the_others_go_on() -> None:
    def broken() -> Iterator[Finding]:
        raise OSError("no such disk")

    found = list(doctor.looked([("Disk", broken), ("Clock", lambda: iter([BAD]))]))
    assert (found[0].verdict, found[0].what) == ("wrong", "Disk") and "no such disk" in found[0].found and found[0].cure
    assert found[1] == BAD


def test_the_running_program_is_not_held_against_itself(tmp_path: Path) -> None:
    """It has the folder's lock, the port and the client id: the same look as the command's, but for these."""
    layers = [Layer(name) for name in ("command line", "environment", "saved", "config.yaml")]
    prepared = Prepared(load_settings(*layers), tmp_path, ("Port 7496 is usually the live port",))
    found = list(doctor.looked(doctor.of_this_run(prepared, lambda: 0.0, is_connected=True)))
    assert {each.what for each in found} == {"Settings", "Data folder", "Disk", "Login", "Broker"}
    assert [each.found for each in found if each.what == "Settings"] == ["Port 7496 is usually the live port"]
    tmp_path.rmdir()
    tmp_path.touch()
    found = list(doctor.looked(doctor.of_this_run(prepared, lambda: 0.0, is_connected=True)))
    assert [each.verdict for each in found if each.what == "Data folder"] == ["wrong"]


def test_a_configuration_error_inside_a_look_keeps_its_words() -> None:
    def refused() -> Iterator[Finding]:
        raise ConfigError("lines.limit is 0; must be 1-1000")

    (found,) = doctor.looked([("Settings", refused)])
    assert "must be 1-1000" in found.found
