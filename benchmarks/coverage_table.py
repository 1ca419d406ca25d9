"""The table of a coverage benchmark, and what it must show. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from benchmarks.coverage_score import Score, pooled
from engine.config import LineSettings

ENGINES = 4  # of the shared table
NAMES = {
    "unlimited": "(a) unlimited lines",
    "fixed": "(b) fixed symbols",
    "gainers": "(c) top gainers each 60 s",
    "round_robin": "(d) round robin",
    "rotation": "(e) rotation",
}


SHIPPED, BOUND, LONG, RESTLESS, SHARED = "shipped", "bound", "long", "restless", "shared"
TITLES = {
    SHIPPED: "As shipped: {top} running signals stream at most, {normal} candidates, the rest of the lines rotates",
    BOUND: "The bound: nobody but positions holds a line, all spare lines rotate",
    LONG: "As shipped, the last 28 of 90 minutes",
    RESTLESS: "As shipped, in another world: breakouts begin anywhere in a minute, 3 in 10 without volume",
    SHARED: "As shipped, 4 engines share the universe, each with 50 lines, 3 positions and a gateway of its own",
}


class Cell(NamedTuple):
    """One line of a table: what was run, for all seeds."""

    table: str
    symbols: int
    dwell_s: float
    policy: str
    top_max: int = LineSettings().top_max
    normal_max: int = LineSettings().normal_max

    @property
    def engines(self) -> int:
        return ENGINES if self.table == SHARED else 1


Cells = Mapping[Cell, Sequence[Score]]  # a score a seed

HEAD = (
    f"{'symbols':>7} {'dwell':>5} {'seeds':>5}  {'policy':<26} {'recall 30 s':<18} {'recall 60 s':<18} "
    f"{'median':>6} {'p95':>6} "
    f"{'precision':>9} {'signals':>7} {'lines':>5} {'visits/min':>10} {'msg/s':>6} {'worst':>5} "
    f"{'age p95':>8} {'top':>6} {'50/25':>6}"
)


def table(cells: Cells, name: str) -> list[str]:
    """Lines of text. Recalls are of all seeds together, with the lowest and highest seed in brackets."""
    wanted = sorted((cell for cell in cells if cell.table == name), key=_order)
    if not wanted:
        return []
    lines = [TITLES[name].format(top=wanted[0].top_max, normal=wanted[0].normal_max), HEAD]
    before: tuple[int, float] | None = None
    for cell in wanted:
        if before is not None and before != (cell.symbols, cell.dwell_s):
            lines.append("")
        before = (cell.symbols, cell.dwell_s)
        lines.append(_line(cell, cells[cell]))
    return lines


def _order(cell: Cell) -> tuple[int, float, int, int, int]:
    return cell.symbols, cell.dwell_s, list(NAMES).index(cell.policy), cell.top_max, cell.normal_max


def _line(cell: Cell, scores: Sequence[Score]) -> str:
    every = pooled(scores)
    recalls = [_spread(scores, lambda each, s=within: each.recall(s)) for within in (30.0, 60.0)]  # type: ignore[misc]
    return (
        f"{cell.symbols:>7,} {cell.dwell_s:>4g}s {len(scores):>5}  {NAMES[cell.policy]:<26} "
        f"{recalls[0]:<18} {recalls[1]:<18} "
        f"{_seconds(every.median_s):>6} {_seconds(every.p95_s):>6} {every.precision:>9.3f} {every.truths:>7} "
        f"{every.rotating:>5.1f} {every.visits_per_min:>10.0f} {every.messages_per_s:>6.1f} {every.worst_second:>5} "
        f"{_seconds(every.age_s):>8} {_seconds(every.age_strong_s):>6} {_held(cell):>6}"
    ).rstrip()


def _held(cell: Cell) -> str:
    return "-" if cell.table == BOUND else f"{cell.top_max}/{cell.normal_max}"


def _spread(scores: Sequence[Score], figure: Callable[[Score], float]) -> str:
    each = [figure(score) for score in scores]
    return f"{figure(pooled(scores)):.3f} ({min(each):.2f}-{max(each):.2f})"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}s"


RECALLS = {
    (1, 500, 5.0): (0.92, 0.97),
    (1, 1_500, 5.0): (0.62, 0.83),
    (ENGINES, 1_500, 2.0): (0.92, 0.97),
    (ENGINES, 1_500, 5.0): (0.92, 0.97),
}


class Mark(NamedTuple):
    """One figure that must be reached."""

    text: str
    value: float
    limit: float
    at_most: bool = False

    @property
    def passed(self) -> bool:
        return self.value <= self.limit if self.at_most else self.value >= self.limit

    def line(self) -> str:
        sign = "<=" if self.at_most else ">="
        return f"{'ok  ' if self.passed else 'MISS'} {self.text}: {self.value:.3f} ({sign} {self.limit:g})"


def marks(cells: Cells) -> list[Mark]:
    """What LINES asks for: of the shipped settings everywhere, precision of every row of the rotation."""
    found: list[Mark] = []
    for cell, scores in sorted(cells.items(), key=lambda each: (list(TITLES).index(each[0].table), _order(each[0]))):
        if cell.policy != "rotation":
            continue
        each, kind = pooled(scores), f"{cell.table}, {cell.symbols:,} symbols, dwell {cell.dwell_s:g} s"
        if cell.table != BOUND and (cell.engines, cell.symbols, cell.dwell_s) in RECALLS:
            soon, late = RECALLS[cell.engines, cell.symbols, cell.dwell_s]
            found.append(Mark(f"{kind}, recall within 60 s", each.recall(60.0), late))
            found.append(Mark(f"{kind}, recall within 30 s", each.recall(30.0), soon))
            found.append(Mark(f"{kind}, price age of top signals, p95 s", _or_inf(each.age_strong_s), 15.0, True))
            found.append(Mark(f"{kind}, price age of running signals, p95 s", _or_inf(each.age_s), 20.0, True))
        found.append(Mark(f"{kind}, precision", each.precision, 0.95))
    return found


def _or_inf(value: float | None) -> float:
    return float("inf") if value is None else value
