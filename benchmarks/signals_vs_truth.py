"""Signals against the simulator's ground truth, and against the same rules over the whole bars afterwards.

    python -m benchmarks.signals_vs_truth [--minutes 120] [--symbols 300] [--seed 7]

Every symbol streams here, so that what is measured are the rules and not the line budget. A breakout counts as found
when a signal of its side is confirmed while it lasts, or one confirmed before still runs when it begins (the simulator
lets half of its breakouts be followed by a second one, some within the cool-down). Each miss is printed in the words
of the why-not view. Exit 1 when a signal differs or the recall is below 0.95.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.signals_afterwards import Afterwards, Case, differences
from benchmarks.signals_replay import MINUTES_BACK_S, Replay, Unexplained, covers, explains
from engine.bars.series import HISTORY, BarSeries
from simulator.model import Breakout

RECALL = 0.95
STOCKS_PER_SYMBOL = 2.0  # of the world, for each that passes the floors of the scans
STRAY_S = 3_600.0


Silent = tuple[Breakout, Unexplained | None]  # no signal was confirmed within it, and what was said of that


@dataclass(frozen=True)
class Outcome:
    """`missed` = breakouts without a signal, `covered` = those during which the signal before still ran, both with what
    the why-not view said meanwhile; `different` = one sentence a signal."""

    minutes: int
    symbols: int
    breakouts: int
    confirmed: int
    covered: tuple[Silent, ...]
    missed: tuple[Silent, ...]
    signals: int
    top: int
    stray: tuple[str, ...]
    different: tuple[str, ...]
    delays_s: tuple[float, ...]
    cycle_ms: float
    seconds: float

    @property
    def recall(self) -> float:
        return (self.confirmed + len(self.covered)) / max(self.breakouts, 1)

    @property
    def unexplained(self) -> int:
        """Breakouts without a signal of their own of which the why-not view said nothing."""
        return sum(1 for _, why in (*self.missed, *self.covered) if why is None or not (why.failed or why.text))

    @property
    def is_passed(self) -> bool:
        enough = self.breakouts > 0 and self.signals > 0
        return enough and not self.different and self.recall >= RECALL and not self.unexplained

    def figures(self) -> dict[str, float]:
        return {
            "market_minutes": self.minutes,
            "symbols": self.symbols,
            "signals": self.signals,
            "different": len(self.different),
            "breakouts": self.breakouts,
            "recall": round(self.recall, 4),
            "confirmed_within": self.confirmed,
            "covered_by_a_running_signal": len(self.covered),
            "missed": len(self.missed),
            "unexplained": self.unexplained,
            "top": self.top,
            "stray": len(self.stray),
            "delay_median_s": round(statistics.median(self.delays_s), 1) if self.delays_s else 0.0,
            "cycle_ms": round(self.cycle_ms, 1),
            "seconds": round(self.seconds, 1),
        }


def measure(minutes: int, symbols: int, seed: int, say: Callable[[str], None] = lambda text: None) -> Outcome:
    """Replay and judge. `say` is told what goes on."""
    begun = time.monotonic()
    logging.getLogger("qtrade").setLevel(logging.WARNING)
    replay = Replay(seed, symbols, round(symbols * STOCKS_PER_SYMBOL))
    say(f"{len(replay.instruments)} symbols stream")
    for done in range(0, minutes, 10):
        replay.run(min(10, minutes - done))
        say(
            f"{min(done + 10, minutes)} market minutes, {len(replay.signals)} signals, {time.monotonic() - begun:.0f} s"
        )
    different = compare(replay)
    signals, truths = list(replay.signals.values()), replay.truths()
    firsts = [min((s.at for s in signals if explains(t, s)), default=None) for t in truths]
    confirmed = [at - truth.start for truth, at in zip(truths, firsts, strict=True) if at is not None]
    left = [truth for truth, at in zip(truths, firsts, strict=True) if at is None]
    silent = [(truth, replay.unfound.get((truth.con_id, truth.start))) for truth in left]
    covered = [each for each in silent if any(covers(each[0], signal) for signal in signals)]
    every = replay.world.truth(replay.start - STRAY_S, replay.world.now())  # those that ran at the start, too
    stray = [s for s in signals if not any(explains(truth, s) for truth in every)]
    return Outcome(
        minutes=minutes,
        symbols=len(replay.instruments),
        breakouts=len(truths),
        confirmed=len(confirmed),
        covered=tuple(covered),
        missed=tuple(each for each in silent if each not in covered),
        signals=len(signals),
        top=sum(1 for signal in signals if signal.score >= 0.7),
        stray=tuple(f"{s.local_symbol} {s.side} {s.at - replay.start:.0f} s, score {s.score:.2f}" for s in stray),
        different=tuple(different),
        delays_s=tuple(confirmed),
        cycle_ms=statistics.median(replay.cycles_ms),
        seconds=time.monotonic() - begun,
    )


def compare(replay: Replay) -> list[str]:
    """Each symbol's signals against those of the rules over its whole bars, asked for now that all is over."""
    said: list[str] = []
    for column, instrument in enumerate(replay.instruments):
        live = [signal for signal in replay.signals.values() if signal.con_id == instrument.con_id]
        found = Afterwards(case_of(replay, column), replay.params).run()
        said += [f"{instrument.local_symbol} {text}" for text in differences(live, found)]
    return said


def case_of(replay: Replay, column: int) -> Case:
    """One symbol as it looks afterwards."""
    instrument = replay.instruments[column]
    con_id = instrument.con_id
    entry, session = replay.store.get(con_id), replay.store.session(con_id, replay.start)
    assert entry is not None and session is not None
    series = BarSeries(3_000)
    series.merge(replay.world_bars(con_id, replay.began - MINUTES_BACK_S, replay.world.now()), HISTORY)
    return Case(
        con_id, series.arrays(), session, entry.usual, instrument.avg_volume or None, replay.floors, replay.began,
        replay.prints(column), tuple(replay.cycles),
    )  # fmt: skip


def lines(outcome: Outcome) -> list[str]:
    """Differences, misses and strays, one a line."""
    shown = [f"differs: {text}" for text in outcome.different]
    for name, silent in (("miss", outcome.missed), ("covered", outcome.covered)):
        for truth, why in silent:
            side = "long" if truth.side > 0 else "short"
            words = "no word" if why is None else f"{why.after_s:.0f} s: {', '.join(why.failed)}; {why.text}"
            shown.append(f"{name} {truth.local_symbol} {side} level {truth.level:g}: {words}")
    return shown + [f"stray {text}" for text in outcome.stray]


def figure(outcome: Outcome) -> str:
    """The figure in one line."""
    return (
        f"{len(outcome.different)} differences in {outcome.signals} signals over {outcome.minutes} market minutes of "
        f"{outcome.symbols} symbols; recall {outcome.recall:.3f} of {outcome.breakouts} breakouts ({outcome.confirmed} "
        f"confirmed within, {len(outcome.covered)} while the signal before ran), {len(outcome.missed)} missed, "
        f"{outcome.unexplained} without a word of why"
    )


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--minutes", type=int, default=120)
    options.add_argument("--symbols", type=int, default=300)
    options.add_argument("--seed", type=int, default=7)
    args = options.parse_args()
    outcome = measure(args.minutes, args.symbols, args.seed, print)
    print("\n".join([*lines(outcome), *(f"{name}: {value:g}" for name, value in outcome.figures().items())]))
    print(figure(outcome))
    return 0 if outcome.is_passed else 1


if __name__ == "__main__":
    raise SystemExit(main())
