"""One symbol's recorded day as the lab judges it: minutes of the day, the bars before them, and what stood around.

Where its line streamed, 10-second bars tell what live looks saw (`engine.lab.looks`). Where there are minutes alone,
there is one look a minute, a millisecond before it closes. The closing price is the last price and the minute's whole
volume is known; level, ATR, averages and opening range come from the bars *before* it, so that no rule sees its own
minute. Between two looks nothing is assumed: a confirmation of 1 to 60 s is over at the next look, one of 61 to 120 s
at the one after that (if the price is still beyond at each of them), closed bars count as they do live. A breakout that
came and went within one minute is therefore not seen here, though it may have been live; a signal comes up to a minute
later than live. A minute without a trade is no look.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.bars.bar_files import BarColumns
from engine.bars.indicators import Floats
from engine.bars.series import BarArrays
from engine.bars.sessions import DAY_S, ContractHours, RunningSession, running_session, session_starts
from engine.bars.usual import UsualVolume
from engine.lab.looks import LOOK_S, Looks, looks_of

KEPT_MINUTES = 50_000


class Tape(NamedTuple):
    """Bars oldest first; those before `first` only warm up. `starts` = start of the session that runs at each look.

    `average_volume` (shares a day) None = unknown; `floored` False = no floors apply (futures, positions).
    `is_visited` = most of its minutes were seen on visits only: lows and highs between them are missing.
    `looks` = where 10-second bars are, when it is looked at (`engine.lab.looks`); None = once a minute.
    """

    symbol: str
    day: str  # New York's date, YYYY-MM-DD
    bars: BarArrays
    first: int
    starts: Floats
    openings: NDArray[np.bool_]  # whether that session has a real opening
    usual: UsualVolume | None
    average_volume: float | None
    floored: bool
    is_visited: bool = False
    looks: Looks | None = None

    def session_at(self, index: int) -> RunningSession:
        """The session that runs at the look of this bar; its end does not matter to the rules."""
        return RunningSession(float(self.starts[index]), None, "liquid" if self.openings[index] else "bars")


class Around(NamedTuple):
    """What is known of a symbol beside its bars."""

    hours: ContractHours = ContractHours()
    us_stock: bool = True
    usual: UsualVolume | None = None
    average_volume: float | None = None
    floored: bool = True
    is_visited: bool = False
    tens: BarColumns | None = None  # 10-second bars of the day


def make_tape(symbol: str, day: str, bars: BarArrays, first: int, around: Around) -> Tape:
    """A tape of `bars`, judged from index `first` on."""
    starts, openings = look_sessions(bars.time, first, around.hours, around.us_stock)
    return Tape(
        symbol, day, bars, first, starts, openings, around.usual, around.average_volume, around.floored,
        around.is_visited, None if around.tens is None else looks_of(bars, first, around.tens),
    )  # fmt: skip


def look_sessions(times: Floats, first: int, hours: ContractHours, us_stock: bool) -> tuple[Floats, NDArray[np.bool_]]:
    """`running_session` at each look from `first` on: its start and whether it has an opening."""
    starts, openings = _quiet_starts(times), np.zeros(len(times), dtype=np.bool_)
    known = _known_sessions(hours, us_stock)
    for index, time in enumerate(times[first:].tolist(), start=first):
        if time not in known:
            if len(known) >= KEPT_MINUTES:
                known.clear()
            session = running_session(time + LOOK_S, hours, us_stock, np.empty(0))
            known[time] = None if session.kind == "bars" else session
        session_now = known[time]
        if session_now is None and hours.trading.knows(time + LOOK_S):
            session_now = running_session(time + LOOK_S, hours, us_stock, times[:index])  # closed, yet it trades
        if session_now is not None:
            starts[index], openings[index] = session_now.start, session_now.has_opening
    return starts, openings


@lru_cache(maxsize=64)
def _known_sessions(hours: ContractHours, us_stock: bool) -> dict[float, RunningSession | None]:
    """Minute -> the session that the clock alone tells (None = the bars must): one answer for all symbols alike."""
    return {}


def _quiet_starts(times: Floats) -> Floats:
    """Per look the start after the last long gap within a day (`engine.bars.sessions`, kind "bars")."""
    if len(times) == 0:
        return np.empty(0)
    number = np.arange(len(times))
    parts = np.maximum.accumulate(np.where(session_starts(times), number, 0))
    before = np.maximum(number - 1, 0)
    starts: Floats = np.maximum(times[parts[before]], times[before] - DAY_S)
    starts[0] = times[0] + LOOK_S - (times[0] + LOOK_S) % DAY_S
    return starts
