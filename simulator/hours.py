"""Reads IB's trading hours text."""

from __future__ import annotations

from simulator.market_time import local


def is_open(hours: str, zone_name: str, now: float) -> bool:
    """Whether `now` lies in a session of `20251105:0400-20251105:2000;20251108:CLOSED`."""
    moment = f"{local(now, zone_name):%Y%m%d:%H%M}"
    sessions = (part.split("-", 1) for part in hours.split(";") if "-" in part)
    return any(start <= moment < end for start, end in sessions)
