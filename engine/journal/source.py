"""The read side of the journal, as pages and the API know it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Protocol

from engine.domain import LineSpan, Signal
from engine.journal.rows import (
    BookPart,
    CashRow,
    ConnectionEvent,
    FillRow,
    NavDay,
    OptionEvent,
    PnlRow,
    PositionSeen,
    PositionTold,
    SettingChange,
    SignalOutcome,
    TraderWords,
    TransferRow,
)


class JournalSource(Protocol):
    """Thread-safe; never raises: what can't be read is empty, and `problem` says why."""

    @property
    def problem(self) -> str:
        """Why the last read failed; "" = it did not."""

    @property
    def unread(self) -> int:
        """How many questions a server has left unanswered so far: what is made meanwhile is not whole."""

    def now(self) -> JournalSource:
        """What is read for who asks at this moment; it stays the same whichever thread asks it, and is one object."""

    def pnl(
        self,
        since: float,
        until: float | None = None,
        max_points: int | None = None,
        mark_gaps_s: float | None = None,
        account: str = "",
    ) -> list[PnlRow]:
        """Points of one curve with since <= t < until (wall clock), oldest first.

        `account`: of that one, or ALL_ACCOUNTS of a login with several; "" = the one whose folder is used.
        `max_points`: thinned to at most that many, extremes and gaps kept. `mark_gaps_s`: where two points are
        further apart than that, one without values is put between them, so that no line is drawn across.
        """

    def signals(self, from_market: float, to_market: float) -> list[Signal]:
        """Signals confirmed in that stretch of market time, oldest first."""

    def outcomes(self, from_market: float, to_market: float, set_name: str = "") -> list[SignalOutcome]:
        """What became of the signals confirmed in that stretch; `set_name` "" = of those in force."""

    def changes(self, limit: int = 50) -> list[SettingChange]:
        """Setting changes, newest first."""

    def connection_events(self, since: float, limit: int = 500) -> list[ConnectionEvent]:
        """Newest `limit` events since a wall time, oldest first."""

    def line_spans(self, since_market: float, until_market: float | None = None, limit: int = 500) -> list[LineSpan]:
        """Lines that were open at some moment of that stretch and have ended: the newest `limit`, oldest end first."""

    def fills(
        self,
        since_market: float,
        until_market: float | None = None,
        *,
        account: str | None = None,
        corrected: bool = False,
        perm_ids: Collection[int] | None = None,
        source: str | None = None,
        limit: int = 1_000,
    ) -> list[FillRow]:
        """Executions with since <= time < until (exchange time), oldest first; of more than `limit` the newest.

        `account` None = all that this journal is of. Without `corrected` only those in force: the newest revision of
        each, no headings of combinations, none that was busted, cancelled, withdrawn or covered. `perm_ids`: of these
        orders only; `source`: reported first by api, flex or csv only.
        """

    def trader_words(self, account: str | None = None) -> TraderWords:
        """All notes, tags, stops and links; `account` None = of all that this journal is of."""

    def positions_seen(self, account: str | None = None) -> list[PositionSeen]:
        """Every change of what is held, oldest first; `account` as above."""

    def cash(self, account: str | None = None) -> list[CashRow]:
        """Bookings that statements told and none has withdrawn, oldest first; `account` as above."""

    def transfers(self, account: str | None = None) -> list[TransferRow]:
        """Positions and cash that came or went and no statement has withdrawn, oldest first; `account` as above."""

    def option_events(self, account: str | None = None) -> list[OptionEvent]:
        """Assignments, exercises and expiries that statements list and none has withdrawn, oldest first; `account` as
        above.
        """

    def positions_told(self, account: str | None = None) -> list[PositionTold]:
        """Positions of statements: of each contract those of the first day and of the newest, oldest first; `account`
        as above.
        """

    def nav_days(self, account: str | None = None) -> list[NavDay]:
        """Net asset values that statements told and none has withdrawn, oldest first; `account` as above."""

    def book_numbers(self) -> dict[tuple[str, BookPart], int]:
        """(account, part) -> how often it was written: what is made of it holds as long as the number is the same.
        A smaller one is of another file.
        """

    def changed_fills(self, after: Mapping[str, int]) -> Iterator[list[FillRow]]:
        """Executions written after those numbers of "fills", and all of accounts that are not named there: corrected
        ones and headings, too, some thousands at a time, in any order.
        """

    def positions_noted(self, after: Mapping[str, int]) -> tuple[list[PositionSeen], dict[str, int]]:
        """Changes of what is held that were noted after those rows, and where to go on; {} = all of them."""


class EmptyJournal:
    """Stands in until the account is known, and in tests."""

    problem = ""
    unread = 0

    def now(self) -> JournalSource:
        return self

    def pnl(
        self,
        since: float,
        until: float | None = None,
        max_points: int | None = None,
        mark_gaps_s: float | None = None,
        account: str = "",
    ) -> list[PnlRow]:
        return []

    def signals(self, from_market: float, to_market: float) -> list[Signal]:
        return []

    def outcomes(self, from_market: float, to_market: float, set_name: str = "") -> list[SignalOutcome]:
        return []

    def changes(self, limit: int = 50) -> list[SettingChange]:
        return []

    def connection_events(self, since: float, limit: int = 500) -> list[ConnectionEvent]:
        return []

    def line_spans(self, since_market: float, until_market: float | None = None, limit: int = 500) -> list[LineSpan]:
        return []

    def fills(
        self,
        since_market: float,
        until_market: float | None = None,
        *,
        account: str | None = None,
        corrected: bool = False,
        perm_ids: Collection[int] | None = None,
        source: str | None = None,
        limit: int = 1_000,
    ) -> list[FillRow]:
        return []

    def trader_words(self, account: str | None = None) -> TraderWords:
        return TraderWords()

    def positions_seen(self, account: str | None = None) -> list[PositionSeen]:
        return []

    def cash(self, account: str | None = None) -> list[CashRow]:
        return []

    def transfers(self, account: str | None = None) -> list[TransferRow]:
        return []

    def option_events(self, account: str | None = None) -> list[OptionEvent]:
        return []

    def positions_told(self, account: str | None = None) -> list[PositionTold]:
        return []

    def nav_days(self, account: str | None = None) -> list[NavDay]:
        return []

    def book_numbers(self) -> dict[tuple[str, BookPart], int]:
        return {}

    def changed_fills(self, after: Mapping[str, int]) -> Iterator[list[FillRow]]:
        return iter(())

    def positions_noted(self, after: Mapping[str, int]) -> tuple[list[PositionSeen], dict[str, int]]:
        return [], {}
