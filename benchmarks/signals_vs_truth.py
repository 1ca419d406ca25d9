"""Signals against the simulator's ground truth: the engine's own rules on streamed symbols, without sockets.

    python -m benchmarks.signals_vs_truth [--minutes 60] [--symbols 600] [--seed 7]

Every symbol has a line here, so that what is measured are the rules and not the budget. A breakout counts as found
when a signal of its side is confirmed between its start and its end. Each miss is printed with its why-not view.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterable

from engine.bars.history import HistoryDesk
from engine.bars.series import HISTORY, BarSeries
from engine.bars.store import BarStore
from engine.bars.usual import usual_volume
from engine.bars.volume_unit import VolumeUnits
from engine.broker.port import ScanSpec
from engine.clock import FakeClock
from engine.config import BreakoutParams, MarketScanSettings
from engine.domain import Bar, ContractInfo, ContractRef, Quote, Signal
from engine.scanners.coordinator import ScannerCoordinator
from engine.scanners.facts import read_bars
from engine.scanners.parts import Parts
from simulator.model import Breakout, Instrument, QuoteState, World
from simulator.world.build import build_world

LATE_S = 30.0  # a confirmation may fall this long after the truth's end


class NoBroker:
    """The world answers directly; nothing is asked of a broker."""

    def open_scan(self, spec: ScanSpec) -> int:
        return -1

    def close_scan(self, req_id: int) -> None:
        pass

    async def history(self, *_: object, **__: object) -> list[Bar]:
        return []


def contract_of(instrument: Instrument) -> ContractRef:
    return ContractRef(
        instrument.con_id,
        instrument.symbol,
        instrument.local_symbol,
        instrument.sec_type,
        instrument.exchange,
        instrument.primary_exchange,
        multiplier=float(instrument.multiplier or 1),
    )


def quote_of(state: QuoteState, instrument: Instrument) -> Quote:
    return Quote(
        state.con_id,
        instrument.local_symbol,
        state.last,
        "last",
        state.bid,
        state.ask,
        state.bid_size,
        state.ask_size,
        state.last,
        state.last_size,
        state.volume,
        instrument.avg_volume or None,
        state.open,
        state.high,
        state.low,
        state.close,
        state.halted,
        "live",
        "streaming",
        state.time,
        state.time,
        1,
    )


class Replay:
    """One world, one coordinator, market time moved second by second."""

    def __init__(self, seed: int, symbols: int) -> None:
        self.clock = FakeClock(wall=0.0)
        self.world: World = build_world(seed, None, 1.0, self.clock.wall, "weekday", None, True)
        self.start = self.world.now()
        self.instruments = [one for one in self.world.instruments() if one.behaviour == "normal"][:symbols]
        self.quotes: dict[int, Quote] = {}
        self.signals: dict[str, Signal] = {}
        self.seen: dict[int, int] = {}
        self.cycles_ms: list[float] = []
        self.store, self.units = BarStore(), VolumeUnits()
        self.units._factor = {"ticks": 1.0, "history": 1.0}
        broker = NoBroker()
        desk = HistoryDesk(broker, self.store, self.units, self.clock, self.world.now)
        parts = Parts(self.store, desk, self.units, broker, self.clock, self.world.now, self.quotes.get)
        self.coordinator = ScannerCoordinator(
            parts,
            BreakoutParams(),
            MarketScanSettings(),
            on_signal=lambda signal: self.signals.update({signal.id: signal}),
        )
        self._warm()

    def _warm(self) -> None:
        now = self.world.now()
        for instrument in self.instruments:
            contract, con_id = contract_of(instrument), instrument.con_id
            self.units.know(contract)
            self.store.add(contract)
            self.store.set_hours(
                ContractInfo(
                    contract,
                    time_zone=instrument.time_zone_id,
                    trading_hours=self.world.trading_hours(con_id, False),
                    liquid_hours=self.world.trading_hours(con_id, True),
                )
            )
            minutes = self.world.bars(con_id, 60, now - 2 * 86_400.0, now, False)
            self.store.merge_history(con_id, list(map(_bar, minutes)), now)
            quarters = self.world.bars(con_id, 900, now - 28 * 86_400.0, now, instrument.sec_type == "STK")
            self.store.set_usual(con_id, usual_volume(list(map(_bar, quarters)), now))

    def second(self) -> None:
        self.clock.advance(1.0)
        self.world.advance()
        for instrument in self.instruments:
            state = self.world.quote(instrument.con_id)
            if state is None or state.seq == self.seen.get(state.con_id):
                continue
            self.seen[state.con_id] = state.seq
            quote = self.quotes[state.con_id] = quote_of(state, instrument)
            self.coordinator.on_quote(quote, has_trade=False)
        self.coordinator.step()
        if self.coordinator.cycle_due():
            begun = time.thread_time()
            for _ in self.coordinator.cycle():
                pass
            self.cycles_ms.append((time.thread_time() - begun) * 1_000.0)


def _bar(bar: object) -> Bar:
    return Bar(bar.time, bar.open, bar.high, bar.low, bar.close, bar.volume, "history")  # type: ignore[attr-defined]


def found_by(truth: Breakout, signals: Iterable[Signal]) -> Signal | None:
    mine = [signal for signal in signals if _explains(truth, signal)]
    return min(mine, key=lambda signal: signal.at) if mine else None


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=int, default=60)
    options.add_argument("--symbols", type=int, default=2_000)
    options.add_argument("--seed", type=int, default=7)
    args = options.parse_args()
    replay = Replay(args.seed, args.symbols)
    shown = {one.con_id for one in replay.instruments}
    misses: dict[tuple[int, float], str] = {}
    for number in range(args.minutes * 60):
        replay.second()
        if number % 60 == 59:
            note_misses(replay, misses)
    now = replay.world.now()
    truths = [t for t in replay.world.truth(replay.start, now - 120.0) if t.con_id in shown]
    report(replay, truths, misses)
    return 0


def note_misses(replay: Replay, misses: dict[tuple[int, float], str]) -> None:
    """What the why-not view says of each running breakout that has not been found yet."""
    now = replay.world.now()
    for truth in replay.world.truth(now - 1_200.0, now):
        if truth.start + 60.0 <= now <= truth.end and found_by(truth, replay.signals.values()) is None:
            why = replay.coordinator.why(truth.con_id)
            rules = why.long if truth.side > 0 else why.short
            failed = ", ".join(f"{r.name} {r.text} {r.limit_text} {r.detail}".strip() for r in rules if not r.passed)
            misses.setdefault((truth.con_id, truth.start), f"{now - truth.start:.0f} s: {failed}")


def report(replay: Replay, truths: list[Breakout], misses: dict[tuple[int, float], str]) -> None:
    signals = list(replay.signals.values())
    hits = [(truth, found_by(truth, signals)) for truth in truths]
    delays = [signal.at - truth.start for truth, signal in hits if signal is not None]
    reasons = {"cool-down": 0, "floor": 0, "other": 0}
    for truth, signal in hits:
        if signal is None:
            why = misses.get((truth.con_id, truth.start), "-")
            reason = _reason(truth, signals, why)
            reasons[reason] += 1
            side = "long" if truth.side > 0 else "short"
            print(f"miss ({reason}) {truth.local_symbol} {side} level {truth.level:g}: {why}")
    may = len(truths) - reasons["cool-down"] - reasons["floor"]
    print(
        f"{len(truths)} breakouts, {len(delays)} found: recall {len(delays) / max(len(truths), 1):.3f}; missed: "
        f"{reasons['cool-down']} in the cool-down of a signal of that side, {reasons['floor']} below a floor, "
        f"{reasons['other']} otherwise; recall of those that the rules may signal {len(delays) / max(may, 1):.3f}"
    )
    if delays:
        print(f"delay from the start: median {statistics.median(delays):.0f} s, longest {max(delays):.0f} s")
    every = replay.world.truth(replay.start - 3_600.0, replay.world.now())  # those that ran at the start, too
    stray = [signal for signal in signals if not any(_explains(truth, signal) for truth in every)]
    for signal in stray:
        print(f"stray {signal.local_symbol} {signal.side} {signal.at - replay.start:.0f} s, score {signal.score:.2f}")
    print(f"levels against those of the full bars afterwards: {compare(replay, signals)}")
    top = sum(1 for signal in signals if signal.score >= 0.7)
    print(f"{len(signals)} signals, {top} of 0.7 and more, {len(stray)} outside every breakout")
    print(
        f"cycle over {len(replay.instruments)} symbols, CPU: median {statistics.median(replay.cycles_ms):.1f} ms, "
        f"worst {max(replay.cycles_ms):.1f} ms"
    )


def compare(replay: Replay, signals: list[Signal]) -> str:
    """The level and ATR of each signal, computed anew from the world's own complete bars up to its trigger."""
    off: list[float] = []
    equal = 0
    for signal in signals:
        minute = signal.triggered_at - signal.triggered_at % 60.0
        bars = BarSeries(3_000)
        bars.merge(list(map(_bar, replay.world.bars(signal.con_id, 60, minute - 2 * 86_400.0, minute, False))), HISTORY)
        session = replay.store.session(signal.con_id, signal.triggered_at)
        facts = read_bars(bars.arrays(), session, BreakoutParams(), None)
        long = signal.side == "long"
        level = facts.range_high if long else facts.range_low
        if signal.level_kind == "opening range" and facts.opening is not None:
            level = facts.opening.high if long else facts.opening.low
        if level is None:
            continue
        equal += abs(level - signal.level) < 1e-9
        off.append(abs(level - signal.level) / signal.atr)
    return f"{equal} of {len(off)} equal, the farthest {max(off, default=0.0):.2f} ATR off"


def _reason(truth: Breakout, signals: list[Signal], why: str) -> str:
    side, cool_s = "long" if truth.side > 0 else "short", BreakoutParams().cool_down_min * 60.0
    mine = [signal for signal in signals if signal.con_id == truth.con_id and signal.side == side]
    if any(truth.start - cool_s < signal.at < truth.start for signal in mine):
        return "cool-down"
    return "floor" if any(name in why for name in ("Price floor", "Average volume", "Dollar volume")) else "other"


def _explains(truth: Breakout, signal: Signal) -> bool:
    side = "long" if truth.side > 0 else "short"
    return truth.con_id == signal.con_id and side == signal.side and truth.start <= signal.at <= truth.end + LATE_S


if __name__ == "__main__":
    raise SystemExit(main())
