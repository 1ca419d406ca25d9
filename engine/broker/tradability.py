"""Which contracts can be traded: a pure rule on contract facts, in the order of SIGNALS.md "Tradability".

An answer is never kept: it is asked again at each reconnect, because error 200 during the nightly reset says nothing
about the contract.
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from engine.domain import ContractInfo, ContractRef

_LATEST = ZoneInfo("America/New_York")
Verdict = tuple[str, str]  # (kind, reason)

_OTC_LISTINGS = frozenset({"PINK", "GREY", "EXPERT", "VALUE", "CORPACT"})
_NASDAQ = frozenset({"", "SMART", "NASDAQ", "ISLAND", "NMS", "SCM"})
_SUFFIXES: tuple[tuple[str, str, str], ...] = (
    (".CVR", "right", "contingent value right (.CVR)"),
    (".OLD", "delisted", "delisted or replaced (.OLD)"),
)
_NOT_TRADED: dict[str, Verdict] = {
    "SLB": ("lent", "a securities-lending entry, not a holding to trade; IB values it"),
    "BAG": ("combination", "a combination: traded by its legs, valued by IB"),
}
_STOCK_TYPES = {
    "RIGHT": ("right", "a right, not a share"),
    "RIGHTS": ("right", "a right, not a share"),
    "CVR": ("right", "contingent value right"),
    "WARRANT": ("warrant", "a warrant"),
    "WARRANTS": ("warrant", "a warrant"),
}


def verdict(contract: ContractRef, info: ContractInfo | None, now_market: float | None = None) -> Verdict | None:
    """Why this position cannot be traded, as (kind, reason); None = tradable.

    Kinds: OTC, right, warrant, delisted, lent, combination, expired. `info` None = no details (not asked yet, or
    error 200). `now_market` None = the market's clock is not known: nothing has expired.
    """
    if contract.sec_type in _NOT_TRADED:
        return _NOT_TRADED[contract.sec_type]
    if now_market is not None and _is_over(contract.last_trade_date, now_market):
        return "expired", f"expired: last traded {_day(contract.last_trade_date)}"
    if contract.sec_type == "WAR" or (info is not None and info.contract.sec_type == "WAR"):
        return "warrant", "security type WAR"
    if contract.sec_type not in ("STK", ""):
        return None
    return (
        _by_listing(contract, info)
        or _by_suffix(contract)
        or _by_stock_type(info)
        or (_by_letters(contract) if info is None else None)
    )


def _by_listing(contract: ContractRef, info: ContractInfo | None) -> Verdict | None:
    listings = [contract.exchange, contract.primary_exchange]
    if info is not None:
        listings += [info.contract.exchange, info.contract.primary_exchange]
    for listing in listings:
        name = listing.upper()
        if name in _OTC_LISTINGS or name.startswith("OTC"):
            named = _by_suffix(contract) or (_by_letters(contract, any_listing=True, letters="W"))
            kind = named[0] if named else "OTC"
            return kind, f"listed on {name}" + (f", {named[1]}" if named else ", traded over the counter")
    return None


def _by_suffix(contract: ContractRef) -> Verdict | None:
    name = (contract.local_symbol or contract.symbol).upper()
    for suffix, kind, reason in _SUFFIXES:
        if name.endswith(suffix):
            return kind, reason
    return None


def _by_stock_type(info: ContractInfo | None) -> Verdict | None:
    return _STOCK_TYPES.get(info.stock_type.upper()) if info is not None else None


def _by_letters(contract: ContractRef, *, any_listing: bool = False, letters: str = "WQ") -> Verdict | None:
    """The fifth letter of a NASDAQ name: W a warrant, Q a bankruptcy."""
    name = (contract.local_symbol or contract.symbol).upper()
    listings = {contract.exchange.upper(), contract.primary_exchange.upper()}
    if len(name) != 5 or not name.isalpha() or name[4] not in letters:
        return None
    if not any_listing and not listings <= _NASDAQ:
        return None
    if name[4] == "W":
        return "warrant", "fifth letter W: a warrant"
    return "delisted", "fifth letter Q: in bankruptcy"


def _is_over(last_trade_date: str, now_market: float) -> bool:
    """The day is over in New York, where it ends last: nothing expires too soon."""
    return len(last_trade_date) == 8 and last_trade_date < f"{dt.datetime.fromtimestamp(now_market, _LATEST):%Y%m%d}"


def _day(date: str) -> str:
    return f"{date[:4]}-{date[4:6]}-{date[6:]}"
