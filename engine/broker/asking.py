"""What may be asked for which type of contract, and how: kinds of bars, generic ticks, names. Pure.

From IB's table of historical data by product, and the generic ticks that TWS names as legal when it refuses a list.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from engine.domain import ContractRef

# Types without a tape of trades of their own: bars of the mid, which have no volume.
_MIDPOINT = frozenset({"CASH", "CFD", "CMDTY"})
_TRADES_WITHOUT_VOLUME = frozenset({"IND"})

_MARKS = (
    "221",
    "232",
)  # one series, the price that TWS values positions with; some versions know it by one number only
_STATS, _TRADES = "165", "233"
_GENERIC_TICKS: dict[str, tuple[str, ...]] = {
    "STK": (_STATS, _TRADES, *_MARKS),
    "CFD": (_STATS, _TRADES, *_MARKS),  # those of the share that the line is routed to
    "FUT": (_TRADES, *_MARKS),
    "CONTFUT": (_TRADES, *_MARKS),
    "OPT": (_TRADES, *_MARKS),
    "FOP": (_TRADES, *_MARKS),
    "WAR": (_TRADES, *_MARKS),
    "IOPT": (_TRADES, *_MARKS),
    "CRYPTO": (_TRADES, *_MARKS),
    "BOND": _MARKS,
    "BILL": _MARKS,
    "FUND": _MARKS,
    "CASH": _MARKS,
    "CMDTY": _MARKS,
    "BAG": _MARKS,
}
_REFUSED_LIST = re.compile(r"tick list of\s*([\d,\s]*\d)", re.IGNORECASE)
_LEGAL_LIST = re.compile(r"legal ones for[^:]*:(.*)", re.IGNORECASE | re.DOTALL)
_LEGAL = re.compile(r"(\d+)(?:/(\d+))?\s*\(")
_EXPECTED_BARS = re.compile(r"expected what ?to ?show is (\w+)", re.IGNORECASE)
_NAMES = re.compile(r"symbol|security type|sec ?type|currency", re.IGNORECASE)
_UNKNOWN_CONTRACT = 200
_INVALID = (320, 321)


class NamesWanted:
    """Whether this gateway wants symbol, type and currency beside con_id and exchange: learned once a connection.

    TWS doesn't, and takes a name that has changed meanwhile for another contract. One that refuses a contract without
    names is asked once with them; what it says then holds.
    """

    def __init__(self) -> None:
        self.wanted = False
        self.is_trying = False
        self._settled = False
        self._waiting: list[Callable[[bool], None]] = []

    def may_help(self, contract: ContractRef, code: int, text: str, *, named: bool = False) -> bool:
        """Whether this refusal of a request, `named` or not, may be over missing names."""
        if named or not contract.con_id or not contract.symbol or (self._settled and not self.wanted):
            return False
        if code == _UNKNOWN_CONTRACT:  # usually it is: one is tried, not all of a night's
            return self.wanted or not self.is_trying
        return code in _INVALID and _NAMES.search(text) is not None

    def has_to_wait(self, contract: ContractRef, code: int, *, named: bool) -> bool:
        """Whether the try that is under way will tell what this 200 means."""
        return self.is_trying and not named and code == _UNKNOWN_CONTRACT and bool(contract.con_id and contract.symbol)

    def when_told(self, hear: Callable[[bool], None]) -> None:
        """`hear(wanted)` is called once, at the end of the try that is under way."""
        self._waiting.append(hear)

    def begin(self) -> None:
        self.is_trying = True

    def end(self, *, helped: bool) -> None:
        """A try is over; one that helped decides."""
        self.is_trying, self._settled, self.wanted = False, True, self.wanted or helped
        waiting, self._waiting = self._waiting, []
        for hear in waiting:
            hear(self.wanted)


def bars_of(sec_type: str) -> str:
    """`whatToShow` of a history request."""
    if sec_type == "CRYPTO":
        return "AGGTRADES"
    return "MIDPOINT" if sec_type in _MIDPOINT else "TRADES"


def has_volume(sec_type: str, bars: str) -> bool:
    """Whether the volume of such bars means anything."""
    return bars not in ("MIDPOINT", "BID", "ASK") and sec_type not in _TRADES_WITHOUT_VOLUME


def bars_expected(text: str) -> str | None:
    """The kind of bars that a refusal (10299) asks for; None when it names none."""
    found = _EXPECTED_BARS.search(text)
    return found.group(1).upper() if found else None


def generic_ticks_of(sec_type: str) -> tuple[str, ...]:
    """Generic ticks of a line; () for a type that is not known to take any."""
    return _GENERIC_TICKS.get(sec_type, ())


def less_generic_ticks(asked: tuple[str, ...], refusal: str) -> tuple[str, ...]:
    """What to ask for after TWS refused this list: without what it refused, as far as its text tells; always less.

    TWS names the whole list and the legal ticks of the type. Where it names neither, the marks go first: they are
    what a gateway knows least.
    """
    legal = _LEGAL_LIST.search(refusal)
    if legal is not None:
        known = {number for pair in _LEGAL.findall(legal.group(1)) for number in pair}
        kept = tuple(tick for tick in asked if tick in known)
        if len(kept) < len(asked):
            return kept
    named = _REFUSED_LIST.search(refusal)
    if named is not None:
        refused = {number.strip() for number in named.group(1).split(",")}
        kept = tuple(tick for tick in asked if tick not in refused)
        if kept and len(kept) < len(asked):
            return kept
    kept = tuple(tick for tick in asked if tick not in _MARKS)
    return kept if len(kept) < len(asked) else ()
