"""What 101 teaches, and how the lines are found again: a refusal a minute at most, positions untouched."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.lines.learned_cap import TRY_AFTER_S, UNFILLED_S, UNHEARD_S, LearnedCap
from engine.lines.ledger import Line
from tests.unit.lines.fake_gateway import FakeGateway
from tests.unit.lines.line_samples import contract, want

LIMIT, BUFFER = 50, 5


def lines(count: int, *, since: float = 0.0, ticked: bool = True, positions: int = 5) -> list[Line]:
    """`count` lines, so many of them positions'; opened at `since`."""
    made = []
    for n in range(count):
        line_class = "100" if n < positions else "coverage"
        line = Line(contract(n), n, line_class, None, 0.5, "", since, 0.0, since, 1, line_class, line_class, 0.0)
        line.first_tick_mono = since if ticked else None
        made.append(line)
    return made


def look(cap: LearnedCap, held: list[Line], now: float, *, position_waits: bool = False) -> int:
    cap.look(held, LIMIT, BUFFER, now, position_waits=position_waits)
    return cap.effective(LIMIT)


def test_the_cap_sinks_below_the_count_that_failed_and_never_rises_by_an_error() -> None:
    cap = LearnedCap()
    cap.refused_at(31, LIMIT, 0.0, 0.0)
    assert cap.effective(LIMIT) == 30
    cap.refused_at(45, LIMIT, 0.0, 0.0)
    assert cap.effective(LIMIT) == 30
    assert cap.effective(20) == 20, "a lower setting holds"
    cap.refused_at(0, LIMIT, 0.0, 0.0)
    assert cap.effective(LIMIT) == 0


def test_a_minute_after_the_refusal_one_more_is_tried_and_the_next_when_it_is_answered() -> None:
    cap = LearnedCap()
    cap.refused_at(31, LIMIT, 0.0, 0.0)
    assert look(cap, lines(30), 59.0) == 30
    assert look(cap, lines(30), 60.0) == 31
    waiting = lines(30) + lines(1, since=60.5, ticked=False)
    assert look(cap, waiting, 60.5) == 31, "no answer yet"
    assert look(cap, waiting, 61.0) == 31
    waiting[-1].first_tick_mono = 61.1
    assert look(cap, waiting, 61.5) == 32
    assert "being tried" in cap.story(LIMIT)


def test_a_line_that_is_silent_was_not_refused_either() -> None:
    cap = LearnedCap()
    cap.refused_at(31, LIMIT, 0.0, 0.0)
    look(cap, lines(30), 60.0)
    waiting = lines(30) + lines(1, since=60.5, ticked=False)
    look(cap, waiting, 60.5)
    assert look(cap, waiting, 60.5 + UNHEARD_S) == 32


def test_tries_in_vain_become_rarer_and_one_that_found_a_line_makes_them_frequent_again() -> None:
    cap, now = LearnedCap(), 0.0
    cap.refused_at(31, LIMIT, now, 0.0)
    for wait_s in (*TRY_AFTER_S, TRY_AFTER_S[-1]):
        assert look(cap, lines(30), now + wait_s - 1.0) == 30
        assert look(cap, lines(30), now + wait_s) == 31
        now += wait_s + 0.5
        cap.refused_at(31, LIMIT, now, 0.0)
    now += TRY_AFTER_S[-1]
    look(cap, lines(30), now)
    assert look(cap, lines(31), now + 0.5) == 32
    cap.refused_at(32, LIMIT, now + 1.0, 0.0)
    assert look(cap, lines(31), now + 61.0) == 32


def test_a_try_that_nobody_uses_ends() -> None:
    cap = LearnedCap()
    cap.refused_at(31, LIMIT, 0.0, 0.0)
    look(cap, lines(30), 60.0)
    assert look(cap, lines(20), 60.0 + UNFILLED_S) == 30
    assert look(cap, lines(20), 500.0) == 30, "and none begins while lines are to spare"


def test_a_try_lends_out_the_lines_kept_for_positions_but_not_beyond_the_others_share() -> None:
    cap = LearnedCap()
    cap.refused_at(21, LIMIT, 0.0, 0.0)
    assert cap.buffer(LIMIT, BUFFER) == 5
    look(cap, lines(15, positions=0), 60.0)
    assert cap.buffer(LIMIT, BUFFER) == 0, "fifteen lines prove nothing about twenty-one"
    cap.refused_at(21, LIMIT, 61.0, 0.0)
    assert cap.buffer(LIMIT, BUFFER) == 5
    high = LearnedCap()
    high.refused_at(48, LIMIT, 0.0, 0.0)
    look(high, lines(47), 60.0)
    assert high.buffer(LIMIT, BUFFER) == 3, "45 for all but positions"


def test_every_minute_for_a_position_that_has_no_line() -> None:
    cap = LearnedCap()
    cap.refused_at(31, LIMIT, 0.0, 0.0)
    for n in range(1, 5):
        assert look(cap, lines(30, positions=30), 61.0 * n, position_waits=True) == 31
        cap.refused_at(31, LIMIT, 61.0 * n, 0.0)


def test_all_lines_are_found_again_and_the_story_ends() -> None:
    cap, now = LearnedCap(), 60.0
    cap.refused_at(6, LIMIT, 0.0, 0.0)
    while cap.cap is not None:
        look(cap, lines(cap.effective(LIMIT)), now)
        now += 0.5
        assert now < 120.0
    assert cap.story(LIMIT) == ""
    assert cap.effective(LIMIT) == LIMIT


# --- on the model of the gateway ----------------------------------------------------------------------------------


def put_positions(gateway: FakeGateway, *con_ids: int) -> None:
    gateway.set_positions(set(con_ids))
    gateway.bus.demand("positions", [want(con_id, "100", exposure=float(con_id)) for con_id in con_ids])


def gateway_of(line_limit: int, positions: int) -> FakeGateway:
    """Time goes ten times as fast, as far as tries are concerned."""
    gateway = FakeGateway(line_limit=line_limit)
    gateway.bus.cap.try_after_s = tuple(seconds / 10.0 for seconds in TRY_AFTER_S)
    gateway.bus.demand("scanners", [want(100 + i, "50", 0.9) for i in range(60)])
    put_positions(gateway, *range(1, positions + 1))
    gateway.connect()
    gateway.run(10.0)
    return gateway


def refusals_per_wait(gateway: FakeGateway, seconds: int) -> int:
    """Runs; the most refusals within any tenth of a minute."""
    times: list[int] = []
    for second in range(seconds):
        before = gateway.errors_101
        gateway.run(1.0)
        times += [second] * (gateway.errors_101 - before)
    return max((sum(at <= other < at + 6 for other in times) for at in times), default=0)


@pytest.mark.parametrize("positions", [0, 3, 8])
def test_lines_that_tws_gives_back_are_found_within_minutes(positions: int) -> None:
    gateway = gateway_of(20, positions)
    assert refusals_per_wait(gateway, 60) <= 1
    assert gateway.report.snapshot().effective_limit >= 20
    gateway.line_limit = 100
    assert refusals_per_wait(gateway, 60) == 0
    assert len(gateway.open) == min(50, 45 + positions)
    assert gateway.report.snapshot().effective_limit == 50
    gateway.assert_ledgers_agree()
    assert gateway.violations == []


def test_a_position_that_comes_during_a_try_gets_a_line_that_is_sure() -> None:
    gateway = gateway_of(20, 1)
    while not gateway.bus.cap.is_trying:
        gateway.run(0.25)
    gateway.run(0.5)
    put_positions(gateway, 1, 2)
    gateway.run(1.0)
    assert {1, 2} <= set(gateway.open_ids())
    gateway.run(30.0)
    assert len(gateway.open) == 17, "fifteen and the two positions"
    assert gateway.violations == []


@settings(max_examples=4, deadline=None)
@given(st.lists(st.tuples(st.integers(8, 60), st.integers(5, 20)), min_size=1, max_size=2), st.integers(0, 7))
def test_whatever_tws_windows_take_and_give_positions_keep_their_lines(windows, positions) -> None:
    gateway = gateway_of(60, positions)
    for line_limit, seconds in windows:
        gateway.line_limit = max(line_limit, positions + 1)
        gateway.run(float(seconds))
        assert set(range(1, positions + 1)) <= set(gateway.open_ids())
    gateway.line_limit = 60
    gateway.run(70.0)
    assert len(gateway.open) == min(50, 45 + positions)
    assert gateway.violations == []
