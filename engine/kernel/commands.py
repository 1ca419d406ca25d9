"""Commands of the pages: carried out in the engine loop, answered as state under their request id."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, NamedTuple, Protocol

from engine.broker.port import BrokerPort
from engine.broker.probe import probe
from engine.clock import Clock
from engine.contracts.symbols import SymbolIndex, name_key
from engine.domain import ContractRef, LineClass, con_id_of
from engine.errors import QTradeError
from engine.kernel.alert_commands import AlertCommands
from engine.kernel.trader_desk import TraderDesk
from engine.lines.report import LinesReport, WhatIf, trial_demand
from engine.lines.watch import SymbolWatch
from engine.scanners.board import usable
from engine.scanners.coordinator import ScannerCoordinator
from engine.settings.changes import SettingsKeeper
from engine.state.commands import (
    ApplySettings,
    AskLine,
    AskNews,
    DeleteScan,
    DeskCommand,
    DropLevel,
    EditWatchlist,
    FindSymbol,
    ImportSymbols,
    InspectSignal,
    JoinTrips,
    KeepLevel,
    KeepNote,
    KeepScan,
    NoteDay,
    NoteStop,
    NoteTrip,
    OpenSymbol,
    PinSymbol,
    ProbeBroker,
    Reconnect,
    RevertChange,
    RunAudit,
    UseThresholdSet,
    WhyNot,
)
from engine.state.sections import Answer, AnswersSection
from engine.storage.atomic import CLOSE_S
from engine.watchlists.keeper import WatchlistKeeper

log = logging.getLogger("qtrade.engine")

_KEEP = 50
_AT_ONCE = 8  # questions to the broker or the network under way
_FOUND_MAX = 16
_FAILED = "This could not be done; the log file says why."


class LineAnswers(Protocol):
    """Who knows what a line more would do, and why a symbol has, or has not, one now."""

    def what_if(self, contract: ContractRef, line_class: LineClass) -> WhatIf: ...

    def explain(self, con_id: int) -> str: ...


async def _at_once() -> None:
    """Whoever keeps the pins wrote them in the call itself."""


async def _no_news(con_id: int) -> tuple[str, list[list[Any]]]:
    """Whoever has no newsroom."""
    return "No news.", []


def _found_row(contract: ContractRef, *, is_meant: bool) -> list[Any]:
    return [
        contract.con_id,
        contract.local_symbol,
        contract.sec_type,
        contract.primary_exchange or contract.exchange,
        is_meant,
    ]


class Said(NamedTuple):
    """What a command comes to in words, and the value that its page asked for."""

    text: str
    value: Any = None


class Commands:
    """A handler for each kind of command. Engine thread only.

    `on_watch` is called when pins changed, so that lines are planned at once; `on_answer` when an answer comes later
    than `take`; `written` waits until the pins are on the disk.
    """

    def __init__(
        self,
        keeper: SettingsKeeper,
        watch: SymbolWatch,
        symbols: SymbolIndex,
        broker: BrokerPort,
        clock: Clock,
        on_watch: Callable[[], None],
        lines: LineAnswers,
        ask_audit: Callable[[], str] = lambda: "",
        inspect: Callable[[str], dict[str, Any]] = lambda text: {"text": ""},
        signal_card: Callable[[str, int], dict[str, Any]] = lambda signal, con_id: {},
        news: Callable[[int], Awaitable[tuple[str, list[list[Any]]]]] = _no_news,
        on_answer: Callable[[], None] = lambda: None,
        written: Callable[[], Awaitable[None]] = _at_once,
        answers: Iterable[Answer] = (),
        trader: TraderDesk | None = None,
        alerts: AlertCommands | None = None,
        watchlists: WatchlistKeeper | None = None,
    ) -> None:
        self._watch = watch
        self._symbols = symbols
        self._broker = broker
        self._clock = clock
        self._on_watch = on_watch
        self._inspect = inspect
        self._signal_card = signal_card
        self._headlines = news
        self._on_answer = on_answer
        self._written = written
        self._lines = lines
        self._waiting: deque[DeskCommand] = deque()
        self._answers: deque[Answer] = deque(answers, maxlen=_KEEP)
        self._questions: set[asyncio.Task[Answer]] = set()
        self._writing: set[asyncio.Task[Answer]] = set()  # changes on their way to the disk
        self._at_once: dict[type, Callable[[Any], str | Said]] = {
            RunAudit: lambda command: ask_audit(),
            WhyNot: self._why_not,
            InspectSignal: self._inspect_signal,
            AskLine: self._ask_line,
            OpenSymbol: self._open,
            Reconnect: self._reconnect,
        }
        self._changes: dict[type, Callable[[Any], Coroutine[Any, Any, str]]] = {
            ApplySettings: lambda command: keeper.change(command.changes, command.who),
            RevertChange: lambda command: keeper.revert(command.change_id, command.who),
            UseThresholdSet: lambda command: keeper.use_set(command.action, command.name, command.who),
            KeepScan: keeper.keep_scan,
            DeleteScan: lambda command: keeper.delete_scan(command.name, command.who),
            PinSymbol: self._pin,
        }
        if trader is not None:
            self._changes |= dict.fromkeys((NoteTrip, NoteDay, NoteStop, JoinTrips), trader.keep)
        if watchlists is not None:
            self._changes |= {
                EditWatchlist: watchlists.edit,
                ImportSymbols: watchlists.import_,
                KeepNote: watchlists.note,
                KeepLevel: watchlists.level,
                DropLevel: watchlists.drop_level,
            }
        self._later: dict[type, Callable[[Any], Coroutine[Any, Any, Answer]]] = {
            FindSymbol: self._find,
            ProbeBroker: self._probe,
            AskNews: self._news,
        }
        if alerts is not None:
            self._at_once |= alerts.at_once
            self._later |= alerts.later

    @property
    def is_waiting(self) -> bool:
        """Commands are left over from a call that failed."""
        return bool(self._waiting)

    def section(self) -> AnswersSection:
        return AnswersSection(answers=tuple(self._answers))

    def take(self, commands: list[DeskCommand]) -> None:
        """Carry out what can be done at once; what waits for the disk or asks the broker goes on as a task.

        Where one fails in a way that nobody foresaw, the error goes up and the rest waits for the next call.
        """
        self._waiting.extend(commands)
        while self._waiting:
            command = self._waiting.popleft()
            later = self._later.get(type(command))
            if later is not None:
                self._ask(command.request_id, functools.partial(later, command))
            elif type(command) in self._changes:
                self._start(command.request_id, self._change(command), self._writing)
            else:
                self._carry_out(command)

    def _carry_out(self, command: DeskCommand) -> None:
        said = Said(_FAILED)  # stays so when carrying it out fails in a way that nobody foresaw
        ok = False
        try:
            result = self._at_once[type(command)](command)
            ok, said = True, result if isinstance(result, Said) else Said(result)
        except QTradeError as error:
            said = Said(str(error))
        finally:
            self.answer(command.request_id, ok, *said)

    async def _change(self, command: DeskCommand) -> Answer:
        text = await self._changes[type(command)](command)
        return Answer(command.request_id, True, text, self._clock.wall())

    async def finish(self) -> None:
        """Changes that were begun are on the disk and in force when this returns, or still being written."""
        if self._writing:
            await asyncio.wait(self._writing, timeout=CLOSE_S)

    def _ask_line(self, command: AskLine) -> Said:
        contract = self._known(command.con_id)
        if not self._broker.link.connected:
            raise QTradeError("There is no connection to the broker: no line can be planned now.")
        answer = self._lines.what_if(contract, command.line_class)
        value = [answer.headline, answer.detail, self._lines.explain(command.con_id), answer.victim]
        return Said(f"{answer.headline}. {answer.detail}".rstrip(), value)

    def _why_not(self, command: WhyNot) -> Said:
        found = self._inspect(command.text)
        return Said(str(found["text"]) or "Every rule passes.", found)

    def _inspect_signal(self, command: InspectSignal) -> Said:
        found = self._signal_card(command.signal, command.con_id)
        return Said(f"{found['sym']} {found['side']}", found)

    def _reconnect(self, command: Reconnect) -> str:
        self._broker.reconnect("asked for on the Health page")
        return "Connecting afresh."

    def _open(self, command: OpenSymbol) -> str:
        self._on_watch()  # which symbols are open is read from the state
        return ""

    async def _pin(self, command: PinSymbol) -> str:
        contract = self._known(command.con_id)
        self._watch.pin(contract, command.pinned)
        self._on_watch()
        await self._written()  # who has the answer finds the pin after any end of the program
        return f"{contract.local_symbol} is {'pinned' if command.pinned else 'no longer pinned'}."

    def _known(self, con_id: int) -> ContractRef:
        contract = self._symbols.contract(con_id)
        if contract is None:
            raise QTradeError(f"Contract {con_id} is not known here; find it by its name first.")
        return contract

    async def _find(self, command: FindSymbol) -> Answer:
        text, symbols = command.text.strip(), self._symbols
        number = con_id_of(text)
        found = symbols.find(text) if number is None else symbols.called(text)
        if not found:
            found = await self._ask_broker(text)
        numbered = symbols.contract(number or 0)
        found = [*([numbered] if numbered else []), *(each for each in found if each != numbered)][:_FOUND_MAX]
        meant = {c.con_id for c in symbols.find(text)}
        rows = [_found_row(c, is_meant=c.con_id in meant) for c in found]
        if found and found[0].con_id in {c.con_id for c in symbols.once_called(text)}:
            renamed = f"{text.upper()} is called {found[0].local_symbol} now."
            return Answer(command.request_id, True, renamed, self._clock.wall(), rows)
        said = f"{len(rows)} found." if rows else f"Nothing is called {text!r} here or at the broker."
        return Answer(command.request_id, bool(rows), said, self._clock.wall(), rows)

    async def _ask_broker(self, text: str) -> list[ContractRef]:
        """What the broker offers for this name; where nothing is called so, the contract of this number as well."""
        if not self._broker.link.connected:
            raise QTradeError(f"{text!r} is not known here, and the broker is not connected to be asked.")
        found: list[ContractRef] = []
        for spelling in dict.fromkeys((name_key(text), text.upper())):  # IB writes BRK B, whatever stands between
            found = found or (await self._broker.search(spelling) if spelling else [])
        self._symbols.learn(found)
        number = con_id_of(text)
        if number is not None and not self._symbols.find(text):
            found_by_id = await self._broker.contract_info(ContractRef(number, "", "", ""))
            self._symbols.learn(info.contract for info in found_by_id)
        return found

    async def _news(self, command: AskNews) -> Answer:
        text, rows = await self._headlines(command.con_id)
        return Answer(command.request_id, True, text, self._clock.wall(), rows)

    async def _probe(self, command: ProbeBroker) -> Answer:
        ok, text = await probe(command.host, command.port)
        return Answer(command.request_id, ok, text, self._clock.wall())

    def _ask(self, request_id: str, work: Callable[[], Coroutine[Any, Any, Answer]]) -> None:
        if len(self._questions) >= _AT_ONCE:
            self.answer(request_id, False, f"{_AT_ONCE} questions are under way already; try again in a few seconds.")
            return
        self._start(request_id, work(), self._questions)

    def _start(self, request_id: str, work: Coroutine[Any, Any, Answer], under_way: set[asyncio.Task[Answer]]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        task.add_done_callback(lambda done: self._done(request_id, done))

    def _done(self, request_id: str, task: asyncio.Task[Answer]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self._answers.append(task.result())
        elif isinstance(error, QTradeError):
            self.answer(request_id, False, str(error))
        else:
            log.error("A command of a page failed", exc_info=error)
            self.answer(request_id, False, _FAILED)
        self._on_answer()

    def answer(self, request_id: str, ok: bool, text: str, value: Any = None) -> None:
        """Keep an answer for the pages; success without words is none."""
        if text or not ok:
            self._answers.append(Answer(request_id, ok, text, self._clock.wall(), value))


class LineQuestions:
    """Answers out of the bus' own plan; asks for nothing."""

    def __init__(self, lines: LinesReport, coordinator: ScannerCoordinator) -> None:
        self._lines = lines
        self._coordinator = coordinator

    def what_if(self, contract: ContractRef, line_class: LineClass) -> WhatIf:
        """Without a score, which only candidates have, an ordinary candidate is tried with 0."""
        score = self._coordinator.score_of(contract.con_id)
        answer = self._lines.what_if(trial_demand(usable(contract), line_class, score, self._coordinator.top_score))
        if line_class == "pinned" or score is not None:
            return answer
        tried = (
            "counted as 0" if line_class == "25" else f"counted as {self._coordinator.top_score:.2f}, the least for 50"
        )
        detail = f"{answer.detail} It is no candidate now: its score is {tried}.".lstrip()
        return WhatIf(answer.headline, detail, answer.victim)

    def explain(self, con_id: int) -> str:
        return self._lines.explain(con_id)
