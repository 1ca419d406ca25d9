"""Hints for the rotation: what the broker's scans and the last visit say of where a breakout may be. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.breakout.facts import Facts
from engine.config import BreakoutParams

# How much a scan says of breakouts that happen now; what is not listed says nothing.
SCAN_WEIGHT: Mapping[str, float] = {
    "TOP_VOLUME_RATE": 1.0,
    "HOT_BY_VOLUME": 0.5,
    "TOP_PERC_GAIN": 0.5,
    "TOP_PERC_LOSE": 0.5,
    "TOP_OPEN_PERC_GAIN": 0.5,
    "TOP_OPEN_PERC_LOSE": 0.5,
    "HIGH_VS_52W_HL": 0.4,
    "HIGH_LAST_VS_EMA50": 0.3,
}
RESIDENT = 0.15  # it was in the scan before and has not risen
NEWCOMER = 0.7  # it has come into the scan; at its head 1.0
CLIMB_ROWS = 15.0  # so many places higher than in the result before says as much as coming in at the head
AGAINST_TREND = 0.5  # ATR


def scan_hints(scan_code: str, before: Sequence[int] | None, rows: Sequence[int]) -> dict[int, float]:
    """con_id -> 0-1 for a result just pushed: who came in or climbed says most. `before` None = the first result."""
    weight = SCAN_WEIGHT.get(scan_code, 0.0)
    if weight == 0.0:
        return {}
    places = {con_id: place for place, con_id in enumerate(before or ())}
    most = max(len(rows), 1)
    hints: dict[int, float] = {}
    for place, con_id in enumerate(rows):
        head = 1.0 - place / most
        if before is None:
            value = RESIDENT + (NEWCOMER - RESIDENT) * head
        elif con_id not in places:
            value = NEWCOMER + (1.0 - NEWCOMER) * head
        else:
            value = RESIDENT + (1.0 - RESIDENT) * min(1.0, max(0.0, (places[con_id] - place) / CLIMB_ROWS))
        hints[con_id] = weight * value
    return hints


def distance_atr(facts: Facts, last: float | None, params: BreakoutParams) -> float | None:
    """ATR from `last` to the nearer trigger of both sides; 0 and less = beyond it, None = no level known.

    Against the trend a trigger counts as further away.
    """
    if last is None or not facts.atr:
        return None
    found = []
    for sign, wanted in ((1.0, params.longs), (-1.0, params.shorts)):
        level = _level(sign, facts) if wanted else None
        if level is not None:
            trend = sign * ((facts.ema_fast or 0.0) - (facts.ema_slow or 0.0))
            found.append(sign * (level - last) / facts.atr + params.buffer_atr + (0.0 if trend > 0 else AGAINST_TREND))
    return min(found, default=None)


def _level(sign: float, facts: Facts) -> float | None:
    level = facts.range_high if sign > 0 else facts.range_low
    if level is None and facts.opening is not None:
        level = facts.opening.high if sign > 0 else facts.opening.low
    return level
