"""The one-minute bars of whole sessions, for any rows and days: the path that ticks and history share."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simulator.model import Breakout
from simulator.world.breakouts import LEVEL_BARS, Path, apply_leg
from simulator.world.daily import ANCHOR_MINUTE, Daily
from simulator.world.factors import Factors
from simulator.world.grid import Grid, grid_of
from simulator.world.halts import halt_of
from simulator.world.noise import F64, bell, keys_of, uniform
from simulator.world.schedule import draws, mean_pause_min, plan

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
NO_PUSH, HALTED = -1, -2
_WIDER = np.array([1.0, 1.3, 1.7])  # movement of a day's minutes by kind of day
_CHUNK_ROWS = 128


@dataclass
class SessionBars:
    """Bars [session, minute] in ticks and shares. `slot`: quarter second at which a push begins, or HALTED."""

    grid: Grid
    open: I32
    high: I32
    low: I32
    close: I32
    volume: I32
    slot: NDArray[np.int16]
    truth: list[Breakout] = field(default_factory=list)


class Sessions:
    """Makes sessions. Pure: the same rows and days give the same bars, in whatever company."""

    def __init__(self, daily: Daily, factors: Factors) -> None:
        self.daily, self.factors, self.universe = daily, factors, daily.universe
        self.calendar = daily.calendar

    def make(self, rows: I64, days: I64, grid: Grid) -> SessionBars:
        """Bars of the pairs (rows[n], days[n]); all of one grid."""
        parts = [
            self._make_chunk(rows[n : n + _CHUNK_ROWS], days[n : n + _CHUNK_ROWS], grid)
            for n in range(0, len(rows), _CHUNK_ROWS)
        ]
        names = ("open", "high", "low", "close", "volume", "slot")
        joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
        truth = sorted((one for part in parts for one in part.truth), key=lambda one: (one.start, one.con_id))
        return SessionBars(grid, **joined, truth=truth)

    def grid(self, day: int, is_future: bool) -> Grid:
        return grid_of(self.calendar.days[day], is_future)

    def _make_chunk(self, rows: I64, days: I64, grid: Grid) -> SessionBars:
        u = self.universe
        ticks = np.exp(self._log_path(rows, days, grid)) / u.tick[rows][:, None]
        wider = _WIDER[self.daily.kind[rows, days]]
        usual = (u.volatility[rows] * wider)[:, None] * grid.movement * ticks  # a minute's movement in ticks
        counters = self._counters(days, grid)
        up = self._wick(rows, 41, counters, usual)
        down = self._wick(rows, 42, counters, usual)
        multiple = np.ones_like(ticks)
        planned = np.zeros(ticks.shape, dtype=bool)
        slot = np.full(ticks.shape, NO_PUSH, dtype=np.int16)
        paths = [Path(ticks[n], up[n], down[n], multiple[n], planned[n], slot[n]) for n in range(len(rows))]
        truth = self._break_out(paths, rows, days, grid, usual)
        self._halt(paths, rows, days, grid)
        self._pin(paths, rows, days, grid)
        bars = self._bars(ticks, up, down, rows, days, grid)
        bars.truth, bars.slot = truth, slot
        bars.volume = self._volumes(bars, multiple, planned, rows, days, counters)
        return bars

    def _counters(self, days: I64, grid: Grid) -> I64:
        minutes = np.arange(grid.size, dtype=np.int64)
        counters: I64 = self.daily.ordinals[days][:, None] * 2048 + minutes[None, :]
        return counters

    def _wick(self, rows: I64, stream: int, counters: I64, usual: F64) -> F64:
        keys = self.universe.path_key[rows]
        size = np.abs(bell(keys_of(keys, stream)[:, None], counters)) * 0.45 * usual
        return np.floor(size + uniform(keys_of(keys, stream + 10)[:, None], counters))

    def _log_path(self, rows: I64, days: I64, grid: Grid) -> F64:
        """Logarithm of the price at the end of each minute, before breakouts."""
        path = self._own_path(rows, days, grid)
        path += self.daily.prior_log_close(rows, days)[:, None]
        u = self.universe
        for day in np.unique(days):
            here = np.flatnonzero(days == day)
            levels = self.factors.levels(int(day))[grid.factor_offset : grid.factor_offset + grid.size]
            path[here] += u.market_beta[rows[here]][:, None] * levels[:, 0]
            path[here] += u.sector_beta[rows[here]][:, None] * levels[:, 1 + u.sector[rows[here]]].T
            path[here] += self._correction(path[here], rows[here], int(day), grid)
        return path

    def _own_path(self, rows: I64, days: I64, grid: Grid) -> F64:
        """What the name does alone: a walk, a part that returns to its mean, slow trends."""
        keys = self.universe.path_key[rows]
        counters = self._counters(days, grid)
        sigma = (self.universe.own_volatility[rows] * _WIDER[self.daily.kind[rows, days]])[:, None] * grid.movement
        walk = np.cumsum(bell(keys_of(keys, 31)[:, None], counters) * sigma * 0.5, axis=1)
        trend_counters = self.daily.ordinals[days][:, None] * 64 + np.arange(grid.size, dtype=np.int64) // 45
        slope = bell(keys_of(keys, 33)[:, None], trend_counters[:, ::45])
        walk += np.cumsum(np.repeat(slope, 45, axis=1)[:, : grid.size] * sigma * 0.1, axis=1)
        walk += _returning(bell(keys_of(keys, 32)[:, None], counters) * sigma * 0.8)
        return walk

    def _correction(self, path: F64, rows: I64, day: int, grid: Grid) -> F64:
        """Bends a path so that it opens and closes (and on the anchor day is at 10:00) where `Daily` says."""
        knots = [(grid.regular_open - 1, self.daily.log_open[rows, day])]
        if day == self.daily.anchor:
            knots.append((ANCHOR_MINUTE - grid.open_minute - 1, self.daily.anchor_log[rows]))
        knots.append((grid.regular_close - 1, self.daily.log_close[rows, day]))
        minutes = np.arange(grid.size)
        places = [-1] + [minute for minute, _ in knots]
        bent = np.zeros_like(path)
        for n, (minute, target) in enumerate(knots):
            hat = np.interp(minutes, places, np.eye(len(places))[n + 1])
            bent += (target - path[:, minute])[:, None] * hat
        return bent

    def _break_out(self, paths: list[Path], rows: I64, days: I64, grid: Grid, usual: F64) -> list[Breakout]:
        chances = draws(self.daily, rows, days)
        pauses = mean_pause_min(self.daily, rows, days)
        manner = self.universe.manner
        truth = []
        for n, (row, day) in enumerate(zip(rows.tolist(), days.tolist(), strict=True)):
            falling = self.daily.log_close[row, day] < self.daily.prior_log_close(rows[n : n + 1], days[n : n + 1])[0]
            for leg in plan(
                chances[n], pauses[n], 0.66 if falling else 0.84, grid, self._earliest(row, day, grid), manner
            ):
                unit = max(1.5, 1.15 * float(usual[n, leg.minute]))
                level = apply_leg(paths[n], leg, grid, unit)
                begin = self.calendar.days[day].at(grid.open_minute + leg.minute)
                one = self.universe.instruments[row]
                price = round(level * one.min_tick, 4)
                truth.append(
                    Breakout(
                        one.con_id,
                        one.local_symbol,
                        leg.side,
                        begin + leg.slot / 4.0,
                        begin + 60.0 * (leg.end - leg.minute),
                        price,
                        round(leg.surge, 2),
                    )
                )
        return truth

    def _earliest(self, row: int, day: int, grid: Grid) -> int:
        return ANCHOR_MINUTE - grid.open_minute + 4 if self.daily.is_pinned(row, day) else 0

    def _halt(self, paths: list[Path], rows: I64, days: I64, grid: Grid) -> None:
        for n, (row, day) in enumerate(zip(rows.tolist(), days.tolist(), strict=True)):
            found = halt_of(self.daily, row, day, grid)
            if found is None or paths[n].planned[found.start - 30 : found.end + 10].any():
                continue
            path, span = paths[n], slice(found.start, found.end)
            path.close[span] = np.rint(path.close[found.start - 1])
            path.up[span] = path.down[span] = path.volume[span] = 0.0
            path.slot[span] = HALTED
            path.volume[found.end : found.end + 4] *= np.array([6.0, 3.0, 2.0, 1.5])

    def _pin(self, paths: list[Path], rows: I64, days: I64, grid: Grid) -> None:
        """The three positions stand still for the first minute of the demo, a tick up and a tick down."""
        for n, (row, day) in enumerate(zip(rows.tolist(), days.tolist(), strict=True)):
            if self.daily.is_pinned(row, day):
                minute = ANCHOR_MINUTE - grid.open_minute
                paths[n].close[minute] = np.rint(paths[n].close[minute - 1])
                paths[n].up[minute] = paths[n].down[minute] = 1.0

    def _bars(self, ticks: F64, up: F64, down: F64, rows: I64, days: I64, grid: Grid) -> SessionBars:
        close = np.rint(ticks).astype(np.int32)
        prior = np.exp(self.daily.prior_log_close(rows, days)) / self.universe.tick[rows]
        opening = np.concatenate([np.rint(prior).astype(np.int32)[:, None], close[:, :-1]], axis=1)
        high = np.maximum(opening, close) + up.astype(np.int32)
        low = np.maximum(np.minimum(opening, close) - down.astype(np.int32), 1)
        none = np.empty(0, dtype=np.int16)
        return SessionBars(grid, opening, high, low, close, np.empty(0, dtype=np.int32), none)

    def _volumes(
        self, bars: SessionBars, multiple: F64, planned: NDArray[np.bool_], rows: I64, days: I64, counters: I64
    ) -> I32:
        u, grid = self.universe, bars.grid
        day_volume = u.avg_volume[rows] * self.daily.volume_factor[rows, days]
        usual = day_volume[:, None] * grid.volume_share
        volume = usual * multiple * np.exp(0.16 * bell(keys_of(u.own_key[rows], 45)[:, None], counters))
        # A new extreme that is no breakout comes without volume, else the truth would not be the truth.
        stray = _new_extremes(bars.high, bars.low) & ~planned
        volume = np.where(stray, np.minimum(volume, 1.05 * usual), volume)
        few = np.where(u.is_future[rows], 3.0, 110.0)[:, None]
        silent = uniform(keys_of(u.own_key[rows], 46)[:, None], counters) < np.exp(-volume / few)
        volume[silent] = 0.0
        volume[:, grid.end :] = 0.0
        return np.rint(volume).astype(np.int32)


_BLOCK = 60  # divides both session lengths
_AGES = np.arange(_BLOCK)[:, None] - np.arange(_BLOCK)[None, :]
_RESPONSE = np.where(_AGES >= 0, 0.9 ** np.maximum(_AGES, 0), 0.0).T
_FADING = 0.9 ** np.arange(1, _BLOCK + 1)


def _returning(shocks: F64) -> F64:
    """x[m] = 0.9 x[m-1] + shock[m] along the minutes, an hour at a time."""
    out = np.empty_like(shocks)
    state = np.zeros((len(shocks), 1))
    for first in range(0, shocks.shape[1], _BLOCK):
        block = shocks[:, first : first + _BLOCK] @ _RESPONSE + state * _FADING
        out[:, first : first + _BLOCK] = block
        state = block[:, -1:]
    return out


def _new_extremes(high: I32, low: I32) -> NDArray[np.bool_]:
    """Minutes that go beyond the LEVEL_BARS minutes before them."""
    top, bottom = _rolling_max(high), _rolling_max(-low)
    found = np.zeros(high.shape, dtype=bool)
    found[:, LEVEL_BARS:] = (high[:, LEVEL_BARS:] > top) | (-low[:, LEVEL_BARS:] > bottom)
    return found


def _rolling_max(x: I32) -> I32:
    """Greatest of x[m-20 .. m-1] for m from 20 on, by doubling: 1, 2, 4, 8, 16, then 20."""
    for step in (1, 2, 4, 8):
        x = np.maximum(x[:, :-step], x[:, step:])
    widest: I32 = np.maximum(x[:, :-4], x[:, 4:])
    return widest[:, :-1]
