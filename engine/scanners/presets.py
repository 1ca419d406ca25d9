"""The scan presets as data (SIGNALS, "MarketScanner"), Volume pace in two halves (LINES, "Coverage"), and which of them
run now, in the few slots that the gateway has. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, time
from typing import Literal, NamedTuple

from engine.broker.port import ScanSpec
from engine.clock import NEW_YORK
from engine.config import MarketScanSettings
from engine.domain import Side

ROWS = 50
PACE_SPLIT_SHARES = 2_500_000  # a day: half of the names above the floors trade less
REFRESH_S = 1_800.0
GAP_UP_UNTIL = time(10, 30)  # New York


class Preset(NamedTuple):
    """`takes_lines` False: its rows join the universe but ask for no line. `min_change_pct` filters at the gateway.

    `refresh_s`: its list changes so slowly that it is read once in so many seconds; between, its slot is free.
    `half`: one of two scans of one code, which IB answers with 50 rows each: apart by average volume they see 100.
    """

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
    refresh_s: float | None = None
    half: Literal["", "larger", "smaller"] = ""


PRESETS: tuple[Preset, ...] = (
    Preset("Momentum", "TOP_PERC_GAIN", "last against the prior close, +3 % and more", min_change_pct=3.0),
    Preset("Since open", "TOP_OPEN_PERC_GAIN", "last against today's open"),
    Preset("Relative volume", "HOT_BY_VOLUME", "today's volume against its 30-day average"),
    Preset("52-week high", "HIGH_VS_52W_HL", "near or at the high of 52 weeks"),
    Preset("Trend break", "HIGH_LAST_VS_EMA50", "last against EMA50"),
    Preset("Volume pace", "TOP_VOLUME_RATE", "volume a minute", half="larger"),
    Preset("Short side", "TOP_PERC_LOSE", "losers", side="short"),
    Preset("Halted", "HALTED", "trading is halted; costs no line", takes_lines=False),
    Preset(
        "Gap up", "HIGH_OPEN_GAP", "open against the prior close, until 10:30 New York", until=GAP_UP_UNTIL, spare=True
    ),
    Preset(
        "Active futures",
        "HOT_BY_VOLUME",
        "futures by volume",
        "FUT.US",
        "FUT.US",
        spare=True,
        refresh_s=REFRESH_S,
    ),
    Preset("Pace, smaller names", "TOP_VOLUME_RATE", "volume a minute", spare=True, half="smaller"),
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


def can_halve(settings: MarketScanSettings) -> bool:
    """Whether the user's floor leaves smaller names at all."""
    return settings.avg_volume_above < PACE_SPLIT_SHARES


def meaning_of(preset: Preset, *, halved: bool) -> str:
    """In words, with the half that it sees."""
    split = f"{PACE_SPLIT_SHARES / 1e6:g} M shares a day"
    if preset.half == "smaller":
        return f"{preset.meaning}, of names below {split}"
    if preset.half == "larger" and halved:
        return f"{preset.meaning}, of names above {split}; a scan beside it sees the rest"
    return preset.meaning


def spec(preset: Preset, settings: MarketScanSettings, *, halved: bool = False) -> ScanSpec:
    """The subscription as the broker wants it. Floors and the exclusion of ETFs hold for stocks,
    unless a filter of the scan's own has the same tag.

    `halved`: the scan of the smaller names runs beside that of the larger ones.
    """
    filters: list[tuple[str, str]] = []
    if preset.instrument == "STK":
        least = PACE_SPLIT_SHARES if preset.half == "larger" and halved else settings.avg_volume_above
        filters += [
            ("priceAbove", f"{settings.price_above_usd:.6f}".rstrip("0").rstrip(".")),
            ("avgVolumeAbove", str(least)),
            ("avgUsdVolumeAbove", str(settings.avg_usd_volume_above)),
            ("stkTypes", "exc:ETF"),
        ]
    if preset.half == "smaller":
        filters.append(("avgVolumeBelow", str(PACE_SPLIT_SHARES)))
    if preset.min_change_pct is not None:
        filters.append(("changePercAbove", f"{preset.min_change_pct:.6f}".rstrip("0").rstrip(".")))
    own = {tag for tag, _ in preset.filters}
    filters = [each for each in filters if each[0] not in own] + list(preset.filters)
    return ScanSpec(preset.name, preset.scan_code, preset.instrument, preset.location, ROWS, tuple(filters))


def slot_plan(
    chosen: Sequence[Preset],
    offered: Iterable[Preset],
    settings: MarketScanSettings,
    now_market: float,
    is_its_turn: Callable[[Preset], bool],
) -> list[Preset]:
    """The user's scans, then the spare ones in the order in which they get what is left of the slots.

    Of the spare ones a list of the morning comes first, then one that is read now and then if it is due
    (`is_its_turn`), then whatever can use a slot all day, at last the one that has been read already.
    """
    mine = holding(chosen, now_market)
    spare = [preset for preset in offered if preset.spare and preset not in mine]
    spare = [preset for preset in spare if not over_for_today(preset, now_market)]
    if not can_halve(settings):
        spare = [preset for preset in spare if preset.half != "smaller"]
    return mine + sorted(spare, key=lambda preset: _place(preset, is_its_turn))


def holding(chosen: Sequence[Preset], now_market: float) -> list[Preset]:
    """Those of the user's scans that want a slot: what ran in the morning only gives its slot back."""
    return [preset for preset in chosen if not over_for_today(preset, now_market)]


def _place(preset: Preset, is_its_turn: Callable[[Preset], bool]) -> int:
    if preset.until is not None:
        return 0
    if preset.refresh_s is None:
        return 2
    return 1 if is_its_turn(preset) else 3
