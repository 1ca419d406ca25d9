"""The figures of some signals together: how many are known, medians of what became of them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import numpy as np

from engine.bars.indicators import Floats
from engine.clock import NEW_YORK
from engine.outcomes.outcome import COLUMNS, HORIZONS_MIN
from engine.state.score_sections import ScoreFigures

THIRTY = HORIZONS_MIN.index(30)


class Followed(Protocol):
    """A signal, live or of a replay, with what became of it."""

    @property
    def moves(self) -> tuple[float, ...]:
        """ATR: best, worst and last move of each horizon after another; NaN = not known (yet)."""
        ...


def figures(signals: Sequence[Followed]) -> ScoreFigures:
    """Medians per horizon, each over the signals of which that horizon is known."""
    return figures_of(np.array([each.moves for each in signals]).reshape(-1, COLUMNS))


def figures_of(rows: Floats) -> ScoreFigures:
    """The same of (signals, COLUMNS) moves; NaN = not known (yet)."""
    known = [rows[np.isfinite(rows[:, at + 2]), at : at + 3] for at in range(0, COLUMNS, 3)]
    medians = [_medians(each) for each in known]
    thirty = known[THIRTY][:, 2]
    return ScoreFigures(
        signals=len(rows),
        known=tuple(len(each) for each in known),
        moves=tuple(each[2] for each in medians),
        best=tuple(each[0] for each in medians),
        worst=tuple(each[1] for each in medians),
        won=round(float((thirty > 0).mean()), 4) if len(thirty) else None,
    )


def hour_name(at_market: float) -> str:
    """ "10:00": the hour of New York."""
    return f"{datetime.fromtimestamp(at_market, NEW_YORK):%H}:00"


def _medians(found: Floats) -> tuple[float | None, float | None, float | None]:
    """Of the best moves, the worst ones and the moves at the end; + 0.0: no minus zero."""
    if not len(found):
        return None, None, None
    best, worst, move = np.median(found, axis=0).tolist()
    return round(best, 4) + 0.0, round(worst, 4) + 0.0, round(move, 4) + 0.0
