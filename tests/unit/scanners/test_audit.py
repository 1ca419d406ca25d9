"""The missed-signal audit: what the bars show and nobody saw; what was seen, and what the ticks rejected."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from engine.bars.store import BarStore
from engine.config import BreakoutParams
from engine.domain import Bar, Side, Signal
from engine.scanners.audit import Audit, Case, detect, may_trigger
from engine.scanners.facts import read_bars
from engine.scanners.rules import Live, read
from tests.unit.scanners.scanner_samples import OPEN, flat_history, stock

ACME = stock(1, "ACME")
BUSY_SEED = 1  # of the random days: one on which every shorter range is broken
CLOSE = OPEN + 23_400.0
BREAK = OPEN + 7_200.0


def day(side: Side = "long", level: float = 100.0) -> list[Bar]:
    """Two quiet hours from the open, then a break on four times the volume, then a quiet hour beyond it."""
    sign = 1.0 if side == "long" else -1.0
    quiet = flat_history(level, BREAK, minutes=120)
    if side == "short":
        quiet = [msgspec.structs.replace(b, open=200 - b.open, high=200 - b.low, low=200 - b.high, close=200 - b.close)
                 for b in quiet]  # fmt: skip
    after = []
    for number in range(60):
        close = level + sign * (0.3 + 0.002 * number)
        after.append(
            Bar(BREAK + 60.0 * number, close, close + 0.03, close - 0.03, close, 40_000.0 if number < 5 else 9_000.0)
        )
    return quiet + [msgspec.structs.replace(bar, source="history") for bar in after]


def store_of(bars: list[Bar]) -> BarStore:
    store = BarStore()
    store.add(ACME)
    store.merge_history(1, bars, CLOSE)
    return store


def audit(store: BarStore, live: list[Signal] | None = None, params: BreakoutParams | None = None) -> Audit:
    made = Audit(store, [1, 99], params or BreakoutParams(), lambda contract: None, live or [], BREAK + 3_600.0)
    for _ in made.slices(lambda: 0.0):
        pass
    return made


@pytest.mark.parametrize("side", ["long", "short"])
def test_a_breakout_that_nobody_streamed_is_missed(side: Side) -> None:
    made = audit(store_of(day(side)))
    assert (made.symbols, made.done, made.without_bars, made.found, made.seen) == (2, 2, 1, 1, 0)
    missed = made.missed[0]
    signal, after = missed.scored
    assert (signal.side, signal.local_symbol, signal.triggered_at, signal.at) == (
        side,
        "ACME",
        BREAK + 60.0,
        BREAK + 120.0,
    )
    assert missed.source == "history" and after[0] is not None and after[0].move > 0
    assert made.is_over


def test_what_was_seen_live_is_not_missed() -> None:
    signal = audit(store_of(day())).missed[0].scored.signal
    live = msgspec.structs.replace(signal, at=signal.at - 100.0)
    made = audit(store_of(day()), [live])
    assert (made.found, made.seen, made.missed) == (1, 1, [])
    other = audit(store_of(day()), [msgspec.structs.replace(live, side="short")])
    assert (other.seen, len(other.missed)) == (0, 1)


def test_a_streamed_minute_is_the_detectors_own_verdict() -> None:
    store = store_of(day())
    entry = store.get(1)
    assert entry is not None
    entry.series._columns[6, : len(entry.series)] = 3  # every minute streamed whole
    made = audit(store)
    assert (made.missed, len(made.rejected)) == ([], 1)


def test_the_work_is_sliced() -> None:
    made = Audit(store_of(day()), [1], BreakoutParams(), lambda contract: None, [], BREAK + 3_600.0)
    ticks = iter(range(10**6))
    slices = sum(1 for _ in made.slices(lambda: next(ticks) * 0.0021))
    assert slices > 3 and made.found == 1


def test_symbols_that_never_trigger_are_sliced_too() -> None:
    quiet = store_of(flat_history(100.0, BREAK, minutes=120))
    made = Audit(quiet, [1] * 40, BreakoutParams(), lambda contract: None, [], BREAK)
    ticks = iter(range(10**6))
    slices = sum(1 for _ in made.slices(lambda: next(ticks) * 0.0031))
    assert slices >= made.done == 40 and made.found == 0


@pytest.mark.parametrize("n", [10, 20, 55])
@pytest.mark.parametrize("side", ["long", "short"])
@pytest.mark.parametrize("seed", range(4))
def test_the_shortcut_leaves_no_trigger_out(n: int, side: Side, seed: int) -> None:
    rng = np.random.default_rng(seed)
    closes, volumes = 100.0 + np.cumsum(rng.normal(0.0, 0.05, 300)), rng.lognormal(9.0, 0.7, 300).tolist()
    bars = [
        Bar(
            OPEN + 60.0 * i, c, c + float(rng.random()) * 0.05, c - float(rng.random()) * 0.05, c, volumes[i], "history"
        )
        for i, c in enumerate(closes.tolist())
    ]
    store = store_of(bars)
    entry, params = store.get(1), BreakoutParams(bars_n=n, buffer_atr=0.0, rel_volume=0.5)
    assert entry is not None
    arrays, session = entry.series.arrays(), store.session(1, OPEN + 18_000.0)
    assert session is not None
    may = may_trigger(side, arrays, 0, params)
    triggers = 0
    for index in range(34, 300):
        facts = read_bars(type(arrays)(*(column[:index] for column in arrays)), session, params, None)
        live = Live(float(arrays.close[index]), volumes[index], float(arrays.time[index]), None, None)
        if read(side, facts, live, params, float(arrays.time[index]) + 59.999).triggers:
            triggers += 1
            assert may[index], index
    assert may.mean() < 0.2
    assert triggers > 0 or n == 55 or seed != BUSY_SEED


def test_a_symbol_without_bars_of_the_session_is_counted_as_such() -> None:
    made = audit(store_of(flat_history(100.0, OPEN - 3_600.0, minutes=60)))
    assert (made.without_bars, made.found) == (2, 0)


def test_a_side_that_is_off_is_not_looked_for() -> None:
    store = store_of(day("short"))
    assert audit(store, params=BreakoutParams(shorts=False)).found == 0
    entry = store.get(1)
    session = store.session(1, BREAK + 3_600.0)
    assert entry is not None and session is not None
    case = Case(1, entry.series.arrays(), session, None, None, None)
    assert [found for found in detect(case, BreakoutParams()) if found is not None]
