"""Which session is running for one contract: from its hours, else New York's for US stocks, else from the bars.

Rules that need a session (level, opening range, VWAP) ask here; nothing is switched on or off by it.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.bars.build import BAR_S
from engine.bars.hours import UNKNOWN_HOURS, Hours, Session, parse_hours
from engine.bars.us_calendar import us_regular_hours
from engine.clock import NEW_YORK, local_time
from engine.domain import ContractInfo, ContractRef

DAY_S = 86_400.0
# IB's names of exchanges elsewhere; London, Singapore, Hong Kong and others list shares and funds in dollars.
_ABROAD = frozenset({
    "LSE", "LSEETF", "LSEIOB1", "AQSE", "EBS", "SWX", "VIRTX", "AEB", "SBF", "ENEXT.BE", "BVL", "IBIS", "IBIS2", "FWB",
    "FWB2", "SWB", "SWB2", "GETTEX", "GETTEX2", "TGATE", "BVME", "BVME.ETF", "BM", "VSE", "WSE", "PRA", "BUX", "SFB",
    "CPH", "OSE", "OMXNO", "HEX", "ISED", "TSE", "VENTURE", "AEQLIT", "MEXI", "SEHK", "SEHKNTL", "SEHKSZSE", "SGX",
    "TSEJ", "ASX", "CHIXJ", "NSE", "BSE", "KSE", "TWSE", "TASE", "JSE", "TADAWUL", "BURSAMY",
})  # fmt: skip
QUIET_S = 3_600.0  # without hours, an hour without a bar parts two sessions

SpanKind = Literal["liquid", "extended", "assumed", "bars"]


class RunningSession(NamedTuple):
    """The session to judge by. `end` None = not known; `kind` says where it is from.

    liquid: the contract's regular hours; extended: its trading hours before or after them; assumed: New York's
    regular hours; bars: since the last long gap in the bars.
    """

    start: float
    end: float | None
    kind: SpanKind

    @property
    def has_opening(self) -> bool:
        """An opening range means something only from a real opening."""
        return self.kind in ("liquid", "assumed")


class ContractHours(NamedTuple):
    trading: Hours = UNKNOWN_HOURS
    liquid: Hours = UNKNOWN_HOURS
    time_zone: str = ""  # as the gateway names it; "" = not told


def hours_of(info: ContractInfo) -> ContractHours:
    """Both hours of one contract's details."""
    trading = parse_hours(info.trading_hours, info.time_zone)
    liquid = parse_hours(info.liquid_hours, info.time_zone)
    return ContractHours(trading, liquid if liquid.sessions else trading, info.time_zone)


def is_us_stock(contract: ContractRef) -> bool:
    """Listed in the US: neither lots nor New York's hours hold for what other exchanges trade in dollars."""
    listings = (contract.primary_exchange, contract.exchange)
    return contract.sec_type == "STK" and contract.currency == "USD" and _ABROAD.isdisjoint(listings)


def running_session(
    now_market: float, hours: ContractHours, us_stock: bool, times: NDArray[np.float64]
) -> RunningSession:
    """The session that holds `now_market`, else the last one that ended; `times` are the bars' starts."""
    known = _from_hours(now_market, hours)
    if known is not None:
        return known
    if us_stock:
        closed = hours.trading.knows(now_market)
        assumed = _last_regular(now_market, times) if closed else _new_york(now_market)
        if assumed is not None:
            return assumed
    closed = hours.trading.knows(now_market) and hours.trading.at(now_market) is None
    return _of_the_bars(now_market, times, closed)


def session_starts(times: NDArray[np.float64], quiet_s: float = QUIET_S) -> NDArray[np.bool_]:
    """Marks the first bar after each long gap (and the first of all)."""
    starts = np.ones(len(times), dtype=np.bool_)
    if len(times) > 1:
        starts[1:] = np.diff(times) > quiet_s
    return starts


def _from_hours(now_market: float, hours: ContractHours) -> RunningSession | None:
    if not hours.trading.knows(now_market):
        return None
    regular = hours.liquid.at(now_market)
    if regular is not None:
        return RunningSession(regular.open, regular.close, "liquid")
    whole = hours.trading.at(now_market)
    if whole is not None:
        return _beside_regular(now_market, whole, hours.liquid)
    last = hours.liquid.last(now_market)
    return RunningSession(last.open, last.close, "liquid") if last is not None else None


def _beside_regular(now_market: float, whole: Session, liquid: Hours) -> RunningSession:
    """Before or after the regular hours: from the edge of the trading session or of the regular one."""
    before = liquid.last(now_market)
    start = max(whole.open, before.close) if before is not None else whole.open
    after = liquid.next(now_market)
    end = min(whole.close, after.open) if after is not None else whole.close
    return RunningSession(start, end, "extended")


def _new_york(now_market: float) -> RunningSession | None:
    """Regular hours by the calendar of the US exchanges."""
    hours = us_regular_hours(local_time(now_market, NEW_YORK).date())
    if hours is None or not hours.open <= now_market < hours.close:
        return None
    return RunningSession(hours.open, hours.close, "assumed")


def _last_regular(now_market: float, times: NDArray[np.float64]) -> RunningSession | None:
    """Closed, and the hours begin today: regular hours of the day of the newest bar, when they are over."""
    if len(times) == 0:
        return None
    hours = us_regular_hours(local_time(float(times[-1]), NEW_YORK).date())
    if hours is None or hours.close > now_market:
        return None
    return RunningSession(hours.open, hours.close, "assumed")


def _of_the_bars(now_market: float, times: NDArray[np.float64], closed: bool) -> RunningSession:
    """Since the last long gap in the bars (of a market that never rests: 24 h); `closed`: it ended with them."""
    if len(times) == 0:
        return RunningSession(now_market - now_market % DAY_S, None, "bars")
    start = float(times[int(np.flatnonzero(session_starts(times))[-1])])
    if closed and now_market - float(times[-1]) > QUIET_S:  # what trades is open, whatever the hours say
        return RunningSession(start, float(times[-1]) + BAR_S, "bars")
    return RunningSession(max(start, min(now_market, float(times[-1])) - DAY_S), None, "bars")
