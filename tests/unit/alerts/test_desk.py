"""The desk of alerts: told once, over a restart, with a channel that is away, in quiet hours, for a thousand flaps."""

from __future__ import annotations

import asyncio
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.alerts.channels import FILE_NAME, ChannelBook
from engine.alerts.facts import Facts, Price
from engine.alerts.kinds import KINDS, RuleRefused
from engine.alerts.outbox import Message, Outcome
from engine.alerts.worker import Job
from engine.state.alert_sections import RuleRow
from tests.unit.alerts.alert_desk import OUT, Rig, facts, row
from tests.unit.alerts.test_kinds import CASES, signal

LOSS, FINE = facts(-600.0), facts(0.0)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    made.channel()
    yield made
    made.close()


def test_it_is_told_once_and_again_only_after_it_was_over(rig: Rig) -> None:
    rig.rule("day_pnl", cool_down_min=5.0)
    rig.run(2, FINE)
    rig.run(60, LOSS)
    assert rig.titles == ["Day P&L below −500 USD"]
    (occurrence,) = rig.open()
    assert occurrence.text == "Day P&L is −600.00 USD, all accounts."
    assert rig.journal.deliveries[occurrence.id, "phone", "raised"].state == "accepted"
    rig.run(40, FINE)
    assert rig.open() == []
    rig.run(200, LOSS)
    assert len(rig.titles) == 1, "within the cool-down"
    rig.run(200, LOSS)
    assert len(rig.titles) == 2


@pytest.mark.parametrize("case", [c for c in CASES if c[0] in KINDS], ids=lambda case: case[0])
def test_each_kind_is_told_once_over_a_restart(rig: Rig, case: tuple[str, dict[str, object], Facts, Facts]) -> None:
    kind, values, so, not_so = case
    rig.rule(kind, "phone", severity="warning", **values)
    rig.run(2, not_so)
    rig.run(330, so)
    assert len(rig.titles) == 1 and len(rig.open()) == 1, rig.titles
    rig.restart()
    rig.run(330, so)
    assert len(rig.titles) == 1 and len(rig.open()) == 1, "what was raised stays so, and is not told again"
    rig.run(70, not_so)
    assert rig.open() == []
    rig.restart()
    rig.run(30, not_so)
    assert len(rig.titles) == 1


@pytest.mark.parametrize("wrong", [{"amount": "much"}, {"amount": None}, {"side": 3}, {"account": ["a"]}], ids=str)
def test_a_stored_rule_that_makes_no_sense_keeps_no_other_from_its_look(rig: Rig, wrong: dict[str, object]) -> None:
    rule = rig.rule("day_pnl")
    rig.journal.rules[1] = replace(rule, id=1, values=rule.values | wrong)
    rig.restart()
    rig.run(2, FINE)
    rig.run(20, LOSS)
    assert len(rig.titles) == 1 and len(rig.desk.section().rules) == 1


def test_what_came_while_qtrade_was_down_is_listed_and_not_told(rig: Rig) -> None:
    rig.rule("day_pnl")
    rig.run(2, FINE)
    rig.restart(3_600.0)
    rig.run(30, Facts())
    assert rig.open() == []
    rig.run(30, LOSS)
    (found,) = rig.open()
    assert found.found == "start" and rig.titles == []
    rig.run(60, FINE)
    rig.run(1_000, FINE)
    rig.run(30, LOSS)
    assert len(rig.titles) == 1, "the next is told"


def test_what_is_so_when_a_rule_is_made_is_listed(rig: Rig) -> None:
    rig.facts = LOSS
    rig.rule("day_pnl")
    rig.run(30, LOSS)
    assert [each.found for each in rig.open()] == ["made"] and rig.titles == []


def test_a_price_is_told_when_it_comes_from_the_other_side(rig: Rig) -> None:
    rig.rule("price", symbol=7, side="up", level=100.0, often="each", cool_down_min=0.0)

    def at(price: float) -> Facts:
        return facts(prices={7: Price(price, price, price, None, 0.5)}, symbols={7: "NQZ5"})

    rig.run(3, at(101.0))
    assert rig.open() == [], "made when it was beyond"
    rig.run(3, at(99.0))
    rig.run(20, at(100.0))
    assert rig.titles == ["NQZ5 at 100.00"]
    rig.restart()
    rig.run(20, at(100.2))
    assert len(rig.titles) == 1
    rig.run(3, at(99.4))
    assert rig.open() == []
    rig.restart(600.0)
    rig.run(20, at(101.0))
    assert rig.titles[1:] == ["NQZ5 crossed 100.00 while QTrade was not running"]
    rig.restart()
    rig.run(100, at(101.2))
    assert len(rig.titles) == 2, "an old condition"


def at_price(price: float, minute: float | None = None) -> Facts:
    return facts(prices={7: Price(price, price, price, minute, 0.5)}, symbols={7: "NQZ5"})


@pytest.mark.parametrize(
    ("side", "often", "before", "after", "is_told"),
    [
        ("up", "once", 99.0, 101.0, True),
        ("reaches", "each", 101.0, 99.0, True),
        ("down", "close", 101.0, 99.0, True),
        ("down", "once", 99.0, 101.0, False),
        ("up", "once", 99.0, 99.5, False),
    ],
)
def test_a_level_that_was_crossed_while_qtrade_was_down_is_told_and_as_such(
    rig: Rig, side: str, often: str, before: float, after: float, is_told: bool
) -> None:
    rig.rule("price", symbol=7, side=side, level=100.0, often=often)
    rig.run(3, at_price(before, before))
    rig.restart(3_600.0)
    rig.run(30, Facts())
    rig.run(5, at_price(after))
    rig.step(at_price(after, after))
    rig.run(20, at_price(after))
    said = ["NQZ5 crossed 100.00 while QTrade was not running"] if is_told else []
    assert rig.titles == said
    (line,) = rig.desk.section().rules
    assert line.rule.enabled == (often != "once" or not is_told), "once is once told"
    if is_told:
        (occurrence,) = rig.desk.section().occurrences
        assert occurrence.found == "" and occurrence.text == (
            f"At QTrade's first look after its start NQZ5 was on the other side of 100.00; it trades at {after:.2f}."
        )
    rig.restart()
    rig.run(100, at_price(after))
    assert rig.titles == said, "told once"


@pytest.mark.parametrize("calls", range(4))
def test_a_level_told_once_is_told_wherever_the_program_dies(rig: Rig, calls: int) -> None:
    rig.rule("price", symbol=7, side="up", level=100.0, often="once")
    rig.run(3, at_price(99.0))
    rig.journal.fails_after = rig.journal.writes + calls
    rig.run(2, at_price(101.0))
    assert rig.titles == [], "the first message waits"
    rig.journal.fails_after = float("inf")
    rig.restart()
    rig.run(60, at_price(101.0))
    assert len(rig.titles) == 1 and not rig.desk.section().rules[0].rule.enabled and rig.open() == []


def test_a_level_told_once_stays_until_its_snooze_lets_it_be_told(rig: Rig) -> None:
    rig.rule("position_pnl")
    rig.rule("price", symbol=7, side="up", level=100.0, often="once")
    losing = replace(at_price(99.0), rows=(row(7, unrealized_pnl=-900.0),))
    rig.run(2, replace(losing, rows=(row(7),)))
    rig.run(20, losing)
    rig.desk.snooze(rig.open()[0].id, "1h", symbol=True)
    rig.run(20, replace(losing, prices=at_price(101.0).prices))
    assert len(rig.titles) == 1 and rig.desk.section().rules[1].rule.enabled
    rig.run(3_600, replace(losing, prices=at_price(101.0).prices))
    assert sorted(rig.titles)[:1] == ["2 alerts: SYM7 unrealised P&L below −500 USD"]
    assert not rig.desk.section().rules[1].rule.enabled


def test_a_level_that_is_told_once_is_done_then(rig: Rig) -> None:
    rig.rule("price", symbol=7, side="reaches", level=100.0, often="once")
    for price in (99.0, 100.0, 99.0, 101.0, 99.0):
        rig.run(20, facts(prices={7: Price(price, price, price)}))
    assert len(rig.titles) == 1
    (line,) = rig.desk.section().rules
    assert not line.rule.enabled and rig.desk.watched == frozenset()
    rig.desk.switch_rule(line.rule.id, on=True)
    assert rig.desk.watched == {7}


def test_a_channel_that_was_away_for_ten_minutes_delivers_after_it(rig: Rig) -> None:
    rig.channel("mail")
    rig.rule("day_pnl", "phone")
    rig.run(2, FINE)
    rig.sender.answers["fake://phone"] = OUT
    rig.run(300, LOSS)
    assert rig.titles[1:] == [] and "phone" in rig.post.dead()
    assert rig.titles == ["Urgent: Channel phone takes nothing any more"], "through the one that works"
    assert rig.sender.sent[0][0] == "fake://mail"
    (line,) = [each for each in rig.desk.section().channels if each.name == "phone"]
    assert line.dead.startswith("3 tries") and line.waiting == 1
    rig.restart(300.0)
    del rig.sender.answers["fake://phone"]
    rig.run(1_000, LOSS)
    assert [title for url, message in rig.sender.sent if url == "fake://phone" for title in [message.title]] == [
        "Day P&L below −500 USD"
    ]
    assert rig.post.dead() == {}


def test_a_test_that_is_taken_brings_what_waits_along(rig: Rig) -> None:
    rig.rule("day_pnl")
    rig.run(2, FINE)
    rig.sender.answers["fake://phone"] = OUT
    rig.run(450, LOSS)
    rig.sender.answers.clear()
    rig.run(60, LOSS)
    assert rig.titles == [], "the next try is a quarter of an hour away"
    rig.do(rig.post.test("phone"))
    rig.settle()
    rig.run(3, LOSS)
    assert rig.titles == ["Test of QTrade's alerts", "Day P&L below −500 USD"]


def test_a_service_that_hangs_holds_up_nobody(rig: Rig) -> None:
    rig.rule("day_pnl")
    rig.run(2, FINE)
    rig.sender.answers["fake://phone"] = Outcome("uncertain", "No answer in time")
    rig.run(20, LOSS)
    rig.sender.answers.clear()
    rig.run(60, LOSS)
    assert rig.titles == ["Day P&L below −500 USD", "(repeat) Day P&L below −500 USD"]


def test_what_was_being_sent_when_the_program_died_is_repeated_as_such(rig: Rig) -> None:
    rig.rule("day_pnl")
    rig.run(2, FINE)
    rig.run(10, LOSS)
    key, delivery = next(iter(rig.journal.deliveries.items()))
    rig.journal.deliveries[key] = replace(delivery, state="sending", tries=1)
    rig.restart()
    rig.run(60, LOSS)
    assert rig.titles[-1] == "(repeat) Day P&L below −500 USD"


def test_quiet_hours_hold_and_end_with_one_message(rig: Rig) -> None:
    ends = rig.clock.wall() + 600.0
    rig.quiet = lambda wall: ends if wall < ends else None
    rig.rule("day_pnl")
    rig.rule("position_pnl")
    rig.rule("disk")
    rig.rule("link", minutes=1)
    worse = facts(-600.0, rows=(row(1, unrealized_pnl=-900.0), row(2, unrealized_pnl=-900.0)), disk_free_gb=1.0)
    rig.run(2, facts(disk_free_gb=9.0))
    rig.run(60, worse)
    rig.run(300, replace(worse, disk_free_gb=9.0, is_connected=True))
    assert rig.titles == []
    rig.run(70, replace(worse, is_connected=False, disk_free_gb=9.0))
    assert rig.titles == ["Urgent: TWS can't be reached"], "urgent passes"
    rig.run(300, replace(worse, disk_free_gb=9.0))
    assert len(rig.titles) == 2 and rig.titles[1].startswith("3 alerts: "), "the disk is well again"


def test_quiet_hours_that_begin_between_two_tries_hold_the_next_one(rig: Rig) -> None:
    begins, ends = rig.clock.wall() + 40.0, rig.clock.wall() + 1_800.0
    rig.quiet = lambda wall: ends if begins <= wall < ends else None
    rig.rule("day_pnl")
    rig.rule("position_pnl")
    rig.rule("disk", severity="urgent")
    rig.run(2, facts(disk_free_gb=9.0))
    rig.sender.answers["fake://phone"] = OUT
    worse = facts(-600.0, rows=(row(1, unrealized_pnl=-900.0),), disk_free_gb=9.0)
    rig.run(30, worse)
    assert {each.tries for each in rig.deliveries()} == {1}
    rig.sender.answers.clear()
    rig.run(600, replace(worse, disk_free_gb=1.0))
    assert rig.titles == ["Urgent: Less than 2 GB free"], "and what a channel takes then hurries no other"
    rig.restart()
    rig.run(1_300, replace(worse, rows=(), disk_free_gb=1.0))
    assert rig.titles[1:] == ["Day P&L below −500 USD"], "the position is well again"
    assert {each.state for each in rig.deliveries()} == {"accepted", "expired"}


def test_a_rule_names_its_list_by_what_stays_when_it_is_called_otherwise(rig: Rig) -> None:
    rig.lists = ((8, "Tech"), (9, "Biotech"))
    rig.rule("signal", list=9)
    quiet, runs = facts(lists={9: frozenset({5})}), facts(lists={9: frozenset({5})}, signals=(signal(),))

    def line() -> RuleRow:
        rig.step()
        return rig.desk.section().rules[0]

    rig.run(3, quiet)
    assert line().sentence == "a long or short signal in Biotech scores 0.75 or more"
    rig.lists = ((8, "Biotech"), (9, "Drugs"))
    assert line().sentence == "a long or short signal in Drugs scores 0.75 or more" and not line().problem
    rig.run(20, runs)
    assert len(rig.titles) == 1, "the same list, whatever it is called"
    rig.lists = ((8, "Biotech"), (10, "Drugs"))
    rig.restart()
    assert line().sentence == "a long or short signal in Drugs scores 0.75 or more"
    assert line().problem == "The list Drugs was deleted; choose another."
    with pytest.raises(RuleRefused, match="List: choose one of those offered"):
        rig.rule("signal", list=9)


def test_a_rule_of_an_older_program_names_its_list_by_its_name(rig: Rig) -> None:
    rig.lists = ((9, "Biotech"),)
    rule = rig.rule("signal", list=9)
    old = replace(rule, values=rule.values | {"list": "Biotech"}, memory={})
    rig.journal.rules = {1: replace(old, id=1), 2: replace(old, id=2, values=old.values | {"list": "Gone"})}
    rig.restart()
    rig.step(facts())
    assert rig.journal.rules[1].values["list"] == 9 and rig.journal.rules[1].version == old.version
    rig.lists = ((9, "Drugs"),)
    rig.step()
    first, second = rig.desk.section().rules
    assert first.sentence == "a long or short signal in Drugs scores 0.75 or more" and not first.problem
    assert second.problem == "The list Gone was deleted; choose another."


def test_what_a_person_does_with_an_alert(rig: Rig) -> None:
    rig.rule("day_pnl", cool_down_min=0.0)
    rig.run(2, FINE)
    rig.run(30, LOSS)
    (occurrence,) = rig.open()
    assert rig.desk.snooze(occurrence.id, "15m") and rig.desk.see((1,)), "the page waits for words"
    rig.run(60, FINE)
    rig.run(60, LOSS)
    assert len(rig.titles) == 1, "the snooze goes on over its end"
    rig.run(900, LOSS)
    assert len(rig.titles) == 2, "and then it is told that it still stands"
    rig.desk.see(())
    assert all(each.seen_wall for each in rig.desk.section().occurrences)
    rig.desk.snooze(rig.open()[0].id, "cleared")
    rig.restart()
    rig.run(60, LOSS)
    assert rig.open()[0].snoozed_until is not None and len(rig.titles) == 2
    for odd in ("2h", "x"):
        with pytest.raises(RuleRefused):
            rig.desk.snooze(rig.open()[0].id, odd)
    with pytest.raises(RuleRefused):
        rig.desk.snooze(1, "1h")


def test_open_pages_are_called_again_when_it_comes_again_and_when_it_becomes_urgent(rig: Rig) -> None:
    rig.rule("day_pnl", "browser", urgent_after_min=5.0)
    rig.run(2, FINE)
    rig.run(20, LOSS)
    (first,) = rig.open()
    assert first.call_id > first.id and first.call_wall == first.raised_wall
    rig.desk.snooze(first.id, "15m")
    rig.run(901, LOSS)
    (again,) = rig.open()
    assert again.call_id > first.call_id and again.call_wall == again.changed_wall and again.seen_wall is None
    rig.run(298, LOSS)
    assert not rig.open()[0].is_escalated, "who snoozed it had seen it"
    rig.run(4, LOSS)
    (urgent,) = rig.open()
    assert urgent.is_escalated and urgent.call_id > again.call_id
    rig.restart()
    rig.run(60, LOSS)
    assert rig.open()[0].call_id == urgent.call_id, "an old one does not call"


def test_what_quiet_hours_hushed_calls_at_their_end_if_it_still_stands(rig: Rig) -> None:
    ends = rig.clock.wall() + 1_200.0
    rig.quiet = lambda wall: ends if wall < ends else None
    rig.rule("day_pnl", "browser")
    rig.rule("disk", "browser", urgent_after_min=5.0)
    rig.rule("position_pnl", "browser")
    rig.run(2, facts(disk_free_gb=9.0))
    full = facts(-600.0, disk_free_gb=1.0, rows=(row(1, unrealized_pnl=-900.0),))
    rig.run(60, full)
    assert [each.call_id for each in rig.open()] == [0, 0, 0]
    rig.run(320, full)
    called = {each.kind: each.call_id for each in rig.open()}
    assert called["disk"] and not called["day_pnl"], "urgent passes"
    rig.restart()
    rig.run(500, replace(full, rows=()))
    rig.run(400, replace(full, rows=()))
    later = {each.kind: each.call_id for each in rig.desk.section().occurrences}
    assert later["day_pnl"] > called["disk"] == later["disk"] and later["position_pnl"] == 0


def test_the_log_says_what_and_never_how_much(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    rig.rule("day_pnl", tell_cleared=True)
    rig.rule("position_pnl", urgent_after_min=1.0)
    losing = facts(-612.34, rows=(row(1, unrealized_pnl=-987.65, local_symbol="TSLA"),))
    rig.run(2, facts(0.0, rows=(row(1, local_symbol="TSLA"),)))
    rig.run(100, losing)
    rig.run(60, replace(losing, figures=FINE.figures))
    said = [record.getMessage() for record in caplog.records if record.getMessage().startswith("Alert ")]
    assert said == [
        "Alert raised: the day's P&L",
        "Alert raised: the P&L of a position, TSLA, DU***567",
        "Alert escalated: the P&L of a position, TSLA, DU***567",
        "Alert cleared: the day's P&L",
    ]
    assert not any(amount in caplog.text for amount in ("500", "612", "987"))


def test_a_snooze_until_it_clears_holds_for_that_one_alone(rig: Rig) -> None:
    rule = rig.rule("day_pnl", cool_down_min=0.0)
    rig.run(2, FINE)
    rig.run(20, LOSS)
    (first,) = rig.open()
    rig.desk.snooze(first.id, "cleared")
    rig.desk.switch_rule(rule.id, on=False)
    rig.desk.switch_rule(rule.id, on=True)
    rig.run(2, FINE)
    rig.run(20, LOSS)
    (second,) = rig.open()
    assert second.snoozed_until is None and len(rig.titles) == 2, "it went with the rule that was switched off"
    rig.run(60, FINE)
    with pytest.raises(RuleRefused, match="over already"):
        rig.desk.snooze(second.id, "cleared")
    rig.run(20, LOSS)
    assert len(rig.titles) == 3


def test_who_wakes_an_alert_hears_of_the_next(rig: Rig) -> None:
    rig.rule("day_pnl", cool_down_min=0.0)
    rig.run(2, FINE)
    rig.run(20, LOSS)
    rig.desk.snooze(rig.open()[0].id, "4h")
    rig.run(60, FINE)
    rig.run(20, LOSS)
    rig.desk.snooze(rig.open()[0].id, "")
    rig.run(60, FINE)
    rig.run(20, LOSS)
    assert rig.open()[0].snoozed_until is None and len(rig.titles) == 2


def test_what_is_woken_is_new_again(rig: Rig) -> None:
    rig.rule("day_pnl", urgent_after_min=5.0)
    rig.run(2, FINE)
    rig.run(20, LOSS)
    (occurrence,) = rig.open()
    rig.desk.snooze(occurrence.id, "4h")
    assert rig.open()[0].seen_wall is not None
    rig.run(600, LOSS)
    rig.desk.snooze(occurrence.id, "")
    (awake,) = rig.open()
    assert (awake.seen_wall, awake.snoozed_until, awake.again_wall) == (None, None, rig.clock.wall())
    rig.run(290, LOSS)
    assert not rig.open()[0].is_escalated
    rig.desk.see((occurrence.id,))
    rig.run(60, LOSS)
    assert not rig.open()[0].is_escalated and len(rig.titles) == 1


def test_a_clock_that_was_set_back_gives_no_number_twice(rig: Rig) -> None:
    rule = rig.rule("day_pnl")
    rig.post.close()
    ahead = rule.id + 3_600_000
    rig.journal.rules = {ahead: replace(rule, id=ahead)}
    rig.start()
    assert rig.rule("disk").id > ahead


def test_a_snooze_of_a_symbol_counts_for_all_its_alerts(rig: Rig) -> None:
    rig.rule("position_pnl")
    rig.rule("no_price", seconds=0)
    rig.run(2, facts(rows=(row(1),)))
    rig.run(30, facts(rows=(row(1, unrealized_pnl=-900.0),)))
    rig.desk.snooze(rig.open()[0].id, "day", symbol=True)
    rig.run(30, facts(rows=(row(1, unrealized_pnl=-900.0, silent=True),)))
    assert len(rig.open()) == 2 and len(rig.titles) == 1


def test_a_changed_rule_begins_anew(rig: Rig) -> None:
    rule = rig.rule("day_pnl")
    rig.run(2, FINE)
    rig.run(30, LOSS)
    rig.desk.keep_rule(rule.id, "day_pnl", {"amount": -1_000.0}, ("phone",))
    assert rig.open() == [] and rig.desk.section().rules[0].rule.version == 2
    rig.run(30, LOSS)
    assert rig.open() == [] and len(rig.titles) == 1
    rig.desk.delete_rule(rule.id)
    rig.restart()
    assert rig.desk.section().rules == ()


def test_what_can_not_be_a_rule_is_refused_in_words(rig: Rig) -> None:
    for kind, values, channels in (
        ("nothing", {}, ()),
        ("channel", {}, ()),
        ("day_pnl", {"amount": "x"}, ()),
        ("price", {"level": 1.0}, ()),
        ("signal", {"list": "mine"}, ()),
        ("day_pnl", {"account": "U1"}, ()),
        ("day_pnl", {}, ("pager",)),
    ):
        with pytest.raises(RuleRefused):
            rig.desk.keep_rule(0, kind, values, channels)
    with pytest.raises(RuleRefused):
        rig.desk.keep_rule(0, "disk", {}, (), cool_down_min=float("nan"))
    with pytest.raises(RuleRefused):
        rig.desk.keep_rule(99, "disk", {}, ())
    assert rig.desk.section().rules == ()


def test_the_usual_rules_are_added_once(rig: Rig) -> None:
    said = rig.desk.usual_rules()
    usual = [kind for kind in KINDS.values() if kind.usual]
    assert said == f"{len(usual)} rules were added." and len(rig.desk.section().rules) == len(usual)
    assert rig.desk.usual_rules() == "There is one of each already."


def test_a_channel_is_used_after_a_test_was_taken(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.do(rig.post.keep_channel("phone", "fake://token@host/secret"))
    rig.rule("day_pnl")
    rig.run(2, FINE)
    rig.run(30, LOSS)
    assert rig.sender.sent == []
    assert rig.desk.section().rules[0].problem == "phone is not tested yet: nothing is sent to it."
    rig.sender.answers["fake://token@host/secret"] = Outcome("rejected", "The service refused it (404)")
    with pytest.raises(RuleRefused, match="phone: The service refused it"):
        rig.do(rig.post.test("phone"))
    assert not rig.post.usable("phone")
    rig.settle()
    rig.sender.answers.clear()
    assert "took the test" in rig.do(rig.post.test("phone"))
    assert rig.post.usable("phone")
    path = tmp_path / FILE_NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    again = ChannelBook(tmp_path, {})
    again.load(0.0)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and again.address("phone").confirmed  # type: ignore[union-attr]
    assert "secret" not in repr(again.address("phone")) + repr(rig.desk.section())
    rig.do(rig.post.keep_channel("phone", "fake://other"))
    assert not rig.post.usable("phone"), "another address is another test"
    rig.close()


def test_an_address_of_the_environment_is_not_changed_here(tmp_path: Path) -> None:
    book = ChannelBook(tmp_path, {"QTRADE_CHANNEL_MY_PHONE": "fake://x", "QTRADE_HEARTBEAT_URL": "https://h/secret"})
    assert book.names() == ("my-phone",) and book.source("my-phone") == "environment"
    assert book.address("my-phone").confirmed  # type: ignore[union-attr]
    for refused in (lambda: book.with_channel("my-phone", "y"), lambda: book.without("my-phone"),
                    lambda: book.with_heartbeat("https://x"), lambda: book.with_channel("browser", "y"),
                    lambda: book.with_channel("A/b", "y")):  # fmt: skip
        with pytest.raises(RuleRefused):
            refused()


def test_a_name_of_the_environment_that_is_none_is_left_out(tmp_path: Path) -> None:
    named = {
        "QTRADE_CHANNEL_": "fake://a",
        "QTRADE_CHANNEL_BROWSER": "fake://b",
        f"QTRADE_CHANNEL_{'X' * 40}": "fake://c",
    }
    assert ChannelBook(tmp_path, named).names() == ()


def test_a_channel_may_be_called_as_anything_else_here_is(rig: Rig) -> None:
    rig.channel("heartbeat")
    rig.rule("day_pnl", "heartbeat")
    rig.run(2, FINE)
    rig.run(20, LOSS)
    assert len(rig.titles) == 1 and [each.state for each in rig.deliveries()] == ["accepted"]


def test_what_is_under_way_is_recorded_before_the_channel_s_thread_has_it(rig: Rig) -> None:
    rig.rule("day_pnl")
    rig.run(2, FINE)
    recorded: list[str] = []

    def offer(job: Job) -> bool:
        recorded.extend(each.state for each in rig.deliveries())
        return True

    rig.post._channels["phone"].worker.offer = offer  # type: ignore[method-assign]
    rig.run(20, LOSS)
    assert recorded[:1] == ["sending"], "a crash after this is no alert that was never sent"


def test_an_answer_to_a_former_login_is_not_taken_for_this_one_s(rig: Rig) -> None:
    rig.rule("day_pnl")
    rig.run(2, FINE)
    rig.sender.answers["fake://phone"] = OUT
    rig.run(14, LOSS)
    jobs: list[Job] = []

    def offer(job: Job) -> bool:
        jobs.append(job)
        return True

    rig.post._channels["phone"].worker.offer = offer  # type: ignore[method-assign]
    rig.run(40, LOSS)
    rig.desk.forget()
    rig.journal.deliveries.clear()
    rig.post._sent(jobs[0], OUT)
    assert rig.post.waiting == () and rig.deliveries() == []


def test_two_channels_that_are_kept_at_once_are_both_kept(rig: Rig) -> None:
    async def both() -> None:
        await asyncio.gather(rig.post.keep_channel("mail", "fake://mail"), rig.post.keep_channel("chat", "fake://chat"))

    rig.do(both())
    again = ChannelBook(rig.folder, {})
    again.load(0.0)
    assert again.names() == ("chat", "mail", "phone")


def test_a_test_confirms_the_address_that_took_it_alone(rig: Rig) -> None:
    book = ChannelBook(rig.folder, {})
    book.use(book.with_channel("mail", "fake://new"))
    assert book.confirmed("mail", "fake://old") is None
    assert book.confirmed("mail", "fake://new").channels["mail"].confirmed  # type: ignore[union-attr]


def test_a_channel_that_never_took_a_test_is_not_told_of_as_dead(rig: Rig) -> None:
    rig.do(rig.post.keep_channel("mail", "fake://mail"))
    rig.sender.answers["fake://mail"] = OUT
    with pytest.raises(RuleRefused):
        rig.do(rig.post.test("mail"))
    rig.settle()
    rig.step(FINE, 700.0)
    rig.run(5, FINE)
    assert rig.post.dead() == {} and rig.titles == []


@pytest.mark.parametrize(
    "url",
    ["https://example.org?uuid=secret", "https://secret:word@example.org/x", "https://example.org/secret#secret",
     "https://se/cret@example.org:port/secret"],
)  # fmt: skip
def test_the_address_of_the_sign_of_life_is_shown_without_its_secret(rig: Rig, url: str) -> None:
    rig.do(rig.post.keep_heartbeat(url))
    shown = rig.desk.section().heartbeat.shown  # type: ignore[union-attr]
    assert "secret" not in shown and "word" not in shown and shown.endswith("…")


def test_the_sign_of_life_goes_out_each_minute(rig: Rig) -> None:
    rig.do(rig.post.keep_heartbeat("https://example.org/secret-id"))
    rig.run(181, FINE)
    assert rig.sender.pings == 4
    assert rig.desk.section().heartbeat.shown == "https://example.org/…"  # type: ignore[union-attr]
    rig.do(rig.post.keep_heartbeat(""))
    rig.run(100, FINE)
    assert rig.sender.pings == 4 and rig.desk.section().heartbeat is None
    with pytest.raises(RuleRefused):
        rig.do(rig.post.keep_heartbeat("file:///etc/passwd"))


def test_a_plug_in_that_breaks_harms_nobody(rig: Rig) -> None:
    def broken(url: str, message: Message) -> Outcome:
        raise RuntimeError("https://token@host")

    rig.rule("day_pnl")
    rig.run(2, FINE)
    rig.sender.send = broken  # type: ignore[method-assign]
    rig.run(30, LOSS)
    (delivery,) = rig.deliveries()
    assert delivery.state == "uncertain" and "token" not in delivery.words


def flapping(second: int, count: int = 1_000) -> Facts:
    """A thousand positions, each beyond the limit for some seconds of each minute, one after the other."""
    rows = tuple(
        row(i, unrealized_pnl=-900.0 if (second + i) % 60 < 12 else 0.0, account="DU1") for i in range(1, count + 1)
    )
    return facts(rows=rows)


def test_a_thousand_flapping_conditions_cost_little_and_page_no_more_than_they_may(rig: Rig) -> None:
    rig.rule("position_pnl", cool_down_min=15.0)
    seconds = [flapping(second) for second in range(60)]
    rig.run(2, facts(rows=tuple(row(i, account="DU1") for i in range(1, 1_001))))
    spent = []
    for second in range(600):
        rig.facts = seconds[second % 60]
        rig.clock.advance(1.0)
        began = time.thread_time()
        rig.desk.step()
        spent.append(time.thread_time() - began)
        rig.settle()
    raised = len(rig.journal.occurrences)
    print(f"{raised} raised, {len(rig.sender.sent)} messages, {1_000.0 * sum(spent) / len(spent):.2f} ms a second")
    assert raised == 1_000, "each once: fifteen minutes have not passed"
    assert len(rig.sender.sent) <= 10 * 6
