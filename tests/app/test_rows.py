"""View builders: every number is the section's, every gap stays a gap, nothing is invented."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app import format as fmt
from app.format import account_labels
from app.rows.events import event_rows, refusal_text
from app.rows.find import find
from app.rows.gauge import cells, kept, legend, status_word
from app.rows.heat import CHANGE_CUTS, CUTS, heat_rows, step
from app.rows.key_figures import key_figures
from app.rows.lines import ledger, lines_parts, wanted_words
from app.rows.overview import overview_parts
from app.rows.positions import (
    filtered_rows,
    filtered_words,
    futures_rows,
    grid_rows,
    positions_parts,
    spark,
    total_row,
    without,
)
from app.rows.scanners import summary as scanners_summary
from app.rows.signals import top_signals
from app.rows.states import NOT_CONNECTED
from app.rows.strip import band, pill, strip_parts
from app.rows.treemap import exposure_tiles
from app.snapshots import Snapshots
from engine.clock import FakeClock
from engine.domain import Incident, Refusal
from engine.state.bus import StateBus
from engine.state.incident_sections import CauseFigures, IncidentsSection
from engine.state.sections import Lack, LinesSection, PlayedRecording, UniverseSection
from tests.app import sample_state as sample
from tests.browser_code.cases import FORMATS

WALL = sample.WALL


def snapshots(**changed: object) -> Snapshots:
    s = Snapshots(
        engine="alive",
        now=WALL,
        build_id="0.1.0+5a1c9e77",
        broker=replace(sample.broker(WALL), as_of_wall=WALL),
        positions=sample.positions(WALL),
        lines=sample.lines(WALL),
        scanners=sample.scanners(),
        signals=sample.signals(),
        health=sample.health(WALL),
        pnl=sample.pnl(WALL),
        universe=sample.universe(),
    )
    return dataclasses.replace(s, **changed)  # type: ignore[arg-type]


BUILDERS = (strip_parts, overview_parts, positions_parts, lines_parts)
SECTION_NAMES = ("broker", "positions", "lines", "scanners", "signals", "health", "pnl")


def missing_sets() -> Iterator[dict[str, None]]:
    yield from ({name: None} for name in SECTION_NAMES)
    yield {name: None for name in SECTION_NAMES}
    yield {name: None for name in SECTION_NAMES if name != "broker"}


@pytest.mark.parametrize(("build", "missing"), list(product(BUILDERS, missing_sets())))
def test_every_view_stands_without_any_section(build, missing) -> None:
    json.dumps(build(snapshots(**missing)), allow_nan=False)


@pytest.mark.parametrize("build", BUILDERS)
def test_every_view_stands_while_the_broker_is_away(build) -> None:
    view = build(snapshots(broker=sample.offline_broker(WALL)))
    json.dumps(view, allow_nan=False)
    for state in view.get("state", {}).values():
        assert state["s"] in ("stale", "empty", "error", "live", "loading")


def test_last_values_are_stale_since_the_connection_went() -> None:
    s = snapshots(broker=sample.offline_broker(WALL))
    text = "No connection to the broker. Last values."
    assert overview_parts(s)["state"]["lines"] == {"s": "stale", "since": WALL - 30.0, "text": text}
    priced = [row.mark_wall for row in s.positions.tradable if row.mark_wall is not None]
    assert overview_parts(s)["state"]["positions"] == {"s": "stale", "since": min(priced), "text": text}


def test_the_bell_lists_all_that_health_calls_open_the_quiet_last() -> None:
    loud, quiet = (next(c for c in sample.health(WALL).conditions if c.open), sample.health(WALL).conditions[0])
    health = replace(sample.health(WALL), conditions=(replace(quiet, open=True), loud))
    view = strip_parts(snapshots(health=health))
    assert list(view["rows:bell"]) == [loud.key, quiet.key] and view["strip"]["bell"] == 2
    assert [row.get("quiet") for row in view["rows:bell"].values()] == [None, True]
    over = replace(health, conditions=tuple(replace(c, open=False) for c in health.conditions))
    assert strip_parts(snapshots(health=over))["strip"]["bell"] is None


def test_nothing_yet_is_said_calmly_in_each_card_and_explained_once_above_them() -> None:
    s = snapshots(broker=sample.offline_broker(WALL), positions=None, pnl=None, scanners=None)
    states = overview_parts(s)["state"]
    assert states["positions"] == states["pnl"] == NOT_CONNECTED
    cards = json.dumps([state for state in states.values()])
    assert "7497" not in cards and '"error"' not in cards
    panel = strip_parts(s)["broker"]
    assert panel["title"] == "TWS or IB Gateway (paper) does not answer at 127.0.0.1:7497"
    assert panel["reason"] == "Nothing listens on 127.0.0.1:7497"
    assert panel["retry"] == {"text": "Next try in {left}", "until": WALL + sample.RETRY_S, "every": 3.0}
    trying = snapshots(broker=replace(sample.offline_broker(WALL), phase="connecting", retry_at_wall=None))
    assert strip_parts(trying)["broker"] == {**panel, "retry": "Trying now"}


def test_a_budget_that_was_never_used_has_no_last_values() -> None:
    never = replace(sample.lines(WALL), used=0, rows=())
    for parts in (overview_parts, lines_parts):
        state = parts(snapshots(broker=sample.offline_broker(WALL), lines=never))["state"]["lines"]
        assert (state["s"], state["text"]) == ("stale", "No connection to the broker: no line is in use.")
        assert parts(snapshots(lines=never))["state"]["lines"]["s"] == "live"


def test_what_is_not_known_of_the_session_is_said_once() -> None:
    unknown = replace(sample.broker(WALL), session="unknown", session_text="session unknown")
    strip = strip_parts(snapshots(broker=unknown))["strip"]
    assert (strip["phase"][0], strip["session"]) == ("Session unknown", None)


def test_the_strip_says_what_it_is_connected_to() -> None:
    broker = sample.broker(WALL)
    assert pill(broker)[0] == "SIMULATED"
    assert pill(replace(broker, mode="live"))[0] == "LIVE"
    assert pill(None) == ["Starting", "idle"]
    lacks = replace(broker, mode="paper", state="degraded", state_title="Live in part", state_tone="warning")
    assert pill(replace(lacks, mode="simulated"))[0] == "In part"
    assert pill(replace(lacks, reason="A data farm is down.")) == [
        "PAPER in part", "waiting", "Live in part. A data farm is down."
    ]  # fmt: skip
    waiting = pill(sample.offline_broker(WALL))
    until = WALL + sample.RETRY_S
    assert waiting == {"text": "PAPER · next try in {left}", "until": until, "every": 3.0, "tone": "waiting"}
    at_night = replace(sample.offline_broker(WALL), state="restart window", state_title="TWS restarts")
    assert pill(at_night) == waiting, "a guess by the clock is for Health; here the countdown stands"
    offline = sample.offline_broker(WALL)
    assert pill(replace(offline, retry_at_wall=None))[0] == "PAPER · offline"
    assert pill(replace(offline, phase="connecting", mode="live"))[0] == "LIVE · connecting"
    lost = replace(broker, mode="live", state="servers lost", state_title="IB's servers are lost", state_tone="error")
    assert pill(lost)[:2] == ["LIVE · IB's servers are lost", "offline"]


def test_the_band_names_the_recording_that_is_played_its_day_and_speed_and_its_end() -> None:
    broker = sample.broker(WALL)
    simulated = strip_parts(snapshots())["strip"]
    assert simulated["band"] == "Simulated data" and "come from the simulator" in simulated["band_text"]
    played = PlayedRecording("bad.tape.gz", 2.0, "2026-11-03")
    strip = strip_parts(snapshots(broker=replace(broker, recording=played)))["strip"]
    assert (strip["simulated"], strip["band"]) == (True, "Recorded data")
    assert strip["band_text"].startswith("bad.tape.gz of 3 Nov 2026, played at speed 2.")
    assert "simulator" not in strip["band_text"] and strip["pill"][0] == "RECORDED"
    untold = band(replace(broker, recording=replace(played, day="")))[1]
    assert untold is not None and untold.startswith("bad.tape.gz, played at speed 2.")
    over = strip_parts(snapshots(broker=replace(broker, recording=replace(played, over_wall=WALL))))["strip"]
    assert over["band"] == "The recording is over" and "bad.tape.gz of 3 Nov 2026" in over["band_text"]
    assert over["pill"][0] == "Over"
    assert band(replace(broker, mode="live")) == band(None) == (None, None)


def test_the_account_is_shown_redacted_and_nowhere_whole() -> None:
    for build in BUILDERS:
        assert sample.ACCOUNT not in json.dumps(build(snapshots()))
    assert strip_parts(snapshots())["strip"]["account"] == "DU***567"


def test_of_several_accounts_the_strip_names_the_one_whose_money_is_shown() -> None:
    bus = StateBus(None, FakeClock(wall=WALL))
    sample.fill_sample(bus, WALL)
    for shown in (None, sample.CLIENTS[1]):
        sample.fill_accounts(bus, shown)
        s = Snapshots.read(bus, ("broker", "positions", "lines", "health"), "alive", WALL)
        strip = strip_parts(s)["strip"]
        assert strip["account_label"] == "3 accounts"
        value, choice = strip["accounts"]
        assert [label for label, _ in choice] == ["", *account_labels(sample.CLIENTS).values()]
        assert choice[0][1] == "All 3 together"
        assert value == (account_labels(sample.CLIENTS)[shown] if shown else "")
        assert strip["account"] == (value or "All 3 together")
        assert strip["shown"] == (value or "all")
        for name in sample.CLIENTS:
            assert name not in json.dumps([build(s) for build in BUILDERS])


def test_names_of_accounts_that_look_alike_are_told_apart() -> None:
    assert account_labels(("DU1234567",)) == {"DU1234567": "DU***567"}
    assert account_labels(("DU1234567", "DU2234568")) == {"DU1234567": "DU***567", "DU2234568": "DU***568"}
    assert account_labels(("DU1234567", "DU2234567")) == {"DU1234567": "DU***567 (1)", "DU2234567": "DU***567 (2)"}
    assert account_labels(("DU1299567", "DU1234567")) == {"DU1299567": "DU***9567", "DU1234567": "DU***4567"}
    assert account_labels(("U1", "U2")) == {"U1": "U*** (1)", "U2": "U*** (2)"}
    assert account_labels(()) == {}


def test_simulated_data_are_called_so() -> None:
    assert strip_parts(snapshots())["strip"]["simulated"] is True
    paper = replace(sample.broker(WALL), mode="paper")
    assert strip_parts(snapshots(broker=paper))["strip"]["simulated"] is False


def test_the_market_clock_is_the_gateways() -> None:
    offset, base, rate, zone = strip_parts(snapshots())["strip"]["clock"]
    assert WALL + offset + (WALL - base) * (rate - 1) == pytest.approx(sample.MARKET, abs=0.1)
    assert zone == "America/New_York"
    fast = replace(sample.broker(WALL), clock_rate=10.0, as_of_wall=WALL)
    offset, base, rate, _ = strip_parts(snapshots(broker=fast))["strip"]["clock"]
    assert WALL + 5 + offset + (WALL + 5 - base) * (rate - 1) == pytest.approx(sample.MARKET + 50, abs=0.1)


def test_rows_carry_the_sections_numbers() -> None:
    section = sample.positions(WALL)
    rows = grid_rows(section, snapshots())
    for position in section.tradable:
        row = rows[str(position.con_id)]
        assert row["last"] == position.last
        assert row["unr"] == round(position.unrealized_pnl, 2)
        assert row["qty"] == position.quantity
    largest = min(rows.values(), key=lambda row: row["order"])
    assert largest["sym"] == "NQZ5"


def test_a_missing_price_stays_missing_and_says_why() -> None:
    section = sample.positions(WALL)
    bare = replace(
        section.tradable[0],
        last=None,
        last_wall=None,
        unrealized_pnl=None,
        daily_pnl=None,
        exposure=None,
        change_pct=None,
    )
    row = grid_rows(replace(section, tradable=(bare,)), snapshots())[str(bare.con_id)]
    assert row["last"] is None
    assert row["unr"] is None
    assert row["unrp"] is None
    assert row["why"] == "No price yet"


def test_a_silent_row_is_as_old_as_the_price_it_shows() -> None:
    """Not as IB's newer valuation, which values it."""
    section = sample.positions(WALL)
    first = section.tradable[0]
    mute = replace(first, silent=True, last_wall=WALL - 71.0, mark_kind="portfolio", mark_wall=WALL - 5.9)
    held = replace(section, tradable=(mute, *section.tradable[1:]))
    shown = grid_rows(held, snapshots())
    row, other = shown[str(first.con_id)], shown[str(section.tradable[1].con_id)]
    assert (row["silent"], row["at"], row["mkind"]) == (True, WALL - 71.0, "from TWS")
    assert (other["silent"], other["at"]) == (False, WALL - 0.4)
    state = positions_parts(snapshots(positions=held))["state"]["positions"]
    assert state["of"] == [len(held.tradable) - 1, len(held.tradable)], "it is not counted as live"


def test_the_total_is_the_engines_and_says_what_it_leaves_out() -> None:
    section = sample.positions(WALL)
    whole = total_row(section)["total"]
    assert (whole["unr"], whole["notes"]["unr"], whole["cur"]) == (round(section.account.unrealized_pnl, 2), "", "")
    lacking = replace(section.account, rows_daily_pnl=None, lacking=(Lack("SAP", "no exchange rate for EUR"),))
    part = total_row(replace(section, account=lacking))["total"]
    assert (part["day"], part["notes"]["unr"]) == (None, "Without SAP (no exchange rate for EUR)")
    assert part["notes"]["exp"] == part["notes"]["unr"]
    costless = replace(section.account, lacking=(Lack("KO", "cost unknown"),), daily_text="IB's figure is +800.00 off")
    notes = total_row(replace(section, account=costless))["total"]["notes"]
    assert (notes["unr"], notes["exp"]) == ("Without KO (cost unknown)", ""), "what KO is exposed to is known"
    assert notes["day"] == "IB's figure is +800.00 off"
    figures = key_figures(replace(section, account=lacking))
    assert figures["unr2"][:2] == ["without SAP", "warn"]
    assert without(lacking.lacking * 5).endswith("and 2 more")


def test_a_foreign_row_names_its_currency_and_the_sum_its_own() -> None:
    section = sample.positions(WALL)
    first = replace(section.tradable[0], currency="GBP", unit="p", per_point=0.01)
    mixed = replace(section, tradable=(first, *section.tradable[1:]))
    rows = grid_rows(mixed, snapshots())
    assert rows[str(first.con_id)]["name"].startswith("GBP · ")
    assert rows[str(first.con_id)]["pu"] == "p"
    assert total_row(mixed)["total"]["cur"] == "USD"
    assert futures_rows(mixed, snapshots())[str(first.con_id)]["point"] == "0.01 GBP"


def test_a_mark_that_is_not_the_last_trade_is_shown() -> None:
    section = sample.positions(WALL)
    option = replace(section.tradable[1], last=5.0, mark=1.0, mark_kind="mid")
    row = grid_rows(replace(section, tradable=(option,)), snapshots())[str(option.con_id)]
    assert (row["last"], row["mark"], row["mkind"], row["far"]) == (5.0, 1.0, "mid", "mid 1.00")


def test_one_contract_in_two_accounts_is_two_rows_and_no_account_leaves_whole() -> None:
    section = sample.positions(WALL)
    first = section.tradable[1]
    both = replace(section, tradable=(first, replace(first, account="DU7654321", exposure_base=1.0)), filtered=())
    rows = grid_rows(both, snapshots())
    assert sorted(rows) == [f"{first.con_id}.1", f"{first.con_id}.2"]
    assert rows[f"{first.con_id}.1"]["name"].startswith("DU***567 · ")
    assert "DU7654321" not in json.dumps(rows)
    assert len(exposure_tiles(both)) == 1, "one contract is one tile"


def test_both_tables_of_last_days_say_the_same() -> None:
    s = snapshots(holdings=sample.holdings())
    parts = positions_parts(s)
    futures, expiries = parts["rows:futures"], parts["rows:expiries"]
    assert futures[str(sample.NQ)]["trade"] == expiries[str(sample.NQ)]["trade"]
    assert futures[str(sample.NQ)]["trade"][0] == "31 trading days"
    assert futures_rows(s.positions, snapshots())[str(sample.NQ)]["trade"] is None, "not known, so not said"


def test_a_trend_says_which_averages_it_is_of() -> None:
    section = replace(sample.positions(WALL), ema_fast_len=5, ema_slow_len=34)
    row = grid_rows(section, snapshots())[str(sample.TSLA)]
    assert (row["trend"], row["trend_words"]) == ("below", "5 < 34")


def test_two_figures_of_one_position_bear_the_time_of_each() -> None:
    section = sample.positions(WALL)
    later = replace(section.tradable[0], mark_wall=WALL - 1.0, ib_wall=WALL - 7.5)
    row = grid_rows(replace(section, tradable=(later,)), snapshots())[str(later.con_id)]
    assert (row["mark_at"], row["ib_at"]) == (WALL - 1.0, WALL - 7.5)
    lost = replace(section.filtered[0], valued_wall=WALL - 90.0)
    assert filtered_rows(replace(section, filtered=(lost,)))[str(lost.con_id)]["at"] == {
        "text": "{age}",
        "from": WALL - 90.0,
    }


def test_key_figures_of_an_account_that_sent_nothing() -> None:
    section = replace(sample.positions(WALL), account=type(sample.positions(WALL).account)())
    figures = key_figures(section)
    assert figures["net"][0] == fmt.MISSING
    assert figures["net"][2] == "Not sent by the broker yet"
    assert figures["day"][0] == fmt.MISSING


@given(st.lists(st.one_of(st.none(), st.floats(0.01, 1e6)), max_size=60))
def test_a_sparkline_stays_in_its_cell_and_keeps_its_gaps(values: list[float | None]) -> None:
    heights = spark(tuple(values))
    if not heights:
        assert sum(v is not None for v in values) < 2
        return
    assert [h is None for h in heights] == [v is None for v in values]
    assert all(h is None or 0 <= h <= 40 for h in heights)


def test_filtered_words_count_by_kind() -> None:
    assert filtered_words(sample.FILTERED) == "3 OTC, 3 rights, 2 delisted, 1 warrant"


@st.composite
def line_sections(draw: st.DrawFn) -> LinesSection:
    limit = draw(st.integers(1, 120))
    buffer = draw(st.integers(0, min(10, limit)))
    counts: dict[str, int] = {}
    left = limit
    for name in ("100", "pinned", "50", "25", "coverage"):
        counts[name] = draw(st.integers(0, left))
        left -= counts[name]
    used = sum(counts.values())
    effective = draw(st.integers(0, limit))
    return replace(
        sample.lines(WALL),
        limit=limit,
        effective_limit=effective,
        buffer=buffer,
        used=used,
        scanner_capacity=max(0, effective - buffer),
        by_class=counts,
        changing=draw(st.integers(0, used)),
        near=used >= 0.9 * limit,
        rows=(),
    )


@given(line_sections())
def test_the_gauge_has_one_cell_a_line(section: LinesSection) -> None:
    text = cells(section)
    assert len(text) == section.limit
    assert text.count("p") + text.count("x") >= min(section.by_class["100"], section.used)
    assert text.count("k") == kept(section)
    assert text.count("w") == section.limit - max(section.used, section.effective_limit)
    assert text.count("x") == section.changing
    assert sum(text.count(letter) for letter in "pitncx") == section.used


@given(line_sections())
def test_the_legend_agrees_with_the_classes(section: LinesSection) -> None:
    counts = legend(section)
    assert counts["n_p"] == section.by_class["100"]
    assert counts["n_c"] == section.by_class["coverage"]
    assert (counts["n_f"] or 0) + (counts["n_w"] or 0) + kept(section) + section.used == section.limit


def test_near_and_full_are_said_in_words() -> None:
    base = sample.lines(WALL)
    assert status_word(replace(base, near=False)) is None
    assert status_word(replace(base, near=True))[0] == "NEAR"
    assert status_word(replace(base, near=True))[1] == "near", "quiet: it is as it should be"
    rotating, still = {"100": 3, "coverage": 12}, {"100": 5, "50": 45}
    assert status_word(replace(base, near=True, used=50, by_class=rotating))[:2] == ["FULL", "near"]
    assert status_word(replace(base, near=True, used=50, by_class=still))[:2] == ["FULL", "full"]


def test_the_ledger_has_positions_first_and_the_next_out_after_them() -> None:
    outs = [row["out"] for row in ledger(snapshots()).values()]
    known = [out for out in outs if out is not None]
    assert known == sorted(known)
    assert all(out is None for out in outs[: len(outs) - len(known)])


def test_a_line_that_no_scan_names_says_until_when_it_is_kept_and_what_for() -> None:
    section = sample.lines(WALL)
    held = next(row for row in section.rows if row.line_class == "25")
    idle = replace(held, holders=(), kept_until_wall=WALL + 120.0)
    s = dataclasses.replace(snapshots(lines=replace(section, rows=(idle,))), zone=ZoneInfo("UTC"))
    row = ledger(s)[str(held.con_id)]
    assert row["by"] == "kept until 19:15"
    assert row["why"].startswith("No scan asks now;") and row["why"].endswith(f"It was: {held.reason}")
    gone = replace(held, holders=(), kept_until_wall=None)
    assert wanted_words(gone, s) == "no one any more"


@pytest.mark.parametrize(("value", "expected"), [(None, None), (-9.0, -3), (0.0, 0), (0.5, 1), (9.9, 3)])
def test_heat_steps(value: float | None, expected: int | None) -> None:
    assert step(value, CHANGE_CUTS) == expected


def test_the_rows_of_a_heatmap_say_what_its_cells_are_made_of() -> None:
    candidate = replace(
        sample.scanners().candidates[0], price=4.0, change_pct=-6.04, side="short", score=0.91234, rel_volume=None,
        distance_atr=0.256, spread_bp=3.06,
    )  # fmt: skip
    assert heat_rows((candidate,))[str(candidate.con_id)] == {
        "order": 877, "sym": candidate.local_symbol, "short": True, "last": True, "chg": -6.0, "rv": None, "dist": 0.26,
        "spread": 3.1,
    }  # fmt: skip
    assert heat_rows((replace(candidate, price=None),))[str(candidate.con_id)]["last"] is None, "those come last"
    assert all(len(cuts) == 6 and list(cuts) == sorted(cuts) for cuts in CUTS.values())


def test_signals_active_by_score_then_the_ended_ones() -> None:
    rows = sorted(top_signals(snapshots()).values(), key=lambda row: row["order"])
    assert [row["sym"]["sym"] for row in rows] == ["NVDA", "AMD", "META", "PLTR"]
    assert rows[-1]["now"]["text"] == "ended {at}"
    assert [(row["now"]["score"], row["at_signal"]) for row in rows[:-1]] == [
        ("0.720", "0.80"),
        ("0.660", "0.74"),
        ("0.600", "0.68"),
    ]
    assert [row["sym"]["text"] for row in rows] == ["▲ {sym}", "▲ {sym}", "▼ {sym}", "▲ {sym}"]
    assert [row["sym"]["tone"] for row in rows] == ["long", "long", "short", "long"]


def test_the_best_by_the_score_now_come_first_who_is_not_judged_last_and_what_was_early_is_marked() -> None:
    before = snapshots()
    assert before.signals is not None and before.scanners is not None
    running = [signal for signal in before.signals.signals if signal.state == "active"]
    marked = tuple(replace(signal, before_look=signal is running[0]) for signal in before.signals.signals)
    now = ((running[0].id, 0.91), (running[1].id, 0.4))
    s = dataclasses.replace(
        before, signals=replace(before.signals, signals=marked), scanners=replace(before.scanners, scores_now=now)
    )
    rows = sorted(top_signals(s).values(), key=lambda row: row["order"])
    assert [row["sym"]["sym"] for row in rows] == ["META", "AMD", "NVDA", "PLTR"]
    assert rows[0]["sym"]["text"] == "▼ {sym} *" and "before QTrade looked" in rows[0]["sym"]["title"]
    assert rows[1]["sym"]["text"] == "▲ {sym}" and "title" not in rows[1]["sym"]
    assert rows[2]["now"] == [None, "missing", "Not judged now"]


def test_a_refusal_is_said_once() -> None:
    assert refusal_text("at limit (50/50)") == "Cannot subscribe to {sym}: at limit (50/50)"
    assert refusal_text("Cannot subscribe to RKLB: at limit (50/50)") == "Cannot subscribe to {sym}: at limit (50/50)"


@pytest.mark.parametrize("typed", ["brk b", "BRK.B", "brk-b", " Brk/B "])
def test_a_symbol_is_found_however_it_is_typed(typed: str) -> None:
    assert find(typed, sample.universe())[0].local_symbol == "BRK B"


def test_beginnings_come_before_middles() -> None:
    found = [item.local_symbol for item in find("m", sample.universe())]
    assert found[0].startswith("M")
    assert "AMD" in found
    assert find("", sample.universe()) == []
    assert find("x", None) == []


def test_what_is_held_comes_first_among_equals() -> None:
    rows = tuple((con, name, name, "STK", "SMART", "none") for con, name in ((1, "TSM"), (2, "TSLA"), (3, "TS")))
    universe = UniverseSection(symbols=rows)
    assert [item.local_symbol for item in find("ts", universe)] == ["TS", "TSM", "TSLA"]
    assert [item.local_symbol for item in find("ts", universe, {2})] == ["TS", "TSLA", "TSM"]


PYTHON_ALONE = [  # what the browser does not write
    (fmt.short_name, ("NQZ5", 2025), "NQZ5"),
    (fmt.short_name, ("AAPL  251219C00300000", 2025), "AAPL 300 C 19 Dec"),
    (fmt.short_name, ("IBM 3.5 05/15/29", 2025), "IBM …"),
]


@pytest.mark.parametrize(("function", "arguments", "text"), [*FORMATS, *PYTHON_ALONE])
def test_format(function, arguments, text: str) -> None:
    assert function(*arguments) == text


def test_redaction() -> None:
    assert fmt.redacted("DU1234567") == "DU***567"
    assert fmt.redacted("U12") == "U***"
    assert fmt.redacted(None) == "–"


def test_events_say_a_level_with_all_its_digits() -> None:
    yen = replace(
        sample.signals().signals[0], local_symbol="6JZ5", side="long", level=0.0065435, score=0.75, state="active"
    )
    yen = replace(yen, ended_at=yen.at + 60.0)
    s = snapshots(signals=replace(sample.signals(), signals=(yen,)))
    texts = [row["text"]["text"] for row in event_rows(s).values() if row["text"]["sym"] == "6JZ5"]
    assert texts == [
        "▲ {sym} signal ended, back behind 0.0065435",
        "▲ {sym} breakout at 0.0065435, score at signal 0.75",
    ]


def test_an_event_of_another_day_says_which() -> None:
    """Tuesday's close, seen on Wednesday."""
    hours = ((sample.MARKET - 90_000.0, sample.MARKET - 70_000.0), (sample.SESSION_OPEN, sample.MARKET + 3_600.0))
    s = snapshots(pnl=replace(sample.pnl(WALL), sessions=hours))
    told = {row["text"]["text"]: row["at"] for key, row in event_rows(s).items() if key.startswith("m")}
    assert told["New York opened"] == {"at": round(sample.SESSION_OPEN), "clock": "hms"}
    assert told["New York closed"]["text"] == "Tue {at}"


def eventful() -> Snapshots:
    """A day with events of every kind: forty signals after everything else."""
    first = sample.signals().signals[0]
    many = tuple(replace(first, id=f"x{n}", at=sample.MARKET - n, ended_at=None) for n in range(40))
    hours = ((sample.MARKET - 3_600.0, sample.MARKET + 3_600.0), (sample.MARKET - 90_000.0, sample.MARKET - 70_000.0))
    return snapshots(
        signals=replace(sample.signals(), signals=many),
        pnl=replace(sample.pnl(WALL), sessions=hours),
        incidents=sample.incidents(WALL),
    )


def test_events_are_of_every_kind_whatever_there_is_most_of() -> None:
    rows = event_rows(eventful())
    assert len(rows) == 14
    assert {key[0] for key in rows} >= set("srfmoc"), "signals, refusals, fills, the market, outages, conditions"
    order = [row["order"] for row in rows.values()]
    assert order == sorted(order), "newest first"
    session = [(row["text"]["text"], row["icon"][0]) for key, row in rows.items() if key.startswith("m")]
    assert session == [("New York opened", "session"), ("New York closed", "session")], "what is past, within the day"


def outage(key: str, ago_s: float, took_s: float | None, symbol: str = "", con_id: int | None = None) -> Incident:
    ended = None if took_s is None else WALL - ago_s + took_s
    cause = key.partition(":")[0]
    return Incident(key, cause, con_id, symbol, WALL - ago_s, sample.MARKET - ago_s, None, ended, "words", True)


def test_an_outage_is_said_once_with_how_long_it_took() -> None:
    figures = tuple(
        CauseFigures(cause, title, None, "", 1, False, None, None, None, ())
        for cause, title in (("track", "Data farm"), ("silent", "One position without quotes"), ("link", "Connection"))
    )
    newest = (
        outage("link", 60.0, None),
        outage("track:usfarm", 900.0, 60.0),
        outage("silent:1", 7_200.0, 71.0, "CLZ5", 1),
        outage("link", 80_000.0, 5.0),
    )
    s = snapshots(incidents=IncidentsSection(figures=figures, newest=newest))
    rows = [row for key, row in event_rows(s, 100).items() if key.startswith("o")]
    assert [(row["text"]["text"], row["icon"][0]) for row in rows] == [
        ("Connection: outage, going on", "error"),
        ("Data farm: outage of 1 min 00 s, over", "pass"),
        ("One position without quotes, {sym}: outage of 1 min 11 s, over", "pass"),
    ], "what was before today has no place among times without a date"
    assert rows[2]["text"]["sym"] == "CLZ5"
    health = sample.health(WALL)
    condition = replace(health.conditions[0], key="link", last_wall=WALL)
    s = dataclasses.replace(s, health=replace(health, conditions=(condition,)))
    assert not [key for key in event_rows(s) if key.startswith("c")], "its condition is the same thing"


def test_signals_are_counted_alike_and_say_what_is_counted() -> None:
    s = snapshots()
    assert s.signals is not None and s.scanners is not None
    active = sum(1 for signal in s.signals.signals if signal.state == "active")
    words = f"{active} active, {s.signals.total} today"
    assert overview_parts(s)["signals"]["count"] == words
    section = replace(s.scanners, signals_today=s.signals.total)
    assert scanners_summary(snapshots(scanners=section))["found"].endswith(words)


def test_a_signal_whose_end_nobody_saw_is_not_called_ended() -> None:
    """From the journal, after a restart or another broker."""
    first = replace(sample.signals().signals[0], state="ended", ended_at=None)
    (row,) = top_signals(snapshots(signals=replace(sample.signals(), signals=(first,)))).values()
    assert row["now"][0] == "not followed"


def test_events_leave_out_who_merely_ranks_too_low() -> None:
    lost = Refusal(7, "LOSR", "0.31 does not beat WINR 0.30 by 15 %", WALL - 5.0, contest=True)
    full = Refusal(8, "FULL", "Cannot subscribe to FULL: at limit (50/50)", WALL - 9.0)
    s = snapshots(lines=replace(sample.lines(WALL), refused=(lost, full)))
    names = {row["text"]["sym"] for row in event_rows(s).values()}
    assert "FULL" in names
    assert "LOSR" not in names


def test_the_small_heatmap_begins_with_those_that_have_a_price() -> None:
    first, *rest = sample.scanners().candidates
    section = replace(sample.scanners(), candidates=(replace(first, price=None), *rest))
    columns = [row["sym"] for row in overview_parts(snapshots(scanners=section))["rows:topheat"].values()]
    priced = [c.local_symbol for c in section.candidates if c.price is not None]
    assert columns == [*priced, *(c.local_symbol for c in section.candidates if c.price is None)][: len(columns)]
    assert columns[0] == rest[0].local_symbol


def test_what_was_closed_today_and_the_base_currency_are_said_in_the_key_figures() -> None:
    section = sample.positions(WALL)
    a = replace(
        section.account, currency="EUR", base_currency="EUR", daily_pnl=-2_319.09, rows_daily_pnl=-3_119.89,
        filtered_daily_pnl=None, daily_text="IB's figure is +800.80 EUR off the sum of the rows",
    )  # fmt: skip
    figures = key_figures(replace(section, account=a))
    assert figures["day"][0] == "−2,319.09 EUR"
    assert figures["day2"][0] == "▼ −1.40 % · +801 closed today"
    assert "+800.80" in figures["day2"][2]
