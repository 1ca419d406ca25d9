"""The black box: one incident an outage, red when it is red, over when it is over, kept over restarts."""

from __future__ import annotations

import pytest

from engine.clock import FakeClock
from engine.domain import Incident
from engine.health.conditions import ConditionBook
from engine.health.incidents import CAUSES, RECOVERY_S, UNSEEN, IncidentBook, cause_of
from engine.journal.reader import JournalReader
from engine.journal.writer import Journal
from tests.patience import DEADLINE_S

HOUR = 3_600.0
DAY = 24 * HOUR
MARKET_AHEAD = -380 * DAY  # the simulator's clock


class Box:
    def __init__(self) -> None:
        self.written: dict[tuple[str, float], Incident] = {}
        self.book = IncidentBook(self.write, lambda wall: wall + MARKET_AHEAD)
        self.conditions = ConditionBook(self.book)

    def write(self, incident: Incident) -> None:
        self.written[incident.key, incident.began_wall] = incident

    def outage(self, began: float, seconds: float, key: str = "link", **more) -> None:
        self.conditions.raise_(key, began, "Not connected", "closed", severity="error", **more)
        self.conditions.resolve(key, began + seconds, "Connected again.")

    def figures(self, symbol: str = ""):
        return next(each for each in self.book.section().figures if each.symbol == symbol)


def test_an_outage_is_written_when_it_begins_and_when_it_ends():
    box = Box()
    box.conditions.raise_("link", 110.0, "Not connected", "closed", severity="error", since=100.0)
    (row,) = box.written.values()
    assert (row.began_wall, row.red_wall, row.ended_wall, row.cause) == (100.0, 110.0, None, "link")
    assert row.began_market == 100.0 + MARKET_AHEAD
    box.conditions.raise_("link", 115.0, "Not connected", "refused", severity="error")
    box.conditions.resolve("link", 142.0, "Connected again.")
    (row,) = box.written.values()
    assert (row.ended_wall, row.seen) == (142.0, True)
    assert row.words == "Not connected: refused Connected again."
    assert box.figures().median_s == 42.0


def test_median_last_and_longest_and_how_often_on_each_day():
    box, noon = Box(), 1_762_362_000.0 - MARKET_AHEAD  # 2025-11-05 12:00 in New York, by the gateway's clock
    for began, seconds in ((noon - DAY, 8.0), (noon, 100.0), (noon + 300.0, 12.0)):
        box.outage(began, seconds)
    found = box.figures()
    assert (found.count, found.median_s, found.last_s, found.longest_s) == (3, 12.0, 12.0, 100.0)
    assert found.days == (("2025-11-05", 2), ("2025-11-04", 1))
    assert not found.is_open


def test_symbols_stand_below_their_cause():
    box = Box()
    box.outage(10.0, 5.0, "silent:1", con_id=1, symbol="CLZ5")
    box.outage(20.0, 7.0, "silent:2", con_id=2, symbol="NQZ5")
    box.outage(40.0, 9.0, "silent:2", con_id=2, symbol="NQZ5")
    box.outage(60.0, 1.0)
    shown = [(each.title, each.symbol, each.count, each.last_s) for each in box.book.section().figures]
    assert shown == [
        ("Connection to TWS", "", 1, 1.0),
        ("One position without quotes", "", 3, 9.0),
        ("One position without quotes", "NQZ5", 2, 9.0),
        ("One position without quotes", "CLZ5", 1, 5.0),
    ]


def test_an_excused_outage_is_red_when_its_excuse_is_over():
    box = Box()
    box.conditions.raise_("link", 0.0, "Not connected", "closed", severity="warning")
    assert box.book.section().newest[0].red_wall is None
    box.conditions.weigh("link", "error", 900.0)
    assert box.book.section().newest[0].red_wall == 900.0
    box.conditions.weigh("link", "error", 950.0)
    assert box.book.section().newest[0].red_wall == 900.0


def raised(box: Box, key: str, at: float, since: float | None = None, title: str = "", severity="error") -> None:
    box.conditions.raise_(key, at, title or key, "text", severity=severity, since=since)


@pytest.mark.parametrize(
    ("first", "then"),
    [("link", "feed"), ("link", "silent:1"), ("link", "track:IB servers"), ("link", "track:usfarm"),
     ("track:IB servers", "link"), ("track:IB servers", "track:usfarm"), ("track:IB servers", "feed"),
     ("track:usfarm", "feed"), ("track:usfarm", "silent:1"), ("feed", "link"), ("feed", "silent:1"),
     ("code:10197", "silent:1"), ("code:10197", "feed"), ("disk:state", "disk:journal")],
)  # fmt: skip
@pytest.mark.parametrize("pause", [-5.0, RECOVERY_S - 1.0])
def test_what_another_outage_explains_is_booked_under_it(first, then, pause):
    """While that goes on, or right after it; it lasts until both are over."""
    box = Box()
    raised(box, first, 100.0, severity="warning")
    if pause < 0.0:
        raised(box, then, 160.0)
        box.conditions.resolve(first, 165.0)
    else:
        box.conditions.resolve(first, 165.0)
        raised(box, then, 165.0 + 60.0, since=165.0 + pause)
    (row,) = box.written.values()
    assert (row.key, row.began_wall, row.ended_wall) == (first, 100.0, None)
    assert row.red_wall in (160.0, 225.0) and "With it: " in row.words
    box.conditions.resolve(then, 300.0, "Over.")
    (row,) = box.written.values()
    assert row.ended_wall == 300.0
    (figures,) = box.book.section().figures
    assert (figures.count, figures.is_open, figures.last_s, figures.symbol) == (1, False, 200.0, "")


@pytest.mark.parametrize(
    ("first", "then"),
    [("silent:1", "feed"), ("silent:1", "link"), ("silent:1", "silent:2"), ("feed", "track:usfarm"),
     ("track:usfarm", "link"), ("disk:state", "link"), ("track:usfarm", "track:eufarm")],
)  # fmt: skip
def test_what_nothing_explains_is_an_outage_of_its_own(first, then):
    box = Box()
    raised(box, first, 100.0)
    raised(box, then, 160.0)
    assert [row.key for row in box.written.values()] == [first, then]


def test_a_consequence_long_after_its_cause_is_none():
    box = Box()
    box.outage(100.0, 10.0)
    raised(box, "feed", 200.0, since=110.0 + RECOVERY_S + 1.0)
    assert [(row.key, row.ended_wall) for row in box.written.values()] == [("link", 110.0), ("feed", None)]


def test_a_chain_is_one_outage_farm_feed_and_the_connection_that_was_to_help():
    box = Box()
    raised(box, "track:usfarm", 100.0, title="Farm is down", severity="warning")
    raised(box, "feed", 155.0, since=100.0, title="No quotes come")
    raised(box, "link", 190.0, title="Not connected")
    box.conditions.resolve("track:usfarm", 190.0, "The connection ended before it was back.")
    box.conditions.resolve("link", 192.0, "Connected again.")
    box.conditions.resolve("feed", 240.0)
    raised(box, "silent:1", 300.0, since=245.0)
    box.conditions.resolve("silent:1", 310.0)
    (row,) = box.written.values()
    assert (row.cause, row.began_wall, row.red_wall, row.ended_wall) == ("track:", 100.0, 155.0, 310.0)
    assert row.words == (
        "Farm is down: text The connection ended before it was back. With it: No quotes come; Not connected; silent:1."
    )


def test_the_next_login_gets_no_outage_of_the_former_ones():
    box = Box()
    box.outage(100.0, 10.0)
    box.book.forget()
    raised(box, "feed", 120.0, since=112.0)
    assert [row.key for row in box.written.values()] == ["link", "feed"]


def test_what_is_no_outage_is_none():
    box = Box()
    box.outage(1.0, 2.0, "near")
    box.outage(1.0, 2.0, "files")
    box.conditions.raise_("code:162", 1.0, "History", "no data", lasting=False)
    box.conditions.resolve("link", 5.0)
    assert not box.written and box.book.section().figures == ()


@pytest.mark.parametrize(
    ("key", "cause"),
    [
        ("link", "link"), ("linked", ""), ("track:IB servers", "track:IB servers"), ("track:usfarm", "track:"),
        ("silent:265598", "silent:"), ("feed", "feed"), ("disk", "disk"), ("disk:state", "disk"), ("disks", ""),
        ("code:10197", "code:10197"), ("code:1", ""),
    ],
)  # fmt: skip
def test_the_cause_of_a_condition(key, cause):
    assert cause_of(key) == cause and (not cause or CAUSES[cause])


def test_what_a_crash_left_open_is_closed_and_has_no_length():
    before, after = Box(), Box()
    before.outage(100.0, 10.0)
    before.conditions.raise_("feed", 200.0, "No quotes come", "dead", severity="error")
    after.outage(500.0, 30.0)
    after.book.restore(before.written.values(), 510.0)
    ended = after.written["feed", 200.0]
    assert (ended.ended_wall, ended.seen) == (510.0, False) and ended.words.endswith(UNSEEN)
    assert len(after.written) == 2, "what was over is not written again"
    link, feed = after.book.section().figures
    assert (link.count, link.median_s, feed.count, feed.median_s, feed.is_open) == (2, 20.0, 1, None, False)
    after.book.restore(after.written.values(), 600.0)
    assert [each.count for each in after.book.section().figures] == [2, 1], "read again: nothing twice"


def test_a_crash_and_a_new_start_over_the_journal(tmp_path):
    """As the engine does: what the first run recorded is read by the second one and closed there."""
    clock, path = FakeClock(), tmp_path / "simulated-DU1" / "journal.db"
    for run in range(2):
        journal, reader = Journal(clock), JournalReader()
        journal.open(path, "simulated", "DU1")
        reader.open(path, "simulated", "DU1")
        book = IncidentBook(journal.record_incident, lambda wall: wall)
        book.restore(reader.incidents(100), clock.wall())
        if run == 0:
            book.begin("feed", "No quotes come", 50.0, 60.0, is_red=True, con_id=None, symbol="")
        assert journal.flush(DEADLINE_S), journal.problem
        kept = reader.incidents(100)
        journal.stop()
        reader.close()
    assert [(row.key, row.red_wall, row.ended_wall, row.seen) for row in kept] == [("feed", 60.0, clock.wall(), False)]
    assert [(each.count, each.is_open, each.median_s) for each in book.section().figures] == [(1, False, None)]


def test_the_section_is_the_same_until_something_changes():
    box = Box()
    box.outage(1.0, 1.0)
    first = box.book.section()
    assert box.book.section() is first
    box.outage(5.0, 1.0)
    assert box.book.section() is not first
