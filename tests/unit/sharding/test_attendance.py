"""An engine's place on the list: taken once its gateway has stayed, given back when it has gone or ends."""

from __future__ import annotations

from collections.abc import Sequence

from engine.domain import ContractRef
from engine.errors import StateError
from engine.sharding.attendance import GONE_S, STEADY_S, Attendance, Presence
from engine.sharding.share import HOLD_S, LOOK_S, Share
from engine.state.roll import Member

OWN = Member("east", 50)
ACME, BOLT = ContractRef(1, "ACME", "ACME", "STK"), ContractRef(2, "BOLT", "BOLT", "STK")


class RollBook:
    """Implements `Roll` in memory."""

    place = "here"

    def __init__(self) -> None:
        self.there: set[Member] = set()
        self.days: dict[str, dict[int, ContractRef]] = {}
        self.is_away = False

    def members(self, own: Member | None) -> tuple[Member, ...]:
        if self.is_away:
            raise StateError("here: refused", "")
        self.there = self.there | {own} if own is not None else self.there - {OWN}
        return tuple(sorted(self.there))

    def exchange(self, found: Sequence[ContractRef], known: frozenset[int], day: str) -> list[ContractRef]:
        book = self.days.setdefault(day, {})
        book.update({contract.con_id: contract for contract in found})
        return [contract for con_id, contract in book.items() if con_id not in known]

    def close(self) -> None:
        pass


class Desk:
    def __init__(self) -> None:
        self.roll, self.mono, self.is_connected, self.day = RollBook(), 100.0, True, "20261201"
        self.attendance = Attendance(
            Share("east", self.mono), self.roll, OWN, lambda: self.mono, lambda: self.is_connected, lambda: self.day
        )

    def run(self, seconds: float) -> None:
        end = self.mono + seconds
        while self.mono < end:
            self.attendance.step()
            self.mono += LOOK_S


def test_a_gateway_that_flickers_moves_nothing() -> None:
    presence = Presence()
    assert [presence.see(True, at) for at in (0.0, STEADY_S - 1.0, STEADY_S)] == [False, False, True]
    assert presence.see(False, 20.0) and presence.see(True, 21.0)
    assert presence.see(False, 22.0) and presence.see(False, 22.0 + GONE_S - 0.1)
    assert not presence.see(False, 22.0 + GONE_S)


def test_it_takes_its_place_once_it_can_visit_and_gives_it_back() -> None:
    desk = Desk()
    desk.run(4.0)
    assert desk.roll.there == set() and desk.attendance.mine([1, 2]) == set()
    desk.run(STEADY_S + HOLD_S + 4.0)
    assert desk.roll.there == {OWN} and desk.attendance.mine([1, 2]) == {1, 2}
    desk.is_connected = False
    desk.run(GONE_S + 4.0)
    assert desk.roll.there == set() and desk.attendance.mine([1, 2]) == set()


def test_who_ends_frees_its_place_at_once() -> None:
    desk = Desk()
    desk.run(STEADY_S + 4.0)
    desk.attendance.start()
    desk.attendance.stop(5.0)
    assert desk.roll.there == set()


def test_a_server_that_is_away_is_said_once_and_changes_no_share(caplog) -> None:
    desk = Desk()
    desk.run(STEADY_S + HOLD_S + 4.0)
    desk.roll.is_away = True
    desk.run(60.0)
    assert desk.attendance.problem == "here: refused" and desk.attendance.mine([1, 2]) == {1, 2}
    desk.roll.is_away = False
    desk.run(2.0)
    assert desk.attendance.problem == ""
    assert [r.levelname for r in caplog.records].count("WARNING") == 2


def test_what_scans_find_goes_round_once_and_anew_each_day() -> None:
    desk = Desk()
    desk.roll.days["20261201"] = {2: BOLT}
    desk.attendance.offer([ACME])
    desk.run(4.0)
    assert desk.roll.days["20261201"] == {1: ACME, 2: BOLT}
    assert desk.attendance.take_found() == [BOLT] and desk.attendance.take_found() == []
    desk.day = "20261202"
    desk.run(4.0)
    assert desk.roll.days["20261202"] == {1: ACME}
