"""How far trips went for and against the trader, from the bar files of the account in use. Any thread."""

from __future__ import annotations

from collections.abc import Sequence

from engine.bars.bar_files import BarFiles, as_bars, joined
from engine.errors import StateError
from engine.trades.excursion import Excursion, excursion
from engine.trades.trip import Trip

SESSIONS = 20  # all that are kept


def excursions(files: BarFiles, trips: Sequence[Trip], now_market: float) -> dict[str, Excursion]:
    """By trip id. The minutes of each contract are read once; of those of an open trip what is there by now."""
    found: dict[str, Excursion] = {}
    for con_id in dict.fromkeys(trip.con_id for trip in trips):
        mine = [trip for trip in trips if trip.con_id == con_id]
        begin = min((trip.opened_at for trip in mine if trip.opened_at is not None), default=now_market)
        end = max(trip.closed_at if trip.closed_at is not None else now_market for trip in mine)
        try:
            minutes = joined([session.bars for session in files.sessions(con_id, SESSIONS)]) if con_id else None
        except StateError as error:
            found |= {trip.id: Excursion(None, None, 0.0, str(error)) for trip in mine}
            continue
        bars = as_bars(minutes.between(begin - 60.0, end)) if minutes is not None else []
        found |= {trip.id: excursion(trip, bars) for trip in mine}
    return found
