"""TWS' own words for the errors and notices that the gateway sends."""

from __future__ import annotations

from collections.abc import Mapping

MAX_RATE = "Max rate of messages per second has been exceeded:max={limit} rec={count} (1)"
NEAR_RATE = "Warning: Approaching max rate of {limit} messages per second ({count})"
LINE_LIMIT = "Max number of tickers has been reached"
NO_DEFINITION = "No security definition has been found for the request"
AMBIGUOUS = "The contract description specified for {symbol} is ambiguous."
HMDS = "Historical Market Data Service error message:"
NO_BARS = HMDS + "HMDS query returned no data: {local_symbol}@{exchange} {what}"
PACING = HMDS + "Historical data request pacing violation"
NO_PERMISSION = HMDS + "No market data permissions."
HISTORY_CANCELLED = HMDS + "API historical data query cancelled: {req_id}"
SCANNER_CANCELLED = HMDS + "API scanner subscription cancelled: {req_id}"
UNKNOWN_SCAN = HMDS + "No scan code or location: {scan}"
NO_SCAN_ROWS = "Historical Market Data Service query message:no items retrieved"
UNKNOWN_TICKER = "Can't find EId with tickerId:{req_id}"
UNKNOWN_HISTORY = "No historical data query found for ticker id:{req_id}"
UNKNOWN_SCANNER = "No scanner subscription found for ticker id:{req_id}"
VALIDATION = "Error validating request.-'bT' : cause - {cause}"
PROCESSING = "Error processing request.-'co' : cause - {cause}"
CONFLICT = (
    "Parameters in request conflicts with contract parameters received by contract id: "
    "requested {field} {asked}, in contract {has};"
)
OTHER_TRADES = "Expected what to show is {expected}, please use that instead of {asked}."
NO_DATA_OF_KIND = HMDS + "No historical market data for {symbol}/{sec_type}@{exchange} {what} {bar}"
ONLY_DAILY_SCHEDULE = "Only daily resolution supported for Schedule requests"
INVALID_REALTIME = "Invalid Real-time Query:No historical market data for {symbol}/{sec_type}@{exchange} {what} 5"
BAD_ACCOUNT = "Invalid account code '{account}'."
ENTER_EXCHANGE = "Please enter exchange"
ENTER_SEC_TYPE = "Please enter a valid security type"
READ_ONLY = "The API interface is currently in Read-Only mode."
SCANNER_SLOTS = "Only {limit} simultaneous API scanner subscriptions are allowed."
DUPLICATE_ID = "Duplicate ticker id"
CLIENT_ID_IN_USE = "Unable to connect as the client id is already in use. Retry with a unique client id."
NOT_SUBSCRIBED = "Requested market data is not subscribed.Delayed market data is available.{symbol} STK/Top"
NOT_SUBSCRIBED_AT_ALL = "Requested market data is not subscribed.{symbol} STK/Top"
DELAYED = (
    "Requested market data is not subscribed. Displaying delayed market data."
    "{symbol} STK/Top is not subscribed; delayed market data is available"
)
GENERIC_TICKS = "Incorrect generic tick list of {ticks}.  Legal ones for (STK) are: {legal} or none for none or all"
SNAPSHOT_GENERIC = "Snapshot market data subscription is not applicable to generic ticks"
COMPETING = "No market data during competing live session"
CONNECTIVITY_LOST = "Connectivity between IBKR and Trader Workstation has been lost."
RESTORED_LOST = "Connectivity between IBKR and Trader Workstation has been restored - data lost."
RESTORED_KEPT = (
    "Connectivity between IBKR and Trader Workstation has been restored - data maintained. "
    "All data farms are connected: usfarm; ushmds; secdefnj."
)
PORT_RESET = (
    "TWS socket port has been reset and this connection is being dropped. Please reconnect on the new port - {port}"
)
BARS_LOST = "Failed to request live updates (disconnected)."
OUTDATED = "The TWS is out of date and must be upgraded."
NO_COMMON_VERSION = OUTDATED + " It speaks server versions {lowest} to {highest}; the client asks for {asked}."
NO_PROTOBUF = (
    OUTDATED + " Message {message_id} came with a raw number or as protobuf, which begins with server version 201; "
    "this connection speaks {version}, the gateway at most {highest}."
)
BAD_READ = "Error reading request. {cause}"
BAD_PROCESS = "Error processing request. {cause}"
NOT_STARTED = "Not connected: startApi must come first"
NO_DEPTH = "Deep market data is not supported for this combination of security type/exchange"
UNKNOWN_DEPTH = "Can't find the subscribed market depth with tickerId:{req_id}"
NO_ADVISOR = "FA data operations ignored for non FA customers."
NO_VERIFICATION = "Verification of the API client is not supported"
NO_DISPLAY_GROUP = "Unknown display group"
NO_NEWS = "No news provider is subscribed"
NO_FUNDAMENTALS = "Fundamentals data is not allowed"
NO_ARTICLE = "Failed to request news article:No data available"
NO_NEWS_FEED = "News feed is not allowed"
WSH_NOT_CANCELLED = "Failed cancel WSH metadata"
WSH_EVENTS_NOT_CANCELLED = "Fail cancel WSH event data"
NO_HISTOGRAM = "Failed to request histogram data:No market data permissions"
NO_HISTORICAL_TICKS = "Failed to request historical ticks:No market data permissions"

FARM_NOTICES = (
    (2104, "Market data farm connection is OK:usfarm"),
    (2104, "Market data farm connection is OK:usfuture"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2158, "Sec-def data farm connection is OK:secdefnj"),
)
FARM_CODES = {
    "data": (
        (2103, "Market data farm connection is broken:{farm}"),
        (2104, "Market data farm connection is OK:{farm}"),
    ),
    "history": (
        (2105, "HMDS data farm connection is broken:{farm}"),
        (2106, "HMDS data farm connection is OK:{farm}"),
    ),
    "definitions": (
        (2157, "Sec-def data farm connection is broken:{farm}"),
        (2158, "Sec-def data farm connection is OK:{farm}"),
    ),
}

BY_CODE = {
    0: NEAR_RATE,
    100: MAX_RATE,
    101: LINE_LIMIT,
    162: PACING,
    200: NO_DEFINITION,
    300: UNKNOWN_TICKER,
    321: VALIDATION.format(cause=ENTER_EXCHANGE),
    322: PROCESSING.format(cause=SCANNER_SLOTS),
    326: CLIENT_ID_IN_USE,
    354: NOT_SUBSCRIBED,
    365: UNKNOWN_SCANNER,
    366: UNKNOWN_HISTORY,
    478: CONFLICT,
    1100: CONNECTIVITY_LOST,
    1101: RESTORED_LOST,
    1102: RESTORED_KEPT,
    1300: PORT_RESET,
    10089: (
        "Requested market data requires additional subscription for API. See link in 'Market Data Connections' "
        "dialog for more details.Delayed market data is available.{symbol} NASDAQ.NMS/TOP/ALL"
    ),
    10167: DELAYED,
    10168: "Requested market data is not subscribed. Delayed market data is not enabled.",
    10182: BARS_LOST,
    10197: COMPETING,
    10299: OTHER_TRADES.format(expected="AGGTRADES", asked="TRADES"),
}


class _Blank(dict[str, object]):
    """Names that a text needs and nobody gave are left out."""

    def __missing__(self, key: str) -> str:
        return ""


def text_of(code: int, values: Mapping[str, object]) -> str:
    """The verbatim text of a code, its holes filled; a plain sentence for a code not listed here."""
    return BY_CODE.get(code, f"Error {code}").format_map(_Blank(values))
