"""Contract details, asked for once a connection and contract: names, minimum tick, trading hours, stock type."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from engine.broker.port import BrokerPort
from engine.domain import ContractInfo, ContractRef
from engine.errors import BrokerUnavailable, RequestRejected

log = logging.getLogger("qtrade.contracts")

_AT_ONCE = 3
_TIMEOUT_S = 15.0
_PAUSE_S = 0.2
_TRIES = 2


class ContractDetails:
    """Wishes in, `on_info(con_id, info)` out; info None = not known to the gateway now (200). Engine thread only."""

    def __init__(self, broker: BrokerPort, on_info: Callable[[int, ContractInfo | None], None]) -> None:
        self._broker = broker
        self._on_info = on_info
        self._infos: dict[int, ContractInfo] = {}
        self._wanted: dict[int, ContractRef] = {}
        self._asked: dict[int, int] = {}
        self._running: set[asyncio.Task[None]] = set()

    def want(self, contract: ContractRef) -> None:
        """Ask for the details of a contract, unless that was done on this connection. Cheap to repeat."""
        if contract.con_id not in self._asked:
            self._wanted.setdefault(contract.con_id, contract)

    def want_again(self, contract: ContractRef) -> None:
        """It is called otherwise now: its details were those of the former name."""
        self._asked.pop(contract.con_id, None)
        self.want(contract)

    def info(self, con_id: int) -> ContractInfo | None:
        """The newest details, also of an earlier connection."""
        return self._infos.get(con_id)

    def on_connected(self) -> None:
        """Everything is examined anew: a 200 of the nightly reset must not last."""
        self._asked.clear()

    async def run(self) -> None:
        """Ask for what is wanted, for ever. Cancel it to stop."""
        try:
            while True:
                while self._wanted and len(self._running) < _AT_ONCE and self._broker.link.connected:
                    self._start(self._wanted.pop(next(iter(self._wanted))))
                await asyncio.sleep(_PAUSE_S)
        finally:
            for task in self._running:
                task.cancel()

    def _start(self, contract: ContractRef) -> None:
        self._asked[contract.con_id] = self._asked.get(contract.con_id, 0) + 1
        task = asyncio.get_running_loop().create_task(self._ask(contract), name=f"details {contract.local_symbol}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _ask(self, contract: ContractRef) -> None:
        try:
            infos = await self._broker.contract_info(contract, _TIMEOUT_S)
        except RequestRejected as error:
            log.info("Details of %s: %s", contract.local_symbol, error)
            infos = []
        except BrokerUnavailable:
            if self._asked.get(contract.con_id, 0) < _TRIES:
                self._wanted[contract.con_id] = contract
            return
        info = infos[0] if infos else None
        if info is not None:
            self._infos[contract.con_id] = info
        self._on_info(contract.con_id, info)
