"""BarStore: the one place where bars are made and kept; scanners, charts and positions read from here.

Runs in the engine thread. All times are market time unless a name says otherwise. Bounded: `max_symbols` symbols,
two sessions of 1-minute bars each, and the newest hour of 10-second bars of those that stream.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from engine.bars.build import BAR_S, BarBuilder, OpenBar, bar_start
from engine.bars.known_spans import KnownSpans
from engine.bars.packed_bars import PackedBars
from engine.bars.print_filter import PrintFilter
from engine.bars.series import HISTORY, PARTIAL, SAMPLED, BarArrays, BarSeries, Floats
from engine.bars.sessions import ContractHours, RunningSession, hours_of, is_us_stock, running_session
from engine.bars.ten_second import TenSecondBars
from engine.bars.trading_day import TradingDays, trading_days
from engine.bars.usual import UsualVolume
from engine.clock import NEW_YORK, zone_of
from engine.domain import Bar, BarSource, ContractInfo, ContractRef, Quote
from engine.prices.live_price import live_price

BARS_LIMIT = 2 * 1_440  # two sessions, the longest being a future's 23 hours
SILENCE_S = 90.0  # without word from the bus: a line silent for so long may have been lost
REWIND_S = 120.0  # a market clock that stepped back further than this starts the symbol anew
EVENING_S = 4 * 3_600.0  # from the end of a US stock's day (20:00 New York) to midnight, before today's hours begin


@dataclass(slots=True)
class SymbolBars:
    """All that is kept of one contract."""

    contract: ContractRef
    series: BarSeries
    builder: BarBuilder = field(default_factory=BarBuilder)
    prints: PrintFilter = field(default_factory=PrintFilter)
    daily: PackedBars = PackedBars()
    half_hours: PackedBars = PackedBars()  # of 20 days, all hours; none = not asked for
    usual: UsualVolume | None = None
    hours: ContractHours | None = None
    streaming: bool = False
    last_update: float = 0.0
    covered: KnownSpans = field(default_factory=KnownSpans)  # whose bars are known
    message: str = ""  # why bars are missing
    session: RunningSession | None = None
    session_checked: float = -1.0
    line_from: float = 0.0  # when its present line, or its last one, began to tick
    visited_at: float = -1.0  # newest quote of a visit
    ten_seconds: TenSecondBars | None = None  # None = no line has ever streamed


class BarStore:
    """Bars per con_id. `on_closed` is called with (con_id) after each minute that closes from ticks."""

    def __init__(self, max_symbols: int = 2_000, on_closed: Callable[[int], None] | None = None) -> None:
        self._max_symbols = max_symbols
        self._on_closed = on_closed
        self._symbols: dict[int, SymbolBars] = {}
        self._open: set[int] = set()
        self._in_tens: set[int] = set()  # whose 10-second bars go on
        self._lines: frozenset[int] | None = None
        self._us_hours: ContractHours | None = None
        self._told: dict[int, tuple[str, ContractHours]] = {}  # by details, also of what has no bars: type and hours
        self.allow_delayed = False

    # --- what comes in ------------------------------------------------------------------------------------------

    def add(self, contract: ContractRef) -> SymbolBars:
        """Make room for a contract (again: its newest description). The oldest silent symbol goes when it is full."""
        known = self._symbols.get(contract.con_id)
        if known is not None:
            known.contract = contract
            return known
        if len(self._symbols) >= self._max_symbols:
            self._drop_oldest()
        entry = self._symbols[contract.con_id] = SymbolBars(contract, BarSeries(BARS_LIMIT))
        return entry

    def rename(self, contract: ContractRef) -> None:
        """The same contract under another name; its bars go to disk with it at the next save."""
        entry = self._symbols.get(contract.con_id)
        if entry is not None:
            entry.contract = entry.contract.named_as(contract)
            entry.series.version += 1

    def remove(self, con_id: int) -> None:
        self._symbols.pop(con_id, None)
        self._open.discard(con_id)
        self._in_tens.discard(con_id)

    def set_hours(self, info: ContractInfo) -> None:
        """Trading hours from contract details; a US stock's also serve the stocks whose details nobody asked for."""
        entry = self._symbols.get(info.contract.con_id)
        hours = hours_of(info)
        self._told[info.contract.con_id] = (info.contract.sec_type, hours)
        if entry is not None:
            entry.hours, entry.session_checked = hours, -1.0
        is_us = is_us_stock(info.contract) and zone_of(info.time_zone) == NEW_YORK
        if is_us and hours.trading.sessions and hours != self._us_hours:
            self._us_hours = hours
            for other in self._symbols.values():
                other.session_checked = -1.0

    @property
    def us_hours(self) -> ContractHours | None:
        """Trading hours of US stocks as some contract's details told them; None = not yet."""
        return self._us_hours

    def on_quote(self, quote: Quote, now_market: float, has_trade: bool = True) -> None:
        """Take one quote. Traded prices make bars, mids those of what never trades; nothing frozen, no prior close."""
        entry = self._symbols.get(quote.con_id)
        if entry is None or live_price(quote, entry.contract.sec_type) is None:
            return
        if quote.data_type != "live" and not (self.allow_delayed and quote.data_type == "delayed"):
            return
        builder = entry.builder
        if now_market < entry.last_update - REWIND_S:
            self._restart(entry)
        elif self._lines is None and entry.streaming and now_market - entry.last_update > SILENCE_S:
            self._lost(entry, entry.last_update)
        if not entry.streaming:
            self._begin(entry, now_market)
        entry.last_update = now_market
        entry.visited_at = now_market if quote.lane == "visited" else entry.visited_at
        closed = builder.close_due(now_market)
        if closed is not None:
            self._keep(entry, closed)
        price = quote.price if quote.last is None else entry.prints.price(quote, now_market, has_trade)
        closed = builder.update(price, quote.volume, now_market, has_trade)
        if closed is not None:
            self._keep(entry, closed)
        builder.extremes(quote.high, quote.low)
        self._take_tens(entry, quote, price, now_market, has_trade)
        if builder.late is not None:
            entry.series.complete(builder.late)
            builder.late = None
        if builder.bar is not None:
            self._open.add(quote.con_id)

    def sync_lines(self, live: Collection[int], now_market: float) -> None:
        """Which contracts hold a live line now (call each second): bars of the others have a gap from here on."""
        lines = frozenset(live)
        if self._lines is not None:
            for con_id in self._lines - lines:
                entry = self._symbols.get(con_id)
                if entry is not None and entry.streaming:
                    self._lost(entry, now_market)
        self._lines = lines
        for con_id in lines:
            entry = self._symbols.get(con_id)
            if entry is not None and entry.streaming and entry.last_update < now_market:
                entry.covered.reach(now_market)

    def on_disconnected(self, now_market: float) -> None:
        """Every line is gone."""
        for entry in self._symbols.values():
            if entry.streaming:
                self._lost(entry, max(entry.last_update, entry.covered.newest))
        if self._lines is not None:
            self._lines = frozenset()

    def close_due(self, now_market: float) -> list[int]:
        """Close every minute that is over, trade or no trade. Call each second. Returns the con_ids."""
        done: list[int] = []
        for con_id in self._open:
            entry = self._symbols[con_id]
            closed = entry.builder.close_due(now_market)
            if closed is not None:
                self._keep(entry, closed)
                done.append(con_id)
        self._open.difference_update(done)
        for con_id in self._in_tens:
            tens = self._symbols[con_id].ten_seconds
            if tens is not None:
                tens.close_due(now_market)
        return done

    def merge_history(
        self,
        con_id: int,
        bars: Sequence[Bar],
        asked_market: float,
        source: BarSource = "history",
        covers_from: float | None = None,
    ) -> None:
        """Join 1-minute bars (volume in shares or None) asked for at `asked_market`, oldest first.

        `covers_from` is the moment from which the answer tells all (None = its first bar). The minute in which it was
        asked is taken as seen in part.
        """
        entry = self._symbols.get(con_id)
        if entry is None:
            return
        running = bar_start(asked_market)
        whole = [bar for bar in bars if bar.time < running]
        entry.series.merge(whole, SAMPLED if source == "sampled" else HISTORY)
        if bars or covers_from is not None:
            start = covers_from if covers_from is not None else bars[0].time
            entry.covered.cover(min(start, asked_market), asked_market)
        for bar in bars:
            if bar.time >= running:
                self._adopt(entry, bar)
        entry.session_checked = -1.0

    def restore(self, con_id: int, rows: Floats, spans: Sequence[Sequence[float]], daily: Sequence[Bar]) -> None:
        """Join what an earlier run kept: the columns of `BarSeries.rows`, the spans whose bars are known, the days."""
        entry = self._symbols.get(con_id)
        if entry is None:
            return
        entry.series.merge_rows(rows)
        for start, end in spans:
            entry.covered.cover(start, end)
        if not entry.daily:
            entry.daily = PackedBars(daily)
        entry.session_checked = -1.0

    def set_half_hours(self, con_id: int, bars: Sequence[Bar]) -> None:
        """The broker's bars of half an hour, oldest first."""
        entry = self._symbols.get(con_id)
        if entry is not None:
            entry.half_hours = PackedBars(bars)

    def set_daily(self, con_id: int, bars: Sequence[Bar]) -> None:
        """Daily bars, oldest first, at midnight UTC of the exchange's date."""
        entry = self._symbols.get(con_id)
        if entry is not None:
            entry.daily = PackedBars(bars)

    def set_usual(self, con_id: int, usual: UsualVolume | None) -> None:
        entry = self._symbols.get(con_id)
        if entry is not None:
            entry.usual = usual
            entry.series.version += 1

    def on_unit_changed(self, con_ids: Collection[int], wrong: Collection[int] = ()) -> None:
        """The day's volume of these comes in another unit from now on; of `wrong` it had been read in a wrong one."""
        for con_id in (*con_ids, *wrong):
            entry = self._symbols.get(con_id)
            if entry is None:
                continue
            entry.builder.forget_volume()
            if entry.ten_seconds is not None:
                entry.ten_seconds.forget_volume(con_id in wrong)
            if con_id in wrong:
                entry.series.forget_volumes()
                entry.covered = KnownSpans()
                if entry.streaming:
                    entry.covered.begin(entry.last_update)

    def set_message(self, con_id: int, message: str) -> None:
        entry = self._symbols.get(con_id)
        if entry is not None:
            entry.message = message

    # --- what is read -------------------------------------------------------------------------------------------

    def __contains__(self, con_id: int) -> bool:
        return con_id in self._symbols

    def __len__(self) -> int:
        return len(self._symbols)

    def con_ids(self) -> list[int]:
        return list(self._symbols)

    def get(self, con_id: int) -> SymbolBars | None:
        return self._symbols.get(con_id)

    def contract(self, con_id: int) -> ContractRef | None:
        entry = self._symbols.get(con_id)
        return entry.contract if entry is not None else None

    def bars(self, con_id: int, count: int | None = None) -> list[Bar]:
        """The newest `count` bars, oldest first; the running minute is the last one, with `closed` false."""
        entry = self._symbols.get(con_id)
        if entry is None:
            return []
        running = entry.builder.bar
        out = entry.series.bars(count if count is None or running is None else count - 1)
        if running is not None:
            out.append(
                Bar(
                    running.time,
                    running.open,
                    running.high,
                    running.low,
                    running.close,
                    running.volume,
                    "streamed",
                    False,
                )
            )
        return out

    def arrays(self, con_id: int) -> BarArrays | None:
        """Closed bars as numpy views; None for an unknown contract."""
        entry = self._symbols.get(con_id)
        return entry.series.arrays() if entry is not None else None

    def running(self, con_id: int) -> OpenBar | None:
        """The minute that has not closed yet; not to be changed."""
        entry = self._symbols.get(con_id)
        return entry.builder.bar if entry is not None else None

    def volume_60s(self, con_id: int, now_market: float) -> float | None:
        """Shares traded in the last 60 s; None where its line has not streamed for the whole of them, volume known."""
        entry = self._symbols.get(con_id)
        tens = entry.ten_seconds if entry is not None else None
        return tens.volume_60s(now_market) if tens is not None else None

    def version(self, con_id: int) -> int:
        """Grows whenever the closed bars (or their base) change."""
        entry = self._symbols.get(con_id)
        return entry.series.version if entry is not None else -1

    def session(self, con_id: int, now_market: float) -> RunningSession | None:
        """The session to judge by: looked up when one ends, without an end once a minute, and when hours come."""
        entry = self._symbols.get(con_id)
        if entry is None:
            return None
        minute = bar_start(now_market)
        if entry.session is None or (entry.session_checked != minute and not _runs_on(entry, now_market)):
            stock = is_us_stock(entry.contract)
            hours = self.hours_of(entry)
            entry.session = running_session(now_market, hours, stock, entry.series.arrays().time)
            entry.session_checked = minute
        return entry.session

    def hours_of(self, entry: SymbolBars) -> ContractHours:
        """The contract's own hours, else those of US stocks for one; empty ones when nobody told."""
        stock = is_us_stock(entry.contract)
        return entry.hours or (self._us_hours if stock else None) or ContractHours()

    def was_closed(self, con_id: int, start: float, end: float) -> bool:
        """Whether the hours say that nothing could trade in [start, end]; their text begins with today."""
        entry = self._symbols.get(con_id)
        trading = self.hours_of(entry).trading if entry is not None else None
        if trading is None or not trading.sessions or not trading.knows(end) or trading.known_from is None:
            return False
        open_then = any(session.open < end and session.close > start for session in trading.sessions)
        return not open_then and start >= trading.known_from - EVENING_S

    def in_regular_hours(self, con_id: int, now_market: float, for_s: float = 60.0) -> bool:
        """Whether the hours say that regular trading is on, and has been for so long; False while they are unknown."""
        entry = self._symbols.get(con_id)
        if entry is None:
            return False
        liquid = self.hours_of(entry).liquid
        return liquid.at(now_market) is not None and liquid.at(now_market) == liquid.at(now_market - for_s)

    def trading_days(self, con_id: int, sec_type: str = "") -> TradingDays:
        """Which trade date a moment belongs to, for this contract; by its type (STK when "") while it isn't known."""
        entry, told = self._symbols.get(con_id), self._told.get(con_id)
        if told is not None and (entry is None or entry.hours is None):
            return trading_days(told[0], told[1].trading, told[1].time_zone)
        if entry is not None:
            hours = self.hours_of(entry)
            return trading_days(entry.contract.sec_type, hours.trading, hours.time_zone)
        us = self._us_hours if sec_type in ("", "STK") else None
        hours = us or ContractHours()
        return trading_days(sec_type or "STK", hours.trading, hours.time_zone)

    def with_bars(self) -> int:
        """How many symbols have bars."""
        return sum(1 for entry in self._symbols.values() if len(entry.series))

    def gap_start(self, con_id: int, now_market: float, within_s: float = 2 * 3_600.0) -> float | None:
        """Where the newest stretch without bars begins, of those within the last `within_s`; None = no gap.

        A minute without a trade is no gap: only times when neither a line nor a history answer covered it.
        """
        entry = self._symbols.get(con_id)
        return entry.covered.first_gap(now_market - within_s) if entry is not None else None

    # --- inside -------------------------------------------------------------------------------------------------

    def _begin(self, entry: SymbolBars, now_market: float) -> None:
        entry.streaming, entry.line_from = True, now_market
        entry.covered.begin(now_market)

    def _lost(self, entry: SymbolBars, at: float) -> None:
        entry.streaming = False
        entry.covered.reach(min(at, entry.last_update))
        entry.builder.interrupt()
        self._end_tens(entry)
        entry.series.mark_partial(bar_start(at), at)

    def _take_tens(
        self, entry: SymbolBars, quote: Quote, price: float | None, now_market: float, has_trade: bool
    ) -> None:
        """The same quote for the 10-second bars; a visit makes none."""
        if quote.lane == "streaming":
            tens = entry.ten_seconds = entry.ten_seconds or TenSecondBars()
            tens.update(price, quote.volume, now_market, has_trade, quote.high, quote.low)
            self._in_tens.add(quote.con_id)
        elif quote.con_id in self._in_tens:
            self._end_tens(entry)

    def _end_tens(self, entry: SymbolBars) -> None:
        self._in_tens.discard(entry.contract.con_id)
        if entry.ten_seconds is not None:
            entry.ten_seconds.interrupt()

    def _keep(self, entry: SymbolBars, bar: OpenBar) -> None:
        entry.series.append(bar)
        if entry.streaming:
            entry.covered.reach(bar.time + BAR_S)
        if self._on_closed is not None:
            self._on_closed(entry.contract.con_id)

    def _adopt(self, entry: SymbolBars, bar: Bar) -> None:
        running = entry.builder.bar
        late = running is not None and running.time > bar.time
        last = entry.series.last_time
        if late or (last is not None and last >= bar.time):
            entry.series.merge([bar], PARTIAL)
            return
        complete = running is not None and running.time == bar.time and running.complete
        entry.builder.adopt(OpenBar(bar.time, bar.open, bar.high, bar.low, bar.close, bar.volume, complete))
        self._open.add(entry.contract.con_id)

    def _restart(self, entry: SymbolBars) -> None:
        """The market clock was set back: bars from its future are not kept."""
        entry.builder, entry.ten_seconds = BarBuilder(), None
        self._in_tens.discard(entry.contract.con_id)
        entry.series.clear()
        entry.covered = KnownSpans()
        entry.streaming = False
        entry.session_checked = -1.0

    def _drop_oldest(self) -> None:
        silent = [con_id for con_id, entry in self._symbols.items() if not entry.streaming]
        self.remove(silent[0] if silent else next(iter(self._symbols)))


def _runs_on(entry: SymbolBars, now_market: float) -> bool:
    """Whether the session found before still runs, and nothing came that could tell better."""
    session = entry.session
    if session is None or session.end is None or entry.session_checked < 0:
        return False
    return session.start <= now_market < session.end
