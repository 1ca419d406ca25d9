"""The quotes of one class as they stand: what changed since the last look, and when."""

from __future__ import annotations

from dataclasses import fields
from datetime import date

import numpy as np
from numpy.typing import NDArray

from simulator.model import QuoteState
from simulator.world.book import Book, Moment, State

_PREPARE_FROM = 60  # slot of a minute


class Board:
    """Follows a `Book`; gives each row a sequence number that grows with every change."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.moment = Moment(-1, -1, -1, True)
        self.state: State
        self._place = {int(row): n for n, row in enumerate(book.rows)}
        self._seq: NDArray[np.int64] = np.zeros(len(book.rows), dtype=np.int64)
        self._time: NDArray[np.float64] = np.zeros(len(book.rows))
        instruments = [book.universe.instruments[row] for row in book.rows]
        self._con_ids = [one.con_id for one in instruments]
        self._ticks = book.universe.tick[book.rows].tolist()
        last_dates = [one.last_trade_date for one in instruments]
        self._expiry = np.array(
            [date.fromisoformat(day).toordinal() if day else 10**7 for day in last_dates], dtype=np.int64
        )

    def advance(self, now: float, open_minute: int) -> None:
        moment = self.book.moment(now, open_minute)
        if moment == self.moment:
            return
        is_first = self.moment.day < 0
        self.book.move_to(moment)
        state = self.book.state(moment.slot)
        changed = np.ones(len(self._seq), dtype=bool) if is_first else _changed(self.state, state)
        self._seq += changed
        self._time[changed] = self._stamp(now, moment)
        self.state, self.moment = state, moment
        if moment.slot >= _PREPARE_FROM:
            self.book.prepare()

    def _stamp(self, now: float, moment: Moment) -> float:
        """The time of the change; in a closed market the end of the session."""
        if not moment.is_over:
            return now
        day = self.book.calendar.days[moment.day]
        return day.at(self.book.grid.open_minute + self.book.grid.end)

    def is_expired(self, place: int) -> bool:
        return bool(self.book.calendar.days[self.moment.day].date.toordinal() > self._expiry[place])

    def quote(self, row: int) -> QuoteState:
        n = self._place[row]
        s, tick = self.state, self._ticks[n]
        close = round(int(self.book.prior_close[n]) * tick, 4)
        if self.is_expired(n):
            nothing = (None,) * 10
            return QuoteState(self._con_ids[n], 1, float(self._time[n]), *nothing, close)

        def price(ticks: NDArray[np.int32]) -> float | None:
            value = int(ticks[n])
            return round(value * tick, 4) if value > 0 else None

        return QuoteState(
            self._con_ids[n],
            int(self._seq[n]),
            float(self._time[n]),
            price(s.bid),
            price(s.ask),
            float(s.bid_size[n]),
            float(s.ask_size[n]),
            price(s.last),
            float(s.last_size[n]),
            float(s.volume[n]),
            price(s.open),
            price(s.high),
            price(s.low),
            close,
            bool(s.halted[n]),
        )


_COMPARED = tuple(field.name for field in fields(State))


def _changed(old: State, new: State) -> NDArray[np.bool_]:
    different = np.zeros(len(new.last), dtype=bool)
    for name in _COMPARED:
        different |= getattr(old, name) != getattr(new, name)
    return different
