"""The lab process: `python -m engine.lab.worker`, questions on standard input, answers on standard output.

Previews come first: a run over recorded days is done in small steps, and between two of them whatever waits is
answered. The process ends with its parent: its input closes when the parent goes, however it goes.
"""

from __future__ import annotations

import gc
import logging
import os
import queue
import sys
import threading
import time
from collections.abc import Generator
from typing import IO

from pydantic import ValidationError

from engine.errors import QTradeError
from engine.lab.cluster import sweep_on_cluster
from engine.lab.messages import (
    AskAudit,
    AskDays,
    AskPreview,
    AskSweep,
    Cancel,
    DaysAnswer,
    Failed,
    FromLab,
    LoadToday,
    Progress,
    Ready,
    SweepAnswer,
    ToLab,
    framed,
    length_of,
    to_lab,
)
from engine.lab.preview import Today
from engine.lab.recordings import Recordings, coverage_of
from engine.lab.sources import recordings
from engine.lab.sweep import sweep

log = logging.getLogger("qtrade.lab")

NICE = 10
LOOK_S = 1.5  # for what recorded days hold, besides their names
TELL_S = 0.25  # between two words about progress
BROKEN = "The lab could not do this; lab.log in the log folder says why."
CANCELLED = "Cancelled."
Work = Generator[Progress | SweepAnswer]


class Lab:
    """What the process knows and does. `answer` sends a message to the engine; `take` and `step` run in one thread."""

    def __init__(self, outgoing: IO[bytes]) -> None:
        self._outgoing = outgoing
        self._today = Today()
        self._runs: list[tuple[int, Work]] = []  # sweeps under way, oldest first
        self._told_mono = float("-inf")

    @property
    def is_busy(self) -> bool:
        return bool(self._runs)

    def answer(self, message: FromLab) -> None:
        self._outgoing.write(framed(message))
        self._outgoing.flush()

    def take(self, message: ToLab) -> None:
        """One question; what fails is said and does not end the process."""
        try:
            self._take(message)
        except (ValidationError, ValueError) as error:
            self.answer(Failed(message.job, f"These values can't be used: {_plain(error)}"))
        except QTradeError as error:
            self.answer(Failed(message.job, str(error)))
        except Exception:
            log.exception("A question failed")
            self.answer(Failed(message.job, BROKEN))

    def step(self) -> None:
        """One small step of the oldest run."""
        job, work = self._runs[0]
        message: FromLab | None
        try:
            message = next(work, None)
        except QTradeError as error:
            message = Failed(job, str(error))
        except Exception:
            log.exception("A run failed")
            message = Failed(job, BROKEN)
        if not isinstance(message, Progress):
            self._runs.pop(0)
            gc.collect()
        elif time.monotonic() - self._told_mono < TELL_S:
            return
        self._told_mono = time.monotonic()
        if message is not None:
            self.answer(message)

    def _take(self, message: ToLab) -> None:
        if isinstance(message, LoadToday):
            self._today.load(message)
        elif isinstance(message, AskPreview):
            self.answer(self._today.preview(message))
        elif isinstance(message, AskAudit):
            self.answer(self._today.audit(message))
        elif isinstance(message, AskDays):
            self.answer(_days(message.job, recordings(message.kind, message.folder)))
        elif isinstance(message, AskSweep):
            self._runs.append((message.job, _run(message)))
        else:
            self._cancel(message)

    def _cancel(self, message: Cancel) -> None:
        cancelled = [work for job, work in self._runs if job == message.job]
        if cancelled:
            self._runs = [run for run in self._runs if run[0] != message.job]
            for work in cancelled:
                work.close()
            self.answer(Failed(message.job, CANCELLED, cancelled=True))


def _run(ask: AskSweep) -> Work:
    """Here, or on the cluster that it names. Raises LabError."""
    return sweep_on_cluster(ask) if ask.cluster else sweep(ask, recordings(ask.kind, ask.folder))


def _days(job: int, source: Recordings) -> DaysAnswer:
    found = source.days()
    sizes: dict[str, int] = {}
    for symbol, _day in found:
        sizes[symbol] = sizes.get(symbol, 0) + 1
    days = tuple(sorted({day for _symbol, day in found}))
    end = time.monotonic() + LOOK_S
    seen = coverage_of(source, lambda: time.monotonic() > end)
    return DaysAnswer(
        job, days, tuple(sorted(sizes)), tuple(sizes[symbol] for symbol in sorted(sizes)), seen.hours, source.left_out,
        seen.refused, seen.read,
    )  # fmt: skip


def _plain(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}".lstrip(": ")
    return str(error)


def read_messages(incoming: IO[bytes], waiting: queue.Queue[ToLab]) -> None:
    """Pass every message on; at the end of input the process ends at once: there is nothing to save."""
    try:
        while head := incoming.read(4):
            waiting.put(to_lab.decode(incoming.read(length_of(head))))
    except Exception:
        log.exception("The engine sent what can't be read")
    os._exit(0)


def main() -> int:
    """Until the input ends. Standard output belongs to the messages: a stray print goes to the log."""
    if hasattr(os, "nice"):  # on Windows the engine starts it at low priority
        os.nice(NICE)
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    outgoing = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    waiting: queue.Queue[ToLab] = queue.Queue(64)
    threading.Thread(target=read_messages, args=(sys.stdin.buffer, waiting), daemon=True).start()
    gc.disable()  # hundreds of thousands of small values are kept, none in a circle: looking for them stalls a preview
    lab = Lab(outgoing)
    lab.answer(Ready(0, os.getpid()))
    while True:
        try:
            lab.take(waiting.get(block=not lab.is_busy))
        except queue.Empty:
            lab.step()


if __name__ == "__main__":
    raise SystemExit(main())
