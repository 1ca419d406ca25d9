"""Candidates with the prices of the moment: what two tables of one screen show of a symbol is one value. Pure.

The scanners' section is made every other pass and the quotes in each.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from app.rows.states import Dated, dated_quote, lines_of
from app.snapshots import Snapshots
from engine.domain import Candidate, Quote, percent_change


def quotes_of(s: Snapshots) -> dict[int, Quote]:
    return {quote.con_id: quote for quote in s.quotes.quotes} if s.quotes else {}


def at_the_moment(candidates: tuple[Candidate, ...], quotes: dict[int, Quote]) -> tuple[Candidate, ...]:
    """The same candidates; price, changes and spread are those of the quotes."""
    return tuple(_priced(each, quotes.get(each.con_id)) for each in candidates)


def _priced(each: Candidate, quote: Quote | None) -> Candidate:
    if quote is None or quote.price is None:
        return each
    since_open = percent_change(quote.price, quote.open)
    if (each.price, each.change_pct, each.since_open_pct) == (quote.price, quote.change_pct, since_open):
        return each
    return replace(
        each, price=quote.price, change_pct=quote.change_pct, since_open_pct=since_open, spread_bp=quote.spread_bp
    )


def dated(s: Snapshots, con_ids: Iterable[int], quotes: dict[int, Quote]) -> list[Dated]:
    """How fresh the prices of these symbols are, one each: what has none yet is not live."""
    lines = lines_of(s)
    return [dated_quote(quotes.get(con_id), lines.get(con_id)) for con_id in con_ids]
