"""What the naive pages show: a day of three P&L curves and fifty positions, all of it moved each two seconds.

Imports numpy and pandas alone: Streamlit's page runs in an environment of its own.
"""

from __future__ import annotations

import time

import numpy as np
import pandas as pd

EVERY_S = 2.0
CURVES, POINTS, ROWS = ("Realised", "Unrealised", "Day"), 20_000, 50
COLUMNS = ("Symbol", "Position", "Last", "Change", "Cost", "Value", "Unrealised", "Realised", "Day", "Share")
_WALKS = np.random.default_rng(7).normal(0.0, 1.0, (len(CURVES), 4 * POINTS)).cumsum(axis=1)


def step() -> int:
    """Of now: one more each two seconds."""
    return int(time.time() / EVERY_S)


def curves(at: int) -> tuple[pd.DatetimeIndex, dict[str, np.ndarray]]:
    """The last 20,000 points of each."""
    first = at % (3 * POINTS)
    times = pd.date_range(end=pd.Timestamp(at * EVERY_S, unit="s"), periods=POINTS, freq="2s")
    return times, {name: _WALKS[number, first : first + POINTS] for number, name in enumerate(CURVES)}


def positions(at: int) -> pd.DataFrame:
    """Fifty rows of ten columns; every number moved since the step before."""
    numbers = np.random.default_rng(at).normal(100.0, 5.0, (ROWS, len(COLUMNS) - 1)).round(2)
    table = pd.DataFrame(numbers, columns=list(COLUMNS[1:]))
    table.insert(0, COLUMNS[0], [f"SYM{row}" for row in range(ROWS)])
    return table
