"""Two market hours of the live engine's signals, against the whole bars afterwards and against the simulator's truth.

In-process: the simulator's market, every quote, the engine's bars, rules and coordinator; no sockets. Passes with no
difference between a signal and what the same rules say over the bars afterwards, a recall of 0.95 of the injected
breakouts, and a word of the why-not view on each miss. Arguments: market minutes, symbols, seed.
"""

from __future__ import annotations

from benchmarks.signals_vs_truth import figure, lines, measure
from tests.long.report import finish

MINUTES, SYMBOLS, SEED = 120, 150, 7


def main(arguments: list[str]) -> int:
    minutes, symbols, seed = [*map(int, arguments), *(MINUTES, SYMBOLS, SEED)[len(arguments) :]]
    outcome = measure(minutes, symbols, seed, lambda text: print(text, flush=True))
    said = lines(outcome)
    print("\n".join(said))
    return finish("signals", outcome.is_passed, {**outcome.figures(), "said": said}, figure(outcome))
