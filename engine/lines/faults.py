"""What an error on a line means for the line, and how long its contract is left alone. Pure decisions."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from engine.codes import code_info

FaultAction = Literal["step_down", "free", "slow", "advise", "ignore"]
UNKNOWN_CONTRACT = 200
FIRST_RETRY_S = 60.0
RETRY_S = 600.0
SLOW_RETRY_S = 60.0
_FORGET_S = 3_600.0
# After these TWS has no such line; after any other refusal a cancel makes sure (its echo, 300, is ignored).
FREED_BY_TWS = frozenset({101, 200, 354, 10168})
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
    """Contracts that are left alone for a while: 200 for a minute, then 10 minutes; everything else 10 minutes."""

    def __init__(self) -> None:
        self._blocks: dict[int, Block] = {}

    def __bool__(self) -> bool:
        return bool(self._blocks)

    def add(self, con_id: int, code: int, sentence: str, now_mono: float) -> None:
        before = self._blocks.get(con_id)
        count = before.count + 1 if before is not None and before.code == code else 1
        wait_s = FIRST_RETRY_S if code == UNKNOWN_CONTRACT and count == 1 else RETRY_S
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
