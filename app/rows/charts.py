"""Several charts on one page: which symbols the address names, and what each chart shows beside its bars. Pure.

The address: /charts?s=<con_id>,<con_id>&tf=5m. Parts: "charts" (what the page is about), and by con_id "chart:<con>",
"head:<con>" and "tail:bars-<timeframe>:<con>"; the states are called "chart-<con>".
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from app.api_symbols import called, catalogue
from app.figures.bars import BY_KEY, Timeframe
from app.figures.candles import chart_tail
from app.rows.noted import chart_levels
from app.rows.symbol import chart, header, states
from app.snapshots import Snapshots
from engine.domain import con_id_of

View = dict[str, dict[str, Any]]
MOST = 6
FILLS_MOST = 12  # lists and positions that the page offers
NAME_MOST = 40


class AskedCharts(NamedTuple):
    """What an address asks for: contracts in their order, and names that are still to be found."""

    con_ids: tuple[int, ...]
    names: tuple[str, ...]
    frame: Timeframe


def asked_charts(query: str) -> AskedCharts:
    """Of the part of the address behind "?"; whatever it holds, at most six symbols."""
    fields = parse_qs(query[:400])
    words = [word.strip() for word in ",".join(fields.get("s", [])).split(",")]
    kept = list(dict.fromkeys(word for word in words if word and len(word) <= NAME_MOST))[:MOST]
    con_ids = tuple(dict.fromkeys(con_id for word in kept if (con_id := con_id_of(word)) is not None))
    names = tuple(word for word in kept if con_id_of(word) is None)
    return AskedCharts(con_ids, names, BY_KEY.get("".join(fields.get("tf", [])[:1]), BY_KEY["1m"]))


def charts_parts(s: Snapshots, query: str) -> View:
    """Everything the page shows beside the strip."""
    asked = asked_charts(query)
    view: View = {
        "charts": {
            "cons": list(asked.con_ids),
            "tf": asked.frame.key,
            "found": _found(s, asked.names),
            "fills": _fills(s),
        },
        "names": {str(row[0]): row[1] for row in s.universe.symbols} if s.universe else {},
        "state": {},
    }
    for con_id in asked.con_ids:
        view |= _of_symbol(replace(s, symbol=s.symbols.get(con_id)), con_id, asked.frame, view["state"])
    return view


def _of_symbol(s: Snapshots, con_id: int, frame: Timeframe, state: dict[str, Any]) -> View:
    section = s.symbol
    head = header(s, con_id)
    state[f"chart-{con_id}"] = states(s, con_id)["chart"]
    view: View = {f"head:{con_id}": {key: head.get(key) for key in ("name", "about", "last", "change_pct", "badge")}}
    if section is not None and section.bars:
        view[f"chart:{con_id}"] = {**chart(section, s.zone), "levels": chart_levels(s, con_id)}
        view[f"tail:bars-{frame.key}:{con_id}"] = chart_tail(section, frame, s.zone)
    return view


def _found(s: Snapshots, names: tuple[str, ...]) -> dict[str, int | None]:
    """The contract of each name, None = none, or more than one."""
    if not names or s.universe is None:
        return {}
    known = catalogue(s)
    meant = {name: called(name, known) for name in names}
    return {name: found[0].con_id if len(found) == 1 else None for name, found in meant.items()}


def _fills(s: Snapshots) -> list[list[Any]]:
    """[name, con_ids] of what may fill the page at once: the largest positions, each list's first symbols."""
    held = sorted(s.positions.tradable, key=lambda row: -(row.exposure_base or 0.0)) if s.positions else []
    fills: list[list[Any]] = [["Positions", list(dict.fromkeys(row.con_id for row in held))[:MOST]]]
    for each in s.watchlists.lists if s.watchlists else ():
        fills.append([each.name, [contract.con_id for contract in each.contracts[:MOST]]])
    return [fill for fill in fills if fill[1]][:FILLS_MOST]
