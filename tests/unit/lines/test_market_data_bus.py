"""MarketDataBus against a model gateway that counts by itself."""

from __future__ import annotations

import logging

import pytest
from msgspec import structs

from engine.broker.port import RequestError, Rerouted, SystemNotice, Ticks
from engine.config import CoverageSettings, LineSettings
from engine.domain import Demand, TickUpdate
from engine.lines.feed_watch import DEAD_S
from engine.lines.model import is_near
from engine.lines.report import trial_demand
from tests.unit.lines.fake_gateway import FakeGateway
from tests.unit.lines.line_samples import want


def positions(*con_ids: int) -> list[Demand]:
    return [want(c, "100", exposure=float(c), holder="position") for c in con_ids]


def put_positions(gateway: FakeGateway, *con_ids: int) -> None:
    gateway.set_positions(set(con_ids))
    gateway.bus.demand("positions", positions(*con_ids))


@pytest.fixture
def gateway() -> FakeGateway:
    gateway = FakeGateway()
    gateway.connect()
    yield gateway
    assert gateway.violations == []


def full(gateway: FakeGateway, n_positions: int = 5) -> None:
    """Positions 1..n, 20 top candidates from 100, coverage from 200: everything that the limit allows."""
    put_positions(gateway, *range(1, n_positions + 1))
    gateway.bus.demand("scanners", [want(100 + i, "50", 0.7 + i / 1000) for i in range(20)])
    gateway.bus.demand("coverage", [want(200 + i, "coverage", 1.0 - i / 1000) for i in range(60)])
    gateway.run(12.0)


# --- admission --------------------------------------------------------------------------------------------------


def test_demands_put_before_the_connection_are_carried_out_on_connect_positions_first() -> None:
    gateway = FakeGateway()
    gateway.bus.demand("scanners", [want(i, "50", 0.5) for i in range(100, 160)])
    put_positions(gateway, 1, 2, 3)
    gateway.run(1.0)
    assert gateway.log == []
    gateway.connect()
    gateway.run(3.0)
    assert sorted(gateway.subscribed_since(0)[:3]) == [1, 2, 3]
    assert len(gateway.open) == 48
    gateway.assert_ledgers_agree()


def test_a_new_position_gets_its_line_within_two_seconds_without_eviction_while_the_buffer_has_one(
    gateway: FakeGateway,
) -> None:
    full(gateway, n_positions=3)
    assert len(gateway.open) == 48
    mark = len(gateway.log)
    put_positions(gateway, 1, 2, 3, 9)
    gateway.run(2.0)
    assert gateway.subscribed_since(mark) == [9]
    assert gateway.cancelled_since(mark) == []


def test_a_new_position_at_50_of_50_gets_its_line_within_two_seconds_after_exactly_one_eviction(
    gateway: FakeGateway,
) -> None:
    full(gateway)
    assert len(gateway.open) == 50
    mark = len(gateway.log)
    put_positions(gateway, 1, 2, 3, 4, 5, 9)
    gateway.run(2.0)
    assert gateway.subscribed_since(mark) == [9]
    assert gateway.cancelled_since(mark) == [224], "the visit with the lowest score"
    gateway.run(5.0)
    assert gateway.worst == 50
    assert gateway.report.explain(224).startswith("no line: evicted ")
    assert " by S9 (position)" in gateway.report.explain(224)
    assert gateway.bus.diary.evicted == {"coverage": 1}


def test_a_thousand_add_and_remove_cycles_leave_exactly_the_positions(gateway: FakeGateway) -> None:
    put_positions(gateway, 1, 2, 3)
    for cycle in range(1_000):
        gateway.bus.demand("pins", [want(50 + cycle % 70, "pinned", borrowed=True)])
        gateway.run(0.25)
    gateway.bus.demand("pins", [])
    gateway.run(8.0)
    assert gateway.open_ids() == [1, 2, 3]
    gateway.assert_ledgers_agree()
    diary = gateway.bus.diary
    assert diary.opened["100"] == 3 and diary.opened["pinned"] > 500
    assert diary.opened["pinned"] == diary.evicted["pinned"] + diary.released["pinned"]


def test_two_holders_share_one_line_and_it_goes_with_the_last(gateway: FakeGateway) -> None:
    gateway.bus.demand("a", [want(7, "pinned", holder="pin")])
    gateway.bus.demand("b", [want(7, "50", 0.8, holder="breakout")])
    gateway.run(6.0)
    assert gateway.open_ids() == [7]
    assert gateway.report.snapshot().rows[0].holders == ("pin", "breakout")
    gateway.bus.demand("a", [])
    gateway.run(1.0)
    assert gateway.report.snapshot().rows[0].line_class == "50"
    gateway.bus.demand("b", [])
    gateway.run(601.0)
    assert gateway.open_ids() == []


def test_a_request_that_was_not_sent_yet_is_taken_back_without_a_message() -> None:
    gateway = FakeGateway()
    gateway.bus.demand("coverage", [want(200 + i, "coverage") for i in range(45)])
    gateway.connect()
    gateway.bus.demand("coverage", [])
    gateway.bus.step(gateway.clock.mono())
    gateway.run(3.0)
    assert gateway.open_ids() == []
    assert len(gateway.subscribed_since(0)) == 0
    gateway.assert_ledgers_agree()


def test_only_visits_may_be_as_short_as_the_coverage_dwell() -> None:
    gateway = FakeGateway(coverage=CoverageSettings(dwell_s=2))
    gateway.connect()
    put_positions(gateway, 1)
    gateway.bus.demand("coverage", [want(7, "coverage")])
    gateway.run(1.0)
    put_positions(gateway)
    gateway.bus.demand("coverage", [])
    gateway.run(2.0)
    assert gateway.open_ids() == [1], "the visit is over, the closed position's line dwells its 5 s"
    gateway.run(3.0)
    assert gateway.open_ids() == []


def test_the_dwell_counts_from_the_first_tick_because_a_busy_gateway_opens_late(gateway: FakeGateway) -> None:
    gateway.all_mute = True
    gateway.bus.demand("a", [want(7, "coverage")])
    gateway.run(0.5)
    gateway.bus.demand("a", [])
    gateway.run(0.1)
    gateway.all_mute = False
    gateway.run(0.25)
    first_tick = gateway.clock.mono()
    while gateway.open:
        gateway.run(0.05)
    assert 5.0 <= gateway.clock.mono() - first_tick <= 5.5


def test_swaps_stay_below_five_a_minute(gateway: FakeGateway) -> None:
    gateway.bus.demand("scanners", [want(10 + i, "25", 0.10) for i in range(10)])
    gateway.run(121.0)
    gateway.bus.demand(
        "scanners", [want(10 + i, "25", 0.10) for i in range(10)] + [want(50 + i, "25", 0.9) for i in range(10)]
    )
    mark = len(gateway.log)
    gateway.run(55.0)
    assert len(gateway.cancelled_since(mark)) == 5
    gateway.run(30.0)
    assert len(gateway.cancelled_since(mark)) == 10


# --- the gateway's own limit --------------------------------------------------------------------------------------


def test_error_101_teaches_the_limit_and_positions_still_get_their_lines() -> None:
    gateway = FakeGateway(line_limit=20)
    gateway.bus.demand("scanners", [want(100 + i, "50", 0.9) for i in range(60)])
    gateway.connect()
    gateway.run(10.0)
    section = gateway.report.snapshot()
    assert (section.limit, section.effective_limit, len(gateway.open)) == (50, 20, 15)
    assert gateway.errors_101 <= 6, "what was in flight, no storm"
    assert gateway.bus.diary.refused["101"] == gateway.errors_101
    assert section.learned_cap_text.startswith("TWS allowed 20 of 50 lines at ")
    assert "TWS windows use about 30" in section.learned_cap_text
    put_positions(gateway, *range(1, 9))
    gateway.run(3.0)
    assert set(range(1, 9)) <= set(gateway.open_ids())
    gateway.assert_ledgers_agree()
    assert gateway.violations == []


# --- losses -----------------------------------------------------------------------------------------------------


def test_after_1101_every_line_is_asked_for_again_without_a_cancel_positions_first(gateway: FakeGateway) -> None:
    full(gateway)
    mark = len(gateway.log)
    gateway.data_lost()
    gateway.run(5.0)
    assert gateway.cancelled_since(mark) == []
    assert sorted(gateway.subscribed_since(mark)[:5]) == [1, 2, 3, 4, 5]
    assert len(gateway.open) == 50
    gateway.assert_ledgers_agree()


def test_1101_while_requests_are_queued_doubles_nothing() -> None:
    gateway = FakeGateway()
    gateway.bus.demand("scanners", [want(100 + i, "50", 0.9) for i in range(45)])
    gateway.connect()
    gateway.run(0.4)
    gateway.data_lost()
    gateway.run(15.0)
    assert len(gateway.open) == 45
    assert gateway.violations == []
    gateway.assert_ledgers_agree()


def test_a_line_that_was_reported_dropped_but_ticks_on_is_cancelled(gateway: FakeGateway) -> None:
    put_positions(gateway, 1)
    gateway.run(2.0)
    [req_id] = gateway.open
    kept = gateway.open.pop(req_id)
    gateway.data_lost()
    gateway.run(3.0)
    gateway.open[req_id] = kept
    gateway.run(1.0)
    assert ("cancel", 1, req_id) in gateway.log
    assert gateway.open_ids() == [1]
    gateway.violations.clear()  # it was a second, ticking line of a position: that is the point


def test_after_1102_ticking_lines_are_left_alone(gateway: FakeGateway) -> None:
    full(gateway)
    mark = len(gateway.log)
    gateway.data_kept()
    gateway.run(60.0)
    assert gateway.subscribed_since(mark) == []


def test_after_1102_silent_lines_are_repaired_within_30_s(gateway: FakeGateway) -> None:
    full(gateway)
    mark = len(gateway.log)
    gateway.data_kept(really=False)
    gateway.run(30.0)
    assert sorted(gateway.subscribed_since(mark)) == gateway.open_ids()
    assert set(gateway.subscribed_since(mark)[:5]) == {1, 2, 3, 4, 5}
    gateway.run(60.0)
    assert len(gateway.subscribed_since(mark)) == 50, "once each"


def test_a_positions_line_is_asked_for_again_with_the_message_after_its_cancel(gateway: FakeGateway) -> None:
    put_positions(gateway, 1, 2)
    gateway.run(10.0)
    mark = len(gateway.log)
    gateway.data_kept(really=False)
    gateway.run(30.0)
    met = [(kind, con_id) for kind, con_id, _ in gateway.log[mark:]]
    assert met in ([("cancel", a), ("subscribe", a), ("cancel", b), ("subscribe", b)] for a, b in ((1, 2), (2, 1))), met


def test_after_a_farm_flap_only_silent_lines_are_asked_for_again_once_in_30_s(gateway: FakeGateway) -> None:
    put_positions(gateway, 1, 2)
    gateway.run(10.0)
    for line in gateway.open.values():
        line.ticks = line.contract.con_id == 2
    mark = len(gateway.log)
    for _ in range(50):
        gateway.farm(up=False)
        gateway.run(0.5)
        gateway.farm(up=True)
        gateway.run(1.0)
        for line in gateway.open.values():
            line.ticks = line.contract.con_id == 2
    assert gateway.subscribed_since(mark).count(2) == 0
    assert 1 <= gateway.subscribed_since(mark).count(1) <= 3
    gateway.violations.clear()


def test_2104_without_a_2103_changes_nothing(gateway: FakeGateway) -> None:
    put_positions(gateway, 1)
    gateway.run(2.0)
    gateway.all_mute = True
    gateway.farm(up=True)
    gateway.run(120.0)
    assert len(gateway.log) == 1


def test_a_reconnect_takes_everything_up_again_and_old_ticks_are_ignored(gateway: FakeGateway) -> None:
    full(gateway)
    old_req = next(iter(gateway.open))
    gateway.disconnect()
    assert gateway.report.snapshot().used == 0
    gateway.connect()
    gateway.run(4.0)
    assert len(gateway.open) == 50
    late = gateway.bus.late_ticks
    gateway.emit(Ticks((TickUpdate(old_req, gateway.clock.mono(), last=1.0),)))
    assert gateway.bus.late_ticks == late + 1
    gateway.assert_ledgers_agree()
    gateway.run(1.0)
    assert gateway.bus.quote(1).epoch == 2


def held_since(gateway: FakeGateway, con_id: int) -> float:
    return next(row.since_wall for row in gateway.report.snapshot().rows if row.con_id == con_id)


@pytest.mark.parametrize("how", ["reconnect", "1101"])
def test_an_outage_does_not_begin_anew_what_a_symbol_has_held(gateway: FakeGateway, how: str) -> None:
    gateway.positions = {1, 2}
    gateway.bus.demand("a", [want(1, "100"), want(2, "100")])
    gateway.run(5.0)
    since = held_since(gateway, 1)
    gateway.run(300.0)
    if how == "1101":
        gateway.data_lost()
    else:
        gateway.disconnect()
        gateway.run(60.0)
        gateway.connect()
    gateway.run(5.0)
    assert held_since(gateway, 1) == since
    row = next(row for row in gateway.report.snapshot().rows if row.con_id == 1)
    assert row.opened_wall is not None and row.opened_wall > since + 300.0
    gateway.disconnect()
    gateway.run(1_000.0)
    gateway.connect()
    gateway.run(5.0)
    assert held_since(gateway, 1) > since + 1_300.0, "a long outage ends it"


# --- errors on lines --------------------------------------------------------------------------------------------


def test_an_unknown_contract_frees_its_line_and_is_asked_for_after_1_and_then_10_minutes(gateway: FakeGateway) -> None:
    gateway.refuse[7] = 200
    gateway.bus.demand("a", [want(7, "50", 0.9)])
    gateway.run(59.0)
    assert gateway.subscribed_since(0) == [7]
    assert gateway.report.snapshot().used == 0
    assert "Unknown contract (code 200), asked again in " in gateway.report.explain(7)
    gateway.run(3.0)
    assert gateway.subscribed_since(0) == [7, 7]
    gateway.run(590.0)
    assert gateway.subscribed_since(0) == [7, 7]
    gateway.run(15.0)
    assert gateway.subscribed_since(0) == [7, 7, 7]


def test_a_position_that_got_200_at_night_is_asked_for_at_the_next_connect(gateway: FakeGateway) -> None:
    gateway.refuse[1] = 200
    put_positions(gateway, 1)
    gateway.run(5.0)
    assert not gateway.bus.holds(1)
    assert gateway.report.snapshot().refused[0].reason == "Unknown contract (code 200)"
    gateway.refuse.clear()
    gateway.disconnect()
    gateway.connect()
    gateway.run(1.0)
    assert gateway.open_ids() == [1]


@pytest.mark.parametrize("code", [354, 10168, 10186])
def test_missing_entitlements_leave_the_contract_alone_for_ten_minutes(gateway: FakeGateway, code: int) -> None:
    gateway.refuse[7] = code
    gateway.bus.demand("a", [want(7, "50", 0.9)])
    gateway.run(300.0)
    assert gateway.subscribed_since(0) == [7]
    assert f"(code {code})" in gateway.report.snapshot().refused[0].reason
    assert gateway.bus.diary.refused == {str(code): 1}


def test_a_refused_line_that_ticks_all_the_same_is_cancelled(gateway: FakeGateway) -> None:
    gateway.bus.demand("a", [want(7, "50", 0.9)])
    gateway.run(6.0)
    gateway.error(7, 354, dead=False)
    gateway.run(6.0)
    assert gateway.open_ids() == []
    gateway.bus.demand("a", [want(8, "50", 0.9)])
    gateway.run(6.0)
    gateway.error(8, 10186, dead=False)
    gateway.all_mute = True
    gateway.run(6.0)
    assert gateway.open_ids() == []


@pytest.mark.parametrize("code", [10089, 10090, 10091, 10167])
def test_advice_leaves_the_line_open_and_its_words_on_the_row(gateway: FakeGateway, code: int) -> None:
    gateway.bus.demand("a", [want(7, "50", 0.9)])
    gateway.run(1.0)
    gateway.error(7, code, dead=False)
    gateway.run(1.0)
    row = gateway.report.snapshot().rows[0]
    assert f"(code {code})" in row.message
    assert gateway.open_ids() == [7]


def test_a_competing_session_holds_the_lines_says_so_once_and_asks_again_each_minute(
    gateway: FakeGateway, caplog: pytest.LogCaptureFixture
) -> None:
    full(gateway)
    gateway.all_mute = True
    with caplog.at_level(logging.WARNING, "qtrade.lines"):
        for con_id in gateway.open_ids():
            gateway.error(con_id, 10197, dead=False)
        mark = len(gateway.log)
        gateway.run(58.0)
        assert gateway.subscribed_since(mark) == [] and gateway.bus.competing
        assert gateway.report.snapshot().rows[0].state == "error"
        gateway.run(5.0)
        assert len(gateway.subscribed_since(mark)) == 50
    assert sum("Another session" in r.message for r in caplog.records) == 1
    gateway.all_mute = False
    gateway.run(1.0)
    assert gateway.report.snapshot().rows[0].state == "live" and not gateway.bus.competing


def test_300_and_foreign_errors_are_ignored(gateway: FakeGateway) -> None:
    put_positions(gateway, 1)
    gateway.run(1.0)
    [req_id] = gateway.open
    gateway.emit(RequestError(req_id, 300, "Can't find EId with tickerId:1"))
    gateway.emit(RequestError(9_999, 200, "No security definition"))
    gateway.run(1.0)
    assert gateway.report.snapshot().rows[0].state == "live"


def test_without_a_first_tick_the_request_is_repeated_once_and_then_given_up(gateway: FakeGateway) -> None:
    gateway.mute = {7}
    gateway.bus.demand("a", [want(7, "50", 0.9)])
    gateway.run(14.0)
    assert gateway.subscribed_since(0) == [7]
    gateway.run(4.0)
    assert gateway.subscribed_since(0) == [7, 7]
    gateway.run(60.0)
    assert gateway.subscribed_since(0) == [7, 7]
    assert gateway.open_ids() == []
    assert "no data: no tick in 15 s, asked twice" in gateway.report.explain(7)


def test_a_position_without_data_keeps_its_line_and_says_so(gateway: FakeGateway) -> None:
    gateway.mute = {1}
    put_positions(gateway, 1)
    gateway.run(120.0)
    row = gateway.report.snapshot().rows[0]
    assert (row.state, row.message) == ("error", "no data: no tick in 15 s, asked twice")
    assert gateway.subscribed_since(0) == [1, 1]
    gateway.mute = set()
    gateway.run(1.0)
    row = gateway.report.snapshot().rows[0]
    assert (row.state, row.message) == ("live", "")


def test_a_silent_dead_feed_is_asked_for_again_once_positions_first(gateway: FakeGateway) -> None:
    full(gateway)
    gateway.run(30.0)
    gateway.all_mute = True
    mark = len(gateway.log)
    gateway.run(DEAD_S - 2.0)
    assert gateway.subscribed_since(mark) == []
    gateway.run(10.0)
    again = gateway.subscribed_since(mark)
    assert len(again) == 50
    assert set(again[:5]) == {1, 2, 3, 4, 5}


def test_the_close_of_the_day_before_is_no_quote(gateway: FakeGateway) -> None:
    full(gateway)
    gateway.run(30.0)
    gateway.close_alone = True
    gateway.run(DEAD_S + 5.0)
    assert gateway.bus.feed_state.dead_since is not None
    gateway.run(30.0)
    assert gateway.bus.feed_state.dead_since is not None, "asked for again, answered with the close"
    gateway.close_alone = False
    gateway.run(2.0)
    assert gateway.bus.feed_state.dead_since is None


def test_nobody_is_given_up_while_the_whole_feed_is_silent(gateway: FakeGateway) -> None:
    gateway.all_mute = True
    full(gateway)
    gateway.run(600.0)
    assert len(gateway.open) == 50
    gateway.all_mute = False
    gateway.run(2.0)
    assert all(row.state == "live" for row in gateway.report.snapshot().rows)


def test_a_quiet_night_is_no_dead_feed(gateway: FakeGateway) -> None:
    """The market closes: one round of requests, their answers, and then peace."""
    put_positions(gateway, 1, 2, 3)
    gateway.run(30.0)
    mark = len(gateway.log)
    for line in gateway.open.values():
        line.ticks = False
    gateway.run(65.0)
    gateway.run(1.0)
    for line in gateway.open.values():
        line.ticks = False
    gateway.run(3_600.0)
    assert len(gateway.subscribed_since(mark)) == 3


def test_a_position_without_contract_details_waits_for_them_and_says_so(gateway: FakeGateway) -> None:
    bare = want(1, "100", exposure=1.0)
    gateway.set_positions({1})
    gateway.bus.demand("positions", [structs.replace(bare, contract=structs.replace(bare.contract, exchange=""))])
    gateway.run(5.0)
    assert gateway.log == []
    assert "contract details" in gateway.report.explain(1)
    assert [r.con_id for r in gateway.report.snapshot().refused] == [1]
    gateway.bus.demand("positions", [bare])
    gateway.run(1.0)
    assert gateway.open_ids() == [1]
    assert gateway.report.snapshot().refused == ()


def test_while_tws_has_no_connection_silence_is_not_held_against_the_lines(gateway: FakeGateway) -> None:
    put_positions(gateway, 1)
    gateway.run(5.0)
    gateway.all_mute = True
    gateway.bus.demand("a", [want(7, "50", 0.9)])
    gateway.run(0.5)
    gateway.emit(SystemNotice(1100, "Connectivity lost"))
    mark = len(gateway.log)
    gateway.run(300.0)
    assert gateway.subscribed_since(mark) == []


@pytest.mark.parametrize("code", [1100, 2110])
def test_ticks_tell_that_tws_has_its_servers_again_though_it_says_no_word(gateway: FakeGateway, code: int) -> None:
    put_positions(gateway, 1, 2)
    gateway.run(5.0)
    gateway.emit(SystemNotice(code, "Connectivity lost"))
    gateway.run(2.0)
    assert gateway.bus.upstream_down, "what was under way when it was lost still comes"
    gateway.all_mute = True
    gateway.run(20.0)
    assert gateway.bus.upstream_down
    gateway.all_mute = False
    gateway.run(2.0)
    assert not gateway.bus.upstream_down


def test_the_answer_to_a_request_does_not_tell_that_tws_has_its_servers_again(gateway: FakeGateway) -> None:
    """TWS may give it out of a cache: the flow alone tells."""
    put_positions(gateway, 1, 2)
    gateway.run(5.0)
    gateway.emit(SystemNotice(1100, "Connectivity lost"))
    gateway.mute |= {1, 2}
    gateway.run(10.0)
    gateway.bus.demand("a", [want(7, "50", 0.9)])
    while (line := gateway.bus.ledger.get(7)) is None or line.first_tick_mono is None:
        gateway.run(0.25)
    gateway.mute.add(7)
    gateway.run(20.0)
    assert gateway.bus.upstream_down
    gateway.mute.clear()
    gateway.run(2.0)
    assert not gateway.bus.upstream_down


def test_a_new_connection_does_not_tell_that_tws_has_its_servers_again(gateway: FakeGateway) -> None:
    """Nor do the prices that it answers a request with: what flows does."""
    put_positions(gateway, 1, 2)
    gateway.run(5.0)
    gateway.emit(SystemNotice(1100, "Connectivity lost"))
    gateway.disconnect()
    gateway.run(5.0)
    gateway.connect()
    while (line := gateway.bus.ledger.get(1)) is None or line.first_tick_mono is None:
        gateway.run(0.25)
    for line in gateway.open.values():
        line.ticks = False
    gateway.emit(SystemNotice(2104, "OK", "usfarm"))
    gateway.run(120.0)
    assert gateway.bus.upstream_down and [notice.code for notice in gateway.bus.doubts()] == [1100]
    for line in gateway.open.values():
        line.ticks = True
    gateway.run(2.0)
    assert not gateway.bus.upstream_down and not gateway.bus.doubts()


@pytest.mark.parametrize("greeted", [True, False])
def test_where_all_markets_are_closed_a_farm_that_is_up_tells_it(gateway: FakeGateway, greeted: bool) -> None:
    put_positions(gateway, 1)
    gateway.run(2.0)
    gateway.emit(SystemNotice(1100, "Connectivity lost"))
    gateway.disconnect()
    gateway.bus.feed.is_closed = lambda con_id: True
    gateway.all_mute = True
    gateway.connect()
    if greeted:
        gateway.emit(SystemNotice(2104, "OK", "usfarm"))
    gateway.run(30.0)
    assert gateway.bus.upstream_down is not greeted


def test_1102_on_a_new_connection_tells_it_at_once(gateway: FakeGateway) -> None:
    put_positions(gateway, 1)
    gateway.emit(SystemNotice(1100, "Connectivity lost"))
    gateway.disconnect()
    gateway.connect()
    assert gateway.bus.upstream_down
    gateway.emit(SystemNotice(1102, "restored - data maintained"))
    assert not gateway.bus.upstream_down


# --- words ------------------------------------------------------------------------------------------------------


def test_the_log_speaks_the_users_words(gateway: FakeGateway, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "qtrade.lines"):
        put_positions(gateway, *range(1, 6))
        gateway.bus.demand("scanners", [want(100 + i, "50", 0.9 - i / 1000) for i in range(46)])
        gateway.run(4.0)
    messages = [r.message for r in caplog.records]
    assert "Subscribed LIVE S1 (priority=100)" in messages
    assert "SUBSCRIPTION NEAR LIMIT: 50/50" in messages
    assert "Cannot subscribe to S145: at limit (50/50)" in messages
    assert sum("Cannot subscribe" in m for m in messages) == 1


def test_the_refusal_names_the_lines_kept_for_positions(gateway: FakeGateway, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "qtrade.lines"):
        put_positions(gateway, 1, 2, 3)
        gateway.bus.demand("scanners", [want(100 + i, "50", 0.9 - i / 1000) for i in range(46)])
        gateway.run(4.0)
    assert "Cannot subscribe to S145: at limit (48/50, 2 kept for positions)" in [r.message for r in caplog.records]
    refused = gateway.report.snapshot().refused
    assert [(r.local_symbol, r.count) for r in refused] == [("S145", 1)]


def test_the_snapshot_counts_as_the_specification_does(gateway: FakeGateway) -> None:
    full(gateway, n_positions=3)
    section = gateway.report.snapshot()
    assert (section.used, section.limit, section.scanner_capacity, section.scanner_free) == (48, 50, 45, 0)
    assert section.by_class == {"100": 3, "pinned": 0, "50": 20, "25": 0, "coverage": 25}
    assert section.near
    assert not gateway.report.use().full, "the spare lines rotate, and give way to a request"
    assert [row.next_out for row in section.rows[:3]] == [None, None, None]
    assert sorted(row.next_out for row in section.rows[3:]) == list(range(1, 46))
    assert section.used_history[-1][1] == 48


def test_near_does_not_flicker_at_its_limit() -> None:
    seen, near = [], False
    for used in (44, 45, 44, 43, 45, 42, 41, 44, 45):
        near = is_near(used, 50, near)
        seen.append(near)
    assert seen == [False, True, True, True, True, True, False, False, True]
    assert not is_near(0, 0, True)


def test_explain_answers_for_every_symbol(gateway: FakeGateway) -> None:
    full(gateway)
    assert gateway.report.explain(1).startswith("has a line since ")
    assert gateway.report.explain(1).endswith("never evicted")
    assert gateway.report.explain(100).endswith("of 20")  # held lines only, as the ledger counts
    visited = next(row for row in gateway.report.snapshot().rows if row.line_class == "coverage")
    assert "next out" not in gateway.report.explain(visited.con_id)
    assert gateway.report.explain(999) == "no line: not in any scan"
    assert gateway.report.explain(259) == "no line: waits for its visit"


def test_what_if_names_the_victim(gateway: FakeGateway) -> None:
    gateway.bus.demand("scanners", [want(10 + i, "25", 0.44 + i / 100) for i in range(10)])
    gateway.run(100.0)
    gateway.bus.demand("scanners", [want(10 + i, "25", 0.44 + i / 100) for i in range(1, 10)])
    gateway.run(540.0)
    kept = next(row for row in gateway.report.snapshot().rows if row.con_id == 10)
    assert kept.kept_until_wall == pytest.approx(gateway.clock.wall() + 60.0, abs=1.0), "the rest of its ten minutes"
    assert all(row.kept_until_wall is None for row in gateway.report.snapshot().rows if row.con_id != 10)
    said = gateway.report.what_if(want(99, "25", 0.62))
    assert (said.headline, said.victim) == ("adding S99 would evict S10 (25, idle 9 min)", 10)
    assert said.detail == (
        "0.62 beats 0.44 by 41 %, needs 15 %. Ordinary candidates hold 10 of 10 lines. 1 cancel, 1 subscribe."
    )
    said = gateway.report.what_if(want(99, "25", 0.41))
    assert said.headline.startswith("Cannot subscribe to S99: 0.41 does not beat S10 0.44")
    assert said.detail.endswith("Nothing is sent.")
    said = gateway.report.what_if(want(99, "50", 0.8))
    assert said.headline == "adding S99 would take a free line, nobody is evicted"
    assert said.detail == "Running signals hold 0 of 100 lines. 0 cancels, 1 subscribe."
    said = gateway.report.what_if(want(11, "pinned"))
    assert said.headline == "S11 has a line already (ordinary candidate, 25)"
    assert said.detail == "It would be raised to pinned: a change in the ledger, nothing is sent."
    assert "changes nothing" in gateway.report.what_if(want(11, "25", 0.9)).detail
    assert not gateway.bus.holds(99)


def test_what_if_counts_what_coverage_gives(gateway: FakeGateway) -> None:
    full(gateway)
    visits = gateway.report.snapshot().by_class["coverage"]
    said = gateway.report.what_if(want(999, "50", 0.9))
    assert said.headline == "adding S999 would evict S224 (coverage)"
    assert f"Coverage gives 1 of its {visits}. 1 cancel, 1 subscribe." in said.detail
    assert gateway.log[-1][1] != 999 and not gateway.bus.holds(999)


def test_what_if_knows_what_the_gateway_refuses(gateway: FakeGateway) -> None:
    gateway.refuse[10] = 200
    gateway.bus.demand("scanners", [want(10, "25", 0.5)])
    gateway.run(5.0)
    said = gateway.report.what_if(want(10, "50", 0.9))
    assert said.headline == "Cannot subscribe to S10: Unknown contract (code 200)"
    assert said.detail == "Nothing is sent."
    nowhere = structs.replace(want(11, "25"), contract=structs.replace(want(11, "25").contract, exchange=""))
    assert "exchange is unknown" in gateway.report.what_if(nowhere).headline


def test_what_if_tries_a_50_with_the_least_score_that_makes_one() -> None:
    someone = want(9, "25").contract
    assert trial_demand(someone, "50", None, 0.7).score == 0.7
    assert trial_demand(someone, "50", 0.91, 0.7).score == 0.91
    assert [trial_demand(someone, "25", score, 0.7).score for score in (None, 0.4)] == [0.0, 0.4]


# --- the day's spans ----------------------------------------------------------------------------------------------


def test_a_line_that_ended_leaves_one_span_with_its_strongest_class_and_who_took_it(gateway: FakeGateway) -> None:
    gateway.set_settings(LineSettings(top_max=100, normal_max=10, ttl_s=60))
    full(gateway)
    gateway.bus.demand("scanners", [want(100, "50", 0.9), *(want(100 + i, "25", 0.6) for i in range(1, 20))])
    gateway.run(20.0)
    assert gateway.spans == [], "nothing that was held has ended; visits leave no span"
    gateway.bus.demand("scanners", [])
    gateway.bus.demand("watch", [want(500, "pinned")])
    gateway.run(140.0)
    spans = {span.con_id: span for span in gateway.spans}
    assert set(range(100, 120)) <= set(spans) and not [c for c in spans if 200 <= c < 300]
    assert spans[100].line_class == spans[101].line_class == "50"
    assert all(0.0 < span.from_market < span.to_market for span in spans.values())
    assert all(span.end for span in spans.values())
    gateway.bus.demand("watch", [])
    gateway.run(10.0)
    assert [span.line_class for span in gateway.spans if span.con_id == 500] == ["pinned"]


def test_an_evicted_lines_span_names_the_winner(gateway: FakeGateway) -> None:
    gateway.bus.demand("scanners", [want(10 + i, "25", 0.44 + i / 100) for i in range(10)])
    gateway.run(200.0)
    gateway.bus.demand("scanners", [want(99, "25", 0.9), *(want(10 + i, "25", 0.44 + i / 100) for i in range(10))])
    gateway.run(5.0)
    (span,) = gateway.spans
    assert (span.con_id, span.by, span.line_class) == (10, "S99", "25")
    assert span.end.startswith("evicted by S99")
    assert span.to_market - span.from_market == pytest.approx(200.0, abs=5.0)


@pytest.mark.parametrize("code", [200, 354])
def test_a_position_that_tws_refuses_is_asked_for_again_within_30_s_each_time(gateway: FakeGateway, code: int) -> None:
    gateway.refuse = {1: code, 7: code}
    put_positions(gateway, 1)
    gateway.bus.demand("scanners", [want(7, "50", 0.9)])
    gateway.run(95.0)
    asked = gateway.subscribed_since(0)
    assert asked.count(1) == 4 and asked.count(7) <= 2, "no candidate is asked for so often"
    gateway.refuse = {}
    gateway.run(30.0)
    assert 1 in gateway.open_ids()


def test_a_refused_request_leaves_no_span_but_a_silent_position_does(gateway: FakeGateway) -> None:
    gateway.refuse[7] = 200
    gateway.mute.add(1)
    put_positions(gateway, 1)
    gateway.bus.demand("scanners", [want(7, "50", 0.9)])
    gateway.run(90.0)
    assert gateway.spans == []
    put_positions(gateway)
    gateway.run(10.0)
    assert [span.con_id for span in gateway.spans] == [1]


def test_a_lost_connection_ends_every_span(gateway: FakeGateway) -> None:
    full(gateway)
    gateway.disconnect()
    assert {span.end for span in gateway.spans} == {"lost with the connection"}
    assert len(gateway.spans) == 25


def test_a_lower_limit_gives_lines_back_but_keeps_every_position(gateway: FakeGateway) -> None:
    full(gateway)
    gateway.set_settings(LineSettings(top_max=100, normal_max=10, limit=20, buffer=5))
    gateway.run(6.0)
    assert len(gateway.open) == 20
    assert set(range(1, 6)) <= set(gateway.open_ids())


def test_requests_refused_long_ago_are_not_remembered_for_ever(gateway: FakeGateway) -> None:
    gateway.refuse = {7: 354}
    gateway.bus.demand("pins", [want(7, "pinned")])
    for _ in range(10):
        gateway.run(2.0)
        gateway.clock.advance(660.0)
        gateway.bus.step(gateway.clock.mono())
    gateway.run(1.0)
    assert 1 <= len(gateway.bus.refusals._abandoned) <= 6, "one an attempt, of the last hour"


def test_the_dwell_shown_counts_from_the_first_tick_and_only_candidates_have_a_score(gateway: FakeGateway) -> None:
    put_positions(gateway, 1)
    gateway.bus.demand("scanners", [want(100, "50", 0.8)])
    gateway.bus.demand("coverage", [want(200, "coverage", 1.0)])
    gateway.bus.step(gateway.clock.mono())
    rows = {row.con_id: row for row in gateway.report.snapshot().rows}
    assert [rows[c].dwell_s for c in (1, 100, 200)] == [None, 5.0, 5.0]
    assert [rows[c].dwell_from_wall for c in (1, 100, 200)] == [None, None, None], "nothing has left yet"
    gateway.run(1.0)
    rows = {row.con_id: row for row in gateway.report.snapshot().rows}
    ticked = rows[200].dwell_from_wall
    assert ticked is not None and rows[200].since_wall < ticked <= gateway.clock.wall()
    assert [rows[c].score for c in (1, 100, 200)] == [None, 0.8, None]


def test_a_span_says_why_it_had_its_strongest_class(gateway: FakeGateway) -> None:
    gateway.bus.demand("scanners", [want(100, "50", 0.9)])
    gateway.run(130.0)
    gateway.bus.demand("scanners", [want(100, "25", 0.4)])
    gateway.run(130.0)
    gateway.bus.demand("scanners", [])
    gateway.run(700.0)
    (span,) = gateway.spans
    assert (span.line_class, span.why) == ("50", "50 0.9")


def test_without_a_connection_every_answer_says_so(gateway: FakeGateway) -> None:
    put_positions(gateway, 1)
    gateway.bus.demand("scanners", [want(100, "25", 0.4)])
    gateway.rotation.universe([want(200, "coverage").contract], gateway.clock.mono())
    gateway.run(8.0)
    gateway.emit(SystemNotice(1100, "lost"))
    assert "TWS has no connection to IB's servers" in gateway.report.explain(200)
    gateway.disconnect()
    gone = "no line: there is no connection to TWS; "
    assert gateway.report.explain(1) == gone + "it is asked for again when that is back, as position"
    assert gateway.report.explain(100) == gone + "it is asked for again when that is back, as ordinary candidate, 25"
    assert gateway.report.explain(200) == gone + "visits go on when that is back"
    assert gateway.report.explain(300) == gone + "not in any scan"
    gateway.connect()
    gateway.run(1.0)
    assert gateway.report.explain(1).startswith("has a line since")


def test_a_visited_line_that_is_raised_is_refused_no_longer(gateway: FakeGateway) -> None:
    gateway.set_settings(LineSettings(top_max=100, normal_max=1))
    gateway.rotation.universe([want(7, "coverage").contract], gateway.clock.mono())
    gateway.bus.demand("scanners", [want(8, "25", 0.4), want(7, "25", 0.39)])
    gateway.run(8.0)
    assert [refusal.con_id for refusal in gateway.report.snapshot().refused] == [7]
    gateway.bus.demand("scanners", [want(8, "25", 0.4), want(7, "50", 0.9)])
    gateway.run(1.0)
    assert gateway.report.snapshot().refused == ()
    assert gateway.subscribed_since(0).count(7) == 1, "the same line"


# --- prices from elsewhere ----------------------------------------------------------------------------------------


def test_a_line_that_is_sent_elsewhere_is_one_line_and_says_so(gateway: FakeGateway) -> None:
    wish = want(1, "100", exposure=1.0, holder="position")
    cfd = structs.replace(wish.contract, symbol="IBM", sec_type="CFD")
    gateway.set_positions({1})
    gateway.bus.demand("positions", [structs.replace(wish, contract=cfd)])
    gateway.run(1.0)
    line = gateway.bus.ledger.get(1)
    gateway.bus.on_rerouted(Rerouted(line.req_id, 8314, "SMART"))
    gateway.run(3.0)
    section = gateway.report.snapshot()
    assert (section.used, section.rows[0].message) == (1, f"{wish.reason}; IB routes this CFD to IBM at SMART")
    assert "IB routes this CFD to IBM at SMART" in gateway.report.explain(1)
    gateway.bus.on_rerouted(Rerouted(999_999, 8314, "SMART"))  # no line of ours
