"""The real days of October 2013 through the lab: signals per symbol and day under the default thresholds.

    python -m benchmarks.lab_2013 [--data ../shared/data/market-2013/minute] [--write]

`--write` puts the table into `benchmarks/lab_2013.txt`; without it the table is compared with that file (1 = differs).
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Set
from pathlib import Path

from msgspec import structs

from engine.bars.hours import UNKNOWN_HOURS
from engine.bars.trading_day import trade_date
from engine.breakout.rules import Floors
from engine.config import BreakoutParams, MarketScanSettings
from engine.lab.features import Features
from engine.lab.recordings import CsvRecordings, tapes_of
from engine.lab.replay import replay
from engine.lab.stack import stack_tapes
from engine.lab.summary import Judged, Outcomes, bucket_of, grouped, side_of
from engine.outcomes.figures import figures

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "market-2013" / "minute"
TABLE = Path(__file__).with_suffix(".txt")


def run(folder: Path) -> list[Judged]:
    """Every signal of the recorded days under the defaults."""
    source, params = CsvRecordings(folder), BreakoutParams()
    tapes = [tape for _, tape in tapes_of(source, (), ()) if tape is not None]
    features = Features(stack_tapes(tapes))
    usd = float(MarketScanSettings().avg_usd_volume_above)
    floors = Floors(params.price_floor_usd, float(params.avg_volume_floor), usd)
    futures = {tape.symbol for tape in tapes if not tape.floored}
    return [_dated(each, futures) for each in Outcomes(features).judge(replay(features, params, floors))]


def _dated(judged: Judged, futures: Set[str]) -> Judged:
    """A file of a future is a UTC day: what came after its evening's opening is of the next trade date."""
    if judged.symbol not in futures:
        return judged
    return structs.replace(judged, day=trade_date("FUT", UNKNOWN_HOURS, "", judged.signal.at).isoformat())


def moves(judged: list[Judged]) -> str:
    """Median moves after 5, 15, 30 and 60 min in ATR."""
    return " ".join("     -" if move is None else f"{move:+6.2f}" for move in figures(judged).moves)


def table(judged: list[Judged]) -> str:
    """The text of `lab_2013.txt`."""
    lines = [
        "Signals of 2013-10-07 and 2013-10-08 under the default thresholds, one look at the close of each minute.",
        "Made by benchmarks/lab_2013.py. Median moves towards the signal's side after 5, 15, 30, 60 min in ATR.",
        "Stocks with extended hours; ES and GC around the clock, without opening range and floors, by their trade date",
        "(from 18:00 New York on the next day's). Both days measure relative volume against SMA20 (10 earlier days are",
        "not recorded).",
        "",
        "symbol day         long short  opening range   score >= 0.7    5 min 15 min 30 min 60 min",
    ]
    days = sorted({(each.symbol, each.day) for each in judged})
    for symbol, day in days:
        mine = [each for each in judged if (each.symbol, each.day) == (symbol, day)]
        sides = Counter(each.signal.side for each in mine)
        opening = sum(each.signal.level_kind == "opening range" for each in mine)
        top = sum(each.signal.score >= 0.7 for each in mine)
        row = f"{symbol:6} {day}  {sides['long']:4} {sides['short']:5}  {opening:13}  {top:13}   {moves(mine)}"
        lines.append(row)
    lines += ["", f"all {len(judged)} signals{'':41}{moves(judged)}"]
    for group in (*grouped(judged, side_of), *grouped(judged, bucket_of)):
        mine = [each for each in judged if group.name in (side_of(each), bucket_of(each))]
        lines.append(f"{group.name:12} {group.figures.signals:4}{'':41}{moves(mine)}")
    return "\n".join(lines) + "\n"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, default=DATA)
    options.add_argument("--write", action="store_true")
    args = options.parse_args()
    text = table(run(args.data))
    print(text, end="")
    if args.write:
        TABLE.write_text(text, encoding="utf-8")
        return 0
    return 0 if text == TABLE.read_text(encoding="utf-8") else 1


if __name__ == "__main__":
    sys.exit(main())
