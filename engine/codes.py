"""The codes that TWS sends, as one table: how bad, what the engine does, and what the trader should do.

Pure data and one look-up. Meanings after IBKR's list of API message codes; a code that is not in the table is
logged, counted and shown as it came (`action` "show").
"""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

from engine.errors import LineLimit, NoEntitlement, RequestRejected

NOT_RECORDED = "not in this recording"  # in each refusal of a recording's player, which nothing else says
Severity = Literal["info", "warning", "error"]
Action = Literal[
    "ignore",  # benign echo, nothing happens
    "show",  # a line on the health page, nothing else
    "connection_lost",  # TWS has lost IB; the socket lives
    "resubscribe_all",  # 1101: every line is gone at TWS
    "verify_lines",  # 1102: lines are kept; check by ticks
    "farm_down",
    "farm_up",
    "free_line",  # this line is dead, give it back
    "step_down",  # 101: fewer lines than we thought
    "retry_line_slow",  # try this line again after a while
    "mark_delayed",  # the line lives on delayed data
    "history_failed",  # the request ends, no data or not allowed
    "back_off_history",  # pacing violation of the history service
    "scan_failed",
    "reconnect_port",  # 1300: TWS listens elsewhere from now on
    "client_id_busy",
    "slow_down",  # 100: too many messages
]


class CodeInfo(Struct, frozen=True):
    """`title` names the cause in a few words, `text` explains it, `cure` is the next step ("" = none needed)."""

    code: int
    severity: Severity
    action: Action
    title: str
    text: str
    cure: str = ""


_ENTITLEMENT = (
    "In TWS: File > Global Configuration > API, or Client Portal > Settings > Market Data Subscriptions: subscribe to "
    "the exchange, or share the live account's data with the paper account."
)
_REQUEST = "Nothing to do if it came once; else update TWS and QTrade, and report the message."
_ORDERS = "QTrade sends no orders: look in TWS, or in the program that sent it."
_UNKNOWN = "QTrade has no meaning for this code: look it up in IB's list of API message codes."
_OTHER_ADDRESS = (
    "Another session of this login runs on another computer; IB gives data to one of them. Close the other session."
)
_LOGIN = "Close the other session (mobile, web, a second TWS), or wait: the data come back within about 15 minutes."

_TABLE: tuple[CodeInfo, ...] = (
    CodeInfo(0, "info", "show", "Notice from TWS", "TWS says something that has no code."),
    CodeInfo(
        100,
        "error",
        "slow_down",
        "Too many messages",
        "More than 50 messages in a second reached TWS; it may close the connection.",
        "Restart other API programs of this TWS; QTrade sends at most 45 a second.",
    ),
    CodeInfo(
        101,
        "warning",
        "step_down",
        "No market-data line free",
        "The account's allowance of lines is used up; TWS windows and other programs share it.",
        "Close quotes in TWS or lower the line limit in the settings.",
    ),
    CodeInfo(
        102, "warning", "free_line", "Request number in use", "TWS already has a request of this number.", "Reconnect."
    ),
    CodeInfo(
        123,
        "warning",
        "free_line",
        "Contract number unknown",
        "TWS has no record of this contract number.",
        "Close and open the symbol again; it may have been replaced.",
    ),
    CodeInfo(
        124,
        "info",
        "show",
        "No price steps known",
        "TWS has no market rule for this contract; prices are shown with the least step of its details.",
    ),
    CodeInfo(
        162,
        "warning",
        "history_failed",
        "History answered with an error",
        "No data for this request, no permission, or the history service's own limit.",
    ),
    CodeInfo(165, "info", "ignore", "No scan results", "The scan found nothing."),
    CodeInfo(
        200,
        "warning",
        "free_line",
        "Unknown contract",
        "TWS has no such contract now: expired, renamed, or its data base is being reset for the night.",
        "Nothing to do at night; else check the symbol in TWS.",
    ),
    CodeInfo(
        203,
        "warning",
        "free_line",
        "Not allowed for this account",
        "This security is not available to the account, or its currency is missing.",
        "Ask IB for the trading permission; without it there is no market data.",
    ),
    CodeInfo(300, "info", "ignore", "Line already closed", "A cancel met a line that TWS had closed before."),
    CodeInfo(301, "info", "show", "Request number refused", "TWS did not like the number of a request.", _REQUEST),
    CodeInfo(307, "info", "show", "Request refused", "TWS did not know what was asked for.", _REQUEST),
    CodeInfo(309, "warning", "free_line", "Too many depth books", "At most 3 market-depth requests are allowed."),
    CodeInfo(310, "info", "ignore", "Depth book already closed", "A cancel met a closed market-depth request."),
    CodeInfo(
        316, "warning", "free_line", "Depth book halted", "The market-depth book stopped and has to be asked for again."
    ),
    CodeInfo(317, "info", "ignore", "Depth book reset", "The market-depth book starts anew."),
    CodeInfo(320, "error", "show", "TWS could not read a request", "An error while reading a request.", "Update TWS."),
    CodeInfo(
        321,
        "warning",
        "free_line",
        "Request refused as invalid",
        "TWS refused the fields of a request.",
    ),
    CodeInfo(
        322,
        "warning",
        "scan_failed",
        "No scanner slot free",
        "TWS allows 10 scanner subscriptions at once, for all programs together.",
        "Close scanners of other API programs.",
    ),
    CodeInfo(
        323,
        "warning",
        "show",
        "Error inside TWS",
        "TWS failed while it worked on a request.",
        "It is asked for again where it matters; restart TWS if it lasts.",
    ),
    CodeInfo(
        326,
        "warning",
        "client_id_busy",
        "Client id in use",
        "Another program, or our own last connection, holds this client id.",
        "Wait a minute, or choose another client id in Settings > Broker.",
    ),
    CodeInfo(
        330,
        "info",
        "show",
        "Accounts cannot be listed",
        "Only an advisor's or a multi-account login can list its accounts.",
    ),
    CodeInfo(
        331,
        "error",
        "show",
        "No accounts behind this login",
        "An advisor's login has no account that it manages, or IB's answer was lost.",
        "Look into Client Portal which accounts the login has, then reconnect.",
    ),
    CodeInfo(
        332,
        "warning",
        "show",
        "Account code unknown",
        "TWS does not know an account that was asked for.",
        "Choose the account again in Settings > Broker.",
    ),
    CodeInfo(344, "info", "show", "Not an advisor's login", "Something was asked for that only advisors have."),
    CodeInfo(
        354,
        "warning",
        "free_line",
        "No live market data",
        "The account has no subscription for this market.",
        _ENTITLEMENT,
    ),
    CodeInfo(
        357,
        "error",
        "show",
        "Client too old",
        "TWS does not talk to this version of the client library any more.",
        "Update QTrade.",
    ),
    CodeInfo(365, "info", "ignore", "Scan already closed", "A cancel met a closed scanner subscription."),
    CodeInfo(366, "info", "ignore", "History request already closed", "A cancel met a finished history request."),
    CodeInfo(381, "info", "show", "Old DDE library", "A DDE link to TWS is out of date; QTrade uses none."),
    CodeInfo(
        385,
        "warning",
        "scan_failed",
        "Scan number in use",
        "TWS already has a scan of this number.",
        "The scan is opened again; else reconnect.",
    ),
    CodeInfo(
        386,
        "warning",
        "history_failed",
        "History number in use",
        "TWS already has a history request of this number.",
        "It is asked for again; else reconnect.",
    ),
    CodeInfo(
        406,
        "warning",
        "free_line",
        "Currency refused",
        "This contract is not traded in the currency that was asked for.",
        "Close and open the symbol again.",
    ),
    CodeInfo(
        407,
        "warning",
        "free_line",
        "Symbol refused",
        "The symbol holds signs that TWS does not take.",
        "Search for the symbol by its name.",
    ),
    CodeInfo(
        412,
        "warning",
        "free_line",
        "Contract not tradable",
        "This contract is not available for trading now: expired, suspended, or not in the account's permissions.",
    ),
    CodeInfo(414, "warning", "free_line", "Snapshot refused", "A snapshot takes no generic ticks.", _REQUEST),
    CodeInfo(
        420,
        "warning",
        "history_failed",
        "Real-time query refused",
        "No permission for these data, or too many such requests in a short time.",
        _ENTITLEMENT,
    ),
    CodeInfo(430, "info", "show", "No fundamentals", "There are no fundamental data for this security."),
    CodeInfo(
        431,
        "warning",
        "history_failed",
        "Kind of bars refused",
        "The kind of bars that was asked for is missing or unknown for this contract.",
        _REQUEST,
    ),
    CodeInfo(
        435,
        "warning",
        "show",
        "No account named",
        "A request has to name one account.",
        "Choose the account in Settings > Broker.",
    ),
    CodeInfo(
        436,
        "info",
        "show",
        "No allocation named",
        "An advisor's order needs an account, a group or a profile.",
        _ORDERS,
    ),
    CodeInfo(
        438,
        "warning",
        "show",
        "TWS is locked",
        "TWS is locked and answers only part of the requests.",
        "Unlock TWS with the password.",
    ),
    CodeInfo(
        478,
        "warning",
        "free_line",
        "Contract contradicts its number",
        "TWS knows this contract number with another symbol, expiry or currency than was asked for.",
        "Close and open the symbol again: its details are read anew.",
    ),
    CodeInfo(490, "info", "ignore", "Scanner advice", "The scan works with changed filters."),
    CodeInfo(492, "info", "ignore", "Scanner advice", "The scan works with changed filters."),
    CodeInfo(501, "info", "show", "Already connected", "The client was connected before."),
    CodeInfo(
        502,
        "error",
        "show",
        "TWS cannot be reached",
        "No TWS or IB Gateway answers on this host and port.",
        "Start TWS, log in, enable ActiveX and Socket Clients.",
    ),
    CodeInfo(503, "error", "show", "TWS is too old", "This TWS lacks a function that was asked for.", "Update TWS."),
    CodeInfo(504, "error", "show", "Not connected", "A request was made without a connection."),
    CodeInfo(
        505,
        "error",
        "show",
        "Unknown message",
        "Client and TWS do not understand each other.",
        "Update TWS and QTrade.",
    ),
    CodeInfo(
        506,
        "error",
        "show",
        "Unsupported version",
        "Client and TWS do not speak the same version.",
        "Update TWS and QTrade.",
    ),
    CodeInfo(
        507,
        "error",
        "show",
        "Connection ended in a message",
        "The connection was closed while a message came: the client id is in use, or TWS was locked or closed.",
        "Wait a minute; look whether TWS shows a dialog.",
    ),
    CodeInfo(508, "warning", "show", "Message not understood", "A message was not as TWS expects it.", _REQUEST),
    CodeInfo(
        509,
        "error",
        "show",
        "Connection broken",
        "Reading from the connection failed.",
        "It is connected again by itself.",
    ),
    CodeInfo(
        517,
        "warning",
        "free_line",
        "Unknown contract",
        "The contract could not be found from what was sent.",
        "Check the symbol in TWS.",
    ),
    CodeInfo(520, "error", "show", "No socket", "The computer gave no connection to TWS.", "Restart QTrade."),
    CodeInfo(579, "warning", "show", "Sign refused", "A request held a sign that cannot be sent.", _REQUEST),
    CodeInfo(
        586,
        "error",
        "show",
        "Not connected",
        "A message was to be read without a connection.",
        "It is connected again by itself.",
    ),
    CodeInfo(
        1100,
        "error",
        "connection_lost",
        "TWS has lost its connection to IB",
        "Prices and positions stand still until TWS is connected again.",
        "Nothing to do during IB's nightly reset; else check the internet connection of the TWS machine.",
    ),
    CodeInfo(
        1101,
        "warning",
        "resubscribe_all",
        "Connection to IB restored, data lost",
        "TWS dropped all market-data lines; they are subscribed again, positions first.",
    ),
    CodeInfo(
        1102,
        "info",
        "verify_lines",
        "Connection to IB restored",
        "TWS kept the market-data lines; they are checked by their ticks.",
    ),
    CodeInfo(
        1300,
        "warning",
        "reconnect_port",
        "TWS changed its port",
        "TWS closes this connection and listens on another port.",
        "Set the new port in Settings > Broker if it is to last.",
    ),
    CodeInfo(2100, "info", "show", "Account updates ended", "Another program took over the account updates."),
    CodeInfo(
        2101,
        "warning",
        "show",
        "Account updates refused",
        "Another program follows another account through this TWS, and TWS serves one.",
        "Close that program, or let both follow the same account.",
    ),
    CodeInfo(2102, "info", "show", "Order still in work", "A change of an order came too early.", _ORDERS),
    CodeInfo(
        2103,
        "warning",
        "farm_down",
        "Market data farm is down",
        "Prices may stand still.",
        "Nothing to do: TWS connects to it again by itself, and silent lines are asked for again.",
    ),
    CodeInfo(2104, "info", "farm_up", "Market data farm is up", "Prices of this farm flow."),
    CodeInfo(2105, "warning", "farm_down", "History farm is down", "No history until it is back.", "It comes back."),
    CodeInfo(2106, "info", "farm_up", "History farm is up", "History is available."),
    CodeInfo(2107, "info", "ignore", "History farm sleeps", "It wakes up on demand."),
    CodeInfo(2108, "info", "ignore", "Market data farm sleeps", "It wakes up on demand."),
    CodeInfo(
        2109,
        "info",
        "show",
        "Order attribute left out",
        "An order's attribute for hours outside the regular ones was ignored.",
        _ORDERS,
    ),
    CodeInfo(
        2110,
        "error",
        "connection_lost",
        "TWS is not connected to IB's server",
        "The link between TWS and IB is broken and will be restored by itself.",
        "Check the internet connection of the TWS machine if it lasts.",
    ),
    CodeInfo(
        2111,
        "info",
        "show",
        "Algo order moved",
        "The times of an algo order were moved to the next trading day.",
        _ORDERS,
    ),
    CodeInfo(2119, "info", "ignore", "Market data farm is connecting", "It is about to come up."),
    CodeInfo(2130, "info", "show", "Prices with a factor", "Some products trade in a currency price with a factor."),
    CodeInfo(
        2137, "info", "show", "Order changes the side", "An order turns a position from long to short or back.", _ORDERS
    ),
    CodeInfo(2148, "info", "show", "Direct routing", "An order goes to one exchange and may cost more.", _ORDERS),
    CodeInfo(
        2151,
        "warning",
        "show",
        "Positions not here yet",
        "TWS is connected but IB has not sent the account's positions: an empty list means nothing now.",
        "They are asked for again; if it lasts, look whether TWS is logged in.",
    ),
    CodeInfo(
        2152, "info", "ignore", "Exchanges of market depth", "TWS lists the exchanges that market depth comes from."
    ),
    CodeInfo(
        2157, "warning", "farm_down", "Contract farm is down", "Contract look-ups fail until it is back.", "Wait."
    ),
    CodeInfo(2158, "info", "farm_up", "Contract farm is up", "Contract look-ups work."),
    CodeInfo(2168, "info", "show", "Old order attribute", "An order used the attribute eTradeOnly.", _ORDERS),
    CodeInfo(2169, "info", "show", "Old order attribute", "An order used the attribute firmQuoteOnly.", _ORDERS),
    CodeInfo(
        2174, "info", "show", "Time without a zone", "A time was sent without its zone; TWS takes its own.", _REQUEST
    ),
    CodeInfo(
        10015,
        "warning",
        "show",
        "No trading by API",
        "IB does not allow trading of this by API programs; QTrade only reads.",
    ),
    CodeInfo(10016, "warning", "free_line", "Contract hidden", "The contract is not visible to this login."),
    CodeInfo(
        10089,
        "warning",
        "free_line",
        "Market data need a subscription",
        "This market needs an additional subscription for the API.",
        _ENTITLEMENT,
    ),
    CodeInfo(
        10090, "info", "show", "Part of the data needs a subscription", "Some ticks of this line are missing.", ""
    ),
    CodeInfo(
        10091, "info", "show", "Part of the data needs a subscription", "Some ticks of this line are missing.", ""
    ),
    CodeInfo(
        10092, "warning", "free_line", "No market depth", "There is no market depth for this contract and exchange."
    ),
    CodeInfo(10147, "info", "show", "Order not found", "An order that was to be cancelled is not there.", _ORDERS),
    CodeInfo(10148, "info", "show", "Order cannot be cancelled", "An order was filled or cancelled before.", _ORDERS),
    CodeInfo(
        10167,
        "info",
        "mark_delayed",
        "Delayed data",
        "No live subscription for this market: TWS sends delayed prices.",
        _ENTITLEMENT,
    ),
    CodeInfo(
        10168,
        "warning",
        "free_line",
        "No market data",
        "No live subscription, and delayed data are not enabled.",
        _ENTITLEMENT,
    ),
    CodeInfo(10182, "warning", "history_failed", "Live bars ended", "The bars of this request no longer update."),
    CodeInfo(
        10186, "warning", "free_line", "No market data", "Neither live nor delayed data for this market.", _ENTITLEMENT
    ),
    CodeInfo(
        10187,
        "warning",
        "history_failed",
        "Past ticks refused",
        "No market-data permission for past ticks of this contract.",
        _ENTITLEMENT,
    ),
    CodeInfo(
        10189,
        "warning",
        "free_line",
        "Tick-by-tick refused",
        "No permission for each tick of this contract, or another session has the data.",
        _ENTITLEMENT,
    ),
    CodeInfo(
        10190,
        "warning",
        "free_line",
        "Too many tick-by-tick streams",
        "The account's allowance of tick-by-tick streams is used up.",
        "Close such streams in other programs.",
    ),
    CodeInfo(
        10197,
        "warning",
        "retry_line_slow",
        "Another session has the market data",
        "A live session elsewhere (mobile, web, a second TWS) took the data of this login.",
        _LOGIN,
    ),
    CodeInfo(10225, "warning", "history_failed", "Bars deactivated", "A bust event ended this request's bars."),
    CodeInfo(
        10230,
        "info",
        "show",
        "Advisor's changes pending",
        "An advisor's groups are being changed in TWS.",
        "Save them in TWS.",
    ),
    CodeInfo(10254, "info", "show", "Bond is over", "A bond has expired.", _ORDERS),
    CodeInfo(
        10275,
        "warning",
        "show",
        "No positions of an account yet",
        "IB tells no positions of an account whose application is not finished; those of other accounts are complete.",
        "Finish the application in Client Portal, or choose another account in Settings > Broker.",
    ),
    CodeInfo(10276, "info", "show", "No news feed", "The login may not read this news feed."),
    CodeInfo(10277, "info", "show", "No news feed", "The login has not subscribed to this news feed."),
    CodeInfo(
        10285,
        "warning",
        "show",
        "Fractions not understood",
        "This version of the API does not take fractional sizes.",
        "Update QTrade.",
    ),
    CodeInfo(
        10295,
        "warning",
        "history_failed",
        "Schedule by the day only",
        "Trading hours are only told for daily bars.",
        _REQUEST,
    ),
    CodeInfo(
        10299,
        "warning",
        "history_failed",
        "Other bars wanted",
        "This type of contract has another kind of bars; they are asked for again as TWS named them.",
    ),
    CodeInfo(
        10314,
        "warning",
        "history_failed",
        "Time not understood",
        "TWS did not understand the end of a history request.",
        _REQUEST,
    ),
    CodeInfo(
        10328, "info", "show", "Order could not be read", "The connection was lost while an order was read.", _ORDERS
    ),
    CodeInfo(
        10337,
        "warning",
        "free_line",
        "Option of a request refused",
        "TWS does not know an option of a request.",
        _REQUEST,
    ),
    CodeInfo(
        10338,
        "warning",
        "free_line",
        "Option of a request refused",
        "TWS does not take the value of an option of a request.",
        _REQUEST,
    ),
    CodeInfo(
        10339,
        "warning",
        "history_failed",
        "End of history refused",
        "A continuous future takes no end of its history.",
        _REQUEST,
    ),
    CodeInfo(10345, "info", "show", "Not tradable for you", "The account may not trade this instrument."),
    CodeInfo(
        10346,
        "warning",
        "retry_line_slow",
        "Data are shown elsewhere",
        "This login may show the instrument in one place only, and another has it.",
        "Close its quote there.",
    ),
    CodeInfo(
        10347, "info", "show", "Little liquidity", "The security trades so little that a position may be hard to close."
    ),
    CodeInfo(
        10349, "info", "show", "Order set to DAY", "A preset of TWS gave an order the time in force DAY.", _ORDERS
    ),
)
CODES: dict[int, CodeInfo] = {info.code: info for info in _TABLE}

# IB's codes about orders and an advisor's allocations: refusals, warnings, attributes. QTrade sends none; they reach
# it for orders of TWS or of other programs. First and last of each run; the table above goes before.
_ABOUT_ORDERS = (
    (103, 107), (109, 111), (113, 129), (131, 163), (201, 202), (303, 303), (308, 315), (325, 383), (387, 449),
    (481, 481), (512, 512), (515, 515), (538, 538), (10000, 10027), (10233, 10253), (10268, 10270), (10286, 10298),
    (10302, 10308), (10310, 10312), (10316, 10329), (10331, 10344),
)  # fmt: skip
# Messages that could not be sent: written by the client library, one for each kind of request.
_NOT_SENT = ((510, 589),)

# Not a refusal: the request goes on.
ADVISORY: frozenset[int] = frozenset({0, 165, 399, 434, 490, 492, 10090, 10091, 10167}) | frozenset(range(2100, 2200))
_ENTITLEMENT_CODES = frozenset({354, 420, 10089, 10168, 10186, 10187, 10189})
_FARM_CODES = frozenset({2103, 2104, 2105, 2106, 2107, 2108, 2119, 2157, 2158})
_ELSEWHERE = re.compile(r"connected from a different ip|different ip address", re.IGNORECASE)
_CAUSE = re.compile(r"cause\s*-\s*(\S.*)", re.DOTALL)
_CONNECTED = re.compile(r"farms are connected:([^:]*)(?:$|\.\s)", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z][\w.]*\w")
_FARM = re.compile(r"[:.]\s*([A-Za-z][\w.]*)\s*$")


def code_info(code: int, text: str = "") -> CodeInfo:
    """What to do about a code; a code that is not in the table is shown with TWS' own words."""
    known = CODES.get(code)
    if known is None:
        return _by_family(code, text)
    if _ELSEWHERE.search(text):
        return CodeInfo(code, "warning", known.action, "Another session has the market data", text, _OTHER_ADDRESS)
    if code == 321:
        return _invalid(known, text)
    if code == 162 and "pacing violation" in text.lower():
        return CodeInfo(162, "warning", "back_off_history", "History pacing", text, "QTrade waits and asks again.")
    if code == 162 and "cancelled" in text.lower():
        return CodeInfo(162, "info", "ignore", "Request cancelled", text)
    return known


def _by_family(code: int, text: str) -> CodeInfo:
    said = text or "TWS sent no text."
    if _is_among(code, _ABOUT_ORDERS):
        return CodeInfo(code, "info", "show", "About an order", said, _ORDERS)
    if _is_among(code, _NOT_SENT):
        return CodeInfo(code, "warning", "show", "Request could not be sent", said, "It is connected again by itself.")
    return CodeInfo(code, "warning", "show", f"TWS message {code}, not known to QTrade", said, _UNKNOWN)


def _is_among(code: int, runs: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= code <= last for first, last in runs)


def _invalid(known: CodeInfo, text: str) -> CodeInfo:
    """321 by its cause: Read-Only mode is one of many, and not the usual one."""
    if "read-only" in text.lower():
        return CodeInfo(321, "info", "show", "TWS is in Read-Only mode", text, "Leave it: QTrade never sends an order.")
    found = _CAUSE.search(text)
    if found is None:
        return known
    cause = found.group(1).split(".")[0]
    return CodeInfo(321, known.severity, known.action, f"Request refused: {cause[:80]}", text, known.cure)


def rejection(code: int, text: str, req_id: int = -1) -> RequestRejected:
    """The exception of the tree that tells a refused request best."""
    if code == 101:
        return LineLimit(code, text, req_id)
    if code in _ENTITLEMENT_CODES:
        return NoEntitlement(code, text, req_id)
    return RequestRejected(code, text, req_id)


def farm_of(code: int, text: str) -> str:
    """The farm that a notice names ("usfarm", "ushmds"), "" when it names none."""
    found = _FARM.search(text) if code in _FARM_CODES else None
    return found.group(1) if found else ""


def farms_connected(text: str) -> tuple[str, ...]:
    """The farms that 1101 or 1102 names as connected: "All data farms are connected: usfarm; ushmds; secdefnj."."""
    found = _CONNECTED.search(text)
    return tuple(_NAME.findall(found.group(1))) if found else ()


def farm_title(title: str, farm: str) -> str:
    """ "Market data farm is down" -> "Market data farm usfarm is down"."""
    return title.replace(" farm ", f" farm {farm} ", 1) if farm else title


def port_in(text: str) -> int | None:
    """The port that notice 1300 names; None when it names none."""
    found = re.search(r"port\s*-?\s*(\d{2,5})\s*\.?\s*$", text)
    port = int(found.group(1)) if found else 0
    return port if 0 < port < 65536 else None
