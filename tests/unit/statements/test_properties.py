"""Whatever the order of the rows, however often a file comes, whatever is damaged in it."""

from __future__ import annotations

import random
import tempfile
from itertools import permutations
from pathlib import Path
from xml.etree import ElementTree

from hypothesis import Phase, example, given
from hypothesis import strategies as st

from engine.statements.contract_ids import settle_contracts
from engine.statements.fields import CASH
from engine.statements.merge_rows import merge_rows
from engine.statements.merge_trades import STAND_INS, merge_trades
from engine.statements.open_file import read_statement
from engine.statements.understand import understand
from engine.statements.withdrawals import Made, Withdrawals
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
        self.fills, self.booked, self.made, self.count = [], [], [], 0

    def read(self, text, at="20251108T000000"):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "flex.xml"
            path.write_text(text, encoding="utf-8")
            found = understand(read_statement(path))
        trades = [record for record in found.records if record.table == "fills"]
        booked = [record for record in found.records if record.table == CASH.table]
        settle_contracts([*self.fills, *self.booked], [record.values for record in found.records])
        self.made.append(self._made(text, at))
        withdrawals = Withdrawals(self.made)
        plan = merge_trades(trades, self.fills, [at], "U1", withdrawals)
        rows = merge_rows(CASH, booked, self.booked, [at], withdrawals)
        verdicts = [verdict for _, verdict, _ in (*plan.verdicts, *rows.verdicts)]
        assert len(verdicts) == len(found.records)
        self.fills = self._with(self.fills, plan)
        self.booked = self._with(self.booked, rows)
        return verdicts, plan.updates | rows.updates

    def _made(self, text, at):
        root = ElementTree.fromstring(text)
        told = next(root.iter("FlexStatement"))
        sections = frozenset(child.tag for child in told)
        return Made(at, ("Flex XML", root.get("queryName")), told.get("fromDate"), told.get("toDate"), sections)

    def _with(self, held, plan):
        out = [{**row, **plan.updates.get(row["row_id"], {})} for row in held]
        for row in plan.inserts:
            self.count += 1
            out.append({**row, "row_id": self.count})
        return out

    def all(self, but=("row_id",)):
        rows = [{key: value for key, value in row.items() if key not in but} for row in (*self.fills, *self.booked)]
        return sorted(repr(sorted(row.items())) for row in rows)

    def without_names(self):
        """Of rows that only a stand-in names: which one depends on what was known of them at first."""
        for row in self.fills:
            if row["exec_id"].startswith(STAND_INS):
                row["exec_id"] = row["root"] = ""
        return self.all()


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


TWIN_AND_CANCEL = [
    *[trade(ibExecID="", transactionID="", tradeID="")] * 2,
    trade(ibExecID="", transactionID="9", tradeID="", quantity="-50", buySell="BUY (Ca.)", notes="Ca"),
]


@given(ROWS, ROWS)
@example(TWIN_AND_CANCEL, [])  # the second twin is not cancelled by reading it again
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


WEEK, MONDAY = "20251103-20251107", "20251103-20251103"


def one_of(kind, number, commission):
    """A trade as a file tells it; `kind`: by its execution id, by its transaction, by nothing, as a whole order. The
    first two are twins.
    """
    told = {"dateTime": f"20251103;10000{number // 2}", "tradeDate": "20251103", "ibCommission": f"-{commission}"}
    ids = {"ibExecID": f"0000e0d5.1.0{number}.01", "transactionID": f"7{number}", "tradeID": ""}
    if kind != "id":
        ids["ibExecID"] = ""
    if kind in ("plain", "order"):
        ids["transactionID"] = ""
    return trade(**told, **ids, levelOfDetail="ORDER" if kind == "order" else "EXECUTION")


FILES = st.lists(
    st.tuples(
        st.sampled_from(["A", "A", "B"]),  # of which query
        st.sampled_from([WEEK, WEEK, MONDAY]),
        st.sampled_from([True, True, True, False]),  # whether it has bookings at all
        st.sampled_from(["id", "id", "transaction", "plain", "order"]),
        st.lists(st.integers(0, 3), max_size=4, unique=True),
        st.lists(st.sampled_from(["24", "24", "3.6"]), max_size=3),
    ),
    min_size=2,
    max_size=4,
)


@given(FILES)
@examples(60)
def test_any_order_of_the_same_files_gives_the_same_book(files):
    """Rows come, go and come again, their money is corrected, queries and days differ: what counts is when they were
    made, not when they were read. But which of two twins with ids a row without any is: nobody can tell that.
    """
    has_twins = not {"plain"} < {kind for _, _, _, kind, _, _ in files} - {"order"}
    texts = []
    for made, (query, days, has_cash, kind, numbers, amounts) in enumerate(files):
        numbers = numbers if has_twins else sorted({number // 2 * 2 for number in numbers})
        rows = [one_of(kind, number, f"1.0{made}") for number in numbers]
        booked = "".join(cash(transactionID="", amount=amount, reportDate="20251103") for amount in amounts)
        more = f"<CashTransactions>{booked}</CashTransactions>" if has_cash else ""
        texts.append((f"2025110{8 + made // 2}T0{made}0000", flex(*rows, days=days, query=query, more=more)))
    books = []
    for order in permutations(texts):
        book = Book()
        for at, text in order:
            book.read(text, at)
        books.append(book.without_names())
    assert all(book == books[0] for book in books)


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
