"""On which trading day a moment counts, by the kind of contract. Pure.

Futures and their options change at 18:00 New York, currencies and metals at 17:00; the rest at the account's own
reset (midnight New York unless told otherwise), a London share at London's midnight.
"""

from __future__ import annotations

from datetime import date

from simulator.market_time import local_date
from simulator.model import Instrument

EVENING_S = {"FUT": 6 * 3600.0, "FOP": 6 * 3600.0, "CASH": 7 * 3600.0, "CMDTY": 7 * 3600.0}
ABROAD = frozenset({"Europe/London"})


def trade_date(instrument: Instrument, moment: float, reset_s: float = 0.0) -> date:
    """`reset_s`: seconds after midnight New York at which the account's day begins."""
    if instrument.sec_type in EVENING_S:
        return local_date(moment + EVENING_S[instrument.sec_type])
    if instrument.time_zone_id in ABROAD:
        return local_date(moment, instrument.time_zone_id)
    return local_date(moment - reset_s)
