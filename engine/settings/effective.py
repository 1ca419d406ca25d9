"""Settings in force: the layers put over each other, with the place that each value comes from.

Strongest first: command line, environment, saved from the page, config.yaml, defaults of the model. What the
command line or the environment fixes is locked for the page. Pure but for `load_settings`; never writes.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from annotated_types import Ge, Gt, Le, Lt
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from engine.config import AppConfig
from engine.errors import ConfigError
from engine.settings.sources import FIELDS, Layer, unknown_key, without_password

SAVED = "saved"
DEFAULT = "default"
LOCKING = ("command line", "environment")
# The saved settings lie in the data folder; what another process must know alike is not one page's to change, nor is a
# scheduler whose workers run what they are sent.
NEVER_SAVED = frozenset(
    {
        "data_dir", "engine.name", "engine.share", "state.url", "journal.url", "lab.dask", "archive.url",
        "archive.ticks", "archive.keep_days",
    }
)  # fmt: skip
_SHOWN_MOST = 80
# A port or account belongs to the mode that it was written for, not to another one chosen above it.
_TIED_TO_MODE = ("broker.port", "broker.account")


@dataclass(frozen=True, slots=True)
class EffectiveSettings:
    """Immutable. `origins` says for each dotted key where its value comes from, in the user's words."""

    config: AppConfig
    origins: Mapping[str, str]
    locked: frozenset[str]
    notes: tuple[str, ...]
    layers: tuple[Layer, ...]  # strongest first
    left_out: tuple[str, ...] = ()  # what was saved and can't be used, in words

    def value(self, key: str) -> Any:
        """The value in force of a dotted key. Raises KeyError for an unknown one."""
        return _look_up(self.config, key)

    def shown(self, key: str) -> Any:
        """The same as it may be shown: a URL without its password."""
        return without_password(key, self.value(key))

    def origin(self, key: str) -> str:
        """ "command line --port", "environment QTRADE_LINES__LIMIT", "saved", "config.yaml" or "default"."""
        return self.origins[key]

    def saved_values(self) -> dict[str, Any]:
        """What the settings file is to hold."""
        return dict(next((layer.values for layer in self.layers if layer.name == SAVED), {}))

    def with_saved(self, changes: Mapping[str, Any], forget: Sequence[str] = ()) -> EffectiveSettings:
        """The settings after the page changed some and reverted (`forget`) others. Raises ConfigError."""
        for key in changes:
            if key not in FIELDS:
                raise unknown_key("Settings page", key)
            if key in self.locked:
                raise ConfigError(f"{key} is fixed by {self.origins[key]}; start without it to change it here.")
            if key in NEVER_SAVED:
                raise ConfigError(f"{key} can't be changed here; use config.yaml, the command line or the environment.")
        kept = {key: value for key, value in self.saved_values().items() if key not in forget}
        saved = Layer(SAVED, {**kept, **changes}, {key: "Settings page" for key in changes})
        others = {layer.name: layer for layer in self.layers}
        return resolve([saved if name == SAVED else layer for name, layer in others.items()])


def resolve(layers: Sequence[Layer]) -> EffectiveSettings:
    """Merge `layers`, strongest first, and validate. Raises ConfigError: where, found, rule, cure."""
    values, source = _merge(layers)
    notes = [note for layer in layers for note in layer.notes]
    notes += _drop_foreign_ports(layers, values, source)
    try:
        config = AppConfig.model_validate(_nested(values))
    except ValidationError as error:
        first = {_key_of(detail): detail for detail in reversed(error.errors())}  # a list may be wrong at each place
        raise ConfigError("\n".join(_message(detail, values, source) for detail in reversed(first.values()))) from None
    _refuse_contradictions(config, source)
    origins = {key: source[key].label(key) if key in source else DEFAULT for key in FIELDS}
    origins |= {key: SAVED for key, layer in source.items() if layer.name == SAVED}
    locked = frozenset(key for key, layer in source.items() if layer.name in LOCKING)
    return EffectiveSettings(config, origins, locked, tuple(notes), tuple(layers))


def resolve_keeping_start(layers: Sequence[Layer]) -> EffectiveSettings:
    """As `resolve`, but saved values that are not valid are left out with a note: the page must come up.

    Of a collection by name (sets, scans) only the entries that are wrong. `saved_values` then lacks what was left out.
    """
    notes: list[str] = []
    current = [_known_only(layer, notes) if layer.name == SAVED else layer for layer in layers]
    while True:
        try:
            settings = resolve(current)
        except ConfigError as error:
            reduced = _without_worst(current)
            if reduced is None:
                raise
            current = reduced
            notes.append(f"A saved setting was left out. {error}")
            continue
        return replace(settings, notes=settings.notes + tuple(notes), left_out=tuple(notes))


def _known_only(layer: Layer, notes: list[str]) -> Layer:
    dropped = [key for key in layer.values if key not in FIELDS or key in NEVER_SAVED]
    notes += [f"Saved setting {_shown(key)} is not known to this version; left out." for key in dropped]
    return Layer(layer.name, {k: v for k, v in layer.values.items() if k not in dropped}, layer.labels, layer.notes)


def _without_worst(layers: Sequence[Layer]) -> list[Layer] | None:
    """The layers with the saved values removed that break the rules; None when it is not their fault."""
    saved = next((layer for layer in layers if layer.name == SAVED), None)
    if saved is None or not saved.values:
        return None
    values, source = _merge(layers)
    in_force = {key for key, layer in source.items() if layer.name == SAVED}
    kept = dict(saved.values)
    try:
        AppConfig.model_validate(_nested(values))
    except ValidationError as error:
        for detail in error.errors():
            place = _key_of(detail)
            if place in in_force and not _drop_entry(kept, place, detail):
                kept.pop(place, None)
            for key in in_force:
                if key.startswith(f"{place}."):
                    kept.pop(key, None)
    if kept == saved.values:
        return None
    kept_layer = Layer(SAVED, kept, saved.labels, saved.notes)
    return [kept_layer if layer.name == SAVED else layer for layer in layers]


def _drop_entry(kept: dict[str, Any], key: str, detail: ErrorDetails) -> bool:
    """Take the one entry out of a collection by name that the complaint is about; False = it is about the whole."""
    entries, names = kept.get(key), detail["loc"][key.count(".") + 1 :]
    if not isinstance(entries, dict) or not names:
        return False
    if names[0] in entries:
        kept[key] = {name: entry for name, entry in entries.items() if name != names[0]}
    return True  # else it was taken out for another complaint


def _merge(layers: Sequence[Layer]) -> tuple[dict[str, Any], dict[str, Layer]]:
    values: dict[str, Any] = {}
    source: dict[str, Layer] = {}
    for layer in reversed(layers):
        for key, value in layer.values.items():
            values[key], source[key] = value, layer
    return values, source


def _drop_foreign_ports(layers: Sequence[Layer], values: dict[str, Any], source: dict[str, Layer]) -> list[str]:
    """Remove a weaker layer's port and account when a stronger layer chose another mode than it had."""
    notes = []
    for key in _TIED_TO_MODE:
        if key not in source or values[key] is None:
            continue
        rank = list(layers).index(source[key])
        below = next((layer.values["broker.mode"] for layer in layers[rank:] if "broker.mode" in layer.values), None)
        mode = values.get("broker.mode", "simulated")
        if (below or "simulated") == mode or layers[rank].name in LOCKING:
            continue
        notes.append(f"{key} from {source[key].label(key)} is for {below or 'simulated'}; not used for {mode}.")
        del values[key], source[key]
    return notes


def _refuse_contradictions(config: AppConfig, source: Mapping[str, Layer]) -> None:
    host = source.get("broker.host")
    if config.broker.mode == "simulated" and host is not None and host.name in LOCKING:
        raise ConfigError(
            f"{host.label('broker.host')} is {config.broker.host} but the broker is simulated; the simulated gateway "
            "always runs on this machine. Use --broker paper or live, or drop the host."
        )


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key, value in values.items():
        *sections, name = key.split(".")
        place = tree
        for section in sections:
            place = place.setdefault(section, {})
        place[name] = value
    return tree


def _look_up(config: AppConfig, key: str) -> Any:
    if key not in FIELDS:
        raise KeyError(key)
    found: Any = config
    for part in key.split("."):
        found = getattr(found, part)
    return found


def _key_of(detail: ErrorDetails) -> str:
    """Dotted key, or section, that a complaint is about: ("lines", "limit", 0) -> lines.limit."""
    parts = [str(part) for part in detail["loc"]]
    while parts and ".".join(parts) not in FIELDS and not any(k.startswith(".".join(parts) + ".") for k in FIELDS):
        parts.pop()
    return ".".join(parts)


def _message(detail: ErrorDetails, values: Mapping[str, Any], source: Mapping[str, Layer]) -> str:
    key = _key_of(detail)
    text = detail["msg"].removeprefix("Value error, ")
    if key not in FIELDS:
        inside = [k for k in source if k.startswith(f"{key}.")]
        found = ", ".join(f"{k} is {_shown(without_password(k, values[k]))} ({source[k].label(k)})" for k in inside)
        return f"{found or key}: {text}."
    where_one = source[key].label(key) if key in source else DEFAULT
    default = FIELDS[key].default
    cure = "Change or remove it" if default is None else f"Change or remove it (default {default})"
    return f"{where_one}: {key} is {_shown(without_password(key, values.get(key)))}; {rule_of(key, text)}. {cure}."


def _shown(value: Any) -> str:
    """A value found somewhere, on one line and no longer than a line."""
    text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return text if len(text) <= _SHOWN_MOST else f"{text[:_SHOWN_MOST]}... ({len(text)} characters)"


def rule_of(key: str, fallback: str) -> str:
    """What a value of `key` must be, in words: "must be 1-1000", "must be one of paper, live"."""
    info = FIELDS[key]
    if typing.get_origin(info.annotation) is typing.Literal:
        return "must be one of " + ", ".join(str(value) for value in typing.get_args(info.annotation))
    low = next((m.ge if isinstance(m, Ge) else m.gt for m in info.metadata if isinstance(m, Ge | Gt)), None)
    high = next((m.le if isinstance(m, Le) else m.lt for m in info.metadata if isinstance(m, Le | Lt)), None)
    if low is not None and high is not None:
        kind = " (a whole number)" if info.annotation is int else ""
        return f"must be {low}-{high}{kind}"
    return fallback[0].lower() + fallback[1:]


def load_settings(command_line: Layer, environment: Layer, saved: Layer, config_file: Layer) -> EffectiveSettings:
    """The settings at start: bad saved values are left out with a note, everything else must be right."""
    return resolve_keeping_start([command_line, environment, saved, config_file])


def saved_layer(values: Mapping[str, Any], notes: tuple[str, ...] = ()) -> Layer:
    """What the page saved, as a layer."""
    return Layer(SAVED, dict(values), {}, notes)
