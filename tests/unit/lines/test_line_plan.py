"""The plan's rules one by one, as LINES.md words them."""

from __future__ import annotations

import pytest
from msgspec import structs

from engine.domain import MARKET_STRIP
from engine.lines.model import LinePlan, LinePolicy
from engine.lines.plan import plan
from tests.unit.lines.line_samples import NOW, POLICY, line, lines, want, wants_of


def subscribed(result: LinePlan) -> list[int]:
    return [s.demand.contract.con_id for s in result.subscribe]


def cancelled(result: LinePlan) -> list[int]:
    return [c.con_id for c in result.cancel]


def reason_of(result: LinePlan, con_id: int) -> str:
    return next(r.reason for r in result.refused if r.demand.contract.con_id == con_id)


def class_of(result: LinePlan, con_id: int) -> str:
    return next(k.line_class for k in result.keep if k.con_id == con_id)


# --- capacity ---------------------------------------------------------------------------------------------------


def test_lines_that_are_not_positions_hold_at_most_limit_minus_buffer() -> None:
    result = plan([want(i, "50", i / 100) for i in range(1, 80)], [], 50, NOW, POLICY)
    assert len(result.subscribe) == 45
    assert min(subscribed(result)) == 35, "the best scores come first"


def test_three_positions_and_full_scanners_make_48_of_50() -> None:
    demands = [want(i, "100", exposure=1.0) for i in (1, 2, 3)] + [want(i, "50") for i in range(10, 90)]
    result = plan(demands, [], 50, NOW, POLICY)
    assert len(result.subscribe) == 48
    assert reason_of(result, 80) == "at limit (48/50, 2 kept for positions)"


def test_from_five_positions_on_all_50_are_used_and_the_refusal_says_so() -> None:
    demands = [want(i, "100", exposure=1.0) for i in range(1, 6)] + [want(i, "50") for i in range(10, 90)]
    result = plan(demands, [], 50, NOW, POLICY)
    assert len(result.subscribe) == 50
    assert reason_of(result, 89) == "at limit (50/50)"


# --- positions --------------------------------------------------------------------------------------------------


def test_a_new_position_takes_a_buffer_line_without_an_eviction() -> None:
    held = lines("coverage", 100, 45, age=1.0)
    result = plan([*wants_of(held), want(1, "100", exposure=9.0)], held, 50, NOW, POLICY)
    assert subscribed(result) == [1]
    assert cancelled(result) == []


def test_a_new_position_at_the_limit_evicts_exactly_one_the_lowest_even_inside_its_dwell() -> None:
    held = [line(i, "100") for i in range(1, 6)] + lines("50", 20, 25) + lines("25", 60, 10) + lines("coverage", 80, 10)
    held = [h if h.line_class != "coverage" else line(h.con_id, "coverage", h.score, age=1.0) for h in held]
    result = plan([*wants_of(held), want(6, "100", exposure=9.0)], held, 50, NOW, POLICY)
    assert cancelled(result) == [80]
    assert result.cancel[0].for_position
    assert result.cancel[0].reason == "evicted by S6 (position)"
    assert subscribed(result) == [], "the line is only free when the gateway can have freed it"


def test_while_the_evicted_line_is_on_its_way_out_no_second_one_goes() -> None:
    held = [line(i, "100") for i in range(1, 6)] + lines("50", 20, 44) + [line(80, "coverage", state="cancelling")]
    result = plan([*wants_of(held[:-1]), want(6, "100")], held, 50, NOW, POLICY)
    assert cancelled(result) == []
    assert subscribed(result) == []
    assert reason_of(result, 6) == "a line is being freed for it"


def test_evictions_go_in_the_order_coverage_25_50_borrowed_pinned() -> None:
    held = [line(1, "pinned"), line(2, "pinned", borrowed=True), line(3, "50"), line(4, "25"), line(5, "coverage")]
    result = plan(wants_of(held), held, 50, NOW, POLICY)
    assert result.next_out == (5, 4, 3, 2, 1)


def test_when_positions_exceed_the_lines_the_held_stay_and_the_largest_get_the_free_ones() -> None:
    held = [line(i, "100") for i in range(1, 49)]
    demands = [want(i, "100", exposure=1.0) for i in range(1, 49)]
    demands += [want(100, "100", exposure=5.0), want(101, "100", exposure=50.0), want(102, "100", exposure=20.0)]
    result = plan(demands, held, 50, NOW, POLICY)
    assert subscribed(result) == [101, 102]
    assert cancelled(result) == []
    assert result.positions_without_line == 1
    assert reason_of(result, 100).startswith("at limit (50/50)")


def test_a_closed_position_gives_its_line_back() -> None:
    result = plan([], [line(1, "100")], 50, NOW, POLICY)
    assert cancelled(result) == [1]
    assert result.cancel[0].reason == "position closed"


def test_a_closed_position_that_a_breakout_wants_keeps_its_line() -> None:
    result = plan([want(1, "50", 0.8)], [line(1, "100")], 50, NOW, POLICY)
    assert cancelled(result) == []
    assert class_of(result, 1) == "50"


def test_raising_a_line_is_no_request() -> None:
    held = [line(1, "coverage"), line(2, "25", 0.4)]
    result = plan([want(1, "50", 0.9), want(2, "100", exposure=1.0)], held, 50, NOW, POLICY)
    assert (result.cancel, result.subscribe) == ((), ())
    assert (class_of(result, 1), class_of(result, 2)) == ("50", "100")


# --- the limit sinks --------------------------------------------------------------------------------------------


def test_above_the_limit_nothing_is_subscribed_and_the_lowest_go_until_it_holds() -> None:
    held = [line(i, "100") for i in range(1, 4)] + lines("50", 10, 20) + lines("coverage", 50, 20)
    result = plan([*wants_of(held), want(99, "50", 0.9)], held, 30, NOW, POLICY)
    assert subscribed(result) == []
    assert sorted(cancelled(result)) == list(range(50, 66)), "15 above the capacity of 25, one for the newcomer"


def test_with_positions_above_the_limit_everything_else_goes() -> None:
    held = [line(i, "100") for i in range(1, 13)] + lines("50", 20, 10)
    result = plan([*wants_of(held), want(99, "100", exposure=1e9)], held, 10, NOW, POLICY)
    assert sorted(cancelled(result)) == list(range(20, 30))
    assert subscribed(result) == []


# --- pins -------------------------------------------------------------------------------------------------------


def test_the_sixth_borrowed_line_takes_the_oldest_borrowed_ones_place() -> None:
    held = [line(i, "pinned", borrowed=True) for i in range(1, 6)]
    demands = [want(i, "pinned", borrowed=True, since=float(i)) for i in range(1, 7)]
    result = plan(demands, held, 50, NOW, POLICY)
    assert subscribed(result) == [6]
    assert cancelled(result) == [1]
    assert reason_of(result, 1) == "at most 5 lines are held by pins and open pages at a time"


def test_the_users_own_pins_are_not_displaced_by_a_sixth() -> None:
    held = [line(i, "pinned") for i in range(1, 6)]
    demands = [want(i, "pinned", since=float(i)) for i in range(1, 6)] + [want(6, "pinned", borrowed=True, since=9.0)]
    result = plan(demands, held, 50, NOW, POLICY)
    assert (subscribed(result), cancelled(result)) == ([], [])


def test_a_displaced_borrowed_line_that_is_a_candidate_falls_back_to_its_class() -> None:
    held = [line(i, "pinned", borrowed=True) for i in range(1, 6)]
    demands = [want(i, "pinned", borrowed=True, since=float(i)) for i in range(1, 7)] + [want(1, "50", 0.8)]
    result = plan(demands, held, 50, NOW, POLICY)
    assert cancelled(result) == []
    assert class_of(result, 1) == "50"


def test_a_borrowed_line_is_given_back_when_its_page_closes() -> None:
    result = plan([], [line(1, "pinned", borrowed=True)], 50, NOW, POLICY)
    assert result.cancel[0].reason == "given back, its page closed"


def test_the_market_strip_does_not_count_among_the_five_pins() -> None:
    held = [line(i, "pinned") for i in range(1, 6)]
    pins = [want(i, "pinned", since=float(i)) for i in range(1, 6)]
    strip = [want(i, "pinned", holder=MARKET_STRIP) for i in (6, 7)]
    result = plan([*pins, *strip, want(8, "pinned", borrowed=True, since=9.0)], held, 50, NOW, POLICY)
    assert (sorted(subscribed(result)), cancelled(result)) == ([6, 7], [])


def test_the_market_strip_waits_behind_pins_and_never_takes_what_is_kept_for_positions() -> None:
    held = lines("100", 1, 3)
    strip = [want(i, "pinned", holder=MARKET_STRIP) for i in (6, 7, 8)]
    pin = want(9, "pinned", since=5.0)
    result = plan([*wants_of(held), *strip, pin], held, 10, NOW, structs.replace(POLICY, buffer=5))
    assert subscribed(result) == [9, 6, 7, 8], "five of ten are not for it, positions use three of these"
    result = plan([*wants_of(held), *strip, pin], held, 7, NOW, structs.replace(POLICY, buffer=5))
    assert subscribed(result) == [9, 6]
    full = [*lines("100", 1, 6), line(7, "pinned")]
    newcomer = want(20, "100", exposure=1.0)
    result = plan([*wants_of(full[:-1]), want(7, "pinned", holder=MARKET_STRIP), newcomer], full, 7, NOW, POLICY)
    assert cancelled(result) == [7]


def test_a_pin_evicts_the_lowest_candidate_at_capacity() -> None:
    held = lines("50", 10, 45)
    result = plan([*wants_of(held), want(1, "pinned")], held, 50, NOW, POLICY)
    assert cancelled(result) == [10]


# --- 50 and 25 --------------------------------------------------------------------------------------------------


def test_a_top_candidate_evicts_coverage_before_25_and_ignores_their_hold() -> None:
    held = lines("25", 10, 10, age=20.0) + lines("coverage", 50, 35, age=20.0)
    result = plan([*wants_of(held), want(1, "50", 0.7)], held, 50, NOW, POLICY)
    assert cancelled(result) == [50]
    held = lines("25", 10, 10, age=20.0) + lines("50", 50, 35)
    result = plan([*wants_of(held), want(1, "50", 0.01)], held, 50, NOW, POLICY)
    assert cancelled(result) == [10]


def test_a_visit_inside_its_dwell_is_waited_for() -> None:
    held = lines("50", 10, 44) + [line(80, "coverage", age=2.0)]
    result = plan([*wants_of(held), want(1, "50", 0.9)], held, 50, NOW, POLICY)
    assert cancelled(result) == []
    assert reason_of(result, 1) == "a line is being freed for it"


def test_ordinary_candidates_hold_at_most_ten_lines() -> None:
    result = plan([want(i, "25", i / 1000) for i in range(1, 40)], [], 50, NOW, POLICY)
    assert sorted(subscribed(result)) == list(range(30, 40))


def test_normal_max_zero_gives_none_and_says_so() -> None:
    policy = POLICY.__class__(normal_max=0)
    result = plan([want(1, "25", 0.9)], [line(2, "25", 0.5)], 50, NOW, policy)
    assert cancelled(result) == [2]
    assert reason_of(result, 1) == "no lines are given to ordinary candidates"


def test_a_25_evicts_coverage_for_its_ten_lines() -> None:
    held = lines("coverage", 50, 45)
    result = plan([*wants_of(held), want(1, "25", 0.2)], held, 50, NOW, POLICY)
    assert cancelled(result) == [50]


def test_coverage_evicts_nobody() -> None:
    held = lines("coverage", 50, 45)
    result = plan([*wants_of(held), want(1, "coverage", 99.0)], held, 50, NOW, POLICY)
    assert (subscribed(result), cancelled(result)) == ([], [])


@pytest.mark.parametrize(("score", "swapped"), [(0.114, False), (0.1151, True)])
def test_a_challenger_must_beat_the_weakest_by_15_percent(score: float, swapped: bool) -> None:
    held = lines("25", 10, 10)
    result = plan([*wants_of(held), want(1, "25", score)], held, 50, NOW, POLICY)
    assert cancelled(result) == ([10] if swapped else [])
    if not swapped:
        assert reason_of(result, 1) == "0.11 does not beat S10 0.10 by 15 %"


def test_an_incumbent_inside_its_minimum_hold_stays() -> None:
    held = lines("25", 10, 10, age=119.0)
    result = plan([*wants_of(held), want(1, "25", 0.15)], held, 50, NOW, POLICY)
    assert cancelled(result) == []
    assert reason_of(result, 1) == "would evict S10 inside its minimum hold"


def test_no_more_swaps_than_the_minute_allows() -> None:
    held = lines("25", 10, 10)
    demands = [*wants_of(held), *(want(i, "25", 0.9) for i in range(1, 9))]
    result = plan(demands, held, 50, NOW, POLICY.__class__(swaps_left=3))
    assert len(result.cancel) == 3
    assert all(c.swap for c in result.cancel)
    assert "swaps are used up" in reason_of(result, 4)


def test_an_idle_line_defends_itself_with_its_last_score_and_goes_first() -> None:
    held = [line(10, "25", 0.44, idle=540.0), *lines("25", 20, 9)]
    demands = wants_of(held[1:])
    assert plan(demands, held, 50, NOW, POLICY).next_out[0] == 10
    result = plan([*demands, want(1, "25", 0.62)], held, 50, NOW, POLICY)
    assert cancelled(result) == [10]


def test_an_idle_line_lives_until_its_ttl_ends() -> None:
    assert cancelled(plan([], [line(1, "25", idle=599.0)], 50, NOW, POLICY)) == []
    assert cancelled(plan([], [line(1, "25", idle=None)], 50, NOW, POLICY)) == []
    assert cancelled(plan([], [line(1, "25", idle=600.0)], 50, NOW, POLICY)) == [1]


def test_an_idle_line_at_its_end_falls_back_to_coverage_where_that_is_wanted() -> None:
    result = plan([want(1, "coverage")], [line(1, "25", idle=601.0)], 50, NOW, POLICY)
    assert cancelled(result) == []
    assert class_of(result, 1) == "coverage"


def test_a_top_line_whose_score_sank_keeps_its_class_for_the_minimum_hold() -> None:
    assert class_of(plan([want(1, "25", 0.6)], [line(1, "50", 0.8, age=60.0)], 50, NOW, POLICY), 1) == "50"
    assert class_of(plan([want(1, "25", 0.6)], [line(1, "50", 0.8, age=121.0)], 50, NOW, POLICY), 1) == "25"


def test_a_visited_line_that_became_a_candidate_is_raised_without_a_request() -> None:
    result = plan([want(1, "25", 0.3)], [line(1, "coverage")], 50, NOW, POLICY)
    assert (result.cancel, result.subscribe) == ((), ())
    assert class_of(result, 1) == "25"


def test_a_visited_line_that_finds_no_place_at_25_ends() -> None:
    held = [line(1, "coverage"), *lines("25", 10, 10)]
    result = plan([want(1, "25", 0.01), *wants_of(held[1:])], held, 50, NOW, POLICY)
    assert cancelled(result) == [1]


def test_a_visited_line_that_wins_a_place_at_25_is_kept_for_it() -> None:
    held = [line(1, "coverage"), *lines("25", 10, 10)]
    result = plan([want(1, "25", 0.9), *wants_of(held[1:])], held, 50, NOW, POLICY)
    assert cancelled(result) == [10]
    assert subscribed(result) == []
    assert class_of(result, 1) == "coverage", "raised once the other's line is gone"


def test_a_visit_ends_after_its_dwell_and_not_before() -> None:
    assert cancelled(plan([], [line(1, "coverage", age=4.9)], 50, NOW, POLICY)) == []
    assert cancelled(plan([], [line(1, "coverage", age=5.0)], 50, NOW, POLICY)) == [1]


def test_a_request_that_has_not_left_can_be_taken_back_at_once() -> None:
    assert cancelled(plan([], [line(1, "coverage", age=0.1, sent=False)], 50, NOW, POLICY)) == [1]


def test_a_symbol_that_is_wanted_again_while_its_line_closes_waits_for_that_line() -> None:
    result = plan([want(1, "50", 0.9)], [line(1, "50", state="cancelling")], 50, NOW, POLICY)
    assert subscribed(result) == []
    assert reason_of(result, 1) == "a line is being freed for it"


def test_two_holders_of_one_symbol_are_one_line_of_the_stronger_class() -> None:
    result = plan([want(1, "25", 0.3), want(1, "50", 0.8), want(1, "coverage")], [], 50, NOW, POLICY)
    assert subscribed(result) == [1]
    assert result.subscribe[0].line_class == "50"


# --- visits -----------------------------------------------------------------------------------------------------


def test_who_is_refused_a_line_at_25_may_still_be_visited() -> None:
    held = lines("25", 20, 10)
    demands = [*wants_of(held), want(50, "25", 0.01), want(50, "coverage", 0.5), want(51, "25", 0.01)]
    result = plan(demands, held, 50, NOW, POLICY)
    assert [(s.demand.contract.con_id, s.line_class) for s in result.subscribe] == [(50, "coverage")]
    assert "does not beat" in reason_of(result, 51)


def test_idle_lines_go_back_early_while_too_few_rotate() -> None:
    idle = [line(i, "50", 0.9, idle=60.0 + i) for i in range(100, 140)]
    visits = lines("coverage", 200, 5)
    waiting = [want(i, "coverage", 0.1) for i in range(300, 310)]
    result = plan([*wants_of(visits), *waiting], [*idle, *visits], 50, NOW, LinePolicy(top_max=50, rotating_share=0.6))
    assert len(cancelled(result)) == 10, "as many as wait"
    assert cancelled(result)[0] == 139, "the longest idle first"
    assert {c.reason for c in result.cancel} == {"idle, and too few lines go round"}
    few = LinePolicy(top_max=50, rotating_share=0.1)
    assert cancelled(plan([*wants_of(visits), *waiting], [*idle, *visits], 50, NOW, few)) == []


def test_idle_lines_keep_their_minimum_hold_and_stay_when_nobody_waits() -> None:
    fresh = [line(i, "50", 0.9, age=60.0, idle=10.0) for i in range(100, 145)]
    assert cancelled(plan([want(300, "coverage", 0.1)], fresh, 50, NOW, POLICY)) == []
    old = [line(i, "50", 0.9, idle=10.0) for i in range(100, 145)]
    assert cancelled(plan([], old, 50, NOW, POLICY)) == []


# --- at most so many running signals stream ---------------------------------------------------------------------


def test_no_more_signals_stream_than_the_setting_allows() -> None:
    policy = LinePolicy(top_max=3)
    result = plan([want(i, "50", 0.5 + i / 100) for i in range(1, 9)], [], 50, NOW, policy)
    assert [s.demand.contract.con_id for s in result.subscribe] == [8, 7, 6]
    assert {(r.kind, r.reason) for r in result.refused} == {("top_max", "the 3 lines for running signals are taken")}
    assert plan([want(1, "50", 0.9)], [], 50, NOW, LinePolicy(top_max=0)).refused[0].kind == "top_max"


def test_a_signal_that_is_watched_from_now_on_makes_room_for_a_newer_one_at_once() -> None:
    policy = LinePolicy(top_max=2)
    held = [line(1, "50", 0.9, age=30.0), line(2, "50", 0.8, age=30.0)]
    result = plan([want(2, "50", 0.8), want(3, "50", 0.71)], held, 50, NOW, policy)
    assert cancelled(result) == [1], "nobody asks for it any more: its hold protects it from equals alone"
    assert "2 newer or better signals stream" in result.cancel[0].reason
    assert [s.demand.contract.con_id for s in result.subscribe] == [3]
    visited = plan([want(1, "coverage"), want(2, "50", 0.8), want(3, "50", 0.71)], held, 50, NOW, policy)
    assert cancelled(visited) == [] and {k.con_id: k.line_class for k in visited.keep}[1] == "coverage"


def test_a_visit_for_a_price_may_end_after_a_second_and_no_other() -> None:
    brief = structs.replace(line(1, "coverage", age=0.6), brief=True)
    assert cancelled(plan([], [brief], 50, NOW, POLICY)) == [1]
    assert cancelled(plan([], [structs.replace(brief, sent_mono=NOW - 0.4)], 50, NOW, POLICY)) == []
    assert cancelled(plan([], [line(1, "coverage", age=1.1)], 50, NOW, POLICY)) == []
    raised = plan([want(1, "25", 0.4)], [brief], 50, NOW, POLICY)
    assert cancelled(raised) == []
