"""The table of a coverage benchmark, and what it must show. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from benchmarks.coverage_score import Score, pooled

NAMES = {
    "unlimited": "(a) unlimited lines",
    "fixed": "(b) fixed symbols",
    "gainers": "(c) top gainers each 60 s",
    "round_robin": "(d) round robin",
    "rotation": "(e) rotation",
}


class Cell(NamedTuple):
    """One line of the table: what was run, for all seeds."""

    symbols: int
    dwell_s: float
    policy: str
    normal_max: int


Cells = Mapping[Cell, Sequence[Score]]  # a score a seed

HEAD = (
    f"{'symbols':>7} {'dwell':>5}  {'policy':<26} {'recall 30 s':<18} {'recall 60 s':<18} {'median':>6} {'p95':>6} "
    f"{'precision':>9} {'signals':>7} {'lines':>5} {'visits/min':>10} {'msg/s':>6} {'worst':>5}"
)


def table(cells: Cells, normal_max: int) -> list[str]:
    """Lines of text. Recalls are of all seeds together, with the lowest and highest seed in brackets."""
    lines = [HEAD]
    wanted = sorted((cell for cell in cells if cell.normal_max == normal_max), key=_order)
    before: tuple[int, float] | None = None
    for cell in wanted:
        if before is not None and before != (cell.symbols, cell.dwell_s):
            lines.append("")
        before = (cell.symbols, cell.dwell_s)
        lines.append(_line(cell, cells[cell]))
    return lines


def _order(cell: Cell) -> tuple[int, float, int]:
    return cell.symbols, cell.dwell_s, list(NAMES).index(cell.policy)


def _line(cell: Cell, scores: Sequence[Score]) -> str:
    every = pooled(scores)
    recalls = [_spread(scores, lambda each, s=within: each.recall(s)) for within in (30.0, 60.0)]  # type: ignore[misc]
    return (
        f"{cell.symbols:>7,} {cell.dwell_s:>4g}s  {NAMES[cell.policy]:<26} {recalls[0]:<18} {recalls[1]:<18} "
        f"{_seconds(every.median_s):>6} {_seconds(every.p95_s):>6} {every.precision:>9.3f} {every.truths:>7} "
        f"{every.rotating:>5.1f} {every.visits_per_min:>10.0f} {every.messages_per_s:>6.1f} {every.worst_second:>5}"
    ).rstrip()


def _spread(scores: Sequence[Score], figure: Callable[[Score], float]) -> str:
    each = [figure(score) for score in scores]
    return f"{figure(pooled(scores)):.3f} ({min(each):.2f}-{max(each):.2f})"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}s"


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
    """What LINES asks for, of the cells that were run with no line at 25."""
    figures = {cell: pooled(scores) for cell, scores in cells.items()}

    def ours(symbols: int, dwell_s: float) -> Score | None:
        return figures.get(Cell(symbols, dwell_s, "rotation", 0))

    found: list[Mark] = []
    if (each := ours(500, 5.0)) is not None:
        found.append(Mark("500 symbols, dwell 5 s, recall within 60 s", each.recall(60.0), 0.97))
        found.append(Mark("500 symbols, dwell 5 s, recall within 30 s", each.recall(30.0), 0.90))
    if (each := ours(500, 2.0)) is not None:
        found.append(Mark("500 symbols, dwell 2 s, recall within 30 s", each.recall(30.0), 0.97))
        found.append(Mark("500 symbols, dwell 2 s, median delay s", _or_inf(each.median_s), 5.0, at_most=True))
    if (each := ours(1_500, 5.0)) is not None:
        found.append(Mark("1,500 symbols, dwell 5 s, recall within 60 s", each.recall(60.0), 0.75))
        plain = figures.get(Cell(1_500, 5.0, "round_robin", 0))
        if plain is not None:
            ratio = each.recall(60.0) / max(plain.recall(60.0), 1e-9)
            found.append(Mark("1,500 symbols, dwell 5 s, recall within 60 s / round robin's", ratio, 1.8))
    if (each := ours(1_500, 2.0)) is not None:
        found.append(Mark("1,500 symbols, dwell 2 s, recall within 60 s", each.recall(60.0), 0.90))
    for cell, each in sorted(figures.items()):
        if cell.policy == "rotation":
            kind = f"{cell.symbols:,} symbols, dwell {cell.dwell_s:g} s, {cell.normal_max} lines at 25"
            found.append(Mark(f"{kind}, precision", each.precision, 0.95))
    return found


def _or_inf(value: float | None) -> float:
    return float("inf") if value is None else value
