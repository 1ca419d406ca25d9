"""The journal's executions and the trips that they make, put together once a change, whoever asks. Any thread."""

from __future__ import annotations

import threading
from typing import NamedTuple

from engine.journal.rows import CashRow, FillRow, NavDay, TraderWords
from engine.journal.source import JournalSource
from engine.portfolio.fills import is_busted, is_heading, order_doubts
from engine.trades.execution import Execution, executions_of, in_force, without_allocations
from engine.trades.trip import Book
from engine.trades.trips import round_trips

FILLS_MOST = 200_000


class Kept(NamedTuple):
    """`executions`: also those that count no more, in the order of time. Of an advisor's orders the clients' part."""

    executions: tuple[Execution, ...] = ()
    book: Book = Book()
    words: TraderWords = TraderWords()
    cash: tuple[CashRow, ...] = ()
    nav: tuple[NavDay, ...] = ()


class JournalBook:
    """What one journal holds."""

    def __init__(self, journal: JournalSource) -> None:
        self._journal = journal
        self._lock = threading.Lock()
        self._stamp: str | None = None
        self._kept = Kept()

    @property
    def problem(self) -> str:
        """Why the journal could not be read; "" = it could."""
        return self._journal.problem

    def kept(self) -> Kept:
        """The book as it is now: the same object until something has changed."""
        journal = self._journal
        with self._lock:
            stamp = journal.fills_stamp()
            if stamp != self._stamp:
                rows = without_allocations(journal.fills(0.0, corrected=True, limit=FILLS_MOST))
                words, executions = journal.trader_words(), executions_of(rows)
                book = round_trips(in_force(executions), journal.positions_seen(), words, _doubts(rows))
                cash, nav = tuple(journal.cash()), tuple(journal.nav_days())
                self._kept, self._stamp = Kept(executions, book, words, cash, nav), stamp
            return self._kept


def _doubts(rows: tuple[FillRow, ...]) -> dict[tuple[str, str], str]:
    """Of orders whose fills do not make up what the order says; a file may begin after an order did."""
    counted = [
        row.fill
        for row in rows
        if row.superseded_by is None
        and row.facts.state == "in force"
        and not is_heading(row.fill)
        and not is_busted(row.fill)
    ]
    return {(account, root): text for (account, _, _, root), text in order_doubts(counted, of_a_part=True).items()}
