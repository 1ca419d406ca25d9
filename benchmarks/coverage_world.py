"""The simulator's world written down in arrays: every quarter second of some market minutes, read by many replays.

A column of each array is one stock. The stocks are those that pass the floors of the scans (whoever is below them
never enters a universe), in an order drawn from the seed, so that a smaller universe is part of a larger one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.bars.usual import SLOTS, UsualVolume, usual_volume
from engine.broker.port import ScanSpec
from engine.clock import FakeClock
from engine.config import MarketScanSettings
from engine.domain import Bar, ContractInfo, ContractRef
from simulator.model import Instrument, ScanQuery
from simulator.world.build import build_world
from simulator.world.calendar import NEW_YORK
from simulator.world.manner import Manner
from simulator.world.market import Market
from simulator.world.noise import fold
from simulator.world.scans import ScanColumns, rank

START = datetime(2025, 11, 5, 10, 30, tzinfo=NEW_YORK).timestamp()
STEPS_PER_S = 4
STEPS_PER_MIN = 60 * STEPS_PER_S
SCAN_EVERY_S = 5  # a scan is answered from the state of the market at most so long ago
BARS_DAYS, USUAL_DAYS = 2, 16  # of 1-minute bars, and of 15-minute bars for the usual volume (10 sessions at least)
_STEP_ARRAYS = ("last", "volume", "high", "low", "halted")
_SCAN_FIXED = ("con_id", "primary_exchange", "is_etf", "is_adr", "market_cap_musd", "avg_volume", "close", "volatility")
_SCAN_FIXED += ("high_52w", "low_52w", "high_13w", "low_13w")
_SCAN_MOVING = ("last", "open", "high", "low", "volume", "minute_pace", "usual_minute", "five_min_ago", "halted")
_BAR = ("open", "high", "low", "close", "volume")

Array = NDArray[Any]


@dataclass(frozen=True)
class Recording:
    """One stretch of market time. Prices in ticks (`tick` USD), volumes in shares; step k is `start + k / 4` s."""

    start: float
    contracts: tuple[ContractRef, ...]
    avg_volume: Array
    tick: Array
    prior_close: Array
    opened: Array  # price of the day's opening
    steps: dict[str, Array]  # [step, column]
    minutes: dict[str, Array]  # [column, minute] of the stretch
    scan_fixed: dict[str, Array]
    scan_moving: dict[str, Array]  # [snapshot, column]
    scan_share: Array  # [snapshot]: share_so_far
    history: Array  # 1-minute bars before the start: time, open, high, low, close, volume
    history_ends: Array  # where each column's bars end in `history`
    usual_quarters: Array  # [column, quarter of an hour of the day]
    usual_daily: Array
    hours: tuple[str, str]  # trading and liquid hours of US stocks

    @property
    def step_count(self) -> int:
        return len(self.steps["last"])

    def past_bars(self, column: int) -> list[Bar]:
        """The two days of 1-minute bars before the start."""
        first = int(self.history_ends[column - 1]) if column else 0
        rows = self.history[first : int(self.history_ends[column])].tolist()
        return [Bar(*row, "history") for row in rows]

    def usual_of(self, column: int) -> UsualVolume | None:
        daily = float(self.usual_daily[column])
        return UsualVolume(self.usual_quarters[column], 10, daily) if daily > 0 else None

    def info(self, column: int) -> ContractInfo:
        return ContractInfo(
            self.contracts[column],
            time_zone="US/Eastern",
            trading_hours=self.hours[0],
            liquid_hours=self.hours[1],
        )

    def bars(self, column: int, step: int, seconds: float) -> list[Bar]:
        """1-minute bars of the last `seconds` as the broker would send them at `step`, the running one last."""
        minute = step // STEPS_PER_MIN
        first = max(0, minute - int(seconds // 60))
        tick = float(self.tick[column])
        found = [self._bar(column, each, tick) for each in range(first, minute)]
        running = self._running(column, step, tick)
        return [bar for bar in (*found, running) if bar is not None and bar.volume]

    def _bar(self, column: int, minute: int, tick: float) -> Bar | None:
        prices = [round(int(self.minutes[name][column, minute]) * tick, 4) for name in _BAR[:4]]
        volume = float(self.minutes["volume"][column, minute])
        return Bar(self.start + 60.0 * minute, *prices, volume, "history") if volume else None

    def _running(self, column: int, step: int, tick: float) -> Bar | None:
        first = step - step % STEPS_PER_MIN
        volume = self.steps["volume"][first : step + 1, column]
        before = int(self.steps["volume"][first - 1, column]) if first else int(volume[0])
        traded = np.flatnonzero(np.diff(volume, prepend=before))
        if not len(traded):
            return None
        prices = self.steps["last"][first : step + 1, column][traded]
        ohlc = (prices[0], prices.max(), prices.min(), prices[-1])
        time = self.start + first / STEPS_PER_S
        return Bar(time, *(round(int(p) * tick, 4) for p in ohlc), float(volume[-1] - before), "history")

    def scan(self, spec: ScanSpec, step: int, columns: Array) -> list[int]:
        """con_ids of a scan over these columns only, best first, as of the newest snapshot."""
        at = min(step // (STEPS_PER_S * SCAN_EVERY_S), len(self.scan_share) - 1)
        query = ScanQuery(spec.scan_code, spec.instrument, spec.location, spec.rows, filters=spec.filters)
        if not spec.instrument.startswith("STK"):
            return []
        moving = {name: values[at][columns] for name, values in self.scan_moving.items()}
        fixed = {name: values[columns] for name, values in self.scan_fixed.items() if not name.startswith("ema")}
        ema = {n: self.scan_fixed[f"ema{n}"][columns] for n in (20, 50, 100, 200)}
        return rank(ScanColumns(**fixed, **moving, ema=ema, share_so_far=float(self.scan_share[at])), query)


def recording_key(seed: int, minutes: int, symbols: int, stocks: int, manner: Manner) -> str:
    """Changes with whatever the recording depends on."""
    root = Path(__file__).resolve().parents[1]
    sources = [*sorted((root / "simulator" / "world").glob("*.*")), Path(__file__)]
    files = [path.read_bytes() for path in sources if path.is_file()]
    return digest([str((seed, minutes, symbols, stocks, manner)).encode(), *files])


def digest(parts: Sequence[bytes]) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(hashlib.sha256(part).digest())
    return total.hexdigest()[:16]


def record(seed: int, minutes: int, symbols: int, stocks: int, manner: Manner) -> Recording:
    """A world of `stocks` names, the first `symbols` of those that pass the floors written down."""
    clock = FakeClock(wall=0.0)
    market = build_world(seed, START, 1.0, clock.wall, "weekday", None, True, stocks, manner)
    rows = _chosen(market, symbols)
    board, universe = market.stock_board, market.universe
    at = np.searchsorted(board.book.rows, rows)
    instruments = [universe.instruments[row] for row in rows.tolist()]
    past, ends, usual, daily = _past(market, instruments)
    fixed, scan_places = _fixed(market, instruments)
    opened, prior = board.state.open[at], board.book.prior_close[at]
    first_minute = board.moment.minute
    steps: dict[str, list[Array]] = {name: [] for name in _STEP_ARRAYS}
    moving: dict[str, list[Array]] = {name: [] for name in _SCAN_MOVING}
    shares: list[float] = []
    for step in range(minutes * STEPS_PER_MIN):
        for name, kept in steps.items():
            kept.append(getattr(board.state, name)[at].astype(np.bool_ if name == "halted" else np.int32))
        if step % (STEPS_PER_S * SCAN_EVERY_S) == 0:
            columns = market.stock_ranking.columns()
            shares.append(columns.share_so_far)
            for name, kept in moving.items():
                kept.append(getattr(columns, name)[scan_places])
        clock.advance(1.0 / STEPS_PER_S)
        market.advance()
    span = slice(first_minute, first_minute + minutes)
    some_stock = instruments[0].con_id
    return Recording(
        start=START,
        contracts=tuple(map(contract_of, instruments)),
        avg_volume=np.array([one.avg_volume for one in instruments]),
        tick=universe.tick[rows],
        prior_close=prior.copy(),
        opened=opened.copy(),
        steps={name: np.stack(kept) for name, kept in steps.items()},
        minutes={name: getattr(board.book.bars, name)[at, span].copy() for name in _BAR},
        scan_fixed=fixed,
        scan_moving={name: np.stack(kept) for name, kept in moving.items()},
        scan_share=np.array(shares),
        history=past,
        history_ends=ends,
        usual_quarters=usual,
        usual_daily=daily,
        hours=(market.trading_hours(some_stock, False), market.trading_hours(some_stock, True)),
    )


def chosen_contracts(seed: int, symbols: int, stocks: int) -> list[ContractRef]:
    """The contracts that a recording of this seed has."""
    market = build_world(seed, START, 1.0, FakeClock(wall=0.0).wall, "weekday", None, True, stocks)
    return [contract_of(market.universe.instruments[row]) for row in _chosen(market, symbols).tolist()]


def contract_of(instrument: Instrument) -> ContractRef:
    return ContractRef(
        instrument.con_id,
        instrument.symbol,
        instrument.local_symbol,
        instrument.sec_type,
        instrument.exchange,
        instrument.primary_exchange,
    )


def _chosen(market: Market, symbols: int) -> Array:
    """Rows of the world that pass the floors of the scans, the first `symbols` in an order drawn from the seed."""
    floors, columns = MarketScanSettings(), market.stock_ranking.columns()
    passing = (columns.last >= floors.price_above_usd) & (columns.avg_volume >= floors.avg_volume_above)
    passing &= (columns.avg_volume * columns.last >= floors.avg_usd_volume_above) & ~columns.is_etf
    con_ids = columns.con_id[passing].tolist()
    if len(con_ids) < symbols:
        raise ValueError(f"{len(con_ids)} stocks pass the floors of the scans, {symbols} are wanted: ask for more")
    drawn = sorted(con_ids, key=lambda con_id: fold(market.seed, 31, con_id))[:symbols]
    return np.array([market.universe.row[con_id] for con_id in drawn], dtype=np.int64)


def _past(market: Market, instruments: Collection[Instrument]) -> tuple[Array, Array, Array, Array]:
    bars: list[Array] = []
    usual = np.zeros((len(instruments), SLOTS), dtype=np.float32)
    daily = np.zeros(len(instruments))
    for n, one in enumerate(instruments):
        found = market.bars(one.con_id, 60, START - BARS_DAYS * 86_400.0, START, False)
        rows = [(b.time, b.open, b.high, b.low, b.close, b.volume) for b in found if b.time < START]
        bars.append(np.array(rows, dtype=np.float64).reshape(-1, 6))
        quarters = market.bars(one.con_id, 900, START - USUAL_DAYS * 86_400.0, START, True)
        base = usual_volume([Bar(b.time, b.open, b.high, b.low, b.close, b.volume) for b in quarters], START)
        if base is not None:
            usual[n], daily[n] = base.quarters, base.daily
    return np.concatenate(bars), np.cumsum([len(each) for each in bars]), usual, daily


def _fixed(market: Market, instruments: Collection[Instrument]) -> tuple[dict[str, Array], Array]:
    """What of the scans' columns does not move, and where our columns are among them."""
    columns = market.stock_ranking.columns()
    place = {con_id: n for n, con_id in enumerate(columns.con_id.tolist())}
    at = np.array([place[one.con_id] for one in instruments], dtype=np.int64)
    fixed = {name: getattr(columns, name)[at] for name in _SCAN_FIXED}
    return fixed | {f"ema{n}": values[at] for n, values in columns.ema.items()}, at


# --- on disk ------------------------------------------------------------------------------------------------------

_SINGLE = ("avg_volume", "tick", "prior_close", "opened", "scan_share", "history", "history_ends", "usual_quarters")
_SINGLE += ("usual_daily",)
_CONTRACT = ("con_id", "symbol", "local_symbol", "sec_type", "exchange", "primary_exchange")
_GROUPS = ("steps", "minutes", "scan_fixed", "scan_moving")


def save(recording: Recording, path: Path) -> None:
    """Whole or not at all; arrays and text only."""
    content: dict[str, Array] = {name: getattr(recording, name) for name in _SINGLE}
    for group in _GROUPS:
        content |= {f"{group}.{name}": values for name, values in getattr(recording, group).items()}
    content |= {"start": np.array(recording.start), "hours": np.array(recording.hours)}
    content["contracts"] = np.array([[str(getattr(one, name)) for name in _CONTRACT] for one in recording.contracts])
    part = path.with_suffix(".part.npz")
    np.savez(part, **content)  # type: ignore[arg-type]
    part.replace(path)


def load(path: Path) -> Recording:
    with np.load(path, allow_pickle=False) as stored:
        groups: dict[str, dict[str, Array]] = {group: {} for group in _GROUPS}
        for name in stored.files:
            group, _, part = name.partition(".")
            if part:
                groups[group][part] = stored[name]
        contracts = tuple(ContractRef(int(row[0]), *row[1:]) for row in stored["contracts"].tolist())
        trading, liquid = stored["hours"].tolist()
        single = {name: stored[name] for name in _SINGLE}
        return Recording(start=float(stored["start"]), contracts=contracts, hours=(trading, liquid), **single, **groups)
