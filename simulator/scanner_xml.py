"""The scanner's parameter document, and what of it a subscription may name."""

from __future__ import annotations

from functools import cache
from xml.sax.saxutils import escape

INSTRUMENTS = {
    "STK": ("US Stocks", ("STK.US", "STK.US.MAJOR", "STK.US.MINOR", "STK.NASDAQ", "STK.NYSE", "STK.AMEX",
                          "STK.ARCA", "STK.NASDAQ.NMS", "STK.NASDAQ.SCM", "STK.PINK")),
    "ETF.EQ.US": ("US Equity ETFs", ("ETF.EQ.US.MAJOR", "ETF.EQ.ARCA", "ETF.EQ.NASDAQ.NMS")),
    "FUT.US": ("US Futures", ("FUT.US", "FUT.CME", "FUT.CBOT", "FUT.NYMEX", "FUT.COMEX")),
    "IND.US": ("US Indexes", ("IND.US",)),
}  # fmt: skip

SCANS = {
    "TOP_PERC_GAIN": "Top % Gainers",
    "TOP_PERC_LOSE": "Top % Losers",
    "MOST_ACTIVE": "Most Active",
    "MOST_ACTIVE_USD": "Most Active ($)",
    "MOST_ACTIVE_AVG_USD": "Most Active By Avg ($)",
    "HOT_BY_VOLUME": "Hot Contracts by Volume",
    "HOT_BY_PRICE": "Hot Contracts by Price",
    "HOT_BY_PRICE_RANGE": "Top Price Range",
    "TOP_PRICE_RANGE": "Top Price Range (%)",
    "TOP_TRADE_COUNT": "Top Trade Count",
    "TOP_TRADE_RATE": "Top Trade Rate",
    "TOP_VOLUME_RATE": "Top Volume Rate",
    "TOP_OPEN_PERC_GAIN": "Top % Gainers Since Open",
    "TOP_OPEN_PERC_LOSE": "Top % Losers Since Open",
    "TOP_AFTER_HOURS_PERC_GAIN": "Top After-Hours % Gainers",
    "TOP_AFTER_HOURS_PERC_LOSE": "Top After-Hours % Losers",
    "HIGH_OPEN_GAP": "Top Close-to-Open % Gainers",
    "LOW_OPEN_GAP": "Top Close-to-Open % Losers",
    "HIGH_VS_13W_HL": "13-Week High",
    "LOW_VS_13W_HL": "13-Week Low",
    "HIGH_VS_26W_HL": "26-Week High",
    "LOW_VS_26W_HL": "26-Week Low",
    "HIGH_VS_52W_HL": "52-Week High",
    "LOW_VS_52W_HL": "52-Week Low",
    "HIGH_LAST_VS_EMA20": "Last Price Above EMA(20)",
    "LOW_LAST_VS_EMA20": "Last Price Below EMA(20)",
    "HIGH_LAST_VS_EMA50": "Last Price Above EMA(50)",
    "LOW_LAST_VS_EMA50": "Last Price Below EMA(50)",
    "HIGH_LAST_VS_EMA100": "Last Price Above EMA(100)",
    "HIGH_LAST_VS_EMA200": "Last Price Above EMA(200)",
    "HIGH_SYNTH_BID_REV_NAT_YIELD": "Highest Synthetic Bid",
    "HALTED": "Halted",
    "NOT_OPEN": "Not Open",
}

FILTERS = {
    "PRICE": ("priceAbove", "priceBelow", "Price"),
    "USDPRICE": ("usdPriceAbove", "usdPriceBelow", "Price (USD)"),
    "VOLUME": ("volumeAbove", "volumeBelow", "Volume"),
    "AVGVOLUME": ("avgVolumeAbove", "avgVolumeBelow", "Avg Volume"),
    "AVGUSDVOLUME": ("avgUsdVolumeAbove", "avgUsdVolumeBelow", "Avg Volume (USD)"),
    "USDVOLUME": ("usdVolumeAbove", "usdVolumeBelow", "Volume (USD)"),
    "VOLUMERATE": ("volumeRateAbove", "volumeRateBelow", "Volume Rate/min"),
    "MKTCAP": ("marketCapAbove1e6", "marketCapBelow1e6", "Capitalization (millions)"),
    "CHANGEPERC": ("changePercAbove", "changePercBelow", "% Change"),
    "CHANGEOPENPERC": ("changeOpenPercAbove", "changeOpenPercBelow", "% Change Since Open"),
    "OPENGAPPERC": ("openGapPercAbove", "openGapPercBelow", "Open Gap %"),
    "TRADERATE": ("tradeRateAbove", "tradeRateBelow", "Trade Rate/min"),
    "STKTYPE": ("stkTypes", "stkTypes", "Stock Type"),
    "HALTED": ("haltedIs", "haltedIs", "Halted"),
}


def known(instrument: str, location: str, scan_code: str) -> bool:
    """Whether the three exist and belong together."""
    entry = INSTRUMENTS.get(instrument)
    return entry is not None and location in entry[1] and scan_code in SCANS


@cache
def document() -> str:
    """The parameter XML, shaped like TWS' own: instruments, locations, scan types, filters."""
    parts = ['<?xml version="1.0" encoding="UTF-8"?>\n<ScanParameterResponse>\n', _instruments(), _locations()]
    parts += ['<ScanTypeList varName="scanTypeList">\n', *[_scan(code, name) for code, name in SCANS.items()]]
    parts += ["</ScanTypeList>\n", '<FilterList varName="filterList">\n']
    parts += [_filter(code, *spec) for code, spec in FILTERS.items()]
    return "".join([*parts, "</FilterList>\n</ScanParameterResponse>\n"])


def _instruments() -> str:
    rows = [
        f"<Instrument>\n<name>{escape(name)}</name>\n<type>{code}</type>\n<secType>{code.split('.')[0]}</secType>\n"
        f"<filters>{','.join(FILTERS)}</filters>\n<group>STK.GLOBAL</group>\n<shortName>US</shortName>\n</Instrument>\n"
        for code, (name, _) in INSTRUMENTS.items()
    ]
    return f'<InstrumentList varName="instrumentList">\n{"".join(rows)}</InstrumentList>\n'


def _locations() -> str:
    return f'<LocationTree varName="locationTree">\n{"".join(map(_tree, INSTRUMENTS))}</LocationTree>\n'


def _tree(instrument: str) -> str:
    name, codes = INSTRUMENTS[instrument]
    leaves = "".join(
        f"<Location>\n<displayName>{code}</displayName>\n<locationCode>{code}</locationCode>\n"
        f"<instruments>{instrument}</instruments>\n<access>unrestricted</access>\n</Location>\n"
        for code in codes
    )
    return (
        f"<Location>\n<displayName>{escape(name)}</displayName>\n<locationCode>{instrument}</locationCode>\n"
        f"<instruments>{instrument}</instruments>\n<access>unrestricted</access>\n"
        f"<LocationTree>\n{leaves}</LocationTree>\n</Location>\n"
    )


def _scan(code: str, name: str) -> str:
    return (
        f"<ScanType>\n<displayName>{escape(name)}</displayName>\n<scanCode>{code}</scanCode>\n"
        f"<instruments>{','.join(INSTRUMENTS)}</instruments>\n<absoluteColumns>false</absoluteColumns>\n"
        "<supportsSorting>true</supportsSorting>\n<respSizeLimit>2147483647</respSizeLimit>\n"
        "<snapshotSizeLimit>2147483647</snapshotSizeLimit>\n<searchDefault>false</searchDefault>\n"
        "<access>unrestricted</access>\n</ScanType>\n"
    )


def _filter(code: str, above: str, below: str, name: str) -> str:
    fields = "".join(
        '<AbstractField type="scanner.filter.DoubleField" varName="abstractField">\n'
        f"<code>{tag}</code>\n<displayName>{escape(name)}</displayName>\n<acceptNegatives>true</acceptNegatives>\n"
        "</AbstractField>\n"
        for tag in dict.fromkeys((above, below))
    )
    return (
        f"<RangeFilter>\n<id>{code}</id>\n<category>{escape(name)}</category>\n<histogram>false</histogram>\n"
        f"<access>unrestricted</access>\n{fields}</RangeFilter>\n"
    )
