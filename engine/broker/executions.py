"""Executions and their commission reports of one connection, of all watched accounts. Engine loop only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from engine.broker.connection import Connection
from engine.broker.execution_messages import Commission, to_commission, to_fill
from engine.broker.port import BrokerEvent, FillReport
from engine.broker.timings import Timings
from engine.domain import Fill
from engine.errors import RequestRejected, RequestTimeout

_EXECUTION, _COMMISSION = 11, 59
_ASK_AT_MOST_EVERY_S = 2.0
_GATHER_S = 0.02  # a commission report mostly comes in the packet of its execution
_KEPT_MOST = 20_000
_ADVISOR_ASKS_MOST = 50
_ALL = ""

_Key = tuple[str, str, str, int]


class Executions:
    """Asks for the day's executions again and again, and tells each that is new or changed.

    `accounts`: those that are watched; executions of others are dropped. `market_now`: the gateway's clock.
    """

    def __init__(
        self,
        connection: Connection,
        accounts: Sequence[str],
        emit: Callable[[BrokerEvent], None],
        timings: Timings,
        market_now: Callable[[], float],
    ) -> None:
        self._connection = connection
        self._accounts = tuple(accounts)
        self._emit = emit
        self._timings = timings
        self._market_now = market_now
        self._single_account_works = True
        self._rows: dict[_Key, Fill] = {}
        self._ids: dict[str, set[_Key]] = {}  # the same id may come for a master and its clients
        self._reports: dict[str, Commission] = {}  # also those that are here before their execution
        self._changed: dict[_Key, None] = {}
        self._told: dict[_Key, Fill] = {}
        self._telling: asyncio.TimerHandle | None = None
        self._look_again = asyncio.Event()
        connection.on_message(_EXECUTION, self._on_execution)
        connection.on_message(_COMMISSION, self._on_commission)

    def look_again(self) -> None:
        """A position changed: ask soon."""
        self._look_again.set()

    async def follow(self) -> None:
        """The day's fills at once, then every minute and after each change of a position.

        TWS sends fills of the user's own orders to API clients only when asked.
        """
        while True:
            self._look_again.clear()
            for account in self._filters():
                await self._ask(account)
            self._tell()
            await asyncio.sleep(_ASK_AT_MOST_EVERY_S)
            try:
                await asyncio.wait_for(self._look_again.wait(), self._timings.executions_every_s)
            except TimeoutError:
                continue

    def close(self) -> None:
        """Nothing is told any more."""
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None

    # --- requests ---------------------------------------------------------------------------------------------

    def _filters(self) -> list[str]:
        """Account codes to ask for in turn; "" = all. What an advisor's clients got is told only when asked by name."""
        if len(self._accounts) == 1:
            return [self._accounts[0] if self._single_account_works else _ALL]
        return [_ALL, *self._accounts[:_ADVISOR_ASKS_MOST]]

    async def _ask(self, account: str) -> None:
        connection = self._connection
        req_id = connection.next_req_id()
        wanted = connection.library.ExecutionFilter(acctCode=account)
        try:
            await connection.ask(
                "Executions",
                req_id,
                lambda: connection.client.reqExecutions(req_id, wanted),
                self._timings.details_s,
                end_grace_s=self._timings.end_grace_s,
            )
        except RequestRejected:
            if len(self._accounts) == 1 and account and self._single_account_works:
                self._single_account_works = False  # the code is not to the gateway's liking: ask for all
                await self._ask(_ALL)
        except RequestTimeout:
            return  # asked again in a minute; what came is kept

    # --- answers ----------------------------------------------------------------------------------------------

    def _on_execution(self, fields: list[str]) -> None:
        req_id, fill = to_fill(fields, self._market_now())
        self._connection.count_row(req_id)
        if not fill.account and len(self._accounts) == 1:
            fill = replace(fill, account=self._accounts[0])
        if fill.account not in self._accounts:
            return
        key = (fill.account, fill.model, fill.exec_id, fill.con_id)
        known = self._rows.get(key)
        if known is not None and known.exchange_time == fill.exchange_time:
            fill = replace(fill, time_market=known.time_market)  # as it was understood when it came first
        self._rows[key] = fill
        self._ids.setdefault(fill.exec_id, set()).add(key)
        while len(self._rows) > _KEPT_MOST:
            self._forget(next(iter(self._rows)))
        self._tell_soon([key])

    def _on_commission(self, fields: list[str]) -> None:
        report = to_commission(fields)
        known = self._reports.get(report.exec_id)
        if report.commission is None and known is not None:
            return  # a mark for "still to come" takes nothing back
        self._reports[report.exec_id] = report
        while len(self._reports) > _KEPT_MOST:
            del self._reports[next(iter(self._reports))]
        self._tell_soon(self._ids.get(report.exec_id, ()))

    def _forget(self, key: _Key) -> None:
        del self._rows[key]
        self._told.pop(key, None)
        self._changed.pop(key, None)
        keys = self._ids[key[2]]
        keys.discard(key)
        if not keys:
            del self._ids[key[2]]

    def _tell_soon(self, keys: Sequence[_Key] | set[_Key]) -> None:
        self._changed.update(dict.fromkeys(keys))
        if self._changed and self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(_GATHER_S, self._tell)

    def _tell(self) -> None:
        self.close()
        changed, self._changed = self._changed, {}
        for key in changed:
            fill = self._joined(self._rows[key])
            if self._told.get(key) != fill:
                self._told[key] = fill
                self._emit(FillReport(fill))

    def _joined(self, fill: Fill) -> Fill:
        report = self._reports.get(fill.exec_id)
        if report is None or report.commission is None:
            return fill
        return replace(
            fill,
            commission=report.commission,
            commission_currency=report.currency or fill.currency,
            realized_pnl=report.realized_pnl,
        )
