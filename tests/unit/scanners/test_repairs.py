"""Requests to spare go to symbols that were seen near a level lately."""

from __future__ import annotations

from engine.coverage.visits import Look
from engine.scanners.repairs import NEAR_FOR_S, Repairs
from tests.unit.scanners.scanner_samples import TEN, Street, flat_history, stock

NEAR, FAR = stock(1), stock(2)


def seen_thinly(made: Street) -> Repairs:
    for contract in (NEAR, FAR):
        made.coordinator._admit(contract, 3)
        before = made.now - 600.0
        made.store.merge_history(contract.con_id, flat_history(100.0, before, minutes=30), before)
        made.store.merge_history(contract.con_id, flat_history(100.0, made.now, minutes=2), made.now)
    made.desk._jobs.clear()
    repairs = Repairs(made.coordinator._parts)
    repairs.after_look(Look(FAR.con_id, 2.0, needs_bars=False, is_thin=True))
    repairs.after_look(Look(NEAR.con_id, 0.1, needs_bars=False, is_thin=True))
    return repairs


def test_spare_requests_go_to_the_nearest_first() -> None:
    made = Street(TEN + 3_600.0)
    seen_thinly(made).step(made.now, frozenset())
    assert [con_id for con_id, _ in made.desk._jobs] == [NEAR.con_id, FAR.con_id]


def test_a_distance_of_long_ago_is_worth_nothing() -> None:
    made = Street(TEN + 3_600.0)
    repairs = seen_thinly(made)
    made.clock.advance(NEAR_FOR_S)
    repairs.step(made.now, frozenset())
    assert made.desk._jobs == {} and repairs._thin == {}
