"""What reaches the bars: quotes, lines, history; and which requests to spare go to whom."""

from __future__ import annotations

from engine.bars.feed import NEAR_FOR_S
from engine.bars.history import RANK_POSITION, RANK_SHOWN, RANK_STREAMED, RANK_UNIVERSE
from tests.unit.scanners.scanner_samples import TEN, Street, flat_history, quote_of, stock

NEAR, FAR = stock(1), stock(2)


def seen_thinly(made: Street) -> None:
    for contract in (NEAR, FAR):
        made.feed.admit(contract, RANK_UNIVERSE)
        before = made.now - 600.0
        made.store.merge_history(contract.con_id, flat_history(100.0, before, minutes=30), before)
        made.store.merge_history(contract.con_id, flat_history(100.0, made.now, minutes=2), made.now)
    made.desk._jobs.clear()
    made.feed.repair_to_spare(FAR.con_id, 2.0)
    made.feed.repair_to_spare(NEAR.con_id, 0.1)


def test_spare_requests_go_to_the_nearest_first() -> None:
    made = Street(TEN + 3_600.0)
    seen_thinly(made)
    made.feed.step()
    assert [con_id for con_id, _ in made.desk._jobs] == [NEAR.con_id, FAR.con_id]


def test_a_distance_of_long_ago_is_worth_nothing() -> None:
    made = Street(TEN + 3_600.0)
    seen_thinly(made)
    made.clock.advance(NEAR_FOR_S)
    made.feed.step()
    assert made.desk._jobs == {} and made.feed._thin == {}


def test_bars_that_came_or_another_clock_need_no_request_to_spare() -> None:
    made = Street(TEN + 3_600.0)
    seen_thinly(made)
    made.feed.on_history(NEAR.con_id)
    made.feed.start_over()
    made.feed.repair(FAR.con_id)
    made.feed.step()
    assert [(key[0], job.rank) for key, job in made.desk._jobs.items()] == [(FAR.con_id, RANK_STREAMED)]


def test_quotes_make_bars_and_closed_minutes_are_told_without_any_scanner() -> None:
    made = Street(TEN)
    made.feed.admit(NEAR, RANK_UNIVERSE)
    for second, volume in ((0.0, 1e6), (20.0, 1e6 + 300.0), (40.0, 1e6 + 500.0)):
        made.feed.on_quote(quote_of(NEAR, 100.0 + second / 100.0, volume, made.now), made.now)
        assert made.feed.step({NEAR.con_id}) == [] and made.feed.streams(NEAR.con_id)
        made.clock.advance(20.0)
    assert made.feed.step({NEAR.con_id}) == [NEAR.con_id]
    (bar,) = made.store.bars(NEAR.con_id)
    assert (bar.close, bar.volume) == (100.4, 500.0)
    made.feed.step(set())
    assert not made.feed.streams(NEAR.con_id), "its line is gone"


def test_a_lost_line_of_a_position_is_repaired_first() -> None:
    made = Street(TEN)
    made.feed.keep([NEAR], [FAR])
    assert {key: job.rank for key, job in made.desk._jobs.items() if key[1] == "bars"} == {
        (NEAR.con_id, "bars"): RANK_POSITION, (FAR.con_id, "bars"): RANK_SHOWN
    }  # fmt: skip
    made.desk._jobs.clear()
    for _ in range(3):
        for contract in (NEAR, FAR):
            made.feed.on_quote(quote_of(contract, 100.0, 1e6, made.now), made.now)
            made.quotes[contract.con_id] = quote_of(contract, 100.0, 1e6, made.now)
        made.feed.step({NEAR.con_id, FAR.con_id})
        made.clock.advance(40.0)
        made.feed.step(set())
        made.clock.advance(40.0)
    for contract in (NEAR, FAR):
        made.feed.on_quote(quote_of(contract, 100.0, 1e6, made.now), made.now)
    made.feed.step({NEAR.con_id, FAR.con_id})
    assert {job.rank for job in made.desk._jobs.values()} == {RANK_POSITION}
    made.feed.on_unknown_contract(NEAR.con_id)
    assert len(made.desk._jobs) == 2, "a position's bars are wanted whatever an answer says"


def test_unit_evidence_of_a_change_reaches_store_and_history() -> None:
    made = Street(TEN)
    made.feed.admit(NEAR, RANK_UNIVERSE, score=0.2)
    made.feed.rank({NEAR.con_id: 0.9})
    assert {job.score for job in made.desk._jobs.values()} == {0.9}
    made.feed.on_unknown_contract(NEAR.con_id)
    assert made.desk._jobs == {}
