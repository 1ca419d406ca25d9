"""The missed-signal audit: what the bars show and nobody saw; what was seen, and what the ticks rejected."""

from __future__ import annotations

import msgspec
import pytest

from engine.bars.series import STREAMED, BarSeries
from engine.bars.store import BarStore
from engine.config import BreakoutParams
from engine.domain import Bar, Side, Signal
from engine.lab.messages import AskAudit, AuditAnswer, LoadToday
from engine.lab.preview import Today
from engine.lab.snapshot import TodaySnapshot
from engine.outcomes.audit import Audit
from engine.outcomes.keeper import signals_of
from engine.outcomes.look_times import LookTimes
from tests.unit.scanners.scanner_samples import OPEN, flat_history, stock

ACME = stock(1, "ACME")
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


def bars_answer(store: BarStore, params: BreakoutParams | None = None) -> AuditAnswer:
    """What the lab says to these bars; the process is left out."""
    snapshot, lab = TodaySnapshot(store, lambda con_id: None, lambda con_id: True, lambda con_id: True), Today()
    is_first = snapshot.begin()
    symbols = tuple(each for each in snapshot.changed() if each is not None)
    lab.load(LoadToday(0, snapshot.day_start or 0.0, is_first, symbols))
    return lab.audit(AskAudit(1, (params or BreakoutParams()).model_dump(), 0.0))


def audit(
    store: BarStore,
    live: list[Signal] | None = None,
    params: BreakoutParams | None = None,
    looked_since: float | None = OPEN,
) -> Audit:
    made, answer = Audit(store, [1, 99], live or [], BREAK + 3_600.0), bars_answer(store, params)
    made.looked_since = looked_since
    for _ in made.slices(frozenset(answer.con_ids), signals_of(answer), lambda: 0.0):
        pass
    return made


@pytest.mark.parametrize("side", ["long", "short"])
def test_a_breakout_that_nobody_streamed_is_missed(side: Side) -> None:
    made = audit(store_of(day(side)))
    assert (made.symbols, made.without_bars, made.found, made.seen) == (2, 1, 1, 0)
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


def stream_whole(series: BarSeries, minute: float | None = None) -> None:
    """Its bars were streamed whole: all of them, or that of this minute alone."""
    rows = series.rows()
    rows[6, slice(None) if minute is None else rows[0] == minute] = STREAMED
    series.merge_rows(rows)


def test_a_streamed_minute_is_the_detectors_own_verdict() -> None:
    store = store_of(day())
    entry = store.get(1)
    assert entry is not None
    stream_whole(entry.series)
    made = audit(store)
    assert (made.missed, len(made.rejected)) == ([], 1)


@pytest.mark.parametrize(("second", "is_streamed"), [(10.0, True), (50.0, True), (60.0, True), (70.0, False)])
def test_the_source_is_that_of_the_minute_in_which_a_10_second_look_fell(second: float, is_streamed: bool) -> None:
    store = store_of(day())
    entry = store.get(1)
    assert entry is not None
    stream_whole(entry.series, BREAK)
    (found,) = signals_of(bars_answer(store))
    made = Audit(store, [1], [], CLOSE)
    made.looked_since = OPEN
    look = msgspec.structs.replace(found, triggered_at=BREAK + second, at=BREAK + second + 10.0)
    for _ in made.slices([1], [look], lambda: 0.0):
        pass
    assert (len(made.rejected), len(made.missed)) == ((1, 0) if is_streamed else (0, 1))


@pytest.mark.parametrize(("since", "before"), [(BREAK + 61.0, 1), (BREAK + 60.0, 0), (None, 1)])
def test_what_triggered_before_it_looked_is_not_missed_for_want_of_a_line(since: float | None, before: int) -> None:
    made = audit(store_of(day()), looked_since=since)
    assert (made.found, made.before, len(made.missed)) == (1, before, 1 - before)
    live = audit(store_of(day())).missed[0].scored.signal
    seen = audit(store_of(day()), [live], looked_since=since)
    assert (seen.seen, seen.before) == (1, 0), "seen is seen, whenever this run began"


def test_since_when_it_looked_is_known_of_each_day() -> None:
    times = LookTimes()
    for at in (OPEN + 60.0, OPEN, OPEN + 90.0, OPEN - 86_400.0):
        times.note(at)
    assert (times.since(CLOSE), times.since(CLOSE - 86_400.0)) == (OPEN, OPEN - 86_400.0)
    assert times.since(CLOSE + 86_400.0) is None
    times.clear()
    assert times.since(CLOSE) is None


def test_a_symbol_without_bars_of_today_is_counted_as_such() -> None:
    store = store_of(day())
    store.add(stock(2))
    store.merge_history(2, flat_history(100.0, OPEN - 86_400.0, minutes=60), CLOSE)
    answer = bars_answer(store)
    assert answer.con_ids == (1,) and answer.day_start == OPEN - 9.5 * 3_600.0
    made = Audit(store, [1, 2, 99], [], CLOSE)
    list(made.slices(answer.con_ids, signals_of(answer), lambda: 0.0))
    assert (made.symbols, made.without_bars, made.found) == (3, 2, 1)


@pytest.mark.parametrize("side", ["long", "short"])
def test_the_life_of_a_breakout_is_the_live_one(side: Side) -> None:
    """The minute that triggers counts as the first that closed beyond; a further breakout renews a running signal."""
    store = store_of(day(side))
    (first,) = audit(store, params=BreakoutParams(confirm_bars=1)).missed
    assert first.scored.signal.at == first.scored.signal.triggered_at == BREAK + 60.0
    sign = 1.0 if side == "long" else -1.0
    bars = day(side)
    higher = [
        msgspec.structs.replace(
            bar,
            close=bar.close + sign,
            high=bar.high + 1.0,
            low=bar.low - 1.0,
            volume=40_000.0 if at == 40 else bar.volume,
        )
        if at >= 40
        else bar
        for at, bar in enumerate(bars[120:])
    ]
    again = audit(store_of(bars[:120] + higher), params=BreakoutParams(cool_down_min=10.0))
    assert [each.scored.signal.triggered_at for each in again.missed] == [BREAK + 60.0, BREAK + 41 * 60.0]


def test_the_work_is_sliced_and_only_the_universe_counts() -> None:
    store = store_of(day())
    (found,) = signals_of(bars_answer(store))
    other = msgspec.structs.replace(found, con_id=7)
    made, ticks = Audit(store, [1], [], BREAK + 3_600.0), iter(range(10**6))
    slices = sum(1 for _ in made.slices([1, 7], [found, other] * 20, lambda: next(ticks) * 0.0021))
    assert slices >= 20 and made.found == 20 and made.is_over


def test_one_that_fails_is_over_and_says_why() -> None:
    made = Audit(store_of(day()), [1], [], BREAK)
    assert not made.is_over
    made.fail("No.")
    assert made.is_over and made.problem == "No."


def test_a_side_that_is_off_is_not_looked_for() -> None:
    assert audit(store_of(day("short")), params=BreakoutParams(shorts=False)).found == 0
