"""Signals as table rows: the active ones by their score now, then today's ended ones. Pure."""

from __future__ import annotations

from typing import Any

from app.format import number, percent, signed, times, tone
from app.rows.fresh import at_the_moment, quotes_of
from app.snapshots import Snapshots
from engine.domain import Candidate, ScorePart, Signal

TOO_FEW = "Fewer than 60 s were counted since it was looked at"
BREAKOUT = 0.5  # from here on a score is a confirmed breakout's
SHARE_STEP = 5  # two pixels of a bar; a finer one would be news in each poll


def top_signals(s: Snapshots, most: int = 16) -> dict[str, Any]:
    """Rows of "Top signals", the best score now first; key = signal id."""
    signals = s.signals.signals if s.signals else ()
    now = scores_now(s)
    newest = {signal.con_id: signal for signal in signals}  # newest last: the last one of a symbol wins
    ordered = sorted(
        newest.values(), key=lambda g: (g.state != "active", -now.get(g.id, -1.0), -g.score, g.local_symbol)
    )
    shown = {signal.con_id for signal in ordered[:most]}
    judged = tuple(c for c in s.scanners.candidates if c.con_id in shown) if s.scanners else ()
    by_con = {c.con_id: c for c in at_the_moment(judged, quotes_of(s))}
    return {
        signal.id: _row(i, signal, by_con.get(signal.con_id), now.get(signal.id))
        for i, signal in enumerate(ordered[:most])
    }


def scores_now(s: Snapshots) -> dict[str, float]:
    """By the id of each signal that runs and was judged."""
    return dict(s.scanners.scores_now) if s.scanners else {}


def signal_counts(s: Snapshots) -> str | None:
    if s.signals is None:
        return None
    return live_words(s.signals.total, sum(1 for signal in s.signals.signals if signal.state == "active"))


def live_words(today: int, active: int) -> str:
    """ "9 active, 40 today": signals that came while QTrade looked, unlike what a replay of bars finds."""
    return f"{active:,} active, {today:,} today"


def _row(order: int, signal: Signal, candidate: Candidate | None, now: float | None) -> dict[str, Any]:
    distance = candidate.distance_atr if candidate and candidate.distance_atr is not None else signal_distance(signal)
    change = candidate.change_pct if candidate else None
    volume = candidate.rel_volume if candidate else None
    return {
        "order": order,
        "sym": {"sym": signal.local_symbol, "con": signal.con_id, **sided(signal)},
        "since": {"at": signal.at, "clock": "hm"},
        "now": _ended(signal) if signal.state == "ended" else _now(signal, candidate, now),
        "at_signal": number(signal.score, 2),
        "dist": signed(distance, 2),
        "vol": times(volume) if volume is not None else [None, "missing", TOO_FEW],
        "chg": [percent(change, 1), tone(change, 1), "" if change is not None else "No prior close above zero known"],
    }


def sided(signal: Signal) -> dict[str, str]:
    """Long and short at a glance: an arrow and a colour before the symbol; * = it broke out before QTrade looked."""
    arrow, mark = "▲" if signal.side == "long" else "▼", " *" if signal.before_look else ""
    early = {"title": f"{signal.side}; broke out before QTrade looked: its score counts the way since"} if mark else {}
    return {"text": f"{arrow} {{sym}}{mark}", "tone": signal.side, **early}


def _now(signal: Signal, candidate: Candidate | None, now: float | None) -> Any:
    """The score now with the shares of its two greatest parts; of a signal that nobody judges a dash."""
    if now is None:
        return [None, "missing", "Not judged now"]
    shares = part_shares(candidate.parts) if candidate is not None and candidate.side == signal.side else {}
    bars = [shares.get("distance", 0), shares.get("relative volume", 0)]
    return {"score": number(now, score_digits(now)), "bars": bars}


def _ended(signal: Signal) -> Any:
    if signal.ended_at is None:
        return ["not followed", "soft", "QTrade or its connection began anew since: nobody has seen it end"]
    return {"at": signal.ended_at, "clock": "hm", "text": "ended {at}", "tone": "soft"}


def signal_distance(signal: Signal) -> float | None:
    """How far beyond its level the signal was when it came, in ATR; negative = on the wrong side."""
    if not signal.atr:
        return None
    distance = (signal.last - signal.level) / signal.atr
    return distance if signal.side == "long" else -distance


def score_digits(score: float) -> int:
    """Breakouts lie close together: what two digits show of sixteen is often the same."""
    return 3 if score >= BREAKOUT else 2


def part_shares(parts: tuple[ScorePart, ...]) -> dict[str, int]:
    """The parts of a score that add to it, 0-100 of the most that each can give, in steps that a bar can show."""
    shares = {part.name: min(1.0, max(0.0, part.value / part.most)) for part in parts if part.most > 0}
    return {name: SHARE_STEP * round(100 * share / SHARE_STEP) for name, share in shares.items()}
