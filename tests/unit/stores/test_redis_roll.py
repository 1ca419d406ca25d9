"""The list of engines that share one universe, on the real server."""

from __future__ import annotations

import msgspec
import pytest

from engine.domain import ContractRef
from engine.errors import ConfigError, StateError
from engine.state.disk_store import DiskStore
from engine.state.redis_store import RedisStore
from engine.state.roll import EXPIRE_S, Member
from tests.servers import RedisServer

pytestmark = pytest.mark.xdist_group("servers")

EAST, WEST = Member("east", 50), Member("west", 100)
ACME, BOLT = ContractRef(1, "ACME", "ACME", "STK", "SMART"), ContractRef(2, "BOLT", "BOLT", "STK", "SMART")
KEY = "qtrade:{share:us}:roll"


@pytest.fixture
def store(redis_server: RedisServer) -> RedisStore:
    with redis_server.client() as client:
        client.flushall()
    return RedisStore(redis_server.url())


def test_a_place_is_taken_renewed_and_given_back(store) -> None:
    east, west = store.roll("us"), store.roll("us")
    assert east.members(None) == ()
    assert east.members(EAST) == (EAST,)
    assert west.members(WEST) == (EAST, WEST) == east.members(EAST)
    assert store.roll("eu").members(None) == (), "each group has its own"
    assert west.members(None) == (EAST,)


def test_who_died_is_off_the_list_by_the_servers_clock(store, redis_server) -> None:
    east, west = store.roll("us"), store.roll("us")
    east.members(EAST), west.members(WEST)
    with redis_server.client() as client:
        old = client.time()[0] - EXPIRE_S - 1.0
        client.zadd(KEY, {msgspec.json.encode(EAST): old})
    assert west.members(WEST) == (WEST,)
    assert east.members(EAST) == (EAST, WEST), "who comes back has the place again"


def test_a_new_start_with_other_lines_is_one_member_and_foreign_places_are_none(store, redis_server) -> None:
    store.roll("us").members(Member("east", 50))
    with redis_server.client() as client:
        client.zadd(KEY, {b"not ours": client.time()[0]})
    assert store.roll("us").members(Member("east", 100)) == (Member("east", 100),)


def test_a_server_that_restarts_forgets_and_is_told_again(store, redis_server) -> None:
    east = store.roll("us")
    east.members(EAST)
    redis_server.restart()
    try:
        found = east.members(EAST)
    except StateError:
        east.close()
        found = east.members(EAST)
    assert found == (EAST,)


def test_what_was_found_is_told_to_all_of_the_day(store, redis_server) -> None:
    east, west = store.roll("us"), store.roll("us")
    assert east.exchange([ACME], frozenset({1}), "20261201") == []
    assert west.exchange([BOLT], frozenset({2}), "20261201") == [ACME]
    assert east.exchange([], frozenset({1}), "20261201") == [BOLT]
    assert east.exchange([], frozenset({1, 2}), "20261201") == []
    assert east.exchange([], frozenset(), "20261202") == []
    with redis_server.client() as client:
        assert 0 < client.ttl("qtrade:{share:us}:20261201") <= 2 * 86_400


def test_a_folder_keeps_no_list(tmp_path) -> None:
    with pytest.raises(ConfigError, match="engine.share is 'us'.*Redis"):
        DiskStore(tmp_path).roll("us")
