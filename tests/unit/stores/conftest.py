"""Servers for the stores: started when the first test asks, stopped at the end. Their tests stay in one worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

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
