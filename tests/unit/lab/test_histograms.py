"""Histograms behind the sliders against values counted bar by bar; outcomes at once against those one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bars.indicators import Floats
from engine.config import BreakoutParams
from engine.lab.features import Features
from engine.lab.histograms import Histograms, count, steps_of
from engine.lab.moves import price_rows
from engine.lab.stack import stack_tapes
from engine.lab.stepwise import LabSignal, read_at
from engine.lab.summary import Outcomes
from engine.outcomes.outcome import in_atr, price_moves
from tests.examples import examples
from tests.unit.lab.test_replay import FLOORS, a_tape

NAMES = ("bars_n", "volume_surge", "rel_volume", "price_floor_usd", "avg_volume_floor", "buffer_atr", "top_score")
STYLES = st.sampled_from(["flat", "calm", "wild", "jumps", "gaps", "dry"])


def test_a_threshold_of_the_slider_parts_the_counts_at_a_whole_step():
    assert {name: steps_of(name) for name in NAMES} == {
        "bars_n": 45, "volume_surge": 40, "rel_volume": 19, "price_floor_usd": 25, "avg_volume_floor": 25,
        "buffer_atr": 30, "top_score": 20,
    }  # fmt: skip
    found = count("bars_n", np.array([9.0, 10.0, 10.0, 20.0, 54.0, 55.0, 56.0, np.nan]))
    assert (found.below, found.above, sum(found.counts)) == (1, 1, 5)
    assert (found.counts[0], found.counts[10], found.counts[44]) == (2, 1, 2)
    edges = count("volume_surge", np.arange(1.0, 5.0, 0.1))
    assert edges.counts == (1,) * 40, "a value on an edge lies in the step above it"


def by_hand(tape, params: BreakoutParams) -> tuple[list[float], list[float]]:
    """Per minute the greatest N that the rules would let pass (0 to 56), and the distance in ATR where there is one."""
    reaches, distances = [], []
    for index in range(tape.first, len(tape.bars.time)):
        session = tape.session_at(index)
        earlier = [i for i in range(index) if tape.bars.time[i] >= session.start]
        best, close = 0, tape.bars.close[index]
        for sign, edge in ((1.0, tape.bars.high), (-1.0, tape.bars.low)):
            back = 0
            while back < min(56, len(earlier)) and sign * close > sign * edge[earlier[-back - 1]]:
                back += 1
            best = max(best, back)
        reaches.append(best)
        found = []
        for side in ("long", "short"):
            reading = read_at(tape, index, side, params, FLOORS)
            if reading.level is not None and reading.atr:
                found.append((1.0 if side == "long" else -1.0) * (close - reading.level) / reading.atr)
        distances += [max(found)] if found else []
    return reaches, distances


@examples(10)
@given(st.integers(0, 10_000), STYLES)
def test_the_counts_are_those_of_every_minute_of_every_symbol(seed: int, style: str):
    params = BreakoutParams(opening_range_min=0)
    tapes = [a_tape(seed + n, 60, style, based=bool(n), average=2e6 if n else None) for n in range(2)]
    found = {each.name: each for each in Histograms(Features(stack_tapes(tapes))).of(params, [])}
    assert set(found) == set(NAMES)
    hands = [by_hand(tape, params) for tape in tapes]
    assert found["bars_n"] == count("bars_n", np.array([reach for each in hands for reach in each[0]], dtype=float))
    known = np.array([distance for each in hands for distance in each[1]])
    total = found["buffer_atr"]
    assert sum(total.counts) + total.below + total.above == len(known)
    assert total.above == pytest.approx((known > 1.5).sum(), abs=1)
    assert sum(found["avg_volume_floor"].counts) == 1, "what is not known is not counted"


@examples(8)
@given(st.integers(0, 10_000), STYLES, st.sampled_from(["long", "short"]))
def test_outcomes_at_once_are_those_one_by_one(seed: int, style: str, side: str):
    tapes = [a_tape(seed + n, count_, style, based=False, average=None) for n, count_ in enumerate((90, 25, 4))]
    features = Features(stack_tapes(tapes))
    signals = [
        LabSignal(n, side, bar, at, at, 1.0, "range", float(tape.bars.close[bar]), 0.07 * (bar % 3), 0.8, None, None)
        for n, tape in enumerate(tapes)
        for bar in range(0, len(tape.bars.time), 2)
        for at in [float(tape.bars.time[bar]) + 60.0]
    ]
    outcomes = Outcomes(features)
    judged = outcomes.judge(signals[::2])
    judged = outcomes.judge(signals)  # half of them are known by now
    assert [each.signal for each in judged] == signals
    for each in judged:
        s = each.signal
        expected = in_atr(price_moves(tapes[s.tape].bars, s.at, s.last, s.side), s.atr)
        assert tuple(each.after(horizon) for horizon in range(4)) == expected
    rows: Floats = price_rows(features.stack, [])
    assert rows.shape == (0, 12)
