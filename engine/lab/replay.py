"""The fast replay: triggers of all tapes at once, then the life of each breakout along the closes of its tape.

Gives the signals of `engine.lab.stepwise`, decision by decision; a property test holds the two together. Only ATR (and
what is measured in it) differs, in the twelfth digit.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from engine.bars.indicators import finite
from engine.bars.series import BarArrays
from engine.breakout.carry import atr_of
from engine.breakout.life import SIDES
from engine.breakout.rules import Floors, Frozen, is_beyond
from engine.breakout.score import Inputs, breakout_score
from engine.config import BreakoutParams
from engine.domain import Side
from engine.lab.features import BLOCK, Features
from engine.lab.judge import ROUNDING, Trigger, triggers
from engine.lab.often import often_replay
from engine.lab.stepwise import LabSignal

BAR_S = 60.0


def replay(features: Features, params: BreakoutParams, floors: Floors) -> list[LabSignal]:
    """All signals of the stack, tape by tape, each tape's in the order of time."""
    found = often_replay(features, params, floors)
    tapes = features.stack.tapes
    for side in SIDES:
        for number, looks in enumerate(triggers(features, side, params, floors)):
            if looks and tapes[number].looks is None:
                found += _Life(features, number, side, params, looks).run()
    return sorted(found, key=lambda signal: (signal.tape, signal.at, signal.side))


@dataclass(slots=True)
class _Running:
    """A breakout under way. `begun` = number of the bar that triggered, `bars` = closed beyond so far."""

    frozen: Frozen
    begun: int
    bars: int = 0


class _Life:
    """One tape and side: the tracker's states over the closes of the tape (`engine.breakout.life`)."""

    def __init__(
        self, features: Features, number: int, side: Side, params: BreakoutParams, looks: list[Trigger]
    ) -> None:
        self._features = features
        self._number = number
        self._side: Side = side
        self._params = params
        self._looks = looks
        self._numbers = [look.bar for look in looks]
        self._sign = 1.0 if side == "long" else -1.0
        lists = features.lists(number)
        self._time, self._close = lists.time, lists.close
        self._toward = lists.close if side == "long" else lists.down
        self._ranges = features.atr(params.atr_length)[number]
        self._lows = lists.lows if side == "long" else lists.down_lows
        self._cool_s = params.cool_down_min * 60.0
        self._last: int | None = None  # bar of the newest signal
        self._signals: list[LabSignal] = []

    def run(self) -> list[LabSignal]:
        """All signals of this tape and side."""
        index = 0
        while (look := self._next(index)) is not None:
            index = self._confirm(look)
        return self._signals

    def _next(self, index: int) -> Trigger | None:
        """The first trigger from `index` on whose cool-down is over."""
        place = bisect_left(self._numbers, index)
        while place < len(self._looks) and not self._is_cool(self._looks[place].bar):
            place += 1
        return self._looks[place] if place < len(self._looks) else None

    def _is_cool(self, index: int) -> bool:
        return self._last is None or self._time[index] - self._time[self._last] >= self._cool_s

    def _begin(self, look: Trigger) -> _Running:
        return _Running(Frozen(look.level, look.level_kind, float(self._ranges[look.bar])), look.bar)

    def _confirm(self, look: Trigger) -> int:
        """Follow a breakout from its trigger; returns the bar from which the next one may trigger."""
        params, running = self._params, self._begin(look)
        if params.confirm_bars > 0:
            return self._confirm_by_bars(running)
        if params.confirm_s == 0:
            return self._run_signal(running, look.bar)
        for index in range(look.bar + 1, len(self._close)):
            if not self._is_beyond(running, index):
                return index  # may trigger again at this very look, by another level
            if self._time[index] - self._time[look.bar] >= params.confirm_s:
                return self._run_signal(running, index)
        return len(self._close)

    def _confirm_by_bars(self, running: _Running) -> int:
        for index in range(running.begun, len(self._close)):
            if not self._is_beyond(running, index):
                return index + 1
            running.bars += 1
            if running.bars >= self._params.confirm_bars:
                return self._run_signal(running, index)
        return len(self._close)

    def _run_signal(self, running: _Running, index: int) -> int:
        """The signal runs from bar `index` on; returns the bar at which it ended."""
        self._keep(running, index)
        by_bars, hold_s = self._params.confirm_bars > 0, self._params.alert_hold_s
        renewal: _Running | None = None
        inside_since: float | None = None
        again = self._next(index + 1)  # the next look at which the symbol may break out again
        at = index
        while (at := at + 1) < len(self._close):
            level = self._sign * running.frozen.level
            if renewal is None and inside_since is None:
                at = self._quiet_until(at, level, again)
                if at >= len(self._close):
                    break
            if self._toward[at] <= level:
                now = self._time[at]
                inside_since = now if inside_since is None else inside_since
                if now - inside_since >= hold_s:
                    return at
            else:
                inside_since = None
                if renewal is not None and not by_bars:
                    renewal, running = self._renewing(renewal, running, at)
                    again = again if renewal is not None else self._next(at)
            if renewal is None and again is not None and at == again.bar:
                renewal = self._begin(again)
            if renewal is not None and by_bars:
                renewal, running = self._renewing(renewal, running, at)
                again = again if renewal is not None else self._next(at + 1)
        return len(self._close)

    def _quiet_until(self, at: int, level: float, again: Trigger | None) -> int:
        """The next bar at which the price is back inside, or the symbol may break out again."""
        end = again.bar if again is not None else len(self._close)
        toward, lows = self._toward, self._lows
        while at < end:
            if at % BLOCK == 0 and lows[at // BLOCK] > level:
                at += BLOCK
            elif toward[at] <= level:
                return at
            else:
                at += 1
        return end

    def _renewing(self, renewal: _Running, running: _Running, at: int) -> tuple[_Running | None, _Running]:
        """The further breakout at this look: dropped, waiting, or confirmed and now the one that runs."""
        params = self._params
        if not self._is_beyond(renewal, at):
            return None, running
        if params.confirm_bars > 0:
            renewal.bars += 1
            done = renewal.bars >= params.confirm_bars
        else:
            done = self._time[at] - self._time[renewal.begun] >= params.confirm_s
        if not done:
            return renewal, running
        self._keep(renewal, at)
        return None, renewal

    def _keep(self, running: _Running, index: int) -> None:
        stack, frozen = self._features.stack, running.frozen
        surge, rel = finite(stack.surge[self._number, index]), finite(stack.rel[self._number, index])
        last = self._close[index]
        signal = LabSignal(
            self._number, self._side, index, self._time[index] + BAR_S, self._time[running.begun] + BAR_S,
            frozen.level, frozen.kind, last, frozen.atr, self._score(last, frozen, rel, surge), rel, surge,
        )  # fmt: skip
        self._last = index
        self._signals.append(signal)

    def _score(self, last: float, frozen: Frozen, rel: float | None, surge: float | None) -> float:
        """Bars tell neither a spread nor an age."""
        distance = self._sign * (last - frozen.level) / frozen.atr if frozen.atr else None
        return round(breakout_score(Inputs(distance, rel, surge), self._params), 4)

    def _is_beyond(self, running: _Running, at: int) -> bool:
        """`rules.is_beyond`; where rounding could decide, with the ATR that the live rules compute."""
        frozen, toward = running.frozen, self._toward[at]
        room = toward - self._sign * frozen.level - self._params.buffer_atr * frozen.atr
        if abs(room) > ROUNDING * abs(toward):
            return room > 0
        bars = self._features.stack.tapes[self._number].bars
        before = BarArrays(*(column[: running.begun] for column in bars))
        exact = frozen._replace(atr=atr_of(before, self._params.atr_length) or 0.0)
        return is_beyond(self._side, self._close[at], exact, self._params)
