"""Many replays, two at a time: recordings and truths are made once and kept, runs are forked from a warm parent."""

from __future__ import annotations

import gc
import json
import logging
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NamedTuple, TypeVar

from benchmarks.coverage_replay import POSITIONS, Outcome, Replay, RunSettings, of_all, warm_store
from benchmarks.coverage_score import Raised, Score, score
from benchmarks.coverage_truth import Truth, TruthStore
from benchmarks.coverage_world import Recording, digest, load, record, recording_key, save
from engine.bars.store import BarStore
from simulator.world.manner import USUAL_MANNER, Manner

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "reports" / "coverage"
AT_ONCE = 2
_TRUTH_SOURCES = (
    "engine/bars/*.py",
    "engine/config.py",
    "engine/scanners/breakout.py",
    "engine/breakout/facts.py",
    "engine/breakout/rules.py",
    "engine/breakout/life.py",
    "engine/breakout/volumes.py",
    "engine/breakout/detector.py",
    "benchmarks/coverage_truth.py",
)


_RUN_SOURCES = (
    *_TRUTH_SOURCES,
    "engine/broker/pacing.py",
    "engine/coverage/*.py",
    "engine/lines/*.py",
    "engine/scanners/*.py",
    "engine/sharding/*.py",
    "benchmarks/coverage_gateway.py",
    "benchmarks/coverage_policies.py",
    "benchmarks/coverage_replay.py",
    "benchmarks/coverage_score.py",
    "benchmarks/coverage_world.py",
)


@dataclass(frozen=True)
class Stretch:
    """Market minutes of a replay, the first `settle_min` not scored. `stocks` of the world, `symbols` recorded.

    `recorded_min` = the length of the recording, whose beginning is replayed; 0 = its own.
    """

    minutes: int = 28
    settle_min: int = 4
    recorded_min: int = 0
    symbols: int = 1_500
    stocks: int = 2_400
    manner: Manner = USUAL_MANNER

    @property
    def length_min(self) -> int:
        """Of the recording and its truth."""
        return max(self.minutes, self.recorded_min)


@dataclass(frozen=True)
class Run:
    seed: int
    stretch: Stretch
    settings: RunSettings

    @property
    def path(self) -> Path:
        """Where its score is kept."""
        s = self.settings
        name = (
            f"{s.symbols}-{s.policy}-{s.dwell_s:g}-{s.normal_max}-{s.top_max}-{s.promote:d}-{s.engines}-{self.seed}"
            + "".join(f"-{name}={value:g}" for name, value in sorted(s.changes.items()))
        )
        return KEPT / f"runs-{_code_key(self.stretch)}" / f"{name}.json"

    @property
    def length(self) -> int:
        """How long it takes, roughly."""
        return self.stretch.minutes * (500 * self.settings.engines + self.settings.symbols)


class Jobs:
    """Functions in forked processes, `AT_ONCE` at a time."""

    def __init__(self) -> None:
        self._running: dict[int, BaseProcess] = {}
        self.failed = 0

    def start(self, work: Callable[[], None]) -> None:
        while len(self._running) >= AT_ONCE:
            self._reap()
        process = multiprocessing.get_context("fork").Process(target=work)
        process.start()
        self._running[process.sentinel] = process

    def finish(self) -> None:
        while self._running:
            self._reap()

    def _reap(self) -> None:
        for sentinel in wait(list(self._running)):
            process = self._running.pop(int(sentinel))  # type: ignore[call-overload]
            process.join()
            self.failed += process.exitcode != 0


def prepare(seeds: Sequence[int], stretches: Iterable[Stretch]) -> None:
    """Recordings and truths of all seeds on disk."""
    KEPT.mkdir(parents=True, exist_ok=True)
    jobs = Jobs()
    # The keys of the sources as they are now: forked jobs and this process agree.
    wanted = {_truth_path(seed, stretch): (seed, stretch) for stretch in stretches for seed in seeds}
    for seed, stretch in sorted(wanted.values(), key=lambda each: -each[1].length_min):
        jobs.start(partial(_prepare_one, seed, stretch))
    jobs.finish()
    if jobs.failed:
        raise RuntimeError(f"{jobs.failed} recordings could not be made; the errors stand above")


def _prepare_one(seed: int, stretch: Stretch) -> None:
    logging.disable(logging.INFO)
    path = _recording_path(seed, stretch)
    if not path.exists():
        save(record(seed, stretch.length_min, stretch.symbols + POSITIONS, stretch.stocks, stretch.manner), path)
    truth = _truth_path(seed, stretch)
    if not truth.exists():
        recording = load(path)
        found = Truth(recording, warm_store(recording, TruthStore(recording)), stretch.symbols)
        _write(truth, json.dumps(found.run(stretch.length_min * 60.0)))


def truth_of(seed: int, stretch: Stretch) -> list[Raised]:
    """The truth that `prepare` has made, of the whole recording."""
    return [Raised(*row) for row in json.loads(_truth_path(seed, stretch).read_text("utf-8"))]


def run_all(runs: Iterable[Run], say: Callable[[str], None]) -> dict[Path, Score]:
    """The scores by `Run.path`; what ran before with the same code is not run again. RuntimeError when one broke."""
    wanted = {run.path: run for run in runs}
    left: dict[Path, list[Run]] = {}
    for path, run in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            left.setdefault(_recording_path(run.seed, run.stretch), []).append(run)
    jobs = Jobs()
    with _no_collector():
        for recorded in left.values():
            recorded.sort(key=lambda run: -run.length)
            scene = _scene(recorded[0].seed, recorded[0].stretch)
            gc.freeze()
            for run in recorded:
                jobs.start(partial(_run_one, run, scene))
            say(f"seed {recorded[0].seed}: {len(recorded)} replays done or under way")
        jobs.finish()
    missing = [path for path in wanted if not path.exists()]
    if jobs.failed or missing:
        raise RuntimeError(f"{len(missing)} of {len(wanted)} runs broke; the errors stand above")
    return {path: Score.of_json(json.loads(path.read_text("utf-8"))) for path in wanted}


class _Scene(NamedTuple):
    """What the forked runs of one recording share."""

    recording: Recording
    store: BarStore
    truth: list[Raised]


def _scene(seed: int, stretch: Stretch) -> _Scene:
    recording = load(_recording_path(seed, stretch))
    return _Scene(recording, warm_store(recording, BarStore()), truth_of(seed, stretch))


def _outcomes(run: Run, scene: _Scene) -> Iterator[Outcome]:
    """Of each engine; several in turn, each in a process that changes a store of its own."""
    for which in range(run.settings.engines):
        one = partial(_outcome, run, scene, which)
        yield one() if run.settings.engines == 1 else in_a_fork(one)


def _outcome(run: Run, scene: _Scene, which: int) -> Outcome:
    replay = Replay(scene.recording, scene.store, run.settings, which)
    return replay.run(run.stretch.minutes * 60.0, run.stretch.settle_min * 60.0)


def in_a_fork(work: Callable[[], T]) -> T:
    """What it returns, of a process that has this one's memory."""
    forked = multiprocessing.get_context("fork")
    ours, theirs = forked.Pipe(duplex=False)
    process = forked.Process(target=lambda: theirs.send(work()))
    process.start()
    theirs.close()
    try:
        return ours.recv()  # type: ignore[no-any-return]
    finally:
        process.join()


def _run_one(run: Run, scene: _Scene) -> None:
    logging.disable(logging.WARNING)
    recording, store, truth = scene
    stretch = run.stretch
    members = {contract.con_id for contract in recording.contracts[: run.settings.symbols]}
    outcome = of_all(list(_outcomes(run, scene)))
    if outcome.errors_101 or outcome.most_lines > run.settings.line_limit:
        raise AssertionError(f"{run.path.stem}: {outcome.errors_101} x error 101, {outcome.most_lines} lines at most")
    start, end = recording.start + stretch.settle_min * 60.0, recording.start + stretch.minutes * 60.0
    mine = [signal for signal in truth if signal.con_id in members]
    result = score(mine, outcome.signals, start, end, outcome.activity, outcome.ages)
    _write(run.path, json.dumps(result.as_json()))


@cache
def _code_key(stretch: Stretch) -> str:
    """Changes with whatever a run's score depends on."""
    sources = sorted(path for pattern in _RUN_SOURCES for path in ROOT.glob(pattern))
    return digest([str(stretch).encode(), *(path.read_bytes() for path in sources)])


@cache  # a source that is edited meanwhile does not move it
def _recording_path(seed: int, stretch: Stretch) -> Path:
    key = recording_key(seed, stretch.length_min, stretch.symbols, stretch.stocks, stretch.manner)
    return KEPT / f"world-{key}.npz"


@cache
def _truth_path(seed: int, stretch: Stretch) -> Path:
    sources = sorted(path for pattern in _TRUTH_SOURCES for path in ROOT.glob(pattern))
    parts = [_recording_path(seed, stretch).name.encode(), *(path.read_bytes() for path in sources)]
    return KEPT / f"truth-{digest(parts)}.json"


def _write(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


@contextmanager
def _no_collector() -> Iterator[None]:
    """Forked runs share the parent's memory: a collection would copy it."""
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.enable()
