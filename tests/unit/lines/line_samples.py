"""Short ways to write demands and held lines in tests."""

from __future__ import annotations

from engine.domain import ContractRef, Demand, LineClass
from engine.lines.model import HeldLine, LinePolicy, LineState

NOW = 10_000.0
POLICY = LinePolicy(top_max=50)  # room for every 50: what bounds them has tests of its own


def contract(con_id: int, symbol: str = "") -> ContractRef:
    name = symbol or f"S{con_id}"
    return ContractRef(con_id=con_id, symbol=name, local_symbol=name, sec_type="STK", exchange="SMART")


def want(
    con_id: int,
    line_class: LineClass,
    score: float = 0.0,
    *,
    exposure: float = 0.0,
    borrowed: bool = False,
    since: float = 0.0,
    holder: str = "test",
) -> Demand:
    return Demand(
        contract=contract(con_id),
        line_class=line_class,
        holder=holder,
        reason=f"{line_class} {score}",
        score=score,
        exposure_base=exposure,
        borrowed=borrowed,
        since_mono=since,
    )


def line(
    con_id: int,
    line_class: LineClass,
    score: float = 0.0,
    *,
    age: float = 1_000.0,
    idle: float | None = None,
    state: LineState = "live",
    sent: bool = True,
    borrowed: bool = False,
) -> HeldLine:
    return HeldLine(
        con_id=con_id,
        local_symbol=f"S{con_id}",
        line_class=line_class,
        since_mono=NOW - age,
        sent_mono=NOW - age if sent else None,
        class_since_mono=NOW - age,
        score=score,
        idle_since_mono=None if idle is None else NOW - idle,
        state=state,
        borrowed=borrowed,
    )


def lines(line_class: LineClass, first: int, count: int, *, age: float = 1_000.0) -> list[HeldLine]:
    """`count` lines of one class with rising scores 0.10, 0.11 ..."""
    return [line(first + i, line_class, 0.10 + i / 100, age=age) for i in range(count)]


def wants_of(held: list[HeldLine]) -> list[Demand]:
    """The demands that keep these lines as they are."""
    return [want(h.con_id, h.line_class, h.score, borrowed=h.borrowed) for h in held]
