"""The book of fills: in any order of executions, corrections, reports and restarts the same set, nothing twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.domain import Fill, revision_of, root_of
from engine.portfolio.fills import (
    FillBook,
    in_force,
    is_master,
    merged,
    opening_of,
    openings,
    order_doubts,
    price_unit,
    root,
    without_allocations,
)
from tests.examples import examples

FIRST = Fill(
    "0000e0d5.67290a01.01.01", 7, "TSLA", "BOT", 50.0, 409.35, 1_000.0, "ISLAND", account="DU1", sec_type="STK",
    currency="USD", exchange_time="20251105 10:00:00 US/Eastern",
)  # fmt: skip
CORRECTION = replace(FIRST, exec_id="0000e0d5.67290a01.01.02", price=409.25)
REPORT = {"commission": 1.02, "commission_currency": "USD", "realized_pnl": None}


def book_of(*fills: Fill) -> FillBook:
    book = FillBook()
    for fill in fills:
        book.on_fill(fill)
    return book


@pytest.mark.parametrize(
    ("exec_id", "parts"),
    [
        ("0000e0d5.67290a01.01.02", ("0000e0d5.67290a01.01", 2)),
        ("0000e0d5.67290a01.02.01", ("0000e0d5.67290a01.02", 1)),
        ("0000e0d5.67290a01.01.010", ("0000e0d5.67290a01.01", 10)),
        ("0001.01", ("0001", 1)),
        ("0001.0a", ("0001.0a", 0)),
        ("0001.", ("0001.", 0)),
        ("by-hand", ("by-hand", 0)),
        ("", ("", 0)),
        ("a.\u0662", ("a.\u0662", 0)),
    ],
)
def test_root_and_revision(exec_id, parts):
    assert (root_of(exec_id), revision_of(exec_id)) == parts


def test_a_correction_is_in_force_whenever_it_came():
    for fills in ((FIRST, CORRECTION), (CORRECTION, FIRST), (FIRST, CORRECTION, FIRST)):
        assert book_of(*fills).fills() == (CORRECTION,)
    assert len(book_of(FIRST, CORRECTION).every()) == 2


def test_revisions_are_numbers_not_words():
    ninth, tenth = (replace(FIRST, exec_id=f"a.{number}") for number in (9, 10))
    assert book_of(tenth, ninth).fills() == (tenth,)


def test_legs_partial_fills_contracts_accounts_and_models_are_different_fills():
    others = (
        replace(FIRST, exec_id="0000e0d5.67290a01.02.01"),
        replace(CORRECTION, con_id=8),
        replace(CORRECTION, account="DU2"),
        replace(CORRECTION, model="Growth"),
    )
    assert len(book_of(FIRST, *others).fills()) == 5


def test_a_heading_of_a_combination_is_no_trade():
    heading = replace(FIRST, con_id=1, sec_type="BAG", exec_id="b.01.01")
    book = book_of(heading, replace(FIRST, exec_id="b.01.02.01", sec_type="OPT"))
    assert [fill.sec_type for fill in book.fills()] == ["OPT"] and len(book.every()) == 2


def test_a_trade_that_the_exchange_took_back_is_none():
    book = book_of(FIRST, replace(CORRECTION, quantity=0.0))
    assert book.fills() == () and len(book.every()) == 2


def test_a_report_is_new_once_and_nothing_takes_it_back():
    book = FillBook()
    assert book.on_fill(FIRST)
    assert book.on_fill(replace(FIRST, **REPORT))
    assert not book.on_fill(replace(FIRST, **REPORT))
    assert not book.on_fill(FIRST)
    assert book.fills() == (replace(FIRST, **REPORT),)
    assert book.on_fill(replace(FIRST, commission=-0.4, commission_currency="EUR", realized_pnl=3.0))
    assert (book.fills()[0].commission, book.fills()[0].commission_currency) == (-0.4, "EUR")


def test_times_stay_as_they_were_understood_first():
    received = replace(
        FIRST,
        time_kind="received",
        time_market=1_500.0,
        exchange_time="x Moon",
        exchange_zone="Moon",
        trade_date="20251105",
    )
    later = replace(received, time_market=1_560.0, trade_date="")
    assert not book_of(received).on_fill(later)
    assert merged(received, FIRST).time_market == 1_000.0
    assert merged(FIRST, later).time_market == 1_000.0
    assert merged(FIRST, replace(FIRST, time_market=4_600.0)).time_market == 1_000.0
    dated = replace(FIRST, trade_date="20251105")
    assert merged(dated, replace(FIRST, trade_date="20251106")).trade_date == "20251106", "by better known hours"
    assert merged(dated, replace(later, trade_date="20251107")).trade_date == "20251105"


@examples(60)
@given(st.data())
def test_any_order_with_repeats_and_a_restart_gives_the_same_set(data):
    """Executions of three orders, each corrected twice, each with its report; anything may come again."""
    messages: list[Fill] = []
    for order in range(3):
        for revision in (1, 2, 3):
            bare = replace(
                FIRST, exec_id=f"00.{order}.0{revision}", price=10.0 * order + revision, quantity=order + 1.0
            )
            messages += [bare, replace(bare, commission=0.1 * revision, commission_currency="USD")]
    wanted = sorted((f.exec_id, f.commission) for f in messages if f.exec_id.endswith("03") and f.commission)
    order_of = data.draw(st.permutations(messages))
    again = data.draw(st.lists(st.sampled_from(messages), max_size=10))
    cut = data.draw(st.integers(0, len(messages)))
    before = book_of(*order_of[:cut])
    journal = before.every()
    after = book_of(*journal, *order_of[cut:], *again)
    assert sorted((fill.exec_id, fill.commission) for fill in after.fills()) == wanted
    assert sum(fill.quantity for fill in after.fills()) == 6.0
    assert all(after.kept(fill) == fill for fill in after.every())


def test_the_book_is_bounded():
    book = FillBook(most=3)
    for number in range(9):
        book.on_fill(replace(FIRST, exec_id=f"00.{number}.01"))
    assert [fill.exec_id for fill in book.fills()] == ["00.6.01", "00.7.01", "00.8.01"]


# --- advisors ---------------------------------------------------------------------------------------------------------


def allocation(account: str, quantity: float, perm_id: int | None = 5, number: int = 0) -> Fill:
    return replace(FIRST, account=account, quantity=quantity, perm_id=perm_id, exec_id=f"{account}{number}.01")


def test_an_order_of_a_master_and_its_clients_counts_once():
    master, one, other = allocation("F1", 100.0), allocation("U1", 60.0), allocation("U2", 40.0)
    assert without_allocations([master, one, other]) == (one, other)
    assert without_allocations([master, one]) == (master,), "until all of it is allocated"
    assert without_allocations([master]) == (master,)
    assert without_allocations([one, other]) == (one, other)


def test_the_same_id_at_master_and_client_counts_once_without_an_order_number():
    master = replace(FIRST, account="DF1", perm_id=None)
    assert without_allocations([master, replace(master, account="DU1")]) == (replace(master, account="DU1"),)


def test_two_accounts_of_a_login_without_a_master_are_two_fills():
    both = (replace(FIRST, account="U1", perm_id=5), replace(FIRST, account="U2", perm_id=5))
    assert without_allocations(both) == both
    assert [is_master(name) for name in ("F1", "DF12", "I3", "DI4", "U1", "DU1", "", "Friends")] == [True] * 4 + [
        False
    ] * 4


# --- checks -----------------------------------------------------------------------------------------------------------


def test_fills_of_an_order_add_up_to_its_cumulative_quantity():
    parts = [
        replace(FIRST, perm_id=5, exec_id=f"00.{n}.01", quantity=quantity, cum_quantity=total)
        for n, (quantity, total) in enumerate([(30.0, 30.0), (20.0, 50.0)])
    ]
    assert order_doubts(parts) == {}
    twice = replace(parts[1], exec_id="ff.9.01")
    text = "the order's fills add up to 70, its cumulative quantity is 50"
    assert order_doubts([*parts, twice]) == dict.fromkeys([root(fill) for fill in (*parts, twice)], text)
    assert order_doubts(parts[1:])[root(parts[1])].startswith("the order's fills add up to 20")
    assert order_doubts([replace(twice, perm_id=None), replace(parts[1], cum_quantity=None)]) == {}
    corrected = replace(parts[1], exec_id="00.1.02")
    assert order_doubts(in_force([*parts, corrected])) == {}


def test_what_a_fill_did_to_the_position():
    assert [opening_of(0.0, 5.0), opening_of(5.0, 5.0), opening_of(-5.0, -1.0)] == ["open"] * 3
    assert [opening_of(5.0, -5.0), opening_of(-5.0, 2.0), opening_of(5.0, -7.0)] == ["close", "close", "flip"]


def moves(*signed: float) -> list[Fill]:
    return [
        replace(FIRST, exec_id=f"00.{n}.01", time_market=float(n), quantity=abs(q), side="BOT" if q > 0 else "SLD")
        for n, q in enumerate(signed)
    ]


def test_openings_are_reckoned_back_from_the_position():
    fills = moves(10.0, -4.0, -10.0, 4.0, 0.1, 0.2)
    found = openings(fills, 0.3)
    assert [found[root(fill)] for fill in fills] == ["open", "close", "flip", "close", "open", "open"]
    assert openings([*fills, replace(fills[0], exec_id="00.0.02", quantity=10.0)], 0.3)[root(fills[0])] == "open"


def test_an_opening_that_ibs_report_contradicts_is_not_known():
    (fill,) = moves(5.0)
    reported = replace(fill, **REPORT)
    assert openings([reported], 5.0) == {root(fill): "open"}
    assert openings([replace(reported, realized_pnl=12.0)], 5.0) == {root(fill): None}
    assert openings([reported], 0.0) == {root(fill): None}
    assert openings([replace(reported, realized_pnl=12.0)], 0.0) == {root(fill): "close"}


@pytest.mark.parametrize(
    ("changed", "unit"),
    [
        ({"price_magnifier": None}, None),
        ({"price_magnifier": 1.0}, "USD"),
        ({"price_magnifier": 100.0}, "c"),
        ({"price_magnifier": 100.0, "currency": "GBP"}, "p"),
        ({"sec_type": "BOND", "price_magnifier": 1.0}, "%"),
        ({"price_magnifier": 1_000.0}, "1/1,000"),
        ({"price_magnifier": 1.0, "currency": ""}, None),
    ],
)
def test_price_units(changed, unit):
    assert price_unit(replace(FIRST, **changed)) == unit
