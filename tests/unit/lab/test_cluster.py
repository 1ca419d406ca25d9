"""Runs on a real Dask cluster of this machine: equal, cancelled, under a scheduler that goes away, refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.errors import LabError
from engine.lab.cluster import ClusterRun, sweep_on_cluster
from engine.lab.messages import AskSweep, Cancel, Failed, Progress, SweepAnswer
from engine.lab.recordings import CsvRecordings
from engine.lab.sweep import sweep
from engine.state.lab_sections import Range
from tests.patience import wait_for
from tests.servers import free_port
from tests.unit.lab.lab_samples import ROOT, Bench, ask_sweep, write_days

pytestmark = pytest.mark.thorough
pytest.importorskip("distributed", reason="requirements-scale.txt is not installed")

MANY = Range("rel_volume", tuple(n / 10 for n in range(5, 35))), Range("bars_n", tuple(float(n) for n in range(10, 40)))


class Dask:
    """A scheduler and a worker as the user starts them."""

    def __init__(self) -> None:
        self.address = f"tcp://127.0.0.1:{free_port()}"
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        port = self.address.rpartition(":")[2]
        self._spawn("scheduler", "--host", "127.0.0.1", "--port", port)
        self._spawn("worker", self.address, "--nthreads", "1", "--no-nanny")

    def kill(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()
        self._processes.clear()

    def _spawn(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "dask", *arguments, "--no-dashboard"]
        quiet = subprocess.DEVNULL
        self._processes.append(subprocess.Popen(command, cwd=ROOT, stdout=quiet, stderr=quiet))


@pytest.fixture
def dask() -> Iterator[Dask]:
    cluster = Dask()
    cluster.start()
    yield cluster
    cluster.kill()


def without_where(answer: object) -> SweepAnswer:
    assert isinstance(answer, SweepAnswer)
    return replace(answer, result=replace(answer.result, took_s=0.0, cluster=""))


def on_cluster(ask: AskSweep, dask: Dask) -> AskSweep:
    return replace(ask, cluster=dask.address)


def test_equal_to_the_last_digit_through_the_lab_process_and_cancelled(dask: Dask, tmp_path: Path):
    write_days(tmp_path, ("AAA", "BBB"), 3)
    ask = ask_sweep(1, tmp_path, Range("rel_volume", (0.5, 1.5)), Range("bars_n", (10.0, 20.0)))
    own = without_where(list(sweep(ask, CsvRecordings(tmp_path)))[-1])
    bench = Bench(tmp_path)
    try:
        wait_for(lambda: _says(ask, dask))
        bench.process.send(on_cluster(ask, dask))
        assert without_where(bench.wait(SweepAnswer, Failed)) == own
        bench.process.send(replace(on_cluster(ask_sweep(2, tmp_path, *MANY), dask)))
        while not (told := bench.wait(Progress, SweepAnswer, Failed)).done:
            assert isinstance(told, Progress)
        bench.process.send(Cancel(2))
        assert bench.wait(Failed, SweepAnswer) == Failed(2, "Cancelled.", cancelled=True)
        bench.process.send(on_cluster(replace(ask, job=3), dask))
        assert bench.wait(SweepAnswer, Failed).job == 3, "the cluster is free again"
    finally:
        bench.process.stop()


def _says(ask: AskSweep, dask: Dask) -> bool:
    """Whether it answers already."""
    try:
        list(sweep_on_cluster(on_cluster(ask, dask)))
    except LabError:
        return False
    return True


def test_a_scheduler_that_goes_away_under_a_run_is_gone_on_with(dask: Dask, tmp_path: Path):
    write_days(tmp_path, ("AAA", "BBB"), 3)
    few = ask_sweep(1, tmp_path)
    wait_for(lambda: _says(few, dask))
    ask = ask_sweep(2, tmp_path, *MANY)
    run = ClusterRun(on_cluster(ask, dask))
    run.start()
    wait_for(lambda: isinstance(told := run.said(0.1), Progress) and 0 < told.done < told.total)
    dask.kill()
    wait_for(lambda: "went away" in getattr(run.said(0.1), "text", ""))
    dask.start()
    answers: list[object] = []
    wait_for(lambda: answers.append(run.said(0.1)) or run.is_done, 120.0)
    assert without_where(answers[-1]) == without_where(list(sweep(ask, CsvRecordings(tmp_path)))[-1])


def test_nothing_answers(tmp_path: Path):
    write_days(tmp_path, ("AAA",), 2)
    with pytest.raises(LabError, match=r"No Dask scheduler answers at tcp://127.*without lab.dask this computer does"):
        list(sweep_on_cluster(replace(ask_sweep(1, tmp_path), cluster=f"tcp://127.0.0.1:{free_port()}")))
