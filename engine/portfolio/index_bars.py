"""Daily bars of the funds that stand for the indexes of the what-if: asked for once a day, when something is held.

A fund's bars go back for years, a future's end with its contract; both follow the same index. Engine thread only.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from engine.broker.port import HistoryRequest
from engine.domain import Bar, ContractInfo, ContractRef
from engine.errors import QTradeError
from engine.portfolio.beta import closes_of

log = logging.getLogger("qtrade.portfolio")

YEAR = HistoryRequest("1 Y", "1 day", rth=True)
FIRST_S = 20.0  # after the connection stands: prices, positions and their bars go first
AGAIN_S = 900.0  # after a failure


class Index(NamedTuple):
    """`roots` = futures that are the index itself; `proxy` = a US fund that follows it."""

    name: str
    proxy: str
    roots: frozenset[str]


INDEXES = (
    Index("NQ", "QQQ", frozenset({"NQ", "MNQ"})),
    Index("ES", "SPY", frozenset({"ES", "MES"})),
    Index("RTY", "IWM", frozenset({"RTY", "M2K"})),
)


class Source(Protocol):
    """What is asked of the broker."""

    async def contract_info(self, contract: ContractRef, timeout_s: float = 15.0) -> list[ContractInfo]: ...

    async def history(self, contract: ContractRef, request: HistoryRequest, timeout_s: float = 60.0) -> list[Bar]: ...


class IndexBars:
    """`known(con_id)` = daily bars that are here anyway; `day()` = the running trade date as a daily bar tells it.

    `is_wanted` = something is held and the connection stands.
    """

    def __init__(
        self,
        source: Source,
        known: Callable[[int], Sequence[Bar]],
        day: Callable[[], float],
        is_wanted: Callable[[], bool],
        first_s: float = FIRST_S,
    ) -> None:
        self._source = source
        self._known = known
        self._day = day
        self._is_wanted = is_wanted
        self._first_s = first_s
        self._contracts: dict[str, ContractRef] = {}
        self._bars: dict[str, tuple[float, tuple[Bar, ...]]] = {}  # by index: of which day, bars

    def closes(self, index: str) -> dict[float, float]:
        """Close by day, without the running day's; {} = not known yet."""
        contract, today = self._contracts.get(index), self._day()
        bars = self._known(contract.con_id) if contract is not None else ()
        bars = bars or self._bars.get(index, (0.0, ()))[1]
        return closes_of([bar for bar in bars if bar.time < today])

    @property
    def version(self) -> tuple[float, ...]:
        """Changes when bars have come."""
        return tuple(self._bars[index.name][0] if index.name in self._bars else 0.0 for index in INDEXES)

    async def run(self) -> None:
        """For ever. Cancel it to stop."""
        while True:
            await asyncio.sleep(self._first_s)
            if not self._is_wanted():
                continue
            for index in INDEXES:
                if self._bars.get(index.name, (0.0, ()))[0] != self._day() and not await self._ask(index):
                    await asyncio.sleep(AGAIN_S)
                    break

    async def _ask(self, index: Index) -> bool:
        today = self._day()
        try:
            contract = self._contracts.get(index.name)
            if contract is None:
                asked = ContractRef(0, index.proxy, "", "STK", exchange="SMART", currency="USD")
                found = await self._source.contract_info(asked)
                if not found:
                    log.info("Betas to %s: TWS knows no %s", index.name, index.proxy)
                    return False
                contract = self._contracts[index.name] = found[0].contract
            if self._known(contract.con_id):
                self._bars[index.name] = (today, ())
                return True
            self._bars[index.name] = (today, tuple(await self._source.history(contract, YEAR)))
            return True
        except QTradeError as error:
            log.info("Betas to %s: %s", index.name, error)
            return False
