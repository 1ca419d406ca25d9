"""The engine's pulse as readers count it: ages by the monotonic clock, in this process and in a second one."""

import pytest

from engine.clock import FakeClock
from engine.state.sections import Heartbeat
from engine.state.source import Pulse


def beat(seq: int, at_wall: float) -> Heartbeat:
    return Heartbeat(seq=seq, at_wall=at_wall, at_market=at_wall, started_wall=0.0, loop_lateness_p99_ms=1.0)


def test_before_the_first_heartbeat_nothing_is_known():
    reading = Pulse(FakeClock()).reading(None, {})
    assert (reading.silent_s, reading.engine_wall) == (None, None)


@pytest.mark.parametrize("ahead_s", [-3_600.0, 0.0, 3_600.0])
def test_a_second_process_sees_a_beating_engine_whatever_its_own_clock_says(ahead_s):
    """The engine's wall clock goes on as it began; this machine's was set meanwhile, before this process started."""
    clock = FakeClock()
    pulse, engine_wall = Pulse(clock), clock.wall() - ahead_s
    for seq in range(1, 6):
        pulse.see(beat(seq, engine_wall))
        clock.advance(1.0)
        engine_wall += 1.0
    reading = pulse.reading(1, {})
    assert reading.silent_s is not None and reading.engine_wall is not None
    assert 0.0 <= reading.silent_s <= 2.0
    assert abs(reading.engine_wall - engine_wall) <= 1.0, "stamps are compared with the engine's own clock"
    clock.advance(60.0)
    assert 60.0 <= (pulse.reading(1, {}).silent_s or 0.0) <= 62.0


def test_what_an_engine_left_behind_long_ago_is_old_at_once():
    clock = FakeClock()
    pulse = Pulse(clock)
    pulse.see(beat(1, clock.wall() - 500.0))
    assert pulse.reading(1, {}).silent_s == pytest.approx(500.0)
