"""Round trips: first in first out, nothing lost or doubled, each closing on its own day, the unknown said."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.journal.rows import PositionSeen, TraderWords, TripLink, TripNote, TripStop
from engine.trades import rolls
from engine.trades.lots import follow
from engine.trades.trips import round_trips
from tests.app.sample_state import MARKET
from tests.examples import examples
from tests.unit.trades.made import deal

D = Decimal
DAY = 86_400.0


def trips(*executions, **more):
    return round_trips(executions, **more).trips


def one(*executions, **more):
    (trip,) = trips(*executions, **more)
    return trip


# --- money ------------------------------------------------------------------------------------------------------------


def test_one_in_one_out():
    trip = one(deal(100, "10.5"), deal(-100, "11.25", 60))
    assert (trip.gross, trip.fees, trip.net) == (D("75"), D(2), D(73))
    assert (trip.side, trip.quantity, trip.held, trip.entry, trip.exit) == ("long", 100, 0, D("10.5"), D("11.25"))
    assert (trip.opened_at, trip.closed_at, trip.is_open) == (MARKET, MARKET + 60, False)
    assert (trip.net_base, trip.why_not_counted) == (D(73), "")


def test_first_in_first_out_and_each_closing_on_its_own_day():
    trip = one(
        deal(100, 10, fee="2"),
        deal(100, 12, 1),
        deal(-150, 13, DAY, trade_date="20251106", fee="3"),
        deal(-50, 11, 2 * DAY, trade_date="20251107", fee="-0.5"),
    )
    assert [(p.trade_date, p.quantity, p.entry, p.gross, p.fees) for p in trip.closings] == [
        ("20251106", 100, 10, 300, D(4)),
        ("20251106", 50, 12, 50, D("1.5")),
        ("20251107", 50, 12, -50, D(0)),
    ]
    assert (trip.gross, trip.fees, trip.quantity) == (300, D("5.5"), 200)
    assert trip.entry == 11 and trip.exit == D("12.5")


def test_a_short_and_a_price_in_cents():
    trip = one(
        deal(-2, "430.25", sec_type="FUT", per_point=50),
        deal(1, 428, 1, sec_type="FUT", per_point=50),
        deal(1, "431.25", 2, sec_type="FUT", per_point=50, fee="2"),
    )
    assert (trip.side, trip.gross, trip.fees) == ("short", D("62.5"), 4)


def test_a_turn_is_two_trips_and_its_commission_is_shared():
    first, second = trips(deal(100, 10), turn := deal(-300, 12, 1, fee="3"), deal(200, 11, 2, fee="2"))
    assert (first.gross, first.fees, second.gross, second.fees) == (200, 2, 200, 4)
    assert (first.side, second.side, second.quantity) == ("long", "short", 200)
    assert [share.quantity for share in (*first.shares, *second.shares)] == [100, -100, -200, 200]
    assert second.root == turn.root and first.id != second.id


def test_accounts_models_and_contracts_are_kept_apart():
    every = [deal(5, 10, account=account, model=model, con_id=con_id)
             for account in ("DU1", "DU2") for model in ("", "Growth") for con_id in (1, 2)]  # fmt: skip
    assert len({trip.id for trip in trips(*every)}) == 8 and all(trip.is_open for trip in trips(*every))


def test_two_fills_of_one_moment_count_by_their_id():
    bought, sold = deal(100, 10, id="b.01"), deal(-100, 11, id="a.01")
    assert one(bought, sold).side == one(sold, bought).side == "short"


def test_a_currency_of_its_own_and_the_base_by_the_rate_of_each_transaction():
    trip = one(
        deal(10, 100, currency="EUR", fx_rate="1.10", fee="2", commission_currency="EUR"),
        deal(-10, 110, 1, currency="EUR", fx_rate="1.20", fee="3", commission_currency="USD"),
    )
    assert (trip.gross, trip.fees, trip.net) == (100, D("4.5"), D("95.5"))
    assert (trip.gross_base, trip.fees_base) == (120, D("5.2"))


def test_a_rate_that_is_missing_is_named_and_nothing_else_suffers():
    trip = one(deal(10, 100, currency="EUR"), deal(-10, 110, 1, currency="EUR", fee="0"))
    assert (trip.net, trip.net_base) == (99, None)
    assert trip.lacks == () and trip.lacks_base == ("rate of EUR on 20251105",)


def test_a_commission_that_has_not_come_is_pending_and_no_zero():
    trip = one(deal(10, 100), deal(-10, 110, 1, fee=None))
    assert (trip.net, trip.is_pending) == (99, True)
    assert trip.why_not_counted == ""


def test_taxes_are_costs():
    assert one(deal(10, 100, taxes="0.5"), deal(-10, 110, 1)).net == D("97.5")


def test_a_contract_whose_point_nobody_knows_has_no_money():
    trip = one(deal(1, 100, per_point=None), deal(-1, 110, 1, per_point=None))
    assert trip.net is None and "what a point of its price is worth" in trip.why_not_counted


# --- options, splits, transfers ---------------------------------------------------------------------------------------


OPTION = {"sec_type": "OPT", "con_id": 9, "local_symbol": "TSLA  251121C00400000", "per_point": 100,
          "underlying_con_id": 1, "put_call": "C"}  # fmt: skip


def test_an_assignment_counts_the_premium_once_and_links_both_trips():
    stock, option = trips(
        deal(100, 390, fee="1"),
        deal(-1, 5, 1, fee="1", **OPTION),
        deal(1, 0, DAY, fee="0", kind="assignment", codes=("A", "C"), **OPTION),
        deal(-100, 400, DAY, fee="0", kind="assignment", codes=("A", "C")),
    )
    assert (stock.net, option.net) == (999, 499)
    assert stock.linked == (option.id,) and option.linked == (stock.id,)
    assert (option.ended_by, stock.ended_by) == ("assignment", "assignment")


def test_an_expiry_closes_at_nothing():
    trip = one(deal(2, "1.5", **OPTION), deal(-2, 0, DAY, fee="0", kind="expiry", **OPTION))
    assert (trip.net, trip.ended_by) == (-301, "expiry")


def test_a_split_changes_shares_and_no_money():
    trip = one(
        deal("2.7932", 400, fee="1"),
        deal("8.3796", 0, 1, fee="0", kind="split"),
        deal("-11.1728", 110, 2, fee="1"),
    )
    assert trip.closings[0].entry == 100 and trip.gross == D("111.728") and trip.quantity == D("11.1728")


def test_what_goes_to_another_place_realises_nothing():
    trip = one(deal(10, 100), deal(-10, 0, 1, fee="0", kind="transfer"))
    assert trip.gross == 0 and trip.why_not_counted == "went to another place as it was"


def test_what_came_from_another_place_has_its_cost_or_none():
    told = one(deal(10, 100, kind="transfer", fee="0"), deal(-10, 110, 1))
    assert (told.gross, told.why_not_counted) == (100, "")
    untold = one(deal(10, 0, kind="transfer", fee="0"), deal(-10, 110, 1))
    assert untold.net is None and untold.why_not_counted == "cost of what came from another place"


def test_a_corporate_action_is_said_and_not_guessed():
    trip = one(deal(10, 100), deal(-10, 0, 1, fee="0", kind="corporate action"))
    assert trip.net is None and "needs your decision" in trip.why_not_counted


# --- before the journal, and what nobody explains ---------------------------------------------------------------------


def seen(quantity, at, con_id=1, cost=None, account="DU1"):
    return PositionSeen(account, con_id, "TSLA", "STK", float(quantity), cost, MARKET + at)


EVERYTHING = PositionSeen("DU1", 0, "", "", 0.0, None, MARKET - 10)


def test_what_was_held_before_the_journal_has_the_cost_that_the_broker_tells():
    before = [seen(100, -10, cost=9.5), EVERYTHING, seen(0, 1)]
    trip = one(deal(-100, 11), seen=before)
    assert (trip.is_before, trip.side, trip.gross, trip.fees, trip.opened_at) == (True, "long", 150, 1, None)
    assert trip.entry == D("9.5") and trip.why_not_counted == ""


def test_without_a_known_cost_it_is_in_no_statistic():
    trip = one(deal(-100, 11), seen=[seen(100, -10), EVERYTHING, seen(0, 1)])
    assert trip.net is None and trip.why_not_counted == "cost of what was held before the journal"


def test_what_was_sold_before_the_first_look_was_held_before_it():
    assert one(deal(-100, 11, -3_600), seen=[EVERYTHING]).is_before
    assert not one(deal(-100, 11), seen=[EVERYTHING, seen(-100, 1)]).is_before


def test_a_statement_of_before_explains_what_was_held():
    trip = one(deal(100, 9, -DAY), deal(-100, 11), seen=[seen(100, -10, cost=9.5), EVERYTHING, seen(0, 1)])
    assert not trip.is_before and trip.gross == 200


def test_without_notes_what_closes_was_held_before():
    first, second = trips(
        deal(-50, 11, opening="close"), deal(-50, 12, 1, opening="close"), deal(-10, 12, 2, opening="open")
    )
    assert (first.is_before, first.quantity, second.side, second.is_before) == (True, 100, "short", False)


def test_a_position_that_goes_without_a_fill_is_unexplained_until_the_statement_comes():
    fills = [deal(100, 10), deal(50, 12, 2 * DAY)]
    notes = [EVERYTHING, seen(100, 1), seen(0, DAY), seen(50, 2 * DAY + 1)]
    book = round_trips(fills, notes)
    (step,) = book.unexplained
    assert (step.quantity, step.time) == (-100, MARKET + DAY)
    first, second = book.trips
    assert first.ended_by == "unexplained" and first.net is None and "a statement is needed" in first.why_not_counted
    assert (second.held, second.entry) == (50, 12)
    told = deal(-100, 9, DAY - 3_600, kind="assignment")
    book = round_trips([*fills, told], notes)
    assert book.unexplained == () and book.trips[0].gross == -100


@pytest.mark.parametrize("booked", [-20_000, -5, 5, 20_000])
def test_what_a_statement_books_counts_from_when_the_position_changed(booked):
    """An assignment is booked at the close and seen at night, a transfer is seen at noon and booked in the evening."""
    fills = [deal(100, 10), deal(50, 11, 40_000), deal(-50, 12, 60_000)]
    row = deal(-100, 9, 50_000 + booked, fee="0", kind="assignment", source="flex", codes=("A",))
    notes = [EVERYTHING, seen(100, 1), seen(150, 40_001), seen(50, 50_000), seen(0, 60_001)]
    assert [step.quantity for step in round_trips(fills, notes).unexplained] == [-100]
    book = round_trips([*fills, row], notes)
    (trip,) = book.trips
    assert book.unexplained == () and not trip.is_open
    assert [(part.closed_by == row.id, part.gross) for part in trip.closings] == [(True, -100), (False, 50)]


def test_what_goes_while_a_later_fill_makes_up_for_it_is_found_all_the_same():
    fills = [deal(100, 10), deal(50, 11, 1_000), deal(10, 11, 5_000)]
    book = round_trips(fills, [EVERYTHING, seen(100, 1), seen(150, 1_001), seen(100, 3_000), seen(110, 5_001)])
    assert [(step.quantity, step.time) for step in book.unexplained] == [(-50, MARKET + 3_000)]
    assert [(trip.held, trip.is_open) for trip in book.trips] == [(110, True)]


def test_trips_that_nobody_opened_have_names_of_their_own():
    """A note, a filter and an address mean one trip: neither the contract's first, nor the one that its end began."""
    fills = [deal(100, 10), deal(-100, 11, 1_000), deal(-80, 12, 20_000)]
    notes = [EVERYTHING, seen(100, 1), seen(0, 1_001), seen(50, 10_000), seen(-30, 20_001)]
    book = round_trips(fills, notes)
    assert [(trip.side, trip.held, len(trip.shares)) for trip in book.trips[1:]] == [("long", 0, 2), ("short", -30, 1)]
    assert len({trip.id for trip in book.trips}) == len({trip.root for trip in book.trips}) == 3
    open_one = round_trips(fills[:2], notes[:4])
    assert len({trip.id for trip in open_one.trips}) == 2


def test_a_reverse_split_before_the_first_look_leaves_the_cost_unknown():
    """The broker's cost is that of a unit of afterwards."""
    fills = [deal(-90, 0, -DAY, kind="split", fee="0"), deal(-10, 120)]
    trip = one(*fills, seen=[seen(10, -10, cost=100), EVERYTHING, seen(0, 1)])
    assert trip.is_before and trip.gross is None


def test_one_that_comes_without_a_fill_is_unexplained_even_in_a_contract_never_dealt():
    (step,) = round_trips([], [EVERYTHING, seen(100, DAY)]).unexplained
    assert (step.quantity, step.name) == (100, "TSLA")
    gone = replace(seen(0, 2 * DAY), local_symbol="")  # noted at the next connection, which named it no more
    assert [step.name for step in round_trips([], [EVERYTHING, seen(100, DAY), gone]).unexplained] == ["TSLA", "TSLA"]


def test_what_models_trade_and_currencies_are_compared_with_no_position():
    fills = [deal(10, 100, model="Growth"), deal(-5, 101, 60, opening="close", con_id=2, model="Growth")]
    pair = {"con_id": 3, "sec_type": "CASH", "local_symbol": "EUR.USD"}
    cash = replace(seen(20_000, 2, con_id=3), sec_type="CASH")
    book = round_trips([*fills, deal(10_000, "1.1", **pair)], [EVERYTHING, seen(10, 1), seen(4, 5_000), cash])
    assert book.unexplained == () and [trip.held for trip in book.trips] == [0, 10]
    assert [trip.is_before for trip in book.trips] == [True, False]
    assert [trip.held for trip in book.conversions] == [10_000]


@pytest.mark.parametrize("late", [-90.0, 0.0, 90.0, 550.0])
def test_a_fill_and_its_position_may_come_apart(late):
    fills = [deal(100, 10, 200), deal(-40, 11, 230), deal(-60, 11, 1_000)]
    notes = [EVERYTHING, seen(100, 200 + late), seen(60, 230 + late), seen(0, 1_000 + late)]
    book = round_trips(fills, notes)
    assert book.unexplained == () and not book.trips[0].is_before and not book.trips[0].is_open


# --- rolls, words -----------------------------------------------------------------------------------------------------


ES = {"sec_type": "FUT", "per_point": 50}
DEC, MAR = {"con_id": 5, "local_symbol": "ESZ5", **ES}, {"con_id": 6, "local_symbol": "ESH6", **ES}


def rolled(**more):
    return [
        deal(2, 6800, **DEC),
        deal(-2, 6810, DAY, **DEC),
        deal(2, 6850, DAY + 60, **MAR),
        deal(-2, 6860, 2 * DAY, **MAR),
    ]


@pytest.mark.parametrize("symbols", [("ES", "ES"), ("ESZ5", "ESH6"), ("", "")])
def test_a_roll_is_seen_however_a_statement_names_the_underlying(symbols):
    named = {"ESZ5": symbols[0], "ESH6": symbols[1]}
    fills = [replace(fill, symbol=named[fill.local_symbol]) for fill in rolled()]
    assert len(round_trips(fills).rolls) == 1


def test_an_expiry_at_nothing_needs_no_multiplier():
    put = {"con_id": 9, "local_symbol": "XYZ 07NOV25 50 P", "sec_type": "OPT"}
    sold, expired = (
        deal(-1, "0.8", **put, per_point=100),
        deal(1, 0, DAY, **put, per_point=None, kind="expiry", fee="0"),
    )
    (trip,) = round_trips([sold, expired]).trips
    assert (trip.gross, trip.net) == (80, 79)


def test_a_roll_is_offered_and_joined_when_the_trader_says_so():
    fills = rolled()
    book = round_trips(fills)
    (roll,) = book.rolls
    assert roll.joined is None and [trip.campaign for trip in book.trips] == ["", ""]
    link = TripLink("DU1", "", roll.closed_root, roll.opened_root, True, 1.0)
    joined = round_trips(fills, words=TraderWords(links=(link,)))
    assert [trip.campaign for trip in joined.trips] == [book.trips[0].id] * 2
    apart = round_trips(fills, words=TraderWords(links=(replace(link, joined=False),)))
    assert [trip.campaign for trip in apart.trips] == ["", ""] and apart.rolls[0].joined is False


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": D(3)},
        {"time": MARKET + DAY + 900},
        {"local_symbol": "NQH6"},
        {"account": "DU2"},
        {"sec_type": "STK"},
    ],
)
def test_another_size_time_root_or_account_is_no_roll(change):
    fills = rolled()[:3]
    fills[2] = replace(fills[2], **change)
    assert round_trips(fills).rolls == ()


def test_years_of_futures_are_not_compared_with_each_other(monkeypatch):
    asked = []
    follows = rolls._follows
    monkeypatch.setattr(rolls, "_follows", lambda closed, opened: asked.append(1) or follows(closed, opened))
    fills = [e for n in range(200) for e in (deal(1, 6800, n * DAY, **DEC), deal(-1, 6801, n * DAY + 60, **DEC))]
    assert round_trips(fills).rolls == () and len(asked) <= 400


def test_one_order_is_a_roll_whenever_its_legs_were_filled():
    fills = [replace(e, perm_id=77 if n in (1, 2) else None) for n, e in enumerate(rolled())]
    fills[2] = replace(fills[2], time=MARKET + DAY + 900)
    assert len(round_trips(fills).rolls) == 1


def test_notes_tags_and_the_first_stop_hold_on_to_the_opening_fill():
    bought, sold = deal(100, 10, order_ref="gap play"), deal(-100, 12, 60)
    words = TraderWords(
        trips=(TripNote("DU1", "", 1, bought.root, "too early", ("A+",), 5.0),),
        stops=tuple(TripStop("DU1", "", 1, bought.root, price, n) for n, price in enumerate((9.9, None, 9.5, 9.0))),
    )
    trip = one(bought, sold, words=words)
    assert (trip.note, trip.tags, trip.stop) == ("too early", ("A+", "gap play"), D("9.5"))
    assert (trip.risk, trip.r) == (50, D("3.96"))
    corrected = replace(bought, id=f"{bought.root}.02", price=D(10))
    assert one(corrected, sold, words=words).note == "too early"
    earlier = deal(50, 10, -60)  # a statement of before brings it: the trip has another opening now
    assert one(earlier, bought, deal(-150, 12, 60), words=words).note == "too early"


def test_orders_that_do_not_add_up_are_said():
    bought = deal(100, 10)
    assert one(bought, doubts={("DU1", bought.root): "the order's fills add up to 2"}).doubts == (
        "the order's fills add up to 2",
    )
    assert one(replace(bought, is_time_known=False, price_pending=True)).doubts


# --- properties -------------------------------------------------------------------------------------------------------


prices = st.decimals(min_value=1, max_value=1_000, places=2)
quantities = st.decimals(min_value=-500, max_value=500, places=3).filter(bool)
fees = st.one_of(st.none(), st.decimals(min_value=-2, max_value=20, places=4))
ways = st.lists(st.tuples(quantities, prices, fees, st.integers(0, 5)), min_size=1, max_size=25)


def executions_of(way):
    return [
        deal(quantity, price, at * DAY, fee=None if fee is None else str(fee), trade_date=f"2025110{5 + at}")
        for quantity, price, fee, at in way
    ]


@given(ways)
@examples(150)
def test_no_quantity_and_no_money_is_lost(way):
    fills = executions_of(way)
    found = trips(*fills)
    held = sum(e.quantity for e in fills)
    assert sum(trip.held for trip in found) == held
    assert sum(trip.is_open for trip in found) == (1 if held else 0)
    assert sum(share.quantity for trip in found for share in trip.shares) == held
    for trip in found:
        assert sum(share.quantity for share in trip.shares) == trip.held
        opened = sum(abs(s.quantity) for s in trip.shares if (s.quantity > 0) == (trip.side == "long"))
        assert sum(abs(part.quantity) for part in trip.closings) == opened - abs(trip.held)
        assert all((part.quantity > 0) == (trip.side == "long") for part in trip.closings)
    if not held:  # flat: cash in less cash out is the result
        assert sum(trip.gross for trip in found) == -sum(e.value for e in fills)
        assert sum(trip.fees for trip in found) == sum(e.commission for e in fills if e.commission is not None)


@given(ways, st.randoms(use_true_random=False))
@examples(100)
def test_the_order_in_which_they_are_told_does_not_count(way, random):
    fills = executions_of(way)
    told = list(fills)
    random.shuffle(told)
    assert trips(*told) == trips(*fills)


@given(ways, st.data())
@examples(100)
def test_any_way_of_filling_an_order_in_parts_gives_the_same_net(way, data):
    fills = executions_of(way)
    parts = []
    for n, fill in enumerate(fills):
        share = data.draw(st.decimals(min_value="0.001", max_value=1, places=3))
        first = (fill.quantity * share).quantize(D("0.001"))
        fee = None if fill.commission is None else (fill.commission * share).quantize(D("0.0001"))
        rest = None if fill.commission is None else fill.commission - fee
        pieces = [(first, fee), (fill.quantity - first, rest)] if first not in (0, fill.quantity) else []
        pieces = pieces or [(fill.quantity, fill.commission)]
        parts += [replace(fill, id=f"{fill.root}.{k}.01", quantity=q, commission=c) for k, (q, c) in enumerate(pieces)]
        fills[n] = replace(fill, id=f"{fill.root}.0.01")
    whole, pieced = trips(*fills), trips(*parts)
    assert [t.gross for t in whole] == [t.gross for t in pieced]
    assert [(t.side, t.quantity, t.held, t.closed_at) for t in whole] == [
        (t.side, t.quantity, t.held, t.closed_at) for t in pieced
    ]
    for one_way, other in zip(whole, pieced, strict=True):
        turned = any(s.quantity != s.execution.quantity for s in one_way.shares)
        if not turned and not one_way.is_open:
            assert one_way.net == other.net
        else:  # a fill that belongs to two trips shares its fee by quantity, of each part by itself
            assert abs(one_way.net - other.net) < D("0.0001") * len(parts) * 50


@given(ways)
@examples(50)
def test_lots_and_position_are_one(way):
    fills = executions_of(way)
    lots = follow("DU1", sorted(fills, key=lambda e: (e.time, e.id)))
    assert lots.held == sum(e.quantity for e in fills)
    assert all(walk.held == 0 and walk.ended is not None for walk in lots.walks[:-1])
