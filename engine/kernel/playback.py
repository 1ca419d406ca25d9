"""The recording that is played in TWS' place: told by the launcher, which reads what the player says of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath
from typing import Any

from msgspec.structs import replace

from engine.state.sections import PlayedRecording
from engine.storage.encodable import encodable


class Playback:
    """`now` is replaced as a whole: the launcher's threads tell, the engine's reads."""

    def __init__(self, file: PurePath, speed: float, clock_wall: Callable[[], float]) -> None:
        """`speed` = recorded seconds a second; `clock_wall` in epoch seconds."""
        self.now = PlayedRecording(encodable(file.name), speed)
        self._clock_wall = clock_wall

    @property
    def is_over(self) -> bool:
        """Nothing more comes, and that is no fault."""
        return self.now.over_wall is not None

    def hear(self, said: dict[str, Any]) -> None:
        """One line of the player: `day` when it begins, also anew after it died, `over` at the end. Others are none."""
        if isinstance(said.get("day"), str):
            self.now = replace(self.now, day=said["day"], over_wall=None)
        elif said.get("over") is True:
            self.now = replace(self.now, over_wall=self._clock_wall())
