"""Share: which symbols are this engine's now, from what it has seen of its group. Pure: time is an argument.

Who loses a symbol lets go of it at once; who gains one waits `HOLD_S`, within which everybody has seen the same list.
So two engines never visit one symbol on purpose, and one that has died is followed within
`FOLLOWED_S`. An engine that can't see the list keeps what it had.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from engine.sharding.rendezvous import owners
from engine.state.roll import EXPIRE_S, Member

LOOK_S = 2.0  # each engine renews its place on the list, and reads it, so often
HOLD_S = 6.0
FOLLOWED_S = EXPIRE_S + LOOK_S + HOLD_S
ALONE_S = 15.0  # after its start: who has not seen a list by then looks after everything

Members = tuple[Member, ...]


class _Views(NamedTuple):
    """The lists that count now, newest first, and what was worked out from them."""

    lists: tuple[Members, ...]
    owner: dict[int, str]  # con_id -> by the newest list
    mine: dict[int, bool]


class Share:
    """`see` and `pass_time` in one thread, all else in any: what they made is swapped in at once."""

    def __init__(self, name: str, now_mono: float) -> None:
        self.name = name
        self.version = 0  # rises when something else may be ours
        self._began_mono = now_mono
        self._has_seen = False
        self._older: list[tuple[Members, float]] = []  # and until when each counts
        self._now: Members = ()
        self._views = _Views(((),), {}, {})

    @property
    def members(self) -> Members:
        """As they were seen last."""
        return self._views.lists[0]

    def see(self, members: Collection[Member], now_mono: float) -> None:
        """The list as it is now."""
        self._has_seen = True
        seen = tuple(sorted(members))
        if seen != self._now:
            self._older.append((self._now, now_mono + HOLD_S))
            self._now = seen
        self._settle(now_mono)

    def pass_time(self, now_mono: float) -> None:
        """The list could not be read."""
        if not self._has_seen and now_mono - self._began_mono > ALONE_S and not self._now:
            self._now = (Member(self.name, 1),)
        self._settle(now_mono)

    def _settle(self, now_mono: float) -> None:
        self._older = [(members, until) for members, until in self._older if until > now_mono]
        lists = tuple(dict.fromkeys((self._now, *(members for members, _ in reversed(self._older)))))
        if lists != self._views.lists:
            self._views = _Views(lists, {}, {})
            self.version += 1

    def mine(self, con_ids: Sequence[int]) -> set[int]:
        """Those of them that are this engine's: by every list that still counts."""
        views = self._views
        unknown = [con_id for con_id in con_ids if con_id not in views.mine]
        if unknown:
            found = [owners(unknown, members) for members in views.lists]
            for at, con_id in enumerate(unknown):
                views.owner[con_id] = found[0][at]
                views.mine[con_id] = all(names[at] == self.name for names in found)
        return {con_id for con_id in con_ids if views.mine[con_id]}

    def owner(self, con_id: int) -> str:
        """Who looks after it, or is about to; "" = nobody does."""
        views = self._views
        known = views.owner.get(con_id)
        return owners((con_id,), views.lists[0])[0] if known is None else known
