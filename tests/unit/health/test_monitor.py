"""HealthMonitor: what the broker says becomes one condition a cause, with code and cure."""

import pytest

from engine.broker.port import Connected, Disconnected, LinkState, RequestError, SystemNotice
from engine.codes import CODES, NOT_RECORDED
from engine.health.monitor import COMPETING, HealthMonitor, farm_words
from engine.health.status import status_block
from engine.health.timeline import LINK
from engine.state.sections import LinesSection
from simulator.tape.player import _OTHER_REFUSAL, _REFUSALS


def monitor() -> tuple[HealthMonitor, list[tuple[str, str]]]:
    recorded: list[tuple[str, str]] = []
    return HealthMonitor(lambda kind, text: recorded.append((kind, text))), recorded


def connect(health: HealthMonitor, wall: float) -> None:
    health.on_event(Connected(1, "DU1", 176, wall, 52), wall, wall)


def test_a_drop_is_one_condition_closed_by_the_reconnect():
    health, recorded = monitor()
    connect(health, 0.0)
    for wall in (10.0, 13.0, 16.0):
        health.on_event(Disconnected("Peer closed connection", wall, wall + 3), wall, wall)
    (entry,) = health.conditions.newest_first()
    assert (entry.open, entry.count, entry.severity) == (True, 1, "error")
    connect(health, 19.0)
    (entry,) = health.conditions.newest_first()
    assert not entry.open
    assert [kind for kind, _ in recorded] == ["connected", "disconnected", "connected"]
    assert "back after 9 s" in recorded[-1][1]


def test_a_reconnect_that_was_asked_for_is_no_outage_but_one_that_fails_is():
    health, recorded = monitor()
    connect(health, 0.0)
    health.on_event(Disconnected("asked for on the Health page", 10.0, 10.0, 10.0, is_asked=True), 10.0, 10.0)
    connect(health, 11.5)
    assert health.conditions.newest_first() == ()
    assert [(s.state, s.from_wall) for s in health.timeline.spans() if s.track == LINK] == [
        ("up", 0.0), ("idle", 10.0), ("up", 11.5)
    ]  # fmt: skip
    assert [kind for kind, _ in recorded] == ["connected", "disconnected", "connected"]
    health.on_event(Disconnected("asked for on the Health page", 20.0, 20.0, 20.0, is_asked=True), 20.0, 20.0)
    health.on_event(Disconnected("Nothing listens", 22.0, 25.0, 20.0), 22.0, 22.0)
    (entry,) = health.conditions.newest_first()
    assert (entry.open, entry.text) == (True, "Nothing listens")
    assert health.timeline.spans()[-1].state == "down"


def test_the_farm_greetings_after_a_connect_are_no_news():
    health, recorded = monitor()
    connect(health, 0.0)
    for code in (2104, 2106, 2158):
        health.on_event(SystemNotice(code, "OK", f"farm{code}"), 0.1, 0.1)
    assert health.conditions.newest_first() == ()
    assert len(recorded) == 1


def test_a_farm_that_breaks_and_comes_back_says_how_long():
    health, recorded = monitor()
    connect(health, 0.0)
    health.on_event(SystemNotice(2104, "OK", "usfarm"), 0.1, 0.1)
    health.on_event(SystemNotice(2103, "broken", "usfarm"), 60.0, 60.0)
    assert health.conditions.newest_first()[0].code == 2103
    health.on_event(SystemNotice(2104, "OK", "usfarm"), 408.0, 408.0)
    entry = health.conditions.newest_first()[0]
    assert not entry.open
    assert "5 min 48 s" in entry.text
    assert recorded[-1][0] == "link up"


def test_a_farm_that_connects_is_not_back():
    """TWS says so at each try: else one outage were many, with green between them."""
    health, _ = monitor()
    connect(health, 0.0)
    for at in (10.0, 20.0, 30.0):
        health.on_event(SystemNotice(2103, "broken", "usfarm"), at, at)
        health.on_event(SystemNotice(2119, "connecting", "usfarm"), at + 1.0, at + 1.0)
    (entry,) = health.conditions.newest_first()
    assert (entry.title, entry.open, entry.count, entry.outage) == ("Market data farm usfarm is down", True, 1, True)
    health.farm_back("usfarm", 70.0, 70.0)
    (entry,) = health.conditions.newest_first()
    assert not entry.open and "1 min 0 s" in entry.text


def test_1102_ends_what_it_names_as_connected():
    health, _ = monitor()
    connect(health, 0.0)
    for code, farm in ((2103, "usfarm"), (2105, "ushmds"), (2103, "eufarm")):
        health.on_event(SystemNotice(code, "broken", farm), 10.0, 10.0)
    text = "restored - data maintained. All data farms are connected: usfarm; ushmds; secdefnj."
    health.on_event(SystemNotice(1102, text), 20.0, 20.0)
    assert [c.title for c in health.conditions.newest_first() if c.open] == ["Market data farm eufarm is down"]


def test_the_words_of_a_farm_name_what_stands_what_may_and_that_nothing_does():
    assert farm_words("usfarm", "10:00:12", ["TSLA"], ["TSLA", "BRK B"]) == (
        "Market data farm usfarm is down: no price of TSLA",
        "TWS said so at 10:00:12, and does not say which prices come from it. No price since of TSLA.",
    )
    assert farm_words("usfarm", "10:00:12", list("ABCDE"), list("ABCDE"))[0].endswith("no price of A, B, C and 2 more")
    title, text = farm_words("", "10:00:12", [], ["TSLA"])
    assert title == "Market data farm is down: prices may stand still" and text.endswith("since of TSLA.")
    title, text = farm_words("usfarm", "10:00:12", [], [])
    assert title == "Market data farm usfarm is down" and "Every position" in text


@pytest.mark.parametrize(("code", "farm"), [(1100, ""), (2103, "usfarm")])
def test_what_was_down_when_the_connection_ended_does_not_stay_down_for_ever(code, farm):
    health, _ = monitor()
    connect(health, 0.0)
    health.on_event(SystemNotice(code, "broken", farm), 10.0, 10.0)
    health.on_event(Disconnected("TWS closed the connection", 20.0, 21.0), 20.0, 20.0)
    connect(health, 30.0)
    health.on_event(SystemNotice(2104, "OK", "usfarm"), 30.1, 30.1)
    assert [entry.title for entry in health.conditions.newest_first() if entry.open] == []
    health.on_event(SystemNotice(code, "broken", farm), 40.0, 40.0)
    assert [entry.code for entry in health.conditions.newest_first() if entry.open] == [code], "and can begin anew"


def test_what_was_down_before_a_new_connection_is_not_well_by_it():
    doubts = [SystemNotice(1100, ""), SystemNotice(2103, "", "usfarm")]
    health = HealthMonitor(lambda *_: None, doubts=lambda: doubts)
    for notice in doubts:
        health.on_event(notice, 5.0, 5.0)
    health.on_event(Disconnected("TWS closed the connection", 10.0, 11.0), 10.0, 10.0)
    connect(health, 12.0)
    told = {c.key: c for c in health.conditions.newest_first() if c.open}
    assert sorted(told) == ["track:IB servers", "track:usfarm"]
    assert told["track:IB servers"].severity == "error" and "before this connection" in told["track:usfarm"].text
    assert health.timeline.is_down("IB servers")
    doubts.clear()
    health.servers_back(20.0, 20.0)
    health.on_event(SystemNotice(2104, "OK", "usfarm"), 20.0, 20.0)
    assert not [c for c in health.conditions.newest_first() if c.open]
    health.on_event(Disconnected("TWS closed the connection", 30.0, 31.0), 30.0, 30.0)
    connect(health, 32.0)
    assert not [c for c in health.conditions.newest_first() if c.open], "and it is forgotten"


def test_servers_that_are_lost_without_a_word_of_their_return_stay_lost_until_ticks_come():
    health, recorded = monitor()
    connect(health, 0.0)
    health.on_event(SystemNotice(2110, "Connectivity between TWS and server is broken."), 10.0, 10.0)
    (entry,) = health.conditions.newest_first()
    assert (entry.open, entry.severity, entry.code) == (True, "error", 2110)
    health.servers_back(90.0, 90.0)
    (entry,) = health.conditions.newest_first()
    assert not entry.open and "1 min 20 s" in entry.text
    assert recorded[-1][0] == "link up"
    health.servers_back(91.0, 91.0)
    assert len(recorded) == 3, "they are back once"


def test_a_competing_session_stays_open_until_somebody_says_that_ticks_came():
    health, _ = monitor()
    connect(health, 0.0)
    for wall in (1.0, 2.0, 500.0):
        health.on_event(RequestError(7, 10197, "No market data during competing live session"), wall, wall)
    (entry,) = health.conditions.newest_first()
    assert (entry.code, entry.open, entry.count) == (10197, True, 1)
    health.conditions.resolve(COMPETING, 900.0, "Ticks come again.")
    assert not health.conditions.newest_first()[0].open


def test_a_refused_request_is_shown_with_its_code_and_a_cancel_echo_is_not():
    health, _ = monitor()
    health.on_event(RequestError(7, 354, "Requested market data is not subscribed."), 1.0, 1.0)
    health.on_event(RequestError(8, 162, "API scanner subscription cancelled: 8"), 1.0, 1.0)
    (entry,) = health.conditions.newest_first()
    assert (entry.code, entry.open) == (354, False)
    assert entry.cure


def test_a_refused_line_names_its_symbol_and_details_of_a_dead_contract_are_no_alarm():
    health = HealthMonitor(lambda *_: None, lambda req_id: {7: "SMCI"}.get(req_id, ""))
    health.on_event(RequestError(8, 200, "No security definition has been found for the request"), 1.0, 1.0)
    assert health.conditions.newest_first() == ()
    health.on_event(RequestError(7, 200, "No security definition has been found for the request"), 1.0, 1.0)
    assert health.conditions.newest_first()[0].text.startswith("SMCI: ")


def test_an_unknown_code_is_shown_in_tws_own_words():
    health, _ = monitor()
    health.on_event(SystemNotice(99_999, "Something new"), 1.0, 1.0)
    assert "Something new" in health.conditions.newest_first()[0].text


@pytest.mark.parametrize("code", [1100, 2110])
def test_servers_that_are_lost_stay_an_open_error_until_they_are_said_to_be_back(code):
    health, _ = monitor()
    connect(health, 0.0)
    health.on_event(SystemNotice(code, "Connectivity between TWS and server is broken."), 10.0, 10.0)
    (entry,) = health.conditions.newest_first()
    assert (entry.code, entry.severity, entry.open) == (code, "error", True)
    health.on_event(SystemNotice(1102, "restored - data maintained"), 70.0, 70.0)
    assert "Back after 1 min 0 s" in health.conditions.newest_first()[0].text


@pytest.mark.parametrize("code", sorted(code for code, info in CODES.items() if info.severity == "error"))
@pytest.mark.parametrize("of_request", [True, False])
def test_every_code_that_is_an_error_is_an_error_on_the_page(code, of_request):
    health, _ = monitor()
    connect(health, 0.0)
    event = RequestError(7, code, "said by TWS") if of_request else SystemNotice(code, "said by TWS")
    health.on_event(event, 10.0, 10.0)
    assert [(entry.code, entry.severity) for entry in health.conditions.newest_first()] == [(code, "error")]


def test_status_block_in_the_users_words():
    lines = LinesSection(
        limit=50, effective_limit=50, buffer=5, used=47, near=True, scanner_capacity=45, scanner_free=1,
        by_class={"100": 3, "pinned": 0, "50": 8, "25": 10, "coverage": 26}, changing=0, rows=(), refused=(),
        used_history=(),
    )  # fmt: skip
    link = LinkState("connected", True, "simulated", "127.0.0.1", 1, 52, "DU1", 176, 1, 0.0)
    block = dict(status_block(9_038.0, lines, 3, 47, link))
    assert block["Uptime"] == "2:30:38"
    assert block["Subscriptions"] == "47/50 [NEAR]"
    assert block["IB connected"] == "True (simulated)"
    assert list(block) == [
        "Uptime", "Subscriptions", "Positions", "Scanner capacity", "Prices", "IB connected", "Live mode",
    ]  # fmt: skip


def test_what_a_recording_lacks_is_one_line_however_often_it_is_asked():
    health, _ = monitor()
    refusals = [*_REFUSALS.values(), _OTHER_REFUSAL]
    assert all(NOT_RECORDED in text for _, text in refusals), "said by the player"
    for number, (code, text) in enumerate(refusals * 10):
        health.on_event(RequestError(number, code, text), float(number), float(number))
    (entry,) = health.conditions.newest_first()
    assert (entry.severity, entry.count, entry.open) == ("info", 1, True)
    health.on_event(RequestError(99, 162, "HMDS query failed"), 99.0, 99.0)
    assert health.conditions.newest_first()[0].code == 162, "TWS' own words are shown as ever"
