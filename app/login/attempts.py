"""How often somebody may try to log in: who fails five times a minute waits, and so does everybody where many fail."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable

from app.rates import HERE, client_of

FAILURES = 5  # of one client
WINDOW_S = 60.0  # in so long, and so long it waits then
ALL_FAILURES = 20  # of all other computers together, in `WINDOW_S`
SLOW_S = 3.0  # between two tries of theirs from then on
CLIENTS_KEPT = 1_000


class Attempts:
    """The newest failures by client. A lock is the owner's affair; nothing here is kept on disk.

    This computer is one client, and is not slowed by what others try: its user can always log in here.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock  # monotonic seconds
        self._by_client: OrderedDict[str, deque[float]] = OrderedDict()
        self._all: deque[float] = deque(maxlen=ALL_FAILURES)
        self._next_at = float("-inf")

    def wait_s(self, address: str) -> float:
        """0 = try; else the seconds until a try counts again."""
        now, client = self._clock(), client_of(address)
        own = self._by_client.get(client)
        if own is not None and _is_burst(own) and now - own[-1] < WINDOW_S:
            return WINDOW_S - (now - own[-1])
        if client == HERE or len(self._all) < ALL_FAILURES or now - self._all[0] >= WINDOW_S:
            return 0.0
        if now < self._next_at:
            return self._next_at - now
        self._next_at = now + SLOW_S
        return 0.0

    def failed(self, address: str) -> bool:
        """Note it; whether this client has to wait now."""
        now, client = self._clock(), client_of(address)
        own = self._by_client.setdefault(client, deque(maxlen=FAILURES))
        own.append(now)
        self._by_client.move_to_end(client)
        while len(self._by_client) > CLIENTS_KEPT:
            self._by_client.popitem(last=False)
        if client != HERE:
            self._all.append(now)
        return _is_burst(own)

    def succeeded(self, address: str) -> None:
        self._by_client.pop(client_of(address), None)


def _is_burst(failed: deque[float]) -> bool:
    return len(failed) == FAILURES and failed[-1] - failed[0] < WINDOW_S
