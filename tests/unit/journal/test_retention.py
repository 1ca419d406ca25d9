"""Points of five days stay as they are, older ones by the minute for a year, with resets, gaps and extremes."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.clock import SystemClock
from engine.journal.database import open_for_writing, url_of
from engine.journal.reader import JournalReader
from engine.journal.retention import DAYS, Retention
from engine.journal.rows import PnlRow
from engine.journal.thinning import by_the_minute, is_gap, is_reset
from engine.journal.writer import Journal
from tests.examples import examples
from tests.patience import DEADLINE_S, wait_for

DAY = 86_400.0
NOW = 1_762_000_000.0 // DAY * DAY + 7_200.0
values = st.one_of(st.none(), st.just("reset"), st.floats(-1e5, 1e5, allow_nan=False))


def point(t, value):
    if value == "reset":
        return PnlRow(t, t, None, 0.0, None, "simulated", "DU1")
    return PnlRow(t, t, value, value and 1.0, value and value * 2, "simulated", "DU1")


@given(st.lists(st.tuples(st.floats(0.5, 30.0), values), max_size=200))
@examples(150)
def test_a_minute_keeps_its_last_value_and_the_stretch_its_resets_gaps_and_extremes(steps):
    t, points = NOW, []
    for step, value in steps:
        t += step
        points.append(point(t, value))
    kept = by_the_minute(points)
    assert {i for i, p in enumerate(points) if is_reset(p)} <= kept
    minutes = {}
    for i, p in enumerate(points):
        minutes.setdefault(int(p.t // 60.0), []).append(i)
    for mine in minutes.values():
        known = [i for i in mine if not is_gap(points[i]) and not is_reset(points[i])]
        assert not known or known[-1] in kept
        assert any(i in kept for i in mine if is_gap(points[i])) == any(is_gap(points[i]) for i in mine)
    known = [p.daily for p in points if p.daily is not None]
    if known:
        left = [points[i].daily for i in kept if points[i].daily is not None]
        assert (min(left), max(left)) == (min(known), max(known))
    assert len(kept) <= 3 * len(minutes) + 5 + sum(is_reset(p) for p in points)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "journal.db"


def fill(path, points):
    engine = open_for_writing(url_of(path), NOW)
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM pnl_points")
        for account in ("DU1", "all"):
            connection.exec_driver_sql(
                "INSERT INTO pnl_points (mode, account, market_time, recorded_at, t, unrealized, realized, daily)"
                " VALUES ('simulated', ?, ?, ?, ?, ?, ?, ?)",
                [(account, p.m, p.t, p.t, p.unrealized, p.realized, p.daily) for p in points],
            )
    return engine


def read(path, account="DU1"):
    reader = JournalReader()
    reader.open(path, "simulated", account)
    found = reader.pnl(0.0)
    reader.close()
    return found


def day(n, count, seed=0):
    """So many points of the n-th day back, each two seconds."""
    rng = random.Random(n + seed)
    return [point((NOW // DAY - n) * DAY + 2.0 * k, rng.uniform(-9, 9)) for k in range(count)]


def run(keeper, engine, steps=60):
    for _ in range(steps):
        keeper.step(engine, 0.0)


def test_five_days_whole_and_older_ones_by_the_minute(file):
    whole = [p for n in (4, 3, 2, 1, 0) for p in day(n, 900)]
    older = day(40, 1_500)
    engine, keeper = fill(file, [*older, *whole]), Retention("simulated", "DU1")
    run(keeper, engine)
    left = read(file)
    assert [p for p in left if p.t >= whole[0].t] == whole
    old = [p for p in left if p.t < whole[0].t]
    assert 50 <= len(old) <= 56
    assert max(p.daily for p in old) == max(p.daily for p in older)
    assert len(read(file, "all")) == 6_000, "another curve's keeper has its own turn"
    run(Retention("simulated", "DU1"), engine)  # after a restart
    assert read(file) == left
    with engine.begin() as connection:  # a day later
        connection.exec_driver_sql(
            "INSERT INTO pnl_points (mode, account, market_time, recorded_at, t, daily)"
            " VALUES ('simulated', 'DU1', 1, 1, ?, 1)",
            [(NOW + DAY,)],
        )
    keeper.step(engine, 1_000.0)
    assert len(read(file)) == len(left) + 1, "it rests"
    for _ in range(60):
        keeper.step(engine, 4_000.0)
    assert len(read(file)) < len(left) - 800
    engine.dispose()


def test_of_more_than_a_year_of_days_the_oldest_go(file):
    engine = fill(file, [p for n in range(DAYS + 10) for p in day(n, 1)])
    run(Retention("simulated", "DU1"), engine, DAYS + 20)
    left = read(file)
    assert (len(left), left[0].t) == (DAYS, (NOW // DAY - DAYS + 1) * DAY)
    engine.dispose()


@pytest.mark.parametrize("ahead", [400.0, 36_500.0])
def test_a_clock_that_jumped_takes_nothing_away(file, ahead):
    points = [*day(2, 900), *day(1, 900), point(NOW + ahead * DAY, 1.0)]
    engine = fill(file, points)
    run(Retention("simulated", "DU1"), engine)
    assert read(file) == points
    engine.dispose()


def test_the_journal_thins_while_it_records(file):
    fill(file, [p for n in range(9, 0, -1) for p in day(n, 900 if n > 6 else 1)]).dispose()
    journal = Journal(SystemClock())
    journal.open(file, "simulated", "DU1")
    journal.also(file, "simulated", "all")
    journal.record_pnl(NOW, NOW, 1.0, 1.0, 1.0)
    assert journal.flush(DEADLINE_S)
    wait_for(lambda: len(read(file)) < 130 and len(read(file, "all")) < 130)
    journal.stop()
    assert read(file)[-1].t == NOW
