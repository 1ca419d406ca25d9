"""Historical data requests, bars that are kept up to date, head timestamps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from simulator import history, texts
from simulator.contracts import Refusal, validation
from simulator.hub import Hub
from simulator.market_time import bar_date, head_text, schedule_time, stamp
from simulator.model import Bar, Instrument
from simulator.pacing import SMALL_BAR_S, HistoryPacing
from simulator.session import Session
from simulator.wire import encode_history as enc
from simulator.wire import requests as rq
from simulator.wire.fields import decimals_of
from simulator.wire.versions import HISTORICAL_SCHEDULE

MAX_OPEN = 50
LIVE_EVERY_S = 1.0
TRADE_BARS = frozenset({"TRADES", "AGGTRADES", "ADJUSTED_LAST"})
UNTRADED = frozenset({"CASH", "CFD", "CMDTY"})  # have quotes only
UNQUOTED = frozenset({"IND"})  # have prices only


@dataclass(slots=True)
class Query:
    """One request that is open: waiting for its answer, or kept up to date. `last` = the running bar as sent."""

    session: Session
    request: rq.HistoricalData
    instrument: Instrument
    span: history.Span
    last: Bar | None = None
    live: bool = False

    @property
    def key(self) -> tuple[int, int]:
        return (self.session.number, self.request.req_id)


class HistoryDesk:
    """Answers after a short delay, as a data farm does; pacing is that of the account."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._queries: dict[tuple[int, int], Query] = {}
        self._pacing = HistoryPacing()
        self._live_due = 0.0

    def request(self, session: Session, request: rq.HistoricalData) -> None:
        hub = self._hub
        if request.what.upper() == "SCHEDULE" and session.version < HISTORICAL_SCHEDULE:
            raise validation(f"Schedule requests need server version {HISTORICAL_SCHEDULE}")
        if (session.number, request.req_id) in self._queries:
            raise Refusal(322, texts.PROCESSING.format(cause=texts.DUPLICATE_ID))
        instrument = hub.directory.resolve(request.contract, request.include_expired)
        span = history.check(request, hub.world.now())
        small_bars = span.bar_s <= SMALL_BAR_S
        hub.ledger.history_opened(session.number, request.req_id, small_bars)
        identical = (replace(request, req_id=-1),)
        hub.ledger.history_asked((instrument.con_id,), identical, small_bars, hub.wall())
        try:
            hub.faults.check("history", instrument.con_id)
            self._pace(instrument, request, span)
            _permission(instrument, request, span)
        except Refusal:
            hub.ledger.history_closed(session.number, request.req_id)
            raise
        query = Query(session, request, instrument, span)
        self._queries[query.key] = query
        session.after(hub.settings.history_delay_s + hub.faults.answer_delay_s, self._answer, query)

    def _pace(self, instrument: Instrument, request: rq.HistoricalData, span: history.Span) -> None:
        if not self._hub.settings.history_pacing:
            return
        if self._hub.ledger.histories_open() > MAX_OPEN:
            self._violation(instrument, f"more than {MAX_OPEN} requests open")
        if span.bar_s > SMALL_BAR_S:
            return
        contract = (instrument.con_id, request.contract.exchange, span.what)
        identical = replace(request, req_id=-1)
        weight = 2 if span.what == "BID_ASK" else 1
        rule = self._pacing.violation(self._hub.wall(), contract, (identical,), weight)
        if rule is not None:
            self._violation(instrument, rule)

    def _violation(self, instrument: Instrument, rule: str) -> None:
        self._hub.ledger.pacing_violation(instrument.con_id, rule, self._hub.wall())
        raise Refusal(162, texts.PACING)

    def _answer(self, query: Query) -> None:
        if self._queries.get(query.key) is not query:
            return
        hub, request = self._hub, query.request
        if query.span.what == "SCHEDULE":
            self._close(query)
            query.session.send(self._schedule(query))
            return
        bars = history.fetch(query.instrument, query.span, request.rth, hub.world.bars)
        if request.keep_up_to_date:
            query.live = True
            query.last = bars[-1] if bars else None
        else:
            self._close(query)
        if not bars:
            self._close(query)
            query.session.error(request.req_id, 162, _no_bars(query))
            return
        version = query.session.version
        rows = [self._row(query, bar) for bar in bars]
        start, end = stamp(version, bars[0].time), stamp(version, query.span.end)
        query.session.send(enc.historical_data(version, request.req_id, start, end, rows))

    def _row(self, query: Query, bar: Bar) -> enc.BarRow:
        daily = query.span.bar_s >= history.DAY_S
        date = bar_date(query.session.version, bar.time, query.request.format_date, daily)
        stock = query.instrument.sec_type == "STK"
        divisor = self._hub.lot(query.instrument)
        finer = 1 if query.span.what in ("MIDPOINT", "BID_ASK") else 0  # halves of a tick, averages
        decimals = max(4, decimals_of(query.instrument.min_tick) + finer)
        return history.to_row(bar, date, query.span.what, stock, divisor, decimals)

    def _schedule(self, query: Query) -> str:
        """In the contract's own zone, as its trading hours."""
        it, world = query.instrument, self._hub.world
        found = history.schedule(query.span, query.request.rth, partial(world.sessions, it.con_id))
        zone = it.time_zone_id
        rows = [(schedule_time(begin, zone), schedule_time(end, zone), f"{day:%Y%m%d}") for begin, end, day in found]
        return enc.historical_schedule(query.request.req_id, zone, rows)

    def cancel(self, session: Session, request: rq.Plain) -> None:
        query = self._queries.get((session.number, request.req_id))
        if query is None:
            raise Refusal(366, texts.UNKNOWN_HISTORY.format(req_id=request.req_id))
        self._close(query)
        raise Refusal(162, texts.HISTORY_CANCELLED.format(req_id=request.req_id))

    def head_timestamp(self, session: Session, request: rq.HeadTimestamp) -> None:
        instrument = self._hub.directory.resolve(request.contract, request.include_expired)
        self._hub.faults.check("history", instrument.con_id)
        if instrument.behaviour in ("no_data", "zero_price", "refused"):
            raise Refusal(162, texts.HMDS + "No head time stamp")
        text = head_text(self._hub.world.head_time(instrument.con_id), request.format_date)
        session.after(self._hub.settings.history_delay_s, session.send, enc.head_timestamp(request.req_id, text))

    def cancel_head(self, session: Session, request: rq.Plain) -> None:
        """Answered requests are over; a cancel says nothing."""

    def tick(self, wall: float) -> None:
        """Sends the bars that changed, once a second."""
        if wall < self._live_due:
            return
        self._live_due = wall + LIVE_EVERY_S
        for query in list(self._queries.values()):
            if query.live and not self._hub.faults.muted(query.instrument.con_id):
                self._update(query)

    def _update(self, query: Query) -> None:
        world, bar_s = self._hub.world, query.span.bar_s
        start = query.last.time if query.last else world.now() - bar_s
        kind = history.KINDS[query.span.what]
        bars = world.bars(query.instrument.con_id, bar_s, start, world.now(), query.request.rth, kind)
        version = query.session.version
        for bar in bars:
            if bar != query.last:
                query.session.send(enc.historical_update(version, query.request.req_id, self._row(query, bar)))
        query.last = bars[-1] if bars else query.last

    def lose_live(self) -> None:
        """Bars kept up to date die with the farm: 10182, and no update any more."""
        for query in [query for query in self._queries.values() if query.live]:
            self._close(query)
            query.session.error(query.request.req_id, 10182, texts.BARS_LOST)

    def _close(self, query: Query) -> None:
        self._queries.pop(query.key, None)
        self._hub.ledger.history_closed(*query.key)

    def forget(self, session: Session) -> None:
        for key in [key for key in self._queries if key[0] == session.number]:
            del self._queries[key]


def _permission(instrument: Instrument, request: rq.HistoricalData, span: history.Span) -> None:
    """Raises Refusal for what has no history or may not be seen."""
    if instrument.behaviour == "refused":
        raise Refusal(162, texts.NO_PERMISSION)
    if instrument.behaviour in ("no_data", "zero_price"):
        raise Refusal(162, _no_bars_text(instrument, request.contract.exchange, request.what))
    what, sec_type = span.what, instrument.sec_type
    if what in TRADE_BARS and (expected := "AGGTRADES" if sec_type == "CRYPTO" else "TRADES") != what:
        if "AGGTRADES" in (what, expected):
            raise Refusal(10299, texts.OTHER_TRADES.format(expected=expected, asked=what))
    without = UNTRADED if what in TRADE_BARS else UNQUOTED
    if sec_type in without or what in history.NO_DATA:
        shown = "Last" if what in TRADE_BARS else what
        names = {"symbol": instrument.symbol, "sec_type": sec_type, "exchange": request.contract.exchange}
        raise Refusal(162, texts.NO_DATA_OF_KIND.format(**names, what=shown, bar=span.bar_s))


def _no_bars(query: Query) -> str:
    return _no_bars_text(query.instrument, query.request.contract.exchange, query.span.what)


def _no_bars_text(instrument: Instrument, exchange: str, what: str) -> str:
    return texts.NO_BARS.format(local_symbol=instrument.local_symbol, exchange=exchange, what=what.capitalize())
