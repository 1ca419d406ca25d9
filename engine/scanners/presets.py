"""The ten scan presets as data (SIGNALS, "MarketScanner")."""

from __future__ import annotations

from datetime import datetime, time
from typing import NamedTuple

from engine.bars.hours import NEW_YORK
from engine.broker.port import ScanSpec
from engine.config import MarketScanSettings
from engine.domain import Side

ROWS = 50
GAP_UP_UNTIL = time(10, 30)  # New York


class Preset(NamedTuple):
    """`takes_lines` False: its rows join the universe but ask for no line. `min_change_pct` filters at the gateway."""

    name: str
    scan_code: str
    meaning: str
    instrument: str = "STK"
    location: str = "STK.US.MAJOR"
    side: Side = "long"
    until: time | None = None
    takes_lines: bool = True
    min_change_pct: float | None = None
    spare: bool = False  # runs on its own when a slot is free
    filters: tuple[tuple[str, str], ...] = ()
    custom: bool = False


PRESETS: tuple[Preset, ...] = (
    Preset("Momentum", "TOP_PERC_GAIN", "last against the prior close, +3 % and more", min_change_pct=3.0),
    Preset("Since open", "TOP_OPEN_PERC_GAIN", "last against today's open"),
    Preset("Relative volume", "HOT_BY_VOLUME", "today's volume against its 30-day average"),
    Preset("52-week high", "HIGH_VS_52W_HL", "near or at the high of 52 weeks"),
    Preset("Trend break", "HIGH_LAST_VS_EMA50", "last against EMA50"),
    Preset("Volume pace", "TOP_VOLUME_RATE", "volume a minute"),
    Preset("Short side", "TOP_PERC_LOSE", "losers", side="short"),
    Preset("Halted", "HALTED", "trading is halted; costs no line", takes_lines=False),
    Preset(
        "Gap up", "HIGH_OPEN_GAP", "open against the prior close, until 10:30 New York", until=GAP_UP_UNTIL, spare=True
    ),
    Preset("Active futures", "HOT_BY_VOLUME", "futures by volume", "FUT.US", "FUT.US", spare=True),
)
BY_NAME = {preset.name: preset for preset in PRESETS}


def catalogue(settings: MarketScanSettings) -> tuple[Preset, ...]:
    """Every scan that may run: the presets, then the user's own."""
    own = tuple(
        Preset(
            name,
            scan.scan_code,
            ", ".join([scan.location, *(f"{tag} {value}" for tag, value in scan.filters)]),
            scan.instrument,
            scan.location,
            scan.side,
            filters=scan.filters,
            custom=True,
        )
        for name, scan in settings.custom.items()
        if name not in BY_NAME
    )
    return PRESETS + own


def over_for_today(preset: Preset, now_market: float) -> bool:
    """Whether a preset that runs in the morning only has had its time."""
    return preset.until is not None and datetime.fromtimestamp(now_market, NEW_YORK).time() >= preset.until


def spec(preset: Preset, settings: MarketScanSettings) -> ScanSpec:
    """The subscription as the broker wants it. Floors and the exclusion of ETFs hold for stocks, unless a filter of
    the scan's own has the same tag."""
    filters: list[tuple[str, str]] = []
    if preset.instrument == "STK":
        filters += [
            ("priceAbove", f"{settings.price_above_usd:g}"),
            ("avgVolumeAbove", str(settings.avg_volume_above)),
            ("avgUsdVolumeAbove", str(settings.avg_usd_volume_above)),
            ("stkTypes", "exc:ETF"),
        ]
    if preset.min_change_pct is not None:
        filters.append(("changePercAbove", f"{preset.min_change_pct:g}"))
    own = {tag for tag, _ in preset.filters}
    filters = [each for each in filters if each[0] not in own] + list(preset.filters)
    return ScanSpec(preset.name, preset.scan_code, preset.instrument, preset.location, ROWS, tuple(filters))
