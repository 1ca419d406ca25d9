"""Lots or shares: each kind of evidence alone, together, and the four ways a gateway can be set."""

from __future__ import annotations

import pytest

from engine.bars.volume_unit import VolumeUnits
from engine.domain import ContractRef
from tests.unit.scanners.scanner_samples import stock

FLOOR = 500_000
# (day's volume so far, average volume, both in shares)
STOCKS = {1: (3_400_000.0, 12_000_000.0), 2: (210_000.0, 650_000.0), 3: (1_900_000.0, 4_300_000.0)}


def told(ticks: float, history: float, *, scans: bool = True, average: bool = True, less: float = 0.97) -> VolumeUnits:
    """A gateway whose ticks and history count `ticks` and `history` shares a unit."""
    units = VolumeUnits()
    for con_id, (day, mean) in STOCKS.items():
        units.know(stock(con_id))
        units.on_ticks(con_id, day / ticks, mean / ticks if average else None, 50.0)
        bars = [float(round(day * less / history / 10, 2)) for _ in range(10)]
        units.on_history(con_id, sum(bars), bars, mean * less / history)
    if scans:
        units.on_scan(list(STOCKS), FLOOR)
    return units


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
    for number in range(40):
        con_id = 100 + number
        units.know(stock(con_id))
        units.on_ticks(con_id, None, None, 40.0, 100.0 * (1 + number % 7), 200.0)
    assert (units.tick_factor(1), units.history_factor(1)) == (1.0, 1.0)


def test_lots_show_by_odd_sizes() -> None:
    units = VolumeUnits()
    for number in range(40):
        units.know(stock(number + 1))
        units.on_ticks(number + 1, None, None, 40.0, float(1 + number % 17), float(2 + number % 5))
    assert units.tick_factor(1) == 100.0
    assert units.history_factor(1) is None, "nothing ties history to the ticks yet"


def test_sizes_of_dear_stocks_say_nothing() -> None:
    units = VolumeUnits()
    for number in range(60):
        units.know(stock(number + 1))
        units.on_ticks(number + 1, None, None, 600.0, float(1 + number % 17), 40.0)
    assert units.tick_factor(1) is None


def test_fractions_of_a_lot_tell_history_when_nothing_stronger_does() -> None:
    units = VolumeUnits()
    units.know(stock(1))
    units.on_history(1, 948_837.22, [948_837.22, 1_204_551.07, 77.5], None)
    assert units.history_factor(1) is None, "not before the others had time to speak"
    for _ in range(20):
        units.on_history(1, 948_837.22, [948_837.22], None)
    assert units.history_factor(1) == 100.0


def test_round_sizes_outweigh_fractions() -> None:
    units = told(1.0, 1.0, scans=False, average=False)
    for _ in range(10):
        for con_id, (day, _) in STOCKS.items():
            units.on_history(con_id, day * 0.97, [1_196.98, 77.6, 97.03], None)
    for number in range(40):
        units.know(stock(100 + number))
        units.on_ticks(100 + number, None, None, 40.0, 100.0 * (1 + number % 7), 200.0)
    assert units.words() == {"ticks": "shares", "history": "shares"}


def test_until_something_speaks_the_unit_is_unknown() -> None:
    units = told(1.0, 1.0, scans=False, average=False)
    assert units.tied == pytest.approx(1 / 0.97, rel=0.01)
    assert units.words() == {"ticks": "unknown", "history": "unknown"}


def test_the_change_is_told_once() -> None:
    calls: list[int] = []
    units = VolumeUnits(on_change=lambda: calls.append(1))
    units.know(stock(1))
    units.on_scan([1], FLOOR)
    units.on_ticks(1, 50_000.0, 60_000.0, 50.0)
    assert calls == [1] and units.words()["ticks"] == "lots of 100"
    units.on_ticks(1, 50_100.0, 60_000.0, 50.0)
    assert calls == [1]


def test_only_us_stocks_have_the_question() -> None:
    units = VolumeUnits()
    units.know(ContractRef(5, "CL", "CLZ5", "FUT", "NYMEX"))
    units.know(ContractRef(6, "SAP", "SAP", "STK", "SMART", currency="EUR"))
    for con_id in (5, 6):
        assert units.tick_factor(con_id) == units.history_factor(con_id) == 1.0
    units.on_ticks(5, 1.0, 1.0, 60.0, 1.0, 1.0)
    units.on_history(5, 5.5, [5.5, 5.5, 5.5], 1.0)
    assert units.words() == {"ticks": "unknown", "history": "unknown"}


def test_another_tws_after_a_reconnect_is_noticed() -> None:
    units = told(100.0, 100.0)
    units.forget_evidence()
    assert units.tick_factor(1) == 100.0, "holds until contradicted"
    for con_id, (day, mean) in STOCKS.items():
        units.on_ticks(con_id, day, mean, 50.0)
        units.on_history(con_id, day / 100.0, [day / 1_000.0] * 10, mean / 100.0)
    assert (units.tick_factor(1), units.history_factor(1)) == (1.0, 100.0)
