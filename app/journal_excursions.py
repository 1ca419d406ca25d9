"""How far trips went for and against the trader, from the bar files of the account in use. Any thread."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta

from app.journal_curves import day_of
from engine.bars.bar_files import BarFiles, StoredSession, as_bars, joined
from engine.bars.hours import Session
from engine.errors import StateError
from engine.trades.excursion import Excursion, excursion, hours_of
from engine.trades.execution import date_of
from engine.trades.trip import Trip

SESSIONS = 20  # all that are kept
KEPT_S = 32 * 86_400.0  # so many days hold them, weekends and holidays among them
MOST_DONE = 5_000


def excursions(files: BarFiles, trips: Sequence[Trip], now_market: float) -> dict[str, Excursion]:
    """By trip id. The minutes of each contract are read once; of those of an open trip what is there by now."""
    found: dict[str, Excursion] = {}
    for con_id in dict.fromkeys(trip.con_id for trip in trips):
        mine = [trip for trip in trips if trip.con_id == con_id]
        begin = min((trip.opened_at for trip in mine if trip.opened_at is not None), default=now_market)
        end = max(trip.closed_at if trip.closed_at is not None else now_market for trip in mine)
        try:
            sessions = files.sessions(con_id, SESSIONS) if con_id else []
        except StateError as error:
            found |= {trip.id: Excursion(None, None, 0.0, str(error)) for trip in mine}
            continue
        bars = as_bars(joined([session.bars for session in sessions]).between(begin - 60.0, end))
        found |= {trip.id: excursion(trip, bars, _hours(trip, sessions, now_market)) for trip in mine}
    return found


def _hours(trip: Trip, sessions: Sequence[StoredSession], now_market: float) -> list[Session]:
    """Of the days on which it was held; [] where bars of the first of them are no longer kept."""
    known = {
        day: Session(each.open, each.close)
        for each in sessions
        if each.open is not None and each.close is not None and (day := date_of(str(each.date))) is not None
    }
    first, last = date_of(trip.opened_date), date_of(trip.closed_date or day_of(now_market))
    kept = date_of(str(sessions[0].date)) if sessions else None
    if first is None or last is None or kept is None or first < kept:
        return []
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return hours_of(days, known, trip.currency, trip.sec_type)


class Excursions:
    """Those of listed trips, each worked out once: a closed one whose bars are there goes no further. Any thread."""

    def __init__(self, files: BarFiles) -> None:
        self._files = files
        self._lock = threading.Lock()
        self._done: dict[str, tuple[float | None, Excursion]] = {}

    def of(self, trips: Sequence[Trip], now_market: float) -> dict[str, Excursion]:
        """Of trips of the days for which bars are kept; of others there is none."""
        since = now_market - KEPT_S
        mine = [trip for trip in trips if trip.con_id and (trip.closed_at is None or trip.closed_at >= since)]
        with self._lock:
            done = {trip.id: self._done[trip.id] for trip in mine if trip.id in self._done}
        known = {trip.id: done[trip.id][1] for trip in mine if trip.id in done and done[trip.id][0] == trip.closed_at}
        found = excursions(self._files, [trip for trip in mine if trip.id not in known], now_market)
        with self._lock:
            for trip in mine:
                made = found.get(trip.id)
                if made is not None and made.worst is not None and trip.closed_at is not None:
                    self._done[trip.id] = trip.closed_at, made
            for old in list(self._done)[:-MOST_DONE]:
                del self._done[old]
        return known | found
