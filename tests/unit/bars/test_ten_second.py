"""10-second bars: the same volume as the minute's, what silence, breaks and another unit do, and the last 60 s."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bars.archive import SESSIONS_KEPT, BarArchive, Saved
from engine.bars.bar_files import BarColumns, StoredSession, WantedTens, read_ten_seconds
from engine.bars.store import BarStore
from engine.bars.ten_second import IDLE_S, LIMIT, MOST_FLAT, TenSecondBars
from engine.domain import ContractRef
from tests.unit.bars.test_bar_keeper import ACME, Run, quote
from tests.unit.scanners.scanner_samples import TEN

NAN = float("nan")


def play(*quotes: tuple[float, float | None, float | None], start: float = TEN) -> TenSecondBars:
    """Quotes (seconds after `start`, price, volume of the day)."""
    bars = TenSecondBars()
    for at, price, volume in quotes:
        bars.update(price, volume, start + at, True, None, None)
    return bars


def rows(bars: TenSecondBars) -> list[tuple[float, ...]]:
    """(seconds, open, high, low, close, volume, streamed whole) of the closed bars."""
    return [(row[0] - TEN, *row[1:6], row[6] == 3) for row in bars.series.rows().T.tolist()]


def test_price_and_volume_of_ten_seconds() -> None:
    bars = play((-1, 10.0, 1_000.0), (0, 10.1, 1_100.0), (4, 10.4, 1_150.0), (9.9, 10.2, 1_150.0), (10, 10.3, 1_350.0))
    bars.close_due(TEN + 20)
    assert rows(bars) == [(0, 10.1, 10.4, 10.1, 10.2, 150.0, True), (10, 10.3, 10.3, 10.3, 10.3, 200.0, True)]


def test_a_missed_tick_loses_no_volume() -> None:
    bars = play((-1, 10.0, 1_000.0), (1, 10.0, 1_010.0), (14, 10.0, 5_000.0), (21, 10.0, 5_001.0))
    assert [row[5] for row in rows(bars)] == [10.0, 3_990.0]


def test_silence_is_flat_bars_of_no_volume() -> None:
    bars = play((-1, 10.0, 1_000.0), (1, 10.5, 1_010.0), (35, 10.0, 1_020.0), (41, 10.0, 1_030.0))
    assert rows(bars) == [
        (0, 10.5, 10.5, 10.5, 10.5, 10.0, True),
        (10, 10.5, 10.5, 10.5, 10.5, 0.0, True),
        (20, 10.5, 10.5, 10.5, 10.5, 0.0, True),
        (30, 10.0, 10.0, 10.0, 10.0, 10.0, False),
    ]


@pytest.mark.parametrize("pause", [11, 30, 55, 300])
def test_what_came_in_a_pause_of_the_feed_is_not_taken_for_volume_of_its_end(pause: int) -> None:
    """10 shares a second all the time; only quotes are missing."""
    resumed = 120 + pause
    seconds = [*range(-1, 121), *range(resumed, resumed + 90)]
    bars = TenSecondBars()
    for second in seconds:
        bars.update(10.0, 1_000.0 + 10.0 * second, TEN + second, True, None, None)
        if second >= resumed:
            assert bars.volume_60s(TEN + second) == pytest.approx(600.0, abs=20.0), second - resumed
    part = [row[0] for row in rows(bars) if not row[-1]]
    assert part == [resumed - resumed % 10], "nobody knows when its volume came"


def test_a_trade_of_a_thin_stock_counts_in_full_while_bid_and_ask_tick() -> None:
    bars = play(*((second, 10.0, 1_000.0) for second in range(-9, 127, 9)))
    bars.update(10.0, 4_000.0, TEN + 130, True, None, None)
    bars.close_due(TEN + 140)
    assert bars.volume_60s(TEN + 140) == 3_000.0 and rows(bars)[-1][5:] == (3_000.0, True)
    silent = play((0, 10.0, 1_000.0), (5, 10.0, 1_000.0), (60, 10.0, 1_000.0), (90, 10.0, 4_000.0))
    assert silent.volume_60s(TEN + 90) == 3_000.0, "within the minute, whenever it was"
    silent.close_due(TEN + 135)
    assert silent.volume_60s(TEN + 135) == pytest.approx(3_000.0 * 15 / 30)


def test_a_long_silence_is_its_last_ten_minutes() -> None:
    bars = play((-1, 10.0, 1_000.0), (1, 10.5, 1_010.0), (7_205, 10.0, 1_020.0), (7_211, 10.0, 1_030.0))
    times = [row[0] for row in rows(bars)]
    assert times == [0, *(7_200 - 10 * n for n in range(MOST_FLAT, 0, -1)), 7_200]
    assert bars.volume_60s(TEN + 7_211) == pytest.approx(10.0 + 10.0 * 54 / 7_204), "one trade, and of a silence of 2 h"


def test_the_first_ten_seconds_were_seen_in_part() -> None:
    bars = play((3, 10.0, 1_000.0), (5, 10.0, 1_100.0), (15, 10.0, 1_200.0), (25, 10.0, 1_300.0))
    assert [(row[0], row[5], row[6]) for row in rows(bars)] == [(0, 100.0, False), (10, 100.0, True)]


def test_the_last_60_seconds() -> None:
    bars = play(*((second, 10.0, 1_000.0 + 10.0 * second) for second in range(121)))
    assert bars.volume_60s(TEN + 120) == 610.0, "both ends"
    bars.update(10.0, 99_200.0, TEN + 121, True, None, None)  # a block of 97,000 shares
    assert bars.volume_60s(TEN + 121) == pytest.approx(97_000.0 + 10.0 + 5 * 100.0 + 90.0)


def test_no_60_seconds_before_the_line_has_streamed_for_them() -> None:
    bars = play(*((second, 10.0, 1_000.0 + 10.0 * second) for second in range(60)))
    assert bars.volume_60s(TEN + 59.9) is None
    assert bars.volume_60s(TEN + 60.0) == 590.0


def test_no_trade_since_the_unit_is_known_is_no_volume() -> None:
    bars = play((0, 10.0, None), (5, 10.1, None), (7, 10.1, 1_000.0))
    bars.close_due(TEN + 68)
    assert bars.volume_60s(TEN + 66) is None and bars.volume_60s(TEN + 68) == 0.0


def test_silence_counts_as_no_volume_in_the_60_seconds() -> None:
    bars = play((0, 10.0, 1_000.0), (5, 10.0, 1_500.0))
    bars.close_due(TEN + 61)
    assert bars.volume_60s(TEN + 61) == pytest.approx(500.0 * 0.9)
    assert bars.volume_60s(TEN + 71) == 0.0


def test_a_line_that_ends_knows_nothing_of_the_time_after() -> None:
    bars = play(*((second, 10.0, 1_000.0 + 10.0 * second) for second in range(75)))
    bars.interrupt()
    assert rows(bars)[-1][-1] is False and rows(bars)[-1][0] == 70
    assert bars.volume_60s(TEN + 76) is None
    bars.update(11.0, 9_000.0, TEN + 200, True, None, None)
    bars.update(11.0, 9_000.0, TEN + 208, False, None, None)
    bars.update(11.0, 9_100.0, TEN + 215, True, None, None)
    bars.close_due(TEN + 220)
    assert [(row[0], row[5], row[6]) for row in rows(bars)[-2:]] == [(200, 0.0, True), (210, 100.0, True)]
    assert bars.volume_60s(TEN + 259) is None and bars.volume_60s(TEN + 260) == 100.0


def test_the_unit_of_volume_comes_later_and_changes() -> None:
    bars = play((0, 10.0, None), (5, 10.1, None), (15, 10.2, 1_000.0), (18, 10.2, 1_100.0), (25, 10.2, 1_200.0))
    assert [(row[0], row[6]) for row in rows(bars)] == [(0, False), (10, False)]
    assert np.isnan(rows(bars)[0][5]) and rows(bars)[1][5] == 100.0
    assert bars.known_from == 0.0
    bars.forget_volume(wrong=True)
    assert bars.known_from == TEN + 20
    assert all(np.isnan(row[5]) for row in rows(bars))
    bars.update(10.2, 120_000.0, TEN + 30, True, None, None)
    bars.update(10.2, 120_500.0, TEN + 40, True, None, None)
    bars.update(10.2, 120_600.0, TEN + 51, True, None, None)
    assert rows(bars)[-1][5] == 500.0, "not the step from one unit to the other"
    assert bars.volume_60s(TEN + 89) is None and bars.volume_60s(TEN + 91) == pytest.approx(600.0)


def test_a_new_day_counts_in_full_and_a_correction_for_nothing() -> None:
    bars = play((0, 10.0, 5e6), (11, 10.0, 5.001e6), (21, 10.0, 4.9e6), (31, 10.0, 4.901e6), (41, 10.0, 300.0))
    bars.close_due(TEN + 50)
    assert [row[5] for row in rows(bars)] == [0.0, 1_000.0, 0.0, 1_000.0, 300.0]


def test_a_new_high_of_the_day_between_two_updates_is_in_the_bar() -> None:
    bars = TenSecondBars()
    for at, high in ((0, 10.5), (1, 10.5), (4, 10.8)):
        bars.update(10.0 + at / 100, 1_000.0 + at, TEN + at, True, high, 9.0)
    bars.close_due(TEN + 10)
    assert rows(bars)[0][2] == 10.8


def test_memory_is_bounded() -> None:
    bars = play(*((10 * n, 10.0, 1_000.0 + n) for n in range(4 * LIMIT)))
    assert len(bars.series) <= LIMIT


@given(
    st.lists(st.tuples(st.floats(0.1, 25.0), st.integers(950, 1_050), st.integers(0, 500)), min_size=20, max_size=120)
)
def test_six_of_them_are_the_minute(steps: list[tuple[float, int, int]]) -> None:
    """Volume, high, low and close of each whole minute, whatever comes when."""
    store = BarStore()
    store.add(ACME)
    at, volume = TEN, 10_000.0
    for wait, cents, shares in steps:
        at, volume = at + wait, volume + shares
        store.close_due(at)
        store.on_quote(quote(cents / 100, volume), at, shares > 0)
    store.close_due(at + 60.0)
    store.on_disconnected(at + 60.0)
    tens = store.get(7).ten_seconds.series.rows()
    for bar in store.bars(7):
        inside = (tens[0] >= bar.time) & (tens[0] < bar.time + 60.0)
        if store.get(7).series.source_at(bar.time) == "streamed" and bar.time > TEN + 60.0 and bar.time + 60.0 <= at:
            traded = inside & (tens[5] > 0)
            assert tens[5][inside].sum() == bar.volume
            assert tens[4][inside][-1] == bar.close
            assert tens[2][inside].max() >= bar.high and (not traded.any() or tens[2][traded].max() <= bar.high)


def test_a_visit_makes_none(tmp_path: Path) -> None:
    store = BarStore()
    store.add(ACME)
    for second in range(0, 20, 2):
        store.on_quote(msgspec.structs.replace(quote(10.0, 1_000.0 + second), lane="visited"), TEN + second)
    assert store.get(7).ten_seconds is None and store.volume_60s(7, TEN + 20) is None
    for second in range(20, 140, 2):
        store.on_quote(quote(10.0, 1_000.0 + second), TEN + second)
    assert store.volume_60s(7, TEN + 138) == pytest.approx(60.0, abs=2.0)
    store.on_quote(msgspec.structs.replace(quote(10.0, 1_200.0), lane="visited"), TEN + 140)
    assert store.volume_60s(7, TEN + 140) is None, "the line went back into the rotation"
    assert store.volume_60s(8, TEN) is None, "unknown contract"


def test_they_are_on_disk_with_their_minute(tmp_path: Path) -> None:
    async def run() -> None:
        run = Run(tmp_path, TEN)
        await run.begin()
        await run.go(5.0)
        for second in range(0, 400, 5):
            run.store.on_quote(quote(10.0 + second / 100, 1_000.0 + second), run.clock.wall())
            run.clock.advance(5.0)
            run.store.close_due(run.clock.wall())
            await run.keeper.step()
        kept = read(tmp_path, 20251105)
        assert len(kept.time) >= 30 and (np.diff(kept.time) == 10.0).all()
        assert set(kept.volume[2:].tolist()) == {10.0}
        run.store.on_disconnected(run.clock.wall())
        await run.keeper.close()
        whole = read(tmp_path, 20251105)
        assert len(whole.time) > len(kept.time), "the last ones at the end"
        assert read(tmp_path, 20251105, since=float(whole.time[30])).time.tolist() == whole.time[30:].tolist()

    asyncio.run(run())


def test_volumes_in_a_wrong_unit_go_from_disk_too(tmp_path: Path) -> None:
    """More than an hour of them: the first ones are no longer in memory."""

    async def stream(run: Run, begin: int, end: int) -> None:
        for second in range(begin, end, 5):
            run.store.on_quote(quote(10.0, 1_000.0 + second), run.clock.wall())
            run.clock.advance(5.0)
            run.store.close_due(run.clock.wall())
            if second % 600 == 0:
                await run.keeper.step()
        await run.keeper.step()

    async def run() -> None:
        run = Run(tmp_path, TEN)
        await run.begin()
        await run.go(5.0)
        await stream(run, 0, 5_400)
        before = read(tmp_path, 20251105)
        assert len(before.time) > LIMIT + 100 and np.isfinite(before.volume[2:]).all()
        run.store.on_unit_changed([7], [7])
        run.clock.advance(5.0)
        await run.keeper.step()
        unknown = read(tmp_path, 20251105)
        assert unknown.time[: len(before.time)].tolist() == before.time.tolist()
        assert np.isnan(unknown.volume).all() and unknown.quality.max() < 3
        changed_at = run.clock.wall()
        await stream(run, 5_400, 5_800)
        await run.keeper.close()
        after = read(tmp_path, 20251105)
        assert np.isnan(after.volume[after.time < changed_at - 10.0]).all()
        assert set(after.volume[after.time > changed_at + 20.0].tolist()) == {10.0}, "what is counted since stays"

    asyncio.run(run())


def read(folder: Path, date: int, since: float = float("-inf")) -> BarColumns:
    (found,) = read_ten_seconds(folder, [WantedTens(7, date, since)])
    return found


def columns(start: float, count: int) -> BarColumns:
    flat = np.full(count, 10.0)
    return BarColumns(start + 10.0 * np.arange(count), flat, flat, flat, flat, flat, np.full(count, 3.0))


def test_days_beyond_twenty_go(tmp_path: Path) -> None:
    archive = BarArchive(tmp_path, 0.0)
    contract = ContractRef(7, "ACME", "ACME", "STK", "SMART")
    for n in range(SESSIONS_KEPT + 3):
        at = TEN + 86_400.0 * n
        session = StoredSession(20_250_101 + n, None, None, columns(at, 1))
        archive.save([Saved(contract, (session,), [[at, at]], (), ((20_250_101 + n, columns(at, 400)),))], at)
    archive.close()
    assert len(read(tmp_path, 20_250_103).time) == 0
    newest = read(tmp_path, 20_250_123)
    assert len(newest.time) == 400 and (np.diff(newest.time) == 10.0).all()
    assert len(read(tmp_path / "nowhere", 20_250_123).time) == 0


def test_the_first_ten_seconds_of_a_day_are_kept_before_its_first_minute(tmp_path: Path) -> None:
    archive = BarArchive(tmp_path, 0.0)
    contract = ContractRef(7, "ACME", "ACME", "STK", "SMART")
    before = StoredSession(20_250_101, None, None, columns(TEN, 1))
    archive.save([Saved(contract, (before,), [], ())], TEN)
    archive.save([Saved(contract, (), [], (), ((20_250_102, columns(TEN + 86_400.0, 5)),))], TEN + 86_450.0)
    archive.close()
    assert len(read(tmp_path, 20_250_102).time) == 5


def test_a_file_of_an_older_program_has_none(tmp_path: Path) -> None:
    archive = BarArchive(tmp_path, 0.0)
    archive._db.execute("DROP TABLE ten_seconds")
    archive.close()
    assert len(read(tmp_path, 20_250_123).time) == 0
    BarArchive(tmp_path, 0.0).close()  # makes the table
    assert len(read(tmp_path, 20_250_123).time) == 0


def test_they_leave_memory_once_their_line_has_gone_and_they_are_on_disk(tmp_path: Path) -> None:
    async def run() -> None:
        run = Run(tmp_path, TEN)
        await run.begin()
        await run.go(5.0)

        async def stream(begin: int, end: int) -> None:
            for second in range(begin, end, 5):
                run.store.on_quote(quote(10.0, 1_000.0 + second), run.clock.wall())
                run.clock.advance(5.0)
                run.store.close_due(run.clock.wall())
                await run.keeper.step()

        await stream(0, 300)
        series = run.store.get(7).ten_seconds.series
        run.store.on_disconnected(run.clock.wall())
        run.clock.advance(IDLE_S - 60.0)
        await run.keeper.step()
        assert len(series) >= 29, "the line may come back"
        run.clock.advance(120.0)
        await run.keeper.step()
        kept = read(tmp_path, 20251105)
        assert len(series) == 0 and len(kept.time) >= 29 and np.isfinite(kept.volume).any()
        await stream(1_000, 1_200)
        assert len(series) >= 15 and len(read(tmp_path, 20251105).time) > len(kept.time), "a new line begins anew"
        run.store.on_disconnected(run.clock.wall())
        run.clock.advance(IDLE_S + 60.0)
        await run.keeper.step()
        await run.keeper.step()
        assert len(series) == 0
        run.store.on_unit_changed([7], [7])
        await stream(2_000, 2_200)
        assert np.isnan(read(tmp_path, 20251105).volume[: len(kept.time)]).all(), "what is on disk alone was wrong, too"

    asyncio.run(run())
