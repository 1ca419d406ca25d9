"""A short replay of a small world: the real bus under the benchmark's gateway."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks.coverage_replay import POLICIES, POSITIONS, Outcome, Replay, RunSettings, warm_store
from benchmarks.coverage_truth import Truth, TruthStore
from benchmarks.coverage_world import STEPS_PER_MIN, Recording, load, record, save
from engine.bars.store import BarStore
from engine.broker.port import ScanSpec
from simulator.world.manner import USUAL_MANNER

SYMBOLS = 14
LIMIT = 11
SECONDS = 20.0


@pytest.fixture(scope="module")
def recording() -> Recording:
    return record(seed=7, minutes=1, symbols=SYMBOLS + POSITIONS, stocks=120, manner=USUAL_MANNER)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


def replayed(recording: Recording, policy: str, seconds: float = SECONDS) -> Outcome:
    settings = RunSettings(SYMBOLS, policy, 2.0, line_limit=LIMIT)
    return Replay(recording, warm_store(recording, BarStore()), settings).run(seconds)


def test_bars_of_the_recording_are_those_of_its_quotes(recording: Recording) -> None:
    bars = recording.bars(0, STEPS_PER_MIN - 1, 300.0)
    assert [bar.time for bar in bars] == [recording.start]
    minute = recording.minutes
    tick = float(recording.tick[0])
    assert bars[0].high == pytest.approx(int(minute["high"][0, 0]) * tick)
    assert bars[0].low == pytest.approx(int(minute["low"][0, 0]) * tick)
    assert bars[0].close == pytest.approx(int(minute["close"][0, 0]) * tick)


def test_scans_see_the_runs_symbols_only(recording: Recording) -> None:
    spec = ScanSpec("x", "TOP_VOLUME_RATE", "STK", "STK.US.MAJOR")
    found = recording.scan(spec, 0, np.arange(5))
    assert sorted(found) == sorted(contract.con_id for contract in recording.contracts[:5])


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_keeps_the_budget(recording: Recording, policy: str) -> None:
    outcome = replayed(recording, policy, 8.0)
    assert outcome.errors_101 == 0
    assert outcome.most_lines <= LIMIT
    assert outcome.activity.worst_second <= 42
    assert outcome.activity.visits_per_min > 0


def test_rotation_reaches_more_than_it_has_lines_for(recording: Recording) -> None:
    outcome = replayed(recording, "rotation")
    assert outcome.activity.visits_per_min * SECONDS / 60.0 > SYMBOLS
    assert outcome == replayed(recording, "rotation")


def test_the_truth_runs_and_a_stored_recording_is_the_same(recording: Recording, tmp_path: Path) -> None:
    save(recording, tmp_path / "world.npz")
    stored = load(tmp_path / "world.npz")
    assert stored.contracts == recording.contracts
    found = [Truth(each, warm_store(each, TruthStore(each)), SYMBOLS).run(SECONDS) for each in (recording, stored)]
    assert found[0] == found[1]
