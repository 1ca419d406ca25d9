"""Who looks after a quiet while gets values of this moment, and never waits for an engine that does not answer."""

from __future__ import annotations

import threading
import time

from engine.clock import FakeClock, SystemClock
from engine.state.audience import PATIENCE_S, STALE_S, WATCHED_S, Audience


def looked(audience: Audience) -> bool:
    """Look from another thread; whether that came to an end."""
    thread = threading.Thread(target=audience.look, daemon=True)
    thread.start()
    thread.join(10)
    return not thread.is_alive()


def test_it_is_there_for_a_while_after_each_look() -> None:
    clock = FakeClock()
    audience = Audience(clock)
    assert not audience.is_there
    audience.look()
    clock.advance(WATCHED_S - 0.1)
    assert audience.is_there
    clock.advance(0.2)
    assert not audience.is_there


def test_old_values_are_made_anew_before_they_are_read() -> None:
    clock, asked = FakeClock(), []
    audience = Audience(clock)

    def ask() -> None:
        asked.append(clock.mono())
        threading.Thread(target=audience.served).start()  # as the engine does, in its own thread

    audience.listen(ask)
    assert looked(audience) and len(asked) == 1
    clock.advance(STALE_S)
    assert looked(audience) and len(asked) == 1, "fresh enough"
    clock.advance(0.1)
    assert looked(audience) and len(asked) == 2


def test_an_engine_that_does_not_answer_costs_one_short_wait() -> None:
    clock, asked = SystemClock(), []
    audience = Audience(clock)
    audience.listen(lambda: asked.append(1))
    began = time.monotonic()
    assert looked(audience) and len(asked) == 1
    assert 0.3 < time.monotonic() - began < PATIENCE_S
    assert looked(audience) and len(asked) == 1, "not again so soon"
    audience.served()
    audience.listen(None)
    assert looked(audience) and len(asked) == 1


def test_the_engine_itself_never_waits() -> None:
    audience = Audience(FakeClock())
    audience.listen(lambda: (_ for _ in ()).throw(AssertionError("it waits for itself")))
    audience.look()
