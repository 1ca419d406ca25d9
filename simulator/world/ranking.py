"""The columns that scans rank, kept for the day and refreshed from the board."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.world.board import Board
from simulator.world.daily import Daily
from simulator.world.noise import F64
from simulator.world.scans import ScanColumns

_EMA_LENGTHS = (20, 50, 100, 200)
_WEEK = 5


class Ranking:
    """Scan columns of one class."""

    def __init__(self, daily: Daily, board: Board) -> None:
        self._daily, self._board, self._book = daily, board, board.book
        u, rows = daily.universe, self._book.rows
        self._rows = rows[~u.is_thin[rows]]
        self._places = np.flatnonzero(~u.is_thin[rows])
        instruments = [u.instruments[row] for row in self._rows]
        self._con_id = np.array([one.con_id for one in instruments], dtype=np.int64)
        self._exchange: NDArray[np.str_] = np.array([one.primary_exchange for one in instruments], dtype=np.str_)
        self._is_adr = np.array([one.stock_type == "ADR" for one in instruments])
        self._cap = np.array([one.market_cap_musd for one in instruments])
        self._day = -1
        self._extremes: dict[str, F64] = {}
        self._ema: dict[int, F64] = {}

    def _load(self, day: int) -> None:
        """Highs, lows and averages of the days before, from the daily walk."""
        opens, closes = (np.exp(walk[self._rows, :day]) for walk in (self._daily.log_open, self._daily.log_close))
        tops, bottoms = np.maximum(opens, closes), np.minimum(opens, closes)
        for name, days in (("52w", 52 * _WEEK), ("13w", 13 * _WEEK)):
            self._extremes[f"high_{name}"] = tops[:, -days:].max(axis=1)
            self._extremes[f"low_{name}"] = bottoms[:, -days:].min(axis=1)
        for length in _EMA_LENGTHS:
            alpha = 2.0 / (length + 1)
            weights = (1 - alpha) ** np.arange(closes.shape[1] - 1, -1, -1)
            self._ema[length] = closes @ (weights / weights.sum())
        self._day = day

    def columns(self) -> ScanColumns:
        board, book, u = self._board, self._book, self._daily.universe
        moment, state, at = board.moment, board.state, self._places
        if moment.day != self._day:
            self._load(moment.day)
        tick = u.tick[self._rows]
        minute = moment.minute
        return ScanColumns(
            con_id=self._con_id,
            primary_exchange=self._exchange,
            is_etf=u.is_etf[self._rows],
            is_adr=self._is_adr,
            market_cap_musd=self._cap,
            avg_volume=u.avg_volume[self._rows],
            last=state.last[at] * tick,
            close=book.prior_close[at] * tick,
            open=state.open[at] * tick,
            high=state.high[at] * tick,
            low=state.low[at] * tick,
            volume=state.volume[at].astype(np.float64),
            minute_pace=book.minute_pace(moment.slot)[at],
            usual_minute=book.usual_volume(minute)[at],
            share_so_far=book.usual_share_so_far(minute, moment.slot),
            five_min_ago=book.bars.close[at, max(minute - 5, 0)] * tick,
            volatility=u.volatility[self._rows],
            ema=self._ema,
            halted=state.halted[at],
            **self._extremes,
        )
