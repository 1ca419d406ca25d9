"""ConditionBook and LinkTimeline: causes are counted, closed, bounded; spans never overlap."""

from engine.broker.port import SystemNotice
from engine.health.conditions import ConditionBook
from engine.health.incidents import IncidentBook
from engine.health.timeline import LINK, SERVERS, LinkTimeline, duration_text


def test_a_lasting_cause_is_one_entry_until_it_is_resolved():
    book = ConditionBook()
    book.raise_("link", 10.0, "Connection lost", "first")
    book.raise_("link", 12.0, "Connection lost", "second")
    (entry,) = book.newest_first()
    assert (entry.count, entry.open, entry.text, entry.first_wall) == (1, True, "second", 10.0)
    book.resolve("link", 20.0, "Back after 10 s.")
    (entry,) = book.newest_first()
    assert (entry.open, entry.last_wall) == (False, 20.0)
    assert entry.text.endswith("Back after 10 s.")
    book.raise_("link", 30.0, "Connection lost", "again")
    (entry,) = book.newest_first()
    assert (entry.count, entry.open) == (2, True)


def test_a_passing_cause_counts_each_time():
    book = ConditionBook()
    for wall in (1.0, 2.0, 3.0):
        book.raise_("162", wall, "A scan was cancelled on purpose", "harmless", severity="info", lasting=False)
    (entry,) = book.newest_first()
    assert (entry.count, entry.open) == (3, False)


def test_log_lines_of_one_cause_are_fifteen_minutes_apart(caplog):
    book = ConditionBook()
    with caplog.at_level("WARNING", logger="qtrade.health"):
        for wall in range(0, 1800, 10):
            book.raise_("near", float(wall), "Lines are nearly used up", "47 of 50", lasting=False)
    assert len(caplog.records) == 2


def test_fifty_flaps_in_five_minutes_are_one_notice_and_its_end(caplog):
    book = ConditionBook()
    with caplog.at_level("INFO", logger="qtrade.health"):
        for flap in range(50):
            book.raise_("track:usfarm", 6.0 * flap, "Market data farm is down", "Prices stand still")
            book.resolve("track:usfarm", 6.0 * flap + 3.0, "Back after 3 s.")
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    (entry,) = book.newest_first()
    assert (entry.count, entry.open) == (50, False)


def test_the_book_keeps_the_newest_hundred():
    book = ConditionBook()
    for index in range(150):
        book.raise_(f"k{index}", float(index), "t", "x", severity="info", lasting=False)
    kept = book.newest_first()
    assert len(kept) == 100
    assert kept[0].key == "k149"


def test_spans_follow_the_notices():
    line = LinkTimeline()
    line.mark(LINK, "up", 0.0)
    line.mark(SERVERS, "up", 0.0)
    line.on_notice(SystemNotice(1100, "lost"), 100.0)
    track, state, lasted = line.on_notice(SystemNotice(1102, "restored"), 160.0)
    assert (track, state, lasted) == (SERVERS, "up", 60.0)
    line.on_notice(SystemNotice(2103, "broken", "usfarm"), 170.0)
    spans = [(s.track, s.state, s.from_wall, s.to_wall) for s in line.spans() if s.track == SERVERS]
    assert spans == [(SERVERS, "up", 0.0, 100.0), (SERVERS, "down", 100.0, 160.0), (SERVERS, "up", 160.0, None)]
    line.link_lost(200.0, "closed")
    assert all(s.to_wall is not None for s in line.spans() if s.track != LINK)
    assert [s.state for s in line.spans() if s.track == LINK] == ["up", "down"]


def test_an_unknown_notice_says_nothing():
    assert LinkTimeline().on_notice(SystemNotice(399, "order message"), 1.0) is None


def test_duration_text():
    assert [duration_text(s) for s in (-3, 0.4, 42, 348, 9000)] == ["0 s", "0 s", "42 s", "5 min 48 s", "2 h 30 min"]


def test_an_open_cause_outlives_a_hundred_that_are_over():
    book = ConditionBook()
    book.raise_("disk", 1.0, "History can't be written", "disk is full")
    for number in range(150):
        book.raise_(f"code:{number}", 2.0 + number, "Something", "happened", lasting=False)
    assert len(book.newest_first()) == 100
    assert book.is_open("disk")


def test_of_a_hundred_and_fifty_open_causes_none_is_lost():
    """A farm that dies may silence so many positions at once: each is red, and over when it ticks."""
    incidents = IncidentBook(lambda incident: None, lambda wall: wall)
    book = ConditionBook(incidents)
    for number in range(150):
        book.raise_(f"silent:{number}", 1.0, "No price", "silent", severity="error", con_id=number, symbol=f"S{number}")
    assert all(book.is_open(f"silent:{number}") for number in range(150))
    for number in range(150):
        book.resolve(f"silent:{number}", 9.0, "It ticks again.")
    assert not any(each.is_open for each in incidents.section().figures)
    book.raise_("disk", 10.0, "History can't be written", "full")
    assert len(book.newest_first()) == 100


def test_a_cause_that_is_told_each_second_is_the_same_entry_until_its_text_changes() -> None:
    book = ConditionBook()
    book.raise_("near", 1.0, "Lines are nearly used up", "48 of 50")
    book.raise_("other", 2.0, "Something", "else", lasting=False)
    before = book.newest_first()
    book.raise_("near", 3.0, "Lines are nearly used up", "48 of 50")
    assert book.newest_first() == before
    book.raise_("near", 4.0, "Lines are nearly used up", "50 of 50")
    assert [(entry.key, entry.last_wall) for entry in book.newest_first()][0] == ("near", 4.0)
