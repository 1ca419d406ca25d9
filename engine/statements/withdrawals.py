"""Rows that an earlier statement told and a newer one of the same days no longer does. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from engine.statements.fields import Values
from engine.statements.heads import Statement


def withdrawn(
    held: Sequence[Values],
    told: Collection[int],
    newest: Sequence[Statement],
    earlier: Mapping[str, Values],
    day: str,
    sections: Collection[str],
    query: tuple[str, str] = ("", ""),
) -> dict[int, str]:
    """Held row -> the statement that lacks it.

    Only a statement of the same query says so by silence, made later, that covers all days of the one which told the
    row and has the section that it stood in: another query may leave out what it likes.
    """
    found: dict[int, str] = {}
    for values in held:
        if values["row_id"] in told or not values["statement_id"] or values.get("state") or values.get("withdrawn_by"):
            continue
        former = earlier.get(str(values["statement_id"]))
        if former is None or (former["kind"], former["query_name"]) != query:
            continue
        for statement in newest:
            if (
                statement.id > str(values["statement_id"])
                and statement.from_day
                and statement.from_day <= former["from_day"]
                and former["to_day"] <= statement.to_day
                and statement.from_day <= str(values[day]) <= statement.to_day
                and not set(sections).isdisjoint(statement.sections)
            ):
                found[values["row_id"]] = statement.id
    return found
