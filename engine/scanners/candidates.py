"""Merging: one candidate per contract with all its reasons, scored and put in order. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from engine.breakout.detector import Verdict
from engine.breakout.why import level_text
from engine.domain import Candidate, ContractRef, Demand, LineClass, Quote, ScorePart, Side, Signal, percent_change
from engine.scanners.market import ScanResult

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
        rel_volume=reading.rel_volume if reading is not None else None,
        distance_atr=reading.distance_atr if reading is not None else None,
        spread_bp=quote.spread_bp if quote is not None else None,
        warm_bars=reading.warm if reading is not None else None,
        warm_needed=reading.warm_needed if reading is not None else None,
        nearest_miss=miss,
        score_at_signal=own.score if own is not None else None,
        before_look=own.before_look if own is not None else reading is not None and reading.since_look_atr is not None,
    )


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
