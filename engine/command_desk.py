"""Commands of the pages: carried out in the engine loop, answered as state under their request id."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from engine.broker.port import BrokerPort
from engine.broker.probe import probe
from engine.clock import Clock
from engine.domain import ContractRef, LineClass
from engine.errors import QTradeError
from engine.lines.what_if import WhatIf
from engine.setting_changes import SettingsKeeper
from engine.state.commands import (
    ApplySettings,
    AskLine,
    DeleteScan,
    DeskCommand,
    FindSymbol,
    KeepScan,
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
from engine.symbols import SymbolIndex
from engine.watch import SymbolWatch

log = logging.getLogger("qtrade.engine")

Setting = ApplySettings | RevertChange | UseThresholdSet | KeepScan | DeleteScan
Plain = Setting | RunAudit | WhyNot | OpenSymbol | PinSymbol | Reconnect

_KEEP = 50
_AT_ONCE = 8  # questions to the broker or the network under way
_FOUND_MAX = 16
_FAILED = "This could not be done; the log file says why."


class LineDesk(Protocol):
    """Who knows what a line more would do, and why a symbol has, or has not, one now."""

    def what_if(self, contract: ContractRef, line_class: LineClass) -> WhatIf: ...

    def explain(self, con_id: int) -> str: ...


class CommandDesk:
    """Engine thread only. `on_watch` is called when pins changed, so that lines are planned at once."""

    def __init__(
        self,
        keeper: SettingsKeeper,
        watch: SymbolWatch,
        symbols: SymbolIndex,
        broker: BrokerPort,
        clock: Clock,
        on_watch: Callable[[], None],
        lines: LineDesk,
        ask_audit: Callable[[], str] = lambda: "",
        inspect: Callable[[str], dict[str, Any]] = lambda text: {"text": ""},
    ) -> None:
        self._keeper = keeper
        self._watch = watch
        self._symbols = symbols
        self._broker = broker
        self._clock = clock
        self._on_watch = on_watch
        self._ask_audit = ask_audit
        self._inspect = inspect
        self._value: Any = None  # of the command that is carried out now
        self._lines = lines
        self._waiting: deque[DeskCommand] = deque()
        self._answers: deque[Answer] = deque(maxlen=_KEEP)
        self._tasks: set[asyncio.Task[Answer]] = set()

    @property
    def is_waiting(self) -> bool:
        """Commands are left over from a call that failed."""
        return bool(self._waiting)

    def section(self) -> AnswersSection:
        return AnswersSection(answers=tuple(self._answers))

    def take(self, commands: list[DeskCommand]) -> None:
        """Carry out what can be done at once; what asks the broker goes on as a task.

        Where one fails in a way that nobody foresaw, the error goes up and the rest waits for the next call.
        """
        self._waiting.extend(commands)
        while self._waiting:
            command = self._waiting.popleft()
            if isinstance(command, FindSymbol):
                self._later(command.request_id, functools.partial(self._find, command))
            elif isinstance(command, ProbeBroker):
                self._later(command.request_id, functools.partial(self._probe, command))
            else:
                self._at_once(command)

    def _at_once(self, command: Plain | AskLine) -> None:
        self._value = None
        ok, text = False, _FAILED  # stays so when carrying it out fails in a way that nobody foresaw
        value: list[Any] | None = None
        try:
            if isinstance(command, AskLine):
                value = self._ask_line(command)
                ok, text = True, f"{value[0]}. {value[1]}".rstrip()
            else:
                ok, text = True, self._carry_out(command)
        except QTradeError as error:
            text = str(error)
        finally:
            self.answer(command.request_id, ok, text, self._value if value is None else value)

    def _ask_line(self, command: AskLine) -> list[Any]:
        contract = self._known(command.con_id)
        if not self._broker.link.connected:
            raise QTradeError("There is no connection to the broker: no line can be planned now.")
        answer = self._lines.what_if(contract, command.line_class)
        return [answer.headline, answer.detail, self._lines.explain(command.con_id), answer.victim]

    def _carry_out(self, command: Plain) -> str:
        if isinstance(command, Setting):
            return self._set(command)
        if isinstance(command, WhyNot):
            self._value = self._inspect(command.text)
            return str(self._value["text"]) or "Every rule passes."
        if isinstance(command, RunAudit):
            return self._ask_audit()
        if isinstance(command, Reconnect):
            self._broker.reconnect("asked for on the Health page")
            return "Connecting afresh."
        if isinstance(command, OpenSymbol):
            self._on_watch()  # which symbols are open is read from the state
            return ""
        contract = self._known(command.con_id)
        self._watch.pin(contract, command.pinned)
        self._on_watch()
        return f"{contract.local_symbol} is {'pinned' if command.pinned else 'no longer pinned'}."

    def _set(self, command: Setting) -> str:
        if isinstance(command, ApplySettings):
            return self._keeper.change(command.changes, command.who)
        if isinstance(command, RevertChange):
            return self._keeper.revert(command.change_id, command.who)
        if isinstance(command, KeepScan):
            return self._keeper.keep_scan(command)
        if isinstance(command, DeleteScan):
            return self._keeper.delete_scan(command.name, command.who)
        return self._keeper.use_set(command.action, command.name, command.who)

    def _known(self, con_id: int) -> ContractRef:
        contract = self._symbols.contract(con_id)
        if contract is None:
            raise QTradeError(f"Contract {con_id} is not known here; find it by its name first.")
        return contract

    async def _find(self, command: FindSymbol) -> Answer:
        found = self._symbols.find(command.text)
        if not found:
            if not self._broker.link.connected:
                raise QTradeError(f"{command.text!r} is not known here, and the broker is not connected to be asked.")
            found = await self._broker.search(command.text.strip().upper())
            self._symbols.learn(found)
        rows = [[c.con_id, c.local_symbol, c.sec_type, c.primary_exchange or c.exchange] for c in found[:_FOUND_MAX]]
        once = {c.con_id for c in self._symbols.once_called(command.text)}
        if rows and found[0].con_id in once:
            renamed = f"{command.text.strip().upper()} is called {found[0].local_symbol} now."
            return Answer(command.request_id, True, renamed, self._clock.wall(), rows)
        said = f"{len(rows)} found." if rows else f"Nothing is called {command.text!r} here or at the broker."
        return Answer(command.request_id, bool(rows), said, self._clock.wall(), rows)

    async def _probe(self, command: ProbeBroker) -> Answer:
        ok, text = await probe(command.host, command.port)
        return Answer(command.request_id, ok, text, self._clock.wall())

    def _later(self, request_id: str, work: Callable[[], Coroutine[Any, Any, Answer]]) -> None:
        if len(self._tasks) >= _AT_ONCE:
            self.answer(request_id, False, f"{_AT_ONCE} questions are under way already; try again in a few seconds.")
            return
        task = asyncio.get_running_loop().create_task(work())
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._done(request_id, done))

    def _done(self, request_id: str, task: asyncio.Task[Answer]) -> None:
        self._tasks.discard(task)
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

    def answer(self, request_id: str, ok: bool, text: str, value: Any = None) -> None:
        """Keep an answer for the pages; success without words is none."""
        if text or not ok:
            self._answers.append(Answer(request_id, ok, text, self._clock.wall(), value))
