"""The Symbol page without a browser: bars for display, the chart's base and tail, names, states, commands."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.callbacks.symbol import base_of, pinned, polled
from app.deps import AppDeps
from app.factory import create_app
from app.feed import Feed
from app.figures.bars import (
    BY_KEY,
    TIMEFRAMES,
    bars_of,
    daily_bars,
    ema,
    holes,
    letters,
    live_since,
    range_level,
    session_starts,
    tail_of,
    vwap,
)
from app.figures.candles import chart_base, chart_tail, stamp, vwap_now
from app.figures.zones import clock_text, exchange_zone, minute_text, shown
from app.rows.find_page import name_parts, request_id_of
from app.rows.marks import chart_marks, mark_rows
from app.rows.rules import failed_words, fill_pct, rule_rows, typeset
from app.rows.states import NOT_CONNECTED
from app.rows.symbol import _out_words, symbol_parts
from app.snapshots import Snapshots
from app.views import PAGES, find_page
from engine.bars.indicators import ema as engine_ema
from engine.bars.indicators import vwap as engine_vwap
from engine.clock import NEW_YORK, FakeClock
from engine.domain import Bar, Fill, RuleCheck
from engine.errors import CommandRefused
from engine.state.bus import StateBus
from engine.state.commands import Command, FindSymbol, PinSymbol
from engine.state.sections import QUEUED, Answer, AnswersSection, SymbolSection, UniverseSection
from tests.app.dash_client import HEADERS, call
from tests.app.sample_state import (
    CL,
    MARKET,
    NQ,
    SESSION_OPEN,
    TSLA,
    WALL,
    fill_sample,
    minute_bars,
    symbol,
    tick_sample,
)

NVDA = 4_815_747
BASE = "symbol-base.data"


def section(con_id: int = TSLA, **changes) -> SymbolSection:
    return replace(symbol(con_id, WALL, 1_000.0), **changes)


def bar(time: float, price: float = 10.0, source: str = "streamed", volume: float | None = 100.0) -> Bar:
    return Bar(time, price, price + 1, price - 1, price, volume, source)


def new_york(day: int, hour: int, minute: int = 0, month: int = 11) -> float:
    return datetime(2025, month, day, hour, minute, tzinfo=NEW_YORK).timestamp()


# --- bars ----------------------------------------------------------------------------------------------------------

minutes = st.lists(
    st.tuples(st.integers(0, 900), st.floats(1, 500), st.none() | st.floats(0, 1e6)),
    min_size=1,
    max_size=120,
    unique_by=lambda item: item[0],
).map(lambda items: tuple(bar(MARKET // 60 * 60 + 60.0 * m, p, volume=v) for m, p, v in sorted(items)))


@given(minutes, st.sampled_from([frame for frame in TIMEFRAMES if frame.key != "1D"]))
def test_the_tail_is_the_end_of_the_whole(bars, frame):
    s = section(bars=bars)
    tail = tail_of(s, frame)
    assert tail
    assert len(tail) <= frame.tail
    whole = {b.time: b for b in bars_of(s, frame)}
    for b in tail:
        same = whole[b.time]
        assert (b.open, b.high, b.low, b.close, b.volume) == (same.open, same.high, same.low, same.close, same.volume)


def chart_times(base):
    """The times of a base's bars as the browser makes them: market times, the page's offset at each, pressed ones."""
    market = np.cumsum([step * (base["size"] if i else 1) for i, step in enumerate(base["t"])]).tolist()
    ahead = {i: seconds for i, seconds in base["ahead"]}
    again = {i: (at, label) for i, at, label in base["again"]}
    out, offset = [], 0
    for i, at in enumerate(market):
        offset = ahead.get(i, offset)
        out.append(again[i][0] if i in again else at + offset)
    return out


@given(minutes, st.sampled_from(TIMEFRAMES))
def test_a_base_says_the_same_as_its_bars(bars, frame):
    s = section(bars=bars)
    base = chart_base(s, frame, 20, NEW_YORK)
    shown = bars_of(s, frame)[-frame.base :]
    times = chart_times(base)
    assert all(a < b for a, b in zip(times, times[1:], strict=False))
    assert base["c"] == [round(b.close, 2) for b in shown]
    assert all(len(base[key]) == len(shown) for key in ("o", "h", "lo", "c", "v", "f", "s", "src"))
    tail = chart_tail(s, frame, NEW_YORK)
    newest = tail[str(times[-1])]
    assert newest[:4] == [base[key][-1] for key in ("o", "h", "lo", "c")]


def test_averages_are_those_of_the_engine():
    bars = minute_bars(TSLA, 90)
    closes = np.array([b.close for b in bars])
    assert ema(closes.tolist(), 8) == pytest.approx(engine_ema(closes, 8).tolist())
    columns = [np.array([getattr(b, key) for b in bars]) for key in ("high", "low", "close", "volume")]
    starts = [True] + [False] * 89
    assert vwap(bars, starts) == pytest.approx(engine_vwap(*columns).tolist())


def test_the_level_of_the_past_is_the_high_before_each_bar_of_this_session():
    bars = [bar(60.0 * i, 10.0 + i) for i in range(12)]
    starts = [i in (0, 5) for i in range(12)]
    assert range_level(bars, starts, 3) == [None] * 8 + [18.0, 19.0, 20.0, 21.0]


def test_vwap_begins_again_with_each_session_and_needs_volume():
    day = [bar(new_york(5, 9, 28)), bar(new_york(5, 9, 29), 20), bar(new_york(5, 9, 30), 30, volume=None)]
    s = section(bars=tuple(day))
    starts = session_starts(day, s, NEW_YORK)
    assert starts == [True, False, True]
    assert vwap(day, starts) == [10.0, 15.0, None]


def test_a_futures_vwap_begins_where_the_engines_session_does():
    chicago = exchange_zone("US/Central")
    days = [new_york(4, 9, 29), new_york(4, 9, 30), new_york(4, 9, 31), new_york(4, 18), new_york(5, 9, 30)]
    bars = tuple(bar(at) for at in days)
    s = section(NQ, bars=bars, session_start=new_york(5, 9, 30))
    assert session_starts(bars, s, chicago) == [True, True, False, True, True]
    assert session_starts(bars, section(NQ, bars=bars), chicago) == [True, False, False, True, True]


def test_a_hole_inside_regular_hours_is_a_hole_and_a_night_is_not():
    bars = (
        bar(new_york(4, 15, 59)),
        bar(new_york(4, 16, 30)),  # after hours: nobody traded, nothing is missing
        bar(new_york(5, 9, 30)),
        bar(new_york(5, 9, 35)),
    )
    s = section(bars=bars)
    assert holes(bars, s, 60) == [(new_york(5, 9, 31), 4)]
    assert holes(bars, s, 300) == []


def test_the_hour_between_two_sessions_of_a_future_takes_no_room():
    bars = (bar(new_york(5, 16, 59)), bar(new_york(5, 18, 0)), bar(new_york(5, 18, 4)))
    assert holes(bars, section(NQ, bars=bars), 60) == [(new_york(5, 18, 1), 3)]


def test_times_are_those_of_the_exchange_on_both_sides_of_a_change_of_clocks():
    summer, winter = new_york(31, 9, 30, month=10), new_york(3, 9, 30)
    for at in (summer, winter):
        clock = datetime.fromtimestamp(shown(at, NEW_YORK), UTC)
        assert (clock.hour, clock.minute) == (9, 30)
    assert clock_text(winter, NEW_YORK, new_york(5, 10)) == "3 Nov 09:30"
    assert exchange_zone("no such zone") is NEW_YORK
    assert str(exchange_zone("CST (Central Standard Time)")) == "America/Chicago"


BACK = datetime(2025, 11, 2, 4, tzinfo=UTC).timestamp()  # 00:00 EDT; the clocks repeat 01:00-02:00
FORWARD = datetime(2026, 3, 8, 5, tzinfo=UTC).timestamp()


@pytest.mark.parametrize("begin", [BACK, FORWARD])
@pytest.mark.parametrize("frame", TIMEFRAMES[:-1])
def test_a_market_that_trades_through_a_change_of_clocks_has_each_of_its_bars(begin, frame):
    bars = tuple(bar(begin + 60.0 * i, 10.0 + i) for i in range(240))
    s = section(NQ, bars=bars)
    base = chart_base(s, frame, 20, NEW_YORK)
    times = chart_times(base)
    assert len(times) == len(set(times)) == 240 * 60 // frame.size_s
    assert times == sorted(times)
    assert times == [float(shown(b.time, NEW_YORK)) for b in bars_of(s, frame)], "the tail's keys are the base's times"
    assert list(map(float, chart_tail(s, frame, NEW_YORK))) == times[-frame.tail :]
    hours = [int(at // 3_600 % 24) for at in times]
    assert hours[0] == 0 and hours[-1] == (2 if begin == BACK else 4)


def test_the_repeated_hour_is_labelled_and_has_its_marks():
    bars = tuple(bar(BACK + 60.0 * i, 10.0 + i) for i in range(240))
    fill = Fill("x.01.01", NQ, "NQZ5", "BOT", 1.0, 10.0, BACK + 2 * 3_600.0 + 17 * 60.0 + 30.0, "CME")
    s = section(NQ, bars=bars, fills=(fill,), signals=())
    base = chart_base(s, BY_KEY["1m"], 20, NEW_YORK)
    assert [label for _, _, label in base["again"]][17] == "01:17 EST" and len(base["again"]) == 60
    times = chart_times(base)
    assert [mark[1] for mark in chart_marks(s, NEW_YORK)] == [shown(fill.time_market, NEW_YORK)]
    at = shown(fill.time_market, NEW_YORK)
    assert times[2 * 60 + 17] < at < times[2 * 60 + 18], "on its own bar, not on that of an hour before"


@given(st.integers(0, 6 * 3_600 * 2), st.integers(1, 7_200))
def test_shown_times_rise_with_the_moments(after, step):
    for begin in (BACK, FORWARD):
        at = begin + after / 2
        for name in ("US/Eastern", "MET", "Australia/NSW", "Australia/Lord_Howe"):
            assert shown(at, exchange_zone(name)) < shown(at + step, exchange_zone(name))


def test_all_times_of_a_page_are_new_yorks_and_the_exchanges_stand_beside_them():
    at = new_york(5, 10, 7)
    fill = Fill("x.01.01", NQ, "NQZ5", "BOT", 1.0, 10.0, at, "CME")
    there = {"time_zone": "US/Central", "signals": (), "position": None}
    s = section(NQ, bars=(bar(at),), fills=(fill,), **there)
    assert chart_base(s, BY_KEY["1m"], 20, NEW_YORK)["zone"] == "ET"
    assert mark_rows(s, at + 60, NEW_YORK)["fx.01.01"]["at"] == ["10:07:00", "", "09:07:00 CT"]
    here = section(TSLA, bars=(bar(at),), fills=(fill,), signals=(), position=None)
    assert mark_rows(here, at + 60, NEW_YORK)["fx.01.01"]["at"] == "10:07:00"


HALF_DAY = "20251126:0930-20251126:1600;20251127:CLOSED;20251128:0930-20251128:1300"


@pytest.mark.parametrize("liquid", [HALF_DAY, ""])
def test_the_afternoon_of_a_half_day_is_shaded_and_no_hole(liquid):
    """By the contract's hours, and by the exchange's calendar for the days before them."""
    day = [new_york(28, 12, 58), new_york(28, 12, 59), new_york(28, 13, 0), new_york(28, 13, 30), new_york(28, 16, 30)]
    bars = (bar(new_york(26, 15, 59)), bar(new_york(26, 16, 0)), *(bar(at) for at in day))
    s = section(TSLA, bars=bars, liquid_hours=liquid, time_zone="US/Eastern")
    assert chart_base(s, BY_KEY["1m"], 20, NEW_YORK)["off"] == ".x..xxx"
    assert holes(bars, s, 60) == []


def test_how_a_bar_is_known():
    bars = (bar(0, source="history"), bar(60), bar(120, source="history"), bar(180, source="sampled"))
    assert letters(bars, live_since(section(bars=bars))) == "hsrv"


def test_longer_bars_go_back_by_the_historys_half_hours() -> None:
    """20 days of them; where minutes are, the minutes."""
    minutes = tuple(Bar(SESSION_OPEN + 60.0 * n, 100.0, 101.0, 99.0, 100.0, 10.0, "streamed") for n in range(90))
    before = tuple(
        Bar(SESSION_OPEN - 86_400.0 * day + 1_800.0 * n, 90.0, 91.0, 89.0, 90.0, 300.0, "history")
        for day in range(20, -1, -1)
        for n in range(13)
        if day or n < 2
    )
    made = section(TSLA, bars=minutes, half_hours=before)
    by_half, by_hour, by_quarter = (bars_of(made, BY_KEY[key]) for key in ("30m", "60m", "15m"))
    assert len(by_half) == 20 * 13 + 3 and [bar.close for bar in by_half[-4:]] == [90.0, 100.0, 100.0, 100.0]
    assert len(by_hour) == 20 * 7 + 2 and by_hour[0].volume == 300.0 and by_hour[1].volume == 600.0
    assert len(by_quarter) == 6, "those of an hour and less are made of minutes alone"
    assert stamp(made) != stamp(section(TSLA, bars=minutes)), "they come later: a new base"


def test_the_running_day_is_the_days_own_and_belongs_to_the_exchanges_date():
    late = (bar(new_york(5, 19, 30)),)  # the next day in UTC
    today = daily_bars(section(bars=late))[-1]
    assert datetime.fromtimestamp(today.time, UTC).strftime("%Y-%m-%d %H:%M") == "2025-11-05 00:00"
    evening = (bar(new_york(5, 18, 30)),)  # a future's next day
    assert datetime.fromtimestamp(daily_bars(section(NQ, bars=evening))[-1].time, UTC).day == 6
    assert not today.closed


def test_history_that_comes_later_asks_for_a_new_base_and_a_new_minute_does_not():
    before = section()
    longer = replace(before, bars=(*before.bars, bar(before.bars[-1].time + 60)))
    mended = replace(before, bars=(bar(before.bars[0].time - 60, source="history"), *before.bars))
    assert stamp(longer) == stamp(before)
    assert stamp(mended) != stamp(before)


def test_a_base_is_small():
    two_days = minute_bars(TSLA, 1_900)
    sizes = {
        frame.key: len(json.dumps(chart_base(section(bars=two_days), frame, 20, NEW_YORK)).replace(" ", ""))
        for frame in TIMEFRAMES
    }
    assert max(sizes.values()) < 60_000, sizes


# --- parts ---------------------------------------------------------------------------------------------------------


def snapshots(bus: StateBus, con_id: int = TSLA, name: str | None = None) -> Snapshots:
    page, params = find_page(PAGES, f"/symbol/{name or con_id}")
    return Snapshots.read(bus, page.sections(params), "alive", WALL)


@pytest.fixture
def bus() -> StateBus:
    made = StateBus(None, FakeClock(wall=WALL))
    fill_sample(made, WALL)
    return made


def test_the_header_and_the_panels(bus):
    parts = symbol_parts(snapshots(bus), TSLA)
    head = parts["symbol"]
    assert head["name"] == "TSLA"
    assert head["badge"][0] == "Position"
    assert head["position"] == "100 @ 462.76"
    assert head["last"] == "408.08"
    assert head["change"][0].startswith("▲ +")
    assert head["line_said"] == "Subscribed LIVE TSLA (priority=100)"
    assert head["line_out"] == "never while the position is open"
    assert parts["chart"]["cost"] == 462.76
    assert [mark[0] for mark in parts["chart"]["marks"]] == ["sold"]
    assert set(parts["rows:marks"]) == {"f0001f4e8.1", "position"}
    assert {parts["state"][card]["s"] for card in ("chart", "quote", "why", "line", "marks")} == {"live"}
    assert all(f"tail:bars-{frame.key}" in parts for frame in TIMEFRAMES)


def test_the_place_among_the_next_out_counts_held_lines_as_the_ledger_does(bus):
    s = snapshots(bus)
    held = sorted((r for r in s.lines.rows if r.next_out is not None), key=lambda r: r.next_out)
    visited = replace(held[0], line_class="coverage")
    rows = tuple(visited if r is held[0] else r for r in s.lines.rows)
    seen = dataclasses.replace(s, lines=replace(s.lines, rows=rows))
    assert _out_words(visited, seen) == "when its visit ends"
    assert _out_words(held[1], seen) == "the next one"
    assert _out_words(held[2], seen) == f"place 2 of {len(held) - 1}"


def test_the_newest_trade_has_the_digits_of_its_contract(bus):
    cheap = section(min_tick=0.0001)
    bus.publish(f"symbol:{TSLA}", replace(cheap, quote=replace(cheap.quote, last=0.1234, price=0.1234, last_size=5.0)))
    assert symbol_parts(snapshots(bus), TSLA)["symbol"]["line_tick"]["text"].endswith(", 5 @ 0.1234")


def test_the_ring_has_positions_by_exposure_then_candidates_by_score(bus):
    s = snapshots(bus, TSLA)
    order = symbol_parts(s, TSLA)["ring"]["order"]
    assert [con_id for con_id, _name in order[:3]] == [NQ, CL, TSLA]
    best = [c.con_id for c in s.scanners.candidates[:20] if c.con_id not in (NQ, CL, TSLA)]
    assert [con_id for con_id, _name in order[3:]] == best


def test_while_the_engine_has_not_published_it(bus):
    parts = symbol_parts(snapshots(bus, CL), CL)
    assert parts["state"]["chart"]["s"] == "loading"
    assert parts["symbol"]["name"] == "CLZ5"
    assert parts["symbol"]["unknown"] is False
    assert "chart" not in parts


def test_bars_that_are_on_their_way(bus):
    bus.publish(f"symbol:{TSLA}", section(bars=(), message="no bars yet: history is queued"))
    state = symbol_parts(snapshots(bus), TSLA)["state"]["chart"]
    assert state == {"s": "empty", "title": "Asking for bars ...", "text": "No bars yet: history is queued."}


def test_an_unknown_contract_is_said_calmly(bus):
    parts = symbol_parts(snapshots(bus, 999), 999)
    assert parts["symbol"]["unknown"] is True
    assert parts["state"]["chart"]["title"] == "Not known here"


def test_nothing_is_unknown_while_the_broker_is_away():
    away = StateBus(None, FakeClock(wall=WALL))
    fill_sample(away, WALL, connected=False)
    parts = symbol_parts(snapshots(away, 999), 999)
    assert parts["symbol"]["unknown"] is False
    assert parts["state"]["chart"] == NOT_CONNECTED
    assert symbol_parts(snapshots(away), TSLA)["state"]["chart"]["s"] == "stale"


def test_a_filtered_position_says_why(bus):
    parts = symbol_parts(snapshots(bus, 9_005), 9_005)
    assert parts["symbol"]["name"] == "CNCE.CVR"
    assert "Contingent value right" in parts["symbol"]["filtered"]
    assert parts["state"]["chart"]["title"] == "Filtered: Contingent value right"


def test_a_closed_market_shows_its_last_session(bus):
    bus.publish(f"symbol:{TSLA}", section(message="The market is closed: the last session's bars."))
    words = symbol_parts(snapshots(bus), TSLA)["symbol"]["message"]
    assert words == "The market is closed: the last session's bars. Last session: Wed 5 Nov."


def test_missing_values_stay_missing(bus):
    bare = replace(section().quote, price=None, price_kind=None, last=None, bid=None, ask=None, volume=None, open=None)
    bus.publish(f"symbol:{TSLA}", section(quote=bare, atr=None, rel_volume=None, vwap=None, rules=(), position=None))
    parts = symbol_parts(snapshots(bus), TSLA)
    assert parts["symbol"]["last"][0] is None
    assert parts["symbol"]["bid"] is None
    assert parts["symbol"]["position"] is None
    assert parts["state"]["why"]["s"] == "empty"
    assert "NaN" not in json.dumps(parts, allow_nan=False)


def rule(value: float | None, limit: float | None, passed: bool | None, text: str) -> RuleCheck:
    return RuleCheck("R", value, limit, passed, "1.0x", text)


@pytest.mark.parametrize(
    ("check", "pct"),
    [
        (rule(100.0, 100.0, False, "> 100.00"), 50),
        (rule(101.5, 100.0, True, "> 100.00"), 75),
        (rule(98.5, 100.0, True, "< 100.00"), 75),
        (rule(0.75, 1.5, False, "≥ 1.50x"), 25),
        (rule(9.0, 1.5, True, "≥ 1.50x"), 100),
        (rule(None, 1.5, None, "≥ 1.50x"), None),
    ],
)
def test_the_bar_of_a_rule_has_its_limit_in_the_middle(check, pct):
    assert fill_pct(check, 1.0) == pct


def test_a_limit_keeps_its_digits():
    limit = rule_rows((rule(1.0, 24_710.5, False, "> 24,710.50"), rule(None, None, True, "live, not halted")), 1.0)
    assert limit["R"]["limit"] == ["live", "", "live, not halted"]
    assert rule_rows((rule(1.0, 24_710.5, False, "> 24,710.50"),), 1.0)["R"]["limit"][0] == "> 24,710.50"


def test_words_of_the_rules():
    assert failed_words((rule(1, 2, False, ""), rule(1, 2, None, ""), rule(3, 2, True, ""))) == "1 fail, 1 unknown"
    assert failed_words((rule(3, 2, True, ""),)) == "all 1 pass"
    assert typeset("-0.31, 1.49x of 1.50x, pre-market BRK-3") == "−0.31, 1.49× of 1.50×, pre-market BRK-3"


# --- names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "con_id"),
    [("TSLA", TSLA), ("tsla", TSLA), ("BRK.B", 72_063_691), ("brk-b", 72_063_691), ("BRK%20B", 72_063_691), ("nq", NQ)],
)
def test_a_name_leads_to_its_symbol(bus, name, con_id):
    assert name_parts(snapshots(bus, name=name), name)["find"]["go"] == con_id


def test_a_name_of_several_offers_the_choice(bus):
    universe = bus.read("universe")
    assert isinstance(universe, UniverseSection)
    twice = (*universe.symbols, (777, "AMDX", "AMD", "STK", "LSE", "none"), (778, "PLTR", "PLTR", "STK", "LSE", "none"))
    bus.publish("universe", replace(universe, symbols=twice))
    parts = name_parts(snapshots(bus, name="PLTR"), "PLTR")
    assert parts["find"]["go"] is None
    assert set(parts["rows:found"]) == {"88385302", "778"}


def test_a_name_that_is_not_here_is_looked_up_at_the_broker(bus):
    parts = name_parts(snapshots(bus, name="GOOGX"), "GOOGX")
    assert parts["find"]["text"].startswith("Asking the broker ...")
    assert "208813719" in parts["rows:found"]  # GOOGL
    answer = Answer(request_id_of("googx"), True, "1 found.", WALL, [[4242, "GOOGX", "STK", "SMART"]])
    bus.publish("answers", AnswersSection(answers=(answer,)))
    assert name_parts(snapshots(bus, name="GOOGX"), "GOOGX")["find"]["go"] == 4242
    bus.publish("answers", AnswersSection(answers=(replace(answer, ok=False, value=[]),)))
    assert "Nothing is called so" in name_parts(snapshots(bus, name="GOOGX"), "GOOGX")["find"]["text"]
    bus.publish("answers", AnswersSection(answers=(replace(answer, ok=False, value=None),)))
    assert "Nothing is called so" not in name_parts(snapshots(bus, name="GOOGX"), "GOOGX")["find"]["text"]


@given(st.text(max_size=80))
def test_any_name_gets_an_answer(name):
    made = StateBus(None, FakeClock(wall=WALL))
    fill_sample(made, WALL)
    assert name_parts(snapshots(made, name="x"), name)["find"] is not None


def test_the_rails_entry_opens_the_largest_position(bus):
    page, params = find_page(PAGES, "/symbol")
    s = Snapshots.read(bus, page.sections(params), "alive", WALL)
    assert page.build(s, params)["find"]["go"] == NQ


# --- commands ------------------------------------------------------------------------------------------------------


@dataclass
class Refusing:
    """A state without an engine behind it: it shows what is there and takes no command."""

    bus: StateBus
    asked: list[Command] = field(default_factory=list)
    problem: str = ""

    def read(self, name):
        return self.bus.read(name)

    def read_many(self, names):
        return self.bus.read_many(names)

    def seqs(self):
        return self.bus.seqs()

    def submit(self, command):
        self.asked.append(command)
        raise CommandRefused("This dashboard only shows.")


def feed_on(state, clock) -> Feed:
    return Feed(state, clock.wall, polled(PAGES, AppDeps(state=state, clock=clock)))


def test_each_poll_keeps_the_symbol_open(bus):
    clock = FakeClock(wall=WALL)
    feed = feed_on(bus, clock)
    feed.poll(f"/symbol/{CL}", None)
    assert bus.open_symbols() == {CL}
    feed.poll("/symbol/TSLA", None)
    feed.poll("/", None)
    assert bus.open_symbols() == {CL}


def test_a_name_is_asked_for_once_a_minute_whatever_the_number_of_tabs(bus):
    clock = FakeClock(wall=WALL)
    feed = feed_on(bus, clock)
    for _ in range(5):
        feed.poll("/symbol/GOOGX", None)
    assert [type(command) for command in bus.drain()] == [FindSymbol]


def test_a_dashboard_without_an_engine_shows_what_is_there(bus):
    state = Refusing(bus)
    feed = feed_on(state, FakeClock(wall=WALL))
    assert feed.poll(f"/symbol/{TSLA}", None).delta["set"]["symbol"]["name"] == "TSLA"
    assert feed.poll("/symbol/GOOGX", None).delta["set"]["find"]["go"] is None
    assert len(state.asked) == 2
    assert pinned(AppDeps(state=state), TSLA) == "This dashboard only shows."


def test_the_pin_is_turned_over(bus):
    deps = AppDeps(state=bus)
    assert pinned(deps, TSLA) == ""
    command = bus.drain()[0]
    assert isinstance(command, PinSymbol)
    assert (command.con_id, command.pinned) == (TSLA, True)
    bus.publish(f"symbol:{TSLA}", section(pinned=True))
    pinned(deps, TSLA)
    assert bus.drain()[0].pinned is False
    assert "not open" in pinned(deps, CL)


@pytest.mark.parametrize("con_id", [None, "76792991", -1, 0, 1.5, True, 10**12, [], {}, 999])
def test_a_base_of_anything_else_is_empty(bus, con_id):
    assert base_of(AppDeps(state=bus), con_id, "1m")["t"] == []


def test_the_base_over_http(bus):
    clock = FakeClock(wall=WALL)
    app = create_app(AppDeps(state=bus, clock=clock, build_id="b", version="0"))
    client = app.server.test_client()
    for frame in [*BY_KEY, "7m", None, 3]:
        values = {"symbol-con.data": NVDA, "symbol-timeframe.value": frame}
        answer = call(app, client, BASE, values, "symbol-con.data")
        base = answer.json["response"]["symbol-base"]["data"]
        assert base["tf"] == (frame if frame in BY_KEY else "1m")
        assert len(base["t"]) > 5
    for path in ("/symbol", "/symbol/TSLA", f"/symbol/{TSLA}"):
        with client.get(path, headers=HEADERS) as page:
            assert page.status_code == 200


def test_a_busy_poll_of_the_page_is_small(bus):
    clock = FakeClock(wall=WALL)
    feed = feed_on(bus, clock)
    answer = feed.poll(f"/symbol/{TSLA}", None)
    sizes = []
    for step in range(1, 20):
        clock.advance(2.0)
        tick_sample(bus, step, clock.wall(), clock.mono())
        moved = section(bars=(*section().bars[:-1], replace(section().bars[-1], close=408.0 + step / 100)))
        bus.publish(f"symbol:{TSLA}", replace(moved, quote=symbol(TSLA, clock.wall(), clock.mono(), step).quote))
        answer = feed.poll(f"/symbol/{TSLA}", answer.cursor)
        sizes.append(len(json.dumps(answer.delta)))
    assert sorted(sizes)[len(sizes) // 2] < 4_000, sizes


def test_a_time_that_the_clocks_show_twice_names_its_zone() -> None:
    edt = datetime(2025, 11, 2, 5, 59, tzinfo=UTC).timestamp()
    assert (clock_text(edt, NEW_YORK), clock_text(edt + 60.0, NEW_YORK)) == ("01:59:00 EDT", "01:00:00 EST")
    assert (minute_text(edt, NEW_YORK), minute_text(edt + 60.0, NEW_YORK)) == ("01:59 EDT", "01:00 EST")
    assert (minute_text(edt - 3_600.0, NEW_YORK), minute_text(edt + 3_660.0, NEW_YORK)) == ("00:59", "02:00")
    spring = datetime(2026, 3, 8, 7, tzinfo=UTC).timestamp()
    assert (minute_text(spring - 60.0, NEW_YORK), minute_text(spring, NEW_YORK)) == ("01:59", "03:00")


def at_the_close(bus, quote_s: float, dwell_s: float, data_type: str = "live") -> tuple[Snapshots, dict]:
    """TSLA in a break of its market that began 45 s ago, while New York is open."""
    s = snapshots(bus)
    assert s.symbol and s.symbol.quote and s.lines
    quote = replace(s.symbol.quote, received_wall=WALL - quote_s, data_type=data_type)
    gate = RuleCheck("Live price", None, None, True, "yes", "live, not halted", "")
    now = s.market_time(s.now)
    symbol = replace(s.symbol, quote=quote, closed_at=now - 45.0, rules=(gate,))
    lines = tuple(replace(row, dwell_from_wall=WALL - dwell_s) for row in s.lines.rows)
    s = dataclasses.replace(s, symbol=symbol, lines=replace(s.lines, rows=lines))
    return s, symbol_parts(s, TSLA)


def test_the_last_price_before_the_close_is_not_live(bus):
    _, view = at_the_close(bus, 46.0, 4_000.0)
    for card in ("quote", "chart"):
        assert (view["state"][card]["s"], view["state"][card]["word"]) == ("marked", "closed")
    row = view["rows:rules-long"]["Live price"]
    assert (row["icon"][0], row["value"][0]) == ("fail", "closed")


def test_what_answers_a_request_after_the_close_is_not_live_and_ticks_are(bus):
    assert at_the_close(bus, 2.0, 3.0)[1]["state"]["quote"]["s"] == "marked", "asked just now"
    view = at_the_close(bus, 2.0, 4_000.0)[1]
    assert view["state"]["quote"]["s"] == "live", "the calendar labels, it never gates"
    assert view["rows:rules-long"]["Live price"]["icon"][0] == "pass"


@pytest.mark.parametrize(("watched", "lane"), [(True, "watched"), (False, "visited")])
def test_a_visit_for_a_signals_price_is_called_watched_whatever_its_reason(bus, watched: bool, lane: str):
    s = snapshots(bus)
    assert s.lines
    rows = tuple(replace(row, lane="visited", reason="visit", watched=watched) for row in s.lines.rows)
    s = dataclasses.replace(s, lines=replace(s.lines, rows=rows))
    assert symbol_parts(s, TSLA)["symbol"]["line_lane"] == lane


def test_a_frozen_symbols_lane_says_so(bus):
    assert at_the_close(bus, 2.0, 4_000.0, "frozen")[1]["symbol"]["line_lane"] == "streaming, frozen"


def test_an_answer_that_there_are_no_bars_is_no_question(bus):
    said = "Historical Market Data Service error message:HMDS query returned no data: LEZ5@CME Trades"
    bus.publish(f"symbol:{TSLA}", section(bars=(), message=said))
    state = symbol_parts(snapshots(bus), TSLA)["state"]["chart"]
    assert state == {"s": "empty", "title": "No bars", "text": "HMDS query returned no data: LEZ5@CME Trades."}
    bus.publish(
        f"symbol:{TSLA}", section(bars=(), quote=None, message=QUEUED, filtered="expired: last traded 2025-09-22")
    )
    states = symbol_parts(snapshots(bus), TSLA)["state"]
    for card in ("chart", "quote"):
        assert states[card]["title"] in ("No bars", "No quote")
        assert "expired: last traded 2025-09-22" in states[card]["text"] and "queued" not in states[card]["text"]


def test_after_the_close_the_vwap_is_that_of_the_session_of_the_newest_bar():
    """The regular session's average would stretch the axis of a quiet evening."""
    day = (
        bar(new_york(5, 15, 58), 430),
        bar(new_york(5, 15, 59), 431),
        bar(new_york(5, 18, 0), 414),
        bar(new_york(5, 18, 1), 415),
    )
    over = section(bars=day, vwap=430.63, session_start=new_york(5, 9, 30), closed_at=new_york(5, 16))
    assert vwap_now(over) == chart_base(over, TIMEFRAMES[0], 20, NEW_YORK)["w"][-1] == 414.5
    running = section(bars=day[:2], vwap=430.63, session_start=new_york(5, 9, 30))
    assert vwap_now(running) == 430.63
    early = section(bars=day[2:], vwap=430.63, session_start=new_york(6, 9, 30))
    assert vwap_now(early) == 414.5
