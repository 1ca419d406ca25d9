"""The URLs of stores: which are taken, and that no password of theirs is shown anywhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.launch.check import report
from app.launch.preparation import Prepared
from engine.errors import ConfigError
from engine.logs.redaction import redact
from engine.settings.changes import SettingsKeeper
from engine.settings.effective import EffectiveSettings, resolve
from engine.settings.sources import Layer
from engine.storage.build_id import BuildId
from engine.storage.urls import shown_url, without_secrets

SECRET = "hush@9/x:y"


def with_urls(state: str | None = None, journal: str | None = None, name: str = "main") -> EffectiveSettings:
    return resolve([Layer("environment", {"state.url": state, "journal.url": journal, "engine.name": name})])


@pytest.mark.parametrize(
    "url",
    [
        "diskcache:///var/lib/qtrade",
        "diskcache://D:\\My Data\\state",
        "redis://localhost",
        "redis://desk:pw@10.0.0.5:6379/3",
        "rediss://:pw@[::1]:6380/0",
        "redis://host:6379/0?socket_timeout=1",
    ],
)
def test_what_a_state_may_lie_in(url: str) -> None:
    assert with_urls(state=url).config.state.url == url


@pytest.mark.parametrize(
    "url",
    ["", "redis://", "redis://:6379", "redis://host:port/0", "redis://host/name", "http://host",
     "redis://ho st:6379", "memcached://host", "redis://host:99999/0", "redis://host:6379/0\x1b", "redis:host"],
)  # fmt: skip
def test_what_it_may_not_lie_in_is_said_with_what_it_may(url: str) -> None:
    with pytest.raises(ConfigError, match=r"must be diskcache://<folder>, redis://"):
        with_urls(state=url)


@pytest.mark.parametrize("url", ["", "postgresql://h/d", "postgresql+psycopg://h", "postgresql+psycopg:///d",
                                 "sqlite:///x.db", "postgresql+psycopg://h:0/d"])  # fmt: skip
def test_a_journal_lies_in_postgresql_or_in_files(url: str) -> None:
    assert with_urls(journal="postgresql+psycopg://desk@db:5432/qtrade?sslmode=require").config.journal.url
    with pytest.raises(ConfigError, match=r"must be postgresql\+psycopg://.*without it the journal is a file"):
        with_urls(journal=url)


@pytest.mark.parametrize(
    "url",
    ["", "10.0.0.5:8786", "tcp://10.0.0.5", "tcp://:8786", "http://10.0.0.5:8786", "tcp://10.0.0.5:8786/x",
     "tcp://a:b@10.0.0.5:8786", "tcp://10.0.0.5:8786?x=1"],
)  # fmt: skip
def test_a_cluster_is_named_by_the_address_of_its_scheduler(url: str) -> None:
    for good in ("tcp://10.0.0.5:8786", "tls://[::1]:8786", "tcp://dask:8786"):
        assert resolve([Layer("environment", {"lab.dask": good})]).config.lab.dask == good
    with pytest.raises(ConfigError, match=r"must be tcp://<host>:<port> of a Dask scheduler"):
        resolve([Layer("environment", {"lab.dask": url})])


@pytest.mark.parametrize("url", ["", "D:/archive", "file://", "s3://", "s3:// a", "http://h/x", "s3:///"])
def test_an_archive_lies_in_a_folder_or_an_object_store(url: str) -> None:
    for good in ("file:///var/lib/archive", "file://D:\\My Archive", "s3://bucket/qtrade", "abfs://box@acc/x"):
        assert resolve([Layer("environment", {"archive.url": good})]).config.archive.url == good
    with pytest.raises(ConfigError, match=r"must be file://<folder>, or an object store"):
        resolve([Layer("environment", {"archive.url": url})])


@pytest.mark.parametrize("name", ["", "a" * 33, "a.b", "a/b", "..", "a b", "é", "-a", "a\n"])
def test_an_engines_name_names_a_folder_and_keys(name: str) -> None:
    with pytest.raises(ConfigError, match="letters, digits, dashes or underscores"):
        with_urls(name=name)


def test_no_password_is_shown_on_a_page_by_check_or_in_a_refusal(tmp_path) -> None:
    redis, server = f"redis://desk:{SECRET}@h:6379/0", f"postgresql+psycopg://desk:{SECRET}@h/d?sslpassword={SECRET}"
    for state, journal in ((redis + "x", None), (None, f"http{server}")):
        with pytest.raises(ConfigError) as refused:
            with_urls(state, journal)
        assert SECRET not in str(refused.value) and "***" in str(refused.value)
    settings = with_urls("redis://desk:hush@h:6379/0", "postgresql+psycopg://desk:hush@h/d?sslpassword=hush")
    keeper = SettingsKeeper(settings, tmp_path / "settings.json", _NoLog(), lambda _: None, lambda: 0.0)
    shown = {row.key: row.value for row in keeper.section().rows}
    assert shown["state.url"] == "redis://desk:***@h:6379/0"
    assert shown["journal.url"] == "postgresql+psycopg://desk:***@h/d?sslpassword=***"
    lines = "\n".join(report(Prepared(settings, tmp_path, ()), BuildId("0", "x", {})))
    assert "hush" not in lines and "redis://desk:***@h:6379/0" in lines


def test_a_page_cannot_change_where_things_lie() -> None:
    for key in ("state.url", "journal.url", "engine.name", "engine.share", "lab.dask", "archive.url"):
        with pytest.raises(ConfigError, match="can't be changed here; use config.yaml"):
            resolve([Layer("saved")]).with_saved({key: None})


class _NoLog:
    def record_change(self, who, key, old, new) -> None:
        raise AssertionError

    def mark_reverted(self, change_id) -> None:
        raise AssertionError

    def changes(self, limit):
        return []


WORD = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=6, max_size=20)


@given(WORD, st.sampled_from(["redis", "rediss", "postgresql+psycopg"]), st.sampled_from(["", "desk"]))
def test_whatever_signs_a_password_has_it_is_gone(secret: str, scheme: str, user: str) -> None:
    secret = f"§{secret}§"
    url = f"{scheme}://{user}:{secret}@host:1234/0?ssl_keyfile=x&password={secret.replace('&', '')}&client=y"
    assert "§" not in shown_url(url)
    assert "§" not in without_secrets(f"could not reach {scheme}://{user}:{secret}@host:1234/0 in time")


@pytest.mark.parametrize("text", ["redis://host:6379/0", "mail@host", "http://127.0.0.1:8052/alerts", "no url: a@b"])
def test_what_holds_no_password_stays_as_it_is(text: str) -> None:
    assert redact(text) == shown_url(text) == text
