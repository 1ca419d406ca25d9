"""Recorded days: files read or refused in words, tapes made of them, and the real days of 2013 through both paths."""

from __future__ import annotations

import asyncio
import gzip
import os
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from engine.bars.archive import BarArchive, Saved
from engine.bars.bar_files import BarColumns, StoredSession
from engine.bars.keeper import BarKeeper
from engine.bars.series import HISTORY, BarArrays
from engine.bars.store import BarStore
from engine.bars.us_calendar import is_trading_day, us_regular_hours
from engine.bars.usual import usual_volume
from engine.breakout.rules import Floors
from engine.clock import NEW_YORK, FakeClock
from engine.config import BreakoutParams
from engine.domain import Bar, ContractInfo, ContractRef
from engine.errors import LabError
from engine.lab.app_days import AppRecordings
from engine.lab.csv_days import list_csv_days, read_csv_day
from engine.lab.features import Features
from engine.lab.recordings import CsvRecordings, Recordings, coverage_of, tapes_of
from engine.lab.replay import replay
from engine.lab.stack import stack_tapes
from engine.lab.sweep import sweep
from engine.lab.tape import Around, make_tape
from tests.unit.lab.lab_samples import DAY_S, OPEN, ask_sweep, walk, write_day, write_days
from tests.unit.lab.test_replay import assert_same

MINUTE_2013 = Path(__file__).resolve().parents[4] / "shared" / "data" / "market-2013" / "minute"
HEAD = "time,open,high,low,close,volume\n"


def lines(count: int, apart: float, start: float = OPEN, prices: tuple[float, ...] = (10.0,)) -> str:
    """Rows of flat bars; the prices take turns."""
    each = [(start + apart * n, prices[n % len(prices)]) for n in range(count)]
    return "".join(f"{time:.0f},{price},{price},{price},{price},100\n" for time, price in each)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: other columns; must be 'time,open,high,low,close,volume'"),
        ("date,o,h,l,c,v\n", "line 1: other columns"),
        (HEAD + "2013-10-07T13:30:00Z,1,2,0.5,1\n", "line 2: 5 values; must be 6"),
        (HEAD + "yesterday,1,2,0.5,1,10\n", "line 2, column time: no time of the years 1971 to 2099"),
        (HEAD + "1381152600,1,2,0.5,x,10\n", "line 2, column close: no number"),
        (HEAD + "1381152600,1,2,0.5,nan,10\n", "prices must be above 0"),
        (HEAD + "1381152600,1,2,0.5,1,-3\n", "line 2: prices must be above 0, the volume 0 or more"),
        (HEAD + "1381152600,1,2,0.5,3,10\n", "open and close must lie between low and high"),
        (HEAD + "1381152600,1,2,0.5,1,10\n" * 2, "line 3: its time is not after the one before it. Sort the file"),
        (HEAD + "\n  \n,,,,,\n1381152600,1,2,0.5,x,10\n", "line 5, column close: no number"),
        (HEAD + "2013-10-08T13:30:00Z,1,2,0.5,1,10\n", "line 2: 2013-10-08 09:30 in New York is not of 2013-10-07"),
        (HEAD + "2013-13-45T13:30:00Z,1,2,0.5,1,10\n", "line 2, column time: no time"),
        (HEAD + "0001-01-01T00:00:00Z,1,2,0.5,1,10\n", "line 2, column time: no time of the years 1971 to 2099"),
        (HEAD + "0001-01-01T00:00:00+05:00,1,2,0.5,1,10\n", "line 2, column time: no time"),
        (HEAD + "999999999999,1,2,0.5,1,10\n", "line 2, column time: no time"),
        (HEAD + "1381152610,1,2,0.5,1,10\n", "line 2: its time is not the start of a minute"),
        (HEAD + lines(20, 300.0), "line 3: bars of 5 minutes. Bars of 1 minute are needed"),
        (
            HEAD + lines(390, 60.0, start=OPEN - 4 * 3_600),
            "line 2: 05:30 in New York, if 09:30 is UTC: these look like",
        ),
        (HEAD + lines(20, 60.0, prices=(14.0, 180.0)), "line 3: from 14 to 180 at once, and 18 more of that kind"),
    ],
)
def test_a_bad_file_is_refused_with_place_rule_and_cure(tmp_path: Path, text: str, words: str):
    path = tmp_path / "ACME-20131007.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LabError) as caught:
        read_csv_day(path)
    assert words in str(caught.value) and str(path) in str(caught.value)


def test_a_damaged_archive_and_a_wrong_folder_are_said(tmp_path: Path):
    path = write_day(tmp_path, "ACME", "2013-10-07", walk(1))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(LabError, match="can't be read: .*Replace the file"):
        read_csv_day(path)
    path.write_bytes(gzip.compress(b"\xff\xfe\x00"))
    with pytest.raises(LabError, match="can't be read"):
        read_csv_day(path)
    with pytest.raises(LabError, match="is not a folder"):
        list_csv_days(path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "ACME-20139999.csv").touch()
    with pytest.raises(LabError, match="No recorded day was found"):
        list_csv_days(tmp_path / "empty")


def test_what_is_written_is_read_and_an_empty_volume_is_unknown(tmp_path: Path):
    bars = walk(1, 5)
    assert read_csv_day(write_day(tmp_path, "ACME", "2013-10-07", bars)).close.tolist() == bars.close.tolist()
    path = tmp_path / "B.csv"
    path.write_text(HEAD + "1381152600,1,2,0.5,1,\n\n", encoding="utf-8")
    found = read_csv_day(path)
    assert found.time.tolist() == [1_381_152_600.0] and np.isnan(found.volume).all()


@pytest.mark.parametrize("name", ["ACME-20131007.csv", "ACME-20131007.csv.gz"])
def test_a_file_saved_by_excel_is_read(tmp_path: Path, name: str):
    text = ("\ufeff" + HEAD + "1381152600,1,2,0.5,1,10\n").replace("\n", "\r\n").encode()
    (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    source = CsvRecordings(tmp_path)
    assert source.load("ACME", "2013-10-07").bars.close.tolist() == [1.0]


def test_a_folder_that_can_not_be_looked_into_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("engine.lab.csv_days.os.scandir", refuse)
    with pytest.raises(LabError, match="can't be read: .*Permission denied.*Give the folder that holds SYMBOL-"):
        list_csv_days(tmp_path)
    with pytest.raises(LabError, match="not a folder|can't be read"):
        list_csv_days(Path("x" * 5_000))


def test_two_files_for_one_day_are_said(tmp_path: Path):
    packed = write_day(tmp_path, "ACME", "2013-10-07", walk(1, 5))
    (tmp_path / "acme-20131007.csv").write_bytes(gzip.decompress(packed.read_bytes()))
    words = "holds ACME-20131007.csv.gz and acme-20131007.csv, both for ACME on 2013-10-07"
    with pytest.raises(LabError, match=words):
        list_csv_days(tmp_path)


def test_a_file_without_an_end_is_read_no_further_than_a_day(tmp_path: Path):
    path = tmp_path / "ACME-20131007.csv.gz"
    path.write_bytes(gzip.compress(b"x" * 5_000_000))
    with pytest.raises(LabError, match="line 1: longer than 400 characters"):
        read_csv_day(path)
    path.write_bytes(gzip.compress(HEAD.encode() + b"\n" * 5_000))
    with pytest.raises(LabError, match="more than 2,882 lines"):
        read_csv_day(path)
    bars = walk(1, 1_440, start=OPEN - 9.5 * 3_600)
    assert len(read_csv_day(write_day(tmp_path, "FULL", "2013-10-07", bars)).time) == 1_440


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_is_no_recorded_day(tmp_path: Path):
    os.mkfifo(tmp_path / "ACME-20131007.csv")
    with pytest.raises(LabError, match="No recorded day was found"):
        list_csv_days(tmp_path)
    with pytest.raises(LabError, match="is no regular file"):
        read_csv_day(tmp_path / "ACME-20131007.csv")


def test_a_link_leads_to_nobodys_file(tmp_path: Path):
    """Whoever may ask the page must not read what only the user may."""
    (tmp_path / "private").write_text("api-key-0123456789\n")
    (tmp_path / "days").mkdir()
    (tmp_path / "days" / "ACME-20131007.csv").symlink_to(tmp_path / "private")
    write_day(tmp_path / "days", "BETA", "2013-10-07", walk(1, 5))
    source = CsvRecordings(tmp_path / "days")
    assert source.days() == [("BETA", "2013-10-07")] and source.left_out == 1
    with pytest.raises(LabError, match="is a link") as caught:
        read_csv_day(tmp_path / "days" / "ACME-20131007.csv")
    assert "api-key" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    ["SECRETWORD", HEAD + "SECRETWORD,1,1,1,1,1\n", HEAD + "1381152600,SECRETWORD,1,1,1,1\n", HEAD + "SECRETWORD\n",
     '"SECRETWORD', "SECRETWORD\x00", HEAD + "1381152600,1,1,1,1,SECRETWORD\n"],
)  # fmt: skip
def test_nothing_of_a_file_is_ever_quoted(content: str, tmp_path: Path):
    for name, written in (("ACME-20131007.csv", content.encode()), ("BETA-20131007.csv.gz", content.encode())):
        (tmp_path / name).write_bytes(written)
        with pytest.raises(LabError) as caught:
            read_csv_day(tmp_path / name)
        assert "SECRET" not in str(caught.value) and "SE" not in str(caught.value).replace(name, "")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(tmp_path: Path):
    path = write_day(tmp_path, "ACME", "2013-10-07", walk(1, 5))
    os.chown(path, 65_534, -1)
    with pytest.raises(LabError, match="belongs to another user"):
        read_csv_day(path)


def test_a_network_path_is_refused_before_it_is_looked_at(monkeypatch: pytest.MonkeyPatch):
    for path in (r"\\\\nas\\days", r"\\\\?\\UNC\\nas\\days"):
        with pytest.raises(LabError, match="network path"):
            list_csv_days(Path(path))


def test_times_that_say_their_zone_are_taken_for_it(tmp_path: Path):
    rows = lines(390, 60.0).splitlines()
    local = [datetime.fromtimestamp(float(row.split(",")[0]), NEW_YORK).isoformat() for row in rows]
    path = tmp_path / "ACME-20131007.csv"
    path.write_text(HEAD + "\n".join(f"{at},1,1,1,1,9" for at in local), encoding="utf-8")
    assert read_csv_day(path).time[0] == OPEN
    path.write_text(HEAD + "\n" * 2 + lines(5, 60.0).replace("\n", "\n \n"), encoding="utf-8")
    assert len(read_csv_day(path).time) == 5, "blank lines are no rows"


def test_files_of_other_names_are_counted_and_bad_ones_refused_by_themselves(tmp_path: Path):
    write_days(tmp_path, ("AAA",), 2)
    write_day(tmp_path, "BBB", "2013-10-07", walk(3, 960, start=OPEN - 5.5 * 3_600))
    write_day(tmp_path, "ESZ3", "2013-10-07", walk(4, 1_380, start=OPEN - 13.5 * 3_600))
    for name in ("AAA-20131345.csv", "AAA-00010101.csv", "notes.txt", "AAA.csv", ".hidden"):
        (tmp_path / name).write_text("x")
    (tmp_path / "BAD-20131008.csv").write_text(HEAD + lines(3, 60.0))
    source = CsvRecordings(tmp_path)
    assert source.left_out == 4 and len(source.days()) == 5
    seen = coverage_of(source, lambda: False)
    assert seen.hours == "04:00 to 20:00 New York; ESZ3 by day and night" and (seen.read, seen.total) == (5, 5)
    assert len(seen.refused) == 1 and "line 2: 2013-10-07 09:30 in New York is not of 2013-10-08" in seen.refused[0]
    assert coverage_of(source, lambda: True).read == 1, "no longer than it may take"
    ask = ask_sweep(1, tmp_path)
    result = list(sweep(ask, source))[-1].result
    assert result.tapes == 4
    assert any(note.startswith("Recorded days that can't be used") and "line 2" in note for note in result.notes)
    with pytest.raises(LabError, match="None of the chosen days can be used. .*line 2"):
        list(sweep(replace(ask, symbols=("BAD",)), source))


def test_the_lab_measures_volume_against_the_base_that_live_has(tmp_path: Path):
    """Half of the days before were only visited at noon: their unseen minutes are no minutes without a trade.

    Counted as such they nearly halve the base, so that the Lab says 6.7 where live says 3.6.
    """
    archive = BarArchive(tmp_path, 0.0)
    contract = ContractRef(1, "AAA", "AAA", "STK", "SMART")
    dates = [day for n in range(20) if is_trading_day(day := date(2013, 9, 20) + timedelta(days=n))]
    history: list[Bar] = []
    for number, day in enumerate(dates):
        hours = us_regular_hours(day)
        assert hours is not None
        times = np.arange(hours.open, hours.close, 60.0)
        flat = np.full(len(times), 50.0)
        volume = np.full(len(times), 4_000.0)
        history += [Bar(time, 50.0, 50.0, 50.0, 50.0, 60_000.0) for time in times[::15].tolist()]
        noon = (times >= hours.open + 2 * 3_600) & (times < hours.open + 4 * 3_600)
        kept = ~noon | (np.arange(len(times)) % 13 == 0) if number % 2 else np.ones(len(times), dtype=bool)
        quality = np.where(noon & (number % 2 == 1), 1.0, 3.0)
        bars = BarColumns(*(column[kept] for column in (times, flat, flat, flat, flat, volume, quality)))
        session = StoredSession(int(f"{day:%Y%m%d}"), hours.open, hours.close, bars)
        archive.save([Saved(contract, (session,), [], ())], hours.open)
    archive.close()
    tapes = [tape for _, tape in tapes_of(AppRecordings(tmp_path), (), (dates[-1].isoformat(),)) if tape is not None]
    live = usual_volume(history, float(tapes[0].bars.time[-1]))
    mine = tapes[0].usual
    assert live is not None and mine is not None
    for minute in range(9 * 60 + 30, 16 * 60):
        assert mine.at(minute) == pytest.approx(live.at(minute)) == pytest.approx(4_000.0), minute
    assert mine.at(9 * 60 + 29) is None and mine.at(16 * 60) is None
    assert mine.daily == pytest.approx(live.daily) and tapes[0].average_volume == pytest.approx(live.daily)


def test_a_day_on_disk_without_a_date_is_said(tmp_path: Path):
    archive = BarArchive(tmp_path, 0.0)
    bars = BarColumns(*walk(1), np.full(390, 3.0))
    sessions = tuple(StoredSession(number, OPEN, OPEN + 23_400.0, bars) for number in (20131007, 20131345))
    archive.save([Saved(ContractRef(1, "AAA", "AAA", "STK"), sessions, [], ())], OPEN)
    archive.close()
    source = AppRecordings(tmp_path)
    result = list(sweep(replace(ask_sweep(1, tmp_path), kind="app"), source))[-1].result
    assert result.tapes == 1 and any("2013-13-45" in note for note in result.notes)


def test_earlier_days_warm_up_and_give_the_usual_volume(tmp_path: Path):
    days = write_days(tmp_path, ("AAA",), 12)
    tapes = [tape for _, tape in tapes_of(CsvRecordings(tmp_path), (), ()) if tape is not None]
    assert [tape.day for tape in tapes] == days
    first, second, last = tapes[0], tapes[1], tapes[-1]
    assert (first.first, first.average_volume, first.usual) == (0, None, None)
    assert second.first == 390 and second.average_volume == float(np.sum(first.bars.volume))
    assert last.usual is not None and last.usual.sessions == 11
    assert last.starts[-1] == last.bars.time[390] and last.openings[390:].all()
    chosen = list(tapes_of(CsvRecordings(tmp_path), ("AAA", "ZZZ"), (days[3],)))
    assert [tape.day for _, tape in chosen if tape is not None] == [days[3]]


def test_the_apps_own_days_are_read(tmp_path: Path):
    with pytest.raises(LabError, match="No day is recorded yet"):
        AppRecordings(tmp_path)
    archive = BarArchive(tmp_path, 0.0)
    for con_id, name in ((1, "AAA"), (2, "AAA"), (3, "ESZ3")):
        sessions = []
        for number in range(2):
            start = OPEN + number * DAY_S
            quality = np.where(np.arange(390) < (200 if (con_id, number) == (2, 1) else 150), 1.0, 3.0)
            bars = BarColumns(*walk(con_id + number, start=start), quality)
            hours = (start, start + 23_400.0) if con_id < 3 else (None, None)
            sessions.append(StoredSession(20131007 + number, *hours, bars))
        contract = ContractRef(con_id, name, name, "FUT" if con_id == 3 else "STK")
        archive.save([Saved(contract, sessions, [], ())], OPEN)
    archive.close()
    source = AppRecordings(tmp_path)
    assert {symbol for symbol, _ in source.days()} == {"AAA #1", "AAA #2", "ESZ3"}
    tapes = {(tape.symbol, tape.day): tape for _, tape in tapes_of(source, (), ()) if tape is not None}
    assert len(tapes) == 6
    assert [key for key, tape in tapes.items() if tape.is_visited] == [("AAA #2", "2013-10-08")], "200 of 390 minutes"
    result = list(sweep(replace(ask_sweep(1, tmp_path), kind="app"), source))[-1].result
    assert any(note.startswith("1 of 6 symbol-days are mostly visited minutes") for note in result.notes)
    stock, future = tapes["AAA #1", "2013-10-08"], tapes["ESZ3", "2013-10-08"]
    assert stock.floored and stock.openings[stock.first :].all() and stock.starts[-1] == OPEN + DAY_S
    assert not future.floored and not future.openings.any()


def signals_of(source: Recordings) -> list[tuple[object, ...]]:
    tapes = [tape for _, tape in tapes_of(source, (), ()) if tape is not None]
    loose = BreakoutParams(rel_volume=0.5, volume_surge=1.0)
    found = replay(Features(stack_tapes(tapes)), loose, Floors(5.0, 5e5, 5e6))
    return sorted((tapes[s.tape].symbol, tapes[s.tape].day, s.at, s.side, s.level, s.score) for s in found)


async def keep(folder: Path, source: CsvRecordings) -> None:
    """Let the engine's own store and keeper bring these days to disk, as it does while it runs."""
    days = sorted({day for _, day in source.days()})
    store, now = BarStore(), source.load(source.days()[0][0], days[-1]).bars.time[-1] + 60.0
    keeper = BarKeeper(store, FakeClock(wall=float(now)), lambda: float(now))
    await keeper.open(folder)
    keeper.start_loading()
    for con_id, name in enumerate(sorted({symbol for symbol, _ in source.days()}), start=1):
        contract = ContractRef(con_id, name, name, "STK", "SMART")
        entry = store.add(contract)
        words = [";".join(f"{d}:{a}-{d}:{b}" for d in (day.replace("-", "") for day in days)) for a, b in HOURS]
        store.set_hours(ContractInfo(contract, time_zone="US/Eastern", trading_hours=words[0], liquid_hours=words[1]))
        for day in days:
            rows = zip(*(column.tolist() for column in source.load(name, day).bars), strict=True)
            entry.series.merge([Bar(*row, "history") for row in rows], HISTORY)
    for _ in range(3):
        await keeper.step()
    await keeper.close()


HOURS = (("0400", "2000"), ("0930", "1600"))


def test_days_that_the_engine_kept_give_the_signals_of_the_same_days_as_files(tmp_path: Path):
    files, own = tmp_path / "files", tmp_path / "bars"
    files.mkdir()
    write_days(files, ("AAA", "BBB"), 3)
    asyncio.run(keep(own, CsvRecordings(files)))
    source = AppRecordings(own)
    assert source.days() == CsvRecordings(files).days()
    found = signals_of(source)
    assert found == signals_of(CsvRecordings(files)) and len({day for _, day, *_ in found}) == 3


@pytest.mark.skipif(not MINUTE_2013.exists(), reason="the recorded days of 2013 are not beside the project")
def test_the_real_days_give_the_same_signals_step_by_step():
    source = CsvRecordings(MINUTE_2013)
    assert {symbol: source.load(symbol, "2013-10-08").is_stock for symbol in ("BAC", "SPY", "ES", "GC")} == {
        "BAC": True, "SPY": True, "ES": False, "GC": False,
    }  # fmt: skip
    tapes = [tape for _, tape in tapes_of(source, ("BAC", "ES"), ("2013-10-08",)) if tape is not None]
    assert assert_same(tapes, BreakoutParams()) >= 20


def test_no_signal_knows_what_comes_after_it():
    whole = walk(5)
    params = BreakoutParams(volume_surge=1.0, rel_volume=0.5, buffer_atr=0.0, cool_down_min=1)
    signals = signals_on(whole, params)
    assert len(signals) > 3
    for cut in range(30, 390, 40):
        before = BarArrays(*(column[:cut] for column in whole))
        assert signals_on(before, params) == [signal for signal in signals if signal.bar < cut]


def signals_on(bars: BarArrays, params: BreakoutParams):
    tape = make_tape("X", "", bars, 0, Around(average_volume=2e6))
    return replay(Features(stack_tapes([tape])), params, Floors(5.0, 5e5, 5e6))
