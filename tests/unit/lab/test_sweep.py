"""A run: how the days are split, what is ranked, what is left out, and the figures of groups."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.errors import LabError
from engine.lab.batches import batches_of
from engine.lab.choice import Most
from engine.lab.messages import Progress, SweepAnswer
from engine.lab.preview import differences
from engine.lab.recordings import CsvRecordings
from engine.lab.stepwise import LabSignal
from engine.lab.summary import Judged, bucket_of, grouped, hour_of, spread
from engine.lab.sweep import split_tapes, sweep
from engine.lab.tape import Around, make_tape
from engine.outcomes.figures import figures
from engine.state.lab_sections import LabResultSection, Range
from tests.unit.lab.lab_samples import OPEN, ask_sweep, walk, write_day, write_days


def run(folder: Path, *ranges: Range, **more) -> LabResultSection:
    said = list(sweep(ask_sweep(1, folder, *ranges, **more), CsvRecordings(folder)))
    assert all(isinstance(each, Progress) for each in said[:-1]) and isinstance(said[-1], SweepAnswer)
    return said[-1].result


def judged(minute: int, move: float | None = 0.0, side: str = "long", tape: int = 0, score: float = 0.8) -> Judged:
    at = OPEN + 60.0 * minute
    signal = LabSignal(tape, side, minute, at, at, 1.0, "range", 1.0, 0.1, score, None, None)
    after = (math.nan,) * 3 if move is None else (max(0.0, move), min(0.0, move), move)
    return Judged("X", "2013-10-07", signal, after * 4)


def test_the_best_set_is_chosen_by_the_first_days_and_judged_by_the_last(tmp_path: Path):
    write_days(tmp_path, ("AAA", "BBB", "CCC"), 4)
    loose = Range("rel_volume", (0.5, 1.5)), Range("bars_n", (10.0, 20.0, 30.0))
    result = run(tmp_path, *loose)
    assert result.split == "chosen by the first 3 of 4 days, judged by the last"
    assert (result.sets, result.tapes, len(result.cells)) == (6, 12, 6)
    merits = [each.chosen.moves[2] for each in result.best]
    assert merits == sorted(merits, reverse=True) and len(merits) > 1
    assert [each.values for each in result.best] != [] and result.names == ("rel_volume", "bars_n")
    best = result.best[0]
    place = [0.5, 1.5].index(best.values[0]) * 3 + [10.0, 20.0, 30.0].index(best.values[1])
    assert result.cells[place] == (best.chosen.moves[2], best.judged.moves[2], result.signals_total)
    late = [line for line in result.signals if line.judged]
    assert {line.day for line in late} <= {"2013-10-10"} and len(late) == best.judged.signals
    assert sum(group.figures.signals for group in result.by_side) == best.judged.signals


def test_a_single_day_is_split_by_symbols_and_one_tape_not_at_all(tmp_path: Path):
    write_days(tmp_path, ("AAA", "BBB", "CCC"), 1)
    assert run(tmp_path).split == "one day only: chosen by 2 of 3 symbols, judged by the others"
    alone = tmp_path / "alone"
    alone.mkdir()
    write_days(alone, ("AAA",), 1)
    result = run(alone)
    assert "no split is possible" in result.split and result.base.judged is None and result.best == ()
    assert split_tapes([]).judging == frozenset()


def test_sets_that_make_no_sense_or_have_few_signals_are_not_ranked(tmp_path: Path):
    write_days(tmp_path)
    result = run(tmp_path, Range("ema_fast", (8.0, 40.0)), least=1_000)
    assert (result.sets, result.skipped, result.best) == (1, 1, ())
    assert result.cells[1] is None and result.cells[0][0] is None
    assert "No set has 1000 signals" in result.notes[-1]
    assert any("no earlier day on record" in note for note in result.notes)


def test_what_can_not_be_run_is_said(tmp_path: Path):
    write_days(tmp_path)
    with pytest.raises(LabError, match="None of the chosen symbols"):
        list(sweep(replace(ask_sweep(1, tmp_path), days=("2013-12-24",)), CsvRecordings(tmp_path)))
    with pytest.raises(LabError, match="Not recorded: APPL. Correct the name"):
        next(sweep(replace(ask_sweep(1, tmp_path), symbols=("AAA", "APPL")), CsvRecordings(tmp_path)))
    wide = tuple(float(n) for n in range(100))
    with pytest.raises(LabError, match="10,000 sets of parameters; at most 5,000"):
        list(sweep(ask_sweep(1, tmp_path, Range("bars_n", wide), Range("rel_volume", wide)), CsvRecordings(tmp_path)))


def test_figures_by_hand():
    found = figures([judged(0, -1.0), judged(1, 3.0), judged(2, 2.0), judged(3, None)])
    assert (found.signals, found.known, found.moves[2], found.best[2], found.worst[2]) == (4, (3,) * 4, 2.0, 2.0, 0.0)
    assert found.won == pytest.approx(2 / 3, abs=1e-4)
    assert figures([]).moves == (None,) * 4 and figures([]).won is None
    assert spread([judged(0, -9.0), judged(1, 0.0), judged(2, 0.9), judged(3, 4.0)]) == (1, 0, 0, 0, 0, 2, 0, 0, 0, 1)


def test_groups_by_hour_and_score():
    both = [judged(10, score=0.79), judged(40, score=1.0), judged(45, score=0.5)]
    assert [(group.name, group.figures.signals) for group in grouped(both, hour_of)] == [("09:00", 1), ("10:00", 2)]
    assert [bucket_of(each) for each in both] == ["0.7 to 0.8", "0.9 to 1.0", "0.5 to 0.6"]


def test_a_signal_that_only_shifts_is_neither_new_nor_gone():
    before = [judged(10), judged(60), judged(100, side="short")]
    after = [judged(12), judged(60), judged(100), judged(200)]
    new, gone = differences(before, after)
    assert [(each.signal.bar, each.signal.side) for each in new] == [(100, "long"), (200, "long")]
    assert [(each.signal.bar, each.signal.side) for each in gone] == [(100, "short")]


def test_a_run_in_many_small_steps_finds_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_days(tmp_path, ("AAA", "BBB", "CCC"), 2)
    ranges = Range("rel_volume", (0.5, 1.5)), Range("bars_n", (10.0, 20.0))
    whole = run(tmp_path, *ranges)
    monkeypatch.setattr("engine.lab.sweep.batches_of", partial(batches_of, most_cells=1_600))
    said = list(sweep(ask_sweep(1, tmp_path, *ranges), CsvRecordings(tmp_path)))
    assert replace(said[-1].result, took_s=0.0) == replace(whole, took_s=0.0) and whole.signals_total > 0
    texts = [each.text for each in said[:-1]]
    assert (texts.count("getting ready"), texts.count("values in force"), texts.count("the best set")) == (3, 3, 3)
    assert texts.count("") == 4 * 3 + 4, "of each set, one step a batch, and its end"


def test_batches_hold_what_fits_with_its_padding():
    tapes = [make_tape("X", "", walk(n, n), 0, Around()) for n in (10, 10, 20, 50, 10)]
    sizes = [[len(tape.bars.time) for tape in batch] for batch in batches_of(tapes, 40)]
    assert sizes == [[10, 10], [20], [50], [10]] and list(batches_of([], 40)) == []


def test_a_named_symbol_without_any_of_the_chosen_days_is_noted(tmp_path: Path):
    days = write_days(tmp_path, ("AAA",), 2)
    write_day(tmp_path, "BBB", days[0], walk(1))
    ask = replace(ask_sweep(1, tmp_path), symbols=("AAA", "BBB"), days=(days[1],))
    result = list(sweep(ask, CsvRecordings(tmp_path)))[-1].result
    assert "Not recorded on the chosen days: BBB." in result.notes and result.tapes == 1


def test_a_run_takes_no_more_bars_than_it_has_memory_for(tmp_path: Path):
    write_days(tmp_path, ("AAA",), 3)
    with pytest.raises(LabError, match="memory for 1,200 minutes, .* for 2 of the 3 chosen symbol-days"):
        list(sweep(ask_sweep(1, tmp_path), CsvRecordings(tmp_path), Most(10, 1_200)))


def test_a_stretch_of_days_is_run_without_naming_each(tmp_path: Path):
    days = write_days(tmp_path, ("AAA",), 4)
    whole = replace(ask_sweep(1, tmp_path), since=days[1], until=days[2])
    assert list(sweep(whole, CsvRecordings(tmp_path)))[-1].result.tapes == 2
    assert list(sweep(replace(whole, until=""), CsvRecordings(tmp_path)))[-1].result.tapes == 3
    with pytest.raises(LabError, match="No day is recorded from 2014-01-01 to the last"):
        list(sweep(replace(whole, since="2014-01-01", until=""), CsvRecordings(tmp_path)))
