"""Settings as a form shows them: fields out of the models, values in force, complaints in words. Pure.

A page asks for fields by dotted key ("breakout.bars_n"); `assets/core/form.mjs` draws them from the parts "fields"
(what a field is, never changes) and "set" (its value in force, changes with the settings).
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from app.format import number, plural, redacted
from app.rows.kept import kept
from engine.config import AppConfig, BreakoutParams
from engine.state.sections import SettingRow, SettingsSection

Part = dict[str, Any]
SECTIONS: dict[str, type[BaseModel]] = {
    name: info.annotation
    for name, info in AppConfig.model_fields.items()
    if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel)
}
BREAKOUT_KEYS = tuple(f"breakout.{name}" for name in BreakoutParams.model_fields)
SOURCES = {"default": "default", "saved": "saved here"}
OPTION_WORDS: dict[str, dict[Any, str]] = {
    "breakout.opening_range_min": {0: "off"},
    "broker.mode": {"simulated": "simulated", "paper": "paper account", "live": "live account"},
    "broker.market_data_type": {1: "live", 2: "frozen", 3: "delayed", 4: "best available"},
}
ACCOUNTS = ("broker.account", "view.account")
MAX_LISTED_CHANGES = 30
CUSTOM_SCAN = "scan:"  # the key of a change of a custom scan
LOADED_SET = "set:"  # the key of a change that loaded a named set


def field_of(key: str) -> FieldInfo:
    """The model's field of a dotted key. Raises KeyError."""
    section, _, name = key.partition(".")
    return SECTIONS[section].model_fields[name]


def fields_part(keys: Iterable[str]) -> Part:
    """The part "fields": what each control is."""
    return {key: describe(key) for key in keys}


def describe(key: str) -> dict[str, Any]:
    """One control: kind (range, number, text, select, switch), label, help, unit, bounds, step, default, options."""
    info = field_of(key)
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    low, high = bounds(info)
    out: dict[str, Any] = {
        "kind": _kind(info),
        "label": info.title or key,
        "help": (info.description or "").replace("None: ", "empty: "),
        "default": _plain(info.default),
        "unit": {"x": "×"}.get(str(extra.get("unit") or ""), str(extra.get("unit") or "")),
        "step": extra.get("step"),
        "low": low,
        "high": high,
        "whole": int in _types(info),
        "none": type(None) in _types(info),
        "options": _options(key, info),
    }
    return {name: value for name, value in out.items() if name == "default" or not _is_blank(value)}


def _is_blank(value: Any) -> bool:
    """What the browser takes for granted; 0 is a bound, not a blank."""
    return value is None or value is False or value in ("", [])


def bounds(info: FieldInfo) -> tuple[float | None, float | None]:
    """Least and greatest value of a number; None = open."""
    low = next((m.ge if isinstance(m, Ge) else m.gt for m in info.metadata if isinstance(m, Ge | Gt)), None)
    high = next((m.le if isinstance(m, Le) else m.lt for m in info.metadata if isinstance(m, Le | Lt)), None)
    return typing.cast("tuple[float | None, float | None]", (low, high))


def _types(info: FieldInfo) -> set[Any]:
    annotation = info.annotation
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return set(typing.get_args(annotation))
    return {annotation}


def _kind(info: FieldInfo) -> str:
    kinds = _types(info)
    if bool in kinds:
        return "switch"
    if _options("", info):
        return "select"
    if kinds & {int, float}:
        extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        return "range" if extra.get("step") is not None else "number"
    return "text"


def _options(key: str, info: FieldInfo) -> list[list[Any]]:
    if typing.get_origin(info.annotation) is not typing.Literal:
        return []
    words = OPTION_WORDS.get(key, {})
    return [[value, words.get(value, str(value))] for value in typing.get_args(info.annotation)]


def set_part(section: SettingsSection | None, keys: Iterable[str]) -> Part:
    """The part "set": key -> {v: value in force, src: where it comes from, lock: why it can't be changed here}."""
    rows = rows_by_key(section)
    return {key: _in_force(rows[key]) for key in keys if key in rows}


@kept
def rows_by_key(section: SettingsSection | None) -> dict[str, SettingRow]:
    return {row.key: row for row in section.rows} if section else {}


def _in_force(row: SettingRow) -> dict[str, Any]:
    out = {"v": row.value, "src": SOURCES.get(row.source, row.source)}
    return {**out, "lock": lock_words(row)} if row.locked else out


def lock_words(row: SettingRow) -> str:
    return row.why_locked or f"Fixed by {row.source}. Start without it to change it here."


def changes_part(section: SettingsSection | None, keys: Iterable[str] | None = None) -> Part:
    """The part "log": the newest changes of `keys` (None = all) that can be taken back, newest first."""
    rows = rows_by_key(section)
    wanted = None if keys is None else set(keys)
    changes = [
        c
        for c in (section.changes if section else ())
        if wanted is None or c.key in wanted or c.key.startswith((LOADED_SET, CUSTOM_SCAN))
    ]
    return {
        str(c.id): {
            "order": -c.id,
            "at": round(c.at_wall),
            "label": label_of(c.key),
            "text": moved(c.key, c.old, c.new),
            "back": moved(c.key, c.new, c.old),
            "who": c.who,
            "done": c.reverted,
            "lock": lock_words(rows[c.key]) if c.key in rows and rows[c.key].locked else "",
        }
        for c in changes[:MAX_LISTED_CHANGES]
    }


def label_of(key: str) -> str:
    """ "Bars N" of "breakout.bars_n"; the key itself when this version does not know it."""
    for prefix, word in ((LOADED_SET, "Set"), (CUSTOM_SCAN, "Scan")):
        if key.startswith(prefix):
            return f"{word} {key.removeprefix(prefix)}"
    try:
        return field_of(key).title or key
    except KeyError:
        return key


def moved(key: str, old: Any, new: Any) -> str:
    """ "20 → 15"; of a list what came and went: "Halted off, Gap up on"."""
    if isinstance(old, list | tuple) and isinstance(new, list | tuple):
        words = [f"{each} off" for each in old if each not in new] + [f"{each} on" for each in new if each not in old]
        return ", ".join(words) or "another order"
    if isinstance(old, dict) and isinstance(new, dict):
        return ", ".join(_moved_entry(name, old.get(name), new.get(name)) for name in {**old, **new})
    return f"{shown(key, old)} → {shown(key, new)}"


def _moved_entry(name: str, old: Any, new: Any) -> str:
    """One setting of a change of several ("Bars N 20 → 15"), or one entry of a collection ("Mine kept")."""
    if name.partition(".")[0] in SECTIONS and "." in name:
        words = moved(name, old, new)
        return words if isinstance(new, list | dict) else f"{label_of(name)} {words}"
    return f"{name} {'kept' if old is None else 'deleted' if new is None else 'changed'}"


def shown(key: str, value: Any) -> str:
    """A value as the form writes it: "500,000", "off", "paper account"."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if key in ACCOUNTS:
        return redacted(value) if value else "all"
    words = OPTION_WORDS.get(key, {})
    if value in words:
        return words[value]
    if isinstance(value, int | float):
        if _is_name(key):
            return str(value)
        return number(value, 0) if value == int(value) else number(value, 4).rstrip("0")
    return "–" if value is None else str(value)


def _is_name(key: str) -> bool:
    """A number that counts nothing: a port, a client id."""
    try:
        extra = field_of(key).json_schema_extra
    except KeyError:
        return False
    return isinstance(extra, dict) and extra.get("is_name") is True


def changed_words(section: SettingsSection | None, keys: Iterable[str] = BREAKOUT_KEYS) -> str | None:
    """ "2 differ from the defaults"; None when none does."""
    rows = rows_by_key(section)
    count = sum(1 for key in keys if key in rows and rows[key].value != rows[key].default)
    return f"{plural(count, 'differs', 'differ')} from the defaults" if count else None


# --- judging what the user typed --------------------------------------------------------------------------------


def judge(changes: Mapping[str, Any], section: SettingsSection) -> tuple[dict[str, Any], dict[str, str]]:
    """(values as the models take them, complaints by key). A form with any complaint is not applied at all."""
    rows = rows_by_key(section)
    clean: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    by_section: dict[str, dict[str, Any]] = {}
    for key, value in changes.items():
        if key not in rows or key.partition(".")[0] not in SECTIONS:
            wrong[key] = "This version does not know this setting. Reload the page."
        elif rows[key].locked:
            wrong[key] = lock_words(rows[key])
        else:
            by_section.setdefault(key.partition(".")[0], {})[key.partition(".")[2]] = value
    for name, values in by_section.items():
        in_force = {k.partition(".")[2]: row.value for k, row in rows.items() if k.startswith(f"{name}.")}
        try:
            model = SECTIONS[name].model_validate({**in_force, **values})
        except ValidationError as problem:
            wrong |= _complaints(name, values, problem.errors())
        else:
            clean |= {f"{name}.{k}": _plain(getattr(model, k)) for k in values}
    return clean, wrong


def _complaints(section: str, values: Mapping[str, Any], errors: list[ErrorDetails]) -> dict[str, str]:
    out: dict[str, str] = {}
    for detail in errors:
        name = str(detail["loc"][0]) if detail["loc"] else ""
        if name:
            out[f"{section}.{name}"] = rule_words(f"{section}.{name}", detail)
            continue
        text = detail["msg"].removeprefix("Value error, ")
        named = [value for value in values if value in text] or list(values)
        out[f"{section}.{named[0]}"] = _in_titles(section, text, named[0])
    return out


def rule_words(key: str, detail: ErrorDetails) -> str:
    """What the value must be: "Must be 10 to 55, a whole number." """
    info = field_of(key)
    options = _options(key, info)
    if options:
        return "Must be one of " + ", ".join(word for _value, word in options) + "."
    low, high = bounds(info)
    whole = ", a whole number" if int in _types(info) else ""
    if low is not None and high is not None:
        least, most = (str(value) if _is_name(key) else _bound(value) for value in (low, high))
        return f"Must be {least} to {most}{whole}."
    text = detail["msg"].removeprefix("Value error, ")
    return text[:1].upper() + text[1:] + "."


def _bound(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


def _in_titles(section: str, text: str, own: str) -> str:
    """A rule between two fields, said of the one that the user changed, in the names that the page shows."""
    rule = text.partition("; ")[2] or text
    cures = SECTIONS[section].model_fields
    if not text.startswith(f"{own} "):  # the rule is written from the other field's side
        other = text.partition(" ")[0]
        rule = f"{other} {text.partition('; ')[2] or text}"
    for name in sorted(cures, key=len, reverse=True):
        rule = re.sub(rf"\b(the )?{name}\b", cures[name].title or name, rule)
    return rule[:1].upper() + rule[1:].rstrip(".") + "."


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
