"""Several engines as one view: sums, who is silent, what is chosen, where commands go."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from engine.errors import CommandRefused, StateError
from engine.fleet import merging, money, routing
from engine.fleet.fleet import FORGET_S, NAMES_S
from engine.fleet.journal import plans
from engine.fleet.parts import Part
from engine.state import envelope
from engine.state.commands import ApplySettings, FindSymbol, NoteDay, OpenSymbol, Reconnect, SeeAlerts, WhyNot
from engine.state.engine_sections import EngineSection, FleetSection
from engine.state.sections import (
    AccountFigures,
    BrokerSection,
    CoverageRow,
    CoverageSection,
    LinesSection,
    PnlPoint,
    PositionsSection,
    SettingsSection,
)
from tests.app.sample_state import TSLA
from tests.patience import wait_for
from tests.unit.fleet.desks import Floor

ALL_PAPER = "@paper"


@pytest.fixture
def floor(tmp_path) -> Iterator[Floor]:
    made = Floor(tmp_path / "state")
    yield made
    made.close()


@pytest.fixture
def two(floor: Floor) -> Floor:
    floor.open("east", "DU1000001", money=5.0)
    floor.open("west", "DU2000002", money=7.0)
    return floor


def fleet_of(floor: Floor, choice: str) -> FleetSection:
    section = floor.fleet.view(choice).read("fleet")
    assert isinstance(section, FleetSection)
    return section


# --- who there is -----------------------------------------------------------------------------------------------------


def test_one_engine_is_shown_as_it_is_without_a_choice(floor: Floor) -> None:
    desk = floor.open("main", "DU1000001")
    choice = floor.fleet.choice("")
    assert choice == "main"
    view = floor.fleet.view(choice)
    for name in desk.bus.seqs():
        assert view.read(name) == desk.bus.read(name)
    reading = view.read_many(("broker", "lines", "fleet"))
    assert reading.snapshot == desk.bus.current().snapshot
    assert fleet_of(floor, choice).choices == () and fleet_of(floor, choice).total is None


def test_the_usual_choice_is_all_of_the_most_serious_mode(floor: Floor) -> None:
    floor.open("demo", "DU9", mode="simulated")
    floor.open("a", "DU1")
    floor.open("b", "DU2")
    fleet = floor.fleet
    assert fleet.choice("") == fleet.choice("nobody") == fleet.choice("@live") == ALL_PAPER
    assert fleet.choice("@simulated") == "@simulated" and fleet.choice("b") == "b"
    assert list(fleet.chosen(ALL_PAPER)) == ["a", "b"] and list(fleet.chosen("@simulated")) == ["demo"]
    assert [value for value, _ in fleet.choices(fleet.members())] == [ALL_PAPER, "@simulated", "a", "b", "demo"]


def test_engines_that_come_later_are_found_and_a_store_that_is_away_is_said(two: Floor) -> None:
    assert list(two.fleet.members()) == ["east", "west"]
    two.open("north", "DU3")
    two.wait(NAMES_S)
    assert list(two.fleet.members()) == ["east", "north", "west"]

    def away() -> tuple[str, ...]:
        raise StateError("redis://h: refused")

    two.store.engines = away
    two.wait(NAMES_S)
    assert list(two.fleet.members()) == ["east", "north", "west"] and two.fleet.problem == "redis://h: refused"
    assert fleet_of(two, ALL_PAPER).problem == "redis://h: refused"
    assert two.fleet.view(ALL_PAPER).read("positions") is not None


def test_a_store_that_forgot_its_engines_takes_none_from_the_page(two: Floor) -> None:
    assert list(two.fleet.members()) == ["east", "west"]
    two.store.engines = lambda: ("west",)
    two.wait(60.0, "east")
    assert {row.name: row.word for row in fleet_of(two, ALL_PAPER).engines} == {"east": "dead", "west": "alive"}
    two.wait(FORGET_S, "east")
    assert list(two.fleet.members()) == ["west"]


# --- together ---------------------------------------------------------------------------------------------------------


def test_money_and_lines_are_those_of_each_and_their_sum(two: Floor) -> None:
    view = two.fleet.view(ALL_PAPER)
    held, lines = view.read("positions"), view.read("lines")
    assert isinstance(held, PositionsSection) and isinstance(lines, LinesSection)
    one = two.desks["east"].bus.read("positions")
    assert held.account.daily_pnl == 12.0 and held.account.net_liquidation == 20_000.0
    assert held.account.daily_pnl_pct == pytest.approx(12.0 / 19_988.0 * 100.0)
    assert len(held.tradable) == 2 * len(one.tradable)
    assert {row.account for row in held.tradable} == {"DU1000001", "DU2000002"}
    assert [each.daily_pnl for each in held.accounts] == [5.0, 7.0]
    single = two.desks["east"].bus.read("lines")
    assert (lines.used, lines.limit) == (2 * single.used, 2 * single.limit)
    fleet = fleet_of(two, ALL_PAPER)
    assert [(row.name, row.daily_pnl, row.word) for row in fleet.engines] == [
        ("east", 5.0, "alive"),
        ("west", 7.0, "alive"),
    ]
    assert fleet.total is not None and (fleet.total.daily_pnl, fleet.total.lines_limit) == (12.0, lines.limit)


def test_an_account_that_two_engines_watch_counts_once(floor: Floor) -> None:
    floor.open("east", "DU1000001", money=5.0)
    floor.open("west", "DU1000001", money=5.5)
    held = floor.fleet.view(ALL_PAPER).read("positions")
    assert held.account.daily_pnl == 5.0 and len({row.key for row in held.tradable}) == len(held.tradable)


def test_averages_of_other_lengths_are_not_shown_under_these(two: Floor) -> None:
    west = two.desks["west"]
    held = west.bus.read("positions")
    rows = tuple(replace(row, ema_fast=1.0, ema_slow=2.0, trend="below") for row in held.tradable)
    west.bus.publish("positions", replace(held, tradable=rows, ema_fast_len=held.ema_fast_len + 1))
    west.beat()
    both = two.fleet.view(ALL_PAPER).read("positions")
    assert (both.ema_fast_len, both.ema_slow_len) == (held.ema_fast_len, held.ema_slow_len)
    assert {row.ema_fast for row in both.tradable if row.account == west.account} == {None}


def test_an_engine_that_dies_is_shown_and_the_others_go_on(two: Floor) -> None:
    two.fleet.view(ALL_PAPER).read("broker")
    two.wait(20.0, "west")
    view = two.fleet.view(ALL_PAPER)
    broker, held = view.read("broker"), view.read("positions")
    assert isinstance(broker, BrokerSection) and broker.connected and broker.state_tone == "warning"
    assert broker.reason == "west gives no sign of life"
    by_account = {
        account: [row for row in held.tradable if row.account == account] for account in ("DU1000001", "DU2000002")
    }
    assert all(row.silent for row in by_account["DU2000002"])
    assert by_account["DU1000001"] == list(two.desks["east"].bus.read("positions").tradable) or not any(
        row.message for row in by_account["DU1000001"]
    )
    assert held.account.daily_pnl == 12.0, "what it told last still counts"
    assert held.account.untrusted_pct >= 50.0, "and is not trusted"
    reading = view.read_many(("heartbeat",))
    assert reading.silent_s is not None and reading.silent_s < 6.0
    rows = {row.name: row for row in fleet_of(two, ALL_PAPER).engines}
    assert rows["west"].word == "dead" and rows["west"].since_wall is not None and rows["east"].word == "alive"
    two.wait(1.0)
    assert view.read("broker").state_tone == "ok"


def test_an_engine_that_was_stopped_is_no_alarm(two: Floor) -> None:
    west = two.desks["west"]
    west.bus.publish("engine", replace(west.bus.read("engine"), ended_wall=two.clock.wall()))
    west.beat()
    rows = {row.name: row for row in fleet_of(two, ALL_PAPER).engines}
    assert rows["west"].word == "stopped" and rows["west"].since_wall == two.clock.wall()
    assert "west was stopped" in two.fleet.view(ALL_PAPER).read("broker").reason


def test_a_section_stays_the_same_object_until_one_of_theirs_changes(two: Floor) -> None:
    view = two.fleet.view(ALL_PAPER)
    names = ("positions", "lines", "fleet", "signals")
    first, again = view.read_many(names), view.read_many(names)
    assert first.snapshot == again.snapshot and all(first.sections[name] is again.sections[name] for name in names)
    two.wait(1.0)
    later = view.read_many(names)
    assert later.snapshot > first.snapshot, "their heartbeats are news"
    assert all(later.sections[name] is first.sections[name] for name in names)
    west = two.desks["west"]
    west.bus.publish("lines", replace(west.bus.read("lines"), used=1))
    west.beat()
    changed = view.read_many(names)
    assert changed.sections["lines"].seq > first.sections["lines"].seq
    assert changed.sections["signals"] is first.sections["signals"]


def test_every_section_has_a_rule_and_every_rule_gives_its_struct(two: Floor) -> None:
    assert set(merging.RULES) == set(envelope.NAMED)
    view = two.fleet.view(ALL_PAPER)
    for name in two.desks["east"].bus.seqs():
        made = view.read(name)
        assert made is None or type(made) is envelope.kind_of(name), name
        if made is not None:
            assert envelope.wrap(made)
    assert view.read(f"symbol:{TSLA}").con_id == TSLA


def test_settings_of_all_are_to_be_looked_at_alone(two: Floor) -> None:
    section = two.fleet.view(ALL_PAPER).read("settings")
    assert isinstance(section, SettingsSection) and all(row.locked for row in section.rows)
    assert section.rows[0].why_locked == "That of engine east. Choose one engine above to change it."
    assert two.fleet.view("east").read("settings") == two.desks["east"].bus.read("settings")


# --- commands ---------------------------------------------------------------------------------------------------------


def test_commands_go_where_they_belong(two: Floor) -> None:
    view = two.fleet.view(ALL_PAPER)
    west = two.desks["west"]
    west.bus.publish("universe", replace(west.bus.read("universe"), symbols=((424_242, "ZZZ", "ZZZ", "STK", "X", ""),)))
    west.beat()
    two.wait(1.0)
    view.submit(OpenSymbol("a", 424_242, "page"))
    view.submit(NoteDay("b", "DU2000002", "20261201", "calm"))
    taken: list = []
    wait_for(lambda: west.writer.step() or taken.extend(west.bus.drain()) or len(taken) == 2, "both commands")
    view.submit(FindSymbol("c", "TSLA"))
    east = two.desks["east"]
    wait_for(lambda: east.writer.step() or east.bus.drain() == [FindSymbol("c", "TSLA")], "the question")
    for command in (Reconnect("d"), ApplySettings("e", {"lines.limit": 40})):
        with pytest.raises(CommandRefused, match="Choose one engine above first"):
            view.submit(command)
    two.fleet.view("west").submit(Reconnect("f"))
    wait_for(lambda: west.writer.step() or west.bus.drain() == [Reconnect("f")], "of one that was chosen")


def test_what_is_new_anywhere_is_seen_everywhere() -> None:
    assert routing.engines_for(FindSymbol("a", "X"), [Part("b", "alive", {})]) == ("b",)
    seen = CoverageSection(rows=(CoverageRow(7, "ACME", "none", None, 5.0, 1, ""),), lines=1, confirming=0,
                           visits_per_minute=1.0, dwell_s=5.0, messages_per_s=32.0)  # fmt: skip
    parts = [Part("a", "alive", {}), Part("b", "alive", {"coverage": seen})]
    asked = [routing.engines_for(WhyNot("q", text), parts) for text in ("acme", "7", "other")]
    assert asked == [("b",), ("b",), ("a",)], "who visits a symbol knows why"
    with pytest.raises(CommandRefused, match="No engine answers"):
        routing.engines_for(SeeAlerts("a"), [])
    with pytest.raises(CommandRefused, match="watches this account"):
        routing.engines_for(NoteDay("a", "DU9", "20261201", "x"), [Part("b", "alive", {})])


# --- sums -------------------------------------------------------------------------------------------------------------


def figures(**money_: object) -> AccountFigures:
    return AccountFigures(currency="USD", base_currency="USD", **money_)


def part(name: str = "a", word: str = "alive") -> Part:
    return Part(name, word, {})


def test_half_a_sum_is_no_sum_and_other_money_is_none() -> None:
    known, unknown = figures(daily_pnl=5.0, net_liquidation=100.0), figures(daily_pnl=None, net_liquidation=50.0)
    both = money.sum_of([(part(), known), (part("b"), unknown)])
    assert both.daily_pnl is None and both.net_liquidation == 150.0
    euro = replace(known, currency="EUR", base_currency="EUR")
    mixed = money.sum_of([(part(), known), (part("b"), euro)])
    assert mixed.daily_pnl is None and mixed.currency == ""
    assert [lack.local_symbol for lack in mixed.unconverted] == ["engine a", "engine b"]


def test_sums_of_positions_name_what_they_leave_out() -> None:
    known, unknown = figures(unrealized_pnl=5.0, gross_exposure=100.0), figures(gross_exposure=None)
    both = money.sum_of([(part(), known), (part("b"), unknown)])
    assert both.unrealized_pnl == 5.0
    assert [(lack.local_symbol, lack.what) for lack in both.lacking] == [("engine b", "not known yet")]


def point(t: float, daily: float | None, realized: float | None = 0.0) -> PnlPoint:
    return PnlPoint(t, t, daily, realized, daily)


def test_curves_add_up_at_each_moment_and_a_gap_of_one_is_a_gap_of_the_sum() -> None:
    one = [point(0.0, 1.0), point(2.0, 2.0), point(4.0, 3.0)]
    other = [point(1.0, 10.0), point(3.0, None, None), point(5.0, 20.0)]
    made = money.sum_curves([one, other])
    assert [(p.t, p.daily) for p in made] == [
        (0.0, None), (1.0, 11.0), (2.0, 12.0), (3.0, None), (5.0, 23.0),
    ]  # fmt: skip
    assert money.sum_curves([one]) == one


def test_a_curve_that_stopped_is_not_carried_on() -> None:
    made = money.sum_curves([[point(0.0, 1.0)], [point(float(t), 10.0) for t in range(0, 300, 30)]])
    assert made[0].daily == 11.0 and made[-1].daily is None


def test_a_day_that_began_anew_cuts_the_sum() -> None:
    reset = PnlPoint(2.0, 2.0, None, 0.0, None)
    made = money.sum_curves([[point(0.0, 1.0), reset, point(3.0, 0.5)], [point(0.5, 10.0), point(3.5, 11.0)]])
    assert any(p.daily is None and p.realized is not None for p in made)
    assert made[-1].daily == 11.5


# --- journals ---------------------------------------------------------------------------------------------------------


def card(name: str, *accounts: str, machine: str = "here", files: bool = True, mode: str = "paper") -> EngineSection:
    journals = {account: f"/data/{account}.sqlite3" for account in accounts} if files else {}
    return EngineSection(
        name=name, machine=machine, pid=1, started_wall=0.0, mode=mode, accounts=accounts, journals=journals
    )


def test_where_each_engines_journal_is_read() -> None:
    made = plans(
        [card("a", "DU1", "DU2"), card("b", "DU3", machine="there"), card("c", "DU1", files=False)], None, "here"
    )
    assert made[0].accounts == (("DU1", "/data/DU1.sqlite3"), ("DU2", "/data/DU2.sqlite3"))
    assert made[1].accounts == () and "files of there, which can't be read from here" in made[1].problem
    assert "on a server" in made[2].problem
    server = plans(
        [card("a", "DU1", files=False), card("b", "DU1", "DU2", files=False)], "postgresql+psycopg://h/d", "x"
    )
    assert [plan.accounts for plan in server] == [
        (("DU1", "postgresql+psycopg://h/d"),), (("DU2", "postgresql+psycopg://h/d"),),
    ]  # fmt: skip
    assert plans([card("a", "DU1"), card("b", "DU1", mode="live")], None, "here")[1].accounts, "modes never meet"
