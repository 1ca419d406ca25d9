"""The engine's side of watch-lists for tests: the real keeper on a file, and a broker that knows some contracts."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from msgspec.structs import replace

from engine.clock import SystemClock
from engine.contracts.symbols import SymbolIndex, name_key
from engine.domain import ContractInfo, ContractRef
from engine.errors import QTradeError
from engine.state.bus import StateBus
from engine.state.commands import (
    AnyCommand,
    DropLevel,
    EditWatchlist,
    FindSymbol,
    ImportSymbols,
    KeepLevel,
    KeepNote,
)
from engine.state.sections import Answer, AnswersSection
from engine.watchlists.keeper import WatchlistKeeper
from engine.watchlists.lookup import Lookup

STEP_S = 0.05


class Broker:
    """Knows these contracts; answers as TWS does, and remembers what it was asked."""

    def __init__(self, *contracts: ContractRef) -> None:
        self.contracts = contracts
        self.is_connected = True
        self.asked: list[str] = []

    async def contract_info(self, contract: ContractRef, timeout_s: float = 15.0) -> list[ContractInfo]:
        self.asked.append(contract.symbol or str(contract.con_id))
        found = [
            each
            for each in self.contracts
            if each.con_id == contract.con_id
            or (not contract.con_id and each.symbol == contract.symbol and each.sec_type == contract.sec_type)
            and each.currency == contract.currency
            and each.last_trade_date.startswith(contract.last_trade_date)
        ]
        return [ContractInfo(each) for each in found]

    async def search(self, pattern: str, timeout_s: float = 10.0) -> list[ContractRef]:
        self.asked.append(f"?{pattern}")
        return [replace(each, exchange="") for each in self.contracts if each.symbol.startswith(pattern)]


class WatchlistDesk:
    """Carries out what pages ask of lists, notes and levels, in a thread of its own; publishes it at once."""

    def __init__(self, bus: StateBus, file: Path, *contracts: ContractRef) -> None:
        self.bus = bus
        self.commands: list[AnyCommand] = []
        self._answers: list[Answer] = []
        names = SymbolIndex()
        names.learn(contracts)
        broker = Broker(*contracts)
        lookup = Lookup(names, broker, lambda: broker.is_connected, name_key)
        self.keeper = WatchlistKeeper(lookup, SystemClock(), names.contract, self._publish)
        self.keeper.attach(file)
        self._publish()
        self._end = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()

    def _publish(self) -> None:
        self.bus.publish("watchlists", self.keeper.section())

    async def _run(self) -> None:
        while not self._end.is_set():
            for command in self.bus.drain():
                self.commands.append(command)
                answer = await self._answer(command)
                if answer is not None:
                    self._answers.append(answer)
                    self.bus.publish("answers", AnswersSection(answers=tuple(self._answers[-50:])))
            await asyncio.sleep(STEP_S)

    async def _answer(self, command: AnyCommand) -> Answer | None:
        ok, said, keeper = True, "", self.keeper
        try:
            if isinstance(command, EditWatchlist):
                said = await keeper.edit(command)
            elif isinstance(command, ImportSymbols):
                said = await keeper.import_(command)
            elif isinstance(command, KeepNote):
                said = await keeper.note(command)
            elif isinstance(command, KeepLevel):
                said = await keeper.level(command)
            elif isinstance(command, DropLevel):
                said = await keeper.drop_level(command)
            elif isinstance(command, FindSymbol):
                said = f"Nothing is called {command.text!r} here or at the broker."
                ok = False
            else:
                return None
        except QTradeError as error:
            ok, said = False, str(error)
        return Answer(command.request_id, ok, said, SystemClock().wall())

    def stop(self) -> None:
        self._end.set()
        self._thread.join(5.0)
