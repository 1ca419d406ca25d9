"""The futures of the world. Months of one root follow one path, times a constant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from simulator.model import Instrument
from simulator.world.catalogue import Listing, invented_con_id

_MONTH_CODES = {11: "X", 12: "Z", 1: "F", 2: "G", 3: "H", 6: "M"}


@dataclass(frozen=True, slots=True)
class Root:
    symbol: str
    exchange: str
    multiplier: str
    tick: float
    name: str
    zone: str
    sector: str
    beta: float
    sector_beta: float
    volatility: float
    category: str


@dataclass(frozen=True, slots=True)
class Month:
    root: str
    price: float
    contract_month: str
    last_trade: date
    volume: float
    con_id: int | None = None


_ROOTS = {
    root.symbol: root
    for root in (
        Root("NQ", "CME", "20", 0.25, "E-mini NASDAQ 100", "US/Central", "ETF", 1.2, 0.0, 0.0008, "Equity Index"),
        Root("ES", "CME", "50", 0.25, "E-mini S&P 500", "US/Central", "ETF", 1.0, 0.0, 0.0004, "Equity Index"),
        Root(
            "RTY", "CME", "50", 0.1, "E-Mini Russell 2000 Index", "US/Central", "ETF", 1.2, 0.1, 0.004, "Equity Index"
        ),
        Root("CL", "NYMEX", "1000", 0.01, "Light Sweet Crude Oil", "US/Eastern", "E", 0.1, 1.0, 0.011, "Energy"),
        Root("NG", "NYMEX", "10000", 0.001, "Henry Hub Natural Gas", "US/Eastern", "E", 0.0, 0.3, 0.025, "Energy"),
        Root("GC", "COMEX", "100", 0.1, "Gold", "US/Eastern", "B", 0.0, 0.5, 0.008, "Metals"),
        Root("SI", "COMEX", "5000", 0.005, "Silver", "US/Eastern", "B", 0.1, 0.8, 0.013, "Metals"),
    )
}

_MONTHS = (
    Month("NQ", 24688.25, "202512", date(2025, 12, 19), 590_000),
    Month("NQ", 24921.50, "202603", date(2026, 3, 20), 9_000),
    Month("ES", 6788.50, "202512", date(2025, 12, 19), 1_450_000, 495512563),
    Month("ES", 6846.75, "202603", date(2026, 3, 20), 21_000),
    Month("RTY", 2441.30, "202512", date(2025, 12, 19), 190_000),
    Month("CL", 58.88, "202512", date(2025, 11, 20), 240_000),
    Month("CL", 58.71, "202601", date(2025, 12, 19), 160_000),
    Month("NG", 4.231, "202512", date(2025, 11, 25), 170_000),
    Month("GC", 3987.4, "202512", date(2025, 12, 29), 210_000),
    Month("SI", 47.830, "202512", date(2025, 12, 29), 78_000),
)


def _listing(month: Month) -> Listing:
    root = _ROOTS[month.root]
    local = f"{root.symbol}{_MONTH_CODES[int(month.contract_month[4:])]}{month.contract_month[3]}"
    instrument = Instrument(
        con_id=month.con_id or invented_con_id(local),
        symbol=root.symbol,
        sec_type="FUT",
        local_symbol=local,
        trading_class=root.symbol,
        primary_exchange="",
        currency="USD",
        long_name=root.name,
        min_tick=root.tick,
        multiplier=root.multiplier,
        last_trade_date=month.last_trade.strftime("%Y%m%d"),
        contract_month=month.contract_month,
        exchange=root.exchange,
        valid_exchanges=f"{root.exchange},QBALGO",
        industry="Indices" if root.exchange == "CME" else root.category,
        category=root.category,
        time_zone_id=root.zone,
        avg_volume=month.volume,
    )
    bps = 0.02 if month.volume > 50_000 else 1.5
    return Listing(
        instrument,
        month.price,
        root.sector,
        root.beta,
        root.sector_beta,
        root.volatility,
        bps,
        True,
        root.symbol,
        "FUT",
    )


def futures() -> list[Listing]:
    """Every month of every root."""
    return [_listing(month) for month in _MONTHS]
