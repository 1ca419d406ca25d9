"""Runs a gateway with a fake world and its control port in a thread, for clients of the tests."""

from __future__ import annotations

import asyncio
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from simulator.control import ControlServer
from simulator.control_routes import ControlRoutes
from simulator.gateway import Gateway
from simulator.model import World
from simulator.settings import GatewaySettings
from tests.integration.fake_world import FakeWorld
from tests.patience import DEADLINE_S, wait_for

__all__ = ["TOKEN", "GatewayThread", "running_gateway", "wait_for"]
TOKEN = "test-token"


class GatewayThread:
    """`port` and `control_port` are real once it runs; `world` may be changed by the test between rounds."""

    def __init__(self, world: Any, settings: GatewaySettings) -> None:
        self.world = world
        self.settings = settings
        self.port = 0
        self.control_port = 0
        self.gateway: Gateway | None = None
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(DEADLINE_S), "the gateway did not start"

    def stop(self) -> None:
        assert self._loop is not None and self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(DEADLINE_S)
        assert not self._thread.is_alive()

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self.gateway = Gateway(self.world, self.settings, time.monotonic)
        control = ControlServer(ControlRoutes(self.gateway).table(), TOKEN)
        await self.gateway.start()
        await control.start(0)
        self.port, self.control_port = self.gateway.port, control.port
        self._ready.set()
        await self._stop.wait()
        await control.stop()
        await self.gateway.stop()

    def get(self, path: str) -> dict[str, Any]:
        return self.call("GET", path)[1]

    def ledger(self) -> dict[str, Any]:
        return self.get("/ledger")

    def fault(self, kind: str, **params: object) -> dict[str, Any]:
        status, answer = self.call("POST", "/fault", {"kind": kind, **params})
        assert status == 200, answer
        return answer

    def call(self, method: str, path: str, body: object = None, token: str = TOKEN) -> tuple[int, dict[str, Any]]:
        data = None if body is None else json.dumps(body).encode()
        url = f"http://127.0.0.1:{self.control_port}{path}"
        request = urllib.request.Request(url, data=data, method=method, headers={"X-Token": token})
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)


@contextmanager
def running_gateway(speed: float = 1.0, world: World | None = None, **changes: object) -> Iterator[GatewayThread]:
    """A gateway with small intervals; of the fake world unless another is given."""
    defaults: dict[str, object] = {"scan_first_s": 0.1, "scan_interval_s": 0.5, "account_interval_s": 0.5,
                                   "snapshot_timeout_s": 1.0, "history_delay_s": 0.02}  # fmt: skip
    settings = GatewaySettings(**{**defaults, **changes})  # type: ignore[arg-type]
    thread = GatewayThread(world or FakeWorld(time.monotonic, speed=speed), settings)
    thread.start()
    try:
        yield thread
    finally:
        thread.stop()
