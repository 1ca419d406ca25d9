"""The codes that TWS sends, as one table: how bad, what the engine does, and what the trader should do.

Pure data and one look-up. Meanings after IBKR's list of API message codes; a code that is not in the table is
logged, counted and shown as it came (`action` "show").
"""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

from engine.errors import LineLimit, NoEntitlement, RequestRejected

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
_LOGIN = "Close the other session (mobile, web, a second TWS), or wait: the data come back within about 15 minutes."

_TABLE: tuple[CodeInfo, ...] = (
    CodeInfo(
        100,
        "error",
        "slow_down",
        "Too many messages",
        "More than 50 messages in a second reached TWS; it may close the connection.",
        "Restart other API programs of this TWS; QTrade sends at most 36 a second.",
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
    CodeInfo(300, "info", "ignore", "Line already closed", "A cancel met a line that TWS had closed before."),
    CodeInfo(309, "warning", "free_line", "Too many depth books", "At most 3 market-depth requests are allowed."),
    CodeInfo(310, "info", "ignore", "Depth book already closed", "A cancel met a closed market-depth request."),
    CodeInfo(317, "info", "ignore", "Depth book reset", "The market-depth book starts anew."),
    CodeInfo(320, "error", "show", "TWS could not read a request", "An error while reading a request.", "Update TWS."),
    CodeInfo(
        321,
        "warning",
        "free_line",
        "Request refused as invalid",
        "TWS refused the request's fields, or it is in Read-Only mode (which QTrade never minds).",
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
        326,
        "warning",
        "client_id_busy",
        "Client id in use",
        "Another program, or our own last connection, holds this client id.",
        "Wait a minute, or choose another client id in Settings > Broker.",
    ),
    CodeInfo(
        354,
        "warning",
        "free_line",
        "No live market data",
        "The account has no subscription for this market.",
        _ENTITLEMENT,
    ),
    CodeInfo(365, "info", "ignore", "Scan already closed", "A cancel met a closed scanner subscription."),
    CodeInfo(366, "info", "ignore", "History request already closed", "A cancel met a finished history request."),
    CodeInfo(420, "warning", "history_failed", "Real-time bars refused", "No permission or the limit of requests."),
    CodeInfo(490, "info", "ignore", "Scanner advice", "The scan works with changed filters."),
    CodeInfo(492, "info", "ignore", "Scanner advice", "The scan works with changed filters."),
    CodeInfo(
        502,
        "error",
        "show",
        "TWS cannot be reached",
        "No TWS or IB Gateway answers on this host and port.",
        "Start TWS, log in, enable ActiveX and Socket Clients.",
    ),
    CodeInfo(504, "error", "show", "Not connected", "A request was made without a connection."),
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
        2103, "warning", "farm_down", "Market data farm is down", "Prices of this farm stand still.", "It comes back."
    ),
    CodeInfo(2104, "info", "farm_up", "Market data farm is up", "Prices of this farm flow."),
    CodeInfo(2105, "warning", "farm_down", "History farm is down", "No history until it is back.", "It comes back."),
    CodeInfo(2106, "info", "farm_up", "History farm is up", "History is available."),
    CodeInfo(2107, "info", "ignore", "History farm sleeps", "It wakes up on demand."),
    CodeInfo(2108, "info", "ignore", "Market data farm sleeps", "It wakes up on demand."),
    CodeInfo(
        2110,
        "error",
        "connection_lost",
        "TWS is not connected to IB's server",
        "The link between TWS and IB is broken and will be restored by itself.",
        "Check the internet connection of the TWS machine if it lasts.",
    ),
    CodeInfo(2119, "info", "ignore", "Market data farm is connecting", "It is about to come up."),
    CodeInfo(
        2157, "warning", "farm_down", "Contract farm is down", "Contract look-ups fail until it is back.", "Wait."
    ),
    CodeInfo(2158, "info", "farm_up", "Contract farm is up", "Contract look-ups work."),
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
        10197,
        "warning",
        "retry_line_slow",
        "Another session has the market data",
        "A live session elsewhere (mobile, web, a second TWS) took the data of this login.",
        _LOGIN,
    ),
    CodeInfo(10225, "warning", "history_failed", "Bars deactivated", "A bust event ended this request's bars."),
)
CODES: dict[int, CodeInfo] = {info.code: info for info in _TABLE}

# Not a refusal: the request goes on.
ADVISORY: frozenset[int] = frozenset({0, 165, 399, 434, 490, 492, 10090, 10091, 10167}) | frozenset(range(2100, 2200))
_ENTITLEMENT_CODES = frozenset({354, 420, 10089, 10168, 10186})
_FARM_CODES = frozenset({2103, 2104, 2105, 2106, 2107, 2108, 2119, 2157, 2158})
_FARM = re.compile(r"[:.]\s*([A-Za-z][\w.]*)\s*$")


def code_info(code: int, text: str = "") -> CodeInfo:
    """What to do about a code; a code that is not in the table is shown with TWS' own words."""
    known = CODES.get(code)
    if known is None:
        return CodeInfo(code, "warning", "show", f"TWS message {code}", text or "TWS sent no text.")
    if code == 162 and "pacing violation" in text.lower():
        return CodeInfo(162, "warning", "back_off_history", "History pacing", text, "QTrade waits and asks again.")
    if code == 162 and "cancelled" in text.lower():
        return CodeInfo(162, "info", "ignore", "Request cancelled", text)
    return known


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


def port_in(text: str) -> int | None:
    """The port that notice 1300 names; None when it names none."""
    found = re.search(r"port\s*-?\s*(\d{2,5})\s*\.?\s*$", text)
    port = int(found.group(1)) if found else 0
    return port if 0 < port < 65536 else None
