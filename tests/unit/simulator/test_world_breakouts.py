"""The injected breakouts are such that the textbook rules find them, and find little else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from simulator.model import Breakout
from simulator.world.market import Market
from tests.unit.simulator.world_detector import COOL_DOWN_S, LOOK_EVERY_S, Found, Looks, detect
from tests.unit.simulator.world_samples import market_at, new_york

OPENING = "2025-11-05 09:30"
HOUR_S = 3600


@dataclass(frozen=True)
class Hour:
    market: Market
    begin: float
    found: list[Found]
    truth: list[Breakout]  # of the names that were followed


def usual_minutes(market: Market, number: int) -> dict[float, float]:
    """Usual volume of each regular minute: 15-minute bars of four sessions before, interpolated."""
    opening, until = new_york(OPENING), new_york("2025-11-05 00:00")
    sums = np.zeros(26)
    for bar in market.bars(number, 900, new_york("2025-10-30 00:00"), until, True):
        quarter = int((bar.time - opening) % 86_400) // 900
        if quarter < 26:
            sums[quarter] += bar.volume / 4.0 / 15.0
    usual = np.interp(np.arange(390), np.arange(26) * 15 + 7.0, sums)
    return {opening + 60.0 * n: float(value) for n, value in enumerate(usual)}


def is_liquid(market: Market, number: int) -> bool:
    one, quote = market.instrument(number), market.quote(number)
    assert one is not None and quote is not None and quote.last is not None
    return one.sec_type == "FUT" or (one.avg_volume >= 500_000 and quote.last >= 5 and one.stock_type != "ETF")


@pytest.fixture(scope="module")
def hour() -> Hour:
    """One hour from 10:30: every liquid name that breaks out in it, and a third as many that do not."""
    market, wall = market_at("2025-11-05 10:30", seed=1)
    begin = market.now()
    truth = market.truth(begin - HOUR_S, begin + HOUR_S)
    moving = sorted({one.con_id for one in truth if is_liquid(market, one.con_id)})
    normal = [one.con_id for one in market.instruments() if one.behaviour == "normal" and one.sec_type == "STK"]
    calm = [number for number in normal if number not in set(moving) and is_liquid(market, number)]
    looks = Looks(moving + calm[: len(moving) // 3])
    for step in range(int(HOUR_S / LOOK_EVERY_S)):
        wall.seconds = step * LOOK_EVERY_S
        market.advance()
        looks.take(market)
    bases = {number: usual_minutes(market, number) for number in looks.con_ids}
    found = detect(market, looks, new_york(OPENING), bases)
    return Hour(market, begin, found, [one for one in truth if one.con_id in set(moving)])


def judged(truth: list[Breakout], begin: float) -> list[Breakout]:
    """Those that began early enough in the hour to be confirmed in it."""
    return [one for one in truth if begin + 30 <= one.start < begin + HOUR_S - 180]


@pytest.mark.thorough
def test_the_textbook_rules_find_the_breakouts(hour: Hour) -> None:
    expected = judged(hour.truth, hour.begin)
    assert len(expected) > 100
    found = missed = 0
    for one in expected:
        mine = [hit for hit in hour.found if hit.con_id == one.con_id and hit.side == one.side]
        if any(one.start <= hit.confirmed <= one.start + 180 for hit in mine):
            found += 1
        elif not any(one.start - COOL_DOWN_S <= hit.confirmed < one.start for hit in mine):
            missed += 1
    assert found / (found + missed) >= 0.95


@pytest.mark.thorough
def test_they_find_little_else(hour: Hour) -> None:
    stray = [
        hit
        for hit in hour.found
        if not any(
            one.con_id == hit.con_id and one.side == hit.side and one.start <= hit.confirmed <= one.end + 60
            for one in hour.truth
        )
    ]
    assert len(stray) <= 0.05 * len(hour.found)


@pytest.mark.thorough
def test_most_reach_the_score_of_the_top_lane(hour: Hour) -> None:
    scores = [hit.score for hit in hour.found]
    assert np.mean(np.array(scores) >= 0.7) > 0.5


@pytest.mark.thorough
def test_both_sides_legs_and_the_pace_of_breakouts(hour: Hour) -> None:
    truth = hour.market.truth(hour.begin, hour.begin + HOUR_S)
    assert 12.0 <= HOUR_S / len(truth) <= 24.0
    longs = np.mean([one.side > 0 for one in truth])
    assert 0.55 <= longs <= 0.9
    again = {one.con_id for one in truth if sum(other.con_id == one.con_id for other in truth) > 1}
    assert len(again) > 20
    assert all(3.0 <= one.surge <= 6.0 and one.end - one.start >= 5 * 60 for one in truth)


def test_the_first_signals_come_within_three_minutes_of_the_demo() -> None:
    market, _ = market_at(None, seed=1)
    early = market.truth(market.now(), market.now() + 150)
    assert len([one for one in early if (i := market.instrument(one.con_id)) and i.avg_volume >= 500_000]) >= 5


@pytest.mark.thorough
def test_the_level_is_what_bars_say(hour: Hour) -> None:
    for one in judged(hour.truth, hour.begin)[:40]:
        minute = one.start // 60 * 60
        bars = hour.market.bars(one.con_id, 60, minute - 20 * 60, minute, True)
        extreme = max(bar.high for bar in bars) if one.side > 0 else min(bar.low for bar in bars)
        assert extreme == pytest.approx(one.level, abs=1e-6), one


def test_the_held_names_break_out_too() -> None:
    market, wall = market_at("2025-11-05 15:50", seed=1)
    names = {one.local_symbol for one in market.truth(new_york(OPENING), market.now())}
    assert {"TSLA", "NQZ5", "CLZ5"} <= names
