"""The trader's own words: notes, tags, stops and links of trips, checked at the door and kept in the account's journal.

They are rows of their own: no time and no money of an execution is touched.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from engine.clock import Clock
from engine.errors import QTradeError
from engine.journal.rows import DayNote, TripLink, TripNote, TripStop
from engine.state.commands import JoinTrips, NoteDay, NoteStop, NoteTrip, TraderCommand

NOTE_MAX, TAG_MAX, TAGS_MAX, ROOT_MAX = 10_000, 40, 20, 80
WRITE_S = 5.0


class _Journal(Protocol):
    @property
    def problem(self) -> str: ...

    def record_trip_note(self, note: TripNote, at_market: float) -> None: ...

    def record_day_note(self, note: DayNote, at_market: float) -> None: ...

    def record_stop(self, stop: TripStop, at_market: float) -> None: ...

    def record_link(self, link: TripLink, at_market: float) -> None: ...

    def flush(self, timeout: float) -> bool: ...


class TraderDesk:
    """Engine thread only. `watched`: the accounts whose journals are open."""

    def __init__(
        self,
        journal: _Journal,
        clock: Clock,
        market_now: Callable[[], float],
        watched: Callable[[], Sequence[str]],
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._market_now = market_now
        self._watched = watched

    async def keep(self, command: TraderCommand) -> str:
        """On the disk when this returns.

        Raises:
            QTradeError: it is not what it must be, or could not be written.
        """
        if command.account not in self._watched():
            names = ", ".join(self._watched()) or "none yet"
            raise QTradeError(f"Account {command.account[:40]!r} is not watched; these are: {names}.")
        if isinstance(command, NoteTrip):
            said = self._note_trip(command)
        elif isinstance(command, NoteDay):
            said = self._note_day(command)
        elif isinstance(command, NoteStop):
            said = self._note_stop(command)
        else:
            said = self._join(command)
        if not await asyncio.to_thread(self._journal.flush, WRITE_S):
            why = self._journal.problem or "it takes too long"
            raise QTradeError(f"Not on the disk yet: {why}. It waits in memory and is written as soon as it can be.")
        return said

    def _note_trip(self, command: NoteTrip) -> str:
        note = TripNote(
            command.account, command.model, command.con_id, _root(command.root), _note(command.note),
            cleaned_tags(command.tags), self._clock.wall(),
        )  # fmt: skip
        self._journal.record_trip_note(note, self._market_now())
        return "The note is kept." if note.note or note.tags else "The note is taken away."

    def _note_day(self, command: NoteDay) -> str:
        try:
            datetime.strptime(command.day, "%Y%m%d")  # noqa: DTZ007 - a date alone
        except ValueError:
            raise QTradeError(f"Day {command.day[:20]!r} is no date; it must be like 20251105.") from None
        note = DayNote(
            command.account, command.day, _note(command.note), cleaned_tags(command.tags), self._clock.wall()
        )
        self._journal.record_day_note(note, self._market_now())
        return "The note is kept." if note.note or note.tags else "The note is taken away."

    def _note_stop(self, command: NoteStop) -> str:
        if command.price is not None and not math.isfinite(command.price):
            raise QTradeError("The stop must be a price.")
        stop = TripStop(
            command.account, command.model, command.con_id, _root(command.root), command.price, self._clock.wall()
        )
        self._journal.record_stop(stop, self._market_now())
        if command.price is None:
            return "The stop is taken back."
        return f"A stop at {command.price:.12g} is noted. R goes by the first one."

    def _join(self, command: JoinTrips) -> str:
        link = TripLink(
            command.account, command.model, _root(command.closed_root), _root(command.opened_root), command.joined,
            self._clock.wall(),
        )  # fmt: skip
        self._journal.record_link(link, self._market_now())
        return "The two trips are one campaign." if command.joined else "The two trips stand apart."


def cleaned_tags(tags: Sequence[str]) -> tuple[str, ...]:
    """Without blanks around them, each once, in their order. Raises QTradeError."""
    found = tuple(dict.fromkeys(text for tag in tags if (text := " ".join(tag.split()))))
    if len(found) > TAGS_MAX:
        raise QTradeError(f"{len(found)} tags; at most {TAGS_MAX}.")
    for tag in found:
        if len(tag) > TAG_MAX:
            raise QTradeError(f"Tag {tag[:TAG_MAX]!r}... has {len(tag)} letters; at most {TAG_MAX}.")
    return found


def _note(text: str) -> str:
    if len(text) > NOTE_MAX:
        raise QTradeError(f"The note has {len(text):,} letters; at most {NOTE_MAX:,}.")
    return text.strip()


def _root(text: str) -> str:
    if not text or len(text) > ROOT_MAX:
        raise QTradeError("The trip is not named: its `root` is empty or too long.")
    return text
