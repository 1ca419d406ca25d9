"""The scoreboard: what signals came to, in all and by hour, scan, score and side, with honest counts. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from datetime import datetime

from engine.bars.hours import NEW_YORK
from engine.scanners.outcome_book import Scored
from engine.scanners.outcomes import HORIZONS_MIN
from engine.state.score_sections import ScoreFigures, ScoreGroup

THIRTY = HORIZONS_MIN.index(30)
SCORE_STEPS = (0.5, 0.6, 0.7, 0.8, 0.9)
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
    yield "hour", f"{datetime.fromtimestamp(signal.at, NEW_YORK):%H}:00"
    yield "score", bucket(signal.score)
    yield "side", signal.side
    for scan in signal.scans or (NO_SCAN,):
        yield "scan", scan


def bucket(score: float) -> str:
    """ "0.7 to 0.8"; the last one holds 1.0, too."""
    low = max((step for step in SCORE_STEPS if score >= step), default=SCORE_STEPS[0])
    return f"{low:.1f} to {low + 0.1:.1f}"


def figures(scored: Sequence[Scored]) -> ScoreFigures:
    """Medians per horizon, each over the signals of which that horizon is known."""
    known = [[after for each in scored if (after := each.after[at]) is not None] for at in range(len(HORIZONS_MIN))]
    thirty = known[THIRTY]
    return ScoreFigures(
        signals=len(scored),
        known=tuple(len(each) for each in known),
        moves=tuple(_median(after.move for after in each) for each in known),
        best=tuple(_median(after.best for after in each) for each in known),
        worst=tuple(_median(after.worst for after in each) for each in known),
        won=round(sum(after.move > 0 for after in thirty) / len(thirty), 4) if thirty else None,
    )


def _median(values: Iterable[float]) -> float | None:
    found = list(values)
    return round(statistics.median(found), 4) + 0.0 if found else None  # + 0.0: no minus zero
