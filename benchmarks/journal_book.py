"""What a long journal costs: `python -m benchmarks.journal_book [FILLS] [--symbols N]`, 200,000 in 300 symbols.

Times by the clock of this process and its CPU: the first reading of all years, an ask while nothing is new, and an ask
after one new fill until the answer holds it; then what each view of the page takes. Answers 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace
from sqlalchemy import insert

from app.deps import AppDeps
from app.journal_book import JournalBook
from app.journal_desk import JournalDesk
from app.rows.journal_query import Chosen
from engine.clock import SystemClock
from engine.domain import Fill
from engine.journal.database import open_for_writing, url_of
from engine.journal.reader import JournalReader
from engine.journal.statements import fill_row
from engine.journal.tables import book_changes, fills
from engine.journal.writer import Journal
from engine.state.bus import StateBus
from tests.app.sample_state import fill_sample

MODE, ACCOUNT = "simulated", "DU1"
BEGAN, YEARS_S = 1_600_000_000.0, 5 * 365 * 86_400.0
GOAL_NEW_FILL_S, GOAL_UNCHANGED_S = 2.0, 0.01
REPEATS = 5
VIEWS = ("calendar", "trades", "executions", "statistics", "equity")


def dealt(count: int, symbols: int) -> Iterator[Fill]:
    """Round trips of some hundred shares, some in several parts, over five years."""
    chance, held = random.Random(1), dict[int, int]()
    for n in range(count):
        at = BEGAN + n * YEARS_S / count
        con_id = 1_000 + chance.randrange(symbols)
        now = held.get(con_id, 0)
        size = chance.choice((50, 100, 200)) if not now else max(1, abs(now) // chance.choice((1, 1, 1, 2)))
        side = "BOT" if now < 0 or (not now and chance.random() < 0.6) else "SLD"
        held[con_id] = now + (size if side == "BOT" else -size)
        day = datetime.fromtimestamp(at, UTC).strftime("%Y%m%d")
        yield Fill(
            f"0000e0d5.{n:08x}.01.01", con_id, f"SYM{con_id}", side, float(size),
            round(50 + con_id % 200 + chance.random() * 5, 2), at, "NASDAQ", 1.0, None, ACCOUNT, "STK", "USD", "USD",
            day, "exchange", "", 1.0, 1.0, n + 1, n, 1, "", False, float(size), None,
        )  # fmt: skip


def write(path: Path, count: int, symbols: int) -> None:
    engine = open_for_writing(url_of(path), BEGAN)
    more = {"mode": MODE, "recorded_at": BEGAN, "change_number": 1}
    with engine.begin() as connection:
        batch: list[dict[str, object]] = []
        for fill in dealt(count, symbols):
            batch.append({**fill_row(fill), **more})
            if len(batch) == 5_000:
                connection.execute(insert(fills), batch)
                batch = []
        if batch:
            connection.execute(insert(fills), batch)
        connection.execute(insert(book_changes), [{"mode": MODE, "account": ACCOUNT, "part": "fills", "number": 1}])
    engine.dispose()


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """By the clock and of CPU, seconds."""
    clock, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - cpu


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fills", type=int, nargs="?", default=200_000)
    parser.add_argument("--symbols", type=int, default=300)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        write(path, asked.fills, asked.symbols)
        return measure(path, asked.fills)


def measure(path: Path, count: int) -> int:
    reader, clock = JournalReader(), SystemClock()
    bus = StateBus(None, clock)
    reader.open(path, MODE, ACCOUNT)
    fill_sample(bus, clock.wall())
    book = JournalBook(reader)
    desk = JournalDesk(AppDeps(state=bus, clock=clock, journal=reader), book)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def all_read() -> None:
        while len(book.kept(60.0).executions) < count:
            pass

    say("first reading of all", *timed(all_read))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"{'memory that it takes':<40}{grown:10.0f} MB for {len(book.kept().book.trips):,} trades")
    unchanged = statistics.median(timed(book.kept)[0] for _ in range(50))
    say("ask while nothing is new", unchanged, unchanged)
    writer = Journal(clock)
    writer.open(path, MODE, ACCOUNT)
    template, times, moments = next(dealt(1, 1)), [], []
    for n in range(REPEATS):
        fill = replace(template, exec_id=f"new.{n}.01.01", con_id=1_000 + n, local_symbol=f"SYM{1_000 + n}")
        writer.record_fill(fill)
        assert writer.flush(10.0), writer.problem
        first = timed(lambda: book.kept(0.0))[0]

        def is_there(wanted: int = count + n + 1) -> None:
            while len(book.kept(60.0).executions) < wanted:
                pass

        moments.append(first)
        times.append(timed(is_there))
    writer.stop()
    new_fill = statistics.median(each[0] for each in times)
    say("one new fill until the book holds it", new_fill, statistics.median(each[1] for each in times))
    say("... the asker that does not wait", max(moments), max(moments))
    for view in VIEWS:
        say(f"view {view}", *timed(lambda view=view: desk.body(Chosen(view))))
    reader.close()
    is_met = new_fill <= GOAL_NEW_FILL_S and unchanged <= GOAL_UNCHANGED_S
    print(f"goals: new fill {GOAL_NEW_FILL_S:g} s, nothing new {GOAL_UNCHANGED_S:g} s: {'met' if is_met else 'missed'}")
    return 0 if is_met else 1


def say(what: str, clock_s: float, cpu_s: float) -> None:
    print(f"{what:<40}{clock_s:10.3f} s{cpu_s:10.3f} s CPU")


if __name__ == "__main__":
    sys.exit(main())
