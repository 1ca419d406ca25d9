"""What the scanners are given of other rooms."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from engine.bars.history import HistoryDesk
from engine.bars.store import BarStore
from engine.bars.volume_unit import VolumeUnits
from engine.clock import Clock
from engine.scanners.breakout import QuoteLookup
from engine.scanners.cover import Cover, NoCover
from engine.scanners.market import ScanPort


class Parts(NamedTuple):
    """What the coordinator is given. `market` is the market clock; `quote` the newest quote of a con_id.

    `cover` hears where a visit may pay.
    """

    store: BarStore
    desk: HistoryDesk
    units: VolumeUnits
    broker: ScanPort
    clock: Clock
    market: Callable[[], float]
    quote: QuoteLookup
    cover: Cover = NoCover()
