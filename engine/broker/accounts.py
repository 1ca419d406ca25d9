"""Account figures of one connection: values, IB's own valuations, P&L subscriptions. Engine loop only."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

from engine.broker.account_check import redacted
from engine.broker.connection import Connection
from engine.broker.convert import to_ref
from engine.broker.pacing import Pacer
from engine.broker.port import (
    ACCOUNTS_MAX,
    AccountPnl,
    AccountValue,
    BrokerEvent,
    PortfolioMark,
    PositionPnl,
)
from engine.broker.sanitise import number, parsed_number, words
from engine.broker.timings import Timings
from engine.codes import ADVISORY
from engine.domain import ContractRef
from engine.errors import RequestRejected, RequestTimeout

log = logging.getLogger("qtrade.broker")

_LONGEST_RECHECK_FACTOR = 4.0
_LEDGER = "$LEDGER-"  # TWS 10.47 writes it before the values of each currency, by default for new users


class AccountFeed:
    """Of one account or of several, the first of which is what names no account.

    TWS streams account and portfolio updates (6, 7) for one account at a time: with several their values come by a
    request for each (73), and the worth of their positions by each position's own P&L. `ref_of(con_id)` is the
    qualified contract of a position, None while unknown.
    """

    def __init__(
        self,
        connection: Connection,
        pacer: Pacer,
        accounts: Sequence[str],
        ref_of: Callable[[int], ContractRef | None],
        emit: Callable[[BrokerEvent], None],
        timings: Timings,
    ) -> None:
        self._connection = connection
        self._pacer = pacer
        self._accounts = tuple(accounts)
        self._ref_of = ref_of
        self._emit = emit
        self._timings = timings
        self._values_ids: dict[str, int] = {}
        self._unanswered = set(self._asked)
        self._streamed = self._accounts[0]
        self._account_pnl_ids: dict[str, int] = {}
        self._position_pnl_ids: dict[tuple[str, int], int] = {}
        ib = connection.ib
        ib.accountValueEvent += self._on_value
        ib.updatePortfolioEvent += self._on_portfolio
        ib.pnlEvent += self._on_pnl
        ib.pnlSingleEvent += self._on_pnl_single

    @property
    def _asked(self) -> tuple[str, ...]:
        """Accounts whose values and P&L are asked for."""
        return self._accounts[:ACCOUNTS_MAX]

    # --- requests ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Account and portfolio updates, and each account's P&L."""
        with self._connection.client.sending(urgent=True):
            self._connection.client.reqAccountUpdates(True, self._accounts[0])
        for account in self._asked:
            self._start_account_pnl(account)
        if len(self._accounts) > 1:
            for account in self._asked:
                self._start_values(account)
        if len(self._accounts) > ACCOUNTS_MAX:
            log.warning(
                "The login has %d accounts: values and P&L are asked for the first %d, positions of all are shown",
                len(self._accounts),
                ACCOUNTS_MAX,
            )

    def restart(self) -> None:
        """After 1101: everything that TWS may have dropped is asked for again."""
        for req_id in self._account_pnl_ids.values():
            self._connection.client.cancelPnL(req_id)
        self._unanswered = set(self._asked)
        self.start()
        for account, con_id in list(self._position_pnl_ids):
            self.cancel_position_pnl(account, con_id)
            self.request_position_pnl(account, con_id)

    async def follow_values(self) -> None:
        """Several accounts: what to do about those whose values TWS has not sent.

        They are asked for again, and meanwhile the stream, which every gateway has, goes round them, seconds for each.
        """
        pause_s, is_said = self._timings.recheck_values_s, False
        while len(self._accounts) > 1:
            await asyncio.sleep(pause_s)
            pause_s = min(2.0 * pause_s, _LONGEST_RECHECK_FACTOR * self._timings.recheck_values_s)
            silent = [
                account for account in self._asked if account in self._unanswered and account != self._accounts[0]
            ]
            for account in silent:
                self._start_values(account)
            if silent and not is_said:
                is_said = True
                log.info("TWS has not sent the values of %d of %d accounts yet", len(silent), len(self._accounts))
            for account in silent:
                await self._stream_once(account)
            if silent:
                self._streamed = self._accounts[0]
                self._connection.client.reqAccountUpdates(True, self._accounts[0])

    async def _stream_once(self, account: str) -> None:
        client = self._connection.client
        self._streamed = account
        try:
            await self._connection.ask(
                "Account values",
                "accountValues",  # the library's key for the End of the stream's first values
                lambda: client.reqAccountUpdates(True, account),
                self._timings.positions_s,
            )
        except (RequestTimeout, RequestRejected):
            return

    def _start_account_pnl(self, account: str) -> None:
        connection = self._connection
        req_id = self._account_pnl_ids[account] = connection.next_req_id()
        connection.wrapper.reqId2PnL[req_id] = connection.library.PnL(account, "")
        connection.client.reqPnL(req_id, account, "")

    def _start_values(self, account: str) -> None:
        """All values, those of each currency included; asked for again, the former request is taken back."""
        connection = self._connection
        before = self._values_ids.get(account)
        if before is not None and not self._pacer.withdraw(("values", before)):
            connection.client.cancelAccountUpdatesMulti(before)
        req_id = self._values_ids[account] = connection.next_req_id()
        with connection.client.sending(key=("values", req_id)):
            connection.client.reqAccountUpdatesMulti(req_id, account, "", False)

    def refused(self, req_id: int, code: int, text: str) -> bool:
        """An account whose values or P&L TWS will not give (a closed one in an advisor's list): said, not asked again.

        False = the request is none of these.
        """
        found = {own: (name, "values") for name, own in self._values_ids.items()}
        if len(self._accounts) > 1:  # of the only one it is an error like any other
            found |= {own: (name, "P&L") for name, own in self._account_pnl_ids.items()}
        if req_id not in found or code in ADVISORY:
            return req_id in found
        account, what = found[req_id]
        log.warning("TWS does not give the %s of the account %s: %s (code %d)", what, redacted(account), text, code)
        if what == "P&L":
            self._emit(AccountPnl(None, None, None, account))  # an answer: there is none to wait for
        else:
            self._unanswered.discard(account)
        return True

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
        account = entry.account or self._accounts[0]
        if account not in self._accounts or entry.modelCode:  # a model's values are a part of its account's
            return
        if account != self._streamed:
            self._unanswered.discard(account)
        tag = entry.tag.removeprefix(_LEDGER)
        value = parsed_number(entry.value)
        self._emit(AccountValue(tag, value, entry.currency, account, "" if value is not None else words(entry.value)))

    def _on_portfolio(self, item: Any) -> None:
        account = item.account or self._accounts[0]
        if account not in self._accounts:
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
                account=account,
            )
        )

    def _on_pnl(self, entry: Any) -> None:
        money = (number(entry.dailyPnL), number(entry.unrealizedPnL), number(entry.realizedPnL))
        self._emit(AccountPnl(*money, entry.account or self._accounts[0]))

    def _on_pnl_single(self, entry: Any) -> None:
        self._emit(
            PositionPnl(
                con_id=entry.conId,
                daily=number(entry.dailyPnL),
                unrealized=number(entry.unrealizedPnL),
                realized=number(entry.realizedPnL),
                value=number(entry.value),
                account=entry.account or self._accounts[0],
                quantity=number(entry.position),
            )
        )
