"""Rows that a statement told and a newer one of the same days no longer does. Pure.

Which statements were read says so, not the order in which they were: the one that told a row last, and those of the
same query that were made after it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple


class Made(NamedTuple):
    """A statement as it counts here. Ids begin with when it was made; days YYYYMMDD, "" = not told."""

    id: str
    query: tuple[str, str]  # its kind and its name
    from_day: str
    to_day: str
    sections: frozenset[str]


class Withdrawals:
    """All statements of one account, those of the file that is being read among them."""

    def __init__(self, statements: Iterable[Made] = ()) -> None:
        self._by_id = {each.id: each for each in statements}
        self._of_query: dict[tuple[str, str], list[Made]] = defaultdict(list)
        for each in self._by_id.values():
            if each.from_day and each.to_day:
                self._of_query[each.query].append(each)
        self._known: dict[tuple[str, str, frozenset[str]], str | None] = {}

    def by(self, told_by: str | None, day: str, sections: frozenset[str]) -> str | None:
        """The newest statement that says by its silence that a row is no more; None = none does.

        `told_by` = the newest that told it. Only a statement of the same query speaks by silence, made later, that
        covers all days of the former and has one of the sections that the row may stand in: another query may leave out
        what it likes.
        """
        key = (told_by or "", day, sections)
        if key not in self._known:
            self._known[key] = self._newest(*key)
        return self._known[key]

    def _newest(self, told_by: str, day: str, sections: frozenset[str]) -> str | None:
        former = self._by_id.get(told_by)
        if former is None:
            return None
        return max(
            (
                each.id
                for each in self._of_query[former.query]
                if _stamp(each) > _stamp(former)
                and each.from_day <= former.from_day
                and former.to_day <= each.to_day
                and each.from_day <= day <= each.to_day
                and not sections.isdisjoint(each.sections)
            ),
            default=None,
        )


def _stamp(statement: Made) -> str:
    """When it was made; of two of one second none is the newer."""
    return statement.id.partition(".")[0]


NO_STATEMENTS = Withdrawals()
