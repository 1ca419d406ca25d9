"""The fast replay gives the signals of the live rules taken step by step, on any bars."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bars.series import BarArrays
from engine.bars.usual import UsualVolume
from engine.breakout.rules import Floors
from engine.config import BreakoutParams
from engine.lab.features import Features
from engine.lab.replay import replay
from engine.lab.stack import stack_tapes
from engine.lab.stepwise import LabSignal, stepwise
from engine.lab.tape import Around, Tape, make_tape
from tests.examples import examples

OPEN = 1_381_152_600.0  # 2013-10-07 09:30 New York
FLOORS = Floors(5.0, 500_000.0, 5_000_000.0)
EAGER = {"volume_surge": 1.0, "rel_volume": 0.5, "buffer_atr": 0.0, "cool_down_min": 1, "price_floor_usd": 0}


def random_bars(seed: int, count: int, style: str) -> BarArrays:
    """Bars on a 1-cent grid from some minutes before the open on; `style` says what is odd about them."""
    rng = np.random.default_rng(seed)
    step = {"flat": 0.0, "calm": 0.02, "wild": 0.4, "jumps": 0.05, "gaps": 0.05, "dry": 0.05}[style]
    time = OPEN - 1_800.0 + 60.0 * np.arange(count)
    if style == "gaps":
        kept = np.sort(rng.choice(count, max(1, count * 2 // 3), replace=False))
        time = time[kept] + 7_200.0 * (kept > count // 2)
    n = len(time)
    moves = rng.normal(0, step, n)
    if style == "jumps":
        moves += rng.choice([0.0, 3.0, -3.0], n, p=[0.96, 0.02, 0.02])
    close = np.round(np.maximum(1.0, 50.0 + np.cumsum(moves)), 2)
    open_ = np.round(close - rng.normal(0, step / 3 if step else 0, n), 2)
    spread = np.round(np.abs(rng.normal(0, step, n)), 2)
    volume = np.round(rng.lognormal(7, 1.2, n))
    if style == "dry":
        volume[rng.random(n) < 0.3] = np.nan
        volume[rng.random(n) < 0.2] = 0.0
    return BarArrays(time, open_, np.maximum(open_, close) + spread, np.minimum(open_, close) - spread, close, volume)


def a_tape(seed: int, count: int, style: str, based: bool, average: float | None) -> Tape:
    usual = UsualVolume(np.full(96, 1_300.0, dtype=np.float32), 12, 1e6) if based else None
    bars = random_bars(seed, count, style)
    return make_tape("X", "2013-10-07", bars, min(3, len(bars.time)), Around(usual=usual, average_volume=average))


def step_by_step(tapes: list[Tape], params: BreakoutParams) -> list[LabSignal]:
    found = [signal for number, tape in enumerate(tapes) for signal in stepwise(number, tape, params, FLOORS)]
    return sorted(found, key=lambda signal: (signal.tape, signal.at, signal.side))


def assert_same(tapes: list[Tape], params: BreakoutParams) -> int:
    fast, slow = replay(Features(stack_tapes(tapes)), params, FLOORS), step_by_step(tapes, params)
    assert [signal[:6] for signal in fast] == [signal[:6] for signal in slow]
    for mine, theirs in zip(fast, slow, strict=True):
        assert mine[6:] == pytest.approx(theirs[6:], abs=1e-4, nan_ok=False)
        assert mine.atr == pytest.approx(theirs.atr, rel=1e-9, abs=1e-12)
    return len(fast)


a_set = st.builds(
    lambda fast, extra, **rest: BreakoutParams(ema_fast=fast, ema_slow=max(10, fast + extra), **rest),
    fast=st.integers(3, 20),
    extra=st.integers(1, 40),
    bars_n=st.integers(10, 30),
    buffer_atr=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    atr_length=st.integers(7, 20),
    volume_surge=st.sampled_from([1.0, 1.5]),
    rel_volume=st.sampled_from([0.5, 1.0, 1.5]),
    opening_range_min=st.sampled_from([0, 5, 15, 30, 60]),
    confirm_s=st.sampled_from([0, 10, 60, 61, 120]),
    confirm_bars=st.integers(0, 3),
    alert_hold_s=st.sampled_from([0, 30, 90]),
    cool_down_min=st.sampled_from([1, 5, 15]),
    price_floor_usd=st.sampled_from([0.0, 5.0, 49.0]),
    longs=st.booleans(),
    shorts=st.booleans(),
)


@examples(12)
@given(
    params=a_set,
    seeds=st.lists(st.integers(0, 10_000), min_size=1, max_size=3),
    count=st.integers(1, 130),
    style=st.sampled_from(["flat", "calm", "wild", "jumps", "gaps", "dry"]),
    based=st.booleans(),
    average=st.sampled_from([None, 1e5, 2e6]),
)
def test_the_fast_path_gives_the_signals_of_the_rules_step_by_step(params, seeds, count, style, based, average):
    assert_same([a_tape(seed, count - n, style, based, average) for n, seed in enumerate(seeds) if count > n], params)


def test_the_comparison_sees_many_signals():
    tapes = [a_tape(seed, 300, style, True, 2e6) for seed, style in enumerate(("calm", "wild", "jumps", "dry"))]
    counts = [
        assert_same(tapes, BreakoutParams(**EAGER, **more))
        for more in ({}, {"confirm_bars": 2}, {"confirm_s": 0}, {"confirm_s": 90, "alert_hold_s": 0})
    ]
    assert min(counts) >= 10, counts
