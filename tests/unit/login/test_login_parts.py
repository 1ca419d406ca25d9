"""The parts of the login: password and tokens, the file, sessions, attempts, the link."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from app.login.attempts import ALL_FAILURES, CLIENTS_KEPT, FAILURES, SLOW_S, WINDOW_S, Attempts
from app.login.credentials import FORMAT, Credentials, CredentialStore, Token, checked_name, load, save
from app.login.local_link import LocalLink
from app.login.passwords import TOKEN_PREFIX, digest, is_one_of, is_password, new_password, new_token
from app.login.sessions import MOST, Sessions
from app.rates import HERE, client_of
from engine.clock import FakeClock
from engine.errors import ConfigError

PASSWORD = "correct horse battery"
HUGE = b'{"format": 1, "password": "$argon2id$v=19$m=%s$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo", "tokens": []}'


@pytest.fixture(scope="module")
def password_hash() -> str:
    return new_password(PASSWORD, PASSWORD)


# --- passwords and tokens -----------------------------------------------------------------------------------------


def test_a_password_is_kept_as_a_hash_that_knows_it_again(password_hash: str) -> None:
    assert password_hash.startswith("$argon2id$v=19$m=65536,t=3,p=4$") and PASSWORD not in password_hash
    assert is_password(PASSWORD, password_hash)
    assert not is_password(PASSWORD + " ", password_hash)
    assert not is_password("", password_hash)


def test_where_there_is_no_password_nothing_is_it_and_that_takes_a_hash_too() -> None:
    assert not is_password("", "")
    assert not is_password(PASSWORD, "")


def test_a_password_is_the_same_however_a_keyboard_composes_its_letters() -> None:
    kept = new_password("Zu\u0308rich\u00e9 bei Nacht", "Z\u00fcriche\u0301 bei Nacht")
    assert is_password("Z\u00fcrich\u00e9 bei Nacht", kept)


@pytest.mark.parametrize(
    ("typed", "again", "said"),
    [
        (PASSWORD, PASSWORD + "x", "are not the same"),
        ("short", "short", "has 5 characters; must be 12 to 1024"),
        ("x" * 1_025, "x" * 1_025, "has 1025 characters"),
        ("aaaaaaaaaaaaaaab", "aaaaaaaaaaaaaaab", "repeats a few characters"),
    ],
)
def test_what_is_no_password_is_refused_in_words(typed: str, again: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        new_password(typed, again)


def test_a_token_is_random_and_known_again_by_its_digest_alone() -> None:
    one, other = new_token(), new_token()
    assert one != other and re.fullmatch(TOKEN_PREFIX + r"[A-Za-z0-9_-]{43}", one)
    assert is_one_of(one, (digest(other), digest(one)))
    assert not is_one_of(one, (digest(other),)) and not is_one_of("", ()) and not is_one_of("\ud800é", (digest(one),))


# --- the file -----------------------------------------------------------------------------------------------------


def test_what_was_saved_is_read_again_and_is_this_users_alone(tmp_path: Path, password_hash: str) -> None:
    kept = Credentials(password_hash, (Token("grafana", digest("t"), 1_790_000_000.0),))
    path = tmp_path / "login.json"
    save(path, kept)
    assert load(path) == (kept, "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    load(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_without_password_and_tokens_there_is_no_file(tmp_path: Path, password_hash: str) -> None:
    path = tmp_path / "login.json"
    save(path, Credentials(password_hash))
    save(path, Credentials())
    assert not path.exists() and load(path) == (Credentials(), "")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is damaged"),
        (b"{", "is damaged"),
        (b"\xff\xfe", "is damaged"),
        (b"[]", "is damaged"),
        (b'{"format": 1}', "is damaged"),
        (b'{"format": 9, "all": "other"}', "is of a newer QTrade"),
        (b'{"format": 1, "password": "plain text", "tokens": []}', "holds no password that can be compared"),
        (
            b'{"format": 1, "password": "", "tokens": [{"name": "\\u001b[2J", "sha256": "", "made_wall": 0}]}',
            "is damaged",
        ),
        (
            b'{"format": 1, "password": "", "tokens": [{"name": "a\\n", "sha256": "%s", "made_wall": 0}]}'
            % (b"0" * 64),
            "is damaged",
        ),
        (HUGE % b"x,t=,p=", "holds no password that can be compared"),
        (HUGE % b"4194304,t=3,p=4", "holds no password that can be compared"),
        (HUGE % b"65536,t=4000000,p=4", "holds no password that can be compared"),
        (b"[" * 60_000, "is damaged"),
        (b" " * 70_000, "is larger"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_problem_and_no_open_door(content: bytes, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "login.json"
    path.write_bytes(content)
    kept = load(path)
    assert kept.credentials == Credentials() and problem in kept.problem


def test_a_link_in_its_place_is_not_followed(tmp_path: Path, password_hash: str) -> None:
    save(tmp_path / "planted.json", Credentials(password_hash))
    (tmp_path / "login.json").symlink_to(tmp_path / "planted.json")
    assert "link" in load(tmp_path / "login.json").problem


def test_a_running_program_hears_of_each_change(tmp_path: Path, password_hash: str) -> None:
    path = tmp_path / "login.json"
    store = CredentialStore(path)
    assert store.now() == (Credentials(), "")
    save(path, Credentials(password_hash))
    assert store.now().credentials.password == password_hash
    assert store.now() is store.now(), "it is read when it has changed, not each time"
    save(path, Credentials(password_hash, (Token("a", digest("a"), 0.0),)))
    assert len(store.now().credentials.tokens) == 1
    path.write_text("{")
    assert store.now().problem
    path.unlink()
    assert store.now() == (Credentials(), "")


@pytest.mark.parametrize("name", ["", "a b", "-x", "x" * 41, "a\n", "é", "../x"])
def test_a_tokens_name_is_plain(name: str) -> None:
    with pytest.raises(ConfigError, match="must be 1 to 40"):
        checked_name(name, ())


def test_a_tokens_name_is_its_own() -> None:
    with pytest.raises(ConfigError, match="there is one of this name"):
        checked_name("a", (Token("a", "", 0.0),))
    assert FORMAT == 1


# --- sessions -----------------------------------------------------------------------------------------------------


def test_a_session_ends_when_it_is_idle_and_at_its_end() -> None:
    clock = FakeClock()
    sessions = Sessions(clock.mono, idle_s=100.0, most_s=1_000.0)
    word = sessions.begin("stamp")
    for _ in range(10):
        clock.advance(99.0)
        assert sessions.use(word, "stamp")
    clock.advance(10.0)
    assert not sessions.use(word, "stamp"), "1,000 s after it began, used or not"
    idle = sessions.begin("stamp")
    clock.advance(100.0)
    assert not sessions.use(idle, "stamp")


def test_a_session_ends_with_the_password_that_it_began_with() -> None:
    sessions = Sessions(FakeClock().mono, 100.0, 1_000.0)
    word = sessions.begin("old")
    assert not sessions.use(word, "new")
    assert not sessions.use(word, "old"), "and does not come back with it"


def test_a_session_that_was_ended_is_ended() -> None:
    sessions = Sessions(FakeClock().mono, 100.0, 1_000.0)
    word, other = sessions.begin(""), sessions.begin("")
    assert word != other
    assert sessions.end(word) and not sessions.end(word)
    assert not sessions.use(word, "") and sessions.use(other, "")
    assert not sessions.use("never was", "")


def test_so_many_sessions_and_the_one_used_longest_ago_goes() -> None:
    sessions = Sessions(FakeClock().mono, 100.0, 1_000.0)
    first, second = sessions.begin(""), sessions.begin("")
    assert sessions.use(first, "")
    for _ in range(MOST - 1):
        sessions.begin("")
    assert sessions.use(first, "") and not sessions.use(second, "")


# --- attempts -----------------------------------------------------------------------------------------------------


def test_five_failures_in_a_minute_are_a_minute_of_waiting() -> None:
    clock = FakeClock()
    attempts = Attempts(clock.mono)
    for number in range(FAILURES):
        assert attempts.wait_s("10.0.0.7") == 0.0
        assert attempts.failed("10.0.0.7") is (number == FAILURES - 1)
        clock.advance(2.0)
    assert attempts.wait_s("10.0.0.7") == WINDOW_S - 2.0
    assert attempts.wait_s("10.0.0.8") == 0.0, "another one does not wait for it"
    clock.advance(WINDOW_S - 2.0)
    assert attempts.wait_s("10.0.0.7") == 0.0
    attempts.failed("10.0.0.7")
    assert attempts.wait_s("10.0.0.7") == 0.0, "and begins with five again"


def test_slow_failures_lock_nobody_out() -> None:
    clock = FakeClock()
    attempts = Attempts(clock.mono)
    for _ in range(3 * FAILURES):
        assert attempts.wait_s("10.0.0.7") == 0.0
        attempts.failed("10.0.0.7")
        clock.advance(WINDOW_S / (FAILURES - 1))


def test_the_right_password_begins_the_count_anew() -> None:
    attempts = Attempts(FakeClock().mono)
    for _ in range(FAILURES - 1):
        attempts.failed("10.0.0.7")
    attempts.succeeded("10.0.0.7")
    for _ in range(FAILURES - 1):
        attempts.failed("10.0.0.7")
    assert attempts.wait_s("10.0.0.7") == 0.0


def test_where_many_fail_all_other_computers_are_slowed_and_this_one_is_not() -> None:
    clock = FakeClock()
    attempts = Attempts(clock.mono)
    for number in range(ALL_FAILURES):
        attempts.failed(f"10.0.{number}.1")
    assert attempts.wait_s("10.9.9.9") == 0.0
    assert attempts.wait_s("10.9.9.10") == SLOW_S
    assert attempts.wait_s("127.0.0.1") == 0.0
    clock.advance(SLOW_S)
    assert attempts.wait_s("10.9.9.10") == 0.0
    clock.advance(WINDOW_S)
    assert [attempts.wait_s(f"10.8.0.{n}") for n in range(3)] == [0.0] * 3


def test_who_tries_from_many_addresses_takes_no_memory() -> None:
    attempts = Attempts(FakeClock().mono)
    for number in range(2 * CLIENTS_KEPT):
        attempts.failed(f"10.{number >> 8}.{number & 255}.1")
    assert len(attempts._by_client) == CLIENTS_KEPT


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("127.0.0.1", HERE), ("127.9.9.9", HERE), ("::1", HERE), ("::ffff:127.0.0.1", HERE),
        ("10.0.0.1", "10.0.0.1"), ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"), ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"), ("", ""), ("nonsense", "nonsense"),
    ],
)  # fmt: skip
def test_who_counts_as_one_client(address: str, client: str) -> None:
    assert client_of(address) == client


# --- the link -----------------------------------------------------------------------------------------------------


def test_a_link_is_good_once_and_the_page_holds_the_next_one(tmp_path: Path) -> None:
    link = LocalLink(tmp_path, "http://127.0.0.1:8052")
    first = link.renew()
    word = first.removeprefix("http://127.0.0.1:8052/login#once=")
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", word)
    assert word in link.page.read_text() and stat.S_IMODE(link.page.stat().st_mode) == 0o600
    assert not link.take("") and not link.take(word[:-1]) and not link.take("é\ud800")
    assert link.take(word) and not link.take(word)
    (after,) = set(re.findall(r"#once=([A-Za-z0-9_-]{43})", link.page.read_text()))
    assert after != word and link.take(after)


def test_before_the_first_link_nothing_is_taken(tmp_path: Path) -> None:
    assert not LocalLink(tmp_path, "http://127.0.0.1:8052").take("")


def test_a_page_that_cannot_be_written_leaves_the_link_of_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    link = LocalLink(tmp_path / "file", "http://127.0.0.1:8052")
    assert link.take(link.renew().rpartition("=")[2])
