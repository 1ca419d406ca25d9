"""Account figures of one connection: values, IB's own valuations, P&L subscriptions. Engine loop only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.broker.connection import Connection
from engine.broker.convert import to_ref
from engine.broker.pacing import Pacer
from engine.broker.port import (
    AccountPnl,
    AccountValue,
    BrokerEvent,
    PortfolioMark,
    PositionPnl,
)
from engine.broker.sanitise import number, parsed_number
from engine.domain import ContractRef


class AccountFeed:
    """`ref_of(con_id)` is the qualified contract of a position, None while unknown."""

    def __init__(
        self,
        connection: Connection,
        pacer: Pacer,
        account: str,
        ref_of: Callable[[int], ContractRef | None],
        emit: Callable[[BrokerEvent], None],
    ) -> None:
        self._connection = connection
        self._pacer = pacer
        self._account = account
        self._ref_of = ref_of
        self._emit = emit
        self._account_pnl_id: int | None = None
        self._position_pnl_ids: dict[tuple[str, int], int] = {}
        ib = connection.ib
        ib.accountValueEvent += self._on_value
        ib.updatePortfolioEvent += self._on_portfolio
        ib.pnlEvent += self._on_pnl
        ib.pnlSingleEvent += self._on_pnl_single

    # --- requests ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Account and portfolio updates, and the account's P&L."""
        with self._connection.client.sending(urgent=True):
            self._connection.client.reqAccountUpdates(True, self._account)
        self._start_account_pnl()

    def restart(self) -> None:
        """After 1101: everything that TWS may have dropped is asked for again."""
        if self._account_pnl_id is not None:
            self._connection.client.cancelPnL(self._account_pnl_id)
        self.start()
        for account, con_id in list(self._position_pnl_ids):
            self.cancel_position_pnl(account, con_id)
            self.request_position_pnl(account, con_id)

    def _start_account_pnl(self) -> None:
        connection = self._connection
        req_id = self._account_pnl_id = connection.next_req_id()
        connection.wrapper.reqId2PnL[req_id] = connection.library.PnL(self._account, "")
        connection.client.reqPnL(req_id, self._account, "")

    def request_position_pnl(self, account: str, con_id: int) -> None:
        """Once for a position; a second call changes nothing."""
        if (account, con_id) in self._position_pnl_ids:
            return
        connection = self._connection
        req_id = self._position_pnl_ids[account, con_id] = connection.next_req_id()
        connection.wrapper.reqId2PnlSingle[req_id] = connection.library.PnLSingle(account, "", con_id)
        with connection.client.sending(key=("pnl", req_id)):
            connection.client.reqPnLSingle(req_id, account, "", con_id)

    def cancel_position_pnl(self, account: str, con_id: int) -> None:
        req_id = self._position_pnl_ids.pop((account, con_id), None)
        if req_id is None:
            return
        self._connection.wrapper.reqId2PnlSingle.pop(req_id, None)
        if not self._pacer.withdraw(("pnl", req_id)) and self._connection.is_ready:
            self._connection.client.cancelPnLSingle(req_id)

    # --- answers ----------------------------------------------------------------------------------------------

    def _on_value(self, entry: Any) -> None:
        value = parsed_number(entry.value)
        if value is not None and entry.account in (self._account, ""):
            self._emit(AccountValue(entry.tag, value, entry.currency, entry.account or self._account))

    def _on_portfolio(self, item: Any) -> None:
        if item.account not in (self._account, ""):
            return
        self._emit(
            PortfolioMark(
                contract=self._ref_of(item.contract.conId) or to_ref(item.contract, exchange=""),
                quantity=number(item.position) or 0.0,
                market_price=number(item.marketPrice),
                market_value=number(item.marketValue),
                avg_cost=number(item.averageCost),
                unrealized_pnl=number(item.unrealizedPNL),
                realized_pnl=number(item.realizedPNL),
                account=item.account or self._account,
            )
        )

    def _on_pnl(self, entry: Any) -> None:
        money = (number(entry.dailyPnL), number(entry.unrealizedPnL), number(entry.realizedPnL))
        self._emit(AccountPnl(*money, entry.account or self._account))

    def _on_pnl_single(self, entry: Any) -> None:
        self._emit(
            PositionPnl(
                con_id=entry.conId,
                daily=number(entry.dailyPnL),
                unrealized=number(entry.unrealizedPnL),
                realized=number(entry.realizedPnL),
                value=number(entry.value),
                account=entry.account or self._account,
            )
        )
