"""The score of a confirmed breakout, in numbers: parts that rise without ever being full, and small deductions. Pure.

`0.5 + 0.5 x (0.45 r(d) + 0.35 r(rv) + 0.20 r(surge))` with r(x) = x / (1 + x): half at 1, never 1. d is the distance
beyond the buffer in ATR, the volumes are what they have above their limit in units of twice the limit.
A spread and an old price take away from what exceeds 0.5 only, so that no confirmed breakout falls below it. A
breakout that had happened before anybody looked ranks by what is left: its way counts from the first look on, and half
of its volume.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from engine.config import BreakoutParams
from engine.domain import ScorePart

CONFIRMED: Final = 0.5
MOST_UNCONFIRMED: Final = 0.499  # "always < 0.5", whatever the rounding
MOST: Final = 0.9999  # scores are kept with four digits, and none is 1
WEIGHTS: Final = (0.45, 0.35, 0.20)  # distance, relative volume, volume surge
HALF_DISTANCE_ATR: Final = 1.0
FREE_SPREAD_ATR, HALF_SPREAD_ATR = 0.1, 0.2
FREE_AGE_S, HALF_AGE_S = 15.0, 30.0
BEFORE_SHARE: Final = 0.5  # of the volume of a breakout of before the first look
BEFORE_WORDS: Final = {
    "distance": "since QTrade's first look: it broke out before",
    "relative volume": "half: it broke out before QTrade looked",
    "volume surge": "half: it broke out before QTrade looked",
}
DEDUCTION: Final = 0.1  # the most that a spread, and that an age, takes of what exceeds 0.5


class Inputs(NamedTuple):
    """What a score is made of; None = not known, which gives nothing and takes nothing.

    `distance_atr` = from the level towards the side, `spread_atr` = ask - bid, both in ATR.
    `before_look`: it broke out before the first look, and the distance counts from there.
    """

    distance_atr: float | None
    rel_volume: float | None
    surge: float | None
    spread_atr: float | None = None
    price_age_s: float | None = None
    before_look: bool = False


def rise(x: float) -> float:
    """0 up to 0, half at 1, towards 1."""
    return 1.0 - 1.0 / (1.0 + x) if x > 0.0 else 0.0  # x / (1 + x), also for an infinite one


def breakout_score(inputs: Inputs, params: BreakoutParams) -> float:
    """From 0.5 to below 1, strictly rising in distance and both volumes above their limits."""
    return _sum(_gains(inputs, params), _deductions(inputs))


def breakout_parts(inputs: Inputs, params: BreakoutParams) -> tuple[float, tuple[ScorePart, ...]]:
    """The score and what it is the sum of."""
    gains, deductions = _gains(inputs, params), _deductions(inputs)
    excess = sum(gains)
    parts = [ScorePart("breakout", CONFIRMED, CONFIRMED)]
    for name, value, gain, weight in zip(_GAINS, inputs[:3], gains, WEIGHTS, strict=True):
        detail = BEFORE_WORDS[name] if inputs.before_look else ""
        parts.append(ScorePart(name, round(gain, 4), 0.5 * weight, _unknown(value) or detail))
    for name, value, share in zip(_DEDUCTIONS, inputs[3:5], deductions, strict=True):
        parts.append(ScorePart(name, 0.0 - round(share * excess, 4), 0.0, _unknown(value)))
    return _sum(gains, deductions), tuple(parts)


def share_of_gates(passed: int, total: int) -> float:
    """The score of whatever is no confirmed breakout: always below 0.5."""
    return min(MOST_UNCONFIRMED, CONFIRMED * passed / total)


_GAINS = ("distance", "relative volume", "volume surge")
_DEDUCTIONS = ("spread", "price age")


def _gains(inputs: Inputs, params: BreakoutParams) -> tuple[float, float, float]:
    distance = rise(((inputs.distance_atr or 0.0) - params.buffer_atr) / HALF_DISTANCE_ATR)
    volume = rise(_above(inputs.rel_volume, params.rel_volume))
    surge = rise(_above(inputs.surge, params.volume_surge))
    share = 0.5 * (BEFORE_SHARE if inputs.before_look else 1.0)
    return 0.5 * WEIGHTS[0] * distance, share * WEIGHTS[1] * volume, share * WEIGHTS[2] * surge


def _deductions(inputs: Inputs) -> tuple[float, float]:
    spread = rise(((inputs.spread_atr or 0.0) - FREE_SPREAD_ATR) / HALF_SPREAD_ATR)
    age = rise(((inputs.price_age_s or 0.0) - FREE_AGE_S) / HALF_AGE_S)
    return DEDUCTION * spread, DEDUCTION * age


def _sum(gains: tuple[float, float, float], deductions: tuple[float, float]) -> float:
    return min(MOST, CONFIRMED + sum(gains) * (1.0 - sum(deductions)))


def _above(value: float | None, limit: float) -> float:
    """What a volume has above its limit; the limits are at least 0.5 and 1 (`BreakoutParams`)."""
    return ((value or 0.0) - limit) / (2.0 * limit)


def _unknown(value: float | None) -> str:
    return "not known" if value is None else ""
