"""Which row of a file is which row that is held: by keys in their order, equal ones as a multiset. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

New = TypeVar("New")
Held = TypeVar("Held")


def pair(
    new: Sequence[New],
    held: Sequence[Held],
    keys: Iterable[tuple[Callable[[New], Hashable | None], Callable[[Held], Hashable | None]]],
    fits: Callable[[New, Held], bool] = lambda _new, _held: True,
) -> dict[int, int]:
    """Place of a new row -> place of the held one that it is.

    Each pair of key functions in its turn looks at what the former left; None = the row has no such key. Of several
    equal ones the n-th new row meets the n-th held one, in the order given.
    """
    found: dict[int, int] = {}
    taken: set[int] = set()
    if not held:
        return found
    for of_new, of_held in keys:
        if len(found) == len(new):
            break
        waiting: dict[Hashable, list[int]] = defaultdict(list)
        for place in range(len(held) - 1, -1, -1):
            if place not in taken and (key := of_held(held[place])) is not None:
                waiting[key].append(place)
        for place, row in enumerate(new):
            if place in found or (key := of_new(row)) is None:
                continue
            candidates = waiting.get(key, [])
            match = next((n for n in range(len(candidates) - 1, -1, -1) if fits(row, held[candidates[n]])), None)
            if match is not None:
                found[place] = candidates.pop(match)
                taken.add(found[place])
    return found
