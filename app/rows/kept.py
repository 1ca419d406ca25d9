"""What is made of sections alone is made anew when one of them is another. Pure for who asks: it is only quicker."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from typing import TypeVar, TypeVarTuple

Ts = TypeVarTuple("Ts")
R = TypeVar("R")


def _are_same(before: tuple[object, ...], now: tuple[object, ...]) -> bool:
    return all(a is b for a, b in zip(before, now, strict=True))


def kept(build: Callable[[*Ts], R]) -> Callable[[*Ts], R]:
    """`build`, which is asked again only for other objects than the last time.

    Sections are frozen: the same object says the same. What comes back is shared, so nobody may change it.
    """
    last: list[tuple[tuple[*Ts], R]] = []

    @wraps(build)
    def made(*sections: *Ts) -> R:
        known = last[0] if last else None
        if known is not None and _are_same(known[0], sections):
            return known[1]
        result = build(*sections)
        last[:] = [(sections, result)]
        return result

    return made


K = TypeVar("K", bound=Hashable)
MOST_KEPT = 2_000


def kept_each(build: Callable[[K, *Ts], R]) -> Callable[[K, *Ts], R]:
    """`build(key, ...)`, which is asked again only where what it is made of is not equal to the last of that key.

    What comes back is shared, so nobody may change it.
    """
    last: dict[K, tuple[tuple[*Ts], R]] = {}

    @wraps(build)
    def made(key: K, *values: *Ts) -> R:
        known = last.get(key)
        if known is not None and known[0] == values:
            return known[1]
        if len(last) >= MOST_KEPT:
            last.clear()
        result = build(key, *values)
        last[key] = (values, result)
        return result

    return made
