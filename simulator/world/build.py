"""Makes a market, from the beginning or from where the last one stopped."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from simulator.scenario import start_of
from simulator.world.calendar import Calendar
from simulator.world.catalogue import STOCKS, stocks
from simulator.world.clock import MarketClock
from simulator.world.futures import futures
from simulator.world.manner import USUAL_MANNER, Manner
from simulator.world.market import Market
from simulator.world.portfolio import thin_listings
from simulator.world.universe import Universe

_FIRST_DAY, _LAST_DAY = date(2024, 7, 1), date(2026, 12, 31)
_STATE_VERSION = 1


def build_world(
    seed: int,
    start: float | None,
    speed: float,
    wall_clock: Callable[[], float],
    scenario: str,
    state_file: Path | None,
    fresh: bool,
    stock_count: int = STOCKS,
    manner: Manner = USUAL_MANNER,
    begin: float | None = None,
) -> Market:
    """The market at `start`; without one where `state_file` left off (same seed and scenario), else the scenario's.

    `fresh` ignores the state file; an explicit `start` does too. `begin` is where a scenario from a file starts; None =
    `scenario` is a built-in one.
    """
    now = start
    if now is None and not fresh and state_file is not None:
        now = _saved_time(state_file, seed, scenario)
    if now is None:
        now = start_of(scenario) if begin is None else begin
    market = Market(
        Universe(seed, stocks(stock_count) + thin_listings() + futures(), manner),
        _calendar(now),
        MarketClock(now, speed, wall_clock),
    )
    market.scenario = scenario
    return market


def _calendar(begin: float) -> Calendar:
    today = datetime.fromtimestamp(begin, UTC).date()
    return Calendar(min(_FIRST_DAY, today - timedelta(500)), max(_LAST_DAY, today + timedelta(400)))


def save_state(market: Market, path: Path) -> None:
    """Writes the market's time, whole or not at all."""
    state = {"version": _STATE_VERSION, "seed": market.seed, "scenario": market.scenario, "now": market.now()}
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(state), encoding="utf-8")
    part.replace(path)


def _saved_time(path: Path, seed: int, scenario: str) -> float | None:
    """The market time in the file; None if there is none, or it is of another world or damaged."""
    try:
        state = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(state, dict):
        return None
    same = (state.get("version"), state.get("seed"), state.get("scenario")) == (_STATE_VERSION, seed, scenario)
    now = state.get("now")
    return float(now) if same and isinstance(now, int | float) and now > 0 else None
