"""Market-data lines on the wire of one connection: subscribe, cancel, and ticks out as one event a packet.

Which lines exist is the bus's decision; this only carries it out. Engine loop only.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct

from engine.broker.client import forget_ticker, new_ticker
from engine.broker.connection import Connection
from engine.broker.convert import TickCopier, to_contract
from engine.broker.pacing import Pacer
from engine.broker.port import BrokerEvent, Ticks
from engine.clock import Clock
from engine.domain import ContractRef

_GENERIC_TICKS = {"STK": "165,233", "FUT": "233", "CONTFUT": "233", "OPT": "233", "FOP": "233"}


class _Line(Struct):
    contract: Any
    sec_type: str
    ticker: Any
    urgent: bool
    plain: bool = False  # without generic ticks
    sent_mono: float | None = None
    cancel_sent_mono: float | None = None
    cancelled: bool = False


class MarketLines:
    """`emit` gets one Ticks event for all lines that changed in a packet."""

    def __init__(
        self, connection: Connection, pacer: Pacer, clock: Clock, emit: Callable[[BrokerEvent], None], memory_s: float
    ) -> None:
        self._connection = connection
        self._pacer = pacer
        self._clock = clock
        self._emit = emit
        self._memory_s = memory_s
        self._lines: dict[int, _Line] = {}
        self._copiers: dict[Any, TickCopier] = {}
        self._cancelled: deque[tuple[float, int]] = deque()
        self._no_generic: set[str] = set()
        connection.ib.pendingTickersEvent += self.on_tickers

    @property
    def open_count(self) -> int:
        return len(self._copiers)

    def open(self, contract: ContractRef, *, urgent: bool) -> int:
        """Queue the subscription; returns its request number."""
        req_id = self._connection.next_req_id()
        native = to_contract(self._connection.library, contract)
        ticker = new_ticker(self._connection.ib, req_id, native)
        self._lines[req_id] = _Line(native, contract.sec_type, ticker, urgent)
        self._copiers[ticker] = TickCopier(req_id, contract.sec_type)
        self._request(req_id)
        return req_id

    def _request(self, req_id: int) -> None:
        line = self._lines[req_id]
        client = self._connection.client
        line.plain = line.sec_type in self._no_generic
        generic = "" if line.plain else _GENERIC_TICKS.get(line.sec_type, "")

        def sent(mono: float) -> None:
            line.sent_mono = mono

        with client.sending(urgent=line.urgent, key=("line", req_id), on_sent=sent):
            client.reqMktData(req_id, line.contract, generic, False, False, [])

    def close(self, req_id: int) -> None:
        """Queue the cancel; a subscription that has not left yet is taken back and nothing is sent."""
        line = self._lines.get(req_id)
        if line is None or line.cancelled:
            return
        line.cancelled = True
        self._copiers.pop(line.ticker, None)
        now = self._clock.mono()
        self._cancelled.append((now, req_id))
        if self._pacer.withdraw(("line", req_id)):
            line.cancel_sent_mono = now
            return

        def sent(mono: float) -> None:
            line.cancel_sent_mono = mono

        with self._connection.client.sending(on_sent=sent):
            self._connection.client.cancelMktData(req_id)

    def sent_at_mono(self, req_id: int) -> float | None:
        line = self._lines.get(req_id)
        return line.sent_mono if line is not None else 0.0

    def cancel_sent_at_mono(self, req_id: int) -> float | None:
        line = self._lines.get(req_id)
        return line.cancel_sent_mono if line is not None else 0.0

    def owns(self, req_id: int) -> bool:
        return req_id in self._lines

    def is_cancelled(self, req_id: int) -> bool:
        line = self._lines.get(req_id)
        return line is not None and line.cancelled

    def retried_without_generic(self, req_id: int, code: int, text: str) -> bool:
        """321 about the generic ticks: ask again without them, and never again with them for this type."""
        line = self._lines.get(req_id)
        if line is None or line.plain or line.cancelled or code not in (320, 321) or "generic tick" not in text.lower():
            return False
        self._no_generic.add(line.sec_type)
        self._request(req_id)
        return True

    def on_tickers(self, tickers: Iterable[Any]) -> None:
        """All tickers of one packet; those of cancelled lines are ignored."""
        now = self._clock.mono()
        copiers = self._copiers
        updates = tuple([copiers[ticker].copy(ticker, now) for ticker in tickers if ticker in copiers])
        if updates:
            self._emit(Ticks(updates))

    def tidy(self) -> None:
        """Forget lines cancelled a while ago; until then their late ticks find a ticker."""
        now = self._clock.mono()
        while self._cancelled and now - self._cancelled[0][0] > self._memory_s:
            _, req_id = self._cancelled.popleft()
            self._lines.pop(req_id, None)
            forget_ticker(self._connection.ib, req_id)
