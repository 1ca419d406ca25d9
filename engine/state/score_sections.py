"""What is published of signals' outcomes: the scoreboard, the shadow set beside the live one, the day's audit."""

from __future__ import annotations

from msgspec import Struct

from engine.domain import Side
from engine.state.sections import Section


class ScoreFigures(Struct, frozen=True):
    """Per horizon (5, 15, 30, 60 min): signals of which it is known, medians in ATR. `won` = share up after 30 min."""

    signals: int
    known: tuple[int, ...]
    moves: tuple[float | None, ...]
    best: tuple[float | None, ...]
    worst: tuple[float | None, ...]
    won: float | None


class ScoreGroup(Struct, frozen=True):
    """`kind` all, hour (New York), scan, score (tenths of the score at signal) or side."""

    kind: str
    name: str
    figures: ScoreFigures


class ScoreRank(Struct, frozen=True):
    """Spearman's correlation of the score at signal with the move after 30 min, over `signals` of which both are known.

    None = too few, or all alike.
    """

    signals: int
    spearman: float | None


class FoundSignal(Struct, frozen=True):
    """One signal of the shadow, of the live set alone, or one that the line limit cost. `move_30` in ATR."""

    con_id: int
    local_symbol: str
    side: Side
    at_market: float
    level: float
    score: float
    move_30: float | None = None
    note: str = ""


class ShadowReport(Struct, frozen=True):
    """Both sets since the shadow began to look. The lists hold the newest 50, newest first."""

    name: str
    since_market: float
    live: ScoreFigures
    shadow: ScoreFigures
    both: int
    only_live: tuple[FoundSignal, ...]
    only_shadow: tuple[FoundSignal, ...]


class AuditReport(Struct, frozen=True):
    """What the line limit cost: the rules over today's minute bars of every symbol of the universe.

    `found` signals in all, `seen` of them live, `rejected` = streamed, but not confirmed by the ticks; `before` =
    triggered before the engine first looked that day, at `looked_market` (None = it did not); `missed` = no line at
    that minute (the newest 100 listed, newest first). `problem` = why it failed.
    `changed_market` = when the thresholds it judges by were changed last, if that was today.
    """

    day: str  # YYYY-MM-DD, New York
    at_market: float
    symbols: int
    without_bars: int
    found: int
    seen: int
    rejected: int
    missed: int
    figures: ScoreFigures  # of the missed ones
    rows: tuple[FoundSignal, ...]
    running: bool = False
    problem: str = ""
    changed_market: float | None = None
    before: int = 0
    looked_market: float | None = None


class ScoresSection(Section, frozen=True, kw_only=True):
    today: tuple[ScoreGroup, ...]
    days: tuple[ScoreGroup, ...]  # of the sessions kept
    sessions: int  # days with a signal among them
    rank_today: ScoreRank
    rank_days: ScoreRank
    shadow: ShadowReport | None
    audit: AuditReport | None


SCORE_SECTIONS: dict[str, type[Section]] = {"scores": ScoresSection}
