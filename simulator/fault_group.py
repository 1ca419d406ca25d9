"""What the groups of faults have in common: a method `do_<kind>` for each kind."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping
from typing import Any

from simulator.fault_params import ATTRIBUTE, Param
from simulator.gateway import Gateway
from simulator.session import Session

Params = dict[str, Any]
Answer = dict[str, object]
Action = Callable[[Params], Answer | None]
PREFIX = "do_"


class Endings:
    """What ends by itself after so many wall seconds, or all of it now."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._due: dict[int, tuple[asyncio.TimerHandle, Action, Params]] = {}

    def add(self, delay_s: float, action: Action, params: Params) -> None:
        number = next(self._numbers)
        timer = asyncio.get_running_loop().call_later(delay_s, self._end, number)
        self._due[number] = timer, action, params

    def all_now(self) -> None:
        for number, (timer, _, _) in list(self._due.items()):
            timer.cancel()
            self._end(number)

    def _end(self, number: int) -> None:
        _, action, params = self._due.pop(number)
        action(params)


class FaultGroup:
    """Runs in the gateway's loop. Durations are wall seconds."""

    def __init__(self, gateway: Gateway, endings: Endings) -> None:
        self._gateway = gateway
        self._hub = gateway.hub
        self._endings = endings

    @classmethod
    def params(cls) -> dict[str, Mapping[str, Param]]:
        """What each kind can be told."""
        names = [name for name in dir(cls) if name.startswith(PREFIX)]
        return {name.removeprefix(PREFIX): getattr(getattr(cls, name), ATTRIBUTE) for name in names}

    def kinds(self) -> dict[str, Action]:
        return {kind: getattr(self, PREFIX + kind) for kind in self.params()}

    def _targets(self, params: Params) -> list[Session]:
        """The sessions meant: of one client id, or all."""
        wanted = params.get("client_id")
        sessions = list(self._hub.sessions.values())
        return [s for s in sessions if wanted is None or s.client_id == int(wanted)]

    def _until(self, params: Params, default_s: float) -> float:
        return self._hub.wall() + float(params.get("seconds", default_s))

    def _later(self, delay_s: float, action: Action, params: Params) -> None:
        self._endings.add(delay_s, action, params)
