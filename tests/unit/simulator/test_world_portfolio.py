"""The book of every kind: what it holds, how it is quoted, when it trades."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from simulator.hub import Hub
from simulator.settings import GatewaySettings
from simulator.world.build import build_world
from simulator.world.kind_hours import HoursKind, hours_text, sessions
from simulator.world.kinds import KINDS
from simulator.world.portfolio_world import PortfolioWorld
from tests.unit.simulator.world_samples import Wall, new_york

DAYS = ("weekday", "weekend", "half-day", "holiday", "clocks-back", "clocks-forward", "futures-reset", "account-reset")


def world_at(scenario: str = "weekday", seed: int = 1, accounts: int = 1, stocks: int = 300) -> tuple[Hub, Wall]:
    wall = Wall()
    market = build_world(seed, None, 1.0, wall, scenario, None, True, stocks)
    market.accounts = accounts
    return Hub(PortfolioWorld(market), GatewaySettings(), wall), wall


@pytest.fixture(scope="module")
def weekday() -> Hub:
    return world_at(accounts=4)[0]


def by_name(hub: Hub, book: int = 1) -> dict[str, object]:
    return {row.instrument.local_symbol: row for row in hub.rows(hub.books[book])}


def test_a_position_of_every_kind(weekday: Hub) -> None:
    rows = weekday.rows(weekday.books[1])
    kinds = {row.instrument.sec_type for row in rows}
    assert kinds == {"FUT", "STK", "OPT", "FOP", "CASH", "CMDTY", "CRYPTO", "CFD", "BOND", "BAG", "SLB"}
    assert any(row.quantity < 0 for row in rows) and any(row.quantity % 1 for row in rows)
    assert any(row.avg_cost is None for row in rows) and any(row.mark is not None and row.mark < 0 for row in rows)
    everything = weekday.world.instruments()
    assert len({one.con_id for one in everything}) == len(everything)


HAND = {  # quantity x (quote / magnifier x multiplier - cost), at the quote in the second place
    "ZWZ5": ("448.25", "-200.00"),
    "VOD": ("71.84", "-6.60"),
    "VODn": ("0.7184", "-6.60"),
    "AAPL  251219C00300000": ("1.00", "-3800.00"),
    "AAPL  251121P00150000": ("0", "-600.00"),
    "INTC  251017C00045000": ("0", "-146.80"),
    "CLV5": ("62.64", "-462.37"),
    "EUR.USD": ("1.1488", "-87.50"),
    "6JZ5": ("0.0065435", "208.62"),
    "WCCZ5": ("-5.00", "-450.00"),
    "IBM 3.5 05/15/29": ("97.850", "-68.00"),
    "SPX_COMB": ("1.35", "45.00"),
    "INTC.SLB": ("37.90", "9.00"),
}


@pytest.mark.parametrize("name", HAND)
def test_results_follow_from_quotes_by_the_units_of_the_contract(weekday: Hub, name: str) -> None:
    row = by_name(weekday)[name]
    quote, expected = (Decimal(text) for text in HAND[name])
    kind = KINDS[name].instrument
    factor = Decimal(kind.money_factor or kind.multiplier or "1")
    factor = factor if kind.money_factor else factor / kind.price_magnifier
    assert row.unrealized == expected + row.quantity * (row.mark - quote) * factor
    assert abs(row.mark - quote) <= 2 * Decimal(str(KINDS[name].half_spread_ticks * kind.min_tick))


def test_quotes_that_are_no_prices(weekday: Hub) -> None:
    world = weekday.world

    def quote(name: str):
        return world.quote(KINDS[name].instrument.con_id)

    cattle, stale, nothing = quote("LEZ5"), quote("AAPL  251219C00300000"), quote("AAPL  251121P00150000")
    assert (cattle.bid, cattle.ask, cattle.last) == (None, None, None) and 200 < cattle.close < 260
    assert stale.last == 5.0 and stale.ask < 2.0 and stale.bid < stale.mark < stale.ask
    assert (nothing.bid, nothing.ask, nothing.mark) == (None, 0.01, 0.0)
    share = world.quote(KINDS["AAPLn"].instrument.under_con_id)
    assert (quote("AAPLn").bid, quote("AAPLn").last) == (share.bid, share.last)
    pence, pounds = quote("VOD"), quote("VODn")
    assert [pounds.bid, pounds.mark, pounds.close] == [round(x / 100, 8) for x in (pence.bid, pence.mark, pence.close)]
    now, ids = world.now(), [KINDS[name].instrument.con_id for name in ("VOD", "VODn")]
    shares, cfds = (world.bars(con_id, 900, now - 7200, now, False) for con_id in ids)
    assert cfds and [bar.close for bar in cfds] == [round(bar.close / 100, 8) for bar in shares]
    for name in ("EUR.USD", "XAUUSD"):
        assert quote(name).last is None and quote(name).bid < quote(name).mark < quote(name).ask


def test_an_advisor_has_a_master_and_clients_of_their_own(weekday: Hub) -> None:
    assert weekday.accounts() == ["DF1234567", "DU1234567", "DU1234568", "DU1234569"]
    master, first, second, third = weekday.books
    assert master.held() == [] and len(first.held()) == 24
    shared = set(first.held()) & set(second.held()) & set(third.held())
    assert len(shared) == 6
    wheat = KINDS["ZWZ5"].instrument.con_id
    assert [book.lot(wheat).quantity for book in (first, second, third)] == [2, -1, -2]
    assert weekday.holds(wheat)


def test_rates_are_euros_for_one_unit(weekday: Hub) -> None:
    rates = {currency: weekday.rate(currency, "EUR") for currency in ("EUR", "USD", "GBP", "JPY", "CHF")}
    assert rates["EUR"] == 1
    assert 0.8 < rates["USD"] < 0.95 and 1.05 < rates["GBP"] < 1.25 and 0.004 < rates["JPY"] < 0.008
    sums = weekday.totals(weekday.books[1])
    parts = sum(part.net_liquidation * sums.rates[name] for name, part in sums.currencies.items())
    assert sums.net_liquidation == parts


@pytest.mark.parametrize("scenario", DAYS)
def test_every_scenario_values_the_whole_book(scenario: str) -> None:
    hub, _ = world_at(scenario)
    rows = hub.rows(hub.books[0])
    assert len(rows) == 24 and all(row.mark is not None for row in rows)


def test_the_same_seed_is_the_same_world() -> None:
    (one, wall_one), (two, wall_two) = (world_at() for _ in range(2))
    for wait_s in (0.0, 7.0, 90.0):
        wall_one.seconds = wall_two.seconds = wait_s
        one.world.advance()
        two.world.advance()
        marks = [{name: row.mark for name, row in by_name(hub, 0).items()} for hub in (one, two)]
        assert marks[0] == marks[1]
    assert len(one.rows(one.books[0])) == 24


def test_prices_move_on_the_grid_with_sane_ticks() -> None:
    hub, wall = world_at()
    seen: dict[str, set[float]] = {}
    for second in range(0, 600, 30):
        wall.seconds = float(second)
        hub.world.advance()
        for name, kind in KINDS.items():
            quote = hub.world.quote(kind.instrument.con_id)
            if quote is None or quote.bid is None:
                continue
            assert quote.ask is not None and quote.bid < quote.ask
            for price in (quote.bid, quote.ask):
                assert abs(price / kind.instrument.min_tick - round(price / kind.instrument.min_tick)) < 1e-6
            seen.setdefault(name, set()).add(quote.bid)
    moving = {"ZWZ5", "VOD", "EUR.USD", "BTC.USD", "6JZ5", "E2AX5 C6900", "XAUUSD", "IBM 3.5 05/15/29", "WCCZ5"}
    assert all(len(seen[name]) > 1 for name in moving)


def texts(kind: HoursKind, when: str, liquid: bool = False) -> list[str]:
    return hours_text(kind, new_york(when), liquid).split(";")


def test_hours_of_each_kind() -> None:
    assert texts("stock", "2025-11-28 10:00", True)[0] == "20251128:0930-20251128:1300"
    assert texts("stock", "2025-11-28 10:00")[:2] == ["20251128:0400-20251128:1700", "20251129:CLOSED"]
    assert texts("stock", "2025-11-27 10:00")[0] == "20251127:CLOSED"
    assert texts("london", "2025-11-27 10:00", True)[0] == "20251127:0800-20251127:1630"
    assert texts("future", "2025-11-05 10:00")[0] == "20251104:1700-20251105:1600"
    assert texts("future", "2025-11-08 10:00")[:2] == ["20251108:CLOSED", "20251109:1700-20251110:1600"]
    assert texts("grain", "2025-11-05 10:00")[:2] == ["20251104:1900-20251105:0745", "20251105:0830-20251105:1320"]
    assert texts("crypto", "2025-11-02 01:30")[0] == "20251102:0000-20251103:0000"
    assert texts("fx", "2025-11-09 12:00")[0] == "20251109:1715-20251110:1700"


@pytest.mark.parametrize(("day", "hours"), [("2025-11-02", 25), ("2026-03-08", 23), ("2025-11-05", 24)])
def test_a_day_of_the_coins_is_as_long_as_its_clock(day: str, hours: int) -> None:
    ((start, end),) = sessions("crypto", datetime.fromisoformat(day).date(), False)
    assert end - start == hours * 3600


def test_four_hours_through_the_repeated_hour_are_240_minutes() -> None:
    hub, wall = world_at("clocks-back")
    wall.seconds = 4 * 3600.0
    hub.world.advance()
    now = hub.world.now()
    assert datetime.fromtimestamp(now, ZoneInfo("America/New_York")).strftime("%H:%M") == "03:45"
    bars = hub.world.bars(KINDS["BTC.USD"].instrument.con_id, 60, now - 4 * 3600, now, False)
    times = [bar.time for bar in bars]
    assert len(times) == 240 and all(b - a == 60 for a, b in zip(times, times[1:], strict=False))
    assert hub.world.bars(KINDS["EUR.USD"].instrument.con_id, 60, now - 4 * 3600, now, False) == []


def test_bars_are_cut_from_the_path_of_the_quotes() -> None:
    hub, wall = world_at()
    con_id = KINDS["6JZ5"].instrument.con_id
    wall.seconds = 600.0
    hub.world.advance()
    bars = hub.world.bars(con_id, 60, hub.world.now() - 600, hub.world.now(), False)
    quote = hub.world.quote(con_id)
    assert len(bars) == 10 and abs(bars[-1].close - quote.last) <= 3 * 5e-7
    assert all(bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in bars)
    days = hub.world.bars(con_id, 86_400, hub.world.now() - 20 * 86_400, hub.world.now() + 86_400, False)
    assert len(days) == 14 and days[-2].close == quote.close


def test_futures_take_the_next_date_at_six_in_the_evening() -> None:
    hub, wall = world_at("futures-reset")
    con_id = KINDS["6JZ5"].instrument.con_id
    before = hub.world.quote(con_id)
    wall.seconds = 66 * 60.0  # 18:01
    hub.world.advance()
    after = hub.world.quote(con_id)
    assert after.close != before.close and after.open != before.open
    fill_time, instrument = new_york("2025-11-05 16:58"), KINDS["6JZ5"].instrument
    assert not hub.is_today(instrument, fill_time)
    share = KINDS["AAPLn"].instrument
    assert hub.is_today(share, fill_time)


@pytest.mark.parametrize(
    ("name", "when", "day"),
    [
        ("6JZ5", "2025-11-05 17:30", "2025-11-05"),  # an instant between two sessions is still the former's
        ("6JZ5", "2025-11-05 18:00", "2025-11-06"),
        ("6JZ5", "2025-11-09 18:30", "2025-11-10"),
        ("ZWZ5", "2025-11-05 19:30", "2025-11-05"),
        ("ZWZ5", "2025-11-05 20:00", "2025-11-06"),
        ("EUR.USD", "2025-11-05 17:00", "2025-11-06"),
        ("BTC.USD", "2025-11-08 12:00", "2025-11-08"),
        ("VOD", "2025-11-06 02:00", "2025-11-05"),
        ("VOD", "2025-11-06 03:00", "2025-11-06"),
        ("TSLA", "2025-11-05 19:59", "2025-11-05"),
        ("TSLA", "2025-11-05 20:00", "2025-11-06"),
        ("TSLA", "2025-11-08 12:00", "2025-11-07"),
        ("TSLA", "2025-11-27 12:00", "2025-11-26"),
    ],
)
def test_every_kind_has_a_trade_date_of_its_own(weekday: Hub, name: str, when: str, day: str) -> None:
    (instrument,) = (one for one in weekday.world.instruments() if one.local_symbol == name)
    assert f"{weekday.trade_date(instrument, new_york(when)):%Y-%m-%d}" == day


def test_an_account_may_have_one_reset_for_everything() -> None:
    hub, _ = world_at()
    hub.settings.account_reset_s = 17 * 3600.0
    for name in ("6JZ5", "VOD", "BTC.USD"):
        dates = [hub.trade_date(KINDS[name].instrument, new_york(f"2025-11-05 {at}")) for at in ("16:59", "17:00")]
        assert [f"{day:%m-%d}" for day in dates] == ["11-04", "11-05"]
