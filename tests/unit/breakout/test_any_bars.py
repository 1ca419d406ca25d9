"""Whatever bars and quotes come (gaps, no volume, one price, huge jumps, NaN at the door): nothing raises, every number
of live rules, shadow set, audit, replay and outcomes is finite."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.bars.series import HISTORY, BarSeries
from engine.bars.store import BarStore
from engine.breakout.rules import Floors
from engine.broker.convert import to_bar
from engine.broker.sanitise import price, quantity
from engine.clock import FakeClock
from engine.config import BreakoutParams
from engine.domain import Bar, Quote, Signal
from engine.lab.features import Features
from engine.lab.replay import replay
from engine.lab.stack import stack_tapes
from engine.lab.stepwise import LabSignal
from engine.lab.tape import Around, make_tape
from engine.outcomes.audit import Audit
from engine.outcomes.book import Scored, known_outcomes
from engine.outcomes.figures import figures
from engine.outcomes.keeper import signals_of
from engine.outcomes.scoreboard import Scoreboard
from engine.scanners.breakout import BreakoutScanner, Surroundings
from engine.scanners.shadow import ShadowSet
from tests.examples import examples
from tests.unit.outcomes.test_audit import bars_answer
from tests.unit.scanners.scanner_samples import OPEN, finished, quote_of, stock

FLOORS = Floors(0.0, 0.0, 0.0)
EAGER = {"bars_n": 10, "atr_length": 7, "buffer_atr": 0.0, "volume_surge": 1.0, "rel_volume": 0.5, "cool_down_min": 1}
AT_ONCE = BreakoutParams(confirm_s=0, price_floor_usd=0, opening_range_min=5, **EAGER)  # type: ignore[arg-type]
BY_BARS = BreakoutParams(confirm_bars=1, price_floor_usd=0, **EAGER)  # type: ignore[arg-type]
UNSET = 1.7976931348623157e308
ODD = st.sampled_from([math.nan, math.inf, -math.inf, UNSET, -1.0, 0.0, None])
RAW_PRICE = st.one_of(st.floats(0.0001, 1e6), st.floats(99.0, 101.0), st.floats(99.0, 101.0), ODD)
RAW_VOLUME = st.one_of(st.floats(0.0, 1e12), st.floats(1e6, 1.1e6), ODD)
STEP_S = st.sampled_from([0.25, 1.0, 20.0, 60.0, 61.0, 3_600.0])


def at_the_door(raws: Iterable[tuple[Any, Any, Any]], gap_every: int) -> list[Bar]:
    """Raw rows of history as the broker's room lets them in, ending at the open plus an hour."""
    rows, time = [], OPEN
    for number, (close, edge, volume) in enumerate(raws):
        time += 60.0 if not gap_every or number % gap_every else 1_800.0
        known = [each for each in (close, edge) if each is not None]
        high, low = (max(known), min(known)) if len(known) == 2 else (close, edge)
        moment = datetime.fromtimestamp(time, UTC)
        rows.append(
            to_bar(SimpleNamespace(date=moment, open=close, high=high, low=low, close=close, volume=volume), "STK")
        )
    return [bar for bar in rows if bar is not None]


def assert_finite(thing: Any) -> None:
    """Every number in it; None is "not known"."""
    if isinstance(thing, float):
        assert math.isfinite(thing), thing
    elif isinstance(thing, msgspec.Struct):
        for name in thing.__struct_fields__:
            assert_finite(getattr(thing, name))
    elif isinstance(thing, tuple | list):
        for each in thing:
            assert_finite(each)


RAWS = st.lists(st.tuples(RAW_PRICE, RAW_PRICE, RAW_VOLUME), max_size=70)
QUOTES = st.lists(st.tuples(STEP_S, RAW_PRICE, RAW_VOLUME, RAW_PRICE, st.booleans()), max_size=40)


class Live:
    """One symbol, the live rules and a shadow set beside them."""

    def __init__(self, bars: list[Bar]) -> None:
        self.stock, self.store, self.clock = stock(1), BarStore(), FakeClock()
        self.quotes: dict[int, Quote] = {}
        self.signals: list[Signal] = []
        self.at = (bars[-1].time if bars else OPEN) + 60.0
        around = Surroundings(self.quotes.get, lambda con_id: False, lambda con_id: True, self.clock.mono)
        self.scanner = BreakoutScanner(self.store, around, AT_ONCE, FLOORS, self.signals.append)
        self.shadow = ShadowSet(self.store, around, lambda name, signal: self.signals.append(signal))
        self.shadow.choose("by bars", BY_BARS, FLOORS)
        self.store.add(self.stock)
        self.store.merge_history(1, bars, self.at)

    def quote(self, step_s: float, raw_price: Any, raw_volume: Any, raw_edge: Any, halted: bool) -> None:
        self.at += step_s
        last = price(raw_price, 1.0, may_be_negative=False)
        edge = price(raw_edge, None, may_be_negative=False)
        plain = quote_of(self.stock, last, quantity(raw_volume), self.at)
        quote = msgspec.structs.replace(
            plain, high=edge, low=edge, avg_volume=quantity(raw_volume), halted=halted, bid=edge, ask=last
        )
        self.quotes[1] = quote
        self.store.on_quote(quote, self.at)
        for rules in (self.scanner, self.shadow):
            rules.on_quote(quote, self.at)

    def step(self) -> None:
        for con_id in self.store.close_due(self.at):
            self.scanner.on_bar_closed(con_id, self.at)
            self.shadow.on_bar_closed(con_id, self.at)
        for rules in (self.scanner, self.shadow):
            rules.recheck(self.at)
            for _ in rules.slices(self.at):
                pass
        for verdict in self.scanner.verdicts.values():
            assert 0.0 <= verdict.score <= 1.0
            assert_finite((*verdict.reading, *verdict.parts))


@examples(30)
@given(RAWS, st.integers(0, 9), QUOTES)
def test_live_rules_and_the_shadow_set_take_anything(raws: Any, gap_every: int, quotes: Any) -> None:
    live = Live(at_the_door(raws, gap_every))
    for each in quotes:
        live.quote(*each)
        live.step()
    for signal in live.signals:
        assert 0.5 <= signal.score <= 1.0
        assert_finite(signal)
    assert_judged_finite(live.store, live.signals)


def assert_judged_finite(store: BarStore, signals: list[Signal]) -> None:
    """The scoreboard's outcomes and the audit, over what the store has."""
    bars = store.arrays(1)
    assert bars is not None
    scored = [Scored(signal, known_outcomes(bars, signal)) for signal in signals]
    assert_finite(finished(Scoreboard().slices(scored, "2025-11-05")))
    newest = store.bars(1)[-1].time if store.bars(1) else OPEN
    audit, answer = Audit(store, [1], signals, newest + 60.0), bars_answer(store, AT_ONCE)
    for _ in audit.slices(answer.con_ids, signals_of(answer), lambda: 0.0):
        pass
    assert_finite([tuple(missed.scored) for missed in (*audit.missed, *audit.rejected)])


@examples(25)
@given(RAWS, st.integers(0, 9), st.sampled_from([AT_ONCE, BY_BARS]))
def test_a_replay_takes_anything(raws: Any, gap_every: int, params: BreakoutParams) -> None:
    series = BarSeries(3_000)
    series.merge(at_the_door(raws, gap_every), HISTORY)
    bars = series.arrays()
    tape = make_tape("X", "2025-11-05", bars, min(3, len(bars.time)), Around(average_volume=1e6))
    found: list[LabSignal] = replay(Features(stack_tapes([tape])), params, FLOORS)
    assert all(0.5 <= signal.score <= 1.0 for signal in found)
    assert_finite([tuple(signal) for signal in found])


def test_these_inputs_do_make_signals() -> None:
    """The property above would hold of rules that never fire."""
    raws = [(100.0, 99.9, 1_000.0)] * 40
    live = Live(at_the_door(raws, 0))
    for number, last in enumerate((100.0, 100.0, 1e6, 1e6, 2e6, math.nan, 2e6, 2e6)):
        live.quote(30.0, last, 1e6 + 5e5 * number, last, False)
        live.step()
    assert {signal.side for signal in live.signals} == {"long"}
    assert len({signal.id for signal in live.signals}) >= 1
    assert figures([Scored(live.signals[0], known_outcomes(live.store.arrays(1), live.signals[0]))]).signals == 1  # type: ignore[arg-type]
    jump = at_the_door([*raws, *[(200.0, 200.0, 1e6)] * 8], 0)
    series = BarSeries(3_000)
    series.merge(jump, HISTORY)
    tape = make_tape("X", "2025-11-05", series.arrays(), 3, Around(average_volume=1e6))
    assert replay(Features(stack_tapes([tape])), AT_ONCE, FLOORS)
    assert np.isfinite(series.arrays().close).all()
