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
from engine.statements.withdrawals import NO_STATEMENTS, Withdrawals

_BEST_OF_NAV = ("EquitySummaryByReportDateInBase", "NavByAsset", "ChangeInNAV")
_LONGEST_KEY = 160
_BESIDE = frozenset({"key", "told_by", "sort"})
SECTIONS_OF = {
    "cash_transactions": frozenset({"CashTransactions"}),
    "corporate_actions": frozenset({"CorporateActions"}),
    "option_events": frozenset({"OptionEAE"}),
    "positions_at": frozenset({"OpenPositions"}),
    "transfers": frozenset({"Transfers"}),
}


class RowPlan(Struct):
    """What is to be written to one table, and the verdict of each record.

    `stored`: each record with its `row_key`, and whether it is in force. `gone`: keys of held rows that are withdrawn
    now, without a record.
    """

    verdicts: list[tuple[Record, Verdict, str]] = field(default_factory=list)
    inserts: list[Values] = field(default_factory=list)
    updates: dict[int, Values] = field(default_factory=dict)
    stored: list[tuple[Record, str, bool]] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)


def merge_rows(
    spec: Spec,
    records: Sequence[Record],
    held: Sequence[Values],
    statement_ids: Sequence[str],
    withdrawals: Withdrawals = NO_STATEMENTS,
) -> RowPlan:
    """Compare and decide; neither the order of the rows in the file changes anything, nor that of the files.

    `held`: rows of the same account and table, with `row_id`; both sides with the `key` of `settle_contracts` where
    the table has contracts. `withdrawals` knows the statements of the account, those of the file among them.
    """
    plan, sections = RowPlan(), SECTIONS_OF.get(spec.table, frozenset())
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
            changes = _changes(record.values, known, statement_id)
            now = {**known, **changes}
            by = withdrawals.by(str(now["statement_id"]), str(now["day"]), sections)
            if by != known["withdrawn_by"]:
                changes["withdrawn_by"] = by
            if changes:
                plan.updates[known["row_id"]] = changes
            plan.stored.append((record, str(known["row_key"]), by is None))
            plan.verdicts.append((record, "enriched" if set(changes) - {"statement_id"} else "known", ""))
        else:
            name = _name(spec, record.values, names)
            by = withdrawals.by(statement_id, str(record.values["day"]), sections)
            names.add(name)
            plan.stored.append((record, name, by is None))
            plan.inserts.append({**record.values, "row_key": name, "statement_id": statement_id, "withdrawn_by": by})
            plan.verdicts.append((record, "new" if by is None else "superseded", ""))
    met = {ordered[place]["row_id"] for place in places.values()}
    for values in held:
        if values["row_id"] in met:
            continue
        by = withdrawals.by(str(values["statement_id"]), str(values["day"]), sections)
        if by not in (None, values["withdrawn_by"]):
            plan.updates[values["row_id"]] = {"withdrawn_by": by}
            if values["withdrawn_by"] is None:
                plan.gone.append(str(values["row_key"]))
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


def _changes(new: Values, known: Values, statement_id: str) -> Values:
    is_newer = statement_id >= str(known["statement_id"])
    columns = [name for name in new if name not in _BESIDE and name in known]
    changes: Values = {name: new[name] for name in columns if _is_empty(known[name]) and not _is_empty(new[name])}
    if is_newer:
        changes |= {name: new[name] for name in columns if not _is_empty(new[name]) and new[name] != known[name]}
        if statement_id != known["statement_id"]:
            changes["statement_id"] = statement_id
    return changes


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
