"""One connection from its handshake to its end: account check, positions first, Connected, liveness, error routing.

Every await is bounded: TWS may withhold any End message, and the session goes on with what came. Engine loop only.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from engine.broker.account_check import named_accounts, watched_accounts
from engine.broker.accounts import AccountFeed
from engine.broker.connection import Connection
from engine.broker.executions import Executions
from engine.broker.failures import ConnectFailure
from engine.broker.lines import MarketLines
from engine.broker.liveness import Liveness
from engine.broker.pacing import Pacer
from engine.broker.port import (
    BrokerEvent,
    ClockSample,
    Connected,
    PortfolioMark,
    PositionsKnown,
    PositionUpdate,
    RequestError,
    SystemNotice,
)
from engine.broker.positions import PositionFeed
from engine.broker.requests import Requests
from engine.broker.scans import Scans
from engine.broker.timings import Timings
from engine.clock import Clock
from engine.codes import code_info, farm_of, port_in
from engine.domain import BrokerMode
from engine.errors import QTradeError, RequestTimeout

log = logging.getLogger("qtrade.broker")

_NO_REQUEST = 2**31 - 2  # TWS also writes "no request" as the largest integer
_AFTER_CANCEL = frozenset({162, 300, 354, 365, 366})


class Session:
    """Nothing but positions is told before Connected; what came earlier follows it."""

    def __init__(
        self, connection: Connection, mode: BrokerMode, wanted_account: str | None, pacer: Pacer,
        emit: Callable[[BrokerEvent], None], clock: Clock, timings: Timings, on_answering: Callable[[bool], None],
    ) -> None:  # fmt: skip
        self.connection = connection
        self.login_accounts = named_accounts(connection.client.getAccounts())
        self.watched = watched_accounts(self.login_accounts, wanted_account, mode)
        self.account = self.watched[0]
        self._sink = emit
        self._clock = clock
        self._timings = timings
        self._held: list[BrokerEvent] | None = []
        self._positions_known = False
        self._clock_offset_s = 0.0  # gateway's clock minus ours
        self._tasks: set[asyncio.Task[Any]] = set()
        self.requests = Requests(connection, timings)
        self.lines = MarketLines(connection, self.requests, pacer, clock, self._emit, self._spawn, timings)
        self.scans = Scans(connection, pacer, self._emit)
        self.positions = PositionFeed(
            self.watched,
            lambda contract: self.requests.details(contract, timings.details_s, urgent=True),
            self._emit_position,
            timings,
        )
        self.accounts = AccountFeed(connection, pacer, self.watched, self.positions.ref, self._emit, timings)
        self.executions = Executions(connection, self.watched, self._emit, timings, self.market_now)
        self.liveness = Liveness(
            connection, clock, timings, self._on_clock, lambda: self.lines.open_count, on_answering
        )
        ib = connection.ib
        ib.positionEvent += self.positions.on_position
        ib.updatePortfolioEvent += self.positions.on_portfolio
        ib.errorEvent += self._on_error
        for code, text in connection.greeting:
            self._emit(SystemNotice(code, text, farm_of(code, text)))

    @property
    def is_announced(self) -> bool:
        return self._held is None

    async def start(self, market_data_type: int, epoch: int) -> None:
        """Positions, then Connected, within `start_up_s`; then everything else that was received meanwhile.

        Raises ConnectFailure when the connection ends before.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timings.start_up_s
        client = self.connection.client
        first = self._spawn(self._ask_positions())
        await asyncio.sleep(0)  # positions are the first request
        self._spawn(self.liveness.probe_for_ever())
        await asyncio.sleep(0)
        if self.connection.lost.done():
            raise self.connection.lost.result()
        with client.sending(urgent=True):
            client.reqMarketDataType(market_data_type)
        self.accounts.start()
        waiting: list[asyncio.Future[Any]] = [first, self.connection.lost]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        await self.positions.first_looks(deadline - loop.time())
        if self.connection.lost.done():
            raise self.connection.lost.result()
        self._announce(epoch)

    def _announce(self, epoch: int) -> None:
        self.positions.announce()
        connection = self.connection
        self._sink(
            Connected(
                epoch=epoch,
                account=self.account,
                server_version=int(connection.client.serverVersion()),
                at_wall=self._clock.wall(),
                client_id=connection.address.client_id,
                positions_known=self._positions_known,
                accounts=self.watched,
                login_accounts=self.login_accounts,
            )
        )
        held, self._held = self._held or [], None
        for event in held:
            self._sink(self._qualified(event))
        self._spawn(self.liveness.watch_stream())
        self._spawn(self.executions.follow())
        self._spawn(self.accounts.follow_values())
        self._spawn(self._tidy())
        if not self._positions_known:
            self._spawn(self._ask_positions_again())

    async def ended(self) -> ConnectFailure:
        """Waits for the end of the connection and returns its reason."""
        return await asyncio.shield(self.connection.lost)

    async def close(self) -> None:
        """Ends every task, then the connection."""
        self.executions.close()
        tasks = [*self._tasks, *self.positions.close()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.connection.close()

    def _qualified(self, event: BrokerEvent) -> BrokerEvent:
        """A valuation that came before its contract was looked up."""
        if isinstance(event, PortfolioMark) and (ref := self.positions.ref(event.contract.con_id)):
            return msgspec.structs.replace(event, contract=ref)
        return event

    # --- tasks ------------------------------------------------------------------------------------------------

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(self._guarded(work))
        task.add_done_callback(self._on_task_ended)
        self._tasks.add(task)
        return task

    def _on_task_ended(self, task: asyncio.Task[None]) -> None:
        """Without its probe or its watch a connection would look well for ever: one that lost a task is given up."""
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("A task of the connection failed", exc_info=error)
            self.connection.lose("dropped", f"An error in QTrade ended the connection ({type(error).__name__})")

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        """A request that fails with the connection is no error of the task."""
        try:
            await work
        except QTradeError as error:
            log.debug("%s", error)

    async def _ask_positions(self) -> None:
        client = self.connection.client
        await self.connection.ask(
            "Positions",
            "positions",
            client.reqPositions,
            self._timings.positions_s,
            urgent=True,
            end_grace_s=self._timings.positions_s / 3.0,
        )
        self._positions_known = True

    async def _ask_positions_again(self) -> None:
        """Until TWS, slow after its nightly restart, has sent them."""
        while not self._positions_known:
            await asyncio.sleep(self._timings.positions_s)
            try:
                await self._ask_positions()
            except RequestTimeout:
                log.warning("TWS has not sent its positions yet; those known before are kept")
        await self.positions.first_looks(self._timings.start_up_s)
        self.positions.announce()  # also those whose look-up has no answer yet: who is not told counts as closed
        self._emit(PositionsKnown())

    async def _tidy(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            self.lines.tidy()

    # --- events -----------------------------------------------------------------------------------------------

    def _emit(self, event: BrokerEvent) -> None:
        if self._held is None:
            self._sink(event)
        else:
            self._held.append(event)

    def _on_clock(self, event: BrokerEvent) -> None:
        if isinstance(event, ClockSample):
            self._clock_offset_s = event.offset_s
        self._emit(event)

    def market_now(self) -> float:
        return self._clock.wall() + self._clock_offset_s

    def _emit_position(self, event: BrokerEvent) -> None:
        self._sink(event)
        if self.is_announced and isinstance(event, PositionUpdate):
            self.executions.look_again()

    def _on_error(self, req_id: int, code: int, text: str, contract: Any) -> None:
        if code == 326:
            return  # the handshake's affair
        if self.lines.is_past(req_id) and not _is_error(code, text):
            return
        req_id = self.lines.line_of(req_id)
        self.connection.note_answer(req_id)
        if req_id < 0 or req_id >= _NO_REQUEST:
            self._on_notice(code, text)
        elif not self._is_benign(req_id, code, text):
            self._emit(RequestError(req_id, code, text))

    def _is_benign(self, req_id: int, code: int, text: str) -> bool:
        """Echoes of our own cancels, and a line that is asked for again in another way; never what is an error."""
        if _is_error(code, text):
            return False
        if self.requests.is_look_up(req_id) or self.accounts.refused(req_id, code, text):
            return True
        if self.lines.retried(req_id, code, text) or self.scans.swallows(req_id, code):
            return True
        if self.lines.owns(req_id):
            return self.lines.is_cancelled(req_id)
        return code in _AFTER_CANCEL and not self.scans.owns(req_id) and code_info(code, text).action == "ignore"

    def _on_notice(self, code: int, text: str) -> None:
        self._emit(SystemNotice(code, text, farm_of(code, text)))
        action = code_info(code, text).action
        if action == "reconnect_port":
            self.connection.lose("dropped", f"TWS changed its port: {text}", new_port=port_in(text))
        elif action in ("farm_up", "verify_lines"):
            self.positions.look_again()
        elif action == "resubscribe_all" and self.connection.is_ready:
            with self.connection.client.sending(urgent=True):
                self.connection.client.reqPositions()
            self.accounts.restart()
            self.executions.look_again()


def _is_error(code: int, text: str) -> bool:
    return code_info(code, text).severity == "error"
