"""How often a client may change or ask something: more is answered with 429 and told when to try again.

What a request counts as is decided here from its shape, so that a new callback or route has a limit without being
named: a button is a command, a form's request counts by its action, whatever else changes something is a command.
"""

from __future__ import annotations

import ipaddress
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

CLIENTS_KEPT = 1_000
HERE = "here"


class Limit(NamedTuple):
    """`burst` at once, then one each `every_s` seconds. `words`: what there were too many of."""

    every_s: float
    burst: int
    words: str


LIMITS: dict[str, Limit] = {
    "command": Limit(0.2, 10, "changes"),
    "question": Limit(0.1, 20, "questions"),
    "callback": Limit(0.05, 60, "requests"),
    "export": Limit(1.0, 2, "exports"),
    "search": Limit(0.5, 6, "searches of the log"),
    "reconnect": Limit(5.0, 1, "reconnects"),
    "test": Limit(5.0, 1, "looks and tests"),
}
# What a form's request is by its action; any other is a command.
ACTIONS = {
    "check": "question", "preview": "question", "lab-look": "question", "why": "question", "line": "question",
    "find": "question", "probe": "test",
}  # fmt: skip
BUTTONS = {"health-said.children": "reconnect", "health-report.data": "export"}  # by output; any other is a command
_EXPORT = re.compile(r"/export\b|\bexport/|\.(csv|xlsx|zip)$")


def kind_of_callback(output: str, inputs: Sequence[Any]) -> str:
    """What a callback counts as; `inputs` as the page sends them (property and value)."""
    if output in BUTTONS:
        return BUTTONS[output]
    kinds = {_kind_of_input(one) for each in inputs for one in (each if isinstance(each, list) else [each])}
    return next((kind for kind in ("test", "command", "question") if kind in kinds), "callback")


def _kind_of_input(given: Any) -> str:
    if given.property in ("n_clicks", "n_submit"):
        return "command"
    if isinstance(given.value, dict) and "action" in given.value:
        action = given.value["action"]
        return ACTIONS.get(action, "command") if isinstance(action, str) else "command"
    return "callback"


def kind_of_writing(path: str) -> str:
    """What anything but a GET counts as, where it is no callback."""
    return "test" if path == "/api/v1/checks" else "command"


def kind_of_reading(path: str) -> str | None:
    """What a GET counts as; None = it is free."""
    if path == "/api/v1/log":
        return "search"
    return "export" if _EXPORT.search(path) else None


def client_of(address: str) -> str:
    """Who counts as one: this computer, whichever of its addresses it asks from; of IPv6 the 64 bits of a house."""
    try:
        number = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(number, ipaddress.IPv6Address) and number.ipv4_mapped is not None:
        number = number.ipv4_mapped
    if number.is_loopback:
        return HERE
    return str(number if number.version == 4 else ipaddress.ip_network((number, 64), strict=False))


@dataclass(slots=True)
class _Bucket:
    left: float
    at_mono: float


class Rates:
    """Counts by client and kind. Any thread."""

    def __init__(self, clock_mono: Callable[[], float]) -> None:
        self._clock = clock_mono
        self._lock = threading.Lock()
        self._buckets: OrderedDict[tuple[str, str], _Bucket] = OrderedDict()

    def wait_s(self, address: str, kind: str) -> float:
        """0 = go on; else nothing was counted, and in so many seconds there is room again."""
        limit, now, client = LIMITS[kind], self._clock(), client_of(address)
        with self._lock:
            bucket = self._buckets.setdefault((client, kind), _Bucket(float(limit.burst), now))
            self._buckets.move_to_end((client, kind))
            while len(self._buckets) > CLIENTS_KEPT:
                self._buckets.popitem(last=False)
            bucket.left = min(float(limit.burst), bucket.left + max(0.0, now - bucket.at_mono) / limit.every_s)
            bucket.at_mono = now
            if bucket.left < 1.0:
                return (1.0 - bucket.left) * limit.every_s
            bucket.left -= 1.0
            return 0.0
