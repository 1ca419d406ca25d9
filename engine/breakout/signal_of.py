"""The signal that a confirmed breakout makes, with the inputs it was judged by. Pure."""

from __future__ import annotations

from engine.breakout.rules import Frozen, Reading
from engine.domain import ContractRef, Quote, RuleInput, ScorePart, Signal


def signal_of(
    contract: ContractRef,
    quote: Quote,
    reading: Reading,
    frozen: Frozen,
    scored: tuple[float, tuple[ScorePart, ...]],
    times: tuple[float, float],
    scans: tuple[str, ...],
) -> Signal:
    """`times` = market time of the trigger and of the confirmation; `scans` that list the symbol now."""
    triggered_at, now = times
    assert reading.last is not None
    return Signal(
        id=f"{contract.con_id}-{reading.side}-{int(now)}",
        con_id=contract.con_id,
        local_symbol=contract.local_symbol,
        side=reading.side,
        at=now,
        triggered_at=triggered_at,
        level=frozen.level,
        level_kind=frozen.kind,
        last=reading.last,
        atr=frozen.atr,
        score=round(scored[0], 4),
        parts=scored[1],
        lane=quote.lane,
        state="active",
        rel_volume=reading.rel_volume,
        surge=reading.surge,
        scans=scans,
        inputs=tuple(RuleInput(gate.name, gate.value, gate.limit, gate.passed) for gate in reading.gates),
    )
