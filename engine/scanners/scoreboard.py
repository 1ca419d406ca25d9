"""The scoreboard: what signals came to, in all and by hour, scan, score and side, with honest counts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.scanners.outcome_book import Scored
from engine.scanners.outcome_figures import figures, hour_name, score_bucket
from engine.state.score_sections import ScoreGroup

NO_SCAN = "no scan"


def board(scored: Sequence[Scored]) -> tuple[ScoreGroup, ...]:
    """All signals together, then the groups of each kind in the order of their names; a signal of two scans counts
    in both of them."""
    found: dict[tuple[str, str], list[Scored]] = {}
    for each in scored:
        for key in _keys(each):
            found.setdefault(key, []).append(each)
    groups = [ScoreGroup(kind, name, figures(found[kind, name])) for kind, name in sorted(found)]
    return (ScoreGroup("all", "All", figures(scored)), *groups) if scored else ()


def _keys(each: Scored) -> Iterable[tuple[str, str]]:
    signal = each.signal
    yield "hour", hour_name(signal.at)
    yield "score", score_bucket(signal.score)
    yield "side", signal.side
    for scan in signal.scans or (NO_SCAN,):
        yield "scan", scan
