"""HistoryQueue: asks the broker for the bars that rooms want, within the allowance, positions first.

Thin shell around `engine.bars.history_plan`. Runs in the engine thread. An answer whose unit of volume is not known
yet is kept and merged again when it is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from engine.bars.day_cache import DayCache
from engine.bars.day_ratio import answer_of, new_york_day
from engine.bars.history_plan import (
    RANK_POSITION,
    RANK_SHOWN,
    RANK_STREAMED,
    RANK_UNIVERSE,
    Allowance,
    Job,
    JobKind,
    missing_since,
    next_jobs,
    request_since,
)
from engine.bars.packed_bars import PackedBars
from engine.bars.sessions import is_us_stock
from engine.bars.store import BarStore
from engine.bars.usual import usual_volume
from engine.bars.volume_unit import VolumeUnits
from engine.broker.port import HistoryRequest
from engine.clock import Clock
from engine.codes import NOT_RECORDED
from engine.domain import Bar, ContractRef
from engine.errors import BrokerUnavailable, RequestRejected, RequestTimeout

log = logging.getLogger("qtrade.history")

TWO_DAYS = HistoryRequest("2 D", "1 min")
ONE_YEAR = HistoryRequest("1 Y", "1 day", rth=True)
MONTH_OF_HALF_HOURS = HistoryRequest("20 D", "30 mins")  # for the charts of half an hour and an hour
MAX_TRIES = 3
RETRY_S = 30.0
STEP_S = 0.25
SETTLE_S = 10.0  # after a connect the universe waits: those that get a line go first, and that shows within seconds
UNIT_WAIT_MAX = 400  # answers kept until their unit of volume is known


def usual_request(contract: ContractRef) -> HistoryRequest:
    """20 days of 15-minute bars; stocks in regular hours, where their volume is."""
    return HistoryRequest("20 D", "15 mins", rth=contract.sec_type == "STK")


class HistorySource(Protocol):
    """The one method of the broker that is needed here."""

    async def history(self, contract: ContractRef, request: HistoryRequest, timeout_s: float = 60.0) -> list[Bar]: ...


class HistoryQueue:
    """Wanted history, per contract and kind; each is asked once a day unless a gap has to be repaired."""

    def __init__(
        self,
        broker: HistorySource,
        store: BarStore,
        units: VolumeUnits,
        clock: Clock,
        market: Callable[[], float],
        on_unknown_contract: Callable[[int], None] = lambda con_id: None,
        on_answer: Callable[[int], None] = lambda con_id: None,
        is_ready: Callable[[int], bool] = lambda con_id: True,
    ) -> None:
        self._broker = broker
        self._store = store
        self._units = units
        self._clock = clock
        self._market = market
        self._on_unknown_contract = on_unknown_contract
        self._on_answer = on_answer
        self._is_ready = is_ready  # what the disk knows of the contract has been read
        self._jobs: dict[tuple[int, JobKind], Job] = {}
        self._done: dict[tuple[int, JobKind], str] = {}  # -> the exchange's date
        self._failed: dict[tuple[int, JobKind], str] = {}
        self._allowance = Allowance()
        self._tasks: set[asyncio.Task[None]] = set()
        self._unit_waits: dict[tuple[int, JobKind], tuple[PackedBars, float, float | None]] = {}
        self._connected = False
        self._universe_from_mono = 0.0
        self._repairs: dict[int, float] = {}  # where the gap begins that is being repaired
        self._cache: DayCache | None = None
        self._is_refused = False  # by the disk
        self._kept: dict[int, PackedBars] = {}  # bases of today from disk
        self._hopeless: dict[int, float] = {}  # gaps that the broker has no bars for: not asked again

    async def open_cache(self, folder: Path) -> None:
        """Use the bases that an earlier run of today left in `folder`, and keep new ones there."""
        cache = DayCache(folder)
        try:
            kept = await asyncio.to_thread(cache.load, self._today())
        except OSError as error:
            log.warning("Volume bases on disk can't be read: %s", error.strerror)
            kept = {}
        self.use_cache(cache, kept)

    def use_cache(self, cache: DayCache, kept: dict[int, PackedBars]) -> None:
        """Bases that were asked for earlier today (`cache.load`), and where new ones are kept."""
        self._cache, self._kept = cache, kept
        for job in [job for job in self._jobs.values() if job.kind == "usual" and job.contract.con_id in kept]:
            self._answered(job, kept[job.contract.con_id], self._market())

    # --- wishes -------------------------------------------------------------------------------------------------

    def want(self, contract: ContractRef, rank: int = RANK_UNIVERSE, score: float = 0.0) -> None:
        """Bars and their base for a symbol; of positions and shown symbols a year of days and 20 days of half hours,
        too. Cheap to repeat."""
        self._want(contract, "bars", TWO_DAYS, rank, score)
        self._want(contract, "usual", usual_request(contract), rank, score)
        if rank <= RANK_SHOWN:
            self._want(contract, "daily", ONE_YEAR, rank, score)
            self._want(contract, "half hours", MONTH_OF_HALF_HOURS, rank, score)

    def rank(self, ranks: Mapping[int, tuple[int, float]]) -> None:
        """New (rank, score) per con_id for what waits: the order of the visiting policy."""
        for key, job in self._jobs.items():
            new = ranks.get(key[0])
            if new is not None and (job.rank, job.score) != new:
                self._jobs[key] = msgspec.structs.replace(job, rank=new[0], score=new[1])

    def repair(self, con_id: int, now_market: float, rank: int = RANK_STREAMED) -> None:
        """Ask for what a lost line left out, if anything is missing in the last two hours."""
        start = self._store.gap_start(con_id, now_market)
        contract = self._store.contract(con_id)
        if start is None or contract is None or (con_id, "bars") in self._jobs or self._hopeless.get(con_id) == start:
            return
        request = request_since(start, now_market)
        key: tuple[int, JobKind] = (con_id, "repair")
        if key not in self._jobs:
            self._jobs[key] = Job(contract, "repair", request, rank)
            self._repairs[con_id] = start

    def forget(self, con_id: int) -> None:
        """The symbol left the universe."""
        for kind in ("bars", "usual", "daily", "half hours", "repair"):
            for by_kind in (self._jobs, self._done, self._failed, self._unit_waits):
                by_kind.pop((con_id, kind), None)
        for by_contract in (self._repairs, self._hopeless, self._kept):
            by_contract.pop(con_id, None)

    # --- events -------------------------------------------------------------------------------------------------

    def on_connected(self) -> None:
        self._connected = True
        self._universe_from_mono = self._clock.mono() + SETTLE_S
        self._allowance.open.clear()

    def on_disconnected(self) -> None:
        self._connected = False

    def on_units_known(self, con_ids: Collection[int]) -> None:
        """Merge again what came while the unit of these symbols' volume was unknown."""
        for key in [key for key in self._unit_waits if key[0] in con_ids]:
            bars, asked, covers_from = self._unit_waits.pop(key)
            self._take(*key, bars, asked, covers_from)

    def ask_again(self, con_ids: Collection[int]) -> None:
        """What was answered was taken in another unit than theirs."""
        for con_id in con_ids:
            contract = self._store.contract(con_id)
            if contract is None:
                continue
            requests: dict[JobKind, HistoryRequest] = {
                "bars": TWO_DAYS, "usual": usual_request(contract), "daily": ONE_YEAR,
                "half hours": MONTH_OF_HALF_HOURS,
            }  # fmt: skip
            for kind, request in requests.items():
                if self._done.pop((con_id, kind), None) is not None:
                    self._jobs[(con_id, kind)] = Job(contract, kind, request, RANK_STREAMED)

    # --- what is shown ------------------------------------------------------------------------------------------

    @property
    def waiting(self) -> int:
        return len(self._jobs)

    def text(self) -> str:
        """ "warming: history queued, 140 of 500"; "" when nothing waits. Counts symbols."""
        waiting = {key[0] for key in self._jobs if key[1] in ("bars", "usual")}
        if not waiting:
            return ""
        today = self._today()
        answered = (*self._done.items(), *self._failed.items())
        known = waiting | {con_id for (con_id, _), day in answered if day == today}
        paused = self._allowance.blocked_until_mono > self._clock.mono()
        return f"warming: history queued, {len(waiting)} of {len(known)}" + (", pacing pause" if paused else "")

    def asked(self, con_id: int) -> bool:
        """Whether the 1-minute bars of this symbol have been answered (well or badly) today."""
        return (con_id, "bars") in self._done or (con_id, "bars") in self._failed

    def is_filling(self, con_id: int) -> bool:
        """Whether 1-minute bars of this symbol are asked for, or wait to be: all of them, or those of a gap."""
        return self._connected and any((con_id, kind) in self._jobs for kind in ("bars", "repair"))

    # --- running ------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Send what may be sent, for ever. Cancel it to stop."""
        try:
            while True:
                self.step()
                await asyncio.sleep(STEP_S)
        finally:
            for task in self._tasks:
                task.cancel()

    def step(self) -> None:
        """Send what may be sent now (needs the running loop)."""
        if not self._connected:
            return
        now = self._clock.mono()
        settled = now >= self._universe_from_mono
        for job in next_jobs(self._ready_jobs(settled), self._allowance, now):
            self._allowance.note_sent(job, now)
            task = asyncio.get_running_loop().create_task(self._ask(job), name=f"history {job.contract.local_symbol}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _ready_jobs(self, settled: bool) -> list[Job]:
        """What may be asked now; minute bars only for the time that no earlier run has left on disk."""
        ready: list[Job] = []
        now = self._market()
        for job in list(self._jobs.values()):
            con_id = job.contract.con_id
            if job.rank >= RANK_UNIVERSE and not settled:
                continue
            if job.kind != "usual" and not self._is_ready(con_id):
                continue
            since = self._known_until(job, now)
            if since is None:
                ready.append(job)
                continue
            short = msgspec.structs.replace(job, request=request_since(since, now))
            if self._store.was_closed(con_id, since, now):
                self._answered(short, [], now)
            else:
                ready.append(short)
        return ready

    def _known_until(self, job: Job, now: float) -> float | None:
        """Until when the bars are here; None = ask for both days, as long as their unit has to be learned from them."""
        entry = self._store.get(job.contract.con_id)
        if job.kind != "bars" or entry is None or self._units.history_factor(job.contract.con_id) is None:
            return None
        return missing_since(entry.covered, now)

    async def _ask(self, job: Job) -> None:
        asked = self._market()
        try:
            bars = await self._broker.history(job.contract, job.request)
        except RequestRejected as error:
            self._rejected(job, error, asked)
        except RequestTimeout:
            self._again(job, "no answer in time")
        except BrokerUnavailable:
            pass  # stays queued for the next connection
        else:
            self._answered(job, bars, asked)
            if job.kind == "usual":
                await self._keep(job.contract.con_id, bars)
        finally:
            self._allowance.open.discard(job.key)

    async def _keep(self, con_id: int, bars: list[Bar]) -> None:
        """Write a base to disk, off the loop; a disk that refuses costs only the next start some time."""
        if self._cache is None:
            return
        try:
            await asyncio.to_thread(self._cache.append, self._today(), con_id, bars)
        except OSError as error:
            if not self._is_refused:
                log.warning("Volume bases are not kept on disk: %s", error.strerror)
            self._is_refused = True  # and tried again with the next one
        else:
            self._is_refused = False

    def _answered(self, job: Job, bars: Sequence[Bar], asked: float) -> None:
        con_id = job.contract.con_id
        self._jobs.pop(job.key, None)
        if con_id not in self._store:
            return
        self._done[job.key] = self._today()
        self._failed.pop(job.key, None)
        self._learn_unit(job, bars, asked)
        self._take(con_id, job.kind, bars, asked, self._covers_from(job))
        self._on_answer(con_id)

    def _covers_from(self, job: Job) -> float | None:
        """From when on an answer tells all; None = from its first bar."""
        if job.kind == "repair":
            return self._repairs.get(job.contract.con_id)
        if not _is_short(job):
            return None
        entry = self._store.get(job.contract.con_id)
        return missing_since(entry.covered, self._market()) if entry is not None else None

    def _take(self, con_id: int, kind: JobKind, bars: Sequence[Bar], asked: float, covers_from: float | None) -> None:
        factor = self._units.history_factor(con_id)
        if factor is None and len(self._unit_waits) < UNIT_WAIT_MAX:
            self._unit_waits[(con_id, kind)] = (PackedBars(bars), asked, covers_from)
        shares = [_in_shares(bar, factor) for bar in bars]
        if kind == "usual":
            entry = self._store.get(con_id)
            days = self._store.trading_days(con_id)
            us_stock = entry is not None and is_us_stock(entry.contract) and days.week == "US stocks"
            usual = usual_volume(shares, self._market(), days, us_stock)
            self._store.set_usual(con_id, usual)
        elif kind == "daily":
            self._store.set_daily(con_id, shares)
        elif kind == "half hours":
            self._store.set_half_hours(con_id, shares)
        else:
            self._store.merge_history(con_id, shares, asked, covers_from=covers_from)
            if kind == "bars":
                known = bars or covers_from is not None
                self._store.set_message(con_id, "" if known else "the broker has no bars for this symbol")

    def _learn_unit(self, job: Job, bars: Sequence[Bar], asked: float) -> None:
        if is_us_stock(job.contract) and job.kind not in ("repair", "half hours") and not _is_short(job):
            self._units.on_history(job.contract.con_id, answer_of(job.kind, bars, asked))

    def _rejected(self, job: Job, error: RequestRejected, asked: float) -> None:
        text = error.text.lower()
        if error.code == 162 and "no data" in text and _is_short(job):
            self._answered(job, [], asked)  # nothing was traded since
            return
        if "pacing" in text:
            log.warning(
                "History pause of 60 s: the gateway answered a pacing violation for %s", job.contract.local_symbol
            )
            self._allowance.pacing_answer(self._clock.mono())
            return
        if error.code == 162 and ("no data" in text or "cancel" in text or "not connected" in text):
            self._again(job, error.text) if job.tries == 0 else self._give_up(job, error.text)
            return
        if error.code == 200:
            self._on_unknown_contract(job.contract.con_id)
        self._give_up(job, error.text)

    def _again(self, job: Job, why: str) -> None:
        if job.key not in self._jobs:
            return
        if job.tries + 1 >= MAX_TRIES:
            self._give_up(job, why)
            return
        later = self._clock.mono() + RETRY_S * (job.tries + 1)
        self._jobs[job.key] = msgspec.structs.replace(self._jobs[job.key], tries=job.tries + 1, not_before_mono=later)

    def _give_up(self, job: Job, why: str) -> None:
        self._jobs.pop(job.key, None)
        if job.contract.con_id in self._store:
            self._failed[job.key] = self._today()
        level = logging.DEBUG if NOT_RECORDED in why else logging.INFO
        log.log(level, "No %s history for %s: %s", job.request.bar_size, job.contract.local_symbol, why)
        if job.kind == "bars":
            self._store.set_message(job.contract.con_id, why)
        elif job.kind == "repair" and job.contract.con_id in self._repairs:
            self._hopeless[job.contract.con_id] = self._repairs[job.contract.con_id]

    def _want(self, contract: ContractRef, kind: JobKind, request: HistoryRequest, rank: int, score: float) -> None:
        key: tuple[int, JobKind] = (contract.con_id, kind)
        today = self._today()
        if self._done.get(key) == today or self._failed.get(key) == today or contract.con_id not in self._store:
            return
        if not contract.exchange:  # not qualified yet, or never to be: TWS would refuse it (321)
            return
        waiting = self._jobs.get(key)
        if kind == "usual" and contract.con_id in self._kept:
            self._answered(Job(contract, kind, request), self._kept.pop(contract.con_id), self._market())
        elif waiting is None:
            self._jobs[key] = Job(contract, kind, request, rank, score)
        elif rank < waiting.rank:
            self._jobs[key] = msgspec.structs.replace(waiting, contract=contract, rank=rank, score=score)

    def _today(self) -> str:
        return new_york_day(self._market())


def _is_short(job: Job) -> bool:
    """Minute bars of a part of the two days."""
    return job.kind == "bars" and job.request != TWO_DAYS


def _in_shares(bar: Bar, factor: float | None) -> Bar:
    if factor == 1.0 or bar.volume is None:
        return bar
    volume = None if factor is None else round(bar.volume * factor, 2)
    return Bar(bar.time, bar.open, bar.high, bar.low, bar.close, volume, bar.source, bar.closed)


__all__ = ["RANK_POSITION", "RANK_SHOWN", "RANK_STREAMED", "RANK_UNIVERSE", "HistoryQueue"]
