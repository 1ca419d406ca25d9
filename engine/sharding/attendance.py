"""An engine's place on its group's list: renewed, read, and given back, by a thread of its own.

On the list is who can visit symbols: whose gateway has been connected for a while. What one engine's scans have found
is told to all, so that the group shares one universe whoever came when.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from engine.domain import ContractRef
from engine.errors import StateError
from engine.sharding.share import LOOK_S, Share
from engine.state.roll import Member, Roll
from engine.storage.steady_thread import SteadyThread

log = logging.getLogger("qtrade.sharding")

STEADY_S = 10.0  # a gateway counts as connected, or as gone, once it has been for so long: no flicker moves symbols
GONE_S = 4.0


class Presence:
    """Whether an engine counts as able to visit. Pure."""

    def __init__(self) -> None:
        self.is_there = False
        self._other_since: float | None = None  # since when the gateway says otherwise, monotonic

    def see(self, is_connected: bool, now_mono: float) -> bool:
        if is_connected == self.is_there:
            self._other_since = None
            return self.is_there
        since = self._other_since = now_mono if self._other_since is None else self._other_since
        if now_mono - since >= (STEADY_S if is_connected else GONE_S):
            self.is_there, self._other_since = is_connected, None
        return self.is_there


class Attendance:
    """Implements `engine.scanners.coordinator.Shared`.

    `is_connected`: whether the gateway is, asked in the thread of ours. `day`: of what the scans find now.
    `offer` and `take_found` are the engine's: the symbols that its scans have found, and those of the others.
    """

    def __init__(
        self,
        share: Share,
        roll: Roll,
        own: Member,
        mono: Callable[[], float],
        is_connected: Callable[[], bool],
        day: Callable[[], str],
    ) -> None:
        self.share = share
        self.problem = ""  # why the list can't be read now
        self._roll, self._own, self._mono = roll, own, mono
        self._is_connected, self._day = is_connected, day
        self._presence = Presence()
        self._offered: tuple[ContractRef, ...] = ()
        self._told_day = ""
        self._known: set[int] = set()
        self._found: deque[ContractRef] = deque()
        self._thread = SteadyThread("sharding", self.step, LOOK_S, self._leave)

    @property
    def version(self) -> int:
        return self.share.version

    def mine(self, con_ids: Sequence[int]) -> set[int]:
        return self.share.mine(con_ids)

    def owner(self, con_id: int) -> str:
        return self.share.owner(con_id)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Give the place back, and end."""
        self._thread.stop(timeout_s)

    def offer(self, contracts: Iterable[ContractRef]) -> None:
        """The universe as this engine knows it now."""
        self._offered = tuple(contracts)

    def take_found(self) -> list[ContractRef]:
        """What others have found since the last call."""
        return [self._found.popleft() for _ in range(len(self._found))]

    def step(self) -> None:
        """Look at the list once."""
        now, before = self._mono(), self.share.version
        is_there = self._presence.see(self._is_connected(), now)
        try:
            members = self._roll.members(self._own if is_there else None)
            self._exchange()
        except StateError as error:
            if not self.problem:
                log.warning("The group can't be asked, its shares stay as they are: %s", error)
            self.problem = str(error)
            self._roll.close()
            self.share.pass_time(now)
        else:
            if self.problem:
                log.warning("The group can be asked again")
            self.problem = ""
            self.share.see(members, now)
        if self.share.version != before:
            names = ", ".join(member.name for member in self.share.members) or "nobody"
            log.info("Sharing the universe: %s", names)

    def _exchange(self) -> None:
        day = self._day()
        if day != self._told_day:
            self._told_day, self._known = day, set()
        news = [contract for contract in self._offered if contract.con_id not in self._known]
        own = {contract.con_id for contract in news}
        found = self._roll.exchange(news, frozenset(self._known | own), day)
        self._known |= own | {contract.con_id for contract in found}
        self._found.extend(found)

    def _leave(self) -> None:
        try:
            self._roll.members(None)
        except StateError as error:
            log.warning("The place in the group is free by itself in some seconds: %s", error)
        self._roll.close()
