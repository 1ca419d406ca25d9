"""In which kind of unit, lots or shares, the sources of one gateway count: the votes of all symbols together. Pure.

Which evidence there is and in what order it is heard: `engine.bars.volume_unit`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from engine.bars.kept_units import SOURCES, Kind, Source
from engine.bars.round_lots import Ratio

MANY_SIZES = 24
SIZES_PER_SYMBOL = 24
WHOLE_SIZE = 10  # shares: divides every lot above 1, also one of a former price that a fallen stock still has
MANY_FLOORED = 25  # so many stocks above the floor, none far below: in lots each would trade 25 million shares a day
SOME_BELOW = 0.3  # a gateway that ignores the floor returns a few thin stocks; in lots most look thin
MANY_ANSWERS = 20
IMPLAUSIBLE_LOTS = 20_000_000  # 2 billion shares a day
SIZES_IN_SHARES = 159
HISTORY_IN_SHARES = 175
VOLUME_IN_SHARES = 220

_Volume = Literal["ticks", "history"]


class SourceVotes:
    """Evidence of scan floors, sizes and fractions; `verdicts` weighs it."""

    def __init__(self) -> None:
        self.averages: dict[_Volume, dict[int, float]] = {"ticks": {}, "history": {}}
        self._floor: dict[int, float] = {}
        self._fractions = 0
        self._answers = 0
        self._sizes: dict[int, int] = {}
        self._round = 0
        self._odd = 0

    def clear(self) -> None:
        """But the floors: what a scan was asked for holds."""
        for averages in self.averages.values():
            averages.clear()
        self._sizes.clear()
        self._fractions = self._answers = self._round = self._odd = 0

    def forget(self, con_id: int) -> None:
        self._floor.pop(con_id, None)
        self._sizes.pop(con_id, None)
        for averages in self.averages.values():
            averages.pop(con_id, None)

    def on_scan(self, con_ids: Sequence[int], average_floor_shares: float) -> None:
        for con_id in con_ids:
            self._floor.setdefault(con_id, average_floor_shares)

    def on_volumes(self, volumes_raw: Sequence[float]) -> None:
        self._answers += 1
        self._fractions += sum(1 for volume in volumes_raw[-200:] if volume % 1.0 > 1e-6)

    def sizes_counted(self, con_id: int) -> bool:
        return self._sizes.get(con_id, 0) >= SIZES_PER_SYMBOL

    def on_sizes(self, con_id: int, sizes_raw: Sequence[float | None]) -> bool:
        """Whether they say something new: sizes come with every tick."""
        before = self._said_by_sizes()
        for size in sizes_raw:
            if size is not None and size > 0:
                self._sizes[con_id] = self._sizes.get(con_id, 0) + 1
                if size % WHOLE_SIZE == 0:
                    self._round += 1
                else:
                    self._odd += 1
        return self._said_by_sizes() != before

    @property
    def has_fractions(self) -> bool:
        """Whether some history counted odd lots as parts."""
        return self._fractions >= 3

    def verdicts(
        self, tied: Ratio | None, known: Mapping[Source, Kind | None], version: int | None
    ) -> dict[Source, Kind | None]:
        """The strongest kind of evidence that has spoken decides; where none has, what was known holds."""
        floors = {"ticks": self._floor_vote("ticks"), "history": self._floor_vote("history")}
        ticks: list[float]
        history: list[float]
        if tied is not None and tied.coarse == "same":
            both = [floors["ticks"] + floors["history"], self._sizes_say(HISTORY_IN_SHARES, version)]
            ticks = history = [*both, self._fraction_vote()]
        elif tied is not None:
            ticks = [1.0 if tied.coarse == "ticks" else -1.0]
            history = [1.0 if tied.coarse == "history" else -1.0]
        else:
            ticks = [floors["ticks"], self._sizes_say(VOLUME_IN_SHARES, version)]
            shares = min(self._sizes_say(HISTORY_IN_SHARES, version), 0.0) if version is not None else 0.0
            history = [floors["history"], shares, self._fraction_vote()]
        found = {"ticks": _settled(ticks, known["ticks"]), "history": _settled(history, known["history"])}
        together = found["ticks"] if version is not None and version < SIZES_IN_SHARES else None
        sizes = _settled([self._size_vote()], together or known["sizes"])
        return dict(zip(SOURCES, (found["ticks"], sizes, found["history"]), strict=True))

    def _said_by_sizes(self) -> tuple[float, bool]:
        return self._size_vote(), self._round + self._odd >= MANY_SIZES

    def _floor_vote(self, source: _Volume) -> float:
        """Above 0 speaks for lots, below for shares."""
        averages = self.averages[source]
        floored = [average / self._floor[con_id] for con_id, average in averages.items() if con_id in self._floor]
        below = sum(1 for share in floored if share < 0.2)
        lots = below > 0 and below >= SOME_BELOW * len(floored)
        shares = any(average > IMPLAUSIBLE_LOTS for average in averages.values())
        if lots != shares:
            return 1.0 if lots else -1.0
        many = len(floored) >= MANY_FLOORED and min(floored) > 0.4
        return -1.0 if many and not lots else 0.0

    def _size_vote(self) -> float:
        seen = self._round + self._odd
        share = self._round / seen if seen >= MANY_SIZES else 0.7
        return -1.0 if share >= 0.9 else 1.0 if share <= 0.5 else 0.0

    def _sizes_say(self, since: int, version: int | None) -> float:
        """What the sizes' unit says of another one: lots of all; shares only where this version counts both alike,
        before sizes were parted from it or `since` it followed."""
        vote = self._size_vote()
        if vote >= 0.0 or version is None:
            return vote
        return vote if version >= since or version < SIZES_IN_SHARES else 0.0

    def _fraction_vote(self) -> float:
        """The weakest: heard once there was time for the others to speak."""
        heard = self._answers >= MANY_ANSWERS or self._round + self._odd >= MANY_SIZES
        return 1.0 if self.has_fractions and heard else 0.0


def _settled(votes: Sequence[float], known: Kind | None) -> Kind | None:
    spoken = next((vote for vote in votes if vote != 0.0), None)
    return known if spoken is None else "lots" if spoken > 0 else "shares"
