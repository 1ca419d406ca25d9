"""Each kind: its declaration gives the sentence, the checks and the words; its look finds what it should."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from engine.alerts.facts import Facts
from engine.alerts.kinds import KINDS, RuleRefused, checked, defaults
from engine.alerts.looks import UNKNOWN, Look, found, kinds_with_looks
from engine.alerts.words import clean, sentence, titled
from engine.domain import Signal
from engine.state.desk_sections import HoldingFacts
from tests.unit.alerts.alert_desk import facts, figures, row

UNREADY = Facts()
ENDS = {left: {7: HoldingFacts(7, "NQ", "", last_trade="20251219", trade_left=left)} for left in (3, 4)}
NQ = row(7, local_symbol="NQZ5", sec_type="FUT", last_trade_date="20251219")


def signal(con_id: int = 5, side: str = "long", score: float = 0.8) -> Signal:
    return Signal(
        f"s{con_id}{side}", con_id, f"SYM{con_id}", side, 0.0, 0.0, 100.5, "range", 101.0, 1.0, score, (), "streaming",  # type: ignore[arg-type]
        "active",
    )  # fmt: skip


CASES: list[tuple[str, dict[str, Any], Facts, Facts]] = [  # kind, values, so, not so
    ("day_pnl", {"amount": -500.0}, facts(-500.01), facts(-500.0)),
    ("day_pnl", {"amount": 500.0, "side": "above"}, facts(501.0), facts(500.0)),
    ("day_pnl", {"account": "DU1"}, facts(figures={"": figures(0.0), "DU1": figures(-900.0)}),
     facts(figures={"": figures(-900.0), "DU1": figures(0.0)})),
    ("account_pnl", {"amount": -1_000.0}, facts(figures={"": figures(unrealized_pnl=-1_001.0)}),
     facts(figures={"": figures(unrealized_pnl=-999.0)})),
    ("position_pnl", {}, facts(rows=(row(1), row(2, unrealized_pnl=-501.0))), facts(rows=(row(1),))),
    ("position_pnl", {"symbol": 2, "measure": "day"}, facts(rows=(row(2, daily_pnl=-501.0),)),
     facts(rows=(row(1, daily_pnl=-501.0), row(2)))),
    ("signal", {"score": 0.75}, facts(signals=(signal(),)), facts(signals=(signal(score=0.74),))),
    ("signal", {"side": "short"}, facts(signals=(signal(side="short"),)), facts(signals=(signal(),))),
    ("signal", {"list": "positions"}, facts(signals=(signal(),), lists={"positions": frozenset({5})}),
     facts(signals=(signal(),), lists={"positions": frozenset({6})})),
    ("no_price", {}, facts(rows=(row(silent=True),)), facts(rows=(row(),))),
    ("no_price", {}, facts(rows=(row(last=None, mark=None),)), facts(rows=(row(last=None),))),
    ("refused", {}, facts(rows=(row(3, has_line=False),), refused=frozenset({3})),
     facts(rows=(row(3),), refused=frozenset({3}))),
    ("feed_dead", {}, facts(feed_dead=True), facts()),
    ("link", {}, facts(is_connected=False), facts()),
    ("cushion", {"pct": 10.0}, facts(figures={"": figures(net_liquidation=1_000.0, excess_liquidity=99.0)}),
     facts(figures={"": figures(net_liquidation=1_000.0, excess_liquidity=100.0)})),
    ("expiry", {"days": 3}, facts(rows=(NQ,), ends=ENDS[3]), facts(rows=(NQ,), ends=ENDS[4])),
    ("disk", {"gb": 2.0}, facts(disk_free_gb=1.9), facts(disk_free_gb=2.0)),
    ("channel", {}, facts(dead_channels={"phone": "3 tries failed"}), facts()),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "values", "so", "not_so"), CASES, ids=[f"{c[0]}-{i}" for i, c in enumerate(CASES)])
def test_a_kind_finds_it_and_says_so(kind: str, values: dict[str, Any], so: Facts, not_so: Facts) -> None:
    full = (defaults(KINDS[kind]) if kind in KINDS else {}) | values
    (look,) = found(kind, full, so).looks().values()
    assert found(kind, full, not_so)[:3] == ({}, frozenset(), True)
    if kind in KINDS:
        title, text = titled(KINDS[kind], full, look)
        assert title and text.endswith(".") and "{" not in title + text


@pytest.mark.parametrize("kind", sorted(set(kinds_with_looks()) - {"link", "channel"}))
def test_nothing_is_known_before_anything_came(kind: str) -> None:
    assert found(kind, defaults(KINDS[kind]), UNREADY) == UNKNOWN


def test_an_outage_explains_the_positions_without_prices() -> None:
    silent = facts(rows=(row(silent=True),), feed_dead=True)
    for kind in ("no_price", "refused"):
        assert found(kind, defaults(KINDS[kind]), silent) == UNKNOWN
        assert found(kind, defaults(KINDS[kind]), replace(silent, is_connected=False, feed_dead=None)) == UNKNOWN
    excused = facts(is_connected=False, link_excused=True)
    assert found("link", {"minutes": 5}, excused) == UNKNOWN


def test_a_figure_that_is_missing_is_unknown_and_not_zero() -> None:
    for kind in ("day_pnl", "account_pnl", "cushion"):
        assert found(kind, defaults(KINDS[kind]), facts(None)) == UNKNOWN
    assert found("position_pnl", defaults(KINDS["position_pnl"]), facts(rows=(row(unrealized_pnl=None),))).unknown == {
        "DU1234567:1"
    }


def test_every_kind_is_declared_whole() -> None:
    for name, kind in KINDS.items():
        values = defaults(kind)
        said = sentence(kind, values, {7: "NQZ5"}, "USD")
        assert name == kind.name and "{" not in said and said[0].islower() or said.startswith("TWS") or name == "price"
        lists, accounts = (9,), ("DU1234567",)
        if name != "price":
            assert checked(kind, {}, lists, accounts) == values
        for field in kind.fields:
            assert field.type != "choice" or field.default in dict(field.choices)
            with pytest.raises(RuleRefused):
                checked(kind, {**values, "symbol": 7, field.key: ["odd"]}, lists, accounts)
    with pytest.raises(RuleRefused, match="no such field"):
        checked(KINDS["disk"], {"more": 1}, (), ())


def test_numbers_are_taken_as_people_type_them() -> None:
    kind = KINDS["day_pnl"]
    assert checked(kind, {"amount": "−1,250.5"}, (), ())["amount"] == -1_250.5
    for odd in ("", "much", "nan", float("inf"), None, True, 1e300):
        with pytest.raises(RuleRefused):
            checked(kind, {"amount": odd}, (), ())
    with pytest.raises(RuleRefused, match="whole number"):
        checked(KINDS["expiry"], {"days": 2.5}, (), ())


def test_a_sentence_is_what_a_trader_would_say() -> None:
    kind = KINDS["day_pnl"]
    assert sentence(kind, defaults(kind), {}, "USD") == "the day's P&L of all accounts falls below −500 USD"
    price = {"symbol": 7, "side": "reaches", "level": 25_000.25, "often": "once"}
    assert sentence(KINDS["price"], price, {7: "NQZ5"}) == "NQZ5 reaches 25,000.25, once"
    half = {"symbol": 7, "side": "up", "level": 409.5, "often": "each"}
    assert sentence(KINDS["price"], half, {7: "TSLA"}) == "TSLA rises to 409.50, each time"
    assert sentence(KINDS["price"], half, {7: "X"}, decimals=4) == "X rises to 409.5000, each time"
    assert sentence(KINDS["price"], half | {"level": 409.503}, {7: "X"}, decimals=2) == "X rises to 409.503, each time"
    cushion = {"account": "DU1234567", "pct": 10.0}
    assert sentence(KINDS["cushion"], cushion, {}) == "the cushion of DU***567 falls below 10 %"


def test_prices_are_told_as_those_of_their_contract_are_written() -> None:
    reached = Look("7", 409.5, "", "", 7, "TSLA", "", 409.5)
    level = {"symbol": 7, "side": "reaches", "level": 409.5, "often": "once"}
    assert titled(KINDS["price"], level, reached, 2) == (
        "TSLA at 409.50", "TSLA has reached 409.50; it trades at 409.50."
    )  # fmt: skip
    assert titled(KINDS["price"], level, reached._replace(value=409.514), 2)[1].endswith("trades at 409.51.")
    (look,) = found("signal", defaults(KINDS["signal"]), facts(signals=(signal(),))).looks().values()
    said = titled(KINDS["signal"], {}, look, 4)
    assert said == ("SYM5 breakout at 100.5000", "SYM5 breakout at 100.5000, score at signal 0.80.")


def test_an_account_is_never_told_whole_and_no_line_breaks() -> None:
    look = Look("DU1234567:1", -600.0, "USD", "DU1234567", 1, "SY\nM‮1")
    title, text = titled(KINDS["position_pnl"], defaults(KINDS["position_pnl"]), look)
    assert "DU1234567" not in title + text and "\n" not in title + text and "‮" not in title
    assert clean("x" * 900, 20) == "x" * 19 + "…"


def test_the_nearer_of_last_trade_and_first_notice_counts() -> None:
    gold = HoldingFacts(
        7, "GC", "", last_trade="20251229", trade_left=23, notice="day", notice_day="20251128", notice_left=3
    )
    now = facts(rows=(NQ,), ends={7: gold})
    by = {what: found("expiry", {"days": 5, "what": what}, now).looks() for what in ("both", "notice", "last")}
    assert by["last"] == {} and by["both"] == by["notice"]
    (look,) = by["both"].values()
    assert (look.value, look.detail) == (3, "first notice on 28 Nov 2025")
    assert titled(KINDS["expiry"], {}, look)[0] == "NQZ5: first notice 3 trading days left"
    assert found("expiry", {"days": 5, "what": "both"}, facts(rows=(NQ,), ends={})).unknown == {NQ.key}
