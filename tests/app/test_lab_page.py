"""The Lab page and the preview: what their forms may ask, what the sections become on the screen, the charts."""

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
from app.figures.lab import STEPS, lab_slice, map_figure, spread_figure
from app.rows.lab import lab_parts, verdict, won_words
from app.rows.lab_form import VARYING, values_of
from app.rows.preview import preview_part
from app.snapshots import Snapshots
from engine.clock import FakeClock
from engine.config import BreakoutParams
from engine.errors import LabError
from engine.state.bus import StateBus
from engine.state.commands import CancelLab, LookForDays, PreviewThresholds, RunLab
from engine.state.lab_sections import (
    MINUTES_FIND,
    Group,
    LabResultSection,
    LabSection,
    LabSourceSection,
    Moved,
    PreviewSection,
    Range,
    SetResult,
    SignalLine,
)
from engine.state.score_sections import ScoreFigures
from tests.app.dash_client import call
from tests.app.sample_state import MARKET, WALL, fill_sample
from tests.app.settings_desk import Desk

SECTIONS = ("broker", "settings", "answers", "lab_source", "lab", "lab_result")


def some_figures(move: float | None = 0.4, signals: int = 34) -> ScoreFigures:
    return ScoreFigures(signals, (signals,) * 4, (0.1, 0.2, move, 0.6), (1.0,) * 4, (-1.0,) * 4, 0.55)


def a_result(**changed: Any) -> LabResultSection:
    ranges = (Range("bars_n", (10.0, 20.0)), Range("buffer_atr", (0.0, 0.1, 0.2)))
    best = SetResult((20.0, 0.1), some_figures(0.5), some_figures(0.1))
    line = SignalLine(
        "AAA", "2013-10-07", "short", MARKET, "range", 10.0, 9.9, 0.05, 0.8, None,
        (0.1, None, -0.2, None), 1.0, -0.5, True,
    )  # fmt: skip
    result = LabResultSection(
        request_id="r", names=("bars_n", "buffer_atr"), ranges=ranges, split="chosen by the first of 2 days",
        notes=("a note",), sets=5, skipped=1, base=SetResult((), some_figures(0.2), some_figures(0.05)), best=(best,),
        cells=((0.1, 0.0, 5), (0.2, -0.1, 6), None, (0.3, None, 7), (0.5, 0.1, 8), (None, None, 0)),
        by_hour=(Group("10:00", some_figures()),), by_side=(Group("long", some_figures()),), by_score=(),
        spread_chosen=(1, 0, 0, 0, 1, 1, 0, 0, 0, 1), spread_judged=(0,) * 10, signals=(line,), signals_total=400,
        tapes=12, took_s=1.234,
    )  # fmt: skip
    return replace(result, **changed)


class Rig:
    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock(wall=WALL)
        self.bus = StateBus(None, self.clock)
        fill_sample(self.bus, WALL, self.clock.mono())
        self.desk = Desk(self.bus, folder, WALL)
        self.deps = AppDeps(state=self.bus, clock=self.clock)

    def ask(self, action: str, **more: Any) -> dict[str, Any]:
        return reply_to(self.deps, {"id": uuid4().hex, "action": action, **more})

    def view(self) -> dict[str, Any]:
        return lab_parts(Snapshots.read(self.bus, SECTIONS, "alive", WALL))


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


RUN = {"kind": "csv", "folder": "days", "symbols": ["aaa"], "days": [], "least": 10}
BARS = {"name": "bars_n", "start": 10, "end": 12, "count": 5}


def test_a_run_is_handed_over_with_the_values_worked_out(rig: Rig) -> None:
    assert rig.ask("lab-run", **RUN, ranges=[BARS])["text"] == ""
    assert rig.ask("lab-look", kind="app")["text"] == "" and rig.ask("lab-cancel")["text"] == ""
    run, look, cancel = rig.bus.drain()
    assert isinstance(run, RunLab) and isinstance(look, LookForDays) and isinstance(cancel, CancelLab)
    assert (run.symbols, run.folder, run.ranges) == (("AAA",), "days", (Range("bars_n", (10.0, 11.0, 12.0)),))
    assert (look.kind, look.folder) == ("app", "")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"kind": "moon"}, "The source is not valid"),
        ({"folder": " "}, "Type the folder"),
        ({"least": 0}, "1 to 1,000"),
        ({"least": "x"}, "1 to 1,000"),
        ({"symbols": "AAA"}, "not valid. Reload"),
        ({"days": [7]}, "One of the days is not valid"),
        ({"since": "2013-13-01"}, "'2013-13-01' is no date"),
        ({"until": 7}, "'7' is no date"),
        ({"ranges": [{**BARS, "start": 5}]}, "Bars N: from and to must lie between 10 and 55"),
        ({"ranges": [{**BARS, "start": 30}]}, "from not above to"),
        ({"ranges": [{**BARS, "count": 61}]}, "must be 1 to 60"),
        ({"ranges": [{**BARS, "count": 2.5}]}, "a whole number"),
        ({"ranges": [{**BARS, "end": None}]}, "must be numbers"),
        ({"ranges": [{**BARS, "name": "top_score"}]}, "does not know that threshold"),
        ({"ranges": [BARS, BARS]}, "2 thresholds vary"),
        (
            {"ranges": [{"name": n, "start": VARYING[n].low, "end": VARYING[n].high, "count": 60}
                        for n in ("buffer_atr", "rel_volume")] + [{**BARS, "count": 2}]},
            "7,200 sets; at most 5,000",
        ),
    ],
)  # fmt: skip
def test_what_can_not_be_run_is_refused_with_its_reason(rig: Rig, changed: dict[str, Any], words: str) -> None:
    assert words in rig.ask("lab-run", **{**RUN, "ranges": [BARS], **changed})["text"]
    assert rig.bus.drain() == []


@given(st.sampled_from(sorted(VARYING)), st.floats(allow_nan=True), st.floats(), st.integers(-3, 80))
def test_values_lie_within_the_models_bounds_or_are_refused(name: str, start: float, end: float, count: int) -> None:
    vary = VARYING[name]
    try:
        values = values_of(vary, start, end, count)
    except LabError:
        return
    assert values == tuple(sorted(set(values))) and all(vary.low <= value <= vary.high for value in values)
    for value in values:
        changed = {name: int(value) if value.is_integer() else value}
        if name not in ("ema_fast", "ema_slow"):
            BreakoutParams(**changed)


def test_a_preview_is_checked_and_an_empty_one_asks_for_what_is_in_force(rig: Rig) -> None:
    assert rig.ask("preview", changes={})["text"] == ""
    assert rig.ask("preview", changes={"breakout.bars_n": 15})["errors"] == {}
    assert "breakout.bars_n" in rig.ask("preview", changes={"breakout.bars_n": 5})["errors"]
    first, second = rig.bus.drain()
    assert isinstance(first, PreviewThresholds) and first.changes == {}
    assert isinstance(second, PreviewThresholds) and second.changes == {"breakout.bars_n": 15}


def test_the_preview_in_words() -> None:
    assert preview_part(None) == {}
    failed = PreviewSection(request_id="a", ok=False, text="No.")
    assert preview_part(failed) == {"id": "a", "ok": False, "text": "No."}
    new = tuple(Moved(each % 2, f"S{each % 2}", "short", MARKET + each, 0.8, None) for each in range(5))
    section = PreviewSection(
        request_id="b", ok=True, text="", symbols=497, in_force=some_figures(0.3, 16),
        moved=replace(some_figures(0.4, 14), known=(14, 14, 12, 9)), new_total=5, gone_total=7, new=new, gone=(),
        bars_to_market=MARKET, took_ms=81.4,
    )  # fmt: skip
    part = preview_part(section)
    assert (part["count"], part["now"], part["new"], part["gone"]) == ("14", "in force 16", "5 new", "7 gone")
    assert part["median"] == "Median +0.40 ATR after 30 min (in force +0.30; 12 of 14 old enough)"
    assert MINUTES_FIND in part["basis"]
    rest = ", and the 452 others, once a minute. " + MINUTES_FIND
    for often, words in ((45, rest), (497, " once a minute.")):
        said = f"{often} judged every 10 s while they streamed, as live does; the minutes without a line{words}"
        assert preview_part(replace(section, often=often))["basis"].endswith(said)
    assert part["new_list"]["rows"][0][:3] == [0, "S0", 3] and part["new_list"]["more"] == 0
    assert preview_part(replace(section, moved=replace(some_figures(None), signals=0)))["median"].startswith(
        "No signal"
    )


def test_before_a_run_the_page_says_what_will_fill_it(rig: Rig) -> None:
    view = rig.view()
    assert view["state"]["labresult"]["title"] == "No run yet" and view["lab"]["phase"] == "idle"
    rig.bus.publish("lab", LabSection(phase="failed", text="It broke."))
    assert rig.view()["state"]["labresult"] == {"s": "error", "title": "The run failed", "text": "It broke."}
    assert (rig.view()["lab"]["failed"], rig.view()["lab"]["said"]) == ("It broke.", None)


def test_a_run_under_way_and_its_source(rig: Rig) -> None:
    days = ("2013-10-07", "2013-10-08")
    source = LabSourceSection(kind="csv", folder="days", days=days, symbols=("AAA",), sizes=(2,))
    rig.bus.publish("lab_source", source)
    assert rig.view()["lab"]["found"] is not None and rig.view()["lab"]["phase"] == "idle", "before any run"
    rig.bus.publish("lab", LabSection(request_id="r", phase="running", done=10, total=40))
    lab = rig.view()["lab"]
    assert (lab["pct"], lab["said"], lab["running"]) == (25.0, "10 of 40 sets", True)
    assert lab["found"] == "1 symbol, 2 days: 2013-10-07 to 2013-10-08" and lab["problem"] is None


def test_the_folder_line_says_hours_and_what_is_left_out(rig: Rig) -> None:
    days = ("2013-10-07", "2013-10-08")
    source = LabSourceSection(
        kind="csv", folder="days", days=days, symbols=("AAA", "BBB"), sizes=(2, 1), hours="04:00 to 20:00 New York",
        left_out=4, refused=("A.csv, line 3: no.",), read=2,
    )  # fmt: skip
    rig.bus.publish("lab_source", source)
    lab = rig.view()["lab"]
    assert lab["found"] == (
        "2 symbols, 2 days: 2013-10-07 to 2013-10-08; 04:00 to 20:00 New York (2 of 3 symbol-days read); 4 files left "
        "out (no SYMBOL-YYYYMMDD.csv)"
    )
    assert lab["refused"] == "1 file can't be used. A.csv, line 3: no."


def test_a_result_on_the_page(rig: Rig) -> None:
    rig.bus.publish("lab_result", a_result())
    view = rig.view()
    shown = view["labresult"]
    assert shown["best"] == "Bars N 20 bars, Buffer 0.1 ATR" and shown["split"] == "Chosen by the first of 2 days."
    assert (shown["top_c_move"], shown["top_j_move"], shown["base_j_n"]) == (["+0.50", "gain"], ["+0.10", "gain"], "34")
    assert shown["signals"] == "first 1 of 400 signals of the best set"
    assert view["rows:labsets"]["1"]["jm"] == ["+0.10", "gain"]
    assert view["grid:labsignals"]["0"]["m15"] is None and view["grid:labsignals"]["0"]["part"] == "judged"


def test_the_verdict_does_not_fool() -> None:
    assert verdict(a_result()) == ("It held on days or symbols it had not seen: +0.10 ATR there, in force +0.05.")
    best = a_result().best[0]
    worse = replace(best, judged=replace(some_figures(0.01, 40), known=(40, 30, 12, 5)))
    assert verdict(a_result(best=(worse,))).startswith("It did not hold")
    assert verdict(a_result(best=(worse,))).endswith("By 12 signals only: chance alone may do this.")
    assert "no proof" in verdict(a_result(best=(replace(best, judged=None),)))
    assert "no signal that is 30 min old" in verdict(a_result(best=(replace(best, judged=some_figures(None)),)))
    assert verdict(a_result(best=())).startswith("Nothing was chosen")


def test_both_maps_share_one_scale_and_mark_the_best_set() -> None:
    chosen, judged = (map_figure(a_result(), part) for part in ("chosen", "judged"))
    assert chosen["data"][0]["z"] == [[0.1, 0.3], [0.2, 0.5], [None, None]]
    assert judged["data"][0]["z"] == [[0.0, None], [-0.1, 0.1], [None, None]]
    assert chosen["data"][0]["zmax"] == judged["data"][0]["zmax"] == 0.5
    assert (chosen["data"][1]["x"], chosen["data"][1]["y"]) == (["20"], ["0.1"])
    assert "make no sense" in chosen["data"][0]["customdata"][2][0]
    assert map_figure(None, "chosen")["data"] == [] == spread_figure(None)["data"]
    one = a_result(ranges=(Range("bars_n", (10.0, 20.0)),), cells=((0.1, 0.0, 5), None), best=())
    assert lab_slice(one).chosen == [[0.1, None]] and lab_slice(one).best is None
    assert len(spread_figure(a_result())["data"]) == 1, "a part without signals has no bars"


def test_the_scale_is_the_one_of_the_style_sheet() -> None:
    css = (Path(__file__).resolve().parents[2] / "assets" / "qt-tokens.css").read_text(encoding="utf-8")
    names = ("n3", "n2", "n1", "0", "p1", "p2", "p3")
    assert all(f"--qt-div-{name}: {color};" in css for name, color in zip(names, STEPS, strict=True))


def test_the_charts_are_drawn_over_http(rig: Rig) -> None:
    rig.bus.publish("lab_result", a_result())
    app = create_app(rig.deps)
    output = "..lab-map-chosen.figure...lab-map-judged.figure...lab-spread.figure.."
    answer = call(app, app.server.test_client(), output, {"lab-fresh.data": "r:1"}, "lab-fresh.data")
    assert answer.status_code == 200
    assert answer.json["response"]["lab-map-chosen"]["figure"]["data"][0]["z"][0] == [0.1, 0.3]


def test_a_share_says_of_how_many() -> None:
    figures = ScoreFigures(30, (24, 24, 24, 24), (None, None, 0.1, None), (None,) * 4, (None,) * 4, 0.5833)
    assert won_words(figures) == "58 % of 24"
    assert won_words(replace(figures, won=None)) == "–"
