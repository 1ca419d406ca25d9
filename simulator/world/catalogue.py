"""The stocks, 600 unless asked otherwise: those of listings.txt, and invented ones to make up the number."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from simulator.model import Behaviour, Instrument
from simulator.world.noise import fold

STOCKS = 600
_ROUND = 390  # so many invented names until first name, sector and last letter come together again
# sector -> (industry, category, subcategory, market beta, sector beta, daily volatility not shared)
SECTORS: dict[str, tuple[str, str, str, float, float, float]] = {
    "T": ("Technology", "Software", "Applications Software", 1.2, 0.9, 0.017),
    "S": ("Technology", "Semiconductors", "Electronic Compo-Semicon", 1.4, 1.2, 0.019),
    "F": ("Financial", "Banks", "Diversified Banking Inst", 1.0, 0.8, 0.011),
    "H": ("Consumer, Non-cyclical", "Biotechnology", "Medical-Biomedical/Gene", 0.7, 0.7, 0.019),
    "D": ("Consumer, Cyclical", "Retail", "Retail-Misc/Diversified", 1.1, 0.8, 0.016),
    "P": ("Consumer, Non-cyclical", "Food", "Food-Misc/Diversified", 0.5, 0.6, 0.010),
    "E": ("Energy", "Oil&Gas", "Oil Comp-Explor&Prodtn", 0.7, 1.3, 0.012),
    "I": ("Industrial", "Machinery-Diversified", "Diversified Manufact Op", 1.0, 0.8, 0.012),
    "A": ("Industrial", "Aerospace/Defense", "Aerospace/Defense-Equip", 1.1, 0.9, 0.022),
    "B": ("Basic Materials", "Mining", "Gold Mining", 0.7, 1.5, 0.016),
    "R": ("Financial", "REITS", "REITS-Diversified", 0.8, 0.7, 0.012),
    "U": ("Utilities", "Electric", "Electric-Integrated", 0.4, 0.8, 0.009),
    "M": ("Communications", "Media", "Multimedia", 0.9, 0.6, 0.014),
    "X": ("Financial", "Diversified Finan Serv", "Finance-Other Services", 1.6, 2.2, 0.024),
    "Y": ("Technology", "Computers", "Computers-Other", 1.6, 2.0, 0.026),
    "N": ("Energy", "Energy-Alternate Sources", "Energy-Alternate Sources", 1.2, 1.6, 0.023),
    "ETF": ("Funds", "Equity Fund", "Growth-Large Cap", 1.0, 0.1, 0.002),
}
_EXCHANGES = {"Q": "NASDAQ", "N": "NYSE", "A": "ARCA", "M": "AMEX"}
_FIRST = (
    "Alden Brix Calyx Corvid Dunmore Elara Fennick Galtex Halcyon Ivora Jasper Kestrel Lumen Morrow Nexa Orrin "
    "Pelion Quarry Ravenna Solace Tamar Umbra Vantor Wexford Xylo Yarrow Zephyr Argent Bexley Cinder"
).split()
_SECOND = {
    "H": ("Therapeutics Inc", "Biosciences Inc", "Pharma Holdings"),
    "T": ("Software Inc", "Systems Corp", "Data Holdings"),
    "S": ("Microdevices Inc", "Photonics Corp", "Silicon Inc"),
    "I": ("Industries Inc", "Controls Corp", "Logistics Inc"),
    "F": ("Bancorp", "Financial Corp", "Capital Corp"),
    "E": ("Energy Corp", "Resources Inc", "Midstream LP"),
    "D": ("Brands Inc", "Stores Inc", "Outfitters Inc"),
    "A": ("Aerospace Corp", "Dynamics Inc", "Defense Systems"),
    "B": ("Minerals Inc", "Gold Corp", "Lithium Corp"),
    "N": ("Power Inc", "Solar Inc", "Nuclear Corp"),
}


@dataclass(frozen=True, slots=True)
class Listing:
    """One row of the world: the contract and how it moves. `price` is that of 2025-11-05 10:00 New York."""

    instrument: Instrument
    price: float
    sector: str
    market_beta: float
    sector_beta: float
    own_volatility: float  # of a day, what is shared with nothing, as a ratio
    half_spread_bps: float
    watched: bool = False
    path_name: str = ""  # futures of one root share one path
    kind: str = "STK"


def invented_con_id(symbol: str) -> int:
    return 700_000_000 + fold(*symbol.encode()) % 90_000_000


def _volatility(base: float, price: float, thousand_shares: float, watched: bool) -> float:
    cheap = 1.0 + 0.9 * max(0.0, (20.0 - price) / 20.0)
    thin = 1.25 if thousand_shares < 1500 else 1.0
    return base * cheap * thin * (1.35 if watched else 1.0)


def _leverage(symbol: str) -> tuple[float, float]:
    """Market beta and own volatility of the ETFs that do not follow the market one to one."""
    table = {"QQQ": (1.2, 0.0008), "SPY": (1.0, 0.0004), "TQQQ": (3.6, 0.002), "SQQQ": (-3.6, 0.002)}
    other = {"SOXL": (4.0, 0.02), "TLT": (-0.15, 0.006), "HYG": (0.3, 0.002), "VXX": (-3.0, 0.02), "GLD": (0.1, 0.01)}
    return (table | other).get(symbol, (1.1, 0.006))


def stock(
    symbol: str,
    name: str,
    price: float,
    thousand_shares: float,
    sector: str,
    exchange: str,
    watched: bool = False,
    con_id: int | None = None,
    behaviour: Behaviour = "normal",
) -> Listing:
    """A US stock or ETF with its contract."""
    industry, category, subcategory, beta, sector_beta, volatility = SECTORS[sector]
    own = _volatility(volatility, price, thousand_shares, watched)
    if sector == "ETF":
        beta, own = _leverage(symbol)
    stock_type = "ETF" if sector == "ETF" else "ADR" if "ADR" in name else "COMMON"
    primary = _EXCHANGES.get(exchange, exchange)
    instrument = Instrument(
        con_id=con_id or invented_con_id(symbol),
        symbol=symbol,
        sec_type="STK",
        local_symbol=symbol,
        trading_class="NMS" if primary == "NASDAQ" else symbol,
        primary_exchange=primary,
        currency="USD",
        long_name=name.upper(),
        min_tick=0.01 if price >= 1.0 else 0.0001,
        valid_exchanges="SMART,AMEX,NYSE,CBOE,PHLX,ISE,CHX,ARCA,NASDAQ,DRCTEDGE,BEX,BATS,EDGEA,BYX,IEX,PSX",
        industry=industry,
        category=category,
        subcategory=subcategory,
        stock_type=stock_type,
        avg_volume=thousand_shares * 1000.0,
        market_cap_musd=round(price * thousand_shares * 0.11 + 40.0, 1),
        behaviour=behaviour,
    )
    bps = 0.4 + 9.0 / max(0.2, thousand_shares / 400.0) ** 0.6
    return Listing(instrument, price, sector, beta, sector_beta, own, bps, watched, symbol)


def listed_stocks() -> list[Listing]:
    """The stocks of listings.txt, in its order."""
    text = (Path(__file__).parent / "listings.txt").read_text("utf-8")
    found = []
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        symbol, name, price, volume, sector, exchange, star, con_id = line.split("|")
        number = int(con_id) if con_id else None
        found.append(stock(symbol, name, float(price), float(volume), sector, exchange, star == "*", number))
    return found


def _ticker(first: str, second: str, n: int) -> str:
    letters = (first[0] + first[2] + second[0] + first[1] + first[-1] + second[2]).upper()
    return letters[: 3 + n % 2]


def invented_stocks(count: int, taken: set[str]) -> list[Listing]:
    """`count` more names that exist nowhere, the same in every world."""
    found: list[Listing] = []
    sectors = list(_SECOND)
    n = 0
    while len(found) < count:
        first, sector = _FIRST[n % len(_FIRST)], sectors[(n // 3 + n + n // _ROUND) % len(sectors)]
        second = _SECOND[sector][n % 3]
        symbol = _ticker(first, second, n + n // len(_FIRST))
        n += 1
        if symbol in taken:
            symbol = f"{symbol[:3]}{chr(65 + n % 26)}"
        if symbol in taken:
            symbol = f"{symbol}{chr(65 + n // _ROUND % 26)}"
            if symbol in taken:
                continue
        taken.add(symbol)
        roll = fold(77, n)
        price = round(3.2 * 40.0 ** ((roll & 0xFFFF) / 65536.0), 2)
        volume = round(220.0 * 30.0 ** ((roll >> 16 & 0xFFFF) / 65536.0))
        found.append(stock(symbol, f"{first} {second}", price, volume, sector, "QN"[n % 2], roll >> 40 & 3 == 0))
    return found


def stocks(count: int = STOCKS) -> list[Listing]:
    """`count` stocks; a larger world holds those of a smaller one, and they move as they do there."""
    listed = listed_stocks()[:count]
    return listed + invented_stocks(count - len(listed), {one.instrument.symbol for one in listed})
