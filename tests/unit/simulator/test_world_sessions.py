from __future__ import annotations

import numpy as np

from simulator.model import ScanQuery
from simulator.world.halts import HALT_MINUTES
from simulator.world.market import Market
from tests.unit.simulator.world_samples import Wall, con_id, market_at, new_york, still_market


def changes(market: Market, wall: Wall, names: tuple[str, ...], seconds: int) -> dict[str, int]:
    before = {name: market.quote(con_id(market, name)) for name in names}
    for _ in range(seconds):
        wall.seconds += 1.0
        market.advance()
    after = {name: market.quote(con_id(market, name)) for name in names}
    return {name: after[name].seq - before[name].seq for name in names}  # type: ignore[union-attr]


def test_at_the_weekend_nothing_moves_and_the_last_values_remain() -> None:
    market, wall = market_at(scenario="weekend")
    assert market.now() == new_york("2025-11-08 11:00")
    assert changes(market, wall, ("TSLA", "NQZ5", "CLZ5"), 90) == {"TSLA": 0, "NQZ5": 0, "CLZ5": 0}
    for name in ("TSLA", "NQZ5"):
        quote = market.quote(con_id(market, name))
        assert quote is not None and quote.last and quote.close and quote.volume
        friday = market.bars(con_id(market, name), 60, new_york("2025-11-07 09:30"), market.now(), False)
        assert friday[-1].close == quote.last
        assert quote.time < new_york("2025-11-07 20:01")
    assert len(market.scan(ScanQuery("TOP_PERC_GAIN", "STK", "STK.US.MAJOR", 50))) == 50


def test_sunday_evening_opens_the_futures_alone() -> None:
    market, wall = market_at("2025-11-09 18:00:30")
    moved = changes(market, wall, ("NQZ5", "CLZ5", "TSLA"), 60)
    assert moved["NQZ5"] > 10 and moved["CLZ5"] > 3 and moved["TSLA"] == 0


def test_before_the_open_stocks_trade_thinly_without_open_high_and_low() -> None:
    market, wall = market_at("2025-11-06 07:00")
    quote = market.quote(con_id(market, "TSLA"))
    assert quote is not None and (quote.open, quote.high, quote.low) == (None, None, None)
    assert quote.volume and quote.last
    wall.seconds = 3 * 3600.0 + 600
    market.advance()
    later = market.quote(con_id(market, "TSLA"))
    assert later is not None and later.volume and later.volume > 10 * quote.volume and later.open and later.high


def test_after_the_close_high_and_low_are_the_regular_sessions() -> None:
    market = still_market("2025-11-05 18:00")
    number = con_id(market, "AAPL")
    quote = market.quote(number)
    daily = market.bars(number, 86_400, new_york("2025-11-04 12:00"), market.now(), True)[-1]
    assert quote is not None and (quote.open, quote.high, quote.low) == (daily.open, daily.high, daily.low)


def test_a_half_day_ends_at_one() -> None:
    market = still_market("2025-11-28 15:00")
    number = con_id(market, "AAPL")
    regular = market.bars(number, 60, new_york("2025-11-28 00:00"), market.now(), True)
    assert regular[-1].time == new_york("2025-11-28 12:59")
    assert market.bars(number, 60, new_york("2025-11-27 00:00"), new_york("2025-11-28 00:00"), True) == []


def test_an_expired_contract_has_no_quote() -> None:
    market = still_market("2025-11-21 10:00")
    gone, alive = market.quote(con_id(market, "CLZ5")), market.quote(con_id(market, "CLF6"))
    assert gone is not None and gone.last is None and gone.close is not None
    assert alive is not None and alive.last is not None


def test_the_months_of_a_root_move_together() -> None:
    market = still_market("2025-11-05 10:00")
    start, end = new_york("2025-11-05 09:30"), market.now()
    front, back = (market.bars(con_id(market, name), 300, start, end, True) for name in ("CLZ5", "CLF6"))
    moves = [np.diff([bar.close for bar in bars]) for bars in (front, back)]
    assert np.allclose(moves[0], moves[1], atol=0.025)


def test_stocks_move_with_the_market() -> None:
    market = still_market("2025-11-05 15:30")
    start = new_york("2025-10-27 09:30")

    def returns(name: str) -> np.ndarray:
        bars = market.bars(con_id(market, name), 900, start, market.now(), True)
        return np.diff(np.log([bar.close for bar in bars]))

    spy, qqq, nvda = returns("SPY"), returns("QQQ"), returns("NVDA")
    assert np.corrcoef(spy, qqq)[0, 1] > 0.9
    assert np.corrcoef(spy, nvda)[0, 1] > 0.2


def test_volume_is_u_shaped_and_about_the_average() -> None:
    market = still_market("2025-11-05 10:00")
    number = con_id(market, "KO")
    bars = market.bars(number, 1800, new_york("2025-10-06 00:00"), new_york("2025-11-05 00:00"), True)
    by_half_hour = np.array([bar.volume for bar in bars]).reshape(-1, 13).mean(axis=0)
    assert by_half_hour[0] > 1.8 * by_half_hour[6] and by_half_hour[12] > 1.3 * by_half_hour[6]
    instrument = market.instrument(number)
    assert instrument is not None and 0.7 < by_half_hour.sum() / instrument.avg_volume < 1.4


def test_there_is_a_year_of_days() -> None:
    market = still_market("2025-11-05 10:00")
    for name in ("TSLA", "NQZ5"):
        days = market.bars(con_id(market, name), 86_400, market.now() - 365 * 86_400, market.now() + 1, True)
        assert 248 <= len(days) <= 254
        assert all(bar.low <= min(bar.open, bar.close) and bar.high >= max(bar.open, bar.close) for bar in days)
        jumps = np.abs(np.diff(np.log([bar.close for bar in days])))
        assert jumps.max() < 0.3
        weeks = market.bars(con_id(market, name), 7 * 86_400, market.now() - 365 * 86_400, market.now() + 1, True)
        assert 51 <= len(weeks) <= 54


def test_a_halt_freezes_a_name_and_the_scan_lists_it() -> None:
    market, wall = market_at("2025-11-05 09:40")
    begin, found = market.now(), None
    while found is None and market.now() < begin + 6 * 3600:
        wall.seconds += 60.0
        market.advance()
        found = next((one for one in market.instruments() if (q := market.quote(one.con_id)) and q.halted), None)
    assert found is not None, "no halt on the demo's day"
    frozen = market.quote(found.con_id)
    assert found.con_id in market.scan(ScanQuery("HALTED", "STK", "STK.US.MAJOR", 50))
    wall.seconds += 60.0 * (HALT_MINUTES - 2)
    market.advance()
    still = market.quote(found.con_id)
    assert frozen is not None and still is not None
    assert (still.last, still.volume, still.halted) == (frozen.last, frozen.volume, True)
    wall.seconds += 60.0 * 4
    market.advance()
    after = market.quote(found.con_id)
    assert after is not None and not after.halted and after.volume and after.volume > (still.volume or 0)


def test_several_halts_a_day_but_not_many() -> None:
    market = still_market("2025-11-05 16:30")
    names = 0
    for one in market.instruments():
        row = market.universe.row.get(one.con_id)
        if row is not None and one.sec_type == "STK":
            names += bool((market._books[0].bars.slot[row] == -2).any())
    assert 2 <= names <= 20
