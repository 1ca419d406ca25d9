"""Running signals without a line of their own: their price is fetched in time, within a share of the lines."""

from __future__ import annotations

import statistics

import pytest

from engine.config import CoverageSettings, LineSettings
from engine.coverage.urgency import AT_ONCE_S, ON_THE_WAY_S, CoveragePolicy, Place, Running, overdue, watch_next
from engine.lines.model import BRIEF_S
from tests.unit.lines.fake_gateway import FakeGateway
from tests.unit.lines.line_samples import contract, want

NOW = 10_000.0
POLICY = CoveragePolicy()
STRONG, WEAK = Running(strong=True, rests=True), Running(strong=False, rests=True)


def place(con_id: int, waited: float | None, running: Running | None) -> Place:
    return Place(contract(con_id), NOW - 100.0, None if waited is None else NOW - waited, running=running)


def ids(places: list[Place]) -> list[int]:
    return [each.contract.con_id for each in places]


def test_a_strong_signal_is_due_after_12_seconds_and_a_weak_one_after_20() -> None:
    waiting = [place(1, 11.9 - AT_ONCE_S, STRONG), place(2, 12.0 - AT_ONCE_S, STRONG)]
    waiting += [place(3, 19.9 - ON_THE_WAY_S, WEAK), place(4, 20.0 - ON_THE_WAY_S, WEAK), place(5, 500.0, None)]
    assert ids(watch_next(waiting, 9, NOW, POLICY)) == [2, 4]
    assert overdue(place(6, None, WEAK), NOW, POLICY) == float("inf"), "never seen yet"


def test_within_few_lines_the_weak_ones_wait_first_and_then_the_latest() -> None:
    waiting = [place(1, 50.0, WEAK), place(2, 12.0, STRONG), place(3, 40.0, STRONG), place(4, 30.0, WEAK)]
    assert ids(watch_next(waiting, 3, NOW, POLICY)) == [3, 2, 1]
    assert watch_next(waiting, 0, NOW, POLICY) == []
    assert watch_next(waiting, -2, NOW, POLICY) == []


def turning(symbols: int, running: dict[int, Running], **settings: float) -> FakeGateway:
    gateway = FakeGateway(LineSettings(), coverage=CoverageSettings(**settings))  # type: ignore[arg-type]
    gateway.connect()
    gateway.rotation.universe([contract(c) for c in range(1_000, 1_000 + symbols)], gateway.clock.mono())
    gateway.rotation.watch(running)
    return gateway


def longest_ages(gateway: FakeGateway, con_ids: range, seconds: float) -> dict[int, float]:
    """The longest time that each went without a line that ticks."""
    last, longest = dict.fromkeys(con_ids, gateway.clock.mono()), dict.fromkeys(con_ids, 0.0)
    end = gateway.clock.mono() + seconds
    while gateway.clock.mono() < end:
        gateway.run(0.5)
        now = gateway.clock.mono()
        for con_id in con_ids:
            line = gateway.bus.ledger.get(con_id)
            if line is not None and line.state == "live":
                last[con_id] = now
            longest[con_id] = max(longest[con_id], now - last[con_id])
    return longest


def test_prices_of_running_signals_are_fetched_in_time_while_the_others_go_round() -> None:
    running = {1_000 + n: STRONG if n < 8 else WEAK for n in range(20)}
    gateway = turning(600, running)
    gateway.run(60.0)
    mark = len(gateway.log)
    ages = longest_ages(gateway, range(1_000, 1_020), 90.0)
    assert max(ages[c] for c in range(1_000, 1_008)) <= 15.0
    assert max(ages.values()) <= 23.0
    others = [con_id for con_id in gateway.subscribed_since(mark) if con_id not in running]
    assert len(set(others)) > 450, "the rotation goes on"
    assert gateway.violations == []


def test_watching_takes_its_share_of_the_lines_and_the_weak_tier_stretches_first() -> None:
    running = {1_000 + n: STRONG if n < 15 else WEAK for n in range(200)}
    gateway = turning(600, running, watch_pct=20)
    gateway.run(60.0)
    brief = 0
    ages = dict.fromkeys(range(1_000, 1_015), 0.0)
    for _ in range(60):
        ages |= {c: max(ages[c], a) for c, a in longest_ages(gateway, range(1_000, 1_015), 1.0).items()}
        brief = max(brief, sum(1 for line in gateway.bus.ledger if line.brief and line.listens))
    assert brief <= 9, "a fifth of 45 lines"
    assert max(ages.values()) <= 15.0
    seen = {p.contract.con_id: p.held_mono for p in gateway.rotation.places() if p.running == WEAK}
    assert len(seen) == 185 and all(at is not None for at in seen.values()), "they wait, and are not forgotten"


def test_a_visit_for_a_price_takes_a_second_and_every_other_keeps_its_dwell() -> None:
    gateway = turning(200, {1_000: STRONG}, dwell_s=5.0)
    opened: dict[int, float] = {}
    lengths: dict[bool, list[float]] = {True: [], False: []}
    watched: set[int] = set()
    for _ in range(240):
        gateway.run(0.25)
        now = gateway.clock.mono()
        watched |= {row.con_id for row in gateway.report.snapshot().rows if row.watched}
        for line in gateway.bus.ledger:
            if line.first_tick_mono is not None and line.sent_mono is not None and line.listens:
                opened[line.con_id] = line.sent_mono if line.brief else line.first_tick_mono
            elif not line.listens and line.con_id in opened:
                lengths[line.brief].append(now - opened.pop(line.con_id))
    assert len(lengths[True]) >= 3
    assert watched == {1_000}, "the rows of the lines say which visits are such"
    assert min(lengths[True]) >= BRIEF_S
    assert statistics.median(lengths[True]) <= BRIEF_S + 1.0
    assert lengths[False] and min(lengths[False]) >= 5.0


def test_a_resting_signal_has_no_ordinary_visits_and_one_after_its_cool_down_has() -> None:
    running = {1_000: WEAK, 1_001: Running(strong=False, rests=False)}
    gateway = turning(300, running)
    gateway.rotation.hint({1_000: 1.0, 1_001: 1.0}, gateway.clock.mono())
    seen: dict[int, set[bool]] = {1_000: set(), 1_001: set()}
    for _ in range(240):
        gateway.run(0.25)
        for con_id, kinds in seen.items():
            line = gateway.bus.ledger.get(con_id)
            if line is not None and line.listens:
                kinds.add(line.brief)
        gateway.rotation.hint({1_000: 1.0, 1_001: 1.0}, gateway.clock.mono())
    assert seen[1_000] == {True}
    assert False in seen[1_001]


def test_a_line_that_is_raised_loses_its_brief_dwell() -> None:
    gateway = turning(200, {1_000: STRONG})
    for _ in range(200):
        gateway.run(0.25)
        line = gateway.bus.ledger.get(1_000)
        if line is not None and line.state == "live" and line.brief:
            break
    assert line is not None and line.is_brief
    gateway.bus.demand("scanners", [want(1_000, "50", 0.9)])
    gateway.run(0.5)
    assert line.line_class == "50" and not line.brief


def test_who_runs_no_longer_is_visited_like_everybody() -> None:
    gateway = turning(50, {1_000: STRONG})
    gateway.rotation.watch({})
    found = gateway.rotation.place(1_000)
    assert found is not None and found.running is None


@pytest.mark.parametrize("watch_pct", [5, 100])
def test_the_share_may_be_little_or_all(watch_pct: int) -> None:
    gateway = turning(300, dict.fromkeys(range(1_000, 1_100), STRONG), watch_pct=watch_pct)
    most = 0
    for _ in range(40):
        gateway.run(1.0)
        most = max(most, sum(1 for line in gateway.bus.ledger if line.brief and line.listens))
    assert 1 <= most <= 3 if watch_pct == 5 else most > 30
    assert gateway.violations == []


def test_the_weak_stretch_but_are_not_forgotten_behind_any_number_of_strong_ones() -> None:
    strong = [place(number, 13.0, STRONG) for number in range(1, 50)]
    assert ids(watch_next([*strong, place(99, 60.0, WEAK)], 2, NOW, POLICY))[0] == 99
    assert 99 not in ids(watch_next([*strong, place(99, 50.0, WEAK)], 2, NOW, POLICY))
