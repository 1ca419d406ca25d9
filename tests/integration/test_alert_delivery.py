"""Alerts through Apprise to a mail server and a web hook on this machine: they arrive, once, and no secret leaks."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from engine.alerts.apprise_sender import AppriseSender
from engine.alerts.kinds import RuleRefused
from engine.alerts.outbox import Message
from tests.integration.receivers import Hook, MailServer, free_port
from tests.unit.alerts.alert_desk import Rig, facts

SECRET = "T0KEN-of-mine"
LOSS, FINE = facts(-600.0), facts(0.0)
TITLE = "Day P&L below −500 USD"


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    yield made
    made.stop()


@pytest.fixture
def mail() -> Iterator[MailServer]:
    made = MailServer()
    yield made
    made.stop()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    made.sender = AppriseSender()  # type: ignore[assignment]
    made.restart()
    yield made
    made.close()


@pytest.fixture
def root_log() -> Iterator[StringIO]:
    """All that reaches the root logger, where the program's own handlers are. `caplog` would listen at Apprise's, too:
    it adds itself to every logger that passes nothing on."""
    text, root = StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(text), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield text
    root.setLevel(level)
    root.removeHandler(handler)


def hooked(port: int) -> str:
    return f"json://127.0.0.1:{port}/{SECRET}?redirect=yes&retry=3"


def mailed(port: int) -> str:
    return f"mailto://127.0.0.1:{port}?from=qtrade@example.org&to=me@example.org&smtp=127.0.0.1"


def add(rig: Rig, name: str, url: str) -> None:
    rig.do(rig.post.keep_channel(name, url))
    assert "took the test" in rig.do(rig.post.test(name))
    rig.settle()


def test_an_alert_arrives_by_mail_and_by_hook_once(rig: Rig, hook: Hook, mail: MailServer, root_log: StringIO) -> None:
    add(rig, "hook", hooked(hook.port))
    add(rig, "mail", mailed(mail.port))
    rig.rule("day_pnl", "hook", "mail")
    rig.run(2, FINE)
    rig.run(60, LOSS)
    (_test, post), (_mail_test, (subject, text)) = hook.posts, mail.mails
    assert (post["title"], subject) == (TITLE, TITLE)
    assert "Day P&L is −600.00 USD, all accounts." in post["message"] and "Day P&L is" in text
    assert {each.state for each in rig.deliveries()} == {"accepted"}
    assert set(hook.paths) == {f"/{SECRET}"}
    rig.restart()
    rig.run(60, LOSS)
    assert (len(hook.posts), len(mail.mails)) == (2, 2), "no second one over a restart"
    assert root_log.getvalue() and SECRET not in root_log.getvalue() + repr(rig.desk.section())
    shown = {each.name: (each.service, each.shown) for each in rig.desk.section().channels}
    assert shown["hook"] == ("JSON", f"json://127.0.0.1:{hook.port}/…")


def test_a_hook_that_is_away_for_ten_minutes_gets_it_after_them(rig: Rig) -> None:
    hook = Hook()
    add(rig, "hook", hooked(hook.port))
    rig.rule("day_pnl", "hook")
    rig.run(2, FINE)
    hook.stop()
    rig.run(30, LOSS)
    for _ in range(57):
        rig.step(LOSS, 10.0)
    (line,) = rig.desk.section().channels
    assert line.dead and line.waiting >= 1
    again = Hook(hook.port)
    for _ in range(100):
        rig.step(LOSS, 10.0)
    again.stop()
    titles = [post["title"] for post in again.posts]
    assert titles == [TITLE], "a refused connection took nothing: it is no repeat"
    assert not rig.desk.section().channels[0].dead


def test_an_answer_that_does_not_come_makes_the_next_one_a_repeat(hook: Hook) -> None:
    hook.wait = threading.Event()
    url = f"{hooked(hook.port)}&rto=0.3"
    outcome = AppriseSender().send(url, Message("t", "b"))
    hook.wait.set()
    assert outcome.verdict == "uncertain" and len(hook.posts) == 1


def test_a_redirect_is_not_followed_whatever_the_address_says(hook: Hook) -> None:
    other = Hook()
    hook.status, hook.location = 307, f"http://127.0.0.1:{other.port}/elsewhere"
    outcome = AppriseSender().send(hooked(hook.port), Message("t", "b"))
    assert outcome.verdict == "rejected" and other.posts == [] and len(hook.posts) == 1
    other.stop()


def test_what_a_service_says_decides(hook: Hook, mail: MailServer) -> None:
    sender = AppriseSender()
    for status, verdict in ((404, "rejected"), (429, "failed"), (503, "failed")):
        hook.status = status
        assert sender.send(hooked(hook.port), Message("t", "b")).verdict == verdict
    assert len(hook.posts) == 3, "Apprise tries nothing again"
    for answer, verdict in (("451 later", "failed"), ("554 never", "rejected")):
        mail.refuse(answer)
        assert sender.send(mailed(mail.port), Message("t", "b")).verdict == verdict
    assert sender.send(mailed(free_port()), Message("t", "b")).verdict == "failed"


@pytest.mark.parametrize(
    "url", ["", "nonsense", "http://127.0.0.1/x", "file:///etc/passwd", "ftp://x", "json://", "include://x"]
)
def test_what_is_no_address_is_refused(rig: Rig, url: str) -> None:
    with pytest.raises(RuleRefused):
        rig.do(rig.post.keep_channel("odd", url))
    assert rig.post.names() == ()


def test_the_sign_of_life_is_a_plain_get_that_follows_nobody(hook: Hook) -> None:
    assert AppriseSender().ping(f"http://127.0.0.1:{hook.port}/{SECRET}").verdict == "accepted"
    hook.status, hook.location = 302, "http://127.0.0.1:1/"
    told = AppriseSender().ping(f"http://127.0.0.1:{hook.port}/{SECRET}")
    assert told.verdict == "failed" and SECRET not in told.words
    gone = AppriseSender().ping(f"http://127.0.0.1:{free_port()}/{SECRET}")
    assert gone.verdict == "failed" and SECRET not in gone.words
