"""Shares of one universe: disjoint, complete, and nobody moves who need not."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from engine.sharding.rendezvous import owners
from engine.state.roll import Member

NAMES = st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=8)
MEMBERS = st.lists(st.builds(Member, NAMES, st.integers(1, 500)), max_size=8, unique_by=lambda member: member.name)
CON_IDS = st.lists(st.integers(1, 2**31 - 1), min_size=1, max_size=200, unique=True)


@given(MEMBERS, CON_IDS)
def test_each_symbol_has_one_owner_whatever_the_order_of_the_list(members, con_ids) -> None:
    found = owners(con_ids, members)
    assert found == owners(con_ids, members[::-1])
    assert set(found) <= ({member.name for member in members} or {""})
    assert [owners([con_id], members)[0] for con_id in con_ids] == found, "alone or with others"


@given(MEMBERS.filter(bool), CON_IDS, st.data())
def test_who_leaves_moves_his_own_alone_and_who_comes_back_gets_the_same(members, con_ids, data) -> None:
    gone = data.draw(st.sampled_from(members))
    before = owners(con_ids, members)
    after = owners(con_ids, [member for member in members if member != gone])
    assert all(new == old for old, new in zip(before, after, strict=True) if old != gone.name)
    assert owners(con_ids, members) == before


@given(MEMBERS.filter(bool), CON_IDS, st.integers(1, 500))
def test_more_lines_only_bring_symbols(members, con_ids, more) -> None:
    first, *others = members
    before = owners(con_ids, members)
    after = owners(con_ids, [Member(first.name, first.lines + more), *others])
    assert all(new in (old, first.name) for old, new in zip(before, after, strict=True))


def test_shares_follow_the_lines() -> None:
    found = Counter(owners(range(265_598, 275_598), [Member("a", 50), Member("b", 50), Member("c", 100)]))
    assert abs(found["a"] - 2_500) < 150 and abs(found["b"] - 2_500) < 150 and abs(found["c"] - 5_000) < 150


def test_the_answer_is_the_same_on_every_machine() -> None:
    members = [Member("east", 50), Member("north", 50), Member("south", 50), Member("west", 50)]
    assert owners([265598, 272093, 756733, 4815747, 76792991], members) == ["south", "north", "south", "east", "north"]
