"""The risk card's rows: sums by underlying, an index's fall, who is counted apart, margin, last days, sectors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.rows.risk import MOVE_PCT, by_root, expose, moved, risk_parts, with_facts
from app.rows.sectors import universe_rows
from app.snapshots import Snapshots
from engine.state.desk_sections import HoldingFacts, HoldingsSection, IndexBeta, IndexFacts, SectorsSection
from engine.state.sections import PositionRow, QuotesSection
from tests.app import sample_state as sample
from tests.app.sample_state import CL, NQ, TSLA

WALL = 1_795_382_400.0


def facts(con_id: int, root: str, family: str, nq: float | None, days: int = 60, **more) -> HoldingFacts:
    return HoldingFacts(con_id, root, family, betas=(IndexBeta("NQ", nq, days),), **more)


HOLDINGS = HoldingsSection(
    holdings=(
        facts(NQ, "NQ", "future", 1.0, 0, industry="Indices", last_trade="20251219", trade_left=31, notice="cash"),
        facts(TSLA, "TSLA", "stock", 1.8, industry="Consumer, Cyclical"),
        facts(CL, "CL", "future", None, 12, industry="Energy", last_trade="20251120", trade_left=3, notice="after"),
    ),
    indexes=(IndexFacts("NQ", "QQQ", 250),),
    window_days=60,
    least_days=20,
)


def snapshots(rows=None, holdings=HOLDINGS, **figures) -> Snapshots:
    section = sample.positions(WALL)
    margins = {"maint_margin": 88_107.28, "init_margin": 96_000.0, "available_funds": 88_311.46}
    account = replace(section.account, **margins, **figures)
    section = replace(section, tradable=tuple(rows) if rows is not None else section.tradable, account=account)
    return Snapshots("alive", WALL, positions=section, broker=sample.broker(WALL), holdings=holdings)


def row_of(held: int, **changes) -> PositionRow:
    return replace(next(row for row in sample.position_rows(WALL) if row.con_id == held), **changes)


def test_an_index_that_falls_by_one_per_cent():
    parts = risk_parts(snapshots())
    row = parts["rows:whatif"]["NQ"]
    nq, tesla = 25_000.25 * 20, 408.08 * 100
    loss = (nq * 1.0 + tesla * 1.8) * MOVE_PCT / 100.0
    assert row["loss"] == [f"−{-loss:,.0f}", "loss"]
    assert row["counted"] == "2 of 3"
    assert row["apart"] == "CLZ5 (12 days)"
    assert "60 daily returns, 20 at least: NQ by QQQ" in parts["risk"]["window"]


def test_net_and_gross_by_underlying_and_concentration():
    short = row_of(TSLA, quantity=-100.0)
    parts = risk_parts(snapshots([row_of(NQ), short, row_of(CL)]))
    rows = list(parts["rows:risk"].values())
    assert [row["sym"]["sym"] for row in rows] == ["NQ", "CL", "TSLA"]
    assert rows[2]["net"] == "−40,808" and rows[2]["gross"] == "40,808"
    assert rows[0]["beta"][0] == "1" and rows[1]["beta"] == [None, "missing", "12 common days of bars: too few"]
    assert parts["risk"]["largest"].startswith("NQ 83.4")
    assert parts["risk"]["three"] == "100.0 %"
    assert parts["risk"]["cushion"][0] == "52.2 %"
    assert parts["risk"]["maint"] == "88,107"


def test_a_share_and_a_future_of_one_name_are_two_underlyings():
    share, future = facts(1, "ES", "stock", 1.0), facts(2, "ES", "future", 1.0)
    rows = [row_of(TSLA, con_id=1, account="a"), row_of(NQ, con_id=2, account="a")]
    section = replace(HOLDINGS, holdings=(share, future))
    assert len(by_root([expose(*pair) for pair in with_facts(rows, section)])) == 2


def test_an_option_counts_by_its_delta_and_apart_without_one():
    option = row_of(
        TSLA, con_id=7, sec_type="OPT", local_symbol="TSLA 400 C", quantity=-2.0, per_point=100.0, exposure=2_000.0,
        exposure_base=1_000.0,
    )  # fmt: skip
    known = facts(7, "TSLA", "stock", 1.8, delta=0.5, under_price=400.0)
    assert expose(option, known).net == pytest.approx(-2 * 0.5 * 400.0 * 100.0 * 0.5)
    unknown = expose(option, replace(known, delta=None))
    assert (unknown.net, unknown.why) == (None, "without delta")
    parts = risk_parts(snapshots([option], replace(HOLDINGS, holdings=(replace(known, delta=None),))))
    assert parts["risk"]["without"] == "Not counted: TSLA 400 C (without delta)."
    assert parts["rows:whatif"]["NQ"]["counted"] == "0 of 1"
    assert parts["rows:whatif"]["NQ"]["loss"][0] == "–", "nothing counted is no nought"


def test_what_can_not_be_counted_is_named():
    assert expose(row_of(CL, mark=-5.0), None).why == "price below zero"
    assert expose(row_of(CL, exposure_base=None), None).why == "not priced"


def test_last_days_the_soonest_first():
    rows = risk_parts(snapshots())["rows:expiries"]
    assert [row["sym"]["sym"] for row in rows.values()] == ["CLZ5", "NQZ5"]
    assert list(rows.values())[0]["trade"] == ["3 trading days", "warn", "2025-11-20"]
    assert [row["notice"][0] for row in rows.values()] == ["after the last trade", "settled in cash"]


def test_without_the_engines_facts_nothing_is_made_up():
    parts = risk_parts(snapshots(holdings=None))
    assert parts["rows:whatif"] == {} and parts["risk"]["window"] is None
    assert risk_parts(Snapshots("starting", WALL))["rows:risk"] == {}


@given(st.lists(st.tuples(st.sampled_from([NQ, TSLA, CL]), st.floats(-50, 50).filter(bool)), max_size=6))
def test_sums_of_any_positions_agree(held):
    rows = [
        row_of(con_id, quantity=size, account=str(n), exposure_base=abs(size) * 1_000.0)
        for n, (con_id, size) in enumerate(held)
    ]
    exposed = [expose(*pair) for pair in with_facts(rows, HOLDINGS)]
    roots = by_root(exposed)
    assert sum(root.net for root in roots) == pytest.approx(sum(q * 1_000.0 for _, q in held))
    assert all(root.gross >= abs(root.net) - 1e-6 for root in roots)
    known = [moved(each, "NQ") for each in exposed]
    assert all((loss is None) == (each.row.con_id == CL) for loss, each in zip(known, exposed, strict=True))


def test_the_universe_by_sector():
    signals = sample.signals()
    of = ((TSLA, 0), *((con_id, 1) for con_id, *_ in sample.NAMES[3:8]))
    sectors = SectorsSection(
        sectors=(("Consumer, Cyclical", "Auto", "Cars"), ("Technology", "Software", "Apps")), of=of, waiting=3
    )
    quotes = QuotesSection(quotes=tuple(sample.quote(con_id, WALL, 0.0) for con_id, _ in of))
    s = replace_of(snapshots(), sectors=sectors, signals=signals, quotes=quotes)
    rows = universe_rows(s, 0)
    assert set(rows) == {"Consumer, Cyclical", "Technology"}
    assert rows["Technology"]["count"] == "5"
    counted = sum(int(row["long"][0]) + int(row["short"][0]) for row in rows.values())
    assert counted == sum(signal.con_id in dict(of) for signal in signals.signals)
    assert rows["Consumer, Cyclical"]["net"][:2] == ["+40,808", ""]
    assert rows["Technology"]["net"][1] == "missing"
    assert set(universe_rows(s, 2)) == {"Cars", "Apps"}
    assert universe_rows(snapshots(), 0) == {}


def replace_of(s: Snapshots, **changes) -> Snapshots:
    return Snapshots(**{**{name: getattr(s, name) for name in s.__dataclass_fields__}, **changes})
