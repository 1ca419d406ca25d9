"""Which scans run now, in the few slots that the gateway has. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from engine.config import MarketScanSettings
from engine.scanners.presets import Preset, can_halve, over_for_today


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
