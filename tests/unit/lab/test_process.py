"""The lab process: started by the first question, cancelled, killed, started again, and gone with its parent."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from engine.errors import LabError
from engine.lab.messages import (
    AskDays,
    AskPreview,
    Cancel,
    DaysAnswer,
    Failed,
    PreviewAnswer,
    Progress,
    Ready,
    SweepAnswer,
)
from engine.lab.process import Ended, LabProcess
from engine.state.lab_sections import Range
from tests.patience import DEADLINE_S, wait_for
from tests.unit.lab.lab_samples import ROOT, Bench, ask_sweep, base, today, write_days

LONG = (Range("bars_n", tuple(range(10, 56))), Range("buffer_atr", tuple(n / 20 for n in range(31))))


@pytest.fixture
def bench(tmp_path: Path):
    bench = Bench(tmp_path)
    yield bench
    bench.process.stop()


def is_gone(pid: int) -> bool:
    """Whether the process has ended (a zombie that nobody reaped counts as ended)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").exists() and Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] == "Z"


def test_preview_run_cancel_and_days(bench: Bench, tmp_path: Path):
    write_days(tmp_path)
    assert bench.process.pid is None
    assert bench.process.send(today(12))
    bench.process.send(AskPreview(1, base(), base(bars_n=10, volume_surge=1.0, rel_volume=0.5), 5e6))
    ready, preview = bench.wait(Ready), bench.wait(PreviewAnswer)
    assert ready.pid == bench.process.pid
    assert preview.symbols == 12 and preview.moved.signals > preview.in_force.signals
    assert preview.new_total - preview.gone_total == preview.moved.signals - preview.in_force.signals
    if hasattr(os, "getpriority"):
        assert os.getpriority(os.PRIO_PROCESS, ready.pid) >= 10

    bench.process.send(AskDays(2, "csv", str(tmp_path)))
    found = bench.wait(DaysAnswer)
    assert (found.symbols, found.sizes, len(found.days)) == (("AAA", "BBB"), (3, 3), 3)

    bench.process.send(ask_sweep(3, tmp_path, *LONG))
    assert bench.wait(Progress).total == 6, "reading six symbol-days"
    bench.process.send(AskPreview(4, base(), base(), 5e6))
    assert bench.wait(PreviewAnswer, SweepAnswer).job == 4, "a preview does not wait for the run"
    bench.process.send(Cancel(3))
    assert bench.wait(Failed, SweepAnswer) == Failed(3, "Cancelled.", cancelled=True)


def test_what_can_not_be_done_is_said_and_the_process_lives(bench: Bench, tmp_path: Path):
    bench.process.send(AskPreview(1, base(), {**base(), "ema_fast": 40}, 0.0))
    assert "must be below ema_slow" in bench.wait(Failed).text
    bench.process.send(AskDays(2, "csv", str(tmp_path / "none")))
    assert "not a folder" in bench.wait(Failed).text
    bench.process.send(AskDays(3, "app", str(tmp_path)))
    assert "No day is recorded yet" in bench.wait(Failed).text
    bench.process.send(AskDays(4, "moon", ""))
    assert "no source" in bench.wait(Failed).text
    assert bench.process.pid is not None


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_a_killed_process_is_told_and_started_again(bench: Bench):
    bench.process.send(today())
    first = bench.wait(Ready).pid
    os.kill(first, signal.SIGKILL)
    assert bench.wait(Ended) == (first, -signal.SIGKILL)
    assert bench.process.pid is None
    assert bench.process.send(today()), "started again, and it knows nothing"
    bench.process.send(AskPreview(1, base(), base(), 0.0))
    assert bench.wait(Ready).pid != first
    assert bench.wait(PreviewAnswer).symbols == 3


def test_a_death_is_told_though_the_next_question_came_first(tmp_path: Path):
    gate, ended = threading.Event(), queue.Queue()

    def hold(message):
        gate.wait(DEADLINE_S)

    process = LabProcess(ROOT, tmp_path / "lab.log", hold, ended.put)
    try:
        process.send(today())  # the reading thread waits at the first message
        first = process._child.process
        first.kill()
        first.wait()
        assert process.send(today()), "another process was started for it"
        gate.set()
        pid, code = ended.get(timeout=DEADLINE_S)
        assert (pid, code) == (first.pid, first.returncode) and process.pid not in (None, pid)
    finally:
        gate.set()
        process.stop()


def test_noise_on_its_input_ends_it(bench: Bench):
    bench.process.send(today())
    pid = bench.wait(Ready).pid
    bench.process._child.put(b"\xff\xff\xff\xff")
    assert bench.wait(Ended) == (pid, 0)


def test_the_queue_is_bounded(bench: Bench):
    bench.process.send(today())
    os.kill(bench.wait(Ready).pid, signal.SIGSTOP)
    load = today(60)
    with pytest.raises(LabError, match="busy"):
        for _ in range(1_000):
            bench.process.send(load)
    bench.process.stop()


PARENT = """
import sys, threading
from pathlib import Path
from engine.lab.messages import LoadToday
from engine.lab.process import LabProcess
lab = LabProcess(Path("."), Path(sys.argv[1]), lambda m: print(m.pid, flush=True), lambda code: None)
lab.send(LoadToday(0, 0.0, True, ()))
threading.Event().wait(60)
"""


def test_it_dies_with_its_parent(tmp_path: Path):
    command = [sys.executable, "-c", PARENT, str(tmp_path / "lab.log")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as parent:
        pid = int(parent.stdout.readline())
        assert not is_gone(pid)
        parent.kill()
    wait_for(lambda: is_gone(pid), "it is gone")
