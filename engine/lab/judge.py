"""All looks of a stack judged at once: where do all rules but cool-down and confirmation pass, and over which level.

Comparisons that lie within rounding of their limit are handed to the live rules one by one, so that the answer is
theirs to the last bit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.bars.indicators import Floats
from engine.breakout.rules import Floors, LevelKind
from engine.config import BreakoutParams
from engine.domain import Side
from engine.lab.features import Features
from engine.lab.stack import Bools
from engine.lab.stepwise import read_at

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
    """Each gate is kept for its own thresholds: a slider that moves costs its own gate alone."""
    stack = features.stack
    sign = 1.0 if side == "long" else -1.0
    from_ = stack.start
    surge, rel = params.volume_surge, params.rel_volume
    with np.errstate(invalid="ignore"):
        places = side, params.bars_n, params.atr_length, params.buffer_atr, params.opening_range_min
        beyond, near, level, by_opening = features.once("beyond", places, lambda: _beyond(features, sign, params))
        lengths = side, params.ema_fast, params.ema_slow
        ok, doubt = features.once("trend", lengths, lambda: _trend(features, sign, params))
        surge_ok, surge_doubt = features.once("surge", surge, lambda: _gate(stack.surge[:, from_:], surge))
        rel_ok, rel_doubt = features.once("rel", rel, lambda: _gate(stack.rel[:, from_:], rel))
        floored = features.once("floors", floors, lambda: _floors(features, floors))
        warm = np.arange(from_, stack.width) >= params.bars_n + params.atr_length
        maybe = stack.judged[:, from_:] & warm & floored & (beyond | near)
        maybe &= (ok | doubt) & (surge_ok | surge_doubt) & (rel_ok | rel_doubt)
        unsure = maybe & (near | doubt | surge_doubt | rel_doubt)
    return _Side(maybe & ~unsure, unsure, level, by_opening)


def _trend(features: Features, sign: float, params: BreakoutParams) -> tuple[Bools, Bools]:
    """The fast average beyond the slow one: (is, too near to say)."""
    from_ = features.stack.start
    trend = sign * (features.ema(params.ema_fast)[:, from_:] - features.ema(params.ema_slow)[:, from_:])
    return trend > 0.0, np.abs(trend) <= ROUNDING * np.abs(features.stack.close[:, from_:])


def _gate(value: Floats, limit: float) -> tuple[Bools, Bools]:
    """(above, too near to say) of a ratio."""
    return value > limit, np.abs(value - limit) <= ROUNDING * limit


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
    """Beyond a level; too near to say; the level that counts; whether it is the opening range's."""
    price, ranged, opened = levels_at(features, sign, params)
    edge = params.buffer_atr * features.atr(params.atr_length)[:, features.stack.start :]
    slack = ROUNDING * np.abs(price)
    first, second = price > ranged + edge, price > opened + edge
    near = (np.abs(price - ranged - edge) <= slack) | (np.abs(price - opened - edge) <= slack)
    near &= edge > 0  # without a buffer nothing is rounded
    by_opening = second & (~first | (opened > ranged))
    level = sign * np.where(by_opening, opened, ranged)
    return first | second, near, level, by_opening


def levels_at(features: Features, sign: float, params: BreakoutParams) -> tuple[Floats, Floats, Floats]:
    """(price, level of the range, level of the opening range) at each look, NaN = none (`rules._levels`).

    `sign` 1.0 = long, -1.0 = short: all three are turned, so that greater is further on the way.
    """
    stack = features.stack
    looks = (slice(None), slice(stack.start, None))
    high, low = features.levels(params.bars_n)
    opening = features.opening(params.opening_range_min)
    price = sign * stack.close[looks]
    ranged = sign * (high if sign > 0 else low)[looks]
    opened = sign * (opening.high if sign > 0 else opening.low)[looks]
    fresh = (opening.fresh_long if sign > 0 else opening.fresh_short)[looks]
    late = stack.late[looks] & np.isfinite(ranged)
    return price, ranged, np.where(late | ((price > opened) & ~fresh), np.nan, opened)
