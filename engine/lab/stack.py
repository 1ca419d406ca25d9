"""Many tapes as matrices (tape x bar, padded at the right with NaN), and what of them depends on no parameter.

Row by row the numbers are those of `engine.breakout.facts`; a column is a look (`engine.lab.tape`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.bars.indicators import Floats
from engine.bars.sessions import session_starts
from engine.bars.usual import DAY_MIN, minute_of_day
from engine.breakout.facts import OPENING_LEVEL_S, SMA_BARS
from engine.lab.looks import LOOK_S
from engine.lab.tape import Tape

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
SMA_KNOWN = 12  # of 20 bars with a known volume (engine.bars.indicators.sma_last)


class Often(NamedTuple):
    """The looks of the tapes that have 10-second bars, one row each (`tape` = their numbers), padded at the right.

    `bar` = column of the stack with what was known. `volume` = now, `usual` = of that minute of the day; NaN = unknown.
    """

    tape: Ints
    bar: Ints
    there: Bools
    price: Floats
    low: Floats
    high: Floats
    volume: Floats
    usual: Floats


@dataclass(frozen=True, slots=True)
class Stack:
    """`begin` = number of the first bar of the running session at each look, `mine` = bars of it before the look.

    `sma` = the base of the volume surge. `late` = the opening range is a level no more. `surge` and `rel` NaN =
    unknown. `average_volume` and `floored` are columns, one row per tape; no look lies before column `start`. Where a
    tape has 10-second bars, `often` has its looks, and those of its minutes do not count.
    """

    tapes: tuple[Tape, ...]
    time: Floats
    high: Floats
    low: Floats
    close: Floats
    ranges: Floats
    judged: Bools
    begin: Ints
    mine: Ints
    late: Bools
    sma: Floats
    surge: Floats
    rel: Floats
    average_volume: Floats
    floored: Bools
    start: int
    often: Often | None = None

    @property
    def width(self) -> int:
        """Bars of the longest tape."""
        return len(self.time.T)


def stack_tapes(tapes: Sequence[Tape]) -> Stack:
    """The stack of `tapes`, in their order."""
    width = max((len(tape.bars.time) for tape in tapes), default=0)
    columns = [_padded([tape.bars[column] for tape in tapes], width) for column in range(6)]
    time, _, high, low, close, volume = columns
    starts = _padded([tape.starts for tape in tapes], width)
    number = np.arange(width)
    begin = np.zeros(time.shape, dtype=np.int64)
    judged = np.zeros(time.shape, dtype=np.bool_)
    for row, tape in enumerate(tapes):
        count = len(tape.bars.time)
        begin[row, :count] = np.minimum(np.searchsorted(tape.bars.time, tape.starts), number[:count])
        judged[row, tape.first : count] = True
    sma = _sma(volume, begin)
    surge, rel = _volumes(tapes, time, volume, begin, sma)
    return Stack(
        tapes=tuple(tapes),
        time=time,
        high=high,
        low=low,
        close=close,
        ranges=_true_ranges(tapes, width),
        judged=judged,
        begin=begin,
        mine=number - begin,
        late=time + LOOK_S >= starts + OPENING_LEVEL_S,
        start=min((tape.first for tape in tapes), default=0),
        sma=sma,
        surge=surge,
        rel=rel,
        average_volume=np.array([_or_nan(tape.average_volume) for tape in tapes]).reshape(-1, 1),
        floored=np.array([tape.floored for tape in tapes], dtype=np.bool_).reshape(-1, 1),
        often=_often(tapes),
    )


def _often(tapes: Sequence[Tape]) -> Often | None:
    found = [(number, tape, tape.looks) for number, tape in enumerate(tapes) if tape.looks is not None]
    if not found:
        return None
    width = max(len(looks.time) for _, _, looks in found)
    bar = np.zeros((len(found), width), dtype=np.int64)
    usual = np.full((len(found), width), np.nan)
    for row, (_, tape, looks) in enumerate(found):
        count = len(looks.time)
        bar[row, :count] = looks.bar
        if tape.usual is not None:
            usual[row, :count] = tape.usual.per_minute()[
                minutes_of_day(looks.time - looks.time % 60.0, tape.usual.zone)
            ]
    return Often(
        tape=np.array([number for number, _, _ in found], dtype=np.int64),
        bar=bar,
        there=np.arange(width) < np.array([len(looks.time) for _, _, looks in found]).reshape(-1, 1),
        price=_padded([looks.price for _, _, looks in found], width),
        low=_padded([looks.low for _, _, looks in found], width),
        high=_padded([looks.high for _, _, looks in found], width),
        volume=_padded([looks.volume for _, _, looks in found], width),
        usual=np.where(usual > 0, usual, np.nan),
    )


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value


def _padded(rows: Sequence[NDArray[np.float64]], width: int) -> Floats:
    out = np.full((len(rows), width), np.nan)
    for row, values in enumerate(rows):
        out[row, : len(values)] = values
    return out


def _true_ranges(tapes: Sequence[Tape], width: int) -> Floats:
    """True range of each bar; after a long gap high - low alone (`facts`)."""
    rows = []
    for tape in tapes:
        bars = tape.bars
        out = bars.high - bars.low
        if len(out) > 1:
            previous = bars.close[:-1]
            wide = np.maximum(np.maximum(bars.high[1:], previous) - np.minimum(bars.low[1:], previous), out[1:])
            out[1:] = np.where(session_starts(bars.time)[1:], out[1:], wide)
        rows.append(out)
    return _padded(rows, width)


def _volumes(tapes: Sequence[Tape], time: Floats, volume: Floats, begin: Ints, sma: Floats) -> tuple[Floats, Floats]:
    """Volume surge and relative volume at each look, as `rules.read_common` computes them."""
    now, minute = volume.copy(), time.copy()
    lost = ~np.isfinite(volume)
    # Volume unknown: the minute before stands in for it when it is there and of this session.
    follows = lost[:, 1:] & (time[:, 1:] - time[:, :-1] == 60.0) & (np.arange(1, time.shape[1]) > begin[:, 1:])
    now[:, 1:] = np.where(follows, volume[:, :-1], now[:, 1:])
    minute[:, 1:] = np.where(follows, time[:, :-1], minute[:, 1:])
    usual = np.full(time.shape, np.nan)
    for row, tape in enumerate(tapes):
        if tape.usual is not None:
            count = len(tape.bars.time)
            first = tape.first
            usual[row, first:count] = tape.usual.per_minute()[minutes_of_day(minute[row, first:count], tape.usual.zone)]
    usual = np.where(usual > 0, usual, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        surge = np.where(sma > 0, now / sma, np.nan)
        rel = np.where(np.isfinite(usual), now / usual, surge)
    return surge, rel


def minutes_of_day(times: Floats, zone: str) -> Ints:
    """Minute of the exchange's day of each time; the offset to UTC is looked up twice an hour (some change at :30)."""
    if len(times) == 0:
        return np.empty(0, dtype=np.int64)
    halves, back = np.unique(times // 1_800.0, return_inverse=True)
    base = np.array([minute_of_day(half * 1_800.0, zone) for half in halves.tolist()], dtype=np.int64)
    return (base[back] + (times % 1_800.0 // 60.0).astype(np.int64)) % DAY_MIN


def _sma(volume: Floats, begin: Ints) -> Floats:
    """Mean of the known volumes of the last 20 bars of the session before each look; NaN with fewer than 12."""
    known = np.isfinite(volume)
    zeros = np.zeros((len(volume), 1))
    total = np.concatenate([zeros, np.cumsum(np.where(known, volume, 0.0), axis=1)], axis=1)
    count = np.concatenate([zeros, np.cumsum(known, axis=1)], axis=1)
    end = np.arange(volume.shape[1])
    first = np.maximum(begin, end - SMA_BARS)
    number = count[:, :-1] - np.take_along_axis(count, first, axis=1)
    summed = total[:, :-1] - np.take_along_axis(total, first, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(number >= SMA_KNOWN, summed / number, np.nan)
