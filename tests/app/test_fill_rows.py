"""How a fill is shown: its unit, whose it is, and what is uncertain about it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from app.rows.events import event_rows
from app.rows.marks import mark_rows
from engine.clock import NEW_YORK
from engine.domain import Fill
from tests.app.sample_state import MARKET, TSLA, WALL, positions
from tests.app.test_rows import snapshots
from tests.app.test_symbol_page import section

FILL = Fill(
    "0000e0d5.67290a01.01.01", TSLA, "TSLA", "SLD", 50.0, 409.35, MARKET - 60.0, "ISLAND", 1.02, -2_671.52, "DU1234567",
    "STK", "USD", "USD",
)  # fmt: skip


def row(fill: Fill = FILL, *others: Fill, **changes: object) -> dict:
    s = section(TSLA, fills=(fill, *others), signals=(), position=None, **changes)
    return next(row for row in mark_rows(s, MARKET, NEW_YORK).values() if "Sold 50" in row["what"])


def test_the_plain_one():
    plain = row()
    assert (plain["price"], plain["detail"]) == ("409.35", "realised −2,671.52 incl. 1.02 commission, ISLAND")
    assert plain["since"] == [None, "missing", "A fill is done: its result is in the detail"]


def test_the_price_has_its_unit():
    assert row(unit="p")["price"] == "409.35 p"


@pytest.mark.parametrize(
    ("changed", "detail"),
    [
        ({"commission": None, "realized_pnl": None}, "commission pending, ISLAND"),
        ({"commission_currency": "EUR"}, "realised −2,671.52 incl. 1.02 EUR commission, ISLAND"),
        ({"commission": -0.35, "realized_pnl": None}, "0.35 rebate, ISLAND"),
        ({"realized_pnl": None}, "commission 1.02, ISLAND"),
        ({"exec_id": "a.02", "realized_pnl": None}, "commission 1.02, corrected by the exchange, ISLAND"),
        ({"price_pending": True, "realized_pnl": None}, "commission 1.02, price may still change, ISLAND"),
        ({"liquidation": True, "realized_pnl": None}, "commission 1.02, closed by IB, ISLAND"),
    ],
)
def test_what_stands_beside_it(changed, detail):
    assert row(replace(FILL, **changed))["detail"] == detail


def test_a_time_that_could_not_be_read_is_uncertain():
    text, tone, why = row(replace(FILL, time_kind="received", exchange_time="20251105 10:33:00 Moon"))["at"]
    assert text.startswith("~") and tone == "warn"
    assert why == (
        "Time uncertain: the exchange's could not be read (20251105 10:33:00 Moon), this is when the fill came"
    )


def test_accounts_are_named_where_there_are_several():
    other = replace(FILL, account="DU7654321", side="BOT")
    s = section(TSLA, fills=(FILL, other), signals=(), position=None)
    details = [row["detail"] for row in mark_rows(s, MARKET, NEW_YORK).values()]
    assert sorted(details) == [
        f"DU***{tail}, realised −2,671.52 incl. 1.02 commission, ISLAND" for tail in ("321", "567")
    ]


def test_a_fill_that_may_be_counted_twice_is_flagged():
    first = replace(FILL, perm_id=5, cum_quantity=50.0)
    assert row(first)["since"][0] is None
    again = replace(first, exec_id="ff.1.01")
    assert row(first, again)["since"] == [
        "check", "warn",
        "A fill may be counted twice or missing: the order's fills add up to 100, its cumulative quantity is 50",
    ]  # fmt: skip
    assert row(replace(first, cum_quantity=80.0))["since"][0] is None, "the rest may be of another day"
    corrected = row(replace(first, exec_id="ff.1.02", cum_quantity=80.0))
    assert corrected["since"][0] == "check", "or its correction was another fill"


def test_events_say_unit_account_and_uncertain_time():
    pence = replace(FILL, currency="GBP", price_magnifier=100.0, realized_pnl=None)
    old = replace(pence, exec_id="old.01", time_market=MARKET - 90_000.0)
    shown = replace(positions(WALL), fills=(old, pence, replace(pence, account="DU7654321", time_kind="received")))
    s = snapshots(positions=shown)
    texts = sorted(row["text"]["text"] for key, row in event_rows(s).items() if key.startswith("f"))
    assert texts == [
        "Sold 50 {sym} @ 409.35 p, DU***321, time uncertain",
        "Sold 50 {sym} @ 409.35 p, DU***567",
    ]


def test_events_say_a_fill_price_with_all_its_digits():
    euro = replace(FILL, sec_type="CASH", price=1.15025, realized_pnl=None)
    bond = replace(FILL, exec_id="b.01", sec_type="BOND", price=97.8625, currency="USD", realized_pnl=None)
    s = snapshots(positions=replace(positions(WALL), fills=(euro, bond)))
    texts = " ".join(row["text"]["text"] for key, row in event_rows(s).items() if key.startswith("f"))
    assert "@ 1.15025" in texts and "@ 97.8625" in texts
