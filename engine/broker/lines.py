"""Market-data lines on the wire of one connection: subscribe, cancel, and ticks out as one event a packet.

A line keeps the request number that `open` gave it, also when TWS sends it elsewhere; `wire_id` is the number of the
request that stands for it now. Which lines exist is the bus's decision; this only carries it out. Engine loop only.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from msgspec import Struct

from engine.broker.asking import generic_ticks_of, less_generic_ticks
from engine.broker.client import forget_ticker, loose_ticker, new_ticker, turn_ticks
from engine.broker.connection import Connection
from engine.broker.convert import TickCopier, magnifier_of, to_contract
from engine.broker.pacing import Pacer
from engine.broker.port import BrokerEvent, RequestError, Rerouted, Ticks
from engine.broker.requests import Requests
from engine.broker.timings import Timings
from engine.clock import Clock
from engine.domain import ContractRef, TickUpdate
from engine.errors import RequestRejected, RequestTimeout

log = logging.getLogger("qtrade.broker")

_FIRST_WORDS = ("marketDataType", "tickReqParams")  # come at once, a price some 100 ms later
_REROUTES_MOST = 3  # a CFD's underlying is one step away


class _Line(Struct):
    contract: ContractRef
    wire_id: int
    native: Any
    ticker: Any
    urgent: bool
    generic: tuple[str, ...] = ()
    named: bool = False  # asked for with symbol, type and currency
    routes: int = 0
    sent_mono: float | None = None
    cancel_sent_mono: float | None = None
    cancelled: bool = False


class MarketLines:
    """`emit` gets one Ticks event for all lines that changed in a packet; `spawn` runs what has to wait."""

    def __init__(
        self, connection: Connection, requests: Requests, pacer: Pacer, clock: Clock,
        emit: Callable[[BrokerEvent], None], spawn: Callable[[Coroutine[Any, Any, None]], object], timings: Timings,
    ) -> None:  # fmt: skip
        self._connection = connection
        self._requests = requests
        self._pacer = pacer
        self._clock = clock
        self._emit = emit
        self._spawn = spawn
        self._timings = timings
        self._lines: dict[int, _Line] = {}
        self._by_wire: dict[int, int] = {}  # requests that took over from a line's own
        self._copiers: dict[int, TickCopier] = {}  # by the ticker's `id`: its own hash is Python, 5 times a packet
        self._cancelled: deque[tuple[float, int]] = deque()
        self._unread = loose_ticker(connection.ib, connection.library.Contract())  # for late ticks of cancelled lines
        self._generic: dict[str, tuple[str, ...]] = {}  # by type, where less than usual is taken
        requests.on_magnifier(self._on_magnifier)
        connection.ib.pendingTickersEvent += self.on_tickers
        for name in _FIRST_WORDS:
            setattr(connection.wrapper, name, self._taken_as_answer(getattr(connection.wrapper, name)))
        connection.wrapper.rerouteMktDataReq = self._on_reroute
        connection.wrapper.rerouteMktDepthReq = self._on_depth_reroute

    @property
    def open_count(self) -> int:
        return len(self._copiers)

    def open(self, contract: ContractRef, *, urgent: bool) -> int:
        """Queue the subscription; returns its request number."""
        req_id = self._connection.next_req_id()
        named = self._connection.names.wanted
        native = to_contract(self._connection.library, contract, names=named)
        ticker = new_ticker(self._connection.ib, req_id, native)
        line = self._lines[req_id] = _Line(contract, req_id, native, ticker, urgent, named=named)
        magnifier = contract.price_magnifier
        if magnifier is None:
            magnifier = self._requests.magnifier(contract.con_id)
        self._copiers[id(ticker)] = TickCopier(req_id, contract.sec_type, magnifier)
        self._request(req_id, line)
        return req_id

    def _request(self, req_id: int, line: _Line) -> None:
        client = self._connection.client
        sec_type = line.contract.sec_type
        line.generic = self._generic.get(sec_type, generic_ticks_of(sec_type))

        def sent(mono: float) -> None:
            line.sent_mono = line.sent_mono if line.routes and line.sent_mono is not None else mono

        with client.sending(urgent=line.urgent, key=("line", req_id), on_sent=sent):
            client.reqMktData(line.wire_id, line.native, ",".join(line.generic), False, False, [])

    def close(self, req_id: int, *, urgent: bool = False) -> None:
        """Queue the cancel; a subscription that has not left yet is taken back and nothing is sent."""
        line = self._lines.get(req_id)
        if line is None or line.cancelled:
            return
        line.cancelled = True
        if line.named and self._connection.names.is_trying:
            self._connection.names.end(helped=False)  # it told nothing
        self._copiers.pop(id(line.ticker), None)
        turn_ticks(self._connection.ib, line.wire_id, self._unread)
        line.ticker = self._unread  # its own takes some kB, and there are visits several times a second
        now = self._clock.mono()
        self._cancelled.append((now, req_id))
        if self._pacer.withdraw(("line", req_id)):
            line.cancel_sent_mono = now
            return

        def sent(mono: float) -> None:
            line.cancel_sent_mono = mono

        with self._connection.client.sending(urgent=urgent, on_sent=sent):
            self._connection.client.cancelMktData(line.wire_id)

    def sent_at_mono(self, req_id: int) -> float | None:
        line = self._lines.get(req_id)
        return line.sent_mono if line is not None else 0.0

    def cancel_sent_at_mono(self, req_id: int) -> float | None:
        line = self._lines.get(req_id)
        return line.cancel_sent_mono if line is not None else 0.0

    def line_of(self, wire_id: int) -> int:
        """The line's own number of a request; any other number is returned as it is."""
        return self._by_wire.get(wire_id, wire_id)

    def is_past(self, wire_id: int) -> bool:
        """A request of a line that another request stands for by now."""
        line = self._lines.get(self.line_of(wire_id))
        return line is not None and line.wire_id != wire_id

    def owns(self, req_id: int) -> bool:
        return req_id in self._lines

    def is_cancelled(self, req_id: int) -> bool:
        line = self._lines.get(req_id)
        return line is not None and line.cancelled

    # --- asked for in another way -------------------------------------------------------------------------------

    def retried(self, req_id: int, code: int, text: str) -> bool:
        """A refusal that another form of the request may cure: asked again at once. False = it stands."""
        line = self._lines.get(req_id)
        if line is None or line.cancelled:
            return False
        return self._retried_with_fewer_ticks(req_id, line, code, text) or self._retried_with_names(
            req_id, line, code, text
        )

    def _retried_with_fewer_ticks(self, req_id: int, line: _Line, code: int, text: str) -> bool:
        """321 about generic ticks: without those that were refused, for every line of this type from now on."""
        if not line.generic or code not in (320, 321) or "generic tick" not in text.lower():
            return False
        sec_type = line.contract.sec_type
        if self._generic.get(sec_type, generic_ticks_of(sec_type)) == line.generic:
            self._generic[sec_type] = kept = less_generic_ticks(line.generic, text)
            log.info("TWS refused generic ticks of %s; asking for %s", sec_type, ",".join(kept) or "none")
        self._request(req_id, line)
        return True

    def _retried_with_names(self, req_id: int, line: _Line, code: int, text: str) -> bool:
        names = self._connection.names
        if line.named:
            if names.is_trying:
                names.end(helped=False)
            return False
        if names.has_to_wait(line.contract, code, named=line.named):
            names.when_told(lambda wanted: self._after_try(req_id, line, code, text, wanted=wanted))
            return True
        if not names.may_help(line.contract, code, text, named=line.named):
            return False
        names.begin()
        self._request_named(req_id, line)
        return True

    def _request_named(self, req_id: int, line: _Line) -> None:
        line.named = True
        line.native = to_contract(self._connection.library, line.contract, names=True)
        self._request(req_id, line)

    def _after_try(self, req_id: int, line: _Line, code: int, text: str, *, wanted: bool) -> None:
        """Another contract was tried with names: this one's refusal is over them too, or stands."""
        if line.cancelled or not self._connection.is_ready:
            return
        if wanted:
            self._request_named(req_id, line)
        else:
            self._emit(RequestError(req_id, code, text))

    def _on_reroute(self, wire_id: int, con_id: int, exchange: str) -> None:
        """TWS has no prices of this contract (a CFD) itself: the same line asks the one it names.

        That one may be quoted in another unit (a London share in pence, its CFD in pounds).
        """
        req_id = self.line_of(wire_id)
        line = self._lines.get(req_id)
        if line is None or line.cancelled or line.wire_id != wire_id or line.routes >= _REROUTES_MOST:
            return
        connection = self._connection
        if not connection.is_ready:
            return
        forget_ticker(connection.ib, wire_id)
        copier = self._copiers.pop(id(line.ticker))
        copier.hold_back()  # lots or shares of the underlying, prices in its unit
        line.routes += 1
        line.wire_id = connection.next_req_id()
        exchange = exchange or line.contract.exchange
        line.native = connection.library.Contract(conId=con_id, exchange=exchange)
        line.ticker = new_ticker(connection.ib, line.wire_id, line.native)
        self._copiers[id(line.ticker)] = copier
        self._by_wire[line.wire_id] = req_id
        self._request(req_id, line)
        self._emit(Rerouted(req_id, con_id, exchange))
        self._spawn(self._find_unit(line, line.wire_id, ContractRef(con_id, "", "", "")))

    async def _find_unit(self, line: _Line, wire_id: int, other: ContractRef) -> None:
        """Details of both contracts, asked for until they come: until then the line tells no price."""
        said = False
        while line.wire_id == wire_id and not line.cancelled:
            known = await self._details_of(other)
            own = line.contract.price_magnifier
            if own is None and (details := await self._details_of(line.contract)):
                own = magnifier_of(details)
            if line.wire_id != wire_id or line.cancelled:
                return
            if known is not None and own is not None:
                sec_type = known.contract.secType or line.contract.sec_type
                self._copiers[id(line.ticker)].follow(sec_type, magnifier_of(known), own)
                self._tell_again(line)
                return
            if not said:
                said = True
                name = line.contract.local_symbol or line.contract.con_id
                log.info("No contract details yet of %s or of what it follows: no price until they come", name)
            await asyncio.sleep(self._timings.recheck_details_s)

    async def _details_of(self, contract: ContractRef) -> Any | None:
        try:
            found = await self._requests.details(contract, self._timings.details_s, urgent=True)
        except (RequestTimeout, RequestRejected):
            return None
        return found[0] if found else None

    def _on_magnifier(self, con_id: int, magnifier: float) -> None:
        """Details came later than the lines that were opened without them."""
        for line in list(self._lines.values()):
            if line.contract.con_id != con_id or line.contract.price_magnifier is not None:
                continue
            if not line.routes and not line.cancelled and self._copiers[id(line.ticker)].learn(magnifier):
                self._tell_again(line)

    def _tell_again(self, line: _Line) -> None:
        """What came already, as it is read now. Between two packets."""
        if line.ticker.time is None:
            return  # nothing did: this must not look like a tick
        line.ticker.ticks = []  # looked at when they came
        self._emit(Ticks((self._copiers[id(line.ticker)].copy(line.ticker, self._clock.mono()),)))

    def _on_depth_reroute(self, wire_id: int, con_id: int, exchange: str) -> None:
        """Market depth is never asked for: there is nothing to follow."""
        log.info("TWS re-routes market depth of request %d, which is not ours", wire_id)

    # --- ticks --------------------------------------------------------------------------------------------------

    def on_tickers(self, tickers: Iterable[Any]) -> None:
        """All tickers of one packet; those of cancelled lines are ignored."""
        now = self._clock.mono()
        find = self._copiers.get
        updates = tuple([copier.copy(ticker, now) for ticker in tickers if (copier := find(id(ticker))) is not None])
        if updates:
            if self._pacer.unanswered:
                for update in updates:
                    self._pacer.answered(update.req_id)
            if self._connection.names.is_trying:
                self._note_named(updates)
            self._emit(Ticks(updates))

    def _note_named(self, updates: Iterable[TickUpdate]) -> None:
        """A line that was asked for with names ticks: this gateway wants them."""
        if any(self._lines[update.req_id].named for update in updates):
            self._connection.names.end(helped=True)

    def _taken_as_answer(self, library_takes: Callable[..., None]) -> Callable[..., None]:
        """What TWS says of a line before its first price proves already that it has read the request."""

        def take(wire_id: int, *rest: Any) -> None:
            self._pacer.answered(self.line_of(wire_id))
            library_takes(wire_id, *rest)

        return take

    def tidy(self) -> None:
        """Forget lines cancelled a while ago; until then their late ticks find a ticker, which nobody reads."""
        now = self._clock.mono()
        while self._cancelled and now - self._cancelled[0][0] > self._timings.cancel_memory_s:
            _, req_id = self._cancelled.popleft()
            line = self._lines.pop(req_id, None)
            if line is not None:
                self._by_wire.pop(line.wire_id, None)
                forget_ticker(self._connection.ib, line.wire_id)
