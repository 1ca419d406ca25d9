"""10-second bars of one streamed symbol, beside its minutes and from the same quotes: pure state, time as an argument.

They are what the live rules could have seen at each look, so that the Lab can look as often. Only while a line stays
with the symbol: a visit of some seconds makes none. Ten seconds without a trade are a flat bar of no volume, written
when the next trade comes; of a longer silence its last 10 minutes. Volume that came while no quote did, not even of bid
and ask, belongs to no 10 s: its bar counts as seen in part. Kept in memory for about an hour, and for minutes once the
line has gone; the keeper of the bars brings them to disk.
"""

from __future__ import annotations

from typing import NamedTuple

from engine.bars.build import BarBuilder, OpenBar
from engine.bars.series import BarSeries

TEN_S = 10.0
WINDOW_S = 60.0
LIMIT = 360
MOST_FLAT = 60
IDLE_S = 300.0
PAUSE_S = 10.0  # bid and ask of a line that is awake tick more often


class _Pause(NamedTuple):
    """No quote between `since` and `until`; `volume` came meanwhile and is in the bar that holds `until`."""

    since: float
    until: float
    volume: float

    def after(self, begin: float) -> float:
        """What of the volume lies after `begin`, spread evenly."""
        return self.volume * max(0.0, self.until - max(self.since, begin)) / (self.until - self.since)


class TenSecondBars:
    """`update` with each quote of a streaming line, `interrupt` when the line goes or turns into a visit."""

    def __init__(self) -> None:
        self.series = BarSeries(LIMIT, TEN_S)
        self._newest_gone: float | None = None  # of those that are on disk alone
        self.known_from = 0.0  # market time before which volume was counted in a wrong unit
        self._builder: BarBuilder | None = None  # None = no line streams
        self._counts_from = float("inf")  # since when all volume was counted
        self._flat: tuple[float, float] | None = None  # first 10 s that are not written yet, and the price until then
        self._quoted_at: float | None = None  # the newest quote of this watch
        self._pauses: list[_Pause] = []  # of about the last minute

    def update(
        self,
        price: float | None,
        day_volume: float | None,
        at_market: float,
        has_trade: bool,
        day_high: float | None,
        day_low: float | None,
    ) -> None:
        """One quote, as `BarBuilder.update` and `extremes` take it."""
        builder = self._builder = self._builder or BarBuilder(TEN_S)
        self.close_due(at_market)
        closed = builder.update(price, day_volume, at_market, has_trade)
        if closed is not None:
            self._append(closed)
        builder.extremes(day_high, day_low)
        if self._flat is None and builder.last is not None:
            self._flat = at_market - at_market % -TEN_S, builder.last
        if builder.day_volume is not None and self._counts_from > at_market:
            self._counts_from = at_market
        self._note_pause(builder.bar, at_market)

    def _note_pause(self, running: OpenBar | None, at_market: float) -> None:
        """After a pause the running bar is a new one: all its volume came with this quote."""
        since, self._quoted_at = self._quoted_at, at_market
        if since is None or at_market - since <= PAUSE_S or running is None or not running.volume:
            return
        running.complete = False
        self._pauses = [pause for pause in self._pauses if pause.until > at_market - WINDOW_S - TEN_S]
        self._pauses.append(_Pause(since, at_market, running.volume))

    def close_due(self, now_market: float) -> None:
        """Close the 10 s that are over."""
        closed = self._builder.close_due(now_market) if self._builder is not None else None
        if closed is not None:
            self._append(closed)

    def interrupt(self) -> None:
        """What comes next is a new beginning; the running 10 s were seen in part."""
        running = self._builder.bar if self._builder is not None else None
        if running is not None:
            running.complete = False
            self._append(running)
        self._builder = self._flat = self._quoted_at = None
        self._counts_from = float("inf")
        self._pauses = []

    def is_idle(self, now_market: float) -> bool:
        """Whether its line has gone so long ago that nobody asks for what it brought."""
        last = self.series.last_time
        return self._builder is None and last is not None and now_market - last > IDLE_S

    def let_go(self) -> None:
        """They are on disk."""
        self._newest_gone = self.series.last_time
        self.series.clear()

    def forget_volume(self, wrong: bool) -> None:
        """The unit of the day's volume changed; `wrong`: what was counted until now had been read in a wrong one."""
        self._counts_from = float("inf")
        self._pauses = []
        if self._builder is not None:
            self._builder.forget_volume()
        if wrong:
            newest = self.series.last_time or self._newest_gone
            self.series.forget_volumes()
            self.known_from = newest + TEN_S if newest is not None else 0.0

    def volume_60s(self, now_market: float) -> float | None:
        """Shares traded in the last 60 s; None where the line has not streamed, its volume known, for all of them.

        Of the 10 s in which that minute begins, and of a pause of the feed, the share that lies within it.
        """
        begin = now_market - WINDOW_S
        if self._counts_from > begin:
            return None
        recent = self.series.recent(int(WINDOW_S / TEN_S) + 1)
        parts = list(zip(recent.time, recent.volume, strict=True))
        running = self._builder.bar if self._builder is not None else None
        if running is not None and running.volume is not None:
            parts.append((running.time, running.volume))
        inside = [(start + TEN_S - begin, volume) for start, volume in parts if start + TEN_S > begin]
        # Unknown (NaN) can only be what came before the volume was counted.
        counted = sum(volume * min(1.0, left / TEN_S) for left, volume in inside if volume == volume)
        return counted + sum(self._moved(pause, begin) for pause in self._pauses)

    @staticmethod
    def _moved(pause: _Pause, begin: float) -> float:
        """What spreading a pause's volume adds to the time since `begin`: nothing, or less than nothing."""
        left = pause.until - pause.until % TEN_S + TEN_S - begin
        return pause.after(begin) - pause.volume * min(1.0, max(0.0, left) / TEN_S)

    def _append(self, bar: OpenBar) -> None:
        """Write a bar, and before it the 10 s of this watch in which nothing traded."""
        if self._flat is not None:
            first, price = self._flat
            start = max(first, bar.time - MOST_FLAT * TEN_S)
            while start < bar.time:
                volume = 0.0 if self._counts_from <= start else None
                self.series.append(OpenBar(start, price, price, price, price, volume, True))
                start += TEN_S
            self._flat = max(first, bar.time + TEN_S), bar.close
        bar.complete = bar.complete and self._counts_from <= bar.time
        self.series.append(bar)
