"""Executions and their commission reports of one connection. Engine loop only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from engine.broker.connection import Connection
from engine.broker.convert import to_fill
from engine.broker.port import BrokerEvent, FillReport
from engine.broker.timings import Timings
from engine.domain import Fill
from engine.errors import RequestRejected, RequestTimeout

_COMMISSION_DELAY_S = 2.0


class Executions:
    """Asks for the day's executions again and again, and tells each that is new or changed."""

    def __init__(
        self,
        connection: Connection,
        accounts: Sequence[str],
        emit: Callable[[BrokerEvent], None],
        timings: Timings,
    ) -> None:
        self._connection = connection
        self._accounts = tuple(accounts)
        self._emit = emit
        self._timings = timings
        self._told: dict[str, Fill] = {}
        self._look_again = asyncio.Event()

    def look_again(self) -> None:
        """A position changed: ask soon."""
        self._look_again.set()

    async def follow(self) -> None:
        """The day's fills at once, then every minute and after each change of a position.

        TWS sends fills of the user's own orders to API clients only when asked.
        """
        while True:
            self._look_again.clear()
            await self._ask()
            self._tell()
            await asyncio.sleep(_COMMISSION_DELAY_S)  # commissions follow the executions
            self._tell()
            try:
                await asyncio.wait_for(self._look_again.wait(), self._timings.executions_every_s)
            except TimeoutError:
                continue

    async def _ask(self) -> None:
        connection = self._connection
        req_id = connection.next_req_id()
        wanted = connection.library.ExecutionFilter(acctCode=self._accounts[0] if len(self._accounts) == 1 else "")
        try:
            await connection.ask(
                "Executions",
                req_id,
                lambda: connection.client.reqExecutions(req_id, wanted),
                self._timings.details_s,
                end_grace_s=self._timings.end_grace_s,
            )
        except (RequestTimeout, RequestRejected):
            return  # asked again in a minute; the fills so far are kept by the client

    def _tell(self) -> None:
        for exec_id, native in list(self._connection.wrapper.fills.items()):
            if native.execution.acctNumber not in (*self._accounts, ""):
                continue
            fill = to_fill(native)
            if self._told.get(exec_id) != fill:
                self._told[exec_id] = fill
                self._emit(FillReport(fill))
