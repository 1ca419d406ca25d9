"""The engine's way to a signal (quotes, store, carried averages, the 10 s before each) gives those of the lab's exact
path, and so of its matrices (`test_replay`), when it looks as often: one detector, three ways to drive it."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bars.store import BarStore
from engine.bars.usual import UsualVolume
from engine.breakout.rules import Floors
from engine.config import BreakoutParams
from engine.domain import Quote, Signal
from engine.lab.stepwise import LabSignal, stepwise
from engine.lab.tape import LOOK_S, Around, make_tape
from engine.scanners.breakout import BreakoutScanner, Surroundings
from tests.examples import examples
from tests.unit.lab.test_replay import EAGER, random_bars
from tests.unit.scanners.scanner_samples import quote_of, stock

FIRST = 3
NO_FLOORS = Floors(0.0, 0.0, 0.0)
ACME = stock(1, "ACME")


class Live:
    """One streamed symbol: each minute's open, high, low and close as trades, its volume in the first of its 10 s."""

    def __init__(self, params: BreakoutParams, usual: UsualVolume | None) -> None:
        self.store, self.quotes, self.signals = BarStore(), {}, list[Signal]()
        self.store.add(ACME)
        self.store.set_usual(1, usual)
        around = Surroundings(self.quotes.get, lambda con_id: True, lambda con_id: True, lambda: 0.0)
        self.scanner = BreakoutScanner(self.store, around, params, NO_FLOORS, self._note)
        self.volume = 1e6

    def _note(self, signal: Signal) -> None:
        if signal.state == "active":
            self.signals.append(signal)

    def trade(self, price: float, traded: float, at: float) -> None:
        self.volume += traded
        quote: Quote = msgspec.structs.replace(
            quote_of(ACME, price, self.volume, at), bid=None, ask=None, received_mono=0.0
        )
        self.quotes[1] = quote
        self.store.on_quote(quote, at)

    def run(self, bars: np.ndarray) -> list[Signal]:
        self.trade(float(bars[1, 0]), 0.0, float(bars[0, 0]) - 61.0)
        self.store.sync_lines([1], float(bars[0, 0]) - 61.0)
        for number, (time, open_, high, low, close, volume) in enumerate(bars.T.tolist()):
            self.store.close_due(time)
            for second, price, traded in ((1.0, open_, 0.0), (5.0, high, volume), (8.0, low, 0.0), (30.0, close, 0.0)):
                self.trade(price, traded, time + second)
            if number >= FIRST:
                self.scanner.evaluate(1, time + LOOK_S)
        return self.signals


def compared(seed: int, count: int, style: str, based: bool, params: BreakoutParams) -> list[Signal]:
    """Assert that both ways agree; the live one's signals."""
    usual = UsualVolume(np.full(96, 1_300.0, dtype=np.float32), 12, 1e6) if based else None
    bars = random_bars(seed, count, style)
    live = Live(params, usual).run(np.stack(bars))
    tape = make_tape("X", "2013-10-07", bars, min(FIRST, len(bars.time)), Around(usual=usual, floored=False))
    lab = stepwise(0, tape, params, NO_FLOORS)
    assert [_key(signal) for signal in sorted(live, key=lambda each: (each.at, each.side))] == [_key(s) for s in lab]
    for mine, theirs in zip(sorted(live, key=lambda each: (each.at, each.side)), lab, strict=True):
        assert mine.atr == pytest.approx(theirs.atr, rel=1e-9)
        assert (mine.surge, mine.rel_volume) == pytest.approx((theirs.surge, theirs.rel_volume), rel=1e-9)
        assert mine.before_look or mine.score == pytest.approx(theirs.score, abs=2e-4)
    return live


def _key(signal: Signal | LabSignal) -> tuple[object, ...]:
    at, triggered = round(signal.at), round(signal.triggered_at)
    return signal.side, at, triggered, signal.level, signal.level_kind, signal.last


a_set = st.builds(
    BreakoutParams,
    bars_n=st.integers(10, 30),
    buffer_atr=st.sampled_from([0.0, 0.1, 0.5]),
    atr_length=st.integers(7, 20),
    volume_surge=st.sampled_from([1.0, 1.5]),
    rel_volume=st.sampled_from([0.5, 1.0, 1.5]),
    opening_range_min=st.sampled_from([0, 5, 15, 30]),
    confirm_s=st.sampled_from([0, 10, 60, 61, 120]),
    alert_hold_s=st.sampled_from([0, 30, 90]),
    cool_down_min=st.sampled_from([1, 5, 15]),
    longs=st.booleans(),
    shorts=st.booleans(),
)


@examples(12)
@given(
    seed=st.integers(0, 10_000),
    count=st.integers(1, 130),
    style=st.sampled_from(["flat", "calm", "wild", "jumps", "gaps"]),
    based=st.booleans(),
    params=a_set,
)
def test_live_gives_the_signals_of_the_exact_path(seed, count, style, based, params):
    compared(seed, count, style, based, params)


def test_the_comparison_sees_many_signals():
    for more in ({}, {"confirm_s": 0}, {"confirm_s": 90, "alert_hold_s": 0}):
        found = [compared(5, 300, style, True, BreakoutParams(**EAGER, **more)) for style in ("calm", "wild", "jumps")]
        assert sum(map(len, found)) >= 10, more
