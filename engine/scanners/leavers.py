"""Who left the universe, and whose page was closed: forgotten in every room, so that memory stays bounded for weeks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence


class Leavers:
    """Engine thread only. `is_needed(con_id)`: something still runs on it or it is back; it is asked again later.

    `forget` = what each room does to let go of one contract.
    """

    def __init__(self, is_needed: Callable[[int], bool], forget: Sequence[Callable[[int], None]]) -> None:
        self._is_needed = is_needed
        self._forget = list(forget)
        self._shown: frozenset[int] = frozenset()
        self._left: set[int] = set()

    def tell(self, forget: Callable[[int], None]) -> None:
        """One more room that lets go of who leaves."""
        self._forget.append(forget)

    def show(self, con_ids: Iterable[int]) -> None:
        """All symbols that pages have open now; those of closed pages may go."""
        before, self._shown = self._shown, frozenset(con_ids)
        self._left |= before - self._shown

    def step(self, gone: Iterable[int]) -> None:
        """`gone` = who has left the universe since the last call."""
        self._left.update(gone)
        for con_id in [each for each in self._left if each not in self._shown and not self._is_needed(each)]:
            self._left.discard(con_id)
            for forget in self._forget:
                forget(con_id)
