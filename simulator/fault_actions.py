"""The faults of the control port by name, and errors with any code."""

from __future__ import annotations

from typing import Any

from simulator import texts
from simulator.fault_connection import ConnectionFaults
from simulator.fault_data import DataFaults
from simulator.fault_group import Action, Answer, FaultGroup, Params
from simulator.faults import InjectedError
from simulator.gateway import Gateway

FATAL_CODES = frozenset({101, 200, 354, 10168})  # the line is gone afterwards


class UnknownFault(ValueError):
    """No fault of that name, or one of its parameters is unusable."""


class ErrorFaults(FaultGroup):
    """Errors and notices with any code; and the end of all faults."""

    def do_error(self, params: Params) -> Answer:
        """Any code: at once on req_id (-1 = the connection) or on the lines of con_id; `next` = for coming requests."""
        code = int(params["code"])
        text = str(params.get("text", texts.text_of(code, params)))
        con_id = None if params.get("con_id") is None else int(params["con_id"])
        if "next" in params:
            remaining = params.get("count", 1)
            error = InjectedError(code, text, str(params["next"] or ""), con_id, remaining)
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

    def do_notice(self, params: Params) -> None:
        code = int(params["code"])
        self._hub.broadcast_error(-1, code, str(params.get("text", texts.text_of(code, params))))

    def do_clear(self, _params: Params) -> None:
        """Everything that lasts is over."""
        self._hub.faults.clear()
        for session in self._hub.sessions.values():
            session.pause(False)


class FaultActions:
    """All kinds. `run` answers with what it did."""

    def __init__(self, gateway: Gateway) -> None:
        self._kinds: dict[str, Action] = {}
        for group in (ConnectionFaults(gateway), DataFaults(gateway), ErrorFaults(gateway)):
            self._kinds |= group.kinds()

    def kinds(self) -> list[str]:
        return sorted(self._kinds)

    def run(self, kind: str, values: dict[str, Any]) -> Answer:
        """Raises UnknownFault; a parameter that the fault does not know is said once it has done the rest."""
        action = self._kinds.get(kind)
        if action is None:
            raise UnknownFault(f"kind {kind!r} is unknown; one of: {', '.join(self.kinds())}")
        try:
            params = Params(values)
            answer = action(params) or {}
        except (KeyError, TypeError, ValueError) as problem:
            raise UnknownFault(f"{kind}: {type(problem).__name__} {problem}") from None
        if params.unread:
            raise UnknownFault(f"{kind} has no parameter {', '.join(sorted(params.unread))}; it ran without")
        return answer
