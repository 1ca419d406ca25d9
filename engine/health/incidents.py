"""The black box: each outage with its beginning, the moment it was red, its end; time to recover by cause and symbol.

Pure but for the incidents it keeps; times are arguments, wall time (UTC epoch seconds) unless they say market.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
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


# Which causes explain one that begins while they go on, or at their end: one fault is one outage, under its cause.
EXPLAINED_BY: dict[str, frozenset[str]] = {
    "link": frozenset({"track:IB servers", "feed"}),  # a new connection is QTrade's own cure for both
    "track:IB servers": frozenset({"link"}),
    "track:": frozenset({"link", "track:IB servers"}),
    "feed": frozenset({"link", "track:IB servers", "track:", "code:10197"}),
    "silent:": frozenset({"link", "track:IB servers", "track:", "code:10197", "feed"}),
    "disk": frozenset({"disk"}),  # the files of one folder
}
RECOVERY_S = 30.0  # so long after an outage what begins is still its consequence


def cause_of(key: str) -> str:
    """The cause of a condition, "" = it is no outage."""
    return next((prefix for prefix in CAUSES if key == prefix or key.startswith(f"{prefix.rstrip(':')}:")), "")


@dataclass(slots=True)
class _Outage:
    """An incident with the conditions that belong to it: `open_keys` of those that go on, `causes` of all."""

    incident: Incident
    open_keys: set[str]
    causes: set[str]
    words: str
    others: list[str] = field(default_factory=list)  # what followed from it, in words

    def said(self) -> str:
        return self.words + (f" With it: {'; '.join(self.others)}." if self.others else "")


class IncidentBook:
    """Incidents of this run and of those before it, oldest first. Engine thread only."""

    def __init__(self, record: Callable[[Incident], None], market_of: Callable[[float], float]) -> None:
        """`market_of` a wall time: the gateway's clock then."""
        self._record = record
        self._market_of = market_of
        self._outages: list[_Outage] = []  # that go on, or have ended lately
        self._over: list[Incident] = []
        self._section: IncidentsSection | None = None  # None = to be made anew

    def begin(
        self, key: str, words: str, since: float, wall: float, *, is_red: bool, con_id: int | None, symbol: str
    ) -> None:
        """A condition opened at `wall` that has gone on since `since`; those that are no outage are ignored.

        One that another outage explains becomes a part of that one, which lasts as long as any of its parts.
        """
        cause = cause_of(key)
        if not cause or self._of(key) is not None:
            return
        self._outages = [one for one in self._outages if _still_explains(one, since)]
        under = next((one for one in self._outages if EXPLAINED_BY.get(cause, frozenset()) & one.causes), None)
        if under is None:
            red, market = wall if is_red else None, self._market_of(since)
            incident = Incident(key, cause, con_id, symbol, since, market, red, None, words, seen=True)
            under = _Outage(incident, {key}, {cause}, words)
            self._outages.append(under)
        else:
            self._over = [row for row in self._over if row is not under.incident]
            under.open_keys.add(key)
            under.causes.add(cause)
            title = words.partition(": ")[0]
            if key != under.incident.key and title not in under.others:
                under.others.append(title)
            red = under.incident.red_wall if under.incident.red_wall is not None or not is_red else wall
            under.incident = replace(under.incident, red_wall=red, ended_wall=None, words=under.said())
        self._note(under.incident)

    def redden(self, key: str, wall: float) -> None:
        """From here on it is a fault: its excuse is over."""
        known = self._of(key)
        if known is not None and known.incident.red_wall is None:
            known.incident = replace(known.incident, red_wall=wall)
            self._note(known.incident)

    def end(self, key: str, wall: float, words: str) -> None:
        """`words` = how the condition ended, "" = nothing more is known of it."""
        known = self._of(key)
        if known is None:
            return
        known.open_keys.discard(key)
        if key == known.incident.key:
            known.words = words or known.words
        over = not known.open_keys
        ended = max(wall, known.incident.began_wall) if over else None
        known.incident = replace(known.incident, ended_wall=ended, words=known.said())
        self._note(known.incident)
        if over:
            self._over.append(known.incident)
            del self._over[:-KEPT]

    def _of(self, key: str) -> _Outage | None:
        return next((one for one in self._outages if key in one.open_keys), None)

    def _open(self) -> list[Incident]:
        return [one.incident for one in self._outages if one.open_keys]

    def restore(self, rows: Iterable[Incident], wall: float) -> None:
        """Those of earlier runs, in any order. One that was open when its run ended is closed: nobody saw its end."""
        mine = {(known.key, known.began_wall) for known in (*self._over, *self._open())}
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
        self._outages = [one for one in self._outages if one.open_keys]
        self._section = None

    def section(self) -> IncidentsSection:
        """The same object until something changes."""
        if self._section is None:
            self._section = IncidentsSection(figures=self._figures(), newest=self._newest())
        return self._section

    def _newest(self) -> tuple[Incident, ...]:
        ordered = sorted((*self._over, *self._open()), key=lambda row: row.began_wall, reverse=True)
        return tuple(ordered[:SHOWN])

    def _figures(self) -> tuple[CauseFigures, ...]:
        """By cause in the order of CAUSES, each followed by its symbols, the most frequent first."""
        by_cause: dict[str, list[Incident]] = defaultdict(list)
        for row in sorted((*self._over, *self._open()), key=lambda row: row.began_wall):
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

    def _note(self, incident: Incident) -> None:
        self._record(incident)
        self._section = None


def _still_explains(outage: _Outage, since: float) -> bool:
    ended = outage.incident.ended_wall
    return bool(outage.open_keys) or (ended is not None and since - ended <= RECOVERY_S)


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
