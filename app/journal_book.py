"""The journal's executions and the trips that they make, brought up to date beside the requests. Any thread.

Whether something is new one number a file tells. What was written since is read and worked out by a thread of its own;
who asks meanwhile gets the book as it was, unless the new one is there within a moment. The same while a server does
not answer.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from typing import NamedTuple

from engine.journal.rows import BookPart, CashRow, NavDay, OptionEvent, PositionTold, TraderWords, TransferRow
from engine.journal.source import JournalSource
from engine.trades.execution import Execution
from engine.trades.growing import GrowingBook
from engine.trades.trip import Book

log = logging.getLogger(__name__)

WAIT_S = 1.0  # an asker waits so long for what is new
PAUSE_S = 0.002  # and so long the work rests now and then: the engine shares the interpreter
AGAIN_S = 5.0  # after a failure
BOOKS_MOST = 8
UNREAD = "The journal can't be read now; it is tried again."
Numbers = dict[tuple[str, BookPart], int]


class Kept(NamedTuple):
    """`executions`: also those that count no more, in the order of time. Of an advisor's orders the clients' part.

    `reading` says what is being read while nothing is here yet; "" = the book is whole, maybe of a moment ago.
    """

    executions: tuple[Execution, ...] = ()
    book: Book = Book()
    words: TraderWords = TraderWords()
    cash: tuple[CashRow, ...] = ()
    transfers: tuple[TransferRow, ...] = ()
    options: tuple[OptionEvent, ...] = ()
    positions: tuple[PositionTold, ...] = ()
    nav: tuple[NavDay, ...] = ()
    accounts: tuple[str, ...] = ()
    reading: str = ""


class JournalBook:
    """What the journal holds that is read for who asks; where there are several to choose from, each has its own."""

    def __init__(self, journal: JournalSource, wait_s: float = WAIT_S) -> None:
        self._journal, self._wait_s = journal, wait_s
        self._lock = threading.Lock()
        self._books: OrderedDict[JournalSource, _Book] = OrderedDict()

    @property
    def problem(self) -> str:
        """Why the journal could not be read; "" = it could."""
        return self._journal.problem

    def kept(self, wait_s: float | None = None) -> Kept:
        """The book as it is now, or as it was a moment ago: the same object until something has changed.

        Who asks waits for what is new, at most `wait_s` seconds.
        """
        journal = self._journal.now()
        with self._lock:
            book = self._books.setdefault(journal, _Book(journal))
            self._books.move_to_end(journal)
            if len(self._books) > BOOKS_MOST:
                self._books.popitem(last=False)
        return book.kept(self._wait_s if wait_s is None else wait_s)


class _Book:
    """What one journal holds."""

    def __init__(self, journal: JournalSource) -> None:
        self._journal = journal
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._working = False
        self._failed_mono: float | None = None
        self._growing = GrowingBook(_pause)
        self._numbers: Numbers | None = None
        self._notes_read: dict[str, int] = {}
        self._kept = Kept(reading="The journal is being read.")

    def kept(self, wait_s: float) -> Kept:
        unread = self._journal.unread
        numbers = self._journal.book_numbers()
        with self._lock:
            if self._journal.unread != unread:
                if self._kept.reading not in ("", UNREAD):
                    self._kept = self._kept._replace(reading=UNREAD)
                return self._kept
            if numbers == self._numbers:
                return self._kept
            if not self._working and not self._is_resting():
                self._working = True
                self._done.clear()
                threading.Thread(target=self._work, args=(numbers,), name="journal-book", daemon=True).start()
        self._done.wait(wait_s)
        with self._lock:
            return self._kept

    def _is_resting(self) -> bool:
        return self._failed_mono is not None and time.monotonic() - self._failed_mono < AGAIN_S

    def _work(self, numbers: Numbers) -> None:
        unread = self._journal.unread
        try:
            kept = self._brought_up(numbers)
            is_whole = self._journal.unread == unread
            with self._lock:
                self._failed_mono = None if is_whole else time.monotonic()
                if is_whole:  # else the next asker tries again; what was read is not told twice
                    self._kept, self._numbers = kept, numbers
        except Exception:  # the next asker tries again: a page must not wait for ever
            log.exception("The journal's book could not be made")
            with self._lock:
                self._growing, self._numbers, self._notes_read = GrowingBook(_pause), None, {}
                self._failed_mono = time.monotonic()
        finally:
            with self._lock:
                self._working = False
            self._done.set()

    def _brought_up(self, numbers: Numbers) -> Kept:
        """Read what the numbers say is new. A smaller one is of another file: everything is read again, then."""
        journal, before, last = self._journal, self._numbers, self._kept
        if before is not None and any(numbers.get(key, 0) < number for key, number in before.items()):
            self._growing, self._notes_read, before = GrowingBook(_pause), {}, None

        def is_new(part: BookPart) -> bool:
            return before is None or any(before.get(key) != number for key, number in numbers.items() if key[1] == part)

        if is_new("fills"):
            self._read_fills({} if before is None else dict.fromkeys(last.accounts, 0) | _of_fills(before))
        if is_new("positions"):
            notes, self._notes_read = journal.positions_noted(self._notes_read)
            self._growing.see(notes)
        if is_new("statements"):
            last = last._replace(
                cash=tuple(journal.cash()),
                transfers=tuple(journal.transfers()),
                options=tuple(journal.option_events()),
                positions=tuple(journal.positions_told()),
                nav=tuple(journal.nav_days()),
            )
            self._growing.tell(last.positions)
        words = journal.trader_words() if is_new("words") else last.words
        executions = self._growing.executions()
        accounts = last.accounts
        if executions is not last.executions:
            accounts = tuple(dict.fromkeys(e.account for e in executions))
        return last._replace(
            executions=executions,
            book=self._growing.book(words),
            words=words,
            accounts=accounts,
            reading="",
        )

    def _read_fills(self, known: dict[str, int]) -> None:
        for rows in self._journal.changed_fills(known):
            self._growing.take(rows)
            with self._lock:
                if self._kept.reading:
                    self._kept = self._kept._replace(reading=f"{len(self._growing):,} executions are read.")
            _pause()


def _of_fills(numbers: Numbers) -> dict[str, int]:
    return {account: number for (account, part), number in numbers.items() if part == "fills"}


def _pause() -> None:
    time.sleep(PAUSE_S)
