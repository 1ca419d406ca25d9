"""The Lab's signals against the live ones of the same day: a recorded tick day, and days of the simulator.

    python -m benchmarks.lab_vs_live [--ticks FILE ...] [--days 3] [--symbols 40] [--minutes 390]

Live is the engine's own coordinator over quotes four times a second; its keeper brings minutes and 10-second bars to
disk as in the engine. The Lab then reads that folder as the user's own days and replays them under the same thresholds.
Two signals are the same when symbol and side are and they come within 60 s of each other, each counted once.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from benchmarks.signals_replay import STEPS_PER_LOOK, STEPS_PER_S, NoBroker, Replay
from engine.bars.archive import BarArchive, Saved
from engine.bars.bar_files import BarColumns, StoredSession
from engine.bars.feed import BarFeed
from engine.bars.history import HistoryQueue
from engine.bars.keeper import BarKeeper
from engine.bars.kept_units import IN_SHARES
from engine.bars.series import HISTORY, BarSeries
from engine.bars.store import BarStore
from engine.bars.us_calendar import us_regular_hours
from engine.bars.volume_unit import VolumeUnits
from engine.breakout.rules import VOLUME_GATES, Floors
from engine.clock import NEW_YORK, FakeClock
from engine.config import BreakoutParams, MarketScanSettings
from engine.domain import Bar, ContractInfo, ContractRef, Quote, Signal, TickUpdate
from engine.lab.app_days import AppRecordings
from engine.lab.csv_days import list_csv_days, read_csv_day
from engine.lab.features import Features
from engine.lab.recordings import tapes_of
from engine.lab.replay import replay
from engine.lab.stack import stack_tapes
from engine.lab.stepwise import LabSignal, read_at
from engine.lab.tape import Tape
from engine.lines.quotes import QuoteBook
from engine.scanners.coordinator import Parts, ScannerCoordinator, floors_of
from simulator.replay import TickEvent, instrument_of, read_events

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "market-2013"
TICKS = DATA / "ticks" / "BAC-20131008.csv.gz"
SAME_S = 60.0
ENOUGH, MOST_BELOW, LEAST_ONLY = 0.95, 0.10, 10
EARLIER_DAYS = 20
EARLY_S = 0.125  # quotes come so long before the quarter seconds at which the coordinator steps
SEEDS = (7, 11, 23)


class Outcome(NamedTuple):
    """One day, or several together. `matched` pairs; `by_minutes` = live signals that a replay of minutes alone finds.

    `below` of the live-only signals began in a minute that ended below a volume limit; `all_below` of all live ones.
    """

    name: str
    live: int
    lab: int
    matched: int
    by_minutes: int
    live_only: tuple[str, ...]
    lab_only: tuple[str, ...]
    below: int
    all_below: int

    @property
    def recall(self) -> float:
        return self.matched / self.live if self.live else 1.0

    @property
    def precision(self) -> float:
        return self.matched / self.lab if self.lab else 1.0

    @property
    def below_share(self) -> float:
        return self.all_below / self.live if self.live else 0.0

    @property
    def is_seldom_below(self) -> bool:
        """Whether few of the live-only signals began in a minute that ended below a volume limit.

        Of fewer than ten nothing is judged: a single one would be more than the share.
        """
        return len(self.live_only) < LEAST_ONLY or self.below <= MOST_BELOW * len(self.live_only)

    @property
    def is_same(self) -> bool:
        return self.recall >= ENOUGH and self.precision >= ENOUGH

    def text(self) -> str:
        share = self.by_minutes / self.live if self.live else 1.0
        return (
            f"{self.name}: {self.live} live, {self.lab} in the Lab, {self.matched} the same ({self.recall:.3f} of live,"
            f" {self.precision:.3f} of the Lab); minutes alone find {self.by_minutes} ({share:.2f}); began in a minute "
            f"that ended below a volume limit: {self.all_below} of live ({self.below_share:.2f}), {self.below} of "
            f"{len(self.live_only)} live-only{self._judged()}"
        )

    def _judged(self) -> str:
        if len(self.live_only) < LEAST_ONLY:
            return " (too few to judge)"
        return "" if self.is_seldom_below else f" (more than {MOST_BELOW:.2f})"


def together(name: str, days: Sequence[Outcome]) -> Outcome:
    return Outcome(
        name, *(sum(day[at] for day in days) for at in range(1, 5)),
        tuple(text for day in days for text in day.live_only), tuple(text for day in days for text in day.lab_only),
        sum(day.below for day in days), sum(day.all_below for day in days),
    )  # type: ignore[arg-type, call-arg]  # fmt: skip


def is_passed(days: Sequence[Outcome]) -> bool:
    """The same on every day and over all; the share below a limit over all, for a day has few live-only signals."""
    whole = together("all", days)
    return whole.live > 0 and all(each.is_same for each in (*days, whole)) and whole.is_seldom_below


class Disk:
    """The engine's keeper over a folder, stepped by hand."""

    def __init__(self, folder: Path, store: BarStore, clock: FakeClock, keeper: BarKeeper) -> None:
        self.folder = folder
        self._keeper = keeper
        asyncio.run(self._open())

    async def _open(self) -> None:
        await self._keeper.open(self.folder)
        self._keeper.start_loading()

    def step(self) -> None:
        asyncio.run(self._keeper.step())

    def close(self) -> None:
        asyncio.run(self._keeper.close())


# --- a recorded tick day ------------------------------------------------------------------------------------------


class TickDay:
    """One stock's trades and quotes through the live engine, four quotes a second at most."""

    def __init__(self, path: Path, folder: Path) -> None:
        instrument, day = instrument_of(path)
        self.day = day
        self.contract = ContractRef(instrument.con_id, instrument.symbol, instrument.symbol, "STK", "SMART", "NYSE")
        self._events = read_events(path)
        first = next(self._events)
        self._first: TickEvent | None = first
        self.clock = FakeClock(wall=first.time - first.time % 1.0 - EARLY_S)
        self.store, units = BarStore(), VolumeUnits()
        units.restore(IN_SHARES)
        units.know(self.contract)
        self._book = QuoteBook(lambda con_id: 1.0)
        self._quote: Quote | None = None
        self.params, scans = BreakoutParams(), MarketScanSettings()
        self.floors = floors_of(self.params, scans)
        self.signals: dict[str, Signal] = {}
        broker, now = NoBroker(), self.clock.wall
        desk = HistoryQueue(broker, self.store, units, self.clock, now)  # type: ignore[arg-type]
        self._feed = BarFeed(self.store, desk, units, self.clock, now, lambda con_id: self._quote)
        parts = Parts(self._feed, broker, self.clock, now, lambda con_id: self._quote)  # type: ignore[arg-type]
        self._coordinator = ScannerCoordinator(
            parts, self.params, scans, on_signal=lambda signal: self.signals.update({signal.id: signal})
        )
        self.average = self._warm(path)
        self._disk = Disk(folder, self.store, self.clock, BarKeeper(self.store, self.clock, now))
        self._volume = 0.0
        self._values: dict[str, float | None] = {"last": None, "bid": None, "ask": None}

    def _warm(self, path: Path) -> float:
        """Hours, and the minutes of the day before where they lie beside the ticks; answers with its volume."""
        self.store.add(self.contract)
        text = self.day.strftime("%Y%m%d")
        hours = f"{text}:0400-{text}:2000", f"{text}:0930-{text}:1600"
        info = ContractInfo(self.contract, time_zone="US/Eastern", trading_hours=hours[0], liquid_hours=hours[1])
        self.store.set_hours(info)
        before = _minutes_before(path, self.contract.symbol, self.day)
        if before is None:
            return 1e7
        bars = [Bar(*row, "history") for row in zip(*(column.tolist() for column in before), strict=True)]
        self.store.merge_history(self.contract.con_id, bars, self.clock.wall())
        regular = us_regular_hours(datetime.fromtimestamp(bars[0].time, NEW_YORK).date())
        assert regular is not None
        return sum(bar.volume or 0.0 for bar in bars if regular.open <= bar.time < regular.close)

    def run(self) -> None:
        """The whole file."""
        coordinator, number = self._coordinator, 0
        for traded, changed in self._quarters():
            if changed:
                self._hear(traded)
            self.clock.advance(EARLY_S)
            if number % STEPS_PER_LOOK == 0:
                coordinator.step(self._feed.step((self.contract.con_id,)))
                if coordinator.cycle_due():
                    for _ in coordinator.cycle():
                        pass
            if number % (60 * STEPS_PER_S) == 0:
                self._disk.step()
            number += 1
            self.clock.advance(1.0 / STEPS_PER_S - EARLY_S)
        self.store.close_due(self.clock.wall() + 60.0)
        self._disk.close()

    def _quarters(self) -> Iterator[tuple[bool, bool]]:
        """(a trade came, anything came) in each quarter of a second."""
        event = self._first
        while event is not None:
            traded = changed = False
            while event is not None and event.time <= self.clock.wall():
                changed = True
                if event.price is not None and event.size is not None:
                    traded = True
                    self._values["last"] = event.price
                    self._volume += event.size
                self._values["bid"] = event.bid if event.bid is not None else self._values["bid"]
                self._values["ask"] = event.ask if event.ask is not None else self._values["ask"]
                event = next(self._events, None)
            yield traded, changed

    def _hear(self, traded: bool) -> None:
        update = TickUpdate(
            1, self.clock.mono(), bid=self._values["bid"] or None, ask=self._values["ask"] or None,
            last=self._values["last"], volume_raw=self._volume, avg_volume_raw=self.average, has_trade=traded,
        )  # fmt: skip
        con_id, name = self.contract.con_id, self.contract.local_symbol
        self._quote, _ = self._book.take(con_id, name, "streaming", 1, update, self.clock.wall())
        self._feed.on_quote(self._quote, self.clock.wall(), traded)
        self._coordinator.on_quote(self._quote, self.clock.wall())


def _minutes_before(path: Path, symbol: str, day: date) -> object | None:
    """The newest recorded minutes of the symbol before `day`, beside the tick file or in a folder "minute"."""
    for folder in (path.parent, path.parent.parent / "minute", DATA / "minute"):
        try:
            files = list_csv_days(folder).files
        except Exception:  # noqa: S112 - the next folder may have them
            continue
        days = sorted(each for name, each in files if name == symbol and each < day.isoformat())
        if days:
            return read_csv_day(files[symbol, days[-1]])
    return None


def tick_day(path: Path) -> Outcome:
    """One recorded day of ticks."""
    with tempfile.TemporaryDirectory() as text:
        live = TickDay(path, Path(text))
        live.run()
        signals = list(live.signals.values())
        name = f"{live.contract.symbol} {live.day}"
        return compare(name, Path(text), live.day.isoformat(), signals, live.params, live.floors, 0.0)


# --- days of the simulator ----------------------------------------------------------------------------------------


def simulated_day(seed: int, symbols: int, minutes: int) -> Outcome:
    """One session of the simulator's market, every symbol with a line."""
    logging.getLogger("qtrade").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        live = Replay(seed, symbols, symbols * 2, EARLY_S)
        _keep_earlier(folder, live)
        disk = Disk(folder, live.store, live.clock, BarKeeper(live.store, live.clock, live.world.now))
        for _ in range(3):
            disk.step()
        for _ in range(minutes):
            live.run(1)
            disk.step()
        live.store.close_due(live.world.now() + 60.0)
        disk.close()
        day = datetime.fromtimestamp(live.start, NEW_YORK).date().isoformat()
        signals = list(live.signals.values())
        return compare(f"simulator {seed}", folder, day, signals, live.params, live.floors, live.start)


def _keep_earlier(folder: Path, live: Replay) -> None:
    """The minutes of 20 days before, as an engine that ran then has kept them: the base of relative volume."""
    archive, now = BarArchive(folder, live.world.now()), live.world.now()
    today = datetime.fromtimestamp(now, NEW_YORK).date()
    dates = [day for n in range(1, 40) if us_regular_hours(day := today - timedelta(days=n)) is not None]
    for instrument in live.instruments:
        contract = live.store.contract(instrument.con_id)
        assert contract is not None
        sessions = []
        for day in sorted(dates[:EARLIER_DAYS]):
            hours = us_regular_hours(day)
            assert hours is not None
            series = BarSeries(1_000)
            series.merge(live.world_bars(instrument.con_id, hours.open, hours.close), HISTORY)
            sessions.append(StoredSession(int(f"{day:%Y%m%d}"), hours.open, hours.close, BarColumns(*series.rows())))
        archive.save([Saved(contract, tuple(sessions), [], ())], now)
    archive.close()


# --- judging ------------------------------------------------------------------------------------------------------


def compare(
    name: str, folder: Path, day: str, signals: Sequence[Signal], params: BreakoutParams, floors: Floors, since: float
) -> Outcome:
    """The live signals of the day against the Lab's out of the folder."""
    tapes = [tape for _, tape in tapes_of(AppRecordings(folder), (), (day,)) if tape is not None]
    found = [each for each in replay(Features(stack_tapes(tapes)), params, floors) if each.at >= since]
    alone = [tape._replace(looks=None) for tape in tapes]
    minutes = [each for each in replay(Features(stack_tapes(alone)), params, floors) if each.at >= since]
    pairs = matched(signals, found, tapes)
    live_only = [each for number, each in enumerate(signals) if number not in pairs]
    lab_only = [each for number, each in enumerate(found) if number not in pairs.values()]
    by_name = {tape.symbol: tape for tape in tapes}
    below = {each.id for each in signals if _ended_below(by_name[each.local_symbol], each, params, floors)}
    return Outcome(
        name,
        len(signals),
        len(found),
        len(pairs),
        len(matched(signals, minutes, alone)),
        tuple(f"{name} {_words(each.local_symbol, each.side, each.at, each.level)}" for each in live_only),
        tuple(f"{name} {_words(tapes[each.tape].symbol, each.side, each.at, each.level)}" for each in lab_only),
        sum(each.id in below for each in live_only),
        len(below),
    )


def matched(live: Sequence[Signal], lab: Sequence[LabSignal], tapes: Sequence[Tape]) -> dict[int, int]:
    """Number of each live signal -> that of the same one in the Lab, the nearest first."""
    near = [
        (abs(mine.at - theirs.at), a, b)
        for a, mine in enumerate(live)
        for b, theirs in enumerate(lab)
        if (mine.local_symbol, mine.side) == (tapes[theirs.tape].symbol, theirs.side)
        and abs(mine.at - theirs.at) <= SAME_S
    ]
    pairs: dict[int, int] = {}
    for _, a, b in sorted(near):
        if a not in pairs and b not in pairs.values():
            pairs[a] = b
    return pairs


def _ended_below(tape: Tape, signal: Signal, params: BreakoutParams, floors: Floors) -> bool:
    """Whether the minute in which the breakout began ended below a volume limit."""
    bar = int(tape.bars.time.searchsorted(signal.triggered_at, side="right")) - 1
    reading = read_at(tape, max(bar, 0), signal.side, params, floors)
    return any(gate.passed is False for gate in reading.gates if gate.name in VOLUME_GATES)


def _words(symbol: str, side: str, at: float, level: float) -> str:
    return f"{symbol} {side} {datetime.fromtimestamp(at, NEW_YORK):%H:%M:%S} level {level:g}"


def measure(ticks: Sequence[Path], days: int, symbols: int, minutes: int) -> Iterator[Outcome]:
    """Each day's outcome as it comes."""
    for path in ticks:
        yield tick_day(path)
    for seed in SEEDS[:days]:
        yield simulated_day(seed, symbols, minutes)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--ticks", type=Path, nargs="*", default=[TICKS])
    options.add_argument("--days", type=int, default=3)
    options.add_argument("--symbols", type=int, default=40)
    options.add_argument("--minutes", type=int, default=390)
    args = options.parse_args()
    outcomes = []
    for outcome in measure([path for path in args.ticks if path.exists()], args.days, args.symbols, args.minutes):
        outcomes.append(outcome)
        print(outcome.text(), *(f"  live only: {text}" for text in outcome.live_only), sep="\n", flush=True)
        print(*(f"  Lab only: {text}" for text in outcome.lab_only), sep="\n", flush=True)
    whole = together("all", outcomes)
    print(whole.text())
    return 0 if is_passed(outcomes) else 1


if __name__ == "__main__":
    raise SystemExit(main())
