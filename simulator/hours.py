"""Reads IB's trading hours text."""

from __future__ import annotations

from datetime import datetime

from simulator.market_time import local


def is_open(hours: str, zone_name: str, now: float) -> bool:
    """Whether `now` lies in a session of `20251105:0400-20251105:2000;20251108:CLOSED`."""
    moment = f"{local(now, zone_name):%Y%m%d:%H%M}"
    sessions = (part.split("-", 1) for part in hours.split(";") if "-" in part)
    return any(start <= moment < end for start, end in sessions)


def session_start(hours: str, zone_name: str, now: float) -> float | None:
    """When the session began that `now` lies in; None = closed."""
    moment = f"{local(now, zone_name):%Y%m%d:%H%M}"
    for part in hours.split(";"):
        start, _, end = part.partition("-")
        if end and start <= moment < end:
            zoned = datetime.strptime(start, "%Y%m%d:%H%M").replace(tzinfo=local(now, zone_name).tzinfo)  # noqa: DTZ007
            return zoned.timestamp()
    return None
