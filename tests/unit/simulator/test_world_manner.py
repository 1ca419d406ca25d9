"""Another manner of breakouts: anywhere in the minute, some of them without volume; the usual one stays as it was."""

from __future__ import annotations

from datetime import date

import numpy as np

from simulator.world.calendar import Calendar
from simulator.world.grid import grid_of
from simulator.world.manner import RESTLESS_MANNER, USUAL_MANNER, Manner
from simulator.world.schedule import QUIET_SURGE, Leg, plan


def legs(manner: Manner, count: int = 400) -> list[Leg]:
    rng = np.random.default_rng(5)
    grid = grid_of(Calendar(date(2025, 11, 3), date(2025, 11, 7)).days[1], is_future=False)
    return [leg for _ in range(count) for leg in plan(rng.random(72), 20.0, 0.8, grid, 0, manner)]


def test_restless_breakouts_begin_anywhere_in_the_minute_and_three_in_ten_without_volume() -> None:
    usual, restless = legs(USUAL_MANNER), legs(RESTLESS_MANNER)
    assert max(leg.slot for leg in usual) <= 70 < np.median([leg.slot for leg in restless])
    assert max(leg.slot for leg in restless) > 210
    assert all(leg.surge > 3.0 for leg in usual)
    quiet = [leg.surge <= QUIET_SURGE for leg in restless]
    assert 0.25 < np.mean(quiet) < 0.35


def test_the_manner_changes_nothing_else_of_the_plan() -> None:
    for usual, restless in zip(legs(USUAL_MANNER, 40), legs(RESTLESS_MANNER, 40), strict=True):
        assert (usual.minute, usual.base, usual.hold, usual.side) == (
            restless.minute,
            restless.base,
            restless.hold,
            restless.side,
        )
