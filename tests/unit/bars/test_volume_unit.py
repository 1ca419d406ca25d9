"""Lots or shares: each kind of evidence alone, together, the ways a gateway can be set, and each symbol's own lot."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bars.day_ratio import Answer
from engine.bars.kept_units import KeptUnits
from engine.bars.round_lots import lot_of_fractions, lot_period, ratio_of
from engine.bars.volume_unit import UnitChange, VolumeUnits
from engine.domain import ContractRef
from tests.unit.scanners.scanner_samples import stock

FLOOR = 500_000
# (day's volume so far, average volume, both in shares)
STOCKS = {1: (3_400_000.0, 12_000_000.0), 2: (210_000.0, 650_000.0), 3: (1_900_000.0, 4_300_000.0)}
TEN = datetime(2026, 11, 4, 15, tzinfo=UTC).timestamp()  # 10:00 New York, a Wednesday
DAY = "20261104"
CHEAP, DEAR, DEARER, DEAREST = 11, 12, 13, 14
LOT_OF = {CHEAP: 100.0, DEAR: 40.0, DEARER: 10.0, DEAREST: 1.0}
FALLEN = 77  # below 250 USD, its lot is still that of its former price
PRICE_OF = {CHEAP: 50.0, DEAR: 600.0, DEARER: 2_400.0, DEAREST: 700_000.0}
VOLUME_OF = {CHEAP: 3_400_000.0, DEAR: 2_100_000.0, DEARER: 96_000.0, DEAREST: 2_410.0}


def told(ticks: float, history: float, *, scans: bool = True, average: bool = True, less: float = 0.97) -> VolumeUnits:
    """A gateway whose ticks and history count `ticks` and `history` shares a unit."""
    units = VolumeUnits()
    for con_id, (day, mean) in STOCKS.items():
        units.know(stock(con_id))
        units.on_ticks(con_id, day / ticks, mean / ticks if average else None, 50.0)
        bars = [float(round(day * less / history / 10, 2)) for _ in range(10)]
        units.on_history(con_id, Answer(day_raw=sum(bars), volumes=tuple(bars), mean_raw=mean * less / history))
    if scans:
        units.on_scan(list(STOCKS), FLOOR)
    return units


def minutes(shares: float, lot: float, less: float = 0.97) -> list[float]:
    """A day's minute bars of so many shares, with odd lots, in lots rounded to hundredths as TWS writes them."""
    whole = [int(shares * less / 60 * (0.4 + 0.03 * (n * 7 % 41))) for n in range(60)]
    return [round(volume / lot, 2) for volume in whole]


def hear(units: VolumeUnits, con_id: int, *, ticks: bool, history: bool, at: float = TEN) -> None:
    """One symbol's line and history answer; each in lots of its own or in shares."""
    lot = LOT_OF[con_id]
    units.know(stock(con_id))
    raw = VOLUME_OF[con_id] // (lot if ticks else 1.0)
    units.on_ticks(con_id, raw, None, PRICE_OF[con_id], at_market=at)
    bars = minutes(VOLUME_OF[con_id], lot if history else 1.0)
    units.on_history(
        con_id, Answer(day_raw=sum(bars), volumes=tuple(bars), asked=at + 5.0, day=DAY, recent_raw=sum(bars[-10:]))
    )


def hear_sizes(units: VolumeUnits, in_lots: bool) -> None:
    for number in range(40):
        con_id = 1_000 + number
        units.know(stock(con_id))
        size = 1 + number % 17
        units.on_ticks(con_id, None, None, 40.0, float(size if in_lots else size * 100), at_market=TEN)


def factors(units: VolumeUnits, con_id: int) -> tuple[float | None, float | None, float | None]:
    return units.tick_factor(con_id), units.size_factor(con_id), units.history_factor(con_id)


# --- the sources ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ticks", "history"), [(100.0, 100.0), (100.0, 1.0), (1.0, 100.0)])
def test_three_of_the_four_ways_show_within_a_few_symbols(ticks: float, history: float) -> None:
    units = told(ticks, history)
    assert (units.tick_factor(1), units.history_factor(1)) == (ticks, history)


def test_shares_for_both_show_by_their_size() -> None:
    units = told(1.0, 1.0)
    assert units.tick_factor(1) is None, "averages between 500 thousand and 20 million say nothing yet"
    big = stock(9)
    units.know(big)
    units.on_ticks(9, 30_000_000.0, 85_000_000.0, 400.0)
    assert (units.tick_factor(1), units.history_factor(1)) == (1.0, 1.0)


def test_shares_for_both_show_by_round_sizes() -> None:
    units = told(1.0, 1.0, scans=False, average=False)
    hear_sizes(units, in_lots=False)
    assert factors(units, 1) == (1.0, 1.0, 1.0)


def test_lots_show_by_odd_sizes() -> None:
    units = VolumeUnits()
    hear_sizes(units, in_lots=True)
    assert units.tick_factor(1_000) == units.size_factor(1_000) == 100.0
    assert units.history_factor(1_000) is None, "nothing ties history to the ticks yet"


@pytest.mark.parametrize("lot", [100, 40, 10])
def test_a_fallen_stock_that_keeps_its_former_lot_does_not_make_shares_lots(lot: int) -> None:
    units = again(kept_of(learned(ticks=False)))
    units.know(stock(FALLEN))
    for number in range(60):
        units.on_ticks(FALLEN, None, None, 190.0, float((3 + number % 7) * lot), at_market=TEN + number)
    assert units.tick_factor(CHEAP) == units.tick_factor(DEAR) == 1.0, "one symbol alone spoke since the restart"


def test_sizes_of_dear_stocks_say_nothing() -> None:
    units = VolumeUnits()
    for number in range(60):
        units.know(stock(number + 1))
        units.on_ticks(number + 1, None, None, 600.0, float(1 + number % 17), 40.0)
    assert units.tick_factor(1) is None


def test_fractions_of_a_lot_tell_history_when_nothing_stronger_does() -> None:
    units = VolumeUnits()
    units.know(stock(1))
    units.on_history(1, Answer(day_raw=948_837.22, volumes=tuple([948_837.22, 1_204_551.07, 77.5]), price=182.9))
    assert units.history_factor(1) is None, "not before the others had time to speak"
    for _ in range(20):
        units.on_history(1, Answer(day_raw=948_837.22, volumes=tuple([948_837.22])))
    assert units.history_factor(1) == 100.0


def test_round_sizes_outweigh_fractions() -> None:
    units = told(1.0, 1.0, scans=False, average=False)
    for _ in range(10):
        for con_id, (day, _) in STOCKS.items():
            units.on_history(con_id, Answer(day_raw=day * 0.97, volumes=tuple([1_196.98, 77.6, 97.03])))
    hear_sizes(units, in_lots=False)
    assert units.words() == {"ticks": "shares", "sizes": "shares", "history": "shares"}


def test_until_something_speaks_the_unit_is_unknown() -> None:
    units = told(1.0, 1.0, scans=False, average=False)
    assert units.tied is not None and units.tied.coarse == "same"
    assert factors(units, 1) == (None, None, None)


def test_sizes_in_shares_say_nothing_of_the_volume_where_this_version_counts_them_apart() -> None:
    units = VolumeUnits()
    units.on_connected(176)
    hear_sizes(units, in_lots=False)
    assert factors(units, 1_000) == (None, 1.0, 1.0)
    hear(units, CHEAP, ticks=True, history=False)
    assert factors(units, CHEAP) == (100.0, 1.0, 1.0)
    assert units.tick_factor(1_000) == 100.0, "that ticks count in lots is a fact of the gateway"


@pytest.mark.parametrize(
    ("version", "expected"), [(157, (1.0, 1.0, 1.0)), (165, (None, 1.0, None)), (220, (1.0, 1.0, 1.0))]
)
def test_what_sizes_in_shares_say_depends_on_the_version(
    version: int, expected: tuple[float | None, float | None, float | None]
) -> None:
    units = VolumeUnits()
    units.on_connected(version)
    hear_sizes(units, in_lots=False)
    assert factors(units, 1_000) == expected


def test_the_change_is_told_once() -> None:
    calls: list[UnitChange] = []
    units = VolumeUnits(on_change=calls.append)
    units.know(stock(1))
    units.on_scan([1], FLOOR)
    units.on_ticks(1, 50_000.0, 60_000.0, 50.0)
    assert [call.ticks for call in calls] == [{1}] and units.words()["ticks"] == "lots of 100"
    units.on_ticks(1, 50_100.0, 60_000.0, 50.0)
    assert len(calls) == 1 and not calls[0].redo


def test_only_us_stocks_have_the_question() -> None:
    units = VolumeUnits()
    units.know(ContractRef(5, "CL", "CLZ5", "FUT", "NYMEX"))
    units.know(ContractRef(6, "SAP", "SAP", "STK", "SMART", currency="EUR"))
    for con_id in (5, 6):
        assert factors(units, con_id) == (1.0, 1.0, 1.0)
    units.on_ticks(5, 1.0, 1.0, 60.0, 1.0, 1.0)
    units.on_history(5, Answer(day_raw=5.5, volumes=tuple([5.5, 5.5, 5.5]), mean_raw=1.0))
    assert units.words() == {"ticks": "unknown", "sizes": "unknown", "history": "unknown"}


def test_another_tws_after_a_reconnect_is_noticed() -> None:
    units = told(100.0, 100.0)
    units.on_connected(None)
    assert units.tick_factor(1) == 100.0, "holds until contradicted"
    for con_id, (day, mean) in STOCKS.items():
        units.on_ticks(con_id, day, mean, 50.0)
        units.on_history(
            con_id, Answer(day_raw=day / 100.0, volumes=tuple([day / 1_000.0] * 10), mean_raw=mean / 100.0)
        )
    assert (units.tick_factor(1), units.history_factor(1)) == (1.0, 100.0)


# --- each symbol's lot --------------------------------------------------------------------------------------------


def test_live_volume_in_lots_beside_history_in_shares_measures_each_symbols_lot() -> None:
    units = VolumeUnits()
    units.on_connected(176)
    hear_sizes(units, in_lots=False)
    for con_id in LOT_OF:
        hear(units, con_id, ticks=True, history=False)
    for con_id, lot in LOT_OF.items():
        assert factors(units, con_id) == (lot, 1.0, 1.0), con_id
    assert units.words()["ticks"].startswith("lots of 100, 40, 10 and 1")


def test_all_in_lots_the_steps_of_the_fractions_are_each_symbols_lot() -> None:
    units = VolumeUnits()
    units.on_connected(176)
    hear_sizes(units, in_lots=True)
    for con_id in LOT_OF:
        hear(units, con_id, ticks=True, history=True)
    for con_id in LOT_OF:
        assert factors(units, con_id) == (LOT_OF[con_id],) * 3, con_id


def test_all_in_shares_no_lot_is_asked() -> None:
    units = VolumeUnits()
    units.on_connected(220)
    hear_sizes(units, in_lots=False)
    for con_id in LOT_OF:
        hear(units, con_id, ticks=False, history=False)
        assert factors(units, con_id) == (1.0, 1.0, 1.0)


def test_history_in_lots_beside_ticks_in_shares() -> None:
    units = VolumeUnits()
    for con_id in (CHEAP, DEAR, DEARER):
        hear(units, con_id, ticks=False, history=True)
        assert (units.tick_factor(con_id), units.history_factor(con_id)) == (1.0, LOT_OF[con_id])


def test_a_lot_is_never_taken_from_another_symbol() -> None:
    units = VolumeUnits()
    units.on_connected(176)
    for con_id in (CHEAP, DEAR):
        hear(units, con_id, ticks=True, history=False)
    other, ordinary, silent = stock(77), stock(78), stock(79)
    for contract in (other, ordinary, silent):
        units.know(contract)
    units.on_ticks(77, 50_000.0, None, 610.0, at_market=TEN)
    units.on_ticks(78, 50_000.0, None, 61.0, at_market=TEN)
    assert units.tick_factor(77) is None, "in lots, but 40 or 100 is not told yet"
    assert units.tick_factor(78) == 100.0, "the rule gives lots of 100 up to 250 USD"
    assert units.tick_factor(79) is None, "nothing is known of it"


def test_the_price_is_evidence_no_proof() -> None:
    calls: list[UnitChange] = []
    units = VolumeUnits(on_change=calls.append)
    hear(units, CHEAP, ticks=True, history=False)
    units.know(stock(77))
    units.on_ticks(77, 52_500.0, None, 180.0, at_market=TEN)  # fell from 400 since its lot was assigned
    assert units.tick_factor(77) == 100.0
    units.on_history(77, Answer(day_raw=2_050_000.0, volumes=tuple([2_050_000.0 / 60] * 60), asked=TEN, day=DAY))
    assert units.tick_factor(77) == 40.0
    assert calls[-1].ticks == calls[-1].redo == {77}


def test_a_lot_does_not_change_when_the_price_crosses_its_limit_within_the_day() -> None:
    units = VolumeUnits()
    hear(units, CHEAP, ticks=True, history=False)
    units.know(stock(77))
    for price in (249.0, 251.0, 260.0):
        units.on_ticks(77, 52_500.0, None, price, at_market=TEN)
        assert units.tick_factor(77) == 100.0


def test_a_line_that_came_long_after_the_answer_does_not_measure() -> None:
    """2.5 times the volume since: 100 would look like 40."""
    units = VolumeUnits()
    units.know(stock(77))
    units.on_history(77, Answer(day_raw=1_000_000.0, asked=TEN, day=DAY, recent_raw=300_000.0))
    units.on_ticks(77, 25_000.0, None, 300.0, at_market=TEN + 1_200.0)
    assert units.tick_factor(77) is None
    units.on_history(77, Answer(day_raw=2_450_000.0, asked=TEN + 1_210.0, day=DAY, recent_raw=300_000.0))
    assert units.tick_factor(77) == 100.0


def test_a_visit_before_and_one_after_the_answer_measure() -> None:
    units = VolumeUnits()
    units.know(stock(77))
    units.on_ticks(77, 24_000.0, None, 300.0, at_market=TEN - 600.0)
    units.on_history(77, Answer(day_raw=1_000_000.0, asked=TEN, day=DAY, recent_raw=600_000.0))
    assert units.tick_factor(77) is None, "the tick before may have been far lower"
    units.on_ticks(77, 26_000.0, None, 300.0, at_market=TEN + 600.0)
    assert units.tick_factor(77) == 40.0


def test_yesterdays_volume_and_todays_are_not_compared() -> None:
    units = VolumeUnits()
    units.know(stock(77))
    early = datetime(2026, 11, 4, 9, 20, tzinfo=UTC).timestamp()  # 04:20 New York
    units.on_history(77, Answer(day_raw=1_000_000.0, asked=early, day="20261103"))
    units.on_ticks(77, 400.0, None, 300.0, at_market=early + 1.0)
    assert units.tick_factor(77) is None


def test_on_a_weekend_fridays_volume_is_compared() -> None:
    units = VolumeUnits()
    units.know(stock(77))
    saturday = datetime(2026, 11, 7, 15, tzinfo=UTC).timestamp()
    units.on_history(77, Answer(day_raw=1_000_000.0, asked=saturday, day="20261106"))
    units.on_ticks(77, 25_500.0, None, 300.0, at_market=saturday + 3_600.0)
    assert units.tick_factor(77) == 40.0


@given(
    lot=st.sampled_from([100.0, 40.0, 10.0]),
    shares=st.integers(min_value=4_000, max_value=400_000_000),
    left_out=st.floats(min_value=0.0, max_value=0.35),
)
def test_whatever_history_leaves_out_the_ratio_tells_the_lot(lot: float, shares: int, left_out: float) -> None:
    ratio = (shares // lot) / (shares * (1.0 - left_out))
    found = ratio_of(ratio, ratio)
    assert found is not None and (found.coarse, found.lot) == ("ticks", lot)


@given(
    lot=st.sampled_from([100.0, 40.0, 10.0]),
    seed=st.integers(0, 2**32 - 1),
    rounded=st.booleans(),
)
def test_fractions_never_tell_a_wrong_lot(lot: float, seed: int, rounded: bool) -> None:
    shares = random.Random(seed).sample(range(100_001), 400)
    volumes = [round(each / lot, 2) if rounded else each / lot for each in shares]
    assert lot_of_fractions(volumes) in (lot, None)


def test_the_steps_of_fractions() -> None:
    for lot in (100.0, 40.0, 10.0):
        assert lot_of_fractions([n * 13 / lot for n in range(200)]) == lot
        assert lot_of_fractions([round(n * 13 / lot, 2) for n in range(200)]) == lot
    assert lot_of_fractions([float(n) for n in range(200)]) is None
    assert lot_of_fractions([n + 0.5 for n in range(200)]) is None, "halves alone may be of any lot"
    assert lot_of_fractions([n * 0.137 for n in range(200)]) is None, "no lot has such parts"


# --- kept ---------------------------------------------------------------------------------------------------------


def kept_of(units: VolumeUnits, today: date = date(2026, 11, 4)) -> KeptUnits:
    """As a file gives it back."""
    return msgspec.json.decode(msgspec.json.encode(units.kept(today)), type=KeptUnits)


def learned(*, ticks: bool = True, history: bool = False) -> VolumeUnits:
    units = VolumeUnits()
    units.on_day(date(2026, 11, 4))
    units.on_connected(176)
    hear_sizes(units, in_lots=history)
    for con_id in (CHEAP, DEAR, DEARER):
        hear(units, con_id, ticks=ticks, history=history)
    return units


def again(kept: KeptUnits, version: int = 176, today: date = date(2026, 11, 5)) -> VolumeUnits:
    units = VolumeUnits()
    units.on_connected(version)
    for con_id in LOT_OF:
        units.know(stock(con_id))
    units.on_day(today)
    units.restore(kept)
    return units


@pytest.mark.parametrize("history", [True, False])
def test_a_restart_knows_at_once(history: bool) -> None:
    kept = kept_of(learned(history=history))
    assert {symbol.learned for symbol in kept.symbols} == {"2026-11-04"} and kept.server_version == 176
    units = again(kept)
    for con_id in (CHEAP, DEAR, DEARER):
        lot = LOT_OF[con_id]
        assert factors(units, con_id) == ((lot, lot, lot) if history else (lot, 1.0, 1.0))
    assert set(kept_of(units, date(2026, 11, 5)).symbols) >= set(kept.symbols), "kept as it was learned, with its date"


def test_what_was_kept_is_corrected_by_evidence() -> None:
    units = again(kept_of(learned()))
    units.on_ticks(DEAR, 21_000.0, None, 600.0, at_market=TEN)
    units.on_history(DEAR, Answer(day_raw=2_050_000.0, asked=TEN, day=DAY))
    assert units.tick_factor(DEAR) == 100.0
    assert units.tick_factor(DEARER) == 10.0
    renewed = {symbol.con_id: symbol for symbol in kept_of(units, date(2026, 11, 5)).symbols}
    assert (renewed[DEAR].ticks, renewed[DEAR].learned) == (100.0, "2026-11-05")


def test_a_gateway_that_counts_in_shares_now_is_noticed_in_spite_of_what_was_kept() -> None:
    units = again(kept_of(learned()))
    hear(units, CHEAP, ticks=False, history=False)
    units.on_ticks(CHEAP, None, 30_000_000.0, 50.0, at_market=TEN)
    assert units.tick_factor(CHEAP) == units.tick_factor(DEAR) == 1.0


def test_another_version_learns_again() -> None:
    units = again(kept_of(learned()), version=220)
    assert factors(units, DEAR) == (None, None, None)
    live = learned()
    live.on_connected(220)
    assert factors(live, DEAR) == factors(live, CHEAP) == (None, None, None)


def test_a_new_period_of_round_lots_learns_each_symbol_again() -> None:
    units = again(kept_of(learned()), today=date(2027, 5, 3))
    assert units.tick_factor(DEAR) is None and units.history_factor(DEAR) == 1.0
    units.on_ticks(CHEAP, None, None, 50.0, at_market=TEN)
    assert units.tick_factor(CHEAP) == 100.0, "that ticks come in lots still holds, and the price tells the rest"
    live = learned()
    live.on_day(date(2027, 4, 30))
    assert live.tick_factor(DEAR) == 40.0
    live.on_day(date(2027, 5, 3))
    assert live.tick_factor(DEAR) is None


def test_the_days_on_which_round_lots_change() -> None:
    assert lot_period(date(2025, 11, 2)) == date(2025, 5, 1)
    assert lot_period(date(2025, 11, 3)) == date(2025, 11, 3)
    assert lot_period(date(2026, 5, 1)) == date(2026, 5, 1)
    assert lot_period(date(2026, 11, 1)) == date(2026, 5, 1)
    assert lot_period(date(2026, 11, 2)) == lot_period(date(2027, 1, 4)) == date(2026, 11, 2)


def test_a_symbol_that_left_and_came_back_is_known() -> None:
    units = learned()
    units.forget(DEAR)
    units.know(stock(DEAR))
    assert units.tick_factor(DEAR) == 40.0
