"""The preview: today's signals in force against those under moved values, as if each symbol had held a line. Pure."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from engine.bars.hours import Hours, Session
from engine.bars.series import BarArrays
from engine.bars.sessions import ContractHours
from engine.bars.usual import DAY_MIN, UsualVolume
from engine.config import BreakoutParams
from engine.lab.features import Features
from engine.lab.messages import AskPreview, LoadToday, PreviewAnswer, SymbolMinutes
from engine.lab.replay import replay
from engine.lab.stack import stack_tapes
from engine.lab.summary import THIRTY, Judged, Outcomes, figures
from engine.lab.tape import Around, Tape, make_tape
from engine.scanners.rules import Floors
from engine.state.lab_sections import Moved

SAME_S = 300.0  # a signal that only comes a few minutes earlier or later is the same one
MOST_LISTED = 40


class Today:
    """Today's bars of all symbols, and the signals under the newest sets asked for."""

    def __init__(self) -> None:
        self._tapes: dict[int, Tape] = {}
        self._features: Features | None = None
        self._outcomes: Outcomes | None = None
        self._judged: dict[tuple[BreakoutParams, float], list[Judged]] = {}
        self._con_ids: list[int] = []

    def load(self, message: LoadToday) -> None:
        """Take part of the bars; symbols that came before are replaced."""
        if message.is_first:
            self._tapes.clear()
        for symbol in message.symbols:
            tape = tape_of(symbol, message.day_start)
            if tape is not None:
                self._tapes[symbol.con_id] = tape
            else:
                self._tapes.pop(symbol.con_id, None)
        self._features = self._outcomes = None
        self._judged.clear()

    def preview(self, ask: AskPreview) -> PreviewAnswer:
        """Raises ValueError when the values make no set of parameters."""
        begun = time.perf_counter()
        before = self._signals(BreakoutParams(**ask.in_force), ask.usd_floor)
        after = self._signals(BreakoutParams(**ask.moved), ask.usd_floor)
        new, gone = differences(before, after)
        return PreviewAnswer(
            job=ask.job,
            symbols=len(self._con_ids),
            in_force=figures(before),
            moved=figures(after),
            new_total=len(new),
            gone_total=len(gone),
            new=tuple(self._line(each) for each in new[-MOST_LISTED:]),
            gone=tuple(self._line(each) for each in gone[-MOST_LISTED:]),
            took_ms=round((time.perf_counter() - begun) * 1e3, 1),
        )

    def _signals(self, params: BreakoutParams, usd_floor: float) -> list[Judged]:
        if self._features is None or self._outcomes is None:
            self._con_ids = list(self._tapes)
            self._features = Features(stack_tapes(list(self._tapes.values())))
            self._outcomes = Outcomes(self._features)
        key = (params, usd_floor)
        if key not in self._judged:
            if len(self._judged) >= 4:
                self._judged.pop(next(iter(self._judged)))
            floors = Floors(params.price_floor_usd, float(params.avg_volume_floor), usd_floor)
            self._judged[key] = self._outcomes.judge(replay(self._features, params, floors))
        return self._judged[key]

    def _line(self, each: Judged) -> Moved:
        after, signal = each.after[THIRTY], each.signal
        move = None if after is None else round(after.move, 3)
        return Moved(self._con_ids[signal.tape], each.symbol, signal.side, signal.at, signal.score, move)


def differences(before: Sequence[Judged], after: Sequence[Judged]) -> tuple[list[Judged], list[Judged]]:
    """(new, gone), each in the order of time; one of the same symbol and side within 5 minutes is the same signal."""
    places: dict[tuple[int, str], list[Judged]] = {}
    for each in before:
        places.setdefault((each.signal.tape, each.signal.side), []).append(each)
    new = []
    for each in after:
        rivals = places.get((each.signal.tape, each.signal.side), [])
        near = [rival for rival in rivals if abs(rival.signal.at - each.signal.at) <= SAME_S]
        if near:
            rivals.remove(min(near, key=lambda rival: abs(rival.signal.at - each.signal.at)))
        else:
            new.append(each)
    gone = [each for rest in places.values() for each in rest]
    return sorted(new, key=_at), sorted(gone, key=_at)


def _at(judged: Judged) -> float:
    return judged.signal.at


def tape_of(symbol: SymbolMinutes, day_start: float) -> Tape | None:
    """The tape of what the engine sent; None without a bar of today."""
    columns = np.frombuffer(symbol.columns, dtype="<f8").reshape(6, -1)
    bars = BarArrays(*columns)
    first = int(np.searchsorted(bars.time, day_start))
    if first >= len(bars.time):
        return None
    usual = None
    if len(symbol.usual) == DAY_MIN * 4:
        usual = UsualVolume(np.frombuffer(symbol.usual, dtype="<f4"), symbol.usual_sessions, symbol.usual_daily)
    hours = ContractHours(_hours(symbol.trading, symbol.trading_known), _hours(symbol.liquid, symbol.liquid_known))
    around = Around(hours, symbol.is_us_stock, usual, symbol.average_volume, symbol.floored)
    return make_tape(symbol.symbol, "", bars, first, around)


def _hours(sessions: tuple[tuple[float, float], ...], known: tuple[float, float] | None) -> Hours:
    from_, to = known if known is not None else (None, None)
    return Hours(tuple(Session(*each) for each in sessions), from_, to)
