"""The book that is brought up to date is the one that is made of everything at once, whatever came when."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.domain import Fill
from engine.journal.rows import FillFacts, FillRow, PositionSeen
from engine.trades import growing
from engine.trades.execution import executions_of, in_force
from engine.trades.growing import GrowingBook
from engine.trades.orders import without_allocations
from engine.trades.standing import standing
from engine.trades.trips import round_trips
from tests.app.sample_state import MARKET
from tests.examples import examples

BOUGHT = Fill(
    "a.01.01", 7, "TSLA", "BOT", 50.0, 409.0, MARKET, "ISLAND", 1.0, None, "DU1", "STK", "USD", "USD", "20251105",
    multiplier=1.0, price_magnifier=1.0,
)  # fmt: skip


def row(number, size, account="DU1", con_id=7, commission=1.0, base="", level=False, state="in force"):
    fill = replace(
        BOUGHT, exec_id=f"{number:04d}.01.01", side="BOT" if size > 0 else "SLD", quantity=float(abs(size)),
        time_market=MARKET + number, account=account, con_id=con_id, commission=commission,
        local_symbol="TSLA" if con_id in (0, 7) else f"S{con_id}", perm_id=number,
    )  # fmt: skip
    facts = FillFacts(base_currency=base, order_level=level, state=state)
    return FillRow(fill, None, "csv" if level else "api", facts)


ROWS = st.lists(
    st.builds(
        lambda number, *told: row(number, *told[:2], (7, 7, 8, 0)[number % 4], *told[2:]),
        st.integers(0, 11),
        st.sampled_from([10, -10, 5, -5]),
        st.sampled_from(["DU1", "DU1", "DU2", "F9"]),
        st.sampled_from([1.0, None]),
        st.sampled_from(["", "", "USD"]),
        st.sampled_from([False, False, True]),
        st.sampled_from(["in force", "in force", "withdrawn"]),
    ),
    max_size=14,
)
NOTES = st.lists(
    st.builds(
        lambda con_id, quantity, at: PositionSeen("DU1", con_id, "TSLA", "STK", float(quantity), 400.0, MARKET + at),
        st.sampled_from([0, 7, 8]), st.sampled_from([0, 5, 10]), st.integers(-5, 900),
    ),
    max_size=3,
    unique_by=lambda note: (note.con_id, note.at_market),
)  # fmt: skip


def at_once(rows, notes):
    """Of several states of one execution the last that was told."""
    newest = {(each.fill.account, each.fill.model, each.fill.exec_id): each for each in rows}
    executions = standing(without_allocations(executions_of(newest.values())))
    return executions, round_trips(in_force(executions), notes)


@given(ROWS, NOTES, st.lists(st.integers(0, 14), max_size=3))
@examples(150)
def test_in_any_portions_it_is_the_book_of_everything(rows, notes, cuts):
    book, last = GrowingBook(), 0
    for cut in [*sorted(cuts), len(rows)]:
        book.take(rows[last:cut])
        book.book()
        last = max(last, cut)
    book.see(notes)
    bases = {(e.fill.account, e.facts.base_currency) for e in rows if e.facts.base_currency}
    newest = {(e.fill.account, e.fill.model, e.fill.exec_id): e for e in rows}
    if bases != {(e.fill.account, e.facts.base_currency) for e in newest.values() if e.facts.base_currency}:
        return  # the only row that told a base was replaced: it is remembered
    executions, whole = at_once(rows, notes)
    assert book.executions() == executions
    assert book.book() == whole


def test_one_new_fill_is_worked_out_for_its_contract_alone(monkeypatch):
    book, seen = GrowingBook(), []
    book.take([row(n, 10 if n % 2 else -10, con_id=7 + n % 4) for n in range(40)])
    book.book()
    walked = growing.walked
    monkeypatch.setattr(growing, "walked", lambda *asked: seen.append(asked[:2]) or walked(*asked))
    before = book.executions()
    assert book.executions() is before, "the same until something changes"
    book.take([row(50, 10, con_id=9)])
    assert len(book.executions()) == 41 and seen == [("DU1", "9")]
    book.take([row(50, 10, con_id=9)])
    book.book()
    assert len(seen) == 1, "a row that says the same changes nothing"
