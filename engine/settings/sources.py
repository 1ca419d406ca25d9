"""Where settings come from: command line, environment, config.yaml. Each becomes one layer of dotted keys.

Nothing here decides which layer wins; that is `engine.settings.effective`. Nothing writes config.yaml.
"""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from engine.config import AppConfig
from engine.errors import ConfigError
from engine.storage.encodable import plain_value
from engine.storage.urls import shown_url

PREFIX = "QTRADE_"
NOT_SETTINGS = frozenset({"QTRADE_BROWSER", "QTRADE_RESTARTED_AFTER"})  # start.py's: for the tests, for the page
SECRETS = ("QTRADE_CHANNEL_", "QTRADE_HEARTBEAT_URL")  # addresses of alerts (`engine.alerts.channels`)
_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})


@dataclass(frozen=True, slots=True)
class Layer:
    """One source. `values` maps dotted keys to what was found; `labels` says where exactly, for messages."""

    name: str
    values: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def label(self, key: str) -> str:
        return self.labels.get(key, self.name)


def fields_by_key(model: type[BaseModel] = AppConfig, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every setting with its dotted key: ("lines.limit", FieldInfo)."""
    for name, info in model.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            yield from fields_by_key(info.annotation, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", info


FIELDS: Mapping[str, FieldInfo] = dict(fields_by_key())


def without_password(key: str, value: Any) -> Any:
    """A setting's value as it may be shown."""
    extra = FIELDS[key].json_schema_extra if key in FIELDS else None
    is_secret = isinstance(extra, dict) and bool(extra.get("is_secret"))
    return shown_url(value) if is_secret and isinstance(value, str) else value


def unknown_key(where: str, key: str) -> ConfigError:
    """The error for a name that is no setting, with the nearest one that is."""
    near = difflib.get_close_matches(key, FIELDS, n=1, cutoff=0.5)
    cure = f"Did you mean {near[0]}?" if near else f"Remove it; settings are {', '.join(list(FIELDS)[:3])} ..."
    return ConfigError(f"{where}: {key} is not a setting. {cure}")


def from_command_line(values: Mapping[str, Any], options: Mapping[str, str]) -> Layer:
    """`values` by dotted key, without those that were not given; `options` maps keys to option names."""
    labels = {key: f"command line {options[key]}" for key in values if key in options}
    return Layer("command line", dict(values), labels)


def from_yaml(path: Path) -> Layer:
    """Read config.yaml. A missing file is an empty layer; raises ConfigError with line and column."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return Layer(path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name}: can't be read ({error}). Save it as UTF-8 text in {path.parent}.") from None
    try:
        content = plain_value(yaml.safe_load(text))
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # the latter: 30 February, thousands of digits
        raise ConfigError(_yaml_message(path, error)) from None
    if content is None:
        return Layer(path.name)
    if not isinstance(content, dict):
        raise ConfigError(
            f"{path.name}: holds {type(content).__name__}; must be sections like 'lines:'. See README.md."
        )
    return Layer(path.name, dict(_flatten(path.name, content, "")))


def _yaml_message(path: Path, error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f"{path.name}, line {mark.line + 1}, column {mark.column + 1}" if mark else path.name
    problem = getattr(error, "problem", None) or "not valid YAML"
    return f"{where}: {problem}; must be 'name: value' lines, indented by spaces. Correct that line."


def _flatten(where: str, content: Mapping[Any, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in content.items():
        key = f"{prefix}{name}"
        is_section = any(known.startswith(f"{key}.") for known in FIELDS)
        if is_section and isinstance(value, dict):
            yield from _flatten(where, value, f"{key}.")
        elif is_section and value is None:
            continue  # "lines:" with everything below it commented out
        elif is_section:
            raise ConfigError(
                f"{where}: {key} is {value!r}; must be a section. Put its settings on indented lines below."
            )
        elif key not in FIELDS:
            raise unknown_key(where, key)
        else:
            yield key, value


def from_environment(environ: Mapping[str, str]) -> Layer:
    """QTRADE_LINES__LIMIT=40 and its kin, and the predecessor's ENV and DRY_RUN. Raises ConfigError."""
    values: dict[str, Any] = {}
    labels: dict[str, str] = {}
    for name in sorted(environ):
        if not name.upper().startswith(PREFIX) or name.upper() in NOT_SETTINGS or name.upper().startswith(SECRETS):
            continue
        key = name[len(PREFIX) :].lower().replace("__", ".")
        if key not in FIELDS:
            raise unknown_key(f"environment {name}", key)
        values[key] = parse_text(key, environ[name])
        labels[key] = f"environment {name}"
    mode, label, notes = _mode_of_predecessor(environ)
    if mode is not None:
        _refuse_two_modes(values, labels, mode, label)
        values["broker.mode"], labels["broker.mode"] = mode, label
    return Layer("environment", values, labels, notes)


def _refuse_two_modes(values: Mapping[str, Any], labels: Mapping[str, str], mode: str, label: str) -> None:
    other = values.get("broker.mode", mode)
    if other != mode:
        raise ConfigError(
            f"{labels['broker.mode']} says {other} but {label} says {mode}; they must agree. Remove one of the two."
        )


def _mode_of_predecessor(environ: Mapping[str, str]) -> tuple[str | None, str, tuple[str, ...]]:
    dry_run, env = environ.get("DRY_RUN", "").strip().lower(), environ.get("ENV", "").strip().lower()
    if not dry_run:
        notes = (f"ENV={env} has no effect without DRY_RUN=0",) if env in ("paper", "live") else ()
        return None, "", notes
    if dry_run in _YES:
        return "simulated", "environment DRY_RUN", ()
    if dry_run not in _NO:
        raise ConfigError(
            f"environment DRY_RUN is {dry_run!r}; must be 0 or 1. Set DRY_RUN=1 for the simulated gateway."
        )
    if env not in ("", "paper", "live"):
        raise ConfigError(f"environment ENV is {env!r}; with DRY_RUN=0 it must be paper or live. Set ENV=paper.")
    return (env or "paper"), ("environment DRY_RUN, ENV" if env else "environment DRY_RUN"), ()


def parse_text(key: str, text: str) -> Any:
    """A value written as text (environment): by the kind of the field. "null" or nothing = None where allowed."""
    kinds = _kinds(FIELDS[key].annotation)
    stripped = text.strip()
    if type(None) in kinds and stripped.lower() in ("", "null", "none"):
        return None
    if tuple in kinds and not stripped.startswith("["):
        return [part.strip() for part in stripped.split(",") if part.strip()]
    if str in kinds:
        return stripped
    try:
        return yaml.safe_load(stripped)
    except (yaml.YAMLError, ValueError, RecursionError):
        return stripped  # the model says what is wrong with it


def _kinds(annotation: Any) -> set[type]:
    """Plain types that a field takes: int | None -> {int, NoneType}; Literal["a"] -> {str}."""
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        return set().union(*(_kinds(part) for part in typing.get_args(annotation)))
    if origin is typing.Literal:
        return {type(value) for value in typing.get_args(annotation)}
    kind = origin or annotation
    return {kind} if isinstance(kind, type) else set()
