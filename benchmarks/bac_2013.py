"""Bars built from a real day's trades against that day's published minute bars: BAC, 8 October 2013, regular session.

    python -m benchmarks.bac_2013 [--write]

Plays ../shared/data/market-2013/ticks/BAC-20131008.csv.gz through the simulator over TCP (about a minute); `--write`
puts the table of every bar that differs, with the prints that explain it, into benchmarks/bac_2013.txt.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import gzip
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from benchmarks.recorded_day import Outcome, play
from engine.bars.print_filter import outside
from engine.domain import Bar, ContractRef
from simulator.replay import instrument_of, read_events, replay_world

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data" / "market-2013"
TICKS = DATA / "ticks" / "BAC-20131008.csv.gz"
MINUTES = DATA / "minute" / "BAC-20131008.csv.gz"
TABLE = Path(__file__).with_suffix(".txt")
NEW_YORK = ZoneInfo("America/New_York")
OPEN = datetime(2013, 10, 8, 13, 30, tzinfo=UTC).timestamp()
BARS = 390
CENT = 0.01 + 1e-6
SAME = 1e-6
PASS = {"open_near": 390, "close_near": 390, "open_equal": 360, "close_equal": 360, "high_near": 380, "low_near": 380,
        "volume_equal": 385}  # fmt: skip
SHOWN_PRINTS = 4
AUCTION_S = 30.0


class Print(NamedTuple):
    """One trade of the file, with the bid and ask of its moment."""

    time: float
    price: float
    size: float
    bid: float | None
    ask: float | None

    def text(self) -> str:
        at = datetime.fromtimestamp(self.time, NEW_YORK)
        return f"{at:%H:%M:%S}.{at.microsecond // 1000:03d} {self.price:.2f} x {self.size:,.0f}"


def is_available() -> bool:
    return TICKS.exists() and MINUTES.exists()


def published() -> dict[float, Bar]:
    """The day's minute bars of the regular session, by their start."""
    with gzip.open(MINUTES, "rt", encoding="utf-8", newline="") as text:
        rows = [(datetime.fromisoformat(row["time"]).timestamp(), row) for row in csv.DictReader(text)]
    return {
        at: Bar(at, *(float(row[key]) for key in ("open", "high", "low", "close", "volume")))
        for at, row in rows
        if OPEN <= at < OPEN + BARS * 60.0
    }


def prints() -> list[Print]:
    """Every trade of the file in its order."""
    bid = ask = None
    found = []
    for event in read_events(TICKS):
        bid = event.bid if event.bid is not None else bid
        ask = event.ask if event.ask is not None else ask
        if event.price is not None and event.size is not None:
            found.append(Print(event.time, event.price, event.size, bid, ask))
    return found


def compare(built: Sequence[Bar], true: dict[float, Bar]) -> dict[str, int]:
    """How many of the minutes agree, by field: within a cent (`near`) and exactly (`equal`)."""
    mine = {bar.time: bar for bar in built}
    counts = {f"{field}_{how}": 0 for field in ("open", "high", "low", "close") for how in ("near", "equal")}
    counts |= {"minutes": len(true), "built": len(mine.keys() & true.keys()), "volume_equal": 0}
    for at in mine.keys() & true.keys():
        for field in ("open", "high", "low", "close"):
            gap = abs(getattr(mine[at], field) - getattr(true[at], field))
            counts[f"{field}_near"] += gap <= CENT
            counts[f"{field}_equal"] += gap <= SAME
        counts["volume_equal"] += mine[at].volume == true[at].volume
    return counts


def is_passed(counts: dict[str, int]) -> bool:
    return all(counts[name] >= least for name, least in PASS.items())


def differences(built: Sequence[Bar], true: dict[float, Bar], trades: Sequence[Print]) -> list[str]:
    """A line for each field of each bar that is not equal."""
    lines = []
    for bar in built:
        other = true.get(bar.time)
        if other is None:
            continue
        near = [p for p in trades if bar.time <= p.time < bar.time + 60.0 + AUCTION_S]
        inside = [p for p in near if p.time < bar.time + 60.0]
        at = datetime.fromtimestamp(bar.time, NEW_YORK).strftime("%H:%M")
        for field in ("open", "high", "low", "close"):
            mine, theirs = getattr(bar, field), getattr(other, field)
            if abs(mine - theirs) > SAME:
                why = explain_price(field, theirs, mine, inside)
                lines.append(f"{at}  {field:6} {mine:11.2f} {theirs:11.2f}  {why}")
        if bar.volume != other.volume:
            why = explain_volume((bar.volume or 0.0) - (other.volume or 0.0), near, bar.time + 60.0)
            lines.append(f"{at}  volume {bar.volume or 0:11,.0f} {other.volume or 0:11,.0f}  {why}")
    return lines


def explain_price(field: str, theirs: float, mine: float, inside: Sequence[Print]) -> str:
    """The prints that make the difference of one price."""
    if field == "open":
        first = next((i for i, p in enumerate(inside) if abs(p.price - theirs) < SAME), len(inside))
        return f"first prints: {_listed(inside[:first])}; published from {_listed(inside[first : first + 1])} on"
    if field == "close":
        last = next((i for i in range(len(inside) - 1, -1, -1) if abs(inside[i].price - theirs) < SAME), -1)
        return (
            f"last prints: {_listed(inside[last + 1 :])}; published ends at {_listed(inside[max(last, 0) : last + 1])}"
        )
    sign = 1.0 if field == "high" else -1.0
    inner, outer = sorted((mine, theirs), key=lambda price: sign * price)
    beyond = [p for p in inside if sign * (p.price - inner) > SAME]
    if sign * (theirs - mine) > 0:
        return f"left out by the out-of-market rule: {_listed(beyond)}" if beyond else f"no print at {outer:.2f}"
    lone = [p for p in beyond if outside(p.price, p.bid, p.ask)]
    kind = "out of the market, but repeated" if lone else "in the market, yet not in the published bar"
    return f"{kind}: {_listed(beyond)}"


def explain_volume(surplus: float, near: Sequence[Print], end: float) -> str:
    """The one print after the minute, or the few consecutive ones within it, whose size is the difference."""
    if surplus < 0:
        late = next((p for p in near if p.time >= end and p.size == -surplus), None)
        return f"closing auction, printed after the minute: {late.text()}" if late else "not explained by one print"
    for length in range(1, SHOWN_PRINTS + 1):
        for first in range(len(near) - length + 1):
            run = near[first : first + length]
            if run[-1].time < end and sum(p.size for p in run) == surplus:
                return f"counted here, not there: {_listed(run)}"
    return "not explained by consecutive prints"


def _listed(found: Sequence[Print]) -> str:
    texts = [f"{p.text()} ({p.bid:.2f}/{p.ask:.2f})" if p.bid and p.ask else p.text() for p in found[:SHOWN_PRINTS]]
    more = f" and {len(found) - SHOWN_PRINTS} more" if len(found) > SHOWN_PRINTS else ""
    return ", ".join(texts) + more if texts else "none"


def run() -> tuple[Outcome, dict[str, int]]:
    """Play the day and compare."""
    instrument, _ = instrument_of(TICKS)
    contract = ContractRef(instrument.con_id, "BAC", "BAC", "STK", "SMART")
    outcome = asyncio.run(play(replay_world(TICKS, 0.0, time.monotonic), contract))
    return outcome, compare(outcome.bars, published())


def figure(outcome: Outcome, counts: dict[str, int]) -> str:
    return (
        f"{outcome.trades:,} trades over TCP in {outcome.seconds:.0f} s; of {counts['minutes']} minutes open within a"
        f" cent {counts['open_near']} (equal {counts['open_equal']}), close {counts['close_near']}"
        f" ({counts['close_equal']}), high {counts['high_near']} ({counts['high_equal']}), low {counts['low_near']}"
        f" ({counts['low_equal']}), volume equal {counts['volume_equal']}; prints ignored {outcome.ignored}"
    )


def table(outcome: Outcome, counts: dict[str, int]) -> str:
    lines = [
        "BAC, 8 October 2013, regular session: bars built from the trades against the published minute bars.",
        "Made by `python -m benchmarks.bac_2013 --write`. Times are New York's; (bid/ask) of the print's moment.",
        "",
        figure(outcome, counts).split("; ", 1)[1],
        "",
        "bar    field        built   published  prints",
    ]
    return "\n".join([*lines, *differences(outcome.bars, published(), prints())]) + "\n"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--write", action="store_true", help=f"write {TABLE.name}")
    args = options.parse_args()
    if not is_available():
        print(f"skipped: {TICKS} is not there")
        return 0
    outcome, counts = run()
    print(figure(outcome, counts))
    if args.write:
        TABLE.write_text(table(outcome, counts), encoding="utf-8")
    return 0 if is_passed(counts) else 1


if __name__ == "__main__":
    raise SystemExit(main())
