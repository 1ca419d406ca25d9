"""The preview: today's signals in force against those under moved values, as if each symbol had held a line.

Where a line streamed, its 10-second bars are read from the disk, and the looks are those of live.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import structs

from engine.bars.bar_files import NO_BARS, BarColumns, WantedTens, joined, read_ten_seconds
from engine.bars.hours import Hours, Session
from engine.bars.series import BarArrays
from engine.bars.sessions import ContractHours
from engine.bars.usual import SLOTS, UsualVolume
from engine.breakout.rules import Floors
from engine.config import BreakoutParams
from engine.errors import StateError
from engine.lab.features import Features
from engine.lab.histograms import Histograms
from engine.lab.messages import AskAudit, AskPreview, AuditAnswer, LoadToday, PreviewAnswer, SymbolMinutes
from engine.lab.replay import replay
from engine.lab.stack import stack_tapes
from engine.lab.stepwise import LabSignal
from engine.lab.summary import Judged, Outcomes
from engine.lab.tape import Around, Tape, make_tape
from engine.outcomes.comparison import SAME_S
from engine.outcomes.figures import THIRTY, figures
from engine.state.lab_sections import Histogram, Moved
from engine.storage.encodable import path_of

log = logging.getLogger("qtrade.lab")

MOST_LISTED = 40
MOST_SETS = 6


class _Part:
    """Some of the symbols as a stack of their own. `offset` = number of its first symbol among those of all parts."""

    def __init__(self, tapes: Mapping[int, Tape], offset: int) -> None:
        self.con_ids = list(tapes)
        self._offset = offset
        self._features = Features(stack_tapes(list(tapes.values())))
        self._outcomes = Outcomes(self._features)
        self._histograms = Histograms(self._features)
        self._judged: dict[tuple[BreakoutParams, float], list[Judged]] = {}

    def signals(self, params: BreakoutParams, usd_floor: float) -> list[Judged]:
        """Under one set; `LabSignal.tape` counts through all parts."""
        key = (params, usd_floor)
        known = self._judged.pop(key, None)
        if known is None:
            if len(self._judged) >= MOST_SETS:
                del self._judged[next(iter(self._judged))]  # the one that was asked for longest ago
            floors = Floors(params.price_floor_usd, float(params.avg_volume_floor), usd_floor)
            known = self._outcomes.judge(replay(self._features, params, floors))
            if self._offset:
                known = [structs.replace(each, signal=self._renumbered(each.signal)) for each in known]
        self._judged[key] = known
        return known

    def histograms(self, params: BreakoutParams, usd_floor: float) -> tuple[Histogram, ...]:
        return self._histograms.of(params, self.signals(params, usd_floor))

    def _renumbered(self, signal: LabSignal) -> LabSignal:
        return signal._replace(tape=signal.tape + self._offset)


class Today:
    """Today's bars of all symbols, and the signals under the newest sets asked for.

    Symbols whose bars go on from minute to minute (their lines stream) are a part of their own: what is known of the
    others stays.
    """

    def __init__(self) -> None:
        self._tapes: dict[int, Tape] = {}
        self._moving: set[int] = set()  # whose line has streamed today, or whose bars came again
        self._still: _Part | None = None  # None = to be made anew
        self._running: _Part | None = None
        self._day_start = 0.0
        self._tens: dict[int, BarColumns] = {}  # the 10-second bars of today that were read

    def load(self, message: LoadToday) -> None:
        """Take part of the bars; symbols that came before are replaced."""
        if message.is_first:
            self._tapes.clear()
            self._tens.clear()
            self._moving.clear()
            self._still = None
        self._running = None
        self._day_start = message.day_start
        tens = self._read_tens(message)
        for symbol in message.symbols:
            con_id = symbol.con_id
            tape = tape_of(symbol, message.day_start, tens.get(con_id))
            if con_id not in self._moving:
                self._still = None
                if con_id in self._tapes or (tape is not None and tape.looks is not None):
                    self._moving.add(con_id)
            if tape is not None:
                self._tapes[con_id] = tape
            else:
                self._tapes.pop(con_id, None)

    def _parts(self) -> list[_Part]:
        if self._still is None:
            tapes = {con_id: tape for con_id, tape in self._tapes.items() if con_id not in self._moving}
            self._still, self._running = _Part(tapes, 0), None
        if self._running is None:
            tapes = {con_id: tape for con_id, tape in self._tapes.items() if con_id in self._moving}
            self._running = _Part(tapes, len(self._still.con_ids))
        return [part for part in (self._still, self._running) if part.con_ids] or [self._still]

    def _read_tens(self, message: LoadToday) -> dict[int, BarColumns]:
        """Today's 10-second bars of the symbols that came; what was read before is not read again."""
        if not message.folder:
            return {}
        wanted = []
        for symbol in message.symbols:
            begin = max(message.day_start, symbol.tens_from)
            known = self._tens.pop(symbol.con_id, NO_BARS).between(begin, float("inf"))
            if len(known.time):
                self._tens[symbol.con_id] = known
                begin = float(known.time[-1])
            wanted += [WantedTens(symbol.con_id, date, begin) for date in symbol.dates]
        try:
            found = read_ten_seconds(path_of(message.folder), wanted)
        except StateError as error:
            log.warning("Looking at today's minutes once each: %s", error)
            return {}
        for wish, fresh in zip(wanted, found, strict=True):
            if len(fresh.time):
                before = self._tens.get(wish.con_id, NO_BARS).between(float("-inf"), float(fresh.time[0]))
                self._tens[wish.con_id] = joined([before, fresh]) if len(before.time) else fresh
        return {wish.con_id: self._tens[wish.con_id] for wish in wanted if wish.con_id in self._tens}

    def preview(self, ask: AskPreview) -> PreviewAnswer:
        """Raises ValueError when the values make no set of parameters."""
        begun = time.perf_counter()
        in_force, moved = BreakoutParams(**ask.in_force), BreakoutParams(**ask.moved)
        before, after = self._signals(in_force, ask.usd_floor), self._signals(moved, ask.usd_floor)
        new, gone = differences(before, after)
        return PreviewAnswer(
            job=ask.job,
            symbols=len(self._tapes),
            in_force=figures(before),
            moved=figures(after),
            new_total=len(new),
            gone_total=len(gone),
            new=self._lines(new[-MOST_LISTED:]),
            gone=self._lines(gone[-MOST_LISTED:]),
            histograms=_summed([part.histograms(moved, ask.usd_floor) for part in self._parts()]),
            often=sum(tape.looks is not None for tape in self._tapes.values()),
            took_ms=round((time.perf_counter() - begun) * 1e3, 1),
        )

    def audit(self, ask: AskAudit) -> AuditAnswer:
        """Raises ValueError when the values make no set of parameters."""
        judged = self._signals(BreakoutParams(**ask.params), ask.usd_floor)
        con_ids = self._con_ids()
        symbols = tuple(self._tapes[con_id].symbol for con_id in con_ids)
        return AuditAnswer(ask.job, self._day_start, con_ids, symbols, tuple(each.signal for each in judged))

    def _signals(self, params: BreakoutParams, usd_floor: float) -> list[Judged]:
        return [each for part in self._parts() for each in part.signals(params, usd_floor)]

    def _con_ids(self) -> tuple[int, ...]:
        return tuple(con_id for part in self._parts() for con_id in part.con_ids)

    def _lines(self, judged: Sequence[Judged]) -> tuple[Moved, ...]:
        con_ids = self._con_ids()
        return tuple(_line(con_ids[each.signal.tape], each) for each in judged)


def _line(con_id: int, each: Judged) -> Moved:
    after, signal = each.after(THIRTY), each.signal
    move = None if after is None else round(after.move, 3)
    return Moved(con_id, each.symbol, signal.side, signal.at, signal.score, move)


def _summed(parts: Sequence[tuple[Histogram, ...]]) -> tuple[Histogram, ...]:
    """The histograms of all parts together."""
    return tuple(
        Histogram(
            same[0].name,
            tuple(map(sum, zip(*(each.counts for each in same), strict=True))),
            sum(each.below for each in same),
            sum(each.above for each in same),
        )
        for same in zip(*parts, strict=True)
    )


def differences(before: Sequence[Judged], after: Sequence[Judged]) -> tuple[list[Judged], list[Judged]]:
    """(new, gone), each in the order of time; one of the same symbol and side within 5 minutes is the same signal."""
    gone = {_place(each): each for each in before}
    new = [each for each in after if gone.pop(_place(each), None) is None]
    rivals: dict[tuple[int, str], list[Judged]] = {}
    for each in gone.values():
        rivals.setdefault(_place(each)[:2], []).append(each)
    left = []
    for each in new:
        others = rivals.get(_place(each)[:2], [])
        near = [(abs(_at(old) - _at(each)), number) for number, old in enumerate(others)]
        if near and min(near)[0] <= SAME_S:
            del others[min(near)[1]]
        else:
            left.append(each)
    return sorted(left, key=_at), sorted((old for rest in rivals.values() for old in rest), key=_at)


def _place(judged: Judged) -> tuple[int, str, int]:
    return judged.signal.tape, judged.signal.side, judged.signal.bar


def _at(judged: Judged) -> float:
    return judged.signal.at


def tape_of(symbol: SymbolMinutes, day_start: float, tens: BarColumns | None = None) -> Tape | None:
    """The tape of what the engine sent and what is on disk of its 10-second bars; None without a bar of today."""
    columns = np.frombuffer(symbol.columns, dtype="<f8").reshape(6, -1)
    bars = BarArrays(*columns)
    first = int(np.searchsorted(bars.time, day_start))
    if first >= len(bars.time):
        return None
    usual = None
    if len(symbol.usual) == SLOTS * 4:
        usual = UsualVolume(
            np.frombuffer(symbol.usual, dtype="<f4"), symbol.usual_sessions, symbol.usual_daily, symbol.usual_zone
        )
    hours = ContractHours(_hours(symbol.trading, symbol.trading_known), _hours(symbol.liquid, symbol.liquid_known))
    around = Around(hours, symbol.is_us_stock, usual, symbol.average_volume, symbol.floored, tens=tens)
    return make_tape(symbol.symbol, "", bars, first, around)


def _hours(sessions: tuple[tuple[float, float], ...], known: tuple[float, float] | None) -> Hours:
    from_, to = known if known is not None else (None, None)
    return Hours(tuple(Session(*each) for each in sessions), from_, to)
