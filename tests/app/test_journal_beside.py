"""What the journal's page shows beside trades: IB's check, how far they went, rolls, IB's cost, bookings, options."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from app.callbacks.journal import commands_of
from app.callbacks.requests import Refused
from app.journal_book import Kept
from app.journal_excursions import Excursions
from app.rows.journal_bookings import cash_rows, option_rows, sums_in_words
from app.rows.journal_query import Chosen
from app.rows.journal_trades import beside, page_id, trip_row
from engine.bars.bar_files import BarFiles
from engine.journal.rows import CashRow, OptionEvent, PositionTold, TraderWords, TransferRow, TripLink
from engine.state.commands import JoinTrips
from engine.trades.excursion import Excursion
from engine.trades.figures import Money
from engine.trades.trip import Book
from engine.trades.trips import round_trips
from tests.app.sample_state import MARKET
from tests.unit.trades.made import deal

D = Decimal
USD = Money("USD")
MONTH = {"sec_type": "FUT", "symbol": "ES", "per_point": 50}


def rows_of(book: Book, **more: Any) -> list[dict[str, Any]]:
    told = beside(book.trips, book, more.get("positions", ()), more.get("went", {}))
    return [trip_row(trip, USD, {}, MARKET + 9_000.0, told) for trip in book.trips]


@pytest.mark.parametrize(
    ("ibs", "shown", "tone", "why"),
    [
        (None, None, "missing", "no statement"),
        ("98", 0.0, "", "agrees"),
        ("90", 8.0, "warn", "ours 98.00, IB's 90.00 USD: nothing explains it"),
    ],
)
def test_ours_stands_beside_ibs_figure(ibs: str | None, shown: float | None, tone: str, why: str) -> None:
    told = {"statement_id": "s", "ib_realized": D(ibs)} if ibs is not None else {}
    (row,) = rows_of(round_trips([deal(10, 100), deal(-10, 110, 60, **told)]))
    assert (row["ib"], row["ib_tone"]) == (shown, tone) and why in row["ib_why"]


def test_how_far_it_went_or_why_that_is_not_known() -> None:
    book = round_trips([deal(10, 100), deal(-10, 110, 60)])
    (row,) = rows_of(book, went={book.trips[0].id: Excursion(D("-20.5"), D(150), 1.0)})
    assert (row["mae"], row["mfe"], row["went_why"]) == (-20.5, 150.0, "")
    (bare,) = rows_of(book)
    assert (bare["mae"], bare["went_why"]) == (None, "no bars of that time are kept")


def rolled(joined: bool | None) -> Book:
    december, march = MONTH | {"con_id": 5, "local_symbol": "ESZ5"}, MONTH | {"con_id": 6, "local_symbol": "ESH6"}
    deals = [
        deal(2, 100, **december), deal(-2, 110, 600, **december),
        deal(2, 112, 660, **march), deal(-2, 113, 900, **march),
    ]  # fmt: skip
    words = TraderWords()
    if joined is not None:
        (roll,) = round_trips(deals).rolls
        words = TraderWords(links=(TripLink("DU1", "", roll.closed_root, roll.opened_root, joined, 1.0),))
    return round_trips(deals, (), words)


@pytest.mark.parametrize("joined", [None, True, False])
def test_a_roll_is_told_apart_and_its_campaign_summed(joined: bool | None) -> None:
    first, second = rows_of(rolled(joined))
    assert [(roll["name"], roll["into"], roll["joined"]) for roll in first["rolls"]] == [("ESH6", True, joined)]
    assert [(roll["name"], roll["into"]) for roll in second["rolls"]] == [("ESZ5", False)]
    whole = {"n": 2, "net": 1096.0, "cur": "USD", "names": ["ESZ5", "ESH6"]}  # 2 x 50 x (10 + 1), four fees
    assert first["campaign"] == second["campaign"] == (whole if joined else None)


def test_the_trader_joins_a_roll_and_takes_it_apart() -> None:
    book = rolled(None)
    desk: Any = SimpleNamespace(kept=lambda: Kept(book=book))
    closed, opened = book.trips
    asked = {"id": "a" * 32, "action": "join", "closed": page_id(closed), "opened": page_id(opened), "joined": True}
    (command,) = commands_of(asked, desk)
    assert isinstance(command, JoinTrips)
    assert (command.closed_root, command.opened_root, command.joined) == (
        book.rolls[0].closed_root, book.rolls[0].opened_root, True,
    )  # fmt: skip
    with pytest.raises(Refused, match="not in the journal any more"):
        commands_of({**asked, "opened": "0" * 16}, desk)
    with pytest.raises(Refused):
        commands_of({**asked, "joined": "yes"}, desk)


def test_ibs_average_cost_of_what_is_held_as_the_newest_statement_has_it() -> None:
    told = PositionTold(account="DU1", day="20251105", con_id=1, quantity=D(10), cost_price=D("100.1"))
    newer = replace(told, day="20251107", cost_price=D("100.2"), quantity=D(8))
    (row,) = rows_of(round_trips([deal(10, 100)]), positions=[told, newer])
    assert row["ib_cost"] == {"price": 100.2, "day": "2025-11-07", "qty": 8.0, "same": False}
    (closed,) = rows_of(round_trips([deal(10, 100), deal(-10, 101, 60)]), positions=[told])
    assert closed["ib_cost"] is None


def test_cash_and_transfers_are_one_list_with_their_sums() -> None:
    own = {"account": "DU1", "base_currency": "USD"}
    cash = [
        CashRow(day="20251106", sort="dividend", kind="Dividends", amount=D(24), currency="EUR", fx_rate=D("1.2"),
                symbol="SAP", ex_date="20251020", **own),
        CashRow(day="20251107", sort="deposit", kind="Deposits/Withdrawals", amount=D(500), currency="USD", **own),
    ]  # fmt: skip
    moved = [
        TransferRow(day="20251107", kind="INTERNAL", currency="USD", cash=D(500), **own),  # the same money
        TransferRow(day="20251105", kind="ACATS", currency="USD", quantity=D(20), amount=D(5000), symbol="IBM", **own),
    ]
    rows = cash_rows(cash, moved, Chosen("bookings"), "", {"DU1": "…1"})
    assert [(row["day"], row["what"], row["amount"], row["base"]) for row in rows] == [
        ("2025-11-05", "ACATS: +20 IBM", 5000.0, None),
        ("2025-11-06", "Dividends", 24.0, 28.8),
        ("2025-11-07", "Deposits/Withdrawals", 500.0, None),
    ]
    assert rows[1]["ex"] == "2025-10-20" and rows[0]["account"] == "…1"
    assert sums_in_words(rows) == "deposit +500.00 USD, dividend +24.00 EUR, transfer +5,000.00 USD"
    assert len(cash_rows(cash, moved, Chosen("bookings", symbol="SAP"), "", {})) == 1
    assert cash_rows(cash, moved, Chosen("bookings"), "DU2", {}) == []
    assert len(cash_rows(cash, moved, Chosen("bookings", since="20251107"), "", {})) == 1


def test_option_events_by_contract_or_underlying() -> None:
    event = OptionEvent(
        account="DU1", day="20251107", kind="Assignment", quantity=D(1), symbol="XYZ   251107P00050000",
        underlying_symbol="XYZ", expiry="20251107", strike=D(50), put_call="P", currency="USD", realized=D("79.35"),
    )  # fmt: skip
    (row,) = option_rows([event], Chosen("bookings", symbol="XYZ"), "", {})
    assert (row["what"], row["right"], row["strike"], row["ib"], row["day"]) == (
        "Assignment", "put", 50.0, 79.35, "2025-11-07",
    )  # fmt: skip
    assert option_rows([event], Chosen("bookings", symbol="SAP"), "", {}) == []


def test_a_closed_trip_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    trips = round_trips([deal(10, 100), deal(-10, 110, 60), deal(5, 10, con_id=2, local_symbol="F")]).trips
    asked: list[int] = []

    def measured(_files: BarFiles, wanted: Any, _now: float) -> dict[str, Excursion]:
        asked.append(len(wanted))
        return {trip.id: Excursion(D(-1), D(2), 1.0) for trip in wanted}

    monkeypatch.setattr("app.journal_excursions.excursions", measured)
    made = Excursions(BarFiles())
    assert len(made.of(trips, MARKET + 600.0)) == 2 and len(made.of(trips, MARKET + 660.0)) == 2
    assert asked == [2, 1], "the open one again"
    assert len(made.of(trips, MARKET + 90 * 86_400.0)) == 1, "bars of the closed one are no longer kept"
