"""The simulated broker's own day as executions and, worked out share by share, what each of them realised.

The oracle of the journal: exact, and by another way than the program's. `executions_of` is also what a statement of
that day would tell.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from engine.trades.execution import Execution

Book = dict[str, Any]


def executions_of(book: Book) -> tuple[Execution, ...]:
    """`book` is the answer of GET /book: every execution in force with its money, headings left out.

    A commission that the gateway has not reported yet is given all the same: a statement knows it.
    """
    contracts = {(a["account"], p["con_id"]): p for a in book["accounts"] for p in a["positions"]}
    bases = {a["account"]: (a["base"], a["rates"]) for a in book["accounts"]}
    found = []
    for fill in book["fills"]:
        if fill["is_heading"] or fill["quantity"] == "0":
            continue
        contract = contracts[fill["account"], fill["con_id"]]
        base, rates = bases[fill["account"]]
        multiplier, magnifier = Decimal(contract["multiplier"] or 1), Decimal(contract["price_magnifier"])
        found.append(
            Execution(
                account=fill["account"], id=fill["exec_id"], time=fill["time"], con_id=fill["con_id"],
                quantity=Decimal(fill["quantity"]) * (1 if fill["side"] == "BOT" else -1), price=Decimal(fill["price"]),
                currency=fill["currency"], local_symbol=fill["local_symbol"], sec_type=contract["sec_type"],
                multiplier=multiplier, magnifier=magnifier, per_point=multiplier / magnifier,
                commission=Decimal(fill["commission"]), commission_currency=fill["commission_currency"],
                trade_date=fill["trade_date"], base_currency=base,
                fx_rate=Decimal(rates[fill["currency"]]) if fill["currency"] in rates else None, source="flex",
            )
        )  # fmt: skip
    return tuple(sorted(found, key=lambda e: (e.time, e.id)))


@dataclass
class Realised:
    """What one execution closed: money before fees, and the fees of both sides; None = a cost that nobody knows."""

    quantity: int = 0
    gross: Fraction | None = Fraction(0)
    fees: Fraction = Fraction(0)


@dataclass
class Days:
    by_execution: dict[tuple[str, str], Realised] = field(default_factory=dict)
    held: dict[tuple[str, int], int] = field(default_factory=dict)


def realised(executions: tuple[Execution, ...], before: dict[tuple[str, int], tuple[int, Decimal | None]]) -> Days:
    """First in, first out, one share at a time. `before`: (account, con_id) -> what was held, and its cost a share."""
    shares: dict[tuple[str, int], deque[tuple[int, Fraction | None, Fraction]]] = defaultdict(deque)
    for key, (quantity, cost) in before.items():
        side = 1 if quantity > 0 else -1
        shares[key] = deque([(side, None if cost is None else Fraction(cost), Fraction(0))] * abs(quantity))
    days = Days()
    for e in executions:
        queue = shares[e.account, e.con_id]
        side, size = (1 if e.quantity > 0 else -1), int(abs(e.quantity))
        assert e.per_point is not None and e.commission is not None
        money, fee = Fraction(e.price) * Fraction(e.per_point), Fraction(e.commission) / size
        for _ in range(size):
            if not queue or queue[0][0] == side:
                queue.append((side, money, fee))
                continue
            held, cost, paid = queue.popleft()
            done = days.by_execution.setdefault((e.account, e.id), Realised())
            done.quantity += 1
            done.fees += paid + fee
            done.gross = None if done.gross is None or cost is None else done.gross + held * (money - cost)
    days.held = {key: sum(side for side, _, _ in queue) for key, queue in shares.items()}
    return days
