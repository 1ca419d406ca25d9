"""A day of random trades over two accounts and three currencies, across the futures' day change, with a restart.

`python start.py test --long journal [trades] [seed]`: trades of every odd kind happen at the simulated broker, some
while the program is down; fills are corrected and busted, a position changes without an execution. Afterwards the
journal's executions, its round trips, each closing, the days and what it calls unexplained must be the broker's own
book, to the cent. A Flex statement of the day then adds the changes without executions alone, and an older one fills
the calendar. It begins at 17:59 New York, so that futures are of two trade dates.
"""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from tests.integration.book_executions import Book, executions_of, realised
from tests.integration.engine_bench import ROOT, SimulatorRun, running_simulator
from tests.integration.flex_of_book import assignment, flex_of
from tests.integration.test_program import Program
from tests.long.report import finish

TRADES, SEED, START = 60, 12, "2025-11-05T17:59"
READY_S, SETTLED_S = 120.0, 90.0
GAP_S = 0.7
CENT = Decimal("0.0051")
# con_id -> sizes; AAPL and NVDA are held by nobody at the beginning.
STOCKS = {265598: (10, 40), 4815747: (5, 20), 76792991: (10, 60), 9599491: (50, 200), 739063432: (100, 400)}
FUTURES = {736986804: (1, 2), 782712268: (1, 1)}
ASSIGNED = 8894
KINDS = ("plain",) * 7 + ("partial", "partial", "corrected", "commission_first", "commission_late", "utc_time",
                          "abbreviated_zone", "combination")  # fmt: skip


class Day:
    """Makes the trades, and remembers what it did."""

    def __init__(self, simulator: SimulatorRun, seed: int) -> None:
        self._simulator, self._chance = simulator, random.Random(seed)
        self.made: list[tuple[str, str]] = []
        self.kinds: dict[str, int] = defaultdict(int)
        self.assigned: dict[str, int] = {}

    def book(self) -> Book:
        return dict(self._simulator.call("GET", "/book"))

    def trade(self) -> None:
        """One in some contract of some account; often the one that makes it flat or turns it."""
        chance = self._chance
        account = chance.choice([one for one in self.book()["accounts"] if not one["account"].startswith("D" + "F")])
        con_id, (least, most) = chance.choice(list((STOCKS | FUTURES).items()))
        held = next((int(Decimal(p["quantity"])) for p in account["positions"] if p["con_id"] == con_id), 0)
        shares = chance.randint(least, most) * chance.choice((-1, 1))
        if held and chance.random() < 0.5:
            shares = -held if chance.random() < 0.7 else -held + shares
        kind = chance.choice(KINDS)
        if not shares:
            shares = least
        answer = self._simulator.call(
            "POST", "/trade", {"account": account["account"], "con_id": con_id, "shares": shares, "kind": kind}
        )
        self.kinds[kind] += 1
        self.made += [(account["account"], exec_id) for exec_id in answer["exec_ids"]]

    def bust(self) -> None:
        account, exec_id = self.made[-1]
        self._simulator.call("POST", "/correct", {"account": account, "exec_id": exec_id, "shares": 0})

    def assign(self, account: str, shares: int) -> None:
        body = {"account": account, "con_id": ASSIGNED, "shares": shares, "kind": "assignment"}
        self._simulator.call("POST", "/trade", body)
        self.assigned[account] = shares

    def many(self, count: int) -> None:
        for _ in range(count):
            self.trade()
            threading.Event().wait(GAP_S)


def _wait(condition: Callable[[], Any], timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if condition():
            return True
        threading.Event().wait(0.5)
    return False


def _is_ready(program: Program) -> bool:
    positions = program.get("/api/v1/positions?account=all")
    return bool(positions) and bool(positions["complete"])


def _before(book: Book) -> dict[tuple[str, int], tuple[int, Decimal | None]]:
    return {
        (account["account"], row["con_id"]): (
            int(Decimal(row["quantity"])),
            None if row["avg_cost"] is None else Decimal(row["avg_cost"]),
        )
        for account in book["accounts"]
        for row in account["positions"]
        if row["con_id"] in STOCKS | FUTURES
    }


class Comparison:
    """The journal's answers against the book; `broken` says what differs."""

    def __init__(self, program: Program, book: Book, before: Any, assigned: dict[str, int]) -> None:
        self.broken: list[str] = []
        self.figures = 0
        self._executions = program.get("/api/v1/journal/executions?limit=20000")
        self._trips = program.get("/api/v1/journal/trips?limit=20000")
        if not self._executions or not self._trips:
            self.broken.append("the API does not answer")
            return
        self._book, self._program = book, program
        self._mine = [e for e in executions_of(book) if e.con_id in STOCKS | FUTURES]
        self._compare_executions()
        self._compare_trips(before)
        self._compare_books()
        self._compare_days()
        self._compare_unexplained(assigned)

    def _equal(self, what: str, ours: Any, theirs: Any, tolerance: Decimal = CENT) -> None:
        self.figures += 1
        if (ours is None) != (theirs is None):
            self.broken.append(f"{what}: journal {ours}, book {theirs}")
        elif ours is not None and abs(Decimal(str(ours)) - Decimal(theirs)) > tolerance:
            self.broken.append(f"{what}: journal {ours}, book {theirs}")

    def _compare_executions(self) -> None:
        shown = {(e["account"], e["id"]): e for e in self._executions["executions"]}
        expected = {(e.account, e.id): e for e in executions_of(self._book)}
        unreported = {(f["account"], f["exec_id"]) for f in self._book["fills"] if not f["reported"]}
        self.broken += [f"{key} is lost" for key in expected.keys() - shown.keys()]
        self.broken += [f"{key} is not the broker's" for key in shown.keys() - expected.keys()]
        for key in expected.keys() & shown.keys():
            mine, theirs = shown[key], expected[key]
            self._equal(f"{key} quantity", mine["quantity"], theirs.quantity, Decimal(0))
            self._equal(f"{key} price", mine["price"], theirs.price, Decimal(0))
            commission = None if key in unreported else theirs.commission
            self._equal(f"{key} commission", mine["commission"], commission, Decimal(0))
            day = theirs.trade_date
            if mine["trade_date"].replace("-", "") != day or mine["time"] != theirs.time:
                name = mine["local_symbol"]
                self.broken.append(f"{name} {key} is of {mine['trade_date']} {mine['time']}, book {day} {theirs.time}")
            if mine["base_currency"] != theirs.base_currency:
                self.broken.append(f"{key} base is {mine['base_currency']}, book {theirs.base_currency}")
            elif theirs.fx_rate is not None:
                self._equal(f"{key} rate", mine["rate"], theirs.fx_rate, theirs.fx_rate / 100)

    def _compare_trips(self, before: Any) -> None:
        """Each closing, and what is held."""
        expected = realised(tuple(self._mine), before)
        ours: dict[tuple[str, str], list[Any]] = defaultdict(list)
        held: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
        for trip in self._trips["trips"]:
            if trip["con_id"] in STOCKS | FUTURES:
                held[trip["account"], trip["con_id"]] += Decimal(str(trip["held"]))
                for part in trip["closings"]:
                    ours[trip["account"], part["closed_by"]].append(part)
        self.broken += [f"{key} closed something here" for key in ours.keys() - expected.by_execution.keys()]
        for key, theirs in expected.by_execution.items():
            parts = ours.get(key, [])
            quantity = sum(abs(Decimal(str(part["quantity"]))) for part in parts)
            self._equal(f"{key} closed", quantity, theirs.quantity, Decimal(0))
            gross = _sum(part["gross"] for part in parts)
            self._equal(f"{key} gross", gross, None if theirs.gross is None else _decimal(theirs.gross))
            if not any(part["pending"] for part in parts):
                self._equal(f"{key} fees", _sum(part["fees"] for part in parts), _decimal(theirs.fees))
        for key, quantity in expected.held.items():
            if quantity or key in {(e.account, e.con_id) for e in self._mine}:
                traded = any((e.account, e.con_id) == key for e in self._mine)
                self._equal(f"{key} held", held[key], quantity if traded else 0, Decimal(0))

    def _compare_books(self) -> None:
        """Round trips that began flat, against what the broker's average-cost book realised over the same fills."""
        by_id = {(f["account"], f["exec_id"]): f["realized"] for f in self._book["fills"]}
        chains: dict[str, list[Any]] = {}
        last: dict[tuple[str, int], tuple[str, set[str]]] = {}
        for trip in self._trips["trips"]:
            ids = {e["id"] for e in trip["executions"]}
            key = (trip["account"], trip["con_id"])
            if key in last and last[key][1] & ids:  # one execution turned it: the book gives its fee to the first
                chain = last[key][0]
            else:
                chain = trip["id"]
            last[key] = (chain, ids)
            chains.setdefault(chain, []).append(trip)
        self.chains = 0
        for name, chain in chains.items():
            if chain[-1]["closed_at"] is None or chain[0]["opened_before"] or any(t["pending"] for t in chain):
                continue
            if chain[0]["con_id"] not in STOCKS | FUTURES:
                continue
            account = chain[0]["account"]
            ids = {e["id"] for trip in chain for e in trip["executions"]}
            theirs = sum(Decimal(by_id[account, each] or 0) for each in ids)
            self.chains += 1
            self._equal(f"{name} net", _sum(trip["net"] for trip in chain), theirs, Decimal("0.0101"))

    def _compare_days(self) -> None:
        """Days of one currency add up to its closings, and none is on a day that the book does not have."""
        for currency in sorted({e.currency for e in self._mine}):
            answer = self._program.get(f"/api/v1/journal/days?currency={currency}")
            parts = [
                part["net"]
                for trip in self._trips["trips"]
                if trip["currency"] == currency
                for part in trip["closings"]
                if part["net"] is not None
            ]
            self._equal(f"days of {currency}", answer["sum"]["net"], _sum(parts), Decimal("0.000001"))
            self._equal(f"sum of days of {currency}", _sum(d["net"] for d in answer["days"]), _sum(parts), CENT)

    def _compare_unexplained(self, assigned: dict[str, int]) -> None:
        found: dict[str, Decimal] = defaultdict(Decimal)
        for step in self._executions["unexplained"]:
            if step["con_id"] == ASSIGNED:
                found[step["account"]] += Decimal(str(step["quantity"]))
            else:
                self.broken.append(f"{step} is unexplained")
        for account, shares in assigned.items():
            self._equal(f"{account} unexplained", found[account], shares, Decimal(0))


def _sum(values: Any) -> Decimal | None:
    values = list(values)
    return None if None in values else sum((Decimal(str(value)) for value in values), Decimal(0))


def _decimal(value: Any) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def run(simulator: SimulatorRun, folder: Path, trades: int, seed: int) -> tuple[Comparison, Day, Book]:
    """The whole point; the program is ended and started again at half time."""
    day, data = Day(simulator, seed), folder / "data"
    before = _before(day.book())
    arguments = ("--broker", "paper", "--broker-host", "127.0.0.1", "--broker-port", str(simulator.port))
    program = Program(ROOT, data, *arguments)
    try:
        assert _wait(lambda: _is_ready(program), READY_S), "the program was not ready"
        threading.Event().wait(3.0)  # the positions are noted
        clients = [one["account"] for one in day.book()["accounts"] if not one["account"].startswith("D" + "F")]
        day.many(trades // 2 - 3)
        day.bust()
        day.assign(clients[0], 40)
        program.end()
        day.many(6)  # nobody looks
        program = Program(ROOT, data, *arguments)
        assert _wait(lambda: _is_ready(program), READY_S), "the program was not ready after its restart"
        day.many(trades - trades // 2 - 3)
        day.assign(clients[-1], -25)
        threading.Event().wait(30.0)  # late commissions, corrections
        found = Comparison(program, book := day.book(), before, day.assigned)
        deadline = time.monotonic() + SETTLED_S
        while found.broken and time.monotonic() < deadline:
            threading.Event().wait(3.0)
            found = Comparison(program, book := day.book(), before, day.assigned)
        found.broken += _statements(program, day, book)
        return found, day, book
    finally:
        if program.process.poll() is None:
            program.end()


def _statements(program: Program, day: Day, book: Book) -> list[str]:
    """What a statement of the same day adds: nothing but what no execution told. An older one fills the calendar."""
    broken: list[str] = []
    told, days = executions_of(book), sorted({e.trade_date for e in executions_of(book)})
    before = _ids(program)
    rows = [assignment(account, ASSIGNED, "KO", shares, book["now"]) for account, shares in day.assigned.items()]
    report = program.send(flex_of(told, days[0], days[-1], book["now"] + 86_400.0, rows))
    print(f"   the day's statement: {report}", flush=True)
    counts, after = report["counts"], _ids(program)
    if counts["new"] != len(rows) or counts["refused"] or counts["superseded"]:
        broken.append(f"the day's statement came to {counts}: {report['refused'][:5]}")
    if len(after - before) != len(rows) or before - after:
        broken.append(
            f"executions that the statement added: {sorted(after - before)[:8]}, lost {sorted(before - after)}"
        )
    unexplained = program.get("/api/v1/journal/executions?limit=20000")["unexplained"]
    broken += [f"{step} is unexplained with its statement read" for step in unexplained]
    again = program.send(flex_of(told, days[0], days[-1], book["now"] + 86_400.0, rows))
    if again["status"] != "already read":
        broken.append(f"the same file again: {again['status']}")
    older = [
        replace(e, id=f"older.{n}.01.01", time=e.time - 30 * 86_400.0, trade_date=f"202510{1 + n % 3:02d}")
        for n, e in enumerate(told)
        if e.con_id in STOCKS
    ][:12]
    report = program.send(flex_of(older, "20251001", "20251003", book["now"]))
    answer = program.get("/api/v1/journal/executions?limit=20000")["executions"]
    filled = {e["trade_date"].replace("-", "") for e in answer}
    if report["counts"]["new"] != len(older) or not filled & {"20251001", "20251002", "20251003"}:
        broken.append(f"an older statement came to {report['counts']}, the calendar holds {sorted(filled)}")
    return broken


def _ids(program: Program) -> set[tuple[str, str]]:
    executions = program.get("/api/v1/journal/executions?limit=20000")["executions"]
    return {(e["account"], e["id"]) for e in executions}


def main(arguments: list[str]) -> int:
    trades = int(arguments[0]) if arguments else TRADES
    seed = int(arguments[1]) if len(arguments) > 1 else SEED
    options = ("--portfolio", "world", "--accounts", "3", "--seed", str(seed), "--fresh", "--start", START)
    options += ("--account-interval", "3")
    with tempfile.TemporaryDirectory() as folder, running_simulator(*options) as simulator:
        found, day, book = run(simulator, Path(folder), trades, seed)
    executions = [e for e in executions_of(book) if e.con_id in STOCKS | FUTURES]
    figures = {
        "trades": sum(day.kinds.values()),
        "kinds": dict(sorted(day.kinds.items())),
        "executions": len(executions),
        "accounts": len({e.account for e in executions}),
        "currencies": sorted({e.currency for e in executions}),
        "trade_dates": sorted({e.trade_date for e in executions}),
        "closed_trips_like_the_brokers_book": getattr(found, "chains", 0),
        "figures": found.figures,
        "different": len(found.broken),
        "ended_new_york": book["new_york"],
        "first_differences": found.broken[:40],
    }
    for text in found.broken[:20]:
        print(f"   {text}", flush=True)
    shown = ", ".join(f"{key} {value}" for key, value in figures.items() if key not in ("first_differences", "kinds"))
    return finish("journal", not found.broken and found.figures > 0, figures, shown)
