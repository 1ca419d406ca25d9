"""What the gateway refuses: errors on lines, lines without data, ticks of lines that it reported as gone.

The decisions are pure: what an error means for its line (`line_fault`), how long a contract is left alone (`Blocks`),
how many lines TWS has left over (`learned_cap.py`).
`Refusals` carries them out, in the engine thread only.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Literal

from msgspec import Struct

from engine.broker.port import BrokerPort, RequestError
from engine.clock import Clock
from engine.codes import code_info
from engine.domain import ContractRef
from engine.lines import repair
from engine.lines.diary import Diary
from engine.lines.executor import LineExecutor
from engine.lines.learned_cap import LearnedCap
from engine.lines.ledger import Ledger, Line
from engine.lines.log_lines import LineLog

PAUSE_S = 60.0  # a refusal is news again after so long without it
LATE_TICKS_S = 2.0
ABANDONED_S = 3_600.0  # a line that TWS called gone and that was silent for so long is gone
FaultAction = Literal["step_down", "free", "slow", "advise", "ignore"]
UNKNOWN_CONTRACT = 200
NO_LINE_LEFT = 101  # at TWS
NO_LINE, NO_DATA = "no line", "no data"  # the budget has none; asked twice, and no tick
FIRST_RETRY_S = 60.0
RETRY_S = 600.0
RENEWED_S = 1.0
POSITION_RETRY_S = 25.0  # what is held is asked for again and again: at night TWS knows no contract for a while
SLOW_RETRY_S = 60.0
_FORGET_S = 3_600.0
# After these TWS has no such line; after any other refusal a cancel makes sure (its echo, 300, is ignored).
FREED_BY_TWS = frozenset({NO_LINE_LEFT, 200, 354, 10168})
# Ticks may follow these all the same (delayed, or part of them): the time-out of the first tick decides.
_ADVISORY = frozenset({10089, 10090, 10091, 10167})


class LineFault(Struct, frozen=True):
    """`sentence` is for the trader; "" where nothing is to be said."""

    action: FaultAction
    sentence: str = ""


def line_fault(code: int, text: str) -> LineFault:
    """What to do with the line that got this error; a code that is not known only leaves its text on the line."""
    info = code_info(code, text)
    sentence = f"{info.title} (code {code})"
    if code in _ADVISORY:
        return LineFault("advise", sentence)
    if info.action == "step_down":
        return LineFault("step_down", sentence)
    if info.action == "free_line":
        return LineFault("free", sentence)
    if info.action == "retry_line_slow":
        return LineFault("slow", sentence)
    if info.action == "ignore":
        return LineFault("ignore")
    return LineFault("advise", sentence if info.action != "show" else text or sentence)


class Block(Struct, frozen=True):
    """A contract whose line was refused; not asked for again before `until_mono`."""

    until_mono: float
    sentence: str
    code: int
    count: int


class Blocks:
    """Contracts that are left alone for a while: 200 for a minute, then 10 minutes; everything else 10 minutes.

    A position's is asked for again within 30 s, whatever it was.
    """

    def __init__(self) -> None:
        self._blocks: dict[int, Block] = {}

    def __bool__(self) -> bool:
        return bool(self._blocks)

    def add(self, con_id: int, code: int, sentence: str, now_mono: float, *, of_position: bool = False) -> None:
        before = self._blocks.get(con_id)
        count = before.count + 1 if before is not None and before.code == code else 1
        wait_s = FIRST_RETRY_S if code == UNKNOWN_CONTRACT and count == 1 else RETRY_S
        if of_position:
            wait_s = POSITION_RETRY_S
        self._blocks[con_id] = Block(now_mono + wait_s, sentence, code, count)

    def active(self, con_id: int, now_mono: float) -> Block | None:
        block = self._blocks.get(con_id)
        return block if block is not None and now_mono < block.until_mono else None

    def count(self, con_id: int) -> int:
        """How often in a row it was refused with the same code."""
        block = self._blocks.get(con_id)
        return 0 if block is None else block.count

    def active_ids(self, now_mono: float) -> set[int]:
        """Contracts to leave alone now; those long over are forgotten."""
        for con_id in [c for c, b in self._blocks.items() if now_mono > b.until_mono + _FORGET_S]:
            del self._blocks[con_id]
        return {con_id for con_id, block in self._blocks.items() if now_mono < block.until_mono}

    def clear(self) -> None:
        """A new connection: every contract gets its chance again (200 at night is never lasting)."""
        self._blocks.clear()

    def succeed(self, con_id: int) -> None:
        """The line ticks: its past is forgotten."""
        self._blocks.pop(con_id, None)


@dataclass(frozen=True, slots=True)
class Desks:
    """The bus' parts that a refusal concerns. `market()` gives market seconds now, `limit()` the configured limit."""

    broker: BrokerPort
    clock: Clock
    ledger: Ledger
    executor: LineExecutor
    diary: Diary
    log: LineLog
    cap: LearnedCap
    market: Callable[[], float]
    limit: Callable[[], int]


class Refusals:
    """`on_unknown(con_id)`: twice the gateway had no such contract (200). `replan` is called after a line was lost to
    101."""

    def __init__(self, desks: Desks, replan: Callable[[float], None], on_unknown: Callable[[int], None]) -> None:
        self._ = desks
        self._replan = replan
        self._on_unknown = on_unknown
        self._blocks = Blocks()
        self._abandoned: dict[int, float] = {}  # requests that TWS says are no more (1101, 354), by the moment
        self.late_ticks = 0

    # --- who is left alone --------------------------------------------------------------------------------------

    def barred(self, now_mono: float) -> Set[int]:
        """Contracts that the gateway refused a while ago: not to be asked for now."""
        return self._blocks.active_ids(now_mono) if self._blocks else frozenset()

    def block(self, con_id: int, now_mono: float) -> Block | None:
        """Why this contract is left alone; None = it isn't."""
        return self._blocks.active(con_id, now_mono)

    def succeed(self, con_id: int) -> None:
        """Its line ticks."""
        self._blocks.succeed(con_id)

    def on_connected(self) -> None:
        """A new connection: every contract gets its chance again (200 at night is never lasting)."""
        self._blocks.clear()

    def abandon(self, req_id: int, now_mono: float) -> None:
        """TWS says that this line is no more; should it tick all the same, it is cancelled."""
        self._abandoned = {old: at for old, at in self._abandoned.items() if now_mono - at < ABANDONED_S}
        self._abandoned[req_id] = now_mono

    def forget_abandoned(self) -> None:
        self._abandoned.clear()

    # --- events -------------------------------------------------------------------------------------------------

    def on_late_tick(self, req_id: int, received_mono: float) -> bool:
        """A tick of a request that is no line of ours: counted. True when TWS had reported the line as gone."""
        self.late_ticks += 1
        dropped_at = self._abandoned.get(req_id)
        if dropped_at is None or received_mono - dropped_at <= LATE_TICKS_S:
            return False
        del self._abandoned[req_id]
        self._.broker.cancel(req_id)
        return True

    def on_error(self, error: RequestError) -> None:
        """An error that names a request; those of lines are acted upon, others are not ours."""
        line = self._.ledger.by_req.get(error.req_id)
        if line is None:
            return
        fault = line_fault(error.code, error.text)
        if fault.action == "step_down":
            self._step_down(line)
        elif not line.listens or fault.action == "ignore":
            return
        elif fault.action == "free":
            self._free(line, error.code, fault.sentence)
        elif fault.action == "slow":
            self._suspend(line, fault.sentence)
        else:
            line.message = fault.sentence
            self._.log.advice(line.symbol, fault.sentence, self._.clock.mono())

    def no_data(self, line: Line, now_mono: float) -> None:
        """Asked twice and nothing came: positions and pins keep their line, everybody else gives it back."""
        self._.diary.refused[NO_DATA] += 1
        sentence = line.message or f"no data: no tick in {repair.FIRST_TICK_S:.0f} s, asked twice"
        if line.line_class in repair.KEEP_WITHOUT_DATA:
            line.state, line.message = "error", sentence
            self._.log.refused(line.symbol, sentence, now_mono)
            return
        self._give_up(line, 0, sentence)
        self._.executor.give_back(line, sentence, now_mono)

    def note(self, contract: ContractRef, reason: str, *, spoken: bool, contest: bool = False) -> None:
        """A demand found no line: shown, and said aloud where it is news and matters."""
        desks = self._
        if not desks.diary.refuse(contract, reason, PAUSE_S, desks.clock.wall(), contest=contest):
            return
        desks.diary.refused[NO_LINE] += 1
        desks.diary.note_refused(contract, reason, desks.clock.wall())
        if spoken:
            desks.log.refused(contract.local_symbol, reason, desks.clock.mono())

    # --- inside -------------------------------------------------------------------------------------------------

    def _step_down(self, line: Line) -> None:
        """101: the line is dead, and so many are not to be had."""
        desks, now, limit = self._, self._.clock.mono(), self._.limit()
        if line.freed_mono is None and line.renewed_mono is not None and now - line.renewed_mono < RENEWED_S:
            desks.executor.ask_later(line, now)  # its own cancel was not through: that says nothing of the limit
            return
        desks.diary.refused[str(NO_LINE_LEFT)] += 1
        desks.cap.refused_at(desks.executor.lines_before(line), limit, now, desks.market())
        desks.executor.farewell(line, "refused: no line free at TWS (code 101)")
        desks.executor.drop(line)
        desks.log.cap(desks.cap.story(limit), now)
        self._replan(now)  # requests that are still queued are taken back before they fail too

    def _free(self, line: Line, code: int, sentence: str) -> None:
        """The gateway refused this contract: its line is free, and it is left alone for a while."""
        self._.diary.refused[str(code)] += 1
        self._give_up(line, code, sentence)
        if code in FREED_BY_TWS:
            self.abandon(line.req_id, self._.clock.mono())
            self._.executor.farewell(line, f"refused: {sentence}")
            self._.executor.drop(line)
        else:
            self._.executor.give_back(line, f"refused: {sentence}", self._.clock.mono())
        if code == UNKNOWN_CONTRACT and self._blocks.count(line.con_id) > 1:
            self._on_unknown(line.con_id)  # once may be the nightly reset

    def _give_up(self, line: Line, code: int, sentence: str) -> None:
        desks, now = self._, self._.clock.mono()
        self._blocks.add(line.con_id, code, sentence, now, of_position=line.line_class == "100")
        desks.diary.refuse(line.contract, sentence, PAUSE_S, desks.clock.wall())
        desks.diary.note_refused(line.contract, sentence, desks.clock.wall())
        desks.log.refused(line.symbol, sentence, now)

    def _suspend(self, line: Line, sentence: str) -> None:
        """10197: the line stays open at IB; asked for again when it is silent for a minute."""
        now = self._.clock.mono()
        line.state, line.message, line.competing = "error", sentence, True
        repair.verify(line, now, now + SLOW_RETRY_S, sentence)
        self._.log.competing(sentence, now)
