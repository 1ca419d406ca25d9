"""The spare lines go round: on the bus and the model gateway, and the rotation's wishes alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from msgspec import structs

from engine.broker.port import SystemNotice
from engine.config import CoverageSettings, LineSettings
from engine.coverage.rotation import CONFIRMING_MOST, SILENT_AGAIN_S, Rotation
from engine.coverage.urgency import CoveragePolicy, Place
from engine.coverage.view import coverage_slices
from tests.unit.lines.fake_gateway import FakeGateway
from tests.unit.lines.line_samples import contract, want

SYMBOLS = range(1_000, 1_200)


def turning(symbols: range = SYMBOLS, dwell_s: float = 5.0, messages_per_s: float = 28.0) -> FakeGateway:
    gateway = FakeGateway(coverage=CoverageSettings(dwell_s=dwell_s, messages_per_s=messages_per_s))
    gateway.connect()
    gateway.rotation.universe([contract(c) for c in symbols], gateway.clock.mono())
    return gateway


def visits(gateway: FakeGateway, since: int = 0) -> Counter[int]:
    return Counter(gateway.subscribed_since(since))


def test_everybody_is_visited_in_turn_within_the_budget() -> None:
    gateway = turning()
    gateway.run(40.0)
    seen = visits(gateway)
    assert set(seen) == set(SYMBOLS), "45 lines, 6 s a visit: 200 symbols in half a minute"
    assert max(seen.values()) <= 3, "nobody is preferred without a reason"
    assert gateway.worst <= 45
    assert gateway.violations == []


@pytest.mark.parametrize("dwell_s", [2.0, 5.0, 20.0])
def test_no_visit_is_shorter_than_the_dwell(dwell_s: float) -> None:
    gateway = turning(dwell_s=dwell_s)
    gateway.run(60.0)
    assert gateway.violations == []
    assert sum(visits(gateway).values()) > 45 * 60.0 / (dwell_s + 2.0) * 0.9


def test_the_messages_left_to_visits_bound_their_number() -> None:
    gateway = turning(dwell_s=2.0, messages_per_s=6.0)
    gateway.run(60.0)
    assert sum(visits(gateway).values()) <= 3 * 60 + 4


def test_a_universe_that_fits_into_the_lines_is_not_churned() -> None:
    gateway = turning(range(1_000, 1_030))
    gateway.run(60.0)
    assert visits(gateway) == Counter(dict.fromkeys(range(1_000, 1_030), 1))


def test_what_names_no_exchange_is_not_visited() -> None:
    gateway = turning(range(1_000, 1_010))
    bare = structs.replace(contract(2_000), exchange="")
    gateway.rotation.universe([contract(1_000), bare], gateway.clock.mono())
    gateway.run(20.0)
    assert 2_000 not in visits(gateway)
    assert gateway.rotation.place(2_000) is None


def test_a_hinted_symbol_is_next() -> None:
    gateway = turning(range(1_000, 1_600))
    gateway.run(100.0)
    late = next(iter(sorted(set(range(1_000, 1_600)) - {line.contract.con_id for line in gateway.open.values()})))
    mark = len(gateway.log)
    gateway.rotation.hint({late: 1.0}, gateway.clock.mono())
    place = gateway.rotation.place(late)
    assert place is not None
    place.held_mono = gateway.clock.mono() - 30.0
    plain = [p for p in gateway.rotation.places() if p.contract.con_id != late]
    for other in plain:
        other.held_mono = gateway.clock.mono() - 31.0
    gateway.run(2.0)
    assert late in gateway.subscribed_since(mark)
    assert place.hint == 0.0, "a visit answers the hint"


def test_the_order_lasts_a_second_unless_there_is_news() -> None:
    made: list[float] = []

    class Counting(Rotation):
        def order(self, waiting: Sequence[Place], now_mono: float, since_mark: float, count: int) -> list[Place]:
            made.append(now_mono)
            return super().order(waiting, now_mono, since_mark, count)

    rotation = Counting(CoveragePolicy())
    rotation.universe([contract(c) for c in range(1_000, 1_200)], 0.0)
    wished = [rotation.demands([], 5, (), 100.0 + n / 4.0, 0.0)[0].contract.con_id for n in range(9)]
    assert made == [100.0, 101.0, 102.0]
    assert set(wished) == {1_000}, "the most urgent, as long as it gets no line"
    rotation.demands([], 5, {1_000}, 102.25, 0.0)
    assert made == [100.0, 101.0, 102.0], "who is barred is left out of the same order"
    rotation.hint({1_150: 1.0}, 102.5)
    rotation.demands([], 5, (), 102.5, 0.0)
    assert made[-1] == 102.5


def test_a_confirming_symbol_keeps_its_line_but_only_so_many_do() -> None:
    gateway = turning()
    gateway.run(5.0)
    gateway.confirming.update(gateway.open_ids())
    gateway.run(2.0)
    held = set(gateway.rotation.confirming)
    assert len(held) == CONFIRMING_MOST
    gateway.run(20.0)
    assert held <= set(gateway.open_ids())
    assert {row.reason for row in gateway.report.snapshot().rows if row.con_id in held} == {"confirming a breakout"}
    gateway.confirming.clear()
    gateway.run(20.0)
    assert not held <= set(gateway.open_ids())


def test_a_confirming_visit_is_given_up_after_every_other_one() -> None:
    gateway = turning()
    gateway.run(12.0)
    gateway.confirming.update(gateway.open_ids())
    gateway.run(2.0)
    held = set(gateway.rotation.confirming)
    gateway.bus.demand("scanners", [want(c, "50", 0.8) for c in range(10, 45)])
    gateway.run(12.0)
    assert gateway.report.snapshot().by_class["50"] == 35
    assert held <= set(gateway.open_ids())


def test_while_tws_has_no_connection_nobody_is_visited() -> None:
    gateway = turning()
    gateway.run(10.0)
    gateway.emit(SystemNotice(1100, "lost"))
    gateway.all_mute = True
    mark = len(gateway.log)
    gateway.run(20.0)
    assert gateway.subscribed_since(mark) == []
    gateway.all_mute = False
    gateway.emit(SystemNotice(1102, "restored"))
    gateway.run(10.0)
    assert gateway.subscribed_since(mark)


def test_a_lost_connection_leaves_no_line_that_rotates() -> None:
    gateway = turning()
    gateway.run(5.0)
    assert gateway.rotation.lines == 45
    gateway.disconnect()
    assert gateway.rotation.lines == 0


def test_positions_pins_tops_and_normals_come_before_visits() -> None:
    gateway = turning()
    gateway.run(10.0)
    gateway.set_positions({1, 2, 3})
    gateway.bus.demand("positions", [want(c, "100", exposure=1.0) for c in (1, 2, 3)])
    gateway.bus.demand("scanners", [want(c, "50", 0.8) for c in range(10, 25)] + [want(30, "25", 0.3)])
    gateway.run(15.0)
    by_class = gateway.report.snapshot().by_class
    assert (by_class["100"], by_class["50"], by_class["25"]) == (3, 15, 1)
    assert by_class["coverage"] == 45 - 16
    assert gateway.violations == []


def test_an_unknown_contract_is_not_asked_for_again_and_others_go_on() -> None:
    gateway = turning(range(1_000, 1_060))
    gateway.refuse = {1_005: 200}
    gateway.run(55.0)
    assert visits(gateway)[1_005] == 1
    assert visits(gateway)[1_006] >= 2
    assert gateway.unknown == [], "once may be the nightly reset"
    gateway.run(65.0)
    assert gateway.unknown == [1_005]


def test_a_silent_symbol_does_not_hold_its_line() -> None:
    gateway = turning()
    gateway.mute = {1_005}
    gateway.run(30.0)
    assert visits(gateway)[1_005] == 1
    assert 1_005 not in gateway.open_ids()


def test_after_a_drop_positions_come_first_and_visits_go_on() -> None:
    gateway = turning()
    gateway.set_positions({1})
    gateway.bus.demand("positions", [want(1, "100", exposure=1.0)])
    gateway.run(10.0)
    gateway.disconnect()
    gateway.run(2.0)
    mark = len(gateway.log)
    gateway.connect()
    gateway.run(5.0)
    again = gateway.subscribed_since(mark)
    assert again[0] == 1 and len(again) == 46


def test_every_symbol_has_its_sentence_and_its_last_visit() -> None:
    gateway = turning(range(1_000, 1_100))
    gateway.run(12.0)
    *pauses, section = coverage_slices(gateway.rotation, gateway.report, gateway.clock.mono())
    assert section is not None and all(pause is None for pause in pauses)
    assert len(section.rows) == 100
    assert all(row.why for row in section.rows)
    kinds = {row.why.split(";")[0].split(",")[0].partition(" since")[0] for row in section.rows}
    assert "has a line" in kinds
    assert any(row.why.startswith("no line: between two visits, seen ") for row in section.rows)
    assert section.visits_per_minute > 45
    held = [row for row in section.rows if row.line_class is not None]
    assert {row.line_class for row in held} == {"coverage"} and all(row.lane == "visited" for row in held)


def test_without_coverage_a_thousand_cycles_leave_exactly_the_positions() -> None:
    gateway = FakeGateway(LineSettings(top_max=100, normal_max=10, min_hold_s=0, ttl_s=60))
    gateway.connect()
    gateway.set_positions({1, 2, 3})
    gateway.bus.demand("positions", [want(c, "100", exposure=1.0) for c in (1, 2, 3)])
    for turn in range(1_000):
        gateway.bus.demand("scanners", [want(100 + turn % 60, "50", 0.8)] if turn % 2 == 0 else [])
        gateway.run(0.25)
    gateway.bus.demand("scanners", [])
    gateway.run(75.0)
    assert gateway.open_ids() == [1, 2, 3]
    gateway.assert_ledgers_agree()
    assert gateway.violations == []


def test_visits_are_counted_by_the_markets_day_and_only_those_that_brought_a_tick() -> None:
    gateway = turning(range(1_000, 1_100))
    gateway.mute = {1_003}
    gateway.run(40.0)
    rotation, bus, report = gateway.rotation, gateway.bus, gateway.report
    gateway.all_mute = True
    gateway.run(20.0)
    place, silent = rotation.place(1_004), rotation.place(1_003)
    assert place is not None and silent is not None
    assert place.visits >= 1 and silent.visits == 0 and silent.seen_mono is None
    assert place.seen_mono is not None and gateway.clock.mono() - place.seen_mono >= 20.0, "no tick, not seen"
    rotation.universe([contract(1_003), contract(1_004)], gateway.clock.mono())
    gateway.set_settings(LineSettings(top_max=100, normal_max=10, limit=6, buffer=5))
    bus.demand("pins", [want(7, "pinned")])
    gateway.run(12.0)
    assert "no tick came on the last one" in report.explain(1_003)
    assert f"seen {gateway.clock.mono() - place.seen_mono:.0f} s ago, visited" in report.explain(1_004)
    rotation.demands([], 0, (), gateway.clock.mono(), gateway.clock.wall() + 86_400.0)
    assert place.visits == 0
    assert report.explain(1_004).endswith("not visited yet today")


def test_who_was_seen_before_the_close_is_visited_once_after_it() -> None:
    """The last price of the day is that of the closing auction."""
    gateway = turning(range(1_000, 1_060))
    gateway.run(60.0)
    closed: set[int] = set(range(1_000, 1_060))
    gateway.rotation._is_closed = closed.__contains__
    gateway.rotation._closed_minute = None  # looked at now
    mark, end = len(gateway.log), gateway.clock.mono()
    gateway.run(150.0)
    at_close = [c for c in closed if c not in visits(gateway, mark)]
    assert max(visits(gateway, mark).values()) == 1
    assert all((place := gateway.rotation.place(c)) and (place.seen_mono or 0.0) > end - 2.0 for c in at_close), (
        "on its line"
    )


def test_what_said_nothing_while_closed_is_asked_again_and_at_last_has_its_price() -> None:
    gateway = turning(range(1_000, 1_060))
    gateway.rotation._is_closed = lambda con_id: True
    gateway.all_mute = True  # the feed is away at the start
    gateway.run(120.0)
    assert visits(gateway) == Counter(dict.fromkeys(range(1_000, 1_060), 1))
    gateway.all_mute = False
    mark = len(gateway.log)
    gateway.run(SILENT_AGAIN_S + 60.0)
    seen = visits(gateway, mark)
    assert set(seen) <= set(range(1_000, 1_060)) and set(seen.values()) == {1}
    assert all(place.seen_mono is not None for place in gateway.rotation.places())


def test_a_closed_market_is_visited_once_and_then_rests_until_it_opens() -> None:
    gateway = turning(range(1_000, 1_100))
    closed = set(range(1_000, 1_080))
    gateway.rotation._is_closed = closed.__contains__
    gateway.run(90.0)
    seen = visits(gateway)
    assert set(seen) == set(range(1_000, 1_100)), "each once, for its last price"
    assert {seen[c] for c in closed} == {1}
    assert min(seen[c] for c in range(1_080, 1_100)) >= 1
    assert gateway.rotation.waits(1_000, gateway.clock.mono()) == "its market is closed: no visit until it opens"
    assert gateway.rotation.resting(gateway.clock.mono()) == 80
    mark = len(gateway.log)
    closed.clear()  # it opens
    gateway.run(90.0)
    assert set(range(1_000, 1_080)) <= set(visits(gateway, mark))
    assert gateway.rotation.resting(gateway.clock.mono()) == 0
    assert gateway.violations == []
