"""Watch-lists as the pages show them: which there are, the symbols of those in sight, the report of an import. Pure.

Parts:
"lists"        id -> [order, name, how many symbols]
"grid:watch-<id>"  the symbols of a list in the user's order, on demand: the browser says which list is in sight
"watch"        {"some": whether there is a list}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.format import MONTHS, number, plural
from app.rows.answers import answers_part
from app.rows.fresh import dated, quotes_of
from app.rows.states import OWN, State, broker_state, empty, lines_of, market_state
from app.snapshots import Snapshots
from engine.domain import ContractRef, LineRow, Quote
from engine.prices.decimals import contract_decimals
from engine.state.watchlist_sections import LISTS_MAX, ImportReport, SymbolNotes, Watchlist, WatchlistsSection
from engine.trades.execution import date_of

View = dict[str, dict[str, Any]]
PART = "grid:watch-"
ON_DEMAND = frozenset(f"{PART}{number}" for number in range(1, LISTS_MAX + 1))
KINDS = {"STK": "stock", "FUT": "future", "IND": "index", "CASH": "currency", "OPT": "option", "WAR": "warrant"}
NONE_YET = empty("No watch-list yet", "Give one a name on the Lists page, then type, paste or import its symbols.")
LONGEST_NOTE = 300  # of a tooltip


def watch_parts(s: Snapshots) -> View:
    """The lists by name, and the rows of those in sight."""
    lists = s.watchlists.lists if s.watchlists else ()
    return {"lists": list_names(s.watchlists), "watch": {"some": bool(lists)}, **_grids(s, lists)}


def list_names(section: WatchlistsSection | None) -> dict[str, Any]:
    """Which lists there are."""
    lists = section.lists if section else ()
    return {str(each.id): [place, each.name, len(each.contracts)] for place, each in enumerate(lists)}


def watch_state(s: Snapshots) -> State:
    """How fresh the prices are of the lists in sight."""
    lists = [each for each in (s.watchlists.lists if s.watchlists else ()) if s.looks_at(f"{PART}{each.id}")]
    state = broker_state(s, s.watchlists, bool(s.watchlists and s.watchlists.lists), NONE_YET)
    con_ids = {contract.con_id for each in lists for contract in each.contracts}
    return market_state(s, state, dated(s, con_ids, quotes_of(s))) if con_ids else state


def _grids(s: Snapshots, lists: tuple[Watchlist, ...]) -> View:
    seen = [each for each in lists if s.looks_at(f"{PART}{each.id}")]
    if not seen:
        return {}
    quotes, lines = quotes_of(s), lines_of(s)
    noted = {each.con_id: each for each in s.watchlists.noted} if s.watchlists else {}
    signals = _signals(s)
    return {
        f"{PART}{each.id}": {
            str(contract.con_id): _row(place, contract, quotes, lines, noted.get(contract.con_id), signals)
            for place, contract in enumerate(each.contracts)
        }
        for each in seen
    }


def _signals(s: Snapshots) -> dict[int, tuple[str, float]]:
    """Side and score now of what confirms or runs."""
    found = s.scanners.candidates if s.scanners else ()
    return {each.con_id: (each.side, each.score) for each in found if each.state == "confirmed"}


def _row(
    place: int,
    contract: ContractRef,
    quotes: Mapping[int, Quote],
    lines: Mapping[int, LineRow],
    noted: SymbolNotes | None,
    signals: Mapping[int, tuple[str, float]],
) -> dict[str, Any]:
    quote = quotes.get(contract.con_id)
    price = quote.price if quote else None
    decimals = contract_decimals(None, price, contract.sec_type)
    side, score = signals.get(contract.con_id, (None, None))
    lane, why = _lane(quote, lines.get(contract.con_id))
    return {
        "order": place,
        "sym": contract.local_symbol,
        "about": about(contract),
        "dec": decimals,
        "last": _round(price, decimals),
        "kind": _kind(quote),
        "chg": _round(quote.change_pct if quote else None, 2),
        "bid": _round(quote.bid if quote else None, decimals),
        "ask": _round(quote.ask if quote else None, decimals),
        "bp": _round(quote.spread_bp if quote else None, 1),
        "low": _round(quote.low if quote else None, decimals),
        "high": _round(quote.high if quote else None, decimals),
        "vol": _round(quote.volume if quote else None, 0),
        "side": side,
        "score": _round(score, 2),
        "lane": lane,
        "why": why,
        "at": _round(quote.received_wall if quote and price is not None else None, 1),
        **_noted(noted, price, decimals),
    }


def _noted(noted: SymbolNotes | None, price: float | None, decimals: int) -> dict[str, Any]:
    """The note, and the level that is nearest to the price: [price, distance in per cent, label]."""
    note = noted.note[:LONGEST_NOTE] if noted else ""
    levels = noted.levels if noted else ()
    if not levels:
        return {"note": note, "lev": None, "levp": None, "levs": ""}
    nearest = min(levels, key=lambda each: abs(each.price - price)) if price is not None else levels[0]
    away = (nearest.price / price - 1.0) * 100.0 if price is not None and price > 0.0 else None
    return {
        "note": note,
        "lev": _round(nearest.price, decimals),
        "levp": _round(away, 2),
        "levs": " · ".join(f"{number(each.price, decimals)} {each.label}".rstrip() for each in levels),
    }


def _kind(quote: Quote | None) -> str:
    """What the price is where it is no live last price."""
    if quote is None or quote.price is None:
        return ""
    words = [{"mid": "mid", "close": "prior close"}.get(quote.price_kind or "", "")]
    words.append(quote.data_type if quote.data_type != "live" else "")
    words.append("halted" if quote.halted else "")
    return ", ".join(word for word in words if word)


def _lane(quote: Quote | None, line: LineRow | None) -> tuple[str, str]:
    """How its price comes, and why so, in words."""
    if line is not None and line.state != "live":
        return line.state, line.message or line.reason
    if line is not None:
        return "visited" if line.line_class == "coverage" else "streaming", line.reason
    if quote is None or quote.price is None:
        return "none", "No price yet: a spare line visits each symbol of the lists in turn"
    return "visited", "Spare lines visit it in turn; the age says when it was seen last"


def about(contract: ContractRef) -> str:
    """What a contract is, so that two of one name are told apart: "stock · NASDAQ · EUR · 19 Dec 2025"."""
    option = f"{contract.right} {contract.strike:g}" if contract.right else ""
    words = (
        KINDS.get(contract.sec_type, contract.sec_type),
        contract.primary_exchange or (contract.exchange if contract.exchange != "SMART" else ""),
        contract.currency if contract.currency != "USD" else "",
        _day(contract.last_trade_date),
        option,
    )
    return " · ".join(word for word in words if word)


def _day(text: str) -> str:
    """ "20251219" -> "19 Dec 2025"; what is no day is itself."""
    found = date_of(text)
    return text if found is None else f"{found.day} {MONTHS[found.month - 1]} {found.year}"


def _round(value: float | None, decimals: int) -> float | None:
    return None if value is None else round(value, decimals)


# --- the page of the lists --------------------------------------------------------------------------------------------


def lists_parts(s: Snapshots) -> View:
    """Everything the Lists page shows beside the strip."""
    return {
        **watch_parts(s),
        "names": {str(row[0]): row[1] for row in s.universe.symbols} if s.universe else {},
        "answers": answers_part(s.answers),
        "report": report(s.watchlists.report if s.watchlists else None),
        "state": {
            "lists": OWN if s.watchlists else {"s": "loading"},
            "watch": watch_state(s),
        },
    }


def report(newest: ImportReport | None) -> dict[str, Any]:
    """The newest import; its rows come when it is over: [line, text, state, detail, con_id, symbol, choices]."""
    if newest is None:
        return {"id": None}
    is_over = newest.over_wall is not None
    return {
        "id": newest.id,
        "list": newest.list_id,
        "head": _head(newest),
        "over": is_over,
        "done": round(100.0 * newest.done / max(1, newest.total)),
        "problem": newest.problem or None,
        "rows": [
            [row.line, row.text, row.state, row.detail, row.con_id, row.local_symbol, [_choice(c) for c in row.choices]]
            for row in newest.rows
        ]
        if is_over
        else [],
    }


def _choice(contract: ContractRef) -> list[Any]:
    return [contract.con_id, contract.local_symbol or contract.symbol, about(contract)]


def _head(newest: ImportReport) -> str:
    if newest.over_wall is None:
        return f"Looking up {newest.done} of {plural(newest.total, 'symbol')} for {newest.list_name}"
    counts: dict[str, int] = {}
    for row in newest.rows:
        counts[row.state] = counts.get(row.state, 0) + 1
    words = (
        ("taken", "taken"), ("known", "there already"), ("ambiguous", "ambiguous"), ("unknown", "unknown"),
        ("refused", "refused"),
    )  # fmt: skip
    said = ", ".join(f"{counts[state]} {word}" for state, word in words if counts.get(state))
    return f"{newest.list_name}: {said}" if said else newest.list_name
