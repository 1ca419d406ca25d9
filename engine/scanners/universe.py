"""The universe: positions, pins, watch-lists, every row of every scan of the day; at most 2,000, oldest first out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from engine.clock import NEW_YORK
from engine.domain import ContractRef

MOST_SYMBOLS = 2_000


class Member(NamedTuple):
    contract: ContractRef
    since_market: float
    seen_market: float


class Universe:
    """Contracts as the scans returned them, by con_id. A new New York day starts it anew (kept symbols stay)."""

    def __init__(self, most: int = MOST_SYMBOLS) -> None:
        self._most = most
        self._members: dict[int, Member] = {}
        self._kept: frozenset[int] = frozenset()
        self._listed: dict[int, ContractRef] = {}
        self._only_listed: set[int] = set()  # no scan, position or pin has brought them
        self._left: set[int] = set()
        self._gone: set[int] = set()
        self._day = ""

    def __len__(self) -> int:
        return len(self._members)

    def __contains__(self, con_id: int) -> bool:
        return con_id in self._members

    def con_ids(self) -> list[int]:
        return list(self._members)

    @property
    def listed(self) -> frozenset[int]:
        """The watch-lists' symbols."""
        return frozenset(self._listed)

    def contract(self, con_id: int) -> ContractRef | None:
        member = self._members.get(con_id)
        return member.contract if member is not None else None

    def rename(self, contract: ContractRef) -> None:
        """A member is called otherwise now."""
        member = self._members.get(contract.con_id)
        if member is not None:
            self._members[contract.con_id] = member._replace(contract=member.contract.named_as(contract))

    def keep(self, contracts: Iterable[ContractRef], now_market: float) -> None:
        """Positions and pins: members whatever happens. Replaces the former ones."""
        kept = list(contracts)
        self._kept = frozenset(contract.con_id for contract in kept)
        self._add(kept, now_market)

    def set_listed(self, contracts: Iterable[ContractRef], now_market: float) -> bool:
        """The watch-lists' symbols: members as long as they are listed. Replaces the former ones; True = they differ.

        Who leaves the lists, and is there for nothing else, leaves at once.
        """
        listed = {contract.con_id: contract for contract in contracts if contract.con_id > 0}
        if listed == self._listed:
            return False
        for con_id in self._listed.keys() - listed.keys():
            if con_id in self._only_listed and con_id not in self._kept:
                del self._members[con_id]
                self._gone.add(con_id)
            self._only_listed.discard(con_id)
        self._listed = listed
        self._join(now_market)
        return True

    def add(self, contracts: Iterable[ContractRef], now_market: float) -> None:
        """Rows of a scan; the oldest members make room for them."""
        self._turn_day(now_market)
        self._add((contract for contract in contracts if contract.con_id not in self._left), now_market)

    def take_gone(self) -> set[int]:
        """Who has left since the last call and is no member again: to be forgotten by everybody."""
        gone, self._gone = self._gone - self._members.keys(), set()
        return gone

    def leave_today(self, con_id: int) -> None:
        """The gateway does not know it (200): out for the day, never for longer; a position stays."""
        if con_id not in self._kept:
            self._left.add(con_id)
            self._members.pop(con_id, None)
            self._only_listed.discard(con_id)
            self._gone.add(con_id)

    def on_connected(self, now_market: float) -> None:
        """A new connection: who was unknown to the gateway (perhaps in its nightly reset) may come back."""
        self._left.clear()
        self._join(now_market)

    def _join(self, now_market: float) -> None:
        """Every listed symbol that is no member yet."""
        for con_id, contract in self._listed.items():
            if con_id not in self._members and con_id not in self._left:
                self._only_listed.add(con_id)
                self._members[con_id] = Member(contract, now_market, now_market)
        self._shrink()

    def _add(self, contracts: Iterable[ContractRef], now_market: float) -> None:
        for contract in contracts:
            if contract.con_id <= 0:
                continue
            known = self._members.pop(contract.con_id, None)  # back to the young end
            since = known.since_market if known is not None else now_market
            self._only_listed.discard(contract.con_id)
            self._members[contract.con_id] = Member(contract, since, now_market)
        self._shrink()

    def _shrink(self) -> None:
        if len(self._members) > self._most:
            for con_id in list(self._members):
                if len(self._members) <= self._most:
                    break
                if con_id not in self._kept and con_id not in self._listed:
                    del self._members[con_id]
                    self._gone.add(con_id)

    def _turn_day(self, now_market: float) -> None:
        day = datetime.fromtimestamp(now_market, NEW_YORK).strftime("%Y%m%d")
        if day == self._day:
            return
        if self._day:
            self._left.clear()
            stays = self._kept | self._listed.keys()
            self._gone.update(con_id for con_id in self._members if con_id not in stays)
            self._members = {con_id: member for con_id, member in self._members.items() if con_id in stays}
            self._only_listed = set(self._members) - self._kept
            self._join(now_market)
        self._day = day
