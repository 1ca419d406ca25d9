"""The black box: each outage with its beginning, the moment it was red, its end; time to recover by cause and symbol.

Pure but for the incidents it keeps; times are arguments, wall time (UTC epoch seconds) unless they say market.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from statistics import median

from msgspec.structs import replace

from engine.clock import NEW_YORK, local_time
from engine.domain import Incident
from engine.state.incident_sections import CauseFigures, IncidentsSection

KEPT = 2_000  # the journal has all
SHOWN = 200
DAYS = 30
UNSEEN = "QTrade did not run when it ended."

# What a condition's key begins with -> the name of its cause. Conditions that are facts, not outages, have none.
CAUSES: dict[str, str] = {
    "link": "Connection to TWS",
    "track:IB servers": "TWS' connection to IB",
    "track:": "Data farm",
    "feed": "No quotes on any line",
    "silent:": "One position without quotes",
    "code:10197": "Another session has the market data",
    "disk": "Disk or data folder",
    "parts": "A part of the engine",
    "positions": "More positions than lines",
}


def cause_of(key: str) -> str:
    """The cause of a condition, "" = it is no outage."""
    return next((prefix for prefix in CAUSES if key == prefix or (prefix.endswith(":") and key.startswith(prefix))), "")


class IncidentBook:
    """Incidents of this run and of those before it, oldest first. Engine thread only."""

    def __init__(self, record: Callable[[Incident], None], market_of: Callable[[float], float]) -> None:
        """`market_of` a wall time: the gateway's clock then."""
        self._record = record
        self._market_of = market_of
        self._open: dict[str, Incident] = {}  # by the condition's key
        self._over: list[Incident] = []
        self._section: IncidentsSection | None = None  # None = to be made anew

    def begin(
        self, key: str, words: str, since: float, wall: float, *, is_red: bool, con_id: int | None, symbol: str
    ) -> None:
        """A condition opened at `wall` that has gone on since `since`; those that are no outage are ignored."""
        cause = cause_of(key)
        if cause and key not in self._open:
            red = wall if is_red else None
            market = self._market_of(since)
            self._put(key, Incident(key, cause, con_id, symbol, since, market, red, None, words, seen=True))

    def redden(self, key: str, wall: float) -> None:
        """From here on it is a fault: its excuse is over."""
        known = self._open.get(key)
        if known is not None and known.red_wall is None:
            self._put(key, replace(known, red_wall=wall))

    def end(self, key: str, wall: float, words: str) -> None:
        known = self._open.pop(key, None)
        if known is not None:
            self._close(replace(known, ended_wall=max(wall, known.began_wall), words=words or known.words))

    def restore(self, rows: Iterable[Incident], wall: float) -> None:
        """Those of earlier runs, in any order. One that was open when its run ended is closed: nobody saw its end."""
        mine = {(known.key, known.began_wall) for known in (*self._over, *self._open.values())}
        earlier = [row for row in rows if (row.key, row.began_wall) not in mine]
        for row in earlier:
            if row.ended_wall is None:
                ended = replace(
                    row, ended_wall=max(wall, row.began_wall), seen=False, words=f"{row.words} {UNSEEN}".strip()
                )
                self._record(ended)
                self._over.append(ended)
            else:
                self._over.append(row)
        self._over.sort(key=lambda row: row.began_wall)
        del self._over[:-KEPT]
        self._section = None

    def forget(self) -> None:
        """Another account's folder: what is over was written into the former one's."""
        self._over.clear()
        self._section = None

    def section(self) -> IncidentsSection:
        """The same object until something changes."""
        if self._section is None:
            self._section = IncidentsSection(figures=self._figures(), newest=self._newest())
        return self._section

    def _newest(self) -> tuple[Incident, ...]:
        ordered = sorted((*self._over, *self._open.values()), key=lambda row: row.began_wall, reverse=True)
        return tuple(ordered[:SHOWN])

    def _figures(self) -> tuple[CauseFigures, ...]:
        """By cause in the order of CAUSES, each followed by its symbols, the most frequent first."""
        by_cause: dict[str, list[Incident]] = defaultdict(list)
        for row in sorted((*self._over, *self._open.values()), key=lambda row: row.began_wall):
            by_cause[row.cause].append(row)
        found: list[CauseFigures] = []
        for cause in CAUSES:
            rows = by_cause.get(cause)
            if rows is None:
                continue
            found.append(_figures(cause, rows))
            by_symbol: dict[tuple[int, str], list[Incident]] = defaultdict(list)
            for row in rows:
                if row.con_id is not None:
                    by_symbol[row.con_id, row.symbol].append(row)
            often = sorted(by_symbol.items(), key=lambda item: (-len(item[1]), item[0][1]))
            found += [_figures(cause, each, con_id, symbol) for (con_id, symbol), each in often]
        return tuple(found)

    def _put(self, key: str, incident: Incident) -> None:
        self._open[key] = incident
        self._record(incident)
        self._section = None

    def _close(self, incident: Incident) -> None:
        self._record(incident)
        self._over.append(incident)
        del self._over[:-KEPT]
        self._section = None


def _figures(cause: str, rows: Sequence[Incident], con_id: int | None = None, symbol: str = "") -> CauseFigures:
    """Of rows in the order of their beginnings."""
    took = [row.ended_wall - row.began_wall for row in rows if row.ended_wall is not None and row.seen]
    days: dict[str, int] = defaultdict(int)
    for row in rows:
        days[local_time(row.began_market, NEW_YORK).date().isoformat()] += 1
    return CauseFigures(
        cause=cause,
        title=CAUSES[cause],
        con_id=con_id,
        symbol=symbol,
        count=len(rows),
        is_open=any(row.ended_wall is None for row in rows),
        median_s=round(median(took), 1) if took else None,
        last_s=round(took[-1], 1) if took else None,
        longest_s=round(max(took), 1) if took else None,
        days=tuple(sorted(days.items(), reverse=True)[:DAYS]),
    )
