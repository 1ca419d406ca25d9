"""Where a visit may pay: scans just pushed, and how near a price is to a level."""

from __future__ import annotations

from engine.config import BreakoutParams
from engine.scanners.facts import Facts
from engine.scanners.hints import NEWCOMER, RESIDENT, nearness, scan_hints

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


def test_nearness_is_one_at_the_trigger_and_falls_with_the_distance() -> None:
    at, near, far = (nearness(FACTS, price, None, PARAMS) for price in (100.2, 99.6, 96.0))
    assert at == 1.0
    assert 1.0 > near > far > 0.0


def test_the_short_side_counts_against_the_trend_by_half() -> None:
    assert nearness(FACTS, 89.8, None, PARAMS) == 0.5
    assert nearness(FACTS, 89.8, None, BreakoutParams(shorts=False)) < 0.01


def test_a_quiet_symbol_is_less_near() -> None:
    assert nearness(FACTS, 100.2, 0.0, PARAMS) == 0.5
    assert nearness(FACTS, 100.2, 1.5, PARAMS) == 1.0


def test_without_a_level_or_a_price_nothing_is_near() -> None:
    assert nearness(FACTS._replace(range_high=None, range_low=None), 100.0, None, PARAMS) == 0.0
    assert nearness(FACTS, None, None, PARAMS) == 0.0
    assert nearness(FACTS._replace(atr=None), 100.0, None, PARAMS) == 0.0
