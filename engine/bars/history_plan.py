"""Which history requests may go out now: a pure decision within IB's allowance, monotonic seconds.

Bars of a minute and more: at most 6 open and 60 a minute, the same request not within 15 s, at most 5 for one
contract in 2 s, and a minute's silence after a pacing answer (SIGNALS, "History").
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from msgspec import Struct

from engine.broker.port import HistoryRequest
from engine.domain import ContractRef

MAX_OPEN = 6
PER_MINUTE = 58  # IB's 60, and two for what is under way between two clocks
KEPT_FOR_STREAMED = 12  # of these: a symbol that has just got a line must not wait behind the universe
SAME_REQUEST_S = 15.0
PER_CONTRACT = 5
PER_CONTRACT_S = 2.0
PACING_PAUSE_S = 60.0

LATELY_S = 23 * 3_600.0
REACHES_BACK_S = 18 * 3_600.0  # what is known must begin in an earlier session

JobKind = Literal["bars", "usual", "daily", "half hours", "repair"]
RANK_POSITION, RANK_SHOWN, RANK_STREAMED, RANK_UNIVERSE = 0, 1, 2, 3


class Job(Struct, frozen=True):
    """One wanted request. Smaller `rank` goes first, then the bars before their base, then the higher `score`."""

    contract: ContractRef
    kind: JobKind
    request: HistoryRequest
    rank: int = RANK_UNIVERSE
    score: float = 0.0
    tries: int = 0
    not_before_mono: float = 0.0

    @property
    def key(self) -> tuple[int, JobKind]:
        return (self.contract.con_id, self.kind)

    def order(self) -> tuple[int, int, float, int]:
        late = 1 if self.kind in ("usual", "daily", "half hours") and self.rank >= RANK_STREAMED else 0
        return (self.rank, late, -self.score, self.contract.con_id)


@dataclass(slots=True)
class Allowance:
    """What was sent lately. `blocked_until_mono` after a pacing answer."""

    open: set[tuple[int, JobKind]] = field(default_factory=set)
    sent: deque[tuple[float, int, HistoryRequest]] = field(default_factory=deque)
    blocked_until_mono: float = 0.0

    def note_sent(self, job: Job, now_mono: float) -> None:
        self.open.add(job.key)
        self.sent.append((now_mono, job.contract.con_id, job.request))

    def pacing_answer(self, now_mono: float) -> None:
        self.blocked_until_mono = now_mono + PACING_PAUSE_S

    def forget(self, now_mono: float) -> None:
        while self.sent and self.sent[0][0] <= now_mono - 60.0:
            self.sent.popleft()


def missing_since(spans: Iterable[Sequence[float]], now_market: float) -> float | None:
    """From when on minute bars have to be asked for, when the rest of two days is known; None = ask for both days.

    `spans` = stretches of market time whose bars are known, in order.
    """
    ends = [end for start, end in spans if start <= now_market - REACHES_BACK_S]
    return ends[-1] if ends and now_market - LATELY_S <= ends[-1] <= now_market else None


def request_since(start: float, now_market: float) -> HistoryRequest:
    """Minute bars from `start` on, and a little more; at most a day, as IB counts in seconds up to there."""
    seconds = int((now_market - start) // 300 + 2) * 300
    return HistoryRequest(f"{min(seconds, 86_400)} S", "1 min")


def next_jobs(waiting: Iterable[Job], allowance: Allowance, now_mono: float) -> list[Job]:
    """The jobs to send now, in order. Does not change the allowance but for forgetting what is over."""
    allowance.forget(now_mono)
    room = min(MAX_OPEN - len(allowance.open), PER_MINUTE - len(allowance.sent))
    if room <= 0 or now_mono < allowance.blocked_until_mono:
        return []
    ready = [job for job in waiting if job.not_before_mono <= now_mono and job.key not in allowance.open]
    chosen: list[Job] = []
    ordinary = min(room, PER_MINUTE - KEPT_FOR_STREAMED - len(allowance.sent))
    for job in sorted(ready, key=Job.order):
        if len(chosen) >= (ordinary if job.rank >= RANK_UNIVERSE else room):
            break
        if _may_go(job, chosen, allowance, now_mono):
            chosen.append(job)
    return chosen


def _may_go(job: Job, chosen: list[Job], allowance: Allowance, now_mono: float) -> bool:
    con_id = job.contract.con_id
    mine = [other for other in chosen if other.contract.con_id == con_id]
    if any(other.kind == job.kind or other.request == job.request for other in mine):
        return False
    of_contract = len(mine)
    for at, other_id, request in allowance.sent:
        if other_id != con_id:
            continue
        if request == job.request and at > now_mono - SAME_REQUEST_S:
            return False
        if at > now_mono - PER_CONTRACT_S:
            of_contract += 1
    return of_contract < PER_CONTRACT
