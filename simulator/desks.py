"""Which desk answers which request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.account_desk import AccountDesk
from simulator.details import DetailsDesk
from simulator.history_desk import HistoryDesk
from simulator.hub import Hub
from simulator.lines import LineDesk
from simulator.orders_desk import OrdersDesk
from simulator.other_desk import OtherDesk
from simulator.pnl_desk import PnlDesk
from simulator.realtime import RealtimeDesk
from simulator.scanner import ScannerDesk
from simulator.session import Session
from simulator.trading import Later, Trading
from simulator.wire import encode_session as enc
from simulator.wire import parse as ids
from simulator.wire import requests as rq

Handler = Callable[[Session, Any], None]

NEXT_ORDER_ID = 1
TYPES_EVERY_S = 5.0


class Desks:
    """All desks, the table of their requests, and their common upkeep."""

    def __init__(self, hub: Hub, later: Later) -> None:
        self._hub = hub
        self.lines = LineDesk(hub)
        self.history = HistoryDesk(hub)
        self.realtime = RealtimeDesk(hub)
        self.scanner = ScannerDesk(hub)
        self.account = AccountDesk(hub)
        self.pnl = PnlDesk(hub)
        self.orders = OrdersDesk(hub)
        self.details = DetailsDesk(hub)
        self.trading = Trading(hub, self.account, self.orders, later)
        self._types_due = 0.0
        self._by_type = self._typed()
        self._by_id = self._plain()

    def handler(self, request: rq.Request) -> Handler:
        """Who answers."""
        if isinstance(request, rq.Plain):
            return self._by_id[request.message_id]
        return self._by_type[type(request)]

    def _typed(self) -> dict[type[rq.Request], Handler]:
        return {
            rq.MarketData: self.lines.subscribe,
            rq.MarketDataType: self.lines.set_data_type,
            rq.ContractDetails: self.details.details,
            rq.MatchingSymbols: self.details.search,
            rq.HistoricalData: self.history.request,
            rq.HeadTimestamp: self.history.head_timestamp,
            rq.RealTimeBars: self.realtime.subscribe,
            rq.TickByTick: self.realtime.refuse_tick_by_tick,
            rq.ScannerSubscription: self.scanner.subscribe,
            rq.AccountUpdates: self.account.updates,
            rq.AccountSummary: self.account.summary,
            rq.AccountUpdatesMulti: self.account.multi,
            rq.Executions: self.orders.executions,
            rq.Pnl: self.pnl.subscribe,
            rq.OrderMessage: self.orders.refuse,
            rq.PositionsMulti: self.account.positions_multi,
            rq.Other: OtherDesk(self._hub).answer,
        }

    def _plain(self) -> dict[int, Handler]:
        return {
            ids.CANCEL_MARKET_DATA: self.lines.cancel,
            ids.OPEN_ORDERS: self.orders.open_orders,
            ids.ALL_OPEN_ORDERS: self.orders.open_orders,
            ids.AUTO_OPEN_ORDERS: self.orders.bind,
            ids.COMPLETED_ORDERS: self.orders.completed_orders,
            ids.NEXT_ID: self._next_id,
            ids.MANAGED_ACCOUNTS: self._accounts,
            ids.CURRENT_TIME: self._current_time,
            ids.POSITIONS: self.account.positions,
            ids.CANCEL_POSITIONS: self.account.cancel_positions,
            ids.CANCEL_SUMMARY: self.account.cancel_summary,
            ids.CANCEL_ACCOUNT_MULTI: self.account.cancel_multi,
            ids.CANCEL_SCANNER: self.scanner.cancel,
            ids.SCANNER_PARAMETERS: self.scanner.parameters,
            ids.CANCEL_HISTORY: self.history.cancel,
            ids.CANCEL_HEAD: self.history.cancel_head,
            ids.CANCEL_REALTIME_BARS: self.realtime.cancel,
            ids.CANCEL_PNL: self.pnl.cancel,
            ids.CANCEL_PNL_SINGLE: self.pnl.cancel,
            ids.CANCEL_POSITIONS_MULTI: self.account.cancel_positions_multi,
        }

    def _next_id(self, session: Session, request: rq.Plain) -> None:
        session.send(enc.next_valid_id(NEXT_ORDER_ID))

    def _accounts(self, session: Session, request: rq.Plain) -> None:
        session.send(enc.managed_accounts(self._hub.accounts()))

    def _current_time(self, session: Session, request: rq.Plain) -> None:
        now = self._hub.world.now() + self._hub.faults.clock_skew_s
        session.after(self._hub.faults.answer_delay_s, session.send, enc.current_time(now))

    def tick(self, wall: float) -> None:
        """One round of everything that streams; the gateway calls it four times a second."""
        self.trading.tick(wall)
        self.lines.tick(wall)
        self.realtime.tick(wall)
        self.history.tick(wall)
        self.scanner.tick(wall)
        self.pnl.tick(wall)
        self.account.tick(wall)
        if wall >= self._types_due:
            self._types_due = wall + TYPES_EVERY_S
            self.lines.refresh_types(wall)

    def send_all_now(self) -> None:
        """Account values, positions and results go out at the next round, whatever their intervals."""
        self.account.send_all_now()
        self.pnl.send_all_now()

    def forget(self, session: Session) -> None:
        for desk in (self.lines, self.history, self.realtime, self.scanner, self.account, self.pnl):
            desk.forget(session)
