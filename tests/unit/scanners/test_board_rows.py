"""Rows of the board: made anew only for what changed, and never stale."""

from __future__ import annotations

import msgspec

from engine.domain import Quote
from engine.scanners.board import Board
from tests.unit.scanners.scanner_samples import TEN, quote_of, stock


def test_a_row_is_the_same_object_until_its_quote_or_its_entry_changes() -> None:
    board = Board()
    quotes: dict[int, Quote] = {}
    for con_id in (1, 2):
        board.note(stock(con_id), TEN)
        quotes[con_id] = quote_of(stock(con_id), 50.0, 1_000.0, TEN)
    board.arrange({}, TEN)
    before = {row.con_id: row for row in board.candidates({}, quotes.get, lambda verdict: "")}
    quotes[1] = msgspec.structs.replace(quotes[1], price=51.0)
    after = {row.con_id: row for row in board.candidates({}, quotes.get, lambda verdict: "")}
    assert after[1].price == 51.0 and after[2] is before[2]
    board.note(stock(2), TEN + 1.0)
    assert {row.con_id: row for row in board.candidates({}, quotes.get, lambda verdict: "")}[2] is not before[2]


def test_a_symbol_that_left_the_board_has_no_row() -> None:
    board = Board()
    board.note(stock(1), TEN)
    board.arrange({}, TEN)
    assert len(board.candidates({}, {}.get, lambda verdict: "")) == 1
    board.drop(1)
    assert board.candidates({}, {}.get, lambda verdict: "") == ()
