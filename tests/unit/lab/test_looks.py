"""Looks every 10 s: when a recorded day is looked at, and the short cut against the detector at every look."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.bars.archive import BarArchive, Saved
from engine.bars.bar_files import NO_BARS, BarColumns, StoredSession
from engine.bars.series import BarArrays
from engine.bars.usual import UsualVolume
from engine.config import BreakoutParams
from engine.domain import ContractRef
from engine.lab.app_days import AppRecordings
from engine.lab.features import Features
from engine.lab.looks import Looks, looks_of
from engine.lab.messages import AskAudit, AskPreview, LoadToday
from engine.lab.often import every_look
from engine.lab.preview import Today
from engine.lab.recordings import CsvRecordings
from engine.lab.replay import replay
from engine.lab.stack import stack_tapes
from engine.lab.stepwise import LabSignal, stepwise
from engine.lab.sweep import sweep
from engine.lab.tape import Around, Tape, make_tape
from engine.state.score_sections import ScoreFigures
from tests.examples import examples
from tests.unit.lab.lab_samples import ask_sweep, symbol_minutes, walk, write_days
from tests.unit.lab.test_replay import EAGER, FLOORS, OPEN, a_set

START = OPEN - 1_800.0


def some_tens(seed: int, minutes: int, step: float = 0.02) -> BarColumns:
    """A random walk of 10-second bars on a 1-cent grid, volume in bursts."""
    rng = np.random.default_rng(seed)
    count = 6 * minutes
    close = np.round(50.0 + np.cumsum(rng.normal(0, step, count)), 2)
    open_ = np.concatenate([close[:1], close[:-1]])
    spread = np.round(np.abs(rng.normal(0, step / 2, count)), 2)
    volume = np.round(rng.lognormal(5, 1.3, count)) * (rng.random(count) < 0.9)
    time = START + 10.0 * np.arange(count)
    high, low = np.maximum(open_, close) + spread, np.minimum(open_, close) - spread
    return BarColumns(time, open_, high, low, close, volume, np.full(count, 3.0))


def minutes_of(tens: BarColumns) -> BarArrays:
    """The minutes that these 10 s make."""
    rows = [column.reshape(-1, 6) for column in tens]
    return BarArrays(
        rows[0][:, 0], rows[1][:, 0], rows[2].max(axis=1), rows[3].min(axis=1), rows[4][:, -1], rows[5].sum(axis=1)
    )


def a_day(seed: int, minutes: int, style: str, based: bool = False, average: float | None = 2e6) -> Tape:
    """Bars of a day, of which some was streamed: all, an hour in the middle, some minutes here and there; or with
    minutes that nobody saw."""
    rng = np.random.default_rng(seed + 1)
    tens = some_tens(seed, minutes, 0.0 if style == "flat" else 0.02)
    bars = minutes_of(tens)
    kept = np.ones(len(tens.time), dtype=np.bool_)
    if style == "middle":
        kept = (tens.time >= START + 1_215.0) & (tens.time < START + 4_000.0)
    elif style == "pieces":
        kept = np.repeat(rng.random(len(kept) // 3 + 1) < 0.7, 3)[: len(kept)]
    elif style == "gaps":
        there = np.sort(rng.choice(minutes, max(1, minutes * 4 // 5), replace=False))
        bars = BarArrays(*(column[there] for column in bars))
    quality = np.where(rng.random(len(kept)) < (0.1 if style == "pieces" else 0.0), 0.0, 3.0)
    tens = BarColumns(*(column[kept] for column in (*tens[:6], quality)))
    usual = UsualVolume(np.full(96, 800.0, dtype=np.float32), 12, 1e6) if based else None
    around = Around(usual=usual, average_volume=average, tens=tens)
    return make_tape("X", "2013-10-07", bars, min(3, len(bars.time)), around)


def rows(looks: Looks | None) -> list[tuple[float, int, bool]]:
    assert looks is not None
    each = zip(looks.time.tolist(), looks.bar.tolist(), looks.is_ten.tolist(), strict=True)
    return [(round(at - START, 3), bar, is_ten) for at, bar, is_ten in each]


def test_where_10_seconds_are_they_are_looks_and_elsewhere_the_minute_is_one() -> None:
    tens = some_tens(1, 4)
    bars = minutes_of(tens)
    second = BarColumns(*(column[6:12] for column in tens))
    looks = looks_of(bars, 0, second)
    assert looks is not None
    assert rows(looks) == [
        (59.999, 0, False),
        *((70.0 + 10.0 * n, 1, True) for n in range(5)),
        (120.0, 2, True),  # the minute has closed by then, as it has for live
        (179.999, 2, False),
        (239.999, 3, False),
    ]
    assert looks.price[1:7].tolist() == second.close.tolist() and looks.low[1:7].tolist() == second.low.tolist()
    assert looks.volume[0] == bars.volume[0] and np.isnan(looks.volume[1:6]).all()
    assert looks.volume[6] == second.volume.sum() == bars.volume[1]
    assert looks.counted[1:7].tolist() == [*np.cumsum(second.volume)[:5], 0.0]
    assert looks_of(bars, 0, NO_BARS) is None


def test_10_seconds_that_were_seen_in_part_are_no_look_and_no_sum() -> None:
    tens = some_tens(2, 4)
    tens.quality[9] = 0.0
    looks = looks_of(minutes_of(tens), 1, tens)
    assert looks is not None
    assert looks.time[0] - START == 60.0, "from the first minute that is judged"
    assert 100.0 not in (looks.time - START).tolist()
    known = dict(zip((looks.time - START).tolist(), np.isfinite(looks.volume).tolist(), strict=True))
    assert [known[at] for at in (90.0, 110.0, 150.0, 160.0)] == [False, False, False, True]


def slow(tapes: list[Tape], params: BreakoutParams) -> list[LabSignal]:
    found: list[LabSignal] = []
    for number, tape in enumerate(tapes):
        way = stepwise if tape.looks is None else every_look
        found += way(number, tape, params, FLOORS)
    return sorted(found, key=lambda signal: (signal.tape, signal.at, signal.side))


def assert_same(tapes: list[Tape], params: BreakoutParams) -> int:
    fast, every = replay(Features(stack_tapes(tapes)), params, FLOORS), slow(tapes, params)
    assert [signal[:8] for signal in fast] == [signal[:8] for signal in every]
    for mine, theirs in zip(fast, every, strict=True):
        assert mine[8:] == pytest.approx(theirs[8:], abs=1e-4)
    return len(fast)


def kept(folder: Path, day: int, tens: BarColumns) -> None:
    """On disk, as the engine keeps them."""
    archive = BarArchive(folder, 0.0)
    minutes = minutes_of(tens)
    session = StoredSession(day, OPEN, OPEN + 23_400.0, BarColumns(*minutes, np.full(len(minutes.time), 3.0)))
    archive.save([Saved(ContractRef(1, "AAA", "AAA", "STK"), (session,), [], (), ((day, tens),))], OPEN)
    archive.close()


def until(tens: BarColumns, end: float) -> BarColumns:
    return tens.between(float("-inf"), end)


def test_the_preview_reads_todays_looks_from_the_disk_and_goes_on_with_them(tmp_path: Path) -> None:
    tens, today = some_tens(4, 240), Today()
    params = BreakoutParams(**EAGER)
    found: list[ScoreFigures] = []
    for end in (START + 7_200.0, START + 14_400.0):
        kept(tmp_path, 20131007, until(tens, end))
        minutes = replace(symbol_minutes(1, minutes_of(until(tens, end))), dates=(20131007,))
        today.load(
            LoadToday(0, START, end == START + 7_200.0, (minutes, symbol_minutes(2, walk(2, 100))), str(tmp_path))
        )
        answer = today.preview(AskPreview(1, params.model_dump(), params.model_dump(), 5e6))
        assert (answer.symbols, answer.often) == (2, 1)
        found.append(answer.moved)
    tape = make_tape("S1", "", minutes_of(tens), 0, Around(average_volume=2e6, tens=tens))
    alone = [tape._replace(looks=None), make_tape("S2", "", walk(2, 100), 0, Around(average_volume=2e6))]
    every = len(every_look(0, tape, params, FLOORS))
    assert found[1].signals == every + len(stepwise(0, alone[1], params, FLOORS)) > found[0].signals
    assert every > len(stepwise(0, alone[0], params, FLOORS)), "minutes alone find fewer"
    today.load(LoadToday(0, START, True, (replace(symbol_minutes(1, minutes_of(tens)), dates=(20131007,)),), ""))
    assert today.preview(AskPreview(1, params.model_dump(), params.model_dump(), 5e6)).often == 0


def test_the_preview_reads_both_trading_days_of_a_futures_evening(tmp_path: Path) -> None:
    tens, today = some_tens(4, 240), Today()
    evening = START + 7_200.0
    kept(tmp_path, 20131007, until(tens, evening))
    kept(tmp_path, 20131008, tens.between(evening, float("inf")))
    minutes = replace(symbol_minutes(1, minutes_of(tens)), dates=(20131007, 20131008))
    for _ in range(2):
        today.load(LoadToday(0, START, False, (minutes,), str(tmp_path)))
        looks = today._tapes[1].looks
        assert looks is not None and looks.is_ten.sum() == 6 * 240 - 1, "the last look ends with the last bar"


def test_10_seconds_of_a_wrong_unit_are_dropped_though_they_were_read(tmp_path: Path) -> None:
    tens, today = some_tens(4, 240), Today()
    kept(tmp_path, 20131007, tens)
    minutes = replace(symbol_minutes(1, minutes_of(tens)), dates=(20131007,))
    today.load(LoadToday(0, START, True, (minutes,), str(tmp_path)))
    for _ in range(2):
        today.load(LoadToday(0, START, False, (replace(minutes, tens_from=START + 7_200.0),), str(tmp_path)))
        looks = today._tapes[1].looks
        assert looks is not None and looks.time[looks.is_ten].min() > START + 7_200.0
    today.load(LoadToday(0, START, False, (replace(minutes, tens_from=START + 14_400.0),), str(tmp_path)))
    assert today._tapes[1].looks is None


def test_a_run_says_how_often_the_days_were_looked_at(tmp_path: Path) -> None:
    kept(tmp_path, 20131007, some_tens(5, 200))
    result = list(sweep(replace(ask_sweep(1, tmp_path), kind="app"), AppRecordings(tmp_path)))[-1].result
    assert "All days have 10-second bars: looked at every 10 s where they streamed, as live does." in result.notes
    files = tmp_path / "files"
    files.mkdir()
    write_days(files, ("AAA",), 1)
    result = list(sweep(ask_sweep(1, files), CsvRecordings(files)))[-1].result
    assert any(note.startswith("There are minutes alone") and "of live's signals" in note for note in result.notes)


STYLES = ("all", "middle", "pieces", "gaps", "flat")


@examples(12)
@given(
    params=a_set,
    days=st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from(STYLES)), min_size=1, max_size=3),
    minutes=st.integers(1, 120),
    based=st.booleans(),
    average=st.sampled_from([None, 1e5, 2e6]),
)
def test_the_short_cut_gives_what_the_detector_says_at_every_look(params, days, minutes, based, average) -> None:
    assert_same([a_day(seed, minutes, style, based, average) for seed, style in days], params)


def test_the_comparison_sees_many_signals() -> None:
    tapes = [a_day(seed, 200, style, True) for seed, style in enumerate(("all", "middle", "pieces", "gaps"))]
    counts = [
        assert_same(tapes, BreakoutParams(**EAGER, **more))
        for more in ({}, {"confirm_bars": 2}, {"confirm_s": 0}, {"confirm_s": 90, "alert_hold_s": 0})
    ]
    assert min(counts) >= 10, counts


def test_what_moves_from_minute_to_minute_is_judged_apart_and_all_is_told_as_one() -> None:
    """Whatever came when, the answers are those of one load."""
    params = BreakoutParams(**EAGER).model_dump()
    ask, audit = AskPreview(1, params, {**params, "bars_n": 12}, 5e6), AskAudit(2, params, 5e6)
    whole, parts = Today(), Today()
    whole.load(LoadToday(0, OPEN, True, tuple(symbol_minutes(n, walk(n)) for n in range(1, 7))))
    parts.load(LoadToday(0, OPEN, True, tuple(symbol_minutes(n, walk(n, 200)) for n in (1, 2, 3))))
    parts.load(LoadToday(0, OPEN, False, tuple(symbol_minutes(n, walk(n, 200)) for n in (4, 5, 6))))
    parts.preview(ask)
    parts.load(LoadToday(0, OPEN, False, tuple(symbol_minutes(n, walk(n)) for n in (2, 5))))
    parts.preview(ask)
    parts.load(LoadToday(0, OPEN, False, tuple(symbol_minutes(n, walk(n)) for n in (1, 3, 4, 6))))
    one, other = whole.preview(ask), parts.preview(ask)
    assert replace(one, took_ms=0.0) == replace(other, took_ms=0.0) and one.new_total > 0
    by_name = [
        sorted((answer.symbols[each.tape], answer.con_ids[each.tape], *each[1:]) for each in answer.signals)
        for answer in (whole.audit(audit), parts.audit(audit))
    ]
    assert by_name[0] == by_name[1] and len(by_name[0]) > 10
