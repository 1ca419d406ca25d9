"""The universe by IB's sectors: how many, which way they go, signals, and what is held there. Pure."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any, NamedTuple

from app.format import number, percent, share, signed, tone
from app.rows.risk import expose, with_facts
from app.rows.states import State, broker_state, empty
from app.snapshots import Snapshots
from engine.state.desk_sections import SectorsSection

LEVELS = (("industry", "Industry"), ("category", "Category"), ("subcategory", "Subcategory"))
NOT_TOLD = "IB tells none"


class _Group(NamedTuple):
    """What belongs to one sector; `changes` in per cent."""

    members: list[int]
    changes: list[float]
    long: list[str]
    short: list[str]
    net: list[float]
    held: list[str]


def sector_tables(s: Snapshots) -> dict[str, Callable[[], dict[str, Any]]]:
    """By the name of the part on demand, how its rows are made."""
    return {f"rows__sectors_{key}": partial(universe_rows, s, place) for place, (key, _) in enumerate(LEVELS)}


def universe_rows(s: Snapshots, level: int) -> dict[str, Any]:
    """A row a sector of that level (0 industry, 1 category, 2 subcategory), the most signals first."""
    if s.sectors is None:
        return {}
    groups = _grouped(s, s.sectors, level)

    def order(item: tuple[str, _Group]) -> tuple[int, int, str]:
        name, group = item
        return -len(group.long) - len(group.short), -len(group.members), name

    rows = sorted(groups.items(), key=order)
    whole = sum(abs(money) for _, group in rows for money in group.net)
    return {name: {"order": place, **_row(name, group, whole)} for place, (name, group) in enumerate(rows)}


def _row(name: str, group: _Group, whole: float) -> dict[str, Any]:
    middle = median(group.changes) if group.changes else None
    up = sum(change > 0 for change in group.changes)
    net, gross = sum(group.net), sum(map(abs, group.net))
    return {
        "name": name,
        "count": number(len(group.members)),
        "change": [percent(middle, 2), tone(middle), "" if middle is not None else "No price yet"],
        "up": f"{up} of {len(group.changes)}" if group.changes else None,
        "long": _signals(group.long),
        "short": _signals(group.short),
        "net": [signed(net, 0), "", ", ".join(group.held)] if group.net else [None, "missing", "Nothing held"],
        "share": share(gross / whole * 100.0) if group.net and whole else None,
    }


def _signals(symbols: list[str]) -> list[Any]:
    return [str(len(symbols)), "" if symbols else "soft", ", ".join(symbols[:12])]


def _grouped(s: Snapshots, section: SectorsSection, level: int) -> dict[str, _Group]:
    names = [sector[level] or NOT_TOLD for sector in section.sectors]
    place = {con_id: names[at] for con_id, at in section.of}
    groups: dict[str, _Group] = {}

    def group(con_id: int) -> _Group | None:
        name = place.get(con_id)
        return groups.setdefault(name, _Group([], [], [], [], [], [])) if name is not None else None

    for con_id, _ in section.of:
        if (mine := group(con_id)) is not None:
            mine.members.append(con_id)
    for quote in s.quotes.quotes if s.quotes is not None else ():
        change = quote.change_pct
        if change is not None and (mine := group(quote.con_id)) is not None:
            mine.changes.append(change)
    for signal in s.signals.signals if s.signals is not None else ():
        if (mine := group(signal.con_id)) is not None:
            (mine.long if signal.side == "long" else mine.short).append(signal.local_symbol)
    for row, facts in with_facts(s.positions.tradable if s.positions is not None else (), s.holdings):
        net = expose(row, facts).net
        if net is not None and (mine := group(row.con_id)) is not None:
            mine.net.append(net)
            mine.held.append(row.local_symbol)
    return groups


def sectors_fact(section: SectorsSection | None) -> str | None:
    """ "412 stocks, 188 to be asked for"."""
    if section is None:
        return None
    waiting = f", {number(section.waiting)} to be asked for" if section.waiting else ""
    return f"{number(len(section.of))} stocks{waiting}; signals of today"


def sectors_state(s: Snapshots) -> State:
    """Filled from contract details, one each few seconds."""
    waiting = empty("No sector known yet", "TWS is asked for the details of one stock each two seconds.")
    return broker_state(s, s.sectors, bool(s.sectors and s.sectors.of), waiting)
