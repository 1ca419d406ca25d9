"""What the scanners work with: given by whoever introduces the rooms."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from engine.bars.history import HistoryQueue
from engine.bars.store import BarStore
from engine.bars.volume_unit import VolumeUnits
from engine.clock import Clock
from engine.coverage.port import Cover, NoCover
from engine.domain import ContractRef
from engine.scanners.breakout import Dollars, QuoteLookup, only_dollars
from engine.scanners.market import ScanPort


def _not_known(con_id: int) -> float | None:
    return None


class Parts(NamedTuple):
    """What the coordinator is given. `market` is the market clock; `quote` the newest quote of a con_id.

    `cover` hears where a visit may pay; `dollars` of a stock quoted in another currency or unit; `min_tick` of a
    con_id, None = its details are not known.
    """

    store: BarStore
    desk: HistoryQueue
    units: VolumeUnits
    broker: ScanPort
    clock: Clock
    market: Callable[[], float]
    quote: QuoteLookup
    cover: Cover = NoCover()
    dollars: Callable[[ContractRef], Dollars] = only_dollars
    min_tick: Callable[[int], float | None] = _not_known
