"""What the groups of faults have in common: a method `do_<kind>` for each kind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from simulator.gateway import Gateway
from simulator.session import Session


class Params(dict[str, Any]):
    """What a fault was told; `unread` are the names that it took no notice of."""

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__(values)
        self.unread = set(values)

    def __getitem__(self, name: str) -> Any:
        self.unread.discard(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self.unread.discard(str(name))
        return super().__contains__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.unread.discard(name)
        return super().get(name, default)


Answer = dict[str, object]
Action = Callable[[Params], Answer | None]


class FaultGroup:
    """Runs in the gateway's loop. Durations are wall seconds."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._hub = gateway.hub

    def kinds(self) -> dict[str, Action]:
        return {name.removeprefix("do_"): getattr(self, name) for name in dir(self) if name.startswith("do_")}

    def _targets(self, params: Params) -> list[Session]:
        """The sessions meant: of one client id, or all."""
        wanted = params.get("client_id")
        sessions = list(self._hub.sessions.values())
        return [s for s in sessions if wanted is None or s.client_id == int(wanted)]

    def _until(self, params: Params, default_s: float) -> float:
        return self._hub.wall() + float(params.get("seconds", default_s))

    def _later(self, delay_s: float, action: Action, params: Params) -> None:
        params.unread.clear()  # they are read when the time has come
        asyncio.get_running_loop().call_later(delay_s, action, params)
