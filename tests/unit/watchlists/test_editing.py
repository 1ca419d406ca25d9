"""Lists, their order, notes and levels: what each edit does, and what none may break."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from engine.domain import ContractRef
from engine.errors import QTradeError
from engine.state.watchlist_sections import (
    ALL_MAX,
    LEVELS_MAX,
    LISTS_MAX,
    NOTE_MAX,
    SYMBOLS_MAX,
    PriceLevel,
    Watchlist,
    names_of,
    noted_of,
)
from engine.watchlists import editing


def stock(number: int) -> ContractRef:
    return ContractRef(number, f"S{number}", f"S{number}", "STK", "SMART")


def lists(*sizes: int) -> tuple[Watchlist, ...]:
    made: tuple[Watchlist, ...] = ()
    for number, size in enumerate(sizes, 1):
        made = editing.created(made, f"List {number}", 100 + number)
        made = editing.added(made, number, [stock(i) for i in range(1, size + 1)])
    return made


def con_ids(made: tuple[Watchlist, ...], list_id: int = 1) -> list[int]:
    return [contract.con_id for contract in editing.list_of(made, list_id).contracts]


@pytest.mark.parametrize(
    ("con_id", "place", "order"),
    [(1, 2, [2, 3, 1, 4]), (4, 0, [4, 1, 2, 3]), (2, 99, [1, 3, 4, 2]), (3, -5, [3, 1, 2, 4]), (2, 1, [1, 2, 3, 4])],
)
def test_a_symbol_is_put_where_it_is_told(con_id: int, place: int, order: list[int]) -> None:
    assert con_ids(editing.moved(lists(4), 1, con_id, place)) == order


@given(st.integers(1, 30), st.integers(1, 30), st.integers(-3, 40))
def test_moving_changes_the_place_of_one_and_the_order_of_no_other(size: int, con_id: int, place: int) -> None:
    before = lists(size)
    if con_id > size:
        with pytest.raises(QTradeError, match="does not hold"):
            editing.moved(before, 1, con_id, place)
        return
    after = con_ids(editing.moved(before, 1, con_id, place))
    assert after.index(con_id) == min(max(0, place), size - 1)
    assert [each for each in after if each != con_id] == [each for each in con_ids(before) if each != con_id]


def test_names_are_trimmed_and_told_apart() -> None:
    made = editing.created((), "  My   list ", 1)
    assert made[0].name == "My list"
    for name, word in (("my LIST", "already"), ("", "1 to"), ("x" * 41, "1 to"), ("a\u202eb", "1 to")):
        with pytest.raises(QTradeError, match=word):
            editing.created(made, name, 2)
    assert editing.renamed(made, 1, "MY LIST")[0].name == "MY LIST", "its own name in other letters"


def test_the_id_of_a_deleted_list_is_free_again() -> None:
    made = editing.deleted(lists(1, 1, 1), 2)
    assert [(each.id, each.uid) for each in editing.created(made, "New", 500)] == [(1, 101), (3, 103), (2, 500)]
    assert editing.renamed(made, 3, "Other")[1].uid == 103
    with pytest.raises(QTradeError, match="another tab"):
        editing.deleted(made, 2)


def test_what_is_there_is_not_added_twice_and_too_much_is_refused_whole() -> None:
    made = editing.added(lists(3), 1, [stock(2), stock(9), stock(9)])
    assert con_ids(made) == [1, 2, 3, 9]
    with pytest.raises(QTradeError, match="Make another list"):
        editing.added(made, 1, [stock(i) for i in range(100, 100 + SYMBOLS_MAX)])
    full = lists(SYMBOLS_MAX)
    full = editing.added(editing.created(full, "B", 500), 2, [stock(1_000 + i) for i in range(SYMBOLS_MAX)])
    with pytest.raises(QTradeError, match=str(ALL_MAX)):
        editing.added(editing.created(full, "C", 500), 3, [stock(5_000)])
    assert len(editing.added(editing.created(full, "C", 500), 3, [stock(1)])[2].contracts) == 1, (
        "known ones cost nothing"
    )


def test_lists_are_ordered_and_there_are_only_so_many() -> None:
    made = lists(*[0] * LISTS_MAX)
    assert [each.id for each in editing.list_moved(made, 3, 0)][:4] == [3, 1, 2, 4]
    with pytest.raises(QTradeError, match="delete one first"):
        editing.created(made, "One more", 500)


def test_which_lists_hold_a_symbol() -> None:
    made = lists(1, 3, 2)
    assert names_of(made, 1) == ("List 1", "List 2", "List 3")
    assert names_of(made, 2) == ("List 2", "List 3")
    assert names_of(made, 7) == ()


def test_levels_are_kept_by_price_and_changed_by_their_number() -> None:
    noted = editing.with_level((), 7, "ABC", PriceLevel(0, 10.0, " low "))
    noted = editing.with_level(noted, 7, "ABC", PriceLevel(0, 20.0))
    noted = editing.with_level(noted, 7, "ABC", PriceLevel(1, 30.0, "moved"))
    mine = noted_of(noted, 7)
    assert mine is not None and mine.levels == (PriceLevel(1, 30.0, "moved"), PriceLevel(2, 20.0))
    with pytest.raises(QTradeError, match="no such level"):
        editing.with_level(noted, 7, "ABC", PriceLevel(9, 1.0))
    for price in (float("nan"), float("inf"), 1e10):
        with pytest.raises(QTradeError, match="must be a number"):
            editing.with_level(noted, 7, "ABC", PriceLevel(0, price))
    for level in range(LEVELS_MAX - 2):
        noted = editing.with_level(noted, 7, "ABC", PriceLevel(0, float(level)))
    with pytest.raises(QTradeError, match="already"):
        editing.with_level(noted, 7, "ABC", PriceLevel(0, 1.0))


def test_a_symbol_without_note_and_level_is_not_kept() -> None:
    noted = editing.with_note((), 7, "ABC", " watch the gap\r\nat 10 ")
    assert noted[0].note == "watch the gap\nat 10"
    noted = editing.with_level(noted, 7, "ABC", PriceLevel(0, 1.0))
    assert editing.without_level(editing.with_note(noted, 7, "ABC", " "), 7, 1) == ()
    assert editing.without_level(noted, 7, 99) == noted, "what is gone already is no error"
    with pytest.raises(QTradeError, match="at most"):
        editing.with_note((), 7, "ABC", "x" * (NOTE_MAX + 1))


class Desk(RuleBasedStateMachine):
    """Any edits in any order: ids and members stay unique, nobody's order but the moved one's changes."""

    def __init__(self) -> None:
        super().__init__()
        self.lists: tuple[Watchlist, ...] = ()

    @rule(name=st.sampled_from("abcdefg"))
    def create(self, name: str) -> None:
        try:
            self.lists = editing.created(self.lists, name, 0)
        except QTradeError:
            assert any(each.name == name for each in self.lists)

    @rule(list_id=st.integers(1, 4), numbers=st.lists(st.integers(1, 9), max_size=5))
    def add(self, list_id: int, numbers: list[int]) -> None:
        if any(each.id == list_id for each in self.lists):
            self.lists = editing.added(self.lists, list_id, [stock(number) for number in numbers])

    @rule(list_id=st.integers(1, 4), number=st.integers(1, 9))
    def remove(self, list_id: int, number: int) -> None:
        if any(each.id == list_id for each in self.lists):
            self.lists = editing.removed(self.lists, list_id, number)
            assert number not in con_ids(self.lists, list_id)

    @rule(list_id=st.integers(1, 4))
    def delete(self, list_id: int) -> None:
        if any(each.id == list_id for each in self.lists):
            self.lists = editing.deleted(self.lists, list_id)

    @invariant()
    def nothing_is_there_twice(self) -> None:
        ids = [each.id for each in self.lists]
        assert len(set(ids)) == len(ids) and all(1 <= each <= LISTS_MAX for each in ids)
        for each in self.lists:
            members = [contract.con_id for contract in each.contracts]
            assert len(set(members)) == len(members)


Desk.TestCase.settings = settings(max_examples=25, stateful_step_count=15)
test_any_edits = Desk.TestCase
