"""The rules: any bars give finite numbers, the score is SIGNALS' formula, levels and openings as written."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bars.series import HISTORY, BarSeries
from engine.bars.sessions import RunningSession
from engine.bars.usual import UsualVolume
from engine.breakout.facts import Facts, read_bars
from engine.breakout.rules import Floors, Frozen, Live, Progress, Reading, read, read_common, score
from engine.breakout.why import nearest_miss, rule_checks
from engine.config import BreakoutParams
from engine.domain import Bar
from tests.unit.scanners.scanner_samples import OPEN

PARAMS = BreakoutParams()
SESSION = RunningSession(OPEN, OPEN + 23_400.0, "liquid")
FLOORS = Floors(5.0, 500_000.0, 5_000_000.0)
PRICES = st.floats(0.0001, 1e6)
VOLUMES = st.one_of(st.none(), st.just(0.0), st.floats(0, 1e12))


@st.composite
def bars(draw: st.DrawFn) -> list[Bar]:
    """Gaps, zero volume, one price for ever, jumps by a million: whatever may come."""
    kind = draw(st.sampled_from(["wild", "flat", "gaps"]))
    count = draw(st.integers(0, 60))
    out, at = [], OPEN - 600.0
    for _ in range(count):
        at += 60.0 * (draw(st.integers(1, 90)) if kind == "gaps" else 1)
        four = [50.0] * 4 if kind == "flat" else [draw(PRICES) for _ in range(4)]
        out.append(Bar(at, four[0], max(four), min(four), four[1], draw(VOLUMES)))
    return out


def facts_of(items: list[Bar], usual: UsualVolume | None = None, params: BreakoutParams = PARAMS) -> Facts:
    series = BarSeries(3_000)
    series.merge(items, HISTORY)
    return read_bars(series.arrays(), SESSION, params, usual)


def finite(value: float | None) -> bool:
    return value is None or math.isfinite(value)


@given(
    bars(),
    st.one_of(st.none(), PRICES),
    VOLUMES,
    st.one_of(st.none(), st.floats(0, 1e12)),
    st.booleans(),
    st.sampled_from(["long", "short"]),
    st.floats(0, 7_200),
)
def test_no_bars_raise_or_give_a_score_that_is_no_number(
    items: list[Bar],
    last: float | None,
    volume: float | None,
    average: float | None,
    exempt: bool,
    side: str,
    later: float,
) -> None:
    now = (items[-1].time if items else OPEN) + later
    facts = facts_of(items, UsualVolume(np.full(96, 1_000.0, dtype=np.float32), 20, 1e6) if exempt else None)
    live = Live(last, volume, now - now % 60.0, average, None if exempt else FLOORS)
    reading = read(side, facts, live, PARAMS, now)  # type: ignore[arg-type]
    for confirmed in (False, True):
        value, parts = score(reading, PARAMS, confirmed)
        assert math.isfinite(value) and 0.0 <= value <= 1.0
        assert (value >= 0.5) == confirmed
        assert all(math.isfinite(part.value) for part in parts)
    assert all(finite(gate.value) and finite(gate.limit) for gate in reading.gates)
    assert finite(reading.distance_atr) and finite(reading.surge) and finite(reading.rel_volume)
    assert 0 <= reading.passed <= reading.total
    assert len(rule_checks(reading)) == reading.total == len(reading.gates) - 1
    assert "nan" not in nearest_miss(reading, PARAMS)


def session_bars(count: int, high: float = 100.0, start: float = OPEN, volume: float = 1_000.0) -> list[Bar]:
    return [Bar(start + 60.0 * n, high - 0.3, high, high - 0.5, high - 0.2, volume) for n in range(count)]


def reading_at(facts: Facts, last: float, now: float, **changes: object) -> Reading:
    live = Live(last, 5_000.0, now - now % 60.0, 2e6, FLOORS, volume_60s=10_000.0)._replace(**changes)
    return read("long", facts, live, PARAMS, now)


def test_the_score_is_the_formula() -> None:
    facts = facts_of(session_bars(130))
    now = OPEN + 130 * 60 + 30
    assert facts.atr == pytest.approx(0.5)
    reading = reading_at(facts, 100.15, now)  # d = 0.3 - 0.1 = 0.2; volume 10,000 in 60 s of 1,000: rv 10
    assert reading.distance_atr == pytest.approx(0.3)
    assert reading.rel_volume == pytest.approx(10.0)
    value, parts = score(reading, PARAMS, confirmed=True)
    volume = 8.5 / 3 / (1 + 8.5 / 3)  # both volumes are 10, 8.5 above 1.5, in units of 3
    excess = 0.45 * 0.2 / 1.2 + 0.55 * volume
    assert value == pytest.approx(0.5 + 0.5 * excess)
    assert [part.name for part in parts] == [
        "breakout", "distance", "relative volume", "volume surge", "spread", "price age",
    ]  # fmt: skip
    assert sum(part.value for part in parts) == pytest.approx(value, abs=3e-4)
    assert [part.detail for part in parts] == ["", "", "", "", "not known", "not known"]
    weak = reading_at(facts, 100.15, now, volume_60s=2_000.0)  # 0.5 / 3 = 1 / 6 above
    assert score(weak, PARAMS, True)[0] == pytest.approx(0.5 + 0.5 * (0.45 / 6 + 0.55 / 7))
    wide = reading_at(facts, 100.15, now, spread=0.15, price_age_s=45.0)  # 0.3 ATR: 0.2 / 0.2; 30 s / 30 s
    assert score(wide, PARAMS, True)[0] == pytest.approx(0.5 + 0.5 * excess * (1 - 0.05 - 0.05))
    narrow = reading_at(facts, 100.15, now, spread=0.04, price_age_s=15.0)
    assert score(narrow, PARAMS, True)[0] == pytest.approx(value)
    below = reading_at(facts, 99.0, now)
    assert score(below, PARAMS, False)[0] == pytest.approx(0.5 * below.passed / below.total)


def test_all_gates_but_the_confirmation_stay_below_a_half() -> None:
    facts = facts_of(session_bars(130))
    reading = reading_at(facts, 100.15, OPEN + 130 * 60 + 30)
    assert reading.triggers and reading.passed == reading.total - 1
    assert score(reading, PARAMS, False)[0] < 0.5


def test_the_level_is_the_running_sessions_alone() -> None:
    before = session_bars(30, high=150.0, start=OPEN - 1_800.0)
    facts = facts_of(before + session_bars(19))
    assert facts.range_high is None and facts.session_bars == 19
    assert facts.warm == 34, "but bars of other sessions warm the averages"
    full = facts_of(before + session_bars(20))
    assert full.range_high == 100.0


def test_with_few_bars_the_opening_range_is_the_level_once_complete() -> None:
    facts = facts_of(session_bars(30, 99.0, OPEN - 1_800.0) + session_bars(14))
    assert reading_at(facts, 101.0, OPEN + 14 * 60).level is None
    done = facts_of(session_bars(30, 99.0, OPEN - 1_800.0) + session_bars(15))
    reading = reading_at(done, 100.2, OPEN + 15 * 60 + 30)
    assert (reading.level, reading.level_kind) == (100.0, "opening range")
    assert reading.triggers


def test_either_level_may_fire_in_the_first_two_hours_and_the_reason_says_which() -> None:
    opening = session_bars(15, 100.0)
    lower = session_bars(25, 98.0, OPEN + 900.0)
    facts = facts_of(opening + lower)
    now = OPEN + 40 * 60 + 30
    assert reading_at(facts, 98.5, now).level_kind == "range"
    crossed = reading_at(facts, 100.5, now)
    assert (crossed.level, crossed.level_kind) == (100.0, "opening range")
    late = facts_of(opening + session_bars(120, 98.0, OPEN + 900.0))
    assert reading_at(late, 100.5, OPEN + 135 * 60 + 30).level_kind == "range", "only in the first two hours"


def test_an_opening_range_that_was_left_long_ago_is_no_breakout() -> None:
    facts = facts_of(session_bars(15, 100.0) + session_bars(25, 105.0, OPEN + 900.0))
    reading = reading_at(facts, 104.0, OPEN + 40 * 60 + 30)
    assert reading.gates[1].passed is None and not reading.beyond
    assert reading.level == 105.0


def test_on_a_visit_projection_waits_15_s_and_the_last_minute_stands_in() -> None:
    facts = facts_of(session_bars(130, volume=1_000.0))
    minute = OPEN + 130 * 60
    early = reading_at(facts, 100.2, minute + 10, running_volume=900.0, is_visit=True, volume_60s=None)
    assert early.surge == pytest.approx(1.0), "the last closed minute"
    counted = reading_at(
        facts, 100.2, minute + 10, running_volume=900.0, is_visit=True, volume_60s=None, counted_60s=1_600.0
    )
    assert counted.surge == pytest.approx(1.6), "what visits counted of the last 60 s"
    later = reading_at(facts, 100.2, minute + 15, running_volume=900.0, is_visit=True, volume_60s=None)
    assert later.surge == pytest.approx(3.6)
    quiet = reading_at(
        facts, 100.2, minute + 30, running_volume=900.0, running_time=minute - 60.0, is_visit=True, volume_60s=None
    )
    assert quiet.surge == 0.0, "no trade in this minute yet"
    own_pace = reading_at(
        facts, 100.2, minute + 10, running_volume=900.0, is_visit=True, volume_60s=None, visit_pace=1_700.0
    )
    assert own_pace.surge == pytest.approx(1.7)
    assert own_pace.told_rel_volume is None, "a pace of seconds is for the rules, not for the eye"


def test_a_streamed_line_counts_its_last_60_s() -> None:
    facts = facts_of(session_bars(130, volume=1_000.0))
    minute = OPEN + 130 * 60
    for second in (2.0, 20.0, 59.0):
        reading = reading_at(facts, 100.2, minute + second, running_volume=900.0, volume_60s=1_600.0)
        assert reading.surge == reading.rel_volume == pytest.approx(1.6), "whatever the minute has so far"
        assert (reading.told_surge, reading.told_rel_volume) == (reading.surge, reading.rel_volume)
        assert next(gate for gate in reading.gates if gate.name == "Volume surge").detail == "in the last 60 s"
    silent = reading_at(facts, 100.2, minute + 20, running_volume=900.0, volume_60s=0.0)
    assert silent.surge == 0.0


def test_a_line_younger_than_a_minute_passes_by_nothing_that_it_has_not_seen() -> None:
    facts = facts_of(session_bars(130, volume=1_000.0))
    minute = OPEN + 130 * 60
    seen = {"volume_60s": None, "running_volume": 900.0}
    later = reading_at(facts, 100.2, minute + 20, seen_from=minute + 5, **seen)
    assert later.surge == pytest.approx(0.9) and not later.triggers, "900 in 15 s are no 3,600"
    assert "not projected" in next(gate for gate in later.gates if gate.name == "Volume surge").detail
    assert (later.told_surge, later.told_rel_volume) == (None, None), "15 s tell nothing of a minute"
    assert nearest_miss(later, PARAMS) == "Volume surge: fewer than 60 s were counted since its line began."
    loud = reading_at(facts, 100.2, minute + 20, volume_60s=None, running_volume=1_500.0)
    assert loud.triggers, "it has the volume of a minute already"
    early = reading_at(facts, 100.2, minute + 14, **seen)
    assert early.surge == pytest.approx(1.0), "the whole minute before"
    unknown = reading_at(facts, 100.2, minute + 30, volume_60s=None, running_volume=None)
    assert unknown.surge == pytest.approx(1.0), "nothing counted: the minute before"


def test_relative_volume_says_its_base() -> None:
    usual = UsualVolume(np.full(96, 500.0, dtype=np.float32), 20, 1e6)
    now = OPEN + 130 * 60 + 30
    live = Live(100.0, 500.0, now - 30, 2e6, None, volume_60s=1_000.0)
    with_base = read("long", facts_of(session_bars(130), usual), live, PARAMS, now)
    assert (with_base.rel_volume, with_base.rel_base) == (pytest.approx(2.0), "20 sessions")
    without = read("long", facts_of(session_bars(130)), live, PARAMS, now)
    assert (without.rel_volume, without.rel_base) == (pytest.approx(1.0), "SMA20")


def test_unknown_passes_only_for_positions() -> None:
    facts = facts_of(session_bars(130))
    now = OPEN + 130 * 60 + 30
    stock_reading = reading_at(facts, 100.2, now, average_volume=None)
    assert not stock_reading.triggers
    assert next(gate for gate in stock_reading.gates if gate.name == "Average volume").passed is None
    assert reading_at(facts, 100.2, now, average_volume=None, floors=None).triggers


@pytest.mark.parametrize(
    ("last", "per_point", "average", "price", "money"),
    [
        (450.0, 0.0131, 1_000_000.0, (5.895, True), (5_895_000.0, True)),  # 450 p at 1.31 $ for a pound
        (70.55, 0.0131, 1_000_000.0, (0.924205, False), (924_205.0, False)),  # 71 p are no 71 $
        (2_000.0, 0.0065, 500_000.0, (13.0, True), (6_500_000.0, True)),  # yen
        (2_000.0, None, 500_000.0, (None, None), (None, None)),
        (100.0, 1.0, 500_000.0, (100.0, True), (50_000_000.0, True)),
    ],
)
def test_floors_are_in_dollars(last, per_point, average, price, money) -> None:
    live = Live(
        last, 5.0, OPEN, average, FLOORS, usd_per_point=per_point, no_usd="no rate" if per_point is None else ""
    )
    gates = {
        gate.name: gate for gate in read_common(facts_of(session_bars(130)), live, PARAMS, OPEN + 7_830).other_gates
    }
    for name, (value, passed) in (("Price floor", price), ("Dollar volume", money)):
        assert gates[name].value == (None if value is None else pytest.approx(value))
        assert gates[name].passed is passed
        said = {None: "no rate", 1.0: ""}.get(per_point, "in USD by the account's exchange rate")
        assert gates[name].detail == said


@pytest.mark.parametrize("last", [0.0065, -19.9, 70.55])
def test_where_no_floor_applies_there_is_no_money_to_compare(last: float) -> None:
    live = Live(last, 5.0, OPEN, 4e6, None)
    gates = {
        gate.name: gate for gate in read_common(facts_of(session_bars(130)), live, PARAMS, OPEN + 7_830).other_gates
    }
    for name in ("Price floor", "Dollar volume"):
        assert gates[name][1:] == (None, None, True, "floors hold for stocks of the universe only")
    assert gates["Average volume"].value == 4e6


def test_a_frozen_level_does_not_move_with_the_bars_it_makes() -> None:
    facts = facts_of(session_bars(130) + session_bars(3, 103.0, OPEN + 130 * 60))
    now = OPEN + 133 * 60 + 30
    live = Live(102.0, 5_000.0, now - 30, 2e6, FLOORS)
    assert not read("long", facts, live, PARAMS, now).beyond
    held = read("long", facts, live, PARAMS, now, Progress(20.0), Frozen(100.0, "range", 0.5))
    assert held.beyond and held.level == 100.0 and held.distance_atr == pytest.approx(4.0)


def test_the_short_side_is_the_mirror() -> None:
    up = session_bars(130, 100.0)
    down = [Bar(b.time, 200 - b.open, 200 - b.low, 200 - b.high, 200 - b.close, b.volume) for b in up]
    now = OPEN + 130 * 60 + 30
    live = Live(100.2, 5_000.0, now - 30, 2e6, FLOORS)
    long = read("long", facts_of(up), live, PARAMS, now)
    short = read("short", facts_of(down), live._replace(last=99.8), PARAMS, now)
    assert long.triggers and short.triggers
    assert short.distance_atr == pytest.approx(long.distance_atr)
    assert score(short, PARAMS, True)[0] == pytest.approx(score(long, PARAMS, True)[0])


def test_the_nearest_miss_in_words() -> None:
    facts = facts_of(session_bars(130))
    now = OPEN + 130 * 60 + 30
    reading = reading_at(facts, 98.75, now, volume_60s=1_490.0)
    text = nearest_miss(reading, PARAMS)
    assert text == "Nearest miss: volume surge at 1.49x of 1.50x. Price is 1.25 (2.5 ATR) under the level."
    rows = {row.name: row for row in rule_checks(reading)}
    assert (rows["Price above trigger"].text, rows["Price above trigger"].limit_text) == ("98.75", "> 100.05")
    assert (rows["Volume surge"].text, rows["Volume surge"].limit_text) == ("1.49x", "≥ 1.50x")
    assert rows["Average volume"].text == "2.0 M" and rows["Average volume"].limit_text == "≥ 500.0 k"
    assert rows["Warm-up"].text == "34/34"
    assert rows["Confirmed"].text == "0 s"


def test_the_volume_of_a_young_visit_is_projected_from_what_it_saw() -> None:
    now = 100 * 60.0 + 50.0
    facts = facts_of(session_bars(130))
    visit = Live(100.0, 500.0, now - 50, 2e6, None, is_visit=True)
    whole = read("long", facts, visit._replace(seen_from=now - 50), PARAMS, now)
    young = read("long", facts, visit._replace(seen_from=now - 20), PARAMS, now)
    fresh = read("long", facts, visit._replace(seen_from=now - 5), PARAMS, now)
    assert whole.surge is not None and young.surge == pytest.approx(whole.surge * 50 / 20)
    assert fresh.surge is None, "five seconds tell nothing"


def test_a_closed_market_has_no_running_minute() -> None:
    """Else the first 15 s of each minute of a weekend would read otherwise than the rest."""
    facts = facts_of(session_bars(130))
    for second in (5.0, 40.0):
        now = OPEN + 130 * 60.0 + second
        reading = read("long", facts, Live(100.0, 500.0, now - second, 2e6, None, blocked="frozen"), PARAMS, now)
        assert (reading.surge, reading.rel_volume) == (None, None)
