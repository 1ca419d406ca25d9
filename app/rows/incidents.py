"""The black box on Health: how long each cause took to recover, how often it came on each of the last days. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from app.format import MISSING, plural
from app.ids import INCIDENT_DAYS
from app.rows.states import LOADING, OWN, State, empty
from app.snapshots import Snapshots
from engine.clock import NEW_YORK, local_time
from engine.state.incident_sections import CauseFigures, IncidentsSection

_CALM = empty(
    "No outage yet",
    "Each outage comes here, by cause and by symbol, with the time that it took to recover. Restarts keep them.",
)


def incident_parts(s: Snapshots) -> dict[str, dict[str, Any]]:
    """The parts "incidents" (heads and the fact) and "rows:incidents"."""
    section = s.incidents
    if section is None:
        return {"incidents": {}, "rows:incidents": {}}
    days = last_days(s)
    heads = {f"d{i}": "Today" if i == 0 else f"{day:%a} {day.day}" for i, day in enumerate(days)}
    return {
        "incidents": {**heads, "fact": _fact(section)},
        "rows:incidents": {
            f"{each.cause}|{each.con_id or ''}": _row(order, each, days) for order, each in enumerate(section.figures)
        },
    }


def incidents_state(s: Snapshots) -> State:
    if s.incidents is None:
        return LOADING
    return OWN if s.incidents.figures else _CALM


def last_days(s: Snapshots) -> list[date]:
    """New York's dates, today first, by the gateway's clock."""
    today = local_time(s.market_time(s.now), NEW_YORK).date()
    return [today - timedelta(days=back) for back in range(INCIDENT_DAYS)]


def _fact(section: IncidentsSection) -> str:
    causes = [each for each in section.figures if each.con_id is None]
    total, is_open = sum(each.count for each in causes), sum(each.is_open for each in causes)
    going_on = f", {is_open} going on" if is_open else ""
    return plural(total, "outage") + going_on


def _row(order: int, each: CauseFigures, days: list[date]) -> dict[str, Any]:
    by_day = dict(each.days)
    is_symbol = each.con_id is not None
    return {
        "order": order,
        "name": f"{MISSING} {each.symbol}" if is_symbol else each.title,
        **{f"d{i}": _count(by_day.get(day.isoformat(), 0)) for i, day in enumerate(days)},
        "count": str(each.count),
        "median": duration(each.median_s),
        "last": ["going on", "warn"] if each.is_open else duration(each.last_s),
        "longest": duration(each.longest_s),
    }


def _count(times: int) -> str | None:
    return str(times) if times else ""


def duration(seconds: float | None) -> Any:
    """ "4.2 s", "42 s", "5 min 48 s", "2 h 30 min"; None where no end was seen."""
    if seconds is None:
        return [MISSING, "", "No end of it was seen: QTrade did not run, or it goes on"]
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3_600} h {whole % 3_600 // 60:02d} min"
