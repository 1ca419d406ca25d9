"""The time in which QTrade was not running: from the last sign of life of a run to the start of the next one."""

import pytest

from engine.broker.port import SystemNotice
from engine.clock import FakeClock
from engine.health.not_running import STARTED, STOPPED, gaps, untold
from engine.health.timeline import LINK, NOT_RUNNING, OFF, LinkTimeline
from engine.journal.reader import JournalReader
from engine.journal.rows import ConnectionEvent
from engine.journal.writer import Journal
from engine.portfolio.curve import SIGN_S, PnlCurve
from tests.patience import DEADLINE_S


@pytest.mark.parametrize(
    ("events", "last_sign", "found"),
    [
        ([], None, ()),
        ([], 400.0, ((400.0, 500.0),)),
        ([(100.0, STOPPED), (160.0, STARTED), (170.0, "connected")], 400.0, ((100.0, 160.0), (400.0, 500.0))),
        ([(100.0, STOPPED), (160.0, STARTED)], 600.0, ((100.0, 160.0),)),
        ([(160.0, STARTED), (300.0, STOPPED)], 300.0, ((300.0, 500.0),)),
    ],
)
def test_from_the_last_sign_of_life_to_the_next_start(events, last_sign, found):
    assert gaps(events, last_sign, started=500.0) == found


def test_a_later_engine_of_the_same_run_does_not_write_it_down_again():
    """After another gateway, and back: the journal of the first one holds it."""
    assert untold([(100.0, "connected")], 400.0, started=500.0) == (400.0, 500.0)
    assert untold([(400.0, STOPPED), (500.0, STARTED), (501.0, "connected")], 400.0, started=500.0) is None
    assert untold([], None, started=500.0) is None


def test_the_time_line_says_it_beside_what_this_run_has_seen():
    line = LinkTimeline()
    line.mark(LINK, "up", 505.0)
    line.on_notice(SystemNotice(2104, "OK", "usfarm"), 505.0)
    line.not_running([(100.0, 160.0), (400.0, 500.0)])
    line.not_running([(400.0, 500.0)])
    assert [(span.track, span.state, span.from_wall, span.to_wall) for span in line.spans()] == [
        (LINK, OFF, 400.0, 500.0), (LINK, "up", 505.0, None), ("usfarm", "up", 505.0, None)
    ]  # fmt: skip
    assert line.spans()[0].text == NOT_RUNNING
    assert line.mark(LINK, "down", 510.0) == 5.0, "the open span is still the run's own"


def test_a_gap_of_the_curve_leaves_a_sign_of_life_each_minute_and_no_point():
    rows: list[tuple[float, ...]] = []
    curve = PnlCurve(lambda *row: rows.append(row))
    for second in range(0, 10, 2):
        curve.add(float(second), float(second), 1.0 + second, 0.0, 0.0)
    for second in range(10, 200, 2):
        curve.add(float(second), float(second), None, None, None)
    assert [row[0] for row in rows if row[2] is None] == [10.0, 10.0 + SIGN_S, 10.0 + 2 * SIGN_S, 10.0 + 3 * SIGN_S]
    assert len(curve.section().points) == 6


def test_the_last_sign_is_of_the_runs_before(tmp_path):
    journal, reader = Journal(FakeClock()), JournalReader()
    try:
        path = tmp_path / "journal.db"
        journal.open(path, "simulated", "DU1")
        reader.open(path, "simulated", "DU1")
        assert reader.last_sign(1_000.0) is None
        for t in (100.0, 300.0, 900.0):
            journal.record_pnl(t, t, 1.0, 0.0, 0.0)
        journal.record_connection(ConnectionEvent(310.0, 310.0, "disconnected", "TWS closed the connection"))
        assert journal.flush(DEADLINE_S), journal.problem
        assert [reader.last_sign(before) for before in (1_000.0, 900.0, 310.0)] == [900.0, 310.0, 300.0]
    finally:
        journal.stop()
        reader.close()
