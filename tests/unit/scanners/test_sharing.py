"""A ScannerCoordinator that shares its universe: it looks after its part alone, and what it holds stays its own."""

from __future__ import annotations

from engine.breakout.why import level_text
from engine.domain import ContractRef
from engine.sharding.share import HOLD_S, Share
from engine.state.roll import Member
from tests.unit.scanners.scanner_samples import TEN, Street, flat_history, stock

MANY = [stock(con_id) for con_id in range(1, 61)]
EAST, WEST = Member("east", 50), Member("west", 50)


class Group:
    """What `Attendance` is to the coordinator, moved by hand."""

    def __init__(self) -> None:
        self.share = Share("east", 0.0)
        self.offered: list[ContractRef] = []
        self.found: list[ContractRef] = []
        self.mine, self.owner = self.share.mine, self.share.owner
        self._now = 0.0

    @property
    def version(self) -> int:
        return self.share.version

    def offer(self, contracts) -> None:
        self.offered = list(contracts)

    def take_found(self) -> list[ContractRef]:
        found, self.found = self.found, []
        return found

    def are(self, *members: Member) -> None:
        for _ in range(2):
            self._now += HOLD_S
            self.share.see(members, self._now)


def street(*members: Member) -> tuple[Street, Group]:
    group = Group()
    group.are(*members)
    made = Street(TEN + 3_600.0, shared=group)
    made.connect()
    made.second()
    return made, group


def ids(contracts) -> set[int]:
    return {contract.con_id for contract in contracts}


def test_lines_visits_and_history_are_for_its_part_alone() -> None:
    made, group = street(EAST, WEST)
    made.rows("Momentum", *MANY)
    mine = group.mine(sorted(ids(MANY)))
    assert 0 < len(mine) < len(MANY) and ids(made.cover.members) == mine
    assert set(made.store.con_ids()) == mine, "history is asked for by its engine alone"
    wishes = ids(demand.contract for demand in made.coordinator.demands())
    assert wishes and wishes <= mine
    assert made.cover.elsewhere == dict.fromkeys(ids(MANY) - mine, "west")
    assert ids(group.offered) == ids(MANY), "and all that was found is told"


def test_what_it_gains_is_asked_for_and_what_it_loses_is_let_go() -> None:
    made, group = street(EAST, WEST)
    made.rows("Momentum", *MANY)
    group.are(EAST)
    made.second()
    assert ids(made.cover.members) == ids(MANY) == set(made.store.con_ids()) and made.cover.elsewhere == {}
    group.are(EAST, WEST)
    made.second()
    assert ids(made.cover.members) == group.mine(sorted(ids(MANY))) < ids(MANY)


def test_positions_and_lists_stay_with_their_engine() -> None:
    made, group = street(WEST)
    made.keep(MANY[0])
    made.coordinator.set_listed([MANY[1]])
    made.rows("Momentum", *MANY)
    assert ids(made.cover.members) == {1, 2} and set(made.store.con_ids()) == {1, 2}


def test_what_others_found_is_in_its_universe_too() -> None:
    made, group = street(EAST)
    group.found = [MANY[5]]
    made.second()
    assert ids(made.cover.members) == {MANY[5].con_id} == set(made.store.con_ids())


def test_a_running_signal_stays_where_it_was_found() -> None:
    acme = MANY[0]
    made, group = street(EAST)
    made.warm(acme, flat_history(100.0, made.now, minutes=90))
    made.rows("Momentum", *MANY[1:5], acme)
    for second in range(140):
        made.second()
        made.tick(acme, 99.9 + max(0, min(0.5, (second - 65) * 0.04)), 170.0 if second < 65 else 700.0)
    assert made.signals[0].state == "active"
    group.are(WEST)
    made.second()
    wishes = {demand.contract.con_id: demand for demand in made.coordinator.demands()}
    assert ids(made.cover.members) == {acme.con_id} == set(wishes)
    assert wishes[acme.con_id].reason == f"breakout long {level_text(made.signals[0].level)}"
    for _ in range(90):
        made.second()
        made.tick(acme, 99.9, 100.0)
    assert made.signals[-1].state != "active"
    assert made.cover.members == [] and made.coordinator.demands() == []
