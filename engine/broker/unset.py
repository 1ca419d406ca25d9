"""Numbers that TWS left empty stay unknown: the client library's decoder would read them as 0.0, or lose the message
(and with it the position) where a text stands there.

An empty realised P&L is not "nothing realised", an empty average cost not "free". Each is put down as NaN before the
library decodes the message; `engine.broker.sanitise` makes None of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

_Handler = Callable[[list[str]], None]

# message -> places of its quantity, money and prices: portfolio value, position, P&L of an account, of a position
_MONEY: dict[int, Iterable[int]] = {7: range(13, 19), 61: (14, 15), 94: range(2, 5), 95: range(3, 7)}


def keep_unset(decoder: Any) -> None:
    """Put this before the handlers of a decoder of the client library."""
    for message, places in _MONEY.items():
        decoder.handlers[message] = _marked(decoder.handlers[message], tuple(places))


def _marked(handler: _Handler, places: tuple[int, ...]) -> _Handler:
    def handle(fields: list[str]) -> None:
        for place in places:
            if place < len(fields) and not _is_number(fields[place]):
                fields[place] = "nan"
        handler(fields)

    return handle


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
