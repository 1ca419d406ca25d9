"""Bars of one contract for scripts: from its section while a page shows it, else and before that from the bar files.

A symbol that no page shows has its closed minutes in the files within seconds; asking costs no market-data line.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from app.api_symbols import Json, Known
from app.figures.bars import daily_bars
from app.snapshots import Snapshots
from engine.bars.aggregate import DAILY, MINUTE_S, SIZES_S, Day, aggregated, daily, with_history
from engine.bars.bar_files import BarFiles, StoredSession, as_bars
from engine.bars.hours import Session
from engine.domain import Bar
from engine.errors import StateError
from engine.state.sections import SymbolSection

DEFAULT, MOST = 390, 2_000
FEWEST_MINUTES = 300  # a short trading day: how many days of files a number of bars may need
ALL_SESSIONS = 20
CLOSED = "The market is closed: the last session's bars."
NONE_YET = "No bars here yet: they come with the history of the symbol, a few seconds after it is first wanted."


def unknown_size(size: str) -> str:
    """What is wrong with a size; "" = nothing."""
    return "" if size in SIZES_S else f"must be one of {', '.join(SIZES_S)}"


def files_symbols(files: BarFiles) -> list[Known]:
    """Contracts whose bars are kept, for names that the state does not know (any more)."""
    try:
        contracts = [stored.contract for stored in files.symbols()]
    except StateError:
        return []
    return [Known(c.con_id, c.local_symbol, c.symbol, c.sec_type, c.primary_exchange) for c in contracts]


def bars(known: Known, s: Snapshots, files: BarFiles, size: str, count: int) -> Json:
    """The newest `count` bars of one size, oldest first; `time` is the start, market clock."""
    section = s.symbol
    message = section.message if section is not None else CLOSED if _is_closed(s) else ""
    try:
        rows = _daily(known, section, files) if size == DAILY else _intraday(known, section, files, size, count)
    except StateError as error:
        rows, message = _shown(section, size), str(error)
    if not rows and message in ("", CLOSED):
        message = NONE_YET
    return {
        "con_id": known.con_id,
        "local_symbol": known.local_symbol,
        "size": size,
        "bars": [_row(bar) for bar in rows[-count:]],
        "message": message,
    }


def _is_closed(s: Snapshots) -> bool:
    return s.broker is not None and s.broker.session in ("closed", "weekend")


def _shown(section: SymbolSection | None, size: str) -> list[Bar]:
    if section is None:
        return []
    return daily_bars(section) if size == DAILY else aggregated(section.bars, SIZES_S[size])


def _intraday(known: Known, section: SymbolSection | None, files: BarFiles, size: str, count: int) -> list[Bar]:
    """Minutes of the section, and those of the files before them when more are asked for."""
    shown: Sequence[Bar] = section.bars if section is not None else ()
    per_bar = SIZES_S[size] // MINUTE_S
    if len(shown) >= count * per_bar:
        return aggregated(shown, SIZES_S[size])
    days = min(ALL_SESSIONS, 2 + count * per_bar // FEWEST_MINUTES)
    kept = [bar for session in files.sessions(known.con_id, days) for bar in as_bars(session.bars)]
    begins = shown[0].time if shown else float("inf")
    return aggregated([*(bar for bar in kept if bar.time < begins), *shown], SIZES_S[size])


def _daily(known: Known, section: SymbolSection | None, files: BarFiles) -> list[Bar]:
    """The broker's days and those of the files; the running one by the section where there is one."""
    sessions = files.sessions(known.con_id, ALL_SESSIONS)
    stock = known.sec_type == "STK" and any(session.open is not None for session in sessions)
    made = daily([_day(session) for session in sessions], regular_only=stock)
    kept = with_history(files.daily(known.con_id), made)
    return with_history(kept, daily_bars(section)) if section is not None else kept


def _day(session: StoredSession) -> Day:
    year, rest = divmod(session.date, 10_000)
    hours = Session(session.open, session.close) if session.open is not None and session.close is not None else None
    return Day(date(year, rest // 100, rest % 100), hours, as_bars(session.bars))


def _row(bar: Bar) -> dict[str, Any]:
    return {name: getattr(bar, name) for name in bar.__struct_fields__}
