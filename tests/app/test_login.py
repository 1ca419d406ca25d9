"""Who is let in: 401 on every route without a session, the login itself, tokens, the lock-out, log-out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from app.deps import AppDeps
from app.factory import ROOT, create_app
from app.login.attempts import FAILURES, WINDOW_S
from app.login.cookie import file_senders
from app.login.credentials import FILE_NAME, Credentials, Token, save
from app.login.gate import PUBLIC_FILES, gate_of
from app.login.passwords import digest, new_password
from app.login.routes import own_address
from app.rates import Rates
from engine.clock import FakeClock
from engine.config import AppConfig, WebSettings
from engine.state.bus import StateBus
from tests.app.sample_state import WALL, fill_sample

PASSWORD = "correct horse battery"
TOKEN = "qtrade_token-of-a-script"  # noqa: S105
HOST = {"Host": "127.0.0.1"}
BROWSER = {**HOST, "Sec-Fetch-Mode": "navigate", "Accept": "text/html"}
HASH = new_password(PASSWORD, PASSWORD)
# All that is answered to nobody, with what it answers. A route that is added to the program is not on this list.
OPEN = {("GET", "/login"), ("HEAD", "/login"), ("POST", "/login"), ("GET", "/healthz"), ("HEAD", "/healthz")}


class House:
    """One dashboard with a login, and browsers that come to it."""

    def __init__(self, folder: Path, password: str = HASH, **web: Any) -> None:
        self.clock = FakeClock(wall=WALL)
        self.folder = folder
        self.keep(password)
        bus = StateBus(None, self.clock)
        fill_sample(bus, WALL)
        settings = WebSettings(**web)
        self.gate = gate_of(folder, settings, self.clock.mono)
        deps = AppDeps(
            state=bus, clock=self.clock, login=self.gate, rates=Rates(self.clock.mono),
            config_now=lambda: AppConfig(web=settings),
        )  # fmt: skip
        self.server = create_app(deps).server

    def keep(self, password: str) -> None:
        save(self.folder / FILE_NAME, Credentials(password, (Token("grafana", digest(TOKEN), WALL),)))

    def browser(self) -> FlaskClient:
        return self.server.test_client()

    def with_cookie(self, cookie: str) -> int:
        """What a client gets that sends this cookie, whatever a browser would."""
        return self.server.test_client(use_cookies=False).get("/", headers={**HOST, "Cookie": cookie}).status_code

    def log_in(self, client: FlaskClient, password: str = PASSWORD, **more: Any) -> Any:
        return client.post("/login", json={"password": password}, headers=HOST, **more)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def cookie_of(answer: Any) -> str:
    return str(answer.headers["Set-Cookie"]).partition(";")[0]


# --- every route --------------------------------------------------------------------------------------------------


def addresses(rules: Iterator[Rule]) -> Iterator[tuple[str, str]]:
    """Every method and address of the program, the places of each rule filled."""
    for rule in rules:
        for method in sorted((rule.methods or set()) | {"OPTIONS"}):
            yield method, re.sub(r"<(?:int:)?[^>]+>", "1", rule.rule)


def test_every_route_wants_a_login(house: House) -> None:
    """Asked of the app itself: what is added tomorrow is met, too."""
    client, asked = house.browser(), set(addresses(house.server.url_map.iter_rules()))
    assert len(asked) > 60
    for method, path in asked | {("GET", "/no/such/page"), ("GET", "/metrics"), ("GET", "/assets/qtrade.mjs")}:
        if (method, path) in OPEN:
            continue
        for body in ({}, {"json": {}}):
            answer = client.open(path, method=method, headers=HOST, **body)
            assert answer.status_code == 401, (method, path)
            assert method == "HEAD" or answer.json["error"] == "Log in first."
            assert "Set-Cookie" not in answer.headers and answer.headers["Cache-Control"] == "no-store"
    assert asked > OPEN, "what is open is there"


def test_a_browser_that_opens_a_page_is_led_to_the_login_and_back(house: House) -> None:
    client = house.browser()
    for path, to in (
        ("/", "/login"),
        ("/positions", "/login?next=/positions"),
        ("/journal?view=trades&symbol=A%2FB", "/login?next=/journal%3Fview%3Dtrades%26symbol%3DA%252FB"),
        ("/symbol/A%3FB%2FC", "/login?next=/symbol/A%253FB/C"),
        ("/no/such/page", "/login?next=/no/such/page"),
    ):
        answer = client.get(path, headers=BROWSER)
        assert (answer.status_code, answer.headers["Location"]) == (303, to)
    for path in ("/feed?path=/", "/api/v1/positions", "/journal/data", "/_dash-layout", "/assets/qtrade.mjs"):
        assert client.get(path, headers={**HOST, "Sec-Fetch-Mode": "cors"}).status_code == 401
    page = client.get("/login?next=/journal?view=trades", headers=BROWSER)
    assert 'data-next="/journal?view=trades"' in page.text


def test_the_login_page_needs_no_more_than_the_files_that_are_let_through(house: House) -> None:
    client = house.browser()
    page = client.get("/login", headers=BROWSER)
    wanted = set(re.findall(r'(?:href|src)="([^"]+)"', page.text))
    for file in PUBLIC_FILES:
        answer = client.get(file, headers=HOST, buffered=True)
        assert answer.status_code == 200, file
        if file.endswith(".mjs"):
            imports = re.findall(r'from "\./([^"]+)"', answer.text)
            wanted |= {f"/assets/login/{name}" for name in imports}
    assert wanted == set(PUBLIC_FILES)
    assert not re.search(r"<script(?![^>]*src=)|style=|<style", page.text), "the content policy allows no inline script"
    here = {f"/assets/login/{path.name}" for path in (ROOT / "assets" / "login").iterdir()}
    assert here == {file for file in PUBLIC_FILES if "/login/" in file}


@pytest.mark.parametrize("path", ["/assets/login/../qtrade.mjs", "/assets/login/%2e%2e/qtrade.mjs", "/login/", "/Login",
                                  "/healthz/", "/login/x", "//login", "/healthz/../feed"])  # fmt: skip
def test_no_spelling_gets_past(path: str, house: House) -> None:
    assert house.browser().get(path, headers=HOST).status_code == 401


def test_a_foreign_host_is_refused_before_the_login(house: House) -> None:
    assert house.browser().get("/login", headers={"Host": "evil.example"}).status_code == 400


# --- logging in ---------------------------------------------------------------------------------------------------


def test_with_the_password_everything_is_answered(house: House) -> None:
    client = house.browser()
    assert client.get("/login/session", headers=HOST).status_code == 401
    assert house.log_in(client).status_code == 204
    for path in ("/", "/positions", "/api/v1/positions", "/feed?path=/", "/_dash-layout", "/assets/qtrade.mjs"):
        assert client.get(path, headers=HOST, buffered=True).status_code == 200, path
    assert client.get("/login/session", headers=HOST).status_code == 204
    assert client.get("/feed?path=/", headers=HOST).headers["X-QT-Session"] == "1"
    assert "build" in client.get("/healthz", headers=HOST).json


def test_the_cookie_is_for_this_server_alone(house: House) -> None:
    head = house.log_in(house.browser()).headers["Set-Cookie"]
    assert re.fullmatch(r"qtrade-8052=[A-Za-z0-9_-]{43}; HttpOnly; Path=/; SameSite=Strict", head)


def test_over_tls_the_cookie_is_never_sent_without(house: House) -> None:
    secure = {"base_url": "https://127.0.0.1/"}
    client = house.browser()
    answer = house.log_in(client, **secure)
    assert re.fullmatch(r"__Host-qtrade=[^;]+; Secure; HttpOnly; Path=/; SameSite=Strict", answer.headers["Set-Cookie"])
    assert client.get("/", headers=HOST, **secure).status_code == 200
    assert client.get("/", headers=HOST).status_code == 401


def test_a_word_that_was_planted_before_the_login_opens_nothing(house: House) -> None:
    """Session fixation: whatever cookie came, the session is a new one, and the one of before has ended."""
    client = house.browser()
    client.set_cookie("qtrade-8052", "planted", domain="127.0.0.1")
    assert client.get("/", headers=HOST).status_code == 401
    first = house.log_in(client)
    assert "planted" not in first.headers["Set-Cookie"]
    assert house.with_cookie("qtrade-8052=planted") == 401
    assert house.with_cookie(cookie_of(first)) == 200
    second = house.log_in(client)
    assert cookie_of(second) != cookie_of(first)
    assert house.with_cookie(cookie_of(first)) == 401
    assert house.with_cookie(cookie_of(second)) == 200


@pytest.mark.parametrize(
    "tried",
    ["", "Correct horse battery", PASSWORD + "\0", "x" * 1_000, HASH],
    ids=["none", "case", "nul", "long", "hash"],
)
def test_a_wrong_password_says_so_and_nothing_else(tried: str, house: House, caplog: pytest.LogCaptureFixture) -> None:
    answer = house.log_in(house.browser(), tried)
    assert (answer.status_code, answer.json) == (401, {"error": "This is not the password."})
    assert "Set-Cookie" not in answer.headers
    assert not tried or tried not in caplog.text


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:9999"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"}, 204),
    ],
)
def test_another_sites_page_logs_nobody_in_or_out(headers: dict[str, str], code: int, house: House) -> None:
    client = house.browser()
    body = {"password": PASSWORD}
    assert client.post("/login", json=body, headers={**HOST, **headers}).status_code == code
    house.log_in(client)
    assert client.post("/logout", json={}, headers={**HOST, **headers}).status_code == code


def test_a_form_of_another_site_cannot_even_ask(house: House) -> None:
    for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data"):
        answer = house.browser().post("/login", data=f'{{"password": "{PASSWORD}"}}', headers=HOST, content_type=kind)
        assert answer.status_code == 415


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"password": 5}', b'{"user": "x"}', b"\xff", b"[" * 50_000])
def test_a_body_that_is_no_login_is_a_400(body: bytes, house: House) -> None:
    answer = house.browser().post("/login", data=body, headers=HOST, content_type="application/json")
    assert answer.status_code == 400 and answer.json["error"]


def test_a_proxy_that_is_not_trusted_is_named_as_the_cause(house: House) -> None:
    answer = house.browser().post("/login", json={}, headers={**HOST, "Origin": "https://127.0.0.1"})
    assert answer.status_code == 403 and "web.trusted_proxy" in answer.json["error"]


def test_a_large_file_is_taken_of_who_has_logged_in(house: House) -> None:
    may = file_senders(house.gate, 8052)
    client = house.browser()
    word = cookie_of(house.log_in(client))
    assert may(word) and may(f"other=1; {word}") and may(f"other=\xff; {word}"), "whatever another program left there"
    assert not may("") and not may("qtrade-8052=planted") and not may(word.replace("8052", "8053"))
    client.post("/logout", json={}, headers=HOST)
    assert not may(word)
    house.keep("")
    assert may(""), "where nobody has to log in"


# --- lock-out -----------------------------------------------------------------------------------------------------


def test_five_failures_lock_out_the_right_password_too(house: House) -> None:
    client, other = house.browser(), house.browser()
    for _ in range(FAILURES):
        assert house.log_in(client, "wrong password").status_code == 401
        house.clock.advance(1.0)
    locked = house.log_in(client)
    assert locked.status_code == 429
    assert locked.json["error"] == f"Too many tries. Try again in {WINDOW_S - 1:.0f} s."
    assert locked.headers["Retry-After"] == "59"
    from_elsewhere = house.log_in(other, environ_base={"REMOTE_ADDR": "10.0.0.2"})
    assert from_elsewhere.status_code == 204, "nobody can lock out another one"
    house.clock.advance(WINDOW_S - 1)
    assert house.log_in(client).status_code == 204


# --- the end of a session -----------------------------------------------------------------------------------------


def test_logging_out_ends_the_session_on_the_server(house: House) -> None:
    client = house.browser()
    word = cookie_of(house.log_in(client))
    assert house.with_cookie(word) == 200
    answer = client.post("/logout", json={}, headers=HOST)
    assert answer.status_code == 204 and "qtrade-8052=;" in answer.headers["Set-Cookie"]
    assert house.with_cookie(word) == 401, "whoever has kept the cookie has nothing"
    assert client.post("/logout", json={}, headers=HOST).status_code == 401


def test_a_session_ends_after_hours_without_a_page_and_after_days(house: House) -> None:
    web, client = WebSettings(), house.browser()
    house.log_in(client)
    house.clock.advance(web.session_idle_h * 3_600 - 1)
    assert client.get("/feed?path=/", headers=HOST).status_code == 200
    house.clock.advance(web.session_idle_h * 3_600)
    assert client.get("/feed?path=/", headers=HOST).status_code == 401
    house.log_in(client)
    hours = 0.0
    while hours < web.session_max_h - 1:
        house.clock.advance(3_600.0)
        hours += 1
        assert client.get("/feed?path=/", headers=HOST).status_code == 200
    house.clock.advance(3_600.0)
    assert client.get("/feed?path=/", headers=HOST).status_code == 401


def test_another_password_ends_all_sessions_and_turns_on_at_once(tmp_path: Path) -> None:
    house = House(tmp_path, "")
    client = house.browser()
    assert client.get("/", headers=HOST).status_code == 200
    assert client.get("/login", headers=HOST).headers["Location"] == "/"
    assert client.post("/login", json={"password": "x"}, headers=HOST).status_code == 204
    house.keep(HASH)
    assert client.get("/feed?path=/", headers=HOST).json == {"error": "Log in first.", "login": ["password"]}
    house.log_in(client)
    assert client.get("/", headers=HOST).status_code == 200
    house.keep(new_password("another one of words", "another one of words"))
    assert client.get("/", headers=HOST).status_code == 401
    house.keep("")
    assert client.get("/", headers=HOST).status_code == 200


def test_a_file_that_cannot_be_read_opens_nothing_and_says_the_cure(house: House) -> None:
    client = house.browser()
    house.log_in(client)
    (house.folder / FILE_NAME).write_text("{")
    assert client.get("/", headers=HOST).status_code == 401
    assert "--set-password" in client.get("/login", headers=BROWSER).text
    assert "--set-password" in house.log_in(client).json["error"]


def test_where_others_come_a_removed_password_locks_the_door(tmp_path: Path) -> None:
    house = House(tmp_path, host="0.0.0.0", trusted_hosts="qtrade.example.org")  # noqa: S104
    client, name = house.browser(), {"Host": "qtrade.example.org"}
    assert client.post("/login", json={"password": PASSWORD}, headers=name).status_code == 204
    house.keep("")
    assert client.get("/", headers=name).status_code == 401
    said = client.post("/login", json={"password": PASSWORD}, headers=name)
    assert said.status_code == 401 and "The password was removed" in said.json["error"]


# --- tokens, health, the link ---------------------------------------------------------------------------------------


def test_a_token_reads_what_scripts_read_and_nothing_else(house: House) -> None:
    client, bearer = house.browser(), {**HOST, "Authorization": f"Bearer {TOKEN}"}
    assert client.get("/api/v1/positions", headers=bearer).status_code == 200
    assert "reasons" in client.get("/healthz", headers=bearer).json
    for method, path in (
        ("GET", "/"), ("GET", "/feed"), ("GET", "/_dash-layout"), ("GET", "/journal/data"), ("POST", "/export"),
        ("POST", "/api/v1/journal/statements"), ("POST", "/_dash-update-component"), ("POST", "/logout"),
    ):  # fmt: skip
        assert client.open(path, method=method, headers=bearer, json={}).status_code == 401, path
    for wrong in ("Bearer ", "Bearer x", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN} x", "Bearer " + "x" * 5_000):
        assert client.get("/api/v1/positions", headers={**HOST, "Authorization": wrong}).status_code == 401
    save(house.folder / FILE_NAME, Credentials(HASH))
    assert client.get("/api/v1/positions", headers=bearer).status_code == 401, "revoked, at once"


def test_whoever_asks_hears_how_it_is_and_no_more(house: House) -> None:
    found = house.browser().get("/healthz", headers=HOST).json
    assert set(found) == {"app", "status"} and found["status"] in ("ok", "degraded")


def test_the_link_logs_in_once_and_a_password_is_not_needed(tmp_path: Path) -> None:
    house = House(tmp_path, "", local_token=True)
    client = house.browser()
    assert client.get("/", headers=HOST).json["login"] == ["link"]
    assert "open-qtrade.html" in client.get("/login", headers=BROWSER).text
    assert house.gate.link is not None
    once = house.gate.link.renew().rpartition("=")[2]
    assert client.post("/login", json={"once": once}, headers=HOST).status_code == 204
    assert client.get("/", headers=HOST).status_code == 200
    again = house.browser().post("/login", json={"once": once}, headers=HOST)
    assert again.status_code == 401 and "was used" in again.json["error"]
    assert house.log_in(house.browser(), "").status_code == 401


def test_who_comes_over_a_network_without_tls_is_warned(house: House) -> None:
    client = house.browser()
    assert "not encrypted" not in client.get("/login", headers=BROWSER).text
    far = client.get("/login", headers=BROWSER, environ_base={"REMOTE_ADDR": "10.0.0.2"})
    assert "not encrypted" in far.text


@pytest.mark.parametrize(
    ("text", "to"),
    [
        ("/positions", "/positions"), ("/journal?view=a&b=c#d", "/journal?view=a&b=c#d"), ("", "/"),
        ("https://evil.example", "/"), ("//evil.example", "/"), ("/\\evil.example", "/"), ("javascript:alert(1)", "/"),
        ("/x\n", "/"), ("/login?next=/", "/"), ("/logout", "/"), ("http://[", "/"), ("/a\\b", "/"), ("x", "/"),
    ],
)  # fmt: skip
def test_a_login_leads_to_an_address_of_this_server(text: str, to: str) -> None:
    assert own_address(text) == to
