from __future__ import annotations

import pytest

from simulator.model import QuoteState, ScanQuery
from simulator.world.market import Market
from simulator.world.scans import SCORES
from tests.unit.simulator.world_samples import con_id, market_at


@pytest.fixture(scope="module")
def market() -> Market:
    made, wall = market_at("2025-11-05 10:20")
    wall.seconds = 61.0
    made.advance()
    return made


def scan(market: Market, code: str, rows: int = 50, **fields: object) -> list[QuoteState]:
    filters = fields.pop("filters", ())
    query = ScanQuery(code, "STK", "STK.US.MAJOR", rows, filters=filters, **fields)  # type: ignore[arg-type]
    found = [market.quote(number) for number in market.scan(query)]
    return [quote for quote in found if quote is not None]


def change(quote: QuoteState) -> float:
    assert quote.last is not None and quote.close is not None
    return quote.last / quote.close - 1.0


def test_gainers_and_losers_are_sorted_and_complete(market: Market) -> None:
    gainers = [change(quote) for quote in scan(market, "TOP_PERC_GAIN")]
    losers = [change(quote) for quote in scan(market, "TOP_PERC_LOSE")]
    assert len(gainers) == len(losers) == 50
    assert gainers == sorted(gainers, reverse=True) and losers == sorted(losers)
    stocks = [one for one in market.instruments() if one.sec_type == "STK" and one.behaviour == "normal"]
    every = sorted((change(q) for one in stocks if (q := market.quote(one.con_id))), reverse=True)
    assert gainers == pytest.approx(every[:50])


def test_scans_by_the_open_the_volume_and_the_gap(market: Market) -> None:
    since_open = [quote.last / quote.open for quote in scan(market, "TOP_OPEN_PERC_GAIN") if quote.last and quote.open]
    gaps = [quote.open / quote.close for quote in scan(market, "HIGH_OPEN_GAP") if quote.open and quote.close]
    active = [quote.volume for quote in scan(market, "MOST_ACTIVE") if quote.volume]
    for values in (since_open, gaps, active):
        assert len(values) == 50 and values == sorted(values, reverse=True)


def test_hot_by_volume_is_todays_volume_against_the_usual(market: Market) -> None:
    ratios = []
    for quote in scan(market, "HOT_BY_VOLUME"):
        one = market.instrument(quote.con_id)
        assert one is not None and quote.volume is not None
        ratios.append(quote.volume / one.avg_volume)
    assert ratios == sorted(ratios, reverse=True) and ratios[0] > 2 * ratios[-1] > 0


def test_filters_hold(market: Market) -> None:
    filters = (
        ("avgVolumeAbove", "500000"),
        ("avgUsdVolumeAbove", "5000000"),
        ("stkTypes", "exc:ETF"),
        ("changePercAbove", "1"),
        ("marketCapAbove1e6", "500"),
    )
    found = scan(market, "TOP_PERC_GAIN", above_price=5.0, below_price=300.0, filters=filters)
    assert found
    for quote in found:
        one = market.instrument(quote.con_id)
        assert one is not None and quote.last is not None
        assert 5.0 <= quote.last <= 300.0 and change(quote) >= 0.01
        assert one.avg_volume >= 500_000 and one.avg_volume * quote.last >= 5e6
        assert one.stock_type != "ETF" and one.market_cap_musd >= 500


def test_stock_types_and_locations(market: Market) -> None:
    funds = scan(market, "MOST_ACTIVE", stock_type="ETF")
    assert funds and all(market.instrument(q.con_id).stock_type == "ETF" for q in funds)  # type: ignore[union-attr]
    nasdaq = market.scan(ScanQuery("MOST_ACTIVE", "STK", "STK.NASDAQ", 50))
    assert {market.instrument(number).primary_exchange for number in nasdaq} == {"NASDAQ"}  # type: ignore[union-attr]
    assert market.scan(ScanQuery("MOST_ACTIVE", "STK", "STK.EU", 50)) == []
    assert market.scan(ScanQuery("NO_SUCH_SCAN", "STK", "STK.US", 50)) == []


def test_rows_are_bounded(market: Market) -> None:
    assert len(scan(market, "MOST_ACTIVE", rows=7)) == 7
    assert len(scan(market, "MOST_ACTIVE", rows=500)) == 50


def test_futures_have_a_scan_of_their_own(market: Market) -> None:
    found = market.scan(ScanQuery("HOT_BY_VOLUME", "FUT.US", "FUT.US", 50))
    assert con_id(market, "NQZ5") in found
    assert {market.instrument(number).sec_type for number in found} == {"FUT"}  # type: ignore[union-attr]


def test_leftovers_of_the_account_are_in_no_scan(market: Market) -> None:
    quiet = {one.con_id for one in market.instruments() if one.behaviour != "normal"}
    for code in SCORES:
        assert not quiet & set(market.scan(ScanQuery(code, "STK", "STK.US.MAJOR", 50)))


def test_a_surging_name_climbs_the_pace_scan_within_a_minute() -> None:
    market, wall = market_at("2025-11-05 10:30")
    begin = market.now()
    filters = (("avgVolumeAbove", "500000"), ("stkTypes", "exc:ETF"))
    ranks = []
    for step in range(0, 600, 15):
        wall.seconds = float(step)
        market.advance()
        found = market.scan(ScanQuery("TOP_VOLUME_RATE", "STK", "STK.US.MAJOR", 50, above_price=5.0, filters=filters))
        for one in market.truth(begin + step - 60, begin + step - 45):
            quote, instrument = market.quote(one.con_id), market.instrument(one.con_id)
            assert quote is not None and instrument is not None and quote.last is not None
            liquid = instrument.avg_volume >= 500_000 and quote.last >= 5 and instrument.stock_type not in ("ETF", "")
            if liquid:
                ranks.append(one.con_id in found)
    assert len(ranks) >= 15 and sum(ranks) >= 0.85 * len(ranks)
