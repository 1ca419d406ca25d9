"""Which of IB's data farms are down by what TWS has said of them. Pure; times are arguments, monotonic.

A farm that is connecting (2119) is not back: TWS says so at each of its tries, and that it is broken (2103) after each
that failed. It is taken for back when no failure followed for a while; so is one that was down before a new connection
of which TWS then says no word.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from engine.broker.port import SystemNotice
from engine.codes import farms_connected

Kind = Literal["data", "history", "definitions"]

TRIES_S = 30.0  # without a word of another failure: the quotes tell the rest
CONNECTING = 2119
_DOWN: dict[int, Kind] = {2103: "data", 2105: "history", 2157: "definitions"}
_BACK = frozenset({2104, 2106, 2107, 2108, 2158})  # 2107 and 2108: it sleeps until somebody asks


class DownFarm(NamedTuple):
    """`trying_mono` = since when TWS connects to it, as far as that is known; None = it says that it is broken."""

    name: str
    kind: Kind
    fell_mono: float
    trying_mono: float | None = None

    @property
    def code(self) -> int:
        """With which TWS said so."""
        return next(code for code, kind in _DOWN.items() if kind == self.kind)


class Farms:
    """The farms that are down, by name."""

    def __init__(self) -> None:
        self._down: dict[str, DownFarm] = {}

    def take(self, notice: SystemNotice, now_mono: float) -> tuple[DownFarm, ...]:
        """Learn from a notice of TWS; returns the farms that were down and are back by it."""
        kind = _DOWN.get(notice.code)
        if kind is not None:
            known = self._down.get(notice.farm)
            fell_mono = now_mono if known is None else known.fell_mono
            self._down[notice.farm] = DownFarm(notice.farm, kind, fell_mono)
        elif notice.code == CONNECTING and notice.farm in self._down:
            self._down[notice.farm] = self._down[notice.farm]._replace(trying_mono=now_mono)
        elif notice.code in _BACK:
            return self._back((notice.farm,))
        return self._back(farms_connected(notice.text))  # 1101 and 1102 name them

    def on_connected(self, now_mono: float) -> None:
        """A new connection: TWS tells of each farm how it stands."""
        self._down = {name: farm._replace(trying_mono=now_mono) for name, farm in self._down.items()}

    def given_time(self, now_mono: float) -> tuple[DownFarm, ...]:
        """Those that are back because nothing was heard of them for long enough; they are down no more."""
        tried = [
            farm.name
            for farm in self._down.values()
            if farm.trying_mono is not None and now_mono - farm.trying_mono >= TRIES_S
        ]
        return self._back(tried)

    def down(self) -> tuple[DownFarm, ...]:
        return tuple(self._down.values())

    def data(self) -> tuple[DownFarm, ...]:
        """Those that prices come from."""
        return tuple(farm for farm in self._down.values() if farm.kind == "data")

    def _back(self, names: tuple[str, ...] | list[str]) -> tuple[DownFarm, ...]:
        return tuple(farm for name in names if (farm := self._down.pop(name, None)) is not None)
