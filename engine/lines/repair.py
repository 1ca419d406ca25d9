"""Which lines are to be asked for again, and which have shown that they bring nothing. Pure judgements of one line.

A renewal is cancel, wait until freed, subscribe: it never doubles a line. Nothing re-subscribes by itself at TWS.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from engine.lines.ledger import Line

FIRST_TICK_S = 15.0
SILENT_S = 30.0
KEPT_LINES_VERIFY_S = 25.0  # repaired within 30 s of 1102, the freeing included
_TOO_FEW_TO_TELL = 3
KEEP_WITHOUT_DATA = frozenset({"100", "pinned"})  # classes that keep a line which brings nothing

Verdict = Literal["well", "renew", "no_data"]


def verify(line: Line, now_mono: float, due_mono: float, reason: str) -> None:
    """Unless a tick comes, renew this line at `due_mono`; at most one renewal in 30 s."""
    if line.renewed_mono is not None:
        due_mono = max(due_mono, line.renewed_mono + SILENT_S)
    line.verify_since_mono = now_mono
    line.verify_due_mono = due_mono
    line.verify_reason = reason


def verify_kept(line: Line, now_mono: float) -> None:
    """1102: TWS says that it kept the lines; the ticks have to show it."""
    verify(line, now_mono, now_mono + KEPT_LINES_VERIFY_S, "silent since the connection came back")


def verify_farm(line: Line, now_mono: float) -> None:
    """2104 after 2103: a line silent for 30 s is renewed."""
    due = max(now_mono, line.silent_since_mono + SILENT_S)
    verify(line, now_mono, due, "silent since its data farm came back")


def is_feed_speaking(lines: Iterable[Line], now_mono: float) -> bool:
    """Somebody's ticks come, so that silence says something about a line. Too few lines to tell count as yes."""
    heard = [line.last_tick_mono for line in lines]
    return len(heard) < _TOO_FEW_TO_TELL or any(at is not None and now_mono - at < SILENT_S for at in heard)


def judge(line: Line, now_mono: float, dwell_s: float) -> Verdict:
    """How this line stands now. Called for lines whose request has left."""
    open_since = line.dwell_from_mono
    if not line.listens or open_since is None or now_mono - open_since < dwell_s:
        return "well"
    if line.verify_since_mono is not None:
        if line.last_tick_mono is not None and line.last_tick_mono > line.verify_since_mono:
            line.verify_since_mono = None
        elif now_mono >= line.verify_due_mono:
            return "renew"
    if line.state != "pending" or line.listen_from_mono is None or now_mono - line.listen_from_mono < FIRST_TICK_S:
        return "well"
    return "no_data" if line.asked_again else "renew"
