"""Hints for the rotation: what the broker's scans and the last visit say of where a breakout may be. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.config import BreakoutParams
from engine.scanners.facts import Facts

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
NEAR_ATR = 1.0  # at this distance from the trigger the nearness is 1/e
AGAINST_TREND = 0.5
QUIET = 0.5  # nearness of a symbol without any volume, against one at its usual volume


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


def nearness(facts: Facts, last: float | None, rel_volume: float | None, params: BreakoutParams) -> float:
    """0-1: how near `last` is to the nearer trigger of both sides, less against the trend and without volume."""
    if last is None or not facts.atr:
        return 0.0
    best = 0.0
    for sign, wanted in ((1.0, params.longs), (-1.0, params.shorts)):
        distance = _distance_atr(sign, facts, last, params) if wanted else None
        if distance is None:
            continue
        value = 1.0 if distance <= 0 else float(2.718281828459045 ** (-distance / NEAR_ATR))
        trend = sign * ((facts.ema_fast or 0.0) - (facts.ema_slow or 0.0))
        best = max(best, value if trend > 0 else value * AGAINST_TREND)
    loud = 1.0 if rel_volume is None else min(1.0, rel_volume / params.rel_volume)
    return best * (QUIET + (1.0 - QUIET) * loud)


def _distance_atr(sign: float, facts: Facts, last: float, params: BreakoutParams) -> float | None:
    """ATR from `last` to the trigger of one side; negative = beyond it. None = no level."""
    levels = [facts.range_high if sign > 0 else facts.range_low]
    if facts.opening is not None and levels[0] is None:
        levels.append(facts.opening.high if sign > 0 else facts.opening.low)
    known = [level for level in levels if level is not None]
    if not known or not facts.atr:
        return None
    return min(sign * (level - last) / facts.atr for level in known) + params.buffer_atr
