"""Cash, corporate actions, positions, values and rates of a statement with what the journal holds of them. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct, field

from engine.statements.fields import Spec, Values
from engine.statements.pairing import pair
from engine.statements.understand import Record
from engine.statements.verdicts import Verdict

_BEST_OF_NAV = ("EquitySummaryByReportDateInBase", "NavByAsset", "ChangeInNAV")
_LONGEST_KEY = 160
_BESIDE = frozenset({"key", "told_by", "sort"})


class RowPlan(Struct):
    """What is to be written to one table, and the verdict of each record. `stored`: in force -> its `row_key`."""

    verdicts: list[tuple[Record, Verdict, str]] = field(default_factory=list)
    inserts: list[Values] = field(default_factory=list)
    updates: dict[int, Values] = field(default_factory=dict)
    told: set[int] = field(default_factory=set)
    stored: list[tuple[Record, str]] = field(default_factory=list)


def merge_rows(spec: Spec, records: Sequence[Record], held: Sequence[Values], statement_ids: Sequence[str]) -> RowPlan:
    """Compare and decide; the order of the rows in the file changes nothing.

    `held`: rows of the same account and table, with `row_id`; both sides with the `key` of `settle_contracts` where
    the table has contracts.
    """
    plan = RowPlan()
    records = _once(sorted(records, key=lambda record: _order(record.values)), spec, plan)
    ordered = sorted(held, key=lambda values: str(values["row_key"]))
    keys: list[tuple[_Key, _Key]] = [(_by(columns), _by(columns)) for columns in spec.exact]
    if spec.soft:
        keys.append((_by(spec.soft, complete=False), _by(spec.soft, complete=False)))
    places = pair(
        [record.values for record in records], ordered, keys, lambda new, known: _may_be_same(spec, new, known)
    )
    names = {str(values["row_key"]) for values in held}
    for place, record in enumerate(records):
        statement_id = statement_ids[record.place]
        if place in places:
            known = ordered[places[place]]
            plan.told.add(known["row_id"])
            verdict, changes = _changes(record.values, known, statement_id)
            if known["withdrawn_by"] is None or "withdrawn_by" in changes:
                plan.stored.append((record, str(known["row_key"])))
            if changes:
                plan.updates[known["row_id"]] = changes
            plan.verdicts.append((record, verdict, ""))
        else:
            name = _name(spec, record.values, names)
            names.add(name)
            plan.stored.append((record, name))
            plan.inserts.append({**record.values, "row_key": name, "statement_id": statement_id, "withdrawn_by": None})
            plan.verdicts.append((record, "new", ""))
    return plan


_Key = Callable[[Values], Hashable | None]


def _by(columns: tuple[str, ...], complete: bool = True) -> _Key:
    def key(values: Values) -> Hashable | None:
        found = tuple(values[column] for column in columns)
        return None if complete and any(part is None for part in found) else (columns, found)

    return key


def _may_be_same(spec: Spec, new: Values, known: Values) -> bool:
    """Two ids that differ are two rows, however equal the rest is."""
    for columns in spec.exact:
        mine, theirs = _by(columns)(new), _by(columns)(known)
        if mine is not None and theirs is not None and mine != theirs:
            return False
    return True


def _once(records: list[Record], spec: Spec, plan: RowPlan) -> list[Record]:
    """A row that the file tells twice, by its id, counts once."""
    seen: set[Hashable] = set()
    kept = []
    for record in records:
        key = next((found for columns in spec.exact if (found := _by(columns)(record.values)) is not None), None)
        if key is not None and key in seen:
            plan.verdicts.append((record, "known", ""))
            continue
        seen.add(key)
        kept.append(record)
    return kept


def _changes(new: Values, known: Values, statement_id: str) -> tuple[Verdict, Values]:
    is_newer = statement_id >= str(known["statement_id"])
    columns = [name for name in new if name not in _BESIDE and name in known]
    changes: Values = {name: new[name] for name in columns if _is_empty(known[name]) and not _is_empty(new[name])}
    if is_newer:
        changes |= {name: new[name] for name in columns if not _is_empty(new[name]) and new[name] != known[name]}
    verdict: Verdict = "enriched" if changes else "known"
    if known["withdrawn_by"] is not None and statement_id > str(known["withdrawn_by"]):
        changes["withdrawn_by"] = None
        verdict = "enriched"
    if is_newer and statement_id != known["statement_id"]:
        changes["statement_id"] = statement_id
    return verdict, changes


def _name(spec: Spec, values: Values, names: set[str]) -> str:
    key = next((found for columns in spec.exact if (found := _by(columns)(values)) is not None), None)
    if key is not None:
        name = "|".join(_text(values[column]) for column in key[0])  # type: ignore[index]
        if len(name) <= _LONGEST_KEY and name not in names:
            return name
    digest = hashlib.sha256(
        "|".join(_text(values[column]) for column in spec.soft or spec.exact[0]).encode()
    ).hexdigest()
    number = 1
    while (name := f"soft:{digest[:24]}:{number}") in names:
        number += 1
    return name


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return "/".join(value) if isinstance(value, tuple) else "" if value is None else str(value)


def _order(values: Values) -> tuple[Any, ...]:
    best = _BEST_OF_NAV.index(values["told_by"]) if values.get("told_by") in _BEST_OF_NAV else 0
    return (best, tuple((name, _text(values[name])) for name in sorted(values)))


def _is_empty(value: Any) -> bool:
    return value is None or value == ""
