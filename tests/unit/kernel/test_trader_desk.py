"""The trader's words: kept in the account's journal once they are on the disk, refused at the door in plain words."""

from __future__ import annotations

import asyncio

import pytest

from engine.clock import SystemClock
from engine.errors import QTradeError
from engine.journal.reader import JournalReader
from engine.journal.rows import TripLink
from engine.journal.writer import Journal
from engine.kernel.trader_desk import NOTE_MAX, TraderDesk
from engine.state.commands import JoinTrips, NoteDay, NoteStop, NoteTrip

NOW = 1_762_370_000.0
TRIP = NoteTrip("r", "DU1", "", 7, "a.01", "  too early\n", (" gap ", "A+", "gap", ""))


@pytest.fixture
def desk(tmp_path):
    journal = Journal(SystemClock())
    journal.open(tmp_path / "j.db", "simulated", "DU1")
    reader = JournalReader()
    reader.open(tmp_path / "j.db", "simulated")
    desk = TraderDesk(journal, SystemClock(), lambda: NOW, lambda: ("DU1",))

    def keep(command):
        return asyncio.run(desk.keep(command)), reader.trader_words()

    yield keep
    journal.stop()
    reader.close()


def test_everything_is_on_the_disk_when_it_is_answered(desk):
    said, words = desk(TRIP)
    assert said == "The note is kept." and [(n.root, n.note, n.tags) for n in words.trips] == [
        ("a.01", "too early", ("gap", "A+"))
    ]
    assert desk(NoteDay("r", "DU1", "20251105", "calm"))[1].days[0].note == "calm"
    said, words = desk(NoteStop("r", "DU1", "", 7, "a.01", 399.5))
    assert said == "A stop at 399.5 is noted. R goes by the first one." and words.stops[0].price == 399.5
    assert desk(NoteStop("r", "DU1", "", 7, "a.01", None))[1].stops[1].price is None
    link = desk(JoinTrips("r", "DU1", "", "a.01", "b.01", True))[1].links[0]
    assert link == TripLink("DU1", "", "a.01", "b.01", True, link.changed_wall)
    said, words = desk(NoteTrip("r", "DU1", "", 7, "a.01", "", ()))
    assert said == "The note is taken away." and (words.trips[0].note, words.trips[0].tags) == ("", ())


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (NoteTrip("r", "DU9", "", 7, "a", ""), "Account 'DU9' is not watched; these are: DU1."),
        (NoteTrip("r", "DU1", "", 7, "", ""), "The trip is not named"),
        (NoteTrip("r", "DU1", "", 7, "a", "x" * (NOTE_MAX + 1)), "The note has 10,001 letters; at most 10,000."),
        (NoteTrip("r", "DU1", "", 7, "a", "", ("y" * 41,)), "has 41 letters; at most 40."),
        (NoteTrip("r", "DU1", "", 7, "a", "", tuple(map(str, range(21)))), "21 tags; at most 20."),
        (NoteDay("r", "DU1", "2025-11-05", ""), "Day '2025-11-05' is no date"),
        (NoteStop("r", "DU1", "", 7, "a", float("nan")), "The stop must be a price."),
    ],
)
def test_what_is_refused_says_why(desk, command, words):
    with pytest.raises(QTradeError, match=words.replace("(", r"\(").replace("+", r"\+")):
        desk(command)


def test_what_could_not_be_written_yet_says_so():
    class Stuck:
        problem = "disk full"

        def record_trip_note(self, note, at_market):
            self.note = note

        def flush(self, timeout):
            return False

    with pytest.raises(QTradeError, match="Not on the disk yet: disk full. It waits in memory"):
        asyncio.run(TraderDesk(Stuck(), SystemClock(), lambda: NOW, lambda: ("DU1",)).keep(TRIP))
