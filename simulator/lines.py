"""Market data lines: reqMktData, its first ticks, and the pump that sends what changed four times a second."""

from __future__ import annotations

from dataclasses import dataclass, field

from simulator import generic_ticks, greeks, texts
from simulator.contracts import Refusal
from simulator.hours import is_open
from simulator.hub import Hub
from simulator.ledger import OpenLine
from simulator.model import Bar, Instrument, QuoteState, mark_of
from simulator.session import Session
from simulator.ticks import TickFormat, changes, first_group, rt_volume, second_group
from simulator.wire import encode_ticks as tk
from simulator.wire import requests as rq
from simulator.wire.fields import decimals_of, number
from simulator.wire.versions import FRACTIONAL_SIZES

FIRST_GROUP_S = 0.12
SECOND_GROUP_S = 0.25
GENERIC_S = 0.35
YEAR_S = 366 * 86400.0
MARK_TICKS = frozenset({"221", "232"})
VWAP_EVERY = 20  # pumps between two looks at the day's average price
MODEL_EVERY = 8  # pumps between two looks at an option's model


@dataclass(slots=True)
class Line:
    """One reqMktData. `sent` None = the first ticks are not out yet. `vwap` is the day's, for RTVolume."""

    session: Session
    instrument: Instrument
    fmt: TickFormat
    request: rq.MarketData
    asked_type: int
    data_type: int = tk.LIVE
    sent: QuoteState | None = None
    vwap: float | None = None
    pumps: int = field(default=0)
    marked: bool = False  # the mark price was asked for
    model: str = ""  # what an option's model said last

    @property
    def key(self) -> tuple[int, int]:
        return (self.session.number, self.request.req_id)


class LineDesk:
    """All lines of all clients; the limit is the account's, so it counts them together."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._lines: dict[tuple[int, int], Line] = {}
        self._rerouted: set[tuple[int, int]] = set()

    # requests

    def subscribe(self, session: Session, request: rq.MarketData) -> None:
        hub = self._hub
        if (session.number, request.req_id) in self._lines:
            raise Refusal(322, texts.PROCESSING.format(cause=texts.DUPLICATE_ID))
        instrument = hub.directory.resolve(request.contract)
        hub.ledger.line_asked(instrument.con_id, hub.wall())
        generic_ticks.check(request.generic_ticks, request.snapshot or request.regulatory_snapshot)
        hub.faults.check("market_data", instrument.con_id)
        if instrument.sec_type == "CFD" and instrument.under_con_id:
            self._reroute(session, request, instrument)
            return
        delayed = self._permission(session, request, instrument)
        if request.snapshot or request.regulatory_snapshot:
            hub.ledger.bump("snapshots")
        elif hub.ledger.lines_used() >= hub.settings.line_limit:
            raise Refusal(101, texts.LINE_LIMIT)
        line = self._open(session, request, instrument, delayed)
        if hub.faults.competing:
            session.error(request.req_id, 10197, texts.COMPETING)
        self._begin(line, delayed)

    def _reroute(self, session: Session, request: rq.MarketData, instrument: Instrument) -> None:
        """The request stays known and takes no line; the client must ask for the underlying."""
        self._rerouted.add((session.number, request.req_id))
        session.send(tk.reroute(request.req_id, instrument.under_con_id, "SMART"))

    def cancel(self, session: Session, request: rq.Plain) -> None:
        if (session.number, request.req_id) in self._rerouted:
            self._rerouted.discard((session.number, request.req_id))
            return
        line = self._lines.pop((session.number, request.req_id), None)
        if line is None:
            raise Refusal(300, texts.UNKNOWN_TICKER.format(req_id=request.req_id))
        self._hub.ledger.line_closed(*line.key, self._hub.wall(), self._hub.world.now(), by_client=True)

    def set_data_type(self, session: Session, request: rq.MarketDataType) -> None:
        session.data_type = request.data_type

    def _permission(self, session: Session, request: rq.MarketData, instrument: Instrument) -> bool:
        """Whether the line will be delayed. Raises Refusal where the account may not see it."""
        if instrument.behaviour == "refused":
            raise Refusal(354, texts.NOT_SUBSCRIBED_AT_ALL.format(symbol=instrument.symbol))
        if instrument.behaviour != "delayed" and not self._hub.faults.delayed & {0, instrument.con_id}:
            return False
        if session.data_type < tk.DELAYED_TYPE:
            raise Refusal(354, texts.NOT_SUBSCRIBED.format(symbol=instrument.symbol))
        session.error(request.req_id, 10167, texts.DELAYED.format(symbol=instrument.symbol))
        return True

    def _open(self, session: Session, request: rq.MarketData, instrument: Instrument, delayed: bool) -> Line:
        fmt = TickFormat(
            req_id=request.req_id,
            decimals=decimals_of(instrument.min_tick),
            divisor=self._hub.lot(instrument),
            volume_divisor=self._hub.lot(instrument, live_volume=True),
            delayed=delayed,
            fractional=session.version >= FRACTIONAL_SIZES,
            magnifier=instrument.price_magnifier,
            size_decimals=8 if instrument.sec_type == "CRYPTO" else 2,
        )
        line = Line(session, instrument, fmt, request, session.data_type)
        line.marked = bool(MARK_TICKS.intersection(request.generic_ticks))
        self._lines[line.key] = line
        if not request.snapshot and not request.regulatory_snapshot:
            opened = OpenLine(session.number, request.req_id, instrument.con_id, instrument.local_symbol,
                              "stream", self._hub.wall(), self._hub.world.now())  # fmt: skip
            self._hub.ledger.line_opened(opened)
        return line

    # first ticks

    def _begin(self, line: Line, delayed: bool) -> None:
        line.data_type = self._type_now(line, delayed)
        line.session.send(tk.market_data_type(line.request.req_id, line.data_type))
        line.session.send(tk.tick_req_params(line.request.req_id, number(line.instrument.min_tick), "9c0001", 3))
        line.session.after(FIRST_GROUP_S, self._first, line)

    def _type_now(self, line: Line, delayed: bool) -> int:
        if delayed:
            return tk.DELAYED_TYPE
        if line.asked_type not in (tk.FROZEN, tk.DELAYED_FROZEN):
            return tk.LIVE
        con_id, zone = line.instrument.con_id, line.instrument.time_zone_id
        hours = self._hub.world.trading_hours(con_id, liquid=False)
        return tk.LIVE if is_open(hours, zone, self._hub.world.now()) else tk.FROZEN

    def _is_open(self, line: Line) -> bool:
        return self._lines.get(line.key) is line

    def _quote(self, line: Line) -> QuoteState | None:
        con_id = line.instrument.con_id
        if line.instrument.behaviour == "no_data" or self._hub.faults.muted(con_id):
            return None
        return self._hub.faults.halted.get(con_id) or self._hub.world.quote(con_id)

    def _send(self, line: Line, messages: list[str]) -> None:
        """Ticks of a line, as often and as late as the faults want them."""
        faults = self._hub.faults
        if faults.tick_copies > 1:
            messages = [message for message in messages for _ in range(faults.tick_copies)]
        if faults.tick_delay_s:
            line.session.after(faults.tick_delay_s, line.session.send_many, messages)
        else:
            line.session.send_many(messages)

    def _first(self, line: Line) -> None:
        if not self._is_open(line):
            return
        quote = self._quote(line)
        if quote is not None:
            self._send(line, first_group(quote, line.fmt))
            line.session.after(SECOND_GROUP_S - FIRST_GROUP_S, self._second, line, quote)
            if line.request.generic_ticks:
                line.session.after(GENERIC_S - FIRST_GROUP_S, self._generic, line, quote)
        if line.request.snapshot or line.request.regulatory_snapshot:
            complete = quote is not None and None not in (quote.last, quote.bid, quote.ask)
            wait = SECOND_GROUP_S if complete else self._hub.settings.snapshot_timeout_s
            line.session.after(wait, self._end_snapshot, line)

    def _second(self, line: Line, quote: QuoteState) -> None:
        if self._is_open(line):
            self._send(line, second_group(quote, line.fmt) + self._model(line, quote))
            line.sent = quote

    def _end_snapshot(self, line: Line) -> None:
        if self._is_open(line):
            del self._lines[line.key]
            line.session.send(tk.snapshot_end(line.request.req_id))

    def _generic(self, line: Line, quote: QuoteState) -> None:
        if not self._is_open(line):
            return
        asked = {tick.split(":")[0] for tick in line.request.generic_ticks}
        messages: list[str] = []
        if asked & {"165", "104"}:
            days = self._year(line.instrument.con_id)
            messages += generic_ticks.stats(line.instrument, days, line.fmt) if "165" in asked else []
            messages += generic_ticks.volatility(days, line.fmt) if "104" in asked else []
        if "236" in asked and line.instrument.sec_type == "STK":
            messages += generic_ticks.shortable(line.fmt)
        if asked & MARK_TICKS:
            messages += generic_ticks.mark(line.sent or quote, line.fmt)
        line.session.send_many(messages)

    def _year(self, con_id: int) -> list[Bar]:
        now = self._hub.world.now()
        return self._hub.world.bars(con_id, 86400, now - YEAR_S, now + 86400, True)

    # the pump

    def tick(self, _wall: float) -> None:
        """Sends what changed since the last call; the gateway calls it four times a second."""
        held = self._hub.faults.held_ticks
        for line in list(self._lines.values()):
            if line.request.snapshot or line.request.regulatory_snapshot:
                continue
            if line.sent is None:
                self._try_first_again(line)
            else:
                self._pump(line)
            if held:
                self._send_held(line)

    def _try_first_again(self, line: Line) -> None:
        """A line that had no quote at first begins when one comes."""
        line.pumps += 1
        if line.pumps % 4 or (quote := self._quote(line)) is None or not line.session.ready:
            return
        self._send(line, first_group(quote, line.fmt))
        self._second(line, quote)

    def _pump(self, line: Line) -> None:
        quote = self._quote(line)
        old = line.sent
        line.pumps += 1
        if quote is None or old is None or quote.seq == old.seq:
            return
        messages = changes(old, quote, line.fmt)
        if line.marked and mark_of(quote) != mark_of(old):
            messages += generic_ticks.mark(quote, line.fmt)
        if line.pumps % MODEL_EVERY == 0:
            messages += self._model(line, quote)
        if quote.volume != old.volume and "233" in line.request.generic_ticks:
            messages.append(rt_volume(quote, self._vwap(line), line.fmt))
        line.sent = quote
        self._send(line, self._without_held(line, messages))

    def _model(self, line: Line, quote: QuoteState) -> list[str]:
        """An option's delta, where it has changed and the underlying has a price."""
        option = line.instrument
        under = self._hub.world.quote(option.under_con_id) if option.sec_type in ("OPT", "FOP") else None
        price = mark_of(under)
        if price is None or price <= 0.0 or option.strike <= 0.0:
            return []
        found = greeks.delta(option, price, self._hub.world.now())
        worth = mark_of(quote)
        kind = tk.DELAYED_MODEL_OPTION if line.fmt.delayed else tk.MODEL_OPTION
        message = tk.option_model(
            line.request.req_id, kind, number(greeks.VOLATILITY), f"{found:.6f}",
            "-1" if worth is None else number(worth), number(price),
        )  # fmt: skip
        if message == line.model:
            return []
        line.model = message
        return [message]

    def _vwap(self, line: Line) -> float | None:
        if line.vwap is None or line.pumps % VWAP_EVERY == 0:
            now = self._hub.world.now()
            days = self._hub.world.bars(line.instrument.con_id, 86400, now - 86400, now + 86400, False)
            line.vwap = days[-1].wap if days else None
        return line.vwap

    def _send_held(self, line: Line) -> None:
        for (con_id, tick_type), value in self._hub.faults.held_ticks.items():
            if con_id == line.instrument.con_id:
                line.session.send(bad_tick(line.request.req_id, tick_type, value))

    def _without_held(self, line: Line, messages: list[str]) -> list[str]:
        kinds = [kind for con_id, kind in self._hub.faults.held_ticks if con_id == line.instrument.con_id]
        if not kinds:
            return messages
        heads = tuple(f"1\x006\x00{line.request.req_id}\0{kind}\0" for kind in kinds)
        return [message for message in messages if not message.startswith(heads)]

    # upkeep

    def refresh_types(self, _wall: float) -> None:
        """Says so when a line goes from live to frozen or back."""
        for line in list(self._lines.values()):
            if line.sent is None or line.fmt.delayed:
                continue
            now = self._type_now(line, delayed=False)
            if now != line.data_type:
                line.data_type = now
                line.session.send(tk.market_data_type(line.request.req_id, now))

    def forget(self, session: Session) -> None:
        for key in [key for key in self._lines if key[0] == session.number]:
            del self._lines[key]
        self._rerouted = {key for key in self._rerouted if key[0] != session.number}

    def lose_all(self) -> int:
        """Every line is gone without a word, as after 1101; returns how many."""
        lines = list(self._lines.values())
        for line in lines:
            self.lose(line)
        return len(lines)

    def lose(self, line: Line) -> None:
        """One line is gone without the client's doing."""
        self._lines.pop(line.key, None)
        self._hub.ledger.line_closed(*line.key, self._hub.wall(), self._hub.world.now(), by_client=False)

    def open_lines(self, con_id: int | None) -> list[Line]:
        """The lines of one contract, or all of them."""
        return [line for line in self._lines.values() if con_id in (None, line.instrument.con_id)]


def bad_tick(req_id: int, tick_type: int, value: str) -> str:
    """A tick with a raw value: a size tick for the size types, else a price tick."""
    if tick_type in (tk.BID_SIZE, tk.ASK_SIZE, tk.LAST_SIZE, tk.VOLUME):
        return tk.tick_size(req_id, tick_type, value)
    return tk.tick_price(req_id, tick_type, value, "0" if value == "-1" else "100", 0)
