"""The subscription gauge as one letter a line, in the order of priority. Pure.

p position, i pinned, t top, n normal, c coverage, x changing over, k kept for positions, f free, w used by TWS windows.
"""

from __future__ import annotations

from typing import Any

from app.format import CLASS_LETTERS
from engine.state.sections import LinesSection


def kept(lines: LinesSection) -> int:
    """Free lines that only a position may take: what of the buffer the positions do not use yet."""
    free = max(0, lines.effective_limit - lines.used)
    return min(free, max(0, lines.effective_limit - lines.scanner_capacity - lines.by_class.get("100", 0)))


def taken(lines: LinesSection) -> int:
    """Lines of the configured limit that are not to be had: error 101 said that TWS windows use them."""
    return max(0, lines.limit - max(lines.effective_limit, lines.used))


def cells(lines: LinesSection) -> str:
    """One letter per line of the budget; lines being given back are the last ones in use."""
    used = "".join(letter * lines.by_class.get(name, 0) for name, letter in CLASS_LETTERS.items())
    changing = min(lines.changing, len(used))
    if changing:
        used = used[:-changing] + "x" * changing
    reserve = kept(lines)
    windows = taken(lines)
    free = max(0, lines.limit - len(used) - reserve - windows)
    return used + "f" * free + "k" * reserve + "w" * windows


def legend(lines: LinesSection) -> dict[str, Any]:
    """Counts beside the gauge, None = not shown."""
    counts: dict[str, Any] = {f"n_{letter}": lines.by_class.get(name, 0) for name, letter in CLASS_LETTERS.items()}
    counts["n_i"] = counts["n_i"] or None
    counts["n_x"] = lines.changing or None
    reserve = kept(lines)
    counts["n_k"] = reserve or None
    counts["n_w"] = taken(lines) or None
    counts["n_f"] = max(0, lines.limit - lines.used - reserve - taken(lines)) or None
    return counts


def is_full(lines: LinesSection) -> bool:
    """No line is left, and none rotates: whoever asks is refused."""
    return lines.used >= lines.effective_limit and not lines.by_class.get("coverage")


NEAR_WORDS = (
    "The spare lines are in use, as they should be. Said from 90 % of the line budget on, until fewer than 84 % are in "
    "use: lines that rotate come and go each few seconds."
)


def status_word(lines: LinesSection) -> list[str] | None:
    """NEAR from 90 %, FULL when nothing is left; None below. Both are quiet while spare lines rotate."""
    if is_full(lines):
        return ["FULL", "full", "No line is free: requests are refused."]
    if lines.used >= lines.effective_limit:
        return ["FULL", "near", "All lines are in use; those that rotate give way to a request."]
    if lines.near:
        return ["NEAR", "near", NEAR_WORDS]
    return None
