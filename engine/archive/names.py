"""How the files of the archive are called. Pure.

    <archive.url>/<mode>/minutes/date=2026-12-01/<con_id>.<symbol>.<engine>.parquet    1-minute bars
    <archive.url>/<mode>/ten_seconds/date=...                                          10-second bars, the same
    <archive.url>/<mode>/ticks/date=.../<hhmmss>.<engine>.parquet                      quotes, of all symbols

`date` is the exchange's trading day, that of ticks the day in UTC. Simulated, paper and live never meet; engines that
watch the same symbol write files of their own. The symbol is written as a URL would (`%20` for a blank).
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple
from urllib.parse import quote, unquote

Bars = Literal["minutes", "ten_seconds"]
MINUTES: Bars = "minutes"
TEN_SECONDS: Bars = "ten_seconds"
TICKS = "ticks"
KINDS = (MINUTES, TEN_SECONDS, TICKS)
SUFFIX = ".parquet"
_DAY = re.compile(r"(?:^|/)date=(\d{4}-\d{2}-\d{2})/")
_BARS = re.compile(r"(?P<con_id>-?\d+)\.(?P<symbol>[^./]+)\.(?P<engine>[A-Za-z0-9_-]+)\.parquet")


class BarFile(NamedTuple):
    """One file of bars. `day` = YYYY-MM-DD; `path` within the archive."""

    day: str
    con_id: int
    symbol: str
    path: str


def bar_path(mode: str, kind: Bars, day: str, con_id: int, symbol: str, engine: str) -> str:
    """A name holds no dot but those between its parts."""
    return f"{mode}/{kind}/date={day}/{con_id}.{quote(symbol, safe='').replace('.', '%2E')}.{engine}{SUFFIX}"


def tick_path(mode: str, day: str, clock: str, engine: str) -> str:
    return f"{mode}/{TICKS}/date={day}/{clock}.{engine}{SUFFIX}"


def day_of(path: str) -> str | None:
    """YYYY-MM-DD of a path; None = it is none of the archive's."""
    found = _DAY.search(path)
    return found[1] if found else None


def bar_file(path: str) -> BarFile | None:
    """None = another name."""
    day, match = day_of(path), _BARS.fullmatch(path.rpartition("/")[2])
    if day is None or match is None:
        return None
    return BarFile(day, int(match["con_id"]), unquote(match["symbol"]), path)


def iso_day(number: int) -> str:
    """20261201 -> "2026-12-01"."""
    return f"{number // 10_000:04d}-{number // 100 % 100:02d}-{number % 100:02d}"
