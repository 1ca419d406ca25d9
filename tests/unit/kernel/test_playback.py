"""What the launcher hears of a recording's player, as the engine reads it."""

from __future__ import annotations

from pathlib import PurePath

from engine.clock import FakeClock
from engine.kernel.playback import Playback


def test_it_learns_the_day_and_the_end_and_forgets_the_end_when_the_player_begins_anew() -> None:
    clock = FakeClock(wall=1_000.0)
    played = Playback(PurePath("days/bad.tape.gz"), 2.0, clock.wall)
    assert (played.now.name, played.now.speed, played.now.day, played.now.over_wall) == ("bad.tape.gz", 2.0, "", None)
    played.hear({"ready": True, "port": 7, "day": "2026-11-30"})
    assert (played.now.day, played.now.over_wall) == ("2026-11-30", None)
    played.hear({"over": "soon"})
    assert played.now.over_wall is None and not played.is_over
    played.hear({"over": True})
    assert (played.now.day, played.now.over_wall, played.is_over) == ("2026-11-30", 1_000.0, True)
    played.hear({"ready": True, "day": "2026-11-30"})
    assert played.now.over_wall is None and not played.is_over
