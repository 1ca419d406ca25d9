"""Does the score at signal rank what comes after? Two simulated weeks, in process, by tenths of the score.

    python -m benchmarks.score_deciles [--days 10] [--symbols 250] [--seeds 7 11] [--write]

The whole sessions before the simulator's morning: every stock's minutes of those days, judged by the lab's replay (one
look a minute) under the thresholds as shipped, and what became of each signal within 30 minutes, in its ATR. The score
is the one that the live engine gives, without spread and age, which bars do not tell. Exit 1 when the rank correlation
is not above nought. `--write` keeps the table as `benchmarks/score_deciles.txt`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np

from engine.bars.indicators import Floats
from engine.bars.series import HISTORY, BarSeries
from engine.bars.us_calendar import us_regular_hours
from engine.bars.usual import usual_volume
from engine.clock import NEW_YORK, FakeClock, local_time
from engine.config import BreakoutParams, MarketScanSettings
from engine.domain import Bar
from engine.lab.batches import Batch, batches_of
from engine.lab.summary import Judged
from engine.lab.tape import Around, Tape, make_tape
from engine.outcomes.deciles import buckets_of, spearman
from engine.outcomes.figures import THIRTY
from engine.scanners.coordinator import floors_of
from simulator.model import Bar as WorldBar
from simulator.world.build import build_world
from simulator.world.market import Market
from simulator.world.noise import fold

TABLE = Path(__file__).with_suffix(".txt")
DAY_S = 86_400.0
QUARTERS_BACK_S = 32 * DAY_S
STOCKS_PER_SYMBOL = 2  # of the world, for each that passes the floors of the scans
CELLS = 4_000_000


def measure(seed: int, days: int, symbols: int) -> list[Judged]:
    """All signals of the last `days` whole sessions, with what became of them."""
    world = build_world(seed, None, 1.0, FakeClock(wall=0.0).wall, "weekday", None, True, symbols * STOCKS_PER_SYMBOL)
    params = BreakoutParams()
    floors = floors_of(params, MarketScanSettings())
    tapes = list(_tapes(world, days, symbols))
    found: list[Judged] = []
    for batch in batches_of(tapes):
        found += Batch(batch, CELLS).judge(params, floors)
    return found


def table(judged: list[Judged]) -> tuple[list[str], float]:
    """The lines of the table, and Spearman's rank correlation of score and 30-min move."""
    scores, moves = columns(judged)
    known = np.isfinite(moves)
    found = spearman(scores[known], moves[known])
    bucket, names = buckets_of(scores[known])
    lines = [f"{'score at signal':>16} {'signals':>8} {'median 30-min move, ATR':>24} {'up':>6}"]
    for number, name in enumerate(names):
        mine = moves[known][bucket == number]
        lines.append(f"{name:>16} {len(mine):8,} {np.median(mine):+24.2f} {(mine > 0).mean():6.0%}")
    edges = " ".join(f"{np.quantile(scores, share):.3f}" for share in (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0))
    lines.append(
        f"scores: lowest, 5, 25, 50, 75, 95 %, highest {edges}; {len(set(scores.round(4).tolist())):,} different"
    )
    return lines, found or 0.0


def columns(judged: list[Judged]) -> tuple[Floats, Floats]:
    """Score and move after 30 min of each signal; NaN = not known."""
    after = [each.after(THIRTY) for each in judged]
    return (
        np.array([each.signal.score for each in judged]),
        np.array([np.nan if one is None else one.move for one in after]),
    )


def _tapes(world: Market, days: int, symbols: int) -> Iterator[Tape]:
    """Each symbol's days, oldest first; the session before each day warms it up."""
    now = world.now()
    sessions = _sessions(now, days + 1)
    floors, ranking = MarketScanSettings(), world.stock_ranking.columns()
    passing = (ranking.last >= floors.price_above_usd) & (ranking.avg_volume >= floors.avg_volume_above)
    passing &= (ranking.avg_volume * ranking.last >= floors.avg_usd_volume_above) & ~ranking.is_etf
    drawn = sorted(ranking.con_id[passing].tolist(), key=lambda con_id: fold(world.seed, 31, con_id))
    for con_id in drawn[:symbols]:
        instrument = world.universe.instruments[world.universe.row[con_id]]
        quarters = _bars(world.bars(con_id, 900, sessions[0][0] - QUARTERS_BACK_S, now, True))
        minutes = _bars(world.bars(con_id, 60, sessions[0][0], sessions[-1][1], False))
        for (before, _), (opens, closes) in pairwise(sessions):
            series = BarSeries(3_000)
            series.merge([bar for bar in minutes if before <= bar.time < closes], HISTORY)
            bars = series.arrays()
            usual = usual_volume([bar for bar in quarters if bar.time < opens], opens)
            around = Around(usual=usual, average_volume=instrument.avg_volume or None)
            day = f"{local_time(opens, NEW_YORK):%Y-%m-%d}"
            yield make_tape(instrument.local_symbol, day, bars, int(np.searchsorted(bars.time, opens)), around)


def _sessions(now: float, count: int) -> list[tuple[float, float]]:
    """(open, close) of the regular sessions before today, oldest first."""
    found: list[tuple[float, float]] = []
    at = now
    while len(found) < count:
        at -= DAY_S
        hours = us_regular_hours(local_time(at, NEW_YORK).date())
        if hours is not None:
            found.append((hours.open, hours.close))
    return found[::-1]


def _bars(bars: list[WorldBar]) -> list[Bar]:
    return [Bar(bar.time, bar.open, bar.high, bar.low, bar.close, bar.volume, "history") for bar in bars]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--days", type=int, default=10)
    options.add_argument("--symbols", type=int, default=250)
    options.add_argument("--seeds", type=int, nargs="+", default=[7, 11])
    options.add_argument("--write", action="store_true")
    args = options.parse_args()
    begun, said, worst = time.monotonic(), [], 1.0
    for seed in args.seeds:
        judged = measure(seed, args.days, args.symbols)
        lines, found = table(judged)
        worst = min(worst, found)
        head = (
            f"seed {seed}: {args.symbols} symbols, {args.days} sessions, {len(judged):,} signals; Spearman {found:+.3f}"
        )
        said += [head, *lines, ""]
        print("\n".join([head, *lines]), f"{time.monotonic() - begun:.0f} s", flush=True)
    if args.write:
        TABLE.write_text("\n".join(said), encoding="utf-8")
    verdict = "rises" if worst > 0 else "does not rise"
    print(f"The 30-min move {verdict} with the score: Spearman {worst:+.3f} at the least")
    return 0 if worst > 0 else 1


if __name__ == "__main__":
    raise SystemExit(main())
