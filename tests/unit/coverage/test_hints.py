"""Where a visit may pay: scans just pushed, and how near a price is to a level."""

from __future__ import annotations

import pytest

from engine.breakout.facts import Facts, OpeningRange
from engine.config import BreakoutParams
from engine.coverage.hints import AGAINST_TREND, NEWCOMER, RESIDENT, distance_atr, scan_hints

PARAMS = BreakoutParams()
FACTS = Facts(
    warm=34,
    warm_needed=34,
    session_bars=60,
    range_high=100.0,
    range_low=90.0,
    opening=None,
    opening_until=0.0,
    opening_fresh_long=False,
    opening_fresh_short=False,
    atr=1.0,
    ema_fast=99.0,
    ema_slow=98.0,
    sma_volume=None,
    last_volume=None,
    last_time=None,
    usual=None,
)


def test_who_comes_into_a_scan_says_more_than_who_stays() -> None:
    hints = scan_hints("TOP_VOLUME_RATE", [1, 2, 3], [9, 1, 2])
    assert hints[9] == 1.0
    assert hints[1] == hints[2] == RESIDENT


def test_who_climbs_says_more_the_further_it_came() -> None:
    before = list(range(50))
    hints = scan_hints("TOP_VOLUME_RATE", before, [40, 10, 5, *range(3)])
    assert hints[40] == 1.0
    assert RESIDENT < hints[5] < hints[10] < 1.0


def test_the_first_result_ranks_by_place_alone() -> None:
    hints = scan_hints("TOP_VOLUME_RATE", None, [1, 2, 3, 4])
    assert NEWCOMER == hints[1] > hints[2] > hints[4] > RESIDENT


def test_scans_weigh_differently_and_a_halt_list_says_nothing() -> None:
    assert scan_hints("HALTED", None, [1]) == {}
    assert scan_hints("HIGH_VS_52W_HL", [], [1])[1] < scan_hints("TOP_VOLUME_RATE", [], [1])[1]


def test_the_distance_is_that_to_the_nearer_trigger_in_atr() -> None:
    assert distance_atr(FACTS, 99.0, PARAMS) == pytest.approx(1.0 + PARAMS.buffer_atr)
    assert distance_atr(FACTS, 100.2, PARAMS) < 0.0, "beyond it"
    assert distance_atr(FACTS._replace(atr=2.0), 99.0, PARAMS) == pytest.approx(0.5 + PARAMS.buffer_atr)


def test_a_trigger_against_the_trend_counts_as_further_away() -> None:
    assert distance_atr(FACTS, 91.0, PARAMS) == pytest.approx(1.0 + PARAMS.buffer_atr + AGAINST_TREND)
    assert distance_atr(FACTS, 91.0, BreakoutParams(shorts=False)) == pytest.approx(9.0 + PARAMS.buffer_atr)


def test_the_opening_range_counts_while_there_are_too_few_bars() -> None:
    young = FACTS._replace(range_high=None, range_low=None, opening=OpeningRange(100.0, 90.0, 0.0))
    assert distance_atr(young, 99.0, PARAMS) == pytest.approx(1.0 + PARAMS.buffer_atr)


def test_without_a_level_or_a_price_there_is_no_distance() -> None:
    assert distance_atr(FACTS._replace(range_high=None, range_low=None), 100.0, PARAMS) is None
    assert distance_atr(FACTS, None, PARAMS) is None
    assert distance_atr(FACTS._replace(atr=None), 100.0, PARAMS) is None
