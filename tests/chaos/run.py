"""One sequence after another on one stage, each judged; several stages at once, each in a process of its own."""

from __future__ import annotations

import heapq
import multiprocessing.util
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.chaos import invariants
from tests.chaos.fault_table import KINDS, SEEN_S
from tests.chaos.honesty import Measured, Sample, Span, deadline, judge, measure
from tests.chaos.sequences import Fault, FaultSequence, make_sequence
from tests.chaos.shrinking import shrink
from tests.chaos.stage import BUFFER, LIMIT, Listener, Stage, small_disk
from tests.patience import wait_for

WELL_S = 60.0  # until the first green at the latest
AGAIN_S = 10.0  # from the last deadline to prices on every position
REPEATS = 3
STANDS_STILL_S = 2.0
PROVES_LITTLE_S = 5.0  # held up for so long, whatever had to be said in time could be late
SHRINK_RUNS = 12
FRESH_STAGE_AFTER = 15  # sequences: the market of a stage that ran for long is another one


@dataclass
class Verdict:
    """What broke, in words; empty = nothing."""

    seed: int
    family: str
    faults: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    measured: list[Measured] = field(default_factory=list)
    took_s: float = 0.0
    late_s: float = 0.0
    max_lines: int = 0
    worst_second: int = 0
    smallest: str = ""
    repeats: int = 0  # runs that were taken again because the machine stood still meanwhile


@dataclass
class _Played:
    """What happened while the faults were planted."""

    spans: list[Span] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


def run_sequence(stage: Stage, sequence: FaultSequence, data: Path) -> Verdict:
    """Plant its faults at their times, listen all the while, wait until all must be over, and judge."""
    verdict = Verdict(sequence.seed, sequence.family.name, [str(fault) for fault in sequence.faults])
    verdict.kinds = [fault.kind for fault in sequence.faults]
    began = time.monotonic()
    stage.begin(data)
    with Listener(stage) as listener:
        try:
            wait_for(lambda: listener.is_green and _all_priced(listener), "the first green", WELL_S)
            start = listener.now()
            played = _play(stage, sequence.faults, listener, start)
            _wait_for_the_end(listener, played.spans)
        except (AssertionError, RuntimeError, OSError) as error:
            verdict.broken.append(f"{type(error).__name__}: {error}")
            start, played = 0.0, _Played()
    said = _stopped(stage, verdict)
    verdict.took_s, verdict.late_s = time.monotonic() - began, listener.slack_s
    verdict.skipped = played.skipped
    verdict.broken += [*played.broken, *_lies(listener, played.spans, start)]
    verdict.measured = measure([each for each in listener.samples if each.t >= start], played.spans)
    verdict.broken += _breaks(stage, verdict, listener, said, data)
    return verdict


def _all_priced(listener: Listener) -> bool:
    rows = listener.rows[-1][1] if listener.rows else []
    return len(rows) >= 3 and all(row["last_kind"] not in (None, "portfolio", "close") for row in rows)


def _play(stage: Stage, faults: Sequence[Fault], listener: Listener, start: float) -> _Played:
    """Begin and end each fault at its time; what can't be planted here is left out and said."""
    played, order = _Played(), 0
    due: list[tuple[float, int, Fault, Callable[[], object] | None, float]] = []
    for fault in faults:
        heapq.heappush(due, (start + fault.at, order, fault, None, 0.0))
        order += 1
    while due:
        at, _, fault, ending, begun = heapq.heappop(due)
        while (left := at - listener.now()) > 0:
            time.sleep(min(left * stage.pace, 0.2))
        if ending is not None:
            ending()
            played.spans.append(Span(fault.number, fault.kind, begun, listener.now()))
            continue
        begun = listener.now()
        if fault.kind == "disk full" and not (stage.folder / "small").is_mount():
            played.skipped.append(fault.kind)
            continue
        heapq.heappush(due, (begun + fault.lasts, order, fault, stage.plant(fault), begun))
        order += 1
    return played


def _wait_for_the_end(listener: Listener, spans: Sequence[Span]) -> None:
    """Until the pages are green and priced for a second, and no longer than they may take."""
    slack_s = listener.slack_s + 1.0
    until = max((deadline(span, spans, slack_s) for span in spans), default=0.0) + AGAIN_S
    over = max((span.end for span in spans), default=0.0)
    while listener.now() < until:
        last = [each for each in listener.samples if each.t > max(over, listener.now() - 1.2)]
        fresh = [rows for t, rows in listener.rows if t > over]
        if len(last) >= 4 and not any(each.reasons for each in last) and fresh and _ticks(fresh[-1]):
            return
        time.sleep(0.2)


def _ticks(rows: Sequence[dict[str, Any]]) -> bool:
    """Every position has a line and a price of its own that is younger than some seconds."""
    return len(rows) >= 3 and all(
        row["has_line"] and row["last_kind"] not in (None, "portfolio") and (row["last_age_s"] or 0.0) < 5.0
        for row in rows
    )


def _stopped(stage: Stage, verdict: Verdict) -> dict[str, Any]:
    try:
        return stage.host.call("stop")
    except RuntimeError as error:
        verdict.broken.append(str(error))
        return {"errors": [], "restarts": {}, "stopped": True, "not_finite": ""}


def _lies(listener: Listener, spans: Sequence[Span], start: float) -> list[str]:
    """Of /healthz, and of the Health page's verdict in the parts of time in which it has to say something."""
    slack_s = listener.slack_s
    said = [each for each in listener.samples if each.t >= start]
    broken = judge(said, spans, slack_s)
    if said and said[-1].reasons:
        broken.append(f"at the end /healthz still says {said[-1].reasons}")
    rows = listener.rows[-1][1] if listener.rows else []
    if spans and not _ticks(rows):
        told = [(row["local_symbol"], row["has_line"], row["last_kind"], row["last_age_s"]) for row in rows]
        broken.append(f"at the end not every position ticks: {told}")
    return broken + _green_pages(listener.pages, said, spans, slack_s)


def _green_pages(pages: Sequence[Sample], said: Sequence[Sample], spans: Sequence[Span], slack_s: float) -> list[str]:
    """The page that says "Everything is running" while /healthz has named an open cause for a while."""
    broken = []
    for page in pages:
        if page.reasons:
            continue
        about = [each for each in said if page.t - 2.0 - slack_s <= each.t <= page.t + 1.0]
        must = [
            span
            for span in spans
            if KINDS[span.kind].red_s is not None
            and span.begin + (KINDS[span.kind].red_s or 0.0) + SEEN_S + slack_s < page.t < span.end - 0.5
        ]
        if must and len(about) >= 4 and all(each.reasons for each in about):
            broken.append(f"at {page.t:.1f} s the Health page says that everything is running: {about[-1].reasons}")
    return broken[:2]


def _breaks(stage: Stage, verdict: Verdict, listener: Listener, said: dict[str, Any], data: Path) -> list[str]:
    """Everything that is no matter of honesty."""
    ledgers = stage.ledger()
    verdict.max_lines = max(ledger["max_lines"] for ledger in ledgers)
    verdict.worst_second = max(ledger["worst_second"] for ledger in ledgers)
    broken = invariants.of_ledgers(ledgers, LIMIT, BUFFER, limit_lowered="101" in verdict.kinds)
    broken += invariants.of_lines(listener.lines, LIMIT)
    broken += invariants.of_rows(listener.rows)
    broken += listener.broken[:5]
    broken += invariants.of_log([line for each in (*stage.killed, said) for line in each["errors"]])
    if not said["stopped"]:
        broken.append("the engine did not stop in time")
    broken += [f"published: {each['not_finite']}" for each in (*stage.killed, said) if each["not_finite"]]
    if "damaged file" not in verdict.kinds:
        broken += invariants.of_journal(data, stage.acknowledged)
    return broken


# --- many ---------------------------------------------------------------------------------------------------------


class Runner:
    """A stage that is made anew now and then, and after every sequence that broke."""

    def __init__(self, folder: Path, pace: float) -> None:
        self._folder = folder
        self._pace = pace
        self._stage: Stage | None = None
        self._count = 0

    def run(self, sequence: FaultSequence) -> Verdict:
        if self._stage is not None and self._count % FRESH_STAGE_AFTER == 0:
            self.close()
        if self._stage is None:
            self._stage = Stage(self._folder, self._pace)
        self._count += 1
        data = self._folder / "small" / f"{sequence.seed}-{self._count}"
        is_clean = False
        try:
            verdict = run_sequence(self._stage, sequence, data)
            is_clean = not verdict.broken
            return verdict
        finally:
            shutil.rmtree(data, ignore_errors=True)
            if not is_clean:
                self.close()

    def judged(self, sequence: FaultSequence) -> Verdict:
        """Run it; again, where it breaks while the machine stands still, or where that excuses too much to pass."""
        for repeats in range(REPEATS):
            verdict = self.run(sequence)
            verdict.repeats = repeats
            if verdict.late_s < (STANDS_STILL_S if verdict.broken else PROVES_LITTLE_S):
                break
        return verdict

    def explained(self, sequence: FaultSequence, *, shrinks: bool) -> Verdict:
        """Run it; where it breaks, the command that runs the fewest of its faults that still break."""
        verdict = self.judged(sequence)
        if verdict.broken:
            numbers = [fault.number for fault in sequence.faults]
            if shrinks:
                numbers = list(shrink(numbers, lambda part: bool(self.judged(sequence.only(part)).broken), SHRINK_RUNS))
            verdict.smallest = sequence.only(numbers).replay()
        return verdict

    def close(self) -> None:
        if self._stage is not None:
            self._stage.close()
            self._stage = None


@contextmanager
def running(pace: float) -> Iterator[Runner]:
    """A runner with a folder, and where possible a small disk, of its own."""
    with TemporaryDirectory(prefix="qtrade-chaos-") as name, small_disk(Path(name) / "small"):
        runner = Runner(Path(name), pace)
        try:
            yield runner
        finally:
            runner.close()


def run_some(sequences: Sequence[FaultSequence], *, pace: float = 1.0, shrinks: bool = True) -> Iterator[Verdict]:
    """One sequence after the other; one that breaks is run again with ever fewer faults."""
    with running(pace) as runner:
        for sequence in sequences:
            yield runner.explained(sequence, shrinks=shrinks)


def run_many(seeds: Sequence[int], workers: int, *, pace: float = 1.0, shrinks: bool = True) -> Iterator[Verdict]:
    """As they come, several at once, each in a process that keeps its stage."""
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _begin_worker, (pace,)) as pool:
        for done in as_completed([pool.submit(_one_of_many, seed, shrinks) for seed in seeds]):
            yield done.result()


_workers_own: list[Runner] = []


def _begin_worker(pace: float) -> None:
    """The runner of this process, closed when the process ends."""
    ways = ExitStack()
    _workers_own.append(ways.enter_context(running(pace)))
    multiprocessing.util.Finalize(None, ways.close, exitpriority=10)


def _one_of_many(seed: int, shrinks: bool) -> Verdict:
    return _workers_own[0].explained(make_sequence(seed), shrinks=shrinks)


def pace_of_machine() -> float:
    """1 on a machine with nothing else to do, 4 at most: the more wait for a core, the longer all times."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return min(4.0, max(1.0, round(load / (os.cpu_count() or 1) * 2.0) / 2.0))
