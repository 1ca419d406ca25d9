"""The faults of the control port by name, and errors with any code."""

from __future__ import annotations

import string
from collections.abc import Mapping
from typing import Any

from simulator import texts
from simulator.fault_connection import ConnectionFaults
from simulator.fault_data import DataFaults
from simulator.fault_group import Action, Answer, Endings, FaultGroup, Params
from simulator.fault_params import CON_ID, COUNT, FLAG, SCALAR, TEXT, WHOLE, Param, ParamError, check, one_of, takes
from simulator.faults import InjectedError
from simulator.gateway import Gateway

# What the texts of codes leave open; who gives a value has it filled in.
HOLES = {
    hole: SCALAR
    for text in texts.BY_CODE.values()
    for _, hole, _, _ in string.Formatter().parse(text)
    if hole and hole not in ("req_id", "count")
}
# What errors can wait for; "" = any request.
REQUESTS = one_of("market_data", "history", "details", "scanner", "realtime_bars", "")
FATAL_CODES = frozenset({101, 200, 354, 10168})  # the line is gone afterwards


class UnknownFault(ValueError):
    """No fault of that name, or one of its parameters is unusable."""


class ErrorFaults(FaultGroup):
    """Errors and notices with any code; and the end of all faults."""

    @takes(code=WHOLE.needed(), text=TEXT, con_id=CON_ID, req_id=WHOLE, next=REQUESTS, count=COUNT, kill=FLAG, **HOLES)
    def do_error(self, params: Params) -> Answer:
        """Any code: at once on req_id (-1 = the connection) or on the lines of con_id; `next` = for coming requests."""
        code = int(params["code"])
        text = str(params.get("text", texts.text_of(code, params)))
        con_id = None if params.get("con_id") is None else int(params["con_id"])
        if "next" in params:
            remaining = params.get("count", 1)
            error = InjectedError(code, text, params["next"], con_id, remaining)
            self._hub.faults.errors.append(error)
            return {"pending": len(self._hub.faults.errors)}
        if con_id is None:
            self._hub.broadcast_error(int(params.get("req_id", -1)), code, text)
            return {}
        desk = self._gateway.desks.lines
        lines, kills = desk.open_lines(con_id), params.get("kill", code in FATAL_CODES)
        for line in lines:
            line.session.error(line.request.req_id, code, text)
            if kills:
                desk.lose(line)
        return {"lines": len(lines)}

    @takes(code=WHOLE.needed(), text=TEXT, **HOLES)
    def do_notice(self, params: Params) -> None:
        code = int(params["code"])
        self._hub.broadcast_error(-1, code, str(params.get("text", texts.text_of(code, params))))

    @takes()
    def do_clear(self, _params: Params) -> None:
        """Everything that lasts is over, with the words that TWS has for its end where some were due later."""
        self._endings.all_now()
        self._hub.faults.clear()
        if not self._gateway.is_listening:
            self._gateway.listen_again()
        for session in self._hub.sessions.values():
            session.pause(False)
            session.stall(False)


GROUPS: tuple[type[FaultGroup], ...] = (ConnectionFaults, DataFaults, ErrorFaults)


def fault_params() -> dict[str, Mapping[str, Param]]:
    """Every fault there is, and what it can be told."""
    return {kind: params for group in GROUPS for kind, params in group.params().items()}


class FaultActions:
    """All kinds. `run` answers with what it did."""

    def __init__(self, gateway: Gateway) -> None:
        self._kinds: dict[str, Action] = {}
        endings = Endings()
        for group in GROUPS:
            self._kinds |= group(gateway, endings).kinds()
        self.params = fault_params()

    def kinds(self) -> list[str]:
        return sorted(self._kinds)

    def run(self, kind: str, values: dict[str, Any]) -> Answer:
        """Raises UnknownFault before anything is done when the kind or a parameter is unknown or unusable."""
        action = self._kinds.get(kind)
        if action is None:
            raise UnknownFault(f"kind {kind!r} is unknown; one of: {', '.join(self.kinds())}")
        try:
            check(kind, self.params[kind], values)
        except ParamError as problem:
            raise UnknownFault(str(problem)) from None
        try:
            return action({name: value for name, value in values.items() if value is not None}) or {}
        except (KeyError, TypeError, ValueError) as problem:
            raise UnknownFault(f"{kind}: {problem}") from None
