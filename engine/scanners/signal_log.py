"""Today's signals: all are counted, the newest kept by id; emptied with New York's date."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from engine.clock import NEW_YORK
from engine.domain import Signal
from engine.state.sections import SignalsSection

KEPT = 500


class SignalLog:
    """Signals of one day in the order of their confirmation. Time is an argument."""

    def __init__(self) -> None:
        self._signals: dict[str, Signal] = {}
        self._ids: dict[str, float] = {}  # of all of the day, those no longer kept, too, with their time
        self._day = ""

    def __len__(self) -> int:
        """All of the day."""
        return len(self._ids)

    def note(self, signal: Signal, now_market: float) -> None:
        """A signal that began, or changed to ended; yesterday's, ended by the date, is not kept."""
        self.turn_day(now_market)
        if _day(signal.at) != self._day:
            return
        if signal.id in self._ids and signal.id not in self._signals:
            return  # the end of one that is no longer kept
        self._ids[signal.id] = signal.at
        self._signals[signal.id] = msgspec.structs.replace(signal, inputs=())
        self._keep_newest()

    def restore(self, signals: Iterable[Signal], now_market: float) -> list[Signal]:
        """Signals from the journal: those of today are kept, as ended ones. Returns them."""
        self.turn_day(now_market)
        today = [signal for signal in signals if _day(signal.at) == self._day and signal.at <= now_market]
        for signal in today:
            if signal.id not in self._ids:
                self._ids[signal.id] = signal.at
                self._signals[signal.id] = msgspec.structs.replace(signal, state="ended", inputs=())
        self._signals = dict(sorted(self._signals.items(), key=lambda item: item[1].at))
        self._keep_newest()
        return today

    def rename(self, con_id: int, local_symbol: str) -> None:
        """The symbol of today's signals is called otherwise now; the journal keeps the name of their time."""
        for key, signal in self._signals.items():
            if signal.con_id == con_id:
                self._signals[key] = msgspec.structs.replace(signal, local_symbol=local_symbol)

    def all(self) -> tuple[Signal, ...]:
        """The newest signals of today, oldest first."""
        return tuple(self._signals.values())

    def of(self, con_id: int) -> tuple[Signal, ...]:
        """One symbol's signals, oldest first."""
        return tuple(signal for signal in self._signals.values() if signal.con_id == con_id)

    def section(self, now_market: float) -> SignalsSection:
        self.turn_day(now_market)
        return SignalsSection(signals=tuple(self._signals.values()), total=len(self))

    def turn_day(self, now_market: float) -> bool:
        """Forget what is not of this date; True when the date has just changed."""
        today = _day(now_market)
        if today == self._day:
            return False
        self._signals = {key: signal for key, signal in self._signals.items() if _day(signal.at) == today}
        self._ids = {key: at for key, at in self._ids.items() if _day(at) == today}
        self._day = today
        return True

    def _keep_newest(self) -> None:
        while len(self._signals) > KEPT:
            del self._signals[next(iter(self._signals))]


def _day(at_market: float) -> str:
    return datetime.fromtimestamp(at_market, NEW_YORK).strftime("%Y%m%d")
