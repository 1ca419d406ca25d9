"""The market strip: a few contracts of the user's choice, each with a line of its own while the budget allows it.

"ES, NQ, VIX": a plain name is the index of that name, else the front month of the future, else the US stock; a contract
may be described as in an import ("DAX,IND,EUREX,EUR"), entries then separated by semicolons. Engine loop only.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from engine.clock import Clock
from engine.domain import MARKET_STRIP, ContractRef, Demand
from engine.errors import BrokerUnavailable, RequestRejected
from engine.state.watchlist_sections import StripEntry
from engine.watchlists.importing import Wanted, read
from engine.watchlists.lookup import Asked
from engine.watchlists.matching import match

log = logging.getLogger("qtrade.watchlists")

ENTRIES_MAX = 6
SHARE = 8  # of the lines that are not kept for positions, the strip takes one in so many at most
LOOK_S = 5.0
AGAIN_S = 300.0
TURN_S = 3_600.0  # a front month ends; its successor is found within the hour
KINDS = ("IND", "FUT", "STK")
_COMBINED = "QBALGO"  # IB's second route to the futures of CME


def wanted_of(text: str) -> tuple[Wanted, ...]:
    """What the setting names, at most `ENTRIES_MAX`; what can't be read is left out."""
    return read(text.replace(";", "\n")).wanted[:ENTRIES_MAX]


def lines_allowed(limit: int, buffer: int) -> int:
    """How many lines the strip may take of this budget."""
    return max(0, limit - buffer) // SHARE


def front_month(found: Sequence[ContractRef], today: str) -> ContractRef | None:
    """The next future of these to expire, `today` (YYYYMMDD) or later."""
    alive = [each for each in found if each.last_trade_date[:8] >= today and each.exchange != _COMBINED]
    return min(alive, key=lambda each: (each.last_trade_date, each.con_id), default=None)


class MarketStrip:
    """`today()` is the market's day, YYYYMMDD; `learn` takes the contracts that are found."""

    def __init__(
        self,
        broker: Asked,
        is_connected: Callable[[], bool],
        clock: Clock,
        today: Callable[[], str],
        learn: Callable[[Sequence[ContractRef]], None],
    ) -> None:
        self._broker = broker
        self._is_connected = is_connected
        self._clock = clock
        self._today = today
        self._learn = learn
        self._wanted: tuple[Wanted, ...] = ()
        self._entries: dict[str, StripEntry] = {}
        self._due_mono: dict[str, float] = {}

    def set_names(self, text: str) -> None:
        """The user's choice; what was found before stays found."""
        self._wanted = wanted_of(text)
        kept = {wanted.text for wanted in self._wanted}
        self._entries = {name: entry for name, entry in self._entries.items() if name in kept}
        self._due_mono = {name: due for name, due in self._due_mono.items() if name in kept}

    def on_connected(self) -> None:
        """Another gateway may know what this one did not."""
        self._due_mono.clear()

    def entries(self) -> tuple[StripEntry, ...]:
        """In the user's order; those that are not looked up yet say so."""
        return tuple(self._entries.get(each.text, StripEntry(each.text)) for each in self._wanted)

    def demands(self, most: int) -> list[Demand]:
        """Wishes for lines of the first `most` that are found."""
        found = [entry.contract for entry in self.entries() if entry.contract is not None]
        return [Demand(contract, "pinned", MARKET_STRIP, "in the market strip") for contract in found[:most]]

    async def run(self) -> None:
        """Look up what is not known yet, again what was not found, and follow the front months. Cancel it to stop."""
        while True:
            if self._is_connected():
                for wanted in self._wanted:
                    if self._clock.mono() >= self._due_mono.get(wanted.text, 0.0):
                        await self._look_up(wanted)
            await asyncio.sleep(LOOK_S)

    async def _look_up(self, wanted: Wanted) -> None:
        before = self._entries.get(wanted.text)
        try:
            contract = await self._found(wanted)
        except BrokerUnavailable:
            self._due_mono[wanted.text] = self._clock.mono() + LOOK_S
            return
        if contract is None:
            entry = StripEntry(wanted.text, problem="This gateway knows no such contract")
        else:
            entry = StripEntry(wanted.text, contract)
            self._learn([contract])
        self._due_mono[wanted.text] = self._clock.mono() + (AGAIN_S if contract is None else TURN_S)
        if entry != before and wanted in self._wanted:
            self._entries[wanted.text] = entry

    async def _found(self, wanted: Wanted) -> ContractRef | None:
        for kind in (wanted.sec_type,) if wanted.sec_type else KINDS:
            asked = ContractRef(
                wanted.con_id, wanted.symbol, "", "" if wanted.con_id else kind, "" if kind != "STK" else "SMART",
                currency=wanted.currency or "USD", last_trade_date=wanted.expiry, strike=wanted.strike,
                right=wanted.right,
            )  # fmt: skip
            try:
                infos = await self._broker.contract_info(asked)
            except RequestRejected as refused:
                log.info("Market strip, %s as %s: %s", wanted.text, kind, refused.text)
                continue
            chosen = self._chosen(replace(wanted, sec_type=kind), [info.contract for info in infos])
            if chosen is not None:
                return chosen
        return None

    def _chosen(self, wanted: Wanted, found: Sequence[ContractRef]) -> ContractRef | None:
        if wanted.sec_type == "FUT" and not wanted.expiry and not wanted.con_id:
            found = [each for each in found if match(wanted, [each]).contract is not None]
            return front_month(found, self._today())
        meant = match(wanted, found)
        return meant.contract if meant.contract is not None else next(iter(meant.choices), None)
