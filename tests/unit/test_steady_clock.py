"""Wall time that nobody sets: ages of stamps are those of the monotonic clock, whatever is done to the machine's."""

import pytest

from engine.clock import FakeClock, SteadyClock, SystemClock, lasting_s, steady


@pytest.mark.parametrize("jump_s", [-86_400.0, -3_600.0, -0.5, 0.5, 3_600.0, 86_400.0])
def test_an_age_is_the_truth_within_a_second_when_the_clock_is_set(jump_s):
    machine = FakeClock()
    clock = SteadyClock(machine)
    stamps = []
    for second in range(200):
        if second == 100:
            machine.jump_wall(jump_s)
        stamps.append(clock.wall())
        machine.advance(1.0)
        now = clock.wall()
        assert all(abs((now - stamp) - (len(stamps) - i)) < 1.01 for i, stamp in enumerate(stamps))


def test_it_follows_a_machine_whose_monotonic_clock_drifts():
    machine = FakeClock()
    clock = SteadyClock(machine)
    for _ in range(10_000):
        machine.advance(1.0)
        machine.jump_wall(0.0001)  # 100 ppm
        clock.wall()
    assert abs(clock.wall() - machine.wall()) < 0.01


def test_sleep_of_the_machine_makes_stamps_older():
    machine, slept = FakeClock(), [0.0]
    clock = SteadyClock(machine, lambda: machine.mono() + slept[0])
    stamp = clock.wall()
    machine.jump_wall(28_800.0)
    slept[0] = 28_800.0
    assert clock.wall() - stamp == pytest.approx(28_800.0)


def test_a_steady_clock_is_not_made_steady_again():
    clock = SteadyClock(FakeClock())
    assert steady(clock) is clock


def test_the_machines_own_clock_is_followed_from_the_start():
    machine = SystemClock()
    clock = steady(machine)
    assert abs(clock.wall() - machine.wall()) < 0.1
    assert lasting_s() >= clock.mono() - 1.0
