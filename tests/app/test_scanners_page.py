"""The Scanners page: presets, heatmaps, results, the thresholds' form from the model to the engine and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.callbacks.requests import reply_to
from app.deps import AppDeps
from app.factory import create_app
from app.ids import SCAN_COLUMNS
from app.rows.scan_heat import CUTS, SPARE, heat_columns, time_part, wide_part
from app.rows.scanners import MOST_RESULTS, chips, listed, results, scanners_parts, score_bars, toggled, wall_of, why
from app.rows.thresholds import BREAKOUT_KEYS, changes_part, describe, judge, moved, set_part
from app.rows.treemap import universe_tiles
from app.snapshots import Snapshots
from app.theme import DIVERGING
from engine.clock import FakeClock
from engine.config import BreakoutParams
from engine.domain import Candidate, ScanState, ScorePart
from engine.state.bus import StateBus
from engine.state.commands import ApplySettings, DeleteScan, KeepScan, RevertChange, WhyNot
from engine.state.sections import ChangeRow, QuotesSection, ScannersSection, SettingRow, SettingsSection
from tests.app.dash_client import HEADERS, call
from tests.app.sample_state import MARKET, NQ, SMCI, TSLA, WALL, broker, fill_sample, lines, quote, scanners, universe
from tests.app.settings_desk import Desk
from tests.instantly import instantly

SECTIONS = ("broker", "positions", "lines", "health", "scanners", "quotes", "settings", "answers", "scan_parameters")


class Rig:
    """State, settings and clock of one test."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock(wall=WALL)
        self.bus = StateBus(None, self.clock)
        fill_sample(self.bus, WALL, self.clock.mono())
        self.desk = Desk(self.bus, folder, WALL)
        self.deps = AppDeps(state=self.bus, clock=self.clock)

    def ask(self, action: str, **more: Any) -> dict[str, Any]:
        return reply_to(self.deps, {"id": uuid4().hex, "action": action, **more})

    def view(self) -> dict[str, Any]:
        return scanners_parts(Snapshots.read(self.bus, SECTIONS, "alive", WALL))


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


# --- what the form is -------------------------------------------------------------------------------------------


def test_every_threshold_has_a_control_with_its_own_bounds() -> None:
    assert [key.partition(".")[2] for key in BREAKOUT_KEYS] == list(BreakoutParams.model_fields)
    bars = describe("breakout.bars_n")
    assert (bars["kind"], bars["low"], bars["high"], bars["step"], bars["default"]) == ("range", 10, 55, 1, 20)
    assert describe("breakout.buffer_atr")["low"] == 0  # a bound of zero is a bound
    assert describe("breakout.opening_range_min")["options"][0] == [0, "off"]
    assert describe("breakout.longs") == {
        "kind": "switch", "label": "Long side", "help": "breakouts upward", "default": True
    }  # fmt: skip


def test_values_say_where_they_come_from_and_what_locks_them() -> None:
    rows = (
        SettingRow("breakout.bars_n", 15, 20, "saved", False),
        SettingRow("breakout.rel_volume", 2.0, 1.5, "environment QTRADE_BREAKOUT__REL_VOLUME", True),
    )
    part = set_part(SettingsSection(rows=rows, changes=()), BREAKOUT_KEYS)
    assert part["breakout.bars_n"] == {"v": 15, "src": "saved here"}
    assert part["breakout.rel_volume"]["lock"].startswith("Fixed by environment QTRADE_BREAKOUT__REL_VOLUME.")
    assert set_part(None, BREAKOUT_KEYS) == {}


# --- judging ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "key", "words"),
    [
        ({"breakout.bars_n": 9}, "breakout.bars_n", "Must be 10 to 55, a whole number."),
        ({"breakout.bars_n": 15.5}, "breakout.bars_n", "Must be 10 to 55, a whole number."),
        ({"breakout.bars_n": "abc"}, "breakout.bars_n", "Must be 10 to 55, a whole number."),
        ({"breakout.bars_n": None}, "breakout.bars_n", "Must be 10 to 55, a whole number."),
        ({"breakout.rel_volume": 11}, "breakout.rel_volume", "Must be 0.5 to 10."),
        ({"breakout.avg_volume_floor": 1e9}, "breakout.avg_volume_floor", "Must be 0 to 5,000,000, a whole number."),
        ({"breakout.opening_range_min": 7}, "breakout.opening_range_min", "Must be one of off, 5, 15, 30, 60."),
        ({"breakout.ema_fast": 25}, "breakout.ema_fast", "Must be below EMA slow (21)."),
        ({"breakout.ema_fast": 30, "breakout.ema_slow": 25}, "breakout.ema_fast", "Must be below EMA slow (25)."),
        ({"lines.buffer": 60}, "lines.buffer", "Must be below Line limit (50). Lower Kept for positions first."),
        ({"web.port": 9000}, "web.port", "Fixed by command line --port. Start without it to change it here."),
        ({"breakout.nonsense": 1}, "breakout.nonsense", "This version does not know this setting. Reload the page."),
        ({"data_dir": "/"}, "data_dir", "This version does not know this setting. Reload the page."),
    ],
)  # fmt: skip
def test_a_bad_value_is_told_in_words_beside_its_field(rig: Rig, changes: Any, key: str, words: str) -> None:
    reply = rig.ask("apply", changes={**changes, "breakout.top_score": 0.8})
    assert reply["errors"] == {key: words}
    assert "nothing was applied" in reply["text"]
    assert rig.bus.drain() == []


def test_a_rule_seen_from_the_other_field_names_the_field_that_was_changed(rig: Rig) -> None:
    assert rig.ask("check", changes={"breakout.ema_slow": 10, "breakout.ema_fast": 8})["errors"] == {}
    wrong = judge({"breakout.ema_slow": 10}, rig.desk.keeper.section())[1]
    assert wrong == {}
    instantly(rig.desk.keeper.change({"breakout.ema_fast": 15}, "test"))
    wrong = judge({"breakout.ema_slow": 12}, rig.desk.keeper.section())[1]
    assert list(wrong) == ["breakout.ema_slow"]
    assert "EMA fast" in wrong["breakout.ema_slow"] and "EMA slow" in wrong["breakout.ema_slow"]


VALUES = st.one_of(st.integers(-100, 100), st.floats(allow_nan=True), st.text(max_size=5), st.none(), st.booleans())


@given(st.dictionaries(st.sampled_from((*BREAKOUT_KEYS, "lines.limit", "x.y", "broker.mode")), VALUES, min_size=1))
def test_what_is_judged_good_the_models_take(changes: dict[str, Any]) -> None:
    rows = tuple(SettingRow(f"breakout.{k}", v, v, "default", False) for k, v in BreakoutParams().model_dump().items())
    clean, wrong = judge(changes, SettingsSection(rows=rows, changes=()))
    assert set(changes) >= clean.keys() | wrong.keys()
    assert not clean.keys() & wrong.keys()
    assert all(text.endswith(".") for text in wrong.values())
    if clean:
        BreakoutParams.model_validate({key.partition(".")[2]: value for key, value in clean.items()})


# --- requests ---------------------------------------------------------------------------------------------------


def test_a_change_goes_to_the_engine_with_the_pages_id_and_its_answer_comes_back(rig: Rig) -> None:
    request_id = uuid4().hex
    reply = reply_to(
        rig.deps, {"id": request_id, "action": "apply", "changes": {"breakout.bars_n": "15", "breakout.rel_volume": 3}}
    )
    assert reply == {"id": request_id, "errors": {}, "text": ""}
    rig.desk.work()
    command = rig.desk.commands[0]
    assert isinstance(command, ApplySettings)
    assert command.changes == {"breakout.bars_n": 15, "breakout.rel_volume": 3.0}
    view = rig.view()
    assert view["answers"][request_id] == [True, "2 settings applied."]
    assert view["set"]["breakout.bars_n"] == {"v": 15, "src": "saved here"}
    assert view["scan"]["thresholds"] == "2 differ from the defaults"
    assert [entry["text"] for entry in view["log"].values()] == ["1.5 → 3", "20 → 15"]


def test_checking_changes_nothing(rig: Rig) -> None:
    assert rig.ask("check", changes={"breakout.bars_n": 15}) | {"id": None} == {"id": None, "errors": {}, "text": ""}
    assert rig.bus.drain() == []


def test_one_click_takes_a_change_back(rig: Rig) -> None:
    rig.ask("apply", changes={"breakout.bars_n": 15})
    rig.desk.work()
    rig.ask("revert", change=1)
    rig.desk.work()
    assert isinstance(rig.desk.commands[-1], RevertChange)
    assert rig.view()["set"]["breakout.bars_n"]["v"] == 20
    assert [entry["done"] for entry in rig.view()["log"].values()] == [False, True]


def test_the_change_is_there_after_a_restart(rig: Rig, tmp_path: Path) -> None:
    rig.ask("apply", changes={"breakout.bars_n": 15})
    rig.desk.work()
    assert Rig(tmp_path).view()["set"]["breakout.bars_n"]["v"] == 15


def test_a_named_set_is_kept_loaded_and_taken_back_by_one_click(rig: Rig) -> None:
    rig.ask("apply", changes={"breakout.bars_n": 30})
    rig.ask("set", do="keep", name="Mine")
    rig.ask("set", do="load", name="Strict")
    rig.desk.work()
    view = rig.view()
    assert view["sets"]["Strict"][:3] == [1, True, True]
    assert view["sets"]["Mine"][:3] == [4, False, False]
    assert "Bars N 20 → 30" in view["sets"]["Mine"][3]
    newest = min(view["log"].values(), key=lambda entry: entry["order"])
    assert newest["label"] == "Set Strict" and "Buffer 0.1 → 0.3" in newest["text"]
    rig.ask("revert", change=-newest["order"])
    rig.desk.work()
    assert rig.view()["set"]["breakout.bars_n"]["v"] == 30
    assert [e["text"] for e in rig.view()["log"].values() if e["label"] == "Named sets"] == ["Mine kept"]
    rig.ask("set", do="delete", name="Default")
    rig.desk.work()
    assert [answer for answer in rig.view()["answers"].values() if not answer[0]] == [
        [False, "Default is a built-in set and can't be deleted."]
    ]


GAPS = {
    "name": "Gaps",
    "scan_code": "HIGH_OPEN_GAP",
    "instrument": "STK",
    "location": "STK.NASDAQ",
    "side": "long",
    "filters": [["openGapPercAbove", "4"]],
}


def test_a_custom_scan_is_kept_shown_and_deleted(rig: Rig) -> None:
    assert rig.ask("keepscan", **GAPS)["text"] == ""
    rig.desk.work()
    assert isinstance(rig.desk.commands[-1], KeepScan)
    view = rig.view()
    assert view["customs"] == {"Gaps": [0, "HIGH_OPEN_GAP", "STK", "STK.NASDAQ", [["openGapPercAbove", "4"]], "long"]}
    entry = next(iter(view["log"].values()))
    assert (entry["label"], entry["text"]) == ("Scan Gaps", "Gaps on, Gaps kept")
    assert [code for code, _, _ in view["scanparams"]["codes"]].count("HIGH_OPEN_GAP") == 1
    rig.ask("deletescan", name="Gaps")
    rig.desk.work()
    assert isinstance(rig.desk.commands[-1], DeleteScan) and rig.view()["customs"] == {}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"scan_code": "NO_SUCH"}, "no scan code NO_SUCH"),
        ({"location": "FUT.CME"}, "no location FUT.CME for STK"),
        ({"filters": [["nonsense", "1"]]}, "no filter nonsense"),
        ({"filters": [["priceAbove", "cheap"]]}, "must be a number"),
        ({"filters": [["priceAbove"]]}, "not valid"),
        ({"filters": "priceAbove"}, "not valid"),
        ({"side": None}, "not valid"),
        ({"name": " "}, "a name first"),
    ],
)
def test_a_scan_that_the_gateway_does_not_offer_is_refused(rig: Rig, change: dict[str, Any], said: str) -> None:
    assert said in rig.ask("keepscan", **{**GAPS, **change})["text"]
    assert rig.bus.drain() == []


def test_any_symbol_can_be_explained(rig: Rig) -> None:
    assert rig.ask("why", text="NVDA")["text"] == ""
    (command,) = rig.bus.drain()
    assert isinstance(command, WhyNot) and command.text == "NVDA"
    assert "symbol first" in rig.ask("why", text="")["text"]


@pytest.mark.parametrize(
    "request_",
    [
        None,
        {"id": "0" * 32, "action": "set", "do": "burn", "name": "Strict"},
        {"id": "0" * 32, "action": "set", "do": "load", "name": 7},
        {"id": "0" * 32, "action": "set", "do": "load", "name": "x" * 200},
        {"id": "0" * 32, "action": "set", "do": "keep", "name": " "},
        [],
        {},
        {"id": "x", "action": "apply", "changes": {"breakout.bars_n": 15}},
        {"id": "g" * 32, "action": "apply", "changes": {"breakout.bars_n": 15}},
        {"id": "0" * 32, "action": "apply"},
        {"id": "0" * 32, "action": "apply", "changes": {}},
        {"id": "0" * 32, "action": "apply", "changes": [1]},
        {"id": "0" * 32, "action": "apply", "changes": {f"k{i}": 1 for i in range(101)}},
        {"id": "0" * 32, "action": "revert", "change": True},
        {"id": "0" * 32, "action": "revert", "change": "1"},
        {"id": "0" * 32, "action": "scan", "name": ["Halted"]},
        {"id": "0" * 32, "action": "probe", "host": "a b", "port": 1},
        {"id": "0" * 32, "action": "probe", "host": "a", "port": 70_000},
        {"id": "0" * 32, "action": "probe", "host": "a", "port": True},
        {"id": "0" * 32, "action": "format c:"},
    ],
)
def test_a_request_that_no_page_sends_is_refused_in_words(rig: Rig, request_: Any) -> None:
    assert reply_to(rig.deps, request_)["text"]
    assert rig.bus.drain() == []


def test_nothing_is_handed_to_a_silent_engine(rig: Rig) -> None:
    rig.clock.advance(30.0)
    assert "not running" in rig.ask("apply", changes={"breakout.bars_n": 15})["text"]
    assert rig.bus.drain() == []


def test_the_page_is_honest_before_there_is_an_engine() -> None:
    clock = FakeClock(wall=WALL)
    deps = AppDeps(state=StateBus(None, clock), clock=clock)
    view = scanners_parts(Snapshots.read(deps.state, SECTIONS, "starting", WALL))
    assert {value["s"] for name, value in view["state"].items() if name != "changes"} == {"loading"}
    assert view["chips"] == view["grid:results"] == view["rows:moves"] == {}
    request = {"id": "0" * 32, "action": "apply", "changes": {"breakout.bars_n": 15}}
    assert "not running" in reply_to(deps, request)["text"]
    assert "not up yet" in reply_to(deps, {"id": "0" * 32, "action": "scan", "name": "Halted", "on": True})["text"]


def test_the_callback_answers_over_http(rig: Rig) -> None:
    app = create_app(rig.deps)
    request = {"id": uuid4().hex, "action": "check", "changes": {"breakout.bars_n": 5}}
    values = {"scanners-request.data": request}
    answer = call(app, app.server.test_client(), "scanners-reply.data", values, "scanners-request.data")
    reply = answer.get_json()["response"]["scanners-reply"]["data"]
    assert reply["id"] == request["id"] and "breakout.bars_n" in reply["errors"]
    with app.server.test_client().get("/scanners", headers=HEADERS) as page:
        assert page.status_code == 200


# --- presets ----------------------------------------------------------------------------------------------------


def scan(name: str, state: str = "live", rows: int = 41, **more: Any) -> ScanState:
    return ScanState(name, "CODE", "STK", True, state, rows, meaning="what it means", **more)  # type: ignore[arg-type]


def test_chips_say_rows_or_the_state_in_a_word() -> None:
    base = scanners()
    section = replace(base, scans=(scan("Momentum"), scan("Gap up", "ended", 0), scan("Halted", "refused", 0)))
    chosen = SettingsSection(rows=(SettingRow("market_scan.enabled", ["Momentum"], [], "default", False),), changes=())
    drawn = chips(section, chosen)
    assert [(name, chip[1], chip[2], chip[4]) for name, chip in drawn.items()] == [
        ("Momentum", True, "41", False),
        ("Gap up", False, "ended", False),
        ("Halted", False, "refused", True),
    ]
    assert [chip[5] for chip in drawn.values()] == [True, False, False], "switched on"
    spare = chips(replace(base, scans=(scan("Active futures"),)), chosen)["Active futures"]
    assert spare[1] is True and spare[5] is False and "runs by itself" in spare[3] and spare[2].endswith(" spare")
    waiting = chips(replace(base, scans=(scan("Momentum", "off", 0),)), chosen)["Momentum"]
    assert waiting[1] is True and "all slots are in use" in waiting[3]


def enabled(*names: str, locked: bool = False) -> SettingsSection:
    source = "command line --scans" if locked else "saved"
    return SettingsSection(rows=(SettingRow("market_scan.enabled", list(names), [], source, locked),), changes=())


def test_a_switch_that_costs_another_scan_its_slot_says_so_before() -> None:
    mine = enabled("S0", "S1", "S2", "S3", "S4", "S5", "S6")
    running = tuple(scan(f"S{i}") for i in range(7))
    base = replace(scanners(), slots_used=9, scans=(*running, scan("Spare"), scan("Halted"), scan("Gap up", "off", 0)))
    drawn = chips(base, mine)
    assert drawn["Gap up"][6:] == ["One of the scans that run by themselves gives its slot up: Spare or Halted.", ""]
    assert drawn["S1"][6:] == drawn["Spare"][6:] == ["", ""], "what runs has its slot"
    one = chips(replace(base, scans=(*running, scan("Spare"), scan("Gap up", "off", 0))), mine)
    assert one["Gap up"][6] == "Spare, which runs by itself, gives its slot up."
    free = chips(replace(base, slots_used=8), mine)
    assert free["Gap up"][6:] == ["", ""]
    nine = [f"S{i}" for i in range(9)]
    full = chips(replace(base, scans=(*(scan(name) for name in nine), scan("Gap up", "off", 0))), enabled(*nine))
    assert full["Gap up"][6] == "" and "Turn one off first" in full["Gap up"][7]
    locked = chips(base, enabled("S0", locked=True))
    assert all("fixed by command line" in chip[7] for chip in locked.values())


def test_a_switch_turns_the_scan_on_and_off() -> None:
    names = [f"S{i}" for i in range(11)]
    section = replace(scanners(), scans=tuple(scan(name) for name in names))
    assert toggled("S2", True, section, enabled("S1")) == (["S1", "S2"], "")
    assert toggled("S1", False, section, enabled("S1", "S2")) == (["S2"], "")
    assert toggled("S1", True, section, enabled("S1")) == (["S1"], "")
    assert "Turn one off first" in toggled("S9", True, section, enabled(*names[:9]))[1]
    ended = replace(section, scans=(scan("S0", "ended"), *section.scans[1:]))
    assert toggled("S9", True, ended, enabled(*names[:9]))[1] == ""  # what is over for today holds no slot
    assert "runs by itself" in toggled("S5", False, section, enabled("S1"))[1]
    assert "does not know" in toggled("Nonsense", True, section, enabled("S1"))[1]
    assert "fixed by command line" in toggled("S2", True, section, enabled("S1", locked=True))[1]


def test_a_change_of_the_scans_is_told_by_their_names() -> None:
    assert moved("market_scan.enabled", ["A", "B"], ["B", "C"]) == "A off, C on"
    assert moved("breakout.opening_range_min", 15, 0) == "15 → off"
    assert moved("breakout.avg_volume_floor", 500_000, 0) == "500,000 → 0"
    assert moved("breakout.longs", True, False) == "on → off"
    section = SettingsSection(rows=(), changes=(ChangeRow(4, WALL, "page", "gone.key", 1, 2),))
    assert changes_part(section)["4"]["label"] == "gone.key"
    assert changes_part(section, BREAKOUT_KEYS) == {}


def test_changes_of_other_settings_leave_the_thresholds_list_honestly_empty(rig: Rig) -> None:
    settings = rig.bus.read("settings")
    assert isinstance(settings, SettingsSection)
    other = ChangeRow(9, WALL, "page", "broker.mode", "paper", "simulated", False)
    rig.bus.publish("settings", replace(settings, changes=(other,)))
    assert rig.view()["state"]["changes"]["s"] == "empty"


# --- heat and results -------------------------------------------------------------------------------------------


def candidate(con_id: int = 1, **more: Any) -> Candidate:
    fields: dict[str, Any] = {"score": 0.3, "parts": (), "since_market": MARKET, "scans": (), "state": "candidate",
                              "side": "long", **more}  # fmt: skip
    return Candidate(
        con_id, more.pop("local_symbol", f"S{con_id}"), **{k: v for k, v in fields.items() if k != "local_symbol"}
    )


def test_a_row_of_the_results_says_all_that_the_heatmap_needs() -> None:
    up = candidate(1, price=1.0, since_open_pct=2.54, spread_bp=3.06)
    rows = rows_of(replace(scanners(), candidates=(up, candidate(2))))
    assert (rows["1"]["open"], rows["1"]["spread"]) == (2.5, 3.1)
    assert (rows["2"]["open"], rows["2"]["spread"]) == (None, None)
    assert all(len(cuts) == 6 and list(cuts) == sorted(cuts) for cuts in CUTS.values())


def test_the_wide_heatmap_holds_560_cells_and_says_only_steps() -> None:
    many = tuple(candidate(i, score=0.9, price=1.0, change_pct=5.5, side="short") for i in range(1, 90))
    part = wide_part(many)
    assert len(part) == 70
    assert part["1"] == ["S1", "g-a----"]  # far for by score; up 5.5 % is far against a short; the others are not known


def test_the_universe_map_sizes_by_dollar_volume_and_tells_its_colours_apart() -> None:
    quotes = tuple(
        replace(quote(con_id, WALL, 0.0), volume=volume, price=price, close=close)
        for con_id, volume, price, close in (
            (SMCI, 1e6, 50.0, 47.0),
            (NQ, 9e9, 100.0, 100.0),
            (4_815_747, 1e6, 190.0, 200.0),
            (TSLA, None, 400.0, 400.0),
        )
    )
    tiles = universe_tiles(QuotesSection(quotes=quotes), universe())
    assert list(tiles) == ["4815747", str(SMCI)], "no future, nothing without volume"
    assert tiles["4815747"][1:] == [190_000_000.0, -5.0, None, -3]
    assert tiles[str(SMCI)][1:] == [50_000_000.0, 6.4, None, 3]
    assert universe_tiles(None, None) == {}
    tokens = (Path(__file__).parents[2] / "assets" / "qt-tokens.css").read_text(encoding="utf-8")
    for at, colour in DIVERGING.items():
        name = "0" if at == 0 else f"{'n' if at < 0 else 'p'}{abs(at)}"
        assert f"--qt-div-{name}: {colour}" in tokens


def test_columns_without_a_price_come_last() -> None:
    many = tuple(candidate(i, price=1.0 if i % 2 else None) for i in range(1, 40))
    shown = heat_columns(many)
    assert len(shown) == SCAN_COLUMNS + SPARE
    assert [c.con_id for c in shown][:20] == [c.con_id for c in many if c.price is not None]
    assert all(c.price is None for c in shown[20:])
    assert len(heat_columns(many[:3])) == 3


def test_the_heatmap_over_time_keeps_its_gaps() -> None:
    part = time_part(scanners())
    con_id = str(scanners().candidates[0].con_id)
    order, name, scores, steps = part[con_id]
    assert (order, name) == (0, "SMCI")
    assert len(scores) == len(steps) == len(part["times"])
    assert [score is None for score in scores] == [step is None for step in steps]
    assert time_part(None) == {"times": []}


def test_the_heatmap_over_time_begins_with_its_first_candidate() -> None:
    nothing = (None,) * 9
    late = ("SMCI", (*nothing[:7], 0.6, None))
    section = replace(scanners(), heat_times=tuple(MARKET + 300.0 * i for i in range(9)), heat_score=(late,))
    part = time_part(section)
    assert part["times"] == [round(MARKET + 2100.0)] and part[str(SMCI)][2] == [0.6]
    assert time_part(replace(section, heat_score=(("SMCI", nothing),))) == {"times": []}, "honestly empty"


def test_at_a_closed_market_an_answer_has_no_age_and_the_scanners_are_on_time(rig: Rig) -> None:
    closed = replace(broker(WALL), session="weekend")
    section = replace(scanners(), breakout_run_market=MARKET - 8.0, market_run_market=MARKET - 20.0)
    rig.bus.publish_all({"broker": closed, "scanners": section})
    first, second = (c.con_id for c in section.candidates[:2])
    held = lines(WALL)
    since = {first: WALL - 1.5, second: WALL - 40.0}  # one was just asked for, the other streams
    rows = tuple(
        replace(row, con_id=con_id, last_tick_wall=WALL - 1.0, dwell_from_wall=since[con_id])
        for row, con_id in zip(held.rows, (first, second), strict=False)
    )
    rig.bus.publish("lines", replace(held, rows=rows))
    found = rig.view()["grid:results"]
    assert (found[str(first)]["at"], found[str(second)]["at"]) == (None, 0)
    assert rig.view()["scan"]["breakout"] == "breakout on time"
    late = replace(section, breakout_run_market=MARKET - 80.0)
    rig.bus.publish("scanners", late)
    assert rig.view()["scan"]["breakout"]["text"] == "breakout {age}", "late: then it is said since when"


def rows_of(section: ScannersSection) -> dict[str, Any]:
    return results(Snapshots(engine="alive", now=WALL, scanners=section), listed(section.candidates))


def test_results_carry_line_age_and_the_reason(rig: Rig) -> None:
    rows = rig.view()["grid:results"]
    first = rows[str(scanners().candidates[0].con_id)]
    assert first["cls"] == "pinned" and first["at"] == 0, "within the last seconds"
    whys = rig.view()["whys"]
    assert list(whys) == list(rows)
    reasons = list(whys.values())
    assert reasons[0] == "Confirmed breakout."
    assert reasons[2] == "volume surge at 1.49x of 1.50x" and list(rows.values())[2]["short"]
    assert reasons[3].startswith("Warming: 9 of 21 bars.")
    assert [row["order"] for row in rows.values()] == sorted(row["order"] for row in rows.values())
    scores = {str(each.con_id): each.score for each in scanners().candidates}
    assert {key: row["order"] for key, row in rows.items()} == {
        key: 10_000 - round(10_000 * scores[key]) for key in rows
    }


def test_results_go_by_more_of_the_score_than_they_show(rig: Rig) -> None:
    ahead, behind = replace(candidate(7), score=0.9124), replace(candidate(8), score=0.9122)
    rig.bus.publish("scanners", replace(scanners(), candidates=(behind, ahead)))
    rows = rig.view()["grid:results"]
    assert rows["7"]["score"] == rows["8"]["score"] == 0.912
    assert rows["7"]["order"] < rows["8"]["order"]


def test_a_missing_number_stays_missing() -> None:
    section = replace(scanners(), candidates=(candidate(7, state="scan"),))
    row = rows_of(section)["7"]
    assert [row[name] for name in ("last", "chg", "rv", "dist", "cls", "at")] == [None] * 6
    assert "no live price" in why(section.candidates[0])
    assert why(candidate(nearest_miss="")) == "–"


def test_results_are_bounded() -> None:
    section = replace(scanners(), candidates=tuple(candidate(i) for i in range(1, 201)))
    assert len(rows_of(section)) == MOST_RESULTS


def test_a_small_change_of_a_score_moves_no_row_in_or_out() -> None:
    def shown(shift: float) -> set[str]:
        many = [candidate(i, price=1.0, score=0.31 + (i * 7 % 30 + shift) / 1000) for i in range(1, 201)]
        section = replace(scanners(), candidates=tuple(sorted(many, key=lambda c: -c.score)))
        return set(rows_of(section))

    assert len(shown(0.0) ^ shown(5.0)) <= SCAN_COLUMNS + SPARE
    strong = candidate(500, score=0.9)
    section = replace(scanners(), candidates=(strong, *(candidate(i) for i in range(1, 201))))
    assert "500" in rows_of(section)


@pytest.mark.parametrize(
    ("parts", "bars"),
    [
        ((("breakout", 0.5, 0.5), ("distance", 0.225, 0.225), ("relative volume", 0.0875, 0.175)), [100, 50]),
        ((("distance", 0.1, 0.2), ("relative volume", 0.0, 0.175), ("spread", -0.01, 0.0)), [50, 0]),
        ((("gates", 0.25, 0.5),), [50, None]),
        ((("scan rank", 0.4, 0.4),), [100, None]),
        ((), [0, None]),
    ],
)
def test_score_bars_show_the_share_of_what_is_possible(parts: Any, bars: list[int | None]) -> None:
    assert score_bars(candidate(parts=tuple(ScorePart(*part) for part in parts))) == bars


def test_the_gateways_clock_turns_back_into_wall_time() -> None:
    fast = replace(broker(WALL), clock_rate=3.0, as_of_wall=WALL)
    s = Snapshots(engine="alive", now=WALL, broker=fast)
    assert wall_of(s, s.market_time(WALL - 40.0)) == pytest.approx(WALL - 40.0)
    assert wall_of(s, None) is None


def test_newest_moves_come_first_and_words_say_how_far_warming_is(rig: Rig) -> None:
    view = rig.view()
    moves = sorted(view["rows:moves"].values(), key=lambda row: row["order"])
    assert [row["sym"]["sym"] for row in moves] == ["IONQ", "QCOM", "SMCI"]
    assert [row["icon"][0] for row in moves] == ["enter", "leave", "enter"]
    assert view["scan"]["warming"] == "warming: history queued, 140 of 512"
    assert view["scan"]["slots"] == "7 of 10 slots"


def test_an_empty_scan_says_what_will_fill_it(rig: Rig) -> None:
    nothing = replace(scanners(), candidates=(), events=())
    rig.bus.publish("scanners", nothing)
    state = rig.view()["state"]
    assert state["results"]["s"] == state["moves"]["s"] == "empty"
    assert state["results"]["text"] == "warming: history queued, 140 of 512"
    assert isinstance(nothing, ScannersSection)


def test_a_held_line_decides_the_age_not_the_quote(rig: Rig) -> None:
    held = lines(WALL)
    rows = tuple(replace(row, last_tick_wall=WALL - 9.0) if row.con_id == TSLA else row for row in held.rows)
    rig.bus.publish("lines", replace(held, rows=rows))
    section = replace(scanners(), candidates=(candidate(TSLA), candidate(NQ)))
    rig.bus.publish("scanners", section)
    found = rig.view()["grid:results"]
    assert abs(found[str(TSLA)]["at"] - (WALL - 9.0)) <= 1.0
    assert found[str(NQ)]["cls"] == "100"
