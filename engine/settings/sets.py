"""Named sets of breakout thresholds: built in or the user's own; what loading or keeping one changes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from engine.config import BreakoutParams
from engine.errors import ConfigError
from engine.settings.effective import EffectiveSettings
from engine.state.sections import ThresholdSetRow

SAVED = "sets.saved"
SHADOW = "sets.shadow"
LOADED = "set:"  # key of the journalled change that loaded a set: "set:Strict"
NAME_MAX = 40
SETS_MAX = 30

BUILT_IN: Mapping[str, BreakoutParams] = {
    "Default": BreakoutParams(),
    "Strict": BreakoutParams(buffer_atr=0.3, volume_surge=2.5, rel_volume=2.5, confirm_s=20.0, cool_down_min=30.0),
    "Loose": BreakoutParams(
        bars_n=15, buffer_atr=0.05, volume_surge=1.2, rel_volume=1.0, confirm_s=5.0, cool_down_min=10.0
    ),
    # A range of 55 bars leaves the first hour to the opening range.
    "Opening range": BreakoutParams(bars_n=55, opening_range_min=30, rel_volume=2.0, ema_slow=34),
}


def params_of(name: str, settings: EffectiveSettings) -> BreakoutParams:
    """The thresholds of a set. Raises ConfigError: no such set, or values that this version does not take."""
    built_in = BUILT_IN.get(name)
    if built_in is not None:
        return built_in
    values = settings.config.sets.saved.get(name)
    if values is None:
        raise ConfigError(f"There is no set called {name!r}; it may have been deleted in another tab.")
    try:
        return BreakoutParams.model_validate(values)
    except ValidationError as problem:
        detail = problem.errors()[0]
        place = ".".join(str(part) for part in detail["loc"]) or "its values"
        said = detail["msg"].removeprefix("Value error, ")
        raise ConfigError(f"The set {name!r} can't be loaded: {place}: {said}. Keep it anew.") from None


def checked_name(name: str) -> str:
    """The name of a set to keep, without blanks around it. Raises ConfigError."""
    found = " ".join(name.split())
    if not found or len(found) > NAME_MAX or not found.isprintable():
        raise ConfigError(f"The name of a set must have 1 to {NAME_MAX} characters.")
    if found.casefold() in {each.casefold() for each in BUILT_IN}:
        raise ConfigError(f"{found} is a built-in set and stays as it is; choose another name.")
    return found


def to_load(name: str, settings: EffectiveSettings) -> dict[str, Any]:
    """The changes that put a set in force: only what differs. Raises ConfigError."""
    wanted = {f"breakout.{key}": value for key, value in params_of(name, settings).model_dump().items()}
    return {key: value for key, value in wanted.items() if settings.value(key) != value}


def to_keep(name: str, settings: EffectiveSettings) -> dict[str, Any]:
    """The change that keeps the thresholds in force under a name; a set of that name is overwritten."""
    found = checked_name(name)
    saved = settings.config.sets.saved
    same = next((each for each in saved if each.casefold() == found.casefold()), found)
    if same not in saved and len(saved) >= SETS_MAX:
        raise ConfigError(f"{SETS_MAX} sets are kept already; delete one first.")
    return {SAVED: {**saved, same: settings.config.breakout.model_dump()}}


def to_delete(name: str, settings: EffectiveSettings) -> dict[str, Any]:
    """The changes that delete a set; one that runs in the shadow ends there, too."""
    saved = settings.config.sets.saved
    if name in BUILT_IN:
        raise ConfigError(f"{name} is a built-in set and can't be deleted.")
    if name not in saved:
        raise ConfigError(f"There is no set called {name!r}; it may have been deleted in another tab.")
    changes: dict[str, Any] = {SAVED: {each: values for each, values in saved.items() if each != name}}
    return {**changes, SHADOW: ""} if settings.config.sets.shadow == name else changes


def to_shadow(name: str, settings: EffectiveSettings) -> dict[str, Any]:
    """The change that lets a set run in the shadow; "" = none."""
    if name:
        params_of(name, settings)
    return {SHADOW: name}


def shadow_params(settings: EffectiveSettings) -> BreakoutParams | None:
    """The thresholds of the shadow; None = none is chosen, or the set is not to be had."""
    name = settings.config.sets.shadow
    try:
        return params_of(name, settings) if name else None
    except ConfigError:
        return None


def rows(settings: EffectiveSettings) -> tuple[ThresholdSetRow, ...]:
    """Every set, the built-in ones first."""
    return tuple(_row(name, settings) for name in [*BUILT_IN, *sorted(settings.config.sets.saved, key=str.casefold)])


def _row(name: str, settings: EffectiveSettings) -> ThresholdSetRow:
    try:
        params = params_of(name, settings)
    except ConfigError as problem:
        return ThresholdSetRow(name, False, dict(settings.config.sets.saved[name]), False, str(problem))
    return ThresholdSetRow(name, name in BUILT_IN, params.model_dump(), params == settings.config.breakout)
