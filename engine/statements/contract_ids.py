"""Which contract a row is of, where one source tells IB's number and another only names. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from engine.journal.contract_names import contract_key, numbers_of
from engine.statements.fields import Values

_NUMBER = "#"


def settle_contracts(held: Iterable[Values], told: Iterable[Values]) -> None:
    """Give every row a `key` that is equal for one contract, and its number where another row knows it.

    `con_id` 0 = nobody tells it. A name that two numbers go by stays a name: it may be either.
    """
    held, told = list(held), list(told)
    for values in (*held, *told):
        values["key"] = contract_key(values)
        values["con_id"] = max(values.get("con_id") or 0, 0)
    numbers = numbers_of((values["key"], values["con_id"]) for values in (*held, *told))
    for values in (*held, *told):
        number = values["con_id"] or numbers.get(values["key"], 0)
        if number:
            values["key"] = (_NUMBER, str(number))
    for values in told:
        if not values["con_id"] and values["key"][0] == _NUMBER:
            values["con_id"] = int(values["key"][1])
