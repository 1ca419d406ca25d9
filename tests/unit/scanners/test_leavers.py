"""Memory over weeks: who left the universe is forgotten in every room, and nobody else is."""

from __future__ import annotations

from typing import Any

from engine.breakout.rules import Frozen
from engine.config import BreakoutParams
from engine.lab.snapshot import TodaySnapshot
from tests.unit.scanners.scanner_samples import TEN, Street, flat_history, stock

DAY_S = 86_400.0
KEPT, SHOWN, GONE = stock(1, "KEPT"), stock(2, "SHOWN"), stock(3, "GONE")


def step(made: Street, live: set[int]) -> None:
    made.clock.advance(1.0)
    made.step(live)
    for _ in made.coordinator.cycle():
        pass


def looked_at(made: Street, *contracts: Any) -> None:
    """A visit of each: every room has heard of them."""
    for contract in contracts:
        made.warm(contract, flat_history(100.0, made.now, minutes=90))
    for _ in range(5):
        step(made, {contract.con_id for contract in contracts})
        for contract in contracts:
            made.tick(contract, 99.95, 170.0, lane="visited")
    step(made, set())


def holders(made: Street, con_id: int) -> set[str]:
    """The names of the tables that still have something of this contract."""
    coordinator = made.coordinator
    rooms = {
        "scanner": coordinator.breakout, "detector": coordinator.breakout.detector, "visits": coordinator.visits,
        "history": made.desk, "units": made.units, "bars": made.store, "board": coordinator.board,
        "feed": made.feed,
    }  # fmt: skip
    found = set()
    for room, holder in rooms.items():
        for name, table in vars(holder).items():
            if (room, name) == ("units", "_kept"):  # what was learned outlasts a symbol's day, 2,000 at most
                continue
            if isinstance(table, (dict, set)) and any(
                con_id in (key if isinstance(key, tuple) else (key,)) for key in table
            ):
                found.add(f"{room}.{name}")
    return found


def test_the_days_turn_forgets_all_but_positions_and_open_pages() -> None:
    made = Street(TEN + 3_600.0)
    made.connect()
    made.second()
    made.keep(KEPT)
    made.rows("Momentum", KEPT, SHOWN, GONE)
    made.feed.show([SHOWN])
    looked_at(made, KEPT, SHOWN, GONE)
    assert {"bars._symbols", "visits._judged", "detector._facts", "units._stock"} <= holders(made, GONE.con_id)
    made.clock.advance(DAY_S)
    made.rows("Momentum", KEPT)
    made.rows("Volume pace", KEPT)
    step(made, set())
    assert holders(made, GONE.con_id) == set()
    assert KEPT.con_id in made.store and SHOWN.con_id in made.store
    made.feed.show([])
    step(made, set())
    assert holders(made, SHOWN.con_id) == set()
    assert KEPT.con_id in made.store


def test_weeks_of_new_symbols_leave_no_trace() -> None:
    made = Street(TEN + 3_600.0)
    made.connect()
    made.second()
    sizes = []
    for day in range(6):
        fresh = [stock(100 + 10 * day + n) for n in range(5)]
        made.rows("Momentum", *fresh)
        made.rows("Volume pace", *fresh)
        looked_at(made, *fresh)
        for contract in fresh:
            made.coordinator.breakout.detector.tracker.trigger(contract.con_id, "long", None, made.now)  # type: ignore[arg-type]
        sizes.append((len(made.store), len(made.coordinator.breakout.verdicts), len(made.desk._jobs)))
        made.clock.advance(DAY_S)
        step(made, set())
    assert sizes[-1] == sizes[2] and len(made.store) <= 10, sizes
    assert len(made.coordinator.breakout.detector.tracker._watches) == 0


def test_who_is_needed_or_back_is_not_forgotten() -> None:
    made = Street(TEN)
    needed, forgotten = {1, 2}, []
    made.feed.needed_by(needed.__contains__)
    made.feed.tell_of_leavers(forgotten.append)
    made.feed.let_go([1, 3])
    assert forgotten == [3]
    needed.clear()
    made.feed.let_go([])
    assert forgotten == [3, 1], "asked again once nothing needs it"
    made.feed.show([stock(4)])
    made.feed.let_go([4])
    assert forgotten == [3, 1], "a page has it open"
    made.feed.show([])
    made.feed.let_go([])
    assert forgotten == [3, 1, 4]


def test_an_answer_that_comes_after_the_symbol_left_leaves_nothing() -> None:
    made = Street(TEN)
    made.feed.admit(GONE, 3)
    (job, *_) = made.desk._jobs.values()
    made.store.remove(GONE.con_id)
    made.desk.forget(GONE.con_id)
    made.desk._answered(job, [], made.now)
    made.desk._give_up(job, "no data")
    assert (made.desk._done, made.desk._failed) == ({}, {})


def test_who_broke_out_in_the_shadow_or_is_not_judged_yet_keeps_its_bars() -> None:
    made = Street(TEN + 3_600.0)
    coordinator = made.coordinator
    coordinator.set_shadow("Loose", BreakoutParams(bars_n=15))
    followed = {SHOWN.con_id}
    made.feed.needed_by(followed.__contains__)
    told: list[int] = []
    made.feed.tell_of_leavers(told.append)
    looked_at(made, KEPT, SHOWN, GONE)
    scanner = coordinator.shadow._scanner
    assert scanner is not None
    scanner.detector.tracker.trigger(KEPT.con_id, "long", Frozen(100.0, "range", 0.1), made.now)
    made.feed.show([KEPT, SHOWN, GONE])
    made.feed.show([])
    made.feed.let_go([])
    assert told == [GONE.con_id] and {KEPT.con_id, SHOWN.con_id} <= set(made.store.con_ids())
    scanner.detector.tracker.rest_all()
    followed.clear()
    made.feed.let_go([])
    assert sorted(told) == sorted([KEPT.con_id, SHOWN.con_id, GONE.con_id]) and len(made.store) == 0


def test_a_symbol_that_comes_back_is_handed_to_the_lab_anew() -> None:
    made = Street(TEN + 3_600.0)
    today = TodaySnapshot(made.store, made.quotes.get, lambda con_id: False, lambda con_id: True)
    made.feed.tell_of_leavers(today.drop)
    sent = []
    for _ in range(2):
        made.warm(GONE, flat_history(100.0, made.now, minutes=90))
        today.begin()
        sent.append([each.con_id for each in today.changed() if each is not None])
        assert [each for each in today.changed() if each is not None] == []
        made.feed.let_go([GONE.con_id])
        assert len(made.store) == 0
    assert sent == [[GONE.con_id]] * 2
