"""Signals as table rows: the active ones by score, then today's ended ones. Pure."""

from __future__ import annotations

from typing import Any

from app.format import number, percent, signed, times, tone
from app.rows.fresh import at_the_moment, quotes_of
from app.snapshots import Snapshots
from engine.domain import Candidate, ScorePart, Signal


def top_signals(s: Snapshots, most: int = 16) -> dict[str, Any]:
    """Rows of "Top signals"; key = signal id. `bars` = [distance, volume] as 0-100 for the two bars."""
    signals = s.signals.signals if s.signals else ()
    by_con = {c.con_id: c for c in at_the_moment(s.scanners.candidates, quotes_of(s))} if s.scanners else {}
    newest = {signal.con_id: signal for signal in signals}  # newest last: the last one of a symbol wins
    ordered = sorted(newest.values(), key=lambda g: (g.state != "active", -g.score, g.local_symbol))[:most]
    return {signal.id: _row(i, signal, by_con.get(signal.con_id)) for i, signal in enumerate(ordered)}


def signal_counts(s: Snapshots, shown: int) -> str | None:
    if s.signals is None:
        return None
    return f"{shown} of {s.signals.total} today" if s.signals.total else "0 today"


def _row(order: int, signal: Signal, candidate: Candidate | None) -> dict[str, Any]:
    ended = signal.state == "ended"
    distance = candidate.distance_atr if candidate and candidate.distance_atr is not None else signal_distance(signal)
    change = candidate.change_pct if candidate else None
    volume = candidate.rel_volume if candidate and candidate.rel_volume is not None else signal.rel_volume
    shares = part_shares(signal.parts)
    bars = [shares.get("distance", 0), shares.get("relative volume", 0)]
    return {
        "order": order,
        "sym": {"sym": signal.local_symbol, "con": signal.con_id},
        "since": {"at": signal.at, "clock": "hm"},
        "score": _ended(signal) if ended else [number(signal.score, 2), *bars],
        "dist": signed(distance, 2),
        "vol": times(volume),
        "chg": [percent(change, 1), tone(change, 1), "" if change is not None else "No prior close above zero known"],
    }


def _ended(signal: Signal) -> Any:
    if signal.ended_at is None:
        return {"text": "ended", "tone": "soft"}
    return {"at": signal.ended_at, "clock": "hm", "text": "ended {at}", "tone": "soft"}


def signal_distance(signal: Signal) -> float | None:
    """How far beyond its level the signal was when it came, in ATR; negative = on the wrong side."""
    if not signal.atr:
        return None
    distance = (signal.last - signal.level) / signal.atr
    return distance if signal.side == "long" else -distance


def part_shares(parts: tuple[ScorePart, ...]) -> dict[str, int]:
    """The parts of a score that add to it, 0-100 of the most that each can give."""
    return {part.name: round(100 * min(1.0, max(0.0, part.value / part.most))) for part in parts if part.most > 0}
