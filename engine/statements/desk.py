"""The desk that imports statements: a process for each file, ended after its time, and a folder that is watched."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import msgspec
import psutil
from msgspec.structs import replace
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from engine.clock import NEW_YORK, Clock
from engine.errors import StatementError
from engine.journal import tables
from engine.journal.database import file_of, in_words, open_for_reading, url_of
from engine.journal.faults import is_no_table
from engine.journal.reader import JournalReader
from engine.statements.coverage import AccountCoverage, Span, coverage
from engine.statements.folder import ImportFolder
from engine.statements.importing import Job
from engine.statements.port import Reading, WatchedFolder
from engine.statements.verdicts import Report
from engine.statements.worker import Done, Failed, Message, Told, decode
from engine.storage.encodable import encodable
from engine.storage.places import free_for_file, make_folder
from engine.storage.steady_thread import SteadyThread

log = logging.getLogger("qtrade.statements")

LIMIT_S = 30.0  # of the process' own time: a busy machine is no fault of the file
_BUSY_TIMES = 10.0  # by the clock it may take so many times longer
_WATCH_S = 0.25
LOOK_S = 1.0
BUSY = "Another file is being read; try again when its report is there."
OWN_FOLDER = "import"
COMMAND = (sys.executable, "-m", "engine.statements.worker")


class ImportDesk:
    """Implements `StatementDesk` on the journals that the reader has open. Any thread."""

    def __init__(
        self,
        reader: JournalReader,
        clock: Clock,
        root: Path,
        data: Path,
        import_dir: Callable[[], str | None] = lambda: None,
        limit_s: float = LIMIT_S,
    ) -> None:
        """`root` = the program's folder, `data` the user's; `import_dir` = of the settings, None = in `data`."""
        self._reader, self._clock, self._root, self._data = reader, clock, root, data
        self._limit_s = limit_s
        self._one = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._cancelled = self._too_long = False
        self._reading: Reading | None = None
        self._last_id = 0
        self._folder = ImportFolder(
            lambda: data / Path(import_dir() or OWN_FOLDER).expanduser(),
            lambda: not import_dir(),
            clock,
            self._from_folder,
        )
        self._thread = SteadyThread("statements", self._folder.look, LOOK_S)

    def start(self) -> None:
        """Watch the folder."""
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """No further file is begun; the one under way is given up."""
        self._thread.leave()
        self.cancel()
        self._thread.stop(timeout_s)

    # --- importing ------------------------------------------------------------------------------------------------

    def import_file(self, path: Path, name: str, answers: Mapping[str, str]) -> Report:
        return self._import(path, name, answers, may_ask=True)

    def cancel(self) -> bool:
        process = self._process
        if process is None or process.poll() is not None:
            return False
        self._cancelled = True
        process.kill()
        return True

    def _from_folder(self, path: Path) -> Report | None:
        """None = not now: no account is known yet, or another file is being read."""
        if not self._reader.places()[1]:
            return None
        try:
            return self._import(path, path.name, {}, may_ask=False)
        except StatementError as error:
            if str(error) == BUSY:
                return None
            raise

    def _import(self, path: Path, name: str, answers: Mapping[str, str], may_ask: bool) -> Report:
        mode, places = self._reader.places()
        if not places:
            raise StatementError("QTrade knows no account yet. Connect to TWS or IB Gateway once, then import.")
        if not self._one.acquire(blocking=False):
            raise StatementError(BUSY)
        try:
            at_wall = self._clock.wall()
            self._last_id = max(self._last_id + 1, int(at_wall * 1000))
            shown = encodable(name)[:200] or "statement"
            job = Job(encodable(str(path)), shown, mode, _told(places), at_wall, self._last_id, dict(answers), may_ask)
            self._reading = Reading(shown, "starting", at_wall)
            return self._run(job)
        finally:
            self._reading, self._process = None, None
            self._one.release()

    def _run(self, job: Job) -> Report:
        self._cancelled = self._too_long = False
        process = self._process = self._start()
        ended = threading.Event()
        threading.Thread(target=self._watch, args=(process, ended), name="statement-limit", daemon=True).start()
        try:
            assert process.stdin is not None and process.stdout is not None
            last = self._talk(process.stdin, process.stdout, job)
            process.wait()
        finally:
            ended.set()
            if process.poll() is None:
                process.kill()
                process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()
        if isinstance(last, Done):
            return last.report
        if isinstance(last, Failed):
            raise StatementError(last.text)
        return self._given_up(job)

    def _watch(self, process: subprocess.Popen[bytes], ended: threading.Event) -> None:
        """End it after its time."""
        began = time.monotonic()
        while not ended.wait(min(_WATCH_S, self._limit_s)):
            try:
                used = psutil.Process(process.pid).cpu_times()
            except psutil.Error:  # it has ended
                return
            if used.user + used.system > self._limit_s or time.monotonic() - began > _BUSY_TIMES * self._limit_s:
                self._too_long = True
                process.kill()
                return

    def _talk(self, stdin: IO[bytes], stdout: IO[bytes], job: Job) -> Message | None:
        """Hand over the job and hear what comes until the process ends; its last word."""
        last: Message | None = None
        try:
            stdin.write(msgspec.json.encode(job))
            stdin.close()
        except OSError:  # it has ended already
            return None
        for line in stdout:
            try:
                last = decode.decode(line)
            except msgspec.MsgspecError:  # cut off in the middle
                return None
            if isinstance(last, Told) and self._reading is not None:
                self._reading = replace(self._reading, text=last.text)
        return last

    def _given_up(self, job: Job) -> Report:
        report = Report(job.id, job.at_wall, job.name, "", 0, "cancelled", answers=job.answers)
        if self._cancelled:
            report.why = "Cancelled. What was written until then stays; import the file again to go on."
        elif self._too_long:
            report.why = f"Not done within {self._limit_s:g} s of work. Take a statement of a shorter period."
        else:
            raise StatementError("The import ended without a report; statements.log in the log folder says why.")
        return report

    def _start(self) -> subprocess.Popen[bytes]:
        kwargs: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            flags = ("BELOW_NORMAL_PRIORITY_CLASS", "CREATE_NO_WINDOW", "CREATE_NEW_PROCESS_GROUP")
            kwargs = {"creationflags": sum(getattr(subprocess, flag) for flag in flags)}
        log_file = self._data / "logs" / "statements.log"
        try:
            make_folder(log_file.parent)
            free_for_file(log_file)
            with log_file.open("ab") as errors:
                return subprocess.Popen(  # noqa: S603 - our own program, no shell
                    COMMAND,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    cwd=self._root,
                    env=dict(os.environ),
                    **kwargs,
                )
        except OSError as error:
            raise StatementError(f"The import can't be started: {error}.") from error

    # --- what is there --------------------------------------------------------------------------------------------

    def reading(self) -> Reading | None:
        return self._reading

    def folder(self) -> WatchedFolder:
        return self._folder.section()

    def reports(self, limit: int) -> list[Report]:
        mode, places = self._reader.places()
        c = tables.import_reports.c
        found: list[Report] = []
        for target in dict.fromkeys(places.values()):
            query = select(c.body).where(c.mode == mode).order_by(c.report_id.desc()).limit(limit)
            for (body,) in _rows(target, query):
                try:
                    found.append(msgspec.convert(body, Report))
                except msgspec.ValidationError:
                    continue
        return sorted(found, key=lambda report: report.id, reverse=True)[:limit]

    def coverage(self, now_market: float) -> list[AccountCoverage]:
        mode, places = self._reader.places()
        today = datetime.fromtimestamp(now_market, NEW_YORK).date()
        out = []
        for account, target in places.items():
            s, f = tables.statements.c, tables.fills.c
            query = select(s.from_day, s.to_day, s.generated, s.sections).where(s.mode == mode, s.account == account)
            spans = [Span(row[0], row[1], row[2], tuple(row[3])) for row in _rows(target, query)]
            first = select(func.min(f.trade_date)).where(f.mode == mode, f.account == account, f.trade_date != "")
            oldest = next(iter(_rows(target, first)), (None,))[0] or ""
            out.append(coverage(account, spans, oldest, today))
        return out


def _told(places: Mapping[str, str]) -> dict[str, str]:
    return {account: encodable(target) for account, target in places.items()}


def _rows(target: str, query: Any) -> Iterable[tuple[Any, ...]]:
    """Nothing of a journal that is not there yet, or of an older program's."""
    path = file_of(url_of(target))
    if path is not None and not path.exists():
        return []
    engine: Engine = open_for_reading(url_of(target))
    try:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(query)]
    except (SQLAlchemyError, ValueError) as error:
        if not is_no_table(error):
            log.warning("Statements: the journal can't be read: %s", in_words(error))
        return []
    finally:
        engine.dispose()
