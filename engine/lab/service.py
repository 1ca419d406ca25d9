"""LabService: questions of the pages to the lab process, and its answers as state. Engine thread only.

One preview is under way at a time and one waits (a newer one takes its place); one run at a time. Every question has
a time-out; a process that does not answer is ended and started again with the next question.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from msgspec.structs import replace
from pydantic import ValidationError

from engine.clock import Clock
from engine.config import BreakoutParams
from engine.errors import LabError
from engine.lab.handover import LOADING, NOT_LOADED, Handover
from engine.lab.messages import (
    AskAudit,
    AskDays,
    AskPreview,
    AskSweep,
    AuditAnswer,
    Cancel,
    DaysAnswer,
    Failed,
    FromLab,
    LoadToday,
    PreviewAnswer,
    Progress,
    SweepAnswer,
    ToLab,
)
from engine.lab.process import Ended, LabProcess
from engine.lab.snapshot import TodaySnapshot
from engine.state.commands import CancelLab, LabCommand, LookForDays, PreviewThresholds, RunLab
from engine.state.lab_sections import Histogram, LabSection, LabSourceSection, PreviewSection
from engine.state.sections import Section
from engine.storage.encodable import encodable
from engine.storage.places import is_network_path

log = logging.getLogger("qtrade.lab")

PREVIEW_S, DAYS_S, STEP_S, AUDIT_S = 15.0, 60.0, 60.0, 60.0  # without an answer, without a sign of progress
PREFIX = "breakout."
_BUSY = "The lab did not answer in time: a run keeps it busy. Try again, or cancel the run."
_UNFORESEEN = "The lab could not be asked; the log file says why."
Kind = Literal["preview", "days", "run", "audit"]


@dataclass(slots=True)
class _Job:
    kind: Kind
    request_id: str
    due_mono: float
    pid: int | None  # of the process that was asked
    source: LabSourceSection | None = None  # that a look is for
    waiting: asyncio.Future[AuditAnswer] | None = None  # of an audit
    of: str = ""  # a run's: whose days they are


@dataclass(frozen=True, slots=True)
class LabTies:
    """What the desk is given: how to publish a section, to answer a request, and what is in force now."""

    publish: Callable[[str, Section], object]
    answer: Callable[[str, bool, str], None]
    thresholds: Callable[[], tuple[BreakoutParams, float]]  # and the floor of dollar volume
    clock: Clock
    cluster: Callable[[], str] = lambda: ""  # address of the Dask scheduler for runs; "" = the lab process runs them
    archive: Callable[[], str] = lambda: ""  # URL of this mode's days in the archive of years; "" = none is kept


class LabService:
    """Starts nothing until the first question. `stop` ends the process."""

    def __init__(self, ties: LabTies, today: TodaySnapshot, root: Path, log_file: Path) -> None:
        self._ties = ties
        self._today = Handover(today, self._send, ties.clock.mono)
        self._process = LabProcess(root, log_file, self._hand_over, self._hand_over)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._jobs: dict[int, _Job] = {}
        self._number = 0
        self._folder: Path | None = None
        self._lab = LabSection()
        self._source: LabSourceSection | None = None
        self._previewing: asyncio.Task[None] | None = None
        self._next_preview: PreviewThresholds | None = None
        self._histograms: tuple[Histogram, ...] = ()
        self.runs: Counter[str] = Counter()  # by how they ended
        self.previews, self.previews_s = 0, 0.0

    @property
    def pid(self) -> int | None:
        """Of the lab process; None while none runs."""
        return self._process.pid

    def use_folder(self, folder: Path) -> None:
        """The account's folder of bar files."""
        self._folder = folder
        self._today.folder = encodable(str(folder))

    def take(self, command: LabCommand) -> None:
        """Carry out or begin; what is wrong is answered in words."""
        self._loop = asyncio.get_running_loop()
        try:
            if isinstance(command, PreviewThresholds):
                self._preview(command)
            elif isinstance(command, LookForDays):
                self._look(command)
            elif isinstance(command, RunLab):
                self._run(command)
            else:
                self._cancel(command)
        except LabError as error:
            self._ties.answer(command.request_id, False, str(error))
        except Exception:  # the other commands of the batch must not go down with it
            log.exception("A question to the lab failed")
            self._ties.answer(command.request_id, False, _UNFORESEEN)

    async def audit(self) -> AuditAnswer:
        """All of today's signals in force, by the bars alone. Raises LabError."""
        self._loop = asyncio.get_running_loop()
        if self._process.pid is None:
            self._today.forget()
        await self._today.bring()
        in_force, usd_floor = self._ties.thresholds()
        ask = AskAudit(self._numbered(), in_force.model_dump(), usd_floor)
        self._ask(ask, "audit", "", AUDIT_S)
        waiting: asyncio.Future[AuditAnswer] = self._loop.create_future()
        self._jobs[ask.job].waiting = waiting
        try:
            return await waiting
        finally:
            self._jobs.pop(ask.job, None)  # nobody waits any more

    def step(self) -> None:
        """Call each second: a job past its time ends the process, but not under a run that goes on."""
        now = self._ties.clock.mono()
        late = {number: job for number, job in self._jobs.items() if now > job.due_mono}
        if not late:
            return
        runs = any(job.kind == "run" for job in self._jobs.values())
        if runs and all(job.kind != "run" for job in late.values()):
            for number, job in late.items():
                del self._jobs[number]
                self._failed(job, Failed(number, _BUSY))
            return
        log.warning("The lab did not answer in time (%s); its process is ended", next(iter(late.values())).kind)
        self._process.stop()
        self._give_up("The lab did not answer in time and was started again; try once more.")

    def stop(self) -> None:
        if self._previewing is not None:
            self._previewing.cancel()
        self._process.stop()

    # --- questions ----------------------------------------------------------------------------------------------

    def _preview(self, command: PreviewThresholds) -> None:
        if self._previewing is None and not any(job.kind == "preview" for job in self._jobs.values()):
            self._previewing = asyncio.get_running_loop().create_task(self._ask_preview(command))
            return
        if self._next_preview is not None:
            self._ties.answer(self._next_preview.request_id, False, "A newer preview took its place.")
        self._next_preview = command

    async def _ask_preview(self, command: PreviewThresholds) -> None:
        problem = ""
        try:
            in_force, usd_floor = self._ties.thresholds()
            moved = moved_params(in_force, command.changes)
            if self._process.pid is None:
                self._today.forget()
            await self._today.bring()
            ask = AskPreview(self._numbered(), in_force.model_dump(), moved.model_dump(), usd_floor)
            self._ask(ask, "preview", command.request_id, PREVIEW_S)
        except LabError as error:
            problem = str(error)
        except Exception:
            log.exception("A preview failed")
            problem = _UNFORESEEN
        self._previewing = None  # before the next one is begun
        if problem:
            self._previewed(PreviewSection(request_id=command.request_id, ok=False, text=problem))

    def _look(self, command: LookForDays) -> None:
        folder = self._folder_of(command.kind, command.folder)
        source = LabSourceSection(kind=command.kind, folder=folder)
        self._ask(AskDays(self._numbered(), command.kind, folder), "days", command.request_id, DAYS_S, source)
        self._let_run_wait()
        self._show_source(source)

    def _run(self, command: RunLab) -> None:
        if any(job.kind == "run" for job in self._jobs.values()):
            raise LabError("A run is under way already. Wait for it, or cancel it first.")
        in_force, usd_floor = self._ties.thresholds()
        unknown = [each.name for each in command.ranges if each.name not in BreakoutParams.model_fields]
        if unknown:
            raise LabError(f"{unknown[0]} is no threshold. Reload the page.")
        folder = self._folder_of(command.kind, command.folder)
        ask = AskSweep(
            job=self._numbered(),
            kind=command.kind,
            folder=folder,
            symbols=command.symbols,
            days=command.days,
            base=in_force.model_dump(),
            usd_floor=usd_floor,
            ranges=command.ranges,
            least_signals=command.least_signals,
            cluster=self._ties.cluster(),
            since=command.since,
            until=command.until,
        )
        self._ask(ask, "run", command.request_id, STEP_S)
        self._jobs[ask.job].of = "CSV files" if command.kind == "csv" else _days_of(self._folder)
        self._show(request_id=command.request_id, phase="running", done=0, total=0, text="starting")
        self._ties.answer(command.request_id, True, "The run has begun.")

    def _cancel(self, command: CancelLab) -> None:
        running = [number for number, job in self._jobs.items() if job.kind == "run"]
        if not running:
            raise LabError("Nothing runs.")
        self._send(Cancel(running[0]))
        self._ties.answer(command.request_id, True, "Cancelling.")

    def _folder_of(self, kind: str, folder: str) -> str:
        if kind == "csv":
            if not folder.strip():
                raise LabError("Type the folder that holds the recorded days first.")
            return _own_path(folder.strip())
        if kind == "archive":
            if not self._ties.archive():
                raise LabError("No archive is kept. Name its place as archive.url in config.yaml (docs/scale.md).")
            return self._ties.archive()
        if kind != "app":
            raise LabError("That is no source of recorded days. Reload the page.")
        if self._folder is None:
            raise LabError("The account is not known yet; its recorded days can be read once it is.")
        return encodable(str(self._folder))

    def _numbered(self) -> int:
        self._number += 1
        return self._number

    def _ask(
        self, message: ToLab, kind: Kind, request_id: str, within_s: float, source: LabSourceSection | None = None
    ) -> None:
        """Send, and wait for the answer only where that went well. Raises LabError."""
        self._send(message)
        self._jobs[message.job] = _Job(kind, request_id, self._ties.clock.mono() + within_s, self.pid, source)

    def _let_run_wait(self) -> None:
        """A run stands still while a folder is looked through: its time for a step begins after that."""
        looks = [job.due_mono for job in self._jobs.values() if job.kind == "days"]
        for job in self._jobs.values():
            if job.kind == "run" and looks:
                job.due_mono = max(job.due_mono, max(looks) + STEP_S)

    def _send(self, message: ToLab) -> None:
        """Raises LabError, also where a process that knows nothing yet can't do anything with the message."""
        is_fresh = self._process.send(message)
        if not is_fresh or (isinstance(message, LoadToday) and message.is_first):
            return
        self._today.forget()
        if not isinstance(message, AskDays | AskSweep):
            raise LabError("The lab process had ended and was started again; try once more.")

    # --- answers ------------------------------------------------------------------------------------------------

    def _hand_over(self, message: FromLab | Ended) -> None:
        """Called in the reading thread: on to the loop."""
        loop = self._loop
        try:
            if loop is not None:
                loop.call_soon_threadsafe(self._received, message)
        except RuntimeError:  # the loop is closed: the engine has ended
            pass

    def _received(self, message: FromLab | Ended) -> None:
        if isinstance(message, Ended):
            code = message.exit_code
            self._give_up(f"The lab process ended (exit code {code}) and starts again with the next question.", message)
            return
        if message.job == LOADING and isinstance(message, Failed):
            self._not_loaded(message)
        job = self._jobs.get(message.job)
        if job is None:
            return
        if isinstance(message, Progress):
            job.due_mono = self._ties.clock.mono() + STEP_S
            self._let_run_wait()
            self._show(done=message.done, total=message.total, text=message.text)
            return
        del self._jobs[message.job]
        if isinstance(message, PreviewAnswer):
            self._previewed(_section(job.request_id, message, self._today.bars_to))
        elif isinstance(message, AuditAnswer):
            let_know(job.waiting, message)
        elif isinstance(message, DaysAnswer):
            self._found(job, message)
        elif isinstance(message, SweepAnswer):
            self._ties.publish("lab_result", replace(message.result, request_id=job.request_id, of=job.of))
            self._end_run("done", done=self._lab.total, text="")
        elif isinstance(message, Failed):
            self._failed(job, message)

    def _found(self, job: _Job, message: DaysAnswer) -> None:
        self._found_at(
            job, days=message.days, symbols=message.symbols, sizes=message.sizes, hours=message.hours,
            left_out=message.left_out, refused=message.refused, read=message.read,
        )  # fmt: skip
        self._ties.answer(job.request_id, True, f"{len(message.symbols)} symbols, {len(message.days)} days.")

    def _found_at(self, job: _Job, **found: Any) -> None:
        """What was found where this job looked; the answer to an earlier look is not that of the newest."""
        asked, shown = job.source, self._source
        if asked is not None and shown is not None and (asked.kind, asked.folder) == (shown.kind, shown.folder):
            self._show_source(replace(asked, **found))

    def _show_source(self, source: LabSourceSection) -> None:
        self._source = source
        self._ties.publish("lab_source", source)

    def _not_loaded(self, message: Failed) -> None:
        """Part of today's bars could not be taken: a preview without it would mislead."""
        log.warning("The lab could not take today's bars: %s", message.text)
        self._today.forget()
        for number in [number for number, job in self._jobs.items() if job.kind in ("preview", "audit")]:
            self._failed(self._jobs.pop(number), Failed(number, NOT_LOADED))

    def _failed(self, job: _Job, message: Failed) -> None:
        if job.kind == "preview":
            self._previewed(PreviewSection(request_id=job.request_id, ok=False, text=message.text))
        elif job.kind == "audit":
            let_know(job.waiting, LabError(message.text))
        elif job.kind == "days":
            self._found_at(job, problem=message.text)
            self._ties.answer(job.request_id, False, message.text)
        else:
            self._end_run("cancelled" if message.cancelled else "failed", text=message.text)

    def _give_up(self, text: str, ended: Ended | None = None) -> None:
        """The process is gone, so is what was asked of it; the next one may be up already, with questions of its own.

        `ended` None = it was stopped from here.
        """
        if self.pid is None:
            self._today.forget()
        for number, job in list(self._jobs.items()):
            if ended is None or job.pid in (ended.pid, None):
                del self._jobs[number]
                self._failed(job, Failed(number, text))

    def _previewed(self, section: PreviewSection) -> None:
        if section.ok:
            self._histograms = section.histograms
            self.previews, self.previews_s = self.previews + 1, self.previews_s + section.took_ms / 1_000.0
        section = replace(section, histograms=self._histograms)
        self._ties.publish("preview", section)
        self._ties.answer(section.request_id, section.ok, section.text or "Previewed.")
        waiting, self._next_preview = self._next_preview, None
        if waiting is not None:
            self._previewing = asyncio.get_running_loop().create_task(self._ask_preview(waiting))

    def _end_run(self, phase: str, **changed: Any) -> None:
        self.runs[phase] += 1
        self._show(phase=phase, **changed)

    def _show(self, **changed: Any) -> None:
        self._lab = replace(self._lab, **changed)
        self._ties.publish("lab", self._lab)


def _own_path(folder: str) -> str:
    """The folder as typed, "~" made good. Raises LabError: also for one of another computer, before it is looked at
    (a look alone would tell that computer the user's name and password hash)."""
    if is_network_path(folder, os.name == "nt"):
        raise LabError(f"{folder} is a network path. Copy the days to a folder of this computer, and give that.")
    try:
        return encodable(str(Path(folder).expanduser()))
    except (RuntimeError, ValueError, OSError) as error:  # RuntimeError: no such user
        raise LabError(f"{folder} is no folder that can be found: {error} Type it in full.") from error


def _days_of(folder: Path | None) -> str:
    """ "simulated days" of .../simulated-DU1234567/bars: the mode alone, no account."""
    mode = folder.parent.name.partition("-")[0] if folder is not None else ""
    return f"{mode} days" if mode else "own days"


def moved_params(in_force: BreakoutParams, changes: dict[str, Any]) -> BreakoutParams:
    """The thresholds with these changes. Raises LabError."""
    moved = {key.removeprefix(PREFIX): value for key, value in changes.items() if key.startswith(PREFIX)}
    try:
        return BreakoutParams(**{**in_force.model_dump(), **moved})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise LabError(f"No preview: {where}: {first['msg']}".replace(": : ", ": ")) from error


def _section(request_id: str, answer: PreviewAnswer, bars_to: float | None) -> PreviewSection:
    return PreviewSection(
        request_id=request_id,
        ok=True,
        text="",
        symbols=answer.symbols,
        often=answer.often,
        in_force=answer.in_force,
        moved=answer.moved,
        new_total=answer.new_total,
        gone_total=answer.gone_total,
        new=answer.new,
        gone=answer.gone,
        bars_to_market=bars_to,
        took_ms=answer.took_ms,
        histograms=answer.histograms,
    )


def let_know(waiting: asyncio.Future[AuditAnswer] | None, answer: AuditAnswer | LabError) -> None:
    """The answer, or why there is none."""
    if waiting is None or waiting.done():
        return
    if isinstance(answer, LabError):
        waiting.set_exception(answer)
    else:
        waiting.set_result(answer)
