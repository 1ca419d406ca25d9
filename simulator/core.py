"""What a single connection needs to know of the gateway."""

from __future__ import annotations

from collections.abc import Callable

from simulator.faults import FaultState
from simulator.ledger import Ledger
from simulator.model import World
from simulator.settings import GatewaySettings


class Core:
    """Lives in the gateway's one event loop. `wall` is monotonic seconds."""

    def __init__(
        self, world: World, settings: GatewaySettings, wall: Callable[[], float], holds: Callable[[int], bool]
    ) -> None:
        self.world = world
        self.settings = settings
        self.wall = wall
        self.faults = FaultState()
        self.ledger = Ledger(holds)
