"""The diary: bounded, refusals counted in episodes, used lines as a step curve of half an hour."""

from __future__ import annotations

from engine.lines.diary import EVENTS_MAX, FAREWELLS_MAX, HISTORY_S, REFUSED_SHOWN, Diary
from tests.unit.lines.line_samples import contract


def test_a_standing_refusal_is_one_and_a_new_one_after_a_pause_counts_again() -> None:
    diary = Diary()
    assert diary.refuse(contract(1), "at limit (50/50)", 60.0, 100.0)
    assert not diary.refuse(contract(1), "at limit (48/50, 2 kept for positions)", 60.0, 130.0)
    assert diary.refuse(contract(1), "at limit (50/50)", 60.0, 191.0)
    [refusal] = diary.refusals(200.0)
    assert (refusal.count, refusal.at_wall, refusal.reason) == (2, 191.0, "at limit (50/50)")


def test_refusals_are_history_when_the_line_comes_or_half_an_hour_went_by() -> None:
    diary = Diary()
    diary.refuse(contract(1), "x", 60.0, 100.0)
    diary.refuse(contract(2), "x", 60.0, 100.0)
    diary.admitted(1)
    assert [r.con_id for r in diary.refusals(200.0)] == [2]
    assert diary.refusals(2_000.0) == ()


def test_everything_is_bounded_and_the_newest_stay() -> None:
    diary = Diary()
    for i in range(1, 3_001):
        diary.note("admitted", contract(i), "x", float(i))
        diary.farewell(i, f"evicted {i}")
        diary.refuse(contract(i), "x", 60.0, float(i) / 10)
    told = diary.events(3_000.0, float)
    assert len(told) == HISTORY_S + 1
    assert told[-1].con_id == 3_000
    assert diary.last_farewell(3_000 - FAREWELLS_MAX) == ""
    assert diary.last_farewell(3_000) == "evicted 3000"
    assert [r.con_id for r in diary.refusals(300.0)][:2] == [3_000, 2_999]
    assert len(diary.refusals(300.0)) == REFUSED_SHOWN


def test_the_half_hour_holds_every_event_of_a_busy_rotation() -> None:
    """One a second is more than twice what 50 lines make."""
    diary = Diary()
    for second in range(4_000):
        diary.note("admitted" if second % 2 else "evicted", contract(second), "x", float(second))
    told = diary.events(3_999.0, float)
    assert [event.at_market for event in told] == [float(second) for second in range(2_199, 4_000)]
    assert diary.events(3_999.0, float) == told


def test_events_of_before_the_gateways_clock_was_known_are_told_by_it() -> None:
    diary = Diary()
    diary.note("admitted", contract(1), "x", 1_000.0)
    assert diary.events(1_001.0, float)[0].at_market == 1_000.0
    diary.note("evicted", contract(2), "x", 1_002.0)
    told = diary.events(1_003.0, lambda wall: wall - 500.0)
    assert [event.at_market for event in told] == [500.0, 502.0]
    wobbled = diary.events(1_004.0, lambda wall: wall - 501.0)
    assert wobbled == told, "a second more or less is no other clock"


def test_memory_is_bounded_whatever_comes() -> None:
    diary = Diary()
    for number in range(EVENTS_MAX + 100):
        diary.note("refused", contract(number), "x", 10.0)
        if number % 700 == 0:
            diary.events(10.0, float)
    told = diary.events(10.0, float)
    assert len(told) == EVENTS_MAX and told[-1].con_id == EVENTS_MAX + 99 and told[0].con_id == 100


def test_used_lines_are_a_step_curve_with_the_highest_of_each_five_seconds() -> None:
    diary = Diary()
    for wall, used in [(0.0, 0), (1.0, 40), (2.0, 48), (3.0, 47), (10.0, 47), (20.0, 47), (30.0, 50)]:
        diary.count_used(wall, used)
    assert diary.used_history() == ((0.0, 48), (10.0, 47), (30.0, 50))
    diary.count_used(4_000.0, 49)
    assert diary.used_history() == ((30.0, 50), (4_000.0, 49)), "50 held for all of the half hour but its end"


def test_a_visit_does_not_settle_a_lost_contest_but_a_refused_request() -> None:
    diary = Diary()
    diary.refuse(contract(1), "0.3 does not beat S2 0.4 by 15 %", 60.0, 100.0, contest=True)
    diary.refuse(contract(2), "Unknown contract (code 200)", 60.0, 100.0)
    diary.admitted(1, visit=True)
    diary.admitted(2, visit=True)
    assert [r.con_id for r in diary.refusals(130.0)] == [1]
    assert not diary.refuse(contract(1), "0.3 does not beat S2 0.4 by 15 %", 60.0, 130.0, contest=True), "no news"
    diary.admitted(1)
    assert diary.refusals(130.0) == ()


def test_a_refusal_that_repeats_is_one_event_with_its_count() -> None:
    diary = Diary()
    for round_, wall in enumerate((100.0, 200.0, 300.0), start=1):
        assert diary.refuse(contract(1), "at limit (50/50)", 60.0, wall)
        diary.note_refused(contract(1), "at limit (50/50)", wall)
        diary.note("admitted", contract(2), "x", wall + 1.0)
        texts = [event.text for event in diary.events(wall + 1.0, float) if event.kind == "refused"]
        assert texts == ["at limit (50/50)" if round_ == 1 else f"at limit (50/50) ({round_} times)"]
    assert [event.at_market for event in diary.events(400.0, float)] == [101.0, 201.0, 300.0, 301.0]
    diary.admitted(1)
    diary.refuse(contract(1), "at limit (50/50)", 60.0, 500.0)
    diary.note_refused(contract(1), "at limit (50/50)", 500.0)
    assert [e.text for e in diary.events(500.0, float) if e.kind == "refused"] == [
        "at limit (50/50) (3 times)",
        "at limit (50/50)",
    ], "a line came between: another one"
