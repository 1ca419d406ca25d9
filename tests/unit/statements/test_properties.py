"""Whatever the order of the rows, however often a file comes, whatever is damaged in it."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from hypothesis import Phase, example, given
from hypothesis import strategies as st

from engine.statements.contract_ids import settle_contracts
from engine.statements.fields import CASH
from engine.statements.merge_rows import merge_rows
from engine.statements.merge_trades import merge_trades
from engine.statements.open_file import read_statement
from engine.statements.understand import understand
from tests.examples import examples
from tests.unit.statements.desk import MODE, SAMPLES, Desk, cash, flex, trade

UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)  # journals for each example: shrinking takes minutes
NAMES = sorted(path.name for path in SAMPLES.iterdir())
ROWS = st.lists(
    st.builds(
        lambda n, second, quantity, price, has_id, cancels, level: trade(
            ibExecID=f"0000e0d5.1.{n:02d}.0{1 + second % 2}" if has_id else "",
            transactionID=str(n) if has_id or cancels else "",
            tradeID="",
            dateTime=f"20251105;1000{second:02d}",
            quantity=str(-quantity if cancels else quantity),
            tradePrice=price,
            buySell="BUY (Ca.)" if cancels else "BUY",
            origTransactionID=str(n - 1) if cancels and n else "",
            notes="Ca" if cancels else "",
            levelOfDetail=level,
        ),
        st.integers(0, 5),
        st.integers(0, 3),
        st.integers(1, 3),
        st.sampled_from(["409.35", "410"]),
        st.booleans(),
        st.booleans(),
        st.sampled_from(["EXECUTION"] * 4 + ["ORDER", "CLOSED_LOT"]),
    ),
    max_size=8,
)  # fmt: skip


class Book:
    """One account's executions and bookings as the merges leave them, without a database."""

    def __init__(self):
        self.fills, self.booked, self.count = [], [], 0

    def read(self, text, at="20251108T000000"):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "flex.xml"
            path.write_text(text, encoding="utf-8")
            found = understand(read_statement(path))
        trades = [record for record in found.records if record.table == "fills"]
        booked = [record for record in found.records if record.table == CASH.table]
        settle_contracts([*self.fills, *self.booked], [record.values for record in found.records])
        plan = merge_trades(trades, self.fills, [at], "U1")
        rows = merge_rows(CASH, booked, self.booked, [at])
        verdicts = [verdict for _, verdict, _ in (*plan.verdicts, *rows.verdicts)]
        assert len(verdicts) == len(found.records)
        self.fills = self._with(self.fills, plan)
        self.booked = self._with(self.booked, rows)
        return verdicts, plan.updates | rows.updates

    def _with(self, held, plan):
        out = [{**row, **plan.updates.get(row["row_id"], {})} for row in held]
        for row in plan.inserts:
            self.count += 1
            out.append({**row, "row_id": self.count})
        return out

    def all(self):
        rows = [{**row, "row_id": 0} for row in (*self.fills, *self.booked)]
        return sorted(repr(sorted(row.items())) for row in rows)


@given(ROWS, st.lists(st.sampled_from(["24", "3.6"]), max_size=4), st.randoms(use_true_random=False))
@example([trade(), trade(tradePrice="410")], [], random.Random(1))  # one id, two prices; this one swaps
@examples(60)
def test_the_order_of_the_rows_changes_nothing(rows, amounts, chance):
    booked = [cash(transactionID="", amount=amount) for amount in amounts]
    one, other = Book(), Book()
    one.read(flex(*rows, more=f"<CashTransactions>{''.join(booked)}</CashTransactions>"))
    chance.shuffle(rows)
    chance.shuffle(booked)
    other.read(flex(*rows, more=f"<CashTransactions>{''.join(booked)}</CashTransactions>"))
    assert one.all() == other.all()


@given(ROWS, ROWS)
@examples(60)
def test_reading_it_again_changes_nothing(rows, earlier):
    book = Book()
    book.read(flex(*earlier), at="20251107T000000")
    book.read(flex(*rows))
    before = book.all()
    verdicts, updates = book.read(flex(*rows))
    assert book.all() == before
    assert updates == {}
    assert set(verdicts) <= {"known", "refused"}


@given(st.integers(0, 6), st.integers(0, 6))
@examples(20)
def test_of_equal_rows_without_ids_there_are_as_many_as_the_fullest_file_tells(first, second):
    book, plain = Book(), {"ibExecID": "", "transactionID": "", "tradeID": ""}
    book.read(flex(*[trade(**plain)] * first), at="20251107T000000")
    book.read(flex(*[trade(**plain)] * second))
    assert len(book.fills) == max(first, second)


@given(st.sampled_from(NAMES), st.integers(0, 2**32), st.integers(1, 12))
@examples(12, phases=UNSHRUNK)
def test_no_damage_raises_and_every_row_is_accounted_for(name, seed, hits):
    """The desk checks that the counts add up to the rows of the file."""
    chance, data = random.Random(seed), bytearray((SAMPLES / name).read_bytes())
    for _ in range(hits):
        place, kind = chance.randrange(len(data)), chance.randrange(4)
        if kind == 0:
            data[place] = chance.randrange(256)
        elif kind == 1:
            del data[place : place + chance.randrange(1, 40)]
        elif kind == 2:
            data[place:place] = bytes(chance.choices(b'",<>&;=\n0-9aZ/', k=chance.randrange(1, 12)))
        else:
            start = chance.randrange(len(data))
            data[place:place] = data[start : start + chance.randrange(1, 80)]
        if not data:
            data = bytearray(b"x")
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder))
        for may_ask in (True, False):
            report = desk.read(bytes(data), may_ask=may_ask)
            assert report.status in ("read", "refused", "asks", "already read")
            assert bool(report.why) == (report.status == "refused")
        assert {Path(journal).parent.name for journal in desk.journals.values()} == {
            f"{MODE}-U1000001", f"{MODE}-U1000002",
        }  # fmt: skip
