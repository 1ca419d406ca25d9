"""How fresh a card says that its data are: the oldest price that claims to be live, or what they are instead."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.feed import View
from app.rows.fresh import at_the_moment
from app.rows.lines import ledger_state
from app.rows.overview import overview_parts, pnl_state
from app.rows.positions import positions_state
from app.rows.states import FLOW_S, LIVE_S, OWN, Dated, empty, market_state
from app.rows.strip import strip_parts
from app.snapshots import Snapshots
from app.views import PAGES, find_page
from engine.clock import FakeClock
from engine.state.bus import StateBus
from engine.state.sections import PlayedRecording, PnlPoint, PnlSection
from tests.app.sample_state import NQ, TSLA, WALL, fill_sample

NONE = empty("none", "none")


def snapshots(
    mode: str = "paper", session: str = "open", ages: dict[int, float] | None = None, **row: Any
) -> Snapshots:
    """The sample as an account of TWS sees it; `ages` of the positions' prices by con_id, `row` = fields of all."""
    bus = StateBus(None, FakeClock(wall=WALL))
    fill_sample(bus, WALL)
    s = Snapshots.read(bus, ("broker", "positions", "lines", "pnl", "scanners", "signals", "quotes"), "alive", WALL)
    assert s.broker and s.positions
    rows = tuple(
        replace(each, mark_wall=WALL - (ages or {}).get(each.con_id, 0.4), **row) for each in s.positions.tradable
    )
    broker = replace(s.broker, mode=mode, session=session)
    return dataclasses.replace(s, broker=broker, positions=replace(s.positions, tradable=rows))


def test_the_oldest_row_that_claims_to_be_live_is_the_age_not_the_poll() -> None:
    assert positions_state(snapshots(ages={NQ: 11.0, TSLA: 21.0})) == {"s": "live", "from": WALL - 21.0}
    assert positions_state(snapshots()) == {"s": "live", "from": WALL - 0.4}


def test_a_row_that_is_not_live_is_counted_and_makes_no_age() -> None:
    state = positions_state(snapshots(ages={NQ: 11.0, TSLA: 75.0}))
    assert state == {"s": "live", "from": WALL - 11.0, "of": [2, 3]}


def test_no_tick_for_a_minute_in_an_open_session_is_stale() -> None:
    state = positions_state(snapshots(ages=dict.fromkeys((NQ, TSLA, 174230608), 61.0)))
    assert (state["s"], state["since"]) == ("stale", WALL - 61.0)


@pytest.mark.parametrize("state", ["servers lost", "reset window", "feed dead"])
def test_where_tws_itself_gets_no_prices_nothing_is_live(state: str) -> None:
    s = snapshots(ages={NQ: 11.0, TSLA: 21.0})
    assert s.broker is not None and s.broker.connected
    cut = replace(s.broker, state=state, state_title="TWS has no connection to IB", state_since_wall=WALL - 9.0)
    shown = positions_state(dataclasses.replace(s, broker=cut))
    assert (shown["s"], shown["since"]) == ("stale", WALL - 21.0)
    assert shown["text"] == "TWS has no connection to IB. Last values."


def without_broker(s: Snapshots, lost_s: float) -> Snapshots:
    assert s.broker and s.lines
    broker = replace(s.broker, connected=False, phase="waiting", since_wall=WALL - lost_s)
    return dataclasses.replace(s, broker=broker, lines=replace(s.lines, rows=()))


def test_without_a_connection_the_age_goes_on_as_it_was_counted() -> None:
    connected = snapshots(ages={NQ: 24.0, TSLA: 31.0, 174230608: 500.0})
    assert positions_state(connected)["from"] == WALL - 31.0
    s = without_broker(connected, 22.0)
    state = positions_state(s)
    assert (state["s"], state["since"]) == ("stale", WALL - 31.0)
    strip = strip_parts(s)["strip"]
    assert strip["fresh"] == state and strip["priced"] == "last values"
    assert overview_parts(s)["state"]["pnl"]["since"] == WALL - 31.0


def test_last_values_of_a_former_run_are_as_old_as_the_newest_of_them() -> None:
    s = without_broker(snapshots(ages={NQ: 7_000.0, TSLA: 9_000.0, 174230608: 8_000.0}), 3.0)
    assert positions_state(s)["since"] == WALL - 7_000.0


@pytest.mark.parametrize("data_type", ["frozen", "delayed", "delayed frozen"])
def test_what_is_not_live_says_what_it_is(data_type: str) -> None:
    assert positions_state(snapshots(data_type=data_type)) == {"s": "marked", "word": data_type}


@pytest.mark.parametrize(("session", "word"), [("weekend", "weekend"), ("closed", "closed")])
def test_last_prices_that_answer_a_request_on_a_sunday_are_not_live(session: str, word: str) -> None:
    """TWS answers a request at a closed market with the last session's prices, marked as live ones."""
    s = snapshots(session=session)
    assert s.lines
    lines = tuple(replace(row, dwell_from_wall=WALL - 0.5) for row in s.lines.rows)  # asked just now
    state = positions_state(dataclasses.replace(s, lines=replace(s.lines, rows=lines)))
    assert (state["s"], state["word"]) == ("marked", word)
    assert strip_parts(dataclasses.replace(s, lines=replace(s.lines, rows=lines)))["strip"]["fresh"]["word"] == word


def test_a_future_that_ticks_on_a_sunday_evening_is_live() -> None:
    """The calendar labels, it never gates: ticks that keep coming are live."""
    s = snapshots(session="weekend", ages={TSLA: 200_000.0, 174230608: 200_000.0})
    assert s.lines
    lines = tuple(replace(row, dwell_from_wall=WALL - 600.0) for row in s.lines.rows)
    state = positions_state(dataclasses.replace(s, lines=replace(s.lines, rows=lines)))
    assert state == {"s": "live", "from": WALL - 0.4, "of": [1, 3]}


def test_a_prior_close_and_a_portfolio_update_are_no_ticks() -> None:
    for kind, word in (("close", "prior close"), ("portfolio", "from TWS")):
        assert positions_state(snapshots(mark_kind=kind)) == {"s": "marked", "word": word}


def test_the_simulator_says_so() -> None:
    assert positions_state(snapshots(mode="simulated"))["word"] == "simulated live"


def test_prices_of_a_recording_are_recorded_and_stale_from_its_end_on() -> None:
    s = snapshots(mode="simulated", ages={NQ: 11.0, TSLA: 21.0})
    assert s.broker
    played = PlayedRecording("bad.tape.gz", 1.0)
    going = dataclasses.replace(s, broker=replace(s.broker, recording=played))
    assert positions_state(going)["word"] == "recorded"
    over = dataclasses.replace(s, broker=replace(s.broker, recording=replace(played, over_wall=WALL - 9.0)))
    shown = positions_state(over)
    assert (shown["s"], shown["since"]) == ("stale", WALL - 21.0)
    assert shown["text"] == "The recording is over. Last values."


def test_the_strip_says_what_the_card_says() -> None:
    for s in (snapshots(ages={NQ: 30.0}), snapshots(session="weekend", ages={NQ: 90.0}), snapshots(data_type="frozen")):
        assert strip_parts(s)["strip"]["fresh"] == positions_state(s)


def test_the_curve_is_as_old_as_what_it_is_made_of_and_as_its_last_point() -> None:
    s = snapshots(ages={NQ: 21.0})
    assert s.pnl
    before = s.pnl.points

    def state(age_s: float, daily: float | None) -> dict[str, Any]:
        points = (*before, PnlPoint(WALL - age_s, 0.0, None, None, daily))
        return pnl_state(dataclasses.replace(s, pnl=PnlSection(points=points)))

    assert state(1.0, 5.0)["from"] == WALL - 21.0
    assert state(40.0, 5.0)["from"] == WALL - 40.0
    assert state(9.0, None)["s"] == "stale"


def test_the_ledger_is_as_old_as_its_oldest_line_that_streams() -> None:
    s = snapshots()
    assert s.lines
    rows = [replace(row, last_tick_wall=WALL - 0.3) for row in s.lines.rows if row.line_class != "coverage"]
    rows[1] = replace(rows[1], last_tick_wall=WALL - 17.0)
    state = ledger_state(dataclasses.replace(s, lines=replace(s.lines, rows=tuple(rows))), NONE)
    assert state == {"s": "live", "from": WALL - 17.0}


ROWS = st.lists(
    st.builds(
        Dated,
        st.none() | st.floats(WALL - 1000.0, WALL),
        st.sampled_from(["live", "frozen", "delayed"]),
        st.booleans(),
        st.sampled_from(["", "prior close"]),
    ),
    min_size=1,
)


@given(ROWS, st.sampled_from(["pre", "open", "post", "closed", "weekend", "unknown"]))
def test_live_is_said_of_live_ticks_of_the_last_minute_alone(rows: list[Dated], session: str) -> None:
    state = market_state(snapshots(session=session), OWN, rows)
    honest = [
        row.wall
        for row in rows
        if row.wall is not None and not row.instead and not row.stands and row.data_type == "live"
    ]
    if state["s"] == "live":
        assert any(abs(state["from"] - wall) <= 0.05 for wall in honest)
        assert WALL - state["from"] <= LIVE_S + 0.05
        assert session in ("pre", "open", "post") or any(row.flows for row in rows)
    else:
        assert state["s"] in ("marked", "stale") and "from" not in state
        if session == "open":
            assert all(WALL - wall > LIVE_S for wall in honest)
    assert market_state(snapshots(session=session), NONE, rows) == NONE


def test_flow_is_what_comes_after_the_answer() -> None:
    assert FLOW_S == 10.0  # as engine.lines.repair counts


def view_of(path: str, s: Snapshots) -> View:
    page, params = find_page(PAGES, path)
    return page.build(s, params)


@pytest.mark.parametrize("path", ["/", "/positions"])
def test_no_card_that_shows_prices_is_live_on_a_weekend(path: str) -> None:
    s = snapshots(session="weekend")
    assert s.lines and s.quotes
    lines = tuple(replace(row, dwell_from_wall=WALL - 0.5, last_tick_wall=WALL - 0.4) for row in s.lines.rows)
    states = view_of(path, dataclasses.replace(s, lines=replace(s.lines, rows=lines)))["state"]
    for name in {"positions", "pnl", "heat", "signals", "futures", "curves"} & states.keys():
        assert states[name]["s"] == "marked" and states[name]["word"] == "weekend", name


def test_two_tables_show_one_change_of_a_symbol() -> None:
    """The scanners' section is of an earlier pass than the quotes: both show the quotes'."""
    s = snapshots()
    assert s.quotes and s.scanners
    quotes = tuple(replace(q, price=q.close * 1.05) if q.con_id == TSLA else q for q in s.quotes.quotes)
    parts = overview_parts(dataclasses.replace(s, quotes=replace(s.quotes, quotes=quotes)))
    heat = parts["rows:topheat"]
    assert str(TSLA) not in heat or heat[str(TSLA)]["chg"] == 5.0


@pytest.mark.parametrize(
    ("opened", "price", "expected"), [(400.0, 410.0, 2.5), (-5.0, -4.0, None), (0.0, 4.0, None), (None, 4.0, None)]
)
def test_a_candidates_change_since_the_open_has_a_base(
    opened: float | None, price: float, expected: float | None
) -> None:
    s = snapshots()
    assert s.scanners and s.quotes
    quotes = {quote.con_id: replace(quote, price=price, open=opened) for quote in s.quotes.quotes}
    candidate = next(each for each in s.scanners.candidates if each.con_id in quotes)
    (now,) = at_the_moment((candidate,), quotes)
    assert now.since_open_pct == pytest.approx(expected)


def test_a_holiday_is_said_beside_the_closed_market() -> None:
    s = snapshots(session="closed")
    assert s.broker
    s = dataclasses.replace(s, broker=replace(s.broker, session_text="holiday, opens in 23 h 29 min"))
    strip = strip_parts(s)["strip"]
    assert (strip["phase"][0], strip["session"]) == ("New York closed, holiday", "opens in 23 h 29 min")
