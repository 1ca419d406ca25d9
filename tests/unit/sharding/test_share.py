"""When a share moves: losses at once, gains after a pause; no symbol is visited by two, nor for long by nobody."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.sharding.share import ALONE_S, FOLLOWED_S, HOLD_S, LOOK_S, Share
from engine.state.roll import EXPIRE_S, Member

CON_IDS = range(1_000, 1_300)
EAST, WEST, NORTH = (Member(name, 50) for name in ("east", "west", "north"))


def seen(name: str, *lists: tuple[float, list[Member]]) -> Share:
    share = Share(name, 0.0)
    for at, members in lists:
        share.see(members, at)
    return share


def test_a_newcomer_waits_and_the_others_let_go_at_once() -> None:
    east, west = seen("east", (0.0, [EAST]), (HOLD_S, [EAST])), Share("west", 0.0)
    assert east.mine(CON_IDS) == set(CON_IDS)
    at = 20.0
    for share in (east, west):
        share.see([EAST, WEST], at)
    left = east.mine(CON_IDS)
    assert 100 < len(left) < 200 and west.mine(CON_IDS) == set()
    for share in (east, west):
        share.see([EAST, WEST], at + HOLD_S)
    assert east.mine(CON_IDS) == left and west.mine(CON_IDS) == set(CON_IDS) - left
    gone = next(con_id for con_id in CON_IDS if con_id not in left)
    assert east.owner(gone) == "west"


def test_who_died_is_followed_in_time_and_what_is_not_his_stays() -> None:
    share = seen("east", (0.0, [EAST, NORTH, WEST]), (HOLD_S, [EAST, NORTH, WEST]))
    before, died, at = share.mine(CON_IDS), 100.0, 100.0
    while not share.mine(CON_IDS) > before:
        share.see([EAST, NORTH, WEST] if at < died + EXPIRE_S else [EAST, NORTH], at)
        assert share.mine(CON_IDS) >= before
        at += LOOK_S
    assert at - LOOK_S - died <= FOLLOWED_S < 30.0


def test_a_list_that_can_not_be_read_changes_nothing() -> None:
    share = seen("east", (0.0, [EAST, WEST]), (HOLD_S, [EAST, WEST]))
    before, version = share.mine(CON_IDS), share.version
    share.pass_time(1_000.0)
    assert share.mine(CON_IDS) == before and share.version == version


def test_a_server_that_forgot_all_gives_nobody_another_share_while_the_others_come_back() -> None:
    share = seen("east", (0.0, [EAST, WEST]), (HOLD_S, [EAST, WEST]))
    before = share.mine(CON_IDS)
    share.see([EAST], 20.0)
    assert share.mine(CON_IDS) == before
    share.see([EAST, WEST], 20.0 + LOOK_S)
    share.see([EAST, WEST], 20.0 + LOOK_S + HOLD_S)
    assert share.mine(CON_IDS) == before


def test_who_never_saw_a_list_looks_after_everything() -> None:
    share = Share("east", 0.0)
    share.pass_time(ALONE_S - 1.0)
    assert share.mine(CON_IDS) == set()
    for at in (ALONE_S + 1.0, ALONE_S + 1.0 + HOLD_S):
        share.pass_time(at)
    assert share.mine(CON_IDS) == set(CON_IDS)


def test_the_version_rises_only_when_shares_may_move() -> None:
    share = seen("east", (0.0, [EAST]), (HOLD_S, [EAST]))
    version = share.version
    share.see([EAST], 20.0)
    assert share.version == version
    share.see([EAST, WEST], 22.0)
    assert share.version == version + 1


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(1, 40), st.sets(st.sampled_from([EAST, WEST, NORTH]))), max_size=8),
    st.tuples(*[st.floats(0.0, LOOK_S) for _ in range(3)]),
)
def test_whoever_comes_and_goes_no_symbol_has_two_engines(changes, offsets) -> None:
    """Each engine looks at its own moments, `LOOK_S` apart; all look at the same list, which is as it was last."""
    shares = {m: Share(m.name, 0.0) for m in (EAST, WEST, NORTH)}
    ends, now = [], 0.0
    for ticks, members in changes:
        now += ticks * LOOK_S / 4.0
        ends.append((now, members))
    looks = sorted(
        (offset + n * LOOK_S, member)
        for member, offset in zip(shares, offsets, strict=True)
        for n in range(int((now + FOLLOWED_S) / LOOK_S) + 1)
    )
    members: set[Member] = set()
    for at, who in looks:
        members = next((m for end, m in reversed(ends) if end <= at), set())
        shares[who].see(members, at)
        taken = [share.mine(CON_IDS) for share in shares.values()]
        assert sum(map(len, taken)) == len(set().union(*taken))
    if members:
        assert set().union(*(share.mine(CON_IDS) for share in shares.values())) == set(CON_IDS)
