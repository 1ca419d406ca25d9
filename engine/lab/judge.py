"""All looks of a stack judged at once: where do all rules but cool-down and confirmation pass, and over which level.

Comparisons that lie within rounding of their limit are handed to the live rules one by one, so that the answer is
theirs to the last bit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.bars.indicators import Floats
from engine.config import BreakoutParams
from engine.domain import Side
from engine.lab.features import Features
from engine.lab.stack import Bools
from engine.lab.stepwise import read_at
from engine.scanners.rules import Floors, LevelKind

ROUNDING = 1e-9  # of the price, or of the ratio


class Trigger(NamedTuple):
    """One look at which a breakout may begin."""

    bar: int
    level: float
    level_kind: LevelKind


class _Side(NamedTuple):
    """One side's gates at the looks from `stack.start` on; `doubt` = rounding decides, `passes` = without any doubt."""

    passes: Bools
    doubt: Bools
    level: Floats
    by_opening: Bools


def triggers(features: Features, side: Side, params: BreakoutParams, floors: Floors) -> list[list[Trigger]]:
    """Per tape the looks that trigger, in order."""
    stack = features.stack
    out: list[list[Trigger]] = [[] for _ in stack.tapes]
    if not (params.longs if side == "long" else params.shorts) or stack.width == 0:
        return out
    judged = _judge(features, side, params, floors)
    rows, columns = np.nonzero(judged.passes | judged.doubt)
    start = stack.start
    doubts = judged.doubt[rows, columns].tolist()
    levels, by_opening = judged.level[rows, columns].tolist(), judged.by_opening[rows, columns].tolist()
    for at, (row, index) in enumerate(zip(rows.tolist(), (columns + start).tolist(), strict=True)):
        if not doubts[at]:
            out[row].append(Trigger(index, levels[at], "opening range" if by_opening[at] else "range"))
            continue
        reading = read_at(stack.tapes[row], index, side, params, floors)
        if reading.triggers and reading.level is not None:
            out[row].append(Trigger(index, reading.level, reading.level_kind))
    return out


def _judge(features: Features, side: Side, params: BreakoutParams, floors: Floors) -> _Side:
    stack = features.stack
    sign = 1.0 if side == "long" else -1.0
    with np.errstate(invalid="ignore"):
        beyond, near, level, by_opening = _beyond(features, sign, params)
        from_ = stack.start
        fast, slow = features.ema(params.ema_fast)[:, from_:], features.ema(params.ema_slow)[:, from_:]
        trend = sign * (fast - slow)
        slack = ROUNDING * np.abs(stack.close[:, from_:])
        ok, doubt = _gate(trend, 0.0, slack)
        surge_ok, surge_doubt = _gate(stack.surge[:, from_:], params.volume_surge, ROUNDING * params.volume_surge)
        rel_ok, rel_doubt = _gate(stack.rel[:, from_:], params.rel_volume, ROUNDING * params.rel_volume)
        warm = np.arange(from_, stack.width) >= params.bars_n + params.atr_length
        plain = stack.judged[:, from_:] & warm & _floors(features, floors)
        maybe = plain & (beyond | near) & (ok | doubt) & (surge_ok | surge_doubt) & (rel_ok | rel_doubt)
        unsure = maybe & (near | doubt | surge_doubt | rel_doubt)
    return _Side(maybe & ~unsure, unsure, level, by_opening)


def _gate(value: Floats, limit: float, slack: Floats | float) -> tuple[Bools, Bools]:
    """(above, too near to say)."""
    return value > limit, np.abs(value - limit) <= slack


def _floors(features: Features, floors: Floors) -> Bools:
    """The floors of universe stocks; those of volume only where the volume is known (`stepwise.live_at`)."""
    stack = features.stack
    average, close = stack.average_volume, stack.close[:, stack.start :]
    unknown = ~np.isfinite(average)
    price = (close >= floors.price_usd) | (floors.price_usd <= 0)
    volume = unknown | (average >= floors.average_volume) | (floors.average_volume <= 0)
    money = unknown | (average * close >= floors.average_usd_volume) | (floors.average_usd_volume <= 0)
    return ~stack.floored | (price & volume & money)


def _beyond(features: Features, sign: float, params: BreakoutParams) -> tuple[Bools, Bools, Floats, Bools]:
    """Beyond a level; too near to say; the level that counts; whether it is the opening range's (`rules._levels`)."""
    stack = features.stack
    looks = (slice(None), slice(stack.start, None))
    high, low = features.levels(params.bars_n)
    opening = features.opening(params.opening_range_min)
    price = sign * stack.close[looks]
    edge = params.buffer_atr * features.atr(params.atr_length)[looks]
    slack = ROUNDING * np.abs(price)
    ranged = sign * (high if sign > 0 else low)[looks]
    opened = sign * (opening.high if sign > 0 else opening.low)[looks]
    fresh = (opening.fresh_long if sign > 0 else opening.fresh_short)[looks]
    late = stack.late[looks] & np.isfinite(ranged)
    opened = np.where(late | ((price > opened) & ~fresh), np.nan, opened)
    first, second = price > ranged + edge, price > opened + edge
    near = (np.abs(price - ranged - edge) <= slack) | (np.abs(price - opened - edge) <= slack)
    near &= edge > 0  # without a buffer nothing is rounded
    by_opening = second & (~first | (opened > ranged))
    level = sign * np.where(by_opening, opened, ranged)
    return first | second, near, level, by_opening
