"""One symbol for scripts: found by name or con_id, its prices, its bars. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from app.api_views import position, signal
from app.rows.signals import scores_now
from app.snapshots import Snapshots
from engine.domain import Quote

Json = dict[str, Any]

NAME_MAX = 64
_SEPARATORS = re.compile(r"[\s./_-]+")


@dataclass(frozen=True)
class Known:
    """A contract that the engine knows by name. `is_held` = an open position, tradable or not."""

    con_id: int
    local_symbol: str
    symbol: str
    sec_type: str
    exchange: str = ""
    lane: str = ""
    is_held: bool = False


def plain_name(text: str) -> str:
    """ "brk.b", "BRK B" and "BRK-B" are one name."""
    return _SEPARATORS.sub(" ", text.strip().upper()).strip()


def catalogue(s: Snapshots) -> list[Known]:
    """Every contract of the state once, positions first."""
    found: dict[int, Known] = {}
    for known in _all_known(s):
        found.setdefault(known.con_id, known)
    return list(found.values())


def _all_known(s: Snapshots) -> Iterator[Known]:
    named = {row[0]: row for row in s.universe.symbols} if s.universe else {}

    def held(con_id: int, local_symbol: str, sec_type: str) -> Known:
        row = named.get(con_id, (con_id, local_symbol, local_symbol, sec_type, "", ""))
        return Known(con_id, local_symbol, row[2], sec_type, row[4], row[5], is_held=True)

    if s.positions:
        yield from (held(row.con_id, row.local_symbol, row.sec_type) for row in s.positions.tradable)
        yield from (held(row.con_id, row.local_symbol, row.sec_type) for row in s.positions.filtered)
    yield from (Known(*row) for row in named.values())
    if s.quotes:
        yield from (Known(q.con_id, q.local_symbol, q.local_symbol, "") for q in s.quotes.quotes)
    if s.lines:
        yield from (Known(row.con_id, row.local_symbol, row.local_symbol, "") for row in s.lines.rows)


def find(text: str, known: Sequence[Known]) -> list[Known]:
    """The contracts that a name or con_id means: one, several when it is not unique, none. A number that is a con_id
    means that one, else a name: "700" on SEHK."""
    return [item for item in known if str(item.con_id) == text.strip()] or called(text, known)


def called(name: str, known: Sequence[Known]) -> list[Known]:
    """The contracts of exactly this name, which may look like a con_id."""
    name = plain_name(name)
    for attribute in ("local_symbol", "symbol"):
        matches = [item for item in known if name and plain_name(getattr(item, attribute)) == name]
        if len(matches) > 1:
            matches = [item for item in matches if item.is_held] or matches
        if matches:
            return matches
    return []


def once_called(text: str, known: Sequence[Known], s: Snapshots) -> list[Known]:
    """The contracts that had this name before: what a name that nobody has now may mean."""
    name = plain_name(text)
    renamed = {con_id for con_id, former in (s.universe.renamed if s.universe else ()) if name == plain_name(former)}
    return [item for item in known if item.con_id in renamed]


def near_names(text: str, known: Sequence[Known], count: int = 5) -> list[str]:
    """Names that may have been meant, best first."""
    name = plain_name(text)
    if not name or len(name) > NAME_MAX:
        return []
    by_name = {plain_name(item.local_symbol): item.local_symbol for item in known}
    close = difflib.get_close_matches(name, by_name, n=count, cutoff=0.6)
    begins = sorted(plain for plain in by_name if plain.startswith(name) and plain not in close)
    return [by_name[plain] for plain in [*close, *begins]][:count]


def snapshot(known: Known, s: Snapshots) -> Json:
    """Everything that is known of one contract now; nulls where there is nothing."""
    quote = _quote_of(known.con_id, s)
    held = next((row for row in s.positions.tradable if row.con_id == known.con_id), None) if s.positions else None
    filtered = next((row for row in s.positions.filtered if row.con_id == known.con_id), None) if s.positions else None
    line = next((row for row in s.lines.rows if row.con_id == known.con_id), None) if s.lines else None
    section = s.symbol
    now = scores_now(s)
    signals = [each for each in s.signals.signals if each.con_id == known.con_id] if s.signals else []
    return {
        "con_id": known.con_id,
        "local_symbol": known.local_symbol,
        "symbol": known.symbol,
        "sec_type": known.sec_type,
        "exchange": known.exchange,
        **_prices(quote, s.now),
        "atr": section.atr if section else None,
        "vwap": section.vwap if section else None,
        "rel_volume": section.rel_volume if section else None,
        "level_long": section.level_long if section else None,
        "level_short": section.level_short if section else None,
        "has_line": line is not None,
        "line_reason": line.reason if line else None,
        "position": position(held, s.now) if held else None,
        "filtered_reason": filtered.reason if filtered else None,
        "signals": [signal(each, now.get(each.id)) for each in signals],
    }


def _quote_of(con_id: int, s: Snapshots) -> Quote | None:
    listed = next((quote for quote in s.quotes.quotes if quote.con_id == con_id), None) if s.quotes else None
    return listed or (s.symbol.quote if s.symbol else None)


_QUOTE_FIELDS = (
    *("price", "price_kind", "bid", "ask", "bid_size", "ask_size", "last", "last_size", "volume", "avg_volume"),
    *("open", "high", "low", "close", "halted", "data_type", "lane", "change_pct", "spread_bp"),
)


def _prices(quote: Quote | None, now: float) -> Json:
    values = {name: getattr(quote, name) if quote else None for name in _QUOTE_FIELDS}
    return {**values, "last_age_s": max(0.0, now - quote.received_wall) if quote else None}
