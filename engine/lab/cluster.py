"""A run on a Dask cluster (`lab.dask`): the lab process hands out pieces of the sets and puts the figures together.

A thread of its own talks to the scheduler, so that previews go on; the package is imported there, when it is first
used. What the workers do is `engine.lab.shares`. Where the scheduler goes away under a run, the figures that came stay,
and the rest is handed out again once it is back.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
import uuid
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from engine.errors import LabError
from engine.lab import shares
from engine.lab.messages import AskSweep, Progress, SweepAnswer
from engine.lab.sweep import sets_of
from engine.state.lab_sections import SetResult
from engine.storage.urls import not_installed

if TYPE_CHECKING:
    from distributed import Client, Future

log = logging.getLogger("qtrade.lab")

CONNECT_S = 5.0
AGAIN_S = 2.0  # between two tries to reach a scheduler that went away
AWAY_S = 300.0  # then the run is given up
LOOK_S = 0.25  # for answers, and whether the scheduler is there
TELL_S = 0.1  # a step of the lab process: a preview waits no longer for it
PIECE_BARS = 4_000_000  # bars x sets of one piece: some seconds, so that few are lost with a worker or a cancel
MOST_PIECE = 50  # sets: neighbours share most of what is computed
LEAST_PIECES = 16  # so that no worker is without work


def sweep_on_cluster(ask: AskSweep) -> Generator[Progress | SweepAnswer]:
    """As `engine.lab.sweep.sweep`; closing it cancels what is not yet begun.

    Raises:
        LabError: also where the package is not installed, or nothing answers at the address.
    """
    run = ClusterRun(ask)
    run.start()
    try:
        while True:
            yield run.said(TELL_S)
            if run.is_done:
                return
    finally:
        run.stop()


class _Lost(Exception):
    """The scheduler went away, or forgot what it was asked."""


class Span(NamedTuple):
    """Sets from `first` to before `last`."""

    first: int
    last: int


def pieces(sets: int, bars: int) -> list[Span]:
    """All sets, in pieces that take about as long each."""
    size = max(1, min(MOST_PIECE, sets // LEAST_PIECES, PIECE_BARS // max(1, bars)))
    return [Span(first, min(sets, first + size)) for first in range(0, sets, size)]


class ClusterRun:
    """`start`, then `said` until `is_done`; `stop` at any time, which waits for nothing."""

    def __init__(self, ask: AskSweep) -> None:
        self._ask = ask
        self._sent = shares.write(ask)
        self._name = uuid.uuid4().hex
        self._begun = time.perf_counter()
        self._count = len(sets_of(ask))
        self._now = Progress(ask.job, 0, self._count, f"connecting to {ask.cluster}")
        self._told: queue.SimpleQueue[Progress | SweepAnswer | LabError] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="lab-cluster", daemon=True)
        self._looked: shares.Looked | None = None
        self._reading: list[Future] = []  # of each worker; held, or it would be cancelled
        self._spans: list[Span] = []
        self._found: dict[Span, shares.Piece] = {}
        self.is_done = False

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """What runs on a worker ends with its piece; nothing else of this run begins."""
        self._stopping.set()

    def said(self, within_s: float) -> Progress | SweepAnswer:
        """What is new, else how far it is. Raises LabError."""
        try:
            told = self._told.get(timeout=within_s)
        except queue.Empty:
            return self._now
        if isinstance(told, LabError):
            raise told
        if isinstance(told, Progress):
            self._now = told
        else:
            self.is_done = True
        return told

    # --- its thread -----------------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            self._told.put(self._run())
        except LabError as error:
            self._told.put(error)
        except ModuleNotFoundError as error:
            self._told.put(LabError(not_installed("lab.dask", self._ask.cluster, str(error.name))))
        except Exception as error:
            log.exception("A run on the cluster failed")
            self._told.put(LabError(f"The run on {self._ask.cluster} failed: {error} lab.log says more."))

    def _run(self) -> SweepAnswer:
        lost_mono: float | None = None
        while True:
            try:
                return self._connected()
            except (_Lost, OSError) as error:  # a time-out to connect is an OSError, too
                if self._looked is None and isinstance(error, OSError):
                    raise LabError(_away(f"No Dask scheduler answers at {self._ask.cluster}")) from error
                lost_mono = time.monotonic() if lost_mono is None or isinstance(error, _Lost) else lost_mono
                if time.monotonic() - lost_mono > AWAY_S:
                    raise LabError(_away(f"The Dask scheduler at {self._ask.cluster} did not come back")) from error
                self._tell("the cluster went away; asked again every 2 s")
                if self._stopping.wait(AGAIN_S):
                    raise LabError("Cancelled.") from error  # nobody hears it

    def _connected(self) -> SweepAnswer:
        from distributed import Client

        with Client(self._ask.cluster, timeout=CONNECT_S, set_as_default=False, name="qtrade-lab") as client:
            try:
                return self._asked(client)
            finally:
                self._let_go(client)

    def _let_go(self, client: Client) -> None:
        """The workers get their memory back; those that can't be told read other days with the next run."""
        try:
            if client.status == "running":
                client.run(shares.forget, self._name)
        except Exception as error:
            log.info("The workers could not be told that the run is over: %s", error)

    def _asked(self, client: Client) -> SweepAnswer:
        if self._looked is None:
            self._tell("the cluster reads the days")
            self._looked = self._first_look(client)
            self._spans = pieces(self._count, self._looked.bars)
        self._judge(client, [span for span in self._spans if span not in self._found])
        self._tell("the best set")
        results: list[SetResult | None] = [each for span in self._spans for each in self._found[span].results]
        last = client.submit(shares.finish, *self._arguments(), shares.write(results), pure=False)
        (whole,) = self._answers(client, [last])
        assert isinstance(whole, shares.Whole)
        took_s = round(time.perf_counter() - self._begun, 2)
        result = replace(whole.answer.result, took_s=took_s, cluster=self._ask.cluster)
        return replace(whole.answer, job=self._ask.job, result=result)

    def _first_look(self, client: Client) -> shares.Looked:
        """Each worker begins to read; the first that has the days is waited for."""
        workers = list(client.scheduler_info(n_workers=-1)["workers"]) or [None]
        self._reading = [client.submit(shares.look, *self._arguments(), workers=each, pure=False) for each in workers]
        ready: queue.SimpleQueue[Future] = queue.SimpleQueue()
        for future in self._reading:
            future.add_done_callback(ready.put)
        looked = self._answer(self._next(client, ready))
        assert isinstance(looked, shares.Looked)
        return looked

    def _judge(self, client: Client, spans: Sequence[Span]) -> None:
        futures = [client.submit(shares.piece, *self._arguments(), *span, pure=False) for span in spans]
        span_of = {future.key: span for future, span in zip(futures, spans, strict=True)}
        for key, answer in self._each(client, futures):
            assert isinstance(answer, shares.Piece)
            self._found[span_of[key]] = answer
            self._tell("")

    def _answers(self, client: Client, futures: list[Future]) -> list[shares.Share]:
        return [answer for _key, answer in self._each(client, futures)]

    def _each(self, client: Client, futures: list[Future]) -> Generator[tuple[str, shares.Share]]:
        """Answers as they come. Raises _Lost, and LabError for what a worker refuses or died of."""
        ready: queue.SimpleQueue[Future] = queue.SimpleQueue()
        for future in futures:
            future.add_done_callback(ready.put)
        try:
            for _ in futures:
                future = self._next(client, ready)
                yield future.key, self._answer(future)
        finally:
            if client.status == "running":
                client.cancel(futures)

    def _next(self, client: Client, ready: queue.SimpleQueue[Future]) -> Future:
        while True:
            if self._stopping.is_set():
                raise LabError("Cancelled.")  # nobody hears it
            try:
                return ready.get(timeout=LOOK_S)
            except queue.Empty:
                if client.status != "running":
                    raise _Lost from None
                if not client.scheduler_info()["workers"]:
                    self._tell(f"the cluster at {self._ask.cluster} has no worker; waiting for one")

    def _answer(self, future: Future) -> shares.Share:
        if future.status == "error":
            raise LabError(_broken(self._ask.cluster, future.exception()))
        if future.status != "finished":
            raise _Lost
        share: shares.Share = shares.read_share(future.result(timeout=CONNECT_S))
        if isinstance(share, shares.Refused):
            raise LabError(share.text)
        if self._looked is not None and share.days_hash != self._looked.days_hash:
            raise LabError(
                "The workers don't read the same days: a day changed under the run, or the folder is not the same one "
                "on each machine. Run again; keep the days in a store that all of them read (archive.url)."
            )
        return share

    def _arguments(self) -> tuple[str, str, bytes]:
        return self._name, shares.code_hash(), self._sent

    def _tell(self, text: str) -> None:
        done = sum(span.last - span.first for span in self._found)
        self._told.put(Progress(self._ask.job, done, self._count, text))


def _away(what: str) -> str:
    return (
        f"{what}. Start it (python -m dask scheduler) with its workers, or correct lab.dask, and run again; without "
        "lab.dask this computer does the run."
    )


def _broken(url: str, error: BaseException | None) -> str:
    if type(error).__name__ == "KilledWorker":
        return (
            f"The workers of {url} died under this run, most likely for lack of memory. Give them more (a worker holds "
            "all chosen days), or choose fewer days or symbols."
        )
    return (
        f"The workers of {url} can't do this: {type(error).__name__}: {error}. They must run the same QTrade: start "
        "them in its folder (python -m dask worker), with requirements-scale.txt installed."
    )
