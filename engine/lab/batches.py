"""The tapes of a run in batches, each judged in one step that is short enough for a preview to wait for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.breakout.rules import Floors
from engine.config import BreakoutParams
from engine.lab.features import Features
from engine.lab.replay import replay
from engine.lab.stack import stack_tapes
from engine.lab.summary import Judged, Outcomes
from engine.lab.tape import Tape

BATCH_CELLS = 150_000  # bars, with those that pad shorter tapes: well below a second a step


class Batch:
    """Some tapes as a stack of their own. `cells` = those of all batches of the run, which share the memory."""

    def __init__(self, tapes: Sequence[Tape], cells: int) -> None:
        self._features = Features(stack_tapes(tapes), cells)
        self._outcomes = Outcomes(self._features)

    def judge(self, params: BreakoutParams, floors: Floors) -> list[Judged]:
        """Its signals under one set, tape by tape. `LabSignal.tape` counts within the batch."""
        return self._outcomes.judge(replay(self._features, params, floors))


def batches_of(tapes: Sequence[Tape], most_cells: int = BATCH_CELLS) -> Iterator[Sequence[Tape]]:
    """The tapes in their order, as many together as fit; one that is too wide by itself goes alone."""
    first, width = 0, 0
    for number, tape in enumerate(tapes):
        wider = max(width, _width(tape))
        if number > first and (number - first + 1) * wider > most_cells:
            yield tapes[first:number]
            first, wider = number, _width(tape)
        width = wider
    if tapes:
        yield tapes[first:]


def _width(tape: Tape) -> int:
    """Columns of the widest matrix it takes part in."""
    return max(len(tape.bars.time), len(tape.looks.time) if tape.looks is not None else 0)
