"""The plot of the coverage tables, an SVG written by hand: recall by universe, dwell and policy. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from xml.sax.saxutils import escape

from benchmarks.coverage_score import Score
from benchmarks.coverage_table import NAMES, TITLES, Cell

COLOURS = {"fixed": "#8c96a3", "gainers": "#c98a2b", "round_robin": "#4f86c6", "rotation": "#2f9e63"}
WIDTH, PANEL_HEIGHT, LEFT, TOP, GAP = 980, 260, 56, 64, 62
SOON_OPACITY = 1.0
LATE_OPACITY = 0.45


class _Bar(NamedTuple):
    cell: Cell
    figure: Score


def plot(figures: Mapping[Cell, Score]) -> str:
    """One panel a table. A bar's full colour is the recall within 30 s, its pale top within 60 s."""
    panels = [name for name in TITLES if any(cell.table == name for cell in figures)]
    height = TOP + len(panels) * (PANEL_HEIGHT + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(LEFT, 22, "Breakouts found, of those that the same detector finds with a line for every symbol", 15),
        *_legend(),
    ]
    for n, name in enumerate(panels):
        bars = [_Bar(cell, figure) for cell, figure in figures.items() if cell.table == name]
        parts += _panel(bars, TOP + n * (PANEL_HEIGHT + GAP), name)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _legend() -> list[str]:
    out, x = [], LEFT
    for policy, colour in COLOURS.items():
        out += [f'<rect x="{x}" y="34" width="11" height="11" fill="{colour}"/>', _text(x + 16, 44, NAMES[policy])]
        x += 190
    out.append(_text(x - 20, 44, "full within 30 s, pale within 60 s"))
    return out


def _panel(bars: list[_Bar], top: int, name: str) -> list[str]:
    bottom = top + PANEL_HEIGHT
    cell = bars[0].cell
    parts = [_text(LEFT, top + 12, TITLES[name].format(top=cell.top_max, normal=cell.normal_max))]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = _y(share, bottom)
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - 16}" y2="{y:.1f}" stroke="#dfe3e8"/>')
        parts.append(_text(LEFT - 8, y + 4, f"{share:.2f}", anchor="end"))
    groups = sorted({(bar.cell.symbols, bar.cell.dwell_s) for bar in bars})
    room = (WIDTH - 16 - LEFT) / max(len(groups), 1)
    for n, group in enumerate(groups):
        mine = [bar for bar in bars if (bar.cell.symbols, bar.cell.dwell_s) == group]
        mine.sort(key=lambda bar: list(COLOURS).index(bar.cell.policy))
        parts += _group(mine, LEFT + n * room, room, bottom)
    return parts


def _group(bars: list[_Bar], left: float, room: float, bottom: int) -> list[str]:
    width = room * 0.8 / max(len(bars), 1)
    parts: list[str] = []
    for n, (cell, figure) in enumerate(bars):
        x = left + room * 0.1 + n * width
        for within_s, opacity in ((60.0, LATE_OPACITY), (30.0, SOON_OPACITY)):
            y = _y(figure.recall(within_s), bottom)
            parts.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{width - 3:.1f}" height="{bottom - y:.1f}" '
                f'fill="{COLOURS[cell.policy]}" fill-opacity="{opacity}"/>'
            )
        late = figure.recall(60.0)
        parts.append(_text(x + width / 2 - 1, _y(late, bottom) - 4, f"{late:.2f}", 10, "middle"))
    symbols, dwell_s = bars[0].cell.symbols, bars[0].cell.dwell_s
    parts.append(_text(left + room / 2, bottom + 18, f"{symbols:,} symbols, dwell {dwell_s:g} s", 12, "middle"))
    return parts


def _y(share: float, bottom: int) -> float:
    return bottom - share * (PANEL_HEIGHT - 40)


def _text(x: float, y: float, text: str, size: int = 12, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="#2b333d">{escape(text)}</text>'
    )
