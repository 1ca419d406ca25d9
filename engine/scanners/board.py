"""The board of candidates: one entry per contract with all its reasons, scored and put in order; since when, and who
came and went. Time is an argument.

A list that flickers does not churn: a symbol that left every scan stays for three minutes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from operator import is_
from typing import NamedTuple

from engine.breakout.detector import Verdict
from engine.breakout.why import level_text
from engine.coverage.urgency import Running
from engine.domain import (
    Candidate,
    ContractRef,
    Demand,
    LineClass,
    Quote,
    ScorePart,
    Side,
    Signal,
    SymbolEvent,
    percent_change,
)
from engine.scanners.market import ScanResult

LINGER_S = 180.0
SHOWN = 200
LOGGED_TOP = 40
EVENTS = 200
CHALLENGERS = 5  # wishes at 25 beyond the lines that class has: the bus judges them
MOST_BY_RANK = 0.4  # a scan result alone ranks below what the rules have seen nearly pass
ROW_WEIGHT = 0.6


class Reason(NamedTuple):
    """One row of one scan. `rank` from 0."""

    scan: str
    rank: int
    rows: int
    side: Side
    takes_lines: bool

    @property
    def words(self) -> str:
        return f"{self.scan} #{self.rank + 1}"


class Entry(NamedTuple):
    """One contract among the candidates."""

    contract: ContractRef
    since_market: float
    seen_market: float
    reasons: tuple[Reason, ...]


def _none_runs(con_id: int) -> None:
    return None


class _Shown(NamedTuple):
    """A row of the pages and what it was made of."""

    made_of: tuple[Entry, Verdict | None, Quote | None, Signal | None]
    miss: str
    row: Candidate


class Board:
    """Candidates of the merged scans, of positions with a live price, and of every breakout under way."""

    def __init__(self) -> None:
        self.entries: dict[int, Entry] = {}
        self.order: list[tuple[float, int]] = []  # (score, con_id), best first
        self.events: deque[SymbolEvent] = deque(maxlen=EVENTS)
        self._logged: set[int] = set()
        self._names: dict[int, str] = {}
        self._shown: dict[int, _Shown] = {}

    def merge(self, results: Iterable[ScanResult], now_market: float) -> None:
        """The newest results of all scans."""
        rows = reasons_of(results)
        for con_id, (contract, reasons) in rows.items():
            known = self.entries.get(con_id)
            usual = usable(contract)
            if known is None or known.reasons != reasons or known.contract != usual:  # else its row stays as it is
                since = known.since_market if known is not None else now_market
                self.entries[con_id] = Entry(usual, since, now_market, reasons)
        for con_id, entry in self.entries.items():
            if con_id not in rows and entry.reasons:
                self.entries[con_id] = entry._replace(reasons=(), seen_market=now_market)

    def note(self, contract: ContractRef, now_market: float) -> None:
        """A symbol that belongs here without a scan: a position, or a breakout."""
        known = self.entries.get(contract.con_id)
        if known is None:
            self.entries[contract.con_id] = Entry(contract, now_market, now_market, ())
        else:
            self.entries[contract.con_id] = known._replace(seen_market=now_market)

    def rename(self, contract: ContractRef) -> None:
        """A candidate is called otherwise now."""
        entry = self.entries.get(contract.con_id)
        if entry is not None:
            self.entries[contract.con_id] = entry._replace(contract=entry.contract.named_as(contract))
            self._shown.pop(contract.con_id, None)

    def scans_of(self, con_id: int) -> tuple[str, ...]:
        """Names of the scans that list a symbol now, the best rank first."""
        entry = self.entries.get(con_id)
        return tuple(dict.fromkeys(reason.scan for reason in entry.reasons)) if entry is not None else ()

    def drop(self, con_id: int) -> None:
        self.entries.pop(con_id, None)

    def clear(self) -> None:
        """Nobody is on the board any more; the log stays."""
        self.entries.clear()
        self.order = []
        self._logged.clear()

    def arrange(self, verdicts: Mapping[int, Verdict], now_market: float) -> None:
        """Score everything, let go who has left for long, and log who came to the top and who left."""
        for con_id in [c for c, entry in self.entries.items() if self._gone(entry, verdicts.get(c), now_market)]:
            del self.entries[con_id]
        ranked = [(scored(entry, verdicts.get(con_id))[0], con_id) for con_id, entry in self.entries.items()]
        self.order = sorted(ranked, key=lambda pair: (-pair[0], pair[1]))
        self._log_moves(now_market)

    def event(self, at_market: float, kind: str, con_id: int, name: str, text: str) -> None:
        self.events.append(SymbolEvent(at_market, kind, name, text, con_id))

    def candidates(
        self,
        verdicts: Mapping[int, Verdict],
        quote: Callable[[int], Quote | None],
        miss: Callable[[int, Verdict], str],
        running: Callable[[int], Signal | None] = _none_runs,
    ) -> tuple[Candidate, ...]:
        """The best 200 for the pages; a row is made anew only when what it is made of is another object."""
        before, self._shown = self._shown, {}
        for _, con_id in self.order[:SHOWN]:
            entry = self.entries.get(con_id)
            if entry is None:
                continue
            verdict, price, signal, known = verdicts.get(con_id), quote(con_id), running(con_id), before.get(con_id)
            made_of = (entry, verdict, price, signal)
            if known is None or not all(map(is_, known.made_of, made_of)):
                same = known is not None and known.made_of[1] is verdict
                words = (
                    known.miss if known is not None and same else miss(con_id, verdict) if verdict is not None else ""
                )
                row = candidate(entry, verdict, price, words, signal)
                known = _Shown(made_of, words, row)
            self._shown[con_id] = known
        return tuple(sorted((shown.row for shown in self._shown.values()), key=lambda each: -each.score))

    def demands(
        self, verdicts: Mapping[int, Verdict], tops: Collection[int], normal_max: int, exempt: Collection[int]
    ) -> list[Demand]:
        """Wishes for lines: the running signals `tops` at 50, the best that are no signals at 25."""
        out: list[Demand] = []
        normals = 0
        for _, con_id in self.order:
            entry, verdict = self.entries.get(con_id), verdicts.get(con_id)
            if entry is None or con_id in exempt:
                continue
            confirmed = verdict is not None and verdict.state == "confirmed"
            if confirmed:
                if con_id in tops:
                    out.append(demand(entry, verdict, "50"))
            elif self._earns_line(entry, verdict):
                if normals < normal_max + CHALLENGERS and normal_max > 0:
                    out.append(demand(entry, verdict, "25"))
                    normals += 1
        return out

    def _earns_line(self, entry: Entry, verdict: Verdict | None) -> bool:
        """A halt list costs no line; a lingering symbol keeps its wish only while it is judged."""
        if verdict is not None:
            return True
        return any(reason.takes_lines for reason in entry.reasons)

    def _gone(self, entry: Entry, verdict: Verdict | None, now_market: float) -> bool:
        if entry.reasons or (verdict is not None and verdict.state in ("confirmed", "confirming")):
            return False
        return now_market - entry.seen_market > LINGER_S

    def _log_moves(self, now_market: float) -> None:
        top = {con_id for _, con_id in self.order[:LOGGED_TOP]}
        for _, con_id in self.order[:LOGGED_TOP]:
            if con_id not in self._logged:
                entry = self.entries[con_id]
                words = ", ".join(reason.words for reason in entry.reasons[:2]) or "live price"
                self.event(now_market, "enter", con_id, entry.contract.local_symbol, words)
        for con_id in self._logged - self.entries.keys():
            self.event(now_market, "leave", con_id, self._names.get(con_id, str(con_id)), "left every scan 3 min ago")
        self._logged = (self._logged & self.entries.keys()) | top
        self._names = {con_id: self.entries[con_id].contract.local_symbol for con_id in self._logged}


def usable(contract: ContractRef) -> ContractRef:
    """The contract as a request needs it: scans at times leave a stock's exchange out."""
    if contract.exchange or contract.sec_type != "STK":
        return contract
    return ContractRef(
        contract.con_id,
        contract.symbol,
        contract.local_symbol,
        contract.sec_type,
        "SMART",
        contract.primary_exchange,
        contract.currency,
        contract.multiplier,
    )


def reasons_of(results: Iterable[ScanResult]) -> dict[int, tuple[ContractRef, tuple[Reason, ...]]]:
    """Every row of every scan by contract, the best ranks first."""
    found: dict[int, tuple[ContractRef, list[Reason]]] = {}
    for result in results:
        preset = result.preset
        for place, row in enumerate(result.rows):
            reason = Reason(preset.name, place, len(result.rows), preset.side, preset.takes_lines)
            found.setdefault(row.contract.con_id, (row.contract, []))[1].append(reason)
    return {
        con_id: (contract, tuple(sorted(reasons, key=lambda reason: reason.rank)))
        for con_id, (contract, reasons) in found.items()
    }


def rank_score(reasons: Iterable[Reason]) -> float:
    """0-0.4 from the ranks alone: 0.4 x (1 - product of (1 - 0.6 x closeness to the top)) over the scans."""
    missing = 1.0
    for reason in reasons:
        if reason.takes_lines:
            missing *= 1.0 - ROW_WEIGHT * (1.0 - reason.rank / max(reason.rows, 50))
    return MOST_BY_RANK * (1.0 - missing)


def scored(entry: Entry, verdict: Verdict | None) -> tuple[float, tuple[ScorePart, ...]]:
    """The rules' score where a live price was judged, else the ranks'; while warming the better of both."""
    if verdict is not None and verdict.state != "warming":
        return verdict.score, verdict.parts
    by_rank = rank_score(entry.reasons)
    if verdict is not None and by_rank <= verdict.score:
        return verdict.score, verdict.parts
    return by_rank, (ScorePart("scan rank", round(by_rank, 4), MOST_BY_RANK),)


def candidate(
    entry: Entry, verdict: Verdict | None, quote: Quote | None, miss: str, running: Signal | None = None
) -> Candidate:
    """The row that the pages show; `running` = the signal of the symbol that runs now."""
    value, parts = scored(entry, verdict)
    reading = verdict.reading if verdict is not None else None
    side: Side = reading.side if reading is not None else entry.reasons[0].side if entry.reasons else "long"
    own = running if running is not None and running.side == side else None
    return Candidate(
        con_id=entry.contract.con_id,
        local_symbol=entry.contract.local_symbol,
        score=round(value, 4),
        parts=parts,
        since_market=entry.since_market,
        scans=tuple(reason.words for reason in entry.reasons),
        state=verdict.state if verdict is not None else "scan",
        side=side,
        price=quote.price if quote is not None else None,
        change_pct=quote.change_pct if quote is not None else None,
        since_open_pct=_since_open_pct(quote),
        rel_volume=reading.told_rel_volume if reading is not None else None,
        distance_atr=reading.distance_atr if reading is not None else None,
        spread_bp=quote.spread_bp if quote is not None else None,
        warm_bars=reading.warm if reading is not None else None,
        warm_needed=reading.warm_needed if reading is not None else None,
        nearest_miss=miss,
        score_at_signal=own.score if own is not None else None,
        before_look=own.before_look if own is not None else _is_early(verdict),
    )


def _is_early(verdict: Verdict | None) -> bool:
    """A breakout under way had happened before anybody looked."""
    return verdict is not None and verdict.state == "confirming" and verdict.reading.since_look_atr is not None


def demand(entry: Entry, verdict: Verdict | None, line_class: LineClass) -> Demand:
    """The wish for a line, with its reason in words."""
    value, _ = scored(entry, verdict)
    breakout = verdict is not None and verdict.state in ("confirmed", "confirming")
    if verdict is not None and breakout:
        reading = verdict.reading
        state = "breakout" if verdict.state == "confirmed" else "confirming"
        reason = f"{state} {reading.side} {level_text(reading.level)}"
    else:
        reason = ", ".join(each.words for each in entry.reasons[:2]) or "was in a scan"
    return Demand(entry.contract, line_class, "breakout" if breakout else "market", reason, score=round(value, 4))


def _since_open_pct(quote: Quote | None) -> float | None:
    return None if quote is None else percent_change(quote.price, quote.open)


# --- which running signals stream -------------------------------------------------------------------------------------

NEW_S = 120.0  # a signal is most worth looking at when it has just begun; later its price alone is wanted
KEPT_S = 120.0
MARGIN = 1.15  # so much better than one that streams another has to be


class RunningSignal(NamedTuple):
    """`at` = when it began, market time."""

    con_id: int
    score: float
    at: float


class Tops:
    """Who streams, since when: the newest first, then the best. Who does keeps its line for two minutes, and after that
    against whoever is not clearly better."""

    def __init__(self) -> None:
        self._since: dict[int, float] = {}

    def choose(
        self, running: Iterable[RunningSignal], top_score: float, top_max: int, now_market: float
    ) -> frozenset[int]:
        """con_ids of at most `top_max` signals of `top_score` and more."""
        since = self._since
        fit = [signal for signal in running if signal.score >= top_score]

        def order(signal: RunningSignal) -> tuple[float, bool, float, int]:
            held = since.get(signal.con_id)
            is_new = 0.0 <= now_market - signal.at < NEW_S
            is_kept = held is not None and 0.0 <= now_market - held < KEPT_S
            value = signal.score * (MARGIN if held is not None else 1.0)
            return (signal.at if is_new else float("-inf"), is_kept, value, -signal.con_id)

        chosen = sorted(fit, key=order, reverse=True)[: max(0, top_max)]
        self._since = {signal.con_id: since.get(signal.con_id, now_market) for signal in chosen}
        return frozenset(self._since)


def watched(
    running: Iterable[RunningSignal], tops: Collection[int], top_score: float, cool_down_s: float, now_market: float
) -> dict[int, Running]:
    """The signals that run without a line of their own, for the rotation."""
    return {
        signal.con_id: Running(signal.score >= top_score, now_market - signal.at < cool_down_s)
        for signal in running
        if signal.con_id not in tops
    }
