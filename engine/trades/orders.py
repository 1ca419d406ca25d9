"""Executions by their orders: an advisor's that its clients' make up, and orders that do not add up. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from engine.portfolio.fills import is_master, order_doubts
from engine.portfolio.fills import without_allocations as fills_without_allocations
from engine.trades.execution import Execution


class _Part(NamedTuple):
    """An execution as `engine.portfolio.fills` takes it."""

    account: str
    model: str
    con_id: int
    exec_id: str
    perm_id: int | None
    side: str
    quantity: float
    cum_quantity: float | None


def without_allocations(executions: Iterable[Execution]) -> tuple[Execution, ...]:
    """For sums over accounts: an advisor's order that its clients' executions make up is left out."""
    executions = tuple(executions)
    if not any(is_master(e.account) for e in executions):
        return executions
    counted = {_part(e): e for e in executions if e.state == "in force"}
    dropped = {id(counted[part]) for part in counted.keys() - set(fills_without_allocations(counted))}
    return tuple(e for e in executions if id(e) not in dropped)


def doubts_of(executions: Iterable[Execution]) -> dict[tuple[str, str], str]:
    """(account, root) -> why the executions of an order do not make up what it says; a file may begin after an order
    did.
    """
    parts = [_part(e) for e in executions if e.state == "in force" and e.cum_quantity is not None]
    return {(account, root): text for (account, _, _, root), text in order_doubts(parts, of_a_part=True).items()}


def _part(e: Execution) -> _Part:
    cum = None if e.cum_quantity is None else float(e.cum_quantity)
    return _Part(e.account, e.model, e.con_id, e.id, e.perm_id, e.side, float(abs(e.quantity)), cum)
