"""What the journal keeps beside the broker's reports: the rates of a fill's moment, and positions when they change.

Engine thread only. Rates are the account's at the fill, never later ones: a fill that comes a day late gets none, its
statement will tell it. Positions are noted once all of them are known and the journal's own notes have been read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from engine.domain import Fill, PositionRecord
from engine.journal.rows import FillFacts, PositionSeen
from engine.portfolio.account import AccountBook
from engine.trades.held import EVERYTHING

LATE_S = 86_400.0
_Key = tuple[str, int]


class _Journal(Protocol):
    def record_fill(self, fill: Fill, facts: FillFacts) -> None: ...

    def record_position(self, seen: PositionSeen) -> None: ...


class _Held(NamedTuple):
    record: PositionRecord
    at_market: float


class BookKeeper:
    """`market_now` None = the gateway's clock is not known yet."""

    def __init__(
        self, journal: _Journal, book: Callable[[str], AccountBook], market_now: Callable[[], float | None]
    ) -> None:
        self._journal = journal
        self._book = book
        self._now = market_now
        self._waiting: dict[tuple[str, str, str, int], Fill] = {}  # fills whose rates the account has not told yet
        self._held: dict[_Key, _Held] = {}
        self._noted: dict[_Key, float] = {}
        self._known_from: set[str] = set()  # accounts that have a note of it
        self._watched: tuple[str, ...] = ()
        self._restored = False
        self._complete = False

    # --- fills ------------------------------------------------------------------------------------------------

    def record_fill(self, fill: Fill) -> None:
        """To the journal, with the rates known now; again when they come."""
        facts = self._facts(fill)
        self._journal.record_fill(fill, facts)
        key = (fill.account, fill.model, fill.exec_id, fill.con_id)
        if self._lacks(fill, facts):
            self._waiting[key] = fill
        else:
            self._waiting.pop(key, None)

    def _facts(self, fill: Fill) -> FillFacts:
        book, now = self._book(fill.account), self._now()
        base = book.currency()
        if not base or now is None or now - fill.time_market > LATE_S:
            return FillFacts(base_currency=base)
        other = fill.commission_currency not in ("", base, fill.currency)
        return FillFacts(
            base_currency=base,
            fx_rate_to_base=None if fill.currency == base else book.rate(fill.currency),
            commission_rate_to_base=book.rate(fill.commission_currency) if other else None,
        )

    def _lacks(self, fill: Fill, facts: FillFacts) -> bool:
        now = self._now()
        if now is not None and now - fill.time_market > LATE_S:
            return False
        base = facts.base_currency
        return not base or any(
            currency not in ("", base) and rate is None
            for currency, rate in (
                (fill.currency, facts.fx_rate_to_base),
                (fill.commission_currency, facts.commission_rate_to_base or facts.fx_rate_to_base),
            )
        )

    # --- positions --------------------------------------------------------------------------------------------

    def on_position(self, record: PositionRecord) -> None:
        now = self._now()
        self._held[record.account, record.contract.con_id] = _Held(record, now if now is not None else 0.0)

    def on_connected(self, watched: Sequence[str], *, complete: bool) -> None:
        """`complete`: what has not been named is not held."""
        self._watched, self._complete = tuple(watched), complete

    def on_disconnected(self) -> None:
        self._held.clear()
        self._complete = False

    def restore(self, seen: Iterable[PositionSeen]) -> None:
        """What the journal has noted by now."""
        for note in seen:
            if note.con_id == EVERYTHING:
                self._known_from.add(note.account)
            else:
                self._noted[note.account, note.con_id] = note.quantity
        self._restored = True

    def forget(self) -> None:
        """Other accounts than before."""
        self._waiting.clear()
        self._noted.clear()
        self._known_from.clear()
        self._restored = False

    # --- each second ------------------------------------------------------------------------------------------

    def step(self) -> None:
        for fill in list(self._waiting.values()):
            facts = self._facts(fill)
            if not self._lacks(fill, facts):
                self.record_fill(fill)
        now = self._now()
        if self._complete and self._restored and now is not None:
            self._note_positions(now)

    def _note_positions(self, now: float) -> None:
        new = [account for account in self._watched if account not in self._known_from]
        for (account, con_id), held in self._held.items():
            if account not in self._watched or self._noted.get((account, con_id), 0.0) == held.record.quantity:
                continue
            at = now if account in new or not held.at_market else held.at_market
            contract = held.record.contract
            self._note(
                PositionSeen(
                    account, con_id, contract.local_symbol, contract.sec_type, held.record.quantity,
                    held.record.avg_cost, at,
                )
            )  # fmt: skip
        for account, con_id in [key for key, quantity in self._noted.items() if quantity and key not in self._held]:
            if account in self._watched:
                self._note(PositionSeen(account, con_id, "", "", 0.0, None, now))
        for account in new:
            self._journal.record_position(PositionSeen(account, EVERYTHING, "", "", 0.0, None, now))
            self._known_from.add(account)

    def _note(self, seen: PositionSeen) -> None:
        self._noted[seen.account, seen.con_id] = seen.quantity
        self._journal.record_position(seen)
