"""The session at each look is the one that the engine would name, whoever knows the hours."""

from __future__ import annotations

import numpy as np
import pytest

from engine.bars.hours import parse_hours
from engine.bars.sessions import ContractHours, running_session
from engine.lab.looks import LOOK_S
from engine.lab.tape import look_sessions

OPEN = 1_381_152_600.0  # 2013-10-07 09:30 New York
STOCK = ContractHours(
    parse_hours("20131007:0400-20131007:2000;20131008:0400-20131008:2000", "US/Eastern"),
    parse_hours("20131007:0930-20131007:1600;20131008:0930-20131008:1600", "US/Eastern"),
)


@pytest.mark.parametrize("us_stock", [True, False])
@pytest.mark.parametrize("hours", [ContractHours(), STOCK], ids=["unknown", "known"])
def test_each_look_has_the_session_that_the_engine_would_name(hours: ContractHours, us_stock: bool):
    rng = np.random.default_rng(3)
    times = OPEN - 7 * 3_600.0 + 60.0 * np.sort(rng.choice(2_900, 900, replace=False))
    times = np.concatenate([times[:300], times[300:] + 7_200.0, [times[-1] + 200_000.0]])
    starts, openings = look_sessions(times, 0, hours, us_stock)
    for index, time in enumerate(times.tolist()):
        session = running_session(time + LOOK_S, hours, us_stock, times[:index])
        assert (starts[index], openings[index]) == (session.start, session.has_opening), index
