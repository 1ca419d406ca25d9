"""Logging in and out in a real browser, and a session that ends under what somebody types."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

import start
from app.login.credentials import FILE_NAME, Credentials, save
from app.login.gate import gate_of
from app.login.passwords import new_password
from engine.config import WebSettings
from tests.browser.conftest import Site, Watched, after_polls, until
from tests.browser.test_accessibility import AXE, RUN, TAGS

FIRST, SECOND = "correct horse battery", "another one of words"
FIELD = ".qt-field[data-key='coverage.messages_per_s'] input.qt-input"


def axe_says_nothing(page: Page) -> None:
    """Where node's tools are (tests/browser/test_accessibility.py says where not)."""
    if start.has_node_modules():
        page.evaluate(AXE.read_text(encoding="utf-8"))
        assert page.evaluate(RUN, list(TAGS)) == []


def test_a_login_its_end_under_a_draft_and_a_log_out(
    serve: Callable[..., Site], page: Page, watched: Watched, tmp_path: Path
) -> None:
    watched.forgiven = True  # the browser itself notes each 401
    save(tmp_path / FILE_NAME, Credentials(new_password(FIRST, FIRST)))
    site = serve(login=gate_of(tmp_path, WebSettings()))

    page.goto(f"{site.url}/settings")
    assert page.url == f"{site.url}/login?next=/settings"
    assert page.evaluate("document.activeElement.id") == "password"
    axe_says_nothing(page)
    page.fill("#password", SECOND)
    page.keyboard.press("Enter")
    until(page, "document.getElementById('said').textContent === 'This is not the password.'")
    page.click("#show")
    assert page.get_attribute("#password", "type") == "text"
    page.fill("#password", FIRST)
    page.click("text=Log in >> nth=-1")
    page.wait_for_url(f"{site.url}/settings")
    until(page, "Boolean(window.qt && qt.model.strip)")
    assert f"qtrade-{site.port}" not in page.evaluate("document.cookie"), "scripts don't see the session"

    page.fill(FIELD, "20")
    save(tmp_path / FILE_NAME, Credentials(new_password(SECOND, SECOND)))  # which ends all sessions
    page.wait_for_selector("dialog.qt-login[open]")
    page.keyboard.press("Escape")
    assert page.is_visible("dialog.qt-login[open]"), "there is nothing to go back to"
    assert page.input_value(FIELD) == "20"
    axe_says_nothing(page)
    assert not page.is_visible("#shell-trouble"), "the server is not silent"
    page.fill("#qt-login-password", SECOND)
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog.qt-login", state="detached")
    after_polls(page)
    assert page.input_value(FIELD) == "20"

    page.click(".qt-strip [data-qt-logout]")
    page.wait_for_url(f"{site.url}/login")
    page.goto(f"{site.url}/positions")
    assert page.url == f"{site.url}/login?next=/positions"
    noted = [text for text in watched.complaints if "401" not in text]
    assert noted == []
