"""Real-time bars of five seconds (a line each), and the refusal of tick-by-tick data."""

from __future__ import annotations

from dataclasses import dataclass

from simulator import texts
from simulator.contracts import Refusal, validation
from simulator.history import KINDS, QUOTE_BARS
from simulator.history_desk import UNQUOTED, UNTRADED
from simulator.hub import Hub
from simulator.ledger import OpenLine
from simulator.model import Instrument
from simulator.session import Session
from simulator.wire import requests as rq
from simulator.wire.encode_history import BarRow, realtime_bar
from simulator.wire.fields import decimals_of

BAR_S = 5
WHAT = frozenset({"TRADES", "AGGTRADES", "MIDPOINT", "BID", "ASK"})


@dataclass(slots=True)
class BarLine:
    """One reqRealTimeBars. `sent_until` = the start of the next bar to send, market time."""

    session: Session
    request: rq.RealTimeBars
    instrument: Instrument
    sent_until: float

    @property
    def key(self) -> tuple[int, int]:
        return (self.session.number, self.request.req_id)


class RealtimeDesk:
    """Bars are sent when they are complete, on the market's clock."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._lines: dict[tuple[int, int], BarLine] = {}

    def subscribe(self, session: Session, request: rq.RealTimeBars) -> None:
        hub = self._hub
        if (session.number, request.req_id) in self._lines:
            raise Refusal(322, texts.PROCESSING.format(cause=texts.DUPLICATE_ID))
        instrument = hub.directory.resolve(request.contract)
        if request.bar_size_s != BAR_S:
            raise validation("Only bars of 5 seconds are supported")
        if request.what.upper() not in WHAT:
            raise validation(f"Invalid what to show '{request.what}'")
        hub.faults.check("realtime_bars", instrument.con_id)
        if instrument.behaviour in ("refused", "delayed"):
            raise Refusal(420, "Invalid Real-time Query:No market data permissions")
        what = request.what.upper()
        if instrument.sec_type in (UNQUOTED if what in QUOTE_BARS else UNTRADED):
            shown = what if what in QUOTE_BARS else "Last"
            names = {"symbol": instrument.symbol, "sec_type": instrument.sec_type, "exchange": instrument.exchange}
            raise Refusal(420, texts.INVALID_REALTIME.format(**names, what=shown))
        if hub.ledger.lines_used() >= hub.settings.line_limit:
            raise Refusal(101, texts.LINE_LIMIT)
        now = hub.world.now()
        line = BarLine(session, request, instrument, now // BAR_S * BAR_S)
        self._lines[line.key] = line
        opened = OpenLine(*line.key, instrument.con_id, instrument.local_symbol, "bars", hub.wall(), now)
        hub.ledger.line_opened(opened)

    def cancel(self, session: Session, request: rq.Plain) -> None:
        line = self._lines.pop((session.number, request.req_id), None)
        if line is None:
            raise Refusal(300, texts.UNKNOWN_TICKER.format(req_id=request.req_id))
        self._hub.ledger.line_closed(*line.key, self._hub.wall(), self._hub.world.now(), by_client=True)

    def refuse_tick_by_tick(self, session: Session, request: rq.TickByTick) -> None:
        self._hub.directory.resolve(request.contract)
        raise Refusal(10189, "Failed to request tick-by-tick data:No market data permissions")

    def tick(self, _wall: float) -> None:
        now = self._hub.world.now()
        for line in list(self._lines.values()):
            until = now // BAR_S * BAR_S
            if until > line.sent_until and not self._hub.faults.muted(line.instrument.con_id):
                self._send(line, until)

    def _send(self, line: BarLine, until: float) -> None:
        what, rth = line.request.what.upper(), line.request.rth
        bars = self._hub.world.bars(line.instrument.con_id, BAR_S, line.sent_until, until, rth, KINDS[what])
        line.sent_until = until
        divisor, of_quotes = self._hub.lot(line.instrument), what in QUOTE_BARS
        decimals = decimals_of(line.instrument.min_tick) + (what == "MIDPOINT")
        for bar in bars:
            traded = (-1.0, -1.0, -1) if of_quotes else (bar.volume / divisor, bar.wap, bar.count)
            row = BarRow(str(int(bar.time)), bar.open, bar.high, bar.low, bar.close, *traded)
            line.session.send(realtime_bar(line.session.version, line.request.req_id, row, decimals))

    def forget(self, session: Session) -> None:
        for key in [key for key in self._lines if key[0] == session.number]:
            del self._lines[key]

    def lose_all(self) -> None:
        for line in self._lines.values():
            self._hub.ledger.line_closed(*line.key, self._hub.wall(), self._hub.world.now(), by_client=False)
        self._lines.clear()
