"""Errors of our own code in a handler of ticks: contained and counted, whatever they are; the connection stands."""

from __future__ import annotations

import asyncio

from tests.integration.engine_bench import brisk_engine, running_simulator, wait_for

ERRORS = (RuntimeError, SystemExit, asyncio.CancelledError)


def test_no_error_of_a_tick_handler_ends_connection_or_engine(tmp_path):
    with running_simulator("--fresh") as simulator, brisk_engine(simulator.port, tmp_path) as bench:
        wait_for(lambda: bench.position("TSLA") and bench.position("TSLA").last is not None, "prices")
        rooms = bench.engine.rooms
        handle, counted = rooms.bus.on_ticks, 0
        for kind in ERRORS:
            failures = iter([kind("planted")])

            def fail_once(ticks, failures=failures):
                error = next(failures, None)
                if error is not None:
                    raise error
                handle(ticks)

            rooms.bus.on_ticks = fail_once
            counted += 1
            wait_for(
                lambda counted=counted: sum(rooms.supervisor.restarts.values()) == counted,
                f"{kind.__name__} is counted",
            )
        seen = bench.position("TSLA").last_wall
        wait_for(lambda: bench.position("TSLA").last_wall > seen, "ticks go on")
        assert bench.count("disconnected") == 0
