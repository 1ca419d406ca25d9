"""Servers for the stores: started when the first test asks, stopped at the end. Their tests stay in one worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.journal.database import open_for_writing, url_of
from engine.journal.tables import metadata
from tests.servers import NO_POSTGRES, NO_REDIS, PostgresServer, RedisServer


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    server = RedisServer()
    if not server.is_installed:
        pytest.skip(NO_REDIS)
    server.start()
    yield server
    server.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    server = PostgresServer()
    if not server.is_installed:
        pytest.skip(NO_POSTGRES)
    server.start()
    yield server
    server.close()


@pytest.fixture(scope="session")
def _journal_database(postgres_server: PostgresServer) -> str:
    name = postgres_server.new_database()
    open_for_writing(url_of(postgres_server.url(name)), 0.0).dispose()
    return name


@pytest.fixture
def postgres_journal(postgres_server: PostgresServer, _journal_database: str) -> str:
    """The URL of a database with a journal's tables and no row: they are emptied, for to make them takes a second."""
    with postgres_server.connect(_journal_database) as connection:
        connection.execute(";".join(f'DELETE FROM "{name}"' for name in metadata.tables if name != "schema_version"))
    return postgres_server.url(_journal_database)
