from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from simulator.model import QuoteState
from simulator.world.build import build_world, save_state
from simulator.world.market import Market
from tests.unit.simulator.world_samples import SEED, Wall, con_id, market_at, new_york

NAMES = ("TSLA", "AAPL", "BRK B", "SMCI", "NQZ5", "CLZ5", "CLF6", "TOGI", "SIRI", "AGNC")


def quotes(market: Market) -> list[QuoteState]:
    """What a client would see, without the sequence numbers and the time of the last change."""
    found = [market.quote(con_id(market, name)) for name in NAMES]
    return [replace(quote, seq=0, time=0.0) for quote in found if quote is not None]


def everything(market: Market) -> list[tuple[float | None, ...]]:
    all_quotes = [market.quote(one.con_id) for one in market.instruments()]
    return [(q.bid, q.ask, q.bid_size, q.last, q.last_size, q.volume, q.high, q.low) for q in all_quotes if q]


def test_the_same_seed_is_the_same_world() -> None:
    first, second = market_at()[0], market_at()[0]
    assert everything(first) == everything(second)
    assert first.truth(first.now(), first.now() + 3600) == second.truth(second.now(), second.now() + 3600)


def test_another_seed_is_another_world() -> None:
    first, second = market_at(seed=1)[0], market_at(seed=2)[0]
    assert [q.volume for q in quotes(first)] != [q.volume for q in quotes(second)]
    assert first.truth(first.now(), first.now() + 3600) != second.truth(second.now(), second.now() + 3600)


@pytest.mark.parametrize("step_s", [0.25, 7.0])
def test_a_restart_finds_the_world_where_the_running_one_is(step_s: float) -> None:
    running, wall = market_at("2025-11-05 10:07:30")
    while wall.seconds < 98.0:
        wall.seconds += step_s
        running.advance()
    late = running.now()
    restarted = build_world(SEED, late, 1.0, Wall(), "weekday", None, True)
    assert everything(running) == everything(restarted)


def test_history_does_not_depend_on_what_was_asked_before() -> None:
    one, other = market_at()[0], market_at()[0]
    start, end = new_york("2025-10-29 09:30"), new_york("2025-11-05 09:00")
    name = con_id(one, "SMCI")
    one.bars(name, 86_400, start - 40 * 86_400, end, True)
    assert one.bars(name, 60, start, end, False) == other.bars(name, 60, start, end, False)


def test_a_day_is_the_same_before_and_after_it_has_passed() -> None:
    live, wall = market_at("2025-11-05 15:00")
    name = con_id(live, "TSLA")
    start, end = new_york("2025-11-05 09:30"), new_york("2025-11-05 15:00")
    while_running = live.bars(name, 60, start, end, True)
    wall.seconds = 24 * 3600.0
    live.advance()
    assert live.bars(name, 60, start, end, True) == while_running


def test_the_market_goes_on_from_where_it_stopped(tmp_path: Path) -> None:
    market, wall = market_at()
    wall.seconds = 1234.5
    market.advance()
    path = tmp_path / "world.json"
    save_state(market, path)
    resumed = build_world(SEED, None, 1.0, Wall(), "weekday", path, False)
    assert resumed.now() == market.now()
    assert everything(resumed) == everything(market)
    assert build_world(SEED, None, 1.0, Wall(), "weekday", path, True).now() == new_york("2025-11-05 10:00")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 1, "seed": 999, "scenario": "weekday", "now": 5e9}'])
def test_a_state_file_of_no_use_starts_over(tmp_path: Path, text: str) -> None:
    path = tmp_path / "world.json"
    path.write_text(text, encoding="utf-8")
    market = build_world(SEED, None, 1.0, Wall(), "weekday", path, False)
    assert market.now() == new_york("2025-11-05 10:00")


def test_speed_scales_the_market_clock() -> None:
    wall = Wall()
    market = build_world(SEED, new_york("2025-11-05 10:00"), 10.0, wall, "weekday", None, True)
    wall.seconds = 6.0
    assert market.now() == new_york("2025-11-05 10:01")
    assert market.speed() == 10.0
